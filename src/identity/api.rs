//! `POST /oauth/token` and `GET /me`.

use std::sync::Arc;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::Response;
use chrono::DateTime;
use chrono::Utc;
use http::Extensions;
use http::HeaderMap;
use http::HeaderValue;
use http::StatusCode;
use http::header;
use serde::Deserialize;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::queries;
use super::tokens;
use super::tokens::LIFE_S;
use super::tokens::Refusal;
use super::wire::ApiCtx;
use super::wire::ProblemOut;
use super::wire::RateLimits;
use super::wire::address_of;
use crate::base::Failure;
use crate::base::Org;
use crate::base::write_time;
use crate::store::Store;

/// The routes of this room; the token's address needs no token.
pub fn api() -> OpenApiRouter<Store> {
    OpenApiRouter::new().routes(routes!(token)).routes(routes!(me))
}

/// The addresses of the token endpoint: what an assertion names as its audience. A request extension; without it none is taken.
#[derive(Clone, Debug, Default)]
pub struct TokenAddresses(Arc<[String]>);

impl TokenAddresses {
    /// Of a site by the addresses it goes under, such as `https://concord.example`.
    pub fn of(sites: impl IntoIterator<Item = String>) -> Self {
        let paths = ["/oauth/token", "/api/v1/oauth/token"];
        let both = sites.into_iter().flat_map(|site| paths.map(|path| format!("{}{path}", site.trim_end_matches('/'))));
        Self(both.collect())
    }
}

/// A request for a token, form-encoded.
#[derive(Deserialize, ToSchema)]
#[expect(dead_code, reason = "describes the form for the documentation; read by hand to tell doubled parameters")]
struct TokenIn {
    /// `client_credentials`.
    grant_type: String,
    /// Scopes wanted, with blanks between; all of the client's when left out.
    scope: Option<String>,
    /// With `client_secret`; unless sent by HTTP Basic.
    client_id: Option<String>,
    /// Unless sent by HTTP Basic, or proved by `client_assertion`.
    client_secret: Option<String>,
    /// `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`.
    client_assertion_type: Option<String>,
    /// A JWT that the client's key has signed (ES256, EdDSA or RS256): `iss` and `sub` are the client id, `aud` is the address of this call,
    /// `exp` lies at most 10 minutes ahead, `jti` is new in each.
    client_assertion: Option<String>,
}

/// A token.
#[derive(Serialize, ToSchema)]
struct TokenOut<'a> {
    access_token: &'a str,
    /// Always `Bearer`.
    token_type: &'static str,
    /// Seconds it lives.
    expires_in: u32,
    /// Scopes it carries, with blanks between.
    scope: String,
}

/// Get an access token
///
/// Client credentials (RFC 6749, 4.4) by `client_secret_basic`, `client_secret_post` or `private_key_jwt` (RFC 7523). Public keys of a
/// client are added in the portal. Errors have the shape of RFC 6749, 5.2; `error_description` says what does not fit.
#[utoipa::path(post, path = "/oauth/token", tag = "access", security(()),
    request_body(content = TokenIn, content_type = "application/x-www-form-urlencoded"),
    responses((status = 200, description = "A token", body = TokenOut), (status = 400, description = "`invalid_request`, `unsupported_grant_type` or `invalid_scope`"),
              (status = 401, description = "`invalid_client`"), (status = 429, description = "Too many failed tries", body = ProblemOut)))]
async fn token(State(store): State<Store>, headers: HeaderMap, extensions: Extensions, body: Bytes) -> Response {
    let audiences = extensions.get::<TokenAddresses>().cloned().unwrap_or_default();
    let mut response = match tokens::issue(&store, &headers, &body, address_of(&extensions).as_deref(), &audiences.0).await {
        Ok(issued) => {
            let scopes: Vec<&str> = issued.scopes.iter().map(crate::base::Scope::as_str).collect();
            axum::Json(TokenOut {
                access_token: issued.token.reveal(),
                token_type: "Bearer",
                expires_in: LIFE_S,
                scope: scopes.join(" "),
            })
            .into_response()
        }
        Err(refusal) => refuse(refusal),
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

fn refuse(refusal: Refusal) -> Response {
    let basic = matches!(refusal, Refusal::InvalidClient { basic: true, .. });
    let (status, error, description) = match refusal {
        Refusal::Other(failure) => return failure.into_response(),
        Refusal::InvalidRequest(why) => (StatusCode::BAD_REQUEST, "invalid_request", why.to_owned()),
        Refusal::UnsupportedGrantType => {
            (StatusCode::BAD_REQUEST, "unsupported_grant_type", "only client_credentials is known here".to_owned())
        }
        Refusal::InvalidScope(why) => (StatusCode::BAD_REQUEST, "invalid_scope", why.to_owned()),
        Refusal::InvalidClient { why, .. } => (StatusCode::UNAUTHORIZED, "invalid_client", why),
    };
    let mut response = (status, axum::Json(json!({ "error": error, "error_description": description }))).into_response();
    if basic {
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(r#"Basic realm="concord", charset="UTF-8""#));
    }
    response
}

/// Who calls.
#[derive(Serialize, ToSchema)]
struct MeOut {
    client: ClientOut,
    org: OrgOut,
    /// The organisation again, when it is an operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    operator: Option<OrgOut>,
    /// The organisation again, when it is a tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<OrgOut>,
    /// What the token may do.
    scopes: Vec<&'static str>,
    limits: LimitsOut,
    /// Positions of the organisation's feeds; empty for tenants and the platform.
    feeds: Vec<FeedOut>,
}

/// An API client.
#[derive(Serialize, ToSchema)]
struct ClientOut {
    id: String,
    name: String,
}

/// An organisation.
#[derive(Clone, Serialize, ToSchema)]
struct OrgOut {
    /// `tenant`, `operator` or `platform`.
    kind: &'static str,
    id: Uuid,
    slug: String,
    name: String,
}

/// What a client may ask for.
#[derive(Serialize, ToSchema)]
struct LimitsOut {
    /// Calls a second, in the long run.
    requests_per_second: u32,
    /// Calls at once.
    burst: u32,
    /// Rows of one page of a list.
    page_rows: u32,
    /// Seconds a token lives.
    token_s: u32,
}

/// Position of a feed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FeedOut {
    pub feed: String,
    /// Last position given out.
    pub head_seq: i64,
    /// Acknowledged up to here.
    pub acked_seq: i64,
    #[serde(serialize_with = "write_time")]
    pub acked_at: Option<DateTime<Utc>>,
}

/// Who am I
///
/// Client, organisation, scopes, limits and feed positions of the token.
#[utoipa::path(get, path = "/me", tag = "access",
    responses((status = 200, description = "The caller", body = MeOut), (status = 401, description = "No valid token", body = ProblemOut)))]
async fn me(
    State(store): State<Store>,
    ApiCtx(ctx): ApiCtx,
    limits: Option<Extension<RateLimits>>,
) -> Result<axum::Json<impl Serialize>, Failure> {
    let mut tx = store.begin_for(&ctx).await?;
    let (slug, name) = queries::org_names(&mut tx, ctx.org).await?.unwrap_or_default();
    let feeds = match ctx.org {
        Org::Operator(operator) => queries::feeds(&mut tx, operator).await?,
        Org::Tenant(_) | Org::Platform => Vec::new(),
    };
    tx.commit().await?;
    let org = OrgOut { kind: ctx.org.kind(), id: ctx.org.id(), slug, name };
    let limits = limits.map_or_else(RateLimits::default, |limits| limits.0);
    Ok(axum::Json(MeOut {
        client: ClientOut { id: ctx.actor.id(), name: ctx.actor.label().to_owned() },
        operator: matches!(ctx.org, Org::Operator(_)).then(|| org.clone()),
        tenant: matches!(ctx.org, Org::Tenant(_)).then(|| org.clone()),
        org,
        scopes: ctx.scopes.iter().map(crate::base::Scope::as_str).collect(),
        limits: LimitsOut { requests_per_second: limits.per_second, burst: limits.burst, page_rows: 1000, token_s: LIFE_S },
        feeds,
    }))
}
