//! Chains the ledger.

use std::time::Duration;

use super::queries_ledger::facts_of;
use crate::base::Failure;
use crate::store::Chain;
use crate::store::Loop;
use crate::store::Store;
use crate::store::seal_chains;

/// The loop that chains the ledger.
pub const SEAL: Loop = Loop { name: "consent_seal", every: Duration::from_secs(1) };

/// One tick: chains about 1,000 lines, of as many tenants as wait; true when there may be more.
///
/// # Errors
/// When the database is away.
pub async fn seal(store: Store) -> Result<bool, Failure> {
    Ok(seal_chains(&store, Chain::Consent, 1_000, facts_of).await? > 0)
}
