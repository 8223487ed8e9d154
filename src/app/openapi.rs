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

use super::openapi_events;
use super::openapi_wire;
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
        description = "Numbers, calls and durations between a calling platform and its telephone carriers.\n\n\
            A token from `POST /oauth/token` lives 10 minutes and is sent as `Authorization: Bearer`. Every answer carries `X-Request-Id`, \
            and with a token `RateLimit` and `RateLimit-Policy`. Refusals are problems (RFC 9457); every `code` is explained at \
            `/api/docs#codes`. Times are RFC 3339 in UTC with milliseconds, ranges half open, ids opaque texts. Fields, words and event \
            types may be added: pass over those you do not know.",
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
    openapi_events::describe(&mut document);
    openapi_wire::describe(&mut document);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_stands_once() {
        let document = api().1;
        let mut names: Vec<String> = Vec::new();
        for mut item in document.paths.paths.into_values().chain(document.webhooks.unwrap_or_default().paths.into_values()) {
            names.extend(scopes::operations(&mut item).filter_map(|(_, operation)| operation.operation_id.clone()));
        }
        let all = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all, "a name stands twice");
    }

    #[test]
    fn every_refusal_is_a_problem_and_every_list_says_its_forms() {
        let document = document().expect("a document");
        let document: serde_json::Value = serde_json::from_str(&document).expect("JSON");
        let mut lists = 0;
        for (path, item) in document["paths"].as_object().expect("paths") {
            for (method, operation) in item.as_object().expect("methods") {
                for (status, answer) in operation["responses"].as_object().expect("answers") {
                    let known = answer["$ref"].is_string() || answer["description"].as_str().is_some_and(|text| !text.is_empty());
                    assert!(known, "{method} {path} {status} says nothing");
                    let content = &answer["content"];
                    let to = content["application/json"]["schema"]["$ref"].as_str().unwrap_or_default();
                    assert!(!to.ends_with("/Problem"), "{method} {path} {status}");
                    if to.contains("/Listing_") {
                        lists += 1;
                        assert!(content["text/csv"].is_object() && content["application/x-ndjson"].is_object(), "{method} {path}");
                    }
                }
            }
        }
        assert!(lists > 20, "{lists} lists");
    }
}
