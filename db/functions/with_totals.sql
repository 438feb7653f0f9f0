-- Completes rows of conversations with the columns that all their agent messages and orders determine. Rows of conversations
-- without any keep their values: an append removes none, and a refold begins without.
create or replace function with_totals(
  p_account uuid, p_rows conversations[], p_cells agent_cells[], p_orders orders[]
)
returns conversations[] language plpgsql stable
as $$
declare
  r conversations;
  t record;
begin
  for t in
    select n, coalesce(c.organizations, '{}') as organizations, coalesce(o.orders, 0) as orders, coalesce(o.sales, 0) as sales,
      coalesce(o.subscription_sales, 0) as subscription_sales, o.currencies, o.subscription_currencies
    from unnest(array(select (u.r).conversation_id from (select unnest(p_rows) as r) u)) with ordinality i (id, n)
    left join (
      select u.conversation_id as id, array_agg(distinct u.organization_id collate "C") as organizations
      from unnest(p_cells) u group by 1
    ) c using (id)
    left join (
      select u.conversation_id as id, count(*)::integer as orders, sum(u.amount) as sales,
        sum(u.amount) filter (where u.subscription) as subscription_sales,
        array_agg(distinct u.currency collate "C") filter (where u.currency is not null) as currencies,
        array_agg(distinct u.currency collate "C") filter (where u.currency is not null and u.subscription) as subscription_currencies
      from unnest(p_orders) u group by 1
    ) o using (id)
    where c.id is not null or o.id is not null
  loop
    r := p_rows[t.n];
    r.organization_ids := t.organizations;
    r.order_count := t.orders;
    r.sales := t.sales;
    r.subscription_sales := t.subscription_sales;
    r.currencies := t.currencies;
    r.subscription_currencies := t.subscription_currencies;
    p_rows[t.n] := r;
  end loop;
  return p_rows;
end;
$$;
