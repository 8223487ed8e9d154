-- What the platform sees of background loops: how often they look, when they last came to an end, how often they failed.
alter table job_state
  add column every_ms bigint constraint job_state_every_ck check (every_ms > 0),
  add column failures bigint not null default 0 constraint job_state_failures_ck check (failures >= 0);
comment on column job_state.every_ms is 'At most this long between two looks, in milliseconds.';
comment on column job_state.last_finished_at is 'When a look last came to an end without an error; noted every few seconds.';
comment on column job_state.failures is 'Looks that ended in an error, over all time.';
