//! Quality as a file: the page's address with `.csv` and the same query. One line per day, party and direction, in pieces of days;
//! for operators each piece asks the gates again and writes the register.

use std::collections::BTreeMap;

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::Redirect;
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use chrono::DateTime;
use chrono::NaiveDate;
use chrono::Utc;
use chrono_tz::Tz;
use futures::stream;
use http::request::Parts;
use uuid::Uuid;

use super::ask::PageAsk;
use super::ask::Slice;
use super::model::Counts;
use super::model::MOS_KIND;
use super::reads;
use super::reads::Sheet;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::Org;
use crate::base::Problem;
use crate::identity;
use crate::identity::OrgKind;
use crate::identity::csv_file;
use crate::identity::csv_line;
use crate::identity::sign_in_address;
use crate::store::Store;
use crate::transfers::midnight;
use crate::ui::Query;

/// Days read at once.
const PIECE: usize = 31;

/// The downloads of this room; they need the session layers of the pages in front of them.
pub fn exports() -> Router<Store> {
    Router::new().route("/t/{slug}/quality.csv", get(tenant_csv)).route("/o/{slug}/quality.csv", get(operator_csv))
}

async fn tenant_csv(State(store): State<Store>, Path(slug): Path<String>, parts: Parts) -> Response {
    answered(&parts, export(store, &parts, OrgKind::Tenant, &slug, "operator").await)
}

async fn operator_csv(State(store): State<Store>, Path(slug): Path<String>, parts: Parts) -> Response {
    answered(&parts, export(store, &parts, OrgKind::Operator, &slug, "tenant").await)
}

/// The file, the way to sign in, or what is wrong.
fn answered(parts: &Parts, made: Result<Response, Failure>) -> Response {
    made.unwrap_or_else(|failure| {
        if failure.problem().code == "not_signed_in" {
            let here = parts.uri.path_and_query().map_or("/", |whole| whole.as_str());
            return Redirect::to(&sign_in_address(here)).into_response();
        }
        failure.into_response()
    })
}

/// Where a download stands.
struct Reader {
    store: Store,
    ctx: Ctx,
    ask: PageAsk,
    zone: Tz,
    /// Days that are still to come.
    days: Vec<NaiveDate>,
}

async fn export(store: Store, parts: &Parts, kind: OrgKind, slug: &str, party: &'static str) -> Result<Response, Failure> {
    let ctx = identity::ctx_for_slug(parts, kind, slug, &store.env)?;
    let zone = reads::zone(&store, &ctx).await?;
    let ask = PageAsk::parse(&Query::parse(parts.uri.query().unwrap_or_default()), party, ctx.now(), zone)?;
    if ask.from_wrong || ask.to_wrong {
        return Err(Problem::new(400, "query_malformed", "from and to are days such as 2026-11-17, at most 400 apart.").into());
    }
    let days = ask.days().collect();
    // The first piece before the answer begins: what is refused is refused with its status.
    let first = piece(Reader { store, ctx, ask, zone, days }).await?;
    let head = format!(
        "day,{party}_id,{party},direction,n,ner,asr,answered,acd_s,pdd_n,pdd_ms,good,poor,unclassified,poor_ratio,mos_n,mos_lqe,mos_kind\r\n"
    );
    let (lines, rest) = first.map_or_else(|| (Bytes::new(), None), |(lines, rest)| (lines, Some(rest)));
    let begun = stream::iter([Ok::<_, Failure>(Bytes::from(head)), Ok(lines)]);
    let more = stream::try_unfold(rest, async |rest| {
        let Some(reader) = rest else { return Ok(None) };
        Ok(piece(reader).await?.map(|(lines, reader)| (lines, Some(reader))))
    });
    Ok(csv_file("quality.csv", Body::from_stream(futures::StreamExt::chain(begun, more))))
}

/// The next lines; a transaction of its own each, so that a slow reader holds none open.
async fn piece(mut reader: Reader) -> Result<Option<(Bytes, Reader)>, Failure> {
    let rest = reader.days.split_off(reader.days.len().min(PIECE));
    let days = std::mem::replace(&mut reader.days, rest);
    let (Some(first), Some(last)) = (days.first(), days.last()) else { return Ok(None) };
    let end = last.succ_opt().unwrap_or(*last);
    let slice = Slice { from: midnight(*first, reader.zone), to: midnight(end, reader.zone), ..reader.ask.slice(reader.zone) };
    let starts: Vec<DateTime<Utc>> = days.iter().map(|day| midnight(*day, reader.zone)).collect();
    let sheet = match reader.ctx.org {
        Org::Tenant(_) => reads::tenant_sheet(&reader.store, &reader.ctx, &slice, &starts).await?,
        _ => reads::operator_sheet(&reader.store, &reader.ctx, &slice, &starts).await?,
    };
    Ok(Some((Bytes::from(written(&sheet, &days)), reader)))
}

fn written(sheet: &Sheet, days: &[NaiveDate]) -> String {
    let names: BTreeMap<Uuid, &str> = sheet.names.iter().map(|party| (party.id, party.name.as_str())).collect();
    let mut out = String::with_capacity(sheet.lines.len() * 160);
    for line in &sheet.lines {
        let Some(day) = days.get(line.day) else { continue };
        let name = names.get(&line.party).copied().unwrap_or_default();
        let mut cells = vec![day.to_string(), line.party.to_string(), name.to_owned(), line.direction.clone()];
        cells.extend(measures(&line.counts));
        csv_line(&mut out, &cells);
    }
    out
}

fn measures(counts: &Counts) -> [String; 14] {
    let figure = |value: Option<f64>| value.map(|value| format!("{value:.6}")).unwrap_or_default();
    [
        counts.calls.to_string(),
        figure(counts.ner()),
        figure(counts.asr()),
        counts.answered.to_string(),
        figure(counts.acd_s()),
        counts.pdd_n.to_string(),
        figure(counts.pdd_ms()),
        counts.good.to_string(),
        counts.poor.to_string(),
        counts.unclassified.to_string(),
        figure(counts.poor_ratio()),
        counts.mos_n.to_string(),
        figure(counts.mos_lqe()),
        MOS_KIND.to_owned(),
    ]
}
