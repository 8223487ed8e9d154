//! `GET /quality` and `GET /tenant/quality`: figures, gates, the register.

use axum::Router;
use axum::body::Body;
use axum::body::to_bytes;
use axum::extract::Request;
use serde_json::Value;
use tower::ServiceExt as _;

use super::*;

async fn get(scene: &Scene, org: Org, path: &str) -> (u16, Value) {
    let (routes, _) = crate::quality::api().split_for_parts();
    let app: Router = routes.with_state(scene.store.clone());
    let mut request = Request::builder().uri(path).body(Body::empty()).expect("a request");
    request.extensions_mut().insert(scene.ctx(org));
    let response = app.oneshot(request).await.expect("an answer");
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), 1 << 22).await.expect("a body");
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

async fn register(scene: &Scene) -> Vec<(Uuid, i64, Vec<String>, String)> {
    sqlx::query_as("select tenant_id, records, classes, channel from transfer order by at, tenant_id")
        .fetch_all(scene.store.pool())
        .await
        .expect("the register")
}

/// Ten calls of each tenant with norvik: six good, two poor, two unclassified; the second tenant's gate can be closed.
async fn two_customers(pool: PgPool) -> Scene {
    let scene = scene(pool).await;
    for tenant in [scene.kestrel, scene.heron] {
        scene.consent(tenant, scene.norvik, "granted", 30, &["calls", "quality"]).await;
    }
    let mut calls = Vec::new();
    for tenant in [scene.kestrel, scene.heron] {
        for n in 0..10_usize {
            let quality = ["good", "good", "good", "good", "good", "good", "poor", "poor", "unclassified", "unclassified"][n];
            let direction = if n % 2 == 0 { "inbound" } else { "outbound" };
            let talk_ms = (n < 8).then_some(30_000);
            let code = if n < 8 { Some(200) } else { Some(404) };
            calls.push(Call { quality, direction, talk_ms, code, ..scene.call(tenant, scene.norvik) });
        }
    }
    scene.write(&calls).await;
    scene
}

#[sqlx::test]
async fn an_operator_reads_measures_and_it_is_written_down(pool: PgPool) {
    let scene = two_customers(pool).await;
    let norvik = Org::Operator(scene.norvik);
    let (status, all) = get(&scene, norvik, "/quality").await;
    assert_eq!(status, 200, "{all}");
    let row = &all["data"][0];
    assert_eq!((row["n"].as_i64(), row["poor_ratio"].as_f64(), row["poor_ratio_n"].as_i64()), (Some(20), Some(0.25), Some(16)));
    assert_eq!((row["ner"].as_f64(), row["asr"].as_f64(), row["acd_s"].as_f64()), (Some(0.8), Some(0.8), Some(30.0)));
    assert_eq!(
        (row["pdd_ms"].as_f64(), row["mos_lqe"].as_f64(), row["mos_kind"].as_str()),
        (Some(1500.0), Some(4.25), Some("lqe_g107_nb"))
    );
    let classes = || vec!["quality".to_owned()];
    let one = |tenant: TenantId, records: i64| (tenant.0, records, classes(), "pull".to_owned());
    let mut expected = vec![one(scene.kestrel, 1), one(scene.heron, 1)];
    expected.sort();
    assert_eq!(register(&scene).await, expected);

    // Two tenants, two directions: page by page, each page with its own entries.
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    for _ in 0..4 {
        let path = format!("/quality?group_by=tenant,direction&measures=n&limit=1&step=1h&cursor={cursor}");
        let (_, page) = get(&scene, norvik, &path).await;
        assert_eq!(page["data"].as_array().map(Vec::len), Some(1), "{page}");
        let row = &page["data"][0];
        assert!(row["at"] == "2026-11-23T08:00:00.000Z" && row["n"] == 5 && row.get("ner").is_none(), "{row}");
        seen.push((row["tenant"].to_string(), row["direction"].to_string()));
        cursor = page["next_cursor"].as_str().unwrap_or_default().to_owned();
    }
    seen.dedup();
    assert!(seen.len() == 4 && cursor.is_empty(), "{seen:?} {cursor}");
    let records: i64 = register(&scene).await.iter().map(|entry| entry.1).sum();
    assert_eq!(records, 2 + 4);
}

#[sqlx::test]
async fn a_closed_gate_is_left_out_at_once_and_told_when_asked_for(pool: PgPool) {
    let scene = two_customers(pool).await;
    let (norvik, heron) = (Org::Operator(scene.norvik), scene.heron);
    scene.gate(heron, scene.norvik, Class::Quality, Some("suspended")).await;
    let (_, left) = get(&scene, norvik, "/quality?group_by=tenant").await;
    assert_eq!(
        (left["data"].as_array().map(Vec::len), left["data"][0]["tenant"].as_str()),
        (Some(1), Some(scene.kestrel.to_string().as_str()))
    );
    assert!(register(&scene).await.iter().all(|entry| entry.0 == scene.kestrel.0));
    let (status, told) = get(&scene, norvik, &format!("/quality?tenant_id={heron}")).await;
    assert_eq!((status, told["code"].as_str()), (451, Some("consent_suspended")));
    let (status, _) = get(&scene, norvik, &format!("/quality?tenant_id={}", Uuid::from_u128(1))).await;
    assert_eq!(status, 404);
    let (status, told) = get(&scene, Org::Operator(scene.albion), "/quality").await;
    assert_eq!((status, told["data"].as_array().map(Vec::len)), (200, Some(0)));
    // A consent without the class: there is a customer, and nothing of it flows.
    scene.gate(heron, scene.albion, Class::Numbers, None).await;
    let (status, told) = get(&scene, Org::Operator(scene.albion), &format!("/quality?tenant_id={heron}")).await;
    assert_eq!((status, told["code"].as_str()), (451, Some("consent_missing")));
}

#[sqlx::test]
async fn a_tenant_reads_its_own_calls_alone(pool: PgPool) {
    let scene = two_customers(pool).await;
    let kestrel = Org::Tenant(scene.kestrel);
    let (status, told) = get(&scene, kestrel, "/tenant/quality?group_by=operator,country&measures=poor_ratio,n").await;
    assert_eq!(status, 200);
    let row = &told["data"][0];
    assert_eq!((row["operator"].as_str(), row["country"].as_str()), (Some(scene.norvik.to_string().as_str()), Some("FR")));
    assert_eq!((row["n"].as_i64(), row["poor_ratio"].as_f64()), (Some(10), Some(0.25)));
    assert!(register(&scene).await.is_empty(), "a tenant's look at its own calls is no transfer");
    for (path, status) in [
        ("/tenant/quality?group_by=tenant", 400),
        ("/tenant/quality?e164=%2B493023125010", 200),
        ("/tenant/quality?from=2026-11-23T12:00:00Z&to=2026-11-23T10:00:00Z", 400),
        ("/quality", 403),
    ] {
        assert_eq!(get(&scene, kestrel, path).await.0, status, "{path}");
    }
}

#[sqlx::test]
async fn a_call_of_a_number_that_another_tenant_held_is_the_operators_alone(pool: PgPool) {
    let scene = scene(pool).await;
    scene.consent(scene.kestrel, scene.norvik, "granted", 30, &["calls", "quality"]).await;
    let own = scene.call(scene.kestrel, scene.norvik);
    scene.write(&[own.clone(), Call { mismatch: true, e164: "+493023125099".to_owned(), ..own }]).await;
    let (_, told) = get(&scene, Org::Tenant(scene.kestrel), "/tenant/quality?group_by=number").await;
    assert_eq!((told["data"].as_array().map(Vec::len), told["data"][0]["number"].as_str()), (Some(1), Some("+493023125010")));
    let (_, told) = get(&scene, Org::Operator(scene.norvik), "/quality").await;
    assert_eq!(told["data"][0]["n"], 2);
}
