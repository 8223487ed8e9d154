//! What the chain covers of an entry, and its proof.

use std::collections::HashMap;
use std::collections::HashSet;

use sqlx::PgConnection;
use uuid::Uuid;

use crate::base::Failure;
use crate::store::Chain;
use crate::store::ChainFacts;
use crate::store::ChainHead;
use crate::store::ChainLink;
use crate::store::ChainVerdict;
use crate::store::head_of;
use crate::store::holds_head;
use crate::store::verify_chain;

/// The facts and personal hashes of entries, in order; `None` where the row is gone. An entry may stand in the chains of both parties.
pub(super) async fn facts_of(conn: &mut PgConnection, links: &[ChainLink]) -> Result<Vec<Option<ChainFacts>>, Failure> {
    let mut seen = HashSet::with_capacity(links.len());
    let wanted: Vec<&ChainLink> = links.iter().filter(|l| seen.insert((l.entry_tenant, l.entry_at, l.entry_id))).collect();
    let tenants: Vec<Uuid> = wanted.iter().map(|l| l.entry_tenant.unwrap_or_default()).collect();
    let ats: Vec<_> = wanted.iter().map(|l| l.entry_at).collect();
    let ids: Vec<Uuid> = wanted.iter().map(|l| l.entry_id).collect();
    let rows = sqlx::query!(
        r#"select r.id, r.at, r.tenant_id, r.operator_id, r.direction, r.classes, r.channel, r.state, r.records, r.period_from, r.period_to,
                  r.basis, r.consent_id, r.notice_version, r.digest, r.ref as reference, r.salt, r.actor_label,
                  r.personal_hash
           from unnest($1::uuid[], $2::timestamptz[], $3::uuid[]) as w(tenant, at, id)
           join transfer r on r.tenant_id = w.tenant and r.at = w.at and r.id = w.id"#,
        &tenants,
        &ats,
        &ids
    )
    .fetch_all(conn)
    .await?;
    let found: HashMap<Uuid, ChainFacts> = rows
        .into_iter()
        .map(|r| {
            let facts = serde_json::json!([
                r.id,
                r.at.timestamp_micros(),
                r.tenant_id,
                r.operator_id,
                r.direction,
                r.classes,
                r.channel,
                r.state,
                r.records,
                r.period_from.map(|t| t.timestamp_micros()),
                r.period_to.map(|t| t.timestamp_micros()),
                r.basis,
                r.consent_id,
                r.notice_version,
                r.digest,
                r.reference
            ]);
            (
                r.id,
                ChainFacts::of(
                    facts.to_string(),
                    r.personal_hash.as_deref(),
                    r.salt.as_deref(),
                    &r.actor_label.unwrap_or_default(),
                ),
            )
        })
        .collect();
    // Once in each chain.
    let mut given = HashSet::with_capacity(links.len());
    Ok(links.iter().map(|l| found.get(&l.entry_id).filter(|_| given.insert((l.org, l.entry_id))).cloned()).collect())
}

/// What became of a head of the register that was kept elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It is the hash of that entry: up to there nothing was changed since.
    Holds,
    /// It is not: the chain was written anew or cut short.
    Differs,
    /// Its month was dropped, and no anchor ends there.
    NotThere,
}

impl Kept {
    /// `holds`, `differs` or `not_there`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Differs => "differs",
            Self::NotThere => "not_there",
        }
    }
}

/// Holds a head that was kept elsewhere against an organisation's register.
pub(super) async fn kept(conn: &mut PgConnection, org: Uuid, head: &ChainHead) -> Result<Kept, Failure> {
    Ok(match holds_head(conn, org, Chain::Register, head).await? {
        Some(true) => Kept::Holds,
        Some(false) => Kept::Differs,
        None => Kept::NotThere,
    })
}

/// The heads of an organisation's chains, to be kept elsewhere.
pub(super) async fn heads(conn: &mut PgConnection, org: Uuid) -> Result<Vec<(Chain, ChainHead)>, Failure> {
    let mut heads = Vec::with_capacity(3);
    for chain in [Chain::Register, Chain::Audit, Chain::Consent] {
        heads.push((chain, head_of(&mut *conn, org, chain).await?));
    }
    Ok(heads)
}

/// Proves an organisation's register: recomputes every hash of its chain.
///
/// # Errors
/// When the database is away.
pub async fn verify(conn: &mut PgConnection, org: Uuid) -> Result<ChainVerdict, Failure> {
    verify_chain(conn, org, Chain::Register, facts_of).await
}
