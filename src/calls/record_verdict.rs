//! What becomes of a row of call records, and what is wrong with it.

macro_rules! verdicts {
    ($($(#[$doc:meta])* $variant:ident = $text:literal),+ $(,)?) => {
        /// What became of a row. The order is that of judging: the first that applies (API.md 3).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum CallVerdict { $($(#[$doc])* $variant),+ }

        impl CallVerdict {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word in tables and on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
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

verdicts! {
    /// No JSON object, or a field twice.
    LineMalformed = "line_malformed",
    FieldUnknown = "field_unknown",
    /// `tenant_id`, `operator_id`, `call_id`, `e164` or `invited_at` is missing.
    KeyMissing = "key_missing",
    /// `e164` is none, by syntax.
    E164Invalid = "e164_invalid",
    TimeInvalid = "time_invalid",
    /// Any other field.
    ValueInvalid = "value_invalid",
    /// Older than what is kept.
    TimeBeforeRetention = "time_before_retention",
    OperatorUnknown = "operator_unknown",
    TenantUnknown = "tenant_unknown",
    /// Nobody had the number in stock when the call began.
    NumberUnknown = "number_unknown",
    /// The leg is known with another `invited_at`, at most 31 days away.
    TimeChanged = "time_changed",
    /// The same version with other content.
    VersionConflict = "version_conflict",
    Duplicate = "duplicate",
    /// A higher version is held.
    Superseded = "superseded",
    Accepted = "accepted",
}

impl CallVerdict {
    /// Whether the row counts as rejected: it has to be mended to go in.
    #[must_use]
    pub fn is_rejected(self) -> bool {
        self <= Self::VersionConflict
    }
}

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub verdict: CallVerdict,
    pub field: Option<String>,
    pub value: Option<String>,
    pub fix: String,
}

impl Fault {
    pub fn new(verdict: CallVerdict, field: &str, value: Option<String>, fix: impl Into<String>) -> Self {
        Self { verdict, field: Some(field.to_owned()).filter(|field| !field.is_empty()), value, fix: fix.into() }
    }
}

/// Keeps the fault that comes first in the order of judging.
#[derive(Debug, Default)]
pub(super) struct Faults(Option<Fault>);

impl Faults {
    pub fn note(&mut self, fault: Fault) {
        if self.0.as_ref().is_none_or(|held| fault.verdict < held.verdict) {
            self.0 = Some(fault);
        }
    }

    pub fn first(self) -> Option<Fault> {
        self.0
    }

    pub fn none(&self) -> bool {
        self.0.is_none()
    }
}
