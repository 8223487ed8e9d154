-- Change sets: bulk work of a tenant on its numbers, checked row by row, run in batches, taken back as one.
create table change_set (
  tenant_id uuid not null constraint change_set_tenant_nil_ck check (tenant_id <> '00000000-0000-0000-0000-000000000000'),
  id uuid not null,
  name text not null constraint change_set_name_ck check (length(name) <= 200),
  action text not null constraint change_set_action_ck
    check (action in ('assign', 'unassign', 'set_usage', 'tag', 'untag', 'set_emergency_location', 'request_release')),
  source text not null constraint change_set_source_ck check (source in ('paste', 'file', 'filter', 'api')),
  filter text,
  state text not null constraint change_set_state_ck
    check (state in ('draft', 'checked', 'running', 'done', 'partial', 'undone', 'failed')),
  phase text constraint change_set_phase_ck check (phase in ('run', 'undo')),
  at_row integer not null default 0,
  rows integer not null,
  fine integer not null default 0,
  noted integer not null default 0,
  refused integer not null default 0,
  done integer not null default 0,
  undone integer not null default 0,
  kept integer not null default 0,
  actor_kind text not null,
  actor_id text not null,
  actor_label text not null,
  request_id text not null,
  created_at timestamptz not null,
  checked_at timestamptz,
  run_at timestamptz,
  finished_at timestamptz,
  undo_at timestamptz,
  undone_at timestamptz,
  constraint change_set_pk primary key (tenant_id, id),
  constraint change_set_running_ck check ((state = 'running') = (phase is not null))
);
alter table change_set add constraint change_set_tenant_fk foreign key (tenant_id) references tenant (id);
comment on table change_set is 'Bulk work on numbers: rows are kept first, then checked, run in batches, and taken back as one.';
comment on column change_set.filter is 'The query of the list of numbers that the rows were taken from.';
comment on column change_set.phase is 'What is running: the rows, or taking them back.';
comment on column change_set.at_row is 'Every row up to here is settled in the present phase.';
comment on column change_set.noted is 'Rows that run, with something to know before.';
comment on column change_set.kept is 'Rows that were not taken back: changed since, or refused now.';
comment on column change_set.actor_id is 'Who runs it or takes it back; before that, who made it.';
create index change_set_running_ix on change_set (created_at) where state = 'running';
create index change_set_unrun_ix on change_set (created_at) where state in ('draft', 'checked');
call protect('change_set', 'tenant_id', null);
grant select, insert, update, delete on change_set to concord_app, concord_job;

create table change_set_row (
  tenant_id uuid not null,
  set_id uuid not null,
  row integer not null constraint change_set_row_ck check (row >= 1),
  e164 text not null,
  input jsonb not null,
  act jsonb,
  verdict text constraint change_set_row_verdict_ck check (verdict in ('fine', 'note', 'refused')),
  code text,
  field text,
  value text,
  reason text,
  fix text,
  outcome text constraint change_set_row_outcome_ck check (outcome in ('done', 'same', 'refused')),
  before jsonb,
  number_seq bigint,
  version bigint,
  undo text constraint change_set_row_undo_ck check (undo in ('undone', 'kept')),
  undo_code text,
  constraint change_set_row_pk primary key (tenant_id, set_id, row)
);
alter table change_set_row add constraint change_set_row_set_fk
  foreign key (tenant_id, set_id) references change_set (tenant_id, id) on delete cascade;
comment on table change_set_row is 'A row of a change set: what was asked, what the check said, what became of it, what was before.';
comment on column change_set_row.input is 'As read, for the reject file.';
comment on column change_set_row.act is 'What is to be done; null when the row could not be read.';
comment on column change_set_row.outcome is 'Null: not done yet; a row is done exactly once, in the transaction that changes the number.';
comment on column change_set_row.before is 'The state before, as far as it is needed to go back to it.';
comment on column change_set_row.version is 'The version of the number after the row was done; another one later: changed since.';
call protect('change_set_row', 'tenant_id', null);
grant select, insert, update on change_set_row to concord_app, concord_job;
