//! How server functions of every room begin and end: with a context, and with a redirect that carries a message.

use std::fmt::Write as _;
use std::sync::Arc;

use http::request::Parts;
use leptos::prelude::use_context;

use super::FormError;
use super::flash::Flash;
use super::model::OrgKind;
use super::portal;
use super::portal::Signed;
use crate::base::Ctx;
use crate::base::Failure;
use crate::store::Store;
use crate::ui;
use crate::ui::translate_any;

/// Where a done action leads, and what is said there.
#[derive(Clone, Debug)]
pub struct Redirect {
    pub to: String,
    pub flash: Option<Flash>,
}

impl Redirect {
    /// To a page, with a message.
    #[must_use]
    pub fn with(to: impl Into<String>, flash: Flash) -> Self {
        Self { to: to.into(), flash: Some(flash) }
    }
}

impl From<String> for Redirect {
    fn from(to: String) -> Self {
        Self { to, flash: None }
    }
}

impl From<&str> for Redirect {
    fn from(to: &str) -> Self {
        Self { to: to.to_owned(), flash: None }
    }
}

/// Request parts and store of the running server function.
///
/// # Errors
/// When the program does not provide them.
pub fn server_parts() -> Result<(Parts, Store), Failure> {
    let parts = use_context::<Parts>().ok_or_else(|| anyhow::anyhow!("request parts are not provided"))?;
    let store = use_context::<Store>().ok_or_else(|| anyhow::anyhow!("the store is not provided"))?;
    Ok((parts, store))
}

/// The context of a server function that acts in an organisation.
///
/// # Errors
/// 401 for a visitor, 404 for who does not belong to it.
pub fn server_ctx(kind: OrgKind, slug: &str) -> Result<(Ctx, Store), Failure> {
    let (parts, store) = server_parts()?;
    let ctx = portal::ctx_for_slug(&parts, kind, slug, &store.env)?;
    Ok((ctx, store))
}

/// Who runs a server function that acts on the account itself.
///
/// # Errors
/// 401 for a visitor.
pub fn account_ctx() -> Result<(Arc<Signed>, Parts, Store), Failure> {
    let (parts, store) = server_parts()?;
    Ok((portal::must_be_signed(&parts)?, parts, store))
}

/// Ends a server function: a done action leads on; a refused one leads back to `back` with the form's `fields` and what is
/// wrong with them kept; a visitor is led to sign in. Answers a redirect in every case.
///
/// # Errors
/// Only when the request has no parts, which the program always provides.
pub async fn answer(
    result: Result<impl Into<Redirect>, Failure>,
    back: &str,
    fields: Vec<(String, String)>,
) -> Result<(), FormError> {
    let (parts, store) = server_parts().map_err(|failure| FormError::Transport(failure.to_string()))?;
    let (to, flash) = match result {
        Ok(redirect) => {
            let redirect = redirect.into();
            (redirect.to, redirect.flash)
        }
        Err(failure) => {
            let problem = failure.problem();
            if matches!(failure, Failure::Internal(_)) {
                tracing::error!(
                    request_id = super::wire::id_of(&parts.extensions),
                    error = format!("{failure:#}"),
                    "internal failure"
                );
            }
            if problem.code == "not_signed_in" {
                (sign_in_address(back), None)
            } else {
                let lang = portal::viewer(&parts, &store.env).lang;
                (back.to_owned(), Some(refusal(lang, &failure, fields)))
            }
        }
    };
    if let Some(flash) = flash
        && let Err(failure) = portal::set_flash(&parts, flash).await
    {
        tracing::warn!(error = %failure, "a message could not be kept");
    }
    leptos_axum::redirect(&plain_address(&to));
    Ok(())
}

/// The sign-in page that leads back here.
#[must_use]
pub fn sign_in_address(next: &str) -> String {
    if next == "/" {
        return "/sign-in".to_owned();
    }
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
    format!("/sign-in?{query}")
}

/// A refusal as a message: `problem.<code>` and `fix.<code>` of the locale files where they are, else the English words.
fn refusal(lang: ui::Lang, failure: &Failure, fields: Vec<(String, String)>) -> Flash {
    let problem = failure.problem();
    let title = match (problem.code, problem.status) {
        ("credentials_wrong", _) => crate::tr!(in lang, "identity.refused.sign_in"),
        (_, 401 | 403) => crate::tr!(in lang, "identity.refused.not_allowed"),
        (_, 409 | 412) => crate::tr!(in lang, "identity.refused.conflict"),
        (_, 429 | 503) => crate::tr!(in lang, "identity.refused.later"),
        (_, 500) => crate::tr!(in lang, "identity.refused.internal"),
        _ => crate::tr!(in lang, "identity.refused.other"),
    };
    let text = translate_any(lang, &format!("problem.{}", problem.code)).map_or(problem.detail, Into::into);
    let mut flash = Flash::refused(failure, title, text, fields);
    for error in &mut flash.errors {
        if let Some(fix) = translate_any(lang, &format!("fix.{}", error.code)) {
            error.fix = fix.into_owned();
        }
    }
    flash
}

/// An address as a header can carry it: percent-encodes all but visible ASCII.
fn plain_address(to: &str) -> String {
    let mut out = String::with_capacity(to.len());
    for byte in to.bytes() {
        if byte.is_ascii_graphic() {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            write!(out, "%{byte:02X}").unwrap_or_default();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_fit_a_header() {
        assert_eq!(sign_in_address("/t/kestrel/numbers?q=a b"), "/sign-in?next=%2Ft%2Fkestrel%2Fnumbers%3Fq%3Da+b");
        assert_eq!(sign_in_address("/"), "/sign-in");
        assert_eq!(plain_address("/t/kestrel/numbers?q=a b\r\nä"), "/t/kestrel/numbers?q=a%20b%0D%0A%C3%A4");
    }
}
