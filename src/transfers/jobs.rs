//! Chains what is frozen.

use std::time::Duration;

use super::queries_chain::facts_of;
use crate::base::Failure;
use crate::store::Chain;
use crate::store::Loop;
use crate::store::Store;
use crate::store::drop_oldest;
use crate::store::seal_chains;

/// The loop that chains the register.
pub const SEAL: Loop = Loop { name: "register_seal", every: Duration::from_secs(1) };

/// One tick: chains about 1,000 entries, of as many organisations as wait; true when there may be more.
///
/// # Errors
/// When the database is away.
pub async fn seal(store: Store) -> Result<bool, Failure> {
    Ok(seal_chains(&store, Chain::Register, 1_000, facts_of).await? > 0)
}

/// The loop that lets old months of the register go.
pub const EXPIRE: Loop = Loop { name: "register_expire", every: Duration::from_hours(6) };

/// One tick: drops the oldest month of the register when its time is over; anchors keep the chains whole. True when there may be more.
///
/// # Errors
/// When the database is away.
pub async fn expire(store: Store) -> Result<bool, Failure> {
    drop_oldest(&store, Some(Chain::Register), "transfer").await
}
