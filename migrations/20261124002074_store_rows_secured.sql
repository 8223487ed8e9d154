-- The rows of before are written: row security binds the owner again.
alter table endpoint_turn force row level security;
alter table chain_pending force row level security;
