-- A row in every table that belongs to somebody, for one tenant and one operator.
-- {tenant} {operator} {platform} are ids, {at} is the present time, {n} a digit of this pair's own.
insert into notice_text (version, language, title, body, sha256, published_at)
  values ('v{n}', 'en', 'Notice', 'Text', '\x00', '{at}');
insert into change (tenant_id, id, list, operator_id, at) values ('{tenant}', gen_random_uuid(), 'test', '{operator}', '{at}');
insert into consent (tenant_id, id, operator_id, status, countries, classes, notice_version, notice_sha256, accepted_by, since, created_at)
  values ('{tenant}', '{consent}', '{operator}', 'active', '{DE}', '{numbers}', 'v{n}', '\x00', 'Mara', '{at}', '{at}');
insert into consent_entry (tenant_id, id, consent_id, operator_id, at, action, countries, classes, notice_version, notice_sha256, actor_label)
  values ('{tenant}', gen_random_uuid(), '{consent}', '{operator}', '{at}', 'granted', '{DE}', '{numbers}', 'v{n}', '\x00', 'Mara');
insert into consent_acceptance (tenant_id, id, consent_id, at, staff_informed, asked_for)
  values ('{tenant}', gen_random_uuid(), '{consent}', '{at}', true, '{DE}');
insert into gate (tenant_id, operator_id, country, class, open, consent_id, notice_version, changed_at)
  values ('{tenant}', '{operator}', 'DE', 'numbers', true, '{consent}', 'v{n}', '{at}');
insert into relationship (tenant_id, operator_id, status, updated_at) values ('{tenant}', '{operator}', 'agreement_signed', '{at}');
insert into transfer (tenant_id, at, id, operator_id, direction, classes, channel, state, records, basis, consent_id, ref, frozen_at)
  values ('{tenant}', '{at}', '{thing}', '{operator}', 'to_operator', '{numbers}', 'pull', 'confirmed', 1, 'consent', '{consent}', 'secretref{n}', '{at}');
insert into emergency_location (tenant_id, id, label, street, house_number, postal_code, city, country, origin)
  values ('{tenant}', '{thing}', 'Secretlabel{n}', 'Street', '1', '10115', 'Berlin', 'DE', 'tenant');
insert into number_claim (e164, tenant_id, operator_id, last_number_seq) values ('+49302312501{n}', '{tenant}', '{operator}', 2);
insert into number (tenant_id, e164, operator_id, country, kind, usage, capabilities, city, listed, emergency_mode, activation_state,
                    assignment_status, number_seq, created_at, changed_at)
  values ('{tenant}', '+49302312501{n}', '{operator}', 'DE', 'geographic', 'user', '{inbound,outbound,user}', 'Secretcity{n}', true, 'operator_fixed',
          'activated', 'user', 2, '{at}', '{at}');
insert into holding (tenant_id, e164, held_from, operator_id) values ('{tenant}', '+49302312501{n}', '{at}', '{operator}');
insert into target (tenant_id, id, kind, display_name, licensed, changed_at)
  values ('{tenant}', 'secrettarget{n}', 'user', 'Secretperson{n}', true, '{at}');
insert into assignment (tenant_id, e164, id, target_id, target_kind, target_name, category, assigned_at, assigned_seq)
  values ('{tenant}', '+49302312501{n}', '{thing}', 'secrettarget{n}', 'user', 'Secretperson{n}', 'primary', '{at}', 2);
insert into number_tag (tenant_id, tag, e164) values ('{tenant}', 'Secrettag{n}', '+49302312501{n}');
insert into number_reservation (tenant_id, e164, note, reserved_at) values ('{tenant}', '+49302312501{n}', 'Secretnote{n}', '{at}');
insert into change_set (tenant_id, id, name, action, source, state, rows, done, actor_kind, actor_id, actor_label, request_id, created_at)
  values ('{tenant}', '{thing}', 'Secretset{n}', 'assign', 'api', 'done', 1, 1, 'account', '{thing}', 'Secretperson{n}', 'r', '{at}');
insert into change_set_row (tenant_id, set_id, row, e164, input, outcome) values ('{tenant}', '{thing}', 1, '+49302312501{n}', '{}', 'done');
insert into number_change (tenant_id, e164, id, operator_id, at, kind, actor_kind) values ('{tenant}', '+49302312501{n}', '{thing}', '{operator}', '{at}', 'assigned', 'account');
insert into number_change_private (tenant_id, e164, id, target_name) values ('{tenant}', '+49302312501{n}', '{thing}', 'Secretperson{n}');
insert into release_request (tenant_id, id, e164, operator_id, state, note, requested_at)
  values ('{tenant}', '{thing}', '+49302312501{n}', '{operator}', 'open', 'Please', '{at}');
insert into target_upload (tenant_id, id, file_name, rows, actor_label, created_at)
  values ('{tenant}', '{thing}', 'secretfile{n}.csv', '[{"id": "secrettarget{n}"}]', 'Secretclient{n}', '{at}');
insert into stock_threshold (tenant_id, operator_id, country, area, kind, percent, changed_at)
  values ('{tenant}', '{operator}', 'DE', 'Secretcity{n}', 'geographic', 20, '{at}');
insert into event_out (tenant_id, id, operator_id, type, schema, subject, occurred_at, data)
  values ('{tenant}', '{thing}', '{operator}', 'number.assigned', 'concord.number/1', '+49302312501{n}', '{at}', '{}');
insert into feed_head (operator_id, feed, last_seq) values ('{operator}', 'events', 1);
insert into event (operator_id, seq, id, tenant_id, type, subject, occurred_at, sealed_at, body)
  values ('{operator}', 1, '{event}', '{tenant}', 'number.assigned', '+49302312501{n}', '{at}', '{at}', '{"id":"secretevent{n}"}');
insert into endpoint (operator_id, id, url, signature, max_in_flight, confirms, state, created_at)
  values ('{operator}', '{endpoint}', 'https://secrethost{n}.example/hook', 'both', 4, true, 'active', '{at}');
insert into endpoint_secret (operator_id, endpoint_id, id, sealed, created_at) values ('{operator}', '{endpoint}', '{thing}', '\x00', '{at}');
insert into endpoint_key (operator_id, endpoint_id, id, public_key, created_at) values ('{operator}', '{endpoint}', '{thing}', 'whpk_{n}', '{at}');
insert into held_event (operator_id, endpoint_id, subject, seq, attempt, next_at)
  values ('{operator}', '{endpoint}', '+49302312501{n}', 1, 1, '{at}');
insert into endpoint_turn (operator_id, endpoint_id, turn, cursor_seq, subjects, seqs, attempts, next_ats, leases)
  values ('{operator}', '{endpoint}', 1, 1, array['+49302312501{n}'], array[1], array[1], array['{at}'::timestamptz], array[null::timestamptz]);
insert into recovery (operator_id, endpoint_id, id, from_seq, to_seq, event_types, undelivered, requested_at)
  values ('{operator}', '{endpoint}', '{thing}', 0, 1, array['number.assigned'], true, '{at}');
insert into resend (operator_id, endpoint_id, seq, subject, trigger, attempt, next_at, requested_at, requested_by)
  values ('{operator}', '{endpoint}', 1, '+49302312501{n}', 'redeliver', 0, '{at}', '{at}', 'Mara');
insert into attempt (operator_id, at, id, endpoint_id, seq, event_id, tenant_id, type, subject, number, trigger, elapsed_ms, request_headers)
  values ('{operator}', '{at}', '{thing}', '{endpoint}', 1, '{event}', '{tenant}', 'number.assigned', '+49302312501{n}', 1, 'feed', 12, 'webhook-id: secretattempt{n}');
insert into number_order (operator_id, id, kind, source, state, rows, actor_kind, actor_label, created_at)
  values ('{operator}', '{thing}', 'provision', 'api', 'succeeded', 1, 'client', 'Secretclient{n}', '{at}');
insert into number_order_row (operator_id, order_id, row, e164, tenant_id, input)
  values ('{operator}', '{thing}', 1, '+49302312501{n}', '{tenant}', '{}');
insert into number_upload (operator_id, id, file_name, rows, actor_label, created_at)
  values ('{operator}', '{thing}', 'secretfile{n}.csv', '[{"e164": "+49302312509{n}"}]', 'Secretclient{n}', '{at}');
insert into chain_head (org_id, chain, head) select org, 'register', '\x00' from (values ('{tenant}'::uuid), ('{operator}')) as orgs (org);
insert into chain_anchor (org_id, chain, before, first_seq, last_seq, count, hash, anchored_at)
  select org, 'audit', '{at}', 1, 1, 1, '\x00', '{at}' from (values ('{tenant}'::uuid), ('{operator}')) as orgs (org);
insert into chain_pending (org_id, first_id, chain, entry_at, due_at, entries) select org, '{thing}', 'register', '{at}', '{at}', array['{thing}'::uuid]
  from (values ('{tenant}'::uuid), ('{operator}')) as orgs (org);
insert into chain_entry (org_id, chain, seq, entry_id, entry_at, hash, sealed_at) select org, 'register', 1, '{thing}', '{at}', '\x00', '{at}'
  from (values ('{tenant}'::uuid), ('{operator}')) as orgs (org);
insert into idempotency_key (org_id, client_id, key, fingerprint, created_at) select org, 'c', 'k', '\x00', '{at}'
  from (values ('{tenant}'::uuid), ('{operator}')) as orgs (org);
insert into number_list (org_id, id, numbers, unread, created_at) select org, '{thing}', '{}', '{Secretnote{n}}', '{at}'
  from (values ('{tenant}'::uuid), ('{operator}')) as orgs (org);
insert into account (id, email, name, created_at) values ('{thing}', 'view{n}@example.com', 'Viewer', '{at}');
insert into saved_view (org_id, account_id, id, page, name, query, columns, created_at)
  select org, '{thing}', '{thing}', 'numbers', 'Secretlabel{n}', '', '{}', '{at}' from (values ('{tenant}'::uuid), ('{operator}')) as orgs (org);
insert into audit_event (org_id, at, id, actor_kind, action, subject_kind, subject_id) select org, '{at}', '{thing}', 'job', 'test', 'test', 'secretsubject{n}'
  from (values ('{tenant}'::uuid), ('{operator}')) as orgs (org);
insert into request_log (org_id, at, id, client_id, method, route, status, elapsed_ms, request_id)
  select org, '{at}', '{thing}', 'c', 'GET', '/me', 200, 1, 'r' from (values ('{tenant}'::uuid), ('{operator}')) as orgs (org);
insert into call_record (tenant_id, call_id, leg_id, invited_at, id, operator_id, version, content, completeness, direction, e164, country, quality,
                         batch_id, batch_row, received_at)
  values ('{tenant}', 'secretcall{n}', '1', '{at}', '{thing}', '{operator}', 2, '\x00', 'final', 'inbound', '+49302312501{n}', 'DE', 'good', '{thing}', 1, '{at}');
insert into call_replaced (tenant_id, call_id, leg_id, version, invited_at, operator_id, batch_id, batch_row, quality, replaced_at)
  values ('{tenant}', 'secretcall{n}', '1', 1, '{at}', '{operator}', '{thing}', 1, 'good', '{at}');
insert into call_personal (tenant_id, call_id, leg_id, invited_at, client_ip) values ('{tenant}', 'secretcall{n}', '1', '{at}', 'secretaddress{n}');
insert into stream (tenant_id, call_id, leg_id, invited_at, n, operator_id, direction, side, quality)
  values ('{tenant}', 'secretcall{n}', '1', '{at}', 1, '{operator}', 'sent', 'platform', 'good');
insert into call_batch_part (operator_id, batch_id, rows, first_at, last_at, received_at) values ('{operator}', '{thing}', 1, '{at}', '{at}', '{at}');
insert into duration_batch (operator_id, id, source, format, actor_label, state, received_at, bytes, sha256)
  values ('{operator}', '{thing}', 'api', 'csv', 'Secretclient{n}', 'received', '{at}', 1, '\x00');
insert into duration_batch_body (operator_id, batch_id, part, body) values ('{operator}', '{thing}', 1, '\x00');
insert into duration_reject (operator_id, batch_id, row, verdict) values ('{operator}', '{thing}', 1, 'e164_invalid');
insert into duration_replaced (tenant_id, operator_id, batch_id, row, ref, e164, at, version, replaced_at)
  values ('{tenant}', '{operator}', '{thing}', 1, 'r:secretref{n}', '+49302312501{n}', '{at}', 1, '{at}');
insert into duration_day (operator_id, day, rows, duration_ms, closed_at, closed_by) values ('{operator}', '2026-11-23', 1, 1000, '{at}', 'Secretclient{n}');
insert into duration_day_told (tenant_id, operator_id, day, closed_at) values ('{tenant}', '{operator}', '2026-11-23', '{at}');
insert into duration_record (tenant_id, operator_id, ref, e164, at, id, version, withdrawn, content, other_party_withheld, direction, duration_ms,
                             includes_ring, rounding_initial_s, rounding_increment_s, rounding_mode, batch_id, batch_row, received_at)
  values ('{tenant}', '{operator}', 'r:secretref{n}', '+49302312501{n}', '{at}', '{thing}', 1, false, '\x00', false, 'inbound', 1000,
          false, 0, 0, 'up', '{thing}', 1, '{at}');
insert into pair (tenant_id, call_id, leg_id, invited_at, operator_id, ref, e164, at, method, offset_ms, paired_at)
  values ('{tenant}', 'secretcall{n}', '1', '{at}', '{operator}', 'r:secretref{n}', '+49302312501{n}', '{at}', 'operator_ref', 0, '{at}');
insert into usage_day (tenant_id, day, operator_id, e164, target_id, direction, call_type, other_country, calls, answered, operator_calls, operator_ms,
                       platform_ms, awaiting_calls, awaiting_ms, pairs, difference_ms)
  values ('{tenant}', '2026-11-23', '{operator}', '+49302312501{n}', '', 'inbound', '', '', 1, 1, 1, 1000, 1000, 0, 0, 1, 0);
insert into quality_hour (tenant_id, hour, operator_id, direction, e164, country, other_country, shared, mismatch, calls, answered, effective, talk_ms,
                          good, poor, unclassified, pdd_n, pdd_ms, mos_n, mos_sum)
  values ('{tenant}', '2026-11-23T08:00:00Z', '{operator}', 'inbound', '+49302312501{n}', 'DE', 'FR', true, false, 200, 150, 180, 9000000, 140, 10, 50, 180, 234000, 300, 1290);
insert into quality_network_hour (tenant_id, hour, operator_id, direction, network_name, calls, good, poor, unclassified)
  values ('{tenant}', '2026-11-23T08:00:00Z', '{operator}', 'inbound', 'Secretnetwork{n}', 200, 140, 10, 50);
