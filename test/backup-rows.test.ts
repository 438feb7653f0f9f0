import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { gunzipSync, gzipSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { dump } from '../src/database/backup/dump.js';
import { restore } from '../src/database/backup/restore.js';
import { connect, type Sql } from '../src/database/connect.js';
import { openPool } from '../src/database/database.js';
import { migrate } from '../src/database/migrate.js';
import { ingest } from '../src/queries/ingest/ingest.js';
import { rebuild, refoldPending } from '../src/queries/ingest/rebuild.js';
import { refresh } from '../src/queries/segments/refresh.js';
import { empty } from './empty.js';
import { ACCOUNT, type World, world } from './harness.js';
import { old } from './old.js';
import { proxy } from './proxy.js';
import { launch, main, until, untilActive } from './service.js';

const scope = { account: ACCOUNT, teams: null, bots: null };

/** Every row of every table, as text. Those that say what the schema is are made by migrations. */
async function everything(sql: Sql): Promise<Record<string, string[]>> {
  const tables = await sql<{ name: string }[]>`
    select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'
      and relname not like 'schema_%' order by 1`;
  const all: Record<string, string[]> = {};
  for (const { name } of tables) {
    const rows = await sql<{ row: string }[]>`select t::text as row from ${sql(name)} t order by 1`;
    all[name] = rows.map(({ row }) => row);
  }
  return all;
}

const countTables = async (sql: Sql) =>
  (await sql`select from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'`).length;

/** Texts that COPY must escape, and that a reader of lines could stumble over. */
const odd = [
  '\\.',
  'a\tb\\\n\\.\nc',
  '\\N',
  '',
  '"quoted", \'too\'',
  '😀 \u2028 ü',
  '\r\n\\.\r\n',
  '{"a": [1]}',
  'x'.repeat(90_000),
];

const batch = (name: string, size: number) =>
  Array.from({ length: size }, (_, n) => ({
    conversation_id: `${name} ${n % 5}`,
    id: `${name} ${n}`,
    type: 'message',
    time: new Date(Date.UTC(2024, 0, 1 + (n % 40), n % 24)).toISOString(),
    sender: n % 3 === 0 ? 'agent' : 'user',
    actor_id: `somebody ${n % 7}`,
    attributes: { bot_id: 'shop', user_name: odd[n % 8], tags: ['a', '\\.'] },
    body: { text: odd[n % odd.length] },
  }));

/** Sends batches, one after the other, until it is stopped; each is in `sent` once it is acknowledged. */
function sender(w: World, name: string) {
  const sent: string[] = [];
  let stopped = false;
  const working = (async () => {
    for (let n = 0; !stopped; n++) {
      const events = batch(`${name} ${n}`, 50);
      await ingest(w.db, scope, events, [...events.keys()]);
      sent.push(`${name} ${n}`);
      if (n % 5 === 0) await refresh(w.db, ACCOUNT).catch(() => {}); // two at a time undo each other
    }
  })();
  return {
    sent,
    async stop() {
      stopped = true;
      await working;
    },
  };
}

/** A backup of a small world, and what is in it. */
async function small(t: Test) {
  const w = await world(t);
  await w.key();
  const events = batch('small', 60);
  await ingest(w.db, scope, events, [...events.keys()]);
  await refresh(w.db, ACCOUNT);
  const dir = t.testdir();
  const file = join(dir, 'small.backup');
  await dump(w.sql, createWriteStream(file));
  return { dir, file, rows: await everything(w.sql) };
}

t.test('beside senders and refreshers: every row of every table as of one moment, and no batch in part', async (t) => {
  const w = await world(t);
  await w.key({ bot_ids: ['a\tb'] });
  const senders = ['a', 'b', 'c'].map((name) => sender(w, name));
  const enough = () => senders.every(({ sent }) => sent.length > 6);
  await until(enough, () => 'the senders send nothing');
  const file = join(t.testdir(), 'beside.backup');
  const source = connect(w.target, { max: 1, statementTimeout: 60_000 });
  t.teardown(() => source.end());
  const before = senders.flatMap(({ sent }) => [...sent]);
  let rows: Record<string, string[]> = {};
  const told: number[] = [];
  const written = await dump(source, createWriteStream(file), {
    tell: (soFar) => told.push(soFar.rows),
    async onSnapshot(tx) {
      rows = await everything(tx);
      const counts = senders.map(({ sent }) => sent.length);
      await until(
        () => senders.every(({ sent }, n) => sent.length > (counts[n] ?? 0) + 2),
        () => 'the senders stand still',
      );
    },
  });
  await Promise.all(senders.map((one) => one.stop()));
  t.ok(told.length > 5 && told.at(-1) === written.rows, 'it tells how far it is');

  const { sql, target } = await empty(t);
  t.equal((await restore(sql, file)).rows, written.rows);
  const found = await everything(sql);
  t.ok(Object.keys(rows).length > 15, `${Object.keys(rows)}`);
  for (const [table, expected] of Object.entries(rows))
    t.strictSame(found[table], expected, `${table}: ${expected.length}`);
  t.ok(
    (rows.events?.length ?? 0) > 300 && (rows.conversation_segments?.length ?? 0) > 0,
    'there was something to keep',
  );

  const batches = new Map<string, number>();
  for (const { id } of await sql`select id from events`) {
    const name = id.replace(/ \d+$/, '');
    batches.set(name, (batches.get(name) ?? 0) + 1);
  }
  t.strictSame(
    before.filter((name) => batches.get(name) !== 50),
    [],
    'all that was acknowledged before the start is there',
  );
  t.strictSame(
    [...batches.values()].filter((count) => count !== 50),
    [],
    'no batch is torn',
  );

  t.strictSame(await migrate(sql), ['functions']);
  const db = openPool(target, { max: 2, statementTimeout: 60_000 });
  t.teardown(() => db.close());
  t.equal((await rebuild(db, null)).differed, 0, 'what is derived is of these events');
  const again = batch('a 0', 50);
  t.match(await ingest(db, scope, again, [...again.keys()]), { accepted: 0, duplicates: 50 });
  const more = batch('new', 50);
  t.match(await ingest(db, scope, more, [...more.keys()]), { accepted: 50 }, 'identities go on where they were');
});

t.test('a file that was cut or altered restores nothing, and says so', async (t) => {
  const { dir, file, rows } = await small(t);
  const { sql } = await empty(t);
  const packed = readFileSync(file);
  const lines = gunzipSync(packed).toString('latin1').split('\n');
  const at = (start: string) => lines.findIndex((line) => line.startsWith(start));
  const edited = (edit: (copy: string[]) => void) => {
    const copy = [...lines];
    edit(copy);
    return gzipSync(Buffer.from(copy.join('\n'), 'latin1'));
  };
  const replaced = (start: string, from: string | RegExp, to: string) =>
    edited((copy) => {
      const line = copy[at(start)] as string;
      const changed = line.replace(from, to);
      if (changed === line) throw new Error(`${start} has no ${from}`);
      copy[at(start)] = changed;
    });
  const flipped = Buffer.from(packed);
  flipped[Math.floor(packed.length / 2)] = (flipped[Math.floor(packed.length / 2)] as number) ^ 0xff;
  const head = '{"conversation_reports_backup"';
  const first = at('{"table":"events"') + 1;
  const cases: [string, Buffer, RegExp][] = [
    ['empty', Buffer.alloc(0), /is not complete/],
    ['cut in its head', packed.subarray(0, 30), /is not complete/],
    ['cut in the middle', packed.subarray(0, packed.length / 2), /is not complete/],
    ['cut before its checksum', packed.subarray(0, -3), /is not complete/],
    ['without its end', edited((copy) => copy.splice(-2, 2)), /is not complete/],
    ['cut after a table', edited((copy) => copy.splice(at('{"table":"events"'))), /is not complete/],
    ['a flipped byte', flipped, /is damaged, or was altered|is not complete/],
    ['a row less', edited((copy) => copy.splice(first, 1)), /59 rows of events, and 60 were written/],
    ['a row twice', edited((copy) => copy.splice(first, 0, lines[first] as string)), /is damaged, or was altered/],
    [
      'another text',
      edited((copy) => copy.splice(first, 1, (lines[first] as string).replace('shop', 'ship'))),
      /rows of events that were altered/,
    ],
    [
      'a value that is none',
      edited((copy) => copy.splice(first, 1, (lines[first] as string).replace(/^[^\t]*/, 'x'))),
      /is damaged, or was altered/,
    ],
    ['a row too short', edited((copy) => copy.splice(first, 1, 'x')), /is damaged, or was altered/],
    [
      'a table with another name',
      replaced('{"table":"events"', '"events"', '"events\\"; drop table keys; --"'),
      /a table events"; drop table keys; -- with other columns/,
    ],
    ['other columns', replaced('{"table":"events"', '"body"', '"bodies"'), /a table events with other columns/],
    [
      'a table of the schema',
      replaced('{"table":"events"', '"events"', '"schema_migrations"'),
      /a table schema_migrations with other/,
    ],
    [
      'a table twice',
      edited((copy) =>
        copy.splice(
          at('{"table":"accounts"'),
          0,
          ...lines.slice(at('{"table":"accounts"'), at('{"table":"agent_cells"')),
        ),
      ),
      /the table accounts twice/,
    ],
    [
      'a table left out',
      edited((copy) =>
        copy.splice(
          at('{"table":"agent_cells"'),
          at('{"table":"conversation_segments"') - at('{"table":"agent_cells"'),
        ),
      ),
      /0 rows of agent_cells/,
    ],
    [
      'more behind its end',
      Buffer.concat([packed, Buffer.from('more')]),
      /goes on behind its end|is damaged, or was altered/,
    ],
    ['a second backup behind its end', Buffer.concat([packed, packed]), /goes on behind its end/],
    [
      'a newer schema',
      replaced(head, '"migrations":[', '"migrations":[{"version":9999,"name":"later","digest":null},'),
      /made by a newer version .*9999 later/,
    ],
    [
      'another migration',
      replaced(head, /"digest":"[0-9a-f]{64}"/, `"digest":"${'0'.repeat(64)}"`),
      /another text of migration 1 tables/,
    ],
    ['a newer format', replaced(head, '_backup":1', '_backup":2'), /made by a newer version .*format is 2/],
    ['no backup', gzipSync('hello\n'), /is no backup of Conversation Reports/],
    ['no gzip', Buffer.from('PGDMP and so on'), /is no backup of Conversation Reports/],
    ['one long line', gzipSync(Buffer.alloc(5_000_000, 'x')), /is damaged, or was altered/],
  ];
  const broken = join(dir, 'broken.backup');
  for (const [name, bytes, says] of cases) {
    writeFileSync(broken, bytes);
    await t.rejects(restore(sql, broken), { message: says }, name);
    t.equal(await countTables(sql), 0, `${name}: the database is as empty as before`);
  }
  await t.rejects(restore(sql, join(broken, 'none')), /ENOTDIR|cannot be read/);
  t.equal((await restore(sql, file)).head.migrations.length > 10, true, 'the connection is sound after all of them');
  t.strictSame(await everything(sql), rows);
  await t.rejects(restore(sql, file), { message: /is not empty, it has \d+ tables.*set DATA_DIR to a new folder/ });
});

t.test('a disk that is full ends the backup, and its connection goes on', async (t) => {
  const w = await world(t);
  const events = batch('large', 40).map((event) => ({ ...event, body: { text: randomBytes(45_000).toString('hex') } }));
  await ingest(w.db, scope, events, [...events.keys()]);
  const sql = connect(w.target, { max: 1, statementTimeout: 60_000 });
  t.teardown(() => sql.end());
  for (const room of [0, 100_000, 1_000_000]) {
    let left = room;
    const full = new Writable({
      write(chunk: Buffer, _encoding, done) {
        left -= chunk.length;
        setImmediate(() => done(left < 0 ? Object.assign(new Error('no space left'), { code: 'ENOSPC' }) : null));
      },
    });
    await t.rejects(dump(sql, full), { code: 'ENOSPC' }, `after ${room} bytes`);
  }
  const file = join(t.testdir(), 'whole.backup');
  t.ok((await dump(sql, createWriteStream(file))).rows > 40);
});

t.test('a backup of an older version is restored and brought up to date', async (t) => {
  const before = await old(t);
  const file = join(t.testdir(), 'old.backup');
  await dump(before.sql, createWriteStream(file));
  const { sql, target } = await empty(t);
  t.equal((await restore(sql, file)).head.migrations.length, 3);
  t.strictSame(await everything(sql), await everything(before.sql));
  t.ok((await migrate(sql)).length > 8);
  t.ok((await refoldPending(sql)) > 0);
  const db = openPool(target, { max: 2, statementTimeout: 60_000 });
  t.teardown(() => db.close());
  t.equal((await rebuild(db, null)).differed, 0);
});

t.test('the commands: while a service runs, killed in the middle, and nothing overwritten', async (t) => {
  const dir = t.testdir();
  const key = 'first:a-secret-that-is-long-enough';
  const env = { DATA_DIR: join(dir, 'data'), BOOTSTRAP_ACCOUNT: ACCOUNT, BOOTSTRAP_KEY: key, PORT: '0' };
  const run = (args: string[], more: Record<string, string> = {}) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [...main, ...args], {
      ...{ cwd: dir, encoding: 'utf8', env: { PATH: process.env.PATH, ...env, ...more } },
    });
    return { status, said: `${stdout}${stderr}` };
  };
  const serving = async (more: Record<string, string> = {}) => {
    const service = launch(process.execPath, [...main, 'serve'], dir, { ...env, ...more });
    t.teardown(() => service.child.kill('SIGKILL'));
    const listens = /listens on (http:\S+),/;
    await until(() => listens.test(service.said()) || service.child.exitCode !== null, service.said);
    return { service, url: listens.exec(service.said())?.[1] as string };
  };
  const ask = (url: string, path: string, body?: string) =>
    fetch(url + path, {
      ...(body === undefined ? {} : { method: 'POST', body }),
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    }).then((answer) => answer.json());
  const event = { id: '1', type: 'message', sender: 'user', time: '2024-01-08T10:00:00Z', conversation_id: 'kept' };
  const body = JSON.stringify({ events: [{ ...event, conversation: { bot_id: 'shop' } }] });

  t.match(run(['backup', 'a.backup']), { status: 1, said: /there is no database in .*data/ });
  const first = await serving();
  await ask(first.url, '/v1/events', body);
  const made = run(['backup', 'a.backup']);
  t.match(made, { status: 0, said: /^a\.backup: [\d,]+ rows of \d+ tables as of .*, .* MiB, in / });
  t.match(run(['backup', 'a.backup']), { status: 1, said: /a\.backup is there already, and no file is overwritten/ });
  t.match(run(['backup', 'no/a.backup']), {
    status: 1,
    said: /no\/a\.backup could not be written: its folder does not exist/,
  });
  t.match(run(['restore', 'a.backup']), {
    status: 1,
    said: /the database reports is not empty.* set DATA_DIR to a new folder/,
  });
  first.service.child.kill('SIGTERM');
  await first.service.ended;
  t.match(run(['backup', 'b.backup']), { status: 0 }, 'also of a service that is stopped');

  const elsewhere = { DATA_DIR: join(dir, 'elsewhere') };
  t.match(run(['restore', 'a.backup'], elsewhere), {
    status: 0,
    said: /^restored [\d,]+ rows as of .*, of version [\d.]+, in /,
  });
  const second = await serving(elsewhere);
  const { bots } = (await ask(second.url, '/v1/bots')) as { bots: { bot_id: string }[] };
  t.strictSame(
    bots.map(({ bot_id }) => bot_id),
    ['shop'],
    'it answers, with the key of the backup',
  );
  t.match(await ask(second.url, '/v1/events', body), { accepted: 0, duplicates: 1 });

  // Killed in the middle. A lock holds the backup, and a pipe the restore.
  const { sql, target } = await empty(t);
  const w = await world(t);
  const urlOf = async (to: typeof target) => {
    const way = await proxy(to);
    t.teardown(() => way.close());
    return `postgres://${to.username}@127.0.0.1:${way.target.port}/${to.database}`;
  };
  const start = (args: string[], url: string) =>
    spawn(process.execPath, [...main, ...args], { cwd: dir, env: { PATH: process.env.PATH, DATABASE_URL: url } });
  for (const [signal, partials] of [
    ['SIGKILL', 1],
    ['SIGTERM', 0],
  ] as const) {
    const url = await urlOf(w.target);
    const holder = connect(w.target, { max: 1, statementTimeout: 60_000 });
    await holder.begin(async (tx) => {
      await tx`lock table events in access exclusive mode`;
      const child = start(['backup', `${signal}.backup`], url);
      await untilActive(w.sql, 'lock table%', 'Lock');
      child.kill(signal);
      await once(child, 'exit');
    });
    await holder.end();
    t.notOk(existsSync(join(dir, `${signal}.backup`)), 'a backup that was killed has no name');
    t.equal(readdirSync(dir).filter((name) => name.startsWith(`.${signal}`)).length, partials, signal);
  }

  spawnSync('mkfifo', [join(dir, 'pipe')]);
  const child = start(['restore', 'pipe'], await urlOf(target));
  const pipe = await open(join(dir, 'pipe'), 'w');
  const bytes = readFileSync(join(dir, 'a.backup'));
  await pipe.write(bytes.subarray(0, bytes.length - 40));
  await untilActive(sql, 'copy%');
  child.kill('SIGKILL');
  await once(child, 'exit');
  await pipe.close();
  await until(
    async () => (await countTables(sql)) === 0,
    () => 'the half of a restore stays',
  );
  t.ok((await restore(sql, join(dir, 'a.backup'))).rows > 0, 'and it can be done again');
});
