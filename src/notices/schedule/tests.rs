//! When a delivery is tried again, and when no more.

use rand::SeedableRng as _;
use rand_chacha::ChaCha20Rng;

use super::*;
use crate::notices::Change;
use crate::notices::PauseReason;

const FAILED: Verdict = Verdict::Failed { retry_after: None, throttled: false };

fn zero() -> DateTime<Utc> {
    "2026-11-23T00:00:00Z".parse().unwrap()
}

fn secs(seconds: i64) -> TimeDelta {
    TimeDelta::seconds(seconds)
}

/// One endpoint by hand: a clock, the feed it reads, and what it was told to do.
struct Bench {
    track: Track,
    policy: Policy,
    now: DateTime<Utc>,
    rng: ChaCha20Rng,
    feed: Vec<String>,
}

impl Bench {
    fn new(max_in_flight: u16) -> Self {
        let mut track = Track::new(0, max_in_flight);
        track.head.state = EndpointState::Active;
        let policy = Policy { jitter: 0.0, ..Policy::default() };
        Self { track, policy, now: zero(), rng: ChaCha20Rng::seed_from_u64(1), feed: Vec::new() }
    }

    fn append(&mut self, subject: &str) {
        self.feed.push(subject.to_owned());
    }

    fn input(&mut self, input: Input) -> Vec<Effect> {
        let (track, effects) = step(self.track.clone(), input, self.now, &self.policy, &mut self.rng).unwrap();
        self.track = track;
        effects
    }

    fn turn(&mut self) -> Vec<Effect> {
        let after = usize::try_from(self.track.head.cursor_seq).unwrap();
        let fresh = (1..).zip(self.feed.clone()).skip(after).collect();
        let scanned_to = i64::try_from(self.feed.len()).unwrap();
        self.input(Input::Turn { fresh, scanned_to })
    }

    /// (subject, seq, attempt) of what a turn sends.
    fn sends(&mut self) -> Vec<(String, i64, u16)> {
        let sent = |effect| match effect {
            Effect::Send(held) => Some((held.subject, held.seq, held.attempt)),
            _ => None,
        };
        self.turn().into_iter().filter_map(sent).collect()
    }

    fn answer(&mut self, subject: &str, verdict: Verdict) -> Vec<Effect> {
        let held = &self.track.held[subject];
        let (seq, attempt) = (held.seq, held.attempt);
        let behind = (1..).zip(&self.feed).take_while(|(at, _)| *at <= self.track.head.cursor_seq);
        let next = behind.filter(|(at, other)| *at > seq && *other == subject).map(|(at, _)| at).next();
        self.input(Input::Answered { subject: subject.to_owned(), answer: Answer { seq, attempt, verdict, next } })
    }

    /// Sends and fails the one event at hand.
    fn fail_next(&mut self) -> Vec<Effect> {
        let (subject, ..) = self.sends().pop().expect("something is due");
        self.answer(&subject, FAILED)
    }
}

#[test]
fn a_failing_event_holds_back_its_number_and_no_other() {
    let mut bench = Bench::new(8);
    for subject in ["a", "b", "a", "c", "a"] {
        bench.append(subject);
    }
    assert_eq!(bench.sends(), [("a".into(), 1, 1), ("b".into(), 2, 1), ("c".into(), 4, 1)]);
    assert_eq!(bench.track.head.cursor_seq, 5, "the later events of a wait behind the cursor");
    bench.answer("a", FAILED);
    bench.answer("b", Verdict::Delivered);
    bench.answer("c", Verdict::Delivered);
    bench.append("b");
    assert_eq!(bench.sends(), [("b".into(), 6, 1)]);
    bench.now += secs(5);
    assert_eq!(bench.sends(), [("a".into(), 1, 2)]);
    bench.answer("a", Verdict::Delivered);
    assert_eq!(bench.sends(), [("a".into(), 3, 1)]);
    bench.answer("a", Verdict::Delivered);
    assert_eq!(bench.sends(), [("a".into(), 5, 1)]);
    bench.answer("a", Verdict::Delivered);
    bench.answer("b", Verdict::Delivered);
    assert!(bench.track.held.is_empty() && bench.sends().is_empty());
}

#[test]
fn no_more_leave_than_may_be_in_flight() {
    let mut bench = Bench::new(2);
    for subject in ["a", "b", "c", "d"] {
        bench.append(subject);
    }
    assert_eq!(bench.sends().len(), 2);
    assert_eq!(bench.track.head.cursor_seq, 2);
    assert!(bench.sends().is_empty());
    bench.answer("b", Verdict::Delivered);
    assert_eq!(bench.sends(), [("c".into(), 3, 1)]);
}

#[test]
fn some_are_claimed_ahead_while_nothing_fails_and_given_back_as_if_never_claimed() {
    let mut bench = Bench::new(2);
    bench.track.ahead = 1;
    for subject in ["a", "b", "c", "d", "a"] {
        bench.append(subject);
    }
    assert_eq!(bench.sends(), [("a".into(), 1, 1), ("b".into(), 2, 1), ("c".into(), 3, 1)]);
    bench.track.ahead = 0;
    let unsent = |bench: &Bench| Verdict::Unsent { leased_until: bench.track.held["c"].leased_until };
    let (first, other) = (unsent(&bench), Verdict::Unsent { leased_until: Some(bench.now) });
    bench.answer("c", other);
    assert!(bench.track.held["c"].leased_until.is_some(), "of another claim");
    bench.answer("c", first);
    assert_eq!(bench.sends(), [], "two are under way");
    bench.answer("a", FAILED);
    assert_eq!(bench.sends(), [("c".into(), 3, 1)], "the first try of it, at once");
    assert_eq!(bench.track.head.streak, 1);
    let second = unsent(&bench);
    bench.answer("c", second);
    bench.answer("b", Verdict::Delivered);
    assert_eq!(bench.sends().len(), 2);
}

#[test]
fn unwanted_events_are_passed_over() {
    let mut bench = Bench::new(1);
    let effects = bench.input(Input::Turn { fresh: Vec::new(), scanned_to: 900 });
    assert!(effects.is_empty());
    assert_eq!(bench.track.head.cursor_seq, 900);
    bench.input(Input::Turn { fresh: Vec::new(), scanned_to: 0 });
    assert_eq!(bench.track.head.cursor_seq, 900, "the cursor never goes back");
}

#[test]
fn tries_follow_the_schedule() {
    let mut bench = Bench::new(8);
    bench.append("a");
    let mut waits = Vec::new();
    for _ in 0..12 {
        bench.fail_next();
        // Kept below the budget here; the pause has tests of its own.
        bench.track.head.failing_since = None;
        let next_at = bench.track.held["a"].next_at;
        waits.push((next_at - bench.now).num_seconds());
        bench.now = next_at - secs(1);
        assert!(bench.sends().is_empty(), "not before its time");
        bench.now = next_at;
    }
    let hours = |n: i64| n * 3_600;
    let expected = [5, 30, 300, 1_800, hours(2), hours(5), hours(10), hours(14), hours(20), hours(24), hours(24), hours(24)];
    assert_eq!(waits, expected);
    assert_eq!(bench.track.held["a"].attempt, 12);
}

#[test]
fn waits_are_spread_by_a_fifth_and_no_more() {
    let policy = Policy::default();
    let mut rng = ChaCha20Rng::seed_from_u64(5);
    let waits: Vec<_> = (0..2_000).map(|_| policy.wait(3, &mut rng).num_seconds()).collect();
    let (low, high) = (waits.iter().min().unwrap(), waits.iter().max().unwrap());
    assert!((240..250).contains(low) && (350..=360).contains(high), "{low} {high}");
}

#[test]
fn the_receivers_wish_is_obeyed_up_to_a_day() {
    for (wish, expected) in [(3, 5), (90, 90), (86_400, 86_400), (1_000_000, 86_400)] {
        let mut bench = Bench::new(8);
        bench.append("a");
        bench.sends();
        bench.answer("a", Verdict::Failed { retry_after: Some(secs(wish)), throttled: false });
        assert_eq!(bench.track.held["a"].next_at - bench.now, secs(expected), "{wish}");
    }
}

#[test]
fn a_throttling_receiver_is_left_in_peace_as_a_whole() {
    let mut bench = Bench::new(8);
    bench.append("a");
    bench.sends();
    let verdict = Verdict::of(Some(429), Some(RetryAfter::Seconds(60)), bench.now);
    bench.answer("a", verdict);
    bench.append("b");
    bench.now += secs(59);
    assert!(bench.sends().is_empty());
    bench.now += secs(1);
    assert_eq!(bench.sends().len(), 2);
}

#[test]
fn answers_mean_what_their_status_says() {
    let failed = |throttled| Verdict::Failed { retry_after: None, throttled };
    let cases = [
        (Some(200), Verdict::Delivered),
        (Some(204), Verdict::Delivered),
        (Some(299), Verdict::Delivered),
        (Some(199), failed(false)),
        (Some(301), failed(false)),
        (Some(307), failed(false)),
        (Some(404), failed(false)),
        (Some(410), Verdict::Gone),
        (Some(429), failed(true)),
        (Some(500), failed(false)),
        (Some(503), failed(true)),
        (None, failed(false)),
    ];
    for (status, expected) in cases {
        assert_eq!(Verdict::of(status, None, zero()), expected, "{status:?}");
    }
}

#[test]
fn retry_after_reads_seconds_and_dates() {
    let date = RetryAfter::At("1994-11-06T08:49:37Z".parse().unwrap());
    for text in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
        assert_eq!(RetryAfter::parse(text), Some(date), "{text}");
    }
    assert_eq!(RetryAfter::parse(" 120 "), Some(RetryAfter::Seconds(120)));
    assert_eq!(RetryAfter::parse("99999999999999"), Some(RetryAfter::Seconds(u32::MAX)));
    for text in ["", "-1", "1.5", "soon", "Sun, 06 Nov 1994 08:49:37 CET"] {
        assert_eq!(RetryAfter::parse(text), None, "{text}");
    }
    assert_eq!(date.wait(zero()), TimeDelta::zero());
}

#[test]
fn five_failing_numbers_open_the_breaker_and_a_success_closes_it() {
    let mut bench = Bench::new(8);
    for n in 0..20 {
        bench.append(&format!("n{n}"));
    }
    assert_eq!(bench.sends().len(), 8);
    for n in 0..4 {
        assert!(!bench.answer(&format!("n{n}"), FAILED).contains(&Effect::BreakerOpened));
    }
    assert!(bench.answer("n4", FAILED).contains(&Effect::BreakerOpened));
    for n in 5..8 {
        bench.answer(&format!("n{n}"), FAILED);
    }
    assert_eq!(bench.track.head.cursor_seq, 8);
    assert!(bench.sends().is_empty(), "the probe waits too");
    bench.now += secs(40);
    let probe = bench.sends();
    assert_eq!(probe.len(), 1);
    bench.now += secs(10);
    assert!(bench.sends().is_empty(), "one probe at a time");
    let effects = bench.answer(&probe[0].0, Verdict::Delivered);
    assert!(effects.contains(&Effect::BreakerClosed));
    bench.now += secs(2);
    assert_eq!(bench.sends().len(), 8, "everything held back was brought forward");
}

#[test]
fn a_receiver_that_is_back_gets_at_once_what_was_put_off_for_hours() {
    let mut bench = Bench::new(8);
    for n in 0..6 {
        bench.append(&format!("n{n}"));
    }
    bench.sends();
    for n in 0..6 {
        bench.answer(&format!("n{n}"), FAILED);
    }
    for (subject, held) in &mut bench.track.held {
        held.next_at = bench.now + TimeDelta::hours(20);
        held.asked_until = (subject == "n3").then(|| bench.now + TimeDelta::hours(1));
    }
    bench.append("new");
    bench.now += TimeDelta::minutes(10);
    assert_eq!(bench.sends(), [("new".into(), 7, 1)]);
    assert!(bench.track.head.failing_since.is_some());
    bench.answer("new", Verdict::Delivered);
    assert_eq!(bench.track.head.failing_since, None);
    bench.now += secs(2);
    let mut back: Vec<_> = bench.sends().into_iter().map(|(subject, ..)| subject).collect();
    back.sort();
    assert_eq!(back, ["n0", "n1", "n2", "n4", "n5"], "all but the one that asked for an hour");
    bench.now += TimeDelta::hours(1);
    assert!(bench.track.held["n3"].next_at <= bench.now);
}

#[test]
fn one_poisoned_number_opens_no_breaker() {
    let mut bench = Bench::new(8);
    bench.append("poison");
    for _ in 0..7 {
        let effects = bench.fail_next();
        assert!(!effects.contains(&Effect::BreakerOpened));
        bench.now = bench.track.held["poison"].next_at;
    }
    assert_eq!(bench.track.head.streak, 1);
}

#[test]
fn a_dead_endpoint_is_probed_at_most_every_few_minutes() {
    let mut bench = Bench::new(64);
    for n in 0..600 {
        bench.append(&format!("n{n}"));
    }
    let end = zero() + TimeDelta::hours(24);
    let mut tries = 0;
    while bench.now < end {
        let sends = bench.sends();
        tries += sends.len();
        for (subject, ..) in sends {
            bench.answer(&subject, FAILED);
        }
        bench.now += secs(10);
    }
    assert!((250..450).contains(&tries), "{tries} tries");
    assert!(bench.track.held.len() < 450, "{} held", bench.track.held.len());
}

#[test]
fn a_heap_of_failing_numbers_does_not_starve_the_others() {
    let mut bench = Bench::new(1);
    bench.policy.breaker_after = u32::MAX;
    for n in 0..200 {
        bench.append(&format!("bad{n}"));
    }
    for _ in 0..200 {
        bench.fail_next();
    }
    bench.now += secs(30);
    for n in 0..50 {
        bench.append(&format!("good{n}"));
    }
    let mut turns = 0;
    while bench.track.head.cursor_seq < 250 {
        let (subject, ..) = bench.sends().pop().unwrap();
        bench.answer(&subject, if subject.starts_with("good") { Verdict::Delivered } else { FAILED });
        turns += 1;
    }
    assert!(turns < 150, "{turns}");
}

#[test]
fn warnings_come_once_and_the_pause_after_75_hours() {
    let mut bench = Bench::new(8);
    bench.append("a");
    bench.fail_next();
    let mut seen = Vec::new();
    for hour in 1..=80 {
        bench.now = zero() + TimeDelta::hours(hour);
        for effect in bench.turn() {
            match effect {
                Effect::Send(held) => {
                    bench.answer(&held.subject, FAILED);
                }
                Effect::Warn { percent, .. } => seen.push((hour, percent)),
                Effect::Paused { failing_since } => {
                    assert_eq!(failing_since, zero());
                    seen.push((hour, 100));
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(seen, [(38, 50), (53, 70), (68, 90), (75, 100)]);
    assert_eq!(bench.track.head.state, EndpointState::Paused(PauseReason::Failing));
    assert!(bench.track.held.contains_key("a"), "nothing is abandoned");
}

#[test]
fn a_long_silence_gives_the_highest_warning_alone() {
    let mut bench = Bench::new(8);
    bench.append("a");
    bench.fail_next();
    bench.now += TimeDelta::hours(70);
    let warnings: Vec<_> = bench.turn().into_iter().filter(|effect| matches!(effect, Effect::Warn { .. })).collect();
    assert_eq!(warnings, [Effect::Warn { percent: 90, failing_since: zero() }]);
}

#[test]
fn a_paused_endpoint_keeps_its_place_and_its_clock_stands_still() {
    let mut bench = Bench::new(8);
    bench.append("a");
    bench.append("b");
    bench.sends();
    bench.answer("a", FAILED);
    bench.input(Input::Changed(Change::Pause(PauseReason::Person)));
    assert!(bench.answer("b", FAILED).is_empty(), "a late answer moves no clock");
    bench.append("c");
    bench.now += TimeDelta::days(30);
    assert!(bench.turn().is_empty());
    assert_eq!(bench.track.wake_at(bench.now, &bench.policy), None);
    assert_eq!(bench.track.head.failing_since, None);
    assert_eq!(bench.track.head.cursor_seq, 2);
    bench.input(Input::Changed(Change::Resume));
    bench.now += secs(2);
    assert_eq!(bench.sends().len(), 3);
}

#[test]
fn gone_disables_and_only_a_verification_brings_back() {
    let mut bench = Bench::new(8);
    bench.append("a");
    bench.append("b");
    bench.sends();
    assert_eq!(bench.answer("a", Verdict::Gone), [Effect::Disabled(DisableReason::Gone)]);
    assert_eq!(bench.answer("b", Verdict::Gone), []);
    assert!(bench.turn().is_empty());
    let resumed = step(bench.track.clone(), Input::Changed(Change::Resume), bench.now, &bench.policy, &mut bench.rng);
    assert!(resumed.is_err());
    bench.input(Input::Changed(Change::Verified));
    assert_eq!(bench.sends(), [("a".into(), 1, 2), ("b".into(), 2, 2)]);
}

#[test]
fn a_lost_lease_is_tried_again_and_its_late_answer_is_stale() {
    let mut bench = Bench::new(1);
    bench.append("a");
    bench.append("b");
    assert_eq!(bench.sends(), [("a".into(), 1, 1)]);
    let start_by = bench.track.held["a"].start_by(&bench.policy).unwrap();
    assert_eq!(start_by - bench.now, secs(43));
    bench.now += secs(59);
    assert!(bench.sends().is_empty());
    bench.now += secs(1);
    let again = bench.sends();
    assert_eq!(again.len(), 1);
    let late = Answer { seq: 1, attempt: 1, verdict: Verdict::Delivered, next: None };
    if again[0].0 == "b" {
        bench.answer("b", Verdict::Delivered);
        assert_eq!(bench.sends(), [("a".into(), 1, 2)]);
    }
    let effects = bench.input(Input::Answered { subject: "a".into(), answer: late });
    assert_eq!(effects, [Effect::Stale { subject: "a".into(), seq: 1 }]);
    bench.answer("a", Verdict::Delivered);
    let effects = bench.input(Input::Answered { subject: "a".into(), answer: late });
    assert_eq!(effects, [Effect::Stale { subject: "a".into(), seq: 1 }]);
}

#[test]
fn the_cursor_waits_when_too_many_numbers_are_held_back() {
    let mut bench = Bench::new(64);
    bench.policy.held_max = 10;
    bench.policy.breaker_after = u32::MAX;
    for n in 0..30 {
        bench.append(&format!("n{n}"));
    }
    assert_eq!(bench.sends().len(), 10);
    for n in 0..10 {
        bench.answer(&format!("n{n}"), FAILED);
    }
    assert!(bench.sends().is_empty());
    assert_eq!(bench.track.head.cursor_seq, 10);
    bench.now += secs(5);
    assert_eq!(bench.sends().len(), 10);
    bench.answer("n3", Verdict::Delivered);
    assert_eq!(bench.sends(), [("n10".into(), 11, 1)]);
}

#[test]
fn schedules_are_read_from_a_flag() {
    let policy = Policy::default().with_retry("1s, 2s,5m,24h").unwrap();
    assert_eq!(policy.retry, [secs(1), secs(2), secs(300), secs(86_400)]);
    assert!(Policy::default().with_retry(Policy::DEMO_RETRY).is_ok());
    for text in ["", "5", "5s,", "0s", "8d", "-5s", "5ms", "5x", "99999999999s", "ü"] {
        assert!(Policy::default().with_retry(text).is_err(), "{text}");
    }
}

#[test]
fn the_state_survives_its_stored_form() {
    let mut bench = Bench::new(8);
    bench.append("a");
    bench.append("b");
    bench.sends();
    bench.answer("a", FAILED);
    let text = serde_json::to_string(&bench.track).unwrap();
    assert_eq!(serde_json::from_str::<Track>(&text).unwrap(), bench.track);
}

#[test]
fn tries_under_way_when_the_breaker_opens_are_no_probes() {
    let mut bench = Bench::new(64);
    let subjects: Vec<String> = (0..64).map(|n| format!("n{n}")).collect();
    for subject in &subjects {
        bench.append(subject);
    }
    assert_eq!(bench.sends().len(), 64);
    bench.now += secs(1);
    for subject in &subjects {
        bench.answer(subject, FAILED);
    }
    assert_eq!(bench.track.head.probe_at, Some(bench.now + secs(5)), "the first probe is due in 5 s, not after minutes");
}

#[test]
fn what_the_old_url_said_is_nothing_to_the_new_one() {
    let mut bench = Bench::new(8);
    bench.append("a");
    bench.append("a");
    bench.sends();
    bench.input(Input::Changed(Change::NewUrl));
    bench.input(Input::Changed(Change::Verified));
    bench.answer("a", Verdict::Moved);
    assert_eq!((bench.track.head.state, bench.track.head.failing_since), (EndpointState::Active, None));
    assert_eq!(bench.sends(), [("a".to_owned(), 1, 2)], "the new one gets it at once");
}

#[test]
fn absurd_wishes_are_bounded_and_unreadable_ones_are_none() {
    let wait = |text: &str| RetryAfter::parse(text).map(|wish| wish.wait(zero()));
    assert_eq!(wait("99999999999999999999"), Some(TimeDelta::seconds(u32::MAX.into())));
    assert_eq!(wait("Mon, 23 Nov 2026 00:02:00 GMT"), Some(secs(120)));
    assert_eq!(wait("Sun, 22 Nov 2026 00:00:00 GMT"), Some(secs(0)), "in the past");
    for text in ["", "-5", "1.5", "soon", "Mon, 32 Nov 2026 00:00:00 GMT"] {
        assert_eq!(wait(text), None, "{text}");
    }
    for wish in ["99999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"] {
        let mut bench = Bench::new(1);
        bench.append("a");
        bench.sends();
        bench.answer("a", Verdict::of(Some(429), RetryAfter::parse(wish), bench.now));
        bench.now += TimeDelta::hours(24);
        assert_eq!(bench.sends().len(), 1, "at most a day: {wish}");
    }
}
