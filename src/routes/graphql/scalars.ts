import { GraphQLError, GraphQLScalarType, type ValueNode, valueFromASTUntyped } from 'graphql';
import { parseSpan } from '../../queries/time/bucket.js';
import { parseInstant } from '../../queries/time/instant.js';
import { parseArray } from './literals.js';

type Read = { ok: true; value: unknown } | { ok: false; message: string };

/**
 * The PostgreSQL scalars of the dialect. They check input; output is already formatted. An invalid value gets the code
 * `parse-failed`, as a literal and as a variable.
 */
export const scalars: Record<string, GraphQLScalarType> = Object.fromEntries(
  [
    scalar('uuid', 'An id: any text of 1 to 200 characters. Only the id of an account is a UUID.', readText),
    scalar('_uuid', 'A list of ids, as a PostgreSQL array ("{a,b}") or a JSON list', readTexts),
    scalar('_text', 'A list of texts, as a PostgreSQL array ("{a, b}", "{\\"a\\",\\"b\\"}") or a JSON list', readTexts),
    scalar('_int4', 'A list of whole numbers of 32 bits, as a PostgreSQL array ("{1,2}") or a JSON list', readIntegers),
    scalar(
      'timestamp',
      'Input: a date, a time local to time_zone, or a time with an offset. Output: local to time_zone, without offset.',
      readTime,
    ),
    scalar('interval', 'A positive number of one unit: 15 minutes, 1 day, 2 weeks, P1M', readInterval),
    scalar('float8', 'A number', readNumber),
    scalar('jsonb', 'Any JSON', (value) => ({ ok: true, value })),
  ].map((type) => [type.name, type]),
);

function scalar(name: string, description: string, read: (value: unknown) => Read): GraphQLScalarType {
  function parse(value: unknown, nodes?: ValueNode): unknown {
    const found = read(value);
    if (found.ok) return found.value;
    throw new GraphQLError(`a value of type ${name} ${found.message}`, {
      nodes: nodes ?? null,
      extensions: { code: 'parse-failed' },
    });
  }
  return new GraphQLScalarType({
    name,
    description,
    parseValue: (value) => parse(value),
    parseLiteral: (node, variables) => parse(valueFromASTUntyped(node, variables), node),
    serialize: (value) => value,
  });
}

const refused = (message: string): Read => ({ ok: false, message });

/** Whether PostgreSQL can store the value: a text without U+0000 and lone surrogates. */
export const isText = (value: unknown): value is string =>
  typeof value === 'string' && value.isWellFormed() && !value.includes('\0');

function readText(value: unknown): Read {
  return isText(value) ? { ok: true, value } : refused('must be a text without U+0000 or a lone surrogate');
}

function readNumber(value: unknown): Read {
  return typeof value === 'number' && Number.isFinite(value) ? { ok: true, value } : refused('must be a number');
}

function readTexts(value: unknown): Read {
  const found = readList(value);
  if (!found.ok) return found;
  const fits = found.value.every(isText);
  return fits ? found : refused('must hold only texts without U+0000 or a lone surrogate');
}

const MAX_INT32 = 2_147_483_647;

function readIntegers(value: unknown): Read {
  const found = readList(Number.isInteger(value) ? [value] : value);
  if (!found.ok) return found;
  const numbers = found.value.map((item) =>
    typeof item === 'number'
      ? item
      : typeof item === 'string' && /^[-+]?[0-9]+$/.test(item)
        ? Number(item)
        : Number.NaN,
  );
  const fits = numbers.every((item) => Number.isInteger(item) && item >= -MAX_INT32 - 1 && item <= MAX_INT32);
  return fits ? { ok: true, value: numbers } : refused('must hold only whole numbers of 32 bits');
}

function readList(value: unknown): { ok: true; value: unknown[] } | { ok: false; message: string } {
  if (Array.isArray(value)) return { ok: true, value };
  if (typeof value !== 'string') return { ok: false, message: 'must be an array as text ("{a,b}") or a JSON list' };
  const parsed = parseArray(value);
  return parsed.ok ? { ok: true, value: parsed.elements } : parsed;
}

/**
 * Checks the form only, because the instant of a local time depends on the zone. In UTC no time is skipped or repeated.
 */
function readTime(value: unknown): Read {
  if (typeof value !== 'string') return refused('must be a text such as "2024-01-08" or "2024-01-08T09:30:00Z"');
  const parsed = parseInstant(value, 'UTC');
  return parsed.ok ? { ok: true, value } : refused(parsed.message);
}

function readInterval(value: unknown): Read {
  if (typeof value !== 'string') return refused('must be a text such as "1 day"');
  const parsed = parseSpan(value);
  return parsed.ok ? { ok: true, value: parsed.bucket } : refused(parsed.message);
}
