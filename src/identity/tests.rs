//! Stories through HTTP: signing in and out, sessions, tokens, refusals, replay.

mod access;
mod directory;
mod forms;
mod keys;
mod portal;
mod views;

use axum::Extension;
use axum::Router;
use axum::body::Body;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::extract::State;
use axum::middleware::from_fn;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use axum::routing::post;
use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use http::HeaderMap;
use http::Method;
use http::StatusCode;
use http::header;
use serde_json::Value;
use sqlx::PgPool;
use tower::ServiceExt as _;

use super::*;
use crate::base::AccountId;
use crate::base::Env;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::Org;
use crate::base::Scope;
use crate::base::ScopeSet;
use crate::base::TenantId;
use crate::store::SecretKey;
use crate::store::Store;
use crate::store::ensure_partitions;

const PASSWORD: &str = "correct horse battery";

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_780)
}

/// A store over a fresh database at a standing clock.
async fn store(pool: PgPool, seed: u64) -> Store {
    let env = Env::fixed(now(), seed);
    let key = SecretKey::parse(&SecretKey::generate(&env)).expect("a key");
    let store = Store::new(pool, env, key);
    ensure_partitions(&store, now()).await.expect("partitions");
    store
}

async fn tenant(store: &Store, slug: &str) -> TenantId {
    let new = NewTenant {
        slug,
        name: "Kestrel Logistik GmbH",
        country: "DE",
        time_zone: "Europe/Berlin",
        sip_domain: &format!("{slug}.sip.example"),
        quarantine_days: 30,
    };
    create_tenant(store, new).await.expect("a tenant")
}

async fn operator(store: &Store) -> OperatorId {
    let new =
        NewOperator { slug: "norvik", name: "Norvik", time_zone: "Europe/Oslo", countries: &["NO"], services: &[], website: None };
    create_operator(store, new).await.expect("an operator")
}

async fn member(store: &Store, email: &str, org: Org, role: Role) -> AccountId {
    let new = NewAccount { email, name: "Mara Lindner", password: Some(PASSWORD), ..NewAccount::default() };
    let account = create_account(store, new).await.expect("an account");
    add_membership(store, account, org, role).await.expect("a membership");
    account
}

/// Portal and API as the program puts them together, with a few handlers of their own.
fn app(store: &Store, log: &RequestLog, limits: RateLimits) -> Router {
    let (routes, _) = api().split_for_parts();
    let edge = ApiEdge::new(store.clone(), log.clone(), limits);
    let api = routes
        .route("/things", get(list_things).post(make_thing))
        .with_state(store.clone())
        .fallback(no_such_route)
        .layer(from_fn_with_state(edge, api_edge))
        .layer(from_fn(only_problems))
        .layer(Extension(TokenAddresses::of(["https://concord.example".to_owned()])));
    let pages = Router::new()
        .route("/", get(who))
        .route("/t/{slug}/", get(tenant_page))
        .route("/sign-in", post(enter))
        .route("/leave", post(leave))
        .route("/leave-everywhere", post(leave_everywhere))
        .with_state(store.clone())
        .layer(from_fn_with_state(store.clone(), load_session))
        .layer(session_layer(store.clone(), false));
    Router::new()
        .nest("/api/v1", api)
        .merge(pages)
        .layer(from_fn_with_state(store.clone(), request_id))
        .layer(Extension(ClientAddress([192, 0, 2, 7].into())))
}

async fn who(request: Request) -> Result<Response, Failure> {
    let (parts, _) = request.into_parts();
    let flash = take_flash(&parts).await?.map(|flash| flash.title);
    let name = signed(&parts)?.map(|signed| signed.email.clone());
    Ok(axum::Json(serde_json::json!({ "email": name, "flash": flash })).into_response())
}

async fn tenant_page(State(store): State<Store>, request: Request) -> Result<Response, Failure> {
    let (parts, _) = request.into_parts();
    let slug = parts.uri.path().split('/').nth(2).unwrap_or_default().to_owned();
    let ctx = ctx_for_slug(&parts, OrgKind::Tenant, &slug, &store.env)?;
    ctx.require(Scope::TenantAssign)?;
    Ok(StatusCode::OK.into_response())
}

async fn enter(State(store): State<Store>, request: Request) -> Result<Response, Failure> {
    let (parts, body) = request.into_parts();
    let form = to_bytes(body, 10_000).await.map_err(anyhow::Error::new)?;
    let form: Vec<(String, String)> = serde_urlencoded::from_bytes(&form).map_err(anyhow::Error::new)?;
    let field = |name: &str| form.iter().find(|(held, _)| held == name).map(|(_, value)| value.clone()).unwrap_or_default();
    match sign_in(&store, &parts, &field("email"), field("password")).await {
        Ok(_) => Ok(StatusCode::SEE_OTHER.into_response()),
        Err(failure) => {
            set_flash(&parts, Flash::refused(&failure, "refused", "", form)).await?;
            Err(failure)
        }
    }
}

async fn leave(State(store): State<Store>, request: Request) -> Result<Response, Failure> {
    let (parts, _) = request.into_parts();
    sign_out(&store, &parts, signed(&parts)?.as_deref()).await?;
    Ok(StatusCode::SEE_OTHER.into_response())
}

async fn leave_everywhere(State(store): State<Store>, request: Request) -> Result<Response, Failure> {
    let (parts, _) = request.into_parts();
    sign_out_everywhere(&store, &parts, &*must_be_signed(&parts)?).await?;
    Ok(StatusCode::SEE_OTHER.into_response())
}

async fn list_things(ApiCtx(ctx): ApiCtx, format: Format, paging: Paging) -> Result<Response, Failure> {
    ctx.require(Scope::NumbersRead)?;
    paging.cursor(1)?;
    Listing::new(vec![serde_json::json!({ "e164": "+493023125010" })], None).answer(format, &paging.uri, &["e164"])
}

async fn make_thing(
    State(store): State<Store>,
    ApiCtx(ctx): ApiCtx,
    once: Once,
    Json(body, raw): Json<Value>,
) -> Result<Response, Failure> {
    ctx.require(Scope::NumbersWrite)?;
    once.run(&store, &ctx, &raw, move |_, ctx| async move {
        let made = serde_json::json!({ "id": ctx.env.id(), "secret": "whsec_x", "body": body });
        let response = (StatusCode::CREATED, [(header::LOCATION, "/things/1")], axum::Json(made.clone())).into_response();
        Ok(store_instead(response, serde_json::json!({ "id": made["id"], "secret": null }).to_string()))
    })
    .await
}

/// An answer, read.
struct Told {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Told {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The session cookie as a request sends it.
    fn cookie(&self) -> String {
        self.header("set-cookie").split(';').next().unwrap_or_default().to_owned()
    }
}

async fn call(app: &Router, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Told {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from(body.to_owned())).expect("a request");
    let response = app.clone().oneshot(request).await.expect("an answer");
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, 1 << 20).await.expect("a body");
    Told { status: parts.status.as_u16(), headers: parts.headers, text: String::from_utf8_lossy(&body).into_owned() }
}

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
