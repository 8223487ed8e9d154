//! The layer in front of the API: token, rate limit, rate headers, request log. In this order, so that nobody without a token
//! learns which addresses exist.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::MatchedPath;
use axum::extract::OriginalUri;
use axum::extract::Request;
use axum::extract::State;
use axum::middleware::Next;
use axum::response::IntoResponse;
use axum::response::Response;
use governor::Quota;
use governor::RateLimiter;
use governor::clock::Clock as _;
use governor::clock::DefaultClock;
use governor::clock::QuantaInstant;
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use http::Extensions;
use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::header;

use super::ProblemCode;
use super::request_id::address_of;
use super::request_id::id_of;
use crate::base::Actor;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::Problem;
use crate::base::ScopeSet;
use crate::identity::log::Entry;
use crate::identity::log::RequestLog;
use crate::identity::model::OrgKind;
use crate::identity::queries;
use crate::identity::secret::secret_hash;
use crate::store::Store;

/// Addresses of the API that need no token.
pub const OPEN_PATHS: [&str; 4] = ["/oauth/token", "/keys", "/openapi.json", "/docs"];

type Buckets = RateLimiter<String, DefaultKeyedStateStore<String>, DefaultClock, StateInformationMiddleware>;

/// How often one client may call. A request extension, for `GET /me`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimits {
    /// Calls a second in the long run; at least 1.
    pub per_second: u32,
    /// Calls at once; at least 1.
    pub burst: u32,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self { per_second: 100, burst: 200 }
    }
}

/// The state of [`api_edge`]. Cheap to clone.
#[derive(Clone)]
pub struct ApiEdge {
    store: Store,
    log: RequestLog,
    buckets: Arc<Buckets>,
    limits: RateLimits,
}

impl ApiEdge {
    /// An edge that holds each client to these limits.
    #[must_use]
    pub fn new(store: Store, log: RequestLog, limits: RateLimits) -> Self {
        let at_least_one = |n: u32| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        let (per_second, burst) = (at_least_one(limits.per_second), at_least_one(limits.burst));
        let buckets = RateLimiter::keyed(Quota::per_second(per_second).allow_burst(burst));
        let limits = RateLimits { per_second: per_second.get(), burst: burst.get() };
        Self { store, log, buckets: Arc::new(buckets.with_middleware()), limits }
    }

    /// Forgets clients whose bucket is full again.
    pub fn tidy(&self) {
        self.buckets.retain_recent();
    }

    /// Calls left, or the seconds to wait.
    fn take(&self, client: &str) -> Result<u32, u32> {
        match self.buckets.check_key(&client.to_owned()) {
            Ok(state) => Ok(state.remaining_burst_capacity()),
            Err(not_until) => {
                let wait = not_until.wait_time_from(self.now());
                Err(u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1))
            }
        }
    }

    fn now(&self) -> QuantaInstant {
        self.buckets.clock().now()
    }

    /// `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers).
    fn rate_headers(&self, headers: &mut HeaderMap, left: u32, wait_s: u32) {
        let RateLimits { per_second, burst } = self.limits;
        let window = burst.div_ceil(per_second);
        let texts = [
            (HeaderName::from_static("ratelimit-policy"), format!("\"client\";q={burst};w={window}")),
            (HeaderName::from_static("ratelimit"), format!("\"client\";r={left};t={wait_s}")),
        ];
        for (name, text) in texts {
            if let Ok(value) = HeaderValue::from_str(&text) {
                headers.insert(name, value);
            }
        }
    }
}

/// The API's layer: everything but [`OPEN_PATHS`] needs a token; sets the [`Ctx`] extension. Put it on the router with the
/// routes (not around it), so that it knows the route.
pub async fn api_edge(State(edge): State<ApiEdge>, mut request: Request, next: Next) -> Response {
    if is_open(&request) {
        return next.run(request).await;
    }
    let started = Instant::now();
    let ctx = match authenticate(&edge.store, request.headers(), request.extensions()).await {
        Ok(ctx) => ctx,
        Err(failure) => return failure.into_response(),
    };
    let method = request.method().to_string();
    let route = request.extensions().get::<MatchedPath>().map_or("(none)", MatchedPath::as_str).to_owned();
    let mut response = match edge.take(&ctx.actor.id()) {
        Ok(left) => {
            request.extensions_mut().insert(ctx.clone());
            request.extensions_mut().insert(edge.limits);
            let mut response = next.run(request).await;
            edge.rate_headers(response.headers_mut(), left, 1);
            response
        }
        Err(wait_s) => {
            let mut problem = Problem::new(429, "rate_limited", "This client calls too often. Retry-After says when to go on.");
            problem.retry_after_s = Some(wait_s);
            let mut response = Failure::from(problem).into_response();
            edge.rate_headers(response.headers_mut(), 0, wait_s);
            response
        }
    };
    // Answers to one client are nobody else's.
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    edge.log.note(
        &edge.store,
        Entry {
            org: ctx.org.id(),
            client: ctx.actor.id(),
            at: ctx.now(),
            id: ctx.env.id(),
            method,
            route,
            status: response.status().as_u16(),
            elapsed_ms: i32::try_from(started.elapsed().as_millis()).unwrap_or(i32::MAX),
            request_id: ctx.request_id,
            problem_code: response.extensions().get::<ProblemCode>().map(|code| code.0),
        },
    );
    response
}

fn is_open(request: &Request) -> bool {
    let original = request.extensions().get::<OriginalUri>().map_or_else(|| request.uri().path(), |uri| uri.0.path());
    let path = original.strip_prefix("/api/v1").unwrap_or(original);
    OPEN_PATHS.contains(&path)
}

/// Who holds the bearer token of these headers; one query.
pub(super) async fn authenticate(store: &Store, headers: &HeaderMap, extensions: &Extensions) -> Result<Ctx, Failure> {
    let token = bearer(headers)?;
    let found = queries::token_holder(store.pool(), &secret_hash(token)).await?;
    let invalid = || Problem::new(401, "token_invalid", "This access token is not valid. Get a new one from /oauth/token.");
    let Some(found) = found.filter(|found| !found.revoked) else {
        return Err(invalid().into());
    };
    if found.expires_at <= store.env.now() {
        return Err(Problem::new(401, "token_expired", "This access token has expired. Get a new one from /oauth/token.").into());
    }
    let kind = OrgKind::parse(&found.org_kind).ok_or_else(invalid)?;
    let granted = ScopeSet::parse(found.token_scopes.iter().map(String::as_str));
    let allowed = ScopeSet::parse(found.client_scopes.iter().map(String::as_str));
    let org = kind.org(found.org_id);
    #[cfg(feature = "chaos")]
    let org = crate::base::chaos::scope_off().map_or(org, |off| off.asked);
    Ok(Ctx {
        actor: Actor::Client { id: found.client_id, label: found.client_name },
        org,
        scopes: granted.and(allowed),
        request_id: id_of(extensions),
        address: address_of(extensions),
        env: store.env.clone(),
    })
}

fn bearer(headers: &HeaderMap) -> Result<&str, Failure> {
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        return Err(Problem::new(401, "token_missing", "Send Authorization: Bearer with an access token from /oauth/token.").into());
    };
    let token = value
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .filter(|token| !token.is_empty());
    token
        .ok_or_else(|| Problem::new(401, "token_invalid", "Authorization is not a bearer token. Get one from /oauth/token.").into())
}
