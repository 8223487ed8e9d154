//! Server functions of saved views. Each leads back to its list.

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
use super::views;
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
use crate::ui::Query;
#[cfg(feature = "ssr")]
use uuid::Uuid;

/// Which list of which organisation a form speaks of, and its state.
#[cfg(feature = "ssr")]
struct Spot {
    kind: Option<OrgKind>,
    slug: String,
    page: String,
    query: Query,
}

#[cfg(feature = "ssr")]
impl Spot {
    fn new(kind: &str, slug: String, page: String, query: &str) -> Self {
        Self { kind: OrgKind::parse(kind), slug, page, query: Query::parse(query) }
    }

    /// The list in the state it was in.
    fn back(&self) -> String {
        self.with(&self.query)
    }

    fn with(&self, query: &Query) -> String {
        match self.kind {
            Some(kind) if self.page.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') => {
                query.href(&format!("{}{}", kind.home(&self.slug), self.page))
            }
            _ => "/".to_owned(),
        }
    }

    fn enter(&self) -> Result<(Ctx, Store, Lang), Failure> {
        let kind = self.kind.ok_or_else(|| Problem::not_found("organisation"))?;
        let (ctx, store) = server_ctx(kind, &self.slug)?;
        let lang = portal::viewer(&server_parts()?.0, &store.env).lang;
        Ok((ctx, store, lang))
    }
}

#[cfg(feature = "ssr")]
fn named(id: &str) -> Result<Uuid, Failure> {
    Uuid::try_parse(id).map_err(|_| Problem::not_found("view").into())
}

/// Keeps the state of a list (`query`) under a name. `page` is the last part of the list's address.
#[server]
pub async fn save_view(
    #[server(default)] kind: String,
    #[server(default)] slug: String,
    #[server(default)] page: String,
    #[server(default)] query: String,
    #[server(default)] view_name: String,
    #[server(default)] is_default: bool,
) -> Result<(), FormError> {
    let spot = Spot::new(&kind, slug, page, &query);
    let fields = vec![("view_name".to_owned(), view_name.clone())];
    let result = async {
        let (ctx, store, lang) = spot.enter()?;
        views::save_view(&store, &ctx, &spot.page, &view_name, &spot.query, is_default).await?;
        let kept = views::lasting(&spot.query).with(views::VIEW_KEY, "all");
        Ok(Redirect::with(spot.with(&kept), Flash::done(tr!(in lang, "identity.views.saved", name = view_name.trim()))))
    };
    let result: Result<_, Failure> = result.await;
    answer(result, &spot.back(), fields).await
}

/// Gives a view another name.
#[server]
pub async fn rename_view(
    #[server(default)] kind: String,
    #[server(default)] slug: String,
    #[server(default)] page: String,
    #[server(default)] query: String,
    #[server(default)] id: String,
    #[server(default)] view_name: String,
) -> Result<(), FormError> {
    let spot = Spot::new(&kind, slug, page, &query);
    let fields = vec![("view_name".to_owned(), view_name.clone())];
    let result = async {
        let (ctx, store, lang) = spot.enter()?;
        views::rename_view(&store, &ctx, &spot.page, named(&id)?, &view_name).await?;
        Ok(Redirect::with(spot.back(), Flash::done(tr!(in lang, "identity.views.renamed", name = view_name.trim()))))
    };
    let result: Result<_, Failure> = result.await;
    answer(result, &spot.back(), fields).await
}

/// Drops a view; the list stays as it is shown.
#[server]
pub async fn remove_view(
    #[server(default)] kind: String,
    #[server(default)] slug: String,
    #[server(default)] page: String,
    #[server(default)] query: String,
    #[server(default)] id: String,
) -> Result<(), FormError> {
    let spot = Spot::new(&kind, slug, page, &query);
    let result = async {
        let (ctx, store, lang) = spot.enter()?;
        views::remove_view(&store, &ctx, &spot.page, named(&id)?).await?;
        Ok(Redirect::with(spot.back(), Flash::done(tr!(in lang, "identity.views.removed"))))
    };
    let result: Result<_, Failure> = result.await;
    answer(result, &spot.back(), Vec::new()).await
}

/// Chooses the view the list opens with; an empty `id`: all of the list.
#[server]
pub async fn default_view(
    #[server(default)] kind: String,
    #[server(default)] slug: String,
    #[server(default)] page: String,
    #[server(default)] query: String,
    #[server(default)] id: String,
) -> Result<(), FormError> {
    let spot = Spot::new(&kind, slug, page, &query);
    let result = async {
        let (ctx, store, lang) = spot.enter()?;
        let chosen = if id.is_empty() { None } else { Some(named(&id)?) };
        views::default_view(&store, &ctx, &spot.page, chosen).await?;
        Ok(Redirect::with(spot.back(), Flash::done(tr!(in lang, "identity.views.default_set"))))
    };
    let result: Result<_, Failure> = result.await;
    answer(result, &spot.back(), Vec::new()).await
}
