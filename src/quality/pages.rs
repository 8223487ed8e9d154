//! `/t/{slug}/quality` and `/o/{slug}/quality`: one page for both sides; what differs is the other party and where rows lead.

use chrono::DateTime;
use chrono::Utc;
use chrono_tz::Tz;
use leptos::prelude::*;
use uuid::Uuid;

use super::ask::PERIODS;
use super::ask::PageAsk;
use super::pages_charts;
use super::pages_tables;
use super::reads;
use super::reads::Figures;
use crate::base::Failure;
use crate::identity::PageRequest;
use crate::tr;
use crate::transfers::midnight;
use crate::trn;
use crate::ui::ActiveFilter;
use crate::ui::ActiveFilters;
use crate::ui::Band;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::ChipLinks;
use crate::ui::Empty;
use crate::ui::FilterBar;
use crate::ui::Icon;
use crate::ui::Lang;
use crate::ui::Opt;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Query;
use crate::ui::Select;
use crate::ui::Size;
use crate::ui::Text;
use crate::ui::TextInput;
use crate::ui::Tone;
use crate::ui::Viewer;
use crate::ui::viewer;

/// Whose page it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Tenant,
    Operator,
}

impl Side {
    /// The field of the other party in addresses.
    pub(super) const fn party_key(self) -> &'static str {
        match self {
            Self::Tenant => "operator",
            Self::Operator => "tenant",
        }
    }

    /// What the other party is called.
    pub(super) fn party_label(self, lang: Lang) -> Text {
        match self {
            Self::Tenant => tr!(in lang, "quality.operator"),
            Self::Operator => tr!(in lang, "quality.customer"),
        }
    }
}

/// What the parts of the page are made from.
pub(super) struct Shown {
    pub(super) v: Viewer,
    /// The organisation's zone, in which its days begin: the same figures for all its people, and those of the list of calls.
    pub(super) zone: Tz,
    pub(super) side: Side,
    /// The page's own address.
    pub(super) path: String,
    /// The address of the list of calls.
    pub(super) calls: String,
    pub(super) ask: PageAsk,
    /// The first moments of the days, in order.
    pub(super) starts: Vec<DateTime<Utc>>,
    pub(super) figures: Figures,
}

impl Shown {
    /// The name of the other party.
    pub(super) fn name(&self, party: Uuid) -> String {
        let found = self.figures.choices.iter().find(|choice| choice.id == party);
        found.map_or_else(|| party.to_string(), |choice| choice.name.clone())
    }

    /// The days shown, in words.
    pub(super) fn days(&self) -> String {
        let last = self.ask.to.pred_opt().unwrap_or(self.ask.to);
        let (from, to) = (self.v.day(self.ask.from), self.v.day(last));
        tr!(in self.v.lang, "quality.days", from = from, to = to).into_owned()
    }

    /// The calls behind a figure: those of the page, narrowed further.
    pub(super) fn calls_href(&self, more: &[(&str, &str)]) -> String {
        let mut query =
            Query::default().with("from", self.ask.from.to_string()).with("to", self.ask.to.to_string()).with("by", "ended");
        if let Some(party) = self.ask.party {
            query = query.with(self.side.party_key(), party.to_string());
        }
        if let Some(direction) = self.ask.direction {
            query = query.with("direction", direction);
        }
        more.iter().fold(query, |query, (key, value)| query.with(key, *value)).href(&self.calls)
    }

    /// The poor ones among them.
    pub(super) fn poor_href(&self, more: &[(&str, &str)]) -> String {
        let poor: Vec<(&str, &str)> = [("tab", "poor")].iter().chain(more).copied().collect();
        self.calls_href(&poor)
    }
}

/// `/t/{slug}/quality`.
///
/// # Errors
/// 401 for a visitor, 403 without `quality:read`, 400 for an address that makes no sense.
pub async fn tenant_quality_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let zone = reads::zone(&req.store, ctx).await?;
    let ask = PageAsk::parse(&req.query, Side::Tenant.party_key(), ctx.now(), zone)?;
    let starts: Vec<_> = ask.days().map(|day| midnight(day, zone)).collect();
    let figures = reads::tenant_figures(&req.store, ctx, &ask.slice(zone), &starts).await?;
    let base = format!("/t/{}", req.slug());
    let (path, calls) = (format!("{base}/quality"), format!("{base}/calls"));
    Ok(page(&Shown { v: viewer(), zone, side: Side::Tenant, path, calls, ask, starts, figures }, &req.query))
}

/// `/o/{slug}/quality`: without networks, and without customers whose gate is closed.
///
/// # Errors
/// 401 for a visitor, 403 without `calls:read`, 400 for an address that makes no sense, 451 for a customer whose gate is closed.
pub async fn operator_quality_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let zone = reads::zone(&req.store, ctx).await?;
    let ask = PageAsk::parse(&req.query, Side::Operator.party_key(), ctx.now(), zone)?;
    let starts: Vec<_> = ask.days().map(|day| midnight(day, zone)).collect();
    let figures = reads::operator_figures(&req.store, ctx, &ask.slice(zone), &starts).await?;
    let base = format!("/o/{}", req.slug());
    let (path, calls) = (format!("{base}/quality"), format!("{base}/calls"));
    Ok(page(&Shown { v: viewer(), zone, side: Side::Operator, path, calls, ask, starts, figures }, &req.query))
}

fn page(shown: &Shown, query: &Query) -> Page {
    let lang = shown.v.lang;
    let title = tr!(in lang, "quality.title");
    let content = if shown.figures.is_empty() {
        empty(shown, query)
    } else {
        view! {
            {pages_tables::tiles(shown)}
            {pages_charts::by_day(shown)}
            {pages_charts::by_hour(shown)}
            {pages_tables::worst(shown)}
            {pages_tables::by_party(shown)}
        }
        .into_any()
    };
    let export = query.href(&format!("{}.csv", shown.path));
    let body = view! {
        <PageHead title=title.clone() purpose=tr!(in lang, "quality.purpose")>
            <ButtonLink href=export icon=Icon::Download download=true>
                {tr!(in lang, "quality.export")}
            </ButtonLink>
        </PageHead>
        <div class="stack" data-gap="tight">
            {periods(shown, query)}
            {filter_bar(shown, query)}
            {active(shown, query)}
        </div>
        {left_out(shown)}
        {content}
    };
    Page::new(title, body)
}

fn periods(shown: &Shown, query: &Query) -> AnyView {
    let lang = shown.v.lang;
    let base = query.without("from").without("to");
    let chip = |days: u64| {
        let href = base.with("period", format!("{days}d")).href(&shown.path);
        (href, trn!(in lang, "quality.last_days", days), shown.ask.period == Some(days))
    };
    let items = PERIODS.into_iter().map(chip).collect();
    view! { <ChipLinks label=tr!(in lang, "quality.period") items=items /> }.into_any()
}

fn filter_bar(shown: &Shown, query: &Query) -> AnyView {
    let (lang, ask) = (shown.v.lang, &shown.ask);
    let wrong = |is: bool, text: Text| is.then_some(text);
    let own = |key: &str| query.get(key).filter(|_| ask.period.is_none()).map(str::to_owned);
    let (from, to) = (own("from"), own("to"));
    let zone = shown.zone.name();
    let from_error = wrong(ask.from_wrong, tr!(in lang, "quality.from_wrong"));
    let to_error = wrong(ask.to_wrong, tr!(in lang, "quality.to_wrong"));
    let parties = shown.figures.choices.iter().map(|party| Opt::new(party.id.to_string(), party.name.clone())).collect::<Vec<_>>();
    let directions =
        vec![Opt::new("inbound", tr!(in lang, "quality.inbound")), Opt::new("outbound", tr!(in lang, "quality.outbound"))];
    let (party, direction) = (ask.party.map(|id| id.to_string()), ask.direction.map(str::to_owned));
    let (action, party_key, party_label) = (shown.path.clone(), shown.side.party_key(), shown.side.party_label(lang));
    view! {
        <FilterBar action=action label=tr!(in lang, "quality.filter")>
            <TextInput name="from" label=tr!(in lang, "quality.from", zone = zone) value=from kind="date" error=from_error />
            <TextInput name="to" label=tr!(in lang, "quality.to", zone = zone) value=to kind="date" error=to_error />
            <Select name=party_key label=party_label options=parties value=party any=tr!(in lang, "ui.any") />
            <Select
                name="direction"
                label=tr!(in lang, "quality.direction")
                options=directions
                value=direction
                any=tr!(in lang, "quality.both")
            />
        </FilterBar>
    }
    .into_any()
}

fn active(shown: &Shown, query: &Query) -> AnyView {
    let lang = shown.v.lang;
    let mut items = Vec::new();
    if shown.ask.period.is_none() && !shown.ask.from_wrong && !shown.ask.to_wrong {
        let remove_href = query.without("from").without("to").href(&shown.path);
        items.push(ActiveFilter { label: tr!(in lang, "quality.period"), value: shown.days().into(), remove_href });
    }
    if let Some(party) = shown.ask.party {
        let key = shown.side.party_key();
        let (label, value) = (shown.side.party_label(lang), shown.name(party).into());
        items.push(ActiveFilter { label, value, remove_href: query.without(key).href(&shown.path) });
    }
    if let Some(direction) = shown.ask.direction {
        let value = pages_tables::direction_text(lang, direction);
        let remove_href = query.without("direction").href(&shown.path);
        items.push(ActiveFilter { label: tr!(in lang, "quality.direction"), value, remove_href });
    }
    view! { <ActiveFilters items=items clear_href=shown.path.clone() /> }.into_any()
}

/// Why some customers are not there.
fn left_out(shown: &Shown) -> Option<AnyView> {
    let n = shown.figures.left_out;
    let lang = shown.v.lang;
    let customers = shown.path.replace("/quality", "/customers");
    (n > 0 && shown.ask.party.is_none()).then(|| {
        view! {
            <Band tone=Tone::Info title=trn!(in lang, "quality.left_out", n) text=tr!(in lang, "quality.left_out_text")>
                <ButtonLink href=customers size=Size::Small>
                    {tr!(in lang, "quality.left_out_show")}
                </ButtonLink>
            </Band>
        }
        .into_any()
    })
}

fn empty(shown: &Shown, query: &Query) -> AnyView {
    let lang = shown.v.lang;
    let days = shown.days();
    let filtered = shown.ask.party.is_some() || shown.ask.direction.is_some() || shown.ask.period.is_none();
    let all = query.only(&[]).href(&shown.path);
    let way = filtered.then(|| view! { <ButtonLink href=all>{tr!(in lang, "quality.show_all")}</ButtonLink> });
    view! {
        <Card flush=true>
            <Empty title=tr!(in lang, "quality.none") text=tr!(in lang, "quality.none_text", days = days)>
                {way}
            </Empty>
        </Card>
    }
    .into_any()
}
