//! Calls as machines read them. What goes to an operator is a transfer: only through open gates, asked again under the pairs' shared
//! locks, and each with its entry in the register before a byte leaves.

use std::collections::BTreeMap;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::value::to_raw_value;
use sha2::Digest as _;
use sha2::Sha256;
use sqlx::PgConnection;
use uuid::Uuid;

use super::feed_ask::CallsAsk;
use super::feed_ask::FeedPlace;
use super::feed_ask::ListPlace;
use super::feed_wire::CallOut;
use super::feed_wire::CallStory;
use super::feed_wire::TenantCallOut;
use super::pages_gates::Gates;
use super::queries_calls_feed;
use super::queries_calls_feed::FeedLine;
use super::queries_calls_feed::Part;
use crate::base::CallId;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::Problem;
use crate::base::Scope;
use crate::base::TenantId;
use crate::store::Store;
use crate::transfers;
use crate::transfers::Channel;
use crate::transfers::Class;
use crate::transfers::Direction;
use crate::transfers::GateState;
use crate::transfers::NewTransfer;
use crate::transfers::TransferState;

/// Parts of a feed looked through at once.
const PARTS: i64 = 200;
/// Looks per call at most: a filter that finds nothing answers with a place further on instead of reading all of the feed.
const LOOKS: usize = 10;

/// A page of calls for an operator.
#[derive(Debug)]
pub(super) struct CallsPage {
    /// The very bytes of each row.
    pub rows: Vec<Box<RawValue>>,
    /// Where it goes on; never `None` in the feed.
    pub next: Option<String>,
    pub more: bool,
}

/// A page of the operator's feed: records in the order of sealing, a new version as a new item.
///
/// Rows of a customer whose gate is closed are left out and passed by: what was sealed before a suspension and not read until then is
/// read by its time (`basis=ended`) after it.
///
/// # Errors
/// 403 without `calls:read`, 404 or 451 for a tenant asked for, 410 for a place whose rows have left.
pub(super) async fn processed(
    store: &Store,
    ctx: &Ctx,
    ask: &CallsAsk,
    after: Option<FeedPlace>,
    limit: i64,
) -> Result<CallsPage, Failure> {
    let operator = operator_of(ctx)?;
    let mut tx = store.begin_for(ctx).await?;
    let gates = gates_for(&mut tx, operator, ask).await?;
    if let (Some(after), Some(oldest)) = (after, queries_calls_feed::oldest_seq(&mut tx, operator).await?)
        && after.seq > 0
        && after.seq + 1 < oldest
    {
        let from = FeedPlace { seq: oldest - 1, row: i32::MAX }.encode();
        let detail = format!("What stood behind this cursor has left by its retention. The oldest position is {from}.");
        return Err(Problem::new(410, "cursor_before_retention", detail)
            .field("cursor", "cursor_before_retention", Some(from), "Go on from the oldest position.")
            .into());
    }
    let open = gates.open(ask.poor.is_some());
    let mut reading = Reading { place: after.unwrap_or(FeedPlace::START), lines: Vec::new(), more: true };
    for _ in 0..LOOKS {
        if !reading.look(&mut tx, operator, &open, ask, limit).await? {
            break;
        }
    }
    let Reading { mut place, lines, more } = reading;
    if let (FeedPlace::START, Some(from)) = (place, ask.from) {
        // Nothing was sealed since then: it goes on from there, not from the first of all.
        let seq = queries_calls_feed::last_before(&mut tx, operator, from).await?;
        place = seq.map_or(place, |seq| FeedPlace { seq, row: i32::MAX });
    }
    let reference = format!("calls/{}.{}", place.seq, place.row);
    let rows = hand_over(&mut tx, ctx, operator, lines, Channel::Feed, &reference).await?;
    tx.commit().await?;
    Ok(CallsPage { rows, next: Some(place.encode()), more })
}

/// How far a read of the feed has come.
struct Reading {
    place: FeedPlace,
    lines: Vec<FeedLine>,
    more: bool,
}

impl Reading {
    /// Reads on through some parts; whether to look again.
    async fn look(
        &mut self,
        conn: &mut PgConnection,
        operator: OperatorId,
        open: &[(Uuid, String)],
        ask: &CallsAsk,
        limit: i64,
    ) -> Result<bool, Failure> {
        let from = if self.place.row == i32::MAX { self.place.seq.saturating_add(1) } else { self.place.seq };
        let parts = queries_calls_feed::parts(&mut *conn, operator, from, ask, PARTS).await?;
        let last_look = parts.len() < usize::try_from(PARTS).unwrap_or(usize::MAX);
        let mut rest = parts.as_slice();
        while let Some(first) = rest.first() {
            let room = limit - i64::try_from(self.lines.len()).unwrap_or(i64::MAX);
            if room <= 0 {
                return Ok(false);
            }
            let begun = first.seq == self.place.seq;
            let whole = if begun { 0 } else { fitting(rest, room) };
            let (now, later) = rest.split_at(whole.max(1));
            let after_row = if begun { self.place.row } else { 0 };
            let found = queries_calls_feed::of_parts(&mut *conn, operator, open, ask, now, after_row, room).await?;
            let full = whole == 0 && i64::try_from(found.len()).is_ok_and(|n| n >= room);
            self.place = match (found.last(), now.last()) {
                (Some(last), Some(part)) if full => FeedPlace { seq: part.seq, row: last.batch_row },
                (_, Some(part)) => FeedPlace { seq: part.seq, row: i32::MAX },
                (_, None) => self.place,
            };
            self.lines.extend(in_order(found, now));
            if full {
                return Ok(false);
            }
            rest = later;
        }
        self.more = !last_look;
        Ok(!last_look && i64::try_from(self.lines.len()).is_ok_and(|n| n < limit))
    }
}

/// How many of the next parts fit into the page whole.
fn fitting(parts: &[Part], room: i64) -> usize {
    let mut sum = 0;
    let fits = parts.iter().take_while(|part| {
        sum += i64::from(part.rows);
        sum <= room
    });
    fits.count()
}

/// Rows of several parts in the order of the feed.
fn in_order(mut lines: Vec<FeedLine>, parts: &[Part]) -> Vec<FeedLine> {
    let place = |line: &FeedLine| parts.iter().position(|part| part.batch_id == line.batch_id);
    lines.sort_by_key(|line| (place(line), line.batch_row));
    lines
}

/// A page of the operator's calls that ended in a range, newest first.
///
/// # Errors
/// 403 without `calls:read`, 404 or 451 for a tenant asked for.
pub(super) async fn ended(
    store: &Store,
    ctx: &Ctx,
    ask: &CallsAsk,
    after: Option<ListPlace>,
    limit: i64,
) -> Result<CallsPage, Failure> {
    let operator = operator_of(ctx)?;
    let mut tx = store.begin_for(ctx).await?;
    let open = gates_for(&mut tx, operator, ask).await?.open(ask.poor.is_some());
    let lines = queries_calls_feed::ended(&mut tx, operator, &open, ask, after, limit + 1).await?;
    let (lines, next) = cut(lines, limit);
    let rows = hand_over(&mut tx, ctx, operator, lines, Channel::Pull, "calls").await?;
    tx.commit().await?;
    Ok(CallsPage { rows, more: next.is_some(), next })
}

/// Cuts the row too many; where it goes on, if it does.
fn cut(mut lines: Vec<FeedLine>, limit: i64) -> (Vec<FeedLine>, Option<String>) {
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = lines.len() > most;
    lines.truncate(most);
    let next = lines.last().filter(|_| more).map(|last| ListPlace { invited_at: last.invited_at, id: last.id }.encode());
    (lines, next)
}

fn operator_of(ctx: &Ctx) -> Result<OperatorId, Failure> {
    let operator = ctx.operator()?;
    ctx.require(Scope::CallsRead)?;
    Ok(operator)
}

async fn gates_for(conn: &mut PgConnection, operator: OperatorId, ask: &CallsAsk) -> Result<Gates, Failure> {
    let gates = Gates::read(conn, operator).await?;
    if let Some(tenant) = ask.party {
        gates.ask_for_tenant(tenant)?;
    }
    Ok(gates)
}

/// What of one tenant goes out.
struct Share {
    gate: GateState,
    quality: bool,
    records: i64,
    first: DateTime<Utc>,
    last: DateTime<Utc>,
    /// Over the rows, each followed by a line feed.
    digest: Sha256,
}

/// Keeps what may be seen now, under the locks that a suspension waits for, and writes the register. Answers the rows as they leave.
async fn hand_over(
    conn: &mut PgConnection,
    ctx: &Ctx,
    operator: OperatorId,
    lines: Vec<FeedLine>,
    channel: Channel,
    reference: &str,
) -> Result<Vec<Box<RawValue>>, Failure> {
    if lines.is_empty() {
        return Ok(Vec::new());
    }
    let mut tenants: Vec<Uuid> = lines.iter().map(|line| line.tenant_id).collect();
    tenants.sort_unstable();
    tenants.dedup();
    transfers::lock_shared_all(&mut *conn, tenants.into_iter().map(TenantId), operator).await?;
    let gates = Gates::read(&mut *conn, operator).await?;
    let mut shares: BTreeMap<Uuid, Share> = BTreeMap::new();
    let mut rows = Vec::with_capacity(lines.len());
    for line in lines {
        let pair = (line.tenant_id, line.country.clone());
        let Some(gate) = gates.calls.get(&pair).filter(|gate| gate.open) else { continue };
        let quality = gates.tells_quality(&pair);
        let row = to_raw_value(&CallOut::of(&line, quality)).map_err(anyhow::Error::new)?;
        note(&mut shares, &line, gate, quality, &row);
        rows.push(row);
    }
    write_register(conn, ctx, operator, shares, channel, reference).await?;
    Ok(rows)
}

fn note(shares: &mut BTreeMap<Uuid, Share>, line: &FeedLine, gate: &GateState, quality: bool, row: &RawValue) {
    let at = line.ended_at.unwrap_or(line.invited_at);
    let empty = || Share { gate: gate.clone(), quality: false, records: 0, first: at, last: at, digest: Sha256::new() };
    let share = shares.entry(line.tenant_id).or_insert_with(empty);
    share.quality |= quality;
    share.records += 1;
    share.first = share.first.min(at);
    share.last = share.last.max(at);
    share.digest.update(row.get().as_bytes());
    share.digest.update(b"\n");
}

async fn write_register(
    conn: &mut PgConnection,
    ctx: &Ctx,
    operator: OperatorId,
    shares: BTreeMap<Uuid, Share>,
    channel: Channel,
    reference: &str,
) -> Result<(), Failure> {
    let entries = shares.into_iter().map(|(tenant, share)| NewTransfer {
        tenant: TenantId(tenant),
        operator,
        direction: Direction::ToOperator,
        classes: if share.quality { vec![Class::Calls, Class::Quality] } else { vec![Class::Calls] },
        channel,
        // Nobody says whether the answer arrived.
        state: TransferState::Unconfirmed,
        records: share.records,
        // Half open, as everywhere.
        period: Some((share.first, share.last + TimeDelta::milliseconds(1))),
        basis: share.gate.basis(),
        digest: Some(share.digest.finalize().into()),
        reference: reference.to_owned(),
        actor_label: Some(ctx.actor.label().to_owned()),
        frozen_at: ctx.now(),
    });
    let entries: Vec<NewTransfer> = entries.collect();
    transfers::register(conn, &ctx.env, &entries).await?;
    Ok(())
}

/// One call of an operator, with its streams where quality is granted, as the bytes that leave.
///
/// # Errors
/// 403 without `calls:read`, 404, 451 while the gate is closed and for a call that ended while it was.
pub(super) async fn operator_call(store: &Store, ctx: &Ctx, id: CallId) -> Result<Box<RawValue>, Failure> {
    let operator = operator_of(ctx)?;
    let mut tx = store.begin_for(ctx).await?;
    let line = queries_calls_feed::operator_call(&mut tx, operator, id).await?.ok_or_else(|| Problem::not_found("call"))?;
    transfers::lock_shared(&mut tx, TenantId(line.tenant_id), operator).await?;
    let gates = Gates::read(&mut tx, operator).await?;
    let pair = (line.tenant_id, line.country.clone());
    let gate = match gates.calls.get(&pair) {
        Some(gate) if gate.open => gate,
        gate => return Err(GateState::withheld(gate.and_then(|gate| gate.reason.as_deref())).into()),
    };
    if line.withheld.is_some() {
        return Err(GateState::withheld(line.withheld.as_deref()).into());
    }
    let quality = gates.tells_quality(&pair);
    let streams = if quality {
        Some(queries_calls_feed::streams(&mut tx, TenantId(line.tenant_id), (&line.call_id, &line.leg_id, line.invited_at)).await?)
    } else {
        None
    };
    let mut shares = BTreeMap::new();
    let told = CallStory::of(CallOut::of(&line, quality), line.clone(), streams);
    let body = to_raw_value(&told).map_err(anyhow::Error::new)?;
    note(&mut shares, &line, gate, quality, &body);
    write_register(&mut tx, ctx, operator, shares, Channel::Pull, &format!("calls/{id}")).await?;
    tx.commit().await?;
    Ok(body)
}

/// A page of a tenant's calls, newest first, masked, with where it goes on.
///
/// # Errors
/// 403 without `calls:read`.
pub(super) async fn tenant_calls(
    store: &Store,
    ctx: &Ctx,
    ask: &CallsAsk,
    after: Option<ListPlace>,
    limit: i64,
) -> Result<(Vec<TenantCallOut>, Option<String>), Failure> {
    let tenant = ctx.tenant()?;
    ctx.require(Scope::CallsRead)?;
    let mut tx = store.begin_for(ctx).await?;
    let country = queries_calls_feed::tenant_country(&mut tx, tenant).await?;
    let lines = queries_calls_feed::of_tenant(&mut tx, tenant, ask, after, limit + 1).await?;
    tx.commit().await?;
    let (lines, next) = cut(lines, limit);
    Ok((lines.iter().map(|line| TenantCallOut::of(line, &country)).collect(), next))
}

/// One call of a tenant, masked, with its streams.
///
/// # Errors
/// 403 without `calls:read`, 404.
pub(super) async fn tenant_call(store: &Store, ctx: &Ctx, id: CallId) -> Result<impl Serialize + use<>, Failure> {
    let tenant = ctx.tenant()?;
    ctx.require(Scope::CallsRead)?;
    let mut tx = store.begin_for(ctx).await?;
    let line = queries_calls_feed::tenant_call(&mut tx, tenant, id).await?.ok_or_else(|| Problem::not_found("call"))?;
    let country = queries_calls_feed::tenant_country(&mut tx, tenant).await?;
    let streams =
        queries_calls_feed::streams(&mut tx, TenantId(line.tenant_id), (&line.call_id, &line.leg_id, line.invited_at)).await?;
    tx.commit().await?;
    Ok(CallStory::of(TenantCallOut::of(&line, &country), line, Some(streams)))
}
