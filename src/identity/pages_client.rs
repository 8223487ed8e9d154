//! One API client: how it proves who it is, the keys it signs with, and the page that asks before one of these ends.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::actions_keys;
use super::actions_keys::Proofs;
use super::assertion;
use super::forms_keys::AddKey;
use super::forms_keys::EndSecret;
use super::forms_keys::RemoveKey;
use super::model::OrgKind;
use super::pages::way_back;
use super::pages_requests::FEW;
use super::pages_requests::few;
use super::portal::PageRequest;
use super::queries_keys::ClientKey;
use crate::base::Failure;
use crate::base::Problem;
use crate::tr;
use crate::trn;
use crate::ui::ActionButton;
use crate::ui::Badge;
use crate::ui::Button;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::Code;
use crate::ui::Col;
use crate::ui::Copy;
use crate::ui::Crumb;
use crate::ui::Dash;
use crate::ui::Empty;
use crate::ui::Hidden;
use crate::ui::Kind;
use crate::ui::Kv;
use crate::ui::KvRow;
use crate::ui::Lang;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Size;
use crate::ui::Table;
use crate::ui::Text;
use crate::ui::Textarea;
use crate::ui::Time;
use crate::ui::TimeStyle;
use crate::ui::Tone;
use crate::ui::viewer;

/// A client's page, and what all forms on it bring along.
pub(super) struct Shown {
    lang: Lang,
    kind: OrgKind,
    slug: String,
    /// `/o/norvik/clients`
    list: String,
    pub(super) proofs: Proofs,
}

/// Which clients a page is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    Live,
    /// Those that are revoked too.
    Any,
}

impl Shown {
    pub(super) async fn of(req: &PageRequest, whose: Whose) -> Result<Self, Failure> {
        let ctx = req.ctx()?;
        let kind = OrgKind::parse(ctx.org.kind()).ok_or_else(|| Problem::not_found("organisation"))?;
        let proofs = actions_keys::proofs(&req.store, ctx, req.param("id")).await?;
        if whose == Whose::Live && proofs.client.revoked_at.is_some() {
            return Err(Problem::not_found("client").into());
        }
        let list = format!("{}clients", kind.home(req.slug()));
        Ok(Self { lang: viewer().lang, kind, slug: req.slug().to_owned(), list, proofs })
    }

    fn here(&self) -> String {
        format!("{}/{}", self.list, self.proofs.client.id)
    }

    fn fields(&self) -> Vec<(Text, Text)> {
        let id = self.proofs.client.id.clone();
        vec![("kind".into(), self.kind.as_str().into()), ("slug".into(), self.slug.clone().into()), ("id".into(), id.into())]
    }

    /// The way to this client, and what is done with it when there is more.
    pub(super) fn crumbs(&self, more: Option<Text>) -> Vec<Crumb> {
        let list = Crumb::link(self.list.clone(), tr!(in self.lang, "identity.clients.title"));
        let name = self.proofs.client.name.clone();
        match more {
            None => vec![list, Crumb::here(name)],
            Some(more) if self.proofs.client.revoked_at.is_some() => vec![list, Crumb::here(name), Crumb::here(more)],
            Some(more) => vec![list, Crumb::link(self.here(), name), Crumb::here(more)],
        }
    }
}

/// `…/clients/{id}`.
///
/// # Errors
/// 401 for a visitor, 403 without `clients:write`, 404 when there is no such live client.
pub async fn client_page(req: PageRequest) -> Result<Page, Failure> {
    let shown = Shown::of(&req, Whose::Live).await?;
    let lang = shown.lang;
    let client = shown.proofs.client.clone();
    let used = match client.last_used_at {
        Some(at) => view! { <Time at=at style=TimeStyle::Minute /> }.into_any(),
        None => view! { <Dash /> }.into_any(),
    };
    let (crumbs, revoke, secret) = (shown.crumbs(None), format!("{}/revoke", shown.here()), secret_state(&shown));
    let (keys, new_key, how) = (key_list(&shown), new_key(&shown, &req), how(&shown));
    let calls = actions_keys::requests(&req.store, req.ctx()?, &client.id, (None, false), false, FEW).await?;
    let calls = few(&viewer(), format!("{}/requests", shown.here()), &calls);
    let body = view! {
        <PageHead title=client.name.clone() crumbs=crumbs>
            <ButtonLink href=revoke>{tr!(in lang, "identity.clients.revoke")}</ButtonLink>
        </PageHead>
        <Card>
            <Kv>
                <KvRow label=tr!(in lang, "identity.clients.id")><Copy value=client.id.clone() label=tr!(in lang, "identity.clients.id") inline=true /></KvRow>
                <KvRow label=tr!(in lang, "identity.clients.scopes")>{client.scopes.join(" ")}</KvRow>
                <KvRow label=tr!(in lang, "identity.clients.made")><Time at=client.created_at style=TimeStyle::Date /></KvRow>
                <KvRow label=tr!(in lang, "identity.clients.used")>{used}</KvRow>
                <KvRow label=tr!(in lang, "identity.clients.secret")>{secret}</KvRow>
            </Kv>
        </Card>
        {keys}
        {new_key}
        {how}
        {calls}
    };
    Ok(Page::new(client.name, body))
}

/// Whether there is a secret; one beside keys can be ended.
fn secret_state(shown: &Shown) -> AnyView {
    let lang = shown.lang;
    if !shown.proofs.client.has_secret {
        return view! { {tr!(in lang, "identity.keys.no_secret")} }.into_any();
    }
    let end = (!shown.proofs.keys.is_empty()).then(|| {
        let href = format!("{}/secret", shown.here());
        view! { <ButtonLink href=href size=Size::Small>{tr!(in lang, "identity.keys.end_secret")}</ButtonLink> }
    });
    view! { <span class="cluster">{tr!(in lang, "identity.keys.has_secret")} {end}</span> }.into_any()
}

fn key_list(shown: &Shown) -> AnyView {
    let lang = shown.lang;
    let title = tr!(in lang, "identity.keys.title");
    if shown.proofs.keys.is_empty() {
        return view! {
            <Card title=title flush=true>
                <Empty title=tr!(in lang, "identity.keys.none") text=tr!(in lang, "identity.keys.none_text") />
            </Card>
        }
        .into_any();
    }
    let cols = vec![
        Col::new(tr!(in lang, "identity.keys.key")),
        Col::new(tr!(in lang, "identity.keys.added")).mid(),
        Col::new(tr!(in lang, "identity.clients.used")),
        Col::new(tr!(in lang, "identity.keys.remove")),
    ];
    let rows = shown.proofs.keys.iter().map(|key| key_row(shown, key)).collect_view();
    view! {
        <Card title=title flush=true>
            <Table label=tr!(in lang, "identity.keys.title") cols=cols>{rows}</Table>
        </Card>
    }
    .into_any()
}

fn key_row(shown: &Shown, key: &ClientKey) -> AnyView {
    let lang = shown.lang;
    let used = match key.last_used_at {
        Some(at) => view! { <Time at=at style=TimeStyle::Minute /> }.into_any(),
        None => view! { <Dash /> }.into_any(),
    };
    let remove = format!("{}/keys/{}", shown.here(), key.id);
    let named = tr!(in lang, "identity.keys.remove_named", key = key.id.clone());
    view! {
        <tr>
            <th scope="row"><Badge tone=Tone::Info text=key.algorithm.clone() /> <span class="sub id">{key.id.clone()}</span></th>
            <td data-col="mid"><Time at=key.created_at style=TimeStyle::Minute /></td>
            <td>{used}</td>
            <td><ButtonLink href=remove size=Size::Small label=named>{tr!(in lang, "identity.keys.remove")}</ButtonLink></td>
        </tr>
    }
    .into_any()
}

fn new_key(shown: &Shown, req: &PageRequest) -> AnyView {
    let lang = shown.lang;
    let foot = view! { <Button kind=Kind::Primary>{tr!(in lang, "identity.keys.add")}</Button> }.into_any();
    let hidden = shown.fields().into_iter().map(|(name, value)| view! { <Hidden name=name value=value /> }).collect_view();
    let wrong = req.wrong("key");
    view! {
        <form action=AddKey::url() method="post">
            {hidden}
            <Card title=tr!(in lang, "identity.keys.new") foot=foot>
                <Textarea
                    name="key"
                    label=tr!(in lang, "identity.keys.text")
                    hint=tr!(in lang, "identity.keys.text_hint")
                    rows=6
                    required=true
                    error=wrong
                />
            </Card>
        </form>
    }
    .into_any()
}

/// What a program sends to get a token by its key.
fn how(shown: &Shown) -> AnyView {
    let lang = shown.lang;
    let id = &shown.proofs.client.id;
    let claims = format!(
        "{{\n  \"iss\": \"{id}\",\n  \"sub\": \"{id}\",\n  \"aud\": \"BASE/oauth/token\",\n  \"iat\": 1790000000,\n  \"exp\": 1790000300,\n  \"jti\": \"…\"\n}}"
    );
    let post = format!(
        "curl BASE/oauth/token -d grant_type=client_credentials \\\n  -d client_assertion_type={} \\\n  -d client_assertion=JWT",
        assertion::TYPE
    );
    view! {
        <Card title=tr!(in lang, "identity.keys.how")>
            <div class="stack">
                <p>{tr!(in lang, "identity.keys.how_text")}</p>
                <Code label=tr!(in lang, "identity.keys.claims") text=claims json=true />
                <Code label=tr!(in lang, "identity.keys.request") text=post />
            </div>
        </Card>
    }
    .into_any()
}

/// `…/clients/{id}/keys/{key}`: says what removing a key does, then does it.
///
/// # Errors
/// As [`client_page`], and 404 when the client has no such key.
pub async fn remove_key_page(req: PageRequest) -> Result<Page, Failure> {
    let shown = Shown::of(&req, Whose::Live).await?;
    let key = req.param("key").to_owned();
    if !shown.proofs.keys.iter().any(|held| held.id == key) {
        return Err(Problem::not_found("key").into());
    }
    let lang = shown.lang;
    let mut fields = shown.fields();
    fields.push(("key".into(), key.clone().into()));
    let sure = Sure {
        title: tr!(in lang, "identity.keys.remove_title"),
        text: tr!(in lang, "identity.keys.remove_text"),
        allowed: shown.proofs.client.has_secret || shown.proofs.has_proven_key(Some(&key)),
        what: Some(key),
        button: tr!(in lang, "identity.keys.remove"),
        keep: tr!(in lang, "identity.keys.keep"),
        action: RemoveKey::url(),
        fields,
    };
    Ok(sure.page(&shown))
}

/// `…/clients/{id}/secret`: says what ending the secret does, then does it.
///
/// # Errors
/// As [`client_page`], and 404 when the client has no secret.
pub async fn end_secret_page(req: PageRequest) -> Result<Page, Failure> {
    let shown = Shown::of(&req, Whose::Live).await?;
    if !shown.proofs.client.has_secret {
        return Err(Problem::not_found("secret").into());
    }
    let lang = shown.lang;
    let keys = shown.proofs.keys.len();
    let sure = Sure {
        title: tr!(in lang, "identity.keys.end_secret_title"),
        text: trn!(in lang, "identity.keys.end_secret_text", keys),
        what: None,
        allowed: shown.proofs.has_proven_key(None),
        button: tr!(in lang, "identity.keys.end_secret"),
        keep: tr!(in lang, "identity.keys.keep_secret"),
        action: EndSecret::url(),
        fields: shown.fields(),
    };
    Ok(sure.page(&shown))
}

/// A question before something ends.
struct Sure {
    title: Text,
    text: Text,
    what: Option<String>,
    /// Whether a proof is left that is known to work.
    allowed: bool,
    button: Text,
    keep: Text,
    action: &'static str,
    fields: Vec<(Text, Text)>,
}

impl Sure {
    fn page(self, shown: &Shown) -> Page {
        let crumbs = shown.crumbs(Some(self.button.clone()));
        let keep = way_back(shown.here(), self.keep.into_owned());
        let what = self.what.map(|what| view! { <p><code class="id">{what}</code></p> });
        let text = if self.allowed { self.text } else { tr!(in shown.lang, "problem.proof_needed") };
        let button = self.button;
        let act = self.allowed.then(|| {
            view! { <ActionButton action=self.action fields=self.fields kind=Kind::Danger>{button}</ActionButton> }
        });
        let body = view! {
            <PageHead title=self.title.clone() crumbs=crumbs />
            <Card>
                <p>{text}</p>
                {what}
                <div class="cluster">{act} {keep}</div>
            </Card>
        };
        Page::new(self.title, body)
    }
}
