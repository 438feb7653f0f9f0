import type { Database } from '../../database/database.js';
import type { AsOf, Query } from '../query.js';
import type { Found, Part } from '../raw/raw.js';
import { type Accumulator, accumulatorOf, Inexact } from './cells.js';
import { TooManyValues } from './collecting.js';
import { Groups, TooManyGroups } from './groups.js';
import { matching } from './matching.js';
import { type Plan, planOf } from './plan.js';
import { type Receiver, read } from './read.js';
import { MissingColumn } from './rows.js';
import type { ColumnName } from './section.js';
import { tabled } from './tabled.js';
import { Words } from './words.js';

/**
 * The fast road: sums over segments, the columns of a bot's day. It answers what it can exactly as the raw road does, and
 * null otherwise: for a dataset or field that segments do not have, when too many of them are out of date, or beyond the
 * bounds of its memory.
 */
export async function segments(db: Database, query: Query, parts: Part[], asOf: AsOf): Promise<Found | null> {
  const plan = planOf(query, parts, asOf);
  if (plan === null) return null;
  try {
    let sums = summing(plan);
    const found = await read(db, plan, () => {
      sums = summing(plan);
      return sums;
    });
    if (found === null) return null;
    const rows = await tabled(plan, sums.groups, sums.accumulators);
    return { parts: rows, mixedCurrencies: false, present: found.present };
  } catch (error) {
    if (unfit.some((kind) => error instanceof kind)) return null;
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
  const accumulators = plan.query.measures.map(accumulatorOf);
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
