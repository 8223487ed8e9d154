//! The verbs of how an API client proves who it is: its public keys, and the end of its secret; and what it has asked for.

use sqlx::PgConnection;

use super::public_key::KeyFault;
use super::public_key::PublicKey;
use super::queries;
use super::queries::Client;
use super::queries_keys;
use super::queries_keys::ClientKey;
use super::queries_requests;
use super::queries_requests::LoggedCall;
use super::queries_requests::Use;
use crate::audit;
use crate::base::Ctx;
use crate::base::Cursor;
use crate::base::Failure;
use crate::base::Problem;
use crate::base::Scope;
use crate::store::Store;

/// Keys of one client at most: two for a change over, and some for several sites.
const MOST: usize = 5;

/// How one API client proves who it is.
#[derive(Clone, Debug)]
pub struct Proofs {
    pub client: Client,
    /// Newest first.
    pub keys: Vec<ClientKey>,
}

impl Proofs {
    /// Whether a key is known to work, another than `but`.
    #[must_use]
    pub fn has_proven_key(&self, but: Option<&str>) -> bool {
        self.keys.iter().any(|key| key.is_proven() && but != Some(key.id.as_str()))
    }
}

/// A client with its keys, also one that is revoked.
///
/// # Errors
/// 403 without `clients:write`, 404 when the organisation has no such client.
pub async fn proofs(store: &Store, ctx: &Ctx, id: &str) -> Result<Proofs, Failure> {
    ctx.require(Scope::ClientsWrite)?;
    let mut tx = store.begin_for(ctx).await?;
    let found = queries::clients(&mut tx, ctx.org).await?.into_iter().find(|client| client.id == id);
    let client = found.ok_or_else(|| Problem::not_found("client"))?;
    let keys = queries_keys::keys(&mut tx, id).await?;
    tx.commit().await?;
    Ok(Proofs { client, keys })
}

/// Calls of a client, newest first; see [`queries_requests::requests`].
///
/// # Errors
/// 403 without `clients:write`, 400 for a cursor of another list.
pub async fn requests(
    store: &Store,
    ctx: &Ctx,
    id: &str,
    place: (Option<&Cursor>, bool),
    refused: bool,
    limit: usize,
) -> Result<Vec<LoggedCall>, Failure> {
    ctx.require(Scope::ClientsWrite)?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut tx = store.begin_for(ctx).await?;
    let calls = queries_requests::requests(&mut tx, (ctx.org.id(), id), place, refused, limit).await?;
    tx.commit().await?;
    Ok(calls)
}

/// What the clients of the organisation asked for in the last 24 hours; see [`queries_requests::clients_use`].
///
/// # Errors
/// 403 without `clients:write`.
pub async fn clients_use(store: &Store, ctx: &Ctx) -> Result<Use, Failure> {
    ctx.require(Scope::ClientsWrite)?;
    let mut tx = store.begin_for(ctx).await?;
    let told = queries_requests::clients_use(&mut tx, ctx.org.id(), ctx.now(), queries_requests::COUNTED).await?;
    tx.commit().await?;
    Ok(told)
}

/// Adds a public key, given as PEM or JWK; gives its thumbprint.
///
/// # Errors
/// 403 without `clients:write`, 404, 422 `key_invalid` at `key`.
pub async fn add_key(store: &Store, ctx: &Ctx, id: &str, text: &str) -> Result<String, Failure> {
    ctx.require(Scope::ClientsWrite)?;
    let key = PublicKey::parse(text).map_err(|fault| refused(code_of(fault), &fault.to_string()))?;
    let thumbprint = key.thumbprint();
    let mut tx = store.begin_for(ctx).await?;
    locked(&mut tx, ctx, id).await?;
    if queries_keys::keys(&mut tx, id).await?.len() >= MOST {
        return Err(refused("keys_many", "A client has 5 keys at most. Remove one that is not in use.").into());
    }
    if !queries_keys::insert_key(&mut tx, id, &thumbprint, key.algorithm_name(), &key.canonical(), ctx.now()).await? {
        return Err(refused("key_known", "The client has this key already.").into());
    }
    note(&mut tx, ctx, "client.key_added", id, &thumbprint).await?;
    tx.commit().await?;
    Ok(thumbprint)
}

/// Removes a key; the client's tokens end at once.
///
/// # Errors
/// 403 without `clients:write`, 404, 409 `proof_needed` when a client without a secret has no other key that has been used.
pub async fn remove_key(store: &Store, ctx: &Ctx, id: &str, key: &str) -> Result<(), Failure> {
    ctx.require(Scope::ClientsWrite)?;
    let mut tx = store.begin_for(ctx).await?;
    let secret = locked(&mut tx, ctx, id).await?;
    if !queries_keys::delete_key(&mut tx, id, key).await? {
        return Err(Problem::not_found("key").into());
    }
    if !secret {
        other_proof(&mut tx, id).await?;
    }
    queries_keys::end_tokens(&mut tx, id).await?;
    note(&mut tx, ctx, "client.key_removed", id, key).await?;
    tx.commit().await?;
    Ok(())
}

/// Ends a client's secret for good, so that only its keys prove who it is; its tokens end at once.
///
/// # Errors
/// 403 without `clients:write`, 404 also when there is no secret, 409 `proof_needed` when no key of the client has been used.
pub async fn drop_secret(store: &Store, ctx: &Ctx, id: &str) -> Result<(), Failure> {
    ctx.require(Scope::ClientsWrite)?;
    let mut tx = store.begin_for(ctx).await?;
    if !locked(&mut tx, ctx, id).await? {
        return Err(Problem::not_found("secret").into());
    }
    other_proof(&mut tx, id).await?;
    queries_keys::drop_secret(&mut tx, id).await?;
    queries_keys::end_tokens(&mut tx, id).await?;
    let entry = audit::Entry { action: "client.secret_ended", subject_kind: "client", subject_id: id, detail: None };
    audit::record(&mut tx, ctx, entry).await?;
    tx.commit().await?;
    Ok(())
}

/// Holds the client; whether it has a secret.
async fn locked(conn: &mut PgConnection, ctx: &Ctx, id: &str) -> Result<bool, Failure> {
    queries_keys::lock_client(conn, ctx.org, id).await?.ok_or_else(|| Problem::not_found("client").into())
}

async fn note(conn: &mut PgConnection, ctx: &Ctx, action: &'static str, id: &str, key: &str) -> Result<(), Failure> {
    let detail = Some(serde_json::json!({ "key": key }));
    audit::record(conn, ctx, audit::Entry { action, subject_kind: "client", subject_id: id, detail }).await
}

fn refused(code: &str, fix: &str) -> Problem {
    Problem::new(422, "key_invalid", "The key is not taken.").field("key", code, None, fix)
}

/// Whether a key is left that is known to work.
async fn other_proof(conn: &mut PgConnection, id: &str) -> Result<(), Failure> {
    if queries_keys::keys(conn, id).await?.iter().any(ClientKey::is_proven) {
        return Ok(());
    }
    let why = "The client would have nothing left that is known to work. Get a token with another of its keys first, or revoke the client.";
    Err(Problem::new(409, "proof_needed", why).into())
}

fn code_of(fault: KeyFault) -> &'static str {
    match fault {
        KeyFault::Unreadable => "key_unreadable",
        KeyFault::Private => "key_private",
        KeyFault::Certificate => "key_certificate",
        KeyFault::Kind => "key_kind",
        KeyFault::Size => "key_size",
        KeyFault::Several => "key_several",
    }
}
