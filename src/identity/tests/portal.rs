//! Signing in, sessions, organisations.

use super::*;

async fn enter_as(app: &Router, email: &str, password: &str, cookie: &str) -> Told {
    let body = serde_urlencoded::to_string([("email", email), ("password", password)]).expect("a form");
    call(app, Method::POST, "/sign-in", &[FORM, ("cookie", cookie), ("user-agent", "Firefox")], &body).await
}

async fn email_of(app: &Router, cookie: &str) -> Option<String> {
    let told = call(app, Method::GET, "/", &[("cookie", cookie)], "").await;
    told.json()["email"].as_str().map(str::to_owned)
}

async fn count(store: &Store, table: &str) -> i64 {
    sqlx::query_scalar(&format!("select count(*) from {table}")).fetch_one(store.pool()).await.expect("a count")
}

#[sqlx::test]
async fn a_member_signs_in_looks_around_and_leaves(pool: PgPool) {
    let store = store(pool, 1).await;
    let kestrel = tenant(&store, "kestrel").await;
    tenant(&store, "other").await;
    member(&store, "mara@kestrel.example", Org::Tenant(kestrel), Role::Tenant(TenantRole::Admin)).await;
    member(&store, "hans@kestrel.example", Org::Tenant(kestrel), Role::Tenant(TenantRole::HelpdeskOne)).await;
    let app = app(&store, &RequestLog::default(), RateLimits::default());
    assert_eq!(call(&app, Method::GET, "/", &[], "").await.header("set-cookie"), "");
    assert_eq!(count(&store, "session").await, 0, "visitors leave no row");

    let told = enter_as(&app, "MARA@kestrel.example", PASSWORD, "").await;
    assert_eq!(told.status, 303);
    let set = told.header("set-cookie");
    assert!(
        set.starts_with("concord=") && set.contains("HttpOnly") && set.contains("SameSite=Lax") && !set.contains("Secure"),
        "{set}"
    );
    let cookie = told.cookie();
    assert_eq!(email_of(&app, &cookie).await.as_deref(), Some("mara@kestrel.example"));
    assert_eq!(call(&app, Method::GET, "/t/kestrel/", &[("cookie", &cookie)], "").await.status, 200);
    assert_eq!(call(&app, Method::GET, "/t/other/", &[("cookie", &cookie)], "").await.status, 404);
    assert_eq!(call(&app, Method::GET, "/t/nobody/", &[("cookie", &cookie)], "").await.status, 404);
    assert_eq!(call(&app, Method::GET, "/t/kestrel/", &[], "").await.status, 401);
    let hans = enter_as(&app, "hans@kestrel.example", PASSWORD, "").await.cookie();
    assert_eq!(call(&app, Method::GET, "/t/kestrel/", &[("cookie", &hans)], "").await.status, 403);

    assert_eq!(call(&app, Method::POST, "/leave", &[("cookie", &cookie)], "").await.status, 303);
    assert_eq!(email_of(&app, &cookie).await, None);
    assert_eq!(email_of(&app, &hans).await.as_deref(), Some("hans@kestrel.example"));
    assert_eq!(count(&store, "audit_event where action = 'account.signed_in'").await, 2);
}

#[sqlx::test]
async fn signing_in_changes_the_session_id_and_keeps_only_its_hash(pool: PgPool) {
    let store = store(pool, 2).await;
    let kestrel = tenant(&store, "kestrel").await;
    member(&store, "id@kestrel.example", Org::Tenant(kestrel), Role::Tenant(TenantRole::Admin)).await;
    let app = app(&store, &RequestLog::default(), RateLimits::default());
    let planted = enter_as(&app, "id@kestrel.example", "wrong password", "").await;
    assert_eq!((planted.status, planted.code().as_str()), (401, "credentials_wrong"));
    let planted = planted.cookie();
    let cookie = enter_as(&app, "id@kestrel.example", PASSWORD, &planted).await.cookie();
    assert_ne!(planted, cookie);
    assert_eq!(email_of(&app, &planted).await, None);
    let value = cookie.strip_prefix("concord=").expect("a cookie").to_owned();
    let held: Vec<String> = sqlx::query_scalar("select id from session").fetch_all(store.pool()).await.expect("rows");
    assert_eq!(held.len(), 1);
    assert_ne!(held[0], value);
}

#[sqlx::test]
async fn a_failed_sign_in_stands_in_the_action_log(pool: PgPool) {
    let store = store(pool, 6).await;
    let kestrel = tenant(&store, "kestrel").await;
    member(&store, "log@kestrel.example", Org::Tenant(kestrel), Role::Tenant(TenantRole::Auditor)).await;
    let app = app(&store, &RequestLog::default(), RateLimits::default());
    assert_eq!(enter_as(&app, "log@kestrel.example", "wrong password", "").await.status, 401);
    let noted = async {
        while count(&store, "audit_event where action = 'account.sign_in_failed' and address = '192.0.2.7'").await == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), noted).await.expect("noted");
}

#[sqlx::test]
async fn a_refused_visitor_hears_why_once(pool: PgPool) {
    let store = store(pool, 3).await;
    let app = app(&store, &RequestLog::default(), RateLimits::default());
    let told = enter_as(&app, "nobody@flash.example", "wrong password", "").await;
    let cookie = told.cookie();
    let data: Vec<u8> = sqlx::query_scalar("select data from session").fetch_one(store.pool()).await.expect("a row");
    assert!(!String::from_utf8_lossy(&data).contains("wrong password"));
    let first = call(&app, Method::GET, "/", &[("cookie", &cookie)], "").await;
    assert_eq!(first.json()["flash"], "refused");
    assert_eq!(call(&app, Method::GET, "/", &[("cookie", &cookie)], "").await.json()["flash"], Value::Null);
    assert_eq!(count(&store, "session").await, 0);
}

#[sqlx::test]
async fn sessions_end_by_time_and_everywhere(pool: PgPool) {
    let store = store(pool, 4).await;
    let kestrel = tenant(&store, "kestrel").await;
    let account = member(&store, "end@kestrel.example", Org::Tenant(kestrel), Role::Tenant(TenantRole::Admin)).await;
    let app = app(&store, &RequestLog::default(), RateLimits::default());
    let (one, two) = (
        enter_as(&app, "end@kestrel.example", PASSWORD, "").await.cookie(),
        enter_as(&app, "end@kestrel.example", PASSWORD, "").await.cookie(),
    );
    store.env.advance(TimeDelta::hours(11));
    assert!(email_of(&app, &one).await.is_some(), "used within 12 h");
    store.env.advance(TimeDelta::hours(11));
    assert!(email_of(&app, &one).await.is_some(), "use moved the end");
    assert!(email_of(&app, &two).await.is_none(), "22 h unused");
    for _ in 0..14 {
        store.env.advance(TimeDelta::hours(11));
        email_of(&app, &one).await;
    }
    assert!(email_of(&app, &one).await.is_none(), "7 days after signing in");
    assert!(!housekeeping(&store, None).await.expect("kept house"));
    assert_eq!(count(&store, "session").await, 0);

    let (one, two) = (
        enter_as(&app, "end@kestrel.example", PASSWORD, "").await.cookie(),
        enter_as(&app, "end@kestrel.example", PASSWORD, "").await.cookie(),
    );
    assert_eq!(call(&app, Method::POST, "/leave-everywhere", &[("cookie", &one)], "").await.status, 303);
    assert!(email_of(&app, &one).await.is_none() && email_of(&app, &two).await.is_none());
    assert_eq!(count(&store, "session_index").await, 0);
    let three = enter_as(&app, "end@kestrel.example", PASSWORD, "").await.cookie();
    sqlx::query("update account set disabled_at = now() where id = $1")
        .bind(account.0)
        .execute(store.pool())
        .await
        .expect("disabled");
    assert!(email_of(&app, &three).await.is_none(), "a disabled account");
    assert_eq!(enter_as(&app, "end@kestrel.example", PASSWORD, "").await.status, 401);
}

#[sqlx::test]
async fn guessing_is_throttled_and_right_passwords_are_not(pool: PgPool) {
    let store = store(pool, 5).await;
    let kestrel = tenant(&store, "kestrel").await;
    member(&store, "guess@kestrel.example", Org::Tenant(kestrel), Role::Tenant(TenantRole::Admin)).await;
    let app = app(&store, &RequestLog::default(), RateLimits::default());
    for _ in 0..12 {
        assert_eq!(enter_as(&app, "guess@kestrel.example", PASSWORD, "").await.status, 303);
    }
    for _ in 0..10 {
        assert_eq!(enter_as(&app, "guess@kestrel.example", "wrong password", "").await.status, 401);
    }
    let told = enter_as(&app, "guess@kestrel.example", PASSWORD, "").await;
    assert_eq!((told.status, told.code().as_str(), told.header("retry-after")), (429, "sign_in_throttled", "6"));
    store.env.advance(TimeDelta::seconds(7));
    assert_eq!(enter_as(&app, "guess@kestrel.example", PASSWORD, "").await.status, 303);
}
