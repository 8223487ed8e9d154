//! One row of an operator's order: read from JSON, judged by itself. What a row says is data of the operator's systems, so
//! whatever is wrong with it becomes a [`Verdict`], never a refusal of the whole order.

use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use utoipa::ToSchema;

use super::numbering;
use super::numbering::Reading;
use super::words::Capability;
use super::words::EmergencyMode;
use super::words::Kind;
use super::words::OrderKind;
use super::words::Usage;
use crate::base::E164;

/// Why a row is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub code: &'static str,
    pub field: &'static str,
    /// What the row says there, cut to 100 signs.
    pub value: Option<String>,
    /// How to mend it, in English.
    pub fix: String,
}

impl Verdict {
    pub fn new(code: &'static str, field: &'static str, value: Option<&str>, fix: impl Into<String>) -> Self {
        Self { code, field, value: value.map(|value| value.chars().take(100).collect()), fix: fix.into() }
    }
}

/// An address for emergency calls.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct LocationIn {
    pub street: String,
    /// House number.
    pub number: String,
    pub postal_code: String,
    pub city: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional: Option<String>,
    /// Degrees, -90 to 90.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latitude: Option<f64>,
    /// Degrees, -180 to 180.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longitude: Option<f64>,
    #[serde(default)]
    pub validated: bool,
}

/// A number to provision or to change, as the API takes it. When changing, what is left out stays and null clears.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct NumberIn {
    pub e164: String,
    /// Id or short name of the customer; required to provision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant_id: Option<String>,
    /// `user`, `voice_app` or `conference`; required to provision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<String>,
    /// `inbound`, `outbound`, `user`, `voice_app`, `conference`, `emergency`. Default: inbound, outbound and the usage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub capabilities: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// `geographic`, `mobile`, `toll_free`, `national` or `uifn`. Default: what the numbering plan says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// `operator_fixed` (default), `operator_default` or `tenant`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emergency_address_mode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emergency_location: Option<LocationIn>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billing_ref: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Take a number that the numbering plan does not list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirm_unlisted: Option<bool>,
}

impl From<NumberIn> for Value {
    fn from(number: NumberIn) -> Self {
        serde_json::to_value(number).unwrap_or_default()
    }
}

/// A text field of a change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Text {
    #[default]
    Keep,
    Clear,
    Set(String),
}

impl Text {
    /// The value after the change.
    pub fn over(&self, held: Option<&str>) -> Option<String> {
        match self {
            Self::Keep => held.map(str::to_owned),
            Self::Clear => None,
            Self::Set(text) => Some(text.clone()),
        }
    }
}

/// A row, read.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    pub e164: E164,
    /// Id or short name, as written.
    pub tenant: Option<String>,
    pub usage: Option<Usage>,
    pub capabilities: Option<Vec<Capability>>,
    pub kind: Option<Kind>,
    pub emergency_mode: Option<EmergencyMode>,
    pub emergency_location: Option<LocationIn>,
    pub city: Text,
    pub billing_ref: Text,
    pub note: Text,
    /// What the numbering plan says.
    pub reading: Reading,
}

impl Spec {
    /// The plan lists it as it stands.
    pub fn listed(&self) -> bool {
        self.reading.doubt.is_none()
    }
}

const FIELDS: [&str; 11] = [
    "e164",
    "tenant_id",
    "usage",
    "capabilities",
    "city",
    "kind",
    "emergency_address_mode",
    "emergency_location",
    "billing_ref",
    "note",
    "confirm_unlisted",
];

/// Reads a row and judges what can be judged without asking anybody.
///
/// # Errors
/// The first verdict that applies.
pub fn read(kind: OrderKind, row: &Value) -> Result<Spec, Verdict> {
    let bare = row.as_str().map(|e164| Map::from_iter([("e164".to_owned(), Value::from(e164))]));
    let row = bare.as_ref().or_else(|| row.as_object());
    let row = row.ok_or_else(|| Verdict::new("row_malformed", "row", None, "Send an object with the fields of a number."))?;
    let text = row.get("e164").and_then(Value::as_str).unwrap_or_default();
    let e164 = E164::parse(text).map_err(|error| Verdict::new("e164_invalid", "e164", Some(text), error.to_string()))?;
    if let Some(unknown) = row.keys().find(|key| !FIELDS.contains(&key.as_str())) {
        let fix = format!("Leave it out. Known fields: {}.", FIELDS.join(", "));
        return Err(Verdict::new("field_unknown", "row", Some(unknown), fix));
    }
    let provision = kind == OrderKind::Provision;
    let tenant = short(row, "tenant_id", 63)?;
    if provision && tenant.is_none() {
        return Err(Verdict::new("tenant_unknown", "tenant_id", None, "Say which customer the number is for."));
    }
    let usage = choice(row, "usage", "usage_invalid", Usage::parse, &Usage::listed())?;
    if provision && usage.is_none() {
        return Err(Verdict::new("usage_invalid", "usage", None, format!("Say one of {}.", Usage::listed())));
    }
    let spec = Spec {
        reading: numbering::read(&e164),
        tenant,
        usage,
        capabilities: capabilities(row)?,
        kind: choice(row, "kind", "kind_invalid", Kind::parse, &Kind::listed())?,
        emergency_mode: choice(
            row,
            "emergency_address_mode",
            "emergency_mode_invalid",
            EmergencyMode::parse,
            &EmergencyMode::listed(),
        )?,
        emergency_location: location(row)?,
        city: patch(row, "city", 100)?,
        billing_ref: patch(row, "billing_ref", 100)?,
        note: patch(row, "note", 500)?,
        e164,
    };
    let confirmed = flag(row, "confirm_unlisted")?;
    if let Some(doubt) = spec.reading.doubt.filter(|_| provision && !confirmed) {
        let why = doubt.words(spec.reading.better.as_deref());
        let fix = format!("{why} Check the digits. If the number exists all the same, send confirm_unlisted: true.");
        return Err(Verdict::new("e164_unlisted", "e164", Some(text), fix));
    }
    Ok(spec)
}

fn present<'a>(row: &'a Map<String, Value>, field: &str) -> Option<&'a Value> {
    row.get(field).filter(|value| !value.is_null())
}

fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn short(row: &Map<String, Value>, field: &'static str, max: usize) -> Result<Option<String>, Verdict> {
    let Some(value) = present(row, field) else {
        return Ok(None);
    };
    match value.as_str().map(str::trim) {
        Some("") => Ok(None),
        Some(text) if text.chars().count() <= max => Ok(Some(text.to_owned())),
        _ => Err(Verdict::new("value_invalid", field, Some(&shown(value)), format!("A text of at most {max} signs."))),
    }
}

fn patch(row: &Map<String, Value>, field: &'static str, max: usize) -> Result<Text, Verdict> {
    match (row.contains_key(field), short(row, field, max)?) {
        (false, _) => Ok(Text::Keep),
        (true, None) => Ok(Text::Clear),
        (true, Some(text)) => Ok(Text::Set(text)),
    }
}

fn flag(row: &Map<String, Value>, field: &'static str) -> Result<bool, Verdict> {
    match present(row, field) {
        None => Ok(false),
        Some(Value::Bool(value)) => Ok(*value),
        Some(other) => Err(Verdict::new("value_invalid", field, Some(&shown(other)), "true or false.")),
    }
}

fn choice<T>(
    row: &Map<String, Value>,
    field: &'static str,
    code: &'static str,
    parse: impl Fn(&str) -> Option<T>,
    listed: &str,
) -> Result<Option<T>, Verdict> {
    let Some(value) = present(row, field) else {
        return Ok(None);
    };
    match value.as_str().and_then(parse) {
        Some(word) => Ok(Some(word)),
        None => Err(Verdict::new(code, field, Some(&shown(value)), format!("Say one of {listed}."))),
    }
}

fn capabilities(row: &Map<String, Value>) -> Result<Option<Vec<Capability>>, Verdict> {
    let Some(value) = present(row, "capabilities") else {
        return Ok(None);
    };
    let wrong = |value: &Value| {
        let fix = format!("Say some of {}.", Capability::listed());
        Verdict::new("capability_invalid", "capabilities", Some(&shown(value)), fix)
    };
    let mut found = Vec::new();
    for word in value.as_array().ok_or_else(|| wrong(value))? {
        found.push(word.as_str().and_then(Capability::parse).ok_or_else(|| wrong(word))?);
    }
    found.sort_unstable();
    found.dedup();
    Ok(Some(found).filter(|found| !found.is_empty()))
}

fn location(row: &Map<String, Value>) -> Result<Option<LocationIn>, Verdict> {
    let Some(value) = present(row, "emergency_location") else {
        return Ok(None);
    };
    let wrong = |field: &str, fix: &str| {
        let said = value.get(field).map(shown);
        Verdict::new("emergency_location_invalid", "emergency_location", said.as_deref(), format!("{field}: {fix}"))
    };
    let text = |field: &str, required: bool| {
        let said = value.get(field).and_then(Value::as_str).map(str::trim).unwrap_or_default();
        match said.chars().count() {
            0 if required => Err(wrong(field, "is missing.")),
            0..=200 => Ok(said.to_owned()),
            _ => Err(wrong(field, "at most 200 signs.")),
        }
    };
    let degrees = |field: &str, most: f64| match value.get(field).filter(|value| !value.is_null()) {
        None => Ok(None),
        Some(said) => match said.as_f64().filter(|degrees| degrees.abs() <= most) {
            Some(degrees) => Ok(Some(degrees)),
            None => Err(wrong(field, "degrees as a decimal number.")),
        },
    };
    let country = text("country", true)?;
    if country.len() != 2 || !country.bytes().all(|b| b.is_ascii_uppercase()) {
        return Err(wrong("country", "two capital letters, as in DE."));
    }
    Ok(Some(LocationIn {
        street: text("street", true)?,
        number: text("number", false)?,
        postal_code: text("postal_code", true)?,
        city: text("city", true)?,
        country,
        additional: Some(text("additional", false)?).filter(|text| !text.is_empty()),
        latitude: degrees("latitude", 90.0)?,
        longitude: degrees("longitude", 180.0)?,
        validated: value.get("validated").and_then(Value::as_bool).unwrap_or(false),
    }))
}

/// Takes NUL, which no table can hold, out of every text of a row.
pub fn without_nul(value: &mut Value) {
    match value {
        Value::String(text) if text.contains('\0') => *text = text.replace('\0', "\u{fffd}"),
        Value::Array(items) => items.iter_mut().for_each(without_nul),
        Value::Object(map) => {
            if map.keys().any(|key| key.contains('\0')) {
                *map = std::mem::take(map).into_iter().map(|(key, value)| (key.replace('\0', "\u{fffd}"), value)).collect();
            }
            map.values_mut().for_each(without_nul);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn verdict(kind: OrderKind, row: Value) -> (&'static str, &'static str) {
        let verdict = read(kind, &row).expect_err("refused");
        (verdict.code, verdict.field)
    }

    #[test]
    fn each_fault_has_its_verdict() {
        let good = json!({ "e164": "+493023125010", "tenant_id": "acme", "usage": "user" });
        let with = |field: &str, value: &Value| {
            let mut row = good.clone();
            row[field].clone_from(value);
            verdict(OrderKind::Provision, row)
        };
        let spec = read(OrderKind::Provision, &good).expect("good");
        assert_eq!((spec.usage, spec.listed(), spec.city), (Some(Usage::User), true, Text::Keep));
        assert_eq!(with("e164", &json!("030 23125010")), ("e164_invalid", "e164"));
        assert_eq!(with("e164", &json!(493)), ("e164_invalid", "e164"));
        assert_eq!(with("e164", &json!("+441632960001")), ("e164_unlisted", "e164"));
        assert_eq!(with("tenant_id", &json!(null)), ("tenant_unknown", "tenant_id"));
        assert_eq!(with("usage", &json!("fax")), ("usage_invalid", "usage"));
        assert_eq!(with("usage", &json!(null)), ("usage_invalid", "usage"));
        assert_eq!(with("capabilities", &json!(["user", "fax"])), ("capability_invalid", "capabilities"));
        assert_eq!(with("kind", &json!("short")), ("kind_invalid", "kind"));
        assert_eq!(with("emergency_address_mode", &json!("none")), ("emergency_mode_invalid", "emergency_address_mode"));
        assert_eq!(with("emergency_location", &json!({ "city": "Berlin" })), ("emergency_location_invalid", "emergency_location"));
        assert_eq!(with("billing_ref", &json!(7)), ("value_invalid", "billing_ref"));
        assert_eq!(with("confirm_unlisted", &json!("yes")), ("value_invalid", "confirm_unlisted"));
        assert_eq!(with("colour", &json!("red")), ("field_unknown", "row"));
        assert_eq!(verdict(OrderKind::Release, json!(7)), ("row_malformed", "row"));
        assert!(read(OrderKind::Release, &json!("+441632960001")).is_ok());
    }

    #[test]
    fn null_clears_and_absence_keeps() {
        let spec = read(OrderKind::Change, &json!({ "e164": "+493023125010", "city": null, "note": "x" })).expect("good");
        assert_eq!((spec.city, spec.note, spec.billing_ref), (Text::Clear, Text::Set("x".into()), Text::Keep));
    }

    proptest! {
        #[test]
        fn nothing_breaks_the_reader(text in "\\PC{0,40}", number in any::<i64>(), flag in any::<bool>()) {
            for value in [json!(text), json!(number), json!(flag), json!([text]), json!({ "x": number })] {
                for field in FIELDS {
                    let mut row = json!({ "e164": "+493023125010", "tenant_id": "acme", "usage": "user" });
                    row[field] = value.clone();
                    for kind in OrderKind::ALL {
                        let _verdict = read(*kind, &row);
                    }
                }
            }
        }
    }
}
