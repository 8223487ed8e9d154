//! The pool and its scoped transactions.

use std::borrow::Cow;
use std::sync::Arc;

use anyhow::Context as _;
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
        let begun = self.pool.try_begin_with(concat!(queue!(), "; set local lock_timeout = '1s'")).await;
        begun.inspect_err(|error| tracing::debug!(%error, "nothing beside")).ok().flatten()
    }

    /// Whether the database answers with the schema of this program, neither an older nor a newer one.
    ///
    /// # Errors
    /// [`Failure::Unavailable`] when it does not answer.
    pub async fn ready(&self) -> Result<bool, Failure> {
        let sql = "select version from _sqlx_migrations where success order by version";
        let there: Vec<i64> = sqlx::query_scalar(sql).fetch_all(&self.pool).await?;
        Ok(MIGRATIONS.iter().map(|one| one.version).eq(there))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reach_names_role_and_both_axes() {
        let sql = Reach::Tenant(TenantId(uuid::Uuid::from_u128(7))).begin_sql();
        assert!(sql.contains("set local role concord_app"));
        assert!(sql.contains("app.tenant = '00000000-0000-0000-0000-000000000007'"));
        assert!(sql.contains("app.operator = ''"));
    }
}
