//! The register through HTTP.

use axum::Extension;
use axum::body::Body;
use axum::body::to_bytes;
use http::Request;
use serde_json::Value;
use tower::ServiceExt as _;

use super::*;

async fn ask(w: &World, org: Org, address: &str) -> (u16, Value) {
    let (routes, _) = api().split_for_parts();
    let app = routes.with_state(w.store.clone()).layer(Extension(w.ctx(org)));
    let response = app.oneshot(Request::get(address).body(Body::empty()).expect("a request")).await.expect("an answer");
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), 1 << 20).await.expect("a body");
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

#[sqlx::test]
async fn an_operator_reads_and_verifies_by_api(pool: PgPool) {
    let w = world(pool, 12).await;
    w.chained(3).await;
    let operator = Org::Operator(w.norvik);
    let (status, body) = ask(&w, operator, "/transfers?limit=2&class=numbers").await;
    assert_eq!((status, body["data"].as_array().map(Vec::len), &body["has_more"]), (200, Some(2), &Value::Bool(true)));
    let entry = &body["data"][0];
    assert_eq!(entry["digest"], "07".repeat(32));
    assert_eq!((entry["basis"].as_str(), entry["notice_version"].as_str()), (Some("consent"), Some("2026-11")));
    assert!(entry["at"].as_str().is_some_and(|at| at.ends_with(".000Z")), "{entry}");
    let next = body["next_cursor"].as_str().expect("a cursor");
    let (_, body) = ask(&w, operator, &format!("/transfers?limit=2&cursor={next}")).await;
    assert_eq!((body["data"].as_array().map(Vec::len), &body["next_cursor"]), (Some(1), &Value::Null));
    let (status, body) = ask(&w, operator, "/transfers/verify").await;
    assert_eq!((status, &body["ok"], &body["entries"], &body["sealed_to"]), (200, &true.into(), &3.into(), &3.into()));
    for path in ["/transfers", "/transfers/verify"] {
        let (status, body) = ask(&w, Org::Tenant(w.kestrel), path).await;
        assert_eq!((status, body["code"].as_str()), (403, Some("wrong_org_kind")), "{path}");
    }
    for query in ["class=fax", "from=yesterday", "tenant_id=7", "limit=0"] {
        assert_eq!(ask(&w, operator, &format!("/transfers?{query}")).await.0, 400, "{query}");
    }
}

#[sqlx::test]
async fn filters_and_a_kept_head_by_api(pool: PgPool) {
    let w = world(pool, 13).await;
    w.chained(3).await;
    let operator = Org::Operator(w.norvik);
    for (query, found) in [
        ("direction=to_operator&channel=push&state=unconfirmed&basis=consent", 3),
        ("direction=from_operator", 0),
        ("channel=page", 0),
        ("state=failed", 0),
        ("basis=wind_down", 0),
        ("ref=evt_1", 1),
    ] {
        let (status, body) = ask(&w, operator, &format!("/transfers?{query}")).await;
        assert_eq!((status, body["data"].as_array().map(Vec::len)), (200, Some(found)), "{query}");
    }
    for query in ["direction=sideways", "channel=fax", "state=lost", "basis=hope"] {
        let (status, body) = ask(&w, operator, &format!("/transfers?{query}")).await;
        assert_eq!((status, body["code"].as_str()), (400, Some("query_malformed")), "{query}");
    }
    let (_, verdict) = ask(&w, operator, "/transfers/verify").await;
    assert_eq!(verdict["kept"], Value::Null);
    let head = verdict["head"].as_str().expect("a head").to_owned();
    w.chained(2).await;
    for (entry, head, told) in [(3, head.as_str(), "holds"), (2, head.as_str(), "differs"), (9, head.as_str(), "differs")] {
        let (_, verdict) = ask(&w, operator, &format!("/transfers/verify?entry={entry}&head={head}")).await;
        assert_eq!((&verdict["ok"], verdict["kept"].as_str()), (&true.into(), Some(told)), "{entry}");
    }
}
