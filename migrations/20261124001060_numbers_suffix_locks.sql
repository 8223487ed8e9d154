-- A number that comes while the last other one of its block leaves must keep the block's suffixes: whoever takes a block away waits for
-- those who just add to it, and the other way round. Sixty-four locks a (tenant, operator), so that a large stock needs no more than that.
create function number_suffix_locks(tenant_id uuid, operator_id uuid, block text) returns bigint language sql immutable
return hashtextextended('number_suffix' || tenant_id::text || operator_id::text, 0) # (hashtextextended(block, 0) & 63);

create or replace function number_suffix_add() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock_shared(l.key)
  from (select distinct number_suffix_locks(tenant_id, operator_id, left(e164, -2)) as key from added order by 1) l;
  insert into number_suffix (tenant_id, suffix, block, operator_id)
  select b.tenant_id, substr(b.block, at), b.block, b.operator_id
  from (select distinct tenant_id, operator_id, left(e164, -2) as block from added) b, generate_series(2, length(b.block) - 2) as at
  order by 1, 2, 3, 4
  on conflict do nothing;
  return null;
end
$$;
create or replace function number_suffix_remove() returns trigger language plpgsql as $$
begin
  -- A statement of its own: the next one sees what was committed while this one waited.
  perform pg_advisory_xact_lock(l.key)
  from (select distinct number_suffix_locks(tenant_id, operator_id, left(e164, -2)) as key from removed order by 1) l;
  delete from number_suffix s
  using (select distinct tenant_id, operator_id, left(e164, -2) as block from removed) b, generate_series(2, length(b.block) - 2) as at
  where s.tenant_id = b.tenant_id and s.suffix = substr(b.block, at) and s.block = b.block and s.operator_id = b.operator_id
    and not exists (
      select from number n
      where n.tenant_id = b.tenant_id and n.operator_id = b.operator_id and n.e164 >= b.block and n.e164 < b.block || ':'
        and length(n.e164) = length(b.block) + 2);
  return null;
end
$$;
