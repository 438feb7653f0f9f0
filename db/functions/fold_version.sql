-- The number of the fold in these functions. Raise it with every change of what the fold gives, and add a migration that
-- puts a row into pending_refold: until a row is folded anew, the next event of its conversation folds it whole.
create or replace function fold_version()
returns integer language sql immutable parallel safe
return 1;
