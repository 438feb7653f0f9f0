-- Counts the agent messages among these events in cells. The joins are those among the events and the stored ones of p_ids.
-- A message counts for its own team and organization, else for those of the agent's latest join at or before it (compared by
-- time only, so a join precedes messages of the same time), else for those of the agent's earliest join.
create or replace function agent_cells_of_events(p_account uuid, p_events events[], p_ids text[])
returns setof agent_cells language plpgsql stable
as $$
begin
  return query
  with joins as (
    select u.conversation_id, u.actor_id, u.team_id, u.organization_id, u.time, place_of(u.time, u.seq, u.id) as place
    from unnest(p_events) u where u.type = 'participant.joined'
    union
    select v.conversation_id, v.actor_id, v.team_id, v.organization_id, v.time, place_of(v.time, v.seq, v.id)
    from events v
    where v.account_id = p_account and v.conversation_id = any(p_ids) and v.type = 'participant.joined'
  ), acts as (
    select a.*, count(*) filter (where a.is_join) over (
      partition by a.conversation_id, a.actor_id order by a.time, not a.is_join, a.place collate "C"
    ) as joins_so_far
    from (
      select j.*, true as is_join from joins j
      union all
      select m.conversation_id, m.actor_id, m.team_id, m.organization_id, m.time, place_of(m.time, m.seq, m.id), false
      from unnest(p_events) m where m.sender = 'agent'
    ) a
  )
  select p_account, m.conversation_id, coalesce(m.actor_id, ''), coalesce(m.team_id, ''), coalesce(m.organization_id, ''),
    case when m.joins_so_far = 0 then '' else j.place end,
    coalesce(m.team_id, j.team_id), coalesce(m.organization_id, j.organization_id, p_account::text),
    count(*)::integer, min(m.time), max(m.time), max(m.place collate "C")
  from acts m
  left join acts j on j.is_join and j.conversation_id = m.conversation_id and j.actor_id = m.actor_id
    and j.joins_so_far = greatest(1, m.joins_so_far)
  where not m.is_join
  group by 2, 3, 4, 5, 6, 7, 8;
end;
$$;
