//! Server functions of people and accounts by file, of release requests and of low stock. Each ends in a redirect.

use leptos::prelude::*;

use crate::identity::FormError;

#[cfg(feature = "ssr")]
use super::forms::lang;
#[cfg(feature = "ssr")]
use super::release_requests;
#[cfg(feature = "ssr")]
use super::stock;
#[cfg(feature = "ssr")]
use super::stock::GroupKey;
#[cfg(feature = "ssr")]
use super::target_uploads;
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
use crate::tr;
#[cfg(feature = "ssr")]
use crate::trn;
#[cfg(feature = "ssr")]
use crate::ui::Query;
#[cfg(feature = "ssr")]
use crate::ui::group_tel;

/// Runs a checked file of people. `mode`: `merge`, or `replace` with `leaving`, how many the page said would leave.
#[server]
pub async fn run_targets(
    #[server(default)] slug: String,
    #[server(default)] id: String,
    #[server(default)] mode: String,
    #[server(default)] leaving: String,
) -> Result<(), FormError> {
    let back = format!("/t/{slug}/targets/upload/{id}");
    let result = async {
        let (ctx, store) = server_ctx(OrgKind::Tenant, &slug)?;
        let lang = lang()?;
        let replace = match mode.as_str() {
            "merge" => false,
            "replace" => true,
            _ => return Err(Problem::new(400, "body_malformed", "There is no such way to run a file.").into()),
        };
        let put = target_uploads::run(&store, &ctx, &id, replace, leaving.parse().ok()).await?;
        let count = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let flash = Flash::done(trn!(in lang, "numbers.people_ran", count(put.written)));
        let flash = if put.left > 0 { flash.text(trn!(in lang, "numbers.people_left", count(put.left))) } else { flash };
        Ok(Redirect::with(format!("/t/{slug}/targets"), flash))
    };
    let result: Result<_, Failure> = result.await;
    answer(result, &back, Vec::new()).await
}

/// Drops a checked file of people without running it.
#[server]
pub async fn drop_targets(#[server(default)] slug: String, #[server(default)] id: String) -> Result<(), FormError> {
    let back = format!("/t/{slug}/targets/upload");
    let result = async {
        let (ctx, store) = server_ctx(OrgKind::Tenant, &slug)?;
        let lang = lang()?;
        target_uploads::discard(&store, &ctx, &id).await?;
        Ok(Redirect::with(back.clone(), Flash::done(tr!(in lang, "numbers.upload.dropped"))))
    };
    let result: Result<_, Failure> = result.await;
    answer(result, &back, Vec::new()).await
}

/// Answers a customer's wish to be rid of a number. `answer`: `release`, or `decline` with a `reason`.
#[server]
pub async fn answer_release(
    #[server(default)] slug: String,
    #[server(default)] id: String,
    #[server(default)] answer: String,
    #[server(default)] reason: String,
) -> Result<(), FormError> {
    let list = format!("/o/{slug}/release-requests");
    let back = if answer == "decline" { Query::default().with("decline", id.clone()).href(&list) } else { list.clone() };
    let fields = vec![("reason".to_owned(), reason.clone())];
    let result = async {
        let (ctx, store) = server_ctx(OrgKind::Operator, &slug)?;
        let lang = lang()?;
        match answer.as_str() {
            "release" => {
                let order = release_requests::release(&store, &ctx, &id).await?;
                Ok(Redirect::with(format!("/o/{slug}/orders/{order}"), Flash::done(tr!(in lang, "numbers.requests.released"))))
            }
            "decline" => {
                let request = release_requests::decline(&store, &ctx, &id, &reason).await?;
                let flash = Flash::done(tr!(in lang, "numbers.requests.declined", number = group_tel(&request.e164)));
                Ok(Redirect::with(list.clone(), flash.text(tr!(in lang, "numbers.requests.declined_text"))))
            }
            _ => Err(Problem::new(400, "body_malformed", "There is no such answer.").into()),
        }
    };
    let result: Result<_, Failure> = result.await;
    crate::identity::answer(result, &back, fields).await
}

/// Says below which share of free numbers a group counts as low. `percent` empty: the usual share.
#[server]
pub async fn set_threshold(
    #[server(default)] slug: String,
    #[server(default)] group: String,
    #[server(default)] percent: String,
) -> Result<(), FormError> {
    let list = format!("/t/{slug}/stock");
    let back = Query::default().with("group", group.clone()).href(&list);
    let fields = vec![("percent".to_owned(), percent.clone())];
    let result = async {
        let (ctx, store) = server_ctx(OrgKind::Tenant, &slug)?;
        let lang = lang()?;
        let key = GroupKey::parse(&group).ok_or_else(|| Problem::not_found("group"))?;
        stock::set_threshold(&store, &ctx, &key, &percent).await?;
        Ok(Redirect::with(list.clone(), Flash::done(tr!(in lang, "numbers.stock.saved"))))
    };
    let result: Result<_, Failure> = result.await;
    answer(result, &back, fields).await
}
