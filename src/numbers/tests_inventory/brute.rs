//! The filters as a plain loop over all rows understands them.

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;

use super::stock::Row;
use super::stock::name;
use crate::ui::Query;

/// Whether a tenant's list keeps the row.
pub fn keeps(row: &Row, query: &Query, now: DateTime<Utc>) -> bool {
    common(row, query, now)
        && query.get("q").is_none_or(|q| found(row, q))
        && query.get("operator").is_none_or(|operator| row.operator.to_string() == operator)
        && query.get("tag").is_none_or(|tag| row.tags.contains(&tag))
        && query.get("assigned_to").is_none_or(|who| {
            row.target.is_some_and(|n| format!("u{n}") == who || format!("user{n}@kestrel.example") == who.to_lowercase())
        })
        && query.get("state").is_none_or(|state| match state {
            "free" => row.target.is_none() && !quarantined(row) && !row.reserved,
            "assigned" => row.target.is_some(),
            "pending" => row.activation.ends_with("pending"),
            "failed" => row.activation.ends_with("failed"),
            "quarantined" => quarantined(row),
            _ => row.reserved,
        })
}

/// Whether an operator's list keeps the row.
pub fn operator_keeps(row: &Row, query: &Query, now: DateTime<Utc>) -> bool {
    common(row, query, now)
        && query.get("q").is_none_or(|q| digits_found(row, q).unwrap_or(false))
        && query.get("assigned").is_none_or(|assigned| (assigned == "true") == row.target.is_some())
        && query.get("state").is_none_or(|state| match state {
            "pending" => row.activation.ends_with("pending"),
            "refused" => row.activation.ends_with("failed"),
            _ => quarantined(row),
        })
}

fn quarantined(row: &Row) -> bool {
    row.target.is_none() && row.quarantine.is_some_and(|minutes| minutes > 0)
}

fn common(row: &Row, query: &Query, now: DateTime<Utc>) -> bool {
    let is = |key: &str, word: &str| query.get(key).is_none_or(|asked| asked == word);
    is("country", row.country)
        && is("kind", row.kind)
        && is("usage", row.usage)
        && query.get("city").is_none_or(|city| row.city.is_some_and(|own| own.to_lowercase() == city.to_lowercase()))
        && query.get("capability").is_none_or(|word| row.capabilities.contains(&word))
        && query.get("pending_over").is_none_or(|minutes| {
            let over = TimeDelta::minutes(minutes.parse().expect("minutes"));
            row.activation.ends_with("pending") && row.pending_since.is_some_and(|since| since < now - over)
        })
        && query.get("from").is_none_or(|from| row.e164.as_str() >= from)
        && query.get("to").is_none_or(|to| row.e164.as_str() <= to || row.e164.starts_with(to))
        && query.get("changed_since").is_none_or(|since| row.changed_at >= since.parse::<DateTime<Utc>>().expect("a time"))
        && query.get("numbers").is_none_or(|list| list.split(',').any(|e164| e164 == row.e164))
}

fn digits_found(row: &Row, q: &str) -> Option<bool> {
    if q.starts_with('+') || q.starts_with("00") {
        let start = q.trim_start_matches('+').strip_prefix("00").unwrap_or(q.trim_start_matches('+'));
        return (!start.is_empty()).then(|| row.e164[1..].starts_with(start));
    }
    let digits = match q.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    q.bytes().all(|b| b.is_ascii_digit()).then(|| row.e164.contains(digits))
}

fn found(row: &Row, q: &str) -> bool {
    digits_found(row, q).unwrap_or_else(|| {
        row.tags.contains(&q)
            || row.target.is_some_and(|n| {
                let name = name(n).to_lowercase();
                name.starts_with(q)
                    || name.split(' ').next_back().is_some_and(|last| last.starts_with(q))
                    || format!("user{n}@kestrel.example").starts_with(q)
            })
    })
}

/// The rows in the order asked for.
pub fn ordered<'a>(mut rows: Vec<&'a Row>, query: &Query) -> Vec<&'a Row> {
    let (key, falls) = query.sort().unwrap_or(("number", false));
    rows.sort_by_key(|row| {
        let key = match key {
            "state" => if row.target.is_some() { "user" } else { "unassigned" }.to_owned(),
            "operator" => row.operator.to_string(),
            "city" => row.city.unwrap_or_default().to_lowercase(),
            "usage" => row.usage.to_owned(),
            "changed" => row.changed_at.to_rfc3339(),
            _ => String::new(),
        };
        (key, row.e164.clone())
    });
    if falls {
        rows.reverse();
    }
    rows
}
