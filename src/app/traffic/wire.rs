//! Rows of the public wire formats (call record, duration row), as a feeder or a carrier writes them.

use chrono::DateTime;
use chrono::Utc;
use serde::Serialize;
use uuid::Uuid;

/// A call record in the own format.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CallRow {
    pub call_id: String,
    pub leg_id: &'static str,
    pub version: u32,
    /// `partial` or `final`.
    pub completeness: &'static str,
    pub tenant_id: Uuid,
    pub operator_id: Uuid,
    /// `inbound` or `outbound`.
    pub direction: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callee: Option<String>,
    pub caller_withheld: bool,
    pub e164: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_id: Option<String>,
    pub call_type: &'static str,
    pub sip_call_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operator_ref: Option<String>,
    pub invited_at: DateTime<Utc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ringing_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ring_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub talk_ms: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sip_code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform_subcode: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sip_phrase: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub q850_cause: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codec: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_ip: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_os: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_name: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub streams: Vec<StreamRow>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub signalling: Vec<SignalRow>,
}

/// Quality of one direction of a call.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct StreamRow {
    /// `sent` or `received`.
    pub direction: &'static str,
    /// `platform` or `operator`.
    pub leg: &'static str,
    pub packets: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jitter_ms_avg: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jitter_ms_max: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss_ratio_avg: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss_ratio_max: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rtt_ms_avg: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rtt_ms_max: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub concealed_ratio_avg: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r_factor: Option<f64>,
    pub codec: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub intervals: Vec<IntervalRow>,
}

/// Quality of a few seconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IntervalRow {
    pub at: DateTime<Utc>,
    pub jitter_ms: f64,
    pub loss_ratio: f64,
    pub rtt_ms: f64,
}

/// Who sent which message when.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SignalRow {
    pub at: DateTime<Utc>,
    /// `platform` or `operator`.
    pub side: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phrase: Option<&'static str>,
}

/// A duration row in the own format.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DurationRow {
    pub operator_ref: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sip_call_id: Option<String>,
    pub e164: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other_party: Option<String>,
    pub direction: &'static str,
    pub answered_at: DateTime<Utc>,
    /// Seconds, up to three decimals.
    pub duration_s: f64,
    #[serde(skip_serializing_if = "is_false")]
    pub duration_includes_ring: bool,
    #[serde(skip_serializing_if = "is_false")]
    pub other_party_withheld: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rounding_initial_s: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rounding_increment_s: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measured_at: Option<&'static str>,
    pub q850_cause: u16,
    pub version: u32,
    #[serde(skip_serializing_if = "is_false")]
    pub withdrawn: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(value: &bool) -> bool {
    !*value
}

/// One line of NDJSON, without its end.
///
/// # Panics
/// Never: these rows hold nothing that JSON cannot say.
pub fn line_of<T: Serialize>(row: &T) -> String {
    serde_json::to_string(row).expect("rows of numbers, texts and times are JSON")
}
