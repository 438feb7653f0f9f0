import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import postgres from '#postgres';
import { root } from '../root.js';
import type { Sql } from './connect.js';
import { only } from './rows.js';

interface Migration {
  version: number;
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

/** Held while the ledger is made and while each migration runs, so that processes that start at once take turns. */
const LOCK = 'select pg_advisory_xact_lock(723401)';

/**
 * Brings the database to the schema of this version and returns the names of what was applied.
 *
 * Each migration is one transaction: a text of several statements in the simple protocol is one by itself. It writes
 * its ledger row first, so of two processes the later one fails on the key and goes on.
 * A database that a newer version has migrated is refused.
 */
export async function migrate(sql: Sql, wanted = migrations()): Promise<string[]> {
  await sql.unsafe(`${LOCK};
    create table if not exists schema_migrations (
      version integer primary key, name text not null, applied_at timestamptz not null default now()
    )`);
  const { newest } = only(
    await sql<{ newest: number }[]>`select coalesce(max(version), 0) as newest from schema_migrations`,
  );
  const latest = wanted.at(-1)?.version ?? 0;
  if (newest > latest) {
    throw new Error(
      `the database has schema version ${newest}, newer than this service's ${latest}: start the newer version of the service, or restore a backup`,
    );
  }
  const applied: string[] = [];
  for (const { version, name, text } of wanted) {
    if (version <= newest) continue;
    try {
      await sql.unsafe(
        `${LOCK}; insert into schema_migrations (version, name) values (${version}, '${name}'); ${text}`,
      );
      applied.push(`${String(version).padStart(4, '0')}_${name}`);
    } catch (error) {
      const elsewhere =
        error instanceof postgres.PostgresError &&
        error.code === '23505' &&
        error.constraint_name === 'schema_migrations_pkey';
      if (!elsewhere)
        throw new Error(`migration ${version} ${name} failed: ${(error as Error).message}`, { cause: error });
    }
  }
  return applied;
}
