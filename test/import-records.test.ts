import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { root } from '../src/root.js';
import { presets } from '../src/sources/presets/index.js';
import { ignored, nothing } from '../src/sources/source.js';
import { fakeService, folder, run } from './import.fake.js';

const chats = {
  exported: '2024-02-01',
  messages: [
    { id: 1, chat: { id: 12345678901234567890n }, from: { kind: 'incoming', name: 'Ann' }, at: 1704711909, body: 'Hi' },
    { id: 2, chat: { id: 7 }, from: { kind: 'outgoing' }, at: 1704711910, body: 'Hello', tags: ['a', 3] },
    { id: 3, chat: { id: 7 }, from: { kind: 'incoming' }, at: 1704711911, body: 'x', private: true },
    { id: 4, chat: { id: 7 }, from: { kind: 'system' }, at: 1704711912, body: 'y' },
  ],
};
const json = (value: unknown) =>
  JSON.stringify(value, (_, one) => (typeof one === 'bigint' ? `#${one}#` : one)).replace(/"#(\d+)#"/g, '$1');
const mapped = [
  ...['--map', 'id=id', '--map', 'conversation_id=chat.id', '--map', 'sender=from.kind', '--map', 'time=at'],
  ...['--map', 'text=body', '--map', 'user_name=from.name', '--map', 'tags=tags'],
  ...['--value', 'sender:incoming=user,outgoing=agent,*=bot', '--time-format', 'epoch_s', '--prefix', 'desk-'],
  ...['--skip-if', 'private=true', '--set', 'channel=web'],
];
const first = {
  type: 'message',
  id: '1',
  conversation_id: 'desk-12345678901234567890',
  sender: 'user',
  time: '2024-01-08T11:05:09.000Z',
  text: 'Hi',
  conversation: { user_name: 'Ann', channel: 'web' },
};

t.test('a JSON document: nested paths, words, constants, what is left out', async (t) => {
  const service = await fakeService(t);
  const cwd = folder(t, { 'chats.json': json(chats) });
  const result = await run(['--url', service.url, ...mapped, 'chats.json'], { cwd });
  t.strictSame(result.found, ['chats.json: a JSON document with a list under `.messages`']);
  t.equal(result.status, 0);
  t.match(result.stdout, '4 records read, 3 accepted, 0 duplicates, 0 refused, 1 ignored;');
  t.match(result.stdout, '\nignored 1: left out by skip_if\n');
  t.strictSame(service.events(), [
    first,
    {
      ...first,
      id: '2',
      conversation_id: 'desk-7',
      sender: 'agent',
      time: '2024-01-08T11:05:10.000Z',
      text: 'Hello',
      tags: ['a', '3'],
      conversation: { channel: 'web' },
    },
    {
      ...first,
      id: '4',
      conversation_id: 'desk-7',
      sender: 'bot',
      time: '2024-01-08T11:05:12.000Z',
      text: 'y',
      conversation: { channel: 'web' },
    },
  ]);
});

t.test('the same records from NDJSON, from a list and as a table make the same events', async (t) => {
  const records = chats.messages;
  const cell = (value: unknown) => (value === undefined ? '' : String(value));
  const table = [
    'id|chat.id|from.kind|from.name|at|body|private|tags',
    ...records.map((record) =>
      [
        record.id,
        record.chat.id,
        record.from.kind,
        record.from.name,
        record.at,
        record.body,
        record.private,
        record.tags,
      ]
        .map(cell)
        .join('|'),
    ),
  ].join('\n');
  const files = {
    'lines.txt': records.map(json).join('\n'),
    'list.json': json(records),
    'nested.json': json({ a: { b: [{ messages: records.slice(0, 2) }, { messages: records.slice(2) }] } }),
    'table.csv': table,
    'pretty.json': JSON.stringify(JSON.parse(json(records).replace(/(?<=:)(\d{20})/, '"$1"')), null, 2),
  };
  const options: Record<string, string[]> = { 'nested.json': ['--records', 'a.b[].messages'] };
  const sent: string[][] = [];
  for (const name of Object.keys(files)) {
    const service = await fakeService(t);
    const { status, stderr } = await run(['--url', service.url, ...mapped, ...(options[name] ?? []), name], {
      cwd: folder(t, files),
    });
    t.equal(status, 0, `${name} ${stderr}`);
    sent.push(service.lines());
  }
  for (const lines of sent) t.strictSame(lines, sent[0]);
});

t.test('messages within a record, and ids made of what is there, stable over runs', async (t) => {
  const service = await fakeService(t);
  const ticket = (id: number) => ({
    id,
    subject: 'x',
    comments: [
      { at: '2024-01-08 12:00', who: { role: 'user' }, body: 'a' },
      { at: '2024-01-08 12:01', who: { role: 'agent' }, body: 'b' },
    ],
  });
  const cwd = folder(t, { 'tickets.json': json([ticket(1), ticket(2), { id: 3, comments: [] }]) });
  const options = [
    ...['--map', 'conversation_id=id', '--map', 'time=comments[].at', '--map', 'sender=comments[].who.role'],
    ...['--map', 'text=comments[].body', '--id-from', 'conversation_id,time,sender,text'],
    ...['--time-zone', 'Europe/Helsinki', '--url', service.url, 'tickets.json'],
  ];
  const once = await run(options, { cwd });
  t.match(once, { status: 0, stdout: '3 records read, 4 accepted, 0 duplicates, 0 refused, 1 ignored' });
  const again = await run(options, { cwd });
  t.match(again, { status: 0, stdout: '3 records read, 0 accepted, 4 duplicates, 0 refused, 1 ignored' });
  t.match(again.stdout, '4 events of 2 conversations, 2024-01-08T10:00:00.000Z to 2024-01-08T10:01:00.000Z');
  t.strictSame(
    service.events().map(({ conversation_id, text }) => [conversation_id, text]),
    [
      ['1', 'a'],
      ['1', 'b'],
      ['2', 'a'],
      ['2', 'b'],
    ],
  );
});

const mapping = `
time_format: epoch_s
prefix: desk-
skip_if: {private: true}
events:
  - id: id
    conversation_id: chat.id
    sender: {from: from.kind, values: {incoming: user, outgoing: agent}, else: bot}
    time: at
    text: body
    tags: tags
    conversation:
      user_name: from.name
      channel: {const: web}
`;

t.test('a mapping file says the same as the options, in YAML and in JSON', async (t) => {
  const rows: string[][] = [];
  const asJson = JSON.stringify({
    time_format: 'epoch_s',
    prefix: 'desk-',
    skip_if: { private: true },
    events: [
      {
        id: 'id',
        conversation_id: 'chat.id',
        sender: { from: 'from.kind', values: { incoming: 'user', outgoing: 'agent' }, else: 'bot' },
        time: 'at',
        text: 'body',
        tags: 'tags',
        conversation: { user_name: 'from.name', channel: { const: 'web' } },
      },
    ],
  });
  const cwd = folder(t, { 'chats.json': json(chats), 'map.yaml': mapping, 'map.json': asJson });
  for (const options of [mapped, ['--mapping', 'map.yaml'], ['--mapping', 'map.json']]) {
    const service = await fakeService(t);
    const { status, stderr } = await run(['--url', service.url, ...options, 'chats.json'], { cwd });
    t.equal(status, 0, stderr);
    rows.push(service.lines().map((line) => json(Object.entries(JSON.parse(line)).sort())));
  }
  t.equal(rows[0]?.length, 3);
  t.strictSame(rows[1], rows[0]);
  t.strictSame(rows[2], rows[0]);
});

t.test('the mapping of the documentation reads the tickets that it is for', async (t) => {
  const page = readFileSync(join(root, 'docs/import.md'), 'utf8');
  const [, yaml = ''] = /^```yaml\n(.*?)^```$/ms.exec(page) ?? [];
  const created_at = '2024-01-08 10:00:00';
  const comment = { id: 1, public: true, created_at, author: { id: 5, role: 'end-user' }, body: 'Hello' };
  const ticket = {
    id: 7,
    status: 'solved',
    tags: ['vip'],
    requester: { email: 'a@example.com' },
    solved_at: created_at,
  };
  const comments = [comment, { ...comment, id: 2, public: false }];
  const tickets = [
    { ...ticket, comments },
    { ...ticket, id: 8, status: 'spam', comments },
  ];
  const cwd = folder(t, { 'tickets.json': json({ tickets }), 'tickets.yaml': yaml });
  const result = await run(['--dry-run', '--mapping', 'tickets.yaml', 'tickets.json'], { cwd, env: {} });
  t.match(result, { status: 0, stderr: '2 records read, 3 accepted, 0 duplicates, 0 refused, 1 ignored' });
  t.match(
    result.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
    [
      { type: 'message', id: '7-1', time: '2024-01-08T09:00:00.000Z', conversation_id: 'desk-7', sender: 'user' },
      { type: 'note', id: '7-2', text: 'Hello' },
      { type: 'conversation.closed', id: `7-${created_at}`, conversation_id: 'desk-7' },
    ],
  );
});

t.test('faults of a mapping file have their line and column', async (t) => {
  const files = {
    'chats.json': json(chats),
    'unknown.yaml': mapping.replace('text: body', 'colour: body').replace('channel:', 'chanel:'),
    'form.yaml': mapping.replace('epoch_s', 'epoch').replace('{const: web}', '{constant: web}'),
    'conditions.yaml': mapping.replace('skip_if: {private: true}', 'skip_if: private'),
    'twice.yaml': mapping.replace('    text: body', '    id: body'),
    'tab.yaml': 'events:\n\t- id: a\n',
    'list.yaml': '- a\n- b\n',
    'bomb.yaml': `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'.replace(/./g, (name) => `${name}: &${name} [${`*${String.fromCharCode(name.charCodeAt(0) - 1)},`.repeat(9)}]\n`)}`,
  };
  const cases: [string, RegExp][] = [
    [
      'unknown.yaml',
      /unknown\.yaml, line 10, column 13: events\[0\]\.colour is no field of message; .*\nerror: unknown\.yaml, line 14, column 15: events\[0\]\.conversation\.chanel is no attribute/,
    ],
    [
      'form.yaml',
      /form\.yaml, line 2, column 14: time_format must be iso, .*\nerror: form\.yaml, line 14, column 16: .*channel must be a path, or one of/,
    ],
    ['conditions.yaml', /conditions\.yaml, line 4, column 10: skip_if must be values by path/],
    ['twice.yaml', /twice\.yaml, line 10, column 5: stands twice here/],
    ['tab.yaml', /tab\.yaml, line 2, column 1: is indented by a tab/],
    ['list.yaml', /list\.yaml: a mapping has events/],
    ['bomb.yaml', /bomb\.yaml: repeats its anchors too often/],
    ['none.yaml', /--mapping none\.yaml: no such file/],
  ];
  const cwd = folder(t, files);
  for (const [file, message] of cases) {
    const result = await run(['--dry-run', '--mapping', file, 'chats.json'], { cwd, env: {} });
    t.match(result, { status: 2, stderr: message }, file);
  }
});

t.test('--dry-run shows the first ten events, needs no key, and finds what the service would refuse', async (t) => {
  const row = { ...chats.messages[1], from: { kind: 'incoming', name: 'Ann' } };
  const rows = Array.from({ length: 14 }, (_, n) => ({ ...row, id: n + 1 }));
  const wrong = { ...row, id: 'x'.repeat(201) };
  const cwd = folder(t, { 'a.json': json([...rows, wrong, rows[0]]) });
  const { status, stdout, stderr } = await run(['--dry-run', ...mapped, 'a.json'], { cwd, env: {} });
  t.equal(status, 1);
  const shown = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).id);
  t.strictSame(
    shown,
    Array.from({ length: 10 }, (_, n) => `${n + 1}`),
  );
  t.match(stderr, 'a.json, record 15: id: must be a text of 1 to 200 characters');
  t.match(
    stderr,
    'nothing was sent; what the service would take:\n16 records read, 14 accepted, 1 duplicates, 1 refused',
  );
});

t.test('options that do not fit are refused by name', async (t) => {
  const cwd = folder(t, { 'a.json': json(chats), 'm.yaml': mapping });
  const cases: [string[], RegExp][] = [
    [['--mapping', 'm.yaml', '--map', 'id=x'], /--map: not beside --mapping/],
    [['--preset', 'none'], /--preset none: /],
    [['--preset', 'x', '--mapping', 'm.yaml'], /one of them/],
    [['--format', 'events', '--time-zone', 'UTC'], /--time-zone: not beside --format events/],
    [['--set', 'sender=user', '--time-zone', 'Berlin'], /--time-zone must be a name of the tz database/],
    [['--set', 'sender=user', '--time-format', 'DD.MM'], /--time-format must be iso, epoch_s/],
    [['--set', 'sender=user', '--id-from', 'time,mood'], /--id-from is no field that this event gets/],
    [['--set', 'sender=user', '--value', 'sender:a=user'], /--value sender:a=user: no column fills sender/],
    [['--set', 'sender=user', '--value', 'sender'], /--value sender: wants a field, a colon/],
    [['--set', 'sender=user', '--skip-if', 'private'], /--skip-if private: wants a field, an equals sign/],
    [['--map', 'text=a[].x', '--map', 'sender=b[].y'], /leads through several lists \(a\[\], b\[\]\)/],
    [['--delimiter', 'comma'], /One character, or tab/],
    [['--encoding', 'klingon'], /Such as utf-8/],
    [
      ['--set', 'sender=user', '--map', 'time=messages.at'],
      /no column "messages\.at", which --map time=messages\.at names/,
    ],
  ];
  for (const [options, message] of cases) {
    t.match(
      await run(['--dry-run', ...options, 'a.json'], { cwd, env: {} }),
      { status: 2, stderr: message },
      options.join(' '),
    );
  }
});

t.test('a preset is guessed from the first record or the start of the document, if it is sure', async (t) => {
  const map = (record: unknown) => {
    const { lines = [] } = record as { lines?: { n: number }[] };
    if (lines.length === 0) return ignored('no lines');
    const time = '2024-01-08T10:00:00Z';
    const events = lines.map(({ n }) => ({ type: 'message', id: `${n}`, time, conversation_id: 'c', sender: 'user' }));
    return { ...nothing(), events };
  };
  const recognizes = (record: unknown) => Array.isArray((record as { lines?: unknown })?.lines);
  presets['test-product'] = { name: 'test-product', about: 'a test', recognizes, map };
  const lines = (text: () => (line: string | null) => unknown) => ({
    name: 'test-text',
    about: 'a test',
    lines: text,
    map,
  });
  presets['test-text'] = lines(() => {
    let kept: { n: number }[] = [];
    return (line) => {
      if (line !== null && line !== '--') return void kept.push({ n: Number(line) });
      const record = kept.length === 0 ? undefined : { lines: kept };
      kept = [];
      return record;
    };
  });
  t.teardown(() => {
    delete presets['test-product'];
    delete presets['test-text'];
  });
  const many = Array.from({ length: 40_000 }, (_, n) => ({ n }));
  const cwd = folder(t, {
    'one.json': json({ about: 'x', lines: many }),
    'list.json': json([{ lines: [{ n: 1 }, { n: 2 }] }, { lines: [] }]),
    'lines.ndjson': `${json({ lines: [{ n: 1 }] })}\n${json({ lines: [{ n: 2 }] })}\n`,
    'text.txt': '1\n2\n--\n--\n3\n',
    'other.json': json([{ line: 1 }]),
  });
  const accepted = async (...args: string[]) => {
    const { found, stderr, status } = await run(['--dry-run', ...args], { cwd, env: {} });
    return [status, found[0], Number(/(\d+) accepted/.exec(stderr)?.[1])];
  };
  const read = ', read as test-product';
  t.strictSame(await accepted('one.json'), [
    0,
    `one.json: a JSON document with a list under \`.lines\`${read}`,
    40_000,
  ]);
  t.strictSame(await accepted('list.json'), [0, `list.json: a JSON document that is a list${read}`, 2]);
  t.strictSame(await accepted('lines.ndjson'), [0, `lines.ndjson: records, one JSON object a line${read}`, 2]);
  t.strictSame(await accepted('--preset', 'test-text', 'text.txt'), [0, 'text.txt: text, read as test-text', 3]);
  t.match(await run(['--dry-run', 'other.json'], { cwd, env: {} }), { status: 2, stderr: /are no events: say what/ });
  const chosen = ['--preset', 'test-product', '--prefix', 'p-', '--skip-if', 'about=x'];
  const skipped = await run(['--dry-run', ...chosen, 'one.json', 'list.json'], { cwd, env: {} });
  t.match(skipped.stderr, /2 accepted, 0 duplicates, 0 refused, 2 ignored/);
  t.match(skipped.stdout, '"conversation_id":"p-c"');
});
