//! Tokens, the API's edge, refusals, replay.

use super::*;
use crate::store::Idempotent;
use crate::store::idempotency_begin;
use crate::store::idempotency_finish;
use crate::store::idempotency_purge;

async fn client(store: &Store, org: Org, scopes: ScopeSet) -> (String, String) {
    let new = NewClient { id: None, name: "Feed reader", scopes, secret: None };
    let (id, secret) = create_client_for(store, org, new).await.expect("a client");
    (id, secret.reveal().to_owned())
}

async fn token_of(app: &Router, id: &str, secret: &str, scope: &str) -> Told {
    let form = [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret), ("scope", scope)];
    call(app, Method::POST, "/api/v1/oauth/token", &[FORM], &serde_urlencoded::to_string(form).expect("a form")).await
}

fn bearer(told: &Told) -> String {
    format!("Bearer {}", told.json()["access_token"].as_str().expect("a token"))
}

#[sqlx::test]
async fn a_client_gets_a_token_that_ends(pool: PgPool) {
    let store = store(pool, 11).await;
    let norvik = operator(&store).await;
    let (id, secret) = client(&store, Org::Operator(norvik), ScopeSet::parse(["numbers:read", "events:read"])).await;
    let log = RequestLog::default();
    let app = app(&store, &log, RateLimits::default());
    let told = token_of(&app, &id, &secret, "").await;
    assert_eq!((told.status, told.header("cache-control")), (200, "no-store"));
    assert_eq!(told.json()["scope"], "numbers:read events:read");
    assert_eq!((told.json()["token_type"].clone(), told.json()["expires_in"].clone()), ("Bearer".into(), 600.into()));
    let token = bearer(&told);
    let me = call(&app, Method::GET, "/api/v1/me", &[("authorization", &token), ("x-request-id", "req-1")], "").await;
    assert_eq!(me.status, 200);
    assert_eq!((me.header("x-request-id"), me.header("ratelimit-policy")), ("req-1", "\"client\";q=200;w=2"));
    assert_eq!(me.json()["org"]["slug"], "norvik");
    assert_eq!(me.json()["scopes"], serde_json::json!(["numbers:read", "events:read"]));

    let narrow = bearer(&token_of(&app, &id, &secret, "events:read").await);
    let refused = call(&app, Method::GET, "/api/v1/things", &[("authorization", &narrow)], "").await;
    assert_eq!((refused.status, refused.code().as_str()), (403, "scope_missing"));

    store.env.advance(TimeDelta::seconds(599));
    assert_eq!(call(&app, Method::GET, "/api/v1/me", &[("authorization", &token)], "").await.status, 200);
    store.env.advance(TimeDelta::seconds(1));
    let told = call(&app, Method::GET, "/api/v1/me", &[("authorization", &token)], "").await;
    assert_eq!((told.status, told.code().as_str()), (401, "token_expired"));
    assert!(told.header("www-authenticate").contains("invalid_token"));

    assert!(!write_request_log(&store, &log).await.expect("written"));
    let routes: Vec<(String, i16, Option<String>)> =
        sqlx::query_as("select route, status, problem_code from request_log order by route, at")
            .fetch_all(store.pool())
            .await
            .expect("rows");
    assert_eq!(routes[0], ("/api/v1/me".to_owned(), 200, None));
    assert_eq!(routes[2], ("/api/v1/things".to_owned(), 403, Some("scope_missing".to_owned())));
    let used: Option<DateTime<Utc>> = sqlx::query_scalar("select last_used_at from api_client where id = $1")
        .bind(&id)
        .fetch_one(store.pool())
        .await
        .expect("a row");
    assert!(used.is_some());
}

#[sqlx::test]
async fn a_revoked_client_is_out_at_once(pool: PgPool) {
    let store = store(pool, 12).await;
    let (kestrel, norvik) = (tenant(&store, "kestrel").await, operator(&store).await);
    let (id, secret) = client(&store, Org::Operator(norvik), ScopeSet::parse(["numbers:read"])).await;
    let app = app(&store, &RequestLog::default(), RateLimits::default());
    let token = bearer(&token_of(&app, &id, &secret, "").await);
    let ctx = |org: Org, role: Role| crate::base::Ctx {
        actor: crate::base::Actor::Job("test"),
        org,
        scopes: role.scopes(),
        request_id: String::new(),
        address: None,
        env: store.env.clone(),
    };
    let stranger = ctx(Org::Tenant(kestrel), Role::Tenant(TenantRole::Admin));
    assert_eq!(revoke_client(&store, &stranger, &id).await.expect_err("foreign").problem().status, 404);
    let viewer = ctx(Org::Operator(norvik), Role::Operator(OperatorRole::Viewer));
    assert_eq!(revoke_client(&store, &viewer, &id).await.expect_err("no scope").problem().status, 403);
    let admin = ctx(Org::Operator(norvik), Role::Operator(OperatorRole::Admin));
    revoke_client(&store, &admin, &id).await.expect("revoked");
    assert_eq!(call(&app, Method::GET, "/api/v1/me", &[("authorization", &token)], "").await.code(), "token_invalid");
    assert_eq!(token_of(&app, &id, &secret, "").await.json()["error"], "invalid_client");
    let (_, made) = create_client(&store, &admin, "Second", &["events:read".to_owned()]).await.expect("a client");
    assert!(made.reveal().starts_with("ccs_"));
    let foreign = create_client(&store, &admin, "Third", &["tenant:assign".to_owned()]).await.expect_err("foreign scope").problem();
    assert_eq!((foreign.status, foreign.errors[0].code.as_str()), (422, "scope_unknown"));
    assert_eq!(clients(&store, &admin).await.expect("listed").len(), 2);
}

#[sqlx::test]
async fn token_requests_are_refused_as_the_rfc_says(pool: PgPool) {
    let store = store(pool, 13).await;
    let norvik = operator(&store).await;
    let (id, secret) = client(&store, Org::Operator(norvik), ScopeSet::parse(["numbers:read"])).await;
    let app = app(&store, &RequestLog::default(), RateLimits::default());
    let path = "/api/v1/oauth/token";
    let error = async |headers: &[(&str, &str)], body: String| {
        let told = call(&app, Method::POST, path, headers, &body).await;
        (told.status, told.json()["error"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(token_of(&app, &id, &secret, "numbers:write").await.json()["error"], "invalid_scope");
    assert_eq!(token_of(&app, &id, "wrong", "").await.status, 401);
    assert_eq!(token_of(&app, "client_unknown", &secret, "").await.json()["error"], "invalid_client");
    let both = format!("client_id={id}&client_secret={secret}");
    assert_eq!(error(&[FORM], both.clone()).await, (400, "invalid_request".to_owned()));
    assert_eq!(error(&[FORM], format!("grant_type=password&{both}")).await, (400, "unsupported_grant_type".to_owned()));
    assert_eq!(error(&[("content-type", "application/json")], "{}".to_owned()).await, (400, "invalid_request".to_owned()));
    let wrong = call(&app, Method::POST, path, &[FORM, ("authorization", "Basic bm8")], "grant_type=client_credentials").await;
    assert_eq!((wrong.status, wrong.header("www-authenticate").starts_with("Basic")), (401, true));
    let get = call(&app, Method::GET, path, &[], "").await;
    assert_eq!((get.status, get.code().as_str(), get.header("allow")), (405, "method_not_allowed", "POST"));
}

#[sqlx::test]
async fn every_refusal_is_a_problem(pool: PgPool) {
    let store = store(pool, 14).await;
    let norvik = operator(&store).await;
    let (id, secret) = client(&store, Org::Operator(norvik), ScopeSet::parse(["numbers:read", "numbers:write"])).await;
    let app = app(&store, &RequestLog::default(), RateLimits::default());
    let token = bearer(&token_of(&app, &id, &secret, "").await);
    let auth = ("authorization", token.as_str());
    let json = ("content-type", "application/json");
    let told = call(&app, Method::GET, "/api/v1/things", &[], "").await;
    assert_eq!(told.header("content-type"), "application/problem+json");
    assert_eq!(told.header("www-authenticate"), "Bearer realm=\"concord\"");
    let mut body = told.json();
    body["request_id"] = "…".into();
    insta::assert_snapshot!(body.to_string(), @r#"{"code":"token_missing","detail":"Send Authorization: Bearer with an access token from /oauth/token.","request_id":"…","status":401,"title":"Not signed in","type":"/api/docs#token_missing"}"#);
    let codes = [
        (call(&app, Method::GET, "/api/v1/nowhere", &[], "").await, 401, "token_missing"),
        (call(&app, Method::GET, "/api/v1/nowhere", &[auth], "").await, 404, "not_found"),
        (call(&app, Method::DELETE, "/api/v1/things", &[auth], "").await, 405, "method_not_allowed"),
        (call(&app, Method::GET, "/api/v1/things", &[("authorization", "Bearer nope")], "").await, 401, "token_invalid"),
        (call(&app, Method::GET, "/api/v1/things", &[("authorization", "Basic bm8=")], "").await, 401, "token_invalid"),
        (call(&app, Method::GET, "/api/v1/things?limit=0", &[auth], "").await, 400, "limit_invalid"),
        (call(&app, Method::GET, "/api/v1/things?cursor=!", &[auth], "").await, 400, "cursor_invalid"),
        (call(&app, Method::GET, "/api/v1/things", &[auth, ("accept", "image/png")], "").await, 406, "not_acceptable"),
        (call(&app, Method::POST, "/api/v1/things", &[auth], "{}").await, 415, "content_type_unsupported"),
        (call(&app, Method::POST, "/api/v1/things", &[auth, json], "{\"a\":").await, 400, "body_malformed"),
        (call(&app, Method::POST, "/api/v1/things", &[auth, json], &" ".repeat(3 << 20)).await, 413, "body_too_large"),
    ];
    for (told, status, code) in codes {
        assert_eq!((told.status, told.code().as_str()), (status, code), "{}", told.text);
        assert_eq!(told.json()["request_id"].as_str(), Some(told.header("x-request-id")));
    }
    let csv = call(&app, Method::GET, "/api/v1/things", &[auth, ("accept", "text/csv")], "").await;
    assert_eq!(csv.text, "e164\r\n+493023125010\r\n");
}

#[sqlx::test]
async fn a_repeated_post_happens_once(pool: PgPool) {
    let store = store(pool, 15).await;
    let norvik = operator(&store).await;
    let (id, secret) = client(&store, Org::Operator(norvik), ScopeSet::parse(["numbers:write"])).await;
    let app = app(&store, &RequestLog::default(), RateLimits::default());
    let token = bearer(&token_of(&app, &id, &secret, "").await);
    let headers = [("authorization", token.as_str()), ("content-type", "application/json"), ("idempotency-key", "k-1")];
    let first = call(&app, Method::POST, "/api/v1/things", &headers, "{\"a\":1}").await;
    let second = call(&app, Method::POST, "/api/v1/things", &headers, "{\"a\":1}").await;
    assert_eq!((first.status, second.status), (201, 201));
    assert_eq!(first.json()["id"], second.json()["id"]);
    assert_eq!((first.header("idempotency-replayed"), second.header("idempotency-replayed")), ("", "true"));
    assert_eq!(second.header("location"), "/things/1");
    assert_eq!((&first.json()["secret"], &second.json()["secret"]), (&"whsec_x".into(), &Value::Null));
    let other = call(&app, Method::POST, "/api/v1/things", &headers, "{\"a\":2}").await;
    assert_eq!((other.status, other.code().as_str()), (422, "idempotency_mismatch"));
    let without = call(&app, Method::POST, "/api/v1/things", &headers[..2], "{\"a\":1}").await;
    assert_ne!(first.json()["id"], without.json()["id"]);
}

#[sqlx::test]
async fn a_client_that_calls_too_often_waits(pool: PgPool) {
    let store = store(pool, 16).await;
    let norvik = operator(&store).await;
    let (id, secret) = client(&store, Org::Operator(norvik), ScopeSet::parse(["numbers:read"])).await;
    let log = RequestLog::default();
    let app = app(&store, &log, RateLimits { per_second: 1, burst: 2 });
    let token = bearer(&token_of(&app, &id, &secret, "").await);
    let ask = async || call(&app, Method::GET, "/api/v1/things", &[("authorization", &token)], "").await;
    assert_eq!((ask().await.status, ask().await.status), (200, 200));
    let told = ask().await;
    assert_eq!((told.status, told.code().as_str()), (429, "rate_limited"));
    assert_eq!((told.header("retry-after"), told.header("ratelimit")), ("1", "\"client\";r=0;t=1"));
    write_request_log(&store, &log).await.expect("written");
    let noted: i64 =
        sqlx::query_scalar("select count(*) from request_log where status = 429").fetch_one(store.pool()).await.expect("a count");
    assert_eq!(noted, 1);
}

#[sqlx::test]
async fn an_answer_is_kept_for_a_day(pool: PgPool) {
    let store = store(pool, 17).await;
    let ctx = crate::base::Ctx {
        actor: crate::base::Actor::Client { id: "client_1".to_owned(), label: "Feed reader".to_owned() },
        org: Org::Operator(operator(&store).await),
        scopes: ScopeSet::parse(["numbers:write"]),
        request_id: String::new(),
        address: None,
        env: store.env.clone(),
    };
    let claim = async |key: &str| idempotency_begin(&store, &ctx, key, &[b"{}".as_slice()]).await.expect("asked");
    let left = async || {
        let count = sqlx::query_scalar::<_, i64>("select count(*) from idempotency_key");
        count.fetch_one(store.pool()).await.expect("counted")
    };
    for key in ["k-1", "k-2", "k-3"] {
        assert!(matches!(claim(key).await, Idempotent::Go));
        idempotency_finish(&store, &ctx, key, 201, "", b"made").await.expect("kept");
    }
    store.env.advance(TimeDelta::hours(24));
    assert!(!housekeeping(&store, None).await.expect("kept house"));
    assert!(matches!(claim("k-1").await, Idempotent::Replay { status: 201, .. }));
    store.env.advance(TimeDelta::milliseconds(1));
    assert!(matches!(claim("k-3").await, Idempotent::Go), "a new day for this key");
    let mut tx = store.begin_job().await.expect("begun");
    assert_eq!(idempotency_purge(&mut tx, store.env.now(), 1).await.expect("purged"), 1, "no more than asked for");
    tx.commit().await.expect("committed");
    assert_eq!(left().await, 2);
    housekeeping(&store, None).await.expect("kept house");
    assert_eq!(left().await, 1, "the one that is under way");
}
