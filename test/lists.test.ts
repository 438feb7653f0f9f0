import t from 'tap';
import { bots, rawBots, rawTeams, teams } from '../src/queries/lookups/bots.js';
import { random, randomEvent } from './fold/events.js';
import { ACCOUNT, ask, send, world } from './harness.js';
import { refreshAll } from './segments/roads.js';

const SEED = Number(process.env.SEED ?? Date.now());

t.test(`lists of bots and teams are the same on both roads (SEED=${SEED})`, async (t) => {
  const w = await world(t);
  const [app, key, r] = [await w.app(), await w.key(), random(SEED)];
  const whole = { account: ACCOUNT, teams: null, bots: null };
  const roadOf = async (url: string) => String((await ask(app, key, { url })).headers['server-timing']);
  const seen = { bots: 0, teams: 0 };
  for (let round = 0; round < 12; round++) {
    const batch = Array.from({ length: 40 }, (_, n) => {
      const event = randomEvent(r, round * 100 + n, `c${r.below(40)}`);
      return r.chance(0.5)
        ? { ...event, time: new Date(Date.UTC(2024, 0, r.below(20), 5, 6, 7, r.below(1_000))).toISOString() }
        : event;
    });
    await send(app, key, batch);
    if (r.chance(0.6)) await refreshAll(w.db, { own: 2, large: 4 });
    const all = await rawBots(w.db, whole);
    const some = [...all.slice(1).map(({ bot_id }) => bot_id), 'nobody'];
    for (const scope of [whole, { ...whole, bots: some }, { ...whole, teams: ['care', 'vip'] }]) {
      const [found, expected] = [await bots(w.db, scope), await rawBots(w.db, scope)];
      t.strictSame(found, expected);
      seen.bots += found.length;
      const [ours, theirs] = [await teams(w.db, scope), await rawTeams(w.db, scope)];
      t.strictSame(ours, theirs);
      seen.teams += ours.length;
    }
    for (const url of ['/v1/bots', '/v1/teams']) t.match(await roadOf(url), /desc="segments"/, url);
  }
  t.ok(seen.bots > 0 && seen.teams > 0, JSON.stringify(seen));
  const [before, list] = [await bots(w.db, whole), await teams(w.db, whole)];
  await w.sql`insert into pending_marks default values`;
  t.match(await roadOf('/v1/bots'), /desc="raw"/);
  t.strictSame(await bots(w.db, whole), before);
  t.strictSame(await teams(w.db, whole), list);
});
