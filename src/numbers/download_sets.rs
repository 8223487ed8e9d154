//! What is no page of a change set: the form that makes one, the reject file, and how far the work is.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::extract::Path;
use axum::extract::Request;
use axum::extract::State;
use axum::response::IntoResponse as _;
use axum::response::Redirect;
use axum::response::Response;
use axum::response::sse::Event;
use axum::response::sse::Sse;
use axum::routing::get;
use axum::routing::post;
use futures::stream;
use http::request::Parts;
use serde_json::Map;
use serde_json::Value;
use uuid::Uuid;

use super::model_sets::SetAction;
use super::pages_sets;
use super::pages_sets_new::address;
use super::sets;
use super::sets::NewChangeSet;
use super::sets::Rows;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::Problem;
use crate::base::Scope;
use crate::identity;
use crate::identity::Flash;
use crate::identity::OrgKind;
use crate::identity::UploadForm;
use crate::identity::csv_file;
use crate::identity::csv_line;
use crate::identity::id_param;
use crate::identity::sign_in_address;
use crate::store::Store;
use crate::tr;
use crate::ui::Viewer;
use crate::ui::translate_any;

/// Largest form, in bytes: the largest file and the form around it.
const UPLOAD: usize = 9 * 1024 * 1024;
/// Rows read at once.
const PIECE: i64 = 1000;
/// How often the server says how far it is.
const PACE: Duration = Duration::from_millis(400);
/// Said so often, then the browser asks again: a stop of the server waits for no page.
const SAID: usize = 25;

/// The routes of change sets that are no pages.
pub fn set_routes() -> Router<Store> {
    Router::new()
        .route("/t/{slug}/change-sets/new", post(make).layer(DefaultBodyLimit::max(UPLOAD)))
        .route("/t/{slug}/change-sets/{id}/rejected.csv", get(rejected_csv))
        .route("/t/{slug}/change-sets/{id}/progress", get(progress))
}

fn refused(parts: &Parts, failure: &Failure) -> Response {
    let problem = failure.problem();
    if problem.code == "not_signed_in" {
        let next = parts.uri.path_and_query().map_or("/", |address| address.as_str());
        return Redirect::to(&sign_in_address(next)).into_response();
    }
    Failure::from(problem).into_response()
}

/// Fields of the form that come back when it is refused.
const FIELDS: [&str; 8] = ["name", "text", "category", "quarantine_days", "usage", "tags", "emergency_location", "note"];

/// Takes pasted lines, a file, or a filter, and leads to what the check of them says.
async fn make(State(store): State<Store>, Path(slug): Path<String>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let ctx = match identity::ctx_for_slug(&parts, OrgKind::Tenant, &slug, &store.env) {
        Ok(ctx) => ctx,
        Err(failure) if failure.problem().code == "not_signed_in" => {
            return Redirect::to(&sign_in_address(&format!("/t/{slug}/change-sets/new"))).into_response();
        }
        Err(failure) => return refused(&parts, &failure),
    };
    if let Err(failure) = ctx.require(Scope::TenantAssign) {
        return refused(&parts, &failure);
    }
    let mut form = UploadForm::default();
    let made = match form.read(Request::from_parts(parts.clone(), body), 8).await {
        Ok(()) => create(&form, &store, &ctx).await,
        Err(failure) => Err(failure),
    };
    match made {
        Ok(id) => Redirect::to(&format!("/t/{slug}/change-sets/{id}")).into_response(),
        Err(failure) => {
            let flash = refusal(&parts, &store, &failure, &form);
            if let Err(failure) = identity::set_flash(&parts, flash).await {
                tracing::warn!(error = %failure, "a message could not be kept");
            }
            let filter = (form.text("from") == "filter").then(|| form.text("filter"));
            let action = SetAction::parse(form.text("action")).unwrap_or(SetAction::Assign);
            Redirect::to(&address(&slug, action, filter)).into_response()
        }
    }
}

async fn create(form: &UploadForm, store: &Store, ctx: &Ctx) -> Result<Uuid, Failure> {
    let action =
        SetAction::parse(form.text("action")).ok_or_else(|| Problem::new(422, "action_unknown", "There is no such action."))?;
    let given = action.columns().iter().filter(|column| **column != "target").map(|column| (*column, form.text(column).trim()));
    let defaults: Map<String, Value> =
        given.filter(|(_, text)| !text.is_empty()).map(|(column, text)| (column.to_owned(), text.into())).collect();
    let file_name = form.file.as_ref().map_or("", |(name, _)| name.as_str());
    let name = if form.text("name").trim().is_empty() { file_name } else { form.text("name") }.to_owned();
    let rows = match &form.file {
        _ if form.text("from") == "filter" => {
            Rows::Filter { query: form.text("filter").to_owned(), expected: form.text("expected").parse().ok() }
        }
        Some((_, bytes)) => Rows::File(bytes.to_vec()),
        None => Rows::Paste(form.text("text").as_bytes().to_vec()),
    };
    Ok(sets::create(store, ctx, NewChangeSet { action, name, rows, defaults }).await?.id)
}

fn refusal(parts: &Parts, store: &Store, failure: &Failure, form: &UploadForm) -> Flash {
    if matches!(failure, Failure::Internal(_)) {
        tracing::error!(error = format!("{failure:#}"), "internal failure");
    }
    let lang = identity::viewer(parts, &store.env).lang;
    let problem = failure.problem();
    let text = translate_any(lang, &format!("problem.{}", problem.code)).map_or(problem.detail, std::borrow::Cow::into_owned);
    let title = tr!(in lang, "numbers.sets.not_made").into_owned();
    let fields = FIELDS.map(|name| (name.to_owned(), form.text(name).to_owned())).to_vec();
    let mut flash = Flash::refused(failure, title, text, fields);
    // Said where the lines were put.
    let place = if form.file.is_some() { "file" } else { "text" };
    for error in &mut flash.errors {
        if matches!(error.field.as_deref(), Some("file" | "text")) {
            error.field = Some(place.to_owned());
        }
        if let Some(fix) = translate_any(lang, &format!("fix.{}", error.code)) {
            error.fix = fix.into_owned();
        }
    }
    flash
}

async fn rejected_csv(State(store): State<Store>, Path((slug, id)): Path<(String, String)>, parts: Parts) -> Response {
    let made = async {
        let ctx = identity::ctx_for_slug(&parts, OrgKind::Tenant, &slug, &store.env)?;
        let id = id_param(&id, "change set")?;
        let set = sets::find(&store, &ctx, id).await?;
        let columns = SetAction::parse(&set.action).unwrap_or(SetAction::Assign).columns();
        let lang = identity::viewer(&parts, &store.env).lang;
        let mut text = String::new();
        let head: Vec<&str> = ["e164"].into_iter().chain(columns.iter().copied()).chain(["row", "code", "reason", "fix"]).collect();
        csv_line(&mut text, &head);
        let mut after = 0;
        loop {
            let rows = sets::rows_of(&store, &ctx, id, Some("refused"), after, PIECE).await?;
            for row in &rows {
                let mut cells = vec![pages_sets::said_number(row)];
                cells.extend(columns.iter().map(|column| pages_sets::cell(&row.input, column)));
                cells.extend([row.row.to_string(), row.code.clone().unwrap_or_default()]);
                cells.extend([pages_sets::why(lang, row).unwrap_or_default(), pages_sets::fix(lang, row).unwrap_or_default()]);
                csv_line(&mut text, &cells);
            }
            match rows.last() {
                Some(last) if rows.len() >= usize::try_from(PIECE).unwrap_or(usize::MAX) => after = last.row,
                _ => break,
            }
        }
        Ok(csv_file("rejected.csv", Body::from(text)))
    };
    made.await.unwrap_or_else(|failure: Failure| refused(&parts, &failure))
}

/// Says how far the work is, some seconds long; `end` when it is at rest.
async fn progress(State(store): State<Store>, Path((slug, id)): Path<(String, String)>, parts: Parts) -> Response {
    let begun = async {
        let ctx = identity::ctx_for_slug(&parts, OrgKind::Tenant, &slug, &store.env)?;
        let id = id_param(&id, "change set")?;
        sets::find(&store, &ctx, id).await?;
        Ok((ctx, id))
    };
    let (ctx, id) = match begun.await {
        Ok(begun) => begun,
        Err(failure) => return refused(&parts, &failure),
    };
    let v = identity::viewer(&parts, &store.env);
    let said = stream::unfold((store, ctx, 0), move |(store, ctx, times)| async move {
        if times >= SAID {
            return None;
        }
        if times > 0 {
            tokio::time::sleep(PACE).await;
        }
        let (data, next) = line(&v, &store, &ctx, id)
            .await
            .map_or((None, SAID), |(line, at_work)| (Some(line), if at_work { times + 1 } else { SAID }));
        let event = Event::default().retry(PACE).data(data?);
        Some((Ok::<_, Infallible>(event), (store, ctx, next)))
    });
    Sse::new(said).into_response()
}

/// What is said, and whether the work goes on.
async fn line(v: &Viewer, store: &Store, ctx: &Ctx, id: Uuid) -> Result<(String, bool), Failure> {
    let set = sets::find(store, ctx, id).await?;
    if set.state != "running" {
        return Ok(("end".to_owned(), false));
    }
    let (done, all) = set.progress();
    let words = pages_sets::how_far(v, &set, store.env.now());
    Ok((format!("{done} {all} {words}"), true))
}
