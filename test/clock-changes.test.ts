import t from 'tap';
import { edges, words } from './axis.js';

/**
 * Around clock changes. `days`: edges of days, first to last. `hours`: edges of the hours around the change, first to last.
 * `day`: the day of the change, the day after it, and how many hours lie between, a last shorter one counted as one.
 */
const CHANGES = [
  {
    name: 'Helsinki: 03:00 becomes 04:00',
    zone: 'Europe/Helsinki',
    days: '2024-03-30T00:00:00+02:00 2024-03-31T00:00:00+02:00 2024-04-01T00:00:00+03:00 2024-04-02T00:00:00+03:00',
    hours: '2024-03-31T01:00:00+02:00 2024-03-31T02:00:00+02:00 2024-03-31T04:00:00+03:00 2024-03-31T05:00:00+03:00',
    day: ['2024-03-31', '2024-04-01', 23],
  },
  {
    name: 'Helsinki: 04:00 becomes 03:00',
    zone: 'Europe/Helsinki',
    days: '2024-10-26T00:00:00+03:00 2024-10-27T00:00:00+03:00 2024-10-28T00:00:00+02:00 2024-10-29T00:00:00+02:00',
    hours: '2024-10-27T02:00:00+03:00 2024-10-27T03:00:00+03:00 2024-10-27T03:00:00+02:00 2024-10-27T04:00:00+02:00',
    day: ['2024-10-27', '2024-10-28', 25],
  },
  {
    name: 'New York: 02:00 becomes 03:00',
    zone: 'America/New_York',
    days: '2024-03-09T00:00:00-05:00 2024-03-10T00:00:00-05:00 2024-03-11T00:00:00-04:00 2024-03-12T00:00:00-04:00',
    hours: '2024-03-10T00:00:00-05:00 2024-03-10T01:00:00-05:00 2024-03-10T03:00:00-04:00 2024-03-10T04:00:00-04:00',
    day: ['2024-03-10', '2024-03-11', 23],
  },
  {
    name: 'New York: 02:00 becomes 01:00',
    zone: 'America/New_York',
    days: '2024-11-02T00:00:00-04:00 2024-11-03T00:00:00-04:00 2024-11-04T00:00:00-05:00 2024-11-05T00:00:00-05:00',
    hours: '2024-11-03T00:00:00-04:00 2024-11-03T01:00:00-04:00 2024-11-03T01:00:00-05:00 2024-11-03T02:00:00-05:00',
    day: ['2024-11-03', '2024-11-04', 25],
  },
  {
    name: 'Lord Howe: 02:00 becomes 02:30, and the hours are at half past until the day ends',
    zone: 'Australia/Lord_Howe',
    days: '2024-10-05T00:00:00+10:30 2024-10-06T00:00:00+10:30 2024-10-07T00:00:00+11:00 2024-10-08T00:00:00+11:00',
    hours: `2024-10-06T00:00:00+10:30 2024-10-06T01:00:00+10:30 2024-10-06T02:30:00+11:00 2024-10-06T03:30:00+11:00
      2024-10-06T04:30:00+11:00 2024-10-06T05:30:00+11:00 2024-10-06T06:30:00+11:00 2024-10-06T07:30:00+11:00
      2024-10-06T08:30:00+11:00 2024-10-06T09:30:00+11:00 2024-10-06T10:30:00+11:00 2024-10-06T11:30:00+11:00
      2024-10-06T12:30:00+11:00 2024-10-06T13:30:00+11:00 2024-10-06T14:30:00+11:00 2024-10-06T15:30:00+11:00
      2024-10-06T16:30:00+11:00 2024-10-06T17:30:00+11:00 2024-10-06T18:30:00+11:00 2024-10-06T19:30:00+11:00
      2024-10-06T20:30:00+11:00 2024-10-06T21:30:00+11:00 2024-10-06T22:30:00+11:00 2024-10-06T23:30:00+11:00
      2024-10-07T00:00:00+11:00 2024-10-07T01:00:00+11:00`,
    day: ['2024-10-06', '2024-10-07', 24],
  },
  {
    name: 'Lord Howe: 02:00 becomes 01:30',
    zone: 'Australia/Lord_Howe',
    days: '2024-04-06T00:00:00+11:00 2024-04-07T00:00:00+11:00 2024-04-08T00:00:00+10:30 2024-04-09T00:00:00+10:30',
    hours: `2024-04-07T00:00:00+11:00 2024-04-07T01:00:00+11:00 2024-04-07T01:30:00+10:30 2024-04-07T02:30:00+10:30
      2024-04-07T03:30:00+10:30`,
    day: ['2024-04-07', '2024-04-08', 25],
  },
  {
    name: 'Santiago: 00:00 becomes 01:00, so the day begins at 01:00',
    zone: 'America/Santiago',
    days: '2024-09-07T00:00:00-04:00 2024-09-08T01:00:00-03:00 2024-09-09T00:00:00-03:00 2024-09-10T00:00:00-03:00',
    hours: '2024-09-07T22:00:00-04:00 2024-09-07T23:00:00-04:00 2024-09-08T01:00:00-03:00 2024-09-08T02:00:00-03:00',
    day: ['2024-09-08', '2024-09-09', 23],
  },
  {
    name: 'Santiago: 24:00 becomes 23:00',
    zone: 'America/Santiago',
    days: '2024-04-05T00:00:00-03:00 2024-04-06T00:00:00-03:00 2024-04-07T00:00:00-04:00 2024-04-08T00:00:00-04:00',
    hours: '2024-04-06T22:00:00-03:00 2024-04-06T23:00:00-03:00 2024-04-06T23:00:00-04:00 2024-04-07T00:00:00-04:00',
    day: ['2024-04-06', '2024-04-07', 25],
  },
  {
    name: 'Havana: 01:00 becomes 00:00, so the day begins at the first of two midnights',
    zone: 'America/Havana',
    days: '2023-11-04T00:00:00-04:00 2023-11-05T00:00:00-04:00 2023-11-06T00:00:00-05:00 2023-11-07T00:00:00-05:00',
    hours: '2023-11-04T23:00:00-04:00 2023-11-05T00:00:00-04:00 2023-11-05T00:00:00-05:00 2023-11-05T01:00:00-05:00',
    day: ['2023-11-05', '2023-11-06', 25],
  },
  {
    name: 'Apia: the 30th is left out',
    zone: 'Pacific/Apia',
    days: '2011-12-28T00:00:00-10:00 2011-12-29T00:00:00-10:00 2011-12-31T00:00:00+14:00 2012-01-01T00:00:00+14:00',
    hours: '2011-12-29T22:00:00-10:00 2011-12-29T23:00:00-10:00 2011-12-31T00:00:00+14:00 2011-12-31T01:00:00+14:00',
    day: ['2011-12-29', '2011-12-31', 24],
  },
  {
    name: 'Kolkata: no change',
    zone: 'Asia/Kolkata',
    days: '2024-03-30T00:00:00+05:30 2024-03-31T00:00:00+05:30 2024-04-01T00:00:00+05:30 2024-04-02T00:00:00+05:30',
    hours: '2024-03-31T01:00:00+05:30 2024-03-31T02:00:00+05:30 2024-03-31T03:00:00+05:30 2024-03-31T04:00:00+05:30',
    day: ['2024-03-31', '2024-04-01', 24],
  },
  {
    name: 'Saint John: 00:01 becomes 23:01 of the day before, which stays in the day that had begun',
    zone: 'America/St_Johns',
    days: '2010-11-06T00:00:00-02:30 2010-11-07T00:00:00-02:30 2010-11-08T00:00:00-03:30 2010-11-09T00:00:00-03:30',
    hours: '2010-11-06T23:00:00-02:30 2010-11-07T00:00:00-02:30 2010-11-07T00:00:00-03:30 2010-11-07T01:00:00-03:30',
    day: ['2010-11-07', '2010-11-08', 25],
  },
] as const;

for (const { name, zone, days, hours, day } of CHANGES) {
  t.test(name, async (t) => {
    const [firstDay = '', ...otherDays] = words(days);
    t.strictSame(edges(zone, firstDay, otherDays.at(-1) ?? '', '1 day'), words(days), 'days');
    const [firstHour = '', ...otherHours] = words(hours);
    t.strictSame(edges(zone, firstHour, otherHours.at(-1) ?? '', '1 hour'), words(hours), 'hours');
    t.equal(edges(zone, day[0], day[1], '1 hour').length - 1, day[2], 'hours of the day');
    for (const step of ['1 minute', '7 minutes', '15 minutes', '1 hour', '5 hours', '23 hours', '1439 minutes']) {
      const shorter = new Set(edges(zone, firstDay, otherDays.at(-1) ?? '', step));
      t.strictSame(
        words(days).filter((edge) => !shorter.has(edge)),
        [],
        `every day starts a bucket of ${step}`,
      );
    }
  });
}

t.test('an hour that goes back into the day before is in the buckets of the day that had begun', async (t) => {
  const again = '2010-11-06T23:30:00-03:30'; // Saint John showed 23:01 to 24:00 of the 6th a second time
  const days = edges('America/St_Johns', again, '2010-11-08', '1 day');
  t.strictSame(days, ['2010-11-07T00:00:00-02:30', '2010-11-08T00:00:00-03:30']);
  const hours = edges('America/St_Johns', again, '2010-11-07T01:00', '1 hour');
  t.strictSame(hours, ['2010-11-07T00:00:00-02:30', '2010-11-07T00:00:00-03:30', '2010-11-07T01:00:00-03:30']);
});
