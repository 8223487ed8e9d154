//! API clients of an organisation: the list with a form for a new one, and the page that asks before one is revoked.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::actions;
use super::actions_keys;
use super::forms::CreateClient;
use super::forms::RevokeClient;
use super::model::OrgKind;
use super::pages::way_back;
use super::portal::PageRequest;
use super::queries::Client;
use super::queries_requests;
use super::queries_requests::Asked;
use super::queries_requests::Use;
use super::scope_words;
use crate::base::Failure;
use crate::base::Problem;
use crate::tr;
use crate::trn;
use crate::ui::ActionButton;
use crate::ui::Badge;
use crate::ui::Band;
use crate::ui::Bar;
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
use crate::ui::Spark;
use crate::ui::Table;
use crate::ui::Text;
use crate::ui::TextInput;
use crate::ui::Time;
use crate::ui::TimeStyle;
use crate::ui::Tone;
use crate::ui::Viewer;
use crate::ui::viewer;

/// `…/clients` of a tenant, an operator or the platform.
///
/// # Errors
/// 401 for a visitor, 403 without `clients:write`.
pub async fn clients_page(req: PageRequest) -> Result<Page, Failure> {
    let ctx = req.ctx()?;
    let kind = OrgKind::parse(ctx.org.kind()).ok_or_else(|| Problem::not_found("organisation"))?;
    let clients = actions::clients(&req.store, ctx).await?;
    let asked = actions_keys::clients_use(&req.store, ctx).await?;
    let v = viewer();
    let lang = v.lang;
    let base = format!("{}clients", kind.home(req.slug()));
    let secret = req.flash.as_ref().and_then(|flash| Some((flash.text.clone(), flash.shown(&req.store)?)));
    let body = view! {
        <PageHead title=tr!(in lang, "identity.clients.title") purpose=tr!(in lang, "identity.clients.purpose") />
        {secret.map(|(id, secret)| secret_band(lang, id, secret))}
        {client_list(&v, &base, &clients, &asked)}
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

fn client_list(v: &Viewer, base: &str, clients: &[Client], asked: &Use) -> AnyView {
    let lang = v.lang;
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
        Col::new(tr!(in lang, "identity.clients.used")),
        Col::new(tr!(in lang, "identity.clients.asked")).num().mid(),
        Col::new(tr!(in lang, "identity.clients.refused")).num().mid(),
        Col::new(tr!(in lang, "identity.clients.day")).low(),
        Col::new(tr!(in lang, "identity.clients.state")),
    ];
    let rows = clients.iter().map(|client| client_row(v, base, client, asked.hours.get(&client.id))).collect_view();
    let mut text = trn!(in lang, "identity.clients.count", clients.len());
    if asked.cut {
        let cut = tr!(in lang, "identity.clients.cut", n = v.count(queries_requests::COUNTED));
        text = format!("{text}. {cut}").into();
    }
    view! {
        <List>
            <ListHead text=text />
            <Table label=tr!(in lang, "identity.clients.title") cols=cols page_head=true>
                {rows}
            </Table>
        </List>
    }
    .into_any()
}

/// Days without a call after which a client is said to be unused.
const UNUSED: i64 = 30;

fn client_row(v: &Viewer, base: &str, client: &Client, asked: Option<&[Asked; 24]>) -> AnyView {
    let lang = v.lang;
    let live = client.revoked_at.is_none();
    let here = format!("{base}/{}", client.id);
    // Of one that is revoked what it did can still be read.
    let name =
        view! { <a class="row-link" href=format!("{here}{}", if live { "" } else { "/requests" })>{client.name.clone()}</a> };
    let idle = (v.now - client.last_used_at.unwrap_or(client.created_at)).num_days();
    let unused =
        (live && idle >= UNUSED).then(|| view! { <Badge tone=Tone::Warn text=trn!(in lang, "identity.clients.unused", idle) /> });
    let used = match client.last_used_at {
        Some(at) => view! { <Time at=at style=TimeStyle::Minute /> }.into_any(),
        None => view! { <Dash /> }.into_any(),
    };
    let hours = asked.copied().unwrap_or_default();
    let (calls, refused) = (hours.iter().map(|hour| hour.calls).sum::<i64>(), hours.iter().map(|hour| hour.refused).sum::<i64>());
    let refused_of = match refused {
        0 => view! { {v.count(0)} }.into_any(),
        _ => {
            let href = format!("{here}/requests?answer=refused");
            view! { <a href=href>{v.count(refused)}</a> }.into_any()
        }
    };
    let state = if live {
        let label = tr!(in lang, "identity.clients.revoke_named", name = client.name);
        view! {
            <ButtonLink href=format!("{here}/revoke") size=Size::Small label=label>
                {tr!(in lang, "identity.clients.revoke")}
            </ButtonLink>
        }
        .into_any()
    } else {
        view! { <Badge tone=Tone::Neutral text=tr!(in lang, "identity.clients.is_revoked") /> }.into_any()
    };
    view! {
        <tr>
            <th scope="row">{name} <span class="sub id">{client.id.clone()}</span></th>
            <td class="wrap" data-col="mid">
                {client.scopes.join(" ")}
            </td>
            <td data-col="mid">{live.then(|| proof(lang, client))}</td>
            <td>{used} {unused}</td>
            <td class="num" data-col="mid">{v.count(calls)}</td>
            <td class="num" data-col="mid">{refused_of}</td>
            <td data-col="low">{shape(v, &hours, calls)}</td>
            <td>{state}</td>
        </tr>
    }
    .into_any()
}

/// What a client proves itself by.
fn proof(lang: Lang, client: &Client) -> Text {
    let keys = trn!(in lang, "identity.keys.count", client.keys);
    match (client.has_secret, client.keys) {
        (true, 0) => tr!(in lang, "identity.clients.secret"),
        (true, _) => format!("{}, {keys}", tr!(in lang, "identity.clients.secret")).into(),
        (false, _) => keys,
    }
}

/// Its calls by hour.
#[expect(clippy::cast_precision_loss, reason = "a height on paper")]
fn shape(v: &Viewer, hours: &[Asked; 24], calls: i64) -> AnyView {
    let title = trn!(in v.lang, "identity.clients.day_title", calls);
    let bars = hours.iter().map(|hour| Bar::from(hour.calls as f64)).collect();
    view! { <Spark title=title bars=bars /> }.into_any()
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
            view! { <Checkbox
                name="scopes[]"
                value=scope.as_str()
                label=scope.as_str()
                hint=scope_words::allows(lang, scope)
                checked=checked
            /> }
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
