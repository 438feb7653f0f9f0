-- Removes conversations whose last activity lies before their cutoff, with their events and all that is derived from them, and
-- leaves a trace of each by which its events are recognized. What was before p_oldest is ignored in any case, and needs none.
-- Conversations that are locked are left for the next time. Returns how many are removed.
create or replace function remove_conversations(
  p_account uuid, p_ids text[], p_cutoffs timestamptz[], p_oldest timestamptz
)
returns integer language plpgsql volatile
set plan_cache_mode = force_generic_plan -- as in ingest
set enable_nestloop = off
set enable_seqscan = off
as $$
declare
  v_rows conversations[];
  v_ids text[];
begin
  v_rows := array(
    select c from conversations c where c.account_id = p_account and c.conversation_id = any(p_ids)
    order by c.conversation_id for update skip locked
  );
  v_rows := array(
    select r from unnest(v_rows) r join unnest(p_ids, p_cutoffs) u (id, cutoff) on u.id = r.conversation_id
    where r.last_activity < u.cutoff
  );
  if v_rows = '{}' then
    return 0;
  end if;
  v_ids := array(select r.conversation_id from unnest(v_rows) r order by 1);
  insert into erasure_secrets (account_id) values (p_account) on conflict do nothing;
  insert into removed_conversations as x (account_id, digest, cutoff)
  select p_account, event_digest(s.secret, u.id, ''), u.cutoff
  from unnest(p_ids, p_cutoffs) u (id, cutoff) cross join erasure_secrets s
  where s.account_id = p_account and u.id = any(v_ids) and (p_oldest is null or u.cutoff > p_oldest)
  on conflict (account_id, digest) do update set cutoff = greatest(x.cutoff, excluded.cutoff);
  delete from events e where e.account_id = p_account and e.conversation_id = any(v_ids);
  delete from participations p where p.account_id = p_account and p.conversation_id = any(v_ids);
  delete from agent_cells c where c.account_id = p_account and c.conversation_id = any(v_ids);
  delete from orders o where o.account_id = p_account and o.conversation_id = any(v_ids);
  delete from conversations c where c.account_id = p_account and c.conversation_id = any(v_ids);
  perform mark_segments(p_account, v_rows, '{}');
  perform note_change(p_account, '{}');
  -- A line a day is enough for the audit trail.
  update audit a set conversations = a.conversations + cardinality(v_ids)
  where a.account_id = p_account and a.action = 'retention.removed' and a.time >= date_trunc('day', now(), 'UTC');
  if not found then
    insert into audit (account_id, action, done_by, conversations)
    values (p_account, 'retention.removed', 'service', cardinality(v_ids));
  end if;
  -- The words of their users follow, also if this process ends here.
  update retention r set state = 'settling', settle_from = null where r.account_id = p_account;
  return cardinality(v_ids);
end;
$$;
