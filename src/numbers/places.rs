//! The tenant's address book of emergency locations. An address that numbers have is never changed under them: what is
//! written anew is another address, to which its numbers move, each told to its operator.

use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::acts;
use super::acts::Act;
use super::acts::Asked;
use super::model::Place;
use super::queries_places;
use super::queries_places::PlaceLine;
use crate::audit;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::Problem;
use crate::base::Scope;
use crate::base::TenantId;
use crate::notices;
use crate::store::Store;

/// Numbers that move with one change of an address at most.
const MOVES: usize = 5_000;
/// Numbers that move in one go.
const SLICE: usize = 500;

/// An address as it is written down.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, utoipa::ToSchema)]
pub struct PlaceIn {
    /// What people call it; 1 to 100 signs.
    pub label: String,
    /// 1 to 200 signs.
    pub street: String,
    /// House number; up to 20 signs, may be empty.
    #[serde(default, rename = "number")]
    pub house_number: String,
    /// 1 to 20 signs.
    pub postal_code: String,
    /// 1 to 100 signs.
    pub city: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// Floor, room; up to 200 signs.
    #[serde(default)]
    pub additional: Option<String>,
}

impl PlaceIn {
    /// The address under an id; every field that is wrong is told.
    fn read(&self, id: Uuid) -> Result<Place, Failure> {
        let mut faults: Vec<(&'static str, &'static str, String, String)> = Vec::new();
        let mut text = |field: &'static str, said: &str, least: usize, most: usize| {
            let said = said.trim();
            let code = match said.chars().count() {
                _ if said.chars().any(char::is_control) => "location_field_malformed",
                signs if signs < least => "location_field_missing",
                signs if signs > most => "location_field_too_long",
                _ => return said.to_owned(),
            };
            faults.push((field, code, said.chars().take(100).collect(), format!("{least} to {most} signs.")));
            String::new()
        };
        let mut place = Place {
            id,
            label: text("label", &self.label, 1, 100),
            street: text("street", &self.street, 1, 200),
            house_number: text("number", &self.house_number, 0, 20),
            postal_code: text("postal_code", &self.postal_code, 1, 20),
            city: text("city", &self.city, 1, 100),
            additional: Some(text("additional", self.additional.as_deref().unwrap_or_default(), 0, 200))
                .filter(|text| !text.is_empty()),
            ..Place::default()
        };
        place.country = self.country.trim().to_ascii_uppercase();
        if place.country.len() != 2 || !place.country.bytes().all(|b| b.is_ascii_uppercase()) {
            let value = place.country.chars().take(100).collect();
            faults.push(("country", "location_country_invalid", value, "Two letters, as in DE.".to_owned()));
        }
        if faults.is_empty() {
            return Ok(place);
        }
        let problem = Problem::new(422, "location_invalid", "The address is not complete.");
        let told =
            faults.into_iter().fold(problem, |problem, (field, code, value, fix)| problem.field(field, code, Some(value), fix));
        Err(told.into())
    }
}

/// A saved address, and what became of the numbers that had it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlaceSaved {
    pub id: Uuid,
    /// Numbers that moved to the changed address.
    pub moved: usize,
    /// Numbers that keep the address as it was.
    pub left: usize,
}

/// Addresses of the book by label, behind a place.
///
/// # Errors
/// 403 without `tenant:read`, 503.
pub async fn list(
    store: &Store,
    ctx: &Ctx,
    search: Option<&str>,
    after: Option<(&str, Uuid)>,
    limit: i64,
) -> Result<Vec<PlaceLine>, Failure> {
    let tenant = ctx.tenant()?;
    ctx.require(Scope::TenantRead)?;
    let mut tx = store.begin_for(ctx).await?;
    queries_places::list(&mut tx, tenant, search, after, limit).await
}

/// One address of the book.
///
/// # Errors
/// 403 without `tenant:read`, 404, 503.
pub async fn one(store: &Store, ctx: &Ctx, id: Uuid) -> Result<PlaceLine, Failure> {
    let tenant = ctx.tenant()?;
    ctx.require(Scope::TenantRead)?;
    let mut tx = store.begin_for(ctx).await?;
    found(&mut tx, tenant, id).await
}

async fn found(conn: &mut PgConnection, tenant: TenantId, id: Uuid) -> Result<PlaceLine, Failure> {
    queries_places::one(conn, tenant, id).await?.ok_or_else(|| Problem::not_found("location").into())
}

/// Adds an address.
///
/// # Errors
/// 403 without `tenant:assign`, 422 `location_invalid`, 503.
pub async fn add(store: &Store, ctx: &Ctx, input: &PlaceIn) -> Result<PlaceSaved, Failure> {
    let tenant = ctx.tenant()?;
    ctx.require(Scope::TenantAssign)?;
    let place = input.read(ctx.env.id())?;
    let mut tx = store.begin_for(ctx).await?;
    queries_places::put(&mut tx, tenant, &place).await?;
    record(&mut tx, ctx, "emergency_location.create", place.id, 0).await?;
    tx.commit().await?;
    Ok(PlaceSaved { id: place.id, moved: 0, left: 0 })
}

/// Changes an address. The numbers that have it move to it as it is now, and their operators are told; those that may not
/// be told keep it as it was.
///
/// # Errors
/// 403 without `tenant:assign`, 404, 422 `location_invalid`, 422 `location_in_use` for more numbers than move at once, 503.
pub async fn change(store: &Store, ctx: &Ctx, id: Uuid, input: &PlaceIn) -> Result<PlaceSaved, Failure> {
    let tenant = ctx.tenant()?;
    ctx.require(Scope::TenantAssign)?;
    let place = input.read(id)?;
    let mut tx = store.begin_for(ctx).await?;
    let held = found(&mut tx, tenant, id).await?;
    let e164s = queries_places::numbers_at(&mut tx, tenant, id, i64::try_from(MOVES + 1).unwrap_or(i64::MAX)).await?;
    if e164s.is_empty() || same_address(&held, &place) {
        let place = Place { validated: held.validated && same_address(&held, &place), ..place };
        queries_places::put(&mut tx, tenant, &place).await?;
        record(&mut tx, ctx, "emergency_location.change", id, 0).await?;
        tx.commit().await?;
        return Ok(PlaceSaved { id, moved: 0, left: 0 });
    }
    if e164s.len() > MOVES {
        return Err(in_use(i64::try_from(e164s.len()).unwrap_or(i64::MAX)).into());
    }
    let place = Place { id: ctx.env.id(), ..place };
    queries_places::put(&mut tx, tenant, &place).await?;
    let mut moved = 0;
    for slice in e164s.chunks(SLICE) {
        let act = || Act::SetEmergencyLocation { location: Some(place.id) };
        let asked: Vec<Asked> = slice.iter().map(|e164| Asked { e164: e164.clone(), act: act(), version: None }).collect();
        let judged = acts::judge(&mut tx, &ctx.env, ctx, &asked).await?;
        moved += judged.iter().filter(|judged| judged.next().is_some()).count();
        acts::write(&mut tx, &ctx.env, ctx, &asked, &judged).await?;
    }
    let left = e164s.len() - moved;
    if left == 0 {
        queries_places::delete(&mut tx, tenant, id).await.map_err(still_used)?;
    }
    record(&mut tx, ctx, "emergency_location.change", place.id, moved).await?;
    tx.commit().await?;
    store.wake.wake(notices::SEAL);
    Ok(PlaceSaved { id: place.id, moved, left })
}

/// Takes an address that no number has out of the book.
///
/// # Errors
/// 403 without `tenant:assign`, 404, 422 `location_in_use`, 503.
pub async fn delete(store: &Store, ctx: &Ctx, id: Uuid) -> Result<(), Failure> {
    let tenant = ctx.tenant()?;
    ctx.require(Scope::TenantAssign)?;
    let mut tx = store.begin_for(ctx).await?;
    let held = found(&mut tx, tenant, id).await?;
    if !queries_places::delete(&mut tx, tenant, id).await.map_err(still_used)? {
        return Err(in_use(held.numbers).into());
    }
    record(&mut tx, ctx, "emergency_location.delete", id, 0).await?;
    tx.commit().await?;
    Ok(())
}

fn same_address(held: &PlaceLine, place: &Place) -> bool {
    held.street == place.street
        && held.house_number == place.house_number
        && held.postal_code == place.postal_code
        && held.city == place.city
        && held.country == place.country
        && held.additional == place.additional
}

fn in_use(numbers: i64) -> Problem {
    Problem::new(422, "location_in_use", format!("{numbers} numbers have this address.")).field(
        "id",
        "location_in_use",
        None,
        "Give them another one first.",
    )
}

/// A number took the address at the same moment.
fn still_used(error: sqlx::Error) -> Failure {
    match error.as_database_error().map(sqlx::error::DatabaseError::kind) {
        Some(sqlx::error::ErrorKind::ForeignKeyViolation) => in_use(1).into(),
        _ => error.into(),
    }
}

async fn record(conn: &mut PgConnection, ctx: &Ctx, action: &str, id: Uuid, moved: usize) -> Result<(), Failure> {
    let (id, detail) = (id.to_string(), json!({ "numbers_moved": moved }));
    let entry = audit::Entry { action, subject_kind: "emergency_location", subject_id: &id, detail: Some(detail) };
    audit::record(conn, ctx, entry).await
}
