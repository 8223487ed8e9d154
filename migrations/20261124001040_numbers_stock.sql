-- Release requests, files of targets between check and run, what counts as low stock, and indexes for stock and targets.
create table release_request (
  tenant_id uuid not null,
  id uuid not null,
  e164 text collate "C" not null,
  operator_id uuid not null,
  state text not null constraint release_request_state_ck check (state in ('open', 'done', 'declined', 'withdrawn')),
  note text constraint release_request_note_ck check (length(note) between 1 and 500),
  requested_at timestamptz not null,
  closed_at timestamptz,
  reason text constraint release_request_reason_ck check (length(reason) between 1 and 500),
  closed_by text,
  constraint release_request_pk primary key (tenant_id, id),
  constraint release_request_closed_ck check ((state = 'open') = (closed_at is null)),
  constraint release_request_declined_ck check (state <> 'declined' or reason is not null)
);
comment on table release_request is 'A tenant asks its operator to take a number out of stock. Both read it; the number itself may be gone.';
comment on column release_request.note is 'The tenant''s words to the operator.';
comment on column release_request.reason is 'The operator''s words when it declines.';
create unique index release_request_open_uq on release_request (tenant_id, e164) where state = 'open';
create index release_request_number_ix on release_request (tenant_id, e164, id);
create index release_request_operator_ix on release_request (operator_id, state, id);
call protect('release_request', 'tenant_id', 'operator_id');
grant select, insert, update on release_request to concord_app, concord_job;

create table target_upload (
  tenant_id uuid not null,
  id uuid not null,
  file_name text not null constraint target_upload_file_name_ck check (length(file_name) <= 200),
  rows jsonb not null,
  actor_label text not null,
  created_at timestamptz not null,
  constraint target_upload_pk primary key (tenant_id, id)
);
comment on table target_upload is 'A file of people and accounts between check and run; gone when it ran, was dropped, or after a day.';
call protect('target_upload', 'tenant_id', null);
grant select, insert, delete on target_upload to concord_app, concord_job;

create table stock_threshold (
  tenant_id uuid not null,
  operator_id uuid not null,
  country text not null,
  area text not null,
  kind text not null,
  percent integer not null constraint stock_threshold_percent_ck check (percent between 0 and 100),
  changed_at timestamptz not null,
  constraint stock_threshold_pk primary key (tenant_id, operator_id, country, area, kind)
);
comment on table stock_threshold is 'When a group of numbers counts as low, where the tenant wants another share than the usual one.';
comment on column stock_threshold.area is 'The city; empty for numbers of none.';
comment on column stock_threshold.percent is 'Low below this share of free numbers; 0: never.';
call protect('stock_threshold', 'tenant_id', null);
grant select, insert, update, delete on stock_threshold to concord_app, concord_job;

-- Stock is counted from this index alone.
create index number_stock_ix on number (tenant_id, operator_id, country, kind, city) include (e164, assignment_status, quarantine_until);
create index number_operator_stock_ix on number (operator_id, tenant_id, country, kind, city)
  include (assignment_status, quarantine_until);
create index assignment_begun_ix on assignment (tenant_id, assigned_at) include (e164);
create index assignment_ended_ix on assignment (tenant_id, ended_at) include (e164) where ended_at is not null;
create index number_change_pace_ix on number_change (operator_id, at) include (tenant_id, e164, kind)
  where kind in ('assigned', 'unassigned');
create index target_left_ix on target (tenant_id, name_key, id) where left_at is not null;
create index assignment_held_ix on assignment (tenant_id, target_id) include (e164, category) where ended_at is null;
