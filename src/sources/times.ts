import { stringify } from 'lossless-json';
import { clockOf } from '../queries/time/clock.js';
import { parseInstant } from '../queries/time/instant.js';

/** How times are written. */
export interface TimeForm {
  /**
   * `iso`: a date, or a date and time with `T` or a blank between them; `epoch_s`, `epoch_ms`: seconds or milliseconds since
   * 1970; `excel`: days since 1899-12-30, local; or a pattern of `YYYY YY MM DD HH hh mm ss SSS a`, such as
   * `DD.MM.YYYY HH:mm`. `M`, `D`, `H` and `h` are the same as their doubles: either reads one digit and two.
   */
  format: string;
  /** The time zone of times without offset; null where there must be one. */
  zone: string | null;
}

export const named = ['iso', 'epoch_s', 'epoch_ms', 'excel'] as const;

/** The parts of a pattern: how each is matched. */
const parts: Record<string, string> = {
  YYYY: '(?<year>\\d{4})',
  YY: '(?<short>\\d{2})',
  MM: '(?<month>\\d{1,2})',
  DD: '(?<day>\\d{1,2})',
  HH: '(?<hour>\\d{1,2})',
  hh: '(?<hour>\\d{1,2})',
  mm: '(?<minute>\\d{1,2})',
  ss: '(?<second>\\d{1,2})',
  SSS: '(?<fraction>\\d{1,9})',
  a: '(?<half>[AaPp])\\.?[Mm]\\.?',
};
/** An h after H is a letter, as in `HHhmm`. */
const PART = /YYYY|YY|MM?|DD?|HH?|hh|(?<!H)h|mm|ss|SSS|a/g;

const doubled = (part: string) => (/^[MDHh]$/.test(part) ? part + part : part);
const partsOf = (format: string): string[] => (format.match(PART) ?? []).map(doubled);

/** Whether a text is a format: one of the names, or a pattern with at least a year, a month and a day. */
export function isTimeFormat(format: string): boolean {
  if ((named as readonly string[]).includes(format)) return true;
  const found = partsOf(format);
  const has = (part: string) => found.includes(part);
  return (
    (has('YYYY') || has('YY')) &&
    has('MM') &&
    has('DD') &&
    new Set(found).size === found.length &&
    !(has('HH') && has('hh'))
  );
}

/** A time as events carry it, or what is wrong with it, to follow the name of its field. */
export function timeFrom(value: unknown, form: TimeForm): { time: string } | { fault: string } {
  const text = String(value).trim();
  switch (form.format) {
    case 'epoch_s':
    case 'epoch_ms': {
      const number = Number(text);
      if (text === '' || !Number.isFinite(number))
        return {
          fault: `${shown(value)} is not a number of ${form.format === 'epoch_s' ? 'seconds' : 'milliseconds'} since 1970`,
        };
      return instant(form.format === 'epoch_s' ? number * 1000 : number, value);
    }
    case 'excel': {
      const days = Number(text);
      if (text === '' || !Number.isFinite(days))
        return { fault: `${shown(value)} is not a number of days, as Excel keeps times` };
      return local(Date.UTC(1899, 11, 30) + Math.round(days * 86_400_000), form.zone, value);
    }
    case 'iso':
      return iso(text, form.zone, value);
    default:
      return patterned(text, form, value);
  }
}

function iso(text: string, zone: string | null, value: unknown): { time: string } | { fault: string } {
  const direct = parseInstant(text, zone);
  if (direct.ok) return { time: new Date(direct.instant).toISOString() };
  // The forms beside ISO 8601 that databases and loggers write: a blank for T, and an offset without minutes or colon.
  const usual = text
    .replace(/^(\d{4}-\d\d-\d\d) (?=\d)/, '$1T')
    .replace(/ (?:UTC|GMT)$/, 'Z')
    .replace(/,(\d{3})$/, '.$1')
    .replace(/ ?([+-]\d\d)(?::?(\d\d))?$/, (all, hours, minutes) =>
      /T\d\d:\d\d/.test(text.replace(' ', 'T')) ? `${hours}:${minutes ?? '00'}` : all,
    );
  const parsed = parseInstant(usual, zone);
  if (parsed.ok) return { time: new Date(parsed.instant).toISOString() };
  const inUtc = parseInstant(usual, 'UTC');
  if (inUtc.ok && zone === null)
    return { fault: `${shown(value)} has no time zone of its own: say the zone of the data` };
  if (inUtc.ok) return local(inUtc.instant, zone, value); // a clock change repeats or skips it
  if (/^\d{4}-\d\d-\d\d(?:T|$)/.test(usual)) return { fault: `${shown(value)} is not a time: it ${inUtc.message}` };
  const perhaps = formOf(text);
  return {
    fault: `${shown(value)} is not a time as ISO 8601 writes it: say how times are written${perhaps === null ? '' : `, perhaps ${perhaps}`}`,
  };
}

/** How a time may be written, by its looks; null if nothing usual comes to mind. */
function formOf(text: string): string | null {
  if (/^\d{10}(?:\.\d+)?$/.test(text)) return 'epoch_s';
  if (/^\d{13}$/.test(text)) return 'epoch_ms';
  if (/^[2-6]\d{4}(?:[.,]\d+)?$/.test(text)) return 'excel';
  const found =
    /^(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})(,?[ T]+)?(\d{1,2}:\d\d)?(:\d\d)?(\.\d+)?(\s*[AaPp]\.?[Mm]\.?)?$/.exec(text);
  if (found === null) return null;
  const [, first = '', mark, , last = '', gap = '', clock, seconds, fraction, half] = found;
  const year = first.length === 4 ? 'YYYY' : last.length === 4 ? 'YYYY' : 'YY';
  const time =
    clock === undefined
      ? ''
      : `${gap}${half === undefined ? 'HH' : 'hh'}:mm${seconds ? ':ss' : ''}${fraction ? '.SSS' : ''}${half === undefined ? '' : ' a'}`;
  if (first.length === 4) return `YYYY${mark}MM${mark}DD${time}`;
  const byDay = `DD${mark}MM${mark}${year}${time}`;
  const byMonth = `MM${mark}DD${mark}${year}${time}`;
  if (mark !== '/') return byDay;
  return Number(first) > 12 ? byDay : Number(found[3]) > 12 ? byMonth : `${byDay} or ${byMonth}`;
}

/** By the form, so that a pattern lives as long as the mapping that names it. */
const compiled = new WeakMap<TimeForm, RegExp>();

function patternOf(form: TimeForm): RegExp {
  const known = compiled.get(form);
  if (known !== undefined) return known;
  const { format } = form;
  const escaped = format
    .split(PART)
    .map((text) => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&').replace(/\s+/g, '\\s+'));
  const found = partsOf(format);
  const pattern = new RegExp(`^${escaped.map((text, n) => text + (parts[found[n] ?? ''] ?? '')).join('')}$`);
  compiled.set(form, pattern);
  return pattern;
}

function patterned(text: string, form: TimeForm, value: unknown): { time: string } | { fault: string } {
  const { format, zone } = form;
  const found = patternOf(form).exec(text)?.groups;
  const fault = { fault: `${shown(value)} is not a time written as ${format}` };
  if (found === undefined) return fault;
  const number = (name: string, otherwise = 0) => (found[name] === undefined ? otherwise : Number(found[name]));
  const year = found.short === undefined ? number('year') : 2000 + number('short');
  const half = found.half?.toLowerCase();
  const hour = half === undefined ? number('hour') : (number('hour') % 12) + (half === 'p' ? 12 : 0);
  const [month, day, minute, second] = [number('month', 1), number('day', 1), number('minute'), number('second')];
  const at = Date.UTC(
    year,
    month - 1,
    day,
    hour,
    minute,
    second,
    Number((found.fraction ?? '0').padEnd(3, '0').slice(0, 3)),
  );
  const exact = new Date(at);
  const isReal =
    exact.getUTCMonth() === month - 1 && exact.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
  return isReal ? local(at, zone, value) : fault;
}

/** A local time, given as the instant at which UTC shows the same. One that a clock change repeats is the first of them. */
function local(at: number, zone: string | null, value: unknown): { time: string } | { fault: string } {
  if (zone === null) return { fault: `${shown(value)} has no time zone: say the zone of the data` };
  const [first] = clockOf(zone).instantsAt(at);
  if (first === undefined) return { fault: `${shown(value)} does not exist in ${zone}: a clock change skips it` };
  return instant(first, value);
}

function instant(at: number, value: unknown): { time: string } | { fault: string } {
  const isInRange = at >= Date.UTC(1900, 0) && at < Date.UTC(2200, 0);
  if (!isInRange) return { fault: `${shown(value)} does not lie in the years 1900 to 2199` };
  return { time: new Date(Math.trunc(at)).toISOString() };
}

/** A value as messages quote it. */
export const shown = (value: unknown): string => {
  const text = stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
};
