//! The questions at the end.

use std::collections::BTreeMap;
use std::collections::HashMap;

use chrono::DateTime;
use chrono::Utc;
use concord::base::OperatorId;
use concord::base::Org;
use concord::base::TenantId;
use concord::consent;
use concord::store::Reach;
use concord::transfers;
use uuid::Uuid;

use super::scene::Got;
use super::scene::Scene;
use super::scene::Seen;

type Pair = (TenantId, OperatorId);
/// `[from, until]`: a transfer at the very moment of the change was under way when it came.
type Spells = HashMap<(Pair, &'static str), Vec<(DateTime<Utc>, DateTime<Utc>)>>;

const GATED: [&str; 3] = ["number.assigned", "number.updated", "number.snapshot"];

/// Asks everything; answers the figures.
pub async fn all(scene: &Scene) -> String {
    let (got, seen) = (scene.got(), scene.seen());
    let spells = spells(scene).await;
    let entries = started_while_open(scene, &spells).await;
    answers_came_while_open(&got, &seen, &spells);
    withheld_stays_withheld(&got);
    every_event_arrived(scene, &got).await;
    every_push_has_its_entry(scene, &got).await;
    counts_are_equal(scene, &got, &seen).await;
    chains_prove(scene).await;
    assert!(enough(scene).await, "too quiet to prove");
    let (pushed, withheld) = counted(&got);
    let changes = scalar(scene, CHANGES).await;
    format!(
        "{changes} consent changes, {entries} transfers on consent, {pushed} pushed and {} pulled events of which {withheld} withheld, {} answers with rows",
        got.len() - pushed,
        seen.len()
    )
}

/// Whether so much happened that the questions can fail.
pub async fn enough(scene: &Scene) -> bool {
    let (pushed, withheld) = counted(&scene.got());
    let entries = scalar(scene, "select count(*) from transfer where basis = 'consent' and channel not in ('page', 'batch')").await;
    scalar(scene, CHANGES).await > 8 && entries > 20 && withheld > 0 && pushed > 20
}

const CHANGES: &str = "select count(*) from consent_entry";

/// Events pushed, and events withheld on any way.
fn counted(got: &[Got]) -> (usize, usize) {
    (got.iter().filter(|one| one.pushed).count(), got.iter().filter(|one| one.withheld()).count())
}

async fn scalar(scene: &Scene, sql: &str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&mut *scene.store.begin_job().await.expect("begun")).await.expect("counted")
}

/// When each class was open, as the ledger tells.
async fn spells(scene: &Scene) -> Spells {
    type Line = (Uuid, Uuid, DateTime<Utc>, String, Vec<String>);
    let lines: Vec<Line> = sqlx::query_as(
        "select tenant_id, operator_id, at, action, classes from consent_entry order by tenant_id, operator_id, at, id",
    )
    .fetch_all(&mut *scene.store.begin_job().await.expect("begun"))
    .await
    .expect("read");
    let mut spells: Spells = HashMap::new();
    let mut open: HashMap<(Pair, &'static str), DateTime<Utc>> = HashMap::new();
    for (tenant, operator, at, action, classes) in lines {
        for class in ["numbers", "calls", "quality", "durations"] {
            let key = ((TenantId(tenant), OperatorId(operator)), class);
            let gives = matches!(action.as_str(), "granted" | "changed" | "resumed") && classes.iter().any(|one| one == class);
            match (gives, open.get(&key).copied()) {
                (true, None) => {
                    open.insert(key, at);
                }
                (false, Some(from)) => {
                    open.remove(&key);
                    spells.entry(key).or_default().push((from, at));
                }
                (_, _) => {}
            }
        }
    }
    for (key, from) in open {
        spells.entry(key).or_default().push((from, DateTime::<Utc>::MAX_UTC));
    }
    spells
}

fn open(spells: &Spells, pair: Pair, class: &'static str, (from, until): (DateTime<Utc>, DateTime<Utc>)) -> bool {
    spells.get(&(pair, class)).is_some_and(|all| all.iter().any(|spell| spell.0 <= until && from <= spell.1))
}

/// No entry on consent begins while the gate of one of its classes is closed, and each names consent and text.
async fn started_while_open(scene: &Scene, spells: &Spells) -> usize {
    type Row = (Uuid, Uuid, Uuid, DateTime<Utc>, Vec<String>, String, Option<Uuid>, Option<String>);
    let rows: Vec<Row> = sqlx::query_as(
        "select id, tenant_id, operator_id, at, classes, channel, consent_id, notice_version from transfer
         where basis = 'consent' and channel not in ('page', 'batch')",
    )
    .fetch_all(&mut *scene.store.begin_job().await.expect("begun"))
    .await
    .expect("read");
    for (id, tenant, operator, at, classes, channel, consent, version) in &rows {
        let pair = (TenantId(*tenant), OperatorId(*operator));
        for class in ["numbers", "calls", "quality", "durations"].into_iter().filter(|class| classes.iter().any(|one| one == class))
        {
            assert!(
                open(spells, pair, class, (*at, *at)),
                "{channel} {id} at {at}: {class} was closed, {:?}",
                spells.get(&(pair, class))
            );
        }
        assert!(consent.is_some() && version.as_deref() == Some(consent::NOTICE_VERSION), "{id} names no consent");
    }
    rows.len()
}

/// What an answer holds was open at some moment between question and answer.
fn answers_came_while_open(got: &[Got], seen: &[Seen], spells: &Spells) {
    for one in got.iter().filter(|one| !one.pushed && GATED.contains(&one.kind())) {
        let pair = (one.tenant().expect("a tenant"), one.operator);
        assert!(open(spells, pair, "numbers", (one.begun, one.ended)), "pulled while closed: {}", one.body);
    }
    for one in seen {
        let class = match one.way {
            "feed" => "calls",
            "batch" => "durations",
            _ => "numbers",
        };
        assert!(open(spells, (one.tenant, one.operator), class, (one.begun, one.ended)), "answered while closed: {one:?}");
    }
}

/// An event that somebody saw withheld is in full in no answer that began later.
fn withheld_stays_withheld(got: &[Got]) {
    let mut since: HashMap<(OperatorId, &str), DateTime<Utc>> = HashMap::new();
    for one in got.iter().filter(|one| !one.pushed && one.withheld()) {
        let known = since.entry((one.operator, one.id())).or_insert(one.ended);
        *known = (*known).min(one.ended);
    }
    for one in got.iter().filter(|one| !one.pushed && !one.withheld()) {
        let before = since.get(&(one.operator, one.id()));
        assert!(before.is_none_or(|withheld| one.begun <= *withheld), "replayed: {}", one.body);
    }
}

/// Every event of the feed was pushed; those that no consent holds back in full.
async fn every_event_arrived(scene: &Scene, got: &[Got]) {
    let events: Vec<(Uuid, Uuid, String)> = sqlx::query_as("select operator_id, id, type from event order by operator_id, seq")
        .fetch_all(&mut *scene.store.begin_job().await.expect("begun"))
        .await
        .expect("read");
    let mut pushed: HashMap<(OperatorId, &str), bool> = HashMap::new();
    for one in got.iter().filter(|one| one.pushed) {
        *pushed.entry((one.operator, one.id())).or_default() |= !one.withheld();
    }
    for (operator, id, kind) in &events {
        let wire = concord::base::EventId(*id).wire();
        let full = pushed.get(&(OperatorId(*operator), wire.as_str()));
        assert!(full.is_some(), "{kind} {wire} was never pushed");
        assert!(full == Some(&true) || GATED.contains(&kind.as_str()), "{kind} {wire} winds down and was withheld");
    }
    assert!(events.iter().any(|event| event.2 == "number.unassigned"), "nothing was wound down");
    assert_eq!(scalar(scene, "select count(*) from event_out").await, 0, "everything is sealed");
}

/// As many entries as messages, for every event; one that arrived in full has an entry for its tenant.
async fn every_push_has_its_entry(scene: &Scene, got: &[Got]) {
    let rows: Vec<(Uuid, String, i64, i64)> = sqlx::query_as(
        "select operator_id, ref, count(*), sum(records)::bigint from transfer where channel = 'push' group by operator_id, ref",
    )
    .fetch_all(&mut *scene.store.begin_job().await.expect("begun"))
    .await
    .expect("read");
    let entries: BTreeMap<(OperatorId, String), (i64, i64)> =
        rows.into_iter().map(|row| ((OperatorId(row.0), row.1), (row.2, row.3))).collect();
    let mut arrived: BTreeMap<(OperatorId, String), (i64, i64)> = BTreeMap::new();
    for one in got.iter().filter(|one| one.pushed && one.body["seq"].is_i64()) {
        let counted = arrived.entry((one.operator, one.id().to_owned())).or_default();
        counted.0 += 1;
        counted.1 += i64::from(!one.withheld());
    }
    assert_eq!(arrived, entries, "what arrived and what the register says of pushes");
}

/// The register's records equal what was received, by tenant, operator and channel.
async fn counts_are_equal(scene: &Scene, got: &[Got], seen: &[Seen]) {
    let mut received: BTreeMap<(TenantId, OperatorId, String), i64> = BTreeMap::new();
    for one in got.iter().filter(|one| !one.pushed && !one.withheld()) {
        if let Some(tenant) = one.tenant() {
            *received.entry((tenant, one.operator, "pull".to_owned())).or_default() += 1;
        }
    }
    for one in seen {
        *received.entry((one.tenant, one.operator, one.way.to_owned())).or_default() += one.rows;
    }
    let rows: Vec<(Uuid, Uuid, String, i64)> = sqlx::query_as(
        "select tenant_id, operator_id, channel, sum(records)::bigint from transfer
         where channel <> 'push' and state <> 'failed' group by tenant_id, operator_id, channel having sum(records) > 0",
    )
    .fetch_all(&mut *scene.store.begin_job().await.expect("begun"))
    .await
    .expect("read");
    let registered: BTreeMap<_, _> = rows.into_iter().map(|row| ((TenantId(row.0), OperatorId(row.1), row.2), row.3)).collect();
    assert_eq!(received, registered, "what was received and what the register says");
}

async fn chains_prove(scene: &Scene) {
    let mut orgs: Vec<Org> = scene.pairs.iter().flat_map(|pair| [Org::Tenant(pair.tenant), Org::Operator(pair.operator)]).collect();
    orgs.sort_by_key(|org| org.id());
    orgs.dedup();
    for org in orgs {
        let mut tx = scene.store.begin(Reach::of(org)).await.expect("begun");
        let verdict = transfers::verify(&mut tx, org.id()).await.expect("verified");
        assert!(verdict.ok(), "{org:?}: {verdict:?}");
        if let Org::Tenant(tenant) = org {
            let ledger = consent::verify(&mut tx, tenant).await.expect("verified");
            assert!(ledger.ok() && ledger.entries > 0, "{org:?}: {ledger:?}");
        }
    }
}
