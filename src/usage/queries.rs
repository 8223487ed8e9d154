//! SQL that reads usage, as one tenant.

use chrono::NaiveDate;
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::Ask;
use super::model::Group;
use super::model::Operator;
use crate::base::Cursor;
use crate::base::Failure;
use crate::base::TenantId;

/// The operators the tenant has or had a consent with.
pub async fn operators(conn: &mut PgConnection, tenant: TenantId) -> Result<Vec<Operator>, Failure> {
    Ok(sqlx::query_as!(
        Operator,
        "select o.id, o.slug, o.name from operator o
         where o.id in (select c.operator_id from consent c where c.tenant_id = $1) order by o.name",
        tenant.0
    )
    .fetch_all(conn)
    .await?)
}

/// The days in UTC that operators closed.
pub async fn told(
    conn: &mut PgConnection,
    tenant: Uuid,
    from: NaiveDate,
    to: NaiveDate,
) -> Result<Vec<(Uuid, NaiveDate)>, Failure> {
    let rows = sqlx::query!(
        "select operator_id, day from duration_day_told where tenant_id = $1 and day >= $2::date - 1 and day <= $3::date + 1",
        tenant,
        from,
        to
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.operator_id, row.day)).collect())
}

/// What a person or thing is called.
pub async fn target_name(conn: &mut PgConnection, tenant: Uuid, id: &str) -> Result<Option<String>, Failure> {
    let name = sqlx::query_scalar!("select display_name from target where tenant_id = $1 and id = $2", tenant, id);
    Ok(name.fetch_optional(conn).await?)
}

/// Sums of a day, operator and direction.
#[derive(Clone, Debug)]
pub struct DaySum {
    pub day: NaiveDate,
    pub operator: Uuid,
    pub inbound: bool,
    pub calls: i64,
    pub answered: i64,
    pub operator_calls: i64,
    pub operator_ms: i64,
    pub platform_ms: i64,
    pub awaiting_calls: i64,
    pub awaiting_ms: i64,
    pub pairs: i64,
    pub difference_ms: i64,
}

/// Sums by day, operator and direction.
pub async fn sums(conn: &mut PgConnection, tenant: Uuid, ask: &Ask) -> Result<Vec<DaySum>, Failure> {
    Ok(sqlx::query_as!(
        DaySum,
        r#"select day, operator_id as operator, direction = 'inbound' as "inbound!", sum(calls)::bigint as "calls!",
                  sum(answered)::bigint as "answered!", sum(operator_calls)::bigint as "operator_calls!", sum(operator_ms)::bigint as "operator_ms!",
                  sum(platform_ms)::bigint as "platform_ms!", sum(awaiting_calls)::bigint as "awaiting_calls!",
                  sum(awaiting_ms)::bigint as "awaiting_ms!", sum(pairs)::bigint as "pairs!", sum(difference_ms)::bigint as "difference_ms!"
           from usage_day
           where tenant_id = $1 and day >= $2 and day < $3 and ($4::uuid is null or operator_id = $4) and ($5::text is null or e164 = $5)
             and ($6::text is null or target_id = $6) and ($7::text is null or other_country = $7) and ($8::text is null or call_type = $8)
           group by day, operator_id, direction order by day, operator_id, direction"#,
        tenant,
        ask.from,
        ask.to,
        ask.operator,
        ask.number,
        ask.target,
        ask.country,
        ask.call_type
    )
    .fetch_all(conn)
    .await?)
}

/// The order of rows: the groups' columns settle what is equal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    #[default]
    Groups,
    Day {
        falls: bool,
    },
    Minutes {
        falls: bool,
    },
    Calls {
        falls: bool,
    },
}

impl Order {
    fn sql(self) -> (&'static str, i64) {
        let sign = |falls: bool| if falls { -1 } else { 1 };
        match self {
            Self::Groups => ("", 0),
            Self::Day { falls } => ("day", sign(falls)),
            Self::Minutes { falls } => ("minutes", sign(falls)),
            Self::Calls { falls } => ("calls", sign(falls)),
        }
    }
}

/// One row of usage. Texts are empty where the rows are not grouped by them and where nothing is known.
#[derive(Clone, Debug)]
pub struct UsageRow {
    pub day: String,
    pub operator: String,
    pub number: String,
    pub target: String,
    pub country: String,
    pub call_type: String,
    pub operator_name: Option<String>,
    /// Of the target, or of the only one that had the number.
    pub target_name: Option<String>,
    pub calls: i64,
    pub answered: i64,
    pub operator_ms: i64,
    pub platform_ms: i64,
    pub awaiting_calls: i64,
    pub awaiting_ms: i64,
    pub pairs: i64,
    pub difference_ms: i64,
    /// Nothing is awaited, and the operators closed all its days.
    pub complete: bool,
    /// By what rows are ordered before their groups.
    pub weight: i64,
}

impl UsageRow {
    /// Where the list goes on after this row.
    pub fn cursor(&self) -> Cursor {
        let keys = [&self.day, &self.operator, &self.number, &self.target, &self.country, &self.call_type];
        let keys = keys.into_iter().cloned();
        Cursor(std::iter::once(self.weight.to_string()).chain(keys).collect())
    }

    /// Parts of a cursor.
    pub const KEYS: usize = 7;
}

/// Rows by the groups asked for. `closed` are the operators' local days that are.
#[expect(clippy::too_many_lines, reason = "one statement")]
pub async fn rows(
    conn: &mut PgConnection,
    tenant: Uuid,
    ask: &Ask,
    closed: &[(Uuid, NaiveDate)],
    order: Order,
    after: Option<&Cursor>,
    limit: i64,
) -> Result<Vec<UsageRow>, Failure> {
    let (closed_operators, closed_days): (Vec<Uuid>, Vec<NaiveDate>) = closed.iter().copied().unzip();
    let (by, sign) = order.sql();
    let weight: Option<i64> = after.map(|cursor| cursor.0.first().and_then(|text| text.parse().ok()).unwrap_or(i64::MIN));
    let key = |at: usize| after.and_then(|cursor| cursor.0.get(at)).map_or("", String::as_str);
    Ok(sqlx::query_as!(
        UsageRow,
        r#"with cell as (
             select case when $9 then to_char(u.day, 'YYYY-MM-DD') else '' end as day, case when $10 then u.operator_id::text else '' end as operator,
                    case when $11 then u.e164 else '' end as number, case when $12 then u.target_id else '' end as target,
                    case when $13 then u.other_country else '' end as country, case when $14 then u.call_type else '' end as call_type,
                    u.day as on_day, nullif(u.target_id, '') as owner, calls, answered, operator_ms, platform_ms, awaiting_calls, awaiting_ms, pairs,
                    difference_ms, c.day is not null as closed
             from usage_day u
             left join unnest($15::uuid[], $16::date[]) as c (operator_id, day) on c.operator_id = u.operator_id and c.day = u.day
             where u.tenant_id = $1 and u.day >= $2 and u.day < $3 and ($4::uuid is null or u.operator_id = $4) and ($5::text is null or u.e164 = $5)
               and ($6::text is null or u.target_id = $6) and ($7::text is null or u.other_country = $7) and ($8::text is null or u.call_type = $8)),
           g as (
             select day collate "C" as day, operator collate "C" as operator, number collate "C" as number, target collate "C" as target,
                    country collate "C" as country, call_type collate "C" as call_type, min(on_day) as first, min(owner) as owner, max(owner) as last_owner,
                    sum(calls)::bigint as calls, sum(answered)::bigint as answered, sum(operator_ms)::bigint as operator_ms,
                    sum(platform_ms)::bigint as platform_ms, sum(awaiting_calls)::bigint as awaiting_calls, sum(awaiting_ms)::bigint as awaiting_ms,
                    sum(pairs)::bigint as pairs, sum(difference_ms)::bigint as difference_ms, bool_and(closed) as closed
             from cell group by 1, 2, 3, 4, 5, 6),
           k as (
             select *, $18 * case $17::text when 'day' then (first - '2000-01-01'::date)::bigint when 'minutes' then operator_ms
                                      when 'calls' then calls else 0 end as weight
             from g)
           select k.day as "day!", k.operator as "operator!", k.number as "number!", k.target as "target!", k.country as "country!",
                  k.call_type as "call_type!", o.name as "operator_name?", t.display_name as "target_name?", k.calls as "calls!",
                  k.answered as "answered!", k.operator_ms as "operator_ms!", k.platform_ms as "platform_ms!", k.awaiting_calls as "awaiting_calls!",
                  k.awaiting_ms as "awaiting_ms!", k.pairs as "pairs!", k.difference_ms as "difference_ms!",
                  k.closed and k.awaiting_calls = 0 as "complete!", k.weight as "weight!"
           from k
           left join operator o on o.id = nullif(k.operator, '')::uuid
           left join target t on t.tenant_id = $1 and t.id = case when k.target <> '' then k.target when k.number <> '' and k.owner = k.last_owner then k.owner end
           where $19::bigint is null or k.weight > $19
              or (k.weight = $19 and (k.day, k.operator, k.number, k.target, k.country, k.call_type) > ($20, $21, $22, $23, $24, $25))
           order by k.weight, k.day, k.operator, k.number, k.target, k.country, k.call_type
           limit $26"#,
        tenant,
        ask.from,
        ask.to,
        ask.operator,
        ask.number,
        ask.target,
        ask.country,
        ask.call_type,
        ask.by(Group::Day),
        ask.by(Group::Operator),
        ask.by(Group::Number),
        ask.by(Group::Target),
        ask.by(Group::Country),
        ask.by(Group::CallType),
        &closed_operators,
        &closed_days,
        by,
        sign,
        weight,
        key(1),
        key(2),
        key(3),
        key(4),
        key(5),
        key(6),
        limit
    )
    .fetch_all(conn)
    .await?)
}
