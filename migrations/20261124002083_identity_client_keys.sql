-- An API client can prove who it is by its own key (`private_key_jwt`, RFC 7523) instead of a secret, or beside it.

alter table api_client alter column secret_hash drop not null;
comment on column api_client.secret_hash is 'SHA-256 of a random secret of 32 bytes; null for a client that has keys only.';

create table api_client_key (
  client_id text not null,
  id text not null,
  algorithm text not null constraint api_client_key_algorithm_ck check (algorithm in ('ES256', 'EdDSA', 'RS256')),
  jwk text not null,
  created_at timestamptz not null,
  last_used_at timestamptz,
  constraint api_client_key_pk primary key (client_id, id)
);
alter table api_client_key add constraint api_client_key_client_fk foreign key (client_id) references api_client (id);
comment on table api_client_key is 'Public keys of API clients. `id` is the SHA-256 thumbprint of RFC 7638, `jwk` the canonical text that it hashes.';

create table client_assertion (
  client_id text not null,
  jti_hash bytea not null,
  expires_at timestamptz not null,
  constraint client_assertion_pk primary key (client_id, jti_hash)
);
alter table client_assertion add constraint client_assertion_client_fk foreign key (client_id) references api_client (id);
create index client_assertion_expiry_ix on client_assertion (expires_at);
comment on table client_assertion is 'Assertions that were used, by the SHA-256 of their `jti`, until none of that `jti` is good any more.';

grant select, insert, update, delete on api_client_key to concord_app, concord_job;
grant select, insert, delete on client_assertion to concord_app, concord_job;
