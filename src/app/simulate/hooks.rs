//! The receiver of webhooks, as an operator would write it after the Standard Webhooks specification.

use axum::Json;
use axum::body::Bytes;
use axum::extract::Path;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::Response;
use serde_json::Value;
use serde_json::json;

use super::Mood;
use super::Receiver;
use super::SLOW_BY;
use super::Simulator;
use super::received::Message;
use super::received::Outcome;
use crate::app::seed::BUSY;
use crate::base::Env;
use crate::notices;

/// `POST /hooks/{operator}`.
pub async fn take(State(simulator): State<Simulator>, Path(operator): Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(receiver) = simulator.receivers.get(&operator) else {
        return (StatusCode::NOT_FOUND, "no such operator\n").into_response();
    };
    if let Err(reason) = check(receiver, &headers, &body, &simulator.env) {
        tracing::warn!(operator, reason, "a webhook was refused");
        let mut message = Message::of(simulator.env.now(), &operator, Outcome::Refused, &Value::Null);
        message.reason = Some(reason.to_owned());
        simulator.received().note(message);
        return (StatusCode::UNAUTHORIZED, format!("{reason}\n")).into_response();
    }
    let Ok(event) = serde_json::from_slice::<Value>(&body) else {
        simulator.received().note(Message::of(simulator.env.now(), &operator, Outcome::Malformed, &Value::Null));
        return (StatusCode::BAD_REQUEST, "the body is not JSON\n").into_response();
    };
    let (outcome, answer) = answer(&simulator, &event).await;
    tracing::debug!(operator, ?outcome, id = event["id"].as_str(), kind = event["type"].as_str(), "a webhook arrived");
    simulator.received().note(Message::of(simulator.env.now(), &operator, outcome, &event));
    answer
}

async fn answer(simulator: &Simulator, event: &Value) -> (Outcome, Response) {
    if event["type"] == "endpoint.verification" {
        let answer = Json(json!({ "challenge": event["data"]["challenge"] }));
        return (Outcome::Verified, answer.into_response());
    }
    // Tests and heartbeats are no part of the feed; they always succeed.
    if event["seq"].is_null() {
        return (Outcome::Taken, StatusCode::NO_CONTENT.into_response());
    }
    if event["data"]["billing_ref"].as_str().is_some_and(|text| text.starts_with(BUSY)) {
        return (Outcome::Busy, (StatusCode::SERVICE_UNAVAILABLE, "not ready for this number yet\n").into_response());
    }
    match simulator.mood() {
        Mood::Well => (Outcome::Taken, StatusCode::NO_CONTENT.into_response()),
        Mood::Slow => {
            tokio::time::sleep(SLOW_BY).await;
            (Outcome::TakenSlowly, StatusCode::NO_CONTENT.into_response())
        }
        Mood::Failing => (Outcome::Failed, (StatusCode::INTERNAL_SERVER_ERROR, "simulated failure\n").into_response()),
    }
}

/// Every scheme in the header must have a signature that fits, not just one of them.
fn check(receiver: &Receiver, headers: &HeaderMap, body: &[u8], env: &Env) -> Result<(), &'static str> {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let (Some(id), Some(timestamp), Some(signatures)) =
        (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"))
    else {
        return Err("a webhook header is missing");
    };
    let timestamp = timestamp.parse().map_err(|_| "the timestamp is not a number")?;
    let message = notices::Message { id, timestamp, body };
    let now = env.now();
    let with = |scheme: &str| signatures.split(' ').any(|entry| entry.split_once(',').is_some_and(|(name, _)| name == scheme));
    let (v1, v1a) = (with("v1"), with("v1a"));
    if !v1 && !v1a {
        return Err("no signature of a known scheme");
    }
    if v1 {
        notices::verify(&message, signatures, Some(&receiver.secret), None, now)
            .map_err(|_| "no v1 signature fits, or it is too old")?;
    }
    if v1a {
        notices::verify(&message, signatures, None, Some(&receiver.public), now)
            .map_err(|_| "no v1a signature fits, or it is too old")?;
    }
    Ok(())
}
