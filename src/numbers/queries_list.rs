//! The tenant's list of numbers: one statement a page, one for what can be chosen from; searches look up what they need before.
//!
//! Indexes by form: order by number, prefix and range `number_pk`; last digits `number_reversed_ix`; any digits `number_suffix_pk`; order by
//! state and the filters free and assigned `number_state_ix`; pending and failed `number_activation_ix`; quarantined
//! `number_quarantine_ix`; operator `number_tenant_operator_ix`; changed `number_changed_ix`; city, country, kind and usage
//! `number_city_ix`, `number_country_ix`, `number_kind_ix`, `number_usage_ix`; tag `number_tag_pk`; people `target_name_key_ix`,
//! `target_surname_key_ix`, `target_upn_key_ix` and from there `assignment_target_ix`. Capabilities narrow what one of these finds.
//! Statements are planned for their values each time: what is right for a thousand numbers is not for a million.

use chrono::DateTime;
use chrono::Utc;
use sqlx::PgConnection;
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use uuid::Uuid;

use super::model_filter::StateFilter;
use super::model_list::NumberAsk;
use super::model_list::NumberFilter;
use super::model_list::NumberLine;
use super::model_list::Order;
use super::model_list::Place;
use super::pasted::Listed;
use super::queries_filter;
use super::queries_filter::Along;
use super::queries_filter::Plan;
use super::queries_filter::Sql;
use super::queries_filter::Tally;
use super::queries_filter::Whose;
use crate::base::Failure;
use crate::base::TenantId;
use crate::base::read_moment;

/// Choices of a filter that are offered; with more of them the filter is typed.
pub const CHOICES: i64 = 40;

/// The whole stock is counted with the choices up to here; larger ones by [`queries_filter::tally`], which looks before it counts.
const COUNTED_AT_ONCE: i64 = 2_000;

/// What stands around the rows of a page.
#[derive(Clone, Debug, Default)]
pub struct Around {
    /// How many rows the filters find.
    pub total: Tally,
    /// The operators of the tenant's numbers: id and name.
    pub operators: Vec<(Uuid, String)>,
    /// Countries of the tenant's numbers, one more than [`CHOICES`] at most.
    pub countries: Vec<String>,
    /// Cities of the tenant's numbers, one more than [`CHOICES`] at most.
    pub cities: Vec<String>,
    /// What became of a pasted list.
    pub listed: Option<Listed>,
}

/// One page of the list.
#[derive(Clone, Debug, Default)]
pub struct NumberPage {
    pub lines: Vec<NumberLine>,
    /// Rows in front of the page.
    pub earlier: bool,
    /// Rows behind the page.
    pub later: bool,
    pub around: Around,
}

/// A page of `limit` rows with what stands around it.
///
/// # Errors
/// When the database is away.
pub async fn number_page(
    conn: &mut PgConnection,
    tenant: TenantId,
    ask: &NumberAsk,
    limit: i64,
    now: DateTime<Utc>,
) -> Result<NumberPage, Failure> {
    let plan = plan(&mut *conn, tenant, ask).await?;
    let mut sql = list_sql(tenant, ask, &plan, limit + 1, now);
    let rows = sql.build().persistent(false).fetch_all(&mut *conn).await?;
    let (mut around, stock) = choices(&mut *conn, tenant, ask.filter == NumberFilter::default()).await?;
    let mut lines = read(&rows)?;
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = lines.len() > most;
    lines.truncate(most);
    let (backwards, place) = ask.reading();
    if backwards {
        lines.reverse();
    }
    let (earlier, later) = if backwards { (more, true) } else { (place.is_some(), more) };
    around.total = match stock {
        Some(stock) if stock <= COUNTED_AT_ONCE => Tally::Exactly(stock),
        _ if earlier || later => total(conn, tenant, ask, (plan, lines.len()), now).await?,
        _ => Tally::Exactly(i64::try_from(lines.len()).unwrap_or(limit)),
    };
    Ok(NumberPage { lines, earlier, later, around })
}

/// At most `limit` rows of the list and nothing else, forwards.
///
/// # Errors
/// When the database is away.
pub async fn numbers(
    conn: &mut PgConnection,
    tenant: TenantId,
    ask: &NumberAsk,
    limit: i64,
    now: DateTime<Utc>,
) -> Result<Vec<NumberLine>, Failure> {
    let plan = plan(&mut *conn, tenant, ask).await?;
    let mut sql = list_sql(tenant, ask, &plan, limit, now);
    let rows = sql.build().persistent(false).fetch_all(conn).await?;
    read(&rows)
}

/// How many rows the list has, counted, [`queries_filter::COUNTED`] + 1 at most. For what must be exact, not for pages.
///
/// # Errors
/// When the database is away.
pub async fn count(conn: &mut PgConnection, tenant: TenantId, ask: &NumberAsk, now: DateTime<Utc>) -> Result<i64, Failure> {
    let along = Along { by_number: true, ..Along::default() };
    let plan = queries_filter::prepare(&mut *conn, &Whose::Tenant(tenant.0), &ask.filter.stock, &along).await?;
    queries_filter::count(conn, |sql| {
        sql.push("from number n");
        push_where(sql, tenant, &ask.filter, &plan, now);
    })
    .await
}

async fn plan(conn: &mut PgConnection, tenant: TenantId, ask: &NumberAsk) -> Result<Plan, Failure> {
    let (backwards, place) = ask.reading();
    let along = Along {
        by_number: ask.order == Order::Number,
        falls: ask.falls != backwards,
        place: place.map(|place| place.e164.clone()),
    };
    queries_filter::prepare(conn, &Whose::Tenant(tenant.0), &ask.filter.stock, &along).await
}

/// How many there are in all; the place of the page does not count.
async fn total(
    conn: &mut PgConnection,
    tenant: TenantId,
    ask: &NumberAsk,
    (plan, shown): (Plan, usize),
    now: DateTime<Utc>,
) -> Result<Tally, Failure> {
    let plan = if ask.reading().1.is_none() {
        plan
    } else {
        let along = Along { by_number: true, ..Along::default() };
        queries_filter::prepare(&mut *conn, &Whose::Tenant(tenant.0), &ask.filter.stock, &along).await?
    };
    queries_filter::tally(conn, &plan, shown, |sql| {
        sql.push("from number n");
        push_where(sql, tenant, &ask.filter, &plan, now);
    })
    .await
}

/// What can be chosen from. Values are reached one by one through their index, never by reading the numbers that have them, so that one
/// plan is right for stocks of any size and is kept. With `counted` also how many numbers there are, [`COUNTED_AT_ONCE`] + 1 at most.
async fn choices(conn: &mut PgConnection, tenant: TenantId, counted: bool) -> Result<(Around, Option<i64>), Failure> {
    let mut sql = Sql::new("select ");
    push_choices(&mut sql, tenant);
    if counted {
        sql.push(", (select count(*) from (select from number n where n.tenant_id = ").push_bind(tenant.0);
        sql.push(" limit ").push_bind(COUNTED_AT_ONCE + 1).push(") as c) as stock");
    }
    let row = sql.build().fetch_one(conn).await?;
    let stock = if counted { Some(row.try_get("stock")?) } else { None };
    let around = Around {
        total: Tally::default(),
        operators: row.try_get::<Json<_>, _>("operators")?.0,
        countries: row.try_get("countries")?,
        cities: row.try_get("cities")?,
        listed: None,
    };
    Ok((around, stock))
}

fn read(rows: &[PgRow]) -> Result<Vec<NumberLine>, Failure> {
    Ok(rows.iter().map(sqlx::FromRow::from_row).collect::<Result<_, sqlx::Error>>()?)
}

fn list_sql(tenant: TenantId, ask: &NumberAsk, plan: &Plan, limit: i64, now: DateTime<Utc>) -> Sql {
    let mut sql = Sql::new(
        "select n.e164, n.operator_id, o.name as operator_name, n.country, n.kind, n.usage, n.capabilities, n.city, n.city_key,
         n.activation_state, n.assignment_status, n.pending_since,
         nullif(n.quarantine_until, 'infinity') as quarantine_until, coalesce(n.quarantine_until = 'infinity', false) as quarantine_forever,
         exists (select from number_reservation r where r.tenant_id = n.tenant_id and r.e164 = n.e164) as reserved,
         n.number_seq, n.version, a.target_id, a.target_name, a.category, n.changed_at,
         array(select t.tag from number_tag t where t.tenant_id = n.tenant_id and t.e164 = n.e164 order by t.tag) as tags
         from number n
         join operator o on o.id = n.operator_id
         left join assignment a on a.tenant_id = n.tenant_id and a.e164 = n.e164 and a.ended_at is null",
    );
    push_where(&mut sql, tenant, &ask.filter, plan, now);
    let (backwards, place) = ask.reading();
    let falls = ask.falls != backwards;
    if let (Some(place), Some(column)) = (place, key_column(ask.order)) {
        push_place(&mut sql, ask.order, column, place, falls);
    }
    let way = if falls { " desc" } else { "" };
    sql.push(" order by ");
    if let Some(column) = key_column(ask.order) {
        sql.push(column).push(way).push(", ");
    }
    sql.push("n.e164").push(way).push(" limit ").push_bind(limit);
    sql
}

const fn key_column(order: Order) -> Option<&'static str> {
    match order {
        Order::Number => None,
        Order::State => Some("n.assignment_status"),
        Order::Operator => Some("n.operator_id"),
        Order::City => Some("n.city_key"),
        Order::Usage => Some("n.usage"),
        Order::Changed => Some("n.changed_at"),
    }
}

/// A row comparison, so that the index of the order is entered at the place. The order by number has its place among the bounds.
fn push_place(sql: &mut Sql, order: Order, column: &'static str, place: &Place, falls: bool) {
    sql.push(" and (").push(column).push(", n.e164").push(if falls { ") < (" } else { ") > (" });
    match order {
        Order::Number | Order::State | Order::City | Order::Usage => {
            sql.push_bind(place.key.clone()).push(", ");
        }
        Order::Operator => {
            sql.push_bind(Uuid::try_parse(&place.key).unwrap_or_default()).push(", ");
        }
        Order::Changed => {
            let at = read_moment(&place.key).unwrap_or_default();
            sql.push_bind(at).push(", ");
        }
    }
    sql.push_bind(place.e164.clone()).push(")");
}

/// Operators, countries and cities to choose from, as three scalars.
fn push_choices(sql: &mut Sql, tenant: TenantId) {
    sql.push("(select coalesce(json_agg(json_build_array(p.id, p.name) order by p.name), '[]') from operator p where p.id = any(");
    push_values(sql, tenant, "operator_id", "operator_id", "00000000-0000-0000-0000-000000000000");
    sql.push("))) as operators, ");
    push_values(sql, tenant, "country", "country", "");
    sql.push(" limit ").push_bind(CHOICES + 1).push(") as countries, ");
    push_values(sql, tenant, "city_key", "city", "");
    sql.push(" limit ").push_bind(CHOICES + 1).push(") as cities");
}

/// The values of a column of the tenant's numbers behind `first`, as an array that is left open for a limit. Each is the next one of
/// an index that is ordered by it: no statistics make the planner read all numbers for it, as they did with `exists`.
fn push_values(sql: &mut Sql, tenant: TenantId, column: &'static str, shown: &'static str, first: &'static str) {
    let next = |sql: &mut Sql| {
        sql.push("(select x.").push(column).push(" as key, x.").push(shown).push(" as word from number x where x.tenant_id = ");
        sql.push_bind(tenant.0).push(" and x.").push(column).push(" > ");
    };
    let end = |sql: &mut Sql| {
        sql.push(" order by x.").push(column).push(" limit 1)");
    };
    sql.push("array(with recursive c as (");
    next(sql);
    sql.push("'").push(first).push("'");
    end(sql);
    sql.push(" union all select y.key, y.word from c cross join lateral ");
    next(sql);
    sql.push("c.key");
    end(sql);
    sql.push(" as y) select c.word from c");
}

fn push_where(sql: &mut Sql, tenant: TenantId, filter: &NumberFilter, plan: &Plan, now: DateTime<Utc>) {
    sql.push(" where n.tenant_id = ").push_bind(tenant.0);
    match filter.state {
        Some(StateFilter::Free) => {
            sql.push(" and n.assignment_status = 'unassigned' and (n.quarantine_until is null or n.quarantine_until <= ");
            sql.push_bind(now).push(")");
            sql.push(" and not exists (select from number_reservation r where r.tenant_id = n.tenant_id and r.e164 = n.e164)");
        }
        Some(StateFilter::Assigned) => {
            sql.push(" and n.assignment_status <> 'unassigned'");
        }
        Some(StateFilter::Pending) => queries_filter::push_pending(sql),
        Some(StateFilter::Failed) => queries_filter::push_failed(sql),
        Some(StateFilter::Quarantined) => queries_filter::push_quarantined(sql, now),
        Some(StateFilter::Reserved) => {
            sql.push(" and n.e164 in (select r.e164 from number_reservation r where r.tenant_id = ").push_bind(tenant.0);
            queries_filter::push_bounds(sql, "r.e164", plan);
            sql.push(")");
        }
        None => {}
    }
    if let Some(operator) = filter.operator {
        sql.push(" and n.operator_id = ").push_bind(operator);
    }
    if let Some(tag) = &filter.tag {
        sql.push(" and n.e164 in (select g.e164 from number_tag g where g.tenant_id = ").push_bind(tenant.0);
        sql.push(" and g.tag = ").push_bind(tag.clone());
        queries_filter::push_bounds(sql, "g.e164", plan);
        sql.push(")");
    }
    if let Some(target) = &filter.assigned_to {
        sql.push(" and n.e164 in (select w.e164 from assignment w where w.ended_at is null and w.tenant_id = ").push_bind(tenant.0);
        sql.push(" and w.target_id in (select ")
            .push_bind(target.clone())
            .push(" union all select p.id from target p where p.tenant_id = ");
        sql.push_bind(tenant.0).push(" and p.upn_key = ").push_bind(target.to_lowercase()).push("))");
    }
    queries_filter::push_stock(sql, &filter.stock, plan, now);
}
