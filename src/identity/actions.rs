//! The verbs of people: signing in and out, their sessions, their account, their organisation's API clients.

use http::HeaderValue;
use http::header;
use http::request::Parts;
use tower_sessions::Session;

use super::model::Email;
use super::model::OrgKind;
use super::model::PasswordFault;
use super::model::check_password;
use super::password;
use super::password::BRAKE;
use super::portal::Signed;
use super::portal::trouble;
use super::queries;
use super::queries::Client;
use super::queries::Credentials;
use super::queries_session;
use super::queries_session::OwnSession;
use super::secret::Secret;
use super::session::SECURE_COOKIE;
use super::session::key;
use super::wire::address_of;
use super::wire::id_of;
use crate::audit;
use crate::base::AccountId;
use crate::base::Actor;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::Problem;
use crate::base::Scope;
use crate::base::ScopeSet;
use crate::store::Reach;
use crate::store::Store;

/// Signs an account in under a new session id. Unknown accounts, accounts without a password and wrong passwords are refused
/// alike, in the same time.
///
/// # Errors
/// 401 `credentials_wrong`, 429 `sign_in_throttled` or `sign_in_busy`.
pub async fn sign_in(store: &Store, parts: &Parts, email: &str, password: String) -> Result<AccountId, Failure> {
    let (now, address) = (store.env.now(), address_of(&parts.extensions));
    BRAKE.check(email, address.as_deref(), now)?;
    // What can be no address cannot be an account, but takes as long.
    let known = match Email::parse(email) {
        Some(email) => queries::credentials_by_email(store.pool(), email.as_str()).await?,
        None => None,
    };
    let hash = known.as_ref().filter(|known| !known.disabled).and_then(|known| known.password_hash.clone());
    // No password of ours is longer; hashing a megabyte would only cost.
    let usable = password.len() <= 1024;
    let fits = password::fits(if usable { password } else { String::new() }, hash).await?;
    let Some(known) = known.filter(|_| fits && usable) else {
        BRAKE.failed(email, address.as_deref(), now);
        note_failure(store, parts, email);
        let refusal = Problem::new(401, "credentials_wrong", "E-mail and password do not fit. Check both, then try again.");
        return Err(refusal.field("password", "credentials_wrong", None, "Does not fit this e-mail address.").into());
    };
    let session = parts.extensions.get::<Session>().ok_or_else(|| anyhow::anyhow!("the session layer is missing"))?;
    begin_session(store, parts, session, &known).await?;
    note_everywhere(store, parts, known.id, &known.name, "account.signed_in").await?;
    Ok(known.id)
}

async fn begin_session(store: &Store, parts: &Parts, session: &Session, account: &Credentials) -> Result<(), Failure> {
    // A new id, so that nobody who planted one before is signed in with it.
    session.cycle_id().await.map_err(trouble)?;
    session.clear().await;
    let agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let agent: String = agent.chars().take(300).collect();
    session.insert(key::ACCOUNT, account.id).await.map_err(trouble)?;
    session.insert(key::EPOCH, account.session_epoch).await.map_err(trouble)?;
    session.insert(key::SINCE, store.env.now().to_rfc3339()).await.map_err(trouble)?;
    session.insert(key::USER_AGENT, agent).await.map_err(trouble)?;
    session.insert(key::ADDRESS, address_of(&parts.extensions)).await.map_err(trouble)?;
    session.save().await.map_err(trouble)
}

/// Writes to the audit log of every organisation the account belongs to.
async fn note_everywhere(
    store: &Store,
    parts: &Parts,
    account: AccountId,
    name: &str,
    action: &'static str,
) -> Result<(), Failure> {
    for (kind, org) in queries::orgs_of(store.pool(), account).await? {
        let Some(kind) = OrgKind::parse(&kind) else {
            continue;
        };
        let ctx = Ctx {
            actor: Actor::Account { id: account, label: name.to_owned() },
            org: kind.org(org),
            scopes: ScopeSet::default(),
            request_id: id_of(&parts.extensions),
            address: address_of(&parts.extensions),
            env: store.env.clone(),
        };
        let mut tx = store.begin_for(&ctx).await?;
        let subject = account.to_string();
        let entry = audit::Entry { action, subject_kind: "account", subject_id: &subject, detail: None };
        audit::record(&mut tx, &ctx, entry).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// In a task of its own: the answer must not take longer because the account exists.
fn note_failure(store: &Store, parts: &Parts, email: &str) {
    let (store, parts, email) = (store.clone(), parts.clone(), email.to_owned());
    let noted = async move {
        if let Some(email) = Email::parse(&email)
            && let Some(known) = queries::credentials_by_email(store.pool(), email.as_str()).await?
        {
            note_everywhere(&store, &parts, known.id, &known.name, "account.sign_in_failed").await?;
        }
        Ok::<_, Failure>(())
    };
    tokio::spawn(async move {
        if let Err(failure) = noted.await {
            tracing::warn!(error = %failure, "a failed sign-in was not noted");
        }
    });
}

/// Ends this session.
///
/// # Errors
/// When the database is away.
pub async fn sign_out(store: &Store, parts: &Parts, signed: Option<&Signed>) -> Result<(), Failure> {
    if let Some(session) = parts.extensions.get::<Session>() {
        session.flush().await.map_err(trouble)?;
    }
    match signed {
        Some(signed) => note_everywhere(store, parts, signed.account, &signed.name, "account.signed_out").await,
        None => Ok(()),
    }
}

/// Has the browser forget a cookie that is bound to https: such a cookie may only be taken back with the marks it was set
/// with, which the session layer does not know. Call it inside a server function.
pub fn forget_cookie(parts: &Parts) {
    let held = parts.headers.get(header::COOKIE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if held.contains(SECURE_COOKIE)
        && let Some(options) = leptos::prelude::use_context::<leptos_axum::ResponseOptions>()
        && let Ok(gone) = HeaderValue::from_str(&format!("{SECURE_COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"))
    {
        options.append_header(header::SET_COOKIE, gone);
    }
}

/// Ends every session of the account, this one too. Answers how many.
///
/// # Errors
/// When the database is away.
pub async fn sign_out_everywhere(store: &Store, parts: &Parts, signed: &Signed) -> Result<u64, Failure> {
    let mut tx = store.begin(Reach::Nobody).await?;
    queries::next_epoch(&mut tx, signed.account).await?;
    let ended = queries_session::end_all(&mut tx, signed.account, None).await?;
    tx.commit().await?;
    if let Some(session) = parts.extensions.get::<Session>() {
        session.flush().await.map_err(trouble)?;
    }
    note_everywhere(store, parts, signed.account, &signed.name, "account.signed_out_everywhere").await?;
    Ok(ended)
}

/// The account's live sessions, newest first.
///
/// # Errors
/// When the database is away.
pub async fn own_sessions(store: &Store, signed: &Signed) -> Result<Vec<OwnSession>, Failure> {
    let mut tx = store.begin(Reach::Nobody).await?;
    let sessions = queries_session::of_account(&mut tx, signed.account, store.env.now()).await?;
    tx.commit().await?;
    Ok(sessions)
}

/// Ends one of the account's sessions.
///
/// # Errors
/// 404 when it has no such session.
pub async fn end_session(store: &Store, parts: &Parts, signed: &Signed, handle: &str) -> Result<(), Failure> {
    let mut tx = store.begin(Reach::Nobody).await?;
    let ended = queries_session::end_one(&mut tx, signed.account, handle).await?;
    tx.commit().await?;
    if !ended {
        return Err(Problem::not_found("session").into());
    }
    note_everywhere(store, parts, signed.account, &signed.name, "account.session_ended").await
}

/// How an account wants to see things.
#[derive(Clone, Debug)]
pub struct Preferences {
    pub name: String,
    /// `en`, `de`, or `None` for the browser's.
    pub language: Option<String>,
    /// IANA name, or `None` for UTC.
    pub time_zone: Option<String>,
    /// `system`, `light` or `dark`.
    pub theme: String,
}

impl Preferences {
    /// The account's present ones.
    #[must_use]
    pub fn of(signed: &Signed) -> Self {
        Self {
            name: signed.name.clone(),
            language: signed.language.map(|lang| lang.code().to_owned()),
            time_zone: signed.time_zone.map(|zone| zone.name().to_owned()),
            theme: signed.theme.code().to_owned(),
        }
    }
}

/// Saves the account's name and preferences.
///
/// # Errors
/// 422 `account_invalid` with every field that is wrong.
pub async fn save_account(store: &Store, signed: &Signed, wanted: &Preferences) -> Result<(), Failure> {
    let mut refusal = Problem::new(422, "account_invalid", "Some fields need another look.");
    let name = wanted.name.trim();
    if !(1..=100).contains(&name.chars().count()) || name.chars().any(char::is_control) {
        refusal = refusal.field("name", "name_invalid", Some(wanted.name.clone()), "A name has 1 to 100 signs.");
    }
    if wanted.language.as_deref().is_some_and(|code| crate::ui::Lang::from_code(code).is_none_or(|lang| lang.code() != code)) {
        refusal = refusal.field("language", "language_unknown", wanted.language.clone(), "Choose one of the list.");
    }
    if wanted.time_zone.as_deref().is_some_and(|zone| zone.parse::<chrono_tz::Tz>().is_err()) {
        refusal = refusal.field("time_zone", "time_zone_unknown", wanted.time_zone.clone(), "Choose a zone such as Europe/Berlin.");
    }
    if crate::ui::Theme::from_code(&wanted.theme).is_none() {
        refusal = refusal.field("theme", "theme_unknown", Some(wanted.theme.clone()), "Choose one of the list.");
    }
    if !refusal.errors.is_empty() {
        return Err(refusal.into());
    }
    let mut tx = store.begin(Reach::Nobody).await?;
    let (language, zone) = (wanted.language.as_deref(), wanted.time_zone.as_deref());
    queries::save_account(&mut tx, signed.account, name, language, zone, &wanted.theme).await?;
    tx.commit().await?;
    Ok(())
}

/// Sets another password, given the old one; ends the account's other sessions.
///
/// # Errors
/// 422 `password_wrong` or `password_weak`, 429 after too many tries.
pub async fn change_password(
    store: &Store,
    parts: &Parts,
    signed: &Signed,
    old: String,
    new: String,
    again: &str,
) -> Result<u64, Failure> {
    let (now, address) = (store.env.now(), address_of(&parts.extensions));
    BRAKE.check(&signed.email, address.as_deref(), now)?;
    let known = queries::credentials(store.pool(), signed.account).await?.ok_or_else(|| Problem::not_found("account"))?;
    let usable = old.len() <= 1024;
    if !password::fits(if usable { old } else { String::new() }, known.password_hash).await? || !usable {
        BRAKE.failed(&signed.email, address.as_deref(), now);
        let refusal = Problem::new(422, "password_wrong", "The password of today does not fit. Nothing was changed.");
        return Err(refusal.field("old_password", "password_wrong", None, "Does not fit.").into());
    }
    weak(&new, again)?;
    let hash = password::hash(new).await?;
    let mut tx = store.begin(Reach::Nobody).await?;
    queries::set_password(&mut tx, signed.account, &hash).await?;
    let ended = queries_session::end_all(&mut tx, signed.account, Some(&signed.session)).await?;
    tx.commit().await?;
    note_everywhere(store, parts, signed.account, &signed.name, "account.password_changed").await?;
    Ok(ended)
}

/// Refuses (422 `password_weak`) a new password that breaks a rule or was not typed twice alike.
pub(super) fn weak(new: &str, again: &str) -> Result<(), Failure> {
    let fix = match check_password(new) {
        Err(PasswordFault::TooShort) => Some(("password_too_short", "Take at least 8 signs; several words make a good one.")),
        Err(PasswordFault::TooLong) => Some(("password_too_long", "Take at most 128 signs.")),
        Err(PasswordFault::Common) => Some(("password_common", "Everybody tries this one first. Take another.")),
        Ok(()) => None,
    };
    let refusal = || Problem::new(422, "password_weak", "The new password is not taken. Nothing was changed.");
    if let Some((code, fix)) = fix {
        return Err(refusal().field("new_password", code, None, fix).into());
    }
    if new != again {
        return Err(refusal().field("new_password_again", "password_differs", None, "Type the new password twice alike.").into());
    }
    Ok(())
}

/// The organisation's API clients: live ones first, newest first.
///
/// # Errors
/// 403 without `clients:write`.
pub async fn clients(store: &Store, ctx: &Ctx) -> Result<Vec<Client>, Failure> {
    ctx.require(Scope::ClientsWrite)?;
    let mut tx = store.begin_for(ctx).await?;
    let clients = queries::clients(&mut tx, ctx.org).await?;
    tx.commit().await?;
    Ok(clients)
}

/// Makes an API client; the secret is shown this once.
///
/// # Errors
/// 403 without `clients:write`, 422 `client_invalid` with every field that is wrong.
pub async fn create_client(store: &Store, ctx: &Ctx, name: &str, scopes: &[String]) -> Result<(String, Secret), Failure> {
    ctx.require(Scope::ClientsWrite)?;
    let (id, secret) = (format!("client_{}", ctx.env.id().simple()), Secret::client(&ctx.env));
    let mut tx = store.begin_for(ctx).await?;
    insert_client(&mut tx, ctx, &id, name, scopes, &secret).await?;
    tx.commit().await?;
    Ok((id, secret))
}

/// Checks and writes a client inside a transaction; also used by set-up.
pub(super) async fn insert_client(
    conn: &mut sqlx::PgConnection,
    ctx: &Ctx,
    id: &str,
    name: &str,
    scopes: &[String],
    secret: &Secret,
) -> Result<(), Failure> {
    let mut refusal = Problem::new(422, "client_invalid", "Some fields need another look.");
    let name = name.trim();
    if !(1..=100).contains(&name.chars().count()) || name.chars().any(char::is_control) {
        refusal = refusal.field("name", "name_invalid", Some(name.to_owned()), "A name has 1 to 100 signs.");
    }
    let kind = OrgKind::parse(ctx.org.kind()).ok_or_else(|| anyhow::anyhow!("an organisation of no kind"))?;
    let wanted = ScopeSet::parse(scopes.iter().map(String::as_str)).and(kind.client_scopes());
    if scopes.is_empty() {
        refusal = refusal.field("scopes", "scope_missing", None, "Choose at least one scope.");
    } else if let Some(unknown) = scopes.iter().find(|text| !Scope::parse(text).is_some_and(|scope| wanted.has(scope))) {
        refusal = refusal.field("scopes", "scope_unknown", Some(unknown.clone()), "Clients of your organisation cannot have it.");
    }
    if !refusal.errors.is_empty() {
        return Err(refusal.into());
    }
    let names: Vec<String> = wanted.iter().map(|scope| scope.as_str().to_owned()).collect();
    queries::insert_client(conn, ctx.org, id, name, &secret.hash(), &names, ctx.now()).await?;
    let detail = Some(serde_json::json!({ "name": name, "scopes": names }));
    audit::record(conn, ctx, audit::Entry { action: "client.created", subject_kind: "client", subject_id: id, detail }).await
}

/// Revokes an API client for good; its tokens end at once.
///
/// # Errors
/// 403 without `clients:write`, 404 when the organisation has no such live client.
pub async fn revoke_client(store: &Store, ctx: &Ctx, id: &str) -> Result<(), Failure> {
    ctx.require(Scope::ClientsWrite)?;
    let mut tx = store.begin_for(ctx).await?;
    if !queries::revoke_client(&mut tx, ctx.org, id, ctx.now()).await? {
        return Err(Problem::not_found("client").into());
    }
    let entry = audit::Entry { action: "client.revoked", subject_kind: "client", subject_id: id, detail: None };
    audit::record(&mut tx, ctx, entry).await?;
    tx.commit().await?;
    Ok(())
}
