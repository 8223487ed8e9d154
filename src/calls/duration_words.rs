//! Words of durations: verdicts in the order in which they are given, formats, sources.

macro_rules! verdicts {
    ($($name:ident = $text:literal),+ $(,)?) => {
        /// What became of a row, the first that applies.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Verdict { $(#[doc = $text] $name),+ }

        impl Verdict {
            /// Every verdict, first to last.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The word in tables and on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }

            /// Reads the word.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$name),)+ _ => None }
            }
        }
    };
}

verdicts! {
    LineMalformed = "line_malformed",
    FieldUnknown = "field_unknown",
    KeyMissing = "key_missing",
    E164Invalid = "e164_invalid",
    TimeInvalid = "time_invalid",
    DurationInvalid = "duration_invalid",
    ValueInvalid = "value_invalid",
    TimeInFuture = "time_in_future",
    TimeBeforeRetention = "time_before_retention",
    NumberUnknown = "number_unknown",
    NumberNotYours = "number_not_yours",
    NumberNotHeldThen = "number_not_held_then",
    ConsentMissing = "consent_missing",
    VersionConflict = "version_conflict",
    Duplicate = "duplicate",
    Superseded = "superseded",
    Accepted = "accepted",
}

impl Verdict {
    /// Whether the row was refused: something about it has to be mended.
    #[must_use]
    pub fn is_rejected(self) -> bool {
        self < Self::Duplicate
    }
}

/// How the rows of a batch are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DurationFormat {
    /// One JSON object a line.
    Ndjson,
    /// RFC 4180 with a header.
    Csv,
    /// One JSON array of objects.
    Json,
}

impl DurationFormat {
    /// `ndjson`, `csv` or `json`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Ndjson, Self::Csv, Self::Json].into_iter().find(|format| format.as_str() == text)
    }

    /// By media type.
    #[must_use]
    pub fn of_media_type(text: &str) -> Option<Self> {
        match text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Some(Self::Ndjson),
            "text/csv" => Some(Self::Csv),
            "application/json" => Some(Self::Json),
            _ => None,
        }
    }
}

/// Through which door a batch came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DurationSource {
    Api,
    Upload,
}

impl DurationSource {
    /// `api` or `upload`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Upload => "upload",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verdict_reads_itself_and_three_are_no_rejects() {
        for verdict in Verdict::ALL {
            assert_eq!(Verdict::parse(verdict.as_str()), Some(*verdict));
        }
        let taken: Vec<_> = Verdict::ALL.iter().filter(|verdict| !verdict.is_rejected()).collect();
        assert_eq!(taken, [&Verdict::Duplicate, &Verdict::Superseded, &Verdict::Accepted]);
    }
}
