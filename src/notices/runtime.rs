//! What notices need at run time besides the store: the HTTP client, what it may reach, the figures of delivery. The app
//! builds one [`Notices`] per process and passes clones on, as an axum `Extension` and as Leptos context.

use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use super::Allow;
use super::Limits;
use super::Lookup;
use super::Policy;
use super::Poster;
use super::floor::Floor;
use super::post::Unreadable;
use super::system_lookup;
use super::waiting::Waiters;
use crate::base::EndpointId;
use crate::base::OperatorId;

/// Turns at once in this process, each with up to two transactions; the rest of the pool is for people.
const TURNS: usize = 4;

/// Run-time parts of the room. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Notices {
    pub poster: Poster,
    pub allow: Allow,
    pub lookup: Lookup,
    pub policy: Arc<Policy>,
    /// Feeds in which something was sealed by this process.
    pub(super) sealed: Arc<SealedFeeds>,
    /// Places of those who wait on a feed.
    pub(super) waiters: Waiters,
    pub(super) turns: Arc<Semaphore>,
    pub(super) sealing: Arc<Floor>,
    pub(super) unreadable: Arc<Unreadable>,
    tasks: TaskTracker,
    running: Arc<Mutex<HashMap<EndpointId, Arc<Notify>>>>,
}

impl std::fmt::Debug for Notices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Notices(..)")
    }
}

impl Notices {
    /// Puts the parts together with the machine's own resolver. `allow` is what `--allow-endpoint-cidr` opened.
    ///
    /// # Errors
    /// When the machine has no usable TLS set-up.
    pub fn new(allow: Allow, policy: Policy) -> anyhow::Result<Self> {
        Self::with(allow, policy, system_lookup(), Limits::default())
    }

    /// The same with another resolver and other bounds, for tests.
    ///
    /// # Errors
    /// When the machine has no usable TLS set-up.
    pub fn with(allow: Allow, policy: Policy, lookup: Lookup, limits: Limits) -> anyhow::Result<Self> {
        let poster = Poster::new(allow.clone(), &lookup, limits, env!("CARGO_PKG_VERSION"))?;
        Ok(Self {
            poster,
            allow,
            lookup,
            policy: Arc::new(policy),
            sealed: Arc::default(),
            waiters: Waiters::default(),
            turns: Arc::new(Semaphore::new(TURNS)),
            sealing: Arc::default(),
            unreadable: Arc::default(),
            tasks: TaskTracker::new(),
            running: Arc::default(),
        })
    }

    /// For a graceful stop, before the web ends: nothing new is sent, what is under way is settled, the rest waits for another process; those
    /// who wait on a feed are answered at once, and nobody waits from now on.
    pub fn close(&self) {
        self.waiters.close();
    }

    pub(super) fn is_closing(&self) -> bool {
        self.waiters.is_closed()
    }

    /// Waits until no delivery of this process is under way: for a graceful stop after the loops have ended.
    pub async fn drain(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.tasks.reopen();
    }

    fn running(&self) -> MutexGuard<'_, HashMap<EndpointId, Arc<Notify>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `work` for an endpoint unless a task for it runs already; that one is nudged instead.
    pub(super) fn run<F, Fut>(&self, endpoint: EndpointId, work: F)
    where
        F: FnOnce(Arc<Notify>) -> Fut,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let nudge = Arc::new(Notify::new());
        let mut running = self.running();
        if let Some(there) = running.get(&endpoint) {
            there.notify_one();
            return;
        }
        running.insert(endpoint, nudge.clone());
        drop(running);
        let place = Place { notices: self.clone(), endpoint, nudge: nudge.clone() };
        let work = work(nudge);
        self.tasks.spawn(async move {
            let _place = place;
            work.await;
        });
    }

    /// A task with nothing left to do leaves, unless it was nudged meanwhile.
    pub(super) fn leave(&self, endpoint: EndpointId, nudge: &Notify) -> bool {
        use futures::FutureExt as _;
        let mut running = self.running();
        if nudge.notified().now_or_never().is_some() {
            return false;
        }
        running.remove(&endpoint);
        true
    }
}

/// Between two looks at the endpoints of all operators.
const LOOK_AT_ALL: Duration = Duration::from_millis(500);

/// Who has something new: a busy feed wakes its own readers and endpoints alone.
#[derive(Default)]
pub(super) struct SealedFeeds(Mutex<Sealed>);

#[derive(Default)]
struct Sealed {
    bells: HashMap<OperatorId, Arc<Notify>>,
    fresh: HashSet<OperatorId>,
    looked_at_all: Option<Instant>,
}

impl SealedFeeds {
    fn get(&self) -> MutexGuard<'_, Sealed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Rings when something is sealed in this operator's feed.
    pub fn bell(&self, operator: OperatorId) -> Arc<Notify> {
        self.get().bells.entry(operator).or_default().clone()
    }

    pub fn note(&self, operator: OperatorId) {
        let mut feeds = self.get();
        feeds.fresh.insert(operator);
        if let Some(bell) = feeds.bells.get(&operator) {
            bell.notify_waiters();
        }
    }

    /// Operators whose endpoints are to be looked at; `None` for all, at least every 500 ms.
    pub fn to_look_at(&self) -> Option<Vec<OperatorId>> {
        let mut feeds = self.get();
        let fresh: Vec<OperatorId> = feeds.fresh.drain().collect();
        if !fresh.is_empty() && feeds.looked_at_all.is_some_and(|at| at.elapsed() < LOOK_AT_ALL) {
            return Some(fresh);
        }
        feeds.looked_at_all = Some(Instant::now());
        None
    }
}

/// Between two wake-ups of the consumer of confirmations while an endpoint is busy.
const TELL_EVERY: Duration = Duration::from_millis(50);

/// When the consumer of confirmations was last woken: under load it takes those of many turns at once.
#[derive(Default)]
pub(super) struct Telling {
    at: Option<Instant>,
    pending: bool,
}

impl Telling {
    pub fn is_due(&mut self, confirmed: bool, last: bool) -> bool {
        self.pending |= confirmed;
        let due = self.pending && (last || self.at.is_none_or(|at| at.elapsed() >= TELL_EVERY));
        if due {
            *self = Self { at: Some(Instant::now()), pending: false };
        }
        due
    }
}

/// Gives the place of an endpoint's task back, also when the task panics.
struct Place {
    notices: Notices,
    endpoint: EndpointId,
    nudge: Arc<Notify>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut running = self.notices.running();
        if running.get(&self.endpoint).is_some_and(|there| Arc::ptr_eq(there, &self.nudge)) {
            running.remove(&self.endpoint);
        }
    }
}
