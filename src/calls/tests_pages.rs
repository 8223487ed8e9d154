//! Lists of calls neither skip nor repeat; nobody sees a digit too many; an operator sees through open gates only, and it is
//! written down; a file says what the page says.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use chrono_tz::Europe::Berlin;
use leptos::prelude::Owner;
use leptos::prelude::RenderHtml as _;
use leptos::prelude::provide_context;
use leptos::reactive::computed::ScopedFuture;
use sqlx::PgPool;
use uuid::Uuid;

use super::cause::Told;
use super::cause::judge;
use super::masking::Sight;
use super::pages_ask::CallAsk;
use super::pages_export;
use super::pages_reads;
use super::pages_reads::CallPage;
use super::pages_reads::Way;
use super::queries_pages::OUTCOME;
use super::*;
use crate::base::AccountId;
use crate::base::Actor;
use crate::base::CallId;
use crate::base::Ctx;
use crate::base::Env;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::Org;
use crate::base::Scope;
use crate::base::TenantId;
use crate::identity;
use crate::identity::Membership;
use crate::identity::OperatorRole;
use crate::identity::OrgKind;
use crate::identity::PageRequest;
use crate::identity::Role;
use crate::identity::Signed;
use crate::identity::TenantRole;
use crate::store::SecretKey;
use crate::store::Store;
use crate::store::ensure_partitions;
use crate::ui::Lang;
use crate::ui::Page;
use crate::ui::Query;
use crate::ui::Theme;
use crate::ui::Viewer;

mod ranges;
mod scene;

use scene::CUT;
use scene::FULL;
use scene::HIDDEN_BY_OPERATOR;
use scene::HIDDEN_BY_PLATFORM;
use scene::MASKED;
use scene::Scene;
use scene::WITHHELD;
use scene::call_id;
use scene::drawn;
use scene::now;
use scene::scene;

fn ask(query: &str) -> CallAsk {
    CallAsk::parse(&Query::parse(query), Berlin, "operator").expect("a list")
}

/// A page of either portal.
async fn page(scene: &Scene, org: Org, ask: &CallAsk, limit: i64, way: Way) -> CallPage {
    let ctx = scene.ctx(org);
    match org {
        Org::Operator(_) => pages_reads::operator_calls(&scene.store, &ctx, ask, limit, Sight::default(), way).await,
        _ => pages_reads::tenant_calls(&scene.store, &ctx, ask, limit, way).await,
    }
    .expect("a page")
}

/// Walks a list page by page to its end, then back to its beginning; answers what stood on the pages, in order.
async fn walk(scene: &Scene, org: Org, query: &str) -> (Vec<(DateTime<Utc>, Uuid)>, Vec<(DateTime<Utc>, Uuid)>) {
    let base = Query::parse(query);
    let (mut there, mut back) = (Vec::new(), Vec::new());
    let keys = |page: &CallPage| page.calls.iter().map(|call| (call.line.invited_at, call.line.id)).collect::<Vec<_>>();
    let mut state = base.clone();
    loop {
        let page = page(scene, org, &ask(&state.encode()), 7, Way::Page).await;
        there.extend(keys(&page));
        let Some(next) = page.next else { break };
        state = base.after(next.encode());
    }
    loop {
        let page = page(scene, org, &ask(&state.encode()), 7, Way::Page).await;
        back.splice(0..0, keys(&page));
        let Some(previous) = page.previous else { break };
        state = base.before(previous.encode());
    }
    (there, back)
}

#[sqlx::test]
async fn pages_neither_skip_nor_repeat(pool: PgPool) {
    let scene = scene(pool).await;
    for (org, many) in [(Org::Tenant(scene.kestrel), 103), (Org::Operator(scene.norvik), 133)] {
        let (newest, back) = walk(&scene, org, "").await;
        assert_eq!(newest.len(), many, "{org:?}");
        assert_eq!(newest.iter().collect::<BTreeSet<_>>().len(), many, "{org:?}");
        assert_eq!(newest, back, "{org:?}");
        assert!(newest.windows(2).all(|pair| pair[0].0 >= pair[1].0), "newest first");
        assert!(newest.windows(2).any(|pair| pair[0].0 == pair[1].0), "calls of one moment prove the second key");
        let (oldest, back) = walk(&scene, org, "sort=start").await;
        assert_eq!(oldest, back, "{org:?}");
        assert_eq!(oldest, newest.into_iter().rev().collect::<Vec<_>>(), "{org:?}");
    }
}

#[sqlx::test]
async fn a_call_that_comes_in_between_moves_nothing(pool: PgPool) {
    let scene = scene(pool).await;
    let org = Org::Tenant(scene.kestrel);
    let first = page(&scene, org, &ask(""), 10, Way::Page).await;
    let after = first.next.expect("more").encode();
    let before = page(&scene, org, &ask(&format!("after={after}")), 10, Way::Page).await;
    scene.call(&format!("'{}'", (now() + TimeDelta::minutes(1)).to_rfc3339()), 900, "good", "null").await;
    let again = page(&scene, org, &ask(&format!("after={after}")), 10, Way::Page).await;
    let ids = |page: &CallPage| page.calls.iter().map(|call| call.line.id).collect::<Vec<_>>();
    assert_eq!(ids(&before), ids(&again));
    let back = page(&scene, org, &ask(&format!("before={}", again.previous.expect("a page before").encode())), 10, Way::Page).await;
    assert_eq!(ids(&back), ids(&first), "the page before is still the page before");
    assert!(back.previous.is_some(), "and the new call stands in front of it");
}

#[sqlx::test]
async fn filters_find_what_they_say(pool: PgPool) {
    let scene = scene(pool).await;
    let org = Org::Tenant(scene.kestrel);
    let found = async |query: &str| {
        let page = page(&scene, org, &ask(query), 200, Way::Page).await;
        assert_eq!(usize::try_from(page.total), Ok(page.calls.len()), "{query}");
        page.calls.len()
    };
    let all = found("").await;
    let mut by_outcome = BTreeMap::new();
    for outcome in Outcome::ALL {
        by_outcome.insert(outcome.as_str(), found(&format!("outcome={}", outcome.as_str())).await);
    }
    assert_eq!(by_outcome.values().sum::<usize>(), all, "every call has one outcome: {by_outcome:?}");
    assert!(by_outcome["busy"] > 0 && by_outcome["cut_off"] == 1, "{by_outcome:?}");
    assert_eq!(found("tab=answered").await, by_outcome["answered"] + by_outcome["cut_off"]);
    let missed = ["no_answer", "busy", "rejected", "cancelled"].iter().map(|word| by_outcome[word]).sum::<usize>();
    assert_eq!(found("tab=missed").await, missed);
    assert_eq!(found("tab=failed").await, by_outcome["failed"] + by_outcome["cut_off"]);
    assert_eq!(found("direction=inbound").await + found("direction=outbound").await, all);
    assert_eq!(found("from=2026-11-23&to=2026-11-24").await + found("to=2026-11-23").await, all);
    assert_eq!(found(&format!("operator={}", scene.norvik)).await + found(&format!("operator={}", scene.albion)).await, all);
    assert_eq!(found("number=%2B493023125").await, all, "first digits");
    assert_eq!(found("number=030%2023125001").await, found("number=5001").await, "last digits");
    assert!(found("number=5001").await < all);
    assert_eq!(found("network=Berlin+HQ").await, 4, "the stories but the one of a foreign number");
    assert_eq!((found("network=Nowhere").await, found("country=FR").await), (0, 0));
    let operator = page(&scene, Org::Operator(scene.norvik), &ask("network=Nowhere"), 200, Way::Page).await;
    assert!(!operator.calls.is_empty(), "a network is no question of an operator");
    for outside in [FULL, &FULL[1..], &FULL[9..], "%2B44"] {
        assert_eq!(found(&format!("number={}", outside.replace('+', "%2B"))).await, 0, "an outside number cannot be guessed");
    }
}

#[sqlx::test]
async fn sql_and_rust_tell_the_same_outcome(pool: PgPool) {
    let sips: [Option<i16>; 12] = [
        None,
        Some(180),
        Some(200),
        Some(404),
        Some(408),
        Some(480),
        Some(486),
        Some(487),
        Some(503),
        Some(600),
        Some(603),
        Some(608),
    ];
    let causes: [Option<i16>; 9] = [None, Some(1), Some(16), Some(17), Some(18), Some(19), Some(21), Some(31), Some(41)];
    let sql = format!(
        "select {OUTCOME} from (select case when $1 then $8 end as answered_at, case when $2 then $8 end as ended_at,
            case when $3 then $8 end as ringing_at, case when $4 then 'final' else 'partial' end as completeness,
            $5::smallint as sip_code, $6::smallint as q850_cause, $7::text as ended_by) c"
    );
    let mut told = 0;
    for bits in 0..16_u8 {
        let flag = |n: u8| bits & (1 << n) != 0;
        for (sip_code, q850_cause) in sips.into_iter().flat_map(|sip| causes.into_iter().map(move |cause| (sip, cause))) {
            for ended_by in [None, Some("caller"), Some("operator")] {
                let facts = Told {
                    answered: flag(0),
                    ended: flag(1),
                    rang: flag(2),
                    is_final: flag(3),
                    sip_code,
                    q850_cause,
                    ended_by,
                    inbound: false,
                };
                let found: String = sqlx::query_scalar(&sql)
                    .bind(facts.answered)
                    .bind(facts.ended)
                    .bind(facts.rang)
                    .bind(facts.is_final)
                    .bind(sip_code)
                    .bind(q850_cause)
                    .bind(ended_by)
                    .bind(now())
                    .fetch_one(&pool)
                    .await
                    .expect("an outcome");
                assert_eq!(found, judge(&facts).outcome.as_str(), "{facts:?}");
                told += 1;
            }
        }
    }
    assert_eq!(told, 16 * 12 * 9 * 3);
}

#[sqlx::test]
async fn nobody_sees_a_digit_too_many(pool: PgPool) {
    let scene = scene(pool).await;
    let tenant = Org::Tenant(scene.kestrel);
    let list = drawn(Lang::En, || tenant_calls_page(scene.request(tenant, Role::Tenant(TenantRole::Admin), "", ""))).await;
    let file = scene.file(tenant, Sight::of(Role::Tenant(TenantRole::Admin)), "").await;
    assert!(!list.contains(FULL) && !list.contains("0123<") && list.contains("•••"), "{list}");
    assert!(!file.contains(FULL) && file.contains(MASKED), "{file}");
    for id in [HIDDEN_BY_PLATFORM, HIDDEN_BY_OPERATOR] {
        let row = file.lines().find(|row| row.starts_with(&call_id(id).to_string())).expect("the call");
        assert!(!row.contains("+44") && row.contains(",true,"), "{row}");
        for org in [tenant, Org::Operator(scene.norvik)] {
            let role = if org == tenant { Role::Tenant(TenantRole::Admin) } else { Role::Operator(OperatorRole::Admin) };
            let html = drawn(Lang::En, || scene.call_page(org, role, id)).await;
            assert!(html.contains("Number withheld") && !html.contains("+44"), "{html}");
        }
    }
    for role in [TenantRole::Admin, TenantRole::HelpdeskTwo, TenantRole::HelpdeskOne] {
        let html = drawn(Lang::En, || scene.call_page(tenant, Role::Tenant(role), CUT)).await;
        assert_eq!(html.contains("192.0.2.81"), role != TenantRole::HelpdeskOne, "{role:?}");
        assert!(html.contains("Aylin Demir") && !html.contains(FULL), "{html}");
    }
    assert!(!file.contains("192.0.2.81"), "device data is in no file");
}

#[sqlx::test]
async fn an_operator_sees_numbers_by_role_and_never_the_tenants_own_part(pool: PgPool) {
    let scene = scene(pool).await;
    let norvik = Org::Operator(scene.norvik);
    for role in [OperatorRole::Admin, OperatorRole::Support, OperatorRole::Viewer] {
        let role = Role::Operator(role);
        let full = Sight::of(role).full_numbers;
        let html = drawn(Lang::En, || scene.call_page(norvik, role, CUT)).await;
        assert_eq!(html.contains(FULL), full, "{role:?}");
        assert!(!html.contains("Aylin Demir") && !html.contains("192.0.2.81") && !html.contains("Berlin HQ"), "{html}");
        let list = drawn(Lang::En, || operator_calls_page(scene.request(norvik, role, "", ""))).await;
        assert_eq!(list.contains(FULL), full, "{role:?}");
        assert_eq!(scene.file(norvik, Sight::of(role), "").await.contains(FULL), full, "{role:?}");
    }
}

#[sqlx::test]
async fn an_operator_sees_open_gates_only_and_it_is_written_down(pool: PgPool) {
    let scene = scene(pool).await;
    let norvik = Org::Operator(scene.norvik);
    let ctx = scene.ctx(norvik);
    let shown = page(&scene, norvik, &ask(""), 200, Way::Page).await;
    assert!(shown.calls.iter().all(|call| call.line.id != call_id(WITHHELD)), "ended while the gate was closed");
    let of = |tenant: TenantId| shown.calls.iter().filter(|call| call.line.tenant_id == tenant.0).count();
    for call in &shown.calls {
        assert_eq!(call.quality.is_some(), call.line.tenant_id == scene.kestrel.0, "quality has a gate of its own");
    }
    let poor = page(&scene, norvik, &ask("tab=poor"), 200, Way::Page).await;
    assert!(!poor.calls.is_empty() && poor.calls.iter().all(|call| call.line.tenant_id == scene.kestrel.0));
    let written = scene.register("page").await;
    let expected = vec![
        (scene.heron.0, "calls".to_owned(), of(scene.heron)),
        (scene.kestrel.0, "calls,quality".to_owned(), of(scene.kestrel) + poor.calls.len()),
    ];
    assert_eq!(written, sorted(expected));

    let file = scene.file(norvik, Sight::default(), "").await;
    assert_eq!(file.lines().count(), shown.calls.len() + 1);
    let written: usize = scene.register("export").await.into_iter().map(|(_, _, records)| records).sum();
    assert_eq!(written, shown.calls.len());

    scene.suspend(scene.kestrel).await;
    let left = page(&scene, norvik, &ask(""), 200, Way::Page).await;
    assert!(left.calls.len() == of(scene.heron) && left.calls.iter().all(|call| call.line.tenant_id == scene.heron.0));
    assert!(left.parties.iter().all(|party| party.id != scene.kestrel.0), "not to choose from either");
    assert_eq!(scene.file(norvik, Sight::default(), "").await.lines().count(), of(scene.heron) + 1);
    let asked = CallAsk { party: Some(scene.kestrel.0), ..CallAsk::default() };
    let refused = pages_reads::operator_calls(&scene.store, &ctx, &asked, 9, Sight::default(), Way::Page).await;
    assert_eq!(status(refused), (451, "consent_suspended"));
    let one = pages_reads::operator_call(&scene.store, &ctx, CallId(call_id(CUT)), Sight::default()).await;
    assert_eq!(status(one), (451, "consent_suspended"));
    let own = page(&scene, Org::Tenant(scene.kestrel), &ask(""), 200, Way::Page).await;
    assert_eq!(own.calls.len(), 103, "the tenant sees its own calls whatever it lets others see");
}

fn sorted(mut rows: Vec<(Uuid, String, usize)>) -> Vec<(Uuid, String, usize)> {
    rows.sort();
    rows
}

fn status<T>(answer: Result<T, Failure>) -> (u16, &'static str) {
    let problem = answer.map(|_| ()).expect_err("refused").problem();
    (problem.status, problem.code)
}

#[sqlx::test]
async fn what_is_not_ones_own_is_not_there(pool: PgPool) {
    let scene = scene(pool).await;
    let (kestrel, albion, norvik) = (Org::Tenant(scene.kestrel), Org::Operator(scene.albion), Org::Operator(scene.norvik));
    let of_heron: Uuid = scene.any_call(scene.heron).await;
    let one = pages_reads::tenant_call(&scene.store, &scene.ctx(kestrel), CallId(of_heron), Sight::default()).await;
    assert_eq!(status(one), (404, "not_found"));
    let one = pages_reads::operator_call(&scene.store, &scene.ctx(albion), CallId(of_heron), Sight::default()).await;
    assert_eq!(status(one), (404, "not_found"));
    let one = pages_reads::operator_call(&scene.store, &scene.ctx(norvik), CallId(call_id(WITHHELD)), Sight::default()).await;
    assert_eq!(status(one), (451, "call_withheld"));
    let stranger = CallAsk { party: Some(Uuid::from_u128(404)), ..CallAsk::default() };
    let list = pages_reads::operator_calls(&scene.store, &scene.ctx(norvik), &stranger, 9, Sight::default(), Way::Page).await;
    assert_eq!(status(list), (404, "not_found"));
    let nobody = Ctx { scopes: std::iter::empty::<Scope>().collect(), ..scene.ctx(kestrel) };
    assert_eq!(status(pages_reads::tenant_calls(&scene.store, &nobody, &ask(""), 9, Way::Page).await), (403, "scope_missing"));
}

#[sqlx::test]
async fn a_file_says_what_the_page_says(pool: PgPool) {
    let scene = scene(pool).await;
    for org in [Org::Tenant(scene.kestrel), Org::Operator(scene.norvik)] {
        for query in ["", "tab=missed", "direction=inbound&sort=start", "from=2026-11-23&number=5001"] {
            let page = page(&scene, org, &ask(query), 500, Way::Page).await;
            let text = scene.file(org, Sight::default(), query).await;
            let mut file = csv::Reader::from_reader(text.as_bytes());
            let heads = file.headers().expect("a header").clone();
            let at = |name: &str| heads.iter().position(|head| head == name).expect("a column");
            let rows: Vec<csv::StringRecord> = file.records().map(|row| row.expect("a row")).collect();
            assert_eq!(rows.len(), page.calls.len(), "{query}");
            for (row, call) in rows.iter().zip(&page.calls) {
                assert_eq!(row[at("id")], call.line.id.to_string());
                assert_eq!(row[at("outcome")], *call.cause.outcome.as_str());
                assert_eq!(row[at("quality")], *call.quality.clone().unwrap_or_default());
                assert_eq!(row[at("talk_ms")], call.line.talk_ms.map(|ms| ms.to_string()).unwrap_or_default());
                let outside = &row[at(if call.inbound() { "caller" } else { "callee" })];
                assert_eq!(outside.trim_start_matches('\''), call.line.other.clone().unwrap_or_default());
            }
        }
    }
}

#[sqlx::test]
async fn reads_stand_in_the_log_once_in_a_quarter_of_an_hour(pool: PgPool) {
    let scene = scene(pool).await;
    let kestrel = Org::Tenant(scene.kestrel);
    for _ in 0..3 {
        let _page = page(&scene, kestrel, &ask(""), 5, Way::Page).await;
        let _html = drawn(Lang::En, || scene.call_page(kestrel, Role::Tenant(TenantRole::Admin), CUT)).await;
    }
    assert_eq!(scene.log("calls.read").await, 1);
    assert_eq!(scene.log("call.read").await, 1);
    pages_reads::note_export(&scene.store, &scene.ctx(kestrel), "tab=poor").await.expect("written");
    pages_reads::note_export(&scene.store, &scene.ctx(kestrel), "tab=poor").await.expect("written");
    assert_eq!(scene.log("calls.export").await, 2, "every file is an act of its own");
}

#[sqlx::test]
async fn every_page_can_be_drawn(pool: PgPool) {
    let scene = scene(pool).await;
    let (kestrel, norvik) = (Org::Tenant(scene.kestrel), Org::Operator(scene.norvik));
    let (admin, carrier) = (Role::Tenant(TenantRole::Admin), Role::Operator(OperatorRole::Support));
    for lang in [Lang::En, Lang::De] {
        let mut all = Vec::new();
        for query in ["", "tab=short", "outcome=busy&direction=inbound", "from=2026-11-20T09:00&to=2026-11-24", "sort=start"] {
            all.push(drawn(lang, || tenant_calls_page(scene.request(kestrel, admin, "", query))).await);
            all.push(drawn(lang, || operator_calls_page(scene.request(norvik, carrier, "", query))).await);
        }
        assert_eq!(all[0].matches("<tr>").count(), 51, "{}", all[0]);
        assert!(all[0].contains("rel=\"next\"") && all[0].contains("/t/kestrel/calls.csv"), "{}", all[0]);
        assert!(all[0].contains("Europe/Berlin"), "days are those of the tenant's zone");
        for (query, words) in [
            ("to=2024-01-01", ["not kept any more", "nicht mehr gespeichert"]),
            ("number=999", ["No call matches", "Kein Anruf passt"]),
        ] {
            let none = drawn(lang, || tenant_calls_page(scene.request(kestrel, admin, "", query))).await;
            assert!(none.contains(words[usize::from(lang == Lang::De)]), "{none}");
            all.push(none);
        }
        let cut = drawn(lang, || scene.call_page(kestrel, admin, CUT)).await;
        for part in ["Norvik Telekom", "SIP 503", "INVITE", "+259", "class=\"lane\"", "4.10", "4,10"] {
            let other = if lang == Lang::De { "4.10" } else { "4,10" };
            assert_eq!(cut.contains(part), part != other, "{part}: {cut}");
        }
        all.push(cut);
        all.push(drawn(lang, || scene.call_page(norvik, carrier, CUT)).await);
        for n in [1, 2, 3, 4, 5, 6] {
            all.push(drawn(lang, || scene.call_page(kestrel, admin, n)).await);
        }
        for html in &all {
            assert!(!html.replace("calls.csv", "").contains("calls."), "a text is missing: {html}");
        }
    }
    scene.suspend(scene.kestrel).await;
    scene.suspend(scene.heron).await;
    let none = drawn(Lang::En, || operator_calls_page(scene.request(norvik, carrier, "", ""))).await;
    assert!(none.contains("No customer lets you see calls now") && none.contains("/o/norvik/customers"), "{none}");
}
