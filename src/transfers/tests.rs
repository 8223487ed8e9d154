//! Stories of gate and register over a real database.

mod api;
mod chain;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use sqlx::PgConnection;
use sqlx::PgPool;
use uuid::Uuid;

use super::*;
use crate::base::AccountId;
use crate::base::Actor;
use crate::base::ConsentId;
use crate::base::Ctx;
use crate::base::Env;
use crate::base::OperatorId;
use crate::base::Org;
use crate::base::Scope;
use crate::base::TenantId;
use crate::base::TransferId;
use crate::identity;
use crate::store::ChainFault;
use crate::store::ChainVerdict;
use crate::store::Reach;
use crate::store::SecretKey;
use crate::store::Store;
use crate::store::ensure_partitions;

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_780)
}

struct World {
    store: Store,
    kestrel: TenantId,
    osprey: TenantId,
    norvik: OperatorId,
}

async fn world(pool: PgPool, seed: u64) -> World {
    let env = Env::fixed(now(), seed);
    let key = SecretKey::parse(&SecretKey::generate(&env)).expect("a key");
    let store = Store::new(pool, env, key);
    ensure_partitions(&store, now()).await.expect("partitions");
    let mut tenants = Vec::new();
    for slug in ["kestrel", "osprey"] {
        let new = identity::NewTenant {
            slug,
            name: slug,
            country: "DE",
            time_zone: "Europe/Berlin",
            sip_domain: &format!("{slug}.sip.example"),
            quarantine_days: 30,
        };
        tenants.push(identity::create_tenant(&store, new).await.expect("a tenant"));
    }
    let new = identity::NewOperator {
        slug: "norvik",
        name: "Norvik",
        time_zone: "Europe/Oslo",
        countries: &["DE", "NO"],
        services: &[],
        website: None,
    };
    let norvik = identity::create_operator(&store, new).await.expect("an operator");
    World { store, kestrel: tenants[0], osprey: tenants[1], norvik }
}

impl World {
    fn entry(&self, tenant: TenantId, reference: &str) -> NewTransfer {
        NewTransfer {
            tenant,
            operator: self.norvik,
            direction: Direction::ToOperator,
            classes: vec![Class::Numbers],
            channel: Channel::Push,
            state: TransferState::Unconfirmed,
            records: 1,
            period: None,
            basis: Basis::Consent { id: ConsentId(Uuid::from_u128(5)), notice_version: "2026-11".to_owned() },
            digest: Some([7; 32]),
            reference: reference.to_owned(),
            actor_label: Some("Mara Lindner".to_owned()),
            frozen_at: self.store.env.now() + TimeDelta::minutes(10),
        }
    }

    async fn register(&self, tenant: TenantId, count: usize) -> Vec<(DateTime<Utc>, TransferId)> {
        let entries: Vec<NewTransfer> = (0..count).map(|n| self.entry(tenant, &format!("evt_{n}"))).collect();
        let mut tx = self.store.begin_job().await.expect("begun");
        let ids = register(&mut tx, &self.store.env, &entries).await.expect("registered");
        tx.commit().await.expect("committed");
        ids
    }

    async fn seal_all(&self) {
        while seal(self.store.clone()).await.expect("sealed") {}
    }

    async fn verdict(&self, reach: Reach, org: Uuid) -> ChainVerdict {
        let mut tx = self.store.begin(reach).await.expect("begun");
        verify(&mut tx, org).await.expect("verified")
    }

    /// `count` settled and chained entries of one tenant.
    async fn chained(&self, count: usize) -> Vec<Uuid> {
        let ids = self.register(self.kestrel, count).await;
        self.store.env.advance(TimeDelta::minutes(11));
        self.seal_all().await;
        ids.into_iter().map(|(_, id)| id.0).collect()
    }

    async fn faults(&self) -> Vec<(Option<Uuid>, ChainFault)> {
        self.verdict(Reach::Tenant(self.kestrel), self.kestrel.0).await.problems
    }

    fn ctx(&self, org: Org) -> Ctx {
        Ctx {
            actor: Actor::Account { id: AccountId(Uuid::from_u128(9)), label: "Hilde Sandvik".to_owned() },
            org,
            scopes: [Scope::RegisterRead].into_iter().collect(),
            request_id: "req_1".to_owned(),
            address: None,
            env: self.store.env.clone(),
        }
    }
}

/// Like the owner of the database: row security is off for it while this runs.
async fn as_owner(pool: &PgPool, sql: &str) {
    let mut conn = pool.acquire().await.expect("a connection");
    let off = "alter table transfer no force row level security; alter table chain_entry no force row level security";
    for step in [off, sql] {
        sqlx::raw_sql(step).execute(&mut *conn).await.expect("done");
    }
    let on = "alter table transfer force row level security; alter table chain_entry force row level security";
    sqlx::raw_sql(on).execute(&mut *conn).await.expect("done");
}

async fn seq_of(conn: &mut PgConnection, org: Uuid, entry: Uuid) -> Option<i64> {
    sqlx::query_scalar("select seq from chain_entry where org_id = $1 and entry_id = $2")
        .bind(org)
        .bind(entry)
        .fetch_optional(conn)
        .await
        .expect("read")
}

#[sqlx::test]
async fn an_entry_is_settled_frozen_chained_in_both_chains_and_proved(pool: PgPool) {
    let w = world(pool, 1).await;
    let ids = w.register(w.kestrel, 3).await;
    w.seal_all().await;
    assert_eq!(w.verdict(Reach::Tenant(w.kestrel), w.kestrel.0).await.entries, 0, "nothing is chained before it is final");

    let mut tx = w.store.begin_job().await.expect("begun");
    let (at, id) = ids[0];
    settle(&mut tx, w.store.env.now(), &[(w.kestrel, at, id, TransferState::Confirmed)]).await.expect("settled");
    let late = [(w.kestrel, at, id, TransferState::Failed)];
    settle(&mut tx, w.store.env.now(), &late).await.expect("late news");
    tx.commit().await.expect("committed");
    w.store.env.advance(TimeDelta::minutes(11));
    w.seal_all().await;

    for (reach, org) in [(Reach::Tenant(w.kestrel), w.kestrel.0), (Reach::Operator(w.norvik), w.norvik.0)] {
        let verdict = w.verdict(reach, org).await;
        assert_eq!((verdict.entries, verdict.sealed_to, verdict.ok()), (3, 3, true), "{verdict:?}");
        assert!(verdict.head.len() == 64 && verdict.head != "0".repeat(64));
    }
    let mut tx = w.store.begin(Reach::Tenant(w.kestrel)).await.expect("begun");
    let rows = list(&mut tx, &TransferFilter::default(), None, 10).await.expect("listed");
    let settled = rows.iter().find(|row| row.id == id.0).expect("the entry");
    assert_eq!(settled.state, "confirmed", "late news changes nothing");
    assert!(rows.iter().all(|row| row.seq.is_some() && row.hash.is_some()));
}

#[sqlx::test]
async fn a_changed_entry_is_found(pool: PgPool) {
    let w = world(pool, 2).await;
    let ids = w.chained(5).await;
    let mut tx = w.store.begin_job().await.expect("begun");
    sqlx::query("update transfer set records = 0 where id = $1").bind(ids[2]).execute(&mut *tx).await.expect("changed");
    tx.commit().await.expect("committed");
    assert_eq!(w.faults().await, [(Some(ids[2]), ChainFault::Changed)]);
}

#[sqlx::test]
async fn a_changed_name_is_found_and_an_erased_one_is_no_fault(pool: PgPool) {
    let w = world(pool, 3).await;
    let ids = w.chained(4).await;
    let mut tx = w.store.begin_job().await.expect("begun");
    let (salt, label): (Vec<u8>, String) = sqlx::query_as("select salt, actor_label from transfer where id = $1")
        .bind(ids[1])
        .fetch_one(&mut *tx)
        .await
        .expect("read");
    sqlx::query("update transfer set salt = null, actor_label = null, personal_hash = $2 where id = $1")
        .bind(ids[1])
        .bind(&crate::store::personal_hash(&salt, &label)[..])
        .execute(&mut *tx)
        .await
        .expect("erased");
    tx.commit().await.expect("committed");
    let verdict = w.verdict(Reach::Tenant(w.kestrel), w.kestrel.0).await;
    assert!(verdict.ok() && verdict.erased == 1, "{verdict:?}");

    let mut tx = w.store.begin_job().await.expect("begun");
    sqlx::query("update transfer set actor_label = 'Nobody' where id = $1").bind(ids[3]).execute(&mut *tx).await.expect("changed");
    tx.commit().await.expect("committed");
    assert_eq!(w.faults().await, [(Some(ids[3]), ChainFault::Changed)]);
}

#[sqlx::test]
async fn a_removed_entry_is_found_with_or_without_its_link(pool: PgPool) {
    let w = world(pool.clone(), 4).await;
    let ids = w.chained(5).await;
    as_owner(&pool, &format!("delete from transfer where id = '{}'", ids[1])).await;
    assert_eq!(w.faults().await, [(Some(ids[1]), ChainFault::Missing)]);
    let org = w.kestrel.0;
    as_owner(&pool, &format!("delete from chain_entry where org_id = '{org}' and entry_id = '{}'", ids[1])).await;
    assert_eq!(w.faults().await, [(None, ChainFault::Missing)], "a gap in the numbers");
    let other = w.verdict(Reach::Operator(w.norvik), w.norvik.0).await;
    assert_eq!(other.problems, [(Some(ids[1]), ChainFault::Missing)], "the other side still knows which");
}

#[sqlx::test]
async fn removing_the_end_of_the_chain_is_found(pool: PgPool) {
    let w = world(pool.clone(), 5).await;
    let ids = w.chained(3).await;
    let org = w.kestrel.0;
    let mut tx = w.store.begin_job().await.expect("begun");
    let last = {
        let mut found = None;
        for id in &ids {
            if seq_of(&mut tx, org, *id).await == Some(3) {
                found = Some(*id);
            }
        }
        found.expect("the last")
    };
    drop(tx);
    let sql =
        format!("delete from chain_entry where org_id = '{org}' and entry_id = '{last}'; delete from transfer where id = '{last}'");
    as_owner(&pool, &sql).await;
    assert_eq!(w.faults().await, [(None, ChainFault::Missing)]);
}

#[sqlx::test]
async fn entries_that_changed_places_are_found(pool: PgPool) {
    let w = world(pool.clone(), 6).await;
    w.chained(6).await;
    let org = w.kestrel.0;
    // Whole links change places, with their hashes.
    let swap = |a: i64, b: i64| {
        format!(
            "update chain_entry set seq = -1 where org_id = '{org}' and seq = {a};
             update chain_entry set seq = {a} where org_id = '{org}' and seq = {b};
             update chain_entry set seq = {b} where org_id = '{org}' and seq = -1"
        )
    };
    as_owner(&pool, &swap(3, 4)).await;
    let faults = w.faults().await;
    assert_eq!(faults.iter().map(|fault| fault.1).collect::<Vec<_>>(), [ChainFault::Reordered; 2], "{faults:?}");
    as_owner(&pool, &swap(3, 4)).await;
    assert!(w.faults().await.is_empty());
    // Only what the links name changes places.
    let names = format!(
        "with a as (select entry_id from chain_entry where org_id = '{org}' and seq = 2),
              b as (select entry_id from chain_entry where org_id = '{org}' and seq = 5)
         update chain_entry c set entry_id = case c.seq when 2 then (select entry_id from b) else (select entry_id from a) end
         where org_id = '{org}' and seq in (2, 5)"
    );
    as_owner(&pool, &names).await;
    let faults = w.faults().await;
    assert_eq!(faults.iter().map(|fault| fault.1).collect::<Vec<_>>(), [ChainFault::Reordered; 2], "{faults:?}");
}

#[sqlx::test]
async fn the_chain_stays_whole_under_writers_and_sealers(pool: PgPool) {
    const WRITERS: usize = 8;
    const EACH: usize = 25;
    let w = std::sync::Arc::new(world(pool, 7).await);
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..WRITERS {
        let w = w.clone();
        tasks.spawn(async move {
            for _ in 0..EACH {
                let tenant = if n % 2 == 0 { w.kestrel } else { w.osprey };
                let mut entry = w.entry(tenant, "evt");
                entry.frozen_at = w.store.env.now() - TimeDelta::seconds(5);
                let mut tx = w.store.begin_job().await.expect("begun");
                register(&mut tx, &w.store.env, &[entry]).await.expect("registered");
                tokio::task::yield_now().await;
                tx.commit().await.expect("committed");
            }
        });
    }
    for _ in 0..2 {
        let w = w.clone();
        tasks.spawn(async move {
            for _ in 0..200 {
                seal(w.store.clone()).await.expect("sealed");
                tokio::task::yield_now().await;
            }
        });
    }
    tasks.join_all().await;
    // On a busy machine a look at the beginning counts as dear, and what was committed late waits for the next of those.
    for _ in 0..400 {
        w.seal_all().await;
        let waits = "select exists (select from chain_pending where chain = 'register' and due_at <= $1)";
        let waits: bool = sqlx::query_scalar(waits).bind(w.store.env.now()).fetch_one(w.store.pool()).await.expect("a row");
        if !waits {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    let all = i64::try_from(WRITERS * EACH).expect("small");
    let verdict = w.verdict(Reach::Operator(w.norvik), w.norvik.0).await;
    assert_eq!((verdict.entries, verdict.sealed_to, verdict.ok()), (all, all, true), "{verdict:?}");
    for tenant in [w.kestrel, w.osprey] {
        let verdict = w.verdict(Reach::Tenant(tenant), tenant.0).await;
        assert_eq!((verdict.entries, verdict.ok()), (all / 2, true), "{verdict:?}");
    }
}

#[sqlx::test]
async fn a_view_coalesces_for_fifteen_minutes(pool: PgPool) {
    let w = world(pool, 8).await;
    let ctx = w.ctx(Org::Operator(w.norvik));
    for (minutes, records) in [(0, 10), (5, 4), (16, 3)] {
        let before = w.store.env.now();
        w.store.env.advance(TimeDelta::minutes(minutes) - (before - now()));
        let mut tx = w.store.begin(Reach::Pair(w.kestrel, w.norvik)).await.expect("begun");
        let view = View {
            tenant: w.kestrel,
            operator: w.norvik,
            classes: &[Class::Numbers],
            basis: Basis::WindDown,
            name: "numbers",
            records,
        };
        register_view(&mut tx, &ctx, view).await.expect("registered");
        tx.commit().await.expect("committed");
    }
    let mut tx = w.store.begin(Reach::Tenant(w.kestrel)).await.expect("begun");
    let rows = list(&mut tx, &TransferFilter::default(), None, 10).await.expect("listed");
    assert_eq!(rows.iter().map(|row| row.records).collect::<Vec<_>>(), [3, 14]);
    drop(tx);
    w.store.env.advance(TimeDelta::minutes(40));
    w.seal_all().await;
    assert!(w.verdict(Reach::Tenant(w.kestrel), w.kestrel.0).await.ok());
}

#[sqlx::test]
async fn nobody_sees_the_entries_of_others(pool: PgPool) {
    let w = world(pool, 9).await;
    w.register(w.kestrel, 2).await;
    w.register(w.osprey, 1).await;
    let everything = TransferFilter::default();
    let foreign = TransferFilter { tenant: Some(w.kestrel), ..TransferFilter::default() };
    let mut tx = w.store.begin(Reach::Tenant(w.osprey)).await.expect("begun");
    assert_eq!(list(&mut tx, &everything, None, 10).await.expect("listed").len(), 1);
    assert!(list(&mut tx, &foreign, None, 10).await.expect("listed").is_empty());
    assert_eq!(totals(&mut tx, &everything).await.expect("added up").iter().map(|t| t.entries).sum::<i64>(), 1);
    drop(tx);
    let mut tx = w.store.begin(Reach::Operator(w.norvik)).await.expect("begun");
    assert_eq!(list(&mut tx, &everything, None, 10).await.expect("listed").len(), 3);
    drop(tx);
    let mut tx = w.store.begin(Reach::Operator(OperatorId(Uuid::from_u128(77)))).await.expect("begun");
    assert!(list(&mut tx, &everything, None, 10).await.expect("listed").is_empty());
    drop(tx);
    let mut tx = w.store.begin(Reach::Nobody).await.expect("begun");
    assert!(list(&mut tx, &everything, None, 10).await.expect("listed").is_empty());
}

#[sqlx::test]
async fn pages_follow_each_other_both_ways(pool: PgPool) {
    let w = world(pool, 10).await;
    w.register(w.kestrel, 7).await;
    let mut tx = w.store.begin(Reach::Tenant(w.kestrel)).await.expect("begun");
    let filter = TransferFilter::default();
    let ids = |rows: &[TransferRow]| rows.iter().map(|row| row.id).collect::<Vec<_>>();
    let all = page(&mut tx, &filter, &Position::Start, 100).await.expect("read");
    let first = page(&mut tx, &filter, &Position::Start, 3).await.expect("read");
    let second = page(&mut tx, &filter, &Position::After(first[2].cursor()), 3).await.expect("read");
    let back = page(&mut tx, &filter, &Position::Before(second[0].cursor()), 3).await.expect("read");
    assert_eq!(ids(&all)[..3], ids(&first));
    assert_eq!(ids(&all)[3..6], ids(&second));
    assert_eq!(ids(&back), ids(&first));
}

#[sqlx::test]
async fn the_register_answers_which_records_went_under_which_consent(pool: PgPool) {
    let w = world(pool, 11).await;
    let mut entries = vec![w.entry(w.kestrel, "evt_a"), w.entry(w.kestrel, "evt_b"), w.entry(w.kestrel, "evt_c")];
    entries[0].records = 40;
    entries[1].state = TransferState::Failed;
    entries[2].basis = Basis::WindDown;
    let mut tx = w.store.begin_job().await.expect("begun");
    register(&mut tx, &w.store.env, &entries).await.expect("registered");
    tx.commit().await.expect("committed");
    let mut tx = w.store.begin(Reach::Tenant(w.kestrel)).await.expect("begun");
    let filter =
        TransferFilter { from: Some(now()), to: Some(now() + TimeDelta::days(1)), operator: Some(w.norvik), ..Default::default() };
    let found = totals(&mut tx, &filter).await.expect("added up");
    let found: Vec<_> = found.iter().map(|t| (t.basis.as_str(), t.notice_version.as_deref(), t.entries, t.records)).collect();
    assert_eq!(found, [("consent", Some("2026-11"), 2, 40), ("wind_down", None, 1, 1)]);
    let later = TransferFilter { from: Some(now() + TimeDelta::microseconds(1)), ..filter };
    assert!(totals(&mut tx, &later).await.expect("added up").is_empty());
}
