//! `/p/operators`: the directory of operators, one of them with its picture, and a new one.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::jobs_platform;
use super::platform_tenants::ask_of;
use super::platform_tenants::pager;
use super::platform_tenants::relation_list;
use super::platform_tenants::search;
use super::platform_tenants::shown;
use super::queries_platform::OperatorLine;
use crate::base::Cursor;
use crate::base::Failure;
use crate::base::Scope;
use crate::consent;
use crate::identity::EMERGENCY_MODES;
use crate::identity::PageRequest;
use crate::identity::SERVICES;
use crate::identity::SaveOperator;
use crate::identity::id_param;
use crate::tr;
use crate::trn;
use crate::ui::Button;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::Checkbox;
use crate::ui::Choice;
use crate::ui::Col;
use crate::ui::Cols;
use crate::ui::Crumb;
use crate::ui::Empty;
use crate::ui::FileInput;
use crate::ui::Grid;
use crate::ui::Hidden;
use crate::ui::Icon;
use crate::ui::Kind;
use crate::ui::Kv;
use crate::ui::KvRow;
use crate::ui::Lang;
use crate::ui::List;
use crate::ui::ListHead;
use crate::ui::Opt;
use crate::ui::OrgMark;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Rows;
use crate::ui::Size;
use crate::ui::Table;
use crate::ui::Text;
use crate::ui::TextInput;
use crate::ui::Time;
use crate::ui::TimeStyle;
use crate::ui::Viewer;
use crate::ui::viewer;

const LIST: &str = "/p/operators";
/// Rows of a page.
const ROWS: usize = 50;

/// `/p/operators`.
///
/// # Errors
/// 401 for a visitor, 403 without `platform:directory`.
pub async fn operators_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let mut rows = jobs_platform::operators(&req.store, ctx, &ask_of(&req.query)?).await?;
    let more = rows.len() > ROWS;
    rows.truncate(ROWS);
    let next = rows.last().filter(|_| more).map(|last| Cursor(vec![last.name.clone(), last.id.to_string()]));
    let v = viewer();
    let lang = v.lang;
    let body = view! {
        <PageHead title=tr!(in lang, "portal.operators") purpose=tr!(in lang, "portal.operators.purpose")>
            <ButtonLink href="/p/operators/new" kind=Kind::Primary icon=Icon::Plus>{tr!(in lang, "portal.operators.new")}</ButtonLink>
        </PageHead>
        {search(lang, &req, LIST)}
        {operator_list(&v, &rows)}
        {pager(lang, &req, LIST, rows.len(), next)}
    };
    Ok(Page::new(tr!(in lang, "portal.operators"), body))
}

fn countries_text(lang: Lang, codes: &[String]) -> String {
    codes.iter().map(|code| consent::country_text(lang, code)).collect::<Vec<Text>>().join(", ")
}

/// Who sets the emergency address of a number, as the platform says it.
fn mode_text(lang: Lang, mode: &str) -> Text {
    match mode {
        "operator_fixed" => tr!(in lang, "portal.operators.mode.operator_fixed"),
        "operator_default" => tr!(in lang, "portal.operators.mode.operator_default"),
        _ => tr!(in lang, "portal.operators.mode.tenant"),
    }
}

fn operator_list(v: &Viewer, operators: &[OperatorLine]) -> AnyView {
    let lang = v.lang;
    if operators.is_empty() {
        return view! {
            <Card flush=true>
                <Empty title=tr!(in lang, "portal.operators.none") text=tr!(in lang, "portal.operators.none_text") icon=Icon::Plug />
            </Card>
        }
        .into_any();
    }
    let cols = vec![
        Col::new(tr!(in lang, "portal.operators.operator")),
        Col::new(tr!(in lang, "portal.platform.countries")).mid(),
        Col::new(tr!(in lang, "portal.operators.services")).wrap().low(),
        Col::new(tr!(in lang, "portal.operators.emergency")).low(),
        Col::new(tr!(in lang, "portal.platform.active_consents")).num(),
        Col::new(tr!(in lang, "portal.operators.suspended")).num().mid(),
        Col::new(tr!(in lang, "portal.platform.numbers")).num(),
        Col::new(tr!(in lang, "portal.platform.assigned")).num().mid(),
    ];
    let mut rows = Rows::new(v, &cols);
    for row in operators {
        rows.row();
        rows.cell().row_link(&format!("{LIST}/{}", row.id), &row.name).sub(&row.slug);
        rows.cell().text(&countries_text(lang, &row.countries));
        rows.cell().text(&consent::services_text(lang, &row.services));
        rows.cell().text(&mode_text(lang, &row.emergency_mode));
        rows.cell().count(row.customers);
        rows.cell().count(row.suspended);
        rows.cell().count(row.numbers);
        rows.cell().count(row.assigned);
    }
    let count = operators.len();
    view! {
        <List>
            <ListHead text=trn!(in lang, "portal.operators.count", count) />
            <Table label=tr!(in lang, "portal.operators") cols=cols page_head=true>{rows.finish()}</Table>
        </List>
    }
    .into_any()
}

fn crumbs(lang: Lang, here: impl Into<Text>) -> Vec<Crumb> {
    vec![Crumb::link(LIST, tr!(in lang, "portal.operators")), Crumb::here(here)]
}

/// `/p/operators/new`.
///
/// # Errors
/// 401 for a visitor, 403 without `platform:directory`.
pub async fn new_operator_page(req: PageRequest) -> Result<Page, Failure> {
    req.ctx()?.require(Scope::PlatformDirectory)?;
    let lang = viewer().lang;
    let title = tr!(in lang, "portal.operators.new");
    let body = view! {
        <PageHead title=title.clone() purpose=tr!(in lang, "portal.operators.new_purpose") crumbs=crumbs(lang, title.clone()) />
        {form(lang, &req, None)}
    };
    Ok(Page::new(title, body))
}

/// `/p/operators/{id}`.
///
/// # Errors
/// 401 for a visitor, 403 without `platform:directory`, 404 without such an operator.
pub async fn operator_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let (row, relations) = jobs_platform::operator(&req.store, ctx, id_param(req.param("id"), "operator")?).await?;
    let v = viewer();
    let lang = v.lang;
    let title = row.name.clone();
    let created = row.created_at;
    let [numbers, assigned, people] = [row.numbers, row.assigned, row.people].map(|n| v.count(n));
    let id = row.id.to_string();
    let body = view! {
        <PageHead title=title.clone() purpose=countries_text(lang, &row.countries) crumbs=crumbs(lang, title.clone()) />
        <Grid cols=Cols::Rail>
            <div class="stack">
                {form(lang, &req, Some(&row))}
                {relation_list(&v, "/p/tenants", tr!(in lang, "portal.tenants.tenant"), &relations)}
            </div>
            <div class="stack">
                {logo_card(lang, &req, &row)}
                <Card title=tr!(in lang, "portal.platform.facts")>
                    <Kv>
                        <KvRow label=tr!(in lang, "portal.platform.id")><span class="id">{id}</span></KvRow>
                        <KvRow label=tr!(in lang, "portal.platform.numbers")>{numbers}</KvRow>
                        <KvRow label=tr!(in lang, "portal.platform.assigned")>{assigned}</KvRow>
                        <KvRow label=tr!(in lang, "portal.platform.people")>{people}</KvRow>
                        <KvRow label=tr!(in lang, "portal.platform.since")><Time at=created style=TimeStyle::Date /></KvRow>
                    </Kv>
                </Card>
            </div>
        </Grid>
    };
    Ok(Page::new(title, body))
}

/// The picture of the directory, with the form that changes it.
fn logo_card(lang: Lang, req: &PageRequest, row: &OperatorLine) -> AnyView {
    let picture = row.logo_changed_at.map(|at| format!("/logos/{}?v={}", row.slug, at.timestamp()));
    let action = format!("{LIST}/{}/logo", row.id);
    let remove = picture.is_some().then(|| {
        view! {
            <Button size=Size::Small kind=Kind::Danger name="remove" value="true">{tr!(in lang, "portal.operators.logo_remove")}</Button>
        }
    });
    let wrong = req.wrong("file");
    let name = row.name.clone();
    let mark = view! { <OrgMark name=name large=true picture=picture /> }.into_any();
    view! {
        <Card title=tr!(in lang, "portal.operators.logo") aside=mark>
            <form class="stack" data-gap="tight" action=action method="post" enctype="multipart/form-data">
                <FileInput
                    name="file"
                    label=tr!(in lang, "portal.operators.logo_file")
                    hint=tr!(in lang, "portal.operators.logo_hint")
                    accept=".png,.jpg,.jpeg,.webp"
                    error=wrong
                />
                <div class="cluster">
                    <Button size=Size::Small icon=Icon::Upload>{tr!(in lang, "portal.operators.logo_send")}</Button>
                    {remove}
                </div>
            </form>
        </Card>
    }
    .into_any()
}

fn form(lang: Lang, req: &PageRequest, row: Option<&OperatorLine>) -> AnyView {
    let held = |of: fn(&OperatorLine) -> String| row.map(of);
    let (slug, name) = (shown(req, "slug", held(|row| row.slug.clone())), shown(req, "name", held(|row| row.name.clone())));
    let zone = shown(req, "time_zone", held(|row| row.time_zone.clone()));
    let countries = shown(req, "countries", held(|row| row.countries.join(", ")));
    let website = shown(req, "website", held(|row| row.website.clone().unwrap_or_default()));
    let mode =
        shown(req, "emergency_mode", held(|row| row.emergency_mode.clone())).unwrap_or_else(|| EMERGENCY_MODES[0].to_owned());
    let fixed = row.is_some();
    let fixed_hint = if fixed { tr!(in lang, "portal.platform.fixed") } else { tr!(in lang, "portal.platform.fixed_later") };
    let wrong = |field: &str| req.wrong(field);
    let [name_wrong, slug_wrong, countries_wrong, time_zone_wrong, website_wrong, emergency_mode_wrong] = [
        wrong("name"),
        wrong("slug"),
        wrong("countries").or_else(|| wrong("country")),
        wrong("time_zone"),
        wrong("website"),
        wrong("emergency_mode"),
    ];
    let refused = req.flash.as_ref().filter(|flash| !flash.code.is_empty());
    let services = SERVICES
        .into_iter()
        .map(|service| {
            let checked = match refused {
                Some(flash) => flash.fields.iter().any(|(name, value)| name == "services" && value == service),
                None => row.is_some_and(|row| row.services.iter().any(|held| held == service)),
            };
            let label = consent::service_text(lang, service);
            view! { <Checkbox name="services[]" value=service label=label checked=checked /> }
        })
        .collect_view();
    let modes = EMERGENCY_MODES.into_iter().map(|mode| Opt::new(mode, mode_text(lang, mode))).collect();
    let id = row.map(|row| row.id.to_string()).unwrap_or_default();
    let foot = view! { <Button kind=Kind::Primary>{tr!(in lang, "portal.platform.save")}</Button> }.into_any();
    view! {
        <form action=SaveOperator::url() method="post">
            <Hidden name="id" value=id />
            <Card title=tr!(in lang, "portal.operators.operator") foot=foot>
                <div class="stack">
                    <div class="fields" data-cols="2">
                        <TextInput name="name" label=tr!(in lang, "portal.platform.name") value=name maxlength="200" required=true error=name_wrong />
                        <TextInput
                            name="slug"
                            label=tr!(in lang, "portal.platform.slug")
                            hint=fixed_hint
                            value=slug
                            maxlength="63"
                            required=true
                            readonly=fixed
                            error=slug_wrong
                        />
                        <TextInput
                            name="countries"
                            label=tr!(in lang, "portal.operators.country_codes")
                            hint=tr!(in lang, "portal.operators.countries_hint")
                            value=countries
                            maxlength="400"
                            required=true
                            error=countries_wrong
                        />
                        <TextInput
                            name="time_zone"
                            label=tr!(in lang, "portal.platform.time_zone")
                            hint=tr!(in lang, "portal.operators.zone_hint")
                            value=zone
                            maxlength="64"
                            required=true
                            error=time_zone_wrong
                        />
                        <TextInput
                            name="website"
                            kind="url"
                            label=tr!(in lang, "portal.operators.website")
                            hint=tr!(in lang, "portal.operators.website_hint")
                            value=website
                            maxlength="200"
                            error=website_wrong
                        />
                    </div>
                    <fieldset class="stack" data-gap="tight">
                        <legend class="label">{tr!(in lang, "portal.operators.services")}</legend>
                        <div class="cluster" data-gap="wide">{services}</div>
                    </fieldset>
                    <Choice
                        name="emergency_mode"
                        legend=tr!(in lang, "portal.operators.emergency")
                        options=modes
                        value=mode
                        required=true
                        error=emergency_mode_wrong
                    />
                </div>
            </Card>
        </form>
    }
    .into_any()
}
