//! The pages of register, log and consent, rendered in both languages as the program renders them.

use chrono::DateTime;
use chrono::TimeDelta;
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
use crate::consent;
use crate::identity;
use crate::identity::PageRequest;
use crate::store::Reach;
use crate::store::SecretKey;
use crate::store::Store;
use crate::store::ensure_partitions;
use crate::transfers;
use crate::transfers::Class;
use crate::ui::Lang;
use crate::ui::Page;
use crate::ui::Query;
use crate::ui::Viewer;

struct World {
    store: Store,
    kestrel: TenantId,
    norvik: OperatorId,
}

async fn world(pool: PgPool) -> World {
    let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_780);
    let env = Env::fixed(now, 31);
    let key = SecretKey::parse(&SecretKey::generate(&env)).expect("a key");
    let store = Store::new(pool, env, key);
    ensure_partitions(&store, now).await.expect("partitions");
    let new = identity::NewTenant {
        slug: "kestrel",
        name: "Kestrel <b>Logistik</b>",
        country: "DE",
        time_zone: "Europe/Berlin",
        sip_domain: "kestrel.sip.example",
        quarantine_days: 30,
    };
    let kestrel = identity::create_tenant(&store, new).await.expect("a tenant");
    let mut operators = Vec::new();
    for slug in ["norvik", "albion"] {
        let new = identity::NewOperator {
            slug,
            name: slug,
            time_zone: "Europe/Oslo",
            countries: &["DE", "NO"],
            services: &["Geographic numbers"],
            website: None,
        };
        operators.push(identity::create_operator(&store, new).await.expect("an operator"));
    }
    let norvik = operators[0];
    let grant = consent::SeedGrant {
        tenant: kestrel,
        operator: norvik,
        countries: &["DE"],
        classes: &[Class::Numbers, Class::Calls],
        accepted_by: "Mara Lindner",
        contact: Some(("Mara Lindner", "mara@kestrel.example")),
        at: now - TimeDelta::days(10),
    };
    consent::grant_for_seed(&store, grant).await.expect("granted");
    World { store, kestrel, norvik }
}

impl World {
    fn ctx(&self, org: Org) -> Ctx {
        Ctx {
            actor: Actor::Account { id: AccountId(Uuid::from_u128(9)), label: "Mara Lindner".to_owned() },
            org,
            scopes: Scope::ALL.iter().copied().collect(),
            request_id: "req_1".to_owned(),
            address: Some("192.0.2.44".to_owned()),
            env: self.store.env.clone(),
        }
    }

    /// The hash of an entry in a chain of Kestrel, in hex.
    async fn chained(&self, chain: &str, seq: i64) -> String {
        let mut tx = self.store.begin(Reach::Tenant(self.kestrel)).await.expect("begun");
        let hash = sqlx::query_scalar("select encode(hash, 'hex') from chain_entry where chain = $1 and seq = $2");
        hash.bind(chain).bind(seq).fetch_one(&mut *tx).await.expect("a hash")
    }

    async fn transfer(&self, reference: &str) -> Uuid {
        let entry = transfers::NewTransfer {
            tenant: self.kestrel,
            operator: self.norvik,
            direction: transfers::Direction::ToOperator,
            classes: vec![Class::Numbers],
            channel: transfers::Channel::Push,
            state: transfers::TransferState::Confirmed,
            records: 1,
            period: None,
            basis: transfers::Basis::Consent { id: self.kestrel.0.into(), notice_version: "2026-11".to_owned() },
            digest: Some([7; 32]),
            reference: reference.to_owned(),
            actor_label: None,
            frozen_at: self.store.env.now(),
        };
        let mut tx = self.store.begin(Reach::Tenant(self.kestrel)).await.expect("begun");
        let made = transfers::register(&mut tx, &self.store.env, &[entry]).await.expect("registered");
        tx.commit().await.expect("committed");
        made[0].1.0
    }

    /// The page at an address of the tenant or the operator; `names` are the names of the parts behind the list's.
    async fn show<F, Fut>(&self, lang: Lang, address: &str, names: &[&str], page: F) -> Result<String, Failure>
    where
        F: FnOnce(PageRequest) -> Fut,
        Fut: Future<Output = Result<Page, Failure>> + Send + 'static,
    {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let parts: Vec<&str> = path.split('/').collect();
        let org = if parts[1] == "t" { Org::Tenant(self.kestrel) } else { Org::Operator(self.norvik) };
        let mut params = vec![("slug".to_owned(), parts[2].to_owned())];
        params.extend(names.iter().zip(parts.iter().skip(4)).map(|(name, part)| ((*name).to_owned(), (*part).to_owned())));
        let request = PageRequest {
            store: self.store.clone(),
            ctx: Some(self.ctx(org)),
            signed: None,
            params,
            query: Query::parse(query),
            flash: None,
            path: path.to_owned(),
        };
        let viewer = Viewer { lang, time_zone: chrono_tz::Europe::Berlin, now: self.store.env.now(), ..Viewer::default() };
        let owner = Owner::new();
        let made = owner.with(|| {
            provide_context(viewer);
            ScopedFuture::new(page(request))
        });
        let page = made.await?;
        Ok(owner.with(|| page.body.to_html()))
    }
}

#[sqlx::test]
async fn the_register_shows_filters_and_proves(pool: PgPool) {
    let w = world(pool).await;
    let html = w.show(Lang::En, "/t/kestrel/register", &[], transfers::register_page).await.expect("a page");
    assert!(html.contains("Nothing was transferred yet"), "{html}");
    for n in 0..60 {
        w.transfer(&format!("evt_{n}")).await;
        w.store.env.advance(TimeDelta::seconds(1));
    }
    let id = w.transfer("evt_<last>").await;
    w.store.env.advance(TimeDelta::seconds(10));
    while transfers::seal(w.store.clone()).await.expect("sealed") {}
    for (lang, word) in [(Lang::En, "Given"), (Lang::De, "Gegeben")] {
        let html = w.show(lang, "/t/kestrel/register?class=numbers", &[], transfers::register_page).await.expect("a page");
        assert!(html.contains(word) && html.contains("evt_&lt;last&gt;") && html.matches("<h1").count() == 1, "{html}");
        assert!(html.contains(&format!("/t/kestrel/register/{id}")) && html.contains("rel=\"next\""), "{html}");
    }
    let html = w.show(Lang::En, "/o/norvik/register?ref=evt_3", &[], transfers::register_page).await.expect("a page");
    assert!(html.contains("Received") && html.contains("1 entry") && html.contains("Kestrel &lt;b&gt;"), "{html}");
    let html = w.show(Lang::En, "/t/kestrel/register?month=2020-01", &[], transfers::register_page).await.expect("a page");
    assert!(html.contains("No entry fits these filters"), "{html}");
    let html = w.show(Lang::En, "/t/kestrel/register?from=soon", &[], transfers::register_page).await.expect("a page");
    assert!(html.contains("aria-invalid=\"true\""), "{html}");

    let address = format!("/t/kestrel/register/{id}");
    let html = w.show(Lang::De, &address, &["id"], transfers::entry_page).await.expect("a page");
    assert!(html.contains(&"07".repeat(32)) && html.contains("Eintrag 61"), "{html}");
    let foreign = format!("/t/kestrel/register/{}", Uuid::from_u128(4));
    assert_eq!(w.show(Lang::En, &foreign, &["id"], transfers::entry_page).await.expect_err("none").problem().status, 404);
    let html = w.show(Lang::En, "/t/kestrel/register/verify", &[], transfers::verify_page).await.expect("a page");
    assert!(html.contains("The chain is whole: 61 entries checked"), "{html}");
    let html = w.show(Lang::De, "/o/norvik/register/verify", &[], transfers::verify_page).await.expect("a page");
    assert!(html.contains("Die Kette ist ganz"), "{html}");

    let head = w.chained("register", 61).await;
    let (head, wrong) = (head.as_str(), "0".repeat(64));
    let cases = [
        (Lang::En, "61", head, "It fits. Up to this entry"),
        (Lang::De, "61", wrong.as_str(), "Er passt nicht."),
        (Lang::En, "62", head, "It does not fit."),
        (Lang::En, "soon", head, "Write the entry’s number"),
        (Lang::De, "", head, "Schreiben Sie die Nummer des Eintrags"),
        (Lang::De, "61", &head[1..], "Ein Kopf hat 64 Zeichen"),
    ];
    for (lang, entry, kept, told) in cases {
        let address = format!("/t/kestrel/register/verify?entry={entry}&head={kept}");
        let html = w.show(lang, &address, &[], transfers::verify_page).await.expect("a page");
        assert!(html.contains(told), "{address}: {html}");
    }
}

#[sqlx::test]
async fn the_log_shows_who_did_what(pool: PgPool) {
    let w = world(pool).await;
    while crate::audit::seal(w.store.clone()).await.expect("sealed") {}
    let html = w.show(Lang::En, "/t/kestrel/audit?action=consent.", &[], audit_page).await.expect("a page");
    assert!(html.contains("Accepted a consent") && html.contains("consent.accept"), "{html}");
    let html = w.show(Lang::De, "/t/kestrel/audit?q=nobody", &[], audit_page).await.expect("a page");
    assert!(html.contains("Kein Eintrag passt"), "{html}");
    let html = w.show(Lang::De, "/o/norvik/audit", &[], audit_page).await.expect("a page");
    assert!(!html.contains("consent.accept"), "each organisation has its own log: {html}");
    let html = w.show(Lang::En, "/t/kestrel/audit/verify", &[], audit_verify_page).await.expect("a page");
    assert!(html.contains("The chain is whole"), "{html}");
}

#[sqlx::test]
async fn the_consent_pages_say_what_each_step_does(pool: PgPool) {
    let w = world(pool).await;
    for lang in [Lang::En, Lang::De] {
        let html = w.show(lang, "/t/kestrel/operators", &[], consent::operators_page).await.expect("a page");
        assert!(html.contains("/t/kestrel/operators/norvik\"") && html.contains("/t/kestrel/operators/albion/accept"), "{html}");
        let html = w.show(lang, "/t/kestrel/operators/norvik", &["operator"], consent::operator_page).await.expect("a page");
        assert!(
            html.contains("/norvik/suspend") && html.contains("/norvik/withdraw") && !html.contains("/norvik/resume"),
            "{html}"
        );
        assert!(html.contains("class=\"notice-text prose\""), "{html}");
        let html = w.show(lang, "/t/kestrel/operators/norvik/leave", &["operator"], consent::leave_page).await.expect("a page");
        assert!(html.contains("action=unassign") || html.contains("/norvik/withdraw"), "{html}");
        let html = w.show(lang, "/t/kestrel/operators/norvik/certificate", &["operator"], consent::certificate_page).await;
        assert!(html.expect("a page").contains("concord consent certificate 1"));
        let html = w.show(lang, "/t/kestrel/operators/norvik/handout", &["operator"], consent::handout_page).await.expect("a page");
        assert!(html.contains("id=\"sheet-en\"") && html.contains("id=\"sheet-de\""), "both languages: {html}");
    }
    let certificate = "/t/kestrel/operators/norvik/certificate";
    let html = w.show(Lang::En, certificate, &["operator"], consent::certificate_page).await.expect("a page");
    assert!(html.contains("Not chained yet"), "{html}");
    while consent::seal(w.store.clone()).await.expect("sealed") {}
    let hash = w.chained("consent", 1).await;
    for (lang, place) in [(Lang::En, "Entry 1"), (Lang::De, "Eintrag 1")] {
        let html = w.show(lang, certificate, &["operator"], consent::certificate_page).await.expect("a page");
        assert!(html.contains(place) && html.contains(&hash), "{html}");
    }
    let names = ["operator", "verb"];
    let html = w.show(Lang::En, "/t/kestrel/operators/albion/accept", &names, consent::change_page).await.expect("a page");
    assert!(html.contains("name=\"countries[]\"") && html.contains("name=\"classes[]\"") && html.contains(">Accept<"), "{html}");
    for (verb, word) in [("suspend", "Suspend"), ("withdraw", "Withdraw")] {
        let address = format!("/t/kestrel/operators/norvik/{verb}");
        let html = w.show(Lang::En, &address, &names, consent::change_page).await.expect("a page");
        assert!(
            html.contains("Stops at once")
                && html.contains("Numbers, Calls: nothing more for Germany")
                && html.contains(&format!(">{word}<")),
            "{html}"
        );
    }
    let html = w.show(Lang::En, "/t/kestrel/operators/norvik/resume", &names, consent::change_page).await.expect("a page");
    assert!(html.contains("This cannot be done") && !html.contains("<form"), "{html}");
    let refused = w.show(Lang::En, "/t/kestrel/operators/norvik/explode", &names, consent::change_page).await;
    assert_eq!(refused.expect_err("no such page").problem().status, 404);
    let html = w.show(Lang::De, "/o/norvik/customers", &[], consent::customers_page).await.expect("a page");
    assert!(html.contains("/o/norvik/customers/kestrel") && html.contains("Aktiv"), "{html}");
    let html = w.show(Lang::En, "/o/norvik/customers/kestrel", &["tenant"], consent::customer_page).await.expect("a page");
    assert!(html.contains("mara@kestrel.example") && html.contains("contract_terminated"), "{html}");
}
