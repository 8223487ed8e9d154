//! The one list of pages: address, whose portal, which scope, which entry of the side bar, which function.
//! The authority table and the path snapshot read it.

use std::future::Future;
use std::pin::Pin;

use crate::base::Failure;
use crate::base::Scope;
use crate::calls;
use crate::consent;
use crate::identity;
use crate::identity::OrgKind;
use crate::identity::PageRequest;
use crate::notices;
use crate::numbers;
use crate::portal;
use crate::quality;
use crate::transfers;
use crate::ui::Page;
use crate::usage;

/// A page's work.
pub type Answer = Pin<Box<dyn Future<Output = Result<Page, Failure>> + Send>>;

/// Whose portal a page belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Anybody may look.
    Open,
    /// Who is signed in, for the account itself.
    Account,
    /// Members of the organisation in the address.
    Org(OrgKind),
}

/// One page.
#[derive(Clone, Copy, Debug)]
pub struct PageSpec {
    /// The address, with `{name}` for its parts.
    pub path: &'static str,
    pub side: Side,
    /// Needed beside membership.
    pub scope: Option<Scope>,
    /// The entry of the side bar that stands for it.
    pub nav: &'static str,
    pub page: fn(PageRequest) -> Answer,
}

macro_rules! page {
    ($path:literal, $side:expr, $scope:expr, $nav:literal, $($page:tt)+) => {
        PageSpec { path: $path, side: $side, scope: $scope, nav: $nav, page: |req| Box::pin($($page)+(req)) }
    };
}

const TENANT: Side = Side::Org(OrgKind::Tenant);
const OPERATOR: Side = Side::Org(OrgKind::Operator);
const PLATFORM: Side = Side::Org(OrgKind::Platform);

/// Every page of the site.
pub const PAGES: &[PageSpec] = &[
    page!("/sign-in", Side::Open, None, "", identity::sign_in_page),
    page!("/api/docs", Side::Open, None, "", super::docs::docs_page),
    page!("/api/docs/notices", Side::Open, None, "", super::docs_guide::guide_page),
    page!("/account", Side::Account, None, "account", identity::account_page),
    page!("/t/{slug}/", TENANT, None, "overview", portal::tenant_overview_page),
    page!("/t/{slug}/numbers", TENANT, Some(Scope::TenantRead), "numbers", numbers::numbers_page),
    page!("/t/{slug}/numbers/{e164}", TENANT, Some(Scope::TenantRead), "numbers", numbers::number_page),
    page!("/t/{slug}/numbers/{e164}/assign", TENANT, Some(Scope::TenantAssign), "numbers", numbers::assign_page),
    page!("/t/{slug}/numbers/{e164}/unassign", TENANT, Some(Scope::TenantAssign), "numbers", numbers::unassign_page),
    page!("/t/{slug}/change-sets", TENANT, Some(Scope::TenantRead), "change-sets", numbers::change_sets_page),
    page!("/t/{slug}/change-sets/new", TENANT, Some(Scope::TenantAssign), "change-sets", numbers::new_change_set_page),
    page!("/t/{slug}/change-sets/{id}", TENANT, Some(Scope::TenantRead), "change-sets", numbers::change_set_page),
    page!("/t/{slug}/locations", TENANT, Some(Scope::TenantRead), "locations", numbers::places_page),
    page!("/t/{slug}/locations/new", TENANT, Some(Scope::TenantAssign), "locations", numbers::new_place_page),
    page!("/t/{slug}/locations/{id}", TENANT, Some(Scope::TenantAssign), "locations", numbers::place_page),
    page!("/t/{slug}/targets", TENANT, Some(Scope::TenantRead), "targets", numbers::targets_page),
    page!("/t/{slug}/targets/upload", TENANT, Some(Scope::TenantAssign), "targets", numbers::target_upload_page),
    page!("/t/{slug}/targets/upload/{id}", TENANT, Some(Scope::TenantAssign), "targets", numbers::target_check_page),
    page!("/t/{slug}/targets/{id}", TENANT, Some(Scope::TenantRead), "targets", numbers::target_page),
    page!("/t/{slug}/stock", TENANT, Some(Scope::TenantRead), "stock", numbers::tenant_stock_page),
    page!("/t/{slug}/calls", TENANT, Some(Scope::CallsRead), "calls", calls::tenant_calls_page),
    page!("/t/{slug}/calls/{id}", TENANT, Some(Scope::CallsRead), "calls", calls::tenant_call_page),
    page!("/t/{slug}/usage", TENANT, Some(Scope::UsageRead), "usage", usage::usage_page),
    page!("/t/{slug}/quality", TENANT, Some(Scope::QualityRead), "quality", quality::tenant_quality_page),
    page!("/t/{slug}/operators", TENANT, Some(Scope::TenantRead), "operators", consent::operators_page),
    page!("/t/{slug}/operators/{operator}", TENANT, Some(Scope::TenantRead), "operators", consent::operator_page),
    page!("/t/{slug}/operators/{operator}/leave", TENANT, Some(Scope::TenantRead), "operators", consent::leave_page),
    page!("/t/{slug}/operators/{operator}/certificate", TENANT, Some(Scope::TenantRead), "operators", consent::certificate_page),
    page!("/t/{slug}/operators/{operator}/handout", TENANT, Some(Scope::TenantRead), "operators", consent::handout_page),
    page!("/t/{slug}/operators/{operator}/{verb}", TENANT, Some(Scope::ConsentWrite), "operators", consent::change_page),
    page!("/t/{slug}/register", TENANT, Some(Scope::RegisterRead), "register", transfers::register_page),
    page!("/t/{slug}/register/verify", TENANT, Some(Scope::RegisterRead), "register", transfers::verify_page),
    page!("/t/{slug}/register/{id}", TENANT, Some(Scope::RegisterRead), "register", transfers::entry_page),
    page!("/t/{slug}/audit", TENANT, Some(Scope::AuditRead), "audit", portal::audit_page),
    page!("/t/{slug}/audit/verify", TENANT, Some(Scope::AuditRead), "audit", portal::audit_verify_page),
    page!("/t/{slug}/clients", TENANT, Some(Scope::ClientsWrite), "clients", identity::clients_page),
    page!("/t/{slug}/clients/{id}", TENANT, Some(Scope::ClientsWrite), "clients", identity::client_page),
    page!("/t/{slug}/clients/{id}/keys/{key}", TENANT, Some(Scope::ClientsWrite), "clients", identity::remove_key_page),
    page!("/t/{slug}/clients/{id}/secret", TENANT, Some(Scope::ClientsWrite), "clients", identity::end_secret_page),
    page!("/t/{slug}/clients/{id}/requests", TENANT, Some(Scope::ClientsWrite), "clients", identity::requests_page),
    page!("/t/{slug}/clients/{id}/revoke", TENANT, Some(Scope::ClientsWrite), "clients", identity::revoke_client_page),
    page!("/t/{slug}/settings", TENANT, Some(Scope::TenantRead), "settings", numbers::settings_page),
    page!("/o/{slug}/", OPERATOR, None, "overview", portal::operator_overview_page),
    page!("/o/{slug}/customers", OPERATOR, Some(Scope::NumbersRead), "customers", consent::customers_page),
    page!("/o/{slug}/customers/{tenant}", OPERATOR, Some(Scope::NumbersRead), "customers", consent::customer_page),
    page!("/o/{slug}/numbers", OPERATOR, Some(Scope::NumbersRead), "numbers", numbers::operator_numbers_page),
    page!("/o/{slug}/numbers/upload", OPERATOR, Some(Scope::NumbersWrite), "numbers", numbers::upload_page),
    page!("/o/{slug}/numbers/upload/{id}", OPERATOR, Some(Scope::NumbersWrite), "numbers", numbers::upload_check_page),
    page!("/o/{slug}/numbers/{e164}", OPERATOR, Some(Scope::NumbersRead), "numbers", numbers::operator_number_page),
    page!("/o/{slug}/stock", OPERATOR, Some(Scope::NumbersRead), "stock", numbers::operator_stock_page),
    page!("/o/{slug}/release-requests", OPERATOR, Some(Scope::NumbersRead), "numbers", numbers::release_requests_page),
    page!("/o/{slug}/orders", OPERATOR, Some(Scope::NumbersRead), "numbers", numbers::orders_page),
    page!("/o/{slug}/orders/{id}", OPERATOR, Some(Scope::NumbersRead), "numbers", numbers::order_page),
    page!("/o/{slug}/calls", OPERATOR, Some(Scope::CallsRead), "calls", calls::operator_calls_page),
    page!("/o/{slug}/calls/{id}", OPERATOR, Some(Scope::CallsRead), "calls", calls::operator_call_page),
    page!("/o/{slug}/quality", OPERATOR, Some(Scope::CallsRead), "quality", quality::operator_quality_page),
    page!("/o/{slug}/durations", OPERATOR, Some(Scope::DurationsWrite), "durations", calls::durations_page),
    page!("/o/{slug}/durations/upload", OPERATOR, Some(Scope::DurationsWrite), "durations", calls::durations_upload_page),
    page!("/o/{slug}/durations/{id}", OPERATOR, Some(Scope::DurationsWrite), "durations", calls::duration_batch_page),
    page!("/o/{slug}/notifications", OPERATOR, Some(Scope::EventsRead), "notifications", notices::notifications_page),
    page!("/o/{slug}/notifications/events/{id}", OPERATOR, Some(Scope::EventsRead), "notifications", notices::event_page),
    page!("/o/{slug}/notifications/attempts/{key}", OPERATOR, Some(Scope::EventsRead), "notifications", notices::attempt_page),
    page!("/o/{slug}/endpoints", OPERATOR, Some(Scope::EventsRead), "endpoints", notices::endpoints_page),
    page!("/o/{slug}/endpoints/new", OPERATOR, Some(Scope::EndpointsWrite), "endpoints", notices::new_endpoint_page),
    page!("/o/{slug}/endpoints/{id}", OPERATOR, Some(Scope::EventsRead), "endpoints", notices::endpoint_page),
    page!("/o/{slug}/endpoints/{id}/edit", OPERATOR, Some(Scope::EndpointsWrite), "endpoints", notices::edit_endpoint_page),
    page!("/o/{slug}/endpoints/{id}/recover", OPERATOR, Some(Scope::EndpointsWrite), "endpoints", notices::recover_page),
    page!("/o/{slug}/endpoints/{id}/delete", OPERATOR, Some(Scope::EndpointsWrite), "endpoints", notices::delete_endpoint_page),
    page!("/o/{slug}/register", OPERATOR, Some(Scope::RegisterRead), "register", transfers::register_page),
    page!("/o/{slug}/register/verify", OPERATOR, Some(Scope::RegisterRead), "register", transfers::verify_page),
    page!("/o/{slug}/register/{id}", OPERATOR, Some(Scope::RegisterRead), "register", transfers::entry_page),
    page!("/o/{slug}/audit", OPERATOR, Some(Scope::AuditRead), "audit", portal::audit_page),
    page!("/o/{slug}/audit/verify", OPERATOR, Some(Scope::AuditRead), "audit", portal::audit_verify_page),
    page!("/o/{slug}/clients", OPERATOR, Some(Scope::ClientsWrite), "clients", identity::clients_page),
    page!("/o/{slug}/clients/{id}", OPERATOR, Some(Scope::ClientsWrite), "clients", identity::client_page),
    page!("/o/{slug}/clients/{id}/keys/{key}", OPERATOR, Some(Scope::ClientsWrite), "clients", identity::remove_key_page),
    page!("/o/{slug}/clients/{id}/secret", OPERATOR, Some(Scope::ClientsWrite), "clients", identity::end_secret_page),
    page!("/o/{slug}/clients/{id}/requests", OPERATOR, Some(Scope::ClientsWrite), "clients", identity::requests_page),
    page!("/o/{slug}/clients/{id}/revoke", OPERATOR, Some(Scope::ClientsWrite), "clients", identity::revoke_client_page),
    page!("/p/", PLATFORM, Some(Scope::PlatformDirectory), "overview", portal::platform_overview_page),
    page!("/p/tenants", PLATFORM, Some(Scope::PlatformDirectory), "tenants", portal::tenants_page),
    page!("/p/tenants/new", PLATFORM, Some(Scope::PlatformDirectory), "tenants", portal::new_tenant_page),
    page!("/p/tenants/{id}", PLATFORM, Some(Scope::PlatformDirectory), "tenants", portal::tenant_page),
    page!("/p/operators", PLATFORM, Some(Scope::PlatformDirectory), "operators", portal::operators_page),
    page!("/p/operators/new", PLATFORM, Some(Scope::PlatformDirectory), "operators", portal::new_operator_page),
    page!("/p/operators/{id}", PLATFORM, Some(Scope::PlatformDirectory), "operators", portal::operator_page),
    page!("/p/feeds", PLATFORM, Some(Scope::PlatformDirectory), "feeds", portal::feeds_page),
    page!("/p/jobs", PLATFORM, Some(Scope::PlatformDirectory), "jobs", portal::jobs_page),
    page!("/p/notices", PLATFORM, Some(Scope::PlatformDirectory), "notices", consent::notices_page),
    page!("/p/notices/new", PLATFORM, Some(Scope::PlatformAdmin), "notices", consent::new_notice_page),
    page!("/p/notices/draft", PLATFORM, Some(Scope::PlatformAdmin), "notices", consent::draft_page),
    page!("/p/notices/{version}", PLATFORM, Some(Scope::PlatformDirectory), "notices", consent::notice_page),
    page!("/p/audit", PLATFORM, Some(Scope::AuditRead), "audit", portal::audit_page),
    page!("/p/audit/verify", PLATFORM, Some(Scope::AuditRead), "audit", portal::audit_verify_page),
];
