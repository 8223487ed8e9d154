//! Giving a number to a target and taking it back.

use chrono::DateTime;
use chrono::Utc;
use uuid::Uuid;

use super::model::Assigned;
use super::model::Facts;
use super::model::Number;
use super::model::Quarantine;
use super::model::Step;
use super::model::Target;
use super::model::Wish;
use super::refusal::Refusal;
use super::words::ActivationState;
use super::words::AssignmentStatus;
use super::words::Category;
use super::words::EmergencyMode;
use super::words::Kind;
use super::words::Usage;

impl Number {
    /// Gives the number to a target. The same wish again changes nothing, unless the operator refused it: then it is a
    /// new try. `id` names the assignment.
    ///
    /// # Errors
    /// The first [`Refusal`] that applies.
    pub fn assign(&self, wish: &Wish, facts: &Facts, id: Uuid, now: DateTime<Utc>) -> Result<Step, Refusal> {
        let failed = self.activation == ActivationState::AssignmentFailed;
        let same = self
            .assigned
            .as_ref()
            .is_some_and(|held| held.target_id == wish.target_id && wish.category.is_none_or(|category| category == held.category));
        if same && !failed {
            return Ok(Step::Same);
        }
        self.expect_version(wish.version)?;
        if !facts.gate_open {
            return Err(Refusal::GateClosed { country: self.country.clone(), reason: facts.gate_reason.clone() });
        }
        if facts.relationship_ended {
            return Err(Refusal::RelationshipEnded);
        }
        if self.assigned.is_some() && !same {
            return Err(Refusal::AlreadyAssigned);
        }
        if facts.reserved {
            return Err(Refusal::Reserved);
        }
        self.rested(now)?;
        let target = facts.target.as_ref().ok_or(Refusal::TargetUnknown)?;
        self.fits(target)?;
        let category = category_for(wish, facts)?;
        let held = self.assigned.clone().filter(|_| same);
        let mut next = self.told(now, ActivationState::AssignmentPending);
        next.status = target.kind.status();
        next.quarantine = Quarantine::None;
        next.release_requested_at = None;
        next.assigned = Some(held.unwrap_or_else(|| Assigned {
            id,
            target_id: target.id.clone(),
            target_kind: target.kind,
            target_name: target.display_name.clone(),
            category,
            assigned_at: now,
        }));
        Ok(Step::Next(Box::new(next)))
    }

    /// Takes the number back. Never refused for lack of consent.
    ///
    /// # Errors
    /// `not_assigned`, `version_conflict`.
    pub fn unassign(&self, quarantine: Quarantine, version: Option<i64>, now: DateTime<Utc>) -> Result<Step, Refusal> {
        self.expect_version(version)?;
        if self.assigned.is_none() {
            return Err(Refusal::NotAssigned);
        }
        let mut next = self.told(now, ActivationState::UpdatePending);
        next.status = AssignmentStatus::Unassigned;
        next.assigned = None;
        next.quarantine = quarantine;
        Ok(Step::Next(Box::new(next)))
    }

    /// Makes it another of its holder's numbers. Operators never learn of it.
    ///
    /// # Errors
    /// `not_assigned`, `primary_exists`, `version_conflict`.
    pub fn set_category(&self, category: Category, has_primary: bool, version: Option<i64>) -> Result<Step, Refusal> {
        let held = self.assigned.as_ref().ok_or(Refusal::NotAssigned)?;
        if held.category == category {
            return Ok(Step::Same);
        }
        self.expect_version(version)?;
        if category == Category::Primary && has_primary {
            return Err(Refusal::PrimaryExists);
        }
        let assigned = Some(Assigned { category, ..held.clone() });
        Ok(Step::Next(Box::new(Self { assigned, ..self.clone() })))
    }

    fn rested(&self, now: DateTime<Utc>) -> Result<(), Refusal> {
        match self.quarantine {
            Quarantine::Until(until) if self.quarantine.holds(now) => Err(Refusal::Quarantined { until: Some(until) }),
            Quarantine::Forever => Err(Refusal::Quarantined { until: None }),
            _ => Ok(()),
        }
    }

    fn fits(&self, target: &Target) -> Result<(), Refusal> {
        if target.kind.needs_licence() && !target.licensed {
            return Err(Refusal::TargetNotLicensed);
        }
        // International freephone belongs to no country.
        if let Some(location) = target.usage_location.as_ref().filter(|at| self.kind != Kind::Uifn && **at != self.country) {
            return Err(Refusal::CountryMismatch { number: self.country.clone(), target: location.clone() });
        }
        if !target.kind.takes(self.usage) {
            return Err(Refusal::UsageMismatch { usage: self.usage, kind: target.kind });
        }
        let capability = self.usage.capability();
        if !self.capabilities.contains(&capability) {
            return Err(Refusal::CapabilityMissing { capability });
        }
        // Only people dial emergency numbers from their number.
        if self.emergency_mode == EmergencyMode::Tenant && self.emergency_location.is_none() && self.usage == Usage::User {
            return Err(Refusal::EmergencyLocationRequired);
        }
        Ok(())
    }
}

fn category_for(wish: &Wish, facts: &Facts) -> Result<Category, Refusal> {
    match wish.category {
        None if facts.has_primary => Ok(Category::Alternate),
        None => Ok(Category::Primary),
        Some(Category::Primary) if facts.has_primary => Err(Refusal::PrimaryExists),
        Some(category) => Ok(category),
    }
}
