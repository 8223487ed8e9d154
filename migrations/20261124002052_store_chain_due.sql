-- Each chain looks for what is due of its own, and passes nothing of the others.
drop index chain_pending_due_ix;
create index chain_pending_due_ix on chain_pending (chain, due_at);
