//! Pasted lines and files of a change set: what a spreadsheet gives, with or without a header, in rows as the API takes them.

use serde_json::Map;
use serde_json::Value;

use super::model_sets::SetAction;
use crate::base::Failure;
use crate::base::Problem;

/// Largest file, in bytes.
const MOST: usize = 8 * 1024 * 1024;

/// Header names, as people and our own files write them, and the field they mean. An empty field: known, and left out.
const NAMES: &[(&str, &str)] = &[
    ("e164", "e164"),
    ("number", "e164"),
    ("phone number", "e164"),
    ("telephone number", "e164"),
    ("rufnummer", "e164"),
    ("nummer", "e164"),
    ("telefonnummer", "e164"),
    ("target", "target"),
    ("target_id", "target"),
    ("upn", "target"),
    ("user", "target"),
    ("email", "target"),
    ("e-mail", "target"),
    ("person", "target"),
    ("benutzer", "target"),
    ("ziel", "target"),
    ("category", "category"),
    ("kategorie", "category"),
    ("quarantine_days", "quarantine_days"),
    ("quarantine", "quarantine_days"),
    ("quarantäne", "quarantine_days"),
    ("usage", "usage"),
    ("nutzung", "usage"),
    ("verwendung", "usage"),
    ("tags", "tags"),
    ("tag", "tags"),
    ("schlagwort", "tags"),
    ("schlagworte", "tags"),
    ("emergency_location", "emergency_location"),
    ("emergency location", "emergency_location"),
    ("notfalladresse", "emergency_location"),
    ("note", "note"),
    ("notiz", "note"),
    // Of the reject file and of the list of numbers.
    ("row", ""),
    ("code", ""),
    ("reason", ""),
    ("fix", ""),
    ("operator_id", ""),
    ("operator_name", ""),
    ("country", ""),
    ("kind", ""),
    ("city", ""),
    ("activation_state", ""),
    ("assignment_status", ""),
    ("quarantine_until", ""),
    ("number_seq", ""),
    ("version", ""),
    ("display_name", ""),
    ("changed_at", ""),
];

fn field_of(name: &str) -> Option<&'static str> {
    let name = name.trim().to_lowercase();
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, field)| *field)
}

/// Reads a file or pasted lines: tab, semicolon or comma, a header or none. A row with a wrong number of cells becomes a row
/// that is listed as malformed.
///
/// # Errors
/// 413 `body_too_large`, 422 `file_not_text`, 422 `columns_invalid`.
pub fn read_lines(action: SetAction, bytes: &[u8]) -> Result<Vec<Value>, Failure> {
    if bytes.len() > MOST {
        return Err(Problem::new(413, "body_too_large", "The file is larger than 8 MiB. Send it in parts.").into());
    }
    let text = decoded(bytes)?;
    let delimiter = delimiter(&text);
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).has_headers(false).from_reader(text.as_bytes());
    let mut records = Vec::new();
    for record in reader.records() {
        match record {
            Ok(record) if record.iter().all(|cell| cell.trim().is_empty()) => {}
            Ok(record) => records.push(record.iter().map(|cell| cell.trim().to_owned()).collect::<Vec<_>>()),
            Err(_) => records.push(Vec::new()),
        }
    }
    let headed = records.first().is_some_and(|first| first.iter().any(|cell| field_of(cell) == Some("e164")));
    let columns = if headed { header(&records.remove(0))? } else { positional(action) };
    Ok(records.iter().map(|cells| row(action, &columns, headed, cells)).collect())
}

/// UTF-8, UTF-16 with its mark, or else Windows' Western European, as spreadsheets write them.
fn decoded(bytes: &[u8]) -> Result<String, Failure> {
    let utf16 = |pair: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes[2..].chunks_exact(2).map(|two| pair([two[0], two[1]])).collect();
        String::from_utf16(&units).ok()
    };
    let text = match bytes {
        [0xff, 0xfe, ..] => utf16(u16::from_le_bytes),
        [0xfe, 0xff, ..] => utf16(u16::from_be_bytes),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => Some(text.strip_prefix('\u{feff}').unwrap_or(text).to_owned()),
            Err(_) => Some(bytes.iter().map(|byte| if *byte == 0x80 { '€' } else { char::from(*byte) }).collect()),
        },
    };
    let control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t') && !('\u{80}'..='\u{9f}').contains(&c);
    text.filter(|text| !text.contains(control))
        .ok_or_else(|| Problem::new(422, "file_not_text", "Save the file as CSV in UTF-8.").into())
}

/// What stands between the cells: the first kind found in the first line that has any.
fn delimiter(text: &str) -> u8 {
    let found = |line: &str| [b'\t', b';', b','].into_iter().find(|kind| line.as_bytes().contains(kind));
    text.lines().take(50).find_map(found).unwrap_or(b',')
}

/// The field of each column; an empty one is left out.
fn header(cells: &[String]) -> Result<Vec<&'static str>, Failure> {
    let mut columns: Vec<&'static str> = Vec::new();
    for cell in cells {
        let field = if cell.is_empty() { Some("") } else { field_of(cell) };
        match field {
            Some(field) if field.is_empty() || !columns.contains(&field) => columns.push(field),
            _ => {
                let fix =
                    "Name each column once: number, target, category, quarantine_days, usage, tags, emergency_location, note.";
                let detail = format!("The first line names a column that is not understood: {cell}.");
                let value = cell.chars().take(100).collect();
                return Err(Problem::new(422, "columns_invalid", detail).field("file", "columns_invalid", Some(value), fix).into());
            }
        }
    }
    Ok(columns)
}

fn positional(action: SetAction) -> Vec<&'static str> {
    std::iter::once("e164").chain(action.columns().iter().copied()).collect()
}

fn row(action: SetAction, columns: &[&'static str], headed: bool, cells: &[String]) -> Value {
    let mut row = Map::new();
    let tagging = matches!(action, SetAction::Tag | SetAction::Untag);
    let extra = cells.get(columns.len()..).unwrap_or_default().iter().any(|cell| !cell.is_empty());
    if cells.is_empty() || (extra && (headed || !tagging)) {
        // Kept as it was, so that it can be mended.
        let whole = cells.join(";");
        return if whole.is_empty() { Value::Null } else { Value::Array(vec![whole.into()]) };
    }
    for (column, cell) in columns.iter().zip(cells) {
        let wanted = *column == "e164" || action.columns().contains(column);
        if wanted && !cell.is_empty() {
            row.insert((*column).to_owned(), cell.as_str().into());
        }
    }
    if tagging && extra {
        let tags: Vec<&str> = cells[1..].iter().map(String::as_str).filter(|tag| !tag.is_empty()).collect();
        row.insert("tags".to_owned(), tags.join("|").into());
    }
    Value::Object(row)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lines_are_read_with_any_separator() {
        let wanted = [
            json!({ "e164": "+49 30 23125010", "target": "a@b.example", "category": "primary" }),
            json!({ "e164": "+493023125011" }),
        ];
        for between in ["\t", ";", ","] {
            let text =
                ["+49 30 23125010", "a@b.example", "primary"].join(between) + "\r\n\r\n+493023125011" + between + between + "\n";
            assert_eq!(read_lines(SetAction::Assign, text.as_bytes()).expect("read"), wanted, "{between:?}");
        }
    }

    #[test]
    fn a_spreadsheet_of_any_making_is_read() {
        let text = "Rufnummer;Benutzer;Kategorie\r\n493023125010;\"Jörg; Maier\";weitere\r\n";
        let wanted = [json!({ "e164": "493023125010", "target": "Jörg; Maier", "category": "weitere" })];
        let latin: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).expect("Latin")).collect();
        let wide: Vec<u8> = std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        for bytes in [text.as_bytes(), &latin, &wide] {
            assert_eq!(read_lines(SetAction::Assign, bytes).expect("read"), wanted);
        }
    }

    #[test]
    fn columns_of_other_files_are_left_out() {
        let text = "row,e164,usage,tags,code,reason,fix\n7,+493023125010,user,a|b,x,y,z\n";
        let wanted = [json!({ "e164": "+493023125010", "tags": "a|b" })];
        assert_eq!(read_lines(SetAction::Tag, text.as_bytes()).expect("read"), wanted);
        let wrong = read_lines(SetAction::Tag, b"number,kategory\n+49,x\n").expect_err("refused").problem();
        assert_eq!((wrong.status, wrong.code), (422, "columns_invalid"));
        assert_eq!(read_lines(SetAction::Tag, b"\x00\x01\x02").expect_err("refused").problem().code, "file_not_text");
    }

    #[test]
    fn a_row_with_too_many_cells_is_malformed_and_tags_go_on() {
        let rows = read_lines(SetAction::Unassign, b"+493023125010;30;x\n").expect("read");
        assert_eq!(rows, [json!(["+493023125010;30;x"])]);
        let rows = read_lines(SetAction::Tag, b"+493023125010;a;b\n").expect("read");
        assert_eq!(rows, [json!({ "e164": "+493023125010", "tags": "a|b" })]);
    }
}
