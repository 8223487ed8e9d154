//! `Content-Digest` (RFC 9530): the body as sent, its content coding included.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::HeaderMap;
use http::HeaderName;
use sha2::Digest;
use sha2::Sha256;
use sha2::Sha512;

use crate::base::Failure;
use crate::base::Problem;

const HEADER: HeaderName = HeaderName::from_static("content-digest");

/// Refuses a body that is not the one its `Content-Digest` was made of. `sha-256` and `sha-512` are checked; others say nothing.
///
/// # Errors
/// 400 `content_digest_invalid` when the header cannot be read, 400 `content_digest_mismatch`.
pub(super) fn check(headers: &HeaderMap, body: &[u8]) -> Result<(), Failure> {
    for value in headers.get_all(HEADER) {
        for member in value.to_str().map_err(|_| invalid())?.split(',') {
            // Parameters after the value mean nothing here.
            let member = member.split(';').next().unwrap_or_default();
            let (algorithm, value) = member.split_once('=').ok_or_else(invalid)?;
            let value = value.trim().strip_prefix(':').and_then(|value| value.strip_suffix(':')).ok_or_else(invalid)?;
            let given = BASE64_STANDARD.decode(value).map_err(|_| invalid())?;
            let same = match algorithm.trim().to_ascii_lowercase().as_str() {
                "sha-256" => given == Sha256::digest(body).as_slice(),
                "sha-512" => given == Sha512::digest(body).as_slice(),
                _ => true,
            };
            if !same {
                let detail = "The body is not the one its Content-Digest was made of. It was damaged on the way; send it again.";
                return Err(Problem::new(400, "content_digest_mismatch", detail).into());
            }
        }
    }
    Ok(())
}

fn invalid() -> Failure {
    Problem::new(400, "content_digest_invalid", "Content-Digest is sha-256=:…: with the digest in base64 (RFC 9530).").into()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn told(header: &str) -> Option<&'static str> {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, HeaderValue::from_str(header).expect("a header"));
        check(&headers, b"{\"hello\": \"world\"}\n").err().map(|failure| failure.problem().code)
    }

    #[test]
    fn digests_are_compared() {
        // The example of RFC 9530, appendix B.1 (`sha-256` of this very body).
        assert_eq!(told("sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"), None);
        assert_eq!(told("SHA-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:, unixsum=:AA==:"), None);
        assert_eq!(told("sha-256=:AAAA:"), Some("content_digest_mismatch"));
        assert_eq!(told("sha-512=:AAAA:"), Some("content_digest_mismatch"));
        for text in ["sha-256", "sha-256=RK", "sha-256=:%:"] {
            assert_eq!(told(text), Some("content_digest_invalid"), "{text}");
        }
        assert!(check(&HeaderMap::new(), b"x").is_ok());
    }
}
