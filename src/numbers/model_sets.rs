//! A row of a change set as it comes in, read by itself: what it asks for, or a [`Verdict`] on what is wrong with it. Pure.

use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use uuid::Uuid;

use super::order_rows::Verdict;
use super::words::Category;
use super::words::Usage;
use crate::base::E164;

/// What a change set does to each of its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetAction {
    Assign,
    Unassign,
    SetUsage,
    Tag,
    Untag,
    SetEmergencyLocation,
    RequestRelease,
}

impl SetAction {
    /// In the order of the form.
    pub const ALL: [Self; 7] =
        [Self::Assign, Self::Unassign, Self::SetUsage, Self::Tag, Self::Untag, Self::SetEmergencyLocation, Self::RequestRelease];

    /// The word in tables and on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Assign => "assign",
            Self::Unassign => "unassign",
            Self::SetUsage => "set_usage",
            Self::Tag => "tag",
            Self::Untag => "untag",
            Self::SetEmergencyLocation => "set_emergency_location",
            Self::RequestRelease => "request_release",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == text)
    }

    /// The fields of a row besides the number, in the order of pasted cells.
    #[must_use]
    pub const fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Assign => &["target", "category"],
            Self::Unassign => &["quarantine_days"],
            Self::SetUsage => &["usage"],
            Self::Tag | Self::Untag => &["tags"],
            Self::SetEmergencyLocation => &["emergency_location"],
            Self::RequestRelease => &["note"],
        }
    }

    /// Whether one value does for all numbers of a filter.
    #[must_use]
    pub fn fits_filter(self) -> bool {
        self != Self::Assign
    }
}

/// What a row asks for, as it is kept. Targets and locations are ids once they are looked up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Plan {
    /// `target_id`: an id, or before it is looked up an address.
    Assign {
        target_id: String,
        category: Option<String>,
    },
    /// None: the tenant's default; 0 none; -1 for ever.
    Unassign {
        quarantine_days: Option<i32>,
    },
    SetUsage {
        usage: String,
    },
    Tag {
        tags: Vec<String>,
    },
    Untag {
        tags: Vec<String>,
    },
    /// None takes the location away. `named`: an id or a label that was not looked up yet.
    SetEmergencyLocation {
        location: Option<Uuid>,
        named: Option<String>,
    },
    RequestRelease {
        note: Option<String>,
    },
}

/// Longest text of a cell that is looked at, in signs.
const CELL: usize = 300;

/// Reads a row. `defaults` fills in what a row leaves out.
///
/// # Errors
/// What is wrong with it.
pub fn read_row(action: SetAction, defaults: &Map<String, Value>, input: &Value) -> Result<(E164, Plan), Verdict> {
    let whole;
    let row = match input {
        Value::Object(row) => row,
        // A number alone does where the rest is the same for all.
        Value::String(e164) => {
            whole = Map::from_iter([("e164".to_owned(), Value::from(e164.as_str()))]);
            &whole
        }
        _ => return Err(malformed(action)),
    };
    if let Some(key) = row.keys().find(|key| !known(action, key)) {
        let fix = format!("A row of {} has the fields e164, {}.", action.as_str(), action.columns().join(", "));
        return Err(Verdict::new("field_unknown", "row", Some(key), fix));
    }
    let e164 = read_number(row.get("e164").and_then(Value::as_str).unwrap_or_default())?;
    let cells = Cells { row, defaults };
    Ok((e164, plan(action, &cells)?))
}

fn malformed(action: SetAction) -> Verdict {
    let fix = format!("Give the row these cells: e164, {}.", action.columns().join(", "));
    Verdict::new("row_malformed", "row", None, fix)
}

fn known(action: SetAction, key: &str) -> bool {
    key == "e164"
        || action.columns().contains(&key)
        || (key == "target_id" && action == SetAction::Assign)
        || (key == "emergency_location_id" && action == SetAction::SetEmergencyLocation)
}

/// Reads a number as people and spreadsheets write it.
fn read_number(said: &str) -> Result<E164, Verdict> {
    let text = said.trim().trim_start_matches('\'').trim();
    if text.contains(['E', 'e']) && text.bytes().next().is_some_and(|b| b.is_ascii_digit()) {
        let fix = "The spreadsheet has rounded this number. Format the column as text, and enter the number again.";
        return Err(Verdict::new("e164_rounded", "e164", Some(said), fix));
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let separated = text.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '\u{a0}' | '-' | '/' | '.'));
    // A spreadsheet takes +49… for a formula and drops the sign.
    let with_plus = separated && !text.starts_with('0') && (8..=15).contains(&digits.len());
    let read = if with_plus { E164::parse(&format!("+{digits}")) } else { E164::read(text) };
    read.map_err(|_| {
        let fix = "Begin with + and the country code, as in +493023125010.";
        Verdict::new("e164_invalid", "e164", Some(said), fix)
    })
}

/// What a row says, with what stands in for it.
struct Cells<'a> {
    row: &'a Map<String, Value>,
    defaults: &'a Map<String, Value>,
}

impl<'a> Cells<'a> {
    fn value(&self, key: &str) -> Option<&'a Value> {
        self.row.get(key).filter(|value| !blank(value)).or_else(|| self.defaults.get(key)).filter(|value| !blank(value))
    }

    /// A text, or a plain number as text.
    fn text(&self, key: &'static str) -> Result<Option<String>, Verdict> {
        let Some(value) = self.value(key) else { return Ok(None) };
        let text = match value {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            _ => return Err(Verdict::new("value_invalid", key, Some(&value.to_string()), "Send a text here.")),
        };
        if text.chars().count() > CELL {
            return Err(Verdict::new("value_invalid", key, Some(&text), format!("At most {CELL} signs fit here.")));
        }
        Ok(Some(text))
    }
}

fn blank(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

fn plan(action: SetAction, cells: &Cells<'_>) -> Result<Plan, Verdict> {
    match action {
        SetAction::Assign => assign(cells),
        SetAction::Unassign => Ok(Plan::Unassign { quarantine_days: cells.text("quarantine_days")?.map(days).transpose()? }),
        SetAction::SetUsage => {
            let said = cells.text("usage")?.unwrap_or_default();
            let fix = || format!("Use one of {}.", Usage::listed());
            let usage = usage(&said).ok_or_else(|| Verdict::new("usage_invalid", "usage", Some(&said), fix()))?;
            Ok(Plan::SetUsage { usage: usage.as_str().to_owned() })
        }
        SetAction::Tag => Ok(Plan::Tag { tags: tags(cells)? }),
        SetAction::Untag => Ok(Plan::Untag { tags: tags(cells)? }),
        SetAction::SetEmergencyLocation => {
            let named = match cells.text("emergency_location_id")? {
                None => cells.text("emergency_location")?,
                id => id,
            };
            Ok(Plan::SetEmergencyLocation { location: None, named })
        }
        SetAction::RequestRelease => Ok(Plan::RequestRelease { note: cells.text("note")? }),
    }
}

fn assign(cells: &Cells<'_>) -> Result<Plan, Verdict> {
    let target = match cells.text("target_id")? {
        None => cells.text("target")?,
        id => id,
    };
    let target_id = target.ok_or_else(|| {
        Verdict::new("target_missing", "target", None, "Say who gets the number: the address or the id of a person or account.")
    })?;
    let category = cells.text("category")?.map(|said| {
        category(&said).ok_or_else(|| {
            Verdict::new(
                "category_invalid",
                "category",
                Some(&said),
                format!("Use one of {}, or leave it out.", Category::listed()),
            )
        })
    });
    Ok(Plan::Assign { target_id, category: category.transpose()?.map(|category| category.as_str().to_owned()) })
}

fn days(said: String) -> Result<i32, Verdict> {
    let lower = said.to_lowercase();
    let days = match lower.as_str() {
        "forever" | "unbegrenzt" | "immer" => Some(-1),
        "none" | "keine" => Some(0),
        text => text.parse::<i32>().ok().filter(|days| (-1..=365).contains(days)),
    };
    days.ok_or_else(|| {
        let fix = "Send 1 to 365 days, 0 for none or -1 for ever.";
        Verdict::new("quarantine_invalid", "quarantine_days", Some(&said), fix)
    })
}

fn usage(said: &str) -> Option<Usage> {
    let lower = said.trim().to_lowercase();
    let other = match lower.as_str() {
        "person" | "benutzer" | "nutzer" | "users" => Some(Usage::User),
        "voice app" | "voice_application" | "sprachanwendung" => Some(Usage::VoiceApp),
        "konferenz" => Some(Usage::Conference),
        _ => None,
    };
    other.or_else(|| Usage::parse(&lower))
}

fn category(said: &str) -> Option<Category> {
    let lower = said.trim().to_lowercase();
    let other = match lower.as_str() {
        "primär" | "haupt" | "hauptnummer" => Some(Category::Primary),
        "weitere" | "alternativ" | "zusätzlich" => Some(Category::Alternate),
        "privat" => Some(Category::Private),
        _ => None,
    };
    other.or_else(|| Category::parse(&lower))
}

/// Longest tag, in signs.
const TAG: usize = 50;

fn tags(cells: &Cells<'_>) -> Result<Vec<String>, Verdict> {
    let said = match cells.value("tags") {
        Some(Value::Array(items)) => items.iter().map(|item| item.as_str().unwrap_or_default().to_owned()).collect(),
        Some(Value::String(text)) => text.split(['|', ',', ';']).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    let mut tags: Vec<String> = Vec::new();
    for tag in said.iter().map(|tag| tag.trim()).filter(|tag| !tag.is_empty()) {
        if tag.chars().count() > TAG {
            return Err(Verdict::new("tag_invalid", "tags", Some(tag), format!("A tag has at most {TAG} signs.")));
        }
        if !tags.iter().any(|held| held == tag) {
            tags.push(tag.to_owned());
        }
    }
    if tags.is_empty() || tags.len() > 50 {
        return Err(Verdict::new("tag_invalid", "tags", None, "Name 1 to 50 tags, with | between them."));
    }
    Ok(tags)
}

#[cfg(test)]
mod tests;
