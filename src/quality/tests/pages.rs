//! The pages of both portals, drawn in both languages.

use leptos::prelude::Owner;
use leptos::prelude::RenderHtml as _;
use leptos::prelude::provide_context;
use leptos::reactive::computed::ScopedFuture;

use super::*;
use crate::base::Failure;
use crate::identity::PageRequest;
use crate::quality::ask::PageAsk;
use crate::quality::reads;
use crate::transfers::midnight;
use crate::ui::Lang;
use crate::ui::Page;
use crate::ui::Query;
use crate::ui::Viewer;

fn request(scene: &Scene, org: Org, query: &str) -> PageRequest {
    let slug = if matches!(org, Org::Tenant(_)) { "kestrel" } else { "norvik" };
    PageRequest {
        store: scene.store.clone(),
        ctx: Some(scene.ctx(org)),
        signed: None,
        params: vec![("slug".to_owned(), slug.to_owned())],
        query: Query::parse(query),
        flash: None,
        path: String::new(),
    }
}

async fn drawn<F: Future<Output = Result<Page, Failure>>>(lang: Lang, page: impl FnOnce() -> F) -> Result<String, Failure> {
    let owner = Owner::new();
    let made = owner.with(|| {
        provide_context(Viewer { lang, now: now(), time_zone: chrono_tz::Europe::Berlin, ..Viewer::default() });
        ScopedFuture::new(page())
    });
    let page = made.await?;
    Ok(owner.with(|| page.body.to_html()))
}

/// 120 calls on one number in one hour, a quarter of them poor, and five on another three days before.
async fn busy(pool: PgPool) -> Scene {
    let scene = scene(pool).await;
    scene.consent(scene.kestrel, scene.norvik, "granted", 30, &["calls", "quality"]).await;
    scene.consent(scene.heron, scene.norvik, "granted", 30, &["numbers", "quality"]).await;
    let mut calls = Vec::new();
    for n in 0..125_usize {
        let quality = if n % 4 == 0 { "poor" } else { "good" };
        let call = scene.call(scene.kestrel, scene.norvik);
        let before = TimeDelta::days(if n < 120 { 0 } else { 3 });
        let e164 = if n < 120 { "+493023125010" } else { "+493023125011" }.to_owned();
        calls.push(Call { quality, e164, invited: call.invited - before, ended: call.ended.map(|at| at - before), ..call });
    }
    calls.push(Call { e164: "+493023125020".to_owned(), ..scene.call(scene.heron, scene.norvik) });
    scene.write(&calls).await;
    scene
}

#[sqlx::test]
async fn both_pages_say_what_was_counted(pool: PgPool) {
    let scene = busy(pool).await;
    let (kestrel, norvik) = (Org::Tenant(scene.kestrel), Org::Operator(scene.norvik));
    for lang in [Lang::En, Lang::De] {
        let tenant = drawn(lang, || tenant_quality_page(request(&scene, kestrel, ""))).await.expect("a page");
        assert!(tenant.contains("Berlin HQ") && tenant.contains("Europe/Berlin"), "{tenant}");
        assert!(tenant.contains("tab=poor") && tenant.contains("number=%2B493023125010"), "{tenant}");
        let operator = drawn(lang, || operator_quality_page(request(&scene, norvik, "period=7d"))).await.expect("a page");
        assert!(operator.contains("Kestrel &lt;b&gt;Logistik") && operator.contains("Heron Foods"), "{operator}");
        assert!(!operator.contains("Berlin HQ"), "an operator sees no network: {operator}");
        for html in [&tenant, &operator] {
            assert!(html.contains("class=\"h4\"") && html.contains("class=\"v1\"") && html.contains("-hatch)"), "{html}");
            assert!(!html.replace("quality.csv", "").contains("quality."), "a text is missing: {html}");
        }
    }
    let english = drawn(Lang::En, || tenant_quality_page(request(&scene, kestrel, ""))).await.expect("a page");
    assert!(english.contains("25.6\u{a0}%") && english.contains("n = 125 classified") && english.contains("too few"), "{english}");
    let none = drawn(Lang::En, || tenant_quality_page(request(&scene, kestrel, "direction=outbound"))).await.expect("a page");
    assert!(none.contains("class=\"empty\""), "{none}");
    let wrong = drawn(Lang::En, || tenant_quality_page(request(&scene, kestrel, "from=soon"))).await.expect("a page");
    assert!(wrong.contains("aria-invalid"), "{wrong}");
    let refused = drawn(Lang::En, || tenant_quality_page(request(&scene, kestrel, "direction=up"))).await.expect_err("refused");
    assert_eq!(refused.problem().status, 400);
}

#[sqlx::test]
async fn a_view_is_registered_and_closed_customers_are_left_out(pool: PgPool) {
    let scene = busy(pool).await;
    let norvik = Org::Operator(scene.norvik);
    drawn(Lang::En, || operator_quality_page(request(&scene, norvik, ""))).await.expect("a page");
    let views =
        "select count(*) from transfer where channel = 'page' and classes = '{quality}' and ref = 'quality' and records = 1";
    assert_eq!(number(&scene.store, views).await, 2);
    scene.gate(scene.kestrel, scene.norvik, Class::Quality, Some("suspended")).await;
    let left = drawn(Lang::En, || operator_quality_page(request(&scene, norvik, ""))).await.expect("a page");
    assert!(!left.contains("Kestrel") && left.contains("One customer is not shown"), "{left}");
    let query = format!("tenant={}", scene.kestrel);
    let refused = drawn(Lang::En, || operator_quality_page(request(&scene, norvik, &query))).await.expect_err("withheld").problem();
    assert_eq!((refused.status, refused.code), (451, "consent_suspended"));
}

/// Days of the viewer on both sides of a change of clocks, against a plain `GROUP BY` over the raw rows in that zone.
#[sqlx::test]
async fn days_are_those_of_the_zone_when_the_clocks_change(pool: PgPool) {
    let scene = scene(pool).await;
    scene.consent(scene.kestrel, scene.norvik, "granted", 60, &["calls", "quality"]).await;
    // From Friday 23 to Tuesday 27 October 2026; Sunday has 25 hours.
    let shift = now() - DateTime::parse_from_rfc3339("2026-10-27T22:59:59Z").expect("a time").to_utc();
    let mut calls = scene.random(600);
    for call in &mut calls {
        call.invited -= shift;
        call.ended = call.ended.map(|at| at - shift);
    }
    scene.write(&calls).await;
    let query = Query::parse("from=2026-10-23&to=2026-10-28");
    let zone = chrono_tz::Europe::Berlin;
    let ask = PageAsk::parse(&query, "operator", now(), zone).map_err(|failure| failure.problem()).expect("read");
    let starts: Vec<_> = ask.days().map(|day| midnight(day, zone)).collect();
    let ctx = scene.ctx(Org::Tenant(scene.kestrel));
    let sheet = reads::tenant_sheet(&scene.store, &ctx, &ask.slice(zone), &starts).await.expect("lines");
    let days: Vec<_> = ask.days().collect();
    let found: Vec<(String, Uuid, String, i64, i64, i64)> = sheet
        .lines
        .iter()
        .map(|line| {
            (
                days[line.day].to_string(),
                line.party,
                line.direction.clone(),
                line.counts.calls,
                line.counts.poor,
                line.counts.rated(),
            )
        })
        .collect();
    let plain: Vec<(String, Uuid, String, i64, i64, i64)> = sqlx::query_as(
        "select (ended_at at time zone 'Europe/Berlin')::date::text, operator_id, direction, count(*), count(*) filter (where quality = 'poor'),
                count(*) filter (where quality <> 'unclassified')
         from call_record
         where tenant_id = $1 and not tenant_mismatch and (ended_at at time zone 'Europe/Berlin')::date between '2026-10-23' and '2026-10-27' group by 1, 2, 3 order by 1, 2, 3",
    )
    .bind(scene.kestrel.0)
    .fetch_all(scene.store.pool())
    .await
    .expect("counted");
    assert!(found.len() > 15, "{found:?}");
    assert_eq!(found, plain);
}

#[sqlx::test]
async fn a_file_is_registered_with_its_lines(pool: PgPool) {
    let scene = busy(pool).await;
    let zone = chrono_tz::Europe::Berlin;
    let ask = PageAsk::parse(&Query::default(), "tenant", now(), zone).map_err(|failure| failure.problem()).expect("read");
    let starts: Vec<_> = ask.days().map(|day| midnight(day, zone)).collect();
    let ctx = scene.ctx(Org::Operator(scene.norvik));
    let sheet = reads::operator_sheet(&scene.store, &ctx, &ask.slice(zone), &starts).await.expect("lines");
    assert_eq!(sheet.lines.len(), 3, "two days of one customer, one of the other");
    let written =
        number(&scene.store, "select sum(records)::bigint from transfer where channel = 'export' and classes = '{quality}'").await;
    assert_eq!(written, 3);
    scene.gate(scene.kestrel, scene.norvik, Class::Quality, Some("suspended")).await;
    let sheet = reads::operator_sheet(&scene.store, &ctx, &ask.slice(zone), &starts).await.expect("lines");
    assert_eq!(sheet.lines.len(), 1);
}
