import type { ConversationsQuery } from '../../../queries/lookups/performance.js';
import {
  isSortable,
  type Session,
  type SessionOrder,
  type SortableColumn,
  sessions,
} from '../../../queries/lookups/sessions.js';
import { formatInstant } from '../../../queries/time/instant.js';
import { conversationsOf, type FilterName, filterTypes, rangeTypes, timeZoneType } from '../arguments.js';
import { brainOf, brains } from '../brains.js';
import {
  type Definition,
  type FunctionCall,
  MAX_ROWS,
  type ResultRow,
  type Typed,
  type TypeName,
} from '../definition.js';
import { pageOf, wholeRows } from '../order.js';
import { distinct, orNull, sessionColumns } from '../session.js';

const column = (type: TypeName, description: string): Typed => ({ type, description });

const confidences = {
  avg_confidence: column('Float', 'Mean confidence of its messages; null if there are none'),
  min_confidence: column('Float', 'Lowest confidence of its messages'),
};

const { messages: _, ...withoutMessages } = sessionColumns;
const {
  account_id: _account,
  csat_brain,
  csat_human_agent,
  goal_achieved,
  insights,
  user_sentiment,
  ...legacy
} = withoutMessages;

const sharedFilters = [
  'desk_ids',
  'brain_parent_ids',
  'integration_ids',
  'channels',
  'tags',
  'ratings',
  'session_id',
  'user_id',
  'user_name',
  'user_email',
  'channel_user_id',
  'external_user_id',
  'min_num_user_messages',
  'is_contained',
  'is_covered',
  'is_meaningful',
  'is_test',
] as const satisfies FilterName[];

/** Columns of the answer that have another name in the core. */
const coreNames: Record<string, SortableColumn> = {
  session_id: 'conversation_id',
  brain_parent_id: 'bot_id',
  total_user_messages: 'user_messages',
  human_first_response_time: 'first_response_seconds',
};

/** A function that lists conversations, newest first. */
function sessionList(description: string, filters: readonly FilterName[], columns: Record<string, Typed>): Definition {
  return {
    description: `${description}, newest first; at most ${MAX_ROWS.toLocaleString('en')} at a time`,
    args: { ...rangeTypes, ...filterTypes(filters), time_zone: timeZoneType },
    columns,
    isPaged: true,
    async rows(call) {
      const query = conversationsOf(filters, call);
      const found = await pageOfSessions(call, query);
      return found.map((row) => shape(row, query.scope.account, query.window.zone));
    },
  };

  /** One page. The database orders and cuts it if it can; otherwise all rows are read, if there are few enough. */
  async function pageOfSessions({ db, page }: FunctionCall, query: ConversationsQuery): Promise<Session[]> {
    const order = page.order.map((one) => ({ ...one, column: coreNames[one.column] ?? one.column }));
    if (order.every((one): one is SessionOrder => isSortable(one.column))) {
      const limit = page.limit ?? MAX_ROWS + 1;
      return wholeRows(await sessions(db, query, { order: order as SessionOrder[], limit, offset: page.offset }));
    }
    const rows = wholeRows(await sessions(db, query, { order: [], limit: MAX_ROWS + 1, offset: 0 }));
    const shaped = rows.map((row, place) => ({ ...shape(row, query.scope.account, query.window.zone), place }));
    return pageOf(shaped, page).map(({ place }) => rows[place as number] as Session);
  }
}

/** Lists of conversations. */
export const sessionFunctions: Record<string, Definition> = {
  get_sessions: sessionList(
    'Conversations that started in the range',
    [
      'account_id!',
      ...sharedFilters,
      'language_model_ids',
      'min_num_thumbs_up',
      'min_num_thumbs_down',
      'csat_brain',
      'csat_human_agent',
      'user_sentiment',
      'goal_achieved',
    ],
    { ...withoutMessages, state: column('String', 'open or closed now'), ...confidences },
  ),

  logs_sessions_preview_v2: sessionList(
    'Conversations that started in the range, with response times in seconds',
    [
      'account_id',
      ...sharedFilters,
      'brain_versions',
      'max_confidence',
      'min_human_response_time',
      'rule_ids',
      'has_collection',
      'has_collection_sources',
      'agent_ids',
    ],
    {
      ...legacy,
      ...confidences,
      avg_response_time: column('Float', 'Mean response time of bots, in seconds'),
      avg_human_response_time: column('Float', 'Mean response time of agents, in seconds'),
      human_first_response_time: column('Float', 'Time until the first response of an agent, in seconds'),
    },
  ),
};

const numberOf = (value: string | number | null) => (value === null ? null : Number(value));

function shape(found: Session, account: string, zone: string): ResultRow {
  const time = (instant: number | null) => (instant === null ? null : formatInstant(instant, zone, 'local'));
  const own = brainOf(found);
  const { tags = [], rule_ids = [], collection_ids = [], brains: otherBrains = [] } = found.named;
  const { conversation_id, desk_id, integration_id, channel, user_id, user_name, user_email, channel_user_id } = found;
  const { external_user_id, rating, csat_brain, csat_human_agent, user_sentiment, goal_achieved, feedback } = found;
  const { insights, is_contained, is_covered, is_test, state } = found;
  return {
    session_id: conversation_id,
    account_id: account,
    desk_id,
    integration_id,
    channel,
    start_time: time(found.start_time),
    end_time: time(found.end_time),
    expired_time: time(found.closed_reason === 'expired' ? found.closed_at : null),
    ...own,
    rule_ids: distinct([...(found.rule_ids ?? []), ...rule_ids]),
    user_id,
    user_name,
    user_email,
    channel_user_id,
    external_user_id,
    total_user_messages: found.user_message_count,
    rating,
    csat_brain,
    csat_human_agent,
    user_sentiment,
    goal_achieved,
    feedback,
    insights,
    is_contained,
    is_covered,
    is_test,
    tags: distinct([...(found.tags ?? []), ...tags]),
    participated_agents: orNull(found.agent_ids),
    participated_brains: orNull(
      brains(
        own,
        otherBrains.map((body) => ({ body })),
      ),
    ),
    participated_collections: orNull(collection_ids),
    state,
    avg_confidence: numberOf(found.avg_confidence),
    min_confidence: numberOf(found.min_confidence),
    avg_response_time: numberOf(found.avg_response_time),
    avg_human_response_time: numberOf(found.avg_human_response_time),
    human_first_response_time: numberOf(found.human_first_response_time),
  };
}
