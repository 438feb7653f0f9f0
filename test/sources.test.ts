import t from 'tap';
import { compile } from '../src/sources/compile.js';
import { idFrom } from '../src/sources/ids.js';
import { type Mapping, parseMapping } from '../src/sources/mapping.js';
import { isTimeFormat, timeFrom } from '../src/sources/times.js';

function mappingOf(value: unknown): Mapping {
  const parsed = parseMapping(value);
  if ('faults' in parsed) throw new Error(JSON.stringify(parsed.faults));
  return parsed.mapping;
}

const faultsOf = (value: unknown) => {
  const parsed = parseMapping(value);
  return 'faults' in parsed ? parsed.faults.map(({ path, message }) => `${path.join('.')}: ${message}`) : [];
};

t.test('a record becomes events: nested paths, words, constants, ids of their own', async (t) => {
  const source = compile(
    'tickets',
    mappingOf({
      time_zone: 'Europe/Berlin',
      prefix: 'desk-',
      skip_if: { status: ['spam', 'deleted'] },
      events: [
        {
          each: 'comments[]',
          when: { public: true },
          id_from: ['conversation_id', 'time', 'sender', 'text'],
          time: 'created_at',
          conversation_id: '$.id',
          sender: { from: 'author.role', values: { agent: 'agent', 'end-user': 'user' }, else: 'bot' },
          sender_id: 'author.id',
          text: 'body',
          conversation: {
            channel: { const: 'email' },
            tags: '$.tags[]',
            user_name: { from: ['$.requester.name', '$.requester.mail'] },
          },
        },
        {
          type: 'note',
          each: 'comments[]',
          when: { public: false },
          id: { join: ['$.id', 'id'] },
          time: 'created_at',
          conversation_id: '$.id',
          text: 'body',
        },
        {
          type: 'conversation.closed',
          when: { solved_at: true },
          id: { join: ['id', 'status'], with: '/' },
          time: 'solved_at',
          conversation_id: 'id',
        },
      ],
    }),
  );
  const record = {
    id: 7,
    status: 'solved',
    tags: ['vip', 3],
    requester: { name: null, mail: 'a@example.com' },
    solved_at: '2024-01-08 12:00:00',
    comments: [
      { id: 1, public: true, created_at: '2024-01-08T09:00:00Z', author: { id: 5, role: 'end-user' }, body: 'Hello' },
      { id: 2, public: true, created_at: '2024-01-08 10:30', author: { id: 'a1', role: 'agent' }, body: 'Hi' },
      { id: 3, public: false, created_at: '2024-07-08 10:30', author: { id: 'a1', role: 'agent' }, body: 'Thinks' },
    ],
  };
  const { events, ignored, faults } = source.map(record);
  t.strictSame([ignored, faults], [[], []]);
  t.strictSame(events, [
    {
      type: 'message',
      time: '2024-01-08T09:00:00.000Z',
      conversation_id: 'desk-7',
      sender: 'user',
      sender_id: '5',
      text: 'Hello',
      id: idFrom(['message', '7', '2024-01-08T09:00:00.000Z', 'user', 'Hello']),
      conversation: { channel: 'email', tags: ['vip', '3'], user_name: 'a@example.com' },
    },
    {
      type: 'message',
      time: '2024-01-08T09:30:00.000Z',
      conversation_id: 'desk-7',
      sender: 'agent',
      sender_id: 'a1',
      text: 'Hi',
      id: idFrom(['message', '7', '2024-01-08T09:30:00.000Z', 'agent', 'Hi']),
      conversation: { channel: 'email', tags: ['vip', '3'], user_name: 'a@example.com' },
    },
    { type: 'note', id: '7-3', time: '2024-07-08T08:30:00.000Z', conversation_id: 'desk-7', text: 'Thinks' },
    { type: 'conversation.closed', id: '7/solved', time: '2024-01-08T11:00:00.000Z', conversation_id: 'desk-7' },
  ]);
  t.strictSame(source.map(record), source.map(structuredClone(record)), 'the same record makes the same events');
  t.strictSame(source.map({ ...record, status: 'Spam' }), { events: [], ignored: ['left out by skip_if'], faults: [] });
  t.strictSame(source.map({ id: 8, comments: [] }).ignored, ['makes no event']);
});

t.test('what is wrong with a record is said where it is; other events of it stand', async (t) => {
  const source = compile(
    'm',
    mappingOf({
      events: [
        {
          each: 'm[]',
          id: 'id',
          time: 'at',
          conversation_id: '$.c',
          sender: { from: 'who', values: { in: 'user' } },
          text: 'text',
        },
      ],
    }),
  );
  const { events, faults } = source.map({
    c: 'c1',
    m: [
      { id: 'a', at: '2024-01-08', who: 'in' },
      { id: 'b', at: '2024-01-08T10:00:00+01:00', who: 'out' },
      { at: '2024-01-08T10:00:00+01:00', who: 'in' },
      { id: 'd', at: '2024-01-08T10:00:00+01', who: 'in', text: 'ok' },
    ],
  });
  t.strictSame(events, [
    { type: 'message', id: 'd', time: '2024-01-08T09:00:00.000Z', conversation_id: 'c1', sender: 'user', text: 'ok' },
  ]);
  t.match(faults[0], /^m\[0\]: time: "2024-01-08" has no time zone of its own/);
  t.strictSame(faults.slice(1), ['m[1]: sender: "out" is not among the values in', 'm[2]: id: there is nothing at id']);
});

t.test('the cells of a table are converted to the kinds of their fields', async (t) => {
  const source = compile(
    'table',
    mappingOf({
      time_format: 'epoch_s',
      events: [
        {
          type: 'rating',
          id: 'n',
          time: 'when',
          conversation_id: 'conv.id',
          value: 'stars',
          conversation: { is_test: 'test', tags: 'labels', metadata: 'meta' },
        },
      ],
    }),
  );
  const { events, faults } = source.map({
    n: '1',
    when: '1704704400',
    'conv.id': 'c',
    stars: '4',
    test: 'TRUE',
    labels: 'a, b',
    meta: '{"x":1}',
  });
  t.strictSame(faults, []);
  t.strictSame(events, [
    {
      type: 'rating',
      id: '1',
      time: '2024-01-08T09:00:00.000Z',
      conversation_id: 'c',
      value: 4,
      conversation: { is_test: true, tags: ['a', 'b'], metadata: { x: 1 } },
    },
  ]);
});

t.test('a mapping is checked as a whole, each fault with its place', async (t) => {
  const message = { id: 'a', time: 'b', conversation_id: 'c', sender: 'd' };
  t.strictSame(faultsOf({ events: [message] }), []);
  t.match(faultsOf({ events: [] })[0], /^events: /);
  t.match(faultsOf({ event: [message], events: [message] }), [/^event: is unknown here; there are records, /]);
  t.match(faultsOf({ time_zone: '+02:00', time_format: 'DD.MM', events: [{ ...message, colour: 'x' }] }), [
    /^time_format: must be iso/,
    /^time_zone: must be a name/,
    /^events\.0\.colour: is no field of message/,
  ]);
  t.match(
    faultsOf({
      events: [{ type: 'rating', id_from: ['value', 'text'], value: { form: 'x' }, conversation: { mood: 'm' } }],
    }),
    [
      /^events\.0\.value: must be a path, or one of/,
      /^events\.0\.conversation\.mood: is no attribute/,
      /^events\.0\.time: is needed/,
      /^events\.0\.conversation_id: is needed/,
      /^events\.0\.id_from\.1: is no field that this event gets/,
    ],
  );
  t.match(faultsOf({ events: [{ ...message, type: 'reply' }] }), [/^events\.0\.type: must be one of message, step/]);
});

t.test('times as people write them', async (t) => {
  const at = (value: unknown, format: string, zone: string | null = 'Europe/Berlin') => {
    const read = timeFrom(value, { format, zone });
    return 'time' in read ? read.time : read.fault;
  };
  const noon = '2024-01-08T11:05:09.000Z';
  t.equal(at('08.01.2024 12:05:09', 'DD.MM.YYYY HH:mm:ss'), noon);
  t.equal(at('1/8/24, 12:05:09 PM', 'MM/DD/YY, hh:mm:ss a'), noon);
  t.equal(at('1/8/24, 12:05:09 a.m.', 'MM/DD/YY, hh:mm:ss a'), '2024-01-07T23:05:09.000Z');
  t.equal(at('1/8/24 12:05:09', 'M/D/YY H:mm:ss'), noon);
  t.equal(at('01/08/24 12h05', 'M/D/YY HHhmm'), '2024-01-08T11:05:00.000Z');
  t.equal(at('2024-01-08 12:05:09', 'iso'), noon);
  t.equal(at('2024-01-08 12:05:09,250', 'iso'), '2024-01-08T11:05:09.250Z');
  t.equal(at('2024-01-08 11:05:09 UTC', 'iso'), noon);
  t.equal(at('2024-01-08 11:05:09+00', 'iso'), noon);
  t.equal(at('2024-01-08 12:05:09 +0100', 'iso'), noon);
  t.equal(at(1704711909.25, 'epoch_s', null), '2024-01-08T11:05:09.250Z');
  t.equal(at('1704711909250', 'epoch_ms', null), '2024-01-08T11:05:09.250Z');
  t.equal(at('45299.5', 'excel'), '2024-01-08T11:00:00.000Z');
  t.equal(at('2024-10-27 02:30', 'iso'), at('2024-10-27 02:30', 'iso'));
  t.equal(at('27.10.2024 02:30', 'DD.MM.YYYY HH:mm'), '2024-10-27T00:30:00.000Z', 'the first of two');
  t.match(at('31.03.2024 02:30', 'DD.MM.YYYY HH:mm'), /does not exist in Europe\/Berlin/);
  t.match(at('31.02.2024 12:30', 'DD.MM.YYYY HH:mm'), /is not a time written as/);
  t.match(at('1704711909250', 'epoch_s', null), /does not lie in the years/);
  t.match(at('', 'epoch_s'), /is not a number of seconds/);
  t.match(at('2024-01-08 12:05', 'iso', null), /say the zone of the data/);
  t.strictSame(['iso', 'DD.MM.YYYY', 'MM/DD/YY hh:mm a', 'DD.MM', 'YYYY', 'YYYY MM M DD', ''].map(isTimeFormat), [
    true,
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});
