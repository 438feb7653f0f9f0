-- Adds new events, which are already stored, to the cells of their conversations.
--
-- A join takes over those of its agent's earlier messages that are at or after it from an earlier join. A cell that is
-- entirely after the join is renamed. If a cell spans the join, the cells of the conversation are rebuilt from the messages
-- of its agents.
create or replace function add_agent_cells(p_account uuid, p_events events[])
returns void language plpgsql volatile
as $$
declare
  v_joins events[] := array(select e from unnest(p_events) e where e.type = 'participant.joined');
  v_joined text[];
  v_cut text[] := '{}'; -- conversations with a cell on both sides of a join
begin
  if v_joins <> '{}' then
    v_joined := array(select distinct j.conversation_id from unnest(v_joins) j);
    v_cut := array(
      select distinct c.conversation_id
      from agent_cells c
      join unnest(v_joins) j on j.conversation_id = c.conversation_id and j.actor_id = c.agent_id
      where c.account_id = p_account and c.conversation_id = any(v_joined)
        and place_of(j.time, j.seq, j.id) > c.join_place collate "C" and j.time > c.first_time and j.time <= c.last_time
    );
    update agent_cells c set join_place = moved.place
    from (
      select k.conversation_id, k.agent_id, k.sent_team_id, k.sent_organization_id, k.join_place,
        max(place_of(j.time, j.seq, j.id) collate "C") as place
      from agent_cells k
      join unnest(v_joins) j on j.conversation_id = k.conversation_id and j.actor_id = k.agent_id
      where k.account_id = p_account and k.conversation_id = any(v_joined) and not k.conversation_id = any(v_cut)
        and place_of(j.time, j.seq, j.id) > k.join_place collate "C" and j.time <= k.first_time
      group by 1, 2, 3, 4, 5
    ) moved
    where c.account_id = p_account and c.conversation_id = any(v_joined) and c.conversation_id = moved.conversation_id
      and c.agent_id = moved.agent_id and c.sent_team_id = moved.sent_team_id
      and c.sent_organization_id = moved.sent_organization_id and c.join_place = moved.join_place;
    if v_cut <> '{}' then
      delete from agent_cells c where c.account_id = p_account and c.conversation_id = any(v_cut);
      p_events := array(select e from unnest(p_events) e where not e.conversation_id = any(v_cut)) || agent_acts(p_account, v_cut);
    end if;
  end if;

  insert into agent_cells as c
  select * from agent_cells_of_events(p_account, p_events, array(select distinct e.conversation_id from unnest(p_events) e))
  order by 2, 3, 4, 5, 6
  on conflict (account_id, conversation_id, agent_id, sent_team_id, sent_organization_id, join_place) do update set
    messages = c.messages + excluded.messages,
    first_time = least(c.first_time, excluded.first_time),
    last_time = greatest(c.last_time, excluded.last_time),
    last_place = greatest(c.last_place, excluded.last_place);

  -- What a cell counts for depends on its join, and on the agent's earliest join.
  if v_joins <> '{}' then
    with joins as (
      select v.conversation_id, v.actor_id, v.team_id, v.organization_id, place_of(v.time, v.seq, v.id) as place,
        row_number() over (partition by v.conversation_id, v.actor_id order by v.time, v.seq, v.id) as number
      from events v
      where v.account_id = p_account and v.conversation_id = any(v_joined) and v.type = 'participant.joined'
    )
    update agent_cells c set
      team_id = coalesce(nullif(c.sent_team_id, ''), j.team_id),
      organization_id = coalesce(nullif(c.sent_organization_id, ''), j.organization_id, p_account::text)
    from joins j
    where c.account_id = p_account and c.conversation_id = any(v_joined) and c.conversation_id = j.conversation_id
      and c.agent_id = j.actor_id and case when c.join_place = '' then j.number = 1 else j.place = c.join_place end
      and (c.team_id, c.organization_id) is distinct from (
        coalesce(nullif(c.sent_team_id, ''), j.team_id),
        coalesce(nullif(c.sent_organization_id, ''), j.organization_id, p_account::text));
  end if;
end;
$$;
