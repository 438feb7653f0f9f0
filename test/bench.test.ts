import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { chart } from '../bench/chart.js';
import { differing, normal } from '../bench/compare.js';
import { root } from '../src/root.js';
import { isFull } from './tools/form.js';

const byDay = { body: { bucket: '1d', group_by: ['channel'] } };
const rows = [
  ['2024-02-01T00:00:00+02:00', 'web', 7, 2.5],
  ['2024-02-01T00:00:00+02:00', null, 1, 0.1],
  ['2024-02-02T00:00:00+02:00', 'web', 0, 0],
];
const truth = normal(byDay, rows);

t.test('answers of the benchmark are the same in every form and order, without empty buckets', async (t) => {
  const midnight = Date.parse('2024-01-31T22:00:00Z');
  const asNumbers = normal(byDay, [
    [midnight, null, 1, 0.1],
    [midnight, 'web', 7, 2.5],
  ]);
  t.strictSame(asNumbers, truth);
  const asDates = normal(byDay, [
    [new Date(midnight), 'web', '7', '2.5'],
    [new Date(midnight), null, '1', '0.1'],
  ]);
  t.equal(differing(asDates, truth), null);
  t.throws(() => normal(byDay, [rows[0] as unknown[], rows[0] as unknown[]]), /two rows/);
});

t.test(
  'a wrong answer is seen: a row too few, another group, a count off by one, a sum off in its 11th digit',
  async (t) => {
    const changed = (row: number, cell: number, value: unknown) =>
      normal(
        byDay,
        rows.map((cells, r) => cells.map((old, c) => (r === row && c === cell ? value : old))),
      );
    t.equal(differing(changed(1, 3, 0.1 + 1e-15), truth), null);
    t.match(differing(normal(byDay, rows.slice(1)), truth), '1 and 2 rows');
    for (const wrong of [
      changed(1, 1, 'email'),
      changed(0, 2, 8),
      changed(0, 3, 2.5 + 1e-10),
      changed(0, 0, '2024-02-01'),
    ])
      t.match(differing(wrong, truth), /2024|17/);
    t.not(differing(normal(byDay, [rows[0]?.slice(0, 3) as unknown[], rows[1] as unknown[]]), truth), null);
  },
);

t.test('the chart puts DuckDB at 1 and a read at its median', async (t) => {
  const read = (name: string, run: number[]) => ({
    name,
    means: '',
    run,
    http: [10, 10],
    sql: [100, 100],
    duckdb: [10, 10],
  });
  const picture = chart([read('a', [1, 1]), read('b <', [10, 10]), read('empty', [10_000, 10_000])], 'Reads');
  const [line] = /<line x1="([\d.]+)"[^>]*stroke="#24292f"/.exec(picture)?.slice(1) ?? [];
  const blue = [...picture.matchAll(/<circle cx="([\d.]+)" cy="\d+" r="5" fill="#1f6feb"/g)].map(([, x]) => Number(x));
  t.strictSame(
    blue.slice(-2).map((x) => x - Number(line) <= 0),
    [true, true],
  );
  t.equal(blue.at(-1), Number(line));
  t.ok((blue.at(-2) as number) < Number(line));
  t.match(picture, 'b &lt;');
  t.notMatch(picture, 'empty');
});

t.test('every report agrees with SQL by hand on a small world', { skip: !isFull && 'in the long form' }, async (t) => {
  const command = [join(root, 'dist/bench/reports.js'), '--conversations', '2000'];
  const { stdout } = await promisify(execFile)(process.execPath, command).catch((error: { stdout: string }) => ({
    stdout: `${error.stdout}\nended with 1`,
  }));
  t.notMatch(stdout, /differ|ended with 1/);
  t.ok(stdout.split('\n').length > 100, 'a line for each operation and range');
});

t.test('the command refuses what it does not know, before it starts anything', async (t) => {
  const bench = async (...options: string[]) => {
    const run = promisify(execFile)(process.execPath, [join(root, 'dist/bench/bench.js'), ...options]);
    return run.then(
      ({ stdout }) => ({ code: 0, told: stdout }),
      (error: { code: number; stderr: string }) => ({ code: error.code, told: error.stderr }),
    );
  };
  t.match(await bench('--help'), { code: 0, told: '--conversations <n>' });
  for (const [options, told] of [
    [['--fast'], 'unknown option'],
    [['extra'], 'too many arguments'],
    [['--conversations', '1e6'], 'whole number'],
    [['--bots', '0'], 'whole number'],
    [['--only', 'z'], 'percentile'],
    [['--bots', '10', '--conversations', '10'], 'cannot be used with'],
  ] as const)
    t.match(await bench(...options), { code: 1, told }, options.join(' '));
});
