-- The facts of messages that reports ask for, and what the fold must remember of a conversation to add an event to it
-- without reading the earlier ones. Files from here on alter tables alone; functions are in db/functions.

alter table events add column response_seconds numeric; -- of a bot's or agent's message; computed by the fold

-- The few events that are looked up by their type; a plain message is not in it.
create index events_by_type on events (account_id, conversation_id, type)
  where type in ('participant.joined', 'message.edited', 'message.deleted', 'note');

alter table conversations
  drop column last_event_time,
  -- attributes
  add column user_name text collate "C",
  add column user_email text collate "C",
  add column channel_user_id text collate "C",
  add column external_user_id text collate "C",
  add column is_covered boolean,
  add column is_meaningful boolean not null default false, -- the attribute, else derived
  add column goal_achieved integer,
  add column user_sentiment integer,
  add column tags text[] collate "C" not null default '{}', -- the attribute's, then the messages'
  add column rule_ids text[] collate "C" not null default '{}',
  -- derived
  add column closed_by text collate "C", -- agent of the close that stands
  add column first_response_seconds numeric,
  add column first_response_agent_id text collate "C",
  add column confidence_count integer not null default 0,
  add column confidence_sum numeric not null default 0,
  add column min_confidence numeric,
  add column thumbs_up integer not null default 0, -- messages with that reaction
  add column thumbs_down integer not null default 0,
  add column has_collection boolean not null default false,
  add column has_collection_sources boolean not null default false,
  -- What the fold remembers; an empty list is null. A place is an event's (time, seq, id) as one text that sorts as they do: place_of().
  add column fold_version integer not null default 0, -- of the fold that wrote the row
  add column event_count integer not null default 0,
  add column first_time timestamptz, -- least time of an event that is no edit, deletion or note
  add column first_aside_time timestamptz, -- least time of those
  add column last_content_time timestamptz, -- of a message or step
  add column last_acted_time timestamptz, -- of whatever is activity
  -- Attributes by the event that said them last, in order of time, and nulls too; null where that is `attributes` itself.
  add column said jsonb[],
  add column said_places text[] collate "C",
  add column sent_visitor_ids text[] collate "C",
  add column users text[] collate "C", -- who wrote the user messages
  add column first_user_id text collate "C", -- of the first user message that names one
  add column first_user_place text collate "C",
  add column first_sender text collate "C",
  add column agent_places text[] collate "C", -- first act of each of agent_ids
  add column agent_names text[] collate "C", -- name of each of agent_ids that was said last
  add column agent_name_places text[] collate "C",
  add column message_tags text[] collate "C",
  add column message_rule_ids text[] collate "C",
  add column ended_place text collate "C", -- of the last close or reopening
  add column ratings jsonb, -- the latest rating of each target, and of each agent that one names
  add column answered boolean not null default false, -- a bot message comes after a user message
  -- The response chain: what the next message is an answer to. An explicit close begins it anew.
  add column last_message_place text collate "C",
  add column chain_place text collate "C", -- of the last close, bot's or agent's message
  add column waiting_since timestamptz, -- earliest user message since the last bot's or agent's
  add column turn_sender text collate "C", -- who wrote that last one
  add column turn_time timestamptz,
  add column user_wrote boolean not null default false,
  add column agent_wrote boolean not null default false;

-- The agents' messages of a conversation, those together that count for the same team and organization for the same reason.
-- An empty text stands for a missing one, so that it can be part of the key.
create table agent_cells (
  account_id uuid not null,
  conversation_id text collate "C" not null,
  agent_id text collate "C" not null,
  sent_team_id text collate "C" not null, -- that the messages name themselves
  sent_organization_id text collate "C" not null,
  join_place text collate "C" not null, -- of the agent's latest join at or before them; empty: of its earliest
  team_id text collate "C", -- that they count for
  organization_id text collate "C" not null,
  messages integer not null,
  first_time timestamptz not null,
  last_time timestamptz not null,
  last_place text collate "C" not null,
  primary key (account_id, conversation_id, agent_id, sent_team_id, sent_organization_id, join_place)
);

-- The place of the event that an order is from.
alter table orders
  add column seq integer not null default 0,
  add column id text collate "C" not null default '';

drop function refold;
drop function conversations_of_events;
drop function participations_of_events;
drop function agent_messages_of_events;
drop function orders_of_events;
drop type touched_conversation;

-- How far the rows have been folded anew after a change of the fold: none here means that all have been.
create table pending_refold (
  account_id uuid not null, -- up to and with this conversation
  conversation_id text collate "C" not null
);

insert into pending_refold values ('00000000-0000-0000-0000-000000000000', '');
