-- What the directory says of an operator, and what was said when a notice text was accepted.
alter table operator
  add column emergency_mode text not null default 'tenant'
    constraint operator_emergency_mode_ck check (emergency_mode in ('operator_fixed', 'operator_default', 'tenant')),
  add column logo bytea constraint operator_logo_ck check (octet_length(logo) between 1 and 65536),
  add column logo_type text constraint operator_logo_type_ck check (logo_type in ('image/png', 'image/jpeg', 'image/webp')),
  add column logo_changed_at timestamptz,
  add constraint operator_logo_whole_ck check ((logo is null) = (logo_type is null) and (logo is null) = (logo_changed_at is null));
comment on column operator.emergency_mode is 'How emergency addresses of its numbers come about, unless a number says otherwise.';
comment on column operator.logo is 'Picture for the directory, at most 64 KiB.';

create table consent_acceptance (
  tenant_id uuid not null,
  id uuid not null,
  consent_id uuid not null,
  at timestamptz not null,
  staff_informed boolean not null,
  asked_for text[] not null,
  constraint consent_acceptance_pk primary key (tenant_id, id)
);
alter table consent_acceptance add constraint consent_acceptance_consent_fk
  foreign key (tenant_id, consent_id) references consent (tenant_id, id);
create index consent_acceptance_consent_ix on consent_acceptance (tenant_id, consent_id, at);
comment on table consent_acceptance is 'What a person confirmed when accepting: append only, beside the entry of the ledger with the same consent and time.';
comment on column consent_acceptance.asked_for is 'Countries (ISO 3166-1 alpha-2) of the consent whose law asks that staff are informed.';
call protect('consent_acceptance', 'tenant_id', null);
grant select, insert on consent_acceptance to concord_app, concord_job;

-- The next version of the notice text while it is written; at most one, of the platform alone.
create table notice_draft (
  language text constraint notice_draft_pk primary key constraint notice_draft_language_ck check (language in ('en', 'de')),
  version text not null constraint notice_draft_version_ck check (version ~ '^[0-9A-Za-z][0-9A-Za-z.-]{0,19}$'),
  title text not null constraint notice_draft_title_ck check (length(title) between 1 and 200),
  body text not null constraint notice_draft_body_ck check (length(body) between 1 and 40000),
  saved_by text not null,
  saved_at timestamptz not null
);
grant select, insert, update, delete on notice_draft to concord_job;
alter table notice_text add column published_by text;
comment on column notice_text.published_by is 'Who published it; null: it came with the program.';
