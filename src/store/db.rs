//! The pool and its scoped transactions.

use std::borrow::Cow;
use std::sync::Arc;

use anyhow::Context as _;
use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use sqlx::PgPool;
use sqlx::Postgres;
use sqlx::Transaction;
use sqlx::migrate::Migrator;

use super::Looks;
use super::SecretKey;
use super::Wake;
use crate::base::Ctx;
use crate::base::Env;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::Org;
use crate::base::TenantId;

/// How a transaction of the background begins.
macro_rules! job {
    () => {
        "begin; set local role concord_job; set local idle_in_transaction_session_timeout = '3s'"
    };
}

/// Goes by index, and plans each statement once.
macro_rules! by_index {
    () => {
        "; set local plan_cache_mode = force_generic_plan; set local enable_seqscan = off; set local jit = off"
    };
}

/// How the work of a queue begins.
macro_rules! queue {
    () => {
        concat!(
            job!(),
            by_index!(),
            "; set local enable_bitmapscan = off; set local enable_hashjoin = off; set local enable_mergejoin = off",
            "; set local enable_material = off"
        )
    };
}

/// The schema that this program knows.
static MIGRATIONS: Migrator = sqlx::migrate!();

/// Clocks further apart are a fault: leases and times of keeping are told by them.
const CLOCKS_APART: TimeDelta = TimeDelta::seconds(2);

/// What keeps this process from its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ready {
    Yes,
    /// The database has the schema of an older or a newer version of this program.
    OtherSchema,
    /// The database's clock is so far ahead of this machine's.
    ClockApart(TimeDelta),
}

/// A transaction whose role and axes are set.
pub type Tx = Transaction<'static, Postgres>;

/// Whose rows a transaction may see: sets `app.tenant` and `app.operator` for row security.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Global tables only.
    Nobody,
    /// One tenant's rows.
    Tenant(TenantId),
    /// One operator's rows, of its tenants only to read.
    Operator(OperatorId),
    /// An operator working on one tenant's rows, after its right to do so was checked.
    Pair(TenantId, OperatorId),
}

impl Reach {
    /// The reach of an organisation's own requests.
    #[must_use]
    pub fn of(org: Org) -> Self {
        match org {
            Org::Tenant(id) => Self::Tenant(id),
            Org::Operator(id) => Self::Operator(id),
            // The platform's own logs and keys stand under its fixed id, which is nobody's operator.
            Org::Platform => Self::Operator(OperatorId(org.id())),
        }
    }

    /// Role and axes as one simple query: literals of typed ids (`set_config` does not reach Citus workers). No statement goes on for
    /// long after whoever asked was told that it took too long.
    fn begin_sql(self) -> String {
        let (tenant, operator) = match self {
            Self::Nobody => (String::new(), String::new()),
            Self::Tenant(t) => (t.to_string(), String::new()),
            Self::Operator(o) => (String::new(), o.to_string()),
            Self::Pair(t, o) => (t.to_string(), o.to_string()),
        };
        format!(
            "begin; set local role concord_app; set local app.tenant = '{tenant}'; set local app.operator = '{operator}'; \
             set local statement_timeout = '50s'"
        )
    }
}

/// What every room needs at run time: the database, time and chance, the key for secrets, wake-ups. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    pool: PgPool,
    /// Time and chance.
    pub env: Env,
    /// Seals and opens secrets.
    pub secrets: Arc<SecretKey>,
    /// Wakes background loops of this process.
    pub wake: Wake,
    /// Where the consumers of queues in this process look next.
    pub looks: Looks,
}

impl Store {
    /// Puts the parts together.
    #[must_use]
    pub fn new(pool: PgPool, env: Env, secrets: SecretKey) -> Self {
        Self { pool, env, secrets: Arc::new(secrets), wake: Wake::default(), looks: Looks::default() }
    }

    /// The pool itself, for migrations, the session store and readiness.
    #[must_use]
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Begins a transaction that sees only what `reach` allows.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] when the database is away.
    pub async fn begin(&self, reach: Reach) -> Result<Tx, Failure> {
        self.begin_as(reach, "").await
    }

    /// [`Self::begin`] for a transaction that finds its rows by keys: there is one good plan for each of its statements, also where a table
    /// is still small, and making it anew takes longer than the statement itself.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] when the database is away.
    pub async fn begin_by_key(&self, reach: Reach) -> Result<Tx, Failure> {
        self.begin_as(reach, by_index!()).await
    }

    async fn begin_as(&self, reach: Reach, more: &str) -> Result<Tx, Failure> {
        #[cfg(feature = "chaos")]
        let reach = match (crate::base::chaos::scope_off(), reach) {
            (None, _) | (_, Reach::Nobody) => reach,
            (Some(off), _) => Reach::of(off.axes),
        };
        self.begun(Cow::Owned(reach.begin_sql() + more)).await
    }

    /// Begins on a task of its own: when the caller goes away meanwhile, the transaction ends with it. A beginning that is cut off
    /// would leave its connection inside of one.
    async fn begun(&self, sql: Cow<'static, str>) -> Result<Tx, Failure> {
        let pool = self.pool.clone();
        let begun = tokio::spawn(async move { pool.begin_with(sql).await });
        Ok(begun.await.map_err(anyhow::Error::new)??)
    }

    /// Begins a transaction with the reach of who asks.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] when the database is away.
    pub async fn begin_for(&self, ctx: &Ctx) -> Result<Tx, Failure> {
        self.begin(Reach::of(ctx.org)).await
    }

    /// Begins a transaction over all organisations. Only for `jobs.rs`, platform ingest and start-up (tidy test).
    ///
    /// # Errors
    /// [`Failure::Unavailable`] when the database is away.
    pub async fn begin_job(&self) -> Result<Tx, Failure> {
        self.begun(Cow::Borrowed(job!())).await
    }

    /// [`Self::begin_job`] for the work of a queue, which finds rows by index alone. Tables of a queue are empty whenever they are looked
    /// at by a vacuum, so the planner takes reading them whole for cheap; while somebody holds a snapshot they are long. What cannot be
    /// read by an index counts as very dear then, which must not have the statement compiled. And each statement is planned once: planning
    /// one that reaches into a table of many months takes longer than the statement itself.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] when the database is away.
    pub async fn begin_queue(&self) -> Result<Tx, Failure> {
        self.begun(Cow::Borrowed(queue!())).await
    }

    /// [`Self::begin_queue`] beside a transaction that is under way and waits for this one: only on a connection that is idle, and no
    /// lock is waited for longer than a second, as whoever holds it may itself wait for the other.
    pub async fn begin_beside(&self) -> Option<Tx> {
        let pool = self.pool.clone();
        let begun = tokio::spawn(async move { pool.try_begin_with(concat!(queue!(), "; set local lock_timeout = '1s'")).await });
        begun.await.ok()?.inspect_err(|error| tracing::debug!(%error, "nothing beside")).ok().flatten()
    }

    /// Begins a transaction with the rights of the owner, for tables that belong to nobody: sessions.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] when the database is away.
    pub async fn begin_bare(&self) -> Result<Tx, Failure> {
        self.begun(Cow::Borrowed("begin")).await
    }

    /// Whether the database answers, with the schema of this program, and tells the same time.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] when it does not answer.
    pub async fn ready(&self) -> Result<Ready, Failure> {
        let sql = "select array(select version from _sqlx_migrations where success order by version), clock_timestamp()";
        let asked = self.env.now();
        let (there, at): (Vec<i64>, DateTime<Utc>) = sqlx::query_as(sql).fetch_one(&self.pool).await?;
        let answered = self.env.now();
        if !MIGRATIONS.iter().map(|one| one.version).eq(there) {
            return Ok(Ready::OtherSchema);
        }
        let apart = Some(apart(asked, at, answered)).filter(|apart| self.env.is_system() && apart.abs() > CLOCKS_APART);
        Ok(apart.map_or(Ready::Yes, Ready::ClockApart))
    }

    /// Brings the schema up to date and makes the partitions around now. Those made ahead may wait: then the loop makes them.
    ///
    /// # Errors
    /// When a migration fails or was changed after it ran, or a table has no place for what is written now.
    pub async fn migrate(&self) -> anyhow::Result<()> {
        MIGRATIONS.run(&self.pool).await.context("migrating the database")?;
        let now = self.env.now();
        if let Err(failure) = super::ensure_partitions(self, now).await {
            let missing = super::queries_partitions::without_partition(self, now).await?;
            anyhow::ensure!(missing.is_empty(), "no partition for now of {}: {failure}", missing.join(", "));
            tracing::warn!(error = %failure, "some partitions were not made ahead");
        }
        Ok(())
    }
}

/// How far a clock that said `at` is ahead, at least, when it was asked and answered at these times.
fn apart(asked: DateTime<Utc>, at: DateTime<Utc>, answered: DateTime<Utc>) -> TimeDelta {
    at - at.clamp(asked, answered.max(asked))
}

#[cfg(test)]
mod tests {
    use sqlx::Row as _;
    use sqlx::postgres::PgPoolOptions;

    use super::*;

    /// Who goes away while a transaction begins leaves no connection inside of one: what the next writes on it without one would be lost.
    #[sqlx::test(migrations = false)]
    async fn a_beginning_that_is_cut_off_leaves_no_transaction_open(pool: PgPool) {
        let own = PgPoolOptions::new().max_connections(1).test_before_acquire(false);
        let own = own.connect_with((*pool.connect_options()).clone()).await.expect("connected");
        let env = Env::fixed(chrono::DateTime::UNIX_EPOCH, 7);
        let key = SecretKey::parse(&SecretKey::generate(&env)).expect("a key");
        let store = Store::new(own.clone(), env, key);
        let mut cut = 0;
        for patience in (0..40).map(|n| n * n) {
            let patient = async {
                for _ in 0..patience {
                    tokio::task::yield_now().await;
                }
            };
            tokio::select! {
                begun = store.begun(Cow::Borrowed("begin")) => drop(begun),
                () = patient => cut += 1,
            }
            // In one message, so that both are the time of its arrival unless a transaction is older.
            let row = sqlx::raw_sql("select now() = statement_timestamp()").fetch_one(&own).await.expect("an answer");
            let alone: bool = row.get(0);
            assert!(alone, "after {patience} turns: inside the transaction of somebody who has gone");
        }
        assert!(cut > 0, "none was cut off");
    }

    #[test]
    fn clocks_are_apart_by_what_no_delay_explains() {
        let at = |ms| DateTime::UNIX_EPOCH + TimeDelta::milliseconds(ms);
        let ahead = |asked, said, answered| apart(at(asked), at(said), at(answered)).num_milliseconds();
        assert_eq!([ahead(0, 500, 9_000), ahead(0, 12_000, 9_000), ahead(5_000, 1_000, 9_000)], [0, 3_000, -4_000]);
        assert_eq!(ahead(9_000, 9_000, 0), 0, "set back in between");
    }

    #[test]
    fn a_reach_names_role_and_both_axes() {
        let sql = Reach::Tenant(TenantId(uuid::Uuid::from_u128(7))).begin_sql();
        assert!(sql.contains("set local role concord_app"));
        assert!(sql.contains("app.tenant = '00000000-0000-0000-0000-000000000007'"));
        assert!(sql.contains("app.operator = ''"));
    }
}
