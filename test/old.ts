import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { Test } from 'tap';
import { migrate, migrations } from '../src/database/migrate.js';
import { root } from '../src/root.js';
import { empty } from './empty.js';

/** A database as the service made it before functions had files of their own: examples and random events. */
export async function old(t: Test) {
  const opened = await empty(t);
  const { sql } = opened;
  await migrate(sql, migrations().slice(0, 3), []);
  const lines = gunzipSync(readFileSync(join(root, 'test/upgrade/main-0003.ndjson.gz')))
    .toString()
    .trim()
    .split('\n');
  for (const table of new Set(lines.map((line) => JSON.parse(line).table as string))) {
    const rows = lines.filter((line) => line.startsWith(`{"table" : "${table}"`));
    await sql`insert into ${sql(table)}
      select r.* from unnest(${rows}::text[]) line
      cross join lateral json_populate_record(null::${sql(table)}, line::json->'row') r`;
  }
  return opened;
}
