//! Reading the register for one organisation: its own rows only, by row security and by this room's scope.

use chrono::DateTime;
use chrono::Utc;
use serde_json::json;
use uuid::Uuid;

use super::model::Position;
use super::model::TransferFilter;
use super::model::TransferRow;
use super::model::TransferTotal;
use super::queries_chain;
use super::queries_chain::Kept;
use super::queries_list;
use crate::audit;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::Org;
use crate::base::Problem;
use crate::base::Scope;
use crate::store::Chain;
use crate::store::ChainHead;
use crate::store::ChainVerdict;
use crate::store::Store;

/// Another organisation that stands in the register.
#[derive(Clone, Debug)]
pub(super) struct Party {
    pub(super) id: Uuid,
    pub(super) slug: String,
    pub(super) name: String,
}

/// What the register page shows.
pub(super) struct Reading {
    pub(super) rows: Vec<TransferRow>,
    pub(super) totals: Vec<TransferTotal>,
}

/// The organisations the caller has or had a gate with.
pub(super) async fn parties(store: &Store, ctx: &Ctx) -> Result<Vec<Party>, Failure> {
    ctx.require(Scope::RegisterRead)?;
    let mut tx = store.begin_for(ctx).await?;
    let rows = queries_list::parties(&mut tx, matches!(ctx.org, Org::Tenant(_))).await?;
    tx.commit().await?;
    Ok(rows.into_iter().map(|(id, slug, name)| Party { id, slug, name }).collect())
}

/// One page of the register, and what all its entries add up to.
pub(super) async fn read(
    store: &Store,
    ctx: &Ctx,
    filter: &TransferFilter,
    position: &Position,
    limit: i64,
) -> Result<Reading, Failure> {
    ctx.require(Scope::RegisterRead)?;
    let mut tx = store.begin_for(ctx).await?;
    let rows = queries_list::page(&mut tx, filter, position, limit).await?;
    let totals = queries_list::totals(&mut tx, filter).await?;
    tx.commit().await?;
    Ok(Reading { rows, totals })
}

/// One page of the register.
pub(super) async fn rows(
    store: &Store,
    ctx: &Ctx,
    filter: &TransferFilter,
    position: &Position,
    limit: i64,
) -> Result<Vec<TransferRow>, Failure> {
    ctx.require(Scope::RegisterRead)?;
    let mut tx = store.begin_for(ctx).await?;
    let rows = queries_list::page(&mut tx, filter, position, limit).await?;
    tx.commit().await?;
    Ok(rows)
}

/// One entry; 404 when it is not the caller's.
pub(super) async fn entry(store: &Store, ctx: &Ctx, id: Uuid) -> Result<TransferRow, Failure> {
    ctx.require(Scope::RegisterRead)?;
    let mut tx = store.begin_for(ctx).await?;
    let row = queries_list::one(&mut tx, id).await?;
    tx.commit().await?;
    row.ok_or_else(|| Problem::not_found("entry").into())
}

/// Proves the caller's register. Reads only; the time is that of the answer.
pub(super) async fn verify(store: &Store, ctx: &Ctx) -> Result<(ChainVerdict, DateTime<Utc>), Failure> {
    ctx.require(Scope::RegisterRead)?;
    let mut tx = store.begin_for(ctx).await?;
    let verdict = queries_chain::verify(&mut tx, ctx.org.id()).await?;
    tx.commit().await?;
    Ok((verdict, ctx.now()))
}

/// Holds a head that was kept elsewhere against the caller's register.
pub(super) async fn kept(store: &Store, ctx: &Ctx, head: &ChainHead) -> Result<Kept, Failure> {
    ctx.require(Scope::RegisterRead)?;
    let mut tx = store.begin_for(ctx).await?;
    let kept = queries_chain::kept(&mut tx, ctx.org.id(), head).await?;
    tx.commit().await?;
    Ok(kept)
}

/// The heads of the caller's chains, to be kept elsewhere.
pub(super) async fn heads(store: &Store, ctx: &Ctx) -> Result<Vec<(Chain, ChainHead)>, Failure> {
    ctx.require(Scope::RegisterRead)?;
    let mut tx = store.begin_for(ctx).await?;
    let heads = queries_chain::heads(&mut tx, ctx.org.id()).await?;
    let entry = audit::Entry {
        action: "register.head",
        subject_kind: "register",
        subject_id: &ctx.org.id().to_string(),
        detail: heads.first().map(|(_, head)| json!({ "entry": head.seq, "head": head.head })),
    };
    audit::record(&mut tx, ctx, entry).await?;
    tx.commit().await?;
    Ok(heads)
}

/// Writes down that the register is taken away as a file.
pub(super) async fn note_export(store: &Store, ctx: &Ctx, query: &str) -> Result<(), Failure> {
    ctx.require(Scope::RegisterRead)?;
    let mut tx = store.begin_for(ctx).await?;
    let entry = audit::Entry {
        action: "register.export",
        subject_kind: "register",
        subject_id: &ctx.org.id().to_string(),
        detail: Some(json!({ "query": query })),
    };
    audit::record(&mut tx, ctx, entry).await?;
    tx.commit().await?;
    Ok(())
}
