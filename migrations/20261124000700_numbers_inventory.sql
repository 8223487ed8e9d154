-- Holdings, inventory, targets, assignments, orders, timeline.
create table number_claim (
  e164 text collate "C" constraint number_claim_pk primary key constraint number_claim_e164_ck check (e164 ~ '^\+[1-9][0-9]{2,14}$'),
  tenant_id uuid,
  operator_id uuid,
  last_number_seq bigint not null default 0,
  constraint number_claim_both_ck check ((tenant_id is null) = (operator_id is null))
);
comment on table number_claim is 'Who has an E.164 number, over all tenants: the only place that keeps it unique. Free again when tenant_id is null.';
comment on column number_claim.last_number_seq is 'Where number_seq goes on when the number is provisioned again.';
grant select, insert, update on number_claim to concord_app, concord_job;

create table emergency_location (
  tenant_id uuid not null,
  id uuid not null,
  label text not null,
  street text not null,
  house_number text not null,
  postal_code text not null,
  city text not null,
  country text not null,
  additional text,
  latitude double precision,
  longitude double precision,
  validated boolean not null default false,
  constraint emergency_location_pk primary key (tenant_id, id)
);
call protect('emergency_location', 'tenant_id', null);
grant select, insert, update, delete on emergency_location to concord_app, concord_job;

create table number (
  tenant_id uuid not null constraint number_tenant_nil_ck check (tenant_id <> '00000000-0000-0000-0000-000000000000'),
  e164 text collate "C" not null constraint number_e164_ck check (e164 ~ '^\+[1-9][0-9]{2,14}$'),
  e164_reversed text collate "C" not null generated always as (reverse(e164)) stored,
  operator_id uuid not null constraint number_operator_nil_ck check (operator_id <> '00000000-0000-0000-0000-000000000000'),
  country text not null,
  kind text not null constraint number_kind_ck check (kind in ('geographic', 'mobile', 'toll_free', 'national', 'uifn')),
  usage text not null constraint number_usage_ck check (usage in ('user', 'voice_app', 'conference')),
  capabilities text[] not null,
  city text,
  billing_ref text,
  operator_note text,
  listed boolean not null,
  emergency_mode text not null constraint number_emergency_mode_ck check (emergency_mode in ('operator_fixed', 'operator_default', 'tenant')),
  emergency_location_id uuid,
  activation_state text not null constraint number_activation_ck
    check (activation_state in ('activated', 'assignment_pending', 'assignment_failed', 'update_pending', 'update_failed')),
  assignment_status text not null constraint number_assignment_ck
    check (assignment_status in ('unassigned', 'user', 'conference', 'voice_application', 'third_party_app', 'policy')),
  failure_code text,
  failure_reason text,
  quarantine_until timestamptz,
  number_seq bigint not null constraint number_seq_ck check (number_seq >= 0),
  version bigint not null default 1,
  pending_since timestamptz,
  created_at timestamptz not null,
  changed_at timestamptz not null,
  constraint number_pk primary key (tenant_id, e164)
);
alter table number add constraint number_tenant_fk foreign key (tenant_id) references tenant (id);
alter table number add constraint number_operator_fk foreign key (operator_id) references operator (id);
alter table number add constraint number_emergency_fk
  foreign key (tenant_id, emergency_location_id) references emergency_location (tenant_id, id);
comment on table number is 'A number in stock: what tenant and operator both may see. Who has it stands in assignment.';
comment on column number.e164_reversed is 'For search by last digits: a range on this column.';
comment on column number.number_seq is 'Counts every change the operator is told of; strictly increasing per E.164 number.';
comment on column number.quarantine_until is 'Not assignable before; infinity: for ever.';
comment on column number.listed is 'The numbering library lists it; false: confirmed by hand.';
create index number_reversed_ix on number (tenant_id, e164_reversed);
create index number_changed_ix on number (tenant_id, changed_at, e164);
create index number_state_ix on number (tenant_id, assignment_status, e164);
create index number_activation_ix on number (tenant_id, activation_state, e164) where activation_state <> 'activated';
create index number_tenant_operator_ix on number (tenant_id, operator_id, e164);
create index number_operator_ix on number (operator_id, e164);
create index number_operator_changed_ix on number (operator_id, changed_at, e164);
call protect('number', 'tenant_id', 'operator_id');
grant select, insert, update, delete on number to concord_app, concord_job;

create table holding (
  tenant_id uuid not null,
  e164 text collate "C" not null,
  held_from timestamptz not null,
  held_until timestamptz,
  operator_id uuid not null,
  constraint holding_pk primary key (tenant_id, e164, held_from),
  constraint holding_order_ck check (held_until is null or held_until > held_from)
);
comment on table holding is 'Which operator served the number for which tenant, from when to when (half open).';
create unique index holding_open_uq on holding (tenant_id, e164) where held_until is null;
create index holding_operator_ix on holding (operator_id, e164, held_from);
call protect('holding', 'tenant_id', 'operator_id');
grant select, insert, update on holding to concord_app, concord_job;

create table target (
  tenant_id uuid not null,
  id text not null constraint target_id_ck check (length(id) between 1 and 128),
  kind text not null constraint target_kind_ck check (kind in ('user', 'resource_account', 'conference_bridge', 'third_party_app', 'policy')),
  display_name text not null,
  upn text,
  usage_location text constraint target_usage_location_ck check (usage_location ~ '^[A-Z]{2}$'),
  licensed boolean not null,
  department text,
  left_at timestamptz,
  changed_at timestamptz not null,
  constraint target_pk primary key (tenant_id, id)
);
alter table target add constraint target_tenant_fk foreign key (tenant_id) references tenant (id);
create index target_name_ix on target (tenant_id, lower(display_name) collate "C", id);
create index target_upn_ix on target (tenant_id, lower(upn) collate "C");
call protect('target', 'tenant_id', null);
grant select, insert, update, delete on target to concord_app, concord_job;

create table assignment (
  tenant_id uuid not null,
  e164 text collate "C" not null,
  id uuid not null,
  target_id text not null,
  target_kind text not null,
  target_name text not null,
  category text not null constraint assignment_category_ck check (category in ('primary', 'alternate', 'private')),
  assigned_at timestamptz not null,
  assigned_seq bigint not null,
  ended_at timestamptz,
  constraint assignment_pk primary key (tenant_id, e164, id),
  constraint assignment_order_ck check (ended_at is null or ended_at >= assigned_at)
);
comment on table assignment is 'Who has and had a number. Tenant only: an operator never sees a target.';
create unique index assignment_current_uq on assignment (tenant_id, e164) where ended_at is null;
create unique index assignment_primary_uq on assignment (tenant_id, target_id) where ended_at is null and category = 'primary';
create index assignment_target_ix on assignment (tenant_id, target_id, assigned_at);
call protect('assignment', 'tenant_id', null);
grant select, insert, update on assignment to concord_app, concord_job;

create table number_tag (
  tenant_id uuid not null,
  tag text not null constraint number_tag_length_ck check (length(tag) between 1 and 50),
  e164 text collate "C" not null,
  constraint number_tag_pk primary key (tenant_id, tag, e164)
);
alter table number_tag add constraint number_tag_number_fk foreign key (tenant_id, e164) references number (tenant_id, e164) on delete cascade;
create index number_tag_number_ix on number_tag (tenant_id, e164);
call protect('number_tag', 'tenant_id', null);
grant select, insert, delete on number_tag to concord_app, concord_job;

create table number_reservation (
  tenant_id uuid not null,
  e164 text collate "C" not null,
  note text not null constraint number_reservation_note_ck check (length(note) between 1 and 200),
  reserved_at timestamptz not null,
  constraint number_reservation_pk primary key (tenant_id, e164)
);
alter table number_reservation add constraint number_reservation_number_fk
  foreign key (tenant_id, e164) references number (tenant_id, e164) on delete cascade;
call protect('number_reservation', 'tenant_id', null);
grant select, insert, update, delete on number_reservation to concord_app, concord_job;

create table number_change (
  tenant_id uuid not null,
  e164 text collate "C" not null,
  id uuid not null,
  operator_id uuid not null,
  at timestamptz not null,
  kind text not null,
  actor_kind text not null,
  number_seq bigint,
  event_id uuid,
  order_id uuid,
  before jsonb,
  after jsonb,
  constraint number_change_pk primary key (tenant_id, e164, id)
);
comment on table number_change is 'The timeline of a number, as both parties may see it.';
create index number_change_operator_ix on number_change (operator_id, e164, id);
call protect('number_change', 'tenant_id', 'operator_id');
grant select, insert on number_change to concord_app, concord_job;

create table number_change_private (
  tenant_id uuid not null,
  e164 text collate "C" not null,
  id uuid not null,
  actor_label text,
  target_id text,
  target_name text,
  note text,
  constraint number_change_private_pk primary key (tenant_id, e164, id)
);
alter table number_change_private add constraint number_change_private_change_fk
  foreign key (tenant_id, e164, id) references number_change (tenant_id, e164, id) on delete cascade;
comment on table number_change_private is 'The tenant''s own part of a timeline entry: who did it, for whom.';
call protect('number_change_private', 'tenant_id', null);
grant select, insert on number_change_private to concord_app, concord_job;

create table number_order (
  operator_id uuid not null,
  id uuid not null,
  kind text not null constraint number_order_kind_ck check (kind in ('provision', 'change', 'release')),
  source text not null constraint number_order_source_ck check (source in ('api', 'upload')),
  state text not null constraint number_order_state_ck check (state in ('queued', 'running', 'succeeded', 'partial', 'failed')),
  rows integer not null,
  accepted integer not null default 0,
  rejected integer not null default 0,
  actor_kind text not null,
  actor_label text not null,
  created_at timestamptz not null,
  finished_at timestamptz,
  constraint number_order_pk primary key (operator_id, id)
);
call protect('number_order', null, 'operator_id');
grant select, insert, update on number_order to concord_app, concord_job;

create table number_order_row (
  operator_id uuid not null,
  order_id uuid not null,
  row integer not null constraint number_order_row_ck check (row >= 1),
  e164 text not null,
  tenant_id uuid,
  input jsonb not null,
  outcome text constraint number_order_row_outcome_ck check (outcome in ('accepted', 'rejected')),
  code text,
  field text,
  value text,
  fix text,
  constraint number_order_row_pk primary key (operator_id, order_id, row)
);
alter table number_order_row add constraint number_order_row_order_fk
  foreign key (operator_id, order_id) references number_order (operator_id, id);
comment on column number_order_row.outcome is 'Null: not done yet; a row is done exactly once, in the transaction that changes the number.';
call protect('number_order_row', null, 'operator_id');
grant select, insert, update on number_order_row to concord_app, concord_job;

select ensure_partitions(now());
