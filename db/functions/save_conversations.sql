-- Updates the rows of existing, locked conversations. An insert that always conflicts: it finds each row by its key, whatever
-- the planner knew of the table when the plan was made, and where tables are distributed it is for one shard.
create or replace function save_conversations(p_account uuid, p_rows conversations[])
returns void language plpgsql volatile
as $$
begin
  insert into conversations as c
  select * from unnest(p_rows) r order by r.conversation_id
  on conflict (account_id, conversation_id) do update set (
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
    excluded.attributes, excluded.team_id, excluded.bot_id, excluded.bot_version, excluded.brain_id,
    excluded.desk_id, excluded.integration_id, excluded.channel, excluded.language, excluded.campaign_id,
    excluded.campaign_source, excluded.user_id, excluded.chat_type, excluded.chat_initiator, excluded.is_test,
    excluded.is_contained, excluded.withdrawn, excluded.start_time, excluded.end_time, excluded.last_activity,
    excluded.closed_at, excluded.closed_reason, excluded.user_messages, excluded.bot_messages,
    excluded.agent_messages, excluded.visitor_ids, excluded.visitor_session_ids, excluded.room_ids,
    excluded.agent_ids, excluded.organization_ids, excluded.rating, excluded.feedback, excluded.csat_brain,
    excluded.csat_human_agent, excluded.order_count, excluded.sales, excluded.subscription_sales,
    excluded.currencies, excluded.subscription_currencies, excluded.user_name, excluded.user_email,
    excluded.channel_user_id, excluded.external_user_id, excluded.is_covered, excluded.is_meaningful,
    excluded.goal_achieved, excluded.user_sentiment, excluded.tags, excluded.rule_ids, excluded.closed_by,
    excluded.first_response_seconds, excluded.first_response_agent_id, excluded.confidence_count,
    excluded.confidence_sum, excluded.min_confidence, excluded.thumbs_up, excluded.thumbs_down,
    excluded.has_collection, excluded.has_collection_sources, excluded.fold_version, excluded.event_count,
    excluded.first_time, excluded.first_aside_time, excluded.last_content_time, excluded.last_acted_time,
    excluded.said, excluded.said_places, excluded.sent_visitor_ids, excluded.users, excluded.first_user_id,
    excluded.first_user_place, excluded.first_sender, excluded.agent_places, excluded.agent_names,
    excluded.agent_name_places, excluded.message_tags, excluded.message_rule_ids, excluded.ended_place,
    excluded.ratings, excluded.answered, excluded.last_message_place, excluded.chain_place, excluded.waiting_since,
    excluded.turn_sender, excluded.turn_time, excluded.user_wrote, excluded.agent_wrote
  );
end;
$$;
