//! The ledger as a chain and as a file. Its lines are only ever appended; what became of a consent is a further line.

use std::collections::HashMap;

use chrono::DateTime;
use chrono::Utc;
use sqlx::PgConnection;
use uuid::Uuid;

use super::words::hex;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::TenantId;
use crate::store::Chain;
use crate::store::ChainFacts;
use crate::store::ChainLink;
use crate::store::ChainVerdict;
use crate::store::verify_chain;

/// The facts and personal hashes of lines, in order; `None` where the line is gone.
pub(super) async fn facts_of(conn: &mut PgConnection, links: &[ChainLink]) -> Result<Vec<Option<ChainFacts>>, Failure> {
    let tenants: Vec<Uuid> = links.iter().map(|link| link.org).collect();
    let ids: Vec<Uuid> = links.iter().map(|link| link.entry_id).collect();
    let rows = sqlx::query!(
        "select e.tenant_id, e.id, e.consent_id, e.operator_id, e.at, e.action, e.countries, e.classes, e.notice_version,
                e.notice_sha256, e.actor_label, e.address, e.salt, e.personal_hash
         from unnest($1::uuid[], $2::uuid[]) as w(tenant, id)
         join consent_entry e on e.tenant_id = w.tenant and e.id = w.id",
        &tenants,
        &ids
    )
    .fetch_all(conn)
    .await?;
    let mut found: HashMap<(Uuid, Uuid), ChainFacts> = rows
        .into_iter()
        .map(|r| {
            let facts = serde_json::json!([
                r.tenant_id,
                r.id,
                r.consent_id,
                r.operator_id,
                r.at.timestamp_micros(),
                r.action,
                r.countries,
                r.classes,
                r.notice_version,
                r.notice_sha256
            ]);
            let personal = format!("{}\u{1f}{}", r.actor_label, r.address.unwrap_or_default());
            ((r.tenant_id, r.id), ChainFacts::of(facts.to_string(), r.personal_hash.as_deref(), r.salt.as_deref(), &personal))
        })
        .collect();
    Ok(links.iter().map(|link| found.remove(&(link.org, link.entry_id))).collect())
}

/// Proves a tenant's ledger: recomputes every hash of its chain.
///
/// # Errors
/// When the database is away.
pub async fn verify(conn: &mut PgConnection, tenant: TenantId) -> Result<ChainVerdict, Failure> {
    verify_chain(conn, tenant.0, Chain::Consent, facts_of).await
}

/// A line of the ledger as it is taken away.
#[derive(Clone, Debug)]
pub(super) struct LedgerLine {
    pub(super) id: Uuid,
    pub(super) at: DateTime<Utc>,
    pub(super) consent_id: Uuid,
    pub(super) operator: String,
    pub(super) action: String,
    pub(super) countries: Vec<String>,
    pub(super) classes: Vec<String>,
    pub(super) notice_version: String,
    pub(super) notice_sha256: Vec<u8>,
    pub(super) actor_label: String,
    pub(super) address: Option<String>,
    /// Its number in the tenant's chain; `None` until it is chained.
    pub(super) seq: Option<i64>,
    pub(super) hash: Option<Vec<u8>>,
}

/// Lines of a tenant, oldest first, after one of them; of one operator or all.
pub(super) async fn lines(
    conn: &mut PgConnection,
    tenant: TenantId,
    operator: Option<OperatorId>,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<LedgerLine>, Failure> {
    let rows = sqlx::query_as!(
        LedgerLine,
        r#"select e.id, e.at, e.consent_id, o.slug as operator, e.action, e.countries, e.classes, e.notice_version, e.notice_sha256,
                  e.actor_label, e.address, c.seq as "seq?", c.hash as "hash?"
           from consent_entry e
           join operator o on o.id = e.operator_id
           left join chain_entry c on c.org_id = e.tenant_id and c.chain = 'consent' and c.entry_id = e.id
           where e.tenant_id = $1 and ($2::uuid is null or e.operator_id = $2)
             and ($3::timestamptz is null or (e.at, e.id) > ($3, $4))
           order by e.at, e.id limit $5"#,
        tenant.0,
        operator.map(|operator| operator.0),
        after.map(|after| after.0),
        after.map(|after| after.1),
        limit
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Where a line stands in the tenant's chain and its hash there, in lower-case hex; `None` until it is chained.
pub(super) async fn link_of(
    conn: &mut PgConnection,
    tenant: TenantId,
    operator: OperatorId,
    (at, id): (DateTime<Utc>, Uuid),
) -> Result<Option<(i64, String)>, Failure> {
    // The one line behind the id in front of it.
    let before = Uuid::from_u128(id.as_u128().saturating_sub(1));
    let line = lines(conn, tenant, Some(operator), Some((at, before)), 1).await?.into_iter().find(|line| line.id == id);
    Ok(line.and_then(|line| line.seq.zip(line.hash)).map(|(seq, hash)| (seq, hex(&hash))))
}
