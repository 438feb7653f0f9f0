import type { Options } from './differences.js';
import type { Operation, Parameter, Schema } from './document.js';

type Alteration = [what: string, altered: Operation];

/**
 * Every way to change one thing of an operation that a client would notice: a parameter, or a schema of a parameter, a
 * body or an answer, at every depth. Each comes as an operation of its own, with a word on what was changed.
 */
export function* alterations(
  operation: Operation,
  { ownBody = false, ownAnswer = false }: Options = {},
): Generator<Alteration> {
  const { parameters = [], requestBody, responses } = operation;
  for (const [n, parameter] of parameters.entries()) {
    const { name, required } = parameter;
    const change = (what: string, to: Partial<Parameter>): Alteration => [
      `${name} ${what}`,
      { ...operation, parameters: parameters.with(n, { ...parameter, ...to }) },
    ];
    yield change('renamed', { name: `${name}s` });
    yield change('needed or not', { required: !required });
    yield change('elsewhere', { in: 'header' });
    yield [`${name} left out`, { ...operation, parameters: parameters.toSpliced(n, 1) }];
    for (const [what, schema] of ofSchema(parameter.schema)) yield change(what, { schema });
  }
  const body = requestBody?.content['application/json'];
  if (body !== undefined && !ownBody) {
    for (const [what, schema] of ofSchema(body.schema)) {
      const content = { 'application/json': { schema } };
      yield [`body: ${what}`, { ...operation, requestBody: { ...requestBody, content } }];
    }
  }
  for (const [status, { content }] of ownAnswer ? [] : Object.entries(responses)) {
    const media = content?.['application/json'];
    if (media === undefined || !status.startsWith('2')) continue;
    yield [`${status} left out`, { ...operation, responses: without(responses, status) }];
    for (const [what, schema] of ofSchema(media.schema)) {
      const answer = { content: { 'application/json': { schema } } };
      yield [`${status}: ${what}`, { ...operation, responses: { ...responses, [status]: answer } }];
    }
  }
}

function* ofSchema(schema: Schema): Generator<[what: string, altered: Schema]> {
  if (schema.type === 'null') return; // bounds mean nothing to it, and its loss is a change of the whole
  if (schema.type !== undefined) {
    yield ['type', { ...without(schema, 'enum'), type: schema.type === 'boolean' ? 'string' : 'boolean' }];
  }
  for (const name of ['minLength', 'maxLength', 'minimum', 'maximum', 'minItems', 'maxItems']) {
    yield [name, name in schema ? without(schema, name) : { ...schema, [name]: 7 }];
  }
  for (const name of ['pattern', 'format', 'default', 'enum', 'const']) {
    if (name in schema) yield [`no ${name}`, without(schema, name)];
  }
  const { properties = {}, required = [] } = schema;
  for (const [name, value] of Object.entries(properties)) {
    const others = without(properties, name);
    yield [`${name} left out`, { ...schema, properties: others }];
    yield [`${name} renamed`, { ...schema, properties: { ...others, [`${name}s`]: value } }];
    const rest = required.filter((other) => other !== name);
    yield [`${name} needed or not`, { ...schema, required: required.includes(name) ? rest : [...required, name] }];
    for (const [what, inner] of ofSchema(value)) {
      yield [`${name}.${what}`, { ...schema, properties: { ...properties, [name]: inner } }];
    }
  }
  for (const name of ['items', 'additionalProperties']) {
    const part = schema[name];
    if (typeof part !== 'object') continue;
    for (const [what, inner] of ofSchema(part as Schema)) yield [`${name}.${what}`, { ...schema, [name]: inner }];
  }
  for (const name of ['anyOf', 'oneOf', 'allOf']) {
    const parts = (schema[name] ?? []) as Schema[];
    for (const [n, part] of parts.entries()) {
      for (const [what, inner] of ofSchema(part))
        yield [`${name}.${n}.${what}`, { ...schema, [name]: parts.with(n, inner) }];
    }
  }
}

function without<Value extends object>(value: Value, name: string): Value {
  const { [name as keyof Value]: _, ...rest } = value;
  return rest as Value;
}
