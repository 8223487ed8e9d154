//! What carriers make of the calls in their batches: mostly the truth, and every kind of difference now and then.

use std::collections::HashMap;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use uuid::Uuid;

use super::month::Made;
use crate::app::traffic::Carrier;
use crate::app::traffic::Counted;
use crate::app::traffic::DurationRow;
use crate::app::traffic::line_of;
use crate::app::traffic::round_up;
use crate::app::traffic::seconds;

/// A row on its way to Concord.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    pub carrier: Carrier,
    pub at: DateTime<Utc>,
    /// One line of NDJSON, without its end.
    pub line: String,
}

/// What is done to the row of a call. The names are those of the classes that reconciliation will find, and of the verdicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Plant {
    Exact,
    /// Up to a whole block of six seconds, without saying so.
    RoundedUp,
    /// Less than a second off.
    Tolerance,
    /// Off by seconds.
    Drift,
    /// The carrier has no row.
    OnlyPlatform,
    /// A second row of a call that the platform does not know.
    OnlyOperator,
    /// Twice, under two references.
    Duplicate,
    ClockShift,
    /// Two rows for the two halves of a call.
    Split,
    /// Taken back, and sent again with another time.
    Withdrawn,
    /// A second version with another duration.
    Corrected,
    /// After the second version the first one comes once more.
    Superseded,
    /// The same version with another duration.
    Conflict,
    /// The same row the next day again.
    Resent,
    /// Only the carrier knows that the caller withheld the number.
    Withheld,
    /// The duration holds the ringing, and the row says so.
    WithRing,
}

impl Plant {
    /// Of five hundred answered calls so many of each; the rest is exact.
    const SHARES: &[(Self, usize)] = &[
        (Self::RoundedUp, 6),
        (Self::Tolerance, 8),
        (Self::Drift, 4),
        (Self::OnlyPlatform, 8),
        (Self::OnlyOperator, 2),
        (Self::Duplicate, 1),
        (Self::ClockShift, 2),
        (Self::Split, 1),
        (Self::Withdrawn, 1),
        (Self::Corrected, 2),
        (Self::Superseded, 1),
        (Self::Conflict, 1),
        (Self::Resent, 2),
        (Self::Withheld, 2),
        (Self::WithRing, 4),
    ];
    /// After so many calls the plants begin anew.
    const ROUND: usize = 500;

    /// By turns, so that small demos have each of them too.
    fn of(turn: usize) -> Self {
        // A stride without common divisor, so that the kinds do not stand side by side.
        let mut place = turn * 193 % Self::ROUND;
        for (plant, share) in Self::SHARES {
            if place < *share {
                return *plant;
            }
            place -= share;
        }
        Self::Exact
    }
}

/// Calls without a row stand only in so many last days: carriers look for those of earlier ones until they have them all.
const FOUND_AFTER: TimeDelta = TimeDelta::days(12);

/// Keeps the turns of every carrier.
pub struct Ledger {
    seed: u64,
    base: DateTime<Utc>,
    /// Rows of this tenant are never sent: it gave no leave for durations.
    silent: Uuid,
    turns: HashMap<Carrier, usize>,
    /// How many calls of each kind there were.
    pub planted: HashMap<Plant, usize>,
}

impl Ledger {
    /// Nothing was counted yet.
    pub fn new(seed: u64, base: DateTime<Utc>, silent: Uuid) -> Self {
        Self { seed, base, silent, turns: HashMap::new(), planted: HashMap::new() }
    }

    /// The rows that a carrier sends for a record, and when. Nothing for unanswered calls and partial records.
    pub fn rows(&mut self, made: &Made) -> Vec<Sent> {
        if made.row.tenant_id == self.silent || made.row.completeness != "final" {
            return Vec::new();
        }
        let Some(counted) = Counted::of(&made.row) else {
            return Vec::new();
        };
        let turn = self.turns.entry(made.carrier).or_default();
        let plant = match Plant::of(*turn) {
            Plant::OnlyPlatform if made.row.invited_at < self.base - FOUND_AFTER => Plant::Exact,
            plant => plant,
        };
        *turn += 1;
        *self.planted.entry(plant).or_default() += 1;
        let row = made.carrier.row(self.seed, &counted);
        let ring_ms = made.row.ring_ms.unwrap_or(0);
        let steps = planted(plant, *turn, made.carrier, row, &counted, ring_ms);
        let due = made.row.ended_at.unwrap_or(made.sent_at);
        steps.into_iter().map(|(late, row)| Sent { carrier: made.carrier, at: due + late, line: line_of(&row) }).collect()
    }
}

/// A day later, when a carrier looks at its books again.
const NEXT_DAY: TimeDelta = TimeDelta::hours(26);

fn planted(
    plant: Plant,
    turn: usize,
    carrier: Carrier,
    row: DurationRow,
    call: &Counted<'_>,
    ring_ms: i64,
) -> Vec<(TimeDelta, DurationRow)> {
    let now = TimeDelta::zero();
    // 1 to 40, another one each time.
    let some = i64::try_from(turn * 17 % 40).unwrap_or(0) + 1;
    let mut other = row.clone();
    match plant {
        Plant::Exact => vec![(now, row)],
        Plant::OnlyPlatform => Vec::new(),
        Plant::RoundedUp => {
            other.duration_s = seconds(round_up(call.talk_ms, 6_000));
            (other.rounding_initial_s, other.rounding_increment_s) = (None, None);
            vec![(now, other)]
        }
        Plant::Tolerance => {
            other.duration_s = off(&row, 150 + some * 18);
            vec![(now, other)]
        }
        Plant::Drift => {
            other.duration_s = off(&row, if turn.is_multiple_of(3) { -1_000 * some } else { 1_500 * some + call.talk_ms / 50 });
            vec![(now, other)]
        }
        Plant::OnlyOperator => {
            other.operator_ref.push_str("-X");
            other.sip_call_id = None;
            other.answered_at += TimeDelta::minutes(3 * some + 9);
            other.duration_s = seconds(some * 7_000);
            vec![(now, row), (now + TimeDelta::minutes(3 * some + 12), other)]
        }
        Plant::Duplicate => {
            other.operator_ref.push_str("-B");
            vec![(now, row), (now, other)]
        }
        Plant::ClockShift => {
            other.answered_at += TimeDelta::seconds(7 + some);
            vec![(now, other)]
        }
        Plant::Split => {
            let half = call.talk_ms / 2000 * 1000;
            let block = carrier.block_ms().unwrap_or(1);
            let mut first = row;
            first.duration_s = seconds(round_up(half, block));
            other.operator_ref.push_str("-2");
            other.answered_at += TimeDelta::milliseconds(half);
            other.duration_s = seconds(round_up(call.talk_ms - half, block));
            vec![(now, first), (now, other)]
        }
        Plant::Withdrawn => {
            let mut back = row.clone();
            back.version = 2;
            back.withdrawn = true;
            other.answered_at -= TimeDelta::milliseconds(900);
            vec![(now, row), (NEXT_DAY, back), (NEXT_DAY, other)]
        }
        Plant::Corrected | Plant::Superseded => {
            let mut wrong = row;
            wrong.duration_s = off(&wrong, 60_000);
            other.version = 2;
            if plant == Plant::Corrected { vec![(now, wrong), (NEXT_DAY, other)] } else { vec![(now, other), (NEXT_DAY, wrong)] }
        }
        Plant::Conflict => {
            other.duration_s = off(&row, 2_000);
            vec![(now, row), (NEXT_DAY, other)]
        }
        Plant::Resent => vec![(now, row), (NEXT_DAY, other)],
        Plant::Withheld => {
            other.other_party_withheld = true;
            vec![(now, other)]
        }
        Plant::WithRing => {
            other.duration_s = seconds(round_up(call.talk_ms + ring_ms, carrier.block_ms().unwrap_or(1)));
            other.duration_includes_ring = true;
            vec![(now, other)]
        }
    }
}

/// So many milliseconds beside what the row says, but not below a tenth of a second.
fn off(row: &DurationRow, by_ms: i64) -> f64 {
    #[expect(clippy::cast_possible_truncation, reason = "a call is far shorter than 2^52 ms")]
    let said = (row.duration_s * 1_000.0).round() as i64;
    seconds((said + by_ms).max(100))
}
