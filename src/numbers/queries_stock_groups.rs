//! Numbers in stock by group. Counted from `number_stock_ix` and `number_operator_stock_ix` alone; the pace from
//! `assignment_begun_ix` and `assignment_ended_ix`, for operators from `number_change_pace_ix`.

use chrono::DateTime;
use chrono::Utc;
use sqlx::PgConnection;

use super::stock::Group;
use super::stock::GroupKey;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::TenantId;

/// A tenant's groups, by operator, country, area and kind.
pub async fn of_tenant(
    conn: &mut PgConnection,
    tenant: TenantId,
    now: DateTime<Utc>,
    since: DateTime<Utc>,
) -> Result<Vec<Group>, Failure> {
    let groups = sqlx::query_as!(
        Group,
        r#"with counted as (
             select n.operator_id, n.country, n.kind, coalesce(n.city, '') as area, count(*) as total,
                    count(*) filter (where n.assignment_status <> 'unassigned') as assigned,
                    count(*) filter (where n.assignment_status = 'unassigned' and n.quarantine_until > $2) as quarantined
             from number n where n.tenant_id = $1 group by 1, 2, 3, 4),
           kept as (
             select n.operator_id, n.country, n.kind, coalesce(n.city, '') as area, count(*) as reserved
             from number_reservation r join number n on n.tenant_id = r.tenant_id and n.e164 = r.e164
             where r.tenant_id = $1 and n.assignment_status = 'unassigned'
               and (n.quarantine_until is null or n.quarantine_until <= $2)
             group by 1, 2, 3, 4),
           moved as (
             select a.e164, 1 as begun, 0 as ended from assignment a
             where a.tenant_id = $1 and a.assigned_at > $3 and a.assigned_at <= $2
             union all
             select a.e164, 0, 1 from assignment a where a.tenant_id = $1 and a.ended_at > $3 and a.ended_at <= $2),
           pace as (
             select n.operator_id, n.country, n.kind, coalesce(n.city, '') as area, sum(m.begun)::bigint as begun,
                    sum(m.ended)::bigint as ended
             from moved m join number n on n.tenant_id = $1 and n.e164 = m.e164 group by 1, 2, 3, 4)
           select c.operator_id as party, o.name as party_name, c.country, c.area as "area!", c.kind, c.total as "total!",
                  c.assigned as "assigned!", c.quarantined as "quarantined!", coalesce(k.reserved, 0) as "reserved!",
                  c.total - c.assigned - c.quarantined - coalesce(k.reserved, 0) as "free!", coalesce(p.begun, 0) as "begun!",
                  coalesce(p.ended, 0) as "ended!", s.percent as "percent?"
           from counted c
           join operator o on o.id = c.operator_id
           left join kept k on (k.operator_id, k.country, k.kind, k.area) = (c.operator_id, c.country, c.kind, c.area)
           left join pace p on (p.operator_id, p.country, p.kind, p.area) = (c.operator_id, c.country, c.kind, c.area)
           left join stock_threshold s on s.tenant_id = $1
             and (s.operator_id, s.country, s.kind, s.area) = (c.operator_id, c.country, c.kind, c.area)
           order by o.name, c.country, c.area, c.kind"#,
        tenant.0,
        now,
        since
    )
    .fetch_all(conn)
    .await?;
    Ok(groups)
}

/// How many of a tenant's groups are low; `usual`: the share in percent where the tenant chose none.
///
/// # Errors
/// When the database is away.
pub async fn low_groups(conn: &mut PgConnection, tenant: TenantId, now: DateTime<Utc>, usual: i32) -> Result<i64, Failure> {
    Ok(sqlx::query_scalar!(
        r#"with counted as (
             select n.operator_id, n.country, n.kind, coalesce(n.city, '') as area, count(*) as total,
                    count(*) filter (where n.assignment_status = 'unassigned'
                                       and (n.quarantine_until is null or n.quarantine_until <= $2)) as rested
             from number n where n.tenant_id = $1 group by 1, 2, 3, 4),
           kept as (
             select n.operator_id, n.country, n.kind, coalesce(n.city, '') as area, count(*) as reserved
             from number_reservation r join number n on n.tenant_id = r.tenant_id and n.e164 = r.e164
             where r.tenant_id = $1 and n.assignment_status = 'unassigned'
               and (n.quarantine_until is null or n.quarantine_until <= $2)
             group by 1, 2, 3, 4)
           select count(*) as "n!"
           from counted c
           left join kept k on (k.operator_id, k.country, k.kind, k.area) = (c.operator_id, c.country, c.kind, c.area)
           left join stock_threshold s on s.tenant_id = $1
             and (s.operator_id, s.country, s.kind, s.area) = (c.operator_id, c.country, c.kind, c.area)
           where (c.rested - coalesce(k.reserved, 0)) * 100 < c.total * coalesce(s.percent, $3)"#,
        tenant.0,
        now,
        usual
    )
    .fetch_one(conn)
    .await?)
}

/// An operator's groups, by customer, country, area and kind. Reservations and shares of tenants are not its own to see.
pub async fn of_operator(
    conn: &mut PgConnection,
    operator: OperatorId,
    now: DateTime<Utc>,
    since: DateTime<Utc>,
) -> Result<Vec<Group>, Failure> {
    let groups = sqlx::query_as!(
        Group,
        r#"with counted as (
             select n.tenant_id, n.country, n.kind, coalesce(n.city, '') as area, count(*) as total,
                    count(*) filter (where n.assignment_status <> 'unassigned') as assigned,
                    count(*) filter (where n.assignment_status = 'unassigned' and n.quarantine_until > $2) as quarantined
             from number n where n.operator_id = $1 group by 1, 2, 3, 4),
           pace as (
             select n.tenant_id, n.country, n.kind, coalesce(n.city, '') as area,
                    count(*) filter (where m.kind = 'assigned') as begun, count(*) filter (where m.kind = 'unassigned') as ended
             from number_change m join number n on n.tenant_id = m.tenant_id and n.e164 = m.e164
             where m.operator_id = $1 and m.at > $3 and m.at <= $2 and m.kind in ('assigned', 'unassigned')
               and m.actor_kind <> 'platform'
             group by 1, 2, 3, 4)
           select c.tenant_id as party, t.name as party_name, c.country, c.area as "area!", c.kind, c.total as "total!",
                  c.assigned as "assigned!", c.quarantined as "quarantined!", 0::bigint as "reserved!",
                  c.total - c.assigned - c.quarantined as "free!", coalesce(p.begun, 0) as "begun!",
                  coalesce(p.ended, 0) as "ended!", null::int as "percent?"
           from counted c
           join tenant t on t.id = c.tenant_id
           left join pace p on (p.tenant_id, p.country, p.kind, p.area) = (c.tenant_id, c.country, c.kind, c.area)
           order by t.name, c.country, c.area, c.kind"#,
        operator.0,
        now,
        since
    )
    .fetch_all(conn)
    .await?;
    Ok(groups)
}

/// Whether the tenant has numbers in the group.
pub async fn known(conn: &mut PgConnection, tenant: TenantId, key: &GroupKey) -> Result<bool, Failure> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from number where tenant_id = $1 and operator_id = $2 and country = $3 and kind = $4
                          and coalesce(city, '') = $5) as "found!""#,
        tenant.0,
        key.party,
        key.country,
        key.kind,
        key.area
    )
    .fetch_one(conn)
    .await?)
}

/// Writes the share of a group, or takes it back.
pub async fn set_threshold(
    conn: &mut PgConnection,
    tenant: TenantId,
    key: &GroupKey,
    percent: Option<i32>,
    at: DateTime<Utc>,
) -> Result<(), Failure> {
    let Some(percent) = percent else {
        sqlx::query!(
            "delete from stock_threshold where tenant_id = $1 and operator_id = $2 and country = $3 and kind = $4 and area = $5",
            tenant.0,
            key.party,
            key.country,
            key.kind,
            key.area
        )
        .execute(conn)
        .await?;
        return Ok(());
    };
    sqlx::query!(
        "insert into stock_threshold (tenant_id, operator_id, country, kind, area, percent, changed_at) values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (tenant_id, operator_id, country, area, kind) do update
           set percent = excluded.percent, changed_at = excluded.changed_at",
        tenant.0,
        key.party,
        key.country,
        key.kind,
        key.area,
        percent,
        at
    )
    .execute(conn)
    .await?;
    Ok(())
}
