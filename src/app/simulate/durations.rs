//! An operator that counts: it reads the feed of its calls and hands in the durations of the answered ones a little later, now
//! and then with a second too much.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::Context as _;
use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::Simulator;
use super::client::ApiClient;
use crate::app::traffic::Carrier;
use crate::app::traffic::Counted;
use crate::app::traffic::DurationRow;
use crate::app::traffic::line_of;
use crate::app::traffic::mix;

/// It looks so often.
const EVERY: Duration = Duration::from_secs(15);
/// Calls that reached the feed in so long before its start are counted too; the seed leaves them to it.
pub const LOOKS_BACK: TimeDelta = TimeDelta::minutes(30);
/// A call is counted so many seconds after its end, and up to twice as much more.
const LATE_S: u64 = 60;
/// Of so many calls one has a second too much.
const WRONG_ONE_IN: u64 = 25;
/// Calls whose id begins so are left to whoever made them: the README's tour hands in their durations by hand.
const LEFT_ALONE: &str = "tour-";
/// Records asked for at once.
const PAGE: u32 = 500;

/// One counting operator.
pub struct Counting {
    simulator: Simulator,
    operator: String,
    carrier: Carrier,
    api: ApiClient,
    since: DateTime<Utc>,
    cursor: Option<String>,
    /// Whether a customer gave leave for durations, as the operator was told.
    leave: HashMap<String, bool>,
    /// Counted, with the time to hand it in.
    waiting: Vec<(DateTime<Utc>, DurationRow)>,
}

impl Counting {
    /// An operator of the demo, by its short name.
    ///
    /// # Errors
    /// When it has no API client or is none of the plan's, or there is no HTTP client on this machine.
    pub fn new(simulator: Simulator, operator: &str) -> anyhow::Result<Self> {
        let carrier = Carrier::of(operator).with_context(|| format!("nobody knows how {operator} counts"))?;
        let api = simulator.client_of(operator, Duration::from_mins(1))?;
        Ok(Self {
            since: simulator.env.now() - LOOKS_BACK,
            simulator,
            operator: operator.to_owned(),
            carrier,
            api,
            cursor: None,
            leave: HashMap::new(),
            waiting: Vec::new(),
        })
    }

    /// Counts until stopped. What fails is tried again.
    pub async fn run(mut self, stop: CancellationToken) {
        loop {
            let counted = tokio::select! {
                () = stop.cancelled() => return,
                counted = self.once() => counted,
            };
            if let Err(error) = counted {
                tracing::debug!(operator = self.operator, error = %format!("{error:#}"), "counting failed");
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }

    /// Reads what is new, hands in what is due.
    async fn once(&mut self) -> anyhow::Result<()> {
        self.told().await?;
        loop {
            let place = match &self.cursor {
                Some(cursor) => format!("&cursor={cursor}"),
                None => format!("&from={}", self.since.format("%Y-%m-%dT%H:%M:%S%.3fZ")),
            };
            let page = self.api.get(&format!("/calls?basis=processed&limit={PAGE}{place}")).await?;
            for record in page["data"].as_array().into_iter().flatten() {
                self.count(record);
            }
            self.cursor = page["next_cursor"].as_str().map(str::to_owned).or(self.cursor.take());
            if page["has_more"] != true {
                break;
            }
        }
        self.hand_in().await
    }

    /// Who gave leave for durations.
    async fn told(&mut self) -> anyhow::Result<()> {
        let page = self.api.get("/tenants?limit=1000").await?;
        for tenant in page["data"].as_array().into_iter().flatten() {
            let consent = &tenant["consent"];
            let named = consent["data_classes"].as_array().is_some_and(|all| all.iter().any(|class| class == "durations"));
            let id = tenant["id"].as_str().unwrap_or_default().to_owned();
            self.leave.insert(id, named && consent["status"] == "active");
        }
        Ok(())
    }

    fn count(&mut self, record: &Value) {
        let leave = record["tenant_id"].as_str().and_then(|id| self.leave.get(id)).copied().unwrap_or(false);
        if !leave || record["completeness"] != "final" {
            return;
        }
        if let Some(counted) = counted(record).filter(|call| !call.call_id.starts_with(LEFT_ALONE)) {
            let seed = self.simulator.demo.seed;
            let chance = mix(seed, counted.call_id);
            let mut row = self.carrier.row(seed, &counted);
            if chance.is_multiple_of(WRONG_ONE_IN) {
                row.duration_s += 1.0;
            }
            let late = TimeDelta::seconds(i64::try_from(LATE_S + chance % (2 * LATE_S)).unwrap_or(60));
            self.waiting.push((counted.answered_at + TimeDelta::milliseconds(counted.talk_ms) + late, row));
        }
    }

    async fn hand_in(&mut self) -> anyhow::Result<()> {
        let now = self.simulator.env.now();
        let due: Vec<String> = self.waiting.iter().filter(|(at, _)| *at <= now).map(|(_, row)| line_of(row)).collect();
        if due.is_empty() {
            return Ok(());
        }
        let receipt = self.api.post_lines("/duration-batches", due.join("\n")).await?;
        self.waiting.retain(|(at, _)| *at > now);
        tracing::debug!(operator = self.operator, rows = due.len(), id = receipt["id"].as_str(), "durations handed in");
        Ok(())
    }
}

/// The facts of an answered call in a record of the feed.
fn counted(record: &Value) -> Option<Counted<'_>> {
    let inbound = record["direction"] == "inbound";
    Some(Counted {
        call_id: record["call_id"].as_str()?,
        leg_id: record["leg_id"].as_str().unwrap_or("1"),
        sip_call_id: record["sip_call_id"].as_str(),
        operator_ref: record["operator_ref"].as_str(),
        e164: record["e164"].as_str()?,
        other_party: record[if inbound { "caller" } else { "callee" }].as_str(),
        withheld: record["caller_withheld"] == true,
        inbound,
        answered_at: record["answered_at"].as_str()?.parse().ok()?,
        talk_ms: record["talk_ms"].as_i64()?,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_record_of_the_feed_is_counted_as_the_seed_counts() {
        let record = json!({
            "call_id": "c-1", "leg_id": "1", "direction": "inbound", "e164": "+442079460001", "caller": "+13125550100",
            "caller_withheld": false, "sip_call_id": "x@sbc1", "answered_at": "2026-11-23T14:05:09.120Z", "talk_ms": 61_200,
        });
        let call = counted(&record).expect("answered");
        let row = Carrier::Albion.row(1, &call);
        assert!((row.duration_s - 62.0).abs() < 1e-9, "whole seconds, rounded up: {row:?}");
        assert_eq!((row.rounding_increment_s, row.other_party.as_deref()), (Some(1), Some("+13125550100")));
        assert_eq!(row, Carrier::Albion.row(1, &call), "the same row whenever it is made");
        let unanswered = json!({ "call_id": "c-2", "direction": "inbound", "e164": "+442079460001", "answered_at": null });
        assert!(counted(&unanswered).is_none());
    }
}
