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
