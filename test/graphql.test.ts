import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { root } from '../src/root.js';
import { ACCOUNT, ask, send, world } from './harness.js';
import { errorsOf, post, rowsOf } from './tools/graphql.js';

const seeds = join(root, '../shared/seeds');
const noSeeds = existsSync(seeds) ? false : 'no ../shared/seeds here';

const DESK = 'd2be0283-9b53-4d7b-b77d-2650f3a1a99c';
const SESSION = '58be4fe7-96af-409b-8ae2-cf6b1c4b51a5';

/** A message of a user. */
const message = (id: string, conversation: object, more: object = {}) => ({
  id: 'm',
  type: 'message',
  sender: 'user',
  sender_id: `user of ${id}`,
  text: 'hi',
  time: '2024-01-08T10:00:00Z',
  conversation_id: id,
  conversation,
  ...more,
});

/** The parts of a vendor's page: its query, the variables of its quick start, its example response. */
function partsOf(page: string) {
  const text = readFileSync(join(seeds, page), 'utf8');
  const from = (start: number) => {
    let depth = 0;
    for (let at = start; at < text.length; at++) {
      if (text[at] === '{') depth++;
      if (text[at] === '}' && --depth === 0 && !/^\s*\{/.test(text.slice(at + 1))) return text.slice(start, at + 1);
    }
    throw new Error(`${page} breaks off`);
  };
  const query = from(/^query \w+\(/m.exec(text)?.index as number);
  const after = (mark: string) => JSON.parse(from(text.indexOf('{', text.indexOf(mark))));
  return { query, variables: after('Variables:'), response: after('Example response') };
}

t.test('the queries of the three pages, cut from the pages', { skip: noSeeds }, async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app({ now: Date.parse('2024-01-20T00:00:00Z') }), await w.key()];
  await send(app, key, [
    message(SESSION, { desk_id: DESK, channel: 'web', bot_id: 'shop', bot_version: '3', tags: ['kg'] }),
    { ...message(SESSION, {}), id: 'b', sender: 'bot', sender_id: null, time: '2024-01-08T10:00:01.034Z' },
    message('other', { desk_id: DESK, channel: 'viber' }),
  ]);

  const channels = partsOf('moveo-sessions-per-channel.txt');
  const counted = await post(app, key, channels.query, { ...channels.variables, accountId: ACCOUNT });
  t.strictSame(counted.body.data.rows, [
    { channel: 'viber', session_count: 1, user_count: 1, message_count: 1 },
    { channel: 'web', session_count: 1, user_count: 1, message_count: 2 },
  ]);
  t.strictSame(Object.keys(counted.body.data.rows[0]), Object.keys(channels.response.data.rows[0]));

  const intervals = partsOf('moveo-open-closed-sessions-interval.txt');
  const days = await post(app, key, intervals.query, intervals.variables);
  t.strictSame(days.body.data.rows[0], { closed_sessions: 2, open_sessions: 0, date: '2024-01-08T00:00:00' });
  t.equal(days.body.data.rows.length, 9, 'a row a day');
  t.strictSame(Object.keys(days.body.data.rows[0]), Object.keys(intervals.response.data.rows[0]));

  const content = partsOf('moveo-session-content.txt');
  const session = await post(app, key, content.query, content.variables);
  const [row] = session.body.data.get_session_content;
  const [sample] = content.response.data.get_session_content;
  t.strictSame(Object.keys(row).sort(), Object.keys(sample).sort(), 'columns key for key, nulls too');
  t.equal(row.external_user_id, null);
  for (const [n, entry] of sample.messages.entries()) {
    const missing = Object.keys(entry).filter((name) => !(name in row.messages[n]));
    t.strictSame(missing, [], `message ${n} has the page's keys`);
    t.strictSame(Object.keys(row.messages[n].message), Object.keys(entry.message));
  }
});

t.test('forms of array literals', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const names = ['web', 'a, b', 'say "hi"', 'back\\slash', '{}', 'NULL', 'ä b'];
  await send(
    app,
    key,
    names.map((channel, n) => message(`c${n}`, { channel, bot_version: String(n) })),
  );
  const query = `query Q($channels: _text, $versions: _int4) {
    rows: open_closed_sessions_interval_counts_v2(args: {
      start_time: "2024-01-08", end_time: "2024-01-09", channels: $channels, brain_versions: $versions
    }) { closed_sessions }
  }`;
  const count = async (variables: object) => (await rowsOf(app, key, query, variables))[0]?.closed_sessions;

  const good: [object, number][] = [
    [{}, 7],
    [{ channels: null }, 7],
    [{ channels: '{}' }, 0],
    [{ channels: ' { } ' }, 0],
    [{ channels: [] }, 0],
    [{ channels: '{web}' }, 1],
    [{ channels: '{ web , "a, b" }' }, 2],
    [{ channels: '{"say \\"hi\\"","back\\\\slash"}' }, 2],
    [{ channels: '{say \\"hi\\", ä b}' }, 2],
    [{ channels: '{"{}"}' }, 1],
    [{ channels: '{"NULL", web}' }, 2],
    [{ channels: ['NULL', '{}', 'a, b'] }, 3],
    [{ versions: '{0, 1,+2}' }, 3],
    [{ versions: [3, '4'] }, 2],
    [{ versions: 5 }, 1],
    [{ versions: '{}' }, 0],
    [{ channels: '{web}', versions: '{0}' }, 1],
    [{ channels: '{web}', versions: '{1}' }, 0],
  ];
  // Twice: the first time a document is interpreted, then it is compiled, and the two must agree.
  for (const round of ['first', 'again']) {
    for (const [variables, expected] of good) {
      t.equal(await count(variables), expected, `${JSON.stringify(variables)} ${round}`);
    }
  }

  const bad = [
    'web',
    '{web',
    'web}',
    '{web,}',
    '{,web}',
    '{a}b}',
    '{{a}}',
    '{"a}',
    '{"a"b}',
    '{null}',
    '{web, NULL }',
    7,
    true,
    ['web', null],
    [7],
    { a: 1 },
    '{a\u0000b}',
    ['\ud800'],
  ];
  for (const channels of bad) {
    for (const round of ['first', 'again']) {
      const answer = await post(app, key, query, { channels });
      t.equal(answer.status, 200);
      t.strictSame(errorsOf(answer), ['parse-failed $.variables.channels'], `${JSON.stringify(channels)} ${round}`);
    }
  }
  for (const versions of ['{one}', '{1.5}', '{2147483648}', '{""}', [null], [1.5], '1', 1.5]) {
    t.strictSame(
      errorsOf(await post(app, key, query, { versions })),
      ['parse-failed $.variables.versions'],
      `${versions}`,
    );
  }
  const literal = query.replace('$channels }', '"{a" }').replace('channels: $channels', 'channels: "{a"');
  t.strictSame(
    errorsOf(await post(app, key, literal.replace('$channels: _text, ', ''))),
    ['parse-failed $.selectionSet.rows.args.args.channels'],
    'in the document, the place is told there',
  );
});

t.test('an omitted and a null variable are alike, before a document is compiled and after', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  await send(app, key, [message('c', { channel: 'web', is_test: true })]);
  const query = `query Q($zone: String, $from: timestamp, $test: Boolean, $limit: Int, $order: [sessions_per_channel_order_by!]) {
    sessions_per_channel(args: {time_zone: $zone, start_time: $from, is_test: $test}, limit: $limit, order_by: $order) { channel }
  }`;
  const nulls = { zone: null, from: null, test: null, limit: null, order: null };
  for (const variables of [{}, nulls, {}, nulls, {}]) {
    t.strictSame(await rowsOf(app, key, query, variables), [{ channel: 'web' }]);
  }
});

t.test('limit, offset and order_by stand beside args', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const of = (channel: string | null, n: number) => message(`${channel} ${n}`, channel === null ? {} : { channel });
  await send(app, key, [of('b', 1), of('b', 2), of('a', 1), of('c', 1), of(null, 1)]);
  const channels = async (beside: string) =>
    (await rowsOf(app, key, `{ sessions_per_channel(${beside}) { channel } }`)).map(({ channel }) => channel);
  t.strictSame(await channels('args: {}'), ['b', 'a', 'c', null], 'by count, then name, a missing one last');
  t.strictSame(await channels('limit: 2, offset: 1'), ['a', 'c']);
  t.strictSame(await channels('limit: 0'), []);
  t.strictSame(await channels('offset: 9'), []);
  t.strictSame(await channels('order_by: {channel: desc}'), [null, 'c', 'b', 'a']);
  t.strictSame(await channels('order_by: [{channel: asc_nulls_first}], limit: 2'), [null, 'a']);
  t.strictSame(await channels('order_by: [{session_count: asc}, {channel: desc_nulls_last}]'), ['c', 'a', null, 'b']);
  const refusals: [string, string[]][] = [
    ['limit: -1, offset: -2', ['limit', 'offset']],
    ['order_by: [{channel: asc, session_count: desc}]', ['order_by[0]']],
    ['limit: -1, args: {time_zone: "Nowhere", account_id: "me"}', ['limit', 'args.time_zone', 'args.account_id']],
  ];
  for (const [beside, places] of refusals) {
    const answer = await post(app, key, `{ rows: sessions_per_channel(${beside}) { channel } }`);
    t.strictSame(
      errorsOf(answer),
      places.map((place) => `validation-failed $.selectionSet.rows.args.${place}`),
      beside,
    );
  }
});

t.test('of several operations the one that is named is run, however often the document came', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const query = 'query A { a: __typename } query B { b: __typename } fragment F on query_root { __typename }';
  for (const operationName of ['A', 'B', 'A', 'A', 'B', 'B']) {
    const payload = { query: query.replace(/fragment.*/, ''), operationName };
    const answer = await ask(app, key, { method: 'POST', url: '/v1/graphql', payload });
    t.strictSame(answer.body.data, { [operationName.toLowerCase()]: 'query_root' });
  }
});

t.test('a foreign account and a narrowed key see nothing of others', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  await send(app, key, [
    message('c1', { channel: 'web', bot_id: 'shop' }),
    message('c2', { channel: 'sms', bot_id: 'door' }),
  ]);
  const other = await w.key({ account_id: '00000000-0000-4000-8000-00000000000b' });
  const narrowed = await w.key({ bot_ids: ['shop'] });
  const channels = '{ sessions_per_channel { channel } }';
  const content = 'query Q($id: String!) { get_session_content(args: {session_id: $id}) { session_id } }';
  t.strictSame(await rowsOf(app, other, channels), []);
  t.strictSame(await rowsOf(app, other, content, { id: 'c1' }), []);
  t.strictSame(await rowsOf(app, narrowed, channels), [{ channel: 'web' }]);
  t.strictSame(await rowsOf(app, narrowed, content, { id: 'c1' }), [{ session_id: 'c1' }]);
  t.strictSame(await rowsOf(app, narrowed, content, { id: 'c2' }), []);
  for (const [account, expected] of [
    [ACCOUNT.toUpperCase(), 2],
    ['00000000-0000-4000-8000-00000000000b', 0],
    ['00000000-0000-4000-8000-0000000000ff', 0],
  ] as const) {
    const rows = await rowsOf(app, key, `{ sessions_per_channel(args: {account_id: "${account}"}) { channel } }`);
    t.equal(rows.length, expected, account);
  }
});
