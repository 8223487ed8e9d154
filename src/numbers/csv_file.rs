//! A file of rows: CSV (RFC 4180) whose header names the columns.

use serde_json::Map;
use serde_json::Value;

use crate::base::Failure;
use crate::base::Problem;

/// Largest file, in bytes.
const MOST: usize = 8 * 1024 * 1024;

/// What the first line may say.
pub struct Header {
    /// The columns, in any order.
    pub columns: &'static [&'static str],
    /// Without these no row could be right.
    pub required: &'static [&'static str],
    /// The code of the refusal.
    pub refused_as: &'static str,
}

/// Reads a file into the cells of each row by column. Comma or semicolon; a byte order mark is skipped; an empty cell says nothing. A row
/// with a wrong number of cells is `None`.
///
/// # Errors
/// 413 `body_too_large`, 422 `file_not_text`, 422 with the header's own code that lists the header expected.
pub fn rows(bytes: &[u8], expected: &Header) -> Result<Vec<Option<Map<String, Value>>>, Failure> {
    if bytes.len() > MOST {
        return Err(Problem::new(413, "body_too_large", "The file is larger than 8 MiB. Send it in parts.").into());
    }
    let text = std::str::from_utf8(bytes).map_err(|_| Problem::new(422, "file_not_text", "Save the file as CSV in UTF-8."))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let first = text.lines().next().unwrap_or_default();
    let delimiter = if first.contains(';') && !first.contains(',') { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text.as_bytes());
    let header: Vec<String> =
        reader.headers().map_err(|_| expected.refusal(first))?.iter().map(|cell| cell.trim().to_owned()).collect();
    let known =
        header.iter().enumerate().all(|(at, cell)| expected.columns.contains(&cell.as_str()) && !header[..at].contains(cell));
    if !known || expected.required.iter().any(|column| !header.iter().any(|cell| cell == column)) {
        return Err(expected.refusal(first));
    }
    let cells = |record: &csv::StringRecord| -> Map<String, Value> {
        let cells = header.iter().cloned().zip(record.iter().map(|cell| Value::from(cell.trim())));
        cells.filter(|(_, cell)| cell.as_str() != Some("")).collect()
    };
    let rows =
        reader.records().map(|record| record.ok().filter(|record| record.len() == header.len()).map(|record| cells(&record)));
    Ok(rows.collect())
}

impl Header {
    fn refusal(&self, found: &str) -> Failure {
        let expected = self.columns.join(",");
        let found: String = found.chars().take(200).collect();
        let required = self.required.join(" and ");
        let detail = format!("The first line must name {required}, may name others of {expected}, and each once.");
        Problem::new(422, self.refused_as, detail)
            .field("file", self.refused_as, Some(found), format!("Use this as the first line, or a part of it: {expected}"))
            .into()
    }
}
