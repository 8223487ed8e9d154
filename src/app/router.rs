//! Pages, server functions, machine API, files and health under one router, with the layers in order.

use axum::Extension;
use axum::Router;
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::extract::RawPathParams;
use axum::extract::Request;
use axum::extract::State;
use axum::middleware::from_fn;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::response::Redirect;
use axum::response::Response;
use axum::routing::MethodRouter;
use axum::routing::get;
use axum::routing::post;
use http::header;
use http::request::Parts;
use http_body_util::BodyExt as _;
use http_body_util::LengthLimitError;
use http_body_util::Limited;
use leptos::prelude::provide_context;
use leptos::server_fn::axum::server_fn_paths;
use leptos::server_fn::error::SERVER_FN_ERROR_HEADER;
use leptos_axum::handle_server_fns_with_context;
use metrics_exporter_prometheus::PrometheusHandle;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::csrf::CsrfLayer;
use tower_http::services::ServeDir;
use tower_http::timeout::ResponseBodyTimeoutLayer;

use super::document;
use super::health;
use super::layers;
use super::openapi;
use super::routes::PAGES;
use super::routes::PageSpec;
use super::scopes;
use super::state::App;
use crate::base::Problem;
use crate::calls;
use crate::consent;
use crate::identity;
use crate::identity::ApiEdge;
use crate::identity::RateLimits;
use crate::identity::RequestLog;
use crate::numbers;
use crate::quality;
use crate::transfers;
use crate::usage;

/// Forms and ordinary API calls; bulk calls set their own.
const BODY_LIMIT: usize = 1024 * 1024;

/// The whole site.
pub fn router(app: App, log: RequestLog, metrics: Option<PrometheusHandle>) -> (Router, ApiEdge) {
    // Whoever came first has set it: nothing else spawns here.
    let _already = any_spawner::Executor::init_tokio();
    let limits = RateLimits { per_second: app.settings.rate_limit, burst: app.settings.rate_limit.saturating_mul(2) };
    let edge = ApiEdge::new(app.store.clone(), log, limits);
    let site = app.leptos.site_root.to_string();
    let files = ServeDir::new(&site).precompressed_br().precompressed_gzip().append_index_html_on_directories(false);
    let router = portal(&app)
        .merge(health::routes(metrics))
        .nest_service("/pkg", ServeDir::new(format!("{site}/pkg")).precompressed_br().precompressed_gzip())
        .route_service("/favicon.svg", files.clone())
        .route_service("/robots.txt", files)
        .merge(machine(&app, &edge))
        .layer(
            ServiceBuilder::new()
                .layer(from_fn_with_state(app.store.clone(), identity::request_id))
                .layer(from_fn_with_state(app.clone(), layers::client_address))
                .layer(from_fn_with_state(app.clone(), layers::headers))
                .layer(from_fn(layers::trace))
                .layer(CompressionLayer::new())
                .layer(ResponseBodyTimeoutLayer::new(app.settings.timeout))
                .layer(from_fn_with_state(app.clone(), layers::in_time))
                .layer(CatchPanicLayer::new()),
        )
        .with_state(app);
    (router, edge)
}

/// Pages and server functions: session, cross-site guard, error pages.
fn portal(app: &App) -> Router<App> {
    let mut router: Router<App> = Router::new().route("/", get(front)).route("/do/{*function}", post(server_function));
    for spec in PAGES {
        router = router.route(spec.path, page(spec));
    }
    let rooms = numbers::portal_routes()
        .merge(transfers::exports())
        .merge(consent::exports())
        .merge(calls::call_exports())
        .merge(usage::exports())
        .merge(calls::duration_routes())
        .merge(quality::exports())
        .merge(identity::logo_routes())
        .with_state(app.store.clone());
    router
        .merge(rooms)
        .fallback(missing)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn_with_state(app.store.clone(), identity::load_session))
        .layer(identity::session_layer(app.store.clone(), app.settings.https))
        .layer(CsrfLayer::new())
        .layer(from_fn_with_state(app.clone(), layers::error_pages))
}

fn page(spec: &'static PageSpec) -> MethodRouter<App> {
    get(async move |State(app): State<App>, params: RawPathParams, request: Request| {
        let params = params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        document::page(app, spec, params, request).await
    })
}

/// `/`: to the account's first organisation, else to sign-in.
async fn front(parts: Parts) -> Response {
    let to = identity::signed(&parts).ok().flatten().map_or_else(|| "/sign-in".to_owned(), |signed| signed.home());
    Redirect::to(&to).into_response()
}

async fn missing(State(app): State<App>, request: Request) -> Response {
    document::problem(app, Problem::not_found("page"), request).await
}

async fn server_function(State(app): State<App>, request: Request<Body>) -> Response {
    if !server_fn_paths().any(|(path, _)| path == request.uri().path()) {
        return document::problem(app, Problem::not_found("form"), request).await;
    }
    let (parts, body) = request.into_parts();
    let refused = |problem: Problem| document::problem(app.clone(), problem, Request::from_parts(parts.clone(), Body::empty()));
    if !is_form(&parts) {
        return refused(Problem::new(415, "unsupported_media_type", "This form was sent in a format that is not understood."))
            .await;
    }
    let body = match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(body) => Body::from(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            return refused(Problem::new(413, "too_large", "What was sent is larger than this form takes.")).await;
        }
        Err(_) => return refused(malformed()).await,
    };
    let (store, notices) = (app.store.clone(), app.notices.clone());
    let viewer = identity::viewer(&parts, &store.env);
    let context = move || {
        provide_context(store.clone());
        provide_context(notices.clone());
        provide_context(viewer);
    };
    let answer = handle_server_fns_with_context(context, Request::from_parts(parts.clone(), body)).await.into_response();
    // Ours answer every refusal by a redirect of their own: what is left is a form that could not be read.
    if answer.headers().contains_key(SERVER_FN_ERROR_HEADER) {
        return refused(malformed()).await;
    }
    answer
}

fn malformed() -> Problem {
    Problem::new(400, "malformed", "What was sent could not be read. Open the form again and send it once more.")
}

fn is_form(parts: &Parts) -> bool {
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// The machine API under `/api/v1`, and the token address at the root as well.
fn machine(app: &App, edge: &ApiEdge) -> Router<App> {
    let (api, _document) = openapi::api();
    let api: Router<App> = api
        .fallback(identity::no_such_route)
        .layer(from_fn(scopes::guard))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn_with_state(edge.clone(), identity::api_edge))
        .layer(from_fn(identity::only_problems))
        .layer(Extension(app.notices.clone()))
        .with_state(app.store.clone());
    let (token, _document) = identity::api().split_for_parts();
    let token: Router<App> = token.layer(from_fn(identity::only_problems)).with_state(app.store.clone());
    Router::new().nest("/api/v1", api).merge(token).layer(Extension(app.settings.token_addresses.clone()))
}
