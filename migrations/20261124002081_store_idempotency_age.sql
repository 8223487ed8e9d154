-- Answers are kept for 24 hours; by this those that are older are found.
create index idempotency_key_age_ix on idempotency_key (created_at);
