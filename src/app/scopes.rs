//! Which call of the machine API belongs to whom and needs which scope: one list, asked before a body is read, so that a
//! refusal of the caller comes before a refusal of what was sent (API.md 5, «Order of refusals»). Actions ask once more.

use axum::extract::MatchedPath;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::IntoResponse as _;
use axum::response::Response;
use http::Method;
use utoipa::openapi::OpenApi;
use utoipa::openapi::PathItem;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::SecurityRequirement;

use crate::base::Ctx;
use crate::base::Failure;
use crate::base::Org;
use crate::base::Problem;
use crate::base::Scope;
use crate::identity::OrgKind;

/// Method and address, whose call it is, scope.
type Need = (&'static str, OrgKind, Scope);

const OPERATOR: OrgKind = OrgKind::Operator;
const TENANT: OrgKind = OrgKind::Tenant;
const PLATFORM: OrgKind = OrgKind::Platform;

/// Every call but those that need no token and those that every client may make.
const NEEDS: &[Need] = &[
    ("GET /tenants", OPERATOR, Scope::NumbersRead),
    ("GET /tenants/{id}", OPERATOR, Scope::NumbersRead),
    ("PATCH /tenants/{id}/relationship", OPERATOR, Scope::NumbersWrite),
    ("GET /numbers", OPERATOR, Scope::NumbersRead),
    ("GET /numbers/{e164}", OPERATOR, Scope::NumbersRead),
    ("GET /numbers/{e164}/history", OPERATOR, Scope::NumbersRead),
    ("POST /numbers", OPERATOR, Scope::NumbersWrite),
    ("PATCH /numbers", OPERATOR, Scope::NumbersWrite),
    ("POST /numbers/precheck", OPERATOR, Scope::NumbersWrite),
    ("POST /numbers/release", OPERATOR, Scope::NumbersWrite),
    ("POST /numbers/{e164}/refuse", OPERATOR, Scope::NumbersWrite),
    ("GET /orders/{id}", OPERATOR, Scope::NumbersRead),
    ("GET /orders/{id}/rows", OPERATOR, Scope::NumbersRead),
    ("GET /events", OPERATOR, Scope::EventsRead),
    ("GET /events/{id}", OPERATOR, Scope::EventsRead),
    ("GET /events/{id}/attempts", OPERATOR, Scope::EventsRead),
    ("POST /events/{id}/redeliver", OPERATOR, Scope::EventsRead),
    ("GET /endpoints", OPERATOR, Scope::EventsRead),
    ("POST /endpoints", OPERATOR, Scope::EndpointsWrite),
    ("GET /endpoints/{id}", OPERATOR, Scope::EventsRead),
    ("PATCH /endpoints/{id}", OPERATOR, Scope::EndpointsWrite),
    ("DELETE /endpoints/{id}", OPERATOR, Scope::EndpointsWrite),
    ("POST /endpoints/{id}/verify", OPERATOR, Scope::EndpointsWrite),
    ("POST /endpoints/{id}/test", OPERATOR, Scope::EndpointsWrite),
    ("POST /endpoints/{id}/rotate", OPERATOR, Scope::EndpointsWrite),
    ("POST /endpoints/{id}/pause", OPERATOR, Scope::EndpointsWrite),
    ("POST /endpoints/{id}/resume", OPERATOR, Scope::EndpointsWrite),
    ("POST /endpoints/{id}/recover", OPERATOR, Scope::EndpointsWrite),
    ("GET /endpoints/{id}/attempts", OPERATOR, Scope::EventsRead),
    ("GET /endpoints/{id}/metrics", OPERATOR, Scope::EventsRead),
    ("GET /feeds", OPERATOR, Scope::EventsRead),
    ("GET /calls", OPERATOR, Scope::CallsRead),
    ("GET /calls/{id}", OPERATOR, Scope::CallsRead),
    ("GET /quality", OPERATOR, Scope::CallsRead),
    ("GET /duration-batches", OPERATOR, Scope::DurationsWrite),
    ("POST /duration-batches", OPERATOR, Scope::DurationsWrite),
    ("GET /duration-batches/{id}", OPERATOR, Scope::DurationsWrite),
    ("GET /duration-batches/{id}/rows", OPERATOR, Scope::DurationsWrite),
    ("GET /duration-coverage", OPERATOR, Scope::DurationsWrite),
    ("POST /duration-coverage/{day}/close", OPERATOR, Scope::DurationsWrite),
    ("GET /transfers", OPERATOR, Scope::RegisterRead),
    ("GET /transfers/verify", OPERATOR, Scope::RegisterRead),
    ("GET /tenant/numbers", TENANT, Scope::TenantRead),
    ("GET /tenant/numbers/{e164}", TENANT, Scope::TenantRead),
    ("GET /tenant/numbers/{e164}/timeline", TENANT, Scope::TenantRead),
    ("GET /tenant/numbers/{e164}/holder", TENANT, Scope::TenantRead),
    ("POST /tenant/numbers/{e164}/assign", TENANT, Scope::TenantAssign),
    ("POST /tenant/numbers/{e164}/unassign", TENANT, Scope::TenantAssign),
    ("POST /tenant/numbers/{e164}/category", TENANT, Scope::TenantAssign),
    ("POST /tenant/numbers/{e164}/usage", TENANT, Scope::TenantAssign),
    ("POST /tenant/numbers/{e164}/emergency-location", TENANT, Scope::TenantAssign),
    ("POST /tenant/numbers/{e164}/tag", TENANT, Scope::TenantAssign),
    ("POST /tenant/numbers/{e164}/untag", TENANT, Scope::TenantAssign),
    ("POST /tenant/numbers/{e164}/reserve", TENANT, Scope::TenantAssign),
    ("POST /tenant/numbers/{e164}/unreserve", TENANT, Scope::TenantAssign),
    ("POST /tenant/numbers/{e164}/request-release", TENANT, Scope::TenantAssign),
    ("POST /tenant/numbers/{e164}/retry", TENANT, Scope::TenantAssign),
    ("GET /tenant/emergency-locations", TENANT, Scope::TenantRead),
    ("POST /tenant/emergency-locations", TENANT, Scope::TenantAssign),
    ("GET /tenant/targets", TENANT, Scope::TenantRead),
    ("POST /tenant/change-sets", TENANT, Scope::TenantAssign),
    ("GET /tenant/change-sets", TENANT, Scope::TenantRead),
    ("GET /tenant/change-sets/{id}", TENANT, Scope::TenantRead),
    ("GET /tenant/change-sets/{id}/rows", TENANT, Scope::TenantRead),
    ("POST /tenant/change-sets/{id}/run", TENANT, Scope::TenantAssign),
    ("POST /tenant/change-sets/{id}/undo", TENANT, Scope::TenantAssign),
    ("GET /tenant/calls", TENANT, Scope::CallsRead),
    ("GET /tenant/calls/{id}", TENANT, Scope::CallsRead),
    ("POST /platform/call-records", PLATFORM, Scope::PlatformCalls),
    ("GET /platform/call-batches/{id}", PLATFORM, Scope::PlatformCalls),
    ("GET /platform/call-batches/{id}/rows", PLATFORM, Scope::PlatformCalls),
    ("GET /tenant/usage", TENANT, Scope::UsageRead),
    ("GET /tenant/quality", TENANT, Scope::QualityRead),
    ("PUT /platform/tenants/{id}", PLATFORM, Scope::PlatformDirectory),
    ("PUT /platform/operators/{id}", PLATFORM, Scope::PlatformDirectory),
    ("PUT /platform/tenants/{id}/targets", PLATFORM, Scope::PlatformDirectory),
    ("GET /platform/tenants/{id}/assignments", PLATFORM, Scope::PlatformDirectory),
    ("PUT /platform/tenants/{id}/assignments", PLATFORM, Scope::PlatformDirectory),
];

fn need(method: &Method, path: &str) -> Option<&'static Need> {
    let method = if method == Method::HEAD { "GET" } else { method.as_str() };
    NEEDS.iter().find(|(key, ..)| key.split_once(' ') == Some((method, path)))
}

fn check(ctx: &Ctx, kind: OrgKind, scope: Scope) -> Result<(), Failure> {
    match kind {
        OrgKind::Operator => drop(ctx.operator()?),
        OrgKind::Tenant => drop(ctx.tenant()?),
        OrgKind::Platform if ctx.org == Org::Platform => {}
        OrgKind::Platform => {
            let detail = "This belongs to the platform; you act for another kind of organisation.";
            return Err(Problem::new(403, "wrong_org_kind", detail).into());
        }
    }
    ctx.require(scope)
}

/// The layer: refuses whoever is of another kind or lacks the scope. Inside of `api_edge`, which says who calls.
pub async fn guard(request: Request, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
    let needed = need(request.method(), path.strip_prefix("/api/v1").unwrap_or(path));
    if let (Some((_, kind, scope)), Some(ctx)) = (needed, request.extensions().get::<Ctx>())
        && let Err(failure) = check(ctx, *kind, *scope)
    {
        return failure.into_response();
    }
    next.run(request).await
}

/// Whose call it is and which scope it needs; `None` for what every client may call.
pub fn needed(method: &Method, path: &str) -> Option<(OrgKind, Scope)> {
    need(method, path).map(|(_, kind, scope)| (*kind, *scope))
}

/// Says in the document which scope each call needs, or that any token will do.
pub fn describe(document: &mut OpenApi) {
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            let scope = need(&method, path).map(|(_, _, scope)| scope.as_str());
            if scope.is_some() || operation.security.is_none() {
                operation.security = Some(vec![SecurityRequirement::new("oauth", scope)]);
            }
        }
    }
}

/// The calls of one address.
pub fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    let all = [
        (Method::GET, &mut item.get),
        (Method::POST, &mut item.post),
        (Method::PUT, &mut item.put),
        (Method::PATCH, &mut item.patch),
        (Method::DELETE, &mut item.delete),
    ];
    all.into_iter().filter_map(|(method, operation)| operation.as_mut().map(|operation| (method, operation)))
}
