import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { type DemoEvent, madeYear } from '../src/demo/year.js';
import { ask, send, world } from './harness.js';
import { launch, main, portOf } from './service.js';

const until = Date.UTC(2026, 10, 26);
const small = { seed: 1, until, conversations: 400 };

t.test('a made year is the same for the same options, and lies before its end', async (t) => {
  const year = [...madeYear(small)];
  const text = JSON.stringify(year); // tap takes minutes to compare so many objects
  t.ok(text === JSON.stringify([...madeYear(small)]), 'the same seed gives the same events');
  t.ok(text !== JSON.stringify([...madeYear({ ...small, seed: 2 })]), 'another seed gives others');
  t.ok(year.length > 390 && year.length <= 400, `${year.length} conversations`);
  const times = year.flat().map(({ time }) => Date.parse(time));
  t.ok(Math.max(...times) < until);
  t.ok(Math.min(...times) >= until - 365 * 86_400_000);
  const isInOrder = (events: DemoEvent[]) =>
    events.every(({ time }, n) => n === 0 || time >= String(events[n - 1]?.time));
  t.ok(year.every(isInOrder), 'each conversation is told in order');
  t.throws(() => madeYear({ ...small, until: until + 1 }).next(), { message: /midnight/ });
});

t.test('the service takes all of it, and it has everything that a report shows', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app({ now: until }), await w.key()];
  const events = [...madeYear({ ...small, conversations: 1_500, days: 60 })].flat();
  for (let n = 0; n < events.length; n += 5_000) {
    const { status, body } = await send(app, key, events.slice(n, n + 5_000));
    t.equal(status, 200, JSON.stringify(body.errors));
    t.equal(body.duplicates, 0);
  }
  const types = new Set(events.map(({ type }: DemoEvent) => type));
  for (const type of ['message', 'step', 'participant.joined', 'rating', 'order', 'note', 'message.edited']) {
    t.ok(types.has(type), type);
  }
  const measures = ['containment_rate', 'csat', 'avg_first_response_seconds', 'avg_resolution_seconds', 'handovers'];
  const { body } = await ask(app, key, {
    method: 'POST',
    url: '/v1/query',
    payload: { dataset: 'conversations', start_time: '2026-09-01', end_time: '2026-11-26', measures },
  });
  for (const [n, value] of body.rows[0].entries()) t.ok(value > 0, `${measures[n]} ${value}`);
  const flows = await ask(app, key, {
    url: '/v1/bots/care/flows?version=v2&start_time=2026-09-01&end_time=2026-11-26&path=welcome&path=ask_order_number',
  });
  t.ok(
    flows.body.nodes.some(({ id }: { id: string }) => id === 'not_understood'),
    'its flows have cycles',
  );
});

t.test('the command makes its data once a day, and touches no folder that is not its own', async (t) => {
  const base = mkdtempSync(join(tmpdir(), 'reports-demo-'));
  t.teardown(() => rmSync(base, { recursive: true, force: true }));
  const start = () => launch(process.execPath, [...main, 'demo', '--conversations', '50'], base, { PORT: '0' });

  const first = start();
  t.teardown(() => first.child.kill('SIGKILL'));
  const port = await portOf(first);
  const key = /^Key +(demo:\S+)$/m.exec(first.said())?.[1] ?? '';
  t.match(first.said(), /conversations, [\d,]+ events, in \d+ s/);
  t.match(first.said(), `Dashboard  http://127.0.0.1:${port}/\n`);
  const answer = await fetch(`http://127.0.0.1:${port}/v1/bots`, { headers: { authorization: `Bearer ${key}` } });
  const { bots } = (await answer.json()) as { bots: { bot_id: string }[] };
  t.ok(bots.length >= 2);
  t.match(await refusalOf(start()), /a demo runs in .* already/);
  first.child.kill('SIGTERM');
  t.equal(await first.ended, 0);

  const again = start();
  t.teardown(() => again.child.kill('SIGKILL'));
  await portOf(again);
  t.notMatch(again.said(), / events, in /, 'the data is there');
  t.match(again.said(), key, 'and the key the same');
  again.child.kill('SIGTERM');
  t.equal(await again.ended, 0);

  const foreign = mkdtempSync(join(base, 'mine-'));
  writeFileSync(join(foreign, 'letter.txt'), 'dear');
  const refused = launch(process.execPath, [...main, 'demo', '--dir', foreign], base, { PORT: '0' });
  t.match(await refusalOf(refused), /is not empty and not the folder of a demo/);
  t.equal(readFileSync(join(foreign, 'letter.txt'), 'utf8'), 'dear');
});

async function refusalOf(service: ReturnType<typeof launch>): Promise<string> {
  const code = await service.ended;
  if (code !== 1) throw new Error(`it ends with ${code}`);
  return service.said();
}
