//! Server functions of the platform's notice texts. Each ends in a redirect with a message.

use leptos::prelude::*;

use crate::identity::FormError;

#[cfg(feature = "ssr")]
use super::setup_notices;
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
use crate::identity::server_ctx;
#[cfg(feature = "ssr")]
use crate::identity::server_parts;
#[cfg(feature = "ssr")]
use crate::identity::viewer;
#[cfg(feature = "ssr")]
use crate::tr;
#[cfg(feature = "ssr")]
use crate::ui::Lang;

#[cfg(feature = "ssr")]
fn form_lang() -> Result<Lang, Failure> {
    let (parts, store) = server_parts()?;
    Ok(viewer(&parts, &store.env).lang)
}

/// Keeps the draft of the next version and leads to its preview.
#[server]
pub async fn save_notice_draft(
    #[server(default)] version: String,
    #[server(default)] title_en: String,
    #[server(default)] body_en: String,
    #[server(default)] title_de: String,
    #[server(default)] body_de: String,
) -> Result<(), FormError> {
    let fields =
        [("version", &version), ("title_en", &title_en), ("body_en", &body_en), ("title_de", &title_de), ("body_de", &body_de)];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.clone())).to_vec();
    let result: Result<Redirect, Failure> = async {
        let (ctx, store) = server_ctx(OrgKind::Platform, "")?;
        let given = setup_notices::DraftIn { version, texts: [(title_en, body_en), (title_de, body_de)] };
        setup_notices::save_draft(&store, &ctx, given).await?;
        Ok(Redirect::with("/p/notices/draft", Flash::done(tr!(in form_lang()?, "consent.notices.saved"))))
    }
    .await;
    answer(result, "/p/notices/new", fields).await
}

/// Throws the draft away.
#[server]
pub async fn drop_notice_draft() -> Result<(), FormError> {
    let result: Result<Redirect, Failure> = async {
        let (ctx, store) = server_ctx(OrgKind::Platform, "")?;
        setup_notices::drop_draft(&store, &ctx).await?;
        Ok(Redirect::with("/p/notices", Flash::done(tr!(in form_lang()?, "consent.notices.dropped"))))
    }
    .await;
    answer(result, "/p/notices", Vec::new()).await
}

/// Publishes the draft that was looked at.
#[server]
pub async fn publish_notice(#[server(default)] shown: String) -> Result<(), FormError> {
    let result: Result<Redirect, Failure> = async {
        let (ctx, store) = server_ctx(OrgKind::Platform, "")?;
        let version = setup_notices::publish(&store, &ctx, &shown).await?;
        let done = tr!(in form_lang()?, "consent.notices.published");
        Ok(Redirect::with(format!("/p/notices/{version}"), Flash::done(done)))
    }
    .await;
    answer(result, "/p/notices/draft", Vec::new()).await
}
