-- Usage by day in the tenant's zone.
create table usage_day (
  tenant_id uuid not null,
  day date not null,
  operator_id uuid not null,
  e164 text collate "C" not null,
  target_id text not null,
  direction text not null constraint usage_day_direction_ck check (direction in ('inbound', 'outbound')),
  call_type text not null,
  other_country text not null,
  calls bigint not null,
  answered bigint not null,
  operator_calls bigint not null,
  operator_ms bigint not null,
  platform_ms bigint not null,
  awaiting_calls bigint not null,
  awaiting_ms bigint not null,
  pairs bigint not null,
  difference_ms bigint not null,
  constraint usage_day_pk primary key (tenant_id, day, operator_id, e164, target_id, direction, call_type, other_country)
);
comment on table usage_day is 'Usage by day in the tenant''s zone. Empty text: not known. Milliseconds; difference_ms = operator minus platform over pairs.';
comment on column usage_day.day is 'Platform''s part: of answered_at, else invited_at; operator''s part: of at.';
comment on column usage_day.calls is 'Platform''s legs; answered: those with answered_at.';
comment on column usage_day.operator_calls is 'The operator''s current records of answered calls.';
comment on column usage_day.operator_ms is 'Sum of the operator''s current durations: what is shown as usage.';
comment on column usage_day.awaiting_ms is 'Platform''s talk of answered calls that a durations consent covered and that have no current duration record.';
comment on column usage_day.pairs is 'Answered calls with talk_ms and a current duration record, by the call''s day.';
-- Of the tenant alone: it says who has the numbers.
call protect('usage_day', 'tenant_id', null);
grant select on usage_day to concord_app;
grant select, insert, update, delete on usage_day to concord_job;
