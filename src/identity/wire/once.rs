//! `Idempotency-Key`: a POST that creates happens once, and its answer is given again.

use axum::body::Body;
use axum::body::Bytes;
use axum::body::to_bytes;
use axum::extract::FromRequestParts;
use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderName;
use http::HeaderValue;
use http::Method;
use http::StatusCode;
use http::header;
use http::request::Parts;

use super::current_request_id;
use super::extract::original_uri;
use super::request_id;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::Problem;
use crate::store::Idempotent;
use crate::store::Store;
use crate::store::idempotency_begin;
use crate::store::idempotency_finish;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Largest answer that is kept, in bytes.
const KEPT: usize = 8 * 1024 * 1024;
/// Headers that are kept with an answer.
const KEPT_HEADERS: [HeaderName; 4] = [header::CONTENT_TYPE, header::LOCATION, header::ETAG, header::CACHE_CONTROL];

/// The call's `Idempotency-Key`, if it has one, and what it covers.
#[derive(Clone, Debug)]
pub struct Once {
    key: Option<String>,
    method: Method,
    address: String,
}

impl<S: Sync> FromRequestParts<S> for Once {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Failure> {
        let key = match parts.headers.get(KEY) {
            None => None,
            Some(value) => Some(value.to_str().map(str::to_owned).map_err(|_| {
                Problem::new(400, "idempotency_key_invalid", "An Idempotency-Key has 1 to 255 visible ASCII characters.")
            })?),
        };
        Ok(Self { key, method: parts.method.clone(), address: original_uri(parts).to_string() })
    }
}

/// The body that is kept for a replay instead of the one sent. A response extension.
#[derive(Clone, Debug)]
struct StoreInstead(Bytes);

/// Says what is kept for a replay instead of this answer's body: for answers that show a secret once.
#[must_use]
pub fn store_instead(mut response: Response, body: impl Into<Bytes>) -> Response {
    response.extensions_mut().insert(StoreInstead(body.into()));
    response
}

impl Once {
    /// Does `act`, or gives the stored answer of the first call with the same key. With a key the work goes on when the
    /// caller hangs up, so that the answer to its next try is the true one.
    ///
    /// # Errors
    /// 422 `idempotency_mismatch`, 409 `idempotency_in_flight`, or what `act` refuses.
    pub async fn run<F, Fut, R>(self, store: &Store, ctx: &Ctx, body: &[u8], act: F) -> Result<Response, Failure>
    where
        F: FnOnce(Store, Ctx) -> Fut + Send + 'static,
        Fut: Future<Output = Result<R, Failure>> + Send + 'static,
        R: IntoResponse + 'static,
    {
        let (store, ctx) = (store.clone(), ctx.clone());
        let Some(key) = self.key else {
            return act(store, ctx).await.map(IntoResponse::into_response);
        };
        let parts = [self.method.as_str().as_bytes(), self.address.as_bytes(), body];
        if let Idempotent::Replay { status, headers, body } = idempotency_begin(&store, &ctx, &key, &parts).await? {
            return Ok(replay(status, &headers, body));
        }
        let (id, keeper, owner) = (current_request_id(), store.clone(), (ctx.clone(), key.clone()));
        let work = tokio::spawn(request_id::under(id, async move {
            let response = match act(store.clone(), ctx.clone()).await {
                Ok(answer) => answer.into_response(),
                Err(failure) => failure.into_response(),
            };
            keep(&store, &ctx, &key, response).await
        }));
        match work.await {
            Ok(response) => response,
            Err(panic) => {
                idempotency_finish(&keeper, &owner.0, &owner.1, 500, "", &[]).await?;
                Err(anyhow::Error::new(panic).context("the work behind an Idempotency-Key").into())
            }
        }
    }
}

async fn keep(store: &Store, ctx: &Ctx, key: &str, response: Response) -> Result<Response, Failure> {
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, KEPT).await.map_err(|error| anyhow::Error::new(error).context("an answer too large to keep"))?;
    let kept = parts.extensions.get::<StoreInstead>().map_or(&body, |instead| &instead.0);
    let headers: Vec<(&str, &str)> =
        KEPT_HEADERS.iter().filter_map(|name| Some((name.as_str(), parts.headers.get(name)?.to_str().ok()?))).collect();
    let headers = serde_json::to_string(&headers).unwrap_or_default();
    // The work is done: its answer goes out even when it could not be kept.
    if let Err(failure) = idempotency_finish(store, ctx, key, parts.status.as_u16(), &headers, kept).await {
        tracing::warn!(error = %failure, "an answer could not be kept under its Idempotency-Key");
    }
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn replay(status: u16, headers: &str, body: Vec<u8>) -> Response {
    let mut response = Body::from(body).into_response();
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let kept: Vec<(String, String)> = serde_json::from_str(headers).unwrap_or_default();
    for (name, value) in kept {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    response
}
