//! `GET /tenants`, `GET /tenants/{id}`, `PATCH /tenants/{id}/relationship`.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::contacts;
use super::model::CustomerRow;
use super::model::RelationshipStatus;
use super::queries_read;
use super::relationship;
use crate::base::Ctx;
use crate::base::Cursor;
use crate::base::Failure;
use crate::base::Problem;
use crate::base::Scope;
use crate::base::TenantId;
use crate::base::wire_time;
use crate::identity::ApiCtx;
use crate::identity::Format;
use crate::identity::Json;
use crate::identity::Listing;
use crate::identity::Paging;
use crate::identity::Path;
use crate::identity::ProblemOut;
use crate::store::Store;
use crate::transfers::Channel;

/// The routes of this room.
pub fn api() -> OpenApiRouter<Store> {
    OpenApiRouter::new().routes(routes!(tenants)).routes(routes!(tenant)).routes(routes!(set_relationship))
}

const COLUMNS: [&str; 8] = ["id", "slug", "name", "country", "time_zone", "numbers", "numbers_assigned", "consent_status"];

/// A customer.
#[derive(Debug, Serialize, ToSchema)]
struct TenantOut {
    id: Uuid,
    slug: String,
    name: String,
    country: String,
    time_zone: String,
    /// Same as `consent.status`, for flat forms.
    consent_status: &'static str,
    consent: ConsentOut,
    relationship: RelationshipOut,
    /// Empty while the consent is not active.
    contacts: Vec<ContactOut>,
    /// Numbers of this operator the customer has in stock.
    numbers: i64,
    /// Of these, those assigned.
    numbers_assigned: i64,
}

/// A consent as it stands.
#[derive(Debug, Serialize, ToSchema)]
struct ConsentOut {
    id: Uuid,
    /// `none`, `active`, `suspended` or `withdrawn`.
    status: &'static str,
    /// Since when it has this status.
    since: String,
    countries: Vec<String>,
    data_classes: Vec<&'static str>,
    notice_version: String,
}

/// The relationship as the operator sees it.
#[derive(Debug, Serialize, ToSchema)]
struct RelationshipOut {
    /// `new`, `agreement_signed`, `consent_declined` or `contract_terminated`.
    status: &'static str,
    comment: Option<String>,
    updated_at: Option<String>,
}

/// Whom to turn to.
#[derive(Debug, Serialize, ToSchema)]
struct ContactOut {
    name: String,
    email: String,
}

impl From<CustomerRow> for TenantOut {
    fn from(row: CustomerRow) -> Self {
        let consent = row.consent;
        Self {
            id: row.id,
            slug: row.slug,
            name: row.name,
            country: row.country,
            time_zone: row.time_zone,
            consent_status: consent.status.as_str(),
            contacts: consent.contact.into_iter().map(|held| ContactOut { name: held.name, email: held.email }).collect(),
            consent: ConsentOut {
                id: consent.id,
                status: consent.status.as_str(),
                since: wire_time(consent.since),
                countries: consent.countries,
                data_classes: consent.classes.iter().map(|class| class.as_str()).collect(),
                notice_version: consent.notice_version,
            },
            relationship: RelationshipOut {
                status: row.relationship.status.as_str(),
                comment: row.relationship.comment,
                updated_at: row.relationship.updated_at.map(wire_time),
            },
            numbers: row.numbers,
            numbers_assigned: row.assigned,
        }
    }
}

/// List customers
///
/// Every tenant that has or had a consent for the calling operator, with its state.
#[utoipa::path(get, path = "/tenants", tag = "tenants",
    responses((status = 200, description = "One page", body = Listing<TenantOut>), (status = 403, description = "`scope_missing` or `wrong_org_kind`", body = ProblemOut)))]
async fn tenants(State(store): State<Store>, ApiCtx(ctx): ApiCtx, format: Format, paging: Paging) -> Result<Response, Failure> {
    let operator = ctx.operator()?;
    ctx.require(Scope::NumbersRead)?;
    let after = match paging.cursor(1)? {
        None => None,
        Some(cursor) => Some(
            Uuid::try_parse(&cursor.0[0])
                .map_err(|_| Problem::new(400, "cursor_invalid", "This cursor is not one of this list. Start without a cursor."))?,
        ),
    };
    let mut tx = store.begin_for(&ctx).await?;
    let mut rows = queries_read::customers(&mut tx, operator, None, after, paging.limit + 1).await?;
    let shown = rows.len().min(usize::try_from(paging.limit).unwrap_or(usize::MAX));
    contacts::hand_over(&mut tx, &ctx, Channel::Pull, "tenants", &mut rows[..shown]).await?;
    tx.commit().await?;
    let rows: Vec<TenantOut> = rows.into_iter().map(TenantOut::from).collect();
    Listing::cut(rows, paging.limit, |last| Cursor(vec![last.id.to_string()]).encode()).answer(format, &paging.uri, &COLUMNS)
}

/// One customer
#[utoipa::path(get, path = "/tenants/{id}", tag = "tenants", params(("id" = Uuid, Path, description = "The tenant")),
    responses((status = 200, description = "The customer", body = TenantOut), (status = 404, description = "No customer of this operator", body = ProblemOut)))]
async fn tenant(State(store): State<Store>, ApiCtx(ctx): ApiCtx, Path(id): Path<Uuid>) -> Result<axum::Json<TenantOut>, Failure> {
    ctx.operator()?;
    ctx.require(Scope::NumbersRead)?;
    let mut tx = store.begin_for(&ctx).await?;
    let row = seen(&mut tx, &ctx, TenantId(id)).await?;
    tx.commit().await?;
    Ok(axum::Json(row))
}

/// A customer as it is answered, its contact through the gate and in the register.
async fn seen(conn: &mut PgConnection, ctx: &Ctx, tenant: TenantId) -> Result<TenantOut, Failure> {
    let mut row = relationship::customer(&mut *conn, ctx, tenant).await?;
    contacts::hand_over(conn, ctx, Channel::Pull, "tenants", std::slice::from_mut(&mut row)).await?;
    Ok(row.into())
}

/// How the relationship stands.
#[derive(Debug, Deserialize, ToSchema)]
struct RelationshipIn {
    /// `agreement_signed`, `consent_declined` or `contract_terminated`.
    status: String,
    /// Needed for the last two; at most 500 signs.
    #[serde(default)]
    comment: Option<String>,
}

/// Say how the relationship stands
///
/// `contract_terminated` refuses new assignments (`relationship_ended`) and changes nothing else.
#[utoipa::path(patch, path = "/tenants/{id}/relationship", tag = "tenants", params(("id" = Uuid, Path, description = "The tenant")), request_body = RelationshipIn,
    responses((status = 200, description = "The customer", body = TenantOut), (status = 404, description = "No customer of this operator", body = ProblemOut),
              (status = 422, description = "`status_invalid`, `comment_missing` or `comment_too_long`", body = ProblemOut)))]
async fn set_relationship(
    State(store): State<Store>,
    ApiCtx(ctx): ApiCtx,
    Path(id): Path<Uuid>,
    Json(body, _): Json<RelationshipIn>,
) -> Result<axum::Json<TenantOut>, Failure> {
    ctx.operator()?;
    ctx.require(Scope::NumbersWrite)?;
    let tenant = TenantId(id);
    let status = RelationshipStatus::parse(&body.status).unwrap_or(RelationshipStatus::New);
    relationship::set_relationship(&store, &ctx, tenant, status, body.comment.as_deref()).await?;
    let mut tx = store.begin_for(&ctx).await?;
    let row = seen(&mut tx, &ctx, tenant).await?;
    tx.commit().await?;
    Ok(axum::Json(row))
}
