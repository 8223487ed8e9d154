//! Weeks of one endpoint's life in virtual time: a receiver with weather, workers that die and come back late, people who
//! resume and verify. Checked at every step against an account of its own.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;

use rand::SeedableRng as _;
use rand_chacha::ChaCha20Rng;

use super::*;
use crate::notices::Change;
use crate::notices::PauseReason;

/// Events are appended for so long; then the weather turns fine and all must drain.
const DAYS: i64 = 21;
/// By then everything is delivered.
const DRAINED: i64 = DAYS + 10;
const SUBJECTS: u32 = 40;

/// How the receiver is.
#[derive(Clone, Copy, Debug)]
enum Weather {
    Fine,
    Dead,
    Flaky,
    Throttling,
    Gone,
}

#[derive(Clone, Debug)]
enum Happening {
    Append,
    /// A try with the URL it goes to, by its generation.
    Arrive(Held, u32),
    Answer(Held, u32, Verdict),
    Change(Change),
    /// Somebody gives the endpoint another URL, and verifies that later.
    Move,
}

struct World {
    now: DateTime<Utc>,
    rng: ChaCha20Rng,
    policy: Policy,
    track: Track,
    feed: Vec<String>,
    queue: BTreeMap<(DateTime<Utc>, u64), Happening>,
    tickets: u64,
    /// When the next turn is due without anything happening.
    wake_at: Option<DateTime<Utc>>,
    /// Weather from an instant on.
    weather: BTreeMap<DateTime<Utc>, Weather>,
    /// Numbers the receiver cannot digest until then.
    poison: HashMap<String, DateTime<Utc>>,
    /// How often the URL was changed.
    generation: u32,
    account: Account,
}

/// What the checks know, independent of the code under test.
#[derive(Default)]
struct Account {
    /// Leases that workers hold: subject to end.
    open: HashMap<String, DateTime<Utc>>,
    last_arrived: HashMap<String, i64>,
    accepted: BTreeSet<i64>,
    /// What the receiver asked for, by subject.
    asked: HashMap<String, DateTime<Utc>>,
    failing_since: Option<DateTime<Utc>>,
    pauses: u32,
    lost: u32,
    unsent: u32,
    retries: u32,
    opened: u32,
    moved: u32,
}

fn zero() -> DateTime<Utc> {
    "2026-10-20T00:00:00Z".parse().unwrap()
}

impl World {
    fn new(seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut weather = BTreeMap::new();
        let mut at = zero();
        while at < zero() + TimeDelta::days(DAYS) {
            let (kind, hours) = match rng.gen_range(0..20) {
                0..=7 => (Weather::Fine, rng.gen_range(1..48)),
                8..=12 => (Weather::Flaky, rng.gen_range(1..24)),
                13..=15 => (Weather::Dead, rng.gen_range(1..12)),
                16 => (Weather::Dead, rng.gen_range(60..140)),
                17..=18 => (Weather::Throttling, rng.gen_range(1..6)),
                _ => (Weather::Gone, 1),
            };
            weather.insert(at, kind);
            at += TimeDelta::hours(hours);
        }
        weather.insert(zero() + TimeDelta::days(DAYS), Weather::Fine);
        let poisoned = |rng: &mut ChaCha20Rng| zero() + TimeDelta::hours(rng.gen_range(1..DAYS * 24));
        let poison = (0..3).map(|n| (format!("n{n}"), poisoned(&mut rng))).collect();
        let mut track = Track::new(0, rng.gen_range(1..=64));
        track.head.state = EndpointState::Active;
        track.ahead = if rng.gen_bool(0.5) { rng.gen_range(1..=64) } else { 0 };
        let mut world = Self {
            now: zero(),
            rng,
            policy: Policy::default(),
            track,
            feed: Vec::new(),
            queue: BTreeMap::new(),
            tickets: 0,
            wake_at: None,
            weather,
            poison,
            generation: 0,
            account: Account::default(),
        };
        world.plan(TimeDelta::zero(), Happening::Append);
        for _ in 0..3 {
            let at = world.millis(0..DAYS * 86_400_000);
            world.plan(at, Happening::Move);
        }
        world
    }

    fn plan(&mut self, wait: TimeDelta, happening: Happening) {
        self.tickets += 1;
        self.queue.insert((self.now + wait, self.tickets), happening);
    }

    fn millis(&mut self, range: std::ops::Range<i64>) -> TimeDelta {
        TimeDelta::milliseconds(self.rng.gen_range(range))
    }

    fn run(&mut self) {
        let end = zero() + TimeDelta::days(DRAINED);
        loop {
            let planned = self.queue.first_key_value().map(|((at, _), _)| *at);
            let Some(at) = planned.into_iter().chain(self.wake_at).min() else {
                break;
            };
            assert!(at <= end, "not drained: {:?}", self.track);
            self.now = at;
            if planned == Some(at)
                && let Some((_, happening)) = self.queue.pop_first()
            {
                self.happen(happening);
            }
            self.turn();
            self.check();
        }
        assert_eq!(self.account.accepted.len(), self.feed.len(), "every event was accepted");
        assert!(self.track.held.is_empty(), "{:?}", self.track.held);
        assert_eq!(self.track.head.cursor_seq, self.head_seq());
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Append => self.append(),
            Happening::Arrive(held, generation) => self.arrive(&held, generation),
            Happening::Answer(held, generation, verdict) => self.answer(&held, generation, verdict),
            Happening::Move => self.move_away(),
            Happening::Change(change) => {
                let effects = self.step(Input::Changed(change));
                assert_ne!(effects, [], "{change:?}");
                self.account.failing_since = None;
            }
        }
    }

    /// One that is disabled or not yet verified keeps its state; a move then would only plan a second verification.
    fn move_away(&mut self) {
        if self.track.head.state == EndpointState::Active {
            self.generation += 1;
            self.account.failing_since = None;
            self.step(Input::Changed(Change::NewUrl));
            let wait = self.millis(1_000..600_000);
            self.plan(wait, Happening::Change(Change::Verified));
        }
    }

    fn head_seq(&self) -> i64 {
        i64::try_from(self.feed.len()).unwrap()
    }

    /// Appends in bursts: an import touches many numbers at once, one number changes several times in a row.
    fn append(&mut self) {
        if self.now >= zero() + TimeDelta::days(DAYS) {
            return;
        }
        let burst = if self.rng.gen_bool(0.05) { self.rng.gen_range(20..200) } else { self.rng.gen_range(1..4) };
        for _ in 0..burst {
            let subject = self.rng.gen_range(0..SUBJECTS);
            self.feed.push(format!("n{subject}"));
        }
        let wait = self.millis(1_000..7_200_000);
        self.plan(wait, Happening::Append);
    }

    fn turn(&mut self) {
        let after = self.track.head.cursor_seq;
        let scanned_to = self.head_seq().min(after + 100);
        let fresh = (after + 1..=scanned_to).map(|seq| (seq, self.feed[usize::try_from(seq - 1).unwrap()].clone()));
        let fresh = fresh.collect();
        self.step(Input::Turn { fresh, scanned_to });
        self.wake_at = self.track.wake_at(self.now, &self.policy);
        let slots = self.track.head.slots(self.track.in_flight(self.now), self.track.ahead, self.now);
        let moved = self.track.head.cursor_seq > after;
        if slots > 0 && moved && self.track.head.cursor_seq < self.head_seq() {
            self.wake_at = Some(self.now + TimeDelta::milliseconds(1));
        }
    }

    fn step(&mut self, input: Input) -> Vec<Effect> {
        let (track, effects) = step(self.track.clone(), input, self.now, &self.policy, &mut self.rng).unwrap();
        self.track = track;
        for effect in &effects {
            self.obey(effect);
        }
        effects
    }

    fn obey(&mut self, effect: &Effect) {
        match effect {
            Effect::Send(held) => self.send(held),
            Effect::Paused { failing_since } => {
                assert_eq!(Some(*failing_since), self.account.failing_since);
                let failing = self.now - *failing_since;
                assert!(failing >= self.policy.budget && failing < self.policy.budget + TimeDelta::minutes(1), "{failing}");
                self.account.pauses += 1;
                self.account.failing_since = None;
                let wait = self.millis(3_600_000..90_000_000);
                self.plan(wait, Happening::Change(Change::Resume));
            }
            Effect::Disabled(_) => {
                self.account.failing_since = None;
                let wait = self.millis(3_600_000..40_000_000);
                self.plan(wait, Happening::Change(Change::Verified));
            }
            Effect::Warn { percent, failing_since } => {
                assert!(self.now - *failing_since >= self.policy.budget * i32::from(*percent) / 100);
            }
            Effect::BreakerOpened => self.account.opened += 1,
            Effect::Delivered { .. } | Effect::Stale { .. } | Effect::BreakerClosed | Effect::BringForward => {}
        }
    }

    /// A worker takes the delivery. Some give it back, some die before the request leaves, some after; some come back long after their lease.
    fn send(&mut self, held: &Held) {
        let now = self.now;
        self.account.open.retain(|_, until| now < *until);
        let leased_until = held.leased_until.unwrap();
        let twice = self.account.open.insert(held.subject.clone(), leased_until);
        assert!(twice.is_none(), "two deliveries of {} at once", held.subject);
        self.account.retries += u32::from(held.attempt > 1);
        let asked = self.account.asked.remove(&held.subject);
        assert!(asked.is_none_or(|until| until <= now), "{} was asked for until {asked:?}", held.subject);
        if self.rng.gen_bool(0.01) {
            self.account.lost += 1;
            return;
        }
        let wait = self.millis(1..400);
        if self.rng.gen_bool(0.02) {
            self.account.unsent += 1;
            let unsent = Verdict::Unsent { leased_until: held.leased_until };
            self.plan(wait, Happening::Answer(held.clone(), self.generation, unsent));
            return;
        }
        self.plan(wait, Happening::Arrive(held.clone(), self.generation));
    }

    fn arrive(&mut self, held: &Held, generation: u32) {
        let last = self.account.last_arrived.insert(held.subject.clone(), held.seq);
        assert!(last.is_none_or(|last| last <= held.seq), "{} went back from {last:?} to {}", held.subject, held.seq);
        let verdict = self.receive(held);
        if verdict == Verdict::Delivered {
            self.account.accepted.insert(held.seq);
        }
        let wait = match self.rng.gen_range(0..200) {
            0 => {
                self.account.lost += 1;
                return;
            }
            1 => self.millis(61_000..200_000),
            2..=20 => self.millis(1_000..14_000),
            _ => self.millis(1..300),
        };
        self.plan(wait, Happening::Answer(held.clone(), generation, verdict));
    }

    fn receive(&mut self, held: &Held) -> Verdict {
        let weather = *self.weather.range(..=self.now).next_back().unwrap().1;
        let poisoned = self.poison.get(&held.subject).is_some_and(|until| self.now < *until);
        let status = match weather {
            Weather::Gone => Some(410),
            Weather::Dead => None,
            Weather::Throttling if self.rng.gen_bool(0.7) => Some(429),
            Weather::Fine | Weather::Flaky | Weather::Throttling if poisoned => Some(422),
            Weather::Flaky if self.rng.gen_bool(0.4) => Some(500),
            Weather::Fine if self.rng.gen_bool(0.01) => Some(502),
            Weather::Fine | Weather::Flaky | Weather::Throttling => Some(204),
        };
        let wish = self.rng.gen_bool(0.5).then(|| RetryAfter::Seconds(self.rng.gen_range(0..4_000)));
        Verdict::of(status, wish.filter(|_| status != Some(204)), self.now)
    }

    fn answer(&mut self, held: &Held, generation: u32, verdict: Verdict) {
        let behind = held.seq + 1..=self.track.head.cursor_seq;
        let next = behind.into_iter().find(|seq| self.feed[usize::try_from(*seq - 1).unwrap()] == held.subject);
        let moved = generation != self.generation && !matches!(verdict, Verdict::Delivered | Verdict::Unsent { .. });
        let verdict = if moved { Verdict::Moved } else { verdict };
        let answer = Answer { seq: held.seq, attempt: held.attempt, verdict, next };
        let counted = self.track.held.get(&held.subject).is_some_and(|now| now.attempt == held.attempt && now.seq == held.seq);
        if counted {
            self.account.open.remove(&held.subject);
            self.account.moved += u32::from(moved);
            let active = self.track.head.state == EndpointState::Active;
            match verdict {
                Verdict::Delivered => self.account.failing_since = None,
                Verdict::Failed { retry_after, .. } => {
                    let wish = retry_after.map(|wish| self.now + wish.min(TimeDelta::hours(24)));
                    self.account.asked.extend(wish.map(|until| (held.subject.clone(), until)));
                    if active {
                        self.account.failing_since.get_or_insert(self.now);
                    }
                }
                Verdict::Gone | Verdict::Moved | Verdict::Unsent { .. } => {}
            }
        }
        let effects = self.step(Input::Answered { subject: held.subject.clone(), answer });
        assert_eq!(counted, !effects.iter().any(|effect| matches!(effect, Effect::Stale { .. })));
        if counted && verdict == Verdict::Gone {
            assert!(!matches!(self.track.head.state, EndpointState::Active | EndpointState::Paused(_)), "it said that it is gone");
        }
    }

    fn check(&mut self) {
        let now = self.now;
        self.account.open.retain(|_, until| now < *until);
        let most = usize::from(self.track.head.max_in_flight) + self.track.ahead;
        assert!(self.account.open.len() <= most, "{} in flight of {most}", self.account.open.len());
        assert_eq!(self.account.open.len(), self.track.in_flight(now));
        if self.track.head.state == EndpointState::Active {
            assert_eq!(self.track.head.failing_since, self.account.failing_since);
            let failing = self.account.failing_since.map_or(TimeDelta::zero(), |since| now - since);
            assert!(failing < self.policy.budget, "still active after {failing}");
        }
        assert!(self.track.head.state != EndpointState::Paused(PauseReason::Person));
        assert!(self.track.held.len() <= usize::try_from(SUBJECTS).unwrap());
    }
}

/// `CONCORD_SIM_SEEDS` sets how many lives are run; the campaign runs many.
#[test]
#[expect(clippy::disallowed_macros, reason = "the figures of the run, for who reads its output")]
fn every_event_arrives_in_order_through_any_weather() {
    let seeds = std::env::var("CONCORD_SIM_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(6);
    let mut seen = Account::default();
    for seed in 0..seeds {
        let mut world = World::new(seed);
        world.run();
        seen.pauses += world.account.pauses;
        seen.lost += world.account.lost;
        seen.unsent += world.account.unsent;
        seen.retries += world.account.retries;
        seen.opened += world.account.opened;
        seen.moved += world.account.moved;
    }
    // A simulation in which nothing went wrong proves nothing.
    assert!(seen.pauses > 0 && seen.lost > 0 && seen.unsent > 0 && seen.retries > 1_000 && seen.opened > 10);
    eprintln!("{seeds} lives of {DRAINED} days: {} retries, {} lost, {} pauses", seen.retries, seen.lost, seen.pauses);
}

/// What `plant` does to lives of an endpoint: the seed in which it was found, and by what.
#[cfg(feature = "chaos")]
fn found(plant: Plant) -> Option<(u64, String)> {
    (0..12).find_map(|seed| {
        let life = std::panic::catch_unwind(|| {
            let mut world = World::new(seed);
            world.policy.plant = Some(plant);
            world.run();
        });
        let words = life.err()?;
        let said = words.downcast_ref::<String>().cloned();
        Some((seed, said.or_else(|| words.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()))
    })
}

#[cfg(feature = "chaos")]
#[test]
#[expect(clippy::disallowed_macros, reason = "the figures of the run, for who reads its output")]
fn every_planted_bug_of_the_schedule_is_found() {
    let mut missed = Vec::new();
    for (number, plant) in (1..).zip(Plant::ALL).take(10) {
        let found = found(plant);
        let line = found.as_ref().map(|(seed, by)| format!("found in life {seed}: {}", by.lines().next().unwrap_or_default()));
        eprintln!("plant {number:2} {plant:?}: {}", line.as_deref().unwrap_or("NOT FOUND"));
        if found.is_none() {
            missed.push(plant);
        }
    }
    assert_eq!(missed, []);
}
