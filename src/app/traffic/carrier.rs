//! What each carrier counts of a call: its clock, its references, its rounding. Follows from the call alone, so that a row sent
//! twice is the same row.

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;

use super::mix;
use super::wire::CallRow;
use super::wire::DurationRow;

/// A carrier, by how it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Carrier {
    /// Milliseconds, no rounding; tells the platform its reference during the call.
    Norvik,
    /// Whole seconds, rounded up; knows the SIP Call-ID.
    Albion,
    /// Like Norvik, under references of its own.
    Rhoneline,
    /// Blocks of six seconds, a clock that is late, and often no Call-ID: something rewrites it on the way.
    Tidewater,
}

/// An answered call as its carrier knows it too.
pub struct Counted<'a> {
    pub call_id: &'a str,
    pub leg_id: &'a str,
    pub sip_call_id: Option<&'a str>,
    pub operator_ref: Option<&'a str>,
    pub e164: &'a str,
    pub other_party: Option<&'a str>,
    pub withheld: bool,
    pub inbound: bool,
    pub answered_at: DateTime<Utc>,
    pub talk_ms: i64,
}

impl<'a> Counted<'a> {
    /// What there is to count of a record; nothing of a call that nobody answered.
    #[must_use]
    pub fn of(row: &'a CallRow) -> Option<Self> {
        let inbound = row.direction == "inbound";
        Some(Self {
            call_id: &row.call_id,
            leg_id: row.leg_id,
            sip_call_id: Some(&row.sip_call_id),
            operator_ref: row.operator_ref.as_deref(),
            e164: &row.e164,
            other_party: if inbound { row.caller.as_deref() } else { row.callee.as_deref() },
            withheld: row.caller_withheld,
            inbound,
            answered_at: row.answered_at?,
            talk_ms: row.talk_ms?,
        })
    }
}

impl Carrier {
    /// The carrier of the plan with this short name.
    #[must_use]
    pub fn of(slug: &str) -> Option<Self> {
        match slug {
            "norvik" => Some(Self::Norvik),
            "albion" => Some(Self::Albion),
            "rhoneline" => Some(Self::Rhoneline),
            "tidewater" => Some(Self::Tidewater),
            _ => None,
        }
    }

    /// Whether the platform hears the carrier's reference during the call.
    #[must_use]
    pub fn tells_ref(self) -> bool {
        self == Self::Norvik
    }

    /// How far the carrier's clock is from the platform's, in milliseconds, give or take.
    fn skew_ms(self) -> i64 {
        match self {
            Self::Norvik => 60,
            Self::Albion => 420,
            Self::Rhoneline => 90,
            Self::Tidewater => -1_800,
        }
    }

    /// Rounding to blocks, in milliseconds; none for who counts exactly.
    #[must_use]
    pub fn block_ms(self) -> Option<i64> {
        match self {
            Self::Norvik | Self::Rhoneline => None,
            Self::Albion => Some(1_000),
            Self::Tidewater => Some(6_000),
        }
    }

    /// The carrier's row of a call, free of mistakes.
    #[must_use]
    pub fn row(self, seed: u64, call: &Counted<'_>) -> DurationRow {
        let chance = mix(seed, &format!("{}/{}", call.call_id, call.leg_id));
        let wobble = i64::try_from(chance % 61).unwrap_or(0) - 30;
        let prefix = match self {
            Self::Norvik => "NV",
            Self::Albion => "AV",
            Self::Rhoneline => "RH",
            Self::Tidewater => "TW",
        };
        let own = || format!("{prefix}-{}-{:010x}", call.answered_at.format("%y%m%d"), chance >> 24);
        let block_s = self.block_ms().and_then(|ms| u32::try_from(ms / 1_000).ok());
        let counted_ms = match self.block_ms() {
            None => (call.talk_ms + wobble).max(0),
            Some(block) => round_up(call.talk_ms, block),
        };
        let rewritten = self == Self::Tidewater && chance % 10 < 4;
        DurationRow {
            operator_ref: call.operator_ref.map_or_else(own, str::to_owned),
            sip_call_id: call.sip_call_id.filter(|_| !rewritten).map(str::to_owned),
            e164: call.e164.to_owned(),
            other_party: call.other_party.map(str::to_owned),
            direction: if call.inbound { "inbound" } else { "outbound" },
            answered_at: call.answered_at + TimeDelta::milliseconds(self.skew_ms() + wobble),
            duration_s: seconds(counted_ms),
            duration_includes_ring: false,
            other_party_withheld: call.withheld,
            rounding_initial_s: block_s,
            rounding_increment_s: block_s,
            measured_at: Some(if call.inbound { "ingress" } else { "egress" }),
            q850_cause: 16,
            version: 1,
            withdrawn: false,
        }
    }
}

/// Up to whole blocks, at least one.
#[must_use]
pub fn round_up(ms: i64, block: i64) -> i64 {
    ((ms + block - 1) / block).max(1) * block
}

/// Milliseconds as seconds with up to three decimals.
#[must_use]
pub fn seconds(ms: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a call is far shorter than 2^52 ms")]
    let exact = ms as f64;
    exact / 1_000.0
}
