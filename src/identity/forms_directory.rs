//! Server functions of the platform's directory. Each ends in a redirect with a message.

use leptos::prelude::*;

use super::FormError;

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
use super::setup_platform;
#[cfg(feature = "ssr")]
use crate::base::Failure;
#[cfg(feature = "ssr")]
use crate::store::Store;
#[cfg(feature = "ssr")]
use crate::tr;
#[cfg(feature = "ssr")]
use crate::ui::Lang;

#[cfg(feature = "ssr")]
fn form_lang() -> Result<Lang, Failure> {
    let (parts, store) = server_parts()?;
    Ok(portal::viewer(&parts, &store.env).lang)
}

/// The id of a form: a new one where it is empty.
#[cfg(feature = "ssr")]
fn id_or_new(store: &Store, id: &str) -> Result<uuid::Uuid, Failure> {
    if id.is_empty() { Ok(store.env.id()) } else { portal::id_param(id, "organisation") }
}

/// Makes a tenant (`id` empty) or changes it.
#[server]
pub async fn save_tenant(
    #[server(default)] id: String,
    #[server(default)] slug: String,
    #[server(default)] name: String,
    #[server(default)] country: String,
    #[server(default)] time_zone: String,
    #[server(default)] sip_domain: String,
    #[server(default)] quarantine_days: String,
) -> Result<(), FormError> {
    let back = if id.is_empty() { "/p/tenants/new".to_owned() } else { format!("/p/tenants/{id}") };
    let fields = [
        ("slug", &slug),
        ("name", &name),
        ("country", &country),
        ("time_zone", &time_zone),
        ("sip_domain", &sip_domain),
        ("quarantine_days", &quarantine_days),
    ];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.clone())).to_vec();
    let result: Result<Redirect, Failure> = async {
        let (ctx, store) = server_ctx(OrgKind::Platform, "")?;
        let id = id_or_new(&store, &id)?;
        let put = setup_platform::TenantPut {
            slug: slug.trim().to_owned(),
            name,
            country: country.trim().to_uppercase(),
            time_zone: time_zone.trim().to_owned(),
            sip_domain: sip_domain.trim().to_lowercase(),
            // What is no number is refused like one that is too large.
            quarantine_days: quarantine_days.trim().parse().unwrap_or(i32::MAX),
        };
        setup_platform::put_tenant(&store, &ctx, id, &put).await?;
        Ok(Redirect::with(format!("/p/tenants/{id}"), Flash::done(tr!(in form_lang()?, "identity.directory.saved"))))
    }
    .await;
    answer(result, &back, fields).await
}

/// Makes an operator (`id` empty) or changes it. `countries`: codes with blanks or commas between.
#[server]
pub async fn save_operator(
    #[server(default)] id: String,
    #[server(default)] slug: String,
    #[server(default)] name: String,
    #[server(default)] time_zone: String,
    #[server(default)] countries: String,
    #[server(default)] services: Vec<String>,
    #[server(default)] website: String,
    #[server(default)] emergency_mode: String,
) -> Result<(), FormError> {
    let back = if id.is_empty() { "/p/operators/new".to_owned() } else { format!("/p/operators/{id}") };
    let fields = [
        ("slug", &slug),
        ("name", &name),
        ("time_zone", &time_zone),
        ("countries", &countries),
        ("website", &website),
        ("emergency_mode", &emergency_mode),
    ];
    let mut fields = fields.map(|(name, value)| (name.to_owned(), value.clone())).to_vec();
    fields.extend(services.iter().map(|service| ("services".to_owned(), service.clone())));
    let result: Result<Redirect, Failure> = async {
        let (ctx, store) = server_ctx(OrgKind::Platform, "")?;
        let id = id_or_new(&store, &id)?;
        let apart = |c: char| c.is_whitespace() || matches!(c, ',' | ';');
        let put = setup_platform::OperatorPut {
            slug: slug.trim().to_owned(),
            name,
            time_zone: time_zone.trim().to_owned(),
            countries: countries.split(apart).filter(|code| !code.is_empty()).map(str::to_uppercase).collect(),
            services,
            website: Some(website.trim().to_owned()).filter(|text| !text.is_empty()),
            emergency_mode,
        };
        setup_platform::put_operator(&store, &ctx, id, &put).await?;
        Ok(Redirect::with(format!("/p/operators/{id}"), Flash::done(tr!(in form_lang()?, "identity.directory.saved"))))
    }
    .await;
    answer(result, &back, fields).await
}
