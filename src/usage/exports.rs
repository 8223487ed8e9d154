//! Usage as a file: the page's address with `.csv` and the same query, streamed; names in place of ids.

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::extract::State;
use axum::response::IntoResponse as _;
use axum::response::Redirect;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use futures::stream;
use http::request::Parts;

use super::api::UsageOut;
use super::model::Ask;
use super::model::Setting;
use super::queries::Order;
use super::queries::UsageRow;
use super::reads;
use crate::base::Ctx;
use crate::base::Cursor;
use crate::base::Failure;
use crate::identity::OrgKind;
use crate::identity::csv_file;
use crate::identity::csv_value;
use crate::identity::ctx_for_slug;
use crate::identity::sign_in_address;
use crate::store::Store;
use crate::ui::Query;

/// Rows read at once.
const PIECE: i64 = 1_000;

/// The downloads of this room; they need the session layers of the pages in front of them.
pub fn exports() -> Router<Store> {
    Router::new().route("/t/{slug}/usage.csv", get(usage_csv))
}

async fn usage_csv(State(store): State<Store>, Path(slug): Path<String>, parts: Parts) -> Response {
    match export(store, &slug, &parts).await {
        Ok(response) => response,
        Err(failure) if failure.problem().code == "not_signed_in" => {
            let here = parts.uri.path_and_query().map_or("/", |whole| whole.as_str());
            Redirect::to(&sign_in_address(here)).into_response()
        }
        Err(failure) => failure.into_response(),
    }
}

async fn export(store: Store, slug: &str, parts: &Parts) -> Result<Response, Failure> {
    let ctx = ctx_for_slug(parts, OrgKind::Tenant, slug, &store.env)?;
    let query = Query::parse(parts.uri.query().unwrap_or_default()).first_page();
    let setting = reads::setting(&store, &ctx).await?;
    let ask = Ask::strict(&query, &setting)?;
    reads::note_export(&store, &ctx, &query.encode()).await?;
    let head = Bytes::from(format!("{}\r\n", ask.columns().join(",")));
    let reader = Reader { store, ctx, setting, ask, head: Some(head), after: None, done: false };
    Ok(csv_file("usage.csv", Body::from_stream(stream::try_unfold(reader, piece))))
}

/// Where a download stands.
struct Reader {
    store: Store,
    ctx: Ctx,
    setting: Setting,
    ask: Ask,
    head: Option<Bytes>,
    after: Option<Cursor>,
    done: bool,
}

/// The next piece; a transaction of its own each, so that a slow reader holds none open.
async fn piece(mut reader: Reader) -> Result<Option<(Bytes, Reader)>, Failure> {
    if let Some(head) = reader.head.take() {
        return Ok(Some((head, reader)));
    }
    if reader.done {
        return Ok(None);
    }
    let Reader { store, ctx, setting, ask, after, .. } = &reader;
    let rows = reads::rows(store, ctx, setting, ask, Order::Groups, after.as_ref(), PIECE).await?;
    reader.done = i64::try_from(rows.len()) != Ok(PIECE);
    reader.after = rows.last().map(UsageRow::cursor);
    let lines = lines(&reader.ask.columns(), rows)?;
    Ok(Some((lines, reader)))
}

fn lines(columns: &[&str], rows: Vec<UsageRow>) -> Result<Bytes, Failure> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let written = || -> anyhow::Result<Vec<u8>> {
        for row in rows {
            let row = serde_json::to_value(UsageOut::from(row).named())?;
            writer.write_record(columns.iter().map(|column| csv_value(row.get(column))))?;
        }
        Ok(writer.into_inner()?)
    };
    Ok(Bytes::from(written()?))
}
