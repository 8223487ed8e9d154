//! Verbs of the command line and the seed: they make organisations, accounts, memberships and clients, across all organisations.

use super::actions;
use super::model::Email;
use super::model::OrgKind;
use super::model::Role;
use super::model::is_slug;
use super::password;
use super::queries_setup as queries;
use super::secret::Secret;
use crate::audit;
use crate::base::AccountId;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::Org;
use crate::base::Problem;
use crate::base::ScopeSet;
use crate::base::TenantId;
use crate::store::Store;

/// A tenant to make.
#[derive(Clone, Copy, Debug)]
pub struct NewTenant<'a> {
    /// Short name in addresses.
    pub slug: &'a str,
    pub name: &'a str,
    /// ISO 3166-1 alpha-2, capitals.
    pub country: &'a str,
    /// IANA name.
    pub time_zone: &'a str,
    /// Host part of the SIP URIs of its numbers.
    pub sip_domain: &'a str,
    /// Days; 0 none, -1 for ever.
    pub quarantine_days: i32,
}

/// An operator to make.
#[derive(Clone, Copy, Debug)]
pub struct NewOperator<'a> {
    pub slug: &'a str,
    pub name: &'a str,
    pub time_zone: &'a str,
    /// ISO 3166-1 alpha-2.
    pub countries: &'a [&'a str],
    pub services: &'a [&'a str],
    pub website: Option<&'a str>,
}

/// An account to make.
#[derive(Clone, Copy, Debug, Default)]
pub struct NewAccount<'a> {
    pub email: &'a str,
    pub name: &'a str,
    /// Without one nobody can sign in by password.
    pub password: Option<&'a str>,
    /// `en` or `de`.
    pub language: Option<&'a str>,
    pub time_zone: Option<&'a str>,
}

/// An API client to make.
#[derive(Clone, Debug)]
pub struct NewClient<'a> {
    /// `None`: a new id.
    pub id: Option<&'a str>,
    pub name: &'a str,
    /// Scopes it carries; those its kind of organisation cannot have are refused.
    pub scopes: ScopeSet,
    /// `None`: a random one. Only the demo and tests choose one.
    pub secret: Option<Secret>,
}

/// The organisation with that short name.
///
/// # Errors
/// When the database is away.
pub async fn find_org(store: &Store, kind: OrgKind, slug: &str) -> Result<Option<Org>, Failure> {
    let mut tx = store.begin_job().await?;
    let found = queries::org_by_slug(&mut tx, kind, slug).await?;
    tx.commit().await?;
    Ok(found)
}

/// Every organisation with its name, the platform among them: for checks over all of them.
///
/// # Errors
/// When the database is away.
pub async fn all_orgs(store: &Store) -> Result<Vec<(Org, String)>, Failure> {
    let mut tx = store.begin_job().await?;
    let mut found = queries::all_orgs(&mut tx).await?;
    tx.commit().await?;
    found.push((Org::Platform, "platform".to_owned()));
    Ok(found)
}

/// Makes a tenant.
///
/// # Errors
/// 422 `org_invalid`, 409 `slug_taken` or `sip_domain_taken`.
pub async fn create_tenant(store: &Store, tenant: NewTenant<'_>) -> Result<TenantId, Failure> {
    check_org(tenant.slug, tenant.name, tenant.time_zone, &[tenant.country])?;
    let domain_ok = Email::parse(&format!("x@{}", tenant.sip_domain)).is_some() && tenant.sip_domain.is_ascii();
    if !domain_ok || !(-1..=365).contains(&tenant.quarantine_days) {
        let fix = "A host name such as acme.sip.example, and -1 to 365 days.";
        return Err(invalid().field("sip_domain", "org_invalid", Some(tenant.sip_domain.to_owned()), fix).into());
    }
    let id = TenantId(store.env.id());
    let mut tx = store.begin_job().await?;
    queries::insert_tenant(&mut tx, id, &tenant, store.env.now()).await.map_err(taken)?;
    audit_setup(&mut tx, store, Org::Tenant(id), "tenant.created", ("tenant", &id.to_string())).await?;
    tx.commit().await?;
    Ok(id)
}

/// Makes an operator.
///
/// # Errors
/// 422 `org_invalid`, 409 `slug_taken`.
pub async fn create_operator(store: &Store, operator: NewOperator<'_>) -> Result<OperatorId, Failure> {
    check_org(operator.slug, operator.name, operator.time_zone, operator.countries)?;
    let id = OperatorId(store.env.id());
    let mut tx = store.begin_job().await?;
    queries::insert_operator(&mut tx, id, &operator, store.env.now()).await.map_err(taken)?;
    audit_setup(&mut tx, store, Org::Operator(id), "operator.created", ("operator", &id.to_string())).await?;
    tx.commit().await?;
    Ok(id)
}

/// Makes an account.
///
/// # Errors
/// 422 `account_invalid` or `password_weak`, 409 `email_taken`.
pub async fn create_account(store: &Store, account: NewAccount<'_>) -> Result<AccountId, Failure> {
    let refusal = || Problem::new(422, "account_invalid", "The account cannot be made.");
    let Some(email) = Email::parse(account.email) else {
        let fix = "An address such as mara@acme.example.";
        return Err(refusal().field("email", "email_invalid", Some(account.email.to_owned()), fix).into());
    };
    if account.name.trim().is_empty() || account.name.chars().count() > 100 {
        return Err(refusal().field("name", "name_invalid", Some(account.name.to_owned()), "A name has 1 to 100 signs.").into());
    }
    let hash = match account.password {
        None => None,
        Some(password) => {
            actions::weak(password, password)?;
            Some(password::hash(password.to_owned()).await?)
        }
    };
    let id = AccountId(store.env.id());
    let settings = (account.language, account.time_zone);
    let mut tx = store.begin_job().await?;
    queries::insert_account(&mut tx, id, email.as_str(), account.name.trim(), hash.as_deref(), settings, store.env.now())
        .await
        .map_err(taken)?;
    tx.commit().await?;
    Ok(id)
}

/// Gives an account a role in an organisation, or another one than it had.
///
/// # Errors
/// 422 `role_unknown` when the role is not one of that kind of organisation.
pub async fn add_membership(store: &Store, account: AccountId, org: Org, role: Role) -> Result<(), Failure> {
    if role.kind().as_str() != org.kind() {
        return Err(Problem::new(422, "role_unknown", format!("A {} has no role {}.", org.kind(), role.as_str())).into());
    }
    let mut tx = store.begin_job().await?;
    queries::insert_membership(&mut tx, account, org, role, store.env.now()).await.map_err(taken)?;
    audit_setup(&mut tx, store, org, "membership.set", ("account", &account.to_string())).await?;
    tx.commit().await?;
    Ok(())
}

/// Makes an API client; answers its id and secret.
///
/// # Errors
/// 422 `client_invalid`, 409 `client_taken`.
pub async fn create_client_for(store: &Store, org: Org, client: NewClient<'_>) -> Result<(String, Secret), Failure> {
    let ctx = setup_ctx(store, org);
    let id = client.id.map_or_else(|| format!("client_{}", store.env.id().simple()), str::to_owned);
    let secret = client.secret.unwrap_or_else(|| Secret::client(&store.env));
    let scopes: Vec<String> = client.scopes.iter().map(|scope| scope.as_str().to_owned()).collect();
    let mut tx = store.begin_job().await?;
    actions::insert_client(&mut tx, &ctx, &id, client.name, &scopes, &secret).await?;
    tx.commit().await?;
    Ok((id, secret))
}

/// Every scope a client of this organisation may carry.
#[must_use]
pub fn all_client_scopes(org: Org) -> ScopeSet {
    OrgKind::parse(org.kind()).map(OrgKind::client_scopes).unwrap_or_default()
}

fn setup_ctx(store: &Store, org: Org) -> Ctx {
    Ctx::job("setup", org, ScopeSet::default(), store.env.clone())
}

async fn audit_setup(
    conn: &mut sqlx::PgConnection,
    store: &Store,
    org: Org,
    action: &'static str,
    subject: (&'static str, &str),
) -> Result<(), Failure> {
    let entry = audit::Entry { action, subject_kind: subject.0, subject_id: subject.1, detail: None };
    audit::record(conn, &setup_ctx(store, org), entry).await
}

pub(super) fn invalid() -> Problem {
    Problem::new(422, "org_invalid", "The organisation cannot be made.")
}

pub(super) fn check_org(slug: &str, name: &str, time_zone: &str, countries: &[&str]) -> Result<(), Failure> {
    let refuse = |field: &str, code: &str, value: &str, fix: &str| -> Result<(), Failure> {
        Err(invalid().field(field, code, Some(value.to_owned()), fix).into())
    };
    if !is_slug(slug) {
        return refuse("slug", "slug_invalid", slug, "1 to 63 of a-z, 0-9 and -, not beginning with -.");
    }
    if !(1..=200).contains(&name.trim().chars().count()) {
        return refuse("name", "name_too_long", name, "A name has 1 to 200 signs.");
    }
    if time_zone.parse::<chrono_tz::Tz>().is_err() {
        return refuse("time_zone", "zone_unknown", time_zone, "An IANA name such as Europe/Berlin.");
    }
    for country in countries {
        if country.len() != 2 || !country.bytes().all(|b| b.is_ascii_uppercase()) {
            return refuse("country", "country_unknown", country, "Two capitals (ISO 3166-1), such as DE.");
        }
    }
    Ok(())
}

/// Uniqueness as a refusal, by the constraint's name.
pub(super) fn taken(error: sqlx::Error) -> Failure {
    let constraint = error.as_database_error().and_then(|db| db.constraint()).unwrap_or_default();
    let (code, detail) = match constraint {
        "tenant_slug_uq" | "operator_slug_uq" => ("slug_taken", "Another organisation has this short name."),
        "tenant_sip_domain_uq" => ("sip_domain_taken", "Another tenant has this SIP domain."),
        "account_email_uq" => ("email_taken", "There is an account with this e-mail address."),
        _ => return error.into(),
    };
    Problem::new(409, code, detail).into()
}
