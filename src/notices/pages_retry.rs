//! Why an event is tried again when it is, as far as the attempt itself tells.

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;

use super::RetryAfter;
use super::queries_pages_attempts::AttemptRow;
use super::schedule::RETRY_AFTER_MAX;
use crate::tr;
use crate::ui::Text;
use crate::ui::TimeStyle;
use crate::ui::Viewer;

/// The wait begins when the answer is settled, as a rule within this time.
const SETTLED_WITHIN: TimeDelta = TimeDelta::seconds(1);
/// No schedule has a shorter wait, its jitter taken off.
const WAIT_LEAST: TimeDelta = TimeDelta::milliseconds(800);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    /// It is what the answer asked for, to the second.
    Asked(RetryAfter),
    /// The answer asked for nothing.
    Schedule,
}

/// `retry_after`: as [`AttemptRow::retry_after`]. `None` where that does not tell: after an answer that asked for less than the schedule
/// has or was settled late, after a 410 (kept for the day the endpoint is verified again), and after a new address (tried at once).
fn why(answered_at: DateTime<Utc>, status: Option<i16>, retry_after: Option<&str>, next_at: DateTime<Utc>) -> Option<Why> {
    if status == Some(410) {
        return None;
    }
    match RetryAfter::parse(retry_after?) {
        None => (next_at - answered_at >= WAIT_LEAST).then_some(Why::Schedule),
        Some(wish) => {
            let late = next_at - (answered_at + wish.wait(answered_at).min(RETRY_AFTER_MAX));
            (TimeDelta::zero()..=SETTLED_WITHIN).contains(&late).then_some(Why::Asked(wish))
        }
    }
}

/// Why the next try of an attempt is when it is, in words.
pub(super) fn next_word(v: &Viewer, row: &AttemptRow) -> Option<Text> {
    let answered_at = row.at + TimeDelta::milliseconds(row.elapsed_ms.into());
    Some(match why(answered_at, row.status, row.retry_after.as_deref(), row.next_at?)? {
        Why::Schedule => tr!(in v.lang, "notices.next.schedule"),
        Why::Asked(RetryAfter::Seconds(seconds)) => {
            let wish = format!("{}\u{a0}s", v.count(seconds.into()));
            tr!(in v.lang, "notices.next.asked", wish = wish)
        }
        Why::Asked(RetryAfter::At(at)) => tr!(in v.lang, "notices.next.asked", wish = v.time(at, TimeStyle::Short)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(ms: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_780) + TimeDelta::milliseconds(ms)
    }

    /// What is said of a 503 after which it is tried again so many ms later.
    fn given(retry_after: Option<&str>, ms: i64) -> Option<Why> {
        why(after(0), Some(503), retry_after, after(ms))
    }

    #[test]
    fn a_reason_is_given_where_the_attempt_tells_it() {
        let seconds = |seconds| Some(Why::Asked(RetryAfter::Seconds(seconds)));
        assert_eq!(given(Some(""), 5_200), Some(Why::Schedule));
        assert_eq!(given(Some("soon"), 5_200), Some(Why::Schedule), "delivery does not read it either");
        assert_eq!(given(Some("200"), 200_040), seconds(200));
        assert_eq!(given(Some("604800"), 86_400_100), seconds(604_800), "obeyed for a day");
        let date = after(90_000).format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        assert_eq!(given(Some(&date), 90_000), Some(Why::Asked(RetryAfter::At(after(90_000)))));
        assert_eq!(why(after(0), None, Some(""), after(5_200)), Some(Why::Schedule), "no answer asks for nothing");
    }

    #[test]
    fn nothing_is_guessed() {
        assert_eq!(given(Some("3"), 5_200), None, "the schedule, or a slow database");
        assert_eq!(given(None, 5_200), None, "the head was cut");
        assert_eq!(given(Some(""), 20), None, "the address was changed meanwhile");
        assert_eq!(why(after(0), Some(410), Some(""), after(5_200)), None);
    }
}
