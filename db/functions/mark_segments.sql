-- Marks the segments that hold these conversations, as they were and as they are, so that they are built again. Marks are
-- only appended: one that another transaction could merge with would be lost when that one is rolled back or taken. A mark also
-- has the range of time in which the messages of these conversations lie; an empty one for none.
create or replace function mark_segments(p_account uuid, p_before conversations[], p_after conversations[])
returns void language plpgsql volatile
as $$
begin
  insert into segment_marks (account_id, bot_id, hour, messages_from, messages_to)
  select p_account, coalesce((u.r).bot_id, ''), date_bin('1 hour', (u.r).start_time, timestamptz '0001-01-01Z'),
    coalesce(min((u.r).first_time), 'infinity'), coalesce(max((u.r).last_content_time), '-infinity')
  from (select unnest(p_before) as r union all select unnest(p_after)) u -- whole, as few of its many columns are read
  where (u.r).start_time is not null
  group by 2, 3;
end;
$$;
