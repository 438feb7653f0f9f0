-- Marks the segments that hold these conversations, as they were and as they are, so that they are built again. Marks are
-- only appended: one that another transaction could merge with would be lost when that one is rolled back or taken.
create or replace function mark_segments(p_account uuid, p_before conversations[], p_after conversations[])
returns void language plpgsql volatile
as $$
begin
  insert into segment_marks (account_id, bot_id, hour)
  select distinct p_account, coalesce((u.r).bot_id, ''), date_bin('1 hour', (u.r).start_time, timestamptz '0001-01-01Z')
  from (select unnest(p_before) as r union all select unnest(p_after)) u -- whole, as few of its many columns are read
  where (u.r).start_time is not null;
end;
$$;
