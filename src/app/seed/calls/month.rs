//! The calls of a month, made day by day and handed out in the order in which the platform sent them.

use std::collections::HashMap;

use chrono::DateTime;
use chrono::Datelike;
use chrono::NaiveDate;
use chrono::TimeDelta;
use chrono::Timelike;
use chrono::Utc;
use chrono::Weekday;
use chrono_tz::Tz;
use rand::Rng;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use super::super::Making;
use super::super::derived;
use super::super::plan::MOVED;
use super::super::plan::TENANTS;
use super::super::plan::TenantPlan;
use super::DAYS;
use super::lines::Lines;
use super::lines::lines;
use crate::app::traffic::CallRow;
use crate::app::traffic::Carrier;
use crate::app::traffic::Line;
use crate::app::traffic::Moment;
use crate::app::traffic::Outside;
use crate::app::traffic::call;
use crate::app::traffic::calls_on;
use crate::app::traffic::forwarded;
use crate::app::traffic::moment;
use crate::numbers::StockRows;

/// Calls of a working day at scale 1.
const USUAL: [(&str, f64); 3] = [("contoso", 1_500.0), ("harrow", 950.0), ("saentis", 560.0)];

/// What the bad day strikes: the numbers that Norvik serves over its Berlin line.
const BERLIN: &str = "+493023125";
/// Of so many calls one has its final record a day late.
const LATE_ONE_IN: u32 = 250;

/// A record on its way to Concord.
#[derive(Clone, Debug)]
pub struct Made {
    pub carrier: Carrier,
    /// When the platform sends it.
    pub sent_at: DateTime<Utc>,
    pub row: CallRow,
}

/// Makes calls as far as somebody asks.
pub struct Month {
    base: DateTime<Utc>,
    scale: f64,
    lines: HashMap<&'static str, Lines>,
    outside: Outside,
    seed: u64,
    bad_day: NaiveDate,
    next: NaiveDate,
    /// Made and not yet handed out.
    ahead: Vec<Made>,
}

impl Month {
    /// The thirty days before the last midnight, and the day that began then.
    pub fn new(making: &Making<'_>, rows: &StockRows) -> Self {
        let first = making.base - TimeDelta::days(DAYS);
        Self {
            base: making.base,
            scale: making.scale * making.calls,
            lines: lines(making, rows, first - TimeDelta::days(1)),
            outside: Outside::new(rows.numbers.iter().map(|number| number.e164.clone()).chain([MOVED.to_owned()])),
            seed: making.seed,
            bad_day: bad_day(making.base),
            next: first.date_naive(),
            ahead: Vec::new(),
        }
    }

    /// Lines of a tenant.
    pub fn lines(&self, tenant: &str) -> &[Line] {
        self.lines.get(tenant).map_or(&[], |lines| &lines.all)
    }

    /// What the platform sends up to and with that time and has not sent before, in order.
    pub fn until(&mut self, at: DateTime<Utc>) -> Vec<Made> {
        let last = self.base.date_naive();
        while self.next <= last && self.next <= at.date_naive().succ_opt().unwrap_or(last) {
            for plan in TENANTS {
                self.day(plan, self.next);
            }
            self.next = self.next.succ_opt().unwrap_or(NaiveDate::MAX);
        }
        let (mut due, ahead): (Vec<_>, Vec<_>) = std::mem::take(&mut self.ahead).into_iter().partition(|made| made.sent_at <= at);
        self.ahead = ahead;
        due.sort_by(|a, b| (a.sent_at, &a.row.call_id, a.row.version).cmp(&(b.sent_at, &b.row.call_id, b.row.version)));
        due
    }

    /// One tenant's day in its own zone.
    fn day(&mut self, plan: &'static TenantPlan, day: NaiveDate) {
        let zone: Tz = plan.time_zone.parse().unwrap_or(Tz::UTC);
        // Chance of its own for every day, counted from the last midnight.
        let ago = (self.base.date_naive() - day).num_days();
        let mut rng = ChaCha20Rng::from_seed(derived(self.seed, &format!("calls {} {ago}", plan.slug)));
        let usual = USUAL.iter().find(|(slug, _)| *slug == plan.slug).map_or(0.0, |(_, usual)| usual * self.scale);
        let Some(lines) = self.lines.get(plan.slug) else {
            return;
        };
        for _ in 0..calls_on(&mut rng, day, usual) {
            let invited_at = moment(&mut rng, day, zone);
            let Some(line) = lines.pick(&mut rng, invited_at) else {
                continue;
            };
            let local = invited_at.with_timezone(&zone);
            let hours = (9..17).contains(&local.hour());
            let bad_network = day == self.bad_day && hours && line.carrier == Carrier::Norvik && line.e164.starts_with(BERLIN);
            let moment = Moment { line, invited_at, bad_network };
            let row = call(&mut rng, &self.outside, &moment);
            let second = if rng.gen_range(0..100) < 3 { forwarded(&mut rng, &self.outside, &moment, &row) } else { None };
            for row in [Some(row), second].into_iter().flatten() {
                send(&mut rng, &mut self.ahead, line.carrier, row);
            }
        }
    }
}

/// A final record leaves when the call has ended; of a long call a partial one goes before it, and of a few others the final one
/// comes a day late.
fn send(rng: &mut ChaCha20Rng, ahead: &mut Vec<Made>, carrier: Carrier, mut row: CallRow) {
    let ended = row.ended_at.unwrap_or(row.invited_at);
    let mut sent_at = ended + TimeDelta::milliseconds(rng.gen_range(2_000..45_000));
    let late = rng.gen_range(0..LATE_ONE_IN) == 0;
    if let Some(answered) = row.answered_at
        && (late || ended - answered > TimeDelta::minutes(15))
    {
        let mut partial = row.clone();
        partial.completeness = "partial";
        partial.ended_at = None;
        partial.talk_ms = None;
        partial.ended_by = None;
        partial.q850_cause = None;
        partial.streams.clear();
        partial.signalling.clear();
        let before = if late { sent_at } else { answered + TimeDelta::minutes(10) };
        ahead.push(Made { carrier, sent_at: before, row: partial });
        row.version = 2;
        if late {
            sent_at += TimeDelta::hours(26);
        }
    }
    ahead.push(Made { carrier, sent_at, row });
}

/// The last working day that is at least six days old.
fn bad_day(base: DateTime<Utc>) -> NaiveDate {
    let mut day = (base - TimeDelta::days(6)).date_naive();
    while matches!(day.weekday(), Weekday::Sat | Weekday::Sun) {
        day = day.pred_opt().unwrap_or(day);
    }
    day
}
