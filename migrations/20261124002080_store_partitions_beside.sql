-- Partitions are made beside everybody's work. A table that is attached asks its parent for a lock that neither readers nor writers mind;
-- one created as a partition waits for all of them, and whoever comes after waits behind it. One parent a call, so that a parent that
-- cannot be had is no other's matter.
create function partition_name(parent text, grain text, moment timestamptz) returns text
language sql stable parallel safe
return format('%s_%s', parent, to_char(moment at time zone 'UTC', case grain when 'day' then 'YYYYMMDD' else 'YYYYMM' end));
comment on function partition_name is 'The partition of a table by month or day (UTC) that holds this time.';

create function ensure_partitions_of(parent text, around timestamptz, behind integer, ahead integer) returns integer
language plpgsql security definer set search_path = public, pg_temp set timezone = 'UTC' set lock_timeout = '2s' as $$
declare
  grain text := (select p.grain from partitioned_table p where p.name = parent);
  step interval := ('1 ' || grain)::interval;
  middle timestamptz := date_trunc(grain, around, 'UTC');
  made integer := 0;
  starts timestamptz;
  child text;
begin
  for starts in select generate_series(middle - behind * step, middle + ahead * step, step) loop
    child := partition_name(parent, grain, starts);
    continue when to_regclass(child) is not null;
    -- Whoever else makes partitions of it waits here, and then finds them made.
    execute format('lock table only %I in share update exclusive mode', parent);
    continue when to_regclass(child) is not null;
    execute format(
      'create table %I (like %I including defaults including constraints including generated including storage including compression)',
      child, parent);
    execute format('alter table %I attach partition %I for values from (%L) to (%L)', parent, child, starts, starts + step);
    made := made + 1;
  end loop;
  return made;
end
$$;
comment on function ensure_partitions_of is
  'Makes the partitions of one table from so many months (or days) before a time to so many after it; answers how many were made.';
revoke all on function ensure_partitions_of(text, timestamptz, integer, integer) from public;
grant execute on function ensure_partitions_of(text, timestamptz, integer, integer) to concord_job;

-- A process of before that still runs asks for all at once.
create or replace function ensure_partitions(around timestamptz) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  return (select coalesce(sum(ensure_partitions_of(p.name, around, 1, 2)), 0) from partitioned_table p);
end
$$;

-- Days leave as months do.
create or replace function drop_partition(parent text, from_at timestamptz) returns boolean
language plpgsql security definer set search_path = public, pg_temp set lock_timeout = '2s' as $$
declare
  child text := (select partition_name(p.name, p.grain, from_at) from partitioned_table p where p.name = parent);
begin
  if to_regclass(child) is null then
    return false;
  end if;
  execute format('drop table if exists %I', child);
  return true;
end
$$;
comment on function drop_partition is 'Drops the partition that holds this time, a month or a day; false when there is none.';
