//! What the tests act in: two pairs of tenant and operator with a row in every table, the platform, an account for each role,
//! API clients with every scope, and the whole router in front.

use std::iter::empty;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::body::to_bytes;
use axum::extract::Request;
use chrono::DateTime;
use chrono::SecondsFormat;
use chrono::TimeDelta;
use chrono::Utc;
use concord::app::App;
use concord::app::Settings;
use concord::app::router;
use concord::base::Env;
use concord::base::OperatorId;
use concord::base::Org;
use concord::base::ScopeSet;
use concord::base::TenantId;
use concord::identity;
use concord::identity::NewAccount;
use concord::identity::NewClient;
use concord::identity::NewOperator;
use concord::identity::NewTenant;
use concord::identity::RequestLog;
use concord::identity::Role;
use concord::identity::SignIn;
use concord::notices::Notices;
use concord::notices::Policy;
use concord::store::SecretKey;
use concord::store::Store;
use concord::store::ensure_partitions;
use http::HeaderMap;
use http::Method;
use ipnet::IpNet;
use leptos::config::LeptosOptions;
use leptos::server_fn::ServerFn as _;
use serde_json::Value;
use sqlx::PgPool;
use tower::ServiceExt as _;

const PASSWORD: &str = "correct horse battery";
/// Ids of the fixture's things: one per pair. Their time is [`now`], as a call's id carries the time of its beginning.
pub const THING: [&str; 2] = ["01a207a2-3280-7000-8000-000000000011", "01a207a2-3280-7000-8000-000000000012"];
pub const ENDPOINT: [&str; 2] = ["0193587e-0000-7000-8000-000000000021", "0193587e-0000-7000-8000-000000000022"];
pub const EVENT: [&str; 2] = ["0193587e-0000-7000-8000-000000000031", "0193587e-0000-7000-8000-000000000032"];
const CONSENT: [&str; 2] = ["0193587e-0000-7000-8000-000000000041", "0193587e-0000-7000-8000-000000000042"];
pub const NUMBER: [&str; 2] = ["+493023125011", "+493023125012"];

/// 2026-11-23: the present of all tests here.
pub fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_780) + TimeDelta::hours(9)
}

/// Somebody with a session.
#[derive(Clone, Debug)]
pub struct Person {
    pub who: String,
    pub org: Org,
    pub role: Role,
    pub cookie: String,
}

/// Everything there is.
pub struct World {
    pub store: Store,
    pub app: Router,
    pub tenants: [TenantId; 2],
    pub operators: [OperatorId; 2],
    /// Short names of the tenants, then of the operators.
    pub slugs: [[&'static str; 2]; 2],
    /// One for each role in the first tenant, the first operator and the platform; then the admins of the second ones.
    pub people: Vec<Person>,
}

/// A store over a fresh database at a standing clock.
pub async fn store(pool: PgPool) -> Store {
    let env = Env::fixed(now(), 4711);
    let key = SecretKey::parse(&SecretKey::generate(&env)).expect("a key");
    let store = Store::new(pool, env, key);
    ensure_partitions(&store, now()).await.expect("partitions");
    store
}

/// The site over a store.
pub fn site(store: &Store) -> Router {
    site_within(store, Duration::from_mins(1))
}

/// The site over a store, with a limit to what a call may take.
pub fn site_within(store: &Store, timeout: Duration) -> Router {
    let leptos = LeptosOptions::builder().output_name("concord").site_root("target/site").build();
    let token_addresses = concord::identity::TokenAddresses::default();
    let settings = Settings { https: false, trusted_proxies: Vec::new(), rate_limit: 100_000, token_addresses, timeout };
    let notices = Notices::new(empty::<IpNet>().collect(), Policy::default()).expect("TLS");
    router(App { store: store.clone(), notices, leptos, settings }, RequestLog::default(), None).0
}

/// Two tenants and two operators, with a row in every table for each pair.
pub async fn orgs(store: &Store) -> ([TenantId; 2], [OperatorId; 2]) {
    let mut tenants = Vec::new();
    let mut operators = Vec::new();
    for (n, slug) in ["kestrel", "heron"].into_iter().enumerate() {
        let sip_domain = &format!("{slug}.sip.example");
        let new = NewTenant { slug, name: slug, country: "DE", time_zone: "Europe/Berlin", sip_domain, quarantine_days: 30 };
        tenants.push(identity::create_tenant(store, new).await.expect("a tenant"));
        let slug = ["norvik", "alpenfon"][n];
        let new = NewOperator { slug, name: slug, time_zone: "Europe/Oslo", countries: &["DE"], services: &[], website: None };
        operators.push(identity::create_operator(store, new).await.expect("an operator"));
        fill(store, n, tenants[n], operators[n]).await;
    }
    ([tenants[0], tenants[1]], [operators[0], operators[1]])
}

/// Puts a row into every table, for the pair of this place.
async fn fill(store: &Store, n: usize, tenant: TenantId, operator: OperatorId) {
    let text = include_str!("fixture.sql")
        .replace("{tenant}", &tenant.to_string())
        .replace("{operator}", &operator.to_string())
        .replace("{at}", &now().to_rfc3339_opts(SecondsFormat::Secs, true))
        .replace("{n}", &(n + 1).to_string())
        .replace("{thing}", THING[n])
        .replace("{endpoint}", ENDPOINT[n])
        .replace("{event}", EVENT[n])
        .replace("{consent}", CONSENT[n]);
    sqlx::raw_sql(&text).execute(store.pool()).await.expect("the fixture fits the schema");
}

impl World {
    pub async fn new(pool: PgPool) -> Self {
        let store = store(pool).await;
        let (tenants, operators) = orgs(&store).await;
        let app = site(&store);
        let slugs = [["kestrel", "heron"], ["norvik", "alpenfon"]];
        let mut world = Self { store, app, tenants, operators, slugs, people: Vec::new() };
        for role in Role::ALL {
            world.add_person(world.org_of(role, 0), role, 0).await;
            if role.as_str() == "admin" && role.kind().as_str() != "platform" {
                world.add_person(world.org_of(role, 1), role, 1).await;
            }
        }
        world
    }

    fn org_of(&self, role: Role, n: usize) -> Org {
        match role {
            Role::Tenant(_) => Org::Tenant(self.tenants[n]),
            Role::Operator(_) => Org::Operator(self.operators[n]),
            Role::Platform(_) => Org::Platform,
        }
    }

    async fn add_person(&mut self, org: Org, role: Role, n: usize) {
        let who = format!("{}.{}.{n}", role.kind().as_str(), role.as_str());
        let email = &format!("{who}@people.example");
        let new = NewAccount { email, name: "Mara Lindner", password: Some(PASSWORD), ..NewAccount::default() };
        let account = identity::create_account(&self.store, new).await.expect("an account");
        identity::add_membership(&self.store, account, org, role).await.expect("a membership");
        let told = send(&self.app, SignIn::PATH, "", &[("email", email), ("password", PASSWORD)]).await;
        let cookie = told.cookie();
        assert!(told.status == 302 && !cookie.is_empty(), "{who} cannot sign in: {} {}", told.status, told.text);
        self.people.push(Person { who, org, role, cookie });
    }

    /// The admin of the first or second organisation of this kind.
    pub fn admin(&self, kind: &str, n: usize) -> &Person {
        let who = format!("{kind}.admin.{n}");
        self.people.iter().find(|person| person.who == who).expect("an admin")
    }

    /// A bearer token of a client of this organisation that carries these scopes and no others.
    pub async fn token(&self, org: Org, scopes: ScopeSet) -> String {
        let new = NewClient { id: None, name: "Feed reader", scopes, secret: None };
        let (id, secret) = identity::create_client_for(&self.store, org, new).await.expect("a client");
        let form = [("grant_type", "client_credentials"), ("client_id", &id), ("client_secret", secret.reveal())];
        let told = send(&self.app, "/api/v1/oauth/token", "", &form).await;
        let token = told.json()["access_token"].as_str().map(|token| format!("Bearer {token}"));
        token.unwrap_or_else(|| panic!("no token: {} {}", told.status, told.text))
    }

    /// A digest of every table that an action may change; what signing in, logs and jobs write is left out.
    pub async fn digest(&self) -> Vec<(String, String)> {
        const LEFT_OUT: [&str; 9] = [
            "session",
            "session_index",
            "audit_event",
            "chain_pending",
            "request_log",
            "access_token",
            "job_state",
            "idempotency_key",
            "sign_in_failure",
        ];
        let tables: Vec<String> = sqlx::query_scalar(
            "select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
             and not relispartition and relname <> all ($1) order by 1",
        )
        .bind(LEFT_OUT.map(str::to_owned).to_vec())
        .fetch_all(self.store.pool())
        .await
        .expect("tables");
        let mut digests = Vec::new();
        for table in tables {
            let sql = format!("select coalesce(md5(string_agg(t::text, ',' order by t::text)), '') from {table} t");
            let digest: String = sqlx::query_scalar(&sql).fetch_one(self.store.pool()).await.expect("a digest");
            digests.push((table, digest));
        }
        digests
    }
}

/// An answer, read.
pub struct Told {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Told {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// The problem's code.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The session cookie as a request sends it.
    pub fn cookie(&self) -> String {
        self.header("set-cookie").split(';').next().unwrap_or_default().to_owned()
    }

    /// Whether it is a redirect to the sign-in page.
    pub fn asks_to_sign_in(&self) -> bool {
        matches!(self.status, 302 | 303) && self.header("location").starts_with("/sign-in")
    }
}

/// Sends a request.
pub async fn call(app: &Router, method: Method, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Told {
    let mut request = Request::builder().method(method).uri(path).header("host", "localhost");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(body.into()).expect("a request");
    let response = app.clone().oneshot(request).await.expect("an answer");
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, 16 << 20).await.expect("a body");
    Told { status: parts.status.as_u16(), headers: parts.headers, text: String::from_utf8_lossy(&body).into_owned() }
}

/// Looks at a page.
pub async fn view(app: &Router, path: &str, cookie: &str) -> Told {
    call(app, Method::GET, path, &[("cookie", cookie), ("accept", "text/html"), ("accept-language", "en")], "").await
}

/// Sends a form as a browser without scripts does.
pub async fn send(app: &Router, path: &str, cookie: &str, fields: &[(&str, &str)]) -> Told {
    let body = serde_urlencoded::to_string(fields).expect("a form");
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("accept", "text/html"),
        ("cookie", cookie),
        ("origin", "http://localhost"),
        ("sec-fetch-site", "same-origin"),
        ("referer", "http://localhost/somewhere"),
    ];
    call(app, Method::POST, path, &headers, body).await
}

/// An address with its parts filled in: the second pair's when `n` is 1. Parts this does not know fail.
pub fn filled(path: &str, n: usize, slug: &str) -> String {
    let event = format!("evt_{}", EVENT[n].replace('-', ""));
    let id = match path {
        path if path.starts_with("/events") => &event,
        path if path.contains("endpoints") => ENDPOINT[n],
        path if path.contains("notifications") => EVENT[n],
        _ => THING[n],
    };
    let values = [
        ("slug", slug),
        ("e164", NUMBER[n]),
        ("id", id),
        ("operator", ["norvik", "alpenfon"][n]),
        ("tenant", ["kestrel", "heron"][n]),
        ("seq", "1"),
        ("day", "2026-11-22"),
        ("verb", "suspend"),
        ("version", "v1"),
        ("key", THING[n]),
    ];
    let path = values.iter().fold(path.to_owned(), |path, (name, value)| path.replace(&format!("{{{name}}}"), value));
    assert!(!path.contains('{'), "{path}: say in `filled` what stands there");
    path
}
