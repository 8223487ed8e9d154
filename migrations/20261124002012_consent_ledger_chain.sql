-- The ledger of consents is chained for the tenant: a changed, removed or inserted line is found.
alter table consent_entry
  add column salt bytea,
  add column personal_hash bytea;
alter table consent_entry add constraint consent_entry_personal_hash_ck check (personal_hash is null or salt is null);
comment on column consent_entry.salt is 'Keeps the personal part (actor_label, address) from being guessed from its hash; null in lines from before the chain.';
comment on column consent_entry.personal_hash is 'SHA-256 of salt and personal part, kept when they are erased so that the chain still proves; null until then.';

set local role concord_job;
insert into chain_pending (org_id, id, chain, entry_tenant, entry_at, due_at)
  select tenant_id, id, 'consent', tenant_id, at, at from consent_entry;
reset role;
