import type { Fragment, Sql } from '../../database/connect.js';

/**
 * Marks the segments of the conversations `c` that meet a condition, so that they are built again; their messages may lie at any
 * time. Ingest marks by `mark_segments.sql`: this is for what changes without it.
 */
export const markWhere = (sql: Sql, isMeant: Fragment) => sql`
  insert into segment_marks (account_id, bot_id, hour)
  select distinct c.account_id, coalesce(c.bot_id, ''), date_bin('1 hour', c.start_time, timestamptz '0001-01-01Z')
  from conversations c where c.start_time is not null and ${isMeant}`;
