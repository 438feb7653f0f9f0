import type { Definition } from '../definition.js';
import { legacySessionContent, sessionContent } from '../session.js';
import { agentFunctions } from './agents.js';
import { countFunctions } from './counts.js';
import { ratingFunctions } from './ratings.js';
import { sessionFunctions } from './sessions.js';
import { userFunctions } from './users.js';

/** The functions of the schema, by name. */
export const functions: Record<string, Definition> = {
  ...countFunctions,
  ...userFunctions,
  ...ratingFunctions,
  ...agentFunctions,
  ...sessionFunctions,
  get_session_content: sessionContent,
  log_session_content_v2: legacySessionContent,
};
