import type { Sql } from './connect.js';
import { functions, LOCK, ONE_BY_ONE } from './migrate.js';
import { delegated, distributed, everywhere, local } from './placement.js';
import { planByValue } from './plan-by-value.js';
import { only } from './rows.js';

/** What a call of `distribute` found and did. */
export interface Distributed {
  /** Nodes that hold shards. */
  nodes: number;
  /** What this call distributed; empty if everything was. */
  tables: string[];
  functions: string[];
}

/**
 * Distributes the tables and functions of a database with the Citus extension, in one transaction: all of it, or nothing.
 * What is distributed already stays, so it may be called again, and is after an upgrade that adds a table or a function.
 * Rows that are there are moved. Throws, with the way out, where the database cannot be distributed.
 */
export async function distribute(sql: Sql): Promise<Distributed> {
  await refuseWithoutCitus(sql);
  return (await sql.begin(async (tx) => {
    await tx.unsafe(LOCK); // no migration meanwhile
    await tx.unsafe(ONE_BY_ONE);
    const { nodes } = only(
      await tx<{ nodes: number }[]>`
        select count(*)::integer as nodes from pg_dist_node where isactive and noderole = 'primary' and shouldhaveshards`,
    );
    if (nodes === 0) {
      throw new Error(
        "no node holds shards: add workers on the coordinator, select citus_add_node('HOST', PORT), or let the coordinator " +
          "hold them itself, select citus_set_coordinator_host('HOST') and " +
          "select citus_set_node_property('HOST', PORT, 'shouldhaveshards', true)",
      );
    }
    const tables = await distributeTables(tx as unknown as Sql);
    const done = await distributeFunctions(tx as unknown as Sql);
    await planByValue(tx as unknown as Sql);
    return { nodes, tables, functions: done };
  })) as Distributed;
}

async function refuseWithoutCitus(sql: Sql): Promise<void> {
  const { is_there, may_be_created } = only(
    await sql<{ is_there: boolean; may_be_created: boolean }[]>`
      select to_regproc('create_distributed_table') is not null as is_there,
        exists (select from pg_available_extensions where name = 'citus') as may_be_created`,
  );
  if (!is_there) {
    throw new Error(
      may_be_created
        ? 'this database does not have the extension citus: as a superuser, in this database and on every node, run ' +
            '"create extension citus", then add the workers; docs/scaling.md has the steps'
        : 'this PostgreSQL does not have Citus: install it on every node, add citus to shared_preload_libraries, restart, and ' +
            'run "create extension citus" in the database; docs/scaling.md has the steps. Without it nothing needs to be done: ' +
            'the service runs on one PostgreSQL as it is',
    );
  }
  const { group } = only(await sql<{ group: number }[]>`select groupid as group from pg_dist_local_group`);
  if (group !== 0) throw new Error('DATABASE_URL is a worker: set it to the coordinator, here and for every service');
}

/** Distributes the tables that are not, and returns their names. Throws if one is distributed in another way. */
async function distributeTables(sql: Sql): Promise<string[]> {
  const found = await sql<{ name: string; key: string | null }[]>`
    select c.relname as name, case when p.partmethod = 'h' then column_to_column_name(p.logicalrelid, p.partkey) end as key
    from pg_dist_partition p join pg_class c on c.oid = p.logicalrelid where c.relnamespace = current_schema()::regnamespace`;
  const keys = new Map(found.map(({ name, key }) => [name, key]));
  for (const [name, key] of keys) {
    const wanted = distributed.includes(name as never) ? 'account_id' : name in everywhere ? null : undefined;
    if (name in local || (wanted !== undefined && key !== wanted)) {
      throw new Error(
        `the table ${name} is distributed in another way, ${key === null ? 'to every node' : `by ${key}`}: run ` +
          `select undistribute_table('${name}') on the coordinator, then this again`,
      );
    }
  }
  const missing = [...distributed, ...Object.keys(everywhere)].filter((name) => !keys.has(name));
  if (missing.length === 0) return [];
  // Batches that are being stored end first, and those that come wait. They find the tables as they are then.
  await sql`lock table ${sql(missing)} in access exclusive mode`;
  const [first] = distributed;
  for (const name of missing) {
    if (name in everywhere) await sql`select create_reference_table(${name}::text::regclass)`;
    else if (name === first) await sql`select create_distributed_table(${name}::text::regclass, 'account_id')`;
    else await sql`select create_distributed_table(${name}::text::regclass, 'account_id', colocate_with => ${first})`;
    // The rows have been copied to the shards; what was there would stay on the disk of the coordinator, out of sight.
    await sql`select truncate_local_data_after_distributing_table(${name}::text::regclass)`;
  }
  return missing;
}

/** Makes the functions known to all nodes, and returns the names of those that were not. */
async function distributeFunctions(sql: Sql): Promise<string[]> {
  const names = functions().map(({ name }) => name);
  const missing = await sql<{ name: string; signature: string }[]>`
    select p.proname as name, p.oid::regprocedure::text as signature from pg_proc p
    where p.pronamespace = current_schema()::regnamespace and p.proname = any(${names}) and not exists (
      select from pg_dist_object o
      where o.classid = 'pg_proc'::regclass and o.objid = p.oid
        and (o.force_delegation is true or not p.proname = any(${Object.keys(delegated)}))
    )
    order by p.proname collate "C"`;
  for (const { name, signature } of missing) {
    const argument = delegated[name];
    if (argument === undefined) {
      await sql`select create_distributed_function(${signature}::text::regprocedure)`;
    } else {
      // Without force_delegation, what it calls would be planned for all nodes.
      await sql`select create_distributed_function(${signature}::text::regprocedure, ${argument},
        colocate_with => ${distributed[0]}, force_delegation => true)`;
    }
  }
  return missing.map(({ name }) => name);
}
