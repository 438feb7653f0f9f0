-- Raises CR403 if a conversation is outside of the teams and bots that a restricted key may write to (null for any).
create or replace function refuse_outside(p_rows conversations[], p_teams text[], p_bots text[])
returns void language plpgsql stable
as $$
declare
  v_outside text[];
begin
  select array_agg(r.conversation_id) into v_outside
  from unnest(p_rows) r
  where not (coalesce(r.team_id = any(p_teams), p_teams is null) and coalesce(r.bot_id = any(p_bots), p_bots is null));
  if v_outside is not null then
    raise exception 'conversations outside of the key' using errcode = 'CR403', detail = to_json(v_outside)::text;
  end if;
end;
$$;
