//! Which day a call belongs to.

use chrono_tz::Europe::Berlin;
use sqlx::PgPool;

use super::ask;
use super::page;
use super::scene::scene;
use crate::base::Org;
use crate::calls::pages_ask::CallAsk;
use crate::calls::pages_reads::Way;
use crate::ui::Query;

#[sqlx::test]
async fn days_count_by_the_beginning_or_by_the_end(pool: PgPool) {
    let scene = scene(pool).await;
    let tenant = Org::Tenant(scene.kestrel);
    let shown = page(&scene, tenant, &ask("tab=answered"), 200, Way::Page).await;
    let call = shown.calls.iter().find(|call| call.line.talk_ms.is_some_and(|ms| ms > 5_000)).expect("a call that was talked");
    let within = call.line.invited_at + chrono::TimeDelta::seconds(1);
    for by_end in [false, true] {
        let asked = CallAsk { from: Some(within), by_end, ..CallAsk::default() };
        let later = page(&scene, tenant, &asked, 200, Way::Page).await;
        assert_eq!(later.calls.iter().any(|other| other.line.id == call.line.id), by_end);
    }
    assert!(CallAsk::parse(&Query::parse("by=nonsense"), Berlin, "operator").is_err());
}
