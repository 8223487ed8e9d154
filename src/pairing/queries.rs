//! SQL of pairing, over all organisations.

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::Utc;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::base::Failure;

/// Most days taken in one transaction.
const DAYS: i64 = 14;
/// Fewest pairs by key that say how far the operator's clock is off.
const SKEW_PAIRS: i64 = 20;

/// Days of one customer of one operator, half open, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub tenant: Uuid,
    pub operator: Uuid,
    pub from: NaiveDate,
    pub until: NaiveDate,
}

/// Midnight in UTC.
pub fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(chrono::NaiveTime::MIN).and_utc()
}

/// Takes the next days that follow each other off a change list; nothing while another process works on it.
pub async fn take(conn: &mut PgConnection, list: &str) -> Result<Option<Span>, Failure> {
    let mine =
        sqlx::query_scalar!(r#"select pg_try_advisory_xact_lock(hashtextextended('change list ' || $1, 0)) as "mine!""#, list)
            .fetch_one(&mut *conn)
            .await?;
    if !mine {
        return Ok(None);
    }
    let first = sqlx::query!(
        r#"select tenant_id, operator_id, day as "day!" from change where list = $1 and day is not null order by id limit 1"#,
        list
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(first) = first else { return Ok(None) };
    let days = sqlx::query_scalar!(
        r#"select distinct day as "day!" from change
           where list = $1 and tenant_id = $2 and operator_id = $3 and day >= $4 and day < $4 + $5::integer order by 1"#,
        list,
        first.tenant_id,
        first.operator_id,
        first.day,
        i32::try_from(DAYS).unwrap_or(1)
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut until = first.day;
    for day in days {
        if day == until {
            until = day.succ_opt().unwrap_or(NaiveDate::MAX);
        }
    }
    sqlx::query!(
        "delete from change where list = $1 and tenant_id = $2 and operator_id = $3 and day >= $4 and day < $5",
        list,
        first.tenant_id,
        first.operator_id,
        first.day,
        until
    )
    .execute(conn)
    .await?;
    Ok(Some(Span { tenant: first.tenant_id, operator: first.operator_id, from: first.day, until }))
}

/// Puts days onto a change list.
pub async fn append(
    conn: &mut PgConnection,
    list: &str,
    span: &Span,
    days: &[(Uuid, NaiveDate)],
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    let (ids, days): (Vec<Uuid>, Vec<NaiveDate>) = days.iter().copied().unzip();
    sqlx::query!(
        "insert into change (tenant_id, operator_id, list, id, day, at)
         select $1, $2, $3, id, day, $6 from unnest($4::uuid[], $5::date[]) as of (id, day)",
        span.tenant,
        span.operator,
        list,
        &ids,
        &days,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Settings of this transaction: tables just filled have no statistics, and a nested loop over them would take for ever; work
/// between two statements may take a while.
pub async fn prepare(conn: &mut PgConnection) -> Result<(), Failure> {
    sqlx::query!("set local enable_nestloop = off").execute(&mut *conn).await?;
    sqlx::query!("set local idle_in_transaction_session_timeout = '60s'").execute(conn).await?;
    Ok(())
}

/// Pairs by key: of every call with every record that names the same operator's reference or Call-ID and starts within 24 h,
/// those in which both are the other's best; a reference counts before a Call-ID, the same number and direction before
/// others, then nearness. What stood otherwise is replaced. Answers the days of pairs that came or went.
#[expect(clippy::too_many_lines, reason = "one statement")]
pub async fn pair_keys(conn: &mut PgConnection, span: &Span, now: DateTime<Utc>) -> Result<Vec<NaiveDate>, Failure> {
    Ok(sqlx::query_scalar!(
        r#"with c as (
             select call_id, leg_id, invited_at, coalesce(answered_at, invited_at) as started_at, e164, direction, operator_ref, sip_call_id
             from call_record
             where tenant_id = $1 and operator_id = $2
               and invited_at >= $3::timestamptz - interval '30 hours' and invited_at < $4::timestamptz + interval '24 hours'
               and (operator_ref is not null or sip_call_id is not null)),
           d as (
             select ref, e164, at, direction, operator_ref, sip_call_id from duration_record
             where tenant_id = $1 and operator_id = $2 and not withdrawn
               and at >= $3::timestamptz - interval '24 hours' and at < $4::timestamptz + interval '24 hours'),
           edge as (
             select c.call_id, c.leg_id, c.invited_at, c.started_at, d.ref, d.e164, d.at, 0 as way,
                    (c.e164 <> d.e164)::integer + (c.direction <> d.direction)::integer as differs
             from c join d on d.operator_ref = c.operator_ref
             union all
             select c.call_id, c.leg_id, c.invited_at, c.started_at, d.ref, d.e164, d.at, 1,
                    (c.e164 <> d.e164)::integer + (c.direction <> d.direction)::integer
             from c join d on d.sip_call_id = c.sip_call_id
             where (d.operator_ref = c.operator_ref) is not true),
           ranked as (
             select *, (extract(epoch from at - started_at) * 1000)::bigint as offset_ms,
                    row_number() over (partition by call_id, leg_id, invited_at
                      order by way, differs, greatest(at - started_at, started_at - at), ref, e164, at) as of_call,
                    row_number() over (partition by ref, e164, at
                      order by way, differs, greatest(at - started_at, started_at - at), call_id, leg_id, invited_at) as of_duration
             from edge where at between started_at - interval '24 hours' and started_at + interval '24 hours'),
           best as (
             select call_id, leg_id, invited_at, started_at, ref, e164, at, offset_ms, case way when 0 then 'operator_ref' else 'sip_call_id' end as method
             from ranked
             where of_call = 1 and of_duration = 1
               and ((started_at >= $3 and started_at < $4) or (invited_at >= $3 and invited_at < $4) or (at >= $3 and at < $4))),
           held as (
             select p.*, p.at - p.offset_ms * interval '1 millisecond' as started_at from pair p
             where p.tenant_id = $1 and p.invited_at >= $3::timestamptz - interval '60 hours' and p.invited_at < $4::timestamptz + interval '60 hours'),
           stale as (
             select h.call_id, h.leg_id, h.invited_at from held h
             left join best b on b.call_id = h.call_id and b.leg_id = h.leg_id and b.invited_at = h.invited_at
             left join best o on o.ref = h.ref and o.e164 = h.e164 and o.at = h.at and h.operator_id = $2
             where case when b.call_id is not null
                     then (h.operator_id, h.ref, h.e164, h.at, h.method, h.offset_ms) <> ($2, b.ref, b.e164, b.at, b.method, b.offset_ms)
                     else o.call_id is not null
                       or (h.operator_id = $2 and h.method <> 'numbers_and_time'
                           and ((h.started_at >= $3 and h.started_at < $4) or (h.invited_at >= $3 and h.invited_at < $4)
                                or (h.at >= $3 and h.at < $4))) end),
           gone as (
             delete from pair p using stale s
             where p.tenant_id = $1 and p.call_id = s.call_id and p.leg_id = s.leg_id and p.invited_at = s.invited_at
             returning p.at, p.offset_ms),
           made as (
             insert into pair (tenant_id, operator_id, call_id, leg_id, invited_at, ref, e164, at, method, offset_ms, paired_at)
             select $1, $2, b.call_id, b.leg_id, b.invited_at, b.ref, b.e164, b.at, b.method, b.offset_ms, $5
             from best b left join held h
               on h.call_id = b.call_id and h.leg_id = b.leg_id and h.invited_at = b.invited_at and h.operator_id = $2
               and h.ref = b.ref and h.e164 = b.e164 and h.at = b.at and h.method = b.method and h.offset_ms = b.offset_ms
             where h.call_id is null and (select count(*) from gone) >= 0
             returning at, offset_ms),
           moved as (select at, offset_ms from gone union all select at, offset_ms from made)
           select (at at time zone 'UTC')::date as "day!" from moved
           union
           select ((at - offset_ms * interval '1 millisecond') at time zone 'UTC')::date from moved"#,
        span.tenant,
        span.operator,
        midnight(span.from),
        midnight(span.until),
        now
    )
    .fetch_all(conn)
    .await?)
}

/// How far the operator's starts lie behind the platform's, by UTC day of the operator's: the median over pairs by key, for
/// days with enough of them.
pub async fn skews(conn: &mut PgConnection, span: &Span) -> Result<Vec<(NaiveDate, i64)>, Failure> {
    let rows = sqlx::query!(
        r#"select (at at time zone 'UTC')::date as "day!", percentile_disc(0.5) within group (order by offset_ms) as "skew_ms!"
           from pair
           where tenant_id = $1 and operator_id = $2 and method <> 'numbers_and_time'
             and invited_at >= $3::timestamptz - interval '54 hours' and invited_at < $4::timestamptz + interval '48 hours'
             and at >= $3::timestamptz - interval '24 hours' and at < $4::timestamptz + interval '24 hours'
           group by 1 having count(*) >= $5"#,
        span.tenant,
        span.operator,
        midnight(span.from),
        midnight(span.until),
        SKEW_PAIRS
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.day, row.skew_ms)).collect())
}

/// A call that no key pairs.
#[derive(Clone, Debug)]
pub struct LooseCall {
    pub call_id: String,
    pub leg_id: String,
    pub invited_at: DateTime<Utc>,
    pub started_at: DateTime<Utc>,
    pub answered: bool,
    pub e164: String,
    pub inbound: bool,
    pub party: Option<String>,
    pub has_operator_ref: bool,
    pub has_sip_call_id: bool,
}

/// Calls between two moments of their start that stand in no pair by key.
pub async fn loose_calls(
    conn: &mut PgConnection,
    span: &Span,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<LooseCall>, Failure> {
    Ok(sqlx::query_as!(
        LooseCall,
        r#"select c.call_id, c.leg_id, c.invited_at, coalesce(c.answered_at, c.invited_at) as "started_at!",
                  c.answered_at is not null as "answered!", c.e164, c.direction = 'inbound' as "inbound!",
                  case when c.direction = 'outbound' then c.callee when not c.caller_withheld then c.caller end as party,
                  c.operator_ref is not null as "has_operator_ref!", c.sip_call_id is not null as "has_sip_call_id!"
           from call_record c
           where c.tenant_id = $1 and c.operator_id = $2
             and c.invited_at >= $3::timestamptz - interval '6 hours' and c.invited_at < $4
             and coalesce(c.answered_at, c.invited_at) >= $3 and coalesce(c.answered_at, c.invited_at) < $4
             and not exists (
               select from pair p
               where p.tenant_id = $1 and p.call_id = c.call_id and p.leg_id = c.leg_id and p.invited_at = c.invited_at
                 and p.invited_at >= $3::timestamptz - interval '6 hours' and p.invited_at < $4 and p.method <> 'numbers_and_time')
           order by 4, c.call_id, c.leg_id"#,
        span.tenant,
        span.operator,
        from,
        until
    )
    .fetch_all(conn)
    .await?)
}

/// A duration record that no key pairs.
#[derive(Clone, Debug)]
pub struct LooseDuration {
    pub reference: String,
    pub e164: String,
    pub at: DateTime<Utc>,
    pub answered: bool,
    pub inbound: bool,
    pub party: Option<String>,
    pub has_operator_ref: bool,
    pub has_sip_call_id: bool,
}

/// Duration records between two moments that are not taken back and stand in no pair by key.
pub async fn loose_durations(
    conn: &mut PgConnection,
    span: &Span,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Vec<LooseDuration>, Failure> {
    Ok(sqlx::query_as!(
        LooseDuration,
        r#"select d.ref as reference, d.e164, d.at, d.answered_at is not null as "answered!", d.direction = 'inbound' as "inbound!",
                  case when not d.other_party_withheld then d.other_party end as party,
                  d.operator_ref is not null as "has_operator_ref!", d.sip_call_id is not null as "has_sip_call_id!"
           from duration_record d
           where d.tenant_id = $1 and d.operator_id = $2 and not d.withdrawn and d.at >= $3 and d.at < $4
             and not exists (
               select from pair p
               where p.tenant_id = $1 and p.operator_id = $2 and p.ref = d.ref and p.e164 = d.e164 and p.at = d.at
                 and p.invited_at >= $3::timestamptz - interval '30 hours' and p.invited_at < $4::timestamptz + interval '30 hours'
                 and p.method <> 'numbers_and_time')
           order by d.at, d.ref, d.e164"#,
        span.tenant,
        span.operator,
        from,
        until
    )
    .fetch_all(conn)
    .await?)
}

/// Whether calls of the last hours of the days were answered on the day after.
pub async fn rang_over_midnight(conn: &mut PgConnection, span: &Span) -> Result<bool, Failure> {
    Ok(sqlx::query_scalar!(
        r#"select exists (
             select from call_record
             where tenant_id = $1 and operator_id = $2 and invited_at >= $3::timestamptz - interval '6 hours' and invited_at < $3
               and answered_at >= $3) as "any!""#,
        span.tenant,
        span.operator,
        midnight(span.until)
    )
    .fetch_one(conn)
    .await?)
}

/// A pair by numbers and time.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NumberPair {
    pub call_id: String,
    pub leg_id: String,
    pub invited_at: DateTime<Utc>,
    pub reference: String,
    pub e164: String,
    pub at: DateTime<Utc>,
    /// The operator's start minus the platform's.
    pub offset_ms: i64,
}

/// The pairs by numbers and time around the days.
pub async fn number_pairs(conn: &mut PgConnection, span: &Span) -> Result<Vec<NumberPair>, Failure> {
    Ok(sqlx::query_as!(
        NumberPair,
        "select call_id, leg_id, invited_at, ref as reference, e164, at, offset_ms from pair
         where tenant_id = $1 and operator_id = $2 and method = 'numbers_and_time'
           and invited_at >= $3::timestamptz - interval '12 hours' and invited_at < $4::timestamptz + interval '6 hours'",
        span.tenant,
        span.operator,
        midnight(span.from),
        midnight(span.until)
    )
    .fetch_all(conn)
    .await?)
}

/// Takes pairs away.
pub async fn unpair(conn: &mut PgConnection, span: &Span, pairs: &[NumberPair]) -> Result<(), Failure> {
    let call_ids: Vec<&str> = pairs.iter().map(|pair| pair.call_id.as_str()).collect();
    let leg_ids: Vec<&str> = pairs.iter().map(|pair| pair.leg_id.as_str()).collect();
    let invited: Vec<DateTime<Utc>> = pairs.iter().map(|pair| pair.invited_at).collect();
    sqlx::query!(
        "delete from pair p using unnest($2::text[], $3::text[], $4::timestamptz[]) as s (call_id, leg_id, invited_at)
         where p.tenant_id = $1 and p.call_id = s.call_id and p.leg_id = s.leg_id and p.invited_at = s.invited_at",
        span.tenant,
        &call_ids as &[&str],
        &leg_ids as &[&str],
        &invited
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes pairs by numbers and time.
pub async fn pair(conn: &mut PgConnection, span: &Span, pairs: &[NumberPair], now: DateTime<Utc>) -> Result<(), Failure> {
    let call_ids: Vec<&str> = pairs.iter().map(|pair| pair.call_id.as_str()).collect();
    let leg_ids: Vec<&str> = pairs.iter().map(|pair| pair.leg_id.as_str()).collect();
    let invited: Vec<DateTime<Utc>> = pairs.iter().map(|pair| pair.invited_at).collect();
    let refs: Vec<&str> = pairs.iter().map(|pair| pair.reference.as_str()).collect();
    let e164s: Vec<&str> = pairs.iter().map(|pair| pair.e164.as_str()).collect();
    let ats: Vec<DateTime<Utc>> = pairs.iter().map(|pair| pair.at).collect();
    let offsets: Vec<i64> = pairs.iter().map(|pair| pair.offset_ms).collect();
    sqlx::query!(
        "insert into pair (tenant_id, operator_id, call_id, leg_id, invited_at, ref, e164, at, method, offset_ms, paired_at)
         select $1, $2, call_id, leg_id, invited_at, ref, e164, at, 'numbers_and_time', offset_ms, $10
         from unnest($3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::text[], $8::timestamptz[], $9::bigint[])
           as n (call_id, leg_id, invited_at, ref, e164, at, offset_ms)",
        span.tenant,
        span.operator,
        &call_ids as &[&str],
        &leg_ids as &[&str],
        &invited,
        &refs as &[&str],
        &e164s as &[&str],
        &ats,
        &offsets,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}
