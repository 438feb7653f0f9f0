import type { Source } from '../source.js';
import { chatwoot } from './chatwoot.js';
import { rasa } from './rasa.js';
import { slack } from './slack.js';
import { telegram } from './telegram.js';
import { twcs } from './twcs.js';

/** The products whose data become events without a mapping, by the name that `--preset` and sources take. */
export const presets: Record<string, Source> = { chatwoot, rasa, slack, telegram, twcs };
