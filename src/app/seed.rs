//! The demo's data: three tenants, four operators (and two tenants and an operator about to begin), about two thousand numbers with
//! more than a year of history, and the calls and durations of a month.
//!
//! Repeatable: every id, name and time comes from the seed and from the last midnight (UTC), so the same seed on the same day
//! gives the same data. The newest entries are from yesterday; calls alone go on until the start. Secrets come from the seed
//! alone, so a later start on the same data can tell them again.

mod calls;
mod consents;
mod endpoints;
mod live;
mod moved;
mod numbers;
mod orgs;
mod people;
mod plan;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use anyhow::Context as _;
use anyhow::bail;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::DateTime;
use chrono::DurationRound;
use chrono::TimeDelta;
use chrono::Utc;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use sha2::Digest;
use sha2::Sha256;

use super::demo::DemoEndpoint;
use super::demo::Seeded;
use crate::base::AccountId;
use crate::base::Env;
use crate::base::OperatorId;
use crate::base::TenantId;
use crate::identity::Directory;
use crate::identity::directory;
use crate::notices::Keys;
use crate::numbers::write_stock;
use crate::store::Store;
use crate::store::ensure_partitions;

/// How large, and which of the many possible demos.
#[derive(Clone, Debug)]
pub struct SeedOptions {
    /// Another seed, other names and states.
    pub seed: u64,
    /// 1 for about 2,000 numbers and 60,000 calls; numbers as far as the ranges kept free for fiction reach.
    pub scale: f64,
    /// Part of the calls that belong to the scale: 1 but where only numbers matter.
    pub calls: f64,
    /// Where the simulated operators listen, such as `http://127.0.0.1:4010`; without it operators get no endpoint.
    pub hooks_base: Option<String>,
}

/// Begins the billing reference of numbers that a simulated operator is never ready for: it answers 503 to their events, so that
/// waiting assignments and their retries can be looked at.
pub const BUSY: &str = "BUSY-";
/// Age of the oldest entries, in days.
const OLDEST: i64 = 378;

/// What the parts of the seed share.
struct Making<'a> {
    store: &'a Store,
    seed: u64,
    scale: f64,
    calls: f64,
    /// The last midnight, UTC.
    base: DateTime<Utc>,
    tenants: HashMap<&'static str, TenantId>,
    operators: HashMap<&'static str, OperatorId>,
    /// Administrators by their organisation's short name.
    admins: HashMap<&'static str, AccountId>,
}

impl Making<'_> {
    /// The store with a clock that stands `days` before the last midnight, and chance of its own for this `part`.
    fn store_at(&self, days: i64, part: &str) -> Store {
        let mut store = self.store.clone();
        store.env = self.env_at(days, part);
        store
    }

    fn env_at(&self, days: i64, part: &str) -> Env {
        let at = self.base - TimeDelta::days(days) + TimeDelta::hours(8);
        Env::fixed(at, u64::from_be_bytes(first_eight(derived(self.seed, part))))
    }

    fn tenant(&self, slug: &str) -> TenantId {
        *self.tenants.get(slug).expect("the plan names only tenants of the plan")
    }

    fn operator(&self, slug: &str) -> OperatorId {
        *self.operators.get(slug).expect("the plan names only operators of the plan")
    }
}

/// Fills an empty database; one that the demo filled before is only read back, its endpoints moved to where the simulated
/// operators listen now. Call it after the migrations.
///
/// # Errors
/// When the database is away, holds other organisations than the demo's, or an earlier run was cut short.
pub async fn seed(store: &Store, options: &SeedOptions) -> anyhow::Result<Seeded> {
    let found = directory(store).await?;
    let mut making = Making {
        store,
        seed: options.seed,
        scale: options.scale,
        calls: options.calls,
        base: store.env.now().duration_trunc(TimeDelta::days(1)).context("the clock is out of range")?,
        tenants: HashMap::new(),
        operators: HashMap::new(),
        admins: HashMap::new(),
    };
    if found.tenants.is_empty() && found.operators.is_empty() {
        fill(&mut making).await?;
    } else {
        read_back(&mut making, &found)?;
    }
    let endpoints = match &options.hooks_base {
        None => Vec::new(),
        Some(base) => endpoints::endpoints(&making, base).await?,
    };
    Ok(orgs::seeded(&making, endpoints))
}

async fn fill(making: &mut Making<'_>) -> anyhow::Result<()> {
    for days in (0..=OLDEST + 31).step_by(28) {
        ensure_partitions(making.store, making.base - TimeDelta::days(days)).await?;
    }
    orgs::organisations(making).await?;
    orgs::accounts(making).await?;
    consents::consents(making).await?;
    let stock = numbers::stock(making);
    write_stock(making.store, &stock.rows).await?;
    live::assign_all(making, stock.live).await?;
    calls::calls(making, &stock.rows).await?;
    // Last: its presence says that the rest is there.
    orgs::clients(making).await?;
    tracing::info!(numbers = stock.rows.numbers.len(), targets = stock.rows.targets.len(), "the demo's data is there");
    Ok(())
}

fn read_back(making: &mut Making<'_>, found: &Directory) -> anyhow::Result<()> {
    let other = "this database holds other organisations than the demo's; take another data directory or database";
    for plan in plan::all_tenants() {
        making.tenants.insert(plan.slug, found.tenant(plan.slug).context(other)?);
    }
    for plan in plan::all_operators() {
        making.operators.insert(plan.slug, found.operator(plan.slug).context(other)?);
    }
    if !found.clients.iter().any(|id| id == orgs::PLATFORM_CLIENT) {
        bail!("an earlier start was cut short while it made the demo's data; delete the data directory and start again");
    }
    Ok(())
}

/// 32 bytes that follow from the seed and a name.
fn derived(seed: u64, name: &str) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(b"concord demo ");
    hasher.update(seed.to_be_bytes());
    hasher.update(name);
    hasher.finalize().into()
}

fn first_eight(bytes: [u8; 32]) -> [u8; 8] {
    let mut first = [0; 8];
    first.copy_from_slice(&bytes[..8]);
    first
}

/// The secret of an API client of the demo.
fn client_secret(seed: u64, client: &str) -> String {
    format!("ccs_demo_{}", BASE64_URL_SAFE_NO_PAD.encode(derived(seed, &format!("client {client}"))))
}

/// The keys that sign what the operator's endpoint gets.
fn endpoint_keys(seed: u64, operator: &str) -> Keys {
    Keys::generate(&mut ChaCha20Rng::from_seed(derived(seed, &format!("endpoint {operator}"))))
}

/// What the simulated operator needs to verify signatures.
fn demo_endpoint(seed: u64, operator: &str, url: String) -> DemoEndpoint {
    let keys = endpoint_keys(seed, operator);
    DemoEndpoint {
        operator_slug: operator.to_owned(),
        url,
        secret: keys.secret.expose().to_string(),
        public_key: keys.pair.public().to_string(),
    }
}
