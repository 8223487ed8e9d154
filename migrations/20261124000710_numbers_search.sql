-- Search for people under row security, and an operator's files between check and run.
-- `lower` is not leakproof, so an index on lower(display_name) is never used under row security: the keys are stored.
alter table target
  add column name_key text collate "C" not null generated always as (lower(display_name)) stored,
  add column surname_key text collate "C" not null generated always as (lower(split_part(display_name, ' ', -1))) stored,
  add column upn_key text collate "C" generated always as (lower(upn)) stored;
comment on column target.name_key is 'For search and order by name: a range on this column.';
comment on column target.surname_key is 'For search by the last word of the name.';
create index target_name_key_ix on target (tenant_id, name_key, id);
create index target_surname_key_ix on target (tenant_id, surname_key, id);
create index target_upn_key_ix on target (tenant_id, upn_key);
drop index target_upn_ix;

create table number_upload (
  operator_id uuid not null,
  id uuid not null,
  file_name text not null constraint number_upload_file_name_ck check (length(file_name) <= 200),
  rows jsonb not null,
  actor_label text not null,
  created_at timestamptz not null,
  constraint number_upload_pk primary key (operator_id, id)
);
comment on table number_upload is 'A file of numbers between check and run; gone when it ran, was dropped, or after a day.';
comment on column number_upload.rows is 'What was read, cell by cell, as the provisioning call takes it.';
call protect('number_upload', null, 'operator_id');
grant select, insert, update, delete on number_upload to concord_app, concord_job;
