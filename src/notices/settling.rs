//! What the answers of an endpoint mean, written down: its numbers' rows in the turn, attempts, register and confirmations beside it.

use std::collections::HashMap;

use chrono::DateTime;
use chrono::Utc;
use sqlx::PgConnection;

use super::ErrorKind;
use super::Held;
use super::Notices;
use super::Outcome;
use super::hand::Answered;
use super::queries_attempts as attempts;
use super::queries_attempts::NewAttempt;
use super::queries_attempts::Taken;
use super::queries_delivery as rows;
use super::queries_delivery::HeldRow;
use super::queries_delivery::Target;
use super::queries_turns as turns;
use super::queries_turns::Look;
use super::schedule::Answer;
use super::schedule::Effect;
use super::schedule::Plant;
use super::schedule::Verdict;
use super::schedule::settle;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::TenantId;
use crate::base::TransferId;
use crate::store::Store;
use crate::store::Tx;
use crate::transfers;
use crate::transfers::TransferState;

/// What settling left to do.
#[derive(Default)]
pub(super) struct SettledAll {
    pub effects: Vec<Effect>,
    pub tried_at: Option<DateTime<Utc>>,
    pub taken_at: Option<DateTime<Utc>>,
    /// Numbers were held back or are no longer: what was seen of them is old.
    pub wrote: bool,
    /// So many may be claimed ahead: as many as were taken while the last turn went on, if none failed or took long.
    pub ahead: usize,
    pub record: Record,
}

/// What answers leave behind whatever becomes of their endpoint: how each transfer ended, the log of tries, what was taken. Writing it
/// again changes nothing but the list of what was taken, which its consumer holds against the number.
#[derive(Default)]
pub(super) struct Record {
    ended: Vec<(TenantId, DateTime<Utc>, TransferId, TransferState)>,
    tries: Vec<NewAttempt>,
    taken: Vec<Taken>,
}

/// Rows to be written after all answers were looked at.
#[derive(Default)]
struct Book {
    kept: Vec<HeldRow>,
    done: Vec<String>,
    back: Vec<HeldRow>,
    /// What becomes of subjects in flight.
    flown: Vec<(String, Option<Held>)>,
}

/// What is known of a locked endpoint before anything is decided.
pub(super) struct Seen {
    /// Rows of the subjects that were answered.
    held: HashMap<String, HeldRow>,
    pub look: Look,
}

/// Looks around a locked endpoint, and reads it again if what was read of it was old.
pub(super) async fn see(
    conn: &mut PgConnection,
    target: &mut Target,
    answered: &[Answered],
    now: DateTime<Utc>,
) -> Result<Seen, Failure> {
    loop {
        let subjects = answered.iter().map(|a| a.sending.held.subject.clone());
        let (hot, rest): (Vec<String>, Vec<String>) = subjects.partition(|subject| target.flight.find(subject).is_some());
        let mut held = rows::held_of(conn, target, &rest).await?;
        let hot = hot.iter().filter_map(|subject| target.flight.find(subject));
        held.extend(hot.map(|flying| (flying.subject.clone(), HeldRow::fed(flying.clone()))));
        let after: Vec<(String, i64)> =
            held.values().map(|row| (row.held.subject.clone(), row.held.seq.max(row.resume_seq.unwrap_or(0)))).collect();
        let look = turns::look(conn, target, now, &after).await?;
        if look.turn == target.flight.turn {
            return Ok(Seen { held, look });
        }
        let again = rows::read_endpoint(conn, target.operator, target.id).await?;
        *target = again.ok_or_else(|| anyhow::anyhow!("endpoint {} went under its lock", target.id))?;
    }
}

/// Settles answers of a locked endpoint.
pub(super) async fn settle_all(
    conn: &mut PgConnection,
    store: &Store,
    notices: &Notices,
    target: &mut Target,
    answered: &[Answered],
    seen: &mut Seen,
    now: DateTime<Utc>,
) -> Result<SettledAll, Failure> {
    let mut all = SettledAll::default();
    if answered.is_empty() {
        return Ok(all);
    }
    all.record.ended = ends_of(answered);
    let Seen { held, look } = seen;
    let mut book = Book::default();
    let mut rng = store.env.rng();
    for answer in answered {
        let unsent = Verdict::Unsent { leased_until: answer.sending.held.leased_until };
        let said = answer.outcome().map_or(unsent, |said| Verdict::of(said.status, said.retry_after, now));
        let verdict = match said {
            Verdict::Delivered | Verdict::Unsent { .. } => said,
            _ if answer.sending.url != target.url => Verdict::Moved,
            verdict => verdict,
        };
        if verdict != unsent {
            all.tried_at = Some(now);
        }
        if verdict == Verdict::Delivered {
            all.taken_at = Some(now);
        }
        let subject = &answer.sending.held.subject;
        let mut next_at = None;
        if let Some(row) = held.remove(subject) {
            let sent = &answer.sending.held;
            let found = Answer { seq: sent.seq, attempt: sent.attempt, verdict, next: look.next.get(subject).copied() };
            let settled = settle(target.head.clone(), row.held.clone(), &found, now, &notices.policy, &mut rng);
            target.head = settled.head;
            let stale = settled.effects.iter().any(|effect| matches!(effect, Effect::Stale { .. }));
            if stale {
                held.insert(subject.clone(), row);
            } else {
                next_at = settled.held.as_ref().filter(|_| verdict != Verdict::Delivered).map(|held| held.next_at);
                let hot = target.flight.find(subject).is_some();
                book.write(row, hot, settled.held, verdict, found.next, now);
            }
            if let Some(taken) = taken_of(target, notices, answer, &settled.effects) {
                all.record.taken.push(taken);
            }
            all.effects.extend(settled.effects);
        }
        all.record.tries.extend(try_of(target, answer, next_at));
    }
    if answered.iter().all(Answered::is_soon_taken) {
        all.ahead = answered.len().min(usize::from(target.head.max_in_flight));
    }
    all.wrote = book.save(conn, target, now).await?;
    Ok(all)
}

impl Book {
    /// Files what is now the subject's row. An event sent once more gives way when it fails: its number goes on and it is
    /// tried again later.
    fn write(&mut self, was: HeldRow, hot: bool, is: Option<Held>, verdict: Verdict, next: Option<i64>, now: DateTime<Utc>) {
        let subject = was.held.subject.clone();
        if hot {
            // One that fails is held back in a row of its own from now on.
            let waits = is.as_ref().filter(|_| matches!(verdict, Verdict::Delivered | Verdict::Unsent { .. })).cloned();
            self.kept.extend(is.filter(|_| waits.is_none()).map(HeldRow::fed));
            self.flown.push((subject, waits));
            return;
        }
        let is = if was.resume_seq.is_some() && !matches!(verdict, Verdict::Delivered | Verdict::Unsent { .. }) {
            self.back.extend(is.map(|held| HeldRow { held, ..was.clone() }));
            next.map(|seq| Held::waiting(subject.clone(), seq, now))
        } else {
            is
        };
        match is {
            Some(held) if held.seq == was.held.seq => self.kept.push(HeldRow { held, ..was }),
            Some(held) => self.kept.push(HeldRow::fed(held)),
            None => self.done.push(subject),
        }
    }

    /// True when rows of their own were written.
    async fn save(mut self, conn: &mut PgConnection, target: &mut Target, now: DateTime<Utc>) -> Result<bool, Failure> {
        for (subject, waits) in self.flown {
            target.flight.remove(&subject);
            if let Some(held) = waits {
                target.flight.put(held);
            }
        }
        self.kept.extend(target.flight.overflow());
        rows::save_held(conn, target, &self.kept).await?;
        rows::drop_held(conn, target, &self.done).await?;
        rows::put_back(conn, target, &self.back, now).await?;
        Ok(!(self.kept.is_empty() && self.done.is_empty() && self.back.is_empty()))
    }
}

impl Record {
    /// Of an endpoint that is gone: what left stands in the register in any case.
    pub fn of_gone(answered: &[Answered]) -> Self {
        Self { ended: ends_of(answered), ..Self::default() }
    }

    /// Number events were taken.
    pub fn confirms(&self) -> bool {
        !self.taken.is_empty()
    }

    pub async fn write(&self, conn: &mut PgConnection, store: &Store, operator: OperatorId) -> Result<(), Failure> {
        transfers::settle(conn, store.env.now(), &self.ended).await?;
        attempts::note(conn, &self.tries).await?;
        attempts::confirm(conn, &store.env, operator, &self.taken).await
    }

    /// Begins to write beside the turn, with how the transfers ended: that is known before the endpoint is.
    pub async fn begin(tx: &mut Tx, store: &Store, answered: &[Answered]) -> Result<(), Failure> {
        transfers::settle(tx, store.env.now(), &ends_of(answered)).await
    }

    /// Writes the rest of what was [begun](Self::begin) and commits it.
    pub async fn commit(&self, mut tx: Tx, store: &Store, operator: OperatorId) -> Result<(), Failure> {
        attempts::note(&mut tx, &self.tries).await?;
        attempts::confirm(&mut tx, &store.env, operator, &self.taken).await?;
        Ok(tx.commit().await?)
    }
}

/// The number event that this 2xx confirms, if the endpoint's word counts for that.
fn taken_of(target: &Target, notices: &Notices, answer: &Answered, effects: &[Effect]) -> Option<Taken> {
    let sending = &answer.sending;
    let delivered = effects.iter().any(|effect| matches!(effect, Effect::Delivered { .. }));
    let counts = target.confirms || notices.policy.planted(Plant::AllConfirm);
    if !delivered || !counts || sending.withheld {
        return None;
    }
    let subject = sending.held.subject.clone();
    Some(Taken { tenant: sending.tenant?, subject, number_seq: sending.number_seq? })
}

fn try_of(target: &Target, answer: &Answered, next_at: Option<DateTime<Utc>>) -> Option<NewAttempt> {
    let posted = answer.posted.as_ref()?;
    let sending = &answer.sending;
    let trigger = match sending.trigger.as_str() {
        "redeliver" => "redeliver",
        "recover" => "recover",
        _ if sending.held.attempt > 1 => "retry",
        _ => "feed",
    };
    Some(NewAttempt {
        id: posted.id,
        at: posted.sent_at,
        operator: target.operator,
        endpoint: target.id,
        event: sending.event,
        seq: Some(sending.held.seq),
        tenant: sending.tenant,
        kind: sending.kind,
        subject: sending.held.subject.clone(),
        number: sending.held.attempt,
        trigger,
        request_headers: posted.request_headers.clone(),
        outcome: posted.outcome.clone(),
        next_at,
    })
}

/// How the transfers ended.
fn ends_of(answered: &[Answered]) -> Vec<(TenantId, DateTime<Utc>, TransferId, TransferState)> {
    let ended = answered.iter().filter_map(|answer| {
        let (tenant, at, id) = answer.sending.entry?;
        Some((tenant, at, id, state_of(answer.outcome())))
    });
    // One entry per delivery: the later word of two about one entry counts.
    let unique: HashMap<_, _> = ended.map(|e| (e.2, e)).collect();
    unique.into_values().collect()
}

/// A 2xx says that it arrived; what never left did not; of all else nobody knows.
fn state_of(outcome: Option<&Outcome>) -> TransferState {
    let Some(outcome) = outcome else {
        return TransferState::Failed;
    };
    match (outcome.status, outcome.error_kind) {
        (Some(200..=299), _) => TransferState::Confirmed,
        (None, Some(ErrorKind::Connect | ErrorKind::Dns | ErrorKind::Tls | ErrorKind::AddressForbidden)) => TransferState::Failed,
        (_, _) => TransferState::Unconfirmed,
    }
}
