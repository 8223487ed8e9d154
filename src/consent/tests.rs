//! Stories of consent: what each verb does to gates, ledger and feed.

use axum::Extension;
use axum::body::Body;
use axum::body::to_bytes;
use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use http::Request;
use http::header;
use serde_json::Value;
use serde_json::json;
use sqlx::PgPool;
use tower::ServiceExt as _;
use uuid::Uuid;

use super::*;
use crate::base::AccountId;
use crate::base::Actor;
use crate::base::Ctx;
use crate::base::Env;
use crate::base::OperatorId;
use crate::base::Org;
use crate::base::Problem;
use crate::base::Scope;
use crate::base::TenantId;
use crate::identity;
use crate::store::Reach;
use crate::store::SecretKey;
use crate::store::Store;
use crate::store::ensure_partitions;
use crate::transfers;
use crate::transfers::Class;
use crate::transfers::GateState;

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_780)
}

pub(super) struct World {
    pub(super) store: Store,
    pub(super) kestrel: TenantId,
    pub(super) norvik: OperatorId,
    pub(super) ctx: Ctx,
}

pub(super) async fn world(pool: PgPool, seed: u64) -> World {
    let env = Env::fixed(now(), seed);
    let key = SecretKey::parse(&SecretKey::generate(&env)).expect("a key");
    let store = Store::new(pool, env, key);
    ensure_partitions(&store, now()).await.expect("partitions");
    let new = identity::NewTenant {
        slug: "kestrel",
        name: "Kestrel Logistik GmbH",
        country: "DE",
        time_zone: "Europe/Berlin",
        sip_domain: "kestrel.sip.example",
        quarantine_days: 30,
    };
    let kestrel = identity::create_tenant(&store, new).await.expect("a tenant");
    let new = identity::NewOperator {
        slug: "norvik",
        name: "Norvik",
        time_zone: "Europe/Oslo",
        countries: &["DE", "NO"],
        services: &[],
        website: None,
    };
    let norvik = identity::create_operator(&store, new).await.expect("an operator");
    seed_notice_texts(&store).await.expect("texts");
    let ctx = ctx(&store, Org::Tenant(kestrel));
    World { store, kestrel, norvik, ctx }
}

pub(super) fn ctx(store: &Store, org: Org) -> Ctx {
    Ctx {
        actor: Actor::Account { id: AccountId(Uuid::from_u128(9)), label: "Mara Lindner".to_owned() },
        org,
        scopes: Scope::ALL.iter().copied().collect(),
        request_id: "req_1".to_owned(),
        address: Some("192.0.2.44".to_owned()),
        env: store.env.clone(),
    }
}

impl World {
    pub(super) fn given(&self) -> AcceptIn {
        AcceptIn {
            operator: self.norvik,
            countries: vec!["DE".to_owned()],
            classes: vec![Class::Numbers, Class::Calls],
            read: true,
            notice_version: NOTICE_VERSION.to_owned(),
            contact: Some(Contact { name: "Mara Lindner".to_owned(), email: "mara@kestrel.example".to_owned() }),
        }
    }

    pub(super) async fn accept(&self) -> Consent {
        accept(&self.store, &self.ctx, self.given()).await.expect("accepted")
    }

    async fn gate(&self, country: &str, class: Class) -> Option<GateState> {
        let mut tx = self.store.begin(Reach::Operator(self.norvik)).await.expect("begun");
        transfers::gate(&mut tx, self.kestrel, self.norvik, country, class).await.expect("read")
    }

    async fn reason(&self, country: &str, class: Class) -> Option<String> {
        let gate = self.gate(country, class).await.expect("a gate");
        assert_eq!(gate.open, gate.reason.is_none());
        gate.reason
    }

    pub(super) async fn words(&self, sql: &str) -> Vec<String> {
        let mut tx = self.store.begin_job().await.expect("begun");
        sqlx::query_scalar(sql).fetch_all(&mut *tx).await.expect("read")
    }

    pub(super) async fn status(&self) -> ConsentStatus {
        let mut tx = self.store.begin(Reach::Tenant(self.kestrel)).await.expect("begun");
        status(&mut tx, self.kestrel, self.norvik).await.expect("read")
    }
}

pub(super) fn problem<T: std::fmt::Debug>(result: Result<T, crate::base::Failure>) -> Problem {
    result.expect_err("refused").problem()
}

#[sqlx::test]
async fn gates_follow_the_consent(pool: PgPool) {
    let w = world(pool, 1).await;
    assert_eq!(w.status().await, ConsentStatus::None);
    assert!(w.gate("DE", Class::Numbers).await.is_none());

    let given = w.accept().await;
    assert_eq!(w.status().await, ConsentStatus::Active);
    let gate = w.gate("DE", Class::Numbers).await.expect("a gate");
    assert!(gate.open && gate.consent_id.0 == given.id && gate.notice_version == NOTICE_VERSION);
    assert!(w.gate("DE", Class::Durations).await.is_none() && w.gate("NO", Class::Numbers).await.is_none());

    w.store.env.advance(TimeDelta::hours(1));
    let held = suspend(&w.store, &w.ctx, w.norvik).await.expect("suspended");
    assert_eq!((held.status, held.since), (ConsentStatus::Suspended, now() + TimeDelta::hours(1)));
    for class in [Class::Numbers, Class::Calls] {
        assert_eq!(w.reason("DE", class).await.as_deref(), Some("suspended"));
    }
    let refused = GateState::withheld(w.reason("DE", Class::Calls).await.as_deref());
    assert_eq!((refused.status, refused.code), (451, "consent_suspended"));

    resume(&w.store, &w.ctx, w.norvik).await.expect("resumed");
    assert_eq!(w.reason("DE", Class::Numbers).await, None);

    withdraw(&w.store, &w.ctx, w.norvik).await.expect("withdrawn");
    assert_eq!(w.reason("DE", Class::Numbers).await.as_deref(), Some("withdrawn"));
    assert_eq!(problem(resume(&w.store, &w.ctx, w.norvik).await).code, "consent_state");
    assert_eq!(problem(suspend(&w.store, &w.ctx, w.norvik).await).code, "consent_state");

    let again = w.accept().await;
    assert_eq!((again.id, again.status, again.created_at), (given.id, ConsentStatus::Active, now()));
    let ledger = w.words("select action from consent_entry order by at, id").await;
    assert_eq!(ledger.len(), 5);
    let kinds = w.words("select type from event_out where type like 'consent.%'").await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "consent.granted").count(), 3);
    assert_eq!(kinds.len(), 5);
    let ungated = w.words("select coalesce(class, 'none') from event_out where type like 'consent.%'").await;
    assert!(ungated.iter().all(|class| class == "none"), "consent events are never gated: {ungated:?}");
    let resumed = w.words("select list from change where list = 'consent_resumed'").await;
    assert_eq!(resumed.len(), 2, "after resuming, and after accepting again");
    let logged = w.words("select action from audit_event where action like 'consent.%'").await;
    assert_eq!(logged.len(), 5);
}

#[sqlx::test]
async fn what_is_no_longer_covered_closes(pool: PgPool) {
    let w = world(pool, 2).await;
    w.accept().await;
    let narrower = AcceptIn { countries: vec!["NO".to_owned()], classes: vec![Class::Numbers], ..w.given() };
    accept(&w.store, &w.ctx, narrower).await.expect("changed");
    assert_eq!(w.reason("NO", Class::Numbers).await, None);
    assert_eq!(w.reason("DE", Class::Numbers).await.as_deref(), Some("not_granted"));
    assert_eq!(w.reason("DE", Class::Calls).await.as_deref(), Some("not_granted"));
    // Resuming opens what the consent covers, not what it once covered.
    suspend(&w.store, &w.ctx, w.norvik).await.expect("suspended");
    resume(&w.store, &w.ctx, w.norvik).await.expect("resumed");
    assert_eq!(w.reason("DE", Class::Numbers).await.as_deref(), Some("not_granted"));
    assert_eq!(w.reason("NO", Class::Numbers).await, None);
}

#[sqlx::test]
async fn a_suspension_waits_for_transfers_under_way_and_no_new_one_passes(pool: PgPool) {
    let w = world(pool, 3).await;
    w.accept().await;
    let mut sending = w.store.begin_job().await.expect("begun");
    transfers::lock_shared(&mut sending, w.kestrel, w.norvik).await.expect("locked");
    let (store, ctx, norvik) = (w.store.clone(), w.ctx.clone(), w.norvik);
    let suspending = tokio::spawn(async move { suspend(&store, &ctx, norvik).await });
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert!(!suspending.is_finished(), "the transfer under way goes first");
    assert!(
        transfers::gate(&mut sending, w.kestrel, w.norvik, "DE", Class::Numbers).await.expect("read").is_some_and(|gate| gate.open)
    );
    sending.commit().await.expect("committed");
    suspending.await.expect("joined").expect("suspended");
    let mut next = w.store.begin_job().await.expect("begun");
    transfers::lock_shared(&mut next, w.kestrel, w.norvik).await.expect("locked");
    assert!(
        transfers::gate(&mut next, w.kestrel, w.norvik, "DE", Class::Numbers).await.expect("read").is_some_and(|gate| !gate.open)
    );
}

/// A list over very many customers holds them all by few locks.
#[sqlx::test]
async fn a_suspension_waits_for_a_list_of_very_many_customers(pool: PgPool) {
    let w = world(pool, 3).await;
    w.accept().await;
    let many = (1..=5_000).map(|n| TenantId(uuid::Uuid::from_u128(n))).chain([w.kestrel]);
    let mut listing = w.store.begin_job().await.expect("begun");
    transfers::lock_shared_all(&mut listing, many, w.norvik).await.expect("locked");
    let held: i64 = sqlx::query_scalar("select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()")
        .fetch_one(&mut *listing)
        .await
        .expect("a count");
    assert_eq!(held, 1);
    let (store, ctx, norvik) = (w.store.clone(), w.ctx.clone(), w.norvik);
    let suspending = tokio::spawn(async move { suspend(&store, &ctx, norvik).await });
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    assert!(!suspending.is_finished(), "the list goes first");
    listing.commit().await.expect("committed");
    suspending.await.expect("joined").expect("suspended");
}

#[sqlx::test]
async fn what_is_not_complete_is_refused_and_changes_nothing(pool: PgPool) {
    let w = world(pool, 4).await;
    let cases = [
        (AcceptIn { read: false, ..w.given() }, "read"),
        (AcceptIn { notice_version: "2020-01".to_owned(), ..w.given() }, "notice_version"),
        (AcceptIn { countries: Vec::new(), ..w.given() }, "countries"),
        (AcceptIn { countries: vec!["US".to_owned()], ..w.given() }, "countries"),
        (AcceptIn { classes: Vec::new(), ..w.given() }, "classes"),
        (AcceptIn { contact: Some(Contact { name: "M".to_owned(), email: "nowhere".to_owned() }), ..w.given() }, "contact_email"),
    ];
    for (given, field) in cases {
        let refused = problem(accept(&w.store, &w.ctx, given).await);
        assert_eq!((refused.status, refused.errors[0].field.as_deref()), (422, Some(field)));
    }
    let nothing = AcceptIn { read: false, countries: Vec::new(), classes: Vec::new(), ..w.given() };
    let refused = problem(accept(&w.store, &w.ctx, nothing).await);
    let fields: Vec<_> = refused.errors.iter().filter_map(|error| error.field.as_deref()).collect();
    assert_eq!(fields, ["read", "countries", "classes"], "all at once");
    let unknown = AcceptIn { operator: OperatorId(Uuid::from_u128(3)), ..w.given() };
    assert_eq!(problem(accept(&w.store, &w.ctx, unknown).await).status, 404);
    let mut reader = w.ctx.clone();
    reader.scopes = [Scope::TenantRead].into_iter().collect();
    assert_eq!(problem(accept(&w.store, &reader, w.given()).await).code, "scope_missing");
    assert_eq!(problem(suspend(&w.store, &w.ctx, w.norvik).await).status, 404);
    assert_eq!(w.status().await, ConsentStatus::None);
    assert!(w.words("select action from consent_entry").await.is_empty());
}

async fn ask(w: &World, org: Org, method: &str, address: &str, body: Value) -> (u16, Value) {
    let (routes, _) = api().split_for_parts();
    let app = routes.with_state(w.store.clone()).layer(Extension(ctx(&w.store, org)));
    let request = Request::builder().method(method).uri(address).header(header::CONTENT_TYPE, "application/json");
    let response = app.oneshot(request.body(Body::from(body.to_string())).expect("a request")).await.expect("an answer");
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), 1 << 20).await.expect("a body");
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

#[sqlx::test]
async fn an_operator_sees_its_customers_with_their_state(pool: PgPool) {
    let w = world(pool, 5).await;
    let operator = Org::Operator(w.norvik);
    assert_eq!(ask(&w, operator, "GET", "/tenants", Value::Null).await.1["data"], json!([]));
    w.accept().await;
    let entries = || w.words("select channel || ' ' || basis || ' ' || consent_id || ' ' || records from transfer");
    let (_, body) = ask(&w, operator, "GET", "/tenants", Value::Null).await;
    assert_eq!(body["data"][0]["contacts"], json!([{ "name": "Mara Lindner", "email": "mara@kestrel.example" }]));
    let consent = body["data"][0]["consent"]["id"].as_str().expect("an id").to_owned();
    assert_eq!(entries().await, [format!("pull consent {consent} 1")], "a contact is handed over, so it stands in the register");
    suspend(&w.store, &w.ctx, w.norvik).await.expect("suspended");
    let (status, body) = ask(&w, operator, "GET", "/tenants", Value::Null).await;
    let row = &body["data"][0];
    assert_eq!((status, row["consent"]["status"].as_str(), row["numbers"].as_i64()), (200, Some("suspended"), Some(0)));
    assert_eq!(row["consent"]["data_classes"], json!(["numbers", "calls"]));
    assert_eq!(row["contacts"], json!([]), "no contact while the gate is closed");
    assert_eq!(entries().await.len(), 1);
    assert_eq!(row["relationship"]["status"], "new");

    let one = format!("/tenants/{}", w.kestrel);
    assert_eq!(ask(&w, operator, "GET", &one, Value::Null).await.0, 200);
    assert_eq!(ask(&w, operator, "GET", &format!("/tenants/{}", Uuid::from_u128(1)), Value::Null).await.0, 404);
    assert_eq!(ask(&w, Org::Tenant(w.kestrel), "GET", &one, Value::Null).await.1["code"], "wrong_org_kind");

    let set = format!("{one}/relationship");
    let (status, body) = ask(&w, operator, "PATCH", &set, json!({ "status": "contract_terminated" })).await;
    assert_eq!((status, body["code"].as_str()), (422, Some("comment_missing")));
    let (status, body) =
        ask(&w, operator, "PATCH", &set, json!({ "status": "contract_terminated", "comment": "Moved away" })).await;
    assert_eq!(
        (status, &body["relationship"]["status"], &body["relationship"]["comment"]),
        (200, &"contract_terminated".into(), &"Moved away".into())
    );
    assert_eq!(body["consent"]["status"], "suspended", "nothing else changes");
    let (status, _) = ask(&w, operator, "PATCH", &set, json!({ "status": "new" })).await;
    assert_eq!(status, 422);
    let foreign = format!("/tenants/{}/relationship", Uuid::from_u128(1));
    assert_eq!(ask(&w, operator, "PATCH", &foreign, json!({ "status": "agreement_signed" })).await.0, 404);
}

#[sqlx::test]
async fn a_seeded_consent_is_like_a_given_one(pool: PgPool) {
    let w = world(pool, 6).await;
    let grant = SeedGrant {
        tenant: w.kestrel,
        operator: w.norvik,
        countries: &["DE"],
        classes: &[Class::Numbers],
        accepted_by: "Mara Lindner",
        contact: None,
        at: now() - TimeDelta::days(200),
    };
    let consent = grant_for_seed(&w.store, grant).await.expect("granted");
    assert_eq!((consent.accepted_by.as_str(), consent.since), ("Mara Lindner", now() - TimeDelta::days(200)));
    assert_eq!(w.reason("DE", Class::Numbers).await, None);
    suspend(&w.store, &w.ctx, w.norvik).await.expect("suspended");
    assert_eq!(w.reason("DE", Class::Numbers).await.as_deref(), Some("suspended"));
    let stored: Vec<String> = w.words("select encode(sha256(body::bytea), 'hex') from notice_text where language = 'en'").await;
    let held: Vec<String> = w.words("select encode(notice_sha256, 'hex') from consent").await;
    assert_eq!(stored, held, "the consent names the digest of the text that was read");
}

/// What somebody with the owner's rights does to the ledger.
async fn tamper(w: &World, sql: &str) {
    let mut conn = w.store.pool().acquire().await.expect("a connection");
    for step in ["alter table consent_entry no force row level security", sql, "alter table consent_entry force row level security"]
    {
        sqlx::raw_sql(step).execute(&mut *conn).await.expect("done");
    }
}

async fn faults(w: &World) -> Vec<(Option<Uuid>, crate::store::ChainFault)> {
    let mut tx = w.store.begin(Reach::Tenant(w.kestrel)).await.expect("begun");
    verify(&mut tx, w.kestrel).await.expect("verified").problems
}

#[sqlx::test]
async fn the_ledger_is_chained_and_tells_what_was_touched(pool: PgPool) {
    use crate::store::ChainFault;
    let w = world(pool, 7).await;
    w.accept().await;
    for _ in 0..2 {
        suspend(&w.store, &w.ctx, w.norvik).await.expect("suspended");
        resume(&w.store, &w.ctx, w.norvik).await.expect("resumed");
    }
    w.store.env.advance(TimeDelta::minutes(1));
    while seal(w.store.clone()).await.expect("chained") {}
    let mut tx = w.store.begin(Reach::Tenant(w.kestrel)).await.expect("begun");
    let verdict = verify(&mut tx, w.kestrel).await.expect("verified");
    assert_eq!((verdict.entries, verdict.sealed_to, verdict.ok()), (5, 5, true), "{verdict:?}");
    let lines = super::queries_ledger::lines(&mut tx, w.kestrel, None, None, 10).await.expect("read");
    drop(tx);
    let actions: Vec<_> = lines.iter().map(|line| (line.seq, line.action.as_str())).collect();
    let told = ["granted", "suspended", "resumed", "suspended", "resumed"];
    assert_eq!(actions, (1..).map(Some).zip(told).collect::<Vec<_>>(), "in the order of what happened, though the clock stood");
    let (second, third) = (lines[1].id, lines[2].id);

    tamper(&w, &format!("update consent_entry set action = 'changed' where id = '{second}'")).await;
    assert_eq!(faults(&w).await, [(Some(second), ChainFault::Changed)]);
    tamper(&w, &format!("update consent_entry set action = 'suspended', actor_label = 'Nobody' where id = '{second}'")).await;
    assert_eq!(faults(&w).await, [(Some(second), ChainFault::Changed)], "who did it counts as well");
    tamper(&w, &format!("update consent_entry set actor_label = 'Mara Lindner' where id = '{second}'")).await;
    assert!(faults(&w).await.is_empty());
    tamper(&w, &format!("delete from consent_entry where id = '{third}'")).await;
    assert_eq!(faults(&w).await, [(Some(third), ChainFault::Missing)]);
    let mut tx = w.store.begin(Reach::Tenant(w.kestrel)).await.expect("begun");
    let touched = sqlx::query("update consent_entry set action = 'withdrawn'").execute(&mut *tx).await;
    assert!(touched.is_err(), "the program itself cannot touch a line");
}
