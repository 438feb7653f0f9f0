-- The events of a list, in their order, without repeats of erased ones whose conversation or id was replaced, and without
-- those of removed conversations from before their days were over.
create or replace function without_erased(p_account uuid, p_events events[])
returns events[] language plpgsql stable
as $$
declare
  v_secret bytea;
begin
  select s.secret into v_secret from erasure_secrets s where s.account_id = p_account;
  return array(
    select u.e from (select unnest(p_events) as e) u
    where (
      select true from erased_events x
      where x.account_id = p_account and x.digest = event_digest(v_secret, (u.e).conversation_id, (u.e).id)
    ) is null and (
      select true from removed_conversations x
      where x.account_id = p_account and x.digest = event_digest(v_secret, (u.e).conversation_id, '') and x.cutoff > (u.e).time
    ) is null
  );
end;
$$;
