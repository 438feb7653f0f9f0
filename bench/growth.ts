import { Command } from 'commander';
import { median } from './figures.js';
import { type Service, startService } from './service.js';

/**
 * `npm run bench:growth`: one conversation that grows, half of its messages an agent's. What a batch of one event of each kind
 * costs at its end beside its beginning, and what it costs to import the whole newest first or shuffled beside in order.
 */
const options = new Command('growth')
  .description('one conversation that grows: the cost of an event of each kind, and of orders of arrival')
  .option('--messages <n>', 'messages of the conversation', Number, 60_000)
  .option('--quick', '6,000 messages')
  .parse()
  .opts<{ messages: number; quick?: true }>();
const messages = options.quick ? 6_000 : options.messages;

/** Messages between two samples of each kind; a figure is the median of six, for one alone is noise. */
const EVERY = messages / 60;
const BATCH = 500;

const at = (n: number) => new Date(Date.UTC(2024, 0, 1) + n * 1_000).toISOString();
const messageOf = (conversation_id: string, n: number) => ({
  id: `m${n}`,
  type: 'message',
  time: at(n),
  conversation_id,
  ...(n % 2 === 0 ? { sender: 'user', sender_id: 'ann' } : { sender: 'agent', sender_id: 'mia' }),
  text: 'I have a question about my order, could somebody look at it for me please?',
  conversation: { bot_id: 'shop', channel: 'web' },
});

const kinds: Record<string, object> = {
  'user message': { type: 'message', sender: 'user', sender_id: 'ann' },
  'agent message': { type: 'message', sender: 'agent', sender_id: 'mia' },
  join: { type: 'participant.joined', agent_id: 'mia', team_id: 'care' },
  rating: { type: 'rating', value: 4 },
  track: { type: 'track', name: 'seen' },
  attribute: { type: 'conversation.updated', conversation: { language: 'en' } },
  note: { type: 'note', text: 'hm' },
  close: { type: 'conversation.closed' },
  reopening: { type: 'conversation.reopened' },
};

async function grow(service: Service): Promise<Map<string, number[]>> {
  const samples = new Map<string, number[]>();
  for (let n = 0; n < messages; n += EVERY) {
    await send(
      service,
      Array.from({ length: EVERY }, (_, k) => messageOf('growing', n + k)),
    );
    for (const [k, [kind, event]] of Object.entries(kinds).entries()) {
      const own = { id: `${kind} ${n}`, time: at(n + EVERY - 0.5 + k / 1_000), conversation_id: 'growing', ...event };
      const started = performance.now();
      await send(service, [own]);
      samples.set(kind, [...(samples.get(kind) ?? []), performance.now() - started]);
    }
  }
  return samples;
}

async function send(service: Service, events: object[]): Promise<void> {
  for (let n = 0; n < events.length; n += BATCH) {
    const lines = events.slice(n, n + BATCH).map((event) => JSON.stringify(event));
    await service.ask('POST', '/v1/events', lines.join('\n'));
  }
}

/** Seconds that all messages take in some order. */
async function load(service: Service, conversation: string, order: (list: number[]) => number[]): Promise<number> {
  const places = order(Array.from({ length: messages }, (_, n) => n));
  const started = performance.now();
  await send(
    service,
    places.map((n) => messageOf(conversation, n)),
  );
  return (performance.now() - started) / 1000;
}

/** The same shuffle each time. */
function shuffle(list: number[]): number[] {
  let state = 1;
  const keys = list.map(() => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state;
  });
  return [...list].sort((a, b) => (keys[a] as number) - (keys[b] as number));
}

const service = await startService();
try {
  const say = (line: string) => process.stdout.write(`${line}\n`);
  say(
    `One conversation of ${messages.toLocaleString('en')} messages, half of them an agent's; a batch of one event:\n`,
  );
  say('| event | first, ms | last, ms | last / first |\n| --- | --- | --- | --- |');
  for (const [kind, times] of await grow(service)) {
    // The first of all makes the plans.
    const [first, last] = [median(times.slice(1, 7)), median(times.slice(-6))];
    say(`| ${kind} | ${first.toFixed(1)} | ${last.toFixed(1)} | ${(last / first).toFixed(2)} |`);
  }
  const inOrder = await load(service, 'in order', (list) => list);
  say(`\nAll its messages in batches of ${BATCH}: in order ${inOrder.toFixed(1)} s`);
  for (const [name, order] of [
    ['newest first', (list: number[]) => list.reverse()],
    ['shuffled', shuffle],
  ] as const) {
    const seconds = await load(service, name, order);
    say(`${name} ${seconds.toFixed(1)} s, ${(seconds / inOrder).toFixed(1)} times`);
  }
} finally {
  await service.stop();
}
