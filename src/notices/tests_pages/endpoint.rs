//! One endpoint: which secret is which, its heartbeat, why it is tried again when it is, and the buttons above all notices.

use super::super::queries_endpoints::save_keys;
use super::*;
use crate::base::EndpointId;

fn one() -> String {
    Uuid::from_u128(1).to_string()
}

async fn endpoint_html(world: &World) -> String {
    render(endpoint_page(world.request(&[("id", &one())], "")).await.expect("a page"))
}

#[sqlx::test]
async fn two_live_secrets_are_told_apart_by_their_last_four_characters(pool: PgPool) {
    let world = World::new(pool, 31).await;
    world.endpoint(1, 0, "{}").await;
    let mut rng = world.ctx.env.rng();
    let (old, new) = (Keys::generate(&mut rng), Keys::generate(&mut rng));
    let first = KeySet::new(old.clone());
    let second = rotate(first.clone(), new.clone(), now(), TimeDelta::hours(3));
    let mut tx = world.store.begin_job().await.expect("begun");
    for set in [first, second] {
        save_keys(&mut tx, &world.store, world.operator, EndpointId(Uuid::from_u128(1)), &set).await.expect("saved");
    }
    tx.commit().await.expect("committed");
    let html = endpoint_html(&world).await;
    for keys in [&old, &new] {
        let secret = keys.secret.expose();
        assert!(html.contains(&format!("whsec_…{}<", &secret[secret.len() - 4..])), "{html}");
        assert!(!html.contains(&secret[secret.len() - 5..]), "no more than four");
    }
    assert!(html.find(&new.secret.expose()[46..]) < html.find(&old.secret.expose()[46..]), "the current one first: {html}");
    world.run("update endpoint set signature = 'v1a'").await;
    let html = endpoint_html(&world).await;
    let public = new.pair.public().to_string();
    assert!(html.contains(&format!("whpk_…{}<", &public[public.len() - 4..])), "{html}");
    assert!(!html.contains(&new.secret.expose()[46..]), "the secret is not in use: {html}");
}

#[sqlx::test]
async fn a_heartbeat_says_whether_it_was_taken(pool: PgPool) {
    let world = World::new(pool, 32).await;
    world.endpoint(1, 0, "{}").await;
    let sent = now() - TimeDelta::minutes(5);
    world.run(&format!("update endpoint set heartbeat_at = '{}'", sent.to_rfc3339())).await;
    let html = endpoint_html(&world).await;
    assert!(html.contains("sent <time") && !html.contains("taken <time"), "not noted yet: {html}");
    let beat = |at: DateTime<Utc>, status: &'static str| {
        let at = at.to_rfc3339();
        let (operator, id, event) = (world.operator, world.ctx.env.id(), world.ctx.env.id());
        let sql = format!(
            "insert into attempt (operator_id, at, id, endpoint_id, event_id, type, subject, number, trigger, status, error, elapsed_ms,
                                  request_headers)
             values ('{operator}', '{at}', '{id}', '{}', '{event}', 'feed.heartbeat', '', 1, 'heartbeat', {status}, 'timeout', 12, '')",
            one()
        );
        let world = &world;
        async move { world.run(&sql).await }
    };
    beat(sent - TimeDelta::hours(1), "204").await;
    let html = endpoint_html(&world).await;
    assert!(html.contains("sent <time") && !html.contains("taken <time"), "that was the one before: {html}");
    beat(sent + TimeDelta::milliseconds(3), "500").await;
    let html = endpoint_html(&world).await;
    assert!(html.contains("not taken <time") && html.contains("</time>: 500"), "{html}");
    world.run("update attempt set status = 204 where trigger = 'heartbeat'").await;
    let html = endpoint_html(&world).await;
    assert!(html.contains("taken <time") && html.contains("</time>, 204") && !html.contains("not taken <time"), "{html}");
    world.run("update attempt set status = null where trigger = 'heartbeat'").await;
    assert!(endpoint_html(&world).await.contains("</time>: Timed out"));
}

#[sqlx::test]
async fn an_attempt_says_why_the_next_try_is_when_it_is(pool: PgPool) {
    let world = World::new(pool, 33).await;
    world.event(1, EventType::NumberAssigned, A).await;
    world.endpoint(1, 1, "{}").await;
    world.attempt(1, 1, A, 1, "503").await;
    let pages = || async {
        let list = render(notifications_page(world.request(&[], "tab=attempts")).await.expect("a page"));
        let wire = EventId(id(1)).wire();
        let event = render(event_page(world.request(&[("id", &wire)], "")).await.expect("a page"));
        let key = list.split("/notifications/attempts/").nth(1).and_then(|rest| rest.split('"').next()).expect("a link").to_owned();
        let attempt = render(attempt_page(world.request(&[("key", &key)], "")).await.expect("a page"));
        [list, event, attempt]
    };
    let answer = |seconds: i64, headers: &str| {
        format!(
            "update attempt set next_at = at + interval '{seconds}.050 seconds',
                                response_headers = 'HTTP/1.1 503 Service Unavailable{headers}'"
        )
    };
    for (seconds, headers, words) in [
        (200, "\nretry-after: 200\ncontent-length: 2", Some("your Retry-After: 200\u{a0}s")),
        (5, "\nx-retry-after: 200", Some("by the schedule")),
        (300, "\nretry-after: 2", None),
        (5, "\nx-long: 1\n…", None),
    ] {
        world.run(&answer(seconds, headers)).await;
        for html in pages().await {
            let said = ["your Retry-After", "by the schedule"].into_iter().any(|word| html.contains(word));
            assert_eq!(said, words.is_some(), "{headers}: {html}");
            assert!(words.is_none_or(|words| html.contains(words)), "{headers}: {html}");
        }
    }
}

/// Taken it was, but that is not what a challenge asks for.
#[sqlx::test]
async fn a_challenge_is_answered_with_200_alone(pool: PgPool) {
    let world = World::new(pool, 35).await;
    world.event(1, EventType::NumberAssigned, A).await;
    world.endpoint(1, 1, "{}").await;
    world.attempt(1, 1, A, 1, "201").await;
    let marks = || async {
        let html = render(notifications_page(world.request(&[], "tab=attempts")).await.expect("a page"));
        let (before, _) = html.split_once("201</span>").expect("the answer");
        let row = &before[before.rfind("<tr").expect("a row")..];
        ["ok", "danger"].map(|tone| row.matches(&format!("data-tone=\"{tone}\"")).count())
    };
    assert_eq!(marks().await, [1, 0], "an event that was taken");
    world.run("update attempt set trigger = 'verify'").await;
    assert_eq!(marks().await, [0, 2], "the row and its answer");
}

#[sqlx::test]
async fn a_test_and_a_recovery_begin_above_the_notices(pool: PgPool) {
    let mut world = World::new(pool, 34).await;
    let page = |world: &World| {
        let request = world.request(&[], "");
        async move { render(notifications_page(request).await.expect("a page")) }
    };
    let none = page(&world).await;
    assert!(!none.contains("Send a test") && !none.contains("Recover…"), "{none}");
    world.endpoint(1, 0, "{}").await;
    let single = page(&world).await;
    assert!(single.contains("Send a test") && single.contains(&format!("/endpoints/{}/recover", one())), "{single}");
    assert!(!single.contains("menu-item"), "nothing to choose: {single}");
    world.endpoint(2, 0, "{}").await;
    world.run("update endpoint set description = 'Receiver ' || right(url, 1)").await;
    world.run("update endpoint set state = 'disabled', state_reason = 'platform' where description = 'Receiver 2'").await;
    let several = page(&world).await;
    assert_eq!(several.matches("class=\"menu-item\"").count(), 4, "{several}");
    assert!(several.contains("Receiver 1") && several.contains("<small>Disabled by the platform</small>"), "{several}");
    world.ctx.scopes = [Scope::EventsRead].into_iter().collect();
    let looking = page(&world).await;
    assert!(looking.contains("Send a test") && !looking.contains("/recover") && !looking.contains("menu-item"), "{looking}");
}
