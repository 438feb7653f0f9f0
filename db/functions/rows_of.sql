-- The rows of a list that belong to the given conversations (distinct ids), ordered by id.
create or replace function rows_of(p_rows conversations[], p_ids text[])
returns conversations[] language plpgsql stable
as $$
begin
  return array(
    select r from unnest(p_rows) r join unnest(p_ids) i (id) on i.id = r.conversation_id order by r.conversation_id
  );
end;
$$;
