//! One page of a list on the wire.

use axum::body::Body;
use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderName;
use http::HeaderValue;
use http::Uri;
use http::header;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use utoipa::ToSchema;

use super::Format;
use super::format::csv_value;
use crate::base::Failure;

/// One page of a list and where it goes on.
#[derive(Debug, Serialize, ToSchema)]
pub struct Listing<T> {
    pub data: Vec<T>,
    /// Give it as `cursor` to get the next page; null on the last one.
    #[schema(required = true)]
    pub next_cursor: Option<String>,
    pub has_more: bool,
    /// Further fields of one list.
    #[serde(flatten)]
    #[schema(ignore)]
    extra: Map<String, Value>,
}

impl<T: Serialize> Listing<T> {
    /// A page; `next` is the cursor of the page after it.
    #[must_use]
    pub fn new(data: Vec<T>, next: Option<String>) -> Self {
        Self { data, has_more: next.is_some(), next_cursor: next, extra: Map::new() }
    }

    /// A page from rows read with a limit of one more than wanted: cuts the row too many and makes the cursor from the last
    /// one kept.
    #[must_use]
    pub fn cut(mut rows: Vec<T>, limit: i64, cursor: impl FnOnce(&T) -> String) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = if more { rows.last().map(cursor) } else { None };
        Self::new(rows, next)
    }

    /// Adds a field beside `data`, for example `events_after`. Where lines are rows alone a position is a
    /// header, `events-after`.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.extra.insert(name.to_owned(), value.into());
        self
    }

    /// The answer in the form asked for. `uri` is the address called; `columns` the fixed header of the CSV form. In NDJSON
    /// and CSV the next page is told by `Link` alone.
    ///
    /// # Errors
    /// When a row cannot be written as JSON.
    pub fn answer(&self, format: Format, uri: &Uri, columns: &[&str]) -> Result<Response, Failure> {
        let body = match format {
            Format::Json => serde_json::to_vec(self).map_err(anyhow::Error::new)?,
            Format::Ndjson => self.ndjson()?,
            Format::Csv => self.csv(columns)?,
        };
        let mut response = Body::from(body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
        headers.insert(header::VARY, HeaderValue::from_static("accept"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(cursor) = &self.next_cursor
            && let Ok(link) = HeaderValue::from_str(&format!("<{}>; rel=\"next\"", next_address(uri, cursor)))
        {
            headers.insert(header::LINK, link);
        }
        let positions = self.extra.iter().filter_map(|(name, value)| Some((name.replace('_', "-"), value.as_i64()?)));
        for (name, position) in positions.filter(|_| format != Format::Json) {
            headers.insert(HeaderName::try_from(name).map_err(anyhow::Error::new)?, position.into());
        }
        Ok(response)
    }

    fn ndjson(&self) -> anyhow::Result<Vec<u8>> {
        let mut out = Vec::new();
        for row in &self.data {
            serde_json::to_writer(&mut out, row)?;
            out.push(b'\n');
        }
        Ok(out)
    }

    fn csv(&self, columns: &[&str]) -> anyhow::Result<Vec<u8>> {
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
        writer.write_record(columns)?;
        for row in &self.data {
            let row = serde_json::to_value(row)?;
            writer.write_record(columns.iter().map(|column| csv_value(row.get(column))))?;
        }
        Ok(writer.into_inner()?)
    }
}

/// The same address with another cursor.
fn next_address(uri: &Uri, cursor: &str) -> String {
    let pairs = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).filter(|(key, _)| key != "cursor");
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).append_pair("cursor", cursor).finish();
    format!("{}?{query}", uri.path())
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use serde_json::json;

    use super::*;

    fn answer(listing: &Listing<Value>, format: Format) -> Response {
        let uri: Uri = "/api/v1/numbers?limit=1&cursor=old&q=a%20b".parse().expect("an address");
        listing.answer(format, &uri, &["e164", "note", "tags"]).expect("an answer")
    }

    async fn text(listing: &Listing<Value>, format: Format) -> (String, Option<String>) {
        let response = answer(listing, format);
        let link = response.headers().get(header::LINK).map(|link| link.to_str().expect("ASCII").to_owned());
        let body = to_bytes(response.into_body(), 10_000).await.expect("a body");
        (String::from_utf8(body.to_vec()).expect("UTF-8"), link)
    }

    #[tokio::test]
    async fn a_page_is_written_in_three_forms() {
        let rows = vec![json!({"e164": "+493023125010", "note": "=1+1, \"x\"", "tags": ["a", "b"]}), json!({"e164": "+1"})];
        let listing = Listing::cut(rows, 1, |_| "next".to_owned()).with("events_after", 7);
        let (json, link) = text(&listing, Format::Json).await;
        insta::assert_snapshot!(json, @r#"{"data":[{"e164":"+493023125010","note":"=1+1, \"x\"","tags":["a","b"]}],"next_cursor":"next","has_more":true,"events_after":7}"#);
        assert_eq!(link.as_deref(), Some("</api/v1/numbers?limit=1&q=a+b&cursor=next>; rel=\"next\""));
        assert_eq!(text(&listing, Format::Ndjson).await.0.lines().count(), 1);
        assert_eq!(text(&listing, Format::Csv).await.0, "e164,note,tags\r\n+493023125010,\"'=1+1, \"\"x\"\"\",a;b\r\n");
        let position = |format| answer(&listing, format).headers().get("events-after").cloned();
        assert_eq!([Format::Json, Format::Ndjson, Format::Csv].map(position), [None, Some(7.into()), Some(7.into())]);
        let last = Listing::cut(vec![json!({})], 1, |_| "next".to_owned());
        assert!(!last.has_more && text(&last, Format::Json).await.1.is_none());
    }
}
