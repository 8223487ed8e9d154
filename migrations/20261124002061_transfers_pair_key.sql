-- The key of a pair's advisory lock, the first 8 bytes of SHA-256 over both ids: whoever finds the operators of numbers locks them in the
-- same statement.
create function pair_key(tenant uuid, operator uuid) returns bigint
language sql immutable strict parallel safe
return ('x' || encode(substr(sha256(uuid_send(tenant) || uuid_send(operator)), 1, 8), 'hex'))::bit(64)::bigint;
comment on function pair_key is 'Advisory lock of a tenant and an operator: shared by whoever hands data over, exclusive for whoever closes a gate.';
