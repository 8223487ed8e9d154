//! Assigning, unassigning and refusing one number, each in one transaction.

use serde_json::json;
use sqlx::PgConnection;

use super::acts;
use super::acts::Act;
use super::acts::Asked;
use super::model::Fault;
use super::model::Number;
use super::model::Step;
use super::queries;
use super::queries::Change;
use super::refusal::Refusal;
use super::telling::states;
use super::words::Category;
use crate::audit;
use crate::base::Ctx;
use crate::base::E164;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::Problem;
use crate::base::Scope;
use crate::base::TenantId;
use crate::store::Reach;
use crate::store::Store;

/// A wish to give a number to a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssignIn {
    pub e164: E164,
    pub target_id: String,
    /// `None`: primary if the target has none, else alternate.
    pub category: Option<Category>,
    /// The version the caller has seen; `None`: any.
    pub version: Option<i64>,
}

/// Gives a number of the tenant to one of its targets and tells the operator. The same wish again changes nothing and
/// answers the number as it stands.
///
/// # Errors
/// 403, or a [`Refusal`]: 404 `number_not_found`, 412 `version_conflict`, 422 for the rest.
pub async fn assign(store: &Store, ctx: &Ctx, wish: AssignIn) -> Result<Number, Failure> {
    let act = Act::Assign { target_id: wish.target_id, category: wish.category };
    acts::act(store, ctx, Asked { e164: wish.e164.to_string(), act, version: wish.version }).await
}

/// Takes a number back from its target and tells the operator, whether or not the consent still stands.
/// `quarantine_days`: how long it rests, 1 to 365, 0 none, -1 for ever; `None` the tenant's default.
///
/// # Errors
/// 403, or a [`Refusal`]: `quarantine_invalid`, `number_not_found`, `not_assigned`, `version_conflict`.
pub async fn unassign(
    store: &Store,
    ctx: &Ctx,
    e164: &E164,
    quarantine_days: Option<i32>,
    version: Option<i64>,
) -> Result<Number, Failure> {
    acts::act(store, ctx, Asked { e164: e164.to_string(), act: Act::Unassign { quarantine_days }, version }).await
}

/// The version of a tenant's number, for `If-Match` with several tags; `None` when it is not there.
pub(super) async fn version_of(store: &Store, ctx: &Ctx, e164: &E164) -> Result<Option<i64>, Failure> {
    let mut tx = store.begin_for(ctx).await?;
    Ok(queries::glance(&mut tx, ctx.tenant()?, e164).await?.map(|(_, _, version)| version))
}

/// The operator says that it cannot serve the number as the event of this `number_seq` asks: the assignment has failed,
/// and the tenant sees why. Said again, nothing changes.
///
/// # Errors
/// 403, 404 `number_not_found`, 409 `seq_stale` for an older `seq` than the number's last, 422 `seq_unknown` for one not
/// given out yet, 422 `refusal_invalid`, 422 `not_assigned`.
pub async fn refuse(store: &Store, ctx: &Ctx, e164: &E164, seq: i64, code: &str, reason: &str) -> Result<Number, Failure> {
    let operator = ctx.operator()?;
    ctx.require(Scope::NumbersWrite)?;
    let tenant = served(store, ctx, operator, e164).await?;
    let mut tx = store.begin(Reach::Pair(tenant, operator)).await?;
    let number = queries::lock(&mut tx, tenant, e164).await?.filter(|number| number.operator == operator);
    let number = number.ok_or(Refusal::NumberNotFound)?;
    if seq < number.number_seq {
        let detail = format!("The number has moved on: its last seq is {}. Look at the newer event first.", number.number_seq);
        return Err(Problem::new(409, "seq_stale", detail).into());
    }
    if seq > number.number_seq {
        let fix = "Send the number_seq of the event that you refuse.";
        let problem = Problem::new(422, "seq_unknown", format!("The number's last seq is {}.", number.number_seq));
        return Err(problem.field("seq", "seq_unknown", Some(seq.to_string()), fix).into());
    }
    let fault = read_fault(code, reason)?;
    let next = match number.refuse(fault, ctx.now())? {
        Step::Same => return Ok(number),
        Step::Next(next) => *next,
    };
    queries::write_state(&mut tx, &next).await?;
    note(&mut tx, ctx, &number, &next).await?;
    log(&mut tx, ctx, "number.refuse", &next).await?;
    tx.commit().await?;
    Ok(next)
}

/// The tenant that the operator serves with this number.
async fn served(store: &Store, ctx: &Ctx, operator: OperatorId, e164: &E164) -> Result<TenantId, Failure> {
    let mut tx = store.begin_for(ctx).await?;
    Ok(queries::tenant_of(&mut tx, operator, e164).await?.ok_or(Refusal::NumberNotFound)?)
}

fn read_fault(code: &str, reason: &str) -> Result<Fault, Failure> {
    let problem = || Problem::new(422, "refusal_invalid", "A refusal needs a code and a reason that the customer understands.");
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    if !(1..=64).contains(&code.len()) || !code.bytes().all(plain) {
        let fix = "1 to 64 small letters, digits and _, for example address_missing.";
        return Err(problem().field("code", "refusal_invalid", Some(code.chars().take(100).collect()), fix).into());
    }
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > 500 || reason.contains('\0') {
        return Err(problem().field("reason", "refusal_invalid", None, "1 to 500 signs of plain words.").into());
    }
    Ok(Fault { code: code.to_owned(), reason: reason.to_owned() })
}

async fn note(conn: &mut PgConnection, ctx: &Ctx, before: &Number, after: &Number) -> Result<(), Failure> {
    let change = Change {
        tenant: after.tenant,
        operator: Some(after.operator),
        e164: &after.e164,
        id: ctx.env.id(),
        at: ctx.now(),
        kind: "refused",
        actor_kind: ctx.org.kind(),
        number_seq: Some(after.number_seq),
        event: None,
        order: None,
        before: Some(states(before)),
        after: Some(states(after)),
    };
    queries::note_changes(conn, std::slice::from_ref(&change)).await
}

async fn log(conn: &mut PgConnection, ctx: &Ctx, action: &str, number: &Number) -> Result<(), Failure> {
    let detail = json!({ "number_seq": number.number_seq, "assignment_status": number.status.as_str() });
    let entry = audit::Entry { action, subject_kind: "number", subject_id: number.e164.as_str(), detail: Some(detail) };
    audit::record(conn, ctx, entry).await
}
