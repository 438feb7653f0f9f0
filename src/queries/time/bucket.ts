/** A bucket size: a number of calendar units. `axis` in window.ts says how they are counted. */
export interface Bucket {
  unit: 'minute' | 'hour' | 'day' | 'week' | 'month' | 'year';
  count: number;
}

type Unit = Bucket['unit'];
type ParsedSpan = { ok: true; bucket: Bucket } | { ok: false; message: string };

/** PostgreSQL's names of the units, except `m`, which is minutes there and months in the series dialect. */
const UNITS = new Map<string, Unit>(
  (
    [
      ['minute', 'min mins minute minutes'],
      ['hour', 'h hr hrs hour hours'],
      ['day', 'd day days'],
      ['week', 'w week weeks'],
      ['month', 'mon mons month months'],
      ['year', 'y yr yrs year years'],
    ] as const
  ).flatMap(([unit, names]) => names.split(' ').map((name): [string, Unit] => [name, unit])),
);

const ISO_UNITS = new Map<string, Unit>([
  ['TM', 'minute'],
  ['TH', 'hour'],
  ['D', 'day'],
  ['W', 'week'],
  ['M', 'month'],
  ['Y', 'year'],
]);

const WORDS = /^@? *\+?(\d+) *([A-Z]+)$/i;
const CLOCK = /^(\d+):([0-5]\d)(?::00(?:\.0+)?)?$/;
const ISO = /^P(T?)(\d+)([A-Z])$/i;

const ALLOWED =
  'must be one positive whole number of minutes, hours, days, weeks, months or years, ' +
  'such as 15 minutes, 1 day, 2 weeks, PT15M or P1M';

const MAX_COUNT = 2_147_483_647;

/**
 * Parses an interval in PostgreSQL's form (`1 day`, `2 weeks`, `1 mon`, `15 mins`, `01:30:00`) or in ISO 8601 (`P1D`,
 * `PT15M`), in upper or lower case. Only one unit is allowed, so that all steps are of one kind. On failure `message`
 * says what is allowed; it completes a sentence that begins with the name of the field.
 */
export function parseSpan(text: string): ParsedSpan {
  const bucket = bucketOf(text.trim());
  if (bucket === null) return { ok: false, message: ALLOWED };
  const message = checkBucket(bucket);
  return message === null ? { ok: true, bucket } : { ok: false, message };
}

function bucketOf(text: string): Bucket | null {
  const clock = CLOCK.exec(text);
  if (clock !== null) {
    const minutes = Number(clock[1]) * 60 + Number(clock[2]);
    return minutes % 60 === 0 ? { unit: 'hour', count: minutes / 60 } : { unit: 'minute', count: minutes };
  }
  const words = WORDS.exec(text);
  if (words !== null) return counted(words[1], UNITS.get(String(words[2]).toLowerCase()));
  const iso = ISO.exec(text);
  return iso === null ? null : counted(iso[2], ISO_UNITS.get(`${iso[1]}${iso[3]}`.toUpperCase()));
}

function counted(digits: string | undefined, unit: Unit | undefined): Bucket | null {
  return unit === undefined ? null : { unit, count: Number(digits) };
}

/**
 * What is wrong with a bucket, or null. The count must be a positive whole number, and minutes and hours must be less
 * than a day.
 */
export function checkBucket({ unit, count }: Bucket): string | null {
  if (!Number.isInteger(count) || count < 1 || count > MAX_COUNT) {
    return `must count a whole number of units from 1 to ${MAX_COUNT}`;
  }
  const hours = unit === 'hour' ? count : unit === 'minute' ? count / 60 : 0;
  return hours < 24
    ? null
    : 'must be shorter than 24 hours when asked in hours or minutes: a day may have 23 or 25, say 1 day';
}
