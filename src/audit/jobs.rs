//! Chains what was recorded.

use std::time::Duration;

use super::queries::facts_of;
use crate::base::Failure;
use crate::store::Chain;
use crate::store::Loop;
use crate::store::Store;
use crate::store::drop_oldest;
use crate::store::seal_chains;

/// The loop that chains the log.
pub const SEAL: Loop = Loop { name: "audit_seal", every: Duration::from_secs(1) };

/// One tick: chains about 1,000 entries, of as many organisations as wait; true when there may be more.
///
/// # Errors
/// When the database is away.
pub async fn seal(store: Store) -> Result<bool, Failure> {
    Ok(seal_chains(&store, Chain::Audit, 1_000, facts_of).await? > 0)
}

/// The loop that lets old months of the log go.
pub const EXPIRE: Loop = Loop { name: "audit_expire", every: Duration::from_hours(6) };

/// One tick: drops the oldest month of the log when its time is over; anchors keep the chains whole. True when there may be more.
///
/// # Errors
/// When the database is away.
pub async fn expire(store: Store) -> Result<bool, Failure> {
    drop_oldest(&store, Some(Chain::Audit), "audit_event").await
}
