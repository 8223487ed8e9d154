//! The file of an upload: CSV (RFC 4180) whose header names the columns, one number a row.

use serde_json::Map;
use serde_json::Value;

use super::csv_file;
use super::csv_file::Header;
use crate::base::Failure;

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

/// Reads an upload into rows for [`provision`](super::provision). Comma or semicolon; capabilities are separated by `|`; a
/// byte order mark is skipped; an empty cell says nothing. A row with a wrong number of cells becomes a row that is listed
/// as malformed.
///
/// # Errors
/// 413 `body_too_large`, 422 `file_not_text`, 422 `header_invalid` that lists the header expected.
pub fn read_csv(bytes: &[u8]) -> Result<Vec<Value>, Failure> {
    let header = Header { columns: &COLUMNS, required: &REQUIRED, refused_as: "header_invalid" };
    Ok(csv_file::rows(bytes, &header)?.into_iter().map(|cells| cells.map_or(Value::Null, row)).collect())
}

fn row(cells: Map<String, Value>) -> Value {
    let value = |column: &str, cell: Value| {
        let text = cell.as_str().unwrap_or_default();
        match column {
            "capabilities" => text.split('|').map(str::trim).filter(|word| !word.is_empty()).map(Value::from).collect(),
            "confirm_unlisted" => match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "1" => true.into(),
                "false" | "no" | "0" => false.into(),
                _ => cell,
            },
            _ => cell,
        }
    };
    let named = cells.into_iter().map(|(column, cell)| {
        let value = value(&column, cell);
        (if column == "tenant" { "tenant_id".to_owned() } else { column }, value)
    });
    Value::Object(named.collect())
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
