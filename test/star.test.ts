import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ask, world } from './harness.js';
import { inForm, isFull } from './tools/form.js';
import {
  type StarMessage,
  sendInBatches,
  skipStar,
  star,
  starEmptyEvents,
  starEvents,
  starFolder,
  starRows,
} from './tools/star.js';

const range = 'version=LIVE&start_time=2020-05-01&end_time=2020-06-01';

t.test('real dialogues with steps, in the series dialect', { skip: skipStar }, async (t) => {
  const expected = JSON.parse(readFileSync(join(starFolder, 'expected.json'), 'utf8'));
  const w = await world(t, star);
  const [app, key] = [await w.app(), await w.key()];
  const get = async (path: string) => {
    const answer = await ask(app, key, { url: `/v1/bots/star/conversations${path}` });
    t.equal(answer.status, 200, path);
    return answer.body;
  };

  await t.test('flows', async (t) => {
    const sequences = stepsOf(starRows<StarMessage>('messages'));
    type Transition = { from_step: { id: string }; to_step: { id: string }; depth: number };
    const pairs = new Map<string, number>();
    const wrong: string[] = [];
    let total = 0;
    const asked = [...sequences].filter((_, n) => n % inForm(20, 1) === 0);
    for (const [id, steps] of asked) {
      // Thousands of answers of one shape: not each is held to the contract.
      const headers = { authorization: key };
      const answer = await app.inject({ url: `/v1/bots/star/conversations/${id}/flow?${range}`, headers });
      const transitions = (answer.json().transitions as Transition[]).map(
        ({ from_step, to_step, depth }) => [from_step.id, to_step.id, depth] as const,
      );
      const wanted = steps.slice(1).map((step, n) => [steps[n], step, n + 1]);
      if (JSON.stringify(transitions) !== JSON.stringify(wanted)) wrong.push(id);
      total += transitions.length;
      for (const [from, to] of transitions) pairs.set(`${from} ${to}`, (pairs.get(`${from} ${to}`) ?? 0) + 1);
    }
    t.strictSame(wrong, [], 'the transitions of each conversation, in order');
    t.ok(asked.length > 100 && total > asked.length, `${total} transitions of ${asked.length} conversations`);
    t.equal((await get(`/star-1/flow?${range}`)).transitions.length, (sequences.get('star-1')?.length ?? 0) - 1);
    if (!isFull) return;
    t.equal(total, expected.transitions.total);
    t.equal(pairs.size, expected.transitions.distinct);
    for (const [from, to, count] of expected.transitions.top20)
      t.equal(pairs.get(`${from} ${to}`), count, `${from} to ${to}`);
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

/** The steps of each conversation of the source files, in order. */
function stepsOf(messages: StarMessage[]): Map<string, string[]> {
  const steps = new Map<string, string[]>();
  for (const { conversation_id, step } of messages.sort((a, b) => (a.message_id < b.message_id ? -1 : 1))) {
    const list = steps.get(conversation_id) ?? [];
    steps.set(conversation_id, list);
    if (step !== null) list.push(step);
  }
  return steps;
}

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
