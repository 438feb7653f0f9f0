-- Adds the texts of a JSON list to a sorted set of texts; an empty set is null. Null adds nothing.
create or replace function with_texts(p_known text[], p_more jsonb)
returns text[] language plpgsql immutable
as $$
begin
  if p_more is null or p_more = 'null' or not exists (
    select from jsonb_array_elements_text(p_more) v where p_known is null or not v = any(p_known)
  ) then
    return p_known;
  end if;
  return array(
    select v collate "C" from unnest(p_known) v union select v from jsonb_array_elements_text(p_more) v order by 1
  );
end;
$$;
