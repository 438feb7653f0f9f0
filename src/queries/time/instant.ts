import { type Clock, clockOf, MINUTE } from './clock.js';

/** An instant is a number: milliseconds since 1970-01-01T00:00:00Z. */
export type Parsed = { ok: true; instant: number } | { ok: false; message: string };

/** All fields up to the seconds have fixed positions, so they are read by index and the match allocates no strings. */
const FORM = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[-+ ]\d\d:\d\d)?)?$/;

const ALLOWED =
  'must be a date such as 2024-01-08, a local time such as 2024-01-08T09:30 or 2024-01-08T09:30:00.123, ' +
  'or a time with an offset such as 2024-01-08T09:30:00Z or 2024-01-08T09:30:00+02:00';
const ALLOWED_WITH_OFFSET = 'must be a time with an offset, such as 2024-01-08T09:30:00.123Z or 2024-01-08T09:30+02:00';

/**
 * Parses a time: `YYYY-MM-DD`, or `YYYY-MM-DDThh:mm[:ss[.f...]]` followed by nothing, `Z`, `+hh:mm` or `-hh:mm`. The
 * year as written must be 1900 to 2199. Digits after the milliseconds are dropped. A space in place of `+` is accepted,
 * because clients forget to percent-encode it. A date is the first instant of that day in `zone` (of the next day if
 * the zone skipped it). A time without offset is local to `zone`, and refused if a clock change skips or repeats it.
 * With `zone` null the offset is required. On failure `message` completes a sentence that begins with the name of the
 * field. Throws RangeError for an unknown `zone`.
 */
export function parseInstant(text: string, zone: string | null): Parsed {
  if (!FORM.test(text)) return refused(zone === null ? ALLOWED_WITH_OFFSET : ALLOWED);
  const fault = faultOf(text);
  if (fault !== null) return refused(fault);
  const offset = offsetOf(text);
  if (offset !== null) return { ok: true, instant: localOf(text) - offset };
  if (zone === null) return refused(ALLOWED_WITH_OFFSET);
  const clock = clockOf(zone);
  return text.length === 10 ? { ok: true, instant: clock.firstInstantAt(localOf(text)) } : fromLocal(text, clock);
}

function refused(message: string): Parsed {
  return { ok: false, message };
}

/** What is wrong with the numbers in a well-formed text, or null. */
function faultOf(text: string): string | null {
  const year = two(text, 0) * 100 + two(text, 2);
  const month = two(text, 5);
  if (year < 1900 || year > 2199) return 'must lie in the years 1900 to 2199';
  if (month < 1 || month > 12) return 'must have a month from 01 to 12';
  const day = two(text, 8);
  if (day < 1 || day > daysIn(year, month)) return `must name a day that exists: ${text.slice(0, 10)} does not`;
  if (text.length === 10) return null;
  if (two(text, 11) > 23 || two(text, 14) > 59) return 'must have a time of day from 00:00 to 23:59';
  if (hasSeconds(text) && two(text, 17) > 59) return 'must have seconds from 00 to 59';
  if (hasOffset(text) && (two(text, text.length - 5) > 23 || two(text, text.length - 2) > 59)) {
    return 'must have an offset from -23:59 to +23:59';
  }
  return null;
}

/** The local time before the offset, as the instant at which UTC shows the same. */
function localOf(text: string): number {
  const year = two(text, 0) * 100 + two(text, 2);
  const time = text.length === 10 ? 0 : two(text, 11) * 60 * MINUTE + two(text, 14) * MINUTE + millisecondsOf(text);
  return Date.UTC(year, two(text, 5) - 1, two(text, 8)) + time;
}

/** Seconds and fraction in milliseconds; further digits are dropped. */
function millisecondsOf(text: string): number {
  if (!hasSeconds(text)) return 0;
  let milliseconds = two(text, 17) * 1000;
  if (text[19] !== '.') return milliseconds;
  for (let at = 20, worth = 100; at < 23 && isDigit(text, at); at++, worth /= 10)
    milliseconds += digit(text, at) * worth;
  return milliseconds;
}

/** The offset at the end of the text, in milliseconds; null if there is none. */
function offsetOf(text: string): number | null {
  if (text.endsWith('Z')) return 0;
  if (!hasOffset(text)) return null;
  const offset = two(text, text.length - 5) * 60 * MINUTE + two(text, text.length - 2) * MINUTE;
  return text[text.length - 6] === '-' ? -offset : offset;
}

function hasSeconds(text: string): boolean {
  return text[16] === ':';
}

/**
 * Whether it ends with an offset like `+hh:mm`. Without an offset only a date has a sign there, and a date is shorter.
 */
function hasOffset(text: string): boolean {
  const sign = text[text.length - 6];
  return text.length > 16 && (sign === '+' || sign === '-' || sign === ' ');
}

function two(text: string, at: number): number {
  return digit(text, at) * 10 + digit(text, at + 1);
}

function digit(text: string, at: number): number {
  return text.charCodeAt(at) - 48;
}

function isDigit(text: string, at: number): boolean {
  const value = digit(text, at);
  return value >= 0 && value <= 9;
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** Resolves a local time. A skipped or repeated time is refused with the two offsets that the client may have meant. */
function fromLocal(text: string, clock: Clock): Parsed {
  const local = localOf(text);
  const instants = clock.instantsAt(local);
  const [instant] = instants;
  if (instant !== undefined && instants.length === 1) return { ok: true, instant };
  const change = clock.firstInstantAt(local);
  const readings = instant === undefined ? [change - 1, change] : instants;
  const written = text.slice(0, 23);
  const offered = readings.map((reading) => written + offsetText(wholeMinutes(clock.offsetAt(reading))));
  return refused(
    `is a local time that a clock change in ${clock.zone} ${instant === undefined ? 'skips' : 'repeats'}: ` +
      `write it with an offset, as ${offered.join(' or ')}`,
  );
}

/**
 * How the dialects format a time. `series`: `2024-01-08T00:00:00+02:00`, with milliseconds (three digits) only if not
 * zero. `reporting`: the same, always with milliseconds. `local`: like `series`, without offset.
 */
export type TimeForm = 'series' | 'reporting' | 'local';

/**
 * Formats an instant of the years 1 to 9999 as local time of `zone`. The offset is `Z` only for `UTC`; it is `+00:00`
 * for London in winter and for `Etc/UTC`. Throws RangeError for an unknown `zone`. ISO 8601 has no seconds in an
 * offset, but local mean times do. The offset is then rounded up to a whole minute and the time is adjusted accordingly
 * (Monrovia's midnight of 1960-06-01, at -00:44:30, is `1960-06-01T00:00:30-00:44`): parsed again it is the same
 * instant, and a day still starts on its date. `local` has no offset and shows what the clocks showed.
 */
export function formatInstant(instant: number, zone: string, form: TimeForm): string {
  if (zone === 'UTC') return form === 'local' ? timeText(instant, form) : `${timeText(instant, form)}Z`;
  const offset = clockOf(zone).offsetAt(instant);
  if (form === 'local') return timeText(instant + offset, form);
  const whole = wholeMinutes(offset);
  return timeText(instant + whole, form) + offsetText(whole);
}

function timeText(local: number, form: TimeForm): string {
  const text = new Date(local).toISOString();
  return text.slice(0, form === 'reporting' || local % 1000 !== 0 ? 23 : 19);
}

function wholeMinutes(offset: number): number {
  return Math.ceil(offset / MINUTE) * MINUTE;
}

/** `+05:30` for 19,800,000. */
function offsetText(offset: number): string {
  const minutes = Math.abs(offset) / MINUTE;
  const hours = Math.floor(minutes / 60);
  return `${offset < 0 ? '-' : '+'}${twoDigits(hours)}:${twoDigits(minutes - hours * 60)}`;
}

function twoDigits(value: number): string {
  return value < 10 ? `0${value}` : `${value}`;
}
