//! The register as a file: the page's address with `.csv` and the same query, streamed.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::extract::State;
use axum::response::IntoResponse as _;
use axum::response::Redirect;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use futures::stream;

use super::actions;
use super::api::COLUMNS;
use super::api::TransferOut;
use super::model::Position;
use super::model::TransferFilter;
use super::pages_filter;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::Problem;
use crate::base::wire_time;
use crate::identity::OrgKind;
use crate::identity::csv_file;
use crate::identity::csv_line;
use crate::identity::ctx_for_slug;
use crate::identity::sign_in_address;
use crate::identity::viewer;
use crate::store::Store;
use crate::ui::Query;

/// Rows read at once.
const CHUNK: i64 = 1_000;

/// The downloads of this room; they need the session layers of the pages in front of them.
pub fn exports() -> Router<Store> {
    Router::new()
        .route("/t/{slug}/register.csv", get(register_csv))
        .route("/o/{slug}/register.csv", get(register_csv))
        .route("/t/{slug}/register/head.csv", get(head_csv))
        .route("/o/{slug}/register/head.csv", get(head_csv))
}

async fn register_csv(State(store): State<Store>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let here = parts.uri.path_and_query().map_or("/", |whole| whole.as_str()).to_owned();
    match export(store, &parts).await {
        Ok(response) => response,
        Err(failure) if failure.problem().code == "not_signed_in" => Redirect::to(&sign_in_address(&here)).into_response(),
        Err(failure) => failure.into_response(),
    }
}

/// Who asks, by the address.
fn asking(store: &Store, parts: &http::request::Parts) -> Result<Ctx, Failure> {
    let mut steps = parts.uri.path().trim_start_matches('/').split('/');
    let kind = match steps.next() {
        Some("t") => OrgKind::Tenant,
        Some("o") => OrgKind::Operator,
        _ => return Err(Problem::not_found("page").into()),
    };
    ctx_for_slug(parts, kind, steps.next().unwrap_or_default(), &store.env)
}

async fn head_csv(State(store): State<Store>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let here = parts.uri.path().to_owned();
    match heads(&store, &parts).await {
        Ok(response) => response,
        Err(failure) if failure.problem().code == "not_signed_in" => Redirect::to(&sign_in_address(&here)).into_response(),
        Err(failure) => failure.into_response(),
    }
}

/// The heads of all chains of the organisation, for a place outside of the program.
async fn heads(store: &Store, parts: &http::request::Parts) -> Result<Response, Failure> {
    let ctx = asking(store, parts)?;
    let heads = actions::heads(store, &ctx).await?;
    let mut out = String::from("org_id,at,chain,entry,head\r\n");
    for (chain, head) in heads {
        let cells = [ctx.org.id().to_string(), wire_time(ctx.now()), chain.as_str().to_owned(), head.seq.to_string(), head.head];
        csv_line(&mut out, &cells);
    }
    Ok(csv_file("register-head.csv", Body::from(out)))
}

async fn export(store: Store, parts: &http::request::Parts) -> Result<Response, Failure> {
    let ctx = asking(&store, parts)?;
    let query = Query::parse(parts.uri.query().unwrap_or_default()).first_page();
    let parties = actions::parties(&store, &ctx).await?;
    let asked = pages_filter::asked(&query, ctx.org, &parties, viewer(parts, &store.env).time_zone);
    if asked.from_wrong || asked.to_wrong {
        return Err(Problem::new(400, "query_malformed", "from and to are days such as 2026-11-17.").into());
    }
    actions::note_export(&store, &ctx, &query.encode()).await?;
    let head = Bytes::from(format!("{}\r\n", COLUMNS.join(",")));
    let body =
        stream::try_unfold(Reader { store, ctx, filter: asked.filter, next: Some(Position::Start), head: Some(head) }, chunk);
    Ok(csv_file("register.csv", Body::from_stream(body)))
}

/// Where a download stands.
struct Reader {
    store: Store,
    ctx: Ctx,
    filter: TransferFilter,
    next: Option<Position>,
    head: Option<Bytes>,
}

/// The next chunk; a transaction of its own each, so that a slow reader holds none open.
async fn chunk(mut reader: Reader) -> Result<Option<(Bytes, Reader)>, Failure> {
    if let Some(head) = reader.head.take() {
        return Ok(Some((head, reader)));
    }
    let Some(position) = reader.next.take() else { return Ok(None) };
    let rows = actions::rows(&reader.store, &reader.ctx, &reader.filter, &position, CHUNK).await?;
    if i64::try_from(rows.len()) == Ok(CHUNK) {
        reader.next = rows.last().map(|row| Position::After(row.cursor()));
    }
    let mut out = String::with_capacity(rows.len() * 240);
    for row in rows {
        write_row(&mut out, TransferOut::from(row));
    }
    Ok(Some((Bytes::from(out), reader)))
}

fn write_row(out: &mut String, row: TransferOut) {
    let plain = |value: Option<String>| value.unwrap_or_default();
    let cells = [
        row.id.to_string(),
        row.at,
        row.direction,
        row.operator_id.to_string(),
        row.tenant_id.to_string(),
        row.classes.join(";"),
        row.channel,
        row.state,
        row.records.to_string(),
        plain(row.period_from),
        plain(row.period_to),
        row.basis,
        plain(row.consent_id.map(|id| id.to_string())),
        plain(row.notice_version),
        plain(row.digest),
        row.r#ref,
        plain(row.entry.map(|entry| entry.to_string())),
    ];
    csv_line(out, &cells);
}
