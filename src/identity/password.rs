//! Passwords: Argon2id, one at a time, and a brake on guessing.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::LazyLock;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use sha2::Digest;
use sha2::Sha256;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::Semaphore;

use crate::base::Failure;
use crate::base::Problem;

/// One hash at a time: each takes 19 MiB and tens of milliseconds of a core.
static PERMIT: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(1)));
/// Longest wait for one's turn.
const PATIENCE: Duration = Duration::from_secs(5);

/// What an unknown account's password is checked against, so that it takes as long as a known one's.
static NOBODY: LazyLock<String> = LazyLock::new(|| password_auth::generate_hash("an account that does not exist"));

async fn turn() -> Result<OwnedSemaphorePermit, Failure> {
    if let Ok(Ok(permit)) = tokio::time::timeout(PATIENCE, PERMIT.clone().acquire_owned()).await {
        return Ok(permit);
    }
    let mut problem = Problem::new(429, "sign_in_busy", "Too many people sign in at this moment. Try again shortly.");
    problem.retry_after_s = Some(5);
    Err(problem.into())
}

/// The Argon2id hash of a password.
///
/// # Errors
/// 429 `sign_in_busy` when its turn does not come in time.
pub async fn hash(password: String) -> Result<String, Failure> {
    let permit = turn().await?;
    let hash = tokio::task::spawn_blocking(move || {
        let hash = password_auth::generate_hash(password);
        drop(permit);
        hash
    });
    Ok(hash.await.map_err(anyhow::Error::new)?)
}

/// Whether the password fits the hash; without a hash it takes as long and is `false`.
///
/// # Errors
/// 429 `sign_in_busy` when its turn does not come in time.
pub async fn fits(password: String, hash: Option<String>) -> Result<bool, Failure> {
    let permit = turn().await?;
    let checked = tokio::task::spawn_blocking(move || {
        let known = hash.is_some();
        let fits = password_auth::verify_password(password, hash.as_deref().unwrap_or(&NOBODY)).is_ok();
        drop(permit);
        known && fits
    });
    Ok(checked.await.map_err(anyhow::Error::new)?)
}

/// Failures allowed at once for one account from one address.
const BURST: i32 = 10;
/// Time after which one more is allowed.
const REFILL: TimeDelta = TimeDelta::seconds(6);

/// Counts failed tries per account and address: 10 at once, then 10 a minute. Right passwords cost nothing, so people who
/// share an address do not lock each other out. Per process; each web process has its own count.
#[derive(Debug, Default)]
pub struct Brake(Mutex<HashMap<[u8; 32], Failures>>);

/// How many failures counted when, of one account and address.
type Failures = (i32, DateTime<Utc>);

/// The brake of this process.
pub static BRAKE: LazyLock<Brake> = LazyLock::new(Brake::default);

impl Brake {
    fn key(account: &str, address: Option<&str>) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(account.trim().to_lowercase());
        hasher.update([0]);
        hasher.update(address.unwrap_or_default());
        hasher.finalize().into()
    }

    /// Failures that still count at `now`.
    fn level(held: Option<&Failures>, now: DateTime<Utc>) -> i32 {
        let Some((failures, at)) = held else {
            return 0;
        };
        let forgiven = (now - *at).num_seconds().max(0) / REFILL.num_seconds();
        failures.saturating_sub(i32::try_from(forgiven).unwrap_or(i32::MAX)).max(0)
    }

    /// Refuses (429 `sign_in_throttled`) after too many failures.
    ///
    /// # Errors
    /// The problem to answer with.
    pub fn check(&self, account: &str, address: Option<&str>, now: DateTime<Utc>) -> Result<(), Failure> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if Self::level(held.get(&Self::key(account, address)), now) < BURST {
            return Ok(());
        }
        let mut problem = Problem::new(429, "sign_in_throttled", "Too many failed tries. Wait a minute, then try again.");
        problem.retry_after_s = u32::try_from(REFILL.num_seconds()).ok();
        Err(problem.into())
    }

    /// Counts a failure.
    pub fn failed(&self, account: &str, address: Option<&str>, now: DateTime<Utc>) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = Self::key(account, address);
        let level = Self::level(held.get(&key), now);
        held.insert(key, (level + 1, now));
    }

    /// Forgets what no longer counts, once so many keys are held that it is worth the walk.
    pub fn tidy(&self, now: DateTime<Utc>) {
        self.forget(now, 1000);
    }

    fn forget(&self, now: DateTime<Utc>, from: usize) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.len() >= from {
            held.retain(|_, failures| Self::level(Some(failures), now) > 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guessing_is_braked_per_account_and_address() {
        let (brake, now) = (Brake::default(), DateTime::UNIX_EPOCH);
        for _ in 0..BURST {
            assert!(brake.check("a@b.c", Some("::1"), now).is_ok());
            brake.failed("A@b.c ", Some("::1"), now);
        }
        let refusal = brake.check("a@b.c", Some("::1"), now).expect_err("braked").problem();
        assert_eq!((refusal.status, refusal.retry_after_s), (429, Some(6)));
        assert!(brake.check("a@b.c", Some("::2"), now).is_ok());
        assert!(brake.check("x@b.c", Some("::1"), now).is_ok());
        assert!(brake.check("a@b.c", Some("::1"), now + REFILL).is_ok());
        brake.tidy(now + REFILL * 20);
        assert_eq!(brake.0.lock().expect("not poisoned").len(), 1);
        brake.forget(now + REFILL * 20, 1);
        assert!(brake.0.lock().expect("not poisoned").is_empty());
    }

    #[tokio::test]
    async fn a_password_fits_its_own_hash_only() {
        let hash = hash("correct horse".to_owned()).await.expect("hashed");
        assert!(hash.starts_with("$argon2id$"));
        assert!(fits("correct horse".to_owned(), Some(hash.clone())).await.expect("checked"));
        assert!(!fits("wrong horse".to_owned(), Some(hash)).await.expect("checked"));
        assert!(!fits("an account that does not exist".to_owned(), None).await.expect("checked"));
    }
}
