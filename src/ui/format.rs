//! Figures, sizes, spans and times in the viewer's writing. Pure functions over a language, a zone and a "now".
//!
//! A no-break space stands between figure and unit, so that no line ends between them. Minus is the true sign.

use super::Lang;
use super::Viewer;
use chrono::DateTime;
use chrono::Datelike;
use chrono::NaiveDate;
use chrono::Offset;
use chrono::Timelike;
use chrono::Utc;
use chrono_tz::OffsetName;
use chrono_tz::Tz;
use std::fmt::Write as _;

/// U+00A0, between a figure and its unit.
const NBSP: char = '\u{a0}';
/// U+2212, the true minus sign.
const MINUS: char = '\u{2212}';

const MONTHS_EN: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const MONTHS_DE: [&str; 12] = ["Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sept.", "Okt.", "Nov.", "Dez."];
const DAYS_EN: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const DAYS_DE: [&str; 7] = ["Mo.", "Di.", "Mi.", "Do.", "Fr.", "Sa.", "So."];

/// How much of a moment is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TimeStyle {
    /// Today `09:30:42`, this year `18 Nov, 09:30:42`, else `18 Nov 2025, 09:30:42`.
    #[default]
    Short,
    /// Like [`TimeStyle::Short`] without seconds.
    Minute,
    /// The day alone: `18 Nov 2026`.
    Date,
    /// Everything: `Wed 18 Nov 2026, 09:30:42 CET`.
    Full,
}

/// A whole number with separators: `18,406` or `18.406`.
#[must_use]
pub fn count(lang: Lang, n: i64) -> String {
    let mut out = String::with_capacity(16);
    push_count(&mut out, lang, n);
    out
}

/// A whole number with its sign always shown: `+6`, `−3,118`, and plain `0`.
#[must_use]
pub fn signed(lang: Lang, n: i64) -> String {
    let mut out = String::with_capacity(16);
    if n > 0 {
        out.push('+');
    }
    push_count(&mut out, lang, n);
    out
}

/// A number with exactly `places` decimals, at most 9: `0.037` or `0,037`. Not-a-number gives `–`.
#[must_use]
pub fn decimal(lang: Lang, value: f64, places: usize) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let written = format!("{:.*}", places.min(9), value.abs());
    let (whole, fraction) = written.split_once('.').unwrap_or((&written, ""));
    let mut out = String::with_capacity(written.len() + 6);
    if value < 0.0 && written.bytes().any(|digit| matches!(digit, b'1'..=b'9')) {
        out.push(MINUS);
    }
    push_groups(&mut out, lang, whole);
    if !fraction.is_empty() {
        out.push(decimal_mark(lang));
        out.push_str(fraction);
    }
    out
}

/// A ratio 0..1 as per cent: `1.8 %`.
#[must_use]
pub fn percent(lang: Lang, ratio: f64, places: usize) -> String {
    let mut out = decimal(lang, ratio * 100.0, places);
    out.push(NBSP);
    out.push('%');
    out
}

/// A size in decimal units: `312 B`, `1.2 kB`, `48 MB`.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "two significant figures are shown")]
pub fn bytes(lang: Lang, size: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut value = size as f64;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let places = usize::from(unit > 0 && value < 9.95);
    let mut out = decimal(lang, value, places);
    out.push(NBSP);
    out.push_str(UNITS[unit]);
    out
}

/// Milliseconds as they are: `1,204 ms`.
#[must_use]
pub fn millis(lang: Lang, ms: i64) -> String {
    let mut out = count(lang, ms);
    out.push(NBSP);
    out.push_str("ms");
    out
}

/// A span in its two largest units: `118 ms`, `1.2 s`, `44 s`, `4 min 12 s`, `9 h 5 min`, `3 d 4 h`. The units are those
/// of the SI, alike in both languages.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "below ten seconds every millisecond is exact")]
pub fn span(lang: Lang, ms: i64) -> String {
    let mut out = String::with_capacity(16);
    if ms < 0 {
        out.push(MINUS);
    }
    let ms = ms.unsigned_abs();
    if ms < 1_000 {
        push_unit(&mut out, ms, "ms");
    } else if ms < 9_950 {
        out.push_str(&decimal(lang, ms as f64 / 1000.0, 1));
        out.push(NBSP);
        out.push('s');
    } else {
        push_long_span(&mut out, (ms + 500) / 1000);
    }
    out
}

fn push_long_span(out: &mut String, seconds: u64) {
    let (large, large_unit, small, small_unit) = match seconds {
        0..60 => (seconds, "s", 0, ""),
        60..3_600 => (seconds / 60, "min", seconds % 60, "s"),
        3_600..86_400 => (seconds / 3_600, "h", seconds % 3_600 / 60, "min"),
        _ => (seconds / 86_400, "d", seconds % 86_400 / 3_600, "h"),
    };
    push_unit(out, large, large_unit);
    if small > 0 {
        out.push(NBSP);
        push_unit(out, small, small_unit);
    }
}

fn push_unit(out: &mut String, n: u64, unit: &str) {
    // Writing to a String cannot fail.
    write!(out, "{n}{NBSP}{unit}").unwrap_or_default();
}

fn push_count(out: &mut String, lang: Lang, n: i64) {
    if n < 0 {
        out.push(MINUS);
    }
    push_groups(out, lang, &n.unsigned_abs().to_string());
}

fn push_groups(out: &mut String, lang: Lang, digits: &str) {
    let mark = match lang {
        Lang::En => ',',
        Lang::De => '.',
    };
    for (place, digit) in digits.char_indices() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(mark);
        }
        out.push(digit);
    }
}

const fn decimal_mark(lang: Lang) -> char {
    match lang {
        Lang::En => '.',
        Lang::De => ',',
    }
}

impl Viewer {
    /// A moment in the viewer's zone, without the zone's name.
    #[must_use]
    pub fn time(&self, at: DateTime<Utc>, style: TimeStyle) -> String {
        let local = at.with_timezone(&self.time_zone);
        let now = self.now.with_timezone(&self.time_zone);
        let day = local.date_naive();
        let mut out = String::with_capacity(32);
        match style {
            TimeStyle::Date => push_day(&mut out, self.lang, day, true),
            TimeStyle::Full => {
                let weekday = local.weekday().num_days_from_monday() as usize;
                out.push_str(match self.lang {
                    Lang::En => DAYS_EN[weekday],
                    Lang::De => DAYS_DE[weekday],
                });
                out.push(' ');
                push_day(&mut out, self.lang, day, true);
                out.push_str(", ");
                push_clock(&mut out, &local, true);
                out.push(' ');
                out.push_str(&zone_name(&local));
            }
            TimeStyle::Short | TimeStyle::Minute => {
                if day != now.date_naive() {
                    push_day(&mut out, self.lang, day, day.year() != now.year());
                    out.push_str(", ");
                }
                push_clock(&mut out, &local, style == TimeStyle::Short);
            }
        }
        out
    }

    /// A calendar day that is already in the right zone: `18 Nov 2026`.
    #[must_use]
    pub fn day(&self, day: NaiveDate) -> String {
        let mut out = String::with_capacity(12);
        push_day(&mut out, self.lang, day, true);
        out
    }

    /// Short names of the weekdays, Monday first.
    #[must_use]
    pub const fn weekdays(&self) -> [&'static str; 7] {
        match self.lang {
            Lang::En => DAYS_EN,
            Lang::De => DAYS_DE,
        }
    }

    /// The zone's short name as it was at `at`: `CET`, `CEST`, or `UTC+3` where the zone has none.
    #[must_use]
    pub fn zone_at(&self, at: DateTime<Utc>) -> String {
        zone_name(&at.with_timezone(&self.time_zone))
    }

    /// The zone's short name now, for column heads.
    #[must_use]
    pub fn zone(&self) -> String {
        self.zone_at(self.now)
    }

    /// The distance to UTC now: `UTC+1`, `UTC−3:30`.
    #[must_use]
    pub fn utc_offset(&self) -> String {
        offset_name(self.now.with_timezone(&self.time_zone).offset().fix().local_minus_utc())
    }

    /// [`count`] in the viewer's language.
    #[must_use]
    pub fn count(&self, n: i64) -> String {
        count(self.lang, n)
    }

    /// [`span`] in the viewer's language.
    #[must_use]
    pub fn span(&self, ms: i64) -> String {
        span(self.lang, ms)
    }
}

/// The machine's writing of a moment, for `<time datetime>`: `2026-11-18T08:30:42Z`.
#[must_use]
pub fn datetime_attribute(at: DateTime<Utc>) -> String {
    let mut out = String::with_capacity(20);
    // Writing to a String cannot fail.
    write!(out, "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", at.year(), at.month(), at.day(), at.hour(), at.minute(), at.second())
        .unwrap_or_default();
    out
}

fn push_day(out: &mut String, lang: Lang, day: NaiveDate, year: bool) {
    let month = day.month0() as usize;
    // Writing to a String cannot fail.
    match lang {
        Lang::En => write!(out, "{} {}", day.day(), MONTHS_EN[month]),
        Lang::De => write!(out, "{}. {}", day.day(), MONTHS_DE[month]),
    }
    .unwrap_or_default();
    if year {
        write!(out, " {}", day.year()).unwrap_or_default();
    }
}

fn push_clock(out: &mut String, local: &DateTime<Tz>, seconds: bool) {
    // Writing to a String cannot fail.
    write!(out, "{:02}:{:02}", local.hour(), local.minute()).unwrap_or_default();
    if seconds {
        write!(out, ":{:02}", local.second()).unwrap_or_default();
    }
}

fn zone_name(local: &DateTime<Tz>) -> String {
    match local.offset().abbreviation() {
        Some(name) if name.starts_with(|sign: char| sign.is_ascii_alphabetic()) => name.to_owned(),
        _ => offset_name(local.offset().fix().local_minus_utc()),
    }
}

fn offset_name(seconds: i32) -> String {
    let minutes = seconds.unsigned_abs() / 60;
    let sign = if seconds < 0 { MINUS } else { '+' };
    match (minutes / 60, minutes % 60) {
        (hours, 0) => format!("UTC{sign}{hours}"),
        (hours, minutes) => format!("UTC{sign}{hours}:{minutes:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    fn berlin(lang: Lang) -> Viewer {
        Viewer {
            lang,
            time_zone: chrono_tz::Europe::Berlin,
            now: Utc.with_ymd_and_hms(2026, 11, 23, 14, 5, 9).unwrap(),
            ..Viewer::default()
        }
    }

    #[test]
    fn figures_follow_the_language() {
        assert_eq!(count(Lang::En, 18_406), "18,406");
        assert_eq!(count(Lang::De, 1_234_567), "1.234.567");
        assert_eq!(count(Lang::En, 0), "0");
        assert_eq!(count(Lang::En, i64::MIN), "−9,223,372,036,854,775,808");
        assert_eq!(signed(Lang::En, -3_118), "−3,118");
        assert_eq!(signed(Lang::En, 6), "+6");
        assert_eq!(signed(Lang::En, 0), "0");
        assert_eq!(decimal(Lang::De, 0.037, 3), "0,037");
        assert_eq!(decimal(Lang::En, -1234.55, 1), "−1,234.5");
        assert_eq!(decimal(Lang::En, -0.001, 1), "0.0");
        assert_eq!(decimal(Lang::En, f64::NAN, 1), "–");
        assert_eq!(percent(Lang::En, 0.018, 1), "1.8\u{a0}%");
    }

    #[test]
    fn sizes_and_spans_name_their_unit() {
        assert_eq!(bytes(Lang::En, 312), "312\u{a0}B");
        assert_eq!(bytes(Lang::De, 1_234), "1,2\u{a0}kB");
        assert_eq!(bytes(Lang::En, 999_900), "1.0\u{a0}MB");
        assert_eq!(millis(Lang::En, 1_204), "1,204\u{a0}ms");
        assert_eq!(span(Lang::En, 118), "118\u{a0}ms");
        assert_eq!(span(Lang::De, 1_204), "1,2\u{a0}s");
        assert_eq!(span(Lang::En, 59_600), "1\u{a0}min");
        assert_eq!(span(Lang::En, 252_400), "4\u{a0}min\u{a0}12\u{a0}s");
        assert_eq!(span(Lang::En, 32_700_000), "9\u{a0}h\u{a0}5\u{a0}min");
        assert_eq!(span(Lang::En, -90_000_000), "−1\u{a0}d\u{a0}1\u{a0}h");
    }

    #[test]
    fn a_time_is_as_short_as_it_can_be() {
        let viewer = berlin(Lang::En);
        let at = |y, m, d, h, min, s| Utc.with_ymd_and_hms(y, m, d, h, min, s).unwrap();
        let short = |at| viewer.time(at, TimeStyle::Short);
        assert_eq!(short(at(2026, 11, 23, 14, 4, 58)), "15:04:58");
        // Still yesterday in UTC, already today in Berlin.
        assert_eq!(short(at(2026, 11, 22, 23, 30, 0)), "00:30:00");
        assert_eq!(short(at(2026, 11, 18, 8, 30, 42)), "18 Nov, 09:30:42");
        assert_eq!(short(at(2025, 12, 31, 23, 30, 0)), "1 Jan, 00:30:00");
        assert_eq!(short(at(2025, 11, 18, 8, 30, 42)), "18 Nov 2025, 09:30:42");
        assert_eq!(viewer.time(at(2026, 11, 18, 8, 30, 42), TimeStyle::Minute), "18 Nov, 09:30");
        assert_eq!(viewer.time(at(2026, 11, 18, 8, 30, 42), TimeStyle::Date), "18 Nov 2026");
    }

    #[test]
    fn the_zone_is_named_as_it_was_then() {
        let viewer = berlin(Lang::De);
        let summer = Utc.with_ymd_and_hms(2026, 10, 5, 9, 0, 0).unwrap();
        assert_eq!(viewer.time(summer, TimeStyle::Full), "Mo. 5. Okt. 2026, 11:00:00 CEST");
        // The same wall clock twice in the night the clocks go back.
        let first = Utc.with_ymd_and_hms(2026, 10, 25, 0, 30, 0).unwrap();
        let second = Utc.with_ymd_and_hms(2026, 10, 25, 1, 30, 0).unwrap();
        assert_eq!(viewer.time(first, TimeStyle::Full), "So. 25. Okt. 2026, 02:30:00 CEST");
        assert_eq!(viewer.time(second, TimeStyle::Full), "So. 25. Okt. 2026, 02:30:00 CET");
        assert_eq!(viewer.zone(), "CET");
        assert_eq!(viewer.utc_offset(), "UTC+1");
        let kathmandu = Viewer { time_zone: chrono_tz::Asia::Kathmandu, ..viewer };
        assert_eq!(kathmandu.zone(), "UTC+5:45");
        assert_eq!(Viewer::default().zone(), "UTC");
    }

    #[test]
    fn the_attribute_is_utc() {
        let at = Utc.with_ymd_and_hms(2026, 1, 2, 3, 4, 5).unwrap();
        assert_eq!(datetime_attribute(at), "2026-01-02T03:04:05Z");
    }
}
