-- Segments: the conversations of one bot and one day, column by column (docs/architecture.md, "The fast road").

-- A conversation of this bot ('' for none) that starts in this hour has changed since its segment was built.
create table segment_marks (
  account_id uuid not null,
  mark_id bigint generated always as identity,
  bot_id text collate "C" not null,
  hour timestamptz not null,
  primary key (account_id, mark_id)
);

-- Numbers for the texts that segments group by and filter on. Rows are only ever added.
create table dictionary (
  account_id uuid not null,
  dimension text collate "C" not null,
  value text collate "C" not null,
  code integer not null,
  primary key (account_id, dimension, value)
);

create unique index dictionary_by_code on dictionary (account_id, dimension, code);

create sequence segment_version;

-- bot_id '' holds the bots that have no segment of their own on that day. Every conversation that has started and is not
-- withdrawn is in the segment of its bot and hour, or has a mark.
create table conversation_segments (
  account_id uuid not null,
  bot_id text collate "C" not null,
  from_time timestamptz not null,
  to_time timestamptz not null,
  version bigint not null default nextval('segment_version'),
  row_count integer not null,
  latest_activity timestamptz,
  primary key (account_id, bot_id, from_time)
);

alter table conversation_segments
  add bot bytea, add bot_version bytea, add channel bytea, add hour bytea, add minute bytea, add millisecond bytea,
  add team_id bytea, add language bytea, add desk_id bytea, add integration_id bytea, add campaign_id bytea,
  add campaign_source bytea, add brain_id bytea, add user_id bytea, add chat_type bytea, add chat_initiator bytea,
  add is_test bytea, add is_contained bytea, add is_covered bytea, add is_meaningful bytea, add has_collection bytea,
  add has_collection_sources bytea, add is_closed bytea, add last_activity bytea, add duration bytea,
  add first_response bytea, add resolution bytea, add rating bytea, add user_messages bytea, add bot_messages bytea,
  add agent_messages bytea, add thumbs_up bytea, add thumbs_down bytea, add goal_achieved bytea, add user_sentiment bytea,
  add csat_brain bytea, add csat_human_agent bytea;

-- Stored as they are, out of line: compression would save a tenth of the space and no time.
alter table conversation_segments
  alter bot set storage external, alter bot_version set storage external, alter channel set storage external,
  alter hour set storage external, alter minute set storage external, alter millisecond set storage external,
  alter team_id set storage external, alter language set storage external, alter desk_id set storage external,
  alter integration_id set storage external, alter campaign_id set storage external,
  alter campaign_source set storage external, alter brain_id set storage external,
  alter user_id set storage external, alter chat_type set storage external,
  alter chat_initiator set storage external, alter is_test set storage external,
  alter is_contained set storage external, alter is_covered set storage external,
  alter is_meaningful set storage external, alter has_collection set storage external,
  alter has_collection_sources set storage external, alter is_closed set storage external,
  alter last_activity set storage external, alter duration set storage external,
  alter first_response set storage external, alter resolution set storage external,
  alter rating set storage external, alter user_messages set storage external,
  alter bot_messages set storage external, alter agent_messages set storage external,
  alter thumbs_up set storage external, alter thumbs_down set storage external,
  alter goal_achieved set storage external, alter user_sentiment set storage external,
  alter csat_brain set storage external, alter csat_human_agent set storage external;

-- While there is a row, conversations from before may have neither a segment nor a mark, and reports do not use segments. A
-- service marks them once every transaction has ended that may run an earlier `ingest`.
create table pending_marks (since timestamptz not null default now());

insert into pending_marks
select from (select) one
where exists (select from accounts) or exists (select from conversations);
