//! Forms of endpoints: a new one, changes to one, and the page that asks before one is deleted.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::EventType;
use super::forms::CreateEndpoint;
use super::forms::RemoveEndpoint;
use super::forms::UpdateEndpoint;
use super::pages_parts::Paths;
use super::pages_parts::endpoint_name;
use super::pages_parts::kind_word;
use super::queries_pages_health;
use super::queries_pages_health::EndpointHealth;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::Problem;
use crate::base::Scope;
use crate::identity::PageRequest;
use crate::identity::id_param;
use crate::tr;
use crate::trn;
use crate::ui::ActionButton;
use crate::ui::Button;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::Checkbox;
use crate::ui::Choice;
use crate::ui::Crumb;
use crate::ui::Hidden;
use crate::ui::Kind;
use crate::ui::Lang;
use crate::ui::Opt;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Text;
use crate::ui::TextInput;
use crate::ui::viewer;

/// What stands in the form: what was typed, else what is held, else the default.
struct Filled {
    url: String,
    description: String,
    event_types: Vec<String>,
    signature: String,
    max_in_flight: String,
    confirms: bool,
}

impl Filled {
    fn of(req: &PageRequest, held: Option<&EndpointHealth>) -> Self {
        let refused = req.flash.as_ref().filter(|flash| flash.field("url").is_some());
        if let Some(flash) = refused {
            let text = |field: &str| flash.field(field).unwrap_or_default().to_owned();
            let ticked = flash.fields.iter().filter(|(name, _)| name == "event_types").map(|(_, value)| value.clone());
            return Self {
                url: text("url"),
                description: text("description"),
                event_types: ticked.collect(),
                signature: text("signature"),
                max_in_flight: text("max_in_flight"),
                confirms: text("confirms") == "true",
            };
        }
        match held {
            Some(held) => Self {
                url: held.url.clone(),
                description: held.description.clone(),
                event_types: held.event_types.clone(),
                signature: held.signature.clone(),
                max_in_flight: held.max_in_flight.to_string(),
                confirms: held.confirms,
            },
            None => Self {
                url: String::new(),
                description: String::new(),
                event_types: Vec::new(),
                signature: "v1".to_owned(),
                max_in_flight: "8".to_owned(),
                confirms: true,
            },
        }
    }
}

/// `…/endpoints/new`.
///
/// # Errors
/// 401 for a visitor, 403 without `endpoints:write`.
pub async fn new_endpoint_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    ctx.require(Scope::EndpointsWrite)?;
    ctx.operator()?;
    let lang = viewer().lang;
    let paths = Paths::of(&req);
    let title = tr!(in lang, "notices.new.title");
    let hidden = view! { <Hidden name="slug" value=paths.slug().to_owned() /> }.into_any();
    let foot = view! {
        <Button kind=Kind::Primary>{tr!(in lang, "notices.new.action")}</Button>
        <ButtonLink href=paths.endpoints() kind=Kind::Quiet>{tr!(in lang, "notices.cancel")}</ButtonLink>
    }
    .into_any();
    let form = form(lang, &req, CreateEndpoint::url(), hidden, &Filled::of(&req, None), foot);
    let body = view! {
        <PageHead title=title.clone() purpose=tr!(in lang, "notices.new.purpose") crumbs=crumbs(lang, &paths, None, title.clone()) />
        {form}
    };
    Ok(Page::new(title, body))
}

/// `…/endpoints/{id}/edit`.
///
/// # Errors
/// 401 for a visitor, 403 without `endpoints:write`, 404 when there is no such endpoint of this operator.
pub async fn edit_endpoint_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let one = found(&req, ctx).await?;
    let lang = viewer().lang;
    let paths = Paths::of(&req);
    let title = tr!(in lang, "notices.edit_title", name = endpoint_name(&one.url, &one.description));
    let hidden = view! {
        <Hidden name="slug" value=paths.slug().to_owned() />
        <Hidden name="id" value=one.id.to_string() />
        <Hidden name="version" value=one.version.to_string() />
    }
    .into_any();
    let foot = view! {
        <Button kind=Kind::Primary>{tr!(in lang, "notices.save")}</Button>
        <ButtonLink href=paths.endpoint(one.id) kind=Kind::Quiet>{tr!(in lang, "notices.cancel")}</ButtonLink>
    }
    .into_any();
    let form = form(lang, &req, UpdateEndpoint::url(), hidden, &Filled::of(&req, Some(&one)), foot);
    let crumbs = crumbs(lang, &paths, Some(&one), tr!(in lang, "notices.edit"));
    let body = view! {
        <PageHead title=title.clone() purpose=tr!(in lang, "notices.edit_purpose") crumbs=crumbs />
        {form}
    };
    Ok(Page::new(title, body))
}

/// `…/endpoints/{id}/delete`: says what deleting does, then does it.
///
/// # Errors
/// 401 for a visitor, 403 without `endpoints:write`, 404 when there is no such endpoint of this operator.
pub async fn delete_endpoint_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let one = found(&req, ctx).await?;
    let lang = viewer().lang;
    let paths = Paths::of(&req);
    let title = tr!(in lang, "notices.delete_title", name = endpoint_name(&one.url, &one.description));
    let crumbs = crumbs(lang, &paths, Some(&one), tr!(in lang, "notices.delete"));
    let fields = vec![("slug".into(), paths.slug().to_owned().into()), ("id".into(), one.id.to_string().into())];
    let waiting = (one.behind + one.held > 0).then(|| {
        view! { <p>{trn!(in lang, "notices.delete_waiting", one.behind + one.held)}</p> }
    });
    let body = view! {
        <PageHead title=title.clone() crumbs=crumbs />
        <Card>
            <p>{tr!(in lang, "notices.delete_text")}</p>
            {waiting}
            <div class="cluster">
                <ActionButton action=RemoveEndpoint::url() fields=fields kind=Kind::Danger>
                    {tr!(in lang, "notices.delete")}
                </ActionButton>
                <ButtonLink href=paths.endpoint(one.id)>{tr!(in lang, "notices.keep")}</ButtonLink>
            </div>
        </Card>
    };
    Ok(Page::new(title, body))
}

/// The endpoint of the address, for who may change it.
pub(super) async fn found(req: &PageRequest, ctx: &Ctx) -> Result<EndpointHealth, Failure> {
    ctx.require(Scope::EndpointsWrite)?;
    let operator = ctx.operator()?;
    let id = id_param(req.param("id"), "endpoint")?;
    let mut tx = req.store.begin_for(ctx).await?;
    let found = queries_pages_health::endpoints(&mut tx, operator, Some(id), ctx.now()).await?;
    tx.commit().await?;
    found.into_iter().next().ok_or_else(|| Problem::not_found("endpoint").into())
}

/// Where one is: notifications, endpoints, the endpoint, this page.
pub(super) fn crumbs(lang: Lang, paths: &Paths, one: Option<&EndpointHealth>, here: Text) -> Vec<Crumb> {
    let mut crumbs = vec![
        Crumb::link(paths.notifications(), tr!(in lang, "notices.title")),
        Crumb::link(paths.endpoints(), tr!(in lang, "notices.endpoints")),
    ];
    crumbs.extend(one.map(|one| Crumb::link(paths.endpoint(one.id), endpoint_name(&one.url, &one.description))));
    crumbs.push(Crumb::here(here));
    crumbs
}

fn form(lang: Lang, req: &PageRequest, action: &'static str, hidden: AnyView, filled: &Filled, foot: AnyView) -> AnyView {
    let signatures = vec![
        Opt::new("v1", tr!(in lang, "notices.signature.v1")).hint(tr!(in lang, "notices.signature.v1_hint")),
        Opt::new("v1a", tr!(in lang, "notices.signature.v1a")).hint(tr!(in lang, "notices.signature.v1a_hint")),
        Opt::new("both", tr!(in lang, "notices.signature.both")).hint(tr!(in lang, "notices.signature.both_hint")),
    ];
    let Filled { url, description, signature, max_in_flight, confirms, .. } = filled;
    let (url, description, signature, max_in_flight) = (url.clone(), description.clone(), signature.clone(), max_in_flight.clone());
    let confirms = *confirms;
    let [url_wrong, description_wrong, signature_wrong, max_wrong] =
        ["url", "description", "signature", "max_in_flight"].map(|field| req.wrong(field));
    let kinds = kinds(lang, req, filled);
    view! {
        <form action=action method="post">
            {hidden}
            <Card foot=foot>
                <div class="fields">
                    <TextInput
                        kind="url"
                        name="url"
                        label=tr!(in lang, "notices.field.url")
                        value=url
                        hint=tr!(in lang, "notices.field.url_hint")
                        placeholder="https://hooks.example/concord"
                        maxlength="2000"
                        required=true
                        error=url_wrong
                    />
                    <TextInput
                        name="description"
                        label=tr!(in lang, "notices.field.description")
                        value=description
                        hint=tr!(in lang, "notices.field.description_hint")
                        maxlength="200"
                        error=description_wrong
                    />
                    {kinds}
                    <Choice
                        name="signature"
                        legend=tr!(in lang, "notices.field.signature")
                        options=signatures
                        value=signature
                        error=signature_wrong
                    />
                    <TextInput
                        kind="number"
                        inputmode="numeric"
                        name="max_in_flight"
                        label=tr!(in lang, "notices.field.max_in_flight")
                        value=max_in_flight
                        hint=tr!(in lang, "notices.field.max_in_flight_hint")
                        error=max_wrong
                    />
                    <Checkbox
                        name="confirms"
                        label=tr!(in lang, "notices.field.confirms_label")
                        hint=tr!(in lang, "notices.field.confirms_hint")
                        checked=confirms
                    />
                </div>
            </Card>
        </form>
    }
    .into_any()
}

fn kinds(lang: Lang, req: &PageRequest, filled: &Filled) -> AnyView {
    let boxes = EventType::ALL.into_iter().filter(|kind| kind.is_selectable()).map(|kind| {
        let ticked = filled.event_types.iter().any(|name| name == kind.name());
        view! {
            <Checkbox name="event_types[]" value=kind.name() label=kind_word(lang, kind.name()) hint=kind.name() checked=ticked />
        }
    });
    let boxes = boxes.collect_view();
    let wrong = req.wrong("event_types").map(|fix| view! { <p class="error" id="event_types-error">{fix}</p> });
    let described = if wrong.is_some() { "event_types-error event_types-hint" } else { "event_types-hint" };
    view! {
        <fieldset class="stack" data-gap="close" aria-describedby=described>
            <legend class="label">{tr!(in lang, "notices.field.kinds")}</legend>
            <p class="hint" id="event_types-hint">{tr!(in lang, "notices.field.kinds_hint")}</p>
            {wrong}
            <div class="fields" data-cols="2">{boxes}</div>
        </fieldset>
    }
    .into_any()
}
