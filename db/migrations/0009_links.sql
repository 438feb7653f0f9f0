-- Secret addresses that read one report without a key, with the reach of the key that made them.
create table links (
  account_id uuid not null,
  link_id text collate "C" not null,
  key_id text collate "C" not null,
  name text not null,
  token_hash bytea not null,
  report text, -- the path and query of a GET report; or
  query text, -- the body of POST /v1/query
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  primary key (account_id, link_id)
);

create index links_by_token on links (token_hash);
