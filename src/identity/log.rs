//! The request log of API clients: noted in memory, written in batches, so that no call waits for it. What was noted in the
//! last second is lost when the process is killed; the log helps people find mistakes, it proves nothing.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use chrono::DateTime;
use chrono::Utc;
use uuid::Uuid;

use crate::store::Store;

/// Name of the loop that writes it.
pub const LOOP: &str = "identity.request_log";
/// Entries kept in memory at most; further ones are dropped while the database is away.
const CAPACITY: usize = 20_000;
/// From so many on the writer is woken.
const WAKE_AT: usize = 200;

/// One call of a client.
#[derive(Clone, Debug)]
pub struct Entry {
    pub org: Uuid,
    pub client: String,
    pub at: DateTime<Utc>,
    pub id: Uuid,
    pub method: String,
    /// The route's template, never the path: paths hold numbers.
    pub route: String,
    pub status: u16,
    pub elapsed_ms: i32,
    pub request_id: String,
    pub problem_code: Option<&'static str>,
}

/// What was not written yet. Cheap to clone; clones share it.
#[derive(Clone, Debug, Default)]
pub struct RequestLog(Arc<Mutex<Vec<Entry>>>);

impl RequestLog {
    /// Notes a call.
    pub(super) fn note(&self, store: &Store, entry: Entry) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() >= CAPACITY {
            tracing::warn!("request log full; a call is not noted");
            return;
        }
        held.push(entry);
        if held.len() == WAKE_AT {
            store.wake.wake(LOOP);
        }
    }

    /// Takes up to `limit` entries, oldest first.
    pub(super) fn take(&self, limit: usize) -> Vec<Entry> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let n = limit.min(held.len());
        held.drain(..n).collect()
    }

    /// Puts back what could not be written.
    pub(super) fn put_back(&self, mut entries: Vec<Entry>) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.append(&mut held);
        entries.truncate(CAPACITY);
        *held = entries;
    }
}
