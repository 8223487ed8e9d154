//! SQL that reads the register.

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::Channel;
use super::model::Class;
use super::model::Direction;
use super::model::Ground;
use super::model::Position;
use super::model::TransferFilter;
use super::model::TransferRow;
use super::model::TransferState;
use super::model::TransferTotal;
use crate::base::Cursor;
use crate::base::Failure;
use crate::base::made_at;

/// One page of the list in one direction; `$compare` and `$order` are the only differences. The place in the chain is that of
/// the reader's own organisation: the axis its transaction is set to.
macro_rules! page_of {
    ($conn:expr, $filter:expr, $place:expr, $limit:expr, $compare:tt, $order:tt) => {{
        let (at, id) = $place;
        sqlx::query_as!(
            TransferRow,
            r#"select r.id, r.at, r.tenant_id, t.name as tenant_name, r.operator_id, o.name as operator_name, r.direction, r.classes,
                      r.channel, r.state, r.records, r.period_from, r.period_to, r.basis, r.consent_id, r.notice_version, r.digest,
                      r.ref as reference, r.actor_label, r.frozen_at, c.seq as "seq?", c.hash as "hash?"
               from transfer r
               join tenant t on t.id = r.tenant_id
               join operator o on o.id = r.operator_id
               left join chain_entry c on c.entry_id = r.id and c.chain = 'register' and c.org_id =
                 coalesce(nullif(current_setting('app.tenant', true), ''), nullif(current_setting('app.operator', true), ''))::uuid
               where ($1::timestamptz is null or r.at >= $1)
                 and ($2::timestamptz is null or r.at < $2)
                 and ($3::uuid is null or r.tenant_id = $3)
                 and ($4::uuid is null or r.operator_id = $4)
                 and ($5::text is null or $5 = any(r.classes))
                 and ($6::text is null or r.channel = $6)
                 and ($7::text is null or r.state = $7)
                 and ($8::text is null or r.ref = $8)
                 and ($9::text is null or r.basis = $9)
                 and ($13::text is null or r.direction = $13)
                 and ($10::timestamptz is null or (r.at, r.id) "#
                + $compare
                + r#" ($10, $11)) order by r.at "#
                + $order
                + r#", r.id "#
                + $order
                + r#" limit $12"#,
            $filter.from,
            $filter.to,
            $filter.tenant.map(|t| t.0),
            $filter.operator.map(|o| o.0),
            $filter.class.map(Class::as_str),
            $filter.channel.map(Channel::as_str),
            $filter.state.map(TransferState::as_str),
            $filter.reference,
            $filter.ground.map(Ground::as_str),
            at,
            id,
            $limit,
            $filter.direction.map(Direction::as_str)
        )
        .fetch_all($conn)
        .await?
    }};
}

/// One page of entries, newest first.
///
/// # Errors
/// When the cursor is of another list or the database is away.
pub async fn page(
    conn: &mut PgConnection,
    filter: &TransferFilter,
    position: &Position,
    limit: i64,
) -> Result<Vec<TransferRow>, Failure> {
    let rows = match position {
        Position::Start => page_of!(conn, filter, (None::<DateTime<Utc>>, None::<Uuid>), limit, "<", "desc"),
        Position::After(cursor) => page_of!(conn, filter, place(cursor)?, limit, "<", "desc"),
        Position::Before(cursor) => {
            let mut rows = page_of!(conn, filter, place(cursor)?, limit, ">", "asc");
            rows.reverse();
            rows
        }
    };
    Ok(rows)
}

fn place(cursor: &Cursor) -> Result<(Option<DateTime<Utc>>, Option<Uuid>), Failure> {
    let (at, id) = cursor.moment()?;
    Ok((Some(at), Some(id)))
}

/// Entries newest first, a page of `limit` after a cursor.
///
/// # Errors
/// When the cursor is of another list or the database is away.
pub async fn list(
    conn: &mut PgConnection,
    filter: &TransferFilter,
    cursor: Option<&str>,
    limit: i64,
) -> Result<Vec<TransferRow>, Failure> {
    let position = match cursor {
        Some(text) => Position::After(Cursor::decode(text, 2)?),
        None => Position::Start,
    };
    page(conn, filter, &position, limit).await
}

/// The entries that hand over one thing (an event id, say), newest first.
///
/// # Errors
/// When the database is away.
pub async fn of_ref(conn: &mut PgConnection, reference: &str) -> Result<Vec<TransferRow>, Failure> {
    list(conn, &TransferFilter { reference: Some(reference.to_owned()), ..TransferFilter::default() }, None, 100).await
}

/// One entry by its id; its time is found from the time in the id (`UUIDv7`), so that only its own partition is read.
pub(super) async fn one(conn: &mut PgConnection, id: Uuid) -> Result<Option<TransferRow>, Failure> {
    let Some(at) = made_at(id) else { return Ok(None) };
    let filter = TransferFilter {
        from: Some(at - TimeDelta::seconds(60)),
        to: Some(at + TimeDelta::seconds(60)),
        ..TransferFilter::default()
    };
    let row = sqlx::query_scalar!(
        "select at from transfer where at >= $1 and at < $2 and id = $3",
        at - TimeDelta::seconds(60),
        at + TimeDelta::seconds(60),
        id
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(at) = row else { return Ok(None) };
    let filter = TransferFilter { from: Some(at), to: Some(at + TimeDelta::microseconds(1)), ..filter };
    let rows = page(conn, &filter, &Position::Start, 10_000).await?;
    Ok(rows.into_iter().find(|row| row.id == id))
}

/// What the entries of a filter add up to, by direction, classes and ground; largest first.
///
/// # Errors
/// When the database is away.
pub async fn totals(conn: &mut PgConnection, filter: &TransferFilter) -> Result<Vec<TransferTotal>, Failure> {
    let rows = sqlx::query_as!(
        TransferTotal,
        r#"select r.direction, r.classes, r.basis, r.notice_version, count(*) as "entries!",
                  coalesce(sum(r.records) filter (where r.state <> 'failed'), 0)::bigint as "records!"
           from transfer r
           where ($1::timestamptz is null or r.at >= $1)
             and ($2::timestamptz is null or r.at < $2)
             and ($3::uuid is null or r.tenant_id = $3)
             and ($4::uuid is null or r.operator_id = $4)
             and ($5::text is null or $5 = any(r.classes))
             and ($6::text is null or r.channel = $6)
             and ($7::text is null or r.state = $7)
             and ($8::text is null or r.ref = $8)
             and ($9::text is null or r.basis = $9)
             and ($10::text is null or r.direction = $10)
           group by r.direction, r.classes, r.basis, r.notice_version
           order by count(*) desc, r.direction, r.classes, r.basis, r.notice_version"#,
        filter.from,
        filter.to,
        filter.tenant.map(|t| t.0),
        filter.operator.map(|o| o.0),
        filter.class.map(Class::as_str),
        filter.channel.map(Channel::as_str),
        filter.state.map(TransferState::as_str),
        filter.reference,
        filter.ground.map(Ground::as_str),
        filter.direction.map(Direction::as_str)
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Organisations on the other side of the reader's gates: id, short name, name; by name.
pub(super) async fn parties(conn: &mut PgConnection, of_tenant: bool) -> Result<Vec<(Uuid, String, String)>, Failure> {
    let rows = sqlx::query!(
        r#"select p.id as "id!", p.slug as "slug!", p.name as "name!"
           from (select id, slug, name from operator where $1 union all select id, slug, name from tenant where not $1) p
           where p.id in (select case when $1 then g.operator_id else g.tenant_id end from gate g)
           order by p.name"#,
        of_tenant
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|r| (r.id, r.slug, r.name)).collect())
}
