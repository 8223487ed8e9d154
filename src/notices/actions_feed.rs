//! What an operator does with its feed: read it, acknowledge it, have events sent once more.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::time::Duration;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use sha2::Digest as _;
use sha2::Sha256;
use sqlx::PgConnection;
use tokio::time::Instant;
use uuid::Uuid;

use super::AttemptView;
use super::FeedFilter;
use super::Notices;
use super::gating::Gates;
use super::gating::Given;
use super::gating::judge;
use super::gating_attempts;
use super::jobs::CONFIRMED;
use super::jobs::DELIVER;
use super::queries;
use super::queries_attempts;
use super::queries_attempts::AttemptFilter;
use super::queries_attempts::Taken;
use super::queries_delivery::lock_endpoint;
use super::queries_endpoints;
use super::queries_feed;
use super::queries_feed::Stored;
use super::waiting::Waiter;
use crate::audit;
use crate::base::Ctx;
use crate::base::EndpointId;
use crate::base::EventId;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::Problem;
use crate::base::Scope;
use crate::base::TenantId;
use crate::store::Store;
use crate::transfers;
use crate::transfers::Basis;
use crate::transfers::Channel;
use crate::transfers::Class;
use crate::transfers::Direction;
use crate::transfers::NewTransfer;
use crate::transfers::TransferFilter;
use crate::transfers::TransferState;

/// A pull may be acknowledged this long; then its entry stays unconfirmed.
const PULL_OPEN: TimeDelta = TimeDelta::minutes(10);
/// How often somebody who waits looks again, as another process may have sealed.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Events confirmed per statement.
const CONFIRM_ROWS: i64 = 2_000;
/// Positions acknowledged per transaction: meanwhile nothing is sealed in this feed.
const ACK_STEP: i64 = if cfg!(test) { 3 } else { 20_000 };

/// A page of the feed.
#[derive(Clone, Debug)]
pub struct FeedPage {
    /// The exact bytes of each event, in order.
    pub bodies: Vec<String>,
    /// Go on from here.
    pub last_seq: i64,
    /// Last position of the feed.
    pub head_seq: i64,
}

/// Reads the feed, waiting up to `wait` for something to be there. A selective filter is given nothing that is withheld. An
/// unfiltered call with `after` given acknowledges everything up to it ([`acknowledge`]; the caller says so by `acknowledges`).
///
/// # Errors
/// 403 without `events:read`; 422 `after_ahead_of_feed`; 429 `too_many_waiting` when it would have to wait and there is no place for that.
pub async fn pull(
    store: &Store,
    notices: &Notices,
    ctx: &Ctx,
    filter: &FeedFilter,
    acknowledges: bool,
    wait: Duration,
) -> Result<FeedPage, Failure> {
    ctx.require(Scope::EventsRead)?;
    let operator = ctx.operator()?;
    if acknowledges {
        acknowledge(store, ctx, filter.after).await?;
    }
    let until = Instant::now() + wait;
    let mut place: Option<Waiter> = None;
    let mut filter = filter.clone();
    let bell = notices.sealed.bell(operator);
    loop {
        let sealed = bell.notified();
        let mut tx = store.begin_for(ctx).await?;
        let head_seq = queries::head_seq(&mut tx, operator).await?;
        if filter.after > head_seq {
            return Err(ahead_of_feed(filter.after, head_seq).into());
        }
        let events = queries_feed::page(&mut tx, operator, &filter, head_seq).await?;
        let left = until.saturating_duration_since(Instant::now());
        if !events.is_empty() || left.is_zero() || notices.waiters.is_closed() {
            let full = i64::try_from(events.len()).is_ok_and(|n| n >= filter.limit);
            let last_seq = events.last().filter(|_| full).map_or(filter.after.max(head_seq), |event| event.seq);
            let bodies = hand_over(&mut tx, ctx, operator, events, filter.is_selective()).await?;
            tx.commit().await?;
            return Ok(FeedPage { bodies, last_seq, head_seq });
        }
        drop(tx);
        // Up to there is nothing that was wanted.
        filter.after = filter.after.max(head_seq);
        let place = match place.take() {
            Some(held) => place.insert(held),
            None => place.insert(notices.waiters.enter(operator)?),
        };
        tokio::select! {
            () = sealed => {}
            () = tokio::time::sleep(left.min(LOOK_EVERY)) => {}
            () = place.closed() => {}
        }
    }
}

/// Whoever is ahead of the feed has the position of another one, or of a database since restored: what it has not seen must not be
/// taken for acknowledged, nor left out.
fn ahead_of_feed(after: i64, head_seq: i64) -> Problem {
    let detail = format!("This feed ends at {head_seq}, before {after}; nothing was acknowledged.");
    let fix = format!("Use the last_seq of the page you took last, {head_seq} at most.");
    Problem::new(422, "after_ahead_of_feed", format!("{detail} {fix}")).field(
        "after",
        "after_ahead_of_feed",
        Some(after.to_string()),
        fix,
    )
}

/// The exact bytes of one event, or its place alone while its gate is closed. Registered as a pull.
///
/// # Errors
/// 403 without `events:read`, 404.
pub async fn get_event(store: &Store, ctx: &Ctx, id: EventId) -> Result<String, Failure> {
    ctx.require(Scope::EventsRead)?;
    let operator = ctx.operator()?;
    let mut tx = store.begin_for(ctx).await?;
    let event = found(&mut tx, operator, id).await?;
    let bodies = hand_over(&mut tx, ctx, operator, vec![event], false).await?;
    tx.commit().await?;
    bodies.into_iter().next().ok_or_else(|| Problem::not_found("event").into())
}

async fn found(conn: &mut PgConnection, operator: OperatorId, id: EventId) -> Result<Stored, Failure> {
    queries_feed::event(conn, operator, id).await?.ok_or_else(|| Problem::not_found("event").into())
}

/// Judges and registers a pull before it is answered: one entry per tenant and basis. `selective`: without what is withheld, should a
/// gate have closed since the page was read.
async fn hand_over(
    conn: &mut PgConnection,
    ctx: &Ctx,
    operator: OperatorId,
    events: Vec<Stored>,
    selective: bool,
) -> Result<Vec<String>, Failure> {
    let reference = match (events.first(), events.last()) {
        (Some(only), Some(last)) if only.seq == last.seq => only.id.wire(),
        (Some(first), Some(last)) => format!("events/{}-{}", first.seq, last.seq),
        (_, _) => return Ok(Vec::new()),
    };
    let mut judged = judge(conn, operator, events).await?;
    judged.retain(|(_, given)| !(selective && given.withheld));
    let mut parts: BTreeMap<(TenantId, Option<Uuid>, String), Part> = BTreeMap::new();
    for (event, given) in &judged {
        let Some(tenant) = event.tenant else { continue };
        let (consent, version) = match &given.basis {
            Basis::Consent { id, notice_version } => (Some(id.0), notice_version.clone()),
            Basis::WindDown => (None, String::new()),
        };
        parts.entry((tenant, consent, version)).or_insert_with(|| Part::new(given.basis.clone())).add(given);
    }
    let frozen_at = ctx.now() + PULL_OPEN;
    let entries: Vec<NewTransfer> = parts
        .into_iter()
        .map(|((tenant, _, _), part)| NewTransfer {
            tenant,
            operator,
            direction: Direction::ToOperator,
            classes: part.classes.into_iter().collect(),
            channel: Channel::Pull,
            state: TransferState::Unconfirmed,
            records: part.records,
            period: None,
            basis: part.basis,
            digest: Some(part.digest.finalize().into()),
            reference: reference.clone(),
            actor_label: Some(ctx.actor.label().to_owned()),
            frozen_at,
        })
        .collect();
    transfers::register(conn, &ctx.env, &entries).await?;
    Ok(judged.into_iter().map(|(_, given)| given.body).collect())
}

/// What one tenant's part of a pull comes to.
struct Part {
    basis: Basis,
    classes: BTreeSet<Class>,
    records: i64,
    /// Over the bodies, each followed by a line feed when there are several.
    digest: Sha256,
    any: bool,
}

impl Part {
    fn new(basis: Basis) -> Self {
        Self { basis, classes: BTreeSet::new(), records: 0, digest: Sha256::new(), any: false }
    }

    fn add(&mut self, given: &Given) {
        self.classes.insert(given.class);
        self.records += i64::from(!given.withheld);
        if self.any {
            self.digest.update(b"\n");
        }
        self.any = true;
        self.digest.update(given.body.as_bytes());
    }
}

/// The operator has everything up to `seq` (not beyond the end of the feed): its number events are confirmed, and the
/// pulls that carried them.
///
/// # Errors
/// 403 without `events:read`, 422 `after_ahead_of_feed`.
pub async fn acknowledge(store: &Store, ctx: &Ctx, seq: i64) -> Result<(), Failure> {
    ctx.require(Scope::EventsRead)?;
    let operator = ctx.operator()?;
    loop {
        let mut tx = store.begin_for(ctx).await?;
        // Most calls acknowledge nothing new: they take no lock.
        let (acked, last) = queries_feed::acked(&mut tx, operator).await?;
        if seq > last {
            return Err(ahead_of_feed(seq, last).into());
        }
        if seq <= acked {
            return Ok(());
        }
        let step = seq.min(acked + ACK_STEP);
        let Some((from, to)) = queries_feed::acknowledge(&mut tx, operator, step, ctx.now()).await? else {
            continue; // Somebody else was faster.
        };
        let confirmed = confirm(&mut tx, ctx, operator, from, to).await?;
        settle_pulls(&mut tx, ctx, operator, to).await?;
        tx.commit().await?;
        if confirmed {
            store.wake.wake(CONFIRMED);
        }
    }
}

/// Confirms the number events of `(from, to]` but those that are withheld: of them the operator has the place alone.
async fn confirm(conn: &mut PgConnection, ctx: &Ctx, operator: OperatorId, from: i64, to: i64) -> Result<bool, Failure> {
    let mut gates = Gates::of(operator);
    let (mut from, mut any) = (from, false);
    loop {
        let events = queries_feed::number_events(conn, operator, from, to, CONFIRM_ROWS).await?;
        let Some(last) = events.last() else {
            return Ok(any);
        };
        from = last.seq;
        let mut taken = Vec::with_capacity(events.len());
        for event in events {
            if !gates.lets_pass(conn, &event).await? {
                continue;
            }
            if let (Some(tenant), Some(number_seq)) = (event.tenant, event.number_seq) {
                taken.push(Taken { tenant, subject: event.subject, number_seq });
            }
        }
        any |= !taken.is_empty();
        queries_attempts::confirm(conn, &ctx.env, operator, &taken).await?;
    }
}

/// Confirms the register entries of pulls that lie within what was acknowledged.
async fn settle_pulls(conn: &mut PgConnection, ctx: &Ctx, operator: OperatorId, to: i64) -> Result<(), Failure> {
    let filter = TransferFilter {
        from: Some(ctx.now() - PULL_OPEN),
        operator: Some(operator),
        channel: Some(Channel::Pull),
        state: Some(TransferState::Unconfirmed),
        ..TransferFilter::default()
    };
    let open = transfers::list(conn, &filter, None, 1_000).await?;
    let mut ended = Vec::new();
    for row in open {
        let last = match row.reference.strip_prefix("events/").and_then(|range| range.split_once('-')) {
            Some((_, last)) => last.parse().ok(),
            None => match EventId::from_wire(&row.reference) {
                Some(id) => queries_feed::event(conn, operator, id).await?.map(|event| event.seq),
                None => None,
            },
        };
        if last.is_some_and(|last: i64| last <= to) {
            ended.push((TenantId(row.tenant_id), row.at, crate::base::TransferId(row.id), TransferState::Confirmed));
        }
    }
    transfers::settle(conn, ctx.now(), &ended).await
}

/// Tries at an endpoint, newest first, before one of them; read one more than shown. Of an event that is withheld a try tells
/// its place alone; the others are registered as a pull.
///
/// # Errors
/// 403 without `events:read`, 404.
pub async fn attempts_of_endpoint(
    store: &Store,
    ctx: &Ctx,
    id: EndpointId,
    before: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<AttemptView>, Failure> {
    ctx.require(Scope::EventsRead)?;
    let operator = ctx.operator()?;
    let mut tx = store.begin_for(ctx).await?;
    if queries_endpoints::views(&mut tx, operator, Some(id)).await?.is_empty() {
        return Err(Problem::not_found("endpoint").into());
    }
    let mut rows =
        queries_attempts::list(&mut tx, operator, AttemptFilter { endpoint: Some(id), before, event: None }, limit).await?;
    let reference = format!("endpoints/{id}/attempts");
    gating_attempts::hand_over(&mut tx, ctx, &reference, &mut rows, shown_of(limit)).await?;
    tx.commit().await?;
    Ok(rows)
}

/// Tries of an event at all endpoints, newest first; read one more than shown. Withheld and registered like the tries of an
/// endpoint.
///
/// # Errors
/// 403 without `events:read`, 404.
pub async fn attempts_of_event(
    store: &Store,
    ctx: &Ctx,
    id: EventId,
    before: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<AttemptView>, Failure> {
    ctx.require(Scope::EventsRead)?;
    let operator = ctx.operator()?;
    let mut tx = store.begin_for(ctx).await?;
    found(&mut tx, operator, id).await?;
    let mut rows =
        queries_attempts::list(&mut tx, operator, AttemptFilter { event: Some(id), before, endpoint: None }, limit).await?;
    let reference = format!("events/{}/attempts", id.wire());
    gating_attempts::hand_over(&mut tx, ctx, &reference, &mut rows, shown_of(limit)).await?;
    tx.commit().await?;
    Ok(rows)
}

/// Of rows read one more than shown.
fn shown_of(limit: i64) -> usize {
    usize::try_from(limit - 1).unwrap_or(0)
}

/// Whether what is queued for an endpoint of this state is sent, now or once it is resumed.
pub(super) fn gets_events(state: &str) -> Result<(), Problem> {
    match state {
        "unverified" => Err(Problem::new(409, "endpoint_unverified", "The endpoint must be verified first.")),
        "disabled" => Err(Problem::new(409, "endpoint_disabled", "The endpoint is disabled; verify it first.")),
        _ => Ok(()),
    }
}

/// Has an event sent once more, under the same id: to one endpoint, or to all that want its type. Answers to how many.
///
/// # Errors
/// 403 without `events:read`, 404, 409 `endpoint_unverified` or `endpoint_disabled`, 422 `no_endpoint`.
pub async fn redeliver(store: &Store, ctx: &Ctx, id: EventId, endpoint: Option<EndpointId>) -> Result<i64, Failure> {
    ctx.require(Scope::EventsRead)?;
    let operator = ctx.operator()?;
    let mut tx = store.begin_for(ctx).await?;
    let event = found(&mut tx, operator, id).await?;
    let mut endpoints = queries_endpoints::views(&mut tx, operator, endpoint).await?;
    if endpoint.is_some() {
        let shown = endpoints.first().ok_or_else(|| Problem::not_found("endpoint"))?;
        gets_events(&shown.state)?;
    } else {
        let wants = |types: &[String]| types.is_empty() || types.iter().any(|name| name == event.kind.name());
        endpoints.retain(|shown| matches!(shown.state.as_str(), "active" | "paused") && wants(&shown.event_types));
    }
    if endpoints.is_empty() {
        return Err(Problem::new(422, "no_endpoint", "No endpoint takes events of this type. Name one or make one.").into());
    }
    let ids: Vec<Uuid> = endpoints.iter().map(|shown| shown.id).collect();
    for id in &ids {
        if let Some(target) = lock_endpoint(&mut tx, operator, EndpointId(*id)).await? {
            queries_feed::queue_again(&mut tx, &target, &event, &ctx.actor.id(), ctx.now()).await?;
        }
    }
    let (subject_id, detail) = (id.wire(), Some(serde_json::json!({ "endpoints": ids })));
    audit::record(&mut tx, ctx, audit::Entry { action: "event.redeliver", subject_kind: "event", subject_id: &subject_id, detail })
        .await?;
    tx.commit().await?;
    store.wake.wake(DELIVER);
    Ok(i64::try_from(ids.len()).unwrap_or(i64::MAX))
}
