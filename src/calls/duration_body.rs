//! A body of durations as rows: lines of NDJSON, elements of a JSON array, records of CSV.

use csv::ByteRecord;
use serde_json::Map;
use serde_json::Value;
use serde_json::value::RawValue;

use super::duration_cell::Raw;
use super::duration_cell::cut;
use super::duration_row;
use super::duration_row::Refusal;
use super::duration_row::Row;
use super::duration_row::columns;
use super::duration_words::DurationFormat;
use super::duration_words::Verdict;
use crate::base::Failure;
use crate::base::Problem;

/// Longest row kept for the reject file, in bytes.
const KEPT_ROW: usize = 4096;

/// A body split into rows, which borrow from it. Blank lines are no rows.
pub(super) enum Rows<'a> {
    /// JSON texts, one a row.
    Json(Vec<&'a [u8]>),
    /// Places of the columns among the fields, and the records.
    Csv(Vec<usize>, Vec<ByteRecord>),
}

/// Splits a body.
///
/// # Errors
/// 400 `body_malformed` for a body that is no JSON array, 422 `header_invalid` for CSV whose first line does not name the columns.
pub(super) fn split(body: &[u8], format: DurationFormat) -> Result<Rows<'_>, Failure> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    match format {
        DurationFormat::Ndjson => Ok(Rows::Json(lines(body).collect())),
        DurationFormat::Json => match serde_json::from_slice::<Vec<&RawValue>>(body) {
            Ok(rows) => Ok(Rows::Json(rows.into_iter().map(|row| row.get().as_bytes()).collect())),
            Err(error) => Err(Problem::new(400, "body_malformed", format!("The body is no JSON array: {error}.")).into()),
        },
        DurationFormat::Csv => {
            let (mut reader, places) = csv_reader(body)?;
            let mut records = Vec::new();
            // The reader takes any bytes; only reading from outside could fail.
            for record in reader.byte_records() {
                records.push(record.map_err(anyhow::Error::new)?);
            }
            Ok(Rows::Csv(places, records))
        }
    }
}

/// Refuses what no row can be read of; much cheaper than [`split`] but for JSON arrays.
///
/// # Errors
/// As for [`split`].
pub(super) fn check(body: &[u8], format: DurationFormat) -> Result<(), Failure> {
    match format {
        DurationFormat::Ndjson => Ok(()),
        DurationFormat::Json => split(body, format).map(drop),
        DurationFormat::Csv => csv_reader(body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)).map(drop),
    }
}

fn lines(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    body.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty())
}

/// Reads the header: known columns, each once, in any order; those that every row needs must be there. Comma, or semicolon
/// when the header has no comma.
fn csv_reader(body: &[u8]) -> Result<(csv::Reader<&[u8]>, Vec<usize>), Failure> {
    let first = lines(body).next().unwrap_or_default();
    let delimiter = if first.contains(&b';') && !first.contains(&b',') { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(body);
    let names: Vec<String> = match reader.byte_headers() {
        Ok(header) => header.iter().map(|cell| String::from_utf8_lossy(cell).trim().to_owned()).collect(),
        Err(_) => return Err(header_invalid("file", "", "The first line must name the columns.")),
    };
    let mut places = Vec::with_capacity(names.len());
    for name in &names {
        let Some(place) = columns().iter().position(|column| column == name) else {
            return Err(header_invalid(name, name, "There is no such column."));
        };
        if places.contains(&place) {
            return Err(header_invalid(name, name, "This column stands there twice."));
        }
        places.push(place);
    }
    for needed in [&["operator_ref", "sip_call_id"][..], &["e164"], &["direction"], &["answered_at", "setup_at"], &["duration_s"]] {
        if !needed.iter().any(|column| names.iter().any(|name| name == column)) {
            return Err(header_invalid(needed[0], "", &format!("The column {} is missing.", needed.join(" or "))));
        }
    }
    Ok((reader, places))
}

fn header_invalid(column: &str, value: &str, what: &str) -> Failure {
    let fix = format!("Columns are: {}.", columns().join(", "));
    let value = Some(cut(value)).filter(|value| !value.is_empty());
    Problem::new(422, "header_invalid", format!("{what} Nothing was stored. {fix}"))
        .field(&cut(column), "header_invalid", value, fix)
        .into()
}

impl Rows<'_> {
    /// How many.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Json(rows) => rows.len(),
            Self::Csv(_, records) => records.len(),
        }
    }

    /// Reads a row, counted from 0.
    pub(super) fn read(&self, n: usize) -> Result<Row<'_>, Refusal> {
        let raw = match self {
            Self::Json(rows) => json(rows[n])?,
            Self::Csv(places, records) => csv_cells(&records[n], places)?,
        };
        if let Some(field) = raw.twice {
            return Err(Refusal::new(Verdict::LineMalformed, field, None, format!("{field} stands there twice. Leave one out.")));
        }
        if let Some(name) = raw.unknown {
            let fix = format!("There is no field {name}. Leave it out.");
            return Err(Refusal { verdict: Verdict::FieldUnknown, field: Some(name.into()), value: None, fix: fix.into() });
        }
        duration_row::read(raw)
    }

    /// A row as it was sent, for the reject file: the JSON text, or the cells of CSV by column as JSON.
    pub(super) fn sent(&self, n: usize) -> String {
        let text = match self {
            Self::Json(rows) => String::from_utf8_lossy(rows[n]).into_owned(),
            Self::Csv(places, records) => {
                let cells = records[n].iter().map(|cell| String::from_utf8_lossy(cell).into_owned());
                if records[n].len() == places.len() {
                    let named = places.iter().zip(cells).filter(|(_, cell)| !cell.is_empty());
                    let row: Map<String, Value> = named.map(|(place, cell)| (columns()[*place].to_owned(), cell.into())).collect();
                    Value::Object(row).to_string()
                } else {
                    cells.collect::<Vec<_>>().join(",")
                }
            }
        };
        let mut text = text.replace('\0', "");
        text.truncate(text.floor_char_boundary(KEPT_ROW));
        text
    }
}

fn json(line: &[u8]) -> Result<Raw<'_>, Refusal> {
    let malformed = |error: &str| Refusal {
        verdict: Verdict::LineMalformed,
        field: None,
        value: Some(cut(&String::from_utf8_lossy(line))),
        fix: format!("Send one JSON object a row: {error}.").into(),
    };
    let text = std::str::from_utf8(line).map_err(|_| malformed("it is not UTF-8"))?;
    serde_json::from_str(text).map_err(|error| malformed(&error.to_string()))
}

fn csv_cells<'a>(record: &'a ByteRecord, places: &[usize]) -> Result<Raw<'a>, Refusal> {
    let malformed = |fix: String| {
        let line = record.iter().map(String::from_utf8_lossy).collect::<Vec<_>>().join(",");
        Refusal { verdict: Verdict::LineMalformed, field: None, value: Some(cut(&line)), fix: fix.into() }
    };
    if record.len() != places.len() {
        return Err(malformed(format!("This line has {} cells, the header {}.", record.len(), places.len())));
    }
    let mut cells = Vec::with_capacity(record.len());
    for cell in record {
        cells.push(std::str::from_utf8(cell).map_err(|_| malformed("This line is not UTF-8.".to_owned()))?);
    }
    Ok(Raw::of_csv(cells.into_iter(), places))
}
