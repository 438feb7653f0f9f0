import t from 'tap';
import { random } from './fold/events.js';
import type { Event } from './fold/fold.js';
import { ACCOUNT, ask, send, world } from './harness.js';
import { evaluate } from './reporting/naive.js';
import { randomConversation, randomQuestion } from './reporting/random.js';
import { rowsOf } from './reporting/rows.js';
import { inForm, isTimed } from './tools/form.js';

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000_000);
const QUESTIONS = inForm(300, isTimed ? 2_500 : 800);

t.test(`${QUESTIONS} random questions against a naive evaluation (SEED=${seed} repeats them)`, async (t) => {
  const r = random(seed);
  const w = await world(t);
  const app = await w.app();
  const conversations = new Map<string, Event[]>();
  for (let n = 0; n < 150; n++) conversations.set(`c${n}`, randomConversation(r, `c${n}`));
  const all = [...conversations.values()].flatMap((events) => rowsOf(ACCOUNT, events));
  const keys = await Promise.all(
    [
      {},
      {},
      { team_ids: ['blue'] },
      { bot_ids: ['shop'] },
      { team_ids: ['blue', 'red'], bot_ids: ['shop', 'door'] },
    ].map(async (narrowed) => ({ narrowed, key: await w.key(narrowed) })),
  );
  const sent = await send(app, keys[0]?.key as string, r.shuffle([...conversations.values()].flat()));
  t.equal(sent.status, 200, sent.text.slice(0, 300));

  let [wrong, filled, refused] = [0, 0, 0];
  for (let n = 0; n < QUESTIONS + refused && wrong < 5; n++) {
    const { narrowed, key } = r.pick(keys) as { narrowed: { team_ids?: string[]; bot_ids?: string[] }; key: string };
    const organization = r.pick([ACCOUNT, ACCOUNT, ACCOUNT, 'acme', 'partner']);
    const seen = all.filter(
      ({ team, bot }) =>
        (narrowed.team_ids?.includes(team as string) ?? true) && (narrowed.bot_ids?.includes(bot as string) ?? true),
    );
    const shown = organization === ACCOUNT ? seen : seen.filter((row) => row.seenBy.includes(organization));
    const asked = randomQuestion(r, all);
    const answer = await ask(app, key, {
      method: 'POST',
      url: `/api/reporting/v1/orgs/${organization}/chat_sessions`,
      payload: asked,
    });
    if (organization !== ACCOUNT && shown.length === 0) {
      refused++;
      if (answer.status !== 404) wrong++;
      t.equal(answer.status, 404, `question ${n} of seed ${seed}: an organization that took no part`);
      continue;
    }
    const { data, notices, behind } = evaluate(shown, asked);
    const told = String(answer.headers['report-notice'] ?? '')
      .split('; ')
      .filter(Boolean).length;
    const isRight = answer.status === 200 && told === notices && isClose(answer.body.data, data);
    if (!isRight) {
      wrong++;
      t.fail(`question ${n} of seed ${seed}`, {
        asked,
        organization,
        narrowed,
        answer: answer.text.slice(0, 2_000),
        data,
        told,
        notices,
      });
    }
    if (behind > 0) filled++;
  }
  t.equal(wrong, 0);
  t.ok(filled > QUESTIONS / 4, `${filled} of ${QUESTIONS} answers have rows behind them`);
});

/** Equal, averages but for their last digits. */
function isClose(answer: unknown, data: unknown): boolean {
  if (Array.isArray(answer) && Array.isArray(data)) {
    return answer.length === data.length && answer.every((item, n) => isClose(item, data[n]));
  }
  if (typeof answer === 'number' && typeof data === 'number' && !Number.isInteger(data)) {
    return Math.abs(answer - data) <= 1e-15 * Math.abs(data);
  }
  return answer === data;
}
