//! An operator without an endpoint: it reads its feed and acknowledges by asking for what comes after.

use std::time::Duration;

use anyhow::Context as _;
use tokio_util::sync::CancellationToken;

use super::Simulator;
use super::client::ApiClient;
use super::received::Message;
use super::received::Outcome;

/// How long the server may keep a question open while there is nothing new, in seconds.
const WAIT_S: u32 = 20;
/// Longest pause after failures.
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// One pulling operator.
pub struct Puller {
    simulator: Simulator,
    operator: String,
    api: ApiClient,
    /// Everything up to here was taken.
    after: i64,
}

impl Puller {
    /// An operator of the demo, by its short name.
    ///
    /// # Errors
    /// When it has no API client, or there is no HTTP client on this machine.
    pub fn new(simulator: Simulator, operator: &str) -> anyhow::Result<Self> {
        let api = simulator.client_of(operator, Duration::from_secs(u64::from(WAIT_S) + 15))?;
        Ok(Self { simulator, operator: operator.to_owned(), api, after: 0 })
    }

    /// Pulls until stopped. What fails is tried again, with growing pauses.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut pause = Duration::from_millis(250);
        loop {
            let pulled = tokio::select! {
                () = stop.cancelled() => return,
                pulled = self.once() => pulled,
            };
            let wait = match pulled {
                Ok(()) => {
                    pause = Duration::from_millis(250);
                    continue;
                }
                Err(error) => {
                    tracing::debug!(operator = self.operator, error = %format!("{error:#}"), "pulling failed");
                    pause = (pause * 2).min(PAUSE_MAX);
                    pause
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Takes what is new, waiting for it a while.
    async fn once(&mut self) -> anyhow::Result<()> {
        let page = self.api.get(&format!("/events?after={}&limit=500&wait={WAIT_S}", self.after)).await?;
        // What was asked with is now acknowledged.
        self.simulator.received().acknowledged(&self.operator, self.after);
        let now = self.simulator.env.now();
        for event in page["data"].as_array().into_iter().flatten() {
            let seq = event["seq"].as_i64().context("an event without seq")?;
            self.simulator.received().note(Message::of(now, &self.operator, Outcome::Pulled, event));
            self.after = self.after.max(seq);
        }
        Ok(())
    }
}
