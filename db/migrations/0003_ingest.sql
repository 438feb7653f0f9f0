-- What one batch brought to one conversation.
create type touched_conversation as (
  conversation_id text,
  plain boolean, -- nothing but user and bot messages and steps, whose attributes are single values
  user_messages integer,
  bot_messages integer,
  users text[], -- who wrote the user messages
  attributes jsonb[], -- distinct
  first_time timestamptz,
  last_time timestamptz
);

-- Writes what the events of these conversations make of them. Their rows must be locked by the caller.
create function refold(p_account uuid, p_ids text[])
returns void language plpgsql volatile
set enable_nestloop = off
set plan_cache_mode = auto
as $$
begin
  update conversations c set (
    attributes, team_id, bot_id, bot_version, brain_id, desk_id, integration_id, channel, language, campaign_id,
    campaign_source, user_id, chat_type, chat_initiator, is_test, is_contained, withdrawn, start_time, end_time,
    last_activity, last_event_time, closed_at, closed_reason, user_messages, bot_messages, agent_messages,
    visitor_ids, visitor_session_ids, room_ids, agent_ids, organization_ids, rating, feedback, csat_brain,
    csat_human_agent, order_count, sales, subscription_sales, currencies, subscription_currencies
  ) = row (
    f.attributes, f.team_id, f.bot_id, f.bot_version, f.brain_id, f.desk_id, f.integration_id, f.channel,
    f.language, f.campaign_id, f.campaign_source, f.user_id, f.chat_type, f.chat_initiator, f.is_test,
    f.is_contained, f.withdrawn, f.start_time, f.end_time, f.last_activity, f.last_event_time, f.closed_at,
    f.closed_reason, f.user_messages, f.bot_messages, f.agent_messages, f.visitor_ids, f.visitor_session_ids,
    f.room_ids, f.agent_ids, f.organization_ids, f.rating, f.feedback, f.csat_brain, f.csat_human_agent,
    f.order_count, f.sales, f.subscription_sales, f.currencies, f.subscription_currencies
  )
  from conversations_of_events(p_account, p_ids) f
  where c.account_id = p_account and c.conversation_id = any(p_ids) and c.conversation_id = f.conversation_id;

  insert into orders as o
  select * from orders_of_events(p_account, p_ids)
  on conflict (account_id, conversation_id, order_id) do update set
    (time, amount, subscription, currency) = row (excluded.time, excluded.amount, excluded.subscription, excluded.currency)
  where (o.time, o.amount, o.subscription, o.currency)
    is distinct from (excluded.time, excluded.amount, excluded.subscription, excluded.currency);

  with present as materialized (
    select * from participations_of_events(p_account, p_ids)
  ), vanished as (
    delete from participations p
    where p.account_id = p_account and p.conversation_id = any(p_ids)
      and (p.conversation_id, p.scope, p.participant_id) not in (select conversation_id, scope, participant_id from present)
  )
  insert into participations as p
  select * from present
  on conflict (account_id, conversation_id, scope, participant_id) do update set (
    agent_messages, joined_at, user_organization_id, organization_ids, order_count, sales, subscription_sales,
    currencies, subscription_currencies
  ) = row (
    excluded.agent_messages, excluded.joined_at, excluded.user_organization_id, excluded.organization_ids,
    excluded.order_count, excluded.sales, excluded.subscription_sales, excluded.currencies,
    excluded.subscription_currencies
  )
  where (p.*) is distinct from (excluded.*);
end;
$$;

-- Stores a batch: p_events is a JSON list of objects with the columns of events, checked and without repeats. A
-- narrowed key passes all conversations that the batch names, and the teams and bots that it may write to (null: any).
-- Returns how many events were new. Raises CR403, with the conversations as a JSON list in the detail, when one is out
-- of the key's reach before or after the batch.
--
-- Each statement below sees what is committed when it starts. So the lock comes first, and what is folded afterwards
-- includes every batch that this one waited for; a single statement would fold from a snapshot taken before the wait.
-- Locks are taken in one order, events before conversations before known_ids and each sorted, so batches cannot deadlock.
create function ingest(p_account uuid, p_events text, p_sent text[], p_teams text[], p_bots text[])
returns integer language plpgsql volatile
set enable_nestloop = off -- a generic plan guesses few rows and would join the fold's parts in quadratic time
set plan_cache_mode = auto -- its statements are the same each time, and planning them costs
as $$
declare
  v_touched touched_conversation[];
  v_ids text[]; -- touched
  v_refold text[]; -- touched, and not appended to
  v_accepted integer;
  v_bots text[];
  v_teams text[];
  v_outside text[];
begin
  -- 1. Append the events and lock their conversations. A new conversation gets an empty row to lock.
  with fresh as (
    insert into events (account_id, conversation_id, id, type, time, seq, sender, actor_id, team_id, organization_id, attributes, body)
    select p_account, s.conversation_id, s.id, s.type, s.time, coalesce(s.seq, 0), s.sender, s.actor_id, s.team_id, s.organization_id,
      s.attributes, s.body
    from json_to_recordset(p_events::json) as s (
      conversation_id text, id text, type text, "time" timestamptz, seq integer, sender text, actor_id text, team_id text,
      organization_id text, attributes jsonb, body jsonb
    )
    order by s.conversation_id, s.id
    on conflict do nothing
    returning conversation_id, type, time, sender, actor_id, attributes
  ), touched as materialized (
    select conversation_id,
      bool_and(
        (type = 'step' or (type = 'message' and sender <> 'agent'))
        and (attributes is null or not attributes ?| array[
          'tags', 'rule_ids', 'insights', 'metadata', 'visitor_ids', 'visitor_session_ids', 'room_ids'])
      ) as plain,
      count(*) filter (where sender = 'user')::integer as user_messages,
      count(*) filter (where sender = 'bot')::integer as bot_messages,
      coalesce(array_agg(distinct actor_id) filter (where sender = 'user' and actor_id is not null), '{}') as users,
      array_agg(distinct attributes) filter (where attributes is not null) as attributes,
      min(time) as first_time, max(time) as last_time, count(*) as events
    from fresh group by conversation_id
  ), locked as (
    insert into conversations as c (account_id, conversation_id)
    select p_account, conversation_id from touched order by conversation_id
    on conflict (account_id, conversation_id) do update set bot_id = c.bot_id where false -- locks, writes no version
  )
  select coalesce(sum(events), 0), array_agg(conversation_id),
    array_agg(row (conversation_id, plain, user_messages, bot_messages, users, attributes, first_time, last_time)::touched_conversation),
    (select array_agg(distinct attributes->>'bot_id') from fresh where attributes->>'bot_id' is not null),
    (select array_agg(distinct attributes->>'team_id') from fresh where attributes->>'team_id' is not null)
  into v_accepted, v_ids, v_touched, v_bots, v_teams
  from touched;

  if p_teams is not null or p_bots is not null then
    select array_agg(conversation_id) into v_outside from conversations
    where account_id = p_account and conversation_id = any(p_sent) and last_event_time is not null
      and not (coalesce(team_id = any(p_teams), p_teams is null) and coalesce(bot_id = any(p_bots), p_bots is null));
    if v_outside is not null then
      raise exception 'conversations outside of the key' using errcode = 'CR403', detail = to_json(v_outside)::text;
    end if;
  end if;

  if v_accepted = 0 then
    return 0;
  end if;

  -- 2. Live traffic: messages and steps after everything that the conversation has, which change no more than counts
  -- and ends, are added to the row at a cost that does not grow with the conversation.
  with appended as (
    update conversations c set
      user_messages = c.user_messages + t.user_messages,
      bot_messages = c.bot_messages + t.bot_messages,
      end_time = case when c.attributes ? 'end_time' then c.end_time else t.last_time end,
      last_activity = t.last_time,
      last_event_time = t.last_time
    from unnest(v_touched) t
    where c.account_id = p_account and c.conversation_id = any(v_ids) and c.conversation_id = t.conversation_id
      and t.plain and t.first_time > c.last_event_time
      and not exists (select from unnest(t.attributes) said where not c.attributes @> said) -- nothing new is said
      -- the first message says who began, the first user message who the user is
      and (t.user_messages + t.bot_messages = 0 or c.user_messages + c.bot_messages + c.agent_messages > 0)
      and (t.user_messages = 0 or c.user_messages > 0)
      and (t.users = '{}' or c.user_id is not null and t.users <@ c.visitor_ids::text[])
    returning c.conversation_id
  )
  select array(select id from unnest(v_ids) id where id not in (select conversation_id from appended)) into v_refold;

  -- 3. Everything else is folded anew, whole.
  if v_refold <> '{}' then
    perform refold(p_account, v_refold);
  end if;

  if p_teams is not null or p_bots is not null then
    select array_agg(conversation_id) into v_outside from conversations
    where account_id = p_account and conversation_id = any(v_ids)
      and not (coalesce(team_id = any(p_teams), p_teams is null) and coalesce(bot_id = any(p_bots), p_bots is null));
    if v_outside is not null then
      raise exception 'conversations outside of the key' using errcode = 'CR403', detail = to_json(v_outside)::text;
    end if;
  end if;

  insert into known_ids (account_id, kind, id)
  select p_account, kind, id
  from (select 'bot' as kind, unnest(v_bots) as id union all select 'team', unnest(v_teams)) named
  order by kind, id
  on conflict do nothing;

  return v_accepted;
end;
$$;
