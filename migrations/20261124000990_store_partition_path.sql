-- Temporary objects of the caller come last, so that nobody can put a table of its own in the way of the owner's rights. After
-- the definition that makes days as well, which has set the path anew.
alter function ensure_partitions(timestamptz) set search_path = public, pg_temp;
