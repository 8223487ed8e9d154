//! `/o/{slug}/release-requests`: numbers that customers want to be rid of; the operator releases each or says why not.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use uuid::Uuid;

use super::forms_stock::AnswerRelease;
use super::release_requests;
use super::release_requests::InboxAsk;
use super::release_requests::ReleaseRequest;
use crate::base::E164;
use crate::base::Failure;
use crate::base::Scope;
use crate::identity::PageRequest;
use crate::tr;
use crate::trn;
use crate::ui::Band;
use crate::ui::Button;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::Col;
use crate::ui::Crumb;
use crate::ui::Empty;
use crate::ui::Hidden;
use crate::ui::Kind;
use crate::ui::Lang;
use crate::ui::List;
use crate::ui::ListHead;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Pager;
use crate::ui::Query;
use crate::ui::Rows;
use crate::ui::Tab;
use crate::ui::Table;
use crate::ui::Tabs;
use crate::ui::Text;
use crate::ui::Textarea;
use crate::ui::TimeStyle;
use crate::ui::Tone;
use crate::ui::Viewer;
use crate::ui::group_tel;
use crate::ui::viewer;

/// Rows on a page.
const PAGE: usize = 50;

/// `/o/{slug}/release-requests`; `?decline=<id>` asks for the reason.
///
/// # Errors
/// 401, 403 without `numbers:read`.
pub async fn release_requests_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let query = &req.query;
    let place = |key: &str| query.get(key).and_then(|id| Uuid::try_parse(id).ok());
    let open = query.get("show") != Some("answered");
    let ask = InboxAsk { open, tenant: None, after: place("after"), before: place("before") };
    let backwards = ask.after.is_none() && ask.before.is_some();
    let (mut found, waiting) = release_requests::inbox(&req.store, ctx, &ask, 51).await?;
    let more = found.len() > PAGE;
    if more && backwards {
        found.remove(0);
    }
    found.truncate(PAGE);
    let (earlier, later) = if backwards { (more, true) } else { (ask.after.is_some(), more) };
    let answers = ctx.scopes.has(Scope::NumbersWrite);
    let declined = match query.get("decline").filter(|_| answers) {
        Some(id) => release_requests::find_open(&req.store, ctx, id).await.ok(),
        None => None,
    };
    let v = viewer();
    let lang = v.lang;
    let path = format!("/o/{}/release-requests", req.slug());
    let title = tr!(in lang, "numbers.requests.title");
    let crumbs = vec![Crumb::link(format!("/o/{}/numbers", req.slug()), tr!(in lang, "numbers.title")), Crumb::here(title.clone())];
    let tabs = vec![
        Tab::new(path.clone(), tr!(in lang, "numbers.requests.open")).count(waiting).current(open),
        Tab::new(Query::default().with("show", "answered").href(&path), tr!(in lang, "numbers.requests.answered")).current(!open),
    ];
    let previous = found.first().filter(|_| earlier).map(|row| query.before(row.id.to_string()).href(&path));
    let next = found.last().filter(|_| later).map(|row| query.after(row.id.to_string()).href(&path));
    let card = declined.map(|request| decline_card(lang, &req, &path, &request));
    let list = if found.is_empty() {
        empty(lang, open)
    } else {
        let rows = rows(&v, &req, &path, &found, (open, answers));
        let text = trn!(in lang, "numbers.requests.shown", found.len());
        view! {
            <List>
                <ListHead text=tr!(in lang, "numbers.order.newest") />
                {rows}
                <Pager text=text previous=previous next=next by_time=true />
            </List>
        }
        .into_any()
    };
    let body = view! {
        <PageHead title=title.clone() purpose=tr!(in lang, "numbers.requests.purpose") crumbs=crumbs />
        {card}
        <Tabs label=tr!(in lang, "numbers.requests.title") items=tabs />
        {list}
    };
    Ok(Page::new(title, body))
}

/// What became of the tenant's wish to be rid of a number, for its page; nothing when there was none or it is over.
///
/// # Errors
/// When the database is away.
pub async fn request_band(v: &Viewer, req: &PageRequest, e164: &E164) -> Result<Option<AnyView>, Failure> {
    let ctx = req.ctx()?;
    let mut tx = req.store.begin_for(ctx).await?;
    let request = release_requests::of_number(&mut tx, ctx.tenant()?, e164).await?;
    tx.commit().await?;
    let lang = v.lang;
    let Some(request) = request else { return Ok(None) };
    let at = v.time(request.closed_at.unwrap_or(request.requested_at), TimeStyle::Short);
    let (tone, title, text) = match request.state.as_str() {
        "open" => {
            let note = request.note.map(std::borrow::Cow::Owned);
            (Tone::Info, tr!(in lang, "numbers.requests.band_open", at = at), note)
        }
        "declined" => {
            let reason = request.reason.map(|reason| tr!(in lang, "numbers.by.reason", reason = reason));
            (Tone::Warn, tr!(in lang, "numbers.requests.band_declined", at = at), reason)
        }
        _ => return Ok(None),
    };
    Ok(Some(view! { <Band tone=tone title=title text=text /> }.into_any()))
}

fn empty(lang: Lang, open: bool) -> AnyView {
    let (title, text) = if open {
        (tr!(in lang, "numbers.requests.none"), tr!(in lang, "numbers.requests.none_text"))
    } else {
        (tr!(in lang, "numbers.requests.none_answered"), tr!(in lang, "numbers.requests.none_answered_text"))
    };
    view! {
        <Card flush=true>
            <Empty title=title text=text />
        </Card>
    }
    .into_any()
}

fn state(lang: Lang, state: &str) -> (Tone, Text) {
    match state {
        "open" => (Tone::Pending, tr!(in lang, "numbers.requests.state_open")),
        "done" => (Tone::Ok, tr!(in lang, "numbers.requests.state_done")),
        "declined" => (Tone::Danger, tr!(in lang, "numbers.requests.state_declined")),
        _ => (Tone::Neutral, tr!(in lang, "numbers.requests.state_withdrawn")),
    }
}

fn rows(v: &Viewer, req: &PageRequest, path: &str, found: &[ReleaseRequest], (open, answers): (bool, bool)) -> AnyView {
    let lang = v.lang;
    let mut cols = vec![
        Col::new(tr!(in lang, "numbers.number")),
        Col::new(tr!(in lang, "numbers.customer")).mid(),
        Col::new(tr!(in lang, "numbers.note")).wrap(),
        Col::new(tr!(in lang, "numbers.requests.asked")).mid(),
    ];
    if !open {
        cols.push(Col::new(tr!(in lang, "numbers.requests.answer")));
        cols.push(Col::new(tr!(in lang, "numbers.requests.answered_at")).low());
    } else if answers {
        cols.push(Col::new(tr!(in lang, "numbers.requests.answer")).tight());
        cols.push(Col::new(tr!(in lang, "numbers.requests.decline")).tight());
    }
    let mut rows = Rows::new(v, &cols);
    for request in found {
        rows.row();
        // Released, it has no page any more.
        match request.state.as_str() {
            "done" => rows.cell().tel(&request.e164),
            _ => rows.cell().tel_link(&format!("/o/{}/numbers/{}", req.slug(), request.e164), &request.e164),
        };
        rows.cell().text(&request.tenant_name);
        rows.cell().maybe_text(request.note.as_deref());
        rows.cell().time(request.requested_at, TimeStyle::Short);
        let (tone, word) = state(lang, &request.state);
        let id = request.id.to_string();
        if !open {
            rows.cell().badge(tone, &word);
            if let Some(reason) = &request.reason {
                rows.sub(reason);
            }
            rows.cell().maybe(request.closed_at, |rows, at| {
                rows.time(at, TimeStyle::Short);
                if let Some(by) = &request.closed_by {
                    rows.sub(by);
                }
            });
        } else if answers {
            let tel = group_tel(&request.e164);
            let fields = [("slug", req.slug()), ("id", id.as_str()), ("answer", "release")];
            let label = tr!(in lang, "numbers.requests.release_label", number = tel);
            rows.cell().action(AnswerRelease::url(), &fields, &tr!(in lang, "numbers.requests.release"), &label);
            let label = tr!(in lang, "numbers.requests.decline_label", number = tel);
            let href = req.query.with("decline", id.clone()).href(path);
            rows.cell().button_link(&href, &tr!(in lang, "numbers.requests.decline"), &label);
        }
    }
    let rows = rows.finish();
    view! {
        <Table label=tr!(in lang, "numbers.requests.title") cols=cols page_head=true>
            {rows}
        </Table>
    }
    .into_any()
}

fn decline_card(lang: Lang, req: &PageRequest, path: &str, request: &ReleaseRequest) -> AnyView {
    let title =
        tr!(in lang, "numbers.requests.decline_title", number = group_tel(&request.e164), name = request.tenant_name.clone());
    let back = path.to_owned();
    let foot = view! {
        <Button kind=Kind::Primary>{tr!(in lang, "numbers.requests.decline")}</Button>
        <ButtonLink href=back>{tr!(in lang, "numbers.cancel")}</ButtonLink>
    }
    .into_any();
    let reason = req.typed("reason").map(str::to_owned);
    let (slug, id, wrong) = (req.slug().to_owned(), request.id.to_string(), req.wrong("reason"));
    view! {
        <form method="post" action=AnswerRelease::url()>
            <Hidden name="slug" value=slug />
            <Hidden name="id" value=id />
            <Hidden name="answer" value="decline" />
            <Card title=title foot=foot>
                <div class="fields">
                    <Textarea
                        name="reason"
                        label=tr!(in lang, "numbers.requests.reason")
                        hint=tr!(in lang, "numbers.requests.reason_hint")
                        value=reason
                        error=wrong
                        rows=2
                    />
                </div>
            </Card>
        </form>
    }
    .into_any()
}
