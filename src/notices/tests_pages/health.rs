//! Recovery, charts, gaps, warnings, and how untaken events stand.

use super::super::pages_endpoint;
use super::super::queries_pages_health;
use super::*;
use crate::ui::Tone;
use crate::ui::Viewer;

#[sqlx::test]
async fn the_recovery_page_counts_and_offers_to_send_that_many(pool: PgPool) {
    let world = World::new(pool, 11).await;
    for (seq, e164) in [(1, A), (2, B), (3, A)] {
        world.event(seq, EventType::NumberAssigned, e164).await;
    }
    world.endpoint(1, 3, "{}").await;
    world.attempt(1, 1, A, 1, "204").await;
    let one = Uuid::from_u128(1).to_string();
    let page = |query: &'static str| {
        let request = world.request(&[("id", &one)], query);
        async move { render(recover_page(request).await.expect("a page")) }
    };
    let html = page("").await;
    assert!(html.contains("Dry run") && !html.contains("This would send"), "{html}");
    let html = page("by=seq&after_seq=0").await;
    assert!(html.contains("This would send 2 notices") && html.contains("Sequence 2 to 3"), "{html}");
    assert!(html.contains("name=\"at_most\" value=\"2\"") && html.contains("Recover 2"), "{html}");
    let html = page("by=seq&after_seq=2&only=all").await;
    assert!(html.contains("This would send 1 notice") && html.contains("Recover 1"), "{html}");
    let html = page("by=seq&after_seq=3").await;
    assert!(html.contains("There is nothing to send") && !html.contains("name=\"at_most\""), "{html}");
    for (query, words) in [("by=seq&after_seq=many", "Give a whole number"), ("by=time&since=soon", "Give a day and a time")] {
        let html = page(query).await;
        assert!(html.contains(words) && !html.contains("This would send"), "{html}");
    }
    world.run("update endpoint set state = 'paused', state_reason = 'person'").await;
    assert!(page("by=seq&after_seq=0").await.contains("they wait until it is resumed"));
    world.run("update endpoint set state = 'unverified', state_reason = null").await;
    assert!(page("by=seq&after_seq=0").await.contains("Nothing is sent before it is verified"));
    let foreign = world.request(&[("id", &Uuid::from_u128(7).to_string())], "");
    assert!(recover_page(foreign).await.is_err());
}

#[sqlx::test]
async fn lag_failures_and_gaps_are_shown_with_their_figures(pool: PgPool) {
    let world = World::new(pool, 12).await;
    let html = render(notifications_page(world.request(&[], "tab=health")).await.expect("a page"));
    assert!(html.contains("The feed has no event yet") && html.contains("Nothing was sent in the last 24 hours"), "{html}");
    for (seq, e164) in [(1, A), (2, B), (3, A)] {
        world.event(seq, EventType::NumberAssigned, e164).await;
    }
    world.endpoint(1, 3, "{}").await;
    world.attempt(1, 1, A, 1, "503").await;
    world.attempt(1, 1, A, 3, "204").await;
    world.attempt(1, 2, B, 2, "null").await;
    world.run("update feed_head set acked_seq = 2").await;
    let html = render(notifications_page(world.request(&[], "tab=health")).await.expect("a page"));
    assert!(html.contains("all numbers from 1 to 3 are present") && html.contains("up to number 2"), "{html}");
    assert!(html.contains("1 taken, 2 not taken") && html.contains("95 % within 3.0\u{a0}s"), "{html}");
    assert!(html.contains("objective 10\u{a0}s") && html.contains("Objective: 95 % within 10\u{a0}s"), "{html}");
    assert!(html.contains("class=\"limit\"") && html.contains(">met<") && !html.contains(">missed<"), "{html}");
    let one = Uuid::from_u128(1).to_string();
    let html = render(endpoint_page(world.request(&[("id", &one)], "")).await.expect("a page"));
    assert!(html.contains("Attempts by hour") && html.contains("Recover…"), "{html}");
    let html = render(endpoints_page(world.request(&[], "")).await.expect("a page"));
    assert!(html.contains("No answer:"), "the last of the attempts got none: {html}");

    world.run("delete from event where seq = 2").await;
    let html = render(notifications_page(world.request(&[], "tab=health")).await.expect("a page"));
    assert!(html.contains("Number 2 is missing") && !html.contains("are present"), "{html}");
    let mut tx = world.store.begin_for(&world.ctx).await.expect("begun");
    let newest = queries_pages_metrics::gaps(&mut tx, world.operator, 1).await.expect("looked");
    assert_eq!((newest.from, newest.present, newest.is_whole()), (3, 1, true));
    drop(tx);
    world.run("delete from event").await;
    let html = render(notifications_page(world.request(&[], "tab=health")).await.expect("a page"));
    assert!(html.contains("none is kept any more"), "{html}");
}

#[sqlx::test]
async fn a_failing_endpoint_warns_louder_as_its_budget_goes(pool: PgPool) {
    let world = World::new(pool, 13).await;
    world.endpoint(1, 0, "{}").await;
    let v = Viewer { now: now(), ..Viewer::default() };
    let tones = [
        (15, "20", Tone::Info),
        (38, "50", Tone::Warn),
        (53, "70", Tone::Warn),
        (68, "90", Tone::Danger),
        (74, "98", Tone::Danger),
    ];
    for (hours, percent, expected) in tones {
        let since = now() - TimeDelta::hours(hours);
        world.run(&format!("update endpoint set failing_since = '{}'", since.to_rfc3339())).await;
        let mut tx = world.store.begin_for(&world.ctx).await.expect("begun");
        let one = queries_pages_health::endpoints(&mut tx, world.operator, None, now()).await.expect("read").remove(0);
        let (tone, _, text) = pages_endpoint::failing(&v, &one, one.failing_since.expect("failing"));
        assert_eq!(tone, expected, "{hours} h");
        assert!(text.contains(&format!("{percent} % of its 75 h")), "{hours} h: {text}");
    }
    let html = render(endpoint_page(world.request(&[("id", &Uuid::from_u128(1).to_string())], "")).await.expect("a page"));
    assert!(html.contains("This endpoint has failed since"), "{html}");
}

#[sqlx::test]
async fn attempts_are_found_by_customer(pool: PgPool) {
    let world = World::new(pool, 14).await;
    world.event(1, EventType::NumberAssigned, A).await;
    world.endpoint(1, 1, "{}").await;
    world.attempt(1, 1, A, 1, "503").await;
    let page = |query: String| {
        let request = world.request(&[], &query);
        async move { render(notifications_page(request).await.expect("a page")) }
    };
    let own = page(format!("tab=attempts&customer={}", world.tenant)).await;
    assert!(own.contains("/notifications/attempts/") && own.contains("Kestrel"), "{own}");
    let none = page(format!("tab=attempts&customer={}", Uuid::from_u128(3))).await;
    assert!(!none.contains("/notifications/attempts/") && none.contains("Nothing fits"), "{none}");
    world.gate(false).await;
    let closed = page(format!("tab=attempts&customer={}", world.tenant)).await;
    assert!(!closed.contains("/notifications/attempts/"), "what is withheld is not found by customer: {closed}");
}

#[sqlx::test]
async fn an_untaken_event_waits_was_read_or_is_withheld(pool: PgPool) {
    let world = World::new(pool, 15).await;
    for (seq, e164) in [(1, A), (2, A), (3, A), (4, A)] {
        world.event(seq, EventType::NumberAssigned, e164).await;
    }
    let stands = || async {
        let reach = crate::store::Reach::Pair(world.tenant, world.operator);
        let mut tx = world.store.begin(reach).await.expect("begun");
        let untaken = untaken_of(&mut tx, world.tenant, world.operator, A, 50).await.expect("read");
        untaken.into_iter().map(|one| (one.seq, one.standing)).collect::<Vec<_>>()
    };
    let waiting = Standing::Waiting { tried: false, next_at: None };
    let all = [4, 3, 2, 1].map(|seq| (seq, waiting.clone()));
    assert_eq!(stands().await, all, "nobody to push to");

    world.endpoint(1, 2, "{}").await;
    world.hold(1, A, 2, 1).await;
    world.attempt(1, 2, A, 1, "503").await;
    let retried = Standing::Waiting { tried: true, next_at: Some(now()) };
    assert_eq!(stands().await, [(4, waiting.clone()), (3, waiting.clone()), (2, retried.clone())], "1 was taken");
    world.attempt(1, 2, A, 2, "204").await;
    assert_eq!(stands().await, [(4, waiting.clone()), (3, waiting.clone())], "a taken one is told by its attempt");

    // Read by pull: the register says when; without its entry the acknowledgement says that.
    world
        .run(&format!(
            "insert into transfer (tenant_id, at, id, operator_id, direction, classes, channel, state, records, basis, consent_id, ref, frozen_at)
             values ('{}', '{at}', gen_random_uuid(), '{}', 'to_operator', '{{numbers}}', 'pull', 'confirmed', 1, 'consent',
                     '{}', 'events/3-3', '{at}')",
            world.tenant,
            world.operator,
            Uuid::from_u128(9),
            at = at(9).to_rfc3339()
        ))
        .await;
    world.run("update feed_head set acked_seq = 4").await;
    let read = Standing::Pulled { at: Some(at(9)) };
    assert_eq!(stands().await, [(4, Standing::Pulled { at: None }), (3, read.clone())]);
    world.gate(false).await;
    let withheld = Standing::Withheld { reason: "suspended".to_owned() };
    assert_eq!(stands().await, [(4, withheld), (3, read)], "what was read before stays read");
}

#[sqlx::test]
async fn a_try_that_carried_the_place_alone_is_known_by_its_transfer(pool: PgPool) {
    let world = World::new(pool, 16).await;
    world.endpoint(1, 1, "{}").await;
    for (seq, e164, records) in [(1, A, Some(1)), (2, B, Some(0)), (3, "+493023125012", None)] {
        world.event(seq, EventType::NumberAssigned, e164).await;
        world.attempt(1, seq, e164, 1, "204").await;
        let Some(records) = records else { continue };
        world
            .run(&format!(
                "insert into transfer (tenant_id, at, id, operator_id, direction, classes, channel, state, records, basis, ref, frozen_at)
                 values ('{}', '{at}', gen_random_uuid(), '{}', 'to_operator', '{{numbers}}', 'push', 'confirmed', {records}, 'wind_down',
                         '{}', '{at}')",
                world.tenant,
                world.operator,
                EventId(id(seq)).wire(),
                at = at(seq).to_rfc3339()
            ))
            .await;
    }
    let mut tx = world.store.begin(crate::store::Reach::Tenant(world.tenant)).await.expect("begun");
    for (e164, withheld) in [(A, false), (B, true), ("+493023125012", false)] {
        let told = deliveries_of(&mut tx, Eyes::Tenant(world.tenant), e164, 10).await.expect("read");
        assert_eq!((told.len(), told[0].withheld), (1, withheld), "{e164}");
    }
}
