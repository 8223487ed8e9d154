//! Change sets: `/t/{slug}/change-sets`, and the words that all their pages share.

use chrono::DateTime;
use chrono::Utc;
use leptos::prelude::*;
use serde_json::Value;
use uuid::Uuid;

use super::model_sets::SetAction;
use super::pages_sets_new::address;
use super::queries_filter::Tally;
use super::queries_sets::ChangeSet;
use super::queries_sets_rows::SetRow;
use super::sets;
use crate::base::Failure;
use crate::base::Scope;
use crate::identity::COLUMN_KEY;
use crate::identity::PageRequest;
use crate::identity::VIEW_KEY;
use crate::tr;
use crate::trn;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::Col;
use crate::ui::Empty;
use crate::ui::Icon;
use crate::ui::Kind;
use crate::ui::Lang;
use crate::ui::List;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Pager;
use crate::ui::Query;
use crate::ui::Rows;
use crate::ui::Table;
use crate::ui::Text;
use crate::ui::TimeStyle;
use crate::ui::Tone;
use crate::ui::Viewer;
use crate::ui::translate_any;
use crate::ui::viewer;

/// Sets on a page.
const PAGE: i64 = 50;

/// `/t/{slug}/change-sets`: the newest first.
///
/// # Errors
/// 401, 403 without `tenant:read`.
pub async fn change_sets_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    ctx.require(Scope::TenantRead)?;
    let before = req.query.get("after").and_then(|id| Uuid::try_parse(id).ok());
    let mut sets = sets::recent(&req.store, ctx, before, PAGE + 1).await?;
    let v = viewer();
    let lang = v.lang;
    let path = format!("/t/{}/change-sets", req.slug());
    let more = sets.len() > usize::try_from(PAGE).unwrap_or(usize::MAX);
    sets.truncate(usize::try_from(PAGE).unwrap_or(usize::MAX));
    let new = ctx.scopes.has(Scope::TenantAssign).then(|| {
        view! {
            <ButtonLink href=address(req.slug(), SetAction::Assign, None) kind=Kind::Primary icon=Icon::Plus>
                {tr!(in lang, "numbers.sets.new")}
            </ButtonLink>
        }
    });
    let list = if sets.is_empty() { none(lang, req.slug(), new.is_some()) } else { list(&v, &path, &req.query, &sets, more) };
    let title = tr!(in lang, "numbers.sets.title");
    let body = view! {
        <PageHead title=title.clone() purpose=tr!(in lang, "numbers.sets.purpose")>
            {new}
        </PageHead>
        {list}
    };
    Ok(Page::new(title, body))
}

fn none(lang: Lang, slug: &str, may: bool) -> AnyView {
    let way = if may { address(slug, SetAction::Assign, None) } else { format!("/t/{slug}/numbers") };
    let word = if may { tr!(in lang, "numbers.sets.new") } else { tr!(in lang, "numbers.title") };
    view! {
        <Card flush=true>
            <Empty title=tr!(in lang, "numbers.sets.none") text=tr!(in lang, "numbers.sets.none_text") icon=Icon::Layers>
                <ButtonLink href=way>{word}</ButtonLink>
            </Empty>
        </Card>
    }
    .into_any()
}

fn list(v: &Viewer, path: &str, query: &Query, sets: &[ChangeSet], more: bool) -> AnyView {
    let lang = v.lang;
    let cols = vec![
        Col::new(tr!(in lang, "numbers.sets.set")),
        Col::new(tr!(in lang, "numbers.sets.action")).mid(),
        Col::new(tr!(in lang, "numbers.order.rows")).num(),
        Col::new(tr!(in lang, "numbers.check.refused")).num().low(),
        Col::new(tr!(in lang, "numbers.state.label")),
        Col::new(tr!(in lang, "numbers.sets.by")).low(),
        Col::new(tr!(in lang, "numbers.order.made")).nowrap().mid(),
    ];
    let mut rows = Rows::new(v, &cols);
    for set in sets {
        rows.row();
        rows.cell().row_link(&format!("{path}/{}", set.id), &title_of(lang, set));
        rows.cell().text(&action(lang, &set.action));
        rows.cell().count(set.rows.into());
        rows.cell().count(set.refused.into());
        let (tone, word) = state(lang, set);
        rows.cell().badge(tone, &word);
        rows.cell().text(&set.actor_label);
        rows.cell().time(set.created_at, TimeStyle::Minute);
    }
    let rows = rows.finish();
    let next = sets.last().filter(|_| more).map(|last| query.after(last.id.to_string()).href(path));
    let previous = query.has("after").then(|| query.first_page().href(path));
    let shown = i64::try_from(sets.len()).unwrap_or(PAGE);
    view! {
        <List>
            <Table label=tr!(in lang, "numbers.sets.title") cols=cols page_head=true>
                {rows}
            </Table>
            <Pager text=trn!(in lang, "numbers.sets.shown", shown) previous=previous next=next by_time=true />
        </List>
    }
    .into_any()
}

/// What a set is called: its name, or what it does.
pub(super) fn title_of(lang: Lang, set: &ChangeSet) -> String {
    if set.name.is_empty() { action(lang, &set.action).into_owned() } else { set.name.clone() }
}

/// What a set does.
pub(super) fn action(lang: Lang, word: &str) -> Text {
    match word {
        "assign" => tr!(in lang, "numbers.sets.do.assign"),
        "unassign" => tr!(in lang, "numbers.sets.do.unassign"),
        "set_usage" => tr!(in lang, "numbers.sets.do.set_usage"),
        "tag" => tr!(in lang, "numbers.sets.do.tag"),
        "untag" => tr!(in lang, "numbers.sets.do.untag"),
        "set_emergency_location" => tr!(in lang, "numbers.sets.do.set_emergency_location"),
        "request_release" => tr!(in lang, "numbers.sets.do.request_release"),
        other => other.to_owned().into(),
    }
}

/// The state of a set in a badge.
pub(super) fn state(lang: Lang, set: &ChangeSet) -> (Tone, Text) {
    match (set.state.as_str(), set.phase.as_deref()) {
        ("draft", _) => (Tone::Neutral, tr!(in lang, "numbers.sets.state.draft")),
        ("checked", _) => (Tone::Info, tr!(in lang, "numbers.sets.state.checked")),
        ("running", Some("undo")) => (Tone::Pending, tr!(in lang, "numbers.sets.state.undoing")),
        ("running", _) => (Tone::Pending, tr!(in lang, "numbers.sets.state.running")),
        ("done", _) => (Tone::Ok, tr!(in lang, "numbers.sets.state.done")),
        ("partial", _) => (Tone::Warn, tr!(in lang, "numbers.sets.state.partial")),
        ("failed", _) => (Tone::Danger, tr!(in lang, "numbers.sets.state.failed")),
        _ => (Tone::Neutral, tr!(in lang, "numbers.sets.state.undone")),
    }
}

/// How far the work is, how fast, and how long it may take.
pub(super) fn how_far(v: &Viewer, set: &ChangeSet, now: DateTime<Utc>) -> String {
    let lang = v.lang;
    let (done, all) = set.progress();
    let begun = if set.phase.as_deref() == Some("undo") { set.undo_at } else { set.run_at };
    let far = tr!(in lang, "numbers.sets.far", done = v.count(done.into()), all = v.count(all.into()));
    let spent_ms = begun.map_or(0, |begun| (now - begun).num_milliseconds());
    if done == 0 || spent_ms < 1_000 {
        return far.into_owned();
    }
    let done = i64::from(done);
    let left_ms = spent_ms.saturating_mul(i64::from(all) - done) / done;
    let rate = done.saturating_mul(1_000) / spent_ms;
    let pace = tr!(in lang, "numbers.sets.pace", rate = v.count(rate.max(1)), left = v.span(left_ms.max(1_000) / 1_000 * 1_000));
    format!("{far} · {pace}")
}

/// A cell of a row as it was sent.
pub(super) fn cell(input: &Value, column: &str) -> String {
    let other = match column {
        "target" => "target_id",
        "emergency_location" => "emergency_location_id",
        same => same,
    };
    match input.get(column).or_else(|| input.get(other)) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("|"),
        Some(Value::Null) | None => String::new(),
        Some(value) => value.to_string(),
    }
}

/// The number of a row as it was sent, or the whole of a row that could not be read.
pub(super) fn said_number(row: &SetRow) -> String {
    match &row.input {
        Value::Array(cells) => cells.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(";"),
        _ => row.e164.clone(),
    }
}

/// Why a row is refused, or what there is to know.
pub(super) fn why(lang: Lang, row: &SetRow) -> Option<String> {
    if row.undo.as_deref() == Some("kept") {
        return row.undo_code.as_deref().map(|code| problem(lang, code, None));
    }
    match (&row.code, &row.value) {
        (Some(code), _) => Some(problem(lang, code, row.reason.as_deref())),
        (None, Some(name)) => Some(tr!(in lang, "numbers.sets.will_assign", name = name).into_owned()),
        (None, None) => None,
    }
}

fn problem(lang: Lang, code: &str, reason: Option<&str>) -> String {
    // The English words know more of the row than a text per code can.
    let known = reason.filter(|_| lang == Lang::En).map(str::to_owned);
    known
        .or_else(|| translate_any(lang, &format!("problem.{code}")).map(std::borrow::Cow::into_owned))
        .unwrap_or_else(|| code.to_owned())
}

/// How to mend a refused row.
pub(super) fn fix(lang: Lang, row: &SetRow) -> Option<String> {
    let code = row.code.as_deref().filter(|_| row.verdict.as_deref() == Some("refused"))?;
    let translated = || translate_any(lang, &format!("fix.{code}")).map(std::borrow::Cow::into_owned);
    if lang == Lang::En { row.fix.clone().or_else(translated) } else { translated().or_else(|| row.fix.clone()) }
}

/// The way from a list of numbers to a change of all of them; none when there are none, or too many for one set.
pub(super) fn change_all(v: &Viewer, slug: &str, query: &Query, total: Tally, may: bool) -> Option<AnyView> {
    let most = i64::try_from(sets::MOST).unwrap_or(i64::MAX);
    let word = match total {
        Tally::Exactly(n) if n > 0 && n <= most => trn!(in v.lang, "numbers.sets.change_all", n),
        // The next page counts.
        Tally::About(n) if n <= most => tr!(in v.lang, "numbers.sets.change_found"),
        _ => return None,
    };
    let filter = [COLUMN_KEY, VIEW_KEY, "paste", "sort"].iter().fold(query.first_page(), |query, key| query.without(key)).encode();
    let href = address(slug, SetAction::Unassign, Some(&filter));
    may.then(|| view! { <ButtonLink href=href icon=Icon::Layers>{word}</ButtonLink> }.into_any())
}
