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

/// One example: its language, its file's name, and what the file holds.
struct Example {
    language: &'static str,
    name: &'static str,
    text: &'static str,
}

macro_rules! example {
    ($language:literal, $name:literal) => {
        Example { language: $language, name: $name, text: include_str!(concat!("guide/", $name)) }
    };
}

const TOKEN: Example = example!("curl", "token.sh");
const ENDPOINT: Example = example!("curl", "endpoint.sh");
const VERIFY: Example = example!("curl", "verify.sh");
const RECEIVER_JS: Example = example!("JavaScript", "receiver.mjs");
const RECEIVER_PY: Example = example!("Python", "receiver.py");
const V1A: Example = example!("JavaScript", "v1a.mjs");
const PULL: Example = example!("curl", "pull.sh");
const PULL_JS: Example = example!("JavaScript", "pull.mjs");
const PULL_PY: Example = example!("Python", "pull.py");
const RECOVER_COUNT: Example = example!("curl", "recover_count.sh");
const RECOVER: Example = example!("curl", "recover.sh");

/// The page.
///
/// # Errors
/// Never in practice: it reads nothing.
pub async fn guide_page(_req: PageRequest) -> Result<Page, Failure> {
    let title = tr!("app.guide.title");
    let crumbs = vec![Crumb::link("/api/docs", tr!("app.docs.title")), Crumb::here(title.clone())];
    let steps = [begin(), receive(), rules(), withheld(), stock(), watch(), secrets(), pull(), recover()];
    let steps = steps.into_iter().collect_view();
    let body = view! {
        <PageHead title=title.clone() purpose=tr!("app.guide.purpose") crumbs=crumbs>
            <a class="button" href="/api/docs">{tr!("app.docs.title")}</a>
        </PageHead>
        {steps}
    };
    Ok(Page::new(title, body).wide())
}

fn begin() -> AnyView {
    section("begin", tr!("app.guide.begin"), &[tr!("app.guide.begin_text")], &[TOKEN, ENDPOINT, VERIFY])
}

fn receive() -> AnyView {
    let words = [
        tr!("app.guide.receive_text"),
        tr!("app.guide.receive_bytes"),
        tr!("app.guide.receive_fast"),
        tr!("app.guide.receive_types"),
    ];
    section("receive", tr!("app.guide.receive"), &words, &[RECEIVER_JS, RECEIVER_PY])
}

fn rules() -> AnyView {
    let rules = [
        tr!("app.guide.rule_order"),
        tr!("app.guide.rule_once"),
        tr!("app.guide.rule_taken"),
        tr!("app.guide.rule_retry"),
        tr!("app.guide.rule_pause"),
        tr!("app.guide.rule_later"),
        tr!("app.guide.rule_probe"),
        tr!("app.guide.rule_resume"),
        tr!("app.guide.rule_gone"),
        tr!("app.guide.rule_transport"),
        tr!("app.guide.rule_refuse"),
    ];
    let rules = rules.iter().map(|rule| view! { <li>{prose(rule)}</li> }).collect_view();
    view! {
        <Card title=tr!("app.guide.rules") id="rules">
            <ul class="bullets">{rules}</ul>
        </Card>
    }
    .into_any()
}

fn withheld() -> AnyView {
    section("withheld", tr!("app.guide.withheld"), &[tr!("app.guide.withheld_text"), tr!("app.guide.withheld_after")], &[])
}

fn stock() -> AnyView {
    section("stock", tr!("app.guide.stock"), &[tr!("app.guide.stock_text"), tr!("app.guide.stock_other")], &[])
}

fn watch() -> AnyView {
    section("watch", tr!("app.guide.watch"), &[tr!("app.guide.watch_push"), tr!("app.guide.watch_heartbeat")], &[])
}

fn secrets() -> AnyView {
    let words = [tr!("app.guide.secrets_text"), tr!("app.guide.secrets_again"), tr!("app.guide.secrets_v1a")];
    section("secrets", tr!("app.guide.secrets"), &words, &[V1A])
}

fn pull() -> AnyView {
    let words = [tr!("app.guide.pull_text"), tr!("app.guide.pull_ack"), tr!("app.guide.pull_wait")];
    section("pull", tr!("app.guide.pull"), &words, &[PULL, PULL_JS, PULL_PY])
}

fn recover() -> AnyView {
    let words = [tr!("app.guide.recover_text"), tr!("app.guide.recover_count")];
    section("recover", tr!("app.guide.recover"), &words, &[RECOVER_COUNT, RECOVER])
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
    let (copy, done) = (tr!("ui.copy", what = example.name).into_owned(), tr!("ui.copied").into_owned());
    view! {
        <h3 class="cluster">
            <code>{example.name}</code>
            <span class="fine">{example.language}</span>
            <CopyButton value=example.text.to_owned() label=copy done_label=done />
        </h3>
        <Code label=label text=example.text.to_owned() />
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
