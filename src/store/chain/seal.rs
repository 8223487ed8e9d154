//! Sealing: gives what waits its places in the chains, of many organisations at once, each under the lock of its head.

use std::collections::BTreeMap;
use std::collections::HashMap;

use chrono::DateTime;
use chrono::Utc;
use sqlx::PgConnection;
use uuid::Uuid;

use super::Chain;
use super::ChainFacts;
use super::ChainLink;
use super::chain_hash;
use crate::base::Failure;
use crate::store::Store;

/// So many times the entries of a batch are looked at, as other processes may be chaining the first of them.
const WINDOW: i64 = 4;

/// A row that waits.
struct Due {
    org: Uuid,
    due_at: DateTime<Utc>,
    place: String,
    entries: i32,
}

/// What is due of one organisation.
struct Waiting {
    org: Uuid,
    places: Vec<String>,
    entries: i64,
}

/// The end of a chain, under the lock of its row.
struct Head {
    seq: i64,
    hash: Vec<u8>,
    sealed_at: DateTime<Utc>,
    moved: bool,
}

/// Chains about `limit` due entries of the organisations that nobody else is chaining; those of the last one may be as many again.
/// `facts` answers, for links in order, the facts and the personal hash of their entries (`None`: the entry is gone, which verifying
/// will tell). Answers how many were chained.
///
/// # Errors
/// When the database is away.
pub async fn seal_chains<F>(store: &Store, chain: Chain, limit: i64, facts: F) -> Result<usize, Failure>
where
    F: AsyncFn(&mut PgConnection, &[ChainLink]) -> Result<Vec<Option<ChainFacts>>, Failure>,
{
    let now = store.env.now();
    let mut tx = store.begin_queue().await?;
    let look = store.looks.begin(chain.as_str(), now);
    let due = sqlx::query_as!(
        Due,
        r#"select org_id as org, due_at, ctid::text as "place!", cardinality(entries) as "entries!" from chain_pending where chain = $1 and due_at > $3 and due_at <= $2 order by due_at, first_id limit $4"#,
        chain.as_str(),
        now,
        look.from,
        limit.saturating_mul(WINDOW)
    )
    .fetch_all(&mut *tx)
    .await?;
    store.looks.found(&look, due.first().map(|row| row.due_at));
    if due.is_empty() {
        return Ok(0);
    }
    let (mut heads, places) = take_heads(&mut tx, chain, by_org(due, limit), limit, now).await?;
    if heads.is_empty() {
        return Ok(0); // Other processes are at all of them.
    }
    let orgs: Vec<Uuid> = heads.keys().copied().collect();
    // Until the heads were locked somebody else may have taken them, and another entry may have got the place.
    let taken = sqlx::query!(
        "delete from chain_pending where ctid = any($1::text[]::tid[]) and org_id = any($2) and chain = $3 and due_at <= $4
             returning org_id, entries, entry_tenant, entry_at",
        &places,
        &orgs,
        chain.as_str(),
        now
    )
    .fetch_all(&mut *tx)
    .await?;
    let mut links = Vec::new();
    for row in taken {
        let (org, entry_tenant, entry_at) = (row.org_id, row.entry_tenant, row.entry_at);
        let link = |entry_id| ChainLink { org, seq: 0, entry_id, entry_tenant, entry_at, hash: Vec::new() };
        links.extend(row.entries.into_iter().map(link));
    }
    links.sort_by_key(|link| (link.org, link.entry_at, link.entry_id));
    let facts = facts(&mut tx, &links).await?;
    let mut sealed_ats = Vec::with_capacity(links.len());
    for (link, facts) in links.iter_mut().zip(facts) {
        let head = heads.get_mut(&link.org).ok_or_else(|| anyhow::anyhow!("an entry was taken without the head of its chain"))?;
        head.hash = chain_hash(&head.hash, &facts.unwrap_or_else(ChainFacts::gone)).to_vec();
        head.seq += 1;
        head.moved = true;
        (link.seq, link.hash) = (head.seq, head.hash.clone());
        sealed_ats.push(head.sealed_at);
    }
    write_links(&mut tx, chain, &links, &sealed_ats).await?;
    heads.retain(|_, head| head.moved);
    write_heads(&mut tx, chain, &heads).await?;
    tx.commit().await?;
    Ok(links.len().max(1))
}

/// The rows by organisation, of each about `limit` entries, the organisation that waits longest first.
fn by_org(due: Vec<Due>, limit: i64) -> Vec<Waiting> {
    let (mut all, mut known): (Vec<Waiting>, HashMap<Uuid, usize>) = (Vec::new(), HashMap::new());
    for row in due {
        let at = *known.entry(row.org).or_insert(all.len());
        if at == all.len() {
            all.push(Waiting { org: row.org, places: Vec::new(), entries: 0 });
        }
        if let Some(waiting) = all.get_mut(at).filter(|waiting| waiting.entries < limit) {
            waiting.entries += i64::from(row.entries);
            waiting.places.push(row.place);
        }
    }
    all
}

/// Locks heads that nobody else has, until about `limit` entries wait for them, and answers where these stand. Where another process has
/// the first ones it goes on with the next.
async fn take_heads(
    conn: &mut PgConnection,
    chain: Chain,
    waiting: Vec<Waiting>,
    limit: i64,
    now: DateTime<Utc>,
) -> Result<(BTreeMap<Uuid, Head>, Vec<String>), Failure> {
    // In one order everywhere and before the first lock: only here one process waits for another.
    let orgs: Vec<Uuid> = waiting.iter().map(|one| one.org).collect();
    sqlx::query!(
        "insert into chain_head (org_id, chain, head)
         select w.org, $2, decode(repeat('00', 32), 'hex') from unnest($1::uuid[]) as w(org)
         where not exists (select from chain_head h where h.org_id = w.org and h.chain = $2)
         order by w.org on conflict do nothing",
        &orgs,
        chain.as_str()
    )
    .execute(&mut *conn)
    .await?;
    let (mut heads, mut places, mut entries) = (BTreeMap::new(), Vec::new(), 0);
    let mut waiting = waiting.into_iter();
    for _ in 0..WINDOW {
        let (mut asked, mut hoped) = (HashMap::new(), entries);
        while hoped < limit
            && let Some(next) = waiting.next()
        {
            hoped += next.entries;
            asked.insert(next.org, next);
        }
        if asked.is_empty() {
            break;
        }
        let orgs: Vec<Uuid> = asked.keys().copied().collect();
        let free = sqlx::query!(
            r#"select org_id, last_seq, head, greatest(sealed_at, $3) as "sealed_at!" from chain_head
               where org_id = any($1) and chain = $2 order by org_id for update skip locked"#,
            &orgs,
            chain.as_str(),
            now
        )
        .fetch_all(&mut *conn)
        .await?;
        for row in free {
            if let Some(one) = asked.remove(&row.org_id) {
                entries += one.entries;
                places.extend(one.places);
                heads.insert(one.org, Head { seq: row.last_seq, hash: row.head, sealed_at: row.sealed_at, moved: false });
            }
        }
    }
    Ok((heads, places))
}

async fn write_links(
    conn: &mut PgConnection,
    chain: Chain,
    links: &[ChainLink],
    sealed_ats: &[DateTime<Utc>],
) -> Result<(), Failure> {
    if links.is_empty() {
        return Ok(());
    }
    let orgs: Vec<Uuid> = links.iter().map(|l| l.org).collect();
    let seqs: Vec<i64> = links.iter().map(|l| l.seq).collect();
    let ids: Vec<Uuid> = links.iter().map(|l| l.entry_id).collect();
    let tenants: Vec<Option<Uuid>> = links.iter().map(|l| l.entry_tenant).collect();
    let ats: Vec<DateTime<Utc>> = links.iter().map(|l| l.entry_at).collect();
    let hashes: Vec<Vec<u8>> = links.iter().map(|l| l.hash.clone()).collect();
    sqlx::query!(
        "insert into chain_entry (org_id, chain, seq, entry_id, entry_tenant, entry_at, hash, sealed_at)
         select o, $1, s, i, t, a, h, z
         from unnest($2::uuid[], $3::bigint[], $4::uuid[], $5::uuid[], $6::timestamptz[], $7::bytea[], $8::timestamptz[])
              as x(o, s, i, t, a, h, z)",
        chain.as_str(),
        &orgs,
        &seqs,
        &ids,
        &tenants as &[Option<Uuid>],
        &ats,
        &hashes,
        sealed_ats
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn write_heads(conn: &mut PgConnection, chain: Chain, heads: &BTreeMap<Uuid, Head>) -> Result<(), Failure> {
    if heads.is_empty() {
        return Ok(());
    }
    let orgs: Vec<Uuid> = heads.keys().copied().collect();
    let seqs: Vec<i64> = heads.values().map(|head| head.seq).collect();
    let hashes: Vec<Vec<u8>> = heads.values().map(|head| head.hash.clone()).collect();
    let sealed_ats: Vec<DateTime<Utc>> = heads.values().map(|head| head.sealed_at).collect();
    sqlx::query!(
        "update chain_head c set last_seq = w.seq, head = w.hash, sealed_at = w.at
         from unnest($2::uuid[], $3::bigint[], $4::bytea[], $5::timestamptz[]) as w(org, seq, hash, at)
         where c.org_id = w.org and c.chain = $1",
        chain.as_str(),
        &orgs,
        &seqs,
        &hashes,
        &sealed_ats
    )
    .execute(conn)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_organisation_takes_all_and_the_first_is_the_first() {
        let row = |org: u128, entries: i32, place: &str| Due {
            org: Uuid::from_u128(org),
            due_at: DateTime::UNIX_EPOCH,
            place: place.to_owned(),
            entries,
        };
        let due = vec![row(2, 3, "a"), row(1, 1, "b"), row(2, 3, "c"), row(2, 1, "d"), row(1, 1, "e")];
        let found: Vec<_> = by_org(due, 5).into_iter().map(|one| (one.org.as_u128(), one.places.concat(), one.entries)).collect();
        assert_eq!(found, [(2, "ac".to_owned(), 6), (1, "be".to_owned(), 2)]);
    }
}
