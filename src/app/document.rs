//! The HTML document around a page: language, theme, frame, flash, error pages. Everything is awaited before the first
//! byte, so that status, title and headers are right.

use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::HeaderValue;
use http::Request;
use http::StatusCode;
use http::header;
use http::request::Parts;
use leptos::config::LeptosOptions;
use leptos::hydration::HydrationScripts;
use leptos::nonce::use_nonce;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_axum::ResponseOptions;
use leptos_axum::render_app_async_with_context;
use leptos_meta::HashedStylesheet;
use leptos_meta::MetaTags;
use leptos_meta::Title;
use leptos_meta::provide_meta_context;

use super::routes::PageSpec;
use super::routes::Side;
use super::state::App;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::Problem;
use crate::base::Scope;
use crate::base::ScopeSet;
use crate::identity;
use crate::identity::OrgKind;
use crate::identity::PageRequest;
use crate::identity::SavePreference;
use crate::identity::SignOut;
use crate::identity::Signed;
use crate::identity::current_request_id;
use crate::store::Store;
use crate::tr;
use crate::ui::ErrorPage;
use crate::ui::Flash;
use crate::ui::Frame;
use crate::ui::Icon;
use crate::ui::NavGroup;
use crate::ui::NavItem;
use crate::ui::OrgLink;
use crate::ui::Page;
use crate::ui::Plain;
use crate::ui::Preferences;
use crate::ui::Query;
use crate::ui::Shell;

/// What stands in the document.
#[derive(Clone)]
enum Content {
    Page { spec: &'static PageSpec, params: Arc<Vec<(String, String)>> },
    Problem(Arc<Problem>),
}

/// Answers a page.
pub async fn page(app: App, spec: &'static PageSpec, params: Vec<(String, String)>, request: Request<Body>) -> Response {
    document(app, Content::Page { spec, params: Arc::new(params) }, request).await
}

/// Answers with an error page.
pub async fn problem(app: App, problem: Problem, request: Request<Body>) -> Response {
    document(app, Content::Problem(Arc::new(problem)), request).await
}

async fn document(app: App, content: Content, request: Request<Body>) -> Response {
    let store = app.store.clone();
    let options = app.leptos.clone();
    let context = {
        let (store, notices) = (store.clone(), app.notices.clone());
        move || {
            provide_context(store.clone());
            provide_context(notices.clone());
        }
    };
    render_app_async_with_context(context, move || shell(&options, store.clone(), content.clone()))(request).await
}

/// The document. Sets the policy header with the nonce of its scripts.
fn shell(options: &LeptosOptions, store: Store, content: Content) -> impl IntoView + use<> {
    provide_meta_context();
    let parts = expect_context::<Parts>();
    let viewer = identity::viewer(&parts, &store.env);
    provide_context(viewer);
    if let (Some(nonce), Some(response)) = (use_nonce(), use_context::<ResponseOptions>()) {
        let policy = format!(
            "default-src 'self'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
             object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
        );
        if let Ok(policy) = HeaderValue::from_str(&policy) {
            response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
        }
    }
    let body = Suspend::new(body(store, parts, content));
    view! {
        <!DOCTYPE html>
        <html lang=viewer.lang.code() data-theme=viewer.theme.attribute()>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
                <HashedStylesheet options=options.clone() id="style" />
                <HydrationScripts options=options.clone() islands=true />
                <MetaTags />
            </head>
            <body>
                <Title formatter=|title| format!("{title} · Concord") />
                {body}
            </body>
        </html>
    }
}

/// Makes the page, or the error page in its place, in its frame.
async fn body(store: Store, parts: Parts, content: Content) -> AnyView {
    let answer = match content {
        Content::Page { spec, params } => make(&store, &parts, spec, &params).await,
        Content::Problem(problem) => Err(Failure::from((*problem).clone())),
    };
    match answer {
        Ok(view) => view,
        Err(failure) => refused(&parts, &failure),
    }
}

async fn make(store: &Store, parts: &Parts, spec: &'static PageSpec, params: &[(String, String)]) -> Result<AnyView, Failure> {
    let signed = identity::signed(parts)?;
    let slug = params.iter().find(|(name, _)| name == "slug").map_or("", |(_, value)| value.as_str());
    let ctx = match spec.side {
        Side::Open => None,
        Side::Account => {
            identity::must_be_signed(parts)?;
            None
        }
        Side::Org(kind) => Some(identity::ctx_for_slug(parts, kind, slug, &store.env)?),
    };
    if let (Some(ctx), Some(scope)) = (&ctx, spec.scope) {
        ctx.require(scope)?;
    }
    let flash = identity::take_flash(parts).await?;
    let shown: Option<Flash> = flash.clone().map(Into::into);
    let request = PageRequest {
        store: store.clone(),
        ctx: ctx.clone(),
        signed: signed.clone(),
        params: params.to_vec(),
        query: Query::parse(parts.uri.query().unwrap_or_default()),
        flash,
        path: parts.uri.path().to_owned(),
    };
    let Page { title, body, wide } = (spec.page)(request).await?;
    let title = view! { <Title text=title /> };
    Ok(match (spec.side, &signed, &ctx) {
        (Side::Org(kind), Some(signed), Some(ctx)) => {
            let frame = frame(parts, signed, Some((kind, slug, ctx)), spec.nav, shown);
            view! { {title}<Shell frame=frame>{body}</Shell> }.into_any()
        }
        (Side::Account, Some(signed), _) => {
            let frame = frame(parts, signed, None, spec.nav, shown);
            view! { {title}<Shell frame=frame>{body}</Shell> }.into_any()
        }
        _ => {
            let preferences = preferences(parts);
            view! { {title}<Plain wide=wide flash=shown preferences=preferences>{body}</Plain> }.into_any()
        }
    })
}

/// The error page: where to sign in for a visitor (a redirect), else what went wrong and a way on.
fn refused(parts: &Parts, failure: &Failure) -> AnyView {
    let problem = failure.problem();
    let response = expect_context::<ResponseOptions>();
    if problem.status == 401 {
        let next = parts.uri.path_and_query().map_or("/", |p| p.as_str());
        leptos_axum::redirect(&identity::sign_in_address(next));
        return ().into_any();
    }
    if problem.status >= 500 && !matches!(failure, Failure::Unavailable(_)) {
        tracing::error!(error = %failure, request_id = current_request_id(), "page failed");
    }
    if let Ok(status) = StatusCode::from_u16(problem.status) {
        response.set_status(status);
    }
    if let Some(seconds) = problem.retry_after_s {
        response.insert_header(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    let home = identity::signed(parts).ok().flatten().map(|signed| signed.home());
    let mut ways = Vec::new();
    if problem.status >= 500 {
        ways.push((parts.uri.path_and_query().map_or("/", |p| p.as_str()).to_owned(), tr!("ui.error.again")));
    }
    match home {
        Some(home) => ways.push((home, tr!("ui.error.overview"))),
        None => ways.push(("/sign-in".to_owned(), tr!("ui.error.sign_in"))),
    }
    let address = (problem.status == 404).then(|| parts.uri.path().to_owned());
    let what = (problem.status != 404 && problem.status < 500).then(|| problem.detail.clone());
    let request_id = current_request_id();
    view! {
        <Title text=problem.title() />
        <Plain>
            <ErrorPage status=problem.status what=what address=address request_id=request_id ways=ways />
        </Plain>
    }
    .into_any()
}

fn preferences(parts: &Parts) -> Option<Preferences> {
    let back = parts.uri.path_and_query().map_or("/", |p| p.as_str()).to_owned();
    Some(Preferences { action: SavePreference::url().to_owned(), back })
}

/// What stands around a page of somebody who is signed in.
fn frame(parts: &Parts, signed: &Signed, org: Option<(OrgKind, &str, &Ctx)>, nav: &str, flash: Option<Flash>) -> Frame {
    let current = org.and_then(|(kind, slug, _)| signed.membership(kind, slug));
    let label = match org.map(|o| o.0) {
        Some(OrgKind::Tenant) => tr!("app.portal.tenant"),
        Some(OrgKind::Operator) => tr!("app.portal.operator"),
        Some(OrgKind::Platform) => tr!("app.portal.platform"),
        None => tr!("app.portal.account"),
    };
    Frame {
        org_name: current.map_or_else(|| signed.name.clone(), |m| m.org_name.clone()),
        org_kind_label: label,
        home_href: current.map_or_else(|| signed.home(), |m| m.kind.home(&m.org_slug)),
        nav: org.map(|(kind, slug, ctx)| side_bar(kind, slug, ctx.scopes, nav)).unwrap_or_else(|| account_bar(signed, nav)),
        switcher: signed.memberships.iter().map(|m| org_link(m, current)).collect(),
        search: None,
        account_name: signed.name.clone(),
        account_notes: vec![signed.email.clone()],
        account_href: "/account".to_owned(),
        sign_out_action: SignOut::url().to_owned(),
        preferences: preferences(parts),
        flash,
    }
}

fn org_link(m: &identity::Membership, current: Option<&identity::Membership>) -> OrgLink {
    let kind = match m.kind {
        OrgKind::Tenant => tr!("app.kind.tenant"),
        OrgKind::Operator => tr!("app.kind.operator"),
        OrgKind::Platform => tr!("app.kind.platform"),
    };
    let is_current = current.is_some_and(|c| c.org == m.org);
    OrgLink { href: m.kind.home(&m.org_slug), label: m.org_name.clone(), kind, current: is_current }
}

fn account_bar(signed: &Signed, nav: &str) -> Vec<NavGroup> {
    let home = NavItem { href: signed.home(), label: tr!("app.nav.overview"), icon: Icon::Home, current: false, count: None };
    let account = NavItem {
        href: "/account".into(),
        label: tr!("app.nav.account"),
        icon: Icon::Gear,
        current: nav == "account",
        count: None,
    };
    vec![NavGroup { label: None, items: vec![home, account] }]
}

/// One entry: name in [`PageSpec::nav`], address below the organisation, word, drawing, scope needed.
type Entry = (&'static str, &'static str, std::borrow::Cow<'static, str>, Icon, Option<Scope>);

fn side_bar(kind: OrgKind, slug: &str, scopes: ScopeSet, nav: &str) -> Vec<NavGroup> {
    let home = kind.home(slug);
    let groups: Vec<(Option<std::borrow::Cow<'static, str>>, Vec<Entry>)> = match kind {
        OrgKind::Tenant => vec![
            (
                None,
                vec![
                    ("overview", "", tr!("app.nav.overview"), Icon::Home, None),
                    ("numbers", "numbers", tr!("app.nav.numbers"), Icon::Hash, Some(Scope::TenantRead)),
                    ("change-sets", "change-sets", tr!("app.nav.change_sets"), Icon::Layers, Some(Scope::TenantRead)),
                    ("targets", "targets", tr!("app.nav.targets"), Icon::People, Some(Scope::TenantRead)),
                    ("stock", "stock", tr!("app.nav.stock"), Icon::Layers, Some(Scope::TenantRead)),
                    ("locations", "locations", tr!("app.nav.locations"), Icon::Pin, Some(Scope::TenantRead)),
                ],
            ),
            (
                Some(tr!("app.group.calls")),
                vec![
                    ("calls", "calls", tr!("app.nav.calls"), Icon::Phone, Some(Scope::CallsRead)),
                    ("quality", "quality", tr!("app.nav.quality"), Icon::Pulse, Some(Scope::QualityRead)),
                    ("usage", "usage", tr!("app.nav.usage"), Icon::Bars, Some(Scope::UsageRead)),
                ],
            ),
            (
                Some(tr!("app.group.trust")),
                vec![
                    ("operators", "operators", tr!("app.nav.operators"), Icon::Building, Some(Scope::TenantRead)),
                    ("register", "register", tr!("app.nav.register"), Icon::Book, Some(Scope::RegisterRead)),
                    ("audit", "audit", tr!("app.nav.audit"), Icon::List, Some(Scope::AuditRead)),
                ],
            ),
            (
                Some(tr!("app.group.manage")),
                vec![
                    ("clients", "clients", tr!("app.nav.clients"), Icon::Key, Some(Scope::ClientsWrite)),
                    ("settings", "settings", tr!("app.nav.settings"), Icon::Gear, Some(Scope::TenantRead)),
                ],
            ),
        ],
        OrgKind::Operator => vec![
            (
                None,
                vec![
                    ("overview", "", tr!("app.nav.overview"), Icon::Home, None),
                    ("customers", "customers", tr!("app.nav.customers"), Icon::Building, Some(Scope::NumbersRead)),
                    ("numbers", "numbers", tr!("app.nav.numbers"), Icon::Hash, Some(Scope::NumbersRead)),
                    ("stock", "stock", tr!("app.nav.stock"), Icon::Layers, Some(Scope::NumbersRead)),
                ],
            ),
            (
                Some(tr!("app.group.calls")),
                vec![
                    ("calls", "calls", tr!("app.nav.calls"), Icon::Phone, Some(Scope::CallsRead)),
                    ("quality", "quality", tr!("app.nav.quality"), Icon::Pulse, Some(Scope::CallsRead)),
                    ("durations", "durations", tr!("app.nav.durations"), Icon::Inbox, Some(Scope::DurationsWrite)),
                ],
            ),
            (
                Some(tr!("app.group.notices")),
                vec![
                    ("notifications", "notifications", tr!("app.nav.notifications"), Icon::Bell, Some(Scope::EventsRead)),
                    ("endpoints", "endpoints", tr!("app.nav.endpoints"), Icon::Plug, Some(Scope::EventsRead)),
                ],
            ),
            (
                Some(tr!("app.group.trust")),
                vec![
                    ("register", "register", tr!("app.nav.register"), Icon::Book, Some(Scope::RegisterRead)),
                    ("audit", "audit", tr!("app.nav.audit"), Icon::List, Some(Scope::AuditRead)),
                ],
            ),
            (
                Some(tr!("app.group.manage")),
                vec![("clients", "clients", tr!("app.nav.clients"), Icon::Key, Some(Scope::ClientsWrite))],
            ),
        ],
        OrgKind::Platform => vec![
            (
                None,
                vec![
                    ("overview", "", tr!("app.nav.overview"), Icon::Home, None),
                    ("tenants", "tenants", tr!("portal.tenants"), Icon::Building, Some(Scope::PlatformDirectory)),
                    ("operators", "operators", tr!("portal.operators"), Icon::Plug, Some(Scope::PlatformDirectory)),
                    ("notices", "notices", tr!("consent.notices"), Icon::Book, Some(Scope::PlatformDirectory)),
                ],
            ),
            (
                Some(tr!("app.group.running")),
                vec![
                    ("feeds", "feeds", tr!("portal.feeds"), Icon::Send, Some(Scope::PlatformDirectory)),
                    ("jobs", "jobs", tr!("portal.jobs"), Icon::Refresh, Some(Scope::PlatformDirectory)),
                    ("audit", "audit", tr!("app.nav.audit"), Icon::List, Some(Scope::AuditRead)),
                ],
            ),
        ],
    };
    let item = |(name, below, label, icon, scope): Entry| {
        scope.is_none_or(|scope| scopes.has(scope)).then(|| NavItem {
            href: format!("{home}{below}"),
            label,
            icon,
            current: name == nav,
            count: None,
        })
    };
    groups
        .into_iter()
        .map(|(label, entries)| NavGroup { label, items: entries.into_iter().filter_map(item).collect() })
        .filter(|group: &NavGroup| !group.items.is_empty())
        .collect()
}
