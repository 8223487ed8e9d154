//! One signed post of one message, and the keys that sign it.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use bytes::Bytes;
use chrono::DateTime;
use chrono::Utc;
use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::header;
use tokio::time::Instant;
use url::Url;
use uuid::Uuid;

use super::KeySet;
use super::Message;
use super::Outcome;
use super::Poster;
use super::SignatureKind;
use super::sign;
use crate::base::EndpointId;
use crate::base::Env;
use crate::base::EventId;

/// Where and how an endpoint is posted to.
#[derive(Clone, Debug)]
pub(super) struct Address {
    pub url: Url,
    pub keys: KeySet,
    pub signature: SignatureKind,
}

/// What came of a post, when it was sent, and with which headers (the signature cut).
#[derive(Clone, Debug)]
pub(super) struct Posted {
    /// Of this try, in the log.
    pub id: Uuid,
    pub sent_at: DateTime<Utc>,
    pub outcome: Outcome,
    pub request_headers: String,
}

/// Signs and posts. `attempt` counts from 1.
pub(super) async fn post(poster: &Poster, env: &Env, to: &Address, id: EventId, attempt: u16, body: Bytes) -> Posted {
    let now = env.now();
    let mark = env.id_at(now);
    let id = id.wire();
    let message = Message { id: &id, timestamp: now.timestamp(), body: &body };
    let signature = sign(&message, to.keys.live(now), to.signature);
    let timestamp = message.timestamp.to_string();
    let attempt = attempt.to_string();
    let pairs = [
        ("webhook-id", id.as_str()),
        ("webhook-timestamp", timestamp.as_str()),
        ("webhook-attempt", attempt.as_str()),
        ("webhook-signature", signature.as_str()),
    ];
    let mut headers = HeaderMap::with_capacity(pairs.len() + 1);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let mut shown = "content-type: application/json".to_owned();
    for (name, value) in pairs {
        // Our own texts: lower-case names, printable values.
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
        let value = if name == "webhook-signature" { cut_signature(value) } else { value.to_owned() };
        shown.push('\n');
        shown.push_str(name);
        shown.push_str(": ");
        shown.push_str(&value);
    }
    Posted { id: mark, sent_at: now, outcome: poster.post(&to.url, headers, body).await, request_headers: shown }
}

/// The schemes and the first characters: enough to compare, too little to reuse.
fn cut_signature(signature: &str) -> String {
    let cut: Vec<String> = signature.split(' ').map(|part| format!("{}…", part.chars().take(12).collect::<String>())).collect();
    cut.join(" ")
}

/// The key generations of an endpoint, newest first, as they were sealed.
#[derive(Clone, Debug)]
pub(super) struct SealedKeys {
    pub id: Uuid,
    pub sealed: Vec<u8>,
    pub expires_at: Option<DateTime<Utc>>,
}

/// Where the keys of one generation are sealed for.
pub(super) fn secret_context(id: Uuid) -> String {
    format!("endpoint_secret/{id}")
}

/// Opens one generation.
pub(super) fn open_one(secrets: &crate::store::SecretKey, row: &SealedKeys) -> anyhow::Result<super::Keys> {
    let text = zeroize::Zeroizing::new(secrets.open(&secret_context(row.id), &row.sealed)?);
    Ok(super::Keys::parse(std::str::from_utf8(&text)?)?)
}

/// Opens what was sealed: the current generation, and the one before where that opens too.
pub(super) fn open_keys(secrets: &crate::store::SecretKey, rows: &[SealedKeys]) -> anyhow::Result<KeySet> {
    let current = rows.iter().find(|row| row.expires_at.is_none()).ok_or_else(|| anyhow::anyhow!("an endpoint without keys"))?;
    let previous = rows.iter().find_map(|row| {
        let until = row.expires_at?;
        let opened = open_one(secrets, row);
        let opened = opened.inspect_err(|error| tracing::debug!(generation = %row.id, %error, "only the newer keys sign"));
        Some((opened.ok()?, until))
    });
    Ok(KeySet { current: open_one(secrets, current)?, previous })
}

/// Between two lines of the log about the keys of one endpoint.
const TOLD_EVERY: Duration = Duration::from_mins(10);

/// Endpoints whose keys do not open in this process, and when that was last logged.
#[derive(Default)]
pub(super) struct Unreadable(Mutex<HashMap<EndpointId, Instant>>);

impl Unreadable {
    /// Logs it, unless it was a moment ago: somebody tries again every half second.
    pub fn tell(&self, endpoint: EndpointId, error: &anyhow::Error) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if told.get(&endpoint).is_none_or(|at| at.elapsed() >= TOLD_EVERY) {
            told.insert(endpoint, Instant::now());
            let error = format!("{error:#}");
            tracing::warn!(%endpoint, %error, "its keys do not open and nothing is sent to it: add the secret key that is missing, or rotate its secret");
        }
    }
}
