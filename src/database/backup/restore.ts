import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { Sql } from '../connect.js';
import { digestOf, type Migration, migrate, migrations } from '../migrate.js';
import { only } from '../rows.js';
import { type End, FORMAT, type Head, ofSchema, type Progress, type TableHead } from './format.js';
import { Lines, Truncated } from './lines.js';

/**
 * Makes the tables and rows of a backup in an empty database, in one transaction: after a failure, or a kill, the database is
 * as empty as before. The schema is the one of the backup; `migrate` brings it up to date afterwards. Throws, with a message
 * for the operator, if the file is not a whole backup that this version can read, or the database is not empty.
 */
export async function restore(
  sql: Sql,
  file: string,
  tell: (progress: Progress) => void = () => {},
): Promise<{ head: Head; rows: number }> {
  const source = createReadStream(file);
  const gunzip = createGunzip({ chunkSize: 256 * 1024 });
  let isOurs = false;
  const read = pipeline(source, gunzip);
  read.catch(() => {}); // the reader of `gunzip` hears of it
  try {
    const lines = new Lines(gunzip as AsyncIterable<Buffer>);
    const head = headOf(await lines.line());
    isOurs = true;
    const wanted = knownMigrations(head);
    return (await sql.begin(async (tx) => {
      // Migrations run in transactions of their own; here in parts of this one.
      const inside = Object.assign((...given: Parameters<typeof tx>) => tx(...given), tx, {
        begin: (work: (part: unknown) => unknown) => tx.savepoint(work as never),
      }) as unknown as Sql;
      await refuseFilled(inside);
      await migrate(inside, wanted, []); // a service that starts meanwhile waits for its lock
      await clear(inside);
      const rows = await fill(inside, lines, tell);
      // Node takes what follows a gzip file for nothing.
      if (gunzip.bytesWritten < (await stat(file)).size) throw new Unfit('goes on behind its end: it was altered');
      return { head, rows };
    })) as { head: Head; rows: number };
  } catch (error) {
    throw explained(error, file, isOurs);
  } finally {
    source.destroy();
    gunzip.destroy();
    await read.catch(() => {});
  }
}

/** A fault of the file, in words for the operator. */
class Unfit extends Error {}

function headOf(line: string): Head {
  let head: Partial<Head> = {};
  try {
    head = JSON.parse(line);
  } catch {
    // it is none
  }
  const format = head.conversation_reports_backup as number | undefined;
  if (format === undefined) throw new Unfit('is no backup of Conversation Reports');
  if (format > FORMAT) throw new Unfit(newer(`its format is ${format}`));
  return head as Head;
}

const newer = (why: string) => `was made by a newer version of the service (${why}): restore it with that version`;

/** The migrations that make the tables of a backup. */
function knownMigrations({ migrations: applied }: Head): Migration[] {
  const all = migrations();
  return applied.map(({ version, name, digest }) => {
    const found = all.find((one) => one.version === version);
    if (found === undefined) throw new Unfit(newer(`schema version ${version} ${name}`));
    if (digest !== null && digest !== digestOf(found.text)) {
      throw new Unfit(`has another text of migration ${version} ${name}: restore it with the version that made it`);
    }
    return found;
  });
}

async function refuseFilled(sql: Sql): Promise<void> {
  const { count, database } = only(
    await sql<{ count: number; database: string }[]>`
      select count(*)::int as count, current_database() as database from pg_class
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'm')`,
  );
  if (count === 0) return;
  throw new Error(
    `the database ${database} is not empty, it has ${count} tables, and nothing is overwritten: set DATA_DIR to a new folder, ` +
      'or DATABASE_URL to a new database (createdb), restore there, and start the service with that setting',
  );
}

/** Takes out the rows that migrations put into new tables: the backup has its own. */
async function clear(sql: Sql): Promise<void> {
  const tables = await sql<{ truncate: string }[]>`
    select format('truncate %I cascade', relname) as truncate from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relname = any (${ofSchema}::text[])`;
  for (const { truncate } of tables) await sql.unsafe(truncate);
}

/** Copies the rows of all tables and sets the sequences. Returns how many rows there are. */
async function fill(sql: Sql, lines: Lines, tell: (progress: Progress) => void): Promise<number> {
  const soFar = { rows: 0, bytes: 0 };
  const seen = new Map<string, { rows: number; sha256: string }>();
  for (;;) {
    const next = JSON.parse(await lines.line()) as TableHead | End;
    if ('end' in next) {
      if (!(await lines.isOver())) throw new Unfit('goes on behind its end: it was altered');
      await finish(sql, next, seen);
      return soFar.rows;
    }
    const { table, columns } = next;
    if (seen.has(table)) throw new Unfit(`has the table ${table} twice: it was altered`);
    const hash = createHash('sha256');
    const writable = (await sql.unsafe(await copyInto(sql, next)).writable()) as Writable;
    await pipeline(async function* () {
      for await (const rows of lines.rows()) {
        hash.update(rows);
        soFar.bytes += rows.length;
        tell({ table, ...soFar });
        yield rows;
      }
    }, writable);
    const { rows } = only(await sql<{ rows: number }[]>`select count(*) as rows from ${sql(table)}`);
    soFar.rows += rows;
    seen.set(table, { rows, sha256: hash.digest('hex') });
    tell({ table, ...soFar });
    if (columns.length === 0) throw new Unfit(`has no columns of ${table}: it was altered`);
  }
}

/** The statement that fills a table, made of names that the database itself has. */
async function copyInto(sql: Sql, { table, columns }: TableHead): Promise<string> {
  const [found] = await sql<{ copy: string; isWhole: boolean }[]>`
    select format('copy %I (%s) from stdin', c.relname, (
        select string_agg(quote_ident(w.name), ', ' order by w.n) from unnest(${columns}::text[]) with ordinality w (name, n)
      )) as copy, array_agg(a.attname::text collate "C" order by a.attname collate "C")
        = (select array_agg(w.name collate "C" order by w.name collate "C") from unnest(${columns}::text[]) w (name)) as "isWhole"
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and c.relname = ${table}
      and a.attgenerated = '' and not c.relname = any (${ofSchema}::text[])
    group by c.relname`;
  if (found === undefined || !found.isWhole) {
    throw new Unfit(`has a table ${table} with other columns than its schema: it was altered`);
  }
  return found.copy;
}

/** Compares what was restored with what the backup says it holds, and sets the sequences. */
async function finish(sql: Sql, { tables, sequences }: End, seen: Map<string, object>): Promise<void> {
  for (const { table, rows, sha256 } of tables) {
    const found = seen.get(table) as { rows: number; sha256: string } | undefined;
    if (found?.rows !== rows || found.sha256 !== sha256) {
      const count = `${found?.rows ?? 0} rows of ${table}, and ${rows} were written`;
      throw new Unfit(found?.rows === rows ? `has rows of ${table} that were altered` : `has ${count}: it was altered`);
    }
  }
  if (tables.length !== seen.size) throw new Unfit('has a table that its end does not name: it was altered');
  const missing = await sql<{ table: string }[]>`
    select relname as table from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
      and not relname = any (${[...seen.keys(), ...ofSchema]}::text[])`;
  if (missing.length > 0) throw new Unfit(`has no table ${missing[0]?.table}: it was altered`);
  for (const { sequence, next } of sequences) {
    await sql`select setval(quote_ident(sequencename)::regclass, ${next}::bigint, false)
      from pg_sequences where schemaname = 'public' and sequencename = ${sequence}`;
  }
}

/** The error with a message for the operator. */
function explained(error: unknown, file: string, isOurs: boolean): unknown {
  const { code = '', message } = error as NodeJS.ErrnoException;
  const says = (what: string) => new Error(`${file} ${what}; nothing was restored`, { cause: error });
  if (error instanceof Unfit) return says(message);
  if (error instanceof Truncated || code === 'Z_BUF_ERROR')
    return says('is not complete: it was cut, or is being written');
  if (code === 'ENOENT' || code === 'EISDIR' || code === 'EACCES') return says(`cannot be read (${code})`);
  const isNoGzip = code === 'Z_DATA_ERROR' && message === 'incorrect header check';
  if (isNoGzip && !isOurs) return says('is no backup of Conversation Reports');
  const isBroken = code.startsWith('Z_') || error instanceof SyntaxError || /^2[23]/.test(code);
  return isBroken ? says('is damaged, or was altered') : error;
}
