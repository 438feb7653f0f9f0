-- Writes response times of stored messages.
create or replace function correct_responses(p_account uuid, p_conversations text[], p_ids text[], p_seconds numeric[])
returns void language plpgsql volatile
set enable_hashjoin = off -- by the key, event by event: a hash would read whole conversations
set enable_mergejoin = off
set enable_seqscan = off
as $$
begin
  update events e set response_seconds = u.seconds
  from unnest(p_conversations, p_ids, p_seconds) as u (conversation_id, id, seconds)
  where e.account_id = p_account and e.conversation_id = u.conversation_id and e.id = u.id;
end;
$$;
