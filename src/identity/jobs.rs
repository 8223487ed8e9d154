//! Background work: writing the request log, deleting what is past its time.

use std::time::Duration;

use super::log;
use super::log::RequestLog;
use super::password::BRAKE;
use super::queries;
use super::queries_keys;
use super::wire::ApiEdge;
use crate::base::Failure;
use crate::store::Loop;
use crate::store::Store;
use crate::store::idempotency_purge;

/// Calls written in one statement.
const BATCH: usize = 1000;
/// Rows deleted in one statement.
const PURGE: i64 = 5000;

/// The loop that writes the request log.
pub const REQUEST_LOG: Loop = Loop { name: log::LOOP, every: Duration::from_secs(1) };
/// The loop that deletes ended sessions, old tokens and assertions, old log entries and answers kept for repeated calls.
pub const HOUSEKEEPING: Loop = Loop { name: "identity.housekeeping", every: Duration::from_mins(1) };

/// Writes noted calls; whether there were any. Run it once more after the last request.
///
/// # Errors
/// When the database is away; nothing is lost then.
pub async fn write_request_log(store: &Store, log: &RequestLog) -> Result<bool, Failure> {
    let entries = log.take(BATCH);
    if entries.is_empty() {
        return Ok(false);
    }
    let written = async {
        let mut tx = store.begin_job().await?;
        queries::insert_request_log(&mut tx, &entries).await?;
        tx.commit().await?;
        Ok(())
    };
    match written.await {
        Ok(()) => Ok(entries.len() == BATCH),
        Err(failure) => {
            log.put_back(entries);
            Err(failure)
        }
    }
}

/// Deletes what is past its time; whether there may be more. `edge` is this process's API edge, if it has one.
///
/// # Errors
/// When the database is away.
pub async fn housekeeping(store: &Store, edge: Option<&ApiEdge>) -> Result<bool, Failure> {
    let now = store.env.now();
    BRAKE.tidy(now);
    if let Some(edge) = edge {
        edge.tidy();
    }
    let mut tx = store.begin_job().await?;
    let assertions = queries_keys::purge_assertions(&mut tx, now, PURGE).await?;
    let gone = assertions + queries::purge(&mut tx, now, PURGE).await? + idempotency_purge(&mut tx, now, PURGE).await?;
    tx.commit().await?;
    Ok(gone >= PURGE.unsigned_abs())
}
