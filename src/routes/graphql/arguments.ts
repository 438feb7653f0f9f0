import { parseWindow } from '../../http/window.js';
import { UUID } from '../../queries/accounts.js';
import type { Dataset, DimensionOf, NumberOf } from '../../queries/catalogue.js';
import { everything, type Filter, nothing } from '../../queries/filter.js';
import type { ConversationsQuery } from '../../queries/lookups/performance.js';
import type { FilterOf } from '../../queries/query.js';
import { ARGS, type Args, type FunctionCall, type Typed, type TypeName } from './definition.js';

/** Names that filters of conversations may test. */
type Name = DimensionOf<'conversations'> | NumberOf<'conversations'>;

/** An argument that filters by what conversations are. */
interface FilterArgument<N extends Name> extends Typed {
  filter(sent: unknown, call: FunctionCall, name: string): Filter<N>;
}

/** Equal to one of a list. */
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

/** A number that is at least, or at most, what was sent; conversations without it meet neither. */
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
  description: 'The account; another than that of the key has no conversations here',
  filter(sent, { scope, faults }, name) {
    if (!UUID.test(sent as string)) faults.add(ARGS + name, 'must be a uuid');
    return (sent as string).toLowerCase() === scope.account ? everything : nothing;
  },
});

const filterArguments = {
  account_id: account('uuid'),
  desk_ids: list('Desks', '_uuid', 'desk_id'),
  brain_parent_ids: list('Bots', '_uuid', 'bot_id'),
  integration_ids: list('Integrations', '_uuid', 'integration_id'),
  brain_versions: list('Versions of the bot that are whole numbers', '_int4', 'bot_version'),
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
  user_id: one('The user, whole', 'String', 'user_id'),
  user_name: one('The name of the user, whole', 'String', 'user_name'),
  user_email: one('The e-mail address of the user, whole', 'String', 'user_email'),
  channel_user_id: one('The user in the channel, whole', 'String', 'channel_user_id'),
  external_user_id: one('The user elsewhere, whole', 'String', 'external_user_id'),
  is_contained: one('Only without agents, or only with them', 'Boolean', 'is_contained'),
  is_covered: one('Only covered, or only not covered; unknown is neither', 'Boolean', 'is_covered'),
  is_meaningful: one('Only meaningful, or only others', 'Boolean', 'is_meaningful'),
  is_test: one('Only tests, or none; both when left out', 'Boolean', 'is_test'),
  has_collection: one('Whether a message names a collection', 'Boolean', 'has_collection'),
  has_collection_sources: one('Whether a message names sources', 'Boolean', 'has_collection_sources'),
  min_num_user_messages: bound('At least so many messages of the user', 'Int', 'lower', 'user_messages'),
  min_num_thumbs_up: bound('At least so many messages with thumbs up', 'Int', 'lower', 'thumbs_up'),
  min_num_thumbs_down: bound('At least so many messages with thumbs down', 'Int', 'lower', 'thumbs_down'),
  max_confidence: bound('A least confidence of at most', 'float8', 'upper', 'min_confidence'),
  min_human_response_time: bound(
    'A first response of at least so many seconds',
    'float8',
    'lower',
    'first_response_seconds',
  ),
  language_model_ids: unknownHere('_text'),
};

/** An argument of the vendor's that nothing here answers: it may be null. */
function unknownHere(type: TypeName): FilterArgument<never> {
  return {
    type,
    description: 'Not known here: only null is taken',
    filter(_sent, { faults }, name) {
      faults.add(ARGS + name, 'is not known here: leave it out, or send null');
      return nothing;
    },
  };
}

type Arguments = typeof filterArguments;

/**
 * The filters that a dataset can answer: those whose name it has. `account_id!` is the account where it has to be given.
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

/** The arguments of the schema behind names of filters. */
export const filterTypes = (names: readonly FilterName[]): Record<string, Typed> =>
  Object.fromEntries(
    names.map((name) => {
      const { type, description } = argumentOf(name);
      return [nameOf(name), { type, description }];
    }),
  );

export const timeZoneType: Typed = {
  type: 'String',
  description: 'IANA time zone in which days begin and times without offset are meant; default UTC',
};

/** The arguments of a range. */
export const rangeTypes: Record<string, Typed> = {
  start_time: { type: 'timestamp', description: 'Start of the range' },
  end_time: { type: 'timestamp', description: 'End of the range, exclusive' },
};

/** The filter that arguments say. One that is null or left out does not filter. */
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

/** The arguments that say a range of time, with their zone. */
export const timesOf = (args: Args) => ({
  start_time: args.start_time as string | null | undefined,
  end_time: args.end_time as string | null | undefined,
  time_zone: args.time_zone as string | null | undefined,
});

/** The conversations that the arguments of a function ask about. Throws with all faults of the arguments found so far. */
export function conversationsOf(filters: readonly FilterName[], call: FunctionCall): ConversationsQuery {
  const { args, faults, scope, asOf } = call;
  const window = parseWindow(timesOf(args), faults, { prefix: ARGS });
  const where = parseFilters(filters, call);
  faults.check();
  return { scope, window, where, asOf };
}
