//! SQL of what changes with every turn of an endpoint: its place in the feed and what is in flight. One row an endpoint,
//! written anew each time under the next number and read from the end of its index: however many dead rows a held snapshot
//! keeps, none lies before it. Also the recoveries, which a turn moves on in bounded steps.

use std::collections::HashMap;

use chrono::DateTime;
use chrono::Utc;
use sqlx::PgConnection;

use super::Held;
use super::post::SealedKeys;
use super::queries_delivery::HeldRow;
use super::queries_delivery::Target;
use crate::base::Failure;

/// Events of `hot` at most: beyond that those that only wait move to `held_event`.
const HOT_ROWS: usize = 128;
/// Positions of the feed that one step of a recovery looks through at most.
const RECOVERY_WINDOW: i64 = 2_000;
/// A recovery waits while so many events are still to be sent once more.
const RESEND_ROWS: i64 = 500;

/// Place and events in flight of an endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Flight {
    /// Number of the row; 0: there is none yet.
    pub turn: i64,
    pub cursor_seq: i64,
    pub hot: Vec<Held>,
}

impl Flight {
    /// Everything up to here was delivered, is held back, or is not wanted.
    pub fn floor(&self) -> i64 {
        self.hot.iter().map(|held| held.seq - 1).min().map_or(self.cursor_seq, |first| first.min(self.cursor_seq))
    }

    pub fn find(&self, subject: &str) -> Option<&Held> {
        self.hot.iter().find(|held| held.subject == subject)
    }

    pub fn put(&mut self, held: Held) {
        match self.hot.iter_mut().find(|other| other.subject == held.subject) {
            Some(place) => *place = held,
            None => self.hot.push(held),
        }
    }

    pub fn remove(&mut self, subject: &str) {
        self.hot.retain(|held| held.subject != subject);
    }

    /// Takes out what is too much of those that only wait.
    pub fn overflow(&mut self) -> Vec<HeldRow> {
        let mut out = Vec::new();
        while self.hot.len() > HOT_ROWS
            && let Some(at) = self.hot.iter().rposition(|held| held.leased_until.is_none())
        {
            out.push(HeldRow::fed(self.hot.remove(at)));
        }
        out
    }

    /// Subjects and positions, for `unnest`.
    fn columns(&self) -> (Vec<&str>, Vec<i64>) {
        self.hot.iter().map(|held| (held.subject.as_str(), held.seq)).unzip()
    }
}

/// What stands around a locked endpoint.
#[derive(Debug)]
pub(super) struct Look {
    /// Number of the row of its place.
    pub turn: i64,
    /// The next wanted event, up to the cursor, of each subject that was asked for.
    pub next: HashMap<String, i64>,
    /// Rows of `held_event` under a live lease.
    pub leased: usize,
    /// Rows of `held_event` in all.
    pub held: usize,
    /// Position of the newest event that is kept; 0: there is none.
    pub last_seq: i64,
    /// Events to be sent once more are due.
    pub resends: bool,
    /// A recovery is under way.
    pub recovers: bool,
    /// What it signs with, newest first.
    pub keys: Vec<SealedKeys>,
}

/// Looks at all that may be ahead, in one statement: most turns find nothing but the feed. `after`: subjects with the position
/// after which their next event is wanted.
pub(super) async fn look(
    conn: &mut PgConnection,
    target: &Target,
    now: DateTime<Utc>,
    after: &[(String, i64)],
) -> Result<Look, Failure> {
    let (subjects, seqs): (Vec<&str>, Vec<i64>) = after.iter().map(|(subject, seq)| (subject.as_str(), *seq)).unzip();
    let row = sqlx::query!(
        r#"select h.leased as "leased!", h.held as "held!",
                  coalesce((select t.turn from endpoint_turn t where t.operator_id = $1 and t.endpoint_id = $2
                            order by t.turn desc limit 1), 0) as "turn!",
                  coalesce((select seq from event where operator_id = $1 order by seq desc limit 1), 0) as "last_seq!",
                  exists (select from resend where operator_id = $1 and endpoint_id = $2 and next_at <= $3) as "resends!",
                  exists (select from recovery where operator_id = $1 and endpoint_id = $2 and done_at is null) as "recovers!",
                  coalesce(n.subjects, '{}') as "subjects!", coalesce(n.seqs, '{}') as "seqs!", coalesce(k.ids, '{}') as "ids!",
                  coalesce(k.sealed, '{}') as "sealed!", coalesce(k.ends, '{}') as "ends!: Vec<Option<DateTime<Utc>>>"
           from (select count(*) filter (where leased_until > $3) as leased, count(*) as held from held_event
                 where operator_id = $1 and endpoint_id = $2) h,
                (select array_agg(s.id) as ids, array_agg(s.sealed) as sealed, array_agg(s.expires_at) as ends
                 from (select id, sealed, expires_at from endpoint_secret
                       where operator_id = $1 and endpoint_id = $2 and (expires_at is null or expires_at > $3)
                       order by created_at desc, id desc) s) k,
                (select array_agg(x.subject) as subjects, array_agg(v.seq) as seqs
                 from unnest($4::text[], $5::bigint[]) as x(subject, after)
                 cross join lateral (
                   select e.seq from event e
                   where e.operator_id = $1 and e.subject = x.subject and e.seq > x.after and e.seq <= $6
                     and (cardinality($7::text[]) = 0 or e.type = any($7))
                   order by e.seq limit 1) v) n"#,
        target.operator.0,
        target.id.0,
        now,
        &subjects as &[&str],
        &seqs,
        target.head.cursor_seq,
        &target.event_types
    )
    .fetch_one(conn)
    .await?;
    let keys = row.ids.into_iter().zip(row.sealed).zip(row.ends);
    Ok(Look {
        turn: row.turn,
        next: row.subjects.into_iter().zip(row.seqs).collect(),
        leased: usize::try_from(row.leased).unwrap_or(0),
        held: usize::try_from(row.held).unwrap_or(0),
        last_seq: row.last_seq,
        resends: row.resends,
        recovers: row.recovers,
        keys: keys.map(|((id, sealed), expires_at)| SealedKeys { id, sealed, expires_at }).collect(),
    })
}

/// Writes the place under the next number, if it has changed.
pub(super) async fn save_flight(conn: &mut PgConnection, target: &mut Target) -> Result<(), Failure> {
    target.flight.cursor_seq = target.head.cursor_seq;
    if target.flight == target.stored.flight {
        return Ok(());
    }
    let flight = &target.flight;
    let (subjects, seqs) = flight.columns();
    // The receiver's wish comes with a failed try, and what failed is held back.
    let attempts: Vec<i16> = flight.hot.iter().map(|held| i16::try_from(held.attempt).unwrap_or(i16::MAX)).collect();
    let next_ats: Vec<DateTime<Utc>> = flight.hot.iter().map(|held| held.next_at).collect();
    let leases: Vec<Option<DateTime<Utc>>> = flight.hot.iter().map(|held| held.leased_until).collect();
    sqlx::query!(
        "with gone as (delete from endpoint_turn where operator_id = $1 and endpoint_id = $2 and turn = $3)
         insert into endpoint_turn (operator_id, endpoint_id, turn, cursor_seq, subjects, seqs, attempts, next_ats, leases)
         values ($1, $2, $3 + 1, $4, $5, $6, $7, $8, $9)",
        target.operator.0,
        target.id.0,
        flight.turn,
        flight.cursor_seq,
        &subjects as &[&str],
        &seqs,
        &attempts,
        &next_ats,
        &leases as &[Option<DateTime<Utc>>]
    )
    .execute(conn)
    .await?;
    target.flight.turn += 1;
    Ok(())
}

/// Moves the oldest open recovery of the endpoint on by one step, unless enough is waiting. True when there is more to do at
/// once.
pub(super) async fn step_recovery(conn: &mut PgConnection, target: &Target, now: DateTime<Utc>) -> Result<bool, Failure> {
    let open = sqlx::query!(
        r#"select r.id, r.from_seq, r.to_seq,
                  (select count(*) from (select from resend s where s.operator_id = $1 and s.endpoint_id = $2 limit $3) w) as "waiting!"
           from recovery r
           where r.operator_id = $1 and r.endpoint_id = $2 and r.done_at is null order by r.requested_at, r.id limit 1"#,
        target.operator.0,
        target.id.0,
        RESEND_ROWS
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(open) = open.filter(|open| open.waiting < RESEND_ROWS) else {
        return Ok(false);
    };
    let end = open.to_seq.min(open.from_seq.saturating_add(RECOVERY_WINDOW));
    let (subjects, seqs) = target.flight.columns();
    let queued = sqlx::query!(
        "insert into resend (operator_id, endpoint_id, seq, subject, trigger, attempt, next_at, requested_at, requested_by)
         select $1, $2, v.seq, v.subject, 'recover',
                (select coalesce(max(a.number), 0) from attempt a
                 where a.operator_id = $1 and a.event_id = v.id and a.endpoint_id = $2), $6, r.requested_at, r.id::text
         from recovery r, event v
         where r.operator_id = $1 and r.endpoint_id = $2 and r.id = $3 and v.operator_id = $1 and v.seq > $4 and v.seq <= $5
           and (r.since is null or v.sealed_at >= r.since) and (r.until is null or v.sealed_at < r.until)
           and (cardinality($7::text[]) = 0 or v.type = any($7)) and (cardinality(r.event_types) = 0 or v.type = any(r.event_types))
           and not (r.undelivered and exists (select from attempt a where a.operator_id = $1 and a.event_id = v.id
                                                and a.endpoint_id = $2 and a.status between 200 and 299))
           and not exists (select from held_event h where h.operator_id = $1 and h.endpoint_id = $2 and h.subject = v.subject
                             and h.seq <= v.seq and h.resume_seq is null)
           and not exists (select from unnest($8::text[], $9::bigint[]) as f(subject, seq)
                           where f.subject = v.subject and f.seq <= v.seq)
         on conflict (operator_id, endpoint_id, seq) do nothing",
        target.operator.0,
        target.id.0,
        open.id,
        open.from_seq,
        end,
        now,
        &target.event_types,
        &subjects as &[&str],
        &seqs
    )
    .execute(&mut *conn)
    .await?;
    let done = end >= open.to_seq;
    sqlx::query!(
        "update recovery set from_seq = $4, queued = queued + $5, done_at = $6 where operator_id = $1 and endpoint_id = $2 and id = $3",
        target.operator.0,
        target.id.0,
        open.id,
        end,
        i64::try_from(queued.rows_affected()).unwrap_or(i64::MAX),
        done.then_some(now)
    )
    .execute(conn)
    .await?;
    Ok(!done)
}
