//! The cluster on disk and its processes: making it, its settings, starting and stopping its server.

use std::ffi::OsStr;
use std::fs;
use std::fs::File;
use std::io::ErrorKind;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Output;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use anyhow::bail;
use tokio::io::AsyncWriteExt;
use tokio::process::Child;
use tokio::process::Command;
use tokio::time::timeout;

use super::owner::Owner;

/// Name of the cluster's folder.
pub(super) const DIR: &str = "postgres";
/// Our own settings, written at each start and included by the ones that initdb writes.
const SETTINGS: &str = "concord.conf";
/// Tuned for one application on one machine: every query is short or a rollup, disks are solid state.
/// Errors are logged without values, since those can hold telephone numbers.
const TUNING: &str = "\
listen_addresses = ''
port = 5432
max_connections = 100
shared_buffers = 256MB
effective_cache_size = 1GB
work_mem = 16MB
maintenance_work_mem = 128MB
max_locks_per_transaction = 256
fsync = on
synchronous_commit = on
wal_compression = on
max_wal_size = 2GB
random_page_cost = 1.1
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
log_destination = 'stderr'
logging_collector = off
log_line_prefix = '%m [%p] '
log_error_verbosity = terse
log_min_error_statement = panic
";
/// Cold disks and a first start of a virtual machine included.
const CREATE_LIMIT: Duration = Duration::from_mins(2);
/// A log that has grown beyond this is put aside at the next start.
const LOG_BYTES: u64 = 16 * 1024 * 1024;

/// Which processes of the cluster there are.
#[derive(Debug)]
pub(super) enum Processes {
    None,
    /// Its server, by process id.
    Server(u32),
    /// No server but processes that it started: they end by themselves once they notice.
    Leftovers(Vec<u32>),
}

#[derive(Debug)]
pub(super) struct Cluster {
    pub(super) bin: PathBuf,
    pub(super) dir: PathBuf,
    pub(super) log: PathBuf,
    socket_dir: PathBuf,
    owner: Owner,
}

/// Major version of the cluster in `dir`, `None` when there is none.
pub(super) fn major_of(dir: &Path) -> anyhow::Result<Option<u32>> {
    match fs::read_to_string(dir.join("PG_VERSION")) {
        Ok(text) => Ok(Some(text.trim().parse().with_context(|| format!("{}/PG_VERSION is damaged", dir.display()))?)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}/PG_VERSION", dir.display())),
    }
}

impl Cluster {
    pub(super) fn new(data_dir: &Path, home: &Path, bin: PathBuf, owner: Owner) -> Self {
        let dir = home.join(DIR);
        let socket_dir = super::socket_dir(&dir);
        Self { bin, dir, log: data_dir.join("postgres.log"), socket_dir, owner }
    }

    pub(super) fn url(&self) -> String {
        format!("postgres://concord@localhost:5432/concord?host={}", self.socket_dir.display())
    }

    /// Makes the cluster with the application's role and database, beside its place, and then puts it there.
    pub(super) async fn create(&self, home: &Path) -> anyhow::Result<()> {
        if self.dir.exists() {
            bail!("{} exists but holds no database cluster; remove it", self.dir.display());
        }
        let new = home.join(format!("{DIR}.new"));
        // What an interrupted start left.
        if new.exists() {
            fs::remove_dir_all(&new)?;
        }
        fs::DirBuilder::new().mode(0o700).create(&new)?;
        self.owner.give(&new)?;
        // C.UTF-8 knows letters beyond ASCII, and sorts as C does; some systems lack it.
        if let Err(error) = self.initdb(&new, "C.UTF-8").await {
            if !error.to_string().contains("locale") {
                return Err(error);
            }
            for entry in fs::read_dir(&new)? {
                fs::remove_dir_all(entry?.path())?;
            }
            self.initdb(&new, "C").await?;
        }
        let mut conf = File::options().append(true).open(new.join("postgresql.conf"))?;
        writeln!(conf, "include_if_exists = '{SETTINGS}'")?;
        drop(conf);
        // Single-user mode needs no way in for a superuser. Ownership and `createrole` are all that migrations need.
        self.single_user(&new, "create role concord login createrole\ncreate database concord owner concord\n").await?;
        fs::rename(&new, &self.dir)?;
        Ok(())
    }

    async fn initdb(&self, dir: &Path, locale: &str) -> anyhow::Result<()> {
        let mut command = self.command("initdb", dir);
        command.arg("--pgdata").arg(dir).args(["--username=postgres", "--encoding=UTF8", "--auth=reject", "--data-checksums"]);
        command.arg(format!("--locale={locale}")).arg("--lc-messages=C");
        run(command, "initdb", None, CREATE_LIMIT).await?;
        Ok(())
    }

    async fn single_user(&self, dir: &Path, statements: &str) -> anyhow::Result<()> {
        let mut command = self.command("postgres", dir);
        command.arg("--single").arg("-D").arg(dir).arg("postgres");
        let output = run(command, "postgres --single", Some(statements), CREATE_LIMIT).await?;
        // It ends well whatever the statements did.
        let stderr = String::from_utf8_lossy(&output.stderr);
        if let Some(error) = stderr.lines().find(|line| line.contains("ERROR:")) {
            bail!("cannot set up the cluster: {error}");
        }
        Ok(())
    }

    /// The socket's folder: only the cluster's user may enter it. It is in a place where everybody may write, hence the checks.
    pub(super) fn prepare_socket_dir(&self) -> anyhow::Result<()> {
        let dir = &self.socket_dir;
        match fs::DirBuilder::new().mode(0o700).create(dir) {
            Ok(()) => self.owner.give(dir)?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => {
                return Err(error).with_context(|| format!("cannot create {}", dir.display()));
            }
        }
        if !self.owner.alone_has(&fs::symlink_metadata(dir)?) {
            bail!("{} is needed for the database's socket, but others have access to it; remove it", dir.display());
        }
        Ok(())
    }

    /// Settings, and who is let in: the system's user of this process as the application's role or as superuser, nobody else.
    pub(super) fn write_settings(&self) -> anyhow::Result<()> {
        let client = self.owner.client.replace('"', "\"\"");
        let socket = super::text(&self.socket_dir)?;
        self.put(SETTINGS, &format!("{TUNING}unix_socket_directories = '{socket}'\n"))?;
        self.put("pg_hba.conf", "local all all peer map=concord\n")?;
        self.put("pg_ident.conf", &format!("concord \"{client}\" concord\nconcord \"{client}\" postgres\n"))
    }

    /// Replaces a file of the cluster. Never writes through a link, which the cluster's user could have laid.
    fn put(&self, name: &str, content: &str) -> anyhow::Result<()> {
        let path = self.dir.join(name);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        let mut file = File::create_new(&path)?;
        file.write_all(content.as_bytes())?;
        self.owner.give(&path)
    }

    /// Starts the server in a process group of its own, so that Ctrl-C reaches us alone and we stop it after our last query.
    pub(super) fn spawn(&self) -> anyhow::Result<Child> {
        if fs::metadata(&self.log).is_ok_and(|meta| meta.len() > LOG_BYTES) {
            fs::rename(&self.log, self.log.with_extension("log.1"))?;
        }
        let log = File::options().create(true).append(true).open(&self.log)?;
        let mut command = self.command("postgres", &self.dir);
        command.arg("-D").arg(&self.dir).process_group(0).kill_on_drop(false);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        command.spawn().with_context(|| format!("cannot start {}/postgres", self.bin.display()))
    }

    /// Asks the server to stop and waits for it. Nothing to do when there is none.
    pub(super) async fn stop(&self, mode: &str, limit: Duration) -> anyhow::Result<()> {
        if !matches!(self.processes()?, Processes::Server(_)) {
            return Ok(());
        }
        let mut command = self.command("pg_ctl", &self.dir);
        command.arg("-D").arg(&self.dir).args(["stop", "-w", "-m", mode, "-t"]).arg(limit.as_secs().to_string());
        run(command, "pg_ctl stop", None, limit + Duration::from_secs(2)).await?;
        Ok(())
    }

    /// Looks for the cluster's processes: each has the cluster's folder as its working directory. Where the system does not
    /// show that, only the server is found, by the id in its lock file.
    pub(super) fn processes(&self) -> anyhow::Result<Processes> {
        let noted = self.noted_pid();
        if !Path::new("/proc/self/cwd").exists() {
            let alive = noted.filter(|pid| {
                let mut kill = std::process::Command::new("kill");
                kill.arg("-0").arg(pid.to_string()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
            });
            return Ok(alive.map_or(Processes::None, Processes::Server));
        }
        let dir = self.dir.canonicalize()?;
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc")? {
            let path = entry?.path();
            let Some(pid) = path.file_name().and_then(OsStr::to_str).and_then(|name| name.parse().ok()) else {
                continue;
            };
            // A process may end while we look. The name leaves out a shell that somebody has opened there.
            let is_postgres = fs::read_to_string(path.join("comm")).is_ok_and(|name| name.trim() == "postgres");
            if is_postgres && fs::read_link(path.join("cwd")).is_ok_and(|cwd| cwd == dir) {
                found.push(pid);
            }
        }
        Ok(match noted {
            Some(pid) if found.contains(&pid) => Processes::Server(pid),
            _ if found.is_empty() => Processes::None,
            _ => Processes::Leftovers(found),
        })
    }

    /// The server's process id as its lock file has it.
    fn noted_pid(&self) -> Option<u32> {
        fs::read_to_string(self.dir.join("postmaster.pid")).ok()?.lines().next()?.trim().parse().ok()
    }

    /// Removes the lock file of a crashed server, whose process id may belong to another program by now; Postgres would then
    /// refuse to start. Only to be called when no process of the cluster is left, and where the system can tell.
    pub(super) fn remove_stale_lock(&self) -> anyhow::Result<()> {
        let path = self.dir.join("postmaster.pid");
        if path.exists() && Path::new("/proc/self/cwd").exists() {
            tracing::warn!(lock = %path.display(), "the database was not stopped cleanly and will recover");
            fs::remove_file(path)?;
        }
        Ok(())
    }

    /// The last lines of the server's log.
    pub(super) fn log_tail(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&log);
        let lines: Vec<_> = text.lines().rev().take(15).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }

    /// A program of Postgres, run by the cluster's user. `cwd` must be open to that user.
    fn command(&self, program: &str, cwd: &Path) -> Command {
        let mut command = Command::new(self.bin.join(program));
        command.current_dir(cwd).kill_on_drop(true);
        // Settings of somebody's Postgres client would change what ours does.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"PG")) {
            command.env_remove(name);
        }
        if let Some((uid, gid)) = self.owner.other {
            command.uid(uid).gid(gid);
        }
        command
    }
}

/// Runs a program to its end within a limit. An error holds what it said.
async fn run(mut command: Command, what: &str, input: Option<&str>, limit: Duration) -> anyhow::Result<Output> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("cannot start {what}"))?;
    let mut stdin = child.stdin.take();
    let work = async {
        if let (Some(stdin), Some(input)) = (&mut stdin, input) {
            stdin.write_all(input.as_bytes()).await?;
        }
        drop(stdin);
        child.wait_with_output().await
    };
    let output = timeout(limit, work).await.with_context(|| format!("{what} took more than {} s", limit.as_secs()))??;
    if !output.status.success() {
        bail!("{what} failed ({}): {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(output)
}
