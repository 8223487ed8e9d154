//! The platform's calls through HTTP: bodies, receipts, refusals.

use std::convert::Infallible;

use ::http::Request;
use ::http::Response;
use ::http::StatusCode;
use axum::Router;
use axum::body::Body;
use axum::body::to_bytes;
use bytes::Bytes;
use tower::ServiceExt as _;
use tower::service_fn;
use tower_http::compression::Compression;

use super::*;

struct Told {
    status: u16,
    body: Value,
    location: String,
    replayed: bool,
}

impl Scene {
    fn router(&self, org: Org) -> Router {
        let ctx = self.ctx(org);
        let (router, _document) = api_calls().split_for_parts();
        router.layer(axum::Extension(ctx)).with_state(self.store.clone())
    }

    async fn send(&self, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Told {
        let mut request = Request::post(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        told(self.router(Org::Platform).oneshot(request.body(body.into()).expect("a request")).await.expect("an answer")).await
    }

    async fn get(&self, org: Org, path: &str) -> Told {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        told(self.router(org).oneshot(request).await.expect("an answer")).await
    }
}

async fn told(response: Response<Body>) -> Told {
    let header = |name: &str| response.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let (status, location, replayed) = (response.status().as_u16(), header("location"), header("idempotency-replayed") == "true");
    let body = to_bytes(response.into_body(), 1 << 20).await.expect("a body");
    Told { status, body: serde_json::from_slice(&body).unwrap_or_default(), location, replayed }
}

async fn packed(encoding: &str, plain: Bytes) -> Bytes {
    let service = service_fn(move |_request: Request<Body>| {
        let plain = plain.clone();
        async move {
            Ok::<_, Infallible>(
                Response::builder().header("content-type", "application/x-ndjson").body(Body::from(plain)).expect("built"),
            )
        }
    });
    let request = Request::get("/").header("accept-encoding", encoding).body(Body::empty()).expect("a request");
    let response = Compression::new(service).oneshot(request).await.expect("an answer");
    assert_eq!(response.headers()["content-encoding"], encoding);
    to_bytes(Body::new(response.into_body()), 1 << 24).await.expect("a body")
}

const NDJSON: (&str, &str) = ("content-type", "application/x-ndjson");

#[sqlx::test]
async fn records_come_plain_and_compressed(pool: PgPool) {
    let s = scene(pool).await;
    let lines = |id: &str| {
        let rows: Vec<String> =
            (0..50).map(|n| serde_json::to_string(&s.call(&format!("{id}{n}"), s.kestrel, KESTREL, 5)).expect("JSON")).collect();
        Bytes::from(rows.join("\n"))
    };
    let plain = s.send("/platform/call-records", &[NDJSON], lines("a")).await;
    assert_eq!((plain.status, &plain.body["accepted"], &plain.body["state"]), (202, &50.into(), &"done".into()));
    assert_eq!(plain.location, format!("/api/v1/platform/call-batches/{}", plain.body["id"].as_str().expect("an id")));
    for encoding in ["gzip", "zstd"] {
        let body = packed(encoding, lines(encoding)).await;
        let headers = [NDJSON, ("content-encoding", encoding), ("prefer", "respond-async, wait=10")];
        let told = s.send("/platform/call-records?format=concord", &headers, body).await;
        assert_eq!((told.status, &told.body["accepted"]), (200, &50.into()), "{encoding}");
    }
    let read = s.get(Org::Platform, plain.location.trim_start_matches("/api/v1")).await;
    assert_eq!(read.body, plain.body);
    let rows =
        s.get(Org::Platform, &format!("{}/rows?verdict=accepted&limit=20", plain.location.trim_start_matches("/api/v1"))).await;
    assert_eq!((rows.body["data"].as_array().map(Vec::len), &rows.body["has_more"]), (Some(20), &true.into()));
    assert!(
        rows.body["data"][0]["key"].as_str().is_some_and(|key| key.contains("/a0/1/2026-11-22T23:53:50.000Z")),
        "{}",
        rows.body["data"][0]
    );
}

#[sqlx::test]
async fn what_cannot_be_taken_is_refused(pool: PgPool) {
    let s = scene(pool).await;
    let path = "/platform/call-records";
    type Case<'a> = (&'a str, Vec<(&'a str, &'a str)>, Vec<u8>, u16, &'a str);
    let cases: [Case<'_>; 8] = [
        (path, vec![("content-type", "application/json")], b"{}".to_vec(), 415, "content_type_unsupported"),
        (path, vec![], b"{}".to_vec(), 415, "content_type_unsupported"),
        (path, vec![NDJSON, ("content-encoding", "br")], b"{}".to_vec(), 415, "content_encoding_unsupported"),
        (path, vec![NDJSON, ("content-encoding", "gzip")], b"no gzip".to_vec(), 400, "body_malformed"),
        (path, vec![NDJSON], b" \n ".to_vec(), 400, "body_empty"),
        ("/platform/call-records?format=graph_pstn", vec![NDJSON], b"{}".to_vec(), 400, "format_unsupported"),
        ("/platform/call-records?format=fax", vec![NDJSON], b"{}".to_vec(), 400, "format_unknown"),
        (path, vec![NDJSON], vec![b' '; 64 * 1024 * 1024 + 1], 413, "body_too_large"),
    ];
    for (path, headers, body, status, code) in cases {
        let told = s.send(path, &headers, body).await;
        assert_eq!((told.status, &told.body["code"]), (status, &code.into()), "{path} {headers:?}");
    }
    // 4 MiB of blanks in some hundred bytes.
    let bomb = packed("gzip", Bytes::from(vec![b' '; 4 * 1024 * 1024])).await;
    let told = s.send(path, &[NDJSON, ("content-encoding", "gzip")], bomb).await;
    assert_eq!((told.status, &told.body["code"]), (413, &"body_too_large".into()));
    assert_eq!(s.count("select count(*) from call_batch").await, 0);
    let missing = s.get(Org::Platform, "/platform/call-batches/0192587e-0000-7000-8000-000000000011").await;
    assert_eq!(missing.status, 404);
    assert_eq!(s.get(Org::Operator(s.norvik), "/platform/call-batches/0192587e-0000-7000-8000-000000000011").await.status, 403);
}

#[sqlx::test]
async fn a_key_makes_it_happen_once(pool: PgPool) {
    let s = scene(pool).await;
    let body = serde_json::to_string(&s.call("a", s.kestrel, KESTREL, 5)).expect("JSON");
    let headers = [NDJSON, ("idempotency-key", "k1")];
    let first = s.send("/platform/call-records", &headers, body.clone()).await;
    let again = s.send("/platform/call-records", &headers, body.clone()).await;
    assert_eq!((first.replayed, again.replayed, &again.body), (false, true, &first.body));
    let other = s.send("/platform/call-records", &headers, format!("{body}\n")).await;
    assert_eq!((other.status, &other.body["code"]), (422, &"idempotency_mismatch".into()));
    assert_eq!(s.count("select count(*) from call_batch").await, 1);
}

#[sqlx::test]
async fn lists_answer_in_their_forms(pool: PgPool) {
    let s = scene(pool).await;
    s.take(&[s.call("a", s.kestrel, KESTREL, 5), s.call("b", s.kestrel, KESTREL, 6)]).await;
    s.seal().await;
    let norvik = Org::Operator(s.norvik);
    let feed = s.get(norvik, "/calls?basis=processed&limit=1").await;
    assert_eq!((feed.status, ids(feed.body["data"].as_array().expect("rows"))), (200, vec!["a"]));
    let next = format!("/calls?basis=processed&cursor={}", feed.body["next_cursor"].as_str().expect("a cursor"));
    let rest = s.get(norvik, &next).await;
    assert_eq!((ids(rest.body["data"].as_array().expect("rows")), &rest.body["has_more"]), (vec!["b"], &false.into()));
    let end = format!("/calls?basis=processed&cursor={}", rest.body["next_cursor"].as_str().expect("never null"));
    let end = s.get(norvik, &end).await;
    assert_eq!((end.body["data"].as_array().map(Vec::len), &end.body["next_cursor"]), (Some(0), &rest.body["next_cursor"]));
    for wrong in [
        "basis=x",
        "from=x",
        "poor=x",
        "outcome=x",
        "e164=x",
        "tenant_id=x",
        "cursor=x",
        "limit=0",
        "from=2026-11-02T00:00:00Z&to=2026-11-01T00:00:00Z",
    ] {
        assert_eq!(s.get(norvik, &format!("/calls?{wrong}")).await.status, 400, "{wrong}");
    }
    let request = Request::get("/calls").header("accept", "text/csv").body(Body::empty()).expect("a request");
    let response = s.router(norvik).oneshot(request).await.expect("an answer");
    assert_eq!(response.status(), StatusCode::OK);
    let text = to_bytes(response.into_body(), 1 << 20).await.expect("a body");
    let text = String::from_utf8(text.to_vec()).expect("UTF-8");
    assert!(text.starts_with("id,call_id,leg_id,") && text.lines().count() == 3 && text.contains(",a,1,1,final,"), "{text}");
    assert_eq!(s.get(Org::Tenant(s.kestrel), "/calls").await.status, 403);
    assert_eq!(s.get(norvik, "/tenant/calls").await.status, 403);
    assert_eq!(
        s.get(Org::Tenant(s.kestrel), "/tenant/calls?outcome=answered").await.body["data"].as_array().map(Vec::len),
        Some(2)
    );
}
