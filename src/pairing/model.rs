//! Pairing by numbers and time, for records that no key brings together: pure, deterministic, minimum cost.
//!
//! A pair costs the distance of its two starts, and more where one side hides the other party or both name different
//! Call-IDs. To leave two records alone costs as much as the dearest pair possible, so whatever can be a pair is one, unless
//! others gain more by it.

mod assign;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::collections::HashMap;

/// Farthest two starts may lie apart without a key, in milliseconds (API.md 5, «Reconciliation»).
pub const WINDOW_MS: i64 = 120_000;
/// What a pair costs more when only one side names the other party, and when both name different Call-IDs.
const DOUBT_MS: i64 = 10_000;
/// A pair's gain over leaving both records alone is this minus its cost; never below one.
const WORTH: i64 = WINDOW_MS + 2 * DOUBT_MS + 1;

/// A record of either side, as far as pairing looks at it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leg {
    /// Start in milliseconds; the operator's is freed of its skew.
    pub at: i64,
    /// The number both sides name.
    pub e164: String,
    pub inbound: bool,
    pub answered: bool,
    /// The outside party; `None` when withheld.
    pub party: Option<String>,
    pub has_operator_ref: bool,
    pub has_sip_call_id: bool,
}

/// Records that no pair can leave: nothing outside lies within the window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    pub calls: Vec<usize>,
    pub durations: Vec<usize>,
    /// Call and duration.
    pub pairs: Vec<(usize, usize)>,
}

/// What of a record decides whom it may meet and at what cost, beside the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Kind {
    party: Option<u32>,
    operator_ref: bool,
    sip_call_id: bool,
}

impl Kind {
    /// What a pair costs beside the distance; `None` when it cannot be one: parties differ, or both sides name an operator's
    /// reference (and it is not the same, or they would be a pair already).
    fn doubt(self, other: Self) -> Option<i64> {
        if self.operator_ref && other.operator_ref {
            return None;
        }
        let party = match (self.party, other.party) {
            (Some(a), Some(b)) if a != b => return None,
            (a, b) => i64::from(a.is_none() != b.is_none()),
        };
        Some(DOUBT_MS * (party + i64::from(self.sip_call_id && other.sip_call_id)))
    }
}

/// One record among others of its number: place in the caller's list, start, kind.
#[derive(Clone, Copy, Debug)]
struct Item {
    index: usize,
    at: i64,
    kind: Kind,
}

/// What the pair of two records gains over leaving both alone; `None` when they cannot be one.
fn gain(call: &Item, duration: &Item) -> Option<i64> {
    let distance = (call.at - duration.at).abs();
    if distance > WINDOW_MS {
        return None;
    }
    call.kind.doubt(duration.kind).map(|doubt| WORTH - distance - doubt)
}

/// Pairs calls and durations of the same number and direction, answered with answered. Both lists are taken in their order
/// where times are equal, so the answer depends on nothing else.
#[must_use]
pub fn pair_by_numbers(calls: &[Leg], durations: &[Leg]) -> Vec<Part> {
    let mut names = HashMap::new();
    let mut groups: BTreeMap<(&str, bool, bool), [Vec<Item>; 2]> = BTreeMap::new();
    for (side, legs) in [calls, durations].into_iter().enumerate() {
        for (index, leg) in legs.iter().enumerate() {
            let next = u32::try_from(names.len()).unwrap_or(u32::MAX);
            let party = leg.party.as_deref().map(|party| *names.entry(party).or_insert(next));
            let kind = Kind { party, operator_ref: leg.has_operator_ref, sip_call_id: leg.has_sip_call_id };
            let group = groups.entry((leg.e164.as_str(), leg.inbound, leg.answered)).or_default();
            group[side].push(Item { index, at: leg.at, kind });
        }
    }
    let mut parts = Vec::new();
    for [mut calls, mut durations] in groups.into_values() {
        calls.sort_by_key(|item| (item.at, item.index));
        durations.sort_by_key(|item| (item.at, item.index));
        cut(&calls, &durations, &mut parts);
    }
    parts
}

/// Cuts a group where nothing happens for longer than the window, and solves each piece.
fn cut(mut calls: &[Item], mut durations: &[Item], parts: &mut Vec<Part>) {
    while let Some(first) = calls.first().into_iter().chain(durations.first()).map(|item| item.at).min() {
        let (mut taken, mut last) = ((0, 0), first);
        loop {
            let near = |item: Option<&Item>| item.filter(|item| item.at - last <= WINDOW_MS).map(|item| item.at);
            match (near(calls.get(taken.0)), near(durations.get(taken.1))) {
                (Some(call), Some(duration)) if call > duration => (last, taken.1) = (duration, taken.1 + 1),
                (Some(call), _) => (last, taken.0) = (call, taken.0 + 1),
                (None, Some(duration)) => (last, taken.1) = (duration, taken.1 + 1),
                (None, None) => break,
            }
        }
        let (own_calls, rest_calls) = calls.split_at(taken.0);
        let (own_durations, rest_durations) = durations.split_at(taken.1);
        parts.push(Part {
            calls: own_calls.iter().map(|item| item.index).collect(),
            durations: own_durations.iter().map(|item| item.index).collect(),
            pairs: assign::best(own_calls, own_durations),
        });
        (calls, durations) = (rest_calls, rest_durations);
    }
}
