//! What a handler takes from a request: who calls, path, query, page and body, each refused as a problem.

use axum::body::Bytes;
use axum::extract::FromRequest;
use axum::extract::FromRequestParts;
use axum::extract::OriginalUri;
use axum::extract::Request;
use axum::response::IntoResponse as _;
use http::HeaderMap;
use http::StatusCode;
use http::Uri;
use http::header;
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::edge;
use crate::base::Ctx;
use crate::base::Cursor;
use crate::base::Failure;
use crate::base::Problem;
use crate::store::Store;

/// The API client that calls: from the layer [`api_edge`](super::api_edge), or from its token when that layer is not there.
/// Refuses with 401 `token_missing`, `token_invalid` or `token_expired`.
#[derive(Clone, Debug)]
pub struct ApiCtx(pub Ctx);

impl FromRequestParts<Store> for ApiCtx {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, store: &Store) -> Result<Self, Failure> {
        match parts.extensions.get::<Ctx>() {
            Some(ctx) => Ok(Self(ctx.clone())),
            None => Ok(Self(edge::authenticate(store, &parts.headers, &parts.extensions).await?)),
        }
    }
}

/// Path parameters; what does not fit its type is 404, as there can be no such thing.
#[derive(Clone, Debug)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        match axum::extract::Path::<T>::from_request_parts(parts, state).await {
            Ok(axum::extract::Path(value)) => Ok(Self(value)),
            Err(_) => Err(Problem::not_found("thing").into()),
        }
    }
}

/// The query part as a type; 400 `query_malformed` when it does not fit.
#[derive(Clone, Debug)]
pub struct Query<T>(pub T);

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Failure> {
        serde_urlencoded::from_str(parts.uri.query().unwrap_or_default())
            .map(Self)
            .map_err(|error| Problem::new(400, "query_malformed", format!("The query cannot be read: {error}.")).into())
    }
}

/// `?limit=` and `?cursor=` of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paging {
    /// Rows wanted, 1 to 1,000; 100 when not said. Read one more to know whether there are more.
    pub limit: i64,
    cursor: Option<String>,
    /// The address called, for `Link`.
    pub uri: Uri,
}

impl Paging {
    /// Reads the query part.
    ///
    /// # Errors
    /// 400 `limit_invalid`.
    pub fn of(uri: Uri) -> Result<Self, Failure> {
        let (mut limit, mut cursor) = (None, None);
        for (key, value) in url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            match &*key {
                "limit" if limit.is_none() => limit = Some(value.into_owned()),
                "cursor" if cursor.is_none() && !value.is_empty() => cursor = Some(value.into_owned()),
                _ => {}
            }
        }
        let limit = match limit {
            None => 100,
            Some(text) => text.parse::<i64>().ok().filter(|limit| (1..=1000).contains(limit)).ok_or_else(|| {
                Problem::new(400, "limit_invalid", "limit is a whole number from 1 to 1000.").field(
                    "limit",
                    "limit_invalid",
                    Some(text),
                    "Send 1 to 1000, or leave it out for 100.",
                )
            })?,
        };
        Ok(Self { limit, cursor, uri })
    }

    /// The position to go on from, with `keys` parts; `None` on the first page.
    ///
    /// # Errors
    /// 400 `cursor_invalid`.
    pub fn cursor(&self, keys: usize) -> Result<Option<Cursor>, Failure> {
        self.cursor.as_deref().map(|text| Cursor::decode(text, keys)).transpose()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Paging {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Failure> {
        Self::of(original_uri(parts))
    }
}

/// Whether the caller would rather wait for the outcome (`Prefer: wait`, RFC 7240, section 4.3).
#[derive(Clone, Copy, Debug)]
pub struct Wait(pub bool);

impl<S: Sync> FromRequestParts<S> for Wait {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Failure> {
        let values = parts.headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
        let wait = |preference: &str| preference.split(['=', ';']).next().unwrap_or_default().trim().eq_ignore_ascii_case("wait");
        Ok(Self(values.flat_map(|value| value.split(',')).any(wait)))
    }
}

/// The whole address, also inside nested routers.
pub(super) fn original_uri(parts: &Parts) -> Uri {
    parts.extensions.get::<OriginalUri>().map_or_else(|| parts.uri.clone(), |original| original.0.clone())
}

/// A JSON body: the value, and the bytes as sent (for [`Once`](super::Once)). Refuses with 415, 413, then 400.
#[derive(Clone, Debug)]
pub struct Json<T>(pub T, pub Bytes);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        if !is_json(request.headers()) {
            return Err(Problem::new(415, "content_type_unsupported", "Send the body as Content-Type: application/json.").into());
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| {
            if rejection.into_response().status() == StatusCode::PAYLOAD_TOO_LARGE {
                Problem::new(413, "body_too_large", "The body is larger than this call takes. Send it in parts.")
            } else {
                Problem::new(400, "body_malformed", "The body broke off.")
            }
        })?;
        match serde_json::from_slice(&bytes) {
            Ok(value) => Ok(Self(value, bytes)),
            Err(error) => Err(Problem::new(400, "body_malformed", format!("The body is not the JSON expected: {error}.")).into()),
        }
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media == "application/json" || (media.starts_with("application/") && media.ends_with("+json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paging(query: &str) -> Result<Paging, Problem> {
        Paging::of(format!("/numbers?{query}").parse().expect("an address")).map_err(|failure| failure.problem())
    }

    #[test]
    fn limits_are_held() {
        assert_eq!(paging("").map(|p| p.limit), Ok(100));
        assert_eq!(paging("limit=1000").map(|p| p.limit), Ok(1000));
        for bad in ["limit=0", "limit=1001", "limit=x", "limit=", "limit=-1"] {
            assert_eq!(paging(bad).map_err(|p| (p.status, p.code)), Err((400, "limit_invalid")), "{bad}");
        }
        assert!(paging("cursor=%25").expect("read").cursor(1).is_err());
        assert_eq!(paging("cursor=").expect("read").cursor(1).ok(), Some(None));
    }
}
