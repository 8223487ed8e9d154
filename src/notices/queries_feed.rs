//! SQL of the sealed feed: events to hand over, what the operator acknowledged, what is sent once more.

use std::collections::HashMap;

use chrono::DateTime;
use chrono::Utc;
use sqlx::PgConnection;
use uuid::Uuid;

use super::EventType;
use super::queries_delivery::Target;
use crate::base::EventId;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::TenantId;

/// What is needed of an event to hand it over.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub seq: i64,
    pub id: EventId,
    pub tenant: Option<TenantId>,
    pub kind: EventType,
    pub subject: String,
    pub number_seq: Option<i64>,
    pub country: Option<String>,
    /// The opening of its gate under which it was written.
    pub opening: Option<i64>,
    pub body: String,
}

/// A row of `event` as it stands.
pub(super) struct RawStored {
    pub seq: i64,
    pub id: Uuid,
    pub tenant_id: Option<Uuid>,
    pub kind: String,
    pub subject: String,
    pub number_seq: Option<i64>,
    pub country: Option<String>,
    pub opening: Option<i64>,
    pub body: String,
}

impl TryFrom<RawStored> for Stored {
    type Error = Failure;

    fn try_from(raw: RawStored) -> Result<Self, Failure> {
        Ok(Self {
            seq: raw.seq,
            id: EventId(raw.id),
            tenant: raw.tenant_id.map(TenantId),
            kind: raw.kind.parse().map_err(anyhow::Error::new)?,
            subject: raw.subject,
            number_seq: raw.number_seq,
            country: raw.country,
            opening: raw.opening,
            body: raw.body,
        })
    }
}

/// Events by their positions.
pub(super) async fn events_at(
    conn: &mut PgConnection,
    operator: OperatorId,
    seqs: &[i64],
) -> Result<HashMap<i64, Stored>, Failure> {
    let rows = sqlx::query_as!(
        RawStored,
        // One by one: to a young feed's planner reading all of it costs less than a list of positions, and a feed grows faster than plans
        // are made anew.
        "select e.seq, e.id, e.tenant_id, e.type as kind, e.subject, e.number_seq, e.country, e.opening, e.body
         from unnest($2::bigint[]) as k(seq) cross join lateral (
           select * from event e where e.operator_id = $1 and e.seq = k.seq offset 0) as e",
        operator.0,
        seqs
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(|raw| Ok((raw.seq, Stored::try_from(raw)?))).collect()
}

/// What of the feed to read: positions after `after` and up to `head`.
#[derive(Clone, Debug, Default)]
pub struct FeedFilter {
    pub after: i64,
    /// Empty: all types.
    pub types: Vec<String>,
    /// The subject: an E.164 number.
    pub e164: Option<String>,
    /// 1 to 1,000.
    pub limit: i64,
}

impl FeedFilter {
    /// Part of the feed alone is wanted.
    #[must_use]
    pub fn is_selective(&self) -> bool {
        !self.types.is_empty() || self.e164.is_some()
    }
}

/// A page of the feed, in order. A selective one leaves out what is withheld: which number or type it was is withheld too.
pub(super) async fn page(
    conn: &mut PgConnection,
    operator: OperatorId,
    filter: &FeedFilter,
    head: i64,
) -> Result<Vec<Stored>, Failure> {
    let rows = sqlx::query_as!(
        RawStored,
        "select seq, id, tenant_id, type as kind, subject, number_seq, country, opening, body from event
         where operator_id = $1 and seq > $2 and seq <= $3 and (cardinality($4::text[]) = 0 or type = any($4))
           and ($5::text is null or subject = $5)
           and (not $7::bool or class is null or tenant_id is null
             or exists (select from gate g where g.tenant_id = event.tenant_id and g.operator_id = $1 and g.country = event.country
                          and g.class = event.class and g.open and g.opening = event.opening))
         order by seq limit $6",
        operator.0,
        filter.after,
        head,
        &filter.types,
        filter.e164,
        filter.limit,
        filter.is_selective()
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Stored::try_from).collect()
}

/// One event by its id.
pub(super) async fn event(conn: &mut PgConnection, operator: OperatorId, id: EventId) -> Result<Option<Stored>, Failure> {
    let row = sqlx::query_as!(
        RawStored,
        "select seq, id, tenant_id, type as kind, subject, number_seq, country, opening, body from event where operator_id = $1 and id = $2",
        operator.0,
        id.0
    )
    .fetch_optional(conn)
    .await?;
    row.map(Stored::try_from).transpose()
}

/// How far the operator has acknowledged, and the last position of the feed.
pub(super) async fn acked(conn: &mut PgConnection, operator: OperatorId) -> Result<(i64, i64), Failure> {
    let row = sqlx::query!("select acked_seq, last_seq from feed_head where operator_id = $1 and feed = 'events'", operator.0)
        .fetch_optional(conn)
        .await?;
    Ok(row.map_or((0, 0), |r| (r.acked_seq, r.last_seq)))
}

/// Acknowledges up to `seq`; answers the positions that are newly covered, `(from, to]`.
pub(super) async fn acknowledge(
    conn: &mut PgConnection,
    operator: OperatorId,
    seq: i64,
    now: DateTime<Utc>,
) -> Result<Option<(i64, i64)>, Failure> {
    let row = sqlx::query!(
        "with old as (select acked_seq from feed_head where operator_id = $1 and feed = 'events' for update)
         update feed_head h set acked_seq = least($2, h.last_seq), acked_at = $3 from old
         where h.operator_id = $1 and h.feed = 'events' and least($2, h.last_seq) > old.acked_seq
         returning old.acked_seq as was, h.acked_seq as is",
        operator.0,
        seq,
        now
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|r| (r.was, r.is)))
}

/// Events of numbers within `(from, to]`, up to `limit`.
pub(super) async fn number_events(
    conn: &mut PgConnection,
    operator: OperatorId,
    from: i64,
    to: i64,
    limit: i64,
) -> Result<Vec<Stored>, Failure> {
    let rows = sqlx::query_as!(
        RawStored,
        "select seq, id, tenant_id, type as kind, subject, number_seq, country, opening, '' as \"body!\" from event
         where operator_id = $1 and seq > $2 and seq <= $3 and number_seq is not null
         order by seq limit $4",
        operator.0,
        from,
        to,
        limit
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Stored::try_from).collect()
}

/// Queues an event to be sent once more to an endpoint, under the lock of its row. Where it is still held back it becomes due
/// instead, and where it is in flight or still to come nothing is needed.
pub(super) async fn queue_again(
    conn: &mut PgConnection,
    target: &Target,
    event: &Stored,
    by: &str,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    sqlx::query!(
        "update held_event set next_at = $4, asked_until = null
         where operator_id = $1 and endpoint_id = $2 and subject = $5 and seq = $3 and next_at > $4
           and (leased_until is null or leased_until <= $4)",
        target.operator.0,
        target.id.0,
        event.seq,
        now,
        event.subject
    )
    .execute(&mut *conn)
    .await?;
    let in_flight = target.flight.find(&event.subject).is_some_and(|held| held.seq <= event.seq);
    // What the endpoint does not want by itself is sent for this once, wherever it stands.
    let wanted = target.event_types.is_empty() || target.event_types.iter().any(|name| name == event.kind.name());
    if wanted && (in_flight || target.head.cursor_seq < event.seq) {
        return Ok(());
    }
    sqlx::query!(
        "insert into resend (operator_id, endpoint_id, seq, subject, trigger, attempt, next_at, requested_at, requested_by)
         select $1, $2, $3, $5, 'redeliver',
                (select coalesce(max(a.number), 0) from attempt a
                 where a.operator_id = $1 and a.event_id = $6 and a.endpoint_id = $2), $4, $4, $7
         where not $8 or not exists (select from held_event h where h.operator_id = $1 and h.endpoint_id = $2 and h.subject = $5
                                       and h.seq <= $3 and h.resume_seq is null)
         on conflict (operator_id, endpoint_id, seq) do update set next_at = excluded.next_at, asked_until = null",
        target.operator.0,
        target.id.0,
        event.seq,
        now,
        event.subject,
        event.id.0,
        by,
        wanted
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Which of an endpoint's past events to send once more.
#[derive(Clone, Debug, Default)]
pub(super) struct Range {
    pub after_seq: i64,
    pub since: Option<DateTime<Utc>>,
    pub until: Option<DateTime<Utc>>,
    /// Empty: all that the endpoint wants.
    pub types: Vec<String>,
    /// Those without a 2xx alone.
    pub undelivered: bool,
}

/// How many events a range holds, with its first and last position.
pub(super) struct Counted {
    pub count: i64,
    pub first_seq: Option<i64>,
    pub last_seq: Option<i64>,
}

/// Counts a range up to the endpoint's place in the feed, without what is still to be sent in any case.
pub(super) async fn count_range(conn: &mut PgConnection, target: &Target, range: &Range) -> Result<Counted, Failure> {
    let counted = sqlx::query_as!(
        Counted,
        r#"select count(*) as "count!", min(v.seq) as first_seq, max(v.seq) as last_seq
           from event v
           where v.operator_id = $1 and v.seq > $3 and v.seq <= $8
             and ($4::timestamptz is null or v.sealed_at >= $4) and ($5::timestamptz is null or v.sealed_at < $5)
             and (cardinality($9::text[]) = 0 or v.type = any($9))
             and (cardinality($6::text[]) = 0 or v.type = any($6))
             and not ($7 and exists (select from attempt a where a.operator_id = $1 and a.event_id = v.id and a.endpoint_id = $2
                                       and a.status between 200 and 299))
             and not exists (select from in_hand h where h.operator_id = $1 and h.endpoint_id = $2 and h.subject = v.subject
                               and h.seq <= v.seq and h.resume_seq is null)"#,
        target.operator.0,
        target.id.0,
        range.after_seq,
        range.since,
        range.until,
        &range.types,
        range.undelivered,
        target.head.cursor_seq,
        &target.event_types
    )
    .fetch_one(conn)
    .await?;
    Ok(counted)
}

/// Opens the recovery of a range. Delivery moves it on from there, see
/// [`step_recovery`](super::queries_turns::step_recovery): one request never writes more than this row.
pub(super) async fn open_recovery(
    conn: &mut PgConnection,
    target: &Target,
    id: Uuid,
    range: &Range,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    sqlx::query!(
        "insert into recovery (operator_id, endpoint_id, id, from_seq, to_seq, since, until, event_types, undelivered, requested_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        target.operator.0,
        target.id.0,
        id,
        range.after_seq,
        target.head.cursor_seq,
        range.since,
        range.until,
        &range.types,
        range.undelivered,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}
