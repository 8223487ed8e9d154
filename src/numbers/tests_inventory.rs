//! The lists against brute force: whatever is asked for, the list holds exactly the rows that a plain loop over all rows keeps, in its order,
//! each once, whatever happens meanwhile.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Write as _;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use sqlx::PgPool;
use uuid::Uuid;

use super::*;
use crate::base::AccountId;
use crate::base::Actor;
use crate::base::Ctx;
use crate::base::Env;
use crate::base::OperatorId;
use crate::base::Org;
use crate::base::Scope;
use crate::base::TenantId;
use crate::identity;
use crate::numbers::model_list::NumberAsk;
use crate::numbers::model_list::OperatorAsk;
use crate::numbers::queries_filter::Tally;
use crate::numbers::reads::Way;
use crate::store::SecretKey;
use crate::store::Store;
use crate::store::ensure_partitions;
use crate::transfers::Channel;
use crate::ui::Query;

mod brute;
mod stock;

use brute::keeps;
use brute::operator_keeps;
use brute::ordered;
use stock::Chance;
use stock::Row;
use stock::write;

const ROWS: usize = 360;

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_780)
}

struct Scene {
    store: Store,
    tenants: [TenantId; 2],
    operators: [OperatorId; 2],
    /// Of the first tenant and of the second.
    rows: [Vec<Row>; 2],
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

    /// Walks the tenant's list page by page; `between` runs after each page.
    async fn walk(&self, query: &Query, size: i64, mut between: impl AsyncFnMut()) -> (Vec<String>, Tally) {
        let ctx = self.ctx(Org::Tenant(self.tenants[0]));
        let (mut seen, mut state, mut total) = (Vec::new(), query.clone(), None);
        loop {
            let ask = NumberAsk::parse(&state).expect("a list");
            let page =
                reads::tenant_page(&mut self.store.begin_for(&ctx).await.expect("begun"), &ctx, &ask, size).await.expect("a page");
            seen.extend(page.lines.iter().map(|line| line.e164.clone()));
            total.get_or_insert(page.around.total);
            let Some(last) = page.lines.last().filter(|_| page.later) else { break };
            state = query.after(ask.cursor(last));
            between().await;
        }
        (seen, total.expect("a page at least"))
    }

    /// The same from the last row back to the first, by the ways that pages offer.
    async fn back(&self, query: &Query, last: &Row, size: i64) -> Vec<String> {
        let ctx = self.ctx(Org::Tenant(self.tenants[0]));
        let ask = NumberAsk::parse(query).expect("a list");
        let lines = reads::tenant_numbers(&self.store, &ctx, &ask, 1000).await.expect("all");
        let end = lines.iter().find(|line| line.e164 == last.e164).expect("the last row");
        let (mut seen, mut state) = (vec![last.e164.clone()], query.before(ask.cursor(end)));
        loop {
            let ask = NumberAsk::parse(&state).expect("a list");
            let page =
                reads::tenant_page(&mut self.store.begin_for(&ctx).await.expect("begun"), &ctx, &ask, size).await.expect("a page");
            seen.splice(0..0, page.lines.iter().map(|line| line.e164.clone()));
            let Some(first) = page.lines.first().filter(|_| page.earlier) else { return seen };
            state = query.before(ask.cursor(first));
        }
    }
}

async fn scene(pool: PgPool, chance: &mut Chance) -> Scene {
    let env = Env::fixed(now(), 5);
    let key = SecretKey::parse(&SecretKey::generate(&env)).expect("a key");
    let store = Store::new(pool, env, key);
    ensure_partitions(&store, now()).await.expect("partitions");
    let tenant = async |slug: &'static str, sip_domain: &'static str| {
        let new =
            identity::NewTenant { slug, name: slug, country: "DE", time_zone: "Europe/Berlin", sip_domain, quarantine_days: 30 };
        identity::create_tenant(&store, new).await.expect("a tenant")
    };
    let operator = async |slug: &'static str| {
        let new =
            identity::NewOperator { slug, name: slug, time_zone: "Europe/Oslo", countries: &["DE"], services: &[], website: None };
        identity::create_operator(&store, new).await.expect("an operator")
    };
    let tenants = [tenant("kestrel", "kestrel.example").await, tenant("heron", "heron.example").await];
    let operators = [operator("norvik").await, operator("albion").await];
    let mut taken = BTreeSet::new();
    let mut rows = || Row::stock(chance, &operators, &mut taken, ROWS);
    let rows = [rows(), rows()];
    for (tenant, rows) in tenants.iter().zip(&rows) {
        write(&store, *tenant, rows).await;
    }
    Scene { store, tenants, operators, rows }
}

/// A query of up to four filters whose words stand in the stock, or not.
fn asked(chance: &mut Chance, scene: &Scene, operator_side: bool) -> Query {
    let mut query = Query::default();
    let row = chance.of(&scene.rows[0]).clone();
    for _ in 0..=chance.below(3) {
        let (key, value): (&str, String) = match chance.below(if operator_side { 12 } else { 17 }) {
            0 => ("country", row.country.to_owned()),
            1 => ("city", row.city.unwrap_or("Nowhere").to_uppercase()),
            2 => ("kind", row.kind.to_owned()),
            3 => ("usage", row.usage.to_owned()),
            4 => ("capability", (*chance.of(&["inbound", "voice_app", "emergency"])).to_owned()),
            5 => ("pending_over", chance.below(120).to_string()),
            6 => ("from", row.e164[..4 + chance.below(5)].to_owned()),
            7 => ("to", row.e164[..4 + chance.below(5)].to_owned()),
            8 => ("changed_since", row.changed_at.to_rfc3339()),
            9 | 10 => ("q", chance.search(&row, operator_side)),
            11 => {
                let place = chance.below(2);
                let some = chance.some(&scene.rows[place]);
                ("numbers", some.iter().map(|row| row.e164.as_str()).collect::<Vec<_>>().join(","))
            }
            12 => ("state", (*chance.of(&["free", "assigned", "pending", "failed", "quarantined", "reserved"])).to_owned()),
            13 => ("operator", row.operator.to_string()),
            14 => ("tag", (*chance.of(&stock::TAGS)).to_owned()),
            15 => ("assigned_to", row.target.map_or("nobody".to_owned(), |n| format!("u{n}"))),
            _ => ("assigned_to", row.target.map_or("nobody".to_owned(), |n| format!("User{n}@kestrel.example"))),
        };
        query = query.with(key, value);
    }
    if operator_side {
        match chance.below(5) {
            0 => query = query.with("assigned", "true"),
            1 => query = query.with("assigned", "false"),
            2 => query = query.with("state", *chance.of(&["pending", "refused", "quarantined"])),
            _ => {}
        }
        return query.with("sort", *chance.of(&["number", "-number", "changed", "-changed"]));
    }
    let sorts = ["number", "-number", "state", "operator", "-city", "city", "usage", "changed", "-changed"];
    if chance.below(4) == 0 { query.with("q", chance.search(&row, false)) } else { query }.with("sort", *chance.of(&sorts))
}

#[sqlx::test]
async fn a_list_is_what_brute_force_keeps(pool: PgPool) {
    let mut chance = Chance::new(11);
    let scene = scene(pool, &mut chance).await;
    let (mut found, mut empty, mut counted) = (0, 0, 0);
    for round in 0..160 {
        let query = asked(&mut chance, &scene, false);
        let kept: Vec<&Row> = ordered(scene.rows[0].iter().filter(|row| keeps(row, &query, now())).collect(), &query);
        let wanted: Vec<&str> = kept.iter().map(|row| row.e164.as_str()).collect();
        let size = i64::try_from(3 + chance.below(60)).expect("small");
        let (seen, total) = scene.walk(&query, size, async || {}).await;
        assert_eq!(seen, wanted, "round {round}: {}", query.encode());
        match total {
            Tally::Exactly(n) => {
                assert_eq!(n, i64::try_from(wanted.len()).expect("small"), "{}", query.encode());
                counted += 1;
            }
            // A search that is judged row by row is counted unless the planner thinks it dear; what is said is true in any case.
            Tally::MoreThan(n) => assert!(n < i64::try_from(wanted.len()).expect("small"), "{}", query.encode()),
            total @ Tally::About(_) => panic!("{total:?} of {} is not counted: {}", wanted.len(), query.encode()),
        }
        if let Some(last) = kept.last().filter(|_| round % 4 == 0) {
            assert_eq!(scene.back(&query, last, size).await, wanted, "backwards: {}", query.encode());
        }
        if wanted.is_empty() { empty += 1 } else { found += 1 }
    }
    assert!(counted > 130, "{counted} of 160 are counted");
    assert!(found > 50 && empty > 8, "{found} of the lists hold rows, {empty} none: the filters are too narrow or too wide");
}

#[sqlx::test]
async fn an_operators_list_is_what_brute_force_keeps(pool: PgPool) {
    let mut chance = Chance::new(12);
    let scene = scene(pool, &mut chance).await;
    // All of the first tenant, Germany alone of the second.
    let mut open = BTreeSet::new();
    for (place, tenant) in scene.tenants.iter().enumerate() {
        for country in stock::COUNTRIES.iter().filter(|country| place == 0 || **country == "DE") {
            open.insert((place, *country));
            sqlx::query(
                "insert into gate (tenant_id, operator_id, country, class, open, consent_id, notice_version, changed_at)
                 values ($1, $2, $3, 'numbers', true, $4, '3', $5)",
            )
            .bind(tenant.0)
            .bind(scene.operators[0].0)
            .bind(country)
            .bind(Uuid::from_u128(9))
            .bind(now())
            .execute(scene.store.pool())
            .await
            .expect("a gate");
        }
    }
    let ctx = scene.ctx(Org::Operator(scene.operators[0]));
    let seen_by = |place: usize, row: &Row| row.operator == scene.operators[0].0 && open.contains(&(place, row.country));
    let mut found = 0;
    for round in 0..100 {
        let query = asked(&mut chance, &scene, true);
        let all = scene.rows.iter().enumerate().flat_map(|(place, rows)| rows.iter().map(move |row| (place, row)));
        let kept = all.filter(|(place, row)| seen_by(*place, row) && operator_keeps(row, &query, now())).map(|(_, row)| row);
        let wanted: Vec<&str> = ordered(kept.collect(), &query).into_iter().map(|row| row.e164.as_str()).collect();
        let mut ask = OperatorAsk::parse(&query).expect("a list");
        let mut seen = Vec::new();
        loop {
            let page = reads::operator_page(&scene.store, &ctx, &ask, 17, Way::Call(Channel::Export)).await.expect("a page");
            seen.extend(page.lines.into_iter().map(|line| line.e164));
            let Some(next) = page.next else { break };
            ask.after = Some(next);
        }
        assert_eq!(seen, wanted, "round {round}: {}", query.encode());
        found += usize::from(!wanted.is_empty());
    }
    assert!(found > 30, "{found} of the lists hold rows");
}

#[sqlx::test]
async fn a_cursor_neither_skips_nor_repeats_while_numbers_come(pool: PgPool) {
    let mut chance = Chance::new(13);
    let scene = scene(pool, &mut chance).await;
    let mut taken: BTreeSet<String> = scene.rows.iter().flatten().map(|row| row.e164.clone()).collect();
    for sort in ["number", "-number", "state", "operator", "city", "-usage", "changed", "-changed"] {
        let before: BTreeSet<String> = scene.walk(&Query::default(), 500, async || {}).await.0.into_iter().collect();
        let (store, tenant, operators) = (scene.store.clone(), scene.tenants[0], scene.operators);
        let (chance, taken) = (&mut chance, &mut taken);
        let query = Query::default().with("sort", sort);
        let (seen, _) =
            scene.walk(&query, 40, async || write(&store, tenant, &Row::stock(chance, &operators, taken, 3)).await).await;
        let mut times: BTreeMap<&String, usize> = BTreeMap::new();
        for e164 in &seen {
            *times.entry(e164).or_default() += 1;
        }
        assert!(times.values().all(|n| *n == 1), "{sort} repeats a row");
        let skipped: Vec<_> = before.iter().filter(|e164| !times.contains_key(e164)).collect();
        assert!(skipped.is_empty(), "{sort} skips {skipped:?}");
    }
}

#[sqlx::test]
async fn a_pasted_list_of_a_thousand_names_what_is_not_there(pool: PgPool) {
    let mut chance = Chance::new(14);
    let scene = scene(pool, &mut chance).await;
    let ctx = scene.ctx(Org::Tenant(scene.tenants[0]));
    let mut text = String::from("not a number\n");
    for row in scene.rows.iter().flatten() {
        writeln!(text, "{} {}", &row.e164[..5], &row.e164[5..]).expect("text takes text");
    }
    let list = pasted::keep_list(&scene.store, &ctx, &text).await.expect("kept");
    let query = Query::default().with("list", list.to_string());
    let mut tx = scene.store.begin_for(&ctx).await.expect("begun");
    let page = reads::tenant_page(&mut tx, &ctx, &NumberAsk::parse(&query).expect("a list"), 1000).await.expect("a page");
    assert_eq!(page.lines.len(), ROWS, "those of the other tenant are not shown");
    let listed = page.around.listed.expect("a list");
    assert_eq!((listed.numbers, listed.unknown.len(), listed.unread), (2 * ROWS, ROWS, vec!["not a number".to_owned()]));
    assert!(scene.rows[1].iter().all(|row| listed.unknown.contains(&row.e164)));
    let other = scene.ctx(Org::Tenant(scene.tenants[1]));
    let ask = NumberAsk::parse(&query).expect("a list");
    let mut tx = scene.store.begin_for(&other).await.expect("begun");
    let refused = reads::tenant_page(&mut tx, &other, &ask, 10).await.map(|_| ()).expect_err("not theirs").problem();
    assert_eq!(refused.code, "list_gone");
    let long: String = (0..1001).map(|n| format!("+4930{:07}\n", n)).collect();
    let refused = pasted::keep_list(&scene.store, &ctx, &long).await.map(|_| ()).expect_err("too long").problem();
    assert_eq!((refused.status, refused.code), (422, "list_too_long"));
}

#[sqlx::test]
async fn blocks_follow_the_stock(pool: PgPool) {
    let mut chance = Chance::new(15);
    let scene = scene(pool, &mut chance).await;
    let faults = "select count(*) from (
        (select distinct tenant_id, operator_id, left(e164, -2) as block, substr(left(e164, -2), i) as suffix
         from number, generate_series(2, 20) i where i <= length(e164) - 4
         except select tenant_id, operator_id, block, suffix from number_suffix)
        union all
        (select tenant_id, operator_id, block, suffix from number_suffix
         except select tenant_id, operator_id, left(e164, -2), substr(left(e164, -2), i) from number, generate_series(2, 20) i)) as x";
    let count = async || -> i64 { sqlx::query_scalar(faults).fetch_one(scene.store.pool()).await.expect("counted") };
    assert_eq!(count().await, 0, "after inserts");
    sqlx::query("delete from number where right(e164, 1) in ('1', '2', '3', '4', '5', '6')")
        .execute(scene.store.pool())
        .await
        .expect("deleted");
    assert_eq!(count().await, 0, "after deletes");
}

/// The last number of a block leaves while another one of the block is being written.
#[sqlx::test]
async fn a_block_that_empties_and_fills_at_once_keeps_its_digits(pool: PgPool) {
    let scene = scene(pool, &mut Chance::new(16)).await;
    let (store, tenant, operator) = (scene.store.clone(), scene.tenants[0], scene.operators[0]);
    let add = "insert into number (tenant_id, e164, operator_id, country, kind, usage, capabilities, listed, emergency_mode,
                                   activation_state, assignment_status, number_seq, created_at, changed_at)
               values ($1, $2, $3, 'DE', 'geographic', 'user', '{}', true, 'operator_default', 'activated', 'unassigned', 1, now(), now())";
    let mut tx = store.begin_job().await.expect("a transaction");
    sqlx::query(add).bind(tenant.0).bind("+498999777701").bind(operator.0).execute(&mut *tx).await.expect("the first one");
    tx.commit().await.expect("written");

    let mut tx = store.begin_job().await.expect("a transaction");
    sqlx::query(add).bind(tenant.0).bind("+498999777702").bind(operator.0).execute(&mut *tx).await.expect("the second one");
    let leaving = tokio::spawn({
        let store = store.clone();
        async move {
            let mut tx = store.begin_job().await.expect("a transaction");
            let gone = sqlx::query("delete from number where e164 = '+498999777701'").execute(&mut *tx).await.expect("deleted");
            tx.commit().await.expect("written");
            gone.rows_affected()
        }
    });
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    tx.commit().await.expect("written");
    assert_eq!(leaving.await.expect("ended"), 1);
    let mut tx = store.begin_job().await.expect("a transaction");
    let kept: i64 = sqlx::query_scalar("select count(*) from number_suffix where block = '+4989997777'")
        .fetch_one(&mut *tx)
        .await
        .expect("counted");
    assert_eq!(kept, 8, "every end of at least three digits");
}
