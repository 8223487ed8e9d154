//! Headers and limits around everything.

use std::net::IpAddr;
use std::net::SocketAddr;
use std::time::Instant;

use axum::extract::ConnectInfo;
use axum::extract::MatchedPath;
use axum::extract::Request;
use axum::extract::State;
use axum::middleware::Next;
use axum::response::IntoResponse as _;
use axum::response::Response;
use http::HeaderName;
use http::HeaderValue;
use http::header;
use tower_http::csrf::ProtectionError;

use super::document;
use super::state::App;
use crate::base::Failure;
use crate::base::Problem;
use crate::identity::ClientAddress;
use crate::identity::current_request_id;

/// Security headers of every answer; pages bring their own policy with a nonce.
pub async fn headers(State(app): State<App>, request: Request, next: Next) -> Response {
    let asset = request.uri().path().starts_with("/pkg/");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "same-origin");
    set(header::X_FRAME_OPTIONS, "DENY");
    set(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    set(HeaderName::from_static("cross-origin-resource-policy"), "same-origin");
    set(HeaderName::from_static("permissions-policy"), "camera=(), microphone=(), geolocation=()");
    set(header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
    // Names of files below /pkg hold a hash of their content.
    set(header::CACHE_CONTROL, if asset { "public, max-age=31536000, immutable" } else { "no-store" });
    if app.settings.https {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubDomains");
    }
    response
}

/// The client's address behind trusted proxies: the last one in `X-Forwarded-For` that is not a proxy of ours.
pub async fn client_address(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let trusted = |address: &IpAddr| app.settings.trusted_proxies.iter().any(|net| net.contains(address));
    if let Some(peer) = peer.filter(trusted) {
        let forwarded = request.headers().get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
        let hops: Vec<IpAddr> = forwarded.flat_map(|value| value.split(',')).filter_map(|hop| hop.trim().parse().ok()).collect();
        let client = hops.iter().rev().find(|hop| !trusted(hop)).copied().unwrap_or(peer);
        request.extensions_mut().insert(ClientAddress(client));
    }
    next.run(request).await
}

/// One log line a request, by route template; no path with a number in it is written.
pub async fn trace(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("(none)", MatchedPath::as_str).to_owned();
    let response = next.run(request).await;
    let elapsed = started.elapsed();
    let status = response.status().as_u16();
    tracing::info!(method = %method, route, status, elapsed_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX), request_id = current_request_id(), "request");
    metrics::counter!("concord_requests_total", "route" => route.clone(), "status" => status.to_string()).increment(1);
    metrics::histogram!("concord_request_seconds", "route" => route).record(elapsed.as_secs_f64());
    response
}

/// A call that takes longer than the settings allow is given up with 503: the database may stand still, and no caller waits for
/// ever.
pub async fn in_time(State(app): State<App>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let again = parts.clone();
    if let Ok(response) = tokio::time::timeout(app.settings.timeout, next.run(Request::from_parts(parts, body))).await {
        return response;
    }
    let detail = "This took too long and was given up. See whether it was done, or send the same call again with its key.";
    let problem = Problem { retry_after_s: Some(5), ..Problem::new(503, "took_too_long", detail) };
    let path = again.uri.path();
    if path.starts_with("/api/") || path.starts_with("/oauth/") {
        return Failure::from(problem).into_response();
    }
    document::problem(app, problem, Request::from_parts(again, axum::body::Body::empty())).await
}

/// Refusals on the portal's side that are no pages (wrong method, cross-site post, too large, a panic, a problem of a handler)
/// become error pages.
pub async fn error_pages(State(app): State<App>, request: Request, next: Next) -> Response {
    let head = request.method() == http::Method::HEAD;
    let (parts, body) = request.into_parts();
    let again = parts.clone();
    let response = next.run(Request::from_parts(parts, body)).await;
    let status = response.status();
    let html = response.headers().get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"text/html"));
    if html || head || !(status.is_client_error() || status.is_server_error()) || status == http::StatusCode::NOT_MODIFIED {
        return response;
    }
    let crossed = response.extensions().get::<ProtectionError>().is_some();
    let (code, detail) = match status.as_u16() {
        403 if crossed => ("cross_site", "This form was sent from another site. Open the page here and send it again."),
        403 => ("forbidden", "This is not for you to see or do."),
        405 => ("method_not_allowed", "This address does not take this kind of request."),
        413 => ("too_large", "What was sent is larger than this form takes."),
        415 => ("unsupported_media_type", "This form was sent in a format that is not understood."),
        400 | 422 => ("malformed", "What was sent could not be read. Open the form again and send it once more."),
        404 => ("not_found", "There is no such page."),
        _ => ("internal", "Something went wrong on our side."),
    };
    let told = response.extensions().get::<Problem>().cloned();
    let problem = told.unwrap_or_else(|| Problem::new(status.as_u16(), code, detail));
    let kept = response.headers().get(header::ALLOW).cloned();
    let mut page = document::problem(app, problem, Request::from_parts(again, axum::body::Body::empty())).await;
    if let Some(allow) = kept {
        page.headers_mut().insert(header::ALLOW, allow);
    }
    page
}
