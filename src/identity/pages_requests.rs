//! What an API client has asked for, and how it was answered: the request log of the last 30 days.

use leptos::prelude::*;

use super::actions_keys;
use super::pages_client::Shown;
use super::pages_client::Whose;
use super::portal::PageRequest;
use super::queries_requests::LoggedCall;
use crate::base::Cursor;
use crate::base::Failure;
use crate::tr;
use crate::trn;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::Col;
use crate::ui::Empty;
use crate::ui::FilterBar;
use crate::ui::Lang;
use crate::ui::List;
use crate::ui::Opt;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Pager;
use crate::ui::Query;
use crate::ui::Rows;
use crate::ui::Select;
use crate::ui::Table;
use crate::ui::TimeStyle;
use crate::ui::Tone;
use crate::ui::Viewer;
use crate::ui::viewer;

/// Calls on one page.
const LIMIT: usize = 50;
/// Calls that a client's own page shows.
pub const FEW: usize = 8;

/// `…/clients/{id}/requests`.
///
/// # Errors
/// 401 for a visitor, 403 without `clients:write`, 404 when there is no such client, 400 for a cursor of another list.
pub async fn requests_page(req: PageRequest) -> Result<Page, Failure> {
    let shown = Shown::of(&req, Whose::Any).await?;
    let v = viewer();
    let lang = v.lang;
    let query = &req.query;
    let cursor = query.get("after").or_else(|| query.get("before")).map(|text| Cursor::decode(text, 2)).transpose()?;
    let refused = query.get("answer") == Some("refused");
    let client = &shown.proofs.client;
    let rows =
        actions_keys::requests(&req.store, req.ctx()?, &client.id, (cursor.as_ref(), query.turns_back()), refused, LIMIT + 1)
            .await?;
    let title = tr!(in lang, "identity.requests.title");
    let crumbs = shown.crumbs(Some(title.clone()));
    let list = if rows.is_empty() { empty(lang, refused) } else { list(&v, &req.path, query, rows) };
    let answers = vec![Opt::new("refused", tr!(in lang, "identity.requests.refused"))];
    let answer = query.get("answer").map(str::to_owned);
    let name = client.name.clone();
    let body = view! {
        <PageHead title=title.clone() purpose=tr!(in lang, "identity.requests.purpose", name = name) crumbs=crumbs />
        <FilterBar action=req.path.clone() label=tr!(in lang, "identity.requests.filter")>
            <Select name="answer" label=tr!(in lang, "identity.requests.answer") any=tr!(in lang, "ui.any") options=answers value=answer />
        </FilterBar>
        {list}
    };
    Ok(Page::new(title, body))
}

fn empty(lang: Lang, refused: bool) -> AnyView {
    let title = if refused { tr!(in lang, "identity.requests.none_refused") } else { tr!(in lang, "identity.requests.none") };
    view! {
        <Card flush=true>
            <Empty title=title text=tr!(in lang, "identity.requests.none_text") />
        </Card>
    }
    .into_any()
}

fn list(v: &Viewer, path: &str, query: &Query, mut calls: Vec<LoggedCall>) -> AnyView {
    let lang = v.lang;
    let (previous, next) = query.turn(path, &mut calls, LIMIT, |call| call.cursor().encode());
    let shown = trn!(in lang, "identity.requests.shown", calls.len());
    let cols = columns(v);
    let rows = rows(v, &cols, &calls);
    view! {
        <List>
            <Table label=tr!(in lang, "identity.requests.title") cols=cols page_head=true>{rows}</Table>
            <Pager text=shown previous=previous next=next by_time=true />
        </List>
    }
    .into_any()
}

/// The last few, for the client's own page.
pub fn few(v: &Viewer, path: String, calls: &[LoggedCall]) -> AnyView {
    let lang = v.lang;
    let title = tr!(in lang, "identity.requests.title");
    if calls.is_empty() {
        return view! {
            <Card title=title flush=true>
                <Empty title=tr!(in lang, "identity.requests.none") text=tr!(in lang, "identity.requests.none_text") />
            </Card>
        }
        .into_any();
    }
    let cols = columns(v);
    let rows = rows(v, &cols, calls);
    let foot = view! { <ButtonLink href=path>{tr!(in lang, "identity.requests.all")}</ButtonLink> }.into_any();
    view! {
        <Card title=title flush=true foot=foot>
            <Table label=tr!(in lang, "identity.requests.title") cols=cols>{rows}</Table>
        </Card>
    }
    .into_any()
}

fn columns(v: &Viewer) -> Vec<Col> {
    let lang = v.lang;
    vec![
        Col::new(tr!(in lang, "identity.requests.time", zone = v.zone())).nowrap(),
        Col::new(tr!(in lang, "identity.requests.request")),
        Col::new(tr!(in lang, "identity.requests.answer")),
        Col::new(tr!(in lang, "identity.requests.took")).num().mid(),
        Col::new(tr!(in lang, "identity.requests.id")).low(),
    ]
}

fn rows(v: &Viewer, cols: &[Col], calls: &[LoggedCall]) -> AnyView {
    let mut rows = Rows::new(v, cols);
    for call in calls {
        rows.row();
        rows.cell().time(call.at, TimeStyle::Short);
        rows.cell().text(&call.method).text(" ").id(call.route.trim_start_matches("/api/v1"));
        let tone = match call.status {
            ..400 => Tone::Ok,
            400..500 => Tone::Warn,
            _ => Tone::Danger,
        };
        rows.cell().badge(tone, &call.status.to_string());
        if let Some(code) = &call.problem_code {
            rows.sub(code);
        }
        rows.cell().count(call.elapsed_ms.into());
        rows.cell().id(&call.request_id);
    }
    rows.finish()
}
