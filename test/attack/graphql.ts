import type { Chance } from './random.js';
import { ACCOUNT, hostile, ranges } from './requests.js';

/** What a schema says of its types, as far as a query needs it. */
export type Types = {
  name: string;
  fields: { name: string }[] | null;
  inputFields: { name: string; type: { name: string | null; ofType: { name: string } | null } }[] | null;
}[];

/** Asks a schema for its {@link Types}. */
export const introspection =
  '{ __schema { types { name fields { name } inputFields { name type { name ofType { name } } } } } }';

export const functionsOf = (types: Types) =>
  (types.find(({ name }) => name === 'query_root')?.fields ?? []).map(({ name }) => name);

/** A query of one of the functions of a schema, by its types; each argument by spite in that share of cases. */
export function graphqlQuery(types: Types, chance: Chance, spite: number): { name: string; query: string } {
  const name = chance.pick(functionsOf(types));
  const fields = (types.find((type) => type.name === name)?.fields ?? []).map((field) => field.name);
  const columns = fields.filter(() => chance.is(0.4));
  const inputs = types.find((type) => type.name === `${name}_args`)?.inputFields ?? [];
  const range = chance.pick(ranges);
  const args = inputs.flatMap(({ name: input, type }) => {
    const isNeeded = type.name === null || ['start_time', 'end_time', 'session_id'].includes(input);
    if (!isNeeded && (chance.is(0.85) || (input === 'language_model_ids' && spite === 0))) return [];
    const value = chance.is(spite) ? chance.pick(hostile) : valueFor(input, type.name ?? (type.ofType?.name as string));
    return [`${input}: ${JSON.stringify(value)}`];
  });
  const beside = chance.is(0.2) ? `, limit: ${1 + chance.below(50)}, order_by: {${chance.pick(fields)}: desc}` : '';
  const query = `{ rows: ${name}(args: {${args.join(', ')}}${beside}) { ${columns.join(' ') || '__typename'} } }`;
  return { name, query };

  function valueFor(input: string, type: string): unknown {
    if (input === 'start_time') return range[0];
    if (input === 'end_time') return range[1];
    if (input === 'time_zone') return 'Europe/Helsinki';
    if (input === 'session_id') return chance.pick(['c-1', 'c1', 'nothing']);
    const one = { uuid: ACCOUNT, _uuid: [ACCOUNT], _text: ['web', 'bob'], _int4: [1, 3], interval: '1 day' }[type];
    if (one !== undefined) return one;
    if (type === 'Boolean') return chance.is(0.5);
    return type === 'Int' || type === 'float8' ? chance.below(24) : 'ann';
  }
}
