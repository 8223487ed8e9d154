//! `/t/{slug}/locations`: the address book of emergency locations; `…/new` and `…/{id}` write one.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use uuid::Uuid;

use super::forms_acts::DeletePlace;
use super::forms_acts::SavePlace;
use super::pages_assign::refused_band;
use super::pages_manage::line;
use super::places;
use super::queries_places::PlaceLine;
use crate::base::Cursor;
use crate::base::Failure;
use crate::base::Scope;
use crate::identity::PageRequest;
use crate::identity::id_param;
use crate::tr;
use crate::trn;
use crate::ui::ActionButton;
use crate::ui::Badge;
use crate::ui::Button;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::Col;
use crate::ui::Crumb;
use crate::ui::Empty;
use crate::ui::FilterBar;
use crate::ui::Hidden;
use crate::ui::Icon;
use crate::ui::Kind;
use crate::ui::List;
use crate::ui::ListHead;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Pager;
use crate::ui::Query;
use crate::ui::Rows;
use crate::ui::Table;
use crate::ui::TextInput;
use crate::ui::Tone;
use crate::ui::Viewer;
use crate::ui::viewer;

/// Rows on a page.
const PAGE: usize = 50;

/// `/t/{slug}/locations`.
///
/// # Errors
/// 401, 403 without `tenant:read`, 400 for a cursor of another list.
pub async fn places_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let search = req.query.get("q").map(|text| text.trim().replace('\0', "")).filter(|text| !text.is_empty());
    let after = match req.query.get("after") {
        None => None,
        Some(text) => {
            let Cursor(mut parts) = Cursor::decode(text, 2)?;
            let label = std::mem::take(&mut parts[0]);
            Some((label, id_param(&parts[1], "location")?))
        }
    };
    let place = after.as_ref().map(|(label, id)| (label.as_str(), *id));
    let mut book = places::list(&req.store, ctx, search.as_deref(), place, 51).await?;
    let more = book.len() > PAGE;
    book.truncate(PAGE);
    let v = viewer();
    let lang = v.lang;
    let path = format!("/t/{}/locations", req.slug());
    let title = tr!(in lang, "numbers.places.title");
    let may = ctx.scopes.has(Scope::TenantAssign);
    let add = may.then(|| {
        let href = format!("{path}/new");
        view! { <ButtonLink href=href kind=Kind::Primary icon=Icon::Plus>{tr!(in lang, "numbers.places.add")}</ButtonLink> }
    });
    let q = search.clone();
    let body = view! {
        <PageHead title=title.clone() purpose=tr!(in lang, "numbers.places.purpose")>{add}</PageHead>
        {(search.is_some() || !book.is_empty())
            .then(|| {
                view! {
                    <FilterBar action=path.clone() label=tr!(in lang, "numbers.places.filter")>
                        <TextInput grow=true kind="search" name="q" label=tr!(in lang, "numbers.places.search") value=q />
                    </FilterBar>
                }
            })}
        {list(&v, &path, &req.query, &book, (search.is_some(), more, may))}
    };
    Ok(Page::new(title, body))
}

fn list(v: &Viewer, path: &str, query: &Query, book: &[PlaceLine], (filtered, more, may): (bool, bool, bool)) -> AnyView {
    let lang = v.lang;
    if book.is_empty() {
        let (title, text) = if filtered {
            (tr!(in lang, "numbers.places.none_found"), tr!(in lang, "numbers.places.none_found_text"))
        } else {
            (tr!(in lang, "numbers.places.none"), tr!(in lang, "numbers.places.none_text"))
        };
        let way = if filtered {
            view! { <ButtonLink href=path.to_owned()>{tr!(in lang, "numbers.show_all")}</ButtonLink> }.into_any()
        } else {
            may.then(|| view! { <ButtonLink href=format!("{path}/new")>{tr!(in lang, "numbers.places.add")}</ButtonLink> })
                .into_any()
        };
        return view! {
            <Card flush=true>
                <Empty title=title text=text icon=Icon::Pin>
                    {way}
                </Empty>
            </Card>
        }
        .into_any();
    }
    let cols = vec![
        Col::new(tr!(in lang, "numbers.places.label")),
        Col::new(tr!(in lang, "numbers.places.address")),
        Col::new(tr!(in lang, "numbers.country")).mid(),
        Col::new(tr!(in lang, "numbers.places.numbers")).num(),
        Col::new(tr!(in lang, "numbers.places.checked")).low(),
    ];
    let mut rows = Rows::new(v, &cols);
    for place in book {
        rows.row();
        let href = format!("{path}/{}", place.id);
        if may {
            rows.cell().row_link(&href, &place.label);
        } else {
            rows.cell().text(&place.label);
        }
        rows.cell().text(&line(place)).sub(place.additional.as_deref().unwrap_or_default());
        rows.cell().text(&place.country);
        rows.cell().count(place.numbers);
        if place.validated {
            rows.cell().badge(Tone::Ok, &tr!(in lang, "numbers.places.validated"));
        } else {
            rows.cell().badge(Tone::Neutral, &tr!(in lang, "numbers.places.unvalidated"));
        }
    }
    let rows = rows.finish();
    let last = book.last().filter(|_| more).map(|place| Cursor(vec![place.label.clone(), place.id.to_string()]).encode());
    let next = last.map(|place| query.after(place).href(path));
    let shown = i64::try_from(book.len()).unwrap_or(0);
    let text = trn!(in lang, "numbers.places.found", shown);
    view! {
        <List>
            <ListHead text=text.clone() />
            <Table label=tr!(in lang, "numbers.places.title") cols=cols page_head=true>
                {rows}
            </Table>
            <Pager text=text next=next />
        </List>
    }
    .into_any()
}

/// `/t/{slug}/locations/new`.
///
/// # Errors
/// 401, 403 without `tenant:assign`.
pub async fn new_place_page(req: PageRequest) -> Result<Page, Failure> {
    req.ctx()?.require(Scope::TenantAssign)?;
    Ok(form_page(&req, None))
}

/// `/t/{slug}/locations/{id}`.
///
/// # Errors
/// 401, 403 without `tenant:assign`, 404.
pub async fn place_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    ctx.require(Scope::TenantAssign)?;
    let id: Uuid = id_param(req.param("id"), "location")?;
    let place = places::one(&req.store, ctx, id).await?;
    Ok(form_page(&req, Some(&place)))
}

fn form_page(req: &PageRequest, place: Option<&PlaceLine>) -> Page {
    let v = viewer();
    let lang = v.lang;
    let book = format!("/t/{}/locations", req.slug());
    let title = match place {
        Some(place) => place.label.clone(),
        None => tr!(in lang, "numbers.places.add").into_owned(),
    };
    let crumbs = vec![Crumb::link(book.clone(), tr!(in lang, "numbers.places.title")), Crumb::here(title.clone())];
    let used = place.map_or(0, |place| place.numbers);
    let purpose = match place {
        None => tr!(in lang, "numbers.places.add_purpose"),
        Some(_) if used == 0 => tr!(in lang, "numbers.places.edit_purpose"),
        Some(_) => trn!(in lang, "numbers.places.used", used),
    };
    let badge = place.filter(|place| place.validated).map(|_| {
        view! { <Badge tone=Tone::Ok text=tr!(in lang, "numbers.places.validated") /> }
    });
    let id = place.map(|place| place.id.to_string()).unwrap_or_default();
    let delete = place.map(|place| {
        let blocked = (used > 0).then(|| trn!(in lang, "numbers.places.delete_blocked", used).into_owned());
        let fields = vec![("slug".into(), req.slug().to_owned().into()), ("id".into(), place.id.to_string().into())];
        view! {
            <ActionButton action=DeletePlace::url() fields=fields kind=Kind::Danger blocked=blocked>
                {tr!(in lang, "numbers.places.delete")}
            </ActionButton>
        }
    });
    let fields = fields(req, place);
    let body = view! {
        <PageHead title=title.clone() purpose=purpose crumbs=crumbs>{badge} {delete}</PageHead>
        {refused_band(lang, req)}
        <form method="post" action=SavePlace::url()>
            <Hidden name="slug" value=req.slug().to_owned() />
            <Hidden name="id" value=id />
            <Card>
                <div class="stack">
                    {fields}
                    <div class="cluster">
                        <Button kind=Kind::Primary>{tr!(in lang, "numbers.places.save")}</Button>
                        <ButtonLink href=book kind=Kind::Quiet>{tr!(in lang, "numbers.cancel")}</ButtonLink>
                    </div>
                </div>
            </Card>
        </form>
    };
    Page::new(title, body)
}

fn fields(req: &PageRequest, place: Option<&PlaceLine>) -> AnyView {
    let lang = viewer().lang;
    let value =
        |name: &str, held: fn(&PlaceLine) -> Option<&str>| req.typed(name).or_else(|| place.and_then(held)).map(str::to_owned);
    view! {
        <div class="fields" data-cols="2">
            <TextInput
                name="label"
                label=tr!(in lang, "numbers.places.label")
                hint=tr!(in lang, "numbers.places.label_hint")
                value=value("label", |place| Some(&place.label))
                error=req.wrong("label")
                maxlength="100"
                required=true
            />
            <TextInput
                name="additional"
                label=tr!(in lang, "numbers.places.additional")
                hint=tr!(in lang, "numbers.places.additional_hint")
                value=value("additional", |place| place.additional.as_deref())
                error=req.wrong("additional")
                maxlength="200"
            />
            <TextInput
                name="street"
                label=tr!(in lang, "numbers.places.street")
                value=value("street", |place| Some(&place.street))
                error=req.wrong("street")
                maxlength="200"
                required=true
            />
            <TextInput
                name="number"
                label=tr!(in lang, "numbers.places.house_number")
                value=value("number", |place| Some(&place.house_number))
                error=req.wrong("number")
                maxlength="20"
            />
            <TextInput
                name="postal_code"
                label=tr!(in lang, "numbers.places.postal_code")
                value=value("postal_code", |place| Some(&place.postal_code))
                error=req.wrong("postal_code")
                maxlength="20"
                required=true
            />
            <TextInput
                name="city"
                label=tr!(in lang, "numbers.city")
                value=value("city", |place| Some(&place.city))
                error=req.wrong("city")
                maxlength="100"
                required=true
            />
            <TextInput
                name="country"
                label=tr!(in lang, "numbers.country")
                hint=tr!(in lang, "numbers.places.country_hint")
                value=value("country", |place| Some(&place.country))
                error=req.wrong("country")
                maxlength="2"
                required=true
            />
        </div>
    }
    .into_any()
}
