//! The log's rows.

use std::collections::HashMap;

use chrono::DurationRound as _;
use chrono::TimeDelta;
use serde_json::Value;
use sha2::Digest as _;
use sha2::Sha256;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::base::Ctx;
use crate::base::Failure;
use crate::store::Chain;
use crate::store::ChainFacts;
use crate::store::ChainLink;
use crate::store::ChainVerdict;
use crate::store::queue_all_for_chain;
use crate::store::verify_chain;

/// What happened.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// The verb, as in the API and on the button: `number.assign`.
    pub action: &'a str,
    pub subject_kind: &'a str,
    pub subject_id: &'a str,
    /// Facts without personal data.
    pub detail: Option<Value>,
}

/// Writes an entry in the log of the organisation that `ctx` acts for.
///
/// # Errors
/// When the database is away.
pub async fn record(conn: &mut PgConnection, ctx: &Ctx, entry: Entry<'_>) -> Result<(), Failure> {
    record_all(conn, ctx, std::slice::from_ref(&entry)).await
}

/// [`record`] for several entries, in two statements however many there are.
///
/// # Errors
/// When the database is away.
pub async fn record_all(conn: &mut PgConnection, ctx: &Ctx, entries: &[Entry<'_>]) -> Result<(), Failure> {
    if entries.is_empty() {
        return Ok(());
    }
    let (org, at) = (ctx.org.id(), ctx.now());
    let ids: Vec<Uuid> = entries.iter().map(|_| ctx.env.id()).collect();
    let salts: Vec<Vec<u8>> = entries.iter().map(|_| ctx.env.bytes::<16>().to_vec()).collect();
    let actions: Vec<&str> = entries.iter().map(|entry| entry.action).collect();
    let kinds: Vec<&str> = entries.iter().map(|entry| entry.subject_kind).collect();
    let subjects: Vec<&str> = entries.iter().map(|entry| entry.subject_id).collect();
    let details: Vec<Option<String>> = entries.iter().map(|entry| entry.detail.as_ref().map(Value::to_string)).collect();
    sqlx::query!(
        "insert into audit_event (org_id, at, id, actor_kind, actor_id, action, subject_kind, subject_id, detail, request_id, salt, actor_label, address)
         select $1, $2, i, $3, $4, a, k, s, d, $5, sa, $6, $7
         from unnest($8::uuid[], $9::text[], $10::text[], $11::text[], $12::text[], $13::bytea[]) as x(i, a, k, s, d, sa)",
        org,
        at,
        ctx.actor.kind(),
        ctx.actor.id(),
        ctx.request_id,
        ctx.actor.label(),
        ctx.address,
        &ids,
        &actions as &[&str],
        &kinds as &[&str],
        &subjects as &[&str],
        &details as &[Option<String>],
        &salts
    )
    .execute(&mut *conn)
    .await?;
    queue_all_for_chain(conn, Chain::Audit, org, &ids, at).await
}

/// Appends that the personal part of entries was erased: why, how many it was taken from, and the SHA-256 over the ids of all that
/// were named, sorted, each followed by a line feed.
///
/// # Errors
/// When the database is away.
pub async fn record_erasure(
    conn: &mut PgConnection,
    ctx: &Ctx,
    action: &str,
    ids: &[Uuid],
    erased: u64,
    reason: &str,
) -> Result<(), Failure> {
    let mut names: Vec<String> = ids.iter().map(Uuid::to_string).collect();
    names.sort();
    let mut hasher = Sha256::new();
    for name in &names {
        hasher.update(name);
        hasher.update(b"\n");
    }
    let digest: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    let detail = serde_json::json!({ "reason": reason, "erased": erased, "entries": digest });
    let entry = Entry { action, subject_kind: "chain", subject_id: &ctx.org.id().to_string(), detail: Some(detail) };
    record(conn, ctx, entry).await
}

/// A read coalesces for this long.
const READ_WINDOW: TimeDelta = TimeDelta::minutes(15);

/// [`record`] for a read of personal data: one entry per (actor, action, subject) in 15 minutes. Two reads at the same moment may
/// both be written; none is left out.
///
/// # Errors
/// When the database is away.
pub async fn record_read(conn: &mut PgConnection, ctx: &Ctx, entry: Entry<'_>) -> Result<(), Failure> {
    let now = ctx.now();
    let from = now.duration_trunc(READ_WINDOW).unwrap_or(now);
    let written = sqlx::query_scalar!(
        r#"select exists (select from audit_event
                          where org_id = $1 and subject_kind = $2 and subject_id = $3 and at >= $4 and at <= $5
                            and action = $6 and actor_kind = $7 and actor_id = $8) as "written!""#,
        ctx.org.id(),
        entry.subject_kind,
        entry.subject_id,
        from,
        now,
        entry.action,
        ctx.actor.kind(),
        ctx.actor.id()
    )
    .fetch_one(&mut *conn)
    .await?;
    if written { Ok(()) } else { record(conn, ctx, entry).await }
}

/// The facts and personal hashes of entries, in order; `None` where the row is gone.
pub(super) async fn facts_of(conn: &mut PgConnection, links: &[ChainLink]) -> Result<Vec<Option<ChainFacts>>, Failure> {
    let orgs: Vec<Uuid> = links.iter().map(|l| l.org).collect();
    let ids: Vec<Uuid> = links.iter().map(|l| l.entry_id).collect();
    let ats: Vec<_> = links.iter().map(|l| l.entry_at).collect();
    let rows = sqlx::query!(
        "select a.org_id, a.id, a.at, a.actor_kind, a.actor_id, a.action, a.subject_kind, a.subject_id, a.outcome, a.detail, a.request_id,
                a.salt, a.actor_label, a.address, a.personal_hash
         from unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) as w(org, id, at)
         join audit_event a on a.org_id = w.org and a.at = w.at and a.id = w.id",
        &orgs,
        &ids,
        &ats
    )
    .fetch_all(conn)
    .await?;
    let mut found: HashMap<(Uuid, Uuid), ChainFacts> = rows
        .into_iter()
        .map(|r| {
            let facts = serde_json::json!([
                r.org_id,
                r.id,
                r.at.timestamp_micros(),
                r.actor_kind,
                r.actor_id,
                r.action,
                r.subject_kind,
                r.subject_id,
                r.outcome,
                r.detail,
                r.request_id
            ]);
            let personal = format!("{}\u{1f}{}", r.actor_label.unwrap_or_default(), r.address.unwrap_or_default());
            ((r.org_id, r.id), ChainFacts::of(facts.to_string(), r.personal_hash.as_deref(), r.salt.as_deref(), &personal))
        })
        .collect();
    Ok(links.iter().map(|l| found.remove(&(l.org, l.entry_id))).collect())
}

/// Proves the organisation's own log: recomputes every hash.
///
/// # Errors
/// When the database is away.
pub async fn verify(conn: &mut PgConnection, org: Uuid) -> Result<ChainVerdict, Failure> {
    verify_chain(conn, org, Chain::Audit, facts_of).await
}
