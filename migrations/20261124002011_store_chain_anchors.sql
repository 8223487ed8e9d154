-- What is kept of a chain when a month of its entries is dropped; and the ledger of consents as a chain.
alter table chain_head drop constraint chain_head_chain_ck;
alter table chain_head add constraint chain_head_chain_ck check (chain in ('register', 'audit', 'consent'));

create table chain_anchor (
  org_id uuid not null constraint chain_anchor_org_nil_ck check (org_id <> '00000000-0000-0000-0000-000000000000'),
  chain text not null constraint chain_anchor_chain_ck check (chain in ('register', 'audit', 'consent')),
  before timestamptz not null,
  first_seq bigint not null,
  last_seq bigint not null constraint chain_anchor_last_ck check (last_seq >= first_seq - 1),
  count bigint not null constraint chain_anchor_count_ck check (count >= 0),
  hash bytea not null,
  anchored_at timestamptz not null,
  constraint chain_anchor_pk primary key (org_id, chain, before)
);
comment on table chain_anchor is 'Stands for the entries of a dropped month, kept for good: the chain is proved from its hash on.';
comment on column chain_anchor.before is 'Entries from before this time are gone, those of the run first_seq to last_seq with their links. A few later links may stand without an entry: sealing does not follow the calendar.';
comment on column chain_anchor.count is 'Links that were there in the run when it was dropped; less than last_seq - first_seq + 1 tells that some had been removed before.';
comment on column chain_anchor.hash is 'Hash of the link last_seq.';
call protect('chain_anchor', 'org_id', null);
create policy operator_axis on chain_anchor for select to concord_app
  using (org_id = nullif(current_setting('app.operator', true), '')::uuid);
grant select on chain_anchor to concord_app;
grant select, insert on chain_anchor to concord_job;

-- Owner's right, so that the job role never needs DDL. Gives up soon: others wait behind whoever waits for this lock.
create function drop_partition(parent text, from_at timestamptz) returns boolean
language plpgsql security definer set search_path = public, pg_temp set lock_timeout = '2s' as $$
declare
  child text := format('%s_%s', parent, to_char(from_at at time zone 'UTC', 'YYYYMM'));
begin
  if not exists (select from partitioned_table t where t.name = parent and t.grain = 'month') or to_regclass(child) is null then
    return false;
  end if;
  execute format('drop table %I', child);
  return true;
end
$$;
comment on function drop_partition is 'Drops the month partition that begins at this time; false when there is none.';
revoke all on function drop_partition(text, timestamptz) from public;
grant execute on function drop_partition(text, timestamptz) to concord_job;

grant select on partitioned_table to concord_job;

-- Erasing takes the personal part out of an entry; the rest of it nobody may touch.
grant update (salt, actor_label, address, personal_hash) on audit_event to concord_job;
