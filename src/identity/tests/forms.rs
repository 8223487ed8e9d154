//! Server functions as a browser without scripts calls them, and the pages they lead to.

use leptos::prelude::Owner;
use leptos::prelude::RenderHtml as _;
use leptos::prelude::provide_context;
use leptos::reactive::computed::ScopedFuture;
use leptos::server_fn::ServerFn;

use super::*;
use crate::ui::Lang;
use crate::ui::Page;
use crate::ui::Query;
use crate::ui::Viewer;

/// The portal with every form of this room, and the pages they lead to.
fn portal(store: &Store) -> Router {
    let forms = [
        SignIn::PATH,
        SignOut::PATH,
        SignOutEverywhere::PATH,
        EndSession::PATH,
        SaveAccount::PATH,
        SavePreference::PATH,
        ChangePassword::PATH,
        CreateClient::PATH,
        RevokeClient::PATH,
    ];
    let mut router = Router::new()
        .route("/sign-in", get(|state: State<Store>, request: Request| shown(state, request, OrgKind::Platform, sign_in_page)))
        .route("/account", get(|state: State<Store>, request: Request| shown(state, request, OrgKind::Platform, account_page)))
        .route(
            "/o/{slug}/clients",
            get(|state: State<Store>, request: Request| shown(state, request, OrgKind::Operator, clients_page)),
        )
        .route(
            "/o/{slug}/clients/{id}/revoke",
            get(|state: State<Store>, request: Request| shown(state, request, OrgKind::Operator, revoke_client_page)),
        );
    for path in forms {
        router = router.route(path, post(submit));
    }
    router
        .with_state(store.clone())
        .layer(from_fn_with_state(store.clone(), load_session))
        .layer(session_layer(store.clone(), false))
        .layer(from_fn_with_state(store.clone(), request_id))
}

async fn submit(State(store): State<Store>, request: Request) -> Response {
    leptos_axum::handle_server_fns_with_context(move || provide_context(store.clone()), request).await.into_response()
}

/// What the program does around a page.
async fn shown<F, Fut>(State(store): State<Store>, request: Request, kind: OrgKind, page: F) -> Result<Response, Failure>
where
    F: FnOnce(PageRequest) -> Fut,
    Fut: Future<Output = Result<Page, Failure>> + Send + 'static,
{
    let (parts, _) = request.into_parts();
    let segments: Vec<String> = parts.uri.path().split('/').map(str::to_owned).collect();
    let segment = |place: usize| segments.get(place).cloned().unwrap_or_default();
    let ctx = if kind == OrgKind::Platform { None } else { Some(ctx_for_slug(&parts, kind, &segment(2), &store.env)?) };
    let request = PageRequest {
        ctx,
        signed: signed(&parts)?,
        params: vec![("slug".to_owned(), segment(2)), ("id".to_owned(), segment(4))],
        query: Query::parse(parts.uri.query().unwrap_or_default()),
        flash: take_flash(&parts).await?,
        path: parts.uri.path().to_owned(),
        store: store.clone(),
    };
    let flash = request.flash.as_ref().map(|flash| format!("<output>{}|{}</output>", flash.title, flash.text)).unwrap_or_default();
    let owner = Owner::new();
    let viewer = viewer(&parts, &store.env);
    let made = owner.with(|| {
        provide_context::<Viewer>(viewer);
        ScopedFuture::new(page(request))
    });
    let page = made.await?;
    Ok(owner.with(|| format!("{flash}{}", page.body.to_html())).into_response())
}

async fn send(app: &Router, path: &str, cookie: &str, fields: &[(&str, &str)]) -> Told {
    let body = serde_urlencoded::to_string(fields).expect("a form");
    let headers =
        [FORM, ("accept", "text/html"), ("cookie", cookie), ("referer", "http://localhost/somewhere"), ("accept-language", "de")];
    call(app, Method::POST, path, &headers, &body).await
}

async fn view(app: &Router, path: &str, cookie: &str) -> Told {
    call(app, Method::GET, path, &[("cookie", cookie), ("accept-language", "de")], "").await
}

async fn enter_as(app: &Router, email: &str) -> String {
    let told = send(app, SignIn::PATH, "", &[("email", email), ("password", PASSWORD)]).await;
    assert_eq!((told.status, told.header("location")), (302, "/"));
    told.cookie()
}

async fn norvik_admin(store: &Store, email: &str) {
    let norvik = operator(store).await;
    member(store, email, Org::Operator(norvik), Role::Operator(OperatorRole::Admin)).await;
}

#[sqlx::test]
async fn a_refused_sign_in_keeps_the_address_and_says_why(pool: PgPool) {
    let store = store(pool, 21).await;
    norvik_admin(&store, "f1@norvik.example").await;
    let app = portal(&store);
    let told =
        send(&app, SignIn::PATH, "", &[("email", "f1@norvik.example"), ("password", "falsch"), ("next", "/o/norvik/clients")])
            .await;
    assert_eq!((told.status, told.header("location")), (302, "/sign-in?next=%2Fo%2Fnorvik%2Fclients"));
    assert_eq!(told.headers.get_all("location").iter().count(), 1);
    let page = view(&app, told.header("location"), &told.cookie()).await.text;
    assert!(page.contains("value=\"f1@norvik.example\"") && page.contains("aria-invalid=\"true\""), "{page}");
    assert!(page.contains("Passt nicht zu dieser E-Mail-Adresse.") && page.contains("<output>Nicht angemeldet|"), "{page}");
    assert!(page.contains("value=\"/o/norvik/clients\"") && !page.contains("falsch"), "{page}");

    let right = [("email", "f1@norvik.example"), ("password", PASSWORD), ("next", "/o/norvik/clients")];
    assert_eq!(send(&app, SignIn::PATH, "", &right).await.header("location"), "/o/norvik/clients");
    let evil = [("email", "f1@norvik.example"), ("password", PASSWORD), ("next", "//evil.example")];
    assert_eq!(send(&app, SignIn::PATH, "", &evil).await.header("location"), "/");
    assert_eq!(send(&app, SignIn::PATH, "", &[]).await.header("location"), "/sign-in", "an empty form");
}

#[sqlx::test]
async fn an_account_changes_its_view_its_password_and_its_sessions(pool: PgPool) {
    let store = store(pool, 22).await;
    norvik_admin(&store, "f2@norvik.example").await;
    let app = portal(&store);
    let (here, there) = (enter_as(&app, "f2@norvik.example").await, enter_as(&app, "f2@norvik.example").await);
    let page = view(&app, "/account", &here).await.text;
    assert!(page.contains("Ihr Konto") && page.matches("name=\"session\"").count() == 1, "{page}");

    let wrong = [("name", " "), ("language", "fr"), ("time_zone", "Mars/Base"), ("theme", "pink")];
    assert_eq!(send(&app, SaveAccount::PATH, &here, &wrong).await.header("location"), "/account");
    let page = view(&app, "/account", &here).await.text;
    assert_eq!(page.matches("class=\"error\"").count(), 4, "{page}");
    let right = [("name", "Mara L."), ("language", "en"), ("time_zone", "Europe/Oslo"), ("theme", "dark")];
    send(&app, SaveAccount::PATH, &here, &right).await;
    let page = view(&app, "/account", &here).await.text;
    assert!(page.contains("<output>Saved|</output>") && page.contains("value=\"Mara L.\""), "{page}");
    let told = send(&app, SavePreference::PATH, &here, &[("language", "de"), ("back", "/account")]).await;
    assert_eq!(told.header("location"), "/account");

    let change = |old: &'static str, new: &'static str, again: &'static str| {
        [("old_password", old), ("new_password", new), ("new_password_again", again)]
    };
    for (fields, words) in [
        (change("falsch", "long enough", "long enough"), "Passt nicht."),
        (change(PASSWORD, "kurz", "kurz"), "mindestens 8 Zeichen"),
        (change(PASSWORD, "password123", "password123"), "probieren alle zuerst"),
        (change(PASSWORD, "long enough", "long enouhg"), "zweimal gleich"),
    ] {
        send(&app, ChangePassword::PATH, &here, &fields).await;
        let page = view(&app, "/account", &here).await.text;
        assert!(page.contains(words), "{words}: {page}");
    }
    send(&app, ChangePassword::PATH, &here, &change(PASSWORD, "another good one", "another good one")).await;
    let page = view(&app, "/account", &here).await.text;
    assert!(page.contains("Passwort geändert|Eine andere Sitzung wurde beendet."), "{page}");
    assert_eq!(view(&app, "/account", &there).await.status, 401);

    let told = send(&app, SignIn::PATH, "", &[("email", "f2@norvik.example"), ("password", "another good one")]).await;
    let there = told.cookie();
    let page = view(&app, "/account", &here).await.text;
    let handle =
        page.split("name=\"session\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a handle").to_owned();
    send(&app, EndSession::PATH, &here, &[("session", &handle)]).await;
    assert_eq!(view(&app, "/account", &there).await.status, 401);
    let foreign = send(&app, EndSession::PATH, &here, &[("session", "nobody's")]).await;
    assert_eq!(foreign.header("location"), "/account");
    assert_eq!(send(&app, SignOutEverywhere::PATH, &here, &[]).await.header("location"), "/sign-in");
    assert_eq!(view(&app, "/account", &here).await.status, 401);
    let late = send(&app, SaveAccount::PATH, &here, &right).await;
    assert_eq!(late.header("location"), "/sign-in?next=%2Faccount");
}

#[sqlx::test]
async fn an_admin_makes_and_revokes_an_api_client(pool: PgPool) {
    let store = store(pool, 23).await;
    norvik_admin(&store, "f3@norvik.example").await;
    let app = portal(&store);
    let cookie = enter_as(&app, "f3@norvik.example").await;
    assert!(view(&app, "/o/norvik/clients", &cookie).await.text.contains("Noch keine API-Clients"));
    let new = |scope: &'static str| [("kind", "operator"), ("slug", "norvik"), ("name", "Feed reader"), ("scopes[]", scope)];
    send(&app, CreateClient::PATH, &cookie, &new("tenant:assign")).await;
    let page = view(&app, "/o/norvik/clients", &cookie).await.text;
    assert!(page.contains("value=\"Feed reader\"") && page.contains("scopes-error"), "{page}");
    send(&app, CreateClient::PATH, &cookie, &new("events:read")).await;
    let data: Vec<u8> = sqlx::query_scalar("select data from session").fetch_one(store.pool()).await.expect("a row");
    assert!(!String::from_utf8_lossy(&data).contains("ccs_"), "the secret rests sealed");
    let page = view(&app, "/o/norvik/clients", &cookie).await.text;
    assert!(page.contains("ccs_") && page.contains("Feed reader"), "{page}");
    let page = view(&app, "/o/norvik/clients", &cookie).await.text;
    assert!(!page.contains("ccs_"), "shown once");
    let address =
        page.split("href=\"").find(|part| part.contains("/revoke\"")).and_then(|part| part.split('"').next()).expect("a link");
    assert!(view(&app, address, &cookie).await.text.contains("Feed reader widerrufen?"));
    let id = address.split('/').nth(4).expect("an id").to_owned();
    let revoke = [("kind", "operator"), ("slug", "norvik"), ("id", id.as_str())];
    assert_eq!(send(&app, RevokeClient::PATH, &cookie, &revoke).await.header("location"), "/o/norvik/clients");
    assert!(view(&app, "/o/norvik/clients", &cookie).await.text.contains("<output>Client widerrufen|</output>"));
    assert_eq!(view(&app, address, &cookie).await.status, 404);
    let foreign = [("kind", "operator"), ("slug", "other"), ("id", id.as_str())];
    assert_eq!(send(&app, RevokeClient::PATH, &cookie, &foreign).await.header("location"), "/o/other/clients");
    assert_eq!(view(&app, "/o/other/clients", &cookie).await.status, 404);
    assert_eq!(Lang::ALL.len(), 2, "the words above are German; English has the same keys");
}
