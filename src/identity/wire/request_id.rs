//! The id of a request and the address it came from.

use std::net::IpAddr;
use std::net::SocketAddr;

use axum::extract::ConnectInfo;
use axum::extract::Request;
use axum::extract::State;
use axum::middleware::Next;
use axum::response::Response;
use http::Extensions;
use http::HeaderName;
use http::HeaderValue;

use crate::store::Store;

/// The id of a request: the caller's `X-Request-Id`, or one of our own. A request extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(pub String);

/// Where a request came from, when a trusted proxy says so. A request extension set in front of everything here; without
/// it the peer's own address counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

tokio::task_local! {
    static CURRENT: RequestId;
}

const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The id of the request this task works on; empty outside of [`request_id`].
#[must_use]
pub fn current_request_id() -> String {
    CURRENT.try_with(|id| id.0.clone()).unwrap_or_default()
}

/// Runs a future under a request's id; for work that moves to a task of its own.
pub(super) async fn under<F: Future>(id: String, future: F) -> F::Output {
    CURRENT.scope(RequestId(id), future).await
}

/// The outermost layer: takes or makes the request id, sets the [`RequestId`] extension, echoes it in the answer.
pub async fn request_id(State(store): State<Store>, mut request: Request, next: Next) -> Response {
    let given = request.headers().get(HEADER).and_then(|value| value.to_str().ok()).filter(|text| usable(text));
    let id = given.map_or_else(|| store.env.id().simple().to_string(), str::to_owned);
    request.extensions_mut().insert(RequestId(id.clone()));
    let echoed = HeaderValue::from_str(&id);
    let mut response = under(id, next.run(request)).await;
    if let Ok(echoed) = echoed {
        response.headers_mut().insert(HEADER, echoed);
    }
    response
}

/// Up to 128 letters, digits and `-_.:/+=@`: nothing that could break a log line or a header.
fn usable(text: &str) -> bool {
    (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:/+=@".contains(&b))
}

/// The request id of these extensions; empty when no layer set one.
pub(in super::super) fn id_of(extensions: &Extensions) -> String {
    extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default()
}

/// The caller's address of these extensions.
pub(in super::super) fn address_of(extensions: &Extensions) -> Option<String> {
    let stated = extensions.get::<ClientAddress>().map(|address| address.0);
    let peer = || extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    stated.or_else(peer).map(|address| address.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_from_outside_are_short_and_plain() {
        assert!(usable("01JD-abc_1.2:3"));
        assert!(!usable(""));
        assert!(!usable("a b"));
        assert!(!usable("a\"b"));
        assert!(!usable(&"x".repeat(129)));
    }
}
