//! JSON that borrows from the line it was read from, and what a row says in its fields, judged one by one.

use std::borrow::Cow;
use std::fmt;

use chrono::DateTime;
use chrono::Utc;
use serde::Deserialize;
use serde::Deserializer;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;

use super::record_verdict::CallVerdict;
use super::record_verdict::Fault;
use super::record_verdict::Faults;

/// A JSON value; null and nothing are the same.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Json<'a> {
    #[default]
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Cow<'a, str>),
    List(Vec<Json<'a>>),
    Map(Vec<(Name<'a>, Json<'a>)>),
}

/// A key of an object.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Name<'a>(pub Cow<'a, str>);

impl Json<'_> {
    /// The value as people are told of it, cut to 100 signs.
    pub fn shown(&self) -> Option<String> {
        match self {
            Self::Null => None,
            Self::Bool(value) => Some(value.to_string()),
            Self::Int(value) => Some(value.to_string()),
            Self::Float(value) => Some(value.to_string()),
            Self::Text(text) => Some(cut(text)),
            Self::List(_) => Some("[…]".to_owned()),
            Self::Map(_) => Some("{…}".to_owned()),
        }
    }
}

/// The first 100 signs, without NUL.
pub(super) fn cut(text: &str) -> String {
    text.chars().filter(|c| *c != '\0').take(100).collect()
}

impl<'de> Deserialize<'de> for Json<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Json<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Json::Null)
            }
            fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
                Ok(Json::Bool(value))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
                Ok(Json::Int(value))
            }
            #[expect(clippy::cast_precision_loss, reason = "beyond 63 bits no field can be right anyway")]
            fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
                Ok(i64::try_from(value).map_or(Json::Float(value as f64), Json::Int))
            }
            fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
                Ok(Json::Float(value))
            }
            fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
                Ok(Json::Text(Cow::Borrowed(value)))
            }
            fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
                Ok(Json::Text(Cow::Owned(value.to_owned())))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    list.push(item);
                }
                Ok(Json::List(list))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                let mut map = Vec::with_capacity(24);
                while let Some(item) = items.next_entry()? {
                    map.push(item);
                }
                Ok(Json::Map(map))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }
            fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(value)))
            }
            fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(value.to_owned())))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// The fields of an object by their place in a list of names. Every getter takes the value out and notes what is wrong with it.
pub(super) struct Fields<'a, 'n, const N: usize> {
    names: &'n [&'static str; N],
    values: [Json<'a>; N],
    /// What stands before the names in faults: `streams[0].`
    place: String,
}

impl<'a, 'n, const N: usize> Fields<'a, 'n, N> {
    /// Sorts an object by the names; what is no object, has a field twice or one that is not on the list is a fault.
    pub fn of(json: Json<'a>, names: &'n [&'static str; N], place: String, faults: &mut Faults) -> Self {
        let mut values = [const { Json::Null }; N];
        match json {
            Json::Map(map) => {
                // Rows mostly come in the order of the list.
                let mut next = 0;
                for (Name(name), value) in map {
                    let found = (0..N).map(|step| (next + step) % N).find(|at| names[*at] == name);
                    match found {
                        Some(at) if matches!(values[at], Json::Null) => {
                            values[at] = value;
                            next = at + 1;
                        }
                        Some(_) => faults.note(Fault::new(
                            CallVerdict::LineMalformed,
                            &format!("{place}{name}"),
                            None,
                            "Send each field once.",
                        )),
                        None => {
                            let fix = "Leave this field out; see the list of fields in the reference.";
                            faults.note(Fault::new(CallVerdict::FieldUnknown, &cut(&format!("{place}{name}")), None, fix));
                        }
                    }
                }
            }
            other => {
                let (verdict, fix) = match place.as_str() {
                    "" => (CallVerdict::LineMalformed, "Send one JSON object a line."),
                    _ => (CallVerdict::ValueInvalid, "Send a list of JSON objects."),
                };
                faults.note(Fault::new(verdict, place.trim_end_matches('.'), other.shown(), fix));
            }
        }
        Self { names, values, place }
    }

    /// Whether nothing stands there; an empty text is nothing.
    pub fn lacks(&self, at: usize) -> bool {
        match &self.values[at] {
            Json::Null => true,
            Json::Text(text) => text.is_empty(),
            _ => false,
        }
    }

    /// Takes what stands there.
    pub fn take(&mut self, at: usize) -> Json<'a> {
        if self.lacks(at) {
            return Json::Null;
        }
        std::mem::take(&mut self.values[at])
    }

    pub fn wrong(&self, at: usize, verdict: CallVerdict, value: &Json<'_>, fix: &str, faults: &mut Faults) {
        faults.note(Fault::new(verdict, &format!("{}{}", self.place, self.names[at]), value.shown(), fix));
    }

    /// A text of at most `most` signs without control characters.
    pub fn text(&mut self, at: usize, most: usize, faults: &mut Faults) -> Option<Cow<'a, str>> {
        match self.take(at) {
            Json::Null => None,
            Json::Text(text) if text.len() <= most || text.chars().count() <= most => {
                if text.chars().any(char::is_control) {
                    self.wrong(at, CallVerdict::ValueInvalid, &Json::Text(text), "Leave out control characters.", faults);
                    return None;
                }
                Some(text)
            }
            other => {
                self.wrong(at, CallVerdict::ValueInvalid, &other, &format!("Send a text of at most {most} signs."), faults);
                None
            }
        }
    }

    /// One of a list of words.
    pub fn word<T>(&mut self, at: usize, parse: fn(&str) -> Option<T>, listed: fn() -> String, faults: &mut Faults) -> Option<T> {
        let value = self.take(at);
        let read = match &value {
            Json::Null => return None,
            Json::Text(text) => parse(text),
            _ => None,
        };
        if read.is_none() {
            self.wrong(at, CallVerdict::ValueInvalid, &value, &format!("Send one of {}.", listed()), faults);
        }
        read
    }

    pub fn flag(&mut self, at: usize, faults: &mut Faults) -> Option<bool> {
        match self.take(at) {
            Json::Null => None,
            Json::Bool(value) => Some(value),
            other => {
                self.wrong(at, CallVerdict::ValueInvalid, &other, "Send true or false.", faults);
                None
            }
        }
    }

    /// A whole number within bounds, both included.
    pub fn int(&mut self, at: usize, from: i64, to: i64, faults: &mut Faults) -> Option<i64> {
        match self.take(at) {
            Json::Null => None,
            Json::Int(value) if (from..=to).contains(&value) => Some(value),
            other => {
                self.wrong(at, CallVerdict::ValueInvalid, &other, &format!("Send a whole number from {from} to {to}."), faults);
                None
            }
        }
    }

    /// A number within bounds, both included.
    #[expect(clippy::cast_precision_loss, reason = "the bounds are far below 2^52")]
    pub fn number(&mut self, at: usize, from: f64, to: f64, faults: &mut Faults) -> Option<f64> {
        let value = self.take(at);
        let read = match value {
            Json::Null => return None,
            Json::Int(value) => Some(value as f64),
            Json::Float(value) => Some(value),
            _ => None,
        };
        let read = read.filter(|value| (from..=to).contains(value));
        if read.is_none() {
            self.wrong(at, CallVerdict::ValueInvalid, &value, &format!("Send a number from {from} to {to}."), faults);
        }
        read
    }

    /// A time with its offset, cut to the millisecond.
    pub fn time(&mut self, at: usize, faults: &mut Faults) -> Option<DateTime<Utc>> {
        let value = self.take(at);
        let read = match &value {
            Json::Null => return None,
            Json::Text(text) => time(text),
            _ => None,
        };
        if read.is_none() {
            let fix = "Send RFC 3339 with an offset, as in 2026-11-23T14:05:09.120Z.";
            self.wrong(at, CallVerdict::TimeInvalid, &value, fix, faults);
        }
        read
    }

    /// A list of at most `most` items; nothing is an empty one.
    pub fn list(&mut self, at: usize, most: usize, faults: &mut Faults) -> Vec<Json<'a>> {
        match self.take(at) {
            Json::Null => Vec::new(),
            Json::List(items) if items.len() <= most => items,
            other => {
                self.wrong(at, CallVerdict::ValueInvalid, &other, &format!("Send a list of at most {most} objects."), faults);
                Vec::new()
            }
        }
    }
}

/// RFC 3339 with an offset, cut to the millisecond, of this century.
pub(super) fn time(text: &str) -> Option<DateTime<Utc>> {
    /// 2000-01-01 and 2100-01-01.
    const CENTURY_MS: std::ops::Range<i64> = 946_684_800_000..4_102_444_800_000;
    let read = DateTime::parse_from_rfc3339(text).ok()?.timestamp_millis();
    if CENTURY_MS.contains(&read) { DateTime::from_timestamp_millis(read) } else { None }
}
