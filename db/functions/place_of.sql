-- An event's place in the order of time, (time, seq, id), as one text whose bytes sort as they do: 11 hexadecimal digits of
-- milliseconds since the year 1800, 8 of seq above the least integer, then the id.
create or replace function place_of(p_time timestamptz, p_seq integer, p_id text)
returns text language sql stable parallel safe
return lpad(to_hex(((date_part('epoch', p_time) + 5364662400) * 1000)::bigint), 11, '0')
  || lpad(to_hex(p_seq::bigint + 2147483648), 8, '0') || p_id collate "C";
