//! What an operator reads of its numbers, over all tenants whose gate is open. Index: `number_operator_ix`, or
//! `number_operator_changed_ix` when a time is given or the order; searches by digits go tenant by tenant.

use chrono::DateTime;
use chrono::Utc;
use sqlx::PgConnection;
use uuid::Uuid;

use super::model_list::OperatorAsk;
use super::model_list::OperatorLine;
use super::model_list::Order;
use super::queries_filter;
use super::queries_filter::Along;
use super::queries_filter::Plan;
use super::queries_filter::Sql;
use super::queries_filter::Tally;
use super::queries_filter::Whose;
use crate::base::E164;
use crate::base::Failure;
use crate::base::OperatorId;

const LINE: &str =
    "select n.e164, n.tenant_id, t.name as tenant_name, n.country, n.kind, n.usage, n.capabilities, n.city, n.activation_state,
    n.assignment_status, n.assignment_status <> 'unassigned' as assigned,
    case when n.assignment_status <> 'unassigned' then 'sip:' || n.e164 || '@' || t.sip_domain || ';user=phone' end as sip_uri,
    n.emergency_mode as emergency_address_mode, n.billing_ref, n.operator_note as note, n.failure_code, n.failure_reason, n.pending_since,
    n.number_seq, n.version, n.created_at, n.changed_at
    from number n join tenant t on t.id = n.tenant_id where n.operator_id = ";

/// At most `limit` numbers in the order asked for, of the (tenant, country) pairs that may be seen; backwards when the page ends at a place.
///
/// # Errors
/// When the database is away.
pub async fn operator_numbers(
    conn: &mut PgConnection,
    operator: OperatorId,
    ask: &OperatorAsk,
    open: &[(Uuid, String)],
    limit: i64,
    now: DateTime<Utc>,
) -> Result<Vec<OperatorLine>, Failure> {
    let (backwards, place) = ask.reading();
    let falls = ask.falls != backwards;
    let by_number = ask.order == Order::Number;
    let along = Along { by_number, falls, place: place.map(|place| place.e164.clone()) };
    let plan = queries_filter::prepare(&mut *conn, &whose(operator, open), &ask.stock, &along).await?;
    let mut sql = Sql::new(LINE);
    sql.push_bind(operator.0);
    push_filters(&mut sql, ask, open, &plan, now);
    if let Some(place) = place.filter(|_| !by_number) {
        let at = place.key.parse().ok().and_then(DateTime::from_timestamp_micros).unwrap_or_default();
        sql.push(" and (n.changed_at, n.e164)").push(if falls { " < (" } else { " > (" }).push_bind(at).push(", ");
        sql.push_bind(place.e164.clone()).push(")");
    }
    let way = if falls { " desc" } else { "" };
    sql.push(" order by ");
    if !by_number {
        sql.push("n.changed_at").push(way).push(", ");
    }
    sql.push("n.e164").push(way).push(" limit ").push_bind(limit);
    Ok(sql.build_query_as().persistent(false).fetch_all(conn).await?)
}

/// How many the filters find, where a page of `shown` ones has others beside it.
///
/// # Errors
/// When the database is away.
pub async fn count_operator_numbers(
    conn: &mut PgConnection,
    operator: OperatorId,
    ask: &OperatorAsk,
    open: &[(Uuid, String)],
    shown: usize,
    now: DateTime<Utc>,
) -> Result<Tally, Failure> {
    let along = Along { by_number: true, ..Along::default() };
    let plan = queries_filter::prepare(&mut *conn, &whose(operator, open), &ask.stock, &along).await?;
    queries_filter::tally(conn, &plan, shown, |sql| {
        sql.push("from number n where n.operator_id = ").push_bind(operator.0);
        push_filters(sql, ask, open, &plan, now);
    })
    .await
}

fn whose(operator: OperatorId, open: &[(Uuid, String)]) -> Whose {
    let mut tenants: Vec<Uuid> = open.iter().map(|(tenant, _)| *tenant).collect();
    tenants.sort_unstable();
    tenants.dedup();
    Whose::Operator(operator.0, tenants)
}

fn push_filters(sql: &mut Sql, ask: &OperatorAsk, open: &[(Uuid, String)], plan: &Plan, now: DateTime<Utc>) {
    let (tenants, countries): (Vec<Uuid>, Vec<String>) = open.iter().cloned().unzip();
    sql.push(" and (n.tenant_id, n.country) in (select * from unnest(").push_bind(tenants);
    sql.push("::uuid[], ").push_bind(countries).push("::text[]))");
    if let Some(tenant) = ask.tenant {
        sql.push(" and n.tenant_id = ").push_bind(tenant);
    }
    match ask.assigned {
        Some(true) => {
            sql.push(" and n.assignment_status <> 'unassigned'");
        }
        Some(false) => {
            sql.push(" and n.assignment_status = 'unassigned'");
        }
        None => {}
    }
    if ask.pending {
        queries_filter::push_pending(sql);
    }
    if ask.refused {
        queries_filter::push_failed(sql);
    }
    if ask.quarantined {
        queries_filter::push_quarantined(sql, now);
    }
    queries_filter::push_stock(sql, &ask.stock, plan, now);
}

/// One number of the operator.
///
/// # Errors
/// When the database is away.
pub async fn operator_number(conn: &mut PgConnection, operator: OperatorId, e164: &E164) -> Result<Option<OperatorLine>, Failure> {
    let mut sql = Sql::new(LINE);
    sql.push_bind(operator.0).push(" and n.e164 = ").push_bind(e164.as_str().to_owned());
    Ok(sql.build_query_as().fetch_optional(conn).await?)
}

/// A customer to choose from.
#[derive(Clone, Debug)]
pub struct TenantChoice {
    pub id: Uuid,
    pub slug: String,
    pub name: String,
}

/// Names of tenants, by name.
///
/// # Errors
/// When the database is away.
pub async fn tenant_choices(conn: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<TenantChoice>, Failure> {
    Ok(sqlx::query_as!(TenantChoice, "select id, slug, name from tenant where id = any($1) order by name", ids)
        .fetch_all(conn)
        .await?)
}
