import type { Fragment, Sql } from '../../database/connect.js';

/** How a column of a section is stored: what the database computes from a row, and how it is encoded. */
export interface StoredColumn {
  /** `code`: a text, stored as its number in the dictionary, 0 for none. `number`: a whole number or a boolean. */
  kind: 'code' | 'number';
  value: (sql: Sql) => Fragment;
  /** Stored as runs of equal values; segments are sorted by these columns, in this order. */
  isRun?: true;
  /** Values may have fractions, which cannot be stored. A segment with one lacks this column. */
  isExact?: false;
}

export const code = (value: (sql: Sql) => Fragment): StoredColumn => ({ kind: 'code', value });
export const number = (value: (sql: Sql) => Fragment): StoredColumn => ({ kind: 'number', value });
export const flag = (value: (sql: Sql) => Fragment): StoredColumn => ({
  kind: 'number',
  value: (sql) => sql`${value(sql)}::integer`,
});
export const run = (column: StoredColumn): StoredColumn => ({ ...column, isRun: true });

/** Whole milliseconds since 1970. A double holds them exactly, and is much faster here than a numeric. */
export const epoch = (sql: Sql, time: Fragment) => sql`(date_part('epoch', ${time}) * 1000)::bigint`;

/** The columns that say when a row counts: its hour since 1970, the minute of the hour, the millisecond of the minute. */
export const timedBy = (time: (sql: Sql) => Fragment) => ({
  hour: run(number((sql) => sql`floor(date_part('epoch', ${time(sql)}) / 3600)::bigint`)),
  minute: number((sql) => sql`date_part('minute', ${time(sql)} at time zone 'UTC')::bigint`),
  millisecond: number((sql) => sql`date_part('millisecond', ${time(sql)} at time zone 'UTC')::bigint`),
});
export const timed = timedBy((sql) => sql`c.start_time`);

/** How a field of the catalogue is read from stored columns. */
export type SegmentField<Column extends string = string> =
  /** The text behind a code. With `except`, only rows that differ in this dimension have it. */
  | { as: 'text'; column: Column; except?: { dimension: string; value: string } }
  | { as: 'boolean'; column: Column; isText?: true }
  /** A number that only rows of one conversation share. It can be counted, and nothing else. */
  | { as: 'conversation'; column: Column }
  /** The stored number, divided by `unit`. */
  | { as: 'number'; column: Column; unit: number }
  /** Open or closed at the time of the request. */
  | { as: 'state' }
  /** When the row counts, in milliseconds since 1970. */
  | { as: 'start' }
  /** A part of the local time. */
  | { as: 'clock'; part: 'hour_of_day' | 'day_of_week' };

export const text = <Column extends string>(column: Column) => ({ as: 'text', column }) as const;
export const truth = <Column extends string>(column: Column) => ({ as: 'boolean', column }) as const;
export const numeric = <Column extends string>(column: Column) => ({ as: 'number', column, unit: 1 }) as const;
export const seconds = <Column extends string>(column: Column) => ({ as: 'number', column, unit: 1000 }) as const;
export const clock = {
  hour_of_day: { as: 'clock', part: 'hour_of_day' },
  day_of_week: { as: 'clock', part: 'day_of_week' },
} as const;

/** Attributes of a conversation `c` that its messages have too. */
export const attributeRuns = {
  bot: run(code((sql) => sql`c.bot_id`)),
  bot_version: run(code((sql) => sql`c.bot_version`)),
  channel: run(code((sql) => sql`c.channel`)),
};
export const attributes = {
  team_id: code((sql) => sql`c.team_id`),
  language: code((sql) => sql`c.language`),
  desk_id: code((sql) => sql`c.desk_id`),
  integration_id: code((sql) => sql`c.integration_id`),
  campaign_id: code((sql) => sql`c.campaign_id`),
  campaign_source: code((sql) => sql`c.campaign_source`),
  is_test: flag((sql) => sql`c.is_test`),
};
export const attributeFields = {
  bot_id: text('bot'),
  bot_version: text('bot_version'),
  channel: text('channel'),
  team_id: text('team_id'),
  language: text('language'),
  desk_id: text('desk_id'),
  integration_id: text('integration_id'),
  campaign_id: text('campaign_id'),
  campaign_source: text('campaign_source'),
  is_test: truth('is_test'),
} as const;
