//! Bad input: a clear answer in the caller's own form, never a 500 and never a bare one.

use concord::app::openapi_document;
use concord::base::Scope;
use concord::identity::SignIn;
use http::Method;
use leptos::server_fn::ServerFn as _;
use sqlx::PgPool;

use crate::world::Told;
use crate::world::World;
use crate::world::call;
use crate::world::filled;
use crate::world::view;

/// A problem document with this status and code.
fn is_problem(told: &Told, status: u16, code: &str) {
    let problem = told.json();
    assert_eq!((told.status, told.code().as_str()), (status, code), "{}", told.text);
    assert_eq!(told.header("content-type"), "application/problem+json", "{code}");
    assert_eq!(problem["status"], status, "{code}");
    for field in ["type", "title", "detail", "request_id"] {
        assert!(problem[field].as_str().is_some_and(|text| !text.is_empty()), "{code} has no {field}: {}", told.text);
    }
}

#[sqlx::test]
async fn the_api_answers_with_problems(pool: PgPool) {
    let world = World::new(pool).await;
    let org = world.admin("operator", 0).org;
    let token = world.token(org, concord::identity::all_client_scopes(org)).await;
    let auth = ("authorization", token.as_str());
    let told = call(&world.app, Method::DELETE, "/api/v1/me", &[auth], "").await;
    is_problem(&told, 405, "method_not_allowed");
    assert!(told.header("allow").contains("GET"), "{}", told.header("allow"));
    is_problem(&call(&world.app, Method::GET, "/api/v1/nowhere", &[auth], "").await, 404, "not_found");
    is_problem(&call(&world.app, Method::GET, "/api/v1/nowhere", &[], "").await, 401, "token_missing");
    let told = call(&world.app, Method::GET, "/api/v1/oauth/token", &[], "").await;
    is_problem(&told, 405, "method_not_allowed");
    let json = ("content-type", "application/json");
    let document = openapi_document().expect("a document");
    for (method, template) in JSON_CALLS.iter().filter(|(_, path)| document.contains(&format!("\"{path}\":"))) {
        let path = &format!("/api/v1{}", filled(template, 0, ""));
        let text = call(&world.app, method.clone(), path, &[auth, ("content-type", "text/plain")], "x").await;
        is_problem(&text, 415, "content_type_unsupported");
        let large = format!("{{\"x\":\"{}\"}}", "x".repeat(1_100_000));
        is_problem(&call(&world.app, method.clone(), path, &[auth, json], large).await, 413, "body_too_large");
        let broken = call(&world.app, method.clone(), path, &[auth, json], "{\"x\":").await;
        assert_eq!((broken.status, broken.header("content-type")), (400, "application/problem+json"), "{path}: {}", broken.text);
        assert!(!broken.code().is_empty(), "{path}");
    }
}

/// Calls of an operator that take a JSON body of ordinary size.
const JSON_CALLS: &[(Method, &str)] = &[(Method::POST, "/endpoints"), (Method::POST, "/numbers/{e164}/refuse")];

#[sqlx::test]
async fn the_portal_answers_with_pages(pool: PgPool) {
    let world = World::new(pool).await;
    let html = ("accept", "text/html");
    let form = ("content-type", "application/x-www-form-urlencoded");
    let own = ("sec-fetch-site", "same-origin");
    let page = |told: &Told, status: u16| {
        assert_eq!((told.status, told.header("content-type")), (status, "text/html; charset=utf-8"), "{}", told.text);
        assert!(told.text.contains("<h1") && told.text.contains("href="), "{status}: no way on: {}", told.text);
    };
    let told = call(&world.app, Method::POST, "/sign-in", &[html, form, own], "email=x").await;
    page(&told, 405);
    assert!(told.header("allow").contains("GET"), "{}", told.header("allow"));
    let told = call(&world.app, Method::GET, SignIn::PATH, &[html], "").await;
    page(&told, 405);
    assert!(told.header("allow").contains("POST"), "{}", told.header("allow"));
    page(&call(&world.app, Method::POST, "/do/nothing", &[html, form, own], "").await, 404);
    let large = format!("email={}", "x".repeat(1_100_000));
    page(&call(&world.app, Method::POST, SignIn::PATH, &[html, form, own], large).await, 413);
    page(&call(&world.app, Method::POST, SignIn::PATH, &[html, ("content-type", "text/plain"), own], "email=x").await, 415);
    page(&call(&world.app, Method::POST, SignIn::PATH, &[html, form, own], "email=%ff%fe&email=2&=").await, 400);
    let told = call(&world.app, Method::POST, SignIn::PATH, &[html, form, ("sec-fetch-site", "cross-site")], "email=x").await;
    page(&told, 403);
    assert!(told.text.contains("from another site"), "{}", told.text);
    let support = world.people.iter().find(|person| person.who == "operator.support.0").expect("somebody");
    let cookie = ("cookie", support.cookie.as_str());
    let told = call(&world.app, Method::POST, "/o/norvik/numbers/upload", &[html, form, own, cookie], "").await;
    page(&told, 403);
    assert!(told.text.contains("numbers:write") && !told.text.contains("from another site"), "{}", told.text);
}

#[sqlx::test]
async fn an_overview_leads_only_where_the_role_may_go(pool: PgPool) {
    let world = World::new(pool).await;
    for person in world.people.iter().filter(|person| person.who.starts_with("operator.") && person.who.ends_with(".0")) {
        let told = view(&world.app, "/o/norvik/", &person.cookie).await;
        assert_eq!(told.status, 200, "{}", told.text);
        let provides = person.role.scopes().has(Scope::NumbersWrite);
        assert_eq!(told.text.contains("/o/norvik/numbers/upload"), provides, "{}: {}", person.who, told.text);
        for link in told.text.split("href=\"/o/").skip(1).filter_map(|rest| rest.split('"').next()) {
            let path = format!("/o/{}", link.replace("&amp;", "&"));
            assert_eq!(view(&world.app, &path, &person.cookie).await.status, 200, "{} goes to {path}", person.who);
        }
    }
}

#[sqlx::test]
async fn every_answer_carries_the_headers_of_the_house(pool: PgPool) {
    let world = World::new(pool).await;
    for path in ["/sign-in", "/nowhere", "/livez", "/api/v1/me", "/api/v1/openapi.json"] {
        let told = call(&world.app, Method::GET, path, &[("x-request-id", "req-7")], "").await;
        assert_eq!(told.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(told.header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(told.header("x-request-id"), "req-7", "{path}");
        assert!(told.header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
        assert!(!told.header("content-security-policy").contains("unsafe-inline"), "{path}");
    }
}
