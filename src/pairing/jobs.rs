//! Background work: pairs of the days that changed.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;
use std::time::Duration;

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::TimeDelta;
use chrono::Utc;

use super::model;
use super::model::Leg;
use super::queries;
use super::queries::LooseCall;
use super::queries::LooseDuration;
use super::queries::NumberPair;
use super::queries::Span;
use super::queries::midnight;
use crate::base::Failure;
use crate::store::Loop;
use crate::store::Store;
use crate::store::Tx;

/// The change list of days to pair.
const LIST: &str = "pairing";
/// The change list of days whose records or pairs changed, and the loop that looks at it.
const NEXT: &str = "usage";
/// Records around the days that may belong to records in them: more than the window, so that a chain of calls is seen whole.
const MARGIN: TimeDelta = TimeDelta::hours(2);

/// The loop that runs [`pair_changed`]; it has the name of the change list.
pub const PAIR: Loop = Loop { name: LIST, every: Duration::from_secs(1) };

/// Pairs the next changed days of one customer of one operator. Whether there may be more.
///
/// # Errors
/// When the database is away; nothing is taken then.
pub async fn pair_changed(store: Store) -> Result<bool, Failure> {
    let now = store.env.now();
    let mut tx = store.begin_job().await?;
    let Some(span) = queries::take(&mut tx, LIST).await? else { return Ok(false) };
    queries::prepare(&mut tx).await?;
    let mut days: BTreeSet<NaiveDate> = span.from.iter_days().take_while(|day| *day < span.until).collect();
    days.extend(queries::pair_keys(&mut tx, &span, now).await?);
    days.extend(pair_numbers(&mut tx, &span, now).await?);
    // A call is put on the list by the day on which it was invited, and counts on the day on which it was answered.
    if queries::rang_over_midnight(&mut tx, &span).await? {
        days.insert(span.until);
    }
    let days: Vec<_> = days.into_iter().map(|day| (store.env.id(), day)).collect();
    queries::append(&mut tx, NEXT, &span, &days, now).await?;
    tx.commit().await?;
    store.wake.wake(NEXT);
    Ok(true)
}

/// Pairs until nothing is left to look at: for the demo's data and tests.
///
/// # Errors
/// When the database is away.
pub async fn settle_all(store: &Store) -> Result<(), Failure> {
    while pair_changed(store.clone()).await? {}
    Ok(())
}

/// Pairs what no key pairs; answers the days of pairs that came or went.
async fn pair_numbers(tx: &mut Tx, span: &Span, now: DateTime<Utc>) -> Result<BTreeSet<NaiveDate>, Failure> {
    let skews: HashMap<NaiveDate, i64> = queries::skews(tx, span).await?.into_iter().collect();
    let (from, until) = (midnight(span.from) - MARGIN, midnight(span.until) + MARGIN);
    let calls = queries::loose_calls(tx, span, from, until).await?;
    let durations = queries::loose_durations(tx, span, from, until).await?;
    let held = queries::number_pairs(tx, span).await?;
    let days = (midnight(span.from), midnight(span.until));
    let weighed = tokio::task::spawn_blocking(move || weigh(&calls, &durations, held, &skews, days)).await;
    let (gone, made) = weighed.map_err(anyhow::Error::new)?;
    queries::unpair(tx, span, &gone).await?;
    queries::pair(tx, span, &made, now).await?;
    let moved = gone.iter().chain(&made);
    Ok(moved.flat_map(|pair| [pair.at, start(pair)].map(|at| at.date_naive())).collect())
}

/// When the platform's side of a pair starts.
fn start(pair: &NumberPair) -> DateTime<Utc> {
    pair.at - TimeDelta::milliseconds(pair.offset_ms)
}

/// Pairs to take away and pairs to write. Decided is every record of the days, and whatever lies so close to one that it might
/// pair in its place; other records keep their pairs.
fn weigh(
    calls: &[LooseCall],
    durations: &[LooseDuration],
    held: Vec<NumberPair>,
    skews: &HashMap<NaiveDate, i64>,
    days: (DateTime<Utc>, DateTime<Utc>),
) -> (Vec<NumberPair>, Vec<NumberPair>) {
    let within = |at: DateTime<Utc>| at >= days.0 && at < days.1;
    let left: Vec<Leg> = calls.iter().map(leg_of_call).collect();
    let right: Vec<Leg> = durations.iter().map(|duration| leg_of_duration(duration, skews)).collect();
    let parts = model::pair_by_numbers(&left, &right).into_iter().filter(|part| {
        part.calls.iter().any(|call| within(calls[*call].started_at) || within(calls[*call].invited_at))
            || part.durations.iter().any(|duration| within(durations[*duration].at))
    });
    let (mut wanted, mut decided_calls, mut decided_durations) = (HashSet::new(), HashSet::new(), HashSet::new());
    for part in parts {
        decided_calls.extend(
            part.calls.iter().map(|call| (calls[*call].call_id.as_str(), calls[*call].leg_id.as_str(), calls[*call].invited_at)),
        );
        let key = |at: &usize| (durations[*at].reference.as_str(), durations[*at].e164.as_str(), durations[*at].at);
        decided_durations.extend(part.durations.iter().map(key));
        wanted.extend(part.pairs.iter().map(|(call, duration)| number_pair(&calls[*call], &durations[*duration])));
    }
    let gone = held.into_iter().filter(|pair| {
        let decided = within(pair.at)
            || within(start(pair))
            || within(pair.invited_at)
            || decided_calls.contains(&(pair.call_id.as_str(), pair.leg_id.as_str(), pair.invited_at))
            || decided_durations.contains(&(pair.reference.as_str(), pair.e164.as_str(), pair.at));
        // What is wanted and there already is left as it is.
        !wanted.remove(pair) && decided
    });
    let gone = gone.collect();
    let mut made: Vec<NumberPair> = wanted.into_iter().collect();
    made.sort_unstable();
    (gone, made)
}

fn leg_of_call(call: &LooseCall) -> Leg {
    Leg {
        at: call.started_at.timestamp_millis(),
        e164: call.e164.clone(),
        inbound: call.inbound,
        answered: call.answered,
        party: call.party.clone(),
        has_operator_ref: call.has_operator_ref,
        has_sip_call_id: call.has_sip_call_id,
    }
}

fn leg_of_duration(duration: &LooseDuration, skews: &HashMap<NaiveDate, i64>) -> Leg {
    let skew = skews.get(&duration.at.date_naive()).copied().unwrap_or(0);
    Leg {
        at: duration.at.timestamp_millis() - skew,
        e164: duration.e164.clone(),
        inbound: duration.inbound,
        answered: duration.answered,
        party: duration.party.clone(),
        has_operator_ref: duration.has_operator_ref,
        has_sip_call_id: duration.has_sip_call_id,
    }
}

fn number_pair(call: &LooseCall, duration: &LooseDuration) -> NumberPair {
    NumberPair {
        call_id: call.call_id.clone(),
        leg_id: call.leg_id.clone(),
        invited_at: call.invited_at,
        reference: duration.reference.clone(),
        e164: duration.e164.clone(),
        at: duration.at,
        offset_ms: (duration.at - call.started_at).num_milliseconds(),
    }
}
