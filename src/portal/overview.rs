//! The first page of each portal: what needs somebody, and how many of what there are. Every figure links to its rows.

use leptos::prelude::*;

use super::overview_calls;
use crate::base::Failure;
use crate::base::Scope;
use crate::consent;
use crate::identity::PageRequest;
use crate::notices;
use crate::notices::FeedSummary;
use crate::numbers;
use crate::numbers::StockCount;
use crate::tr;
use crate::trn;
use crate::ui::Badge;
use crate::ui::Band;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::Col;
use crate::ui::Empty;
use crate::ui::Kind;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Rows;
use crate::ui::Table;
use crate::ui::Tile;
use crate::ui::Tiles;
use crate::ui::TimeStyle;
use crate::ui::Tone;
use crate::ui::time;
use crate::ui::viewer;

/// The sums over all rows of a stock.
fn sum(stock: &[StockCount], of: fn(&StockCount) -> i64) -> i64 {
    stock.iter().map(of).sum()
}

/// `/t/{slug}/`.
///
/// # Errors
/// When the database is away.
pub async fn tenant_overview_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let tenant = ctx.tenant()?;
    let mut tx = req.store.begin_for(ctx).await?;
    let stock = numbers::stock_of_tenant(&mut tx, tenant, ctx.now()).await?;
    let v = viewer();
    let figures = overview_calls::tenant_figures(&mut tx, ctx, &v).await?;
    let held = numbers::held_by_left(&mut tx, tenant).await?;
    let low = numbers::low_stock_groups(&mut tx, ctx, tenant).await?;
    let outdated = consent::outdated_consents(&mut tx, tenant).await?;
    tx.commit().await?;
    let home = format!("/t/{}", req.slug());
    let base = format!("{home}/numbers");
    let calls = overview_calls::tenant_tiles(&v, &home, &figures);
    let fresh = overview_calls::fresh_card(&v, &home, &figures);
    let (pending, failed) = (sum(&stock, |s| s.pending), sum(&stock, |s| s.failed));
    let failed_band = (failed > 0).then(|| {
        let href = format!("{base}?state=failed");
        view! {
            <Band tone=Tone::Danger title=tr!("portal.overview.failed", n = v.count(failed)) text=tr!("portal.overview.failed_text")>
                <ButtonLink href=href>{tr!("portal.overview.failed_show")}</ButtonLink>
            </Band>
        }
    });
    let to_do = to_do(&home, held, low, outdated);
    let tile = |label: std::borrow::Cow<'static, str>, n: i64, query: &str| {
        view! { <Tile label=label value=v.count(n) href=format!("{base}{query}") /> }
    };
    let tiles = vec![
        tile(tr!("portal.overview.all"), sum(&stock, |s| s.total), ""),
        tile(tr!("portal.overview.assigned"), sum(&stock, |s| s.assigned), "?state=assigned"),
        tile(tr!("portal.overview.free"), sum(&stock, |s| s.free), "?state=free"),
        tile(tr!("portal.overview.pending"), pending, "?state=pending"),
        tile(tr!("portal.overview.quarantined"), sum(&stock, |s| s.quarantined), "?state=quarantined"),
    ];
    let tiles = view! { <Tiles>{tiles}</Tiles> };
    let operators_href = format!("/t/{}/operators", req.slug());
    let body = if stock.is_empty() {
        view! {
            <Card flush=true title=tr!("portal.overview.stock")>
                <Empty title=tr!("portal.overview.none") text=tr!("portal.overview.none_text")>
                    <ButtonLink href=operators_href kind=Kind::Primary>{tr!("portal.overview.none_action")}</ButtonLink>
                </Empty>
            </Card>
        }
        .into_any()
    } else {
        let base = base.clone();
        stock_card(tr!("portal.overview.stock"), tr!("portal.overview.operator"), &stock, move |s, state| {
            format!("{base}?operator={}&country={}{state}", s.party, s.country)
        })
    };
    let page = view! {
        <PageHead title=tr!("portal.overview.title") purpose=tr!("portal.overview.tenant_purpose")>
            <ButtonLink href=format!("{base}?state=free") kind=Kind::Primary>{tr!("portal.overview.assign")}</ButtonLink>
        </PageHead>
        {failed_band}
        {to_do}
        {tiles}
        {calls}
        {fresh}
        {body}
    };
    Ok(Page::new(tr!("portal.overview.title"), page))
}

/// What somebody of the tenant should look at: numbers that people who left still have, groups of numbers that run low, consents
/// that stand on an older text.
fn to_do(home: &str, held: i64, low: i64, outdated: i64) -> AnyView {
    let outdated = (outdated > 0).then(|| {
        let href = format!("{home}/operators");
        view! {
            <Band tone=Tone::Info title=trn!("portal.overview.new_text", outdated) text=tr!("portal.overview.new_text_text")>
                <ButtonLink href=href>{tr!("portal.overview.new_text_show")}</ButtonLink>
            </Band>
        }
    });
    let held = (held > 0).then(|| {
        let href = format!("{home}/targets?show=held");
        view! {
            <Band tone=Tone::Warn title=trn!("portal.overview.held", held) text=tr!("portal.overview.held_text")>
                <ButtonLink href=href>{tr!("portal.overview.held_show")}</ButtonLink>
            </Band>
        }
    });
    let low = (low > 0).then(|| {
        let href = format!("{home}/stock?show=low");
        view! {
            <Band tone=Tone::Warn title=trn!("portal.overview.low", low) text=tr!("portal.overview.low_text")>
                <ButtonLink href=href>{tr!("portal.overview.low_show")}</ButtonLink>
            </Band>
        }
    });
    view! {
        {held}
        {low}
        {outdated}
    }
    .into_any()
}

/// `/o/{slug}/`.
///
/// # Errors
/// When the database is away.
pub async fn operator_overview_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let operator = ctx.operator()?;
    let mut tx = req.store.begin_for(ctx).await?;
    let stock = numbers::stock_of_operator(&mut tx, operator, ctx.now()).await?;
    let feed = notices::feed_summary(&mut tx, operator, ctx.now()).await?;
    let requests = numbers::release_requests_waiting(&mut tx, operator).await?;
    let v = viewer();
    let figures = overview_calls::operator_figures(&mut tx, ctx, &v).await?;
    tx.commit().await?;
    let base = format!("/o/{}", req.slug());
    let calls = figures.as_ref().map(|figures| overview_calls::operator_tiles(&v, &base, figures));
    let streams = figures.as_ref().map(|figures| overview_calls::feeds_card(&v, &base, figures));
    let customers = figures.as_ref().and_then(|figures| overview_calls::customers_card(&v, &base, figures));
    let tile = |label: std::borrow::Cow<'static, str>, n: i64, query: &str| {
        view! { <Tile label=label value=v.count(n) href=format!("{base}{query}") /> }
    };
    let tiles = vec![
        tile(tr!("portal.overview.all"), sum(&stock, |s| s.total), "/numbers"),
        tile(tr!("portal.overview.assigned"), sum(&stock, |s| s.assigned), "/numbers?assigned=true"),
        tile(tr!("portal.overview.pending"), sum(&stock, |s| s.pending), "/notifications?state=waiting"),
        tile(tr!("portal.overview.waiting"), feed.waiting, "/notifications?state=waiting"),
        tile(tr!("portal.overview.head"), feed.head_seq, "/notifications"),
    ];
    let tiles = view! { <Tiles>{tiles}</Tiles> };
    let upload = ctx.scopes.has(Scope::NumbersWrite).then(|| format!("{base}/numbers/upload"));
    let head = upload.clone().map(|href| upload_link(href, Kind::Primary));
    let asked = (requests > 0 && ctx.scopes.has(Scope::NumbersRead)).then(|| {
        let href = format!("{base}/release-requests");
        view! {
            <Band tone=Tone::Info title=trn!("portal.overview.requests", requests) text=tr!("portal.overview.requests_text")>
                <ButtonLink href=href>{tr!("portal.overview.requests_show")}</ButtonLink>
            </Band>
        }
    });
    let band = feed_band(&feed, &base, ctx.scopes.has(Scope::EndpointsWrite));
    let endpoints = feed_card(&feed, &base);
    let card = if stock.is_empty() {
        view! {
            <Card flush=true title=tr!("portal.overview.customers")>
                <Empty title=tr!("portal.overview.no_customers") text=tr!("portal.overview.no_customers_text")>
                    {upload.map(|href| upload_link(href, Kind::Plain))}
                </Empty>
            </Card>
        }
        .into_any()
    } else {
        let base = base.clone();
        stock_card(tr!("portal.overview.customers"), tr!("portal.overview.customer"), &stock, move |s, state| {
            let assigned = if state == "&state=assigned" { "&assigned=true" } else { "" };
            format!("{base}/numbers?tenant={}&country={}{assigned}", s.party, s.country)
        })
    };
    let page = view! {
        <PageHead title=tr!("portal.overview.title") purpose=tr!("portal.overview.operator_purpose")>
            {head}
        </PageHead>
        {band}
        {asked}
        {tiles}
        {calls}
        {customers}
        {streams}
        {endpoints}
        {card}
    };
    Ok(Page::new(tr!("portal.overview.title"), page))
}

fn upload_link(href: String, kind: Kind) -> AnyView {
    view! { <ButtonLink href=href kind=kind>{tr!("portal.overview.upload")}</ButtonLink> }.into_any()
}

/// Says what stands in the way of the feed, worst first; `adds`: whether the viewer may add an endpoint.
fn feed_band(feed: &FeedSummary, base: &str, adds: bool) -> Option<AnyView> {
    if feed.endpoints.is_empty() && feed.waiting > 0 {
        let href = format!("{base}/endpoints/new");
        let add = adds.then(|| view! { <ButtonLink href=href>{tr!("portal.overview.add_endpoint")}</ButtonLink> });
        return Some(
            view! {
                <Band tone=Tone::Warn title=tr!("portal.overview.no_endpoint") text=tr!("portal.overview.no_endpoint_text")>
                    {add}
                </Band>
            }
            .into_any(),
        );
    }
    (feed.failing > 0).then(|| {
        let href = format!("{base}/endpoints");
        view! {
            <Band tone=Tone::Danger title=tr!("portal.overview.failing") text=tr!("portal.overview.failing_text")>
                <ButtonLink href=href>{tr!("portal.overview.show_endpoints")}</ButtonLink>
            </Band>
        }
        .into_any()
    })
}

fn feed_card(feed: &FeedSummary, base: &str) -> Option<AnyView> {
    if feed.endpoints.is_empty() {
        return None;
    }
    let v = viewer();
    let cols = vec![
        Col::new(tr!("portal.overview.endpoint")),
        Col::new(tr!("portal.overview.state")).tight(),
        Col::new(tr!("portal.overview.behind")).num(),
        Col::new(tr!("portal.overview.last_success")).mid(),
    ];
    let mut rows = Rows::new(&v, &cols);
    for endpoint in &feed.endpoints {
        let (tone, word) = if endpoint.needs_attention() {
            (Tone::Danger, tr!("portal.overview.needs_you"))
        } else {
            (Tone::Ok, tr!("portal.overview.healthy"))
        };
        rows.row();
        rows.cell().row_link(&format!("{base}/endpoints/{}", endpoint.id), &endpoint.url).sub(&endpoint.description);
        rows.cell().badge(tone, &word);
        rows.cell().count(endpoint.behind + endpoint.held);
        rows.cell().maybe(endpoint.last_success_at, |rows, at| {
            rows.time(at, TimeStyle::Short);
        });
    }
    let last = feed.last_event_at.map(
        |at| view! { <span class="fine">{tr!("portal.overview.last_event")} " " {time(&v, at, TimeStyle::Short, false)}</span> },
    );
    Some(
        view! {
            <Card flush=true title=tr!("portal.overview.feed") aside=last.into_any()>
                <Table label=tr!("portal.overview.feed") cols=cols>{rows.finish()}</Table>
            </Card>
        }
        .into_any(),
    )
}

/// The stock by party and country; `href` leads to the rows behind a figure.
fn stock_card(
    title: std::borrow::Cow<'static, str>,
    party: std::borrow::Cow<'static, str>,
    stock: &[StockCount],
    href: impl Fn(&StockCount, &str) -> String,
) -> AnyView {
    let v = viewer();
    let cols = vec![
        Col::new(party),
        Col::new(tr!("portal.overview.country")).tight(),
        Col::new(tr!("portal.overview.all")).num(),
        Col::new(tr!("portal.overview.assigned")).num(),
        Col::new(tr!("portal.overview.free")).num(),
        Col::new(tr!("portal.overview.pending")).num().mid(),
        Col::new(tr!("portal.overview.failed_col")).num().mid(),
    ];
    let mut rows = Rows::new(&v, &cols);
    for s in stock {
        rows.row();
        rows.cell().row_link(&href(s, ""), &s.party_name);
        rows.cell().text(&s.country);
        rows.cell().count(s.total);
        rows.cell().link(&href(s, "&state=assigned"), &v.count(s.assigned));
        rows.cell().link(&href(s, "&state=free"), &v.count(s.free));
        rows.cell().count(s.pending);
        rows.cell().count(s.failed);
    }
    let countries = stock.iter().map(|s| s.country.as_str()).collect::<std::collections::BTreeSet<_>>().len();
    let note = view! { <Badge tone=Tone::Neutral text=tr!("portal.overview.countries", n = countries) /> };
    view! {
        <Card flush=true title=title.clone() aside=note.into_any()>
            <Table label=title cols=cols>{rows.finish()}</Table>
        </Card>
    }
    .into_any()
}
