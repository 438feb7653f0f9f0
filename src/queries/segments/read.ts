import type { Fragment, Sql } from '../../database/connect.js';
import type { Database } from '../../database/database.js';
import { concat } from '../../database/fragments.js';
import { condition } from '../condition.js';
import { isPresent } from '../presence.js';
import { iso } from '../raw/dataset.js';
import { HOUR } from './axis.js';
import { building } from './build.js';
import { type ColumnName, columns } from './columns.js';
import { type Column, decode } from './decode.js';
import type { Plan, Vocabulary } from './plan.js';
import { unitsOf } from './units.js';

/** Beyond so many segments, or conversations in them, that are out of date, a query goes the raw road. */
const MAX_STALE = 40;
const MAX_STALE_ROWS = 200_000;

/** Beyond so many words, too. */
const MAX_WORDS = 20_000;

/** A segment as it arrives: only columns that it needs and has are there. */
export interface Segment {
  from: number;
  to: number;
  rows: number;
  columns: Map<ColumnName, Column>;
}

/** A word of a vocabulary, and which of its tests it passes. */
export interface Word {
  vocabulary: Vocabulary;
  code: number;
  value: string;
  passes: boolean[];
}

export interface Receiver {
  word(word: Word): void;
  segment(segment: Segment): void;
}

/** What else the statement found. */
export interface Read {
  present: boolean[];
  segments: number;
  rows: number;
  bytes: number;
}

const DAY = 24 * HOUR;

/**
 * Reads what a plan needs, in one statement and so in one snapshot: the words, the stored segments without a mark, and, built
 * in place, those that have one. `receiver` gets all words before the first segment. A segment is handled when it arrives, so
 * that a long answer does not hold the event loop. Null if too much is out of date, or has too many words.
 */
export async function read(db: Database, plan: Plan, makeReceiver: () => Receiver): Promise<Read | null> {
  const names = columnsOf(plan);
  const answer = await db.scan<Read & { isUnfit: boolean }>(
    (sql) => statement(sql, plan, names),
    () => {
      const receiver = makeReceiver();
      const found = { present: [] as boolean[], segments: 0, rows: 0, bytes: 0, isUnfit: false };
      const early: (Buffer | null)[][] = [];
      let isReady = false;
      let words = 0;
      const segment = (row: (Buffer | null)[]) => {
        const rows = (row[3] as Buffer).readInt32BE(0);
        if (rows === 0) return;
        found.segments++;
        found.rows += rows;
        const decoded = new Map<ColumnName, Column>();
        names.forEach((name, n) => {
          const bytes = row[n + 6];
          if (bytes === null || bytes === undefined) return;
          found.bytes += bytes.length;
          decoded.set(name, decode(bytes, rows, columns[name].kind === 'code'));
        });
        receiver.segment({ from: numberIn(row[1]), to: numberIn(row[2]), rows, columns: decoded });
      };
      return {
        row(row: (Buffer | null)[]) {
          const kind = (row[0] as Buffer).readInt32BE(0);
          if (kind === 0) {
            if (++words > MAX_WORDS) found.isUnfit = true;
            const passes = [...String(row[5])].map((flag) => flag === '1');
            const vocabulary = plan.vocabularies[numberIn(row[1])] as Vocabulary;
            receiver.word({ vocabulary, code: numberIn(row[2]), value: String(row[4]), passes });
          } else if (kind === 1) {
            found.present = [...String(row[5])].map((flag) => flag === '1');
            found.isUnfit ||= (row[3] as Buffer).readInt32BE(0) > 0;
            isReady = true;
            for (const waiting of early.splice(0)) segment(waiting);
          } else if (isReady) segment(row);
          else early.push(row); // the parts of a union come in order, but nothing promises it
        },
        end: () => found,
      };
    },
  );
  return answer.isUnfit ? null : answer;
}

const numberIn = (bytes: Buffer | null | undefined) => Number((bytes as Buffer).readBigInt64BE(0));

/** All columns that may be fetched, those that decide in time last. */
function columnsOf(plan: Plan): ColumnName[] {
  const timed: ColumnName[] = ['hour', 'minute', 'millisecond'];
  const stateful: ColumnName[] = plan.usesState ? ['is_closed', 'last_activity'] : [];
  return [...new Set([...plan.columns, ...stateful, ...timed])];
}

function statement(sql: Sql, plan: Plan, all: ColumnName[]) {
  const { query, parts, bots, vocabularies } = plan;
  const account = query.scope.account;
  const from = Math.floor(Math.min(...parts.map(({ window }) => window.from)) / DAY) * DAY;
  const to = Math.ceil(Math.max(...parts.map(({ window }) => window.to)) / DAY) * DAY;
  const precision = plan.clock?.precision ?? 0;
  const needed = all.filter((name) => isNeeded(plan, name));
  const ofBots = (column: Fragment) => (bots === null ? sql`` : sql` and ${column} = any(${bots}::text[])`);
  const inRange = (time: Fragment) => sql`${time} >= ${iso(from)}::timestamptz and ${time} < ${iso(to)}::timestamptz`;

  const shipped = all.map((name) => {
    const column = sql`s.${sql(name)}`;
    const least = TIMES.indexOf(name);
    if (least !== -1) {
      if (plan.clock !== null && least <= precision) return sql`, ${column}`;
      const cuts = plan.cuts[least] as number[];
      return cuts.length === 0 ? sql`, null` : sql`, case when ${isCut(sql, cuts)} then ${column} end`;
    }
    if (name === 'last_activity' && !plan.columns.includes(name)) {
      const latest = earliestExpiry(plan);
      return latest === null
        ? sql`, ${column}`
        : sql`, case when s.latest_activity > ${latest}::text::timestamptz then ${column} end`;
    }
    if (name === 'is_closed') {
      const latest = earliestExpiry(plan);
      return latest === null
        ? sql`, ${column}`
        : sql`, case when s.latest_activity > ${latest}::text::timestamptz then ${column} end`;
    }
    return sql`, ${column}`;
  });
  const words = vocabularies.map((vocabulary, n) => wordsOf(sql, account, vocabulary, n, all.length));
  const nulls = all.map(() => sql`, null::bytea`);
  const presence = (query.presence ?? []).map(
    (one) => sql` || case when ${isPresent(sql, query.scope, one)} then '1' else '0' end`,
  );
  const built = all.map((name) => (needed.includes(name) ? sql`, ${sql(name)}` : sql`, null::bytea as ${sql(name)}`));
  return sql`
    with kept as materialized (
      select bot_id, from_time, to_time, row_count from conversation_segments
      where account_id = ${account}::uuid and ${inRange(sql`from_time`)}${
        bots === null ? sql`` : sql` and bot_id = any(${[...bots, '']}::text[])`
      }
    ), stale as materialized (
      ${unitsOf(
        sql,
        sql`select bot_id, hour from segment_marks
          where account_id = ${account}::uuid and ${inRange(sql`hour`)}${ofBots(sql`bot_id`)}`,
      )}
    ), is_stale as materialized (
      select (count(*) > ${MAX_STALE} or coalesce(sum(row_count), 0) > ${MAX_STALE_ROWS})::integer as too_much from stale
    ), units as materialized (
      select row_number() over () as unit, s.* from stale s where (select too_much from is_stale) = 0
    ), own as materialized (select bot_id, from_time from kept where bot_id <> ''),
    ${building(sql, account, needed, bots)}
    select 0 as kind, 0::bigint as a, 0::bigint as b, 0 as c, ''::text as text, ''::text as flags${concat(
      sql,
      all.map((name) => sql`, null::bytea as ${sql(name)}`),
    )} where false
    ${concat(sql, words)}
    union all
    select 1, 0, 0, (select too_much from is_stale), '', ''${concat(sql, presence)}${concat(sql, nulls)}
    union all
    select 2, ${milliseconds(sql, 's.from_time')}, ${milliseconds(sql, 's.to_time')}, s.row_count, '', ''${concat(sql, shipped)}
    from (select from_time, to_time, row_count, latest_activity${concat(sql, built)} from built) s
    union all
    select 2, ${milliseconds(sql, 's.from_time')}, ${milliseconds(sql, 's.to_time')}, s.row_count, '', ''${concat(sql, shipped)}
    from conversation_segments s
    where s.account_id = ${account}::uuid and ${inRange(sql`s.from_time`)}${
      bots === null ? sql`` : sql` and s.bot_id = any(${[...bots, '']}::text[])`
    } and (select too_much from is_stale) = 0
      and not exists (select from stale t where t.bot_id = s.bot_id and t.from_time = s.from_time)`;
}

const TIMES: readonly ColumnName[] = ['hour', 'minute', 'millisecond'];

const milliseconds = (sql: Sql, name: string) => sql`(date_part('epoch', ${sql(name)}) * 1000)::bigint`;

/** Whether any segment may have to bring a column. */
function isNeeded(plan: Plan, name: ColumnName): boolean {
  const least = TIMES.indexOf(name);
  if (least === -1) return true;
  return (plan.clock !== null && least <= plan.clock.precision) || (plan.cuts[least] as number[]).length > 0;
}

/** Whether one of these instants divides a segment `s`. */
function isCut(sql: Sql, instants: number[]): Fragment {
  const list = sql`(select ${instants.map(iso)}::text[]::timestamptz[])`;
  return sql`width_bucket(s.from_time, ${list}) <> width_bucket(s.to_time - interval '1 millisecond', ${list})`;
}

/** The time of activity up to which every conversation has expired; null if some never expire. */
export function earliestExpiry({ asOf: { now, timeouts } }: Plan): string | null {
  const all = [timeouts.initial, ...timeouts.channels.values()];
  const longest = Math.max(...all.map((timeout) => timeout ?? Number.POSITIVE_INFINITY));
  const instant = now - longest;
  return instant > -60_000_000_000_000 ? iso(instant) : null;
}

/** The rows of a vocabulary: its number, the code, the word, and a flag for each test. */
function wordsOf(sql: Sql, account: string, { column, tests, isWhole }: Vocabulary, n: number, more: number): Fragment {
  const field = { type: 'text', value: sql`w.value` } as const;
  const flags = tests.map((test) => sql` || case when ${condition(sql, test, () => field)} then '1' else '0' end`);
  const listed = tests.flatMap((test) =>
    test.op === 'in' ? test.values.filter((value) => value !== null).map(String) : [],
  );
  const only = isWhole ? sql`` : sql` and w.value = any(${listed}::text[])`;
  const nulls = Array.from({ length: more }, () => sql`, null::bytea`);
  return sql`
    union all
    select 0, ${n}::bigint, w.code, 0, w.value, ''${concat(sql, flags)}${concat(sql, nulls)}
    from (
      select * from (
        select w.code, w.value from dictionary w where w.account_id = ${account}::uuid and w.dimension = ${column}::text${only}
        limit ${MAX_WORDS + 1}
      ) w
      union all
      select w.code, w.value from missing w where w.dimension = ${column}::text${only}
    ) w`;
}
