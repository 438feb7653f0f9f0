import t from 'tap';
import type { Sql } from '../src/database/connect.js';
import { isPresent, type Presence } from '../src/queries/presence.js';
import type { Scope } from '../src/queries/scope.js';
import { ACCOUNT, world } from './harness.js';

const MANY = 20_000;

t.test('whether something exists costs the same among many conversations', async (t) => {
  const w = await world(t);
  await w.sql`
    insert into conversations (account_id, conversation_id, bot_id, bot_version, team_id, organization_ids, start_time, withdrawn)
    select ${ACCOUNT}::uuid, n::text, case when n % 10 = 0 then 'rare' else 'shop' end,
      case n when ${MANY} then 'last' when 1 then 'withdrawn' else 'v' || n % 3 end,
      case n when ${MANY} then 'night' else 'day' end, '{acme}', timestamptz '2024-01-01' + n * interval '1 minute', n = 1
    from generate_series(1, ${MANY}) n`;
  await w.sql`insert into known_ids values (${ACCOUNT}, 'bot', 'shop'), (${ACCOUNT}, 'organization', 'acme')`;
  await w.sql`vacuum analyze conversations`;
  await w.sql`vacuum analyze known_ids`;

  const whole: Scope = { account: ACCOUNT, teams: null, bots: null };
  const day: Scope = { ...whole, teams: ['day', 'nobody'] };
  const shop: Scope = { ...whole, bots: ['shop', 'nothing'] };
  const version = (bot: string, id: string): Presence => ({ kind: 'version', bot, id });
  const asked: [Scope, Presence, boolean][] = [
    [whole, version('shop', 'v1'), true],
    [whole, version('rare', 'last'), true],
    [whole, version('shop', 'last'), false],
    [whole, version('shop', 'withdrawn'), false],
    [whole, version('shop', 'none'), false],
    [day, version('rare', 'last'), false],
    [day, version('shop', 'v2'), true],
    [whole, { kind: 'bot', id: 'nothing' }, false],
    [whole, { kind: 'bot', id: 'shop' }, true],
    [whole, { kind: 'team', id: 'none' }, false],
    [day, { kind: 'team', id: 'night' }, false],
    [day, { kind: 'team', id: 'day' }, true],
    [shop, { kind: 'team', id: 'night' }, false],
    [shop, { kind: 'bot', id: 'rare' }, false],
    [shop, { kind: 'team', id: 'none' }, false],
    [whole, { kind: 'organization', id: 'none' }, false],
    [day, { kind: 'organization', id: 'none' }, false],
    [whole, { kind: 'organization', id: 'acme' }, true],
  ];
  for (const mode of ['force_custom_plan', 'force_generic_plan']) {
    for (const [scope, presence, expected] of asked) {
      const name = `${JSON.stringify(presence)} of ${JSON.stringify(scope)}, ${mode}`;
      const { found, blocks } = await w.sql.begin(async (tx) => {
        const sql = tx as unknown as Sql;
        await sql`select set_config('plan_cache_mode', ${mode}, true)`;
        const [row] = await sql<{ found: boolean }[]>`select ${isPresent(sql, scope, presence)} as found`;
        const [told] = await sql<{ 'QUERY PLAN': { Plan: Record<string, number> }[] }[]>`
          explain (analyze, buffers, format json) select ${isPresent(sql, scope, presence)} as found`;
        const { Plan = {} } = told?.['QUERY PLAN'][0] ?? {};
        return { found: row?.found, blocks: Number(Plan['Shared Hit Blocks']) + Number(Plan['Shared Read Blocks']) };
      });
      t.equal(found, expected, name);
      t.ok(blocks < 30, `${name} reads ${blocks} blocks`);
    }
  }
});
