import type { Sql } from '../../src/database/connect.js';
import { Arena } from '../../src/queries/segments/arena.js';
import { building } from '../../src/queries/segments/build.js';
import { columnNames, columns } from '../../src/queries/segments/columns.js';
import { decoded, opened } from '../../src/queries/segments/decode.js';
import { ACCOUNT } from '../harness.js';

type Stored = { bot_id: string; from_time: Date; to_time: Date; row_count: number; latest_activity: Date | null } & {
  [column: string]: unknown;
};

/** The conversations of a segment, one text each, in an order of their own: equal ones may be stored in any order. */
function rowsOf(segment: Stored): string[] {
  if (segment.row_count === 0) return [];
  const arena = new Arena();
  const all = new Map(
    columnNames.flatMap((name) => {
      const bytes = segment[name] as Buffer | null;
      const column = bytes === null ? null : opened(bytes, segment.row_count, columns[name].kind === 'code', arena);
      return column === null ? [] : [[name, decoded(column, segment.row_count, null, arena)] as const];
    }),
  );
  return Array.from({ length: segment.row_count }, (_, n) =>
    columnNames.map((name) => `${name} ${all.get(name)?.[n] ?? 'not stored'}`).join(', '),
  ).sort();
}

/**
 * Compares every stored segment of the account with one that is built now, and all of them with the conversations. Returns
 * what differs.
 */
export async function differences(sql: Sql): Promise<{ segments: number; conversations: number; wrong: string[] }> {
  const of = (one: Stored) => `${one.bot_id} ${one.from_time.toISOString()}`;
  const stored = await sql<Stored[]>`select * from conversation_segments where account_id = ${ACCOUNT}::uuid`;
  const built = await sql<Stored[]>`
    with units as materialized (
      select row_number() over () as unit, bot_id, from_time, to_time from conversation_segments
      where account_id = ${ACCOUNT}::uuid
    ), own as materialized (
      select bot_id, from_time from conversation_segments where account_id = ${ACCOUNT}::uuid and bot_id <> ''
    ), ${building(sql, ACCOUNT, columnNames, { bots: null, most: null })}
    select * from built`;
  const scratch = new Map(built.map((one) => [of(one), one]));
  const wrong = stored.filter((one) => {
    const fresh = scratch.get(of(one)) as Stored;
    const [a, b] = [one, fresh].map((x) => JSON.stringify([x.row_count, x.latest_activity, rowsOf(x)]));
    return a !== b;
  });
  const [{ n } = { n: -1 }] = await sql<{ n: number }[]>`
    select count(*)::integer as n from conversations
    where account_id = ${ACCOUNT}::uuid and start_time is not null and not withdrawn`;
  const conversations = stored.reduce((sum, { row_count }) => sum + row_count, 0);
  const lost = n === conversations ? [] : [`${conversations} of ${n} conversations`];
  return { segments: stored.length, conversations, wrong: [...wrong.map(of), ...lost] };
}
