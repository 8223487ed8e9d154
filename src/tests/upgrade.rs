//! Upgrades: rows that stand there already come along. The owner runs migrations and is no superuser, here as in production: it sees
//! secured rows only as far as it inherits the rights of `concord_job`.

use std::borrow::Cow;
use std::fs;

use concord::store::Ready;
use sqlx::PgPool;
use sqlx::migrate::Migrator;

use crate::world::store;

/// The migrations that are `wanted`.
fn some(wanted: impl Fn(i64) -> bool) -> Migrator {
    let all = sqlx::migrate!();
    let migrations = all.iter().filter(|one| wanted(one.version)).cloned().collect();
    Migrator { migrations: Cow::Owned(migrations), ..all }
}

/// Runs statements over all organisations.
async fn as_job(pool: &PgPool, sql: &str) {
    let sql = format!("begin; set local role concord_job; {sql}; commit");
    sqlx::raw_sql(&sql).execute(pool).await.expect("done");
}

async fn text(pool: &PgPool, sql: &str) -> String {
    let mut tx = pool.begin().await.expect("a transaction");
    sqlx::raw_sql("set local role concord_job").execute(&mut *tx).await.expect("the role");
    sqlx::query_scalar(sql).fetch_one(&mut *tx).await.expect("a text")
}

/// What 20261124002061 left behind in a running installation.
const ROWS: &str = "
  insert into operator (id, slug, name, time_zone, created_at)
  values ('00000000-0000-7000-8000-000000000001', 'nordlicht', 'Nordlicht', 'Europe/Berlin', '2026-11-01');
  insert into endpoint (operator_id, id, url, signature, max_in_flight, confirms, state, created_at)
  values ('00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000002', 'https://nordlicht.example/hook', 'v1', 4, true,
          'active', '2026-11-01');
  insert into endpoint_turn (operator_id, endpoint_id, turn, cursor_seq, hot)
  values ('00000000-0000-7000-8000-000000000001', '00000000-0000-7000-8000-000000000002', 7, 9,
          '[{\"subject\": \"+493023125011\", \"seq\": 8, \"attempt\": 1, \"next_at\": \"2026-11-02T00:00:00Z\", \"leased_until\": null}]');
  insert into chain_pending (org_id, id, chain, entry_tenant, entry_at, due_at)
  values ('00000000-0000-7000-8000-000000000003', '00000000-0000-7000-8000-000000000004', 'transfer',
          '00000000-0000-7000-8000-000000000003', '2026-11-02', '2026-11-02');
  insert into change (tenant_id, id, list, operator_id, subject, seq, detail, at)
  values ('00000000-0000-7000-8000-000000000003', '00000000-0000-7000-8000-000000000005', 'event_confirmed',
          '00000000-0000-7000-8000-000000000001', '+493023125011', 3, 'number.assigned', '2026-11-02')";

#[sqlx::test(migrations = false)]
async fn rows_of_an_earlier_version_come_along(pool: PgPool) {
    assert_eq!(
        text(&pool, "select rolsuper::text from pg_roles where rolname = session_user").await,
        "false",
        "else nothing is hidden"
    );
    // The database may have been copied from one that has the schema.
    sqlx::raw_sql("drop schema public cascade; create schema public").execute(&pool).await.expect("blank");
    some(|version| version <= 20_261_124_002_061).run(&pool).await.expect("the earlier version");
    as_job(&pool, ROWS).await;
    some(|_| true).run(&pool).await.expect("the upgrade");
    let turn = "select format('%s %s %s %s %s %s', turn, cursor_seq, subjects, seqs, attempts, leases) from endpoint_turn";
    assert_eq!(text(&pool, turn).await, "7 9 {+493023125011} {8} {1} {NULL}");
    assert_eq!(text(&pool, "select entries::text from chain_pending").await, "{00000000-0000-7000-8000-000000000004}");
    assert_eq!(text(&pool, "select concat_ws(' ', list, detail) from change").await, r#"events_taken [["+493023125011", 3]]"#);
    let open =
        "select count(*)::text from pg_class where relname in ('endpoint_turn', 'chain_pending') and not relforcerowsecurity";
    assert_eq!(text(&pool, open).await, "0", "row security binds the owner as well");
}

#[sqlx::test]
async fn a_process_of_another_version_is_not_ready(pool: PgPool) {
    let store = store(pool).await;
    assert_eq!(store.ready().await.expect("an answer"), Ready::Yes);
    let later = "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
                 values (99990101000000, 'later', true, '', 0)";
    sqlx::query(later).execute(store.pool()).await.expect("a later version");
    assert_eq!(store.ready().await.expect("an answer"), Ready::OtherSchema);
}

/// Why these may write rows as they do.
const EXCEPT: [(&str, &str); 2] = [
    ("20261124002070_notices_turn_columns.sql", "it relies on what the owner inherits"),
    ("20261124002072_store_chain_batches.sql", "it relies on what the owner inherits"),
];

/// Statements of a migration that write rows, but not as the role that sees them.
fn blind_writes(text: &str) -> Vec<&str> {
    const WRITES: [&str; 4] = ["update ", "insert into ", "delete from ", "with "];
    let mut as_job = false;
    let mut found = Vec::new();
    for line in text.lines() {
        match line {
            "set local role concord_job;" => as_job = true,
            "reset role;" => as_job = false,
            // No row of it is secured.
            line if line.starts_with("insert into partitioned_table ") => {}
            line if !as_job && WRITES.iter().any(|word| line.starts_with(word)) => found.push(line),
            _ => {}
        }
    }
    found
}

#[test]
fn migrations_write_rows_as_the_role_that_sees_them() {
    let mut seen = 0;
    for entry in fs::read_dir("migrations").expect("migrations") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).expect("a migration");
        let found = blind_writes(&text);
        match EXCEPT.iter().find(|(except, _)| *except == name) {
            Some((_, reason)) => assert!(!found.is_empty(), "{name} needs no exception any more ({reason})"),
            None => assert!(found.is_empty(), "{name} writes rows it may not see: {found:?}"),
        }
        seen += usize::from(text.contains("set local role concord_job;"));
    }
    assert!(seen >= 4, "migrations that write rows: {seen}");
    assert_eq!(blind_writes("update a set b = 1;"), ["update a set b = 1;"]);
    assert!(blind_writes("set local role concord_job;\nupdate a set b = 1;\nreset role;").is_empty());
}
