import type { Filter, Test } from '../filter.js';
import { filtersOf, type Measure } from '../measure.js';
import type { AsOf, Query } from '../query.js';
import type { Part } from '../raw/raw.js';
import { type Axis, axisOf, DAY, type LocalClock, localClock, precisionOf } from './axis.js';
import { type ColumnName, fieldNamed, type Section, sectionOf } from './section.js';

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
  query: Query;
  section: Section;
  parts: Part[];
  axes: Axis[];
  asOf: AsOf;
  /** What the filter needs, and what groups and measures do. */
  filtering: Use;
  summing: Use;
  /** Columns that every segment must bring. */
  columns: ColumnName[];
  vocabularies: Vocabulary[];
  usesState: boolean;
  /** Whether the filter can leave out anything. */
  hasFilter: boolean;
  /** Whether conversations expire without an explicit close. */
  expires: boolean;
  /** With `usesState`, the channels with a timeout of their own, as tests of the vocabulary of channels. */
  channels: ReadonlyMap<string, Test>;
  clock: LocalClock | null;
  /**
   * Instants within a segment at which rows change their bucket: all; those at which the minute of a row decides too; and those
   * at which its millisecond does.
   */
  cuts: number[][];
  /** The bots that the query is restricted to; null for all. */
  bots: string[] | null;
  /** The stored numbers of the values of tests, as they become known. */
  storedValues: Map<Test, number[]>;
}

/** What a part of a query reads of a segment, apart from what decides on the bucket. */
export interface Use {
  columns: ColumnName[];
  usesClock: boolean;
}

/** The plan of a query, or the reason why segments cannot answer it. */
export function planOf(query: Query, parts: Part[], asOf: AsOf): Plan | { reason: string } {
  const section = sectionOf(query.dataset);
  if (section === null) return { reason: `segments do not hold ${query.dataset}` };
  const { scope } = query;
  const restricted: Filter = {
    op: 'and',
    of: [query.where, ...among(section.restricted.teams, scope.teams), ...among(section.restricted.bots, scope.bots)],
  };
  const shared: Shared = { section, asOf, where: restricted, vocabularies: new Map(), channels: new Map() };
  const filtering = new Needs(shared);
  const summing = new Needs(shared);
  const usable =
    filtering.filter(restricted) &&
    query.groupBy.every((name) => summing.group(name)) &&
    query.measures.every(
      (measure) =>
        filtersOf(measure).every((filter) => summing.filter(filter)) &&
        (!('of' in measure) || measure.of === undefined || summing.measured(measure.of, measure.aggregate)),
    );
  if (!usable) return { reason: filtering.obstacle || summing.obstacle };
  const axes = parts.map(axisOf);
  const clock = filtering.usesClock || summing.usesClock ? localClock(parts) : null;
  return {
    query: { ...query, where: restricted } as Query,
    section,
    parts,
    axes,
    asOf,
    filtering: filtering.use(),
    summing: summing.use(),
    columns: [...new Set([...filtering.columns, ...summing.columns])],
    vocabularies: [...shared.vocabularies.values()],
    usesState: filtering.usesState || summing.usesState,
    hasFilter: restricted.op !== 'and' || restricted.of.some((part) => part.op !== 'and' || part.of.length > 0),
    expires: [asOf.timeouts.initial, ...asOf.timeouts.channels.values()].some((timeout) => timeout !== null),
    channels: shared.channels,
    clock,
    cuts: cutsOf(axes, section),
    bots: valuesIn(restricted, section.restricted.bots),
    storedValues: new Map(),
  };
}

function cutsOf(axes: Axis[], { hasOwnTimes }: Section): number[][] {
  const cuts: number[][] = [[], [], []];
  for (const instant of new Set(axes.flatMap(({ cuts }) => [...cuts]))) {
    if (instant % DAY === 0 && !hasOwnTimes) continue; // no segment goes on beyond midnight
    for (let least = precisionOf(instant); least >= 0; least--) cuts[least]?.push(instant);
  }
  return cuts.map((instants) => instants.sort((a, b) => a - b));
}

const among = (dimension: string, values: readonly string[] | null): Filter[] =>
  values === null ? [] : [{ op: 'in', dimension, values: [...values] }];

/** The values of a dimension outside of which a filter matches nothing; null for all. */
function valuesIn(filter: Filter, dimension: string): string[] | null {
  if ('dimension' in filter) {
    if (filter.dimension !== dimension || filter.op !== 'in' || filter.values.includes(null)) return null;
    return filter.values.map(String);
  }
  if (filter.op !== 'and') return null;
  let values: string[] | null = null;
  for (const part of filter.of) {
    const own = valuesIn(part, dimension);
    if (own !== null) values = values === null ? own : values.filter((value) => own.includes(value));
  }
  return values;
}

/** What all parts of a query need together. */
interface Shared {
  section: Section;
  asOf: AsOf;
  /** The filter of the query: all its parts are about rows that match. */
  where: Filter;
  vocabularies: Map<ColumnName, Vocabulary>;
  channels: Map<string, Test>;
}

const timed: readonly ColumnName[] = ['hour', 'minute', 'millisecond'];

/** Collects what a part of a query needs. Its methods return false, with an `obstacle`, for a field or a test that segments do not know. */
class Needs {
  readonly columns = new Set<ColumnName>();
  usesState = false;
  usesClock = false;
  obstacle = '';
  readonly #shared: Shared;

  constructor(shared: Shared) {
    this.#shared = shared;
  }

  use(): Use {
    const stateful: ColumnName[] = this.usesState ? ['is_closed', 'last_activity'] : [];
    return {
      columns: [...new Set([...this.columns, ...stateful, ...(this.usesClock ? timed : [])])],
      usesClock: this.usesClock,
    };
  }

  /** What a measure is of. */
  measured(name: string, aggregate: Measure['aggregate']): boolean {
    const field = fieldNamed(this.#shared.section, name);
    if (field?.as === 'conversation') {
      this.columns.add(field.column);
      return aggregate === 'distinct' || this.#lacks(`segments can only count ${name}`);
    }
    return this.value(name);
  }

  value(name: string): boolean {
    const field = fieldNamed(this.#shared.section, name);
    if (field === undefined || field.as === 'conversation') return this.#lacks(`segments have no ${name}`);
    if (field.as === 'text' && field.except !== undefined && !this.#excludes(field.except)) {
      return this.#lacks(`segments have no ${name} where ${field.except.dimension} is ${field.except.value}`);
    }
    if (field.as === 'clock') this.usesClock = true;
    else if (field.as === 'state') this.#state();
    else if (field.as === 'start') for (const column of timed) this.columns.add(column);
    else this.columns.add(field.column);
    return true;
  }

  group(name: string): boolean {
    const field = fieldNamed(this.#shared.section, name);
    if (field?.as === 'text') this.#words(field.column).isWhole = true;
    if (name === 'user_id') return this.#lacks('segments do not group by user_id');
    return this.value(name);
  }

  filter(filter: Filter): boolean {
    if (!('dimension' in filter)) {
      return filter.op === 'not' ? this.filter(filter.of) : filter.of.every((part) => this.filter(part));
    }
    const field = fieldNamed(this.#shared.section, filter.dimension);
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

  #excludes({ dimension, value }: { dimension: string; value: string }): boolean {
    const values = valuesIn(this.#shared.where, dimension);
    return values !== null && !values.includes(value);
  }

  #test(column: ColumnName, test: Test): void {
    const words = this.#words(column);
    if (!words.tests.includes(test)) words.tests.push(test);
    if (test.op !== 'in') words.isWhole = true;
  }

  #words(column: ColumnName): Vocabulary {
    const found = this.#shared.vocabularies.get(column) ?? { column, tests: [], isWhole: false };
    this.#shared.vocabularies.set(column, found);
    return found;
  }

  #state(): void {
    this.usesState = true;
    const { asOf, channels } = this.#shared;
    for (const channel of asOf.timeouts.channels.keys()) {
      if (channels.has(channel)) continue;
      const test: Test = { op: 'in', dimension: 'channel', values: [channel] };
      channels.set(channel, test);
      this.#test('channel', test);
    }
    if (asOf.timeouts.channels.size > 0) this.columns.add('channel');
  }
}
