-- The one place that says how the pairs of several tenants are held, in which order.
create function hold_pairs(of_tenants uuid[], of_operator uuid) returns void
language plpgsql volatile as $$
begin
  if cardinality(of_tenants) > 500 then
    -- A lock a tenant would fill the table of locks, which all transactions share.
    perform pg_advisory_xact_lock_shared(pair_key('00000000-0000-0000-0000-000000000000', of_operator));
  else
    perform pg_advisory_xact_lock_shared(p.key)
    from (select distinct pair_key(t, of_operator) as key from unnest(of_tenants) as t order by key offset 0) p;
  end if;
end
$$;
comment on function hold_pairs is 'Keeps suspensions of these tenants waiting until the transaction ends: by each pair, or by the operator''s one lock for very many.';

create function close_pair(of_tenant uuid, of_operator uuid) returns void
language plpgsql volatile as $$
begin
  perform pg_advisory_xact_lock(pair_key('00000000-0000-0000-0000-000000000000', of_operator));
  perform pg_advisory_xact_lock(pair_key(of_tenant, of_operator));
end
$$;
comment on function close_pair is 'Waits until every transfer under way for the pair is done, those of hold_pairs included, and keeps new ones waiting.';

create or replace function gates_held(of_tenants uuid[], of_operator uuid, of_countries text[], of_classes text[]) returns setof gate
language plpgsql volatile as $$
begin
  perform hold_pairs(of_tenants, of_operator);
  return query
    select g.* from unnest(of_tenants) as t
    cross join lateral (
      select * from gate g
      where g.tenant_id = t and g.operator_id = of_operator and g.country = any(of_countries) and g.class = any(of_classes)) as g;
end
$$;
