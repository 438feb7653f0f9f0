-- The stored messages and joins of agents in these conversations, without texts.
create or replace function agent_acts(p_account uuid, p_ids text[])
returns events[] language plpgsql stable
as $$
declare
  v_acts events[];
begin
  select array_agg((account_id, conversation_id, id, type, time, seq, sender, actor_id, team_id, organization_id, null, null, null)::events)
  into v_acts
  from events
  where account_id = p_account and conversation_id = any(p_ids) and (sender = 'agent' or type = 'participant.joined');
  return coalesce(v_acts, '{}');
end;
$$;
