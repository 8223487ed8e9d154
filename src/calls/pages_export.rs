//! The lists of calls as files: the page's address with `.csv` and the same query, streamed. Outside parties are masked as on the
//! page; what may be kept for 28 days only is in no file.

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::extract::State;
use axum::response::IntoResponse as _;
use axum::response::Redirect;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use chrono::DateTime;
use chrono::Utc;
use futures::StreamExt as _;
use futures::stream;
use http::request::Parts;

use super::masking::Sight;
use super::pages_ask::CallAsk;
use super::pages_list::party_key;
use super::pages_reads;
use super::pages_reads::CallPage;
use super::pages_reads::ShownCall;
use super::pages_reads::Way;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::wire_time;
use crate::identity;
use crate::identity::OrgKind;
use crate::identity::csv_file;
use crate::identity::csv_line;
use crate::identity::sign_in_address;
use crate::store::Store;
use crate::ui::Query;

/// Rows read at once; the gates are asked again for each such piece.
const PIECE: i64 = 1_000;

/// Columns of a file; those named `party` are the operator's in a tenant's file and the customer's in an operator's.
const COLUMNS: [&str; 19] = [
    "id",
    "invited_at",
    "direction",
    "e164",
    "caller",
    "callee",
    "caller_withheld",
    "party_id",
    "party_name",
    "outcome",
    "side",
    "sip_code",
    "q850_cause",
    "ringing_at",
    "answered_at",
    "ended_at",
    "ring_ms",
    "talk_ms",
    "quality",
];

/// The files of calls; they need the session layers of the pages in front of them.
pub fn call_exports() -> Router<Store> {
    Router::new().route("/t/{slug}/calls.csv", get(tenant_csv)).route("/o/{slug}/calls.csv", get(operator_csv))
}

async fn tenant_csv(State(store): State<Store>, Path(slug): Path<String>, parts: Parts) -> Response {
    answer(store, OrgKind::Tenant, &slug, parts).await
}

async fn operator_csv(State(store): State<Store>, Path(slug): Path<String>, parts: Parts) -> Response {
    answer(store, OrgKind::Operator, &slug, parts).await
}

async fn answer(store: Store, kind: OrgKind, slug: &str, parts: Parts) -> Response {
    let refused = |failure: Failure| {
        let problem = failure.problem();
        if problem.code == "not_signed_in" {
            let next = parts.uri.path_and_query().map_or("/", |address| address.as_str());
            return Redirect::to(&sign_in_address(next)).into_response();
        }
        Failure::from(problem).into_response()
    };
    match export(store, kind, slug, &parts).await {
        Ok(response) => response,
        Err(failure) => refused(failure),
    }
}

/// Where a download stands.
pub(super) struct Reader {
    pub(super) store: Store,
    pub(super) ctx: Ctx,
    pub(super) kind: OrgKind,
    pub(super) sight: Sight,
    /// `None`: everything is read.
    pub(super) next: Option<CallAsk>,
}

async fn export(store: Store, kind: OrgKind, slug: &str, parts: &Parts) -> Result<Response, Failure> {
    let ctx = identity::ctx_for_slug(parts, kind, slug, &store.env)?;
    let query = Query::parse(parts.uri.query().unwrap_or_default()).first_page();
    let zone = pages_reads::zone(&store, &ctx).await?;
    let ask = CallAsk::parse(&query, zone, party_key(kind))?;
    let sight = Sight::in_org(identity::signed(parts)?.as_deref(), kind, slug);
    pages_reads::note_export(&store, &ctx, &query.encode()).await?;
    let mut reader = Reader { store, ctx, kind, sight, next: Some(ask) };
    // What is refused is refused before the answer begins.
    let rows = piece(&mut reader).await?.unwrap_or_default();
    let first = Bytes::from(format!("{}{rows}", heading(kind)));
    let rest = stream::try_unfold(reader, async |mut reader| {
        Ok::<_, Failure>(piece(&mut reader).await?.map(|rows| (Bytes::from(rows), reader)))
    });
    let body = Body::from_stream(stream::once(async move { Ok(first) }).chain(rest));
    Ok(csv_file("calls.csv", body))
}

/// The next rows; a transaction of its own each, so that a slow reader holds none open.
pub(super) async fn piece(reader: &mut Reader) -> Result<Option<String>, Failure> {
    let Some(mut ask) = reader.next.take() else { return Ok(None) };
    let page = match reader.kind {
        OrgKind::Operator => pages_reads::operator_calls(&reader.store, &reader.ctx, &ask, PIECE, reader.sight, Way::File).await?,
        OrgKind::Tenant | OrgKind::Platform => {
            pages_reads::tenant_calls(&reader.store, &reader.ctx, &ask, PIECE, Way::File).await?
        }
    };
    let CallPage { calls, next, .. } = page;
    reader.next = next.map(|place| {
        ask.place = Some(place);
        ask
    });
    let mut out = String::with_capacity(calls.len() * 260);
    for call in calls {
        push_row(&mut out, reader.kind, call);
    }
    Ok(Some(out))
}

pub(super) fn heading(kind: OrgKind) -> String {
    let party = if kind == OrgKind::Operator { "tenant" } else { "operator" };
    format!("{}\r\n", COLUMNS.map(|column| column.replace("party", party)).join(","))
}

fn push_row(out: &mut String, kind: OrgKind, call: ShownCall) {
    let (inbound, cause) = (call.inbound(), call.cause);
    let line = call.line;
    let (caller, callee) = if inbound { (line.other, Some(line.e164.clone())) } else { (Some(line.e164.clone()), line.other) };
    let (party_id, party_name) =
        if kind == OrgKind::Operator { (line.tenant_id, line.tenant_name) } else { (line.operator_id, line.operator_name) };
    let number = |value: Option<i64>| value.map(|value| value.to_string()).unwrap_or_default();
    let time = |at: Option<DateTime<Utc>>| at.map(wire_time).unwrap_or_default();
    let cells: [String; COLUMNS.len()] = [
        line.id.to_string(),
        wire_time(line.invited_at),
        line.direction,
        line.e164,
        caller.unwrap_or_default(),
        callee.unwrap_or_default(),
        line.hidden.to_string(),
        party_id.to_string(),
        party_name,
        cause.outcome.as_str().to_owned(),
        cause.side.as_str().to_owned(),
        number(line.sip_code.map(i64::from)),
        number(line.q850_cause.map(i64::from)),
        time(line.ringing_at),
        time(line.answered_at),
        time(line.ended_at),
        number(line.ring_ms),
        number(line.talk_ms),
        call.quality.unwrap_or_default(),
    ];
    csv_line(out, &cells);
}
