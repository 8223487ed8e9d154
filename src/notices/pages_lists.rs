//! The two lists of the notifications page: events and attempts.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::forms::Redeliver;
use super::pages::Scene;
use super::pages_parts::chip;
use super::pages_parts::delivery_mark;
use super::pages_parts::endpoint_name;
use super::pages_parts::kind_options;
use super::pages_parts::kind_word;
use super::pages_parts::trigger_word;
use super::pages_parts::try_mark;
use super::pages_parts::withheld_word;
use super::pages_retry::next_word;
use super::queries_pages::Delivery;
use super::queries_pages::EventRow;
use super::queries_pages::Slice;
use super::queries_pages_attempts::AttemptRow;
use crate::base::EventId;
use crate::tr;
use crate::trn;
use crate::ui::ActiveFilters;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::Col;
use crate::ui::Empty;
use crate::ui::FilterBar;
use crate::ui::Icon;
use crate::ui::Lang;
use crate::ui::List;
use crate::ui::ListHead;
use crate::ui::Opt;
use crate::ui::Pager;
use crate::ui::Query;
use crate::ui::Rows;
use crate::ui::Select;
use crate::ui::Table;
use crate::ui::Text;
use crate::ui::TextInput;
use crate::ui::TimeStyle;
use crate::ui::Tone;
use crate::ui::count;
use crate::ui::group_tel;

fn value_of(query: &Query, key: &str) -> Option<String> {
    query.get(key).map(str::to_owned)
}

/// The field of both filter bars that takes what one looks for.
fn search_field(scene: &Scene<'_>) -> AnyView {
    let label = tr!(in scene.v.lang, "notices.search.label");
    let value = value_of(scene.query, "q").or_else(|| value_of(scene.query, "number"));
    let wrong = scene.search_wrong.clone();
    view! { <TextInput kind="search" grow=true name="q" label=label value=value error=wrong maxlength="200" /> }.into_any()
}

/// The days of both filter bars.
fn day_fields(lang: Lang, query: &Query) -> AnyView {
    view! {
        <TextInput kind="date" name="from" label=tr!(in lang, "notices.filter.from") value=value_of(query, "from") />
        <TextInput kind="date" name="to" label=tr!(in lang, "notices.filter.to") value=value_of(query, "to") />
    }
    .into_any()
}

/// Filters, chips, table and pager of the events.
pub(super) fn events_part(scene: &Scene<'_>, page: Slice<EventRow>) -> AnyView {
    let lang = scene.v.lang;
    let query = scene.query;
    let states = Delivery::ALL.map(|state| Opt::new(state.slug(), delivery_mark(lang, state).1)).to_vec();
    let customers = scene.customers.iter().map(|(id, name)| Opt::new(id.to_string(), name.clone())).collect();
    let keys = ["q", "type", "number", "customer", "state", "from", "to"];
    let filtered = keys.iter().any(|key| query.has(key));
    let chips = filters_in_force(scene, &keys);
    let list = if page.rows.is_empty() { no_rows(scene, filtered, true) } else { event_table(scene, page) };
    let [kind, customer, state] = ["type", "customer", "state"].map(|key| value_of(query, key));
    let field = search_field(scene);
    view! {
        <FilterBar
            action=scene.path.clone()
            label=tr!(in lang, "notices.filter.events")
            more=day_fields(lang, query)
            more_open=query.has("from") || query.has("to")
        >
            {field}
            <Select
                name="type"
                label=tr!(in lang, "notices.col.kind")
                options=kind_options(lang, true)
                any=tr!(in lang, "ui.any")
                value=kind
            />
            <Select
                name="customer"
                label=tr!(in lang, "notices.col.customer")
                options=customers
                any=tr!(in lang, "ui.any")
                value=customer
            />
            <Select
                name="state"
                label=tr!(in lang, "notices.col.state")
                options=states
                any=tr!(in lang, "ui.any")
                value=state
            />
        </FilterBar>
        {chips}
        {list}
    }
    .into_any()
}

fn filters_in_force(scene: &Scene<'_>, keys: &[&str]) -> AnyView {
    let (lang, query) = (scene.v.lang, scene.query);
    let own = |key: &str| query.get(key).map(|value| Text::Owned(value.to_owned()));
    let named = |key: &str| -> (Text, Option<Text>) {
        match key {
            "type" => (tr!(in lang, "notices.col.kind"), query.get(key).map(|name| kind_word(lang, name))),
            "q" => (tr!(in lang, "notices.search.chip"), own(key)),
            "number" => (tr!(in lang, "notices.col.number"), own(key)),
            "customer" => {
                let id = query.get(key).unwrap_or_default();
                let name = scene.customers.iter().find(|(held, _)| held.to_string() == id);
                (tr!(in lang, "notices.col.customer"), name.map(|(_, name)| Text::Owned(name.clone())).or_else(|| own(key)))
            }
            "state" => (
                tr!(in lang, "notices.col.state"),
                query.get(key).and_then(Delivery::parse).map(|state| delivery_mark(lang, state).1).or_else(|| own(key)),
            ),
            "from" => (tr!(in lang, "notices.filter.from"), own(key)),
            "to" => (tr!(in lang, "notices.filter.to"), own(key)),
            "status" => (tr!(in lang, "notices.col.result"), query.get(key).map(|status| result_word(lang, status))),
            "code" => (tr!(in lang, "notices.col.answer"), query.get(key).map(|code| code_word(lang, code))),
            "tries" => (tr!(in lang, "notices.filter.tries"), own(key)),
            "endpoint" => {
                let id = query.get(key).unwrap_or_default();
                let found = scene.endpoints.iter().find(|one| one.id.to_string() == id);
                let name = found.map(|one| Text::Owned(endpoint_name(&one.url, &one.description)));
                (tr!(in lang, "notices.col.endpoint"), name.or_else(|| own(key)))
            }
            _ => (tr!(in lang, "notices.col.event"), own(key)),
        }
    };
    let items = keys.iter().filter_map(|key| {
        let (label, value) = named(key);
        chip(query, &scene.path, key, label, value)
    });
    view! { <ActiveFilters items=items.collect() clear_href=query.only(&["tab"]).href(&scene.path) /> }.into_any()
}

fn no_rows(scene: &Scene<'_>, filtered: bool, events: bool) -> AnyView {
    let lang = scene.v.lang;
    let (title, text) = match (filtered, events) {
        (true, _) => (tr!(in lang, "notices.empty.filtered"), tr!(in lang, "notices.empty.filtered_text")),
        (false, true) => (tr!(in lang, "notices.empty.events"), tr!(in lang, "notices.empty.events_text")),
        (false, false) => (tr!(in lang, "notices.empty.attempts"), tr!(in lang, "notices.empty.attempts_text")),
    };
    let clear = filtered.then(|| {
        let href = scene.query.only(&["tab"]).href(&scene.path);
        view! { <ButtonLink href=href>{tr!(in lang, "notices.empty.clear")}</ButtonLink> }
    });
    view! {
        <Card flush=true>
            <Empty title=title text=text icon=Icon::Bell>
                {clear}
            </Empty>
        </Card>
    }
    .into_any()
}

fn pager<T>(scene: &Scene<'_>, page: &Slice<T>) -> AnyView {
    let href = |query: Query| query.href(&scene.path);
    let newer = page.newer.as_ref().map(|cursor| href(scene.query.before(cursor.as_str())));
    let older = page.older.as_ref().map(|cursor| href(scene.query.after(cursor.as_str())));
    view! { <Pager text=trn!(in scene.v.lang, "notices.shown", page.rows.len()) previous=newer next=older by_time=true /> }
        .into_any()
}

fn event_table(scene: &Scene<'_>, page: Slice<EventRow>) -> AnyView {
    let (v, lang) = (&scene.v, scene.v.lang);
    let cols = vec![
        Col::new(tr!(in lang, "notices.col.seq")).num(),
        Col::new(tr!(in lang, "notices.col.kind")),
        Col::new(tr!(in lang, "notices.col.number")).mid(),
        Col::new(tr!(in lang, "notices.col.customer")).low(),
        Col::new(tr!(in lang, "notices.col.state")),
        Col::new(tr!(in lang, "notices.col.time", zone = v.zone())).nowrap().low(),
        Col::new(tr!(in lang, "notices.col.action")).low().hidden(),
    ];
    let mut rows = Rows::new(v, &cols);
    for event in &page.rows {
        event_line(scene, &mut rows, event);
    }
    let pager = pager(scene, &page);
    view! {
        <List>
            <ListHead text=tr!(in lang, "notices.newest_first") />
            <Table label=tr!(in lang, "notices.events") cols=cols page_head=true>
                {rows.finish()}
            </Table>
            {pager}
        </List>
    }
    .into_any()
}

fn event_line(scene: &Scene<'_>, rows: &mut Rows, event: &EventRow) {
    let (lang, paths) = (scene.v.lang, &scene.paths);
    let state = event.delivery();
    if state == Delivery::Failing {
        rows.row_toned(Tone::Danger);
    } else {
        rows.row();
    }
    rows.cell().row_link(&paths.event(event.id), &count(lang, event.seq));
    rows.cell().text(&kind_word(lang, &event.kind));
    subject_cells(scene, rows, &event.subject, event.tenant_id, event.tenant_name.as_deref());
    let (tone, word) = delivery_mark(lang, state);
    rows.cell().badge(tone, &word);
    if let Some(reason) = &event.withheld {
        rows.sub(&withheld_word(lang, reason));
    }
    rows.cell().time(event.sealed_at, TimeStyle::Short);
    rows.cell();
    if scene.may_redeliver && event.withheld.is_none() {
        let word = tr!(in lang, "notices.redeliver");
        let label = format!("{word}, {}", count(lang, event.seq));
        let id = EventId(event.id).wire();
        let slug = paths.slug();
        rows.action(Redeliver::url(), &[("slug", slug), ("event", &id)], &word, &label);
    }
}

/// Number and customer of a row, with their links.
fn subject_cells(scene: &Scene<'_>, rows: &mut Rows, subject: &str, tenant: Option<uuid::Uuid>, name: Option<&str>) {
    let paths = &scene.paths;
    rows.cell();
    match paths.number(subject) {
        Some(href) => rows.link(&href, &group_tel(subject)),
        // What else an event is about stands on its own page.
        None => rows.dash(),
    };
    rows.cell().maybe(tenant.zip(name), |rows, (tenant, name)| {
        rows.link(&paths.customer(tenant), name);
    });
}

/// Filters, chips, table and pager of the attempts.
pub(super) fn attempts_part(scene: &Scene<'_>, page: Slice<AttemptRow>) -> AnyView {
    let lang = scene.v.lang;
    let query = scene.query;
    let results = ["ok", "failed"].map(|word| Opt::new(word, result_word(lang, word))).to_vec();
    let codes = ["2xx", "3xx", "4xx", "5xx", "none"].map(|word| Opt::new(word, code_word(lang, word))).to_vec();
    let keys = ["q", "type", "number", "customer", "status", "code", "tries", "endpoint", "event", "from", "to"];
    let filtered = keys.iter().any(|key| query.has(key));
    let chips = filters_in_force(scene, &keys);
    let list = if page.rows.is_empty() { no_rows(scene, filtered, false) } else { attempt_table(scene, page) };
    let [kind, status, code, tries] = ["type", "status", "code", "tries"].map(|key| value_of(query, key));
    let field = search_field(scene);
    let customers = scene.customers.iter().map(|(id, name)| Opt::new(id.to_string(), name.clone())).collect();
    let customer = value_of(query, "customer");
    let more = view! {
        <Select
            name="customer"
            label=tr!(in lang, "notices.col.customer")
            options=customers
            any=tr!(in lang, "ui.any")
            value=customer
        />
        <Select
            name="type"
            label=tr!(in lang, "notices.col.kind")
            options=kind_options(lang, false)
            any=tr!(in lang, "ui.any")
            value=kind
        />
        {day_fields(lang, query)}
    }
    .into_any();
    view! {
        <FilterBar
            action=scene.path.clone()
            label=tr!(in lang, "notices.filter.attempts")
            keep=query.only(&["tab", "endpoint", "event"])
            more=more
            more_open=["customer", "type", "from", "to"].iter().any(|key| query.has(key))
        >
            {field}
            <Select
                name="status"
                label=tr!(in lang, "notices.col.result")
                options=results
                any=tr!(in lang, "ui.any")
                value=status
            />
            <Select
                name="code"
                label=tr!(in lang, "notices.col.answer")
                options=codes
                any=tr!(in lang, "ui.any")
                value=code
            />
            <TextInput
                kind="number"
                inputmode="numeric"
                name="tries"
                label=tr!(in lang, "notices.filter.tries")
                value=tries
            />
        </FilterBar>
        {chips}
        {list}
    }
    .into_any()
}

fn result_word(lang: Lang, word: &str) -> Text {
    if word == "ok" { tr!(in lang, "notices.result.ok") } else { tr!(in lang, "notices.result.failed") }
}

fn code_word(lang: Lang, word: &str) -> Text {
    if word == "none" { tr!(in lang, "notices.result.none") } else { Text::Owned(word.to_owned()) }
}

fn attempt_table(scene: &Scene<'_>, page: Slice<AttemptRow>) -> AnyView {
    let (v, lang) = (&scene.v, scene.v.lang);
    let mut cols = vec![
        Col::new(tr!(in lang, "notices.col.time", zone = v.zone())).nowrap(),
        Col::new(tr!(in lang, "notices.col.kind")).nowrap().mid(),
        Col::new(tr!(in lang, "notices.col.number")).nowrap().mid(),
        Col::new(tr!(in lang, "notices.col.customer")).low(),
        Col::new(tr!(in lang, "notices.col.answer")),
        Col::new(tr!(in lang, "notices.col.try")).num().low(),
        Col::new(tr!(in lang, "notices.col.took")).num().low(),
        Col::new(tr!(in lang, "notices.col.next", zone = v.zone())).nowrap().low(),
    ];
    let named = scene.names_endpoints(&page.rows);
    if named {
        cols.insert(4, Col::new(tr!(in lang, "notices.col.endpoint")).low());
    }
    let mut rows = Rows::new(v, &cols);
    for attempt in &page.rows {
        attempt_line(scene, &mut rows, attempt, named);
    }
    let pager = pager(scene, &page);
    view! {
        <List>
            <ListHead text=tr!(in lang, "notices.newest_first") />
            <Table label=tr!(in lang, "notices.attempts") cols=cols page_head=true>
                {rows.finish()}
            </Table>
            {pager}
        </List>
    }
    .into_any()
}

/// A line; with its endpoint where it is `named`.
fn attempt_line(scene: &Scene<'_>, rows: &mut Rows, attempt: &AttemptRow, named: bool) {
    let (v, lang, paths) = (&scene.v, scene.v.lang, &scene.paths);
    if attempt.is_ok() {
        rows.row();
    } else {
        rows.row_toned(Tone::Danger);
    }
    // Outside the feed it is about the endpoint.
    let subject = if attempt.seq.is_some() { attempt.subject.as_str() } else { "" };
    let kind = kind_word(lang, &attempt.kind);
    let about = paths.number(subject).map(|_| group_tel(subject));
    rows.cell()
        .row_link(&paths.attempt(&attempt.key()), &v.time(attempt.at, TimeStyle::Short))
        .sub_narrow(about.as_deref().unwrap_or(&kind));
    rows.cell().text(&kind);
    if let Some(seq) = attempt.seq {
        rows.sub(&count(lang, seq));
    }
    subject_cells(scene, rows, subject, attempt.tenant_id, attempt.tenant_name.as_deref());
    if named {
        let endpoint = scene.endpoints.iter().find(|one| one.id == attempt.endpoint_id);
        rows.cell().maybe(endpoint, |rows, one| {
            rows.link(&paths.endpoint(one.id), &endpoint_name(&one.url, &one.description));
        });
    }
    let (tone, answer) = try_mark(lang, attempt);
    rows.cell().badge(tone, &answer);
    if attempt.trigger != "feed" {
        rows.sub(&trigger_word(lang, &attempt.trigger));
    }
    rows.cell().count(attempt.number.into());
    rows.cell().count(attempt.elapsed_ms.into());
    rows.cell().maybe(attempt.next_at, |rows, at| {
        rows.time(at, TimeStyle::Short);
        if let Some(why) = next_word(v, attempt) {
            rows.sub(&why);
        }
    });
}
