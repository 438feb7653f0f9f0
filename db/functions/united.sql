-- The distinct texts of an attribute (a JSON list or null), in order, followed by those of the messages.
create or replace function united(p_attribute jsonb, p_messages text[])
returns text[] language plpgsql immutable
as $$
begin
  if p_attribute is null or p_attribute = 'null' then
    return coalesce(p_messages, '{}');
  end if;
  return array(
    select v from (
      select v, n from jsonb_array_elements_text(p_attribute) with ordinality as a (v, n)
      union all select v, 1000000 + n from unnest(p_messages) with ordinality as m (v, n)
    ) each_one group by v order by min(n)
  );
end;
$$;
