import { Temporal } from 'temporal-polyfill';

/** A letter first, so no bare offset. `SystemV/...` are names of ICU that the tz database does not have. */
const FORM = /^(?!SystemV\/)[A-Z][A-Za-z0-9_+/-]{0,63}$/i;

/** Names found good. Only true names get in, so it never holds more than the tz database does (some 600). */
const known = new Set<string>();

/**
 * Whether `name` is a time zone exactly as the tz database spells it: `Asia/Kolkata`, `UTC`, links such as `Asia/Calcutta`
 * and `US/Eastern`. Case matters, and a bare offset (`+02:00`) is no zone.
 */
export function isZone(name: string): boolean {
  if (known.has(name)) return true;
  if (!FORM.test(name) || spelling(name) !== name) return false;
  known.add(name);
  return true;
}

/** The zone's name in the spelling of the tz database, or null if there is no such zone. */
function spelling(name: string): string | null {
  try {
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name).timeZoneId;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
