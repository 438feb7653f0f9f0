-- Persons that are erased. While an erasure works it keeps what it looks for; nothing of that is left when it has ended.
create table erasures (
  account_id uuid not null,
  erasure_id text collate "C" not null,
  key_id text collate "C" not null,
  stand_in text collate "C" not null,
  state text collate "C" not null, -- gathering, rewriting, settling, ended
  user_id text collate "C", -- null when it has ended
  person jsonb, -- the identifiers and names to look for, and the secret of the stand-ins; null when it has ended
  position text collate "C" not null default '', -- the last conversation that was looked at
  settle_from timestamptz, -- transactions that began before may not have seen its work
  requested_at timestamptz not null default now(),
  ended_at timestamptz,
  conversations bigint not null default 0,
  events bigint not null default 0,
  primary key (account_id, erasure_id)
);

create index erasures_at_work on erasures (account_id, requested_at) where state <> 'ended';

-- Events whose conversation or id was replaced, so that a repeat of them is recognized: a hash of both, with the secret of
-- the account. Events that kept both need no row.
create table erased_events (
  account_id uuid not null,
  digest bytea not null,
  primary key (account_id, digest)
);

-- The secret of those hashes, once an account has erased or removed something.
create table erasure_secrets (
  account_id uuid not null,
  secret bytea not null default sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')),
  primary key (account_id)
);

-- Who made and ended keys, links and sources, asked for erasures and exports, and what retention removed. Never whom.
create table audit (
  account_id uuid not null,
  audit_id bigint generated always as identity,
  time timestamptz not null default clock_timestamp(),
  action text collate "C" not null,
  done_by text collate "C" not null, -- key, command, service
  key_id text collate "C",
  subject text collate "C", -- a key, link, source or erasure
  conversations bigint,
  team_ids text[], -- the reach of the key that it is about; null for all
  bot_ids text[],
  primary key (account_id, audit_id)
);

create index audit_by_time on audit (account_id, time, audit_id);

-- Conversations that retention removed, so that their events are not taken for new ones: a hash as in erased_events, and the
-- time before which their events were past their days.
create table removed_conversations (
  account_id uuid not null,
  digest bytea not null,
  cutoff timestamptz not null,
  primary key (account_id, digest)
);

-- How far retention is in an account.
create table retention (
  account_id uuid not null,
  state text collate "C" not null, -- removing, settling, marking, resting
  settle_from timestamptz,
  looked_at timestamptz not null,
  primary key (account_id)
);

-- The words of messages that were deleted before: a refold takes them out.
insert into pending_refold (account_id, conversation_id)
select '00000000-0000-0000-0000-000000000000', '' from (select) one
where exists (select from events where type = 'message.deleted') and not exists (select from pending_refold);
