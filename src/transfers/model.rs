//! Classes, channels, states: the words of gate and register.

use chrono::DateTime;
use chrono::Utc;
use uuid::Uuid;

use crate::base::ConsentId;
use crate::base::Cursor;
use crate::base::OperatorId;
use crate::base::Problem;
use crate::base::TenantId;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $(#[doc = $text] $variant),+ }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in tables and on the wire.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// Reads the word.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

words! {
    /// What kind of data flows.
    Class {
        Numbers = "numbers",
        Calls = "calls",
        Quality = "quality",
        Durations = "durations",
        EmergencyLocation = "emergency_location",
    }
}

words! {
    /// Who gives to whom.
    Direction { ToOperator = "to_operator", FromOperator = "from_operator" }
}

words! {
    /// Through what.
    Channel {
        Push = "push",
        Pull = "pull",
        Feed = "feed",
        Page = "page",
        Export = "export",
        Batch = "batch",
        Import = "import",
    }
}

words! {
    /// How a transfer ended: the other side said so, nobody knows, or it surely did not arrive.
    TransferState { Confirmed = "confirmed", Unconfirmed = "unconfirmed", Failed = "failed" }
}

words! {
    /// The ground data flowed on, as a word.
    Ground { Consent = "consent", WindDown = "wind_down" }
}

/// On what ground data flows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Basis {
    /// An accepted consent and the version of its notice text.
    Consent { id: ConsentId, notice_version: String },
    /// Never gated: needed to unwind a relationship safely (DESIGN 8).
    WindDown,
}

/// A gate as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateState {
    pub open: bool,
    pub consent_id: ConsentId,
    pub notice_version: String,
    /// `suspended`, `withdrawn` or `not_granted` when closed.
    pub reason: Option<String>,
}

impl GateState {
    /// The basis an open gate gives.
    #[must_use]
    pub fn basis(&self) -> Basis {
        Basis::Consent { id: self.consent_id, notice_version: self.notice_version.clone() }
    }

    /// 451 with the consent's state: for data that exists and may not flow now.
    #[must_use]
    pub fn withheld(reason: Option<&str>) -> Problem {
        match reason {
            Some("suspended") => {
                Problem::new(451, "consent_suspended", "The customer has suspended its consent. Nothing flows until it resumes.")
            }
            Some("withdrawn") => Problem::new(451, "consent_withdrawn", "The customer has withdrawn its consent."),
            _ => Problem::new(451, "consent_missing", "The customer's consent does not cover this country and data class."),
        }
    }
}

/// A gate and its openings: what was written under an opening that has ended is never handed over any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Openings {
    pub gate: GateState,
    /// Number of the last opening, from 1; 0 when the gate was never open.
    pub opening: i64,
    /// Why each opening ended, the first at place 0.
    pub closed_for: Vec<String>,
}

impl Openings {
    /// The basis on which what was written under this opening may leave now, or why it may not. `None`: it was written when there
    /// was no gate.
    ///
    /// # Errors
    /// `suspended`, `withdrawn` or `not_granted`.
    pub fn pass(&self, opening: Option<i64>) -> Result<Basis, &str> {
        match opening {
            Some(opening) if opening == self.opening && self.gate.open => Ok(self.gate.basis()),
            Some(opening) if opening == self.opening => Err(self.gate.reason.as_deref().unwrap_or(NEVER)),
            Some(opening) => {
                let place = usize::try_from(opening - 1).ok();
                Err(place.and_then(|place| self.closed_for.get(place)).map_or(NEVER, String::as_str))
            }
            None => Err(NEVER),
        }
    }
}

/// Why a gate is closed that nobody opened.
const NEVER: &str = "not_granted";

/// An entry to be written.
#[derive(Clone, Debug)]
pub struct NewTransfer {
    pub tenant: TenantId,
    pub operator: OperatorId,
    pub direction: Direction,
    /// At least one.
    pub classes: Vec<Class>,
    pub channel: Channel,
    pub state: TransferState,
    pub records: i64,
    pub period: Option<(DateTime<Utc>, DateTime<Utc>)>,
    pub basis: Basis,
    /// SHA-256 of the bytes handed over, where there is one body.
    pub digest: Option<[u8; 32]>,
    /// What: an event id, a page, a batch.
    pub reference: String,
    /// Who asked, where a person or client did; personal part.
    pub actor_label: Option<String>,
    /// From then on the entry is final: now for what is settled at once, later for what is still under way.
    pub frozen_at: DateTime<Utc>,
}

/// A view of a page or list that shows the other party's data; coalesced per 15 minutes.
#[derive(Clone, Debug)]
pub struct View<'a> {
    pub tenant: TenantId,
    pub operator: OperatorId,
    pub classes: &'a [Class],
    pub basis: Basis,
    /// The page: `numbers`, `numbers/{e164}`.
    pub name: &'a str,
    pub records: i64,
}

/// What of the register to list; half open in time.
#[derive(Clone, Debug, Default)]
pub struct TransferFilter {
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
    pub tenant: Option<TenantId>,
    pub operator: Option<OperatorId>,
    pub direction: Option<Direction>,
    pub class: Option<Class>,
    pub channel: Option<Channel>,
    pub state: Option<TransferState>,
    pub ground: Option<Ground>,
    pub reference: Option<String>,
}

/// Which page of the list, newest first. A cursor has two parts: time in microseconds and id.
#[derive(Clone, Debug, Default)]
pub enum Position {
    /// The newest.
    #[default]
    Start,
    /// Those older than this entry.
    After(Cursor),
    /// Those newer than this entry, the nearest first cut.
    Before(Cursor),
}

/// What entries of one kind add up to.
#[derive(Clone, Debug)]
pub struct TransferTotal {
    pub direction: String,
    pub classes: Vec<String>,
    pub basis: String,
    pub notice_version: Option<String>,
    /// Entries of any state.
    pub entries: i64,
    /// Records in entries that did not fail.
    pub records: i64,
}

/// An entry of the register as listed.
#[derive(Clone, Debug)]
pub struct TransferRow {
    pub id: Uuid,
    pub at: DateTime<Utc>,
    pub tenant_id: Uuid,
    pub tenant_name: String,
    pub operator_id: Uuid,
    pub operator_name: String,
    pub direction: String,
    pub classes: Vec<String>,
    pub channel: String,
    pub state: String,
    pub records: i64,
    pub period_from: Option<DateTime<Utc>>,
    pub period_to: Option<DateTime<Utc>>,
    pub basis: String,
    pub consent_id: Option<Uuid>,
    pub notice_version: Option<String>,
    pub digest: Option<Vec<u8>>,
    pub reference: String,
    pub actor_label: Option<String>,
    pub frozen_at: DateTime<Utc>,
    /// Its number in the reader's own chain; `None` until it is chained.
    pub seq: Option<i64>,
    /// Its hash there.
    pub hash: Option<Vec<u8>>,
}

impl TransferRow {
    /// The place of this entry in the list.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        Cursor::of_moment(self.at, self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_withheld_stays_withheld() {
        let gate = |open: bool, reason: Option<&str>| GateState {
            open,
            consent_id: ConsentId(Uuid::from_u128(1)),
            notice_version: "1".to_owned(),
            reason: reason.map(str::to_owned),
        };
        let ended = || vec!["suspended".to_owned(), "withdrawn".to_owned()];
        let open = Openings { gate: gate(true, None), opening: 3, closed_for: ended() };
        assert_eq!(open.pass(Some(3)), Ok(open.gate.basis()));
        let answers = [open.pass(Some(1)), open.pass(Some(2)), open.pass(Some(0)), open.pass(None)];
        assert_eq!(answers, [Err("suspended"), Err("withdrawn"), Err("not_granted"), Err("not_granted")]);
        let closed = Openings { gate: gate(false, Some("suspended")), opening: 2, closed_for: ended() };
        assert_eq!([closed.pass(Some(2)), closed.pass(Some(1))], [Err("suspended"), Err("suspended")]);
    }

    #[test]
    fn every_word_reads_itself() {
        for class in Class::ALL {
            assert_eq!(Class::parse(class.as_str()), Some(*class));
        }
        assert_eq!(Channel::parse("fax"), None);
    }
}
