//! The machine contract as OpenAPI 3.1, put together from every room's routes.

use axum::Json;
use axum::Router;
use axum::routing::get;
use utoipa::OpenApi;
use utoipa::openapi::security::ClientCredentials;
use utoipa::openapi::security::Flow;
use utoipa::openapi::security::OAuth2;
use utoipa::openapi::security::Scopes;
use utoipa::openapi::security::SecurityScheme;
use utoipa_axum::router::OpenApiRouter;

use super::scopes;
use crate::base::Scope;
use crate::calls;
use crate::consent;
use crate::identity;
use crate::notices;
use crate::numbers;
use crate::quality;
use crate::store::Store;
use crate::transfers;
use crate::usage;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Concord",
        description = "Numbers, calls and durations between a calling platform and its telephone carriers.",
        license(name = "Proprietary")
    ),
    servers((url = "/api/v1"))
)]
struct Head;

/// All routes of the API, below `/api/v1`.
fn rooms() -> OpenApiRouter<Store> {
    OpenApiRouter::with_openapi(Head::openapi())
        .merge(identity::api())
        .merge(identity::directory_api())
        .merge(notices::api())
        .merge(numbers::api())
        .merge(numbers::api_acts())
        .merge(numbers::api_read())
        .merge(quality::api())
        .merge(consent::api())
        .merge(calls::api_calls())
        .merge(calls::durations_api())
        .merge(transfers::api())
        .merge(usage::api())
}

/// The API's router and its document.
pub fn api() -> (Router<Store>, utoipa::openapi::OpenApi) {
    let (router, mut document) = rooms().split_for_parts();
    let known = Scope::ALL.iter().map(|scope| (scope.as_str(), scope.as_str()));
    let flow = Flow::ClientCredentials(ClientCredentials::new("/oauth/token", Scopes::from_iter(known)));
    document.components.get_or_insert_default().add_security_scheme("oauth", SecurityScheme::OAuth2(OAuth2::new([flow])));
    scopes::describe(&mut document);
    let served = document.clone();
    (router.route("/openapi.json", get(async move || Json(served))), document)
}

/// The document alone, for `concord openapi` and the snapshot.
///
/// # Errors
/// Never in practice: the document is plain data.
pub fn document() -> anyhow::Result<String> {
    Ok(api().1.to_pretty_json()?)
}
