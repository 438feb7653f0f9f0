import fc from 'fast-check';
import t from 'tap';
import { formatInstant, parseInstant } from '../src/queries/time/instant.js';
import { isZone } from '../src/queries/time/zone.js';
import { table } from './axis.js';

/** The instant that a text means, as UTC shows it; the message where it is refused. */
function read(text: string, zone: string | null): string {
  const parsed = parseInstant(text, zone);
  return parsed.ok ? new Date(parsed.instant).toISOString() : parsed.message;
}

t.test('a zone is a name exactly as the tz database spells it', async (t) => {
  const names =
    'UTC Etc/UTC Zulu GMT GMT0 GMT+0 Etc/GMT+5 EST EST5EDT CET Asia/Kolkata Asia/Calcutta US/Eastern Europe/Kyiv Europe/Kiev ' +
    'America/Argentina/Buenos_Aires America/Port-au-Prince Antarctica/DumontDUrville Asia/Ust-Nera GB-Eire NZ-CHAT W-SU PRC';
  for (const name of names.split(' ')) t.equal(isZone(name), true, name);
  const others =
    '| |utc|Utc|europe/helsinki|EUROPE/HELSINKI|Europe/helsinki|Europe/Helsinki | UTC|UTC\n|Europe/Nowhere|Helsinki|Europe|' +
    'Europe/|local|null|constructor|../UTC|Europe/Helsinki/x|+02:00|-05:00|+0200|+02|UTC+2|GMT+5|Z|z|PST|IST|SystemV/EST5|' +
    'Systemv/EST5|[UTC]|2024-01-01T00:00+02:00[Europe/Helsinki]|Europe/Helsinki[u-ca=iso8601]';
  for (const name of others.split('|')) t.equal(isZone(name), false, JSON.stringify(name));
  t.equal(isZone('A'.repeat(100_000)), false);
});

t.test('a time with an offset is that instant, in every zone and without one', async (t) => {
  const times = table(`
    2024-01-08T09:30Z                    | 2024-01-08T09:30:00.000Z
    2024-01-08T09:30:15Z                 | 2024-01-08T09:30:15.000Z
    2024-01-08T09:30:15.1Z               | 2024-01-08T09:30:15.100Z
    2024-01-08T09:30:15.12Z              | 2024-01-08T09:30:15.120Z
    2024-01-08T09:30:15.123Z             | 2024-01-08T09:30:15.123Z
    2024-01-08T09:30:15.123999999999Z    | 2024-01-08T09:30:15.123Z
    2024-01-08T09:30:15.0009+00:00       | 2024-01-08T09:30:15.000Z
    2024-01-08T09:30+02:00               | 2024-01-08T07:30:00.000Z
    2024-01-08T09:30:15+02:00            | 2024-01-08T07:30:15.000Z
    2024-01-08T09:30:15.5-05:30          | 2024-01-08T15:00:15.500Z
    2024-01-08T09:30:15-00:00            | 2024-01-08T09:30:15.000Z
    2024-01-08T09:30:15 02:00            | 2024-01-08T07:30:15.000Z
    2024-01-08T09:30 02:00               | 2024-01-08T07:30:00.000Z
    2024-03-31T03:30:00+03:00            | 2024-03-31T00:30:00.000Z
    2024-01-01T00:00:00+23:59            | 2023-12-31T00:01:00.000Z
    2024-12-31T23:59:59.999-23:59        | 2025-01-01T23:58:59.999Z
    1970-01-01T00:00:00Z                 | 1970-01-01T00:00:00.000Z
    1969-12-31T23:59:59.9999Z            | 1969-12-31T23:59:59.999Z
    2024-02-29T12:00:00Z                 | 2024-02-29T12:00:00.000Z
    2000-02-29T12:00:00Z                 | 2000-02-29T12:00:00.000Z
    1900-01-01T00:00:00+14:00            | 1899-12-31T10:00:00.000Z
    2199-12-31T23:59:59.999-12:00        | 2200-01-01T11:59:59.999Z`);
  for (const [text = '', instant] of times) {
    for (const zone of [null, 'UTC', 'Europe/Helsinki']) t.equal(read(text, zone), instant, `${text} ${zone}`);
  }
});

t.test('a date is the first instant of its day in the zone', async (t) => {
  const dates = table(`
    2024-01-08 | UTC              | 2024-01-08T00:00:00.000Z |
    2024-01-08 | Europe/Helsinki  | 2024-01-07T22:00:00.000Z |
    2024-07-08 | Europe/Helsinki  | 2024-07-07T21:00:00.000Z |
    2024-01-08 | Asia/Kolkata     | 2024-01-07T18:30:00.000Z |
    2024-01-08 | America/New_York | 2024-01-08T05:00:00.000Z |
    2024-09-08 | America/Santiago | 2024-09-08T04:00:00.000Z | begins at 01:00-03:00
    2023-11-05 | America/Havana   | 2023-11-05T04:00:00.000Z | the first of two midnights
    2011-12-30 | Pacific/Apia     | 2011-12-30T10:00:00.000Z | left out: the start of the 31st
    2011-12-31 | Pacific/Apia     | 2011-12-30T10:00:00.000Z |
    1960-06-01 | Africa/Monrovia  | 1960-06-01T00:44:30.000Z | an offset with seconds
    1900-01-01 | UTC              | 1900-01-01T00:00:00.000Z |
    2199-12-31 | UTC              | 2199-12-31T00:00:00.000Z |
    2199-07-01 | America/New_York | 2199-07-01T04:00:00.000Z |`);
  for (const [text = '', zone = '', instant, why] of dates)
    t.equal(read(text, zone), instant, `${text} ${zone} ${why}`);
});

t.test('a time without offset is local to the zone', async (t) => {
  const times = table(`
    2024-01-08T09:30           | UTC                 | 2024-01-08T09:30:00.000Z |
    2024-01-08T09:30           | Europe/Helsinki     | 2024-01-08T07:30:00.000Z |
    2024-07-08T09:30:15.5      | Europe/Helsinki     | 2024-07-08T06:30:15.500Z |
    2024-07-08T09:30:15.123456 | Asia/Kolkata        | 2024-07-08T04:00:15.123Z |
    2024-03-31T02:59:59.999    | Europe/Helsinki     | 2024-03-31T00:59:59.999Z | before the hour that is skipped
    2024-03-31T04:00           | Europe/Helsinki     | 2024-03-31T01:00:00.000Z | after it
    2024-10-27T02:59:59.999    | Europe/Helsinki     | 2024-10-26T23:59:59.999Z | before the hour that is repeated
    2024-10-27T04:00           | Europe/Helsinki     | 2024-10-27T02:00:00.000Z | after it
    2024-04-07T01:29:59        | Australia/Lord_Howe | 2024-04-06T14:29:59.000Z | half an hour is repeated
    2024-04-07T02:00           | Australia/Lord_Howe | 2024-04-06T15:30:00.000Z |
    1960-06-01T12:00           | Africa/Monrovia     | 1960-06-01T12:44:30.000Z | an offset with seconds`);
  for (const [text = '', zone = '', instant, why] of times)
    t.equal(read(text, zone), instant, `${text} ${zone} ${why}`);
});

t.test('a local time that a clock change skips or repeats is refused with the offsets to choose from', async (t) => {
  const times = table(`
    2024-03-31T03:00        | Europe/Helsinki     | skips   | +02:00 | +03:00
    2024-03-31T03:59:59.999 | Europe/Helsinki     | skips   | +02:00 | +03:00
    2024-10-27T03:00:00     | Europe/Helsinki     | repeats | +03:00 | +02:00
    2024-10-27T03:59:59     | Europe/Helsinki     | repeats | +03:00 | +02:00
    2024-10-06T02:15        | Australia/Lord_Howe | skips   | +10:30 | +11:00
    2024-04-07T01:45        | Australia/Lord_Howe | repeats | +11:00 | +10:30
    2024-09-08T00:00        | America/Santiago    | skips   | -04:00 | -03:00
    2023-11-05T00:30        | America/Havana      | repeats | -04:00 | -05:00
    2011-12-30T12:00        | Pacific/Apia        | skips   | -10:00 | +14:00`);
  for (const [text = '', zone = '', what, first, second] of times) {
    const message = `a clock change in ${zone} ${what}: write it with an offset, as ${text}${first} or ${text}${second}`;
    t.equal(read(text, zone), `is a local time that ${message}`);
    for (const offset of [first, second])
      t.match(read(`${text}${offset}`, zone), /^\d.*Z$/, 'what is offered is accepted');
  }
  t.ok(read(`2024-10-27T03:30:00.${'0'.repeat(1000)}`, 'Europe/Helsinki').length < 200, 'the message stays short');
});

t.test('all else is refused', async (t) => {
  const form = /^must be a date such as 2024-01-08, a local time such as .*, or a time with an offset such as /;
  const refused: [RegExp, string][] = [
    [form, '| |now|today|null|0|1704672000|1704672000000|2024|2024-01|20240108|2024-W02|2024-008|2024-1-8|24-01-08'],
    [form, '2024/01/08|08.01.2024|2024-01-08Z|2024-01-08+02:00|2024-01-08T|2024-01-08T09|２０２４-01-08'],
    [form, '02024-01-08|+002024-01-08|-2024-01-08| 2024-01-08|2024-01-08 |2024-01-08\n|2024-01-08T09:30\n'],
    [form, '2024-01-08 09:30|2024-01-08t09:30Z|2024-01-08T09:30z|2024-01-08T9:30|2024-01-08T0930|2024-01-08T09:30:'],
    [form, '2024-01-08T09:30:5|2024-01-08T09:30:00.|2024-01-08T09:30:00.Z|2024-01-08T09:30:00,5Z|2024-01-08T09:30.5Z'],
    [form, '2024-01-08T09:30+02|2024-01-08T09:30+0200|2024-01-08T09:30+2:00|2024-01-08T09:30+02:00:00'],
    [form, '2024-01-08T09:30−02:00|2024-01-08T09:30 +02:00|2024-01-08T09:30  02:00|2024-01-08T09:30 Z'],
    [form, '2024-01-08T09:30UTC|2024-01-08T09:30ZZ|2024-01-08T09:30Z[UTC]|2024-01-08T09:30:00.1e2Z|P1D'],
    [
      /^must lie in the years 1900 to 2199$/,
      '1899-12-31|2200-01-01|0001-01-01|9999-12-31T00:00Z|1899-12-31T23:59-12:00',
    ],
    [/^must have a month from 01 to 12$/, '2024-00-08|2024-13-08T00:00:00Z'],
    [/^must name a day that exists: 2023-02-29 does not$/, '2023-02-29|2023-02-29T00:00:00Z'],
    [/^must name a day that exists/, '2024-01-00|2024-01-32|2024-02-30|2024-04-31|1900-02-29|2100-02-29T00:00Z'],
    [/^must have a time of day from 00:00 to 23:59$/, '2024-01-08T24:00|2024-01-08T24:00:00Z|2024-01-08T23:60Z'],
    [/^must have seconds from 00 to 59$/, '2024-01-08T23:59:60|2016-12-31T23:59:60Z|2024-01-08T09:30:99.5+02:00'],
    [
      /^must have an offset from -23:59 to \+23:59$/,
      '2024-01-08T09:30+24:00|2024-01-08T09:30-02:60|2024-01-08T09:30 99:00',
    ],
  ];
  for (const [message, texts] of refused) {
    for (const text of texts.split('|')) t.match(read(text, 'Europe/Helsinki'), message, JSON.stringify(text));
  }
  t.throws(() => parseInstant('2024-01-08', 'Europe/Nowhere'), RangeError, 'the zone was to be checked before');
});

t.test('without a zone an offset is required', async (t) => {
  const message = 'must be a time with an offset, such as 2024-01-08T09:30:00.123Z or 2024-01-08T09:30+02:00';
  for (const text of '2024-01-08|2024-01-08T09:30|2024-01-08T09:30:00|2024-01-08T09:30:00.123|yesterday|'.split('|')) {
    t.equal(read(text, null), message, JSON.stringify(text));
  }
});

t.test('an instant is written as the clocks of the zone show it', async (t) => {
  const times = table(`
    2024-01-08T00:00:00Z     | UTC               | 2024-01-08T00:00:00Z          | 2024-01-08T00:00:00
    2024-01-08T09:30:00.070Z | UTC               | 2024-01-08T09:30:00.070Z      | 2024-01-08T09:30:00.070
    1969-12-31T23:59:59.900Z | UTC               | 1969-12-31T23:59:59.900Z      | 1969-12-31T23:59:59.900
    2024-01-08T00:00:00Z     | Etc/UTC           | 2024-01-08T00:00:00+00:00     | 2024-01-08T00:00:00
    2019-01-01T00:00:00Z     | Europe/London     | 2019-01-01T00:00:00+00:00     | 2019-01-01T00:00:00
    2019-07-01T00:00:00Z     | Europe/London     | 2019-07-01T01:00:00+01:00     | 2019-07-01T01:00:00
    2024-10-27T00:59:59.999Z | Europe/Helsinki   | 2024-10-27T03:59:59.999+03:00 | 2024-10-27T03:59:59.999
    2024-10-27T01:00:00Z     | Europe/Helsinki   | 2024-10-27T03:00:00+02:00     | 2024-10-27T03:00:00
    2024-01-08T02:00:00Z     | America/New_York  | 2024-01-07T21:00:00-05:00     | 2024-01-07T21:00:00
    2024-01-08T00:00:00Z     | Asia/Kathmandu    | 2024-01-08T05:45:00+05:45     | 2024-01-08T05:45:00
    2024-01-08T00:00:00Z     | Pacific/Marquesas | 2024-01-07T14:30:00-09:30     | 2024-01-07T14:30:00`);
  for (const [utc = '', zone = '', series, local] of times) {
    t.equal(formatInstant(Date.parse(utc), zone, 'series'), series);
    t.equal(formatInstant(Date.parse(utc), zone, 'local'), local);
  }
  const reporting = table(`
    2024-01-08T00:00:00Z     | UTC               | 2024-01-08T00:00:00.000Z
    2024-01-08T09:30:00.070Z | UTC               | 2024-01-08T09:30:00.070Z
    2024-01-08T00:00:00Z     | Etc/UTC           | 2024-01-08T00:00:00.000+00:00
    2019-01-01T00:00:00Z     | Europe/London     | 2019-01-01T00:00:00.000+00:00
    2018-12-31T22:00:00Z     | Europe/Helsinki   | 2019-01-01T00:00:00.000+02:00
    2019-01-01T21:59:59.999Z | Europe/Helsinki   | 2019-01-01T23:59:59.999+02:00`);
  for (const [utc = '', zone = '', text] of reporting) t.equal(formatInstant(Date.parse(utc), zone, 'reporting'), text);
  t.throws(() => formatInstant(0, 'Europe/Nowhere', 'series'), RangeError);
});

t.test('an offset with seconds is rounded up to a minute, and the time that is written moves with it', async (t) => {
  const midnight = Date.parse('1960-06-01T00:44:30Z'); // the clocks of Monrovia were 44 minutes and 30 seconds behind
  t.equal(formatInstant(midnight, 'Africa/Monrovia', 'series'), '1960-06-01T00:00:30-00:44');
  t.equal(formatInstant(midnight, 'Africa/Monrovia', 'reporting'), '1960-06-01T00:00:30.000-00:44');
  t.equal(formatInstant(midnight, 'Africa/Monrovia', 'local'), '1960-06-01T00:00:00');
  t.equal(read('1960-06-01T00:00:30-00:44', null), '1960-06-01T00:44:30.000Z');
  const ahead = Date.parse('1900-05-31T18:38:50Z'); // those of Kolkata 5 hours, 21 minutes and 10 seconds ahead
  t.equal(formatInstant(ahead, 'Asia/Kolkata', 'series'), '1900-06-01T00:00:50+05:22');
  t.equal(formatInstant(ahead, 'Asia/Kolkata', 'local'), '1900-06-01T00:00:00');
  t.equal(read('1900-06-01T00:00:50+05:22', null), '1900-05-31T18:38:50.000Z');
});

t.test('what is written reads back as the same instant', async (t) => {
  const zones =
    'UTC Etc/UTC Europe/Helsinki Europe/London Europe/Amsterdam Europe/Dublin America/New_York America/Santiago America/Havana ' +
    'America/St_Johns America/Caracas Africa/Monrovia Africa/Casablanca Asia/Kolkata Asia/Kathmandu Asia/Tehran ' +
    'Australia/Lord_Howe Pacific/Apia Pacific/Kiritimati Pacific/Chatham Antarctica/Troll';
  const zone = fc.constantFrom(...zones.split(' '));
  const instant = fc.integer({ min: Date.UTC(1900, 0, 2), max: Date.UTC(2199, 11, 30) });
  const withOffset = fc.property(instant, zone, fc.constantFrom('series', 'reporting'), (instant, zone, form) => {
    const parsed = parseInstant(formatInstant(instant, zone, form), null);
    return parsed.ok && parsed.instant === instant;
  });
  const local = fc.property(instant, zone, (instant, zone) => {
    const parsed = parseInstant(formatInstant(instant, zone, 'local'), zone);
    return parsed.ok ? parsed.instant === instant : parsed.message.includes('repeats');
  });
  t.doesNotThrow(() => fc.assert(withOffset, { numRuns: 3000 }));
  t.doesNotThrow(() => fc.assert(local, { numRuns: 3000 }));
});
