//! What the calls do on the wire beyond what each says of itself, added to the document in one place: refusals as problems, limits
//! of rate and size, replays, versions, the forms of lists. A test holds the lists of calls here to the handlers.

use std::collections::BTreeMap;

use http::Method;
use utoipa::openapi::Content;
use utoipa::openapi::KnownFormat;
use utoipa::openapi::ObjectBuilder;
use utoipa::openapi::OpenApi;
use utoipa::openapi::Ref;
use utoipa::openapi::RefOr;
use utoipa::openapi::Required;
use utoipa::openapi::Schema;
use utoipa::openapi::SchemaFormat;
use utoipa::openapi::Type;
use utoipa::openapi::path::Operation;
use utoipa::openapi::path::Parameter;
use utoipa::openapi::path::ParameterIn;

use super::openapi_shared::PROBLEM;
use super::openapi_shared::header;
use super::openapi_shared::limit_headers;
use super::openapi_shared::problem;
use super::openapi_shared::share;
use super::scopes;
use crate::base::Problem;
use crate::identity::OPEN_PATHS;

const JSON: &str = "application/json";

/// Calls that take an `Idempotency-Key`.
const ONCE: [&str; 26] = [
    "PATCH /numbers",
    "POST /duration-batches",
    "POST /duration-coverage/{day}/close",
    "POST /endpoints",
    "POST /endpoints/{id}/recover",
    "POST /endpoints/{id}/rotate",
    "POST /events/{id}/redeliver",
    "POST /numbers",
    "POST /numbers/release",
    "POST /numbers/{e164}/refuse",
    "POST /platform/call-records",
    "POST /tenant/change-sets",
    "POST /tenant/change-sets/{id}/run",
    "POST /tenant/change-sets/{id}/undo",
    "POST /tenant/emergency-locations",
    "POST /tenant/numbers/{e164}/assign",
    "POST /tenant/numbers/{e164}/category",
    "POST /tenant/numbers/{e164}/emergency-location",
    "POST /tenant/numbers/{e164}/request-release",
    "POST /tenant/numbers/{e164}/reserve",
    "POST /tenant/numbers/{e164}/retry",
    "POST /tenant/numbers/{e164}/tag",
    "POST /tenant/numbers/{e164}/unassign",
    "POST /tenant/numbers/{e164}/unreserve",
    "POST /tenant/numbers/{e164}/untag",
    "POST /tenant/numbers/{e164}/usage",
];

/// Calls that take an `If-Match`.
const IF_MATCH: [&str; 13] = [
    "DELETE /endpoints/{id}",
    "PATCH /endpoints/{id}",
    "POST /tenant/numbers/{e164}/assign",
    "POST /tenant/numbers/{e164}/category",
    "POST /tenant/numbers/{e164}/emergency-location",
    "POST /tenant/numbers/{e164}/request-release",
    "POST /tenant/numbers/{e164}/reserve",
    "POST /tenant/numbers/{e164}/retry",
    "POST /tenant/numbers/{e164}/tag",
    "POST /tenant/numbers/{e164}/unassign",
    "POST /tenant/numbers/{e164}/unreserve",
    "POST /tenant/numbers/{e164}/untag",
    "POST /tenant/numbers/{e164}/usage",
];

/// Calls that answer with an `ETag`, beside those that change what [`IF_MATCH`] names.
const ETAG: [&str; 8] = [
    "GET /endpoints/{id}",
    "GET /numbers/{e164}",
    "GET /tenant/numbers/{e164}",
    "POST /endpoints",
    "POST /endpoints/{id}/pause",
    "POST /endpoints/{id}/resume",
    "POST /endpoints/{id}/rotate",
    "POST /endpoints/{id}/verify",
];

/// Calls whose JSON body may be left out, and whose `Content-Type` is not looked at.
const LOOSE: [&str; 7] = [
    "POST /endpoints/{id}/rotate",
    "POST /events/{id}/redeliver",
    "POST /tenant/change-sets/{id}/run",
    "POST /tenant/numbers/{e164}/request-release",
    "POST /tenant/numbers/{e164}/retry",
    "POST /tenant/numbers/{e164}/unassign",
    "POST /tenant/numbers/{e164}/unreserve",
];

/// Calls that take a large body, perhaps compressed.
const BULK: [&str; 5] = [
    "POST /duration-batches",
    "POST /platform/call-records",
    "POST /tenant/change-sets",
    "PUT /platform/tenants/{id}/assignments",
    "PUT /platform/tenants/{id}/targets",
];

/// Calls that wait for the outcome with `Prefer: wait`.
const PREFER: [&str; 2] = ["POST /duration-batches", "POST /platform/call-records"];

/// Lists that go on by `cursor` and do not say so themselves.
const PAGED: [&str; 2] = ["GET /tenants", "GET /transfers"];

/// Says all of it in the document.
pub fn describe(document: &mut OpenApi) {
    share(document.components.get_or_insert_default());
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in scopes::operations(item) {
            let key = format!("{method} {path}");
            as_problems(operation);
            parameters(&key, operation);
            list_forms(&key, operation);
            body(&key, operation);
            replays(&key, operation);
            versions(&key, operation);
            refusals_of_all(path, operation);
        }
    }
    name_once(document);
    beside_rows(&mut document.components.get_or_insert_default().schemas);
}

/// What some lists say beside their rows: name of the list's rows, key, whether it is always there, what.
const BESIDE: [(&str, &str, bool, &str); 4] = [
    (
        "OperatorLine",
        "events_after",
        false,
        "On the first page: the `seq` from which `GET /events` goes on without a gap, so that list and feed join to one whole.",
    ),
    ("MetricsOut", "step_s", true, "Seconds of one step."),
    ("QualityOut", "from", true, "Begin of the span that was counted."),
    ("QualityOut", "to", true, "Its end, which is not in it."),
];

fn beside_rows(schemas: &mut BTreeMap<String, RefOr<Schema>>) {
    for (rows, key, always, what) in BESIDE {
        let Some(RefOr::T(Schema::Object(list))) = schemas.get_mut(&format!("Listing_{rows}")) else { continue };
        let (kind, format) =
            if matches!(key, "from" | "to") { (Type::String, KnownFormat::DateTime) } else { (Type::Integer, KnownFormat::Int64) };
        let format = Some(SchemaFormat::KnownFormat(format));
        let value = ObjectBuilder::new().schema_type(kind).format(format).description(Some(what));
        list.properties.insert(key.to_owned(), value.into());
        if always {
            list.required.push(key.to_owned());
        }
    }
}

fn parameter(name: &str) -> RefOr<Parameter> {
    RefOr::Ref(Ref::new(format!("#/components/parameters/{name}")))
}

/// Refusals come as problems; an answer without words gets those of its status.
fn as_problems(operation: &mut Operation) {
    for (status, answer) in &mut operation.responses.responses {
        let RefOr::T(answer) = answer else { continue };
        if answer.description.is_empty() {
            let status: u16 = status.parse().unwrap_or(500);
            let words = if status < 300 { "What was asked for" } else { Problem::new(status, "", "").title() };
            words.clone_into(&mut answer.description);
        }
        if answer.content.values().any(is_problem)
            && let Some(content) = answer.content.shift_remove(JSON)
        {
            answer.content.insert(PROBLEM.to_owned(), content);
        }
    }
}

fn is_problem(content: &RefOr<Content>) -> bool {
    schema_of(content).is_some_and(|name| name == "Problem")
}

/// The name of the schema that a content refers to.
fn schema_of(content: &RefOr<Content>) -> Option<&str> {
    let RefOr::T(content) = content else { return None };
    let Some(RefOr::Ref(to)) = &content.schema else { return None };
    to.ref_location.strip_prefix("#/components/schemas/")
}

/// Says a refusal: a new answer, or more words on one that is there.
fn say(operation: &mut Operation, status: &str, words: &str) {
    let answers = &mut operation.responses.responses;
    match answers.get_mut(status) {
        None => {
            answers.insert(status.to_owned(), RefOr::T(problem(words).build()));
        }
        Some(RefOr::T(told)) if !told.description.contains(words) => {
            told.description.push_str("; ");
            told.description.push_str(words);
        }
        Some(_) => {}
    }
}

/// Puts an answer that calls share.
fn refer(operation: &mut Operation, status: &str, name: &str) {
    operation.responses.responses.insert(status.to_owned(), RefOr::Ref(Ref::from_response_name(name)));
}

/// Adds a header to the answers with these statuses.
fn with_header(operation: &mut Operation, statuses: &[&str], name: &str, shared: &str) {
    for (status, answer) in &mut operation.responses.responses {
        if let (RefOr::T(answer), true) = (answer, statuses.contains(&status.as_str())) {
            answer.headers.insert(name.to_owned(), RefOr::Ref(header(shared)));
        }
    }
}

/// Parameters of the query: each once, `limit` and `cursor` by the shared ones.
fn parameters(key: &str, operation: &mut Operation) {
    let all = operation.parameters.get_or_insert_default();
    for one in all.iter_mut() {
        let shared = match one {
            RefOr::T(own) if own.name == "limit" => "Limit",
            RefOr::T(own) if own.name == "cursor" => "Cursor",
            RefOr::T(_) | RefOr::Ref(_) => continue,
        };
        *one = parameter(shared);
    }
    if PAGED.contains(&key) {
        all.extend(["Limit", "Cursor"].map(parameter));
    }
    let mut kept: Vec<RefOr<Parameter>> = Vec::with_capacity(all.len());
    for one in all.drain(..) {
        if !kept.contains(&one) {
            kept.push(one);
        }
    }
    let queried = kept.iter().any(|one| matches!(one, RefOr::T(own) if own.parameter_in == ParameterIn::Query));
    let paged = kept.contains(&parameter("Cursor"));
    operation.parameters = (!kept.is_empty()).then_some(kept);
    if queried {
        say(operation, "400", "`query_malformed`");
    }
    if paged {
        say(operation, "400", "`cursor_invalid`");
    }
}

/// Lists come in three forms, the feed in two.
fn list_forms(key: &str, operation: &mut Operation) {
    let Some(RefOr::T(answer)) = operation.responses.responses.get_mut("200") else { return };
    let list = answer.content.get(JSON).and_then(schema_of).is_some_and(|name| name.starts_with("Listing_"));
    let feed = key == "GET /events";
    if !list && !feed {
        return;
    }
    let text = |what: &str| Content::new(Some(ObjectBuilder::new().schema_type(Type::String).description(Some(what))));
    answer.content.insert("application/x-ndjson".to_owned(), RefOr::T(text("One object of `data` a line.")));
    if list {
        answer.content.insert("text/csv".to_owned(), RefOr::T(text("RFC 4180 with a header; one object of `data` a line.")));
        answer.headers.insert("Link".to_owned(), RefOr::Ref(header("Link")));
    }
    say(operation, "400", "`limit_invalid`");
    refer(operation, "406", "NotAcceptable");
}

/// What is refused of a body before it is read.
fn body(key: &str, operation: &mut Operation) {
    let Some(RefOr::T(body)) = &mut operation.request_body else { return };
    let loose = LOOSE.contains(&key);
    if loose {
        body.required = Some(Required::False);
    }
    let form = body.content.contains_key("application/x-www-form-urlencoded");
    refer(operation, "413", "BodyTooLarge");
    if form {
        return;
    }
    say(operation, "400", "`body_malformed`");
    if !loose {
        refer(operation, "415", "MediaTypeUnsupported");
    }
    if BULK.contains(&key) {
        operation.parameters.get_or_insert_default().push(parameter("ContentDigest"));
        say(operation, "400", "`content_digest_invalid`, `content_digest_mismatch`");
    }
    if PREFER.contains(&key) {
        operation.parameters.get_or_insert_default().push(parameter("Prefer"));
    }
}

fn replays(key: &str, operation: &mut Operation) {
    if !ONCE.contains(&key) {
        return;
    }
    operation.parameters.get_or_insert_default().push(parameter("IdempotencyKey"));
    say(operation, "400", "`idempotency_key_invalid`");
    say(operation, "409", "`idempotency_in_flight`");
    say(operation, "422", "`idempotency_mismatch`");
    with_header(operation, &["200", "201", "202", "422"], "Idempotency-Replayed", "IdempotencyReplayed");
}

fn versions(key: &str, operation: &mut Operation) {
    let changes = IF_MATCH.contains(&key);
    if changes {
        operation.parameters.get_or_insert_default().push(parameter("IfMatch"));
        say(operation, "400", "`if_match_invalid`");
        say(operation, "412", if key.contains("/endpoints") { "`version_stale`" } else { "`version_conflict`" });
    }
    if changes || ETAG.contains(&key) {
        with_header(operation, &["200", "201"], "ETag", "ETag");
    }
}

/// What every call answers, with a token or without.
fn refusals_of_all(path: &str, operation: &mut Operation) {
    refer(operation, "503", "Unavailable");
    if OPEN_PATHS.contains(&path) {
        with_header(operation, &["429"], "Retry-After", "RetryAfter");
        return;
    }
    refer(operation, "401", "Unauthorized");
    if path != "/me" {
        refer(operation, "403", "Forbidden");
    }
    match operation.responses.responses.get_mut("429") {
        Some(RefOr::T(own)) => own.description.push_str("; `rate_limited`"),
        Some(RefOr::Ref(_)) | None => refer(operation, "429", "TooManyRequests"),
    }
    for (name, shared) in limit_headers() {
        with_header(operation, &["429"], name, shared);
    }
}

/// Names that several calls have become the method and the path: a generator of clients needs each once.
fn name_once(document: &mut OpenApi) {
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for item in document.paths.paths.values_mut() {
        for (_, operation) in scopes::operations(item) {
            *times.entry(operation.operation_id.clone().unwrap_or_default()).or_default() += 1;
        }
    }
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in scopes::operations(item) {
            if operation.operation_id.as_ref().and_then(|name| times.get(name)) != Some(&1) {
                operation.operation_id = Some(name_of(&method, path));
            }
        }
    }
}

/// `post_endpoints_id_verify`.
fn name_of(method: &Method, path: &str) -> String {
    let words = path.split(|sign: char| !sign.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.fold(method.as_str().to_ascii_lowercase(), |name, word| format!("{name}_{word}"))
}

#[cfg(test)]
mod tests {
    use super::super::openapi_sources::sources;
    use super::*;

    /// Every handler of the machine API: its call, and its text from the attribute on.
    fn handlers() -> Vec<(String, String)> {
        // The files of this room speak of handlers and have none.
        let others = sources().into_iter().filter(|(name, _)| !name.starts_with("app/"));
        let found: Vec<_> =
            others.flat_map(|(_, text)| text.split("#[utoipa::path(").skip(1).map(handler).collect::<Vec<_>>()).collect();
        assert!(found.len() > 70, "the handlers are not found: {}", found.len());
        found
    }

    fn handler(text: &str) -> (String, String) {
        let (method, rest) = text.split_once(',').expect("a method");
        let path = rest.split_once("path = \"").and_then(|(_, rest)| rest.split_once('"')).expect("a path").0;
        let end = text.find("\n}\n").unwrap_or(text.len());
        (format!("{} {path}", method.trim().to_uppercase()), text[..end].to_owned())
    }

    /// The calls whose handlers say one of these words, in order.
    fn saying(words: &[&str]) -> Vec<String> {
        let all = handlers().into_iter().filter(|(_, text)| words.iter().any(|word| text.contains(word)));
        let mut calls: Vec<String> = all.map(|(call, _)| call).collect();
        calls.sort();
        calls
    }

    #[test]
    fn the_lists_of_calls_are_those_of_the_handlers() {
        assert_eq!(saying(&["once: Once,"]), ONCE);
        assert_eq!(saying(&[": Bulk<"]), BULK);
        assert_eq!(saying(&["Wait(wait): Wait,"]), PREFER);
        assert_eq!(saying(&["raw: Bytes,", "body: Bytes,"]), LOOSE);
        // `Call` of the acts on a number reads the header and answers the version.
        assert_eq!(saying(&["if_match(&headers)", "Call {"]), IF_MATCH);
        let mut tagged: Vec<&str> = ETAG.into_iter().chain(IF_MATCH).filter(|call| !call.starts_with("DELETE ")).collect();
        tagged.sort_unstable();
        assert_eq!(saying(&["with_etag(", "shown(actions", "made(StatusCode", "answer(&number)", "Call {"]), tagged);
    }
}
