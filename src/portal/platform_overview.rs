//! `/p/`: what the platform's own people look at first.

use leptos::prelude::*;

use super::jobs_platform;
use super::platform_state::job_tone;
use super::queries_platform::Ask;
use crate::base::Failure;
use crate::identity::PageRequest;
use crate::tr;
use crate::trn;
use crate::ui::Band;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::Col;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Rows;
use crate::ui::Size;
use crate::ui::Table;
use crate::ui::Tile;
use crate::ui::Tiles;
use crate::ui::Tone;
use crate::ui::viewer;

/// Organisations are counted up to here.
const MOST: i64 = 10_000;

/// `/p/`.
///
/// # Errors
/// 401 for a visitor, 403 without `platform:directory`.
pub async fn platform_overview_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let ask = Ask { limit: MOST, ..Ask::default() };
    let tenants = jobs_platform::tenants(&req.store, ctx, &ask).await?;
    let operators = jobs_platform::operators(&req.store, ctx, &ask).await?;
    let feeds = jobs_platform::feeds(&req.store, ctx).await?;
    let (jobs, _) = jobs_platform::jobs(&req.store, ctx).await?;
    let v = viewer();
    let lang = v.lang;
    let failing_jobs = jobs.iter().filter(|job| job_tone(job, v.now) == Tone::Danger).count();
    let failing_feeds = feeds.iter().filter(|feed| feed.failing > 0).count();
    let jobs_band = (failing_jobs > 0).then(|| {
        view! {
            <Band tone=Tone::Danger title=trn!(in lang, "portal.jobs.failing_band", failing_jobs) text=tr!(in lang, "portal.jobs.failing_text")>
                <ButtonLink href="/p/jobs" size=Size::Small>{tr!(in lang, "portal.platform.show")}</ButtonLink>
            </Band>
        }
    });
    let feeds_band = (failing_feeds > 0).then(|| {
        view! {
            <Band tone=Tone::Danger title=trn!(in lang, "portal.feeds.failing_band", failing_feeds) text=tr!(in lang, "portal.feeds.failing_text")>
                <ButtonLink href="/p/feeds" size=Size::Small>{tr!(in lang, "portal.platform.show")}</ButtonLink>
            </Band>
        }
    });
    let consents: i64 = operators.iter().map(|row| row.customers).sum();
    let numbers: i64 = operators.iter().map(|row| row.numbers).sum();
    let backlog: i64 = feeds.iter().map(super::queries_platform::FeedLine::backlog).sum();
    let whole = |n: usize| v.count(i64::try_from(n).unwrap_or(i64::MAX));
    let (tenants, carriers) = (whole(tenants.len()), whole(operators.len()));
    let tiles = view! {
        <Tiles>
            <Tile label=tr!(in lang, "portal.tenants") value=tenants href="/p/tenants" />
            <Tile label=tr!(in lang, "portal.operators") value=carriers href="/p/operators" />
            <Tile label=tr!(in lang, "portal.platform.active_consents") value=v.count(consents) href="/p/operators" />
            <Tile label=tr!(in lang, "portal.platform.numbers") value=v.count(numbers) href="/p/tenants" />
            <Tile label=tr!(in lang, "portal.feeds.backlog") value=v.count(backlog) href="/p/feeds" />
        </Tiles>
    };
    let cols = vec![
        Col::new(tr!(in lang, "portal.operators.operator")),
        Col::new(tr!(in lang, "portal.platform.active_consents")).num(),
        Col::new(tr!(in lang, "portal.platform.numbers")).num(),
        Col::new(tr!(in lang, "portal.platform.assigned")).num().mid(),
        Col::new(tr!(in lang, "portal.feeds.backlog")).num(),
    ];
    let mut rows = Rows::new(&v, &cols);
    for row in &operators {
        rows.row();
        rows.cell().row_link(&format!("/p/operators/{}", row.id), &row.name);
        rows.cell().count(row.customers);
        rows.cell().count(row.numbers);
        rows.cell().count(row.assigned);
        rows.cell().count(feeds.iter().find(|feed| feed.id == row.id).map_or(0, super::queries_platform::FeedLine::backlog));
    }
    let rows = rows.finish();
    let page = view! {
        <PageHead title=tr!(in lang, "portal.overview.title") purpose=tr!(in lang, "portal.overview.platform_purpose") />
        {jobs_band}
        {feeds_band}
        {tiles}
        <Card flush=true title=tr!(in lang, "portal.operators")>
            <Table label=tr!(in lang, "portal.operators") cols=cols>{rows}</Table>
        </Card>
    };
    Ok(Page::new(tr!(in lang, "portal.overview.title"), page))
}
