//! Server functions of sign-in, account and API clients. Each ends in a redirect with a message.

use leptos::prelude::*;

use super::FormError;

#[cfg(feature = "ssr")]
use super::actions;
#[cfg(feature = "ssr")]
use super::answer::Redirect;
#[cfg(feature = "ssr")]
use super::answer::account_ctx;
#[cfg(feature = "ssr")]
use super::answer::answer;
#[cfg(feature = "ssr")]
use super::answer::server_ctx;
#[cfg(feature = "ssr")]
use super::answer::server_parts;
#[cfg(feature = "ssr")]
use super::answer::sign_in_address;
#[cfg(feature = "ssr")]
use super::flash::Flash;
#[cfg(feature = "ssr")]
use super::model::OrgKind;
#[cfg(feature = "ssr")]
use super::model::safe_next;
#[cfg(feature = "ssr")]
use super::portal;
#[cfg(feature = "ssr")]
use crate::base::Failure;
#[cfg(feature = "ssr")]
use crate::base::Problem;
#[cfg(feature = "ssr")]
use crate::tr;
#[cfg(feature = "ssr")]
use crate::trn;
#[cfg(feature = "ssr")]
use crate::ui::Lang;

/// Signs in and leads to `next`, a path of this site.
#[server]
pub async fn sign_in(
    #[server(default)] email: String,
    #[server(default)] password: String,
    #[server(default)] next: String,
) -> Result<(), FormError> {
    let next = safe_next(&next).to_owned();
    let result = async {
        let (parts, store) = server_parts()?;
        actions::sign_in(&store, &parts, &email, password).await?;
        Ok(Redirect::from(next.clone()))
    };
    let result: Result<_, Failure> = result.await;
    answer(result, &sign_in_address(&next), vec![("email".to_owned(), email)]).await
}

/// Ends this session.
#[server]
pub async fn sign_out() -> Result<(), FormError> {
    let result = async {
        let (parts, store) = server_parts()?;
        let signed = portal::signed(&parts)?;
        actions::sign_out(&store, &parts, signed.as_deref()).await?;
        actions::forget_cookie(&parts);
        Ok("/sign-in")
    };
    let result: Result<_, Failure> = result.await;
    answer(result, "/", Vec::new()).await
}

/// Ends every session of the account.
#[server]
pub async fn sign_out_everywhere() -> Result<(), FormError> {
    let result = async {
        let (signed, parts, store) = account_ctx()?;
        actions::sign_out_everywhere(&store, &parts, &signed).await?;
        actions::forget_cookie(&parts);
        Ok("/sign-in")
    };
    let result: Result<_, Failure> = result.await;
    answer(result, "/account", Vec::new()).await
}

/// Ends one of the account's sessions, by its handle.
#[server]
pub async fn end_session(#[server(default)] session: String) -> Result<(), FormError> {
    let result = async {
        let (signed, parts, store) = account_ctx()?;
        let lang = portal::viewer(&parts, &store.env).lang;
        actions::end_session(&store, &parts, &signed, &session).await?;
        Ok(Redirect::with("/account", Flash::done(tr!(in lang, "identity.session_ended"))))
    };
    let result: Result<_, Failure> = result.await;
    answer(result, "/account", Vec::new()).await
}

/// Saves name and preferences. `language`: `en`, `de` or empty for the browser's; `time_zone`: IANA name or empty.
#[server]
pub async fn save_account(
    #[server(default)] name: String,
    #[server(default)] language: String,
    #[server(default)] time_zone: String,
    #[server(default)] theme: String,
) -> Result<(), FormError> {
    let fields = [("name", &name), ("language", &language), ("time_zone", &time_zone), ("theme", &theme)];
    let fields = fields.map(|(field, value)| (field.to_owned(), value.clone())).to_vec();
    let result = async {
        let (signed, parts, store) = account_ctx()?;
        let given = |text: String| Some(text).filter(|text| !text.is_empty());
        let wanted = actions::Preferences { name, language: given(language), time_zone: given(time_zone), theme };
        actions::save_account(&store, &signed, &wanted).await?;
        // The message stands on a page in the new language.
        let lang = wanted.language.as_deref().and_then(Lang::from_code).unwrap_or_else(|| portal::viewer(&parts, &store.env).lang);
        Ok(Redirect::with("/account", Flash::done(tr!(in lang, "identity.account_saved"))))
    };
    let result: Result<_, Failure> = result.await;
    answer(result, "/account", fields).await
}

/// Sets language or theme alone, from the account menu, and leads back. A visitor's language is kept in the browser.
#[server]
pub async fn save_preference(
    #[server(default)] language: Option<String>,
    #[server(default)] theme: Option<String>,
    #[server(default)] back: String,
) -> Result<(), FormError> {
    let back = safe_next(&back).to_owned();
    let result = async {
        if let Some(lang) = language.as_deref().and_then(Lang::from_code)
            && portal::signed(&server_parts()?.0)?.is_none()
        {
            portal::keep_language(lang);
            return Ok(Redirect::from(back.clone()));
        }
        let (signed, _, store) = account_ctx()?;
        let mut wanted = actions::Preferences::of(&signed);
        if language.is_some() {
            wanted.language = language;
        }
        if let Some(theme) = theme {
            wanted.theme = theme;
        }
        actions::save_account(&store, &signed, &wanted).await?;
        Ok(Redirect::from(back.clone()))
    };
    let result: Result<_, Failure> = result.await;
    answer(result, &back, Vec::new()).await
}

/// Sets another password, given the one of today; ends the account's other sessions.
#[server]
pub async fn change_password(
    #[server(default)] old_password: String,
    #[server(default)] new_password: String,
    #[server(default)] new_password_again: String,
) -> Result<(), FormError> {
    let result = async {
        let (signed, parts, store) = account_ctx()?;
        let lang = portal::viewer(&parts, &store.env).lang;
        let ended = actions::change_password(&store, &parts, &signed, old_password, new_password, &new_password_again).await?;
        let flash = Flash::done(tr!(in lang, "identity.password_changed"));
        Ok(Redirect::with("/account", flash.text(trn!(in lang, "identity.sessions_ended", ended))))
    };
    let result: Result<_, Failure> = result.await;
    answer(result, "/account", Vec::new()).await
}

/// Makes an API client; the next page shows its secret once. `kind` and `slug` name the organisation.
#[server]
pub async fn create_client(
    #[server(default)] kind: String,
    #[server(default)] slug: String,
    #[server(default)] name: String,
    #[server(default)] scopes: Vec<String>,
) -> Result<(), FormError> {
    let mut fields = vec![("name".to_owned(), name.clone())];
    fields.extend(scopes.iter().map(|scope| ("scopes".to_owned(), scope.clone())));
    let kind = OrgKind::parse(&kind);
    let back = kind.map_or_else(|| "/".to_owned(), |kind| format!("{}clients", kind.home(&slug)));
    let result = async {
        let kind = kind.ok_or_else(|| Problem::not_found("organisation"))?;
        let (ctx, store) = server_ctx(kind, &slug)?;
        let lang = portal::viewer(&server_parts()?.0, &store.env).lang;
        let (id, secret) = actions::create_client(&store, &ctx, &name, &scopes).await?;
        let flash = Flash::done(tr!(in lang, "identity.clients.created")).text(id).showing(&store, secret.reveal())?;
        Ok(Redirect::with(back.clone(), flash))
    };
    let result: Result<_, Failure> = result.await;
    answer(result, &back, fields).await
}

/// Revokes an API client for good.
#[server]
pub async fn revoke_client(
    #[server(default)] kind: String,
    #[server(default)] slug: String,
    #[server(default)] id: String,
) -> Result<(), FormError> {
    let kind = OrgKind::parse(&kind);
    let back = kind.map_or_else(|| "/".to_owned(), |kind| format!("{}clients", kind.home(&slug)));
    let result = async {
        let kind = kind.ok_or_else(|| Problem::not_found("organisation"))?;
        let (ctx, store) = server_ctx(kind, &slug)?;
        let lang = portal::viewer(&server_parts()?.0, &store.env).lang;
        actions::revoke_client(&store, &ctx, &id).await?;
        Ok(Redirect::with(back.clone(), Flash::done(tr!(in lang, "identity.clients.revoked"))))
    };
    let result: Result<_, Failure> = result.await;
    answer(result, &back, Vec::new()).await
}
