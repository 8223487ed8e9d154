//! `/p/feeds` and `/p/jobs`: how the operators' feeds and the work in the background are doing.

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use leptos::prelude::*;

use super::jobs_platform;
use super::queries_platform::FeedLine;
use super::queries_platform::JobLine;
use super::queries_platform::WaitingLine;
use crate::base::Failure;
use crate::identity::PageRequest;
use crate::tr;
use crate::trn;
use crate::ui::Band;
use crate::ui::Card;
use crate::ui::Col;
use crate::ui::Empty;
use crate::ui::Icon;
use crate::ui::Lang;
use crate::ui::List;
use crate::ui::ListHead;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Rows;
use crate::ui::Table;
use crate::ui::Text;
use crate::ui::TimeStyle;
use crate::ui::Tone;
use crate::ui::Viewer;
use crate::ui::translate_any;
use crate::ui::viewer;

/// What is written is sealed within seconds; what waits for longer than this is late.
const SEAL_LATE: TimeDelta = TimeDelta::seconds(30);

/// How the events of an operator stand.
fn feed_state(lang: Lang, row: &FeedLine, now: DateTime<Utc>) -> (Tone, Text) {
    if row.unsealed_since.is_some_and(|since| now - since > SEAL_LATE) {
        return (Tone::Danger, tr!(in lang, "portal.feeds.seal_late"));
    }
    if row.failing > 0 {
        return (Tone::Danger, tr!(in lang, "portal.feeds.failing"));
    }
    match (row.endpoints, row.backlog()) {
        (0, 0) => (Tone::Ok, tr!(in lang, "portal.feeds.pulled")),
        (0, _) => (Tone::Warn, tr!(in lang, "portal.feeds.not_pulled")),
        (_, 0) => (Tone::Ok, tr!(in lang, "portal.feeds.on_time")),
        _ => (Tone::Pending, tr!(in lang, "portal.feeds.behind")),
    }
}

/// `/p/feeds`.
///
/// # Errors
/// 401 for a visitor, 403 without `platform:directory`.
pub async fn feeds_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let rows = jobs_platform::feeds(&req.store, ctx).await?;
    let v = viewer();
    let lang = v.lang;
    let failing = rows.iter().filter(|row| row.failing > 0).count();
    let band = (failing > 0).then(|| {
        let title = trn!(in lang, "portal.feeds.failing_band", failing);
        view! { <Band tone=Tone::Danger title=title text=tr!(in lang, "portal.feeds.failing_text") /> }
    });
    let body = view! {
        <PageHead title=tr!(in lang, "portal.feeds") purpose=tr!(in lang, "portal.feeds.purpose") />
        {band}
        {feed_list(&v, &rows)}
    };
    Ok(Page::new(tr!(in lang, "portal.feeds"), body))
}

fn feed_list(v: &Viewer, feeds: &[FeedLine]) -> AnyView {
    let lang = v.lang;
    if feeds.is_empty() {
        return view! {
            <Card flush=true>
                <Empty title=tr!(in lang, "portal.operators.none") text=tr!(in lang, "portal.operators.none_text") icon=Icon::Plug />
            </Card>
        }
        .into_any();
    }
    let cols = vec![
        Col::new(tr!(in lang, "portal.operators.operator")),
        Col::new(tr!(in lang, "portal.platform.state")),
        Col::new(tr!(in lang, "portal.feeds.head")).num().mid(),
        Col::new(tr!(in lang, "portal.feeds.backlog")).num(),
        Col::new(tr!(in lang, "portal.feeds.unsealed")).num().mid(),
        Col::new(tr!(in lang, "portal.feeds.endpoints")).mid(),
        Col::new(tr!(in lang, "portal.feeds.sealed", zone = v.zone())).nowrap().mid(),
        Col::new(tr!(in lang, "portal.feeds.calls_head")).num().low(),
        Col::new(tr!(in lang, "portal.feeds.calls_sealed", zone = v.zone())).nowrap().low(),
    ];
    let mut rows = Rows::new(v, &cols);
    for row in feeds {
        let (tone, state) = feed_state(lang, row, v.now);
        rows.row();
        rows.cell().row_link(&format!("/p/operators/{}", row.id), &row.name);
        rows.cell().badge(tone, &state);
        if let Some(since) = row.failing_since {
            rows.sub(&tr!(in lang, "portal.feeds.for", span = v.span((v.now - since).num_milliseconds().max(0))));
        }
        rows.cell().count(row.head);
        rows.cell().count(row.backlog());
        if row.held > 0 {
            rows.sub(&tr!(in lang, "portal.feeds.held", n = v.count(row.held)));
        }
        rows.cell().count(row.unsealed);
        rows.cell();
        if row.endpoints == 0 {
            rows.text(&tr!(in lang, "portal.feeds.pull_only"));
            rows.sub(&tr!(in lang, "portal.feeds.acked", seq = v.count(row.acked)));
        } else {
            rows.text(&tr!(in lang, "portal.feeds.active_of", active = v.count(row.active), all = v.count(row.endpoints)));
        }
        rows.cell().maybe(row.sealed_at, |rows, at| {
            rows.time(at, TimeStyle::Short);
        });
        rows.cell().count(row.calls_head);
        if row.calls_unsealed > 0 {
            rows.sub(&tr!(in lang, "portal.feeds.calls_unsealed", n = v.count(row.calls_unsealed)));
        }
        rows.cell().maybe(row.calls_sealed_at, |rows, at| {
            rows.time(at, TimeStyle::Short);
        });
    }
    let count = feeds.len();
    view! {
        <List>
            <ListHead text=trn!(in lang, "portal.operators.count", count) />
            <Table label=tr!(in lang, "portal.feeds") cols=cols page_head=true>{rows.finish()}</Table>
        </List>
    }
    .into_any()
}

/// How a loop stands: failing when its last look ended in an error, late when it should have looked long ago.
pub(super) fn job_tone(row: &JobLine, now: DateTime<Utc>) -> Tone {
    let failed = row.last_error_at.is_some_and(|error| row.last_finished_at.is_none_or(|done| done < error));
    let due =
        row.every_ms.map_or(TimeDelta::minutes(2), |ms| TimeDelta::milliseconds(ms.min(86_400_000)) * 2 + TimeDelta::minutes(1));
    match row.last_finished_at {
        _ if failed => Tone::Danger,
        Some(done) if now - done > due => Tone::Warn,
        None => Tone::Warn,
        Some(_) => Tone::Ok,
    }
}

/// `/p/jobs`.
///
/// # Errors
/// 401 for a visitor, 403 without `platform:directory`.
pub async fn jobs_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let (jobs, waiting) = jobs_platform::jobs(&req.store, ctx).await?;
    let v = viewer();
    let lang = v.lang;
    let failing = jobs.iter().filter(|row| job_tone(row, v.now) == Tone::Danger).count();
    let band = (failing > 0).then(|| {
        let title = trn!(in lang, "portal.jobs.failing_band", failing);
        view! { <Band tone=Tone::Danger title=title text=tr!(in lang, "portal.jobs.failing_text") /> }
    });
    let body = view! {
        <PageHead title=tr!(in lang, "portal.jobs") purpose=tr!(in lang, "portal.jobs.purpose") />
        {band}
        {job_list(&v, &jobs)}
        {waiting_list(&v, &waiting)}
    };
    Ok(Page::new(tr!(in lang, "portal.jobs"), body))
}

/// A loop or a list in words; one without words stands for itself.
fn job_word(lang: Lang, name: &str) -> Option<Text> {
    translate_any(lang, &format!("portal.job.{}", name.replace('.', "_")))
}

fn job_list(v: &Viewer, jobs: &[JobLine]) -> AnyView {
    let lang = v.lang;
    if jobs.is_empty() {
        return view! {
            <Card flush=true>
                <Empty title=tr!(in lang, "portal.jobs.none") text=tr!(in lang, "portal.jobs.none_text") icon=Icon::Clock />
            </Card>
        }
        .into_any();
    }
    let cols = vec![
        Col::new(tr!(in lang, "portal.jobs.job")).wrap(),
        Col::new(tr!(in lang, "portal.platform.state")),
        Col::new(tr!(in lang, "portal.jobs.every")).num().mid(),
        Col::new(tr!(in lang, "portal.jobs.last", zone = v.zone())).nowrap().mid(),
        Col::new(tr!(in lang, "portal.jobs.failures")).num(),
        Col::new(tr!(in lang, "portal.jobs.last_error")).wrap().low(),
    ];
    let mut rows = Rows::new(v, &cols);
    for row in jobs {
        let tone = job_tone(row, v.now);
        let state = match tone {
            Tone::Danger => tr!(in lang, "portal.jobs.failing"),
            Tone::Warn => tr!(in lang, "portal.jobs.late"),
            _ => tr!(in lang, "portal.jobs.runs"),
        };
        rows.row();
        match job_word(lang, &row.name) {
            Some(word) => rows.cell().text(&word).sub(&row.name),
            None => rows.cell().id(&row.name),
        };
        rows.cell().badge(tone, &state);
        rows.cell().maybe(row.every_ms, |rows, ms| {
            rows.text(&if ms < 1_000 { crate::ui::millis(lang, ms) } else { v.span(ms) });
        });
        rows.cell().maybe(row.last_finished_at, |rows, at| {
            rows.time(at, TimeStyle::Short);
        });
        rows.cell().count(row.failures);
        rows.cell().maybe(row.last_error.as_deref().zip(row.last_error_at), |rows, (error, at)| {
            rows.text(&error.chars().take(300).collect::<String>()).sub(&v.time(at, TimeStyle::Short));
        });
    }
    let count = jobs.len();
    view! {
        <List>
            <ListHead text=trn!(in lang, "portal.jobs.count", count) />
            <Table label=tr!(in lang, "portal.jobs") cols=cols page_head=true>{rows.finish()}</Table>
        </List>
    }
    .into_any()
}

fn waiting_list(v: &Viewer, waiting: &[WaitingLine]) -> AnyView {
    let lang = v.lang;
    let title = tr!(in lang, "portal.jobs.waiting");
    if waiting.is_empty() {
        return view! {
            <Card flush=true title=title>
                <Empty title=tr!(in lang, "portal.jobs.nothing") text=tr!(in lang, "portal.jobs.nothing_text") icon=Icon::Check />
            </Card>
        }
        .into_any();
    }
    let cols = vec![
        Col::new(tr!(in lang, "portal.jobs.list")).wrap(),
        Col::new(tr!(in lang, "portal.jobs.entries")).num(),
        Col::new(tr!(in lang, "portal.jobs.oldest")).num(),
    ];
    let mut rows = Rows::new(v, &cols);
    for row in waiting {
        rows.row();
        match job_word(lang, &format!("list_{}", row.list)) {
            Some(word) => rows.cell().text(&word).sub(&row.list),
            None => rows.cell().id(&row.list),
        };
        rows.cell().count(row.waiting);
        rows.cell().maybe(row.since, |rows, since| {
            rows.text(&v.span((v.now - since).num_milliseconds().max(0)));
        });
    }
    let label = title.clone();
    view! { <Card flush=true title=title><Table label=label cols=cols>{rows.finish()}</Table></Card> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_is_judged_by_its_own_pace() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_780);
        let job = |done: Option<i64>, error: Option<i64>, every: i64| JobLine {
            name: "x".to_owned(),
            every_ms: Some(every),
            last_finished_at: done.map(|s| now - TimeDelta::seconds(s)),
            last_error: None,
            last_error_at: error.map(|s| now - TimeDelta::seconds(s)),
            failures: 0,
        };
        assert_eq!(job_tone(&job(Some(30), None, 500), now), Tone::Ok);
        assert_eq!(job_tone(&job(Some(90), None, 500), now), Tone::Warn);
        assert_eq!(job_tone(&job(Some(90), None, 60_000), now), Tone::Ok);
        assert_eq!(job_tone(&job(Some(5), Some(9), 500), now), Tone::Ok, "well again");
        assert_eq!(job_tone(&job(Some(9), Some(5), 500), now), Tone::Danger);
        assert_eq!(job_tone(&job(None, None, 500), now), Tone::Warn);
    }
}
