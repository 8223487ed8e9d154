//! The routes.

use axum::Extension;
use axum::body::Body;
use axum::body::to_bytes;
use http::Method;
use http::Request;
use tower::ServiceExt as _;

use super::*;

struct Told {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Told {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("JSON: {}", self.text))
    }
}

async fn call(world: &World, method: Method, address: &str, headers: &[(&str, &str)], body: &str) -> Told {
    let app = api().split_for_parts().0.with_state(world.store.clone());
    let app = app.layer(Extension(world.ctx.clone())).layer(Extension(world.notices.clone()));
    let mut request = Request::builder().method(method).uri(address);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = app.oneshot(request.body(Body::from(body.to_owned())).expect("a request")).await.expect("an answer");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let bytes = to_bytes(response.into_body(), 1_000_000).await.expect("a body");
    Told { status, headers, text: String::from_utf8(bytes.to_vec()).expect("UTF-8") }
}

const JSON: (&str, &str) = ("content-type", "application/json");

#[sqlx::test]
async fn an_endpoint_lives_over_the_wire(pool: PgPool) {
    let world = World::new(pool).await;
    let receiver = Receiver::start().await;
    let body = json!({ "url": receiver.url, "description": "Main", "signature": "both" }).to_string();
    let once = [JSON, ("idempotency-key", "k1")];
    let told = call(&world, Method::POST, "/endpoints", &once, &body).await;
    assert_eq!(told.status, 201, "{}", told.text);
    let made = told.json();
    assert!(made["secret"].as_str().is_some_and(|secret| secret.starts_with("whsec_")));
    assert_eq!((made["state"].as_str(), made["version"].as_i64()), (Some("unverified"), Some(1)));
    let again = call(&world, Method::POST, "/endpoints", &once, &body).await;
    assert_eq!((again.status, again.json()["id"].clone(), again.json()["secret"].clone()), (201, made["id"].clone(), Value::Null));
    let address = format!("/endpoints/{}", made["id"].as_str().expect("an id"));
    let keys = call(&world, Method::GET, "/keys", &[], "").await.json();
    assert_eq!(keys["data"][0]["public_key"], made["public_key"]);

    assert_eq!(call(&world, Method::POST, &format!("{address}/pause"), &[], "").await.json()["code"], "endpoint_unverified");
    assert_eq!(call(&world, Method::POST, &format!("{address}/verify"), &[], "").await.json()["state"], "active");
    world.store.env.advance(TimeDelta::milliseconds(5));
    let tried = call(&world, Method::POST, &format!("{address}/test"), &[], "").await.json();
    assert_eq!((tried["status"].as_i64(), tried["trigger"].as_str()), (Some(204), Some("test")));
    let listed = call(&world, Method::GET, &format!("{address}/attempts?limit=1"), &[], "").await.json();
    assert_eq!((listed["data"][0]["type"].as_str(), listed["has_more"].as_bool()), (Some("endpoint.test"), Some(true)));

    let stale = call(&world, Method::PATCH, &address, &[JSON, ("if-match", "\"1\"")], r#"{"max_in_flight":4}"#).await;
    assert_eq!((stale.status, stale.json()["code"].clone()), (412, "version_stale".into()));
    let changed = call(&world, Method::PATCH, &address, &[JSON], r#"{"max_in_flight":4}"#).await;
    assert_eq!((changed.json()["max_in_flight"].as_i64(), changed.json()["state"].as_str()), (Some(4), Some("active")));
    assert_eq!(changed.headers["etag"], "\"3\"");
    let rotated = call(&world, Method::POST, &format!("{address}/rotate"), &[], "").await.json();
    assert!(rotated["secret"].is_string() && rotated["secret"] != made["secret"]);
    assert_eq!(call(&world, Method::GET, "/keys", &[], "").await.json()["data"].as_array().map(Vec::len), Some(2));
    assert_eq!(call(&world, Method::DELETE, &address, &[], "").await.status, 204);
    assert_eq!(call(&world, Method::GET, &address, &[], "").await.status, 404);
}

#[sqlx::test]
async fn forbidden_addresses_are_refused_at_save(pool: PgPool) {
    let world = World::new(pool).await;
    for (url, code) in [
        ("https://10.0.0.1/hook", "endpoint_address_forbidden"),
        ("https://169.254.169.254/latest", "endpoint_address_forbidden"),
        ("http://93.184.216.34/hook", "endpoint_not_https"),
        ("not a url", "endpoint_url_invalid"),
    ] {
        let told = call(&world, Method::POST, "/endpoints", &[JSON], &json!({ "url": url }).to_string()).await;
        assert_eq!((told.status, told.json()["code"].as_str().map(str::to_owned)), (422, Some(code.to_owned())), "{url}");
        assert_eq!(told.json()["errors"][0]["field"], "url");
    }
}

#[sqlx::test]
async fn the_feed_is_given_byte_for_byte(pool: PgPool) {
    let world = World::new(pool).await;
    let id = world.emit(EventType::NumberAssigned, NUMBER, 1).await;
    world.emit(EventType::NumberUpdated, OTHER, 1).await;
    world.seal().await;
    let bodies: Vec<String> =
        sqlx::query_scalar("select body from event order by seq").fetch_all(world.store.pool()).await.expect("rows");
    let told = call(&world, Method::GET, "/events?after=0", &[], "").await;
    assert_eq!(told.text, format!(r#"{{"data":[{},{}],"last_seq":2,"head_seq":2}}"#, bodies[0], bodies[1]));
    let told = call(&world, Method::GET, "/events?e164=+493023125011", &[("accept", "application/x-ndjson")], "").await;
    assert_eq!(told.text, format!("{}\n", bodies[1]));
    let told = call(&world, Method::GET, &format!("/events/{}", id.wire()), &[], "").await;
    assert_eq!(told.text, bodies[0]);
    for (address, status) in [
        ("/events?after=-1", 400),
        ("/events?after=x", 400),
        ("/events?wait=26", 400),
        ("/events?type=number.nonsense", 400),
        ("/events?limit=1001", 400),
        ("/events?e164=abc", 400),
        ("/events/evt_0", 404),
        ("/events/evt_0/attempts", 404),
        ("/endpoints/nonsense", 404),
    ] {
        assert_eq!(call(&world, Method::GET, address, &[], "").await.status, status, "{address}");
    }
    let told = call(&world, Method::GET, "/events", &[("accept", "text/csv")], "").await;
    assert_eq!(told.status, 406);
    let told = call(&world, Method::POST, &format!("/events/{}/redeliver", id.wire()), &[], "").await;
    assert_eq!((told.status, told.json()["code"].as_str()), (422, Some("no_endpoint")));
}
