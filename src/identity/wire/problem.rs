//! Refusals and failures on the wire: RFC 9457, `application/problem+json`.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderValue;
use http::StatusCode;
use http::header;
use serde::Serialize;
use utoipa::ToSchema;

use super::current_request_id;
use crate::base::Failure;
use crate::base::Problem;
use crate::base::RowError;

/// The code of the problem an answer carries. A response extension, for the request log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProblemCode(pub &'static str);

/// A refusal (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemOut {
    /// Where the code is explained.
    #[serde(rename = "type")]
    pub kind: String,
    /// Short words for the status.
    pub title: &'static str,
    pub status: u16,
    /// What is wrong and how to mend it.
    pub detail: String,
    /// Stable code for machines.
    pub code: &'static str,
    /// To quote when asking for help.
    pub request_id: String,
    /// Per row or field, where there are any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<RowErrorOut>)]
    pub errors: Vec<RowError>,
}

/// What is wrong with one row or field.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RowError)]
pub struct RowErrorOut {
    /// Row, from 1.
    pub row: Option<u32>,
    pub field: Option<String>,
    pub code: String,
    pub value: Option<String>,
    /// How to mend it.
    pub fix: String,
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let request_id = current_request_id();
        match &self {
            Self::Refused(_) => {}
            Self::Unavailable(cause) => tracing::warn!(request_id, cause, "unavailable"),
            Self::Internal(error) => tracing::error!(request_id, error = format!("{error:#}"), "internal failure"),
        }
        respond(self.problem(), request_id)
    }
}

fn respond(problem: Problem, request_id: String) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let code = problem.code;
    let retry_after_s = problem.retry_after_s;
    let told = problem.clone();
    let out = ProblemOut {
        kind: format!("/api/docs#{code}"),
        title: problem.title(),
        status: status.as_u16(),
        detail: problem.detail,
        code,
        request_id,
        errors: problem.errors,
    };
    // A struct of texts and numbers always serialises.
    let body = serde_json::to_vec(&out).unwrap_or_default();
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(seconds) = retry_after_s {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge(code)));
    }
    response.extensions_mut().insert(ProblemCode(code));
    response.extensions_mut().insert(told);
    response
}

/// RFC 6750, section 3: without any credentials no error is named.
fn challenge(code: &str) -> &'static str {
    match code {
        "token_expired" => r#"Bearer realm="concord", error="invalid_token", error_description="The token has expired""#,
        "token_invalid" => r#"Bearer realm="concord", error="invalid_token""#,
        _ => r#"Bearer realm="concord""#,
    }
}

/// The fallback of the API's router: 404 as a problem.
pub async fn no_such_route() -> Failure {
    Problem::new(404, "not_found", "There is no such address in this API. See /api/docs.").into()
}

/// A layer of the API's router: bare refusals of the framework (405, 413, a panic's 500 …) become problems; their headers
/// (`Allow`) stay.
pub async fn only_problems(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = response.status();
    let told = response.extensions().get::<ProblemCode>().is_some();
    let json = response.headers().get(header::CONTENT_TYPE).is_some_and(|value| {
        value.as_bytes().starts_with(b"application/json") || value.as_bytes().starts_with(b"application/problem")
    });
    if told || json || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let (mut parts, _) = response.into_parts();
    let bare = respond(bare_problem(status), current_request_id());
    for name in [header::CONTENT_LENGTH, header::CONTENT_TYPE] {
        parts.headers.remove(&name);
    }
    let (bare_parts, body) = bare.into_parts();
    parts.headers.extend(bare_parts.headers);
    parts.status = bare_parts.status;
    parts.extensions.insert(ProblemCode(bare_parts.extensions.get::<ProblemCode>().map_or("internal", |code| code.0)));
    Response::from_parts(parts, body)
}

fn bare_problem(status: StatusCode) -> Problem {
    let (status, code, detail) = match status {
        StatusCode::NOT_FOUND => (404, "not_found", "There is no such address in this API. See /api/docs."),
        StatusCode::METHOD_NOT_ALLOWED => {
            (405, "method_not_allowed", "This address does not take that method; Allow names those it takes.")
        }
        StatusCode::NOT_ACCEPTABLE => (406, "not_acceptable", "None of the formats asked for can be given."),
        StatusCode::REQUEST_TIMEOUT => {
            (503, "timeout", "This took too long. Nothing was changed; try again with a smaller request.")
        }
        StatusCode::PAYLOAD_TOO_LARGE => (413, "body_too_large", "The body is larger than this call takes. Send it in parts."),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => (415, "content_type_unsupported", "This call does not take a body of that type."),
        StatusCode::UNPROCESSABLE_ENTITY => (422, "refused", "The request was understood, but a rule refuses it."),
        StatusCode::TOO_MANY_REQUESTS => (429, "rate_limited", "Too many requests. Try again shortly."),
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
            (503, "unavailable", "Unavailable for the moment. Try again shortly.")
        }
        status if status.is_server_error() => {
            (500, "internal", "Something went wrong on our side. The request id helps us find it.")
        }
        _ => (400, "malformed", "The request could not be read."),
    };
    let mut problem = Problem::new(status, code, detail);
    if matches!(status, 429 | 503) {
        problem.retry_after_s = Some(5);
    }
    problem
}
