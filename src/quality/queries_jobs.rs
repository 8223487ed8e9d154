//! SQL of the rollup, over all organisations.

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::Utc;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::base::Failure;
use crate::base::TenantId;
use crate::consent::Spell;

/// A change that was taken: calls of this tenant ended on this UTC day, or did so before their record was replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Touched {
    pub tenant: Uuid,
    pub day: NaiveDate,
}

/// Takes up to `limit` entries off the change list; `None` while another process takes some, so that no two recompute one day.
pub async fn take(conn: &mut PgConnection, list: &str, limit: i64) -> Result<Option<Vec<Touched>>, Failure> {
    let mine = sqlx::query_scalar!(r#"select pg_try_advisory_xact_lock(hashtextextended($1, 0)) as "mine!""#, list)
        .fetch_one(&mut *conn)
        .await?;
    if !mine {
        return Ok(None);
    }
    let taken = sqlx::query_as!(
        Touched,
        r#"delete from change c using (
             select tenant_id, id from change where list = $1 order by id limit $2) d
           where c.tenant_id = d.tenant_id and c.id = d.id
           returning c.tenant_id as tenant, coalesce(c.day, (c.at at time zone 'UTC')::date) as "day!""#,
        list,
        limit
    )
    .fetch_all(conn)
    .await?;
    Ok(Some(taken))
}

/// Removes a stretch of hours of a tenant from both tables.
pub async fn clear(conn: &mut PgConnection, tenant: TenantId, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<(), Failure> {
    sqlx::query!(
        "with gone as (delete from quality_network_hour where tenant_id = $1 and hour >= $2 and hour < $3)
         delete from quality_hour where tenant_id = $1 and hour >= $2 and hour < $3",
        tenant.0,
        from,
        to
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Counts the calls of a tenant that ended from `from` on and before `to` into both tables. Calls are found by `invited_at`, up to
/// 24 hours before `from`, and longer ones by their own index. `spells` say when the gate for quality was open.
pub async fn count(
    conn: &mut PgConnection,
    tenant: TenantId,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    spells: &[Spell],
) -> Result<(), Failure> {
    let operators: Vec<Uuid> = spells.iter().map(|spell| spell.operator.0).collect();
    let countries: Vec<String> = spells.iter().map(|spell| spell.country.clone()).collect();
    let opened: Vec<DateTime<Utc>> = spells.iter().map(|spell| spell.from).collect();
    let closed: Vec<Option<DateTime<Utc>>> = spells.iter().map(|spell| spell.until).collect();
    sqlx::query!(
        "with ended as materialized (
           select call_id, leg_id, invited_at, ended_at, operator_id, direction, e164, country, coalesce(other_country, '') as other_country,
                  coalesce(network_name, '') as network_name, ringing_at, answered_at is not null as answered, coalesce(talk_ms, 0) as talk_ms,
                  quality, tenant_mismatch, counts_as_effective(answered_at is not null, ringing_at is not null, sip_code) as effective
           from call_record
           where tenant_id = $1 and invited_at >= $2::timestamptz - interval '24 hours' and invited_at < $3 and ended_at >= $2 and ended_at < $3
             and ended_at - invited_at <= interval '24 hours'
           union all
           select call_id, leg_id, invited_at, ended_at, operator_id, direction, e164, country, coalesce(other_country, ''),
                  coalesce(network_name, ''), ringing_at, answered_at is not null, coalesce(talk_ms, 0),
                  quality, tenant_mismatch, counts_as_effective(answered_at is not null, ringing_at is not null, sip_code)
           from call_record
           where tenant_id = $1 and ended_at >= $2 and ended_at < $3 and ended_at - invited_at > interval '24 hours'),
         networks as (
           insert into quality_network_hour (tenant_id, hour, operator_id, direction, network_name, calls, good, poor, unclassified)
           select $1, date_trunc('hour', ended_at, 'UTC') as hour, operator_id, direction, network_name, count(*),
                  count(*) filter (where quality = 'good'), count(*) filter (where quality = 'poor'),
                  count(*) filter (where quality = 'unclassified')
           from ended where not tenant_mismatch
           group by hour, operator_id, direction, network_name)
         insert into quality_hour (tenant_id, hour, operator_id, direction, e164, country, other_country, shared, mismatch, calls, answered, effective,
                                   talk_ms, good, poor, unclassified, pdd_n, pdd_ms, mos_n, mos_sum)
         select $1, date_trunc('hour', c.ended_at, 'UTC') as hour, c.operator_id, c.direction, c.e164, c.country, c.other_country, g.shared, c.tenant_mismatch,
                count(*), count(*) filter (where c.answered), count(*) filter (where c.effective),
                coalesce(sum(c.talk_ms) filter (where c.answered), 0)::bigint,
                count(*) filter (where c.quality = 'good'), count(*) filter (where c.quality = 'poor'),
                count(*) filter (where c.quality = 'unclassified'),
                count(c.ringing_at), coalesce(sum(extract(epoch from c.ringing_at - c.invited_at) * 1000), 0)::bigint,
                coalesce(sum(m.n), 0)::bigint, coalesce(sum(m.total), 0)
         from ended c
         cross join lateral (
           select exists (
             select from unnest($4::uuid[], $5::text[], $6::timestamptz[], $7::timestamptz[]) as s (operator_id, country, opened, closed)
             where s.operator_id = c.operator_id and s.country = c.country and c.ended_at >= s.opened
               and (s.closed is null or c.ended_at < s.closed)) as shared) g
         left join lateral (
           select count(s.mos_computed) as n, sum(s.mos_computed) as total from stream s
           where s.tenant_id = $1 and s.call_id = c.call_id and s.leg_id = c.leg_id and s.invited_at = c.invited_at) m on true
         group by hour, c.operator_id, c.direction, c.e164, c.country, c.other_country, g.shared, c.tenant_mismatch",
        tenant.0,
        from,
        to,
        &operators,
        &countries,
        &opened,
        &closed as &[Option<DateTime<Utc>>]
    )
    .execute(conn)
    .await?;
    Ok(())
}
