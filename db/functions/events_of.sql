-- The events of a list that belong to the given conversations, in order.
create or replace function events_of(p_events events[], p_ids text[])
returns events[] language plpgsql stable
as $$
begin
  if p_ids = '{}' then
    return '{}';
  end if;
  return array(
    select (e.account_id, e.conversation_id, e.id, e.type, e.time, e.seq, e.sender, e.actor_id, e.team_id, e.organization_id,
      e.attributes, e.body, e.response_seconds)::events
    from unnest(p_events) with ordinality e (
      account_id, conversation_id, id, type, time, seq, sender, actor_id, team_id, organization_id, attributes, body,
      response_seconds, place
    )
    join unnest(p_ids) i (id) on i.id = e.conversation_id
    order by e.place
  );
end;
$$;
