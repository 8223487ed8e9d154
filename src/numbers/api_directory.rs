//! The machine calls of the platform's directory: whom a tenant has, and who has which number already.

use axum::extract::State;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::api_wire::Directory;
use super::api_wire::TargetsIn;
use super::assignment_import;
use super::assignment_import::AssignmentIn;
use super::assignment_import::AssignmentsPut;
use super::targets;
use super::targets::TargetsPut;
use crate::base::Failure;
use crate::base::Problem;
use crate::base::TenantId;
use crate::identity::Bulk;
use crate::identity::BulkMedia;
use crate::identity::Path;
use crate::identity::ProblemOut;
use crate::identity::Query;
use crate::store::Store;

/// The routes.
pub fn api_directory() -> OpenApiRouter<Store> {
    OpenApiRouter::new().routes(routes!(put_targets)).routes(routes!(put_assignments))
}

/// What a directory may be sent as.
struct OneJson;

impl BulkMedia for OneJson {
    const TAKES: &'static [&'static str] = &["application/json"];
}

fn read<T: DeserializeOwned>(body: &Bulk<OneJson>) -> Result<T, Failure> {
    serde_json::from_slice(&body.bytes).map_err(|error| {
        let detail = format!("The body is not the JSON expected here: {error}.");
        Problem::new(400, "body_malformed", detail).into()
    })
}

/// How targets are put.
#[derive(Deserialize)]
struct PutQuery {
    mode: Option<String>,
}

/// Put a tenant's targets
///
/// Replaces all; with `mode=merge` adds to them. At most 10,000 a call. One wrong row refuses the call, with the first 100 wrong
/// rows. Targets that leave keep their history and their numbers: `left_numbers` says how many those are.
#[utoipa::path(put, path = "/platform/tenants/{id}/targets", tag = "platform", request_body = TargetsIn,
    params(("id" = uuid::Uuid, Path), ("mode" = Option<String>, Query, description = "`replace` (default) or `merge`")),
    responses((status = 200, description = "What was written", body = TargetsPut), (status = 404, description = "No such tenant", body = ProblemOut),
              (status = 422, description = "`targets_invalid`, `rows_too_many`, `rows_missing`", body = ProblemOut)))]
async fn put_targets(
    State(store): State<Store>,
    Directory(ctx): Directory,
    Path(id): Path<TenantId>,
    Query(query): Query<PutQuery>,
    body: Bulk<OneJson>,
) -> Result<axum::Json<TargetsPut>, Failure> {
    let merge = match query.mode.as_deref() {
        None | Some("replace") => false,
        Some("merge") => true,
        Some(_) => return Err(Problem::new(400, "query_malformed", "mode is merge, or left out.").into()),
    };
    let body: TargetsIn = read(&body)?;
    Ok(axum::Json(targets::put_targets(&store, &ctx, id, body.targets, merge).await?))
}

/// Numbers that somebody has already.
#[derive(Deserialize, ToSchema)]
struct AssignmentsIn {
    /// At most 10,000.
    assignments: Vec<AssignmentIn>,
}

/// Take over assignments
///
/// For the first day of a tenant: numbers in stock that are free here and that somebody has already elsewhere. Each is marked as
/// assigned since `assigned_at` (default now), its operator is told by `number.assigned`, and it is `activated` when that is
/// confirmed. Good rows go in, bad rows are listed with `code` and `fix`: `e164_invalid` `value_invalid` `duplicate_row`
/// `time_invalid` `time_in_future` `time_overlaps` and the typed refusals of an assignment. Sent again, rows that are so already
/// are `unchanged`. Numbers not named stay as they are.
#[utoipa::path(put, path = "/platform/tenants/{id}/assignments", tag = "platform", request_body = AssignmentsIn,
    params(("id" = uuid::Uuid, Path)),
    responses((status = 200, description = "What became of each row", body = AssignmentsPut),
              (status = 404, description = "No such tenant", body = ProblemOut),
              (status = 422, description = "`rows_too_many`, `rows_missing`", body = ProblemOut)))]
async fn put_assignments(
    State(store): State<Store>,
    Directory(ctx): Directory,
    Path(id): Path<TenantId>,
    body: Bulk<OneJson>,
) -> Result<axum::Json<AssignmentsPut>, Failure> {
    let body: AssignmentsIn = read(&body)?;
    Ok(axum::Json(assignment_import::take_over(&store, &ctx, id, body.assignments).await?))
}
