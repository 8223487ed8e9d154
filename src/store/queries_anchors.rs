//! Anchors: what stands for the entries of a month when it is dropped, so that the rest of the chain still proves.

use chrono::DateTime;
use chrono::Months;
use chrono::NaiveDate;
use chrono::NaiveTime;
use chrono::Utc;
use sqlx::PgConnection;
use uuid::Uuid;

use super::Store;
use super::chain::Chain;
use crate::base::Failure;

/// An anchor, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainAnchor {
    /// Entries from before this time are gone.
    pub before: DateTime<Utc>,
    pub first_seq: i64,
    pub last_seq: i64,
    /// Links that were there when the run was dropped.
    pub count: i64,
    /// Hash of the link `last_seq`.
    pub hash: Vec<u8>,
}

/// The anchors of an organisation's chain, oldest first.
///
/// # Errors
/// When the database is away.
pub async fn read_anchors(conn: &mut PgConnection, org: Uuid, chain: Chain) -> Result<Vec<ChainAnchor>, Failure> {
    Ok(sqlx::query_as!(
        ChainAnchor,
        "select before, first_seq, last_seq, count, hash from chain_anchor where org_id = $1 and chain = $2 order by before",
        org,
        chain.as_str()
    )
    .fetch_all(conn)
    .await?)
}

/// Drops the oldest month of `table` if the table's `keep_months` are over for it. Where its entries stand in a chain: an anchor for
/// every organisation first, all in one transaction, and a month of which something is still to be chained stays. Whether one was
/// dropped.
///
/// # Errors
/// When the database is away, or others held the table for 2 s; nothing is dropped then.
pub async fn drop_oldest_month(store: &Store, chain: Option<Chain>, table: &str) -> Result<bool, Failure> {
    let now = store.env.now();
    let mut tx = store.begin_job().await?;
    let keep = sqlx::query_scalar!("select keep_months from partitioned_table where name = $1 and grain = 'month'", table)
        .fetch_optional(&mut *tx)
        .await?;
    let oldest = sqlx::query_scalar!(
        r#"select right(min(c.relname::text), 6) as "month" from pg_inherits i join pg_class c on c.oid = i.inhrelid
           where i.inhparent = to_regclass($1) and c.relname ~ '_[0-9]{6}$'"#,
        table
    )
    .fetch_one(&mut *tx)
    .await?;
    let (Some(keep), Some(month)) = (keep, oldest.as_deref().and_then(first_day)) else {
        return Ok(false);
    };
    let Some((from, before)) = span(month) else { return Ok(false) };
    let over = u32::try_from(keep).ok().and_then(|keep| before.checked_add_months(Months::new(keep)));
    if over.is_none_or(|over| over > now) {
        return Ok(false);
    }
    if let Some(chain) = chain {
        let waits = sqlx::query_scalar!(
            r#"select exists (select from chain_pending where chain = $1 and entry_at < $2) as "waits!""#,
            chain.as_str(),
            before
        )
        .fetch_one(&mut *tx)
        .await?;
        if waits {
            tracing::warn!(table, month = %month, "a month stays: some of its entries are not chained yet");
            return Ok(false);
        }
        anchor(&mut tx, chain, before, now).await?;
    }
    sqlx::query_scalar!("select drop_partition($1, $2)", table, from).fetch_one(&mut *tx).await?;
    tx.commit().await?;
    tracing::info!(table, month = %month, "a month was dropped");
    Ok(true)
}

/// Writes an anchor for each organisation and takes away the links it stands for. Nobody seals meanwhile.
async fn anchor(conn: &mut PgConnection, chain: Chain, before: DateTime<Utc>, now: DateTime<Utc>) -> Result<(), Failure> {
    sqlx::query!("select org_id from chain_head where chain = $1 order by org_id for update", chain.as_str())
        .fetch_all(&mut *conn)
        .await?;
    sqlx::query!(
        "with run as (
           select h.org_id, a.first_seq, a.hash,
                  coalesce((select c.seq - 1 from chain_entry c
                            where c.org_id = h.org_id and c.chain = h.chain and c.seq >= a.first_seq and c.entry_at >= $2
                            order by c.seq limit 1), h.last_seq) as last_seq
           from chain_head h
           cross join lateral (
             select coalesce(max(p.last_seq), 0) + 1 as first_seq,
                    coalesce((array_agg(p.hash order by p.before desc))[1], decode(repeat('00', 32), 'hex')) as hash
             from chain_anchor p where p.org_id = h.org_id and p.chain = h.chain) a
           where h.chain = $1)
         insert into chain_anchor (org_id, chain, before, first_seq, last_seq, count, hash, anchored_at)
         select r.org_id, $1, $2, r.first_seq, r.last_seq,
                (select count(*) from chain_entry c
                 where c.org_id = r.org_id and c.chain = $1 and c.seq between r.first_seq and r.last_seq),
                coalesce((select c.hash from chain_entry c where c.org_id = r.org_id and c.chain = $1 and c.seq = r.last_seq), r.hash),
                $3
         from run r",
        chain.as_str(),
        before,
        now
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "delete from chain_entry c using chain_anchor a
         where a.chain = $1 and a.before = $2 and c.org_id = a.org_id and c.chain = a.chain
           and c.seq between a.first_seq and a.last_seq",
        chain.as_str(),
        before
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The first day of `202603`.
fn first_day(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(&format!("{text}01"), "%Y%m%d").ok()
}

/// A month in UTC, half open.
fn span(month: NaiveDate) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
    let at = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
    Some((at(month), at(month.checked_add_months(Months::new(1))?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_ends_where_the_next_begins() {
        let (from, before) = first_day("202612").and_then(span).expect("a month");
        assert_eq!(
            (from.to_rfc3339().as_str(), before.to_rfc3339().as_str()),
            ("2026-12-01T00:00:00+00:00", "2027-01-01T00:00:00+00:00")
        );
        assert_eq!(first_day("202613"), None);
    }
}
