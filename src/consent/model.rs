//! Words of consent and relationship.

use chrono::DateTime;
use chrono::Utc;
use uuid::Uuid;

use crate::transfers::Class;

/// Change list for the room numbers: a pair whose numbers may be announced again. `subject` is the consent's id.
pub const RESUMED: &str = "consent_resumed";

/// How a consent stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConsentStatus {
    /// Never given.
    None,
    Active,
    Suspended,
    Withdrawn,
}

impl ConsentStatus {
    /// `none`, `active`, `suspended` or `withdrawn`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Reads the word; anything unknown is `None`.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        [Self::Active, Self::Suspended, Self::Withdrawn].into_iter().find(|s| s.as_str() == text).unwrap_or(Self::None)
    }
}

/// What a tenant does with a consent it gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Suspend,
    Resume,
    Withdraw,
}

impl Verb {
    /// The last step of the page's address, and of the audit verb.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Suspend => "suspend",
            Self::Resume => "resume",
            Self::Withdraw => "withdraw",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        [Self::Suspend, Self::Resume, Self::Withdraw].into_iter().find(|verb| verb.as_str() == text)
    }

    /// Where it leads from a state; `None` when it is not possible there.
    pub(super) const fn from(self, status: ConsentStatus) -> Option<ConsentStatus> {
        match (self, status) {
            (Self::Suspend, ConsentStatus::Active) => Some(ConsentStatus::Suspended),
            (Self::Resume, ConsentStatus::Suspended) => Some(ConsentStatus::Active),
            (Self::Withdraw, ConsentStatus::Active | ConsentStatus::Suspended) => Some(ConsentStatus::Withdrawn),
            _ => None,
        }
    }

    /// The word in the ledger.
    pub(super) const fn ledger(self) -> &'static str {
        match self {
            Self::Suspend => "suspended",
            Self::Resume => "resumed",
            Self::Withdraw => "withdrawn",
        }
    }
}

/// Whom the operator may turn to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    pub name: String,
    pub email: String,
}

/// A consent as it stands.
#[derive(Clone, Debug)]
pub struct Consent {
    pub id: Uuid,
    pub tenant_id: Uuid,
    pub operator_id: Uuid,
    pub status: ConsentStatus,
    /// ISO 3166-1 alpha-2, sorted.
    pub countries: Vec<String>,
    pub classes: Vec<Class>,
    pub notice_version: String,
    pub notice_sha256: Vec<u8>,
    pub contact: Option<Contact>,
    pub accepted_by: String,
    /// Since when it has this status.
    pub since: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
}

/// How an operator sees its customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelationshipStatus {
    New,
    AgreementSigned,
    ConsentDeclined,
    ContractTerminated,
}

impl RelationshipStatus {
    /// Every value.
    pub const ALL: [Self; 4] = [Self::New, Self::AgreementSigned, Self::ConsentDeclined, Self::ContractTerminated];

    /// The word in tables and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::AgreementSigned => "agreement_signed",
            Self::ConsentDeclined => "consent_declined",
            Self::ContractTerminated => "contract_terminated",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// Whether it must say why.
    #[must_use]
    pub const fn needs_comment(self) -> bool {
        matches!(self, Self::ConsentDeclined | Self::ContractTerminated)
    }
}

/// The relationship of a pair.
#[derive(Clone, Debug)]
pub(super) struct Relationship {
    pub(super) status: RelationshipStatus,
    pub(super) comment: Option<String>,
    pub(super) updated_at: Option<DateTime<Utc>>,
}

impl Default for Relationship {
    fn default() -> Self {
        Self { status: RelationshipStatus::New, comment: None, updated_at: None }
    }
}

/// A notice text in one language.
#[derive(Clone, Debug)]
pub(super) struct Notice {
    pub(super) version: String,
    pub(super) language: String,
    pub(super) title: String,
    pub(super) body: String,
    pub(super) sha256: Vec<u8>,
    pub(super) published_at: DateTime<Utc>,
}

/// A customer of an operator.
#[derive(Clone, Debug)]
pub(super) struct CustomerRow {
    pub(super) id: Uuid,
    pub(super) slug: String,
    pub(super) name: String,
    pub(super) country: String,
    pub(super) time_zone: String,
    pub(super) consent: Consent,
    pub(super) relationship: Relationship,
    pub(super) numbers: i64,
    pub(super) assigned: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_withdrawn_consent_is_only_given_anew() {
        for verb in [Verb::Suspend, Verb::Resume, Verb::Withdraw] {
            assert_eq!(verb.from(ConsentStatus::Withdrawn), None);
            assert_eq!(verb.from(ConsentStatus::None), None);
        }
        assert_eq!(Verb::Withdraw.from(ConsentStatus::Suspended), Some(ConsentStatus::Withdrawn));
        assert_eq!(Verb::Resume.from(ConsentStatus::Active), None);
    }
}
