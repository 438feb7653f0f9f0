import { gzipSync } from 'node:zlib';

export const MIB = 1024 * 1024;
const FILL = 10 * MIB - 1_000;
const line = (more = '') =>
  `{"id":"1","type":"message","sender":"user","time":"2024-01-08T10:00:00Z","conversation_id":"c"${more}}`;
export const packed = (text: string, type: string) => ({
  method: 'POST' as const,
  url: '/v1/events',
  payload: gzipSync(text),
  headers: { 'content-type': type, 'content-encoding': 'gzip' },
});
export const lines = (text: string) => packed(text, 'application/x-ndjson');
const batch = (text: string) => packed(text, 'application/json');

/** Bytes of an object's keys. */
const wideKeys = Array.from({ length: 900_000 }, (_, n) => `"k${n}":1`)
  .join(',')
  .slice(0, FILL)
  .replace(/,[^,]*$/, '');

/** 10,000 events of a thousand conversations, 10 MB of them. */
const fullBatch = Array.from({ length: 10_000 }, (_, n) =>
  `{"id":"full ${n}","type":"message","sender":"user","time":"2024-01-08T10:00:00Z","conversation_id":"full ${n % 1_000}","text":"${`${n * 7919} `.repeat(110)}"}`.slice(
    0,
    1_000,
  ),
)
  .map((text) => `${text.replace(/"?}?$/, '')}"}`)
  .join('\n');

/** Bodies of some kilobytes that unpack to what once held the event loop for seconds, and what they are answered. */
export const bombs: [name: string, request: ReturnType<typeof packed>, status: number][] = [
  ['lines that are no JSON', lines('{\n'.repeat(FILL / 2)), 413],
  ['10,000 lines that are no JSON', lines(`${'{'.repeat(900)}\n`.repeat(10_000)), 400],
  ['far more lines than a batch may have', lines('1\n'.repeat(FILL / 2)), 413],
  ['nothing but line breaks', lines('\n'.repeat(FILL)), 200],
  ['one deep line', lines('['.repeat(FILL)), 400],
  ['one deep value', lines(line(`,"content":{"a":${'['.repeat(FILL / 2 - 100)}${']'.repeat(FILL / 2 - 100)}}`)), 400],
  ['one wide list', lines(line(`,"content":{"a":[${'1,'.repeat(FILL / 2 - 100)}1]}`)), 400],
  ['an event with a million keys', lines(`{${wideKeys}}`), 400],
  ['a batch with a million keys', batch(`{${wideKeys}}`), 400],
  ['a million numbers in place of events', batch(`{"events":[${'1,'.repeat(FILL / 2 - 100)}1]}`), 413],
  ['a deep batch', batch('{"events":['.repeat(FILL / 12)), 400],
  ['one exponent beside a long text', lines(line(`,"content":{"a":1e400,"b":"${'x'.repeat(FILL - 200)}"}`)), 400],
  [
    'one exponent among many events',
    lines(`${line(',"response_time_seconds":1e-2')}\n${`${line()}\n`.repeat(9_990)}`),
    200,
  ],
  ['a full batch', lines(fullBatch), 200],
  ['nothing but exponents', lines(line(`,"content":{"a":[${'1e400,'.repeat(FILL / 6 - 100)}1]}`)), 400],
  ['nothing but quotes', lines(line(`,"content":{"a":[${'"",'.repeat(FILL / 3 - 100)}1]}`)), 400],
  ['unknown fields in each of 10,000 events', lines(`${line(',"nope":1,"neither":2,"none":3')}\n`.repeat(9_000)), 400],
];

/** So many bytes of an object's keys. */
export const keys = (bytes: number) => wideKeys.slice(0, bytes).replace(/,[^,]*$/, '');

/** Bodies of the other dialects that once held it, and what they are answered; `organization` is the caller's account. */
export const bombsOfQueries = (
  organization: string,
): [name: string, request: { method: 'GET' | 'POST'; url: string; payload?: string }, status: number][] => {
  const post = (url: string, payload: string) => ({ method: 'POST' as const, url, payload });
  const reporting = (payload: string) => post(`/api/reporting/v1/orgs/${organization}/chat_sessions`, payload);
  const graphql = (query: string) => post('/v1/graphql', JSON.stringify({ query }));
  const fields = (count: number, field: string) => `{ rows: sessions_per_channel { ${field.repeat(count)} } }`;
  return [
    ['a deep query', reporting(`{"filters":${'['.repeat(MIB - 100)}`), 400],
    ['a wide query', reporting(`{${keys(MIB - 100)}}`), 400],
    ['an exponent in a wide query', reporting(`{"a":[${'1e999,'.repeat(100_000)}1]}`), 400],
    ['deep variables', post('/v1/graphql', `{"query":"{a}","variables":{"a":${'['.repeat(250_000)}}`), 400],
    ['many variables', post('/v1/graphql', `{"query":"{a}","variables":{${keys(100_000)}}}`), 200],
    ['one field again and again', graphql(fields(900, 'channel ')), 200],
    ['one field with arguments', graphql(fields(320, 'c(a:1) ')), 200],
    [
      'many parameters',
      { method: 'GET', url: `/v1/bots?${Array.from({ length: 3_000 }, (_, n) => `p${n}`).join('&')}` },
      400,
    ],
    ['a long parameter', { method: 'GET', url: `/v1/bots?${'x'.repeat(15_000)}=1` }, 400],
  ];
};
