//! The schema: every table has an owner, keys carry it, names are chosen, and row security holds by itself.

use chrono::TimeDelta;
use concord::base::OperatorId;
use concord::base::TenantId;
use concord::store::Reach;
use concord::store::Store;
use concord::store::ensure_partitions;
use sqlx::PgPool;
use uuid::Uuid;

use crate::tables::GLOBAL;
use crate::tables::OPERATOR;
use crate::tables::OPERATOR_WRITES;
use crate::tables::ORG;
use crate::tables::PRIVATE;
use crate::tables::PUBLIC;
use crate::tables::TENANT;
use crate::tables::TOLD_TENANTS;
use crate::tables::owned;
use crate::world::now;
use crate::world::orgs;
use crate::world::store;

async fn texts(pool: &PgPool, sql: &str) -> Vec<String> {
    sqlx::query_scalar(sql).fetch_all(pool).await.expect("a list")
}

fn none(what: &str, faults: &[String]) {
    assert!(faults.is_empty(), "{what}:\n{}", faults.join("\n"));
}

#[sqlx::test]
async fn every_table_has_one_owner(pool: PgPool) {
    let sql = "select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
               and not relispartition order by 1";
    let tables = texts(&pool, sql).await;
    let lists = || [TENANT, OPERATOR, ORG, GLOBAL].into_iter().flatten();
    let mut faults = Vec::new();
    for table in &tables {
        let times = lists().filter(|listed| *listed == table).count();
        if times != 1 {
            faults.push(format!("{table} stands in {times} lists"));
        }
    }
    faults.extend(lists().filter(|listed| !tables.iter().any(|t| t == *listed)).map(|listed| format!("{listed} is no table")));
    for (table, column) in owned() {
        let sql = format!(
            "select attname::text from pg_attribute where attrelid = '{table}'::regclass and attname = '{column}' and attnotnull
             and atttypid = 'uuid'::regtype"
        );
        if texts(&pool, &sql).await.is_empty() {
            faults.push(format!("{table} has no uuid {column} that is never null"));
        }
    }
    none("tables", &faults);
}

#[sqlx::test]
async fn keys_carry_the_owner(pool: PgPool) {
    let mut faults = Vec::new();
    for (table, column) in owned() {
        let sql = format!(
            "select i.indexrelid::regclass::text from pg_index i
             where i.indrelid = '{table}'::regclass and i.indisunique
               and not exists (select from pg_attribute a where a.attrelid = i.indrelid and a.attnum = any (i.indkey) and a.attname = '{column}')"
        );
        faults.extend(texts(&pool, &sql).await.iter().map(|index| format!("{index} of {table} is unique without {column}")));
        let sql = format!("select conname::text from pg_constraint where conrelid = '{table}'::regclass and contype = 'p'");
        if texts(&pool, &sql).await.is_empty() {
            faults.push(format!("{table} has no primary key"));
        }
        let others: Vec<String> = owned().filter(|(_, c)| *c == column).map(|(t, _)| format!("'{t}'::regclass")).collect();
        let sql = format!(
            "select c.conname::text from pg_constraint c
             where c.contype = 'f' and c.conrelid = '{table}'::regclass and c.confrelid in ({})
               and not exists (select from unnest(c.conkey, c.confkey) as k (own, other)
                 join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.own
                 join pg_attribute b on b.attrelid = c.confrelid and b.attnum = k.other
                 where a.attname = '{column}' and b.attname = '{column}')",
            others.join(", ")
        );
        faults.extend(texts(&pool, &sql).await.iter().map(|key| format!("{key} of {table} joins without {column}")));
    }
    let sql = "select c.conname::text from pg_constraint c join pg_class t on t.oid = c.confrelid
               where c.contype = 'f' and c.conparentid = 0 and (t.relkind = 'p' or t.relispartition)";
    faults.extend(texts(&pool, sql).await.iter().map(|key| format!("{key} points at a partitioned table")));
    none("keys", &faults);
}

const UNCHOSEN: &str = "select conrelid::regclass::text || '.' || conname from pg_constraint
    where connamespace = 'public'::regnamespace and conrelid <> 0 and conparentid = 0 and contype in ('p', 'u', 'f', 'c', 'x')
      and conrelid not in (select oid from pg_class where relispartition) and conrelid <> '_sqlx_migrations'::regclass
      and conname ~ '_(key|check|fkey|pkey|excl|not_null)[0-9]*$'";

#[sqlx::test]
async fn every_constraint_has_a_chosen_name(pool: PgPool) {
    none("constraints", &texts(&pool, UNCHOSEN).await);
    sqlx::raw_sql("create table careless (id integer primary key check (id > 0))").execute(&pool).await.expect("made");
    assert_eq!(texts(&pool, UNCHOSEN).await.len(), 2, "the rule can fail");
}

#[sqlx::test]
async fn row_security_is_forced_and_plain(pool: PgPool) {
    let mut faults = Vec::new();
    for (table, column) in owned() {
        let sql = format!(
            "select relname::text from pg_class where oid = '{table}'::regclass and relrowsecurity and relforcerowsecurity"
        );
        if texts(&pool, &sql).await.is_empty() {
            faults.push(format!("row security of {table} is not forced"));
        }
        let sql = format!(
            "select polname || ': ' || coalesce(pg_get_expr(polqual, polrelid), '') || coalesce(pg_get_expr(polwithcheck, polrelid), '')
             from pg_policy where polrelid = '{table}'::regclass
               and not (polroles = array['concord_job'::regrole::oid])"
        );
        for policy in texts(&pool, &sql).await {
            let (name, rule) = policy.split_once(": ").unwrap_or_default();
            let axis = |column: &str, axis: &str| {
                format!("({column} = (NULLIF(current_setting('app.{axis}'::text, true), ''::text))::uuid)")
            };
            let plain =
                [axis(column, "tenant"), axis(column, "operator"), axis("operator_id", "operator"), axis("tenant_id", "tenant")];
            let append = table == "chain_pending" && name == "append" && rule == "true";
            let public = PUBLIC.contains(&table) && name == "everybody" && rule == "true";
            if !append && !public && !plain.iter().any(|plain| plain == rule) {
                faults.push(format!("policy {name} of {table} is not plain: {rule}"));
            }
        }
    }
    none("policies", &faults);
}

#[sqlx::test]
async fn grants_are_few(pool: PgPool) {
    let store = store(pool.clone()).await;
    let on_partitions = "select c.relname || ' to ' || a.grantee::regrole from pg_class c, aclexplode(c.relacl) a
                         where c.relispartition and a.grantee <> c.relowner";
    none("grants on partitions", &texts(&pool, on_partitions).await);
    let to_public = "select c.relname::text from pg_class c, aclexplode(c.relacl) a
                     where c.relnamespace = 'public'::regnamespace and a.grantee = 0";
    none("grants to everybody", &texts(&pool, to_public).await);
    let lent = "select p.proname::text from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
                where p.pronamespace = 'public'::regnamespace and p.prosecdef and a.grantee = 0";
    none("owner's rights lent to everybody", &texts(&pool, lent).await);
    let strayed = "select proname::text from pg_proc where pronamespace = 'public'::regnamespace and prosecdef
                   and not coalesce(proconfig @> array['search_path=public, pg_temp'], false)";
    none("owner's rights that a temporary object can bend", &texts(&pool, strayed).await);
    let strong = "select rolname::text from pg_roles where rolname in ('concord_app', 'concord_job') and (rolbypassrls or rolsuper or rolcanlogin)";
    none("roles that are too strong", &texts(&pool, strong).await);
    let owns = "select relname::text from pg_class where relowner in ('concord_app'::regrole, 'concord_job'::regrole)";
    none("tables owned by a working role", &texts(&pool, owns).await);
    let members =
        "select m.member::regrole::text from pg_auth_members m where m.member in ('concord_app'::regrole, 'concord_job'::regrole)";
    none("working roles that are members of others", &texts(&pool, members).await);
    let mut tx = store.begin(Reach::Nobody).await.expect("begun");
    let read = sqlx::query("select count(*) from audit_event_202611").fetch_one(&mut *tx).await;
    assert!(read.is_err(), "a partition can be read past its table");
}

#[sqlx::test]
async fn partitions_are_made_ahead(pool: PgPool) {
    let store = store(pool).await;
    let parents =
        texts(store.pool(), "select relname::text from pg_class where relkind = 'p' and relnamespace = 'public'::regnamespace")
            .await;
    let listed = texts(store.pool(), "select name from partitioned_table").await;
    assert!(parents.len() >= 3 && parents.iter().all(|parent| listed.contains(parent)), "{parents:?} {listed:?}");
    ensure_partitions(&store, now()).await.expect("made");
    assert_eq!(ensure_partitions(&store, now()).await.expect("asked"), 0, "made before");
    let later = now() + TimeDelta::days(30_000);
    assert_eq!(usize::try_from(ensure_partitions(&store, later).await.expect("made")).expect("a count"), 4 * parents.len());
    let daily = texts(store.pool(), "select name from partitioned_table where grain = 'day'").await;
    for parent in parents {
        let spans = if daily.contains(&parent) {
            ["20261122", "20261123", "20261124", "20261125"]
        } else {
            ["202610", "202611", "202612", "202701"]
        };
        for span in spans {
            let sql = format!("select to_regclass('{parent}_{span}')::text");
            let found: Option<String> = sqlx::query_scalar(&sql).fetch_one(store.pool()).await.expect("asked");
            assert!(found.is_some(), "{parent}_{span}");
        }
    }
}

async fn count(store: &Store, reach: Reach, table: &str, condition: &str) -> i64 {
    let mut tx = store.begin(reach).await.expect("begun");
    let sql = format!("select count(*) from {table} where {condition}");
    sqlx::query_scalar(&sql).fetch_one(&mut *tx).await.unwrap_or_else(|error| {
        match error.as_database_error().and_then(|e| e.code()) {
            Some(code) if code == "42501" => 0,
            _ => panic!("{table}: {error}"),
        }
    })
}

#[sqlx::test]
async fn row_security_alone_shows_only_own_rows(pool: PgPool) {
    let store = store(pool).await;
    let ([a, b], [x, y]) = orgs(&store).await;
    let mut faults = Vec::new();
    for (table, column) in owned() {
        for owner in if TENANT.contains(&table) { [a.0, b.0] } else { [x.0, y.0] } {
            let sql = format!("select count(*) from {table} where {column} = '{owner}'");
            let rows: i64 = sqlx::query_scalar(&sql).fetch_one(store.pool()).await.expect("counted");
            if rows == 0 {
                faults.push(format!("{table} has no row in fixture.sql"));
            }
        }
        faults.extend(read_faults(&store, table, column, (a, x), (b, y)).await);
        faults.extend(write_faults(&store, table, column, (a, x), (b, y)).await);
    }
    none("rows", &faults);
}

type Pair = (TenantId, OperatorId);

async fn read_faults(store: &Store, table: &str, column: &str, own: Pair, foreign: Pair) -> Vec<String> {
    let mut faults = Vec::new();
    let mut expect = |found: bool, wanted: bool, what: &str| {
        if found != wanted && !(PUBLIC.contains(&table) && found) {
            faults.push(format!("{table}: {what}: {}", if found { "sees rows" } else { "sees none" }));
        }
    };
    let (tenant, operator) = (Reach::Tenant(own.0), Reach::Operator(own.1));
    expect(count(store, Reach::Nobody, table, "true").await > 0, false, "nobody");
    let ids = [foreign.0.0, foreign.1.0];
    let foreign = |column: &str| format!("{column} in ('{}', '{}')", ids[0], ids[1]);
    expect(count(store, tenant, table, &foreign(column)).await > 0, false, "a tenant, rows of others");
    expect(count(store, operator, table, &foreign(column)).await > 0, false, "an operator, rows of others");
    let whole = count(store, tenant, table, "true").await > 0;
    expect(whole, TENANT.contains(&table) || ORG.contains(&table) || TOLD_TENANTS.contains(&table), "a tenant, its own");
    let whole = count(store, operator, table, "true").await > 0;
    expect(whole, !PRIVATE.contains(&table), "an operator, its own");
    if TOLD_TENANTS.contains(&table) {
        expect(count(store, tenant, table, &foreign("tenant_id")).await > 0, false, "a tenant, rows about others");
    }
    if TENANT.contains(&table) && !PRIVATE.contains(&table) {
        expect(count(store, operator, table, &foreign("operator_id")).await > 0, false, "an operator, rows of another operator");
    }
    faults
}

/// Whether a statement changed a row; refused by grants counts as no.
async fn changes(store: &Store, reach: Reach, sql: &str) -> bool {
    let mut tx = store.begin(reach).await.expect("begun");
    let done = sqlx::raw_sql(sql).execute(&mut *tx).await;
    match done {
        Ok(done) => done.rows_affected() > 0,
        Err(error) => {
            let code = error.as_database_error().and_then(|e| e.code()).unwrap_or_default().into_owned();
            // No right to it, or a foreign key in the way of a row that could be seen.
            assert!(code == "42501" || code == "23503", "{sql}: {error}");
            code == "23503"
        }
    }
}

async fn write_faults(store: &Store, table: &str, column: &str, own: Pair, foreign: Pair) -> Vec<String> {
    let mut faults = Vec::new();
    let theirs = if TENANT.contains(&table) || ORG.contains(&table) { foreign.0.0 } else { foreign.1.0 };
    for (who, reach) in [("a tenant", Reach::Tenant(own.0)), ("an operator", Reach::Operator(own.1)), ("nobody", Reach::Nobody)] {
        for sql in [
            format!("update {table} set {column} = {column} where {column} = '{theirs}'"),
            format!("delete from {table} where {column} = '{theirs}'"),
        ] {
            if changes(store, reach, &sql).await {
                faults.push(format!("{who} changes rows of others: {sql}"));
            }
        }
        // Anybody may queue an entry for a chain: a transfer stands in both parties'.
        if table != "chain_pending" && inserts(store, reach, table, column, theirs).await {
            faults.push(format!("{who} writes rows of others into {table}"));
        }
    }
    let customer = own.0.0;
    let sql = format!("update {table} set {column} = {column} where {column} = '{customer}'");
    if TENANT.contains(&table) && !OPERATOR_WRITES.contains(&table) && changes(store, Reach::Operator(own.1), &sql).await {
        faults.push(format!("an operator changes its customer's rows in {table}"));
    }
    faults
}

/// Tries to write a row that belongs to somebody else: the very row that is there, read by the job role.
async fn inserts(store: &Store, reach: Reach, table: &str, column: &str, theirs: Uuid) -> bool {
    let columns = format!(
        "select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute
         where attrelid = '{table}'::regclass and attnum > 0 and not attisdropped and attgenerated = '' and attidentity = ''"
    );
    let columns: String = sqlx::query_scalar(&columns).fetch_one(store.pool()).await.expect("columns");
    let row = format!("select to_jsonb(t)::text from {table} t where {column} = '{theirs}' limit 1");
    let row: Option<String> = sqlx::query_scalar(&row).fetch_optional(store.pool()).await.expect("a row");
    let Some(row) = row else {
        return false;
    };
    let row = row.replace('\'', "''");
    let sql = format!("insert into {table} ({columns}) select {columns} from jsonb_populate_record(null::{table}, '{row}')");
    let mut tx = store.begin(reach).await.expect("begun");
    match sqlx::raw_sql(&sql).execute(&mut *tx).await {
        Ok(_) => true,
        // Row security is judged before uniqueness: getting as far as that is a fault.
        Err(error) => error.as_database_error().and_then(|e| e.code()).as_deref() != Some("42501"),
    }
}

/// The sieve above finds a table without row security.
#[sqlx::test]
async fn a_table_without_row_security_is_found(pool: PgPool) {
    let store = store(pool).await;
    let ([a, b], [x, y]) = orgs(&store).await;
    sqlx::raw_sql("alter table target disable row level security").execute(store.pool()).await.expect("disabled");
    assert!(read_faults(&store, "target", "tenant_id", (a, x), (b, y)).await.len() >= 3);
    assert!(!write_faults(&store, "target", "tenant_id", (a, x), (b, y)).await.is_empty());
}
