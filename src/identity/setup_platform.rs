//! The directory as the platform keeps it: tenants and operators are put under ids of the platform's own, and changed later.

use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::model::Email;
use super::queries_setup_platform as queries;
use super::setup::check_org;
use super::setup::invalid;
use super::setup::taken;
use crate::audit;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::Org;
use crate::base::Problem;
use crate::base::Scope;
use crate::store::Store;

/// Kinds of numbers that an operator may offer.
pub const SERVICES: [&str; 4] = ["geographic", "mobile", "national", "toll_free"];
/// How emergency addresses of an operator's numbers come about.
pub const EMERGENCY_MODES: [&str; 3] = ["tenant", "operator_default", "operator_fixed"];
/// Most bytes of an operator's picture.
pub(super) const LOGO_BYTES: usize = 64 * 1024;

/// A tenant of the directory.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TenantPut {
    /// For addresses; fixed once it is there.
    pub slug: String,
    pub name: String,
    /// ISO 3166-1 alpha-2, capitals; decides how callers are masked.
    pub country: String,
    /// IANA name.
    pub time_zone: String,
    /// Host part of the SIP URIs of its numbers; fixed once it is there.
    pub sip_domain: String,
    /// Days that a number rests after it was unassigned, 0 to 365; -1 for ever.
    #[serde(default = "thirty")]
    pub quarantine_days: i32,
}

const fn thirty() -> i32 {
    30
}

/// An operator of the directory.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OperatorPut {
    /// For addresses; fixed once it is there.
    pub slug: String,
    pub name: String,
    /// IANA name; periods are months of this zone.
    pub time_zone: String,
    /// ISO 3166-1 alpha-2, capitals; at least one.
    pub countries: Vec<String>,
    /// `geographic`, `mobile`, `national`, `toll_free`.
    #[serde(default)]
    pub services: Vec<String>,
    /// https only.
    #[serde(default)]
    pub website: Option<String>,
    /// `tenant`, `operator_default` or `operator_fixed`.
    #[serde(default = "by_tenant")]
    pub emergency_mode: String,
}

fn by_tenant() -> String {
    EMERGENCY_MODES[0].to_owned()
}

/// Refuses who is not of the platform, or may not keep its directory.
fn platform(ctx: &Ctx) -> Result<(), Failure> {
    if ctx.org != Org::Platform {
        return Err(Problem::new(403, "wrong_org_kind", "This belongs to the platform.").into());
    }
    ctx.require(Scope::PlatformDirectory)
}

/// What is fixed stays as it is.
fn unmoved(field: &'static str, held: &str, given: &str) -> Result<(), Failure> {
    if held == given {
        return Ok(());
    }
    let fix = format!("It is {held} for good: addresses and SIP URIs are made from it.");
    let problem = Problem::new(409, "org_fixed", "Short name and SIP domain do not change.");
    Err(problem.field(field, "org_fixed", Some(given.to_owned()), fix).into())
}

/// Makes a tenant under this id, or changes it; answers whether it is new.
///
/// # Errors
/// 403 for who is not of the platform, 409 `slug_taken`, `sip_domain_taken` or `org_fixed`, 422 `org_invalid`.
pub async fn put_tenant(store: &Store, ctx: &Ctx, id: Uuid, put: &TenantPut) -> Result<bool, Failure> {
    platform(ctx)?;
    check_org(&put.slug, &put.name, &put.time_zone, &[&put.country])?;
    let domain_ok = Email::parse(&format!("x@{}", put.sip_domain)).is_some() && put.sip_domain.is_ascii();
    if !domain_ok {
        let fix = "A host name such as acme.sip.example.";
        return Err(invalid().field("sip_domain", "domain_invalid", Some(put.sip_domain.clone()), fix).into());
    }
    if !(-1..=365).contains(&put.quarantine_days) {
        let fix = "Days, 0 to 365; -1 for ever.";
        return Err(invalid().field("quarantine_days", "days_invalid", Some(put.quarantine_days.to_string()), fix).into());
    }
    not_nil(id)?;
    let mut tx = store.begin_job().await?;
    if id == Org::Platform.id() || queries::operator_fixed(&mut tx, id).await?.is_some() {
        return Err(foreign_id());
    }
    let held = queries::tenant_fixed(&mut tx, id).await?;
    if let Some(held) = &held {
        unmoved("slug", &held.slug, &put.slug)?;
        unmoved("sip_domain", held.sip_domain.as_deref().unwrap_or_default(), &put.sip_domain)?;
    }
    queries::put_tenant(&mut tx, id, put, ctx.now()).await.map_err(taken)?;
    let action = if held.is_none() { "tenant.created" } else { "tenant.changed" };
    note(&mut tx, ctx, action, ("tenant", id), serde_json::json!(put)).await?;
    tx.commit().await?;
    Ok(held.is_none())
}

/// Makes an operator under this id, or changes it; answers whether it is new.
///
/// # Errors
/// 403 for who is not of the platform, 409 `slug_taken` or `org_fixed`, 422 `org_invalid`.
pub async fn put_operator(store: &Store, ctx: &Ctx, id: Uuid, put: &OperatorPut) -> Result<bool, Failure> {
    platform(ctx)?;
    let countries: Vec<&str> = put.countries.iter().map(String::as_str).collect();
    if countries.is_empty() {
        return Err(invalid().field("countries", "countries_missing", None, "Pick at least one country.").into());
    }
    check_org(&put.slug, &put.name, &put.time_zone, &countries)?;
    if let Some(service) = put.services.iter().find(|service| !SERVICES.contains(&service.as_str())) {
        let fix = "geographic, mobile, national or toll_free.";
        return Err(invalid().field("services", "service_unknown", Some(service.clone()), fix).into());
    }
    if !EMERGENCY_MODES.contains(&put.emergency_mode.as_str()) {
        let fix = "tenant, operator_default or operator_fixed.";
        return Err(invalid().field("emergency_mode", "mode_unknown", Some(put.emergency_mode.clone()), fix).into());
    }
    if let Some(website) = &put.website
        && !(website.len() <= 200 && url::Url::parse(website).is_ok_and(|url| url.scheme() == "https" && url.has_host()))
    {
        let fix = "An address that begins with https://, at most 200 signs.";
        return Err(invalid().field("website", "website_invalid", Some(website.clone()), fix).into());
    }
    not_nil(id)?;
    let mut tx = store.begin_job().await?;
    if id == Org::Platform.id() || queries::tenant_fixed(&mut tx, id).await?.is_some() {
        return Err(foreign_id());
    }
    let held = queries::operator_fixed(&mut tx, id).await?;
    if let Some(held) = &held {
        unmoved("slug", &held.slug, &put.slug)?;
    }
    queries::put_operator(&mut tx, id, put, ctx.now()).await.map_err(taken)?;
    let action = if held.is_none() { "operator.created" } else { "operator.changed" };
    note(&mut tx, ctx, action, ("operator", id), serde_json::json!(put)).await?;
    tx.commit().await?;
    Ok(held.is_none())
}

/// Logs and chains are kept by the id alone, so two organisations never share one.
fn foreign_id() -> Failure {
    Problem::new(409, "org_fixed", "This id belongs to another organisation.").into()
}

fn not_nil(id: Uuid) -> Result<(), Failure> {
    if id.is_nil() { Err(Problem::not_found("organisation").into()) } else { Ok(()) }
}

/// Kind of a picture by its first bytes: PNG, JPEG or WebP. A drawing with scripts in it (SVG) is none.
fn picture_kind(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

/// Sets an operator's picture, or takes it away.
///
/// # Errors
/// 403 for who is not of the platform, 404 without such an operator, 422 `logo_invalid` for what is no small picture.
pub(super) async fn put_logo(store: &Store, ctx: &Ctx, id: Uuid, bytes: Option<&[u8]>) -> Result<(), Failure> {
    platform(ctx)?;
    let logo = match bytes {
        None => None,
        Some(bytes) => {
            let kind = picture_kind(bytes).filter(|_| bytes.len() <= LOGO_BYTES);
            let fix = "A PNG, JPEG or WebP of at most 64 KiB.";
            let refused =
                || Problem::new(422, "logo_invalid", "This is no picture that fits.").field("file", "logo_invalid", None, fix);
            Some((bytes, kind.ok_or_else(refused)?))
        }
    };
    let mut tx = store.begin_job().await?;
    if !queries::put_logo(&mut tx, id, logo, ctx.now()).await? {
        return Err(Problem::not_found("operator").into());
    }
    let detail = serde_json::json!({ "logo": logo.map(|logo| logo.0.len()) });
    note(&mut tx, ctx, "operator.logo", ("operator", id), detail).await?;
    tx.commit().await?;
    Ok(())
}

async fn note(
    conn: &mut sqlx::PgConnection,
    ctx: &Ctx,
    action: &'static str,
    subject: (&'static str, Uuid),
    detail: serde_json::Value,
) -> Result<(), Failure> {
    let id = subject.1.to_string();
    let entry = audit::Entry { action, subject_kind: subject.0, subject_id: &id, detail: Some(detail) };
    audit::record(conn, ctx, entry).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_known_by_its_first_bytes() {
        assert_eq!(picture_kind(b"\x89PNG\r\n\x1a\n...."), Some("image/png"));
        assert_eq!(picture_kind(b"\xff\xd8\xff\xe0"), Some("image/jpeg"));
        assert_eq!(picture_kind(b"RIFF\x01\x02\x03\x04WEBPVP8 "), Some("image/webp"));
        for none in [&b"<svg xmlns='http://www.w3.org/2000/svg'/>"[..], b"GIF89a", b""] {
            assert_eq!(picture_kind(none), None);
        }
    }
}
