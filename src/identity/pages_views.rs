//! The menus of a list that has saved views: which view, and which columns. Plain links and forms; they open without scripts.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::forms_views::DefaultView;
use super::forms_views::RemoveView;
use super::forms_views::RenameView;
use super::forms_views::SaveView;
use super::portal::PageRequest;
use super::views::COLUMN_KEY;
use super::views::ListViews;
use super::views::VIEW_KEY;
use super::views::lasting;
use crate::tr;
use crate::ui::Button;
use crate::ui::Checkbox;
use crate::ui::Hidden;
use crate::ui::Kind;
use crate::ui::Lang;
use crate::ui::Menu;
use crate::ui::MenuLink;
use crate::ui::Query;
use crate::ui::Size;
use crate::ui::Text;
use crate::ui::TextInput;

/// Menus of one list close each other.
const GROUP: &str = "list-menus";

/// Says to a form which list it speaks of.
#[derive(Clone, Debug)]
struct Spot {
    kind: &'static str,
    slug: String,
    page: &'static str,
    query: String,
}

impl Spot {
    fn fields(&self, id: &str) -> AnyView {
        view! {
            <Hidden name="kind" value=self.kind />
            <Hidden name="slug" value=self.slug.clone() />
            <Hidden name="page" value=self.page />
            <Hidden name="query" value=self.query.clone() />
            {(!id.is_empty()).then(|| view! { <Hidden name="id" value=id.to_owned() /> })}
        }
        .into_any()
    }
}

/// The menu that chooses, saves, renames and drops views of the list at `path`, whose last part is `page`.
pub fn views_menu(lang: Lang, req: &PageRequest, page: &'static str, path: &str, views: &ListViews) -> AnyView {
    let Some(ctx) = req.ctx.as_ref() else {
        return ().into_any();
    };
    let spot = Spot { kind: ctx.org.kind(), slug: req.slug().to_owned(), page, query: views.query.encode() };
    let current = views.current();
    let plain = lasting(&views.query).is_empty();
    let label: Text = match current {
        Some(view) => view.name.clone().into(),
        None if plain => tr!(in lang, "identity.views.all"),
        None => tr!(in lang, "identity.views.unsaved"),
    };
    let has_default = views.views.iter().any(|view| view.is_default);
    let all = if has_default { Query::default().with(VIEW_KEY, "all") } else { Query::default() };
    let links = views
        .views
        .iter()
        .map(|view| {
            let href = view.address().with(VIEW_KEY, if has_default { "all" } else { "" }).href(path);
            let note = view.is_default.then(|| tr!(in lang, "identity.views.is_default"));
            let shown = current.is_some_and(|shown| shown.id == view.id);
            view! { <MenuLink href=href label=view.name.clone() note=note current=shown /> }
        })
        .collect_view();
    let typed = req.typed("view_name").map(str::to_owned);
    let of_current = current.map(|view| {
        let id = view.id.to_string();
        let chosen = if view.is_default { "" } else { id.as_str() };
        let word =
            if view.is_default { tr!(in lang, "identity.views.unset_default") } else { tr!(in lang, "identity.views.set_default") };
        view! {
            <form class="menu-form" method="post" action=RenameView::url()>
                {spot.fields(&id)}
                <TextInput
                    name="view_name"
                    id="view-rename"
                    label=tr!(in lang, "identity.views.rename")
                    value=typed.clone().unwrap_or_else(|| view.name.clone())
                    error=req.wrong("view_name")
                    maxlength="60"
                    required=true
                />
                <Button size=Size::Small>{tr!(in lang, "identity.views.rename_do")}</Button>
            </form>
            <form method="post" action=DefaultView::url()>
                {spot.fields(chosen)}
                <button class="menu-item" type="submit">{word}</button>
            </form>
            <form method="post" action=RemoveView::url()>
                {spot.fields(&id)}
                <button class="menu-item" type="submit">{tr!(in lang, "identity.views.remove")}</button>
            </form>
        }
        .into_any()
    });
    let save = current.is_none().then(|| {
        view! {
            <form class="menu-form" method="post" action=SaveView::url()>
                {spot.fields("")}
                <TextInput
                    name="view_name"
                    id="view-save"
                    label=tr!(in lang, "identity.views.name")
                    value=typed
                    error=req.wrong("view_name")
                    maxlength="60"
                    required=true
                />
                <Checkbox name="is_default" label=tr!(in lang, "identity.views.open_with") />
                <Button kind=Kind::Plain size=Size::Small>{tr!(in lang, "identity.views.save")}</Button>
            </form>
        }
    });
    let all = all.href(path);
    view! {
        <Menu label=tr!(in lang, "identity.views.label", name = label) button=true group=GROUP>
            <MenuLink href=all label=tr!(in lang, "identity.views.all") current=plain />
            {links}
            <hr />
            {of_current}
            {save}
        </Menu>
    }
    .into_any()
}

/// The menu that chooses columns: `all` of the list (word, label, whether it is shown).
pub fn columns_menu(lang: Lang, path: &str, query: &Query, all: Vec<(&'static str, Text, bool)>) -> AnyView {
    let rest = query.first_page().without(COLUMN_KEY);
    let kept = rest.pairs().map(|(name, value)| view! { <Hidden name=name.to_owned() value=value.to_owned() /> }).collect_view();
    let usual = rest.href(path);
    let chosen = query.has(COLUMN_KEY);
    let boxes = all
        .into_iter()
        .map(|(word, label, shown)| view! { <Checkbox name=COLUMN_KEY value=word label=label checked=shown /> })
        .collect_view();
    let path = path.to_owned();
    view! {
        <Menu label=tr!(in lang, "identity.views.columns") button=true align_end=true group=GROUP>
            <form class="menu-form" method="get" action=path>
                {kept}
                {boxes}
                <Button size=Size::Small>{tr!(in lang, "identity.views.columns_do")}</Button>
            </form>
            {chosen.then(|| view! { <MenuLink href=usual label=tr!(in lang, "identity.views.columns_usual") /> })}
        </Menu>
    }
    .into_any()
}

/// The menu that exports what the list shows: the columns of the page, or all.
pub fn export_menu(lang: Lang, file: &str, query: &Query, shown: &[&'static str]) -> AnyView {
    let all = query.first_page().without(COLUMN_KEY).without(VIEW_KEY);
    let pairs = all.pairs().map(|(key, value)| (key.to_owned(), value.to_owned()));
    let these: Query = pairs.chain(shown.iter().map(|word| (COLUMN_KEY.to_owned(), (*word).to_owned()))).collect();
    let (these, all) = (these.href(file), all.href(file));
    view! {
        <Menu label=tr!(in lang, "identity.views.export") button=true align_end=true group=GROUP>
            <a class="menu-item" href=these download="">{tr!(in lang, "identity.views.export_shown")}</a>
            <a class="menu-item" href=all download="">{tr!(in lang, "identity.views.export_all")}</a>
        </Menu>
    }
    .into_any()
}
