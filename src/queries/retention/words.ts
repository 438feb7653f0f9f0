import type { Sql } from '../../database/connect.js';

/**
 * Takes the users of removed conversations out of the words of segments: those whom no conversation names, nor a message of
 * one. A word keeps its code, which segments may still have that are marked and not yet built again.
 */
export const forgetWords = (sql: Sql, account: string) => sql`
  update dictionary d set value = 'removed~' || d.code::text
  where d.account_id = ${account}::uuid and d.dimension = 'user_id' and d.value <> 'removed~' || d.code::text
    and not exists (select from conversations c where c.account_id = ${account}::uuid and c.user_id = d.value)
    and not exists (
      select from (select unnest(c.users) as value from conversations c where c.account_id = ${account}::uuid) u
      where u.value = d.value
    )`;

/**
 * Marks the segments of conversations with a user who is no word: one may have been built with a word that was taken out meanwhile.
 */
export const markUnworded = (sql: Sql, account: string) => sql`
  insert into segment_marks (account_id, bot_id, hour)
  select distinct c.account_id, coalesce(c.bot_id, ''), date_bin('1 hour', c.start_time, timestamptz '0001-01-01Z')
  from conversations c cross join unnest(c.users || c.user_id) u (value)
  where c.account_id = ${account}::uuid and c.start_time is not null and u.value is not null
    and not exists (
      select from dictionary d
      where d.account_id = ${account}::uuid and d.dimension = 'user_id' and d.value = u.value
    )`;
