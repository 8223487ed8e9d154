//! A cluster made, kept, stopped, crashed and found again.

use std::fs;
use std::fs::Permissions;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sqlx::Connection;
use sqlx::PgConnection;
use tokio::time::sleep;

use super::Embedded;
use super::cluster::Processes;
use super::start;

/// A data directory of one test. Dropping it ends what the test has left running in it.
struct DataDir(PathBuf);

impl DataDir {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("concord-pg-test-{}-{number}", std::process::id()));
        fs::create_dir(&dir).unwrap();
        fs::set_permissions(&dir, Permissions::from_mode(0o755)).unwrap();
        Self(dir.canonicalize().unwrap())
    }

    fn lock_file(&self) -> PathBuf {
        self.0.join("postgres/postmaster.pid")
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        if let Ok(lock) = fs::read_to_string(self.lock_file()) {
            signal("-QUIT", lock.lines().next().unwrap());
        }
        let cluster = fs::read_link(self.0.join("postgres")).unwrap_or_else(|_| self.0.join("postgres"));
        let _ = fs::remove_dir_all(super::socket_dir(&cluster));
        if cluster.parent() != Some(&self.0) {
            let _ = fs::remove_dir_all(cluster.parent().unwrap());
        }
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn signal(signal: &str, pid: &str) {
    let _ = Command::new("kill").args([signal, pid]).stderr(Stdio::null()).status();
}

fn server_pid(embedded: &Embedded) -> u32 {
    match embedded.cluster.processes().unwrap() {
        Processes::Server(pid) => pid,
        other => panic!("no server: {other:?}"),
    }
}

async fn connect(embedded: &Embedded) -> PgConnection {
    PgConnection::connect(embedded.url()).await.unwrap()
}

async fn one(embedded: &Embedded, query: &str) -> String {
    let mut connection = connect(embedded).await;
    sqlx::query_scalar(query).fetch_one(&mut connection).await.unwrap()
}

async fn execute(embedded: &Embedded, statement: &str) {
    sqlx::raw_sql(statement).execute(&mut connect(embedded).await).await.unwrap();
}

#[tokio::test]
async fn a_fresh_cluster_binds_its_application_and_keeps_data_over_a_restart() {
    let dir = DataDir::new();
    let embedded = start(&dir.0, None).await.unwrap();
    assert!(!embedded.adopted());

    let role =
        "select concat_ws(' ', current_user, rolsuper, rolbypassrls, rolcreaterole) from pg_roles where rolname = current_user";
    assert_eq!(one(&embedded, role).await, "concord f f t");
    let owner = "select pg_get_userbyid(datdba) from pg_database where datname = current_database()";
    assert_eq!(one(&embedded, &format!("{owner} and datname = 'concord'")).await, "concord");
    let settings = "select string_agg(concat(name, '=', setting), ' ' order by name) from pg_settings where name in \
        ('data_checksums', 'server_encoding', 'listen_addresses', 'fsync', 'synchronous_commit', 'max_locks_per_transaction', 'shared_buffers')";
    assert_eq!(
        one(&embedded, settings).await,
        "data_checksums=on fsync=on listen_addresses= max_locks_per_transaction=256 server_encoding=UTF8 shared_buffers=32768 synchronous_commit=on"
    );
    execute(
        &embedded,
        "create role concord_probe; drop role concord_probe; create table kept (id int); insert into kept values (7)",
    )
    .await;

    embedded.stop().await.unwrap();
    assert!(!dir.lock_file().exists());

    let embedded = start(&dir.0, None).await.unwrap();
    assert_eq!(one(&embedded, "select id::text from kept").await, "7");
    embedded.stop().await.unwrap();
}

#[tokio::test]
async fn a_second_server_on_the_same_directory_is_refused_and_does_no_harm() {
    let dir = DataDir::new();
    let embedded = start(&dir.0, None).await.unwrap();

    let error = start(&dir.0, None).await.unwrap_err().to_string();
    assert!(error.contains("in use by another concord process") && error.contains(&std::process::id().to_string()), "{error}");

    assert_eq!(one(&embedded, "select 'still here'").await, "still here");
    embedded.stop().await.unwrap();
}

#[tokio::test]
async fn a_lock_file_of_a_process_that_is_something_else_by_now_is_no_obstacle() {
    let dir = DataDir::new();
    let embedded = start(&dir.0, None).await.unwrap();
    let lock = fs::read_to_string(dir.lock_file()).unwrap();
    embedded.stop().await.unwrap();

    // It lives and has the same user, so to Postgres it looks like its own server.
    let user = fs::metadata(dir.0.join("postgres")).unwrap();
    let mut other = Command::new("sleep").arg("60").current_dir("/").uid(user.uid()).gid(user.gid()).spawn().unwrap();
    let (_, rest) = lock.split_once('\n').unwrap();
    fs::write(dir.lock_file(), format!("{}\n{rest}", other.id())).unwrap();

    let started = start(&dir.0, None).await;
    other.kill().unwrap();
    other.wait().unwrap();
    let embedded = started.unwrap();
    assert!(!embedded.adopted());
    embedded.stop().await.unwrap();
}

#[tokio::test]
async fn a_crashed_cluster_recovers_with_all_that_was_committed() {
    let dir = DataDir::new();
    let embedded = start(&dir.0, None).await.unwrap();
    execute(&embedded, "create table kept as select generate_series(1, 1000) as id").await;
    let idle = connect(&embedded).await;

    // Only the server: its other processes notice by themselves, and the start waits for them.
    signal("-KILL", &server_pid(&embedded).to_string());
    drop(embedded);

    let embedded = start(&dir.0, None).await.unwrap();
    assert!(!embedded.adopted());
    assert_eq!(one(&embedded, "select count(*)::text from kept").await, "1000");
    drop(idle);
    embedded.stop().await.unwrap();
}

#[tokio::test]
async fn a_killed_server_leaves_its_cluster_to_the_next_one() {
    let dir = DataDir::new();
    let mut server = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "app::pg::tests::server_to_be_killed", "--ignored"])
        .env("CONCORD_TEST_DATA_DIR", &dir.0)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let ready = dir.0.join("ready");
    for _ in 0..600 {
        if ready.exists() {
            break;
        }
        sleep(Duration::from_millis(50)).await;
    }
    let before = fs::read_to_string(&ready).expect("the other server has come up");
    server.kill().unwrap();
    server.wait().unwrap();

    let embedded = start(&dir.0, None).await.unwrap();
    assert!(embedded.adopted());
    assert_eq!(server_pid(&embedded).to_string(), before);
    assert_eq!(one(&embedded, "select id::text from kept").await, "7");

    // An adopted cluster stops like any other.
    embedded.stop().await.unwrap();
    assert!(!dir.lock_file().exists());
}

#[tokio::test]
#[ignore = "the process that a_killed_server_leaves_its_cluster_to_the_next_one starts and kills"]
async fn server_to_be_killed() {
    let Some(dir) = std::env::var_os("CONCORD_TEST_DATA_DIR") else {
        return;
    };
    let embedded = start(Path::new(&dir), None).await.unwrap();
    execute(&embedded, "create table kept (id int); insert into kept values (7)").await;
    let ready = Path::new(&dir).join("ready");
    fs::write(ready.with_extension("new"), server_pid(&embedded).to_string()).unwrap();
    fs::rename(ready.with_extension("new"), ready).unwrap();
    sleep(Duration::from_mins(1)).await;
}

#[tokio::test]
async fn a_data_directory_closed_to_the_user_of_postgres_still_works() {
    let dir = DataDir::new();
    fs::set_permissions(&dir.0, Permissions::from_mode(0o700)).unwrap();
    let root = fs::metadata(&dir.0).unwrap().uid() == 0;

    let embedded = start(&dir.0, None).await.unwrap();
    assert_eq!(embedded.cluster_dir().starts_with(&dir.0), !root);
    execute(&embedded, "create table kept (id int); insert into kept values (7)").await;
    let place = embedded.cluster_dir().to_owned();
    embedded.stop().await.unwrap();

    let embedded = start(&dir.0, None).await.unwrap();
    assert_eq!(embedded.cluster_dir(), place);
    assert_eq!(one(&embedded, "select id::text from kept").await, "7");
    embedded.stop().await.unwrap();
}

#[tokio::test]
async fn an_interrupted_creation_is_begun_again() {
    let dir = DataDir::new();
    fs::create_dir_all(dir.0.join("postgres.new/base")).unwrap();
    start(&dir.0, None).await.unwrap().stop().await.unwrap();
}

#[tokio::test]
async fn a_folder_without_postgres_is_named_in_the_error() {
    let dir = DataDir::new();
    let error = start(&dir.0, Some(&dir.0)).await.unwrap_err().to_string();
    assert!(error.contains("15 or newer was not found") && error.contains(dir.0.to_str().unwrap()), "{error}");
}

#[test]
fn the_socket_fits_whatever_the_data_directory_is_called() {
    let socket = super::socket_dir(Path::new(&"/long".repeat(100))).join(".s.PGSQL.5432.lock");
    assert!(socket.to_str().unwrap().len() < 107);
}
