-- Which duration record belongs to which call record.
create table pair (
  tenant_id uuid not null,
  call_id text collate "C" not null,
  leg_id text collate "C" not null,
  invited_at timestamptz not null,
  operator_id uuid not null,
  ref text collate "C" not null,
  e164 text collate "C" not null,
  at timestamptz not null,
  method text not null constraint pair_method_ck check (method in ('operator_ref', 'sip_call_id', 'numbers_and_time')),
  offset_ms bigint not null,
  paired_at timestamptz not null,
  constraint pair_pk primary key (tenant_id, call_id, leg_id, invited_at)
);
comment on table pair is 'A call record and the duration record of the same call. offset_ms = the operator''s start (at) minus the platform''s (answered_at, else invited_at).';
create unique index pair_duration_uq on pair (tenant_id, operator_id, ref, e164, at);
create index pair_time_ix on pair (tenant_id, operator_id, invited_at);
call protect('pair', 'tenant_id', 'operator_id');
grant select on pair to concord_app;
grant select, insert, update, delete on pair to concord_job;
