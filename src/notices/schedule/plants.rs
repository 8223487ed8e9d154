//! Bugs on purpose. A build with the feature `chaos` takes one by `--plant N` or in [`Policy::plant`]; the tests prove that
//! each is found. In any other build there are none.

use super::Policy;

/// A planted bug, by what goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plant {
    /// Two events of one number are in flight at once.
    TwoAtOnce,
    /// An answer to a try that another worker has replaced counts.
    StaleCounts,
    /// After a delivery the number's later events behind the cursor are forgotten.
    NextForgotten,
    /// The cursor runs past events that were not taken.
    CursorRuns,
    /// An event is dropped after its sixth failure.
    GivesUp,
    /// A success does not stop the clock of failure.
    ClockRuns,
    /// What is in flight is not counted against the endpoint's limit.
    Flood,
    /// A number in flight is sent again while its worker still has it.
    LeaseIgnored,
    /// `Retry-After` is not obeyed.
    WishIgnored,
    /// 410 is a failure like any other.
    GoneIgnored,
    /// Retries leave without an entry in the register.
    RetryUnregistered,
    /// Each try has an id of its own.
    NewIds,
    /// A 2xx of any endpoint activates the number.
    AllConfirm,
    /// A number of the feed is left out between two seals.
    SealGap,
}

impl Plant {
    /// Every plant; `--plant N` takes the N-th, from 1.
    pub const ALL: [Self; 14] = [
        Self::TwoAtOnce,
        Self::StaleCounts,
        Self::NextForgotten,
        Self::CursorRuns,
        Self::GivesUp,
        Self::ClockRuns,
        Self::Flood,
        Self::LeaseIgnored,
        Self::WishIgnored,
        Self::GoneIgnored,
        Self::RetryUnregistered,
        Self::NewIds,
        Self::AllConfirm,
        Self::SealGap,
    ];
}

impl Policy {
    /// The policy with a bug in it.
    #[cfg(feature = "chaos")]
    #[must_use]
    pub fn with_plant(self, plant: Option<Plant>) -> Self {
        Self { plant, ..self }
    }

    /// Whether that bug is in.
    #[cfg(feature = "chaos")]
    #[must_use]
    pub fn planted(&self, plant: Plant) -> bool {
        self.plant == Some(plant)
    }

    /// Whether that bug is in: never in this build.
    #[cfg(not(feature = "chaos"))]
    #[must_use]
    pub const fn planted(&self, _plant: Plant) -> bool {
        false
    }
}
