//! Which form a list is asked for in, and how it is written.

use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::header;
use http::request::Parts;
use serde_json::Value;

use crate::base::E164;
use crate::base::Failure;
use crate::base::Problem;

/// The forms of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    #[default]
    Json,
    Ndjson,
    Csv,
}

impl Format {
    /// The media type.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        }
    }

    /// The form with the highest weight in `Accept`; the first named wins a draw; JSON without the header.
    ///
    /// # Errors
    /// 406 `not_acceptable` when none of them is taken.
    pub fn of(headers: &HeaderMap) -> Result<Self, Failure> {
        let mut best: Option<(Self, f32)> = None;
        let mut asked = false;
        for value in headers.get_all(header::ACCEPT) {
            for range in value.to_str().unwrap_or_default().split(',') {
                let mut parts = range.split(';').map(str::trim);
                let media = parts.next().unwrap_or_default().to_ascii_lowercase();
                if media.is_empty() {
                    continue;
                }
                asked = true;
                let weight = parts.find_map(|part| part.strip_prefix("q=")?.trim().parse().ok()).unwrap_or(1.0_f32);
                let format = match media.as_str() {
                    "application/json" | "application/*" | "*/*" => Self::Json,
                    "application/x-ndjson" | "application/ndjson" => Self::Ndjson,
                    "text/csv" | "text/*" => Self::Csv,
                    _ => continue,
                };
                if weight > 0.0 && best.is_none_or(|(_, held)| weight > held) {
                    best = Some((format, weight));
                }
            }
        }
        match best {
            Some((format, _)) => Ok(format),
            None if !asked => Ok(Self::Json),
            None => Err(Problem::new(
                406,
                "not_acceptable",
                "This list comes as application/json, application/x-ndjson or text/csv. Name one of them in Accept.",
            )
            .into()),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for Format {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Failure> {
        Self::of(&parts.headers)
    }
}

/// A cell that no spreadsheet takes for a formula: texts that begin with `=`, `+`, `-`, `@`, TAB or CR get a `'` in front.
/// Left alone, because a machine must read them as they are and a spreadsheet can make only a number of them: a whole E.164
/// number (`+` and 2 to 15 digits) and a whole decimal number.
#[must_use]
pub fn csv_cell(text: &str) -> String {
    let risky = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if !risky || E164::parse(text).is_ok() || is_decimal(text) { text.to_owned() } else { format!("'{text}") }
}

/// `-`? digits, and at most one dot with digits on both sides.
fn is_decimal(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    [whole, fraction].iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

/// A JSON value as a cell: nothing for null, texts as they are, lists of texts with `;` between, all else as JSON.
#[must_use]
pub fn csv_value(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => csv_cell(text),
        Some(Value::Array(items)) if items.iter().all(Value::is_string) => {
            let texts: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            csv_cell(&texts.join(";"))
        }
        Some(other) => csv_cell(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn asked(accept: &'static str) -> Option<Format> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
        Format::of(&headers).ok()
    }

    #[test]
    fn the_heaviest_form_wins() {
        assert_eq!(Format::of(&HeaderMap::new()).ok(), Some(Format::Json));
        assert_eq!(asked("*/*"), Some(Format::Json));
        assert_eq!(asked("text/csv"), Some(Format::Csv));
        assert_eq!(asked("application/json;q=0.2, application/x-ndjson"), Some(Format::Ndjson));
        assert_eq!(asked("text/html, application/json;q=0.1"), Some(Format::Json));
        assert_eq!(asked("text/html"), None);
        assert_eq!(asked("application/json;q=0"), None);
    }

    #[test]
    fn cells_are_safe_and_numbers_stay() {
        assert_eq!(csv_cell("=1+1"), "'=1+1");
        assert_eq!(csv_cell("@SUM(A1)"), "'@SUM(A1)");
        assert_eq!(csv_cell("-cmd|'/c calc'!A0"), "'-cmd|'/c calc'!A0");
        assert_eq!(csv_cell("+493023125010"), "+493023125010");
        assert_eq!(csv_cell("+49302+1"), "'+49302+1");
        assert_eq!(csv_cell("-12.5"), "-12.5");
        assert_eq!(csv_cell("Kestrel"), "Kestrel");
    }

    proptest! {
        #[test]
        fn no_cell_begins_a_formula(text in "[=+@\\t\\r-]?\\PC{0,16}") {
            let cell = csv_cell(&text);
            let harmless = E164::parse(&cell).is_ok() || is_decimal(&cell);
            prop_assert!(harmless || !cell.starts_with(['=', '+', '-', '@', '\t', '\r']));
            prop_assert!(cell.ends_with(&text));
        }
    }
}
