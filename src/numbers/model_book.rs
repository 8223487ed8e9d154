//! Acts on numbers, judged one after the other: each sees what those before it did. Pure: what must be known is laid
//! into the [`Book`], what comes out is what [`super::acts::write`] writes.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;

use chrono::DateTime;
use chrono::Utc;
use uuid::Uuid;

use super::model::Facts;
use super::model::Number;
use super::model::Place;
use super::model::Quarantine;
use super::model::Step;
use super::model::Target;
use super::model::Wish;
use super::model_change;
use super::refusal::Refusal;
use super::words::Category;
use super::words::Usage;
use crate::base::OperatorId;

/// What a tenant does to one of its numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// `category`: `None` for primary if the target has none, else alternate.
    Assign {
        target_id: String,
        category: Option<Category>,
    },
    /// `quarantine_days`: 1 to 365, 0 none, -1 for ever; `None` the tenant's default.
    Unassign {
        quarantine_days: Option<i32>,
    },
    SetCategory {
        category: Category,
    },
    SetUsage {
        usage: Usage,
    },
    /// Adds tags.
    Tag {
        tags: Vec<String>,
    },
    /// Takes tags off.
    Untag {
        tags: Vec<String>,
    },
    /// `None`: no location of the tenant's own.
    SetEmergencyLocation {
        location: Option<Uuid>,
    },
    RequestRelease {
        note: Option<String>,
    },
    Reserve {
        note: String,
    },
    Unreserve,
    /// Tells the operator again what it refused.
    Retry,
}

impl Act {
    /// Its name in the log.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Assign { .. } => "number.assign",
            Self::Unassign { .. } => "number.unassign",
            Self::SetCategory { .. } => "number.set_category",
            Self::SetUsage { .. } => "number.set_usage",
            Self::Tag { .. } => "number.tag",
            Self::Untag { .. } => "number.untag",
            Self::SetEmergencyLocation { .. } => "number.set_emergency_location",
            Self::RequestRelease { .. } => "number.request_release",
            Self::Reserve { .. } => "number.reserve",
            Self::Unreserve => "number.unreserve",
            Self::Retry => "number.retry",
        }
    }

    /// Whether the number's operator is told.
    #[must_use]
    pub fn is_told(&self) -> bool {
        match self {
            Self::SetCategory { .. } | Self::Tag { .. } | Self::Untag { .. } | Self::Reserve { .. } | Self::Unreserve => false,
            Self::Assign { .. }
            | Self::Unassign { .. }
            | Self::SetUsage { .. }
            | Self::SetEmergencyLocation { .. }
            | Self::RequestRelease { .. }
            | Self::Retry => true,
        }
    }
}

/// An act on a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub e164: String,
    pub act: Act,
    /// The version the caller has seen; `None`: any.
    pub version: Option<i64>,
}

/// What became, or would become, of an act, with the state before it.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// `None`: there is no such number here.
    pub before: Option<Number>,
    pub tags_before: Vec<String>,
    /// The note of the reservation.
    pub reservation_before: Option<String>,
    /// `Next` also where only tags, reservation or category change; the number is then as before but for that.
    pub outcome: Result<Step, Refusal>,
    pub tags_after: Vec<String>,
    pub reservation_after: Option<String>,
    /// Emergency locations before and after, for acts on them.
    pub(super) places: (Option<Place>, Option<Place>),
}

impl Judged {
    /// The number after the act; `None` when it was refused or nothing changes.
    #[must_use]
    pub fn next(&self) -> Option<&Number> {
        match &self.outcome {
            Ok(Step::Next(next)) => Some(next),
            Ok(Step::Same) | Err(_) => None,
        }
    }
}

/// A number with what only its tenant knows of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub number: Number,
    pub tags: BTreeSet<String>,
    pub reservation: Option<String>,
}

/// Whether numbers of a country may be told of to an operator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GateFact {
    pub open: bool,
    pub reason: Option<String>,
}

/// What is known of a tenant's numbers and of what acts on them rest on.
#[derive(Clone, Debug, Default)]
pub struct Book {
    pub now: DateTime<Utc>,
    /// The tenant's default quarantine: days, 0 none, -1 for ever.
    pub quarantine_days: i32,
    /// By E.164 number.
    pub numbers: HashMap<String, Entry>,
    pub gates: HashMap<(OperatorId, String), GateFact>,
    /// Operators that ended their contract.
    pub ended: HashSet<OperatorId>,
    pub targets: HashMap<String, Target>,
    /// The primary number of each target that has one.
    pub primaries: HashMap<String, String>,
    pub places: HashMap<Uuid, Place>,
}

impl Book {
    /// Judges an act and, if it is let through, does it in the book. `id` names an assignment that begins.
    pub fn judge(&mut self, asked: &Asked, id: Uuid) -> Judged {
        let Some(entry) = self.numbers.get(&asked.e164).cloned() else {
            return Judged {
                before: None,
                tags_before: Vec::new(),
                reservation_before: None,
                outcome: Err(Refusal::NumberNotFound),
                tags_after: Vec::new(),
                reservation_after: None,
                places: (None, None),
            };
        };
        let after = self.act(&entry, asked, id);
        let outcome = match &after {
            Ok(after) if *after == entry => Ok(Step::Same),
            Ok(after) => Ok(Step::Next(Box::new(after.number.clone()))),
            Err(refusal) => Err(refusal.clone()),
        };
        let after = after.unwrap_or_else(|_| entry.clone());
        let place = |number: &Number| number.emergency_location.and_then(|id| self.places.get(&id)).cloned();
        let judged = Judged {
            places: (place(&entry.number), place(&after.number)),
            tags_before: entry.tags.iter().cloned().collect(),
            tags_after: after.tags.iter().cloned().collect(),
            reservation_before: entry.reservation.clone(),
            reservation_after: after.reservation.clone(),
            before: Some(entry.number.clone()),
            outcome,
        };
        if judged.next().is_some() {
            self.settle(&entry.number, after);
        }
        judged
    }

    fn act(&self, entry: &Entry, asked: &Asked, id: Uuid) -> Result<Entry, Refusal> {
        let (number, version, now) = (&entry.number, asked.version, self.now);
        let next = |step: Step| match step {
            Step::Same => entry.clone(),
            Step::Next(next) => Entry { number: *next, ..entry.clone() },
        };
        match &asked.act {
            Act::Assign { target_id, category } => {
                let wish = Wish { target_id: target_id.clone(), category: *category, version };
                number.assign(&wish, &self.facts(entry, target_id), id, now).map(next)
            }
            Act::Unassign { quarantine_days } => {
                let days = quarantine_days.unwrap_or(self.quarantine_days);
                if !(-1..=365).contains(&days) {
                    return Err(Refusal::QuarantineInvalid { days });
                }
                number.unassign(Quarantine::of_days(days, now), version, now).map(next)
            }
            Act::SetCategory { category } => {
                let has_primary = number.assigned.as_ref().is_some_and(|held| self.has_primary(&held.target_id, &asked.e164));
                number.set_category(*category, has_primary, version).map(next)
            }
            Act::SetUsage { usage } => number.set_usage(*usage, &self.facts(entry, ""), version, now).map(next),
            Act::SetEmergencyLocation { location } => {
                let known = location.is_some_and(|id| self.places.contains_key(&id));
                number.set_emergency_location(*location, known, &self.facts(entry, ""), version, now).map(next)
            }
            Act::RequestRelease { note } => {
                if let Some(note) = note {
                    model_change::read_note(note, model_change::RELEASE_SIGNS)?;
                }
                number.request_release(version, now).map(next)
            }
            Act::Retry => {
                let holder = number.assigned.as_ref().map(|held| held.target_id.as_str()).unwrap_or_default();
                number.retry(&self.facts(entry, holder), version, now).map(next)
            }
            Act::Tag { .. } | Act::Untag { .. } | Act::Reserve { .. } | Act::Unreserve => own(entry, asked),
        }
    }

    fn facts(&self, entry: &Entry, target_id: &str) -> Facts {
        let number = &entry.number;
        let gate = self.gates.get(&(number.operator, number.country.clone())).cloned().unwrap_or_default();
        Facts {
            gate_open: gate.open,
            gate_reason: gate.reason,
            relationship_ended: self.ended.contains(&number.operator),
            reserved: entry.reservation.is_some(),
            target: self.targets.get(target_id).cloned(),
            has_primary: self.has_primary(target_id, number.e164.as_str()),
        }
    }

    /// Whether the target has another number as its primary one.
    fn has_primary(&self, target_id: &str, but: &str) -> bool {
        self.primaries.get(target_id).is_some_and(|e164| e164 != but)
    }

    fn settle(&mut self, before: &Number, after: Entry) {
        let primary = |number: &Number| {
            let held = number.assigned.as_ref().filter(|held| held.category == Category::Primary);
            held.map(|held| held.target_id.clone())
        };
        if let Some(target) = primary(before) {
            self.primaries.remove(&target);
        }
        if let Some(target) = primary(&after.number) {
            self.primaries.insert(target, after.number.e164.to_string());
        }
        self.numbers.insert(after.number.e164.to_string(), after);
    }
}

/// Acts on what is the tenant's alone.
fn own(entry: &Entry, asked: &Asked) -> Result<Entry, Refusal> {
    let mut after = entry.clone();
    match &asked.act {
        Act::Tag { tags } => after.tags.extend(model_change::read_tags(tags)?),
        Act::Untag { tags } => {
            for tag in model_change::read_tags(tags)? {
                after.tags.remove(&tag);
            }
        }
        Act::Reserve { note } => {
            if entry.number.assigned.is_some() {
                return Err(Refusal::AlreadyAssigned);
            }
            after.reservation = Some(model_change::read_note(note, model_change::RESERVATION_SIGNS)?);
        }
        Act::Unreserve => after.reservation = None,
        _ => {}
    }
    if after.tags.len() > model_change::TAGS && after.tags.len() > entry.tags.len() {
        return Err(Refusal::TagsTooMany);
    }
    if after != *entry {
        entry.number.expect_version(asked.version)?;
    }
    Ok(after)
}

#[cfg(test)]
mod tests;
