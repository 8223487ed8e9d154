//! The demo's data is repeatable, and holds what DESIGN 10 promises.

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use sqlx::PgPool;

use super::*;
use crate::app::demo::DemoFile;
use crate::base::E164;
use crate::store::SecretKey;

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_780) + TimeDelta::hours(11)
}

fn store(pool: PgPool) -> Store {
    let env = Env::fixed(now(), 99);
    let key = SecretKey::parse(&SecretKey::generate(&env)).expect("a key");
    Store::new(pool, env, key)
}

fn options(scale: f64) -> SeedOptions {
    SeedOptions { seed: 1, scale, calls: 0.2, hooks_base: Some("http://127.0.0.1:4010/".to_owned()) }
}

async fn count(store: &Store, sql: &'static str) -> i64 {
    let mut tx = store.begin_job().await.expect("a transaction");
    sqlx::query_scalar(sql).fetch_one(&mut *tx).await.expect(sql)
}

/// Every row that is neither a salted hash nor a sealed secret, as one hash per table.
async fn digests(store: &Store) -> Vec<(String, String)> {
    const TABLES: &[&str] = &[
        "tenant",
        "operator",
        "membership",
        "gate",
        "consent",
        "consent_entry",
        "relationship",
        "number",
        "number_claim",
        "holding",
        "target",
        "assignment",
        "number_tag",
        "number_reservation",
        "number_change",
        "number_change_private",
        "emergency_location",
        "event_out",
        "endpoint",
        "endpoint_key",
        "call_batch",
        "call_reject",
        "call_record",
        "call_replaced",
        "stream",
        "call_personal",
        "call_batch_part",
        "duration_batch",
        "duration_reject",
        "duration_record",
        "duration_day",
        "duration_day_told",
        "pair",
        "usage_day",
        "quality_hour",
    ];
    let mut tx = store.begin_job().await.expect("a transaction");
    let mut digests = Vec::new();
    for table in TABLES {
        // Given out by the database: the order of writing, whose numbers go on after a truncate. And a sum of fractions, whose last
        // digits follow the order of adding.
        let sql = format!(
            "select md5(coalesce(string_agg(row, E'\\n' order by row), '')) || ' ' || count(*)
             from (select (to_jsonb(t) - 'position' - 'mos_sum')::text collate \"C\" as row from {table} t) x"
        );
        let digest: String = sqlx::query_scalar(&sql).fetch_one(&mut *tx).await.expect(table);
        digests.push(((*table).to_owned(), digest));
    }
    digests
}

async fn empty(pool: &PgPool) {
    let tables: String = sqlx::query_scalar(
        "select string_agg(format('%I', c.relname), ', ') from pg_class c
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
           and c.relname not in ('partitioned_table', '_sqlx_migrations')",
    )
    .fetch_one(pool)
    .await
    .expect("tables");
    sqlx::query(&format!("truncate {tables}")).execute(pool).await.expect("truncate");
}

#[sqlx::test]
async fn the_same_seed_gives_the_same_data(pool: PgPool) {
    let store = store(pool.clone());
    let first = seed(&store, &options(0.1)).await.expect("seeded");
    let before = digests(&store).await;
    empty(&pool).await;
    let second = seed(&store, &options(0.1)).await.expect("seeded again");
    assert_eq!(first, second);
    assert_eq!(before, digests(&store).await);

    // A database that is filled is only read back; the endpoints follow the receiver.
    let moved = SeedOptions { hooks_base: Some("http://127.0.0.1:4011".to_owned()), ..options(0.1) };
    let third = seed(&store, &moved).await.expect("read back");
    assert_eq!((&third.accounts, &third.api_clients, &third.tenants), (&first.accounts, &first.api_clients, &first.tenants));
    assert_eq!(
        count(&store, "select count(*) from endpoint where url like 'http://127.0.0.1:4011/%' and state = 'active'").await,
        4
    );
    assert_eq!(count(&store, "select count(*) from endpoint").await, 4);
    let changed = |table: &str| !matches!(table, "endpoint");
    let rest = |all: Vec<(String, String)>| all.into_iter().filter(|(table, _)| changed(table)).collect::<Vec<_>>();
    assert_eq!(rest(before), rest(digests(&store).await));
}

#[sqlx::test]
async fn a_demo_that_was_cut_short_is_not_taken_for_a_whole_one(pool: PgPool) {
    let store = store(pool);
    let mut making = Making {
        store: &store,
        seed: 1,
        scale: 0.0,
        calls: 0.0,
        base: now(),
        tenants: HashMap::new(),
        operators: HashMap::new(),
        admins: HashMap::new(),
    };
    for days in (0..OLDEST + 31).step_by(28) {
        ensure_partitions(&store, now() - TimeDelta::days(days)).await.expect("partitions");
    }
    orgs::organisations(&mut making).await.expect("organisations");
    let error = seed(&store, &options(0.1)).await.expect_err("refused");
    assert!(error.to_string().contains("cut short"), "{error}");
}

#[sqlx::test]
async fn the_promised_rows_are_there(pool: PgPool) {
    let store = store(pool);
    let seeded = seed(&store, &SeedOptions { calls: 0.01, ..options(1.0) }).await.expect("seeded");

    let numbers = count(&store, "select count(*) from number").await;
    assert!((1_900..=2_100).contains(&numbers), "{numbers}");
    let assigned = count(&store, "select count(*) from number where assignment_status <> 'unassigned'").await;
    assert!((numbers * 58 / 100..=numbers * 70 / 100).contains(&assigned), "{assigned} of {numbers}");
    for state in [
        "activation_state = 'assignment_pending'",
        "activation_state = 'assignment_failed' and failure_reason is not null",
        "quarantine_until > now_of_test",
        "assignment_status = 'unassigned' and quarantine_until is null and activation_state = 'activated'",
        "exists (select from number_reservation r where r.tenant_id = n.tenant_id and r.e164 = n.e164)",
        "usage = 'voice_app'",
        "usage = 'conference'",
    ] {
        let state = state.replace("now_of_test", &format!("'{}'", now()));
        let sql: &'static str = format!("select count(*) from number n where {state}").leak();
        assert!(count(&store, sql).await >= 5, "{state}");
    }
    let spare = "select count(*) from target t where licensed and left_at is null and kind = 'user'
                 and not exists (select from assignment a where a.tenant_id = t.tenant_id and a.target_id = t.id and a.ended_at is null)";
    assert!(count(&store, spare).await >= 300);

    // Held since before the last two clock changes of Europe and America: more than a year.
    let old = "select count(*) from holding where held_until is null and held_from < '2025-11-23'";
    assert!(count(&store, old).await >= 40);
    let moved = "select count(distinct tenant_id) * 10 + count(*) filter (where held_until is null)
                 from holding where e164 = '+492214710990'";
    assert_eq!(count(&store, moved).await, 21);
    let silent = "select count(*) from tenant t where exists (select from number n where n.tenant_id = t.id)
                  and not exists (select from gate g where g.tenant_id = t.id and g.class = 'durations' and g.open)";
    assert_eq!(count(&store, silent).await, 1);
    let shut = "select count(*) from number n where not exists (
                  select from gate g where g.tenant_id = n.tenant_id and g.operator_id = n.operator_id and g.country = n.country
                    and g.class = 'numbers' and g.open)";
    assert_eq!(count(&store, shut).await, 0);

    assert_eq!((seeded.tenants.len(), seeded.operators.len(), seeded.endpoints.len()), (5, 5, 4));
    assert_eq!(seeded.api_clients.len(), 11);
    assert_eq!(count(&store, "select count(*) from api_client").await, 11);
    for role in ["admin", "helpdesk_1", "helpdesk_2", "auditor", "provisioner", "support", "viewer", "operations"] {
        assert!(seeded.accounts.iter().any(|account| account.role == role), "{role}");
    }
}

#[sqlx::test]
async fn calls_and_durations_are_worked_through(pool: PgPool) {
    let store = store(pool);
    seed(&store, &SeedOptions { calls: 1.0, ..options(0.1) }).await.expect("seeded");
    assert_eq!(count(&store, "select count(*) from change").await, 0, "nothing is left to pair, to roll up or to count");
    assert_eq!(count(&store, "select count(*) from call_batch_part where seq is null").await, 0, "all of it is in the feeds");
    for (what, sql) in [
        ("calls", "select count(*) from call_record"),
        ("pairs by reference", "select count(*) from pair where method = 'operator_ref'"),
        ("pairs by Call-ID", "select count(*) from pair where method = 'sip_call_id'"),
        ("pairs by numbers", "select count(*) from pair where method = 'numbers_and_time'"),
        ("calls without a duration", "select sum(awaiting_calls)::bigint from usage_day"),
        ("poor calls", "select sum(poor)::bigint from quality_hour"),
        ("closed days", "select count(*) from duration_day"),
        ("newer versions", "select count(*) from call_replaced"),
        ("rows taken back", "select count(*) from duration_record where withdrawn"),
        ("rows of a number nobody held", "select count(*) from duration_reject where verdict = 'number_not_held_then'"),
        ("conflicts", "select count(*) from duration_reject where verdict = 'version_conflict'"),
        ("superseded rows", "select count(*) from duration_reject where verdict = 'superseded'"),
        ("rows sent twice", "select count(*) from duration_reject where verdict = 'duplicate'"),
        ("calls under another tenant", "select count(*) from call_record where tenant_mismatch"),
        ("calls of today", "select count(*) from call_record where invited_at >= '2026-11-23'"),
    ] {
        assert!(count(&store, sql).await >= 2, "{what}");
    }
    // Everything but what the month plants is taken.
    let refused = "select count(*) from call_reject where verdict not in ('superseded', 'duplicate')";
    assert_eq!(count(&store, refused).await, 6);
    let silent = "select count(*) from duration_record d join tenant t on t.id = d.tenant_id where t.slug = 'saentis'";
    assert_eq!(count(&store, silent).await, 0);
    // The simulated operators count what reached the feeds in the last half hour.
    let counted = "select count(*) from duration_record d, call_record c
                   where c.tenant_id = d.tenant_id and c.sip_call_id = d.sip_call_id and c.ended_at > '2026-11-23 10:31+00'";
    assert_eq!(count(&store, counted).await, 0);
}

#[sqlx::test]
async fn rows_agree_with_each_other(pool: PgPool) {
    let store = store(pool);
    seed(&store, &options(0.3)).await.expect("seeded");
    for (what, sql) in [
        (
            "a claim for every number",
            "select count(*) from number n full join number_claim c on c.e164 = n.e164 and c.tenant_id = n.tenant_id
               and c.operator_id = n.operator_id and c.last_number_seq <= n.number_seq where n.e164 is null or c.e164 is null",
        ),
        (
            "an open holding for every number",
            "select count(*) from number n where not exists (
               select from holding h where h.tenant_id = n.tenant_id and h.e164 = n.e164 and h.held_until is null and h.operator_id = n.operator_id)",
        ),
        (
            "somebody who has it, exactly when it is assigned",
            "select count(*) from number n where (n.assignment_status <> 'unassigned') <> exists (
               select from assignment a where a.tenant_id = n.tenant_id and a.e164 = n.e164 and a.ended_at is null)",
        ),
        (
            "an event for everything that waits",
            "select count(*) from number n where n.activation_state = 'assignment_pending' and not exists (
               select from event_out e where e.tenant_id = n.tenant_id and e.subject = n.e164 and e.number_seq = n.number_seq)",
        ),
        (
            "a timeline that leads to the number's last state",
            "select count(*) from number n where n.number_seq > 0 and not exists (
               select from number_change c where c.tenant_id = n.tenant_id and c.e164 = n.e164 and c.number_seq = n.number_seq
                 and c.after ->> 'assignment_status' = n.assignment_status and c.after ->> 'activation_state' = n.activation_state)",
        ),
        ("nothing in the future", "select count(*) from number_change where at >= '2026-11-23'"),
    ] {
        assert_eq!(count(&store, sql).await, 0, "{what}");
    }
}

#[test]
fn only_numbers_that_are_kept_free_for_fiction() {
    for block in plan::BLOCKS {
        assert!(block.count <= block.room && block.first + block.room <= 10_usize.pow(u32::try_from(block.digits).expect("few")));
        for index in [block.first, block.first + block.room - 1] {
            let number = format!("{}{:0width$}", block.prefix, index, width = block.digits);
            let number = E164::parse(&number).expect("E.164");
            assert!(crate::numbers::listed(&number), "{number}");
        }
    }
    let cologne = plan::BLOCKS.iter().find(|block| block.city == "Cologne").expect("a block");
    assert!(plan::MOVED.starts_with(cologne.prefix));
}

#[test]
fn the_demo_file_survives_its_directory() {
    let dir = std::env::temp_dir().join(format!("concord-demo-file-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a directory");
    let account = crate::app::demo::DemoAccount {
        email: "admin@contoso.example".to_owned(),
        password: "concord-demo-admin".to_owned(),
        totp_secret: None,
        name: "Jonas Reuter".to_owned(),
        org_kind: "tenant".to_owned(),
        org_id: uuid::Uuid::from_u128(1),
        org_slug: "contoso".to_owned(),
        role: "admin".to_owned(),
    };
    let seeded = Seeded {
        accounts: vec![account],
        api_clients: Vec::new(),
        operators: Vec::new(),
        tenants: Vec::new(),
        endpoints: vec![demo_endpoint(1, "norvik", "http://127.0.0.1:1/hooks/norvik".to_owned())],
    };
    let file = DemoFile::new("http://127.0.0.1:3000/", None, 1, &seeded);
    file.write(&dir).expect("written");
    assert_eq!(DemoFile::read(&dir.join("demo.json")).expect("read"), file);
    assert!(!dir.join("demo.json.new").exists());
    assert!(file.sign_ins().contains("admin@contoso.example  concord-demo-admin  contoso  admin"));
    std::fs::remove_dir_all(&dir).expect("removed");
}
