//! SQL of what changes with every turn of an endpoint: its place in the feed and what is in flight. One row an endpoint,
//! written anew each time under the next number and read from the end of its index: however many dead rows a held snapshot
//! keeps, none lies before it. Also the recoveries, which a turn moves on in bounded steps.

use chrono::DateTime;
use chrono::Utc;
use serde_json::Value;
use sqlx::PgConnection;

use super::Held;
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

/// What there is to do for an endpoint.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ahead {
    /// Rows of `held_event` under a live lease.
    pub leased: usize,
    /// Rows of `held_event` in all.
    pub held: usize,
    /// Position of the newest event that is kept; 0: there is none.
    pub last_seq: i64,
    /// Events to be sent once more are due.
    pub resends: bool,
}

/// Looks at all that may be ahead, in one statement: most turns find nothing but the feed.
pub(super) async fn ahead(conn: &mut PgConnection, target: &Target, now: DateTime<Utc>) -> Result<Ahead, Failure> {
    let row = sqlx::query!(
        r#"select h.leased as "leased!", h.held as "held!",
                  coalesce((select seq from event where operator_id = $1 order by seq desc limit 1), 0) as "last_seq!",
                  exists (select from resend where operator_id = $1 and endpoint_id = $2 and next_at <= $3) as "resends!"
           from (select count(*) filter (where leased_until > $3) as leased, count(*) as held from held_event
                 where operator_id = $1 and endpoint_id = $2) h"#,
        target.operator.0,
        target.id.0,
        now
    )
    .fetch_one(conn)
    .await?;
    Ok(Ahead {
        leased: usize::try_from(row.leased).unwrap_or(0),
        held: usize::try_from(row.held).unwrap_or(0),
        last_seq: row.last_seq,
        resends: row.resends,
    })
}

/// Writes the place under the next number, if it has changed.
pub(super) async fn save_flight(conn: &mut PgConnection, target: &mut Target) -> Result<(), Failure> {
    target.flight.cursor_seq = target.head.cursor_seq;
    if target.flight == target.stored.flight {
        return Ok(());
    }
    let hot: Value = serde_json::to_value(&target.flight.hot).map_err(anyhow::Error::new)?;
    sqlx::query!(
        "with gone as (delete from endpoint_turn where operator_id = $1 and endpoint_id = $2 and turn = $3)
         insert into endpoint_turn (operator_id, endpoint_id, turn, cursor_seq, hot) values ($1, $2, $3 + 1, $4, $5)",
        target.operator.0,
        target.id.0,
        target.flight.turn,
        target.flight.cursor_seq,
        hot
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
