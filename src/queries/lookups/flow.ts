import type { Database } from '../../database/database.js';
import { LimitExceeded } from '../../errors.js';
import { type Scope, visible } from '../scope.js';
import type { Window } from '../time/window.js';

export interface Step {
  id: string;
  type: string;
}

export interface Transition {
  id: string;
  from_step: Step;
  to_step: Step;
  depth: number;
  time: number;
  message_id: string | null;
}

interface StepRow {
  user_id: string | null;
  id: string | null; // of the step; null in the single row of a conversation without steps
  time: number;
  place: number;
  body: { from_step?: Step; to_step: Step; depth?: number; message_id?: string };
}

/** Maximum number of steps in one answer. */
const MAX_STEPS = 100_000;

const tooLong = (id: string) =>
  new LimitExceeded([
    {
      path: 'conversation_id',
      message:
        `names a conversation with more than ${MAX_STEPS.toLocaleString('en')} steps: read it page by page, ` +
        `GET /v1/conversations/${encodeURIComponent(id)}?limit=1000`,
    },
  ]);

/**
 * The transitions of one conversation, by depth, then by time. Null if no such conversation of this bot and version is
 * in scope and started within the window. The depth of a step is the depth that was sent, else its index among all
 * steps of the conversation by time, from 0. A step without `from_step` is an entry: it counts for the index but is not
 * a transition. Throws `LimitExceeded` if there are too many steps for one answer.
 */
export async function conversationFlow(
  db: Database,
  scope: Scope,
  wanted: { bot_id: string; version: string; conversation_id: string; window: Window },
): Promise<{ user_id: string | null; transitions: Transition[] } | null> {
  const { bot_id, version, conversation_id, window } = wanted;
  const rows = await db.read<StepRow>(
    (sql) => sql`
      select c.user_id, e.id, (extract(epoch from e.time) * 1000)::bigint as time, e.body,
        row_number() over (order by e.time, e.seq, e.id) - 1 as place
      from conversations c
      left join events e on e.account_id = c.account_id and e.conversation_id = c.conversation_id and e.type = 'step'
      where ${visible(sql, scope)} and c.conversation_id = ${conversation_id}
        and c.bot_id = ${bot_id} and c.bot_version = ${version}
        and c.start_time >= ${new Date(window.from).toISOString()} and c.start_time < ${new Date(window.to).toISOString()}
      order by place
      limit ${MAX_STEPS + 1}`,
  );
  if (rows.length > MAX_STEPS) throw tooLong(conversation_id);
  const [first] = rows;
  if (first === undefined) return null;
  const transitions = rows.flatMap(({ id, time, place, body }) =>
    id === null || body.from_step === undefined
      ? []
      : [
          {
            id,
            from_step: body.from_step,
            to_step: body.to_step,
            depth: body.depth ?? place,
            time,
            message_id: body.message_id ?? null,
          },
        ],
  );
  transitions.sort((a, b) => a.depth - b.depth); // a stable sort: equal depths stay in order of time
  return { user_id: first.user_id, transitions };
}
