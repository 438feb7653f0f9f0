import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ask, world } from './harness.js';
import {
  type StarMessage,
  sendInBatches,
  skipStar,
  starEmptyEvents,
  starEvents,
  starFolder,
  starRows,
} from './tools/star.js';

const range = 'version=LIVE&start_time=2020-05-01&end_time=2020-06-01';

t.test('real dialogues with steps, in the series dialect', { skip: skipStar, timeout: 240_000 }, async (t) => {
  const expected = JSON.parse(readFileSync(join(starFolder, 'expected.json'), 'utf8'));
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  await sendInBatches(app, key, starEvents());
  const get = async (path: string) => {
    const answer = await ask(app, key, { url: `/v1/bots/star/conversations${path}` });
    t.equal(answer.status, 200, path);
    return answer.body;
  };

  await t.test('flows', async (t) => {
    const messages = starRows<StarMessage>('messages');
    const pairs = new Map<string, number>();
    let total = 0;
    for (const id of new Set(messages.map((message) => message.conversation_id))) {
      // Thousands of answers of one shape: not each is held to the contract.
      const headers = { authorization: key };
      const { transitions } = (
        await app.inject({ url: `/v1/bots/star/conversations/${id}/flow?${range}`, headers })
      ).json();
      total += transitions.length;
      for (const { from_step, to_step } of transitions) {
        const pair = `${from_step.id} ${to_step.id}`;
        pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
      }
    }
    t.equal(total, expected.transitions.total);
    t.equal(pairs.size, expected.transitions.distinct);
    for (const [from, to, count] of expected.transitions.top20)
      t.equal(pairs.get(`${from} ${to}`), count, `${from} to ${to}`);

    const one = messages
      .filter((message) => message.conversation_id === 'star-1' && message.step !== null)
      .sort((a, b) => (a.message_id < b.message_id ? -1 : 1));
    const flow = await get(`/star-1/flow?${range}`);
    t.strictSame(
      flow.transitions.map((transition: { from_step: { id: string }; to_step: { id: string }; depth: number }) => [
        transition.from_step.id,
        transition.to_step.id,
        transition.depth,
      ]),
      one.slice(1).map((message, n) => [one[n]?.step, message.step, n + 1]),
      'the transitions of one conversation, in order',
    );
  });

  await t.test('flows of a bot: next steps, steps and edges', async (t) => {
    const bot = async (path: string) => (await ask(app, key, { url: `/v1/bots/star${path}` })).body;
    const counted = countedFlows();
    const paths = ['', 'hello', [...counted.firsts.keys()][0] as string];
    for (const first of new Set(paths)) {
      const { nodes } = await bot(`/flows?${range}${first === '' ? '' : `&path=${encodeURIComponent(first)}`}`);
      const wanted = first === '' ? counted.firsts : counted.after(first);
      t.strictSame(
        Object.fromEntries(nodes.map(({ id, occurrences }: { id: string; occurrences: number }) => [id, occurrences])),
        Object.fromEntries(wanted),
        `after ${first || 'nothing'}`,
      );
    }
    const steps = [...counted.steps.entries()].sort((a, b) => b[1].conversation_count - a[1].conversation_count);
    t.ok(steps.length > 20, `${steps.length} steps`);
    for (const [step, wanted] of [...steps.slice(0, 12), ...steps.slice(-4)]) {
      const place = `/flows/${encodeURIComponent(step)}`;
      t.strictSame(await bot(`${place}?${range}`), wanted, step);
      for (const type of ['sources', 'targets'] as const) {
        const { edges } = await bot(`${place}/edges?${range}&type=${type}`);
        t.strictSame(
          Object.fromEntries(edges.map(({ id, count }: { id: string; count: number }) => [id, count])),
          Object.fromEntries(counted.edges(step, type)),
          `${type} of ${step}`,
        );
      }
    }
  });

  await t.test('insights', async (t) => {
    const stat = async (name: string) => {
      const { series } = (await get(`/insights?${range}&stat=${name}`)).data;
      const { mean, min, max, sum } = series[0];
      return { mean, min, max, sum };
    };
    t.strictSame(await stat('duration_seconds'), { mean: 443, min: 0, max: 2390, sum: 2058239 });
    const { messages, conversations_with_messages: conversations } = expected;
    t.strictSame(await stat('num_messages'), {
      mean: Math.round(messages / conversations),
      min: 1,
      max: expected.messages_per_conversation.max,
      sum: messages,
    });
    const days = expected.first_14_calendar_days as [string, number, number][];
    const byDay = (await get(`?${range}&bucket=1d`)).data;
    t.strictSame(
      days.map(([day]) => byDay.series[0].values[byDay.x_values.indexOf(`${day}T00:00:00Z`)]),
      days.map(([, started]) => started),
      'conversations of each day',
    );

    const empty = starEmptyEvents();
    t.equal(empty.length, 245);
    await sendInBatches(app, key, empty);
    t.strictSame(
      await stat('duration_seconds'),
      { mean: 421, min: 0, max: 2390, sum: 2058239 },
      'with those without messages',
    );
    t.equal((await stat('num_conversations')).sum, conversations + empty.length);
  });
});

/** What the source files say of the flows, counted apart from the service: its steps are those of messages, in their order. */
function countedFlows() {
  const byConversation = new Map<string, StarMessage[]>();
  for (const message of starRows<StarMessage>('messages').sort((a, b) => (a.message_id < b.message_id ? -1 : 1))) {
    byConversation.set(message.conversation_id, [...(byConversation.get(message.conversation_id) ?? []), message]);
  }
  const add = (counts: Map<string, number>, name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);
  const sequences: string[][] = [];
  const firsts = new Map<string, number>();
  const steps = new Map<string, { message_count: number; drop_off_count: number; conversation_count: number }>();
  for (const messages of byConversation.values()) {
    const sequence = messages.flatMap(({ step }) => step ?? []);
    if (sequence.length === 0) continue;
    sequences.push(sequence);
    add(firsts, sequence[0] as string);
    for (const step of new Set(sequence)) {
      const counts = steps.get(step) ?? { message_count: 0, drop_off_count: 0, conversation_count: 0 };
      counts.conversation_count++;
      if (sequence.at(-1) === step) counts.drop_off_count++;
      steps.set(step, counts);
    }
  }
  // A message comes after its own step, or before it: the order of time of the events that were sent says which.
  const inOrder = starEvents().sort(
    (a, b) => Date.parse(a.time) - Date.parse(b.time) || (a.seq ?? 0) - (b.seq ?? 0) || (a.id < b.id ? -1 : 1),
  );
  const current = new Map<string, string>();
  for (const { conversation_id, type, to_step } of inOrder) {
    if (type === 'step') current.set(conversation_id, to_step.id);
    const step = current.get(conversation_id);
    const counts = step === undefined ? undefined : steps.get(step);
    if (type === 'message' && counts !== undefined) counts.message_count++;
  }
  return {
    firsts,
    steps,
    /** The next step of the sequences that begin with one, and those that end there. */
    after(first: string) {
      const counts = new Map<string, number>();
      for (const sequence of sequences) if (sequence[0] === first) add(counts, sequence[1] ?? 'DROPOFF');
      return counts;
    },
    /** Transitions into or out of a step, by their other end. */
    edges(step: string, type: 'sources' | 'targets') {
      const counts = new Map<string, number>();
      for (const sequence of sequences) {
        for (const [n, to] of sequence.entries()) {
          const from = sequence[n - 1];
          if (from === undefined) continue;
          if (type === 'sources' && to === step) add(counts, from);
          if (type === 'targets' && from === step) add(counts, to);
        }
      }
      return counts;
    },
  };
}
