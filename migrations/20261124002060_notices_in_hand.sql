-- Where endpoints are, to the moment: one reading for all who ask what an endpoint has still to take.
create view endpoint_place with (security_invoker = true) as
  select p.operator_id, p.id as endpoint_id, coalesce(t.cursor_seq, p.cursor_seq) as cursor_seq, coalesce(t.hot, '[]') as hot
  from endpoint p
  left join lateral (
    -- The newest row alone: a held snapshot keeps dead ones before it.
    select x.cursor_seq, x.hot from endpoint_turn x
    where x.operator_id = p.operator_id and x.endpoint_id = p.id
    order by x.turn desc limit 1) t on true;
comment on view endpoint_place is 'Place of an endpoint in its feed: every event up to cursor_seq was delivered, is in_hand, or is of no interest.';

create view in_hand with (security_invoker = true) as
  select operator_id, endpoint_id, subject, seq, next_at, resume_seq from held_event
  union all
  select p.operator_id, p.endpoint_id, f.subject, f.seq, f.next_at, null
  from endpoint_place p
  cross join lateral jsonb_to_recordset(p.hot) as f (subject text, seq bigint, next_at timestamptz);
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

grant select on partitioned_table to concord_app;

alter table resend add asked_until timestamptz;
comment on column resend.asked_until is 'As held_event.asked_until.';
