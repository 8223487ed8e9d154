//! Access tokens by client credentials (RFC 6749, 4.4): reading the request, judging it, issuing. A client proves who it is by its
//! secret or by a JWT that its key has signed ([`assertion`]).

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::TimeDelta;
use http::HeaderMap;
use http::header;

use super::assertion;
use super::assertion::Fault;
use super::model::OrgKind;
use super::password::BRAKE;
use super::public_key::PublicKey;
use super::queries;
use super::queries_keys;
use super::secret::Secret;
use super::secret::secret_hash;
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
    /// `basic`: the caller used the `Authorization` header, so the answer names that scheme. `why`: what does not fit.
    InvalidClient {
        basic: bool,
        why: String,
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

/// Who asks, and by what it means to prove that.
#[derive(Debug)]
struct Presented {
    id: String,
    proof: Proof,
}

#[derive(Debug, PartialEq, Eq)]
enum Proof {
    Secret { secret: String, basic: bool },
    Assertion(String),
}

impl Proof {
    fn refuse(&self, why: impl ToString) -> Refusal {
        Refusal::InvalidClient { basic: matches!(self, Self::Secret { basic: true, .. }), why: why.to_string() }
    }
}

/// What is said of a client that is not there, revoked, or has another secret: one of them cannot be told from another.
const UNFIT: &str = "client id and secret do not fit";

/// Issues a token for the scopes asked for, or all of the client's. `audiences`: the addresses under which this is asked.
///
/// # Errors
/// See [`Refusal`].
pub async fn issue(
    store: &Store,
    headers: &HeaderMap,
    body: &[u8],
    address: Option<&str>,
    audiences: &[String],
) -> Result<Issued, Refusal> {
    let form = read_form(headers, body)?;
    let Presented { id, proof } = presented(headers, &form)?;
    match field(&form, "grant_type")? {
        Some("client_credentials") => {}
        Some(_) => return Err(Refusal::UnsupportedGrantType),
        None => return Err(Refusal::InvalidRequest("grant_type is missing")),
    }
    let now = store.env.now();
    BRAKE.check(&id, address, now)?;
    let guessed = |why: &str| {
        BRAKE.failed(&id, address, now);
        proof.refuse(why)
    };
    let client = queries::client_secret(store.pool(), &id).await?.filter(|client| !client.revoked);
    let proved = match &proof {
        Proof::Secret { secret, .. } => {
            let held = client.as_ref().and_then(|client| client.secret_hash.as_deref());
            if !held.is_some_and(|hash| secret_matches(secret, hash)) {
                return Err(guessed(UNFIT));
            }
            None
        }
        Proof::Assertion(text) => {
            let jwks = if client.is_some() { queries_keys::jwks(store.pool(), &id).await? } else { Vec::new() };
            let keys: Vec<PublicKey> = jwks.iter().filter_map(|jwk| serde_json::from_str(jwk).ok()).collect();
            // Only who cannot sign is guessing.
            let refuse = |fault: Fault| match fault {
                Fault::Signature => guessed(&fault.to_string()),
                Fault::Audience => proof.refuse(format!("{fault}: {}", audiences.first().map_or("unknown here", String::as_str))),
                _ => proof.refuse(fault),
            };
            Some(assertion::prove(text, &id, &keys, audiences, now).map_err(refuse)?)
        }
    };
    let Some(client) = client else { return Err(guessed(UNFIT)) };
    let allowed = ScopeSet::parse(client.scopes.iter().map(String::as_str));
    let scopes = match field(&form, "scope")?.map(str::trim).filter(|scope| !scope.is_empty()) {
        None => allowed,
        Some(wanted) => subset(wanted, allowed)?,
    };
    let kind = OrgKind::parse(&client.org_kind).ok_or_else(|| proof.refuse(UNFIT))?;
    let token = Secret::token(&store.env);
    let names: Vec<String> = scopes.iter().map(|scope| scope.as_str().to_owned()).collect();
    let expires_at = now + TimeDelta::seconds(LIFE_S.into());
    let mut tx = store.begin(Reach::of(kind.org(client.org_id))).await?;
    // Since it was read, the client may have been revoked and its secret ended.
    let secret = if proved.is_none() { client.secret_hash.as_deref() } else { None };
    if !queries_keys::hold_client(&mut tx, &id, secret).await? {
        return Err(proof.refuse(UNFIT));
    }
    if let Some(proved) = proved {
        let jti = secret_hash(&proved.jti);
        let taken = queries_keys::take_assertion(&mut tx, &id, &jti, proved.until, &proved.key, now).await?;
        if !taken.known {
            return Err(proof.refuse(Fault::Signature));
        }
        if !taken.fresh {
            return Err(proof.refuse(Fault::Replayed));
        }
    }
    queries::insert_token(&mut tx, &id, &token.hash(), &names, expires_at).await?;
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

/// `client_secret_basic`, `client_secret_post` or `private_key_jwt`, never two of them (RFC 6749, 2.3.1; RFC 7521, 4.2).
fn presented(headers: &HeaderMap, form: &Form) -> Result<Presented, Refusal> {
    let (id, secret) = (field(form, "client_id")?, field(form, "client_secret")?);
    let (kind, assertion) = (field(form, "client_assertion_type")?, field(form, "client_assertion")?);
    let header = headers.get(header::AUTHORIZATION);
    if [header.is_some(), secret.is_some(), assertion.is_some()].iter().filter(|given| **given).count() > 1 {
        return Err(Refusal::InvalidRequest("the client authenticates twice"));
    }
    let presented = if let Some(text) = assertion {
        if kind != Some(assertion::TYPE) {
            return Err(Refusal::InvalidRequest("client_assertion_type is urn:ietf:params:oauth:client-assertion-type:jwt-bearer"));
        }
        let proof = Proof::Assertion(text.to_owned());
        let claimed = assertion::claimed(text).map_err(|fault| proof.refuse(fault))?;
        Presented { id: claimed, proof }
    } else if let Some(value) = header {
        let unread = || Refusal::InvalidClient { basic: true, why: UNFIT.to_owned() };
        let (name, password) = basic(value.to_str().unwrap_or_default()).ok_or_else(unread)?;
        Presented { id: name, proof: Proof::Secret { secret: password, basic: true } }
    } else {
        let (Some(id), Some(secret)) = (id, secret) else {
            return Err(Refusal::InvalidClient { basic: true, why: "send client id and secret, or a client_assertion".to_owned() });
        };
        Presented { id: id.to_owned(), proof: Proof::Secret { secret: secret.to_owned(), basic: false } }
    };
    if id.is_some_and(|id| id != presented.id) {
        return Err(Refusal::InvalidRequest("client_id is not the one that authenticates"));
    }
    Ok(presented)
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
        assert_eq!((posted.id.as_str(), posted.proof), ("a", Proof::Secret { secret: "b".to_owned(), basic: false }));
        assert!(presented(&headers, &form("client_id=a")).is_err());
        assert!(matches!(presented(&headers, &form("client_assertion=x.y.z")), Err(Refusal::InvalidRequest(_))));
        assert!(matches!(presented(&headers, &form("client_secret=b&client_assertion=x.y.z")), Err(Refusal::InvalidRequest(_))));
        let coded = format!("Basic {}", BASE64_STANDARD.encode("a%3Ab:s%2Bt"));
        headers.insert(header::AUTHORIZATION, HeaderValue::from_str(&coded).expect("ASCII"));
        let basic = presented(&headers, &form("")).expect("read");
        assert_eq!((basic.id.as_str(), basic.proof), ("a:b", Proof::Secret { secret: "s+t".to_owned(), basic: true }));
        assert!(matches!(presented(&headers, &form("client_secret=x")), Err(Refusal::InvalidRequest(_))));
        assert!(matches!(presented(&headers, &form("client_id=other")), Err(Refusal::InvalidRequest(_))));
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
