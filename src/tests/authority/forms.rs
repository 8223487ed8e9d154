//! Every server function as nobody, from another site, as another organisation, as a lower role.

use concord::base::Scope;
use concord::base::ScopeSet;
use http::Method;
use leptos::server_fn::axum::server_fn_paths;
use sqlx::PgPool;

use super::compare;
use crate::world::ENDPOINT;
use crate::world::EVENT;
use crate::world::NUMBER;
use crate::world::THING;
use crate::world::World;
use crate::world::call;
use crate::world::send;

/// Who may send a form.
#[derive(Clone, Copy, Debug, PartialEq)]
enum May {
    /// Everybody; it signs in or out.
    Open,
    /// Whoever is signed in.
    Account,
    /// Members of a kind of organisation whose role has the scope.
    Of(&'static str, Scope),
}

struct Row {
    path: &'static str,
    may: May,
    /// Fields of a call that would change something. `{slug}` is the organisation's.
    fields: &'static [(&'static str, &'static str)],
}

const fn row(path: &'static str, may: May, fields: &'static [(&'static str, &'static str)]) -> Row {
    Row { path, may, fields }
}

const CLIENT: &[(&str, &str)] =
    &[("kind", "{kind}"), ("slug", "{slug}"), ("name", "Mine"), ("scopes[]", "calls:read"), ("id", "{client}")];

/// Every server function.
const ROWS: &[Row] = &[
    row("/do/concord/identity/forms/sign_in", May::Open, &[]),
    row("/do/concord/identity/forms/sign_out", May::Open, &[]),
    row("/do/concord/identity/forms/sign_out_everywhere", May::Account, &[]),
    row("/do/concord/identity/forms/end_session", May::Account, &[("session", "x")]),
    row("/do/concord/identity/forms/save_account", May::Account, &[("name", "Other"), ("theme", "dark")]),
    row("/do/concord/identity/forms/save_preference", May::Account, &[("theme", "dark"), ("back", "/account")]),
    row("/do/concord/identity/forms/change_password", May::Account, &[("old_password", "x")]),
    row("/do/concord/identity/forms_views/save_view", May::Account, VIEW_FORM),
    row("/do/concord/identity/forms_views/rename_view", May::Account, VIEW_FORM),
    row("/do/concord/identity/forms_views/remove_view", May::Account, VIEW_FORM),
    row("/do/concord/identity/forms_views/default_view", May::Account, VIEW_FORM),
    row("/do/concord/identity/forms/create_client", May::Of("tenant", Scope::ClientsWrite), CLIENT),
    row("/do/concord/identity/forms/revoke_client", May::Of("operator", Scope::ClientsWrite), CLIENT),
    row("/do/concord/identity/forms_keys/add_key", May::Of("operator", Scope::ClientsWrite), CLIENT),
    row("/do/concord/identity/forms_keys/remove_key", May::Of("operator", Scope::ClientsWrite), CLIENT),
    row("/do/concord/identity/forms_keys/end_secret", May::Of("operator", Scope::ClientsWrite), CLIENT),
    row("/do/concord/numbers/forms/assign", May::Of("tenant", Scope::TenantAssign), NUMBER_FORM),
    row("/do/concord/numbers/forms/unassign", May::Of("tenant", Scope::TenantAssign), NUMBER_FORM),
    row("/do/concord/numbers/forms_lists/paste_numbers", May::Of("tenant", Scope::TenantRead), LIST_FORM),
    row("/do/concord/numbers/forms_sets/check_set", May::Of("tenant", Scope::TenantAssign), THING_FORM),
    row("/do/concord/numbers/forms_sets/drop_set", May::Of("tenant", Scope::TenantAssign), THING_FORM),
    row("/do/concord/numbers/forms_sets/run_set", May::Of("tenant", Scope::TenantAssign), THING_FORM),
    row("/do/concord/numbers/forms_sets/undo_set", May::Of("tenant", Scope::TenantAssign), THING_FORM),
    row("/do/concord/numbers/forms_acts/act_on_number", May::Of("tenant", Scope::TenantAssign), ACT_FORM),
    row("/do/concord/numbers/forms_acts/save_place", May::Of("tenant", Scope::TenantAssign), PLACE_FORM),
    row("/do/concord/numbers/forms_acts/delete_place", May::Of("tenant", Scope::TenantAssign), THING_FORM),
    row("/do/concord/numbers/forms_acts/save_quarantine", May::Of("tenant", Scope::TenantAssign), QUARANTINE_FORM),
    row("/do/concord/numbers/forms/run_upload", May::Of("operator", Scope::NumbersWrite), THING_FORM),
    row("/do/concord/numbers/forms/drop_upload", May::Of("operator", Scope::NumbersWrite), THING_FORM),
    row("/do/concord/numbers/forms_stock/run_targets", May::Of("tenant", Scope::TenantAssign), RUN_TARGETS),
    row("/do/concord/numbers/forms_stock/drop_targets", May::Of("tenant", Scope::TenantAssign), THING_FORM),
    row("/do/concord/numbers/forms_stock/answer_release", May::Of("operator", Scope::NumbersWrite), ANSWER_RELEASE),
    row("/do/concord/numbers/forms_stock/set_threshold", May::Of("tenant", Scope::TenantAssign), THRESHOLD),
    row("/do/concord/notices/forms/create_endpoint", May::Of("operator", Scope::EndpointsWrite), NEW_ENDPOINT),
    row("/do/concord/notices/forms/update_endpoint", May::Of("operator", Scope::EndpointsWrite), ENDPOINT_FORM),
    row("/do/concord/notices/forms/remove_endpoint", May::Of("operator", Scope::EndpointsWrite), ENDPOINT_FORM),
    row("/do/concord/notices/forms/verify_endpoint", May::Of("operator", Scope::EndpointsWrite), ENDPOINT_FORM),
    row("/do/concord/notices/forms/test_endpoint", May::Of("operator", Scope::EndpointsWrite), ENDPOINT_FORM),
    row("/do/concord/notices/forms/rotate_secret", May::Of("operator", Scope::EndpointsWrite), ENDPOINT_FORM),
    row("/do/concord/notices/forms/pause_endpoint", May::Of("operator", Scope::EndpointsWrite), ENDPOINT_FORM),
    row("/do/concord/notices/forms/recover_events", May::Of("operator", Scope::EndpointsWrite), RECOVER_FORM),
    row("/do/concord/notices/forms/resume_endpoint", May::Of("operator", Scope::EndpointsWrite), ENDPOINT_FORM),
    row(
        "/do/concord/notices/forms/redeliver",
        May::Of("operator", Scope::EventsRead),
        &[("slug", "{slug}"), ("event", "evt_{event}")],
    ),
    row("/do/concord/calls/forms/close_day", May::Of("operator", Scope::DurationsWrite), DAY_FORM),
    row("/do/concord/consent/forms/accept_consent", May::Of("tenant", Scope::ConsentWrite), CONSENT_FORM),
    row("/do/concord/consent/forms/suspend_consent", May::Of("tenant", Scope::ConsentWrite), CONSENT_FORM),
    row("/do/concord/consent/forms/resume_consent", May::Of("tenant", Scope::ConsentWrite), CONSENT_FORM),
    row("/do/concord/consent/forms/withdraw_consent", May::Of("tenant", Scope::ConsentWrite), CONSENT_FORM),
    row("/do/concord/consent/forms_notices/save_notice_draft", May::Of("platform", Scope::PlatformAdmin), DRAFT_FORM),
    row("/do/concord/consent/forms_notices/drop_notice_draft", May::Of("platform", Scope::PlatformAdmin), &[]),
    row("/do/concord/consent/forms_notices/publish_notice", May::Of("platform", Scope::PlatformAdmin), &[("shown", "x")]),
    row("/do/concord/identity/forms_directory/save_tenant", May::Of("platform", Scope::PlatformDirectory), TENANT_FORM),
    row("/do/concord/identity/forms_directory/save_operator", May::Of("platform", Scope::PlatformDirectory), OPERATOR_FORM),
    row("/do/concord/consent/forms/save_relationship", May::Of("operator", Scope::NumbersWrite), RELATIONSHIP_FORM),
];

const DAY_FORM: &[(&str, &str)] = &[("slug", "{slug}"), ("day", "2026-11-20"), ("rows", "0"), ("seconds", "0")];
const NUMBER_FORM: &[(&str, &str)] =
    &[("slug", "{slug}"), ("e164", "{e164}"), ("target_id", "secrettarget1"), ("category", "alternate")];
const VIEW_FORM: &[(&str, &str)] = &[
    ("kind", "{kind}"),
    ("slug", "{slug}"),
    ("page", "numbers"),
    ("query", "state=free"),
    ("view_name", "Mine"),
    ("id", "{thing}"),
];
const LIST_FORM: &[(&str, &str)] = &[("kind", "{kind}"), ("slug", "{slug}"), ("pasted", "{e164}")];
const ACT_FORM: &[(&str, &str)] = &[("slug", "{slug}"), ("e164", "{e164}"), ("act", "tag"), ("value", "lobby")];
const PLACE_FORM: &[(&str, &str)] = &[
    ("slug", "{slug}"),
    ("label", "Berlin"),
    ("street", "Hauptstr."),
    ("number", "1"),
    ("postal_code", "10115"),
    ("city", "Berlin"),
    ("country", "DE"),
];
const QUARANTINE_FORM: &[(&str, &str)] = &[("slug", "{slug}"), ("rest", "days"), ("days", "7")];
const THING_FORM: &[(&str, &str)] = &[("slug", "{slug}"), ("id", "{thing}")];
const RUN_TARGETS: &[(&str, &str)] = &[("slug", "{slug}"), ("id", "{thing}"), ("mode", "merge"), ("leaving", "0")];
const ANSWER_RELEASE: &[(&str, &str)] = &[("slug", "{slug}"), ("id", "{thing}"), ("answer", "decline"), ("reason", "No")];
const THRESHOLD: &[(&str, &str)] = &[("slug", "{slug}"), ("group", "{operator}/DE/geographic/"), ("percent", "20")];
const NEW_ENDPOINT: &[(&str, &str)] =
    &[("slug", "{slug}"), ("url", "https://192.0.2.7/hook"), ("signature", "both"), ("max_in_flight", "4"), ("confirms", "on")];
const ENDPOINT_FORM: &[(&str, &str)] = &[
    ("slug", "{slug}"),
    ("id", "{endpoint}"),
    ("url", "https://192.0.2.7/hook"),
    ("signature", "both"),
    ("max_in_flight", "4"),
    ("grace_s", "60"),
];

const RECOVER_FORM: &[(&str, &str)] =
    &[("slug", "{slug}"), ("id", "{endpoint}"), ("after_seq", "0"), ("only", "all"), ("at_most", "9"), ("asked", "by=seq")];

const CONSENT_FORM: &[(&str, &str)] = &[
    ("slug", "{slug}"),
    ("operator", "norvik"),
    ("operator_id", "{operator}"),
    ("countries[]", "DE"),
    ("classes[]", "numbers"),
    ("notice_version", "v1"),
    ("contact_name", "Mara"),
    ("contact_email", "mara@kestrel.example"),
    ("read", "on"),
];
const DRAFT_FORM: &[(&str, &str)] =
    &[("version", "v3"), ("title_en", "Notice"), ("body_en", "Text"), ("title_de", "Hinweis"), ("body_de", "Text")];
const TENANT_FORM: &[(&str, &str)] = &[
    ("slug", "new-tenant"),
    ("name", "New tenant"),
    ("country", "DE"),
    ("time_zone", "Europe/Berlin"),
    ("sip_domain", "new.sip.example"),
    ("quarantine_days", "30"),
];
const OPERATOR_FORM: &[(&str, &str)] = &[
    ("slug", "new-operator"),
    ("name", "New operator"),
    ("time_zone", "Europe/Berlin"),
    ("countries", "DE, AT"),
    ("services[]", "mobile"),
    ("emergency_mode", "tenant"),
];
const RELATIONSHIP_FORM: &[(&str, &str)] = &[
    ("slug", "{slug}"),
    ("tenant", "kestrel"),
    ("tenant_id", "{tenant}"),
    ("status", "contract_terminated"),
    ("comment", "Ended"),
];

/// Fields of the organisation's row, with its things in them.
fn fields(row: &Row, kind: &str, n: usize, slug: &str, client: &str) -> Vec<(&'static str, String)> {
    let filled = |value: &str| {
        let values = [
            ("{kind}", kind),
            ("{slug}", slug),
            ("{e164}", NUMBER[n]),
            ("{endpoint}", ENDPOINT[n]),
            ("{thing}", THING[n]),
            ("{event}", EVENT[n]),
            ("{client}", client),
        ];
        values.iter().fold(value.to_owned(), |value, (name, with)| value.replace(name, with))
    };
    row.fields.iter().map(|(name, value)| (*name, filled(value))).collect()
}

async fn submit(world: &World, path: &str, cookie: &str, fields: &[(&'static str, String)]) -> crate::world::Told {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    send(&world.app, path, cookie, &fields).await
}

#[sqlx::test]
async fn every_form_as_everybody(pool: PgPool) {
    let paths = server_fn_paths().map(|(path, _)| path.to_owned());
    let mut faults = compare("server function", paths, ROWS.iter().map(|row| row.path));
    let world = World::new(pool).await;
    world.token(world.people[0].org, ScopeSet::parse(["tenant:read"])).await;
    let client: String = sqlx::query_scalar("select id from api_client").fetch_one(world.store.pool()).await.expect("a client");
    sqlx::query("update api_client set org_kind = 'operator', org_id = $1")
        .bind(world.operators[0].0)
        .execute(world.store.pool())
        .await
        .expect("moved");
    let before = world.digest().await;
    for row in ROWS {
        let (kind, place) = match row.may {
            May::Of("operator", _) => ("operator", 1),
            May::Of("platform", _) => ("platform", 0),
            _ => ("tenant", 0),
        };
        let fields: Vec<_> = fields(row, kind, 0, world.slugs[place][0], &client)
            .into_iter()
            .map(|(name, value)| {
                let value = value.replace("{tenant}", &world.tenants[0].to_string());
                (name, value.replace("{operator}", &world.operators[0].to_string()))
            })
            .collect();
        faults.extend(from_elsewhere(&world, row, &fields).await);
        if row.may == May::Open {
            continue;
        }
        let told = submit(&world, row.path, "", &fields).await;
        if !told.asks_to_sign_in() {
            faults.push(format!("{} as nobody: {} {}", row.path, told.status, told.header("location")));
        }
        let May::Of(_, scope) = row.may else {
            continue;
        };
        let owner = world.admin(kind, 0).org;
        for person in world.people.iter().filter(|p| p.org != owner || !p.role.scopes().has(scope)) {
            let told = submit(&world, row.path, &person.cookie, &fields).await;
            // Refused: led back to where the form stands, with the reason; nothing has changed.
            if !matches!(told.status, 302 | 303) || told.asks_to_sign_in() {
                faults.push(format!("{} as {}: {} {}", row.path, person.who, told.status, told.text));
            }
            if world.digest().await != before {
                faults.push(format!("{} as {} changed something", row.path, person.who));
                break;
            }
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    assert_eq!(world.digest().await, before, "who may not changes nothing");
}

/// From another site nothing is taken, whoever is signed in.
async fn from_elsewhere(world: &World, row: &Row, fields: &[(&'static str, String)]) -> Vec<String> {
    let cookie = &world.admin(if let May::Of(kind, _) = row.may { kind } else { "tenant" }, 0).cookie;
    let body = serde_urlencoded::to_string(fields).expect("a form");
    let foreign: [&[(&str, &str)]; 3] = [
        &[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")],
        &[("sec-fetch-site", "same-site"), ("origin", "http://other.localhost")],
        &[("origin", "https://evil.example")],
    ];
    let mut faults = Vec::new();
    for foreign in foreign {
        let mut headers =
            vec![("content-type", "application/x-www-form-urlencoded"), ("accept", "text/html"), ("cookie", cookie.as_str())];
        headers.extend_from_slice(foreign);
        let told = call(&world.app, Method::POST, row.path, &headers, body.clone()).await;
        if told.status != 403 {
            faults.push(format!("{} from another site ({foreign:?}): {}", row.path, told.status));
        }
    }
    faults
}

/// A form that may be sent does something: otherwise the refusals above would prove nothing.
#[sqlx::test]
async fn who_may_changes_something(pool: PgPool) {
    let world = World::new(pool).await;
    let before = world.digest().await;
    let row = ROWS.iter().find(|row| row.path.ends_with("create_client")).expect("a row");
    let told = submit(&world, row.path, &world.admin("tenant", 0).cookie, &fields(row, "tenant", 0, "kestrel", "")).await;
    assert_eq!((told.status, told.header("location")), (302, "/t/kestrel/clients"));
    assert_ne!(world.digest().await, before);
}
