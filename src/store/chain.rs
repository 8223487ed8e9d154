//! Hash chains per organisation, sealed like feeds: writers queue, any process chains. Entry hash =
//! SHA-256(previous, facts, SHA-256(salt, personal part)), so that the personal part can be erased and the rest still proves.

mod seal;

use chrono::DateTime;
use chrono::Utc;
use sha2::Digest;
use sha2::Sha256;
use sqlx::PgConnection;
use uuid::Uuid;

pub use seal::seal_chains;

use crate::base::Failure;

/// Which chain of an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chain {
    Register,
    Audit,
    /// The ledger of a tenant's consents.
    Consent,
}

impl Chain {
    /// The name in the tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Audit => "audit",
            Self::Consent => "consent",
        }
    }
}

/// One entry of a chain, as stored.
#[derive(Clone, Debug)]
pub struct ChainLink {
    /// Whose chain it is a link of.
    pub org: Uuid,
    pub seq: i64,
    pub entry_id: Uuid,
    pub entry_tenant: Option<Uuid>,
    pub entry_at: DateTime<Utc>,
    pub hash: Vec<u8>,
}

/// What the hash of an entry covers, read from the entry as it stands now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainFacts {
    /// The facts, in a fixed writing.
    pub facts: String,
    /// [`personal_hash`] of the personal part.
    pub personal: [u8; 32],
    /// The personal part is gone and `personal` is what was kept of it.
    pub erased: bool,
}

impl ChainFacts {
    /// Stands for an entry that was gone before it was chained: somebody removed it. Its link is missing its entry for good.
    fn gone() -> Self {
        Self { facts: String::new(), personal: [0; 32], erased: false }
    }

    /// From the facts and the personal part, or from the hash that was kept when that part was erased.
    #[must_use]
    pub fn of(facts: String, kept: Option<&[u8]>, salt: Option<&[u8]>, personal: &str) -> Self {
        match kept.and_then(|hash| hash.try_into().ok()) {
            Some(personal) if salt.is_none() => Self { facts, personal, erased: true },
            _ => Self { facts, personal: personal_hash(salt.unwrap_or_default(), personal), erased: false },
        }
    }
}

/// The hash of the personal part; what is kept when it is erased.
#[must_use]
pub fn personal_hash(salt: &[u8], personal: &str) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(salt.len().to_be_bytes());
    hasher.update(salt);
    hasher.update(personal);
    hasher.finalize().into()
}

/// The hash of an entry.
#[must_use]
pub fn chain_hash(previous: &[u8], entry: &ChainFacts) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(previous);
    hasher.update(entry.facts.len().to_be_bytes());
    hasher.update(&entry.facts);
    hasher.update(entry.personal);
    hasher.finalize().into()
}

/// Queues an entry for the chains of the given organisations, in the transaction that writes it.
///
/// # Errors
/// When the database is away.
pub async fn queue_for_chain(
    conn: &mut PgConnection,
    chain: Chain,
    orgs: &[Uuid],
    entry: Uuid,
    entry_tenant: Option<Uuid>,
    entry_at: DateTime<Utc>,
    due_at: DateTime<Utc>,
) -> Result<(), Failure> {
    sqlx::query!(
        "insert into chain_pending (org_id, first_id, chain, entry_tenant, entry_at, due_at, entries)
         select org, $2, $3, $4, $5, $6, array[$2::uuid] from unnest($1::uuid[]) as org",
        orgs,
        entry,
        chain.as_str(),
        entry_tenant,
        entry_at,
        due_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// [`queue_for_chain`] for many entries of one organisation, written and due at the same moment, in one row.
///
/// # Errors
/// When the database is away.
pub async fn queue_all_for_chain(
    conn: &mut PgConnection,
    chain: Chain,
    org: Uuid,
    entries: &[Uuid],
    at: DateTime<Utc>,
) -> Result<(), Failure> {
    let Some(first) = entries.first() else {
        return Ok(());
    };
    sqlx::query!(
        "insert into chain_pending (org_id, first_id, chain, entry_at, due_at, entries) values ($1, $5, $2, $4, $4, $3)",
        org,
        chain.as_str(),
        entries,
        at,
        first
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Number and hash of the newest entry of an organisation's chain.
pub(super) async fn read_head(conn: &mut PgConnection, org: Uuid, chain: Chain) -> Result<Option<(i64, Vec<u8>)>, Failure> {
    let head = sqlx::query!("select last_seq, head from chain_head where org_id = $1 and chain = $2", org, chain.as_str())
        .fetch_optional(conn)
        .await?;
    Ok(head.map(|head| (head.last_seq, head.head)))
}

/// Number of the newest link that is there, whatever the head says; 0 without any.
pub(super) async fn read_newest(conn: &mut PgConnection, org: Uuid, chain: Chain) -> Result<i64, Failure> {
    let newest = sqlx::query_scalar!("select max(seq) from chain_entry where org_id = $1 and chain = $2", org, chain.as_str())
        .fetch_one(conn)
        .await?;
    Ok(newest.unwrap_or(0))
}

/// The hash of one link; `None` when it is not there.
pub(super) async fn read_hash(conn: &mut PgConnection, org: Uuid, chain: Chain, seq: i64) -> Result<Option<Vec<u8>>, Failure> {
    Ok(sqlx::query_scalar!("select hash from chain_entry where org_id = $1 and chain = $2 and seq = $3", org, chain.as_str(), seq)
        .fetch_optional(conn)
        .await?)
}

/// Reads up to `limit` links of an organisation's chain after one position and up to another, for verification.
///
/// # Errors
/// When the database is away.
pub(super) async fn read_links(
    conn: &mut PgConnection,
    org: Uuid,
    chain: Chain,
    after: i64,
    to: i64,
    limit: i64,
) -> Result<Vec<ChainLink>, Failure> {
    let rows = sqlx::query_as!(
        ChainLink,
        "select org_id as org, seq, entry_id, entry_tenant, entry_at, hash from chain_entry
         where org_id = $1 and chain = $2 and seq > $3 and seq <= $4 order by seq limit $5",
        org,
        chain.as_str(),
        after,
        to,
        limit
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_counts() {
        let entry = |facts: &str, name: &str| ChainFacts::of(facts.to_owned(), None, Some(b"salt"), name);
        let base = chain_hash(&[0; 32], &entry("facts", "Ada"));
        assert_ne!(base, chain_hash(&[1; 32], &entry("facts", "Ada")));
        assert_ne!(base, chain_hash(&[0; 32], &entry("fact", "Ada")));
        assert_ne!(base, chain_hash(&[0; 32], &entry("facts", "Bob")));
        assert_ne!(personal_hash(b"ab", "c"), personal_hash(b"a", "bc"));
    }

    #[test]
    fn an_erased_entry_keeps_its_hash() {
        let whole = ChainFacts::of("facts".to_owned(), None, Some(b"salt"), "Ada");
        let erased = ChainFacts::of("facts".to_owned(), Some(&whole.personal), None, "");
        assert!(erased.erased && !whole.erased);
        assert_eq!(chain_hash(&[0; 32], &whole), chain_hash(&[0; 32], &erased));
    }
}
