import t from 'tap';
import type { Event } from './fold/fold.js';
import { ask, world } from './harness.js';
import { fccEvents, fccExpected, fccMessages, skipFcc } from './tools/fcc.js';
import { isFull } from './tools/form.js';
import { rowOf, rowsOf } from './tools/graphql.js';
import { load } from './tools/load.js';
import { type StarMessage, skipStar, star, starEvents, starRows } from './tools/star.js';

const intervals = `query Q($from: timestamp, $to: timestamp, $span: interval) {
  rows: open_closed_sessions_interval_counts_v2(args: {start_time: $from, end_time: $to, interval_span: $span}) {
    date: per_interval closed_sessions open_sessions
  }
}`;

/** Groups in order of appearance. */
function groups<T>(items: T[], key: (item: T) => string): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const item of items) {
    const list = found.get(key(item));
    if (list === undefined) found.set(key(item), [item]);
    else list.push(item);
  }
  return found;
}

const skipLong = skipFcc || (isFull ? false : 'in the long form');

t.test('sessions, users and messages a channel of real conversations', { skip: skipLong }, async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const [messages, expected] = [fccMessages(), fccExpected()];
  await load(w.db, fccEvents(messages));
  const rows = await rowsOf(app, key, '{ sessions_per_channel { channel session_count user_count message_count } }');
  const column = (name: string) => Object.fromEntries(rows.map((row) => [row.channel, row[name]]));
  t.strictSame(column('session_count'), expected.conversations_by_channel);
  t.strictSame(column('message_count'), expected.messages_by_channel);

  // The user of a conversation is the first sender whom a message names.
  const users = new Map<string, Set<string>>();
  for (const of of groups(messages, ({ conversation_id }) => conversation_id).values()) {
    const first = of.find(({ user_id }) => user_id !== null)?.user_id;
    const channel = (of[0] as { channel: string }).channel;
    const set = users.get(channel) ?? new Set();
    users.set(channel, first == null ? set : set.add(first));
  }
  t.strictSame(column('user_count'), Object.fromEntries([...users].map(([channel, set]) => [channel, set.size])));
  t.comment(`${rows.length} channels, ${messages.length} messages`);
});

t.test('open and closed on real conversations', { skip: skipStar }, async (t) => {
  const w = await world(t, star);
  const key = await w.key();
  const conversations = groups(starEvents(), ({ conversation_id }) => conversation_id);
  // Every other conversation is closed a minute after its last event.
  const closes = [...conversations.values()]
    .filter((_, n) => n % 2 === 0)
    .map((of): Event => {
      const last = Math.max(...of.map(({ time }) => Date.parse(time)));
      const time = new Date(last + 60_000).toISOString();
      return { id: 'close', type: 'conversation.closed', time, conversation_id: of[0]?.conversation_id };
    });
  await load(w.db, closes);
  const closed = new Set(closes.map(({ conversation_id }) => conversation_id));

  const range = { from: '2020-05-12', to: '2020-05-28' };
  const now = Date.parse('2020-06-01T00:00:00Z');
  for (const [span, letters, bucket] of [
    ['1 day', 10, '1d'],
    ['1 hour', 13, '1h'],
  ] as const) {
    const counted = new Map<string, { closed: number; open: number }>();
    for (const [id, of] of conversations) {
      const [first] = of.map(({ time }) => time as string).sort();
      const start = String(first).slice(0, letters);
      const count = counted.get(start) ?? { closed: 0, open: 0 };
      count[closed.has(id) ? 'closed' : 'open']++;
      counted.set(start, count);
    }
    const never = await rowsOf(await w.app({ now, timeouts: '0' }), key, intervals, { ...range, span });
    const expected = never.map(({ date }) => {
      const { closed = 0, open = 0 } = counted.get(String(date).slice(0, letters)) ?? {};
      return { date, closed_sessions: closed, open_sessions: open };
    });
    t.strictSame(never, expected, `${span}: by closes alone`);
    const total = (rows: typeof never, name: string) => rows.reduce((sum, row) => sum + Number(row[name]), 0);
    t.equal(total(never, 'closed_sessions') + total(never, 'open_sessions'), conversations.size);

    const app = await w.app({ now, timeouts: '24h' });
    const day = await rowsOf(app, key, intervals, { ...range, span });
    t.equal(total(day, 'closed_sessions'), conversations.size, `${span}: after a day all are closed`);
    t.equal(total(day, 'open_sessions'), 0);

    const series = await ask(app, key, {
      url: '/v1/bots/star/conversations',
      query: { version: 'LIVE', start_time: range.from, end_time: range.to, bucket },
    });
    t.strictSame(
      day.map((row) => Number(row.closed_sessions) + Number(row.open_sessions)),
      series.body.data.series[0].values,
      `${span}: as the series dialect counts`,
    );
    t.comment(`${span}: ${day.length} intervals, ${total(never, 'closed_sessions')} of ${conversations.size} closed`);
  }
});

t.test('20 transcripts equal the raw rows', { skip: skipStar }, async (t) => {
  const w = await world(t, star);
  const [app, key] = [await w.app({ timeouts: '0' }), await w.key()];
  const all = [...groups(starRows<StarMessage>('messages'), ({ conversation_id }) => conversation_id)];
  const chosen = all.filter((_, n) => n % Math.floor(all.length / 20) === 0).slice(0, 20);
  let entries = 0;
  for (const [id, raw] of chosen) {
    const row = await rowOf(
      app,
      key,
      'query Q($id: String!) { get_session_content(args: {session_id: $id}) { messages participated_agents total_user_messages user_id } }',
      { id },
    );
    const told = (row.messages as Record<string, unknown>[]).map(({ time, event, message, agent_id }) => ({
      time,
      event,
      message,
      agent_id,
    }));
    const isUser = ({ sender_role }: StarMessage) => sender_role === 'user';
    const expected = raw.map((line) => ({
      time: line.time.replace('Z', ''),
      event: isUser(line) ? 'message:received' : 'message:agent_send',
      message: { text: line.text },
      agent_id: isUser(line) ? null : line.user_id,
    }));
    t.strictSame(told, expected, id);
    const agents = [...new Set(raw.filter((line) => !isUser(line)).map(({ user_id }) => user_id))];
    t.strictSame(row.participated_agents, agents.length === 0 ? null : agents, `${id}: agents`);
    t.equal(row.total_user_messages, raw.filter(isUser).length);
    t.equal(row.user_id, raw.find(isUser)?.user_id ?? null);
    entries += told.length;
  }
  t.equal(chosen.length, 20);
  t.comment(`${entries} messages`);
});
