//! `/t/{slug}/targets`: people, resource accounts and other things that can have a number.

use leptos::prelude::*;

use super::pages_target::target_href;
use super::queries_people;
use super::queries_people::PeopleAsk;
use super::queries_people::Person;
use super::queries_people::Standing;
use super::shown;
use crate::base::Cursor;
use crate::base::Failure;
use crate::base::Scope;
use crate::identity::PageRequest;
use crate::tr;
use crate::trn;
use crate::ui::Band;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::Col;
use crate::ui::Empty;
use crate::ui::FilterBar;
use crate::ui::Icon;
use crate::ui::List;
use crate::ui::ListHead;
use crate::ui::Opt;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Pager;
use crate::ui::Query;
use crate::ui::Rows;
use crate::ui::Select;
use crate::ui::Tab;
use crate::ui::Table;
use crate::ui::Tabs;
use crate::ui::TextInput;
use crate::ui::TimeStyle;
use crate::ui::Tone;
use crate::ui::Viewer;
use crate::ui::viewer;

/// Rows on a page.
const PAGE: usize = 50;
/// Counted exactly up to here.
const COUNTED: i64 = 10_000;
const KINDS: [&str; 5] = ["user", "resource_account", "conference_bridge", "third_party_app", "policy"];

/// `/t/{slug}/targets`.
///
/// # Errors
/// 401, 403 without `tenant:read`, 400 for a cursor of another list.
pub async fn targets_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let tenant = ctx.tenant()?;
    ctx.require(Scope::TenantRead)?;
    let query = &req.query;
    let place = |key: &str| -> Result<Option<(String, String)>, Failure> {
        let cursor = query.get(key).map(|text| Cursor::decode(text, 2)).transpose()?;
        Ok(cursor.map(|Cursor(mut parts)| (std::mem::take(&mut parts[0]), std::mem::take(&mut parts[1]))))
    };
    let (after, before) = (place("after")?, place("before")?);
    let backwards = after.is_none() && before.is_some();
    let earlier = after.is_some();
    let ask = PeopleAsk { after, before, ..ask_of(query) };
    let mut tx = req.store.begin_for(ctx).await?;
    let mut people = queries_people::people(&mut tx, tenant, &ask, 51).await?;
    let total = queries_people::count_people(&mut tx, tenant, &ask, COUNTED + 1).await?;
    let held = queries_people::held_by_left(&mut tx, tenant).await?;
    tx.commit().await?;
    let more = people.len() > PAGE;
    if more && backwards {
        people.remove(0);
    }
    people.truncate(PAGE);
    let (earlier, later) = if backwards { (more, true) } else { (earlier, more) };
    let v = viewer();
    let title = tr!(in v.lang, "numbers.people");
    let path = format!("/t/{}/targets", req.slug());
    let upload = ctx.scopes.has(Scope::TenantAssign).then(|| {
        view! {
            <ButtonLink href=format!("{path}/upload") icon=Icon::Upload>
                {tr!(in v.lang, "numbers.people_upload")}
            </ButtonLink>
        }
    });
    let body = view! {
        <PageHead title=title.clone() purpose=tr!(in v.lang, "numbers.people_purpose")>{upload}</PageHead>
        {held_band(&v, &path, query, held)}
        {tabs(&v, &path, query, held)}
        {filter_bar(&v, &path, query)}
        {list(&v, &path, &req, &people, total, (earlier, later))}
    };
    Ok(Page::new(title, body))
}

/// What the address asks for, but the place.
fn ask_of(query: &Query) -> PeopleAsk {
    let text = |key: &str| query.get(key).map(|text| text.trim().replace('\0', "")).filter(|text| !text.is_empty());
    PeopleAsk {
        search: text("q"),
        kind: query.get("kind").filter(|kind| KINDS.contains(kind)).map(str::to_owned),
        standing: match query.get("show") {
            Some("left") => Standing::Left,
            Some("held") => Standing::LeftWithNumber,
            _ => Standing::Here,
        },
        licensed: match query.get("licence") {
            Some("yes") => Some(true),
            Some("no") => Some(false),
            _ => None,
        },
        location: text("location").map(|text| text.to_uppercase()),
        without_number: query.get("show") == Some("without"),
        ..PeopleAsk::default()
    }
}

/// Says that numbers are held by people who left, unless the list shows just those.
fn held_band(v: &Viewer, path: &str, query: &Query, held: i64) -> Option<AnyView> {
    if held == 0 || query.get("show") == Some("held") {
        return None;
    }
    let href = Query::default().with("show", "held").href(path);
    let lang = v.lang;
    Some(
        view! {
            <Band
                tone=Tone::Warn
                title=trn!(in lang, "numbers.held_by_left", held)
                text=tr!(in lang, "numbers.held_by_left_text")
            >
                <ButtonLink href=href>{tr!(in lang, "numbers.held_by_left_show")}</ButtonLink>
            </Band>
        }
        .into_any(),
    )
}

fn tabs(v: &Viewer, path: &str, query: &Query, held: i64) -> AnyView {
    let lang = v.lang;
    let base = query.first_page().without("show");
    let show = query.get("show").filter(|word| ["without", "left", "held"].contains(word));
    let tab = |word: &str, label| Tab::new(base.with("show", word).href(path), label).current(show == Some(word));
    let items = vec![
        Tab::new(base.href(path), tr!(in lang, "numbers.people_tab_all")).current(show.is_none()),
        tab("without", tr!(in lang, "numbers.people_tab_without")),
        tab("left", tr!(in lang, "numbers.people_tab_left")),
        tab("held", tr!(in lang, "numbers.people_tab_held")).count(held),
    ];
    view! { <Tabs label=tr!(in lang, "numbers.people_filter") items=items /> }.into_any()
}

fn filter_bar(v: &Viewer, path: &str, query: &Query) -> AnyView {
    let lang = v.lang;
    let kinds = KINDS.map(|word| Opt::new(word, shown::target_kind(lang, word))).to_vec();
    let value = |key: &str| query.get(key).map(str::to_owned);
    let (q, kind, licence, location) = (value("q"), value("kind"), value("licence"), value("location"));
    let licences =
        vec![Opt::new("yes", tr!(in lang, "numbers.people_licensed")), Opt::new("no", tr!(in lang, "numbers.people_unlicensed"))];
    view! {
        <FilterBar action=path.to_owned() label=tr!(in lang, "numbers.people_filter") keep=query.only(&["show"])>
            <TextInput
                grow=true
                kind="search"
                name="q"
                label=tr!(in lang, "numbers.choose.search_label")
                value=q
            />
            <Select
                name="kind"
                label=tr!(in lang, "numbers.target.label")
                options=kinds
                value=kind
                any=tr!(in lang, "numbers.any")
            />
            <Select
                name="licence"
                label=tr!(in lang, "numbers.people_licence")
                options=licences
                value=licence
                any=tr!(in lang, "numbers.any")
            />
            <TextInput
                name="location"
                label=tr!(in lang, "numbers.people_location")
                value=location
                maxlength="2"
                placeholder="DE"
            />
        </FilterBar>
    }
    .into_any()
}

fn list(v: &Viewer, path: &str, req: &PageRequest, people: &[Person], total: i64, (earlier, later): (bool, bool)) -> AnyView {
    let lang = v.lang;
    if people.is_empty() {
        let filtered = !req.query.is_empty();
        let (title, text) = if filtered {
            (tr!(in lang, "numbers.people_none_found"), tr!(in lang, "numbers.choose.none_text"))
        } else {
            (tr!(in lang, "numbers.people_none"), tr!(in lang, "numbers.people_none_text"))
        };
        let way = filtered.then(|| view! { <ButtonLink href=path.to_owned()>{tr!(in lang, "numbers.show_all")}</ButtonLink> });
        return view! {
            <Card flush=true>
                <Empty title=title text=text>{way}</Empty>
            </Card>
        }
        .into_any();
    }
    let head = if total > COUNTED {
        tr!(in lang, "numbers.people_more_than", n = v.count(COUNTED))
    } else {
        trn!(in lang, "numbers.people_count", total)
    };
    let cols = vec![
        Col::new(tr!(in lang, "numbers.people_name")),
        Col::new(tr!(in lang, "numbers.target.label")).mid(),
        Col::new(tr!(in lang, "numbers.people_department")).low(),
        Col::new(tr!(in lang, "numbers.people_location")).low(),
        Col::new(tr!(in lang, "numbers.people_licence")).low(),
        Col::new(tr!(in lang, "numbers.title")),
    ];
    let rows = rows(v, req.slug(), &cols, people);
    let place = |person: &Person| Cursor(vec![person.name_key.clone(), person.id.clone()]).encode();
    let previous = people.first().filter(|_| earlier).map(|person| req.query.before(place(person)).href(path));
    let next = people.last().filter(|_| later).map(|person| req.query.after(place(person)).href(path));
    let shown = trn!(in lang, "numbers.people_shown", people.len());
    view! {
        <List>
            <ListHead text=head />
            <Table label=tr!(in lang, "numbers.people") cols=cols page_head=true>
                {rows}
            </Table>
            <Pager text=shown previous=previous next=next />
        </List>
    }
    .into_any()
}

fn rows(v: &Viewer, slug: &str, cols: &[Col], people: &[Person]) -> AnyView {
    let lang = v.lang;
    let mut rows = Rows::new(v, cols);
    for person in people {
        let held_by_left = person.left_at.is_some() && !person.numbers.is_empty();
        if held_by_left {
            rows.row_toned(Tone::Warn)
        } else {
            rows.row()
        };
        rows.cell().row_link(&target_href(slug, &person.id), &person.display_name);
        match (person.left_at, &person.upn) {
            (Some(at), _) => {
                rows.sub(&tr!(in lang, "numbers.people_left_on", at = v.time(at, TimeStyle::Date)));
            }
            (None, Some(upn)) => {
                rows.sub(upn);
            }
            (None, None) => {}
        }
        rows.cell().text(&shown::target_kind(lang, &person.kind));
        rows.cell().maybe_text(person.department.as_deref());
        rows.cell().maybe_text(person.usage_location.as_deref());
        let licence = if person.licensed { tr!(in lang, "numbers.yes") } else { tr!(in lang, "numbers.no") };
        rows.cell().text(&licence);
        rows.cell().maybe(person.numbers.first(), |rows, number| {
            rows.link(&format!("/t/{slug}/numbers/{number}"), &crate::ui::group_tel(number));
            if person.numbers.len() > 1 {
                rows.sub(&trn!(in lang, "numbers.people_more", person.numbers.len() - 1));
            }
        });
    }
    rows.finish()
}
