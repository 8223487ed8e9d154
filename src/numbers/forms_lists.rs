//! The server function that takes a pasted list of numbers. It ends in a redirect to the list of exactly these.

use leptos::prelude::*;

use crate::identity::FormError;

#[cfg(feature = "ssr")]
use crate::base::Failure;
#[cfg(feature = "ssr")]
use crate::base::Problem;
#[cfg(feature = "ssr")]
use crate::identity::OrgKind;
#[cfg(feature = "ssr")]
use crate::identity::Redirect;
#[cfg(feature = "ssr")]
use crate::identity::answer;
#[cfg(feature = "ssr")]
use crate::identity::server_ctx;
#[cfg(feature = "ssr")]
use crate::ui::Query;

/// Keeps a pasted list and shows its numbers. `kind` and `slug` name the organisation; `query` is the state of the list that stays.
#[server]
pub async fn paste_numbers(
    #[server(default)] kind: String,
    #[server(default)] slug: String,
    #[server(default)] pasted: String,
    #[server(default)] query: String,
) -> Result<(), FormError> {
    let kind = OrgKind::parse(&kind).filter(|kind| *kind != OrgKind::Platform);
    let page = kind.map_or_else(|| "/".to_owned(), |kind| format!("{}numbers", kind.home(&slug)));
    let query = Query::parse(&query).first_page().without("q").without("ends").without("numbers").without("list");
    let back = query.with("paste", "true").href(&page);
    let fields = vec![("pasted".to_owned(), pasted.clone())];
    let result = async {
        let kind = kind.ok_or_else(|| Problem::not_found("organisation"))?;
        let (ctx, store) = server_ctx(kind, &slug)?;
        let list = super::pasted::keep_list(&store, &ctx, &pasted).await?;
        Ok(Redirect::from(query.with("list", list.to_string()).href(&page)))
    };
    let result: Result<_, Failure> = result.await;
    answer(result, &back, fields).await
}
