//! `/api/docs`: the machine contract as a readable page, made from the OpenAPI document itself.

use std::sync::OnceLock;

use http::Method;
use leptos::prelude::*;
use serde_json::Value;

use super::docs_guide::prose;
use super::docs_tables::code_table;
use super::docs_tables::event_table;
use super::openapi;
use super::openapi_shared::REFUSALS;
use super::scopes;
use crate::base::Failure;
use crate::identity::OrgKind;
use crate::identity::PageRequest;
use crate::tr;
use crate::ui::Badge;
use crate::ui::Card;
use crate::ui::Code;
use crate::ui::Disclosure;
use crate::ui::Kv;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Text;
use crate::ui::Tone;
use crate::ui::lang;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
/// A body of more fields is folded away.
const FOLDED: usize = 12;
/// How deep a body is shown.
const DEPTH: usize = 3;
/// Words of one field that are shown in its line.
const WORDS: usize = 8;

/// One call as shown.
struct Call {
    method: &'static str,
    path: String,
    summary: String,
    description: String,
    whose: AnyView,
    parameters: Vec<Field>,
    body: Option<Body>,
    answers: Vec<(String, String)>,
}

/// A parameter, or a field of a body.
pub(super) struct Field {
    name: String,
    kind: String,
    header: bool,
    pub(super) required: bool,
    /// Not there where it does not apply.
    pub(super) missing: bool,
    /// Always there, but null where it does not apply.
    nullable: bool,
    what: String,
}

/// What is sent with a call.
struct Body {
    media: String,
    optional: bool,
    fields: Vec<Field>,
}

/// The page.
///
/// # Errors
/// Never in practice: the document is plain data.
pub async fn docs_page(_req: PageRequest) -> Result<Page, Failure> {
    let document = document()?;
    let lang = lang();
    let groups = calls(document);
    let contents: Vec<(String, Text)> = groups
        .iter()
        .map(|(name, _)| (format!("#calls-{name}"), Text::from(name.clone())))
        .chain([("#events".to_owned(), tr!("app.docs.events")), ("#codes".to_owned(), tr!("app.docs.codes"))])
        .collect();
    let contents = contents.into_iter().map(|(href, label)| view! { <a href=href>{label}</a> }).collect_view();
    let groups = groups.into_iter().map(|(name, calls)| {
        let (id, calls) = (format!("calls-{name}"), calls.into_iter().map(call_view).collect_view());
        view! { <Card title=name id=id flush=true>{calls}</Card> }
    });
    let curl = "curl -u CLIENT_ID:CLIENT_SECRET -d grant_type=client_credentials BASE/oauth/token\n\
                curl -H 'Authorization: Bearer TOKEN' 'BASE/api/v1/events?after=0'";
    let body = view! {
        <PageHead title=tr!("app.docs.title") purpose=tr!("app.docs.purpose")>
            <a class="button" href="/api/docs/notices">{tr!("app.guide.open")}</a>
            <a class="button" href="/api/v1/openapi.json">{tr!("app.docs.openapi")}</a>
        </PageHead>
        <div class="reference">
            <nav class="reference-nav" aria-label=tr!("app.docs.contents")>{contents}</nav>
            <div class="stack">
                <Card title=tr!("app.docs.first")>
                    <p>{tr!("app.docs.first_text")}</p>
                    <Code label=tr!("app.docs.first") text=curl />
                    <p>{tr!("app.docs.errors_text")}</p>
                </Card>
                {every_call(document)}
                {groups.collect_view()}
                {event_table(document, lang)}
                {code_table(lang)}
            </div>
        </div>
    };
    Ok(Page::new(tr!("app.docs.title"), body).wide())
}

/// The document, made once.
pub(super) fn document() -> Result<&'static Value, Failure> {
    static HELD: OnceLock<Value> = OnceLock::new();
    if let Some(held) = HELD.get() {
        return Ok(held);
    }
    let made: Value = serde_json::from_str(&openapi::document()?).map_err(anyhow::Error::new)?;
    Ok(HELD.get_or_init(|| made))
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
            let call = call(document, method, path, operation);
            match groups.iter_mut().find(|group| group.0 == name) {
                Some(group) => group.1.push(call),
                None => groups.push((name.clone(), vec![call])),
            }
        }
    }
    groups
}

fn call(document: &Value, method: &'static str, path: &str, operation: &Value) -> Call {
    // What calls share is said once on the page.
    let own = operation["responses"].as_object().into_iter().flatten().filter(|(_, answer)| !answer["$ref"].is_string());
    Call {
        method,
        path: path.to_owned(),
        summary: text(&operation["summary"]),
        description: text(&operation["description"]),
        whose: whose(method, path, operation),
        parameters: list(&operation["parameters"]).iter().map(|one| parameter(document, one)).collect(),
        body: body(document, &operation["requestBody"]),
        answers: own.map(|(status, answer)| (status.clone(), text(&answer["description"]))).collect(),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[][..], Vec::as_slice)
}

/// Who may make a call, and with which scope.
fn whose(method: &str, path: &str, operation: &Value) -> AnyView {
    let needed = method.to_uppercase().parse::<Method>().ok().and_then(|method| scopes::needed(&method, path));
    let Some((kind, scope)) = needed else {
        let open = operation["security"][0].as_object().is_some_and(serde_json::Map::is_empty);
        return if open { tr!("app.docs.no_token").into_any() } else { tr!("app.docs.any_client").into_any() };
    };
    let kind = match kind {
        OrgKind::Tenant => tr!("app.kind.tenant"),
        OrgKind::Operator => tr!("app.kind.operator"),
        OrgKind::Platform => tr!("app.kind.platform"),
    };
    let label = tr!("app.docs.scope");
    view! { {label} " " <code>{scope.as_str()}</code> ", " {kind} }.into_any()
}

fn parameter(document: &Value, one: &Value) -> Field {
    let one = resolved(document, one);
    Field {
        name: text(&one["name"]),
        kind: kind_of(document, &one["schema"]),
        header: one["in"] == "header",
        required: one["required"] == true,
        missing: false,
        nullable: false,
        what: text(&one["description"]),
    }
}

fn body(document: &Value, body: &Value) -> Option<Body> {
    let content = body["content"].as_object()?;
    let first = content.get("application/json").or_else(|| content.values().next())?;
    let mut fields = Vec::new();
    collect(document, &first["schema"], "", DEPTH, &mut fields);
    let media: Vec<&str> = content.keys().map(String::as_str).collect();
    Some(Body { media: media.join(", "), optional: body["required"] != true, fields })
}

/// The fields of a schema, those inside of others behind their names; required ones first.
pub(super) fn collect(document: &Value, schema: &Value, before: &str, depth: usize, out: &mut Vec<Field>) {
    let schema = plain(document, schema);
    if schema["items"].is_object() {
        return collect(document, &schema["items"], &format!("{before}[]."), depth, out);
    }
    let required = list(&schema["required"]);
    let is_required = |name: &str| required.iter().any(|one| one.as_str() == Some(name));
    let mut all: Vec<(&String, &Value)> = schema["properties"].as_object().into_iter().flatten().collect();
    all.sort_by_key(|(name, _)| !is_required(name));
    for (name, property) in all {
        let inner = plain(document, property);
        let said = if property["description"].is_string() { property } else { inner };
        let path = format!("{before}{name}");
        out.push(Field {
            name: path.clone(),
            kind: kind_of(document, property),
            header: false,
            required: is_required(name),
            missing: false,
            nullable: is_required(name) && has_null(property),
            what: text(&said["description"]),
        });
        let (inner, path) = match plain(document, &inner["items"]) {
            Value::Null => (inner, format!("{path}.")),
            item => (item, format!("{path}[].")),
        };
        if depth > 1 && inner["properties"].is_object() {
            collect(document, inner, &path, depth - 1, out);
        }
    }
}

/// What a reference leads to; anything else is itself.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let place = value["$ref"].as_str().and_then(|to| to.strip_prefix('#'));
    place.and_then(|place| document.pointer(place)).unwrap_or(value)
}

/// A schema behind its reference and without the null beside it.
fn plain<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let schema = resolved(document, schema);
    let some = list(&schema["oneOf"]).iter().find(|one| one["type"] != "null");
    some.map_or(schema, |one| resolved(document, one))
}

/// Whether a value may be null.
fn has_null(schema: &Value) -> bool {
    list(&schema["type"]).iter().any(|kind| kind == "null") || list(&schema["oneOf"]).iter().any(|one| one["type"] == "null")
}

/// `string`, `integer`, `string[]`, `v1 | v1a | both` …
fn kind_of(document: &Value, schema: &Value) -> String {
    let schema = plain(document, schema);
    let words: Vec<&str> = list(&schema["enum"]).iter().filter_map(Value::as_str).collect();
    if (1..=WORDS).contains(&words.len()) {
        return words.join(" | ");
    }
    if schema["items"].is_object() {
        return format!("{}[]", kind_of(document, &schema["items"]));
    }
    let kinds = list(&schema["type"]).iter().find(|kind| *kind != "null").unwrap_or(&schema["type"]);
    match (kinds.as_str(), schema["format"].as_str()) {
        (Some(kind), Some(format @ ("date-time" | "date" | "uuid"))) => format!("{kind} ({format})"),
        (Some(kind), _) => kind.to_owned(),
        (None, _) => "object".to_owned(),
    }
}

fn call_view(call: Call) -> AnyView {
    let tone = if call.method == "get" { Tone::Info } else { Tone::Neutral };
    let parameters = (!call.parameters.is_empty()).then(|| {
        view! { <h4>{tr!("app.docs.parameters")}</h4>{field_list(call.parameters)} }
    });
    let words = call.description.split("\n\n").filter(|words| !words.is_empty());
    let description = words.map(|words| view! { <p class="muted">{prose(words)}</p> }).collect_view();
    let answers = call.answers.into_iter().map(|(status, what)| view! { <dt><code>{status}</code></dt><dd>{prose(&what)}</dd> });
    let answers = answers.collect_view();
    view! {
        <details class="call">
            <summary>
                <h3 class="cluster"><Badge tone=tone text=call.method.to_uppercase() /> <code class="id">{call.path}</code></h3>
                <span class="fine">{prose(&call.summary)}</span>
            </summary>
            <div class="stack" data-gap="tight">
                {description}
                <p class="fine">{call.whose}</p>
                {parameters}
                {call.body.map(body_view)}
                <h4>{tr!("app.docs.answers")}</h4>
                <Kv>{answers}</Kv>
            </div>
        </details>
    }
    .into_any()
}

fn body_view(body: Body) -> AnyView {
    let optional = if body.optional { format!(", {}", tr!("app.docs.body_optional")) } else { String::new() };
    let summary = format!("{}{optional}", body.media);
    let title = tr!("app.docs.body");
    if body.fields.is_empty() {
        return view! { <h4>{title}</h4><p class="fine">{summary}</p> }.into_any();
    }
    if body.fields.len() <= FOLDED {
        return view! { <h4>{title}</h4><p class="fine">{summary}</p>{field_list(body.fields)} }.into_any();
    }
    view! {
        <h4>{title}</h4>
        <Disclosure summary=summary>{field_list(body.fields)}</Disclosure>
    }
    .into_any()
}

pub(super) fn field_list(fields: Vec<Field>) -> AnyView {
    let rows = fields.into_iter().map(|field| {
        let mut notes = vec![Text::from(field.kind)];
        notes.extend(field.nullable.then(|| tr!("app.docs.nullable")));
        notes.extend(field.missing.then(|| tr!("app.docs.missing")));
        notes.extend(field.header.then(|| tr!("app.docs.header")));
        notes.extend(field.required.then(|| tr!("app.docs.required")));
        let notes = format!("{}. ", notes.join(", "));
        view! {
            <dt><code class="id">{field.name}</code></dt>
            <dd><span class="fine">{notes}</span>{prose(&field.what)}</dd>
        }
    });
    let rows = rows.collect_view();
    view! { <Kv>{rows}</Kv> }.into_any()
}

/// The refusals that calls share.
fn every_call(document: &Value) -> AnyView {
    let rows = REFUSALS.into_iter().map(|(status, name)| {
        let what = text(&document["components"]["responses"][name]["description"]);
        view! { <dt><code>{status}</code></dt><dd>{prose(&what)}</dd> }
    });
    let rows = rows.collect_view();
    view! {
        <Card title=tr!("app.docs.every")>
            <p>{prose(&tr!("app.docs.every_text"))}</p>
            <Kv>{rows}</Kv>
        </Card>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_shows_what_it_takes_and_who_may_make_it() {
        let groups = calls(document().expect("a document"));
        let all: Vec<&Call> = groups.iter().flat_map(|(_, calls)| calls).collect();
        let find = |method: &str, path: &str| all.iter().find(|call| call.method == method && call.path == path).expect("a call");
        let names = |fields: &[Field]| -> Vec<String> { fields.iter().map(|field| field.name.clone()).collect() };
        let provision = find("post", "/numbers");
        let body = provision.body.as_ref().expect("a body");
        assert!(!body.optional && names(&body.fields).contains(&"numbers[].e164".to_owned()));
        assert!(names(&provision.parameters).contains(&"Idempotency-Key".to_owned()));
        assert!(find("post", "/endpoints/{id}/rotate").body.as_ref().expect("a body").optional);
        let signature = &find("post", "/endpoints").body.as_ref().expect("a body").fields;
        assert!(signature.iter().any(|field| field.name == "signature" && field.kind == "v1 | v1a | both"));
    }
}
