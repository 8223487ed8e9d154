//! The scope layer switched off: every check says yes and every query asks for somebody else's rows, while the transaction's
//! axes stay those of who is signed in. Row security alone must then give no foreign row.

use concord::app::PAGES;
use concord::app::Side;
use concord::app::openapi_document;
use concord::base::Org;
use concord::base::chaos::Off;
use concord::base::chaos::without_scopes;
use http::Method;
use serde_json::Value;
use sqlx::PgPool;

use crate::world::ENDPOINT;
use crate::world::EVENT;
use crate::world::NUMBER;
use crate::world::World;
use crate::world::call;
use crate::world::filled;
use crate::world::view;

/// What stands only in rows of the second pair (see fixture.sql). What the request itself named is taken out first.
fn foreign_words(text: &str, asked: &str) -> Vec<String> {
    let mut text = text.to_owned();
    for word in asked.split(['/', '?', '&', '=']).filter(|word| word.len() > 4) {
        text = text.replace(word, "");
        text = text.replace(&word.replace('+', "%2B"), "");
    }
    let secrets =
        ["label", "city", "target", "person", "tag", "note", "event", "host", "attempt", "client", "subject", "ref", "network"];
    let mut words: Vec<String> = secrets.iter().map(|word| format!("ecret{word}2")).collect();
    words.extend([NUMBER[1], ENDPOINT[1], EVENT[1]].map(str::to_owned));
    words.into_iter().filter(|word| text.contains(word)).collect()
}

/// Addresses of pages and of calls that read, for one kind of organisation.
fn addresses(kind: &str) -> Vec<String> {
    let slug = if kind == "operator" { "alpenfon" } else { "heron" };
    let own = |side: Side| matches!(side, Side::Org(of) if of.as_str() == kind);
    let mut found: Vec<String> = PAGES.iter().filter(|spec| own(spec.side)).map(|spec| filled(spec.path, 1, slug)).collect();
    let document: Value = serde_json::from_str(&openapi_document().expect("a document")).expect("JSON");
    for (path, item) in document["paths"].as_object().expect("paths") {
        let of_kind = match kind {
            "tenant" => path.starts_with("/tenant/"),
            _ => !path.starts_with("/tenant/") && !path.starts_with("/platform/"),
        };
        // The public halves of signing keys are open to everybody.
        if item["get"].is_object() && of_kind && path != "/keys" {
            found.push(format!("/api/v1{}", filled(path, 1, slug)));
        }
    }
    found
}

/// Everything that is shown for one kind of organisation, when `axes` is signed in and `asked` is asked for.
async fn leaks(world: &World, kind: &str, off: Off) -> (usize, Vec<String>) {
    let person = world.admin(kind, 0);
    let token = world.token(person.org, concord::identity::all_client_scopes(person.org)).await;
    let (mut passed, mut leaks) = (0, Vec::new());
    for address in addresses(kind) {
        let told = without_scopes(off, async {
            if address.starts_with("/api/") {
                call(&world.app, Method::GET, &address, &[("authorization", &token)], "").await
            } else {
                view(&world.app, &address, &person.cookie).await
            }
        })
        .await;
        assert!(
            ![401, 403].contains(&told.status) && !told.asks_to_sign_in(),
            "{address}: the scope layer is not off: {}",
            told.status
        );
        passed += usize::from(told.status == 200);
        let words = foreign_words(&told.text, &address);
        if !words.is_empty() {
            leaks.push(format!("{address} ({}) shows {words:?}", told.status));
        }
    }
    (passed, leaks)
}

#[sqlx::test]
async fn without_the_scope_layer_no_foreign_row_is_shown(pool: PgPool) {
    let world = World::new(pool).await;
    for (kind, asked) in [("tenant", Org::Tenant(world.tenants[1])), ("operator", Org::Operator(world.operators[1]))] {
        let axes = world.admin(kind, 0).org;
        let (passed, found) = leaks(&world, kind, Off { axes, asked }).await;
        assert!(passed > 0, "no page of a {kind} answers: the test proves nothing");
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}

/// The same with the axes of the one who is asked for: now rows are shown, so the test above can fail.
#[sqlx::test]
async fn with_foreign_axes_rows_are_shown(pool: PgPool) {
    let world = World::new(pool).await;
    let asked = Org::Operator(world.operators[1]);
    let (_, found) = leaks(&world, "operator", Off { axes: asked, asked }).await;
    assert!(!found.is_empty() || PAGES.len() < 10, "nothing is shown even to who may see it");
}
