//! SQL of the stories: what the tables hold, and what other rooms would write.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::base::OperatorId;
use crate::base::TenantId;
use crate::store::Reach;
use crate::store::Store;

/// Type, seq, data and previous of the events of a number, oldest first.
pub async fn events(store: &Store, tenant: TenantId, e164: &str) -> Vec<(String, i64, String, String)> {
    let mut tx = store.begin(Reach::Tenant(tenant)).await.expect("a transaction");
    sqlx::query!("select type as kind, number_seq, data, previous from event_out where subject = $1 order by number_seq", e164)
        .fetch_all(&mut *tx)
        .await
        .expect("events")
        .into_iter()
        .map(|row| (row.kind, row.number_seq.unwrap_or(-1), row.data, row.previous.unwrap_or_default()))
        .collect()
}

/// Kinds of the timeline of a number, in the order of writing.
pub async fn timeline(store: &Store, tenant: TenantId, e164: &str) -> Vec<String> {
    let mut tx = store.begin(Reach::Tenant(tenant)).await.expect("a transaction");
    sqlx::query_scalar!("select kind from number_change where e164 = $1 order by at, number_seq, id", e164)
        .fetch_all(&mut *tx)
        .await
        .expect("a timeline")
}

/// What notices writes when an operator has taken a number's event.
pub async fn confirmed(store: &Store, tenant: TenantId, operator: OperatorId, e164: &str, seq: i64) {
    let mut tx = store.begin_job().await.expect("a transaction");
    sqlx::query!(
        "insert into change (tenant_id, id, list, operator_id, detail, at) values ($1, $2, $3, $4, $5, $6)",
        tenant.0,
        store.env.id(),
        crate::notices::TAKEN,
        operator.0,
        serde_json::json!([[e164, seq]]).to_string(),
        store.env.now()
    )
    .execute(&mut *tx)
    .await
    .expect("a change");
    tx.commit().await.expect("committed");
}

/// Changes waiting to be taken.
pub async fn waiting(store: &Store) -> i64 {
    let mut tx = store.begin_job().await.expect("a transaction");
    sqlx::query_scalar!(r#"select count(*) as "n!" from change"#).fetch_one(&mut *tx).await.expect("a count")
}

/// Activation state, `number_seq` and version of a number, if it is in stock.
pub async fn state(store: &Store, tenant: TenantId, e164: &str) -> Option<(String, i64, i64)> {
    let mut tx = store.begin(Reach::Tenant(tenant)).await.expect("a transaction");
    sqlx::query!("select activation_state, number_seq, version from number where tenant_id = $1 and e164 = $2", tenant.0, e164)
        .fetch_optional(&mut *tx)
        .await
        .expect("a number")
        .map(|row| (row.activation_state, row.number_seq, row.version))
}

pub async fn reserve(store: &Store, tenant: TenantId, e164: &str) {
    let mut tx = store.begin(Reach::Tenant(tenant)).await.expect("a transaction");
    sqlx::query!(
        "insert into number_reservation (tenant_id, e164, note, reserved_at) values ($1, $2, 'for Mara', $3)",
        tenant.0,
        e164,
        store.env.now()
    )
    .execute(&mut *tx)
    .await
    .expect("a reservation");
    tx.commit().await.expect("committed");
}

pub async fn terminate(store: &Store, tenant: TenantId, operator: OperatorId) {
    let mut tx = store.begin(Reach::Tenant(tenant)).await.expect("a transaction");
    sqlx::query!(
        "insert into relationship (tenant_id, operator_id, status, comment, updated_at) values ($1, $2, 'contract_terminated', 'over', $3)",
        tenant.0,
        operator.0,
        store.env.now()
    )
    .execute(&mut *tx)
    .await
    .expect("a relationship");
    tx.commit().await.expect("committed");
}

/// How many rows of the named tenant these tables show when nobody asks with a `where`.
pub async fn rows_in_reach(conn: &mut PgConnection, tenant: Uuid) -> i64 {
    sqlx::query_scalar!(
        r#"select (select count(*) from number where tenant_id = $1) + (select count(*) from assignment where tenant_id = $1)
                + (select count(*) from target where tenant_id = $1) + (select count(*) from number_change where tenant_id = $1)
                + (select count(*) from number_change_private where tenant_id = $1)
                + (select count(*) from holding where tenant_id = $1) as "n!""#,
        tenant
    )
    .fetch_one(conn)
    .await
    .expect("a count")
}

/// What an operator's own reach shows: numbers, then tenant-private rows.
pub async fn operator_view(store: &Store, operator: OperatorId) -> (i64, i64) {
    let mut tx = store.begin(Reach::Operator(operator)).await.expect("a transaction");
    let row = sqlx::query!(
        r#"select (select count(*) from number) as "numbers!",
                  (select count(*) from assignment) + (select count(*) from target) + (select count(*) from number_change_private)
                  + (select count(*) from number_tag) as "private!""#
    )
    .fetch_one(&mut *tx)
    .await
    .expect("a count");
    (row.numbers, row.private)
}

/// Holdings of a number over all organisations: open and ended ones.
pub async fn holdings(store: &Store, e164: &str) -> (i64, i64) {
    let mut tx = store.begin_job().await.expect("a transaction");
    let row = sqlx::query!(
        r#"select count(*) filter (where held_until is null) as "open!", count(*) filter (where held_until is not null) as "ended!"
           from holding where e164 = $1"#,
        e164
    )
    .fetch_one(&mut *tx)
    .await
    .expect("a count");
    (row.open, row.ended)
}

/// Entries of a number's timeline that an operator sees, and all of them.
pub async fn changes_seen(store: &Store, operator: OperatorId, e164: &str) -> (i64, i64) {
    let mut tx = store.begin(Reach::Operator(operator)).await.expect("a transaction");
    let seen = sqlx::query_scalar!(r#"select count(*) as "n!" from number_change where e164 = $1"#, e164).fetch_one(&mut *tx).await;
    tx.commit().await.expect("ended");
    let mut tx = store.begin_job().await.expect("a transaction");
    let all = sqlx::query_scalar!(r#"select count(*) as "n!" from number_change where e164 = $1"#, e164).fetch_one(&mut *tx).await;
    (seen.expect("a count"), all.expect("a count"))
}

/// Actions in the log of a tenant about a subject, in order.
pub async fn logged(store: &Store, tenant: TenantId, subject: &str) -> Vec<String> {
    let mut tx = store.begin(Reach::Tenant(tenant)).await.expect("a transaction");
    sqlx::query_scalar!("select action from audit_event where subject_id = $1 order by at, id", subject)
        .fetch_all(&mut *tx)
        .await
        .expect("a log")
}
