//! Saved views: an account keeps filters, order and columns of a list under a name. For every list of every room.

use sqlx::PgConnection;
use uuid::Uuid;

use super::portal::PageRequest;
use super::queries_views;
use super::queries_views::Owner;
use crate::base::Actor;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::Problem;
use crate::store::Store;
use crate::ui::Query;

/// The key that names a chosen column in an address; once for each.
pub const COLUMN_KEY: &str = "col";
/// The key that says that the list is meant as its address says, also without filters: no view opens in its place.
pub const VIEW_KEY: &str = "view";
/// Views of one list and account.
const MOST: usize = 50;
/// Keys that belong to a moment, not to a view.
const PASSING: [&str; 6] = ["after", "before", "list", "paste", VIEW_KEY, "cursor"];

/// A list as an account likes to see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedView {
    pub id: Uuid,
    pub name: String,
    /// The address after the question mark, without page and columns.
    pub query: String,
    /// The columns; empty: the usual ones.
    pub columns: Vec<String>,
    /// The list opens with it.
    pub is_default: bool,
}

impl SavedView {
    /// The list's state in an address.
    #[must_use]
    pub fn address(&self) -> Query {
        let columns = self.columns.iter().map(|column| (COLUMN_KEY.to_owned(), column.clone()));
        let filters = Query::parse(&self.query);
        filters.pairs().map(|(key, value)| (key.to_owned(), value.to_owned())).chain(columns).collect()
    }
}

/// The part of a list's address that a view keeps.
#[must_use]
pub fn lasting(query: &Query) -> Query {
    PASSING.iter().fold(query.clone(), |query, key| query.without(key))
}

/// The views of a list, and the state it is to be shown in.
#[derive(Clone, Debug, Default)]
pub struct ListViews {
    pub views: Vec<SavedView>,
    /// The address's query; that of the default view when the address asks for nothing. Says [`VIEW_KEY`] when there is a default view, so
    /// that links which lead to no filter at all do not open it again.
    pub query: Query,
}

impl ListViews {
    /// Of the account that looks at `page` (the last part of the list's address). Machines have none.
    ///
    /// # Errors
    /// 401 for a visitor, 503.
    pub async fn of(req: &PageRequest, page: &str) -> Result<Self, Failure> {
        let mut tx = req.store.begin_for(req.ctx()?).await?;
        let views = Self::read(&mut tx, req, page).await?;
        tx.commit().await?;
        Ok(views)
    }

    /// The same within the transaction that reads the list.
    ///
    /// # Errors
    /// 401 for a visitor, 503.
    pub async fn read(conn: &mut PgConnection, req: &PageRequest, page: &str) -> Result<Self, Failure> {
        let views = saved_views(conn, req.ctx()?, page).await?;
        let asked = &req.query;
        let query = match views.iter().find(|view| view.is_default) {
            Some(view) if asked.is_empty() => view.address().with(VIEW_KEY, "all"),
            Some(_) => asked.with(VIEW_KEY, "all"),
            None => asked.without(VIEW_KEY),
        };
        Ok(Self { views, query })
    }

    /// The view whose state the list is in.
    #[must_use]
    pub fn current(&self) -> Option<&SavedView> {
        let now = sorted(&lasting(&self.query));
        self.views.iter().find(|view| sorted(&view.address()) == now)
    }
}

/// Pairs in one order: a form writes them in another than a link.
fn sorted(query: &Query) -> Vec<(String, String)> {
    let mut pairs: Vec<_> = query.pairs().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    pairs.sort_unstable();
    pairs
}

fn owner<'a>(ctx: &Ctx, page: &'a str) -> Result<Owner<'a>, Failure> {
    let known = page.len() <= 40 && page.starts_with(|c: char| c.is_ascii_lowercase());
    if !known || !page.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') {
        return Err(Problem::not_found("list").into());
    }
    match &ctx.actor {
        Actor::Account { id, .. } => Ok(Owner { org: ctx.org, account: *id, page }),
        Actor::Client { .. } | Actor::Job(_) => Err(Problem::new(403, "account_needed", "Only people save views.").into()),
    }
}

/// The account's views of a list, by name, in a transaction of `ctx`.
///
/// # Errors
/// 403 for machines, 503.
pub async fn saved_views(conn: &mut PgConnection, ctx: &Ctx, page: &str) -> Result<Vec<SavedView>, Failure> {
    queries_views::views(conn, owner(ctx, page)?).await
}

/// Keeps a list's state under a name; a view of the same name is replaced.
///
/// # Errors
/// 403 for machines, 422 `view_name_invalid`, `view_too_long`, `views_too_many`.
pub async fn save_view(store: &Store, ctx: &Ctx, page: &str, name: &str, query: &Query, is_default: bool) -> Result<Uuid, Failure> {
    let owner = owner(ctx, page)?;
    let name = checked(name)?;
    let kept = lasting(query);
    let columns: Vec<String> = kept.all(COLUMN_KEY).take(40).map(|column| column.chars().take(40).collect()).collect();
    let view = SavedView { id: ctx.env.id(), name, query: kept.without(COLUMN_KEY).encode(), columns, is_default };
    if view.query.len() > 4000 {
        return Err(refused("view_too_long", "These filters are too long to be kept."));
    }
    let mut tx = store.begin_for(ctx).await?;
    let held = queries_views::views(&mut tx, owner).await?;
    if held.len() >= MOST && !held.iter().any(|held| held.name == view.name) {
        return Err(refused("views_too_many", "There are 50 views already. Delete one first."));
    }
    let id = queries_views::save(&mut tx, owner, &view, ctx.now()).await?;
    if is_default {
        queries_views::choose_default(&mut tx, owner, Some(id)).await?;
    }
    tx.commit().await?;
    Ok(id)
}

/// Gives a view another name.
///
/// # Errors
/// 404, 409 `view_name_taken`, 422 `view_name_invalid`.
pub async fn rename_view(store: &Store, ctx: &Ctx, page: &str, id: Uuid, name: &str) -> Result<(), Failure> {
    let owner = owner(ctx, page)?;
    let name = checked(name)?;
    let mut tx = store.begin_for(ctx).await?;
    let held = queries_views::views(&mut tx, owner).await?;
    if held.iter().any(|held| held.name == name && held.id != id) {
        let fix = "Choose another name.";
        return Err(Problem::new(409, "view_name_taken", "A view has this name already.")
            .field("view_name", "view_name_taken", Some(name), fix)
            .into());
    }
    if !queries_views::rename(&mut tx, owner, id, &name).await? {
        return Err(Problem::not_found("view").into());
    }
    tx.commit().await?;
    Ok(())
}

/// Drops a view.
///
/// # Errors
/// 404.
pub async fn remove_view(store: &Store, ctx: &Ctx, page: &str, id: Uuid) -> Result<(), Failure> {
    let owner = owner(ctx, page)?;
    let mut tx = store.begin_for(ctx).await?;
    if !queries_views::remove(&mut tx, owner, id).await? {
        return Err(Problem::not_found("view").into());
    }
    tx.commit().await?;
    Ok(())
}

/// Chooses the view the list opens with; `None`: all of the list.
///
/// # Errors
/// 404.
pub async fn default_view(store: &Store, ctx: &Ctx, page: &str, id: Option<Uuid>) -> Result<(), Failure> {
    let owner = owner(ctx, page)?;
    let mut tx = store.begin_for(ctx).await?;
    if !queries_views::choose_default(&mut tx, owner, id).await? {
        return Err(Problem::not_found("view").into());
    }
    tx.commit().await?;
    Ok(())
}

fn checked(name: &str) -> Result<String, Failure> {
    let name = name.trim();
    if (1..=60).contains(&name.chars().count()) && !name.chars().any(char::is_control) {
        Ok(name.to_owned())
    } else {
        Err(refused("view_name_invalid", "A name has 1 to 60 signs."))
    }
}

fn refused(code: &'static str, fix: &'static str) -> Failure {
    Problem::new(422, code, fix).field("view_name", code, None, fix).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_keeps_filters_order_and_columns() {
        let query = Query::parse("state=free&sort=-changed&col=number&col=city&after=x&list=y&view=all");
        assert_eq!(lasting(&query).encode(), "state=free&sort=-changed&col=number&col=city");
        let view = SavedView {
            id: Uuid::nil(),
            name: "Free".to_owned(),
            query: "state=free&sort=-changed".to_owned(),
            columns: vec!["number".to_owned(), "city".to_owned()],
            is_default: false,
        };
        let views = ListViews { views: vec![view], query: Query::parse("col=number&sort=-changed&col=city&state=free&before=x") };
        assert_eq!(views.current().map(|view| view.name.as_str()), Some("Free"));
    }
}
