-- The latest of these events for each order.
create or replace function orders_of_events(p_events events[])
returns setof orders language plpgsql stable
as $$
begin
  return query
  select distinct on (e.conversation_id, e.body->>'order_id')
    e.account_id, e.conversation_id, e.body->>'order_id', e.time,
    (e.body->>'amount')::numeric, (e.body->>'subscription')::boolean, e.body->>'currency', e.seq, e.id
  from unnest(p_events) e
  where e.type = 'order'
  order by e.conversation_id, e.body->>'order_id', e.time desc, e.seq desc, e.id collate "C" desc;
end;
$$;
