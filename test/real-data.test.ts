import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { connect } from '../src/database/connect.js';
import { findEmbedded } from '../src/database/embedded.js';
import { root } from '../src/root.js';
import { inForm, isFull } from './tools/form.js';

/** Real conversations, with counts that were made apart. They are not part of the project. */
const folder = join(root, '../shared/data/fcc-gitter');
const skip = existsSync(folder) ? false : 'no ../shared/data/fcc-gitter here';

const main = join(root, 'dist/src/main.js');
const KEY = 'first:a-secret-of-the-test';
const mapping =
  '--format messages --map id=message_id --map sender_id=user_id --map channel=channel --set bot_id=fcc --set bot_version=LIVE --set sender=user';

/** The service as its users start it: a process of its own, over an embedded database in `dir`. */
async function serve(dir: string) {
  const env = {
    PATH: process.env.PATH,
    DATA_DIR: dir,
    PORT: '0',
    LOG_LEVEL: 'error',
    BOOTSTRAP_KEY: KEY,
    BOOTSTRAP_ACCOUNT: '00000000-0000-4000-8000-00000000000a',
  };
  const child = spawn(process.execPath, [main, 'serve'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const url = /listens on (\S+?),/.exec(line.toString())?.[1];
  if (url === undefined) throw new Error(`the service did not start: ${line}`);
  return { child, url };
}

/** Runs `import` and gives what it said at the end, and whether it was content. */
async function load(url: string, file: string, whileRunning?: (child: ChildProcess) => Promise<void>) {
  const args = [main, 'import', '--url', url, ...mapping.split(' '), join(folder, file)];
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env.PATH, CONVERSATION_REPORTS_KEY: KEY },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stdout.on('data', (chunk) => {
    said += chunk;
  });
  child.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const closed = once(child, 'close');
  await whileRunning?.(child);
  const [status] = await closed;
  const count = (what: RegExp) => Number((what.exec(said)?.[1] ?? 'NaN').replaceAll(',', ''));
  return { status, said, accepted: count(/([\d,]+) accepted/), duplicates: count(/([\d,]+) duplicate/) };
}

/** Waits until the service has stored so many events. */
async function stored(dir: string, count: number) {
  const target = findEmbedded(dir);
  if (target === null) throw new Error('the database is not there');
  const sql = connect(target, { max: 1, statementTimeout: 10_000 });
  for (let events = 0; events < count; await delay(100)) {
    const [row] = await sql<{ events: number }[]>`select count(*) as events from events`;
    events = row?.events ?? 0;
  }
  await sql.end({ timeout: 1 });
}

t.test('real conversations, by the command line and HTTP alone', { skip }, async (t) => {
  const expected = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8'));
  const dir = mkdtempSync(join(tmpdir(), 'reports-real-'));
  let service = await serve(dir);
  t.teardown(async () => {
    service.child.kill('SIGTERM');
    await once(service.child, 'close');
    rmSync(dir, { recursive: true, force: true });
  });
  const ask = async (query: Record<string, string>) => {
    const search = new URLSearchParams({ version: 'LIVE', ...query });
    const answer = await fetch(`${service.url}/v1/bots/fcc/conversations?${search}`, {
      headers: { authorization: `Basic ${Buffer.from(KEY).toString('base64')}` },
    });
    t.equal(answer.status, 200);
    const { data } = (await answer.json()) as {
      data: { series: { values: number[]; sum: number }[]; series_labels: string[]; x_values: string[] };
    };
    return data;
  };

  await t.test('kill -9 of the service and its database in the middle of an import', async (t) => {
    const broken = await load(service.url, 'fcc-gitter.messages.ndjson.gz', async (importer) => {
      await stored(dir, inForm(5_000, 20_000));
      const pid = Number(readFileSync(join(dir, 'embedded-postgres/data/postmaster.pid'), 'utf8').split('\n')[0]);
      service.child.kill('SIGKILL');
      process.kill(pid, 'SIGKILL');
      await once(service.child, 'close');
      importer.kill('SIGINT');
    });
    t.not(broken.status, 0, 'the import broke off');
    service = await serve(dir);
    const data = await ask({ start_time: '2014-11-01', end_time: '2017-01-01', bucket: '1w' });
    t.ok(
      (data.series[0]?.sum ?? 0) < expected.conversations,
      `${data.series[0]?.sum} conversations were there by then`,
    );
  });

  await t.test('the same command again carries on, and what is sent twice changes nothing', async (t) => {
    const rest = await load(service.url, 'fcc-gitter.messages.ndjson.gz');
    t.equal(rest.status, 0, rest.said);
    t.equal(rest.accepted + rest.duplicates, expected.messages);
    t.ok(rest.duplicates > 0, `${rest.duplicates} were stored before the kill`);
    if (isFull) {
      const again = await load(service.url, 'fcc-gitter.messages.ndjson.gz');
      t.strictSame([again.status, again.accepted, again.duplicates], [0, 0, expected.messages]);
    }
    const doubles = await load(service.url, 'fcc-gitter.duplicates.ndjson.gz');
    t.strictSame([doubles.status, doubles.accepted, doubles.duplicates], [0, 0, 681]);
    t.comment(rest.said.trim().split('\n').at(-1) ?? '');
  });

  await t.test('the counts are those that were made apart', async (t) => {
    const days = expected.first_14_calendar_days as [string, number][];
    const first = await ask({ start_time: '2014-11-30', end_time: '2014-12-14', bucket: '1d' });
    t.strictSame(
      first.x_values,
      days.map(([day]) => `${day}T00:00:00Z`),
    );
    t.strictSame(
      first.series[0]?.values,
      days.map(([, conversations]) => conversations),
      'the first 14 days',
    );

    const channels = await ask({
      start_time: '2014-11-01',
      end_time: '2017-01-01',
      bucket: '1w',
      group_by: 'channel_type',
    });
    const counted = Object.fromEntries(channels.series_labels.map((label, n) => [label, channels.series[n]?.sum]));
    t.strictSame(counted, expected.conversations_by_channel, 'every channel');

    const hours = await ask({ start_time: '2016-05-02', end_time: '2016-05-03', bucket: '1h' });
    const byHour = Object.entries(expected['hourly_conversations_2016-05-02'] as Record<string, number>).sort();
    t.strictSame(
      hours.series[0]?.values,
      byHour.map(([, conversations]) => conversations),
      'a day by hour',
    );
  });
});
