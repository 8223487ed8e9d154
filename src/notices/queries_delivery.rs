//! SQL of delivery: the endpoint's row under its lock, the rows of numbers in flight or held back, attempts.

use std::collections::HashMap;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use sqlx::PgConnection;
use uuid::Uuid;

use super::EndpointState;
use super::Fresh;
use super::Head;
use super::Held;
use super::SignatureKind;
use super::queries_feed::RawStored;
use super::queries_feed::Stored as StoredEvent;
use super::queries_turns::Flight;
use crate::base::EndpointId;
use crate::base::Failure;
use crate::base::OperatorId;

/// Events read per claim at most.
const FRESH_ROWS: i64 = 500;
/// Events read per free slot, as some may wait behind a held number; and how many at least.
const FRESH_PER_SLOT: i64 = 4;
const FRESH_LEAST: i64 = 64;
/// Positions looked at per claim at most, wanted or not.
const FRESH_WINDOW: i64 = 10_000;

/// Endpoints that have something to do now, of all operators or `only` of these. `marks`: shares of the budget in per cent, and before
/// when failure must have begun for each to be due.
pub(super) async fn with_work(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    marks: &[(i32, DateTime<Utc>)],
    only: Option<Vec<OperatorId>>,
) -> Result<Vec<(OperatorId, EndpointId)>, Failure> {
    let only: Option<Vec<Uuid>> = only.map(|only| only.into_iter().map(|operator| operator.0).collect());
    let percents: Vec<i32> = marks.iter().map(|mark| mark.0).collect();
    let befores: Vec<DateTime<Utc>> = marks.iter().map(|mark| mark.1).collect();
    let rows = sqlx::query!(
        "select e.operator_id, e.id from endpoint e
         where e.state = 'active' and ($4::uuid[] is null or e.operator_id = any($4))
           and (exists (select from unnest($2::int[], $3::timestamptz[]) as m(percent, before)
                        where e.failing_since <= m.before and e.warned_percent < m.percent)
             or ((e.quiet_until is null or e.quiet_until <= $1) and (e.probe_at is null or e.probe_at <= $1)
               and (exists (select from event v where v.operator_id = e.operator_id and v.seq > e.cursor_seq)
                 or exists (select from held_event h where h.operator_id = e.operator_id and h.endpoint_id = e.id
                              and h.next_at <= $1 and (h.leased_until is null or h.leased_until <= $1))
                 or exists (select from resend r where r.operator_id = e.operator_id and r.endpoint_id = e.id and r.next_at <= $1)
                 or exists (select from recovery c where c.operator_id = e.operator_id and c.endpoint_id = e.id
                              and c.done_at is null))))",
        now,
        &percents,
        &befores,
        only.as_deref()
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|r| (OperatorId(r.operator_id), EndpointId(r.id))).collect())
}

/// An endpoint under the lock of its row.
#[derive(Debug)]
pub(super) struct Target {
    pub operator: OperatorId,
    pub id: EndpointId,
    pub url: String,
    pub event_types: Vec<String>,
    pub signature: SignatureKind,
    pub confirms: bool,
    pub head: Head,
    /// Place and events in flight; its cursor is written from `head`.
    pub flight: Flight,
    /// As it was read.
    pub stored: Stored,
}

/// What of an endpoint stands written.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub head: Head,
    pub flight: Flight,
    pub last_attempt_at: Option<DateTime<Utc>>,
}

struct TargetRow {
    url: String,
    event_types: Vec<String>,
    signature: String,
    confirms: bool,
    max_in_flight: i32,
    state: String,
    state_reason: Option<String>,
    cursor_seq: i64,
    failing_since: Option<DateTime<Utc>>,
    warned_percent: i16,
    streak: i32,
    last_failed: Option<String>,
    probe_at: Option<DateTime<Utc>>,
    quiet_until: Option<DateTime<Utc>>,
    last_attempt_at: Option<DateTime<Utc>>,
    /// Its place, as a turn left it; none of these before its first.
    turn: Option<i64>,
    place: Option<i64>,
    subjects: Option<Vec<String>>,
    seqs: Option<Vec<i64>>,
    attempts: Option<Vec<i16>>,
    next_ats: Option<Vec<DateTime<Utc>>>,
    leases: Option<Vec<Option<DateTime<Utc>>>>,
}

impl TargetRow {
    fn target(self, operator: OperatorId, id: EndpointId) -> Result<Target, Failure> {
        let state = EndpointState::of(&self.state, self.state_reason.as_deref())
            .ok_or_else(|| anyhow::anyhow!("endpoint {id} is in no known state"))?;
        let signature =
            SignatureKind::parse(&self.signature).ok_or_else(|| anyhow::anyhow!("endpoint {id} signs in no known way"))?;
        let head = Head {
            state,
            max_in_flight: u16::try_from(self.max_in_flight).unwrap_or(1),
            cursor_seq: self.cursor_seq,
            failing_since: self.failing_since,
            warned_percent: u8::try_from(self.warned_percent).unwrap_or(0),
            streak: u32::try_from(self.streak).unwrap_or(0),
            last_failed: self.last_failed,
            probe_at: self.probe_at,
            quiet_until: self.quiet_until,
        };
        let cursor_seq = self.place.unwrap_or(self.cursor_seq);
        let times = self.next_ats.unwrap_or_default().into_iter().zip(self.leases.unwrap_or_default());
        let tries = self.seqs.unwrap_or_default().into_iter().zip(self.attempts.unwrap_or_default());
        let hot = self.subjects.unwrap_or_default().into_iter().zip(tries).zip(times);
        let hot = hot.map(|((subject, (seq, attempt)), (next_at, leased_until))| Held {
            subject,
            seq,
            attempt: u16::try_from(attempt).unwrap_or(u16::MAX),
            next_at,
            asked_until: None,
            leased_until,
        });
        let flight = Flight { turn: self.turn.unwrap_or(0), cursor_seq, hot: hot.collect() };
        let stored = Stored { head: head.clone(), flight: flight.clone(), last_attempt_at: self.last_attempt_at };
        let head = Head { cursor_seq, ..head };
        let (url, event_types, confirms) = (self.url, self.event_types, self.confirms);
        Ok(Target { operator, id, url, event_types, signature, confirms, head, flight, stored })
    }
}

/// Reads an endpoint and its place.
macro_rules! endpoint {
    ($conn:expr, $operator:expr, $id:expr, $lock:literal) => {
        sqlx::query_as!(
            TargetRow,
            r#"select e.url, e.event_types, e.signature, e.confirms, e.max_in_flight, e.state, e.state_reason, e.cursor_seq, e.failing_since,
                      e.warned_percent, e.streak, e.last_failed, e.probe_at, e.quiet_until, e.last_attempt_at, t.turn as "turn?",
                      t.cursor_seq as "place?", t.subjects as "subjects?", t.seqs as "seqs?", t.attempts as "attempts?",
                      t.next_ats as "next_ats?", t.leases as "leases?: Vec<Option<DateTime<Utc>>>"
               from endpoint e
               left join lateral (
                 select * from endpoint_turn l
                 where l.operator_id = e.operator_id and l.endpoint_id = e.id order by l.turn desc limit 1) t on true
               where e.operator_id = $1 and e.id = $2 "#
                + $lock,
            $operator.0,
            $id.0
        )
        .fetch_optional($conn)
        .await?
        .map(|row| row.target($operator, $id))
        .transpose()
    };
}

/// Locks the endpoint's row; `None` when it is gone.
pub(super) async fn lock_endpoint(
    conn: &mut PgConnection,
    operator: OperatorId,
    id: EndpointId,
) -> Result<Option<Target>, Failure> {
    let locked = sqlx::query!("select from endpoint where operator_id = $1 and id = $2 for update", operator.0, id.0);
    let locked = locked.fetch_optional(&mut *conn).await?;
    // A statement of its own: one that waited for the lock still sees the place as it was before.
    if locked.is_some() { read_endpoint(conn, operator, id).await } else { Ok(None) }
}

/// [`lock_endpoint`] in one statement, whose place may be an old one if it waited: [`super::queries_turns::look`] tells. `None` also
/// when another worker has it, unless `wait`.
pub(super) async fn take_endpoint(
    conn: &mut PgConnection,
    operator: OperatorId,
    id: EndpointId,
    wait: bool,
) -> Result<Option<Target>, Failure> {
    if wait {
        endpoint!(conn, operator, id, "for update of e")
    } else {
        endpoint!(conn, operator, id, "for update of e skip locked")
    }
}

/// The endpoint as it is now, without a lock; `None` when it is gone.
pub(super) async fn read_endpoint(
    conn: &mut PgConnection,
    operator: OperatorId,
    id: EndpointId,
) -> Result<Option<Target>, Failure> {
    endpoint!(conn, operator, id, "")
}

impl Target {
    /// Whether the endpoint's own row is to be written: its state has changed, nothing is under way any more, or what it says
    /// is a second old. It is not written with every turn: a held snapshot keeps each version in the way of the next look.
    pub fn is_due(&self, tried: bool, now: DateTime<Utc>) -> bool {
        let apart = Head { cursor_seq: self.stored.head.cursor_seq, ..self.head.clone() } != self.stored.head;
        let moved = tried || self.floor() != self.stored.head.cursor_seq;
        let old = self.stored.last_attempt_at.is_none_or(|at| now - at >= TimeDelta::seconds(1));
        apart || moved && (old || self.flight.hot.is_empty())
    }

    fn floor(&self) -> i64 {
        Flight { cursor_seq: self.head.cursor_seq, ..self.flight.clone() }.floor()
    }
}

/// Writes the endpoint's part of the state; `tried` and `taken` say when it was last tried and last answered 2xx.
pub(super) async fn save_head(
    conn: &mut PgConnection,
    target: &Target,
    tried: Option<DateTime<Utc>>,
    taken: Option<DateTime<Utc>>,
) -> Result<(), Failure> {
    let head = &target.head;
    sqlx::query!(
        "update endpoint set state = $3, state_reason = $4, cursor_seq = $5, failing_since = $6, warned_percent = $7, streak = $8,
                last_failed = $9, probe_at = $10, quiet_until = $11, last_attempt_at = coalesce($12, last_attempt_at),
                last_success_at = coalesce($13, last_success_at)
         where operator_id = $1 and id = $2",
        target.operator.0,
        target.id.0,
        head.state.slug(),
        head.state.reason_slug(),
        target.floor(),
        head.failing_since,
        i16::from(head.warned_percent),
        i32::try_from(head.streak).unwrap_or(i32::MAX),
        head.last_failed,
        head.probe_at,
        head.quiet_until,
        tried,
        taken
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A row of `held_event`.
#[derive(Clone, Debug)]
pub(super) struct HeldRow {
    pub held: Held,
    /// `feed`, `redeliver` or `recover`.
    pub trigger: String,
    /// Set for an event sent once more: what came after it up to here was delivered before.
    pub resume_seq: Option<i64>,
}

impl HeldRow {
    /// Of the feed, not sent before.
    pub fn fed(held: Held) -> Self {
        Self { held, trigger: "feed".to_owned(), resume_seq: None }
    }
}

struct RawHeld {
    subject: String,
    seq: i64,
    attempt: i32,
    next_at: DateTime<Utc>,
    asked_until: Option<DateTime<Utc>>,
    leased_until: Option<DateTime<Utc>>,
    trigger: String,
    resume_seq: Option<i64>,
}

impl From<RawHeld> for HeldRow {
    fn from(raw: RawHeld) -> Self {
        let held = Held {
            subject: raw.subject,
            seq: raw.seq,
            attempt: u16::try_from(raw.attempt).unwrap_or(u16::MAX),
            next_at: raw.next_at,
            asked_until: raw.asked_until,
            leased_until: raw.leased_until,
        };
        Self { held, trigger: raw.trigger, resume_seq: raw.resume_seq }
    }
}

/// The rows of these subjects.
pub(super) async fn held_of(
    conn: &mut PgConnection,
    target: &Target,
    subjects: &[String],
) -> Result<HashMap<String, HeldRow>, Failure> {
    if subjects.is_empty() {
        return Ok(HashMap::new());
    }
    let rows = sqlx::query_as!(
        RawHeld,
        "select subject, seq, attempt, next_at, asked_until, leased_until, trigger, resume_seq from held_event
         where operator_id = $1 and endpoint_id = $2 and subject = any($3)",
        target.operator.0,
        target.id.0,
        subjects
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|raw| (raw.subject.clone(), HeldRow::from(raw))).collect())
}

/// Rows that are due and under no live lease, the longest due first.
pub(super) async fn due(
    conn: &mut PgConnection,
    target: &Target,
    now: DateTime<Utc>,
    limit: usize,
) -> Result<Vec<HeldRow>, Failure> {
    let rows = sqlx::query_as!(
        RawHeld,
        "select subject, seq, attempt, next_at, asked_until, leased_until, trigger, resume_seq from held_event
         where operator_id = $1 and endpoint_id = $2 and next_at <= $3 and (leased_until is null or leased_until <= $3)
         order by next_at, seq limit $4",
        target.operator.0,
        target.id.0,
        now,
        i64::try_from(limit).unwrap_or(i64::MAX)
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(HeldRow::from).collect())
}

/// What was read on in the feed.
#[derive(Debug, Default)]
pub(super) struct ReadOn {
    pub fresh: Vec<Fresh>,
    /// How far it was read.
    pub to: i64,
    /// The first of them whole, one for each slot: most turns take just these.
    pub whole: HashMap<i64, StoredEvent>,
}

/// Wanted events after the cursor and up to `last_seq`, several for each slot as some may wait behind a held number; only if there are
/// any (`holds`) are those looked for.
pub(super) async fn read_on(
    conn: &mut PgConnection,
    target: &Target,
    last_seq: i64,
    holds: bool,
    slots: usize,
) -> Result<ReadOn, Failure> {
    let most = i64::try_from(slots).unwrap_or(FRESH_ROWS).saturating_mul(FRESH_PER_SLOT).clamp(FRESH_LEAST, FRESH_ROWS);
    let cursor = target.head.cursor_seq;
    let window = last_seq.min(cursor.saturating_add(FRESH_WINDOW));
    if window <= cursor {
        return Ok(ReadOn { to: cursor, ..ReadOn::default() });
    }
    let rows = sqlx::query!(
        r#"select e.seq, e.id, e.tenant_id, e.type as kind, e.subject, e.number_seq, e.country, e.opening,
                  case when row_number() over (order by e.seq) <= $7 then e.body end as body,
                  $8 and exists (select from held_event h where h.operator_id = e.operator_id and h.endpoint_id = $2
                                   and h.subject = e.subject) as "held!"
           from event e
           where e.operator_id = $1 and e.seq > $3 and e.seq <= $4 and (cardinality($5::text[]) = 0 or e.type = any($5))
           order by e.seq limit $6"#,
        target.operator.0,
        target.id.0,
        cursor,
        window,
        &target.event_types,
        most,
        i64::try_from(slots).unwrap_or(i64::MAX),
        holds
    )
    .fetch_all(conn)
    .await?;
    let full = i64::try_from(rows.len()).is_ok_and(|n| n >= most);
    let mut read = ReadOn { to: rows.last().filter(|_| full).map_or(window, |row| row.seq), ..ReadOn::default() };
    for row in rows {
        read.fresh.push(Fresh { seq: row.seq, subject: row.subject.clone(), held: row.held });
        let Some(body) = row.body else { continue };
        let raw = RawStored {
            seq: row.seq,
            id: row.id,
            tenant_id: row.tenant_id,
            kind: row.kind,
            subject: row.subject,
            number_seq: row.number_seq,
            country: row.country,
            opening: row.opening,
            body,
        };
        read.whole.insert(row.seq, raw.try_into()?);
    }
    Ok(read)
}

/// Writes rows as they are now.
pub(super) async fn save_held(conn: &mut PgConnection, target: &Target, rows: &[HeldRow]) -> Result<(), Failure> {
    if rows.is_empty() {
        return Ok(());
    }
    let subjects: Vec<&str> = rows.iter().map(|r| r.held.subject.as_str()).collect();
    let seqs: Vec<i64> = rows.iter().map(|r| r.held.seq).collect();
    let attempts: Vec<i32> = rows.iter().map(|r| i32::from(r.held.attempt)).collect();
    let next: Vec<DateTime<Utc>> = rows.iter().map(|r| r.held.next_at).collect();
    let asked: Vec<Option<DateTime<Utc>>> = rows.iter().map(|r| r.held.asked_until).collect();
    let leased: Vec<Option<DateTime<Utc>>> = rows.iter().map(|r| r.held.leased_until).collect();
    let triggers: Vec<&str> = rows.iter().map(|r| r.trigger.as_str()).collect();
    let resumes: Vec<Option<i64>> = rows.iter().map(|r| r.resume_seq).collect();
    sqlx::query!(
        "insert into held_event (operator_id, endpoint_id, subject, seq, attempt, next_at, asked_until, leased_until, trigger, resume_seq)
         select $1, $2, su, s, a, n, q, l, t, r
         from unnest($3::text[], $4::bigint[], $5::int[], $6::timestamptz[], $7::timestamptz[], $8::timestamptz[], $9::text[],
                     $10::bigint[]) as x(su, s, a, n, q, l, t, r)
         on conflict (operator_id, endpoint_id, subject) do update
           set seq = excluded.seq, attempt = excluded.attempt, next_at = excluded.next_at, asked_until = excluded.asked_until,
               leased_until = excluded.leased_until, trigger = excluded.trigger, resume_seq = excluded.resume_seq",
        target.operator.0,
        target.id.0,
        &subjects as &[&str],
        &seqs,
        &attempts,
        &next,
        &asked as &[Option<DateTime<Utc>>],
        &leased as &[Option<DateTime<Utc>>],
        &triggers as &[&str],
        &resumes as &[Option<i64>]
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Deletes the rows of subjects that are done.
pub(super) async fn drop_held(conn: &mut PgConnection, target: &Target, subjects: &[String]) -> Result<(), Failure> {
    if subjects.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "delete from held_event where operator_id = $1 and endpoint_id = $2 and subject = any($3)",
        target.operator.0,
        target.id.0,
        subjects
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Every row that is not leased becomes due within `spread_ms`, but not before the receiver's own wish.
pub(super) async fn bring_forward(
    conn: &mut PgConnection,
    target: &Target,
    now: DateTime<Utc>,
    spread_ms: i64,
) -> Result<(), Failure> {
    sqlx::query!(
        "update held_event
         set next_at = least(next_at, greatest($3::timestamptz + random() * $4::bigint * interval '1 millisecond', asked_until))
         where operator_id = $1 and endpoint_id = $2 and next_at > $3 and (leased_until is null or leased_until <= $3)",
        target.operator.0,
        target.id.0,
        now,
        spread_ms
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "update resend set next_at = least(next_at, greatest($3, asked_until)) where operator_id = $1 and endpoint_id = $2 and next_at > $3",
        target.operator.0,
        target.id.0,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Moves events to be sent once more into the held rows, where their subject has none.
pub(super) async fn take_resends(
    conn: &mut PgConnection,
    target: &Target,
    now: DateTime<Utc>,
    limit: usize,
) -> Result<(), Failure> {
    let flying: Vec<&str> = target.flight.hot.iter().map(|held| held.subject.as_str()).collect();
    sqlx::query!(
        "with due as (
           select r.seq, r.subject, r.trigger, r.attempt, r.asked_until from resend r
           where r.operator_id = $1 and r.endpoint_id = $2 and r.next_at <= $3
             and r.subject <> all($6::text[])
             and not exists (select from held_event h where h.operator_id = $1 and h.endpoint_id = $2 and h.subject = r.subject)
             and not exists (select from resend q where q.operator_id = $1 and q.endpoint_id = $2 and q.subject = r.subject
                               and q.seq < r.seq)
           order by r.next_at, r.seq limit $4),
         picked as (select seq, subject, trigger, attempt, asked_until from due),
         gone as (delete from resend r using picked p where r.operator_id = $1 and r.endpoint_id = $2 and r.seq = p.seq)
         insert into held_event (operator_id, endpoint_id, subject, seq, attempt, next_at, asked_until, trigger, resume_seq)
         select $1, $2, subject, seq, attempt, $3, asked_until, trigger, $5 from picked",
        target.operator.0,
        target.id.0,
        now,
        i64::try_from(limit).unwrap_or(i64::MAX),
        target.head.cursor_seq,
        &flying as &[&str]
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Puts events whose new try failed back among those to be sent once more.
pub(super) async fn put_back(
    conn: &mut PgConnection,
    target: &Target,
    rows: &[HeldRow],
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    for row in rows {
        sqlx::query!(
            "insert into resend (operator_id, endpoint_id, seq, subject, trigger, attempt, next_at, requested_at, requested_by, asked_until)
             values ($1, $2, $3, $4, $5, $6, $7, $8, 'retry', $9) on conflict (operator_id, endpoint_id, seq) do nothing",
            target.operator.0,
            target.id.0,
            row.held.seq,
            row.held.subject,
            row.trigger,
            i32::from(row.held.attempt),
            row.held.next_at,
            now,
            row.held.asked_until
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// Deletes keys whose grace has ended.
pub(super) async fn drop_expired_keys(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<(), Failure> {
    sqlx::query!(
        "with secrets as (delete from endpoint_secret where expires_at <= $1)
         delete from endpoint_key where expires_at <= $1",
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}
