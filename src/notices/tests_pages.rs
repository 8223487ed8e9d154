//! The operator's pages over a database: derived delivery states, paging, what the gate lets through, and that pages render.

mod endpoint;
mod health;
mod search;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use leptos::prelude::*;
use sqlx::PgPool;
use uuid::Uuid;

use super::queries_pages;
use super::queries_pages::Delivery;
use super::queries_pages::EventFilter;
use super::queries_pages::Place;
use super::queries_pages_attempts;
use super::queries_pages_attempts::AttemptFilter;
use super::queries_pages_metrics;
use super::*;
use crate::base::AccountId;
use crate::base::Actor;
use crate::base::ConsentId;
use crate::base::Ctx;
use crate::base::Env;
use crate::base::EventId;
use crate::base::OperatorId;
use crate::base::Org;
use crate::base::Scope;
use crate::base::TenantId;
use crate::identity::NewOperator;
use crate::identity::NewTenant;
use crate::identity::PageRequest;
use crate::identity::create_operator;
use crate::identity::create_tenant;
use crate::store::SecretKey;
use crate::store::Store;
use crate::store::ensure_partitions;
use crate::transfers;
use crate::transfers::Class;
use crate::transfers::GateState;
use crate::ui::Query;

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_780)
}

/// One tenant, one operator, an open gate for numbers in DE.
struct World {
    store: Store,
    tenant: TenantId,
    operator: OperatorId,
    ctx: Ctx,
}

impl World {
    async fn new(pool: PgPool, seed: u64) -> Self {
        let env = Env::fixed(now(), seed);
        let key = SecretKey::parse(&SecretKey::generate(&env)).expect("a key");
        let store = Store::new(pool, env.clone(), key);
        ensure_partitions(&store, now()).await.expect("partitions");
        let tenant = NewTenant {
            slug: "kestrel",
            name: "Kestrel Logistik GmbH",
            country: "DE",
            time_zone: "Europe/Berlin",
            sip_domain: "kestrel.sip.example",
            quarantine_days: 30,
        };
        let operator = NewOperator {
            slug: "norvik",
            name: "Norvik",
            time_zone: "Europe/Oslo",
            countries: &["DE"],
            services: &[],
            website: None,
        };
        let tenant = create_tenant(&store, tenant).await.expect("a tenant");
        let operator = create_operator(&store, operator).await.expect("an operator");
        let ctx = Ctx {
            actor: Actor::Account { id: AccountId(env.id()), label: "Henrik".to_owned() },
            org: Org::Operator(operator),
            scopes: [Scope::EventsRead, Scope::EndpointsWrite].into_iter().collect(),
            request_id: "req".to_owned(),
            address: None,
            env,
        };
        let world = Self { store, tenant, operator, ctx };
        world.gate(true).await;
        world
    }

    async fn gate(&self, open: bool) {
        let state = GateState {
            open,
            consent_id: ConsentId(Uuid::from_u128(9)),
            notice_version: "1".to_owned(),
            reason: (!open).then(|| "suspended".to_owned()),
        };
        let mut tx = self.store.begin_job().await.expect("begun");
        transfers::set_gate(&mut tx, self.tenant, self.operator, "DE", Class::Numbers, &state, now()).await.expect("a gate");
        tx.commit().await.expect("committed");
    }

    async fn run(&self, sql: &str) {
        let mut tx = self.store.begin_job().await.expect("begun");
        sqlx::query(sql).execute(&mut *tx).await.expect(sql);
        tx.commit().await.expect("committed");
    }

    /// A sealed event; `seq` is its id too.
    async fn event(&self, seq: i64, kind: EventType, e164: &str) {
        let class = if kind.is_gated() { "'numbers'" } else { "null" };
        self.run(&format!(
            "insert into event (operator_id, seq, id, tenant_id, type, subject, number_seq, country, class, opening, occurred_at, sealed_at, body)
             values ('{}', {seq}, '{}', '{}', '{}', '{e164}', 1, 'DE', {class}, 1, '{at}', '{at}', '{{\"seq\":{seq}}}')",
            self.operator,
            id(seq),
            self.tenant,
            kind.name(),
            at = at(seq).to_rfc3339(),
        ))
        .await;
        self.run(&format!(
            "insert into feed_head (operator_id, feed, last_seq) values ('{}', 'events', {seq})
             on conflict (operator_id, feed) do update set last_seq = excluded.last_seq",
            self.operator
        ))
        .await;
    }

    async fn endpoint(&self, n: u128, cursor: i64, types: &str) {
        self.run(&format!(
            "insert into endpoint (operator_id, id, url, event_types, signature, max_in_flight, confirms, state, cursor_seq, created_at)
             values ('{}', '{}', 'https://hooks.norvik.example/{n}', '{types}', 'both', 8, true, 'active', {cursor}, '{}')",
            self.operator,
            Uuid::from_u128(n),
            at(0).to_rfc3339()
        ))
        .await;
    }

    async fn hold(&self, n: u128, e164: &str, seq: i64, attempt: i64) {
        self.run(&format!(
            "insert into held_event (operator_id, endpoint_id, subject, seq, attempt, next_at)
             values ('{}', '{}', '{e164}', {seq}, {attempt}, '{}')",
            self.operator,
            Uuid::from_u128(n),
            now().to_rfc3339()
        ))
        .await;
    }

    async fn attempt(&self, n: u128, seq: i64, e164: &str, number: i64, status: &str) {
        self.run(&format!(
            "insert into attempt (operator_id, at, id, endpoint_id, seq, event_id, tenant_id, type, subject, number, trigger, status, error,
                                  elapsed_ms, request_headers, response_headers, response_body)
             values ('{}', '{}', '{}', '{}', {seq}, '{}', '{}', 'number.assigned', '{e164}', {number}, 'feed', {status}, null, 12,
                     'content-type: application/json' || chr(10) || 'webhook-signature: v1,abcdefghi…', 'HTTP/1.1 503', 'upstream <b>')",
            self.operator,
            (at(seq) + TimeDelta::seconds(number)).to_rfc3339(),
            self.ctx.env.id(),
            Uuid::from_u128(n),
            id(seq),
            self.tenant
        ))
        .await;
    }

    async fn states(&self, filter: &EventFilter) -> Vec<(i64, Delivery)> {
        let mut tx = self.store.begin_for(&self.ctx).await.expect("begun");
        let page = queries_pages::events(&mut tx, self.operator, filter, Place::default(), 50).await.expect("a page");
        page.rows.iter().map(|row| (row.seq, row.delivery())).collect()
    }

    fn request(&self, params: &[(&str, &str)], query: &str) -> PageRequest {
        let params = params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        PageRequest {
            store: self.store.clone(),
            ctx: Some(self.ctx.clone()),
            signed: None,
            params: std::iter::once(("slug".to_owned(), "norvik".to_owned())).chain(params).collect(),
            query: Query::parse(query),
            flash: None,
            path: "/o/norvik/notifications".to_owned(),
        }
    }

    async fn registered(&self) -> Vec<(String, String, i64)> {
        sqlx::query_as("select ref, basis, records from transfer order by ref")
            .fetch_all(&mut *self.store.begin_job().await.expect("begun"))
            .await
            .expect("entries")
    }
}

fn id(seq: i64) -> Uuid {
    Uuid::from_u128(u128::try_from(seq).expect("positive") << 16)
}

fn at(seq: i64) -> DateTime<Utc> {
    now() - TimeDelta::hours(2) + TimeDelta::minutes(seq)
}

const A: &str = "+493023125010";
const B: &str = "+493023125011";

#[sqlx::test]
async fn a_state_follows_from_cursor_held_numbers_and_acknowledgement(pool: PgPool) {
    let world = World::new(pool, 1).await;
    for (seq, e164) in [(1, A), (2, B), (3, A), (4, B)] {
        world.event(seq, EventType::NumberAssigned, e164).await;
    }
    let all = EventFilter::default();
    let waiting = Delivery::Waiting;
    assert_eq!(world.states(&all).await, [(4, waiting), (3, waiting), (2, waiting), (1, waiting)], "nobody to push to");
    world.run("update feed_head set acked_seq = 2").await;
    let taken = Delivery::Delivered;
    assert_eq!(world.states(&all).await, [(4, waiting), (3, waiting), (2, taken), (1, taken)], "pulled");
    world.run("update feed_head set acked_seq = 0").await;

    world.endpoint(1, 3, "{}").await;
    world.hold(1, A, 1, 1).await;
    world.attempt(1, 1, A, 1, "503").await;
    let failing = Delivery::Failing;
    assert_eq!(
        world.states(&all).await,
        [(4, waiting), (3, waiting), (2, taken), (1, failing)],
        "3 waits behind 1, 4 lies ahead of the cursor"
    );
    let only = |state| EventFilter { state: Some(state), ..EventFilter::default() };
    assert_eq!(world.states(&only(failing)).await, [(1, failing)]);
    assert_eq!(world.states(&only(waiting)).await, [(4, waiting), (3, waiting)]);
    assert_eq!(world.states(&only(taken)).await, [(2, taken)]);

    world.run("update held_event set resume_seq = 3, attempt = 0").await;
    assert_eq!(world.states(&all).await[1], (3, taken), "taken before 1 was sent once more");

    // Another endpoint that wants other types does not change anything; one that wants these does.
    world.endpoint(2, 0, "{number.released}").await;
    assert_eq!(world.states(&all).await[2], (2, taken));
    world.endpoint(3, 0, "{number.assigned}").await;
    assert_eq!(world.states(&all).await[2], (2, waiting));
}

#[sqlx::test]
async fn what_is_withheld_is_neither_shown_nor_found(pool: PgPool) {
    let world = World::new(pool, 2).await;
    world.event(1, EventType::NumberAssigned, A).await;
    world.event(2, EventType::NumberUnassigned, A).await;
    world.gate(false).await;
    let taken = world.states(&EventFilter::default()).await;
    assert_eq!(taken, [(2, Delivery::Waiting), (1, Delivery::Withheld)]);
    let by_number = EventFilter { number: Some(A.to_owned()), ..EventFilter::default() };
    assert_eq!(world.states(&by_number).await, [(2, Delivery::Waiting)], "the way out is never gated");
    let html = render(notifications_page(world.request(&[], "")).await.expect("a page"));
    assert_eq!(html.matches("data class=\"tel\"").count() + html.matches("/o/norvik/numbers/").count(), 1, "{html}");
    assert_eq!(world.registered().await, [("notifications/numbers/wind_down".to_owned(), "wind_down".to_owned(), 1)]);

    let wire = EventId(id(1)).wire();
    let html = render(event_page(world.request(&[("id", &wire)], "")).await.expect("a page"));
    assert!(!html.contains("23125") && !html.contains("Kestrel") && !html.contains("Number assigned"), "{html}");
    assert!(html.contains("The customer has suspended its consent"));
}

#[sqlx::test]
async fn pages_of_events_meet_without_gap_or_repetition(pool: PgPool) {
    let world = World::new(pool, 3).await;
    for seq in 1..=7 {
        world.event(seq, EventType::NumberAssigned, A).await;
    }
    let mut tx = world.store.begin_for(&world.ctx).await.expect("begun");
    let filter = EventFilter::default();
    let mut place = None;
    let mut seen = Vec::new();
    let mut last = None;
    loop {
        let at = Place { after: place.as_deref(), before: None };
        let page = queries_pages::events(&mut tx, world.operator, &filter, at, 3).await.expect("a page");
        seen.extend(page.rows.iter().map(|row| row.seq));
        place.clone_from(&page.older);
        last = page.newer.or(last);
        if place.is_none() {
            break;
        }
    }
    assert_eq!(seen, [7, 6, 5, 4, 3, 2, 1]);
    let back = Place { after: None, before: last.as_deref() };
    let page = queries_pages::events(&mut tx, world.operator, &filter, back, 3).await.expect("a page");
    assert_eq!(page.rows.iter().map(|row| row.seq).collect::<Vec<_>>(), [4, 3, 2]);
    assert!(page.newer.is_some() && page.older.is_some());

    let middle = EventFilter { from: Some(at(3)), to: Some(at(6)), ..EventFilter::default() };
    let page = queries_pages::events(&mut tx, world.operator, &middle, Place::default(), 50).await.expect("a page");
    assert_eq!(page.rows.iter().map(|row| row.seq).collect::<Vec<_>>(), [5, 4, 3], "half open");
    let never = EventFilter { from: Some(now() + TimeDelta::days(9)), ..EventFilter::default() };
    assert!(queries_pages::events(&mut tx, world.operator, &never, Place::default(), 9).await.expect("a page").rows.is_empty());
    assert!(queries_pages::events(&mut tx, world.operator, &filter, Place { after: Some("%"), before: None }, 3).await.is_err());
}

#[sqlx::test]
async fn attempts_are_filtered_and_paged(pool: PgPool) {
    let world = World::new(pool, 4).await;
    world.event(1, EventType::NumberAssigned, A).await;
    world.event(2, EventType::NumberAssigned, B).await;
    world.endpoint(1, 2, "{}").await;
    for (seq, e164, number, status) in [(1, A, 1, "503"), (1, A, 2, "null"), (1, A, 3, "204"), (2, B, 1, "200")] {
        world.attempt(1, seq, e164, number, status).await;
    }
    let mut tx = world.store.begin_for(&world.ctx).await.expect("begun");
    let cases = [
        (AttemptFilter::default(), 4),
        (AttemptFilter { ok: Some(true), ..AttemptFilter::default() }, 2),
        (AttemptFilter { ok: Some(false), ..AttemptFilter::default() }, 2),
        (AttemptFilter { code: Some(5), ..AttemptFilter::default() }, 1),
        (AttemptFilter { code: Some(0), ..AttemptFilter::default() }, 1),
        (AttemptFilter { tries: Some(2), ..AttemptFilter::default() }, 2),
        (AttemptFilter { number: Some(B.to_owned()), ..AttemptFilter::default() }, 1),
        (AttemptFilter { kind: Some("number.updated".to_owned()), ..AttemptFilter::default() }, 0),
    ];
    for (filter, expected) in cases {
        let page =
            queries_pages_attempts::attempts(&mut tx, world.operator, &filter, Place::default(), 50, now()).await.expect("rows");
        assert_eq!(page.rows.len(), expected, "{filter:?}");
    }
    let all = AttemptFilter::default();
    let first = queries_pages_attempts::attempts(&mut tx, world.operator, &all, Place::default(), 3, now()).await.expect("rows");
    let place = Place { after: first.older.as_deref(), before: None };
    let second = queries_pages_attempts::attempts(&mut tx, world.operator, &all, place, 3, now()).await.expect("rows");
    assert_eq!((first.rows.len(), second.rows.len(), second.older.is_none()), (3, 1, true));
}

#[sqlx::test]
async fn a_tenant_learns_how_many_notices_are_pending(pool: PgPool) {
    let world = World::new(pool, 5).await;
    for (seq, e164) in [(1, A), (2, B), (3, A)] {
        world.event(seq, EventType::NumberAssigned, e164).await;
    }
    let pending = || async {
        let reach = crate::store::Reach::Pair(world.tenant, world.operator);
        let mut tx = world.store.begin(reach).await.expect("begun");
        told_summary(&mut tx, world.tenant, world.operator).await.expect("a summary").pending
    };
    assert_eq!(pending().await, 3);
    world.endpoint(1, 3, "{}").await;
    assert_eq!(pending().await, 0);
    world.hold(1, A, 1, 1).await;
    assert_eq!(pending().await, 2, "1 and 3 of the held number");
    world.run("update feed_head set acked_seq = 2").await;
    assert_eq!(pending().await, 1);
}

#[sqlx::test]
async fn every_page_renders_and_registers_what_it_shows(pool: PgPool) {
    let mut world = World::new(pool, 6).await;
    let html = render(notifications_page(world.request(&[], "")).await.expect("a page"));
    assert!(html.contains("No endpoint yet") && html.contains("GET /api/v1/events"));
    world.event(1, EventType::NumberAssigned, A).await;
    world.endpoint(1, 1, "{}").await;
    world.hold(1, A, 1, 1).await;
    world.attempt(1, 1, A, 1, "503").await;
    world.run(&format!("update endpoint set failing_since = '{}'", at(1).to_rfc3339())).await;

    let html = render(notifications_page(world.request(&[], "type=number.assigned&number=030")).await.expect("a page"));
    assert!(html.contains("class=\"error\""), "a number that cannot be read is said so: {html}");
    let html = render(notifications_page(world.request(&[], "q=%00")).await.expect("a page"));
    assert!(html.contains("/o/norvik/numbers/+493023125010"), "nothing was typed: {html}");
    let html = render(notifications_page(world.request(&[], "")).await.expect("a page"));
    assert!(html.contains("/o/norvik/numbers/+493023125010") && html.contains("Failing") && html.contains("Redeliver"), "{html}");
    let html = render(notifications_page(world.request(&[], "tab=attempts&status=failed&code=5xx")).await.expect("a page"));
    assert!(html.contains("503") && html.contains("hooks.norvik.example"));
    let entries = world.registered().await;
    let names: Vec<_> = entries.iter().map(|(name, basis, _)| (name.as_str(), basis.as_str())).collect();
    assert_eq!(names, [("notifications/attempts/numbers", "consent"), ("notifications/numbers", "consent")]);

    let wire = EventId(id(1)).wire();
    let html = render(event_page(world.request(&[("id", &wire)], "")).await.expect("a page"));
    assert!(html.contains("Attempt 1: 503") && html.contains(&wire), "{html}");
    let mut tx = world.store.begin_for(&world.ctx).await.expect("begun");
    let rows =
        queries_pages_attempts::attempts(&mut tx, world.operator, &AttemptFilter::default(), Place::default(), 1, now()).await;
    let key = rows.expect("rows").rows[0].key();
    drop(tx);
    let html = render(attempt_page(world.request(&[("key", &key)], "")).await.expect("a page"));
    assert!(html.contains("upstream &lt;b&gt;") && html.contains("curl --request POST") && !html.contains("abcdefghi"), "{html}");
    for key in ["x", "1-2", "99999999999999999999-00", ""] {
        assert!(attempt_page(world.request(&[("key", key)], "")).await.is_err());
    }

    let html = render(endpoints_page(world.request(&[], "")).await.expect("a page"));
    assert!(html.contains("https://hooks.norvik.example/1"));
    let one = Uuid::from_u128(1).to_string();
    for page in [
        endpoint_page(world.request(&[("id", &one)], "")).await,
        edit_endpoint_page(world.request(&[("id", &one)], "")).await,
        delete_endpoint_page(world.request(&[("id", &one)], "")).await,
        new_endpoint_page(world.request(&[], "")).await,
    ] {
        assert!(render(page.expect("a page")).contains("<h1>"));
    }
    assert!(endpoint_page(world.request(&[("id", &Uuid::from_u128(7).to_string())], "")).await.is_err());

    world.ctx.scopes = [Scope::EventsRead].into_iter().collect();
    let html = render(endpoint_page(world.request(&[("id", &one)], "")).await.expect("a page"));
    let mut reasons: Vec<_> = html.split(" id=\"why-").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let all = reasons.len();
    reasons.sort_unstable();
    reasons.dedup();
    assert!(all >= 4 && reasons.len() == all, "each reason has an id of its own: {html}");
}

fn render(page: crate::ui::Page) -> String {
    let owner = Owner::new();
    owner.with(|| page.body.to_html().replace("<!>", ""))
}
