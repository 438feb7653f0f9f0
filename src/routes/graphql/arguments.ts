import { UUID } from '../../queries/accounts.js';
import type { DimensionOf } from '../../queries/catalogue.js';
import { nothing, type Value } from '../../queries/filter.js';
import type { FilterOf } from '../../queries/query.js';
import { ARGS, type Args, type Asked, type Typed } from './definition.js';

/** A filter that many functions take: its type, and the dimension that one of its values must equal. */
interface FilterArgument extends Typed {
  dimension: DimensionOf<'conversations'>;
  values(sent: unknown): Value[];
}

const list = (
  means: string,
  type: '_uuid' | '_text' | '_int4',
  dimension: FilterArgument['dimension'],
): FilterArgument => ({
  type,
  means: `${means}; an empty list matches nothing`,
  dimension,
  values: (sent) => (sent as (string | number)[]).map(String),
});

const filterArguments = {
  desk_ids: list('Desks', '_uuid', 'desk_id'),
  brain_parent_ids: list('Bots', '_uuid', 'bot_id'),
  integration_ids: list('Integrations', '_uuid', 'integration_id'),
  brain_versions: list('Versions of the bot that are whole numbers', '_int4', 'bot_version'),
  channels: list('Channels', '_text', 'channel'),
  agent_ids: list('Agents who wrote or joined', '_text', 'agent_ids'),
  is_test: {
    type: 'Boolean',
    means: 'Only tests, or none; both when left out',
    dimension: 'is_test',
    values: (sent) => [sent as boolean],
  },
} satisfies Record<string, FilterArgument>;

export type FilterName = keyof typeof filterArguments | 'account_id';

/** The arguments of the schema behind names of filters. */
export const filterTypes = (names: readonly FilterName[]): Record<string, Typed> =>
  Object.fromEntries(
    names.map((name) => [
      name,
      name === 'account_id'
        ? { type: 'uuid', means: 'The account; another than the key’s has no conversations here' }
        : { type: filterArguments[name].type, means: filterArguments[name].means },
    ]),
  );

export const timeZoneType: Typed = {
  type: 'String',
  means: 'IANA time zone in which days begin and times without offset are meant; default UTC',
};

/** The filter that arguments say. One that is null or left out does not filter. */
export function parseFilters(names: readonly FilterName[], { args, scope, faults }: Asked): FilterOf<'conversations'> {
  const of = names.flatMap((name): FilterOf<'conversations'>[] => {
    const sent = args[name];
    if (sent == null) return [];
    if (name !== 'account_id') {
      const { dimension, values } = filterArguments[name];
      return [{ op: 'in', dimension, values: values(sent) }];
    }
    if (!UUID.test(sent as string)) faults.add(`${ARGS}account_id`, 'must be a uuid');
    return (sent as string).toLowerCase() === scope.account ? [] : [nothing];
  });
  return { op: 'and', of };
}

/** The arguments that say a range of time, with their zone. */
export const timesOf = (args: Args) => ({
  start_time: args.start_time as string | null | undefined,
  end_time: args.end_time as string | null | undefined,
  time_zone: args.time_zone as string | null | undefined,
});
