//! Two tenants, two operators, a receiver, and what each of them saw.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse as _;
use axum::response::Response;
use axum::routing::post;
use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use concord::base::AccountId;
use concord::base::Actor;
use concord::base::Ctx;
use concord::base::E164;
use concord::base::EndpointId;
use concord::base::Env;
use concord::base::OperatorId;
use concord::base::Org;
use concord::base::Scope;
use concord::base::TenantId;
use concord::calls;
use concord::consent;
use concord::identity;
use concord::identity::NewAccount;
use concord::identity::NewClient;
use concord::identity::OrgKind;
use concord::identity::Role;
use concord::identity::SignIn;
use concord::notices;
use concord::notices::Allow;
use concord::notices::FeedFilter;
use concord::notices::Notices;
use concord::notices::Policy;
use concord::numbers;
use concord::numbers::SeedNumber;
use concord::numbers::Usage;
use concord::store::SecretKey;
use concord::store::Store;
use concord::store::ensure_partitions;
use concord::transfers;
use concord::transfers::Class;
use http::StatusCode;
use leptos::server_fn::ServerFn as _;
use serde_json::Value;
use serde_json::json;
use sqlx::PgPool;
use uuid::Uuid;

use crate::world;

const CLASSES: [Class; 4] = [Class::Numbers, Class::Calls, Class::Quality, Class::Durations];

#[derive(Clone, Debug)]
pub struct Pair {
    pub tenant: TenantId,
    pub operator: OperatorId,
    pub operator_slug: &'static str,
    pub numbers: Vec<E164>,
}

/// Rows of one tenant in one answer.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The channel of the register.
    pub way: &'static str,
    pub operator: OperatorId,
    pub tenant: TenantId,
    /// Before the question left.
    pub begun: DateTime<Utc>,
    /// After the answer was there.
    pub ended: DateTime<Utc>,
    pub rows: i64,
}

/// An event in somebody's hands.
#[derive(Clone, Debug)]
pub struct Got {
    pub operator: OperatorId,
    pub pushed: bool,
    pub begun: DateTime<Utc>,
    pub ended: DateTime<Utc>,
    pub body: Value,
}

impl Got {
    pub fn kind(&self) -> &str {
        self.body["type"].as_str().unwrap_or_default()
    }

    pub fn id(&self) -> &str {
        self.body["id"].as_str().unwrap_or_default()
    }

    pub fn withheld(&self) -> bool {
        self.kind() == "event.withheld"
    }

    pub fn tenant(&self) -> Option<TenantId> {
        self.body["tenant_id"].as_str().and_then(|id| id.parse().ok())
    }
}

#[derive(Default)]
struct Book {
    seen: Vec<Seen>,
    got: Vec<Got>,
}

pub struct Scene {
    pub store: Store,
    pub app: Router,
    pub notices: Notices,
    pub pairs: Vec<Pair>,
    /// The platform's token.
    pub feeder: String,
    /// Operator, its token, and the cookie of its admin.
    hands: Vec<(OperatorId, String, String)>,
    book: Arc<Mutex<Book>>,
}

impl Scene {
    pub async fn new(pool: PgPool) -> Self {
        // The machine's clock: the order of times is what is proved.
        let env = Env::system();
        let key = SecretKey::parse(&SecretKey::generate(&env)).expect("a key");
        let store = Store::new(pool, env, key);
        ensure_partitions(&store, store.env.now()).await.expect("partitions");
        consent::seed_notice_texts(&store).await.expect("texts");
        let app = world::site(&store);
        let book = Arc::new(Mutex::new(Book::default()));
        let notices = Notices::new(Allow::loopback(), Policy::default()).expect("a client");
        let mut scene = Self { store, app, notices, pairs: Vec::new(), feeder: String::new(), hands: Vec::new(), book };
        scene.feeder = scene.client(Org::Platform).await;
        let mut tenants = Vec::new();
        for slug in ["kestrel", "heron"] {
            let sip_domain = &format!("{slug}.sip.example");
            let new =
                identity::NewTenant { slug, name: slug, country: "DE", time_zone: "Europe/Berlin", sip_domain, quarantine_days: 0 };
            let tenant = identity::create_tenant(&scene.store, new).await.expect("a tenant");
            let person = |n: usize| numbers::Target {
                id: format!("person{n}"),
                kind: numbers::TargetKind::User,
                display_name: format!("Person {n}"),
                upn: None,
                usage_location: Some("DE".into()),
                licensed: true,
                department: None,
            };
            let people: Vec<_> = (0..40).map(person).collect();
            numbers::seed_targets(&scene.store, tenant, &people, scene.store.env.now()).await.expect("people");
            tenants.push(tenant);
        }
        for (o, operator_slug) in ["norvik", "alpenfon"].into_iter().enumerate() {
            let new = identity::NewOperator {
                slug: operator_slug,
                name: operator_slug,
                time_zone: "Europe/Oslo",
                countries: &["DE"],
                services: &[],
                website: None,
            };
            let operator = identity::create_operator(&scene.store, new).await.expect("an operator");
            scene.connect(operator, operator_slug).await;
            for (t, tenant) in tenants.iter().copied().enumerate() {
                let of = |n: usize| E164::parse(&format!("+4930231250{o}{t}{n}")).expect("a number");
                let own: Vec<E164> = (0..6).map(of).collect();
                let since = scene.store.env.now() - TimeDelta::days(20);
                let stock: Vec<_> = own.iter().map(|number| SeedNumber::new(number.clone(), "DE", Usage::User, since)).collect();
                numbers::seed_numbers(&scene.store, tenant, operator, &stock).await.expect("stock");
                let pair = Pair { tenant, operator, operator_slug, numbers: own };
                consent::accept(&scene.store, &scene.tenant_ctx(tenant), scene.wish(&pair, true)).await.expect("accepted");
                scene.pairs.push(pair);
            }
        }
        scene
    }

    /// Token, admin and endpoint of an operator.
    async fn connect(&mut self, operator: OperatorId, slug: &str) {
        let token = self.client(Org::Operator(operator)).await;
        let email = &format!("admin@{slug}.example");
        let new = NewAccount { email, name: "Hilde Sandvik", password: Some("correct horse battery"), ..NewAccount::default() };
        let account = identity::create_account(&self.store, new).await.expect("an account");
        let admin = Role::parse(OrgKind::Operator, "admin").expect("a role");
        identity::add_membership(&self.store, account, Org::Operator(operator), admin).await.expect("a membership");
        let fields = [("email", email.as_str()), ("password", "correct horse battery")];
        let cookie = world::send(&self.app, SignIn::PATH, "", &fields).await.cookie();
        assert!(!cookie.is_empty(), "{slug} cannot sign in");
        self.hands.push((operator, token, cookie));

        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let state = (operator, self.store.env.clone(), self.book.clone());
        let app = Router::new().route("/hook", post(receive)).with_state(state);
        tokio::spawn(async move { axum::serve(listener, app).await });
        let input = notices::EndpointIn { url, ..notices::EndpointIn::default() };
        let ctx = self.operator_ctx(operator);
        let made = notices::create_endpoint(&self.store, &self.notices, &ctx, input).await.expect("an endpoint");
        let id = EndpointId(made.endpoint.id);
        notices::verify_endpoint(&self.store, &self.notices, &ctx, id).await.expect("verified");
    }

    async fn client(&self, org: Org) -> String {
        let new = NewClient { id: None, name: "Machine", scopes: identity::all_client_scopes(org), secret: None };
        let (id, secret) = identity::create_client_for(&self.store, org, new).await.expect("a client");
        let form = [("grant_type", "client_credentials"), ("client_id", id.as_str()), ("client_secret", secret.reveal())];
        let told = world::send(&self.app, "/api/v1/oauth/token", "", &form).await;
        format!("Bearer {}", told.json()["access_token"].as_str().expect("a token"))
    }

    fn ctx(&self, org: Org) -> Ctx {
        Ctx {
            actor: Actor::Account { id: AccountId(Uuid::from_u128(9)), label: "Mara Lindner".to_owned() },
            org,
            scopes: Scope::ALL.iter().copied().collect(),
            request_id: "req".to_owned(),
            address: None,
            env: self.store.env.clone(),
        }
    }

    pub fn tenant_ctx(&self, tenant: TenantId) -> Ctx {
        self.ctx(Org::Tenant(tenant))
    }

    fn operator_ctx(&self, operator: OperatorId) -> Ctx {
        self.ctx(Org::Operator(operator))
    }

    pub fn token(&self, operator: OperatorId) -> &str {
        self.hands.iter().find(|hand| hand.0 == operator).map(|hand| hand.1.as_str()).expect("a token")
    }

    pub fn cookie(&self, operator: OperatorId) -> &str {
        self.hands.iter().find(|hand| hand.0 == operator).map(|hand| hand.2.as_str()).expect("a cookie")
    }

    /// All classes, or numbers alone.
    pub fn wish(&self, pair: &Pair, all: bool) -> consent::AcceptIn {
        consent::AcceptIn {
            operator: pair.operator,
            countries: vec!["DE".to_owned()],
            classes: if all { CLASSES.to_vec() } else { vec![Class::Numbers] },
            notice_version: consent::NOTICE_VERSION.to_owned(),
            read: true,
            contact: None,
        }
    }

    pub fn note(&self, seen: Seen) {
        self.book.lock().expect("free").seen.push(seen);
    }

    /// Notes which of the operator's numbers an answer shows.
    pub fn note_numbers(&self, way: &'static str, operator: OperatorId, begun: DateTime<Utc>, shows: impl Fn(&str) -> bool) {
        for pair in self.pairs.iter().filter(|pair| pair.operator == operator) {
            let rows = pair.numbers.iter().filter(|number| shows(number.as_str())).count();
            if rows > 0 {
                let rows = i64::try_from(rows).expect("small");
                self.note(Seen { way, operator, tenant: pair.tenant, begun, ended: self.store.env.now(), rows });
            }
        }
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.book.lock().expect("free").seen.clone()
    }

    pub fn got(&self) -> Vec<Got> {
        self.book.lock().expect("free").got.clone()
    }

    /// Pulls from near the end of the feed, or from its beginning.
    pub async fn pull(&self, pair: &Pair, back: i64, acknowledges: bool) {
        let ctx = self.operator_ctx(pair.operator);
        let begun = self.store.env.now();
        let mut tx = self.store.begin_for(&ctx).await.expect("begun");
        let head = notices::head_seq(&mut tx, pair.operator).await.expect("read");
        drop(tx);
        let filter = FeedFilter { after: (head - back).max(0), limit: 100, ..FeedFilter::default() };
        let page = notices::pull(&self.store, &self.notices, &ctx, &filter, acknowledges, Duration::ZERO).await.expect("pulled");
        let ended = self.store.env.now();
        let got = page.bodies.iter().map(|body| {
            let body = serde_json::from_str(body).expect("JSON");
            Got { operator: pair.operator, pushed: false, begun, ended, body }
        });
        self.book.lock().expect("free").got.extend(got);
    }

    pub async fn seal(&self) {
        while notices::seal(self.store.clone(), self.notices.clone()).await.expect("sealed") {}
    }

    pub async fn deliver(&self) {
        notices::deliver(self.store.clone(), self.notices.clone()).await.expect("started");
    }

    pub async fn background(&self) {
        while numbers::tell_anew(&self.store).await.expect("told") {}
        calls::seal_calls(self.store.clone()).await.expect("sealed");
        numbers::confirm(&self.store).await.expect("confirmed");
        transfers::seal(self.store.clone()).await.expect("chained");
        consent::seal(self.store.clone()).await.expect("chained");
    }

    /// Until nothing is under way any more.
    pub async fn drain(&self) {
        for _ in 0..3 {
            self.background().await;
            self.seal().await;
            self.deliver().await;
            self.notices.drain().await;
        }
        while transfers::seal(self.store.clone()).await.expect("chained") {}
        while consent::seal(self.store.clone()).await.expect("chained") {}
    }
}

type Hook = (OperatorId, Env, Arc<Mutex<Book>>);

async fn receive(State((operator, env, book)): State<Hook>, Json(body): Json<Value>) -> Response {
    if body["type"] == "endpoint.verification" {
        return Json(json!({ "challenge": body["data"]["challenge"] })).into_response();
    }
    let now = env.now();
    book.lock().expect("free").got.push(Got { operator, pushed: true, begun: now, ended: now, body });
    StatusCode::NO_CONTENT.into_response()
}
