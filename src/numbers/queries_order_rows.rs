//! SQL of orders and their rows.

use chrono::DateTime;
use chrono::Utc;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::order_apply::Outcome;
use super::orders::Order;
use super::orders::OrderAsk;
use super::orders::OrderRow;
use super::orders::Planned;
use super::queries::word;
use super::words::OrderKind;
use super::words::Source;
use crate::base::Actor;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::OrderId;
use crate::base::TenantId;

/// Keeps an order, to be worked on.
pub async fn insert_order(
    conn: &mut PgConnection,
    (operator, id): (OperatorId, OrderId),
    (kind, source): (OrderKind, Source),
    rows: usize,
    actor: &Actor,
    at: DateTime<Utc>,
) -> Result<(), Failure> {
    sqlx::query!(
        "insert into number_order (operator_id, id, kind, source, state, rows, actor_kind, actor_label, created_at)
         values ($1, $2, $3, $4, 'queued', $5, $6, $7, $8)",
        operator.0,
        id.0,
        kind.as_str(),
        source.as_str(),
        i32::try_from(rows).unwrap_or(i32::MAX),
        actor.kind(),
        actor.label(),
        at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Keeps the rows of an order; those with a verdict are done.
pub async fn insert_rows(conn: &mut PgConnection, operator: OperatorId, order: OrderId, rows: &[Planned]) -> Result<(), Failure> {
    let numbers: Vec<i32> = rows.iter().map(|r| r.row).collect();
    let e164s: Vec<&str> = rows.iter().map(|r| r.e164.as_str()).collect();
    let tenants: Vec<Option<Uuid>> = rows.iter().map(|r| r.tenant.map(|tenant| tenant.0)).collect();
    let inputs: Vec<Value> = rows.iter().map(|r| r.input.clone()).collect();
    let outcomes: Vec<Option<&str>> = rows.iter().map(|r| r.verdict.as_ref().map(|_| "rejected")).collect();
    let codes: Vec<Option<&str>> = rows.iter().map(|r| r.verdict.as_ref().map(|v| v.code)).collect();
    let fields: Vec<Option<&str>> = rows.iter().map(|r| r.verdict.as_ref().map(|v| v.field)).collect();
    let values: Vec<Option<&str>> = rows.iter().map(|r| r.verdict.as_ref().and_then(|v| v.value.as_deref())).collect();
    let fixes: Vec<Option<&str>> = rows.iter().map(|r| r.verdict.as_ref().map(|v| v.fix.as_str())).collect();
    sqlx::query!(
        "insert into number_order_row (operator_id, order_id, row, e164, tenant_id, input, outcome, code, field, value, fix)
         select $1, $2, * from unnest($3::int[], $4::text[], $5::uuid[], $6::jsonb[], $7::text[], $8::text[], $9::text[], $10::text[],
                                      $11::text[])",
        operator.0,
        order.0,
        &numbers,
        &e164s as &[&str],
        &tenants as &[Option<Uuid>],
        &inputs,
        &outcomes as &[Option<&str>],
        &codes as &[Option<&str>],
        &fields as &[Option<&str>],
        &values as &[Option<&str>],
        &fixes as &[Option<&str>]
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A tenant with rows still to be done.
pub async fn next_tenant(conn: &mut PgConnection, operator: OperatorId, order: OrderId) -> Result<Option<TenantId>, Failure> {
    let tenant = sqlx::query_scalar!(
        r#"select tenant_id as "tenant!" from number_order_row
           where operator_id = $1 and order_id = $2 and outcome is null and tenant_id is not null order by row limit 1"#,
        operator.0,
        order.0
    )
    .fetch_optional(conn)
    .await?;
    Ok(tenant.map(TenantId))
}

/// The kind of an order that is not finished, locked until the transaction ends.
pub async fn lock_order(conn: &mut PgConnection, operator: OperatorId, order: OrderId) -> Result<Option<OrderKind>, Failure> {
    let kind = sqlx::query_scalar!(
        "select kind from number_order where operator_id = $1 and id = $2 and state in ('queued', 'running') for update",
        operator.0,
        order.0
    )
    .fetch_optional(conn)
    .await?;
    kind.map(|kind| word(OrderKind::parse, &kind)).transpose()
}

/// Rows of one tenant still to be done: row and what it says.
pub async fn undone(
    conn: &mut PgConnection,
    operator: OperatorId,
    order: OrderId,
    tenant: TenantId,
    limit: i64,
) -> Result<Vec<(i32, Value)>, Failure> {
    let rows = sqlx::query!(
        "select row, input from number_order_row
         where operator_id = $1 and order_id = $2 and tenant_id = $3 and outcome is null order by row limit $4",
        operator.0,
        order.0,
        tenant.0,
        limit
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.row, row.input)).collect())
}

/// Says what became of rows and that the order is under way.
pub async fn settle_rows(
    conn: &mut PgConnection,
    operator: OperatorId,
    order: OrderId,
    outcomes: &[Outcome],
) -> Result<(), Failure> {
    let rows: Vec<i32> = outcomes.iter().map(|(row, _)| *row).collect();
    let codes: Vec<Option<&str>> = outcomes.iter().map(|(_, v)| v.as_ref().map(|v| v.code)).collect();
    let fields: Vec<Option<&str>> = outcomes.iter().map(|(_, v)| v.as_ref().map(|v| v.field)).collect();
    let values: Vec<Option<&str>> = outcomes.iter().map(|(_, v)| v.as_ref().and_then(|v| v.value.as_deref())).collect();
    let fixes: Vec<Option<&str>> = outcomes.iter().map(|(_, v)| v.as_ref().map(|v| v.fix.as_str())).collect();
    sqlx::query!(
        "update number_order_row t
         set outcome = case when c is null then 'accepted' else 'rejected' end, code = c, field = f, value = v, fix = x.fix
         from unnest($3::int[], $4::text[], $5::text[], $6::text[], $7::text[]) as x(r, c, f, v, fix)
         where t.operator_id = $1 and t.order_id = $2 and t.row = x.r",
        operator.0,
        order.0,
        &rows,
        &codes as &[Option<&str>],
        &fields as &[Option<&str>],
        &values as &[Option<&str>],
        &fixes as &[Option<&str>]
    )
    .execute(&mut *conn)
    .await?;
    let rejected = codes.iter().filter(|code| code.is_some()).count();
    sqlx::query!(
        "update number_order set state = 'running', accepted = accepted + $3, rejected = rejected + $4 where operator_id = $1 and id = $2",
        operator.0,
        order.0,
        i32::try_from(rows.len() - rejected).unwrap_or(i32::MAX),
        i32::try_from(rejected).unwrap_or(i32::MAX)
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Counts the rows once more and ends the order, unless rows are still to be done.
pub async fn finish(conn: &mut PgConnection, operator: OperatorId, order: OrderId, at: DateTime<Utc>) -> Result<(), Failure> {
    sqlx::query!(
        "update number_order o
         set accepted = c.accepted, rejected = c.rejected, finished_at = $3,
             state = case when c.rejected = 0 then 'succeeded' when c.accepted = 0 then 'failed' else 'partial' end
         from (select count(*) filter (where outcome = 'accepted')::int as accepted,
                      count(*) filter (where outcome = 'rejected')::int as rejected,
                      count(*) filter (where outcome is null) as undone
               from number_order_row where operator_id = $1 and order_id = $2) c
         where o.operator_id = $1 and o.id = $2 and o.state in ('queued', 'running') and c.undone = 0",
        operator.0,
        order.0,
        at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Orders of all operators that are not finished, oldest first.
pub async fn unfinished(conn: &mut PgConnection, limit: i64) -> Result<Vec<(OperatorId, OrderId)>, Failure> {
    let rows = sqlx::query!(
        "select operator_id, id from number_order where state in ('queued', 'running') order by created_at, id limit $1",
        limit
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (OperatorId(row.operator_id), OrderId(row.id))).collect())
}

/// One order of the operator, or its newest ones when none is named.
pub async fn orders(conn: &mut PgConnection, operator: OperatorId, id: Option<OrderId>, limit: i64) -> Result<Vec<Order>, Failure> {
    Ok(sqlx::query_as!(
        Order,
        "select id, kind, source, state, rows, accepted, rejected, actor_kind, actor_label, created_at, finished_at from number_order
         where operator_id = $1 and ($2::uuid is null or id = $2) order by id desc limit $3",
        operator.0,
        id.map(|id| id.0),
        limit
    )
    .fetch_all(conn)
    .await?)
}

/// Orders of the operator, newest first; backwards when the page ends at a place.
pub async fn list(conn: &mut PgConnection, operator: OperatorId, ask: &OrderAsk, limit: i64) -> Result<Vec<Order>, Failure> {
    let backwards = ask.after.is_none() && ask.before.is_some();
    let mut rows = sqlx::query_as!(
        Order,
        "select id, kind, source, state, rows, accepted, rejected, actor_kind, actor_label, created_at, finished_at from number_order
         where operator_id = $1 and ($2::text is null or kind = $2) and ($3::text is null or state = $3)
           and ($4::uuid is null or id < $4) and ($5::uuid is null or id > $5)
         order by case when $6 then id end, id desc limit $7",
        operator.0,
        ask.kind,
        ask.state,
        ask.after,
        ask.before.filter(|_| backwards),
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

/// Rows of an order after a position, with one outcome or any.
pub async fn rows(
    conn: &mut PgConnection,
    operator: OperatorId,
    order: OrderId,
    outcome: Option<&str>,
    after: i32,
    limit: i64,
) -> Result<Vec<OrderRow>, Failure> {
    Ok(sqlx::query_as!(
        OrderRow,
        "select row, e164, outcome, code, field, value, fix from number_order_row
         where operator_id = $1 and order_id = $2 and ($3::text is null or outcome = $3) and row > $4 order by row limit $5",
        operator.0,
        order.0,
        outcome,
        after,
        limit
    )
    .fetch_all(conn)
    .await?)
}
