-- A young feed is small, and the planner then takes any index that begins with the operator for as good as the key: finding an event by
-- its position would read all of the feed. With subject and id in front these serve what they are for, and nothing else.
drop index event_subject_ix;
create index event_subject_ix on event (subject, operator_id, seq);
alter table event drop constraint event_id_uq, add constraint event_id_uq unique (id, operator_id);
