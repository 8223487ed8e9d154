//! Moments as the machine API writes them: RFC 3339 in UTC with milliseconds (API.md 1).

use chrono::DateTime;
use chrono::SecondsFormat;
use chrono::Utc;
use serde::Serialize as _;
use serde::Serializer;

/// `2026-11-23T14:05:09.120Z`.
#[must_use]
pub fn wire_time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A moment, or none, in an answer: for `serialize_with`.
///
/// # Errors
/// When the serializer fails.
pub fn write_time<T: Copy + Into<Option<DateTime<Utc>>>, S: Serializer>(at: &T, serializer: S) -> Result<S::Ok, S::Error> {
    (*at).into().map(wire_time).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use serde::Serialize;

    use super::*;

    #[derive(Serialize)]
    struct Times {
        #[serde(serialize_with = "write_time")]
        at: DateTime<Utc>,
        #[serde(serialize_with = "write_time")]
        until: Option<DateTime<Utc>>,
        #[serde(serialize_with = "write_time")]
        never: Option<DateTime<Utc>>,
    }

    #[test]
    fn every_time_has_three_decimals() {
        let at = DateTime::UNIX_EPOCH + TimeDelta::microseconds(1_234_567);
        let times = Times { at: DateTime::UNIX_EPOCH, until: Some(at), never: None };
        let wanted = r#"{"at":"1970-01-01T00:00:00.000Z","until":"1970-01-01T00:00:01.234Z","never":null}"#;
        assert_eq!(serde_json::to_string(&times).expect("JSON"), wanted);
    }
}
