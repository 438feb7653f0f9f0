import t from 'tap';
import { keysCommand } from '../src/cli/keys.js';
import { accountsAtWork, erasureStep } from '../src/queries/erasure/step.js';
import { ACCOUNT, ask, world } from './harness.js';
import { proxy } from './proxy.js';

/** The audit trail tells who did what and when, within the reach of the key that asks, and never whom it concerned. */

const idOf = (key: string) => String(Buffer.from(key.replace('Basic ', ''), 'base64')).split(':')[0] as string;

t.test('each act has an entry, and a page is continued by its cursor', async (t) => {
  const w = await world(t);
  const app = await w.app();
  const key = await w.key();
  const me = idOf(key);
  const post = (url: string, payload: object) => ask(app, key, { method: 'POST', url, payload });
  const made = (await post('/v1/keys', { name: 'Ann Smith', permissions: ['read'], bot_ids: ['shop'] })).body.key_id;
  const link = (await post('/v1/links', { report: '/v1/bots?format=csv' })).body.link_id;
  const put = (preset: string) => ask(app, key, { method: 'PUT', url: '/v1/sources/desk', payload: { preset } });
  await put('chatwoot');
  await put('intercom');
  await ask(app, key, { method: 'DELETE', url: `/v1/links/${link}` });
  await ask(app, key, { method: 'DELETE', url: '/v1/sources/desk' });
  for (let n = 0; n < 2; n++) await ask(app, key, { method: 'DELETE', url: `/v1/keys/${made}` }); // the second changes nothing
  await ask(app, key, { url: '/v1/users/ann-17/export' });
  const { erasure_id } = (await ask(app, key, { method: 'DELETE', url: '/v1/users/ann-17' })).body;
  await ask(app, key, { method: 'DELETE', url: '/v1/users/ann-17' }); // is the same erasure
  while ((await accountsAtWork(w.db)).length > 0) await erasureStep(w.db, ACCOUNT);

  const refused = await ask(app, key, { method: 'DELETE', url: '/v1/keys/nobody' });
  t.equal(refused.status, 404);
  const { body, text } = await ask(app, key, { url: '/v1/audit' });
  const row = (action: string, subject: string | null, conversations: number | null = null) => {
    const isOurs = action === 'erasure.ended' || subject === me;
    return { action, done_by: isOurs ? 'service' : 'key', key_id: isOurs ? null : me, subject, conversations };
  };
  const expected = [
    row('key.created', me),
    row('key.created', made),
    row('link.created', link),
    row('source.created', 'desk'),
    row('source.changed', 'desk'),
    row('link.deleted', link),
    row('source.deleted', 'desk'),
    row('key.revoked', made),
    row('user.exported', null),
    row('erasure.requested', erasure_id),
    row('erasure.ended', erasure_id, 0),
  ].reverse();
  t.strictSame(
    body.entries.map(({ time: _, ...entry }: { time: string }) => entry),
    expected,
  );
  t.notMatch(text, /ann-17|Ann Smith/, 'nobody is named');

  const paged: object[] = [];
  for (let cursor = ''; cursor !== null; ) {
    const page = await ask(app, key, { url: `/v1/audit?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}` });
    t.ok(page.body.entries.length <= 2);
    paged.push(...page.body.entries);
    cursor = page.body.next_cursor;
  }
  t.strictSame(paged, body.entries, 'page by page it is the same');
  const bad = await ask(app, key, { url: '/v1/audit?cursor=MSAy!' });
  t.match(bad.body.errors, [{ path: 'cursor' }]);
  t.match((await ask(app, key, { url: '/v1/audit?limit=0&who=me' })).body.errors, [{ path: 'who' }, { path: 'limit' }]);
});

t.test('what several do at once is done once, and refused to nobody', async (t) => {
  const w = await world(t);
  const app = await w.app();
  const key = await w.key();
  const link = (await ask(app, key, { method: 'POST', url: '/v1/links', payload: { report: '/v1/bots' } })).body
    .link_id;
  const put = () => ask(app, key, { method: 'PUT', url: '/v1/sources/desk', payload: { preset: 'chatwoot' } });
  const times = Array.from({ length: 8 });
  const statuses = async (request: () => ReturnType<typeof ask>) =>
    (await Promise.all(times.map(request))).map(({ status }) => status).sort();
  t.strictSame(await statuses(put), [...Array(7).fill(200), 201]);
  const others = [204, ...Array(7).fill(404)];
  t.strictSame(await statuses(() => ask(app, key, { method: 'DELETE', url: '/v1/sources/desk' })), others);
  t.strictSame(await statuses(() => ask(app, key, { method: 'DELETE', url: `/v1/links/${link}` })), others);
  const again = await w.key();
  const revoked = await statuses(() => ask(app, key, { method: 'DELETE', url: `/v1/keys/${idOf(again)}` }));
  t.strictSame(revoked, Array(8).fill(204));
  const { body } = await ask(app, key, { url: '/v1/audit' });
  const ends = (body.entries as { action: string }[]).filter(({ action }) => /deleted|revoked/.test(action));
  t.equal(ends.length, 3, 'and each has one entry');
});

t.test('a key sees what is within its own reach', async (t) => {
  const w = await world(t);
  const app = await w.app();
  const wide = await w.key();
  const shop = await w.key({ bot_ids: ['shop', 'help'] });
  const help = await w.key({ bot_ids: ['help'] });
  const reader = await w.key({ permissions: ['read', 'write'] });
  const other = await w.key({ account_id: '00000000-0000-4000-8000-00000000000b' });
  await ask(app, wide, { method: 'DELETE', url: '/v1/users/ann' });
  const seenBy = async (key: string) => {
    const { body } = await ask(app, key, { url: '/v1/audit' });
    return body.entries.map((entry: { subject: string }) => entry.subject).reverse();
  };
  t.equal((await ask(app, reader, { url: '/v1/audit' })).status, 403);
  t.strictSame(await seenBy(help), [idOf(help)]);
  t.strictSame(await seenBy(shop), [idOf(shop), idOf(help)], 'neither the erasure nor wider keys');
  t.equal((await seenBy(wide)).length, 5);
  t.strictSame(await seenBy(other), [idOf(other)]);
});

t.test('the command keys is in it too', async (t) => {
  const w = await world(t);
  const app = await w.app();
  const key = await w.key();
  const listener = await proxy(w.target);
  t.teardown(() => listener.close());
  const before = process.env.DATABASE_URL;
  process.env.DATABASE_URL = `postgres://${w.target.username}@127.0.0.1:${listener.target.port}/${w.target.database}`;
  t.teardown(() => {
    if (before === undefined) delete process.env.DATABASE_URL;
    else process.env.DATABASE_URL = before;
  });
  let printed = '';
  const run = (...args: string[]) =>
    keysCommand((text) => {
      printed = text;
    }).parseAsync(args, { from: 'user' });
  await run('create', '--account', ACCOUNT, '--json');
  const { key_id } = JSON.parse(printed);
  await run('revoke', key_id);
  const { body } = await ask(app, key, { url: '/v1/audit?limit=2' });
  t.match(body.entries, [
    { action: 'key.revoked', done_by: 'command', key_id: null, subject: key_id },
    { action: 'key.created', done_by: 'command', key_id: null, subject: key_id },
  ]);
});
