//! One turn of an endpoint: under the lock of its row, answers are settled and what may leave now is claimed and
//! registered. One transaction, and beside it one for what the answers leave behind; the posts follow after their commit.

use std::collections::HashMap;
use std::time::Duration;

use bytes::Bytes;
use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use sha2::Digest as _;
use sha2::Sha256;
use sqlx::PgConnection;

use super::EndpointState;
use super::EventType;
use super::Held;
use super::JsonObject;
use super::Notices;
use super::Work;
use super::gating::judge;
use super::hand::Answered;
use super::hand::Route;
use super::hand::Sending;
use super::hand::Turn;
use super::hand::Whose;
use super::post::open_keys;
use super::queries;
use super::queries_delivery as rows;
use super::queries_delivery::HeldRow;
use super::queries_delivery::Target;
use super::queries_feed;
use super::queries_feed::Stored;
use super::queries_turns as turns;
use super::queries_turns::Look;
use super::schedule::Effect;
use super::schedule::Plant;
use super::schedule::check_budget;
use super::schedule::claim;
use super::settling;
use super::settling::SettledAll;
use super::telling::DisabledData;
use super::telling::FailingData;
use super::telling::PausedData;
use crate::base::Failure;
use crate::base::TenantId;
use crate::base::wire_time;
use crate::store::Store;
use crate::store::Tx;
use crate::transfers;
use crate::transfers::Channel;
use crate::transfers::Direction;
use crate::transfers::NewTransfer;
use crate::transfers::TransferState;

/// How long a turn waits for what is written beside it; less than the time after which an idle transaction is ended. Then, or when that
/// fails, the turn writes it itself.
pub(super) const BESIDE: Duration = Duration::from_secs(2);

/// Settles and claims for a locked endpoint. What the answers leave behind is written and committed in the transaction `beside`, if one
/// was [begun](super::settling::Record::begin), while this one goes on.
pub(super) async fn turn(
    conn: &mut PgConnection,
    beside: Option<Tx>,
    store: &Store,
    notices: &Notices,
    mut target: Target,
    answered: &[Answered],
    whose: Whose,
) -> Result<Turn, Failure> {
    let now = store.env.now();
    let mut seen = settling::see(conn, &mut target, answered, now).await?;
    let settled = settling::settle_all(conn, store, notices, &mut target, answered, &mut seen, now).await?;
    // A recovery reads the log of tries, and there must find what is settled now.
    let (beside, given_up) = if seen.look.recovers { (None, beside) } else { (beside, None) };
    if let Some(tx) = given_up {
        tx.rollback().await.ok();
    }
    let Some(tx) = beside else {
        settled.record.write(conn, store, target.operator).await?;
        return go_on(conn, store, notices, &mut target, &settled, seen.look, whose).await;
    };
    let record = tokio::time::timeout(BESIDE, settled.record.commit(tx, store, target.operator));
    let (turn, recorded) = tokio::join!(go_on(conn, store, notices, &mut target, &settled, seen.look, whose), record);
    let turn = turn?;
    if !matches!(recorded, Ok(Ok(()))) {
        settled.record.write(conn, store, target.operator).await?;
    }
    Ok(turn)
}

/// What follows from what was settled, and what may leave now.
async fn go_on(
    conn: &mut PgConnection,
    store: &Store,
    notices: &Notices,
    target: &mut Target,
    settled: &SettledAll,
    mut look: Look,
    whose: Whose,
) -> Result<Turn, Failure> {
    let now = store.env.now();
    let (head, effects) = check_budget(target.head.clone(), now, &notices.policy);
    target.head = head;
    let (mut appended, mut brought) = (false, false);
    for effect in settled.effects.iter().chain(&effects) {
        appended |= act(conn, store, notices, target, effect, now).await?;
        brought |= matches!(effect, Effect::BringForward);
    }
    if settled.wrote || appended || brought {
        look = turns::look(conn, target, now, &[]).await?;
    }
    // Before anything is claimed: what cannot be signed here waits for a process that can, or for new keys.
    let keys = open_keys(&store.secrets, &look.keys).inspect_err(|error| notices.unreadable.tell(target.id, error)).ok();
    let serves = keys.is_some() && !whose.closing;
    let ahead = (settled.ahead, whose.in_hand);
    let (sends, again) = if serves { take(conn, store, notices, target, &look, ahead, now).await? } else { (Vec::new(), false) };
    if target.is_due(settled.tried_at.is_some(), now) {
        rows::save_head(conn, target, settled.tried_at, settled.taken_at).await?;
    }
    turns::save_flight(conn, target).await?;
    let generations = look.keys.iter().map(|key| key.id).collect();
    Ok(Turn {
        route: Some(Route { url: target.url.clone(), keys: generations, signature: target.signature }),
        keys: keys.filter(|_| !sends.is_empty()),
        sends,
        max_in_flight: usize::from(target.head.max_in_flight),
        flows: serves && target.head.flows(now),
        again,
        confirmed: settled.record.confirms(),
        appended,
    })
}

/// Does what an effect asks for besides the state; true when the feed grew.
async fn act(
    conn: &mut PgConnection,
    store: &Store,
    notices: &Notices,
    target: &Target,
    effect: &Effect,
    now: DateTime<Utc>,
) -> Result<bool, Failure> {
    let endpoint = target.id;
    match effect {
        Effect::BringForward => rows::bring_forward(conn, target, now, notices.policy.spread.num_milliseconds()).await?,
        Effect::Paused { failing_since } => {
            tracing::warn!(%endpoint, %failing_since, "endpoint paused after its budget of failure");
            let data =
                PausedData { endpoint_id: endpoint, url: &target.url, reason: "failing", failing_since: wire_time(*failing_since) };
            let subject = endpoint.to_string();
            let data = JsonObject::of(&data)?;
            queries::append_own(conn, &store.env, target.operator, EventType::EndpointPaused, subject, data).await?;
            return Ok(true);
        }
        Effect::Warn { percent, failing_since } => {
            tracing::warn!(%endpoint, percent, %failing_since, "endpoint uses up its budget of failure");
            let pauses_at = wire_time(*failing_since + notices.policy.budget);
            let data = FailingData {
                endpoint_id: endpoint,
                url: &target.url,
                budget_percent: *percent,
                failing_since: wire_time(*failing_since),
                pauses_at,
            };
            let data = JsonObject::of(&data)?;
            queries::append_own(conn, &store.env, target.operator, EventType::EndpointFailing, endpoint.to_string(), data).await?;
            return Ok(true);
        }
        Effect::Disabled(reason) => {
            tracing::warn!(%endpoint, ?reason, "endpoint disabled");
            let reason = EndpointState::Disabled(*reason).reason_slug().unwrap_or_default();
            let data = JsonObject::of(&DisabledData { endpoint_id: endpoint, url: &target.url, reason })?;
            queries::append_own(conn, &store.env, target.operator, EventType::EndpointDisabled, endpoint.to_string(), data).await?;
            return Ok(true);
        }
        Effect::BreakerOpened => tracing::info!(%endpoint, "one probe at a time from now on"),
        Effect::BreakerClosed => tracing::info!(%endpoint, "endpoint is back"),
        Effect::Stale { seq, .. } => tracing::debug!(%endpoint, seq, "an answer to a try that another has replaced"),
        Effect::Send(_) | Effect::Delivered { .. } => {}
    }
    Ok(false)
}

/// Claims what may leave now and registers it; true when the feed was read on without reaching its end.
async fn take(
    conn: &mut PgConnection,
    store: &Store,
    notices: &Notices,
    target: &mut Target,
    look: &Look,
    (ahead, in_hand): (usize, usize),
    now: DateTime<Utc>,
) -> Result<(Vec<Sending>, bool), Failure> {
    let in_flight = look.leased + target.flight.hot.iter().filter(|held| held.is_leased(now)).count();
    // Ahead only of one's own: another process does not see how many of these are under way.
    let ahead = if in_flight > in_hand { 0 } else { ahead };
    let slots = target.head.slots(in_flight, ahead, now);
    if slots == 0 {
        return Ok((Vec::new(), false));
    }
    let recovering = look.recovers && turns::step_recovery(conn, target, now).await?;
    let resends = look.recovers || look.resends;
    if resends {
        rows::take_resends(conn, target, now, slots).await?;
    }
    let mut due = if resends || look.held > look.leased { rows::due(conn, target, now, slots).await? } else { Vec::new() };
    let is_due = |held: &&Held| held.next_at <= now && !held.is_leased(now);
    due.extend(target.flight.hot.iter().filter(is_due).cloned().map(HeldRow::fed));
    due.sort_by_key(|row| (row.held.next_at, row.held.seq));
    due.truncate(slots);
    let held = (look.held + target.flight.hot.len()).max(due.len());
    let mut read = rows::read_on(conn, target, look.last_seq, look.held > 0 || resends, slots).await?;
    for item in &mut read.fresh {
        item.held |= target.flight.find(&item.subject).is_some();
    }
    let known: HashMap<String, HeldRow> = due.iter().map(|row| (row.held.subject.clone(), row.clone())).collect();
    let due = due.into_iter().map(|row| row.held).collect();
    let work = Work { in_flight, ahead, held, due, fresh: read.fresh, scanned_to: read.to };
    let before = target.head.cursor_seq;
    let claimed = claim(target.head.clone(), work, now, &notices.policy, &mut store.env.rng());
    target.head = claimed.head;
    let read_on = target.head.cursor_seq > before && target.head.cursor_seq < look.last_seq;
    let again = claimed.sends.len() < slots && read_on || claimed.sends.is_empty() && recovering;
    let (mut leased, mut rows_of_own) = (Vec::with_capacity(claimed.sends.len()), Vec::new());
    for held in claimed.sends {
        let row = known.get(&held.subject).filter(|row| row.held.seq == held.seq);
        if row.is_none() || target.flight.find(&held.subject).is_some() {
            target.flight.put(held.clone());
            leased.push(HeldRow::fed(held));
        } else if let Some(row) = row {
            let row = HeldRow { held, trigger: row.trigger.clone(), resume_seq: row.resume_seq };
            rows_of_own.push(row.clone());
            leased.push(row);
        }
    }
    rows::save_held(conn, target, &rows_of_own).await?;
    Ok((enter(conn, store, notices, target, leased, read.whole, now).await?, again))
}

/// Goes on with the next event of subjects whose oldest one is no longer kept.
async fn pass_over(
    conn: &mut PgConnection,
    target: &mut Target,
    gone: &[(String, i64)],
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    if gone.is_empty() {
        return Ok(());
    }
    let next = turns::look(conn, target, now, gone).await?.next;
    let subjects: Vec<String> = gone.iter().map(|(subject, _)| subject.clone()).collect();
    rows::drop_held(conn, target, &subjects).await?;
    for subject in subjects {
        target.flight.remove(&subject);
        if let Some(seq) = next.get(&subject) {
            target.flight.put(Held::waiting(subject, *seq, now));
        }
    }
    Ok(())
}

/// Judges and registers what was claimed, before a byte of it leaves.
async fn enter(
    conn: &mut PgConnection,
    store: &Store,
    notices: &Notices,
    target: &mut Target,
    leased: Vec<HeldRow>,
    mut stored: HashMap<i64, Stored>,
    now: DateTime<Utc>,
) -> Result<Vec<Sending>, Failure> {
    if leased.is_empty() {
        return Ok(Vec::new());
    }
    let seqs: Vec<i64> = leased.iter().map(|row| row.held.seq).collect();
    let missing: Vec<i64> = seqs.iter().copied().filter(|seq| !stored.contains_key(seq)).collect();
    if !missing.is_empty() {
        stored.extend(queries_feed::events_at(conn, target.operator, &missing).await?);
    }
    // Retention has taken what waited longer than events are kept.
    let gone = leased.iter().filter(|row| !stored.contains_key(&row.held.seq));
    let gone: Vec<(String, i64)> =
        gone.map(|row| (row.held.subject.clone(), row.held.seq.max(row.resume_seq.unwrap_or(0)))).collect();
    pass_over(conn, target, &gone, now).await?;
    let ordered = seqs.iter().filter_map(|seq| stored.remove(seq)).collect();
    let judged = judge(conn, target.operator, ordered).await?;
    let frozen_at = now + TimeDelta::seconds(60);
    let unregistered: Vec<i64> = leased
        .iter()
        .filter(|row| row.held.attempt > 1 && notices.policy.planted(Plant::RetryUnregistered))
        .map(|row| row.held.seq)
        .collect();
    let registered = |seq: i64, tenant: Option<TenantId>| tenant.filter(|_| !unregistered.contains(&seq));
    let mut entries = Vec::new();
    for (event, given) in &judged {
        let Some(tenant) = registered(event.seq, event.tenant) else { continue };
        entries.push(NewTransfer {
            tenant,
            operator: target.operator,
            direction: Direction::ToOperator,
            classes: vec![given.class],
            channel: Channel::Push,
            state: TransferState::Unconfirmed,
            records: i64::from(!given.withheld),
            period: None,
            basis: given.basis.clone(),
            digest: Some(Sha256::digest(given.body.as_bytes()).into()),
            reference: event.id.wire(),
            actor_label: None,
            frozen_at,
        });
    }
    let mut ids = transfers::register(conn, &store.env, &entries).await?.into_iter();
    let mut held: HashMap<i64, HeldRow> = leased.into_iter().map(|row| (row.held.seq, row)).collect();
    let mut sends = Vec::with_capacity(judged.len());
    for (event, given) in judged {
        let entry = registered(event.seq, event.tenant).and_then(|tenant| ids.next().map(|(at, id)| (tenant, at, id)));
        let Some(row) = held.remove(&event.seq) else { continue };
        sends.push(Sending {
            held: row.held,
            trigger: row.trigger,
            event: event.id,
            tenant: event.tenant,
            kind: event.kind,
            number_seq: event.number_seq,
            url: target.url.clone(),
            withheld: given.withheld,
            body: Bytes::from(given.body),
            entry,
        });
    }
    Ok(sends)
}
