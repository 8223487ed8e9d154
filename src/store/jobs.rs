//! Background loops: a tick that says whether there is more to do, woken in process and at least once per interval.

use std::any::Any;
use std::collections::HashMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use futures::FutureExt as _;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::Store;
use crate::base::Failure;

/// A tick that takes longer is given up: its database may have vanished without a word.
const TICK: Duration = Duration::from_mins(30);

/// A loop's last run is noted at most this often.
const NOTED_EVERY: TimeDelta = TimeDelta::seconds(10);

/// In-process wake-ups by loop name. Only a hint: every loop also polls, and other processes wake by their poll.
#[derive(Clone, Debug, Default)]
pub struct Wake(Arc<Mutex<HashMap<&'static str, Arc<Notify>>>>);

impl Wake {
    /// Wakes the loop of that name, or lets its next wait return at once.
    pub fn wake(&self, name: &'static str) {
        self.of(name).notify_one();
    }

    fn of(&self, name: &'static str) -> Arc<Notify> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default().clone()
    }
}

/// What a loop is called and how often it looks without being woken.
#[derive(Clone, Copy, Debug)]
pub struct Loop {
    pub name: &'static str,
    /// At most this long between two ticks.
    pub every: Duration,
}

/// Runs `tick` until stopped. A tick answers whether it did anything: if so the next follows at once. Errors and panics
/// are logged, kept in `job_state`, and tried again after a pause that grows to 5 s.
pub async fn run_loop<F, Fut>(store: Store, spec: Loop, stop: CancellationToken, mut tick: F)
where
    F: FnMut(Store) -> Fut,
    Fut: Future<Output = Result<bool, Failure>>,
{
    let notify = store.wake.of(spec.name);
    let mut failures: u32 = 0;
    let mut noted: Option<DateTime<Utc>> = None;
    loop {
        if stop.is_cancelled() {
            return;
        }
        let started = store.env.now();
        // Nothing of a tick outlives it but what it put into the database, and a panic rolls that back.
        let ticked = tokio::time::timeout(TICK, AssertUnwindSafe(async { tick(store.clone()).await }).catch_unwind()).await;
        let ticked = ticked.unwrap_or_else(|_| Ok(Err(Failure::Unavailable("no end in time".to_owned()))));
        let pause = match ticked.unwrap_or_else(|panic| Err(panicked(panic.as_ref()))) {
            Ok(true) => {
                failures = 0;
                Duration::ZERO
            }
            Ok(false) => {
                failures = 0;
                spec.every
            }
            Err(failure) => {
                failures = failures.saturating_add(1);
                tracing::warn!(job = spec.name, error = %failure, failures, "job failed");
                note_error(&store, spec, &failure.to_string()).await;
                Duration::from_millis(100 * 2_u64.pow(failures.min(6))).min(Duration::from_secs(5))
            }
        };
        if failures == 0 && noted.is_none_or(|at| started - at >= NOTED_EVERY || started < at) {
            noted = Some(started);
            note_run(&store, spec, started).await;
        }
        if pause.is_zero() {
            tokio::task::yield_now().await;
            continue;
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = notify.notified(), if failures == 0 => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// A panic as a failure, with its words.
fn panicked(panic: &(dyn Any + Send)) -> Failure {
    let words = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    Failure::Internal(anyhow::anyhow!("a panic: {}", words.unwrap_or("without words")))
}

fn every_ms(spec: Loop) -> i64 {
    i64::try_from(spec.every.as_millis()).unwrap_or(i64::MAX).max(1)
}

async fn note_error(store: &Store, spec: Loop, error: &str) {
    let now = store.env.now();
    let noted = async {
        let mut tx = store.begin_job().await?;
        sqlx::query!(
            "insert into job_state (name, last_error, last_error_at, every_ms, failures) values ($1, $2, $3, $4, 1)
             on conflict (name) do update set last_error = excluded.last_error, last_error_at = excluded.last_error_at,
               every_ms = excluded.every_ms, failures = job_state.failures + 1",
            spec.name,
            error,
            now,
            every_ms(spec)
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok::<_, Failure>(())
    };
    if let Err(failure) = noted.await {
        tracing::debug!(job = spec.name, error = %failure, "could not note the error");
    }
}

/// Notes that a look came to an end; what cannot be noted is noted by the next one.
async fn note_run(store: &Store, spec: Loop, started: DateTime<Utc>) {
    let now = store.env.now();
    let noted = async {
        let mut tx = store.begin_job().await?;
        sqlx::query!(
            "insert into job_state (name, last_started_at, last_finished_at, every_ms) values ($1, $2, $3, $4)
             on conflict (name) do update set last_started_at = excluded.last_started_at,
               last_finished_at = excluded.last_finished_at, every_ms = excluded.every_ms",
            spec.name,
            started,
            now,
            every_ms(spec)
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok::<_, Failure>(())
    };
    if let Err(failure) = noted.await {
        tracing::debug!(job = spec.name, error = %failure, "could not note the run");
    }
}

/// Has the planner look at tables again after much was written at once: its background job comes later, and until then it plans
/// as if every value of a new partition were the same. `tables` are names that the code makes, never input.
///
/// # Errors
/// When the database is away or a table is not there.
pub async fn refresh_statistics(store: &Store, tables: &[String]) -> Result<(), Failure> {
    let sql = format!("analyze {}", tables.join(", "));
    sqlx::query(&sql).persistent(false).execute(store.pool()).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;
    use std::sync::atomic::Ordering;

    use sqlx::PgPool;

    use super::super::SecretKey;
    use super::*;
    use crate::base::Env;

    #[sqlx::test]
    async fn a_loop_outlives_panics_and_says_what_they_said(pool: PgPool) {
        let env = Env::fixed(DateTime::UNIX_EPOCH + TimeDelta::days(20_780), 5);
        let key = SecretKey::parse(&SecretKey::generate(&env)).expect("a key");
        let store = Store::new(pool, env, key);
        let (stop, ticks) = (CancellationToken::new(), Arc::new(AtomicU32::new(0)));
        let (ending, counted) = (stop.clone(), ticks.clone());
        let spec = Loop { name: "test.panics", every: Duration::from_secs(60) };
        let running = tokio::spawn(run_loop(store.clone(), spec, stop, move |_| {
            let tick = counted.fetch_add(1, Ordering::SeqCst);
            assert!(tick != 0, "on the way in");
            let ending = ending.clone();
            async move {
                assert!(tick != 1, "on the way {}", "through");
                ending.cancel();
                Ok(false)
            }
        }));
        tokio::time::timeout(Duration::from_secs(20), running).await.expect("in time").expect("the loop is whole");
        assert_eq!(ticks.load(Ordering::SeqCst), 3);
        let noted: String = sqlx::query_scalar("select last_error from job_state where name = 'test.panics'")
            .fetch_one(store.pool())
            .await
            .expect("noted");
        assert!(noted.contains("a panic: on the way through"), "{noted}");
        let (failures, every_ms, finished): (i64, i64, Option<DateTime<Utc>>) =
            sqlx::query_as("select failures, every_ms, last_finished_at from job_state where name = 'test.panics'")
                .fetch_one(store.pool())
                .await
                .expect("noted");
        assert_eq!((failures, every_ms, finished), (2, 60_000, Some(store.env.now())), "two failed, the third came to an end");
    }
}
