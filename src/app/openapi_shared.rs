//! What several calls of the document refer to: parameters, headers and refusals that are described once.

use utoipa::openapi::Components;
use utoipa::openapi::Content;
use utoipa::openapi::HeaderBuilder;
use utoipa::openapi::ObjectBuilder;
use utoipa::openapi::Ref;
use utoipa::openapi::RefOr;
use utoipa::openapi::Required;
use utoipa::openapi::ResponseBuilder;
use utoipa::openapi::Type;
use utoipa::openapi::path::ParameterBuilder;
use utoipa::openapi::path::ParameterIn;

/// The media type of refusals (RFC 9457).
pub const PROBLEM: &str = "application/problem+json";

/// The refusals that calls share: status and name.
pub const REFUSALS: [(&str, &str); 7] = [
    ("401", "Unauthorized"),
    ("403", "Forbidden"),
    ("406", "NotAcceptable"),
    ("413", "BodyTooLarge"),
    ("415", "MediaTypeUnsupported"),
    ("429", "TooManyRequests"),
    ("503", "Unavailable"),
];

/// Puts them into the document.
pub fn share(components: &mut Components) {
    let headers = [
        ("RetryAfter", "Seconds after which to try again.", Type::Integer),
        (
            "RateLimit",
            "Calls left now (`r`) and the seconds until there are more (`t`). Every answer to a token carries it.",
            Type::String,
        ),
        ("RateLimitPolicy", "Calls at once (`q`) and the seconds in which they come back (`w`).", Type::String),
        ("IdempotencyReplayed", "`true` when this is the stored answer of an earlier call with the same key.", Type::String),
        ("ETag", "The version, for `If-Match`.", Type::String),
        ("Link", "`rel=\"next\"` with the address of the next page, where there is one.", Type::String),
        ("WwwAuthenticate", "`Bearer`, with `error=\"invalid_token\"` for a token that is no longer good.", Type::String),
    ];
    for (name, what, kind) in headers {
        let schema = ObjectBuilder::new().schema_type(kind);
        let header = HeaderBuilder::new().schema(Some(schema)).description(Some(what)).build();
        components.headers.insert(name.to_owned(), RefOr::T(header));
    }
    for (name, parameter) in shared_parameters() {
        components.parameters.insert(name.to_owned(), RefOr::T(parameter.build()));
    }
    for (name, answer) in shared_answers() {
        components.responses.insert(name.to_owned(), RefOr::T(answer.build()));
    }
}

fn shared_parameters() -> [(&'static str, ParameterBuilder); 6] {
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let number = || ObjectBuilder::new().schema_type(Type::Integer);
    let one = |name: &str, place: ParameterIn, what: &str, schema: ObjectBuilder| {
        let named = ParameterBuilder::new().name(name).parameter_in(place).required(Required::False);
        named.description(Some(what)).schema(Some(schema))
    };
    [
        (
            "IdempotencyKey",
            one(
                "Idempotency-Key",
                ParameterIn::Header,
                "Makes the call safe to repeat: for 24 hours the same key and body of the same client get the stored answer (2xx and \
                 422), without secrets and with `Idempotency-Replayed: true`. Another body under the same key is refused.",
                text().min_length(Some(1)).max_length(Some(255)),
            ),
        ),
        (
            "IfMatch",
            one(
                "If-Match",
                ParameterIn::Header,
                "The `ETag` that was read: another version is not changed. Left out: any version.",
                text(),
            ),
        ),
        ("Prefer", one("Prefer", ParameterIn::Header, "`wait`: the answer comes when the batch is done.", text())),
        (
            "ContentDigest",
            one(
                "Content-Digest",
                ParameterIn::Header,
                "`sha-256=:…:` or `sha-512=:…:` of the body as sent (RFC 9530); another body is refused.",
                text(),
            ),
        ),
        (
            "Limit",
            one(
                "limit",
                ParameterIn::Query,
                "1 to 1,000; 100 when left out.",
                number().minimum(Some(1_i32)).maximum(Some(1_000_i32)),
            ),
        ),
        (
            "Cursor",
            one("cursor", ParameterIn::Query, "`next_cursor` of the page before. Cursors never skip and never repeat.", text()),
        ),
    ]
}

fn shared_answers() -> [(&'static str, ResponseBuilder); 7] {
    [
        (
            "Unauthorized",
            problem("No token, or one that is not good any more: `token_missing`, `token_invalid`, `token_expired`.")
                .header_ref("WWW-Authenticate", header("WwwAuthenticate")),
        ),
        (
            "Forbidden",
            problem("Another scope is needed, or a client of another kind of organisation: `scope_missing`, `wrong_org_kind`."),
        ),
        ("NotAcceptable", problem("`Accept` names none of the forms there are: `not_acceptable`.")),
        ("BodyTooLarge", problem("More than 1 MiB; on bulk calls more than 64 MiB as sent or 1 GiB unpacked: `body_too_large`.")),
        (
            "MediaTypeUnsupported",
            problem(
                "Another `Content-Type`, on bulk calls also another packing than `gzip` or `zstd`: `content_type_unsupported`, \
                 `content_encoding_unsupported`.",
            ),
        ),
        ("TooManyRequests", limited(problem("Too many calls of this client: `rate_limited`."))),
        (
            "Unavailable",
            problem(
                "For the moment: `unavailable`, `took_too_long`, `timeout`. Safe to repeat, if need be with the same \
                 `Idempotency-Key`.",
            )
            .header_ref("Retry-After", header("RetryAfter")),
        ),
    ]
}

/// A refusal in the form that all have.
pub fn problem(words: &str) -> ResponseBuilder {
    let content = Content::new(Some(Ref::from_schema_name("Problem")));
    ResponseBuilder::new().description(words).content(PROBLEM, content)
}

/// The reference to a header that is described once.
pub fn header(name: &str) -> Ref {
    Ref::new(format!("#/components/headers/{name}"))
}

fn limited(answer: ResponseBuilder) -> ResponseBuilder {
    limit_headers().into_iter().fold(answer, |answer, (name, shared)| answer.header_ref(name, header(shared)))
}

/// Headers of a refusal for calling too often: as they are sent, as they are described.
pub fn limit_headers() -> [(&'static str, &'static str); 3] {
    [("RateLimit", "RateLimit"), ("RateLimit-Policy", "RateLimitPolicy"), ("Retry-After", "RetryAfter")]
}
