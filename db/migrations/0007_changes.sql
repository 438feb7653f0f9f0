-- What the validators (ETag) of reports are made of (docs/architecture.md, "Answers that have not changed").

-- Every transaction that changes facts of an account adds a row. A refresher replaces many rows by one with their sum and
-- their exclusive or. The totals over all rows of an account are therefore those of its transactions, whatever was replaced.
create table account_changes (
  account_id uuid not null,
  change_id bigint generated always as identity,
  changes bigint not null default 1,
  -- Chance, so that a database that went back to a backup and on from there has other totals.
  digest bigint not null default (random() * 9e18)::bigint,
  primary key (account_id, change_id)
);

-- Where the last activities of conversations without a close may lie, minute by minute: each is within one of these ranges.
-- What expired long ago is one range, of the minute '-infinity'. Rows are only added, or replaced by one that spans them.
create table account_activity (
  account_id uuid not null,
  minute timestamptz not null,
  activity_id bigint generated always as identity,
  first_time timestamptz not null,
  last_time timestamptz not null,
  primary key (account_id, minute, activity_id)
);

-- Whether a bot or team has conversations, or a bot some of a version, costs the same however many there are. Equal keys share
-- an entry, so these are small; their columns seldom change.
create index conversations_by_version on conversations (account_id, bot_id, bot_version, team_id)
  where start_time is not null and not withdrawn;
create index conversations_by_team on conversations (account_id, team_id, bot_id)
  where start_time is not null and not withdrawn;

-- Conversations from before have no ranges, and an earlier `ingest` may still run, which adds no rows: until a service has
-- waited for it and marked everything, answers have no validators. Nor
-- are their organizations among known_ids.
insert into pending_marks
select from (select) one
where exists (select from accounts) or exists (select from conversations);
