//! The file of an upload: CSV (RFC 4180) whose header names the columns, one number a row.

use serde_json::Map;
use serde_json::Value;

use crate::base::Failure;
use crate::base::Problem;

/// The columns an upload may have, in any order; [`REQUIRED`] must be there.
pub const COLUMNS: [&str; 10] = [
    "e164",
    "tenant",
    "usage",
    "capabilities",
    "city",
    "kind",
    "emergency_address_mode",
    "billing_ref",
    "note",
    "confirm_unlisted",
];

/// Without these no row could be right. The customer may be chosen for the whole file instead.
const REQUIRED: [&str; 2] = ["e164", "usage"];

/// Largest file, in bytes.
const MOST: usize = 8 * 1024 * 1024;

/// Reads an upload into rows for [`provision`](super::provision). Comma or semicolon; capabilities are separated by `|`; a
/// byte order mark is skipped; an empty cell says nothing. A row with a wrong number of cells becomes a row that is listed
/// as malformed.
///
/// # Errors
/// 413 `body_too_large`, 422 `file_not_text`, 422 `header_invalid` that lists the header expected.
pub fn read_csv(bytes: &[u8]) -> Result<Vec<Value>, Failure> {
    if bytes.len() > MOST {
        return Err(Problem::new(413, "body_too_large", "The file is larger than 8 MiB. Send it in parts.").into());
    }
    let text = std::str::from_utf8(bytes).map_err(|_| Problem::new(422, "file_not_text", "Save the file as CSV in UTF-8."))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let first = text.lines().next().unwrap_or_default();
    let delimiter = if first.contains(';') && !first.contains(',') { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text.as_bytes());
    let header: Vec<String> =
        reader.headers().map_err(|_| header_invalid(first))?.iter().map(|cell| cell.trim().to_owned()).collect();
    let known = header.iter().enumerate().all(|(at, cell)| COLUMNS.contains(&cell.as_str()) && !header[..at].contains(cell));
    if !known || REQUIRED.iter().any(|column| !header.iter().any(|cell| cell == column)) {
        return Err(header_invalid(first));
    }
    let rows = reader.records().map(|record| match record {
        Ok(record) if record.len() == header.len() => row(&header, &record),
        _ => Value::Null,
    });
    Ok(rows.collect())
}

fn row(header: &[String], record: &csv::StringRecord) -> Value {
    let mut row = Map::new();
    for (column, cell) in header.iter().zip(record) {
        let cell = cell.trim();
        if cell.is_empty() {
            continue;
        }
        let value = match column.as_str() {
            "capabilities" => cell.split('|').map(str::trim).filter(|word| !word.is_empty()).map(Value::from).collect(),
            "confirm_unlisted" => match cell.to_ascii_lowercase().as_str() {
                "true" | "yes" | "1" => true.into(),
                "false" | "no" | "0" => false.into(),
                _ => cell.into(),
            },
            _ => Value::from(cell),
        };
        let field = if column == "tenant" { "tenant_id" } else { column };
        row.insert(field.to_owned(), value);
    }
    Value::Object(row)
}

fn header_invalid(found: &str) -> Failure {
    let expected = COLUMNS.join(",");
    let found: String = found.chars().take(200).collect();
    let required = REQUIRED.join(" and ");
    let detail = format!("The first line must name {required}, may name others of {expected}, and each once.");
    Problem::new(422, "header_invalid", detail)
        .field("file", "header_invalid", Some(found), format!("Use this as the first line, or a part of it: {expected}"))
        .into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_file_becomes_rows() {
        let header = COLUMNS.join(",");
        let text = format!("\u{feff}{header}\r\n+493023125010,acme,user,inbound|user,\"Berlin, Mitte\",,,K-1,,yes\r\n+49,acme\r\n");
        let rows = read_csv(text.as_bytes()).expect("read");
        let first = json!({ "e164": "+493023125010", "tenant_id": "acme", "usage": "user", "capabilities": ["inbound", "user"],
            "city": "Berlin, Mitte", "billing_ref": "K-1", "confirm_unlisted": true });
        assert_eq!(rows, [first, Value::Null]);
        let german = text.replace(", Mitte", "").replace(',', ";");
        assert_eq!(read_csv(german.as_bytes()).expect("read").len(), 2);
    }

    #[test]
    fn columns_may_be_left_out_and_stand_in_any_order() {
        let rows = read_csv(b"usage,e164\nuser,+493023125010\nuser,+493023125011,x\n").expect("read");
        assert_eq!(rows, [json!({ "e164": "+493023125010", "usage": "user" }), Value::Null]);
    }

    #[test]
    fn a_wrong_header_is_told() {
        for text in ["", "e164,tenant\n+49", "\u{0}\u{1}", "e164,usage,usage\n", "e164,usage,owner\n", "+49,user\n"] {
            let problem = read_csv(text.as_bytes()).expect_err("refused").problem();
            assert_eq!((problem.status, problem.code), (422, "header_invalid"), "{text:?}");
            assert!(problem.detail.contains("e164,tenant,usage"));
        }
        assert_eq!(read_csv(b"\xff\xfe").expect_err("refused").problem().code, "file_not_text");
    }
}
