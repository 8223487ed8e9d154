//! The machine API of change sets.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::Response;
use http::StatusCode;
use http::header;
use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::api_wire::TenantAssign;
use super::api_wire::TenantRead;
use super::api_wire::optional;
use super::model_sets::SetAction;
use super::queries_sets::ChangeSet;
use super::queries_sets_rows::SetRow;
use super::sets;
use super::sets::NewChangeSet;
use super::sets::Rows;
use crate::base::Cursor;
use crate::base::Failure;
use crate::base::Problem;
use crate::identity::Bulk;
use crate::identity::BulkMedia;
use crate::identity::Format;
use crate::identity::Listing;
use crate::identity::Once;
use crate::identity::Paging;
use crate::identity::Path;
use crate::identity::ProblemOut;
use crate::identity::Query;
use crate::store::Store;

/// The routes of change sets.
pub fn api_sets() -> OpenApiRouter<Store> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(one))
        .routes(routes!(rows))
        .routes(routes!(run))
        .routes(routes!(undo))
}

#[derive(Clone, Debug)]
struct Json;

impl BulkMedia for Json {
    const TAKES: &'static [&'static str] = &["application/json"];
}

/// A change set to be made. Fields of the action (`category`, `quarantine_days`, `usage`, `tags`, `emergency_location`, `note`)
/// may stand beside `rows`: they fill in what a row leaves out.
#[derive(Debug, Deserialize, ToSchema)]
struct ChangeSetIn {
    /// `assign`, `unassign`, `set_usage`, `tag`, `untag`, `set_emergency_location` or `request_release`.
    #[serde(default)]
    action: String,
    #[serde(default)]
    name: String,
    /// Objects with `e164` and the fields of the action, or numbers as texts. assign: `target_id` (or `target`: id or address),
    /// `category?`; unassign: `quarantine_days?`; `set_usage`: `usage`; tag, untag: `tags[]`; `set_emergency_location`:
    /// `emergency_location_id` (or `emergency_location`: id or name; neither takes it away); `request_release`: `note?`.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    rows: Vec<Value>,
    /// In place of `rows`: the query of `GET /tenant/numbers` that finds the numbers.
    filter: Option<String>,
    /// How many numbers the filter is to find; another count is refused.
    expected_count: Option<i64>,
    #[serde(flatten)]
    #[schema(ignore)]
    defaults: Map<String, Value>,
}

impl ChangeSetIn {
    fn into_new(self) -> Result<NewChangeSet, Failure> {
        let action = SetAction::parse(&self.action).ok_or_else(|| {
            let words = SetAction::ALL.map(SetAction::as_str).join(", ");
            let problem = Problem::new(422, "action_unknown", "There is no such action.");
            problem.field("action", "action_unknown", Some(self.action.chars().take(100).collect()), format!("Use one of {words}."))
        })?;
        if let Some(key) = self.defaults.keys().find(|key| !action.columns().contains(&key.as_str()) || *key == "target") {
            let problem = Problem::new(422, "field_unknown", format!("A change set of this action has no field {key}."));
            let fix = format!("Fields beside rows: {}.", action.columns().join(", "));
            return Err(problem.field(key, "field_unknown", None, fix).into());
        }
        let rows = match self.filter {
            Some(query) if self.rows.is_empty() => Rows::Filter { query, expected: self.expected_count },
            _ => Rows::Api(self.rows),
        };
        Ok(NewChangeSet { action, name: self.name, rows, defaults: self.defaults })
    }
}

#[derive(Debug, Deserialize)]
struct CreateQuery {
    dry_run: Option<bool>,
}

/// A change set with what the check says of each row.
#[derive(Debug, Serialize, ToSchema)]
struct ChangeSetChecked {
    #[serde(flatten)]
    set: ChangeSet,
    rows: Vec<SetRow>,
}

/// Make a change set
///
/// Up to 10,000 rows; each is checked by the code of the run, and nothing changes before `POST …/run`. With `dry_run=true` the
/// answer holds what the check says of each row. Verdict codes: `row_malformed` `field_unknown` `e164_invalid` `e164_rounded`
/// `duplicate_row` `target_missing` `category_invalid` `quarantine_invalid` `usage_invalid` `tag_invalid`
/// `emergency_location_unknown` `value_invalid`, and the refusals of the single verbs; notes: `becomes_alternate` `already_so`.
/// A set that is not run is dropped after seven days.
#[utoipa::path(post, path = "/tenant/change-sets", tag = "tenant", request_body = ChangeSetIn,
    params(("dry_run" = Option<bool>, Query)),
    responses((status = 201, description = "Kept and checked", body = ChangeSet, headers(("Location" = String))),
              (status = 200, description = "The same with rows (`dry_run=true`)", body = ChangeSetChecked, headers(("Location" = String))),
              (status = 409, description = "`count_changed`", body = ProblemOut),
              (status = 422, description = "`action_unknown`, `rows_missing`, `rows_too_many`, `field_unknown`, `action_no_filter`", body = ProblemOut)))]
async fn create(
    State(store): State<Store>,
    TenantAssign(ctx): TenantAssign,
    once: Once,
    Query(query): Query<CreateQuery>,
    body: Bulk<Json>,
) -> Result<Response, Failure> {
    let new: ChangeSetIn = serde_json::from_slice(&body.bytes)
        .map_err(|error| Problem::new(400, "body_malformed", format!("The body is not the JSON expected: {error}.")))?;
    let dry = query.dry_run == Some(true);
    once.run(&store, &ctx, &body.bytes, move |store, ctx| async move {
        let set = sets::create(&store, &ctx, new.into_new()?).await?;
        let location = [(header::LOCATION, format!("/api/v1/tenant/change-sets/{}", set.id))];
        if dry {
            let rows = sets::rows_of(&store, &ctx, set.id, None, 0, i64::from(i32::MAX)).await?;
            return Ok((StatusCode::OK, location, axum::Json(ChangeSetChecked { set, rows })).into_response());
        }
        Ok((StatusCode::CREATED, location, axum::Json(set)).into_response())
    })
    .await
}

/// List change sets, newest first
#[utoipa::path(get, path = "/tenant/change-sets", tag = "tenant",
    params(("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "Newest first", body = Listing<ChangeSet>)))]
async fn list(
    State(store): State<Store>,
    TenantRead(ctx): TenantRead,
    format: Format,
    paging: Paging,
) -> Result<Response, Failure> {
    let before = match paging.cursor(1)? {
        None => None,
        Some(Cursor(keys)) => Some(keys.first().and_then(|id| Uuid::try_parse(id).ok()).ok_or_else(cursor_invalid)?),
    };
    let sets = sets::recent(&store, &ctx, before, paging.limit + 1).await?;
    let columns =
        ["id", "name", "action", "source", "state", "total", "fine", "noted", "refused", "done", "undone", "kept", "created_at"];
    Listing::cut(sets, paging.limit, |last| Cursor(vec![last.id.to_string()]).encode()).answer(format, &paging.uri, &columns)
}

fn cursor_invalid() -> Problem {
    Problem::new(400, "cursor_invalid", "This cursor is not one of this list. Start without a cursor.")
}

/// One change set: state and counts
#[utoipa::path(get, path = "/tenant/change-sets/{id}", tag = "tenant", params(("id" = Uuid, Path)),
    responses((status = 200, description = "As it stands", body = ChangeSet), (status = 404, description = "No such set", body = ProblemOut)))]
async fn one(
    State(store): State<Store>,
    TenantRead(ctx): TenantRead,
    Path(id): Path<Uuid>,
) -> Result<axum::Json<ChangeSet>, Failure> {
    Ok(axum::Json(sets::find(&store, &ctx, id).await?))
}

#[derive(Debug, Deserialize)]
struct RowsQuery {
    verdict: Option<String>,
}

/// Rows of a change set
#[utoipa::path(get, path = "/tenant/change-sets/{id}/rows", tag = "tenant",
    params(("id" = Uuid, Path),
           ("verdict" = Option<String>, Query, description = "`fine`, `note`, `refused`, or `kept` for those that were not taken back"),
           ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query)),
    responses((status = 200, description = "Rows in order", body = Listing<SetRow>), (status = 404, description = "No such set", body = ProblemOut)))]
async fn rows(
    State(store): State<Store>,
    TenantRead(ctx): TenantRead,
    Path(id): Path<Uuid>,
    format: Format,
    paging: Paging,
    Query(filter): Query<RowsQuery>,
) -> Result<Response, Failure> {
    let after = match paging.cursor(1)? {
        None => 0,
        Some(Cursor(keys)) => keys.first().and_then(|row| row.parse().ok()).ok_or_else(cursor_invalid)?,
    };
    let rows = sets::rows_of(&store, &ctx, id, filter.verdict.as_deref(), after, paging.limit + 1).await?;
    let columns =
        ["row", "e164", "verdict", "code", "field", "value", "reason", "fix", "outcome", "number_seq", "undo", "undo_code"];
    Listing::cut(rows, paging.limit, |last| Cursor(vec![last.row.to_string()]).encode()).answer(format, &paging.uri, &columns)
}

/// How many rows are to run.
#[derive(Debug, Default, Deserialize, ToSchema)]
struct RunIn {
    /// Another count is refused.
    expected_count: Option<i64>,
}

/// Run a change set
///
/// Its good rows are done in the background, each exactly once; the state tells how far it is. One that runs or ran stays as it
/// is. The body may be left out.
#[utoipa::path(post, path = "/tenant/change-sets/{id}/run", tag = "tenant", params(("id" = Uuid, Path)), request_body = RunIn,
    responses((status = 202, description = "At work", body = ChangeSet), (status = 404, description = "No such set", body = ProblemOut),
              (status = 409, description = "`count_changed`, `not_checked`, `set_undone`", body = ProblemOut),
              (status = 422, description = "`nothing_to_run`", body = ProblemOut)))]
async fn run(
    State(store): State<Store>,
    TenantAssign(ctx): TenantAssign,
    Path(id): Path<Uuid>,
    once: Once,
    raw: Bytes,
) -> Result<Response, Failure> {
    let body: RunIn = optional(&raw)?;
    once.run(&store, &ctx, &raw, move |store, ctx| async move {
        Ok((StatusCode::ACCEPTED, axum::Json(sets::run(&store, &ctx, id, body.expected_count).await?)))
    })
    .await
}

/// Take a change set back
///
/// Every done row goes back to its state before, in the background; rows whose number changed since stay as they are and are
/// listed as `kept`.
#[utoipa::path(post, path = "/tenant/change-sets/{id}/undo", tag = "tenant", params(("id" = Uuid, Path)),
    responses((status = 202, description = "At work", body = ChangeSet), (status = 404, description = "No such set", body = ProblemOut),
              (status = 409, description = "`set_not_run`", body = ProblemOut)))]
async fn undo(
    State(store): State<Store>,
    TenantAssign(ctx): TenantAssign,
    Path(id): Path<Uuid>,
    once: Once,
) -> Result<Response, Failure> {
    once.run(&store, &ctx, b"", move |store, ctx| async move {
        Ok((StatusCode::ACCEPTED, axum::Json(sets::undo(&store, &ctx, id).await?)))
    })
    .await
}
