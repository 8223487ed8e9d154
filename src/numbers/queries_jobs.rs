//! SQL of the background work, over all organisations.

use chrono::DateTime;
use chrono::Utc;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::base::E164;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::TenantId;
use crate::base::made_at;
use crate::store::Looks;

/// What an operator confirmed: a number's event of that `number_seq`.
#[derive(Clone, Debug)]
pub struct Confirmed {
    pub tenant: Uuid,
    pub operator: Uuid,
    pub e164: String,
    pub number_seq: i64,
}

/// A number that became active.
#[derive(Clone, Debug)]
pub struct Activated {
    pub tenant: TenantId,
    pub operator: OperatorId,
    pub e164: E164,
    pub number_seq: i64,
    pub status: String,
    /// The activation state it had.
    pub was: String,
}

/// What was taken off the change list.
#[derive(Debug, Default)]
pub struct Taken {
    pub confirmed: Vec<Confirmed>,
    /// There may be more.
    pub full: bool,
}

/// Takes up to `limit` rows off the change list, the oldest first; none while another process takes some, so that no two wait for
/// each other.
pub async fn take_confirmed(
    conn: &mut PgConnection,
    looks: &Looks,
    list: &'static str,
    limit: i64,
    now: DateTime<Utc>,
) -> Result<Taken, Failure> {
    let mine = sqlx::query_scalar!(r#"select pg_try_advisory_xact_lock(hashtextextended($1, 0)) as "mine!""#, list)
        .fetch_one(&mut *conn)
        .await?;
    if !mine {
        return Ok(Taken::default());
    }
    let look = looks.begin(list, now);
    let found = sqlx::query!(
        r#"select id, ctid::text as "place!" from change where list = $1 and id > $2 order by id limit $3"#,
        list,
        first_id(look.from),
        limit
    )
    .fetch_all(&mut *conn)
    .await?;
    looks.found(&look, found.first().map(|row| made_at(row.id).unwrap_or(look.from)));
    let places: Vec<String> = found.into_iter().map(|row| row.place).collect();
    let full = i64::try_from(places.len()).is_ok_and(|n| n >= limit);
    let rows =
        sqlx::query!("delete from change where ctid = any($1::text[]::tid[]) returning tenant_id, operator_id, detail", &places)
            .fetch_all(conn)
            .await?;
    let mut confirmed = Vec::new();
    for row in rows {
        let one = |(e164, number_seq)| Confirmed { tenant: row.tenant_id, operator: row.operator_id, e164, number_seq };
        let list: Vec<(String, i64)> = serde_json::from_str(&row.detail.unwrap_or_default()).map_err(anyhow::Error::new)?;
        confirmed.extend(list.into_iter().map(one));
    }
    Ok(Taken { confirmed, full })
}

/// Before every id of that millisecond and later.
fn first_id(at: DateTime<Utc>) -> Uuid {
    Uuid::from_u128(u128::try_from(at.timestamp_millis()).unwrap_or(0) << 80)
}

/// Sets those numbers active whose newest event was confirmed and that wait for it. Locks in the order of
/// the key.
pub async fn activate(conn: &mut PgConnection, confirmed: &[Confirmed], at: DateTime<Utc>) -> Result<Vec<Activated>, Failure> {
    let tenants: Vec<Uuid> = confirmed.iter().map(|c| c.tenant).collect();
    let operators: Vec<Uuid> = confirmed.iter().map(|c| c.operator).collect();
    let e164s: Vec<&str> = confirmed.iter().map(|c| c.e164.as_str()).collect();
    let seqs: Vec<i64> = confirmed.iter().map(|c| c.number_seq).collect();
    let rows = sqlx::query!(
        // One by one, by the key: the numbers that wait may be many more than those that were confirmed.
        r#"with waiting as (
           select n.tenant_id, n.e164, n.was
           from (select distinct t, e collate "C" as e, o, s
                 from unnest($1::uuid[], $2::text[], $3::uuid[], $4::bigint[]) as x(t, e, o, s) order by 1, 2) as c
           cross join lateral (
             select n.tenant_id, n.e164, n.activation_state as was from number n
             where n.tenant_id = c.t and n.e164 = c.e and n.operator_id = c.o and n.number_seq = c.s
               and n.activation_state in ('assignment_pending', 'update_pending')
             for update) as n)
         update number n
         set activation_state = 'activated', pending_since = null, failure_code = null, failure_reason = null, changed_at = $5
         from waiting w where n.tenant_id = w.tenant_id and n.e164 = w.e164
         returning n.tenant_id, n.operator_id, n.e164, n.number_seq, n.assignment_status, w.was"#,
        &tenants,
        &e164s as &[&str],
        &operators,
        &seqs,
        at
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Activated {
                tenant: TenantId(row.tenant_id),
                operator: OperatorId(row.operator_id),
                e164: E164::parse(&row.e164).map_err(anyhow::Error::new)?,
                number_seq: row.number_seq,
                status: row.assignment_status,
                was: row.was,
            })
        })
        .collect()
}
