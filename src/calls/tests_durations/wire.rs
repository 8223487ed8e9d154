//! Durations over HTTP: formats, headers, receipts, coverage, closing a day.

use axum::Router;
use axum::body::Body;
use axum::body::Bytes;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::response::Response;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::HeaderMap;
use sha2::Digest as _;
use sha2::Sha256;
use tower::ServiceExt as _;
use tower::service_fn;
use tower_http::compression::Compression;

use crate::store::Reach;

use super::*;

struct Told {
    status: u16,
    headers: HeaderMap,
    text: String,
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

async fn call(world: &World, what: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Told {
    let (method, path) = what.split_once(' ').expect("method and path");
    let (routes, _) = durations_api().split_for_parts();
    let app: Router = routes.with_state(world.store.clone());
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(body.into()).expect("a request");
    request.extensions_mut().insert(world.ctx(Org::Operator(world.norvik)));
    let response = app.oneshot(request).await.expect("an answer");
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, 1 << 24).await.expect("a body");
    let json = serde_json::from_slice(&body).unwrap_or_default();
    Told { status: parts.status.as_u16(), headers: parts.headers, text: String::from_utf8_lossy(&body).into_owned(), json }
}

const NDJSON: (&str, &str) = ("content-type", "application/x-ndjson");
const WAIT: (&str, &str) = ("prefer", "respond-async, wait=20");

/// Compressed as a client would.
async fn packed(encoding: &str, bytes: Vec<u8>) -> Bytes {
    let answer =
        service_fn(async |bytes: Request<Bytes>| Ok::<_, std::convert::Infallible>(Response::new(Body::from(bytes.into_body()))));
    let request = Request::builder().header("accept-encoding", encoding).body(Bytes::from(bytes)).expect("a request");
    let response = Compression::new(answer).oneshot(request).await.expect("compressed");
    assert_eq!(response.headers()["content-encoding"], encoding);
    to_bytes(Body::new(response.into_body()), 1 << 26).await.expect("a body")
}

#[sqlx::test]
async fn a_batch_goes_in_and_its_rows_come_out(pool: PgPool) {
    let world = world(pool).await;
    let body = format!("{}\n\n{}\n{}\n", row(), with(json!({ "e164": "x" })), row());
    let told = call(&world, "POST /duration-batches", &[NDJSON], body.clone()).await;
    assert_eq!((told.status, &told.json["state"], &told.json["rows"]), (202, &json!("received"), &json!(0)));
    assert_eq!(told.json["sha256"], json!(durations::hex_text(&Sha256::digest(&body))));
    let place = told.header("location").replace("/api/v1", "");
    assert!(place.starts_with("/duration-batches/"), "{place}");
    assert!(run_durations(world.store.clone()).await.expect("ran"));
    let told = call(&world, &format!("GET {place}"), &[], "").await;
    let counts = ["rows", "accepted", "replaced", "duplicate", "superseded", "rejected"].map(|name| told.json[name].as_i64());
    assert_eq!(counts, [3, 1, 0, 1, 0, 1].map(Some));
    assert_eq!(told.json["first_answered_at"], json!("2026-11-23T10:00:00.120Z"));
    let told = call(&world, &format!("GET {place}/rows?limit=2"), &[], "").await;
    assert_eq!(told.json["has_more"], json!(true));
    assert_eq!(
        told.json["data"][0],
        json!({ "row": 1, "verdict": "accepted", "field": null, "value": null, "fix": null,
        "key": format!("nv-1 {NUMBER} 2026-11-23T10:00:00.120Z") })
    );
    let wrong = &told.json["data"][1];
    assert_eq!((&wrong["verdict"], &wrong["field"], &wrong["value"]), (&json!("e164_invalid"), &json!("e164"), &json!("x")));
    let next = told.header("link").split(['<', '>']).nth(1).expect("a link").to_owned();
    let told = call(&world, &format!("GET {next}"), &[], "").await;
    assert_eq!((&told.json["data"][0]["row"], &told.json["has_more"]), (&json!(3), &json!(false)));
    let told = call(&world, &format!("GET {place}/rows?verdict=rejected"), &[("accept", "text/csv")], "").await;
    assert!(told.text.starts_with("row,verdict,field,value,fix,key\r\n2,e164_invalid,e164,x,"), "{}", told.text);
    assert_eq!(call(&world, &format!("GET {place}/rows?verdict=nonsense"), &[], "").await.code(), (422, "verdict_unknown"));
    assert_eq!(call(&world, "GET /duration-batches/nonsense", &[], "").await.status, 404);
    let told = call(&world, "GET /duration-batches?state=done", &[], "").await;
    assert_eq!(told.json["data"].as_array().map(Vec::len), Some(1));
    // Another operator's batch is not there.
    let foreign = world.ctx(Org::Operator(world.telia));
    let id = place.rsplit('/').next().and_then(|id| id.parse().ok()).expect("an id");
    assert_eq!(durations::find(&world.store, &foreign, id).await.expect_err("foreign").problem().status, 404);
}

#[sqlx::test]
async fn who_waits_gets_the_counts(pool: PgPool) {
    let world = world(pool).await;
    let told = call(&world, "POST /duration-batches", &[NDJSON, WAIT, ("idempotency-key", "k1")], row().to_string()).await;
    assert_eq!((told.status, told.header("preference-applied"), &told.json["accepted"]), (200, "wait", &json!(1)));
    let again = call(&world, "POST /duration-batches", &[NDJSON, WAIT, ("idempotency-key", "k1")], row().to_string()).await;
    assert_eq!((again.status, again.header("idempotency-replayed"), &again.json), (200, "true", &told.json));
    let other = call(&world, "POST /duration-batches", &[NDJSON, ("idempotency-key", "k1")], "{}").await;
    assert_eq!(other.code(), (422, "idempotency_mismatch"));
    assert_eq!(world.one::<i64>("select count(*) from duration_batch").await, 1);
}

#[sqlx::test]
async fn bodies_are_checked_before_they_are_kept(pool: PgPool) {
    let world = world(pool).await;
    let post = async |headers: &[(&str, &str)], body: Body| call(&world, "POST /duration-batches", headers, body).await;
    let csv = ("content-type", "text/csv");
    let told = post(&[csv], "e164,direction,duration_s,answered_at,operator_ref,tenant_id\n".into()).await;
    assert_eq!((told.code(), &told.json["errors"][0]["field"]), ((422, "header_invalid"), &json!("tenant_id")));
    assert_eq!(post(&[("content-type", "application/json")], "{}".into()).await.code(), (400, "body_malformed"));
    assert_eq!(post(&[("content-type", "text/plain")], "x".into()).await.code(), (415, "content_type_unsupported"));
    assert_eq!(post(&[NDJSON, ("content-encoding", "br")], "x".into()).await.code(), (415, "content_encoding_unsupported"));
    let body = row().to_string();
    let digest = |body: &[u8]| format!("sha-256=:{}:", BASE64_STANDARD.encode(Sha256::digest(body)));
    let wrong = digest(b"another");
    assert_eq!(post(&[NDJSON, ("content-digest", &wrong)], body.clone().into()).await.code(), (400, "content_digest_mismatch"));
    let bomb = packed("gzip", vec![b' '; 8 << 20]).await;
    assert_eq!(post(&[NDJSON, ("content-encoding", "gzip")], bomb.into()).await.code(), (413, "body_too_large"));
    assert_eq!(post(&[NDJSON, ("content-encoding", "gzip")], "no gzip".into()).await.status, 400);
    assert_eq!(world.one::<i64>("select count(*) from duration_batch").await, 0, "nothing is kept of all that");
    for encoding in ["gzip", "zstd"] {
        let sent = packed(encoding, body.clone().into_bytes()).await;
        let digest = digest(&sent);
        let told = post(&[NDJSON, WAIT, ("content-encoding", encoding), ("content-digest", &digest)], sent.into()).await;
        assert_eq!((told.status, &told.json["rows"]), (200, &json!(1)), "{encoding}");
        assert_eq!(told.json["bytes"], json!(body.len()));
    }
}

#[sqlx::test]
async fn days_are_told_and_closed(pool: PgPool) {
    let world = world(pool).await;
    let at = |reference: &str, at: &str, s: f64| with(json!({ "operator_ref": reference, "answered_at": at, "duration_s": s }));
    let rows = [
        at("a", "2026-11-21T23:59:59.999Z", 0.001),
        at("b", "2026-11-22T00:00:00Z", 10.5),
        at("c", "2026-11-22T23:30:00Z", 0.25),
        at("d", "2026-11-22T12:00:00Z", 100.0),
        at("e", "2026-11-23T08:00:00Z", 7.0),
    ];
    assert_eq!(world.judged(&rows).await, ["accepted"; 5].map(str::to_owned));
    let back = with(
        json!({ "operator_ref": "d", "answered_at": "2026-11-22T12:00:00Z", "duration_s": 100, "version": 2, "withdrawn": true }),
    );
    assert_eq!(world.judged(&[back]).await, ["accepted"]);
    let told = call(&world, "GET /duration-coverage?from=2026-11-20&to=2026-11-24", &[], "").await;
    let days = told.json["data"].as_array().expect("days").clone();
    let seen: Vec<_> = days.iter().map(|day| (day["rows"].as_i64(), day["seconds"].as_f64(), day["late_rows"].as_i64())).collect();
    // Received at 12:00 of the 23rd: the 22nd was due at 06:00 of it.
    let expected = [(0, 0.0, 0), (1, 0.001, 1), (2, 10.75, 2), (1, 7.0, 0)].map(|(n, s, late)| (Some(n), Some(s), Some(late)));
    assert_eq!(seen, expected);
    assert_eq!(
        (&days[0]["day"], &days[0]["last_received_at"], &days[2]["closed"]),
        (&json!("2026-11-20"), &json!(null), &json!(null))
    );
    let told = call(&world, "GET /duration-coverage?from=2026-11-22&to=2026-11-23&zone=Europe/Berlin", &[], "").await;
    assert_eq!(
        told.json["data"][0]["rows"],
        json!(2),
        "the night before by UTC is this day in Berlin, the late evening is the next"
    );
    assert_eq!(call(&world, "GET /duration-coverage?zone=Nowhere", &[], "").await.code(), (422, "zone_unknown"));
    assert_eq!(call(&world, "GET /duration-coverage?from=2026-11-22&to=2026-11-22", &[], "").await.code(), (422, "range_invalid"));

    let close = async |day: &str, body: Value| {
        let json = ("content-type", "application/json");
        call(&world, &format!("POST /duration-coverage/{day}/close"), &[json], body.to_string()).await
    };
    let told = close("2026-11-22", json!({ "rows": 3, "seconds": 10.75 })).await;
    assert_eq!(told.code(), (409, "totals_differ"));
    assert!(told.json["detail"].as_str().is_some_and(|text| text.contains("3 rows") && text.contains("2 rows")), "{}", told.text);
    assert_eq!((&told.json["errors"][0]["field"], told.json["errors"].as_array().map(Vec::len)), (&json!("rows"), Some(1)));
    assert_eq!(close("2026-11-22", json!({ "rows": 2, "seconds": 10.7501 })).await.code(), (422, "totals_invalid"));
    assert_eq!(close("2026-11-23", json!({ "rows": 1, "seconds": 7 })).await.code(), (422, "day_not_over"));
    assert_eq!(close("2025-01-01", json!({ "rows": 0, "seconds": 0 })).await.code(), (422, "day_before_retention"));
    assert_eq!(close("yesterday", json!({ "rows": 0, "seconds": 0 })).await.status, 404);
    assert_eq!(world.one::<i64>("select count(*) from duration_day").await, 0);
    sqlx::query("delete from change").execute(world.store.pool()).await.expect("cleared");
    let told = close("2026-11-22", json!({ "rows": 2, "seconds": 10.75 })).await;
    assert_eq!((told.status, &told.json["closed"]["rows"], &told.json["closed"]["seconds"]), (200, &json!(2), &json!(10.75)));
    let mut tx = world.store.begin(Reach::Tenant(world.acme)).await.expect("begun");
    let told: i64 = sqlx::query_scalar("select count(*) from duration_day_told").fetch_one(&mut *tx).await.expect("counted");
    let totals: i64 = sqlx::query_scalar("select count(*) from duration_day").fetch_one(&mut *tx).await.expect("counted");
    assert_eq!((told, totals), (1, 0), "the customer learns that it is closed, not the totals");
    assert_eq!(world.one::<String>("select list || day from change").await, "pairing2026-11-22");
    assert_eq!(close("2026-11-22", json!({ "rows": 2, "seconds": 10.75 })).await.status, 200);
    assert_eq!(world.one::<i64>("select count(*) from change").await, 1, "the same once more changes nothing");
    // A late row, and the day closed with the new totals.
    assert_eq!(world.judged(&[at("f", "2026-11-22T13:00:00Z", 1.0)]).await, ["accepted"]);
    let told = call(&world, "GET /duration-coverage?from=2026-11-22&to=2026-11-23", &[], "").await;
    assert_eq!((&told.json["data"][0]["rows"], &told.json["data"][0]["closed"]["rows"]), (&json!(3), &json!(2)));
    assert_eq!(close("2026-11-22", json!({ "rows": 3, "seconds": 11.75 })).await.json["closed"]["rows"], json!(3));
}
