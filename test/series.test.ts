import t from 'tap';
import { ask, send, world } from './harness.js';

/** Days around a clock change, counted by hand. `starts` are conversations' starts; `middle` is the day of the change. */
const changes = [
  {
    zone: 'Europe/Helsinki', // at 03:00 on 31 March the clock goes to 04:00
    range: ['2024-03-30', '2024-04-02'],
    starts: [
      '2024-03-30T21:59:59.999Z', // 23:59 on the 30th
      '2024-03-30T22:00:00Z', // 00:00 on the 31st
      '2024-03-31T00:59:59Z', // 02:59:59
      '2024-03-31T01:00:00Z', // 04:00, the next second
      '2024-03-31T20:59:59Z', // 23:59:59 on the 31st
      '2024-03-31T21:00:00Z', // 00:00 on 1 April
    ],
    days: { '2024-03-30T00:00:00+02:00': 1, '2024-03-31T00:00:00+02:00': 4, '2024-04-01T00:00:00+03:00': 1 },
    hours: 24 + 23 + 24,
    middle: [
      '2024-03-31T00:00:00+02:00',
      '2024-03-31T02:00:00+02:00',
      '2024-03-31T04:00:00+03:00',
      '2024-03-31T23:00:00+03:00',
    ],
  },
  {
    zone: 'America/New_York', // at 02:00 on 3 November the clock goes back to 01:00
    range: ['2024-11-02', '2024-11-05'],
    starts: [
      '2024-11-03T03:59:59Z', // 23:59:59 on the 2nd
      '2024-11-03T04:00:00Z', // 00:00 on the 3rd
      '2024-11-03T05:30:00Z', // 01:30, summer
      '2024-11-03T06:30:00Z', // 01:30, winter
      '2024-11-04T04:59:59Z', // 23:59:59 on the 3rd
      '2024-11-04T05:00:00Z', // 00:00 on the 4th
    ],
    days: { '2024-11-02T00:00:00-04:00': 1, '2024-11-03T00:00:00-04:00': 4, '2024-11-04T00:00:00-05:00': 1 },
    hours: 24 + 25 + 24,
    middle: ['2024-11-03T01:00:00-04:00', '2024-11-03T01:00:00-05:00', '2024-11-03T23:00:00-05:00'],
  },
  {
    zone: 'Australia/Lord_Howe', // at 02:00 on 6 October the clock goes to 02:30
    range: ['2024-10-05', '2024-10-08'],
    starts: [
      '2024-10-05T13:29:59Z', // 23:59:59 on the 5th
      '2024-10-05T13:30:00Z', // 00:00 on the 6th
      '2024-10-05T15:30:00Z', // 02:30, the first instant after the change
      '2024-10-06T12:59:59Z', // 23:59:59 on the 6th
      '2024-10-06T13:00:00Z', // 00:00 on the 7th
    ],
    days: { '2024-10-05T00:00:00+10:30': 1, '2024-10-06T00:00:00+10:30': 3, '2024-10-07T00:00:00+11:00': 1 },
    hours: 24 + 24 + 24, // the middle day has 23.5 hours: its last bucket is half an hour
    middle: [
      '2024-10-06T01:00:00+10:30',
      '2024-10-06T02:30:00+11:00',
      '2024-10-06T03:30:00+11:00',
      '2024-10-06T23:30:00+11:00',
    ],
  },
  {
    zone: 'America/Santiago', // on 8 September midnight does not exist: 23:59:59 on the 7th is followed by 01:00
    range: ['2024-09-07', '2024-09-10'],
    starts: [
      '2024-09-08T03:59:59Z', // 23:59:59 on the 7th
      '2024-09-08T04:00:00Z', // 01:00 on the 8th
      '2024-09-09T02:59:59Z', // 23:59:59 on the 8th
      '2024-09-09T03:00:00Z', // 00:00 on the 9th
    ],
    days: { '2024-09-07T00:00:00-04:00': 1, '2024-09-08T01:00:00-03:00': 2, '2024-09-09T00:00:00-03:00': 1 },
    hours: 24 + 23 + 24,
    middle: ['2024-09-08T01:00:00-03:00', '2024-09-08T02:00:00-03:00', '2024-09-08T23:00:00-03:00'],
  },
  {
    zone: 'Asia/Kolkata', // no change, and half an hour off the others
    range: ['2024-03-30', '2024-04-02'],
    starts: [
      '2024-03-30T18:29:59Z', // 23:59:59 on the 30th
      '2024-03-30T18:30:00Z', // 00:00 on the 31st
      '2024-03-31T18:29:59Z', // 23:59:59 on the 31st
      '2024-03-31T18:30:00Z', // 00:00 on 1 April
    ],
    days: { '2024-03-30T00:00:00+05:30': 1, '2024-03-31T00:00:00+05:30': 2, '2024-04-01T00:00:00+05:30': 1 },
    hours: 24 + 24 + 24,
    middle: ['2024-03-31T00:00:00+05:30', '2024-03-31T23:00:00+05:30'],
  },
];

t.test('days and hours across a clock change', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  for (const { zone, range, starts, days, hours, middle } of changes) {
    const bot_id = zone;
    const events = starts.map((time, n) => ({
      id: '1',
      type: 'message',
      sender: 'user',
      time,
      conversation_id: `${zone} ${n}`,
      conversation: { bot_id, bot_version: 'LIVE' },
    }));
    t.equal((await send(app, key, events)).status, 200);
    const series = async (bucket: string) => {
      const query = {
        version: 'LIVE',
        start_time: range[0] as string,
        end_time: range[1] as string,
        time_zone: zone,
        bucket,
      };
      const answer = await ask(app, key, { url: `/v1/bots/${encodeURIComponent(bot_id)}/conversations`, query });
      const { series, x_values } = answer.body.data as {
        series: { values: number[]; sum: number }[];
        x_values: string[];
      };
      return { counts: Object.fromEntries(x_values.map((x, n) => [x, series[0]?.values[n] ?? 0])), x_values };
    };
    const byDay = await series('1d');
    t.same(byDay.counts, days, `${zone}: days`);
    const byHour = await series('1h');
    t.equal(byHour.x_values.length, hours, `${zone}: hours of three days`);
    t.ok(
      middle.every((label) => byHour.x_values.includes(label)),
      `${zone}: hours around the change`,
    );
    t.equal(new Set(byHour.x_values).size, hours, `${zone}: no label twice`);
    // A day's hours are those from its start to the start of the next.
    const [, second, third] = byDay.x_values.map((day) => byHour.x_values.indexOf(day));
    const sum = (from?: number, to?: number) =>
      byHour.x_values.slice(from, to).reduce((all, x) => all + (byHour.counts[x] ?? 0), 0);
    t.same([sum(0, second), sum(second, third), sum(third)], Object.values(days), `${zone}: hours sum to days`);
  }
});

t.test('refusals name the parameter and say what to change, all at once', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const answer = await ask(app, key, {
    url: '/v1/bots/shop/conversations?start_time=yesterday&end_time=2024-01-09&bucket=2d&channel_type=a,,b&channel_type=%00&colour=red&is_test=1',
  });
  t.equal(answer.status, 400);
  t.same(answer.body.errors.map((fault: { path: string }) => fault.path).sort(), [
    'bucket',
    'channel_type',
    'colour',
    'is_test',
    'start_time',
    'version',
  ]);
  t.ok(answer.body.errors.every((fault: { message: string }) => fault.message.length > 5));
  const path = await ask(app, key, {
    url: '/v1/bots/a%00b/conversations?version=LIVE&start_time=2024-01-08&end_time=2024-01-09',
  });
  t.equal(path.status, 400, 'an id that cannot be');
});
