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
    assert_eq!(["last-seq", "head-seq"].map(|name| told.headers[name].to_str().ok()), [Some("2"), Some("2")]);
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

#[sqlx::test]
async fn metrics_count_every_step_of_a_span(pool: PgPool) {
    let world = World::new(pool).await;
    let receiver = Receiver::start().await;
    let (id, _) = world.endpoint(&receiver).await;
    world.emit(EventType::NumberAssigned, NUMBER, 1).await;
    receiver.answers(|body| if body.contains(NUMBER) { 503 } else { 204 });
    world.emit(EventType::NumberAssigned, OTHER, 1).await;
    world.run().await;
    receiver.answers(|_| 204);
    world.later(TimeDelta::seconds(20)).await;
    let to = (world.store.env.now() + TimeDelta::minutes(1)).format("%Y-%m-%dT%H:%M:00Z").to_string();
    let told = call(&world, Method::GET, &format!("/endpoints/{id}/metrics?to={to}&step=12h"), &[], "").await;
    assert_eq!(told.status, 200, "{}", told.text);
    let metrics = told.json();
    assert_eq!((metrics["data"].as_array().map(Vec::len), metrics["step_s"].as_i64()), (Some(2), Some(43_200)));
    assert_eq!((metrics["data"][0]["attempts"].as_i64(), metrics["data"][0]["lag_ms_p95"].clone()), (Some(0), Value::Null));
    let last = &metrics["data"][1];
    // The verification, both first tries and the second one.
    let counts = ["attempts", "ok", "status_5xx", "status_4xx", "no_answer", "taken"].map(|name| last[name].as_i64());
    assert_eq!(counts, [Some(4), Some(3), Some(1), Some(0), Some(0), Some(2)], "{last}");
    // Until it was taken: the clock stands, but answering takes time.
    let lag = ["lag_ms_p50", "lag_ms_p95"].map(|name| last[name].as_i64().unwrap_or(-1) / 1_000);
    assert_eq!(lag, [0, 20], "{last}");
    assert_eq!(metrics["data"][0]["to"], last["from"]);
    assert!(last["elapsed_ms_p95"].is_i64());

    let csv = call(&world, Method::GET, &format!("/endpoints/{id}/metrics?to={to}&step=12h"), &[("accept", "text/csv")], "").await;
    assert_eq!((csv.text.lines().count(), csv.text.starts_with("from,to,attempts,ok,")), (3, true), "{}", csv.text);
    for (query, status) in
        [("step=1x", 400), ("step=1s", 400), ("from=2030-01-01T00:00:00Z", 400), ("to=soon", 400), ("step=1m", 400)]
    {
        let told = call(&world, Method::GET, &format!("/endpoints/{id}/metrics?{query}"), &[], "").await;
        assert_eq!(told.status, status, "{query}: {}", told.text);
    }
    let foreign = uuid::Uuid::from_u128(5);
    assert_eq!(call(&world, Method::GET, &format!("/endpoints/{foreign}/metrics"), &[], "").await.status, 404);
}

#[sqlx::test]
async fn feeds_say_how_fresh_they_are_and_what_waits(pool: PgPool) {
    let world = World::new(pool).await;
    let empty = call(&world, Method::GET, "/feeds", &[], "").await.json();
    assert_eq!(empty["data"][0]["feed"], "events");
    assert_eq!((empty["data"][0]["head_seq"].as_i64(), empty["data"][0]["sealed_at"].clone()), (Some(0), Value::Null));
    assert_eq!((empty["data"][1]["feed"].as_str(), empty["data"][1]["backlog"].as_i64()), (Some("calls"), Some(0)));

    let receiver = Receiver::start().await;
    let (id, _) = world.endpoint(&receiver).await;
    world.emit(EventType::NumberAssigned, NUMBER, 1).await;
    world.seal().await;
    let first = world.store.env.now();
    world.store.env.advance(TimeDelta::seconds(30));
    world.emit(EventType::NumberAssigned, OTHER, 1).await;
    world.seal().await;
    let events = call(&world, Method::GET, "/feeds", &[], "").await.json()["data"][0].clone();
    assert_eq!(
        (events["head_seq"].as_i64(), events["backlog"].as_i64(), events["push_backlog"].as_i64()),
        (Some(2), Some(2), Some(2))
    );
    let time = |value: &Value| value.as_str().and_then(|text| text.parse::<chrono::DateTime<chrono::Utc>>().ok());
    let close = |found: Option<chrono::DateTime<chrono::Utc>>, at: chrono::DateTime<chrono::Utc>| {
        found.is_some_and(|found| (found - at).abs() < TimeDelta::milliseconds(2))
    };
    assert!(close(time(&events["waiting_since"]), first), "{events}");
    assert!(close(time(&events["sealed_at"]), world.store.env.now()), "{events}");

    call(&world, Method::GET, "/events?after=2", &[], "").await;
    world.run().await;
    let events = call(&world, Method::GET, "/feeds", &[], "").await.json()["data"][0].clone();
    assert_eq!(
        (events["acked_seq"].as_i64(), events["backlog"].as_i64(), events["waiting_since"].clone()),
        (Some(2), Some(0), Value::Null)
    );
    assert_eq!(events["push_backlog"], 0);
    delete_endpoint(&world.store, &world.ctx, id, None).await.expect("deleted");
    assert_eq!(call(&world, Method::GET, "/feeds", &[], "").await.json()["data"][0]["push_backlog"], Value::Null);
}

#[sqlx::test]
async fn a_position_ahead_of_the_feed_is_refused_and_acknowledges_nothing(pool: PgPool) {
    let world = World::new(pool).await;
    world.emit(EventType::NumberAssigned, NUMBER, 1).await;
    world.seal().await;
    for query in ["after=2", "after=1764000000000", "after=2&type=number.assigned", "after=2&wait=20"] {
        let refused = call(&world, Method::GET, &format!("/events?{query}"), &[], "").await;
        assert_eq!((refused.status, refused.json()["code"].clone()), (422, "after_ahead_of_feed".into()), "{query}");
        assert!(refused.json()["errors"][0]["fix"].as_str().is_some_and(|fix| fix.contains("1 at most")), "{query}");
    }
    assert_eq!(world.count("select acked_seq from feed_head where feed = 'events'").await, 0);
    assert_eq!(call(&world, Method::GET, "/events?after=1", &[], "").await.status, 200);
    assert_eq!(world.count("select acked_seq from feed_head where feed = 'events'").await, 1);
}

#[sqlx::test]
async fn only_types_that_stand_in_the_feed_can_be_asked_for(pool: PgPool) {
    let world = World::new(pool).await;
    for (name, status) in [
        ("number.assigned", 200),
        ("endpoint.disabled", 200),
        ("event.withheld", 400),
        ("feed.heartbeat", 400),
        ("endpoint.test", 400),
    ] {
        assert_eq!(call(&world, Method::GET, &format!("/events?type={name}"), &[], "").await.status, status, "{name}");
    }
}

#[sqlx::test]
async fn recovering_is_counted_first_and_no_more_than_agreed_is_sent(pool: PgPool) {
    let world = World::new(pool).await;
    let receiver = Receiver::start().await;
    let (id, _) = world.endpoint(&receiver).await;
    let other = Receiver::start().await;
    let (_, _) = world.endpoint(&other).await;
    let mut ids = Vec::new();
    for (e164, seq) in [(NUMBER, 1), (OTHER, 1), (NUMBER, 2)] {
        ids.push(world.emit(EventType::NumberAssigned, e164, seq).await.wire());
    }
    world.run().await;
    receiver.forget();
    other.forget();
    let address = format!("/endpoints/{id}/recover");
    let ask = |body: Value| {
        let (world, address) = (&world, address.clone());
        async move { call(world, Method::POST, &address, &[JSON], &body.to_string()).await }
    };
    let none = ask(json!({ "after_seq": 0, "dry_run": true })).await;
    assert_eq!((none.status, none.json()["count"].as_i64(), none.json()["first_seq"].clone()), (200, Some(0), Value::Null));
    let dry = ask(json!({ "after_seq": 1, "only": "all", "dry_run": true })).await;
    assert_eq!(dry.json(), json!({ "count": 2, "first_seq": 2, "last_seq": 3, "job_id": null }));
    world.run().await;
    assert_eq!(receiver.what(), [], "a dry run sends nothing");

    let more = ask(json!({ "after_seq": 1, "only": "all", "at_most": 1 })).await;
    assert_eq!((more.status, more.json()["code"].as_str()), (409, Some("count_changed")));
    world.run().await;
    assert_eq!(receiver.what(), []);
    let sent = ask(json!({ "after_seq": 1, "only": "all", "at_most": 2 })).await;
    assert_eq!((sent.status, sent.json()["job_id"].is_string()), (202, true));
    world.run().await;
    let mut again: Vec<String> = receiver.arrived().iter().map(|message| message.header("webhook-id").to_owned()).collect();
    again.sort();
    let mut expected = ids[1..].to_vec();
    expected.sort();
    assert_eq!(again, expected, "under the same ids");
    assert_eq!(other.what(), [], "this endpoint alone");

    receiver.forget();
    let since = world.store.env.now() + TimeDelta::seconds(1);
    world.store.env.advance(TimeDelta::seconds(2));
    let typed = ask(json!({ "after_seq": 0, "only": "all", "event_types": ["number.released"], "dry_run": true })).await;
    assert_eq!(typed.json()["count"], 0);
    let late = ask(json!({ "since": since, "only": "all", "dry_run": true })).await;
    assert_eq!(late.json()["count"], 0, "{}", late.text);
    let until = ask(json!({ "since": since - TimeDelta::days(1), "until": since, "only": "all", "dry_run": true })).await;
    assert_eq!(until.json()["count"], 3);
    for body in [
        json!({}),
        json!({ "after_seq": 0, "since": since }),
        json!({ "after_seq": -1 }),
        json!({ "after_seq": 0, "only": "some" }),
        json!({ "after_seq": 0, "event_types": ["nonsense"] }),
    ] {
        assert_eq!(ask(body.clone()).await.status, 422, "{body}");
    }
    assert_eq!(ask(json!({ "after_seq": "x" })).await.status, 400);
}

#[sqlx::test]
async fn several_endpoints_each_get_what_they_asked_for_and_confirm_or_not(pool: PgPool) {
    let world = World::new(pool).await;
    let (routing, log) = (Receiver::start().await, Receiver::start().await);
    for (receiver, body) in [
        (&routing, json!({ "url": routing.url, "event_types": ["number.assigned"], "confirms": false })),
        (&log, json!({ "url": log.url, "event_types": ["number.unassigned"], "max_in_flight": 1 })),
    ] {
        let made = call(&world, Method::POST, "/endpoints", &[JSON], &body.to_string()).await.json();
        let id = made["id"].as_str().expect("an id").to_owned();
        assert_eq!(call(&world, Method::POST, &format!("/endpoints/{id}/verify"), &[], "").await.json()["state"], "active");
        receiver.forget();
    }
    world.emit(EventType::NumberAssigned, NUMBER, 1).await;
    world.emit(EventType::NumberUnassigned, NUMBER, 2).await;
    world.emit(EventType::NumberUpdated, OTHER, 1).await;
    world.run().await;
    assert_eq!(routing.what(), [(NUMBER.to_owned(), 1)]);
    assert_eq!(log.what(), [(NUMBER.to_owned(), 2)]);
    assert_eq!(world.confirmed().await, [(NUMBER.to_owned(), 2)], "the one that does not confirm activates nothing");
    let listed = call(&world, Method::GET, "/endpoints", &[], "").await.json();
    let backlogs: Vec<_> = listed["data"].as_array().expect("a list").iter().map(|one| one["backlog"].as_i64()).collect();
    assert_eq!(backlogs, [Some(0), Some(0)]);
    let refused = json!({ "url": log.url, "event_types": ["number.nonsense"], "max_in_flight": 65, "signature": "v3" });
    let refused = call(&world, Method::POST, "/endpoints", &[JSON], &refused.to_string()).await;
    let fields: Vec<_> = refused.json()["errors"].as_array().expect("faults").iter().map(|one| one["field"].clone()).collect();
    assert_eq!((refused.status, fields), (422, vec!["event_types".into(), "signature".into(), "max_in_flight".into()]));
}

#[sqlx::test]
async fn rotated_keys_sign_together_until_the_grace_ends(pool: PgPool) {
    let world = World::new(pool).await;
    let receiver = Receiver::start().await;
    let (id, old) = world.endpoint(&receiver).await;
    call(&world, Method::PATCH, &format!("/endpoints/{id}"), &[JSON], r#"{"signature":"both"}"#).await;
    let before = call(&world, Method::GET, &format!("/keys?endpoint_id={id}"), &[], "").await.json()["data"][0].clone();
    world.store.env.advance(TimeDelta::seconds(1));
    let rotated = call(&world, Method::POST, &format!("/endpoints/{id}/rotate"), &[JSON], r#"{"grace_s":60}"#).await.json();
    let new = rotated["secret"].as_str().expect("a secret").to_owned();
    let fits = |secret: &str, message: &Arrived| {
        let webhook = standardwebhooks::Webhook::new(secret).expect("a secret");
        webhook.verify(message.body.as_bytes(), &message.headers).is_ok()
    };
    let keys = call(&world, Method::GET, &format!("/keys?endpoint_id={id}"), &[], "").await.json();
    let is = keys["data"].as_array().expect("keys").iter().find(|key| key["id"] == before["id"]).expect("the old key under its id");
    assert_eq!([&is["public_key"], &is["created_at"]], [&before["public_key"], &before["created_at"]]);
    let expiries: Vec<bool> = keys["data"].as_array().expect("keys").iter().map(|key| key["expires_at"].is_string()).collect();
    assert_eq!(expiries.iter().filter(|expires| **expires).count(), 1, "{keys}");

    world.emit(EventType::NumberAssigned, NUMBER, 1).await;
    world.run().await;
    let message = receiver.arrived().remove(0);
    assert!(fits(&old, &message) && fits(&new, &message));
    let signature = message.header("webhook-signature").to_owned();
    assert_eq!((signature.matches("v1,").count(), signature.matches("v1a,").count()), (2, 2), "{signature}");
    let now = world.store.env.now();
    let signed = Message {
        id: message.header("webhook-id"),
        timestamp: message.header("webhook-timestamp").parse().expect("seconds"),
        body: message.body.as_bytes(),
    };
    for key in keys["data"].as_array().expect("keys") {
        let public = PublicKey::parse(key["public_key"].as_str().expect("a key")).expect("a key");
        assert_eq!(verify(&signed, &signature, None, Some(&public), now), Ok(()));
    }

    let again = call(&world, Method::POST, &format!("/endpoints/{id}/rotate"), &[JSON], r#"{"grace_s":60}"#).await;
    let until = again.json()["errors"][0]["value"].as_str().expect("a time").to_owned();
    assert_eq!((again.status, again.json()["code"].clone()), (409, "rotation_running".into()));
    assert!(until.len() == 24 && again.json()["detail"].as_str().is_some_and(|text| text.contains(&until)), "{until}");

    receiver.forget();
    world.store.env.advance(TimeDelta::seconds(61));
    assert_eq!(
        call(&world, Method::GET, &format!("/keys?endpoint_id={id}"), &[], "").await.json()["data"].as_array().map(Vec::len),
        Some(1)
    );
    world.emit(EventType::NumberAssigned, OTHER, 1).await;
    world.run().await;
    let message = receiver.arrived().remove(0);
    assert!(!fits(&old, &message) && fits(&new, &message));
    for grace in ["60", "0"] {
        let body = format!(r#"{{"grace_s":{grace}}}"#);
        let status = call(&world, Method::POST, &format!("/endpoints/{id}/rotate"), &[JSON], &body).await.status;
        assert_eq!(status, 200, "{grace}: no earlier one is cut off unasked");
    }
    for grace in ["-1", "604801"] {
        let body = format!(r#"{{"grace_s":{grace}}}"#);
        assert_eq!(call(&world, Method::POST, &format!("/endpoints/{id}/rotate"), &[JSON], &body).await.status, 422, "{grace}");
    }
}
