//! What a tenant changes of a number besides who has it: usage, emergency location, the wish to give it back, a new try.

use chrono::DateTime;
use chrono::Utc;
use uuid::Uuid;

use super::model::Facts;
use super::model::Number;
use super::model::Step;
use super::model::Wish;
use super::refusal::Refusal;
use super::words::ActivationState;
use super::words::EmergencyMode;
use super::words::Usage;

impl Number {
    /// Means the number for something else. The same again changes nothing, unless the operator refused a change: then it
    /// is told again.
    ///
    /// # Errors
    /// `gate_closed`, `already_assigned`, `capability_missing`, `version_conflict`.
    pub fn set_usage(&self, usage: Usage, facts: &Facts, version: Option<i64>, now: DateTime<Utc>) -> Result<Step, Refusal> {
        if usage == self.usage && self.activation != ActivationState::UpdateFailed {
            return Ok(Step::Same);
        }
        self.expect_version(version)?;
        self.may_be_told(facts)?;
        self.in_nobodys_hands()?;
        let capability = usage.capability();
        if !self.capabilities.contains(&capability) {
            return Err(Refusal::CapabilityMissing { capability });
        }
        let mut next = self.told(now, ActivationState::UpdatePending);
        next.usage = usage;
        Ok(Step::Next(Box::new(next)))
    }

    /// Sets the address that emergency calls from the number come from; `None`: none of the tenant's own. `known`: the
    /// address book has it. While somebody has the number this is never refused for lack of consent.
    ///
    /// # Errors
    /// `emergency_location_fixed`, `emergency_location_unknown`, `emergency_location_required` when the operator demands
    /// one, `gate_closed`, `version_conflict`.
    pub fn set_emergency_location(
        &self,
        location: Option<Uuid>,
        known: bool,
        facts: &Facts,
        version: Option<i64>,
        now: DateTime<Utc>,
    ) -> Result<Step, Refusal> {
        if self.emergency_mode == EmergencyMode::OperatorFixed {
            return Err(Refusal::EmergencyLocationFixed);
        }
        if location.is_some() && !known {
            return Err(Refusal::EmergencyLocationUnknown);
        }
        if location == self.emergency_location {
            return Ok(Step::Same);
        }
        self.expect_version(version)?;
        let demanded = self.emergency_mode == EmergencyMode::Tenant && self.usage == Usage::User;
        if location.is_none() && demanded && self.assigned.is_some() {
            return Err(Refusal::EmergencyLocationRequired);
        }
        if self.assigned.is_none() {
            self.may_be_told(facts)?;
        }
        let mut next = self.amended(now);
        next.emergency_location = location;
        Ok(Step::Next(Box::new(next)))
    }

    /// Asks the operator to take the number back. Never refused for lack of consent. Asked again, nothing changes.
    ///
    /// # Errors
    /// `already_assigned`, `version_conflict`.
    pub fn request_release(&self, version: Option<i64>, now: DateTime<Utc>) -> Result<Step, Refusal> {
        self.in_nobodys_hands()?;
        if self.release_requested_at.is_some() {
            return Ok(Step::Same);
        }
        self.expect_version(version)?;
        let mut next = self.amended(now);
        next.release_requested_at = Some(now);
        Ok(Step::Next(Box::new(next)))
    }

    /// Tells the operator again what it refused; nothing when it refused nothing. A failed assignment is tried anew under
    /// every condition of an assignment.
    ///
    /// # Errors
    /// As for an assignment; `version_conflict`.
    pub fn retry(&self, facts: &Facts, version: Option<i64>, now: DateTime<Utc>) -> Result<Step, Refusal> {
        match (self.activation, &self.assigned) {
            (ActivationState::AssignmentFailed, Some(held)) => {
                let wish = Wish { target_id: held.target_id.clone(), category: None, version };
                self.assign(&wish, facts, held.id, now)
            }
            (ActivationState::UpdateFailed, _) => {
                self.expect_version(version)?;
                Ok(Step::Next(Box::new(self.told(now, ActivationState::UpdatePending))))
            }
            _ => Ok(Step::Same),
        }
    }

    /// The operator is told of something beside the assignment: what is pending or failed stays so, all else is pending now.
    fn amended(&self, now: DateTime<Utc>) -> Self {
        let activation = match self.activation {
            ActivationState::Activated => ActivationState::UpdatePending,
            other => other,
        };
        let next = self.told(now, activation);
        let waits = activation.is_pending();
        Self { fault: self.fault.clone(), pending_since: self.pending_since.or(next.pending_since).filter(|_| waits), ..next }
    }

    fn may_be_told(&self, facts: &Facts) -> Result<(), Refusal> {
        if facts.gate_open {
            return Ok(());
        }
        Err(Refusal::GateClosed { country: self.country.clone(), reason: facts.gate_reason.clone() })
    }

    fn in_nobodys_hands(&self) -> Result<(), Refusal> {
        if self.assigned.is_none() { Ok(()) } else { Err(Refusal::AlreadyAssigned) }
    }
}

/// Tags of a number at most.
pub const TAGS: usize = 50;
/// Signs of a tag at most.
pub const TAG_SIGNS: usize = 50;
/// Signs of a reservation's note at most.
pub const RESERVATION_SIGNS: usize = 200;
/// Signs of a release request's note at most.
pub const RELEASE_SIGNS: usize = 500;

/// Tags as they are kept: without blanks around them, each once, in order.
///
/// # Errors
/// `tag_invalid` for an empty list, an empty tag, one of more than 50 signs, or one with control signs.
pub fn read_tags(tags: &[String]) -> Result<Vec<String>, Refusal> {
    let mut read = Vec::with_capacity(tags.len());
    for tag in tags {
        let tag = tag.trim();
        if tag.is_empty() || tag.chars().count() > TAG_SIGNS || tag.chars().any(char::is_control) {
            return Err(Refusal::TagInvalid { tag: tag.chars().take(100).collect() });
        }
        read.push(tag.to_owned());
    }
    if read.is_empty() {
        return Err(Refusal::TagInvalid { tag: String::new() });
    }
    read.sort_unstable();
    read.dedup();
    Ok(read)
}

/// A note as it is kept.
///
/// # Errors
/// `note_invalid` when it is empty, too long or has control signs.
pub fn read_note(note: &str, signs: usize) -> Result<String, Refusal> {
    let note = note.trim();
    let wrong = note.is_empty() || note.chars().count() > signs || note.chars().any(|sign| sign.is_control() && sign != '\n');
    if wrong { Err(Refusal::NoteInvalid { signs }) } else { Ok(note.to_owned()) }
}
