//! `/t/{slug}/calls` and `/o/{slug}/calls`: the lists of both portals. They differ in whose calls they are and whom to choose from.

use leptos::prelude::*;

use super::cause::Outcome;
use super::masking::Sight;
use super::pages_ask::CallAsk;
use super::pages_ask::CallTab;
use super::pages_reads;
use super::pages_reads::CallPage;
use super::pages_reads::ShownCall;
use super::pages_reads::Way;
use super::queries_pages::COUNTED;
use super::shown;
use crate::base::Failure;
use crate::base::hidden_digits;
use crate::identity::OrgKind;
use crate::identity::PageRequest;
use crate::tr;
use crate::trn;
use crate::ui::ActiveFilter;
use crate::ui::ActiveFilters;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::Col;
use crate::ui::Empty;
use crate::ui::FilterBar;
use crate::ui::Icon;
use crate::ui::Kind;
use crate::ui::List;
use crate::ui::ListHead;
use crate::ui::ListState;
use crate::ui::Opt;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Pager;
use crate::ui::Query;
use crate::ui::Rows;
use crate::ui::Select;
use crate::ui::Size;
use crate::ui::Tab;
use crate::ui::Table;
use crate::ui::Tabs;
use crate::ui::Text;
use crate::ui::TextInput;
use crate::ui::TimeStyle;
use crate::ui::Viewer;
use crate::ui::viewer;

/// Rows on a page.
const PAGE: i64 = 50;

/// What the parts of one list have in common.
struct Scene<'a> {
    v: Viewer,
    kind: OrgKind,
    path: String,
    query: &'a Query,
    /// Where days begin.
    zone: chrono_tz::Tz,
    sight: Sight,
}

impl Scene<'_> {
    /// The field that names the other organisation.
    const fn party(&self) -> &'static str {
        party_key(self.kind)
    }

    fn party_label(&self) -> Text {
        if self.kind == OrgKind::Tenant { tr!(in self.v.lang, "calls.operator") } else { tr!(in self.v.lang, "calls.customer") }
    }
}

/// The field that names the other organisation.
pub(super) const fn party_key(kind: OrgKind) -> &'static str {
    match kind {
        OrgKind::Operator => "tenant",
        OrgKind::Tenant | OrgKind::Platform => "operator",
    }
}

/// `/t/{slug}/calls`.
///
/// # Errors
/// 401, 403 without `calls:read`, 400 for an address that makes no sense.
pub async fn tenant_calls_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let zone = pages_reads::zone(&req.store, ctx).await?;
    let ask = CallAsk::parse(&req.query, zone, party_key(OrgKind::Tenant))?;
    let page = pages_reads::tenant_calls(&req.store, ctx, &ask, PAGE, Way::Page).await?;
    let path = format!("/t/{}/calls", req.slug());
    let scene = Scene { v: viewer(), kind: OrgKind::Tenant, path, query: &req.query, zone, sight: Sight::default() };
    Ok(draw(&scene, &ask, &page))
}

/// `/o/{slug}/calls`.
///
/// # Errors
/// 401, 403 without `calls:read`, 400 for an address that makes no sense, 451 for a customer whose consent is closed.
pub async fn operator_calls_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let zone = pages_reads::zone(&req.store, ctx).await?;
    let ask = CallAsk::parse(&req.query, zone, party_key(OrgKind::Operator))?;
    let sight = Sight::in_org(req.signed.as_deref(), OrgKind::Operator, req.slug());
    let page = pages_reads::operator_calls(&req.store, ctx, &ask, PAGE, sight, Way::Page).await?;
    let path = format!("/o/{}/calls", req.slug());
    let scene = Scene { v: viewer(), kind: OrgKind::Operator, path, query: &req.query, zone, sight };
    Ok(draw(&scene, &ask, &page))
}

fn draw(scene: &Scene<'_>, ask: &CallAsk, page: &CallPage) -> Page {
    let lang = scene.v.lang;
    let title = tr!(in lang, "calls.title");
    let purpose =
        if scene.kind == OrgKind::Tenant { tr!(in lang, "calls.purpose") } else { tr!(in lang, "calls.operator_purpose") };
    let body = view! {
        <PageHead title=title.clone() purpose=purpose />
        {tabs(scene, ask)}
        <div class="stack" data-gap="tight">
            {filter_bar(scene, page)}
            {active(scene, page)}
        </div>
        {list(scene, ask, page)}
    };
    Page::new(title, body)
}

fn tabs(scene: &Scene<'_>, ask: &CallAsk) -> AnyView {
    let lang = scene.v.lang;
    let base = scene.query.first_page().without("tab");
    let item = |tab: CallTab| {
        let query = if tab == CallTab::All { base.clone() } else { base.with("tab", tab.as_str()) };
        Tab::new(query.href(&scene.path), shown::tab(lang, tab)).current(tab == ask.tab)
    };
    view! { <Tabs label=tr!(in lang, "calls.tab.label") items=CallTab::ALL.into_iter().map(item).collect() /> }.into_any()
}

/// A day can be typed; where the address names an hour, an hour can be.
fn moment_kind(query: &Query) -> &'static str {
    let hour = |key: &str| query.get(key).is_some_and(|text| text.contains('T'));
    if hour("from") || hour("to") { "text" } else { "date" }
}

fn filter_bar(scene: &Scene<'_>, page: &CallPage) -> AnyView {
    let (lang, query) = (scene.v.lang, scene.query);
    let value = |key: &str| query.get(key).map(str::to_owned);
    let parties = page.parties.iter().map(|party| Opt::new(party.id.to_string(), party.name.clone())).collect::<Vec<_>>();
    let directions = vec![Opt::new("inbound", tr!(in lang, "calls.inbound")), Opt::new("outbound", tr!(in lang, "calls.outbound"))];
    let outcomes = Outcome::ALL.iter().map(|word| Opt::new(word.as_str(), shown::outcome_choice(lang, *word))).collect::<Vec<_>>();
    let any = move || tr!(in lang, "ui.any");
    let zone = scene.zone.name();
    let kind = moment_kind(query);
    let (number, from, to) = (value("number"), value("from"), value("to"));
    let (direction, party, outcome) = (value("direction"), value(scene.party()), value("outcome"));
    let more = view! {
        <Select name=scene.party() label=scene.party_label() options=parties value=party any=any() />
        <Select name="outcome" label=tr!(in lang, "calls.outcome.label") options=outcomes value=outcome any=any() />
    }
    .into_any();
    let open = query.has(scene.party()) || query.has("outcome");
    view! {
        <FilterBar
            action=scene.path.clone()
            label=tr!(in lang, "calls.filter")
            keep=query.only(&["sort", "tab", "country", "network", "by"])
            more=more
            more_open=open
        >
            <TextInput
                grow=true
                kind="search"
                name="number"
                label=tr!(in lang, "calls.number")
                placeholder=tr!(in lang, "calls.number_hint")
                value=number
            />
            <TextInput kind=kind name="from" label=tr!(in lang, "calls.from_day", zone = zone) value=from />
            <TextInput kind=kind name="to" label=tr!(in lang, "calls.before_day", zone = zone) value=to />
            <Select name="direction" label=tr!(in lang, "calls.direction") options=directions value=direction any=any() />
        </FilterBar>
    }
    .into_any()
}

fn active(scene: &Scene<'_>, page: &CallPage) -> AnyView {
    let lang = scene.v.lang;
    let first = scene.query.first_page();
    let named = |key: &str, value: &str| -> (Text, Text) {
        match key {
            "from" => (tr!(in lang, "calls.from_day", zone = scene.zone.name()), value.to_owned().into()),
            "to" => (tr!(in lang, "calls.before_day", zone = scene.zone.name()), value.to_owned().into()),
            "direction" => (tr!(in lang, "calls.direction"), shown::direction(lang, value == "inbound")),
            "outcome" => {
                let word = Outcome::parse(value).map(|outcome| shown::outcome_choice(lang, outcome));
                (tr!(in lang, "calls.outcome.label"), word.unwrap_or_default())
            }
            "country" => (tr!(in lang, "calls.other_country"), value.to_uppercase().into()),
            "network" => (tr!(in lang, "calls.network"), value.to_owned().into()),
            "by" => (tr!(in lang, "calls.by"), tr!(in lang, "calls.by_ended")),
            "number" => (tr!(in lang, "calls.number"), value.to_owned().into()),
            _ => {
                let found = page.parties.iter().find(|party| party.id.to_string() == value);
                (scene.party_label(), found.map_or_else(|| value.to_owned(), |party| party.name.clone()).into())
            }
        }
    };
    let own = scene.kind == OrgKind::Tenant;
    let items = ["number", "from", "to", "direction", scene.party(), "outcome", "country", "network", "by"]
        .into_iter()
        .filter(|key| own || *key != "network")
        .filter_map(|key| Some((key, scene.query.get(key)?)))
        .map(|(key, value)| {
            let (label, value) = named(key, value);
            ActiveFilter { label, value, remove_href: first.without(key).href(&scene.path) }
        })
        .collect();
    view! { <ActiveFilters items=items clear_href=scene.query.only(&["sort", "tab"]).href(&scene.path) /> }.into_any()
}

fn list(scene: &Scene<'_>, ask: &CallAsk, page: &CallPage) -> AnyView {
    let (v, lang) = (&scene.v, scene.v.lang);
    if page.calls.is_empty() {
        return empty(scene, ask, page);
    }
    let counted = page.total <= COUNTED;
    let found =
        if counted { trn!(in lang, "calls.found", page.total) } else { tr!(in lang, "calls.more_than", n = v.count(COUNTED)) };
    let shown = i64::try_from(page.calls.len()).unwrap_or(PAGE);
    let all = if counted { v.count(page.total) } else { format!("> {}", v.count(COUNTED)) };
    let pager = tr!(in lang, "ui.shown_of", shown = v.count(shown), all = all);
    let export_word = if counted { trn!(in lang, "calls.export", page.total) } else { tr!(in lang, "calls.export_all") };
    let cols = columns(scene);
    let rows = rows(scene, &cols, &page.calls);
    let state = ListState { path: scene.path.clone(), query: scene.query.clone(), default_sort: "-start" };
    let previous = page.previous.map(|place| scene.query.before(place.encode()).href(&scene.path));
    let next = page.next.map(|place| scene.query.after(place.encode()).href(&scene.path));
    let export = scene.query.first_page().href(&format!("{}.csv", scene.path));
    let by_time = !ask.rising;
    let masked = masked(scene, page).map(|text| view! { <span class="fine">{text}</span> });
    view! {
        <List>
            <ListHead text=found>
                {masked}
                <ButtonLink href=export kind=Kind::Quiet size=Size::Small icon=Icon::Download download=true>
                    {export_word}
                </ButtonLink>
            </ListHead>
            <Table label=tr!(in lang, "calls.title") cols=cols state=state page_head=true>
                {rows}
            </Table>
            <Pager text=pager previous=previous next=next by_time=by_time />
        </List>
    }
    .into_any()
}

/// What is hidden on this page, and by which rule.
fn masked(scene: &Scene<'_>, page: &CallPage) -> Option<Text> {
    let lang = scene.v.lang;
    if scene.kind == OrgKind::Operator {
        return (!scene.sight.full_numbers).then(|| tr!(in lang, "calls.masked_role"));
    }
    let country = &page.calls.first()?.line.tenant_country;
    let hidden = hidden_digits(country);
    (hidden > 0).then(|| tr!(in lang, "calls.masked_country", n = hidden, country = country))
}

fn columns(scene: &Scene<'_>) -> Vec<Col> {
    let lang = scene.v.lang;
    vec![
        Col::new(tr!(in lang, "calls.start", zone = scene.v.zone())).sort("start"),
        Col::new(tr!(in lang, "calls.direction")).low(),
        Col::new(tr!(in lang, "calls.from")),
        Col::new(tr!(in lang, "calls.to")).mid(),
        Col::new(scene.party_label()).low(),
        Col::new(tr!(in lang, "calls.outcome.label")).mid(),
        Col::new(tr!(in lang, "calls.talk")).num(),
        Col::new(tr!(in lang, "calls.ring")).num().low(),
        Col::new(tr!(in lang, "calls.quality.label")).low(),
    ]
}

fn rows(scene: &Scene<'_>, cols: &[Col], calls: &[ShownCall]) -> AnyView {
    let (v, lang) = (&scene.v, scene.v.lang);
    let mut rows = Rows::new(v, cols);
    for call in calls {
        let line = &call.line;
        rows.row();
        let (tone, outcome) = shown::outcome(lang, call.cause, call.inbound());
        let way = shown::direction(lang, call.inbound());
        rows.cell()
            .row_link(&format!("{}/{}", scene.path, line.id), &v.time(line.invited_at, TimeStyle::Short))
            .sub_narrow(&outcome);
        rows.cell().text(&way);
        for outside in [call.inbound(), !call.inbound()] {
            match (outside, line.other.as_deref()) {
                (false, _) => rows.cell().tel(&line.e164),
                (true, _) if line.hidden => rows.cell().text(&tr!(in lang, "calls.withheld")),
                (true, other) => rows.cell().maybe(other, |rows, number| {
                    rows.tel(number);
                }),
            };
        }
        rows.cell().text(if scene.kind == OrgKind::Tenant { &line.operator_name } else { &line.tenant_name });
        rows.cell().badge(tone, &outcome);
        for ms in [line.talk_ms.filter(|_| line.answered_at.is_some()), line.ring_ms] {
            rows.cell().maybe(ms, |rows, ms| {
                rows.text(&v.span(ms));
            });
        }
        // Only what was answered has a sound to be judged.
        let quality = call.quality.as_deref().filter(|_| line.answered_at.is_some());
        rows.cell().maybe(quality, |rows, quality| {
            let (tone, word) = shown::quality(lang, quality);
            rows.badge(tone, &word);
        });
    }
    rows.finish()
}

fn empty(scene: &Scene<'_>, ask: &CallAsk, page: &CallPage) -> AnyView {
    let lang = scene.v.lang;
    let filtered = scene.query.pairs().any(|(key, _)| key != "sort");
    let operator = scene.kind == OrgKind::Operator;
    let home = |below: &str| format!("{}{below}", scene.path.strip_suffix("calls").unwrap_or(&scene.path));
    let (title, text, href, word) = if operator && page.parties.is_empty() {
        let word = tr!(in lang, "calls.empty.see_customers");
        (tr!(in lang, "calls.empty.no_consent"), tr!(in lang, "calls.empty.no_consent_text"), home("customers"), word)
    } else if ask.before_retention(scene.v.now) {
        let word = tr!(in lang, "calls.empty.show_kept");
        let query = scene.query.first_page().without("from").without("to");
        (tr!(in lang, "calls.empty.too_old"), tr!(in lang, "calls.empty.too_old_text"), query.href(&scene.path), word)
    } else if filtered {
        let word = tr!(in lang, "calls.empty.show_all");
        (tr!(in lang, "calls.empty.none_found"), tr!(in lang, "calls.empty.none_found_text"), scene.path.clone(), word)
    } else if operator {
        let word = tr!(in lang, "calls.empty.see_customers");
        (tr!(in lang, "calls.empty.none"), tr!(in lang, "calls.empty.operator_none_text"), home("customers"), word)
    } else {
        let word = tr!(in lang, "calls.empty.see_numbers");
        (tr!(in lang, "calls.empty.none"), tr!(in lang, "calls.empty.none_text"), home("numbers"), word)
    };
    view! {
        <Card flush=true>
            <Empty title=title text=text icon=Icon::Phone>
                <ButtonLink href=href>{word}</ButtonLink>
            </Empty>
        </Card>
    }
    .into_any()
}
