import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { Temporal } from 'temporal-polyfill';
import type { Bucket } from '../src/queries/time/bucket.js';
import { axis, bucketFits, chooseBucket, MAX_BUCKETS, type Window } from '../src/queries/time/window.js';
import { edges, edgesOf, span, table, windowOf, words } from './axis.js';

t.test('where buckets start, in UTC', async (t) => {
  const axes = table(`
    1 day    | 2024-02-28 | 2024-03-02 | 2024-02-28 2024-02-29 2024-03-01 2024-03-02
    1 day    | 2023-02-28 | 2023-03-02 | 2023-02-28 2023-03-01 2023-03-02
    1 day    | 2000-02-28 | 2000-03-01 | 2000-02-28 2000-02-29 2000-03-01
    1 day    | 1900-02-28 | 1900-03-01 | 1900-02-28 1900-03-01
    1 day    | 2100-02-28 | 2100-03-01 | 2100-02-28 2100-03-01
    2 days   | 2024-01-10 | 2024-01-12 | 2024-01-10 2024-01-12
    3 days   | 2024-01-10 | 2024-01-12 | 2024-01-09 2024-01-12
    7 days   | 2024-01-10 | 2024-01-12 | 2024-01-04 2024-01-11 2024-01-18
    10000 d  | 2024-01-10 | 2024-12-31 | 1997-05-19 2024-10-04 2052-02-20
    3 days   | 1969-12-30 | 1970-01-02 | 1969-12-29 1970-01-01 1970-01-04
    1 week   | 2024-01-10 | 2024-01-16 | 2024-01-08 2024-01-15 2024-01-22
    2 weeks  | 2024-01-10 | 2024-02-01 | 2024-01-08 2024-01-22 2024-02-05
    3 weeks  | 2024-01-10 | 2024-01-16 | 2024-01-01 2024-01-22
    1 week   | 1970-01-01 | 1970-01-06 | 1969-12-29 1970-01-05 1970-01-12
    1 week   | 1900-01-03 | 1900-01-09 | 1900-01-01 1900-01-08 1900-01-15
    1 month  | 2024-01-31 | 2024-03-01 | 2024-01-01 2024-02-01 2024-03-01
    3 months | 2024-02-10 | 2024-04-02 | 2024-01-01 2024-04-01 2024-07-01
    5 months | 2024-01-10 | 2024-03-02 | 2023-10-01 2024-03-01 2024-08-01
    5 months | 1969-10-10 | 1970-01-02 | 1969-08-01 1970-01-01 1970-06-01
    1 year   | 2023-12-31 | 2024-01-02 | 2023-01-01 2024-01-01 2025-01-01
    4 years  | 2024-01-10 | 2024-02-01 | 2022-01-01 2026-01-01
    10 years | 2024-01-10 | 2031-01-01 | 2020-01-01 2030-01-01 2040-01-01
    7 years  | 1965-01-10 | 1970-01-02 | 1963-01-01 1970-01-01 1977-01-01
    1900 y   | 1960-01-10 | 1960-02-01 | 0070-01-01 1970-01-01`);
  for (const [bucket = '', from = '', to = '', days = ''] of axes) {
    const expected = words(days).map((day) => `${day}T00:00:00Z`);
    t.strictSame(edges('UTC', from, to, bucket), expected, `${bucket} from ${from} to ${to}`);
  }
  const hour = edges('UTC', '1969-12-31T22:30', '1970-01-01T00:30', '1 hour');
  t.strictSame(hour, words('1969-12-31T22:00:00Z 1969-12-31T23:00:00Z 1970-01-01T00:00:00Z 1970-01-01T01:00:00Z'));
  const restart = edges('UTC', '2024-01-08T11:00', '2024-01-09T00:00:00.001', '7 hours');
  t.strictSame(
    restart,
    words('2024-01-08T07:00:00Z 2024-01-08T14:00:00Z 2024-01-08T21:00:00Z 2024-01-09T00:00:00Z 2024-01-09T07:00:00Z'),
  );
});

t.test('where buckets start, in other zones', async (t) => {
  const month = edges('Europe/Helsinki', '2024-03-15', '2024-04-15', '1 month');
  t.strictSame(month, words('2024-03-01T00:00:00+02:00 2024-04-01T00:00:00+03:00 2024-05-01T00:00:00+03:00'));
  const week = edges('Europe/London', '1969-12-31', '1970-01-06', '1 week'); // on summer time from 1968 to 1971
  t.strictSame(week, words('1969-12-29T00:00:00+01:00 1970-01-05T00:00:00+01:00 1970-01-12T00:00:00+01:00'));
  const quarters = edges('Asia/Kolkata', '2024-01-08T21:30Z', '2024-01-08T22:01Z', '15 minutes');
  t.strictSame(
    quarters,
    words('2024-01-09T03:00:00+05:30 2024-01-09T03:15:00+05:30 2024-01-09T03:30:00+05:30 2024-01-09T03:45:00+05:30'),
  );
  const twoDays = edges('Pacific/Apia', '2011-12-29', '2012-01-02', '2 days'); // the 30th, where one starts, was left out
  t.strictSame(
    twoDays,
    words('2011-12-28T00:00:00-10:00 2011-12-31T00:00:00+14:00 2012-01-01T00:00:00+14:00 2012-01-03T00:00:00+14:00'),
  );
});

t.test('every bucket that touches the range is there, and no other', async (t) => {
  const days = (from: string, to: string) => edges('UTC', from, to, '1 day').map((edge) => edge.slice(8, 10));
  t.strictSame(days('2024-01-08', '2024-01-09'), ['08', '09']);
  t.strictSame(days('2024-01-08', '2024-01-08T00:00:00.001'), ['08', '09']);
  t.strictSame(days('2024-01-08T23:59:59.999', '2024-01-09T00:00:00.001'), ['08', '09', '10']);
  const window = windowOf('UTC', '2024-01-08T09:30', '2024-01-10');
  t.strictSame(edgesOf(window, null), [window.from, window.to], 'without a bucket the range is the only one');
});

t.test('what an axis refuses', async (t) => {
  const refusal = (window: Window, bucket: Bucket) => {
    const found = axis(window, bucket);
    return found.ok ? found.edges.length : found.message;
  };
  const most = windowOf('UTC', '2024-01-01', '2024-01-07T22:40'); // 10,000 minutes
  const more = { ...most, to: most.to + 1 };
  const tooMany = /^more than 10000 buckets of 1 minute touch the range: ask for a larger bucket or a shorter range$/;
  t.equal(refusal(most, span('1 minute')), MAX_BUCKETS + 1);
  t.match(refusal(more, span('1 minute')), tooMany);
  t.match(refusal(windowOf('Asia/Kolkata', '1900-01-01', '2199-12-31'), span('1 minute')), tooMany);
  t.match(
    refusal(windowOf('UTC', '1900-01-01', '2199-12-31'), span('2 days')),
    /^more than 10000 buckets of 2 days touch/,
  );
  t.match(refusal(most, { unit: 'hour', count: 24 }), /say 1 day$/);
  t.match(refusal(most, { unit: 'hour', count: 0 }), /^must count/);
  t.match(
    refusal(windowOf('UTC', '1960-01-01', '1960-01-02'), span('2147483647 days')),
    /start before the year 1 here/,
  );
  t.match(refusal(windowOf('UTC', '1960-01-01', '1960-01-02'), span('1970 years')), /start before the year 1 here/);
  t.throws(() => axis({ ...most, zone: 'Europe/Nowhere' }, span('1 day')), RangeError);
});

t.test('a bucket that ends after the year 9999 ends with it', async (t) => {
  const huge = (unit: string) => edges('UTC', '2024-01-01', '2024-01-02', `2147483647 ${unit}`);
  t.strictSame(huge('days'), ['1970-01-01T00:00:00Z', '9999-12-31T00:00:00Z']);
  t.strictSame(huge('weeks'), ['1970-01-05T00:00:00Z', '9999-12-31T00:00:00Z']);
  t.strictSame(huge('months'), ['1970-01-01T00:00:00Z', '9999-12-01T00:00:00Z']);
  t.strictSame(huge('years'), ['1970-01-01T00:00:00Z', '9999-12-01T00:00:00Z']);
});

t.test('a bucket fits when its start and the bucket are not past the end', async (t) => {
  const cases = table(`
    fits      | 1 day      | UTC              | 2024-01-08          | 2024-01-09
    is larger | 1 day      | UTC              | 2024-01-08          | 2024-01-08T23:59:59.999
    fits      | 1 day      | UTC              | 2024-01-08T09:30    | 2024-01-09T09:30
    is larger | 1 day      | UTC              | 2024-01-08T09:30    | 2024-01-09T09:29
    fits      | 1 hour     | UTC              | 2024-01-08T09:30    | 2024-01-08T10:30
    is larger | 1 hour     | UTC              | 2024-01-08T09:30    | 2024-01-08T10:29:59.999
    fits      | 15 minutes | UTC              | 2024-01-08T09:30    | 2024-01-08T09:45
    fits      | 1 week     | UTC              | 2024-01-10          | 2024-01-17
    is larger | 1 week     | UTC              | 2024-01-10          | 2024-01-16T23:59
    fits      | 1 month    | UTC              | 2024-02-01          | 2024-03-01
    is larger | 1 month    | UTC              | 2024-02-01          | 2024-02-29
    is larger | 1 month    | UTC              | 2024-01-01          | 2024-01-31
    fits      | 1 month    | UTC              | 2024-01-31          | 2024-02-29
    is larger | 1 month    | UTC              | 2024-01-31          | 2024-02-28
    fits      | 2 months   | UTC              | 2023-12-15          | 2024-02-15
    fits      | 1 year     | UTC              | 2024-02-29          | 2025-02-28
    is larger | 1 year     | UTC              | 2024-03-01          | 2025-02-28
    fits      | 1 month    | Europe/Helsinki  | 2024-03-01          | 2024-04-01
    fits      | 1 day      | Europe/Helsinki  | 2024-03-31          | 2024-04-01
    fits      | 23 hours   | Europe/Helsinki  | 2024-03-31          | 2024-04-01
    fits      | 1 day      | Europe/Helsinki  | 2024-10-27          | 2024-10-28
    is larger | 1 day      | Europe/Helsinki  | 2024-10-27          | 2024-10-27T23:00
    fits      | 1 day      | America/Santiago | 2024-09-08          | 2024-09-09
    is larger | 1 day      | America/Santiago | 2024-09-08T02:00    | 2024-09-09T01:00
    fits      | 1 day      | America/Santiago | 2024-09-07T00:30    | 2024-09-08
    fits      | 1 day      | Pacific/Apia     | 2011-12-29          | 2011-12-31
    fits      | 2 days     | Pacific/Apia     | 2011-12-29          | 2011-12-31
    is larger | 3 days     | Pacific/Apia     | 2011-12-29          | 2011-12-31
    is larger | 2147483647 days  | UTC        | 1900-01-01          | 2199-12-31
    is larger | 2147483647 years | UTC        | 1900-01-01          | 2199-12-31`);
  for (const [fits, bucket = '', zone = '', from = '', to = ''] of cases) {
    t.equal(bucketFits(windowOf(zone, from, to), span(bucket)), fits === 'fits', `${bucket} ${zone} ${from} ${to}`);
  }
});

t.test('without a bucket: the smallest that gives at most so many points, else the largest', async (t) => {
  const cases = table(`
    1 hour | UTC             | 2024-01-08          | 2024-01-08T00:00:00.001
    1 hour | UTC             | 2024-01-08          | 2024-01-16T08:00           | 200 hours
    1 day  | UTC             | 2024-01-08          | 2024-01-16T08:00:00.001    | 201
    1 day  | UTC             | 2024-01-08T00:30    | 2024-01-16T08:30           | 200 hours long, but it touches 201
    1 hour | Europe/Helsinki | 2024-10-20          | 2024-10-28T07:00           | 8 days, 25 + 175 hours
    1 day  | Europe/Helsinki | 2024-10-20          | 2024-10-28T07:00:00.001    |
    1 day  | UTC             | 2024-01-01          | 2024-07-19                 | 200 days
    1 week | UTC             | 2024-01-01          | 2024-07-20                 | 201
    1 week | UTC             | 1900-01-01          | 2199-12-31                 | some 15,650 weeks, but there is nothing larger`);
  for (const [bucket = '', zone = '', from = '', to = '', why = ''] of cases) {
    const chosen = chooseBucket(windowOf(zone, from, to), [span('1 hour'), span('1 day'), span('1 week')], 200);
    t.strictSame(chosen, span(bucket), `${from} ${to} ${why}`);
  }
});

const ZONES =
  'UTC Europe/Helsinki Europe/London Europe/Dublin America/New_York America/Santiago America/Havana America/St_Johns ' +
  'Africa/Monrovia Africa/Casablanca Asia/Kolkata Asia/Gaza Australia/Lord_Howe Pacific/Apia Pacific/Kiritimati Pacific/Kwajalein';

/** The start of the bucket that holds `instant`, by Temporal alone. */
function startByTemporal(instant: number, zone: string, { unit, count }: Bucket): number {
  const startOfDay = (date: Temporal.PlainDate) => date.toZonedDateTime(zone).epochMilliseconds;
  let day = Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(zone).toPlainDate();
  while (startOfDay(day.add({ days: 1 })) <= instant) day = day.add({ days: 1 });
  if (unit === 'minute' || unit === 'hour') {
    const length = count * (unit === 'hour' ? 3_600_000 : 60_000);
    return startOfDay(day) + Math.floor((instant - startOfDay(day)) / length) * length;
  }
  const units = `${unit}s` as const;
  const origin = Temporal.PlainDate.from(unit === 'week' ? '1970-01-05' : '1970-01-01');
  const index = Math.floor(origin.until(day, { largestUnit: unit })[units] / count);
  const start = origin.add({ [units]: index * count });
  return startOfDay(Temporal.PlainDate.compare(start, day) > 0 ? start.subtract({ [units]: count }) : start);
}

t.test('any axis covers its range with buckets that start where Temporal says', async (t) => {
  const cases = fc.record({
    zone: fc.constantFrom(...ZONES.split(' ')),
    from: fc.integer({ min: Date.UTC(1900, 0, 2), max: Date.UTC(2199, 0, 1) }),
    buckets: fc.double({ min: 0.001, max: 40, noNaN: true }),
    unit: fc.constantFrom<Bucket['unit']>('minute', 'hour', 'day', 'week', 'month', 'year'),
    count: fc.integer({ min: 1, max: 23 }),
  });
  const hours = { minute: 1 / 60, hour: 1, day: 24, week: 168, month: 730, year: 8766 };
  const property = fc.property(cases, ({ zone, from, buckets, unit, count }) => {
    const to = from + Math.ceil(buckets * count * hours[unit] * 3_600_000);
    const found = edgesOf({ from, to, zone }, { unit, count });
    const inside = found.filter((edge) => edge > from && edge < to);
    assert.deepEqual(found.slice(1, -1), inside, 'all edges but the outermost are inside');
    assert.ok(Number(found[0]) <= from && Number(found.at(-1)) >= to, 'the outermost cover the range');
    found.slice(0, -1).forEach((edge, i) => {
      const next = Number(found[i + 1]);
      assert.ok(edge < next, 'no bucket is empty');
      for (const at of [edge, Math.floor((edge + next) / 2), next - 1]) {
        assert.equal(startByTemporal(at, zone, { unit, count }), edge, `the bucket of ${at}`);
      }
    });
  });
  t.doesNotThrow(() => fc.assert(property, { numRuns: 300 }));
});
