//! Platform ingest: call records on their way in. It works over all organisations, like a job.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use rand::RngCore;
use sha2::Digest as _;
use sha2::Sha256;
use sqlx::PgConnection;
use uuid::Uuid;

use super::ingest::Countries;
use super::ingest::Held;
use super::ingest::Incoming;
use super::ingest::Reject;
use super::ingest::Rows;
use super::ingest::beside;
use super::ingest::find;
use super::ingest::judge_losers;
use super::ingest::one_time_a_leg;
use super::ingest::pick_winners;
use super::ingest::read_rows;
use super::ingest::rejects_of;
use super::ingest_receipt::BatchRow;
use super::ingest_receipt::Receipt;
use super::jobs::SEAL_CALLS;
use super::queries_calls_batch as batches;
use super::queries_calls_batch::Sent;
use super::queries_calls_batch::Touched;
use super::queries_calls_copy as copy;
use super::record::CallFormat;
use super::record_read::Record;
use super::record_verdict::CallVerdict;
use crate::base::BatchId;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::TenantId;
use crate::store::Store;
use crate::store::need_partitions;
use crate::transfers;

/// Change list and wake-up of who pairs: the days (UTC) on which calls began.
pub const PAIRING: &str = "pairing";
/// Change list and wake-up of who rolls up quality: the days (UTC) on which calls ended.
pub const QUALITY: &str = "quality";
/// Fields that identify a device are kept this long.
pub const KEEP_PERSONAL: TimeDelta = TimeDelta::days(28);

/// Takes a body of call records (NDJSON, own format): every row gets a verdict, what is accepted is written with its streams, its
/// personal fields, its place for the operators' feeds and its days for the rooms behind. One transaction: all of it or nothing.
///
/// A leg counts as known when its record was committed before this batch looked; two batches that bring the same leg with two
/// times at the same moment may both be taken. The same key is never taken twice.
///
/// # Errors
/// When the database is away; nothing was written then.
pub async fn take_call_records(store: &Store, client_id: &str, body: &[u8]) -> Result<Receipt, Failure> {
    let received_at = store.env.now();
    let sha256 = Sha256::digest(body);
    let rows = read_rows(body, received_at).await;
    make_partitions(store, &rows.records, received_at).await?;
    let sent = Sent {
        client: client_id,
        format: CallFormat::Concord.as_str(),
        received_at,
        bytes: i64::try_from(body.len()).unwrap_or(i64::MAX),
        sha256: &sha256,
    };
    let batch = BatchId(store.env.id());
    let mut tx = store.begin_job().await?;
    let receipt = write(&mut tx, store, batch, &sent, rows).await?;
    tx.commit().await?;
    if receipt.accepted > 0 {
        for list in [SEAL_CALLS.name, PAIRING, QUALITY] {
            store.wake.wake(list);
        }
    }
    Ok(receipt)
}

/// Makes the partitions that rows of these times need.
async fn make_partitions(store: &Store, records: &[Record<'_>], now: DateTime<Utc>) -> Result<(), Failure> {
    let oldest = now - KEEP_PERSONAL;
    let (mut months, mut days) = (BTreeMap::new(), BTreeMap::new());
    for record in records {
        let (at, day) = (record.invited_at, record.invited_at.date_naive());
        months.entry(chrono::Datelike::with_day(&day, 1)).or_insert(at);
        if record.is_personal() && at >= oldest {
            days.entry(day).or_insert(at);
        }
    }
    let mut places: Vec<(&str, DateTime<Utc>)> = days.into_values().map(|at| ("call_personal", at)).collect();
    places.extend(months.into_values().flat_map(|at| [("call_record", at), ("stream", at)]));
    need_partitions(store, &places).await
}

async fn write(
    conn: &mut PgConnection,
    store: &Store,
    batch: BatchId,
    sent: &Sent<'_>,
    rows: Rows<'_>,
) -> Result<Receipt, Failure> {
    let Rows { count, records, mut rejects } = rows;
    let mut incoming = judged(conn, store, records, &mut rejects).await?;
    pick_winners(&mut incoming);
    copy::copy_in(conn, &incoming).await?;
    let mut changed = copy::time_changed(conn).await?;
    changed.sort_unstable();
    let known = |row: i32| changed.binary_search(&row).is_ok();
    for row in &mut incoming {
        if row.winner.is_none() && known(row.record.row) {
            row.verdict = CallVerdict::TimeChanged;
        }
    }
    one_time_a_leg(&mut incoming);
    let refused = |row: &&Incoming<'_>| row.winner.is_none() && row.verdict != CallVerdict::Accepted;
    let gone: Vec<i32> = incoming.iter().filter(refused).map(|row| row.record.row).collect();
    copy::drop_rows(conn, &gone).await?;
    let mut touched = BTreeSet::new();
    let (held, replaced) = settle(conn, batch, sent.received_at, &mut incoming, &mut touched).await?;
    copy::insert_personal(conn, sent.received_at - KEEP_PERSONAL).await?;
    let accepted = |row: &&Incoming<'_>| row.verdict == CallVerdict::Accepted && row.winner.is_none();
    copy::insert_streams(conn, incoming.iter().filter(accepted)).await?;
    judge_losers(&mut incoming, &held);
    let taken: Vec<&Record<'_>> = incoming.iter().filter(accepted).map(|row| &row.record).collect();
    rejects.extend(rejects_of(&incoming));
    batches::put_rejects(conn, batch, &rejects).await?;
    batches::put_parts(conn, batch, sent.received_at, &parts_of(&taken)).await?;
    for record in &taken {
        touch(&mut touched, record.tenant, record.operator, Some(record.invited_at), record.ended_at);
    }
    batches::put_changes(conn, &store.env, sent.received_at, &touched).await?;
    let receipt = receipt_of(batch, count, sent, &taken, &rejects, replaced);
    batches::put_batch(conn, sent, &receipt, store.env.now()).await?;
    Ok(receipt)
}

/// Judges rows by the directory. The pairs' shared locks are taken first: a suspension waits for the commit, so that its time lies
/// after every call judged here.
async fn judged<'a>(
    conn: &mut PgConnection,
    store: &Store,
    records: Vec<Record<'a>>,
    rejects: &mut Vec<Reject>,
) -> Result<Vec<Incoming<'a>>, Failure> {
    let pairs: BTreeSet<(Uuid, Uuid)> = records.iter().map(|record| (record.operator, record.tenant)).collect();
    for operator in pairs.iter().map(|pair| pair.0).collect::<BTreeSet<_>>() {
        let tenants = pairs.iter().filter(|pair| pair.0 == operator).map(|pair| TenantId(pair.1));
        transfers::lock_shared_all(conn, tenants, OperatorId(operator)).await?;
    }
    let tenants: Vec<Uuid> = pairs.iter().map(|pair| pair.1).collect::<BTreeSet<_>>().into_iter().collect();
    let numbers: BTreeSet<&str> = records.iter().map(|record| &*record.e164).collect();
    let numbers: Vec<String> = numbers.into_iter().map(str::to_owned).collect();
    let directory = batches::directory(conn, &tenants, &numbers).await?;
    let (mut countries, mut rng) = (Countries::default(), store.env.rng());
    let mut incoming = Vec::with_capacity(records.len());
    for record in records {
        match find(&record, &directory, &mut countries) {
            Ok(found) => {
                let id = id_of(record.invited_at, &mut rng);
                incoming.push(Incoming { record, found, id, verdict: CallVerdict::Accepted, winner: None });
            }
            Err(reject) => rejects.push(reject),
        }
    }
    Ok(incoming)
}

/// The id of a leg carries its `invited_at`, to the millisecond like the key itself: it says in which partition to look.
fn id_of(invited_at: DateTime<Utc>, rng: &mut impl RngCore) -> Uuid {
    let mut random = [0; 10];
    rng.fill_bytes(&mut random);
    let millis = u64::try_from(invited_at.timestamp_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

/// Inserts what is new, replaces what is older, and tells the rest apart. Answers what was held, by row, and how many older versions
/// were replaced.
async fn settle(
    conn: &mut PgConnection,
    batch: BatchId,
    at: DateTime<Utc>,
    incoming: &mut [Incoming<'_>],
    touched: &mut BTreeSet<Touched>,
) -> Result<(HashMap<i32, Held>, i32), Failure> {
    let wanted = incoming.iter().filter(|row| row.winner.is_none() && row.verdict == CallVerdict::Accepted).count();
    let inserted = usize::try_from(copy::insert_new(conn, batch, at).await?).unwrap_or(usize::MAX);
    let mut held = HashMap::new();
    if inserted == wanted {
        return Ok((held, 0));
    }
    let standing = copy::standing(conn, batch).await?;
    if inserted + standing.len() != wanted {
        return Err(Failure::Unavailable("call records left while a batch was written".to_owned()));
    }
    let places: HashMap<i32, usize> = incoming.iter().enumerate().map(|(at, row)| (row.record.row, at)).collect();
    let (mut newer, mut gone) = (Vec::new(), Vec::new());
    for stood in standing {
        let Some(row) = places.get(&stood.row).and_then(|at| incoming.get_mut(*at)) else { continue };
        row.verdict = beside(row.record.version, &row.record.content, stood.held.version, &stood.held.content);
        if row.verdict == CallVerdict::Accepted {
            newer.push(stood.row);
            touch(touched, stood.tenant, stood.operator, Some(row.record.invited_at), stood.ended_at);
        } else {
            gone.push(stood.row);
        }
        held.insert(stood.row, stood.held);
    }
    copy::drop_rows(conn, &gone).await?;
    if !newer.is_empty() {
        copy::replace(conn, batch, at, &newer).await?;
    }
    Ok((held, count_of(newer.len())))
}

fn count_of(n: usize) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}

fn touch(
    touched: &mut BTreeSet<Touched>,
    tenant: Uuid,
    operator: Uuid,
    began: Option<DateTime<Utc>>,
    ended: Option<DateTime<Utc>>,
) {
    if let Some(began) = began {
        touched.insert((PAIRING, tenant, operator, began.date_naive()));
    }
    if let Some(ended) = ended {
        touched.insert((QUALITY, tenant, operator, ended.date_naive()));
    }
}

fn parts_of(taken: &[&Record<'_>]) -> Vec<(Uuid, batches::Part)> {
    let mut parts: BTreeMap<Uuid, batches::Part> = BTreeMap::new();
    for record in taken {
        let at = record.invited_at;
        let part = parts.entry(record.operator).or_insert((0, at, at));
        *part = (part.0.saturating_add(1), part.1.min(at), part.2.max(at));
    }
    parts.into_iter().collect()
}

fn receipt_of(batch: BatchId, rows: i32, sent: &Sent<'_>, taken: &[&Record<'_>], rejects: &[Reject], replaced: i32) -> Receipt {
    let count = |is: fn(CallVerdict) -> bool| count_of(rejects.iter().filter(|reject| is(reject.verdict)).count());
    let invited = || taken.iter().map(|record| record.invited_at);
    let answered = || taken.iter().filter_map(|record| record.answered_at);
    Receipt {
        id: batch,
        state: "done".to_owned(),
        rows,
        accepted: count_of(taken.len()),
        replaced,
        duplicate: count(|verdict| verdict == CallVerdict::Duplicate),
        superseded: count(|verdict| verdict == CallVerdict::Superseded),
        rejected: count(CallVerdict::is_rejected),
        sha256: sent.sha256.iter().map(|byte| format!("{byte:02x}")).collect(),
        first_at: invited().min(),
        last_at: invited().max(),
        first_answered_at: answered().min(),
        last_answered_at: answered().max(),
    }
}

/// The receipt of a batch.
///
/// # Errors
/// When the database is away.
pub(super) async fn read_batch(store: &Store, id: BatchId) -> Result<Option<Receipt>, Failure> {
    let mut tx = store.begin_job().await?;
    let receipt = batches::batch(&mut tx, id).await?;
    tx.commit().await?;
    Ok(receipt)
}

/// Rows of a batch after a row, in order.
///
/// # Errors
/// When the database is away.
pub(super) async fn read_batch_rows(
    store: &Store,
    id: BatchId,
    verdict: Option<CallVerdict>,
    after: i32,
    limit: i64,
) -> Result<Vec<BatchRow>, Failure> {
    let mut tx = store.begin_job().await?;
    let rows = batches::batch_rows(&mut tx, id, verdict, after, limit).await?;
    tx.commit().await?;
    Ok(rows)
}
