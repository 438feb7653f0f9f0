import t from 'tap';
import { checkBucket, parseSpan } from '../src/queries/time/bucket.js';

/** The bucket that a text means, as count and unit; the message where it is refused. */
function read(text: string): string {
  const parsed = parseSpan(text);
  return parsed.ok ? `${parsed.bucket.count} ${parsed.bucket.unit}` : parsed.message;
}

t.test('a span is one number of one unit, as PostgreSQL or ISO 8601 writes it', async (t) => {
  const spans = {
    '1 minute': '1 minute|1 min|1 minutes|PT1M|00:01:00|0:01',
    '15 minute': '15 minutes|15 mins|15 min|15MIN|PT15M|pt15m|00:15:00| 15  minutes ',
    '90 minute': '90 minutes|PT90M|01:30:00|1:30',
    '1439 minute': '1439 minutes|23:59:00',
    '1 hour': '1 hour|1 Hour|1h|1 hr|1 hrs|PT1H|01:00:00|01:00:00.000|1:00',
    '23 hour': '23 hours|PT23H|23:00:00',
    '1 day': '1 day|1 days|1 DAY|1d|1day|+1 day|@ 1 day|001 day|P1D|p1d',
    '7 day': '7 days|P7D',
    '2 week': '2 weeks|2 week|2w|P2W',
    '1 month': '1 month|1 mon|1 mons|P1M',
    '3 month': '3 mons|3 months|P3M',
    '1 year': '1 year|1 yr|1 y|P1Y',
    '2147483647 year': '2147483647 yrs',
  };
  for (const [span, texts] of Object.entries(spans)) {
    for (const text of texts.split('|')) t.equal(read(text), span, text);
  }
});

t.test('any other span is refused', async (t) => {
  const form = /^must be one positive whole number of minutes, hours, days, weeks, months or years, such as /;
  const count = /^must count a whole number of units from 1 to 2147483647$/;
  const day = /^must be shorter than 24 hours when asked in hours or minutes: .*, say 1 day$/;
  const refused: [RegExp, string][] = [
    [form, '| |day|1|one day|1 dai|1 quarter|1 decade|1 second|60 seconds|1000 ms|1 m|1 M|1 constructor'],
    [form, '-1 day|1 day ago|- 1 day|1.5 hours|1.0 day|.5 day|1e2 days|1,5 days|٣ days|infinity'],
    [form, '1 day 2 hours|1 hour 30 minutes|1 mon 1 day|1 day 00:00:00|1d2h|1 0:00:00|1-2|1 day, 1 day'],
    [form, 'P|PT|P1|PD|P1H|PT1D|PT1W|PT1S|P1DT1H|PT1H30M|P1Y2M|P-1D|-P1D|P0.5D|P 1D|1P1D'],
    [form, '01:00:01|00:00:30|01:60:00|01:00:00.5|-01:00:00|1:0|01:00:00:00'],
    [count, `0 days|P0D|PT0H|00:00:00|2147483648 days|${'9'.repeat(400)} days`],
    [day, '24 hours|24:00:00|PT24H|1440 minutes|PT1440M|48 hours|36 hours|100:00:00|2147483647 minutes'],
  ];
  for (const [message, texts] of refused) {
    for (const text of texts.split('|')) t.match(read(text), message, JSON.stringify(text.slice(0, 40)));
  }
});

t.test('a bucket counts whole units and is shorter than a day when it is not made of days', async (t) => {
  for (const unit of ['minute', 'hour', 'day', 'week', 'month', 'year'] as const) {
    t.equal(checkBucket({ unit, count: 1 }), null);
    for (const count of [0, -1, 1.5, 2 ** 31, Number.NaN, Number.POSITIVE_INFINITY]) {
      t.match(checkBucket({ unit, count }), /^must count a whole number/, `${count} ${unit}`);
    }
  }
  t.equal(checkBucket({ unit: 'minute', count: 1439 }), null);
  t.match(checkBucket({ unit: 'minute', count: 1440 }), /say 1 day$/);
  t.equal(checkBucket({ unit: 'hour', count: 23 }), null);
  t.match(checkBucket({ unit: 'hour', count: 24 }), /say 1 day$/);
  t.equal(checkBucket({ unit: 'day', count: 2 ** 31 - 1 }), null);
});
