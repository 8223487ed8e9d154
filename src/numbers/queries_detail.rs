//! Reads about one number: its facts, who had it, what happened. Index of each: the primary key of its table.

use chrono::DateTime;
use chrono::Utc;
use serde::Serialize;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::base::E164;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::TenantId;
use crate::base::write_time;

/// Everything a tenant sees of one number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct NumberDetail {
    pub e164: String,
    pub operator_id: Uuid,
    pub operator_name: String,
    #[serde(skip)]
    pub operator_slug: String,
    pub country: String,
    pub kind: String,
    pub usage: String,
    pub capabilities: Vec<String>,
    pub city: Option<String>,
    pub activation_state: String,
    pub assignment_status: String,
    pub failure_code: Option<String>,
    pub failure_reason: Option<String>,
    #[serde(serialize_with = "write_time")]
    pub quarantine_until: Option<DateTime<Utc>>,
    pub quarantine_forever: bool,
    pub reserved: Option<String>,
    pub emergency_address_mode: String,
    /// One line, null when there is none.
    pub emergency_location: Option<String>,
    pub emergency_location_id: Option<Uuid>,
    /// Null while nobody has the number.
    pub sip_uri: Option<String>,
    pub target_id: Option<String>,
    pub target_kind: Option<String>,
    #[serde(rename = "display_name")]
    pub target_name: Option<String>,
    #[serde(skip)]
    pub upn: Option<String>,
    #[serde(skip)]
    pub department: Option<String>,
    pub category: Option<String>,
    #[serde(serialize_with = "write_time")]
    pub assigned_at: Option<DateTime<Utc>>,
    pub tags: Vec<String>,
    /// Since when the operator is asked to take the number back.
    #[serde(serialize_with = "write_time")]
    pub release_requested_at: Option<DateTime<Utc>>,
    pub number_seq: i64,
    pub version: i64,
    #[serde(serialize_with = "write_time")]
    pub pending_since: Option<DateTime<Utc>>,
    #[serde(serialize_with = "write_time")]
    pub created_at: DateTime<Utc>,
    #[serde(serialize_with = "write_time")]
    pub changed_at: DateTime<Utc>,
    /// The tenant's default, in days.
    #[serde(skip)]
    pub quarantine_days: i32,
}

/// One number of a tenant.
///
/// # Errors
/// When the database is away.
pub async fn number_detail(conn: &mut PgConnection, tenant: TenantId, e164: &E164) -> Result<Option<NumberDetail>, Failure> {
    let found = sqlx::query_as!(
        NumberDetail,
        r#"select n.e164, n.operator_id, o.name as operator_name, o.slug as operator_slug, n.country, n.kind, n.usage, n.capabilities,
                  n.city, n.activation_state, n.assignment_status, n.failure_code, n.failure_reason,
                  nullif(n.quarantine_until, 'infinity') as quarantine_until,
                  coalesce(n.quarantine_until = 'infinity', false) as "quarantine_forever!",
                  r.note as "reserved?", n.emergency_mode as emergency_address_mode,
                  l.street || ' ' || l.house_number || ', ' || l.postal_code || ' ' || l.city as emergency_location,
                  n.emergency_location_id,
                  (select q.requested_at from release_request q
                   where q.tenant_id = n.tenant_id and q.e164 = n.e164 and q.state = 'open') as release_requested_at,
                  case when n.assignment_status <> 'unassigned' then 'sip:' || n.e164 || '@' || t.sip_domain || ';user=phone' end as sip_uri,
                  a.target_id as "target_id?", a.target_kind as "target_kind?", a.target_name as "target_name?", p.upn as "upn?",
                  p.department as "department?", a.category as "category?", a.assigned_at as "assigned_at?",
                  array(select g.tag from number_tag g where g.tenant_id = n.tenant_id and g.e164 = n.e164 order by g.tag) as "tags!",
                  n.number_seq, n.version, n.pending_since, n.created_at, n.changed_at, t.quarantine_days
           from number n
           join operator o on o.id = n.operator_id
           join tenant t on t.id = n.tenant_id
           left join assignment a on a.tenant_id = n.tenant_id and a.e164 = n.e164 and a.ended_at is null
           left join target p on p.tenant_id = a.tenant_id and p.id = a.target_id
           left join number_reservation r on r.tenant_id = n.tenant_id and r.e164 = n.e164
           left join emergency_location l on l.tenant_id = n.tenant_id and l.id = n.emergency_location_id
           where n.tenant_id = $1 and n.e164 = $2"#,
        tenant.0,
        e164.as_str()
    )
    .fetch_optional(conn)
    .await?;
    Ok(found)
}

/// Who has or had a number, and when; half open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Holder {
    pub target_id: String,
    pub display_name: String,
    pub category: String,
    #[serde(serialize_with = "write_time")]
    pub from: DateTime<Utc>,
    #[serde(serialize_with = "write_time")]
    pub to: Option<DateTime<Utc>>,
}

/// Everybody who has or had a number, newest first.
///
/// # Errors
/// When the database is away.
pub async fn holders(conn: &mut PgConnection, tenant: TenantId, e164: &E164) -> Result<Vec<Holder>, Failure> {
    let rows = sqlx::query_as!(
        Holder,
        r#"select target_id, target_name as display_name, category, assigned_at as "from", ended_at as "to"
           from assignment where tenant_id = $1 and e164 = $2 order by assigned_at desc limit 100"#,
        tenant.0,
        e164.as_str()
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Who had a number at a moment.
///
/// # Errors
/// When the database is away.
pub async fn holder_at(
    conn: &mut PgConnection,
    tenant: TenantId,
    e164: &E164,
    at: DateTime<Utc>,
) -> Result<Option<Holder>, Failure> {
    let row = sqlx::query_as!(
        Holder,
        r#"select target_id, target_name as display_name, category, assigned_at as "from", ended_at as "to" from assignment
           where tenant_id = $1 and e164 = $2 and assigned_at <= $3 and (ended_at is null or ended_at > $3)
           order by assigned_at desc limit 1"#,
        tenant.0,
        e164.as_str(),
        at
    )
    .fetch_optional(conn)
    .await?;
    Ok(row)
}

/// Whether the tenant has or ever had the number.
///
/// # Errors
/// When the database is away.
pub async fn was_held(conn: &mut PgConnection, tenant: TenantId, e164: &E164) -> Result<bool, Failure> {
    Ok(sqlx::query_scalar!(
        r#"select exists (select from number where tenant_id = $1 and e164 = $2)
               or exists (select from holding where tenant_id = $1 and e164 = $2) as "held!""#,
        tenant.0,
        e164.as_str()
    )
    .fetch_one(conn)
    .await?)
}

/// An entry of the timeline as kept.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeLine {
    pub id: Uuid,
    pub at: DateTime<Utc>,
    pub kind: String,
    pub actor_kind: String,
    pub operator_name: String,
    pub number_seq: Option<i64>,
    pub event_id: Option<Uuid>,
    pub order_id: Option<Uuid>,
    pub before: Option<Value>,
    pub after: Option<Value>,
    /// The tenant's own part; always `None` for an operator.
    pub actor_label: Option<String>,
    pub target_name: Option<String>,
    pub note: Option<String>,
}

/// What happened to a tenant's number, newest first, with the tenant's own part.
///
/// # Errors
/// When the database is away.
pub async fn changes(conn: &mut PgConnection, tenant: TenantId, e164: &E164, limit: i64) -> Result<Vec<ChangeLine>, Failure> {
    let rows = sqlx::query_as!(
        ChangeLine,
        r#"select c.id, c.at, c.kind, c.actor_kind, coalesce(o.name, '') as "operator_name!", c.number_seq, c.event_id, c.order_id,
                  c.before, c.after, p.actor_label as "actor_label?", p.target_name as "target_name?", p.note as "note?"
           from number_change c
           left join operator o on o.id = c.operator_id
           left join number_change_private p on p.tenant_id = c.tenant_id and p.e164 = c.e164 and p.id = c.id
           where c.tenant_id = $1 and c.e164 = $2 order by c.at desc, c.id desc limit $3"#,
        tenant.0,
        e164.as_str(),
        limit
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// What happened to an operator's number while that tenant had it, newest first, without what was withheld from it. Index
/// `number_change_operator_ix`.
///
/// # Errors
/// When the database is away.
pub async fn operator_changes(
    conn: &mut PgConnection,
    operator: OperatorId,
    tenant: TenantId,
    e164: &E164,
    limit: i64,
) -> Result<Vec<ChangeLine>, Failure> {
    let rows = sqlx::query_as!(
        ChangeLine,
        r#"select c.id, c.at, c.kind, c.actor_kind, o.name as operator_name, c.number_seq, c.event_id, c.order_id, c.before, c.after,
                  null::text as actor_label, null::text as target_name, null::text as note
           from number_change c
           join operator o on o.id = c.operator_id
           left join event e on e.operator_id = c.operator_id and e.id = c.event_id
           left join gate g on g.tenant_id = e.tenant_id and g.operator_id = e.operator_id
             and g.country = e.country and g.class = e.class
           where c.operator_id = $1 and c.tenant_id = $2 and c.e164 = $3
             and (e.class is null or (g.open and g.opening = e.opening) is true)
           order by c.at desc, c.id desc limit $4"#,
        operator.0,
        tenant.0,
        e164.as_str(),
        limit
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Host part of the tenant's SIP URIs.
///
/// # Errors
/// When the database is away.
pub async fn sip_domain(conn: &mut PgConnection, tenant: TenantId) -> Result<String, Failure> {
    Ok(sqlx::query_scalar!("select sip_domain from tenant where id = $1", tenant.0).fetch_one(conn).await?)
}
