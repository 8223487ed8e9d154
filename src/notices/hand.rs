//! What a turn of an endpoint takes and gives, and what its worker has in hand between two of them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::DateTime;
use chrono::Utc;
use tokio::task::JoinSet;
use tokio::time::Instant;
use uuid::Uuid;

use super::EventType;
use super::Held;
use super::KeySet;
use super::Outcome;
use super::SignatureKind;
use super::post::Address;
use super::post::Posted;
use crate::base::EventId;
use crate::base::TenantId;
use crate::base::TransferId;

/// After this what was claimed ahead is given back: a gate may have closed since.
const READY_FOR: Duration = Duration::from_secs(1);

/// A receiver that answers within this is sure to have places free again before what is claimed ahead is old.
const SOON: Duration = Duration::from_millis(500);

/// A register entry: tenant, time, id.
pub(super) type Entry = (TenantId, DateTime<Utc>, TransferId);

/// An event on its way to an endpoint, claimed and registered.
#[derive(Clone, Debug)]
pub(super) struct Sending {
    pub held: Held,
    pub trigger: String,
    pub event: EventId,
    pub tenant: Option<TenantId>,
    pub kind: EventType,
    pub number_seq: Option<i64>,
    /// Where it goes.
    pub url: String,
    /// Its place alone goes out: nothing is confirmed by that.
    pub withheld: bool,
    pub body: Bytes,
    pub entry: Option<Entry>,
}

/// A try that has ended; `None` when it never left: its worker slept too long, or there was cause to keep it.
#[derive(Clone, Debug)]
pub(super) struct Answered {
    pub sending: Sending,
    pub posted: Option<Posted>,
}

impl Answered {
    /// The receiver took it.
    pub fn is_taken(&self) -> bool {
        self.outcome().is_some_and(|outcome| matches!(outcome.status, Some(200..=299)))
    }

    /// The receiver took it without delay.
    pub fn is_soon_taken(&self) -> bool {
        self.is_taken() && self.outcome().is_some_and(|outcome| u128::from(outcome.elapsed_ms) <= SOON.as_millis())
    }

    pub fn outcome(&self) -> Option<&Outcome> {
        self.posted.as_ref().map(|posted| &posted.outcome)
    }
}

/// What a turn decided.
pub(super) struct Turn {
    /// Where to post; `None` when the endpoint is not ours to serve now.
    pub route: Option<Route>,
    /// What to sign with; `None` when nothing is to be posted.
    pub keys: Option<KeySet>,
    pub sends: Vec<Sending>,
    /// Deliveries at once.
    pub max_in_flight: usize,
    /// What was claimed ahead for this route may leave; else it is to be given back.
    pub flows: bool,
    /// Slots are left and there is more to read: another turn at once.
    pub again: bool,
    /// Number events were confirmed.
    pub confirmed: bool,
    /// Something was appended to the feed.
    pub appended: bool,
}

impl Turn {
    /// The endpoint is not ours to serve now.
    pub fn nothing() -> Self {
        let (sends, max_in_flight) = (Vec::new(), usize::MAX);
        Self { route: None, keys: None, sends, max_in_flight, flows: false, again: false, confirmed: false, appended: false }
    }
}

/// Who takes a turn.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Whose {
    /// Claims that it holds and that have no answer yet.
    pub in_hand: usize,
    /// Its process ends: it only settles.
    pub closing: bool,
}

/// How an endpoint is reached: claims for another route are given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Route {
    pub url: String,
    /// Generations of keys.
    pub keys: Vec<Uuid>,
    pub signature: SignatureKind,
}

/// What a worker has in hand between two turns.
#[derive(Default)]
pub(super) struct Hand {
    pub flying: JoinSet<Answered>,
    /// Claimed ahead: they leave as places become free, the oldest first.
    pub ready: VecDeque<Ready>,
    pub answered: Vec<Answered>,
    /// Something failed that no turn has settled yet: until then nothing else leaves.
    pub failed: bool,
    pub max_in_flight: usize,
}

/// A claim that waits for a place.
pub(super) struct Ready {
    pub to: Arc<Address>,
    pub route: Arc<Route>,
    pub sending: Sending,
    since: Instant,
}

impl Hand {
    pub fn is_empty(&self) -> bool {
        self.flying.is_empty() && self.ready.is_empty() && self.answered.is_empty()
    }

    /// Claims that have no answer yet.
    pub fn open(&self) -> usize {
        self.flying.len() + self.ready.len()
    }

    /// Takes up what a turn claimed, and gives back what was claimed ahead for another route.
    pub fn take_up(&mut self, turn: Turn, to: Option<Arc<Address>>) {
        self.max_in_flight = turn.max_in_flight;
        self.keep(|ready| turn.flows && turn.route.as_ref() == Some(&*ready.route));
        if let (Some(to), Some(route)) = (to, turn.route) {
            let (route, since) = (Arc::new(route), Instant::now());
            let ready = |sending| Ready { to: to.clone(), route: route.clone(), sending, since };
            self.ready.extend(turn.sends.into_iter().map(ready));
        }
        self.failed = self.answered.iter().any(|answered| answered.posted.is_some() && !answered.is_taken());
    }

    /// What may leave now, one after the other.
    pub fn next(&mut self) -> Option<Ready> {
        if self.ready.front().is_some_and(|ready| ready.since.elapsed() > READY_FOR) {
            self.keep(|_| false);
        }
        if self.failed || self.flying.len() >= self.max_in_flight { None } else { self.ready.pop_front() }
    }

    /// Of what was claimed ahead only this goes on.
    pub fn keep(&mut self, wanted: impl Fn(&Ready) -> bool) {
        for ready in std::mem::take(&mut self.ready) {
            if wanted(&ready) {
                self.ready.push_back(ready);
            } else {
                self.answered.push(Answered { sending: ready.sending, posted: None });
            }
        }
    }
}
