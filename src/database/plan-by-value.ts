import type { Sql } from './connect.js';

/**
 * Where tables are distributed, a statement of a function is planned for the account that it names: Citus has no plan for any
 * account. Functions that ask for one plan for all values are told to plan each time. Changes nothing on any other
 * PostgreSQL.
 */
export async function planByValue(sql: Sql): Promise<void> {
  const [citus] = await sql`select where to_regclass('pg_dist_partition') is not null`;
  if (citus === undefined) return;
  const [events] = await sql`select from pg_dist_partition where logicalrelid = 'events'::regclass`;
  if (events === undefined) return;
  const found = await sql<{ signature: string }[]>`
    select oid::regprocedure::text as signature from pg_proc
    where pronamespace = current_schema()::regnamespace and 'plan_cache_mode=force_generic_plan' = any(proconfig)`;
  for (const { signature } of found)
    await sql.unsafe(`alter function ${signature} set plan_cache_mode = 'force_custom_plan'`);
}
