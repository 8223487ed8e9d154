//! Partitions by month or day (UTC): made ahead or when a row needs one, dropped when their time is over.

use chrono::DateTime;
use chrono::Days;
use chrono::Months;
use chrono::NaiveDate;
use chrono::NaiveTime;
use chrono::Utc;
use sqlx::PgConnection;

use super::Store;
use super::Tx;
use crate::base::Failure;

/// Partitions are there from so many months (or days) before a time on,
const BEHIND: i32 = 1;
/// and up to so many after it.
const AHEAD: i32 = 2;
/// What Postgres says when a lock was not had in time.
const NOT_IN_TIME: &str = "55P03";

/// Makes the partitions around a time, of every table by month or day; answers how many were made. Each table has its own transaction:
/// one that cannot be had does not keep the others from theirs.
///
/// # Errors
/// When the database is away or a table was held by others for 2 s; those of all other tables are there then.
pub async fn ensure_partitions(store: &Store, around: DateTime<Utc>) -> Result<i32, Failure> {
    let (mut made, mut failed) = (0, None);
    for table in lacking(store, around).await? {
        match make(store, &table, around, BEHIND, AHEAD).await {
            Ok(more) => made += more,
            Err(failure) => {
                tracing::warn!(%table, error = %failure, "partitions were not made");
                failed = Some(failure);
            }
        }
    }
    failed.map_or(Ok(made), Err)
}

/// Makes the partitions that rows of these tables and times need, and no others.
///
/// # Errors
/// When the database is away or a table was held by others for 2 s: the rows may be tried again.
pub async fn need_partitions(store: &Store, places: &[(&str, DateTime<Utc>)]) -> Result<(), Failure> {
    let (tables, ats): (Vec<&str>, Vec<DateTime<Utc>>) = places.iter().copied().unzip();
    let mut tx = store.begin_job().await?;
    let missing = sqlx::query!(
        r#"select n.name as "name!", n.at as "at!" from unnest($1::text[], $2::timestamptz[]) as n (name, at)
           join partitioned_table p on p.name = n.name
           where to_regclass(partition_name(p.name, p.grain, n.at)) is null
           order by n.name, n.at"#,
        &tables as &[&str],
        &ats
    )
    .fetch_all(&mut *tx)
    .await?;
    tx.commit().await?;
    for place in missing {
        make(store, &place.name, place.at, 0, 0).await?;
    }
    Ok(())
}

/// Tables without a partition for rows of this time.
pub(super) async fn without_partition(store: &Store, at: DateTime<Utc>) -> Result<Vec<String>, Failure> {
    let mut tx = store.begin_job().await?;
    let missing = sqlx::query_scalar!(
        "select p.name from partitioned_table p where to_regclass(partition_name(p.name, p.grain, $1)) is null order by p.name",
        at
    )
    .fetch_all(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(missing)
}

/// Tables that lack a partition around a time.
async fn lacking(store: &Store, around: DateTime<Utc>) -> Result<Vec<String>, Failure> {
    let mut tx = store.begin_job().await?;
    let tables = sqlx::query_scalar!(
        "select p.name from partitioned_table p
         where exists (
           select from generate_series(-$2::integer, $3::integer) as n
           where to_regclass(partition_name(p.name, p.grain,
             date_trunc(p.grain, $1::timestamptz, 'UTC') + n * ('1 ' || p.grain)::interval)) is null)
         order by p.name",
        around,
        BEHIND,
        AHEAD
    )
    .fetch_all(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(tables)
}

async fn make(store: &Store, table: &str, around: DateTime<Utc>, behind: i32, ahead: i32) -> Result<i32, Failure> {
    let mut tx = store.begin_job().await?;
    let made = sqlx::query_scalar!("select ensure_partitions_of($1, $2, $3, $4)", table, around, behind, ahead)
        .fetch_one(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(made.unwrap_or(0))
}

/// What a partition holds: a month or a day of a table, half open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    pub table: &'static str,
    pub from: DateTime<Utc>,
    pub before: DateTime<Utc>,
}

/// The oldest partition of a table.
///
/// # Errors
/// When the database is away.
pub async fn oldest_stretch(conn: &mut PgConnection, table: &'static str) -> Result<Option<Stretch>, Failure> {
    let oldest = sqlx::query_scalar!(
        "select min(c.relname::text) from pg_inherits i join pg_class c on c.oid = i.inhrelid
         where i.inhparent = to_regclass($1) and c.relname ~ '_([0-9]{6}|[0-9]{8})$'",
        table
    )
    .fetch_one(conn)
    .await?;
    let span = oldest.as_deref().and_then(span);
    Ok(span.map(|(from, before)| Stretch { table, from, before }))
}

/// The oldest partition of a table, if the table's time of keeping is over for all that it may hold.
///
/// # Errors
/// When the database is away.
pub async fn oldest_over(conn: &mut PgConnection, table: &'static str, now: DateTime<Utc>) -> Result<Option<Stretch>, Failure> {
    let kept = sqlx::query!("select keep_months, keep_days from partitioned_table where name = $1", table)
        .fetch_optional(&mut *conn)
        .await?;
    let Some(kept) = kept else { return Ok(None) };
    let over = |stretch: &Stretch| ends(stretch.before, kept.keep_months, kept.keep_days).is_some_and(|end| end <= now);
    Ok(oldest_stretch(conn, table).await?.filter(over))
}

/// Drops a partition and commits what was done before it. Others wait behind whoever waits for such a lock: after 2 s it gives up, undoes
/// all, and leaves the partition for the next look. Whether it was dropped.
///
/// # Errors
/// When the database is away.
pub async fn drop_stretch(mut tx: Tx, stretch: &Stretch) -> Result<bool, Failure> {
    let (table, from) = (stretch.table, stretch.from);
    let dropped = sqlx::query_scalar!("select drop_partition($1, $2)", table, from).fetch_one(&mut *tx).await;
    match dropped {
        Ok(dropped) => {
            tx.commit().await?;
            tracing::info!(table, %from, "a partition was dropped");
            Ok(dropped == Some(true))
        }
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(NOT_IN_TIME) => {
            tracing::warn!(table, %from, "a partition whose time is over stays for now: others hold the table");
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}

/// Until when rows are kept that are older than `before`.
fn ends(before: DateTime<Utc>, keep_months: i32, keep_days: Option<i32>) -> Option<DateTime<Utc>> {
    match keep_days {
        Some(days) => before.checked_add_days(Days::new(u64::try_from(days).ok()?)),
        None => before.checked_add_months(Months::new(u32::try_from(keep_months).ok()?)),
    }
}

/// The time of `attempt_202603` or `call_personal_20260301`, half open.
fn span(name: &str) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let (_, digits) = name.rsplit_once('_')?;
    let date = |text: &str| NaiveDate::parse_from_str(text, "%Y%m%d").ok();
    let (first, next) = if digits.len() == 8 {
        let day = date(digits)?;
        (day, day.succ_opt()?)
    } else {
        let month = date(&format!("{digits}01"))?;
        (month, month.checked_add_months(Months::new(1))?)
    };
    let at = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
    Some((at(first), at(next)))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use sqlx::PgPool;

    use super::super::SecretKey;
    use super::super::drop_oldest;
    use super::*;
    use crate::base::Env;

    /// On 13 June 2038: far from the partitions that migrations make by the machine's clock.
    fn store(pool: PgPool) -> Store {
        let env = Env::fixed(DateTime::UNIX_EPOCH + TimeDelta::days(25_000), 5);
        let key = SecretKey::parse(&SecretKey::generate(&env)).expect("a key");
        Store::new(pool, env, key)
    }

    async fn run(conn: &mut PgConnection, sql: &str) {
        sqlx::raw_sql(sql).execute(conn).await.expect("done");
    }

    async fn named(store: &Store, like: &str) -> Vec<String> {
        let sql = "select c.relname::text from pg_inherits i join pg_class c on c.oid = i.inhrelid
                   where c.relkind = 'r' and c.relname like $1 order by 1";
        sqlx::query_scalar(sql).bind(like).fetch_all(store.pool()).await.expect("names")
    }

    async fn drop_all(store: &Store, table: &'static str) -> usize {
        let mut dropped = 0;
        while drop_oldest(store, None, table).await.expect("looked") {
            dropped += 1;
        }
        dropped
    }

    #[test]
    fn a_stretch_ends_where_the_next_begins() {
        let told = |name: &str| span(name).map(|(from, before)| format!("{} {}", from.date_naive(), before.date_naive()));
        assert_eq!(told("attempt_202612").as_deref(), Some("2026-12-01 2027-01-01"));
        assert_eq!(told("call_personal_20270228").as_deref(), Some("2027-02-28 2027-03-01"));
        assert_eq!((told("attempt_202613"), told("attempt")), (None, None));
    }

    #[sqlx::test]
    async fn partitions_are_made_beside_readers_and_writers(pool: PgPool) {
        let store = store(pool);
        let tables: Vec<String> =
            sqlx::query_scalar("select name from partitioned_table").fetch_all(store.pool()).await.expect("tables");
        let mut busy = store.pool().begin().await.expect("begun");
        for table in &tables {
            // What a backup holds for as long as it takes, and what whoever writes does.
            run(&mut busy, &format!("lock table {table} in access share mode; lock table {table} in row exclusive mode")).await;
        }
        let made = ensure_partitions(&store, store.env.now()).await.expect("made");
        assert_eq!(usize::try_from(made).expect("a count"), 4 * tables.len());
        assert_eq!(ensure_partitions(&store, store.env.now()).await.expect("asked"), 0);
        busy.rollback().await.expect("ended");
        assert_eq!(
            named(&store, "transfer_2038%").await,
            ["transfer_203805", "transfer_203806", "transfer_203807", "transfer_203808"]
        );
        // They are what partitions made as such are.
        let sql = "select count(*) from pg_class p join pg_class c on c.relname = 'transfer_203806'
                   where p.relname = 'transfer' and (select count(*) from pg_index i where i.indrelid = p.oid)
                                                   = (select count(*) from pg_index i where i.indrelid = c.oid)
                     and (select array_agg(conname::text order by conname) from pg_constraint k where k.conrelid = p.oid and k.contype = 'c')
                         is not distinct from
                         (select array_agg(conname::text order by conname) from pg_constraint k where k.conrelid = c.oid and k.contype = 'c')";
        let alike: i64 = sqlx::query_scalar(sql).fetch_one(store.pool()).await.expect("counted");
        assert_eq!(alike, 1, "indexes and constraints are there");
    }

    #[sqlx::test]
    async fn one_table_in_the_way_stops_neither_the_others_nor_a_start(pool: PgPool) {
        let store = store(pool);
        ensure_partitions(&store, store.env.now()).await.expect("made");
        let mut busy = store.pool().begin().await.expect("begun");
        run(&mut busy, "lock table only attempt in share update exclusive mode").await;
        // The 12th of August: its month is there, the next ones are not.
        store.env.advance(TimeDelta::days(60));
        store.migrate().await.expect("there is a place for what is written now");
        assert_eq!(lacking(&store, store.env.now()).await.expect("asked"), ["attempt"]);
        store.env.advance(TimeDelta::days(60));
        let error = store.migrate().await.expect_err("there is none");
        assert!(format!("{error:#}").contains("attempt"), "{error:#}");
        busy.rollback().await.expect("ended");
        store.migrate().await.expect("well again");
        assert!(lacking(&store, store.env.now()).await.expect("asked").is_empty());
    }

    #[sqlx::test]
    async fn a_row_without_its_partition_is_to_be_tried_again(pool: PgPool) {
        let store = store(pool);
        let at = store.env.now();
        let insert = async || {
            let mut tx = store.begin_job().await?;
            let sql = "insert into call_personal (tenant_id, call_id, leg_id, invited_at) values ($1, 'a', '1', $2)";
            sqlx::query(sql).bind(store.env.id()).bind(at).execute(&mut *tx).await?;
            tx.commit().await?;
            Ok::<_, Failure>(())
        };
        let failure = insert().await.expect_err("no place");
        assert!(matches!(&failure, Failure::Unavailable(why) if why.contains("no partition")), "{failure}");
        need_partitions(&store, &[("call_personal", at), ("call_record", at)]).await.expect("made");
        insert().await.expect("a place");
        assert_eq!(named(&store, "call_personal_2038%").await, ["call_personal_20380613"], "no more than that");
        assert_eq!(named(&store, "call_record_2038%").await, ["call_record_203806"]);
    }

    #[sqlx::test]
    async fn a_partition_goes_when_its_time_is_over(pool: PgPool) {
        let store = store(pool);
        ensure_partitions(&store, store.env.now()).await.expect("made");
        let days = ["call_personal_20380612", "call_personal_20380613", "call_personal_20380614", "call_personal_20380615"];
        // The 12th of June ends 28 days before the 11th of July.
        store.env.advance(TimeDelta::days(28) - TimeDelta::seconds(1));
        drop_all(&store, "call_personal").await;
        assert_eq!(named(&store, "call_personal_%").await, days, "days of long ago go, these stay");
        store.env.advance(TimeDelta::seconds(1));
        let mut reader = store.pool().begin().await.expect("begun");
        run(&mut reader, "select count(*) from call_personal").await;
        assert_eq!(drop_all(&store, "call_personal").await, 0, "who reads is not in the way, and has nobody wait for long");
        assert_eq!(named(&store, "call_personal_%").await, days);
        reader.rollback().await.expect("ended");
        assert_eq!(drop_all(&store, "call_personal").await, 1);
        assert_eq!(named(&store, "call_personal_%").await, days[1..]);

        // Attempts of May are kept until the end of August.
        store.env.advance(TimeDelta::days(52) - TimeDelta::seconds(1));
        drop_all(&store, "attempt").await;
        assert_eq!(named(&store, "attempt_%").await, ["attempt_203805", "attempt_203806", "attempt_203807", "attempt_203808"]);
        store.env.advance(TimeDelta::seconds(1));
        assert_eq!(drop_all(&store, "attempt").await, 1);
        assert_eq!(named(&store, "attempt_%").await, ["attempt_203806", "attempt_203807", "attempt_203808"]);
    }
}
