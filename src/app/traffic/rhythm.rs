//! When people telephone: office hours in the tenant's zone, quiet nights, thin weekends.

use chrono::DateTime;
use chrono::Datelike;
use chrono::MappedLocalTime;
use chrono::NaiveDate;
use chrono::NaiveTime;
use chrono::TimeDelta;
use chrono::TimeZone;
use chrono::Utc;
use chrono::Weekday;
use chrono_tz::Tz;
use rand::Rng;

/// Share of each hour of a working day.
const WORKDAY: [u32; 24] = [2, 1, 1, 1, 2, 5, 12, 35, 80, 105, 110, 95, 62, 85, 105, 100, 85, 55, 25, 14, 8, 5, 4, 3];
/// Share of each hour of a free day.
const FREE_DAY: [u32; 24] = [3, 2, 2, 2, 2, 4, 8, 20, 45, 75, 95, 95, 85, 75, 70, 60, 50, 45, 40, 35, 28, 20, 10, 6];

fn is_free(day: NaiveDate) -> bool {
    matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}

/// How many calls a day sees whose working days see about `usual`.
pub fn calls_on(rng: &mut impl Rng, day: NaiveDate, usual: f64) -> u32 {
    let of_week = match day.weekday() {
        Weekday::Mon => 1.06,
        Weekday::Fri => 0.92,
        Weekday::Sat => 0.2,
        Weekday::Sun => 0.09,
        _ => 1.01,
    };
    let wanted = usual * of_week * rng.gen_range(0.95..1.07);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive number of calls")]
    let whole = wanted.round().clamp(0.0, 10_000_000.0) as u32;
    whole
}

/// A time on that day in that zone, whole milliseconds. An hour that the clock skips is taken an hour later; one that it repeats
/// is one of both.
pub fn moment(rng: &mut impl Rng, day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let shares = if is_free(day) { &FREE_DAY } else { &WORKDAY };
    let mut roll = rng.gen_range(0..shares.iter().sum());
    let mut hour = 0;
    for share in shares {
        if roll < *share {
            break;
        }
        roll -= share;
        hour += 1;
    }
    let local = day.and_time(NaiveTime::MIN) + TimeDelta::hours(hour) + TimeDelta::milliseconds(rng.gen_range(0..3_600_000));
    let second = rng.gen_bool(0.5);
    let at = match zone.from_local_datetime(&local) {
        MappedLocalTime::Single(at) => at,
        MappedLocalTime::Ambiguous(first, last) => {
            if second {
                last
            } else {
                first
            }
        }
        MappedLocalTime::None => zone.from_utc_datetime(&local),
    };
    at.with_timezone(&Utc)
}
