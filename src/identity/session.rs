//! Sessions of the portal: a `tower-sessions` store over our tables, its layer, and the one query that says who looks at a page.
//!
//! A signed-in session ends 12 h after its last use and 7 days after signing in, by our own clock; the cookie lives 7 days.
//! A visitor gets a row only for the message after a refused sign-in, for 10 minutes. The table keeps hashes of ids.

use std::collections::HashMap;
use std::pin::Pin;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use serde_json::Value;
use sha2::Digest;
use sha2::Sha256;
use time::OffsetDateTime;
use tower_sessions::Expiry;
use tower_sessions::SessionManagerLayer;
use tower_sessions::SessionStore;
use tower_sessions::cookie::SameSite;
use tower_sessions::session::Id;
use tower_sessions::session::Record;
use tower_sessions::session_store;

use super::queries_session as queries;
use crate::base::AccountId;
use crate::base::Failure;
use crate::store::Store;

/// Longest pause between two uses.
const IDLE: TimeDelta = TimeDelta::hours(12);
/// Longest life after signing in.
const LIFE: TimeDelta = TimeDelta::days(7);
/// Life of a visitor's session, which holds a message and nothing else.
const VISIT: TimeDelta = TimeDelta::minutes(10);
/// The end is moved only when it is out by more than this: no write per request.
const TOUCH: TimeDelta = TimeDelta::minutes(10);

/// Keys in a session's data.
pub mod key {
    pub const ACCOUNT: &str = "account";
    pub const EPOCH: &str = "epoch";
    pub const SINCE: &str = "since";
    pub const USER_AGENT: &str = "user_agent";
    pub const ADDRESS: &str = "address";
    pub const FLASH: &str = "flash";
}

/// Cookie name over https; the prefix binds it to this host, path `/` and Secure.
pub const SECURE_COOKIE: &str = "__Host-concord";
/// Cookie name on plain http (loopback only).
pub const PLAIN_COOKIE: &str = "concord";

/// The store of sessions.
#[derive(Clone, Debug)]
pub struct Sessions(Store);

/// The layer that reads and sets the cookie. `https`: the portal is served over https.
#[must_use]
pub fn session_layer(store: Store, https: bool) -> SessionManagerLayer<Sessions> {
    SessionManagerLayer::new(Sessions(store))
        .with_name(if https { SECURE_COOKIE } else { PLAIN_COOKIE })
        .with_secure(https)
        .with_http_only(true)
        .with_same_site(SameSite::Lax)
        .with_path("/")
        .with_expiry(Expiry::OnInactivity(time::Duration::days(7)))
}

/// What stands in the table for a session id.
#[must_use]
pub fn handle(id: Id) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(id.to_string()))
}

/// When a session with this data ends if it is used now.
fn end(data: &HashMap<String, Value>, now: DateTime<Utc>) -> DateTime<Utc> {
    if !data.contains_key(key::ACCOUNT) {
        return now + VISIT;
    }
    let since = data.get(key::SINCE).and_then(Value::as_str).and_then(|text| DateTime::parse_from_rfc3339(text).ok());
    // Without a beginning it is as old as it can be.
    since.map_or(now, |since| (since.to_utc() + LIFE).min(now + IDLE))
}

fn text<'a>(data: &'a HashMap<String, Value>, key: &str) -> Option<&'a str> {
    data.get(key).and_then(Value::as_str)
}

fn backend(error: impl std::fmt::Display) -> session_store::Error {
    session_store::Error::Backend(error.to_string())
}

impl Sessions {
    async fn create_row(&self, record: &mut Record) -> session_store::Result<()> {
        let now = self.0.env.now();
        let ends = end(&record.data, now);
        let bytes = serde_json::to_vec(&record.data).map_err(|error| session_store::Error::Encode(error.to_string()))?;
        let mut tx = self.0.begin_bare().await.map_err(backend)?;
        while !queries::insert(&mut *tx, &handle(record.id), &bytes, ends).await.map_err(backend)? {
            record.id = Id::default();
        }
        let account = text(&record.data, key::ACCOUNT).and_then(|id| id.parse::<AccountId>().ok());
        if let Some(account) = account {
            let (agent, address) = (text(&record.data, key::USER_AGENT), text(&record.data, key::ADDRESS));
            queries::insert_index(&mut *tx, &handle(record.id), account, now, agent, address).await.map_err(backend)?;
        }
        tx.commit().await.map_err(backend)
    }

    async fn load_row(&self, id: Id) -> session_store::Result<Option<Record>> {
        let found = queries::load(self.0.pool(), &handle(id), self.0.env.now()).await.map_err(backend)?;
        let Some((bytes, ends)) = found else {
            return Ok(None);
        };
        let data = serde_json::from_slice(&bytes).map_err(|error| session_store::Error::Decode(error.to_string()))?;
        let expiry_date = OffsetDateTime::from_unix_timestamp(ends.timestamp()).map_err(backend)?;
        Ok(Some(Record { id, data, expiry_date }))
    }

    async fn save_row(&self, record: &Record) -> session_store::Result<()> {
        let bytes = serde_json::to_vec(&record.data).map_err(|error| session_store::Error::Encode(error.to_string()))?;
        let ends = end(&record.data, self.0.env.now());
        queries::update(self.0.pool(), &handle(record.id), &bytes, ends).await.map_err(backend)
    }
}

type Answer<'a, T> = Pin<Box<dyn Future<Output = session_store::Result<T>> + Send + 'a>>;

// The trait is written with `async_trait`; these are the signatures it makes.
impl SessionStore for Sessions {
    fn create<'a, 'b, 'c>(&'a self, record: &'b mut Record) -> Answer<'c, ()>
    where
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        Box::pin(self.create_row(record))
    }

    fn save<'a, 'b, 'c>(&'a self, record: &'b Record) -> Answer<'c, ()>
    where
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        Box::pin(self.save_row(record))
    }

    fn load<'a, 'b, 'c>(&'a self, id: &'b Id) -> Answer<'c, Option<Record>>
    where
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        Box::pin(self.load_row(*id))
    }

    fn delete<'a, 'b, 'c>(&'a self, id: &'b Id) -> Answer<'c, ()>
    where
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        Box::pin(async move { queries::delete(self.0.pool(), &handle(*id)).await.map_err(backend) })
    }
}

/// A live session: its data, and the account when one is signed in.
pub struct Live {
    pub handle: String,
    pub data: HashMap<String, Value>,
    pub row: queries::Resolved,
    pub signed_in: bool,
}

/// Reads a session and who it belongs to in one query; moves its end when that is due. `None`: there is no such session, or
/// it was ended from elsewhere.
pub async fn resolve(store: &Store, id: Id) -> Result<Option<Live>, Failure> {
    let (handle, now) = (handle(id), store.env.now());
    let Some(row) = queries::resolve(store.pool(), &handle, now).await? else {
        return Ok(None);
    };
    let data: HashMap<String, Value> = serde_json::from_slice(&row.data).unwrap_or_default();
    let epoch = data.get(key::EPOCH).and_then(Value::as_i64);
    let signed_in = row.account.is_some() && row.epoch.map(i64::from) == epoch;
    if data.contains_key(key::ACCOUNT) && !signed_in {
        return Ok(None); // Disabled, or ended everywhere.
    }
    let ends = end(&data, now);
    if signed_in && ends <= now {
        return Ok(None);
    }
    if signed_in && ends > row.expiry + TOUCH {
        queries::touch(store.pool(), &handle, ends).await?;
    }
    Ok(Some(Live { handle, data, row, signed_in }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_session_ends_by_the_nearer_limit() {
        let start = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        let data = HashMap::from([(key::ACCOUNT.to_owned(), json!("x")), (key::SINCE.to_owned(), json!(start.to_rfc3339()))]);
        assert_eq!(end(&data, start), start + IDLE);
        assert_eq!(end(&data, start + TimeDelta::days(6) + TimeDelta::hours(20)), start + LIFE);
        let now = start + TimeDelta::days(8);
        assert_eq!(end(&data, now), start + LIFE);
        assert_eq!(end(&HashMap::new(), now), now + VISIT);
        assert_eq!(end(&HashMap::from([(key::ACCOUNT.to_owned(), json!("x"))]), now), now);
    }
}
