//! The work of change sets: rows are done, or taken back, in batches of one transaction each. Whoever holds the set's row does
//! the batch; a row is settled in the transaction that changes its number, so each is done exactly once, whatever dies.

use std::collections::BTreeSet;

use chrono::DateTime;
use chrono::Utc;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::acts;
use super::acts::Act;
use super::acts::Asked;
use super::acts::Judged;
use super::model::Number;
use super::model::Quarantine;
use super::model::Step;
use super::queries_sets as queries;
use super::queries_sets::Came;
use super::queries_sets::Working;
use super::queries_sets_rows as rows;
use super::queries_sets_rows::Settled;
use super::queries_sets_rows::Undoable;
use super::sets;
use super::sets_plan;
use super::words::Category;
use super::words::Usage;
use crate::base::AccountId;
use crate::base::Actor;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::Org;
use crate::base::Scope;
use crate::base::TenantId;
use crate::notices;
use crate::store::Reach;
use crate::store::Store;

/// Rows done in one transaction.
const BATCH: i64 = 200;

/// Does one batch of a set, in the name of who set it to work; whether there may be more.
pub(super) async fn step(store: &Store, tenant: TenantId, set: Uuid) -> Result<bool, Failure> {
    let mut tx = store.begin_by_key(Reach::Tenant(tenant)).await?;
    let Some(working) = queries::lock_running(&mut tx, tenant, set).await? else {
        return Ok(false);
    };
    let ctx = ctx_of(store, tenant, &working);
    let came = match working.phase.as_str() {
        "undo" => undo_batch(&mut tx, &ctx, (tenant, set), working.at_row).await?,
        _ => run_batch(&mut tx, &ctx, (tenant, set), working.at_row).await?,
    };
    match came {
        Some(came) => queries::advance(&mut tx, tenant, set, came).await?,
        None => queries::finish(&mut tx, tenant, set, store.env.now()).await?,
    }
    tx.commit().await?;
    store.wake.wake(notices::SEAL);
    Ok(came.is_some())
}

/// What the actor may do here was asked when it set the set to work.
fn ctx_of(store: &Store, tenant: TenantId, working: &Working) -> Ctx {
    let label = working.actor_label.clone();
    let actor = match (working.actor_kind.as_str(), Uuid::try_parse(&working.actor_id)) {
        ("account", Ok(id)) => Actor::Account { id: AccountId(id), label },
        ("client", _) => Actor::Client { id: working.actor_id.clone(), label },
        _ => Actor::Job(sets::SETS_LOOP),
    };
    Ctx {
        actor,
        org: Org::Tenant(tenant),
        scopes: [Scope::TenantRead, Scope::TenantAssign].into_iter().collect(),
        request_id: working.request_id.clone(),
        address: None,
        env: store.env.clone(),
    }
}

/// The state before, as far as it is needed to go back to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Before {
    target: Option<(String, String)>,
    rest: Rest,
    usage: String,
    tags: BTreeSet<String>,
    location: Option<Uuid>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Rest {
    None,
    Until(DateTime<Utc>),
    Forever,
}

impl From<Quarantine> for Rest {
    fn from(rest: Quarantine) -> Self {
        match rest {
            Quarantine::None => Self::None,
            Quarantine::Until(until) => Self::Until(until),
            Quarantine::Forever => Self::Forever,
        }
    }
}

impl From<Rest> for Quarantine {
    fn from(rest: Rest) -> Self {
        match rest {
            Rest::None => Self::None,
            Rest::Until(until) => Self::Until(until),
            Rest::Forever => Self::Forever,
        }
    }
}

impl Before {
    fn of(number: &Number, tags: &[String]) -> Self {
        let held = number.assigned.as_ref();
        Self {
            target: held.map(|held| (held.target_id.clone(), held.category.as_str().to_owned())),
            rest: number.quarantine.into(),
            usage: number.usage.as_str().to_owned(),
            tags: tags.iter().cloned().collect(),
            location: number.emergency_location,
        }
    }
}

async fn run_batch(
    conn: &mut PgConnection,
    ctx: &Ctx,
    (tenant, set): (TenantId, Uuid),
    at_row: i32,
) -> Result<Option<Came>, Failure> {
    let todo = rows::todo(conn, tenant, set, at_row, BATCH).await?;
    let Some(last) = todo.last() else { return Ok(None) };
    let mut came = Came { at_row: last.row, ..Came::default() };
    let asked = sets_plan::asked(&todo)?;
    let judged = acts::judge(conn, &ctx.env, ctx, &asked).await?;
    acts::write(conn, &ctx.env, ctx, &asked, &judged).await?;
    let mut settled = Vec::with_capacity(todo.len());
    for (row, judged) in todo.iter().zip(&judged) {
        let done = settled_row(row.row, judged)?;
        match done.outcome {
            "refused" => came.refused += 1,
            _ => came.done += 1,
        }
        settled.push(done);
    }
    rows::settle(conn, tenant, set, &settled).await?;
    Ok(Some(came))
}

fn settled_row(row: i32, judged: &Judged) -> Result<Settled, Failure> {
    let before = judged.before.as_ref().map(|number| serde_json::to_value(Before::of(number, &judged.tags_before)));
    let before = before.transpose().map_err(anyhow::Error::new)?;
    let (outcome, said, after) = match &judged.outcome {
        Err(refusal) => ("refused", Some(sets::refused(refusal)), None),
        Ok(Step::Same) => ("same", None, judged.before.as_ref()),
        Ok(Step::Next(next)) => ("done", None, Some(&**next)),
    };
    Ok(Settled {
        row,
        outcome,
        said,
        before: before.filter(|_| outcome != "refused"),
        number_seq: after.map(|number| number.number_seq),
        version: after.map(|number| number.version),
    })
}

/// A row on its way back.
struct Back<'a> {
    row: &'a Undoable,
    asked: Asked,
    before: Before,
    done: Act,
}

/// Why a row is not taken back.
type Kept = (i32, Option<&'static str>);

async fn undo_batch(
    conn: &mut PgConnection,
    ctx: &Ctx,
    (tenant, set): (TenantId, Uuid),
    at_row: i32,
) -> Result<Option<Came>, Failure> {
    let undoable = rows::undoable(conn, tenant, set, at_row, BATCH).await?;
    let Some(last) = undoable.last() else { return Ok(None) };
    let at_row = last.row;
    let mut settled: Vec<Kept> = Vec::with_capacity(undoable.len());
    let mut backs = Vec::with_capacity(undoable.len());
    for row in &undoable {
        match back(row)? {
            Ok(Some(back)) => backs.push(back),
            Ok(None) => settled.push((row.row, None)),
            Err(code) => settled.push((row.row, Some(code))),
        }
    }
    settled.extend(take_back(conn, ctx, tenant, backs).await?);
    rows::settle_undo(conn, tenant, set, &settled).await?;
    let kept = settled.iter().filter(|(_, code)| code.is_some()).count();
    let count = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
    Ok(Some(Came { at_row, undone: count(settled.len() - kept), kept: count(kept), ..Came::default() }))
}

/// The act that leads back; none where nothing was changed, or why there is none.
fn back(row: &Undoable) -> Result<Result<Option<Back<'_>>, &'static str>, Failure> {
    let Some(before) = row.before.clone().filter(|_| row.outcome == "done") else {
        return Ok(Ok(None));
    };
    let before: Before = read(before)?;
    let done = sets_plan::act(&row.act)?;
    let act = match &done {
        Act::Assign { .. } => Act::Unassign { quarantine_days: Some(0) },
        Act::Unassign { .. } => match &before.target {
            Some((target_id, category)) => Act::Assign { target_id: target_id.clone(), category: Category::parse(category) },
            None => return Ok(Ok(None)),
        },
        Act::SetUsage { .. } => match Usage::parse(&before.usage) {
            Some(usage) => Act::SetUsage { usage },
            None => return Ok(Ok(None)),
        },
        Act::Tag { tags } => Act::Untag { tags: tags.iter().filter(|tag| !before.tags.contains(*tag)).cloned().collect() },
        Act::Untag { tags } => Act::Tag { tags: tags.iter().filter(|tag| before.tags.contains(*tag)).cloned().collect() },
        Act::SetEmergencyLocation { .. } => Act::SetEmergencyLocation { location: before.location },
        // The operator has been asked; it may have answered already.
        _ => return Ok(Err("not_undoable")),
    };
    let asked = Asked { e164: row.e164.clone(), act, version: None };
    Ok(Ok(Some(Back { row, asked, before, done })))
}

fn read(value: Value) -> Result<Before, Failure> {
    Ok(serde_json::from_value(value).map_err(anyhow::Error::new)?)
}

async fn take_back(conn: &mut PgConnection, ctx: &Ctx, tenant: TenantId, backs: Vec<Back<'_>>) -> Result<Vec<Kept>, Failure> {
    let mut settled = Vec::with_capacity(backs.len());
    // Once for the locks, in their order, and the states as they are now.
    let asked: Vec<Asked> = backs.iter().map(|back| back.asked.clone()).collect();
    let now = acts::judge(conn, &ctx.env, ctx, &asked).await?;
    let (mut going, mut rests) = (Vec::with_capacity(backs.len()), Vec::new());
    for (back, judged) in backs.into_iter().zip(now) {
        let Some(number) = judged.before.filter(|number| untouched(&back, number, &judged.tags_before)) else {
            settled.push((back.row.row, Some("changed_since")));
            continue;
        };
        if matches!(back.done, Act::Unassign { .. }) {
            rests.push((back.row.e164.clone(), Quarantine::None));
        }
        going.push((back, number.quarantine));
    }
    // The rest that the unassignment began does not stand in the way of going back.
    rows::restore_quarantine(conn, tenant, &rests).await?;
    let asked: Vec<Asked> = going.iter().map(|(back, _)| back.asked.clone()).collect();
    let judged = acts::judge(conn, &ctx.env, ctx, &asked).await?;
    acts::write(conn, &ctx.env, ctx, &asked, &judged).await?;
    let mut rests = Vec::new();
    for ((back, rest), judged) in going.into_iter().zip(&judged) {
        let refused = judged.outcome.as_ref().err();
        settled.push((back.row.row, refused.map(super::refusal::Refusal::code)));
        match (&back.done, refused) {
            (Act::Unassign { .. }, Some(_)) => rests.push((back.row.e164.clone(), rest)),
            (Act::Assign { .. }, None) => rests.push((back.row.e164.clone(), back.before.rest.into())),
            _ => {}
        }
    }
    rows::restore_quarantine(conn, tenant, &rests).await?;
    Ok(settled)
}

/// Whether the number stands as the row left it.
fn untouched(back: &Back<'_>, number: &Number, tags: &[String]) -> bool {
    let tagged: BTreeSet<&String> = tags.iter().collect();
    let left: BTreeSet<&String> = match &back.done {
        Act::Tag { tags } => back.before.tags.iter().chain(tags).collect(),
        Act::Untag { tags } => back.before.tags.iter().filter(|tag| !tags.contains(tag)).collect(),
        _ => tagged.clone(),
    };
    Some(number.version) == back.row.version && tagged == left
}
