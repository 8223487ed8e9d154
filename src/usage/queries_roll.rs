//! SQL of the rollup, over all organisations.

use chrono::DateTime;
use chrono::NaiveDate;
use chrono::TimeDelta;
use chrono::Utc;
use chrono_tz::Tz;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::base::Failure;
use crate::consent::Spell;
use crate::pairing::Span;

/// Local days, half open, and moments around them between which all their rows lie.
#[derive(Clone, Copy, Debug)]
pub struct Cut {
    pub first: NaiveDate,
    pub until: NaiveDate,
    pub zone: Tz,
    pub from: DateTime<Utc>,
    pub to: DateTime<Utc>,
}

/// The zone of a tenant's days.
pub async fn zone(conn: &mut PgConnection, tenant: Uuid) -> Result<Tz, Failure> {
    let name = sqlx::query_scalar!("select time_zone from tenant where id = $1", tenant).fetch_optional(conn).await?;
    Ok(name.and_then(|name| name.parse().ok()).unwrap_or(Tz::UTC))
}

/// Between which moments the other sides of the pairs of these days lie.
async fn reach(conn: &mut PgConnection, span: &Span, cut: &Cut) -> Result<(DateTime<Utc>, DateTime<Utc>), Failure> {
    let row = sqlx::query!(
        r#"select min(least(invited_at, at)) as first, max(greatest(invited_at, at)) as last from pair
           where tenant_id = $1 and operator_id = $2
             and invited_at >= $3::timestamptz - interval '30 hours' and invited_at < $4::timestamptz + interval '24 hours'
             and (at between $3 and $4 or at - offset_ms * interval '1 millisecond' between $3 and $4)"#,
        span.tenant,
        span.operator,
        cut.from,
        cut.to
    )
    .fetch_one(conn)
    .await?;
    let from = row.first.map_or(cut.from, |first| first.min(cut.from));
    let to = row.last.map_or(cut.to, |last| (last + TimeDelta::milliseconds(1)).max(cut.to));
    Ok((from, to))
}

/// Writes the days anew from the raw rows. `spells` say when the operator was to give durations, by country of the number.
#[expect(clippy::too_many_lines, reason = "one statement")]
pub async fn roll(conn: &mut PgConnection, span: &Span, cut: &Cut, spells: &[Spell]) -> Result<(), Failure> {
    let (from, to) = reach(conn, span, cut).await?;
    sqlx::query!(
        "delete from usage_day where tenant_id = $1 and operator_id = $2 and day >= $3 and day < $4",
        span.tenant,
        span.operator,
        cut.first,
        cut.until
    )
    .execute(&mut *conn)
    .await?;
    let countries: Vec<&str> = spells.iter().map(|spell| spell.country.as_str()).collect();
    let opened: Vec<DateTime<Utc>> = spells.iter().map(|spell| spell.from).collect();
    let closed: Vec<Option<DateTime<Utc>>> = spells.iter().map(|spell| spell.until).collect();
    sqlx::query!(
        r#"with c as (
             select call_id, leg_id, invited_at, coalesce(answered_at, invited_at) as started_at, answered_at is not null as answered,
                    e164, direction, country, caller_withheld, other_country, target_id, call_type, talk_ms
             from call_record
             where tenant_id = $1 and operator_id = $2 and invited_at >= $6::timestamptz - interval '6 hours' and invited_at < $7),
           d as (
             select ref, e164, at, answered_at is not null as answered, direction, other_party_withheld, other_country, call_type, duration_ms
             from duration_record
             where tenant_id = $1 and operator_id = $2 and not withdrawn and at >= $6 and at < $7),
           p as (
             select call_id, leg_id, invited_at, ref, e164, at from pair
             where tenant_id = $1 and operator_id = $2 and invited_at >= $6::timestamptz - interval '6 hours' and invited_at < $7),
           line as (
             select (c.started_at at time zone $5)::date as day, c.e164, c.started_at as at, c.target_id, c.direction,
                    coalesce(c.call_type, d.call_type, '') as call_type,
                    case when c.direction = 'inbound' and (c.caller_withheld or d.other_party_withheld) then ''
                         else coalesce(c.other_country, d.other_country, '') end as other_country,
                    1 as calls, c.answered::integer as answered, 0 as operator_calls, 0::bigint as operator_ms,
                    case when c.answered then coalesce(c.talk_ms, 0) else 0 end as platform_ms,
                    c.answered and d.ref is null and exists (
                      select from unnest($8::text[], $9::timestamptz[], $10::timestamptz[]) as s (country, opened, closed)
                      where s.country = c.country and s.opened <= c.started_at and (s.closed is null or c.started_at < s.closed)) as awaited,
                    c.answered and d.ref is not null and c.talk_ms is not null as compared,
                    d.duration_ms - c.talk_ms as difference_ms
             from c
             left join p on p.call_id = c.call_id and p.leg_id = c.leg_id and p.invited_at = c.invited_at
             left join d on d.ref = p.ref and d.e164 = p.e164 and d.at = p.at
             union all
             select (d.at at time zone $5)::date, d.e164, d.at, c.target_id, d.direction,
                    coalesce(c.call_type, d.call_type, ''),
                    case when d.direction = 'inbound' and (d.other_party_withheld or coalesce(c.caller_withheld, false)) then ''
                         else coalesce(c.other_country, d.other_country, '') end,
                    0, 0, d.answered::integer, d.duration_ms, 0, false, false, 0
             from d
             left join p on p.ref = d.ref and p.e164 = d.e164 and p.at = d.at
             left join c on c.call_id = p.call_id and c.leg_id = p.leg_id and c.invited_at = p.invited_at),
           owned as (
             select l.*, coalesce(l.target_id, (
                      select a.target_id from assignment a
                      where a.tenant_id = $1 and a.e164 = l.e164 and a.assigned_at <= l.at and (a.ended_at is null or a.ended_at > l.at)
                      order by a.assigned_at desc, a.id desc limit 1), '') as owner
             from line l where l.day >= $3 and l.day < $4)
           insert into usage_day (tenant_id, day, operator_id, e164, target_id, direction, call_type, other_country, calls, answered,
                                  operator_calls, operator_ms, platform_ms, awaiting_calls, awaiting_ms, pairs, difference_ms)
           select $1, day, $2, e164, owner, direction, call_type, other_country, sum(calls), sum(answered),
                  sum(operator_calls), sum(operator_ms), sum(platform_ms),
                  count(*) filter (where awaited), coalesce(sum(platform_ms) filter (where awaited), 0),
                  count(*) filter (where compared), coalesce(sum(difference_ms) filter (where compared), 0)
           from owned
           group by day, e164, owner, direction, call_type, other_country"#,
        span.tenant,
        span.operator,
        cut.first,
        cut.until,
        cut.zone.name(),
        from,
        to,
        &countries as &[&str],
        &opened,
        &closed as &[Option<DateTime<Utc>>]
    )
    .execute(conn)
    .await?;
    Ok(())
}
