//! The simulated operators of the demo: they really receive webhooks, verify every signature, and now and then fail, so that
//! retries can be looked at. One of them has no endpoint and takes its events by pull ([`pull`]). All of them read the feed of
//! their calls and hand in what they counted ([`durations`]). Beside them [`feed`] sends calls as the platform.
//!
//! A receiver of its own: it knows of Concord only what an operator would be told, which stands in `demo.json`.

mod client;
mod durations;
mod hooks;
mod platform;
mod pull;
mod received;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::routing::get;
use axum::routing::post;
use rand::Rng;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::demo::DemoFile;
use super::traffic::Carrier;
use crate::base::Env;
use crate::notices::PublicKey;
use crate::notices::Secret;
use client::ApiClient;
use received::Received;

pub use durations::LOOKS_BACK;
pub use platform::feed;

/// Of a thousand events this many are answered with 500.
const FAIL_PER_MILLE: u32 = 30;
/// Of a thousand events this many are answered late.
const SLOW_PER_MILLE: u32 = 10;
/// How late.
const SLOW_BY: Duration = Duration::from_secs(2);

/// What a receiver holds of one endpoint.
#[derive(Clone, Debug)]
struct Receiver {
    secret: Secret,
    public: PublicKey,
}

/// How an event is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Well,
    Slow,
    Failing,
}

/// The simulated operators. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Simulator {
    env: Env,
    demo: Arc<DemoFile>,
    receivers: Arc<HashMap<String, Receiver>>,
    received: Arc<Mutex<Received>>,
    chance: Arc<Mutex<ChaCha20Rng>>,
}

impl Simulator {
    /// Operators that take what this demo sends.
    ///
    /// # Errors
    /// When a key in the file is not one.
    pub fn new(env: Env, demo: &DemoFile) -> anyhow::Result<Self> {
        let mut receivers = HashMap::new();
        for endpoint in &demo.endpoints {
            let secret = Secret::parse(&endpoint.secret).context("a secret in demo.json")?;
            let public = PublicKey::parse(&endpoint.public_key).context("a public key in demo.json")?;
            receivers.insert(endpoint.operator_slug.clone(), Receiver { secret, public });
        }
        Ok(Self {
            env,
            receivers: Arc::new(receivers),
            received: Arc::default(),
            chance: Arc::new(Mutex::new(ChaCha20Rng::seed_from_u64(demo.seed))),
            demo: Arc::new(demo.clone()),
        })
    }

    /// `POST /hooks/{operator}` for webhooks, `GET /received` for people.
    pub fn router(&self) -> Router {
        Router::new().route("/hooks/{operator}", post(hooks::take)).route("/received", get(received::show)).with_state(self.clone())
    }

    /// An HTTP client of an operator.
    fn client_of(&self, operator: &str, limit: Duration) -> anyhow::Result<ApiClient> {
        let client = self.demo.operator_client(operator).with_context(|| format!("{operator} has no API client"))?;
        ApiClient::new(self.env.clone(), &self.demo.base_url, client, limit)
    }

    fn received(&self) -> MutexGuard<'_, Received> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn mood(&self) -> Mood {
        match self.chance.lock().unwrap_or_else(PoisonError::into_inner).gen_range(0..1_000) {
            0..FAIL_PER_MILLE => Mood::Failing,
            roll if roll < FAIL_PER_MILLE + SLOW_PER_MILLE => Mood::Slow,
            _ => Mood::Well,
        }
    }
}

/// Receives, pulls and counts until stopped.
///
/// # Errors
/// When the listener breaks, or there is no HTTP client on this machine.
pub async fn serve(simulator: Simulator, listener: TcpListener, stop: CancellationToken) -> anyhow::Result<()> {
    let mut busy = Vec::new();
    for operator in simulator.demo.operators.iter().filter(|operator| operator.pulls) {
        let puller = pull::Puller::new(simulator.clone(), &operator.slug)?;
        busy.push(tokio::spawn(puller.run(stop.clone())));
    }
    // An operator that is about to begin has no traffic to count.
    for operator in simulator.demo.operators.iter().filter(|operator| Carrier::of(&operator.slug).is_some()) {
        let counting = durations::Counting::new(simulator.clone(), &operator.slug)?;
        busy.push(tokio::spawn(counting.run(stop.clone())));
    }
    tracing::info!(address = %listener.local_addr()?, "the simulated operators listen");
    axum::serve(listener, simulator.router()).with_graceful_shutdown(stop.clone().cancelled_owned()).await?;
    stop.cancel();
    for work in busy {
        work.await?;
    }
    Ok(())
}
