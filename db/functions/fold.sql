-- The fold: computes the row of a conversation from its events. It adds events to states, in one of two ways:
--   an append folds p_events, which are not stored yet, into p_states, the rows of their conversations;
--   a refold folds all stored events of p_whole into p_states, which are then empty, and corrects their response times.
-- p_states has one row for each conversation with events, ordered by id; null stands for empty ones.
--
-- Nearly everything is a count, a set, or a register that keeps the place of its value and takes the later one, so the order
-- of arrival does not matter. The response chain depends on the order: a conversation with events earlier than the chain has
-- already processed is returned in `late`. Its state must not be used, and it must be refolded.
--
-- Returns the states, the response times for p_events by conversation and place, and the late conversations. Columns that
-- are computed from other tables (agent_cells, orders) keep their values.
create or replace function fold(
  p_account uuid, p_states conversations[], p_events events[], p_whole text[],
  out states conversations[], out responses numeric[], out late text[], out corrected text[]
)
language plpgsql volatile
as $$
declare
  e record;
  v_empty conversations := empty_conversation(p_account, '');
  s conversations; -- of the events that are being folded
  v_number integer := 0; -- of s in p_states
  v_is_late boolean;
  v_said jsonb[]; -- s.said, `attributes` not left out
  v_says_more boolean; -- it has changed
  v_visits_more boolean; -- users or visitor ids have
  v_derives_more boolean; -- something else has that columns derive from, but for end_time and last_activity
  v_tags_more boolean; -- tags or rules of messages have
  v_attributes jsonb;
  v_merged jsonb;
  v_response numeric;
  v_place integer;
  v_ids text[]; -- events whose response time is to be corrected
  v_conversations text[];
  v_seconds numeric[];
begin
  states := '{}';
  responses := '{}';
  late := '{}';
  corrected := '{}';
  v_ids := '{}';
  v_conversations := '{}';
  v_seconds := '{}';

  for e in
    select every.* from (
      select u.conversation_id, u.id, u.type, u.time, u.sender, u.actor_id, u.attributes, u.body, u.response_seconds,
        place_of(u.time, u.seq, u.id) as place
      from unnest(p_events) u
      union all
      select v.conversation_id, v.id, v.type, v.time, v.sender, v.actor_id, v.attributes,
        v.body - array['text', 'content', 'context', 'corrections'], v.response_seconds, place_of(v.time, v.seq, v.id)
      from events v where v.account_id = p_account and v.conversation_id = any(p_whole)
      union all
      select null, null, null, null, null, null, null, null, null, null -- the end: what was begun is finished
    ) every
    order by every.conversation_id collate "C", every.place collate "C"
  loop
    if v_number = 0 or e.conversation_id is distinct from s.conversation_id then
      if v_number > 0 then -- finish s
        if v_says_more then
          v_merged := v_said[1];
          for v_place in 2 .. cardinality(v_said) loop
            v_merged := v_merged || v_said[v_place];
          end loop;
          v_attributes := v_merged;
          if v_merged @? '$.* ? (@ == null)' then
            select coalesce(jsonb_object_agg(key, value) filter (where value <> 'null'), '{}') into v_attributes
            from jsonb_each(v_merged);
          end if;
          -- An attribute goes to the column with its name; values that are derived if it is absent follow below.
          s := jsonb_populate_record(s, v_merged);
          s.attributes := v_attributes;
          s.said := case when cardinality(v_said) > 1 or v_said[1] <> v_attributes then v_said end;
        end if;
        if v_derives_more or v_says_more or v_visits_more then
          v_attributes := s.attributes;
          s.user_id := coalesce(v_attributes->>'user_id', s.first_user_id);
          s.start_time := coalesce((v_attributes->>'start_time')::timestamptz, s.first_time, s.first_aside_time);
          if v_visits_more or v_says_more then
            if s.sent_visitor_ids is not null then
              s.visitor_ids := s.sent_visitor_ids;
            else
              v_place := coalesce(width_bucket(s.user_id collate "C", s.users), 0);
              s.visitor_ids := case when s.user_id is null or s.users[v_place] = s.user_id then coalesce(s.users, '{}')
                else s.users[:v_place] || s.user_id || s.users[v_place + 1:] end;
            end if;
          end if;
          if v_tags_more or v_says_more then
            s.tags := united(v_attributes->'tags', s.message_tags);
            s.rule_ids := united(v_attributes->'rule_ids', s.message_rule_ids);
          end if;
          s.chat_type := coalesce(v_attributes->>'chat_type', case
            when s.user_messages > 0 or s.user_id is not null or s.visitor_ids <> '{}' then 'visitor' else 'operator' end);
          s.chat_initiator := coalesce(v_attributes->>'chat_initiator',
            case s.first_sender when 'user' then 'visitor' when 'agent' then 'operator' when 'bot' then 'autosuggest' end);
          s.is_test := coalesce((v_attributes->>'is_test')::boolean, false);
          s.is_contained := coalesce((v_attributes->>'is_contained')::boolean, s.agent_messages = 0 and s.agent_ids = '{}');
          s.is_meaningful := coalesce((v_attributes->>'is_meaningful')::boolean,
            s.answered and not s.is_test and s.is_covered is distinct from false);
          s.withdrawn := coalesce((v_attributes->>'withdrawn')::boolean, false);
          s.csat_brain := coalesce((v_attributes->>'csat_brain')::integer, (s.ratings->'bot'->>'value')::integer);
          s.csat_human_agent := coalesce((v_attributes->>'csat_human_agent')::integer, (s.ratings->'agent'->>'value')::integer);
          s.fold_version := fold_version();
        end if;
        s.end_time := coalesce((s.attributes->>'end_time')::timestamptz, s.last_content_time, s.start_time);
        s.last_activity := coalesce(s.last_acted_time, s.start_time);
        if v_is_late then
          late := late || s.conversation_id;
        else
          states := states || s;
        end if;
      end if;

      exit when e.conversation_id is null;
      v_number := v_number + 1;
      if p_states is null then
        s := v_empty;
        s.conversation_id := e.conversation_id;
      else
        s := p_states[v_number];
      end if;
      if s.conversation_id is distinct from e.conversation_id then
        raise exception 'the states are not those of the events';
      end if;
      v_is_late := false;
      v_says_more := false;
      v_visits_more := false;
      v_derives_more := false;
      v_tags_more := false;
      v_said := coalesce(s.said, case when s.said_places is not null then array[s.attributes] end);
    end if;

    v_response := null;
    s.event_count := s.event_count + 1;

    if e.attributes is not null then
      v_attributes := e.attributes;
      if v_attributes ?| array['visitor_ids', 'visitor_session_ids', 'room_ids'] then
        s.sent_visitor_ids := with_texts(s.sent_visitor_ids, v_attributes->'visitor_ids');
        s.visitor_session_ids := with_texts(s.visitor_session_ids, v_attributes->'visitor_session_ids');
        s.room_ids := with_texts(s.room_ids, v_attributes->'room_ids');
        v_visits_more := true;
        v_attributes := v_attributes - array['visitor_ids', 'visitor_session_ids', 'room_ids'];
      end if;
      v_place := cardinality(s.said_places);
      if v_attributes = v_said[v_place] then -- the usual case: the same as the last time
        s.said_places[v_place] := greatest(s.said_places[v_place] collate "C", e.place);
      elsif v_said is null and v_attributes <> '{}' then
        s.said_places := array[e.place];
        v_said := array[v_attributes];
        v_says_more := true;
      elsif v_attributes <> '{}' then
        with latest as (
          select distinct on (a.key) l.place, a.key, a.value
          from (select * from unnest(s.said_places, v_said) as l (place, said) union all select e.place, v_attributes) l
          cross join lateral jsonb_each(l.said) a
          order by a.key, l.place collate "C" desc
        ), layers as (
          select place, jsonb_object_agg(key, value) as said from latest group by place
        )
        select array_agg(place order by place collate "C"), array_agg(said order by place collate "C")
        into s.said_places, v_said
        from layers;
        v_says_more := true;
      end if;
    end if;

    if e.type = 'message' then
      if e.sender = 'user' then
        if e.place < s.chain_place collate "C" then
          v_is_late := true;
        else
          s.waiting_since := least(s.waiting_since, e.time);
          s.user_wrote := true;
        end if;
        if s.user_messages = 0 then
          v_derives_more := true;
        end if;
        s.user_messages := s.user_messages + 1;
        if e.actor_id is not null then
          if s.first_user_place is null or e.place < s.first_user_place collate "C" then
            s.first_user_id := e.actor_id;
            s.first_user_place := e.place;
            v_visits_more := true;
          end if;
          v_place := coalesce(width_bucket(e.actor_id collate "C", s.users), 0); -- a binary search: users are sorted
          if s.users[v_place] is distinct from e.actor_id then
            s.users := s.users[:v_place] || e.actor_id || s.users[v_place + 1:];
            v_visits_more := true;
          end if;
        end if;
      else
        if e.place < greatest(s.last_message_place, s.chain_place) collate "C" then
          v_is_late := true;
        else
          v_response := coalesce((e.body->>'response_time_seconds')::numeric, extract(epoch from e.time - s.waiting_since));
          if e.sender = 'bot' then
            if not s.answered and s.user_messages > 0 then
              s.answered := true;
              v_derives_more := true;
            end if;
          else
            if v_response is null and s.turn_sender = 'bot' and s.user_wrote and not s.agent_wrote then -- the handover
              v_response := extract(epoch from e.time - s.turn_time);
            end if;
            if v_response is not null and s.first_response_seconds is null then
              s.first_response_seconds := v_response;
              s.first_response_agent_id := e.actor_id;
            end if;
            s.agent_wrote := true;
          end if;
          s.waiting_since := null;
          s.turn_sender := e.sender;
          s.turn_time := e.time;
          s.chain_place := e.place;
        end if;
        if e.sender = 'bot' then
          s.bot_messages := s.bot_messages + 1;
        else
          if s.agent_messages = 0 then
            v_derives_more := true;
          end if;
          s.agent_messages := s.agent_messages + 1;
        end if;
      end if;
      if s.first_sender is null then
        s.first_sender := e.sender; -- a message before it is late, or of the same sender
        v_derives_more := true;
      end if;
      s.last_message_place := greatest(s.last_message_place, e.place collate "C");
      s.last_content_time := greatest(s.last_content_time, e.time);
      s.last_acted_time := greatest(s.last_acted_time, e.time);
      if e.body ?| array['confidence', 'reaction', 'tags', 'rule_ids', 'collection_id', 'collection_sources'] then
        if e.body ? 'confidence' then
          s.confidence_count := s.confidence_count + 1;
          s.confidence_sum := s.confidence_sum + (e.body->>'confidence')::numeric;
          s.min_confidence := least(s.min_confidence, (e.body->>'confidence')::numeric);
        end if;
        if e.body->>'reaction' = 'thumbs_up' then
          s.thumbs_up := s.thumbs_up + 1;
        elsif e.body->>'reaction' = 'thumbs_down' then
          s.thumbs_down := s.thumbs_down + 1;
        end if;
        s.has_collection := s.has_collection or e.body ? 'collection_id';
        s.has_collection_sources := s.has_collection_sources or coalesce(e.body->'collection_sources' <> '[]', false);
        if e.body ?| array['tags', 'rule_ids'] then
          s.message_tags := with_texts(s.message_tags, e.body->'tags');
          s.message_rule_ids := with_texts(s.message_rule_ids, e.body->'rule_ids');
          v_tags_more := true;
          v_derives_more := true;
        end if;
      end if;
    elsif e.type = 'step' then
      s.last_content_time := greatest(s.last_content_time, e.time);
      s.last_acted_time := greatest(s.last_acted_time, e.time);
    elsif e.type = 'participant.joined' then
      s.last_acted_time := greatest(s.last_acted_time, e.time);
    elsif e.type in ('conversation.closed', 'conversation.reopened') then
      if s.ended_place is null or e.place > s.ended_place collate "C" then
        s.ended_place := e.place;
        s.closed_at := case e.type when 'conversation.closed' then e.time end;
        s.closed_reason := e.body->>'reason';
        s.closed_by := e.body->>'agent_id';
      end if;
      if e.type = 'conversation.reopened' then
        s.last_acted_time := greatest(s.last_acted_time, e.time);
      elsif e.place < s.last_message_place collate "C" then
        v_is_late := true;
      else
        s.chain_place := greatest(s.chain_place, e.place collate "C");
        s.waiting_since := null;
        s.turn_sender := null;
        s.turn_time := null;
        s.user_wrote := false;
        s.agent_wrote := false;
      end if;
    elsif e.type = 'rating' then
      s.ratings := with_rating(s.ratings, e.place, e.body);
      s.rating := (s.ratings->'conversation'->>'value')::integer;
      s.feedback := s.ratings->'conversation'->>'feedback';
      v_derives_more := true;
    end if;

    if e.actor_id is not null and (e.sender = 'agent' or e.type = 'participant.joined') then
      v_place := array_position(s.agent_ids, e.actor_id);
      if v_place is null and (s.agent_ids = '{}' or e.place > s.agent_places[cardinality(s.agent_places)] collate "C") then
        s.agent_ids := array_append(s.agent_ids, e.actor_id);
        s.agent_places := array_append(s.agent_places, e.place);
        s.agent_names := array_append(s.agent_names, null);
        s.agent_name_places := array_append(s.agent_name_places, null);
        v_place := cardinality(s.agent_ids);
        v_derives_more := true;
      elsif v_place is null or e.place < s.agent_places[v_place] collate "C" then -- agent_ids are in order of appearance
        select array_agg(agent_id order by place collate "C"), array_agg(place order by place collate "C"),
          array_agg(name order by place collate "C"), array_agg(name_place order by place collate "C")
        into s.agent_ids, s.agent_places, s.agent_names, s.agent_name_places
        from (
          select agent_id, min(place collate "C") as place, max(name) as name, max(name_place collate "C") as name_place
          from (
            select * from unnest(s.agent_ids, s.agent_places, s.agent_names, s.agent_name_places)
              as known (agent_id, place, name, name_place)
            union all select e.actor_id, e.place, null, null
          ) acts group by agent_id
        ) agents;
        v_place := array_position(s.agent_ids, e.actor_id);
        v_derives_more := true;
      end if;
      if e.body ?| array['sender_name', 'agent_name']
        and (s.agent_name_places[v_place] is null or e.place > s.agent_name_places[v_place] collate "C")
      then
        s.agent_names[v_place] := coalesce(e.body->>'sender_name', e.body->>'agent_name');
        s.agent_name_places[v_place] := e.place;
      end if;
    end if;

    if e.type in ('message.edited', 'message.deleted', 'note') then
      s.first_aside_time := least(s.first_aside_time, e.time);
      v_derives_more := true;
    elsif s.first_time is null or e.time < s.first_time then
      s.first_time := e.time;
      v_derives_more := true;
    end if;

    if p_whole = '{}' then
      responses := responses || v_response;
    elsif e.response_seconds is distinct from v_response then
      v_ids := v_ids || e.id;
      v_conversations := v_conversations || e.conversation_id;
      v_seconds := v_seconds || v_response;
      if cardinality(v_ids) = 10000 then
        perform correct_responses(p_account, v_conversations, v_ids, v_seconds);
        corrected := corrected || (select array_agg(distinct c) from unnest(v_conversations) c);
        v_ids := '{}';
        v_conversations := '{}';
        v_seconds := '{}';
      end if;
    end if;
  end loop;

  if v_ids <> '{}' then
    perform correct_responses(p_account, v_conversations, v_ids, v_seconds);
    corrected := corrected || (select array_agg(distinct c) from unnest(v_conversations) c);
  end if;
end;
$$;
