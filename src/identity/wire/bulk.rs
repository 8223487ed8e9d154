//! A bulk body: large, perhaps compressed, of one of the media types a call takes.

use std::error::Error;
use std::marker::PhantomData;

use axum::body::Body;
use axum::body::Bytes;
use axum::extract::FromRequest;
use axum::extract::Request;
use axum::response::Response;
use http::HeaderMap;
use http::HeaderValue;
use http::header;
use http_body_util::BodyExt as _;
use http_body_util::Full;
use http_body_util::LengthLimitError;
use http_body_util::Limited;
use tower::ServiceExt as _;
use tower::service_fn;
use tower_http::decompression::DecompressionBody;
use tower_http::decompression::RequestDecompression;

use super::digest;
use crate::base::Failure;
use crate::base::Problem;

/// Largest body as sent, in bytes.
const SENT: usize = 64 * 1024 * 1024;
/// Largest body decompressed, in bytes.
const READ: usize = 1024 * 1024 * 1024;
/// How many times its size a body may decompress to.
const RATIO: usize = 100;
/// A small body may decompress to this whatever its ratio.
const ALWAYS: usize = 64 * 1024;

/// The media types a bulk call takes.
pub trait BulkMedia {
    /// Lower case, without parameters.
    const TAKES: &'static [&'static str];
}

/// A body of up to 64 MiB as sent, with `gzip` or `zstd` up to 1 GiB and 100 times its size; its `Content-Digest` is checked.
/// Refuses with 415, 413, then 400.
#[derive(Clone, Debug)]
pub struct Bulk<M> {
    /// Decompressed.
    pub bytes: Bytes,
    /// One of [`BulkMedia::TAKES`].
    pub media: &'static str,
    kind: PhantomData<M>,
}

impl<S: Send + Sync, M: BulkMedia> FromRequest<S> for Bulk<M> {
    type Rejection = Failure;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        let media = media_of(&parts.headers, M::TAKES)?;
        let packed = packing(&parts.headers)?;
        let bytes = collected(body, SENT).await?;
        digest::check(&parts.headers, &bytes)?;
        let bytes = match parts.headers.get(header::CONTENT_ENCODING) {
            Some(packing) if packed => unpack(packing.clone(), bytes).await?,
            _ => bytes,
        };
        Ok(Self { bytes, media, kind: PhantomData })
    }
}

fn media_of(headers: &HeaderMap, takes: &[&'static str]) -> Result<&'static str, Failure> {
    let sent = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let sent = sent.split(';').next().unwrap_or_default().trim();
    takes.iter().copied().find(|media| media.eq_ignore_ascii_case(sent)).ok_or_else(|| {
        let detail = format!("Send the body as Content-Type: {}.", takes.join(" or "));
        Problem::new(415, "content_type_unsupported", detail).into()
    })
}

/// Whether the body is compressed.
fn packing(headers: &HeaderMap) -> Result<bool, Failure> {
    let mut values = headers.get_all(header::CONTENT_ENCODING).iter();
    match (values.next().map(HeaderValue::as_bytes), values.next()) {
        (None | Some(b"identity"), None) => Ok(false),
        (Some(b"gzip" | b"zstd"), None) => Ok(true),
        _ => {
            Err(Problem::new(415, "content_encoding_unsupported", "Send the body as it is, or as Content-Encoding: gzip or zstd.")
                .into())
        }
    }
}

fn too_large() -> Failure {
    Problem::new(
        413,
        "body_too_large",
        "A body has at most 64 MiB as sent and 1 GiB decompressed, and decompresses to at most 100 times its size. Send it in parts.",
    )
    .into()
}

/// The whole body, up to a limit.
async fn collected(body: Body, limit: usize) -> Result<Bytes, Failure> {
    match Limited::new(body, limit).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if limited(error.as_ref()) => Err(too_large()),
        Err(_) => Err(Problem::new(400, "body_malformed", "The body broke off or is not compressed as its header says.").into()),
    }
}

fn limited(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<LengthLimitError>() {
            return true;
        }
        next = error.source();
    }
    false
}

/// Decompresses a body or file, within the limits of [`Bulk`].
///
/// # Errors
/// 413 `body_too_large`, 400 `body_malformed`, 415 for another packing than `gzip` or `zstd`.
pub async fn unpack(packing: HeaderValue, bytes: Bytes) -> Result<Bytes, Failure> {
    let limit = bytes.len().saturating_mul(RATIO).clamp(ALWAYS, READ);
    let mut request = Request::new(Full::new(bytes));
    request.headers_mut().insert(header::CONTENT_ENCODING, packing);
    let reader = service_fn(move |request: Request<DecompressionBody<Full<Bytes>>>| async move {
        Ok::<_, Failure>(Response::new(Full::new(collected(Body::new(request.into_body()), limit).await?)))
    });
    let read = RequestDecompression::new(reader).oneshot(request).await?;
    collected(Body::new(read.into_body()), READ).await
}
