-- What was withheld stays withheld: a gate counts its openings, an event keeps the one it was written under.
alter table gate
  add column opening bigint not null default 1 constraint gate_opening_ck check (opening >= 0),
  add column closed_for text[] not null default '{}';
comment on column gate.opening is 'How often the gate was opened, the present opening counted; 0: never.';
comment on column gate.closed_for is 'Why each opening ended, the first at place 1: suspended, withdrawn or not_granted.';

set local role concord_job;
update gate set closed_for = array[reason] where not open;
reset role;

alter table event_out add column opening bigint default 1;
alter table event_out alter column opening drop default;
comment on column event_out.opening is 'The opening of its gate at the time of writing; null where there was no such gate.';
alter table event add column opening bigint default 1;
alter table event alter column opening drop default;
comment on column event.opening is 'The opening of its gate under which the event was written. Of another opening than the present one it is withheld for good.';
