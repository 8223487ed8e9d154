//! Opaque cursors of keyset lists: the sort key of the last row shown, as URL-safe base64.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::DateTime;
use chrono::Datelike;
use chrono::Utc;
use uuid::Uuid;

use super::Failure;
use super::Problem;

/// The sort keys of one row, first to last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(pub Vec<String>);

/// A moment written as microseconds since 1970, in a year that a row can have: what lies far from that Postgres does not take.
#[must_use]
pub fn read_moment(text: &str) -> Option<DateTime<Utc>> {
    let at = text.parse().ok().and_then(DateTime::from_timestamp_micros)?;
    (1970..10_000).contains(&at.year()).then_some(at)
}

impl Cursor {
    /// The place of a row in a list by time.
    #[must_use]
    pub fn of_moment(at: DateTime<Utc>, id: Uuid) -> Self {
        Self(vec![at.timestamp_micros().to_string(), id.to_string()])
    }

    /// What [`Cursor::of_moment`] was made of.
    ///
    /// # Errors
    /// 400 `cursor_invalid`.
    pub fn moment(&self) -> Result<(DateTime<Utc>, Uuid), Failure> {
        let at = self.0.first().and_then(|at| read_moment(at));
        let id = self.0.get(1).and_then(|id| Uuid::try_parse(id).ok());
        at.zip(id).ok_or_else(invalid)
    }

    /// The opaque form.
    #[must_use]
    pub fn encode(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0.join("\u{1f}"))
    }

    /// Reads the opaque form of a cursor with `keys` parts.
    ///
    /// # Errors
    /// 400 `cursor_invalid`.
    pub fn decode(text: &str, keys: usize) -> Result<Self, Failure> {
        let parts = BASE64_URL_SAFE_NO_PAD
            .decode(text)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .filter(|text| !text.contains('\0'))
            .map(|text| text.split('\u{1f}').map(str::to_owned).collect::<Vec<_>>())
            .filter(|parts| parts.len() == keys);
        parts.map(Self).ok_or_else(invalid)
    }
}

fn invalid() -> Failure {
    Problem::new(400, "cursor_invalid", "This cursor is not one of this list. Start without a cursor.").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_the_address() {
        let cursor = Cursor(vec!["+4930".into(), "b".into()]);
        assert_eq!(Cursor::decode(&cursor.encode(), 2).ok(), Some(cursor.clone()));
        assert!(Cursor::decode(&cursor.encode(), 1).is_err());
        assert!(Cursor::decode("%%%", 1).is_err());
    }

    #[test]
    fn a_moment_is_one_that_rows_have() {
        let at = DateTime::from_timestamp_micros(1_790_000_000_123_456).expect("a time");
        let cursor = Cursor::of_moment(at, Uuid::max());
        assert_eq!(cursor.moment().ok(), Some((at, Uuid::max())));
        for at in ["", "x", "-1", "-210866803200000001", "253402300800000000", "9223372036854775807", "-9223372036854775808"] {
            assert!(Cursor(vec![at.to_owned(), Uuid::nil().to_string()]).moment().is_err(), "{at}");
        }
        assert!(Cursor(vec!["0".to_owned()]).moment().is_err());
        assert!(Cursor(vec!["0".to_owned(), "1".to_owned()]).moment().is_err());
    }
}
