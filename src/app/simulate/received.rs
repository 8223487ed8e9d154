//! What arrived, for people who look: counts per operator and the last thousand messages.

use std::collections::BTreeMap;
use std::collections::VecDeque;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use chrono::DateTime;
use chrono::Utc;
use serde::Serialize;
use serde_json::Value;

use super::Simulator;

/// Messages kept.
const KEPT: usize = 1_000;

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// 204.
    Taken,
    /// 204, late.
    TakenSlowly,
    /// 200 with the challenge.
    Verified,
    /// 500, by chance.
    Failed,
    /// 503: a number that this operator is never ready for.
    Busy,
    /// 401: no signature fits.
    Refused,
    /// 400: no webhook.
    Malformed,
    /// Read from the feed and acknowledged.
    Pulled,
}

/// One message.
#[derive(Clone, Debug, Serialize)]
pub struct Message {
    pub at: DateTime<Utc>,
    pub operator: String,
    pub outcome: Outcome,
    /// Why it was not taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub id: Option<String>,
    #[serde(rename = "type")]
    pub kind: Option<String>,
    pub seq: Option<i64>,
    pub number_seq: Option<i64>,
    pub e164: Option<String>,
    /// The message was taken before, under the same id.
    pub again: bool,
}

impl Message {
    /// Notes what a body says of itself.
    pub fn of(at: DateTime<Utc>, operator: &str, outcome: Outcome, body: &Value) -> Self {
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Self {
            at,
            operator: operator.to_owned(),
            outcome,
            reason: None,
            id: text(&body["id"]),
            kind: text(&body["type"]),
            seq: body["seq"].as_i64(),
            number_seq: body["number_seq"].as_i64(),
            e164: text(&body["data"]["e164"]),
            again: false,
        }
    }
}

/// Counts since the start.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Counts {
    pub taken: u64,
    pub again: u64,
    pub failed: u64,
    pub busy: u64,
    pub refused: u64,
    pub verified: u64,
    /// Position up to which a pulling operator acknowledged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<i64>,
}

/// Everything that arrived since the start.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Received {
    pub operators: BTreeMap<String, Counts>,
    /// Newest first.
    pub messages: VecDeque<Message>,
}

impl Received {
    /// Counts and keeps a message.
    pub fn note(&mut self, mut message: Message) {
        let takes = |outcome| matches!(outcome, Outcome::Taken | Outcome::TakenSlowly | Outcome::Pulled);
        message.again = takes(message.outcome)
            && message.id.is_some()
            && self.messages.iter().any(|m| takes(m.outcome) && m.id == message.id && m.operator == message.operator);
        let counts = self.operators.entry(message.operator.clone()).or_default();
        counts.again += u64::from(message.again);
        match message.outcome {
            Outcome::Taken | Outcome::TakenSlowly | Outcome::Pulled => counts.taken += 1,
            Outcome::Verified => counts.verified += 1,
            Outcome::Failed => counts.failed += 1,
            Outcome::Busy => counts.busy += 1,
            Outcome::Refused | Outcome::Malformed => counts.refused += 1,
        }
        self.messages.push_front(message);
        self.messages.truncate(KEPT);
    }

    /// Notes how far a pulling operator is.
    pub fn acknowledged(&mut self, operator: &str, seq: i64) {
        self.operators.entry(operator.to_owned()).or_default().acknowledged = Some(seq);
    }
}

/// `GET /received`.
pub async fn show(State(simulator): State<Simulator>) -> impl IntoResponse {
    let received = simulator.received().clone();
    Json(received)
}
