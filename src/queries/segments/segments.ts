import type { Database } from '../../database/database.js';
import type { AsOf, Query } from '../query.js';
import type { Found, Part } from '../raw/raw.js';
import { type Accumulator, accumulatorOf, Inexact } from './cells.js';
import { Groups, TooManyGroups } from './groups.js';
import { matching } from './matching.js';
import { Room, TooManyValues } from './percentile.js';
import { type Plan, planOf } from './plan.js';
import { type Read, type Receiver, read } from './read.js';
import { MissingColumn } from './rows.js';
import type { ColumnName } from './section.js';
import { tabled } from './tabled.js';
import { Words } from './words.js';

/**
 * The fast road: sums over segments, the columns of a bot's day. It answers what it can exactly as the raw road does, and
 * the reason otherwise: a dataset or field that segments do not have, too many of them out of date, or the bounds of its
 * memory.
 */
export async function segments(
  db: Database,
  query: Query,
  parts: Part[],
  asOf: AsOf,
): Promise<(Found & { read: Read }) | { reason: string }> {
  const plan = planOf(query, parts, asOf);
  if ('reason' in plan) return plan;
  try {
    let sums = summing(plan);
    const found = await read(db, plan, () => {
      sums = summing(plan);
      return sums;
    });
    if ('reason' in found) return found;
    const rows = await tabled(plan, sums.groups, sums.accumulators);
    return { parts: rows, mixedCurrencies: false, present: found.present, read: found };
  } catch (error) {
    if (error instanceof Error && unfit.some((kind) => error instanceof kind)) return { reason: error.message };
    throw error;
  }
}

/** What only shows while a query is answered, and leaves it to the raw road. */
const unfit = [MissingColumn, Inexact, TooManyGroups, TooManyValues];

/** Adds up segments as they arrive. */
function summing(plan: Plan): Receiver & { groups: Groups; accumulators: Accumulator[] } {
  const words = new Map<ColumnName, Words>(
    plan.vocabularies.map((vocabulary) => [vocabulary.column, new Words(vocabulary)]),
  );
  const groups = new Groups(plan, words);
  const room = new Room();
  const accumulators = plan.query.measures.map((measure) => accumulatorOf(measure, room));
  return {
    groups,
    accumulators,
    word: (word) => words.get(word.vocabulary.column)?.add(word),
    segment(stored) {
      const rows = matching(stored, plan, words);
      if (rows === null) return;
      for (const part of plan.parts.keys()) {
        const found = groups.of(rows, part);
        if (found === null) continue;
        for (const accumulator of accumulators) accumulator.add(rows, found);
      }
    },
  };
}
