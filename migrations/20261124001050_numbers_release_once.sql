-- Since when a tenant asks its operator to take a number back stands once, in release_request.
set local role concord_job;
insert into release_request (tenant_id, id, e164, operator_id, state, note, requested_at)
select n.tenant_id, gen_random_uuid(), n.e164, n.operator_id, 'open', nullif(n.release_note, ''), n.release_requested_at
from number n
where n.release_requested_at is not null
on conflict (tenant_id, e164) where state = 'open' do nothing;
reset role;
alter table number drop column release_note, drop column release_requested_at;
