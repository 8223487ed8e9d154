//! A tenant's file of people and accounts: the form, and the check with a verdict per row and who would leave.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::forms_stock::DropTargets;
use super::forms_stock::RunTargets;
use super::target_csv;
use super::target_uploads;
use super::target_uploads::TargetVerdict;
use super::target_uploads::TargetsChecked;
use super::words::TargetKind;
use crate::base::Failure;
use crate::base::Scope;
use crate::identity::PageRequest;
use crate::tr;
use crate::trn;
use crate::ui::ActionButton;
use crate::ui::Badge;
use crate::ui::Button;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::ChipLinks;
use crate::ui::Col;
use crate::ui::Cols;
use crate::ui::Crumb;
use crate::ui::Empty;
use crate::ui::FileInput;
use crate::ui::Grid;
use crate::ui::Icon;
use crate::ui::Kind;
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
use crate::ui::Textarea;
use crate::ui::Tile;
use crate::ui::Tiles;
use crate::ui::Tone;
use crate::ui::Viewer;
use crate::ui::viewer;

/// Rows shown at once.
const ROWS: usize = 200;
const VERDICTS: [&str; 5] = ["new", "changed", "back", "same", "wrong"];

fn crumbs(lang: Lang, slug: &str, here: impl Into<Text>) -> Vec<Crumb> {
    vec![Crumb::link(format!("/t/{slug}/targets"), tr!(in lang, "numbers.people")), Crumb::here(here)]
}

/// `/t/{slug}/targets/upload`: the form, and what its columns mean.
///
/// # Errors
/// 401, 403 without `tenant:assign`.
pub async fn target_upload_page(req: PageRequest) -> Result<Page, Failure> {
    req.ctx()?.require(Scope::TenantAssign)?;
    let v = viewer();
    let lang = v.lang;
    let title = tr!(in lang, "numbers.people_upload");
    let form = form(lang, &req);
    let columns = columns(lang);
    let body = view! {
        <PageHead
            title=title.clone()
            purpose=tr!(in lang, "numbers.people_upload_purpose")
            crumbs=crumbs(lang, req.slug(), title.clone())
        />
        <Grid cols=Cols::Two>{form} {columns}</Grid>
    };
    Ok(Page::new(title, body))
}

fn form(lang: Lang, req: &PageRequest) -> AnyView {
    let action = format!("/t/{}/targets/upload", req.slug());
    let template = format!("/t/{}/targets/template.csv", req.slug());
    let (wrong, wrong_text) = (req.wrong("file"), req.wrong("text"));
    let text = req.typed("text").map(str::to_owned);
    let foot = view! {
        <Button kind=Kind::Primary>{tr!(in lang, "numbers.upload.check")}</Button>
        <span class="fine">{tr!(in lang, "numbers.upload.check_hint")}</span>
    }
    .into_any();
    let aside = view! {
        <ButtonLink href=template kind=Kind::Quiet size=Size::Small icon=Icon::Download download=true>
            {tr!(in lang, "numbers.upload.template")}
        </ButtonLink>
    }
    .into_any();
    view! {
        <form method="post" action=action enctype="multipart/form-data">
            <Card title=tr!(in lang, "numbers.people_upload_title") aside=aside foot=foot>
                <div class="fields">
                    <FileInput
                        name="file"
                        label=tr!(in lang, "numbers.upload.file")
                        accept=".csv,text/csv"
                        hint=tr!(in lang, "numbers.people_upload_hint")
                        error=wrong
                    />
                    <Textarea
                        name="text"
                        label=tr!(in lang, "numbers.upload.paste")
                        hint=tr!(in lang, "numbers.upload.paste_hint")
                        value=text
                        error=wrong_text
                        rows=5
                        mono=true
                    />
                </div>
            </Card>
        </form>
    }
    .into_any()
}

fn columns(lang: Lang) -> AnyView {
    let texts: [(&str, Text); 7] = [
        ("id", tr!(in lang, "numbers.people_column.id")),
        ("kind", tr!(in lang, "numbers.people_column.kind", kinds = TargetKind::listed())),
        ("display_name", tr!(in lang, "numbers.people_column.display_name")),
        ("upn", tr!(in lang, "numbers.people_column.upn")),
        ("usage_location", tr!(in lang, "numbers.people_column.usage_location")),
        ("licensed", tr!(in lang, "numbers.people_column.licensed")),
        ("department", tr!(in lang, "numbers.people_column.department")),
    ];
    let rows = texts.into_iter().map(|(name, text)| view! { <KvRow label=name>{text}</KvRow> }).collect_view();
    let foot = view! { <span class="fine">{tr!(in lang, "numbers.people_columns_fine")}</span> }.into_any();
    view! {
        <Card title=tr!(in lang, "numbers.people_columns") foot=foot>
            <Kv>{rows}</Kv>
        </Card>
    }
    .into_any()
}

/// `/t/{slug}/targets/upload/{id}`: what running the file would do.
///
/// # Errors
/// 401, 403 without `tenant:assign`, 404 when it was run or dropped.
pub async fn target_check_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let (upload, checked) = target_uploads::checked(&req.store, ctx, req.param("id")).await?;
    let v = viewer();
    let lang = v.lang;
    let name = if upload.file_name.is_empty() { tr!(in lang, "numbers.upload.pasted").into_owned() } else { upload.file_name };
    let title = tr!(in lang, "numbers.upload.check_title", name = name);
    let path = format!("/t/{}/targets/upload/{}", req.slug(), upload.id);
    let fields: Vec<(Text, Text)> =
        vec![("slug".into(), req.slug().to_owned().into()), ("id".into(), upload.id.to_string().into())];
    let drop_fields = fields.clone();
    let body = view! {
        <PageHead
            title=title.clone()
            purpose=tr!(in lang, "numbers.people_check_purpose")
            crumbs=crumbs(lang, req.slug(), tr!(in lang, "numbers.upload.step_check"))
        >
            <ActionButton action=DropTargets::url() fields=drop_fields kind=Kind::Danger>
                {tr!(in lang, "numbers.upload.drop")}
            </ActionButton>
        </PageHead>
        {tiles(&v, &checked)}
        {run_cards(lang, &checked, &fields)}
        {row_list(&v, &path, &req, &checked)}
    };
    Ok(Page::new(title, body))
}

fn verdict(lang: Lang, word: &str) -> (Tone, Text) {
    match word {
        "new" => (Tone::Info, tr!(in lang, "numbers.people_verdict.new")),
        "changed" => (Tone::Info, tr!(in lang, "numbers.people_verdict.changed")),
        "back" => (Tone::Ok, tr!(in lang, "numbers.people_verdict.back")),
        "same" => (Tone::Neutral, tr!(in lang, "numbers.people_verdict.same")),
        _ => (Tone::Danger, tr!(in lang, "numbers.people_verdict.wrong")),
    }
}

fn tiles(v: &Viewer, checked: &TargetsChecked) -> AnyView {
    let lang = v.lang;
    let tiles = VERDICTS.map(|word| {
        let (tone, label) = verdict(lang, word);
        let n = checked.count(word);
        let mark =
            (word == "wrong" && n > 0).then(|| view! { <Badge tone=tone text=tr!(in lang, "numbers.upload.will_not_run") /> });
        view! { <Tile label=label value=v.count(n)>{mark}</Tile> }
    });
    view! { <Tiles>{tiles.into_iter().collect_view()}</Tiles> }.into_any()
}

/// The two ways to run it, each with what it does.
fn run_cards(lang: Lang, checked: &TargetsChecked, fields: &[(Text, Text)]) -> AnyView {
    let good = i64::try_from(checked.rows.len()).unwrap_or(i64::MAX) - checked.count("wrong");
    let wrong = checked.count("wrong");
    let with = |mode: &'static str| {
        let more: [(Text, Text); 2] = [("mode".into(), mode.into()), ("leaving".into(), checked.leaving.to_string().into())];
        fields.iter().cloned().chain(more).collect::<Vec<_>>()
    };
    let nothing = (good == 0).then(|| tr!(in lang, "numbers.people_nothing").into_owned());
    let not_all = (wrong > 0).then(|| tr!(in lang, "numbers.people_not_all").into_owned());
    let leave = if checked.leaving == 0 {
        tr!(in lang, "numbers.people_nobody_leaves")
    } else {
        trn!(in lang, "numbers.people_would_leave", checked.leaving)
    };
    let held = (checked.leaving_numbers > 0)
        .then(|| view! { <Badge tone=Tone::Warn text=trn!(in lang, "numbers.people_would_hold", checked.leaving_numbers) /> });
    let (merge, replace) = (with("merge"), with("replace"));
    let not_replaced = nothing.clone().or(not_all);
    let merge_word = trn!(in lang, "numbers.people_merge", good);
    let replace_word = trn!(in lang, "numbers.people_replace", good);
    let replace_kind = if checked.leaving > 0 { Kind::Danger } else { Kind::Plain };
    view! {
        <Grid cols=Cols::Two>
            <Card title=tr!(in lang, "numbers.people_merge_title")>
                <div class="stack" data-gap="tight">
                    <p>{tr!(in lang, "numbers.people_merge_text")}</p>
                    <div class="cluster">
                        <ActionButton action=RunTargets::url() fields=merge kind=Kind::Primary blocked=nothing>
                            {merge_word}
                        </ActionButton>
                    </div>
                </div>
            </Card>
            <Card title=tr!(in lang, "numbers.people_replace_title")>
                <div class="stack" data-gap="tight">
                    <p>{leave} " " {held}</p>
                    <div class="cluster">
                        <ActionButton
                            action=RunTargets::url()
                            fields=replace
                            kind=replace_kind
                            blocked=not_replaced
                        >
                            {replace_word}
                        </ActionButton>
                    </div>
                </div>
            </Card>
        </Grid>
    }
    .into_any()
}

fn row_list(v: &Viewer, path: &str, req: &PageRequest, checked: &TargetsChecked) -> AnyView {
    let lang = v.lang;
    let only = req.query.get("verdict").filter(|word| VERDICTS.contains(word));
    let first = req.query.first_page();
    let mut chips = vec![(first.without("verdict").href(path), tr!(in lang, "numbers.tab.all"), only.is_none())];
    chips.extend(VERDICTS.map(|word| (first.with("verdict", word).href(path), verdict(lang, word).1, only == Some(word))));
    let after: i32 = req.query.get("after").and_then(|row| row.parse().ok()).unwrap_or(0);
    let shown = |row: &&TargetVerdict| row.row > after && only.is_none_or(|only| only == row.verdict);
    let mut rows: Vec<&TargetVerdict> = checked.rows.iter().filter(shown).take(ROWS + 1).collect();
    let more = rows.len() > ROWS;
    rows.truncate(ROWS);
    let next = rows.last().filter(|_| more).map(|row| req.query.after(row.row.to_string()).href(path));
    let previous = (after > 0).then(|| first.href(path));
    let content =
        if rows.is_empty() { view! { <Empty title=tr!(in lang, "numbers.upload.no_rows") /> }.into_any() } else { table(v, &rows) };
    let text = trn!(in lang, "numbers.people_wrong_rows", checked.count("wrong"));
    view! {
        <section class="stack" data-gap="tight">
            <ChipLinks label=tr!(in lang, "numbers.upload.verdict") items=chips />
            <List>{content} <Pager text=text previous=previous next=next /></List>
        </section>
    }
    .into_any()
}

fn table(v: &Viewer, lines: &[&TargetVerdict]) -> AnyView {
    let lang = v.lang;
    let cols = vec![
        Col::new(tr!(in lang, "numbers.order.row")).num(),
        Col::new(tr!(in lang, "numbers.people_name")),
        Col::new(tr!(in lang, "numbers.upload.verdict")),
        Col::new(tr!(in lang, "numbers.upload.why")).wrap(),
    ];
    let mut rows = Rows::new(v, &cols);
    for line in lines {
        let (tone, word) = verdict(lang, line.verdict);
        if line.verdict == "wrong" {
            rows.row_toned(Tone::Danger)
        } else {
            rows.row()
        };
        rows.cell().count(line.row.into());
        rows.cell().text(&line.name).sub(&line.id);
        rows.cell().badge(tone, &word);
        rows.cell().maybe(line.field, |rows, field| {
            rows.text(&fix(lang, field));
        });
    }
    let rows = rows.finish();
    view! {
        <Table label=tr!(in lang, "numbers.order.rows") cols=cols page_head=true>
            {rows}
        </Table>
    }
    .into_any()
}

fn fix(lang: Lang, field: &str) -> Text {
    match field {
        "row" => tr!(in lang, "numbers.people_fix.row"),
        "twice" => tr!(in lang, "numbers.people_fix.twice"),
        "id" => tr!(in lang, "numbers.people_fix.id"),
        "kind" => tr!(in lang, "numbers.people_column.kind", kinds = TargetKind::listed()),
        "display_name" => tr!(in lang, "numbers.people_fix.display_name"),
        "usage_location" => tr!(in lang, "numbers.people_fix.usage_location"),
        "licensed" => tr!(in lang, "numbers.people_fix.licensed"),
        _ => tr!(in lang, "numbers.people_fix.text", field = field.to_owned()),
    }
}

/// The first lines of a file, for the template.
#[must_use]
pub fn template() -> String {
    let header = target_csv::COLUMNS.join(",");
    let rows = ["m.lang,user,Mara Lang,m.lang@contoso.example,DE,yes,Sales", "front-desk,resource_account,Front desk,,DE,yes,"];
    format!("{header}\r\n{}\r\n", rows.join("\r\n"))
}
