/** Segments of busy days and old ones, of no bot, and of an account that has none yet; and a timeout that changes. */
import t from 'tap';
import type { Query } from '../src/queries/query.js';
import { run } from '../src/queries/run.js';
import { markPending } from '../src/queries/segments/pending.js';
import { parseTimeouts, type Timeouts } from '../src/queries/timeouts.js';
import { paths } from '../src/routes/query/parse.js';
import { random } from './fold/events.js';
import { ACCOUNT, ask, world } from './harness.js';
import { asked, byBot, numbered, SMALL, starting } from './segments/days.js';
import { FIRST, moving } from './segments/moving.js';
import { NOW, WHOLE } from './segments/questions.js';
import { write } from './segments/race.js';
import { compare, queryOf, refreshAll } from './segments/roads.js';
import { differences } from './segments/scratch.js';

const DAY = 86_400_000;

t.test('a hot day, late events and conversations without a bot', async (t) => {
  const w = await world(t);
  const sizes = { own: 20, large: 50 };
  const noon = FIRST + DAY / 2;
  await write(w.db, starting(noon, numbered('calm', 30)));
  await refreshAll(w.db, sizes);
  const segmentsOf = (bot: string) => w.sql<{ from_time: Date; hours: number; version: number; row_count: number }[]>`
    select from_time, date_part('epoch', to_time - from_time)::integer / 3600 as hours, version, row_count
    from conversation_segments where bot_id = ${bot} order by from_time`;
  t.strictSame(
    (await segmentsOf('shop')).map(({ hours, row_count }) => [hours, row_count]),
    [[24, 30]],
    'a segment of its own',
  );
  for (let hour = 0; hour < 24; hour++) {
    await write(w.db, starting(FIRST + hour * 3_600_000, numbered(`hot ${hour}`, 10)));
  }
  await refreshAll(w.db, sizes);
  const hot = await segmentsOf('shop');
  t.strictSame(
    hot.map(({ hours, row_count }) => [hours, row_count]),
    Array.from({ length: 24 }, (_, hour) => [1, hour === 12 ? 40 : 10]),
    'cut into its hours',
  );
  await write(w.db, starting(FIRST + 7 * 3_600_000, numbered('more', 5)));
  t.equal(await asked(t, w, byBot), 'built');
  await refreshAll(w.db, sizes);
  const after = await segmentsOf('shop');
  const changed = after.filter(({ version }, n) => version !== hot[n]?.version);
  t.strictSame(
    changed.map(({ from_time, row_count }) => [from_time.getTime(), row_count]),
    [[FIRST + 7 * 3_600_000, 15]],
    'a batch for one hour builds its segment again, and no other',
  );
  t.equal(await asked(t, w, byBot), 'stored');

  const whole = {
    start_time: FIRST - 40 * DAY,
    measures: ['conversations', 'users'],
    group_by: ['bot_id'],
    bucket: '1d',
  };
  const old = Array.from({ length: 30 }, (_, n) => FIRST - (n + 1) * DAY);
  for (const time of old) await write(w.db, starting(time, numbered(`old ${time}`, 2), 'old'));
  t.equal(await asked(t, w, whole), 'built', '30 days are built in place');
  await refreshAll(w.db, sizes);
  t.equal(await asked(t, w, whole), 'stored');
  const late = old.flatMap((time) => [
    ...starting(time + 3_600_000, [`late ${time}`], 'old'),
    { ...starting(time, [`old ${time} 0`], null)[0], id: 'later', time: new Date(time + 1).toISOString() },
  ]);
  await write(w.db, late);
  t.equal(await asked(t, w, whole), 'built', 'late events for 30 old days');
  await refreshAll(w.db, sizes);
  t.equal(await asked(t, w, whole), 'stored');
  const [{ n } = { n: -1 }] = await w.sql<{ n: number }[]>`
    select count(*)::integer as n from conversations where bot_id is null`;
  t.equal(n, 30, 'whose conversations have no bot any more');

  await write(w.db, starting(noon, ['nobody'], null));
  t.equal(await asked(t, w, { ...whole, filter: { type: 'selector', dimension: 'bot_id', value: null } }), 'built');
  await refreshAll(w.db, sizes);
  t.equal(await asked(t, w, { ...whole, filter: { type: 'selector', dimension: 'bot_id', value: null } }), 'stored');
  // A bot that is named as no bot is stored.
  t.equal(await asked(t, w, { ...whole, filter: { type: 'selector', dimension: 'bot_id', value: '' } }), 'stored');
  t.strictSame((await differences(w.sql)).wrong, []);
});

t.test('where a bot has a segment of its own, that of the others is not read for it', async (t) => {
  const w = await world(t);
  const noon = FIRST + DAY / 2;
  await write(w.db, [
    ...starting(noon, numbered('many', 12), 'shop'), // its own, cut into hours
    ...starting(noon, ['one'], 'cafe'),
    ...starting(noon, ['none'], null),
    ...starting(noon + DAY, numbered('some', 4), 'shop'), // its own
    ...starting(noon + DAY, numbered('more', 4), 'cafe'),
    ...starting(noon + DAY, ['other'], 'bar'),
    ...starting(noon + 2 * DAY, ['few'], 'shop'), // with the others
    ...starting(noon + 2 * DAY, ['two'], 'cafe'),
  ]);
  await refreshAll(w.db, SMALL);
  const [{ own, small } = { own: -1, small: -1 }] = await w.sql<{ own: number; small: number }[]>`
    select count(*) filter (where bot_id <> '')::integer as own, count(*) filter (where bot_id = '')::integer as small
    from conversation_segments where row_count > 0`;
  t.strictSame([own, small], [3, 3]);
  const week = { bucket: '1d', group_by: ['bot_id'], start_time: FIRST - DAY, end_time: FIRST + 6 * DAY };
  const read = async (dataset: string, measure: string, bots: (string | null)[]) => {
    const filter = { type: 'in', dimension: 'bot_id', values: bots };
    const body = { ...week, dataset, measures: [measure], filter };
    t.equal(await asked(t, w, body), 'stored');
    const query = queryOf({ ...WHOLE, ...body }, NOW);
    const { work } = await run(w.db, query as Query, { now: NOW, timeouts: parseTimeouts('24h') as Timeouts }, paths);
    return work.road === 'segments' && work.segments;
  };
  for (const [dataset, measure] of [
    ['conversations', 'conversations'],
    ['messages', 'messages'],
  ] as const) {
    t.equal(
      await read(dataset, measure, ['shop']),
      3,
      `${dataset} of shop: its own of two days, and the others' of the third`,
    );
    t.equal(await read(dataset, measure, ['cafe']), 3, `${dataset} of cafe`);
    t.equal(await read(dataset, measure, ['shop', 'cafe']), 5, `${dataset} of both`);
    t.equal(await read(dataset, measure, ['shop', 'cafe', 'shop']), 5, `${dataset} of both, one named twice`);
    t.equal(await read(dataset, measure, ['bar']), 3, `${dataset} of a bot without one of its own`);
    t.equal(await read(dataset, measure, ['']), 3, `${dataset} of the bot without a name`);
    t.equal(await read(dataset, measure, [null]), 6, `${dataset} of no bot`);
  }
});

t.test('a column of runs is stored value by value where it has too many', async (t) => {
  const w = await world(t);
  const hours = Array.from({ length: 12 }, (_, n) => FIRST + 2 * n * 3_600_000);
  await write(w.db, starting(FIRST, numbered('at once', 12), 'shop'));
  await write(
    w.db,
    hours.flatMap((time) => starting(time, [`cafe at ${time}`], 'cafe')),
  );
  await refreshAll(w.db, { own: 10, large: 1_000 });
  const stored = await w.sql`
    select bot_id, get_byte(hour, 0) as hour, get_byte(m_hour, 0) as m_hour, get_byte(bot, 0) as bot
    from conversation_segments order by bot_id`;
  t.strictSame(
    stored.map(({ bot_id, hour, m_hour, bot }) => [bot_id, hour, m_hour, bot]),
    [
      ['cafe', 1, 1, 255],
      ['shop', 255, 255, 255],
    ],
    'the number of bytes of a value, or 255 for runs',
  );
  for (const dataset of ['conversations', 'messages']) {
    const measures = [dataset];
    t.equal(await asked(t, w, { dataset, measures, bucket: '1h', group_by: ['bot_id', 'hour_of_day'] }), 'stored');
    t.equal(await asked(t, w, { dataset, measures, bucket: '1d', time_zone: 'Asia/Kathmandu' }), 'stored');
  }
});

t.test('a timeout that changes between two reads', async (t) => {
  const w = await world(t);
  const generator = moving(random(3));
  for (let n = 0; n < 8; n++) await write(w.db, generator.batch());
  await refreshAll(w.db, SMALL);
  const states = new Set<string>();
  for (const text of ['1m', '24h', '0', '2h,web=0', '0,web=1h', '30d']) {
    const query = queryOf({ ...WHOLE, group_by: ['state'], measures: ['conversations'] }, NOW);
    const asOf = { now: FIRST + DAY / 2, timeouts: parseTimeouts(text) as Timeouts };
    const compared = query && (await compare(w.db, query, asOf));
    t.strictSame(compared?.fast, compared?.slow, text);
    t.equal(compared?.road, 'stored', 'the segments stay');
    states.add(JSON.stringify(compared?.fast));
  }
  t.ok(states.size > 2, `${states.size} different answers`);
});

t.test('an account that has no segments yet', async (t) => {
  const w = await world(t);
  const generator = moving(random(4));
  for (let n = 0; n < 8; n++) await write(w.db, generator.batch());
  // As it is after an upgrade: the conversations are there, without marks.
  await w.sql`delete from segment_marks`;
  await w.sql`insert into pending_marks default values`;
  t.equal(await asked(t, w, byBot), 'raw');
  await markPending(w.db, () => false);
  const app = await w.app({ now: NOW });
  const key = await w.key();
  const body = {
    ...WHOLE,
    bucket: '1d',
    group_by: ['bot_id', 'channel', 'state'],
    measures: ['conversations', 'users'],
  };
  const answer = async () => (await ask(app, key, { method: 'POST', url: '/v1/query', payload: body })).body.rows;
  const first = await answer();
  t.ok(first.length > 4, `${first.length} rows`);
  t.equal(await asked(t, w, byBot), 'built');
  t.equal(await asked(t, w, { ...byBot, end_time: new Date(FIRST + DAY).toISOString() }), 'built');
  await refreshAll(w.db, SMALL);
  t.equal(await asked(t, w, byBot), 'stored');
  t.strictSame(await answer(), first, 'it answers the same before and after');

  // Too much to build for one answer goes the raw road.
  await write(w.db, Array.from({ length: 60 }, (_, n) => starting(FIRST - n * DAY, [`old ${n}`])).flat());
  const long = { ...byBot, bucket: '1d', start_time: FIRST - 100 * DAY };
  t.equal(await asked(t, w, long), 'raw');
  await refreshAll(w.db, SMALL);
  t.equal(await asked(t, w, long), 'stored');
});

t.test('more new conversations than an answer may build, of which no segment tells yet', async (t) => {
  const w = await world(t);
  await write(w.db, starting(FIRST, ['first']));
  t.equal(await asked(t, w, byBot), 'built');
  await w.sql`
    insert into conversations (account_id, conversation_id, start_time, end_time, last_activity)
    select ${ACCOUNT}::uuid, 'n' || n, time, time, time
    from generate_series(1, 200000) n cross join (select ${new Date(FIRST).toISOString()}::text::timestamptz) d (time)`;
  t.equal(await asked(t, w, byBot), 'raw');
  await refreshAll(w.db);
  t.equal(await asked(t, w, byBot), 'stored');
});
