//! SQL of days of durations.

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::Utc;
use chrono_tz::Tz;
use sqlx::PgConnection;
use sqlx::postgres::types::PgInterval;

use super::duration_days::ClosedDay;
use super::duration_days::DUE;
use super::duration_days::DurationDay;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::TenantId;

/// Every day `[from, to)` in a zone with what is there of it.
pub(super) async fn coverage(
    conn: &mut PgConnection,
    operator: OperatorId,
    (from, to): (NaiveDate, NaiveDate),
    zone: Tz,
) -> Result<Vec<DurationDay>, Failure> {
    let due = PgInterval::try_from(DUE).map_err(|error| anyhow::anyhow!("{error}"))?;
    let rows = sqlx::query!(
        r#"with there as (
             select (at at time zone $4)::date as day, count(*) as rows, sum(duration_ms)::bigint as duration_ms,
                    count(*) filter (where received_at > ((at at time zone $4)::date::timestamp + $5::interval) at time zone $4) as late,
                    max(received_at) as last
             from duration_record
             where operator_id = $1 and not withdrawn
               and at >= $2::date::timestamp at time zone $4 and at < $3::date::timestamp at time zone $4
             group by 1)
           select d::date as "day!", coalesce(t.rows, 0) as "rows!", coalesce(t.duration_ms, 0) as "duration_ms!",
                  coalesce(t.late, 0) as "late!", t.last as "last?", c.rows as "closed_rows?", c.duration_ms as "closed_ms?",
                  c.closed_at as "closed_at?"
           from generate_series($2::date::timestamp, ($3::date - 1)::timestamp, interval '1 day') as d
           left join there t on t.day = d::date
           left join duration_day c on c.operator_id = $1 and c.day = d::date and $4 = 'UTC'
           order by 1"#,
        operator.0,
        from,
        to,
        zone.name(),
        due
    )
    .fetch_all(conn)
    .await?;
    let day = rows.into_iter().map(|r| DurationDay {
        day: r.day,
        rows: r.rows,
        duration_ms: r.duration_ms,
        late_rows: r.late,
        last_received_at: r.last,
        closed: match (r.closed_rows, r.closed_ms, r.closed_at) {
            (Some(rows), Some(duration_ms), Some(at)) => Some(ClosedDay { rows, duration_ms, at }),
            _ => None,
        },
    });
    Ok(day.collect())
}

/// When the operator's first batch came.
pub(super) async fn first_batch(conn: &mut PgConnection, operator: OperatorId) -> Result<Option<DateTime<Utc>>, Failure> {
    let first =
        sqlx::query_scalar!("select received_at from duration_batch where operator_id = $1 order by id limit 1", operator.0)
            .fetch_optional(conn)
            .await?;
    Ok(first)
}

/// Keeps that a day is closed.
pub(super) async fn put_day(
    conn: &mut PgConnection,
    operator: OperatorId,
    day: NaiveDate,
    (rows, duration_ms): (i64, i64),
    at: DateTime<Utc>,
    by: &str,
) -> Result<(), Failure> {
    sqlx::query!(
        "insert into duration_day (operator_id, day, rows, duration_ms, closed_at, closed_by) values ($1, $2, $3, $4, $5, $6)
         on conflict (operator_id, day) do update
           set rows = excluded.rows, duration_ms = excluded.duration_ms, closed_at = excluded.closed_at, closed_by = excluded.closed_by",
        operator.0,
        day,
        rows,
        duration_ms,
        at,
        by
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Tells every customer of whose numbers the operator served one that day; answers them.
pub(super) async fn tell_day(
    conn: &mut PgConnection,
    operator: OperatorId,
    day: NaiveDate,
    at: DateTime<Utc>,
) -> Result<Vec<TenantId>, Failure> {
    let tenants = sqlx::query_scalar!(
        "insert into duration_day_told (tenant_id, operator_id, day, closed_at)
         select tenant_id, $1, $2, $3 from holding
         where operator_id = $1 and held_from < ($2::date + 1)::timestamp at time zone 'UTC'
           and (held_until is null or held_until > $2::date::timestamp at time zone 'UTC')
         group by tenant_id order by tenant_id
         on conflict (tenant_id, operator_id, day) do update set closed_at = excluded.closed_at
         returning tenant_id",
        operator.0,
        day,
        at
    )
    .fetch_all(conn)
    .await?;
    Ok(tenants.into_iter().map(TenantId).collect())
}
