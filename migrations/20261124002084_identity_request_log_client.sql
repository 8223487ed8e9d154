-- The portal shows the calls of one client, newest first, and of these the refused ones alone.
create index request_log_client_ix on request_log (org_id, client_id, at, id);
create index request_log_refused_ix on request_log (org_id, client_id, at, id) where status >= 400;
