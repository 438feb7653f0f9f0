import { LosslessNumber } from 'lossless-json';
import { isStorable } from '../text.js';
import { parseInstant } from '../time/instant.js';
import { isObject } from './json.js';

/**
 * A kind of value in an event (design: "Kinds of values"). `accepts` checks a parsed JSON value. `store`, if defined,
 * converts it to its stored form. `says` completes the sentence "must be ...".
 */
export interface Kind<Scalar extends string = string> {
  /** The type of a column that can hold the value: `text`, `integer` or `boolean`. Absent if no column can. */
  scalar?: Scalar;
  says: string;
  accepts(value: unknown): boolean;
  store?(value: unknown): unknown;
}

const MAX_INT32 = 2_147_483_647;
const MAX_DEPTH = 100;

/** Whether a value is a text of `min` to `max` code points. */
function isText(value: unknown, min: number, max: number): value is string {
  if (typeof value !== 'string' || value.length < min || !isStorable(value)) return false;
  if (value.length <= max) return true;
  return value.length <= 2 * max && [...value].length <= max;
}

const isShortText = (value: unknown): value is string => isText(value, 1, 200);
const isLongText = (value: unknown): value is string => isText(value, 0, 100_000);

/** Whether any JSON can be stored as it is: storable texts, numbers that a double holds exactly, limited depth. */
function isKeepable(value: unknown, depth = 0): boolean {
  if (typeof value === 'string') return isStorable(value);
  if (typeof value === 'number') return Number.isFinite(value);
  if (value === null || typeof value === 'boolean') return true;
  if (value instanceof LosslessNumber || depth >= MAX_DEPTH) return false;
  if (Array.isArray(value)) return value.every((item) => isKeepable(item, depth + 1));
  return Object.entries(value as object).every(([key, item]) => isStorable(key) && isKeepable(item, depth + 1));
}

const isInteger = (value: unknown, min: number, max: number) =>
  typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max;

const integer = (min: number, max: number, says: string): Kind<'integer'> => ({
  scalar: 'integer',
  says,
  accepts: (value) => isInteger(value, min, max),
});

const choice = (...allowed: string[]): Kind<'text'> => ({
  scalar: 'text',
  says: `one of ${allowed.join(', ')}`,
  accepts: (value) => allowed.includes(value as string),
});

export const shortText: Kind<'text'> = {
  scalar: 'text',
  says: 'a text of 1 to 200 characters without U+0000',
  accepts: isShortText,
};

export const longText: Kind = { says: 'a text of up to 100,000 characters without U+0000', accepts: isLongText };

export const boolean: Kind<'boolean'> = {
  scalar: 'boolean',
  says: 'true or false',
  accepts: (value) => typeof value === 'boolean',
};

export const int32 = integer(-MAX_INT32 - 1, MAX_INT32, 'a whole number of 32 bits');

export const depth = integer(0, MAX_INT32, 'a whole number from 0');

export const stars = integer(1, 5, 'a whole number from 1 to 5');

export const seconds: Kind = {
  says: 'a number of seconds from 0',
  accepts: (value) => {
    const number = value instanceof LosslessNumber ? Number(value.value) : value;
    return typeof number === 'number' && Number.isFinite(number) && number >= 0;
  },
  store: Number,
};

export const share: Kind = {
  says: 'a number from 0 to 1',
  accepts: (value) => {
    const number = value instanceof LosslessNumber ? Number(value.value) : value;
    return typeof number === 'number' && number >= 0 && number <= 1;
  },
  store: Number,
};

/** A time. Stored as ISO text in UTC with milliseconds, so that equal instants are equal texts. */
export const time: Kind = {
  says: 'a time with an offset, such as 2024-01-08T09:15:00Z, in a year from 1900 to 2199',
  accepts: (value) => typeof value === 'string' && parseInstant(value, null).ok,
  store: (value) => {
    const text = value as string;
    if (text.length === 24 && text.endsWith('Z')) return text; // only that form has this length and this end
    const parsed = parseInstant(text, null);
    return parsed.ok ? new Date(parsed.instant).toISOString() : undefined;
  },
};

/** An amount of money. Stored as decimal text, because a double could change it. */
export const decimal: Kind = {
  says: 'a decimal number with up to 15 digits before the point and up to 6 after, as text or number',
  accepts: (value) =>
    /^-?[0-9]{1,15}(\.[0-9]{1,6})?$/.test(
      value instanceof LosslessNumber ? value.value : typeof value === 'number' ? String(value) : String(value ?? ''),
    ) && !Array.isArray(value),
  store: (value) => (value instanceof LosslessNumber ? value.value : String(value)),
};

export const object: Kind = {
  says: 'a JSON object, without U+0000, numbers that a double cannot hold, or more than 100 levels',
  accepts: (value) => isObject(value) && isKeepable(value),
};

export const texts: Kind = {
  says: 'a list of up to 100 texts of 1 to 200 characters each',
  accepts: (value) => Array.isArray(value) && value.length <= 100 && value.every(isShortText),
};

/** A union attribute. An empty list has no effect. */
export const union: Kind = {
  ...texts,
  store: (value) => ((value as string[]).length > 0 ? value : undefined),
};

export const anyList: Kind = {
  says: 'a list of up to 100 JSON values, without U+0000, numbers that a double cannot hold, or more than 100 levels',
  accepts: (value) => Array.isArray(value) && value.length <= 100 && isKeepable(value),
};

export const textMap: Kind = {
  says: 'an object of up to 100 texts under keys of 1 to 200 characters',
  accepts: (value) => {
    if (!isObject(value)) return false;
    const entries = Object.entries(value);
    return entries.length <= 100 && entries.every(([key, item]) => isShortText(key) && isLongText(item));
  },
};

export const step: Kind = {
  says: 'an object {"id", "type"} of two texts of 1 to 200 characters',
  accepts: (value) =>
    isObject(value) && Object.keys(value).length === 2 && isShortText(value.id) && isShortText(value.type),
};

export const sender = choice('user', 'bot', 'agent');
export const ratingTarget = choice('conversation', 'bot', 'agent');
export const closeReason = choice('resolved', 'left');
export const chatType = choice('visitor', 'operator', 'group', 'task', 'external');
export const chatInitiator = choice('autosuggest', 'visitor', 'operator', 'rule');
