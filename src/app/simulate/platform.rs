//! The platform beside the simulated operators: it sends the records of a few calls every minute, as its feeder would.

use std::time::Duration;

use anyhow::Context as _;
use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use rand::Rng;
use rand_chacha::ChaCha20Rng;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::client::ApiClient;
use crate::app::demo::DemoFile;
use crate::app::traffic::CallRow;
use crate::app::traffic::Carrier;
use crate::app::traffic::Line;
use crate::app::traffic::LineKind;
use crate::app::traffic::Moment;
use crate::app::traffic::Network;
use crate::app::traffic::Outside;
use crate::app::traffic::call;
use crate::app::traffic::line_of;
use crate::base::Env;

/// Milliseconds between two calls' ends: about six a minute.
const PAUSE_MS: std::ops::Range<u64> = 5_000..15_000;
/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(30);

/// Feeds calls until stopped.
///
/// # Errors
/// When the file names no client of the platform, or there is no HTTP client on this machine.
pub async fn feed(env: Env, demo: DemoFile, stop: CancellationToken) -> anyhow::Result<()> {
    let client = demo.api_clients.iter().find(|client| client.org_kind == "platform").context("the platform has no API client")?;
    let mut api = ApiClient::new(env.clone(), &demo.base_url, client, LIMIT)?;
    // Not from the demo's seed: a second start must not tell the first one's calls again.
    let mut rng = env.rng();
    let mut lines = Vec::new();
    loop {
        let pause = Duration::from_millis(rng.gen_range(PAUSE_MS));
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(pause) => {}
        }
        if lines.is_empty() {
            lines = found(&env, &demo).await.unwrap_or_default();
        }
        let Some(row) = ended_now(&mut rng, &lines, env.now()) else {
            continue;
        };
        if let Err(error) = api.post_lines("/platform/call-records", line_of(&row)).await {
            tracing::debug!(error = %format!("{error:#}"), "a call record was not taken");
        }
    }
}

/// A call that has just ended.
fn ended_now(rng: &mut ChaCha20Rng, lines: &[Line], now: DateTime<Utc>) -> Option<CallRow> {
    let line = lines.get(rng.gen_range(0..lines.len().max(1)))?;
    let outside = Outside::new(lines.iter().map(|line| line.e164.clone()));
    // Told twice with the same chance: the first time to learn how long it takes.
    let now = DateTime::from_timestamp_millis(now.timestamp_millis())?;
    let tell = |rng: &mut ChaCha20Rng, invited_at| call(rng, &outside, &Moment { line, invited_at, bad_network: false });
    let first = tell(&mut rng.clone(), now);
    let took = first.ended_at? - first.invited_at;
    Some(tell(rng, now - took - TimeDelta::seconds(1)))
}

/// The assigned numbers of all tenants, asked for as their own automation would.
async fn found(env: &Env, demo: &DemoFile) -> anyhow::Result<Vec<Line>> {
    let mut lines = Vec::new();
    for client in demo.api_clients.iter().filter(|client| client.org_kind == "tenant") {
        let mut api = ApiClient::new(env.clone(), &demo.base_url, client, LIMIT)?;
        let page = api.get("/tenant/numbers?state=assigned&limit=1000").await?;
        let numbers = page["data"].as_array().map_or(&[][..], Vec::as_slice);
        lines.extend(numbers.iter().filter_map(|number| line(demo, client.org_id, number)));
    }
    Ok(lines)
}

fn line(demo: &DemoFile, tenant_id: Uuid, number: &Value) -> Option<Line> {
    let operator_id: Uuid = number["operator_id"].as_str()?.parse().ok()?;
    let slug = &demo.operators.iter().find(|operator| operator.id == operator_id)?.slug;
    let assignment = &number["assignment"];
    let kind = match assignment["target_kind"].as_str()? {
        "resource_account" => LineKind::Queue,
        "conference_bridge" => LineKind::Conference,
        _ => LineKind::User,
    };
    Some(Line {
        tenant_id,
        operator_id,
        carrier: Carrier::of(slug)?,
        e164: number["e164"].as_str()?.to_owned(),
        country: number["country"].as_str()?.to_owned(),
        kind: if number["kind"] == "toll_free" { LineKind::TollFree } else { kind },
        target: assignment["target_id"].as_str().map(str::to_owned),
        network: if kind == LineKind::User { Network::Home } else { Network::Cloud },
        weight: 1.0,
        from: DateTime::UNIX_EPOCH,
        until: None,
    })
}
