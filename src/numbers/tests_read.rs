//! Lists do not skip and do not repeat; pages can be drawn; an operator sees through open gates only, and it is written down.

use std::collections::BTreeSet;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use leptos::prelude::Owner;
use leptos::prelude::RenderHtml as _;
use leptos::prelude::provide_context;
use leptos::reactive::computed::ScopedFuture;
use sqlx::PgPool;
use uuid::Uuid;

use super::*;
use crate::base::AccountId;
use crate::base::Actor;
use crate::base::Ctx;
use crate::base::Env;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::Org;
use crate::base::Scope;
use crate::base::TenantId;
use crate::identity;
use crate::identity::PageRequest;
use crate::numbers::model_list::NumberAsk;
use crate::numbers::model_list::OperatorAsk;
use crate::numbers::reads::Way;
use crate::store::SecretKey;
use crate::store::Store;
use crate::store::ensure_partitions;
use crate::transfers::Channel;
use crate::ui::Lang;
use crate::ui::Page;
use crate::ui::Query;
use crate::ui::Viewer;

const FREE: &str = "+493023125001";

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_780)
}

struct Scene {
    store: Store,
    tenant: TenantId,
    norvik: OperatorId,
}

impl Scene {
    fn ctx(&self, org: Org) -> Ctx {
        Ctx {
            actor: Actor::Account { id: AccountId(Uuid::from_u128(7)), label: "Mara Lindner".to_owned() },
            org,
            scopes: Scope::ALL.iter().copied().collect(),
            request_id: "test".to_owned(),
            address: None,
            env: self.store.env.clone(),
        }
    }

    fn request(&self, org: Org, path: &str, params: &[(&str, &str)], query: &str) -> PageRequest {
        PageRequest {
            store: self.store.clone(),
            ctx: Some(self.ctx(org)),
            signed: None,
            params: params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            query: Query::parse(query),
            flash: None,
            path: path.to_owned(),
        }
    }
}

/// 120 numbers of two operators, a third of them assigned, changed in pairs at the same time.
async fn scene(pool: PgPool) -> Scene {
    let env = Env::fixed(now(), 5);
    let key = SecretKey::parse(&SecretKey::generate(&env)).expect("a key");
    let store = Store::new(pool, env, key);
    ensure_partitions(&store, now()).await.expect("partitions");
    let new = identity::NewTenant {
        slug: "kestrel",
        name: "Kestrel Logistik GmbH",
        country: "DE",
        time_zone: "Europe/Berlin",
        sip_domain: "kestrel.sip.example",
        quarantine_days: 30,
    };
    let tenant = identity::create_tenant(&store, new).await.expect("a tenant");
    let operator = async |slug: &'static str, name: &'static str| {
        let new = identity::NewOperator { slug, name, time_zone: "Europe/Oslo", countries: &["DE"], services: &[], website: None };
        identity::create_operator(&store, new).await.expect("an operator")
    };
    let norvik = operator("norvik", "Norvik Telekom").await;
    let albion = operator("albion", "Albion Voice").await;
    let mut tx = store.begin_job().await.expect("a transaction");
    for (owner, open) in [(norvik, true), (albion, false)] {
        sqlx::query(
            "insert into gate (tenant_id, operator_id, country, class, open, consent_id, notice_version, reason, changed_at)
             values ($1, $2, 'DE', 'numbers', $3, $4, '3', case when $3 then null else 'suspended' end, $5)",
        )
        .bind(tenant.0)
        .bind(owner.0)
        .bind(open)
        .bind(Uuid::from_u128(9))
        .bind(now())
        .execute(&mut *tx)
        .await
        .expect("a gate");
    }
    sqlx::query(
        "insert into target (tenant_id, id, kind, display_name, upn, usage_location, licensed, changed_at)
         select $1, 'u' || i, 'user', case when i % 2 = 0 then 'Aylin ' || i || ' Demir' else 'Jonas ' || i || ' Reuter' end, 'user' || i || '@kestrel.example',
                'DE', i % 5 <> 0, $2
         from generate_series(1, 60) as i",
    )
    .bind(tenant.0)
    .bind(now())
    .execute(&mut *tx)
    .await
    .expect("targets");
    sqlx::query(
        "insert into number (tenant_id, e164, operator_id, country, kind, usage, capabilities, city, listed, emergency_mode,
                             activation_state, assignment_status, quarantine_until, number_seq, created_at, changed_at)
         select $1, '+49302312' || (5000 + i), case when i % 3 = 0 then $3 else $2 end, 'DE', 'geographic', 'user', array['inbound', 'user'],
                'Berlin', true, 'operator_default', case when i % 10 = 0 then 'assignment_pending' else 'activated' end,
                case when i % 2 = 0 then 'user' else 'unassigned' end, case when i % 7 = 0 then 'infinity'::timestamptz end,
                1, $4, $4 - interval '1 minute' * (i / 2)
         from generate_series(1, 120) as i",
    )
    .bind(tenant.0)
    .bind(norvik.0)
    .bind(albion.0)
    .bind(now())
    .execute(&mut *tx)
    .await
    .expect("numbers");
    sqlx::query(
        "insert into assignment (tenant_id, e164, id, target_id, target_kind, target_name, category, assigned_at, assigned_seq)
         select $1, '+49302312' || (5000 + 2 * i), gen_random_uuid(), 'u' || i, 'user', 'U ' || i, 'primary', $2, 1
         from generate_series(1, 60) as i",
    )
    .bind(tenant.0)
    .bind(now() - TimeDelta::days(1))
    .execute(&mut *tx)
    .await
    .expect("assignments");
    tx.commit().await.expect("committed");
    Scene { store, tenant, norvik }
}

/// Walks a list page by page to its end, then back to its beginning; answers what stood on the pages, in order.
async fn walk(scene: &Scene, query: &str) -> (Vec<String>, Vec<String>) {
    let ctx = scene.ctx(Org::Tenant(scene.tenant));
    let base = Query::parse(query);
    let (mut there, mut back) = (Vec::new(), Vec::new());
    let mut state = base.clone();
    loop {
        let ask = NumberAsk::parse(&state).expect("a list");
        let page = reads::tenant_page(&mut scene.store.begin_for(&ctx).await.expect("begun"), &ctx, &ask, 7).await.expect("a page");
        there.extend(page.lines.iter().map(|line| line.e164.clone()));
        let Some(last) = page.lines.last().filter(|_| page.later) else { break };
        state = base.after(ask.cursor(last));
    }
    loop {
        let ask = NumberAsk::parse(&state).expect("a list");
        let page = reads::tenant_page(&mut scene.store.begin_for(&ctx).await.expect("begun"), &ctx, &ask, 7).await.expect("a page");
        back.splice(0..0, page.lines.iter().map(|line| line.e164.clone()));
        let Some(first) = page.lines.first().filter(|_| page.earlier) else { break };
        state = base.before(ask.cursor(first));
    }
    (there, back)
}

#[sqlx::test]
async fn pages_neither_skip_nor_repeat_in_any_order(pool: PgPool) {
    let scene = scene(pool).await;
    for sort in ["number", "-number", "state", "-state", "operator", "-operator", "changed", "-changed"] {
        let (there, back) = walk(&scene, &format!("sort={sort}")).await;
        assert_eq!(there.len(), 120, "{sort}");
        assert_eq!(there.iter().collect::<BTreeSet<_>>().len(), 120, "{sort}");
        assert_eq!(there, back, "{sort}");
    }
}

#[sqlx::test]
async fn filters_find_what_they_say(pool: PgPool) {
    let scene = scene(pool).await;
    let found = async |query: &str| walk(&scene, query).await.0.len();
    assert_eq!(found("state=assigned").await, 60);
    assert_eq!(found("state=free").await, 51, "unassigned and not blocked");
    let reserve = "insert into number_reservation (tenant_id, e164, note, reserved_at) values ($1, $2, 'For the new branch', $3)";
    let mut tx = scene.store.begin_job().await.expect("a transaction");
    sqlx::query(reserve).bind(scene.tenant.0).bind(FREE).bind(now()).execute(&mut *tx).await.expect("reserved");
    tx.commit().await.expect("committed");
    let (free, _) = walk(&scene, "state=free").await;
    assert!(free.len() == 50 && !free.iter().any(|e164| e164 == FREE), "nor reserved: {free:?}");
    let request = scene.request(Org::Tenant(scene.tenant), "/t/kestrel/numbers", &[("slug", "kestrel")], "q=5001&ends=true");
    let html = drawn(Lang::En, || numbers_page(request)).await;
    assert!(html.contains(">Reserved<"), "{html}");
    assert_eq!(found("state=pending").await, 12);
    assert_eq!(found("state=quarantined").await, 9);
    assert_eq!(found("state=failed").await, 0);
    assert_eq!(found("q=%2B4930231250").await, 99, "5001 to 5099");
    assert_eq!(found("q=030%202312%205007").await, 1, "a national number by its last digits");
    assert_eq!(found("q=17&ends=true").await, 2, "5017 and 5117");
    assert_eq!(found("q=aylin").await, 30);
    assert_eq!(found("q=User12@").await, 1, "an address");
    assert_eq!(found("q=%25").await, 0);
    assert_eq!(found("country=de&usage=user&kind=geographic").await, 120);
    assert_eq!(found("country=GB").await, 0);
    for bad in ["state=x", "sort=x", "operator=x", "country=xyz", "after=x", "changed_since=x"] {
        let refused = NumberAsk::parse(&Query::parse(bad)).map(|_| ()).expect_err(bad).problem();
        assert_eq!(refused.status, 400, "{bad}");
    }
}

#[sqlx::test]
async fn an_operator_sees_open_gates_only_and_it_is_written_down(pool: PgPool) {
    let scene = scene(pool).await;
    let ctx = scene.ctx(Org::Operator(scene.norvik));
    let mut seen = BTreeSet::new();
    let mut ask = OperatorAsk::default();
    loop {
        let page = reads::operator_page(&scene.store, &ctx, &ask, 9, Way::Call(Channel::Pull)).await.expect("a page");
        assert!(page.lines.iter().all(|line| seen.insert(line.e164.clone())));
        let Some(next) = page.next else { break };
        ask.after = Some(next);
    }
    assert_eq!(seen.len(), 80);
    let written: (i64, i64) = sqlx::query_as("select count(*), sum(records)::bigint from transfer where channel = 'pull'")
        .fetch_one(scene.store.pool())
        .await
        .expect("the register");
    assert_eq!(written, (9, 80));
    sqlx::query("update gate set open = false, reason = 'suspended'").execute(scene.store.pool()).await.expect("suspended");
    let page = reads::operator_page(&scene.store, &ctx, &OperatorAsk::default(), 9, Way::Page).await.expect("a page");
    assert!(page.lines.is_empty());
    let ask = OperatorAsk { tenant: Some(scene.tenant.0), ..OperatorAsk::default() };
    let refused = reads::operator_page(&scene.store, &ctx, &ask, 9, Way::Page).await.map(|_| ()).expect_err("withheld").problem();
    assert_eq!((refused.status, refused.code), (451, "consent_suspended"));
    let e164 = reads::number_param(FREE).expect("a number");
    let refused = reads::operator_number(&scene.store, &ctx, &e164, Way::Page).await.map(|_| ()).expect_err("withheld").problem();
    assert_eq!(refused.status, 451);
}

async fn drawn<F: Future<Output = Result<Page, Failure>>>(lang: Lang, page: impl FnOnce() -> F) -> String {
    let owner = Owner::new();
    let made = owner.with(|| {
        provide_context(Viewer { lang, now: now(), ..Viewer::default() });
        ScopedFuture::new(page())
    });
    let page = made.await.expect("a page");
    owner.with(|| page.body.to_html())
}

#[sqlx::test]
async fn every_page_can_be_drawn(pool: PgPool) {
    let scene = scene(pool).await;
    let (tenant, operator) = (Org::Tenant(scene.tenant), Org::Operator(scene.norvik));
    let (kestrel, norvik) = ([("slug", "kestrel"), ("e164", FREE)], [("slug", "norvik"), ("e164", FREE)]);
    let taken = [("slug", "kestrel"), ("e164", "+493023125002")];
    for lang in [Lang::En, Lang::De] {
        let list =
            drawn(lang, || numbers_page(scene.request(tenant, "/t/kestrel/numbers", &kestrel, "q=4930&sort=-changed"))).await;
        assert_eq!(list.matches("<tr>").count(), 51, "{list}");
        assert!(list.contains("rel=\"next\"") && list.contains("/t/kestrel/numbers.csv?q=4930"), "{list}");
        let none = drawn(lang, || numbers_page(scene.request(tenant, "/t/kestrel/numbers", &kestrel, "state=failed"))).await;
        assert!(none.contains("class=\"empty\""), "{none}");
        let number = drawn(lang, || number_page(scene.request(tenant, "", &taken, ""))).await;
        assert!(number.contains("sip:+493023125002@kestrel.sip.example;user=phone") && number.contains("/unassign"), "{number}");
        assert!(number.contains("value=\"category\"") && !number.contains("value=\"usage\""), "{number}");
        let assign = drawn(lang, || assign_page(scene.request(tenant, "", &kestrel, "q=demir"))).await;
        assert!(assign.contains("name=\"target_id\"") && assign.contains("disabled"), "{assign}");
        let unassign = drawn(lang, || unassign_page(scene.request(tenant, "", &taken, ""))).await;
        assert!(unassign.contains("name=\"quarantine_days\""), "{unassign}");
        let people = drawn(lang, || targets_page(scene.request(tenant, "", &kestrel, "q=reuter"))).await;
        assert_eq!(people.matches("<tr>").count(), 31, "{people}");
        let list = drawn(lang, || operator_numbers_page(scene.request(operator, "", &norvik, ""))).await;
        assert!(list.contains("Kestrel Logistik GmbH") && !list.contains("Demir") && !list.contains("U 1"), "{list}");
        let number = drawn(lang, || operator_number_page(scene.request(operator, "", &norvik, ""))).await;
        assert!(number.contains(FREE), "{number}");
        let upload = drawn(lang, || upload_page(scene.request(operator, "", &norvik, ""))).await;
        assert!(upload.contains("multipart/form-data"), "{upload}");
        let settings = drawn(lang, || settings_page(scene.request(tenant, "/t/kestrel/settings", &kestrel, ""))).await;
        assert!(settings.contains("name=\"rest\"") && settings.contains("value=\"30\""), "{settings}");
        let book = drawn(lang, || places_page(scene.request(tenant, "", &kestrel, ""))).await;
        assert!(book.contains("class=\"empty\"") && book.contains("/t/kestrel/locations/new"), "{book}");
        let place = drawn(lang, || new_place_page(scene.request(tenant, "", &kestrel, ""))).await;
        assert!(place.contains("name=\"postal_code\""), "{place}");
        let free = drawn(lang, || number_page(scene.request(tenant, "", &kestrel, "on=2026-11-20"))).await;
        assert!(
            free.contains("value=\"usage\"") && free.contains("value=\"reserve\"") && free.contains("value=\"release\""),
            "{free}"
        );
        for html in [list, number, upload, people, unassign, assign, settings, book, place, free] {
            assert!(!html.replace("numbers.csv", "").contains("numbers."), "a text is missing: {html}");
        }
    }
}

#[sqlx::test]
async fn a_file_is_checked_run_once_and_its_order_shown(pool: PgPool) {
    let scene = scene(pool).await;
    let ctx = scene.ctx(Org::Operator(scene.norvik));
    let header = order_csv::COLUMNS.join(",");
    let file = format!("{header}\n+493023125900,,user,,Berlin,,operator_default,K-1,,true\n030 77,,user,,,,,,,\n");
    let id = uploads::keep(&scene.store, &ctx, "a.csv", file.as_bytes(), "kestrel").await.expect("kept").to_string();
    let operator = Org::Operator(scene.norvik);
    let params = [("slug", "norvik"), ("id", id.as_str())];
    let page = drawn(Lang::De, || upload_check_page(scene.request(operator, "", &params, ""))).await;
    assert!(page.contains("030 77") && page.contains("1 Zeile ausführen"), "{page}");
    let order = uploads::run(&scene.store, &ctx, &id).await.expect("an order").to_string();
    let again = uploads::run(&scene.store, &ctx, &id).await.map(|_| ()).expect_err("gone").problem();
    assert_eq!(again.code, "upload_gone");
    let params = [("slug", "norvik"), ("id", order.as_str())];
    let page = drawn(Lang::En, || order_page(scene.request(operator, "", &params, ""))).await;
    assert!(page.contains("rejected.csv") && page.contains("Partly done"), "{page}");
}
