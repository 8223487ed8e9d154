//! Every call of the machine API without a token, with a bad one, of another kind of organisation, without and with the scope.

use concord::app::openapi_document;
use concord::base::Org;
use concord::base::Scope;
use concord::base::ScopeSet;
use http::Method;
use serde_json::Value;
use sqlx::PgPool;

use super::compare;
use crate::world::Told;
use crate::world::World;
use crate::world::call;
use crate::world::filled;

/// Who may call.
#[derive(Clone, Copy, Debug, PartialEq)]
enum May {
    /// Everybody, without a token.
    Open,
    /// Every client.
    Any,
    /// Clients of one kind of organisation that carry the scope.
    Of(&'static str, Scope),
}

const fn operator(scope: Scope) -> May {
    May::Of("operator", scope)
}

const fn tenant(scope: Scope) -> May {
    May::Of("tenant", scope)
}

const fn platform(scope: Scope) -> May {
    May::Of("platform", scope)
}

/// Every operation there is. Source: API.md 5, «Scopes».
const ROWS: &[(&str, May)] = &[
    ("POST /oauth/token", May::Open),
    ("GET /me", May::Any),
    ("GET /keys", May::Open),
    ("GET /tenants", operator(Scope::NumbersRead)),
    ("GET /tenants/{id}", operator(Scope::NumbersRead)),
    ("PATCH /tenants/{id}/relationship", operator(Scope::NumbersWrite)),
    ("GET /numbers", operator(Scope::NumbersRead)),
    ("GET /numbers/{e164}", operator(Scope::NumbersRead)),
    ("GET /numbers/{e164}/history", operator(Scope::NumbersRead)),
    ("POST /numbers", operator(Scope::NumbersWrite)),
    ("PATCH /numbers", operator(Scope::NumbersWrite)),
    ("POST /numbers/precheck", operator(Scope::NumbersWrite)),
    ("POST /numbers/release", operator(Scope::NumbersWrite)),
    ("POST /numbers/{e164}/refuse", operator(Scope::NumbersWrite)),
    ("GET /orders/{id}", operator(Scope::NumbersRead)),
    ("GET /orders/{id}/rows", operator(Scope::NumbersRead)),
    ("GET /events", operator(Scope::EventsRead)),
    ("GET /events/{id}", operator(Scope::EventsRead)),
    ("GET /events/{id}/attempts", operator(Scope::EventsRead)),
    ("POST /events/{id}/redeliver", operator(Scope::EventsRead)),
    ("GET /endpoints", operator(Scope::EventsRead)),
    ("POST /endpoints", operator(Scope::EndpointsWrite)),
    ("GET /endpoints/{id}", operator(Scope::EventsRead)),
    ("PATCH /endpoints/{id}", operator(Scope::EndpointsWrite)),
    ("DELETE /endpoints/{id}", operator(Scope::EndpointsWrite)),
    ("POST /endpoints/{id}/verify", operator(Scope::EndpointsWrite)),
    ("POST /endpoints/{id}/test", operator(Scope::EndpointsWrite)),
    ("POST /endpoints/{id}/rotate", operator(Scope::EndpointsWrite)),
    ("POST /endpoints/{id}/pause", operator(Scope::EndpointsWrite)),
    ("POST /endpoints/{id}/resume", operator(Scope::EndpointsWrite)),
    ("POST /endpoints/{id}/recover", operator(Scope::EndpointsWrite)),
    ("GET /endpoints/{id}/attempts", operator(Scope::EventsRead)),
    ("GET /endpoints/{id}/metrics", operator(Scope::EventsRead)),
    ("GET /feeds", operator(Scope::EventsRead)),
    ("GET /calls", operator(Scope::CallsRead)),
    ("GET /calls/{id}", operator(Scope::CallsRead)),
    ("GET /quality", operator(Scope::CallsRead)),
    ("GET /duration-batches", operator(Scope::DurationsWrite)),
    ("POST /duration-batches", operator(Scope::DurationsWrite)),
    ("GET /duration-batches/{id}", operator(Scope::DurationsWrite)),
    ("GET /duration-batches/{id}/rows", operator(Scope::DurationsWrite)),
    ("GET /duration-coverage", operator(Scope::DurationsWrite)),
    ("POST /duration-coverage/{day}/close", operator(Scope::DurationsWrite)),
    ("GET /transfers", operator(Scope::RegisterRead)),
    ("GET /transfers/verify", operator(Scope::RegisterRead)),
    ("GET /tenant/numbers", tenant(Scope::TenantRead)),
    ("GET /tenant/numbers/{e164}", tenant(Scope::TenantRead)),
    ("GET /tenant/numbers/{e164}/timeline", tenant(Scope::TenantRead)),
    ("GET /tenant/numbers/{e164}/holder", tenant(Scope::TenantRead)),
    ("POST /tenant/numbers/{e164}/assign", tenant(Scope::TenantAssign)),
    ("POST /tenant/numbers/{e164}/unassign", tenant(Scope::TenantAssign)),
    ("POST /tenant/numbers/{e164}/category", tenant(Scope::TenantAssign)),
    ("POST /tenant/numbers/{e164}/usage", tenant(Scope::TenantAssign)),
    ("POST /tenant/numbers/{e164}/emergency-location", tenant(Scope::TenantAssign)),
    ("POST /tenant/numbers/{e164}/tag", tenant(Scope::TenantAssign)),
    ("POST /tenant/numbers/{e164}/untag", tenant(Scope::TenantAssign)),
    ("POST /tenant/numbers/{e164}/reserve", tenant(Scope::TenantAssign)),
    ("POST /tenant/numbers/{e164}/unreserve", tenant(Scope::TenantAssign)),
    ("POST /tenant/numbers/{e164}/request-release", tenant(Scope::TenantAssign)),
    ("POST /tenant/numbers/{e164}/retry", tenant(Scope::TenantAssign)),
    ("GET /tenant/emergency-locations", tenant(Scope::TenantRead)),
    ("POST /tenant/emergency-locations", tenant(Scope::TenantAssign)),
    ("GET /tenant/targets", tenant(Scope::TenantRead)),
    ("POST /tenant/change-sets", tenant(Scope::TenantAssign)),
    ("GET /tenant/change-sets", tenant(Scope::TenantRead)),
    ("GET /tenant/change-sets/{id}", tenant(Scope::TenantRead)),
    ("GET /tenant/change-sets/{id}/rows", tenant(Scope::TenantRead)),
    ("POST /tenant/change-sets/{id}/run", tenant(Scope::TenantAssign)),
    ("POST /tenant/change-sets/{id}/undo", tenant(Scope::TenantAssign)),
    ("GET /tenant/calls", tenant(Scope::CallsRead)),
    ("GET /tenant/calls/{id}", tenant(Scope::CallsRead)),
    ("POST /platform/call-records", platform(Scope::PlatformCalls)),
    ("GET /platform/call-batches/{id}", platform(Scope::PlatformCalls)),
    ("GET /platform/call-batches/{id}/rows", platform(Scope::PlatformCalls)),
    ("GET /tenant/usage", tenant(Scope::UsageRead)),
    ("GET /tenant/quality", tenant(Scope::QualityRead)),
    ("PUT /platform/tenants/{id}", platform(Scope::PlatformDirectory)),
    ("PUT /platform/operators/{id}", platform(Scope::PlatformDirectory)),
    ("PUT /platform/tenants/{id}/targets", platform(Scope::PlatformDirectory)),
    ("GET /platform/tenants/{id}/assignments", platform(Scope::PlatformDirectory)),
    ("PUT /platform/tenants/{id}/assignments", platform(Scope::PlatformDirectory)),
];

fn operations() -> Vec<String> {
    let document: Value = serde_json::from_str(&openapi_document().expect("a document")).expect("JSON");
    let paths = document["paths"].as_object().expect("paths");
    let mut found = Vec::new();
    for (path, item) in paths {
        let methods = item.as_object().expect("methods").keys();
        found.extend(methods.filter(|key| *key != "parameters").map(|method| format!("{} {path}", method.to_uppercase())));
    }
    found
}

struct Tokens {
    /// By kind: every scope.
    full: [(&'static str, String); 3],
}

async fn ask(world: &World, key: &str, token: Option<&str>) -> Told {
    let (method, path) = key.split_once(' ').expect("a method and a path");
    let path = format!("/api/v1{}", filled(path, 0, ""));
    let method: Method = method.parse().expect("a method");
    let mut headers = vec![("content-type", "application/json")];
    if let Some(token) = token {
        headers.push(("authorization", token));
    }
    let body = if method == Method::GET || method == Method::DELETE { "" } else { "{}" };
    call(&world.app, method, &path, &headers, body).await
}

fn org_of(world: &World, kind: &str) -> Org {
    match kind {
        "tenant" => Org::Tenant(world.tenants[0]),
        "operator" => Org::Operator(world.operators[0]),
        _ => Org::Platform,
    }
}

fn all_but(org: Org, scope: Option<Scope>) -> ScopeSet {
    concord::identity::all_client_scopes(org).iter().filter(|held| Some(*held) != scope).collect()
}

#[sqlx::test]
async fn every_call_as_everybody(pool: PgPool) {
    let mut faults = compare("operation", operations().into_iter(), ROWS.iter().map(|(key, _)| *key));
    let world = World::new(pool).await;
    let mut full = Vec::new();
    for kind in ["tenant", "operator", "platform"] {
        let org = org_of(&world, kind);
        full.push((kind, world.token(org, all_but(org, None)).await));
    }
    let tokens = Tokens { full: full.try_into().expect("three") };
    let revoked = revoked(&world).await;
    for (key, may) in ROWS {
        if *may == May::Open {
            let told = ask(&world, key, None).await;
            if told.status >= 500 || told.code().starts_with("token_") {
                faults.push(format!("{key} is open, yet without a token: {} {}", told.status, told.text));
            }
            continue;
        }
        for (how, token, code) in [
            ("without a token", None, "token_missing"),
            ("with garbage", Some("Bearer garbage"), "token_invalid"),
            ("with a revoked client", Some(revoked.as_str()), "token_invalid"),
        ] {
            let told = ask(&world, key, token).await;
            if told.status != 401 || told.code() != code || told.header("www-authenticate").is_empty() {
                faults.push(format!("{key} {how}: {} {}", told.status, told.text));
            }
        }
        faults.extend(by_kind(&world, &tokens, key, *may).await);
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

async fn by_kind(world: &World, tokens: &Tokens, key: &str, may: May) -> Vec<String> {
    let mut faults = Vec::new();
    for (kind, token) in &tokens.full {
        let told = ask(world, key, Some(token)).await;
        let fits = may == May::Any || matches!(may, May::Of(wanted, _) if wanted == *kind);
        let refused = told.status == 403 && told.code() == "wrong_org_kind";
        let wrong = told.status >= 500 || if fits { [401, 403].contains(&told.status) } else { !refused };
        if wrong {
            faults.push(format!("{key} as a {kind} with every scope: {} {}", told.status, told.text));
        }
    }
    if let May::Of(kind, scope) = may {
        let org = org_of(world, kind);
        let token = world.token(org, all_but(org, Some(scope))).await;
        let told = ask(world, key, Some(&token)).await;
        if told.status != 403 || told.code() != "scope_missing" {
            faults.push(format!("{key} as a {kind} without {}: {} {}", scope.as_str(), told.status, told.text));
        }
    }
    faults
}

/// A token whose client was revoked after it was given out.
async fn revoked(world: &World) -> String {
    let org = org_of(world, "operator");
    let token = world.token(org, all_but(org, None)).await;
    sqlx::query("update api_client set revoked_at = now() where id = (select max(id) from api_client where org_id = $1)")
        .bind(org.id())
        .execute(world.store.pool())
        .await
        .expect("revoked");
    token
}
