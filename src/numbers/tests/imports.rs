//! First stocks by file.

use super::*;
use crate::numbers::imports::import_assignments;
use crate::numbers::imports::import_numbers;
use crate::numbers::imports::import_targets;

#[sqlx::test]
async fn a_tenant_begins_with_three_files(pool: PgPool) {
    let world = world(pool).await;
    let scopes = std::iter::once(Scope::NumbersWrite).collect();
    let operator = Ctx::job("import", Org::Operator(world.norvik), scopes, world.store.env.clone());
    let file = b"e164,tenant,usage\n+493023125010,acme,user\n030 1,acme,user\n+493023125011,acme,user\n";
    let put = import_numbers(&world.store, &operator, file).await.expect("read");
    assert_eq!(put.accepted, 2);
    assert_eq!(put.rejected.iter().map(|row| (row.row, row.code.as_deref())).collect::<Vec<_>>(), [(2, Some("e164_invalid"))]);
    // Again: what is there already is told, and nothing changes.
    let again = import_numbers(&world.store, &operator, file).await.expect("read");
    assert_eq!((again.accepted, again.rejected.len()), (0, 3));

    let scopes = std::iter::once(Scope::PlatformDirectory).collect();
    let platform = Ctx::job("import", Org::Platform, scopes, world.store.env.clone());
    let people = b"id;kind;display_name;usage_location;licensed\nmara;user;Mara Lind;DE;ja\nnils;user;Nils Ohm;DE;yes\n";
    let put = import_targets(&world.store, &platform, world.acme, people, false).await.expect("written");
    assert_eq!((put.written, put.left), (2, 0));
    let wrong = b"id,kind,display_name,licensed\nmara,user,Mara,perhaps\n";
    let refused = import_targets(&world.store, &platform, world.acme, wrong, true).await.expect_err("refused").problem();
    assert_eq!((refused.code, refused.errors[0].field.as_deref()), ("targets_invalid", Some("licensed")));

    let held = b"target_id,e164,assigned_at\nmara,+493023125010,2026-01-05T08:00:00Z\nnobody,+493023125011,\nmara\n";
    let put = import_assignments(&world.store, &platform, world.acme, held).await.expect("read");
    let codes = put.rejected.iter().map(|row| (row.row, row.code.as_deref())).collect::<Vec<_>>();
    assert_eq!((put.accepted, codes), (1, vec![(2, Some("target_unknown")), (3, Some("e164_invalid"))]));
    let again = import_assignments(&world.store, &platform, world.acme, held).await.expect("read");
    assert_eq!((again.accepted, again.rejected.len()), (1, 2));
    let header = import_assignments(&world.store, &platform, world.acme, b"e164\n+493023125011\n").await.expect_err("refused");
    assert_eq!(header.problem().code, "assignments_header_invalid");
}
