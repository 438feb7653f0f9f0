-- The rows of conversations in all other derived tables, as {conversation_id: [row, ..]}, for comparison.
create or replace function derived_rows(p_account uuid, p_ids text[])
returns jsonb language plpgsql stable
as $$
declare
  v_rows jsonb;
begin
  select jsonb_object_agg(conversation_id, held) into v_rows
  from (
    select conversation_id, jsonb_agg(derived order by derived) as held
    from (
      select p.conversation_id, to_jsonb(p) as derived
      from participations p where p.account_id = p_account and p.conversation_id = any(p_ids)
      union all
      select o.conversation_id, to_jsonb(o)
      from orders o where o.account_id = p_account and o.conversation_id = any(p_ids)
      union all
      select c.conversation_id, to_jsonb(c)
      from agent_cells c where c.account_id = p_account and c.conversation_id = any(p_ids)
    ) every
    group by conversation_id
  ) each_one;
  return coalesce(v_rows, '{}');
end;
$$;
