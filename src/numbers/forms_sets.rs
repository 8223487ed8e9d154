//! Server functions of change sets. Each ends in a redirect with a message.

use leptos::prelude::*;

use crate::identity::FormError;

#[cfg(feature = "ssr")]
use super::sets;
#[cfg(feature = "ssr")]
use crate::base::Ctx;
#[cfg(feature = "ssr")]
use crate::base::Failure;
#[cfg(feature = "ssr")]
use crate::identity::Flash;
#[cfg(feature = "ssr")]
use crate::identity::OrgKind;
#[cfg(feature = "ssr")]
use crate::identity::Redirect;
#[cfg(feature = "ssr")]
use crate::identity::answer;
#[cfg(feature = "ssr")]
use crate::identity::id_param;
#[cfg(feature = "ssr")]
use crate::identity::server_ctx;
#[cfg(feature = "ssr")]
use crate::identity::server_parts;
#[cfg(feature = "ssr")]
use crate::store::Store;
#[cfg(feature = "ssr")]
use crate::tr;
#[cfg(feature = "ssr")]
use crate::ui::Lang;

#[cfg(feature = "ssr")]
fn begin(slug: &str) -> Result<(Ctx, Store, Lang), Failure> {
    let (ctx, store) = server_ctx(OrgKind::Tenant, slug)?;
    let (parts, _) = server_parts()?;
    let lang = crate::identity::viewer(&parts, &store.env).lang;
    Ok((ctx, store, lang))
}

/// Runs a checked set. `expected`: how many rows the person was told would run.
#[server]
pub async fn run_set(
    #[server(default)] slug: String,
    #[server(default)] id: String,
    #[server(default)] expected: String,
) -> Result<(), FormError> {
    let here = format!("/t/{slug}/change-sets/{id}");
    let result = async {
        let (ctx, store, lang) = begin(&slug)?;
        sets::run(&store, &ctx, id_param(&id, "change set")?, expected.parse().ok()).await?;
        let flash = Flash::done(tr!(in lang, "numbers.sets.runs"));
        Ok(Redirect::with(here.clone(), flash.text(tr!(in lang, "numbers.sets.runs_text"))))
    };
    let result: Result<_, Failure> = result.await;
    answer(result, &here, Vec::new()).await
}

/// Takes a set back.
#[server]
pub async fn undo_set(#[server(default)] slug: String, #[server(default)] id: String) -> Result<(), FormError> {
    let here = format!("/t/{slug}/change-sets/{id}");
    let result = async {
        let (ctx, store, lang) = begin(&slug)?;
        sets::undo(&store, &ctx, id_param(&id, "change set")?).await?;
        let flash = Flash::done(tr!(in lang, "numbers.sets.goes_back"));
        Ok(Redirect::with(here.clone(), flash.text(tr!(in lang, "numbers.sets.runs_text"))))
    };
    let result: Result<_, Failure> = result.await;
    answer(result, &here, Vec::new()).await
}

/// Checks a set once more.
#[server]
pub async fn check_set(#[server(default)] slug: String, #[server(default)] id: String) -> Result<(), FormError> {
    let here = format!("/t/{slug}/change-sets/{id}");
    let result = async {
        let (ctx, store, lang) = begin(&slug)?;
        sets::check(&store, &ctx, id_param(&id, "change set")?).await?;
        Ok(Redirect::with(here.clone(), Flash::done(tr!(in lang, "numbers.sets.checked"))))
    };
    let result: Result<_, Failure> = result.await;
    answer(result, &here, Vec::new()).await
}

/// Drops a set that did not run.
#[server]
pub async fn drop_set(#[server(default)] slug: String, #[server(default)] id: String) -> Result<(), FormError> {
    let here = format!("/t/{slug}/change-sets");
    let result = async {
        let (ctx, store, lang) = begin(&slug)?;
        sets::discard(&store, &ctx, id_param(&id, "change set")?).await?;
        Ok(Redirect::with(here.clone(), Flash::done(tr!(in lang, "numbers.sets.dropped"))))
    };
    let result: Result<_, Failure> = result.await;
    answer(result, &format!("{here}/{id}"), Vec::new()).await
}
