//! E.164 numbers (ITU-T E.164, section 6): `+`, a country code that does not begin with 0, at most 15 digits in all.

use std::fmt;

use serde::Deserialize;
use serde::Serialize;

/// A telephone number in E.164 form, `+` included.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct E164(String);

/// Why a text is no E.164 number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum E164Error {
    #[error("A number begins with + and its country code, as in +493023125010.")]
    NoPlus,
    #[error("A number holds digits only after the +.")]
    NotDigits,
    #[error("No country code begins with 0: leave out the trunk prefix, as in +493023125010.")]
    LeadingZero,
    #[error("A number has 3 to 15 digits.")]
    Length,
}

impl E164 {
    /// Reads the strict form used by machines.
    ///
    /// # Errors
    /// Says which rule the text breaks.
    pub fn parse(text: &str) -> Result<Self, E164Error> {
        let digits = text.strip_prefix('+').ok_or(E164Error::NoPlus)?;
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(E164Error::NotDigits);
        }
        if digits.starts_with('0') {
            return Err(E164Error::LeadingZero);
        }
        if !(3..=15).contains(&digits.len()) {
            return Err(E164Error::Length);
        }
        Ok(Self(text.to_owned()))
    }

    /// Reads what people type or paste: `tel:` in front, blanks, dots, dashes, slashes and brackets between the digits,
    /// `00` for `+`, `(0)` for a trunk prefix to be left out.
    ///
    /// # Errors
    /// Says which rule the text breaks.
    pub fn read(text: &str) -> Result<Self, E164Error> {
        let text = text.trim();
        let text = text.strip_prefix("tel:").unwrap_or(text).replace("(0)", "");
        let mut kept: String = text
            .chars()
            .filter(|c| !matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '.' | '-' | '\u{2011}' | '/' | '(' | ')' | '\t'))
            .collect();
        if kept.starts_with("00") {
            kept.replace_range(..2, "+");
        }
        Self::parse(&kept)
    }

    /// The number, `+` included.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The digits without `+`.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.0[1..]
    }
}

impl fmt::Display for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for E164 {
    type Error = E164Error;
    fn try_from(text: String) -> Result<Self, E164Error> {
        Self::parse(&text)
    }
}

impl From<E164> for String {
    fn from(number: E164) -> Self {
        number.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn machines_are_read_strictly() {
        assert!(E164::parse("+493023125010").is_ok());
        assert_eq!(E164::parse("493023125010"), Err(E164Error::NoPlus));
        assert_eq!(E164::parse("+49 30 23125010"), Err(E164Error::NotDigits));
        assert_eq!(E164::parse("+0493023125010"), Err(E164Error::LeadingZero));
        assert_eq!(E164::parse("+4930231250101234"), Err(E164Error::Length));
        assert_eq!(E164::parse("+"), Err(E164Error::Length));
        assert_eq!(E164::parse("+٤٩٣٠"), Err(E164Error::NotDigits));
    }

    #[test]
    fn people_are_read_kindly() {
        for text in ["+49 30 23125-010", "0049 30 23125010", "tel:+49-30-23125010", "+49 (0) 30 / 23125 010", " +49.30.23125.010 "]
        {
            assert_eq!(E164::read(text).map(|n| n.to_string()), Ok("+493023125010".to_owned()), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_strict(text in "\\PC{0,24}") {
            if let Ok(number) = E164::read(&text) {
                prop_assert_eq!(E164::parse(number.as_str()), Ok(number.clone()));
            }
        }
    }
}
