-- Stores a batch. p_events is JSON, validated and without duplicates: {"events": [..], "attributes": [..]}. An event has
-- the columns of events, but in place of its attributes their number, from 1, in the list of different ones: many events
-- share theirs. Processes of an earlier version pass the list of events alone, with attributes.
-- p_sent is 'timeout N', the caller's timeout in milliseconds: where tables are distributed, the node that this runs on does
-- not know it. Earlier versions pass something else, which is unused.
-- A restricted key passes the teams and bots that it may write to (null for any).
-- Returns the number of new events. Raises one of these, with a JSON list of conversations as detail: CR403, if one is out of
-- the scope of the key before or after the batch; CR400, if one would have more than a million events; CR408, if one must be
-- refolded and is too long for statement_timeout.
--
-- Each statement below sees what is committed when it starts. The conversations are therefore locked first, in order of
-- their keys, and everything read afterwards includes every batch that this one waited for. known_ids come last, also
-- sorted, so batches cannot deadlock.
create or replace function ingest(p_account uuid, p_events text, p_sent text[], p_teams text[], p_bots text[])
returns integer language plpgsql volatile
-- For this function and those that it calls: plans are made once, when tables may be small and the sizes of arrays are
-- unknown. Joins must therefore not be quadratic, and tables are read by their keys.
set plan_cache_mode = force_generic_plan
set enable_nestloop = off
set enable_seqscan = off
as $$
declare
  c_most constant integer := 1000000; -- events of a conversation
  c_seconds_each constant double precision := 0.0001; -- in which an event is folded, on a slow machine
  v_json jsonb := p_events; -- read once: json would be read again by each use
  v_different jsonb[] := array(select jsonb_array_elements(v_json->'attributes'));
  v_batch events[]; -- in order of conversation and place, as are the lists below
  v_ids text[];
  v_new text[]; -- conversations that nobody has seen
  v_begun record; -- what this batch makes of them
  v_first events[] := '{}'; -- their events
  v_made text[] := '{}'; -- those of them that this batch is the first to insert
  v_stub conversations;
  v_id text;
  v_rows conversations[]; -- of all other conversations of the batch, v_ids from then on; v_batch are their events
  v_before conversations[]; -- the same, as they were before this batch
  v_after conversations[] := '{}'; -- every row that it has written
  v_is_new boolean[]; -- whether they are not stored yet
  v_fresh events[]; -- those that are not
  v_outdated text[]; -- those whose rows an earlier fold wrote
  v_added record; -- what the fresh events make of v_rows
  v_late text[];
  v_again record; -- the late ones, folded whole
  v_parts text[]; -- conversations with agents or orders among the new events
  v_acts events[]; -- those events
  v_faulty text[];
  v_timeout double precision;
begin
  v_batch := array(
    select (p_account, s.conversation_id, s.id, s.type, s.time, coalesce(s.seq, 0), s.sender, s.actor_id, s.team_id,
      s.organization_id, coalesce(v_different[s.said], s.attributes), s.body, null)::events
    from jsonb_to_recordset(case jsonb_typeof(v_json) when 'array' then v_json else v_json->'events' end) as s (
      conversation_id text, id text, type text, "time" timestamptz, seq integer, sender text, actor_id text, team_id text,
      organization_id text, said integer, attributes jsonb, body jsonb
    )
    order by s.conversation_id collate "C", s.time, coalesce(s.seq, 0), s.id collate "C"
  );
  v_ids := array(select distinct e.conversation_id from unnest(v_batch) e order by 1);

  -- 1. Lock the conversations. A new one is inserted with the result of this batch, which is exact if the row did not exist.
  -- If it did, another batch has created the conversation meanwhile, and the insert locks it.
  loop
    v_new := array(
      select c.conversation_id from conversations c where c.account_id = p_account and c.conversation_id = any(v_ids)
    );
    v_new := case when cardinality(v_new) = cardinality(v_ids) then '{}'
      else array(select unnest(v_ids) collate "C" except select unnest(v_new) order by 1) end;
    -- Repeats of events that were erased or removed. This comes after the look for their conversations: where one has been
    -- replaced or removed, it has left a trace.
    if exists (select from erased_events x where x.account_id = p_account)
      or exists (select from removed_conversations x where x.account_id = p_account)
    then
      v_batch := without_erased(p_account, v_batch);
      v_ids := array(select distinct e.conversation_id from unnest(v_batch) e order by 1);
      v_new := array(select unnest(v_new) collate "C" intersect select unnest(v_ids) order by 1);
      if v_ids = '{}' then
        return 0;
      end if;
    end if;
    if v_new = '{}' then
      v_rows := array(
        select row(c.*)::conversations from conversations c where c.account_id = p_account and c.conversation_id = any(v_ids)
        order by c.conversation_id for no key update
      );
      continue when cardinality(v_rows) < cardinality(v_ids); -- one has been removed meanwhile
    else
      v_first := case when v_new = v_ids then v_batch else events_of(v_batch, v_new) end;
      select * into v_begun from fold(p_account, null, v_first, '{}');
      if exists (select from unnest(v_first) e where e.sender = 'agent' or e.type = 'order') then
        v_begun.states := with_totals(
          p_account, v_begun.states,
          array(select c from agent_cells_of_events(p_account, v_first, '{}') c),
          array(select o from orders_of_events(v_first) o)
        );
      end if;
      v_rows := v_begun.states;
      v_stub := empty_conversation(p_account, ''); -- stands in for the rows that are there
      for v_id in select unnest(v_ids) except select unnest(v_new) loop
        v_stub.conversation_id := v_id;
        v_rows := v_rows || v_stub;
      end loop;
      for v_id in
        insert into conversations as c
        select * from unnest(v_rows) r order by r.conversation_id
        on conflict (account_id, conversation_id) do update set fold_version = 0 where false -- locks, writes no version
        returning c.conversation_id
      loop
        v_made := v_made || v_id;
      end loop;
      if cardinality(v_new) < cardinality(v_ids) then -- one that was there has been removed meanwhile, and its stub inserted
        v_made := array(select unnest(v_made) intersect select unnest(v_new));
      end if;
      v_ids := array(select unnest(v_ids) except select unnest(v_made) order by 1);
      v_rows := array(
        select row(c.*)::conversations from conversations c where c.account_id = p_account and c.conversation_id = any(v_ids) order by c.conversation_id
      );
      if cardinality(v_made) < cardinality(v_new) then -- what was folded of the others is of no use
        v_first := events_of(v_batch, v_made);
        select * into v_begun from fold(p_account, null, v_first, '{}');
      end if;
      v_batch := events_of(v_batch, v_ids);
    end if;
    exit;
  end loop;

  if p_teams is not null or p_bots is not null then
    perform refuse_outside(v_rows, p_teams, p_bots);
  end if;

  -- 2. Fold the new events into the existing rows.
  v_fresh := '{}';
  v_outdated := '{}';
  v_late := '{}';
  if v_rows <> '{}' then
    v_is_new := array(
      select (
        select false from events s
        where s.account_id = p_account and s.conversation_id = (b.e).conversation_id and s.id = (b.e).id
      ) is null
      from (select unnest(v_batch) as e) b
    );
    v_fresh := v_batch;
    if false = any(v_is_new) then
      v_fresh := array(
        select (account_id, conversation_id, id, type, time, seq, sender, actor_id, team_id, organization_id, attributes, body, null)::events
        from unnest(v_batch, v_is_new) as u (
          account_id, conversation_id, id, type, time, seq, sender, actor_id, team_id, organization_id, attributes, body, unset, is_new
        )
        where is_new
      );
    end if;
  end if;
  if v_fresh <> '{}' then
    select coalesce(array_agg((u.r).conversation_id) filter (where (u.r).fold_version < fold_version()), '{}'),
      array_agg((u.r).conversation_id) filter (where (u.r).event_count + cardinality(v_fresh) > c_most)
    into v_outdated, v_faulty
    from (select unnest(v_rows) as r) u; -- whole, as few of its many columns are read
    if v_faulty is not null then
      select array_agg(r.conversation_id) into v_faulty
      from unnest(v_rows) r
      join (select e.conversation_id, count(*) as events from unnest(v_fresh) e group by 1) more using (conversation_id)
      where r.event_count + more.events > c_most;
      if v_faulty is not null then
        raise exception 'more than a million events of a conversation' using errcode = 'CR400', detail = to_json(v_faulty)::text;
      end if;
    end if;
    if cardinality(v_fresh) < cardinality(v_batch) then -- a conversation may have repeats alone
      v_rows := rows_of(v_rows, array(select distinct e.conversation_id from unnest(v_fresh) e));
    end if;
    v_before := v_rows;
    select * into v_added from fold(p_account, v_rows, v_fresh, '{}');
    v_late := array(select unnest(v_added.late) except select unnest(v_outdated) order by 1);
  end if;
  if v_fresh = '{}' and v_made = '{}' then
    return 0;
  end if;
  if v_late <> '{}' or v_outdated <> '{}' then
    v_timeout := case when p_sent[1] like 'timeout %' then substr(p_sent[1], 9)::double precision / 1000
      else extract(epoch from current_setting('statement_timeout')::interval) end;
    select array_agg(r.conversation_id) into v_faulty from unnest(v_rows) r join unnest(v_late) l (id) on l.id = r.conversation_id
    where r.event_count * c_seconds_each > v_timeout and v_timeout > 0;
    if v_faulty is not null then
      raise exception 'too long to be folded within statement_timeout' using errcode = 'CR408', detail = to_json(v_faulty)::text;
    end if;
  end if;

  -- 3. Store the events.
  if v_made <> '{}' then
    v_after := v_begun.states;
    insert into events (account_id, conversation_id, id, type, time, seq, sender, actor_id, team_id, organization_id, attributes, body, response_seconds)
    select account_id, conversation_id, id, type, time, seq, sender, actor_id, team_id, organization_id, attributes, body, seconds
    from unnest(v_first, v_begun.responses) as u (
      account_id, conversation_id, id, type, time, seq, sender, actor_id, team_id, organization_id, attributes, body, unset, seconds
    );
  end if;
  if v_fresh <> '{}' then
    insert into events (account_id, conversation_id, id, type, time, seq, sender, actor_id, team_id, organization_id, attributes, body, response_seconds)
    select account_id, conversation_id, id, type, time, seq, sender, actor_id, team_id, organization_id, attributes, body, seconds
    from unnest(v_fresh, v_added.responses) as u (
      account_id, conversation_id, id, type, time, seq, sender, actor_id, team_id, organization_id, attributes, body, unset, seconds
    );
  end if;

  -- 4. Write the rows.
  v_batch := v_first || v_fresh;
  v_acts := array(
    select e from unnest(v_batch) e where e.sender = 'agent' or e.type in ('participant.joined', 'order')
  );
  if v_outdated <> '{}' then
    v_acts := events_of(v_acts, array(select e.conversation_id from unnest(v_acts) e except select unnest(v_outdated)));
  end if;
  v_parts := array(select distinct e.conversation_id from unnest(v_acts) e);
  if v_parts <> '{}' then
    perform save_orders(array(select o from orders_of_events(v_acts) o));
    perform add_agent_cells(p_account, array(select e from unnest(v_acts) e where e.type <> 'order'));
    perform save_participations(p_account, v_parts);
  end if;
  if v_fresh <> '{}' then
    v_rows := v_added.states;
    if v_late <> '{}' then
      select * into v_again from fold(p_account, null, '{}', v_late);
      v_rows := v_rows || v_again.states;
    end if;
    v_parts := v_parts || v_late;
    if v_parts <> '{}' then
      v_rows := with_totals(
        p_account, v_rows,
        array(select row(c.*)::agent_cells from agent_cells c where c.account_id = p_account and c.conversation_id = any(v_parts)),
        array(select row(o.*)::orders from orders o where o.account_id = p_account and o.conversation_id = any(v_parts))
      );
    end if;
    if v_outdated <> '{}' then
      v_rows := rows_of(v_rows, array(select r.conversation_id from unnest(v_rows) r except select unnest(v_outdated)));
    end if;
    perform save_conversations(p_account, v_rows);
    v_after := v_after || v_rows;
    if v_outdated <> '{}' then
      perform refold(p_account, v_outdated);
    end if;
  end if;

  perform mark_segments(p_account, v_before, v_after);
  perform note_change(p_account, v_after);

  -- The words of deleted messages go: of those that are deleted now, and those that arrive after their deletion.
  perform erase_deleted(p_account, array(select e from unnest(v_batch) e where e.type = 'message.deleted'));
  if v_fresh <> '{}' then
    v_acts := array(
      select d from events d
      where d.account_id = p_account and d.conversation_id = any(v_ids) and d.type = 'message.deleted'
    );
    if v_acts <> '{}' then
      perform erase_deleted(p_account, array(
        select d from unnest(v_acts) d
        where (d.conversation_id, d.body->>'message_id') in (
          select e.conversation_id, case e.type when 'message' then e.id else e.body->>'message_id' end
          from unnest(v_fresh) e where e.type in ('message', 'message.edited')
        )
      ));
    end if;
  end if;

  if p_teams is not null or p_bots is not null then
    perform refuse_outside(
      array(
        select row(c.*)::conversations from conversations c where c.account_id = p_account and c.conversation_id = any(v_ids || v_made)
      ), p_teams, p_bots
    );
  end if;

  insert into known_ids (account_id, kind, id)
  select distinct p_account, k.kind, k.id
  from (
    select distinct e.attributes->>'bot_id' as bot_id, e.attributes->>'team_id' as team_id, e.organization_id
    from unnest(v_batch) e where e.attributes is not null or e.organization_id is not null
  ) named
  cross join lateral (
    values ('bot', named.bot_id), ('team', named.team_id), ('organization', named.organization_id)
  ) as k (kind, id)
  where k.id is not null
  order by 2, 3
  on conflict do nothing;

  return cardinality(v_batch);
end;
$$;
