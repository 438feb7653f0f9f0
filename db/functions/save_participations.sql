-- Writes the participations of these conversations from the stored agent cells, joins and orders.
create or replace function save_participations(p_account uuid, p_ids text[])
returns void language plpgsql volatile
as $$
declare
  v_present participations[];
begin
  with cells as materialized (
    select * from agent_cells c where c.account_id = p_account and c.conversation_id = any(p_ids)
  ), wrote as (
    select conversation_id, 'team' as scope, team_id as participant_id, sum(messages)::integer as agent_messages,
      min(first_time) as first_message, null::text as user_organization_id,
      array_agg(distinct organization_id collate "C") as organization_ids
    from cells where team_id is not null
    group by conversation_id, team_id
    union all
    select conversation_id, 'user', agent_id, sum(messages)::integer, min(first_time),
      (array_agg(organization_id order by last_place collate "C" desc))[1],
      array_agg(distinct organization_id collate "C")
    from cells where agent_id <> ''
    group by conversation_id, agent_id
  ), joined as (
    select e.conversation_id, named.scope, named.participant_id, min(e.time) as first_join
    from events e
    cross join lateral (values ('team', e.team_id), ('user', e.actor_id)) as named (scope, participant_id)
    where e.account_id = p_account and e.conversation_id = any(p_ids) and e.type = 'participant.joined'
      and named.participant_id is not null
    group by e.conversation_id, named.scope, named.participant_id
  ), present as materialized (
    select w.*, least(w.first_message, j.first_join) as joined_at
    from wrote w left join joined j using (conversation_id, scope, participant_id)
  ), bought as (
    select p.conversation_id, p.scope, p.participant_id, count(*)::integer as order_count,
      sum(o.amount) as sales, sum(o.amount) filter (where o.subscription) as subscription_sales,
      array_agg(distinct o.currency collate "C") filter (where o.currency is not null) as currencies,
      array_agg(distinct o.currency collate "C") filter (where o.currency is not null and o.subscription) as subscription_currencies
    from present p
    join orders o on o.account_id = p_account and o.conversation_id = any(p_ids)
      and o.conversation_id = p.conversation_id and o.time >= p.joined_at
    group by p.conversation_id, p.scope, p.participant_id
  )
  select array_agg((
    p_account, p.conversation_id, p.scope, p.participant_id, p.agent_messages, p.joined_at, p.user_organization_id,
    p.organization_ids, coalesce(b.order_count, 0), coalesce(b.sales, 0), coalesce(b.subscription_sales, 0),
    b.currencies, b.subscription_currencies
  )::participations)
  into v_present
  from present p left join bought b using (conversation_id, scope, participant_id);

  delete from participations p
  where p.account_id = p_account and p.conversation_id = any(p_ids)
    and (p.conversation_id, p.scope, p.participant_id) not in (
      select u.conversation_id, u.scope, u.participant_id from unnest(v_present) u
    );

  insert into participations as p
  select * from unnest(v_present) u order by u.conversation_id, u.scope, u.participant_id
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
