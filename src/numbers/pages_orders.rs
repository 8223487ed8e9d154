//! Orders of an operator: the list, and one with what became of each row.

use leptos::prelude::*;
use uuid::Uuid;

use super::numbering;
use super::numbering::Unlisted;
use super::orders;
use super::orders::Order;
use super::orders::OrderAsk;
use super::orders::OrderRow;
use super::pages_upload::steps;
use crate::base::E164;
use crate::base::Failure;
use crate::base::OrderId;
use crate::base::Problem;
use crate::base::Scope;
use crate::identity::PageRequest;
use crate::tr;
use crate::trn;
use crate::ui::Badge;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::ChipLinks;
use crate::ui::Col;
use crate::ui::Crumb;
use crate::ui::Empty;
use crate::ui::FilterBar;
use crate::ui::Icon;
use crate::ui::Kind;
use crate::ui::Lang;
use crate::ui::List;
use crate::ui::ListHead;
use crate::ui::Opt;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Pager;
use crate::ui::Progress;
use crate::ui::Query;
use crate::ui::Rows;
use crate::ui::Select;
use crate::ui::Size;
use crate::ui::Table;
use crate::ui::Text;
use crate::ui::Tile;
use crate::ui::Tiles;
use crate::ui::TimeStyle;
use crate::ui::Tone;
use crate::ui::Viewer;
use crate::ui::translate_any;
use crate::ui::viewer;

/// Rows of an order shown at once.
const ROWS: i32 = 200;
/// Orders on a page.
const PAGE: usize = 50;

fn crumbs(lang: Lang, slug: &str, here: impl Into<Text>) -> Vec<Crumb> {
    vec![Crumb::link(format!("/o/{slug}/orders"), tr!(in lang, "numbers.order.all")), Crumb::here(here)]
}

/// `/o/{slug}/orders`: what was provided, changed and released, newest first.
///
/// # Errors
/// 401, 403 without `numbers:read`.
pub async fn orders_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let query = &req.query;
    let place = |key: &str| query.get(key).and_then(|id| Uuid::try_parse(id).ok());
    let word = |key: &str, known: &[&str]| query.get(key).filter(|word| known.contains(word)).map(str::to_owned);
    let ask =
        OrderAsk { kind: word("kind", &KINDS), state: word("state", &STATES), after: place("after"), before: place("before") };
    let backwards = ask.after.is_none() && ask.before.is_some();
    let mut found = orders::list_orders(&req.store, ctx, &ask, 51).await?;
    let more = found.len() > PAGE;
    if more && backwards {
        found.remove(0);
    }
    found.truncate(PAGE);
    let (earlier, later) = if backwards { (more, true) } else { (ask.after.is_some(), more) };
    let v = viewer();
    let lang = v.lang;
    let path = format!("/o/{}/orders", req.slug());
    let title = tr!(in lang, "numbers.order.all");
    let numbers = format!("/o/{}/numbers", req.slug());
    let crumbs = vec![Crumb::link(numbers.clone(), tr!(in lang, "numbers.title")), Crumb::here(title.clone())];
    let provide = ctx.scopes.has(Scope::NumbersWrite).then(|| {
        view! {
            <ButtonLink href=format!("{numbers}/upload") kind=Kind::Primary icon=Icon::Plus>
                {tr!(in lang, "numbers.provide")}
            </ButtonLink>
        }
    });
    let previous = found.first().filter(|_| earlier).map(|order| query.before(order.id.to_string()).href(&path));
    let next = found.last().filter(|_| later).map(|order| query.after(order.id.to_string()).href(&path));
    let body = view! {
        <PageHead title=title.clone() purpose=tr!(in lang, "numbers.order.all_purpose") crumbs=crumbs>
            {provide}
        </PageHead>
        {order_filter(lang, &path, query)}
        {order_list(&v, &path, query, &found, (previous, next))}
    };
    Ok(Page::new(title, body))
}

const KINDS: [&str; 3] = ["provision", "change", "release"];
const STATES: [&str; 5] = ["queued", "running", "succeeded", "partial", "failed"];

fn order_filter(lang: Lang, path: &str, query: &Query) -> AnyView {
    let kinds = KINDS.map(|word| Opt::new(word, order_kind(lang, word))).to_vec();
    let states = STATES.map(|word| Opt::new(word, order_state(lang, word).1)).to_vec();
    let (kind, state) = (query.get("kind").map(str::to_owned), query.get("state").map(str::to_owned));
    view! {
        <FilterBar action=path.to_owned() label=tr!(in lang, "numbers.order.filter")>
            <Select name="kind" label=tr!(in lang, "numbers.order.what") options=kinds value=kind any=tr!(in lang, "numbers.any") />
            <Select
                name="state"
                label=tr!(in lang, "numbers.state.label")
                options=states
                value=state
                any=tr!(in lang, "numbers.any")
            />
        </FilterBar>
    }
    .into_any()
}

fn order_list(
    v: &Viewer,
    path: &str,
    query: &Query,
    found: &[Order],
    (previous, next): (Option<String>, Option<String>),
) -> AnyView {
    let lang = v.lang;
    if found.is_empty() {
        let filtered = !query.is_empty();
        let title = if filtered { tr!(in lang, "numbers.order.none_found") } else { tr!(in lang, "numbers.order.none") };
        let all = path.to_owned();
        let way = filtered.then(|| view! { <ButtonLink href=all>{tr!(in lang, "numbers.show_all")}</ButtonLink> });
        return view! {
            <Card flush=true>
                <Empty title=title text=tr!(in lang, "numbers.order.none_text")>{way}</Empty>
            </Card>
        }
        .into_any();
    }
    let cols = vec![
        Col::new(tr!(in lang, "numbers.order.made")).nowrap(),
        Col::new(tr!(in lang, "numbers.order.what")),
        Col::new(tr!(in lang, "numbers.state.label")),
        Col::new(tr!(in lang, "numbers.order.rows")).num(),
        Col::new(tr!(in lang, "numbers.order.accepted")).num().mid(),
        Col::new(tr!(in lang, "numbers.order.rejected")).num().mid(),
    ];
    let mut rows = Rows::new(v, &cols);
    for order in found {
        let (tone, word) = order_state(lang, &order.state);
        let by =
            if order.source == "upload" { tr!(in lang, "numbers.order.by_file") } else { tr!(in lang, "numbers.order.by_api") };
        rows.row();
        rows.cell().row_link(&format!("{path}/{}", order.id), &v.time(order.created_at, TimeStyle::Short));
        rows.cell().text(&order_kind(lang, &order.kind)).sub(&format!("{by}, {}", order.actor_label));
        rows.cell().badge(tone, &word);
        rows.cell().count(order.rows.into());
        rows.cell().count(order.accepted.into());
        rows.cell().count(order.rejected.into());
    }
    let rows = rows.finish();
    let text = trn!(in lang, "numbers.order.shown", found.len());
    view! {
        <List>
            <ListHead text=tr!(in lang, "numbers.order.newest") />
            <Table label=tr!(in lang, "numbers.order.all") cols=cols page_head=true>
                {rows}
            </Table>
            <Pager text=text previous=previous next=next by_time=true />
        </List>
    }
    .into_any()
}

pub(super) fn order_state(lang: Lang, state: &str) -> (Tone, Text) {
    match state {
        "queued" => (Tone::Pending, tr!(in lang, "numbers.order.queued")),
        "running" => (Tone::Pending, tr!(in lang, "numbers.order.running")),
        "succeeded" => (Tone::Ok, tr!(in lang, "numbers.order.succeeded")),
        "partial" => (Tone::Warn, tr!(in lang, "numbers.order.partial")),
        _ => (Tone::Danger, tr!(in lang, "numbers.order.failed")),
    }
}

pub(super) fn order_kind(lang: Lang, kind: &str) -> Text {
    match kind {
        "provision" => tr!(in lang, "numbers.order.provision"),
        "change" => tr!(in lang, "numbers.order.change"),
        _ => tr!(in lang, "numbers.order.release"),
    }
}

/// Rows with their verdicts, a page of [`ROWS`] after `?after=`.
pub(super) fn row_list(v: &Viewer, path: &str, req: &PageRequest, rows: Vec<OrderRow>, rejected: usize) -> AnyView {
    let lang = v.lang;
    let only = req.query.get("outcome");
    let first = req.query.first_page();
    let chips = vec![
        (first.without("outcome").href(path), tr!(in lang, "numbers.tab.all"), only.is_none()),
        (first.with("outcome", "accepted").href(path), tr!(in lang, "numbers.check.fine"), only == Some("accepted")),
        (first.with("outcome", "rejected").href(path), tr!(in lang, "numbers.check.refused"), only == Some("rejected")),
    ];
    let after: i32 = req.query.get("after").and_then(|row| row.parse().ok()).unwrap_or(0);
    let mut rows: Vec<OrderRow> = rows.into_iter().filter(|row| row.row > after).collect();
    let most = usize::try_from(ROWS).unwrap_or(usize::MAX);
    let more = rows.len() > most;
    rows.truncate(most);
    let next = rows.last().filter(|_| more).map(|row| req.query.after(row.row.to_string()).href(path));
    let previous = (after > 0).then(|| first.href(path));
    let text = trn!(in lang, "numbers.upload.refused_rows", rejected);
    let content = if rows.is_empty() {
        view! { <Empty title=tr!(in lang, "numbers.upload.no_rows") /> }.into_any()
    } else {
        rows_table(v, &rows)
    };
    view! {
        <section class="stack" data-gap="tight">
            <ChipLinks label=tr!(in lang, "numbers.upload.verdict") items=chips />
            <List>{content} <Pager text=text previous=previous next=next /></List>
        </section>
    }
    .into_any()
}

/// How to mend a row. The English words know more of it than a text per code can; why the plan does not list a number is
/// said in every language.
fn fix(lang: Lang, code: &str, line: &OrderRow) -> Option<String> {
    let translated = || translate_any(lang, &format!("fix.{code}")).map(std::borrow::Cow::into_owned);
    if lang == Lang::En {
        return line.fix.clone().or_else(translated);
    }
    let doubt = (code == "e164_unlisted").then(|| E164::parse(&line.e164).ok().map(|e164| numbering::read(&e164))).flatten();
    let why = doubt.and_then(|reading| Some(doubt_text(lang, reading.doubt?, reading.better.as_deref())));
    match (why, translated()) {
        (Some(why), Some(fix)) => Some(format!("{why} {fix}")),
        (why, fix) => why.or(fix).or_else(|| line.fix.clone()),
    }
}

/// Why the numbering plan does not list a number.
fn doubt_text(lang: Lang, doubt: Unlisted, better: Option<&str>) -> String {
    let text = match doubt {
        Unlisted::CountryCode => tr!(in lang, "numbers.doubt.country_code"),
        Unlisted::TooShort => tr!(in lang, "numbers.doubt.too_short"),
        Unlisted::TooLong => tr!(in lang, "numbers.doubt.too_long"),
        Unlisted::Length => tr!(in lang, "numbers.doubt.length"),
        Unlisted::Range => tr!(in lang, "numbers.doubt.range"),
        Unlisted::Trunk => tr!(in lang, "numbers.doubt.trunk", better = better.unwrap_or_default()),
    };
    text.into_owned()
}

fn rows_table(v: &Viewer, lines: &[OrderRow]) -> AnyView {
    let lang = v.lang;
    let cols = vec![
        Col::new(tr!(in lang, "numbers.order.row")).num(),
        Col::new(tr!(in lang, "numbers.number")),
        Col::new(tr!(in lang, "numbers.upload.verdict")),
        Col::new(tr!(in lang, "numbers.upload.why")).wrap(),
    ];
    let mut rows = Rows::new(v, &cols);
    for line in lines {
        let refused = line.outcome.as_deref() == Some("rejected");
        if refused {
            rows.row_toned(Tone::Danger)
        } else {
            rows.row()
        };
        rows.cell().count(line.row.into());
        rows.cell().tel(&line.e164);
        match line.outcome.as_deref() {
            Some("rejected") => rows.cell().badge(Tone::Danger, &tr!(in lang, "numbers.check.refused")),
            Some(_) => rows.cell().badge(Tone::Ok, &tr!(in lang, "numbers.check.fine")),
            None => rows.cell().badge(Tone::Pending, &tr!(in lang, "numbers.order.queued")),
        };
        rows.cell();
        if let Some(code) = &line.code {
            let what = translate_any(lang, &format!("problem.{code}")).unwrap_or_else(|| code.clone().into());
            rows.text(&what);
            let place = [line.field.as_deref(), line.value.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(": ");
            let fix = fix(lang, code, line);
            rows.sub(&[Some(place), fix].into_iter().flatten().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(". "));
        }
    }
    let rows = rows.finish();
    view! {
        <Table label=tr!(in lang, "numbers.order.rows") cols=cols page_head=true>
            {rows}
        </Table>
    }
    .into_any()
}

/// `/o/{slug}/orders/{id}`: how an order goes, with its rows.
///
/// # Errors
/// 401, 403 without `numbers:read`, 404.
pub async fn order_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let id: OrderId = req.param("id").parse().map_err(|_| Problem::not_found("order"))?;
    let order = orders::find_order(&req.store, ctx, id).await?;
    let only = req.query.get("outcome").filter(|word| matches!(*word, "accepted" | "rejected"));
    let after: i32 = req.query.get("after").and_then(|row| row.parse().ok()).unwrap_or(0);
    let rows = orders::rows_of_order(&req.store, ctx, id, only, after, i64::from(ROWS) + 1).await?;
    let v = viewer();
    let lang = v.lang;
    let path = format!("/o/{}/orders/{id}", req.slug());
    let (tone, word) = order_state(lang, &order.state);
    let title = tr!(in lang, "numbers.order.title", kind = order_kind(lang, &order.kind));
    let reject = (order.rejected > 0).then(|| {
        let href = format!("{path}/rejected.csv");
        view! {
            <ButtonLink href=href icon=Icon::Download download=true>
                {trn!(in lang, "numbers.order.reject_file", order.rejected)}
            </ButtonLink>
        }
    });
    let made_by_file = (order.source == "upload").then(|| steps(lang, 2));
    let done = order.accepted + order.rejected;
    let running = (order.finished_at.is_none()).then(|| {
        let (value, max) = (u64::try_from(done).unwrap_or(0), u64::try_from(order.rows).unwrap_or(0));
        let again = path.clone();
        view! {
            <Card>
                <div class="stack" data-gap="tight">
                    <Progress label=tr!(in lang, "numbers.order.progress") value=value max=max />
                    <div class="cluster" data-push="">
                        <span class="muted">{tr!(in lang, "numbers.order.goes_on")}</span>
                        <ButtonLink href=again size=Size::Small>{tr!(in lang, "numbers.order.look_again")}</ButtonLink>
                    </div>
                </div>
            </Card>
        }
    });
    let by = tr!(in lang, "numbers.by.name", name = order.actor_label);
    let made = tr!(in lang, "numbers.order.by", at = v.time(order.created_at, crate::ui::TimeStyle::Short), by = by);
    let rejected = usize::try_from(order.rejected).unwrap_or(0);
    let body = view! {
        <PageHead title=title.clone() purpose=made crumbs=crumbs(lang, req.slug(), tr!(in lang, "numbers.order.order"))>
            {reject}
        </PageHead>
        {made_by_file}
        <Tiles>
            <Tile label=tr!(in lang, "numbers.order.rows") value=v.count(order.rows.into())>
                <Badge tone=tone text=word />
            </Tile>
            <Tile label=tr!(in lang, "numbers.order.accepted") value=v.count(order.accepted.into()) />
            <Tile label=tr!(in lang, "numbers.order.rejected") value=v.count(order.rejected.into()) />
        </Tiles>
        {running}
        {row_list(&v, &path, &req, rows, rejected)}
    };
    Ok(Page::new(title, body))
}
