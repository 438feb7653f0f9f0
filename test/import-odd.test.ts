import { gzipSync } from 'node:zlib';
import iconv from 'iconv-lite';
import t from 'tap';
import { attributes } from '../src/queries/ingest/fields.js';
import { folder, run } from './import.fake.js';

/** A file, the options beside its name, the exit status, and all that is said of it. */
type Case = [name: string, content: string | Buffer, options: string[], status: number, said: string[]];

const user = ['--set', 'sender=user'];
const berlin = [...user, '--time-zone', 'Europe/Berlin'];
const pattern = [...berlin, '--time-format', 'DD.MM.YYYY HH:mm'];
const at = '2024-01-08T10:00:00Z';
const table = (...rows: string[]) => `${['id,time,conversation_id,text', ...rows].join('\n')}\n`;
const event = (id: string, more = {}) =>
  JSON.stringify({ id, type: 'message', time: at, conversation_id: 'c', sender: 'user', ...more });
const row = (id: number, more = {}) => ({ id, time: at, conversation_id: 'c', text: 'x', ...more });
const umlauts = 'id;time;conversation_id;text\n1;08.01.2024 10:00;c;Grüße aus Köln\n';
const packed = gzipSync(Array.from({ length: 500 }, (_, n) => event(`e${Math.sin(n)}`)).join('\n'));
const zip = (name: string) => Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), Buffer.alloc(26), Buffer.from(name)]);

const cases: Case[] = [
  ['empty.csv', '', user, 0, ['empty.csv: nothing, it is empty', '0 lines read, 0 accepted, 0 duplicates, 0 refused']],
  [
    'blank.ndjson',
    '\n \n',
    [],
    0,
    ['blank.ndjson: nothing, it is empty', '0 lines read, 0 accepted, 0 duplicates, 0 refused'],
  ],
  [
    'header.csv',
    'id,time,conversation_id\n',
    user,
    0,
    ['header.csv: CSV with `,`', '0 lines read, 0 accepted, 0 duplicates, 0 refused'],
  ],
  [
    'semicolons.csv',
    umlauts,
    pattern,
    0,
    ['semicolons.csv: CSV with `;`', '1 line read, 1 accepted, 0 duplicates, 0 refused'],
  ],
  [
    'windows.csv',
    iconv.encode(umlauts, 'windows-1252'),
    pattern,
    0,
    [
      'windows.csv: CSV with `;`, Windows-1252 by its bytes (as in "8.01.2024 10:00;c;Grüße aus Köln"; --encoding says otherwise)',
      '1 line read, 1 accepted, 0 duplicates, 0 refused',
    ],
  ],
  [
    'cyrillic.csv',
    iconv.encode(table(`1,${at},c,Здравствуйте! Где мой заказ? Спасибо.`), 'windows-1251'),
    user,
    0,
    [
      'cyrillic.csv: CSV with `,`, Windows-1251 by its bytes (as in "4-01-08T10:00:00Z,c,Здравствуйте! Где мой"; --encoding says otherwise)',
      '1 line read, 1 accepted, 0 duplicates, 0 refused',
    ],
  ],
  [
    'dos.csv',
    iconv.encode(umlauts, 'cp850'),
    [...pattern, '--encoding', 'cp850'],
    0,
    ['dos.csv: CSV with `;`, CP850', '1 line read, 1 accepted, 0 duplicates, 0 refused'],
  ],
  [
    'utf16.csv',
    iconv.encode(umlauts, 'utf-16le', { addBOM: true }),
    pattern,
    0,
    ['utf16.csv: CSV with `;`, UTF-16LE', '1 line read, 1 accepted, 0 duplicates, 0 refused'],
  ],
  [
    'utf16-unmarked.csv',
    iconv.encode(table(`1,${at},c,Grüße`), 'utf-16be'),
    user,
    0,
    ['utf16-unmarked.csv: CSV with `,`, UTF-16BE', '1 line read, 1 accepted, 0 duplicates, 0 refused'],
  ],
  [
    'utf16.ndjson',
    iconv.encode(`${event('1')}\n${event('2')}\n`, 'utf-16le', { addBOM: true }),
    [],
    0,
    ['utf16.ndjson: events, UTF-16LE', '2 lines read, 2 accepted, 0 duplicates, 0 refused'],
  ],
  [
    'half.csv',
    Buffer.concat([Buffer.from(table(`1,${at},c,Grüße`)), Buffer.from(`2,${at},c,na\xefve\n`, 'latin1')]),
    user,
    1,
    [
      'half.csv: CSV with `,`',
      'half.csv:3: column "text" is not UTF-8',
      '2 lines read, 1 accepted, 0 duplicates, 1 refused',
      '  --encoding says how the text is encoded, such as windows-1252',
    ],
  ],
  [
    'sep.csv',
    `sep=|\nid|time|conversation_id|text\n1|${at}|c|a, b; c\n`,
    user,
    0,
    ['sep.csv: CSV with `|`', '1 line read, 1 accepted, 0 duplicates, 0 refused'],
  ],
  [
    'tabs.tsv',
    `id\ttime\tconversation_id\ttext\n1\t${at}\tc\tone, two\n`,
    user,
    0,
    ['tabs.tsv: CSV with tabs', '1 line read, 1 accepted, 0 duplicates, 0 refused'],
  ],
  [
    'mac.csv',
    `id,time,conversation_id\r1,${at},c\r2,${at},c\r`,
    user,
    0,
    ['mac.csv: CSV with `,`', '2 lines read, 2 accepted, 0 duplicates, 0 refused'],
  ],
  [
    'quotes.csv',
    table(`1,${at},c,5" pipe`, `2,${at},c,"said "yes" twice"`, `3,${at},c,"""fine"""`),
    user,
    1,
    [
      'quotes.csv: CSV with `,`',
      'quotes.csv:2: there is a quote inside an unquoted cell',
      'quotes.csv:3: there is text between a closing quote and the next delimiter',
      '3 lines read, 1 accepted, 0 duplicates, 2 refused',
    ],
  ],
  [
    'open.csv',
    table(`1,${at},c,one`, `2,${at},c,"open`, `3,${at},c,three`),
    user,
    1,
    [
      'open.csv: CSV with `,`',
      'open.csv:3: a quote is never closed',
      '3 lines read, 2 accepted, 0 duplicates, 1 refused',
    ],
  ],
  [
    'cells.csv',
    table(`1,${at},c,a,b`, `2,${at},c`, `3,${at},c,x`),
    user,
    1,
    [
      'cells.csv: CSV with `,`',
      'cells.csv:2: 5 cells, where the header has 4',
      'cells.csv:3: 3 cells, where the header has 4',
      '3 lines read, 1 accepted, 0 duplicates, 2 refused',
      '  --delimiter says what stands between cells, if the guess was wrong',
    ],
  ],
  [
    'missing.csv',
    `Nr;Wann;Kanal\n1;${at};web\n`,
    user,
    2,
    [
      'error: missing.csv: no column "id": name the one with --map id=COLUMN, or make ids with --id-from conversation_id,time,sender,text',
      'error: missing.csv: no column "time": name the one with --map time=COLUMN',
      'error: missing.csv: no column "conversation_id": name the one with --map conversation_id=COLUMN; there are "Nr", "Wann", "Kanal"',
    ],
  ],
  [
    'twice.csv',
    `id,time,time,conversation_id\n1,${at},${at},c\n`,
    user,
    2,
    ['twice.csv: CSV with `,`', 'error: twice.csv: two columns "time"'],
  ],
  [
    'mixed-times.csv',
    table(
      `1,${at},c,`,
      '2,2024-01-08 10:00,c,',
      '3,08.01.2024 10:00,c,',
      '4,1704704400,c,',
      '5,1/31/2024,c,',
      '6,,c,',
      '7,soon,c,',
    ),
    user,
    1,
    [
      'mixed-times.csv: CSV with `,`',
      'mixed-times.csv:3: time: "2024-01-08 10:00" has no time zone of its own: say the zone of the data',
      'mixed-times.csv:4: time: "08.01.2024 10:00" is not a time as ISO 8601 writes it: say how times are written, perhaps DD.MM.YYYY HH:mm',
      'mixed-times.csv:5: time: "1704704400" is not a time as ISO 8601 writes it: say how times are written, perhaps epoch_s',
      'mixed-times.csv:6: time: "1/31/2024" is not a time as ISO 8601 writes it: say how times are written, perhaps MM/DD/YYYY',
      'mixed-times.csv:7: time: there is nothing at time',
      'mixed-times.csv:8: time: "soon" is not a time as ISO 8601 writes it: say how times are written',
      '7 lines read, 1 accepted, 0 duplicates, 6 refused',
      '  --time-zone Europe/Berlin says the zone of the data',
      '  --time-format "DD.MM.YYYY HH:mm"',
      '  --time-format "epoch_s"',
      '  --time-format "MM/DD/YYYY"',
      '  --time-format says how, such as epoch_s or "DD.MM.YYYY HH:mm"',
    ],
  ],
  [
    'years.csv',
    table('1,0024-01-08T10:00:00Z,c,', '2,2024-13-08T10:00:00Z,c,', '3,9999-01-08T10:00:00Z,c,', '4,2024-02-30,c,'),
    berlin,
    1,
    [
      'years.csv: CSV with `,`',
      'years.csv:2: time: "0024-01-08T10:00:00Z" is not a time: it must lie in the years 1900 to 2199',
      'years.csv:3: time: "2024-13-08T10:00:00Z" is not a time: it must have a month from 01 to 12',
      'years.csv:4: time: "9999-01-08T10:00:00Z" is not a time: it must lie in the years 1900 to 2199',
      'years.csv:5: time: "2024-02-30" is not a time: it must name a day that exists: 2024-02-30 does not',
      '4 lines read, 0 accepted, 0 duplicates, 4 refused',
    ],
  ],
  [
    'skipped-hour.csv',
    table('1,2024-03-31 02:30,c,', '2,2024-10-27 02:30,c,'),
    berlin,
    1,
    [
      'skipped-hour.csv: CSV with `,`',
      'skipped-hour.csv:2: time: "2024-03-31 02:30" does not exist in Europe/Berlin: a clock change skips it',
      '2 lines read, 1 accepted, 0 duplicates, 1 refused',
    ],
  ],
  [
    'huge.csv',
    table(`1,${at},c,${'x'.repeat(100_001)}`, `2,${at},c,${'y'.repeat(100_000)}`),
    user,
    1,
    [
      'huge.csv: CSV with `,`',
      'huge.csv:2: text: must be a text of up to 100,000 characters without U+0000',
      '2 lines read, 1 accepted, 0 duplicates, 1 refused',
    ],
  ],
  [
    'ids.csv',
    table(`1,${at},c,a`, `1,${at},c,a`, `2,${at},c,b`),
    user,
    0,
    ['ids.csv: CSV with `,`', '3 lines read, 2 accepted, 1 duplicates, 0 refused'],
  ],
  [
    'long-ids.ndjson',
    `{"id":12345678901234567890,"time":"${at}","conversation_id":12345678901234567891}`,
    [...user, '--format', 'messages'],
    0,
    ['long-ids.ndjson: records, one JSON object a line', '1 line read, 1 accepted, 0 duplicates, 0 refused'],
  ],
  ['book.xlsx', zip('xl/workbook.xml'), user, 2, ['error: book.xlsx: an Excel workbook: save it as CSV']],
  ['chats.zip', zip('chats.json'), [], 2, ['error: chats.zip: a zip archive: unpack it, and name the files in it']],
  [
    'cut.ndjson.gz',
    packed.subarray(0, packed.length / 2),
    [],
    1,
    [
      'cut.ndjson.gz: events',
      'cut.ndjson.gz: the gzip data end too early: the file is truncated',
      '245 lines read, 245 accepted, 0 duplicates, 0 refused',
    ],
  ],
  [
    'plain.gz',
    event('1'),
    [],
    1,
    [
      'plain.gz: invalid gzip data: the file is damaged, or only its name says .gz',
      '0 lines read, 0 accepted, 0 duplicates, 0 refused',
    ],
  ],
  [
    'damaged.gz',
    Buffer.concat([packed.subarray(0, 40), Buffer.alloc(200, 7), packed.subarray(240)]),
    [],
    1,
    [
      'damaged.gz: invalid gzip data: the file is damaged, or only its name says .gz',
      '0 lines read, 0 accepted, 0 duplicates, 0 refused',
    ],
  ],
  [
    'photo.csv',
    Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16, 74, 70, 73, 70, 0, 1, 2, 0, 0, 1]),
    user,
    2,
    ['error: photo.csv: no text: export the data as CSV, JSON or NDJSON (if it is text, say its --encoding)'],
  ],
  [
    'login.csv',
    '<!DOCTYPE html><html><body>Log in</body></html>',
    user,
    2,
    ['error: login.csv: a web page, perhaps a login instead of the export: download the data itself'],
  ],
  [
    'notes.txt',
    'Ann said hello.\nThen nothing.\n',
    user,
    2,
    ['error: notes.txt: plain text: neither JSON, nor a table whose lines have the same number of cells'],
  ],
  [
    'chat.txt',
    '1/2/24, 12:00 - Ann: Hello\n1/2/24, 12:01 - Bob: Hi\n',
    [],
    2,
    [
      'error: chat.txt: its first line looks like the text file of "Export chat" in WhatsApp: say --preset whatsapp --time-zone ZONE',
    ],
  ],
  [
    'desk.ndjson',
    `${JSON.stringify({ event: 'message_created', id: 1, created_at: '2024-01-08T09:00:00Z' })}\n`,
    ['--preset', 'chatwoot', '--set', 'sender=user', '--set', 'is_test=maybe'],
    2,
    [
      `error: --set sender=user: beside --preset it sets an attribute of conversations: ${Object.keys(attributes).join(', ')}`.slice(
        0,
        150,
      ),
      'error: --set is_test=maybe: must be true or false',
    ],
  ],
  [
    'two-lists.json',
    JSON.stringify({ users: [{ id: 1 }], data: { messages: [row(1)] } }),
    user,
    2,
    [
      'error: two-lists.json: a JSON document with lists under `.users` and `.data.messages`: say which with --records users or --records data.messages',
    ],
  ],
  [
    'two-lists.json',
    JSON.stringify({ users: [{ id: 1 }], data: { messages: [row(1)] } }),
    [...user, '--records', 'data.messages'],
    0,
    [
      'two-lists.json: a JSON document with lists under `.users` and `.data.messages`, records at `.data.messages`',
      '1 record read, 1 accepted, 0 duplicates, 0 refused',
    ],
  ],
  [
    'two-lists.json',
    JSON.stringify({ users: [{ id: 1 }], data: { messages: [row(1)] } }),
    [...user, '--records', 'chats'],
    1,
    [
      'two-lists.json: a JSON document with lists under `.users` and `.data.messages`, records at `.chats`',
      'two-lists.json: there is no list at `.chats`; it has lists of objects under `.users`, `.data.messages`: --records says which',
      '0 records read, 0 accepted, 0 duplicates, 0 refused',
    ],
  ],
  [
    'pretty.json',
    JSON.stringify([row(1), row(2)], null, 2),
    user,
    0,
    ['pretty.json: a JSON document that is a list', '2 records read, 2 accepted, 0 duplicates, 0 refused'],
  ],
  [
    'broken.json',
    `[${JSON.stringify(row(1))},{"id":2,},{'id':3},{"id":NaN},${JSON.stringify(row(5))}]`,
    user,
    1,
    [
      'broken.json: a JSON document that is a list',
      'broken.json, record 2: not JSON: there is a comma before a closing bracket',
      'broken.json, record 3: not JSON: its texts stand in single quotes',
      'broken.json, record 4: not JSON: it has NaN or Infinity, which are no JSON',
      '5 records read, 2 accepted, 0 duplicates, 3 refused',
    ],
  ],
  [
    'cut.json',
    `{"messages":[${JSON.stringify(row(1))},{"id":2,"te`,
    user,
    1,
    [
      'cut.json: a JSON document with a list under `.messages`',
      'cut.json, record 2: the document ends in the middle: the file is truncated',
      '1 record read, 1 accepted, 0 duplicates, 0 refused',
    ],
  ],
  [
    'crossed.json',
    `[${JSON.stringify(row(1))},{"id":[2}],${JSON.stringify(row(3))}]`,
    user,
    1,
    [
      'crossed.json: a JSON document that is a list',
      'crossed.json, record 2: its brackets do not fit; nothing from this record on was read',
      '1 record read, 1 accepted, 0 duplicates, 0 refused',
    ],
  ],
  [
    'broken.ndjson',
    `${event('1')}\n{"id":"2",\n"3"\n${event('4')}\n`,
    [],
    1,
    [
      'broken.ndjson: events',
      'broken.ndjson:2: is not JSON',
      'broken.ndjson:3: must be an object',
      '4 lines read, 2 accepted, 0 duplicates, 2 refused',
    ],
  ],
  [
    'events.json',
    `{"events":[${event('1')},${event('2', { mood: 1 })}]}`,
    [],
    1,
    [
      'events.json: a JSON document with a list under `.events`',
      'events.json, record 2: mood: is not a field of message; its fields are id, time, conversation_id, seq, sender, sender_id, sender_name, confidence, tea',
      '2 records read, 1 accepted, 0 duplicates, 1 refused',
    ],
  ],
];

/** What engines and libraries say, which helps nobody with a file. */
const ENGINE =
  /Unexpected|SyntaxError|TypeError|RangeError|Error:|at position|in JSON|is not valid JSON|CSV_|Z_[A-Z]|ERR_|E[A-Z]{4,}\b|incorrect header|invalid (?:code|distance|block|stored)|undefined|\[object|\bnull\b/;

/** Of what is said: not the time that it took, and nothing twice. */
const inShort = (text: string) =>
  text
    .trim()
    .split('\n')
    .filter((line) => !/^(?:nothing was sent|\d+ events? of|refused \d)/.test(line))
    .map((line) => line.replace(/; [\d.]+ s, \S+ \w+\/s$/, '').slice(0, 150));

t.test('what is said of files that are broken or odd', async (t) => {
  for (const [name, content, options, status, said] of cases) {
    const cwd = folder(t, { [name]: content });
    const result = await run(['--dry-run', ...options, name], { cwd, env: {} });
    const found = [...result.found, ...inShort(result.stderr)];
    t.strictSame(found, said, name);
    t.equal(result.status, status, name);
    t.notMatch(found.join('\n'), ENGINE, name);
  }
});
