import type { Agent, Channel, IntentName } from './company.js';
import type { Random } from './random.js';
import type { Script } from './script.js';
import { feedback } from './texts.js';

/** How a conversation went. */
interface Outcome {
  name: IntentName;
  agent: Agent | undefined;
  isBad: boolean;
  /** Nobody solved it. */
  wasLost: boolean;
  channel: Channel;
}

/** What happens after the last word: people rate, and buy what they were looking for. */
export function afterwards(script: Script, outcome: Outcome, dice: Random): void {
  const { name, agent } = outcome;
  if (name === 'find_product' && !outcome.wasLost && dice.chance(agent ? 0.3 : 0.13)) order(script, dice);
  if (!dice.chance(agent ? 0.42 : 0.27)) return;
  const value = starsOf(outcome, dice);
  script.wait(dice.around(30));
  script.add('rating', {
    value,
    ...(agent ? { agent_id: agent.id } : {}),
    ...(dice.chance(0.25) ? { feedback: dice.pick(value > 3 ? feedback.good : feedback.bad) } : {}),
  });
}

function starsOf({ agent, isBad, wasLost, channel }: Outcome, dice: Random): number {
  const mood =
    3.9 + (agent ? agent.charm : 0) - (isBad ? 1.2 : 0) - (wasLost ? 1.8 : 0) - (channel === 'voice' ? 0.4 : 0);
  return Math.max(1, Math.min(5, Math.round(mood + dice.pick([-1.6, -0.7, 0, 0.3, 0.7, 1]) + dice.unit() - 0.3)));
}

function order(script: Script, dice: Random): void {
  script.wait(dice.around(240));
  script.add('order', {
    order_id: `order-${script.events[0]?.conversation_id}`,
    amount: dice.around(74, 0.7).toFixed(2),
    currency: 'EUR',
    subscription: dice.chance(0.06),
  });
}
