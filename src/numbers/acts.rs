//! What tenants do to their numbers, one or ten thousand at a time: one code for the single verb, the precheck of a change
//! set and its run. [`judge`] locks and reads, [`write`] writes; each in a fixed number of statements, whatever the count.

use std::collections::BTreeSet;
use std::collections::HashSet;

use serde_json::json;
use sqlx::PgConnection;

use super::model::Number;
use super::model::Step;
pub use super::model_book::Act;
pub use super::model_book::Asked;
use super::model_book::Book;
use super::model_book::Entry;
use super::model_book::GateFact;
pub use super::model_book::Judged;
use super::queries;
use super::queries::Change;
use super::queries_acts;
use super::queries_acts::Private;
use super::release_requests;
use super::release_requests::ReleaseAsked;
use super::release_requests::ReleaseEnd;
use super::telling;
use crate::audit;
use crate::base::Ctx;
use crate::base::Env;
use crate::base::EventId;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::Scope;
use crate::base::TenantId;
use crate::notices;
use crate::store::Reach;
use crate::store::Store;
use crate::transfers;
use crate::transfers::Class;

/// Does one act in a transaction of its own. Answers the number as it stands then.
///
/// # Errors
/// 403, or a [`Refusal`](super::Refusal): 404 `number_not_found`, 412 `version_conflict`, 422 for the rest.
pub async fn act(store: &Store, ctx: &Ctx, asked: Asked) -> Result<Number, Failure> {
    ctx.tenant()?;
    ctx.require(Scope::TenantAssign)?;
    let asked = [asked];
    let mut tx = store.begin_by_key(Reach::of(ctx.org)).await?;
    let judged = judge(&mut tx, &ctx.env, ctx, &asked).await?;
    let number = match judged.first().map(|judged| (&judged.outcome, &judged.before)) {
        Some((Ok(Step::Next(next)), _)) => Number::clone(next),
        Some((Ok(Step::Same), Some(before))) => return Ok(before.clone()),
        Some((Err(refusal), _)) => return Err(refusal.clone().into()),
        Some((Ok(Step::Same), None)) | None => return Err(anyhow::anyhow!("one act has one verdict").into()),
    };
    write(&mut tx, &ctx.env, ctx, &asked, &judged).await?;
    tx.commit().await?;
    store.wake.wake(notices::SEAL);
    Ok(number)
}

/// Locks the numbers in the order of E.164, reads what acts on them rest on, and judges row by row: a row sees what earlier
/// rows of the same slice did. No operator's consent is suspended while this transaction lasts.
///
/// # Errors
/// 403; `Unavailable` when a number moved to another operator meanwhile: try again; when the database is away.
pub async fn judge(conn: &mut PgConnection, env: &Env, ctx: &Ctx, asked: &[Asked]) -> Result<Vec<Judged>, Failure> {
    let tenant = ctx.tenant()?;
    ctx.require(Scope::TenantAssign)?;
    let mut book = read(conn, env, tenant, asked).await?;
    Ok(asked.iter().map(|asked| book.judge(asked, env.id())).collect())
}

async fn read(conn: &mut PgConnection, env: &Env, tenant: TenantId, asked: &[Asked]) -> Result<Book, Failure> {
    let e164s: Vec<String> = asked.iter().map(|asked| asked.e164.clone()).collect::<BTreeSet<_>>().into_iter().collect();
    let operators = queries_acts::lock_operators(conn, tenant, &e164s).await?;
    let numbers = queries::lock_all(conn, tenant, &e164s).await?;
    if numbers.iter().any(|number| !operators.contains(&number.operator)) {
        // Moved between the glance and the lock; the lock held is not of its own operator.
        return Err(Failure::Unavailable("a number moved to another operator meanwhile".to_owned()));
    }
    let mut book = Book { now: env.now(), ..Book::default() };
    // Whoever gets a number is locked, so that no other hand gives them a primary one meanwhile.
    let wished = targets(asked, &numbers);
    if !wished.is_empty() {
        book.targets = queries_acts::lock_targets(conn, tenant, &wished).await?;
        book.primaries = queries_acts::primaries(conn, tenant, &wished).await?;
    }
    let mut reservations = queries_acts::reservations(conn, tenant, &e164s).await?;
    let mut tags = queries_acts::tags(conn, tenant, &e164s).await?;
    if asked.iter().any(|asked| asked.act.is_told()) {
        let gates = transfers::gates_of(conn, Class::Numbers).await?.into_iter().filter(|((of, ..), _)| *of == tenant);
        book.gates = gates
            .map(|((_, operator, country), gate)| ((operator, country), GateFact { open: gate.open, reason: gate.reason }))
            .collect();
        let operators: Vec<OperatorId> = operators.into_iter().collect();
        book.ended = queries_acts::ended(conn, tenant, &operators).await?;
        book.quarantine_days = queries::quarantine_days(conn, tenant).await?;
    }
    let places: HashSet<_> = asked
        .iter()
        .filter_map(|asked| match asked.act {
            Act::SetEmergencyLocation { location } => location,
            _ => None,
        })
        .chain(numbers.iter().filter_map(|number| number.emergency_location))
        .collect();
    if !places.is_empty() && asked.iter().any(|asked| matches!(asked.act, Act::SetEmergencyLocation { .. } | Act::Retry)) {
        book.places = queries_acts::places(conn, tenant, &places.into_iter().collect::<Vec<_>>()).await?;
    }
    book.numbers = numbers
        .into_iter()
        .map(|number| {
            let e164 = number.e164.to_string();
            let entry = Entry { tags: tags.remove(&e164).unwrap_or_default(), reservation: reservations.remove(&e164), number };
            (e164, entry)
        })
        .collect();
    Ok(book)
}

/// Whom these acts are about, in order.
fn targets(asked: &[Asked], numbers: &[Number]) -> Vec<String> {
    let (mut wished, mut holders) = (BTreeSet::new(), false);
    for asked in asked {
        match &asked.act {
            Act::Assign { target_id, .. } => {
                wished.insert(target_id.clone());
            }
            Act::SetCategory { .. } | Act::Retry => holders = true,
            _ => {}
        }
    }
    // Who loses a number in this slice may get another one in it.
    if holders || !wished.is_empty() {
        wished.extend(numbers.iter().filter_map(|number| number.assigned.as_ref()).map(|held| held.target_id.clone()));
    }
    wished.into_iter().collect()
}

/// Writes what [`judge`] let through, in the same transaction: number, assignment, tags, reservation, event, timeline, log.
/// After the commit wake [`notices::SEAL`].
///
/// # Errors
/// When the database is away; nothing is written then.
pub async fn write(conn: &mut PgConnection, env: &Env, ctx: &Ctx, asked: &[Asked], judged: &[Judged]) -> Result<(), Failure> {
    write_as(conn, env, ctx, ctx.org.kind(), (asked, judged)).await
}

/// [`write`], where somebody else than the tenant did it: `actor_kind` is what the timeline says.
///
/// # Errors
/// As for [`write`].
pub(super) async fn write_as(
    conn: &mut PgConnection,
    env: &Env,
    ctx: &Ctx,
    actor_kind: &str,
    (asked, judged): (&[Asked], &[Judged]),
) -> Result<(), Failure> {
    let tenant = ctx.tenant()?;
    // A number named again begins another wave: everything stays in order.
    let mut waves: Vec<Vec<Done<'_>>> = vec![Vec::new()];
    let mut named: HashSet<&str> = HashSet::new();
    for (asked, judged) in asked.iter().zip(judged) {
        let (Some(before), Some(after)) = (&judged.before, judged.next()) else { continue };
        if !named.insert(asked.e164.as_str()) {
            named = HashSet::from([asked.e164.as_str()]);
            waves.push(Vec::new());
        }
        waves.last_mut().into_iter().for_each(|wave| wave.push(Done { asked, judged, before, after }));
    }
    for wave in waves.iter().filter(|wave| !wave.is_empty()) {
        write_wave(conn, env, (ctx, actor_kind), tenant, wave).await?;
    }
    Ok(())
}

/// An act that was let through.
#[derive(Clone, Copy)]
pub(super) struct Done<'a> {
    pub asked: &'a Asked,
    pub judged: &'a Judged,
    pub before: &'a Number,
    pub after: &'a Number,
}

async fn write_wave(
    conn: &mut PgConnection,
    env: &Env,
    (ctx, actor_kind): (&Ctx, &str),
    tenant: TenantId,
    wave: &[Done<'_>],
) -> Result<(), Failure> {
    queries_acts::write_numbers(conn, tenant, wave).await?;
    queries_acts::write_assignments(conn, tenant, wave, env.now()).await?;
    queries_acts::write_own(conn, tenant, wave, env.now()).await?;
    write_requests(conn, env, tenant, wave).await?;
    let mut events = Vec::with_capacity(wave.len());
    let mut told = Vec::with_capacity(wave.len());
    for done in wave {
        let event = telling::event_of_act(done.asked, done.judged)?;
        told.push(event.is_some());
        events.extend(event);
    }
    let mut ids = notices::emit_all(conn, env, events).await?.into_iter();
    let events: Vec<Option<EventId>> = told.into_iter().map(|told| if told { ids.next() } else { None }).collect();
    let changes: Vec<Change<'_>> = wave.iter().zip(events).map(|(done, event)| change(env, actor_kind, done, event)).collect();
    queries::note_changes(conn, &changes).await?;
    let label = ctx.actor.label();
    let private = wave.iter().zip(&changes).map(|(done, change)| {
        let holder = done.after.assigned.as_ref().or(done.before.assigned.as_ref());
        Private { e164: change.e164, id: change.id, holder }
    });
    queries_acts::note_private(conn, tenant, label, &private.collect::<Vec<_>>()).await?;
    let entries: Vec<audit::Entry<'_>> = wave.iter().map(log_entry).collect();
    audit::record_all(conn, ctx, &entries).await
}

/// What is asked of operators: opened by the act, withdrawn by what makes it void.
async fn write_requests(conn: &mut PgConnection, env: &Env, tenant: TenantId, wave: &[Done<'_>]) -> Result<(), Failure> {
    let (mut asked, mut void) = (Vec::new(), Vec::new());
    for done in wave {
        let (e164, operator) = (&done.after.e164, done.after.operator);
        match &done.asked.act {
            Act::RequestRelease { note } => asked.push(ReleaseAsked {
                tenant,
                operator,
                e164,
                note: note.as_deref().map(str::trim).filter(|note| !note.is_empty()),
            }),
            _ if done.before.release_requested_at.is_some() && done.after.release_requested_at.is_none() => {
                void.push(e164.to_string());
            }
            _ => {}
        }
    }
    release_requests::open(conn, env, &asked).await?;
    release_requests::close(conn, tenant, &void, ReleaseEnd::Withdrawn, env.now()).await?;
    Ok(())
}

fn change<'a>(env: &Env, actor_kind: &'a str, done: &Done<'a>, event: Option<EventId>) -> Change<'a> {
    let (before, after) = telling::states_of_act(done.asked, done.judged, done.before, done.after);
    let told = done.asked.act.is_told();
    Change {
        tenant: done.after.tenant,
        operator: told.then_some(done.after.operator),
        e164: &done.after.e164,
        id: env.id(),
        at: env.now(),
        kind: telling::change_kind(&done.asked.act),
        actor_kind,
        number_seq: told.then_some(done.after.number_seq),
        event,
        order: None,
        before: Some(before),
        after: Some(after),
    }
}

fn log_entry<'a>(done: &Done<'a>) -> audit::Entry<'a> {
    let detail = json!({ "number_seq": done.after.number_seq, "assignment_status": done.after.status.as_str() });
    audit::Entry {
        action: done.asked.act.name(),
        subject_kind: "number",
        subject_id: done.after.e164.as_str(),
        detail: Some(detail),
    }
}
