//! The audit log of an organisation: who did what, filters in the address, and its proof.

use leptos::prelude::*;

use super::audit_words;
use crate::audit;
use crate::audit::EntryFilter;
use crate::audit::EntryRow;
use crate::base::Cursor;
use crate::base::Failure;
use crate::base::Org;
use crate::base::Scope;
use crate::consent;
use crate::identity::PageRequest;
use crate::tr;
use crate::transfers;
use crate::ui::ActiveFilter;
use crate::ui::ActiveFilters;
use crate::ui::Button;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::Col;
use crate::ui::Crumb;
use crate::ui::Empty;
use crate::ui::FilterBar;
use crate::ui::Icon;
use crate::ui::Kind;
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
use crate::ui::Text;
use crate::ui::TextInput;
use crate::ui::TimeStyle;
use crate::ui::Tone;
use crate::ui::Viewer;
use crate::ui::viewer;

/// Entries on one page.
const LIMIT: usize = 50;

/// `…/audit` of a tenant, an operator or the platform.
///
/// # Errors
/// 401 for a visitor, 403 without `audit:read`, 400 for a cursor of another list.
pub async fn audit_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    ctx.require(Scope::AuditRead)?;
    let v = viewer();
    let lang = v.lang;
    let query = &req.query;
    let cursor = query.get("after").or_else(|| query.get("before")).map(|text| Cursor::decode(text, 2)).transpose()?;
    let limit = i64::try_from(LIMIT + 1).unwrap_or(i64::MAX);
    let mut tx = req.store.begin_for(ctx).await?;
    let rows = audit::list(&mut tx, ctx.org.id(), &filter(query, &v), (cursor.as_ref(), query.turns_back()), limit).await?;
    tx.commit().await?;
    let active = active(lang, &req.path, query);
    let list = if rows.is_empty() { empty(lang, &req.path, !active.is_empty()) } else { list(&v, &req.path, query, rows) };
    let verify = format!("{}/verify", req.path);
    let body = view! {
        <PageHead title=tr!(in lang, "portal.audit.title") purpose=tr!(in lang, "portal.audit.purpose")>
            <form action=verify method="get">
                <Button icon=Icon::Shield>{tr!(in lang, "portal.audit.verify")}</Button>
            </form>
        </PageHead>
        {filter_bar(lang, &req.path, query)}
        <ActiveFilters items=active clear_href=req.path.clone() />
        {list}
    };
    Ok(Page::new(tr!(in lang, "portal.audit.title"), body))
}

fn filter(query: &Query, v: &Viewer) -> EntryFilter {
    let text = |key: &str| query.get(key).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    EntryFilter {
        from: query.get("from").and_then(|day| transfers::day_start(day, v.time_zone)),
        to: query.get("to").and_then(|day| transfers::day_start(day, v.time_zone)),
        action: text("action"),
        outcome: query.get("result").filter(|word| ["done", "refused"].contains(word)).map(str::to_owned),
        text: text("q"),
    }
}

fn filter_bar(lang: Lang, path: &str, query: &Query) -> AnyView {
    let held = |key: &str| query.get(key).map(str::to_owned);
    let groups = audit_words::groups(lang).into_iter().map(|(key, label)| Opt::new(key, label)).collect();
    let results =
        vec![Opt::new("done", tr!(in lang, "portal.audit.done")), Opt::new("refused", tr!(in lang, "portal.audit.refused"))];
    let (q, action, result, from, to) = (held("q"), held("action"), held("result"), held("from"), held("to"));
    view! {
        <FilterBar action=path.to_owned() label=tr!(in lang, "portal.audit.filter")>
            <TextInput grow=true kind="search" name="q" label=tr!(in lang, "portal.audit.text") placeholder=tr!(in lang, "portal.audit.text_hint") value=q />
            <Select name="action" label=tr!(in lang, "portal.audit.action") any=tr!(in lang, "ui.any") options=groups value=action />
            <Select name="result" label=tr!(in lang, "portal.audit.result") any=tr!(in lang, "ui.any") options=results value=result />
            <TextInput kind="date" name="from" label=tr!(in lang, "portal.audit.from") value=from />
            <TextInput kind="date" name="to" label=tr!(in lang, "portal.audit.before") value=to />
        </FilterBar>
    }
    .into_any()
}

fn active(lang: Lang, path: &str, query: &Query) -> Vec<ActiveFilter> {
    let query = query.first_page();
    let named = |key: &str, held: &str| -> (Text, Text) {
        let word: Text = held.to_owned().into();
        match key {
            "q" => (tr!(in lang, "portal.audit.text"), word),
            "action" => {
                let name = audit_words::groups(lang).into_iter().find(|(group, _)| *group == held).map(|(_, name)| name);
                (tr!(in lang, "portal.audit.action"), name.unwrap_or(word))
            }
            "result" if held == "done" => (tr!(in lang, "portal.audit.result"), tr!(in lang, "portal.audit.done")),
            "result" => (tr!(in lang, "portal.audit.result"), tr!(in lang, "portal.audit.refused")),
            "from" => (tr!(in lang, "portal.audit.from"), word),
            _ => (tr!(in lang, "portal.audit.before"), word),
        }
    };
    ["q", "action", "result", "from", "to"]
        .into_iter()
        .filter_map(|key| {
            let (label, value) = named(key, query.get(key)?);
            Some(ActiveFilter { label, value, remove_href: query.without(key).href(path) })
        })
        .collect()
}

fn empty(lang: Lang, path: &str, filtered: bool) -> AnyView {
    let all = path.to_owned();
    let (title, text) = if filtered {
        (tr!(in lang, "portal.audit.none_found"), tr!(in lang, "portal.audit.none_found_text"))
    } else {
        (tr!(in lang, "portal.audit.none"), tr!(in lang, "portal.audit.none_text"))
    };
    let back = filtered.then(|| view! { <ButtonLink href=all>{tr!(in lang, "portal.audit.show_all")}</ButtonLink> });
    view! {
        <Card flush=true>
            <Empty title=title text=text>{back}</Empty>
        </Card>
    }
    .into_any()
}

fn list(v: &Viewer, path: &str, query: &Query, mut entries: Vec<EntryRow>) -> AnyView {
    let lang = v.lang;
    let (previous, next) = query.turn(path, &mut entries, LIMIT, |row| row.cursor().encode());
    let cols = vec![
        Col::new(tr!(in lang, "portal.audit.time", zone = v.zone())).nowrap(),
        Col::new(tr!(in lang, "portal.audit.who")),
        Col::new(tr!(in lang, "portal.audit.action")),
        Col::new(tr!(in lang, "portal.audit.subject")).low(),
        Col::new(tr!(in lang, "portal.audit.result")).mid(),
        Col::new(tr!(in lang, "portal.audit.address")).low().nowrap(),
        Col::new(tr!(in lang, "portal.audit.request")).low(),
    ];
    let mut rows = Rows::new(v, &cols);
    for entry in &entries {
        write_row(&mut rows, lang, entry);
    }
    let shown = tr!(in lang, "portal.audit.shown", n = v.count(i64::try_from(entries.len()).unwrap_or(0)));
    view! {
        <List>
            <Table label=tr!(in lang, "portal.audit.title") cols=cols page_head=true>
                {rows.finish()}
            </Table>
            <Pager text=shown previous=previous next=next by_time=true />
        </List>
    }
    .into_any()
}

fn write_row(rows: &mut Rows, lang: Lang, entry: &EntryRow) {
    rows.row();
    rows.cell().time(entry.at, TimeStyle::Short);
    rows.cell().maybe_text(entry.actor_label.as_deref());
    rows.cell().text(&audit_words::action_text(lang, &entry.action)).sub(&entry.action);
    rows.cell().text(&entry.subject_kind).text(" ").id(&entry.subject_id);
    if entry.outcome == "refused" {
        rows.cell().badge(Tone::Warn, &tr!(in lang, "portal.audit.refused"));
    } else {
        rows.cell().badge(Tone::Ok, &tr!(in lang, "portal.audit.done"));
    }
    rows.cell().maybe(entry.address.as_deref(), |rows, address| {
        rows.id(address);
    });
    rows.cell().maybe(entry.request_id.as_deref().filter(|id| !id.is_empty()), |rows, id| {
        rows.id(id);
    });
}

/// `…/audit/verify`: recomputes the log's chain now and says what it found.
///
/// # Errors
/// 401 for a visitor, 403 without `audit:read`.
pub async fn audit_verify_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    ctx.require(Scope::AuditRead)?;
    let mut tx = req.store.begin_for(ctx).await?;
    let verdict = audit::verify(&mut tx, ctx.org.id()).await?;
    let ledger = match ctx.org {
        Org::Tenant(tenant) => Some(consent::verify(&mut tx, tenant).await?),
        Org::Operator(_) | Org::Platform => None,
    };
    tx.commit().await?;
    let v = viewer();
    let lang = v.lang;
    let list = req.path.rsplit_once('/').map_or("", |(list, _)| list).to_owned();
    let crumbs =
        vec![Crumb::link(list.clone(), tr!(in lang, "portal.audit.title")), Crumb::here(tr!(in lang, "portal.audit.verify"))];
    let body = view! {
        <PageHead title=tr!(in lang, "portal.audit.verify_title") purpose=tr!(in lang, "transfers.verify_purpose") crumbs=crumbs>
            <ButtonLink href=list kind=Kind::Plain>{tr!(in lang, "portal.audit.back")}</ButtonLink>
        </PageHead>
        {transfers::verdict_view(&v, &verdict, ctx.now(), |_| None)}
        {ledger.map(|ledger| view! {
            <h2>{tr!(in lang, "portal.audit.ledger")}</h2>
            {transfers::verdict_view(&v, &ledger, ctx.now(), |_| None)}
        })}
    };
    Ok(Page::new(tr!(in lang, "portal.audit.verify_title"), body))
}
