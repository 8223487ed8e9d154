//! Reads of the operator's pages: the feed, newest first. Each row says where it stands and what of it the gate
//! lets through; filters never find what is withheld.
//!
//! An event's state is derived, never stored: an endpoint has taken what lies behind its place and is not in hand
//! (`schedule`), the operator itself has taken what it acknowledged on the pull feed.

use chrono::DateTime;
use chrono::Utc;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::base::Cursor;
use crate::base::Failure;
use crate::base::OperatorId;

/// Where an event stands on its way to the operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    /// Every endpoint that wants it has taken it, or the pull feed acknowledged it.
    Delivered,
    /// At least one endpoint refused it or did not answer; it is tried again.
    Failing,
    /// Not tried yet: in the queue, behind another event of its number, or nobody to push it to.
    Waiting,
    /// The customer's consent does not cover it now: nothing of it is shown.
    Withheld,
}

impl Delivery {
    /// Every state, in the order of the filter.
    pub(super) const ALL: [Self; 4] = [Self::Delivered, Self::Failing, Self::Waiting, Self::Withheld];

    /// The word in the address and in the query below.
    pub(super) fn slug(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failing => "failing",
            Self::Waiting => "waiting",
            Self::Withheld => "withheld",
        }
    }

    /// Reads [`Delivery::slug`].
    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.slug() == text)
    }
}

/// What of the feed to list. Times are half open and concern sealing.
#[derive(Clone, Debug, Default)]
pub(super) struct EventFilter {
    pub kind: Option<String>,
    pub number: Option<String>,
    /// Digits that the number holds; with `+` those it begins with.
    pub part: Option<String>,
    /// One of these customers.
    pub tenants: Option<Vec<Uuid>>,
    pub state: Option<Delivery>,
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
}

/// Which page of a list falling in time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place<'a> {
    /// Older than this cursor.
    pub after: Option<&'a str>,
    /// Newer than this cursor.
    pub before: Option<&'a str>,
}

/// One page: its rows, newest first, and the cursors of the pages around it.
#[derive(Clone, Debug)]
pub(super) struct Slice<T> {
    pub rows: Vec<T>,
    pub newer: Option<String>,
    pub older: Option<String>,
}

impl<T> Slice<T> {
    /// A page of nothing.
    pub(super) fn none() -> Self {
        Self { rows: Vec::new(), newer: None, older: None }
    }

    /// Cuts what was read (one more than `limit` when there is more, in reading order) into a page.
    pub(super) fn cut(mut rows: Vec<T>, limit: i64, place: Place<'_>, cursor: impl Fn(&T) -> String) -> Self {
        let limit = usize::try_from(limit).unwrap_or(0);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let upwards = place.before.is_some();
        if upwards {
            rows.reverse();
        }
        let (newer, older) = if upwards { (more, true) } else { (place.after.is_some(), more) };
        Self { newer: rows.first().filter(|_| newer).map(&cursor), older: rows.last().filter(|_| older).map(&cursor), rows }
    }
}

/// An event as listed.
#[derive(Clone, Debug)]
pub(super) struct EventRow {
    pub seq: i64,
    pub id: Uuid,
    pub kind: String,
    /// The number, or what else it is about.
    pub subject: String,
    pub tenant_id: Option<Uuid>,
    pub tenant_name: Option<String>,
    pub country: Option<String>,
    /// The class whose gate must be open; `None`: never gated.
    pub class: Option<String>,
    /// The opening of the gate under which it was written.
    pub opening: Option<i64>,
    pub sealed_at: DateTime<Utc>,
    /// Why the gate is closed: `suspended`, `withdrawn`, `not_granted`.
    pub withheld: Option<String>,
    /// A [`Delivery`] word.
    pub state: String,
}

impl EventRow {
    /// Where it stands.
    pub(super) fn delivery(&self) -> Delivery {
        if self.withheld.is_some() {
            return Delivery::Withheld;
        }
        Delivery::parse(&self.state).unwrap_or(Delivery::Waiting)
    }
}

/// The query of [`events`], with its order; and of [`event`].
macro_rules! event_rows {
    ($tail:tt, $operator:expr, $filter:expr, $above:expr, $below:expr, $limit:expr) => {
        sqlx::query_as!(
            EventRow,
            r#"select e.seq, e.id, e.type as kind, e.subject, e.tenant_id, t.name as "tenant_name?", e.country, e.class, e.opening, e.sealed_at,
                      case when w.closed then coalesce(g.reason, g.closed_for[e.opening::int], 'not_granted') end as withheld, s.state as "state!"
               from event e
               left join tenant t on t.id = e.tenant_id
               left join gate g on g.tenant_id = e.tenant_id and g.operator_id = e.operator_id
                 and g.country = e.country and g.class = e.class
               cross join lateral (
                 select e.class is not null and e.tenant_id is not null and (g.open and g.opening = e.opening) is not true as closed) w
               cross join lateral (
                 select count(*) as asked,
                        count(*) filter (where h.seq is not null or l.cursor_seq < e.seq) as owed,
                        count(*) filter (where h.seq = e.seq and (
                          select a.status between 200 and 299 is not true from attempt a
                          where a.operator_id = e.operator_id and a.event_id = e.id and a.endpoint_id = p.id
                          order by a.at desc, a.id desc limit 1)) as failing
                 from endpoint p
                 join endpoint_place l on l.operator_id = p.operator_id and l.endpoint_id = p.id
                 left join lateral (
                   select x.seq from in_hand x
                   where x.operator_id = p.operator_id and x.endpoint_id = p.id and x.subject = e.subject and x.seq <= e.seq
                     and (x.seq = e.seq or x.resume_seq is null or x.resume_seq < e.seq) limit 1) h on true
                 where p.operator_id = e.operator_id and p.created_at <= e.sealed_at
                   and (p.event_types = '{}' or e.type = any(p.event_types))) d
               cross join lateral (
                 select case when w.closed then 'withheld'
                             when d.failing > 0 then 'failing'
                             when d.asked > 0 and d.owed = 0 then 'delivered'
                             when e.seq <= (select f.acked_seq from feed_head f
                                            where f.operator_id = e.operator_id and f.feed = 'events') then 'delivered'
                             else 'waiting' end as state) s
               where e.operator_id = $1 and e.seq > $2 and e.seq < $3
                 and ($4::text is null or (not w.closed and e.type = $4))
                 and ($5::text is null or (not w.closed and e.subject = $5))
                 and ($6::uuid[] is null or (not w.closed and e.tenant_id = any($6)))
                 and ($7::text is null or s.state = $7)
                 and ($9::text is null or (not w.closed and e.subject like '+%' and strpos(e.subject, $9) > 0))
                 -- Known without asking the endpoints.
                 and ($7::text is null or $7 <> 'withheld' or w.closed)
               "# + $tail,
            $operator.0,
            $above,
            $below,
            $filter.kind,
            $filter.number,
            $filter.tenants.as_deref(),
            $filter.state.map(Delivery::slug),
            $limit,
            $filter.part
        )
    };
}

/// Events of the operator's feed, newest first.
///
/// # Errors
/// 400 when the cursor is of another list; when the database is away.
pub(super) async fn events(
    conn: &mut PgConnection,
    operator: OperatorId,
    filter: &EventFilter,
    place: Place<'_>,
    limit: i64,
) -> Result<Slice<EventRow>, Failure> {
    let (mut above, mut below) = bounds(conn, operator, filter).await?;
    if let Some(cursor) = place.before {
        above = above.max(seq_of(cursor)?);
    } else if let Some(cursor) = place.after {
        below = below.min(seq_of(cursor)?);
    }
    let rows = if place.before.is_some() {
        event_rows!("order by e.seq limit $8", operator, filter, above, below, limit + 1).fetch_all(conn).await?
    } else {
        event_rows!("order by e.seq desc limit $8", operator, filter, above, below, limit + 1).fetch_all(conn).await?
    };
    Ok(Slice::cut(rows, limit, place, |row| Cursor(vec![row.seq.to_string()]).encode()))
}

fn seq_of(cursor: &str) -> Result<i64, Failure> {
    let cursor = Cursor::decode(cursor, 1)?;
    Ok(cursor.0[0].parse().unwrap_or(0))
}

/// The part of the feed a filter can find anything in, both ends left out, so that a rare state or an old week does not read
/// the whole feed.
async fn bounds(conn: &mut PgConnection, operator: OperatorId, filter: &EventFilter) -> Result<(i64, i64), Failure> {
    let mut above = 0;
    let mut below = i64::MAX;
    if let Some(from) = filter.from {
        above = first_from(conn, operator, from).await? - 1;
    }
    if let Some(to) = filter.to {
        below = first_from(conn, operator, to).await?;
    }
    if let Some(state @ (Delivery::Failing | Delivery::Waiting)) = filter.state {
        let open = sqlx::query!(
            r#"select (select min(seq) from held_event where operator_id = $1) as held_from,
                      (select max(seq) from held_event where operator_id = $1) as held_to,
                      (select min(cursor_seq) from endpoint where operator_id = $1) as cursor,
                      (select max(acked_seq) from feed_head where operator_id = $1 and feed = 'events') as acked"#,
            operator.0
        )
        .fetch_one(conn)
        .await?;
        if state == Delivery::Failing {
            above = above.max(open.held_from.map_or(i64::MAX - 1, |seq| seq - 1));
            below = below.min(open.held_to.map_or(0, |seq| seq + 1));
        } else if let Some(acked) = open.acked {
            // What waits is either beyond the acknowledgement or, for an endpoint, beyond its cursor or held.
            let pushed = open.held_from.map_or(i64::MAX, |seq| seq - 1).min(open.cursor.unwrap_or(i64::MAX));
            above = above.max(pushed.min(acked));
        }
    }
    Ok((above, below))
}

/// The first position sealed at or after a time; one more than the last when there is none. Positions have no gaps and
/// sealing times never fall, so halving finds it in as many steps as the position has bits.
async fn first_from(conn: &mut PgConnection, operator: OperatorId, at: DateTime<Utc>) -> Result<i64, Failure> {
    let found = sqlx::query_scalar!(
        r#"with recursive halving (low, high) as (
             select coalesce(min(seq), 1), coalesce(max(seq), 0) + 1 from event where operator_id = $1
             union all
             select case when m.early then m.seq + 1 else h.low end, case when m.early then h.high else m.seq end
             from halving h
             cross join lateral (
               select (h.low + h.high) / 2 as seq,
                      exists (select from event e
                              where e.operator_id = $1 and e.seq = (h.low + h.high) / 2 and e.sealed_at < $2) as early) m
             where h.low < h.high)
           select low as "low!" from halving where low >= high limit 1"#,
        operator.0,
        at
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.unwrap_or(1))
}

/// An event with what it says.
#[derive(Clone, Debug)]
pub(super) struct EventFull {
    pub row: EventRow,
    pub number_seq: Option<i64>,
    pub occurred_at: DateTime<Utc>,
    /// What push and pull hand over, byte for byte.
    pub body: String,
    /// Everything up to here was acknowledged on the pull feed.
    pub acked_seq: i64,
}

/// One event by its id.
///
/// # Errors
/// When the database is away.
pub(super) async fn event(conn: &mut PgConnection, operator: OperatorId, id: Uuid) -> Result<Option<EventFull>, Failure> {
    let more = sqlx::query!(
        r#"select e.seq, e.number_seq, e.occurred_at, e.body, coalesce(f.acked_seq, 0) as "acked_seq!"
           from event e left join feed_head f on f.operator_id = e.operator_id and f.feed = 'events'
           where e.operator_id = $1 and e.id = $2"#,
        operator.0,
        id
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(more) = more else { return Ok(None) };
    let all = EventFilter::default();
    let row = event_rows!("order by e.seq limit $8", operator, all, more.seq - 1, more.seq + 1, 1).fetch_optional(conn).await?;
    Ok(row.map(|row| EventFull {
        row,
        number_seq: more.number_seq,
        occurred_at: more.occurred_at,
        body: more.body,
        acked_seq: more.acked_seq,
    }))
}

/// Whether an event of that id is in the operator's feed.
///
/// # Errors
/// When the database is away.
pub(super) async fn in_feed(conn: &mut PgConnection, operator: OperatorId, id: Uuid) -> Result<bool, Failure> {
    let found =
        sqlx::query_scalar!(r#"select exists (select from event where operator_id = $1 and id = $2) as "found!""#, operator.0, id)
            .fetch_one(conn)
            .await?;
    Ok(found)
}

/// Where an event stands at one endpoint.
#[derive(Clone, Debug)]
pub(super) struct AtEndpoint {
    pub endpoint_id: Uuid,
    pub url: String,
    pub description: String,
    pub endpoint_state: String,
    /// `delivered`, `failing`, `waiting`, `not_asked` (a type it does not take), `before` (older than the endpoint).
    pub state: String,
    /// Tries so far.
    pub attempts: i64,
    /// When it is tried again, or its number's oldest event.
    pub next_at: Option<DateTime<Utc>>,
    /// The event of the same number that has to go first.
    pub behind_seq: Option<i64>,
    /// It was asked to send it once more, and has not yet.
    pub resend_at: Option<DateTime<Utc>>,
}

/// Where an event stands at each endpoint, oldest endpoint first.
///
/// # Errors
/// When the database is away.
pub(super) async fn at_endpoints(conn: &mut PgConnection, operator: OperatorId, seq: i64) -> Result<Vec<AtEndpoint>, Failure> {
    let rows = sqlx::query_as!(
        AtEndpoint,
        r#"select p.id as endpoint_id, p.url, p.description, p.state as endpoint_state,
                  case when n.taken > 0 then 'delivered'
                       when p.event_types <> '{}' and e.type <> all(p.event_types) then 'not_asked'
                       when p.created_at > e.sealed_at then 'before'
                       when h.seq = e.seq and n.tried > 0 then 'failing'
                       when h.seq is not null or l.cursor_seq < e.seq then 'waiting'
                       else 'delivered' end as "state!",
                  n.tried as "attempts!", h.next_at as "next_at?", nullif(h.seq, e.seq) as behind_seq, r.requested_at as "resend_at?"
           from event e
           join endpoint p on p.operator_id = e.operator_id
           join endpoint_place l on l.operator_id = p.operator_id and l.endpoint_id = p.id
           left join lateral (
             select x.seq, x.next_at from in_hand x
             where x.operator_id = p.operator_id and x.endpoint_id = p.id and x.subject = e.subject and x.seq <= e.seq
               and (x.seq = e.seq or x.resume_seq is null or x.resume_seq < e.seq) limit 1) h on true
           left join resend r on r.operator_id = p.operator_id and r.endpoint_id = p.id and r.seq = e.seq
           cross join lateral (
             select count(*) as tried, count(*) filter (where a.status between 200 and 299) as taken
             from attempt a where a.operator_id = e.operator_id and a.event_id = e.id and a.endpoint_id = p.id) n
           where e.operator_id = $1 and e.seq = $2
           order by p.created_at, p.id"#,
        operator.0,
        seq
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// The customers an operator may filter by: those it ever had a gate with.
///
/// # Errors
/// When the database is away.
pub(super) async fn customers(conn: &mut PgConnection, operator: OperatorId) -> Result<Vec<(Uuid, String)>, Failure> {
    let rows = sqlx::query!(
        "select t.id, t.name from tenant t
         where exists (select from gate g where g.operator_id = $1 and g.tenant_id = t.id)
         order by t.name, t.id limit 500",
        operator.0
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

/// Those of [`customers`] whose name holds `part`, in large or small letters.
///
/// # Errors
/// When the database is away.
pub(super) async fn customers_named(conn: &mut PgConnection, operator: OperatorId, part: &str) -> Result<Vec<Uuid>, Failure> {
    let ids = sqlx::query_scalar!(
        "select t.id from tenant t
         where position(lower($2::text) in lower(t.name)) > 0
           and exists (select from gate g where g.operator_id = $1 and g.tenant_id = t.id)
         order by t.id",
        operator.0,
        part
    )
    .fetch_all(conn)
    .await?;
    Ok(ids)
}
