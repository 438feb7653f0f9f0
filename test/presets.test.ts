import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import type { FastifyInstance } from 'fastify';
import t from 'tap';
import { parseJson } from '../src/queries/ingest/json.js';
import { root } from '../src/root.js';
import { presets } from '../src/sources/presets/index.js';
import type { Mapped, Source } from '../src/sources/source.js';
import { ask, send, world } from './harness.js';

/**
 * Each preset reads a sample of its product's form, written for these tests (test/sources). The service takes all events, the
 * same sample twice changes nothing, and a report counts what a search of the sample's text counts.
 */

interface Sample {
  file: string;
  /** How to configure the preset, where it needs to be. */
  options?: { time_zone: string; time_format: string };
  /** How many events there are, by type. */
  types: Record<string, number>;
  first: object;
  ignored?: string[];
  faults?: string[];
  /** A number of a report: the messages of one sender, found in the sample by a pattern. */
  count: { sender: 'user' | 'bot' | 'agent'; pattern: RegExp };
  conversations: number;
}

const samples: Record<string, Sample> = {
  rasa: {
    file: 'rasa.ndjson',
    types: { track: 4, message: 8, step: 4 },
    first: {
      type: 'track',
      id: 'D0uMT8wYMIiP6PoNMF9TO_',
      time: '2024-01-08T09:00:00.100Z',
      conversation_id: 'user-1',
      seq: 200,
      name: 'session_started',
      conversation: { bot_id: 'shop', bot_version: 'model-1' },
    },
    ignored: [
      'action_listen, which waits for the user',
      'action_session_start, which its session_started tells',
      "Rasa's event user_featurization",
    ],
    count: { sender: 'user', pattern: /\\?"event\\?": \\?"user\\?"/g },
    conversations: 3,
  },
  chatwoot: {
    file: 'chatwoot.ndjson',
    types: { 'conversation.updated': 1, message: 6, note: 1, 'conversation.closed': 1, rating: 1 },
    first: {
      type: 'conversation.updated',
      id: 'bAsAdEjq5uxDB5ZTk2vz-4',
      time: '2024-01-08T09:00:00.000Z',
      conversation_id: '12',
      conversation: {
        channel: 'WebWidget',
        integration_id: '3',
        team_id: '2',
        tags: ['delivery'],
        user_id: 'contact-7',
        user_name: 'user-1',
      },
    },
    ignored: [
      'an activity, which Chatwoot itself wrote',
      'an update that changes no text',
      "Chatwoot's event contact_updated",
    ],
    count: { sender: 'user', pattern: /"message_type": (?:"incoming"|0|"0"),/g },
    conversations: 3,
  },
  telegram: {
    file: 'telegram.json',
    types: { message: 6 },
    first: {
      type: 'message',
      id: '1',
      time: '2024-01-08T09:00:00.000Z',
      conversation_id: '2',
      sender: 'user',
      sender_id: 'user2',
      sender_name: 'user-2',
      text: 'Is it still there?',
      conversation: { channel: 'telegram', user_name: 'user-2' },
    },
    ignored: ['a service message, such as a join or a pinned message'],
    faults: ['date: "2024-01-08T11:00:00" has no time zone of its own: say the zone of the data'],
    count: { sender: 'bot', pattern: /"from_id": "user55"/g },
    conversations: 3,
  },
  slack: {
    file: 'slack.ndjson',
    types: { message: 6, 'message.edited': 1, 'message.deleted': 1 },
    first: {
      type: 'message',
      id: '1704704400.123456',
      time: '2024-01-08T09:00:00.123Z',
      seq: 456,
      conversation_id: '1704704400.123456',
      sender: 'user',
      sender_id: 'U1',
      sender_name: 'user-1',
      text: 'The printer is on fire',
      conversation: { channel: 'slack', user_name: 'user-1' },
    },
    ignored: ['a message of the kind channel_join', "Slack's event reaction_added"],
    count: { sender: 'agent', pattern: /"user": "U2", "ts"/g },
    conversations: 3,
  },
  twcs: {
    file: 'twcs.csv',
    types: { message: 5 },
    first: {
      type: 'message',
      id: '1',
      time: '2024-01-08T09:10:00.000Z',
      conversation_id: 'shopcare-100001',
      sender: 'agent',
      sender_id: 'shopcare',
      text: '@100001 Please send us the number of your order, we look. ^A1',
      conversation: { channel: 'twitter', team_id: 'shopcare', user_id: '100001' },
    },
    ignored: ['a tweet that mentions no company'],
    count: { sender: 'agent', pattern: /^\d+,\w+,False,/gm },
    conversations: 3,
  },
  botpress: {
    file: 'botpress.ndjson',
    types: { message: 5 },
    first: {
      type: 'message',
      id: 'm2',
      time: '2024-01-08T09:00:01.000Z',
      conversation_id: 'conv-1',
      sender: 'bot',
      sender_id: 'bot-1',
      text: 'Choose',
      content: { type: 'choice', text: 'Choose', options: [{ label: 'A', value: 'a' }] },
    },
    count: { sender: 'user', pattern: /"direction": "incoming"|"authorId": "/g },
    conversations: 2,
  },
  discord: {
    file: 'discord.json',
    types: { message: 4 },
    first: {
      type: 'message',
      id: '101',
      time: '2024-01-08T09:00:00.250Z',
      conversation_id: '21',
      sender: 'user',
      sender_id: '11',
      sender_name: 'user-1',
      text: 'My parcel is lost',
      conversation: { channel: 'discord', integration_id: '1' },
    },
    ignored: ['a message that Discord itself wrote, such as of a join or a pin'],
    count: { sender: 'bot', pattern: /"isBot": true/g },
    conversations: 1,
  },
  intercom: {
    file: 'intercom.ndjson',
    types: { message: 5, note: 1, 'conversation.closed': 1, rating: 1 },
    first: {
      type: 'message',
      id: 'source-9001',
      time: '2024-01-08T09:00:00.000Z',
      conversation_id: '501',
      sender: 'user',
      sender_id: 'c-1',
      sender_name: 'user-1',
      text: 'Where is my bill?',
      conversation: { channel: 'conversation', team_id: '4', user_id: 'c-1', user_name: 'user-1', tags: ['billing'] },
    },
    ignored: ['a part of the kind assignment', "Intercom's topic ping"],
    count: { sender: 'user', pattern: /"delivered_as": "customer_initiated"|"type": "lead"/g },
    conversations: 2,
  },
  moveo: {
    file: 'moveo.json',
    types: { 'conversation.updated': 1, message: 5, 'conversation.closed': 1, rating: 2 },
    first: {
      type: 'conversation.updated',
      id: 'yX2Zk6LupYJoovu0iGQ3yr',
      time: '2024-01-08T09:00:00.000Z',
      conversation_id: 's-1',
      conversation: {
        bot_id: 'shop',
        bot_version: '3',
        desk_id: 'd-1',
        integration_id: 'i-1',
        channel: 'web',
        is_test: false,
        user_id: 'user-1',
        user_name: 'user-1',
        brain_id: 'b-1',
        tags: ['kg'],
        is_covered: true,
      },
    },
    ignored: ['an expiry, which follows from the timeout'],
    count: { sender: 'user', pattern: /message:received/g },
    conversations: 2,
  },
  whatsapp: {
    file: 'whatsapp.txt',
    options: { time_zone: 'Europe/Berlin', time_format: 'DD/MM/YYYY' },
    types: { message: 5 },
    first: {
      type: 'message',
      id: 'CsCtZ9p-XFIR979LyV3p8g',
      time: '2024-01-08T09:00:00.000Z',
      conversation_id: 'rYGAFlN7Ptbrsq-9OS-aBm',
      seq: 1,
      sender: 'user',
      sender_id: 'user-1',
      sender_name: 'user-1',
      text: 'Hello, is the shop open?\nIt is cold outside.',
      conversation: { channel: 'whatsapp', user_name: 'user-1' },
    },
    ignored: ['a line that WhatsApp itself wrote, such as of a join or of encryption'],
    count: { sender: 'user', pattern: / - user-1: /g },
    conversations: 1,
  },
  zendesk: {
    file: 'zendesk.ndjson',
    types: {
      message: 4,
      note: 1,
      'conversation.closed': 2,
      'conversation.reopened': 1,
      'conversation.updated': 1,
      rating: 1,
    },
    first: {
      type: 'message',
      id: '1',
      time: '2024-01-08T09:00:00.000Z',
      conversation_id: '71',
      sender_id: '301',
      text: 'My order is late',
      sender: 'user',
      conversation: {
        channel: 'web',
        team_id: '5',
        user_id: '301',
        user_name: 'user-1',
        user_email: 'user-1@example.com',
        tags: ['late'],
      },
    },
    ignored: ["Zendesk's event ticket.priority_changed"],
    count: { sender: 'user', pattern: /"author_id": 301|"is_staff": false/g },
    conversations: 2,
  },
};

const textOf = ({ file }: Sample) => readFileSync(join(root, 'test/sources', file), 'utf8');

function recordsOf(source: Source, sample: Sample): unknown[] {
  const text = textOf(sample);
  if (sample.file.endsWith('.csv')) return parse(text, { columns: true });
  if (sample.file.endsWith('.ndjson'))
    return text
      .trim()
      .split('\n')
      .map((line) => parseJson(line));
  if (source.lines === undefined) return [parseJson(text)];
  const take = source.lines();
  return [...text.split('\n'), null].map(take).filter((record) => record !== undefined);
}

const configured = (name: string, { options }: Sample): Source => {
  const source = presets[name] as Source;
  return options === undefined ? source : (source.configured?.(options) as Source);
};

function mappedOf(name: string, sample: Sample): Mapped {
  const source = configured(name, sample);
  const all = recordsOf(source, sample).map((record) => source.map(record));
  const unique = (texts: string[]) => [...new Set(texts)].sort();
  return {
    events: all.flatMap(({ events }) => events),
    ignored: unique(all.flatMap(({ ignored }) => ignored)),
    faults: unique(all.flatMap(({ faults }) => faults)),
  };
}

/** The messages of one sender, and all conversations. */
async function report(app: FastifyInstance, key: string, sender: string) {
  const filter = { type: 'selector', dimension: 'sender', value: sender };
  const measures = [{ measure: 'messages', filter }, 'conversations'];
  const payload = { dataset: 'messages', start_time: '2024-01-01', end_time: '2024-02-01', measures };
  const { body } = await ask(app, key, { method: 'POST', url: '/v1/query', payload });
  return { ...body, as_of: undefined };
}

t.test('every preset has a sample', async (t) => {
  t.strictSame(Object.keys(presets).sort(), Object.keys(samples).sort());
  for (const [name, source] of Object.entries(presets)) t.equal(source.name, name);
});

t.test('a sample is recognized by its own preset, and by no other', async (t) => {
  for (const [name, sample] of Object.entries(samples)) {
    for (const record of recordsOf(presets[name] as Source, sample)) {
      const sure = Object.values(presets).filter((preset) => preset.recognizes?.(record) === true);
      const own = presets[name]?.recognizes === undefined ? [] : [name];
      t.strictSame(
        sure.map((preset) => preset.name),
        own,
        JSON.stringify(record).slice(0, 200),
      );
    }
  }
});

t.test('presets', async (t) => {
  const w = await world(t);
  const app = await w.app({ now: Date.parse('2024-01-09T12:00:00Z') });
  for (const [n, [name, sample]] of Object.entries(samples).entries()) {
    await t.test(name, async (t) => {
      const { events, ignored, faults } = mappedOf(name, sample);
      const types: Record<string, number> = {};
      for (const { type } of events) types[type] = (types[type] ?? 0) + 1;
      t.strictSame(types, sample.types);
      t.strictSame(events[0], sample.first);
      t.strictSame([ignored, faults], [(sample.ignored ?? []).sort(), (sample.faults ?? []).sort()]);
      t.strictSame(mappedOf(name, sample).events, events, 'read again, it is the same');

      const key = await w.key({ account_id: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}` });
      const sent = await send(app, key, events);
      t.strictSame([sent.status, sent.body], [200, { accepted: events.length, duplicates: 0 }], sent.text);
      const body = await report(app, key, sample.count.sender);
      const found = textOf(sample).match(sample.count.pattern)?.length ?? 0;
      t.strictSame(body.rows, [[found, sample.conversations]]);
      const again = await send(app, key, events);
      t.strictSame(again.body, { accepted: 0, duplicates: events.length });
      t.strictSame(await report(app, key, sample.count.sender), body);
      t.equal(again.headers['report-notice'], undefined, 'nor does it say anything else');
    });
  }
});

/** Forms that files found in public have and the samples do not: each is read as its product means it. */
const forms: { name: string; preset: string; options?: object; record: object; expected: object[] }[] = [
  {
    name: 'a tracker as Rasa keeps it in Redis, which has a name and no sender_id',
    preset: 'rasa',
    record: { name: 'user-9', events: [{ event: 'user', timestamp: 1_704_704_400.25, text: 'hello' }] },
    expected: [{ type: 'message', time: '2024-01-08T09:00:00.250Z', conversation_id: 'user-9', text: 'hello' }],
  },
  {
    name: 'a chat of an older Telegram, whose times are local and whose first message is a join',
    preset: 'telegram',
    options: { time_zone: 'Europe/Berlin' },
    record: {
      type: 'personal_chat',
      id: 7,
      messages: [
        { id: 1, type: 'service', date: '2019-07-05T16:55:32', actor_id: 'user7', action: 'joined_telegram', text: '' },
        { id: 2, type: 'message', date: '2019-07-12T16:55:32', from: 'user-7', from_id: 'user7', text: 'hello' },
      ],
    },
    expected: [{ type: 'message', id: '2', time: '2019-07-12T14:55:32.000Z', sender: 'user', text: 'hello' }],
  },
  {
    name: 'a message of an export of Slack that says that no bot wrote it',
    preset: 'slack',
    record: {
      ...{ type: 'message', subtype: 'file_share', user: 'U1', bot_id: null },
      ts: '1433866273.000004',
      text: 'x',
    },
    expected: [{ type: 'message', id: '1433866273.000004', sender: 'user', sender_id: 'U1' }],
  },
  {
    name: 'a conversation of Intercom whose parts have the numbers of its source, one of them redacted',
    preset: 'intercom',
    record: {
      type: 'conversation',
      id: '1',
      created_at: 1_704_704_400,
      source: { type: 'conversation', id: '3', body: '<p>Hello</p>', author: { type: 'admin', id: '2' } },
      conversation_parts: {
        conversation_parts: [
          {
            ...{ type: 'conversation_part', id: '3', part_type: 'comment', body: '<p>This message was deleted</p>' },
            ...{
              created_at: 1_704_704_460,
              updated_at: 1_704_704_520,
              author: { type: 'user', id: 'c' },
              redacted: true,
            },
          },
        ],
      },
    },
    expected: [
      { type: 'message', id: 'source-3', text: 'Hello' },
      { type: 'message.deleted', id: '3-redacted', time: '2024-01-08T09:02:00.000Z', message_id: '3' },
    ],
  },
];

t.test('forms of public files', async (t) => {
  for (const { name, preset, options, record, expected } of forms) {
    const source = presets[preset] as Source;
    t.equal(source.recognizes?.(record), true, name);
    const configured = options === undefined ? source : source.configured?.(options);
    const mapped = (configured as Source).map(record);
    t.strictSame([mapped.faults, mapped.events.length], [[], expected.length], name);
    t.match(mapped.events, expected, name);
  }
});
