import { GraphQLError, GraphQLScalarType, type ValueNode, valueFromASTUntyped } from 'graphql';
import { parseSpan } from '../../queries/time/bucket.js';
import { parseInstant } from '../../queries/time/instant.js';
import { parseArray } from './literals.js';

type Read = { ok: true; value: unknown } | { ok: false; message: string };

/**
 * The scalars of PostgreSQL that the dialect speaks. They check what a client sends; what they give out is in its form
 * already. A value that is refused has the code `parse-failed`, wherever it stands.
 */
export const scalars: Record<string, GraphQLScalarType> = Object.fromEntries(
  [
    scalar('uuid', 'An id: any text of 1 to 200 characters. Only an account’s is a uuid.', readText),
    scalar('_uuid', 'A list of ids, as an array of PostgreSQL ("{a,b}") or of JSON', readTexts),
    scalar('_text', 'A list of texts, as an array of PostgreSQL ("{a, b}", "{\\"a\\",\\"b\\"}") or of JSON', readTexts),
    scalar('_int4', 'A list of whole numbers of 32 bits, as an array of PostgreSQL ("{1,2}") or of JSON', readIntegers),
    scalar(
      'timestamp',
      'In: a date, a time local to time_zone, or one with an offset. Out: local to time_zone, without offset.',
      readTime,
    ),
    scalar('interval', 'One positive number of a unit: 15 minutes, 1 day, 2 weeks, P1M', readInterval),
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

/** Whether PostgreSQL can compare with it: it has no U+0000, and half a surrogate pair is no text. */
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

/** The form alone: what a local time means is known with the zone. In UTC no clock change skips or repeats one. */
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
