//! The simulated operators take what is signed for them and nothing else.

use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering;

use axum::Json;
use axum::body::Body;
use axum::body::to_bytes;
use axum::extract::Query;
use axum::http::Request;
use axum::http::StatusCode;
use chrono::DateTime;
use chrono::TimeDelta;
use serde_json::Value;
use serde_json::json;
use tower::ServiceExt as _;

use super::*;
use crate::app::demo::DemoClient;
use crate::app::demo::DemoEndpoint;
use crate::app::demo::DemoOperator;
use crate::notices::Keys;
use crate::notices::Message;
use crate::notices::SignatureKind;
use crate::notices::sign;

struct Scene {
    simulator: Simulator,
    keys: Keys,
    env: Env,
}

fn demo(base_url: &str, endpoints: Vec<DemoEndpoint>) -> DemoFile {
    let id = uuid::Uuid::from_u128(7);
    DemoFile {
        base_url: base_url.to_owned(),
        accounts: Vec::new(),
        api_clients: vec![DemoClient {
            client_id: "tidewater-demo".to_owned(),
            client_secret: "ccs_demo".to_owned(),
            org_kind: "operator".to_owned(),
            org_id: id,
            org_slug: "tidewater".to_owned(),
            scopes: Vec::new(),
        }],
        operators: vec![DemoOperator {
            id,
            slug: "tidewater".to_owned(),
            name: "Tidewater Carrier".to_owned(),
            time_zone: "America/New_York".to_owned(),
            pulls: true,
        }],
        tenants: Vec::new(),
        simulator_url: None,
        endpoints,
        seed: 1,
    }
}

fn scene() -> Scene {
    let env = Env::fixed(DateTime::UNIX_EPOCH + TimeDelta::days(20_780), 1);
    let keys = Keys::generate(&mut env.rng());
    let endpoint = DemoEndpoint {
        operator_slug: "norvik".to_owned(),
        url: "http://127.0.0.1:1/hooks/norvik".to_owned(),
        secret: keys.secret.expose().to_string(),
        public_key: keys.pair.public().to_string(),
    };
    let simulator = Simulator::new(env.clone(), &demo("http://127.0.0.1:1", vec![endpoint])).expect("a simulator");
    Scene { simulator, keys, env }
}

impl Scene {
    fn signed(&self, body: &str, kind: SignatureKind) -> String {
        let message = Message { id: "evt_1", timestamp: self.env.now().timestamp(), body: body.as_bytes() };
        sign(&message, [&self.keys], kind)
    }

    async fn post(&self, operator: &str, body: &str, signature: &str) -> (StatusCode, Vec<u8>) {
        let request = Request::post(format!("/hooks/{operator}"))
            .header("webhook-id", "evt_1")
            .header("webhook-timestamp", self.env.now().timestamp().to_string())
            .header("webhook-signature", signature)
            .body(Body::from(body.to_owned()))
            .expect("a request");
        let response = self.simulator.router().oneshot(request).await.expect("an answer");
        let status = response.status();
        (status, to_bytes(response.into_body(), 1_000_000).await.expect("a body").to_vec())
    }

    /// As the product does: again after a failure.
    async fn deliver(&self, body: &str, signature: &str) -> StatusCode {
        for _ in 0..20 {
            let (status, _) = self.post("norvik", body, signature).await;
            if status != StatusCode::INTERNAL_SERVER_ERROR {
                return status;
            }
        }
        StatusCode::INTERNAL_SERVER_ERROR
    }
}

fn event(billing_ref: &str) -> String {
    json!({
        "id": "evt_1", "type": "number.assigned", "seq": 5, "number_seq": 1,
        "data": { "e164": "+493023125010", "billing_ref": billing_ref }
    })
    .to_string()
}

#[tokio::test]
async fn what_is_signed_is_taken_once() {
    let scene = scene();
    let body = event("K-4711");
    for kind in [SignatureKind::V1, SignatureKind::V1a, SignatureKind::Both] {
        assert_eq!(scene.deliver(&body, &scene.signed(&body, kind)).await, StatusCode::NO_CONTENT, "{kind:?}");
    }
    let received = scene.simulator.received().clone();
    let counts = &received.operators["norvik"];
    assert_eq!((counts.taken, counts.again), (3, 2));
    assert_eq!(received.messages[0].e164.as_deref(), Some("+493023125010"));
    let shown =
        scene.simulator.router().oneshot(Request::get("/received").body(Body::empty()).expect("a request")).await.expect("shown");
    let shown: Value = serde_json::from_slice(&to_bytes(shown.into_body(), 1_000_000).await.expect("a body")).expect("JSON");
    assert_eq!(shown["operators"]["norvik"]["taken"], 3);
}

#[tokio::test]
async fn what_is_signed_wrongly_is_refused() {
    let scene = scene();
    let body = event("K-4711");
    let good = scene.signed(&body, SignatureKind::Both);
    let other = Keys::generate(&mut scene.env.rng());
    let message = Message { id: "evt_1", timestamp: scene.env.now().timestamp(), body: body.as_bytes() };
    let (v1, v1a) = good.split_once(' ').expect("two signatures");
    let (bad_v1, bad_v1a) = (sign(&message, [&other], SignatureKind::V1), sign(&message, [&other], SignatureKind::V1a));
    for signature in
        [String::new(), "v1,".to_owned(), "v2,abc".to_owned(), bad_v1.clone(), format!("{v1} {bad_v1a}"), format!("{bad_v1} {v1a}")]
    {
        assert_eq!(scene.post("norvik", &body, &signature).await.0, StatusCode::UNAUTHORIZED, "{signature}");
    }
    let changed = body.replace("+493023125010", "+493023125011");
    assert_eq!(scene.post("norvik", &changed, &good).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(scene.post("albion", &body, &good).await.0, StatusCode::NOT_FOUND);
    let bare = Request::post("/hooks/norvik").body(Body::from(body.clone())).expect("a request");
    assert_eq!(scene.simulator.router().oneshot(bare).await.expect("an answer").status(), StatusCode::UNAUTHORIZED);
    // The same message, replayed six minutes later.
    let late = Request::post("/hooks/norvik")
        .header("webhook-id", "evt_1")
        .header("webhook-timestamp", scene.env.now().timestamp().to_string())
        .header("webhook-signature", &good)
        .body(Body::from(body))
        .expect("a request");
    scene.env.advance(TimeDelta::minutes(6));
    assert_eq!(scene.simulator.router().oneshot(late).await.expect("an answer").status(), StatusCode::UNAUTHORIZED);
    assert_eq!(scene.simulator.received().operators["norvik"].taken, 0);
}

#[tokio::test]
async fn a_challenge_is_answered_and_a_busy_number_is_put_off() {
    let scene = scene();
    let body = r#"{"type":"endpoint.verification","seq":null,"data":{"challenge":"abc"}}"#;
    let (status, answer) = scene.post("norvik", body, &scene.signed(body, SignatureKind::Both)).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(serde_json::from_slice::<Value>(&answer).expect("JSON"), json!({ "challenge": "abc" }));
    let busy = event("BUSY-1234");
    assert_eq!(scene.post("norvik", &busy, &scene.signed(&busy, SignatureKind::Both)).await.0, StatusCode::SERVICE_UNAVAILABLE);
    let text = "no JSON";
    assert_eq!(scene.post("norvik", text, &scene.signed(text, SignatureKind::V1)).await.0, StatusCode::BAD_REQUEST);
}

#[test]
fn failures_are_few_and_repeatable() {
    let moods = |scene: Scene| (0..10_000).map(|_| scene.simulator.mood()).collect::<Vec<_>>();
    let (one, two) = (moods(scene()), moods(scene()));
    assert_eq!(one, two);
    let of = |mood| one.iter().filter(|other| **other == mood).count();
    assert!((200..400).contains(&of(Mood::Failing)), "{}", of(Mood::Failing));
    assert!((50..150).contains(&of(Mood::Slow)), "{}", of(Mood::Slow));
}

#[derive(serde::Deserialize)]
struct After {
    after: i64,
}

#[tokio::test]
async fn one_operator_pulls_and_acknowledges() {
    let asked = Arc::new(AtomicI64::new(-1));
    let seen = asked.clone();
    let events = move |Query(After { after }): Query<After>| async move {
        seen.store(after, Ordering::SeqCst);
        let data: Vec<Value> =
            (after + 1..=3).map(|seq| json!({ "id": format!("evt_{seq}"), "seq": seq, "type": "number.assigned" })).collect();
        if data.is_empty() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Json(json!({ "data": data, "last_seq": 3, "head_seq": 3 }))
    };
    let api = Router::new()
        .route("/api/v1/oauth/token", post(async || Json(json!({ "access_token": "cat_x", "expires_in": 600 }))))
        .route("/api/v1/events", get(events));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let server = tokio::spawn(async move { axum::serve(listener, api).await });

    let simulator = Simulator::new(Env::system(), &demo(&base, Vec::new())).expect("a simulator");
    let stop = CancellationToken::new();
    let own = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let running = tokio::spawn(serve(simulator.clone(), own, stop.clone()));
    for _ in 0..200 {
        if asked.load(Ordering::SeqCst) == 3
            && simulator.received().operators.get("tidewater").is_some_and(|c| c.acknowledged == Some(3))
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    let counts = simulator.received().operators["tidewater"].clone();
    assert_eq!((counts.taken, counts.acknowledged), (3, Some(3)));
    stop.cancel();
    running.await.expect("no panic").expect("a clean end");
    server.abort();
}
