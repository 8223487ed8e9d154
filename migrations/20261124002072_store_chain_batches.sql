-- Entries of one moment wait for a chain as one row: a turn of an endpoint registers dozens.
alter table chain_pending add entries uuid[];
update chain_pending set entries = array[id];
alter table chain_pending alter entries set not null, add constraint chain_pending_entries_ck check (cardinality(entries) > 0);
comment on table chain_pending is 'Entries that wait to be chained: those of one tenant, moment and due time in one row.';
-- A process of before that still runs must not take a row for one entry.
alter table chain_pending rename id to first_id;
comment on column chain_pending.first_id is 'The first of entries.';
