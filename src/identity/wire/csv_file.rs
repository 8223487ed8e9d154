//! CSV (RFC 4180) that people take away, safe for spreadsheets: the answer, a line, a cell.

use axum::body::Body;
use axum::response::IntoResponse as _;
use axum::response::Response;
use http::HeaderValue;
use http::header;

use super::format::csv_cell;

/// An answer that is saved as `name` instead of shown.
#[must_use]
pub fn csv_file(name: &str, body: Body) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8; header=present"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

/// Appends a line; each cell through [`csv_cell`], in quotes where it must.
pub fn csv_line(out: &mut String, cells: &[impl AsRef<str>]) {
    for (n, cell) in cells.iter().enumerate() {
        if n > 0 {
            out.push(',');
        }
        let safe = csv_cell(cell.as_ref());
        if safe.contains(['"', ',', '\r', '\n']) {
            out.push('"');
            out.push_str(&safe.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(&safe);
        }
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_stays_one_cell() {
        let mut out = String::new();
        csv_line(&mut out, &["Norvik Telekom", "=1, \"x\"", "a\nb", ""]);
        assert_eq!(out, "Norvik Telekom,\"'=1, \"\"x\"\"\",\"a\nb\",\r\n");
    }
}
