//! A month of calls is repeatable, looks like a month of calls, and holds every kind of difference.

use std::collections::HashMap;
use std::collections::HashSet;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Timelike;
use chrono::Utc;
use sqlx::PgPool;

use super::super::Making;
use super::super::numbers::stock;
use super::super::plan::OPERATORS;
use super::super::plan::TENANTS;
use super::super::plan::all_operators;
use super::super::plan::all_tenants;
use super::month::Made;
use super::month::Month;
use super::plants::Ledger;
use super::plants::Plant;
use super::plants::Sent;
use crate::app::traffic::Carrier;
use crate::base::E164;
use crate::base::Env;
use crate::base::OperatorId;
use crate::base::TenantId;
use crate::numbers::StockRows;
use crate::store::SecretKey;
use crate::store::Store;

/// Tuesday 24 November 2026, midnight: both clock changes of the autumn are in the month.
fn base() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_781)
}

/// A month at a scale; no database is asked.
fn with<T>(scale: f64, use_it: impl FnOnce(&Making<'_>, &StockRows) -> T) -> T {
    let env = Env::fixed(base(), 1);
    let key = SecretKey::parse(&SecretKey::generate(&env)).expect("a key");
    let pool = PgPool::connect_lazy("postgres://nobody@127.0.0.1:1/none").expect("a pool that is never used");
    let store = Store::new(pool, env, key);
    let ids = (1..).map(uuid::Uuid::from_u128);
    let making = Making {
        store: &store,
        seed: 1,
        scale,
        calls: 1.0,
        base: base(),
        tenants: all_tenants().map(|plan| plan.slug).zip(ids.clone().map(TenantId)).collect(),
        operators: all_operators().map(|plan| plan.slug).zip(ids.skip(100).map(OperatorId)).collect(),
        admins: HashMap::new(),
    };
    let stock = stock(&making);
    use_it(&making, &stock.rows)
}

/// The id that [`with`] gives to a tenant.
fn tenant(slug: &str) -> uuid::Uuid {
    (1..).zip(TENANTS).find(|(_, plan)| plan.slug == slug).map(|(n, _)| uuid::Uuid::from_u128(n)).expect("a tenant of the demo")
}

fn month(scale: f64) -> (Vec<Made>, Vec<Sent>, Ledger) {
    with(scale, |making, rows| {
        let calls = Month::new(making, rows).until(base() + TimeDelta::days(2));
        let mut ledger = Ledger::new(making.seed, making.base, making.tenant("saentis").0);
        let sent = calls.iter().flat_map(|made| ledger.rows(made)).collect();
        (calls, sent, ledger)
    })
}

#[tokio::test]
async fn a_month_is_large_enough_and_nobody_is_left_out() {
    let (calls, ..) = month(1.0);
    let legs: HashSet<_> =
        calls.iter().filter(|made| made.row.invited_at < base()).map(|made| (&made.row.call_id, made.row.leg_id)).collect();
    assert!((60_000..75_000).contains(&legs.len()), "{}", legs.len());
    for plan in TENANTS {
        assert!(calls.iter().filter(|made| made.row.tenant_id == tenant(plan.slug)).count() > 5_000, "{}", plan.slug);
    }
    for plan in OPERATORS {
        let carrier = Carrier::of(plan.slug).expect("a carrier");
        assert!(calls.iter().filter(|made| made.carrier == carrier).count() > 1_000, "{}", plan.slug);
    }
}

#[tokio::test]
async fn the_same_seed_makes_the_same_month_in_whatever_steps() {
    let (calls, sent, _) = month(0.05);
    let again = with(0.05, |making, rows| {
        let mut month = Month::new(making, rows);
        let steps = (0..70).flat_map(|step| month.until(base() + TimeDelta::hours(12 * step - 31 * 24)));
        steps.collect::<Vec<_>>()
    });
    let rows = |all: &[Made]| all.iter().map(|made| (made.sent_at, made.row.clone())).collect::<Vec<_>>();
    assert_eq!(rows(&calls), rows(&again));
    assert_eq!(sent, month(0.05).1);
}

#[tokio::test]
async fn days_and_weeks_have_their_rhythm() {
    let (calls, ..) = month(0.1);
    let mut hours: HashMap<u32, usize> = HashMap::new();
    let mut days: HashMap<chrono::NaiveDate, usize> = HashMap::new();
    for made in calls.iter().filter(|made| made.row.tenant_id == tenant("contoso")) {
        let local = made.row.invited_at.with_timezone(&chrono_tz::Europe::Berlin);
        *hours.entry(local.hour()).or_default() += 1;
        *days.entry(local.date_naive()).or_default() += 1;
    }
    assert!(hours[&10] > 10 * hours[&3], "{hours:?}");
    assert!(hours[&10] > hours[&12], "lunch: {hours:?}");
    let tuesday = days[&chrono::NaiveDate::from_ymd_opt(2026, 11, 17).expect("a day")];
    let sunday = days[&chrono::NaiveDate::from_ymd_opt(2026, 11, 15).expect("a day")];
    assert!(tuesday > 6 * sunday, "{tuesday} {sunday}");
}

#[tokio::test]
async fn records_make_sense() {
    let (calls, ..) = month(0.1);
    let mut answered = 0;
    for made in &calls {
        let row = &made.row;
        let times: Vec<_> = [Some(row.invited_at), row.ringing_at, row.answered_at, row.ended_at].into_iter().flatten().collect();
        assert!(times.is_sorted(), "{row:?}");
        assert!(made.sent_at >= *times.last().expect("a time"), "{row:?}");
        assert_eq!(row.talk_ms.is_some(), row.answered_at.is_some() && row.ended_at.is_some());
        assert_eq!(row.completeness == "final", row.ended_at.is_some());
        let other = if row.direction == "inbound" { &row.caller } else { &row.callee };
        for number in other.iter().chain([&row.e164]) {
            E164::parse(number).expect("E.164");
        }
        assert!(other.is_some() || row.caller_withheld);
        answered += usize::from(row.answered_at.is_some());
    }
    assert!((60..90).contains(&(answered * 100 / calls.len())), "{answered} of {}", calls.len());
    assert!(calls.iter().any(|made| made.row.leg_id == "2" && made.row.correlation_id.is_some()));
    assert!(calls.iter().any(|made| made.row.completeness == "partial"));
    assert!(calls.iter().any(|made| !made.row.signalling.is_empty()));
    assert!(calls.iter().flat_map(|made| &made.row.streams).any(|stream| !stream.intervals.is_empty()));
}

#[tokio::test]
async fn one_network_has_one_bad_day() {
    let (calls, ..) = month(0.2);
    let poor = |made: &&Made| {
        made.row.streams.iter().any(|s| {
            s.packets > 500 && (s.rtt_ms_avg > Some(500.0) || s.loss_ratio_avg > Some(0.1) || s.jitter_ms_avg > Some(30.0))
        })
    };
    let share = |bad: bool| {
        let day = base().date_naive() - TimeDelta::days(6);
        let some: Vec<_> = calls
            .iter()
            .filter(|made| made.row.e164.starts_with("+493023125") && !made.row.streams.is_empty())
            .filter(|made| (made.row.invited_at.date_naive() == day) == bad)
            .collect();
        some.iter().copied().filter(poor).count() * 100 / some.len()
    };
    assert!(share(true) > 30, "{}", share(true));
    assert!(share(false) < 6, "{}", share(false));
}

#[tokio::test]
async fn carriers_send_every_kind_of_difference_and_nothing_of_who_gave_no_leave() {
    let (calls, sent, ledger) = month(0.1);
    for plant in [
        Plant::Exact,
        Plant::RoundedUp,
        Plant::Tolerance,
        Plant::Drift,
        Plant::OnlyPlatform,
        Plant::OnlyOperator,
        Plant::Duplicate,
        Plant::ClockShift,
        Plant::Split,
        Plant::Withdrawn,
        Plant::Corrected,
        Plant::Superseded,
        Plant::Conflict,
        Plant::Resent,
        Plant::Withheld,
        Plant::WithRing,
    ] {
        assert!(ledger.planted.get(&plant).is_some_and(|n| *n >= 2), "{plant:?}: {:?}", ledger.planted);
    }
    let exact = ledger.planted[&Plant::Exact] * 100 / ledger.planted.values().sum::<usize>();
    assert!((88..97).contains(&exact), "{exact}");
    let silent: HashSet<&str> =
        calls.iter().filter(|made| made.row.tenant_id == tenant("saentis")).map(|made| made.row.e164.as_str()).collect();
    for row in &sent {
        let told: serde_json::Value = serde_json::from_str(&row.line).expect("JSON");
        assert!(!silent.contains(told["e164"].as_str().expect("a number")), "{row:?}");
    }
    assert!(sent.iter().all(|row| row.carrier != Carrier::Rhoneline));
}
