-- Durations that operators hand in: batches, verdicts, records, closed days.
create table duration_batch (
  operator_id uuid not null constraint duration_batch_operator_nil_ck check (operator_id <> '00000000-0000-0000-0000-000000000000'),
  id uuid not null,
  source text not null constraint duration_batch_source_ck check (source in ('api', 'upload')),
  format text not null constraint duration_batch_format_ck check (format in ('ndjson', 'csv', 'json')),
  file_name text,
  actor_label text not null,
  state text not null constraint duration_batch_state_ck check (state in ('received', 'processing', 'done')),
  received_at timestamptz not null,
  done_at timestamptz,
  bytes bigint not null,
  sha256 bytea not null,
  rows integer not null default 0,
  accepted integer not null default 0,
  replaced integer not null default 0,
  duplicate integer not null default 0,
  superseded integer not null default 0,
  rejected integer not null default 0,
  first_answered_at timestamptz,
  last_answered_at timestamptz,
  constraint duration_batch_pk primary key (operator_id, id)
);
comment on table duration_batch is 'Receipts. The bytes are in duration_batch_body until the batch is done.';
comment on column duration_batch.replaced is 'Older versions that rows of this batch took the place of; those rows are also accepted.';
create index duration_batch_waiting_ix on duration_batch (received_at) where state <> 'done';
call protect('duration_batch', null, 'operator_id');
grant select, insert, update on duration_batch to concord_app, concord_job;

create table duration_batch_body (
  operator_id uuid not null,
  batch_id uuid not null,
  part integer not null constraint duration_batch_body_part_ck check (part >= 1),
  body bytea not null,
  constraint duration_batch_body_pk primary key (operator_id, batch_id, part)
);
comment on table duration_batch_body is 'What was sent, decompressed, in parts in order; kept before the 202 and until the batch is done.';
alter table duration_batch_body alter column body set storage external;
call protect('duration_batch_body', null, 'operator_id');
grant select, insert on duration_batch_body to concord_app;
grant select, delete on duration_batch_body to concord_job;

create table duration_reject (
  operator_id uuid not null,
  batch_id uuid not null,
  row integer not null constraint duration_reject_row_ck check (row >= 1),
  verdict text not null,
  field text,
  value text,
  fix text,
  key text,
  e164 text collate "C",
  at timestamptz,
  body text,
  constraint duration_reject_pk primary key (operator_id, batch_id, row)
);
comment on table duration_reject is 'Rows of a batch that were not taken: rejected, duplicate, superseded. Accepted ones are duration records.';
comment on column duration_reject.body is 'The row as it was sent, for the reject file; of rejected rows only.';
create index duration_reject_number_ix on duration_reject (operator_id, e164, at) where verdict = 'number_not_held_then';
call protect('duration_reject', null, 'operator_id');
grant select on duration_reject to concord_app;
grant select, insert, delete on duration_reject to concord_job;

create table duration_record (
  tenant_id uuid not null constraint duration_record_tenant_nil_ck check (tenant_id <> '00000000-0000-0000-0000-000000000000'),
  operator_id uuid not null constraint duration_record_operator_nil_ck check (operator_id <> '00000000-0000-0000-0000-000000000000'),
  ref text collate "C" not null constraint duration_record_ref_ck check (length(ref) between 3 and 257),
  e164 text collate "C" not null,
  at timestamptz not null,
  id uuid not null,
  version integer not null constraint duration_record_version_ck check (version >= 1),
  withdrawn boolean not null,
  content bytea not null,
  operator_ref text collate "C",
  sip_call_id text collate "C",
  other_party text collate "C",
  other_party_withheld boolean not null,
  other_country text,
  direction text not null constraint duration_record_direction_ck check (direction in ('inbound', 'outbound')),
  answered_at timestamptz,
  setup_at timestamptz,
  duration_ms bigint not null constraint duration_record_duration_ck check (duration_ms >= 0),
  includes_ring boolean not null,
  rounding_initial_s integer not null,
  rounding_increment_s integer not null,
  rounding_mode text not null constraint duration_record_mode_ck check (rounding_mode in ('up', 'nearest', 'down')),
  measured_at text constraint duration_record_measured_ck check (measured_at in ('ingress', 'egress')),
  q850_cause smallint,
  call_type text,
  billing_ref text,
  signalling jsonb,
  batch_id uuid not null,
  batch_row integer not null,
  received_at timestamptz not null,
  replaced_batch uuid,
  replaced_row integer,
  replaced_version integer,
  constraint duration_record_pk primary key (tenant_id, operator_id, ref, e164, at)
) partition by range (at);
comment on table duration_record is 'An operator''s duration of one call, newest version. duration_ms in milliseconds as the operator counted it.';
comment on column duration_record.ref is 'Natural key: r: and operator_ref, or s: and sip_call_id.';
comment on column duration_record.at is 'answered_at, or setup_at of an unanswered call.';
comment on column duration_record.id is 'The same over all versions.';
comment on column duration_record.content is 'SHA-256 of what the row says beside its version, to tell a duplicate from a conflict.';
comment on column duration_record.replaced_batch is 'With replaced_row and replaced_version: where the version came from that this one took the place of.';
comment on column duration_record.withdrawn is 'Taken back: counts nowhere, but bars lower versions.';
create index duration_record_time_ix on duration_record (tenant_id, at, e164);
create index duration_record_operator_ix on duration_record (operator_id, at);
create index duration_record_batch_ix on duration_record (operator_id, batch_id, batch_row);
call protect('duration_record', 'tenant_id', 'operator_id');
grant select on duration_record to concord_app;
grant select, insert, update, delete on duration_record to concord_job;

create table duration_replaced (
  tenant_id uuid not null,
  operator_id uuid not null,
  batch_id uuid not null,
  row integer not null,
  ref text collate "C" not null,
  e164 text collate "C" not null,
  at timestamptz not null,
  version integer not null,
  replaced_at timestamptz not null,
  constraint duration_replaced_pk primary key (tenant_id, operator_id, batch_id, row)
);
comment on table duration_replaced is 'Accepted rows whose record a later version has overwritten: what was in which batch.';
create index duration_replaced_batch_ix on duration_replaced (operator_id, batch_id, row);
call protect('duration_replaced', 'tenant_id', 'operator_id');
grant select on duration_replaced to concord_app;
grant select, insert, delete on duration_replaced to concord_job;

create table duration_day (
  operator_id uuid not null,
  day date not null,
  rows bigint not null,
  duration_ms bigint not null,
  closed_at timestamptz not null,
  closed_by text not null,
  constraint duration_day_pk primary key (operator_id, day)
);
comment on table duration_day is 'Days (UTC) the operator says are complete, with its totals.';
call protect('duration_day', null, 'operator_id');
grant select, insert, update on duration_day to concord_app, concord_job;

create table duration_day_told (
  tenant_id uuid not null,
  operator_id uuid not null,
  day date not null,
  closed_at timestamptz not null,
  constraint duration_day_told_pk primary key (tenant_id, operator_id, day)
);
comment on table duration_day_told is 'That a day is closed, for each customer of the operator: without the totals, which are over all customers.';
call protect('duration_day_told', 'tenant_id', 'operator_id');
grant select on duration_day_told to concord_app;
grant select, insert, update on duration_day_told to concord_job;

insert into partitioned_table (name, keep_months) values ('duration_record', 13);
select ensure_partitions(now());
