//! `PUT /platform/tenants/{id}` and `PUT /platform/operators/{id}`.

use axum::extract::State;
use axum::response::IntoResponse as _;
use axum::response::Response;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::setup_platform;
use super::setup_platform::OperatorPut;
use super::setup_platform::TenantPut;
use super::wire::ApiCtx;
use super::wire::Json;
use super::wire::Path;
use super::wire::ProblemOut;
use crate::base::Failure;
use crate::store::Store;

/// The routes of the directory.
pub fn directory_api() -> OpenApiRouter<Store> {
    OpenApiRouter::new().routes(routes!(put_tenant)).routes(routes!(put_operator))
}

/// A tenant as it is now.
#[derive(Debug, Serialize, ToSchema)]
struct TenantKept {
    id: Uuid,
    #[serde(flatten)]
    put: TenantPut,
}

/// An operator as it is now.
#[derive(Debug, Serialize, ToSchema)]
struct OperatorKept {
    id: Uuid,
    #[serde(flatten)]
    put: OperatorPut,
}

fn answered(new: bool, body: impl Serialize) -> Response {
    let status = if new { StatusCode::CREATED } else { StatusCode::OK };
    (status, axum::Json(body)).into_response()
}

/// Keep a tenant
///
/// Makes the tenant under this id, or changes it. Short name and SIP domain stay as they were made.
#[utoipa::path(put, path = "/platform/tenants/{id}", tag = "platform", params(("id" = Uuid, Path, description = "The tenant")), request_body = TenantPut,
    responses((status = 200, description = "Changed", body = TenantKept), (status = 201, description = "Made", body = TenantKept),
              (status = 409, description = "`slug_taken`, `sip_domain_taken` or `org_fixed`", body = ProblemOut),
              (status = 422, description = "`org_invalid`", body = ProblemOut)))]
async fn put_tenant(
    State(store): State<Store>,
    ApiCtx(ctx): ApiCtx,
    Path(id): Path<Uuid>,
    Json(put, _): Json<TenantPut>,
) -> Result<Response, Failure> {
    let new = setup_platform::put_tenant(&store, &ctx, id, &put).await?;
    Ok(answered(new, TenantKept { id, put }))
}

/// Keep an operator
///
/// Makes the operator under this id, or changes it. Its short name stays as it was made.
#[utoipa::path(put, path = "/platform/operators/{id}", tag = "platform", params(("id" = Uuid, Path, description = "The operator")), request_body = OperatorPut,
    responses((status = 200, description = "Changed", body = OperatorKept), (status = 201, description = "Made", body = OperatorKept),
              (status = 409, description = "`slug_taken` or `org_fixed`", body = ProblemOut),
              (status = 422, description = "`org_invalid`", body = ProblemOut)))]
async fn put_operator(
    State(store): State<Store>,
    ApiCtx(ctx): ApiCtx,
    Path(id): Path<Uuid>,
    Json(put, _): Json<OperatorPut>,
) -> Result<Response, Failure> {
    let new = setup_platform::put_operator(&store, &ctx, id, &put).await?;
    Ok(answered(new, OperatorKept { id, put }))
}
