//! `/t/{slug}/targets/{id}`: a person or account, with the numbers it has and had.

use std::fmt::Write as _;

use leptos::prelude::*;

use super::queries_people;
use super::queries_people::Held;
use super::queries_people::PeopleAsk;
use super::queries_people::Person;
use super::queries_people::Standing;
use super::shown;
use crate::base::Failure;
use crate::base::Problem;
use crate::base::Scope;
use crate::identity::PageRequest;
use crate::tr;
use crate::trn;
use crate::ui::Badge;
use crate::ui::Band;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::Col;
use crate::ui::Cols;
use crate::ui::Crumb;
use crate::ui::Dash;
use crate::ui::Empty;
use crate::ui::Grid;
use crate::ui::Kind;
use crate::ui::Kv;
use crate::ui::KvRow;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Query;
use crate::ui::Rows;
use crate::ui::Table;
use crate::ui::TimeStyle;
use crate::ui::Tone;
use crate::ui::Viewer;
use crate::ui::group_tel;
use crate::ui::viewer;

/// The address of a target's page. An id may hold any sign.
#[must_use]
pub fn target_href(slug: &str, id: &str) -> String {
    let mut href = format!("/t/{slug}/targets/");
    // One that is called like the page beside it.
    let all = id == "upload";
    for byte in id.bytes() {
        if !all && (byte.is_ascii_alphanumeric() || b"-_.~@".contains(&byte)) && id != "." && id != ".." {
            href.push(char::from(byte));
        } else {
            let _written = write!(href, "%{byte:02X}");
        }
    }
    href
}

/// `/t/{slug}/targets/{id}`.
///
/// # Errors
/// 401, 403 without `tenant:read`, 404.
pub async fn target_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let tenant = ctx.tenant()?;
    ctx.require(Scope::TenantRead)?;
    let id = req.param("id").replace('\0', "");
    let ask = PeopleAsk { id: Some(id.clone()), standing: Standing::Any, ..PeopleAsk::default() };
    let mut tx = req.store.begin_for(ctx).await?;
    let person = queries_people::people(&mut tx, tenant, &ask, 1).await?.pop().ok_or_else(|| Problem::not_found("target"))?;
    let held = queries_people::held(&mut tx, tenant, &id).await?;
    tx.commit().await?;
    let v = viewer();
    let lang = v.lang;
    let title = person.display_name.clone();
    let list = format!("/t/{}/targets", req.slug());
    let crumbs = vec![Crumb::link(list, tr!(in lang, "numbers.people")), Crumb::here(title.clone())];
    let (now, before): (Vec<Held>, Vec<Held>) = held.into_iter().partition(|held| held.ended_at.is_none());
    let assigns = ctx.scopes.has(Scope::TenantAssign);
    let numbers = format!("/t/{}/numbers", req.slug());
    let free = Query::default().with("state", "free").href(&numbers);
    let give = (assigns && person.left_at.is_none())
        .then(|| view! { <ButtonLink href=free kind=Kind::Primary>{tr!(in lang, "numbers.target_give")}</ButtonLink> });
    let band = (person.left_at.is_some() && !now.is_empty()).then(|| {
        view! {
            <Band
                tone=Tone::Warn
                title=trn!(in lang, "numbers.held_by_left", now.len())
                text=tr!(in lang, "numbers.held_by_left_text")
            />
        }
    });
    let body = view! {
        <PageHead title=title.clone() purpose=shown::target_kind(lang, &person.kind) crumbs=crumbs>
            {give}
        </PageHead>
        {band}
        <Grid cols=Cols::Side>
            <div class="stack">
                {now_card(&v, &numbers, &now, assigns)} {before_card(&v, &numbers, &before)}
            </div>
            {facts(&v, &person)}
        </Grid>
    };
    Ok(Page::new(title, body))
}

fn facts(v: &Viewer, person: &Person) -> AnyView {
    let lang = v.lang;
    let maybe = |text: &Option<String>| match text.clone() {
        Some(text) => text.into_any(),
        None => view! { <Dash /> }.into_any(),
    };
    let licence = if person.licensed { tr!(in lang, "numbers.yes") } else { tr!(in lang, "numbers.no") };
    let standing = match person.left_at {
        Some(at) => {
            let text = tr!(in lang, "numbers.people_left_on", at = v.time(at, TimeStyle::Date));
            view! { <Badge tone=Tone::Warn text=text /> }.into_any()
        }
        None => view! { <Badge tone=Tone::Ok text=tr!(in lang, "numbers.people_here") /> }.into_any(),
    };
    let (upn, department, location) = (maybe(&person.upn), maybe(&person.department), maybe(&person.usage_location));
    let id = person.id.clone();
    view! {
        <Card title=tr!(in lang, "numbers.facts")>
            <Kv>
                <KvRow label=tr!(in lang, "numbers.state.label")>{standing}</KvRow>
                <KvRow label=tr!(in lang, "numbers.people_upn")>{upn}</KvRow>
                <KvRow label=tr!(in lang, "numbers.people_department")>{department}</KvRow>
                <KvRow label=tr!(in lang, "numbers.people_location")>{location}</KvRow>
                <KvRow label=tr!(in lang, "numbers.people_licence")>{licence}</KvRow>
                <KvRow label=tr!(in lang, "numbers.people_id")>{id}</KvRow>
            </Kv>
        </Card>
    }
    .into_any()
}

fn now_card(v: &Viewer, numbers: &str, held: &[Held], assigns: bool) -> AnyView {
    let lang = v.lang;
    let title = tr!(in lang, "numbers.target_now");
    if held.is_empty() {
        return view! {
            <Card title=title flush=true>
                <Empty title=tr!(in lang, "numbers.target_none") text=tr!(in lang, "numbers.target_none_text") />
            </Card>
        }
        .into_any();
    }
    let mut cols = vec![
        Col::new(tr!(in lang, "numbers.number")),
        Col::new(tr!(in lang, "numbers.category.label")),
        Col::new(tr!(in lang, "numbers.state.label")),
        Col::new(tr!(in lang, "numbers.operator")).low(),
        Col::new(tr!(in lang, "numbers.target_since")).mid(),
    ];
    if assigns {
        cols.push(Col::new(tr!(in lang, "numbers.unassign")).tight());
    }
    let mut rows = Rows::new(v, &cols);
    for held in held {
        let states = shown::States {
            activation: held.activation_state.as_deref().unwrap_or_default(),
            assignment: "user",
            until: None,
            forever: false,
            reserved: false,
        };
        let (tone, word) = shown::state(v, states);
        rows.row();
        rows.cell().tel_link(&format!("{numbers}/{}", held.e164), &held.e164);
        rows.cell().text(&shown::category(lang, &held.category));
        rows.cell().badge(tone, &word);
        rows.cell().maybe_text(held.operator.as_deref());
        rows.cell().time(held.assigned_at, TimeStyle::Date);
        if assigns {
            let label = tr!(in lang, "numbers.target_unassign", number = group_tel(&held.e164));
            rows.cell().button_link(&format!("{numbers}/{}/unassign", held.e164), &tr!(in lang, "numbers.unassign"), &label);
        }
    }
    let rows = rows.finish();
    view! {
        <Card title=title.clone() flush=true>
            <Table label=title cols=cols>
                {rows}
            </Table>
        </Card>
    }
    .into_any()
}

fn before_card(v: &Viewer, numbers: &str, held: &[Held]) -> Option<AnyView> {
    let lang = v.lang;
    if held.is_empty() {
        return None;
    }
    let title = tr!(in lang, "numbers.target_before");
    let cols = vec![
        Col::new(tr!(in lang, "numbers.number")),
        Col::new(tr!(in lang, "numbers.category.label")).mid(),
        Col::new(tr!(in lang, "numbers.target_since")),
        Col::new(tr!(in lang, "numbers.target_until")),
    ];
    let mut rows = Rows::new(v, &cols);
    for held in held {
        rows.row();
        // Whose timeline is still to be seen: numbers in stock.
        match &held.operator {
            Some(_) => rows.cell().tel_link(&format!("{numbers}/{}", held.e164), &held.e164),
            None => rows.cell().tel(&held.e164),
        };
        rows.cell().text(&shown::category(lang, &held.category));
        rows.cell().time(held.assigned_at, TimeStyle::Date);
        rows.cell().maybe(held.ended_at, |rows, at| {
            rows.time(at, TimeStyle::Date);
        });
    }
    let rows = rows.finish();
    Some(
        view! {
            <Card title=title.clone() flush=true>
                <Table label=title cols=cols>
                    {rows}
                </Table>
            </Card>
        }
        .into_any(),
    )
}

#[cfg(test)]
mod tests {
    use super::target_href;

    #[test]
    fn any_id_has_an_address() {
        assert_eq!(target_href("acme", "m.lang@acme.example"), "/t/acme/targets/m.lang@acme.example");
        assert_eq!(target_href("acme", "a/b?ü"), "/t/acme/targets/a%2Fb%3F%C3%BC");
        assert_eq!(target_href("acme", "upload"), "/t/acme/targets/%75%70%6C%6F%61%64");
        assert_eq!(target_href("acme", ".."), "/t/acme/targets/%2E%2E");
    }
}
