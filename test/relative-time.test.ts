import t from 'tap';
import { previousPeriod, previousYear } from '../src/queries/time/previous.js';
import { parseRequestTime } from '../src/queries/time/relative.js';

/** What a text means, by hand: text, zone, now, the instant. */
const relative: [string, string, string, string][] = [
  ['now', 'UTC', '2024-01-08T10:20:30.123Z', '2024-01-08T10:20:30.123Z'],
  ['now-15m', 'UTC', '2024-01-08T00:10:00Z', '2024-01-07T23:55:00Z'],
  ['now-7d', 'UTC', '2024-03-04T10:00:00Z', '2024-02-26T10:00:00Z'],
  ['now-2w', 'UTC', '2024-03-04T10:00:00Z', '2024-02-19T10:00:00Z'],
  ['now/w', 'UTC', '2024-01-14T23:59:59Z', '2024-01-08T00:00:00Z'],
  ['now/d', 'Europe/Helsinki', '2024-01-08T23:30:00Z', '2024-01-08T22:00:00Z'],
  ['now/h', 'Asia/Kathmandu', '2024-01-08T10:20:00Z', '2024-01-08T10:15:00Z'],
  ['now/y', 'Asia/Kolkata', '2024-12-31T18:30:00Z', '2024-12-31T18:30:00Z'],
  // a missing day of a month is its last
  ['now-1M', 'UTC', '2024-03-31T10:00:00Z', '2024-02-29T10:00:00Z'],
  ['now-1M', 'UTC', '2023-03-31T10:00:00Z', '2023-02-28T10:00:00Z'],
  ['now-13M', 'UTC', '2024-03-31T10:00:00Z', '2023-02-28T10:00:00Z'],
  ['now-1y', 'UTC', '2024-02-29T10:00:00Z', '2023-02-28T10:00:00Z'],
  // first the step, then the start of the unit
  ['now-1M/M', 'UTC', '2024-03-31T10:00:00Z', '2024-02-01T00:00:00Z'],
  ['now-1d/w', 'UTC', '2024-01-08T10:00:00Z', '2024-01-01T00:00:00Z'],
  // a day of 23 hours: hours are absolute, days on the wall clock
  ['now-24h', 'Europe/Helsinki', '2024-03-31T12:00:00Z', '2024-03-30T12:00:00Z'],
  ['now-1d', 'Europe/Helsinki', '2024-03-31T12:00:00Z', '2024-03-30T13:00:00Z'],
  ['now/d', 'Europe/Helsinki', '2024-03-31T12:00:00Z', '2024-03-30T22:00:00Z'],
  // 03:30 is skipped: the first instant after
  ['now-1d', 'Europe/Helsinki', '2024-04-01T00:30:00Z', '2024-03-31T01:00:00Z'],
  // 03:30 is repeated: the first of the two
  ['now-1d', 'Europe/Helsinki', '2024-10-28T01:30:00Z', '2024-10-27T00:30:00Z'],
  // the second of two equal hours starts where it does, not where the first did
  ['now/h', 'Europe/Helsinki', '2024-10-27T01:30:00Z', '2024-10-27T01:00:00Z'],
  // a change of half an hour: the hour starts anew with it
  ['now/h', 'Australia/Lord_Howe', '2024-04-06T15:10:00Z', '2024-04-06T15:00:00Z'],
  ['now/h', 'Australia/Lord_Howe', '2024-10-05T15:40:00Z', '2024-10-05T15:30:00Z'],
  // a midnight that is skipped
  ['now/d', 'America/Santiago', '2024-09-08T12:00:00Z', '2024-09-08T04:00:00Z'],
  ['1704700800000', 'Europe/Helsinki', '2030-01-01T00:00:00Z', '2024-01-08T08:00:00Z'],
  ['10000000000', 'UTC', '2030-01-01T00:00:00Z', '1970-04-26T17:46:40Z'],
];

t.test('times relative to now, and epoch milliseconds', async (t) => {
  for (const [text, zone, now, expected] of relative) {
    const parsed = parseRequestTime(text, zone, Date.parse(now));
    t.strictSame(parsed, { ok: true, instant: Date.parse(expected) }, `${text} in ${zone} at ${now}`);
  }
});

t.test('what is no such time is refused', async (t) => {
  const now = Date.parse('2024-01-08T00:00:00Z');
  for (const text of [
    'now+1d',
    'now-1',
    'now-d',
    'now-1s',
    'now/D',
    'now -1d',
    'NOW',
    'now-200y',
    '1704700800',
    '99999999999999',
  ]) {
    t.equal(parseRequestTime(text, 'UTC', now).ok, false, text);
  }
});

const rangeOf = (window: { from: number; to: number } | null) =>
  window === null ? null : [new Date(window.from).toISOString(), new Date(window.to).toISOString()];
const at = (date: string) => new Date(date).toISOString();

t.test('the period before', async (t) => {
  const cases: [string, string, string, string, string][] = [
    ['months', 'UTC', '2024-02-01T00:00Z', '2024-03-01T00:00Z', '2024-01-01T00:00Z'],
    ['a quarter', 'UTC', '2024-04-01T00:00Z', '2024-07-01T00:00Z', '2024-01-01T00:00Z'],
    ['days', 'UTC', '2024-03-04T00:00Z', '2024-03-11T00:00Z', '2024-02-26T00:00Z'],
    ['a leap day, though a month ends with it', 'UTC', '2024-02-29T00:00Z', '2024-03-01T00:00Z', '2024-02-28T00:00Z'],
    ['a month with a change', 'Europe/Helsinki', '2024-03-31T21:00Z', '2024-04-30T21:00Z', '2024-02-29T22:00Z'],
    ['a day of 23 hours', 'Europe/Helsinki', '2024-03-30T22:00Z', '2024-03-31T21:00Z', '2024-03-29T22:00Z'],
    ['the day after it', 'Europe/Helsinki', '2024-03-31T21:00Z', '2024-04-01T21:00Z', '2024-03-30T22:00Z'],
    ['twelve hours of the clock', 'Europe/Helsinki', '2024-03-30T22:00Z', '2024-03-31T09:00Z', '2024-03-30T10:00Z'],
    ['ninety minutes', 'UTC', '2024-03-01T00:30Z', '2024-03-01T02:00Z', '2024-02-29T23:00Z'],
  ];
  for (const [what, zone, from, to, before] of cases) {
    const found = previousPeriod({ from: Date.parse(from), to: Date.parse(to), zone });
    t.strictSame(rangeOf(found), [at(before), at(from)], what);
  }
  const first = { from: Date.parse('1900-01-01T00:00Z'), to: Date.parse('1900-02-01T00:00Z'), zone: 'UTC' };
  t.equal(previousPeriod(first), null, 'before the year 1900 there is none');
});

t.test('the year before', async (t) => {
  const cases: [string, string, boolean, string, string, [string, string] | null][] = [
    ['a month', 'UTC', false, '2024-03-01T00:00Z', '2024-04-01T00:00Z', ['2023-03-01T00:00Z', '2023-04-01T00:00Z']],
    [
      'from a leap day',
      'UTC',
      false,
      '2024-02-29T00:00Z',
      '2024-03-01T00:00Z',
      ['2023-02-28T00:00Z', '2023-03-01T00:00Z'],
    ],
    [
      'to a leap day',
      'UTC',
      false,
      '2024-02-28T00:00Z',
      '2024-02-29T06:00Z',
      ['2023-02-28T00:00Z', '2023-03-01T06:00Z'],
    ],
    ['by week', 'UTC', true, '2024-01-08T00:00Z', '2024-01-15T00:00Z', ['2023-01-09T00:00Z', '2023-01-16T00:00Z']],
    [
      'another offset',
      'Europe/Helsinki',
      false,
      '2024-03-30T22:00Z',
      '2024-03-31T21:00Z',
      ['2023-03-30T21:00Z', '2023-03-31T21:00Z'],
    ],
    ['skipped whole', 'Europe/Helsinki', false, '2025-03-31T00:10Z', '2025-03-31T00:50Z', null],
    [
      'skipped in part',
      'Europe/Helsinki',
      false,
      '2025-03-31T00:10Z',
      '2025-03-31T02:00Z',
      ['2024-03-31T01:00Z', '2024-03-31T02:00Z'],
    ],
    [
      'repeated',
      'Europe/Helsinki',
      false,
      '2025-10-27T01:10Z',
      '2025-10-27T03:00Z',
      ['2024-10-27T00:10Z', '2024-10-27T03:00Z'],
    ],
  ];
  for (const [what, zone, isByWeek, from, to, expected] of cases) {
    const found = previousYear({ from: Date.parse(from), to: Date.parse(to), zone }, isByWeek);
    t.strictSame(rangeOf(found), expected === null ? null : expected.map(at), what);
  }
});
