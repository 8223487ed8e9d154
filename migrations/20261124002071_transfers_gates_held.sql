-- Both steps of asking a gate in one call: the pairs' shared locks first, then the gates as they are once those are held. Each
-- statement of a volatile function looks anew, so it sees what a suspension that was waited for has committed.
create function gates_held(of_tenants uuid[], of_operator uuid, of_countries text[], of_classes text[]) returns setof gate
language plpgsql volatile as $$
begin
  perform pg_advisory_xact_lock_shared(p.key)
  from (select distinct pair_key(t, of_operator) as key from unnest(of_tenants) as t order by key offset 0) p;
  return query
    select g.* from unnest(of_tenants) as t
    cross join lateral (
      select * from gate g
      where g.tenant_id = t and g.operator_id = of_operator and g.country = any(of_countries) and g.class = any(of_classes)) as g;
end
$$;
comment on function gates_held is 'Locks each pair against suspensions until the transaction ends, in the order of their keys, then answers their gates.';
