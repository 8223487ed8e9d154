//! The embedded database: a Postgres cluster of our own in the data directory, for `demo`, small installations and tests.
//!
//! [`start`] finds the binaries ([`find`]), settles which user runs them and where ([`owner`]), makes the cluster when there is
//! none ([`cluster`]) and brings it up. There is no network port: clients come through a socket in a folder that only the
//! owner may enter, and Postgres asks the system who they are.
//!
//! ```text
//!             no process                    our process        a process of a server that is gone
//!   start -> [stopped or crashed] -spawn-> [running] <-adopt- [running]
//!                                             | stop (fast, then immediate)
//!                                          [stopped]
//! ```
//!
//! Invariants:
//! - The application's role owns its database and is no superuser, so row security binds it. No superuser is used after the
//!   cluster has been made.
//! - One server per data directory: `concord.lock` is held as long as the process lives, however it ends.
//! - A cluster is either complete or absent: it is made beside its place and then renamed.
//! - A lock file of Postgres is removed only when no process of the cluster is left.
//!
//! It knows nothing of the schema; migrations are the business of `store`. Nor does it watch over the running database: the
//! pool reports a lost one.

mod cluster;
mod find;
mod owner;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::fs::File;
use std::fs::TryLockError;
use std::io::Read;
use std::io::Seek;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use anyhow::bail;
use cluster::Cluster;
use cluster::Processes;
use owner::Owner;
use sha2::Digest;
use sqlx::Connection;
use sqlx::PgConnection;
use tokio::process::Child;
use tokio::time::Instant;
use tokio::time::sleep;
use tokio::time::timeout;

/// A start includes recovery after a crash, which replays up to `max_wal_size` of log.
const START_LIMIT: Duration = Duration::from_mins(2);
/// How often a server process that ends at once is started again: leftovers of a crash may hold its memory for a moment.
const START_TRIES: u32 = 5;
/// How long a clean shutdown, with its checkpoint, may take before the immediate one.
const FAST_STOP: Duration = Duration::from_secs(25);
const IMMEDIATE_STOP: Duration = Duration::from_secs(10);

/// A running cluster. Dropped without [`Embedded::stop`] it goes on, as after a kill, and the next [`start`] adopts it.
#[derive(Debug)]
pub struct Embedded {
    url: String,
    cluster: Cluster,
    /// `None` for an adopted cluster: it is nobody's child.
    child: Option<Child>,
    /// Closing it gives the data directory free.
    _lock: File,
}

impl Embedded {
    /// Where to connect: a `postgres://` URL of the application's role.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Whether the cluster was found running, left behind by a server that was killed.
    #[must_use]
    pub fn adopted(&self) -> bool {
        self.child.is_none()
    }

    /// Folder of the cluster. Not always inside of the data directory (see [`owner`]).
    #[must_use]
    pub fn cluster_dir(&self) -> &Path {
        &self.cluster.dir
    }

    /// Stops the cluster: clients are disconnected and a checkpoint written; when that takes longer than 25 s, without one.
    ///
    /// # Errors
    /// When processes are still there after both.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        for (mode, limit) in [("fast", FAST_STOP), ("immediate", IMMEDIATE_STOP)] {
            if let Err(error) = self.cluster.stop(mode, limit).await {
                tracing::warn!(%error, mode, "stopping the embedded database");
            }
            if let Some(child) = &mut self.child {
                // Reaps it. The limit is only for a process that ignores its signals.
                let _ = timeout(Duration::from_secs(1), child.wait()).await;
            }
            if matches!(self.cluster.processes()?, Processes::None) {
                return Ok(());
            }
        }
        bail!("the embedded database in {} does not stop", self.cluster.dir.display())
    }
}

/// Starts the cluster in `data_dir`, or adopts the one that a killed server left running there. Makes both when missing.
/// `bin` is a folder with `postgres`, `initdb` and `pg_ctl`; without it they are looked for.
///
/// # Errors
/// When another server uses the directory, when no fitting binaries are found, or when Postgres does not come up; the message
/// says what to do, and holds the end of Postgres' log where that helps.
pub async fn start(data_dir: &Path, bin: Option<&Path>) -> anyhow::Result<Embedded> {
    std::fs::create_dir_all(data_dir).with_context(|| format!("cannot create {}", data_dir.display()))?;
    let data_dir = data_dir.canonicalize()?;
    let lock = lock(&data_dir)?;

    let me = owner::Me::look_up()?;
    let home = owner::home(&data_dir, &me)?;
    let owner = Owner::of(&home, &me)?;
    let major = cluster::major_of(&home.join(cluster::DIR))?;
    let bin = find::reachable(find::binaries(bin, major)?, &home, &owner)?;
    let cluster = Cluster::new(&data_dir, &home, bin, owner);
    if major.is_none() {
        tracing::info!(dir = %cluster.dir.display(), "making a database cluster");
        cluster.create(&home).await?;
    }
    cluster.prepare_socket_dir()?;
    let url = cluster.url();
    let child = bring_up(&cluster, &url).await?;
    tracing::info!(adopted = child.is_none(), bin = %cluster.bin.display(), "the embedded database is up");
    Ok(Embedded { url, cluster, child, _lock: lock })
}

/// Takes the data directory for this process. The system gives it free when the process ends, also by a kill.
fn lock(data_dir: &Path) -> anyhow::Result<File> {
    let path = data_dir.join("concord.lock");
    let mut file = File::options().create(true).truncate(false).read(true).write(true).open(&path)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            file.read_to_string(&mut pid)?;
            bail!(
                "{} is in use by another concord process ({}); stop it, take another data directory, or set DATABASE_URL",
                data_dir.display(),
                pid.trim()
            );
        }
        Err(TryLockError::Error(error)) => {
            return Err(error).with_context(|| format!("cannot lock {}", path.display()));
        }
    }
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())?;
    Ok(file)
}

/// Waits until the cluster takes connections, starting its server when none runs. Gives that server, `None` for an adopted one.
async fn bring_up(cluster: &Cluster, url: &str) -> anyhow::Result<Option<Child>> {
    let deadline = Instant::now() + START_LIMIT;
    let mut child: Option<Child> = None;
    let mut tries = 0;
    let mut last = String::from("not tried");
    while Instant::now() < deadline {
        if child.is_none() {
            match cluster.processes()? {
                Processes::None => {
                    if tries == START_TRIES {
                        bail!("Postgres does not start. The end of {}:\n{}", cluster.log.display(), cluster.log_tail());
                    }
                    tries += 1;
                    cluster.remove_stale_lock()?;
                    cluster.write_settings()?;
                    child = Some(cluster.spawn()?);
                }
                Processes::Server(pid) => tracing::debug!(pid, "the database is running already"),
                Processes::Leftovers(pids) => {
                    last = format!("processes {pids:?} of a crashed cluster still run");
                    sleep(Duration::from_millis(100)).await;
                    continue;
                }
            }
        }
        match try_connect(url).await {
            Ok(()) => return Ok(child),
            Err(error) => last = error.to_string(),
        }
        if let Some(server) = &mut child
            && let Some(status) = server.try_wait()?
        {
            tracing::warn!(%status, tries, "Postgres ended while starting");
            child = None;
            sleep(Duration::from_millis(500)).await;
        }
        sleep(Duration::from_millis(50)).await;
    }
    if child.is_some() {
        // Not left behind half started.
        cluster.stop("immediate", IMMEDIATE_STOP).await?;
    }
    bail!("the database in {} is not up after {} s: {last}", cluster.dir.display(), START_LIMIT.as_secs())
}

async fn try_connect(url: &str) -> anyhow::Result<()> {
    timeout(Duration::from_secs(5), async {
        let connection = PgConnection::connect(url).await?;
        connection.close().await
    })
    .await??;
    Ok(())
}

/// Path as text for a message or a setting of ours.
fn text(path: &Path) -> anyhow::Result<&str> {
    path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))
}

/// The folder of the socket, short enough for the 107 bytes that the system allows for the socket's path.
fn socket_dir(cluster_dir: &Path) -> PathBuf {
    PathBuf::from(format!("/tmp/concord-{}", short_hash(cluster_dir)))
}

/// 16 signs that stand for a path in the name of another.
fn short_hash(path: &Path) -> String {
    let digest = sha2::Sha256::digest(path.as_os_str().as_encoded_bytes());
    digest.iter().take(8).fold(String::new(), |mut hash, byte| {
        // Cannot fail: it grows a string.
        let _ = write!(hash, "{byte:02x}");
        hash
    })
}
