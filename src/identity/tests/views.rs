//! Saved views: one account's, of one organisation and one list; one of them opens first.

use super::*;
use crate::base::Actor;
use crate::base::Ctx;
use crate::identity::views as own_views;
use crate::ui::Query;

fn ctx(store: &Store, org: Org, account: AccountId) -> Ctx {
    Ctx {
        actor: Actor::Account { id: account, label: "Mara".to_owned() },
        org,
        scopes: ScopeSet::default(),
        request_id: "test".to_owned(),
        address: None,
        env: store.env.clone(),
    }
}

#[sqlx::test]
async fn views_belong_to_one_account_of_one_organisation(pool: PgPool) {
    let store = store(pool, 31).await;
    let kestrel = Org::Tenant(tenant(&store, "kestrel").await);
    let heron = Org::Tenant(tenant(&store, "heron").await);
    let mara = member(&store, "mara@kestrel.example", kestrel, Role::Tenant(TenantRole::Admin)).await;
    let piet = member(&store, "piet@kestrel.example", kestrel, Role::Tenant(TenantRole::Auditor)).await;
    let (own, colleague, elsewhere) = (ctx(&store, kestrel, mara), ctx(&store, kestrel, piet), ctx(&store, heron, mara));
    let query = Query::parse("state=free&col=number&col=city&sort=-changed&after=x");
    let free = own_views::save_view(&store, &own, "numbers", " Free ", &query, true).await.expect("saved");
    let all = own_views::save_view(&store, &own, "numbers", "All", &Query::default(), false).await.expect("saved");
    let list = async |ctx: &Ctx, page: &str| {
        let mut tx = store.begin_for(ctx).await.expect("begun");
        saved_views(&mut tx, ctx, page).await.expect("views")
    };
    let held = list(&own, "numbers").await;
    let named: Vec<_> = held.iter().map(|view| (view.name.as_str(), view.is_default)).collect();
    assert_eq!(named, [("All", false), ("Free", true)]);
    assert_eq!(held[1].address().encode(), "state=free&sort=-changed&col=number&col=city");
    assert!(list(&colleague, "numbers").await.is_empty() && list(&elsewhere, "numbers").await.is_empty());
    assert!(list(&own, "calls").await.is_empty());

    // Whoever else names it finds nothing, whatever they do.
    for other in [&colleague, &elsewhere] {
        let refusals = [
            own_views::rename_view(&store, other, "numbers", free, "Mine").await,
            own_views::remove_view(&store, other, "numbers", free).await,
            own_views::default_view(&store, other, "numbers", Some(free)).await,
        ];
        for refused in refusals {
            assert_eq!(refused.expect_err("not theirs").problem().status, 404);
        }
    }
    assert_eq!(list(&own, "numbers").await, held);

    // The same name again has the new content; another view's name is taken.
    assert_eq!(own_views::save_view(&store, &own, "numbers", "Free", &Query::parse("tag=x"), false).await.expect("saved"), free);
    let refused = own_views::rename_view(&store, &own, "numbers", all, "Free").await.expect_err("taken").problem();
    assert_eq!((refused.status, refused.code), (409, "view_name_taken"));
    let refused = own_views::save_view(&store, &own, "numbers", " ", &query, false).await.expect_err("no name").problem();
    assert_eq!((refused.status, refused.code), (422, "view_name_invalid"));
    own_views::default_view(&store, &own, "numbers", Some(all)).await.expect("chosen");
    own_views::rename_view(&store, &own, "numbers", all, "Everything").await.expect("renamed");
    own_views::remove_view(&store, &own, "numbers", free).await.expect("removed");
    let held = list(&own, "numbers").await;
    assert!(held.len() == 1 && held[0].is_default && held[0].name == "Everything", "{held:?}");
    own_views::default_view(&store, &own, "numbers", None).await.expect("none");
    assert!(!list(&own, "numbers").await[0].is_default);
}
