-- Notes that a transaction changes facts of an account, and where the last activities of the conversations lie that may
-- expire after it. p_after are all rows that it has written.
create or replace function note_change(p_account uuid, p_after conversations[])
returns void language plpgsql volatile
as $$
begin
  insert into account_changes (account_id) values (p_account);
  insert into account_activity (account_id, minute, first_time, last_time)
  select p_account, date_bin('1 minute', (u.r).last_activity, timestamptz '0001-01-01Z'), min((u.r).last_activity), max((u.r).last_activity)
  from (select unnest(p_after) as r) u -- whole, as few of its many columns are read
  where (u.r).closed_at is null and (u.r).last_activity is not null
  group by 2;
end;
$$;
