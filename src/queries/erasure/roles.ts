/**
 * What a field holds of a person:
 * - `words`: what somebody wrote, or free data about the person; it goes
 * - `identity`: an identifier or address of the person; a stand-in takes its place, the same wherever the value stands
 * - `name`: a name of the person; a stand-in takes its place in conversations of the person
 * - `order`: the id of an order, which other systems know; a stand-in takes its place
 * - `reference`: the id of another event of the conversation
 * - `label`: a word that reports count by; identifiers within it are replaced where they cannot be ordinary words
 * - `nothing`: a number, a choice, or a name of something of the operator
 */
export type Role = 'words' | 'identity' | 'name' | 'order' | 'reference' | 'label' | 'nothing';

/** The fields of events that are stored in their body. A test names a field that is missing here. */
export const bodyRoles: Record<string, Role> = {
  sender_name: 'name', // of users; those of bots and agents are labels
  agent_name: 'label',
  agent_id: 'label',
  confidence: 'nothing',
  text: 'words',
  content: 'words',
  context: 'words',
  corrections: 'words',
  feedback: 'words',
  attributes: 'words',
  request_id: 'words',
  response_time_seconds: 'nothing',
  intent: 'label',
  tags: 'label',
  reaction: 'label',
  rule_ids: 'label',
  collection_id: 'label',
  collection_sources: 'label',
  collection_request_code: 'label',
  collection_response_code: 'label',
  first_message: 'nothing',
  new_brain_session: 'nothing',
  brain_id: 'label',
  brain_version: 'nothing',
  brain_parent_id: 'label',
  from_step: 'label',
  to_step: 'label',
  depth: 'nothing',
  message_id: 'reference',
  value: 'nothing',
  target: 'nothing',
  order_id: 'order',
  amount: 'nothing',
  subscription: 'nothing',
  currency: 'label',
  name: 'label',
  campaign: 'label',
  reason: 'nothing',
};

/** The attributes of a conversation. A test names one that is missing here. */
export const attributeRoles: Record<string, Role> = {
  team_id: 'nothing',
  bot_id: 'nothing',
  bot_version: 'nothing',
  brain_id: 'nothing',
  desk_id: 'nothing',
  integration_id: 'nothing',
  channel: 'nothing',
  language: 'nothing',
  campaign_id: 'label',
  campaign_source: 'label',
  is_test: 'nothing',
  user_id: 'identity',
  user_name: 'name',
  user_email: 'identity',
  channel_user_id: 'identity',
  external_user_id: 'identity',
  visitor_ids: 'identity',
  visitor_session_ids: 'identity',
  room_ids: 'label',
  chat_type: 'nothing',
  chat_initiator: 'nothing',
  tags: 'label',
  rule_ids: 'label',
  is_contained: 'nothing',
  is_covered: 'nothing',
  is_meaningful: 'nothing',
  goal_achieved: 'nothing',
  user_sentiment: 'nothing',
  csat_brain: 'nothing',
  csat_human_agent: 'nothing',
  insights: 'words',
  metadata: 'words',
  start_time: 'nothing',
  end_time: 'nothing',
  withdrawn: 'nothing',
};
