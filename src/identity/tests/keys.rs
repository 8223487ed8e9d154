//! Clients that prove who they are by their own key.

use serde_json::json;

use super::super::actions_keys::add_key;
use super::super::actions_keys::clients_use;
use super::super::actions_keys::drop_secret;
use super::super::actions_keys::proofs;
use super::super::actions_keys::remove_key;
use super::super::actions_keys::requests;
use super::super::assertion::TYPE;
use super::super::assertion::tests::Pair;
use super::super::assertion::tests::TOKEN_URL;
use super::super::queries_requests;
use super::super::queries_requests::Asked;
use super::*;

struct World {
    store: Store,
    app: Router,
    admin: crate::base::Ctx,
    id: String,
    secret: String,
    log: RequestLog,
}

async fn world(pool: PgPool, seed: u64) -> World {
    let store = store(pool, seed).await;
    let norvik = operator(&store).await;
    let org = Org::Operator(norvik);
    let new = NewClient { id: None, name: "Feed reader", scopes: ScopeSet::parse(["events:read", "numbers:read"]), secret: None };
    let (id, secret) = create_client_for(&store, org, new).await.expect("a client");
    let admin = crate::base::Ctx {
        actor: crate::base::Actor::Job("test"),
        org,
        scopes: Role::Operator(OperatorRole::Admin).scopes(),
        request_id: String::new(),
        address: None,
        env: store.env.clone(),
    };
    let log = RequestLog::default();
    let app = app(&store, &log, RateLimits::default());
    World { app, admin, id, secret: secret.reveal().to_owned(), store, log }
}

impl World {
    fn claims(&self, jti: &str) -> Value {
        let at = self.store.env.now().timestamp();
        json!({ "iss": self.id, "sub": self.id, "aud": TOKEN_URL, "exp": at + 60, "jti": jti })
    }

    async fn ask(&self, form: &[(&str, &str)]) -> Told {
        let body = serde_urlencoded::to_string(form).expect("a form");
        call(&self.app, Method::POST, "/api/v1/oauth/token", &[FORM], &body).await
    }

    async fn ask_signed(&self, assertion: &str) -> Told {
        self.ask(&[("grant_type", "client_credentials"), ("client_assertion_type", TYPE), ("client_assertion", assertion)]).await
    }

    async fn ask_secret(&self) -> Told {
        self.ask(&[("grant_type", "client_credentials"), ("client_id", &self.id), ("client_secret", &self.secret)]).await
    }

    async fn me(&self, token: &Told) -> u16 {
        let token = format!("Bearer {}", token.json()["access_token"].as_str().expect("a token"));
        call(&self.app, Method::GET, "/api/v1/me", &[("authorization", &token)], "").await.status
    }
}

#[sqlx::test]
async fn an_assertion_gets_a_token_once(pool: PgPool) {
    let world = world(pool, 41).await;
    for (n, pair) in [Pair::ed(), Pair::ec(), Pair::rsa()].iter().enumerate() {
        let early = world.ask_signed(&pair.sign(&world.claims(&format!("early {n}")))).await;
        assert_eq!((early.status, early.json()["error"].clone()), (401, "invalid_client".into()));
        let thumbprint = add_key(&world.store, &world.admin, &world.id, &pair.pem).await.expect("added");
        let text = pair.sign(&world.claims(&format!("jti {n}")));
        let told = world.ask_signed(&text).await;
        assert_eq!((told.status, told.json()["scope"].clone()), (200, "numbers:read events:read".into()));
        assert_eq!(world.me(&told).await, 200);
        let again = world.ask_signed(&text).await;
        assert_eq!(again.status, 401);
        assert!(again.json()["error_description"].as_str().expect("a text").contains("used before"), "{}", again.json());
        let held = proofs(&world.store, &world.admin, &world.id).await.expect("read");
        let key = held.keys.iter().find(|key| key.id == thumbprint).expect("the key");
        assert_eq!((key.algorithm.as_str(), key.last_used_at), (pair.public().algorithm_name(), Some(now())));
    }
    // The secret is as good as before.
    assert_eq!(world.ask_secret().await.status, 200);
}

#[sqlx::test]
async fn of_many_at_once_one_assertion_counts(pool: PgPool) {
    let world = world(pool, 42).await;
    let pair = Pair::ed();
    add_key(&world.store, &world.admin, &world.id, &pair.pem).await.expect("added");
    let text = pair.sign(&world.claims("same"));
    let asked: Vec<Told> = futures::future::join_all((0..8).map(|_| world.ask_signed(&text))).await;
    assert_eq!(asked.iter().filter(|told| told.status == 200).count(), 1);
}

#[sqlx::test]
async fn what_an_assertion_lacks_is_said(pool: PgPool) {
    let world = world(pool, 43).await;
    let pair = Pair::ed();
    add_key(&world.store, &world.admin, &world.id, &pair.pem).await.expect("added");
    let why = async |key: &str, value: Value| {
        let mut claims = world.claims("why");
        claims[key] = value;
        let told = world.ask_signed(&pair.sign(&claims)).await;
        assert_eq!((told.status, told.json()["error"].clone()), (401, "invalid_client".into()));
        told.json()["error_description"].as_str().expect("a text").to_owned()
    };
    assert!(why("aud", json!("https://elsewhere.example/oauth/token")).await.ends_with(TOKEN_URL));
    assert!(why("exp", json!(now().timestamp() - 60)).await.contains("expired"));
    assert!(why("iss", json!("somebody")).await.starts_with("iss and sub"));
    let form = [("grant_type", "client_credentials"), ("client_assertion_type", "urn:x"), ("client_assertion", "a.b.c")];
    assert_eq!(world.ask(&form).await.json()["error"], "invalid_request");
    let both = [
        ("grant_type", "client_credentials"),
        ("client_assertion_type", TYPE),
        ("client_assertion", "a.b.c"),
        ("client_secret", "x"),
    ];
    assert_eq!(world.ask(&both).await.json()["error"], "invalid_request");
    assert_eq!(world.ask_signed("not a JWT").await.json()["error"], "invalid_client");
}

#[sqlx::test]
async fn keys_come_and_go_and_a_client_keeps_one_proof(pool: PgPool) {
    let world = world(pool, 44).await;
    let (store, admin, id) = (&world.store, &world.admin, world.id.as_str());
    let (old, new) = (Pair::ed(), Pair::ec());
    assert_eq!(drop_secret(store, admin, id).await.expect_err("no key").problem().code, "proof_needed");
    let first = add_key(store, admin, id, &old.pem).await.expect("added");
    let twice = add_key(store, admin, id, &old.pem).await.expect_err("known").problem();
    assert_eq!((twice.status, twice.errors[0].code.as_str()), (422, "key_known"));
    let private = add_key(store, admin, id, "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----")
        .await
        .expect_err("private")
        .problem();
    assert_eq!((private.errors[0].code.as_str(), private.errors[0].value.clone()), ("key_private", None));

    // Before a key has been used nobody knows that it works.
    assert_eq!(drop_secret(store, admin, id).await.expect_err("unused").problem().code, "proof_needed");
    assert_eq!(world.ask_signed(&old.sign(&world.claims("first use"))).await.status, 200);
    let token = world.ask_secret().await;
    drop_secret(store, admin, id).await.expect("ended");
    assert_eq!(world.me(&token).await, 401);
    assert_eq!(world.ask_secret().await.status, 401);
    assert_eq!(drop_secret(store, admin, id).await.expect_err("ended before").problem().status, 404);
    assert_eq!(remove_key(store, admin, id, &first).await.expect_err("the only one").problem().code, "proof_needed");

    // A change over: both are good, then the new one alone.
    add_key(store, admin, id, &new.pem).await.expect("added");
    let token = world.ask_signed(&old.sign(&world.claims("by the old"))).await;
    assert_eq!(world.me(&token).await, 200);
    assert_eq!(remove_key(store, admin, id, &first).await.expect_err("the new one is unused").problem().code, "proof_needed");
    assert_eq!(world.ask_signed(&new.sign(&world.claims("in use"))).await.status, 200);
    remove_key(store, admin, id, &first).await.expect("removed");
    assert_eq!(world.me(&token).await, 401);
    assert_eq!(world.ask_signed(&old.sign(&world.claims("too late"))).await.status, 401);
    assert_eq!(world.ask_signed(&new.sign(&world.claims("by the new"))).await.status, 200);
    for _ in 0..4 {
        add_key(store, admin, id, &Pair::ed().pem).await.expect("added");
    }
    assert_eq!(add_key(store, admin, id, &Pair::ed().pem).await.expect_err("a sixth").problem().errors[0].code, "keys_many");

    // Nobody else's business, and over with the client.
    let kestrel = crate::base::Ctx {
        org: Org::Tenant(tenant(store, "kestrel").await),
        scopes: Role::Tenant(TenantRole::Admin).scopes(),
        ..admin.clone()
    };
    assert_eq!(add_key(store, &kestrel, id, &Pair::ed().pem).await.expect_err("foreign").problem().status, 404);
    assert_eq!(proofs(store, &kestrel, id).await.expect_err("foreign").problem().status, 404);
    let viewer = crate::base::Ctx { scopes: Role::Operator(OperatorRole::Viewer).scopes(), ..admin.clone() };
    assert_eq!(add_key(store, &viewer, id, &Pair::ed().pem).await.expect_err("no scope").problem().status, 403);
    revoke_client(store, admin, id).await.expect("revoked");
    assert_eq!(world.ask_signed(&new.sign(&world.claims("revoked"))).await.status, 401);
}

#[sqlx::test]
async fn used_assertions_are_forgotten_once_none_is_good(pool: PgPool) {
    let world = world(pool, 45).await;
    let pair = Pair::ed();
    add_key(&world.store, &world.admin, &world.id, &pair.pem).await.expect("added");
    let text = pair.sign(&world.claims("kept"));
    assert_eq!(world.ask_signed(&text).await.status, 200);
    let kept = async || -> i64 {
        sqlx::query_scalar("select count(*) from client_assertion").fetch_one(world.store.pool()).await.expect("a count")
    };
    world.store.env.advance(TimeDelta::seconds(3_600 + 89));
    housekeeping(&world.store, None).await.expect("tidied");
    assert_eq!(kept().await, 1);
    world.store.env.advance(TimeDelta::seconds(1));
    housekeeping(&world.store, None).await.expect("tidied");
    assert_eq!(kept().await, 0);
    // Long expired, so that forgetting it lets nothing in again.
    assert!(world.ask_signed(&text).await.json()["error_description"].as_str().expect("a text").contains("expired"));
}

#[sqlx::test]
async fn the_calls_of_a_client_are_listed_newest_first(pool: PgPool) {
    let world = world(pool, 46).await;
    let token = world.ask_secret().await;
    let token = format!("Bearer {}", token.json()["access_token"].as_str().expect("a token"));
    for n in 0..7 {
        world.store.env.advance(TimeDelta::seconds(1));
        let (method, path) = if n % 3 == 2 { (Method::POST, "/api/v1/things") } else { (Method::GET, "/api/v1/me") };
        call(&world.app, method, path, &[("authorization", &token), ("x-request-id", &format!("req-{n}"))], "{}").await;
    }
    write_request_log(&world.store, &world.log).await.expect("written");
    let (store, admin, id) = (&world.store, &world.admin, world.id.as_str());
    let ids = async |cursor: Option<&crate::base::Cursor>, newer: bool, refused: bool| -> Vec<String> {
        let calls = requests(store, admin, id, (cursor, newer), refused, 3).await.expect("listed");
        calls.into_iter().map(|call| call.request_id).collect()
    };
    assert_eq!(ids(None, false, false).await, ["req-6", "req-5", "req-4"]);
    let first = requests(store, admin, id, (None, false), false, 3).await.expect("listed");
    assert_eq!((first[0].method.as_str(), first[0].route.as_str(), first[0].status), ("GET", "/api/v1/me", 200));
    let place = first[2].cursor();
    assert_eq!(ids(Some(&place), false, false).await, ["req-3", "req-2", "req-1"]);
    assert_eq!(ids(Some(&place), true, false).await, ["req-6", "req-5"]);
    assert_eq!(ids(None, false, true).await, ["req-5", "req-2"]);
    let kestrel = crate::base::Ctx { org: Org::Tenant(tenant(store, "kestrel").await), ..admin.clone() };
    assert!(requests(store, &kestrel, id, (None, false), false, 3).await.expect("listed").is_empty());
    let wrong = crate::base::Cursor(vec!["x".to_owned(), "y".to_owned()]);
    assert_eq!(
        requests(store, admin, id, (Some(&wrong), false), false, 3).await.expect_err("no place").problem().code,
        "cursor_invalid"
    );
}

#[sqlx::test]
async fn what_each_client_asked_in_a_day_is_counted_by_hour(pool: PgPool) {
    let world = world(pool, 47).await;
    let (store, admin) = (&world.store, &world.admin);
    let ask = async |refused: usize, well: usize| {
        let token = world.ask_secret().await;
        let token = format!("Bearer {}", token.json()["access_token"].as_str().expect("a token"));
        for n in 0..refused + well {
            let path = if n < refused { "/api/v1/nowhere" } else { "/api/v1/me" };
            call(&world.app, Method::GET, path, &[("authorization", &token)], "").await;
        }
        write_request_log(store, &world.log).await.expect("written");
    };
    ask(1, 2).await;
    store.env.advance(TimeDelta::minutes(90));
    ask(2, 3).await;
    let told = clients_use(store, admin).await.expect("counted");
    let hours = told.hours[&world.id];
    assert_eq!((hours[22], hours[23], told.cut), (Asked { calls: 3, refused: 1 }, Asked { calls: 5, refused: 2 }, false));
    assert_eq!(hours.iter().map(|hour| hour.calls).sum::<i64>(), 8);
    // Of more than are counted, the newest.
    let mut conn = store.pool().acquire().await.expect("a connection");
    let cut = queries_requests::clients_use(&mut conn, admin.org.id(), store.env.now(), 5).await.expect("counted");
    assert_eq!((cut.hours[&world.id][22].calls, cut.hours[&world.id][23].calls, cut.cut), (0, 5, true));
    let kestrel = crate::base::Ctx { org: Org::Tenant(tenant(store, "kestrel").await), ..admin.clone() };
    assert!(clients_use(store, &kestrel).await.expect("counted").hours.is_empty());
    store.env.advance(TimeDelta::hours(24));
    assert!(clients_use(store, admin).await.expect("counted").hours.is_empty());
}
