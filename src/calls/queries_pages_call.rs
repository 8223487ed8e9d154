//! One call with everything around it. Indexes: `call_record_id_ix`, and the primary key of each other table.

use chrono::DateTime;
use chrono::Utc;
use serde_json::Value;
use sqlx::PgConnection;
use sqlx::Postgres;
use sqlx::QueryBuilder;
use uuid::Uuid;

use super::queries_pages::CallLine;
use super::queries_pages::push_around;
use super::queries_pages::push_line;
use crate::base::CallId;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::TenantId;

/// A call with what its own page shows beside the line of the list.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct CallDetail {
    #[sqlx(flatten)]
    pub line: CallLine,
    pub call_id: String,
    pub leg_id: String,
    pub version: i32,
    pub call_type: Option<String>,
    pub sip_call_id: Option<String>,
    pub correlation_id: Option<String>,
    pub operator_ref: Option<String>,
    pub platform_subcode: Option<i32>,
    pub sip_phrase: Option<String>,
    pub codec: Option<String>,
    /// The tenant's own name of a place in its network.
    pub network_name: Option<String>,
    /// `[{at, side, method, code, phrase}]`.
    pub signalling: Option<Value>,
    pub withheld: Option<String>,
    pub received_at: DateTime<Utc>,
}

const MORE: &str = ", c.call_id, c.leg_id, c.version, c.call_type, c.sip_call_id, c.correlation_id, c.operator_ref,
    c.platform_subcode, c.sip_phrase, c.codec, c.network_name, c.signalling, c.withheld, c.received_at";

fn detail_sql() -> QueryBuilder<'static, Postgres> {
    let mut sql = QueryBuilder::new("select ");
    push_line(&mut sql);
    sql.push(MORE).push(" from call_record c");
    push_around(&mut sql);
    sql
}

/// A tenant's call.
///
/// # Errors
/// When the database is away.
pub async fn tenant_call(conn: &mut PgConnection, tenant: TenantId, id: CallId) -> Result<Option<CallDetail>, Failure> {
    let mut sql = detail_sql();
    sql.push(" where c.tenant_id = ").push_bind(tenant.0).push(" and c.id = ").push_bind(id.0);
    sql.push(" and not c.tenant_mismatch");
    Ok(sql.build_query_as().fetch_optional(conn).await?)
}

/// A call of an operator with one of these tenants, withheld or not.
///
/// # Errors
/// When the database is away.
pub async fn operator_call(
    conn: &mut PgConnection,
    operator: OperatorId,
    tenants: &[Uuid],
    id: CallId,
) -> Result<Option<CallDetail>, Failure> {
    let mut sql = detail_sql();
    sql.push(" where c.tenant_id = any(").push_bind(tenants.to_vec()).push(") and c.id = ").push_bind(id.0);
    sql.push(" and c.operator_id = ").push_bind(operator.0);
    Ok(sql.build_query_as().fetch_optional(conn).await?)
}

/// What is kept of the device for 28 days only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonalLine {
    pub client_ip: Option<String>,
    pub client_os: Option<String>,
    pub user_agent: Option<String>,
}

/// The personal fields of a tenant's call, unless it is older than `oldest`: they leave by whole days, a little later.
///
/// # Errors
/// When the database is away.
pub async fn personal(conn: &mut PgConnection, call: &CallDetail, oldest: DateTime<Utc>) -> Result<Option<PersonalLine>, Failure> {
    Ok(sqlx::query_as!(
        PersonalLine,
        "select client_ip, client_os, user_agent from call_personal
         where tenant_id = $1 and call_id = $2 and leg_id = $3 and invited_at = $4 and invited_at >= $5",
        call.line.tenant_id,
        call.call_id,
        call.leg_id,
        call.line.invited_at,
        oldest
    )
    .fetch_optional(conn)
    .await?)
}

/// Who had a number when it was called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HolderThen {
    pub name: String,
    pub since: DateTime<Utc>,
    /// `None`: has it still.
    pub until: Option<DateTime<Utc>>,
}

/// The person or app that had the tenant's number at the time of the call.
///
/// # Errors
/// When the database is away.
pub async fn holder_then(conn: &mut PgConnection, call: &CallDetail) -> Result<Option<HolderThen>, Failure> {
    Ok(sqlx::query_as!(
        HolderThen,
        "select target_name as name, assigned_at as since, ended_at as until from assignment
         where tenant_id = $1 and e164 = $2 and assigned_at <= $3 and (ended_at is null or ended_at > $3)
         order by assigned_at desc limit 1",
        call.line.tenant_id,
        call.line.e164,
        call.line.invited_at
    )
    .fetch_optional(conn)
    .await?)
}

/// From when to when the tenant held the number with the operator, at the time of the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldingThen {
    pub operator_id: Uuid,
    pub since: DateTime<Utc>,
    pub until: Option<DateTime<Utc>>,
}

/// The holding of the number at the time of the call. An operator sees its own only.
///
/// # Errors
/// When the database is away.
pub async fn holding_then(conn: &mut PgConnection, call: &CallDetail) -> Result<Option<HoldingThen>, Failure> {
    Ok(sqlx::query_as!(
        HoldingThen,
        "select operator_id, held_from as since, held_until as until from holding
         where tenant_id = $1 and e164 = $2 and held_from <= $3 and (held_until is null or held_until > $3)
         order by held_from desc limit 1",
        call.line.tenant_id,
        call.line.e164,
        call.line.invited_at
    )
    .fetch_optional(conn)
    .await?)
}
