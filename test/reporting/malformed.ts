/** Bodies that are no question: a name, what is sent, and a path that the refusal must name. */
import { minimal } from './ask.js';

type Malformed = [name: string, body: string | Buffer, path: string];

const SQL = "'); drop table conversations; --";

const of = (name: string, keys: object, path: string): Malformed => [
  name,
  JSON.stringify({ ...minimal, ...keys }),
  path,
];
const text = (name: string, body: string | Buffer, path = '$'): Malformed => [name, body, path];
const filter = (name: string, filters: unknown, path: string): Malformed => of(name, { filters }, `$.filters${path}`);
const selector = (dimension: unknown, value: unknown) => ({ type: 'selector', dimension, value });
const regex = (name: string, pattern: unknown): Malformed =>
  filter(`regex: ${name}`, { type: 'regex', dimension: 'scope', pattern }, '.pattern');
const number = (name: string, value: unknown): Malformed =>
  filter(`number: ${name}`, selector('sales', value), '.value');
const interval = (name: string, keys: object, path: string): Malformed =>
  of(`interval: ${name}`, { interval: { ...minimal.interval, ...keys } }, `$.interval${path}`);
const period = (name: string, keys: object, path: string): Malformed =>
  of(`granularity: ${name}`, { granularity: { type: 'period', period: 'P1D', ...keys } }, `$.granularity${path}`);
const aggregation = (name: string, item: unknown, path: string): Malformed =>
  of(`aggregation: ${name}`, { aggregations: [item] }, `$.aggregations[0]${path}`);

const inUtc = { interval: { ...minimal.interval, time_zone: 'UTC' } };

const nested = (levels: number, inner: object): object =>
  levels === 0 ? inner : { type: 'not', field: nested(levels - 1, inner) };
const deep = (levels: number) =>
  `{"filters":${'{"type":"not","field":'.repeat(levels)}{"type":"selector"}${'}'.repeat(levels)}}`;

const body: Malformed[] = [
  text('no JSON', '{"interval":'),
  text('nothing', ''),
  text('no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d])),
  text('a list', '[]'),
  text('a number', '7'),
  text('null', 'null'),
  text('an empty object', '{}', '$.interval'),
  text('500,000 brackets', '['.repeat(500_000)),
  text('200,000 lists in one another', '['.repeat(200_000) + ']'.repeat(200_000)),
  text('20,000 filters in one another', deep(20_000), '$'),
  text('100 filters in one another', deep(100), `$.filters${'.field'.repeat(20)}`),
  text('the same and a number beyond doubles', deep(20_000).replace('{', '{"n":1e999,'), '$'),
  of('an unknown key', { limit: 5 }, '$.limit'),
  of('SQL as a key', { [SQL]: 1 }, `$['\\'); drop table conversations; --']`),
  text('a key of the language', JSON.stringify(minimal).replace('{', '{"__proto__":{},'), '$.__proto__'),
];

const times: Malformed[] = [
  of('interval: a text', { interval: '2024-01-08/2024-01-09' }, '$.interval'),
  interval('no start', { start: undefined }, '.start'),
  interval('a number', { start: 1704672000000 }, '.start'),
  interval('no time', { end: 'tomorrow' }, '.end'),
  interval('SQL', { start: SQL }, '.start'),
  interval('the end before the start', { end: '2024-01-07' }, '.end'),
  interval('nothing between', { end: '2024-01-08' }, '.end'),
  interval(
    'a local time that a clock change skips',
    { start: '2024-03-31T03:30', time_zone: 'Europe/Helsinki' },
    '.start',
  ),
  interval('an unknown zone', { time_zone: 'Helsinki' }, '.time_zone'),
  interval('an offset as zone', { time_zone: '+02:00' }, '.time_zone'),
  interval('SQL as zone', { time_zone: SQL }, '.time_zone'),
  interval('an unknown key', { timezone: 'UTC' }, '.timezone'),
  of('granularity: unknown', { granularity: 'quarter' }, '$.granularity'),
  of('granularity: none', { granularity: undefined }, '$.granularity'),
  of('granularity: SQL', { granularity: SQL }, '$.granularity'),
  period('24 hours', { period: 'PT24H' }, '.period'),
  period('two units', { period: 'P1DT12H' }, '.period'),
  period('no ISO period', { period: '1 day' }, '.period'),
  period('nothing', { period: 'P0D' }, '.period'),
  period('another type', { type: 'duration' }, '.type'),
  period('an origin', { origin: '2024-01-01' }, '.origin'),
  period('SQL as zone', { timeZone: SQL }, '.timeZone'),
  of(
    'granularity: another zone',
    { ...inUtc, granularity: { type: 'period', period: 'P1D', timeZone: 'Asia/Kolkata' } },
    '$.granularity.timeZone',
  ),
  of('10,001 buckets', { ...wide('2024-01-07T22:41'), granularity: 'minute' }, '$.granularity'),
  of(
    'over 100,000 numbers',
    { ...wide('2024-01-07T22:40'), granularity: 'minute', aggregations: eleven() },
    '$.granularity',
  ),
];

function wide(end: string) {
  return { interval: { start: '2024-01-01', end } };
}

function eleven() {
  const numbers = ['order_count', 'sales', 'subscription_sales', 'user_message_count', 'visitor_message_count'];
  return [{ type: 'count' }, { type: 'sum', fields: numbers }, { type: 'max', fields: numbers }];
}

const lists: Malformed[] = [
  of('no aggregation', { aggregations: [] }, '$.aggregations'),
  of('aggregations: an object', { aggregations: { type: 'count' } }, '$.aggregations'),
  of('101 aggregations', { aggregations: Array(101).fill({ type: 'count' }) }, '$.aggregations'),
  of('two of one name', { aggregations: [{ type: 'count' }, { type: 'count' }] }, '$.aggregations[1]'),
  aggregation('a text', 'count', ''),
  aggregation('unknown', { type: 'median', fields: ['sales'] }, '.type'),
  aggregation('SQL', { type: SQL, fields: ['sales'] }, '.type'),
  aggregation('a sum of nothing', { type: 'sum' }, '.fields'),
  aggregation('a sum of texts', { type: 'sum', fields: ['sales', 'scope'] }, '.fields[1]'),
  aggregation('a distinct count of numbers', { type: 'hyperUnique', fields: ['sales'] }, '.fields[0]'),
  aggregation('SQL as field', { type: 'sum', fields: [SQL] }, '.fields[0]'),
  aggregation('a name', { type: 'count', name: 'n' }, '.name'),
  of('group_by: a text', { group_by: 'scope' }, '$.group_by'),
  of('group_by: unknown', { group_by: ['scope', 'browser'] }, '$.group_by[1]'),
  of('group_by: twice', { group_by: ['scope', 'team_id', 'scope'] }, '$.group_by[2]'),
  of('group_by: SQL', { group_by: [SQL] }, '$.group_by[0]'),
  of('group_by: a key of the language', { group_by: ['constructor'] }, '$.group_by[0]'),
  of('group_by: 100,000', { group_by: Array(100_000).fill('x') }, '$'),
  of('group_by: 1,000', { group_by: Array(1_000).fill('x') }, '$.group_by'),
];

const filters: Malformed[] = [
  filter('a text', 'scope=org', ''),
  filter('no type', { dimension: 'scope', value: 'org' }, '.type'),
  filter('an unknown type', { type: 'search', dimension: 'scope' }, '.type'),
  filter('SQL as type', { type: SQL }, '.type'),
  filter('and of nothing', { type: 'and', fields: [] }, '.fields'),
  filter('or without fields', { type: 'or' }, '.fields'),
  filter('not of a list', { type: 'not', field: [selector('scope', 'org')] }, '.field'),
  filter('fields for field', { type: 'not', fields: [selector('scope', 'org')] }, '.fields'),
  filter('in a list', [selector('scope', 'org'), selector('browser', 'x')], '[1].dimension'),
  filter('SQL as dimension', selector(SQL, 'org'), '.dimension'),
  filter('no value', selector('scope', undefined), '.value'),
  filter('a value of many', selector('scope', ['org']), '.value'),
  filter('U+0000', selector('user_id', 'a\0b'), '.value'),
  filter('half a character', selector('user_id', '\ud800'), '.value'),
  filter('no values', { type: 'in', dimension: 'scope', values: 'org' }, '.values'),
  filter('1,001 values', { type: 'in', dimension: 'scope', values: Array(1_001).fill('org') }, '.values'),
  filter('30,000 objects', { type: 'in', dimension: 'scope', values: Array(30_000).fill({}) }, '.values'),
  filter('a value in a list', { type: 'in', dimension: 'scope', values: ['org', {}] }, '.values[1]'),
  filter('no bound', { type: 'bound', dimension: 'sales' }, ''),
  filter('an unknown ordering', { type: 'bound', dimension: 'sales', lower: 1, ordering: 'size' }, '.ordering'),
  filter('a text for true', { type: 'bound', dimension: 'sales', lower: 1, lowerStrict: 'yes' }, '.lowerStrict'),
  filter('what extracts', { type: 'bound', dimension: 'sales', lower: 1, extractionFn: {} }, '.extractionFn'),
  filter('1,001 filters', Array(1_001).fill(selector('scope', 'org')), ''),
  filter('15,000 filters', { type: 'or', fields: Array(15_000).fill(selector('scope', 'org')) }, ''),
  filter('11,000 values', Array(11).fill({ type: 'in', dimension: 'scope', values: Array(1_000).fill('org') }), ''),
  filter('21 levels', nested(20, selector('scope', 'org')), '.field'.repeat(20)),
  filter('21 patterns', Array(21).fill({ type: 'regex', dimension: 'scope', pattern: 'o' }), ''),
  filter('like: of a number', { type: 'like', dimension: 'sales', pattern: '1%' }, '.dimension'),
  filter('like: no text', { type: 'like', dimension: 'scope', pattern: 1 }, '.pattern'),
  filter('like: too long', { type: 'like', dimension: 'scope', pattern: '%'.repeat(501) }, '.pattern'),
  filter('like: ends in its escape', { type: 'like', dimension: 'scope', pattern: 'a!', escape: '!' }, '.pattern'),
  filter('like: escapes', { type: 'like', dimension: 'scope', pattern: 'a', escape: '!!' }, '.escape'),
  number('a word', 'ten'),
  number('not a number', 'NaN'),
  number('without end', 'Infinity'),
  number('too large for PostgreSQL', '1e999999'),
  number('hexadecimal', '0x10'),
  number('true', true),
  number('SQL', `1${SQL}`),
];

const patterns: Malformed[] = [
  regex('no text', ['a']),
  regex('SQL', SQL),
  regex('501 characters', 'a'.repeat(501)),
  regex('counts in counts', '((((a{200}){200}){200}){200})'),
  regex('hidden in {0}', '(((a{200}){200}){200}){0}'),
  regex('too loose', '(a?){101}'),
  regex('loose in loose', '((a*)*b?){60}'),
  regex('deep groups', '('.repeat(200) + ')'.repeat(200)),
  regex('an end that repeats', '(a$)*'),
  regex('a start in the middle', 'a^b'),
  regex('a look ahead', 'a(?=b)'),
  regex('a flag', '(?i)a'),
  regex('a reference', '(a)\\1'),
  regex('a class of Unicode', '\\p{L}'),
];

export const malformed: Malformed[] = [...body, ...times, ...lists, ...filters, ...patterns];
