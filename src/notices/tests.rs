//! Stories over a database and a real receiver: sealing, push, pull, withholding, retries, redelivery.

mod ahead;
mod api;
mod faults;
mod feed;
mod place;
#[cfg(feature = "chaos")]
mod plants;
mod push;
mod secrets;
mod withheld;

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::post;
use chrono::TimeDelta;
use http::HeaderMap;
use http::StatusCode;
use serde_json::Value;
use serde_json::json;
use sqlx::PgPool;

use super::*;
use crate::base::Actor;
use crate::base::ConsentId;
use crate::base::Ctx;
use crate::base::EndpointId;
use crate::base::Env;
use crate::base::EventId;
use crate::base::OperatorId;
use crate::base::Org;
use crate::base::Scope;
use crate::base::TenantId;
use crate::identity::NewOperator;
use crate::identity::NewTenant;
use crate::identity::create_operator;
use crate::identity::create_tenant;
use crate::store::Reach;
use crate::store::SecretKey;
use crate::store::Store;
use crate::store::ensure_partitions;
use crate::transfers;
use crate::transfers::Class;
use crate::transfers::GateState;

const NUMBER: &str = "+493023125010";
const OTHER: &str = "+493023125011";

/// Everything a story needs.
struct World {
    store: Store,
    notices: Notices,
    tenant: TenantId,
    operator: OperatorId,
    ctx: Ctx,
}

impl World {
    async fn new(pool: PgPool) -> Self {
        Self::with(pool, Policy::default()).await
    }

    async fn with(pool: PgPool, policy: Policy) -> Self {
        // Standing, but at the machine's time: the receiver's library looks at its own clock.
        let env = Env::fixed(Env::system().now(), 5);
        let key = SecretKey::parse(&SecretKey::generate(&env)).expect("a key");
        let store = Store::new(pool, env.clone(), key);
        ensure_partitions(&store, env.now()).await.expect("partitions");
        let new = NewTenant {
            slug: "kestrel",
            name: "Kestrel Logistik GmbH",
            country: "DE",
            time_zone: "Europe/Berlin",
            sip_domain: "kestrel.sip.example",
            quarantine_days: 30,
        };
        let tenant = create_tenant(&store, new).await.expect("a tenant");
        let new = NewOperator {
            slug: "norvik",
            name: "Norvik",
            time_zone: "Europe/Oslo",
            countries: &["DE"],
            services: &[],
            website: None,
        };
        let operator = create_operator(&store, new).await.expect("an operator");
        let notices = Notices::new(Allow::loopback(), policy).expect("a client");
        let ctx = Ctx {
            actor: Actor::Client { id: "c1".to_owned(), label: "Feed reader".to_owned() },
            org: Org::Operator(operator),
            scopes: [Scope::EventsRead, Scope::EndpointsWrite].into_iter().collect(),
            request_id: "req".to_owned(),
            address: None,
            env,
        };
        let world = Self { store, notices, tenant, operator, ctx };
        world.gate(None).await;
        world
    }

    /// Opens the gate of numbers in Germany, or closes it for a reason.
    async fn gate(&self, reason: Option<&str>) {
        let state = GateState {
            open: reason.is_none(),
            consent_id: ConsentId(uuid::Uuid::from_u128(9)),
            notice_version: "2".to_owned(),
            reason: reason.map(str::to_owned),
        };
        let mut tx = self.store.begin(Reach::Tenant(self.tenant)).await.expect("a transaction");
        transfers::lock_exclusive(&mut tx, self.tenant, self.operator).await.expect("the lock");
        let now = self.store.env.now();
        transfers::set_gate(&mut tx, self.tenant, self.operator, "DE", Class::Numbers, &state, now).await.expect("set");
        tx.commit().await.expect("committed");
    }

    fn event(&self, kind: EventType, e164: &str, number_seq: i64) -> NewEvent {
        NewEvent {
            tenant: self.tenant,
            operator: self.operator,
            kind,
            subject: e164.to_owned(),
            number_seq: Some(number_seq),
            country: Some("DE".to_owned()),
            data: JsonObject::of(&json!({ "e164": e164 })).expect("an object"),
            previous: None,
        }
    }

    async fn emit(&self, kind: EventType, e164: &str, number_seq: i64) -> EventId {
        let mut tx = self.store.begin(Reach::Tenant(self.tenant)).await.expect("a transaction");
        let id = emit(&mut tx, &self.store.env, self.event(kind, e164, number_seq)).await.expect("written");
        tx.commit().await.expect("committed");
        id
    }

    async fn seal(&self) {
        while seal(self.store.clone(), self.notices.clone()).await.expect("sealed") {}
    }

    /// Seals, delivers and waits until nothing is under way.
    async fn run(&self) {
        self.seal().await;
        deliver(self.store.clone(), self.notices.clone()).await.expect("started");
        self.notices.drain().await;
    }

    async fn later(&self, by: TimeDelta) {
        self.store.env.advance(by);
        ensure_partitions(&self.store, self.store.env.now()).await.expect("partitions");
        self.run().await;
    }

    /// A verified endpoint and its secret.
    async fn endpoint(&self, receiver: &Receiver) -> (EndpointId, String) {
        self.endpoint_of(EndpointIn { url: receiver.url.clone(), ..EndpointIn::default() }, receiver).await
    }

    /// The same with other settings.
    async fn endpoint_of(&self, input: EndpointIn, receiver: &Receiver) -> (EndpointId, String) {
        let made = create_endpoint(&self.store, &self.notices, &self.ctx, input).await.expect("made");
        let id = EndpointId(made.endpoint.id);
        let verified = verify_endpoint(&self.store, &self.notices, &self.ctx, id).await.expect("verified");
        assert_eq!(verified.state, "active");
        receiver.forget();
        (id, made.secret)
    }

    async fn pull(&self, after: i64, acknowledges: bool) -> FeedPage {
        let filter = FeedFilter { after, limit: 100, ..FeedFilter::default() };
        pull(&self.store, &self.notices, &self.ctx, &filter, acknowledges, std::time::Duration::ZERO).await.expect("pulled")
    }

    /// (subject, `number_seq`) of what was confirmed, in order.
    async fn confirmed(&self) -> Vec<(String, i64)> {
        let sql = "select d ->> 0, (d ->> 1)::bigint from change, jsonb_array_elements(detail::jsonb) as d
                   where list = 'events_taken' order by 2, 1";
        sqlx::query_as(sql).fetch_all(self.store.pool()).await.expect("rows")
    }

    /// (channel, state, basis, records) of the register's entries about something, sorted.
    async fn register(&self, reference: &str) -> Vec<(String, String, String, i64)> {
        let mut tx = self.store.begin_for(&self.ctx).await.expect("a transaction");
        let rows = transfers::of_ref(&mut tx, reference).await.expect("listed");
        let mut rows: Vec<_> = rows.into_iter().map(|r| (r.channel, r.state, r.basis, r.records)).collect();
        rows.sort();
        rows
    }

    /// A transaction beside another. Connections come back to the pool a moment after their use.
    async fn beside(&self) -> crate::store::Tx {
        for _ in 0..200 {
            if let Some(beside) = self.store.begin_beside().await {
                return beside;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        panic!("no connection is idle");
    }
}

/// A message as it arrived.
#[derive(Clone, Debug)]
struct Arrived {
    headers: HeaderMap,
    body: String,
}

impl Arrived {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    /// Number and its count of changes.
    fn what(&self) -> (String, i64) {
        let value = self.json();
        (value["data"]["e164"].as_str().unwrap_or_default().to_owned(), value["number_seq"].as_i64().unwrap_or_default())
    }
}

/// An operator's system on a port of this machine. It answers challenges, and else with what `answer` says.
struct Receiver {
    url: String,
    state: Arc<ReceiverState>,
}

struct ReceiverState {
    arrived: Mutex<Vec<Arrived>>,
    /// Status for a body.
    answer: Mutex<fn(&str) -> u16>,
    /// `Retry-After` of each answer, in seconds.
    wait: Mutex<Option<u32>>,
    /// Who has it for writing holds the answers up.
    gate: tokio::sync::RwLock<()>,
    /// Posts that wait for their answer, and the most there ever were.
    under_way: AtomicUsize,
    most: AtomicUsize,
}

impl Receiver {
    async fn start() -> Self {
        let state = Arc::new(ReceiverState {
            arrived: Mutex::default(),
            answer: Mutex::new(|_| 204),
            wait: Mutex::default(),
            gate: tokio::sync::RwLock::default(),
            under_way: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
        });
        let app = Router::new().route("/hook", post(receive)).with_state(state.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { url, state }
    }

    fn answers(&self, answer: fn(&str) -> u16) {
        *self.state.answer.lock().expect("free") = answer;
    }

    fn asks_to_wait(&self, seconds: Option<u32>) {
        *self.state.wait.lock().expect("free") = seconds;
    }

    fn arrived(&self) -> Vec<Arrived> {
        self.state.arrived.lock().expect("free").clone()
    }

    fn what(&self) -> Vec<(String, i64)> {
        self.arrived().iter().map(Arrived::what).collect()
    }

    /// Waits until so much has arrived.
    async fn reached(&self, count: usize) {
        for _ in 0..200 {
            if self.arrived().len() >= count {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        panic!("{} of {count} have arrived", self.arrived().len());
    }

    fn forget(&self) {
        self.state.arrived.lock().expect("free").clear();
    }
}

async fn receive(State(state): State<Arc<ReceiverState>>, headers: HeaderMap, body: String) -> Response {
    let value: Value = serde_json::from_str(&body).expect("JSON");
    state.arrived.lock().expect("free").push(Arrived { headers, body: body.clone() });
    if value["type"] == "endpoint.verification" {
        return axum::Json(json!({ "challenge": value["data"]["challenge"] })).into_response();
    }
    state.most.fetch_max(state.under_way.fetch_add(1, Relaxed) + 1, Relaxed);
    drop(state.gate.read().await);
    tokio::task::yield_now().await;
    state.under_way.fetch_sub(1, Relaxed);
    let answer = *state.answer.lock().expect("free");
    let mut response = StatusCode::from_u16(answer(&body)).expect("a status").into_response();
    if let Some(seconds) = *state.wait.lock().expect("free") {
        response.headers_mut().insert("retry-after", seconds.into());
    }
    response
}
