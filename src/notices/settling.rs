//! What the answers of an endpoint mean, written down in one go: its numbers' rows, attempts, register, confirmations.

use std::collections::HashMap;

use chrono::DateTime;
use chrono::Utc;
use sqlx::PgConnection;

use super::ErrorKind;
use super::Held;
use super::Notices;
use super::Outcome;
use super::queries_attempts as attempts;
use super::queries_attempts::NewAttempt;
use super::queries_attempts::Taken;
use super::queries_delivery as rows;
use super::queries_delivery::HeldRow;
use super::queries_delivery::Target;
use super::schedule::Answer;
use super::schedule::Effect;
use super::schedule::Plant;
use super::schedule::Verdict;
use super::schedule::settle;
use super::turn::Answered;
use crate::base::Failure;
use crate::store::Store;
use crate::transfers;
use crate::transfers::TransferState;

/// What settling left to do.
#[derive(Default)]
pub(super) struct SettledAll {
    pub effects: Vec<Effect>,
    pub tried_at: Option<DateTime<Utc>>,
    pub taken_at: Option<DateTime<Utc>>,
    pub confirmed: bool,
}

/// Rows to be written after all answers were looked at.
#[derive(Default)]
struct Book {
    kept: Vec<HeldRow>,
    done: Vec<String>,
    back: Vec<HeldRow>,
    /// What becomes of subjects in flight.
    flown: Vec<(String, Option<Held>)>,
    taken: Vec<Taken>,
    tries: Vec<NewAttempt>,
}

/// Settles answers of a locked endpoint.
pub(super) async fn settle_all(
    conn: &mut PgConnection,
    store: &Store,
    notices: &Notices,
    target: &mut Target,
    answered: &[Answered],
    now: DateTime<Utc>,
) -> Result<SettledAll, Failure> {
    let mut all = SettledAll::default();
    if answered.is_empty() {
        return Ok(all);
    }
    settle_register(conn, now, answered).await?;
    let subjects: Vec<String> = answered.iter().map(|a| a.sending.held.subject.clone()).collect();
    let mut held = rows::held_of(conn, target, &subjects).await?;
    let hot = subjects.iter().filter_map(|subject| target.flight.find(subject));
    held.extend(hot.map(|flying| (flying.subject.clone(), HeldRow::fed(flying.clone()))));
    let after: Vec<(String, i64)> =
        held.values().map(|row| (row.held.subject.clone(), row.held.seq.max(row.resume_seq.unwrap_or(0)))).collect();
    let next = rows::next_of(conn, target, &after).await?;
    let mut book = Book::default();
    let mut rng = store.env.rng();
    for answer in answered {
        let Some(outcome) = answer.outcome() else { continue };
        all.tried_at = Some(now);
        let verdict = match Verdict::of(outcome.status, outcome.retry_after, now) {
            Verdict::Delivered => Verdict::Delivered,
            _ if answer.sending.url != target.url => Verdict::Moved,
            verdict => verdict,
        };
        if verdict == Verdict::Delivered {
            all.taken_at = Some(now);
        }
        let subject = &answer.sending.held.subject;
        let mut next_at = None;
        if let Some(row) = held.remove(subject) {
            let sent = &answer.sending.held;
            let found = Answer { seq: sent.seq, attempt: sent.attempt, verdict, next: next.get(subject).copied() };
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
                book.taken.push(taken);
            }
            all.effects.extend(settled.effects);
        }
        book.tries.extend(try_of(target, answer, next_at));
    }
    all.confirmed = !book.taken.is_empty();
    book.save(conn, store, target, now).await?;
    Ok(all)
}

impl Book {
    /// Files what is now the subject's row. An event sent once more gives way when it fails: its number goes on and it is
    /// tried again later.
    fn write(&mut self, was: HeldRow, hot: bool, is: Option<Held>, verdict: Verdict, next: Option<i64>, now: DateTime<Utc>) {
        let subject = was.held.subject.clone();
        if hot {
            // One that fails is held back in a row of its own from now on.
            let waits = is.as_ref().filter(|_| verdict == Verdict::Delivered).cloned();
            self.kept.extend(is.filter(|_| waits.is_none()).map(HeldRow::fed));
            self.flown.push((subject, waits));
            return;
        }
        let is = if was.resume_seq.is_some() && verdict != Verdict::Delivered {
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

    async fn save(
        mut self,
        conn: &mut PgConnection,
        store: &Store,
        target: &mut Target,
        now: DateTime<Utc>,
    ) -> Result<(), Failure> {
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
        attempts::note(conn, &store.env, &self.tries).await?;
        attempts::confirm(conn, &store.env, target.operator, &self.taken).await
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
    Some(Taken { tenant: sending.tenant?, subject, number_seq: sending.number_seq?, kind: sending.kind })
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

/// Says in the register how the transfers ended, whatever became of the endpoint.
pub(super) async fn settle_register(conn: &mut PgConnection, now: DateTime<Utc>, answered: &[Answered]) -> Result<(), Failure> {
    let ended: Vec<_> = answered
        .iter()
        .filter_map(|answer| {
            let (tenant, at, id) = answer.sending.entry?;
            Some((tenant, at, id, state_of(answer.outcome())))
        })
        .collect();
    // One entry per delivery: the later word of two about one entry counts.
    let unique: HashMap<_, _> = ended.iter().map(|e| (e.2, *e)).collect();
    let unique: Vec<_> = unique.into_values().collect();
    transfers::settle(conn, now, &unique).await
}

/// A 2xx says that it arrived; what was never sent did not; of all else nobody knows.
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
