//! Targets to look at and to choose from. Indexes: `target_name_key_ix` for the order; the search goes through it,
//! `target_surname_key_ix` and `target_upn_key_ix`.

use chrono::DateTime;
use chrono::Utc;
use sqlx::PgConnection;
use sqlx::Postgres;
use sqlx::QueryBuilder;

use super::queries_filter::push_person;
use crate::base::Failure;
use crate::base::TenantId;

/// A target as listed, with the numbers it has.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Person {
    pub id: String,
    pub kind: String,
    pub display_name: String,
    pub name_key: String,
    pub upn: Option<String>,
    pub usage_location: Option<String>,
    pub licensed: bool,
    pub department: Option<String>,
    pub left_at: Option<DateTime<Utc>>,
    /// Its numbers, the primary one first.
    pub numbers: Vec<String>,
    pub has_primary: bool,
}

/// Whether a target is still there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    #[default]
    Here,
    Left,
    /// Left, and still has a number.
    LeftWithNumber,
    /// Here or left.
    Any,
}

/// What of the targets to list.
#[derive(Clone, Debug, Default)]
pub struct PeopleAsk {
    /// Beginning of name, surname or address, or the whole id.
    pub search: Option<String>,
    pub kind: Option<String>,
    /// This one alone.
    pub id: Option<String>,
    pub standing: Standing,
    /// Only with the licence, or only without.
    pub licensed: Option<bool>,
    /// ISO 3166-1 alpha-2.
    pub location: Option<String>,
    /// Only those without a number.
    pub without_number: bool,
    /// (name key, id) of the row before the page.
    pub after: Option<(String, String)>,
    /// (name key, id) of the row behind the page; `after` wins.
    pub before: Option<(String, String)>,
}

/// Targets by name; backwards when the page ends at a place.
///
/// # Errors
/// When the database is away.
pub async fn people(conn: &mut PgConnection, tenant: TenantId, ask: &PeopleAsk, limit: i64) -> Result<Vec<Person>, Failure> {
    let mut sql = QueryBuilder::<Postgres>::new(
        "select p.id, p.kind, p.display_name, p.name_key, p.upn, p.usage_location, p.licensed, p.department, p.left_at,
                array(select a.e164 from assignment a where a.tenant_id = p.tenant_id and a.target_id = p.id and a.ended_at is null
                      order by a.category = 'primary' desc, a.e164) as numbers,
                exists (select from assignment a where a.tenant_id = p.tenant_id and a.target_id = p.id and a.ended_at is null
                        and a.category = 'primary') as has_primary
         from target p where p.tenant_id = ",
    );
    sql.push_bind(tenant.0);
    push_filters(&mut sql, ask);
    let backwards = ask.after.is_none() && ask.before.is_some();
    if let Some((key, id)) = ask.after.as_ref().or(ask.before.as_ref()) {
        sql.push(if backwards { " and (p.name_key, p.id) < (" } else { " and (p.name_key, p.id) > (" });
        sql.push_bind(key.clone()).push(", ").push_bind(id.clone()).push(")");
    }
    let order = if backwards { " order by p.name_key desc, p.id desc limit " } else { " order by p.name_key, p.id limit " };
    sql.push(order).push_bind(limit);
    let mut rows: Vec<Person> = sql.build_query_as().fetch_all(conn).await?;
    if backwards {
        rows.reverse();
    }
    Ok(rows)
}

fn push_filters(sql: &mut QueryBuilder<'static, Postgres>, ask: &PeopleAsk) {
    const HAS: &str =
        "exists (select from assignment a where a.tenant_id = p.tenant_id and a.target_id = p.id and a.ended_at is null)";
    match ask.standing {
        Standing::Here => {
            sql.push(" and p.left_at is null");
        }
        Standing::Left => {
            sql.push(" and p.left_at is not null");
        }
        Standing::LeftWithNumber => {
            sql.push(" and p.left_at is not null and ").push(HAS);
        }
        Standing::Any => {}
    }
    if let Some(id) = &ask.id {
        sql.push(" and p.id = ").push_bind(id.clone());
    }
    if let Some(kind) = &ask.kind {
        sql.push(" and p.kind = ").push_bind(kind.clone());
    }
    if let Some(licensed) = ask.licensed {
        sql.push(" and p.licensed = ").push_bind(licensed);
    }
    if let Some(location) = &ask.location {
        sql.push(" and p.usage_location = ").push_bind(location.clone());
    }
    if ask.without_number {
        sql.push(" and not ").push(HAS);
    }
    if let Some(search) = &ask.search {
        sql.push(" and (p.id = ").push_bind(search.clone()).push(" or ");
        push_person(sql, &search.to_lowercase());
        sql.push(")");
    }
}

/// How many targets the filters find, at most `most`.
///
/// # Errors
/// When the database is away.
pub async fn count_people(conn: &mut PgConnection, tenant: TenantId, ask: &PeopleAsk, most: i64) -> Result<i64, Failure> {
    let mut sql = QueryBuilder::<Postgres>::new("select count(*) from (select from target p where p.tenant_id = ");
    sql.push_bind(tenant.0);
    push_filters(&mut sql, ask);
    sql.push(" limit ").push_bind(most).push(") as counted");
    Ok(sql.build_query_scalar().fetch_one(conn).await?)
}

/// How many numbers are held by targets that left, at most 1,000. Index: `target_left_ix`, `assignment_held_ix`.
///
/// # Errors
/// When the database is away.
pub async fn held_by_left(conn: &mut PgConnection, tenant: TenantId) -> Result<i64, Failure> {
    Ok(sqlx::query_scalar!(
        r#"select count(*) as "n!" from (
             select from target t join assignment a on a.tenant_id = t.tenant_id and a.target_id = t.id and a.ended_at is null
             where t.tenant_id = $1 and t.left_at is not null limit 1000) as counted"#,
        tenant.0
    )
    .fetch_one(conn)
    .await?)
}

/// A number that a target has or had.
#[derive(Clone, Debug)]
pub struct Held {
    pub e164: String,
    pub category: String,
    pub assigned_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
    /// Who serves the number now; none when it is no longer in stock.
    pub operator: Option<String>,
    pub activation_state: Option<String>,
}

/// The numbers of a target, those it has first, then by when they ended; the newest 200. Index: `assignment_target_ix`.
///
/// # Errors
/// When the database is away.
pub async fn held(conn: &mut PgConnection, tenant: TenantId, target: &str) -> Result<Vec<Held>, Failure> {
    Ok(sqlx::query_as!(
        Held,
        r#"select a.e164, a.category, a.assigned_at, a.ended_at, o.name as "operator?", n.activation_state as "activation_state?"
           from assignment a
           left join number n on n.tenant_id = a.tenant_id and n.e164 = a.e164
           left join operator o on o.id = n.operator_id
           where a.tenant_id = $1 and a.target_id = $2
           order by a.ended_at desc nulls first, a.category = 'primary' desc, a.e164 limit 200"#,
        tenant.0,
        target
    )
    .fetch_all(conn)
    .await?)
}
