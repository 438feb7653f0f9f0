-- Stores the latest event of each order.
create or replace function save_orders(p_orders orders[])
returns void language plpgsql volatile
as $$
begin
  insert into orders as o
  select * from unnest(p_orders) u order by u.conversation_id, u.order_id
  on conflict (account_id, conversation_id, order_id) do update set
    (time, amount, subscription, currency, seq, id) = row (
      excluded.time, excluded.amount, excluded.subscription, excluded.currency, excluded.seq, excluded.id)
  where (o.time, o.seq, o.id) < (excluded.time, excluded.seq, excluded.id);
end;
$$;
