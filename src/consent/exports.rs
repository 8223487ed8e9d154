//! The ledger of consents as a file: `/t/{slug}/operators.csv`, all of it or with `operator=` that of one, streamed.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::extract::State;
use axum::response::IntoResponse as _;
use axum::response::Redirect;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use chrono::DateTime;
use chrono::Utc;
use futures::stream;
use uuid::Uuid;

use super::actions;
use super::queries_ledger;
use super::queries_ledger::LedgerLine;
use crate::audit;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::Scope;
use crate::base::wire_time;
use crate::identity::OrgKind;
use crate::identity::csv_file;
use crate::identity::csv_line;
use crate::identity::ctx_for_slug;
use crate::identity::sign_in_address;
use crate::store::Store;
use crate::ui::Query;

/// Lines read at once.
const CHUNK: i64 = 1_000;

const COLUMNS: &str =
    "id,at,consent_id,operator,action,countries,data_classes,notice_version,notice_sha256,actor,address,entry,hash\r\n";

/// The downloads of this room; they need the session layers of the pages in front of them.
pub fn exports() -> Router<Store> {
    Router::new().route("/t/{slug}/operators.csv", get(ledger_csv))
}

async fn ledger_csv(State(store): State<Store>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let here = parts.uri.path_and_query().map_or("/", |whole| whole.as_str()).to_owned();
    match export(store, &parts).await {
        Ok(response) => response,
        Err(failure) if failure.problem().code == "not_signed_in" => Redirect::to(&sign_in_address(&here)).into_response(),
        Err(failure) => failure.into_response(),
    }
}

async fn export(store: Store, parts: &http::request::Parts) -> Result<Response, Failure> {
    let slug = parts.uri.path().trim_start_matches('/').split('/').nth(1).unwrap_or_default();
    let ctx = ctx_for_slug(parts, OrgKind::Tenant, slug, &store.env)?;
    ctx.require(Scope::RegisterRead)?;
    let tenant = ctx.tenant()?;
    let query = Query::parse(parts.uri.query().unwrap_or_default());
    let mut tx = store.begin_for(&ctx).await?;
    let operator = match query.get("operator") {
        Some(slug) => Some(OperatorId(actions::operator_by_slug(&mut tx, tenant, slug).await?.id)),
        None => None,
    };
    let entry = audit::Entry {
        action: "consent.export",
        subject_kind: "consent",
        subject_id: &tenant.to_string(),
        detail: operator.map(|operator| serde_json::json!({ "operator_id": operator })),
    };
    audit::record(&mut tx, &ctx, entry).await?;
    tx.commit().await?;
    let reader = Reader { store, ctx, operator, after: None, head: true, more: true };
    Ok(csv_file("consents.csv", Body::from_stream(stream::try_unfold(reader, chunk))))
}

/// Where a download stands.
struct Reader {
    store: Store,
    ctx: Ctx,
    operator: Option<OperatorId>,
    after: Option<(DateTime<Utc>, Uuid)>,
    head: bool,
    more: bool,
}

/// The next chunk; a transaction of its own each, so that a slow reader holds none open.
async fn chunk(mut reader: Reader) -> Result<Option<(Bytes, Reader)>, Failure> {
    if std::mem::take(&mut reader.head) {
        return Ok(Some((Bytes::from_static(COLUMNS.as_bytes()), reader)));
    }
    if !reader.more {
        return Ok(None);
    }
    let tenant = reader.ctx.tenant()?;
    let mut tx = reader.store.begin_for(&reader.ctx).await?;
    let lines = queries_ledger::lines(&mut tx, tenant, reader.operator, reader.after, CHUNK).await?;
    tx.commit().await?;
    reader.more = i64::try_from(lines.len()) == Ok(CHUNK);
    reader.after = lines.last().map(|line| (line.at, line.id)).or(reader.after);
    let mut out = String::with_capacity(lines.len() * 300);
    for line in lines {
        write_line(&mut out, line);
    }
    Ok(Some((Bytes::from(out), reader)))
}

fn write_line(out: &mut String, line: LedgerLine) {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let cells = [
        line.id.to_string(),
        wire_time(line.at),
        line.consent_id.to_string(),
        line.operator,
        line.action,
        line.countries.join(";"),
        line.classes.join(";"),
        line.notice_version,
        hex(&line.notice_sha256),
        line.actor_label,
        line.address.unwrap_or_default(),
        line.seq.map(|seq| seq.to_string()).unwrap_or_default(),
        line.hash.as_deref().map(hex).unwrap_or_default(),
    ];
    csv_line(out, &cells);
}
