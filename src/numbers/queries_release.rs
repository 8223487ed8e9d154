//! SQL of release requests. Indexes: `release_request_open_uq` for one open request per number,
//! `release_request_number_ix`, `release_request_operator_ix` for the operator's inbox.

use std::collections::HashMap;

use chrono::DateTime;
use chrono::Utc;
use sqlx::PgConnection;
use uuid::Uuid;

use super::release_requests::InboxAsk;
use super::release_requests::ReleaseAsked;
use super::release_requests::ReleaseRequest;
use crate::base::E164;
use crate::base::Env;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::TenantId;

/// Opens requests; one that is open already gets the new note. One statement however many there are.
pub async fn open(conn: &mut PgConnection, env: &Env, asked: &[ReleaseAsked<'_>]) -> Result<(), Failure> {
    let tenants: Vec<Uuid> = asked.iter().map(|a| a.tenant.0).collect();
    let ids: Vec<Uuid> = asked.iter().map(|_| env.id()).collect();
    let e164s: Vec<&str> = asked.iter().map(|a| a.e164.as_str()).collect();
    let operators: Vec<Uuid> = asked.iter().map(|a| a.operator.0).collect();
    let notes: Vec<Option<&str>> = asked.iter().map(|a| a.note).collect();
    sqlx::query!(
        "insert into release_request as r (tenant_id, id, e164, operator_id, state, note, requested_at)
         select t, i, e, o, 'open', n, $6 from unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::text[]) as x(t, i, e, o, n)
         on conflict (tenant_id, e164) where state = 'open' do update set note = coalesce(excluded.note, r.note)",
        &tenants,
        &ids,
        &e164s as &[&str],
        &operators,
        &notes as &[Option<&str>],
        env.now()
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends the open requests of a tenant's numbers; answers which.
pub async fn close(
    conn: &mut PgConnection,
    tenant: TenantId,
    e164s: &[String],
    (state, reason, by): (&str, Option<&str>, Option<&str>),
    at: DateTime<Utc>,
) -> Result<Vec<String>, Failure> {
    Ok(sqlx::query_scalar!(
        "update release_request set state = $3, reason = $4, closed_by = $5, closed_at = $6
         where tenant_id = $1 and e164 = any($2) and state = 'open' returning e164",
        tenant.0,
        e164s,
        state,
        reason,
        by,
        at
    )
    .fetch_all(conn)
    .await?)
}

/// Since when the operator is asked to take these numbers back, of those for which it is.
pub async fn open_since(
    conn: &mut PgConnection,
    tenant: TenantId,
    e164s: &[String],
) -> Result<HashMap<String, DateTime<Utc>>, Failure> {
    let rows = sqlx::query!(
        "select e164, requested_at from release_request where tenant_id = $1 and e164 = any($2) and state = 'open'",
        tenant.0,
        e164s
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.e164, row.requested_at)).collect())
}

/// The number is asked for no more: whoever saw it as it was has seen an older version.
pub async fn forget(conn: &mut PgConnection, tenant: TenantId, e164: &E164, at: DateTime<Utc>) -> Result<(), Failure> {
    sqlx::query!(
        "update number set version = version + 1, changed_at = $3 where tenant_id = $1 and e164 = $2",
        tenant.0,
        e164.as_str(),
        at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The newest request for a number of the tenant.
pub async fn of_number(conn: &mut PgConnection, tenant: TenantId, e164: &E164) -> Result<Option<ReleaseRequest>, Failure> {
    Ok(sqlx::query_as!(
        ReleaseRequest,
        "select r.tenant_id, t.name as tenant_name, r.id, r.e164, r.state, r.note, r.requested_at, r.closed_at, r.reason, r.closed_by
         from release_request r join tenant t on t.id = r.tenant_id
         where r.tenant_id = $1 and r.e164 = $2 order by r.id desc limit 1",
        tenant.0,
        e164.as_str()
    )
    .fetch_optional(conn)
    .await?)
}

/// Requests to an operator, newest first; backwards when the page ends at a place.
pub async fn inbox(
    conn: &mut PgConnection,
    operator: OperatorId,
    ask: &InboxAsk,
    limit: i64,
) -> Result<Vec<ReleaseRequest>, Failure> {
    let backwards = ask.after.is_none() && ask.before.is_some();
    let mut rows = sqlx::query_as!(
        ReleaseRequest,
        "select r.tenant_id, t.name as tenant_name, r.id, r.e164, r.state, r.note, r.requested_at, r.closed_at, r.reason, r.closed_by
         from release_request r join tenant t on t.id = r.tenant_id
         where r.operator_id = $1 and (r.state = 'open') = $2 and ($3::uuid is null or r.id < $3) and ($4::uuid is null or r.id > $4)
           and ($5::uuid is null or r.tenant_id = $5)
         order by case when $6 then r.id end, r.id desc limit $7",
        operator.0,
        ask.open,
        ask.after,
        ask.before.filter(|_| backwards),
        ask.tenant,
        backwards,
        limit
    )
    .fetch_all(conn)
    .await?;
    if backwards {
        rows.reverse();
    }
    Ok(rows)
}

/// One request to an operator.
pub async fn find(conn: &mut PgConnection, operator: OperatorId, id: Uuid) -> Result<Option<ReleaseRequest>, Failure> {
    Ok(sqlx::query_as!(
        ReleaseRequest,
        "select r.tenant_id, t.name as tenant_name, r.id, r.e164, r.state, r.note, r.requested_at, r.closed_at, r.reason, r.closed_by
         from release_request r join tenant t on t.id = r.tenant_id where r.operator_id = $1 and r.id = $2",
        operator.0,
        id
    )
    .fetch_optional(conn)
    .await?)
}

/// How many requests wait for an operator, at most `most`.
pub async fn count_open(conn: &mut PgConnection, operator: OperatorId, most: i64) -> Result<i64, Failure> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "n!" from (select from release_request where operator_id = $1 and state = 'open' limit $2) as counted"#,
        operator.0,
        most
    )
    .fetch_one(conn)
    .await?)
}
