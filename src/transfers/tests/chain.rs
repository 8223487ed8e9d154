//! The proof of the chain: beside sealers at work, over erased entries and over months that are gone.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use super::super::queries_chain::facts_of;
use super::*;
use crate::audit;
use crate::store::Chain;
use crate::store::ChainHead;
use crate::store::head_of;
use crate::store::holds_head;
use crate::store::read_anchors;
use crate::store::seal_chains;

impl World {
    /// Both parties' verdicts.
    async fn both(&self) -> [ChainVerdict; 2] {
        let tenant = self.verdict(Reach::Tenant(self.kestrel), self.kestrel.0).await;
        [tenant, self.verdict(Reach::Operator(self.norvik), self.norvik.0).await]
    }

    /// To a time, with its partitions.
    async fn at(&self, at: DateTime<Utc>) {
        self.store.env.advance(at - self.store.env.now());
        ensure_partitions(&self.store, at).await.expect("partitions");
    }

    /// Many more tenants, each with a few entries that may be chained now.
    async fn crowd(&self, count: usize, each: usize) -> Vec<TenantId> {
        let mut tenants = Vec::with_capacity(count);
        for n in 0..count {
            let slug = format!("crowd-{n}");
            let new = identity::NewTenant {
                slug: &slug,
                name: &slug,
                country: "DE",
                time_zone: "Europe/Berlin",
                sip_domain: &format!("{slug}.sip.example"),
                quarantine_days: 30,
            };
            tenants.push(identity::create_tenant(&self.store, new).await.expect("a tenant"));
        }
        for _ in 0..each {
            self.store.env.advance(TimeDelta::seconds(1));
            for tenant in &tenants {
                self.register(*tenant, 1).await;
            }
        }
        self.store.env.advance(TimeDelta::minutes(11));
        tenants
    }

    /// Every chain of the crowd is whole and as long as it is to be.
    async fn proves(&self, tenants: &[TenantId], each: i64) {
        for tenant in tenants {
            let verdict = self.verdict(Reach::Tenant(*tenant), tenant.0).await;
            assert_eq!((verdict.entries, verdict.sealed_to, verdict.ok()), (each, each, true), "{verdict:?}");
        }
        let all = each * i64::try_from(tenants.len()).expect("small");
        let verdict = self.verdict(Reach::Operator(self.norvik), self.norvik.0).await;
        assert_eq!((verdict.entries, verdict.sealed_to, verdict.ok()), (all, all, true), "{verdict:?}");
    }

    async fn expire_all(&self) -> usize {
        let mut dropped = 0;
        while expire(self.store.clone()).await.expect("looked") {
            dropped += 1;
        }
        dropped
    }
}

fn day(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

async fn keep(pool: &PgPool, months: i32) {
    let sql = "update partitioned_table set keep_months = $1 where name in ('transfer', 'audit_event')";
    sqlx::query(sql).bind(months).execute(pool).await.expect("set");
}

#[sqlx::test]
async fn verifying_beside_writers_and_sealers_gives_no_false_alarm(pool: PgPool) {
    let w = Arc::new(world(pool, 21).await);
    let done = Arc::new(AtomicBool::new(false));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..3 {
        let (w, done) = (w.clone(), done.clone());
        tasks.spawn(async move {
            while !done.load(Ordering::Relaxed) {
                let mut entry = w.entry(w.kestrel, "evt");
                entry.frozen_at = w.store.env.now() - TimeDelta::seconds(5);
                let mut tx = w.store.begin_job().await.expect("begun");
                register(&mut tx, &w.store.env, &[entry]).await.expect("registered");
                tx.commit().await.expect("committed");
                seal(w.store.clone()).await.expect("sealed");
                // Else the chain grows faster than it can be walked, and each round takes longer than the one before.
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        });
    }
    let mut sealed_to = 0;
    for round in 0..150 {
        for verdict in w.both().await {
            assert!(verdict.ok(), "round {round}: {verdict:?}");
            sealed_to = verdict.sealed_to;
        }
    }
    done.store(true, Ordering::Relaxed);
    tasks.join_all().await;
    assert!(sealed_to > 10, "sealing went on beside it: {sealed_to}");
}

#[sqlx::test]
async fn one_tick_chains_all_organisations_that_wait(pool: PgPool) {
    let w = world(pool, 27).await;
    let tenants = w.crowd(30, 3).await;
    assert!(seal(w.store.clone()).await.expect("sealed"));
    assert!(!seal(w.store.clone()).await.expect("looked"), "nothing is left");
    w.proves(&tenants, 3).await;
    let mut tx = w.store.begin_job().await.expect("begun");
    let chained: Vec<(DateTime<Utc>, Uuid)> =
        sqlx::query_as("select entry_at, entry_id from chain_entry where org_id = $1 and chain = 'register' order by seq")
            .bind(w.norvik.0)
            .fetch_all(&mut *tx)
            .await
            .expect("read");
    assert!(chained.len() == 90 && chained.is_sorted(), "by moment and number");
}

#[sqlx::test]
async fn sealers_at_once_share_what_waits_and_neither_fork_nor_skip(pool: PgPool) {
    let w = Arc::new(world(pool, 28).await);
    let tenants = w.crowd(24, 2).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let w = w.clone();
        tasks.spawn(async move { while seal_chains(&w.store, Chain::Register, 5, facts_of).await.expect("sealed") > 0 {} });
    }
    tasks.join_all().await;
    w.seal_all().await;
    w.proves(&tenants, 2).await;
}

#[sqlx::test]
async fn a_head_in_other_hands_holds_up_its_own_chain_alone(pool: PgPool) {
    let w = world(pool, 29).await;
    w.chained(1).await;
    w.register(w.kestrel, 2).await;
    w.register(w.osprey, 2).await;
    w.store.env.advance(TimeDelta::minutes(11));
    let sealed_to = async |tenant: TenantId| w.verdict(Reach::Tenant(tenant), tenant.0).await.sealed_to;
    let mut other = w.store.begin_job().await.expect("begun");
    sqlx::query("set local idle_in_transaction_session_timeout = 0").execute(&mut *other).await.expect("set");
    let held: i64 = sqlx::query_scalar("select last_seq from chain_head where org_id = $1 and chain = 'register' for update")
        .bind(w.kestrel.0)
        .fetch_one(&mut *other)
        .await
        .expect("locked");
    while seal_chains(&w.store, Chain::Register, 1, facts_of).await.expect("sealed") > 0 {}
    let norvik = w.verdict(Reach::Operator(w.norvik), w.norvik.0).await.sealed_to;
    assert_eq!((held, sealed_to(w.kestrel).await, sealed_to(w.osprey).await, norvik), (1, 1, 2, 5));
    other.rollback().await.expect("let go");
    w.seal_all().await;
    assert_eq!(sealed_to(w.kestrel).await, 3);
    assert!(w.both().await.iter().all(ChainVerdict::ok));
}

#[sqlx::test]
async fn an_entry_removed_before_it_was_chained_is_found(pool: PgPool) {
    let w = world(pool.clone(), 22).await;
    let ids = w.register(w.kestrel, 3).await;
    as_owner(&pool, &format!("delete from transfer where id = '{}'", ids[1].1.0)).await;
    w.store.env.advance(TimeDelta::minutes(11));
    w.seal_all().await;
    for verdict in w.both().await {
        assert_eq!(verdict.problems, [(Some(ids[1].1.0), ChainFault::Missing)]);
        assert_eq!((verdict.entries, verdict.sealed_to), (3, 3));
    }
}

#[sqlx::test]
async fn erasing_takes_the_name_and_leaves_the_proof(pool: PgPool) {
    let w = world(pool.clone(), 23).await;
    let ids = w.register(w.kestrel, 3).await;
    w.store.env.advance(TimeDelta::minutes(11));
    w.seal_all().await;
    let ctx = w.ctx(Org::Tenant(w.kestrel));
    let entry = audit::Entry { action: "register.export", subject_kind: "register", subject_id: "x", detail: None };
    let mut tx = w.store.begin(Reach::Tenant(w.kestrel)).await.expect("begun");
    audit::record(&mut tx, &ctx, entry).await.expect("recorded");
    tx.commit().await.expect("committed");
    while audit::seal(w.store.clone()).await.expect("sealed") {}

    let mut tx = w.store.begin_job().await.expect("begun");
    let names: Vec<_> = ids[..2].iter().map(|(at, id)| (w.kestrel, *at, *id)).collect();
    assert_eq!(erase(&mut tx, &ctx, &names, "request 17").await.expect("erased"), 2);
    let logged: Vec<(DateTime<Utc>, Uuid)> =
        sqlx::query_as("select at, id from audit_event where action = 'register.export'").fetch_all(&mut *tx).await.expect("read");
    assert_eq!(audit::erase(&mut tx, &ctx, &logged, "request 17").await.expect("erased"), 1);
    tx.commit().await.expect("committed");
    while audit::seal(w.store.clone()).await.expect("sealed") {}

    for verdict in w.both().await {
        assert!(verdict.ok() && verdict.erased == 2, "{verdict:?}");
    }
    let mut tx = w.store.begin(Reach::Tenant(w.kestrel)).await.expect("begun");
    let left: Vec<Option<String>> = sqlx::query_scalar("select actor_label from transfer order by actor_label nulls first")
        .fetch_all(&mut *tx)
        .await
        .expect("read");
    assert_eq!(left, [None, None, Some("Mara Lindner".to_owned())]);
    let verdict = audit::verify(&mut tx, w.kestrel.0).await.expect("verified");
    assert!(verdict.ok() && verdict.erased == 1, "the erasures are entries themselves: {verdict:?}");
    let actions: Vec<String> = sqlx::query_scalar(
        "select action from audit_event where action like 'audit.%' or action like 'register.%' order by action",
    )
    .fetch_all(&mut *tx)
    .await
    .expect("read");
    assert_eq!(actions, ["audit.erase", "register.erase", "register.export"]);
    drop(tx);
    // A hash made up for a name that was there is no erasure.
    as_owner(
        &pool,
        &format!("update transfer set salt = null, actor_label = null, personal_hash = sha256('x') where id = '{}'", ids[2].1.0),
    )
    .await;
    assert_eq!(w.faults().await, [(Some(ids[2].1.0), ChainFault::Changed)]);
}

#[sqlx::test]
async fn a_dropped_month_leaves_its_anchor_and_the_rest_still_proves(pool: PgPool) {
    let w = world(pool.clone(), 24).await;
    let old = w.chained(3).await;
    assert_eq!(w.expire_all().await, 0, "60 months are kept");
    keep(&pool, 1).await;
    // Still under way at the turn of the month: it is chained behind one of the next month.
    w.at(day("2026-11-30T23:55:00Z")).await;
    let late = w.register(w.kestrel, 1).await[0].1.0;
    w.at(day("2026-12-01T00:01:00Z")).await;
    let mut quick = w.entry(w.kestrel, "evt_quick");
    quick.frozen_at = w.store.env.now();
    let mut tx = w.store.begin_job().await.expect("begun");
    register(&mut tx, &w.store.env, &[quick]).await.expect("registered");
    tx.commit().await.expect("committed");
    w.at(day("2026-12-01T00:03:00Z")).await;
    w.seal_all().await;
    let young = w.chained(2).await;
    let before = w.both().await;
    assert_eq!((before[0].entries, before[0].sealed_to, before[0].ok()), (7, 7, true), "{before:?}");
    let head = {
        let mut tx = w.store.begin(Reach::Tenant(w.kestrel)).await.expect("begun");
        head_of(&mut tx, w.kestrel.0, Chain::Register).await.expect("read")
    };

    w.at(day("2027-01-05T00:00:00Z")).await;
    assert_eq!(w.expire_all().await, 2, "October, which held nothing, and November");
    let left: i64 = sqlx::query_scalar("select count(*) from transfer where id = any($1)")
        .bind([old.clone(), vec![late]].concat())
        .fetch_one(&mut *w.store.begin_job().await.expect("begun"))
        .await
        .expect("counted");
    assert_eq!(left, 0);
    let after = w.both().await;
    for (verdict, before) in after.iter().zip(&before) {
        assert!(verdict.ok(), "{verdict:?}");
        assert_eq!((verdict.expired, verdict.sealed_to, &verdict.head), (4, 7, &before.head));
    }
    let mut tx = w.store.begin(Reach::Tenant(w.kestrel)).await.expect("begun");
    let anchors = read_anchors(&mut tx, w.kestrel.0, Chain::Register).await.expect("read");
    let found: Vec<_> = anchors.iter().map(|a| (a.before, a.first_seq, a.last_seq, a.count)).collect();
    assert_eq!(found, [(day("2026-11-01T00:00:00Z"), 1, 0, 0), (day("2026-12-01T00:00:00Z"), 1, 3, 3)]);
    let org = w.kestrel.0;
    assert_eq!(holds_head(&mut tx, org, Chain::Register, &head).await.expect("read"), Some(true));
    let made_up = ChainHead { head: "0".repeat(64), ..head.clone() };
    assert_eq!(holds_head(&mut tx, org, Chain::Register, &made_up).await.expect("read"), Some(false));
    assert_eq!(holds_head(&mut tx, org, Chain::Register, &ChainHead { seq: 2, ..head }).await.expect("read"), None);
    drop(tx);

    // What is left is still held against its hashes, the first of them against the anchor.
    as_owner(&pool, &format!("update transfer set records = 9 where id = '{}'", young[1])).await;
    assert_eq!(w.faults().await, [(Some(young[1]), ChainFault::Changed)]);
    as_owner(&pool, &format!("update transfer set records = 1 where id = '{}'", young[1])).await;
    assert!(w.faults().await.is_empty());
    let mut conn = pool.acquire().await.expect("a connection");
    let forged = "alter table chain_anchor no force row level security; update chain_anchor set hash = sha256('x') where count = 3";
    sqlx::raw_sql(forged).execute(&mut *conn).await.expect("forged");
    assert_eq!(w.faults().await.iter().map(|fault| fault.1).collect::<Vec<_>>(), [ChainFault::Changed]);
}

#[sqlx::test]
async fn a_link_removed_before_its_month_was_dropped_stays_found(pool: PgPool) {
    let w = world(pool.clone(), 25).await;
    w.chained(4).await;
    let link = format!("org_id = '{}' and chain = 'register' and seq = 2", w.kestrel.0);
    let sql = format!(
        "delete from transfer where id = (select entry_id from chain_entry where {link}); delete from chain_entry where {link}"
    );
    as_owner(&pool, &sql).await;
    keep(&pool, 1).await;
    w.at(day("2027-01-05T00:00:00Z")).await;
    assert_eq!(w.expire_all().await, 2);
    assert_eq!(w.faults().await, [(None, ChainFault::Missing)]);
}

#[sqlx::test]
async fn a_head_set_back_is_found(pool: PgPool) {
    let w = world(pool.clone(), 26).await;
    w.chained(4).await;
    let org = w.kestrel.0;
    let mut conn = pool.acquire().await.expect("a connection");
    let sql = format!(
        "alter table chain_head no force row level security; alter table chain_entry no force row level security;
         update chain_head h set last_seq = 2, head = (select hash from chain_entry where org_id = '{org}' and seq = 2 and chain = 'register')
         where org_id = '{org}' and chain = 'register';
         alter table chain_entry force row level security; alter table chain_head force row level security"
    );
    sqlx::raw_sql(&sql).execute(&mut *conn).await.expect("set back");
    assert_eq!(w.faults().await, [(None, ChainFault::Missing)]);
}
