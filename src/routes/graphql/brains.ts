import type { Entry } from '../../queries/lookups/entries.js';
import type { Transcript } from '../../queries/lookups/transcript.js';

/** A version of a bot in the form of the dialect. */
export interface Brain {
  brain_id: string | null;
  brain_version: number | null;
  brain_parent_id: string | null;
}

const INTEGER = /^(0|-?[1-9][0-9]*)$/;

/** A version of a bot if it is a 32-bit integer, else null. */
export function versionOf(bot_version: string | null): number | null {
  const version = bot_version !== null && INTEGER.test(bot_version) ? Number(bot_version) : null;
  return version !== null && version === (version | 0) ? version : null;
}

export const brainOf = ({
  brain_id,
  bot_version,
  bot_id,
}: Pick<Transcript, 'brain_id' | 'bot_version' | 'bot_id'>): Brain => ({
  brain_id,
  brain_version: versionOf(bot_version),
  brain_parent_id: bot_id,
});

/** The brain of a message: its own fields, completed from the conversation if it is the same brain. */
export function brainOfMessage({ body }: Pick<Entry, 'body'>, own: Brain): Brain {
  const brain_id = (body.brain_id as string | undefined) ?? own.brain_id;
  const known = brain_id === own.brain_id ? own : { brain_version: null, brain_parent_id: null };
  return {
    brain_id,
    brain_version: (body.brain_version as number | undefined) ?? known.brain_version,
    brain_parent_id: (body.brain_parent_id as string | undefined) ?? known.brain_parent_id,
  };
}

/** The brain of the conversation, if any, then those of its messages in order of first appearance. */
export function brains(own: Brain, messages: Pick<Entry, 'body'>[]): Brain[] {
  const found = new Map<string | null, Brain>();
  if (own.brain_id !== null || own.brain_parent_id !== null) found.set(own.brain_id, own);
  for (const message of messages) {
    const brain = brainOfMessage(message, own);
    if (brain.brain_id !== null && !found.has(brain.brain_id)) found.set(brain.brain_id, brain);
  }
  return [...found.values()];
}
