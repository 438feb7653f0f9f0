import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { DuckDBPreparedStatement } from '@duckdb/node-api';
import type { Sql } from '../src/database/connect.js';
import { channels, languages, versions } from './seed.js';
import { ACCOUNT } from './service.js';

type Cell = string | number | boolean | null;

/** DuckDB in this process, with the same rows in its fast form. */
export interface Duck {
  /** Runs a statement, prepared; making JavaScript values of its rows is not in its milliseconds. */
  ask(text: string): Promise<{ ms: number; rows: Cell[][] }>;
  version: string;
  close(): void;
}

/** Two threads, as many as there are cores here; more would be none. */
const THREADS = '2';

/** A table: for each column its type in DuckDB and its value in PostgreSQL, small integers wherever there was a text. */
interface Copied {
  name: string;
  columns: Record<string, [type: string, value: string]>;
  from: string;
}

const numberIn = (column: string, prefix: string) => `substr(${column}, ${prefix.length + 1})::int`;
const placeIn = (column: string, values: string[]) =>
  `array_position(array[${values.map((value) => `'${value}'`)}], ${column}) - 1`;

const tables: Copied[] = [
  {
    name: 'conversations',
    columns: {
      bot: ['usmallint', numberIn('bot_id', 'bot-')],
      version: ['utinyint', placeIn('bot_version', versions)],
      channel: ['utinyint', placeIn('channel', channels)],
      language: ['utinyint', placeIn('language', languages)],
      desk: ['utinyint', numberIn('desk_id', 'desk-')],
      person: ['integer', numberIn('user_id', 'person-')],
      start: ['timestamp', `start_time at time zone 'UTC'`],
      duration: ['integer', 'extract(epoch from end_time - start_time) * 1000'], // ms
      closed: ['boolean', 'closed_at is not null'],
      messages: ['usmallint', 'user_messages + bot_messages + agent_messages'],
      user_messages: ['usmallint', 'user_messages'],
    },
    from: `conversations where account_id = '${ACCOUNT}' order by start_time`,
  },
  {
    name: 'messages',
    columns: {
      bot: ['usmallint', numberIn('c.bot_id', 'bot-')],
      sender: ['utinyint', placeIn('e.sender', ['user', 'bot', 'agent'])],
      agent: ['usmallint', `case when e.sender = 'agent' then ${numberIn('e.actor_id', 'agent-')} end`],
      time: ['timestamp', `e.time at time zone 'UTC'`],
      response: ['integer', 'e.response_seconds * 1000'], // ms
    },
    from: `conversations c join events e using (account_id, conversation_id) where account_id = '${ACCOUNT}' order by e.time`,
  },
];

/** A database in memory, loaded from the rows that PostgreSQL has by COPY and CSV. */
export async function openDuck(sql: Sql): Promise<Duck> {
  const { DuckDBInstance } = await import('@duckdb/node-api'); // of bench/package.json: --help goes without
  const instance = await DuckDBInstance.create(':memory:', { threads: THREADS });
  const connection = await instance.connect();
  const folder = mkdtempSync(join(tmpdir(), 'reports-duck-'));
  try {
    for (const { name, columns, from } of tables) {
      const file = join(folder, `${name}.csv`);
      const values = Object.values(columns).map(([type, value]) => `(${value})${/int/.test(type) ? '::int' : ''}`);
      // COPY takes no parameters; the text is all of this file.
      const rows: Readable = await sql.unsafe(`copy (select ${values} from ${from}) to stdout (format csv)`).readable();
      await pipeline(rows, createWriteStream(file));
      const types = Object.entries(columns).map(([column, [type]]) => `${column}: '${type}'`);
      await connection.run(
        `create table ${name} as select * from read_csv('${file}', header = false, columns = {${types}})`,
      );
      rmSync(file);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const prepared = new Map<string, DuckDBPreparedStatement>();
  const ask: Duck['ask'] = async (text) => {
    const statement = prepared.get(text) ?? (await connection.prepare(text));
    prepared.set(text, statement);
    const started = performance.now();
    const reader = await statement.runAndReadAll();
    const ms = performance.now() - started;
    const rows = reader.getRowsJS().map((row) => row.map((cell) => (typeof cell === 'bigint' ? Number(cell) : cell)));
    return { ms, rows: rows as Cell[][] };
  };
  const [[version] = []] = (await ask('select version()')).rows;
  return {
    ask,
    version: String(version),
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

/** What the small integers of a dimension stand for. */
export const nameOf: Record<string, (code: number) => string> = {
  bot_id: (code) => `bot-${code}`,
  channel: (code) => channels[code] as string,
  desk_id: (code) => `desk-${code}`,
  sender_id: (code) => `agent-${code}`,
};
