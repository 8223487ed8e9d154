//! The directory as the platform keeps it.

use sqlx::PgPool;
use uuid::Uuid;

use super::*;
use crate::base::Actor;
use crate::base::Ctx;

fn ctx(store: &Store, org: Org) -> Ctx {
    Ctx {
        actor: Actor::Client { id: "controller".to_owned(), label: "Controller".to_owned() },
        org,
        scopes: std::iter::once(Scope::PlatformDirectory).collect(),
        request_id: "req_1".to_owned(),
        address: None,
        env: store.env.clone(),
    }
}

fn tenant_put(slug: &str) -> TenantPut {
    TenantPut {
        slug: slug.to_owned(),
        name: "Acme Ltd".to_owned(),
        country: "GB".to_owned(),
        time_zone: "Europe/London".to_owned(),
        sip_domain: format!("{slug}.sip.example"),
        quarantine_days: 30,
    }
}

fn operator_put(slug: &str) -> OperatorPut {
    OperatorPut {
        slug: slug.to_owned(),
        name: "Lundy Telecom".to_owned(),
        time_zone: "Europe/London".to_owned(),
        countries: vec!["GB".to_owned()],
        services: vec!["mobile".to_owned()],
        website: Some("https://lundy.example".to_owned()),
        emergency_mode: "tenant".to_owned(),
    }
}

fn refusal<T: std::fmt::Debug>(result: Result<T, Failure>) -> (u16, &'static str, Option<String>) {
    let problem = result.expect_err("refused").problem();
    (problem.status, problem.code, problem.errors.first().and_then(|error| error.field.clone()))
}

#[sqlx::test]
async fn a_tenant_is_made_once_and_changed_but_for_what_addresses_are_made_from(pool: PgPool) {
    let store = store(pool, 31).await;
    let platform = ctx(&store, Org::Platform);
    let id = Uuid::from_u128(7);
    assert!(put_tenant(&store, &platform, id, &tenant_put("acme")).await.expect("made"), "new");
    let renamed = TenantPut { name: "Acme plc".to_owned(), country: "IE".to_owned(), ..tenant_put("acme") };
    assert!(!put_tenant(&store, &platform, id, &renamed).await.expect("changed"), "not new");
    let kept: (String, String) = sqlx::query_as("select name, country from tenant").fetch_one(store.pool()).await.expect("one");
    assert_eq!(kept, ("Acme plc".to_owned(), "IE".to_owned()));
    let moved = TenantPut { sip_domain: "other.sip.example".to_owned(), ..tenant_put("acme") };
    assert_eq!(refusal(put_tenant(&store, &platform, id, &moved).await), (409, "org_fixed", Some("sip_domain".to_owned())));
    assert_eq!(refusal(put_tenant(&store, &platform, id, &tenant_put("other")).await).1, "org_fixed");
    assert_eq!(refusal(put_tenant(&store, &platform, Uuid::from_u128(8), &tenant_put("acme")).await).1, "slug_taken");
    let wrong = TenantPut { time_zone: "Europe/Nowhere".to_owned(), ..tenant_put("next") };
    assert_eq!(
        refusal(put_tenant(&store, &platform, Uuid::from_u128(9), &wrong).await),
        (422, "org_invalid", Some("time_zone".to_owned()))
    );
    let stranger = ctx(&store, Org::Tenant(TenantId(id)));
    assert_eq!(refusal(put_tenant(&store, &stranger, id, &renamed).await).1, "wrong_org_kind");
    let logged: Vec<String> = sqlx::query_scalar("select action from audit_event where action like 'tenant.%' order by action")
        .fetch_all(store.pool())
        .await
        .expect("a log");
    assert_eq!(logged, ["tenant.changed", "tenant.created"]);
}

#[sqlx::test]
async fn an_operator_says_where_and_how_it_serves(pool: PgPool) {
    let store = store(pool, 32).await;
    let platform = ctx(&store, Org::Platform);
    let id = Uuid::from_u128(7);
    assert!(put_operator(&store, &platform, id, &operator_put("lundy")).await.expect("made"));
    let cases = [
        (OperatorPut { countries: Vec::new(), ..operator_put("lundy") }, "countries"),
        (OperatorPut { countries: vec!["Germany".to_owned()], ..operator_put("lundy") }, "country"),
        (OperatorPut { services: vec!["fax".to_owned()], ..operator_put("lundy") }, "services"),
        (OperatorPut { website: Some("http://lundy.example".to_owned()), ..operator_put("lundy") }, "website"),
        (OperatorPut { emergency_mode: "nobody".to_owned(), ..operator_put("lundy") }, "emergency_mode"),
    ];
    for (put, field) in cases {
        assert_eq!(refusal(put_operator(&store, &platform, id, &put).await).2.as_deref(), Some(field));
    }
    use super::super::setup_platform::put_logo;
    assert_eq!(refusal(put_logo(&store, &platform, id, Some(b"<svg/>")).await).1, "logo_invalid");
    let large = [&b"\x89PNG\r\n\x1a\n"[..], &[0; 65_536]].concat();
    assert_eq!(refusal(put_logo(&store, &platform, id, Some(&large)).await).1, "logo_invalid");
    put_logo(&store, &platform, id, Some(b"\x89PNG\r\n\x1a\n....")).await.expect("set");
    let kind: Option<String> = sqlx::query_scalar("select logo_type from operator").fetch_one(store.pool()).await.expect("one");
    assert_eq!(kind.as_deref(), Some("image/png"));
    put_logo(&store, &platform, id, None).await.expect("taken away");
    assert_eq!(refusal(put_logo(&store, &platform, Uuid::from_u128(8), None).await).0, 404);
}
