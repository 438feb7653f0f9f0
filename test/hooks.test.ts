import { createHmac } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import t from 'tap';
import { ACCOUNT, ask, send, world } from './harness.js';

/** Sources: what other products send by webhooks. */

const NOW = Date.parse('2024-01-10T12:00:00Z');
const idOf = (key: string) => String(Buffer.from(key.replace('Basic ', ''), 'base64')).split(':')[0] as string;
const nothing = { accepted: 0, duplicates: 0, ignored: 0, failed: 0 };

const put = (app: FastifyInstance, key: string, name: string, payload: object) =>
  ask(app, key, { method: 'PUT', url: `/v1/sources/${name}`, payload });
const read = async (app: FastifyInstance, key: string, name: string) =>
  (await ask(app, key, { url: `/v1/sources/${name}` })).body;
const deliver = (app: FastifyInstance, url: string, payload: object | string, headers: Record<string, string> = {}) =>
  ask(app, null, { method: 'POST', url, payload, headers: { 'content-type': 'application/json', ...headers } });

/** A message as a product of our own would send it. */
const chat = (id: string, more: object = {}) => ({ id, at: '2024-01-08T10:00:00Z', chat: 'c1', from: 'in', ...more });
const mapping = {
  skip_if: { private: true },
  events: [
    {
      id: 'id',
      time: 'at',
      conversation_id: 'chat',
      sender: { from: 'from', values: { in: 'user', out: 'agent' } },
      text: 'text',
    },
  ],
};

t.test('a source is made, takes deliveries, tells of them, changes and ends', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app({ now: NOW }), await w.key()];
  const made = await put(app, key, 'chat', { mapping, set: { bot_id: 'shop' }, prefix: 'x-' });
  t.equal(made.status, 201, made.text);
  t.equal(made.headers['cache-control'], 'no-store');
  const { path, created_at, ...rest } = made.body;
  t.match(path, /^\/v1\/hooks\/[\w-]{43}$/);
  const fresh = { last_delivery_at: null, is_active: true, deliveries: 0, ...nothing };
  const said = { source: 'chat', key_id: idOf(key), preset: null, mapping, prefix: 'x-', set: { bot_id: 'shop' } };
  t.strictSame(rest, { ...said, signed_by: null, ...fresh });
  t.strictSame((await ask(app, key, { url: '/v1/sources' })).body, { sources: [{ ...rest, created_at }] });

  const outcome = async (payload: object | string) => (await deliver(app, path, payload)).body;
  t.strictSame(await outcome(chat('m1', { text: 'Hello' })), { ...nothing, accepted: 1 });
  t.strictSame(await outcome(chat('m1', { text: 'Hello' })), { ...nothing, duplicates: 1 }, 'twice changes nothing');
  t.strictSame(await outcome([chat('m2', { from: 'out' }), chat('m3')]), { ...nothing, accepted: 2 }, 'a list');
  t.strictSame(await outcome(chat('m4', { private: true })), { ...nothing, ignored: 1 });
  t.strictSame(await outcome([chat('m5', { at: 'soon' }), chat('m6')]), { ...nothing, accepted: 1, failed: 1 });
  t.strictSame(await outcome(chat('m'.repeat(300))), { ...nothing, failed: 1 }, 'what the service refuses');
  t.strictSame(await outcome('null'), { ...nothing, failed: 4 }, 'any JSON is answered');

  const shown = await read(app, key, 'chat');
  const { recent, ...counts } = shown;
  t.match(counts, {
    deliveries: 7,
    accepted: 4,
    duplicates: 1,
    ignored: 1,
    failed: 6,
    last_delivery_at: '2024-01-10T12:00:00.000Z',
  });
  t.match(recent[3], { time: '2024-01-10T12:00:00.000Z', ignored: ['left out by skip_if'], faults: [] });
  t.match(recent[2].faults, [/^time: "soon" is not a time/]);
  t.strictSame(JSON.parse(recent[2].body), [chat('m5', { at: 'soon' }), chat('m6')]);
  t.match(recent[1].faults, [/^message m{200}: id must be a text of 1 to 200/]);
  t.equal(recent.length, 4, 'what went well is not kept');
  const found = (await ask(app, key, { url: '/v1/conversations' })).body.conversations;
  t.match(found, [{ conversation_id: 'x-c1', bot_id: 'shop', message_count: 4 }]);

  const changed = await put(app, key, 'chat', { preset: 'chatwoot' });
  t.equal(changed.status, 200);
  t.match(changed.body, { preset: 'chatwoot', mapping: null, path: null, deliveries: 7, created_at });
  t.strictSame(await outcome({ event: 'webwidget_triggered' }), { ...nothing, ignored: 1 }, 'at the same address');
  t.equal((await ask(app, key, { method: 'DELETE', url: '/v1/sources/chat' })).status, 204);
  t.equal((await ask(app, key, { method: 'DELETE', url: '/v1/sources/chat' })).status, 404);
  t.equal((await ask(app, key, { url: '/v1/sources/chat' })).status, 404);
  t.equal((await deliver(app, path, {})).status, 404);
  t.equal((await put(app, key, 'chat', { mapping })).status, 201);
  t.strictSame((await read(app, key, 'chat')).recent, [], 'another source has nothing of it');
});

t.test('the last hundred are kept', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app({ now: NOW }), await w.key()];
  const { path } = (await put(app, key, 'chat', { mapping })).body;
  for (let n = 0; n < 130; n++) await deliver(app, path, chat(`m${n}`, { private: true }));
  const { recent, ignored } = await read(app, key, 'chat');
  t.equal(ignored, 130);
  t.strictSame(
    recent.map(({ body }: { body: string }) => JSON.parse(body).id),
    Array.from({ length: 100 }, (_, n) => `m${129 - n}`),
  );
  await deliver(app, path, { ...chat('m\0', { private: true }), text: `\0${'😀'.repeat(3_000)}` });
  t.equal((await read(app, key, 'chat')).recent[0].body.length, 4_000, 'no text is too odd or too long to be kept');
  t.equal((await w.sql`select count(*)::int as n from source_deliveries`)[0]?.n, 100);
});

t.test('signatures of each product', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app({ now: NOW }), await w.key()];
  const secret = 'a secret of the product';
  const body = JSON.stringify(chat('m1', { text: 'Zoë' }), null, 2); // signed as it is sent, whatever its form
  const time = '1704880000';
  const mac = (kind: string, text: string, form: 'hex' | 'base64' = 'hex') =>
    createHmac(kind, secret).update(text).digest(form);
  const signed: Record<string, Record<string, string>> = {
    chatwoot: { 'x-chatwoot-timestamp': time, 'x-chatwoot-signature': `sha256=${mac('sha256', `${time}.${body}`)}` },
    intercom: { 'x-hub-signature': `sha1=${mac('sha1', body)}` },
    meta: { 'x-hub-signature-256': `sha256=${mac('sha256', body)}` },
    slack: { 'x-slack-request-timestamp': time, 'x-slack-signature': `v0=${mac('sha256', `v0:${time}:${body}`)}` },
    zendesk: {
      'x-zendesk-webhook-signature-timestamp': time,
      'x-zendesk-webhook-signature': mac('sha256', `${time}${body}`, 'base64'),
    },
  };
  for (const [by, headers] of Object.entries(signed)) {
    const made = await put(app, key, by, { mapping, prefix: by, signature: { by, secret } });
    t.equal(made.body.signed_by, by);
    t.notMatch(made.text, secret, 'the secret is not shown');
    const { path } = made.body;
    t.strictSame((await deliver(app, path, body, headers)).body, { ...nothing, accepted: 1 }, by);
    for (const [what, sent, other] of [
      ['no signature', body, {}],
      ['another body', body.replace('m1', 'm2'), headers],
      [
        'another time',
        body,
        {
          ...headers,
          ...Object.fromEntries(
            Object.keys(headers)
              .filter((name) => /time/.test(name))
              .map((name) => [name, '1704880001']),
          ),
        },
      ],
      [
        'a shorter one',
        body,
        Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.slice(0, -1)])),
      ],
    ] as const) {
      if (what === 'another time' && !Object.keys(headers).some((name) => /time/.test(name))) continue;
      const answer = await deliver(app, path, sent, other);
      t.equal(answer.status, 403, `${by}: ${what}`);
      t.match(answer.body.detail, `the signature of ${by} is missing`);
    }
    t.match(await read(app, key, by), { deliveries: 1, accepted: 1, recent: [] });
  }
  const { path } = (await put(app, key, 'open', { preset: 'slack' })).body;
  const check = await deliver(app, path, { type: 'url_verification', token: 'x', challenge: 'say this' });
  t.strictSame(check.body, { ...nothing, challenge: 'say this' });
});

t.test('what is refused', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app({ now: NOW }), await w.key()];
  const { path } = (await put(app, key, 'chat', { mapping })).body;
  const refused = async (payload: string, headers = {}) => (await deliver(app, path, payload, headers)).status;
  t.equal(await refused('{'), 400);
  t.equal(await refused(''), 400);
  t.equal(await refused('a=b', { 'content-type': 'application/x-www-form-urlencoded' }), 415);
  t.equal(await refused(JSON.stringify('x'.repeat(11 * 1024 * 1024))), 413);
  t.equal((await deliver(app, `${path}?a=b`, {})).status, 400);
  t.equal((await ask(app, null, { url: path })).status, 405);
  t.equal((await deliver(app, `/v1/hooks/${'A'.repeat(43)}`, {})).status, 404);
  t.match(await read(app, key, 'chat'), { deliveries: 0 });

  const faults = async (payload: object, name = 'other') =>
    ((await put(app, key, name, payload)).body.errors as { path: string; message: string }[]).map(
      ({ path, message }) => `${path} ${message}`,
    );
  t.match(await faults({}), [/^\$ must have either preset/]);
  t.match(await faults({ preset: 'slack', mapping }), [/^\$ must have either preset/]);
  t.match(await faults({ preset: 'constructor' }), [/^\$\.preset must be one of botpress, .*twcs, zendesk$/]);
  t.match(await faults({ preset: 'whatsapp' }), [/^\$\.preset whatsapp reads files of text/]);
  t.match(await faults({ mapping: { events: [{ id: 'a' }] } }), [
    /^\$\.mapping\.events\[0\]\.time is needed/,
    /^\$\.mapping\.events\[0\]\.conversation_id is needed/,
    /^\$\.mapping\.events\[0\]\.sender is needed/,
  ]);
  t.match(await faults({ mapping: { events: [], 'x\0': 1 } }), [/^\$\.mapping has a text with U\+0000/]);
  t.match(await faults({ preset: 'slack', set: { bot_id: 3, colour: 'red' }, prefix: 7 }), [
    /^\$\.prefix must be/,
    /^\$\.set\.colour is not a known key/,
    /^\$\.set\.bot_id must be a text/,
  ]);
  t.match(await faults({ preset: 'slack', signature: { by: 'mars', secret: '' } }), [
    /^\$\.signature\.by must be one of/,
    /^\$\.signature\.secret must be/,
  ]);
  t.match(await faults({ preset: 'slack' }, 'a%20b'), [/^source /]);
  t.equal((await put(app, await w.key({ permissions: ['write'] }), 'other', { preset: 'slack' })).status, 403);
});

t.test('many conversations out of reach are left out at once', async (t) => {
  const w = await world(t);
  const [app, wide, narrow] = [await w.app({ now: NOW }), await w.key(), await w.key({ bot_ids: ['shop'] })];
  const theirs = Array.from({ length: 250 }, (_, n) => chat(`m${n}`, { chat: `other${n}` }));
  const other = (await put(app, wide, 'wide', { mapping, set: { bot_id: 'helpdesk' } })).body.path;
  t.equal((await deliver(app, other, theirs)).body.accepted, 250);
  const { path } = (await put(app, narrow, 'narrow', { mapping, set: { bot_id: 'shop' } })).body;
  const write = w.db.write;
  let writes = 0;
  w.db.write = (...given) => {
    writes++;
    return write(...given);
  };
  t.teardown(() => {
    w.db.write = write;
  });
  const { body } = await deliver(app, path, [...theirs.map((one) => ({ ...one, id: `${one.id}-again` })), chat('own')]);
  t.strictSame(body, { ...nothing, accepted: 1, failed: 250 });
  t.equal(writes, 3, 'all, then the rest, then the count: not once for each hundred');
});

t.test('a hook has the reach of its key, and ends with it', async (t) => {
  const w = await world(t);
  const [app, admin] = [await w.app({ now: NOW }), await w.key()];
  const narrow = await w.key({ bot_ids: ['shop'] });
  await send(app, admin, [
    {
      id: 'a',
      type: 'message',
      sender: 'user',
      time: '2024-01-08T09:00:00Z',
      conversation_id: 'theirs',
      conversation: { bot_id: 'help' },
    },
  ]);
  const { path } = (await put(app, narrow, 'chat', { mapping, set: { bot_id: 'shop' } })).body;
  const late = chat('m4', { at: '2024-03-01T10:00:00Z' });
  const sent = await deliver(app, path, [chat('m1'), chat('m2', { chat: 'theirs' }), chat('m3', { chat: 'c2' }), late]);
  t.strictSame(sent.body, { ...nothing, accepted: 2, failed: 2 });
  t.match((await read(app, narrow, 'chat')).recent[0].faults, [
    /^message m4: has bot_id at .* a restricted key may not send these/,
    'message m2: the conversation is not within the teams and bots of this key',
  ]);
  t.strictSame(
    (await deliver(app, (await put(app, narrow, 'bare', { mapping })).body.path, chat('m9', { chat: 'c9' }))).body,
    { ...nothing, failed: 1 },
  );

  await put(app, admin, 'wide', { mapping });
  t.match(
    (await ask(app, narrow, { url: '/v1/sources' })).body.sources.map(({ source }: { source: string }) => source),
    ['bare', 'chat'],
  );
  t.equal((await ask(app, narrow, { url: '/v1/sources/wide' })).status, 404);
  t.equal((await ask(app, narrow, { method: 'DELETE', url: '/v1/sources/wide' })).status, 404);
  t.equal((await put(app, narrow, 'wide', { mapping })).status, 403, 'its name is taken');
  t.equal((await ask(app, admin, { url: '/v1/sources' })).body.sources.length, 3, 'a wider key sees them');
  const stranger = await w.key({ account_id: ACCOUNT.replace(/a$/, 'b') });
  t.strictSame((await ask(app, stranger, { url: '/v1/sources' })).body, { sources: [] });
  t.equal((await put(app, stranger, 'chat', { mapping })).status, 201, 'names are those of an account');

  await ask(app, admin, { method: 'DELETE', url: `/v1/keys/${idOf(narrow)}` });
  t.equal((await deliver(app, path, chat('m5'))).status, 404, 'at once');
  t.equal((await read(app, admin, 'chat')).is_active, false);
  t.match((await put(app, admin, 'chat', { mapping })).body, { path: null, is_active: true, key_id: idOf(admin) });
  t.strictSame(
    (await deliver(app, path, chat('m5'))).body,
    { ...nothing, accepted: 1 },
    'and lives again with another',
  );
});
