import { type TObject, type TProperties, Type } from '@sinclair/typebox';

/** An id or name in a path or query: opaque text that PostgreSQL can store. */
export const Id = (description: string) =>
  Type.String({ minLength: 1, maxLength: 200, pattern: '^[^\\u0000]*$', description });

export const TimeText = (description: string) => Type.String({ maxLength: 64, description });

export const Choice = <T extends string>(values: readonly T[], description: string) =>
  Type.Unsafe<T>({ type: 'string', enum: values, description });

const itemText = { minLength: 1, maxLength: 20_000, pattern: '^[^\\u0000]*$' };

/** A parameter that takes repeated values, comma-separated lists, or both; parse it with `parseList`. */
export const List = (description: string) => Type.Array(Type.String(itemText), { maxItems: 100, description });

/** A list that the vendor declares as one comma-separated text; here it may also be repeated. */
export const TextOrList = (description: string) =>
  Type.Union([Type.String(itemText), Type.Array(Type.String(itemText), { maxItems: 100 })], { description });

export const TimeZone = Type.Optional(
  Type.String({
    maxLength: 64,
    default: 'UTC',
    description: 'IANA time zone of days and of local times',
  }),
);

export const Format = Type.Optional(
  Choice(['json', 'csv'] as const, 'Format of the answer; overrides the Accept header'),
);

export const Bom = Type.Optional(
  Choice(['true', 'false'] as const, 'true: a CSV begins with a byte-order mark, by which Excel reads it as UTF-8'),
);

/** An object without other properties. */
export const strict = <P extends TProperties>(properties: P): TObject<P> =>
  Type.Object(properties, { additionalProperties: false });
