//! Background work: sealing the operators' feeds of calls.

use std::time::Duration;

use super::queries_calls_seal;
use crate::base::Failure;
use crate::store::Loop;
use crate::store::Store;

/// How the sealing loop runs; its name wakes it.
pub const SEAL_CALLS: Loop = Loop { name: "calls.seal", every: Duration::from_millis(500) };

/// One tick of sealing: gives up to 500 parts of one operator, each what one batch brought it, their places in its feed; true when
/// there may be more.
///
/// Gapless by construction: parts and head are written together under the head's lock. Any number of processes may seal.
///
/// # Errors
/// When the database is away.
pub async fn seal_calls(store: Store) -> Result<bool, Failure> {
    let mut tx = store.begin_job().await?;
    let Some((operator, last)) = queries_calls_seal::lock_unsealed(&mut tx).await? else {
        let made = queries_calls_seal::make_heads(&mut tx).await?;
        tx.commit().await?;
        return Ok(made > 0);
    };
    queries_calls_seal::seal_parts(&mut tx, operator, last, store.env.now()).await?;
    tx.commit().await?;
    Ok(true)
}
