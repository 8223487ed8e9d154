-- Delivery that keeps its pace while somebody holds a snapshot open: what changes with every delivery is read at the end of an
-- index, where no dead row lies before it.
create table endpoint_turn (
  operator_id uuid not null,
  endpoint_id uuid not null,
  turn bigint not null constraint endpoint_turn_ck check (turn > 0),
  cursor_seq bigint not null,
  hot jsonb not null,
  constraint endpoint_turn_pk primary key (operator_id, endpoint_id, turn)
);
alter table endpoint_turn add constraint endpoint_turn_endpoint_fk
  foreign key (operator_id, endpoint_id) references endpoint (operator_id, id) on delete cascade;
comment on table endpoint_turn is 'Where an endpoint is in its feed and what is in flight, one row an endpoint: a turn writes the next row and deletes the one before.';
comment on column endpoint_turn.cursor_seq is 'Every event up to here was delivered, is in hot or in held_event, or is of no interest.';
comment on column endpoint_turn.hot is 'Events at their first try, in flight or due: [{subject, seq, attempt, next_at, asked_until, leased_until}]. One that fails moves to held_event.';
comment on column endpoint.cursor_seq is 'As endpoint_turn.cursor_seq, but before the oldest event of hot, and up to a second old while deliveries are under way.';
comment on column held_event.seq is 'The oldest event of this subject that the endpoint has not taken; none of it is in endpoint_turn.hot.';

-- A look for unsealed events that begins late finds by it what a number has before.
create index event_out_subject_ix on event_out (operator_id, subject, position);

create table recovery (
  operator_id uuid not null,
  endpoint_id uuid not null,
  id uuid not null,
  from_seq bigint not null,
  to_seq bigint not null,
  since timestamptz,
  until timestamptz,
  event_types text[] not null,
  undelivered boolean not null,
  queued bigint not null default 0,
  requested_at timestamptz not null,
  done_at timestamptz,
  constraint recovery_pk primary key (operator_id, endpoint_id, id)
);
alter table recovery add constraint recovery_endpoint_fk
  foreign key (operator_id, endpoint_id) references endpoint (operator_id, id) on delete cascade;
create index recovery_open_ix on recovery (operator_id, endpoint_id, requested_at) where done_at is null;
comment on table recovery is 'Past events that one endpoint is to get once more. Delivery moves them to resend in bounded steps.';
comment on column recovery.from_seq is 'Up to here the feed was looked through; events after it and up to to_seq are still to come.';
comment on column recovery.queued is 'Events moved to resend so far.';

do $$
declare
  t text;
begin
  foreach t in array array['endpoint_turn', 'recovery'] loop
    call protect(t::regclass, null, 'operator_id');
    execute format('grant select, insert, update, delete on %s to concord_app, concord_job', t);
  end loop;
end
$$;
