//! Telephone traffic of the demo: calls as the platform would record them, and what each carrier would count of them.
//!
//! Pure: chance and time come from the caller, so the seed's thirty days and the live demo are made by the same rules. It writes
//! the public wire formats with rows of its own, as an outside party would, and knows nothing of how they are taken.

mod call;
mod carrier;
mod outcome;
mod outside;
mod quality;
mod rhythm;
mod story;
mod wire;

pub use call::Moment;
pub use call::call;
pub use call::forwarded;
pub use carrier::Carrier;
pub use carrier::Counted;
pub use carrier::round_up;
pub use carrier::seconds;
pub use outside::Outside;
pub use quality::Network;
pub use rhythm::calls_on;
pub use rhythm::moment;
pub use wire::CallRow;
pub use wire::DurationRow;
pub use wire::line_of;

use chrono::DateTime;
use chrono::Utc;
use uuid::Uuid;

/// What answers at a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    User,
    /// A queue or a menu.
    Queue,
    /// Free of charge for who calls: inbound only.
    TollFree,
    Conference,
    /// Nobody: callers hear that the number is not in use.
    Nobody,
}

/// One number while somebody has it.
#[derive(Clone, Debug)]
pub struct Line {
    pub tenant_id: Uuid,
    pub operator_id: Uuid,
    pub carrier: Carrier,
    pub e164: String,
    pub country: String,
    pub kind: LineKind,
    pub target: Option<String>,
    pub network: Network,
    /// How much of its tenant's traffic falls on it, beside the others'.
    pub weight: f64,
    pub from: DateTime<Utc>,
    pub until: Option<DateTime<Utc>>,
}

impl Line {
    /// Whether the line existed then.
    #[must_use]
    pub fn stood(&self, at: DateTime<Utc>) -> bool {
        self.from <= at && self.until.is_none_or(|until| at < until)
    }
}

/// A number that follows from a text: the same text, the same number. For what must not change from one run to the next.
pub fn mix(seed: u64, text: &str) -> u64 {
    let fold =
        text.bytes().fold(0xcbf2_9ce4_8422_2325 ^ seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let x = (fold ^ (fold >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
