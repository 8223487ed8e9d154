//! Starting and stopping: database, jobs, web.

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use leptos::config::LeptosOptions;
use leptos::config::get_configuration;
use metrics_exporter_prometheus::PrometheusBuilder;
use metrics_exporter_prometheus::PrometheusHandle;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use tokio::net::TcpListener;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::config::Common;
use super::config::Role;
use super::config::Serve;
use super::pg;
use super::pg::Embedded;
use super::router::router;
use super::state::App;
use super::state::Settings;
use crate::audit;
use crate::base::Env;
use crate::calls;
use crate::consent;
use crate::identity;
use crate::identity::RequestLog;
use crate::identity::TokenAddresses;
use crate::notices;
use crate::notices::Allow;
use crate::notices::Notices;
use crate::notices::Policy;
use crate::numbers;
use crate::pairing;
use crate::quality;
use crate::store::Loop;
use crate::store::SecretKey;
use crate::store::Store;
use crate::store::ensure_partitions;
use crate::store::run_loop;
use crate::transfers;
use crate::usage;

/// A database that is away is waited for this long before a request is refused.
const ACQUIRE: Duration = Duration::from_secs(3);
/// A request is given up after this long; a long poll takes 25 s.
const TIMEOUT: Duration = Duration::from_secs(60);
/// What was measured is taken in this often: it waits in memory until then, and a scrape may never come.
const UPKEEP: Duration = Duration::from_secs(5);
/// Requests and jobs may take this long to end after a stop signal.
const GRACE: Duration = Duration::from_secs(20);

/// The store and, where we run it ourselves, its database.
#[derive(Debug)]
pub struct Base {
    pub store: Store,
    pub embedded: Option<Embedded>,
}

impl Base {
    /// Stops what was started.
    pub async fn stop(self) {
        self.store.pool().close().await;
        if let Some(embedded) = self.embedded
            && let Err(error) = embedded.stop().await
        {
            tracing::warn!(error = %format!("{error:#}"), "the embedded database did not stop cleanly");
        }
    }
}

/// Opens the database (embedded unless one is given) and brings the schema up to date.
///
/// # Errors
/// Says which step failed and what to do.
pub async fn open(common: &Common) -> anyhow::Result<Base> {
    let env = Env::system();
    std::fs::create_dir_all(&common.data_dir).with_context(|| format!("making {}", common.data_dir.display()))?;
    let embedded = match &common.database_url {
        Some(_) => None,
        None => Some(pg::start(&common.data_dir, common.pg_bin.as_deref()).await?),
    };
    let url = match (&common.database_url, &embedded) {
        (Some(url), _) => url.clone(),
        (None, Some(embedded)) => embedded.url().to_owned(),
        (None, None) => anyhow::bail!("no database"),
    };
    let pool = connect(&url, common.pool_size).await?;
    let secrets = secret_key(common, &env)?;
    let store = Store::new(pool, env, secrets);
    store.migrate().await?;
    Ok(Base { store, embedded })
}

async fn connect(url: &str, size: u32) -> anyhow::Result<PgPool> {
    PgPoolOptions::new()
        .max_connections(size)
        .acquire_timeout(ACQUIRE)
        .idle_timeout(Duration::from_mins(5))
        .test_before_acquire(false)
        .connect(url)
        .await
        .context("connecting to the database")
}

/// The keys given, else those kept in the data directory, where one is made on first use.
fn secret_key(common: &Common, env: &Env) -> anyhow::Result<SecretKey> {
    if let Some(keys) = &common.secret_key {
        return SecretKey::parse(keys).context("reading --secret-key or CONCORD_SECRET_KEY");
    }
    anyhow::ensure!(
        common.database_url.is_none() || common.data_dir.join("secret.key").exists() || cfg!(test),
        "with a database of your own, give the key that seals its secrets: --secret-key or CONCORD_SECRET_KEY (base64 of 32 bytes)"
    );
    let path = common.data_dir.join("secret.key");
    if !path.exists() {
        write_private(&path, &SecretKey::generate(env))?;
    }
    let reading = || format!("reading {}", path.display());
    SecretKey::parse(&std::fs::read_to_string(&path).with_context(reading)?).with_context(reading)
}

fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("writing {}", path.display()))?;
    file.write_all(text.as_bytes())?;
    Ok(())
}

/// Where the built pages' files are, from the environment that `make demo` and a deployment set.
///
/// # Errors
/// When the environment holds nonsense.
pub fn leptos_options(listen: SocketAddr) -> anyhow::Result<LeptosOptions> {
    let mut options = get_configuration(None).context("reading LEPTOS_*")?.leptos_options;
    options.site_addr = listen;
    Ok(options)
}

/// A running web and jobs part.
#[derive(Debug)]
pub struct Running {
    pub address: SocketAddr,
    stop: CancellationToken,
    tasks: TaskTracker,
    notices: Notices,
}

impl Running {
    /// Ends requests and jobs, within a limit.
    pub async fn stop(self) {
        self.stop.cancel();
        self.notices.close();
        self.tasks.close();
        let ended = async {
            self.tasks.wait().await;
            self.notices.drain().await;
        };
        if tokio::time::timeout(GRACE, ended).await.is_err() {
            tracing::warn!("some work did not end in time");
        }
    }

    /// Runs work beside the server; what it ends with is logged.
    pub fn spawn(&self, work: impl Future<Output = anyhow::Result<()>> + Send + 'static) {
        self.tasks.spawn(async move {
            if let Err(error) = work.await {
                tracing::error!(error = %format!("{error:#}"), "work beside the server ended");
            }
        });
    }

    /// The token that work beside the server listens to.
    #[must_use]
    pub fn token(&self) -> CancellationToken {
        self.stop.clone()
    }
}

/// Starts web and jobs as the role says.
///
/// # Errors
/// When the address is taken or a setting is wrong.
pub async fn start(store: &Store, serve: &Serve) -> anyhow::Result<Running> {
    let listener = TcpListener::bind(serve.listen).await.with_context(|| format!("listening on {}", serve.listen))?;
    let address = listener.local_addr()?;
    let https = serve.public_url.as_deref().is_some_and(|url| url.starts_with("https://"));
    let settings = Settings {
        https,
        trusted_proxies: serve.trusted_proxy.clone(),
        rate_limit: serve.rate_limit,
        token_addresses: token_addresses(serve, address),
        timeout: TIMEOUT,
    };
    let notices = notices_of(serve)?;
    let app = App { store: store.clone(), notices: notices.clone(), leptos: leptos_options(serve.listen)?, settings };
    let stop = CancellationToken::new();
    let tasks = TaskTracker::new();
    let log = RequestLog::default();
    let metrics = PrometheusBuilder::new().install_recorder().ok();
    if let Some(metrics) = &metrics {
        tasks.spawn(upkeep(metrics.clone(), stop.clone()));
    }
    if serve.role != Role::Web {
        jobs(store, &notices, &stop, &tasks);
    }
    // Beside the start, which it would hold up.
    tasks.spawn_blocking(numbers::warm);
    let (router, edge) = router(app, log.clone(), metrics);
    let kept = log.clone();
    spawn_loop(store, &stop, &tasks, identity::REQUEST_LOG, move |store| {
        let log = kept.clone();
        async move { identity::write_request_log(&store, &log).await }
    });
    spawn_loop(store, &stop, &tasks, identity::HOUSEKEEPING, move |store| {
        let edge = edge.clone();
        async move { identity::housekeeping(&store, Some(&edge)).await }
    });
    let (ending, store) = (stop.clone(), store.clone());
    tasks.spawn(async move {
        let served = axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>())
            .with_graceful_shutdown(ending.cancelled_owned())
            .await;
        if let Err(error) = served {
            tracing::error!(%error, "web server ended");
        }
        if let Err(failure) = identity::write_request_log(&store, &log).await {
            tracing::warn!(error = %failure, "the last calls were not logged");
        }
    });
    tracing::info!(%address, "listening");
    Ok(Running { address, stop, tasks, notices })
}

/// The address that people use, or without one what is listened on: `Host` is the caller's own word and proves nothing.
fn token_addresses(serve: &Serve, address: SocketAddr) -> TokenAddresses {
    if let Some(url) = &serve.public_url {
        return TokenAddresses::of([url.clone()]);
    }
    let port = address.port();
    TokenAddresses::of(
        [address.to_string(), format!("127.0.0.1:{port}"), format!("localhost:{port}")].map(|host| format!("http://{host}")),
    )
}

/// Keeps the figures small until the server ends.
async fn upkeep(metrics: PrometheusHandle, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(UPKEEP) => metrics.run_upkeep(),
        }
    }
}

/// What deliveries run with: which internal addresses are open, and the waits between tries.
fn notices_of(serve: &Serve) -> anyhow::Result<Notices> {
    let allow: Allow = serve.allow_endpoint_cidr.iter().copied().collect();
    let policy = match &serve.retry_schedule {
        Some(text) => Policy::default().with_retry(text)?,
        None => Policy::default(),
    };
    let policy = policy.with_lease(Duration::from_secs(serve.delivery_lease_s.into()));
    #[cfg(feature = "chaos")]
    let policy = policy.with_plant(serve.plant.and_then(|number| notices::Plant::ALL.get(number.checked_sub(1)?).copied()));
    Notices::new(allow, policy)
}

fn jobs(store: &Store, notices: &Notices, stop: &CancellationToken, tasks: &TaskTracker) {
    spawn_loop(store, stop, tasks, audit::SEAL, audit::seal);
    spawn_loop(store, stop, tasks, audit::EXPIRE, audit::expire);
    spawn_loop(store, stop, tasks, transfers::SEAL, transfers::seal);
    spawn_loop(store, stop, tasks, transfers::EXPIRE, transfers::expire);
    spawn_loop(store, stop, tasks, consent::SEAL, consent::seal);
    let n = notices.clone();
    spawn_loop(store, stop, tasks, notices::SEALING, move |store| notices::seal(store, n.clone()));
    let n = notices.clone();
    spawn_loop(store, stop, tasks, notices::DELIVERING, move |store| notices::deliver(store, n.clone()));
    spawn_loop(store, stop, tasks, notices::EXPIRE, notices::expire);
    let n = notices.clone();
    spawn_loop(store, stop, tasks, notices::HEARTBEAT, move |store| notices::heartbeat(store, n.clone()));
    spawn_loop(store, stop, tasks, numbers::CONFIRM, async |store: Store| numbers::confirm(&store).await);
    spawn_loop(store, stop, tasks, numbers::ORDERS, async |store: Store| numbers::run_orders(&store).await);
    spawn_loop(store, stop, tasks, numbers::SNAPSHOTS, async |store: Store| numbers::tell_anew(&store).await);
    spawn_loop(store, stop, tasks, numbers::SETS, async |store: Store| numbers::run_sets(&store).await);
    spawn_loop(store, stop, tasks, calls::SEAL_CALLS, calls::seal_calls);
    spawn_loop(store, stop, tasks, calls::EXPIRE, calls::expire);
    spawn_loop(store, stop, tasks, pairing::PAIR, pairing::pair_changed);
    spawn_loop(store, stop, tasks, usage::ROLL, usage::roll_usage);
    spawn_loop(store, stop, tasks, quality::ROLL_QUALITY, quality::roll_quality);
    spawn_loop(store, stop, tasks, calls::DURATIONS, calls::run_durations);
    spawn_loop(store, stop, tasks, Loop { name: "store.partitions", every: Duration::from_hours(6) }, async |store: Store| {
        ensure_partitions(&store, store.env.now()).await?;
        Ok(false)
    });
}

fn spawn_loop<F, Fut>(store: &Store, stop: &CancellationToken, tasks: &TaskTracker, spec: Loop, tick: F)
where
    F: FnMut(Store) -> Fut + Send + 'static,
    Fut: Future<Output = Result<bool, crate::base::Failure>> + Send + 'static,
{
    tasks.spawn(run_loop(store.clone(), spec, stop.clone(), tick));
}

/// Waits for SIGTERM or SIGINT.
///
/// # Errors
/// When the signals cannot be watched.
pub async fn stop_signal() -> anyhow::Result<()> {
    let mut term = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = term.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
