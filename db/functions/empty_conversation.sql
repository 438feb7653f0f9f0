-- A conversation without events: the result of a fold over nothing.
create or replace function empty_conversation(p_account uuid, p_id text)
returns conversations language plpgsql immutable
as $$
declare
  s conversations;
begin
  s.account_id := p_account;
  s.conversation_id := p_id;
  s.fold_version := fold_version();
  s.attributes := '{}';
  s.is_test := false;
  s.withdrawn := false;
  s.is_meaningful := false;
  s.event_count := 0;
  s.user_messages := 0;
  s.bot_messages := 0;
  s.agent_messages := 0;
  s.visitor_ids := '{}';
  s.visitor_session_ids := '{}';
  s.room_ids := '{}';
  s.agent_ids := '{}';
  s.organization_ids := '{}';
  s.order_count := 0;
  s.sales := 0;
  s.subscription_sales := 0;
  s.tags := '{}';
  s.rule_ids := '{}';
  s.confidence_count := 0;
  s.confidence_sum := 0;
  s.thumbs_up := 0;
  s.thumbs_down := 0;
  s.has_collection := false;
  s.has_collection_sources := false;
  s.answered := false;
  s.user_wrote := false;
  s.agent_wrote := false;
  return s;
end;
$$;
