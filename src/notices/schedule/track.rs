//! One endpoint's whole delivery state in memory: what the tables hold, with the same decisions. The simulation runs it
//! through weeks in a second.

#![expect(clippy::similar_names, reason = "head and held are the two halves of the state")]

use std::collections::BTreeMap;

use chrono::DateTime;
use chrono::Utc;
use rand::Rng;
use serde::Deserialize;
use serde::Serialize;

use super::Effect;
use super::Fresh;
use super::Head;
use super::Held;
use super::Plant;
use super::Policy;
use super::decide::Answer;
use super::decide::Work;
use super::decide::change;
use super::decide::check_budget;
use super::decide::claim;
use super::decide::settle;
use crate::notices::Change;
use crate::notices::EndpointState;
use crate::notices::StateRefusal;

/// The state of one endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Track {
    pub head: Head,
    /// By subject.
    pub held: BTreeMap<String, Held>,
    /// As [`Work::ahead`].
    pub ahead: usize,
}

/// What happens to an endpoint.
#[derive(Clone, Debug)]
pub enum Input {
    /// Time has passed or the feed has grown. `fresh`: (seq, subject) of wanted events after the cursor, in order, read up
    /// to `scanned_to`; both may be empty-handed.
    Turn { fresh: Vec<(i64, String)>, scanned_to: i64 },
    /// A try has ended.
    Answered { subject: String, answer: Answer },
    /// A person, a verification or the platform acted.
    Changed(Change),
}

impl Track {
    /// A new endpoint, see [`Head::new`].
    #[must_use]
    pub fn new(cursor_seq: i64, max_in_flight: u16) -> Self {
        Self { head: Head::new(cursor_seq, max_in_flight), held: BTreeMap::new(), ahead: 0 }
    }

    /// Rows under a live lease.
    #[must_use]
    pub fn in_flight(&self, now: DateTime<Utc>) -> usize {
        self.held.values().filter(|held| held.is_leased(now)).count()
    }

    /// The next instant after `now` at which a turn may do something that no answer and no new event announces; `None`
    /// when there is none.
    #[must_use]
    pub fn wake_at(&self, now: DateTime<Utc>, policy: &Policy) -> Option<DateTime<Utc>> {
        let leases = self.held.values().filter_map(|held| held.leased_until);
        let waits = self.held.values().filter(|held| held.leased_until.is_none()).map(|held| held.next_at);
        let gates = [self.head.probe_at, self.head.quiet_until].into_iter().flatten();
        let marks = self.head.failing_since.into_iter().flat_map(|since| policy.marks().map(move |(_, after)| since + after));
        let active = self.head.state == EndpointState::Active;
        leases.chain(waits).chain(gates).chain(marks).filter(|at| active && *at > now).min()
    }

    fn bring_forward(&mut self, now: DateTime<Utc>, policy: &Policy, rng: &mut impl Rng) {
        let rows = std::mem::take(&mut self.held);
        let moved = rows.into_iter().map(|(subject, held)| {
            let held = if held.is_leased(now) { held } else { held.brought_forward(now, policy, rng) };
            (subject, held)
        });
        self.held = moved.collect();
    }

    fn turn(
        &mut self,
        fresh: Vec<(i64, String)>,
        scanned_to: i64,
        now: DateTime<Utc>,
        policy: &Policy,
        rng: &mut impl Rng,
    ) -> Vec<Effect> {
        let (head, mut effects) = check_budget(self.head.clone(), now, policy);
        let twice = policy.planted(Plant::LeaseIgnored);
        let is_due = |held: &&Held| held.next_at <= now && (twice || !held.is_leased(now));
        let mut due: Vec<_> = self.held.values().filter(is_due).cloned().collect();
        due.sort_by_key(|held| (held.next_at, held.seq));
        let fresh = fresh.into_iter().map(|(seq, subject)| {
            let held = self.held.contains_key(&subject);
            Fresh { seq, subject, held }
        });
        let work = Work {
            in_flight: self.in_flight(now),
            ahead: self.ahead,
            held: self.held.len(),
            due,
            fresh: fresh.collect(),
            scanned_to,
        };
        let claim = claim(head, work, now, policy, rng);
        self.head = claim.head;
        for held in claim.sends {
            self.held.insert(held.subject.clone(), held.clone());
            effects.push(Effect::Send(held));
        }
        effects
    }

    fn answered(
        &mut self,
        subject: String,
        answer: &Answer,
        now: DateTime<Utc>,
        policy: &Policy,
        rng: &mut impl Rng,
    ) -> Vec<Effect> {
        let Some(held) = self.held.remove(&subject) else {
            return vec![Effect::Stale { subject, seq: answer.seq }];
        };
        let settled = settle(self.head.clone(), held, answer, now, policy, rng);
        self.head = settled.head;
        if let Some(held) = settled.held {
            self.held.insert(subject, held);
        }
        settled.effects
    }
}

/// One step of an endpoint's life: the state after `input`, and what is to be done.
///
/// # Errors
/// Why the state does not take the change.
pub fn step(
    mut track: Track,
    input: Input,
    now: DateTime<Utc>,
    policy: &Policy,
    rng: &mut impl Rng,
) -> Result<(Track, Vec<Effect>), StateRefusal> {
    let effects = match input {
        Input::Turn { fresh, scanned_to } => track.turn(fresh, scanned_to, now, policy, rng),
        Input::Answered { subject, answer } => track.answered(subject, &answer, now, policy, rng),
        Input::Changed(what) => {
            let (head, effects) = change(track.head, what)?;
            track.head = head;
            effects
        }
    };
    if effects.contains(&Effect::BringForward) {
        track.bring_forward(now, policy, rng);
    }
    Ok((track, effects))
}
