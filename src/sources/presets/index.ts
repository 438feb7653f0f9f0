import type { Source } from '../source.js';
import { botpress } from './botpress.js';
import { chatwoot } from './chatwoot.js';
import { discord } from './discord.js';
import { intercom } from './intercom.js';
import { moveo } from './moveo.js';
import { rasa } from './rasa.js';
import { slack } from './slack.js';
import { telegram } from './telegram.js';
import { twcs } from './twcs.js';
import { whatsapp } from './whatsapp.js';
import { zendesk } from './zendesk.js';

/** The products whose data become events without a mapping, by the name that `--preset` and sources take. */
export const presets: Record<string, Source> = {
  ...{ botpress, chatwoot, discord, intercom, moveo, rasa, slack, telegram, twcs, whatsapp, zendesk },
};
