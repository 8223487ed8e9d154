//! What a tenant sees of operators beside the consent: the directory's lines, how fresh the feeds are, what a decision does, how
//! far leaving has come. Pure values and their rules; the SQL stands in `queries_directory` and `queries_effects`.

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::TimeDelta;
use chrono::Utc;
use sha2::Digest as _;
use sha2::Sha256;
use uuid::Uuid;

use super::model::Consent;
use super::model::Verb;
use super::words;

/// Rows of durations are taken for so many days after a withdrawal. Source: API.md 5.
pub(super) const SETTLED_FOR: TimeDelta = TimeDelta::days(60);
/// A notice that waits for longer than this is late.
const NOTICE_LATE: TimeDelta = TimeDelta::minutes(5);
/// Durations may come so much later than the calls they belong to.
const DURATIONS_LATE: TimeDelta = TimeDelta::hours(30);

/// An operator of the directory with what the tenant has with it.
#[derive(Clone, Debug)]
pub(super) struct DirectoryRow {
    pub(super) id: Uuid,
    pub(super) slug: String,
    pub(super) name: String,
    pub(super) countries: Vec<String>,
    pub(super) services: Vec<String>,
    pub(super) website: Option<String>,
    /// `operator_fixed`, `operator_default` or `tenant`.
    pub(super) emergency_mode: String,
    /// When its picture was last changed; `None` without one.
    pub(super) logo_changed_at: Option<DateTime<Utc>>,
    /// Of the tenant, in stock.
    pub(super) numbers: i64,
    pub(super) assigned: i64,
}

impl DirectoryRow {
    /// Where its picture is.
    pub(super) fn logo(&self) -> Option<String> {
        self.logo_changed_at.map(|at| format!("/logos/{}?v={}", self.slug, at.timestamp()))
    }
}

/// Filters of the directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct DirectoryFilter {
    pub(super) country: Option<String>,
    pub(super) service: Option<String>,
}

impl DirectoryFilter {
    /// Whether an operator is shown.
    pub(super) fn fits(&self, row: &DirectoryRow) -> bool {
        self.country.as_ref().is_none_or(|country| row.countries.contains(country))
            && self.service.as_ref().is_none_or(|service| row.services.contains(service))
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.country.is_none() && self.service.is_none()
    }
}

/// Whether a feed does what it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fresh {
    /// Nothing to say: not granted, or nothing happened yet.
    Silent,
    OnTime,
    /// Under way.
    Waiting,
    Late,
}

/// How the feeds between the tenant and one operator are doing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Health {
    /// Notices about the tenant's numbers that the operator has not taken; up to 10,000.
    pub(super) waiting: i64,
    pub(super) waiting_since: Option<DateTime<Utc>>,
    /// When the operator last read calls of the tenant.
    pub(super) calls_read_at: Option<DateTime<Utc>>,
    /// The newest call that ended between both.
    pub(super) last_call_at: Option<DateTime<Utc>>,
    /// The newest call that the operator handed in a duration for.
    pub(super) counted_until: Option<DateTime<Utc>>,
    /// The newest day that the operator closed.
    pub(super) closed_day: Option<NaiveDate>,
}

impl Health {
    /// Notices about numbers.
    pub(super) fn notices(&self, now: DateTime<Utc>) -> Fresh {
        match (self.waiting, self.waiting_since) {
            (0, _) => Fresh::OnTime,
            (_, Some(since)) if now - since > NOTICE_LATE => Fresh::Late,
            _ => Fresh::Waiting,
        }
    }

    /// Durations that the operator hands in.
    pub(super) fn durations(&self) -> Fresh {
        match (self.last_call_at, self.counted_until) {
            (None, None) => Fresh::Silent,
            (Some(call), Some(counted)) if call - counted > DURATIONS_LATE => Fresh::Late,
            (Some(_), None) => Fresh::Waiting,
            (_, Some(_)) => Fresh::OnTime,
        }
    }
}

/// What a decision touches, counted under the lock of the pair.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Effects {
    /// In stock with the operator.
    pub(super) numbers: i64,
    pub(super) assigned: i64,
    /// Of the assigned ones, those whose emergency location the operator still gets.
    pub(super) emergency: i64,
    /// Change sets with numbers of the operator that are checked or under way.
    pub(super) open_sets: i64,
    /// Notices that the operator has not taken yet and whose gate is open; up to 10,000.
    pub(super) waiting: i64,
    /// Calls of the last 30 days.
    pub(super) calls: i64,
    /// Answered calls of the last 60 days whose duration the operator has still to hand in.
    pub(super) awaited: i64,
}

impl Effects {
    /// What was shown, as a form carries it back: the consent and the counts that only people change. What flows by itself (notices,
    /// calls) is told as it was when the decision was written.
    pub(super) fn seen(&self, consent: &Consent, verb: Verb) -> String {
        let classes: Vec<&str> = consent.classes.iter().map(|class| class.as_str()).collect();
        let shown = format!(
            "{}|{}|{}|{}|{}|{}|{}|{}|{}|{}",
            verb.as_str(),
            consent.status.as_str(),
            consent.since.timestamp_micros(),
            consent.notice_version,
            consent.countries.join(","),
            classes.join(","),
            self.numbers,
            self.assigned,
            self.emergency,
            self.open_sets
        );
        words::hex(&Sha256::digest(shown.as_bytes())[..12])
    }
}

/// How far leaving an operator has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Leaving {
    pub(super) numbers: i64,
    pub(super) assigned: i64,
    /// Taken back, and the operator has still to hear of it.
    pub(super) untold: i64,
    /// Release asked for, not answered.
    pub(super) asked: i64,
    pub(super) asked_since: Option<DateTime<Utc>>,
    /// Release declined, and not asked for again.
    pub(super) declined: i64,
    /// Change sets with numbers of the operator that are checked or under way: id, name, state.
    pub(super) open_sets: Vec<(Uuid, String, String)>,
    /// Emergency locations given to numbers of the operator.
    pub(super) emergency: i64,
}

/// A step of leaving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Sets,
    Unassign,
    Release,
    Gone,
    Withdraw,
}

/// How a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Done,
    /// The tenant can do something now.
    ToDo,
    /// The operator has to do something.
    Waiting,
    /// Another step comes first.
    Later,
}

impl Leaving {
    /// How each step stands. Nothing waits for a consent: with one withdrawn at once, the others stay possible.
    pub(super) fn steps(&self, withdrawn: bool) -> [(Step, Standing); 5] {
        let free = self.numbers - self.assigned;
        let to_ask = free - self.asked;
        let release = match (self.numbers, to_ask, self.asked) {
            (0, ..) => Standing::Done,
            (_, 1.., _) => Standing::ToDo,
            (_, _, 1..) if self.assigned == 0 => Standing::Waiting,
            _ => Standing::Later,
        };
        let gone = match (self.numbers, self.asked) {
            (0, _) => Standing::Done,
            (_, 1..) => Standing::Waiting,
            _ => Standing::Later,
        };
        [
            (Step::Sets, if self.open_sets.is_empty() { Standing::Done } else { Standing::ToDo }),
            (Step::Unassign, if self.assigned == 0 { Standing::Done } else { Standing::ToDo }),
            (Step::Release, release),
            (Step::Gone, gone),
            (Step::Withdraw, if withdrawn { Standing::Done } else { Standing::ToDo }),
        ]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000) + TimeDelta::minutes(minutes)
    }

    #[test]
    fn a_feed_is_late_by_its_own_measure() {
        let waiting = Health { waiting: 2, waiting_since: Some(at(0)), ..Health::default() };
        assert_eq!([waiting.notices(at(4)), waiting.notices(at(6))], [Fresh::Waiting, Fresh::Late]);
        assert_eq!(Health::default().notices(at(0)), Fresh::OnTime);
        let counted =
            |until: Option<i64>| Health { last_call_at: Some(at(60 * 40)), counted_until: until.map(at), ..Health::default() };
        assert_eq!(counted(None).durations(), Fresh::Waiting);
        assert_eq!(counted(Some(60 * 9)).durations(), Fresh::Late);
        assert_eq!(counted(Some(60 * 11)).durations(), Fresh::OnTime);
        assert_eq!(Health::default().durations(), Fresh::Silent);
    }

    #[test]
    fn a_filter_takes_who_offers_both() {
        let row = DirectoryRow {
            id: Uuid::nil(),
            slug: "norvik".to_owned(),
            name: "Norvik".to_owned(),
            countries: vec!["DE".to_owned(), "AT".to_owned()],
            services: vec!["mobile".to_owned()],
            website: None,
            emergency_mode: "tenant".to_owned(),
            logo_changed_at: None,
            numbers: 0,
            assigned: 0,
        };
        let filter = |country: &str, service: &str| DirectoryFilter {
            country: Some(country.to_owned()).filter(|text| !text.is_empty()),
            service: Some(service.to_owned()).filter(|text| !text.is_empty()),
        };
        assert!(filter("", "").fits(&row) && filter("AT", "").fits(&row) && filter("DE", "mobile").fits(&row));
        assert!(!filter("FR", "mobile").fits(&row) && !filter("DE", "toll_free").fits(&row));
    }

    proptest! {
        /// While numbers are left, somebody can do something or the operator has been asked; at the end everything is done.
        #[test]
        fn leaving_never_gets_stuck(assigned in 0..5_i64, free in 0..5_i64, asked_share in 0..5_i64, withdrawn: bool) {
            let asked = asked_share.min(free);
            let leaving = Leaving { numbers: assigned + free, assigned, asked, ..Leaving::default() };
            let steps = leaving.steps(withdrawn);
            let done = steps.iter().all(|(_, standing)| *standing == Standing::Done);
            prop_assert_eq!(done, leaving.numbers == 0 && withdrawn);
            let moves = steps.iter().any(|(_, standing)| matches!(standing, Standing::ToDo | Standing::Waiting));
            prop_assert!(done || moves, "{:?}", steps);
            if leaving.numbers > 0 {
                let of_numbers = steps[1..4].iter().any(|(_, standing)| matches!(standing, Standing::ToDo | Standing::Waiting));
                prop_assert!(of_numbers, "{:?}", steps);
            }
        }
    }
}
