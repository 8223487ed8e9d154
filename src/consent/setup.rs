//! What set-up and demo need: the notice texts, and consents given in a past that never happened.

use chrono::DateTime;
use chrono::TimeZone as _;
use chrono::Utc;
use sha2::Digest as _;
use sha2::Sha256;

use super::actions;
use super::actions::AcceptIn;
use super::model::Consent;
use super::model::Contact;
use super::model::RelationshipStatus;
use super::queries;
use super::queries_read;
use crate::base::Actor;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::Org;
use crate::base::ScopeSet;
use crate::base::TenantId;
use crate::store::Store;
use crate::transfers::Class;

/// The version of the notice text that comes with the program.
pub const NOTICE_VERSION: &str = "2026-11";

const ENGLISH: (&str, &str) = ("Data shared with your operator for telephone service", include_str!("notice_2026-11.en.txt"));
const GERMAN: (&str, &str) = ("Daten, die Ihr Netzbetreiber für den Telefondienst erhält", include_str!("notice_2026-11.de.txt"));

/// Adds the notice texts that come with the program, unless they are there. A text that is there is never changed.
///
/// # Errors
/// When the database is away.
pub async fn seed_notice_texts(store: &Store) -> Result<(), Failure> {
    // In force before anything a demo tells of.
    let published = Utc.with_ymd_and_hms(2025, 11, 1, 0, 0, 0).single().unwrap_or_default();
    let mut tx = store.begin_job().await?;
    for (language, (title, body)) in [("en", ENGLISH), ("de", GERMAN)] {
        let sha256 = Sha256::digest(body.as_bytes());
        queries::add_notice(&mut tx, (NOTICE_VERSION, language), (title, body), &sha256, published).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// A consent to give without a person: set-up and demo only.
#[derive(Clone, Debug)]
pub struct SeedGrant<'a> {
    pub tenant: TenantId,
    pub operator: OperatorId,
    pub countries: &'a [&'a str],
    pub classes: &'a [Class],
    /// The person's name in the ledger.
    pub accepted_by: &'a str,
    /// Name and e-mail.
    pub contact: Option<(&'a str, &'a str)>,
    /// When it was given.
    pub at: DateTime<Utc>,
}

/// Gives a consent on the text that comes with the program, with gates, ledger, event and log entry as a person's would have.
///
/// # Errors
/// When the database is away.
pub async fn grant_for_seed(store: &Store, grant: SeedGrant<'_>) -> Result<Consent, Failure> {
    seed_notice_texts(store).await?;
    let ctx = Ctx {
        actor: Actor::Job("setup"),
        org: Org::Tenant(grant.tenant),
        scopes: ScopeSet::default(),
        request_id: String::new(),
        address: None,
        env: store.env.clone(),
    };
    let given = AcceptIn {
        operator: grant.operator,
        countries: grant.countries.iter().map(|country| (*country).to_owned()).collect(),
        classes: grant.classes.to_vec(),
        read: true,
        notice_version: NOTICE_VERSION.to_owned(),
        contact: grant.contact.map(|(name, email)| Contact { name: name.to_owned(), email: email.to_owned() }),
    };
    let mut tx = store.begin_job().await?;
    let notice = queries_read::notice(&mut tx, NOTICE_VERSION, "en").await?;
    let sha256 = notice.map(|notice| notice.sha256).unwrap_or_default();
    let consent = actions::write_grant(&mut tx, &ctx, grant.tenant, &given, sha256, (grant.accepted_by, None), grant.at).await?;
    tx.commit().await?;
    Ok(consent)
}

/// Sets a relationship without a person.
///
/// # Errors
/// When the database is away.
pub async fn set_relationship_for_seed(
    store: &Store,
    tenant: TenantId,
    operator: OperatorId,
    status: RelationshipStatus,
    comment: Option<&str>,
    at: DateTime<Utc>,
) -> Result<(), Failure> {
    let mut tx = store.begin_job().await?;
    queries::put_relationship(&mut tx, tenant, operator, status, comment, at).await?;
    tx.commit().await?;
    Ok(())
}
