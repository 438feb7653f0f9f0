-- Rebuilds every derived row of these conversations from their events, and removes rows without events. Locks the
-- conversations. Returns the ids of those with a row that differed from its events.
create or replace function refold(p_account uuid, p_ids text[])
returns text[] language plpgsql volatile
set plan_cache_mode = force_generic_plan -- as in ingest
set enable_nestloop = off
set enable_seqscan = off
as $$
declare
  v_ids text[] := array(select distinct i collate "C" from unnest(p_ids) i order by 1);
  v_known text[];
  v_lost text[]; -- events without a conversation
  v_gone text[]; -- a conversation without events
  v_stored conversations[];
  v_before jsonb;
  v_after jsonb;
  v_rows conversations[];
  v_folded record;
  v_orders orders[];
  v_differ text[];
  v_is_named boolean; -- whether a bot or team becomes known
begin
  -- Lock all of them before anything is read.
  perform from conversations c where c.account_id = p_account and c.conversation_id = any(v_ids)
  order by c.conversation_id for no key update;
  v_known := array(select c.conversation_id from conversations c where c.account_id = p_account and c.conversation_id = any(v_ids));
  v_lost := array(
    select distinct e.conversation_id from events e
    where e.account_id = p_account and e.conversation_id = any(v_ids) and not e.conversation_id = any(v_known)
  );
  insert into conversations
  select (empty_conversation(p_account, i)).* from unnest(v_lost) i order by i collate "C"
  on conflict do nothing;

  v_stored := array(select row(c.*)::conversations from conversations c where c.account_id = p_account and c.conversation_id = any(v_ids));
  v_before := derived_rows(p_account, v_ids);

  v_known := array(
    select distinct e.conversation_id from events e
    where e.account_id = p_account and e.conversation_id = any(v_ids) order by 1
  );
  select * into v_folded from fold(p_account, null, '{}', v_known);

  v_gone := array(select i from unnest(v_ids) i where not i = any(v_known));
  delete from conversations c where c.account_id = p_account and c.conversation_id = any(v_gone);
  v_orders := array(select o from orders_of_events(array(
    select row(e.*)::events from events e where e.account_id = p_account and e.conversation_id = any(v_known) and e.type = 'order'
  )) o);
  delete from orders o where o.account_id = p_account and o.conversation_id = any(v_ids)
    and (o.conversation_id, o.order_id, o.time, o.seq, o.id) not in (
      select u.conversation_id, u.order_id, u.time, u.seq, u.id from unnest(v_orders) u
    );
  insert into orders as o
  select * from unnest(v_orders) u order by u.conversation_id, u.order_id
  on conflict (account_id, conversation_id, order_id) do update set
    (time, amount, subscription, currency, seq, id) = row (
      excluded.time, excluded.amount, excluded.subscription, excluded.currency, excluded.seq, excluded.id)
  where (o.*) is distinct from (excluded.*);
  delete from agent_cells c where c.account_id = p_account and c.conversation_id = any(v_ids);
  perform add_agent_cells(p_account, agent_acts(p_account, v_known));
  perform save_participations(p_account, v_ids);
  insert into known_ids (account_id, kind, id)
  select distinct p_account, k.kind, k.id
  from events e cross join lateral (
    values ('bot', e.attributes->>'bot_id'), ('team', e.attributes->>'team_id'), ('organization', e.organization_id)
  ) as k (kind, id)
  where e.account_id = p_account and e.conversation_id = any(v_known) and k.id is not null
  order by 2, 3
  on conflict do nothing;
  v_is_named := found;

  -- No row depends on the words of messages.
  perform erase_deleted(p_account, array(
    select d from events d
    where d.account_id = p_account and d.conversation_id = any(v_known) and d.type = 'message.deleted'
  ));

  v_rows := with_totals(
    p_account, v_folded.states,
    array(select row(c.*)::agent_cells from agent_cells c where c.account_id = p_account and c.conversation_id = any(v_known)),
    array(select row(o.*)::orders from orders o where o.account_id = p_account and o.conversation_id = any(v_known))
  );
  v_after := derived_rows(p_account, v_ids);
  v_differ := array(
    select r.conversation_id from unnest(v_rows) r left join unnest(v_stored) s on s.conversation_id = r.conversation_id
    where (r.*) is distinct from (s.*)
  );
  perform save_conversations(p_account, array(select r from unnest(v_rows) r where r.conversation_id = any(v_differ)));
  v_differ := array(
    select i from unnest(v_ids) i
    where i = any(v_differ) or i = any(v_lost) or i = any(v_folded.corrected)
      or v_before->i is distinct from v_after->i
      or exists (select from unnest(v_stored) s where s.conversation_id = i and i = any(v_gone))
  );
  v_rows := rows_of(v_rows, v_differ);
  perform mark_segments(p_account, rows_of(v_stored, v_differ), v_rows);
  if v_differ <> '{}' or v_is_named then
    perform note_change(p_account, v_rows);
  end if;
  return v_differ;
end;
$$;
