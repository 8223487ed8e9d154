//! Time and chance, passed in so that tests and the demo are repeatable.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use chrono::DateTime;
use chrono::SubsecRound;
use chrono::TimeDelta;
use chrono::Utc;
use rand::RngCore;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;
use uuid::Uuid;

/// Where the time comes from.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A time that only tests move.
    Fixed(Arc<Mutex<DateTime<Utc>>>),
}

/// When a `UUIDv7` was made (RFC 9562, 5.7), to the millisecond; `None` for ids of another version.
#[must_use]
pub fn made_at(id: Uuid) -> Option<DateTime<Utc>> {
    let (seconds, nanos) = id.get_timestamp()?.to_unix();
    DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanos)
}

/// The clock and the random source of one process. Cheap to clone; clones share both.
#[derive(Clone, Debug)]
pub struct Env {
    clock: Clock,
    rng: Arc<Mutex<ChaCha20Rng>>,
}

impl Env {
    /// The machine's clock and randomness from the operating system.
    #[must_use]
    pub fn system() -> Self {
        Self { clock: Clock::System, rng: Arc::new(Mutex::new(ChaCha20Rng::from_entropy())) }
    }

    /// A standing clock and seeded randomness.
    #[must_use]
    pub fn fixed(now: DateTime<Utc>, seed: u64) -> Self {
        Self { clock: Clock::Fixed(Arc::new(Mutex::new(now))), rng: Arc::new(Mutex::new(ChaCha20Rng::seed_from_u64(seed))) }
    }

    /// The present time in UTC, whole microseconds (what Postgres keeps).
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        match &self.clock {
            #[expect(clippy::disallowed_methods, reason = "the one place that may read the machine's clock")]
            Clock::System => Utc::now().trunc_subsecs(6),
            Clock::Fixed(now) => *now.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Whether the time is the machine's.
    #[must_use]
    pub fn is_system(&self) -> bool {
        matches!(self.clock, Clock::System)
    }

    /// Moves a fixed clock forward; does nothing to the machine's clock.
    pub fn advance(&self, by: TimeDelta) {
        if let Clock::Fixed(now) = &self.clock {
            *now.lock().unwrap_or_else(PoisonError::into_inner) += by;
        }
    }

    /// A new `UUIDv7` of the present time.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.id_at(self.now())
    }

    /// A new `UUIDv7` of a given time, for seeds and imports.
    #[must_use]
    pub fn id_at(&self, at: DateTime<Utc>) -> Uuid {
        let millis = u64::try_from(at.timestamp_millis()).unwrap_or(0);
        let random: [u8; 10] = self.bytes();
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }

    /// Random bytes.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut out = [0; N];
        self.rng.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(&mut out);
        out
    }

    /// A generator of its own, seeded from this one: for code that takes `&mut impl Rng`.
    #[must_use]
    pub fn rng(&self) -> ChaCha20Rng {
        ChaCha20Rng::from_seed(self.bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_follow_the_clock() {
        let env = Env::fixed(DateTime::UNIX_EPOCH + TimeDelta::days(20_000), 1);
        let first = env.id();
        env.advance(TimeDelta::milliseconds(5));
        let second = env.id();
        assert!(first < second);
        assert_eq!(second.get_version_num(), 7);
    }
}
