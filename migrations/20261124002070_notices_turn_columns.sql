-- What is in flight goes in columns: written and read with every turn, as JSON it was taken apart and compressed each time.
drop view event_taken;
drop view in_hand;
drop view endpoint_place;

alter table endpoint_turn
  add subjects text[],
  add seqs bigint[],
  add attempts smallint[],
  add next_ats timestamptz[],
  add leases timestamptz[];
update endpoint_turn t
set subjects = h.subjects, seqs = h.seqs, attempts = h.attempts, next_ats = h.next_ats, leases = h.leases
from (
  select t.operator_id, t.endpoint_id, t.turn,
         coalesce(array_agg(f.subject order by f.seq) filter (where f.seq is not null), '{}') as subjects,
         coalesce(array_agg(f.seq order by f.seq) filter (where f.seq is not null), '{}') as seqs,
         coalesce(array_agg(f.attempt order by f.seq) filter (where f.seq is not null), '{}') as attempts,
         coalesce(array_agg(f.next_at order by f.seq) filter (where f.seq is not null), '{}') as next_ats,
         coalesce(array_agg(f.leased_until order by f.seq) filter (where f.seq is not null), '{}') as leases
  from endpoint_turn t
  left join lateral jsonb_to_recordset(t.hot)
    as f (subject text, seq bigint, attempt smallint, next_at timestamptz, leased_until timestamptz) on true
  group by t.operator_id, t.endpoint_id, t.turn) h
where t.operator_id = h.operator_id and t.endpoint_id = h.endpoint_id and t.turn = h.turn;
alter table endpoint_turn
  drop hot,
  alter subjects set not null,
  alter seqs set not null,
  alter attempts set not null,
  alter next_ats set not null,
  alter leases set not null,
  add constraint endpoint_turn_flight_ck check (
    cardinality(seqs) = cardinality(subjects) and cardinality(attempts) = cardinality(subjects)
    and cardinality(next_ats) = cardinality(subjects) and cardinality(leases) = cardinality(subjects));
-- Stays in its row, as it is.
alter table endpoint_turn set (toast_tuple_target = 8160);
comment on column endpoint_turn.cursor_seq is 'Every event up to here was delivered, is in flight or in held_event, or is of no interest.';
comment on column endpoint_turn.subjects is 'Numbers, or what else events are about, whose oldest event is in flight or due; this and the next four columns are one list. One that fails moves to held_event.';
comment on column endpoint_turn.attempts is 'Tries begun.';
comment on column endpoint_turn.next_ats is 'Not before this is it tried.';
comment on column endpoint_turn.leases is 'Until then it belongs to a worker; an element is null while it waits.';
comment on column held_event.seq is 'The oldest event of this subject that the endpoint has not taken; none of it is in endpoint_turn.';
comment on column endpoint.cursor_seq is 'As endpoint_turn.cursor_seq, but before the oldest event in flight, and up to a second old while deliveries are under way.';

create view endpoint_place with (security_invoker = true) as
  select p.operator_id, p.id as endpoint_id, coalesce(t.cursor_seq, p.cursor_seq) as cursor_seq, coalesce(t.subjects, '{}') as subjects,
         coalesce(t.seqs, '{}') as seqs, coalesce(t.next_ats, '{}') as next_ats
  from endpoint p
  left join lateral (
    -- The newest row alone: a held snapshot keeps dead ones before it.
    select x.cursor_seq, x.subjects, x.seqs, x.next_ats from endpoint_turn x
    where x.operator_id = p.operator_id and x.endpoint_id = p.id
    order by x.turn desc limit 1) t on true;
comment on view endpoint_place is 'Place of an endpoint in its feed: every event up to cursor_seq was delivered, is in_hand, or is of no interest.';

create view in_hand with (security_invoker = true) as
  select operator_id, endpoint_id, subject, seq, next_at, resume_seq from held_event
  union all
  select p.operator_id, p.endpoint_id, f.subject, f.seq, f.next_at, null
  from endpoint_place p
  cross join lateral unnest(p.subjects, p.seqs, p.next_ats) as f (subject, seq, next_at);
comment on view in_hand is 'Events up to an endpoint''s place that it has not taken, the oldest of each subject: in flight, due or held back.';

create view event_taken with (security_invoker = true) as
  select e.operator_id, e.seq from event e
  where exists (
    select from endpoint p
    join endpoint_place l on l.operator_id = p.operator_id and l.endpoint_id = p.id
    where p.operator_id = e.operator_id and p.created_at <= e.sealed_at and l.cursor_seq >= e.seq
      and (p.event_types = '{}' or e.type = any (p.event_types))
      and not exists (
        select from in_hand h
        where h.operator_id = p.operator_id and h.endpoint_id = p.id and h.subject = e.subject
          and h.seq <= e.seq and (h.seq = e.seq or h.resume_seq is null or h.resume_seq < e.seq)));
comment on view event_taken is 'Events that at least one endpoint has taken.';
grant select on endpoint_place, in_hand, event_taken to concord_app, concord_job;
