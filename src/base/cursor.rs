//! Opaque cursors of keyset lists: the sort key of the last row shown, as URL-safe base64.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use super::Failure;
use super::Problem;

/// The sort keys of one row, first to last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(pub Vec<String>);

impl Cursor {
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
        parts.map(Self).ok_or_else(|| {
            Problem::new(400, "cursor_invalid", "This cursor is not one of this list. Start without a cursor.").into()
        })
    }
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
}
