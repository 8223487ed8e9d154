//! The same by HTTP: rights before bodies, statuses, headers, replay.

use axum::Router;
use axum::body::Body;
use axum::body::to_bytes;
use axum::extract::Request;
use http::HeaderMap;
use serde_json::json;
use tower::ServiceExt as _;

use super::*;

const ONE: &str = "+493023125010";

struct Told {
    status: u16,
    headers: HeaderMap,
    json: Value,
}

impl Told {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    fn code(&self) -> (u16, &str) {
        (self.status, self.json["code"].as_str().unwrap_or_default())
    }
}

async fn call(world: &World, ctx: Ctx, what: &str, headers: &[(&str, &str)], body: &str) -> Told {
    let (method, path) = what.split_once(' ').expect("method and path");
    let (routes, _) = crate::numbers::api().split_for_parts();
    let app: Router = routes.with_state(world.store.clone());
    let mut request = Request::builder().method(method).uri(path);
    if !body.is_empty() {
        request = request.header("content-type", "application/json");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(Body::from(body.to_owned())).expect("a request");
    request.extensions_mut().insert(ctx);
    let response = app.oneshot(request).await.expect("an answer");
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, 1 << 20).await.expect("a body");
    Told { status: parts.status.as_u16(), headers: parts.headers, json: serde_json::from_slice(&body).unwrap_or_default() }
}

#[sqlx::test]
async fn a_tenant_assigns_by_machine(pool: PgPool) {
    let world = world(pool).await;
    world.stock(&[ONE]).await;
    world.people(&["mara"]).await;
    let assign = format!("POST /tenant/numbers/{ONE}/assign");
    let unassign = format!("POST /tenant/numbers/{ONE}/unassign");
    let blind = Ctx { scopes: [Scope::TenantRead].into_iter().collect(), ..world.tenant() };
    assert_eq!(call(&world, blind, &assign, &[], "{").await.code(), (403, "scope_missing"), "rights before bodies");
    assert_eq!(call(&world, world.operator(), &assign, &[], "{}").await.code(), (403, "wrong_org_kind"));
    assert_eq!(call(&world, world.tenant(), &assign, &[], "{").await.code(), (400, "body_malformed"));
    assert_eq!(call(&world, world.tenant(), &assign, &[], "").await.code(), (415, "content_type_unsupported"));
    let body = r#"{"target_id":"mara"}"#;
    let elsewhere = call(&world, world.tenant(), "POST /tenant/numbers/+4930/assign", &[], body).await;
    assert_eq!(elsewhere.code(), (404, "number_not_found"));
    let wrong = call(&world, world.tenant(), &assign, &[], r#"{"target_id":"mara","category":"best"}"#).await;
    assert_eq!(wrong.code(), (422, "category_invalid"));
    assert_eq!(call(&world, world.tenant(), &assign, &[("if-match", "\"7\"")], body).await.code(), (412, "version_conflict"));

    let keyed = [("if-match", "\"1\""), ("idempotency-key", "k1")];
    let told = call(&world, world.tenant(), &assign, &keyed, body).await;
    assert_eq!((told.status, told.header("etag")), (200, "\"2\""));
    assert_eq!((told.json["number_seq"].clone(), told.json["activation_state"].clone()), (1.into(), "assignment_pending".into()));
    let again = call(&world, world.tenant(), &assign, &keyed, body).await;
    assert_eq!((again.header("idempotency-replayed"), &again.json), ("true", &told.json));
    assert_eq!(queries::events(&world.store, world.acme, ONE).await.len(), 1);

    let platform = world.ctx(Org::Platform);
    let path = format!("/platform/tenants/{}/assignments", world.acme);
    let list = call(&world, platform, &format!("GET {path}"), &[], "").await;
    assert_eq!(list.json["data"][0]["sip_uri"], "sip:+493023125010@acme.sip.example;user=phone");
    assert_eq!(list.json["data"][0]["target_id"], "mara");
    let several = call(&world, world.tenant(), &unassign, &[("if-match", "\"1\", \"2\"")], r#"{"quarantine_days":-1}"#).await;
    assert_eq!((several.status, several.json["quarantine"].clone()), (200, "forever".into()));
    assert_eq!(call(&world, world.tenant(), &unassign, &[], "").await.code(), (422, "not_assigned"));
    assert_eq!(call(&world, world.tenant(), &assign, &[], body).await.code(), (422, "quarantined"));
}

#[sqlx::test]
async fn an_operator_provisions_by_machine(pool: PgPool) {
    let world = world(pool).await;
    world.people(&["mara"]).await;
    let body =
        json!({ "numbers": [{ "e164": ONE, "tenant_id": world.acme.to_string(), "usage": "user" }, { "e164": "x" }] }).to_string();
    let checked = call(&world, world.operator(), "POST /numbers/precheck", &[], &body).await;
    assert_eq!((checked.status, checked.json["accepted"].clone(), checked.json["rejected"].clone()), (200, 1.into(), 1.into()));
    let made = call(&world, world.operator(), "POST /numbers", &[("idempotency-key", "k1")], &body).await;
    assert_eq!((made.status, made.json["state"].clone()), (202, "partial".into()));
    assert_eq!(made.json["rows"], checked.json["rows"]);
    let location = made.header("location").strip_prefix("/api/v1").expect("an address of the API").to_owned();
    let order = call(&world, world.operator(), &format!("GET {location}"), &[], "").await;
    assert_eq!((order.json["accepted"].clone(), order.json["total"].clone()), (1.into(), 2.into()));
    let bad = call(&world, world.operator(), &format!("GET {location}/rows?outcome=rejected&limit=1"), &[], "").await;
    assert_eq!(bad.json["data"][0]["code"], "e164_invalid");
    assert_eq!(bad.json["data"].as_array().map(Vec::len), Some(1));
    let wrong = call(&world, world.operator(), &format!("GET {location}/rows?outcome=good"), &[], "").await;
    assert_eq!(wrong.code(), (422, "outcome_unknown"));
    let telia = world.ctx(Org::Operator(world.telia));
    assert_eq!(call(&world, telia, &format!("GET {location}"), &[], "").await.code(), (404, "not_found"));
    assert_eq!(call(&world, world.tenant(), "POST /numbers", &[], &body).await.code(), (403, "wrong_org_kind"));

    world.assign(ONE, "mara").await.expect("assigned");
    let path = format!("POST /numbers/{ONE}/refuse");
    let stale = call(&world, world.operator(), &path, &[], r#"{"seq":0,"code":"no_route","reason":"No route"}"#).await;
    assert_eq!(stale.code(), (409, "seq_stale"));
    let refused = call(&world, world.operator(), &path, &[], r#"{"seq":1,"code":"no_route","reason":"No route"}"#).await;
    assert_eq!((refused.status, refused.json["activation_state"].clone()), (200, "assignment_failed".into()));
    let patched = call(
        &world,
        world.operator(),
        "PATCH /numbers",
        &[],
        &json!({ "numbers": [{ "e164": ONE, "city": "Berlin" }] }).to_string(),
    )
    .await;
    assert_eq!((patched.status, patched.json["state"].clone()), (202, "succeeded".into()));
    let released = call(&world, world.operator(), "POST /numbers/release", &[], &json!({ "numbers": [ONE] }).to_string()).await;
    assert_eq!(released.json["rows"][0]["code"], "number_assigned");
}

#[sqlx::test]
async fn the_platform_keeps_the_targets(pool: PgPool) {
    let world = world(pool).await;
    let path = format!("PUT /platform/tenants/{}/targets", world.acme);
    let people = |names: &[&str]| {
        let list: Vec<Value> =
            names.iter().map(|name| json!({ "id": name, "kind": "user", "display_name": name, "licensed": true })).collect();
        json!({ "targets": list }).to_string()
    };
    let platform = || world.ctx(Org::Platform);
    assert_eq!(call(&world, world.tenant(), &path, &[], &people(&["mara"])).await.code(), (403, "wrong_org_kind"));
    let wrong = call(&world, platform(), &path, &[], &people(&["mara", "mara", ""])).await;
    assert_eq!((wrong.code(), wrong.json["errors"].as_array().map(Vec::len)), ((422, "targets_invalid"), Some(2)));
    let put = call(&world, platform(), &path, &[], &people(&["Mara", "Otto", "Öznur", "marek"])).await;
    assert_eq!(put.json, json!({ "written": 4, "left": 0, "left_numbers": 0 }));
    assert_eq!(
        call(&world, platform(), &format!("{path}?mode=merge"), &[], &people(&["Lene"])).await.json,
        json!({ "written": 1, "left": 0, "left_numbers": 0 })
    );
    let found = call(&world, world.tenant(), "GET /tenant/targets?q=MAR", &[], "").await;
    let names: Vec<&str> = found.json["data"].as_array().expect("a list").iter().filter_map(|row| row["id"].as_str()).collect();
    assert_eq!(names, ["Mara", "marek"]);
    let mut seen = Vec::new();
    let mut next = "/tenant/targets?limit=2".to_owned();
    for _ in 0..3 {
        let page = call(&world, world.tenant(), &format!("GET {next}"), &[], "").await;
        seen.extend(page.json["data"].as_array().expect("a list").iter().filter_map(|row| row["id"].as_str().map(str::to_owned)));
        next = format!("/tenant/targets?limit=2&cursor={}", page.json["next_cursor"].as_str().unwrap_or_default());
    }
    assert_eq!(seen, ["Lene", "Mara", "marek", "Otto", "Öznur"]);
    assert_eq!(
        call(&world, platform(), &path, &[], &people(&["Mara"])).await.json,
        json!({ "written": 1, "left": 4, "left_numbers": 0 })
    );
    assert_eq!(call(&world, world.tenant(), "GET /tenant/targets", &[], "").await.json["data"].as_array().map(Vec::len), Some(1));
    let nobody = format!("PUT /platform/tenants/{}/targets", world.norvik);
    assert_eq!(call(&world, platform(), &nobody, &[], &people(&[])).await.code(), (404, "not_found"));
}
