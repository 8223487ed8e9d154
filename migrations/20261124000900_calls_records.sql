-- Call records and their streams, what arrives in batches, and the operators' feed of them.

-- Partitions by day beside those by month: what must leave after 28 days leaves by DROP.
alter table partitioned_table add column grain text not null default 'month'
  constraint partitioned_table_grain_ck check (grain in ('month', 'day'));
comment on column partitioned_table.grain is 'One partition per month or per day (UTC).';
alter table partitioned_table add column keep_days integer constraint partitioned_table_keep_days_ck check (keep_days between 1 and 400);
comment on column partitioned_table.keep_days is 'For tables by day: rows older than this leave. Null for tables by month.';

create or replace function ensure_partitions(around timestamptz) returns integer
language plpgsql security definer set search_path = public as $$
declare
  made integer := 0;
  parent record;
  starts timestamptz;
  child text;
begin
  for parent in select name, grain from partitioned_table order by name loop
    for starts in
      select generate_series(
        date_trunc(parent.grain, around, 'UTC') - ('1 ' || parent.grain)::interval,
        date_trunc(parent.grain, around, 'UTC') + ('2 ' || parent.grain)::interval,
        ('1 ' || parent.grain)::interval)
    loop
      child := format('%s_%s', parent.name, to_char(starts at time zone 'UTC', case parent.grain when 'day' then 'YYYYMMDD' else 'YYYYMM' end));
      if to_regclass(child) is null then
        execute format(
          'create table if not exists %I partition of %I for values from (%L) to (%L)',
          child, parent.name, starts, (starts at time zone 'UTC' + ('1 ' || parent.grain)::interval) at time zone 'UTC');
        made := made + 1;
      end if;
    end loop;
  end loop;
  return made;
end
$$;
comment on function ensure_partitions is
  'Makes the partitions from one month (or day) before to two after the given time; answers how many were made.';

create table call_batch (
  id uuid constraint call_batch_pk primary key,
  client_id text not null,
  format text not null constraint call_batch_format_ck
    check (format in ('concord', 'freeswitch_json_cdr', 'graph_pstn', 'graph_call_record', 'teams_pstn_csv', 'vq_rtcpxr')),
  state text not null constraint call_batch_state_ck check (state in ('received', 'processing', 'done')),
  received_at timestamptz not null,
  done_at timestamptz,
  bytes bigint not null,
  sha256 bytea not null,
  rows integer not null default 0,
  accepted integer not null default 0,
  replaced integer not null default 0,
  duplicate integer not null default 0,
  superseded integer not null default 0,
  rejected integer not null default 0,
  first_at timestamptz,
  last_at timestamptz,
  first_answered_at timestamptz,
  last_answered_at timestamptz
);
comment on table call_batch is 'Receipts of the platform''s call records. Of the platform alone.';
comment on column call_batch.first_at is 'Earliest invited_at of an accepted row.';
comment on column call_batch.first_answered_at is 'Earliest answered_at of an accepted row.';
alter table call_batch enable row level security;
alter table call_batch force row level security;
create policy job on call_batch to concord_job using (true) with check (true);
grant select, insert, update on call_batch to concord_job;

create table call_reject (
  batch_id uuid not null,
  row integer not null constraint call_reject_row_ck check (row >= 1),
  verdict text not null,
  field text,
  value text,
  fix text,
  key text,
  constraint call_reject_pk primary key (batch_id, row)
);
comment on table call_reject is 'Rows of a platform batch that were not taken as they are: rejected, duplicate, superseded. Accepted ones are call records.';
alter table call_reject enable row level security;
alter table call_reject force row level security;
create policy job on call_reject to concord_job using (true) with check (true);
grant select, insert on call_reject to concord_job;

create table call_record (
  tenant_id uuid not null constraint call_record_tenant_nil_ck check (tenant_id <> '00000000-0000-0000-0000-000000000000'),
  call_id text collate "C" not null constraint call_record_call_ck check (length(call_id) between 1 and 128),
  leg_id text collate "C" not null constraint call_record_leg_ck check (length(leg_id) between 1 and 64),
  invited_at timestamptz not null,
  id uuid not null,
  operator_id uuid not null constraint call_record_operator_nil_ck check (operator_id <> '00000000-0000-0000-0000-000000000000'),
  version integer not null constraint call_record_version_ck check (version >= 1),
  content bytea not null,
  completeness text not null constraint call_record_completeness_ck check (completeness in ('partial', 'final')),
  direction text not null constraint call_record_direction_ck check (direction in ('inbound', 'outbound')),
  e164 text collate "C" not null,
  caller text collate "C",
  callee text collate "C",
  caller_withheld boolean not null default false,
  country text not null,
  other_country text,
  target_id text,
  call_type text,
  sip_call_id text collate "C",
  correlation_id text,
  operator_ref text collate "C",
  ringing_at timestamptz,
  answered_at timestamptz,
  ended_at timestamptz,
  ring_ms bigint constraint call_record_ring_ck check (ring_ms >= 0),
  talk_ms bigint constraint call_record_talk_ck check (talk_ms >= 0),
  sip_code smallint,
  platform_subcode integer,
  sip_phrase text,
  q850_cause smallint,
  ended_by text constraint call_record_ended_by_ck check (ended_by in ('caller', 'callee', 'platform', 'operator')),
  codec text,
  network_name text,
  quality text not null constraint call_record_quality_ck check (quality in ('good', 'poor', 'unclassified')),
  signalling jsonb,
  tenant_mismatch boolean not null default false,
  withheld text constraint call_record_withheld_ck check (withheld in ('not_granted', 'suspended', 'withdrawn')),
  batch_id uuid not null,
  batch_row integer not null,
  received_at timestamptz not null,
  constraint call_record_pk primary key (tenant_id, call_id, leg_id, invited_at)
) partition by range (invited_at);
comment on table call_record is 'The platform''s record of one PSTN leg, newest version. Times UTC; talk_ms and ring_ms in milliseconds.';
comment on column call_record.id is 'Stands for the leg in addresses and feeds, the same over all versions; its time is invited_at.';
comment on column call_record.content is 'Digest of what was sent, to tell a duplicate from a conflict.';
comment on column call_record.e164 is 'The tenant''s number of this leg.';
comment on column call_record.country is 'ISO 3166 code of the tenant''s number: the gate that counts.';
comment on column call_record.other_country is 'ISO 3166 code of the outside party''s number, where it can be told.';
comment on column call_record.tenant_mismatch is 'Another tenant held the number then.';
comment on column call_record.withheld is 'The call ended while the gate was closed: never handed over to the operator.';
comment on column call_record.batch_row is 'Position in its batch; with the batch''s place in the feed it is the record''s position.';
create index call_record_time_ix on call_record (tenant_id, invited_at desc, id);
create index call_record_number_ix on call_record (tenant_id, e164, invited_at desc);
create index call_record_id_ix on call_record (tenant_id, id);
create index call_record_operator_ix on call_record (operator_id, invited_at desc, id);
create index call_record_feed_ix on call_record (operator_id, batch_id, batch_row);
create index call_record_sip_ix on call_record (tenant_id, sip_call_id) where sip_call_id is not null;
call protect('call_record', 'tenant_id', 'operator_id');
grant select on call_record to concord_app;
grant select, insert, update, delete on call_record to concord_job;

create table call_replaced (
  tenant_id uuid not null,
  call_id text collate "C" not null,
  leg_id text collate "C" not null,
  version integer not null,
  invited_at timestamptz not null,
  operator_id uuid not null,
  batch_id uuid not null,
  batch_row integer not null,
  talk_ms bigint,
  quality text not null,
  replaced_at timestamptz not null,
  constraint call_replaced_pk primary key (tenant_id, call_id, leg_id, version)
);
comment on table call_replaced is 'Older versions that a newer one took the place of: what was in which batch of the feed.';
create index call_replaced_feed_ix on call_replaced (operator_id, batch_id);
call protect('call_replaced', 'tenant_id', 'operator_id');
grant select on call_replaced to concord_app;
grant select, insert, delete on call_replaced to concord_job;

create table stream (
  tenant_id uuid not null,
  call_id text collate "C" not null,
  leg_id text collate "C" not null,
  invited_at timestamptz not null,
  n smallint not null constraint stream_n_ck check (n >= 1),
  operator_id uuid not null,
  direction text not null constraint stream_direction_ck check (direction in ('sent', 'received')),
  side text not null constraint stream_side_ck check (side in ('platform', 'operator')),
  packets bigint constraint stream_packets_ck check (packets >= 0),
  jitter_ms_avg double precision,
  jitter_ms_max double precision,
  loss_ratio_avg double precision,
  loss_ratio_max double precision,
  rtt_ms_avg double precision,
  rtt_ms_max double precision,
  concealed_ratio_avg double precision,
  r_factor double precision,
  mos double precision,
  mos_kind text,
  r_computed double precision,
  mos_computed double precision,
  codec text,
  quality text not null constraint stream_quality_ck check (quality in ('good', 'poor', 'unclassified')),
  intervals jsonb,
  constraint stream_pk primary key (tenant_id, call_id, leg_id, invited_at, n)
) partition by range (invited_at);
comment on table stream is 'Quality of one direction of a leg. Ratios 0..1, jitter and round trip in milliseconds.';
comment on column stream.side is 'Which leg was measured: the one to the platform''s client or the one to the operator.';
comment on column stream.mos_computed is 'E-model (ITU-T G.107, narrowband), kind lqe_g107_nb; never averaged with reported ones.';
call protect('stream', 'tenant_id', 'operator_id');
grant select on stream to concord_app;
grant select, insert, delete on stream to concord_job;

create table call_personal (
  tenant_id uuid not null,
  call_id text collate "C" not null,
  leg_id text collate "C" not null,
  invited_at timestamptz not null,
  client_ip text,
  client_os text,
  user_agent text,
  constraint call_personal_pk primary key (tenant_id, call_id, leg_id, invited_at)
) partition by range (invited_at);
comment on table call_personal is 'What may be kept for 28 days only.';
call protect('call_personal', 'tenant_id', null);
grant select on call_personal to concord_app;
grant select, insert, update, delete on call_personal to concord_job;

create table call_batch_part (
  operator_id uuid not null,
  batch_id uuid not null,
  rows integer not null,
  first_at timestamptz not null,
  last_at timestamptz not null,
  received_at timestamptz not null,
  seq bigint,
  sealed_at timestamptz,
  constraint call_batch_part_pk primary key (operator_id, batch_id)
);
comment on table call_batch_part is 'One operator''s part of a platform batch: a step of its feed. Null seq: not sealed yet.';
create unique index call_batch_part_seq_uq on call_batch_part (operator_id, seq) where seq is not null;
create index call_batch_part_waiting_ix on call_batch_part (received_at) where seq is null;
call protect('call_batch_part', null, 'operator_id');
grant select on call_batch_part to concord_app;
grant select, insert, update on call_batch_part to concord_job;

-- Who had a number at a time, whichever tenant it was.
create index holding_number_ix on holding (e164, held_from);

insert into partitioned_table (name, keep_months, grain, keep_days) values
  ('call_record', 13, 'month', null), ('stream', 13, 'month', null), ('call_personal', 1, 'day', 28);
select ensure_partitions(now());
