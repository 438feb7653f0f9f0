-- The place of an event in the order (time, seq, id), as one text that sorts bytewise in the same order: 12 hexadecimal
-- digits of 2^44 plus the milliseconds since 1800, 9 digits of seq plus 3 * 2^31, then the id.
create or replace function place_of(p_time timestamptz, p_seq integer, p_id text)
returns text language sql stable parallel safe
return to_hex(((date_part('epoch', p_time) + 5364662400) * 1000)::bigint + 17592186044416)
  || to_hex(p_seq + 6442450944) || p_id collate "C";
