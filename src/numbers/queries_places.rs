//! SQL of the address book. What operators wrote with their numbers stands beside it and is not part of it.

use sqlx::PgConnection;
use uuid::Uuid;

use super::model::Place;
use crate::base::Failure;
use crate::base::TenantId;

/// An address and how many numbers have it.
#[derive(Clone, Debug, PartialEq)]
pub struct PlaceLine {
    pub id: Uuid,
    pub label: String,
    pub street: String,
    pub house_number: String,
    pub postal_code: String,
    pub city: String,
    pub country: String,
    pub additional: Option<String>,
    pub validated: bool,
    pub numbers: i64,
}

/// Addresses of the book by label, behind a place; `search`: a part of label, street or city, or the beginning of the
/// postal code.
pub async fn list(
    conn: &mut PgConnection,
    tenant: TenantId,
    search: Option<&str>,
    after: Option<(&str, Uuid)>,
    limit: i64,
) -> Result<Vec<PlaceLine>, Failure> {
    let rows = sqlx::query_as!(
        PlaceLine,
        r#"select l.id, l.label, l.street, l.house_number, l.postal_code, l.city, l.country, l.additional, l.validated,
                  (select count(*) from number n where n.tenant_id = l.tenant_id and n.emergency_location_id = l.id) as "numbers!"
           from emergency_location l
           where l.tenant_id = $1 and l.origin = 'tenant'
             and ($2::text is null or position(lower($2) in lower(concat_ws(' ', l.label, l.street, l.city))) > 0
                  or starts_with(l.postal_code, $2))
             and ($3::text is null or (l.label, l.id) > ($3, $4))
           order by l.label, l.id limit $5"#,
        tenant.0,
        search,
        after.map(|(label, _)| label),
        after.map(|(_, id)| id),
        limit
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// One address of the book.
pub async fn one(conn: &mut PgConnection, tenant: TenantId, id: Uuid) -> Result<Option<PlaceLine>, Failure> {
    let row = sqlx::query_as!(
        PlaceLine,
        r#"select l.id, l.label, l.street, l.house_number, l.postal_code, l.city, l.country, l.additional, l.validated,
                  (select count(*) from number n where n.tenant_id = l.tenant_id and n.emergency_location_id = l.id) as "numbers!"
           from emergency_location l where l.tenant_id = $1 and l.id = $2 and l.origin = 'tenant'"#,
        tenant.0,
        id
    )
    .fetch_optional(conn)
    .await?;
    Ok(row)
}

/// Adds an address to the book, or writes one over that no number has.
pub async fn put(conn: &mut PgConnection, tenant: TenantId, place: &Place) -> Result<(), Failure> {
    sqlx::query!(
        "insert into emergency_location (tenant_id, id, label, street, house_number, postal_code, city, country, additional, validated,
                                         origin)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'tenant')
         on conflict (tenant_id, id) do update
           set label = excluded.label, street = excluded.street, house_number = excluded.house_number,
               postal_code = excluded.postal_code, city = excluded.city, country = excluded.country,
               additional = excluded.additional, validated = excluded.validated",
        tenant.0,
        place.id,
        place.label,
        place.street,
        place.house_number,
        place.postal_code,
        place.city,
        place.country,
        place.additional,
        place.validated
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes an address that no number has out of the book; whether it was there and free.
pub async fn delete(conn: &mut PgConnection, tenant: TenantId, id: Uuid) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "delete from emergency_location l
         where l.tenant_id = $1 and l.id = $2 and l.origin = 'tenant'
           and not exists (select from number n where n.tenant_id = $1 and n.emergency_location_id = $2)",
        tenant.0,
        id
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// The numbers that have an address, at most `limit`. Index `number_emergency_ix`.
pub async fn numbers_at(conn: &mut PgConnection, tenant: TenantId, id: Uuid, limit: i64) -> Result<Vec<String>, Failure> {
    Ok(sqlx::query_scalar!(
        "select e164 from number where tenant_id = $1 and emergency_location_id = $2 order by e164 limit $3",
        tenant.0,
        id,
        limit
    )
    .fetch_all(conn)
    .await?)
}
