import t from 'tap';
import { parsePattern } from '../src/queries/pattern.js';
import { type Random, random } from './fold/events.js';
import { world } from './harness.js';

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000_000);

const hard = [
  'a',
  'b',
  'A',
  '1',
  '_',
  '-',
  ' ',
  '\n',
  '\r',
  '\t',
  '\v',
  '\u0085',
  '\u00a0',
  '\u2028',
  'é',
  'ß',
  '٣',
  '𝒳',
  'Ｚ',
];
const syntax = ['.', '*', '+', '?', '[', ']', '^', '$', '\\', '(', ')', '{', '}', '|', '/', '&'];
const chars = [...hard, ...syntax];

/** A random pattern of the subset, with the characters that engines quarrel about. */
function randomPattern(r: Random, depth = 0): string {
  const branches = Array.from({ length: r.pick([1, 1, 1, 2, 3]) }, () =>
    Array.from({ length: r.below(4) }, () => piece(r, depth)).join(''),
  );
  const [start, end] = depth === 0 ? [r.pick(['', '', '^']), r.pick(['', '', '$'])] : ['', ''];
  return branches.map((branch) => `${start}${branch}${end}`).join('|');
}

function piece(r: Random, depth: number): string {
  const repetition = r.pick(['', '', '', '*', '+', '?', '{2}', '{1,}', '{0,2}', '{0}', '{1,3}']);
  return atom(r, depth) + repetition;
}

function atom(r: Random, depth: number): string {
  const plain = (char: string, special: RegExp) => (special.test(char) ? `\\${char}` : char);
  switch (r.pick(['char', 'char', 'char', 'any', 'class', 'range', depth < 3 ? 'group' : 'char'])) {
    case 'any':
      return r.pick(['.', '\\d', '\\w', '\\s']);
    case 'class': {
      const members = Array.from({ length: 1 + r.below(3) }, () =>
        r.chance(0.2) ? r.pick(['\\d', '\\w', '\\s']) : plain(r.pick(chars), /[\\\][^&-]/),
      );
      return `[${r.pick(['', '^'])}${members.join('')}]`;
    }
    case 'range':
      return `[${r.pick(['', '^'])}${r.pick(['a-z', 'A-Z', '\t-\r', ' -~', 'é-𝒳', '0-9_', '-a', 'a-'])}]`;
    case 'group':
      return `${r.pick(['(', '(?:'])}${randomPattern(r, depth + 1)})`;
    default:
      return plain(r.pick(chars), /[\\^$.*+?()[\]{}|]/);
  }
}

t.test(`PostgreSQL and JavaScript find the same values (SEED=${seed} repeats them)`, async (t) => {
  const r = random(seed);
  const w = await world(t);
  const values = ['', 'ab', 'ab\n', '\nab', ...chars];
  for (let n = 0; n < 60; n++) values.push(Array.from({ length: r.below(6) }, () => r.pick(chars)).join(''));
  let [read, hits, wrong] = [0, 0, 0];
  for (let n = 0; n < 1_500 && wrong < 5; n++) {
    const text = randomPattern(r);
    const parsed = parsePattern(text);
    if (!parsed.ok) {
      t.match(parsed.message, /too loose|too large/, encodeURIComponent(text)); // no name that TAP would read otherwise
      continue;
    }
    read++;
    const [found] = await w.sql<{ at: number[] }[]>`
      select array(select n::integer from unnest(${values}::text[]) with ordinality as v (value, n)
        where value collate "C" ~ ${parsed.pattern}::text order by n) as at`;
    const pattern = new RegExp(parsed.pattern, 'us');
    const expected = values.flatMap((value, n) => (pattern.test(value) ? [n + 1] : []));
    hits += expected.length;
    if (String(found?.at) !== String(expected)) {
      wrong++;
      t.strictSame(found?.at, expected, `${JSON.stringify(text)}, read as ${JSON.stringify(parsed.pattern)}`);
    }
  }
  t.equal(wrong, 0);
  t.ok(read > 1_400 && hits > 10_000, `${read} patterns, ${hits} hits`);
});

t.test('what is read, and how', async (t) => {
  for (const [text, pattern] of [
    ['^(k0[1-3]|f/)', '^(?:k0[1-3]|f/)'],
    ['\\d+\\.\\s', '[0-9]+\\.[\t-\r ]'],
    ['[\\w.-]', '[0-9A-Za-z_.\\-]'],
    ['[^^\\]]', '[^\\^\\]]'],
    ['a]}', 'a\\]\\}'],
    ['a{2,2}b{3,}', 'a{2}b{3,}'],
    ['', ''],
  ] as const) {
    t.strictSame(parsePattern(text), { ok: true, pattern }, text);
  }
});

t.test('what is refused, and why', async (t) => {
  for (const [text, why] of [
    ['a)', /without its \(/],
    ['(a', /without its \)/],
    ['[a', /without its \]/],
    ['[]', /empty class/],
    ['[z-a]', /backwards/],
    ['[\\d-z]', /end of a range/],
    ['[a&&b]', /&&/],
    ['[[:alpha:]]', /\\\[/],
    ['*a', /nothing to repeat/],
    ['(|*)', /nothing to repeat/],
    ['a**', /one repetition right after another/],
    ['a*?', /one repetition right after another/],
    ['a{x}', /\{m\}/],
    ['a{1', /\{m\}/],
    ['a{2,1}', /backwards/],
    ['a{201}', /more than 200/],
    ['a{0,9999}', /more than 200/],
    ['(a{200}){6}', /too large/],
    ['(a{0,2}){51}', /too loose/],
    ['(()){101}', /too loose/],
    ['a^', /\^/],
    ['$a', /\$/],
    ['(^a)+', /repeats/],
    ['\\', /backslash/],
    ['\\b', /\\b/],
    ['\\n', /\\n/],
    ['\\1', /\\1/],
    ['(?<x>a)', /group/],
    ['(?!a)', /group/],
    [`${'('.repeat(21)}${')'.repeat(21)}`, /nested/],
    ['a'.repeat(501), /at most 500/],
  ] as const) {
    const parsed = parsePattern(text);
    t.ok(!parsed.ok && why.test(parsed.message), `${text.slice(0, 50)}: ${parsed.ok ? 'read' : parsed.message}`);
  }
});
