//! SQL that counts what a decision touches and how far leaving has come. Needs a reach over the pair.

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use sqlx::PgConnection;

use super::directory::Effects;
use super::directory::Leaving;
use super::queries_directory;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::TenantId;

/// What suspending, resuming or withdrawing touches now. Calls are counted by days already rolled up: the pair's lock is held.
pub(super) async fn effects(
    conn: &mut PgConnection,
    tenant: TenantId,
    operator: OperatorId,
    now: DateTime<Utc>,
) -> Result<Effects, Failure> {
    let (waiting, _) = queries_directory::waiting(conn, tenant, operator).await?;
    let row = sqlx::query!(
        r#"select n.numbers as "numbers!", n.assigned as "assigned!", n.emergency as "emergency!",
             (select count(*) from change_set s
              where s.tenant_id = $1 and s.state in ('draft', 'checked', 'running') and exists (
                select from change_set_row r join number n on n.tenant_id = r.tenant_id and n.e164 = r.e164
                where r.tenant_id = s.tenant_id and r.set_id = s.id and n.operator_id = $2)) as "open_sets!",
             u.calls as "calls!", u.awaited as "awaited!"
           from (
             select count(*) as numbers, count(*) filter (where assignment_status <> 'unassigned') as assigned,
                    count(*) filter (where assignment_status <> 'unassigned' and emergency_location_id is not null) as emergency
             from number where tenant_id = $1 and operator_id = $2) n
           cross join (
             select coalesce(sum(calls) filter (where day >= $3), 0)::bigint as calls, coalesce(sum(awaiting_calls), 0)::bigint as awaited
             from usage_day where tenant_id = $1 and operator_id = $2 and day >= $4) u"#,
        tenant.0,
        operator.0,
        (now - TimeDelta::days(30)).date_naive(),
        (now - TimeDelta::days(60)).date_naive()
    )
    .fetch_one(conn)
    .await?;
    Ok(Effects {
        numbers: row.numbers,
        assigned: row.assigned,
        emergency: row.emergency,
        open_sets: row.open_sets,
        waiting,
        calls: row.calls,
        awaited: row.awaited,
    })
}

/// How far leaving an operator has come.
pub(super) async fn leaving(conn: &mut PgConnection, tenant: TenantId, operator: OperatorId) -> Result<Leaving, Failure> {
    let row = sqlx::query!(
        r#"select count(*) as "numbers!", count(*) filter (where n.assignment_status <> 'unassigned') as "assigned!",
                  count(*) filter (where n.assignment_status = 'unassigned' and n.activation_state <> 'activated') as "untold!",
                  count(*) filter (where n.emergency_location_id is not null) as "emergency!",
                  count(*) filter (where r.state = 'open' and n.assignment_status = 'unassigned') as "asked!",
                  min(r.requested_at) filter (where r.state = 'open') as asked_since,
                  count(*) filter (where r.state = 'declined') as "declined!"
           from number n
           left join lateral (
             select state, requested_at from release_request q
             where q.tenant_id = n.tenant_id and q.e164 = n.e164 and q.operator_id = $2 and q.state <> 'withdrawn'
             order by q.id desc limit 1) r on true
           where n.tenant_id = $1 and n.operator_id = $2"#,
        tenant.0,
        operator.0
    )
    .fetch_one(&mut *conn)
    .await?;
    let sets = sqlx::query!(
        r#"select s.id, s.name, s.state from change_set s
           where s.tenant_id = $1 and s.state in ('draft', 'checked', 'running') and exists (
             select from change_set_row r join number n on n.tenant_id = r.tenant_id and n.e164 = r.e164
             where r.tenant_id = s.tenant_id and r.set_id = s.id and n.operator_id = $2)
           order by s.created_at limit 20"#,
        tenant.0,
        operator.0
    )
    .fetch_all(conn)
    .await?;
    Ok(Leaving {
        numbers: row.numbers,
        assigned: row.assigned,
        untold: row.untold,
        asked: row.asked,
        asked_since: row.asked_since,
        declined: row.declined,
        open_sets: sets.into_iter().map(|set| (set.id, set.name, set.state)).collect(),
        emergency: row.emergency,
    })
}
