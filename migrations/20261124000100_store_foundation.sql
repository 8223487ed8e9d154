-- Roles, row security helpers, partitions, sealed lists, change lists, chains, idempotency keys, sealed secrets, jobs.
-- Roles are cluster wide: several databases (tests) may run this at the same time, hence the tolerant block.
do $$
declare
  wanted text;
begin
  foreach wanted in array array['concord_app', 'concord_job'] loop
    if not exists (select from pg_catalog.pg_roles where rolname = wanted) then
      begin
        execute format('create role %I nologin nobypassrls', wanted);
      exception when duplicate_object or unique_violation then
        null;
      end;
    end if;
    for attempt in 1..20 loop
      exit when exists (
        select from pg_catalog.pg_auth_members m
        where m.roleid = wanted::regrole and m.member = current_user::regrole
          and coalesce((to_jsonb(m) ->> 'set_option')::boolean, true)); -- from PostgreSQL 16 on a right of its own
      begin
        execute format('grant %I to %I', wanted, current_user);
        exit;
      exception when internal_error or unique_violation then
        perform pg_catalog.pg_sleep(0.05); -- «tuple concurrently updated»: another database grants the same.
      end;
    end loop;
  end loop;
end
$$;

grant usage on schema public to concord_app, concord_job;

-- Row security for one table: `axes` maps 'tenant' and 'operator' to the column that holds it. The tenant axis may do
-- what the grants allow; the operator axis may only select, unless the table is the operator's own (no tenant axis).
-- The job role sees everything. Policies are plain comparisons so that they distribute and use indexes.
create procedure protect(target regclass, tenant_column text, operator_column text)
language plpgsql as $$
begin
  execute format('alter table %s enable row level security', target);
  execute format('alter table %s force row level security', target);
  execute format('create policy job on %s to concord_job using (true) with check (true)', target);
  if tenant_column is not null then
    execute format(
      'create policy tenant_axis on %s to concord_app using (%I = nullif(current_setting(''app.tenant'', true), '''')::uuid)',
      target, tenant_column);
  end if;
  if operator_column is not null then
    execute format(
      'create policy operator_axis on %s %s to concord_app using (%I = nullif(current_setting(''app.operator'', true), '''')::uuid)',
      target,
      case when tenant_column is null or tenant_column = operator_column then '' else 'for select' end,
      operator_column);
  end if;
end
$$;
comment on procedure protect is 'Forces row security on a table with one plain policy per axis and one for concord_job.';

-- Month partitions. Table owner's right, so that the job role never needs DDL.
create table partitioned_table (
  name text constraint partitioned_table_pk primary key,
  keep_months integer not null constraint partitioned_table_keep_ck check (keep_months between 1 and 240)
);
comment on table partitioned_table is 'Tables partitioned by month, for the job that makes partitions ahead of time.';

create function ensure_partitions(around timestamptz) returns integer
language plpgsql security definer set search_path = public as $$
declare
  made integer := 0;
  parent text;
  month timestamptz;
  child text;
begin
  for parent in select name from partitioned_table order by name loop
    for month in
      select generate_series(
        date_trunc('month', around, 'UTC') - interval '1 month',
        date_trunc('month', around, 'UTC') + interval '2 months',
        interval '1 month')
    loop
      child := format('%s_%s', parent, to_char(month at time zone 'UTC', 'YYYYMM'));
      if to_regclass(child) is null then
        execute format(
          'create table if not exists %I partition of %I for values from (%L) to (%L)',
          child, parent, month, (month at time zone 'UTC' + interval '1 month') at time zone 'UTC');
        made := made + 1;
      end if;
    end loop;
  end loop;
  return made;
end
$$;
comment on function ensure_partitions is 'Makes the month partitions from one month before to two months after the given time; answers how many were made.';

-- Positions of sealed lists: an operator's feeds.
create table feed_head (
  operator_id uuid not null constraint feed_head_operator_nil_ck check (operator_id <> '00000000-0000-0000-0000-000000000000'),
  feed text not null,
  last_seq bigint not null default 0 constraint feed_head_seq_ck check (last_seq >= 0),
  sealed_at timestamptz not null default '-infinity',
  acked_seq bigint not null default 0,
  acked_at timestamptz,
  constraint feed_head_pk primary key (operator_id, feed)
);
comment on table feed_head is 'Last position given out per (operator, feed). Whoever holds this row seals; sealed_at never goes back.';
call protect('feed_head', null, 'operator_id');
grant select, insert, update on feed_head to concord_app;
grant select, insert, update, delete on feed_head to concord_job;

-- Change lists: an earlier room appends, a later room takes and deletes. Append only, so no hot row.
create table change (
  tenant_id uuid not null constraint change_tenant_nil_ck check (tenant_id <> '00000000-0000-0000-0000-000000000000'),
  id uuid not null,
  list text not null,
  operator_id uuid not null,
  day date,
  subject text,
  seq bigint,
  detail text,
  at timestamptz not null,
  constraint change_pk primary key (tenant_id, id)
);
create index change_list_ix on change (list, id);
comment on table change is 'Change lists between rooms: what the named consumer has still to look at.';
call protect('change', 'tenant_id', 'operator_id');
create policy operator_append on change for insert to concord_app
  with check (operator_id = nullif(current_setting('app.operator', true), '')::uuid);
grant select, insert on change to concord_app;
grant select, insert, delete on change to concord_job;

-- Hash chains per organisation (register and audit), sealed like feeds so that writers never queue.
create table chain_head (
  org_id uuid not null constraint chain_head_org_nil_ck check (org_id <> '00000000-0000-0000-0000-000000000000'),
  chain text not null constraint chain_head_chain_ck check (chain in ('register', 'audit')),
  last_seq bigint not null default 0,
  head bytea not null,
  sealed_at timestamptz not null default '-infinity',
  constraint chain_head_pk primary key (org_id, chain)
);
comment on column chain_head.head is 'SHA-256 of the newest entry; 32 zero bytes before the first.';

create table chain_pending (
  org_id uuid not null,
  id uuid not null,
  chain text not null,
  entry_tenant uuid,
  entry_at timestamptz not null,
  due_at timestamptz not null,
  constraint chain_pending_pk primary key (org_id, chain, id)
);
create index chain_pending_due_ix on chain_pending (due_at);
comment on column chain_pending.due_at is 'From this time on the entry is frozen and may be chained.';

create table chain_entry (
  org_id uuid not null,
  chain text not null,
  seq bigint not null,
  entry_id uuid not null,
  entry_tenant uuid,
  entry_at timestamptz not null,
  hash bytea not null,
  sealed_at timestamptz not null,
  constraint chain_entry_pk primary key (org_id, chain, seq)
);
comment on column chain_entry.hash is 'SHA-256(previous hash, facts, SHA-256(salt, personal part)).';

do $$
declare
  t text;
begin
  foreach t in array array['chain_head', 'chain_pending', 'chain_entry'] loop
    call protect(t::regclass, 'org_id', null);
    execute format(
      'create policy operator_axis on %s for select to concord_app using (org_id = nullif(current_setting(''app.operator'', true), '''')::uuid)', t);
    execute format('grant select, insert, update, delete on %s to concord_job', t);
    execute format('grant select on %s to concord_app', t);
  end loop;
end
$$;
-- A transfer stands in both parties' chains, so either party's transaction queues for both: insert without reading.
grant insert on chain_pending to concord_app;
create policy append on chain_pending for insert to concord_app with check (true);

create table idempotency_key (
  org_id uuid not null,
  client_id text not null,
  key text not null constraint idempotency_key_length_ck check (length(key) between 1 and 255),
  fingerprint bytea not null,
  status smallint,
  headers text,
  body bytea,
  created_at timestamptz not null,
  constraint idempotency_key_pk primary key (org_id, client_id, key)
);
comment on column idempotency_key.status is 'HTTP status of the stored answer; null while the first call is under way.';
call protect('idempotency_key', 'org_id', null);
create policy operator_axis on idempotency_key to concord_app
  using (org_id = nullif(current_setting('app.operator', true), '')::uuid);
grant select, insert, update, delete on idempotency_key to concord_app, concord_job;

create table job_state (
  name text constraint job_state_pk primary key,
  last_started_at timestamptz,
  last_finished_at timestamptz,
  last_error text,
  last_error_at timestamptz
);
grant select, insert, update on job_state to concord_job;
grant select on job_state to concord_app;
