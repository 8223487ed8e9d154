//! The search field of both lists: what it finds, and what it must not.

use super::*;

/// Begins with all of [`A`].
const LONGER: &str = "+4930231250105";

/// The page of this query.
async fn page(world: &World, query: &str) -> String {
    render(notifications_page(world.request(&[], query)).await.expect("a page"))
}

/// Positions of the events listed.
async fn found(world: &World, query: &str) -> Vec<usize> {
    let html = page(world, query).await;
    let link = |seq: i64| format!("/o/norvik/notifications/events/{}", EventId(id(seq)).wire());
    (1..=9).filter(|seq| html.contains(&link(*seq))).map(|seq| usize::try_from(seq).expect("positive")).collect()
}

#[sqlx::test]
async fn one_field_takes_a_number_a_customer_or_an_event(pool: PgPool) {
    let world = World::new(pool, 21).await;
    let stranger = NewTenant {
        slug: "brennecke",
        name: "Brennecke",
        country: "DE",
        time_zone: "Europe/Berlin",
        sip_domain: "brennecke.sip.example",
        quarantine_days: 30,
    };
    create_tenant(&world.store, stranger).await.expect("a tenant");
    for (seq, e164) in [(1, A), (2, B), (3, LONGER)] {
        world.event(seq, EventType::NumberAssigned, e164).await;
    }
    for (query, expected) in [
        ("q=%2B49+30+23125+010", vec![1]),
        ("q=0049%2030%2023125010", vec![1]),
        ("number=%2B493023125010", vec![1]),
        ("q=23125010", vec![1, 3]),
        ("q=%2B4930231", vec![1, 2, 3]),
        ("q=49302312501%20", vec![1, 2, 3]),
        ("number=%2B4930231", vec![]),
        ("q=%2B49302312502", vec![]),
        ("q=kestrel+log", vec![1, 2, 3]),
        ("q=kestrel&type=number.released", vec![]),
        ("q=kestrel&customer=00000000-0000-0000-0000-000000000003", vec![]),
        ("q=brennecke", vec![]),
    ] {
        assert_eq!(found(&world, query).await, expected, "{query}");
    }
    let customer = world.tenant;
    assert_eq!(found(&world, &format!("q=23125011&customer={customer}")).await, [2]);
    for (query, words) in [
        ("q=brennecke", "None of your customers has this in its name"),
        ("q=49+x+30", "None of your customers has this in its name"),
        ("q=12", "Give 3 to 15 digits"),
        ("q=evt_12", "An event id is evt_ and 32"),
        ("q=evt_0000000000000000000000000000ffff", "Your feed has no event with this id"),
    ] {
        let html = page(&world, query).await;
        assert!(html.contains(words) && html.contains("aria-invalid=\"true\"") && html.contains("Nothing fits"), "{query}: {html}");
    }
    // Of an event that is there the answer is a redirect, without a page.
    for query in [format!("q={}", EventId(id(2)).wire()), format!("q={}", id(2))] {
        assert!(!page(&world, &query).await.contains("<h1>"), "{query}");
    }
}

#[sqlx::test]
async fn what_is_withheld_is_not_found_by_the_field(pool: PgPool) {
    let world = World::new(pool, 22).await;
    world.event(1, EventType::NumberAssigned, A).await;
    world.event(2, EventType::NumberUnassigned, B).await;
    world.event(3, EventType::NumberUnassigned, LONGER).await;
    world.endpoint(1, 3, "{}").await;
    world.attempt(1, 1, A, 1, "503").await;
    let tries = || async {
        let mut found = Vec::new();
        for what in ["%2B493023125010", "23125", "kestrel"] {
            found.push(page(&world, &format!("tab=attempts&q={what}")).await.matches("/notifications/attempts/").count());
        }
        found
    };
    assert_eq!(found(&world, "q=%2B493023125010").await, [1]);
    assert_eq!(tries().await, [1, 1, 1]);
    world.gate(false).await;
    assert_eq!(found(&world, "q=23125").await, [2, 3], "the way out is never gated");
    assert_eq!(found(&world, "q=kestrel").await, [2, 3]);
    assert_eq!(found(&world, "q=%2B493023125010").await, [3], "as if there had never been anything of that number");
    assert_eq!(tries().await, [0, 0, 0]);
    let wire = EventId(id(1)).wire();
    let html = page(&world, &format!("tab=attempts&q={wire}")).await;
    assert!(html.contains("/notifications/attempts/") && !html.contains("23125"), "its place alone, as by the link: {html}");
}
