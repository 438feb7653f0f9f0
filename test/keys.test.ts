import t from 'tap';
import { only } from '../src/database/rows.js';
import { ACCOUNT, ask, send, world } from './harness.js';

/** Keys over HTTP. That a restricted one reaches no further is also in isolation.test.ts. */

const OTHER = '00000000-0000-4000-8000-00000000000b';
const post = (payload: object) => ({ method: 'POST' as const, url: '/v1/keys', payload });
const idOf = (key: string) => String(Buffer.from(key.replace('Basic ', ''), 'base64')).split(':')[0] as string;
const basic = (key: string) => `Basic ${Buffer.from(key).toString('base64')}`;
const names = (body: { keys: { name: string }[] }) => body.keys.map(({ name }) => name).sort();

t.test('a key is created, shown once, used, listed and revoked', async (t) => {
  const w = await world(t);
  const [app, admin] = [await w.app(), await w.key()];
  const made = await ask(app, admin, post({ name: 'dashboard', permissions: ['read'], bot_ids: ['shop', 'shop'] }));
  t.equal(made.status, 201, made.text);
  t.equal(made.headers['cache-control'], 'no-store');
  const { key, ...shown } = made.body;
  t.equal(key.split(':')[0], shown.key_id);
  t.match(shown, { name: 'dashboard', permissions: ['read'], team_ids: null, bot_ids: ['shop'], revoked_at: null });
  t.match(shown.created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

  const me = await ask(app, `Bearer ${key}`, { url: '/v1/me' });
  t.match(me.body, { account_id: ACCOUNT, permissions: ['read'], bot_ids: ['shop'] });
  const list = await ask(app, admin, { url: '/v1/keys' });
  t.strictSame(list.body.keys[0], shown, 'newest first');
  t.notMatch(list.text, key.split(':')[1], 'without its secret');
  t.equal(list.body.keys.length, 2);

  const revoke = () => ask(app, admin, { method: 'DELETE', url: `/v1/keys/${shown.key_id}` });
  t.equal((await revoke()).status, 204);
  t.equal((await revoke()).status, 204, 'again changes nothing');
  const after = await ask(app, admin, { url: '/v1/keys' });
  t.strictSame(
    after.body.keys.map((one: { key_id: string }) => one.key_id),
    [idOf(admin), shown.key_id],
  );
  t.match(after.body.keys[1].revoked_at, /^\d{4}-/);
  const other = await w.app(); // one that has not cached the key
  t.equal((await ask(other, basic(key), { url: '/v1/me' })).status, 401);
});

t.test('only admin keys may, and none revokes itself', async (t) => {
  const w = await world(t);
  const [app, admin] = [await w.app(), await w.key()];
  for (const permissions of [['read'], ['write'], ['read', 'write']] as ('read' | 'write')[][]) {
    const key = await w.key({ permissions });
    t.equal((await ask(app, key, { url: '/v1/keys' })).status, 403);
    t.equal((await ask(app, key, post({ permissions: ['read'] }))).status, 403);
    t.equal((await ask(app, key, { method: 'DELETE', url: `/v1/keys/${idOf(admin)}` })).status, 403);
  }
  const own = await ask(app, admin, { method: 'DELETE', url: `/v1/keys/${idOf(admin)}` });
  t.equal(own.status, 403);
  t.match(own.body.detail, /does not revoke itself/);
  t.equal((await ask(app, admin, { method: 'DELETE', url: '/v1/keys/nobody' })).status, 404);
});

t.test('a restricted admin key stays within its reach', async (t) => {
  const w = await world(t);
  const app = await w.app();
  const whole = await w.key();
  const blue = await w.key({ team_ids: ['blue', 'red'] });
  const create = async (by: string, name: string, more: object) =>
    ask(app, by, post({ name, permissions: ['admin'], ...more }));
  for (const [name, more] of [
    ['wide', {}],
    ['shop', { bot_ids: ['shop'] }],
    ['red', { team_ids: ['red'] }],
    ['green', { team_ids: ['red', 'green'] }],
    ['red shop', { team_ids: ['red'], bot_ids: ['shop'] }],
  ] as const) {
    t.equal((await create(whole, name, more)).status, 201, name);
  }
  const strange = await w.key({ account_id: OTHER, team_ids: ['red'] });

  const everything = (await ask(app, whole, { url: '/v1/keys' })).body;
  t.strictSame(names(everything), ['green', 'red', 'red shop', 'shop', 'test', 'test', 'wide']);
  t.strictSame(names((await ask(app, blue, { url: '/v1/keys' })).body), ['red', 'red shop', 'test']);

  for (const [name, more, path] of [
    ['no teams', {}, '$.team_ids'],
    ['null', { team_ids: null }, '$.team_ids'],
    ['one more', { team_ids: ['red', 'green'] }, '$.team_ids'],
    ['only bots', { bot_ids: ['shop'] }, '$.team_ids'],
  ] as const) {
    const refused = await create(blue, name, more);
    t.equal(refused.status, 403, name);
    t.strictSame(
      refused.body.errors.map((one: { path: string }) => one.path),
      [path],
    );
    t.match(refused.body.errors[0].message, /restricted to blue, red/);
  }
  const child = await create(blue, 'child', { team_ids: ['red'], bot_ids: ['any'] });
  t.equal(child.status, 201);
  const grandchild = await create(basic(child.body.key), 'grandchild', { team_ids: ['blue'], bot_ids: ['any'] });
  t.equal(grandchild.status, 403, 'a key of a key is no way out');

  const id = (name: string) => everything.keys.find((one: { name: string }) => one.name === name).key_id;
  const revoke = (key_id: string) => ask(app, blue, { method: 'DELETE', url: `/v1/keys/${key_id}` });
  for (const out of [id('wide'), id('shop'), id('green'), idOf(whole), idOf(strange)]) {
    const answer = await revoke(out);
    const unknown = await revoke('zz');
    t.equal(answer.status, 404);
    t.equal(answer.body.detail.replace(out, ''), unknown.body.detail.replace('zz', ''), 'like an unknown one');
  }
  t.equal((await revoke(id('red shop'))).status, 204);
  const { active } = only(await w.sql`select count(*)::int as active from keys where revoked_at is null`);
  t.equal(active, 8, 'only that one is revoked');
});

t.test('faults are refused by their paths', async (t) => {
  const w = await world(t);
  const [app, admin] = [await w.app(), await w.key()];
  const refusals: [object | string, string[]][] = [
    [{}, ['$.permissions']],
    [{ permissions: [] }, ['$.permissions']],
    [{ permissions: ['all'] }, ['$.permissions']],
    [{ permissions: ['read'], teams: ['a'] }, ['$.teams']],
    [
      { permissions: 'read', name: 5, team_ids: [], bot_ids: [''] },
      ['$.name', '$.permissions', '$.team_ids', '$.bot_ids'],
    ],
    [{ permissions: ['read'], team_ids: Array.from({ length: 101 }, (_, n) => `t${n}`) }, ['$.team_ids']],
    ['{', ['$']],
    ['[]', ['$']],
  ];
  for (const [payload, paths] of refusals) {
    const headers = { 'content-type': 'application/json' };
    const { status, body } = await ask(app, admin, { ...post({}), headers, payload });
    t.equal(status, 400, JSON.stringify(payload));
    t.strictSame(
      body.errors.map((one: { path: string }) => one.path),
      paths,
    );
  }
  t.equal((await ask(app, admin, { url: '/v1/keys?all=true' })).status, 400);
  t.equal((await ask(app, admin, { method: 'DELETE', url: '/v1/keys/x?now=1' })).status, 400);
  t.equal(
    (await ask(app, admin, { ...post({}), headers: { 'content-type': 'text/plain' }, payload: 'x' })).status,
    415,
  );
  const { count } = only(await w.sql`select count(*)::int from keys`);
  t.equal(count, 1, 'nothing was created');
});

t.test('an account has a bounded number of keys, and a list of them too', async (t) => {
  const w = await world(t);
  const [app, admin] = [await w.app(), await w.key()];
  await w.sql`insert into keys (key_id, account_id, secret_hash, permissions)
    select 'many' || n, ${ACCOUNT}::uuid, ''::bytea, '{read}' from generate_series(1, 999) n`;
  const refused = await ask(app, admin, post({ permissions: ['read'] }));
  t.equal(refused.status, 400);
  t.match(refused.body.detail, /1000 active keys/);
  t.equal((await ask(app, admin, { url: '/v1/keys' })).headers['report-notice'], undefined);
  await w.sql`update keys set revoked_at = now() where key_id = 'many1'`;
  t.equal((await ask(app, admin, post({ permissions: ['write'] }))).status, 201);
  const list = await ask(app, admin, { url: '/v1/keys' });
  t.equal(list.body.keys.length, 1_000);
  t.match(list.headers['report-notice'], /more keys/);
  const event = { id: '1', type: 'message', sender: 'user', time: '2024-01-08T10:00:00Z', conversation_id: 'c' };
  t.equal((await send(app, admin, [event])).status, 200, 'and the service goes on');
});
