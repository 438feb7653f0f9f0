import t from 'tap';
import { csv } from '../src/http/csv.js';
import { disposition } from '../src/http/file-name.js';
import { EVER } from '../src/queries/time/window.js';
import { ask, send, world } from './harness.js';

t.test('what a spreadsheet would run is made a text, and nothing else is changed', async (t) => {
  const cell = (value: string | number | boolean | null) => csv(['x'], [[value]]).slice('x\r\n'.length, -'\r\n'.length);
  const guarded = ['=1+1', '=cmd|x', '@SUM(A1)', '+1+1', '-1*2', '+A1', '-', '+', '+1.5e3', '-1/2', '+358 40 123 (4)'];
  for (const text of guarded) t.equal(cell(text), `'${text}`, text);
  for (const text of ['+358 40 1234567', '+358-40-123.4567', '-5', '+1', '-1.5', '+49 30 1-2', '358', 'a=1', 'a-b']) {
    t.equal(cell(text), text, text);
  }
  t.equal(cell('\t=1'), "'\t=1");
  t.equal(cell('\r=1'), `"'\r=1"`, 'before quoting');
  t.equal(cell('+358\r\n=1'), `"'+358\r\n=1"`, 'a telephone number is one line');
  t.equal(cell('+358\t1'), "'+358\t1");
  t.equal(cell('=a,"b"'), `"'=a,""b"""`);
  for (const value of [-5, -1.5, 0, true]) t.equal(cell(value), String(value));
  t.equal(cell(null), '');
  t.equal(csv(['=x', '+1'], []), "'=x,+1\r\n", 'of columns too');
});

t.test('files are named after the report and its range', async (t) => {
  const day = (text: string) => Date.parse(`${text}T00:00:00Z`);
  const range = { from: day('2024-01-01'), to: day('2024-02-01'), zone: 'UTC' };
  const name = (url: string, window?: object, more = {}) =>
    /^attachment; filename="([\w.-]+)"$/.exec(
      disposition(url, { ...more, ...(window ? { window } : {}) } as object),
    )?.[1];
  const [bot, team] = ['/v1/bots/:bot_id', '/v1/teams/:team_id'];
  t.equal(name(`${bot}/conversations`, range), 'conversations-2024-01-01-to-2024-02-01.csv');
  t.equal(name(`${bot}/conversations/insights`, range), 'conversations-insights-2024-01-01-to-2024-02-01.csv');
  t.equal(name(`${bot}/flows/:step_id/edges`, range), 'flows-edges-2024-01-01-to-2024-02-01.csv');
  t.equal(name(`${team}/voice_minutes`, range), 'voice-minutes-2024-01-01-to-2024-02-01.csv');
  t.equal(name('/api/reporting/v1/orgs/:organization_id/chat_sessions'), 'chat-sessions.csv');
  t.equal(name('/v1/bots'), 'bots.csv');
  t.equal(name('/v1/query', range, { name: 'messages' }), 'messages-2024-01-01-to-2024-02-01.csv');
  t.equal(name('/v1/conversations', { ...range, to: EVER.to }), 'conversations-from-2024-01-01.csv');
  t.equal(name('/v1/conversations', { ...range, from: EVER.from }), 'conversations-to-2024-02-01.csv');
  t.equal(name('/v1/conversations', { ...EVER, zone: 'UTC' }), 'conversations.csv');
  const inHelsinki = {
    from: Date.parse('2023-12-31T22:00:00Z'),
    to: Date.parse('2024-01-01T07:15:30Z'),
    zone: 'Europe/Helsinki',
  };
  t.equal(name(`${bot}/users`, inHelsinki), 'users-2024-01-01-to-2024-01-01T091530.csv', 'in the zone of the report');
});

t.test('every CSV has its name, and a byte-order mark where one is asked for', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const event = { id: '1', type: 'message', sender: 'user', time: '2024-01-08T10:00:00Z', conversation_id: 'c' };
  await send(app, key, [{ ...event, conversation: { bot_id: 'shop', bot_version: 'LIVE', user_name: '=Zoë' } }]);
  const range = 'version=LIVE&start_time=2024-01-08&end_time=2024-01-09&bucket=1d';
  for (const [url, named] of [
    [`/v1/bots/shop/conversations?${range}`, 'conversations-2024-01-08-to-2024-01-09.csv'],
    ['/v1/bots?', 'bots.csv'],
    ['/v1/conversations?', 'conversations.csv'],
    ['/v1/conversations?limit=5&start_time=2024-01-08', 'conversations-from-2024-01-08.csv'],
  ]) {
    const plain = await ask(app, key, { url: `${url}&format=csv` });
    t.equal(plain.headers['content-disposition'], `attachment; filename="${named}"`, url ?? '');
    t.equal((await ask(app, key, { url: `${url}&format=csv&bom=true` })).text, `\uFEFF${plain.text}`);
    t.equal((await ask(app, key, { url: `${url}&format=csv&bom=false` })).text, plain.text);
    const head = await ask(app, key, { method: 'HEAD', url: `${url}&format=csv` });
    t.equal(head.headers['content-disposition'], `attachment; filename="${named}"`);
    const json = await ask(app, key, { url: `${url}&bom=true` });
    t.equal(json.headers['content-disposition'], undefined, 'JSON is shown');
    t.equal(json.text[0], '{');
  }
  t.match((await ask(app, key, { url: '/v1/conversations?format=csv' })).text, ",'=Zoë,");
  const refused = await ask(app, key, { url: '/v1/bots?bom=yes' });
  t.match(refused.body.errors[0], { path: 'bom', message: 'must be one of true, false' });
  const missing = await ask(app, key, { url: `/v1/bots/nobody/conversations?${range}&format=csv` });
  t.equal(missing.headers['content-disposition'], undefined, 'a problem is no file');
});
