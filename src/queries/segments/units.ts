import type { Fragment, Sql } from '../../database/connect.js';

/**
 * The segments that hold marked hours: `bot_id`, `from_time`, `to_time`, and the `row_count` that is stored. It expects the
 * expression `kept` (the stored segments of these days) and `marks` as a list of bots and hours. A bot without a segment of
 * its own is in the one for all others, of its hour or day; one that does not exist yet will have the whole day.
 */
export const unitsOf = (sql: Sql, marks: Fragment): Fragment => sql`
  select coalesce(o.bot_id, '') as bot_id, coalesce(o.from_time, z.from_time, m.day) as from_time,
    coalesce(o.to_time, z.to_time, m.day + interval '24 hours') as to_time,
    coalesce(min(o.row_count), min(z.row_count), 0) as row_count
  from (select bot_id, hour, date_trunc('day', hour, 'UTC') as day from (${marks}) marked group by 1, 2) m
  left join kept o on o.bot_id = m.bot_id and m.bot_id <> '' and m.hour >= o.from_time and m.hour < o.to_time
  left join kept z on o.bot_id is null and z.bot_id = '' and m.hour >= z.from_time and m.hour < z.to_time
  group by 1, 2, 3`;
