import { clockOf } from './clock.js';
import { type Parsed, parseInstant } from './instant.js';
import { EVER, moved, startOf } from './window.js';

const EPOCH = /^\d{11,14}$/;
const RELATIVE = /^now(?:-(\d{1,6})([mhdwMy]))?(?:\/([mhdwMy]))?$/;

const ALSO = ', or epoch milliseconds, or a time before now such as now, now-7d, now/d or now-1M/M (units m h d w M y)';

/**
 * Parses a time of a request made at `now`: what `parseInstant` accepts, epoch milliseconds (11 to 14 digits), and
 * relative times such as `now`, `now-7d`, `now/d`, `now-1M/M`: a step back, then the start of a local unit. Minutes and
 * hours are subtracted in absolute time, other units on the wall clock of `zone`. A day that a month does not have
 * becomes its last day; a skipped local time becomes the first instant after it; of a repeated one the first is taken.
 */
export function parseRequestTime(text: string, zone: string, now: number): Parsed {
  if (EPOCH.test(text)) return checked(Number(text));
  const [match, count, step, unit] = RELATIVE.exec(text) ?? [];
  if (match !== undefined) {
    const clock = clockOf(zone);
    const from = step === undefined ? now : moved(now, clock, stepOf(step), -Number(count));
    return checked(from === null || unit === undefined ? from : startOf(from, clock, stepOf(unit)));
  }
  const parsed = parseInstant(text, zone);
  return parsed.ok || !parsed.message.startsWith('must be a date')
    ? parsed
    : { ok: false, message: parsed.message + ALSO };
}

const units = { m: 'minute', h: 'hour', d: 'day', w: 'week', M: 'month', y: 'year' } as const;

const stepOf = (letter: string) => units[letter as keyof typeof units];

function checked(instant: number | null): Parsed {
  return instant === null || instant < EVER.from || instant >= EVER.to
    ? { ok: false, message: 'must lie in the years 1900 to 2199' }
    : { ok: true, instant };
}
