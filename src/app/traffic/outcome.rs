//! How calls end: SIP codes (RFC 3261), their Q.850 causes (RFC 3398), who ended them.

use rand::Rng;

use super::LineKind;

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Answered,
    NoAnswer,
    /// The caller gave up while it rang.
    Cancelled,
    Busy,
    Rejected,
    Unallocated,
    Incomplete,
    Congested,
    TimedOut,
}

/// How an outcome reads in a record.
pub struct Words {
    pub sip_code: u16,
    pub phrase: &'static str,
    pub q850_cause: u16,
    pub subcode: u32,
    /// The other phone rang.
    pub rang: bool,
}

impl Outcome {
    /// Draws what becomes of a call.
    pub fn draw(rng: &mut impl Rng, kind: LineKind, inbound: bool) -> Self {
        let roll = rng.gen_range(0..1_000);
        let shares: &[(Self, u32)] = match (kind, inbound) {
            (LineKind::Nobody, _) => return Self::Unallocated,
            (LineKind::Queue | LineKind::TollFree, true) => {
                &[(Self::Answered, 893), (Self::Cancelled, 90), (Self::Congested, 10), (Self::TimedOut, 7)]
            }
            (LineKind::Conference, true) => &[(Self::Answered, 955), (Self::Cancelled, 35), (Self::Congested, 10)],
            (_, true) => &[
                (Self::Answered, 700),
                (Self::NoAnswer, 160),
                (Self::Cancelled, 65),
                (Self::Busy, 42),
                (Self::Rejected, 18),
                (Self::Congested, 8),
                (Self::TimedOut, 7),
            ],
            (_, false) => &[
                (Self::Answered, 690),
                (Self::NoAnswer, 150),
                (Self::Cancelled, 52),
                (Self::Busy, 62),
                (Self::Rejected, 10),
                (Self::Unallocated, 13),
                (Self::Incomplete, 8),
                (Self::Congested, 10),
                (Self::TimedOut, 5),
            ],
        };
        let mut left = roll;
        for (outcome, share) in shares {
            if left < *share {
                return *outcome;
            }
            left -= share;
        }
        Self::Answered
    }

    /// Its words.
    pub fn words(self) -> Words {
        let (sip_code, phrase, q850_cause, subcode, rang) = match self {
            Self::Answered => (200, "OK", 16, 0, true),
            Self::NoAnswer => (480, "Temporarily Unavailable", 19, 10_037, true),
            Self::Cancelled => (487, "Request Terminated", 16, 540_487, true),
            Self::Busy => (486, "Busy Here", 17, 560_486, false),
            Self::Rejected => (603, "Decline", 21, 560_603, true),
            Self::Unallocated => (404, "Not Found", 1, 560_404, false),
            Self::Incomplete => (484, "Address Incomplete", 28, 560_484, false),
            Self::Congested => (503, "Service Unavailable", 34, 560_503, false),
            Self::TimedOut => (408, "Request Timeout", 102, 10_408, false),
        };
        Words { sip_code, phrase, q850_cause, subcode, rang }
    }

    /// Who ended the call; the carrier is where congestion is.
    pub fn ended_by(self, rng: &mut impl Rng) -> &'static str {
        match self {
            Self::Answered => {
                if rng.gen_bool(0.58) {
                    "caller"
                } else {
                    "callee"
                }
            }
            Self::Cancelled => "caller",
            Self::NoAnswer | Self::TimedOut => "platform",
            Self::Busy | Self::Rejected => "callee",
            Self::Unallocated | Self::Incomplete | Self::Congested => "operator",
        }
    }
}
