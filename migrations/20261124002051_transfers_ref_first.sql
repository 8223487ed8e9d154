-- A young month is small, and the planner then takes any index that begins with the tenant for as good as the key: settling an entry
-- would read all the tenant's. With the reference in front it serves what it is for, for both sides, and nothing else.
drop index transfer_ref_ix;
create index transfer_ref_ix on transfer (ref, tenant_id);
