//! What filters and searches make of the `where` of a list of numbers, for tenants and operators alike.
//!
//! Row security lets only leakproof comparisons into an index, so every search is a range or an equality. Whatever bounds the number
//! itself (range, prefix, the place of the page) is said to inner selects too, so that none of them reads what lies in front of the page.
//! A search that finds few is looked up first and handed over as a list; one that finds many is judged row by row in the list's own order,
//! where the next page is never far.

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use serde_json::Value;
use sqlx::PgConnection;
use sqlx::Postgres;
use sqlx::QueryBuilder;
use sqlx::types::Json;
use uuid::Uuid;

use super::model_filter::Search;
use super::model_filter::StockFilter;
use super::model_filter::range_end;
use super::queries_digits;
use super::queries_digits::Digits;
use super::queries_number_lists;
use crate::base::Failure;

/// Counted exactly up to here.
pub const COUNTED: i64 = 10_000;
/// A count whose plan costs more than this is not run (planner's units; a page costs about 100).
const COSTLY: f64 = 1_500.0;
/// What a search may find to be looked up first.
pub(super) const LOOKED_UP: usize = if cfg!(test) { 40 } else { 3000 };

pub(super) type Sql = QueryBuilder<'static, Postgres>;

/// Whose numbers are listed.
#[derive(Clone, Debug)]
pub(super) enum Whose {
    Tenant(Uuid),
    /// An operator's, of these tenants.
    Operator(Uuid, Vec<Uuid>),
}

impl Whose {
    const fn org(&self) -> Uuid {
        match self {
            Self::Tenant(id) | Self::Operator(id, _) => *id,
        }
    }
}

/// Where the page stands, when the list is sorted by number.
#[derive(Clone, Debug, Default)]
pub(super) struct Along {
    /// The list is sorted by number.
    pub by_number: bool,
    /// It is read downwards.
    pub falls: bool,
    /// The number next to the page.
    pub place: Option<String>,
}

/// What is known before the list is read.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    /// Comparison and text: what every e164 of the list keeps.
    bounds: Vec<(&'static str, String)>,
    /// Each a list of numbers that holds whatever is found.
    only: Vec<Vec<String>>,
    /// Digits or words that are judged row by row.
    walked: Option<Walked>,
    /// Nothing can be found.
    nothing: bool,
}

#[derive(Clone, Debug)]
enum Walked {
    Digits(String, Option<i64>),
    Words(String),
}

/// How many there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tally {
    Exactly(i64),
    /// By the database's statistics.
    About(i64),
    MoreThan(i64),
}

impl Default for Tally {
    fn default() -> Self {
        Self::Exactly(0)
    }
}

/// Looks up what has to be known first: the pasted list, the numbers of a search that finds few.
///
/// # Errors
/// When the database is away.
pub(super) async fn prepare(conn: &mut PgConnection, whose: &Whose, filter: &StockFilter, along: &Along) -> Result<Plan, Failure> {
    let mut plan = Plan::default();
    if let Some(from) = &filter.from {
        plan.bounds.push((" >= ", from.clone()));
    }
    if let Some(to) = &filter.to {
        plan.bounds.push((" < ", range_end(to)));
    }
    if let Some(place) = along.place.as_ref().filter(|_| along.by_number) {
        plan.bounds.push((if along.falls { " < " } else { " > " }, place.clone()));
    }
    plan.only.extend(filter.numbers.clone());
    if let Some(list) = filter.list {
        let listed = queries_number_lists::find(&mut *conn, whose.org(), list).await?;
        plan.only.push(listed.map(|listed| listed.numbers).unwrap_or_default());
    }
    match (&filter.search, whose) {
        (Some(Search::Prefix(prefix)), _) => {
            plan.bounds.push((" >= ", prefix.clone()));
            plan.bounds.push((" < ", range_end(prefix)));
        }
        (Some(Search::Digits(digits)), _) => match queries_digits::look_up(&mut *conn, whose, digits, along).await? {
            Digits::Found(numbers) => plan.only.push(numbers),
            Digits::Many { start, end, about } => {
                plan.bounds.extend(start.map(|start| (" >= ", start)));
                plan.bounds.extend(end.map(|end| (" < ", end)));
                plan.walked = Some(Walked::Digits(digits.clone(), about));
            }
        },
        (Some(Search::Words(words)), Whose::Tenant(tenant)) => {
            let found = by_words(&mut *conn, *tenant, words).await?;
            if found.len() <= LOOKED_UP {
                plan.only.push(found);
            } else {
                plan.walked = Some(Walked::Words(words.clone()));
            }
        }
        // An operator knows nobody.
        (Some(Search::Words(_)), Whose::Operator(..)) => plan.nothing = true,
        (Some(Search::Ends(_)) | None, _) => {}
    }
    Ok(plan)
}

/// Numbers of people whose name, surname or address begins so, and those with this tag; one more than [`LOOKED_UP`] at most.
async fn by_words(conn: &mut PgConnection, tenant: Uuid, words: &str) -> Result<Vec<String>, Failure> {
    let mut sql = Sql::new("select w.e164 from (");
    for (n, column) in ["p.name_key", "p.surname_key", "p.upn_key"].into_iter().enumerate() {
        if n > 0 {
            sql.push(" union all ");
        }
        sql.push("(select p.id from target p where p.tenant_id = ").push_bind(tenant).push(" and ");
        push_range(&mut sql, column, words);
        sql.push(" limit ").push_bind(ceiling()).push(")");
    }
    sql.push(") as found cross join lateral (select w.e164 from assignment w where w.target_id = found.id and w.ended_at is null");
    sql.push(" and w.tenant_id = ").push_bind(tenant).push(" limit ").push_bind(ceiling()).push(") as w");
    sql.push(" union select g.e164 from number_tag g where g.tag = ").push_bind(words.to_owned());
    sql.push(" and g.tenant_id = ").push_bind(tenant).push(" limit ").push_bind(ceiling());
    Ok(sql.build_query_scalar().persistent(false).fetch_all(conn).await?)
}

/// One more than may be looked up.
pub(super) fn ceiling() -> i64 {
    i64::try_from(LOOKED_UP).unwrap_or(i64::MAX).saturating_add(1)
}

/// The common filters, after the `where` of the axis; the table is `n`.
pub(super) fn push_stock(sql: &mut Sql, filter: &StockFilter, plan: &Plan, now: DateTime<Utc>) {
    if plan.nothing {
        sql.push(" and false");
    }
    push_bounds(sql, "n.e164", plan);
    let words = [
        (" and n.country = ", &filter.country),
        (" and n.city_key = ", &filter.city),
        (" and n.kind = ", &filter.kind),
        (" and n.usage = ", &filter.usage),
    ];
    for (clause, word) in words {
        if let Some(word) = word {
            sql.push(clause).push_bind(word.clone());
        }
    }
    if let Some(capability) = &filter.capability {
        sql.push(" and ").push_bind(capability.clone()).push(" = any (n.capabilities)");
    }
    if let Some(minutes) = filter.pending_over {
        push_pending(sql);
        sql.push(" and n.pending_since < ").push_bind(now - TimeDelta::minutes(i64::from(minutes)));
    }
    if let Some(since) = filter.changed_since {
        sql.push(" and n.changed_at >= ").push_bind(since);
    }
    for numbers in &plan.only {
        sql.push(" and n.e164 = any (").push_bind(numbers.clone()).push(")");
    }
    match (&plan.walked, &filter.search) {
        (Some(Walked::Digits(digits, _)), _) => {
            sql.push(" and strpos(n.e164, ").push_bind(digits.clone()).push(") > 0");
        }
        (Some(Walked::Words(words)), _) => push_words(sql, words),
        (None, Some(Search::Ends(digits))) => {
            sql.push(" and ");
            push_range(sql, "n.e164_reversed", &reversed(digits));
        }
        (None, _) => {}
    }
}

/// Not told to the operator yet; said twice, so that the small index of what is not activated is seen.
pub(super) fn push_pending(sql: &mut Sql) {
    sql.push(" and n.activation_state <> 'activated' and n.activation_state in ('assignment_pending', 'update_pending')");
}

/// Refused by the operator.
pub(super) fn push_failed(sql: &mut Sql) {
    sql.push(" and n.activation_state <> 'activated' and n.activation_state in ('assignment_failed', 'update_failed')");
}

/// Nobody may have it yet.
pub(super) fn push_quarantined(sql: &mut Sql, now: DateTime<Utc>) {
    sql.push(" and n.assignment_status = 'unassigned' and n.quarantine_until is not null and n.quarantine_until > ").push_bind(now);
}

/// A scalar, not a join: the planner must not turn it around and read everybody first.
fn push_words(sql: &mut Sql, words: &str) {
    sql.push(" and coalesce((select true from assignment w join target p on p.tenant_id = w.tenant_id and p.id = w.target_id");
    sql.push(" where w.tenant_id = n.tenant_id and w.e164 = n.e164 and w.ended_at is null and (");
    push_person(sql, words);
    sql.push(") limit 1), (select true from number_tag g where g.tenant_id = n.tenant_id and g.e164 = n.e164 and g.tag = ");
    sql.push_bind(words.to_owned()).push("), false)");
}

/// What bounds the list's numbers, for a column that holds one.
pub(super) fn push_bounds(sql: &mut Sql, column: &str, plan: &Plan) {
    for (than, text) in &plan.bounds {
        sql.push(" and ").push(column).push(*than).push_bind(text.clone());
    }
}

/// The beginning of a name, a surname or an address of target `p`; `words` in lower case.
pub(super) fn push_person(sql: &mut Sql, words: &str) {
    push_range(sql, "p.name_key", words);
    sql.push(" or ");
    push_range(sql, "p.surname_key", words);
    sql.push(" or ");
    push_range(sql, "p.upn_key", words);
}

pub(super) fn push_range(sql: &mut Sql, column: &str, start: &str) {
    sql.push("(").push(column).push(" >= ").push_bind(start.to_owned());
    sql.push(" and ").push(column).push(" < ").push_bind(range_end(start)).push(")");
}

pub(super) fn reversed(text: &str) -> String {
    text.chars().rev().collect()
}

/// How many rows `from` (with its `where`) finds: counted while that is cheap, else what the planner expects; else, where it knows
/// nothing, more than the `shown` ones of a page that has others beside it.
///
/// # Errors
/// When the database is away.
pub(super) async fn tally(conn: &mut PgConnection, plan: &Plan, shown: usize, from: impl Fn(&mut Sql)) -> Result<Tally, Failure> {
    let mut sql = Sql::new("explain (format json) select ");
    from(&mut sql);
    let Json(explained) = sql.build_query_scalar::<Json<Value>>().persistent(false).fetch_one(&mut *conn).await?;
    let figure = |name: &str| explained.pointer(&format!("/0/Plan/{name}")).and_then(Value::as_f64).unwrap_or(f64::MAX);
    let (rows, cost) = (figure("Plan Rows"), figure("Total Cost"));
    let estimate = match &plan.walked {
        None => Tally::About(rounded(rows)),
        Some(Walked::Digits(_, Some(about))) => Tally::About(*about),
        // The planner knows nothing of what is judged row by row.
        Some(_) => Tally::MoreThan(i64::try_from(shown).unwrap_or(i64::MAX)),
    };
    if cost > COSTLY {
        return Ok(estimate);
    }
    Ok(match (count(conn, from).await?, estimate) {
        (n, _) if n <= COUNTED => Tally::Exactly(n),
        (n, Tally::About(about)) => Tally::About(about.max(n)),
        _ => Tally::MoreThan(COUNTED),
    })
}

/// How many rows `from` (with its `where`) finds, [`COUNTED`] + 1 at most.
///
/// # Errors
/// When the database is away.
pub(super) async fn count(conn: &mut PgConnection, from: impl Fn(&mut Sql)) -> Result<i64, Failure> {
    let mut sql = Sql::new("select count(*) from (select ");
    from(&mut sql);
    sql.push(" limit ").push_bind(COUNTED + 1).push(") as counted");
    Ok(sql.build_query_scalar().persistent(false).fetch_one(conn).await?)
}

/// Two figures of an estimate; more would feign knowledge.
#[expect(clippy::cast_possible_truncation, reason = "cut to what fits before")]
fn rounded(rows: f64) -> i64 {
    let rows = rows.clamp(0.0, 1e12).round();
    if rows < 100.0 {
        return rows as i64;
    }
    let unit = 10f64.powf(rows.log10().floor() - 1.0);
    ((rows / unit).round() * unit).round() as i64
}

#[cfg(test)]
mod tests {
    use super::rounded;

    #[test]
    fn an_estimate_has_two_figures() {
        assert_eq!((rounded(998_864.0), rounded(12_345.0), rounded(99.4), rounded(0.0)), (1_000_000, 12_000, 99, 0));
    }
}
