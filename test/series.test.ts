import t from 'tap';
import { random } from './fold/events.js';
import type { Event } from './fold/fold.js';
import { ACCOUNT, ask, send, world } from './harness.js';

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
    t.strictSame(byDay.counts, days, `${zone}: days`);
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
    t.strictSame([sum(0, second), sum(second, third), sum(third)], Object.values(days), `${zone}: hours sum to days`);
  }
});

t.test('refusals name the parameter and say what to change, all at once', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const answer = await ask(app, key, {
    url: '/v1/bots/shop/conversations?start_time=yesterday&end_time=2024-01-09&bucket=2d&channel_type=a,,b&channel_type=%00&colour=red&is_test=1',
  });
  t.equal(answer.status, 400);
  t.strictSame(answer.body.errors.map((fault: { path: string }) => fault.path).sort(), [
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

/** Six conversations; in the comments their days in UTC and, where it is another, in Helsinki and Kolkata. */
const six = [
  ['2024-01-01T23:30:00Z', { channel: 'web', language: 'en' }], // Monday 1 January; Tuesday
  ['2024-01-02T00:30:00Z', { channel: 'web', language: 'fi' }], // Tuesday
  ['2024-01-02T00:45:00Z', { channel: 'sms', language: 'en' }], // Tuesday
  ['2024-01-02T12:00:00Z', { language: 'en' }], // Tuesday
  ['2024-01-07T22:30:00Z', { channel: 'web', is_test: true }], // Sunday; Monday of the next week
  ['2024-01-08T05:00:00Z', { channel: 'unknown', language: 'fi' }], // Monday
] as const;

type Row = [
  string | null,
  string,
  string | null,
  string | null,
  string,
  number,
  Record<string, Record<string, number>>,
];

/** Every pair of bucket, zone, group, filter and range at least once: the points of the axis, and all that is not 0. */
const decisions: Row[] = [
  [
    '1d',
    'Asia/Kolkata',
    'channel_type',
    'is_test=false',
    'two weeks',
    14,
    {
      unknown: { '2024-01-02T00:00:00+05:30': 1, '2024-01-08T00:00:00+05:30': 1 },
      web: { '2024-01-02T00:00:00+05:30': 2 },
      sms: { '2024-01-02T00:00:00+05:30': 1 },
    },
  ],
  [
    null,
    'UTC',
    'language',
    null,
    'two weeks',
    14,
    {
      en: { '2024-01-01T00:00:00Z': 1, '2024-01-02T00:00:00Z': 2 },
      fi: { '2024-01-02T00:00:00Z': 1, '2024-01-08T00:00:00Z': 1 },
      unknown: { '2024-01-07T00:00:00Z': 1 },
    },
  ],
  [
    '1h',
    'Europe/Helsinki',
    'channel_type',
    null,
    'two days',
    48,
    {
      web: { '2024-01-02T01:00:00+02:00': 1, '2024-01-02T02:00:00+02:00': 1 },
      sms: { '2024-01-02T02:00:00+02:00': 1 },
      unknown: { '2024-01-02T14:00:00+02:00': 1 },
    },
  ],
  ['1h', 'UTC', null, 'channel_type=web', 'nothing', 48, { conversations: {} }],
  [
    null,
    'Asia/Kolkata',
    null,
    'language=fi&language=en',
    'two days',
    48,
    {
      conversations: { '2024-01-02T05:00:00+05:30': 1, '2024-01-02T06:00:00+05:30': 2, '2024-01-02T17:00:00+05:30': 1 },
    },
  ],
  [
    '1w',
    'Europe/Helsinki',
    null,
    'channel_type=unknown,sms',
    'two weeks',
    2,
    { conversations: { '2024-01-01T00:00:00+02:00': 2, '2024-01-08T00:00:00+02:00': 1 } },
  ],
  ['1d', 'Europe/Helsinki', 'language', 'language=fi&language=en', 'nothing', 2, {}],
  [
    '1h',
    'Asia/Kolkata',
    'language',
    'channel_type=unknown,sms',
    'two days',
    48,
    { en: { '2024-01-02T06:00:00+05:30': 1, '2024-01-02T17:00:00+05:30': 1 } },
  ],
  [null, 'UTC', 'channel_type', 'channel_type=unknown,sms', 'nothing', 48, {}],
  [
    '1w',
    'Asia/Kolkata',
    'language',
    'channel_type=web',
    'two weeks',
    2,
    {
      en: { '2024-01-01T00:00:00+05:30': 1 },
      fi: { '2024-01-01T00:00:00+05:30': 1 },
      unknown: { '2024-01-08T00:00:00+05:30': 1 },
    },
  ],
  [
    '1d',
    'UTC',
    null,
    'is_test=false',
    'two days',
    2,
    { conversations: { '2024-01-01T00:00:00Z': 1, '2024-01-02T00:00:00Z': 3 } },
  ],
  [null, 'Europe/Helsinki', 'language', 'is_test=false', 'nothing', 48, {}],
  [
    '1w',
    'UTC',
    'channel_type',
    'language=fi&language=en',
    'two weeks',
    2,
    {
      unknown: { '2024-01-01T00:00:00Z': 1, '2024-01-08T00:00:00Z': 1 },
      web: { '2024-01-01T00:00:00Z': 2 },
      sms: { '2024-01-01T00:00:00Z': 1 },
    },
  ],
  ['1d', 'Asia/Kolkata', null, null, 'nothing', 2, { conversations: {} }],
  [
    '1d',
    'UTC',
    'channel_type',
    'channel_type=web',
    'two days',
    2,
    { web: { '2024-01-01T00:00:00Z': 1, '2024-01-02T00:00:00Z': 1 } },
  ],
  [null, 'Europe/Helsinki', 'language', 'channel_type=web', 'nothing', 48, {}],
  [
    '1h',
    'Asia/Kolkata',
    'channel_type',
    'is_test=false',
    'two weeks',
    336,
    {
      unknown: { '2024-01-02T17:00:00+05:30': 1, '2024-01-08T10:00:00+05:30': 1 },
      web: { '2024-01-02T05:00:00+05:30': 1, '2024-01-02T06:00:00+05:30': 1 },
      sms: { '2024-01-02T06:00:00+05:30': 1 },
    },
  ],
  ['1d', 'Europe/Helsinki', null, 'channel_type=unknown,sms', 'nothing', 2, { conversations: {} }],
  [
    '1w',
    'Europe/Helsinki',
    null,
    null,
    'two weeks',
    2,
    { conversations: { '2024-01-01T00:00:00+02:00': 4, '2024-01-08T00:00:00+02:00': 2 } },
  ],
  [
    '1h',
    'UTC',
    null,
    'language=fi&language=en',
    'two days',
    48,
    { conversations: { '2024-01-01T23:00:00Z': 1, '2024-01-02T00:00:00Z': 2, '2024-01-02T12:00:00Z': 1 } },
  ],
  [
    '1w',
    'Europe/Helsinki',
    'channel_type',
    'is_test=false',
    'two weeks',
    2,
    {
      unknown: { '2024-01-01T00:00:00+02:00': 1, '2024-01-08T00:00:00+02:00': 1 },
      web: { '2024-01-01T00:00:00+02:00': 2 },
      sms: { '2024-01-01T00:00:00+02:00': 1 },
    },
  ],
];

t.test('bucket, zone, group, filter and emptiness, in pairs', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const events = six.map(([time, attributes], n) => ({
    id: '1',
    type: 'message',
    sender: 'user',
    time,
    conversation_id: `c${n}`,
    conversation: { bot_id: 'b', bot_version: 'V', ...attributes },
  }));
  await send(app, key, events);
  const ranges: Record<string, [string, string]> = {
    'two weeks': ['2024-01-01', '2024-01-15'],
    'two days': ['2024-01-01', '2024-01-03'],
    nothing: ['2024-02-01', '2024-02-03'],
  };
  for (const [bucket, zone, group, filter, range, points, series] of decisions) {
    const [start, end] = ranges[range] as [string, string];
    const parts = [
      `version=V&start_time=${start}&end_time=${end}&time_zone=${zone}`,
      ...(bucket === null ? [] : [`bucket=${bucket}`]),
      ...(group === null ? [] : [`group_by=${group}`]),
      ...(filter === null ? [] : [filter]),
    ];
    const { data } = (await ask(app, key, { url: `/v1/bots/b/conversations?${parts.join('&')}` })).body;
    const found = data.series_labels.map((label: string, n: number) => [
      label,
      Object.fromEntries(
        data.x_values.flatMap((x: string, m: number) =>
          data.series[n].values[m] === 0 ? [] : [[x, data.series[n].values[m]]],
        ),
      ),
    ]);
    const name = `${bucket} ${zone} ${group} ${filter} ${range}`;
    t.equal(data.x_values.length, points, `${name}: points`);
    t.strictSame(found, Object.entries(series), name);
  }
});

/** Conversations spread over 400 days, 3 teams and 20 bots, some attributes missing. */
function manyConversations(r: ReturnType<typeof random>, count: number): Event[] {
  return Array.from({ length: count }, (_, n) => {
    const maybe = (name: string, value: string) => (r.chance(0.8) ? { [name]: value } : {});
    return {
      id: '1',
      type: r.pick(['message', 'conversation.updated']),
      ...{ sender: 'user' },
      time: new Date(Date.UTC(2023, 0, 1) + r.below(400 * 24 * 60) * 60_000).toISOString(),
      conversation_id: `c${n}`,
      conversation: {
        bot_id: `bot${r.below(20)}`,
        bot_version: 'V',
        ...maybe('team_id', r.pick(['red', 'green', 'blue'])),
        ...maybe('channel', r.pick(['web', 'sms', 'unknown'])),
        ...maybe('language', r.pick(['en', 'fi', 'sv'])),
        ...maybe('campaign_id', r.pick(['spring', 'fall'])),
        is_test: r.chance(0.2),
      },
    };
  }).map(({ sender, ...event }) => (event.type === 'message' ? { ...event, sender } : event));
}

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1e9));

t.test(`teams: months in three zones with four fields equal a plain count (SEED=${seed})`, async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const events = manyConversations(random(seed), 3_000);
  await send(app, key, events);
  for (const zone of ['UTC', 'America/New_York', 'Asia/Kathmandu']) {
    for (const team of ['red', 'green', 'blue']) {
      const url = `/v1/teams/${team}/conversations?start_time=2023-01-01&end_time=2024-02-01&bucket=1m&time_zone=${zone}&group_by=bot_id,channel_type,language,campaign_id`;
      const { data } = (await ask(app, key, { url })).body;
      const found = data.series.flatMap((serie: { labels: Record<string, string>; values: number[] }) =>
        serie.values.flatMap((value, n) =>
          value === 0 ? [] : [[data.x_values[n].slice(0, 7), ...Object.values(serie.labels), value].join(' ')],
        ),
      );
      const counted = await w.sql`
        select to_char(date_trunc('month', start_time at time zone ${zone}), 'YYYY-MM') || ' ' || bot_id || ' ' || coalesce(channel, 'unknown')
          || ' ' || coalesce(language, 'unknown') || ' ' || coalesce(campaign_id, 'unknown') as label, count(*)
        from conversations
        where account_id = ${ACCOUNT} and team_id = ${team}
          and start_time at time zone ${zone} >= '2023-01-01' and start_time at time zone ${zone} < '2024-02-01'
        group by 1`;
      t.strictSame(found.sort(), counted.map(({ label, count }) => `${label} ${count}`).sort(), `${team} in ${zone}`);
      t.equal(data.x_values.length, 13);
    }
  }
});

t.test(`the sums of all series are the total without groups (SEED=${seed})`, async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const r = random(seed + 1);
  await send(app, key, manyConversations(r, 1_000));
  const zones = ['UTC', 'Europe/Helsinki', 'America/St_Johns', 'Australia/Lord_Howe', 'Asia/Kathmandu'];
  for (let n = 0; n < 150; n++) {
    const start = Date.UTC(2023, 0, 1) + r.below(300 * 24 * 60) * 60_000;
    const end = start + (1 + r.below(200 * 24 * 60)) * 60_000;
    const range = `start_time=${new Date(start).toISOString()}&end_time=${new Date(end).toISOString()}&time_zone=${r.pick(zones)}`;
    const filter = r.pick(['', '&channel_type=web', '&channel_type=unknown', '&language=fi,en', '&is_test=false']);
    const ofTeam = r.chance(0.5);
    const url = ofTeam
      ? `/v1/teams/${r.pick(['red', 'green'])}/conversations?${range}&bucket=1d${filter.startsWith('&is_test') ? filter : ''}`
      : `/v1/bots/bot${r.below(20)}/conversations?version=V&${range}${filter}`;
    const group = ofTeam
      ? r.pick(['bot_id', 'channel_type,language', 'team_id,campaign_id,bot_version'])
      : r.pick(['channel_type', 'language']);
    const plain = await ask(app, key, { url });
    if (plain.status === 400 && plain.body.errors[0].path === 'bucket') continue; // a day does not fit the range
    t.equal(plain.status, 200, url);
    const grouped = await ask(app, key, { url: `${url}&group_by=${group}` });
    const total = plain.body.data.series[0].values as number[];
    const sums = total.map((_, m) =>
      grouped.body.data.series.reduce(
        (sum: number, serie: { values: number[] }) => sum + (serie.values[m] as number),
        0,
      ),
    );
    t.strictSame(sums, total, `${url}&group_by=${group}`);
    t.strictSame(grouped.body.data.x_values, plain.body.data.x_values);
  }
});

t.test('limits and other refusals say what to change', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const attributes = (n: number) => ({ bot_id: 'b', bot_version: 'V', team_id: 'red', channel: `channel ${n}` });
  const events = Array.from({ length: 1_001 }, (_, n) => ({
    id: '1',
    type: 'conversation.updated',
    time: '2024-01-01T00:00:00Z',
    conversation_id: `c${n}`,
    conversation: attributes(n),
  }));
  await send(app, key, events);
  const bot = '/v1/bots/b/conversations?version=V';
  const team = '/v1/teams/red/conversations?';
  const january = 'start_time=2024-01-01&end_time=2024-02-01';
  const refused: [string, string, RegExp][] = [
    [`${bot}&start_time=2023-01-01T00:00:00Z&end_time=2024-02-21T17:00:00Z&bucket=1h`, 'bucket', /10,?000/],
    [`${bot}&${january}&bucket=1w&group_by=channel_type`, 'group_by', /1,000 series/],
    [`${bot}&start_time=2024-02-01&end_time=2024-01-01`, 'end_time', /after start_time/],
    [`${bot}&start_time=2024-01-01&end_time=2024-01-01`, 'end_time', /after start_time/],
    [`${bot}&start_time=2024-01-01&end_time=2024-01-02&bucket=1w`, 'bucket', /not be larger than the range/],
    [`${bot}&${january}&time_zone=europe/helsinki`, 'time_zone', /IANA time zone name/],
    [`${bot}&${january}&time_zone=%2B02:00`, 'time_zone', /IANA time zone name/],
    [
      `${bot}&start_time=2024-03-31T03:30&end_time=2024-04-02&time_zone=Europe/Helsinki`,
      'start_time',
      /\+02:00.*\+03:00/,
    ],
    [`/v1/bots/b/conversations?${january}`, 'version', /needed/],
    [`${bot}&${january}&bucket=2d`, 'bucket', /1h, 1d, 1w/],
    [`${bot}&${january}&channel_type=web,`, 'channel_type', /empty item/],
    [`${bot}&${january}&chanel_type=web`, 'chanel_type', /did you mean channel_type/],
    [`${bot}&${january}&bucket[0]=1d`, 'bucket[0]', /not a parameter/],
    [`${team}${january}&bucket=1d&group_by=channel_type,channel_type`, 'group_by', /twice/],
    [`${team}${january}&bucket=1d&group_by=channel_type,`, 'group_by', /empty item/],
    [`${team}${january}&bucket=1d&group_by=user_id`, 'group_by', /user_id.*campaign_source/],
    [`${team}${january}&bucket=1d&group_by=bot_id&group_by=language`, 'group_by', /once/],
    [
      `/v1/bots/b/conversations/insights?version=V&start_time=1900-01-01&end_time=2199-01-01&stat=num_messages`,
      'end_time',
      /10,?000/,
    ],
  ];
  for (const [url, path, says] of refused) {
    const answer = await ask(app, key, { url });
    t.equal(answer.status, 400, url);
    const fault = answer.body.errors?.find((one: { path: string }) => one.path === path);
    t.match(fault?.message, says, `${url}: ${JSON.stringify(answer.body.errors)}`);
  }
  const cells = await ask(app, key, { url: `${bot}&${january}&bucket=1h&group_by=channel_type` });
  t.equal(cells.status, 400);
  t.match(cells.body.detail, /100,000 numbers|1,000 series/);
});

t.test('lists come as repeated values, comma lists and indexed names; the answer is private', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const channels = ['web', 'sms', 'a,b', 'c\\d'];
  await send(
    app,
    key,
    channels.map((channel, n) => ({
      id: '1',
      type: 'conversation.updated',
      time: '2024-01-01T00:00:00Z',
      conversation_id: `c${n}`,
      conversation: { bot_id: 'b', bot_version: 'V', channel },
    })),
  );
  const forms: [string, number][] = [
    ['channel_type=web', 1],
    ['channel_type=web,sms', 2],
    ['channel_type=web&channel_type=sms', 2],
    ['channel_type[0]=web&channel_type[1]=sms', 2],
    ['channel_type[]=web&channel_type[]=sms', 2],
    ['channel_type=web&channel_type[0]=sms', 2],
    ['channel_type=a%5C,b', 1],
    ['channel_type=c%5C%5Cd', 1],
    ['channel_type=c%5Cd', 1],
    ['channel_type=%20web%20,%20sms', 2],
  ];
  for (const [form, count] of forms) {
    for (const path of ['conversations', 'conversations/insights']) {
      const stat = path === 'conversations' ? '' : '&stat=num_conversations';
      const answer = await ask(app, key, {
        url: `/v1/bots/b/${path}?version=V&start_time=2024-01-01&end_time=2024-01-02${stat}&${form}`,
      });
      t.equal(answer.body?.data?.series[0].sum, count, `${path} ${form}: ${answer.text.slice(0, 200)}`);
      t.equal(answer.headers['cache-control'], 'private, no-cache');
    }
  }
  const csv = await ask(app, key, {
    url: '/v1/bots/b/conversations?version=V&start_time=2024-01-01&end_time=2024-01-02&bucket=1d',
    headers: { accept: 'text/csv' },
  });
  t.equal(csv.text, 'time,value\r\n2024-01-01T00:00:00Z,4\r\n', 'the Accept header');
  t.match(csv.headers['content-type'], /^text\/csv; charset=utf-8/);
});

t.test('a fault of the path is answered before a query that nobody has validated is read', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const range = 'version=V&start_time=2024-01-01&end_time=2024-02-01';
  for (const rest of ['users', 'messages', 'conversations', 'intents']) {
    const url = `/v1/bots/${'x'.repeat(300)}/${rest}?${range}&bucket=constructor&limit=x&channel_type=,`;
    const answer = await ask(app, key, { url });
    t.equal(answer.status, 400, answer.text);
    t.match(answer.body.errors[0]?.path, /^bot_id$/, answer.text);
  }
});
