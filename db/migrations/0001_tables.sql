-- Every table of facts leads its key with account_id, so that it can be distributed by that column.
-- Texts are opaque and compare by bytes, whatever the database's own collation: hence collate "C".

create table accounts (
  account_id uuid primary key,
  name text not null default '',
  created_at timestamptz not null default now()
);

create table keys (
  key_id text collate "C" primary key,
  account_id uuid not null references accounts,
  name text not null default '',
  secret_hash bytea not null,
  permissions text[] not null,
  team_ids text[], -- null: not narrowed
  bot_ids text[],
  created_at timestamptz not null default now(),
  revoked_at timestamptz
);

-- What was sent, as it was sent. All other tables of facts are functions of this one.
create table events (
  account_id uuid not null,
  conversation_id text collate "C" not null,
  id text collate "C" not null,
  type text collate "C" not null,
  time timestamptz not null, -- whole milliseconds
  seq integer not null,
  sender text collate "C", -- of a message: user, bot or agent
  actor_id text collate "C", -- who wrote the message, or the agent who joined
  team_id text collate "C", -- the agent's, where the message or join names it
  organization_id text collate "C",
  attributes jsonb, -- `conversation` of the event; null in it takes a value back
  body jsonb, -- all other fields
  primary key (account_id, conversation_id, id)
);

-- One row a conversation, folded from its events. Attributes win over what is derived.
create table conversations (
  account_id uuid not null,
  conversation_id text collate "C" not null,
  attributes jsonb not null default '{}', -- the latest value of each attribute that was said, without nulls and unions
  team_id text collate "C",
  bot_id text collate "C",
  bot_version text collate "C",
  brain_id text collate "C",
  desk_id text collate "C",
  integration_id text collate "C",
  channel text collate "C",
  language text collate "C",
  campaign_id text collate "C",
  campaign_source text collate "C",
  user_id text collate "C",
  chat_type text collate "C",
  chat_initiator text collate "C",
  is_test boolean not null default false,
  is_contained boolean,
  withdrawn boolean not null default false,
  start_time timestamptz, -- null only while the first batch of the conversation holds the row's lock
  end_time timestamptz,
  last_activity timestamptz, -- expiry counts from here
  last_event_time timestamptz,
  closed_at timestamptz, -- of an explicit close that stands; expiry is computed when it is asked for
  closed_reason text collate "C",
  user_messages integer not null default 0,
  bot_messages integer not null default 0,
  agent_messages integer not null default 0,
  visitor_ids text[] collate "C" not null default '{}',
  visitor_session_ids text[] collate "C" not null default '{}',
  room_ids text[] collate "C" not null default '{}',
  agent_ids text[] collate "C" not null default '{}', -- who wrote or joined, in order of appearance
  organization_ids text[] collate "C" not null default '{}', -- of the agents' messages
  rating integer,
  feedback text,
  csat_brain integer,
  csat_human_agent integer,
  order_count integer not null default 0,
  sales numeric not null default 0,
  subscription_sales numeric not null default 0,
  currencies text[] collate "C", -- named by its orders; null without
  subscription_currencies text[] collate "C",
  primary key (account_id, conversation_id)
)
-- Room for the next version of a row beside it: a live conversation is updated with every batch, and an update that stays on
-- its page leaves the indexes alone.
with (fillfactor = 70);

-- Partial, so that the row that only holds the lock adds nothing to them.
create index conversations_by_bot on conversations (account_id, bot_id, start_time) where start_time is not null;
create index conversations_by_start on conversations (account_id, start_time, conversation_id) where start_time is not null;

-- A conversation seen as one team or one agent that wrote in it. Seen as its account, it is its row above.
create table participations (
  account_id uuid not null,
  conversation_id text collate "C" not null,
  scope text collate "C" not null, -- team or user (an agent)
  participant_id text collate "C" not null, -- the team's or the agent's id
  agent_messages integer not null,
  joined_at timestamptz not null, -- its orders are those from here on
  user_organization_id text collate "C", -- scope user: that of the agent's latest message
  organization_ids text[] collate "C" not null, -- of its messages
  order_count integer not null,
  sales numeric not null,
  subscription_sales numeric not null,
  currencies text[] collate "C",
  subscription_currencies text[] collate "C",
  primary key (account_id, conversation_id, scope, participant_id)
);

-- The latest word on each order of a conversation.
create table orders (
  account_id uuid not null,
  conversation_id text collate "C" not null,
  order_id text collate "C" not null,
  time timestamptz not null,
  amount numeric not null,
  subscription boolean not null,
  currency text collate "C",
  primary key (account_id, conversation_id, order_id)
);

-- Bots and teams that any stored event's conversation attributes have named: what is not here answers 404.
create table known_ids (
  account_id uuid not null,
  kind text collate "C" not null, -- bot or team
  id text collate "C" not null,
  primary key (account_id, kind, id)
);
