import { type Day, isStaffed } from './calendar.js';
import {
  type Agent,
  agents,
  type Bot,
  type Channel,
  type Intent,
  type IntentName,
  intents,
  versionOf,
} from './company.js';
import type { Random } from './random.js';
import { Script } from './script.js';
import { agentSays, notes, peopleSay, steps } from './texts.js';
import { afterwards } from './verdict.js';

/** Who writes, where and to whom. */
export interface Opening {
  id: string;
  time: number;
  day: Day;
  channel: Channel;
  /** Undefined for mail, which agents answer alone. */
  bot: Bot | undefined;
  user: { id: string; name: string; language: string };
}

/** An event as `POST /v1/events` takes it. */
export interface DemoEvent {
  id: string;
  type: string;
  /** With milliseconds and `Z`. */
  time: string;
  conversation_id: string;
  [field: string]: unknown;
}

/** The events of one conversation, in order of time. */
export function converse(opening: Opening, dice: Random): DemoEvent[] {
  const { bot, user, channel, day } = opening;
  const script = new Script(opening.id, opening.time);
  const version = bot && versionOf(bot, day.left);
  const name = intentOf(opening, dice);
  const intent = intents[name];
  const attributes = {
    channel,
    language: user.language,
    user_id: user.id,
    ...(dice.chance(0.6) ? { user_name: user.name, user_email: `${user.id}@example.com` } : {}),
    ...(bot && version ? { bot_id: bot.id, bot_version: version.name } : { team_id: intent.team }),
    ...(dice.chance(0.01) ? { is_test: true } : {}),
    ...(channel === 'web' && dice.chance(0.2) ? { campaign_id: dice.pick(['newsletter', 'autumn-sale']) } : {}),
  };
  script.say('user', user.id, dice.pick(intent.asks), { conversation: attributes });
  let needsAgent = true;
  if (bot && version) {
    const end = withBot(script, intent, name, version.skill - (day.isBad ? 0.25 : 0), opening, dice);
    script.update({ is_covered: end !== 'lost', tags: [name.split('_')[0], ...(day.isBad ? ['delayed'] : [])] });
    needsAgent = end === 'agent';
  }
  const hasAgent = needsAgent && (bot === undefined || isStaffed(script.time));
  const agent = hasAgent ? agentFor(intent, dice) : undefined;
  if (agent) withAgent(script, agent, opening, dice);
  afterwards(script, { name, agent, isBad: day.isBad, wasLost: needsAgent && !agent, channel }, dice);
  return script.events;
}

function intentOf({ bot, day }: Opening, dice: Random): IntentName {
  if (day.isBad && dice.chance(0.6)) return 'order_status';
  if (bot) return dice.weighted(bot.intents as Record<IntentName, number>);
  return dice.weighted({ invoice: 30, broken_item: 30, return_item: 25, order_status: 15 });
}

/** The part of the bot: how it ended is solved, a wish for an agent, or nobody there any more. */
function withBot(
  script: Script,
  intent: Intent,
  name: IntentName,
  skill: number,
  { user }: Opening,
  dice: Random,
): 'solved' | 'agent' | 'left' | 'lost' {
  const chance = Math.min(0.97, intent.solved + skill - (user.language === 'fi' ? 0.06 : 0));
  const isSolved = dice.chance(chance);
  const confidence = Math.round(100 * Math.min(0.99, 0.5 + 0.4 * dice.unit() + (isSolved ? 0.12 : -0.1))) / 100;
  const understood = { intent: name, confidence };
  script.step('welcome', 'dialog');
  script.wait(dice.around(1.4, 0.4));
  if (name === 'talk_to_person') script.step('ask_topic', 'question');
  script.say('bot', undefined, 'Hello! Let me see what I can do.', understood);
  for (const [n, step] of intent.steps.entries()) {
    script.step(step, /^(ask|choose)/.test(step) ? 'question' : 'dialog');
    const isLast = n === intent.steps.length - 1;
    if (isLast && isSolved) break;
    script.wait(dice.around(1.5, 0.4));
    const { says = step, answers } = steps[step] ?? {};
    script.say('bot', undefined, says);
    if (answers === undefined) continue;
    if (dice.chance(0.05)) return 'left'; // and nobody answers the question
    script.wait(dice.around(22));
    script.say('user', user.id, dice.pick(answers));
    if (step !== intent.again || !dice.chance(0.3)) continue;
    script.step('not_understood', 'fallback');
    script.wait(dice.around(1.5, 0.4));
    script.say('bot', undefined, 'I did not get that. Once more, please?');
    script.step(step, 'question');
    script.wait(dice.around(25));
    script.say('user', user.id, dice.pick(answers));
  }
  script.wait(dice.around(1.8, 0.4));
  if (isSolved && intent.steps.length > 0) {
    const { collection } = intent;
    script.say('bot', undefined, intent.answer, collection ? { collection_id: collection, tags: [collection] } : {});
    script.step('done', 'dialog');
    script.wait(dice.around(15));
    if (dice.chance(0.7)) script.say('user', user.id, 'Thank you!', dice.chance(0.1) ? { reaction: 'thumbs_up' } : {});
    return 'solved';
  }
  if (name !== 'talk_to_person' && dice.chance(0.22)) {
    script.step('not_understood', 'fallback');
    script.say('bot', undefined, 'I am afraid that I cannot help with this.');
    return 'lost';
  }
  script.step('handover', 'handover');
  script.say('bot', undefined, isStaffed(script.time) ? 'I will connect you.' : 'We are back at 8 tomorrow.');
  return 'agent';
}

function agentFor({ team }: Intent, dice: Random): Agent {
  // Support helps the other teams out.
  return dice.pick(agents.filter((one) => one.team === (dice.chance(0.12) ? 'support' : team)));
}

function withAgent(script: Script, agent: Agent, { user, channel, day }: Opening, dice: Random): void {
  const isMail = channel === 'email';
  const hour = new Date(script.time).getUTCHours();
  const rush = (day.isBad ? 2.6 : 1) * (hour >= 8 && hour <= 10 ? 1.5 : 1);
  const [wait, pause] = isMail ? [5_400, 2_400] : channel === 'voice' ? [35, 6] : [75, 42];
  script.wait(dice.around(wait * rush * agent.pace, 0.8));
  const { id: agent_id, name: agent_name, team: team_id } = agent;
  script.add('participant.joined', { agent_id, agent_name, team_id, conversation: { team_id } });
  script.wait(dice.around(8));
  const turns = dice.whole(1, isMail ? 2 : 4);
  for (let turn = 0; turn < turns; turn++) {
    const text = turn === 0 ? agentSays[0] : dice.pick(agentSays.slice(1));
    const said = script.say('agent', agent.id, text, { sender_name: agent.name, team_id });
    if (dice.chance(0.03)) script.add('message.edited', { message_id: said, text: `${text} (corrected)` });
    if (dice.chance(0.004)) script.add('message.deleted', { message_id: said });
    if (dice.chance(0.07)) {
      script.wait(4);
      script.add('note', { sender_id: agent.id, sender_name: agent.name, text: dice.pick(notes) });
    }
    script.wait(dice.around(pause));
    script.say('user', user.id, turn === turns - 1 ? 'Thank you!' : dice.pick(peopleSay));
    script.wait(dice.around(pause * agent.pace));
  }
  if (dice.chance(0.9)) script.add('conversation.closed', { agent_id: agent.id, reason: 'resolved' });
}
