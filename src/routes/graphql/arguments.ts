import { parseWindow } from '../../http/window.js';
import { UUID } from '../../queries/accounts.js';
import type { Dataset, DimensionOf, NumberOf } from '../../queries/catalogue.js';
import { everything, type Filter, nothing } from '../../queries/filter.js';
import type { ConversationsQuery } from '../../queries/lookups/performance.js';
import type { FilterOf } from '../../queries/query.js';
import { ARGS, type Args, type FunctionCall, type Typed, type TypeName } from './definition.js';

/** Fields that filters of conversations may test. */
type Name = DimensionOf<'conversations'> | NumberOf<'conversations'>;

/** An argument that filters conversations. */
interface FilterArgument<N extends Name> extends Typed {
  filter(sent: unknown, call: FunctionCall, name: string): Filter<N>;
}

/** Equal to one of a list of values. */
const list = <const N extends Name>(
  description: string,
  type: '_uuid' | '_text' | '_int4',
  dimension: N,
): FilterArgument<N> => ({
  type,
  description: `${description}; an empty list matches nothing`,
  filter: (sent) => ({ op: 'in', dimension, values: (sent as (string | number)[]).map(String) }),
});

const one = <const N extends Name>(description: string, type: TypeName, dimension: N): FilterArgument<N> => ({
  type,
  description,
  filter: (sent) => ({ op: 'in', dimension, values: [sent as string | boolean] }),
});

/** A lower or upper bound, inclusive. Conversations without the number match neither. */
const bound = <const N extends Name>(
  description: string,
  type: 'Int' | 'float8',
  side: 'lower' | 'upper',
  dimension: N,
): FilterArgument<N> => ({
  type,
  description,
  filter: (sent) => ({ op: 'bound', dimension, [side]: { value: sent as number, strict: false } }),
});

const account = (type: 'uuid' | 'uuid!'): FilterArgument<never> => ({
  type,
  description: 'The account; for any other than the account of the key the answer is empty',
  filter(sent, { scope, faults }, name) {
    if (!UUID.test(sent as string)) faults.add(ARGS + name, 'must be a UUID');
    return (sent as string).toLowerCase() === scope.account ? everything : nothing;
  },
});

const filterArguments = {
  account_id: account('uuid'),
  desk_ids: list('Desks', '_uuid', 'desk_id'),
  brain_parent_ids: list('Bots', '_uuid', 'bot_id'),
  integration_ids: list('Integrations', '_uuid', 'integration_id'),
  brain_versions: list('Versions of the bot (those that are whole numbers)', '_int4', 'bot_version'),
  channels: list('Channels', '_text', 'channel'),
  tags: list('Tags of the conversation or one of its messages', '_text', 'tags'),
  rule_ids: list('Rules of the conversation or one of its messages', '_uuid', 'rule_ids'),
  agent_ids: list('Agents who wrote or joined', '_text', 'agent_ids'),
  ratings: list('Ratings, 1 to 5', '_int4', 'rating'),
  csat_brain: list('Satisfaction with the bot', '_int4', 'csat_brain'),
  csat_human_agent: list('Satisfaction with the agents', '_int4', 'csat_human_agent'),
  user_sentiment: list('Sentiment of the user', '_int4', 'user_sentiment'),
  goal_achieved: list('Whether the goal was reached', '_int4', 'goal_achieved'),
  session_id: one('The conversation', 'String', 'conversation_id'),
  user_id: one('The user, exact match', 'String', 'user_id'),
  user_name: one('The name of the user, exact match', 'String', 'user_name'),
  user_email: one('The e-mail address of the user, exact match', 'String', 'user_email'),
  channel_user_id: one('The id of the user in the channel, exact match', 'String', 'channel_user_id'),
  external_user_id: one('The id of the user in another system, exact match', 'String', 'external_user_id'),
  is_contained: one('true: only conversations without an agent; false: only those with one', 'Boolean', 'is_contained'),
  is_covered: one(
    'true: only covered conversations; false: only those not covered; neither matches unknown',
    'Boolean',
    'is_covered',
  ),
  is_meaningful: one('true: only meaningful conversations; false: only the others', 'Boolean', 'is_meaningful'),
  is_test: one('true: only tests; false: no tests; default: all', 'Boolean', 'is_test'),
  has_collection: one('Whether a message names a collection', 'Boolean', 'has_collection'),
  has_collection_sources: one('Whether a message names sources', 'Boolean', 'has_collection_sources'),
  min_num_user_messages: bound('Minimum number of user messages', 'Int', 'lower', 'user_messages'),
  min_num_thumbs_up: bound('Minimum number of messages with thumbs up', 'Int', 'lower', 'thumbs_up'),
  min_num_thumbs_down: bound('Minimum number of messages with thumbs down', 'Int', 'lower', 'thumbs_down'),
  max_confidence: bound('Maximum of the lowest confidence in the conversation', 'float8', 'upper', 'min_confidence'),
  min_human_response_time: bound(
    'Minimum time to the first response of an agent, in seconds',
    'float8',
    'lower',
    'first_response_seconds',
  ),
  language_model_ids: unknownHere('_text'),
};

/** An argument of the vendor that has no meaning here; only null is accepted. */
function unknownHere(type: TypeName): FilterArgument<never> {
  return {
    type,
    description: 'Not supported here: only null is accepted',
    filter(_sent, { faults }, name) {
      faults.add(ARGS + name, 'is not supported here: omit it or send null');
      return nothing;
    },
  };
}

type Arguments = typeof filterArguments;

/**
 * The filters that a dataset supports: those whose field it has. `account_id!` is the account as a required argument.
 */
export type FilterName<D extends Dataset = 'conversations'> =
  | {
      [K in keyof Arguments]: Arguments[K] extends FilterArgument<infer N>
        ? [N] extends [DimensionOf<D> | NumberOf<D>]
          ? K
          : never
        : never;
    }[keyof Arguments]
  | 'account_id!';

const argumentOf = (name: FilterName): FilterArgument<Name> =>
  name === 'account_id!' ? account('uuid!') : filterArguments[name];

const nameOf = (name: FilterName) => name.replace('!', '');

/** The schema of the arguments for a list of filters. */
export const filterTypes = (names: readonly FilterName[]): Record<string, Typed> =>
  Object.fromEntries(
    names.map((name) => {
      const { type, description } = argumentOf(name);
      return [nameOf(name), { type, description }];
    }),
  );

export const timeZoneType: Typed = {
  type: 'String',
  description: 'IANA time zone of days and of times without offset; default UTC',
};

/** The arguments of a range. */
export const rangeTypes: Record<string, Typed> = {
  start_time: { type: 'timestamp', description: 'Start of the range' },
  end_time: { type: 'timestamp', description: 'End of the range, exclusive' },
};

/** The filter for the arguments of a call. Null or omitted arguments do not filter. */
export function parseFilters<D extends Dataset = 'conversations'>(
  names: readonly (FilterName<D> & FilterName)[],
  call: FunctionCall,
): FilterOf<D> {
  const of = names.flatMap((name: FilterName) => {
    const sent = call.args[nameOf(name)];
    return sent == null ? [] : [argumentOf(name).filter(sent, call, nameOf(name))];
  });
  return { op: 'and', of } as Filter as FilterOf<D>; // its names are those of D: FilterName
}

/** The arguments of a time range, with their time zone. */
export const timesOf = (args: Args) => ({
  start_time: args.start_time as string | null | undefined,
  end_time: args.end_time as string | null | undefined,
  time_zone: args.time_zone as string | null | undefined,
});

/** The selection of conversations for the arguments of a call. Throws `InvalidRequest` with all faults found so far. */
export function conversationsOf(filters: readonly FilterName[], call: FunctionCall): ConversationsQuery {
  const { args, faults, scope, asOf } = call;
  const window = parseWindow(timesOf(args), faults, { prefix: ARGS });
  const where = parseFilters(filters, call);
  faults.check();
  return { scope, window, where, asOf };
}

/** The argument `agent_ids` of functions in which it selects rows by their agent; null for all. */
export const agentsOf = ({ args }: FunctionCall): string[] | null =>
  (args.agent_ids as string[] | null | undefined) ?? null;
