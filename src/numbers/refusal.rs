//! Why an act on a number does not happen: typed, in plain words, with a way to mend it.

use chrono::DateTime;
use chrono::Utc;

use super::words::Capability;
use super::words::TargetKind;
use super::words::Usage;
use crate::base::Failure;
use crate::base::Problem;

/// A typed refusal (API.md 5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No open gate for numbers of this country; `reason` is the gate's: `suspended`, `withdrawn`, `not_granted`.
    GateClosed {
        country: String,
        reason: Option<String>,
    },
    /// The operator ended the contract.
    RelationshipEnded,
    /// Not here, or somebody else's.
    NumberNotFound,
    AlreadyAssigned,
    NotAssigned,
    /// `None`: for ever.
    Quarantined {
        until: Option<DateTime<Utc>>,
    },
    Reserved,
    TargetUnknown,
    TargetNotLicensed,
    CountryMismatch {
        number: String,
        target: String,
    },
    UsageMismatch {
        usage: Usage,
        kind: TargetKind,
    },
    CapabilityMissing {
        capability: Capability,
    },
    EmergencyLocationRequired,
    PrimaryExists,
    /// Changed since the caller read it.
    VersionConflict {
        current: i64,
    },
    /// The operator alone sets the emergency location.
    EmergencyLocationFixed,
    EmergencyLocationUnknown,
    TagInvalid {
        tag: String,
    },
    /// More than 50 on one number.
    TagsTooMany,
    /// Empty or longer than so many signs.
    NoteInvalid {
        signs: usize,
    },
    QuarantineInvalid {
        days: i32,
    },
}

impl Refusal {
    /// Every code, in the order of API.md.
    pub const CODES: [&'static str; 21] = [
        "gate_closed",
        "relationship_ended",
        "number_not_found",
        "already_assigned",
        "not_assigned",
        "quarantined",
        "reserved",
        "target_unknown",
        "target_not_licensed",
        "country_mismatch",
        "usage_mismatch",
        "capability_missing",
        "emergency_location_required",
        "primary_exists",
        "version_conflict",
        "emergency_location_fixed",
        "emergency_location_unknown",
        "tag_invalid",
        "tags_too_many",
        "note_invalid",
        "quarantine_invalid",
    ];

    /// The stable code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::GateClosed { .. } => "gate_closed",
            Self::RelationshipEnded => "relationship_ended",
            Self::NumberNotFound => "number_not_found",
            Self::AlreadyAssigned => "already_assigned",
            Self::NotAssigned => "not_assigned",
            Self::Quarantined { .. } => "quarantined",
            Self::Reserved => "reserved",
            Self::TargetUnknown => "target_unknown",
            Self::TargetNotLicensed => "target_not_licensed",
            Self::CountryMismatch { .. } => "country_mismatch",
            Self::UsageMismatch { .. } => "usage_mismatch",
            Self::CapabilityMissing { .. } => "capability_missing",
            Self::EmergencyLocationRequired => "emergency_location_required",
            Self::PrimaryExists => "primary_exists",
            Self::VersionConflict { .. } => "version_conflict",
            Self::EmergencyLocationFixed => "emergency_location_fixed",
            Self::EmergencyLocationUnknown => "emergency_location_unknown",
            Self::TagInvalid { .. } => "tag_invalid",
            Self::TagsTooMany => "tags_too_many",
            Self::NoteInvalid { .. } => "note_invalid",
            Self::QuarantineInvalid { .. } => "quarantine_invalid",
        }
    }

    /// 404 for a number that is not here, 412 for a stale version, else 422.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::NumberNotFound => 404,
            Self::VersionConflict { .. } => 412,
            _ => 422,
        }
    }

    /// What is wrong, in English.
    #[must_use]
    pub fn detail(&self) -> String {
        match self {
            Self::GateClosed { country, reason } => {
                let why = match reason.as_deref() {
                    Some("suspended") => "the consent is suspended",
                    Some("withdrawn") => "the consent was withdrawn",
                    _ => "no consent covers it",
                };
                format!("Numbers of {country} may not be announced to this operator now: {why}.")
            }
            Self::RelationshipEnded => "The operator ended its contract with you and takes no new assignments.".to_owned(),
            Self::NumberNotFound => "There is no such number here.".to_owned(),
            Self::AlreadyAssigned => "The number is assigned.".to_owned(),
            Self::NotAssigned => "The number is not assigned.".to_owned(),
            Self::Quarantined { until: Some(until) } => {
                format!("The number rests after its last use until {} UTC.", until.format("%Y-%m-%d %H:%M"))
            }
            Self::Quarantined { until: None } => "The number is blocked for good after its last use.".to_owned(),
            Self::Reserved => "The number is reserved.".to_owned(),
            Self::TargetUnknown => "There is no such person or account in your directory.".to_owned(),
            Self::TargetNotLicensed => "The person or account has no licence for telephone numbers.".to_owned(),
            Self::CountryMismatch { number, target } => {
                format!("The number belongs to {number}, but the usage location is {target}.")
            }
            Self::UsageMismatch { usage, kind } => {
                format!("A number for usage {} does not fit a target of kind {}.", usage.as_str(), kind.as_str())
            }
            Self::CapabilityMissing { capability } => {
                format!("The operator does not offer {} on this number.", capability.as_str())
            }
            Self::EmergencyLocationRequired => "The operator asks for an emergency location before assignment.".to_owned(),
            Self::PrimaryExists => "This person or account has a primary number already.".to_owned(),
            Self::VersionConflict { current } => {
                format!("The number was changed in the meantime and is now version {current}.")
            }
            Self::EmergencyLocationFixed => "The operator alone sets the emergency location of this number.".to_owned(),
            Self::EmergencyLocationUnknown => "There is no such location in your address book.".to_owned(),
            Self::TagInvalid { .. } => "A tag has 1 to 50 signs.".to_owned(),
            Self::TagsTooMany => "A number has at most 50 tags.".to_owned(),
            Self::NoteInvalid { signs } => format!("A note has 1 to {signs} signs."),
            Self::QuarantineInvalid { .. } => "The quarantine is not of a length that is possible.".to_owned(),
        }
    }

    /// How to mend it, in English.
    #[must_use]
    pub fn fix(&self) -> &'static str {
        match self {
            Self::GateClosed { .. } => "Accept or resume the consent for this operator and country.",
            Self::RelationshipEnded => "Take a number of another operator, or ask this operator for a new contract.",
            Self::NumberNotFound => "Look the number up in your list of numbers.",
            Self::AlreadyAssigned => "Unassign it first, or take another number.",
            Self::NotAssigned => "Nothing needs to be done.",
            Self::Quarantined { .. } => "Take another number, or wait until the quarantine ends.",
            Self::Reserved => "Take another number, or lift the reservation.",
            Self::TargetUnknown => "Choose somebody from the list of targets.",
            Self::TargetNotLicensed => "Give the person or account a licence, or choose another one.",
            Self::CountryMismatch { .. } => "Take a number of the same country, or correct the usage location.",
            Self::UsageMismatch { .. } => "Take a number of the right usage, or change the usage of this one.",
            Self::CapabilityMissing { .. } => "Take another number, or ask the operator to add the capability.",
            Self::EmergencyLocationRequired => "Set an emergency location on the number first.",
            Self::PrimaryExists => "Assign it as an alternate number, or unassign the primary one first.",
            Self::VersionConflict { .. } => "Read the number again and repeat.",
            Self::EmergencyLocationFixed => "Ask the operator to change it.",
            Self::EmergencyLocationUnknown => "Choose one of the address book, or add it there first.",
            Self::TagInvalid { .. } => "Shorten it, or leave it out.",
            Self::TagsTooMany => "Take a tag off first.",
            Self::NoteInvalid { .. } => "Say in a few words what it is for.",
            Self::QuarantineInvalid { .. } => "Send 1 to 365 days, 0 for none or -1 for ever.",
        }
    }

    /// The field of the call that it is about.
    #[must_use]
    pub fn field(&self) -> &'static str {
        match self {
            Self::TargetUnknown | Self::TargetNotLicensed | Self::CountryMismatch { .. } | Self::UsageMismatch { .. } => {
                "target_id"
            }
            Self::PrimaryExists => "category",
            Self::VersionConflict { .. } => "version",
            Self::EmergencyLocationFixed | Self::EmergencyLocationUnknown => "emergency_location_id",
            Self::TagInvalid { .. } | Self::TagsTooMany => "tags",
            Self::NoteInvalid { .. } => "note",
            Self::QuarantineInvalid { .. } => "quarantine_days",
            _ => "e164",
        }
    }

    /// What was said there, where that is not plain from the field.
    #[must_use]
    pub fn value(&self) -> Option<String> {
        match self {
            Self::TagInvalid { tag } => Some(tag.clone()),
            Self::QuarantineInvalid { days } => Some(days.to_string()),
            _ => None,
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let (code, field) = (refusal.code(), refusal.field());
        Self::new(refusal.status(), code, refusal.detail()).field(field, code, refusal.value(), refusal.fix())
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Problem::from(refusal).into()
    }
}
