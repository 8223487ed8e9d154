//! How rows are judged and kept.

use std::collections::BTreeMap;

use super::*;

#[sqlx::test]
async fn a_batch_is_told_row_by_row(pool: PgPool) {
    let s = scene(pool).await;
    let good = serde_json::to_string(&s.call("a", s.kestrel, KESTREL, 10)).expect("JSON");
    let stranger = serde_json::to_string(&s.call("b", TenantId(Uuid::from_u128(1)), KESTREL, 10)).expect("JSON");
    let nobodys = serde_json::to_string(&s.call("c", s.kestrel, "+493023125099", 10)).expect("JSON");
    let early = serde_json::to_string(&CallInput {
        invited_at: now() - TimeDelta::days(39) - TimeDelta::seconds(1),
        ringing_at: None,
        answered_at: None,
        ended_at: None,
        ..s.call("d", s.kestrel, KESTREL, 10)
    })
    .expect("JSON");
    let other = CallInput { operator_id: Uuid::from_u128(2), ..s.call("e", s.kestrel, KESTREL, 10) };
    let other = serde_json::to_string(&other).expect("JSON");
    let receipt = s.take_lines(&format!("{good}\r\n\n{stranger}\n{{broken\n{nobodys}\n{early}\n{other}\n{good}\n")).await;
    let told = s.verdicts(&receipt).await;
    let told: Vec<(i32, &str)> = told.iter().map(|(row, verdict)| (*row, verdict.as_str())).collect();
    let expected = [
        (1, "accepted"),
        (3, "tenant_unknown"),
        (4, "line_malformed"),
        (5, "number_unknown"),
        (6, "number_unknown"),
        (7, "operator_unknown"),
        (8, "duplicate"),
    ];
    assert_eq!(told, expected);
    assert_eq!((receipt.rows, receipt.accepted, receipt.duplicate, receipt.rejected), (7, 1, 1, 5));
    let read = jobs_ingest::read_batch(&s.store, receipt.id).await.expect("read").expect("there");
    assert_eq!(read, receipt, "the receipt is kept as it was told");
    let only = jobs_ingest::read_batch_rows(&s.store, receipt.id, Some(CallVerdict::NumberUnknown), 0, 10).await.expect("rows");
    assert_eq!(only.iter().map(|row| row.row).collect::<Vec<_>>(), [5, 6]);
    assert!(only.iter().all(|row| row.field.as_deref() == Some("e164") && row.fix.is_some() && row.key.is_some()));
    assert_eq!(s.count("select count(*) from call_record").await, 1);
    assert_eq!(s.count("select count(*) from stream").await, 1);
    let empty = s.take_lines("\n\n").await;
    assert_eq!((empty.rows, empty.accepted, empty.first_at), (0, 0, None));
}

#[sqlx::test]
async fn a_higher_version_replaces_and_nothing_else_does(pool: PgPool) {
    let s = scene(pool).await;
    let first = CallInput { client_ip: Some("192.0.2.1".to_owned()), ..s.call("a", s.kestrel, KESTREL, 10) };
    assert_eq!(s.take(std::slice::from_ref(&first)).await.accepted, 1);
    assert_eq!(s.take(std::slice::from_ref(&first)).await.duplicate, 1);
    let conflict = CallInput { codec: Some("PCMA".to_owned()), ..first.clone() };
    let receipt = s.take(std::slice::from_ref(&conflict)).await;
    assert_eq!((receipt.rejected, s.verdicts(&receipt).await[0].1.as_str()), (1, "version_conflict"));
    s.seal().await;
    let id: Uuid = sqlx::query_scalar("select id from call_record").fetch_one(s.store.pool()).await.expect("an id");
    let third = CallInput { version: Some(3), streams: vec![good_stream(), good_stream()], client_ip: None, ..conflict };
    let receipt = s.take(std::slice::from_ref(&third)).await;
    assert_eq!((receipt.accepted, receipt.replaced), (1, 1));
    let second = CallInput { version: Some(2), ..first.clone() };
    assert_eq!(s.take(&[second]).await.superseded, 1);
    assert_eq!(s.take(&[first]).await.superseded, 1);
    assert_eq!(s.count("select version::bigint from call_record").await, 3);
    assert_eq!(s.count("select count(*) from stream").await, 2, "streams are those of the version held");
    assert_eq!(s.count("select count(*) from call_personal").await, 0, "what the new version does not say is gone");
    assert_eq!(s.count("select count(*) from call_replaced where version = 1 and talk_ms = 60000").await, 1);
    s.seal().await;
    let rows = s.whole_feed(s.norvik, 10).await;
    assert_eq!((rows.len(), &rows[0]["version"], &rows[0]["id"]), (1, &3.into(), &id.to_string().into()));
}

#[sqlx::test]
async fn inside_a_batch_the_highest_version_wins_in_any_order(pool: PgPool) {
    let s = scene(pool).await;
    let v = |version: i32| CallInput {
        version: Some(version),
        codec: Some(version.to_string()),
        ..s.call("a", s.kestrel, KESTREL, 10)
    };
    let receipt = s.take(&[v(1), v(3), v(2), v(3), CallInput { codec: None, ..v(3) }]).await;
    let words: Vec<String> = s.verdicts(&receipt).await.into_iter().map(|row| row.1).collect();
    assert_eq!(words, ["superseded", "accepted", "superseded", "duplicate", "version_conflict"]);
    assert_eq!((receipt.accepted, receipt.replaced), (1, 0), "what came in the same batch was never held");
    let receipt = s.take(&[v(4), v(3), v(1), v(5)]).await;
    let words: Vec<String> = s.verdicts(&receipt).await.into_iter().map(|row| row.1).collect();
    assert_eq!(words, ["superseded", "duplicate", "superseded", "accepted"]);
    assert_eq!((receipt.accepted, receipt.replaced), (1, 1));
}

#[sqlx::test]
async fn a_known_leg_keeps_its_time(pool: PgPool) {
    let s = scene(pool).await;
    let first = s.call("a", s.kestrel, KESTREL, 60);
    s.take(std::slice::from_ref(&first)).await;
    let moved = CallInput { version: Some(2), invited_at: first.invited_at - TimeDelta::milliseconds(1), ..first.clone() };
    let receipt = s.take(&[moved.clone(), CallInput { version: Some(2), codec: Some("x".to_owned()), ..first.clone() }]).await;
    let words: Vec<String> = s.verdicts(&receipt).await.into_iter().map(|row| row.1).collect();
    assert_eq!(words, ["time_changed", "accepted"], "the row with the known time goes in");
    let other_leg = CallInput { leg_id: Some("2".to_owned()), ..moved.clone() };
    assert_eq!(s.take(&[other_leg]).await.accepted, 1);
    let fresh = CallInput { call_id: "b".to_owned(), ..first };
    let later = CallInput { call_id: "b".to_owned(), ..moved };
    let receipt = s.take(&[fresh, later.clone(), later]).await;
    let words: Vec<String> = s.verdicts(&receipt).await.into_iter().map(|row| row.1).collect();
    assert_eq!(words, ["accepted", "time_changed", "time_changed"], "inside a batch the first stays");
}

#[sqlx::test]
async fn whose_number_it_was_then_is_told(pool: PgPool) {
    let s = scene(pool).await;
    let wrong = s.call("a", s.osprey, KESTREL, 10);
    assert_eq!(s.take(&[wrong]).await.accepted, 1);
    assert_eq!(
        s.count("select count(*) from call_record where tenant_mismatch and country = 'DE' and other_country = 'GB'").await,
        1
    );
    let ctx = s.ctx(Org::Tenant(s.osprey));
    let (rows, _) = feed::tenant_calls(&s.store, &ctx, &feed_ask::CallsAsk::default(), None, 10).await.expect("a page");
    assert!(rows.is_empty(), "it belongs to neither tenant");
}

#[sqlx::test]
async fn touched_days_are_told_once(pool: PgPool) {
    let s = scene(pool).await;
    // 23:59:30 on the 21st to 00:00:40 on the 22nd.
    let midnight = s.call("a", s.kestrel, KESTREL, 24 * 60 - 1);
    let midnight = CallInput { ended_at: Some(now() - TimeDelta::hours(24) + TimeDelta::seconds(40)), ..midnight };
    let begun = now() - TimeDelta::hours(24) - TimeDelta::seconds(30);
    let midnight = CallInput { invited_at: begun, ringing_at: None, answered_at: Some(begun + TimeDelta::seconds(5)), ..midnight };
    s.take(&[midnight.clone(), s.call("b", s.kestrel, KESTREL, 60), s.call("c", s.kestrel, KESTREL, 61)]).await;
    let days = |list: &'static str| {
        let pool = s.store.pool().clone();
        async move {
            let sql = "select day::text from change where list = $1 order by day";
            sqlx::query_scalar::<_, String>(sql).bind(list).fetch_all(&pool).await.expect("days")
        }
    };
    assert_eq!(days(PAIRING).await, ["2026-11-21", "2026-11-22"], "by the beginning");
    assert_eq!(days(QUALITY).await, ["2026-11-22"], "by the end");
    // A new version that ends on another day touches the old day as well.
    let moved = CallInput { version: Some(2), ended_at: Some(begun + TimeDelta::seconds(20)), ..midnight };
    s.take(&[moved]).await;
    assert_eq!(days(QUALITY).await, ["2026-11-21", "2026-11-22", "2026-11-22"]);
}

#[sqlx::test]
async fn only_young_calls_keep_personal_fields(pool: PgPool) {
    let s = scene(pool).await;
    let ip = |id: &str, days: i64| CallInput {
        client_ip: Some("192.0.2.1".to_owned()),
        ..s.call(id, s.kestrel, KESTREL, days * 24 * 60)
    };
    assert_eq!(s.take(&[ip("a", 1), ip("b", 27), ip("c", 29)]).await.accepted, 3);
    assert_eq!(s.count("select count(*) from call_personal").await, 2);
}

#[sqlx::test]
async fn batches_at_once_are_sealed_without_gaps(pool: PgPool) {
    let s = scene(pool).await;
    let mut writers = tokio::task::JoinSet::new();
    for batch in 0..12 {
        // Every batch brings one shared leg, in a version of its own.
        let mut rows: Vec<CallInput> = (0..20).map(|n| s.call(&format!("{batch}-{n}"), s.kestrel, KESTREL, 10 + n)).collect();
        rows.extend((0..5).map(|n| s.call(&format!("{batch}-alb-{n}"), s.kestrel, ALBION, 10 + n)));
        rows.push(CallInput { version: Some(batch + 1), codec: Some(batch.to_string()), ..s.call("shared", s.osprey, OSPREY, 10) });
        let lines: Vec<String> = rows.iter().map(|row| serde_json::to_string(row).expect("JSON")).collect();
        let (store, body) = (s.store.clone(), lines.join("\n"));
        writers.spawn(async move { take_call_records(&store, "feeder", body.as_bytes()).await.map(|_| ()) });
        let store = s.store.clone();
        writers.spawn(async move {
            for _ in 0..20 {
                seal_calls(store.clone()).await?;
                tokio::task::yield_now().await;
            }
            Ok(())
        });
    }
    while let Some(done) = writers.join_next().await {
        done.expect("ended").expect("done");
    }
    s.seal().await;
    let heads: Vec<(Uuid, i64, i64, i64)> = sqlx::query_as(
        "select h.operator_id, h.last_seq, count(*), count(distinct p.seq) from feed_head h
         join call_batch_part p on p.operator_id = h.operator_id and p.seq between 1 and h.last_seq
         where h.feed = 'calls' group by 1, 2",
    )
    .fetch_all(s.store.pool())
    .await
    .expect("heads");
    assert_eq!(heads.len(), 2);
    assert!(heads.iter().all(|(_, last, parts, distinct)| *last == 12 && last == parts && last == distinct), "{heads:?}");
    let back = "select count(*) from (select sealed_at < lag(sealed_at) over (partition by operator_id order by seq) as back
                from call_batch_part) x where back";
    assert_eq!(s.count(back).await, 0, "sealed_at never goes back");
    let rows = s.whole_feed(s.norvik, 7).await;
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    ids(&rows).into_iter().for_each(|id| *seen.entry(id).or_default() += 1);
    assert_eq!(seen.len(), 12 * 20 + 1, "every leg once");
    assert!(seen.values().all(|n| *n == 1), "none twice");
    let shared = rows.iter().find(|row| row["call_id"] == "shared").expect("there");
    assert_eq!(shared["version"], 12, "the highest version stands, whatever came first");
    let (replaced, superseded) = (
        s.count("select count(*) from call_replaced").await,
        s.count("select coalesce(sum(superseded), 0)::bigint from call_batch").await,
    );
    assert_eq!(replaced + superseded, 11, "each other version was replaced or came too late");
}
