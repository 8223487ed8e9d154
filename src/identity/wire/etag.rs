//! `ETag` and `If-Match` (RFC 9110, 8.8.3 and 13.1.1): versions are whole numbers.

use http::HeaderMap;
use http::HeaderValue;
use http::header;

use crate::base::Failure;
use crate::base::Problem;

/// The header value of a version: `"3"`.
#[must_use]
pub fn etag(version: i64) -> HeaderValue {
    // Digits and quotes are always a header value.
    HeaderValue::from_str(&format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

/// What `If-Match` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IfMatch {
    /// `*`: any version, as long as the thing exists.
    Any,
    /// One of these versions; tags that are no version of ours match nothing.
    OneOf(Vec<i64>),
}

impl IfMatch {
    /// Refuses (412 `version_stale`) unless the current version is asked for.
    ///
    /// # Errors
    /// The problem to answer with.
    pub fn check(&self, current: i64) -> Result<(), Failure> {
        match self {
            Self::OneOf(versions) if !versions.contains(&current) => {
                let detail = format!("It was changed in the meantime and is now version {current}. Read it again and repeat.");
                Err(Problem::new(412, "version_stale", detail).into())
            }
            Self::Any | Self::OneOf(_) => Ok(()),
        }
    }
}

/// Reads `If-Match`; `None` when there is none.
///
/// # Errors
/// 400 `if_match_invalid` when it is not a list of entity tags.
pub fn if_match(headers: &HeaderMap) -> Result<Option<IfMatch>, Failure> {
    let mut versions = Vec::new();
    let mut seen = false;
    for value in headers.get_all(header::IF_MATCH) {
        seen = true;
        let text = value.to_str().map_err(|_| invalid())?.trim();
        if text == "*" {
            return Ok(Some(IfMatch::Any));
        }
        for tag in text.split(',') {
            let tag = tag.trim();
            // Weak tags never match by strong comparison.
            let weak = tag.starts_with("W/");
            let inner = tag.trim_start_matches("W/").strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).ok_or_else(invalid)?;
            if !weak && let Ok(version) = inner.parse() {
                versions.push(version);
            }
        }
    }
    Ok(seen.then_some(IfMatch::OneOf(versions)))
}

fn invalid() -> Failure {
    Problem::new(400, "if_match_invalid", "If-Match is * or a list of entity tags in quotes, for example \"3\".").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &'static str) -> Result<Option<IfMatch>, Failure> {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_MATCH, HeaderValue::from_static(text));
        if_match(&headers)
    }

    #[test]
    fn tags_are_read_strictly() {
        assert_eq!(if_match(&HeaderMap::new()).ok(), Some(None));
        assert_eq!(read("*").ok(), Some(Some(IfMatch::Any)));
        assert_eq!(read("\"3\", \"4\"").ok(), Some(Some(IfMatch::OneOf(vec![3, 4]))));
        assert_eq!(read("W/\"3\", \"x\"").ok(), Some(Some(IfMatch::OneOf(vec![]))));
        assert!(read("3").is_err());
        assert!(read("\"3").is_err());
    }

    #[test]
    fn a_stale_version_is_refused() {
        assert!(IfMatch::OneOf(vec![3]).check(3).is_ok());
        let refusal = IfMatch::OneOf(vec![3]).check(4).expect_err("stale").problem();
        assert_eq!((refusal.status, refusal.code), (412, "version_stale"));
        assert!(IfMatch::Any.check(4).is_ok());
    }
}
