-- What other products send by webhooks: how it becomes events, its secret address, and what came.
create table sources (
  account_id uuid not null,
  source text collate "C" not null,
  key_id text collate "C" not null, -- whose reach it has
  token_hash bytea not null,
  preset text, -- the name of a preset; or
  mapping text, -- a mapping as JSON
  prefix text not null,
  attributes text not null, -- of all its conversations, as JSON
  signed_by text,
  signing_secret text, -- as it is: signatures cannot be checked with a hash of it
  created_at timestamptz not null default now(),
  last_delivery_at timestamptz,
  deliveries bigint not null default 0,
  accepted bigint not null default 0,
  duplicates bigint not null default 0,
  ignored bigint not null default 0,
  failed bigint not null default 0,
  kept bigint not null default 0,
  primary key (account_id, source)
);

create index sources_by_token on sources (token_hash);

-- The last deliveries of each source with something ignored or failed: a ring of a hundred slots.
create table source_deliveries (
  account_id uuid not null,
  source text collate "C" not null,
  slot integer not null,
  nth bigint not null,
  received_at timestamptz not null,
  ignored jsonb not null,
  faults jsonb not null,
  body text not null,
  primary key (account_id, source, slot)
);
