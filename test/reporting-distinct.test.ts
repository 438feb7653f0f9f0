import t from 'tap';
import { ACCOUNT, world } from './harness.js';
import { report } from './reporting/ask.js';
import { isFull, isTimed } from './tools/form.js';

/** How many values there are. A million takes a minute to put in, and is left to a machine with nothing else to do. */
const sizes = [0, 1, 50, 1_000, ...(isFull ? [100_000] : [30_000]), ...(isTimed ? [1_000_000] : [])];

const HOUR = 3_600_000;
const start = Date.parse('2024-01-08');
const hour = (n: number) => new Date(start + n * HOUR).toISOString();

t.test('distinct counts are exact at every size', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  // An hour for each size n: n conversations, with n visitors and n + 1 sessions among them, each named several times.
  for (const [n, size] of sizes.entries()) {
    await w.sql`
      insert into conversations (account_id, conversation_id, start_time, user_messages, visitor_ids, visitor_session_ids)
      select ${ACCOUNT}::uuid, ${`c${n}-`} || i, ${hour(n)}::timestamptz + i * interval '1 ms', 2,
        array['visitor-' || i, 'visitor-' || (i + 1) % ${size}::integer, 'visitor-' || i * 7919::bigint % ${size}::integer],
        array['session-' || i, 'session-' || i + 1]
      from generate_series(0, ${size}::integer - 1) i`;
  }
  await w.sql`
    insert into segment_marks (account_id, bot_id, hour)
    select distinct account_id, '', date_bin('1 hour', start_time, timestamptz '0001-01-01Z') from conversations`;
  await w.sql`vacuum analyze conversations`;

  for (const [n, size] of sizes.entries()) {
    const interval = { start: hour(n), end: hour(n + 1) };
    const filters = { type: 'selector', dimension: 'scope', value: 'org' };
    const timed = async (aggregations: object[]) => {
      const started = performance.now();
      const answer = await report(app, key, { interval, filters, aggregations });
      return { took: performance.now() - started, cells: answer.body.data[0].slice(1) };
    };
    const plain = async (query: string) => {
      const started = performance.now();
      const [row] = await w.sql.unsafe(`select count(distinct v) as n from conversations c ${query}
        and c.start_time >= '${interval.start}' and c.start_time < '${interval.end}'`);
      return { took: performance.now() - started, count: row?.n };
    };
    const single = await timed([{ type: 'hyperUnique', fields: ['chat_session_id'] }]);
    const many = await timed([{ type: 'hyperUnique', fields: ['visitor_ids'] }]);
    const plainSingle = await plain('cross join lateral (select c.conversation_id as v) v where true');
    const plainMany = await plain('cross join lateral unnest(c.visitor_ids) v where true');
    t.strictSame([single.cells, many.cells], [[size], [size]], `${size} values`);
    t.strictSame([plainSingle.count, plainMany.count], [size, size]);
    const all = await timed([
      { type: 'count' },
      { type: 'distinctCount', fields: ['visitor_ids', 'visitor_session_ids', 'chat_session_id'] },
      { type: 'sum', fields: ['visitor_message_count'] },
    ]);
    t.strictSame(all.cells, [size, size, size && size + 1, size, 2 * size], `${size}: beside other numbers`);
    const ms = (took: number) => `${took.toFixed(0)} ms`;
    t.comment(
      `${size}: single ${ms(single.took)} (plain ${ms(plainSingle.took)}), of lists ${ms(many.took)} (plain ${ms(plainMany.took)}), five numbers ${ms(all.took)}`,
    );
  }
});

t.test('100,000 numbers are an answer, one more is refused', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const fill = (from: number, to: number) => w.sql`
    insert into conversations (account_id, conversation_id, start_time)
    select ${ACCOUNT}::uuid, 'c' || lpad(i::text, 6, '0'), ${hour(0)}::timestamptz from generate_series(${from}::integer, ${to}::integer) i`;
  await fill(1, 50_000);
  const sums = { type: 'sum', fields: ['sales'] };
  const ask = (aggregations: object[]) =>
    report(app, key, {
      filters: { type: 'selector', dimension: 'scope', value: 'org' },
      group_by: ['chat_session_id'],
      aggregations,
    });
  const most = await ask([{ type: 'count' }, sums]);
  t.equal(most.body.data.length, 50_000);
  t.strictSame(most.body.data.at(-1), ['2024-01-08T00:00:00.000Z', 'c050000', 1, 0]);
  await fill(50_001, 50_001);
  const over = await ask([{ type: 'count' }, sums]);
  t.strictSame([over.status, over.body.errors[0].path], [400, '$.group_by']);
  t.match(over.body.errors[0].message, /100,000 numbers/);
  t.equal((await ask([{ type: 'count' }])).body.data.length, 50_001, 'with one number a row it is an answer');
});
