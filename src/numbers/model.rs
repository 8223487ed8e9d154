//! A number and the one pure machine that changes it. No clock, no database: what the machine must know comes in
//! [`Facts`], what comes out is the next state or a [`Refusal`].

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use uuid::Uuid;

use super::refusal::Refusal;
use super::words::ActivationState;
use super::words::AssignmentStatus;
use super::words::Capability;
use super::words::Category;
use super::words::EmergencyMode;
use super::words::Kind;
use super::words::TargetKind;
use super::words::Usage;
use crate::base::E164;
use crate::base::OperatorId;
use crate::base::SipUri;
use crate::base::TenantId;

/// How long a number rests after its last use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Quarantine {
    #[default]
    None,
    /// Assignable again from this time on.
    Until(DateTime<Utc>),
    Forever,
}

impl Quarantine {
    /// The rest that begins now. `days`: 0 none, negative for ever.
    #[must_use]
    pub fn of_days(days: i32, now: DateTime<Utc>) -> Self {
        match days {
            0 => Self::None,
            days if days < 0 => Self::Forever,
            days => Self::Until(now + TimeDelta::days(days.into())),
        }
    }

    /// Whether the number rests at that time.
    #[must_use]
    pub fn holds(self, now: DateTime<Utc>) -> bool {
        match self {
            Self::None => false,
            Self::Until(until) => until > now,
            Self::Forever => true,
        }
    }
}

/// Who has a number. Tenant only: an operator never sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assigned {
    pub id: Uuid,
    pub target_id: String,
    pub target_kind: TargetKind,
    pub target_name: String,
    pub category: Category,
    pub assigned_at: DateTime<Utc>,
}

/// Why the operator cannot serve the number as asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The operator's own code, `snake_case`.
    pub code: String,
    pub reason: String,
}

/// A number in stock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number {
    pub tenant: TenantId,
    pub operator: OperatorId,
    pub e164: E164,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    pub kind: Kind,
    pub usage: Usage,
    pub capabilities: Vec<Capability>,
    pub city: Option<String>,
    pub billing_ref: Option<String>,
    pub operator_note: Option<String>,
    /// The numbering plan lists it.
    pub listed: bool,
    pub emergency_mode: EmergencyMode,
    pub emergency_location: Option<Uuid>,
    pub activation: ActivationState,
    pub status: AssignmentStatus,
    /// Set exactly when `status` is not `unassigned`.
    pub assigned: Option<Assigned>,
    /// Set exactly in `assignment_failed` and `update_failed`.
    pub fault: Option<Fault>,
    pub quarantine: Quarantine,
    /// Since when the tenant asks the operator to take the number back.
    pub release_requested_at: Option<DateTime<Utc>>,
    /// Counts every change the operator is told of; never goes back for an E.164 number.
    pub number_seq: i64,
    /// Counts what tenant or operator decided; the operator's confirmation is none. The `ETag`.
    pub version: i64,
    pub pending_since: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub changed_at: DateTime<Utc>,
    /// The tenant's name, as operators read it.
    pub tenant_name: String,
    /// Host part of the tenant's SIP URIs.
    pub sip_domain: String,
}

/// A person, account or other thing that can have numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub id: String,
    pub kind: TargetKind,
    pub display_name: String,
    pub upn: Option<String>,
    /// ISO 3166-1 alpha-2; `None`: fits numbers of any country.
    pub usage_location: Option<String>,
    pub licensed: bool,
    pub department: Option<String>,
}

/// An address in the tenant's address book, for emergency calls.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Place {
    pub id: Uuid,
    pub label: String,
    pub street: String,
    pub house_number: String,
    pub postal_code: String,
    pub city: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    pub additional: Option<String>,
    /// Degrees, -90 to 90.
    pub latitude: Option<f64>,
    /// Degrees, -180 to 180.
    pub longitude: Option<f64>,
    pub validated: bool,
}

impl Place {
    /// `Hauptstr. 1, 10115 Berlin`.
    #[must_use]
    pub fn line(&self) -> String {
        let street = [self.street.as_str(), self.house_number.as_str()].join(" ");
        format!("{}, {} {}", street.trim(), self.postal_code, self.city)
    }
}

/// What is wished for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    pub target_id: String,
    /// `None`: primary if the target has none, else alternate.
    pub category: Option<Category>,
    /// The version the caller has seen; `None`: any.
    pub version: Option<i64>,
}

/// What the machine must know besides the number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is looked up by itself and asked once")]
pub struct Facts {
    pub gate_open: bool,
    /// Why the gate is closed.
    pub gate_reason: Option<String>,
    pub relationship_ended: bool,
    pub reserved: bool,
    /// The target wished for, if it exists and has not left.
    pub target: Option<Target>,
    /// Whether the target has another number as its primary one.
    pub has_primary: bool,
}

/// What a step leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is so already: nothing to write, nobody to tell.
    Same,
    Next(Box<Number>),
}

impl Number {
    /// The URI under which the platform takes calls to the number; none while nobody has it.
    #[must_use]
    pub fn sip_uri(&self) -> Option<SipUri> {
        self.assigned.as_ref().map(|_| SipUri::of(&self.e164, &self.sip_domain))
    }

    /// The operator has the event of that `number_seq`. An older one says nothing of the present state.
    #[must_use]
    pub fn confirm(&self, number_seq: i64, now: DateTime<Utc>) -> Step {
        if number_seq != self.number_seq || !self.activation.is_pending() {
            return Step::Same;
        }
        let next =
            Self { activation: ActivationState::Activated, fault: None, pending_since: None, changed_at: now, ..self.clone() };
        Step::Next(Box::new(next))
    }

    /// The operator cannot serve the number as its newest event asks. Again the same: nothing changes.
    ///
    /// # Errors
    /// `not_assigned` when there is nothing to refuse: the number is in nobody's hands and the operator knows.
    pub fn refuse(&self, fault: Fault, now: DateTime<Utc>) -> Result<Step, Refusal> {
        let activation = match (self.assigned.is_some(), self.activation) {
            (_, ActivationState::AssignmentFailed | ActivationState::UpdateFailed) => return Ok(Step::Same),
            (_, ActivationState::UpdatePending) => ActivationState::UpdateFailed,
            (true, _) => ActivationState::AssignmentFailed,
            (false, _) => return Err(Refusal::NotAssigned),
        };
        Ok(Step::Next(Box::new(Self {
            activation,
            fault: Some(fault),
            pending_since: None,
            version: self.version + 1,
            changed_at: now,
            ..self.clone()
        })))
    }

    /// The operator is told of a change: the next `number_seq` and version, pending since now.
    pub(super) fn told(&self, now: DateTime<Utc>, activation: ActivationState) -> Self {
        Self {
            activation,
            fault: None,
            number_seq: self.number_seq + 1,
            version: self.version + 1,
            pending_since: Some(now),
            changed_at: now,
            ..self.clone()
        }
    }

    pub(super) fn expect_version(&self, seen: Option<i64>) -> Result<(), Refusal> {
        match seen {
            Some(seen) if seen != self.version => Err(Refusal::VersionConflict { current: self.version }),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
