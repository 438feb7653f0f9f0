-- Marks the segments that hold these conversations, as they were and as they are, so that they are built again. Marks are
-- only appended: one that another transaction could merge with would be lost when that one is rolled back or taken.
create or replace function mark_segments(p_account uuid, p_before conversations[], p_after conversations[])
returns void language plpgsql volatile
as $$
begin
  insert into segment_marks (account_id, bot_id, hour)
  select distinct p_account, coalesce(r.bot_id, ''), date_trunc('hour', r.start_time, 'UTC')
  from unnest(p_before || p_after) r
  where r.start_time is not null;
end;
$$;
