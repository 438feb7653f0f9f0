-- Requests of each key in the present second, shared by all processes; used only where KEY_RATE is set. It need not survive
-- a crash, so it is not written to the log.
create unlogged table request_rates (
  account_id uuid not null,
  key_id text collate "C" not null,
  second timestamptz not null,
  requests integer not null,
  primary key (account_id, key_id)
);
