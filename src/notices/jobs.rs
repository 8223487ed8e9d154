//! Background work: sealing the feeds, delivering to endpoints, the hourly sign of life.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt as _;
use tokio::sync::Notify;
use tokio::task::JoinError;
use url::Url;

use super::Envelope;
use super::EventType;
use super::Notices;
use super::Plant;
use super::hand::Answered;
use super::hand::Hand;
use super::hand::Ready;
use super::hand::Sending;
use super::hand::Turn;
use super::hand::Whose;
use super::post::Address;
use super::post::open_keys;
use super::post::post;
use super::queries;
use super::queries_attempts;
use super::queries_attempts::NewAttempt;
use super::queries_delivery;
use super::queries_delivery::Target;
use super::queries_endpoints;
use super::runtime::Telling;
use super::settling::Record;
use super::turn::BESIDE;
use super::turn::turn;
use crate::base::EndpointId;
use crate::base::EventId;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::store::Loop;
use crate::store::Store;
use crate::store::Tx;
use crate::store::drop_oldest;

/// Wakes the sealing loop: after the commit of an [`emit`](super::emit).
pub const SEAL: &str = "notices.seal";
/// Wakes the delivery loop.
pub const DELIVER: &str = "notices.deliver";
/// Wakes the consumer of [`TAKEN`].
pub const CONFIRMED: &str = "event_confirmed";
/// The change list of number events that an operator has taken: each row lists those of a tenant.
pub const TAKEN: &str = "events_taken";

/// A turn that takes longer is given up, so that a database host that vanished without a word holds no place among the turns.
const TURN: Duration = Duration::from_mins(1);

/// How the sealing loop runs.
pub const SEALING: Loop = Loop { name: SEAL, every: Duration::from_millis(500) };
/// How the delivery loop runs; the first retry of the demo comes after a second.
pub const DELIVERING: Loop = Loop { name: DELIVER, every: Duration::from_millis(500) };
/// How the loop of the hourly sign of life runs.
pub const HEARTBEAT: Loop = Loop { name: "notices.heartbeat", every: Duration::from_mins(1) };

/// How the loop runs that lets old months of attempts go.
pub const EXPIRE: Loop = Loop { name: "notices.expire", every: Duration::from_hours(6) };

/// One tick: drops the oldest month of attempts when its time is over; true when there may be more.
///
/// # Errors
/// When the database is away.
pub async fn expire(store: Store) -> Result<bool, Failure> {
    drop_oldest(&store, None, "attempt").await
}

/// One tick of sealing: gives up to 500 events of one operator their places in its feed; true when there may be more.
///
/// Gapless by construction: rows and head are written together under the head's lock. Any number of processes may seal.
///
/// # Errors
/// When the database is away.
pub async fn seal(store: Store, notices: Notices) -> Result<bool, Failure> {
    let sealed = seal_one(&store, &notices).await;
    if sealed.is_err() {
        notices.sealing.forget();
    }
    sealed
}

async fn seal_one(store: &Store, notices: &Notices) -> Result<bool, Failure> {
    let known = notices.sealing.begin().await;
    let mut tx = store.begin_queue().await?;
    let look = queries::look(&mut tx, known.floor, known.may_rise()).await?;
    let (learned, counts) = known.learn(look.sight);
    notices.sealing.note(learned);
    if !counts {
        // Committed, so that the connection counts as known.
        tx.commit().await?;
        return Ok(true);
    }
    if look.headless {
        queries::make_heads(&mut tx).await?;
        tx.commit().await?;
        return Ok(true);
    }
    let Some(waiting) = look.waiting else {
        tx.commit().await?;
        return Ok(false);
    };
    let last = waiting.last_seq;
    let last = if notices.policy.planted(Plant::SealGap) && last > 0 { last + 1 } else { last };
    let sealed = queries::seal_rows(&mut tx, waiting.operator, last, known.floor, store.env.now()).await?;
    tx.commit().await?;
    notices.sealing.sealed();
    if sealed > 0 {
        notices.sealed.note(waiting.operator);
        store.wake.wake(DELIVER);
    }
    Ok(true)
}

/// One tick of delivery: starts a task for each endpoint that has something to do and none yet. The tasks run on their
/// own, so that a slow endpoint holds up nobody; [`Notices::drain`] waits for them.
///
/// # Errors
/// When the database is away.
pub async fn deliver(store: Store, notices: Notices) -> Result<bool, Failure> {
    let now = store.env.now();
    let mut tx = store.begin_queue().await?;
    let marks: Vec<_> = notices.policy.marks().map(|(percent, after)| (i32::from(percent), now - after)).collect();
    let busy = queries_delivery::with_work(&mut tx, now, &marks, notices.sealed.to_look_at()).await?;
    tx.commit().await?;
    for (operator, endpoint) in busy.into_iter().filter(|_| !notices.is_closing()) {
        let (store, mine) = (store.clone(), notices.clone());
        notices.run(endpoint, move |nudge| Worker { store, notices: mine, operator, endpoint, nudge }.run());
    }
    Ok(false)
}

/// Delivers to one endpoint until there is nothing left to do.
struct Worker {
    store: Store,
    notices: Notices,
    operator: OperatorId,
    endpoint: EndpointId,
    nudge: Arc<Notify>,
}

impl Worker {
    async fn run(self) {
        let mut hand = Hand::default();
        let mut failures = 0_u32;
        let mut told = Telling::default();
        loop {
            let settled = std::mem::take(&mut hand.answered);
            let turn = match self.turn_while_flying(&settled, &mut hand).await {
                Ok(turn) => turn,
                Err(failure) => {
                    failures = failures.saturating_add(1);
                    tracing::warn!(endpoint = %self.endpoint, error = %failure, failures, "delivery waits");
                    hand.answered.splice(0..0, settled);
                    hand.keep(|_| false);
                    if hand.is_empty() {
                        // The next tick tries again.
                        return;
                    }
                    tokio::time::sleep(Duration::from_millis(100 * 2_u64.pow(failures.min(6))).min(Duration::from_secs(5))).await;
                    continue;
                }
            };
            failures = 0;
            let (again, confirmed) = (turn.again, turn.confirmed);
            self.take_up(&mut hand, turn);
            if told.is_due(confirmed, hand.is_empty()) {
                self.store.wake.wake(CONFIRMED);
            }
            if hand.is_empty() {
                if !again && self.notices.leave(self.endpoint, &self.nudge) {
                    return;
                }
                continue;
            }
            if !again && hand.answered.is_empty() {
                tokio::select! {
                    Some(landed) = hand.flying.join_next() => self.landed(&mut hand, landed),
                    () = self.nudge.notified(), if hand.flying.len() < hand.max_in_flight => {}
                }
            }
            while let Some(Some(landed)) = hand.flying.join_next().now_or_never() {
                self.landed(&mut hand, landed);
            }
        }
    }

    /// A turn; meanwhile what was claimed ahead leaves as answers come in.
    async fn turn_while_flying(&self, settled: &[Answered], hand: &mut Hand) -> Result<Turn, Failure> {
        let in_hand = hand.open();
        let turn = async {
            let _permit = self.notices.turns.acquire().await.map_err(anyhow::Error::new)?;
            let turn = tokio::time::timeout(TURN, self.turn(settled, in_hand)).await;
            turn.unwrap_or_else(|_| Err(Failure::Unavailable("no turn in time".to_owned())))
        };
        tokio::pin!(turn);
        loop {
            tokio::select! {
                turn = &mut turn => return turn,
                Some(landed) = hand.flying.join_next() => self.landed(hand, landed),
            }
        }
    }

    fn take_up(&self, hand: &mut Hand, mut turn: Turn) {
        let to = turn.keys.take().zip(turn.route.as_ref()).and_then(|(keys, route)| {
            Some(Arc::new(Address { url: Url::parse(&route.url).ok()?, keys, signature: route.signature }))
        });
        hand.take_up(turn, to);
        self.fly(hand);
    }

    fn landed(&self, hand: &mut Hand, landed: Result<Answered, JoinError>) {
        if let Ok(answered) = landed {
            hand.failed |= !answered.is_taken();
            hand.answered.push(answered);
        }
        self.fly(hand);
    }

    fn fly(&self, hand: &mut Hand) {
        if self.notices.is_closing() {
            hand.keep(|_| false);
        }
        while let Some(Ready { to, sending, .. }) = hand.next() {
            hand.flying.spawn(send(self.store.clone(), self.notices.clone(), to, sending));
        }
    }

    /// Settles and claims in one transaction. What the answers leave behind is written beside it and committed before it.
    async fn turn(&self, answered: &[Answered], in_hand: usize) -> Result<Turn, Failure> {
        let (taken, beside) = tokio::join!(self.take(!answered.is_empty()), self.beside(answered));
        let (mut tx, target) = taken?;
        let Some(target) = target else {
            // Deleted meanwhile, or another process is at it: what left stands in the register in any case.
            let written = match beside {
                Some(beside) => beside.commit().await.is_ok(),
                None => false,
            };
            if !written {
                Record::of_gone(answered).write(&mut tx, &self.store, self.operator).await?;
            }
            tx.commit().await?;
            return Ok(Turn::nothing());
        };
        let whose = Whose { in_hand, closing: self.notices.is_closing() };
        let turn = turn(&mut tx, beside, &self.store, &self.notices, target, answered, whose).await?;
        tx.commit().await?;
        if turn.appended {
            self.notices.sealed.note(self.operator);
            self.store.wake.wake(DELIVER);
        }
        Ok(turn)
    }

    async fn take(&self, wait: bool) -> Result<(Tx, Option<Target>), Failure> {
        let mut tx = self.store.begin_queue().await?;
        let target = queries_delivery::take_endpoint(&mut tx, self.operator, self.endpoint, wait).await?;
        Ok((tx, target))
    }

    /// A transaction for what the answers leave behind, if a connection is idle.
    async fn beside(&self, answered: &[Answered]) -> Option<Tx> {
        if answered.is_empty() {
            return None;
        }
        let mut tx = self.store.begin_beside().await?;
        let begun = tokio::time::timeout(BESIDE, Record::begin(&mut tx, &self.store, answered)).await;
        begun.inspect_err(|error| tracing::debug!(%error, "nothing beside")).ok()?.ok().map(|()| tx)
    }
}

async fn send(store: Store, notices: Notices, to: Arc<Address>, sending: Sending) -> Answered {
    let now = store.env.now();
    if sending.held.start_by(&notices.policy).is_none_or(|by| by < now) {
        return Answered { sending, posted: None };
    }
    let id = if notices.policy.planted(Plant::NewIds) { EventId(store.env.id()) } else { sending.event };
    let posted = post(&notices.poster, &store.env, &to, id, sending.held.attempt, sending.body.clone()).await;
    Answered { sending, posted: Some(posted) }
}

/// One tick of the hourly sign of life; true when there may be more. A failed one is noted and means nothing else. An endpoint whose keys
/// do not open is left out.
///
/// # Errors
/// When the database is away.
pub async fn heartbeat(store: Store, notices: Notices) -> Result<bool, Failure> {
    let now = store.env.now();
    if store.secrets.is_changing() {
        let mut tx = store.begin_job().await?;
        let count = queries_endpoints::seal_anew(&mut tx, &store).await?;
        tx.commit().await?;
        tracing::info!(count, "keys of endpoints sealed anew with the first secret key");
    }
    let mut tx = store.begin_job().await?;
    // Beside it, as often: keys whose time has ended are no longer kept.
    queries_delivery::drop_expired_keys(&mut tx, now).await?;
    let due = queries_endpoints::take_heartbeats(&mut tx, now).await?;
    let mut messages = Vec::with_capacity(due.len());
    for (operator, endpoint) in &due {
        let head_seq = queries::head_seq(&mut tx, *operator).await?;
        let to = address(&mut tx, &store, &notices, *operator, *endpoint).await?;
        let event = EventId(store.env.id());
        let body = Envelope::heartbeat(event, *operator, now, head_seq).render();
        messages.push((*operator, *endpoint, event, to, body));
    }
    tx.commit().await?;
    let posts = messages
        .into_iter()
        .filter_map(|(operator, endpoint, event, to, body)| Some(beat(&store, &notices, operator, endpoint, event, to?, body)));
    let rows = futures::future::join_all(posts).await;
    let mut tx = store.begin_job().await?;
    queries_attempts::note(&mut tx, &rows).await?;
    tx.commit().await?;
    Ok(due.len() >= 100)
}

async fn beat(
    store: &Store,
    notices: &Notices,
    operator: OperatorId,
    endpoint: EndpointId,
    event: EventId,
    to: Address,
    body: String,
) -> NewAttempt {
    let posted = post(&notices.poster, &store.env, &to, event, 1, Bytes::from(body)).await;
    NewAttempt {
        id: posted.id,
        at: posted.sent_at,
        operator,
        endpoint,
        event,
        seq: None,
        tenant: None,
        kind: EventType::FeedHeartbeat,
        subject: endpoint.to_string(),
        number: 1,
        trigger: "heartbeat",
        request_headers: posted.request_headers,
        outcome: posted.outcome,
        next_at: None,
    }
}

/// Where and how to post to an endpoint; `None` when it is gone, its URL is none or its keys do not open.
async fn address(
    conn: &mut sqlx::PgConnection,
    store: &Store,
    notices: &Notices,
    operator: OperatorId,
    endpoint: EndpointId,
) -> Result<Option<Address>, Failure> {
    let Some(target) = queries_delivery::lock_endpoint(conn, operator, endpoint).await? else {
        return Ok(None);
    };
    let sealed = queries_endpoints::keys_of(conn, operator, endpoint, store.env.now()).await?;
    let Ok(keys) = open_keys(&store.secrets, &sealed).inspect_err(|error| notices.unreadable.tell(endpoint, error)) else {
        return Ok(None);
    };
    Ok(Url::parse(&target.url).ok().map(|url| Address { url, keys, signature: target.signature }))
}
