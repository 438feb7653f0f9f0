import type { Sql } from '../../src/database/connect.js';

const tables = ['events', 'conversations', 'participations', 'orders', 'agent_cells', 'known_ids'];

/** What the tables of facts hold, a text for each row, in an order of its own. */
export async function rowsOf(sql: Sql): Promise<Record<string, string[]>> {
  const held: Record<string, string[]> = {};
  for (const table of tables) {
    const rows = await sql<{ row: string }[]>`select to_jsonb(t)::text as row from ${sql(table)} t`;
    held[table] = rows.map(({ row }) => row).sort();
  }
  return held;
}
