-- Takes the words of edits of deleted messages out of storage. Only the edits of these conversations are read.
create or replace function erase_deleted_edits(p_account uuid, p_deletions events[])
returns void language plpgsql volatile
set enable_nestloop = off -- there may be as many edits as deletions
set enable_hashjoin = on
set enable_seqscan = off
as $$
declare
  v_ids text[] := array(select distinct d.conversation_id from unnest(p_deletions) d);
begin
  update events e set body = (e.body - array['text', 'content']) || '{"erased": true}'
  where e.account_id = p_account and e.conversation_id = any(v_ids) and e.type = 'message.edited'
    and e.body ?| array['text', 'content']
    and (e.conversation_id, e.body->>'message_id') in (
      select d.conversation_id, d.body->>'message_id' from unnest(p_deletions) d
    );
end;
$$;
