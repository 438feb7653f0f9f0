import type { Filter, Test } from '../filter.js';
import { filtersOf } from '../measure.js';
import type { AsOf, Query, QueryOf } from '../query.js';
import type { Part } from '../raw/raw.js';
import { type Axis, axisOf, type LocalClock, localClock, precisionOf } from './axis.js';
import { type ColumnName, fields, type SegmentField } from './columns.js';

/** The words of one column that a query needs to know. */
export interface Vocabulary {
  column: ColumnName;
  /** Tests to decide for each word, by position. */
  tests: Test[];
  /** All words, to name groups; otherwise only those that the tests, all of them `in`, list. */
  isWhole: boolean;
}

/** What a query needs from the segments. */
export interface Plan {
  query: QueryOf<'conversations'>;
  parts: Part[];
  axes: Axis[];
  asOf: AsOf;
  /** Columns that every segment must bring. */
  columns: ColumnName[];
  vocabularies: Vocabulary[];
  usesState: boolean;
  /** Whether conversations expire without an explicit close. */
  expires: boolean;
  /** With `usesState`, the channels with a timeout of their own, as tests of the vocabulary of channels. */
  channels: ReadonlyMap<string, Test>;
  clock: LocalClock | null;
  /** Instants within a segment at which rows change their bucket, and what decides on which side a row is. */
  cuts: number[][];
  /** The bots that the query is restricted to; null for all. */
  bots: string[] | null;
}

/** The plan of a query, or the reason why segments cannot answer it. */
export function planOf(query: Query, parts: Part[], asOf: AsOf): Plan | { reason: string } {
  if (query.dataset !== 'conversations') return { reason: `segments hold conversations, not ${query.dataset}` };
  const { scope } = query;
  const restricted: Filter = {
    op: 'and',
    of: [query.where, ...among('team_id', scope.teams), ...among('bot_id', scope.bots)],
  };
  const needs = new Needs(asOf);
  const usable =
    query.groupBy.every((name) => needs.group(name)) &&
    needs.filter(restricted) &&
    query.measures.every(
      (measure) =>
        filtersOf(measure).every((filter) => needs.filter(filter)) &&
        (!('of' in measure) || measure.of === undefined || needs.value(measure.of)),
    );
  if (!usable) return { reason: needs.obstacle };
  const axes = parts.map(axisOf);
  const instants = [...new Set(axes.flatMap(({ cuts }) => [...cuts]))].sort((a, b) => a - b);
  const clock = needs.usesClock ? localClock(parts) : null;
  return {
    query: { ...query, where: restricted } as QueryOf<'conversations'>,
    parts,
    axes,
    asOf,
    columns: [...needs.columns],
    vocabularies: [...needs.vocabularies.values()],
    usesState: needs.usesState,
    expires: [asOf.timeouts.initial, ...asOf.timeouts.channels.values()].some((timeout) => timeout !== null),
    channels: needs.channels,
    clock,
    cuts: [0, 1, 2].map((least) => instants.filter((instant) => precisionOf([instant]) >= least)),
    bots: botsIn(restricted),
  };
}

const among = (dimension: string, values: readonly string[] | null): Filter[] =>
  values === null ? [] : [{ op: 'in', dimension, values: [...values] }];

/** The bots outside of which a filter matches nothing. */
function botsIn(filter: Filter): string[] | null {
  if ('dimension' in filter) {
    if (filter.dimension !== 'bot_id' || filter.op !== 'in' || filter.values.includes(null)) return null;
    return filter.values.map(String);
  }
  if (filter.op !== 'and') return null;
  let bots: string[] | null = null;
  for (const part of filter.of) {
    const own = botsIn(part);
    if (own !== null) bots = bots === null ? own : bots.filter((bot) => own.includes(bot));
  }
  return bots;
}

/** Collects what a query needs. Its methods return false, with an `obstacle`, for a field or a test that segments do not know. */
class Needs {
  readonly columns = new Set<ColumnName>();
  readonly vocabularies = new Map<ColumnName, Vocabulary>();
  readonly channels = new Map<string, Test>();
  usesState = false;
  usesClock = false;
  obstacle = '';
  readonly #asOf: AsOf;

  constructor(asOf: AsOf) {
    this.#asOf = asOf;
  }

  value(name: string): boolean {
    const field = fieldNamed(name);
    if (field === undefined) return this.#lacks(`segments have no ${name}`);
    if (field.as === 'clock') this.usesClock = true;
    else if (field.as === 'state') this.#state();
    else if (field.as === 'number') for (const column of field.columns) this.columns.add(column);
    else this.columns.add(field.column);
    return true;
  }

  group(name: string): boolean {
    const field = fieldNamed(name);
    if (field?.as === 'text') this.#words(field.column).isWhole = true;
    if (name === 'user_id') return this.#lacks('segments do not group by user_id');
    return this.value(name);
  }

  filter(filter: Filter): boolean {
    if (!('dimension' in filter)) {
      return filter.op === 'not' ? this.filter(filter.of) : filter.of.every((part) => this.filter(part));
    }
    const field = fieldNamed(filter.dimension);
    if (field === undefined) return this.#lacks(`segments have no ${filter.dimension}`);
    const isNumber = field.as === 'number' || field.as === 'clock';
    if (field.as === 'text') this.#test(field.column, filter);
    else if (filter.op === 'like' || filter.op === 'regex' || (filter.op === 'bound' && !isNumber)) {
      return this.#lacks(`segments do not test ${filter.dimension} by ${filter.op}`);
    }
    return this.value(filter.dimension);
  }

  #lacks(obstacle: string): false {
    this.obstacle = obstacle;
    return false;
  }

  #test(column: ColumnName, test: Test): void {
    const words = this.#words(column);
    if (!words.tests.includes(test)) words.tests.push(test);
    if (test.op !== 'in') words.isWhole = true;
  }

  #words(column: ColumnName): Vocabulary {
    const found = this.vocabularies.get(column) ?? { column, tests: [], isWhole: false };
    this.vocabularies.set(column, found);
    return found;
  }

  #state(): void {
    this.usesState = true;
    for (const channel of this.#asOf.timeouts.channels.keys()) {
      if (this.channels.has(channel)) continue;
      const test: Test = { op: 'in', dimension: 'channel', values: [channel] };
      this.channels.set(channel, test);
      this.#test('channel', test);
    }
    if (this.#asOf.timeouts.channels.size > 0) this.columns.add('channel');
  }
}

export const fieldNamed = (name: string): SegmentField | undefined =>
  Object.hasOwn(fields, name) ? (fields as Record<string, SegmentField>)[name] : undefined;
