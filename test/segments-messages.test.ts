/** Messages at their own times, in the segments of their conversations. */
import t from 'tap';
import type { Event } from './fold/fold.js';
import { ACCOUNT, world } from './harness.js';
import { asked, SMALL, starting } from './segments/days.js';
import { FIRST } from './segments/moving.js';
import { write } from './segments/race.js';
import { refreshAll } from './segments/roads.js';
import { differences } from './segments/scratch.js';

const DAY = 86_400_000;
const HOUR = 3_600_000;
const iso = (time: number) => new Date(time).toISOString();
const messages = { dataset: 'messages', bucket: '1h', group_by: ['bot_id', 'sender'], measures: ['messages', 'users'] };
const within = (from: number, to: number) => ({ ...messages, start_time: iso(from), end_time: iso(to) });

const says = (id: string, time: number, more: object = {}): Event => ({
  id: `m ${time}`,
  type: 'message',
  time: iso(time),
  conversation_id: id,
  sender: 'bot',
  sender_id: 'helper',
  text: 'hello',
  ...more,
});

const updated = (id: string, time: number, bot_id: string): Event => ({
  id: `u ${time}`,
  type: 'conversation.updated',
  time: iso(time),
  conversation_id: id,
  conversation: { bot_id },
});

t.test('messages long after and before the start of their conversation', async (t) => {
  const w = await world(t);
  await write(w.db, starting(FIRST, ['long', 'b', 'c', 'd']));
  await write(w.db, [
    says('long', FIRST + 90 * DAY + 1),
    says('long', FIRST + 90 * DAY + 20 * HOUR + 61_001),
    // Its start is said to be later than all of its messages.
    says('late', FIRST - 30 * DAY, { conversation: { bot_id: 'shop', start_time: iso(FIRST + 40 * DAY) } }),
    // The oldest and the newest that may be stored, in one segment.
    says('b', Date.parse('1900-01-01T00:00:00.000Z')),
    says('b', Date.parse('2199-12-31T23:59:59.999Z')),
  ]);
  await refreshAll(w.db, SMALL);
  const ranges: [number, number][] = [
    [FIRST + 90 * DAY, FIRST + 91 * DAY],
    [FIRST + 90 * DAY, FIRST + 90 * DAY + 1],
    [FIRST + 90 * DAY + 1, FIRST + 90 * DAY + 2],
    [FIRST + 90 * DAY + 20 * HOUR + 61_001, FIRST + 90 * DAY + 21 * HOUR],
    [FIRST + 89 * DAY, FIRST + 90 * DAY],
    [FIRST - 30 * DAY, FIRST - 29 * DAY],
    [FIRST - 31 * DAY, FIRST + 91 * DAY],
    [FIRST, FIRST + DAY],
    [FIRST + 40 * DAY, FIRST + 41 * DAY],
  ];
  for (const [from, to] of ranges) {
    t.equal(await asked(t, w, within(from, to)), 'stored');
    t.equal(await asked(t, w, { ...within(from, to), bucket: undefined, time_zone: 'Asia/Kathmandu' }), 'stored');
    t.equal(await asked(t, w, { ...within(from, to), group_by: ['hour_of_day', 'day_of_week'] }), 'stored');
  }
  const ever = { ...messages, start_time: '1900-01-01', end_time: '2199-12-31T23:59:59.999Z' };
  t.equal(await asked(t, w, { ...ever, bucket: '1y' }), 'stored');
  t.equal(await asked(t, w, { ...ever, bucket: undefined }), 'stored');
  t.strictSame((await differences(w.sql)).wrong, []);
});

t.test('a mark matters where messages of its conversations lie', async (t) => {
  const w = await world(t);
  const then = FIRST + 60 * DAY;
  await write(w.db, starting(FIRST, ['a', 'b', 'c']));
  await write(w.db, starting(FIRST + 10 * DAY, ['d', 'e', 'f']));
  await refreshAll(w.db, SMALL);
  t.equal(await asked(t, w, within(then, then + DAY)), 'stored');

  // A segment that had no message in the range has one now, of a day long before.
  await write(w.db, [says('a', then + HOUR)]);
  t.equal(await asked(t, w, within(then, then + DAY)), 'built');
  t.equal(await asked(t, w, within(then + HOUR, then + HOUR + 1)), 'built', 'at its very millisecond');
  t.equal(await asked(t, w, within(then + HOUR + 1, then + DAY)), 'stored', 'and not after it');
  t.equal(await asked(t, w, within(FIRST - DAY, FIRST)), 'stored', 'nor before the first');
  await refreshAll(w.db, SMALL);
  t.equal(await asked(t, w, within(then, then + DAY)), 'stored');

  // Its attributes change, and with them what its old messages count for.
  await write(w.db, [updated('a', then + DAY, 'other')]);
  t.equal(await asked(t, w, within(FIRST, FIRST + DAY)), 'built');
  t.equal(await asked(t, w, within(then, then + DAY)), 'built');
  t.equal(await asked(t, w, within(FIRST + 10 * DAY, FIRST + 11 * DAY)), 'built', 'it may have had a message there');
  t.equal(await asked(t, w, within(then + 2 * DAY, then + 3 * DAY)), 'stored');
  await refreshAll(w.db, SMALL);
  t.strictSame((await differences(w.sql)).wrong, []);

  // A conversation without messages concerns no message.
  await write(w.db, [updated('silent', then, 'shop')]);
  t.equal(await asked(t, w, within(then, then + DAY)), 'stored');
  // A mark that does not say where messages lie concerns all of them.
  await w.sql`insert into segment_marks (account_id, bot_id, hour) values (${ACCOUNT}, 'shop', ${iso(FIRST)}::timestamptz)`;
  t.equal(await asked(t, w, within(then, then + DAY)), 'built');
});

t.test('who wrote a message', async (t) => {
  const w = await world(t);
  await write(w.db, starting(FIRST, ['a', 'b', 'c']));
  await write(w.db, [
    says('a', FIRST + 1),
    says('a', FIRST + 2, { sender: 'agent', sender_id: 'mia' }),
    says('a', FIRST + 3, { sender: 'user', sender_id: 'somebody else' }),
    says('b', FIRST + 4, { sender: 'agent', sender_id: null }),
  ]);
  await refreshAll(w.db, SMALL);
  const by = (sender: string | string[]) => ({
    ...within(FIRST, FIRST + DAY),
    filter: { type: 'in', dimension: 'sender', values: [sender].flat() },
    group_by: ['sender_id'],
  });
  t.equal(await asked(t, w, by('agent')), 'stored');
  t.equal(await asked(t, w, by(['agent', 'bot'])), 'stored');
  t.equal(await asked(t, w, by(['agent', 'user'])), 'raw', 'segments have the authors of bots and agents alone');
  t.equal(await asked(t, w, { ...by('agent'), filter: undefined }), 'raw');
  const users = ['users', { aggregate: 'distinct', of: 'user_id' }, 'conversations'];
  t.equal(await asked(t, w, { ...within(FIRST, FIRST + DAY), measures: users }), 'stored');
  const wrote = { type: 'selector', dimension: 'user_id', value: 'somebody else' };
  t.equal(await asked(t, w, { ...within(FIRST, FIRST + DAY), filter: wrote }), 'stored');
});

t.test('a segment is not built by a process that does not know its layout', async (t) => {
  const w = await world(t);
  await write(w.db, starting(FIRST, ['a', 'b', 'c']));
  await refreshAll(w.db, SMALL);
  // As the versions before store the segments that they build.
  const unknown = w.sql`
    insert into conversation_segments (account_id, bot_id, from_time, to_time, version, row_count)
    select account_id, bot_id, from_time, to_time, 0, 0 from conversation_segments
    on conflict (account_id, bot_id, from_time) do nothing`;
  await t.rejects(unknown, { code: '23502', column_name: 'layout' });
  const former = w.sql`
    insert into conversation_segments (account_id, bot_id, from_time, to_time, version, row_count, layout)
    select account_id, bot_id, from_time, to_time, 0, 0, 2 from conversation_segments
    on conflict (account_id, bot_id, from_time) do nothing`;
  await t.rejects(former, { code: '23514', constraint_name: 'conversation_segments_layout' });
});
