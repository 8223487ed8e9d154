//! SQL of snapshots: which pairs resumed, and which numbers are told anew.

use sqlx::PgConnection;

use crate::base::Env;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::TenantId;

/// A pair whose numbers are told anew.
#[derive(Clone, Debug)]
pub struct Resumed {
    pub tenant: TenantId,
    pub operator: OperatorId,
    /// The id of its consent.
    pub consent: String,
    /// Numbers after this one; empty: all.
    pub after: String,
}

/// Takes one pair off the change list, the longest waiting first; `None` while another process takes some. A pair that stands
/// there twice is told once, from the lower of both places.
pub async fn take_resumed(conn: &mut PgConnection, list: &str) -> Result<Option<Resumed>, Failure> {
    let mine = sqlx::query_scalar!(r#"select pg_try_advisory_xact_lock(hashtextextended($1, 0)) as "mine!""#, list)
        .fetch_one(&mut *conn)
        .await?;
    if !mine {
        return Ok(None);
    }
    let rows = sqlx::query!(
        r#"delete from change c using (select tenant_id, operator_id from change where list = $1 order by id limit 1) first
           where c.list = $1 and c.tenant_id = first.tenant_id and c.operator_id = first.operator_id
           returning c.tenant_id, c.operator_id, coalesce(c.subject, '') as "consent!", coalesce(c.detail, '') as "after!""#,
        list
    )
    .fetch_all(conn)
    .await?;
    let lowest = rows.into_iter().min_by(|a, b| a.after.cmp(&b.after));
    Ok(lowest.map(|row| Resumed {
        tenant: TenantId(row.tenant_id),
        operator: OperatorId(row.operator_id),
        consent: row.consent,
        after: row.after,
    }))
}

/// Puts a pair back on the list, to go on after a number.
pub async fn put_back(conn: &mut PgConnection, env: &Env, list: &str, pair: &Resumed) -> Result<(), Failure> {
    sqlx::query!(
        "insert into change (tenant_id, id, list, operator_id, subject, detail, at) values ($1, $2, $3, $4, $5, $6, $7)",
        pair.tenant.0,
        env.id(),
        list,
        pair.operator.0,
        pair.consent,
        pair.after,
        env.now()
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The pair's numbers that somebody has, and those that wait for the operator to hear of a change that is withheld, in countries whose gate for
/// numbers is open; in the order of E.164. Index: `number_tenant_operator_ix`.
pub async fn to_tell(conn: &mut PgConnection, pair: &Resumed, limit: i64) -> Result<Vec<String>, Failure> {
    Ok(sqlx::query_scalar!(
        "select n.e164 from number n
         join gate g on g.tenant_id = n.tenant_id and g.operator_id = n.operator_id and g.country = n.country
           and g.class = 'numbers' and g.open
         where n.tenant_id = $1 and n.operator_id = $2 and n.e164 > $3 and (n.assignment_status <> 'unassigned'
             or (n.activation_state = 'update_pending' and exists (
               select from event e
               where e.tenant_id = n.tenant_id and e.subject = n.e164 and e.operator_id = n.operator_id
                 and e.number_seq = n.number_seq and e.class is not null and e.opening is distinct from g.opening)))
         order by n.e164 limit $4",
        pair.tenant.0,
        pair.operator.0,
        pair.after,
        limit
    )
    .fetch_all(conn)
    .await?)
}
