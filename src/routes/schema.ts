import { type TObject, type TProperties, Type } from '@sinclair/typebox';

/** An id or name in a path or query: opaque text that PostgreSQL can keep. */
export const Id = (description: string) =>
  Type.String({ minLength: 1, maxLength: 200, pattern: '^[^\\u0000]*$', description });

export const Choice = <T extends string>(values: readonly T[], description: string) =>
  Type.Unsafe<T>({ type: 'string', enum: values, description });

/** The parameter `format` of every report. */
export const Format = Type.Optional(Choice(['json', 'csv'], 'Form of the answer; wins over the Accept header'));

/** An object in which an unknown key is a fault. */
export const strict = <P extends TProperties>(properties: P): TObject<P> =>
  Type.Object(properties, { additionalProperties: false });
