-- Notice texts, consents and the relationship as the operator sees it.
create table notice_text (
  version text not null,
  language text not null constraint notice_text_language_ck check (language in ('en', 'de')),
  title text not null,
  body text not null,
  sha256 bytea not null,
  published_at timestamptz not null,
  constraint notice_text_pk primary key (version, language)
);
grant select on notice_text to concord_app;
grant select, insert on notice_text to concord_job;

create table consent (
  tenant_id uuid not null constraint consent_tenant_nil_ck check (tenant_id <> '00000000-0000-0000-0000-000000000000'),
  id uuid not null,
  operator_id uuid not null,
  status text not null constraint consent_status_ck check (status in ('active', 'suspended', 'withdrawn')),
  countries text[] not null constraint consent_countries_ck check (cardinality(countries) > 0),
  classes text[] not null constraint consent_classes_ck check (cardinality(classes) > 0),
  notice_version text not null,
  notice_sha256 bytea not null,
  contact_name text,
  contact_email text,
  accepted_by text not null,
  since timestamptz not null,
  created_at timestamptz not null,
  constraint consent_pk primary key (tenant_id, id),
  constraint consent_pair_uq unique (tenant_id, operator_id)
);
alter table consent add constraint consent_tenant_fk foreign key (tenant_id) references tenant (id);
alter table consent add constraint consent_operator_fk foreign key (operator_id) references operator (id);
create index consent_operator_ix on consent (operator_id, tenant_id);
comment on column consent.since is 'When the present status began.';
call protect('consent', 'tenant_id', 'operator_id');
grant select, insert, update on consent to concord_app, concord_job;

create table consent_entry (
  tenant_id uuid not null,
  id uuid not null,
  consent_id uuid not null,
  operator_id uuid not null,
  at timestamptz not null,
  action text not null constraint consent_entry_action_ck check (action in ('granted', 'changed', 'suspended', 'resumed', 'withdrawn')),
  countries text[] not null,
  classes text[] not null,
  notice_version text not null,
  notice_sha256 bytea not null,
  actor_label text not null,
  address text,
  constraint consent_entry_pk primary key (tenant_id, id)
);
alter table consent_entry add constraint consent_entry_consent_fk foreign key (tenant_id, consent_id) references consent (tenant_id, id);
comment on table consent_entry is 'The consent ledger: append only.';
call protect('consent_entry', 'tenant_id', null);
grant select, insert on consent_entry to concord_app, concord_job;

create table relationship (
  tenant_id uuid not null,
  operator_id uuid not null,
  status text not null constraint relationship_status_ck check (status in ('new', 'agreement_signed', 'consent_declined', 'contract_terminated')),
  comment text,
  updated_at timestamptz not null,
  constraint relationship_pk primary key (tenant_id, operator_id)
);
alter table relationship add constraint relationship_tenant_fk foreign key (tenant_id) references tenant (id);
alter table relationship add constraint relationship_operator_fk foreign key (operator_id) references operator (id);
call protect('relationship', 'tenant_id', 'operator_id');
create policy operator_write on relationship to concord_app
  using (operator_id = nullif(current_setting('app.operator', true), '')::uuid);
grant select, insert, update on relationship to concord_app, concord_job;
