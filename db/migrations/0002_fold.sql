-- What the events of a conversation make of it. Pure functions of the table events: run at any time, in any order
-- of arrival, they give the same rows. The order of time is (time, seq, id), everywhere. Texts that come out of JSON or of a
-- function have the database's collation, so an order of them says collate "C".

create function orders_of_events(p_account uuid, p_ids text[])
returns setof orders language sql stable
begin atomic
  select distinct on (conversation_id, body->>'order_id')
    account_id, conversation_id, body->>'order_id', time,
    (body->>'amount')::numeric, (body->>'subscription')::boolean, body->>'currency'
  from events
  where account_id = p_account and conversation_id = any(p_ids) and type = 'order'
  order by conversation_id, body->>'order_id', time desc, seq desc, id desc;
end;

-- The agents' messages, each with the team and organization that it counts for: its own, else what the agent's latest
-- join at or before it named (by time alone, so joins go before messages of the same time), else the earliest join's.
create function agent_messages_of_events(p_account uuid, p_ids text[])
returns table (conversation_id text, agent_id text, team_id text, organization_id text, "time" timestamptz, seq integer, id text)
language sql stable
begin atomic
  with acts as (
    select e.conversation_id, e.actor_id, e.team_id, e.organization_id, e.time, e.seq, e.id, e.type,
      count(*) filter (where e.type = 'participant.joined') over (
        partition by e.conversation_id, e.actor_id
        order by e.time, e.type = 'message', e.seq, e.id
      ) as joins_so_far
    from events e
    where e.account_id = p_account and e.conversation_id = any(p_ids)
      and (e.type = 'participant.joined' or e.sender = 'agent')
  )
  select m.conversation_id, m.actor_id, coalesce(m.team_id, j.team_id),
    coalesce(m.organization_id, j.organization_id, p_account::text), m.time, m.seq, m.id
  from acts m
  left join acts j on j.type = 'participant.joined' and j.conversation_id = m.conversation_id
    and j.actor_id = m.actor_id and j.joins_so_far = greatest(1, m.joins_so_far)
  where m.type = 'message';
end;

create function participations_of_events(p_account uuid, p_ids text[])
returns setof participations language sql stable
begin atomic
  with messages as materialized (
    select * from agent_messages_of_events(p_account, p_ids)
  ), wrote as (
    select conversation_id, 'team' as scope, team_id as participant_id, count(*)::integer as agent_messages,
      min(time) as first_message, null::text as user_organization_id, array_agg(distinct organization_id collate "C") as organization_ids
    from messages where team_id is not null
    group by conversation_id, team_id
    union all
    select conversation_id, 'user', agent_id, count(*)::integer, min(time),
      (array_agg(organization_id order by time desc, seq desc, id collate "C" desc))[1], array_agg(distinct organization_id collate "C")
    from messages where agent_id is not null
    group by conversation_id, agent_id
  ), joined as (
    select conversation_id, named.scope, named.participant_id, min(time) as first_join
    from events
    cross join lateral (values ('team', team_id), ('user', actor_id)) as named (scope, participant_id)
    where account_id = p_account and conversation_id = any(p_ids) and type = 'participant.joined'
      and named.participant_id is not null
    group by conversation_id, named.scope, named.participant_id
  ), present as (
    select w.*, least(w.first_message, j.first_join) as joined_at
    from wrote w left join joined j using (conversation_id, scope, participant_id)
  ), bought as (
    select p.conversation_id, p.scope, p.participant_id, count(*)::integer as order_count,
      sum(o.amount) as sales, coalesce(sum(o.amount) filter (where o.subscription), 0) as subscription_sales,
      array_agg(distinct o.currency collate "C") filter (where o.currency is not null) as currencies,
      array_agg(distinct o.currency collate "C") filter (where o.currency is not null and o.subscription) as subscription_currencies
    from present p
    join orders_of_events(p_account, p_ids) o on o.conversation_id = p.conversation_id and o.time >= p.joined_at
    group by p.conversation_id, p.scope, p.participant_id
  )
  select p_account, conversation_id, scope, participant_id, p.agent_messages, p.joined_at, p.user_organization_id,
    p.organization_ids, coalesce(b.order_count, 0), coalesce(b.sales, 0), coalesce(b.subscription_sales, 0),
    b.currencies, b.subscription_currencies
  from present p left join bought b using (conversation_id, scope, participant_id);
end;

create function conversations_of_events(p_account uuid, p_ids text[])
returns setof conversations language sql stable
begin atomic
  with e as materialized (
    select * from events where account_id = p_account and conversation_id = any(p_ids)
  ), spoken as ( -- of events that say the same, the latest: most live events repeat their attributes
    select distinct on (conversation_id, attributes) conversation_id, attributes, time, seq, id
    from e where attributes is not null
    order by conversation_id, attributes, time desc, seq desc, id desc
  ), latest as ( -- of each attribute
    select distinct on (s.conversation_id, a.key) s.conversation_id, a.key, a.value
    from spoken s cross join lateral jsonb_each(s.attributes) a
    where a.key not in ('visitor_ids', 'visitor_session_ids', 'room_ids')
    order by s.conversation_id, a.key, s.time desc, s.seq desc, s.id desc
  ), said as (
    select conversation_id, jsonb_object_agg(key, value) filter (where value <> 'null') as attributes
    from latest group by conversation_id
  ), united as ( -- attributes that only grow
    select e.conversation_id,
      array_agg(distinct v.id collate "C") filter (where u.key = 'visitor_ids') as visitor_ids,
      array_agg(distinct v.id collate "C") filter (where u.key = 'visitor_session_ids') as visitor_session_ids,
      array_agg(distinct v.id collate "C") filter (where u.key = 'room_ids') as room_ids
    from e
    cross join lateral (values ('visitor_ids'), ('visitor_session_ids'), ('room_ids')) as u (key)
    cross join lateral jsonb_array_elements_text(e.attributes->u.key) as v (id)
    where e.attributes ?| array['visitor_ids', 'visitor_session_ids', 'room_ids']
    group by e.conversation_id
  ), counted as (
    select conversation_id, min(time) as first_time, max(time) as last_event_time,
      max(time) filter (where type in ('message', 'step')) as last_message,
      max(time) filter (where type in ('message', 'step', 'participant.joined', 'conversation.reopened')) as last_activity,
      count(*) filter (where sender = 'user')::integer as user_messages,
      count(*) filter (where sender = 'bot')::integer as bot_messages,
      count(*) filter (where sender = 'agent')::integer as agent_messages,
      (array_agg(sender order by time, seq, id) filter (where sender is not null))[1] as first_sender,
      (array_agg(actor_id order by time, seq, id) filter (where sender = 'user' and actor_id is not null))[1] as first_user,
      array_agg(distinct actor_id collate "C") filter (where sender = 'user' and actor_id is not null) as users,
      bool_or(sender = 'agent' or type = 'participant.joined') as has_agent
    from e group by conversation_id
  ), ended as (
    select distinct on (conversation_id) conversation_id, type, time, body->>'reason' as reason
    from e where type in ('conversation.closed', 'conversation.reopened')
    order by conversation_id, time desc, seq desc, id desc
  ), rated as (
    select distinct on (conversation_id, body->>'target')
      conversation_id, body->>'target' as target, (body->>'value')::integer as value, body->>'feedback' as feedback
    from e where type = 'rating'
    order by conversation_id, body->>'target', time desc, seq desc, id desc
  ), ratings as (
    select conversation_id,
      max(value) filter (where target = 'conversation') as rating,
      max(feedback) filter (where target = 'conversation') as feedback,
      max(value) filter (where target = 'bot') as bot,
      max(value) filter (where target = 'agent') as agent
    from rated group by conversation_id
  ), agent_acts as (
    select conversation_id, actor_id,
      row_number() over (partition by conversation_id order by time, seq, id) as place
    from e where actor_id is not null and (sender = 'agent' or type = 'participant.joined')
  ), agents as (
    select conversation_id, array_agg(actor_id order by place) as agent_ids
    from (select conversation_id, actor_id, min(place) as place from agent_acts group by 1, 2) first_act
    group by conversation_id
  ), organizations as (
    select conversation_id, array_agg(distinct organization_id collate "C") as organization_ids
    from agent_messages_of_events(p_account, p_ids) group by conversation_id
  ), bought as (
    select conversation_id, count(*)::integer as order_count, sum(amount) as sales,
      coalesce(sum(amount) filter (where subscription), 0) as subscription_sales,
      array_agg(distinct currency collate "C") filter (where currency is not null) as currencies,
      array_agg(distinct currency collate "C") filter (where currency is not null and subscription) as subscription_currencies
    from orders_of_events(p_account, p_ids) group by conversation_id
  ), told as ( -- what was said and what it overrides, side by side
    select c.*, coalesce(s.attributes, '{}') as a,
      coalesce((s.attributes->>'start_time')::timestamptz, c.first_time) as start_time,
      coalesce(s.attributes->>'user_id', c.first_user) as user_id
    from counted c left join said s using (conversation_id)
  ), visited as (
    select t.*, coalesce(
      u.visitor_ids,
      array(select distinct v collate "C" from unnest(t.user_id || t.users) v where v is not null order by 1)
    ) as visitor_ids, coalesce(u.visitor_session_ids, '{}') as visitor_session_ids, coalesce(u.room_ids, '{}') as room_ids
    from told t left join united u using (conversation_id)
  )
  select p_account, conversation_id, v.a,
    v.a->>'team_id', v.a->>'bot_id', v.a->>'bot_version', v.a->>'brain_id', v.a->>'desk_id', v.a->>'integration_id',
    v.a->>'channel', v.a->>'language', v.a->>'campaign_id', v.a->>'campaign_source', v.user_id,
    coalesce(v.a->>'chat_type',
      case when v.user_messages > 0 or v.user_id is not null or v.visitor_ids <> '{}' then 'visitor' else 'operator' end),
    coalesce(v.a->>'chat_initiator',
      case v.first_sender when 'user' then 'visitor' when 'agent' then 'operator' when 'bot' then 'autosuggest' end),
    coalesce((v.a->>'is_test')::boolean, false),
    coalesce((v.a->>'is_contained')::boolean, not coalesce(v.has_agent, false)),
    coalesce((v.a->>'withdrawn')::boolean, false),
    v.start_time,
    coalesce((v.a->>'end_time')::timestamptz, v.last_message, v.start_time),
    coalesce(v.last_activity, v.start_time),
    v.last_event_time,
    case when ended.type = 'conversation.closed' then ended.time end,
    case when ended.type = 'conversation.closed' then ended.reason end,
    v.user_messages, v.bot_messages, v.agent_messages, v.visitor_ids, v.visitor_session_ids, v.room_ids,
    coalesce(agents.agent_ids, '{}'), coalesce(organizations.organization_ids, '{}'),
    ratings.rating, ratings.feedback,
    coalesce((v.a->>'csat_brain')::integer, ratings.bot), coalesce((v.a->>'csat_human_agent')::integer, ratings.agent),
    coalesce(bought.order_count, 0), coalesce(bought.sales, 0), coalesce(bought.subscription_sales, 0),
    bought.currencies, bought.subscription_currencies
  from visited v
  left join ended using (conversation_id)
  left join ratings using (conversation_id)
  left join agents using (conversation_id)
  left join organizations using (conversation_id)
  left join bought using (conversation_id);
end;
