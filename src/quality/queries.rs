//! SQL that reads the counts. The same statements serve both sides: a tenant reads its own rows, an operator those of its customers
//! that are shared and whose gate is open. A call of a number that another tenant held then is the operator's alone. No statement here that an operator's reads use names a network.

use chrono::DateTime;
use chrono::Utc;
use sqlx::PgConnection;
use uuid::Uuid;

use super::ask::Slice;
use super::model::Counts;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::TenantId;

/// Who reads.
#[derive(Clone, Debug)]
pub enum Reader {
    /// Its own rows; the other party is the operator.
    Tenant(TenantId),
    /// Rows of customers and countries whose gate is open; the other party is the tenant.
    Operator { operator: OperatorId, open: Vec<(Uuid, String)> },
}

impl Reader {
    /// Tenant, operator, party as a tenant, party as an operator, the open pairs column by column.
    fn parts(&self, party: Option<Uuid>) -> Parts {
        match self {
            Self::Tenant(tenant) => Parts { tenant: Some(tenant.0), operator: party, tenants: None, countries: Vec::new() },
            Self::Operator { operator, open } => Parts {
                tenant: party,
                operator: Some(operator.0),
                tenants: Some(open.iter().map(|pair| pair.0).collect()),
                countries: open.iter().map(|pair| pair.1.clone()).collect(),
            },
        }
    }
}

struct Parts {
    tenant: Option<Uuid>,
    operator: Option<Uuid>,
    tenants: Option<Vec<Uuid>>,
    countries: Vec<String>,
}

/// Selects from the hours of a slice: `$1` to `$8` are the slice's, `$head` and `$tail` stand around.
macro_rules! over {
    ($conn:expr, $reader:expr, $slice:expr, $head:tt, $tail:tt $(, $more:expr)*) => {{
        let parts = $reader.parts($slice.party);
        sqlx::query!(
            $head
                + r#" from quality_hour q
                    where hour >= $1 and hour < $2
                      and ($3::uuid is null or tenant_id = $3)
                      and ($4::uuid is null or operator_id = $4)
                      and ($5::text is null or direction = $5)
                      and ($6::text is null or e164 = $6)
                      and case when $7::uuid[] is null then not mismatch
                          else shared and (tenant_id, country) in (select * from unnest($7::uuid[], $8::text[])) end "#
                + $tail,
            $slice.from,
            $slice.to,
            parts.tenant,
            parts.operator,
            $slice.direction,
            $slice.e164,
            parts.tenants.as_deref(),
            &parts.countries
            $(, $more)*
        )
        .fetch_all($conn)
        .await?
    }};
}

/// The counts of a row of `over!`.
macro_rules! counts {
    ($row:expr) => {
        Counts {
            calls: $row.calls,
            answered: $row.answered,
            effective: $row.effective,
            talk_ms: $row.talk_ms,
            good: $row.good,
            poor: $row.poor,
            unclassified: $row.unclassified,
            pdd_n: $row.pdd_n,
            pdd_ms_sum: $row.pdd_ms,
            mos_n: $row.mos_n,
            mos_sum: $row.mos_sum,
        }
    };
}

/// The counts with one party in one direction.
#[derive(Clone, Debug)]
pub struct PartyLine {
    pub party: Uuid,
    pub direction: String,
    pub counts: Counts,
}

/// By party and direction.
pub async fn by_party(conn: &mut PgConnection, reader: &Reader, slice: &Slice) -> Result<Vec<PartyLine>, Failure> {
    let of_operator = matches!(reader, Reader::Operator { .. });
    let rows = over!(
        conn,
        reader,
        slice,
        r#"select case when $9 then tenant_id else operator_id end as "party!", direction, sum(calls)::bigint as "calls!",
                  sum(answered)::bigint as "answered!", sum(effective)::bigint as "effective!", sum(talk_ms)::bigint as "talk_ms!",
                  sum(good)::bigint as "good!", sum(poor)::bigint as "poor!", sum(unclassified)::bigint as "unclassified!",
                  sum(pdd_n)::bigint as "pdd_n!", sum(pdd_ms)::bigint as "pdd_ms!", sum(mos_n)::bigint as "mos_n!",
                  sum(mos_sum) as "mos_sum!""#,
        r#"group by 1, 2 order by 1, 2"#,
        of_operator
    );
    Ok(rows.into_iter().map(|row| PartyLine { party: row.party, direction: row.direction, counts: counts!(row) }).collect())
}

/// Classified and poor calls with one party on one day.
#[derive(Clone, Copy, Debug)]
pub struct DayLine {
    /// Which of the days asked for, from 0.
    pub day: usize,
    pub party: Uuid,
    pub rated: i64,
    pub poor: i64,
}

/// By day and party; `starts` are the first moments of the days, in order. An hour belongs to the day in which it begins.
pub async fn by_day(
    conn: &mut PgConnection,
    reader: &Reader,
    slice: &Slice,
    starts: &[DateTime<Utc>],
) -> Result<Vec<DayLine>, Failure> {
    let of_operator = matches!(reader, Reader::Operator { .. });
    let rows = over!(
        conn,
        reader,
        slice,
        r#"select width_bucket(hour, $10::timestamptz[]) as "day!", case when $9 then tenant_id else operator_id end as "party!",
                  sum(good + poor)::bigint as "rated!", sum(poor)::bigint as "poor!""#,
        r#"group by 1, 2 order by 1, 2"#,
        of_operator,
        starts
    );
    let day = |n: i32| usize::try_from(n).unwrap_or(0).saturating_sub(1);
    Ok(rows.into_iter().map(|row| DayLine { day: day(row.day), party: row.party, rated: row.rated, poor: row.poor }).collect())
}

/// The counts with one party on one day in one direction.
#[derive(Clone, Debug)]
pub struct SheetLine {
    /// Which of the days asked for, from 0.
    pub day: usize,
    pub party: Uuid,
    pub direction: String,
    pub counts: Counts,
}

/// By day, party and direction; days as in [`by_day`].
pub async fn by_day_and_direction(
    conn: &mut PgConnection,
    reader: &Reader,
    slice: &Slice,
    starts: &[DateTime<Utc>],
) -> Result<Vec<SheetLine>, Failure> {
    let of_operator = matches!(reader, Reader::Operator { .. });
    let rows = over!(
        conn,
        reader,
        slice,
        r#"select width_bucket(hour, $10::timestamptz[]) as "day!", case when $9 then tenant_id else operator_id end as "party!", direction,
                  sum(calls)::bigint as "calls!", sum(answered)::bigint as "answered!", sum(effective)::bigint as "effective!",
                  sum(talk_ms)::bigint as "talk_ms!", sum(good)::bigint as "good!", sum(poor)::bigint as "poor!",
                  sum(unclassified)::bigint as "unclassified!", sum(pdd_n)::bigint as "pdd_n!", sum(pdd_ms)::bigint as "pdd_ms!",
                  sum(mos_n)::bigint as "mos_n!", sum(mos_sum) as "mos_sum!""#,
        r#"group by 1, 2, 3 order by 1, 2, 3"#,
        of_operator,
        starts
    );
    let day = |n: i32| usize::try_from(n).unwrap_or(0).saturating_sub(1);
    Ok(rows
        .into_iter()
        .map(|row| SheetLine { day: day(row.day), party: row.party, direction: row.direction, counts: counts!(row) })
        .collect())
}

/// Hour, classified calls, poor ones.
pub async fn by_hour(conn: &mut PgConnection, reader: &Reader, slice: &Slice) -> Result<Vec<(DateTime<Utc>, i64, i64)>, Failure> {
    let rows = over!(
        conn,
        reader,
        slice,
        r#"select hour, sum(good + poor)::bigint as "rated!", sum(poor)::bigint as "poor!""#,
        r#"group by hour having sum(good + poor) > 0 order by hour"#
    );
    Ok(rows.into_iter().map(|row| (row.hour, row.rated, row.poor)).collect())
}

/// A place and how its calls were.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// A number, a country, a network; empty when it is not known.
    pub name: String,
    /// The other party, where the place has one.
    pub party: Option<Uuid>,
    pub rated: i64,
    pub poor: i64,
}

/// The numbers with the highest share of poor calls; those with fewer than `few` calls come last.
pub async fn worst_numbers(
    conn: &mut PgConnection,
    reader: &Reader,
    slice: &Slice,
    few: i64,
    limit: i64,
) -> Result<Vec<Place>, Failure> {
    let of_operator = matches!(reader, Reader::Operator { .. });
    let rows = over!(
        conn,
        reader,
        slice,
        r#"select e164, case when $9 then tenant_id else operator_id end as "party!", sum(good + poor)::bigint as "rated!",
                  sum(poor)::bigint as "poor!""#,
        r#"group by 1, 2 having sum(good + poor) > 0
           order by sum(good + poor) >= $10::bigint desc, case when sum(good + poor) >= $10::bigint then sum(poor) / sum(good + poor) end desc nulls last,
                    sum(good + poor) desc, 1, 2 limit $11"#,
        of_operator,
        few,
        limit
    );
    Ok(rows.into_iter().map(|row| Place { name: row.e164, party: Some(row.party), rated: row.rated, poor: row.poor }).collect())
}

/// The countries of the outside parties with the highest share of poor calls; those with fewer than `few` calls come last.
pub async fn worst_countries(
    conn: &mut PgConnection,
    reader: &Reader,
    slice: &Slice,
    few: i64,
    limit: i64,
) -> Result<Vec<Place>, Failure> {
    let rows = over!(
        conn,
        reader,
        slice,
        r#"select other_country, sum(good + poor)::bigint as "rated!", sum(poor)::bigint as "poor!""#,
        r#"group by 1 having sum(good + poor) > 0
           order by sum(good + poor) >= $9::bigint desc, case when sum(good + poor) >= $9::bigint then sum(poor) / sum(good + poor) end desc nulls last,
                    sum(good + poor) desc, 1 limit $10"#,
        few,
        limit
    );
    Ok(rows.into_iter().map(|row| Place { name: row.other_country, party: None, rated: row.rated, poor: row.poor }).collect())
}

/// The tenant's networks with the highest share of poor calls; those with fewer than `few` calls come last. Only a tenant's reach
/// sees this table.
pub async fn worst_networks(
    conn: &mut PgConnection,
    tenant: TenantId,
    slice: &Slice,
    few: i64,
    limit: i64,
) -> Result<Vec<Place>, Failure> {
    let rows = sqlx::query!(
        r#"select network_name, sum(good + poor)::bigint as "rated!", sum(poor)::bigint as "poor!" from quality_network_hour
           where tenant_id = $1 and hour >= $2 and hour < $3 and ($4::uuid is null or operator_id = $4)
             and ($5::text is null or direction = $5)
           group by 1 having sum(good + poor) > 0
           order by sum(good + poor) >= $6::bigint desc, case when sum(good + poor) >= $6::bigint then sum(poor) / sum(good + poor) end desc nulls last,
                    sum(good + poor) desc, 1 limit $7"#,
        tenant.0,
        slice.from,
        slice.to,
        slice.party,
        slice.direction,
        few,
        limit
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| Place { name: row.network_name, party: None, rated: row.rated, poor: row.poor }).collect())
}

/// How a call of the machine API wants its rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Grouping {
    /// Length of a step in seconds, counted from the slice's beginning.
    pub step_s: Option<i64>,
    pub country: bool,
    pub direction: bool,
    pub number: bool,
}

/// A row of the machine API before parties are put together.
#[derive(Clone, Debug)]
pub struct GroupLine {
    pub at: Option<DateTime<Utc>>,
    pub party: Uuid,
    pub country: Option<String>,
    pub direction: Option<String>,
    pub number: Option<String>,
    pub counts: Counts,
}

/// By party and what else is asked for.
pub async fn grouped(
    conn: &mut PgConnection,
    reader: &Reader,
    slice: &Slice,
    grouping: Grouping,
) -> Result<Vec<GroupLine>, Failure> {
    let of_operator = matches!(reader, Reader::Operator { .. });
    let rows = over!(
        conn,
        reader,
        slice,
        r#"select case when $10::bigint is not null then date_bin(make_interval(secs => $10), hour, $1) end as "at?",
                  case when $9 then tenant_id else operator_id end as "party!", case when $11 then other_country end as "country?",
                  case when $12 then direction end as "direction?", case when $13 then e164 end as "number?", sum(calls)::bigint as "calls!",
                  sum(answered)::bigint as "answered!", sum(effective)::bigint as "effective!", sum(talk_ms)::bigint as "talk_ms!",
                  sum(good)::bigint as "good!", sum(poor)::bigint as "poor!", sum(unclassified)::bigint as "unclassified!",
                  sum(pdd_n)::bigint as "pdd_n!", sum(pdd_ms)::bigint as "pdd_ms!", sum(mos_n)::bigint as "mos_n!",
                  sum(mos_sum) as "mos_sum!""#,
        r#"group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5"#,
        of_operator,
        grouping.step_s,
        grouping.country,
        grouping.direction,
        grouping.number
    );
    Ok(rows
        .into_iter()
        .map(|row| GroupLine {
            at: row.at,
            party: row.party,
            country: row.country,
            direction: row.direction,
            number: row.number,
            counts: counts!(row),
        })
        .collect())
}

/// The zone in which the days of an organisation begin.
pub async fn time_zone(conn: &mut PgConnection, org: Uuid) -> Result<Option<String>, Failure> {
    let sql = sqlx::query_scalar!(
        "select coalesce((select t.time_zone from tenant t where t.id = $1), (select o.time_zone from operator o where o.id = $1))",
        org
    );
    Ok(sql.fetch_one(conn).await?)
}

/// An organisation on the other side.
#[derive(Clone, Debug)]
pub struct Party {
    pub id: Uuid,
    pub name: String,
}

/// The operators a tenant has or had a consent with, by name.
pub async fn operators(conn: &mut PgConnection) -> Result<Vec<Party>, Failure> {
    let sql = sqlx::query_as!(Party, "select id, name from operator where id in (select operator_id from gate) order by name, id");
    Ok(sql.fetch_all(conn).await?)
}

/// These tenants, by name.
pub async fn tenants(conn: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<Party>, Failure> {
    let sql = sqlx::query_as!(Party, "select id, name from tenant where id = any($1) order by name, id", ids);
    Ok(sql.fetch_all(conn).await?)
}

/// Tenants with which this operator has or had a gate of any class.
pub async fn customers(conn: &mut PgConnection, operator: OperatorId) -> Result<Vec<Uuid>, Failure> {
    let sql = sqlx::query_scalar!("select distinct tenant_id from gate where operator_id = $1", operator.0);
    Ok(sql.fetch_all(conn).await?)
}
