//! The decisions of delivery, over one endpoint's row and the rows at hand.

#![expect(clippy::similar_names, reason = "head and held are the two halves of the state")]

use std::collections::BTreeSet;

use chrono::DateTime;
use chrono::Utc;
use rand::Rng;

use super::Effect;
use super::Fresh;
use super::Head;
use super::Held;
use super::Plant;
use super::Policy;
use super::Verdict;
use crate::notices::Change;
use crate::notices::EndpointState;
use crate::notices::PauseReason;
use crate::notices::StateRefusal;

/// What a claim looks at. Read under the lock of the endpoint's row.
#[derive(Clone, Debug, Default)]
pub struct Work {
    /// Rows under a lease that has not lapsed.
    pub in_flight: usize,
    /// So many may be claimed ahead of those that are at once under way; they leave as soon as one of these has its answer.
    pub ahead: usize,
    /// Rows in all, leased ones included.
    pub held: usize,
    /// Rows that are due and under no live lease, the longest due first.
    pub due: Vec<Held>,
    /// Wanted events after the cursor, in order.
    pub fresh: Vec<Fresh>,
    /// How far the feed was read for `fresh`.
    pub scanned_to: i64,
}

/// What leaves now.
#[derive(Clone, Debug)]
pub struct Claim {
    pub head: Head,
    /// Rows to write with their lease and to post, once that is committed.
    pub sends: Vec<Held>,
}

/// Takes as much as the endpoint's slots allow and moves the cursor over what was taken, over what waits behind a held
/// number, and at the end of `fresh` to `scanned_to`.
pub fn claim(mut head: Head, work: Work, now: DateTime<Utc>, policy: &Policy, rng: &mut impl Rng) -> Claim {
    let mut sends: Vec<Held> = Vec::new();
    if head.state != EndpointState::Active {
        return Claim { head, sends };
    }
    let mut slots = head.slots(if policy.planted(Plant::Flood) { 0 } else { work.in_flight }, work.ahead, now);
    let mut room = policy.held_max.saturating_sub(work.held);
    let mut taken = BTreeSet::new();
    let twice = policy.planted(Plant::LeaseIgnored);
    let mut due = work.due.into_iter().filter(|held| twice || held.next_at <= now && !held.is_leased(now)).peekable();
    let mut fresh = work.fresh.into_iter().filter(|item| item.seq > head.cursor_seq).peekable();
    let mut cursor = head.cursor_seq;
    loop {
        while due.next_if(|held| taken.contains(&held.subject) && !twice).is_some() {}
        while let Some(behind) =
            fresh.next_if(|item| (item.held || taken.contains(&item.subject)) && !policy.planted(Plant::TwoAtOnce))
        {
            cursor = behind.seq;
        }
        if slots == 0 {
            break;
        }
        let retry = match (due.peek().is_some(), room > 0 && fresh.peek().is_some()) {
            (false, false) => break,
            (true, true) => rng.gen_bool(0.5),
            (retry, _) => retry,
        };
        let picked = if retry {
            due.next()
        } else {
            room -= 1;
            fresh.next().map(|item| {
                cursor = item.seq;
                Held::waiting(item.subject, item.seq, now)
            })
        };
        let Some(held) = picked else { break };
        taken.insert(held.subject.clone());
        let attempt = held.attempt.saturating_add(1);
        sends.push(Held { attempt, asked_until: None, leased_until: Some(now + policy.lease), ..held });
        slots -= 1;
    }
    if fresh.peek().is_none() || policy.planted(Plant::CursorRuns) {
        cursor = cursor.max(work.scanned_to);
    }
    drop(fresh);
    head.cursor_seq = cursor;
    Claim { head, sends }
}

/// The outcome of one try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The event that was tried.
    pub seq: i64,
    /// The try's number: an answer to an earlier one is stale.
    pub attempt: u16,
    pub verdict: Verdict,
    /// The next wanted event of the same subject after `seq` and up to the cursor.
    pub next: Option<i64>,
}

/// State and effects after an answer.
#[derive(Clone, Debug)]
pub struct Settled {
    pub head: Head,
    /// The subject's row as it is now; `None`: delete it.
    pub held: Option<Held>,
    pub effects: Vec<Effect>,
}

/// Decides what an answer means.
pub fn settle(head: Head, held: Held, answer: &Answer, now: DateTime<Utc>, policy: &Policy, rng: &mut impl Rng) -> Settled {
    let replaced = matches!(answer.verdict, Verdict::Unsent { leased_until } if held.leased_until != leased_until);
    let stale = held.seq != answer.seq || held.attempt != answer.attempt || held.leased_until.is_none() || replaced;
    if stale && !policy.planted(Plant::StaleCounts) {
        let stale = Effect::Stale { subject: held.subject.clone(), seq: answer.seq };
        return Settled { head, held: Some(held), effects: vec![stale] };
    }
    match answer.verdict {
        Verdict::Delivered => {
            let next = answer.next.filter(|_| !policy.planted(Plant::NextForgotten));
            let settled = delivered(head.clone(), held, next, now);
            if policy.planted(Plant::ClockRuns) { Settled { head, ..settled } } else { settled }
        }
        Verdict::Unsent { .. } => {
            let held = Held { attempt: held.attempt.saturating_sub(1), leased_until: None, ..held };
            Settled { head, held: Some(held), effects: Vec::new() }
        }
        Verdict::Gone if !policy.planted(Plant::GoneIgnored) => gone(head, held, now),
        Verdict::Moved | Verdict::Gone => {
            Settled { head, held: Some(Held { next_at: now, leased_until: None, ..held }), effects: Vec::new() }
        }
        Verdict::Failed { .. } if held.attempt >= 6 && policy.planted(Plant::GivesUp) => {
            let held = answer.next.map(|seq| Held::waiting(held.subject, seq, now));
            Settled { head, held, effects: Vec::new() }
        }
        Verdict::Failed { retry_after, throttled } => {
            let wish = retry_after.filter(|_| !policy.planted(Plant::WishIgnored));
            let asked_until = wish.map(|wish| now + wish.min(policy.retry_after_max));
            let own = now + policy.wait(held.attempt, rng);
            let next_at = asked_until.map_or(own, |asked| asked.max(own));
            let quiet_until = if throttled { head.quiet_until.max(asked_until) } else { head.quiet_until };
            let held = Held { next_at, asked_until, leased_until: None, ..held };
            failed(Head { quiet_until, ..head }, held, now, policy, rng)
        }
    }
}

fn delivered(head: Head, held: Held, next: Option<i64>, now: DateTime<Utc>) -> Settled {
    let mut effects = vec![Effect::Delivered { subject: held.subject.clone(), seq: held.seq, attempt: held.attempt }];
    if head.probe_at.is_some() {
        effects.extend([Effect::BreakerClosed, Effect::BringForward]);
    }
    let held = next.map(|seq| Held::waiting(held.subject, seq, now));
    Settled { head: head.well(), held, effects }
}

fn gone(head: Head, held: Held, now: DateTime<Utc>) -> Settled {
    // Kept and due, for the day the endpoint is verified again.
    let held = Some(Held { next_at: now, leased_until: None, ..held });
    match head.state.after(Change::Disable(crate::notices::DisableReason::Gone)) {
        Ok(state) if state != head.state => {
            let effects = match state {
                EndpointState::Disabled(reason) => vec![Effect::Disabled(reason)],
                EndpointState::Unverified | EndpointState::Active | EndpointState::Paused(_) => Vec::new(),
            };
            Settled { head: Head { state, ..head.well() }, held, effects }
        }
        Ok(_) | Err(_) => Settled { head, held, effects: Vec::new() },
    }
}

fn failed(mut head: Head, held: Held, now: DateTime<Utc>, policy: &Policy, rng: &mut impl Rng) -> Settled {
    if head.state != EndpointState::Active {
        // A late answer of a paused endpoint: its clock stands still.
        return Settled { head, held: Some(held), effects: Vec::new() };
    }
    let mut effects = Vec::new();
    head.failing_since.get_or_insert(now);
    if head.probe_at.is_some_and(|probe| now < probe) {
        // Under way already when the breaker opened: no probe, and no news.
        return Settled { head, held: Some(held), effects };
    }
    let open = head.probe_at.is_some();
    if open || head.last_failed.as_deref() != Some(held.subject.as_str()) {
        head.streak = head.streak.saturating_add(1);
        head.last_failed = Some(held.subject.clone());
    }
    if head.streak >= policy.breaker_after {
        head.probe_at = Some(now + policy.probe_wait(head.streak - policy.breaker_after, rng));
        if !open {
            effects.push(Effect::BreakerOpened);
        }
    }
    let (head, more) = check_budget(head, now, policy);
    effects.extend(more);
    Settled { head, held: Some(held), effects }
}

/// Looks at the clock of consecutive failure: warns once at each share, pauses at the end. After a long silence only the
/// highest warning that is due is given.
#[must_use]
pub fn check_budget(mut head: Head, now: DateTime<Utc>, policy: &Policy) -> (Head, Vec<Effect>) {
    let Some(failing_since) = head.failing_since.filter(|_| head.state == EndpointState::Active) else {
        return (head, Vec::new());
    };
    let failing = now - failing_since;
    if failing >= policy.budget {
        let state = EndpointState::Paused(PauseReason::Failing);
        return (Head { state, ..head.well() }, vec![Effect::Paused { failing_since }]);
    }
    let due = policy.marks().filter(|(_, after)| failing >= *after).map(|(percent, _)| percent).last();
    match due {
        Some(percent) if percent > head.warned_percent => {
            head.warned_percent = percent;
            (head, vec![Effect::Warn { percent, failing_since }])
        }
        Some(_) | None => (head, Vec::new()),
    }
}

/// Applies what a person, a verification or the platform did. Coming back starts with clean clocks and everything held
/// back due; leaving stops the clocks.
///
/// # Errors
/// Why the state does not take the change.
pub fn change(head: Head, change: Change) -> Result<(Head, Vec<Effect>), StateRefusal> {
    let state = head.state.after(change)?;
    if state == head.state {
        return Ok((head, Vec::new()));
    }
    let mut effects = Vec::new();
    if state == EndpointState::Active {
        effects.push(Effect::BringForward);
    }
    if let EndpointState::Disabled(reason) = state {
        effects.push(Effect::Disabled(reason));
    }
    let quiet_until = if change == Change::NewUrl { None } else { head.quiet_until };
    Ok((Head { state, quiet_until, ..head.well() }, effects))
}
