-- Who did what, per organisation; chained.
create table audit_event (
  org_id uuid not null constraint audit_event_org_nil_ck check (org_id <> '00000000-0000-0000-0000-000000000000'),
  at timestamptz not null,
  id uuid not null,
  actor_kind text not null constraint audit_event_actor_kind_ck check (actor_kind in ('account', 'client', 'job')),
  actor_id text,
  action text not null,
  subject_kind text not null,
  subject_id text not null,
  outcome text not null default 'done' constraint audit_event_outcome_ck check (outcome in ('done', 'refused')),
  detail text,
  request_id text,
  salt bytea,
  actor_label text,
  address text,
  personal_hash bytea constraint audit_event_personal_hash_ck check (personal_hash is null or (salt is null and actor_label is null and address is null)),
  constraint audit_event_pk primary key (org_id, at, id)
) partition by range (at);
comment on table audit_event is 'Action log, also reads of personal data. actor_label and address are the personal part; erasing removes them and the salt.';
comment on column audit_event.personal_hash is 'SHA-256 of salt and personal part, kept when they are erased so that the chain still proves; null until then.';
create index audit_event_subject_ix on audit_event (org_id, subject_kind, subject_id, at);
call protect('audit_event', 'org_id', null);
create policy operator_axis on audit_event to concord_app
  using (org_id = nullif(current_setting('app.operator', true), '')::uuid);
grant select, insert on audit_event to concord_app, concord_job;
insert into partitioned_table (name, keep_months) values ('audit_event', 60);
