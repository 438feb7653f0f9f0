-- The version of the fold. Raise it with every change of its results, and add a migration that puts a row into
-- pending_refold. Until a conversation is refolded, its next event refolds it.
create or replace function fold_version()
returns integer language sql immutable parallel safe
return 1;
