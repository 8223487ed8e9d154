-- What a subject has before a place is looked up for each event that is sealed. With the subject in front this is the one index that can
-- serve the question: after a vacuum the table counts as empty, and the planner takes any index that fits for as good.
drop index event_out_subject_ix;
create index event_out_subject_ix on event_out (subject, position);
