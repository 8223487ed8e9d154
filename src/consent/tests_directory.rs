//! Stories of the directory: what is confirmed when accepting, decisions whose counts changed, leaving to the end, new texts.

use sqlx::PgPool;

use super::directory::Standing;
use super::directory::Step;
use super::model::Verb;
use super::setup_notices::DraftIn;
use super::tests::World;
use super::tests::ctx;
use super::tests::problem;
use super::tests::world;
use super::*;
use crate::base::Org;
use crate::base::Scope;
use crate::store::Reach;

fn said(language: &str, staff_informed: bool) -> Said {
    Said { language: language.to_owned(), staff_informed }
}

/// A number of the pair, put there as an order would.
async fn number(w: &World, e164: &str, status: &str) {
    let sql = format!(
        "insert into number (tenant_id, e164, operator_id, country, kind, usage, capabilities, listed, emergency_mode, activation_state,
                             assignment_status, number_seq, created_at, changed_at)
         values ('{}', '{e164}', '{}', 'DE', 'geographic', 'user', '{{user}}', true, 'tenant', 'activated', '{status}', 1, '2026-11-01', '2026-11-01')",
        w.kestrel, w.norvik
    );
    sqlx::raw_sql(&sql).execute(w.store.pool()).await.expect("a number");
}

async fn effects(w: &World) -> super::directory::Effects {
    let mut tx = w.store.begin(Reach::Pair(w.kestrel, w.norvik)).await.expect("begun");
    super::queries_effects::effects(&mut tx, w.kestrel, w.norvik, w.store.env.now()).await.expect("counted")
}

async fn held(w: &World) -> Consent {
    let mut tx = w.store.begin(Reach::Tenant(w.kestrel)).await.expect("begun");
    super::queries_read::consent(&mut tx, w.kestrel, w.norvik).await.expect("read").expect("a consent")
}

#[sqlx::test]
async fn staff_are_informed_where_the_law_asks_and_the_text_that_was_read_is_kept(pool: PgPool) {
    let w = world(pool, 21).await;
    let refused = problem(accept_said(&w.store, &w.ctx, w.given(), said("de", false)).await);
    assert_eq!((refused.status, refused.errors[0].field.as_deref()), (422, Some("staff_informed")));
    let norway = AcceptIn { countries: vec!["NO".to_owned()], ..w.given() };
    assert_eq!(problem(accept_said(&w.store, &w.ctx, norway, said("de", false)).await).errors.len(), 1, "Norway asks too");
    let consent = accept_said(&w.store, &w.ctx, w.given(), said("de", true)).await.expect("accepted");
    let german = w.words("select encode(sha256, 'hex') from notice_text where language = 'de'").await;
    assert_eq!(german, [super::words::hex(&consent.notice_sha256)], "the digest is that of the German text");
    let mut tx = w.store.begin(Reach::Tenant(w.kestrel)).await.expect("begun");
    let entries = super::queries_directory::entries(&mut tx, w.kestrel, w.norvik, None).await.expect("read");
    let entry = &entries[0];
    assert_eq!((entry.staff_informed, entry.language.as_deref()), (Some(true), Some("de")));
    assert_eq!(entry.asked_for.as_deref(), Some(&["DE".to_owned()][..]));
    tx.commit().await.expect("committed");
    suspend(&w.store, &w.ctx, w.norvik).await.expect("suspended");
    let mut tx = w.store.begin(Reach::Tenant(w.kestrel)).await.expect("begun");
    let entries = super::queries_directory::entries(&mut tx, w.kestrel, w.norvik, None).await.expect("read");
    let suspended = entries.iter().find(|entry| entry.action == "suspended").expect("an entry");
    assert_eq!(suspended.staff_informed, None, "nobody confirms anything when suspending");
}

#[sqlx::test]
async fn a_decision_whose_counts_have_changed_is_asked_again(pool: PgPool) {
    let w = world(pool, 22).await;
    w.accept().await;
    number(&w, "+493023125001", "user").await;
    let shown = effects(&w).await;
    assert_eq!((shown.numbers, shown.assigned), (1, 1));
    let seen = shown.seen(&held(&w).await, Verb::Suspend);
    number(&w, "+493023125002", "unassigned").await;
    let refused = problem(super::actions::turn(&w.store, &w.ctx, w.norvik, Verb::Suspend, Some(&seen)).await);
    assert_eq!((refused.status, refused.code), (409, "effects_changed"));
    assert_eq!(w.status().await, ConsentStatus::Active, "nothing was done");
    let wrong_verb = effects(&w).await.seen(&held(&w).await, Verb::Suspend);
    let refused = problem(super::actions::turn(&w.store, &w.ctx, w.norvik, Verb::Withdraw, Some(&wrong_verb)).await);
    assert_eq!(refused.code, "effects_changed", "what was shown was another decision");
    let seen = effects(&w).await.seen(&held(&w).await, Verb::Suspend);
    let (consent, counted) = super::actions::turn(&w.store, &w.ctx, w.norvik, Verb::Suspend, Some(&seen)).await.expect("suspended");
    assert_eq!((consent.status, counted.numbers, counted.assigned), (ConsentStatus::Suspended, 2, 1));
    let logged = w.words("select detail::jsonb->'effects'->>'numbers' from audit_event where action = 'consent.suspend'").await;
    assert_eq!(logged, ["2"]);
}

#[sqlx::test]
async fn notices_under_way_are_counted_while_their_gate_is_open(pool: PgPool) {
    let w = world(pool, 23).await;
    w.accept().await;
    let event = |class: &str| {
        format!(
            "insert into event_out (tenant_id, id, operator_id, type, schema, subject, country, class, occurred_at, data)
             values ('{}', gen_random_uuid(), '{}', 'number.assigned', 's', '+49', 'DE', {class}, '2026-11-23', '{{}}')",
            w.kestrel, w.norvik
        )
    };
    for class in ["'numbers'", "'numbers'", "'durations'", "null"] {
        sqlx::raw_sql(&event(class)).execute(w.store.pool()).await.expect("an event");
    }
    assert_eq!(effects(&w).await.waiting, 2, "ungated ones and those whose gate is closed are not withheld by this");
    suspend(&w.store, &w.ctx, w.norvik).await.expect("suspended");
    assert_eq!(effects(&w).await.waiting, 0);
}

#[sqlx::test]
async fn leaving_goes_on_without_a_consent_and_comes_to_an_end(pool: PgPool) {
    let w = world(pool, 24).await;
    w.accept().await;
    number(&w, "+493023125001", "user").await;
    number(&w, "+493023125002", "unassigned").await;
    let steps = async |withdrawn: bool| {
        let mut tx = w.store.begin(Reach::Tenant(w.kestrel)).await.expect("begun");
        let leaving = super::queries_effects::leaving(&mut tx, w.kestrel, w.norvik).await.expect("counted");
        let of = |step: Step| leaving.steps(withdrawn).into_iter().find(|(one, _)| *one == step).expect("a step").1;
        [of(Step::Unassign), of(Step::Release), of(Step::Gone), of(Step::Withdraw)]
    };
    use Standing::Done;
    use Standing::Later;
    use Standing::ToDo;
    use Standing::Waiting;
    assert_eq!(steps(false).await, [ToDo, ToDo, Later, ToDo]);
    withdraw(&w.store, &w.ctx, w.norvik).await.expect("withdrawn");
    let act = async |sql: &str| {
        sqlx::raw_sql(sql).execute(w.store.pool()).await.expect("done");
    };
    act("update number set assignment_status = 'unassigned'").await;
    assert_eq!(steps(true).await, [Done, ToDo, Later, Done]);
    act("insert into release_request (tenant_id, id, e164, operator_id, state, requested_at)
         select tenant_id, gen_random_uuid(), e164, operator_id, 'open', '2026-11-23' from number")
    .await;
    assert_eq!(steps(true).await, [Done, Waiting, Waiting, Done]);
    act("delete from number").await;
    assert_eq!(steps(true).await, [Done, Done, Done, Done]);
}

#[sqlx::test]
async fn a_new_text_is_drafted_published_once_and_asked_of_everybody(pool: PgPool) {
    let w = world(pool, 25).await;
    w.accept().await;
    let platform = ctx(&w.store, Org::Platform);
    let draft = |version: &str, body: &str| DraftIn {
        version: version.to_owned(),
        texts: [("Notice".to_owned(), body.to_owned()), ("Hinweis".to_owned(), "Text".to_owned())],
    };
    let refused = problem(super::setup_notices::save_draft(&w.store, &platform, draft(NOTICE_VERSION, "Text")).await);
    assert_eq!(refused.errors[0].code, "version_taken");
    let refused = problem(super::setup_notices::save_draft(&w.store, &platform, draft("draft", "")).await);
    assert_eq!(refused.errors.len(), 2, "{:?}", refused.errors);
    super::setup_notices::save_draft(&w.store, &platform, draft("2027-01", "First.\r\n\r\nSecond.")).await.expect("saved");
    let (rows, _) = super::setup_notices::draft(&w.store, &platform).await.expect("a draft");
    let shown = super::setup_notices::digest_of(&rows);
    super::setup_notices::save_draft(&w.store, &platform, draft("2027-01", "Other.")).await.expect("saved over it");
    assert_eq!(problem(super::setup_notices::publish(&w.store, &platform, &shown).await).code, "draft_changed");
    let (rows, _) = super::setup_notices::draft(&w.store, &platform).await.expect("a draft");
    let shown = super::setup_notices::digest_of(&rows);
    w.store.env.advance(chrono::TimeDelta::hours(1));
    super::setup_notices::publish(&w.store, &platform, &shown).await.expect("published");
    assert_eq!(problem(super::setup_notices::publish(&w.store, &platform, &shown).await).status, 404, "once");
    super::setup_notices::save_draft(&w.store, &platform, draft("2027-02", "Thrown away.")).await.expect("saved");
    super::setup_notices::drop_draft(&w.store, &platform).await.expect("thrown away");
    super::setup_notices::drop_draft(&w.store, &platform).await.expect("nothing is left");
    let logged = w.words("select action || ' ' || subject_id from audit_event where subject_kind = 'notice' order by 1").await;
    let (dropped, saved) = ("notice.draft_dropped 2027-02", "notice.draft_saved 2027-01");
    assert_eq!(logged, [dropped, saved, saved, "notice.draft_saved 2027-02", "notice.published 2027-01"]);
    let what_was_read =
        format!("select action from audit_event where subject_id = '2027-01' and detail::jsonb->>'digest' = '{shown}' order by 1");
    assert_eq!(w.words(&what_was_read).await, ["notice.draft_saved", "notice.published"]);

    assert_eq!(held(&w).await.notice_version, NOTICE_VERSION, "what was agreed stays on its text");
    assert_eq!(problem(accept(&w.store, &w.ctx, w.given()).await).code, "notice_outdated");
    let given = AcceptIn { notice_version: "2027-01".to_owned(), ..w.given() };
    assert_eq!(accept(&w.store, &w.ctx, given).await.expect("accepted").notice_version, "2027-01");
    let digest = w.words("select encode(sha256('Other.'::bytea), 'hex')").await;
    assert_eq!(digest, [super::words::hex(&held(&w).await.notice_sha256)]);

    let mut operations = ctx(&w.store, Org::Platform);
    operations.scopes = [Scope::PlatformDirectory].into_iter().collect();
    assert_eq!(problem(super::setup_notices::publish(&w.store, &operations, &shown).await).code, "scope_missing");
    assert_eq!(problem(super::setup_notices::overview(&w.store, &w.ctx).await).code, "wrong_org_kind");
}
