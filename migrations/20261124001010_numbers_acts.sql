-- Acts of tenants on their numbers: requests to release, entries of the timeline that are nobody else's, whose an address is.
alter table number
  add column release_requested_at timestamptz,
  add column release_note text constraint number_release_note_ck check (length(release_note) <= 500),
  add constraint number_release_note_asked_ck check (release_note is null or release_requested_at is not null);
comment on column number.release_requested_at is 'Since when the tenant asks the operator to take the number back; gone when it is assigned again.';
comment on column number.release_note is 'What the tenant says to it; the operator reads it.';
create index number_release_requested_ix on number (operator_id, release_requested_at, e164) where release_requested_at is not null;
create index number_emergency_ix on number (tenant_id, emergency_location_id) where emergency_location_id is not null;

alter table number_change alter column operator_id drop not null;
comment on column number_change.operator_id is 'Null: the tenant''s own entry (tags, reservation, category), which no operator sees.';

alter table emergency_location
  add column origin text not null default 'operator'
    constraint emergency_location_origin_ck check (origin in ('operator', 'tenant'));
comment on column emergency_location.origin is 'Who wrote it: the operator with a number, or the tenant in its address book.';

grant update (quarantine_days) on tenant to concord_app;
