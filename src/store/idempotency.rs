//! `Idempotency-Key`: the first call's answer is kept and replayed for 24 h, per organisation and client.

use chrono::DateTime;
use chrono::Utc;
use sha2::Digest;
use sha2::Sha256;
use sqlx::PgConnection;

use super::Reach;
use super::Store;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::Problem;

/// What to do with a call that carries a key.
#[derive(Debug)]
pub enum Idempotent {
    /// First call: do it, then [`finish`].
    Go,
    /// Done before: the stored answer.
    Replay { status: u16, headers: String, body: Vec<u8> },
}

/// Claims a key. The fingerprint covers method, path and body.
///
/// # Errors
/// 422 `idempotency_mismatch` for another request under the same key, 409 `idempotency_in_flight` while the first runs.
pub async fn begin(store: &Store, ctx: &Ctx, key: &str, request: &[&[u8]]) -> Result<Idempotent, Failure> {
    if key.is_empty() || key.len() > 255 {
        return Err(Problem::new(400, "idempotency_key_invalid", "An Idempotency-Key has 1 to 255 characters.").into());
    }
    let mut hasher = Sha256::new();
    for part in request {
        hasher.update(part.len().to_be_bytes());
        hasher.update(part);
    }
    let fingerprint = hasher.finalize().to_vec();
    let (org, client, now) = (ctx.org.id(), ctx.actor.id(), ctx.now());
    let mut tx = store.begin(Reach::of(ctx.org)).await?;
    // A first call that died (its process was killed) frees its key after a minute.
    let claimed = sqlx::query!(
        "insert into idempotency_key (org_id, client_id, key, fingerprint, created_at) values ($1, $2, $3, $4, $5)
         on conflict (org_id, client_id, key) do update
           set fingerprint = excluded.fingerprint, created_at = excluded.created_at, status = null, headers = null, body = null
           where idempotency_key.created_at < $5 - interval '24 hours'
              or (idempotency_key.status is null and idempotency_key.created_at < $5 - interval '1 minute')",
        org,
        client,
        key,
        fingerprint,
        now
    )
    .execute(&mut *tx)
    .await?
    .rows_affected();
    if claimed == 1 {
        tx.commit().await?;
        return Ok(Idempotent::Go);
    }
    let held = sqlx::query!(
        "select fingerprint, status, headers, body from idempotency_key where org_id = $1 and client_id = $2 and key = $3",
        org,
        client,
        key
    )
    .fetch_optional(&mut *tx)
    .await?;
    tx.commit().await?;
    let Some(held) = held else {
        return Err(in_flight());
    };
    if held.fingerprint != fingerprint {
        return Err(
            Problem::new(422, "idempotency_mismatch", "This Idempotency-Key was used for another request. Use a new key.").into()
        );
    }
    match (held.status, held.body) {
        (Some(status), Some(body)) => {
            Ok(Idempotent::Replay { status: u16::try_from(status).unwrap_or(200), headers: held.headers.unwrap_or_default(), body })
        }
        _ => Err(in_flight()),
    }
}

fn in_flight() -> Failure {
    let mut problem =
        Problem::new(409, "idempotency_in_flight", "The first call with this Idempotency-Key still runs. Try again shortly.");
    problem.retry_after_s = Some(1);
    problem.into()
}

/// Keeps the answer (2xx and 422), or frees the key for any other.
///
/// # Errors
/// When the database is away.
pub async fn finish(store: &Store, ctx: &Ctx, key: &str, status: u16, headers: &str, body: &[u8]) -> Result<(), Failure> {
    let (org, client) = (ctx.org.id(), ctx.actor.id());
    let mut tx = store.begin(Reach::of(ctx.org)).await?;
    if (200..300).contains(&status) || status == 422 {
        sqlx::query!(
            "update idempotency_key set status = $4, headers = $5, body = $6 where org_id = $1 and client_id = $2 and key = $3",
            org,
            client,
            key,
            i16::try_from(status).unwrap_or(200),
            headers,
            body
        )
        .execute(&mut *tx)
        .await?;
    } else {
        sqlx::query!("delete from idempotency_key where org_id = $1 and client_id = $2 and key = $3", org, client, key)
            .execute(&mut *tx)
            .await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Deletes up to `limit` keys whose day is over; answers how many went. One that is claimed anew meanwhile stays.
///
/// # Errors
/// When the database is away.
pub async fn purge(conn: &mut PgConnection, now: DateTime<Utc>, limit: i64) -> Result<u64, Failure> {
    let gone = sqlx::query!(
        "delete from idempotency_key
         where created_at < $1::timestamptz - interval '24 hours' and (org_id, client_id, key) in (
           select org_id, client_id, key from idempotency_key where created_at < $1::timestamptz - interval '24 hours'
           order by created_at limit $2 for update skip locked)",
        now,
        limit
    )
    .execute(conn)
    .await?;
    Ok(gone.rows_affected())
}
