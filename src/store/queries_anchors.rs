//! Anchors: what stands for the entries of a month when it is dropped, so that the rest of the chain still proves.

use chrono::DateTime;
use chrono::Utc;
use sqlx::PgConnection;
use uuid::Uuid;

use super::Store;
use super::chain::Chain;
use super::queries_partitions::drop_stretch;
use super::queries_partitions::oldest_over;
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

/// Drops the oldest partition of `table`, a month or a day, if the table's time of keeping is over for it. Where its entries stand in a
/// chain: an anchor for every organisation first, all in one transaction, and a month of which something is still to be chained stays.
/// Whether one was dropped; one that others hold for 2 s is left for the next look.
///
/// # Errors
/// When the database is away; nothing is dropped then.
pub async fn drop_oldest(store: &Store, chain: Option<Chain>, table: &'static str) -> Result<bool, Failure> {
    let now = store.env.now();
    let mut tx = store.begin_job().await?;
    let Some(old) = oldest_over(&mut tx, table, now).await? else { return Ok(false) };
    if let Some(chain) = chain {
        let waits = sqlx::query_scalar!(
            r#"select exists (select from chain_pending where chain = $1 and entry_at < $2) as "waits!""#,
            chain.as_str(),
            old.before
        )
        .fetch_one(&mut *tx)
        .await?;
        if waits {
            tracing::warn!(table, month = %old.from, "a month stays: some of its entries are not chained yet");
            return Ok(false);
        }
        anchor(&mut tx, chain, old.before, now).await?;
    }
    drop_stretch(tx, &old).await
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
