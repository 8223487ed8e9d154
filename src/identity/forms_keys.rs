//! Server functions of an API client's keys and secret. Each ends in a redirect with a message.

use leptos::prelude::*;

use super::FormError;

#[cfg(feature = "ssr")]
use super::actions_keys;
#[cfg(feature = "ssr")]
use super::answer::Redirect;
#[cfg(feature = "ssr")]
use super::answer::answer;
#[cfg(feature = "ssr")]
use super::answer::server_ctx;
#[cfg(feature = "ssr")]
use super::answer::server_parts;
#[cfg(feature = "ssr")]
use super::flash::Flash;
#[cfg(feature = "ssr")]
use super::model::OrgKind;
#[cfg(feature = "ssr")]
use super::portal;
#[cfg(feature = "ssr")]
use crate::base::Ctx;
#[cfg(feature = "ssr")]
use crate::base::Failure;
#[cfg(feature = "ssr")]
use crate::base::Problem;
#[cfg(feature = "ssr")]
use crate::store::Store;
#[cfg(feature = "ssr")]
use crate::tr;
#[cfg(feature = "ssr")]
use crate::ui::Lang;
#[cfg(feature = "ssr")]
use crate::ui::Text;

/// Adds a public key to an API client.
#[server]
pub async fn add_key(
    #[server(default)] kind: String,
    #[server(default)] slug: String,
    #[server(default)] id: String,
    #[server(default)] key: String,
) -> Result<(), FormError> {
    let act = async |store: Store, ctx: Ctx| actions_keys::add_key(&store, &ctx, &id, &key).await.map(|_| ());
    // What was typed is not kept for another try, as of all other forms: it may be a private key that was pasted by mistake.
    run(&kind, &slug, &id, |lang| tr!(in lang, "identity.keys.added_done"), act).await
}

/// Removes a key of an API client.
#[server]
pub async fn remove_key(
    #[server(default)] kind: String,
    #[server(default)] slug: String,
    #[server(default)] id: String,
    #[server(default)] key: String,
) -> Result<(), FormError> {
    let act = async |store: Store, ctx: Ctx| actions_keys::remove_key(&store, &ctx, &id, &key).await;
    run(&kind, &slug, &id, |lang| tr!(in lang, "identity.keys.removed"), act).await
}

/// Ends the secret of an API client that has keys.
#[server]
pub async fn end_secret(
    #[server(default)] kind: String,
    #[server(default)] slug: String,
    #[server(default)] id: String,
) -> Result<(), FormError> {
    let act = async |store: Store, ctx: Ctx| actions_keys::drop_secret(&store, &ctx, &id).await;
    run(&kind, &slug, &id, |lang| tr!(in lang, "identity.keys.secret_ended"), act).await
}

/// Does one of them and leads back to the client.
#[cfg(feature = "ssr")]
async fn run(
    kind: &str,
    slug: &str,
    id: &str,
    done: impl FnOnce(Lang) -> Text,
    act: impl AsyncFnOnce(Store, Ctx) -> Result<(), Failure>,
) -> Result<(), FormError> {
    let kind = OrgKind::parse(kind);
    let is_id = id.chars().all(|sign| sign.is_ascii_alphanumeric() || sign == '_' || sign == '-');
    let back = match kind {
        Some(kind) if is_id => format!("{}clients/{id}", kind.home(slug)),
        _ => "/".to_owned(),
    };
    let result = async {
        let kind = kind.ok_or_else(|| Problem::not_found("organisation"))?;
        let (ctx, store) = server_ctx(kind, slug)?;
        let lang = portal::viewer(&server_parts()?.0, &store.env).lang;
        act(store, ctx).await?;
        Ok(Redirect::with(back.clone(), Flash::done(done(lang))))
    };
    let result: Result<_, Failure> = result.await;
    answer(result, &back, Vec::new()).await
}
