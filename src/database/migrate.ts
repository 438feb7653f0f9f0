import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../root.js';
import type { Sql } from './connect.js';
import { planByValue } from './plan-by-value.js';

export interface Migration {
  version: number;
  name: string;
  text: string;
}

/** A database function, which db/functions/<name>.sql creates or replaces. */
export interface DatabaseFunction {
  name: string;
  text: string;
}

/** The migrations of this version of the service, ascending. */
export function migrations(folder = join(root, 'db/migrations')): Migration[] {
  return readdirSync(folder)
    .flatMap((file) => {
      const match = /^(\d{4})_([a-z_]+)\.sql$/.exec(file);
      return match
        ? [{ version: Number(match[1]), name: match[2] as string, text: readFileSync(join(folder, file), 'utf8') }]
        : [];
    })
    .sort((a, b) => a.version - b.version);
}

/** The functions of this version of the service, by name. */
export function functions(folder = join(root, 'db/functions')): DatabaseFunction[] {
  return readdirSync(folder)
    .flatMap((file) => {
      const name = /^([a-z_]+)\.sql$/.exec(file)?.[1];
      return name === undefined ? [] : [{ name, text: readFileSync(join(folder, file), 'utf8') }];
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Held while the ledger is created and while each migration runs, so that processes that start together take turns. */
export const LOCK = 'select pg_advisory_xact_lock(723401)';

/**
 * Where tables are distributed, a migration that alters one and functions that are replaced need it. Any other PostgreSQL
 * takes it for a setting of ours.
 */
export const ONE_BY_ONE = "set local citus.multi_shard_modify_mode = 'sequential'";

/**
 * The last migration that is a single text with functions. Later migrations only alter tables, one statement at a time.
 */
const LAST_WHOLE = 3;

/**
 * Brings the database to the schema of this version. Returns the names of the applied migrations, and `functions` if
 * the text of a function differed from the installed one.
 *
 * Each migration is one transaction under a lock. Throws for a database that a newer version has migrated (an older
 * process would restore old functions), that lacks an earlier migration, or that ran a different text of a migration.
 */
export async function migrate(sql: Sql, wanted = migrations(), wantedFunctions = functions()): Promise<string[]> {
  await sql.unsafe(`${LOCK};
    create table if not exists schema_migrations (
      version integer primary key, name text not null, applied_at timestamptz not null default now()
    );
    alter table schema_migrations add column if not exists digest text;
    create table if not exists schema_functions (name text primary key, digest text not null)`);
  checkLedger(await ledgerOf(sql), wanted);
  const applied: string[] = [];
  for (const migration of wanted) {
    const name = `${String(migration.version).padStart(4, '0')}_${migration.name}`;
    try {
      if (await apply(sql, migration)) applied.push(name);
    } catch (error) {
      throw new Error(`migration ${migration.version} ${migration.name} failed: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
  if (await install(sql, wanted, wantedFunctions)) applied.push('functions');
  return applied;
}

interface LedgerRow {
  version: number;
  name: string;
  digest: string | null;
}

const ledgerOf = (sql: Sql) => sql<LedgerRow[]>`select version, name, digest from schema_migrations order by version`;

function checkLedger(ledger: LedgerRow[], wanted: Migration[]): void {
  const newest = ledger.at(-1)?.version ?? 0;
  const latest = wanted.at(-1)?.version ?? 0;
  if (newest > latest) {
    throw new Error(
      `the database has schema version ${newest}, newer than this service's ${latest}: start the newer version of the service, or restore a backup`,
    );
  }
  for (const [n, { version, name, text }] of wanted.entries()) {
    if (version > newest) break;
    const row = ledger[n];
    if (row?.version !== version) {
      throw new Error(
        `the database has schema version ${newest} without migration ${version} ${name}: restore a backup, or apply the migration by hand and add it to schema_migrations`,
      );
    }
    if (row.digest !== null && row.digest !== digestOf(text)) {
      throw new Error(
        `the database ran another text of migration ${version} ${name} than this service has: start the version of the service that migrated it, or restore a backup`,
      );
    }
  }
}

/** Whether this call applied the migration; false if another process did. */
async function apply(sql: Sql, { version, name, text }: Migration): Promise<boolean> {
  return (await sql.begin(async (tx) => {
    await tx.unsafe(LOCK);
    await tx.unsafe(ONE_BY_ONE);
    const [row] = await tx`select digest from schema_migrations where version = ${version}`;
    const digest = digestOf(text);
    if (row !== undefined) {
      if (row.digest === null) await tx`update schema_migrations set digest = ${digest} where version = ${version}`;
      return false;
    }
    for (const statement of version <= LAST_WHOLE ? [text] : statementsOf(text)) await tx.unsafe(statement);
    await tx`insert into schema_migrations (version, name, digest) values (${version}, ${name}, ${digest})`;
    return true;
  })) as boolean;
}

/** The statements of a migration; each ends with a semicolon at the end of a line. */
const statementsOf = (text: string): string[] =>
  text
    .replace(/^\s*--.*$|\s+--.*$/gm, '')
    .split(/;\s*$/m)
    .filter((statement) => statement.trim() !== '');

/** Creates or replaces the functions whose text differs from the installed one. Returns whether there were any. */
async function install(sql: Sql, wanted: Migration[], all: DatabaseFunction[]): Promise<boolean> {
  return (await sql.begin(async (tx) => {
    await tx.unsafe(LOCK);
    await tx.unsafe(ONE_BY_ONE);
    checkLedger(await ledgerOf(tx as unknown as Sql), wanted); // a newer process may have migrated in between
    const rows = await tx<{ name: string; digest: string }[]>`select name, digest from schema_functions`;
    const installed = new Map(rows.map(({ name, digest }) => [name, digest]));
    const changed = all.filter(({ name, text }) => installed.get(name) !== digestOf(text));
    for (const { name, text } of changed) {
      try {
        await tx.unsafe(text);
      } catch (error) {
        throw new Error(`function ${name} cannot be installed: ${(error as Error).message}`, { cause: error });
      }
      await tx`insert into schema_functions (name, digest) values (${name}, ${digestOf(text)})
        on conflict (name) do update set digest = excluded.digest`;
    }
    if (changed.length > 0) await planByValue(tx as unknown as Sql);
    return changed.length > 0;
  })) as boolean;
}

/** The digest of the text of a migration or function. */
export const digestOf = (text: string) => createHash('sha256').update(text).digest('hex');
