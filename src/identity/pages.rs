//! Pages of the account: signing in, one's own settings and sessions.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::actions;
use super::forms::ChangePassword;
use super::forms::EndSession;
use super::forms::SaveAccount;
use super::forms::SignIn;
use super::forms::SignOutEverywhere;
use super::model::safe_next;
use super::portal::PageRequest;
use super::queries_session::OwnSession;
use crate::base::Failure;
use crate::tr;
use crate::ui::ActionButton;
use crate::ui::Badge;
use crate::ui::Button;
use crate::ui::ButtonLink;
use crate::ui::Card;
use crate::ui::Choice;
use crate::ui::Col;
use crate::ui::Cols;
use crate::ui::Dash;
use crate::ui::Grid;
use crate::ui::Hidden;
use crate::ui::Kind;
use crate::ui::Lang;
use crate::ui::List;
use crate::ui::Opt;
use crate::ui::Page;
use crate::ui::PageHead;
use crate::ui::Select;
use crate::ui::Size;
use crate::ui::Table;
use crate::ui::TextInput;
use crate::ui::Time;
use crate::ui::TimeStyle;
use crate::ui::Tone;
use crate::ui::Viewer;
use crate::ui::viewer;

/// Zones offered; the account's own is added when it is another one.
const ZONES: [&str; 36] = [
    "Europe/Amsterdam",
    "Europe/Athens",
    "Europe/Berlin",
    "Europe/Brussels",
    "Europe/Bucharest",
    "Europe/Budapest",
    "Europe/Copenhagen",
    "Europe/Dublin",
    "Europe/Helsinki",
    "Europe/Istanbul",
    "Europe/Lisbon",
    "Europe/London",
    "Europe/Luxembourg",
    "Europe/Madrid",
    "Europe/Oslo",
    "Europe/Paris",
    "Europe/Prague",
    "Europe/Rome",
    "Europe/Stockholm",
    "Europe/Vienna",
    "Europe/Warsaw",
    "Europe/Zurich",
    "UTC",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Toronto",
    "Africa/Johannesburg",
    "Asia/Dubai",
    "Asia/Kolkata",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Pacific/Auckland",
];

/// `/sign-in`, in the plain frame.
///
/// # Errors
/// Never; the type is that of every page.
pub async fn sign_in_page(req: PageRequest) -> Result<Page, Failure> {
    let title = tr!("identity.sign_in.title");
    let next = safe_next(req.query.get("next").unwrap_or_default()).to_owned();
    let already = req.signed.as_ref().map(|signed| {
        view! {
            <p class="fine">
                {tr!("identity.sign_in.already", name = signed.name)} " " <a href=signed.home()>{tr!("identity.sign_in.go_on")}</a>
            </p>
        }
    });
    let email = req.typed("email").unwrap_or_default().to_owned();
    // Whoever typed the address before goes on with the password.
    let typed = !email.is_empty();
    let body = view! {
        <div class="stack" data-gap="close">
            <PageHead title=tr!("identity.sign_in.heading") />
            <p class="muted">{tr!("identity.sign_in.purpose")}</p>
        </div>
        <form class="stack" data-gap="tight" action=SignIn::url() method="post">
            <Hidden name="next" value=next />
            <TextInput
                name="email"
                label=tr!("identity.email")
                kind="email"
                value=email
                autocomplete="username"
                maxlength="254"
                required=true
                autofocus=!typed
            />
            <TextInput
                name="password"
                label=tr!("identity.password")
                kind="password"
                autocomplete="current-password"
                error=req.wrong("password")
                required=true
                autofocus=typed
            />
            <Button kind=Kind::Primary size=Size::Wide>
                {tr!("identity.sign_in.action")}
            </Button>
        </form>
        {already}
    };
    Ok(Page::new(title, body))
}

/// `/account`: how the account sees things, its password, its sessions.
///
/// # Errors
/// 401 for a visitor.
pub async fn account_page(req: PageRequest) -> Result<Page, Failure> {
    let signed = req.signed()?.clone();
    let sessions = actions::own_sessions(&req.store, &signed).await?;
    let v = viewer();
    let body = view! {
        <PageHead title=tr!("identity.account.title") purpose=tr!("identity.account.purpose") />
        <Grid cols=Cols::Two>{view_card(&req, &v)} {password_card(&req, &v)}</Grid>
        {sessions_card(&v, &signed.session, sessions)}
    };
    Ok(Page::new(tr!("identity.account.title"), body))
}

fn view_card(req: &PageRequest, v: &Viewer) -> AnyView {
    let lang = v.lang;
    let Some(signed) = &req.signed else {
        return ().into_any();
    };
    let held = actions::Preferences::of(signed);
    let value = |field: &str, held: String| req.typed(field).map_or(held, str::to_owned);
    let zone = value("time_zone", held.time_zone.unwrap_or_default());
    let mut zones: Vec<&str> = ZONES.to_vec();
    if !zone.is_empty() && !zones.contains(&zone.as_str()) {
        zones.push(&zone);
    }
    let zones = zones.into_iter().map(|zone| Opt::new(zone.to_owned(), zone.to_owned())).collect::<Vec<_>>();
    let languages = Lang::ALL.into_iter().map(|lang| Opt::new(lang.code(), lang.own_name())).collect::<Vec<_>>();
    let themes = vec![
        Opt::new("system", tr!(in lang, "identity.theme.system")),
        Opt::new("light", tr!(in lang, "identity.theme.light")),
        Opt::new("dark", tr!(in lang, "identity.theme.dark")),
    ];
    let foot = view! { <Button kind=Kind::Primary>{tr!(in lang, "identity.account.save")}</Button> }.into_any();
    let (name, language) = (value("name", held.name), value("language", held.language.unwrap_or_default()));
    let theme = value("theme", held.theme);
    let [name_wrong, zone_wrong, language_wrong, theme_wrong] =
        ["name", "time_zone", "language", "theme"].map(|field| req.wrong(field));
    view! {
        <form action=SaveAccount::url() method="post">
            <Card title=tr!(in lang, "identity.account.view") foot=foot>
                <div class="fields">
                    <TextInput
                        name="name"
                        label=tr!(in lang, "identity.name")
                        value=name
                        autocomplete="name"
                        maxlength="100"
                        required=true
                        error=name_wrong
                    />
                    <Select
                        name="time_zone"
                        label=tr!(in lang, "identity.time_zone")
                        options=zones
                        any=tr!(in lang, "identity.time_zone.default")
                        value=zone
                        hint=tr!(in lang, "identity.time_zone.hint")
                        error=zone_wrong
                    />
                    <Select
                        name="language"
                        label=tr!(in lang, "identity.language")
                        options=languages
                        any=tr!(in lang, "identity.language.browser")
                        value=language
                        error=language_wrong
                    />
                    <Choice
                        name="theme"
                        legend=tr!(in lang, "identity.theme")
                        options=themes
                        value=theme
                        error=theme_wrong
                    />
                </div>
            </Card>
        </form>
    }
    .into_any()
}

fn password_card(req: &PageRequest, v: &Viewer) -> AnyView {
    let lang = v.lang;
    let email = req.signed.as_ref().map(|signed| signed.email.clone()).unwrap_or_default();
    let foot = view! { <Button>{tr!(in lang, "identity.password.change")}</Button> }.into_any();
    let [old_wrong, new_wrong, again_wrong] = ["old_password", "new_password", "new_password_again"].map(|field| req.wrong(field));
    view! {
        <form action=ChangePassword::url() method="post">
            <Card title=tr!(in lang, "identity.password") foot=foot>
                <div class="fields">
                    <TextInput
                        name="email"
                        id="account-email"
                        label=tr!(in lang, "identity.email")
                        value=email
                        autocomplete="username"
                        readonly=true
                    />
                    <TextInput
                        name="old_password"
                        label=tr!(in lang, "identity.password.old")
                        kind="password"
                        autocomplete="current-password"
                        required=true
                        error=old_wrong
                    />
                    <TextInput
                        name="new_password"
                        label=tr!(in lang, "identity.password.new")
                        kind="password"
                        autocomplete="new-password"
                        required=true
                        hint=tr!(in lang, "identity.password.rule")
                        error=new_wrong
                    />
                    <TextInput
                        name="new_password_again"
                        label=tr!(in lang, "identity.password.again")
                        kind="password"
                        autocomplete="new-password"
                        required=true
                        error=again_wrong
                    />
                </div>
            </Card>
        </form>
    }
    .into_any()
}

fn sessions_card(v: &Viewer, current: &str, sessions: Vec<OwnSession>) -> AnyView {
    let lang = v.lang;
    let rows = sessions.into_iter().map(|session| session_row(lang, session.id == current, session)).collect_view();
    let cols = vec![
        Col::new(tr!(in lang, "identity.sessions.device")),
        Col::new(tr!(in lang, "identity.sessions.address")).mid(),
        Col::new(tr!(in lang, "identity.sessions.since")),
        Col::new(tr!(in lang, "identity.sessions.until")).low(),
        Col::new(tr!(in lang, "identity.sessions.end")),
    ];
    let everywhere = view! {
        <ActionButton action=SignOutEverywhere::url() size=Size::Small kind=Kind::Danger>
            {tr!(in lang, "identity.sessions.end_all")}
        </ActionButton>
    }
    .into_any();
    view! {
        <Card title=tr!(in lang, "identity.sessions.title") aside=everywhere flush=true>
            <List>
                <Table label=tr!(in lang, "identity.sessions.title") cols=cols>
                    {rows}
                </Table>
            </List>
        </Card>
    }
    .into_any()
}

fn session_row(lang: Lang, current: bool, session: OwnSession) -> AnyView {
    let device = device(session.user_agent.as_deref().unwrap_or_default());
    let device = if device.is_empty() { tr!(in lang, "identity.sessions.unknown").into_owned() } else { device };
    let address = match session.address {
        Some(address) => address.into_any(),
        None => view! { <Dash /> }.into_any(),
    };
    let end = if current {
        view! { <Badge tone=Tone::Ok text=tr!(in lang, "identity.sessions.this") /> }.into_any()
    } else {
        let label = tr!(in lang, "identity.sessions.end_named", device = device);
        view! {
            <ActionButton action=EndSession::url() fields=vec![("session".into(), session.id.into())] size=Size::Small label=label>
                {tr!(in lang, "identity.sessions.end")}
            </ActionButton>
        }
        .into_any()
    };
    view! {
        <tr>
            <th scope="row">{device}</th>
            <td data-col="mid">{address}</td>
            <td>
                <Time at=session.created_at style=TimeStyle::Minute />
            </td>
            <td data-col="low">
                <Time at=session.expires_at style=TimeStyle::Minute />
            </td>
            <td>{end}</td>
        </tr>
    }
    .into_any()
}

/// "Firefox, Linux" from a user agent; empty for one that says neither. Order matters: every browser claims to be others.
fn device(agent: &str) -> String {
    let first = |names: &[(&str, &'static str)]| names.iter().find(|(sign, _)| agent.contains(sign)).map(|(_, name)| *name);
    let browser = first(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ]);
    let system = first(&[
        ("Windows", "Windows"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Mac OS X", "macOS"),
        ("Android", "Android"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ]);
    browser.into_iter().chain(system).collect::<Vec<_>>().join(", ")
}

/// A quiet way back to a page.
pub(super) fn way_back(href: String, label: String) -> AnyView {
    view! { <ButtonLink href=href>{label}</ButtonLink> }.into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_told_in_two_words() {
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        assert_eq!(device(firefox), "Firefox, Linux");
        let edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0";
        assert_eq!(device(edge), "Edge, Windows");
        assert_eq!(device("x"), "");
    }

    #[test]
    fn every_zone_offered_is_one() {
        assert!(ZONES.iter().all(|zone| zone.parse::<chrono_tz::Tz>().is_ok()));
    }
}
