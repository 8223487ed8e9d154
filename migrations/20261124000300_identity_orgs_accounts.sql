-- Tenants, operators, accounts, memberships, sessions and their index, API clients, tokens. Global and small.
create table tenant (
  id uuid constraint tenant_pk primary key constraint tenant_nil_ck check (id <> '00000000-0000-0000-0000-000000000000'),
  slug text not null constraint tenant_slug_uq unique constraint tenant_slug_ck check (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  name text not null,
  country text not null constraint tenant_country_ck check (country ~ '^[A-Z]{2}$'),
  time_zone text not null,
  sip_domain text not null constraint tenant_sip_domain_uq unique,
  quarantine_days integer not null default 30 constraint tenant_quarantine_ck check (quarantine_days between -1 and 365),
  created_at timestamptz not null
);
comment on column tenant.quarantine_days is 'Default quarantine after unassign in days; 0 none, -1 for ever.';

create table operator (
  id uuid constraint operator_pk primary key constraint operator_nil_ck check (id <> '00000000-0000-0000-0000-000000000000'),
  slug text not null constraint operator_slug_uq unique constraint operator_slug_ck check (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  name text not null,
  time_zone text not null,
  countries text[] not null default '{}',
  services text[] not null default '{}',
  website text,
  created_at timestamptz not null
);

create table account (
  id uuid constraint account_pk primary key,
  email text not null,
  name text not null,
  password_hash text,
  language text constraint account_language_ck check (language in ('en', 'de')),
  time_zone text,
  theme text not null default 'system' constraint account_theme_ck check (theme in ('system', 'light', 'dark')),
  session_epoch integer not null default 0,
  disabled_at timestamptz,
  created_at timestamptz not null
);
create unique index account_email_uq on account (lower(email));
comment on column account.session_epoch is 'Counts up to end every session of the account.';
comment on column account.language is 'Null: by the browser''s Accept-Language.';

create table membership (
  account_id uuid not null,
  org_kind text not null constraint membership_org_kind_ck check (org_kind in ('tenant', 'operator', 'platform')),
  org_id uuid not null,
  role text not null,
  created_at timestamptz not null,
  constraint membership_pk primary key (account_id, org_kind, org_id),
  constraint membership_role_ck check (
    (org_kind = 'tenant' and role in ('admin', 'helpdesk_1', 'helpdesk_2', 'auditor'))
    or (org_kind = 'operator' and role in ('admin', 'provisioner', 'support', 'viewer'))
    or (org_kind = 'platform' and role in ('admin', 'operations')))
);
alter table membership add constraint membership_account_fk foreign key (account_id) references account (id);
create index membership_org_ix on membership (org_kind, org_id);

-- tower-sessions' own table; its store brings no migration of ours.
create table session (
  id text constraint session_pk primary key,
  data bytea not null,
  expiry_date timestamptz not null
);
create index session_expiry_ix on session (expiry_date);

create table session_index (
  session_id text constraint session_index_pk primary key,
  account_id uuid not null,
  created_at timestamptz not null,
  user_agent text,
  address text
);
alter table session_index add constraint session_index_account_fk foreign key (account_id) references account (id);
create index session_index_account_ix on session_index (account_id);
comment on table session_index is 'Which sessions belong to an account: the list on the account page and «sign out everywhere».';

create table api_client (
  id text constraint api_client_pk primary key,
  org_kind text not null constraint api_client_org_kind_ck check (org_kind in ('tenant', 'operator', 'platform')),
  org_id uuid not null,
  name text not null,
  secret_hash bytea not null,
  scopes text[] not null,
  created_at timestamptz not null,
  last_used_at timestamptz,
  revoked_at timestamptz
);
comment on column api_client.secret_hash is 'SHA-256 of a random secret of 32 bytes.';
create index api_client_org_ix on api_client (org_kind, org_id);

create table access_token (
  token_hash bytea constraint access_token_pk primary key,
  client_id text not null,
  scopes text[] not null,
  expires_at timestamptz not null
);
alter table access_token add constraint access_token_client_fk foreign key (client_id) references api_client (id);
create index access_token_expiry_ix on access_token (expires_at);

create table request_log (
  org_id uuid not null,
  at timestamptz not null,
  id uuid not null,
  client_id text not null,
  method text not null,
  route text not null,
  status smallint not null,
  elapsed_ms integer not null,
  request_id text not null,
  problem_code text,
  constraint request_log_pk primary key (org_id, at, id)
);
comment on table request_log is 'API calls of the last 30 days, by route template: never a path with a number in it.';
create index request_log_at_ix on request_log (at);
call protect('request_log', 'org_id', null);
create policy operator_axis on request_log for select to concord_app
  using (org_id = nullif(current_setting('app.operator', true), '')::uuid);
grant select on request_log to concord_app;
grant select, insert, delete on request_log to concord_job;

grant select on tenant, operator, account, membership, session_index, api_client, access_token to concord_app;
grant insert, update on account, membership, session_index, api_client, access_token to concord_app;
grant delete on session, session_index, membership, access_token to concord_app;
grant select, insert, update on session to concord_app;
grant select, insert, update, delete on tenant, operator, account, membership, session, session_index, api_client, access_token to concord_job;
