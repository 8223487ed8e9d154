//! Organisations, people who sign in, and API clients.

use uuid::Uuid;

use super::Making;
use super::client_secret;
use super::plan::all_operators;
use super::plan::all_tenants;
use crate::app::demo::DemoAccount;
use crate::app::demo::DemoClient;
use crate::app::demo::DemoEndpoint;
use crate::app::demo::DemoOperator;
use crate::app::demo::DemoTenant;
use crate::app::demo::Seeded;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::Org;
use crate::base::Scope;
use crate::identity::NewAccount;
use crate::identity::NewClient;
use crate::identity::NewOperator;
use crate::identity::NewTenant;
use crate::identity::OperatorPut;
use crate::identity::OperatorRole;
use crate::identity::PlatformRole;
use crate::identity::Role;
use crate::identity::Secret;
use crate::identity::TenantRole;
use crate::identity::add_membership;
use crate::identity::all_client_scopes;
use crate::identity::create_account;
use crate::identity::create_client_for;
use crate::identity::create_operator;
use crate::identity::create_tenant;
use crate::identity::put_operator;

/// The client made last: where it is, the demo's data is whole.
pub const PLATFORM_CLIENT: &str = "platform-demo";

const TENANT_ROLES: [TenantRole; 4] = [TenantRole::Admin, TenantRole::HelpdeskOne, TenantRole::HelpdeskTwo, TenantRole::Auditor];
const OPERATOR_ROLES: [OperatorRole; 4] =
    [OperatorRole::Admin, OperatorRole::Provisioner, OperatorRole::Support, OperatorRole::Viewer];

/// One person who signs in.
struct Person {
    email: String,
    name: &'static str,
    language: &'static str,
    time_zone: &'static str,
    memberships: Vec<(Org, &'static str, Role)>,
}

/// The short name of a role in passwords and addresses: `helpdesk-1`.
fn word(role: Role) -> String {
    role.as_str().replace('_', "-")
}

/// Clearly a demo's password; the same for every seed.
fn password(person: &Person) -> String {
    match person.memberships.as_slice() {
        [(_, _, role)] => format!("concord-demo-{}", word(*role)),
        _ => "concord-demo-both".to_owned(),
    }
}

fn people(making: &Making<'_>) -> Vec<Person> {
    let mut people = Vec::new();
    for plan in all_tenants() {
        for (role, name) in TENANT_ROLES.into_iter().zip(plan.people) {
            let role = Role::Tenant(role);
            people.push(Person {
                email: format!("{}@{}", word(role), plan.domain),
                name,
                language: plan.language,
                time_zone: plan.time_zone,
                memberships: vec![(Org::Tenant(making.tenant(plan.slug)), plan.slug, role)],
            });
        }
    }
    for plan in all_operators() {
        for (role, name) in OPERATOR_ROLES.into_iter().zip(plan.people) {
            let role = Role::Operator(role);
            people.push(Person {
                email: format!("{}@{}", word(role), plan.domain),
                name,
                language: plan.language,
                time_zone: plan.time_zone,
                memberships: vec![(Org::Operator(making.operator(plan.slug)), plan.slug, role)],
            });
        }
    }
    for (role, name) in [(PlatformRole::Admin, "Nora Feld"), (PlatformRole::Operations, "Ivo Santos")] {
        let role = Role::Platform(role);
        people.push(Person {
            email: format!("{}@platform.example", word(role)),
            name,
            language: "en",
            time_zone: "Europe/Berlin",
            memberships: vec![(Org::Platform, "platform", role)],
        });
    }
    people.push(Person {
        email: "mara.lindner@contoso.example".to_owned(),
        name: "Mara Lindner",
        language: "en",
        time_zone: "Europe/Berlin",
        memberships: vec![
            (Org::Tenant(making.tenant("contoso")), "contoso", Role::Tenant(TenantRole::Admin)),
            (Org::Tenant(making.tenant("harrow")), "harrow", Role::Tenant(TenantRole::Auditor)),
            (Org::Operator(making.operator("norvik")), "norvik", Role::Operator(OperatorRole::Viewer)),
        ],
    });
    people
}

/// Every API client: id, name, organisation and its short name.
fn all_clients(making: &Making<'_>) -> Vec<(String, String, Org, &'static str)> {
    let mut clients = Vec::new();
    for plan in all_operators() {
        clients.push((
            format!("{}-demo", plan.slug),
            format!("{} provisioning", plan.name),
            Org::Operator(making.operator(plan.slug)),
            plan.slug,
        ));
    }
    for plan in all_tenants() {
        let org = Org::Tenant(making.tenant(plan.slug));
        clients.push((format!("{}-demo", plan.slug), format!("{} automation", plan.name), org, plan.slug));
    }
    clients.push((PLATFORM_CLIENT.to_owned(), "Call controller".to_owned(), Org::Platform, "platform"));
    clients
}

/// Makes tenants and operators.
pub async fn organisations(making: &mut Making<'_>) -> Result<(), Failure> {
    let store = making.store_at(super::OLDEST, "organisations");
    let platform = Ctx::job("setup", Org::Platform, std::iter::once(Scope::PlatformDirectory).collect(), store.env.clone());
    for plan in all_tenants() {
        let tenant = NewTenant {
            slug: plan.slug,
            name: plan.name,
            country: plan.country,
            time_zone: plan.time_zone,
            sip_domain: plan.sip_domain,
            quarantine_days: 30,
        };
        making.tenants.insert(plan.slug, create_tenant(&store, tenant).await?);
    }
    for plan in all_operators() {
        let operator = NewOperator {
            slug: plan.slug,
            name: plan.name,
            time_zone: plan.time_zone,
            countries: plan.countries,
            services: plan.services,
            website: Some(plan.website),
        };
        let id = create_operator(&store, operator).await?;
        // The directory says how emergency addresses of its numbers come about.
        let put = OperatorPut {
            slug: plan.slug.to_owned(),
            name: plan.name.to_owned(),
            time_zone: plan.time_zone.to_owned(),
            countries: plan.countries.iter().map(|code| (*code).to_owned()).collect(),
            services: plan.services.iter().map(|service| (*service).to_owned()).collect(),
            website: Some(plan.website.to_owned()),
            emergency_mode: plan.emergency_mode.to_owned(),
        };
        put_operator(&store, &platform, id.0, &put).await?;
        making.operators.insert(plan.slug, id);
    }
    Ok(())
}

/// Makes accounts and memberships.
pub async fn accounts(making: &mut Making<'_>) -> Result<(), Failure> {
    let store = making.store_at(super::OLDEST - 1, "accounts");
    for person in people(making) {
        let password = password(&person);
        let account = NewAccount {
            email: &person.email,
            name: person.name,
            password: Some(&password),
            language: Some(person.language),
            time_zone: Some(person.time_zone),
        };
        let id = create_account(&store, account).await?;
        for (org, slug, role) in person.memberships {
            add_membership(&store, id, org, role).await?;
            if role.as_str() == "admin" {
                making.admins.entry(slug).or_insert(id);
            }
        }
    }
    Ok(())
}

/// Makes the API clients, each with every scope its kind of organisation may carry.
pub async fn clients(making: &Making<'_>) -> Result<(), Failure> {
    let store = making.store_at(30, "clients");
    for (id, name, org, _) in all_clients(making) {
        let secret = Some(Secret::given(client_secret(making.seed, &id)));
        let client = NewClient { id: Some(&id), name: &name, scopes: all_client_scopes(org), secret };
        create_client_for(&store, org, client).await?;
    }
    Ok(())
}

/// What the demo file tells of all this.
pub fn seeded(making: &Making<'_>, endpoints: Vec<DemoEndpoint>) -> Seeded {
    let mut accounts = Vec::new();
    for person in people(making) {
        let password = password(&person);
        for (org, slug, role) in &person.memberships {
            accounts.push(DemoAccount {
                email: person.email.clone(),
                password: password.clone(),
                totp_secret: None,
                name: person.name.to_owned(),
                org_kind: org.kind().to_owned(),
                org_id: org.id(),
                org_slug: (*slug).to_owned(),
                role: role.as_str().to_owned(),
            });
        }
    }
    let api_clients = all_clients(making).into_iter().map(|(id, _, org, slug)| client_out(making.seed, id, org, slug)).collect();
    let operators = all_operators().map(|plan| DemoOperator {
        id: making.operator(plan.slug).0,
        slug: plan.slug.to_owned(),
        name: plan.name.to_owned(),
        time_zone: plan.time_zone.to_owned(),
        pulls: plan.pulls,
    });
    let tenants = all_tenants().map(|plan| DemoTenant {
        id: making.tenant(plan.slug).0,
        slug: plan.slug.to_owned(),
        name: plan.name.to_owned(),
        country: plan.country.to_owned(),
        time_zone: plan.time_zone.to_owned(),
        sip_domain: plan.sip_domain.to_owned(),
    });
    Seeded { accounts, api_clients, operators: operators.collect(), tenants: tenants.collect(), endpoints }
}

fn client_out(seed: u64, id: String, org: Org, slug: &str) -> DemoClient {
    let org_id: Uuid = org.id();
    DemoClient {
        client_secret: client_secret(seed, &id),
        client_id: id,
        org_kind: org.kind().to_owned(),
        org_id,
        org_slug: slug.to_owned(),
        scopes: all_client_scopes(org).iter().map(|scope| scope.as_str().to_owned()).collect(),
    }
}
