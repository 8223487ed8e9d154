-- Event feed, endpoints, deliveries.
create table event_out (
  tenant_id uuid not null constraint event_out_tenant_nil_ck check (tenant_id <> '00000000-0000-0000-0000-000000000000'),
  id uuid not null,
  operator_id uuid not null constraint event_out_operator_nil_ck check (operator_id <> '00000000-0000-0000-0000-000000000000'),
  type text not null,
  schema text not null,
  subject text not null,
  number_seq bigint,
  country text,
  class text,
  occurred_at timestamptz not null,
  data text not null,
  previous text,
  position bigint generated always as identity,
  constraint event_out_pk primary key (tenant_id, id)
);
comment on table event_out is 'Events written in their business transaction, not yet sealed. Sealing moves them to event.';
comment on column event_out.class is 'Data class whose gate must be open; null: never gated (wind-down).';
comment on column event_out.data is 'JSON text, never jsonb: its bytes are what is sent.';
comment on column event_out.position is 'Order of writing. Events of one number are written under its lock, so that here it is also their order.';
create index event_out_operator_ix on event_out (operator_id, position);
call protect('event_out', 'tenant_id', null);
grant select, insert on event_out to concord_app;
grant select, insert, delete on event_out to concord_job;

create table event (
  operator_id uuid not null constraint event_operator_nil_ck check (operator_id <> '00000000-0000-0000-0000-000000000000'),
  seq bigint not null constraint event_seq_ck check (seq > 0),
  id uuid not null,
  tenant_id uuid,
  type text not null,
  subject text not null,
  number_seq bigint,
  country text,
  class text,
  occurred_at timestamptz not null,
  sealed_at timestamptz not null,
  body text not null,
  constraint event_pk primary key (operator_id, seq),
  constraint event_id_uq unique (operator_id, id)
);
comment on table event is 'The ordered feed of an operator: gapless seq, append only. body is what push and pull hand over, byte for byte.';
create index event_subject_ix on event (operator_id, subject, seq);
create index event_tenant_subject_ix on event (tenant_id, subject, seq);
call protect('event', null, 'operator_id');
create policy tenant_axis on event for select to concord_app
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
grant select on event to concord_app;
grant select, insert, delete on event to concord_job;

create table endpoint (
  operator_id uuid not null,
  id uuid not null,
  url text not null constraint endpoint_url_ck check (length(url) between 8 and 2048),
  description text not null default '' constraint endpoint_description_ck check (length(description) <= 200),
  event_types text[] not null default '{}',
  signature text not null constraint endpoint_signature_ck check (signature in ('v1', 'v1a', 'both')),
  max_in_flight integer not null constraint endpoint_max_in_flight_ck check (max_in_flight between 1 and 64),
  confirms boolean not null,
  state text not null constraint endpoint_state_ck check (state in ('unverified', 'active', 'paused', 'disabled')),
  state_reason text,
  version bigint not null default 1,
  cursor_seq bigint not null default 0,
  failing_since timestamptz,
  warned_percent smallint not null default 0,
  streak integer not null default 0,
  last_failed text,
  probe_at timestamptz,
  quiet_until timestamptz,
  last_success_at timestamptz,
  last_attempt_at timestamptz,
  heartbeat_at timestamptz,
  verified_at timestamptz,
  created_at timestamptz not null,
  constraint endpoint_pk primary key (operator_id, id)
);
alter table endpoint add constraint endpoint_operator_fk foreign key (operator_id) references operator (id);
comment on column endpoint.cursor_seq is 'Every event up to here was delivered, is held in held_event, or is of no interest to this endpoint.';
comment on column endpoint.warned_percent is 'Highest warning given in the present run of failure: 0, 50, 70 or 90 per cent of the budget.';
comment on column endpoint.streak is 'Failing numbers in a row; while the breaker is open, failed probes on top.';
comment on column endpoint.last_failed is 'The number that failed last: failing again it does not lengthen the streak.';
comment on column endpoint.probe_at is 'Set while the breaker is open: not before this may the next probe leave.';
comment on column endpoint.quiet_until is 'The receiver asked for quiet until then.';
comment on column endpoint.failing_since is 'First failure of the present run; 75 h later the endpoint is paused.';

create table endpoint_secret (
  operator_id uuid not null,
  endpoint_id uuid not null,
  id uuid not null,
  sealed bytea not null,
  created_at timestamptz not null,
  expires_at timestamptz,
  constraint endpoint_secret_pk primary key (operator_id, endpoint_id, id)
);
alter table endpoint_secret add constraint endpoint_secret_endpoint_fk
  foreign key (operator_id, endpoint_id) references endpoint (operator_id, id) on delete cascade;
comment on table endpoint_secret is 'Generations of keys of an endpoint: the current one, and the one before until its grace ends.';
comment on column endpoint_secret.sealed is 'Secret of v1 and key pair of v1a, sealed under --secret-key.';

-- Public halves are for everybody to read: receivers check signatures with them.
create table endpoint_key (
  operator_id uuid not null,
  endpoint_id uuid not null,
  id uuid not null,
  public_key text not null,
  created_at timestamptz not null,
  expires_at timestamptz,
  constraint endpoint_key_pk primary key (operator_id, endpoint_id, id)
);
alter table endpoint_key add constraint endpoint_key_endpoint_fk
  foreign key (operator_id, endpoint_id) references endpoint (operator_id, id) on delete cascade;
create index endpoint_key_id_ix on endpoint_key (id);
comment on table endpoint_key is 'Public keys of v1a, one per row of endpoint_secret and under the same id.';

-- One row per (endpoint, subject) in flight or held back: its later events wait, other subjects go on.
create table held_event (
  operator_id uuid not null,
  endpoint_id uuid not null,
  subject text not null,
  seq bigint not null,
  attempt integer not null,
  next_at timestamptz not null,
  asked_until timestamptz,
  leased_until timestamptz,
  trigger text not null default 'feed' constraint held_event_trigger_ck check (trigger in ('feed', 'redeliver', 'recover')),
  resume_seq bigint,
  constraint held_event_pk primary key (operator_id, endpoint_id, subject)
);
alter table held_event add constraint held_event_endpoint_fk
  foreign key (operator_id, endpoint_id) references endpoint (operator_id, id) on delete cascade;
create index held_event_due_ix on held_event (operator_id, endpoint_id, next_at);
comment on column held_event.seq is 'The oldest event of this subject that the endpoint has not taken.';
comment on column held_event.attempt is 'Tries begun for this event.';
comment on column held_event.asked_until is 'The receiver''s own wish, which also bringing forward respects.';
comment on column held_event.leased_until is 'Set while in flight: until then it belongs to a worker. A lapsed lease is due again.';
comment on column held_event.resume_seq is 'Set for an event sent once more: what came after it up to here was delivered before.';

create table resend (
  operator_id uuid not null,
  endpoint_id uuid not null,
  seq bigint not null,
  subject text not null,
  trigger text not null constraint resend_trigger_ck check (trigger in ('redeliver', 'recover')),
  attempt integer not null,
  next_at timestamptz not null,
  requested_at timestamptz not null,
  requested_by text not null,
  constraint resend_pk primary key (operator_id, endpoint_id, seq)
);
alter table resend add constraint resend_endpoint_fk
  foreign key (operator_id, endpoint_id) references endpoint (operator_id, id) on delete cascade;
create index resend_due_ix on resend (operator_id, endpoint_id, next_at);
create index resend_subject_ix on resend (operator_id, endpoint_id, subject, seq);
comment on table resend is 'Events to be sent once more. One moves to held_event when its subject has nothing in flight or held back.';
comment on column resend.attempt is 'Tries begun for this event before.';

create table attempt (
  operator_id uuid not null,
  at timestamptz not null,
  id uuid not null,
  endpoint_id uuid not null,
  seq bigint,
  event_id uuid not null,
  tenant_id uuid,
  type text not null,
  subject text not null,
  number integer not null,
  trigger text not null constraint attempt_trigger_ck check (trigger in ('feed', 'retry', 'redeliver', 'recover', 'test', 'verify', 'heartbeat')),
  status smallint,
  error text,
  elapsed_ms integer not null,
  request_headers text not null,
  response_headers text,
  response_body text,
  next_at timestamptz,
  constraint attempt_pk primary key (operator_id, at, id)
) partition by range (at);
comment on column attempt.number is 'Which try of this event at this endpoint, from 1.';
comment on column attempt.status is 'HTTP status; null when no answer came (see error).';
create index attempt_endpoint_ix on attempt (operator_id, endpoint_id, at);
create index attempt_event_ix on attempt (operator_id, event_id, at);
create index attempt_tenant_ix on attempt (tenant_id, subject, at);

do $$
declare
  t text;
begin
  foreach t in array array['endpoint', 'endpoint_secret', 'endpoint_key', 'held_event', 'resend', 'attempt'] loop
    call protect(t::regclass, null, 'operator_id');
    execute format('grant select, insert, update, delete on %s to concord_app, concord_job', t);
  end loop;
end
$$;
revoke update, delete on attempt from concord_app;
create policy everybody on endpoint_key for select to concord_app using (true);
create policy tenant_axis on attempt for select to concord_app
  using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
insert into partitioned_table (name, keep_months) values ('attempt', 3);
