import type { Arena } from './arena.js';
import { isUncut } from './axis.js';
import { type Frame, kept, placesOf, rowFrame, runFrame, type Stored } from './frame.js';
import { maskOf } from './masks.js';
import type { Plan } from './plan.js';
import { Rows } from './rows.js';
import type { ColumnName } from './section.js';
import { tallied } from './tally.js';
import type { Words } from './words.js';

/**
 * The rows of a segment that match the query's filter, with the columns that its groups and measures need; null if none
 * does. No column but those of the filter is decoded for all rows. What comes in few rows is kept so: as runs where all columns
 * are, else as combinations of values where they are few.
 */
export function matching(stored: Stored, plan: Plan, words: Map<ColumnName, Words>): Rows | null {
  const over = (frame: Frame) => new Rows(frame, plan, words, stored.arena);
  const isRun = (name: ColumnName) => stored.columns.get(name)?.isRun === true;
  const has = (name: ColumnName) => stored.columns.has(name);
  const filtering = plan.filtering.columns.filter(has);
  const summed = neededOf(stored, plan).filter(has);
  const isInRuns = summed.every(isRun);
  let selection: Int32Array | null = null;
  if (plan.hasFilter) {
    const areRuns = filtering.every(isRun);
    const rows = over(areRuns ? runFrame(stored, filtering) : rowFrame(stored, filtering, null));
    const mask = maskOf(plan.query.where, rows);
    if (mask !== null && !mask.includes(1)) return null;
    if (mask?.includes(0)) {
      if (areRuns && isInRuns) return matchingRuns(stored, plan, [...filtering, ...summed], over);
      const { weights } = rows.frame;
      selection = weights === null ? placesOf(mask, stored.arena) : rowsOf(mask, weights, stored.arena);
    }
  }
  if (isInRuns && selection === null) return over(runFrame(stored, summed));
  const frame = tallied(stored, summed, selection);
  return over(frame ?? rowFrame(stored, summed, selection));
}

function matchingRuns(stored: Stored, plan: Plan, names: ColumnName[], over: (frame: Frame) => Rows): Rows | null {
  const frame = runFrame(stored, new Set(names));
  const mask = maskOf(plan.query.where, over(frame)) as Uint8Array;
  return over(kept(frame, mask, stored.arena));
}

/** The columns of groups and measures; those of time only where a bucket begins within the segment. */
function neededOf({ from, to }: Stored, plan: Plan): ColumnName[] {
  const isCut = plan.summing.usesClock || plan.axes.some((axis) => !isUncut(axis, from, to));
  return isCut ? [...plan.summing.columns, 'hour', 'minute', 'millisecond'] : plan.summing.columns;
}

/** The rows of the runs that a mask leaves. */
function rowsOf(mask: Uint8Array, weights: Int32Array, arena: Arena): Int32Array {
  let length = 0;
  for (let n = 0; n < mask.length; n++) if (mask[n] === 1) length += weights[n] as number;
  const rows = arena.integers(length);
  for (let n = 0, start = 0, next = 0; next < length; n++) {
    const end = start + (weights[n] as number);
    if (mask[n] === 1) for (let row = start; row < end; row++) rows[next++] = row;
    start = end;
  }
  return rows;
}
