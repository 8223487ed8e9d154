//! The operator's durations: coverage by day, closing a day, the batches it sent.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::duration_days;
use super::duration_days::DayState;
use super::duration_days::DurationDay;
use super::durations;
use super::durations::BatchFilter;
use super::durations::DurationReceipt;
use super::forms::CloseDay;
use crate::base::Cursor;
use crate::base::Failure;
use crate::base::Scope;
use crate::identity::PageRequest;
use crate::tr;
use crate::trn;
use crate::ui::Band;
use crate::ui::Button;
use crate::ui::ButtonLink;
use crate::ui::Calendar;
use crate::ui::CalendarDay;
use crate::ui::CalendarKey;
use crate::ui::Card;
use crate::ui::ChipLinks;
use crate::ui::Col;
use crate::ui::Cols;
use crate::ui::Disclosure;
use crate::ui::Empty;
use crate::ui::Grid;
use crate::ui::Hidden;
use crate::ui::Icon;
use crate::ui::Kind;
use crate::ui::Lang;
use crate::ui::List;
use crate::ui::Opt;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Pager;
use crate::ui::Rows;
use crate::ui::Select;
use crate::ui::Size;
use crate::ui::Table;
use crate::ui::Text;
use crate::ui::TextInput;
use crate::ui::TimeStyle;
use crate::ui::Tone;
use crate::ui::Viewer;
use crate::ui::viewer;

/// Batches of one page.
const BATCHES: i64 = 25;

/// `/o/{slug}/durations`: coverage, closing, batches.
///
/// # Errors
/// 401, 403 without `durations:write`, 400 for a cursor that is none.
pub async fn durations_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    ctx.require(Scope::DurationsWrite)?;
    let range = duration_days::range(ctx.now(), None, None)?;
    let days = duration_days::coverage(&req.store, ctx, range, chrono_tz::UTC).await?;
    let first = duration_days::first_day(&req.store, ctx).await?;
    let only = req.query.get("show").filter(|word| matches!(*word, "rejects" | "waiting"));
    let filter = BatchFilter { waiting: only == Some("waiting"), rejects: only == Some("rejects"), ..BatchFilter::default() };
    let after = req.query.get("after").map(|text| Cursor::decode(text, 1)).transpose()?;
    let mut batches = durations::list(&req.store, ctx, &filter, after.as_ref(), BATCHES + 1).await?;
    let more = batches.len() > usize::try_from(BATCHES).unwrap_or(usize::MAX);
    batches.truncate(usize::try_from(BATCHES).unwrap_or(usize::MAX));
    let v = viewer();
    let lang = v.lang;
    let path = format!("/o/{}/durations", req.slug());
    let states: Vec<DayState> = days.iter().map(|day| duration_days::state(day, first, ctx.now())).collect();
    let next = batches.last().filter(|_| more).map(|last| Cursor(vec![last.id.to_string()]).encode());
    let next = next.map(|cursor| req.query.after(cursor).href(&path));
    let (template, upload) = (format!("{path}/template.csv"), format!("{path}/upload"));
    let body = view! {
        <PageHead title=tr!(in lang, "calls.duration.title") purpose=tr!(in lang, "calls.duration.purpose")>
            <ButtonLink href=template icon=Icon::Download download=true>
                {tr!(in lang, "calls.duration.template")}
            </ButtonLink>
            <ButtonLink href=upload kind=Kind::Primary icon=Icon::Upload>
                {tr!(in lang, "calls.duration.upload.title")}
            </ButtonLink>
        </PageHead>
        {missing(&v, &path, &days, &states)}
        {first.map(|_| coverage(&v, &req, &path, &days, &states))}
        <section class="stack" data-gap="tight" aria-labelledby="batches">
            <h2 id="batches">{tr!(in lang, "calls.duration.batches")}</h2>
            {list(&v, &req, &path, &batches, next, only)}
        </section>
    };
    Ok(Page::new(tr!(in lang, "calls.duration.title"), body))
}

/// The newest day that is missing, and how many there are.
fn missing(v: &Viewer, path: &str, days: &[DurationDay], states: &[DayState]) -> Option<AnyView> {
    let lang = v.lang;
    let gaps: Vec<&DurationDay> =
        days.iter().zip(states).filter(|(_, state)| **state == DayState::Missing).map(|(day, _)| day).collect();
    let newest = gaps.last()?;
    let day = v.day(newest.day);
    let due = duration_days::due(newest.day).map(|due| v.time(due, TimeStyle::Full)).unwrap_or_default();
    let more = gaps.len() - 1;
    let title = if more == 0 {
        tr!(in lang, "calls.duration.missing", day = day)
    } else {
        trn!(in lang, "calls.duration.missing_more", more, day = day)
    };
    let href = format!("{path}/upload");
    let band = view! {
        <Band tone=Tone::Warn title=title text=tr!(in lang, "calls.duration.missing_text", due = due)>
            <ButtonLink href=href size=Size::Small>{tr!(in lang, "calls.duration.upload.title")}</ButtonLink>
        </Band>
    };
    Some(band.into_any())
}

fn state_words(lang: Lang, state: DayState) -> (Option<Tone>, Text) {
    match state {
        DayState::OnTime => (Some(Tone::Ok), tr!(in lang, "calls.duration.day.on_time")),
        DayState::Late => (Some(Tone::Warn), tr!(in lang, "calls.duration.day.late")),
        DayState::Missing => (Some(Tone::Danger), tr!(in lang, "calls.duration.day.missing")),
        DayState::NotDue => (None, tr!(in lang, "calls.duration.day.not_due")),
    }
}

fn coverage(v: &Viewer, req: &PageRequest, path: &str, days: &[DurationDay], states: &[DayState]) -> AnyView {
    let lang = v.lang;
    let cell = |(day, state): (&DurationDay, &DayState)| {
        let (tone, word) = state_words(lang, *state);
        let rows = trn!(in lang, "calls.duration.day.rows", day.rows).into_owned();
        let note = match state {
            DayState::OnTime if day.closed.is_some() => format!("{rows} ✓"),
            DayState::OnTime => rows,
            DayState::Late => format!("{word}, {}", v.count(day.rows)),
            DayState::Missing | DayState::NotDue => word.into_owned(),
        };
        CalendarDay { day: day.day, tone, note, strong: *state == DayState::Missing }
    };
    let cells: Vec<CalendarDay> = days.iter().zip(states).map(cell).collect();
    let legend = [DayState::OnTime, DayState::Late, DayState::Missing, DayState::NotDue].map(|state| {
        let (tone, label) = state_words(lang, state);
        CalendarKey { tone, label }
    });
    let due = states.iter().filter(|state| **state != DayState::NotDue).count();
    let gaps = states.iter().filter(|state| **state == DayState::Missing).count();
    let summary = tr!(in lang, "calls.duration.coverage_text", missing = gaps, due = due);
    let aside = view! { <span class="fine">{summary.clone()}</span> }.into_any();
    let table = table(v, path, days, states);
    let v = *v;
    let close = close_form(&v, req, days);
    view! {
        <Grid cols=Cols::Rail>
            <Card title=tr!(in lang, "calls.duration.coverage") aside=aside>
                <figure class="figure" aria-label=tr!(in lang, "calls.duration.coverage")>
                    <Calendar
                        viewer=v
                        title=tr!(in lang, "calls.duration.coverage_title")
                        text=summary
                        legend=legend.to_vec()
                        days=cells
                    />
                    <Disclosure summary=tr!(in lang, "calls.duration.as_table")>{table}</Disclosure>
                </figure>
                <p class="fine">{tr!(in lang, "calls.duration.day.utc")}</p>
            </Card>
            {close}
        </Grid>
    }
    .into_any()
}

fn table(v: &Viewer, path: &str, days: &[DurationDay], states: &[DayState]) -> AnyView {
    let lang = v.lang;
    let cols = vec![
        Col::new(tr!(in lang, "calls.duration.day.label")).nowrap(),
        Col::new(tr!(in lang, "calls.duration.day.state")),
        Col::new(tr!(in lang, "calls.duration.rows")).num(),
        Col::new(tr!(in lang, "calls.duration.seconds")).num(),
        Col::new(tr!(in lang, "calls.duration.day.late_rows")).num().low(),
        Col::new(tr!(in lang, "calls.duration.day.last", zone = v.zone())).nowrap().low(),
        Col::new(tr!(in lang, "calls.duration.day.closed", zone = v.zone())).nowrap(),
    ];
    let mut rows = Rows::new(v, &cols);
    let over = v.now.date_naive();
    for (day, state) in days.iter().zip(states).rev() {
        let (tone, word) = state_words(lang, *state);
        rows.row();
        rows.cell().text(&v.day(day.day));
        rows.cell().badge(tone.unwrap_or(Tone::Neutral), &word);
        rows.cell().count(day.rows);
        rows.cell().text(&seconds(lang, day.duration_ms));
        rows.cell().count(day.late_rows);
        rows.cell().maybe(day.last_received_at, |rows, at| {
            rows.time(at, TimeStyle::Short);
        });
        rows.cell();
        match &day.closed {
            Some(closed) => {
                rows.time(closed.at, TimeStyle::Short);
                if (closed.rows, closed.duration_ms) != (day.rows, day.duration_ms) {
                    let was = tr!(in lang, "calls.duration.day.changed", rows = v.count(closed.rows), seconds = seconds(lang, closed.duration_ms));
                    rows.sub(&was);
                }
            }
            None if day.day < over => {
                let word = tr!(in lang, "calls.duration.close.short");
                rows.link(&format!("{path}?close={}#close", day.day), &word);
            }
            None => {
                rows.dash();
            }
        }
    }
    let rows = rows.finish();
    view! {
        <Table label=tr!(in lang, "calls.duration.coverage") cols=cols compact=true>
            {rows}
        </Table>
    }
    .into_any()
}

/// Seconds with three places.
fn seconds(lang: Lang, ms: i64) -> String {
    crate::ui::decimal(lang, duration_days::as_seconds(ms), 3)
}

fn close_form(v: &Viewer, req: &PageRequest, days: &[DurationDay]) -> AnyView {
    let lang = v.lang;
    let over = v.now.date_naive();
    let open = days.iter().rev().filter(|day| day.closed.is_none() && day.day < over);
    let options: Vec<Opt> = open.map(|day| Opt::new(day.day.to_string(), v.day(day.day))).collect();
    let picked = req.typed("day").or_else(|| req.query.get("close")).map(str::to_owned);
    if options.is_empty() {
        return view! {
            <Card title=tr!(in lang, "calls.duration.close.title") id="close">
                <p>{tr!(in lang, "calls.duration.close.none")}</p>
            </Card>
        }
        .into_any();
    }
    let (typed_rows, typed_seconds) = (req.typed("rows").map(str::to_owned), req.typed("seconds").map(str::to_owned));
    let (wrong_day, wrong_rows, wrong_seconds) = (req.wrong("day"), req.wrong("rows"), req.wrong("seconds"));
    let foot = view! { <Button kind=Kind::Primary>{tr!(in lang, "calls.duration.close.title")}</Button> }.into_any();
    view! {
        <form method="post" action=CloseDay::url()>
            <Hidden name="slug" value=req.slug().to_owned() />
            <Card title=tr!(in lang, "calls.duration.close.title") foot=foot id="close">
                <div class="fields">
                    <p class="hint">{tr!(in lang, "calls.duration.close.purpose")}</p>
                    <Select
                        name="day"
                        label=tr!(in lang, "calls.duration.close.day")
                        options=options
                        value=picked
                        error=wrong_day
                    />
                    <TextInput
                        name="rows"
                        label=tr!(in lang, "calls.duration.close.rows")
                        value=typed_rows
                        inputmode="numeric"
                        required=true
                        error=wrong_rows
                    />
                    <TextInput
                        name="seconds"
                        label=tr!(in lang, "calls.duration.close.seconds")
                        hint=tr!(in lang, "calls.duration.close.seconds_hint")
                        value=typed_seconds
                        inputmode="decimal"
                        required=true
                        error=wrong_seconds
                    />
                </div>
            </Card>
        </form>
    }
    .into_any()
}

/// A batch's state as a mark.
pub(super) fn batch_state(lang: Lang, batch: &DurationReceipt) -> (Tone, Text) {
    match batch.state.as_str() {
        "received" => (Tone::Pending, tr!(in lang, "calls.duration.state.received")),
        "processing" => (Tone::Pending, tr!(in lang, "calls.duration.state.processing")),
        _ if batch.rejected > 0 => (Tone::Warn, tr!(in lang, "calls.duration.state.rejects")),
        _ => (Tone::Ok, tr!(in lang, "calls.duration.state.done")),
    }
}

/// A batch's short name: the end of its id.
pub(super) fn short(batch: &DurationReceipt) -> String {
    let id = batch.id.simple().to_string();
    id.get(id.len().saturating_sub(8)..).unwrap_or_default().to_owned()
}

/// From where a batch came.
pub(super) fn origin(lang: Lang, batch: &DurationReceipt) -> Text {
    match (batch.source.as_str(), &batch.file_name) {
        ("upload", Some(file)) => format!("{}, {file}", tr!(in lang, "calls.duration.from.upload")).into(),
        ("upload", None) => tr!(in lang, "calls.duration.from.upload"),
        _ => tr!(in lang, "calls.duration.from.api"),
    }
}

fn list(
    v: &Viewer,
    req: &PageRequest,
    path: &str,
    batches: &[DurationReceipt],
    next: Option<String>,
    only: Option<&str>,
) -> AnyView {
    let lang = v.lang;
    let first = req.query.only(&["show"]);
    let chips = vec![
        (first.without("show").href(path), tr!(in lang, "calls.duration.show.all"), only.is_none()),
        (first.with("show", "rejects").href(path), tr!(in lang, "calls.duration.show.rejects"), only == Some("rejects")),
        (first.with("show", "waiting").href(path), tr!(in lang, "calls.duration.show.waiting"), only == Some("waiting")),
    ];
    let previous = req.query.has("after").then(|| first.href(path));
    let content = if batches.is_empty() {
        let (title, text) = match only {
            None => (tr!(in lang, "calls.duration.none"), tr!(in lang, "calls.duration.none_text")),
            Some(_) => (tr!(in lang, "calls.duration.none_such"), tr!(in lang, "calls.duration.none_such_text")),
        };
        view! { <Empty title=title text=text /> }.into_any()
    } else {
        batches_table(v, path, batches)
    };
    view! {
        <ChipLinks label=tr!(in lang, "calls.duration.batches") items=chips />
        <List>
            {content} <Pager text=tr!(in lang, "calls.duration.newest_first") previous=previous next=next by_time=true />
        </List>
    }
    .into_any()
}

fn batches_table(v: &Viewer, path: &str, batches: &[DurationReceipt]) -> AnyView {
    let lang = v.lang;
    let cols = vec![
        Col::new(tr!(in lang, "calls.duration.batch")),
        Col::new(tr!(in lang, "calls.duration.received", zone = v.zone())).nowrap(),
        Col::new(tr!(in lang, "calls.duration.day.state")),
        Col::new(tr!(in lang, "calls.duration.rows")).num(),
        Col::new(tr!(in lang, "calls.duration.verdict.accepted")).num(),
        Col::new(tr!(in lang, "calls.duration.verdict.duplicate")).num().low(),
        Col::new(tr!(in lang, "calls.duration.replaced")).num().low(),
        Col::new(tr!(in lang, "calls.duration.rejected")).num(),
        Col::new(tr!(in lang, "calls.duration.from.label")).low(),
    ];
    let mut rows = Rows::new(v, &cols);
    for batch in batches {
        let (tone, word) = batch_state(lang, batch);
        rows.row();
        rows.cell().row_link(&format!("{path}/{}", batch.id), &short(batch));
        rows.cell().time(batch.received_at, TimeStyle::Short);
        rows.cell().badge(tone, &word);
        for n in [batch.rows, batch.accepted, batch.duplicate, batch.replaced, batch.rejected] {
            rows.cell().count(n.into());
        }
        rows.cell().text(&origin(lang, batch)).sub(&batch.actor_label);
    }
    let rows = rows.finish();
    view! {
        <Table label=tr!(in lang, "calls.duration.batches") cols=cols page_head=true>
            {rows}
        </Table>
    }
    .into_any()
}
