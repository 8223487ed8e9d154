//! A call record as it is sent: the own format of `POST /platform/call-records`, one object a line (API.md 3).

use chrono::DateTime;
use chrono::Utc;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { #[default] $(#[doc = concat!("`", $text, "`")] $variant),+ }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in tables and on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// Reads the word.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }

            /// The words, for refusals: `inbound, outbound`.
            #[must_use]
            pub fn listed() -> String {
                Self::ALL.iter().map(|word| word.as_str()).collect::<Vec<_>>().join(", ")
            }
        }
    };
}

words! {
    /// Whether the platform has said its last word on a leg.
    Completeness { Final = "final", Partial = "partial" }
}

words! {
    /// Which way a call goes, seen from the tenant.
    CallDirection { Inbound = "inbound", Outbound = "outbound" }
}

words! {
    /// Who ended a call.
    EndedBy { Caller = "caller", Callee = "callee", Platform = "platform", Operator = "operator" }
}

words! {
    /// One of the two parties of a leg.
    LegSide { Platform = "platform", Operator = "operator" }
}

words! {
    /// Which way a stream goes, seen from who measured it.
    StreamDirection { Sent = "sent", Received = "received" }
}

/// One PSTN leg of a call. Forwards and transfers make several. Times are RFC 3339 with any offset and count to the millisecond.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallInput {
    pub tenant_id: Uuid,
    pub operator_id: Uuid,
    /// 1 to 128 signs.
    pub call_id: String,
    /// 1 to 64 signs; `1` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leg_id: Option<String>,
    /// From 1 on; a higher one replaces. 1 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i32>,
    /// `final` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completeness: Option<Completeness>,
    pub direction: CallDirection,
    /// The tenant's number.
    pub e164: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callee: Option<String>,
    /// The caller asked not to be shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller_withheld: Option<bool>,
    /// Person or account of the tenant that called or was called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sip_call_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<String>,
    /// The operator's own id of the leg, where it sent one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_ref: Option<String>,
    pub invited_at: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ringing_at: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<DateTime<Utc>>,
    /// From ringing to answer or end; follows from the times when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ring_ms: Option<i64>,
    /// From answer to end; follows from the times when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub talk_ms: Option<i64>,
    /// Final SIP status, 100 to 699.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sip_code: Option<i16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform_subcode: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sip_phrase: Option<String>,
    /// ITU-T Q.850, 0 to 127.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q850_cause: Option<i16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<EndedBy>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codec: Option<String>,
    /// Kept for 28 days and never given to operators, like the next two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_ip: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_os: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network_name: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub streams: Vec<StreamInput>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signalling: Vec<SignalInput>,
}

/// Quality of one direction of a leg. Ratios 0 to 1, times in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StreamInput {
    pub direction: StreamDirection,
    /// Whether it was measured towards the platform's client or towards the operator.
    pub leg: LegSide,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packets: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter_ms_avg: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter_ms_max: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss_ratio_avg: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss_ratio_max: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rtt_ms_avg: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rtt_ms_max: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concealed_ratio_avg: Option<f64>,
    /// As reported, 0 to 130.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub r_factor: Option<f64>,
    /// As reported, 1 to 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mos: Option<f64>,
    /// What kind of MOS (ITU-T P.800.1), for example `lqe` or `cqe`; `unspecified` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mos_kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codec: Option<String>,
    /// Quality every few seconds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub intervals: Vec<IntervalInput>,
}

/// Quality of a few seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IntervalInput {
    pub at: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter_ms: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loss_ratio: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rtt_ms: Option<f64>,
}

/// Who sent which message when.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignalInput {
    pub at: DateTime<Utc>,
    pub side: LegSide,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phrase: Option<String>,
}

/// The formats call records come in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CallFormat {
    /// The own format, NDJSON.
    #[default]
    Concord,
}

impl CallFormat {
    /// The word in tables and in `?format=`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Concord => "concord",
        }
    }

    /// Reads `?format=`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        (text == "concord").then_some(Self::Concord)
    }
}
