import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { makeLog } from '../src/log.js';
import { root } from '../src/root.js';
import { type Block, blocksOf, pages } from './blocks.js';
import { ACCOUNT, world } from './harness.js';
import { proxy } from './proxy.js';
import { commandsIn } from './tools/commands.js';

/** Blocks that no test runs as they stand, each with the reason. They are found by their page and how they begin. */
const notRun: { page: string; begins: string; because: string }[] = [
  { page: 'docs/reliability.md', begins: 'npm run soak', because: 'takes 20 minutes; soak.test.ts runs it in short' },
  { page: 'docs/scaling.md', begins: 'select citus_set_coordinator_host', because: 'there is no Citus here' },
  {
    page: 'docs/scaling.md',
    begins: 'npx conversation-reports distribute',
    because: 'there is no Citus here; distribute.test.ts runs it on a stand-in',
  },
  {
    page: 'README.md',
    begins: 'npm ci && npm start',
    because: 'installs everything; start.test.ts starts the service',
  },
  { page: 'README.md', begins: 'npm run demo', because: 'runs until it is stopped; demo.test.ts runs it' },
  { page: 'README.md', begins: 'npx openapi-typescript', because: 'clients.test.ts makes and compiles both clients' },
  { page: 'README.md', begins: 'npm ci && npm test', because: 'is the run that this test is a part of' },
  {
    page: 'docs/operators.md',
    begins: 'docker build',
    because: 'there is no container engine; npm run test:container does its steps',
  },
  {
    page: 'docs/operators.md',
    begins: 'pg_dump',
    because: 'pg_dump must be as new as the server, and is older here; run by hand on PostgreSQL 15',
  },
  {
    page: 'docs/migrating.md',
    begins: 'BOOTSTRAP_ACCOUNT',
    because: 'runs until it is stopped; backup.test.ts starts with these settings',
  },
  {
    page: 'docs/spreadsheets.md',
    begins: '=IMPORTDATA',
    because: 'there is no Google Sheets here; the link itself is asked',
  },
  { page: 'docs/spreadsheets.md', begins: 'Csv.Document', because: 'there is no Excel here; the link itself is asked' },
  {
    page: 'docs/import.md',
    begins: 'export CONVERSATION_REPORTS_KEY',
    because: 'names a file of the reader; import-records.test.ts runs --dry-run',
  },
  {
    page: 'docs/import.md',
    begins: 'reading chats.csv',
    because: 'is what is said of such a file; import-odd.test.ts holds these words',
  },
  {
    page: 'docs/import.md',
    begins: '# Tickets of a help desk',
    because: 'is a mapping; import-records.test.ts reads it from the page',
  },
  {
    page: 'docs/import.md',
    begins: 'error: tickets.yaml',
    because: 'is what is said of a fault; import-records.test.ts holds its form',
  },
  { page: 'docs/import.md', begins: 'const post', because: 'takes events from a queue that is not there' },
  {
    page: 'docs/sources.md',
    begins: 'npx conversation-reports import result.json',
    because: 'names exports of the reader; presets.test.ts reads samples of them',
  },
  {
    page: 'docs/privacy.md',
    begins: 'curl -u "$KEY" http://127.0.0.1:3000/v1/erasures/ERASURE_ID',
    because: 'names an erasure of the reader; erasure.test.ts asks for one',
  },
  {
    page: 'docs/security.md',
    begins: 'TRUST_PROXY',
    because: 'runs until it is stopped; guesses.test.ts has a proxy',
  },
  {
    page: 'docs/operators.md',
    begins: 'npm install @opentelemetry',
    because: 'installs packages; traces.test.ts sends spans to a collector',
  },
  { page: 'docs/architecture.md', begins: ' HTTP', because: 'is a drawing' },
  {
    page: 'docs/benchmarks.md',
    begins: 'npm run bench',
    because: 'takes minutes; bench.test.ts tests how it compares',
  },
  {
    page: 'docs/benchmarks.md',
    begins: 'npm run test:attack',
    because: 'takes minutes; attack.test.ts runs a small form',
  },
];

/** Kinds that documentation.test.ts asks on the samples. */
const askedElsewhere = ['json query', 'json rows', 'http', 'graphql', 'json report'];
/** Kinds that this test runs, or compares with what the block before answered. */
const runHere = ['sh', 'sh folder', 'ndjson', 'ts', 'python', 'json log', 'json answer', 'csv answer', 'text answer'];

const isNotRun = (block: Block) =>
  notRun.find(({ page, begins }) => page === block.page && block.text.startsWith(begins));
const nameOf = ({ page, line, text }: Block) => `${page}:${line} ${text.split('\n')[0]}`;

t.test('every block of the pages is run, compared, or named as not run', async (t) => {
  const blocks = pages.flatMap(blocksOf);
  for (const block of blocks) {
    const isRun = askedElsewhere.includes(block.kind) || runHere.includes(block.kind);
    t.ok(
      isRun || isNotRun(block),
      `${nameOf(block)}: its kind "${block.kind}" is run by nothing: give it one, or list it`,
    );
  }
  for (const entry of notRun) {
    t.ok(
      blocks.some((block) => isNotRun(block) === entry),
      `${entry.page} "${entry.begins}" is there`,
    );
  }
});

const base = mkdtempSync(join(tmpdir(), 'reports-commands-'));
t.teardown(() => rmSync(base, { recursive: true, force: true }));
const bin = commandsIn(base);

/** The account of the pages; a reader puts in their own. */
const EXAMPLE_ACCOUNT = '8a6e0804-2bd0-4672-b79d-d97027f9071a';

const python = process.env.PYTHON ?? 'python3';
const hasPandas = spawnSync(python, ['-c', 'import pandas, requests']).status === 0;

for (const page of pages) {
  const blocks = blocksOf(page).filter((block) => !isNotRun(block) && block.kind !== 'sh folder');
  const isRun = blocks.some(({ kind }) => runHere.includes(kind));
  if (isRun) t.test(`${page}: its commands do what it says`, (t) => runPage(t, blocks));
}

/** Runs the blocks of a page in order, on a service of its own, as a reader would who follows it from top to bottom. */
async function runPage(t: Test, blocks: Block[]) {
  const w = await world(t);
  let log = '';
  const app = await w.app({
    logger: makeLog('info', {
      write(line: string) {
        log += line;
      },
    }),
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const listener = await proxy(w.target);
  t.teardown(() => listener.close());
  const origin = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  const basic = await w.key();
  const env = {
    PATH: `${bin}${delimiter}${process.env.PATH}`,
    KEY: idAndSecret(basic),
    DATABASE_URL: `postgres://${w.target.username}@127.0.0.1:${listener.target.port}/${w.target.database}`,
  };
  const cwd = mkdtempSync(join(base, 'page-'));
  for (const name of ['samples', 'dist']) symlinkSync(join(root, name), join(cwd, name));
  const question = blocks.find(({ kind }) => kind === 'json query');
  if (question) writeFileSync(join(cwd, 'request.json'), question.text);

  /** What the blocks so far said: where a page leaves out an address that only an answer tells. */
  let told = '';
  const filledIn = async (text: string) =>
    text
      .replaceAll('http://127.0.0.1:3000', origin)
      .replaceAll(EXAMPLE_ACCOUNT, ACCOUNT)
      .replaceAll('npx conversation-reports import', `npx conversation-reports import --url ${origin}`)
      .replace(/^export KEY=.*$/gm, '')
      .replaceAll('/v1/shared/...', [...told.matchAll(/\/v1\/shared\/[\w-]+/g)].at(-1)?.[0] ?? '/v1/shared/none')
      .replaceAll('LINK_ID', [...told.matchAll(/"link_id":\s*"([\w-]+)"/g)].at(-1)?.[1] ?? 'none')
      .replaceAll('KEY_ID', text.includes('KEY_ID') ? (idAndSecret(await w.key()).split(':')[0] as string) : 'none');
  const execute = async (program: string, args: string[], text: string, cwd: string) => {
    const running = promisify(execFile)(program, args, { cwd, env });
    running.child.stdin?.end(await filledIn(text));
    const { stdout } = await running;
    told += stdout;
    return stdout;
  };

  let answer = '';
  for (const block of blocks) {
    const { kind, text } = block;
    if (!runHere.includes(kind)) continue;
    try {
      if (kind === 'sh') answer = await execute('sh', ['-e'], text, cwd);
      else if (kind === 'ts') answer = await execute(process.execPath, ['--input-type=module'], withEvents(text), root);
      else if (kind === 'python' && hasPandas) answer = await execute(python, ['-'], text, cwd);
      else if (kind === 'python') t.comment(`${nameOf(block)}: ${python} has no pandas`);
      else if (kind === 'ndjson') {
        const headers = { authorization: basic, 'content-type': 'application/x-ndjson' };
        answer = (await app.inject({ method: 'POST', url: '/v1/events', headers, payload: text })).body;
      } else if (kind === 'json log') {
        const line = log.split('\n').find((one) => one.includes('"msg":"request"')) as string;
        t.strictSame(
          Object.keys(JSON.parse(text)),
          Object.keys(JSON.parse(line)),
          `${nameOf(block)} has the keys of a line`,
        );
      } else if (kind.startsWith('json')) compare(t, JSON.parse(answer), JSON.parse(text), nameOf(block));
      else t.match(answer.replaceAll('\r\n', '\n'), patternOf(text), nameOf(block));
      if (!kind.endsWith('answer')) t.notMatch(answer, /"status": ?[45]\d\d/, nameOf(block));
    } catch (error) {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
      t.fail(`${nameOf(block)}: ${error}\n${stdout}${stderr}`);
    }
  }
}

const idAndSecret = (basic: string) => Buffer.from(basic.slice('Basic '.length), 'base64').toString();

/** The events that an example in TypeScript says it has. */
const withEvents = (text: string) => `
  const events = [{ id: '1', type: 'conversation.updated', time: '2024-01-08T10:00:00Z', conversation_id: 'from-ts' }];
  ${text}`;

/** Compares an answer with how a page shows it, in which "..." stands for any text, or for its end. */
function compare(t: Test, found: unknown, shown: unknown, name: string) {
  const like = (value: unknown, as: unknown): unknown => {
    if (typeof as === 'string' && as.endsWith('...') && typeof value === 'string') {
      return value.startsWith(as.slice(0, -3)) ? as : value;
    }
    if (typeof as !== 'object' || as === null || typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).map(([key, one]) => [key, like(one, as[key as keyof typeof as])]);
    return Array.isArray(value) ? entries.map(([, one]) => one) : Object.fromEntries(entries);
  };
  t.strictSame(like(found, shown), shown, `${name}: ${JSON.stringify(found)}`);
}

/** What a text must be to be as a page shows it, in which ... stands for anything on its line. */
const patternOf = (text: string) =>
  new RegExp(
    `^${text
      .trim()
      .split('...')
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}\\s*$`,
  );
