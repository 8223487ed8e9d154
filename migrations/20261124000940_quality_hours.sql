-- Quality by hour.
create function counts_as_effective(answered boolean, rang boolean, sip_code smallint) returns boolean
language sql immutable parallel safe as $$
  select answered or coalesce(sip_code in (486, 600, 603, 607, 608) or (rang and sip_code in (408, 480, 487)), false)
$$;
comment on function counts_as_effective is
  'NER (ITU-T E.425): answered, busy, refused, or not answered after it rang. The same as the pure function of calls.';

create table quality_hour (
  tenant_id uuid not null,
  hour timestamptz not null,
  operator_id uuid not null,
  direction text not null constraint quality_hour_direction_ck check (direction in ('inbound', 'outbound')),
  e164 text collate "C" not null,
  country text not null,
  other_country text not null,
  shared boolean not null,
  mismatch boolean not null,
  calls bigint not null,
  answered bigint not null,
  effective bigint not null,
  talk_ms bigint not null,
  good bigint not null,
  poor bigint not null,
  unclassified bigint not null,
  pdd_n bigint not null,
  pdd_ms bigint not null,
  mos_n bigint not null,
  mos_sum double precision not null,
  constraint quality_hour_pk primary key (tenant_id, hour, operator_id, direction, e164, country, other_country, shared, mismatch)
);
comment on table quality_hour is 'Counts by hour (UTC) of ended_at; a call that has not ended stands nowhere. Empty text: not known.';
comment on column quality_hour.country is 'ISO 3166 code of the tenant''s number: the gate that counts.';
comment on column quality_hour.other_country is 'ISO 3166 code of the outside party''s number.';
comment on column quality_hour.shared is 'The calls ended while the gate for quality was open. Of others the operator is shown nothing, also later.';
comment on column quality_hour.mismatch is 'Another tenant held the number then: the operator''s calls, and shown to no tenant.';
comment on column quality_hour.effective is 'Counted as effective by NER (ITU-T E.425).';
comment on column quality_hour.talk_ms is 'Talk of the answered calls, milliseconds.';
comment on column quality_hour.pdd_ms is 'Sum of ringing_at - invited_at over the pdd_n calls that rang, milliseconds.';
comment on column quality_hour.mos_sum is 'Sum of mos_computed (lqe_g107_nb) over mos_n streams.';
create index quality_hour_operator_ix on quality_hour (operator_id, hour) where shared;
call protect('quality_hour', 'tenant_id', 'operator_id');
grant select on quality_hour to concord_app;
grant select, insert, update, delete on quality_hour to concord_job;

-- Networks are where the tenant's people sit: a table of its own, without an axis for operators, so that none ever sees one.
create table quality_network_hour (
  tenant_id uuid not null,
  hour timestamptz not null,
  operator_id uuid not null,
  direction text not null constraint quality_network_hour_direction_ck check (direction in ('inbound', 'outbound')),
  network_name text not null,
  calls bigint not null,
  good bigint not null,
  poor bigint not null,
  unclassified bigint not null,
  constraint quality_network_hour_pk primary key (tenant_id, hour, operator_id, direction, network_name)
);
comment on table quality_network_hour is 'Counts by hour (UTC) of ended_at and the tenant''s network. Empty text: not known.';
call protect('quality_network_hour', 'tenant_id', null);
grant select on quality_network_hour to concord_app;
grant select, insert, update, delete on quality_network_hour to concord_job;

-- A day of quality is a day of ended_at, but call records are found by invited_at: 24 hours back, and longer calls by this.
create index call_record_long_ix on call_record (tenant_id, ended_at) where ended_at - invited_at > interval '24 hours';
