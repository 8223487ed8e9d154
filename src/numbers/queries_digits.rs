//! Any digits of a number. They end either before its last two digits, then `number_suffix` knows the blocks that hold them; or in the
//! last two, then they are one of eleven ranges on the reversed number. Blocks hold up to a hundred numbers, so both are small.

use sqlx::PgConnection;
use uuid::Uuid;

use super::model_filter::range_end;
use super::queries_filter::Along;
use super::queries_filter::LOOKED_UP;
use super::queries_filter::Sql;
use super::queries_filter::Whose;
use super::queries_filter::ceiling;
use super::queries_filter::reversed;
use crate::base::Failure;

/// More blocks than these are not looked into one by one.
const BLOCKS: i64 = if cfg!(test) { 6 } else { 30 };
/// Suffixes have at least three digits: fewer digits stand in nearly every page anyway.
const SHORTEST: usize = 3;

/// What a search for digits comes to.
#[derive(Clone, Debug)]
pub(super) enum Digits {
    /// All of them.
    Found(Vec<String>),
    /// Too many to look up: the list is walked, from `start` on or up to `end` when it is sorted by number.
    Many { start: Option<String>, end: Option<String>, about: Option<i64> },
}

/// The tenants to look into, and the operator whose numbers count.
struct Axis {
    tenants: Vec<Uuid>,
    operator: Option<Uuid>,
}

impl Axis {
    fn push_operator(&self, sql: &mut Sql, alias: &str) {
        if let Some(operator) = self.operator {
            sql.push(" and ").push(alias).push(".operator_id = ").push_bind(operator);
        }
    }
}

/// Looks digits up, or where a walk has to begin.
///
/// # Errors
/// When the database is away.
pub(super) async fn look_up(conn: &mut PgConnection, whose: &Whose, digits: &str, along: &Along) -> Result<Digits, Failure> {
    let many = Digits::Many { start: None, end: None, about: None };
    if digits.len() < SHORTEST {
        return Ok(many);
    }
    let axis = match whose {
        Whose::Tenant(tenant) => Axis { tenants: vec![*tenant], operator: None },
        Whose::Operator(operator, tenants) => Axis { tenants: tenants.clone(), operator: Some(*operator) },
    };
    if digits.len() > SHORTEST {
        let blocks = blocks(&mut *conn, &axis, digits).await?;
        if blocks.len() <= usize::try_from(BLOCKS).unwrap_or(usize::MAX) {
            let found = numbers(&mut *conn, &axis, digits, &blocks).await?;
            if found.len() <= LOOKED_UP {
                return Ok(Digits::Found(found));
            }
        }
    }
    if along.by_number { walk(conn, &axis, digits, along).await } else { Ok(many) }
}

/// Blocks whose digits hold these, one more than [`BLOCKS`] at most.
async fn blocks(conn: &mut PgConnection, axis: &Axis, digits: &str) -> Result<Vec<(Uuid, String)>, Failure> {
    let mut sql = Sql::new("select s.tenant_id, s.block from unnest(");
    sql.push_bind(axis.tenants.clone()).push("::uuid[]) as t (id) cross join lateral (");
    sql.push("select s.tenant_id, s.block from number_suffix s where s.tenant_id = t.id and s.suffix >= ");
    sql.push_bind(digits.to_owned()).push(" and s.suffix < ").push_bind(range_end(digits));
    axis.push_operator(&mut sql, "s");
    sql.push(" limit ").push_bind(BLOCKS + 1).push(") as s limit ").push_bind(BLOCKS + 1);
    Ok(sql.build_query_as().persistent(false).fetch_all(conn).await?)
}

/// Beginnings of the reversed number for digits that end in its last two digits.
fn endings(digits: &str) -> Vec<String> {
    let turned = reversed(digits);
    let mut starts = vec![turned.clone()];
    starts.extend((0..10).map(|last| format!("{last}{turned}")));
    starts
}

fn ends(starts: &[String]) -> Vec<String> {
    starts.iter().map(|start| range_end(start)).collect()
}

/// The numbers themselves. `lateral` with a limit keeps the planner from joining the other way round.
async fn numbers(conn: &mut PgConnection, axis: &Axis, digits: &str, blocks: &[(Uuid, String)]) -> Result<Vec<String>, Failure> {
    let mut sql = Sql::new("select distinct e164 from (");
    push_endings(&mut sql, axis, digits, "m.e164");
    let (tenants, starts): (Vec<Uuid>, Vec<String>) = blocks.iter().cloned().unzip();
    sql.push(" union all select m.e164 from unnest(").push_bind(tenants).push("::uuid[], ").push_bind(starts.clone());
    sql.push("::text[], ").push_bind(ends(&starts)).push("::text[]) as b (id, first, past) cross join lateral (");
    sql.push("select m.e164 from number m where m.tenant_id = b.id and m.e164 >= b.first and m.e164 < b.past");
    axis.push_operator(&mut sql, "m");
    sql.push(" limit ").push_bind(ceiling()).push(") as m) as found limit ").push_bind(ceiling());
    Ok(sql.build_query_scalar().persistent(false).fetch_all(conn).await?)
}

fn push_endings(sql: &mut Sql, axis: &Axis, digits: &str, what: &'static str) {
    let starts = endings(digits);
    sql.push("select ")
        .push(what)
        .push(" from unnest(")
        .push_bind(axis.tenants.clone())
        .push("::uuid[]) as t (id) cross join unnest(");
    sql.push_bind(starts.clone()).push("::text[], ").push_bind(ends(&starts));
    sql.push("::text[]) as r (first, past) cross join lateral (select m.e164 from number m where m.tenant_id = t.id");
    sql.push(" and m.e164_reversed >= r.first and m.e164_reversed < r.past");
    axis.push_operator(sql, "m");
    sql.push(" limit 20000) as m");
}

/// Where the first match behind the place stands, and about how many there are.
async fn walk(conn: &mut PgConnection, axis: &Axis, digits: &str, along: &Along) -> Result<Digits, Failure> {
    let (least, than) = if along.falls { ("max", " < ") } else { ("min", " > ") };
    // A block that ends behind the place; the other way round, one that begins in front of it.
    let (edge, first) = if along.falls { ("s.block", "past") } else { ("s.past", "block") };
    let mut sql =
        Sql::new("with s as materialized (select s.tenant_id, s.block, s.block || ':' as past from number_suffix s where");
    sql.push(" s.tenant_id = any (").push_bind(axis.tenants.clone()).push(") and s.suffix >= ").push_bind(digits.to_owned());
    sql.push(" and s.suffix < ").push_bind(range_end(digits));
    axis.push_operator(&mut sql, "s");
    sql.push("), e as materialized (");
    push_endings(&mut sql, axis, digits, "m.e164");
    sql.push("), taken as (select * from s limit 10) select (select ")
        .push(least)
        .push("(s.")
        .push(first)
        .push(") from s where true");
    if let Some(place) = &along.place {
        sql.push(" and ").push(edge).push(than).push_bind(place.clone());
    }
    sql.push("), (select ").push(least).push("(e.e164) from e where true");
    if let Some(place) = &along.place {
        sql.push(" and e.e164").push(than).push_bind(place.clone());
    }
    sql.push("), (select count(distinct s.block) from s), (select count(*) from e), (select count(*) from taken), ");
    sql.push("(select count(*) from taken cross join lateral (select from number m where m.tenant_id = taken.tenant_id");
    sql.push(" and m.e164 >= taken.block and m.e164 < taken.past limit 1000) as m)");
    type Row = (Option<String>, Option<String>, i64, i64, i64, i64);
    let row: Row = sql.build_query_as().persistent(false).fetch_one(conn).await?;
    let (block, ending, blocks, endings, taken, inside) = row;
    let about = Some(blocks * inside / taken.max(1) + endings);
    Ok(match (block, ending) {
        (None, None) => Digits::Found(Vec::new()),
        // What is past a block's numbers is past none of them itself.
        (block, ending) if along.falls => {
            let end = block.into_iter().chain(ending.map(|number| range_end(&number))).max();
            Digits::Many { start: None, end, about }
        }
        (block, ending) => Digits::Many { start: block.into_iter().chain(ending).min(), end: None, about },
    })
}
