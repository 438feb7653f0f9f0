import { PassThrough, Readable } from 'node:stream';
import { mock } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { LosslessNumber, stringify } from 'lossless-json';
import t from 'tap';
import { Halt } from '../src/cli/import/halt.js';
import { messageKinds, sourceOf } from '../src/cli/import/options.js';
import { Progress } from '../src/cli/import/progress.js';
import { runImport } from '../src/cli/import/run.js';
import { Service } from '../src/cli/import/service.js';
import type { Kind } from '../src/queries/ingest/kinds.js';
import { converted } from '../src/sources/compile.js';
import { fakeService, folder, json, problem, run, spawnRun, start } from './import.fake.js';
import { until } from './service.js';

const event = (id: string, more = {}) =>
  JSON.stringify({ id, type: 'message', time: '2024-01-08T10:00:00Z', conversation_id: 'c', sender: 'user', ...more });
const many = (count: number, more = {}) =>
  Array.from({ length: count }, (_, index) => `${event(`e${index}`, more)}\n`).join('');
const table = ['--format', 'messages'];
const messages = [...table, '--set', 'sender=user'];

t.test('events go as they are: gzip, byte-order mark, CR LF and blank lines notwithstanding', async (t) => {
  const service = await fakeService(t);
  const exact = event('n').replace('}', ', "seq": 1.0, "content": {"n": 12345678901234567890, "m": 1.10}}');
  const packed = Buffer.concat([gzipSync(`\ufeff${event('a')}\r\n`), gzipSync(`\n \t\n${event('b')}`)]);
  const cwd = folder(t, { 'a.ndjson.gz': packed, 'b.ndjson': `\ufeff\n${exact}\n` });
  const { status, stdout, stderr, found } = await spawnRun(['--url', service.url, 'a.ndjson.gz', 'b.ndjson', '-'], {
    cwd,
    stdin: gzipSync(event('stdin')),
  });
  t.equal(stderr, '');
  t.strictSame(found, ['a.ndjson.gz, b.ndjson, <stdin>: events']);
  const query =
    '{"dataset":"conversations","start_time":"2024-01-08","end_time":"2024-01-09","measures":["conversations","users"],"group_by":["channel"]}';
  const [counts, ...story] = stdout.split('\n');
  t.match(counts, /^4 lines read, 4 accepted, 0 duplicates, 0 refused; \d+\.\d s, \d+ lines\/s$/);
  t.strictSame(story, [
    '4 events of 1 conversation, 2024-01-08T10:00:00Z to 2024-01-08T10:00:00Z',
    'To see them:',
    `  curl -u "$CONVERSATION_REPORTS_KEY" ${service.url}/v1/query -H 'Content-Type: application/json' \\`,
    `    -d '${query}'`,
    '',
  ]);
  t.equal(status, 0);
  t.strictSame(service.lines(), [event('a'), event('b'), exact, event('stdin')]);
  t.match(service.requests[0]?.headers, { 'content-type': 'application/x-ndjson' });
});

t.test('batches stay within 2,000 events and 1 MiB, several under way, in the order of the file', async (t) => {
  const waiting: (() => void)[] = [];
  const service = await fakeService(t, (response, { lines }) => {
    waiting.push(() => json(response, 200, { accepted: lines.length, duplicates: 0 }));
    if (waiting.length === 3) for (const answer of waiting.splice(0)) answer();
    return true;
  });
  const cwd = folder(t, { 'many.ndjson': many(4500), 'long.ndjson': many(30, { text: 'x'.repeat(99_000) }) });
  const options = ['--url', service.url, '--concurrency', '3'];
  t.match((await run([...options, 'many.ndjson'], { cwd })).stdout, '4500 accepted');
  t.strictSame(service.requests.map(({ lines }) => lines.length).sort(), [2000, 2000, 500]);
  t.strictSame(service.requests.flatMap(({ lines }) => lines).sort(), many(4500).trim().split('\n').sort());
  t.match((await run([...options, 'long.ndjson', '--gzip'], { cwd })).stdout, '30 accepted');
  t.strictSame(
    service.requests.slice(3).map(({ lines }) => lines.length),
    [10, 10, 10],
  );
  t.ok(service.requests.every(({ bytes }) => bytes <= 1024 ** 2));
  t.equal(service.seen.mostUnderWay, 3);
});

t.test('a table of NDJSON: own names, mapped columns, constants; nulls dropped, others named once', async (t) => {
  const service = await fakeService(t);
  const row = (id: number, more = {}) =>
    JSON.stringify({
      message_id: id,
      time: '2024-01-08T10:00:00Z',
      conversation_id: 'c',
      text: '',
      who: null,
      x: 1,
      ...more,
    });
  const cwd = folder(t, {
    'a.ndjson': `${row(1)}\n${row(2, { who: 'ann', y: 2, meta: { n: 1 }, time: '2024' })}\n[]\n`,
    'b.ndjson': row(3, { who: 'bob', ok: 'TRUE', tags: '["a",\n"b"]' }).replace(
      '"x":1',
      '"meta":{"n":1.0,"m":12345678901234567890}',
    ),
  });
  const maps = [
    'id=message_id',
    'sender_id=who',
    'user_name=who',
    'is_test=ok',
    'metadata=meta',
    'conversation.tags=tags',
  ];
  const args = [...messages, '--set', 'bot_id=fcc', ...maps.flatMap((map) => ['--map', map])];
  const { status, stdout, stderr } = await run([...args, '--url', service.url, 'a.ndjson', 'b.ndjson'], { cwd });
  t.strictSame(stderr.trim().split('\n').sort(), [
    'a.ndjson:2: time: "2024" is not a time as ISO 8601 writes it: say how times are written',
    'a.ndjson:3: not a JSON object',
    'ignored columns: x',
    'ignored columns: y',
  ]);
  t.match(stdout, '4 lines read, 2 accepted, 0 duplicates, 2 refused');
  t.equal(status, 1);
  const common = { type: 'message', sender: 'user', time: '2024-01-08T10:00:00.000Z', conversation_id: 'c' };
  const [first, second] = service.events();
  t.strictSame(first, { ...common, id: '1', conversation: { bot_id: 'fcc' } });
  t.match(second, {
    ...common,
    id: '3',
    sender_id: 'bob',
    conversation: { user_name: 'bob', is_test: true, tags: ['a', 'b'] },
  });
  t.match(service.lines()[1], '"metadata":{"n":1,"m":12345678901234567890}');
});

t.test('a table of CSV: typed by field, empty cells dropped, lines counted through quotes', async (t) => {
  const service = await fakeService(t);
  const time = '2024-01-08T10:00:00Z';
  const csv = [
    'id,time,conversation_id,text,role,test,seq,meta,rest',
    `1,${time},c,"say ""hi"",\r\nthen é",user,true,7,"{""n"": 1.0}",`,
    '',
    `2,${time},c,,bot,FALSE,,,x`,
    `3,${time},c,,bot,perhaps,,,`,
    `4,${time},c,,bot`,
    `5,${time},c,\xff,bot,,,,`,
    `6,,c,,agent,,,,\xff`,
    `7,${time},c,é,agent,,,,\xff`,
  ];
  const bytes = Buffer.concat(csv.map((line) => Buffer.from(`${line}\r\n`, line.includes('\xff') ? 'latin1' : 'utf8')));
  const text = Buffer.from(
    bytes.toString('latin1').replace('7,2024-01-08T10:00:00Z,c,\xe9', `7,${time},c,\xc3\xa9`),
    'latin1',
  );
  const cwd = folder(t, { 'a.csv.gz': gzipSync(Buffer.concat([Buffer.from('\ufeff'), text])) });
  const args = [
    ...table,
    '--map',
    'sender=role',
    '--map',
    'is_test=test',
    '--map',
    'seq=seq',
    '--map',
    'metadata=meta',
  ];
  const { status, stderr, stdout } = await run([...args, '--url', service.url, 'a.csv.gz'], { cwd });
  t.strictSame(stderr.trim().split('\n').sort(), [
    'a.csv.gz:6: conversation.is_test: must be true or false',
    'a.csv.gz:7: 5 cells, where the header has 9',
    'a.csv.gz:8: column "text" is not UTF-8',
    'a.csv.gz:9: time: there is nothing at time',
    'ignored columns: rest',
  ]);
  t.equal(status, 1);
  t.match(stdout, '7 lines read, 3 accepted, 0 duplicates, 4 refused');
  const common = { type: 'message', time: '2024-01-08T10:00:00.000Z', conversation_id: 'c' };
  t.strictSame(service.events(), [
    {
      ...common,
      id: '1',
      text: 'say "hi",\r\nthen é',
      sender: 'user',
      seq: 7,
      conversation: { is_test: true, metadata: { n: 1 } },
    },
    { ...common, id: '2', sender: 'bot', conversation: { is_test: false } },
    { ...common, id: '7', sender: 'agent', text: 'é' },
  ]);
  const piped = await run([...messages, '--csv', '--url', service.url, '-'], {
    stdin: `conversation_id,time,id\nc,${time},8\n`,
  });
  t.match(piped, { status: 0, stderr: '', stdout: '1 accepted' });
});

t.test('refused lines are named by file, line and reason, and the rest is stored', async (t) => {
  const service = await fakeService(t, (response, { lines }) => {
    const index = lines.findIndex((line) => line.includes('"foreign"'));
    return index === -1
      ? undefined
      : problem(response, 403, [{ path: `$.events[${index}].conversation.team_id`, message: 'is outside' }]);
  });
  const lines = [
    '',
    event('a'),
    '{"id": 1}',
    event('b'),
    'no JSON',
    event('c', { conversation: { team_id: 'foreign' } }),
  ];
  const cwd = folder(t, {
    'a.ndjson': lines.join('\n'),
    'bad.ndjson': Buffer.from(`${event('d')}\n"\xff"\n${event('e')}`, 'latin1'),
    'wrong.ndjson': many(250, { time: 'soon' }) + event('f'),
  });
  const { status, stdout, stderr } = await run(['--url', service.url, 'a.ndjson', 'bad.ndjson'], { cwd });
  t.equal(status, 1);
  t.strictSame(stderr.trim().split('\n').sort(), [
    'a.ndjson:3: id: must be a text; time: must be a time with an offset; sender: must be user, bot or agent',
    'a.ndjson:5: must be a JSON object',
    'a.ndjson:6: conversation.team_id: is outside',
    'bad.ndjson:2: not UTF-8',
  ]);
  t.match(stdout, '8 lines read, 4 accepted, 0 duplicates, 4 refused;');
  t.strictSame(
    service.events().map(({ id }) => id),
    ['a', 'b', 'd', 'e'],
  );

  const wrong = await run(['--url', service.url, 'wrong.ndjson'], { cwd });
  t.match(wrong.stdout, '251 lines read, 1 accepted, 0 duplicates, 250 refused;');
  t.match(wrong.stdout, '\nrefused 250: time: must be a time with an offset (first wrong.ndjson:1)');
  t.strictSame(
    wrong.stderr.trim().split('\n'),
    [1, 2, 3].map((number) => `wrong.ndjson:${number}: time: must be a time with an offset`),
    'the first places of a cause are shown, the others counted',
  );
});

t.test('what is too large is split, and a line that is too large alone is refused', async (t) => {
  const service = await fakeService(t, undefined, { bytes: 2000 });
  const cwd = folder(t, { 'a.ndjson': `${many(100)}${event('long', { text: 'x'.repeat(3000) })}\n${event('last')}\n` });
  const { status, stderr, stdout } = await run(['--url', service.url, 'a.ndjson'], { cwd });
  t.match(stdout, '102 lines read, 101 accepted, 0 duplicates, 1 refused');
  t.match(stderr, /^a\.ndjson:101: longer than the service accepts\n$/);
  t.ok(service.requests.length <= 32, `halves take ${service.requests.length} requests`);
  t.equal(status, 1);
  const stdin = `${event('x')}\n${' '.repeat(11 * 1024 ** 2)}x\n${event('y')}`;
  const longer = await run(['--url', service.url, '-'], { stdin });
  t.match(longer, { status: 1, stderr: /^<stdin>:2: longer than 10485760 bytes\n$/, stdout: '2 accepted' });
});

t.test('a service that is away is waited for, and it is said once', async (t) => {
  const answers = [
    (response) => problem(response, 502),
    (response) => response.destroy() && true,
    (response) => problem(response, 503, [], { 'retry-after': '1' }),
    (response) => problem(response, 429, [], { 'retry-after': new Date(Date.now() + 500).toUTCString() }),
  ] as Parameters<typeof fakeService>[1][];
  const service = await fakeService(t, (response, request, number) => answers[number - 1]?.(response, request, number));
  const cwd = folder(t, { 'a.ndjson': many(10) });
  const begun = performance.now();
  const { status, stderr, stdout } = await run(['--url', service.url, 'a.ndjson'], { cwd });
  t.match(stdout, '10 lines read, 10 accepted, 0 duplicates, 0 refused');
  t.match(stderr, /^service unavailable \(it answers 502\), retrying for up to 10m\n/);
  t.equal(stderr.match(/unavailable/g)?.length, 1);
  t.equal(status, 0);
  t.equal(service.requests.length, 5);
  t.ok(performance.now() - begun > 1000, 'waits as long as Retry-After says');
});

t.test('it gives up after --retry-for, and the same command goes on', async (t) => {
  let isAway = true;
  const service = await fakeService(t, (response, { lines }) =>
    isAway && lines.some((line) => line.includes('"e2400"')) ? problem(response, 503) : undefined,
  );
  const cwd = folder(t, { 'a.ndjson': many(2500) });
  const options = ['--url', service.url, '--concurrency', '1', '--retry-for'];
  const broken = await run([...options, '1s', 'a.ndjson'], { cwd });
  t.match(
    broken.stderr,
    /^service unavailable.*\ngave up on http:\S+: it answers 503; the next try is later than --retry-for 1s\nrun the same command again to continue/,
  );
  t.match(broken.stdout, /^\d+ lines read, 2000 accepted, 0 duplicates, 0 refused, \d+ not sent;/);
  t.equal(broken.status, 1);
  isAway = false;
  const resumed = await run([...options, '0', 'a.ndjson'], { cwd });
  t.match(resumed, { status: 0, stdout: '2500 lines read, 500 accepted, 2000 duplicates, 0 refused', stderr: '' });
  const nobody = await run(['--url', 'http://127.0.0.1:1', 'a.ndjson'], { cwd });
  t.match(nobody, { status: 1, stderr: /^cannot talk to http:\/\/127\.0\.0\.1:1: bad port; check --url\n$/ });
});

t.test('each request has a deadline', async (t) => {
  const service = await fakeService(t, (_, __, number) => (number === 1 ? true : undefined));
  const said: string[] = [];
  const options = {
    url: new URL(service.url),
    keyId: 'k1',
    secret: 's3cret',
    retryForMs: 5000,
    deadlineMs: 100,
    gzip: false,
  };
  const sender = new Service(options, new Halt(), (text) => said.push(text));
  t.match(await sender.post(Buffer.from(event('a'))), { status: 200, body: { accepted: 1, duplicates: 0 } });
  t.strictSame(said, ['service unavailable (no answer within 0s), retrying for up to 5s']);
});

t.test('an answer that is about no line stops it, with what to do', async (t) => {
  const cases: [Parameters<typeof fakeService>[1], RegExp][] = [
    [(response) => problem(response, 401), /does not know this key \(as the fake says\): check --key/],
    [(response) => problem(response, 403), /this key may not send events/],
    [(response) => problem(response, 404), /nothing takes events at http:\S+\/v1\/events .*: check --url/],
    [
      (response) => problem(response, 400, [{ path: '$', message: 'x' }]),
      /refuses the lines a\.ndjson:1 to a\.ndjson:2/,
    ],
    [(response) => problem(response, 400, [{ path: '$.events[7].id', message: 'x' }]), /refuses the lines/],
    [(response) => json(response, 308, {}, { location: 'https://x.test/v1/events' }), /points to https:\/\/x\.test/],
    [(response) => json(response, 200, { ok: true }), /answers 200, which is not an answer of this service/],
  ];
  const cwd = folder(t, { 'a.ndjson': many(2) });
  for (const [interfere, message] of cases) {
    const service = await fakeService(t, interfere);
    const { status, stdout, stderr } = await run(['--url', service.url, 'a.ndjson'], { cwd });
    t.match(stderr, message);
    t.match(stdout, '2 lines read, 0 accepted, 0 duplicates, 0 refused, 2 not sent');
    t.equal(status, 1);
    t.equal(service.requests.length, 1);
  }
});

t.test('a file that breaks off is named; what stands before is stored', async (t) => {
  const service = await fakeService(t);
  const rows = 'id,time,conversation_id\n1,2024-01-08T10:00:00Z,c\n2,"2024\n,c\n';
  const packed = gzipSync(many(3000));
  const cwd = folder(t, {
    'cut.gz': packed.subarray(0, packed.length - 9),
    'plain.gz': event('p'),
    'a.csv': rows,
    'b.csv': rows.replace('"', '2"'),
  });
  const options = ['--url', service.url];
  t.match(await run([...options, 'cut.gz'], { cwd }), { status: 1, stderr: /^cut\.gz: the gzip data end too early/ });
  t.ok(service.lines().length >= 1000);
  t.match(await run([...options, 'plain.gz'], { cwd }), { status: 1, stderr: /^plain\.gz: invalid gzip data/ });
  const open = await run([...options, ...messages, 'a.csv'], { cwd });
  t.match(open, { status: 1, stderr: /^a\.csv:3: a quote is never closed\na\.csv:4: 2 cells, where/ });
  t.match(await run([...options, ...messages, 'b.csv'], { cwd }), {
    status: 1,
    stderr: /^b\.csv:3: there is a quote inside an unquoted cell\nb\.csv:4: 2 cells, where/,
  });
});

t.test('a wrong command line: status 2, and nothing is sent', async (t) => {
  const service = await fakeService(t);
  const row = '{"id":"1","time":"2024-01-08T10:00:00Z","conversation_id":"c"}\n';
  const cwd = folder(t, {
    'a.ndjson': event('a'),
    't.ndjson': row,
    'u.ndjson': '{"who":1}\n',
    'a.csv': 'id,time\n1,2\n',
  });
  const cases: [string[], RegExp][] = [
    [[], /missing required argument 'file'/],
    [['--no-such', 'a.ndjson'], /unknown option/],
    [['a.ndjson', 'none.ndjson', '.'], /error: none\.ndjson: no such file\nerror: \.: a folder/],
    [['-', '-'], /only be read once/],
    [['--url', 'ftp://x', 'a.ndjson'], /Not an http or https URL/],
    [['--concurrency', '0', 'a.ndjson'], /from 1 to 64/],
    [['--retry-for', 'ever', 'a.ndjson'], /duration such as 90s/],
    [['a.csv'], /a\.csv: CSV with `,`\. Its records with "id", "time" are no events: say what they mean with --map/],
    [['--set', 'sender=user', 'a.ndjson'], /a\.ndjson: events already.*say --format messages/],
    [[...table, 't.ndjson'], /nothing says who wrote: --map sender=COLUMN, or --set sender=user/],
    [
      [...messages, '--map', 'colour=c', '--set', 'is_test=yes', 't.ndjson'],
      /colour=c: unknown field; known are id, .*\nerror: --set is_test=yes: must be true or false/,
    ],
    [[...messages, '--map', 'sender=who', 't.ndjson'], /--set sender=user: sender is filled twice/],
    [[...messages, '--map', 'user_id=who', 't.ndjson'], /t\.ndjson: no column "who", which --map user_id=who names/],
    [
      [...messages, 'a.csv'],
      /a\.csv: no column "conversation_id": name the one with --map conversation_id=COLUMN; there are "id", "time"/,
    ],
    [
      [...messages, 'u.ndjson', 'a.csv'],
      /no column "conversation_id".*\nerror: u\.ndjson: no column "id".*\nerror: u\.ndjson: no column "time".*\nerror: u\.ndjson: .*; there are "who"$/m,
    ],
  ];
  for (const [args, message] of cases) {
    const result = await run(['--url', service.url, ...args], { cwd });
    t.match(result, { status: 2, stderr: message, stdout: '' }, args.join(' '));
  }
  t.match(await spawnRun(['a.ndjson'], { cwd, env: {} }), { status: 2, stderr: /no key: give --key/ });
  t.match(await spawnRun(['--no-such', 'a.ndjson'], { cwd }), { status: 2, stderr: /unknown option/ }, 'as a process');
  t.strictSame(service.requests, []);
  t.match(await spawnRun(['--help']), {
    status: 0,
    stdout: /--set bot_id=fcc --set bot_version=LIVE --set sender=user/,
  });
  const sparse = await run([...messages, '--map', 'user_id=who', '--url', service.url, 't.ndjson', 'u.ndjson'], {
    cwd,
  });
  t.match(sparse, { status: 1, stdout: '1 accepted, 0 duplicates, 1 refused' }, 'a sparse column is no fault');
  const piped = await run([...messages, '--map', 'user_id=who', '--url', service.url, '-'], { stdin: row });
  t.match(
    piped,
    { status: 1, stderr: /^in no row: no column "who"/, stdout: '1 duplicates' },
    'a pipe tells at the end',
  );
});

t.test('SIGINT: what is under way is waited for, nothing new starts, and the summary says so', async (t) => {
  const service = await fakeService(t, (response, { lines }) => {
    // The importer says nothing of the signal until it ends: time for a busy machine to hand it over.
    setTimeout(() => json(response, 200, { accepted: lines.length, duplicates: 0 }), 2_000);
    return true;
  });
  const { child, ended } = start(['--url', service.url, '-']);
  child.stdin.write(many(2500));
  await until(
    () => service.requests.length > 0,
    () => 'no request came',
  );
  child.kill('SIGINT');
  const { status, stdout, stderr } = await ended;
  t.equal(status, 130);
  t.match(stdout, '2500 lines read, 2000 accepted, 0 duplicates, 0 refused, 500 not sent');
  t.match(stderr, /^interrupted\nrun the same command again to continue/);
  t.equal(service.requests.length, 1);
});

t.test('a halt gives what is under way five seconds', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.teardown(() => mock.timers.reset());
  const halt = new Halt();
  halt.stop(new Error('first'));
  halt.stop(new Error('second'));
  t.match(halt, { stopping: { aborted: true }, aborting: { aborted: false }, reason: { message: 'first' } });
  mock.timers.tick(4999);
  t.equal(halt.aborting.aborted, false);
  mock.timers.tick(1);
  t.equal(halt.aborting.aborted, true);
});

t.test('a terminal shows a bar with rate and remaining time; all else stands above it', async (t) => {
  const service = await fakeService(t, (response, { lines }) => {
    setTimeout(() => json(response, 200, { accepted: lines.length, duplicates: 0 }), 100);
    return true;
  });
  const cwd = folder(t, { 'a.ndjson': Buffer.from(`"\xff"\n${many(8000)}`, 'latin1') });
  const stderr = Object.assign(new PassThrough(), { isTTY: true, columns: 120 });
  const stdout = new PassThrough();
  const options = {
    url: new URL(service.url),
    keyId: 'k1',
    secret: 's3cret',
    retryForMs: 0,
    deadlineMs: 5000,
    gzip: false,
  };
  const reading = { source: undefined, from: undefined, format: undefined, isCsv: false };
  const plan = { files: [`${cwd}/a.ndjson`], reading, concurrency: 1, service: options };
  const streams = { stdin: Readable.from([]), stdout, stderr };
  t.equal(await runImport(plan, streams, new AbortController().signal), 1);
  const shown = String(stderr.read());
  t.match(shown, /\[#+\.*\] \d+%, \d+s left, \d+ lines, \d+ lines\/s/);
  t.match(shown, /a\.ndjson:1: not UTF-8\n/);
  t.ok(shown.indexOf('not UTF-8') < shown.lastIndexOf('#'), 'the bar goes on below it');
  t.match(String(stdout.read()), '8001 lines read, 8000 accepted');
});

t.test('elsewhere it prints a plain line every few seconds', async (t) => {
  mock.timers.enable({ apis: ['setInterval'] });
  t.teardown(() => mock.timers.reset());
  const output = new PassThrough();
  const progress = new Progress(output);
  const state = { lines: 0, bytes: 0 };
  progress.start(1000, () => state);
  await sleep(20);
  Object.assign(state, { lines: 10, bytes: 500 });
  mock.timers.tick(5000);
  t.match(String(output.read()), /^50%, 0s left, 10 lines, \d+ lines\/s\n$/);
  progress.log('to the \u001b[2J terminal');
  t.equal(String(output.read()), 'to the ?[2J terminal\n');
  progress.stop();
  mock.timers.tick(5000);
  t.equal(output.read(), null);
});

t.test('a value becomes what its field holds, or stays what it is', async (t) => {
  const { event, conversation } = messageKinds;
  const cases: [Kind | undefined, unknown, string][] = [
    [event.sender_id, '007', '"007"'],
    [event.text, 'true', '"true"'],
    [event.seq, '-7', '-7'],
    [event.seq, '007', '"007"'],
    [event.seq, '7.5', '"7.5"'],
    [event.response_time_seconds, '1.50', '1.5'],
    [event.response_time_seconds, '12345678901234567890', '12345678901234567890'],
    [event.first_message, 'True', 'true'],
    [event.first_message, '1', '"1"'],
    [event.content, '{"a":\n1.5}', '{"a":1.5}'],
    [event.content, '[1]', '"[1]"'],
    [conversation.tags, '["a"]', '["a"]'],
    [conversation.tags, 'a,b', '["a","b"]'],
    [conversation.visitor_ids, '[]', '[]'],
    [event.collection_sources, '{}', '"{}"'],
    [event.sender_id, new LosslessNumber('12345678901234567890'), '"12345678901234567890"'],
    [event.sender_id, true, '"true"'],
    [event.sender_id, ['a'], '["a"]'],
    [event.seq, 7, '7'],
    [event.content, { n: new LosslessNumber('12345678901234567890') }, '{"n":12345678901234567890}'],
  ];
  for (const [kind, value, expected] of cases) t.equal(stringify(converted(value, kind as Kind)), expected);
});

t.test('a plain name is the message field where both have it', async (t) => {
  const map = ['team_id=a', 'conversation.team_id=b', 'message.tags=c', 'conversation.tags=c', 'user_id=d'];
  const source = sourceOf({ map, set: ['message.sender=bot', 'text=hi'] });
  t.strictSame(
    source.reads?.map(({ path }) => path.text),
    ['a', 'b', 'c', 'c', 'd', 'id', 'time', 'conversation_id'],
  );
  const row = { a: 'A', b: 'B', c: '["C"]', d: 7, id: 1, time: '2024-01-08T10:00:00Z', conversation_id: 'c' };
  t.match(source.map(row).events, [
    { team_id: 'A', tags: ['C'], sender: 'bot', text: 'hi', conversation: { team_id: 'B', tags: ['C'], user_id: '7' } },
  ]);
  t.throws(() => sourceOf({ map: ['tags=a', 'message.tags=b'], set: ['sender=bot'] }), /filled twice/);
  for (const field of [
    'type=x',
    'message.user_id=x',
    'conversation.sender=x',
    'constructor=x',
    '=x',
    'text=',
    'text',
  ]) {
    t.throws(
      () => sourceOf({ map: [field], set: ['sender=bot'] }),
      /--map .*: (the type|unknown field|wants a field)/,
      field,
    );
  }
});
