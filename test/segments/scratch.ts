import type { Sql } from '../../src/database/connect.js';
import { Arena } from '../../src/queries/segments/arena.js';
import { building } from '../../src/queries/segments/build.js';
import { decoded, opened } from '../../src/queries/segments/decode.js';
import { type Section, sections, spanOf, storedName } from '../../src/queries/segments/section.js';
import { ACCOUNT } from '../harness.js';

type Stored = { bot_id: string; from_time: Date; to_time: Date; row_count: number; latest_activity: Date | null } & {
  [column: string]: unknown;
};

/**
 * The rows of a section of a segment, one text each, in an order of their own: equal ones may be stored in any order.
 * `nameOf` gives the name of a column.
 */
function rowsOf(segment: Stored, section: Section, nameOf: (name: string) => string): string[] {
  const count = segment[nameOf('row_count')] as number;
  if (count === 0) return [];
  const arena = new Arena();
  const names = Object.keys(section.columns);
  const all = new Map(
    names.flatMap((name) => {
      const bytes = segment[nameOf(name)] as Buffer | null;
      const column = bytes === null ? null : opened(bytes, count, section.columns[name]?.kind === 'code', arena);
      return column === null ? [] : [[name, decoded(column, count, null, arena)] as const];
    }),
  );
  return Array.from({ length: count }, (_, n) =>
    names.map((name) => `${name} ${all.get(name)?.[n] ?? 'not stored'}`).join(', '),
  ).sort();
}

const spanIn = (segment: Stored, section: Section) => Object.values(spanOf(section)).map((name) => segment[name]);

/**
 * Compares every stored segment of the account with one that is built now, and all of them with the conversations. Returns
 * what differs.
 */
export async function differences(sql: Sql): Promise<{ segments: number; conversations: number; wrong: string[] }> {
  const of = (one: Stored) => `${one.bot_id} ${one.from_time.toISOString()}`;
  const stored = await sql<Stored[]>`select * from conversation_segments where account_id = ${ACCOUNT}::uuid`;
  const wrong: string[] = [];
  for (const [dataset, section] of Object.entries<Section>(sections)) {
    const built = await sql<Stored[]>`
      with units as materialized (
        select row_number() over () as unit, bot_id, from_time, to_time from conversation_segments
        where account_id = ${ACCOUNT}::uuid
      ), own as materialized (
        select bot_id, from_time from conversation_segments where account_id = ${ACCOUNT}::uuid and bot_id <> ''
      ), ${building(sql, ACCOUNT, section, Object.keys(section.columns), { bots: null, most: null })}
      select * from built`;
    const scratch = new Map(built.map((one) => [of(one), one]));
    for (const one of stored) {
      const fresh = scratch.get(of(one)) as Stored;
      const told = (segment: Stored, nameOf: (name: string) => string) =>
        JSON.stringify([segment[nameOf('row_count')], rowsOf(segment, section, nameOf)]);
      const isSame =
        told(one, (name) => storedName(section, name)) === told(fresh, (name) => name) &&
        (!section.hasOwnTimes || JSON.stringify(spanIn(one, section)) === JSON.stringify(spanIn(fresh, section))) &&
        (dataset !== 'conversations' || String(one.latest_activity) === String(fresh.latest_activity));
      if (!isSame) wrong.push(`${dataset} of ${of(one)}`);
    }
  }
  const [{ n } = { n: -1 }] = await sql<{ n: number }[]>`
    select count(*)::integer as n from conversations
    where account_id = ${ACCOUNT}::uuid and start_time is not null and not withdrawn`;
  const conversations = stored.reduce((sum, { row_count }) => sum + row_count, 0);
  const lost = n === conversations ? [] : [`${conversations} of ${n} conversations`];
  return { segments: stored.length, conversations, wrong: [...wrong, ...lost] };
}
