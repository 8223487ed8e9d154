//! Every page as everybody.

use concord::app::PAGES;
use concord::base::Scope;
use sqlx::PgPool;

use super::compare;
use crate::world::Person;
use crate::world::World;
use crate::world::filled;
use crate::world::view;

/// Who may see a page.
#[derive(Clone, Copy, Debug, PartialEq)]
enum May {
    /// Everybody.
    Open,
    /// Whoever is signed in.
    Account,
    /// Members of the organisation whose role has the scope; without one every member.
    Of(&'static str, Option<Scope>),
}

const fn tenant(scope: Scope) -> May {
    May::Of("tenant", Some(scope))
}

const fn operator(scope: Scope) -> May {
    May::Of("operator", Some(scope))
}

const fn platform(scope: Scope) -> May {
    May::Of("platform", Some(scope))
}

/// Every page.
const ROWS: &[(&str, May)] = &[
    ("/sign-in", May::Open),
    ("/api/docs", May::Open),
    ("/api/docs/notices", May::Open),
    ("/account", May::Account),
    ("/t/{slug}/", May::Of("tenant", None)),
    ("/t/{slug}/numbers", tenant(Scope::TenantRead)),
    ("/t/{slug}/numbers/{e164}", tenant(Scope::TenantRead)),
    ("/t/{slug}/numbers/{e164}/assign", tenant(Scope::TenantAssign)),
    ("/t/{slug}/numbers/{e164}/unassign", tenant(Scope::TenantAssign)),
    ("/t/{slug}/change-sets", tenant(Scope::TenantRead)),
    ("/t/{slug}/change-sets/new", tenant(Scope::TenantAssign)),
    ("/t/{slug}/change-sets/{id}", tenant(Scope::TenantRead)),
    ("/t/{slug}/locations", tenant(Scope::TenantRead)),
    ("/t/{slug}/locations/new", tenant(Scope::TenantAssign)),
    ("/t/{slug}/locations/{id}", tenant(Scope::TenantAssign)),
    ("/t/{slug}/targets", tenant(Scope::TenantRead)),
    ("/t/{slug}/targets/upload", tenant(Scope::TenantAssign)),
    ("/t/{slug}/targets/upload/{id}", tenant(Scope::TenantAssign)),
    ("/t/{slug}/targets/{id}", tenant(Scope::TenantRead)),
    ("/t/{slug}/stock", tenant(Scope::TenantRead)),
    ("/t/{slug}/calls", tenant(Scope::CallsRead)),
    ("/t/{slug}/calls/{id}", tenant(Scope::CallsRead)),
    ("/t/{slug}/usage", tenant(Scope::UsageRead)),
    ("/t/{slug}/quality", tenant(Scope::QualityRead)),
    ("/t/{slug}/operators", tenant(Scope::TenantRead)),
    ("/t/{slug}/operators/{operator}", tenant(Scope::TenantRead)),
    ("/t/{slug}/operators/{operator}/leave", tenant(Scope::TenantRead)),
    ("/t/{slug}/operators/{operator}/certificate", tenant(Scope::TenantRead)),
    ("/t/{slug}/operators/{operator}/handout", tenant(Scope::TenantRead)),
    ("/t/{slug}/operators/{operator}/{verb}", tenant(Scope::ConsentWrite)),
    ("/t/{slug}/register", tenant(Scope::RegisterRead)),
    ("/t/{slug}/register/verify", tenant(Scope::RegisterRead)),
    ("/t/{slug}/register/{id}", tenant(Scope::RegisterRead)),
    ("/t/{slug}/audit", tenant(Scope::AuditRead)),
    ("/t/{slug}/audit/verify", tenant(Scope::AuditRead)),
    ("/t/{slug}/clients", tenant(Scope::ClientsWrite)),
    ("/t/{slug}/clients/{id}", tenant(Scope::ClientsWrite)),
    ("/t/{slug}/clients/{id}/keys/{key}", tenant(Scope::ClientsWrite)),
    ("/t/{slug}/clients/{id}/secret", tenant(Scope::ClientsWrite)),
    ("/t/{slug}/clients/{id}/requests", tenant(Scope::ClientsWrite)),
    ("/t/{slug}/clients/{id}/revoke", tenant(Scope::ClientsWrite)),
    ("/t/{slug}/settings", tenant(Scope::TenantRead)),
    ("/o/{slug}/", May::Of("operator", None)),
    ("/o/{slug}/customers", operator(Scope::NumbersRead)),
    ("/o/{slug}/customers/{tenant}", operator(Scope::NumbersRead)),
    ("/o/{slug}/numbers", operator(Scope::NumbersRead)),
    ("/o/{slug}/numbers/upload", operator(Scope::NumbersWrite)),
    ("/o/{slug}/numbers/upload/{id}", operator(Scope::NumbersWrite)),
    ("/o/{slug}/numbers/{e164}", operator(Scope::NumbersRead)),
    ("/o/{slug}/stock", operator(Scope::NumbersRead)),
    ("/o/{slug}/release-requests", operator(Scope::NumbersRead)),
    ("/o/{slug}/orders", operator(Scope::NumbersRead)),
    ("/o/{slug}/orders/{id}", operator(Scope::NumbersRead)),
    ("/o/{slug}/calls", operator(Scope::CallsRead)),
    ("/o/{slug}/calls/{id}", operator(Scope::CallsRead)),
    ("/o/{slug}/quality", operator(Scope::CallsRead)),
    ("/o/{slug}/durations", operator(Scope::DurationsWrite)),
    ("/o/{slug}/durations/upload", operator(Scope::DurationsWrite)),
    ("/o/{slug}/durations/{id}", operator(Scope::DurationsWrite)),
    ("/o/{slug}/notifications", operator(Scope::EventsRead)),
    ("/o/{slug}/notifications/events/{id}", operator(Scope::EventsRead)),
    ("/o/{slug}/notifications/attempts/{key}", operator(Scope::EventsRead)),
    ("/o/{slug}/endpoints", operator(Scope::EventsRead)),
    ("/o/{slug}/endpoints/new", operator(Scope::EndpointsWrite)),
    ("/o/{slug}/endpoints/{id}", operator(Scope::EventsRead)),
    ("/o/{slug}/endpoints/{id}/edit", operator(Scope::EndpointsWrite)),
    ("/o/{slug}/endpoints/{id}/recover", operator(Scope::EndpointsWrite)),
    ("/o/{slug}/endpoints/{id}/delete", operator(Scope::EndpointsWrite)),
    ("/o/{slug}/register", operator(Scope::RegisterRead)),
    ("/o/{slug}/register/verify", operator(Scope::RegisterRead)),
    ("/o/{slug}/register/{id}", operator(Scope::RegisterRead)),
    ("/o/{slug}/audit", operator(Scope::AuditRead)),
    ("/o/{slug}/audit/verify", operator(Scope::AuditRead)),
    ("/o/{slug}/clients", operator(Scope::ClientsWrite)),
    ("/o/{slug}/clients/{id}", operator(Scope::ClientsWrite)),
    ("/o/{slug}/clients/{id}/keys/{key}", operator(Scope::ClientsWrite)),
    ("/o/{slug}/clients/{id}/secret", operator(Scope::ClientsWrite)),
    ("/o/{slug}/clients/{id}/requests", operator(Scope::ClientsWrite)),
    ("/o/{slug}/clients/{id}/revoke", operator(Scope::ClientsWrite)),
    ("/p/", platform(Scope::PlatformDirectory)),
    ("/p/tenants", platform(Scope::PlatformDirectory)),
    ("/p/tenants/new", platform(Scope::PlatformDirectory)),
    ("/p/tenants/{id}", platform(Scope::PlatformDirectory)),
    ("/p/operators", platform(Scope::PlatformDirectory)),
    ("/p/operators/new", platform(Scope::PlatformDirectory)),
    ("/p/operators/{id}", platform(Scope::PlatformDirectory)),
    ("/p/feeds", platform(Scope::PlatformDirectory)),
    ("/p/jobs", platform(Scope::PlatformDirectory)),
    ("/p/notices", platform(Scope::PlatformDirectory)),
    ("/p/notices/new", platform(Scope::PlatformAdmin)),
    ("/p/notices/draft", platform(Scope::PlatformAdmin)),
    ("/p/notices/{version}", platform(Scope::PlatformDirectory)),
    ("/p/audit", platform(Scope::AuditRead)),
    ("/p/audit/verify", platform(Scope::AuditRead)),
];

/// Files that pages offer.
const FILES: &[(&str, May)] = &[
    ("/t/{slug}/numbers.csv", tenant(Scope::TenantRead)),
    ("/t/{slug}/change-sets/{id}/rejected.csv", tenant(Scope::TenantRead)),
    ("/t/{slug}/stock.csv", tenant(Scope::TenantRead)),
    ("/t/{slug}/targets/template.csv", May::Of("tenant", None)),
    ("/o/{slug}/stock.csv", operator(Scope::NumbersRead)),
    ("/t/{slug}/calls.csv", tenant(Scope::CallsRead)),
    ("/o/{slug}/calls.csv", operator(Scope::CallsRead)),
    ("/t/{slug}/usage.csv", tenant(Scope::UsageRead)),
    ("/t/{slug}/quality.csv", tenant(Scope::QualityRead)),
    ("/t/{slug}/register.csv", tenant(Scope::RegisterRead)),
    ("/t/{slug}/register/head.csv", tenant(Scope::RegisterRead)),
    ("/o/{slug}/register/head.csv", operator(Scope::RegisterRead)),
    ("/t/{slug}/operators.csv", tenant(Scope::RegisterRead)),
    ("/o/{slug}/numbers.csv", operator(Scope::NumbersRead)),
    ("/o/{slug}/quality.csv", operator(Scope::CallsRead)),
    ("/o/{slug}/numbers/template.csv", May::Of("operator", None)),
    ("/o/{slug}/orders/{id}/rejected.csv", operator(Scope::NumbersRead)),
    ("/o/{slug}/durations/template.csv", operator(Scope::DurationsWrite)),
    ("/o/{slug}/durations/{id}/rejected.csv", operator(Scope::DurationsWrite)),
    ("/o/{slug}/register.csv", operator(Scope::RegisterRead)),
];

#[sqlx::test]
async fn every_page_as_everybody(pool: PgPool) {
    let mut faults = compare("page", PAGES.iter().map(|spec| spec.path.to_owned()), ROWS.iter().map(|(path, _)| *path));
    let world = World::new(pool).await;
    for (path, may) in ROWS.iter().chain(FILES) {
        let slug = if let May::Of(kind, _) = may { world.slugs[usize::from(*kind == "operator")][0] } else { "" };
        let address = filled(path, 0, slug);
        let told = view(&world.app, &address, "").await;
        match may {
            May::Open if told.status == 200 => {}
            May::Account | May::Of(..) if told.asks_to_sign_in() => {}
            _ => faults.push(format!("{path} as nobody: {} {}", told.status, told.header("location"))),
        }
        for person in &world.people {
            let told = view(&world.app, &address, &person.cookie).await;
            let expected = expected(*may, person, &world);
            let right = match expected {
                // A thing that is not there is 404 for who may ask; the platform's addresses have no short name in front.
                200 => {
                    told.status == 200 || (told.status == 404 && path.matches('{').count() > usize::from(!path.starts_with("/p/")))
                }
                status => told.status == status,
            };
            if !right {
                faults.push(format!("{path} as {}: {} instead of {expected} {}", person.who, told.status, said(&told.text)));
            }
            let file = FILES.iter().any(|(file, _)| file == path) && told.status == 200;
            if told.header("content-type").starts_with("text/csv") != file
                || (!file && !told.header("content-type").starts_with("text/html"))
            {
                faults.push(format!("{path} as {}: no HTML page but {}", person.who, told.header("content-type")));
            }
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// The status this person is owed.
fn expected(may: May, person: &Person, world: &World) -> u16 {
    match may {
        May::Open | May::Account => 200,
        May::Of(kind, scope) => {
            let owner = world.admin(kind, 0);
            if person.org != owner.org {
                404
            } else if scope.is_none_or(|scope| person.role.scopes().has(scope)) {
                200
            } else {
                403
            }
        }
    }
}

/// The words of an error page, for the report.
fn said(text: &str) -> &str {
    text.split_once("<h1").map_or("", |(_, rest)| &rest[..rest.len().min(120)])
}

#[sqlx::test]
async fn a_page_nobody_made_is_a_page_that_says_so(pool: PgPool) {
    let world = World::new(pool).await;
    let admin = &world.admin("tenant", 0).cookie;
    for (cookie, path) in [("", "/nowhere"), (admin.as_str(), "/t/kestrel/nowhere"), (admin.as_str(), "/nowhere/at/all")] {
        let told = view(&world.app, path, cookie).await;
        assert_eq!((told.status, told.header("content-type")), (404, "text/html; charset=utf-8"), "{path}");
        assert!(told.text.contains("<h1"), "{path}");
    }
}
