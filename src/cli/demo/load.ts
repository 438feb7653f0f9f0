import { SingleBar } from 'cli-progress';
import { type DemoEvent, madeYear, type YearOptions } from '../../demo/year.js';

/** Events of one request, and how many requests are under way: what `import` uses (docs/benchmarks.md). */
const BATCH = 2_000;
const SENDERS = 4;

/** Sends a made year to a service by `POST /v1/events`, with a progress bar on `output`. */
export async function load(
  url: string,
  key: string,
  options: YearOptions,
  output: NodeJS.WriteStream,
): Promise<{ conversations: number; events: number; seconds: number }> {
  const started = performance.now();
  const bar = new SingleBar({
    stream: output,
    format: '[{bar}] {percentage}%, {value} of {total} conversations, {eta_formatted} left',
    barsize: 24,
    barCompleteChar: '#',
    barIncompleteChar: '.',
    noTTYOutput: true,
    notTTYSchedule: 5_000,
    gracefulExit: false, // the service handles SIGINT
  });
  bar.start(options.conversations, 0);
  const year = batches(madeYear(options));
  const sent = { conversations: 0, events: 0 };
  const sender = async () => {
    for (let next = year.next(); !next.done; next = year.next()) {
      await send(url, key, next.value.events);
      sent.conversations += next.value.conversations;
      sent.events += next.value.events.length;
      bar.update(sent.conversations);
    }
  };
  await Promise.all(Array.from({ length: SENDERS }, sender)).finally(() => bar.stop());
  return { ...sent, seconds: (performance.now() - started) / 1000 };
}

interface Batch {
  events: DemoEvent[];
  conversations: number;
}

/** Whole conversations together, about as many as make a batch. */
function* batches(year: Iterable<DemoEvent[]>): Generator<Batch> {
  let batch: Batch = { events: [], conversations: 0 };
  for (const events of year) {
    batch.events.push(...events);
    batch.conversations++;
    if (batch.events.length < BATCH) continue;
    yield batch;
    batch = { events: [], conversations: 0 };
  }
  if (batch.conversations > 0) yield batch;
}

async function send(url: string, key: string, events: DemoEvent[]): Promise<void> {
  const answer = await fetch(`${url}/v1/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/x-ndjson' },
    body: events.map((event) => JSON.stringify(event)).join('\n'),
  });
  if (!answer.ok) throw new Error(`the events of the demo are refused: ${answer.status} ${await answer.text()}`);
  await answer.arrayBuffer();
}
