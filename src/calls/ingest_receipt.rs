//! What the platform is told of a batch of call records.

use chrono::DateTime;
use chrono::Utc;
use serde::Serialize;
use utoipa::ToSchema;

use crate::base::BatchId;
use crate::base::write_time;

/// What became of a batch. `rows` = `accepted` + `duplicate` + `superseded` + `rejected`; `replaced` counts the older versions that
/// accepted rows took the place of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Receipt {
    #[schema(value_type = uuid::Uuid)]
    pub id: BatchId,
    /// `done`.
    pub state: String,
    pub rows: i32,
    pub accepted: i32,
    pub replaced: i32,
    pub duplicate: i32,
    pub superseded: i32,
    pub rejected: i32,
    /// SHA-256 of the body, decompressed, in lower-case hex.
    pub sha256: String,
    /// Earliest `invited_at` of an accepted row.
    #[serde(rename = "first_invited_at", serialize_with = "write_time")]
    pub first_at: Option<DateTime<Utc>>,
    /// Latest `invited_at` of an accepted row.
    #[serde(rename = "last_invited_at", serialize_with = "write_time")]
    pub last_at: Option<DateTime<Utc>>,
    /// Earliest `answered_at` of an accepted row.
    #[serde(serialize_with = "write_time")]
    pub first_answered_at: Option<DateTime<Utc>>,
    /// Latest `answered_at` of an accepted row.
    #[serde(serialize_with = "write_time")]
    pub last_answered_at: Option<DateTime<Utc>>,
}

/// What became of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct BatchRow {
    /// Its line, from 1.
    pub row: i32,
    pub verdict: String,
    /// What is wrong; null for a row that was accepted.
    pub field: Option<String>,
    pub value: Option<String>,
    /// How to mend it.
    pub fix: Option<String>,
    /// `tenant_id/call_id/leg_id/invited_at`, where it can be read.
    pub key: Option<String>,
}
