//! A file of people and accounts: CSV (RFC 4180) whose header names the columns, one target a row.

use serde_json::Value;

use super::csv_file;
use super::csv_file::Header;
use super::targets::TargetIn;
use crate::base::Failure;

/// The columns a file may have, in any order; [`REQUIRED`] must be there.
pub const COLUMNS: [&str; 7] = ["id", "kind", "display_name", "upn", "usage_location", "licensed", "department"];

const REQUIRED: [&str; 3] = ["id", "kind", "display_name"];

/// Reads a file into cells by column. Comma or semicolon; a byte order mark is skipped; an empty cell says nothing. A row with
/// a wrong number of cells becomes null and is listed as malformed.
///
/// # Errors
/// 413 `body_too_large`, 422 `file_not_text`, 422 `targets_header_invalid` that lists the header expected.
pub fn read(bytes: &[u8]) -> Result<Vec<Value>, Failure> {
    let header = Header { columns: &COLUMNS, required: &REQUIRED, refused_as: "targets_header_invalid" };
    Ok(csv_file::rows(bytes, &header)?.into_iter().map(|cells| cells.map_or(Value::Null, Value::Object)).collect())
}

/// A row as a target, not judged yet; or the field that cannot be read.
///
/// # Errors
/// `row` for a wrong number of cells, `licensed` for a cell that is neither yes nor no.
pub fn target(row: &Value) -> Result<TargetIn, &'static str> {
    let row = row.as_object().ok_or("row")?;
    let cell = |column: &str| row.get(column).and_then(Value::as_str).map(str::to_owned);
    let licensed = match cell("licensed").unwrap_or_default().to_lowercase().as_str() {
        "true" | "yes" | "1" | "ja" => true,
        "false" | "no" | "0" | "nein" | "" => false,
        _ => return Err("licensed"),
    };
    Ok(TargetIn {
        id: cell("id").unwrap_or_default(),
        kind: cell("kind").unwrap_or_default(),
        display_name: cell("display_name").unwrap_or_default(),
        upn: cell("upn"),
        usage_location: cell("usage_location"),
        licensed,
        department: cell("department"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_becomes_targets() {
        let text = "\u{feff}display_name;id;kind;licensed\r\nMara Lang;m.lang;user;Ja\r\nBridge;b1;conference_bridge;\r\nx;y\r\n";
        let rows = read(text.as_bytes()).expect("read");
        let read: Vec<_> = rows.iter().map(target).collect();
        assert_eq!(read[0].as_ref().map(|t| (t.id.as_str(), t.licensed)), Ok(("m.lang", true)));
        assert_eq!(read[1].as_ref().map(|t| (t.kind.as_str(), t.licensed)), Ok(("conference_bridge", false)));
        assert_eq!(read[2].as_ref().err(), Some(&"row"));
        assert_eq!(target(&serde_json::json!({ "licensed": "maybe" })).err(), Some("licensed"));
    }

    #[test]
    fn a_wrong_header_is_told() {
        for text in ["", "id,kind\n", "id,kind,display_name,id\n", "id,kind,display_name,phone\n"] {
            assert_eq!(read(text.as_bytes()).expect_err("refused").problem().code, "targets_header_invalid", "{text:?}");
        }
        assert_eq!(read(b"\xff\xfe").expect_err("refused").problem().code, "file_not_text");
    }
}
