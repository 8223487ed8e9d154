-- The gate that every transfer checks, and the register of every transfer.
create table gate (
  tenant_id uuid not null constraint gate_tenant_nil_ck check (tenant_id <> '00000000-0000-0000-0000-000000000000'),
  operator_id uuid not null constraint gate_operator_nil_ck check (operator_id <> '00000000-0000-0000-0000-000000000000'),
  country text not null,
  class text not null constraint gate_class_ck check (class in ('numbers', 'calls', 'quality', 'durations', 'emergency_location')),
  open boolean not null,
  consent_id uuid not null,
  notice_version text not null,
  reason text constraint gate_reason_ck check (reason in ('suspended', 'withdrawn', 'not_granted')),
  changed_at timestamptz not null,
  constraint gate_pk primary key (tenant_id, operator_id, country, class),
  constraint gate_reason_closed_ck check (open = (reason is null))
);
alter table gate add constraint gate_tenant_fk foreign key (tenant_id) references tenant (id);
alter table gate add constraint gate_operator_fk foreign key (operator_id) references operator (id);
comment on table gate is 'May this data class flow between this tenant and operator now, and on which consent. Written only by consent.';
create index gate_operator_ix on gate (operator_id, tenant_id);
call protect('gate', 'tenant_id', 'operator_id');
grant select, insert, update on gate to concord_app, concord_job;

create table transfer (
  tenant_id uuid not null constraint transfer_tenant_nil_ck check (tenant_id <> '00000000-0000-0000-0000-000000000000'),
  at timestamptz not null,
  id uuid not null,
  operator_id uuid not null constraint transfer_operator_nil_ck check (operator_id <> '00000000-0000-0000-0000-000000000000'),
  direction text not null constraint transfer_direction_ck check (direction in ('to_operator', 'from_operator')),
  classes text[] not null constraint transfer_classes_ck check (cardinality(classes) between 1 and 5),
  channel text not null constraint transfer_channel_ck check (channel in ('push', 'pull', 'feed', 'page', 'export', 'batch', 'import')),
  state text not null constraint transfer_state_ck check (state in ('confirmed', 'unconfirmed', 'failed')),
  records bigint not null constraint transfer_records_ck check (records >= 0),
  period_from timestamptz,
  period_to timestamptz,
  basis text not null constraint transfer_basis_ck check (basis in ('consent', 'wind_down')),
  consent_id uuid,
  notice_version text,
  digest bytea,
  ref text not null,
  frozen_at timestamptz not null,
  salt bytea,
  actor_label text,
  personal_hash bytea constraint transfer_personal_hash_ck check (personal_hash is null or (salt is null and actor_label is null)),
  constraint transfer_pk primary key (tenant_id, at, id),
  constraint transfer_consent_ck check (basis <> 'consent' or consent_id is not null)
) partition by range (at);
comment on table transfer is 'The register. An entry stands before a byte leaves; state, records and digest may change until frozen_at, then it is chained in both parties'' chains.';
comment on column transfer.ref is 'What was transferred: an event id, a page name, a batch id.';
comment on column transfer.digest is 'SHA-256 of the bytes handed over, where there is one body.';
comment on column transfer.personal_hash is 'SHA-256 of salt and personal part, kept when they are erased so that the chain still proves; null until then.';
create index transfer_operator_ix on transfer (operator_id, at, id);
create index transfer_ref_ix on transfer (tenant_id, ref);
call protect('transfer', 'tenant_id', 'operator_id');
create policy operator_append on transfer for insert to concord_app
  with check (operator_id = nullif(current_setting('app.operator', true), '')::uuid);
create policy operator_settle on transfer for update to concord_app
  using (operator_id = nullif(current_setting('app.operator', true), '')::uuid);
grant select, insert, update on transfer to concord_app, concord_job;
insert into partitioned_table (name, keep_months) values ('transfer', 60);
-- From an entry to its place in an organisation's chains.
create index chain_entry_entry_ix on chain_entry (org_id, entry_id);
