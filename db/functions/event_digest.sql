-- What is kept of an erased event to recognize its repeats.
create or replace function event_digest(p_secret bytea, p_conversation text, p_id text)
returns bytea language plpgsql immutable
as $$
begin
  return substr(
    sha256(p_secret || convert_to(p_conversation, 'UTF8') || '\x00'::bytea || convert_to(p_id, 'UTF8')), 1, 16
  );
end;
$$;
