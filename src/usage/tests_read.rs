//! What tenants see of their usage: rows add up, lists do not skip, files have their header, pages can be drawn.

use axum::body::Body;
use axum::body::to_bytes;
use axum::http::Request;
use chrono::DateTime;
use chrono::NaiveDate;
use chrono::Utc;
use leptos::prelude::Owner;
use leptos::prelude::RenderHtml as _;
use leptos::prelude::provide_context;
use leptos::reactive::computed::ScopedFuture;
use serde_json::Value;
use serde_json::json;
use sqlx::PgPool;
use tower::ServiceExt as _;
use uuid::Uuid;

use super::tests::Scene;
use super::tests::call;
use super::tests::duration;
use super::tests::scene;
use super::*;
use crate::base::AccountId;
use crate::base::Actor;
use crate::base::Ctx;
use crate::base::Org;
use crate::base::Scope;
use crate::identity::PageRequest;
use crate::ui::Lang;
use crate::ui::Query;
use crate::ui::Viewer;

fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).expect("a time").to_utc()
}

fn ctx(scene: &Scene) -> Ctx {
    Ctx {
        actor: Actor::Account { id: AccountId(Uuid::from_u128(7)), label: "Mara Lindner".to_owned() },
        org: Org::Tenant(scene.tenant),
        scopes: [Scope::UsageRead].into_iter().collect(),
        request_id: "test".to_owned(),
        address: None,
        env: scene.store.env.clone(),
    }
}

/// The 20th: two calls, both counted and closed. The 21st: one counted, one not, one that nobody answered. Ten more numbers.
async fn filled(pool: PgPool) -> Scene {
    let scene = scene(pool, at("2026-11-23T14:00:00Z")).await;
    scene.consent(&[("granted", "2026-01-01T00:00:00Z")]).await;
    let sip = |id: usize| json!({ "sip_call_id": format!("s{id}"), "other_country": "GB", "call_type": "user", "target_id": "u1" });
    let mut calls = Vec::new();
    let mut durations = Vec::new();
    for (id, start, answered) in [
        (1, "2026-11-20T09:00:00Z", true),
        (2, "2026-11-20T10:00:00Z", true),
        (3, "2026-11-21T09:00:00Z", true),
        (4, "2026-11-21T10:00:00Z", true),
        (5, "2026-11-21T11:00:00Z", false),
    ] {
        calls.push(call(id, at(start), answered.then(|| at(start)), answered.then_some(60_000), &sip(id)));
        if id != 4 {
            durations.push(duration(
                id,
                at(start),
                answered,
                if answered { 60_500 } else { 0 },
                &json!({ "sip_call_id": format!("s{id}") }),
            ));
        }
    }
    for id in 10..20 {
        let more =
            json!({ "e164": format!("+4930231251{id}"), "direction": "outbound", "callee": "+33123456789", "other_country": "FR" });
        calls.push(call(
            id,
            at("2026-11-21T12:00:00Z"),
            Some(at("2026-11-21T12:00:00Z")),
            Some(1_000 * i64::try_from(id).expect("small")),
            &more,
        ));
    }
    scene.put("call_record", calls).await;
    scene.put("duration_record", durations).await;
    let told = ["2026-11-19", "2026-11-20"].map(|day| json!({ "day": day, "closed_at": at("2026-11-22T06:00:00Z") }));
    scene.put("duration_day_told", told.to_vec()).await;
    let sql = "insert into target (tenant_id, id, kind, display_name, licensed, changed_at)
               select $1, 'u1', 'user', $3 ->> 0, true, '2026-01-01' where $2::uuid is not null";
    scene.run(sql, json!(["Aylin <b> Demir"])).await;
    let days = ["2026-11-20", "2026-11-21"].map(|day| day.parse::<NaiveDate>().expect("a day"));
    scene.settle(&days).await;
    scene
}

async fn get(scene: &Scene, query: &str, accept: &str) -> (u16, String, Option<String>) {
    let (router, _) = api().split_for_parts();
    let mut request =
        Request::get(format!("/tenant/usage?{query}")).header("accept", accept).body(Body::empty()).expect("a request");
    request.extensions_mut().insert(ctx(scene));
    let response = router.with_state(scene.store.clone()).oneshot(request).await.expect("an answer");
    let (status, link) =
        (response.status().as_u16(), response.headers().get("link").map(|link| link.to_str().expect("ASCII").to_owned()));
    let body = to_bytes(response.into_body(), 1_000_000).await.expect("a body");
    (status, String::from_utf8(body.to_vec()).expect("UTF-8"), link)
}

#[sqlx::test]
async fn a_file_has_its_header_and_its_sums(pool: PgPool) {
    let scene = filled(pool).await;
    let (status, text, _) = get(&scene, "from=2026-11-20&to=2026-11-22&group_by=day,target", "text/csv").await;
    assert_eq!(status, 200);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines,
        [
            "day,target,calls,answered,duration_s_operator,duration_s_platform,duration_s_awaiting,difference_s,complete",
            "2026-11-20,u1,2,2,121.0,120.0,0.0,1.0,true",
            "2026-11-21,,10,10,0.0,145.0,145.0,0.0,false",
            "2026-11-21,u1,3,2,60.5,120.0,60.0,0.5,false",
        ]
    );
    let (_, json, _) = get(&scene, "from=2026-11-20&to=2026-11-22&group_by=operator,country&country=GB", "application/json").await;
    let row = &serde_json::from_str::<Value>(&json).expect("JSON")["data"][0];
    assert_eq!(
        (row["operator_name"].as_str(), row["country"].as_str(), row["day"].as_str()),
        (Some("Norvik Telekom"), Some("GB"), None)
    );
    assert_eq!((row["calls"].as_i64(), row["duration_s_operator"].as_f64()), (Some(5), Some(181.5)));
    let (status, text, _) = get(&scene, "from=2026-13-01", "application/json").await;
    assert!(status == 400 && text.contains("query_malformed") && text.contains("\"from\""), "{text}");
}

#[sqlx::test]
async fn a_list_neither_skips_nor_repeats(pool: PgPool) {
    let scene = filled(pool).await;
    let query = "from=2026-11-20&to=2026-11-22&group_by=number,day";
    let all = get(&scene, query, "application/x-ndjson").await.1;
    assert_eq!(all.lines().count(), 12);
    let (mut pieces, mut at) = (String::new(), format!("{query}&limit=5"));
    loop {
        let (_, text, link) = get(&scene, &at, "application/x-ndjson").await;
        pieces.push_str(&text);
        let Some(link) = link else { break };
        at = link.split('?').nth(1).expect("a query").split('>').next().expect("its end").to_owned();
    }
    assert_eq!(pieces, all);
}

async fn page(scene: &Scene, query: &str, lang: Lang) -> String {
    let request = PageRequest {
        store: scene.store.clone(),
        ctx: Some(ctx(scene)),
        signed: None,
        params: vec![("slug".to_owned(), "kestrel".to_owned())],
        query: Query::parse(query),
        flash: None,
        path: "/t/kestrel/usage".to_owned(),
    };
    let _ = any_spawner::Executor::init_tokio();
    let owner = Owner::new();
    let viewer = Viewer { lang, time_zone: chrono_tz::Europe::Berlin, now: scene.store.env.now(), ..Viewer::default() };
    let page = owner.with(|| {
        provide_context(viewer);
        ScopedFuture::new(usage_page(request))
    });
    let page = page.await.expect("a page");
    owner.with(|| page.body.to_html())
}

#[sqlx::test]
async fn the_page_shows_whose_count_it_is(pool: PgPool) {
    let scene = filled(pool).await;
    let html = page(&scene, "from=2026-11-20", Lang::En).await;
    for text in
        ["<svg", "usage-chart-hatch", "Aylin &lt;b&gt; Demir", "Complete until 21 Nov 2026", "Awaiting operator", "usage.csv?"]
    {
        assert!(html.contains(text), "{text} is not in {html}");
    }
    assert!(!html.contains("usage.chart.") && !html.contains("gives no durations"));
    for group in ["day", "operator", "number", "target", "country", "call_type"] {
        for lang in [Lang::En, Lang::De] {
            let html = page(&scene, &format!("from=2026-11-20&group_by={group}&sort=minutes"), lang).await;
            assert!(html.contains("<tfoot") && !html.contains(">usage."), "{group}");
        }
    }
    let wrong = page(&scene, "from=yesterday", Lang::En).await;
    assert!(wrong.contains("This is no day") && wrong.contains("value=\"yesterday\""));
    assert!(page(&scene, "from=2026-01-01&to=2026-01-05", Lang::En).await.contains("No calls in this range"));
    assert!(page(&scene, "from=2026-01-01", Lang::De).await.contains("Minuten pro Monat"));
}

#[sqlx::test]
async fn an_operator_without_consent_for_durations_is_named(pool: PgPool) {
    let scene = scene(pool, at("2026-11-23T14:00:00Z")).await;
    scene.consent(&[("granted", "2026-11-22T00:00:00Z")]).await;
    let start = at("2026-11-20T09:00:00Z");
    scene.put("call_record", vec![call(1, start, Some(start), Some(60_000), &json!({}))]).await;
    scene.settle(&[start.date_naive()]).await;
    let html = page(&scene, "from=2026-11-20&to=2026-11-21", Lang::En).await;
    assert!(html.contains("Norvik Telekom gives no durations") && html.contains("no operator gives durations"), "{html}");
    let (_, text, _) = get(&scene, "from=2026-11-20&to=2026-11-21", "text/csv").await;
    assert_eq!(text.lines().nth(1), Some("2026-11-20,1,1,0.0,60.0,0.0,0.0,false"));
}
