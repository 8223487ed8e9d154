//! API clients of an organisation: the list with a form for a new one, and the page that asks before one is revoked.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::actions;
use super::forms::CreateClient;
use super::forms::RevokeClient;
use super::model::OrgKind;
use super::pages::way_back;
use super::portal::PageRequest;
use super::queries::Client;
use crate::base::Failure;
use crate::base::Problem;
use crate::tr;
use crate::trn;
use crate::ui::ActionButton;
use crate::ui::Badge;
use crate::ui::Band;
use crate::ui::Button;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::Checkbox;
use crate::ui::Col;
use crate::ui::Copy;
use crate::ui::Crumb;
use crate::ui::Dash;
use crate::ui::Empty;
use crate::ui::Hidden;
use crate::ui::Kind;
use crate::ui::Lang;
use crate::ui::List;
use crate::ui::ListHead;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Size;
use crate::ui::Table;
use crate::ui::TextInput;
use crate::ui::Time;
use crate::ui::TimeStyle;
use crate::ui::Tone;
use crate::ui::viewer;

/// `…/clients` of a tenant, an operator or the platform.
///
/// # Errors
/// 401 for a visitor, 403 without `clients:write`.
pub async fn clients_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let kind = OrgKind::parse(ctx.org.kind()).ok_or_else(|| Problem::not_found("organisation"))?;
    let clients = actions::clients(&req.store, ctx).await?;
    let lang = viewer().lang;
    let base = format!("{}clients", kind.home(req.slug()));
    let secret = req.flash.as_ref().and_then(|flash| Some((flash.text.clone(), flash.shown(&req.store)?)));
    let body = view! {
        <PageHead title=tr!(in lang, "identity.clients.title") purpose=tr!(in lang, "identity.clients.purpose") />
        {secret.map(|(id, secret)| secret_band(lang, id, secret))}
        {client_list(lang, &base, clients)}
        {new_client(lang, &req, kind)}
    };
    Ok(Page::new(tr!(in lang, "identity.clients.title"), body))
}

fn secret_band(lang: Lang, id: String, secret: String) -> AnyView {
    let body = view! {
        <div class="stack" data-gap="tight">
            <Copy value=id label=tr!(in lang, "identity.clients.id") />
            <Copy value=secret label=tr!(in lang, "identity.clients.secret") />
        </div>
    }
    .into_any();
    view! {
        <Band
            tone=Tone::Ok
            title=tr!(in lang, "identity.clients.secret_title")
            text=tr!(in lang, "identity.clients.secret_text")
            body=body
        />
    }
    .into_any()
}

fn client_list(lang: Lang, base: &str, clients: Vec<Client>) -> AnyView {
    if clients.is_empty() {
        return view! {
            <Card flush=true>
                <Empty title=tr!(in lang, "identity.clients.none") text=tr!(in lang, "identity.clients.none_text") />
            </Card>
        }
        .into_any();
    }
    let cols = vec![
        Col::new(tr!(in lang, "identity.clients.name")),
        Col::new(tr!(in lang, "identity.clients.scopes")).wrap().mid(),
        Col::new(tr!(in lang, "identity.clients.proof")).mid(),
        Col::new(tr!(in lang, "identity.clients.made")).low(),
        Col::new(tr!(in lang, "identity.clients.used")),
        Col::new(tr!(in lang, "identity.clients.state")),
    ];
    let count = clients.len();
    let rows = clients.into_iter().map(|client| client_row(lang, base, client)).collect_view();
    view! {
        <List>
            <ListHead text=trn!(in lang, "identity.clients.count", count) />
            <Table label=tr!(in lang, "identity.clients.title") cols=cols page_head=true>
                {rows}
            </Table>
        </List>
    }
    .into_any()
}

fn client_row(lang: Lang, base: &str, client: Client) -> AnyView {
    let used = match client.last_used_at {
        Some(at) => view! { <Time at=at style=TimeStyle::Minute /> }.into_any(),
        None => view! { <Dash /> }.into_any(),
    };
    let live = client.revoked_at.is_none();
    // Of one that is revoked what it did can still be read.
    let href = format!("{base}/{}{}", client.id, if live { "" } else { "/requests" });
    let name = view! { <a class="row-link" href=href>{client.name.clone()}</a> };
    let proof = match (client.has_secret, client.keys) {
        (true, 0) => tr!(in lang, "identity.clients.secret"),
        (true, keys) => {
            format!("{}, {}", tr!(in lang, "identity.clients.secret"), trn!(in lang, "identity.keys.count", keys)).into()
        }
        (false, keys) => trn!(in lang, "identity.keys.count", keys),
    };
    let state = if live {
        let label = tr!(in lang, "identity.clients.revoke_named", name = client.name);
        view! {
            <ButtonLink href=format!("{base}/{}/revoke", client.id) size=Size::Small label=label>
                {tr!(in lang, "identity.clients.revoke")}
            </ButtonLink>
        }
        .into_any()
    } else {
        view! { <Badge tone=Tone::Neutral text=tr!(in lang, "identity.clients.is_revoked") /> }.into_any()
    };
    view! {
        <tr>
            <th scope="row">{name} <span class="sub id">{client.id}</span></th>
            <td class="wrap" data-col="mid">
                {client.scopes.join(" ")}
            </td>
            <td data-col="mid">{live.then_some(proof)}</td>
            <td data-col="low">
                <Time at=client.created_at style=TimeStyle::Date />
            </td>
            <td>{used}</td>
            <td>{state}</td>
        </tr>
    }
    .into_any()
}

fn new_client(lang: Lang, req: &PageRequest, kind: OrgKind) -> AnyView {
    let typed = |scope: &str| {
        let refused = req.flash.iter().flat_map(|flash| &flash.fields);
        refused.filter(|(field, _)| field == "scopes").any(|(_, value)| value == scope)
    };
    let scopes = kind
        .client_scopes()
        .iter()
        .map(|scope| {
            let checked = typed(scope.as_str());
            view! { <Checkbox name="scopes[]" value=scope.as_str() label=scope.as_str() checked=checked /> }
        })
        .collect_view();
    let wrong = req.wrong("scopes").map(|fix| view! { <p class="error" id="scopes-error">{fix}</p> });
    let (name, name_wrong) = (req.typed("name").map(str::to_owned), req.wrong("name"));
    let described = wrong.is_some().then_some("scopes-error");
    let foot = view! { <Button kind=Kind::Primary>{tr!(in lang, "identity.clients.create")}</Button> }.into_any();
    view! {
        <form action=CreateClient::url() method="post">
            <Hidden name="kind" value=kind.as_str() />
            <Hidden name="slug" value=req.slug().to_owned() />
            <Card title=tr!(in lang, "identity.clients.new") foot=foot>
                <div class="fields">
                    <TextInput
                        name="name"
                        label=tr!(in lang, "identity.clients.name")
                        value=name
                        hint=tr!(in lang, "identity.clients.name_hint")
                        maxlength="100"
                        required=true
                        error=name_wrong
                    />
                    <fieldset class="stack" data-gap="close" aria-describedby=described>
                        <legend class="label">{tr!(in lang, "identity.clients.scopes")}</legend>
                        {scopes}
                        {wrong}
                    </fieldset>
                </div>
            </Card>
        </form>
    }
    .into_any()
}

/// `…/clients/{id}/revoke`: says what revoking does, then does it.
///
/// # Errors
/// 401 for a visitor, 403 without `clients:write`, 404 when there is no such live client.
pub async fn revoke_client_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let kind = OrgKind::parse(ctx.org.kind()).ok_or_else(|| Problem::not_found("organisation"))?;
    let clients = actions::clients(&req.store, ctx).await?;
    let live = clients.into_iter().find(|client| client.id == req.param("id") && client.revoked_at.is_none());
    let client = live.ok_or_else(|| Problem::not_found("client"))?;
    let lang = viewer().lang;
    let base = format!("{}clients", kind.home(req.slug()));
    let title = tr!(in lang, "identity.clients.revoke_title", name = client.name);
    let crumbs = vec![
        Crumb::link(base.clone(), tr!(in lang, "identity.clients.title")),
        Crumb::here(tr!(in lang, "identity.clients.revoke")),
    ];
    let fields = vec![
        ("kind".into(), kind.as_str().into()),
        ("slug".into(), req.slug().to_owned().into()),
        ("id".into(), client.id.clone().into()),
    ];
    let body = view! {
        <PageHead title=title.clone() crumbs=crumbs />
        <Card>
            <p>{tr!(in lang, "identity.clients.revoke_text")}</p>
            <div class="cluster">
                <ActionButton action=RevokeClient::url() fields=fields kind=Kind::Danger>
                    {tr!(in lang, "identity.clients.revoke")}
                </ActionButton>
                {way_back(base, tr!(in lang, "identity.clients.keep").into_owned())}
            </div>
        </Card>
    };
    Ok(Page::new(title, body))
}
