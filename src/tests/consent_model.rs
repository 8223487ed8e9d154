//! Consents that change at random while data leaves on every way, all at once, against one question: did anything leave through a
//! gate that was closed, and does the register know of all that arrived?
//!
//! What is checked is told by the other side: by what the receiver got and what the answers held, never by the program's own
//! word alone. `CONCORD_MODEL_STEPS` sets how many steps there are.

mod check;
mod scene;

use std::sync::Arc;

use chrono::SubsecRound as _;
use concord::consent;
use concord::consent::ConsentStatus;
use concord::numbers;
use http::Method;
use serde_json::Value;
use serde_json::json;
use sqlx::PgPool;

use self::scene::Pair;
use self::scene::Scene;
use self::scene::Seen;
use super::world::call;
use super::world::view;

/// Steps of a usual run.
const STEPS: u64 = 400;
/// Hands that work at the same time.
const HANDS: u64 = 6;
/// Rounds of all steps at most, while too little happened to prove anything.
const ROUNDS: u64 = 5;

#[sqlx::test]
async fn nothing_leaves_through_a_closed_gate_and_all_that_arrives_stands_in_the_register(pool: PgPool) {
    let steps = std::env::var("CONCORD_MODEL_STEPS").ok().and_then(|text| text.parse().ok()).unwrap_or(STEPS);
    let scene = Arc::new(Scene::new(pool).await);
    // How the hands meet is up to the machine: a run that happened to be quiet goes on until there is enough to judge.
    let mut rounds = 0;
    while rounds == 0 || (rounds < ROUNDS && !check::enough(&scene).await) {
        let mut hands = tokio::task::JoinSet::new();
        for hand in 0..HANDS {
            let scene = scene.clone();
            hands.spawn(async move {
                let mut chance = Chance(0x9e37_79b9 + hand + rounds * HANDS);
                for n in 0..steps.div_ceil(HANDS) {
                    step(&scene, &mut chance, (rounds * HANDS + hand) * 1_000_000 + n).await;
                }
            });
        }
        hands.join_all().await;
        scene.drain().await;
        rounds += 1;
    }
    let figures = check::all(&scene).await;
    say(&format!("consent model: {} steps, {figures}", rounds * steps.div_ceil(HANDS) * HANDS));
}

/// The figure of a run, for who asked for a long one.
#[expect(clippy::disallowed_macros, reason = "a test has no log; the figure is what a long run is for")]
fn say(figure: &str) {
    eprintln!("{figure}");
}

/// A small source of chance (splitmix64): a hand does the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        let place = usize::try_from(self.below(all.len() as u64)).expect("small");
        &all[place]
    }
}

async fn step(scene: &Scene, chance: &mut Chance, n: u64) {
    let pair = chance.of(&scene.pairs).clone();
    match chance.below(100) {
        0..16 => change(scene, &pair, chance).await,
        16..30 => assign(scene, &pair, chance, n).await,
        30..42 => unassign(scene, &pair, chance).await,
        42..54 => scene.pull(&pair, i64::try_from(chance.below(40)).expect("small"), chance.below(2) == 0).await,
        54..62 => feed(scene, &pair).await,
        62..69 => page(scene, &pair).await,
        69..74 => export(scene, &pair).await,
        74..79 => batch(scene, &pair, chance, n).await,
        79..83 => ingest(scene, &pair, chance, n).await,
        83..89 => scene.seal().await,
        89..95 => scene.deliver().await,
        _ => scene.background().await,
    }
}

/// What the tenant may do next, or what it may not: a refusal changes nothing.
async fn change(scene: &Scene, pair: &Pair, chance: &mut Chance) {
    let ctx = scene.tenant_ctx(pair.tenant);
    let told = match chance.below(8) {
        0..3 => consent::accept(&scene.store, &ctx, scene.wish(pair, chance.below(3) > 0)).await,
        3..5 => consent::suspend(&scene.store, &ctx, pair.operator).await,
        5..7 => consent::resume(&scene.store, &ctx, pair.operator).await,
        _ => consent::withdraw(&scene.store, &ctx, pair.operator).await,
    };
    match told {
        Ok(consent) => assert_ne!(consent.status, ConsentStatus::None),
        Err(failure) => assert_eq!(failure.problem().code, "consent_state", "{failure:?}"),
    }
}

async fn assign(scene: &Scene, pair: &Pair, chance: &mut Chance, n: u64) {
    let wish = numbers::AssignIn {
        e164: chance.of(&pair.numbers).clone(),
        target_id: format!("person{}", n % 40),
        category: None,
        version: None,
    };
    if let Err(failure) = numbers::assign(&scene.store, &scene.tenant_ctx(pair.tenant), wish).await {
        let code = failure.problem().code;
        assert!(["gate_closed", "already_assigned", "quarantined", "primary_exists"].contains(&code), "{failure:?}");
    }
}

/// Never refused for lack of consent.
async fn unassign(scene: &Scene, pair: &Pair, chance: &mut Chance) {
    let number = chance.of(&pair.numbers);
    if let Err(failure) = numbers::unassign(&scene.store, &scene.tenant_ctx(pair.tenant), number, Some(0), None).await {
        assert_eq!(failure.problem().code, "not_assigned", "{failure:?}");
    }
}

/// The rows of an answer by their tenant.
fn rows(scene: &Scene, pair: &Pair, way: &'static str, begun: chrono::DateTime<chrono::Utc>, body: &Value) {
    for row in body["data"].as_array().expect("rows") {
        let tenant = row["tenant_id"].as_str().expect("a tenant").parse().expect("an id");
        scene.note(Seen { way, operator: pair.operator, tenant, begun, ended: scene.store.env.now(), rows: 1 });
    }
}

async fn feed(scene: &Scene, pair: &Pair) {
    let begun = scene.store.env.now();
    let token = scene.token(pair.operator);
    let told = call(&scene.app, Method::GET, "/api/v1/calls?basis=processed&limit=1000", &[("authorization", token)], "").await;
    assert_eq!(told.status, 200, "{}", told.text);
    rows(scene, pair, "feed", begun, &told.json());
}

async fn page(scene: &Scene, pair: &Pair) {
    let begun = scene.store.env.now();
    let told = view(&scene.app, &format!("/o/{}/numbers", pair.operator_slug), scene.cookie(pair.operator)).await;
    assert_eq!(told.status, 200, "{}", told.text);
    scene.note_numbers("page", pair.operator, begun, |number| told.text.contains(&format!("/numbers/{number}\"")));
}

async fn export(scene: &Scene, pair: &Pair) {
    let begun = scene.store.env.now();
    let told = view(&scene.app, &format!("/o/{}/numbers.csv", pair.operator_slug), scene.cookie(pair.operator)).await;
    assert_eq!(told.status, 200, "{}", told.text);
    scene.note_numbers("export", pair.operator, begun, |number| told.text.contains(number));
}

/// Durations of a call that ended this moment: taken when the consent was open then, else refused.
async fn batch(scene: &Scene, pair: &Pair, chance: &mut Chance, n: u64) {
    let begun = scene.store.env.now();
    // Times of rows count to the millisecond.
    let answered = begun.trunc_subsecs(3);
    let row = json!({ "operator_ref": format!("ref-{n}"), "e164": chance.of(&pair.numbers).to_string(), "direction": "inbound",
        "other_party": "+441632960001", "answered_at": answered, "duration_s": 61.25 });
    let token = scene.token(pair.operator);
    let headers = [("authorization", token), ("content-type", "application/x-ndjson"), ("prefer", "wait")];
    let told = call(&scene.app, Method::POST, "/api/v1/duration-batches", &headers, row.to_string()).await;
    assert!(matches!(told.status, 200 | 202), "{} {}", told.status, told.text);
    let accepted = told.json()["accepted"].as_i64().unwrap_or_default();
    if accepted > 0 {
        // Judged at the time of the call.
        scene.note(Seen {
            way: "batch",
            operator: pair.operator,
            tenant: pair.tenant,
            begun: answered,
            ended: answered,
            rows: accepted,
        });
    }
}

async fn ingest(scene: &Scene, pair: &Pair, chance: &mut Chance, n: u64) {
    let ended = scene.store.env.now();
    let before = |s: i64| ended - chrono::TimeDelta::seconds(s);
    let row = json!({ "tenant_id": pair.tenant, "operator_id": pair.operator, "call_id": format!("call-{n}"), "direction": "inbound",
        "e164": chance.of(&pair.numbers).to_string(), "caller": "+442079460123", "invited_at": before(70), "ringing_at": before(69),
        "answered_at": before(60), "ended_at": ended, "sip_code": 200 });
    let headers = [("authorization", scene.feeder.as_str()), ("content-type", "application/x-ndjson")];
    let told = call(&scene.app, Method::POST, "/api/v1/platform/call-records", &headers, row.to_string()).await;
    assert_eq!((told.status, told.json()["accepted"].as_i64()), (202, Some(1)), "{}", told.text);
}
