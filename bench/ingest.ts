import { once } from 'node:events';
import type { Line } from './figures.js';
import { ACCOUNT, type Service } from './service.js';

const SENDERS = 4;
const BATCH = 500;
const MESSAGES = 6; // of a new conversation

interface Message {
  conversation: number;
  n: number;
  isAgents?: boolean;
}

/** A workload: for each sender its batches, in the order in which it sends them. */
type Workload = Message[][][];

const cut = (messages: Message[]): Message[][] =>
  Array.from({ length: Math.ceil(messages.length / BATCH) }, (_, n) => messages.slice(n * BATCH, (n + 1) * BATCH));

/** Conversations that begin and are whole within one batch. */
function newConversations(first: number, count: number): Workload {
  const each = Math.ceil(count / SENDERS);
  return Array.from({ length: SENDERS }, (_, s) =>
    cut(
      Array.from({ length: each }, (_, c) =>
        Array.from({ length: MESSAGES }, (_, n) => ({ conversation: first + s * each + c, n })),
      ).flat(),
    ),
  );
}

/** One more message for each of many conversations, round after round; a conversation's come through one sender, or any. */
function liveTraffic(first: number, conversations: number, from: number, rounds: number, shared: boolean): Workload {
  return Array.from({ length: SENDERS }, (_, s) =>
    cut(
      Array.from({ length: rounds }, (_, round) =>
        Array.from({ length: conversations / SENDERS }, (_, c) => {
          // Shared: each round, another sender has the conversation, so its events meet and arrive out of order.
          const place = shared ? (c * SENDERS + ((s + round) % SENDERS)) % conversations : c * SENDERS + s;
          return { conversation: first + place, n: from + round };
        }),
      ).flat(),
    ),
  );
}

const TEXT = 'I have a question about my order, could somebody look at it for me please?';

/** The same with every fourth message an agent's: of a fourth of each batch, and in time of each conversation. */
const withAgents = (workload: Workload): Workload =>
  workload.map((batches) =>
    batches.map((batch) => batch.map((message, at) => ({ ...message, isAgents: (at + message.n) % 4 === 0 }))),
  );

function eventOf({ conversation, n, isAgents = false }: Message) {
  const user = !isAgents && n % 2 === 0;
  const sender_id = user ? `user-${conversation % 5_000}` : isAgents ? `agent-${conversation % 50}` : undefined;
  return {
    id: `m${n}`,
    type: 'message',
    time: new Date(Date.UTC(2024, 0, 1) + (conversation % 2_592_000) * 1000 + n * 17_000).toISOString(),
    conversation_id: `conversation-${conversation}`,
    sender: user ? 'user' : isAgents ? 'agent' : 'bot',
    ...(sender_id === undefined ? {} : { sender_id }),
    text: TEXT,
    conversation: {
      bot_id: `bot-${conversation % 20}`,
      bot_version: 'LIVE',
      team_id: 'support',
      channel: 'web',
      language: 'en',
    },
  };
}

/** The same event as a line of COPY into a table like `events`. */
function copyLine(message: Message): string {
  const { id, type, time, conversation_id, sender, sender_id, text, conversation } = eventOf(message);
  const cells = [
    ACCOUNT,
    conversation_id,
    id,
    type,
    time,
    '0',
    sender,
    sender_id ?? '\\N',
    '\\N',
    '\\N',
    JSON.stringify(conversation),
    JSON.stringify({ text }),
    '\\N',
  ];
  return `${cells.join('\t')}\n`;
}

/** Runs the batches of all senders side by side and gives events a second. The bodies are made before the clock starts. */
async function rate(
  workload: Workload,
  send: (body: string) => Promise<void>,
  body: (batch: Message[]) => string,
): Promise<number> {
  const bodies = workload.map((batches) => batches.map(body));
  const events = workload.flat(2).length;
  const started = performance.now();
  await Promise.all(
    bodies.map(async (batches) => {
      for (const batch of batches) await send(batch);
    }),
  );
  return (1000 * events) / (performance.now() - started);
}

/** Events a second through the service, beside plain COPY of the same events into a table with the same key. */
export async function benchIngest(
  service: Service,
  { rounds, events }: { rounds: number; events: number },
): Promise<Line[]> {
  const { sql } = service;
  await sql`create table copied (like events including defaults, primary key (account_id, conversation_id, id))`;
  const throughService = (workload: Workload) =>
    rate(
      workload,
      (body) => service.ask('POST', '/v1/events', body).then(() => {}),
      (batch) => batch.map((message) => JSON.stringify(eventOf(message))).join('\n'),
    );
  const throughCopy = (workload: Workload) =>
    rate(
      workload,
      async (body) => {
        const query = sql`copy copied from stdin`;
        const stream = await query.writable();
        (query as unknown as { reject: (error: Error) => void }).reject = (error) => stream.destroy(error); // else an error hangs it
        stream.end(body);
        await once(stream, 'finish');
      },
      (batch) => batch.map(copyLine).join(''),
    );

  const line = (name: string, target: number, peerName = 'COPY'): Line => ({
    name,
    unit: 'events/s',
    ours: [],
    peer: [],
    peerName,
    target,
  });
  const lines = [
    line('ingest, new conversations', 0.25),
    line('ingest, live, a conversation through one sender', 0.25),
    line('ingest, live, senders mixing the same conversations', 0.15),
  ] as const;
  const agents = line('ingest, live, every fourth message of an agent', 0.8, 'plain live');
  const live = 4_000; // conversations that are under way
  let next = 0;
  for (let round = 0; round < rounds; round++) {
    const fresh = newConversations(next, events / MESSAGES);
    next += events / MESSAGES + SENDERS;
    // Each kind of live traffic meets conversations that have begun already.
    const own = next;
    const mixed = next + live;
    const served = next + 2 * live;
    next += 3 * live;
    const begun = newConversations(own, 3 * live);
    await throughService(begun);
    await throughCopy(begun);
    const kinds = [
      fresh,
      liveTraffic(own, live, MESSAGES, events / live, false),
      liveTraffic(mixed, live, MESSAGES, events / live, true),
    ];
    for (const [n, workload] of kinds.entries()) {
      // Alternating who goes first, so that neither always finds the machine warm.
      const ourTurn = async () => lines[n]?.ours.push(await throughService(workload));
      const theirTurn = async () => lines[n]?.peer.push(await throughCopy(workload));
      for (const turn of round % 2 === 0 ? [ourTurn, theirTurn] : [theirTurn, ourTurn]) await turn();
      if (n !== 1) continue;
      const withAnAgent = withAgents(liveTraffic(served, live, MESSAGES, events / live, false));
      agents.ours.push(await throughService(withAnAgent));
      agents.peer.push(lines[1].ours.at(-1) as number);
      await throughCopy(withAnAgent); // not compared: the rows must agree
    }
  }
  const [counted] =
    await sql`select (select count(*) from events) as events, (select sum(user_messages + bot_messages + agent_messages)::int from conversations) as counted, (select count(*) from copied) as copied`;
  if (counted?.events !== counted?.copied || counted?.events !== counted?.counted)
    throw new Error(`the rows do not agree: ${JSON.stringify(counted)}`);
  await sql`drop table copied`;
  return [...lines, agents];
}
