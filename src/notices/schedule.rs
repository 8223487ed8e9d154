//! When an endpoint gets which event: the pure core of delivery. No SQL, no HTTP, no clock of its own.
//!
//! State per endpoint is one [`Head`] (columns of the endpoint's row) and one [`Held`] row per number that is in flight or
//! held back. All that lies behind the cursor and is in no held row is delivered; events of a held number behind the
//! cursor wait for it and are found by (operator, subject, seq) in the append-only feed. So a dead endpoint costs a few
//! rows, not a copy of the feed.
//!
//! - [`claim`]: what may leave now, and how far the cursor moves.
//! - [`settle`]: what an answer means for the endpoint and for the number.
//! - [`check_budget`]: warnings and the pause after 75 hours; to be asked now and then, as time passes without answers.
//! - [`change`]: verification, pause, resume, disable.
//! - [`step`]: all of it over one [`Track`] in memory, as the simulation runs it.
//!
//! **Breaker.** A failure counts once per number in a row (`streak`), so that one poisoned number opens nothing. From the
//! fifth on there is one probe at a time, spaced 5 s, 10 s … 5 min, until a success closes it and brings everything held
//! back forward. A probe never goes out before the number's own time has come.
//!
//! **Fairness.** Where a retry and a new event compete for a slot, a coin decides: a heap of failing numbers cannot starve
//! the healthy ones, nor the other way round.

mod decide;
mod plants;
mod track;

use chrono::DateTime;
use chrono::NaiveDateTime;
use chrono::TimeDelta;
use chrono::Utc;
use rand::Rng;
use serde::Deserialize;
use serde::Serialize;

pub use self::decide::Answer;
pub use self::decide::Claim;
pub use self::decide::Settled;
pub use self::decide::Work;
pub use self::decide::change;
pub use self::decide::check_budget;
pub use self::decide::claim;
pub use self::decide::settle;
pub use self::plants::Plant;
pub use self::track::Input;
pub use self::track::Track;
pub use self::track::step;
use super::DisableReason;
use super::EndpointState;

/// Shares of the budget at which people are warned, in per cent.
pub const WARNINGS: [u8; 3] = [50, 70, 90];

/// The figures of delivery.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Wait after the first, second … failed try of an event; the last one repeats. Never empty.
    retry: Vec<TimeDelta>,
    /// Each wait is stretched or cut by up to this ratio.
    pub jitter: f64,
    /// Longest `Retry-After` that is obeyed.
    pub retry_after_max: TimeDelta,
    /// Consecutive failure of an endpoint after which it is paused.
    pub budget: TimeDelta,
    /// Failing numbers in a row that open the breaker.
    pub breaker_after: u32,
    /// Longest wait between two probes of an open breaker.
    pub probe_max: TimeDelta,
    /// How long a claimed delivery belongs to its worker.
    pub lease: TimeDelta,
    /// Longest a try may take, see [`super::Limits`].
    pub try_for: TimeDelta,
    /// Numbers held back at most; beyond that the cursor waits.
    pub held_max: usize,
    /// What is brought forward goes out within this time.
    pub spread: TimeDelta,
    /// A bug on purpose, see [`Plant`].
    #[cfg(feature = "chaos")]
    plant: Option<Plant>,
}

/// The longest `Retry-After` that is obeyed.
pub(super) const RETRY_AFTER_MAX: TimeDelta = TimeDelta::hours(24);

impl Default for Policy {
    fn default() -> Self {
        let retry = "5s,30s,5m,30m,2h,5h,10h,14h,20h,24h";
        Self {
            retry: parse_retry(retry).expect("the text stands one line above"),
            jitter: 0.2,
            retry_after_max: RETRY_AFTER_MAX,
            budget: TimeDelta::hours(75),
            breaker_after: 5,
            probe_max: TimeDelta::minutes(5),
            lease: TimeDelta::seconds(60),
            try_for: TimeDelta::seconds(15),
            held_max: 10_000,
            spread: TimeDelta::seconds(2),
            #[cfg(feature = "chaos")]
            plant: None,
        }
    }
}

/// `--retry-schedule` cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write the waits like 5s,30s,5m,2h, each from 1s to 7d; {0:?} is none")]
pub struct RetryScheduleRefusal(pub String);

impl Policy {
    /// The schedule of `demo`: quick at first, then as usual.
    pub const DEMO_RETRY: &str = "1s,2s,5s,15s,60s,5m,30m,2h,5h,10h,14h,20h,24h";

    /// The policy with another retry schedule, as in `--retry-schedule 5s,30s,5m`.
    ///
    /// # Errors
    /// The part that is no wait.
    pub fn with_retry(self, text: &str) -> Result<Self, RetryScheduleRefusal> {
        Ok(Self { retry: parse_retry(text)?, ..self })
    }

    /// The policy with another lease, 20 s to 10 min: it must outlast a try.
    #[must_use]
    pub fn with_lease(self, lease: std::time::Duration) -> Self {
        Self { lease: TimeDelta::seconds(lease.as_secs().clamp(20, 600).cast_signed()), ..self }
    }

    /// When each warning and the pause are due, for failure since `failing_since`: (per cent, how long after).
    pub fn marks(&self) -> impl Iterator<Item = (u8, TimeDelta)> {
        WARNINGS.into_iter().chain([100]).map(|percent| (percent, self.budget * i32::from(percent) / 100))
    }

    /// Wait after the failure of try number `attempt` (from 1), with jitter.
    fn wait(&self, attempt: u16, rng: &mut impl Rng) -> TimeDelta {
        let index = usize::from(attempt.max(1) - 1).min(self.retry.len() - 1);
        self.stretch(self.retry[index], rng)
    }

    /// Wait before the next probe when `failed` probes have failed, with jitter.
    fn probe_wait(&self, failed: u32, rng: &mut impl Rng) -> TimeDelta {
        let doubled = self.retry[0] * (1 << failed.min(16));
        self.stretch(doubled.min(self.probe_max), rng)
    }

    fn stretch(&self, wait: TimeDelta, rng: &mut impl Rng) -> TimeDelta {
        let per_million = rng.gen_range(-1.0..=1.0) * self.jitter * 1e6;
        #[expect(clippy::cast_possible_truncation, reason = "a jitter below 1 is far from the ends of i64")]
        let part = per_million as i64;
        let millis = wait.num_milliseconds();
        TimeDelta::milliseconds(millis + millis * part / 1_000_000)
    }
}

fn parse_retry(text: &str) -> Result<Vec<TimeDelta>, RetryScheduleRefusal> {
    text.split(',').map(|part| parse_wait(part.trim()).ok_or_else(|| RetryScheduleRefusal(part.to_owned()))).collect()
}

fn parse_wait(text: &str) -> Option<TimeDelta> {
    let unit = text.chars().last()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    let number: u32 = text.strip_suffix(unit)?.parse().ok()?;
    let wait = TimeDelta::seconds(i64::from(number) * seconds);
    (TimeDelta::seconds(1)..=TimeDelta::days(7)).contains(&wait).then_some(wait)
}

/// Header `Retry-After` (RFC 9110, 10.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    Seconds(u32),
    At(DateTime<Utc>),
}

impl RetryAfter {
    /// Reads the header; `None` when it is neither a number of seconds nor one of the three forms of an HTTP date.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(Self::Seconds(text.parse().unwrap_or(u32::MAX)));
        }
        let forms = ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];
        forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok()).map(|at| Self::At(at.and_utc()))
    }

    /// How long from `now`; zero for the past.
    #[must_use]
    pub fn wait(self, now: DateTime<Utc>) -> TimeDelta {
        match self {
            Self::Seconds(seconds) => TimeDelta::seconds(seconds.into()),
            Self::At(at) => (at - now).max(TimeDelta::zero()),
        }
    }
}

/// What an answer, or its absence, means for a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Any 2xx.
    Delivered,
    /// 410: the receiver wants no more.
    Gone,
    /// It never left: as if it had not been claimed. The lease is that of the claim, as a later one may be of the same try.
    Unsent { leased_until: Option<DateTime<Utc>> },
    /// The endpoint has got another URL since the try began: what the old one said, other than a 2xx, says nothing of it.
    Moved,
    Failed {
        /// The receiver's own wish, not yet capped.
        retry_after: Option<TimeDelta>,
        /// The wish concerns the endpoint as a whole and not this number alone.
        throttled: bool,
    },
}

impl Verdict {
    /// `status` is `None` when there was no answer. Redirects are failures: the target was never checked.
    #[must_use]
    pub fn of(status: Option<u16>, retry_after: Option<RetryAfter>, now: DateTime<Utc>) -> Self {
        match status {
            Some(200..=299) => Self::Delivered,
            Some(410) => Self::Gone,
            Some(_) | None => Self::Failed {
                retry_after: retry_after.map(|wish| wish.wait(now)),
                throttled: matches!(status, Some(429 | 502..=504)),
            },
        }
    }
}

/// The endpoint's part of the state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    pub state: EndpointState,
    /// Deliveries at once, 1 to 64.
    pub max_in_flight: u16,
    /// Everything up to here is delivered, held, or not wanted by the endpoint.
    pub cursor_seq: i64,
    /// First failure since the last success; `None` while all is well or no clock runs.
    pub failing_since: Option<DateTime<Utc>>,
    /// Highest warning given since then: 0, 50, 70 or 90 per cent.
    pub warned_percent: u8,
    /// Failing numbers in a row; while the breaker is open, failed probes on top.
    pub streak: u32,
    /// The number that failed last: failing again it does not lengthen the streak.
    pub last_failed: Option<String>,
    /// Set while the breaker is open: not before this may the next probe leave.
    pub probe_at: Option<DateTime<Utc>>,
    /// The receiver asked for quiet until then.
    pub quiet_until: Option<DateTime<Utc>>,
}

impl Head {
    /// A new endpoint; it gets what is sealed after `cursor_seq`.
    #[must_use]
    pub fn new(cursor_seq: i64, max_in_flight: u16) -> Self {
        Self {
            state: EndpointState::Unverified,
            max_in_flight,
            cursor_seq,
            failing_since: None,
            warned_percent: 0,
            streak: 0,
            last_failed: None,
            probe_at: None,
            quiet_until: None,
        }
    }

    /// All of its deliveries at once may be under way.
    #[must_use]
    pub fn flows(&self, now: DateTime<Utc>) -> bool {
        self.probe_at.is_none() && self.slots(0, 0, now) > 0
    }

    /// Free deliveries now, with `in_flight` of them claimed, while so many may be claimed `ahead` of those that are at once under way.
    #[must_use]
    pub fn slots(&self, in_flight: usize, ahead: usize, now: DateTime<Utc>) -> usize {
        let active = self.state == EndpointState::Active;
        if !active || self.quiet_until.is_some_and(|until| now < until) {
            return 0;
        }
        match self.probe_at {
            Some(at) => usize::from(in_flight == 0 && at <= now),
            None => (usize::from(self.max_in_flight) + ahead).saturating_sub(in_flight),
        }
    }

    /// Clocks and breaker as after a success.
    fn well(self) -> Self {
        Self { failing_since: None, warned_percent: 0, streak: 0, last_failed: None, probe_at: None, ..self }
    }
}

/// A number in flight or held back: its oldest event that is not delivered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// What must stay in order: the E.164 number, or for other events the thing they are about.
    pub subject: String,
    pub seq: i64,
    /// Tries begun for this event; header `webhook-attempt` of a delivery in flight.
    pub attempt: u16,
    /// Not before this is it tried again.
    pub next_at: DateTime<Utc>,
    /// The receiver's wish, which also bringing forward respects.
    pub asked_until: Option<DateTime<Utc>>,
    /// Set while in flight: until then it belongs to a worker. A lapsed lease is due again.
    pub leased_until: Option<DateTime<Utc>>,
}

impl Held {
    /// One that may leave at once.
    #[must_use]
    pub fn waiting(subject: String, seq: i64, now: DateTime<Utc>) -> Self {
        Self { subject, seq, attempt: 0, next_at: now, asked_until: None, leased_until: None }
    }

    /// True while a worker owns it.
    #[must_use]
    pub fn is_leased(&self, now: DateTime<Utc>) -> bool {
        self.leased_until.is_some_and(|until| now < until)
    }

    /// A worker that slept past this must not post any more: another may have taken over before its try ends.
    #[must_use]
    pub fn start_by(&self, policy: &Policy) -> Option<DateTime<Utc>> {
        self.leased_until.map(|until| until - policy.try_for - policy.spread)
    }

    /// Due now or soon, but not before the receiver's own wish.
    fn brought_forward(self, now: DateTime<Utc>, policy: &Policy, rng: &mut impl Rng) -> Self {
        let soon = now + TimeDelta::milliseconds(rng.gen_range(0..=policy.spread.num_milliseconds()));
        let soon = self.asked_until.map_or(soon, |asked| asked.max(soon));
        Self { next_at: self.next_at.min(soon), ..self }
    }
}

/// An event behind the cursor that the endpoint wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fresh {
    pub seq: i64,
    pub subject: String,
    /// The endpoint has a [`Held`] row of this subject: the event waits behind it.
    pub held: bool,
}

/// What has to be done besides writing the new state down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Post this event under this lease; the register entry is written with the claim.
    Send(Held),
    /// A 2xx arrived.
    Delivered {
        subject: String,
        seq: i64,
        attempt: u16,
    },
    /// The answer belongs to a try that another worker has replaced; nothing changed.
    Stale {
        subject: String,
        seq: i64,
    },
    /// From now on one probe at a time.
    BreakerOpened,
    /// The receiver is back.
    BreakerClosed,
    /// Every row that is not leased: `next_at` becomes now, or up to `Policy::spread` later, if that is sooner, and not
    /// before `asked_until`.
    BringForward,
    /// This share of the budget is used up.
    Warn {
        percent: u8,
        failing_since: DateTime<Utc>,
    },
    /// The budget is used up.
    Paused {
        failing_since: DateTime<Utc>,
    },
    Disabled(DisableReason),
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
