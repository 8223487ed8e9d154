//! Targets: people and things that can have numbers. The platform keeps them; tenants choose from them.

use std::collections::HashSet;

use chrono::DateTime;
use chrono::Utc;
use serde::Deserialize;
use serde::Serialize;
use serde_json::json;
use sqlx::PgConnection;
use utoipa::ToSchema;

use super::queries_targets as queries;
use super::words::TargetKind;
use crate::audit;
use crate::base::Ctx;
use crate::base::Cursor;
use crate::base::Failure;
use crate::base::Org;
use crate::base::Problem;
use crate::base::RowError;
use crate::base::Scope;
use crate::base::TenantId;
use crate::base::write_time;
use crate::store::Reach;
use crate::store::Store;

/// Most targets in one call.
const MOST: usize = 10_000;

/// A target as the platform's directory gives it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TargetIn {
    /// 1 to 128 signs, unique within the tenant.
    pub id: String,
    /// `user`, `resource_account`, `conference_bridge`, `third_party_app` or `policy`.
    pub kind: String,
    pub display_name: String,
    #[serde(default)]
    pub upn: Option<String>,
    /// ISO 3166-1 alpha-2; left out: fits numbers of any country.
    #[serde(default)]
    pub usage_location: Option<String>,
    #[serde(default)]
    pub licensed: bool,
    #[serde(default)]
    pub department: Option<String>,
}

/// A target and how many numbers it has.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TargetRow {
    pub id: String,
    pub kind: String,
    pub display_name: String,
    pub upn: Option<String>,
    pub usage_location: Option<String>,
    pub licensed: bool,
    pub department: Option<String>,
    /// Its primary number.
    pub e164: Option<String>,
    /// Numbers it has, of every category.
    pub numbers: i64,
    #[serde(serialize_with = "write_time")]
    pub changed_at: DateTime<Utc>,
    /// The name as the list is sorted by it.
    #[serde(skip)]
    pub sort_key: String,
}

/// Which targets to list: of one kind, names or user names that begin like this (in any case).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetFilter {
    pub prefix: Option<String>,
    pub kind: Option<TargetKind>,
}

/// What a call with targets did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TargetsPut {
    /// Targets written, new ones and known ones.
    pub written: u64,
    /// Targets that left, because a full list no longer names them.
    pub left: u64,
    /// Numbers that those have: they stay assigned until the tenant gives them to others.
    pub left_numbers: u64,
}

/// The platform says which targets a tenant has: all of them, or with `merge` some more.
///
/// # Errors
/// 403, 404; 422 `targets_invalid` with the first 100 wrong rows, nothing written then; 422 `rows_too_many`, `rows_missing`.
pub async fn put_targets(
    store: &Store,
    ctx: &Ctx,
    tenant: TenantId,
    targets: Vec<TargetIn>,
    merge: bool,
) -> Result<TargetsPut, Failure> {
    expect_platform(ctx)?;
    let mut tx = store.begin(Reach::Tenant(tenant)).await?;
    if !queries::tenant_exists(&mut tx, tenant).await? {
        return Err(Problem::not_found("tenant").into());
    }
    if targets.is_empty() && !merge {
        let detail = "An empty list would make everybody leave. Send the targets that the tenant has.";
        return Err(Problem::new(422, "rows_missing", detail).into());
    }
    check(&targets)?;
    let put = write(&mut tx, tenant, &targets, merge, ctx.now()).await?;
    tx.commit().await?;
    let mut tx = store.begin_for(ctx).await?;
    let detail = Some(json!({ "written": put.written, "left": put.left, "merge": merge }));
    let subject = tenant.to_string();
    let entry = audit::Entry { action: "targets.put", subject_kind: "tenant", subject_id: &subject, detail };
    audit::record(&mut tx, ctx, entry).await?;
    tx.commit().await?;
    Ok(put)
}

/// Writes right targets; with `merge` nobody leaves. One call at a time per tenant.
pub(super) async fn write(
    conn: &mut PgConnection,
    tenant: TenantId,
    targets: &[TargetIn],
    merge: bool,
    at: DateTime<Utc>,
) -> Result<TargetsPut, Failure> {
    let targets: Vec<TargetIn> = targets.iter().map(tidied).collect();
    queries::lock_directory(conn, tenant).await?;
    let written = queries::upsert(conn, tenant, &targets, at).await?;
    let (left, left_numbers) = if merge { (0, 0) } else { queries::leave_others(conn, tenant, &targets, at).await? };
    Ok(TargetsPut { written, left, left_numbers })
}

/// The target as it is written: without spaces around what people typed, without empty texts.
pub(super) fn tidied(target: &TargetIn) -> TargetIn {
    let text = |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    TargetIn {
        display_name: target.display_name.trim().to_owned(),
        upn: text(&target.upn),
        usage_location: text(&target.usage_location),
        department: text(&target.department),
        ..target.clone()
    }
}

pub(super) fn expect_platform(ctx: &Ctx) -> Result<(), Failure> {
    match ctx.org {
        Org::Platform => ctx.require(Scope::PlatformDirectory),
        Org::Tenant(_) | Org::Operator(_) => {
            let detail = "This belongs to the platform; you act for another kind of organisation.";
            Err(Problem::new(403, "wrong_org_kind", detail).into())
        }
    }
}

/// Refuses more than go into one call.
pub(super) fn expect_size(targets: usize) -> Result<(), Failure> {
    if targets > MOST {
        let detail = format!("These are {targets} targets; at most {MOST} go into one call. Send them in parts with mode=merge.");
        return Err(Problem::new(422, "rows_too_many", detail).into());
    }
    Ok(())
}

fn check(targets: &[TargetIn]) -> Result<(), Failure> {
    expect_size(targets.len())?;
    let mut problem = Problem::new(422, "targets_invalid", "Some targets cannot be taken; none was written.");
    let (mut seen, mut wrong) = (HashSet::new(), 0_usize);
    for (row, target) in (1..).zip(targets) {
        let fault = fault(target).or_else(|| (!seen.insert(&target.id)).then_some(("id", "Each id stands in the list once.")));
        wrong += usize::from(fault.is_some());
        if let Some((field, fix)) = fault.filter(|_| problem.errors.len() < 100) {
            problem.errors.push(RowError {
                row: Some(row),
                field: Some(field.to_owned()),
                code: "value_invalid".to_owned(),
                value: Some(held(target, field).chars().take(100).collect()),
                fix: fix.to_owned(),
            });
        }
    }
    if wrong == 0 {
        return Ok(());
    }
    if wrong > problem.errors.len() {
        problem.detail = format!("{wrong} targets cannot be taken; none was written. The first 100 are listed.");
    }
    Err(problem.into())
}

/// What stands in a field.
fn held<'a>(target: &'a TargetIn, field: &str) -> &'a str {
    let text = match field {
        "kind" => Some(&target.kind),
        "display_name" => Some(&target.display_name),
        "upn" => target.upn.as_ref(),
        "usage_location" => target.usage_location.as_ref(),
        "department" => target.department.as_ref(),
        _ => Some(&target.id),
    };
    text.map_or("", String::as_str)
}

/// The first field that is wrong, and how to mend it.
pub(super) fn fault(target: &TargetIn) -> Option<(&'static str, &'static str)> {
    let plain = |text: &str, most: usize| !text.chars().any(char::is_control) && text.chars().count() <= most;
    let country = |text: &String| text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase());
    if target.id.is_empty() || !plain(&target.id, 128) || target.id.trim() != target.id {
        return Some(("id", "1 to 128 signs, none of them a control sign, no space at either end."));
    }
    if TargetKind::parse(&target.kind).is_none() {
        return Some(("kind", "One of user, resource_account, conference_bridge, third_party_app, policy."));
    }
    if target.display_name.trim().is_empty() || !plain(&target.display_name, 200) {
        return Some(("display_name", "1 to 200 signs in one line."));
    }
    if !target.upn.as_deref().is_none_or(|upn| plain(upn, 254)) {
        return Some(("upn", "At most 254 signs in one line."));
    }
    if !target.usage_location.as_ref().is_none_or(country) {
        return Some(("usage_location", "Two capital letters, as in DE."));
    }
    (!target.department.as_deref().is_none_or(|text| plain(text, 200))).then_some(("department", "At most 200 signs in one line."))
}

/// Targets of the tenant by name, a page after a cursor (lower-case name, id). Those that left are not listed.
///
/// # Errors
/// 403.
pub async fn targets(
    store: &Store,
    ctx: &Ctx,
    filter: &TargetFilter,
    after: Option<Cursor>,
    limit: i64,
) -> Result<Vec<TargetRow>, Failure> {
    let tenant = ctx.tenant()?;
    ctx.require(Scope::TenantRead)?;
    let mut tx = store.begin_for(ctx).await?;
    let (name, id) = match &after {
        Some(Cursor(keys)) => (keys.first().map(String::as_str), keys.get(1).map(String::as_str)),
        None => (None, None),
    };
    let prefix = filter.prefix.as_deref().map(|text| text.trim().to_lowercase()).filter(|text| !text.is_empty());
    queries::list(&mut tx, tenant, prefix.as_deref(), filter.kind, (name, id), limit).await
}

/// The cursor of a target in [`targets`].
#[must_use]
pub fn target_cursor(target: &TargetRow) -> Cursor {
    Cursor(vec![target.sort_key.clone(), target.id.clone()])
}

/// What the call controller needs of a number that somebody has.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AssignmentOut {
    pub e164: String,
    pub sip_uri: String,
    pub target_id: String,
    pub target_kind: String,
    pub category: String,
    pub usage: String,
    pub activation_state: String,
    pub operator_id: uuid::Uuid,
    pub number_seq: i64,
    #[serde(serialize_with = "write_time")]
    pub assigned_at: DateTime<Utc>,
}

/// Assignments of a tenant as they stand, by number, after a number.
///
/// # Errors
/// 403, 404.
pub async fn assignments(
    store: &Store,
    ctx: &Ctx,
    tenant: TenantId,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<AssignmentOut>, Failure> {
    expect_platform(ctx)?;
    let mut tx = store.begin(Reach::Tenant(tenant)).await?;
    if !queries::tenant_exists(&mut tx, tenant).await? {
        return Err(Problem::not_found("tenant").into());
    }
    queries::assignments(&mut tx, tenant, after, limit).await
}
