//! What tenants read of their usage.

use std::collections::HashSet;

use chrono::NaiveDate;
use serde_json::json;
use uuid::Uuid;

use super::model;
use super::model::Ask;
use super::model::Setting;
use super::queries;
use super::queries::DaySum;
use super::queries::Order;
use super::queries::UsageRow;
use super::queries_roll;
use crate::audit;
use crate::base::Ctx;
use crate::base::Cursor;
use crate::base::Failure;
use crate::base::Scope;
use crate::consent;
use crate::consent::Spell;
use crate::store::Store;
use crate::store::Tx;
use crate::transfers::Class;

/// Whose usage may be asked for, and in which days.
///
/// # Errors
/// 403 without `usage:read`.
pub async fn setting(store: &Store, ctx: &Ctx) -> Result<Setting, Failure> {
    let tenant = ctx.tenant()?;
    ctx.require(Scope::UsageRead)?;
    let mut tx = store.begin_for(ctx).await?;
    let zone = queries_roll::zone(&mut tx, tenant.0).await?;
    let operators = queries::operators(&mut tx, tenant).await?;
    tx.commit().await?;
    Ok(Setting { tenant: tenant.0, zone, today: ctx.now().with_timezone(&zone).date_naive(), operators })
}

async fn closed(tx: &mut Tx, setting: &Setting, ask: &Ask) -> Result<HashSet<(Uuid, NaiveDate)>, Failure> {
    let told = queries::told(tx, setting.tenant, ask.from, ask.to).await?.into_iter().collect();
    Ok(model::closed(ask, setting.zone, &told))
}

/// Rows by the groups asked for.
///
/// # Errors
/// 403 without `usage:read`.
pub async fn rows(
    store: &Store,
    ctx: &Ctx,
    setting: &Setting,
    ask: &Ask,
    order: Order,
    after: Option<&Cursor>,
    limit: i64,
) -> Result<Vec<UsageRow>, Failure> {
    ctx.require(Scope::UsageRead)?;
    let mut tx = store.begin_for(ctx).await?;
    let closed: Vec<_> = closed(&mut tx, setting, ask).await?.into_iter().collect();
    let rows = queries::rows(&mut tx, setting.tenant, ask, &closed, order, after, limit).await?;
    tx.commit().await?;
    Ok(rows)
}

/// What stands above the rows.
pub struct Overview {
    pub sums: Vec<DaySum>,
    /// See [`model::complete_until`].
    pub complete_until: Option<NaiveDate>,
    /// When operators were to give durations.
    pub spells: Vec<Spell>,
    /// Of the person or thing asked for.
    pub target_name: Option<String>,
}

/// The sums of a range.
///
/// # Errors
/// 403 without `usage:read`.
pub async fn overview(store: &Store, ctx: &Ctx, setting: &Setting, ask: &Ask) -> Result<Overview, Failure> {
    let tenant = ctx.tenant()?;
    ctx.require(Scope::UsageRead)?;
    let mut tx = store.begin_for(ctx).await?;
    let closed = closed(&mut tx, setting, ask).await?;
    let sums = queries::sums(&mut tx, setting.tenant, ask).await?;
    let spells = consent::open_spells(&mut tx, None, &[tenant], Class::Durations).await?;
    let target_name = match &ask.target {
        Some(target) => queries::target_name(&mut tx, setting.tenant, target).await?,
        None => None,
    };
    tx.commit().await?;
    let complete_until = model::complete_until(ask, setting, &sums, &closed, &spells);
    Ok(Overview { sums, complete_until, spells, target_name })
}

/// Writes down that usage is taken away as a file.
///
/// # Errors
/// 403 without `usage:read`.
pub async fn note_export(store: &Store, ctx: &Ctx, query: &str) -> Result<(), Failure> {
    ctx.require(Scope::UsageRead)?;
    let mut tx = store.begin_for(ctx).await?;
    let subject_id = ctx.org.id().to_string();
    let detail = Some(json!({ "query": query }));
    audit::record(&mut tx, ctx, audit::Entry { action: "usage.export", subject_kind: "usage", subject_id: &subject_id, detail })
        .await?;
    tx.commit().await?;
    Ok(())
}
