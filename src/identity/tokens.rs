//! Access tokens by client credentials (RFC 6749, 4.4): reading the request, judging it, issuing.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::TimeDelta;
use http::HeaderMap;
use http::header;

use super::model::OrgKind;
use super::password::BRAKE;
use super::queries;
use super::secret::Secret;
use super::secret::secret_matches;
use crate::base::Failure;
use crate::base::ScopeSet;
use crate::store::Reach;
use crate::store::Store;

/// Seconds a token lives.
pub const LIFE_S: u32 = 600;

/// Why no token is issued (RFC 6749, 5.2).
#[derive(Debug)]
pub enum Refusal {
    InvalidRequest(&'static str),
    /// `basic`: the caller used the `Authorization` header, so the answer names that scheme.
    InvalidClient {
        basic: bool,
    },
    UnsupportedGrantType,
    InvalidScope(&'static str),
    /// Anything that is not about OAuth: throttling, the database.
    Other(Failure),
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::Other(failure)
    }
}

/// A token as answered.
#[derive(Debug)]
pub struct Issued {
    pub token: Secret,
    pub scopes: ScopeSet,
}

/// Client id and secret as presented.
struct Presented {
    id: String,
    secret: String,
    basic: bool,
}

/// Issues a token for the scopes asked for, or all of the client's.
///
/// # Errors
/// See [`Refusal`].
pub async fn issue(store: &Store, headers: &HeaderMap, body: &[u8], address: Option<&str>) -> Result<Issued, Refusal> {
    let form = read_form(headers, body)?;
    let presented = presented(headers, &form)?;
    match field(&form, "grant_type")? {
        Some("client_credentials") => {}
        Some(_) => return Err(Refusal::UnsupportedGrantType),
        None => return Err(Refusal::InvalidRequest("grant_type is missing")),
    }
    let now = store.env.now();
    BRAKE.check(&presented.id, address, now)?;
    let client = queries::client_secret(store.pool(), &presented.id).await?;
    let Some(client) = client.filter(|client| !client.revoked && secret_matches(&presented.secret, &client.secret_hash)) else {
        BRAKE.failed(&presented.id, address, now);
        return Err(Refusal::InvalidClient { basic: presented.basic });
    };
    let allowed = ScopeSet::parse(client.scopes.iter().map(String::as_str));
    let scopes = match field(&form, "scope")?.map(str::trim).filter(|scope| !scope.is_empty()) {
        None => allowed,
        Some(wanted) => subset(wanted, allowed)?,
    };
    let Some(kind) = OrgKind::parse(&client.org_kind) else {
        return Err(Refusal::InvalidClient { basic: presented.basic });
    };
    let token = Secret::token(&store.env);
    let names: Vec<String> = scopes.iter().map(|scope| scope.as_str().to_owned()).collect();
    let expires_at = now + TimeDelta::seconds(LIFE_S.into());
    let mut tx = store.begin(Reach::of(kind.org(client.org_id))).await?;
    queries::insert_token(&mut tx, &presented.id, &token.hash(), &names, expires_at).await?;
    tx.commit().await.map_err(Failure::from)?;
    Ok(Issued { token, scopes })
}

fn subset(wanted: &str, allowed: ScopeSet) -> Result<ScopeSet, Refusal> {
    let names: Vec<&str> = wanted.split_ascii_whitespace().collect();
    let scopes = ScopeSet::parse(names.iter().copied());
    let known = names.iter().all(|name| crate::base::Scope::parse(name).is_some_and(|scope| allowed.has(scope)));
    if known { Ok(scopes) } else { Err(Refusal::InvalidScope("a scope asked for is unknown or not this client's")) }
}

type Form = Vec<(String, String)>;

fn read_form(headers: &HeaderMap, body: &[u8]) -> Result<Form, Refusal> {
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !media.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(Refusal::InvalidRequest("send Content-Type: application/x-www-form-urlencoded"));
    }
    Ok(url::form_urlencoded::parse(body).into_owned().collect())
}

/// A parameter that must not be given twice (RFC 6749, 3.2).
fn field<'a>(form: &'a Form, name: &str) -> Result<Option<&'a str>, Refusal> {
    let mut values = form.iter().filter(|(held, _)| held == name).map(|(_, value)| value.as_str());
    let first = values.next();
    if values.next().is_some() {
        return Err(Refusal::InvalidRequest("a parameter is given twice"));
    }
    Ok(first)
}

/// `client_secret_basic` or `client_secret_post`, never both (RFC 6749, 2.3.1).
fn presented(headers: &HeaderMap, form: &Form) -> Result<Presented, Refusal> {
    let (id, secret) = (field(form, "client_id")?, field(form, "client_secret")?);
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        return match (id, secret) {
            (Some(id), Some(secret)) => Ok(Presented { id: id.to_owned(), secret: secret.to_owned(), basic: false }),
            _ => Err(Refusal::InvalidClient { basic: true }),
        };
    };
    if secret.is_some() {
        return Err(Refusal::InvalidRequest("the client authenticates twice"));
    }
    let (name, password) = basic(value.to_str().unwrap_or_default()).ok_or(Refusal::InvalidClient { basic: true })?;
    if id.is_some_and(|id| id != name) {
        return Err(Refusal::InvalidRequest("client_id is not the one that authenticates"));
    }
    Ok(Presented { id: name, secret: password, basic: true })
}

/// Both parts are form-encoded before base64.
fn basic(text: &str) -> Option<(String, String)> {
    let (scheme, coded) = text.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(BASE64_STANDARD.decode(coded.trim()).ok()?).ok()?;
    let (name, password) = decoded.split_once(':')?;
    let decode = |part: &str| {
        let pair = format!("x={part}");
        url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
    };
    // `&` cannot stand in a form-encoded part; taken as it is for clients that do not encode.
    let read = |part: &str| if part.contains('&') { part.to_owned() } else { decode(part) };
    Some((read(name), read(password)))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn credentials_are_read_from_one_place() {
        let mut headers = HeaderMap::new();
        let form = |text: &str| -> Form { url::form_urlencoded::parse(text.as_bytes()).into_owned().collect() };
        let posted = presented(&headers, &form("client_id=a&client_secret=b")).expect("read");
        assert_eq!((posted.id.as_str(), posted.secret.as_str(), posted.basic), ("a", "b", false));
        assert!(presented(&headers, &form("client_id=a")).is_err());
        let coded = format!("Basic {}", BASE64_STANDARD.encode("a%3Ab:s%2Bt"));
        headers.insert(header::AUTHORIZATION, HeaderValue::from_str(&coded).expect("ASCII"));
        let basic = presented(&headers, &form("")).expect("read");
        assert_eq!((basic.id.as_str(), basic.secret.as_str(), basic.basic), ("a:b", "s+t", true));
        assert!(matches!(presented(&headers, &form("client_secret=x")), Err(Refusal::InvalidRequest(_))));
        assert!(matches!(field(&form("scope=a&scope=b"), "scope"), Err(Refusal::InvalidRequest(_))));
    }

    #[test]
    fn scopes_can_only_shrink() {
        let allowed = ScopeSet::parse(["numbers:read", "events:read"]);
        assert_eq!(subset("events:read", allowed).ok(), Some(ScopeSet::parse(["events:read"])));
        assert!(subset("events:read numbers:write", allowed).is_err());
        assert!(subset("nonsense", allowed).is_err());
    }
}
