//! Who looks at a page, for pages and server functions of every room: the signed-in account, its organisations, the context of
//! an action, the message shown after it.

use std::sync::Arc;

use axum::extract::Request;
use axum::extract::State;
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderValue;
use http::header;
use http::request::Parts;
use serde_json::Value;
use tower_sessions::Session;
use uuid::Uuid;

use super::flash;
use super::flash::Flash;
use super::model::OrgKind;
use super::model::Role;
use super::queries_session::MembershipRow;
use super::session;
use super::session::Live;
use super::session::key;
use super::wire::address_of;
use super::wire::id_of;
use crate::base::AccountId;
use crate::base::Actor;
use crate::base::Ctx;
use crate::base::Env;
use crate::base::Failure;
use crate::base::Org;
use crate::base::Problem;
use crate::store::Store;
use crate::ui::Lang;
use crate::ui::Query;
use crate::ui::Theme;
use crate::ui::Viewer;

/// An organisation the account belongs to.
#[derive(Clone, Debug)]
pub struct Membership {
    pub org: Org,
    pub kind: OrgKind,
    /// Short name in addresses; empty for the platform.
    pub org_slug: String,
    pub org_name: String,
    pub role: Role,
}

/// Who is signed in. A request extension, set by [`load_session`].
#[derive(Clone, Debug)]
pub struct Signed {
    pub account: AccountId,
    pub name: String,
    pub email: String,
    /// `None`: by the browser.
    pub language: Option<Lang>,
    /// `None`: not chosen, shown in UTC.
    pub time_zone: Option<chrono_tz::Tz>,
    pub theme: Theme,
    /// Tenants first, then the platform, then operators; by name.
    pub memberships: Vec<Membership>,
    /// Handle of this session in the account's list; not the secret in the cookie.
    pub session: String,
}

impl Signed {
    /// The organisation with that short name, if the account belongs to it. The platform's short name does not matter.
    #[must_use]
    pub fn membership(&self, kind: OrgKind, slug: &str) -> Option<&Membership> {
        self.memberships.iter().find(|m| m.kind == kind && (kind == OrgKind::Platform || m.org_slug == slug))
    }

    /// Where the account goes after signing in: its first organisation, else its own page.
    #[must_use]
    pub fn home(&self) -> String {
        self.memberships.first().map_or_else(|| "/account".to_owned(), |m| m.kind.home(&m.org_slug))
    }
}

/// What [`load_session`] found. A request extension; clones are cheap.
#[derive(Clone, Debug)]
enum Found {
    Session { signed: Option<Arc<Signed>>, flash: Option<Arc<Flash>> },
    Trouble(Arc<Problem>),
}

/// The layer behind [`session_layer`](super::session_layer): finds out who looks, in one query, for pages and server functions
/// only. When the database is away the page says so itself (see [`signed`]).
pub async fn load_session(State(store): State<Store>, mut request: Request, next: Next) -> Response {
    let id = request.extensions().get::<Session>().and_then(Session::id);
    if let Some(id) = id
        && wants_session(request.uri().path())
    {
        let found = match session::resolve(&store, id).await {
            Ok(Some(live)) => Some(found(live)),
            Ok(None) => None,
            Err(failure) => {
                tracing::warn!(error = %failure, "a session could not be read");
                Some(Found::Trouble(Arc::new(failure.problem())))
            }
        };
        if let Some(found) = found {
            request.extensions_mut().insert(found);
        }
    }
    next.run(request).await
}

/// Files, the machine API and health checks have no session.
fn wants_session(path: &str) -> bool {
    const WITHOUT: [&str; 9] =
        ["/pkg/", "/api/v1/", "/oauth/", "/livez", "/readyz", "/metrics", "/favicon", "/robots.txt", "/icons"];
    !WITHOUT.iter().any(|prefix| path.starts_with(prefix))
}

fn found(live: Live) -> Found {
    let flash = live.data.get(key::FLASH).and_then(|value| serde_json::from_value(value.clone()).ok()).map(Arc::new);
    let row = live.row;
    let signed = live.signed_in.then_some(row.account).flatten().map(|account| {
        Arc::new(Signed {
            account: AccountId(account),
            name: row.name.unwrap_or_default(),
            email: row.email.unwrap_or_default(),
            language: row.language.as_deref().and_then(Lang::from_code),
            time_zone: row.time_zone.and_then(|zone| zone.parse().ok()),
            theme: row.theme.as_deref().and_then(Theme::from_code).unwrap_or_default(),
            memberships: row.memberships.0.into_iter().filter_map(membership).collect(),
            session: live.handle,
        })
    });
    Found::Session { signed, flash }
}

fn membership(row: MembershipRow) -> Option<Membership> {
    let kind = OrgKind::parse(&row.kind)?;
    let role = Role::parse(kind, &row.role)?;
    Some(Membership { org: kind.org(row.org), kind, org_slug: row.slug, org_name: row.name, role })
}

/// Who is signed in; `None` for a visitor.
///
/// # Errors
/// 503 when the database was away while the session was looked up.
pub fn signed(parts: &Parts) -> Result<Option<Arc<Signed>>, Failure> {
    match parts.extensions.get::<Found>() {
        Some(Found::Session { signed, .. }) => Ok(signed.clone()),
        Some(Found::Trouble(problem)) => Err(Failure::from((**problem).clone())),
        None => Ok(None),
    }
}

/// Who is signed in; 401 `not_signed_in` for a visitor.
///
/// # Errors
/// The problem to answer with.
pub fn must_be_signed(parts: &Parts) -> Result<Arc<Signed>, Failure> {
    signed(parts)?.ok_or_else(|| Problem::new(401, "not_signed_in", "Sign in to see this page.").into())
}

/// The context of a request to an organisation's pages: 401 for a visitor, 404 for who does not belong to it.
///
/// # Errors
/// The problem to answer with.
pub fn ctx_for_slug(parts: &Parts, kind: OrgKind, slug: &str, env: &Env) -> Result<Ctx, Failure> {
    let signed = must_be_signed(parts)?;
    #[cfg(feature = "chaos")]
    if let Some(off) = crate::base::chaos::scope_off().filter(|off| off.asked.kind() == kind.as_str()) {
        let scopes = crate::base::Scope::ALL.iter().copied().collect();
        let actor = Actor::Account { id: signed.account, label: signed.name.clone() };
        let (request_id, address) = (id_of(&parts.extensions), address_of(&parts.extensions));
        return Ok(Ctx { actor, org: off.asked, scopes, request_id, address, env: env.clone() });
    }
    let Some(membership) = signed.membership(kind, slug) else {
        return Err(Problem::not_found("organisation").into());
    };
    Ok(ctx_of(parts, &signed, membership, env))
}

/// The context of a membership.
#[must_use]
pub fn ctx_of(parts: &Parts, signed: &Signed, membership: &Membership, env: &Env) -> Ctx {
    Ctx {
        actor: Actor::Account { id: signed.account, label: signed.name.clone() },
        org: membership.org,
        scopes: membership.role.scopes(),
        request_id: id_of(&parts.extensions),
        address: address_of(&parts.extensions),
        env: env.clone(),
    }
}

/// Cookie with the language that a visitor has chosen. It says nothing about who it is.
const LANGUAGE_COOKIE: &str = "concord_language";

/// Keeps the language that a visitor chose, for a year.
pub(super) fn keep_language(lang: Lang) {
    let cookie = format!("{LANGUAGE_COOKIE}={}; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000", lang.code());
    if let Some(options) = leptos::prelude::use_context::<leptos_axum::ResponseOptions>()
        && let Ok(cookie) = HeaderValue::from_str(&cookie)
    {
        options.append_header(header::SET_COOKIE, cookie);
    }
}

/// The language that a visitor chose, if it did.
fn kept_language(parts: &Parts) -> Option<Lang> {
    let cookies = parts.headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies.flat_map(|line| line.split(';')).find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == LANGUAGE_COOKIE).then(|| Lang::from_code(value))?
    })
}

/// How this request's person sees things: by account, else as chosen before signing in, else by `Accept-Language`.
#[must_use]
pub fn viewer(parts: &Parts, env: &Env) -> Viewer {
    let signed = signed(parts).ok().flatten();
    let accepted = || {
        if let Some(kept) = kept_language(parts) {
            return kept;
        }
        let header = parts.headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        header.map(Lang::from_accept_language).unwrap_or_default()
    };
    Viewer {
        lang: signed.as_ref().and_then(|signed| signed.language).unwrap_or_else(accepted),
        time_zone: signed.as_ref().and_then(|signed| signed.time_zone).unwrap_or(chrono_tz::Tz::UTC),
        theme: signed.map(|signed| signed.theme).unwrap_or_default(),
        now: env.now(),
    }
}

/// Keeps a message for the next page.
///
/// # Errors
/// When the session cannot be written.
pub async fn set_flash(parts: &Parts, flash: Flash) -> Result<(), Failure> {
    let Some(session) = parts.extensions.get::<Session>() else {
        return Ok(()); // No session layer in front: nobody to tell.
    };
    let most = if matches!(signed(parts), Ok(Some(_))) { flash::MOST_SIGNED } else { flash::MOST };
    session.insert(key::FLASH, flash.fitted(most)).await.map_err(trouble)
}

/// The message for this page, once. Costs nothing when there is none.
///
/// # Errors
/// When the session cannot be written.
pub async fn take_flash(parts: &Parts) -> Result<Option<Flash>, Failure> {
    let Some(Found::Session { flash: Some(flash), signed }) = parts.extensions.get::<Found>() else {
        return Ok(None);
    };
    if let Some(session) = parts.extensions.get::<Session>() {
        if signed.is_some() {
            session.remove::<Value>(key::FLASH).await.map_err(trouble)?;
        } else {
            session.flush().await.map_err(trouble)?;
        }
    }
    Ok(Some((**flash).clone()))
}

pub(super) fn trouble(error: tower_sessions::session::Error) -> Failure {
    match error {
        tower_sessions::session::Error::Store(error) => Failure::Unavailable(error.to_string()),
        tower_sessions::session::Error::SerdeJson(error) => Failure::Internal(anyhow::Error::new(error)),
    }
}

/// What a page is made from.
#[derive(Clone, Debug)]
pub struct PageRequest {
    pub store: Store,
    /// The account's context in the organisation of the address; `None` on pages that belong to none.
    pub ctx: Option<Ctx>,
    /// Who is signed in.
    pub signed: Option<Arc<Signed>>,
    /// Parts of the address by name.
    pub params: Vec<(String, String)>,
    pub query: Query,
    /// The message of the action before.
    pub flash: Option<Flash>,
    pub path: String,
}

impl PageRequest {
    /// A part of the address; empty when the route has no such part.
    #[must_use]
    pub fn param(&self, name: &str) -> &str {
        self.params.iter().find(|(held, _)| held == name).map_or("", |(_, value)| value)
    }

    /// The context of the organisation of the address.
    ///
    /// # Errors
    /// 401 for a visitor.
    pub fn ctx(&self) -> Result<&Ctx, Failure> {
        self.ctx.as_ref().ok_or_else(|| Problem::new(401, "not_signed_in", "Sign in to see this page.").into())
    }

    /// Who is signed in.
    ///
    /// # Errors
    /// 401 for a visitor.
    pub fn signed(&self) -> Result<&Arc<Signed>, Failure> {
        self.signed.as_ref().ok_or_else(|| Problem::new(401, "not_signed_in", "Sign in to see this page.").into())
    }

    /// What the person had typed into a field of the refused form.
    #[must_use]
    pub fn typed(&self, field: &str) -> Option<&str> {
        self.flash.as_ref().and_then(|flash| flash.field(field))
    }

    /// What was wrong with a field of the refused form.
    #[must_use]
    pub fn wrong(&self, field: &str) -> Option<String> {
        self.flash.as_ref().and_then(|flash| flash.error(field))
    }

    /// The short name of the organisation in the address.
    #[must_use]
    pub fn slug(&self) -> &str {
        self.param("slug")
    }
}

/// An id of the address as a type; 404 when it is none.
///
/// # Errors
/// The problem to answer with.
pub fn id_param(text: &str, what: &str) -> Result<Uuid, Failure> {
    Uuid::parse_str(text).map_err(|_| Problem::not_found(what).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_and_forms_have_a_session() {
        for path in ["/", "/t/kestrel/numbers", "/t/kestrel/numbers.csv", "/do/concord/identity/forms/sign_in", "/account"] {
            assert!(wants_session(path), "{path}");
        }
        for path in ["/pkg/concord.abc.wasm", "/api/v1/me", "/oauth/token", "/readyz", "/favicon.svg"] {
            assert!(!wants_session(path), "{path}");
        }
    }
}
