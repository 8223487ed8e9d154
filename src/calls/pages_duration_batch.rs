//! One batch of durations: its counts, why rows were rejected, every row with its verdict.

use leptos::prelude::*;

use super::duration_words::Verdict;
use super::durations;
use super::durations::DurationReceipt;
use super::durations::DurationRow;
use super::durations::hex_text;
use super::pages_durations::batch_state;
use super::pages_durations::origin;
use super::pages_durations::short;
use super::queries_durations::Reason;
use crate::base::BatchId;
use crate::base::Failure;
use crate::base::Problem;
use crate::base::Scope;
use crate::identity::PageRequest;
use crate::tr;
use crate::trn;
use crate::ui::Badge;
use crate::ui::Band;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::ChipLinks;
use crate::ui::Col;
use crate::ui::Copy;
use crate::ui::Crumb;
use crate::ui::Dash;
use crate::ui::Empty;
use crate::ui::Icon;
use crate::ui::Kv;
use crate::ui::KvRow;
use crate::ui::Lang;
use crate::ui::List;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Pager;
use crate::ui::Rows;
use crate::ui::Size;
use crate::ui::Table;
use crate::ui::Text;
use crate::ui::Tile;
use crate::ui::Tiles;
use crate::ui::Time;
use crate::ui::TimeStyle;
use crate::ui::Tone;
use crate::ui::Viewer;
use crate::ui::translate_any;
use crate::ui::viewer;

/// Rows of one page.
const ROWS: i64 = 100;

/// `/o/{slug}/durations/{id}`: a batch.
///
/// # Errors
/// 401, 403 without `durations:write`, 404, 422 for a verdict that is none.
pub async fn duration_batch_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    ctx.require(Scope::DurationsWrite)?;
    let id: BatchId = req.param("id").parse().map_err(|_| Problem::not_found("batch"))?;
    let batch = durations::find(&req.store, ctx, id).await?;
    let reasons = durations::reasons(&req.store, ctx, id).await?;
    let verdict = req.query.get("verdict");
    let after: i32 = req.query.get("after").and_then(|row| row.parse().ok()).unwrap_or(0);
    let mut rows = durations::rows(&req.store, ctx, id, verdict, after, ROWS + 1).await?;
    let more = rows.len() > usize::try_from(ROWS).unwrap_or(usize::MAX);
    rows.truncate(usize::try_from(ROWS).unwrap_or(usize::MAX));
    let v = viewer();
    let lang = v.lang;
    let list = format!("/o/{}/durations", req.slug());
    let path = format!("{list}/{id}");
    let title = tr!(in lang, "calls.duration.batch_title", name = short(&batch));
    let crumbs = vec![Crumb::link(list.clone(), tr!(in lang, "calls.duration.title")), Crumb::here(short(&batch))];
    let next = rows.last().filter(|_| more).map(|row| req.query.after(row.row.to_string()).href(&path));
    let previous = (after > 0).then(|| req.query.first_page().href(&path));
    let rejects = (batch.rejected > 0).then(|| reject_file(lang, &path));
    let (list_of_rows, chips) = (row_list(&v, &batch, &rows), chips(lang, &req, &path, verdict));
    let found = trn!(in lang, "calls.duration.found", i64::from(batch.rows));
    let body = view! {
        <PageHead title=title.clone() crumbs=crumbs>
            {rejects}
        </PageHead>
        {under_way(lang, &path, &batch)}
        {tiles(&v, &path, &batch)}
        {facts(&v, &batch)}
        {(!reasons.is_empty()).then(|| why(&v, &list, &path, &batch, &reasons))}
        <section class="stack" data-gap="tight" aria-labelledby="rows">
            <h2 id="rows">{tr!(in lang, "calls.duration.all_rows")}</h2>
            <ChipLinks label=tr!(in lang, "calls.duration.verdict.label") items=chips />
            <List>
                {list_of_rows}
                <Pager text=found previous=previous next=next />
            </List>
        </section>
    };
    Ok(Page::new(title, body))
}

fn reject_file(lang: Lang, path: &str) -> AnyView {
    view! {
        <ButtonLink href=format!("{path}/rejected.csv") icon=Icon::Download download=true>
            {tr!(in lang, "calls.duration.reject_file")}
        </ButtonLink>
    }
    .into_any()
}

fn under_way(lang: Lang, path: &str, batch: &DurationReceipt) -> Option<AnyView> {
    if batch.state == "done" {
        return None;
    }
    let href = path.to_owned();
    let band = view! {
        <Band tone=Tone::Pending title=tr!(in lang, "calls.duration.under_way") text=tr!(in lang, "calls.duration.under_way_text")>
            <ButtonLink href=href size=Size::Small icon=Icon::Refresh>{tr!(in lang, "calls.duration.look_again")}</ButtonLink>
        </Band>
    };
    Some(band.into_any())
}

fn tiles(v: &Viewer, path: &str, batch: &DurationReceipt) -> AnyView {
    let lang = v.lang;
    let tile = |label: Text, n: i32, verdict: &str| {
        let href = (n > 0 && !verdict.is_empty()).then(|| format!("{path}?verdict={verdict}#rows"));
        view! { <Tile label=label value=v.count(n.into()) href=href /> }.into_any()
    };
    let tiles = vec![
        tile(tr!(in lang, "calls.duration.rows"), batch.rows, ""),
        tile(tr!(in lang, "calls.duration.verdict.accepted"), batch.accepted, "accepted"),
        tile(tr!(in lang, "calls.duration.replaced"), batch.replaced, ""),
        tile(tr!(in lang, "calls.duration.verdict.duplicate"), batch.duplicate, "duplicate"),
        tile(tr!(in lang, "calls.duration.verdict.superseded"), batch.superseded, "superseded"),
        tile(tr!(in lang, "calls.duration.rejected"), batch.rejected, "rejected"),
    ];
    view! { <Tiles>{tiles}</Tiles> }.into_any()
}

fn facts(v: &Viewer, batch: &DurationReceipt) -> AnyView {
    let lang = v.lang;
    let (tone, word) = batch_state(lang, batch);
    let digest = hex_text(&batch.sha256);
    let size = crate::ui::bytes(lang, u64::try_from(batch.bytes).unwrap_or(0));
    let calls = batch.first_answered_at.zip(batch.last_answered_at);
    let calls = calls.map(|(first, last)| format!("{} – {}", v.time(first, TimeStyle::Full), v.time(last, TimeStyle::Full)));
    let (id, sender) = (batch.id.to_string(), batch.actor_label.clone());
    let (received, done) = (batch.received_at, batch.done_at);
    let origin = format!("{}, {sender}", origin(lang, batch));
    let written = format!("{}, {size}", batch.format.to_uppercase());
    view! {
        <Card title=tr!(in lang, "calls.duration.receipt")>
            <Kv>
                <KvRow label=tr!(in lang, "calls.duration.day.state")>
                    <Badge tone=tone text=word />
                </KvRow>
                <KvRow label=tr!(in lang, "calls.duration.received_at")>
                    <Time at=received style=TimeStyle::Full />
                </KvRow>
                <KvRow label=tr!(in lang, "calls.duration.done_at")>
                    {match done {
                        Some(at) => view! { <Time at=at style=TimeStyle::Full /> }.into_any(),
                        None => view! { <Dash /> }.into_any(),
                    }}
                </KvRow>
                <KvRow label=tr!(in lang, "calls.duration.from.label")>{origin}</KvRow>
                <KvRow label=tr!(in lang, "calls.duration.calls_of")>
                    {match calls {
                        Some(calls) => calls.into_any(),
                        None => view! { <Dash /> }.into_any(),
                    }}
                </KvRow>
                <KvRow label=tr!(in lang, "calls.duration.format")>{written}</KvRow>
                <KvRow label="SHA-256">
                    <Copy value=digest label=tr!(in lang, "calls.duration.copy_digest") inline=true />
                </KvRow>
                <KvRow label=tr!(in lang, "calls.duration.id")>
                    <Copy value=id label=tr!(in lang, "calls.duration.copy_id") inline=true />
                </KvRow>
            </Kv>
        </Card>
    }
    .into_any()
}

/// A verdict's name; every code has one.
fn verdict_text(lang: Lang, code: &str) -> Text {
    translate_any(lang, &format!("calls.duration.verdict.{code}")).unwrap_or_else(|| code.to_owned().into())
}

/// How to mend a row: the words made for it in English, those for its verdict in other languages.
fn fix_text(lang: Lang, code: &str, fix: Option<&str>) -> String {
    let general = || translate_any(lang, &format!("calls.duration.fix.{code}")).map(std::borrow::Cow::into_owned);
    let own = fix.map(str::to_owned);
    if lang == Lang::En { own } else { general().or(own) }.unwrap_or_default()
}

fn place(field: Option<&str>, value: Option<&str>) -> String {
    [field, value].into_iter().flatten().collect::<Vec<_>>().join(": ")
}

fn why(v: &Viewer, list: &str, path: &str, batch: &DurationReceipt, reasons: &[Reason]) -> AnyView {
    let lang = v.lang;
    let cols = vec![
        Col::new(tr!(in lang, "calls.duration.reason")),
        Col::new(tr!(in lang, "calls.duration.rows")).num(),
        Col::new(tr!(in lang, "calls.duration.example")).mid(),
        Col::new(tr!(in lang, "calls.duration.fix.label")).wrap(),
    ];
    let mut rows = Rows::new(v, &cols);
    for reason in reasons {
        rows.row();
        rows.cell().row_link(&format!("{path}?verdict={}#rows", reason.verdict), &verdict_text(lang, &reason.verdict));
        rows.cell().count(reason.rows);
        let row = tr!(in lang, "calls.duration.row_n", n = v.count(reason.first_row.into()));
        rows.cell().text(&row).sub(&place(reason.field.as_deref(), reason.value.as_deref()));
        rows.cell().text(&fix_text(lang, &reason.verdict, reason.fix.as_deref()));
    }
    let rows = rows.finish();
    let aside = {
        let text = trn!(in lang, "calls.duration.found", i64::from(batch.rejected));
        view! { <Badge tone=Tone::Danger text=text /> }.into_any()
    };
    let foot = view! {
        <ButtonLink href=format!("{path}/rejected.csv") size=Size::Small icon=Icon::Download download=true>
            {tr!(in lang, "calls.duration.reject_file")}
        </ButtonLink>
        <ButtonLink href=format!("{list}/upload") size=Size::Small icon=Icon::Upload>
            {tr!(in lang, "calls.duration.send_corrected")}
        </ButtonLink>
    }
    .into_any();
    view! {
        <Card title=tr!(in lang, "calls.duration.rejected_rows") aside=aside foot=foot flush=true>
            <Table label=tr!(in lang, "calls.duration.rejected_rows") cols=cols>
                {rows}
            </Table>
        </Card>
    }
    .into_any()
}

fn chips(lang: Lang, req: &PageRequest, path: &str, verdict: Option<&str>) -> Vec<(String, Text, bool)> {
    let first = req.query.first_page();
    let chip = |word: &str, label: Text| (first.with("verdict", word).href(path), label, verdict == Some(word));
    let mut chips = vec![
        (first.without("verdict").href(path), tr!(in lang, "calls.duration.show.all"), verdict.is_none()),
        chip("accepted", tr!(in lang, "calls.duration.verdict.accepted")),
        chip("rejected", tr!(in lang, "calls.duration.rejected")),
        chip("duplicate", tr!(in lang, "calls.duration.verdict.duplicate")),
        chip("superseded", tr!(in lang, "calls.duration.verdict.superseded")),
    ];
    // A single reason, come to from the table above.
    if let Some(one) = verdict.and_then(Verdict::parse).filter(|one| one.is_rejected()) {
        chips.push(chip(one.as_str(), verdict_text(lang, one.as_str())));
    }
    chips
}

fn row_list(v: &Viewer, batch: &DurationReceipt, lines: &[DurationRow]) -> AnyView {
    let lang = v.lang;
    if lines.is_empty() {
        let text = (batch.state != "done").then(|| tr!(in lang, "calls.duration.under_way_text"));
        return view! { <Empty title=tr!(in lang, "calls.duration.no_rows") text=text /> }.into_any();
    }
    let cols = vec![
        Col::new(tr!(in lang, "calls.duration.row")).num(),
        Col::new(tr!(in lang, "calls.duration.verdict.label")),
        Col::new(tr!(in lang, "calls.duration.key")).mid(),
        Col::new(tr!(in lang, "calls.duration.fix.label")).wrap(),
    ];
    let mut rows = Rows::new(v, &cols);
    for line in lines {
        let rejected = Verdict::parse(&line.verdict).is_some_and(Verdict::is_rejected);
        let tone = match line.verdict.as_str() {
            "accepted" => Tone::Ok,
            _ if rejected => Tone::Danger,
            _ => Tone::Neutral,
        };
        if rejected {
            rows.row_toned(Tone::Danger)
        } else {
            rows.row()
        };
        rows.cell().count(line.row.into());
        rows.cell().badge(tone, &verdict_text(lang, &line.verdict));
        rows.cell().maybe(line.key.as_deref(), |rows, key| {
            rows.id(key);
        });
        rows.cell();
        if rejected {
            rows.text(&fix_text(lang, &line.verdict, line.fix.as_deref()));
            rows.sub(&place(line.field.as_deref(), line.value.as_deref()));
        } else {
            rows.dash();
        }
    }
    let rows = rows.finish();
    view! {
        <Table label=tr!(in lang, "calls.duration.all_rows") cols=cols page_head=true>
            {rows}
        </Table>
    }
    .into_any()
}
