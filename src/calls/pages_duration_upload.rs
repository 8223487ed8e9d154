//! Sending durations by hand: a file or pasted rows.

use leptos::prelude::*;

use super::duration_row::columns;
use crate::base::Failure;
use crate::base::Scope;
use crate::identity::PageRequest;
use crate::tr;
use crate::ui::Button;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::Cols;
use crate::ui::Crumb;
use crate::ui::FileInput;
use crate::ui::Grid;
use crate::ui::Icon;
use crate::ui::Kind;
use crate::ui::Kv;
use crate::ui::KvRow;
use crate::ui::Lang;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Size;
use crate::ui::Textarea;
use crate::ui::translate_any;
use crate::ui::viewer;

/// `/o/{slug}/durations/upload`: the form, and what the columns mean.
///
/// # Errors
/// 401, 403 without `durations:write`.
pub async fn durations_upload_page(req: PageRequest) -> Result<Page, Failure> {
    req.ctx()?.require(Scope::DurationsWrite)?;
    let lang = viewer().lang;
    let path = format!("/o/{}/durations", req.slug());
    let title = tr!(in lang, "calls.duration.upload.title");
    let crumbs = vec![Crumb::link(path.clone(), tr!(in lang, "calls.duration.title")), Crumb::here(title.clone())];
    let body = view! {
        <PageHead title=title.clone() purpose=tr!(in lang, "calls.duration.upload.purpose") crumbs=crumbs />
        <Grid cols=Cols::Two>{form(lang, &req, &path)} {meanings(lang)}</Grid>
    };
    Ok(Page::new(title, body))
}

fn form(lang: Lang, req: &PageRequest, path: &str) -> AnyView {
    let aside = view! {
        <ButtonLink href=format!("{path}/template.csv") kind=Kind::Quiet size=Size::Small icon=Icon::Download download=true>
            {tr!(in lang, "calls.duration.template")}
        </ButtonLink>
    }
    .into_any();
    let foot = view! {
        <Button kind=Kind::Primary icon=Icon::Send>{tr!(in lang, "calls.duration.upload.send")}</Button>
        <span class="fine">{tr!(in lang, "calls.duration.upload.send_hint")}</span>
    }
    .into_any();
    let text = req.typed("text").map(str::to_owned);
    let (wrong_file, wrong_text) = (req.wrong("file"), req.wrong("text"));
    view! {
        <form method="post" action=format!("{path}/upload") enctype="multipart/form-data">
            <Card title=tr!(in lang, "calls.duration.upload.what") aside=aside foot=foot>
                <div class="fields">
                    <FileInput
                        name="file"
                        label=tr!(in lang, "calls.duration.upload.file")
                        accept=".csv,.ndjson,.jsonl,.json,.gz,.zst,text/csv,application/json"
                        hint=tr!(in lang, "calls.duration.upload.file_hint")
                        error=wrong_file
                    />
                    <Textarea
                        name="text"
                        label=tr!(in lang, "calls.duration.upload.paste")
                        hint=tr!(in lang, "calls.duration.upload.paste_hint")
                        value=text
                        rows=8
                        mono=true
                        error=wrong_text
                    />
                </div>
            </Card>
        </form>
    }
    .into_any()
}

fn meanings(lang: Lang) -> AnyView {
    let rows = columns().iter().map(|column| {
        let text = translate_any(lang, &format!("calls.duration.column.{column}")).unwrap_or_default();
        view! { <KvRow label=*column>{text}</KvRow> }
    });
    let rows = rows.collect_view();
    view! {
        <Card title=tr!(in lang, "calls.duration.upload.columns")>
            <Kv>{rows}</Kv>
        </Card>
    }
    .into_any()
}
