//! The relationship as the operator sees it.

use sqlx::PgConnection;

use super::model::CustomerRow;
use super::model::RelationshipStatus;
use super::queries;
use super::queries_read;
use crate::audit;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::Problem;
use crate::base::Scope;
use crate::base::TenantId;
use crate::store::Reach;
use crate::store::Store;

/// A customer of the calling operator; 404 when it never gave a consent.
pub(super) async fn customer(conn: &mut PgConnection, ctx: &Ctx, tenant: TenantId) -> Result<CustomerRow, Failure> {
    let mut found = queries_read::customers(conn, ctx.operator()?, Some(tenant.0), None, 1).await?;
    found.pop().ok_or_else(|| Problem::not_found("tenant").into())
}

/// Says how the relationship with a customer stands. `contract_terminated` refuses new assignments and changes nothing else.
///
/// # Errors
/// 403 without `numbers:write`, 404 for who is no customer, 422 `comment_missing`, `comment_too_long` or `status_invalid`.
pub async fn set_relationship(
    store: &Store,
    ctx: &Ctx,
    tenant: TenantId,
    status: RelationshipStatus,
    comment: Option<&str>,
) -> Result<(), Failure> {
    let operator = ctx.operator()?;
    ctx.require(Scope::NumbersWrite)?;
    let mut tx = store.begin_for(ctx).await?;
    customer(&mut tx, ctx, tenant).await?;
    tx.commit().await?;
    let comment = comment.map(str::trim).filter(|text| !text.is_empty());
    if status == RelationshipStatus::New {
        return Err(Problem::new(422, "status_invalid", "Say agreement_signed, consent_declined or contract_terminated.").into());
    }
    if status.needs_comment() && comment.is_none() {
        let fix = "Say why, in a sentence the customer may read.";
        return Err(Problem::new(422, "comment_missing", "This status needs a comment.")
            .field("comment", "comment_missing", None, fix)
            .into());
    }
    if comment.is_some_and(|text| text.chars().count() > 500) {
        let fix = "At most 500 signs.";
        return Err(Problem::new(422, "comment_too_long", "The comment is too long.")
            .field("comment", "comment_too_long", None, fix)
            .into());
    }
    let mut tx = store.begin(Reach::Pair(tenant, operator)).await?;
    queries::put_relationship(&mut tx, tenant, operator, status, comment, ctx.now()).await?;
    let entry = audit::Entry {
        action: "relationship.set",
        subject_kind: "tenant",
        subject_id: &tenant.to_string(),
        detail: Some(serde_json::json!({ "status": status.as_str(), "comment": comment })),
    };
    audit::record(&mut tx, ctx, entry).await?;
    tx.commit().await?;
    Ok(())
}
