//! `/api/docs/notices`: how an operator's systems receive notices. The examples are files that the tests run as they stand.

use leptos::prelude::*;

use crate::base::Failure;
use crate::identity::PageRequest;
use crate::tr;
use crate::ui::Card;
use crate::ui::Code;
use crate::ui::CopyButton;
use crate::ui::Crumb;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Text;

/// One example: what it is, and its file.
struct Example {
    name: &'static str,
    file: &'static str,
}

const TOKEN: Example = Example { name: "curl", file: include_str!("guide/token.sh") };
const ENDPOINT: Example = Example { name: "curl", file: include_str!("guide/endpoint.sh") };
const VERIFY: Example = Example { name: "curl", file: include_str!("guide/verify.sh") };
const RECEIVER_JS: Example = Example { name: "JavaScript", file: include_str!("guide/receiver.mjs") };
const RECEIVER_PY: Example = Example { name: "Python", file: include_str!("guide/receiver.py") };
const PULL: Example = Example { name: "curl", file: include_str!("guide/pull.sh") };
const PULL_JS: Example = Example { name: "JavaScript", file: include_str!("guide/pull.mjs") };
const PULL_PY: Example = Example { name: "Python", file: include_str!("guide/pull.py") };
const RECOVER: Example = Example { name: "curl", file: include_str!("guide/recover.sh") };

/// The page.
///
/// # Errors
/// Never in practice: it reads nothing.
pub async fn guide_page(_req: PageRequest) -> Result<Page, Failure> {
    let title = tr!("app.guide.title");
    let crumbs = vec![Crumb::link("/api/docs", tr!("app.docs.title")), Crumb::here(title.clone())];
    let steps = [
        section("begin", tr!("app.guide.begin"), &[tr!("app.guide.begin_text")], &[TOKEN, ENDPOINT, VERIFY]),
        section(
            "receive",
            tr!("app.guide.receive"),
            &[tr!("app.guide.receive_text"), tr!("app.guide.receive_bytes"), tr!("app.guide.receive_fast")],
            &[RECEIVER_JS, RECEIVER_PY],
        ),
        section(
            "promises",
            tr!("app.guide.promises"),
            &[
                tr!("app.guide.promise_order"),
                tr!("app.guide.promise_once"),
                tr!("app.guide.promise_retry"),
                tr!("app.guide.promise_gaps"),
                tr!("app.guide.promise_withheld"),
            ],
            &[],
        ),
        section(
            "secrets",
            tr!("app.guide.secrets"),
            &[tr!("app.guide.secrets_text"), tr!("app.guide.secrets_v1a")],
            &[],
        ),
        section(
            "pull",
            tr!("app.guide.pull"),
            &[tr!("app.guide.pull_text"), tr!("app.guide.pull_ack"), tr!("app.guide.pull_start")],
            &[PULL, PULL_JS, PULL_PY],
        ),
        section("recover", tr!("app.guide.recover"), &[tr!("app.guide.recover_text")], &[RECOVER]),
    ];
    let steps = steps.into_iter().collect_view();
    let body = view! {
        <PageHead title=title.clone() purpose=tr!("app.guide.purpose") crumbs=crumbs>
            <a class="button" href="/api/docs">{tr!("app.docs.title")}</a>
        </PageHead>
        {steps}
    };
    Ok(Page::new(title, body))
}

fn section(id: &'static str, title: Text, words: &[Text], examples: &[Example]) -> AnyView {
    let words = words.iter().map(|text| view! { <p>{prose(text)}</p> }).collect_view();
    let examples = examples.iter().map(|example| example_view(&title, example)).collect_view();
    view! {
        <Card title=title.clone() id=id>
            <div class="stack" data-gap="tight">
                {words}
                {examples}
            </div>
        </Card>
    }
    .into_any()
}

fn example_view(section: &Text, example: &Example) -> AnyView {
    let label = format!("{section}, {}", example.name);
    let (copy, done) = (tr!("ui.copy", what = label).into_owned(), tr!("ui.copied").into_owned());
    view! {
        <h3 class="cluster">
            {example.name}
            <CopyButton value=example.file.to_owned() label=copy done_label=done />
        </h3>
        <Code label=label text=example.file.to_owned() />
    }
    .into_any()
}

/// Words with names of the contract between backticks.
pub(super) fn prose(text: &str) -> AnyView {
    let parts = text.split('`').enumerate().map(|(at, part)| {
        let part = part.to_owned();
        if at % 2 == 1 { view! { <code>{part}</code> }.into_any() } else { part.into_any() }
    });
    parts.collect_view().into_any()
}
