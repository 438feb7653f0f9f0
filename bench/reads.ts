import { openPool, type Pool } from '../src/database/database.js';
import { Faults } from '../src/http/faults.js';
import type { Query } from '../src/queries/query.js';
import { run } from '../src/queries/run.js';
import { parseQuestion, paths } from '../src/routes/query/parse.js';
import { shapeAnswer } from '../src/routes/query/shape.js';
import type { Read } from './canonical.js';
import { differing, normal } from './compare.js';
import { type Duck, nameOf } from './duck.js';
import type { Samples } from './figures.js';
import { ACCOUNT, outdate, PATIENCE, type Service } from './service.js';

/** Who answers: `run(query)` in this process, the service over HTTP, SQL by hand, and DuckDB in this process. */
export const parties = ['run', 'http', 'sql', 'duckdb'] as const;
export type Party = (typeof parties)[number];

/** Milliseconds of a read: a sample a round of each. */
export interface ReadFigures extends Record<Party, Samples> {
  name: string;
  means: string;
  target?: number;
}

/** The least and the most rounds of a read, and the milliseconds after which there are no more than the least. */
export interface Rounds {
  least: number;
  most: number;
  enough: number;
}

interface Answer {
  ms: number;
  rows: readonly (readonly unknown[])[];
}

/**
 * How often each but the SQL is asked in its turn before the answer that counts. A process that has waited for the turns of others is
 * slow at first: on a virtual machine even a server that only says `ok` took 15 ms after three seconds.
 */
const BEFORE = 3;
/** The same before the first round, so that JavaScript is compiled: a service has answered more than that. */
const BEFORE_ALL = 40;

/**
 * Asks all four the same, one after the other, round after round; who is first changes. SQL by hand is asked once in its turn,
 * and once before the first round: it takes much longer than it takes to warm up. Every answer that counts is compared to the last row with that of
 * DuckDB, and one that differs ends the benchmark.
 */
export async function benchReads(
  { target, sql, ask }: Service,
  duck: Duck,
  reads: Read[],
  rounds: Rounds,
  tell: (text: string) => void,
): Promise<ReadFigures[]> {
  const pool = openPool(target, { max: 4, statementTimeout: PATIENCE });
  try {
    const all: ReadFigures[] = [];
    for (const read of reads) {
      tell(`read ${read.name}: ${read.means}`);
      const turns: Record<Party, () => Promise<Answer>> = {
        run: () => inCore(pool, read),
        async http() {
          await outdate(sql);
          const { ms, value } = await timed(() =>
            ask('POST', '/v1/query', JSON.stringify(read.body), 'application/json'),
          );
          return { ms, rows: JSON.parse(value).rows };
        },
        async sql() {
          const { ms, value } = await timed(() => read.byHand(sql));
          return { ms, rows: value };
        },
        duckdb: async () => named(read, await duck.ask(read.duck)),
      };
      all.push(await measure(read, turns, rounds));
    }
    return all;
  } finally {
    await pool.close();
  }
}

async function measure(
  read: Read,
  turns: Record<Party, () => Promise<Answer>>,
  { least, most, enough }: Rounds,
): Promise<ReadFigures> {
  const { name, means, target } = read;
  const figures: ReadFigures = {
    name,
    means,
    ...(target === undefined ? {} : { target }),
    run: [],
    http: [],
    sql: [],
    duckdb: [],
  };
  for (const party of parties) await repeat(turns[party], party === 'sql' ? 1 : BEFORE_ALL);
  const began = performance.now();
  for (let round = 0; round < most; round++) {
    if (round >= least && performance.now() - began > enough) break;
    const answers = new Map<Party, Answer>();
    for (const n of parties.keys()) {
      const party = parties[(n + round) % parties.length] as Party;
      if (party !== 'sql') await repeat(turns[party], BEFORE);
      answers.set(party, await turns[party]());
    }
    const truth = normal(read, answers.get('duckdb')?.rows ?? []);
    for (const party of parties) {
      const { ms, rows } = answers.get(party) as Answer;
      const difference = differing(normal(read, rows), truth);
      if (difference !== null) throw new Error(`read ${name}: ${party} and duckdb differ: ${difference}`);
      figures[party].push(ms);
    }
  }
  return figures;
}

async function repeat(turn: () => Promise<unknown>, times: number): Promise<void> {
  for (let n = 0; n < times; n++) await turn();
}

/** The core query that the service makes of the same body, without HTTP and JSON. */
async function inCore(pool: Pool, { body }: Read): Promise<Answer> {
  const faults = new Faults();
  const now = Date.now();
  const { query: parsed, ...rest } = parseQuestion(body, now, faults);
  faults.check();
  const query = { ...parsed, scope: { account: ACCOUNT, teams: null, bots: null } } as Query;
  const asOf = { now, timeouts: { initial: null, channels: new Map() } }; // as the service has it
  const { ms, value } = await timed(() => run(pool, query, asOf, paths));
  return { ms, rows: shapeAnswer(value, { ...rest, query }, []).rows };
}

async function timed<Value>(answer: () => PromiseLike<Value>): Promise<{ ms: number; value: Value }> {
  const started = performance.now();
  const value = await answer();
  return { ms: performance.now() - started, value };
}

/** DuckDB's rows with names for the small integers of groups. */
function named({ body }: Read, { ms, rows }: Answer): Answer {
  const first = body.bucket === undefined ? 0 : 1;
  const names = (body.group_by ?? []).map((dimension) => nameOf[dimension]);
  const renamed = rows.map((row) =>
    row.map((cell, n) => (typeof cell === 'number' ? (names[n - first]?.(cell) ?? cell) : cell)),
  );
  return { ms, rows: renamed };
}
