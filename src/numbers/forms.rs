//! Server functions of this room. Each ends in a redirect with a message.

use leptos::prelude::*;

use crate::identity::FormError;

#[cfg(feature = "ssr")]
use super::AssignIn;
#[cfg(feature = "ssr")]
use super::Category;
#[cfg(feature = "ssr")]
use super::actions;
#[cfg(feature = "ssr")]
use super::uploads;
#[cfg(feature = "ssr")]
use crate::base::E164;
#[cfg(feature = "ssr")]
use crate::base::Failure;
#[cfg(feature = "ssr")]
use crate::base::Problem;
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
use crate::tr;
#[cfg(feature = "ssr")]
use crate::ui::Lang;
#[cfg(feature = "ssr")]
use crate::ui::Query;
#[cfg(feature = "ssr")]
use crate::ui::group_tel;

#[cfg(feature = "ssr")]
pub(super) fn lang() -> Result<Lang, Failure> {
    let (parts, store) = server_parts()?;
    Ok(crate::identity::viewer(&parts, &store.env).lang)
}

#[cfg(feature = "ssr")]
fn number(text: &str) -> Result<E164, Failure> {
    E164::parse(text).map_err(|_| Problem::not_found("number").into())
}

/// The version the person saw; what is no number is none.
#[cfg(feature = "ssr")]
fn seen(version: &str) -> Option<i64> {
    version.parse().ok()
}

/// Gives a number to a target. `category`: `primary`, `alternate`, `private`, or empty for what fits. `q` is the search that
/// stood on the page.
#[server]
pub async fn assign(
    #[server(default)] slug: String,
    #[server(default)] e164: String,
    #[server(default)] target_id: String,
    #[server(default)] category: String,
    #[server(default)] version: String,
    #[server(default)] q: String,
) -> Result<(), FormError> {
    let here = format!("/t/{slug}/numbers/{e164}");
    let back = Query::default().with("q", q).with("target", target_id.clone()).href(&format!("{here}/assign"));
    let fields = vec![("target_id".to_owned(), target_id.clone()), ("category".to_owned(), category.clone())];
    let result = async {
        let (ctx, store) = server_ctx(OrgKind::Tenant, &slug)?;
        let lang = lang()?;
        if target_id.is_empty() {
            let fix = tr!(in lang, "numbers.choose.missing");
            let problem = Problem::new(422, "target_missing", "Choose who gets the number.");
            return Err(problem.field("target_id", "target_missing", None, fix).into());
        }
        let category = match category.as_str() {
            "" => None,
            word => Some(Category::parse(word).ok_or_else(|| Problem::new(400, "body_malformed", "There is no such category."))?),
        };
        let wish = AssignIn { e164: number(&e164)?, target_id, category, version: seen(&version) };
        let made = actions::assign(&store, &ctx, wish).await?;
        let name = made.assigned.map(|assigned| assigned.target_name).unwrap_or_default();
        let flash = Flash::done(tr!(in lang, "numbers.assigned", number = group_tel(&e164), name = name));
        Ok(Redirect::with(here.clone(), flash.text(tr!(in lang, "numbers.assigned_text"))))
    };
    let result: Result<_, Failure> = result.await;
    answer(result, &back, fields).await
}

/// Takes a number back. `quarantine_days`: 0 none, -1 for ever, a number of days, `days` for as many as `days` says, empty for
/// the tenant's default.
#[server]
pub async fn unassign(
    #[server(default)] slug: String,
    #[server(default)] e164: String,
    #[server(default)] quarantine_days: String,
    #[server(default)] days: String,
    #[server(default)] version: String,
) -> Result<(), FormError> {
    let here = format!("/t/{slug}/numbers/{e164}");
    let fields = vec![("quarantine_days".to_owned(), quarantine_days.clone()), ("days".to_owned(), days.clone())];
    let result = async {
        let (ctx, store) = server_ctx(OrgKind::Tenant, &slug)?;
        let lang = lang()?;
        let days = super::quarantine_days(&quarantine_days, &days)?;
        actions::unassign(&store, &ctx, &number(&e164)?, days, seen(&version)).await?;
        let flash = Flash::done(tr!(in lang, "numbers.unassigned", number = group_tel(&e164)));
        Ok(Redirect::with(here.clone(), flash.text(tr!(in lang, "numbers.unassigned_text"))))
    };
    let result: Result<_, Failure> = result.await;
    answer(result, &format!("{here}/unassign"), fields).await
}

/// Runs a checked file: its rows become an order.
#[server]
pub async fn run_upload(#[server(default)] slug: String, #[server(default)] id: String) -> Result<(), FormError> {
    let result = async {
        let (ctx, store) = server_ctx(OrgKind::Operator, &slug)?;
        let lang = lang()?;
        let order = uploads::run(&store, &ctx, &id).await?;
        Ok(Redirect::with(format!("/o/{slug}/orders/{order}"), Flash::done(tr!(in lang, "numbers.upload.ran"))))
    };
    let result: Result<_, Failure> = result.await;
    answer(result, &format!("/o/{slug}/numbers/upload/{id}"), Vec::new()).await
}

/// Drops a checked file without running it.
#[server]
pub async fn drop_upload(#[server(default)] slug: String, #[server(default)] id: String) -> Result<(), FormError> {
    let back = format!("/o/{slug}/numbers/upload");
    let result = async {
        let (ctx, store) = server_ctx(OrgKind::Operator, &slug)?;
        let lang = lang()?;
        uploads::discard(&store, &ctx, &id).await?;
        Ok(Redirect::with(back.clone(), Flash::done(tr!(in lang, "numbers.upload.dropped"))))
    };
    let result: Result<_, Failure> = result.await;
    answer(result, &back, Vec::new()).await
}
