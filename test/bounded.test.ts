import t, { type Test } from 'tap';
import type { Database } from '../src/database/database.js';
import { sorted } from '../src/routes/graphql/order.js';
import type { Event } from './fold/fold.js';
import { ACCOUNT, ask, type World, world } from './harness.js';
import { isFull } from './tools/form.js';
import { errorsOf, post, rowOf, rowsOf } from './tools/graphql.js';
import { load } from './tools/load.js';

/** They are about long lists and long conversations, which take long to make. */
const skip = !isFull && 'in the long form';

/** Counts rows and bytes that reads bring into the process. */
function watchReads(t: Test, db: Database) {
  const read = db.read;
  const seen = { rows: 0, bytes: 0 };
  db.read = async (query, weight) => {
    const rows = await read(query, weight);
    seen.rows = Math.max(seen.rows, rows.length);
    seen.bytes = Math.max(seen.bytes, JSON.stringify(rows).length);
    return rows;
  };
  t.teardown(() => {
    db.read = read;
  });
  return seen;
}

/** Rated conversations, written below ingest; each with a text of so many letters. */
const rate = ({ sql }: World, count: number, letters = 3) => sql`
  insert into conversations (account_id, conversation_id, bot_id, bot_version, brain_id, start_time, end_time, last_activity, rating, feedback, is_test)
  select ${ACCOUNT}::uuid, 'r' || n, 'bot ' || n % 7, (array['1', '12', 'LIVE', '007', null, '-3', '99999999999'])[1 + n % 7],
    'brain ' || n % 5, time, time, time, 1 + n % 5, case when n % 3 > 0 then left(repeat(md5(n::text), ${Math.ceil(letters / 32)}::int), ${letters}::int) end, n % 2 = 0
  from (select n, timestamptz '2024-01-08Z' + n / 2 * interval '1 second' as time from generate_series(1, ${count}::int) n) made`;

t.test('rated conversations are ordered and cut by the database', { skip }, async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const agents = ['zoe', 'ann', null, 'Émile', 'bob'];
  const events: Event[] = agents.flatMap((agent, n) =>
    agent === null
      ? []
      : [
          {
            id: `a${n}`,
            type: 'message',
            sender: 'agent',
            sender_id: agent,
            sender_name: `name of ${agents[(n + 2) % 5]}`,
            time: `2024-01-08T00:00:0${n}Z`,
            conversation_id: `r${2 * n + 1}`,
          },
        ],
  );
  await rate(w, 41);
  await w.sql`delete from conversations where conversation_id = any(${events.map((one) => one.conversation_id as string)})`;
  await load(w.db, [
    ...events,
    ...events.map(
      (one, n): Event => ({
        id: `r${n}`,
        type: 'rating',
        value: 1 + n,
        time: `2024-01-08T00:00:1${n}Z`,
        conversation_id: one.conversation_id as string,
      }),
    ),
  ]);
  const columns = 'agent_id agent_name brain_id brain_parent_id version rating feedback is_test';
  const list = (beside: string) => rowsOf(app, key, `{ rows: rating_feedback(${beside}) { ${columns} } }`);
  const all = await list('args: {}');
  t.equal(all.length, 41);
  const seen = watchReads(t, w.db);
  for (const column of columns.split(' ')) {
    for (const direction of ['asc', 'desc'] as const) {
      for (const nulls of ['first', 'last'] as const) {
        const expected = sorted(all, [{ column, direction, nulls }]).slice(3, 14);
        const found = await list(`limit: 11, offset: 3, order_by: [{${column}: ${direction}_nulls_${nulls}}]`);
        t.strictSame(found, expected, `${column} ${direction} nulls ${nulls}`);
      }
    }
  }
  t.equal(seen.rows, 11, 'no row but those of the page comes out of the database');
});

t.test('a list without a limit has at most 10,000 rows, and 32 MiB of texts', { skip }, async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  await rate(w, 10_000);
  const all = '{ rows: rating_feedback(args: {}) { rating } }';
  t.equal((await rowsOf(app, key, all)).length, 10_000);
  const seen = watchReads(t, w.db);
  await w.sql`insert into conversations (account_id, conversation_id, start_time, end_time, last_activity, rating)
    select ${ACCOUNT}::uuid, 'more' || n, now(), now(), now(), 3 from generate_series(1, 20) n`;
  const refused = await post(app, key, all);
  t.strictSame(errorsOf(refused), ['limit-exceeded $.selectionSet.rows.args.limit']);
  t.match(refused.body.errors[0].message, /page by page with limit and offset/);
  t.equal(seen.rows, 10_001, 'and not one more is read to know it');
  const last = '{ rows: rating_feedback(args: {}, limit: 100, offset: 10000) { rating } }';
  t.equal((await rowsOf(app, key, last)).length, 20, 'the way out');

  await w.sql`delete from conversations`;
  await rate(w, 1_000, 100_000);
  seen.bytes = 0;
  for (const list of ['rating_feedback', 'logs_sessions_preview_v2']) {
    const rich = await post(app, key, `{ rows: ${list}(args: {}) { rating } }`);
    t.strictSame(errorsOf(rich), ['limit-exceeded $.selectionSet.rows.args.limit'], list);
    t.match(rich.body.errors[0].message, /more than 32 MiB of texts/);
    t.ok(seen.bytes < 36e6, `${list}: ${seen.bytes} bytes of 67 million`);
    const page = await rowsOf(app, key, `{ rows: ${list}(args: {}, limit: 100, offset: 900) { feedback } }`);
    t.equal(page.length, 100, `${list}: page by page`);
  }
});

t.test('a long conversation in a list costs what is told of it', { skip }, async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const brain = (n: number) => `00000000-0000-4000-8000-00000000000${n}`;
  const COUNT = 12_000;
  const events = Array.from(
    { length: COUNT },
    (_, n): Event => ({
      id: `m${n}`,
      type: 'message',
      sender: 'bot',
      time: new Date(Date.UTC(2024, 0, 8) + n).toISOString(),
      conversation_id: 'long',
      tags: [`z${n % 3}`, 'a', `m${n % 5}`],
      rule_ids: [brain(n % 4)],
      ...(n % 2 ? { collection_id: `collection ${(n * 7) % 4}` } : {}),
      ...(n % 3 ? { brain_id: brain(n % 5), brain_version: n < 50 ? n : 9 } : {}),
    }),
  );
  await load(w.db, [
    ...events,
    {
      id: 'u',
      type: 'conversation.updated',
      time: '2024-01-08T00:00:00Z',
      conversation_id: 'long',
      conversation: { tags: ['own', 'm1'], brain_id: brain(3) },
    },
  ]);
  const seen = watchReads(t, w.db);
  const row = await rowOf(
    app,
    key,
    '{ logs_sessions_preview_v2(args: {}) { tags rule_ids participated_collections participated_brains } }',
  );
  t.ok(seen.bytes < 5_000, `${seen.bytes} bytes for ${COUNT} messages`);
  const each = (name: string) => events.flatMap((event) => (event[name as keyof Event] ?? []) as string[]);
  const distinct = (list: string[]) => [...new Set(list)];
  t.strictSame(row.tags, distinct(['own', 'm1', ...each('tags')]));
  t.strictSame(row.rule_ids, distinct(each('rule_ids')));
  t.strictSame(row.participated_collections, distinct(each('collection_id')));
  t.strictSame(row.participated_brains, [
    { brain_id: brain(3), brain_version: null, brain_parent_id: null },
    ...[1, 2, 4, 0].map((n) => ({ brain_id: brain(n), brain_version: n || 5, brain_parent_id: null })),
  ]);

  const many = Array.from({ length: 2_100 }, (_, n) => ({
    id: `t${n}`,
    type: 'message',
    tags: Array.from({ length: 100 }, (_, k) => `${n} ${k} `.padEnd(200, 'x')),
  }));
  await w.sql`insert into conversations (account_id, conversation_id, start_time, end_time, last_activity)
    values (${ACCOUNT}, 'rich', '2024-03-01Z', '2024-03-01Z', '2024-03-01Z')`;
  for (let n = 0; n < many.length; n += 300)
    await w.sql`insert into events (account_id, conversation_id, id, type, time, seq, body)
      select ${ACCOUNT}, 'rich', e->>'id', 'message', timestamptz '2024-03-01Z' + row_number() over () * interval '1 s', 0, e - 'id' - 'type'
      from jsonb_array_elements(${JSON.stringify(many.slice(n, n + 300))}::text::jsonb) e`;
  seen.bytes = 0;
  const rich = await post(app, key, '{ rows: logs_sessions_preview_v2(args: {start_time: "2024-03-01"}) { tags } }');
  t.strictSame(errorsOf(rich), ['limit-exceeded $.selectionSet.rows.args.limit']);
  t.ok(seen.bytes < 36e6, `${seen.bytes} bytes of 42 million`);
});

t.test('flows are bounded', { skip }, async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  await w.sql`insert into known_ids values (${ACCOUNT}, 'bot', 'shop')`;
  const steps = (from: number, to: number) => w.sql`
    with made as (select n, timestamptz '2024-01-08Z' + n * interval '1 ms' as time from generate_series(${from}::int, ${to}::int) n), kept as (
      insert into conversations (account_id, conversation_id, bot_id, bot_version, start_time, end_time, last_activity)
      select ${ACCOUNT}::uuid, 's' || n, 'shop', 'LIVE', time, time, time from made
    )
    insert into events (account_id, conversation_id, id, type, time, seq, body)
    select ${ACCOUNT}::uuid, 's' || n, 'e', 'step', time, 0, jsonb_build_object('to_step', jsonb_build_object('id', 's' || n, 'type', 'dialog'))
    from made`;
  await steps(1, 100_000);
  await w.sql`analyze conversations, events`;
  const range = 'version=LIVE&start_time=2024-01-08&end_time=2024-01-09';
  const nodes = () => ask(app, key, { url: `/v1/bots/shop/flows?${range}` });
  t.equal((await nodes()).body.nodes.length, 100_000);
  await steps(100_001, 100_005);
  const seen = watchReads(t, w.db);
  const refused = await nodes();
  t.equal(refused.status, 400);
  t.match(refused.body.errors, [{ path: 'end_time', message: /more than 100,000 numbers/ }]);
  t.equal(seen.rows, 100_001);

  await w.sql`
    insert into events (account_id, conversation_id, id, type, time, seq, body)
    select ${ACCOUNT}::uuid, 's1', 'more' || n, 'step', '2024-01-08Z', n, jsonb_build_object('to_step', jsonb_build_object('id', 'x', 'type', 'dialog'))
    from generate_series(1, 100_010) n`;
  const flow = await ask(app, key, { url: `/v1/bots/shop/conversations/s1/flow?${range}` });
  t.equal(flow.status, 400);
  t.match(flow.body.errors, [{ path: 'conversation_id', message: /GET \/v1\/conversations\/s1\?limit=1000/ }]);
  t.equal(seen.rows, 100_001);
});
