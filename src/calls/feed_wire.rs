//! Calls on the wire.
//!
//! **What an operator gets.** Its own legs with full numbers, times, codes and, where the class `quality` is granted, quality. Not the
//! tenant's person (`target_id`), not its network's name, and not what tells a device apart (address, system, program): DESIGN 4
//! gives an operator no personal columns, and row security holds them back (`call_personal`), although a platform's notice may
//! name connection data among what it shares.

use chrono::DateTime;
use chrono::Utc;
use serde::Serialize;
use serde::Serializer;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::emodel::MOS_KIND;
use super::queries_calls_feed::FeedLine;
use super::queries_calls_feed::StreamLine;
use crate::base::hidden_digits;
use crate::base::mask;
use crate::base::write_time;

/// Stands for one hidden digit.
const SIGN: char = '*';

/// RFC 3339 in UTC with milliseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Millis(pub DateTime<Utc>);

impl Serialize for Millis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write_time(&self.0, serializer)
    }
}

/// A call as either side sees it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct CallCore {
    /// Of the leg, the same over all versions of its record.
    id: Uuid,
    call_id: String,
    leg_id: String,
    version: i32,
    /// `partial` or `final`.
    completeness: String,
    tenant_id: Uuid,
    operator_id: Uuid,
    /// `inbound` or `outbound`, as the tenant sees it.
    direction: String,
    /// The tenant's number.
    e164: String,
    /// Null when withheld.
    caller: Option<String>,
    callee: Option<String>,
    caller_withheld: bool,
    /// ISO 3166-1 alpha-2, of the tenant's number.
    country: String,
    /// Of the other party's number, where it can be told.
    other_country: Option<String>,
    call_type: Option<String>,
    sip_call_id: Option<String>,
    correlation_id: Option<String>,
    operator_ref: Option<String>,
    #[schema(value_type = DateTime<Utc>)]
    invited_at: Millis,
    #[schema(value_type = Option<DateTime<Utc>>)]
    ringing_at: Option<Millis>,
    #[schema(value_type = Option<DateTime<Utc>>)]
    answered_at: Option<Millis>,
    #[schema(value_type = Option<DateTime<Utc>>)]
    ended_at: Option<Millis>,
    ring_ms: Option<i64>,
    talk_ms: Option<i64>,
    sip_code: Option<i16>,
    platform_subcode: Option<i32>,
    sip_phrase: Option<String>,
    q850_cause: Option<i16>,
    /// `caller`, `callee`, `platform` or `operator`.
    ended_by: Option<String>,
    /// `answered`, `no_answer`, `busy`, `rejected`, `cancelled`, `failed`, `cut_off` or `open`.
    outcome: String,
    codec: Option<String>,
    /// `good`, `poor` or `unclassified`; null where quality is not granted.
    quality: Option<String>,
    /// When the record was sealed into the operator's feed.
    #[schema(value_type = Option<DateTime<Utc>>)]
    processed_at: Option<Millis>,
}

/// A call as its operator sees it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct CallOut {
    #[serde(flatten)]
    core: CallCore,
    /// Another tenant had the number then.
    tenant_mismatch: bool,
}

/// A call as its tenant sees it, the other party's number masked by the rule of its country.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct TenantCallOut {
    #[serde(flatten)]
    core: CallCore,
    /// Person or account that called or was called.
    target_id: Option<String>,
    network_name: Option<String>,
}

/// One call with everything that was told of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct CallStory<T> {
    #[serde(flatten)]
    call: T,
    /// Who sent which message when.
    #[schema(value_type = Option<Vec<super::record::SignalInput>>)]
    signalling: Option<Value>,
    /// Null where quality is not granted.
    streams: Option<Vec<StreamOut>>,
}

/// Quality of one direction. Ratios 0 to 1, times in milliseconds.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct StreamOut {
    /// `sent` or `received`.
    direction: String,
    /// `platform` or `operator`: towards whom it was measured.
    leg: String,
    packets: Option<i64>,
    jitter_ms_avg: Option<f64>,
    jitter_ms_max: Option<f64>,
    loss_ratio_avg: Option<f64>,
    loss_ratio_max: Option<f64>,
    rtt_ms_avg: Option<f64>,
    rtt_ms_max: Option<f64>,
    concealed_ratio_avg: Option<f64>,
    /// As reported, like `mos` with its kind.
    r_factor: Option<f64>,
    mos: Option<f64>,
    mos_kind: Option<String>,
    /// By the E-model (ITU-T G.107, narrowband), where no `r_factor` is reported.
    r_computed: Option<f64>,
    mos_computed: Option<f64>,
    /// `lqe_g107_nb`; null without `mos_computed`.
    mos_computed_kind: Option<&'static str>,
    codec: Option<String>,
    /// `good`, `poor` or `unclassified`.
    quality: String,
    #[schema(value_type = Option<Vec<super::record::IntervalInput>>)]
    intervals: Option<Value>,
}

impl CallCore {
    fn of(line: &FeedLine, with_quality: bool) -> Self {
        Self {
            id: line.id,
            call_id: line.call_id.clone(),
            leg_id: line.leg_id.clone(),
            version: line.version,
            completeness: line.completeness.clone(),
            tenant_id: line.tenant_id,
            operator_id: line.operator_id,
            direction: line.direction.clone(),
            e164: line.e164.clone(),
            caller: line.caller.clone(),
            callee: line.callee.clone(),
            caller_withheld: line.caller_withheld,
            country: line.country.clone(),
            other_country: line.other_country.clone(),
            call_type: line.call_type.clone(),
            sip_call_id: line.sip_call_id.clone(),
            correlation_id: line.correlation_id.clone(),
            operator_ref: line.operator_ref.clone(),
            invited_at: Millis(line.invited_at),
            ringing_at: line.ringing_at.map(Millis),
            answered_at: line.answered_at.map(Millis),
            ended_at: line.ended_at.map(Millis),
            ring_ms: line.ring_ms,
            talk_ms: line.talk_ms,
            sip_code: line.sip_code,
            platform_subcode: line.platform_subcode,
            sip_phrase: line.sip_phrase.clone(),
            q850_cause: line.q850_cause,
            ended_by: line.ended_by.clone(),
            outcome: line.outcome.clone(),
            codec: line.codec.clone(),
            quality: with_quality.then(|| line.quality.clone()),
            processed_at: line.processed_at.map(Millis),
        }
    }
}

impl CallOut {
    pub const COLUMNS: [&'static str; 33] = [
        "id",
        "call_id",
        "leg_id",
        "version",
        "completeness",
        "tenant_id",
        "direction",
        "e164",
        "caller",
        "callee",
        "caller_withheld",
        "country",
        "other_country",
        "call_type",
        "sip_call_id",
        "correlation_id",
        "operator_ref",
        "invited_at",
        "ringing_at",
        "answered_at",
        "ended_at",
        "ring_ms",
        "talk_ms",
        "sip_code",
        "platform_subcode",
        "sip_phrase",
        "q850_cause",
        "ended_by",
        "outcome",
        "codec",
        "quality",
        "processed_at",
        "tenant_mismatch",
    ];

    pub fn of(line: &FeedLine, with_quality: bool) -> Self {
        Self { core: CallCore::of(line, with_quality), tenant_mismatch: line.tenant_mismatch }
    }
}

impl TenantCallOut {
    pub const COLUMNS: [&'static str; 32] = [
        "id",
        "call_id",
        "leg_id",
        "version",
        "completeness",
        "operator_id",
        "direction",
        "e164",
        "target_id",
        "caller",
        "callee",
        "caller_withheld",
        "country",
        "other_country",
        "call_type",
        "sip_call_id",
        "correlation_id",
        "invited_at",
        "ringing_at",
        "answered_at",
        "ended_at",
        "ring_ms",
        "talk_ms",
        "sip_code",
        "platform_subcode",
        "sip_phrase",
        "q850_cause",
        "ended_by",
        "outcome",
        "codec",
        "quality",
        "network_name",
    ];

    /// Masked for a tenant of this country.
    pub fn of(line: &FeedLine, country: &str) -> Self {
        let hidden = hidden_digits(country);
        let mut core = CallCore::of(line, true);
        let other = if line.direction == "inbound" { &mut core.caller } else { &mut core.callee };
        *other = other.as_deref().map(|number| mask(number, hidden, SIGN));
        Self { core, target_id: line.target_id.clone(), network_name: line.network_name.clone() }
    }
}

impl<T> CallStory<T> {
    pub fn of(call: T, line: FeedLine, streams: Option<Vec<StreamLine>>) -> Self {
        let streams = streams.map(|streams| streams.into_iter().map(StreamOut::from).collect());
        Self { call, signalling: line.signalling, streams }
    }
}

impl From<StreamLine> for StreamOut {
    fn from(stream: StreamLine) -> Self {
        Self {
            direction: stream.direction,
            leg: stream.side,
            packets: stream.packets,
            jitter_ms_avg: stream.jitter_ms_avg,
            jitter_ms_max: stream.jitter_ms_max,
            loss_ratio_avg: stream.loss_ratio_avg,
            loss_ratio_max: stream.loss_ratio_max,
            rtt_ms_avg: stream.rtt_ms_avg,
            rtt_ms_max: stream.rtt_ms_max,
            concealed_ratio_avg: stream.concealed_ratio_avg,
            r_factor: stream.r_factor,
            mos: stream.mos,
            mos_kind: stream.mos_kind,
            r_computed: stream.r_computed,
            mos_computed_kind: stream.mos_computed.map(|_| MOS_KIND),
            mos_computed: stream.mos_computed,
            codec: stream.codec,
            quality: stream.quality,
            intervals: stream.intervals,
        }
    }
}
