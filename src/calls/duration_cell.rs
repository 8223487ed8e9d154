//! The cells of a row, borrowed from what was sent: typed in JSON, texts in CSV.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::Deserializer;
use serde::de::IgnoredAny;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;
use serde::de::value::MapAccessDeserializer;
use serde::de::value::SeqAccessDeserializer;
use serde_json::Value;

use super::duration_row::FIELDS;
use super::duration_row::Field;

/// Longest text of a wrong value that is told back, in signs.
const SHOWN: usize = 200;

/// What stands in a field. JSON's null and an empty text say nothing, like a field that is left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Cell<'a> {
    #[default]
    Absent,
    /// A JSON string.
    Text(Cow<'a, str>),
    Whole(i64),
    Decimal(f64),
    Flag(bool),
    /// A list, an object, or a number beyond 64 bits.
    Other(Value),
    /// A cell of CSV, to be read as whatever is asked for.
    Csv(&'a str),
}

impl<'a> Cell<'a> {
    pub(super) fn is_absent(&self) -> bool {
        match self {
            Self::Absent => true,
            Self::Text(text) => text.is_empty(),
            Self::Csv(text) => text.is_empty(),
            _ => false,
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Csv(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn into_text(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Text(text) => Some(text),
            Self::Csv(text) => Some(Cow::Borrowed(text)),
            _ => None,
        }
    }

    pub(super) fn flag(&self) -> Option<bool> {
        match self {
            Self::Flag(flag) => Some(*flag),
            Self::Csv(text) if text.eq_ignore_ascii_case("true") => Some(true),
            Self::Csv(text) if text.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        }
    }

    pub(super) fn whole(&self) -> Option<i64> {
        match self {
            Self::Whole(n) => Some(*n),
            Self::Csv(text) if text.bytes().all(|b| b.is_ascii_digit()) => text.parse().ok(),
            _ => None,
        }
    }

    /// A decimal from 0 on with at most 3 places that count, in thousandths, exactly.
    pub(super) fn decimal_millis(&self) -> Option<i64> {
        match self {
            Self::Whole(n) => n.checked_mul(1000).filter(|ms| *ms >= 0),
            Self::Decimal(n) => seconds_millis(*n),
            Self::Csv(text) => decimal_millis(text),
            _ => None,
        }
    }

    /// The value for people, cut; `None` when there is none.
    pub(super) fn shown(&self) -> Option<String> {
        match self {
            Self::Absent => None,
            Self::Text(text) => Some(cut(text)),
            Self::Csv(text) => Some(cut(text)),
            Self::Whole(n) => Some(n.to_string()),
            Self::Decimal(n) => Some(n.to_string()),
            Self::Flag(flag) => Some(flag.to_string()),
            Self::Other(value) => Some(cut(&value.to_string())),
        }
    }
}

/// The first signs of a text, without NUL, which Postgres does not keep.
pub(super) fn cut(text: &str) -> String {
    text.chars().filter(|c| *c != '\0').take(SHOWN).collect()
}

/// A JSON number from 0 on with at most 3 places, in thousandths: the shortest text that reads as this number is what was sent,
/// for the up to 15 digits that matter here.
pub(super) fn seconds_millis(seconds: f64) -> Option<i64> {
    if seconds == 0.0 { Some(0) } else { decimal_millis(&seconds.to_string()) }
}

/// Digits, and at most one dot with digits on both sides; places beyond the third must be 0.
pub(super) fn decimal_millis(text: &str) -> Option<i64> {
    let (whole, places) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(places) {
        return None;
    }
    let places = places.trim_end_matches('0');
    if places.len() > 3 {
        return None;
    }
    let thousandths: i64 = format!("{places:0<3}").parse().ok()?;
    whole.parse::<i64>().ok()?.checked_mul(1000)?.checked_add(thousandths)
}

/// The cells of one row by field.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Raw<'a> {
    cells: [Cell<'a>; FIELDS.len()],
    /// The first field that is none of ours.
    pub(super) unknown: Option<String>,
    /// A field that stands there twice.
    pub(super) twice: Option<&'static str>,
}

impl<'a> Raw<'a> {
    pub(super) fn get(&self, field: Field) -> &Cell<'a> {
        &self.cells[field as usize]
    }

    pub(super) fn take(&mut self, field: Field) -> Cell<'a> {
        std::mem::take(&mut self.cells[field as usize])
    }

    /// A row of CSV; `places` are the fields of the columns.
    pub(super) fn of_csv(cells: impl Iterator<Item = &'a str>, places: &[usize]) -> Self {
        let mut raw = Self::default();
        for (place, cell) in places.iter().zip(cells) {
            raw.cells[*place] = Cell::Csv(cell.trim());
        }
        raw
    }
}

/// A field's name: its place, or the name itself when it is none of ours.
struct Name(Result<usize, String>);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl Visitor<'_> for Read {
            type Value = Name;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a field's name")
            }
            fn visit_str<E>(self, name: &str) -> Result<Name, E> {
                Ok(Name(FIELDS.iter().position(|field| *field == name).ok_or_else(|| cut(name))))
            }
        }
        deserializer.deserialize_identifier(Read)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Raw<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Raw<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw<'de>, A::Error> {
                let mut raw = Raw::default();
                let mut seen = 0_u32;
                while let Some(Name(name)) = map.next_key()? {
                    match name {
                        Ok(place) => {
                            if seen & (1 << place) != 0 {
                                raw.twice = Some(FIELDS[place]);
                            }
                            seen |= 1 << place;
                            raw.cells[place] = map.next_value()?;
                        }
                        Err(name) => {
                            raw.unknown.get_or_insert(name);
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(raw)
            }
        }
        deserializer.deserialize_map(Read)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Cell<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Cell<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Cell<'de>, E> {
                Ok(Cell::Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Cell<'de>, E> {
                Ok(Cell::Text(Cow::Owned(text.to_owned())))
            }
            fn visit_bool<E>(self, flag: bool) -> Result<Cell<'de>, E> {
                Ok(Cell::Flag(flag))
            }
            fn visit_i64<E>(self, n: i64) -> Result<Cell<'de>, E> {
                Ok(Cell::Whole(n))
            }
            fn visit_u64<E>(self, n: u64) -> Result<Cell<'de>, E> {
                Ok(i64::try_from(n).map_or_else(|_| Cell::Other(n.into()), Cell::Whole))
            }
            fn visit_f64<E>(self, n: f64) -> Result<Cell<'de>, E> {
                Ok(Cell::Decimal(n))
            }
            fn visit_unit<E>(self) -> Result<Cell<'de>, E> {
                Ok(Cell::Absent)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Cell<'de>, A::Error> {
                Value::deserialize(SeqAccessDeserializer::new(seq)).map(Cell::Other)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Cell<'de>, A::Error> {
                Value::deserialize(MapAccessDeserializer::new(map)).map(Cell::Other)
            }
        }
        deserializer.deserialize_any(Read)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decimals_are_exact() {
        for (text, millis) in [("0", 0), ("61.25", 61_250), ("0.001", 1), ("12.5000", 12_500), ("999999999.999", 999_999_999_999)] {
            assert_eq!(decimal_millis(text), Some(millis), "{text}");
            assert_eq!(Cell::Decimal(text.parse().expect("a number")).decimal_millis(), Some(millis), "{text}");
        }
        for text in ["", ".5", "5.", "-1", "+1", "1e3", "1,5", "1.2345", "0.0001", "99999999999999999999", "1.2.3", " 1", "٣"] {
            assert_eq!(decimal_millis(text), None, "{text}");
        }
        assert_eq!(Cell::Decimal(-0.5).decimal_millis(), None);
        assert_eq!(Cell::Decimal(1e300).decimal_millis(), None);
        assert_eq!(Cell::Whole(-1).decimal_millis(), None);
        assert_eq!(Cell::Text("5".into()).decimal_millis(), None, "a JSON string is no number");
    }

    proptest! {
        #[test]
        fn every_thousandth_survives_json(millis in 0..1_000_000_000_000_i64) {
            let text = format!("{}.{:03}", millis / 1000, millis % 1000);
            let cell: Cell<'_> = serde_json::from_str(&text).expect("a number");
            prop_assert_eq!(cell.decimal_millis(), Some(millis));
            prop_assert_eq!(Cell::Csv(&text).decimal_millis(), Some(millis));
        }
    }
}
