import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type Readable, Transform, type TransformCallback, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { version } from '../../root.js';
import type { Sql } from '../connect.js';
import { only } from '../rows.js';
import { type Applied, DONE, type End, FORMAT, type Head, ofSchema, type Progress, type TableEnd } from './format.js';

export interface DumpOptions {
  tell?: (progress: Progress) => void;
  /** Called in the transaction whose rows are written, before the first. */
  onSnapshot?: (sql: Sql) => Promise<void>;
}

/**
 * Writes all rows of a database, as of one moment, as a backup. Services may write meanwhile; a migration waits. The stream
 * is ended. Memory is bounded: what is not written yet holds back the database.
 */
export async function dump(
  sql: Sql,
  out: Writable,
  { tell = () => {}, onSnapshot }: DumpOptions = {},
): Promise<{ rows: number; tables: number; at: string }> {
  const gzip = createGzip({ level: 1 }); // a higher one takes three times as long for a tenth less
  const written = pipeline(gzip, out);
  written.catch(() => {}); // `write` hears of it
  const write = async (chunk: string | Buffer) => {
    if (gzip.destroyed) await written;
    if (!gzip.write(chunk)) await once(gzip, 'drain'); // rejects where the pipeline fails
  };
  const line = (value: object) => write(`${JSON.stringify(value)}\n`);
  const done: TableEnd[] = [];
  try {
    const at = (await sql.begin('isolation level repeatable read read only', async (tx) => {
      const tables = await tx<{ table: string; columns: string[]; copy: string; lock: string }[]>`
        select c.relname as table, array_agg(a.attname::text order by a.attnum) as columns,
          format('lock table %I in access share mode', c.relname) as lock,
          format('copy %I (%s) to stdout', c.relname, string_agg(quote_ident(a.attname), ', ' order by a.attnum)) as copy
        from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
          and a.attgenerated = ''
        group by c.oid, c.relname order by c.relname`;
      const ours = tables.filter(({ table }) => !ofSchema.includes(table));
      if (ours.length === tables.length) throw new Error('there is no database of Conversation Reports here');
      for (const { lock } of tables) await tx.unsafe(lock); // so that no migration comes between two tables
      const { at } = only(
        await tx<{ at: string }[]>`
          select to_char(now() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at`,
      );
      await onSnapshot?.(tx as unknown as Sql);
      const migrations = await tx<Applied[]>`select version, name, digest from schema_migrations order by version`;
      await line({ conversation_reports_backup: FORMAT, version, at, migrations } satisfies Head);
      const soFar = { rows: 0, bytes: 0 };
      for (const { table, columns, copy } of ours) {
        await line({ table, columns });
        const stream = await tx.unsafe(copy).readable();
        const end = await writeRows(stream, write, (rows, bytes) =>
          tell({ table, rows: soFar.rows + rows, bytes: soFar.bytes + bytes }),
        );
        await write(`${DONE}\n`);
        soFar.rows += end.rows;
        soFar.bytes += end.bytes;
        done.push({ table, rows: end.rows, sha256: end.sha256 });
      }
      const sequences = await tx<{ sequence: string; next: number }[]>`
        select sequencename::text as sequence, coalesce(last_value, start_value - increment_by) + increment_by as next
        from pg_sequences where schemaname = 'public' order by 1`;
      await line({ end: true, tables: done, sequences: [...sequences] } satisfies End);
      return at;
    })) as string;
    gzip.end();
    await written;
    return { rows: done.reduce((sum, { rows }) => sum + rows, 0), tables: done.length, at };
  } catch (error) {
    gzip.destroy();
    const other: unknown = await written.then(
      () => error,
      (failure) => failure,
    );
    // Where the file could not be written, what reads the rows was merely ended.
    const isEnded = /^(ABORT_ERR|ERR_STREAM_)/.test(String((error as NodeJS.ErrnoException).code));
    throw isEnded ? other : error;
  }
}

/** Writes the rows of a table, and says how many there were. */
async function writeRows(
  stream: Readable,
  write: (chunk: Buffer) => Promise<void>,
  tell: (rows: number, bytes: number) => void,
): Promise<{ rows: number; bytes: number; sha256: string }> {
  const batches = new Batches();
  const hash = createHash('sha256');
  let bytes = 0;
  await pipeline(stream, batches, async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      hash.update(chunk);
      bytes += chunk.length;
      await write(chunk);
      tell(batches.rows, bytes);
    }
  });
  return { rows: batches.rows, bytes, sha256: hash.digest('hex') };
}

/** Bytes that are compressed at a time. Row by row it takes fifteen times as long. */
const BATCH = 64 * 1024;

/** Joins rows, each a chunk, to larger chunks. */
class Batches extends Transform {
  rows = 0;
  #parts: Buffer[] = [];
  #size = 0;

  constructor() {
    super({ writableHighWaterMark: 1024 * 1024 });
  }

  override _transform(row: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.rows++;
    this.#parts.push(row);
    this.#size += row.length;
    if (this.#size >= BATCH) this.#flush();
    done();
  }

  override _flush(done: TransformCallback): void {
    if (this.#size > 0) this.#flush();
    done();
  }

  #flush(): void {
    this.push(Buffer.concat(this.#parts, this.#size));
    this.#parts = [];
    this.#size = 0;
  }
}
