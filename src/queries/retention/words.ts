import type { Sql } from '../../database/connect.js';
import { markWhere } from '../segments/mark.js';

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
export const markUnworded = (sql: Sql, account: string) =>
  markWhere(
    sql,
    sql`c.account_id = ${account}::uuid and exists (
      select from unnest(c.users || c.user_id) u (value)
      where u.value is not null and not exists (
        select from dictionary d
        where d.account_id = ${account}::uuid and d.dimension = 'user_id' and d.value = u.value
      )
    )`,
  );
