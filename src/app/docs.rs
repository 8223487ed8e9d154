//! `/api/docs`: the machine contract as a readable page, made from the OpenAPI document itself.

use leptos::prelude::*;
use serde_json::Value;

use super::docs_guide::prose;
use super::openapi;
use crate::base::Failure;
use crate::identity::PageRequest;
use crate::tr;
use crate::ui::Badge;
use crate::ui::Card;
use crate::ui::Code;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Tone;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// One call as shown.
struct Call {
    method: &'static str,
    path: String,
    summary: String,
    description: String,
    parameters: Vec<(String, String)>,
    answers: Vec<(String, String)>,
}

/// The page.
///
/// # Errors
/// Never in practice: the document is plain data.
pub async fn docs_page(_req: PageRequest) -> Result<Page, Failure> {
    let document: Value = serde_json::from_str(&openapi::document()?).map_err(anyhow::Error::new)?;
    let groups = calls(&document).into_iter().map(|(name, calls)| {
        let calls = calls.into_iter().map(call_view).collect_view();
        view! {
            <section class="stack" data-gap="tight">
                <h2>{name}</h2>
                {calls}
            </section>
        }
    });
    let curl = "curl -u CLIENT_ID:CLIENT_SECRET -d grant_type=client_credentials BASE/oauth/token\n\
                curl -H 'Authorization: Bearer TOKEN' 'BASE/api/v1/events?after=0'";
    let body = view! {
        <PageHead title=tr!("app.docs.title") purpose=tr!("app.docs.purpose")>
            <a class="button" href="/api/docs/notices">{tr!("app.guide.open")}</a>
            <a class="button" href="/api/v1/openapi.json">{tr!("app.docs.openapi")}</a>
        </PageHead>
        <Card title=tr!("app.docs.first")>
            <p>{tr!("app.docs.first_text")}</p>
            <Code label=tr!("app.docs.first") text=curl />
            <p>{tr!("app.docs.errors_text")}</p>
        </Card>
        {groups.collect_view()}
    };
    Ok(Page::new(tr!("app.docs.title"), body))
}

/// Calls grouped by the first part of their path, in the document's order.
fn calls(document: &Value) -> Vec<(String, Vec<Call>)> {
    let mut groups: Vec<(String, Vec<Call>)> = Vec::new();
    let Some(paths) = document["paths"].as_object() else {
        return groups;
    };
    for (path, item) in paths {
        let name = path.trim_start_matches('/').split('/').next().unwrap_or_default().to_owned();
        for method in METHODS {
            let Some(operation) = item.get(method) else { continue };
            let call = call(method, path, operation);
            match groups.iter_mut().find(|group| group.0 == name) {
                Some(group) => group.1.push(call),
                None => groups.push((name.clone(), vec![call])),
            }
        }
    }
    groups
}

fn call(method: &'static str, path: &str, operation: &Value) -> Call {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let parameters = operation["parameters"].as_array().map_or(&[][..], Vec::as_slice);
    let answers = operation["responses"].as_object();
    Call {
        method,
        path: path.to_owned(),
        summary: text(&operation["summary"]),
        description: text(&operation["description"]),
        parameters: parameters.iter().map(|p| (text(&p["name"]), text(&p["description"]))).collect(),
        answers: answers
            .map(|map| map.iter().map(|(status, a)| (status.clone(), text(&a["description"]))).collect())
            .unwrap_or_default(),
    }
}

fn call_view(call: Call) -> impl IntoView {
    let tone = if call.method == "get" { Tone::Info } else { Tone::Neutral };
    let rows = |pairs: Vec<(String, String)>| {
        pairs.into_iter().map(|(name, what)| view! { <li><code>{name}</code> " " {prose(&what)}</li> }).collect_view()
    };
    let parameters = (!call.parameters.is_empty()).then(|| {
        let list = rows(call.parameters);
        view! { <h4>{tr!("app.docs.parameters")}</h4><ul class="fine">{list}</ul> }
    });
    let answers = rows(call.answers);
    let description = (!call.description.is_empty()).then(|| view! { <p class="muted">{prose(&call.description)}</p> });
    view! {
        <Card>
            <div class="stack" data-gap="tight">
                <h3 class="cluster"><Badge tone=tone text=call.method.to_uppercase() /> <code>{call.path}</code></h3>
                <p>{prose(&call.summary)}</p>
                {description}
                {parameters}
                <h4>{tr!("app.docs.answers")}</h4>
                <ul class="fine">{answers}</ul>
            </div>
        </Card>
    }
}
