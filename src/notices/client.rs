//! The one HTTP client that leaves towards operators' endpoints.
//!
//! Built once and passed on. TLS by rustls, HTTP/1.1 with a keep-alive pool, no redirects, no proxy from the environment,
//! bounded in time and in what it keeps of an answer. Two connectors behind one door: the one for https cannot be talked
//! into plain http, the one for plain http reaches opened ranges alone.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::HeaderName;
use http::Version;
use reqwest::Client;
use reqwest::Response;
use serde::Deserialize;
use serde::Serialize;
use tokio::time::Instant;
use url::Url;

use super::AddressForbidden;
use super::Allow;
use super::GuardRefusal;
use super::GuardedResolver;
use super::Lookup;
use super::Reach;
use super::RetryAfter;
use super::check_url;

/// Kept of an answer's status line and headers, in bytes.
const HEAD_BYTES: usize = 2_048;
/// Idle connections kept per host; as many as an endpoint may have in flight.
const IDLE_PER_HOST: usize = 64;
/// How long an idle connection is kept. Below the usual 60 s of servers, so that they seldom close it under us.
const IDLE_FOR: Duration = Duration::from_secs(50);

/// Bounds of one post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Resolving the name, connecting and the TLS handshake together.
    pub connect: Duration,
    /// The whole try, to the last byte read.
    pub total: Duration,
    /// Kept of an answer's body, in bytes; the rest is not read.
    pub body_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), total: Duration::from_secs(15), body_bytes: 4_096 }
    }
}

/// Why there was no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// Refused, unreachable, no route.
    Connect,
    /// The name has no address or the name server does not answer.
    Dns,
    /// No common protocol, or a certificate that does not hold.
    Tls,
    /// Connecting or answering took too long.
    Timeout,
    /// The connection broke before there was an answer.
    Reset,
    /// The URL or an address of its name is not to be reached; nothing was sent.
    AddressForbidden,
    /// The answer's headers are larger than any client takes.
    TooLarge,
    /// What came back is not HTTP.
    Protocol,
}

impl ErrorKind {
    /// Every kind.
    pub const ALL: [Self; 8] =
        [Self::Connect, Self::Dns, Self::Tls, Self::Timeout, Self::Reset, Self::AddressForbidden, Self::TooLarge, Self::Protocol];

    /// The name of API and column.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Dns => "dns",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Reset => "reset",
            Self::AddressForbidden => "address_forbidden",
            Self::TooLarge => "too_large",
            Self::Protocol => "protocol",
        }
    }

    /// The kind of that name, `None` when there is no such kind.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.slug() == text)
    }
}

/// What became of a post. Either `status` or `error_kind` is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub status: Option<u16>,
    pub retry_after: Option<RetryAfter>,
    /// Status line and headers, one a line, at most 2 KiB; values of headers that may hold secrets are left out.
    pub response_head: String,
    /// The first 4 KiB of the body as text; bytes that are no text become `U+FFFD`.
    pub response_body_cut: String,
    /// More of the body was there, or was to come, than is kept.
    pub is_cut: bool,
    /// From the call to the last byte read.
    pub elapsed_ms: u32,
    pub error_kind: Option<ErrorKind>,
}

/// The client. Cheap to clone; clones share their connections.
#[derive(Clone, Debug)]
pub struct Poster {
    allow: Allow,
    limits: Limits,
    secure: Client,
    plain: Client,
}

impl Poster {
    /// Builds the client; `version` goes into `user-agent: concord/<version>`. Fails when the machine has no usable TLS
    /// set-up.
    ///
    /// # Errors
    /// When the machine has no usable TLS set-up.
    pub fn new(allow: Allow, lookup: &Lookup, limits: Limits, version: &str) -> Result<Self, reqwest::Error> {
        let client = |reach: Reach| {
            let resolver = GuardedResolver { allow: allow.clone(), reach, lookup: Lookup::clone(lookup) };
            Client::builder()
                .user_agent(format!("concord/{version}"))
                .dns_resolver(resolver)
                .redirect(reqwest::redirect::Policy::none())
                .referer(false)
                .no_proxy()
                .http1_only()
                .https_only(reach == Reach::PublicAndOpened)
                .connect_timeout(limits.connect)
                .timeout(limits.total)
                .pool_max_idle_per_host(IDLE_PER_HOST)
                .pool_idle_timeout(IDLE_FOR)
                .build()
        };
        let secure = client(Reach::PublicAndOpened)?;
        let plain = client(Reach::OpenedOnly)?;
        Ok(Self { allow, limits, secure, plain })
    }

    /// Posts `body` with `headers` once. Never fails: what went wrong stands in the outcome.
    pub async fn post(&self, url: &Url, headers: HeaderMap, body: Bytes) -> Outcome {
        let began = Instant::now();
        let outcome = match check_url(url, &self.allow) {
            Err(refusal) => failure(kind_of_refusal(&refusal)),
            Ok(()) => self.exchange(url, headers, body).await,
        };
        let elapsed_ms = u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX);
        Outcome { elapsed_ms, ..outcome }
    }

    async fn exchange(&self, url: &Url, headers: HeaderMap, body: Bytes) -> Outcome {
        let client = match Reach::of(url) {
            Reach::PublicAndOpened => &self.secure,
            Reach::OpenedOnly => &self.plain,
        };
        let mut request = reqwest::Request::new(reqwest::Method::POST, url.clone());
        *request.headers_mut() = headers;
        *request.body_mut() = Some(body.into());
        match client.execute(request).await {
            Ok(response) => read(response, self.limits.body_bytes).await,
            Err(error) => failure(kind_of(&error, url.scheme() == "https")),
        }
    }
}

/// The answer counts from its status line on: a body that breaks off is cut, not an error.
async fn read(mut response: Response, body_bytes: usize) -> Outcome {
    let status = response.status().as_u16();
    let retry_after = response.headers().get(http::header::RETRY_AFTER);
    let retry_after = retry_after.and_then(|value| value.to_str().ok()).and_then(RetryAfter::parse);
    let response_head = head_of(&response);
    let mut body = Vec::new();
    let is_cut = loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > body_bytes => {
                body.extend_from_slice(&chunk[..body_bytes - body.len()]);
                break true;
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => break false,
            Err(_) => break true,
        }
    };
    Outcome {
        status: Some(status),
        retry_after,
        response_head,
        response_body_cut: text_of(&body),
        is_cut,
        elapsed_ms: 0,
        error_kind: None,
    }
}

fn failure(kind: ErrorKind) -> Outcome {
    Outcome {
        status: None,
        retry_after: None,
        response_head: String::new(),
        response_body_cut: String::new(),
        is_cut: false,
        elapsed_ms: 0,
        error_kind: Some(kind),
    }
}

fn head_of(response: &Response) -> String {
    let version = if response.version() == Version::HTTP_10 { "HTTP/1.0" } else { "HTTP/1.1" };
    let mut head = format!("{version} {}", response.status());
    for (name, value) in response.headers() {
        let value = if is_private(name) { "…".into() } else { text_of(value.as_bytes()) };
        let line = format!("\n{name}: {value}");
        if head.len() + line.len() > HEAD_BYTES {
            head.push_str("\n…");
            break;
        }
        head.push_str(&line);
    }
    head
}

/// Headers whose values may be secrets of the receiver.
fn is_private(name: &HeaderName) -> bool {
    ["auth", "cookie", "token", "secret", "key", "session", "signature", "password"]
        .into_iter()
        .any(|part| name.as_str().contains(part))
}

/// Text that a database column takes: no NUL.
fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace('\0', "\u{fffd}")
}

fn kind_of_refusal(refusal: &GuardRefusal) -> ErrorKind {
    match refusal {
        GuardRefusal::Unresolved => ErrorKind::Dns,
        GuardRefusal::Malformed
        | GuardRefusal::TooLong
        | GuardRefusal::NotHttps
        | GuardRefusal::Credentials
        | GuardRefusal::Fragment
        | GuardRefusal::Port(_)
        | GuardRefusal::LocalName
        | GuardRefusal::Address(_) => ErrorKind::AddressForbidden,
    }
}

fn kind_of(error: &reqwest::Error, secure: bool) -> ErrorKind {
    if chain(error).any(<dyn StdError>::is::<AddressForbidden>) {
        return ErrorKind::AddressForbidden;
    }
    if error.is_timeout() {
        return ErrorKind::Timeout;
    }
    if error.is_dns() {
        return ErrorKind::Dns;
    }
    let io = chain(error).filter_map(|cause| cause.downcast_ref::<io::Error>()).last().map(io::Error::kind);
    if error.is_connect() {
        return match io {
            Some(io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe) => ErrorKind::Reset,
            // The TLS layer reports what it cannot read, verify or finish under these two.
            Some(io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) if secure => ErrorKind::Tls,
            Some(_) | None => ErrorKind::Connect,
        };
    }
    if io.is_some() {
        return ErrorKind::Reset;
    }
    // The HTTP library tells these apart by its error's words alone, as long as it is no direct dependency.
    let words = chain(error).last().map(ToString::to_string).unwrap_or_default();
    match words.as_str() {
        "message head is too large" => ErrorKind::TooLarge,
        words if words.ends_with(" parsed") => ErrorKind::Protocol,
        _ => ErrorKind::Reset,
    }
}

/// The error and its causes, outermost first. An I/O error keeps what it was made of apart from its causes.
fn chain(error: &reqwest::Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    std::iter::successors(Some(error as &(dyn StdError + 'static)), |&error| {
        let made_of = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        made_of.map(|inner| inner as &(dyn StdError + 'static)).or_else(|| error.source())
    })
}

#[cfg(test)]
mod tests;
