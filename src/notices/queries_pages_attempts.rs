//! Reads of the operator's pages: attempts, newest first, with what of each the gate lets through.

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use sqlx::PgConnection;
use uuid::Uuid;

use super::queries_pages::Place;
use super::queries_pages::Slice;
use crate::base::Cursor;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::read_moment;

/// What of the attempts to list. Times are half open.
#[derive(Clone, Debug, Default)]
pub(super) struct AttemptFilter {
    /// Answered by 2xx, or not.
    pub ok: Option<bool>,
    /// First digit of the answer's status; 0: no answer.
    pub code: Option<i32>,
    pub kind: Option<String>,
    pub number: Option<String>,
    /// Digits that the number holds; with `+` those it begins with.
    pub part: Option<String>,
    /// One of these customers.
    pub tenants: Option<Vec<Uuid>>,
    /// At least this try.
    pub tries: Option<i32>,
    pub endpoint: Option<Uuid>,
    pub event: Option<Uuid>,
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
}

/// An attempt as listed.
#[derive(Clone, Debug)]
pub(super) struct AttemptRow {
    pub at: DateTime<Utc>,
    pub id: Uuid,
    pub endpoint_id: Uuid,
    /// `None`: the endpoint was deleted since.
    pub url: Option<String>,
    /// `None`: not part of the feed (test, verification, heartbeat).
    pub seq: Option<i64>,
    pub event_id: Uuid,
    pub tenant_id: Option<Uuid>,
    pub tenant_name: Option<String>,
    pub kind: String,
    pub subject: String,
    pub country: Option<String>,
    pub class: Option<String>,
    /// The opening of the gate under which its event was written.
    pub opening: Option<i64>,
    pub number: i32,
    pub trigger: String,
    pub status: Option<i16>,
    pub error: Option<String>,
    pub elapsed_ms: i32,
    pub next_at: Option<DateTime<Utc>>,
    /// Header `Retry-After` of an answer after which it is tried again; empty when there was none, `None` when that is not known.
    pub retry_after: Option<String>,
    /// Why the gate is closed: `suspended`, `withdrawn`, `not_granted`.
    pub withheld: Option<String>,
}

impl AttemptRow {
    /// Whether the endpoint took it. A challenge is answered with 200.
    pub(super) fn is_ok(&self) -> bool {
        self.status.is_some_and(|status| if self.trigger == "verify" { status == 200 } else { (200..300).contains(&status) })
    }

    /// Its place in addresses.
    pub(super) fn key(&self) -> String {
        format!("{}-{}", self.at.timestamp_micros(), self.id.simple())
    }
}

/// The query of [`attempts`], with its order.
macro_rules! attempt_rows {
    ($tail:tt, $operator:expr, $filter:expr, $above:expr, $below:expr, $limit:expr) => {
        sqlx::query_as!(
            AttemptRow,
            r#"select a.at, a.id, a.endpoint_id, p.url as "url?", a.seq, a.event_id, a.tenant_id, t.name as "tenant_name?",
                      a.type as kind, a.subject, e.country as "country?", e.class as "class?", e.opening as "opening?", a.number, a.trigger, a.status, a.error,
                      a.elapsed_ms, a.next_at,
                      case when a.next_at is not null then coalesce(
                        substring(a.response_headers from '(?n)^retry-after: (.*)$'),
                        case when right(a.response_headers, 2) = chr(10) || '…' then null else '' end) end as retry_after,
                      case when w.closed then coalesce(g.reason, g.closed_for[e.opening::int], 'not_granted') end as withheld
               from attempt a
               left join event e on e.operator_id = a.operator_id and e.seq = a.seq
               left join endpoint p on p.operator_id = a.operator_id and p.id = a.endpoint_id
               left join tenant t on t.id = a.tenant_id
               left join gate g on g.tenant_id = a.tenant_id and g.operator_id = a.operator_id
                 and g.country = e.country and g.class = e.class
               cross join lateral (
                 select a.tenant_id is not null and a.seq is not null
                    and (e.seq is null or (e.class is not null and (g.open and g.opening = e.opening) is not true)) as closed) w
               where a.operator_id = $1 and (a.at, a.id) > ($2, $3) and (a.at, a.id) < ($4, $5)
                 and ($6::bool is null or coalesce(a.status between 200 and 299, false) = $6)
                 and ($7::int is null or coalesce(a.status / 100, 0) = $7)
                 and ($8::text is null or (not w.closed and a.type = $8))
                 and ($9::text is null or (not w.closed and a.subject = $9))
                 and ($10::int is null or a.number >= $10)
                 and ($11::uuid is null or a.endpoint_id = $11)
                 and ($12::uuid is null or a.event_id = $12)
                 and ($14::uuid[] is null or (not w.closed and a.tenant_id = any($14)))
                 and ($15::text is null or (not w.closed and a.subject like '+%' and strpos(a.subject, $15) > 0))
               "# + $tail,
            $operator.0,
            $above.0,
            $above.1,
            $below.0,
            $below.1,
            $filter.ok,
            $filter.code,
            $filter.kind,
            $filter.number,
            $filter.tries,
            $filter.endpoint,
            $filter.event,
            $limit,
            $filter.tenants.as_deref(),
            $filter.part
        )
    };
}

/// Attempts of the operator, newest first; `now` bounds the list.
///
/// # Errors
/// 400 when the cursor is of another list; when the database is away.
pub(super) async fn attempts(
    conn: &mut PgConnection,
    operator: OperatorId,
    filter: &AttemptFilter,
    place: Place<'_>,
    limit: i64,
    now: DateTime<Utc>,
) -> Result<Slice<AttemptRow>, Failure> {
    let mut above = (filter.from.unwrap_or(DateTime::UNIX_EPOCH), Uuid::nil());
    let mut below = (filter.to.unwrap_or(now + TimeDelta::days(1)), Uuid::nil());
    if let Some(cursor) = place.before {
        above = above.max(place_of(cursor)?);
    } else if let Some(cursor) = place.after {
        below = below.min(place_of(cursor)?);
    }
    let rows = if place.before.is_some() {
        attempt_rows!("order by a.at, a.id limit $13", operator, filter, above, below, limit + 1).fetch_all(conn).await?
    } else {
        attempt_rows!("order by a.at desc, a.id desc limit $13", operator, filter, above, below, limit + 1).fetch_all(conn).await?
    };
    Ok(Slice::cut(rows, limit, place, |row| Cursor::of_moment(row.at, row.id).encode()))
}

fn place_of(cursor: &str) -> Result<(DateTime<Utc>, Uuid), Failure> {
    Cursor::decode(cursor, 2)?.moment()
}

/// An attempt with what was sent and what came back.
#[derive(Clone, Debug)]
pub(super) struct AttemptFull {
    pub row: AttemptRow,
    pub request_headers: String,
    /// Status line and headers.
    pub response_headers: Option<String>,
    pub response_body: Option<String>,
    /// The event's body; `None` outside the feed.
    pub body: Option<String>,
}

/// One attempt by its place in addresses ([`AttemptRow::key`]).
///
/// # Errors
/// When the database is away.
pub(super) async fn attempt(conn: &mut PgConnection, operator: OperatorId, key: &str) -> Result<Option<AttemptFull>, Failure> {
    let Some((at, id)) = key.split_once('-') else { return Ok(None) };
    let at = read_moment(at);
    let (Some(at), Ok(id)) = (at, Uuid::try_parse(id)) else { return Ok(None) };
    let all = AttemptFilter::default();
    let below = (at + TimeDelta::microseconds(1), Uuid::nil());
    let rows = attempt_rows!("order by a.at, a.id limit $13", operator, all, (at, Uuid::nil()), below, 1_000)
        .fetch_all(&mut *conn)
        .await?;
    let Some(row) = rows.into_iter().find(|row| row.id == id) else { return Ok(None) };
    let more = sqlx::query!(
        r#"select a.request_headers, a.response_headers, a.response_body, e.body as "body?"
           from attempt a left join event e on e.operator_id = a.operator_id and e.seq = a.seq
           where a.operator_id = $1 and a.at = $2 and a.id = $3"#,
        operator.0,
        at,
        id
    )
    .fetch_optional(conn)
    .await?;
    Ok(more.map(|more| AttemptFull {
        row,
        request_headers: more.request_headers,
        response_headers: more.response_headers,
        response_body: more.response_body,
        body: more.body,
    }))
}
