-- Takes the words of messages, and of their edits, out of storage, as these deletions say. The messages still count. `erased`
-- marks them, so that a repeat is not taken for one that differs.
create or replace function erase_deleted(p_account uuid, p_deletions events[])
returns void language plpgsql volatile
set enable_nestloop = on -- by the key, message by message: a hash would read whole conversations
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
as $$
begin
  if p_deletions = '{}' then
    return;
  end if;
  update events e set body = (e.body - array['text', 'content', 'context', 'corrections']) || '{"erased": true}'
  from unnest(p_deletions) d
  where e.account_id = p_account and e.conversation_id = d.conversation_id and e.id = d.body->>'message_id'
    and e.type = 'message' and e.body ?| array['text', 'content', 'context', 'corrections'];
  perform erase_deleted_edits(p_account, p_deletions);
end;
$$;
