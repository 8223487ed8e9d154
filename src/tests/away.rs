//! The database goes away or stands still for a moment: pages and calls say so and are well again by themselves.

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::time::Duration;
use std::time::Instant;

use axum::Router;
use concord::base::Env;
use concord::store::SecretKey;
use concord::store::Store;
use http::Method;
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;
use sqlx::postgres::PgPoolOptions;
use tokio::io::copy_bidirectional;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::net::UnixStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::world::World;
use crate::world::call;
use crate::world::now;
use crate::world::send;
use crate::world::site;
use crate::world::site_within;
use crate::world::view;

/// A way to the database that can be cut, or stand still with every connection open.
struct Wire {
    address: SocketAddr,
    to: Target,
    cut: CancellationToken,
    still: watch::Sender<bool>,
}

#[derive(Clone)]
enum Target {
    Socket(PathBuf),
    Host(String, u16),
}

impl Wire {
    async fn new(pool: &PgPool) -> Self {
        let options = pool.connect_options();
        let file = format!(".s.PGSQL.{}", options.get_port());
        let to = match options.get_socket() {
            Some(folder) => Target::Socket(folder.join(file)),
            None if options.get_host().starts_with('/') => Target::Socket(PathBuf::from(options.get_host()).join(file)),
            None => Target::Host(options.get_host().to_owned(), options.get_port()),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let cut = CancellationToken::new();
        let still = watch::Sender::new(false);
        tokio::spawn(carry(listener, to.clone(), cut.clone(), still.subscribe()));
        Self { address, to, cut, still }
    }

    /// The pool's options, through the wire. A socket once named cannot be unnamed, so its options begin anew.
    fn options(&self, pool: &PgPool) -> PgConnectOptions {
        let direct = pool.connect_options();
        let options = match (direct.get_socket(), direct.get_database()) {
            (Some(_), Some(database)) => PgConnectOptions::new_without_pgpass().username(direct.get_username()).database(database),
            _ => (*direct).clone(),
        };
        options.host("127.0.0.1").port(self.address.port())
    }

    /// Ends every connection and takes no new ones.
    fn cut(&self) {
        self.cut.cancel();
    }

    /// The database is back, at the same address.
    async fn mend(&mut self) {
        let listener = loop {
            // The old listener closes on its own time.
            match TcpListener::bind(self.address).await {
                Ok(listener) => break listener,
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        self.cut = CancellationToken::new();
        tokio::spawn(carry(listener, self.to.clone(), self.cut.clone(), self.still.subscribe()));
    }
}

/// Works on, but not while everything stands still.
async fn unless_still<T>(mut still: watch::Receiver<bool>, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    loop {
        // The wire itself is gone only when its test has ended.
        drop(still.wait_for(|still| !still).await);
        tokio::select! {
            biased;
            Ok(_) = still.wait_for(|still| *still) => {}
            done = &mut work => return done,
        }
    }
}

async fn carry(listener: TcpListener, to: Target, cut: CancellationToken, still: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        let mut client = tokio::select! {
            () = cut.cancelled() => return,
            accepted = listener.accept() => accepted.expect("a connection").0,
        };
        let to = to.clone();
        connections.spawn(unless_still(still.clone(), async move {
            // An end by either side is an ordinary end.
            let _ended = match to {
                Target::Socket(path) => match UnixStream::connect(path).await {
                    Ok(mut server) => copy_bidirectional(&mut client, &mut server).await.map(drop),
                    Err(error) => Err(error),
                },
                Target::Host(host, port) => match TcpStream::connect((host, port)).await {
                    Ok(mut server) => copy_bidirectional(&mut client, &mut server).await.map(drop),
                    Err(error) => Err(error),
                },
            };
        }));
    }
}

#[sqlx::test]
async fn away_for_a_moment(pool: PgPool) {
    let mut wire = Wire::new(&pool).await;
    let options = wire.options(&pool);
    let world = World::new(pool).await;
    let tenant = world.admin("tenant", 0);
    let token = world.token(tenant.org, concord::identity::all_client_scopes(tenant.org)).await;
    let app = site(&through(options).await);

    well(&app, &tenant.cookie, &token).await;
    wire.cut();
    for _ in 0..6 {
        away(&app, &tenant.cookie, &token).await;
    }
    wire.mend().await;
    // A connection that died while idle is found out by its next use, at worst once each.
    for _ in 0..4 {
        let _found_out = call(&app, Method::GET, "/readyz", &[], "").await;
    }
    well(&app, &tenant.cookie, &token).await;
}

async fn through(options: PgConnectOptions) -> Store {
    let pool = PgPoolOptions::new()
        .max_connections(4)
        .acquire_timeout(Duration::from_millis(500))
        .test_before_acquire(false)
        .connect_with(options)
        .await
        .expect("connected through the wire");
    let env = Env::fixed(now(), 4712);
    let key = SecretKey::parse(&SecretKey::generate(&env)).expect("a key");
    Store::new(pool, env, key)
}

#[sqlx::test]
async fn standing_still_for_a_moment(pool: PgPool) {
    let wire = Wire::new(&pool).await;
    let options = wire.options(&pool);
    let world = World::new(pool).await;
    let tenant = world.admin("tenant", 0);
    let token = world.token(tenant.org, concord::identity::all_client_scopes(tenant.org)).await;
    let store = through(options).await;
    let app = site_within(&store, Duration::from_secs(1));

    well(&app, &tenant.cookie, &token).await;
    // At least one has come back to the pool: somebody is to wait with it.
    while store.pool().num_idle() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    wire.still.send_replace(true);
    let mut codes = Vec::new();
    // First those that have a connection and wait with it, then those that get none.
    for _ in 0..4 {
        let began = Instant::now();
        let call_ = call(&app, Method::GET, "/api/v1/me", &[("authorization", &token)], "").await;
        assert_eq!((call_.status, call_.header("content-type")), (503, "application/problem+json"), "{}", call_.text);
        let page = view(&app, "/t/kestrel/clients", &tenant.cookie).await;
        assert_eq!((page.status, page.header("content-type")), (503, "text/html; charset=utf-8"), "{}", page.text);
        let ready = call(&app, Method::GET, "/readyz", &[], "").await;
        assert_eq!(ready.status, 503, "{}", ready.text);
        for told in [&page, &call_, &ready] {
            assert!(!told.header("retry-after").is_empty(), "{}", told.text);
        }
        assert_eq!(call(&app, Method::GET, "/livez", &[], "").await.status, 200, "the program itself lives");
        assert!(began.elapsed() < Duration::from_secs(6), "three calls took {:?}", began.elapsed());
        codes.push(call_.code());
    }
    assert!(codes.contains(&"took_too_long".to_owned()) && codes.contains(&"unavailable".to_owned()), "{codes:?}");
    wire.still.send_replace(false);
    for _ in 0..8 {
        let _found_out = call(&app, Method::GET, "/readyz", &[], "").await;
    }
    well(&app, &tenant.cookie, &token).await;
}

async fn well(app: &Router, cookie: &str, token: &str) {
    let told = view(app, "/t/kestrel/clients", cookie).await;
    assert_eq!(told.status, 200, "{}", told.text);
    assert_eq!(call(app, Method::GET, "/api/v1/me", &[("authorization", token)], "").await.status, 200);
    assert_eq!(call(app, Method::GET, "/readyz", &[], "").await.status, 200);
}

async fn away(app: &Router, cookie: &str, token: &str) {
    let page = view(app, "/t/kestrel/clients", cookie).await;
    assert_eq!((page.status, page.header("content-type")), (503, "text/html; charset=utf-8"), "{}", page.text);
    assert!(!page.header("retry-after").is_empty() && page.text.contains("<h1"), "{}", page.text);
    assert!(page.header("set-cookie").is_empty(), "a cookie is taken away while nobody can say whether it holds");
    let call_ = call(app, Method::GET, "/api/v1/me", &[("authorization", token)], "").await;
    assert_eq!((call_.status, call_.code().as_str()), (503, "unavailable"), "{}", call_.text);
    assert!(!call_.header("retry-after").is_empty());
    let ready = call(app, Method::GET, "/readyz", &[], "").await;
    assert_eq!((ready.status, ready.header("retry-after").is_empty()), (503, false));
    assert_eq!(call(app, Method::GET, "/livez", &[], "").await.status, 200, "the program itself lives");
    let form = send(app, "/do/concord/identity/forms/save_preference", cookie, &[("theme", "dark"), ("back", "/account")]).await;
    assert!(form.status == 503 || matches!(form.status, 302 | 303) && !form.asks_to_sign_in(), "{} {}", form.status, form.text);
}
