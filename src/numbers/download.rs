//! Files in and out of the portal: exports of both lists, the reject file of an order, the template, and the upload itself.

use axum::Router;
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::extract::Path;
use axum::extract::Request;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::Redirect;
use axum::response::Response;
use axum::routing::get;
use axum::routing::post;
use bytes::Bytes;
use futures::stream;
use http::request::Parts;
use serde::Serialize;

use super::download_stock;
use super::model_columns::Column;
use super::model_list::NUMBER_COLUMNS;
use super::model_list::NumberAsk;
use super::model_list::OPERATOR_COLUMNS;
use super::model_list::OperatorAsk;
use super::order_csv;
use super::orders;
use super::reads;
use super::reads::Way;
use super::uploads;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::OrderId;
use crate::base::Problem;
use crate::base::Scope;
use crate::identity;
use crate::identity::Flash;
use crate::identity::OrgKind;
use crate::identity::UploadForm;
use crate::identity::csv_file;
use crate::identity::csv_value;
use crate::identity::sign_in_address;
use crate::store::Store;
use crate::tr;
use crate::transfers::Channel;
use crate::ui::Query;
use crate::ui::translate_any;

/// Rows read at once; the gate is asked again for each such piece.
const PIECE: i64 = 1000;
/// Largest upload, in bytes: the largest file and the form around it.
pub(super) const UPLOAD: usize = 9 * 1024 * 1024;

/// The routes of the portal that are no pages.
pub fn portal_routes() -> Router<Store> {
    Router::new()
        .route("/t/{slug}/numbers.csv", get(tenant_csv))
        .route("/o/{slug}/numbers.csv", get(operator_csv))
        .route("/o/{slug}/numbers/template.csv", get(template_csv))
        .route("/o/{slug}/orders/{id}/rejected.csv", get(rejected_csv))
        .merge(download_stock::routes())
        .route("/o/{slug}/numbers/upload", post(upload).layer(DefaultBodyLimit::max(UPLOAD)))
        .merge(super::download_sets::set_routes())
}

/// Who asks; a visitor is led to sign in.
#[expect(clippy::result_large_err, reason = "the refusal is the answer itself, sent on at once")]
pub(super) fn ctx_of(store: &Store, parts: &Parts, kind: OrgKind, slug: &str) -> Result<Ctx, Response> {
    identity::ctx_for_slug(parts, kind, slug, &store.env).map_err(|failure| refused(parts, &failure))
}

pub(super) fn refused(parts: &Parts, failure: &Failure) -> Response {
    let problem = failure.problem();
    if problem.code == "not_signed_in" {
        let next = parts.uri.path_and_query().map_or("/", |address| address.as_str());
        return Redirect::to(&sign_in_address(next)).into_response();
    }
    Failure::from(problem).into_response()
}

pub(super) fn query_of(parts: &Parts) -> Query {
    Query::parse(parts.uri.query().unwrap_or_default()).first_page()
}

async fn tenant_csv(State(store): State<Store>, Path(slug): Path<String>, parts: Parts) -> Response {
    let ctx = match ctx_of(&store, &parts, OrgKind::Tenant, &slug) {
        Ok(ctx) => ctx,
        Err(response) => return response,
    };
    let made = async {
        let query = query_of(&parts);
        let columns = Column::of_file(&query, &Column::TENANT, &NUMBER_COLUMNS);
        let ask = NumberAsk::parse(&query)?;
        let (first, next) = tenant_piece(&store, &ctx, ask, &columns, true).await?;
        let rest = stream::try_unfold((store, ctx, columns, next), async |(store, ctx, columns, next)| {
            let Some(ask) = next else { return Ok::<_, Failure>(None) };
            let (bytes, next) = tenant_piece(&store, &ctx, ask, &columns, false).await?;
            Ok(Some((bytes, (store, ctx, columns, next))))
        });
        Ok(file("numbers.csv", first, rest))
    };
    made.await.unwrap_or_else(|failure: Failure| refused(&parts, &failure))
}

async fn tenant_piece(
    store: &Store,
    ctx: &Ctx,
    mut ask: NumberAsk,
    columns: &[&str],
    head: bool,
) -> Result<(Bytes, Option<NumberAsk>), Failure> {
    let lines = reads::tenant_numbers(store, ctx, &ask, PIECE).await?;
    let bytes = csv_piece(columns, &lines, head)?;
    let full = lines.len() >= usize::try_from(PIECE).unwrap_or(usize::MAX);
    let next = lines.last().filter(|_| full).map(|last| {
        ask.after = Some(ask.place_of(last));
        ask
    });
    Ok((bytes, next))
}

async fn operator_csv(State(store): State<Store>, Path(slug): Path<String>, parts: Parts) -> Response {
    let ctx = match ctx_of(&store, &parts, OrgKind::Operator, &slug) {
        Ok(ctx) => ctx,
        Err(response) => return response,
    };
    let made = async {
        let query = query_of(&parts);
        let columns = Column::of_file(&query, &Column::OPERATOR, &OPERATOR_COLUMNS);
        let ask = OperatorAsk::parse(&query)?;
        let (first, next) = operator_piece(&store, &ctx, ask, &columns, true).await?;
        let rest = stream::try_unfold((store, ctx, columns, next), async |(store, ctx, columns, next)| {
            let Some(ask) = next else { return Ok::<_, Failure>(None) };
            let (bytes, next) = operator_piece(&store, &ctx, ask, &columns, false).await?;
            Ok(Some((bytes, (store, ctx, columns, next))))
        });
        Ok(file("numbers.csv", first, rest))
    };
    made.await.unwrap_or_else(|failure: Failure| refused(&parts, &failure))
}

async fn operator_piece(
    store: &Store,
    ctx: &Ctx,
    mut ask: OperatorAsk,
    columns: &[&str],
    head: bool,
) -> Result<(Bytes, Option<OperatorAsk>), Failure> {
    let page = reads::operator_page(store, ctx, &ask, PIECE, Way::Call(Channel::Export)).await?;
    let bytes = csv_piece(columns, &page.lines, head)?;
    let next = page.next.map(|place| {
        ask.after = Some(place);
        ask
    });
    Ok((bytes, next))
}

async fn template_csv(State(store): State<Store>, Path(slug): Path<String>, parts: Parts) -> Response {
    if let Err(response) = ctx_of(&store, &parts, OrgKind::Operator, &slug) {
        return response;
    }
    let example = "+493023125010,,user,,Berlin,geographic,operator_default,K-4711,,";
    let text = format!("{}\r\n{example}\r\n", order_csv::COLUMNS.join(","));
    file("numbers-template.csv", Bytes::from(text), stream::empty())
}

/// A row that was rejected: what to mend before it is sent again.
#[derive(Serialize)]
struct Rejected {
    row: i32,
    e164: String,
    code: Option<String>,
    field: Option<String>,
    value: Option<String>,
    fix: Option<String>,
}

async fn rejected_csv(State(store): State<Store>, Path((slug, id)): Path<(String, String)>, parts: Parts) -> Response {
    let ctx = match ctx_of(&store, &parts, OrgKind::Operator, &slug) {
        Ok(ctx) => ctx,
        Err(response) => return response,
    };
    let made = async {
        let id: OrderId = id.parse().map_err(|_| Problem::not_found("order"))?;
        let mut rows = Vec::new();
        loop {
            let after = rows.last().map_or(0, |row: &Rejected| row.row);
            let piece = orders::rows_of_order(&store, &ctx, id, Some("rejected"), after, PIECE).await?;
            let more = piece.len() >= usize::try_from(PIECE).unwrap_or(usize::MAX);
            rows.extend(piece.into_iter().map(|r| Rejected {
                row: r.row,
                e164: r.e164,
                code: r.code,
                field: r.field,
                value: r.value,
                fix: r.fix,
            }));
            if !more {
                break;
            }
        }
        let bytes = csv_piece(&["row", "e164", "code", "field", "value", "fix"], &rows, true)?;
        Ok(file("rejected.csv", bytes, stream::empty()))
    };
    made.await.unwrap_or_else(|failure: Failure| refused(&parts, &failure))
}

/// Rows as RFC 4180, safe for spreadsheets; the header goes in front of the first piece.
pub(super) fn csv_piece<T: Serialize>(columns: &[&str], rows: &[T], head: bool) -> Result<Bytes, Failure> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let written = || -> anyhow::Result<Vec<u8>> {
        if head {
            writer.write_record(columns)?;
        }
        for row in rows {
            let row = serde_json::to_value(row)?;
            writer.write_record(columns.iter().map(|column| csv_value(row.get(column))))?;
        }
        Ok(writer.into_inner()?)
    };
    Ok(Bytes::from(written()?))
}

pub(super) fn file(
    name: &str,
    first: Bytes,
    rest: impl stream::Stream<Item = Result<Bytes, Failure>> + Send + 'static,
) -> Response {
    use futures::StreamExt as _;
    csv_file(name, Body::from_stream(stream::once(async move { Ok(first) }).chain(rest)))
}

/// Takes a file or pasted lines, keeps them, and leads to what a check of them says.
async fn upload(State(store): State<Store>, Path(slug): Path<String>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let back = format!("/o/{slug}/numbers/upload");
    let ctx = match identity::ctx_for_slug(&parts, OrgKind::Operator, &slug, &store.env) {
        Ok(ctx) => ctx,
        Err(failure) if failure.problem().code == "not_signed_in" => {
            return see_other(&sign_in_address(&back));
        }
        Err(failure) => return refused(&parts, &failure),
    };
    if let Err(failure) = ctx.require(Scope::NumbersWrite) {
        return refused(&parts, &failure);
    }
    let mut form = UploadForm::default();
    let kept = match form.read(Request::from_parts(parts.clone(), body), 8).await {
        Ok(()) => keep(&form, &store, &ctx).await,
        Err(failure) => Err(failure),
    };
    match kept {
        Ok(id) => see_other(&format!("{back}/{id}")),
        Err(failure) => {
            let flash = refusal(&parts, &store, &failure, &form);
            if let Err(failure) = identity::set_flash(&parts, flash).await {
                tracing::warn!(error = %failure, "a message could not be kept");
            }
            see_other(&back)
        }
    }
}

pub(super) fn see_other(to: &str) -> Response {
    Redirect::to(to).into_response()
}

pub(super) fn refusal(parts: &Parts, store: &Store, failure: &Failure, form: &UploadForm) -> Flash {
    if matches!(failure, Failure::Internal(_)) {
        tracing::error!(error = format!("{failure:#}"), "internal failure");
    }
    let lang = identity::viewer(parts, &store.env).lang;
    let problem = failure.problem();
    let text = translate_any(lang, &format!("problem.{}", problem.code)).map_or(problem.detail, std::borrow::Cow::into_owned);
    let title = tr!(in lang, "numbers.upload.refused").into_owned();
    let mut flash = Flash::refused(
        failure,
        title,
        text,
        [("tenant", form.text("tenant").trim()), ("text", form.text("text"))]
            .map(|(name, text)| (name.to_owned(), text.to_owned()))
            .to_vec(),
    );
    // Said where the lines were put.
    if form.file.is_none() {
        for error in flash.errors.iter_mut().filter(|error| error.field.as_deref() == Some("file")) {
            error.field = Some("text".to_owned());
        }
    }
    flash
}

async fn keep(form: &UploadForm, store: &Store, ctx: &Ctx) -> Result<uuid::Uuid, Failure> {
    let tenant = form.text("tenant").trim();
    match &form.file {
        Some((name, bytes)) => uploads::keep(store, ctx, name, bytes, tenant).await,
        None => uploads::keep(store, ctx, "", form.text("text").as_bytes(), tenant).await,
    }
}
