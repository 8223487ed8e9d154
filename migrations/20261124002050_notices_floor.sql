-- Every look of sealing now begins below all that may still appear (notices::floor), so nobody asks any more what a subject has before
-- a place, and each event is written with one index less.
drop index event_out_subject_ix;
grant select on sequence event_out_position_seq to concord_job;
comment on column event_out.position is 'Order of writing. Events of one number are written under its lock, so that here it is also their order. A transaction has its number (xid) before it takes a position: sealing concludes from it below which position nothing can appear any more.';
