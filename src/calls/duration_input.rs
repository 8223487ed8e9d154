//! A duration row as it goes over the wire.

use chrono::DateTime;
use chrono::Utc;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// One call's duration as its operator counted it: an object of NDJSON or of the array, or the columns of a CSV file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DurationInput {
    /// The operator's own reference of the call, up to 128 signs; needed unless there is a `sip_call_id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator_ref: Option<String>,
    /// Up to 255 signs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sip_call_id: Option<String>,
    /// The operator's number, with `+`.
    pub e164: String,
    /// The outside party's number, up to 64 signs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_party: Option<String>,
    /// `inbound` or `outbound`, seen from the customer.
    pub direction: String,
    /// Needed for answered calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<DateTime<Utc>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setup_at: Option<DateTime<Utc>>,
    /// Seconds, up to 3 places.
    pub duration_s: f64,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub duration_includes_ring: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub other_party_withheld: bool,
    /// 0: not rounded.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rounding_initial_s: i32,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rounding_increment_s: i32,
    /// `up` (default), `nearest` or `down`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rounding_mode: Option<String>,
    /// `ingress` or `egress`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured_at: Option<String>,
    /// 0 to 127.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q850_cause: Option<i16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billing_ref: Option<String>,
    /// From 1; a higher one takes the place of a lower one with the same key.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub version: i32,
    /// With a higher version: takes the row back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withdrawn: bool,
    /// NDJSON and JSON only: `[{at, side, method, code, phrase}]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signalling: Option<Value>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_zero(n: &i32) -> bool {
    *n == 0
}

const fn first() -> i32 {
    1
}

/// 0 is what `Default` gives: not said.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_first(n: &i32) -> bool {
    *n <= 1
}
