//! Usage in words and figures.

use chrono::NaiveDate;

use super::model::Group;
use super::model::Wrong;
use crate::tr;
use crate::ui::Lang;
use crate::ui::Text;
use crate::ui::Viewer;
use crate::ui::decimal;
use crate::ui::percent;
use crate::ui::signed;

/// Milliseconds of a minute.
const MINUTE: f64 = 60_000.0;

#[expect(clippy::cast_precision_loss, reason = "shown with one decimal")]
const fn float(ms: i64) -> f64 {
    ms as f64
}

/// Milliseconds as minutes, for charts.
pub(super) const fn as_minutes(ms: i64) -> f64 {
    float(ms) / MINUTE
}

/// Milliseconds as seconds, for charts.
pub(super) const fn as_seconds(ms: i64) -> f64 {
    float(ms) / 1000.0
}

/// Minutes without their unit: one decimal below a hundred, none from there on.
pub(super) fn minutes(v: &Viewer, ms: i64) -> String {
    if ms == 0 {
        return v.count(0);
    }
    if ms < 5_997_000 { decimal(v.lang, as_minutes(ms), 1) } else { v.count((ms + 30_000) / 60_000) }
}

/// A signed difference in seconds without their unit: one decimal below a hundred, none from there on.
pub(super) fn difference(lang: Lang, ms: i64) -> String {
    if ms.abs() >= 99_950 {
        return signed(lang, (ms + 500 * ms.signum()) / 1000);
    }
    let sign = if ms >= 50 { "+" } else { "" };
    format!("{sign}{}", decimal(lang, as_seconds(ms), 1))
}

/// A share of the platform's talk: `+0.03 %`; `None` when there is none.
pub(super) fn share(lang: Lang, ms: i64, platform_ms: i64) -> Option<String> {
    let ratio = (platform_ms > 0).then(|| float(ms) / float(platform_ms))?;
    let sign = if ratio >= 0.000_05 { "+" } else { "" };
    Some(format!("{sign}{}", percent(lang, ratio, 2)))
}

/// A part of a whole: `95.2 %`; `None` of nothing.
pub(super) fn part(lang: Lang, ms: i64, whole_ms: i64) -> Option<String> {
    (whole_ms > 0).then(|| percent(lang, float(ms) / float(whole_ms), 1))
}

/// A day without its year: `18 Nov`.
pub(super) fn short_day(v: &Viewer, day: NaiveDate) -> String {
    let long = v.day(day);
    long.rsplit_once(' ').map_or(long.clone(), |(short, _)| short.to_owned())
}

/// A month: `Nov 2026`.
pub(super) fn month(v: &Viewer, day: NaiveDate) -> String {
    let long = v.day(day);
    long.split_once(' ').map_or(long.clone(), |(_, month)| month.to_owned())
}

/// What rows are grouped by.
pub(super) fn group_text(lang: Lang, group: Group) -> Text {
    match group {
        Group::Day => tr!(in lang, "usage.group.day"),
        Group::Operator => tr!(in lang, "usage.group.operator"),
        Group::Number => tr!(in lang, "usage.group.number"),
        Group::Target => tr!(in lang, "usage.group.target"),
        Group::Country => tr!(in lang, "usage.group.country"),
        Group::CallType => tr!(in lang, "usage.group.call_type"),
    }
}

/// What is wrong with a field.
pub(super) fn wrong_text(lang: Lang, wrong: Wrong) -> Text {
    match wrong {
        Wrong::NoDay => tr!(in lang, "usage.wrong.day"),
        Wrong::Empty => tr!(in lang, "usage.wrong.empty"),
        Wrong::TooLong => tr!(in lang, "usage.wrong.long"),
        Wrong::NoGroup => tr!(in lang, "usage.wrong.group"),
    }
}

/// A call type by name where it is a common one, else as it was sent.
pub(super) fn call_type_text(lang: Lang, call_type: &str) -> Text {
    match call_type {
        "user" => tr!(in lang, "usage.call_type.user"),
        "conference" => tr!(in lang, "usage.call_type.conference"),
        "voice_app" => tr!(in lang, "usage.call_type.voice_app"),
        "toll_free" => tr!(in lang, "usage.call_type.toll_free"),
        "emergency" => tr!(in lang, "usage.call_type.emergency"),
        other => other.to_owned().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_as_exact_as_they_need_to_be() {
        let v = Viewer::default();
        assert_eq!([0, 30_000, 5_990_000, 6_000_000, 342_000_000].map(|ms| minutes(&v, ms)), ["0", "0.5", "99.8", "100", "5,700"]);
        assert_eq!(
            [0, 40, 6_600, -99_940, 902_400, -3_118_000].map(|ms| difference(Lang::En, ms)),
            ["0.0", "0.0", "+6.6", "−99.9", "+902", "−3,118"]
        );
        assert_eq!(share(Lang::En, 902, 3_000_000).as_deref(), Some("+0.03\u{a0}%"));
        assert_eq!(share(Lang::En, 902, 0), None);
    }
}
