-- Updates the rows of existing, locked conversations, one key look-up for each row of p_rows. The settings and the condition
-- allow no other plan: one that was made while the table was small would otherwise read all rows of the account for each of
-- p_rows, and would be kept while the table grows.
create or replace function save_conversations(p_account uuid, p_rows conversations[])
returns void language plpgsql volatile
set enable_nestloop = on
set enable_bitmapscan = on -- needs a condition: here the key of a row of p_rows
set enable_indexscan = off
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
  update conversations c set (
    attributes, team_id, bot_id, bot_version, brain_id, desk_id, integration_id, channel, language, campaign_id,
    campaign_source, user_id, chat_type, chat_initiator, is_test, is_contained, withdrawn, start_time, end_time,
    last_activity, closed_at, closed_reason, user_messages, bot_messages, agent_messages, visitor_ids,
    visitor_session_ids, room_ids, agent_ids, organization_ids, rating, feedback, csat_brain, csat_human_agent,
    order_count, sales, subscription_sales, currencies, subscription_currencies, user_name, user_email,
    channel_user_id, external_user_id, is_covered, is_meaningful, goal_achieved, user_sentiment, tags, rule_ids,
    closed_by, first_response_seconds, first_response_agent_id, confidence_count, confidence_sum, min_confidence,
    thumbs_up, thumbs_down, has_collection, has_collection_sources, fold_version, event_count, first_time,
    first_aside_time, last_content_time, last_acted_time, said, said_places, sent_visitor_ids, users, first_user_id,
    first_user_place, first_sender, agent_places, agent_names, agent_name_places, message_tags, message_rule_ids,
    ended_place, ratings, answered, last_message_place, chain_place, waiting_since, turn_sender, turn_time,
    user_wrote, agent_wrote
  ) = row (
    r.attributes, r.team_id, r.bot_id, r.bot_version, r.brain_id, r.desk_id, r.integration_id, r.channel, r.language,
    r.campaign_id, r.campaign_source, r.user_id, r.chat_type, r.chat_initiator, r.is_test, r.is_contained,
    r.withdrawn, r.start_time, r.end_time, r.last_activity, r.closed_at, r.closed_reason, r.user_messages,
    r.bot_messages, r.agent_messages, r.visitor_ids, r.visitor_session_ids, r.room_ids, r.agent_ids,
    r.organization_ids, r.rating, r.feedback, r.csat_brain, r.csat_human_agent, r.order_count, r.sales,
    r.subscription_sales, r.currencies, r.subscription_currencies, r.user_name, r.user_email, r.channel_user_id,
    r.external_user_id, r.is_covered, r.is_meaningful, r.goal_achieved, r.user_sentiment, r.tags, r.rule_ids,
    r.closed_by, r.first_response_seconds, r.first_response_agent_id, r.confidence_count, r.confidence_sum,
    r.min_confidence, r.thumbs_up, r.thumbs_down, r.has_collection, r.has_collection_sources, r.fold_version,
    r.event_count, r.first_time, r.first_aside_time, r.last_content_time, r.last_acted_time, r.said, r.said_places,
    r.sent_visitor_ids, r.users, r.first_user_id, r.first_user_place, r.first_sender, r.agent_places, r.agent_names,
    r.agent_name_places, r.message_tags, r.message_rule_ids, r.ended_place, r.ratings, r.answered,
    r.last_message_place, r.chain_place, r.waiting_since, r.turn_sender, r.turn_time, r.user_wrote, r.agent_wrote
  )
  from unnest(p_rows) r
  where c.account_id = r.account_id and c.conversation_id = r.conversation_id;
end;
$$;
