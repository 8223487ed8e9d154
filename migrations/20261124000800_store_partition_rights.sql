-- Making partitions is table owner's work lent to the job role alone, not to everybody who can connect.
revoke all on function ensure_partitions(timestamptz) from public;
grant execute on function ensure_partitions(timestamptz) to concord_job;
