import type { Schema } from './document.js';

/** What a schema says about a value rather than which values it allows. */
const annotations = /^(title|description|examples?|deprecated|discriminator|\$id|\$comment|x-.*)$/;

/**
 * One form for the several ways in which a schema can say the same, so that two of them can be compared: annotations gone,
 * `allOf` merged, a constant an `enum` of one, a choice of constants an `enum`, null as `nullable`, a map by
 * `additionalProperties`.
 */
export function normalize(schema: Schema): Schema {
  const known = normalized.get(schema) ?? normalizeAfresh(schema);
  normalized.set(schema, known);
  return known;
}

/** Schemas are compared in thousands of copies that have most of their parts in common. */
const normalized = new WeakMap<Schema, Schema>();

function normalizeAfresh(schema: Schema): Schema {
  let normal: Schema = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (!annotations.test(keyword)) normal[keyword] = normalizeKeyword(keyword, value);
  }
  normal = asNullable(asEnum(asMap(mergeAll(normal))));
  if (normal.required?.length === 0) delete normal.required;
  for (const name of ['required', 'enum', 'anyOf', 'oneOf']) {
    if (Array.isArray(normal[name])) normal[name] = [...normal[name]].sort(byText);
  }
  return Object.fromEntries(Object.entries(normal).sort(byText));
}

const byText = (a: unknown, b: unknown) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function normalizeKeyword(keyword: string, value: unknown): unknown {
  if (keyword === 'properties' || keyword === 'patternProperties') {
    return Object.fromEntries(Object.entries(value as object).map(([name, one]) => [name, normalize(one)]));
  }
  if (keyword === 'allOf' || keyword === 'anyOf' || keyword === 'oneOf') return (value as Schema[]).map(normalize);
  if (/^(items|additionalProperties|unevaluatedProperties|propertyNames|not)$/.test(keyword) && isObject(value)) {
    return normalize(value);
  }
  return keyword === 'required' ? [...(value as string[])] : value;
}

function mergeAll({ allOf, ...schema }: Schema): Schema {
  if (allOf === undefined) return schema;
  const parts = [...(allOf as Schema[]), schema];
  const merged: Schema = Object.assign({}, ...parts);
  if (parts.some(({ properties }) => properties)) {
    merged.properties = Object.assign({}, ...parts.map(({ properties }) => properties));
  }
  const required = new Set(parts.flatMap((part) => part.required ?? []));
  if (required.size > 0) merged.required = [...required];
  if (merged.unevaluatedProperties !== undefined) {
    merged.additionalProperties = merged.unevaluatedProperties;
    delete merged.unevaluatedProperties;
  }
  return merged;
}

function asMap({ patternProperties, ...schema }: Schema): Schema {
  if (!isObject(patternProperties)) return schema;
  const [[pattern, values] = [], ...more] = Object.entries(patternProperties);
  return pattern === '^(.*)$' && more.length === 0
    ? { ...schema, additionalProperties: values }
    : { ...schema, patternProperties };
}

function asEnum(schema: Schema): Schema {
  const { const: constant, anyOf, ...rest } = schema;
  if (constant !== undefined) return { ...rest, ...(anyOf ? { anyOf } : {}), enum: [constant] };
  if (!Array.isArray(anyOf) || !anyOf.every((one: Schema) => Array.isArray(one.enum))) return schema;
  const types = new Set(anyOf.map(({ type }: Schema) => type));
  if (types.size !== 1) return schema;
  return { ...rest, type: [...types][0], enum: anyOf.flatMap((one: Schema) => one.enum as unknown[]) };
}

function asNullable(schema: Schema): Schema {
  for (const keyword of ['anyOf', 'oneOf'] as const) {
    const choice = schema[keyword] as Schema[] | undefined;
    const others = choice?.filter(({ type }) => type !== 'null');
    if (choice === undefined || others === undefined || others.length === choice.length) continue;
    const { [keyword]: _, ...rest } = schema;
    const [only, ...more] = others;
    return { ...rest, ...(more.length === 0 ? only : { [keyword]: others }), nullable: true };
  }
  const { type, enum: values } = schema;
  if (!Array.isArray(type) || !type.includes('null')) return schema;
  const [only, ...more] = type.filter((one) => one !== 'null');
  return {
    ...schema,
    type: more.length === 0 ? only : [only, ...more].sort(),
    ...(Array.isArray(values) ? { enum: values.filter((value) => value !== null) } : {}),
    nullable: true,
  } as Schema;
}
