import { createHash } from 'node:crypto';
import { createServer, connect as dial, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';
import t, { type Test } from 'tap';
import postgres from '#postgres';
import { root } from '../src/root.js';
import { random } from './fold/events.js';
import { world } from './harness.js';
import { proxy } from './proxy.js';

/** What arrives on a connection of the driver is read into room that is used again (src/database/driver/incoming.mjs). */

interface Incoming {
  bytes: Buffer;
  begin: number;
  end: number;
  room(least?: number): Buffer;
  next(): Buffer | null;
}
const { Incoming } = (await import(join(root, 'src/database/driver/incoming.mjs'))) as { Incoming: new () => Incoming };
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000_000);
const { target } = await world(t);

/** A message of the protocol with so many bytes of content. */
function message(size: number, fill: number): Buffer {
  const bytes = Buffer.alloc(size + 5, fill);
  bytes.writeUInt32BE(size + 4, 1);
  return bytes;
}

t.test(`messages come out as they went in, however they are cut (SEED=${seed} repeats them)`, async (t) => {
  const r = random(seed);
  for (const [kind, most] of [
    ['short', 40],
    ['of the size of a read', 140_000],
    ['long', 3_000_000],
  ] as const) {
    const sent = Array.from({ length: most > 1e6 ? 12 : 200 }, (_, n) => message(r.below(most), n % 256));
    const stream = Buffer.concat(sent);
    const incoming = new Incoming();
    let [at, n] = [0, 0];
    const wrong: number[] = [];
    while (at < stream.length) {
      const room = r.chance(0.3) ? incoming.room(1 + r.below(100_000)) : incoming.room();
      const size = Math.min(1 + r.below(r.chance(0.5) ? 20 : 200_000), room.length, stream.length - at);
      stream.copy(room, 0, at, at + size);
      [at, incoming.end] = [at + size, incoming.end + size];
      for (let next = incoming.next(); next !== null; next = incoming.next()) {
        if (!next.equals(sent[n] as Buffer)) wrong.push(n);
        n++;
      }
    }
    t.strictSame([n, wrong], [sent.length, []], `messages that are ${kind}`);
    t.equal(incoming.begin, incoming.end, 'nothing is left');
    incoming.room();
    t.ok(incoming.bytes.length <= 1024 * 1024, `${incoming.bytes.length} bytes are kept`);
  }
});

/** Numbers and texts of very different lengths, and null. */
const rows = (sql: postgres.Sql) =>
  sql<{ n: number; word: string | null }[]>`
    select n, case when n % 7 = 0 then null else repeat(chr(97 + n % 26), n * n % 4999) end as word
    from generate_series(1, 3000) n`;

const wordOf = (n: number) => (n % 7 === 0 ? null : String.fromCharCode(97 + (n % 26)).repeat((n * n) % 4999));

/** Every way to take a result. */
async function holds(t: Test, sql: postgres.Sql): Promise<void> {
  const whole = Array.from({ length: 3000 }, (_, n) => ({ n: n + 1, word: wordOf(n + 1) }));
  t.strictSame([...(await rows(sql))], whole, 'a list');
  const raw = (await rows(sql).raw()) as unknown as [Buffer, Buffer | null][];
  t.strictSame(
    raw.map(([n, word]) => ({ n: n.readInt32BE(0), word: word?.toString() ?? null })),
    whole,
    'a raw list, read when all has arrived',
  );
  const each: { n: number; word: string | null }[] = [];
  await rows(sql)
    .raw()
    .forEach((row) => {
      const [n, word] = row as unknown as [Buffer, Buffer | null];
      each.push({ n: n.readInt32BE(0), word: word?.toString() ?? null });
    });
  t.strictSame(each, whole, 'raw rows, one by one');
  const long = 5_000_000;
  t.equal((await sql`select repeat('é', ${long}::int) as word`)[0]?.word.length, long, 'a row of ten megabytes');
  const copied = await sql`copy (select n, repeat('x', n % 5000) from generate_series(1, 3000) n) to stdout`.readable();
  const hash = createHash('sha256');
  for (const chunk of await slowly(copied)) hash.update(chunk);
  const lines = Array.from({ length: 3000 }, (_, n) => `${n + 1}\t${'x'.repeat((n + 1) % 5000)}\n`);
  t.equal(hash.digest('hex'), createHash('sha256').update(lines.join('')).digest('hex'), 'a COPY that is read slowly');
}

/** All chunks of a stream, looked at when the last has arrived. */
async function slowly(stream: AsyncIterable<Buffer>): Promise<Buffer[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) if (chunks.push(chunk) % 500 === 0) await delay(1);
  return chunks;
}

function pool(t: Test, to: object): postgres.Sql {
  const sql = postgres({ ...target, ...to, max: 1, onnotice: () => {} } as never);
  t.teardown(() => sql.end({ timeout: 0 }));
  return sql;
}

t.test('results over the network', (t) => holds(t, pool(t, {})));

t.test('results that arrive in pieces', async (t) => {
  const way = await proxy(target, {
    down: async (data, { client }) => {
      for (let at = 0; at < data.length; at += 40_001) client.write(data.subarray(at, at + 40_001));
      return false;
    },
  });
  t.teardown(() => way.close());
  await holds(t, pool(t, way.target));
});

t.test('results over TLS', async (t) => {
  // Without a certificate, which this version of the protocol can do.
  const secure = { ciphers: 'AECDH-AES256-SHA:@SECLEVEL=0', minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const;
  const sockets = new Set<Socket>();
  const listener = createServer((client) => {
    sockets.add(client);
    client.on('error', () => {});
    client.once('data', () => {
      client.pause();
      client.write('S');
      const { host, port } = target;
      const server = host.startsWith('/') ? dial(`${host}/.s.PGSQL.${port}`) : dial(port, host);
      const inside = new TLSSocket(client, { isServer: true, ...secure });
      inside.on('error', () => server.destroy());
      server.on('error', () => inside.destroy());
      inside.pipe(server).pipe(inside);
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    listener.close();
  });
  const { port } = listener.address() as { port: number };
  const ssl = { ...secure, rejectUnauthorized: false, checkServerIdentity: () => undefined };
  await holds(t, pool(t, { host: '127.0.0.1', port, ssl }));
});

t.test('a connection that is lost within a result leaves nothing to the next', async (t) => {
  let passed = 0;
  const way = await proxy(target, {
    down: (data, { client }) => {
      passed += data.length;
      if (passed < 300_000) return true;
      client.write(data.subarray(0, 7));
      client.destroy();
      return false;
    },
  });
  t.teardown(() => way.close());
  const sql = pool(t, way.target);
  await t.rejects(rows(sql).execute(), { code: 'CONNECTION_CLOSED' });
  way.down = undefined;
  t.strictSame([...(await sql`select 1 as n`)], [{ n: 1 }]);
  await holds(t, sql);
});
