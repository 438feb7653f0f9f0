import { Temporal } from 'temporal-polyfill';

/**
 * Starts with a letter, so bare offsets do not match. `SystemV/...` are names of ICU that the tz database does not
 * have.
 */
const FORM = /^(?!SystemV\/)[A-Z][A-Za-z0-9_+/-]{0,63}$/i;

/**
 * Names known to be valid. Only valid names are added, so it never has more entries than the tz database (about 600).
 */
const known = new Set<string>();

/**
 * Whether `name` is a time zone exactly as the tz database spells it: `Asia/Kolkata`, `UTC`, links such as
 * `Asia/Calcutta` and `US/Eastern`. It is case-sensitive, and a bare offset (`+02:00`) is not a zone.
 */
export function isZone(name: string): boolean {
  if (known.has(name)) return true;
  if (!FORM.test(name) || spelling(name) !== name) return false;
  known.add(name);
  return true;
}

/** The name of the zone as the tz database spells it, or null if there is no such zone. */
function spelling(name: string): string | null {
  try {
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name).timeZoneId;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
