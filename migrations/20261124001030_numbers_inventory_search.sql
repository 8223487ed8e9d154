-- The inventory: any digits of a number, filters that stay fast in a stock of a million, and lists of numbers that were pasted.

-- `like` is not leakproof, so under row security it can only judge rows that another index found. Numbers come in blocks of a
-- hundred, so the suffixes of a block's digits stand here once for all of its numbers: any digits that end before the last two are a
-- range on this table, and those that end in the last two are eleven ranges on number.e164_reversed.
create table number_suffix (
  tenant_id uuid not null,
  suffix text collate "C" not null,
  block text collate "C" not null,
  operator_id uuid not null,
  constraint number_suffix_pk primary key (tenant_id, suffix, block, operator_id)
);
comment on table number_suffix is 'Every end (three digits at least) of a number''s digits without its last two, once per block; kept by triggers on number.';
comment on column number_suffix.block is 'The number without its last two digits, with +.';
call protect('number_suffix', 'tenant_id', 'operator_id');
grant select, insert, delete on number_suffix to concord_app, concord_job;

create function number_suffix_add() returns trigger language plpgsql as $$
begin
  insert into number_suffix (tenant_id, suffix, block, operator_id)
  select b.tenant_id, substr(b.block, at), b.block, b.operator_id
  from (select distinct tenant_id, operator_id, left(e164, -2) as block from added) b, generate_series(2, length(b.block) - 2) as at
  order by 1, 2, 3, 4
  on conflict do nothing;
  return null;
end
$$;
create function number_suffix_remove() returns trigger language plpgsql as $$
begin
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
create trigger number_suffix_added after insert on number
  referencing new table as added for each statement execute function number_suffix_add();
create trigger number_suffix_removed after delete on number
  referencing old table as removed for each statement execute function number_suffix_remove();

alter table number add column city_key text collate "C" not null generated always as (lower(coalesce(city, ''))) stored;
comment on column number.city_key is 'For the filter by city and the order by it: equality on this column; empty when there is no city.';
create index number_city_ix on number (tenant_id, city_key, e164);
create index number_country_ix on number (tenant_id, country, e164);
create index number_kind_ix on number (tenant_id, kind, e164);
create index number_usage_ix on number (tenant_id, usage, e164);
create index number_quarantine_ix on number (tenant_id, e164) where quarantine_until is not null;

set local role concord_job;
insert into number_suffix (tenant_id, suffix, block, operator_id)
select b.tenant_id, substr(b.block, at), b.block, b.operator_id
from (select distinct tenant_id, operator_id, left(e164, -2) as block from number) b, generate_series(2, length(b.block) - 2) as at;
reset role;

-- A list that somebody pasted into the search, until the next day.
create table number_list (
  org_id uuid not null,
  id uuid not null,
  numbers text[] not null,
  unread text[] not null,
  created_at timestamptz not null,
  constraint number_list_pk primary key (org_id, id),
  constraint number_list_length_ck check (cardinality(numbers) <= 1000)
);
comment on column number_list.numbers is 'E.164, each once, in the order in which they were pasted.';
comment on column number_list.unread is 'Lines in which no number could be read, cut.';
call protect('number_list', 'org_id', null);
create policy operator_axis on number_list to concord_app
  using (org_id = nullif(current_setting('app.operator', true), '')::uuid);
grant select, insert, delete on number_list to concord_app, concord_job;
