//! The operator's endpoints as a list.

use leptos::prelude::*;

use super::pages_parts::Paths;
use super::pages_parts::answer_mark;
use super::pages_parts::endpoint_mark;
use super::pages_parts::role_reason;
use super::pages_parts::strip;
use super::queries_pages_health;
use super::queries_pages_health::EndpointHealth;
use super::queries_pages_health::Tally;
use crate::base::Failure;
use crate::base::Scope;
use crate::identity::PageRequest;
use crate::tr;
use crate::trn;
use crate::ui::Badge;
use crate::ui::Button;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::Col;
use crate::ui::Crumb;
use crate::ui::Empty;
use crate::ui::Icon;
use crate::ui::Kind;
use crate::ui::Lang;
use crate::ui::List;
use crate::ui::ListHead;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Table;
use crate::ui::TimeStyle;
use crate::ui::Tone;
use crate::ui::Viewer;
use crate::ui::count;
use crate::ui::dash;
use crate::ui::millis;
use crate::ui::time;
use crate::ui::viewer;

/// `…/endpoints`: where notices are sent.
///
/// # Errors
/// 401 for a visitor, 403 without `events:read`.
pub async fn endpoints_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    ctx.require(Scope::EventsRead)?;
    let operator = ctx.operator()?;
    let mut tx = req.store.begin_for(ctx).await?;
    let endpoints = queries_pages_health::endpoints(&mut tx, operator, None, ctx.now()).await?;
    let strips = queries_pages_health::strips(&mut tx, operator, ctx.now()).await?;
    tx.commit().await?;

    let v = viewer();
    let lang = v.lang;
    let paths = Paths::of(&req);
    let title = tr!(in lang, "notices.endpoints");
    let crumbs = vec![Crumb::link(paths.notifications(), tr!(in lang, "notices.title")), Crumb::here(title.clone())];
    let add = add_button(lang, &paths, role_reason(lang, ctx));
    let list = if endpoints.is_empty() {
        view! {
            <Card flush=true>
                <Empty title=tr!(in lang, "notices.band.none") text=tr!(in lang, "notices.band.none_text") icon=Icon::Plug />
            </Card>
        }
        .into_any()
    } else {
        let rows = endpoints.iter().map(|one| {
            let hours = strips.get(&one.id).map_or(&[][..], Vec::as_slice);
            endpoint_row(&v, &paths, one, hours)
        });
        let rows = rows.collect_view();
        let label = title.clone();
        view! {
            <List>
                <ListHead text=trn!(in lang, "notices.endpoint_count", endpoints.len()) />
                <Table label=label cols=endpoint_cols(&v) page_head=true>
                    {rows}
                </Table>
            </List>
        }
        .into_any()
    };
    let body = view! {
        <PageHead title=title.clone() purpose=tr!(in lang, "notices.endpoints_purpose") crumbs=crumbs>
            {add}
        </PageHead>
        {list}
    };
    Ok(Page::new(title, body))
}

fn add_button(lang: Lang, paths: &Paths, blocked: Option<String>) -> AnyView {
    if blocked.is_some() {
        return view! { <Button icon=Icon::Plus blocked=blocked>{tr!(in lang, "notices.add_endpoint")}</Button> }.into_any();
    }
    let href = format!("{}/new", paths.endpoints());
    view! { <ButtonLink href=href kind=Kind::Primary icon=Icon::Plus>{tr!(in lang, "notices.add_endpoint")}</ButtonLink> }
        .into_any()
}

fn endpoint_cols(v: &Viewer) -> Vec<Col> {
    let lang = v.lang;
    vec![
        Col::new(tr!(in lang, "notices.col.endpoint")),
        Col::new(tr!(in lang, "notices.col.state")),
        Col::new(tr!(in lang, "notices.col.last", zone = v.zone())).mid(),
        Col::new(tr!(in lang, "notices.col.next", zone = v.zone())).nowrap().low(),
        Col::new(tr!(in lang, "notices.col.held")).num().low(),
        Col::new(tr!(in lang, "notices.col.behind")).num().mid(),
        Col::new(tr!(in lang, "notices.col.day")).low(),
    ]
}

fn endpoint_row(v: &Viewer, paths: &Paths, one: &EndpointHealth, hours: &[Tally]) -> AnyView {
    let lang = v.lang;
    let (tone, word) = endpoint_mark(lang, one);
    let moment = |at: Option<chrono::DateTime<chrono::Utc>>| match at {
        Some(at) => time(v, at, TimeStyle::Short, false),
        None => dash(v),
    };
    let url = (!one.description.is_empty()).then(|| view! { <span class="sub id">{one.url.clone()}</span> });
    let tone_of_row = (tone == Tone::Danger).then_some(Tone::Danger.code());
    view! {
        <tr data-tone=tone_of_row>
            <th scope="row">
                <a class="row-link" href=paths.endpoint(one.id)>
                    {if one.description.is_empty() { one.url.clone() } else { one.description.clone() }}
                </a>
                {url}
            </th>
            <td><Badge tone=tone text=word /></td>
            <td data-col="mid">{last_answer(v, one)}</td>
            <td class="nowrap" data-col="low">{moment(one.next_at)}</td>
            <td class="num" data-col="low">{count(lang, one.held)}</td>
            <td class="num" data-col="mid">{count(lang, one.behind)}</td>
            <td data-col="low">{strip(v, hours, false)}</td>
        </tr>
    }
    .into_any()
}

/// What it answered last, in plain words, and when.
fn last_answer(v: &Viewer, one: &EndpointHealth) -> AnyView {
    let Some(last) = &one.last else { return dash(v) };
    let (_, answer) = answer_mark(v.lang, last.status, last.error.as_deref());
    let words = match last.status {
        Some(200..=299) => tr!(in v.lang, "notices.last.taken", answer = answer, took = millis(v.lang, last.elapsed_ms.into())),
        Some(_) => tr!(in v.lang, "notices.last.refused", answer = answer, took = millis(v.lang, last.elapsed_ms.into())),
        None => tr!(in v.lang, "notices.last.none", why = answer),
    };
    let at = time(v, last.at, TimeStyle::Short, false);
    view! { {words}<span class="sub">{at}</span> }.into_any()
}
