-- Confirmations of before, a row an event, go where they are lists now: their consumer looks at one list.
-- Whoever still writes there is waited for.
lock table change in share row exclusive mode;
set local role concord_job;
with old as (
  delete from change where list = 'event_confirmed' returning tenant_id, id, operator_id, subject, seq, at)
insert into change (tenant_id, id, list, operator_id, detail, at)
select tenant_id, id, 'events_taken', operator_id, jsonb_build_array(jsonb_build_array(subject, seq))::text, at from old;
reset role;
-- Nobody else gave it a meaning.
alter table change drop seq;
