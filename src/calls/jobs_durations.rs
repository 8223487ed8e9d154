//! Working batches of durations: every row judged, the whole batch in one transaction. A process that dies leaves the batch as it
//! was; another takes it up.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use sqlx::PgConnection;

use super::duration_body;
use super::duration_body::Rows;
use super::duration_judge;
use super::duration_judge::Facts;
use super::duration_judge::Standing;
use super::duration_judge::Version;
use super::duration_row::Refusal;
use super::duration_row::Row;
use super::duration_stage;
use super::duration_stage::Candidate;
use super::duration_stage::number;
use super::duration_stage::time;
use super::duration_stage::version;
use super::duration_words::Verdict;
use super::durations::DurationReceipt;
use super::ingest::Countries;
use super::jobs_ingest::PAIRING;
use super::queries_duration_write as write;
use super::queries_duration_write::Claimed;
use super::queries_duration_write::Counts;
use super::queries_duration_write::NotTaken;
use super::queries_durations;
use crate::base::BatchId;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::Problem;
use crate::base::TenantId;
use crate::consent;
use crate::store::CopyRows;
use crate::store::Store;
use crate::store::need_partitions;
use crate::transfers;
use crate::transfers::Basis;
use crate::transfers::Channel;
use crate::transfers::Class;
use crate::transfers::Direction;
use crate::transfers::NewTransfer;
use crate::transfers::TransferState;

/// Batches looked at in one tick.
const LOOKED_AT: i64 = 20;
/// Rows read before other work on this thread gets its turn.
const BREATH: usize = 2_000;
/// Rows copied in by one statement.
const COPIED: usize = 100_000;

/// Works batches that wait, oldest first, those included that a process left half way. A batch that cannot go on does not hold
/// up the others. Whether one was done.
///
/// # Errors
/// When the database is away; what is not done is tried again.
pub async fn run_durations(store: Store) -> Result<bool, Failure> {
    let mut tx = store.begin_job().await?;
    let waiting = write::waiting(&mut tx, LOOKED_AT).await?;
    tx.commit().await?;
    let (mut done, mut failed) = (false, None);
    for (operator, batch) in waiting {
        match work(&store, operator, batch).await {
            Ok(worked) => done |= worked,
            Err(failure) => {
                tracing::warn!(%batch, error = %failure, "a batch of durations could not go on");
                failed = Some(failure);
            }
        }
    }
    failed.map_or(Ok(done), Err)
}

/// Works one batch, unless it is done or another process is at it, and answers how it stands.
///
/// # Errors
/// 404; when the database is away.
pub async fn process_durations(store: &Store, operator: OperatorId, batch: BatchId) -> Result<DurationReceipt, Failure> {
    work(store, operator, batch).await?;
    let mut tx = store.begin_job().await?;
    let found = queries_durations::find(&mut tx, operator, batch).await?;
    tx.commit().await?;
    found.ok_or_else(|| Problem::not_found("batch").into())
}

/// Whether this process has done it now.
async fn work(store: &Store, operator: OperatorId, batch: BatchId) -> Result<bool, Failure> {
    let mut tx = store.begin_job().await?;
    write::begin(&mut tx, operator, batch).await?;
    tx.commit().await?;
    let mut tx = store.begin_job().await?;
    let Some(claimed) = write::claim(&mut tx, operator, batch).await? else {
        tx.rollback().await?;
        return Ok(false);
    };
    let body = write::body(&mut tx, operator, batch).await?;
    let mut job = Job { store: store.clone(), operator, batch, claimed, counts: Counts::default(), not_taken: NotTaken::default() };
    job.run(&mut tx, &body).await?;
    tx.commit().await?;
    if job.counts.accepted > 0 {
        store.wake.wake(PAIRING);
        store.wake.wake(transfers::SEAL.name);
    }
    Ok(true)
}

/// One batch being worked.
struct Job {
    store: Store,
    operator: OperatorId,
    batch: BatchId,
    claimed: Claimed,
    counts: Counts,
    not_taken: NotTaken,
}

impl Job {
    async fn run(&mut self, conn: &mut PgConnection, body: &[u8]) -> Result<(), Failure> {
        let rows = duration_body::split(body, self.claimed.format)?;
        self.counts.rows = number(rows.len());
        let mut read: Vec<Option<Row<'_>>> = Vec::with_capacity(rows.len());
        for n in 0..rows.len() {
            match rows.read(n) {
                Ok(row) => read.push(Some(row)),
                Err(refusal) => {
                    self.refuse(&rows, n, None, refusal);
                    read.push(None);
                }
            }
            if n % BREATH == BREATH - 1 {
                tokio::task::yield_now().await;
            }
        }
        let facts = self.facts(conn, &read).await?;
        let mut candidates = Vec::with_capacity(read.len());
        for (n, row) in read.iter().enumerate() {
            let Some(row) = row else { continue };
            match duration_judge::owner(row, &facts) {
                Ok(owner) => candidates.push(Candidate { n, owner }),
                Err(refusal) => self.refuse(&rows, n, Some(row), refusal),
            }
        }
        self.settle(conn, &rows, &read, &candidates).await?;
        write::insert_not_taken(conn, self.operator, self.batch, &self.not_taken).await?;
        write::finish(conn, self.operator, self.batch, &self.counts, self.store.env.now()).await
    }

    /// What the rows are judged by; from here on no suspension of their customers can come in between.
    async fn facts(&self, conn: &mut PgConnection, read: &[Option<Row<'_>>]) -> Result<Facts, Failure> {
        let e164s: Vec<String> = duration_stage::distinct(read);
        let holds = write::holds(conn, self.operator, &e164s).await?;
        let foreign: Vec<String> = e164s.into_iter().filter(|e164| !holds.contains_key(e164)).collect();
        let known = write::known(conn, &foreign).await?;
        let tenants: BTreeSet<TenantId> = holds.values().flatten().map(|hold| hold.tenant).collect();
        let tenants: Vec<TenantId> = tenants.into_iter().collect();
        transfers::lock_shared_all(conn, tenants.clone(), self.operator).await?;
        let homes = write::homes(conn, &tenants).await?;
        let mut spells: HashMap<TenantId, Vec<consent::Spell>> = HashMap::new();
        for spell in consent::open_spells(conn, Some(self.operator), &tenants, Class::Durations).await? {
            spells.entry(spell.tenant).or_default().push(spell);
        }
        let mut countries = Countries::default();
        let countries = holds.keys().filter_map(|e164| Some((e164.clone(), countries.of(e164)?))).collect();
        Ok(Facts { now: self.store.env.now(), holds, known, countries, homes, spells })
    }

    /// Writes what may be written and gives every candidate its verdict.
    async fn settle(
        &mut self,
        conn: &mut PgConnection,
        rows: &Rows<'_>,
        read: &[Option<Row<'_>>],
        candidates: &[Candidate<'_>],
    ) -> Result<(), Failure> {
        let keyed = candidates.iter().filter_map(|candidate| {
            let row = read[candidate.n].as_ref()?;
            Some(((candidate.owner.tenant, row.reference(), &*row.e164, row.at_ms), version(row)))
        });
        let standings = duration_judge::standings(keyed);
        let mut best: Vec<&Candidate<'_>> =
            candidates.iter().zip(&standings).filter(|(_, standing)| **standing == Standing::Best).map(|(c, _)| c).collect();
        // In the order of the key: two batches with the same keys never wait for each other crosswise.
        best.sort_unstable_by(|a, b| duration_stage::key(read, a).cmp(&duration_stage::key(read, b)));
        let left = self.write(conn, read, &best).await?;
        let mut taken = Vec::with_capacity(best.len());
        for (candidate, standing) in candidates.iter().zip(&standings) {
            let Some(row) = &read[candidate.n] else { continue };
            let verdict = match standing {
                Standing::Lower => Some(Verdict::Superseded),
                Standing::Best => left.get(&number(candidate.n + 1)).and_then(|held| version(row).beside(held)),
                Standing::Twin(first) => {
                    let best = &candidates[*first];
                    let held = left.get(&number(best.n + 1));
                    read[best.n].as_ref().map(|best| duration_judge::twin(&version(row), &version(best), held))
                }
            };
            match verdict {
                None => taken.push(candidate),
                Some(verdict) => self.leave(rows, candidate.n, row, verdict),
            }
        }
        self.tell(conn, read, &taken).await
    }

    /// Copies the best rows in and writes them; answers the held versions of those that were left, by row from 1.
    async fn write(
        &mut self,
        conn: &mut PgConnection,
        read: &[Option<Row<'_>>],
        best: &[&Candidate<'_>],
    ) -> Result<HashMap<i32, Version>, Failure> {
        let Some((first, last)) = duration_stage::between(read, best) else {
            return Ok(HashMap::new());
        };
        // On a connection of its own, before this transaction knows which partitions there are.
        for month in write::months_missing(conn, first, last).await? {
            need_partitions(&self.store, &[("duration_record", month)]).await?;
        }
        write::make_stage(conn).await?;
        let mut countries = Countries::default();
        for part in best.chunks(COPIED) {
            let mut copy = CopyRows::new(write::COLUMNS);
            for candidate in part {
                if let Some(row) = &read[candidate.n] {
                    let owner = (candidate.owner.tenant, self.operator);
                    duration_stage::copy(&mut copy, (row, number(candidate.n + 1)), owner, self.store.env.id(), &mut countries);
                }
            }
            write::stage(conn, copy).await?;
        }
        // Most batches are all new. A few keys tell, and should they not, the database does.
        let known = write::any_known(conn, self.operator, &duration_stage::sample(read, best)).await?;
        if !known && write::write_new(conn, self.batch, self.claimed.received_at).await? {
            return Ok(HashMap::new());
        }
        let written = write::write(conn, self.batch, self.claimed.received_at, self.store.env.now()).await?;
        let replaced = written.iter().filter(|row| row.replaced_version.is_some()).count();
        self.counts.replaced = number(replaced);
        let left: Vec<i32> = written.iter().filter(|row| row.replaced_version.is_none()).map(|row| row.batch_row).collect();
        write::held(conn, &left).await
    }

    /// Counts what was taken, writes it into the register and tells the rooms that come after.
    async fn tell(&mut self, conn: &mut PgConnection, read: &[Option<Row<'_>>], taken: &[&Candidate<'_>]) -> Result<(), Failure> {
        self.counts.accepted = number(taken.len());
        let mut days = BTreeSet::new();
        let mut parts: BTreeMap<TenantId, Part<'_>> = BTreeMap::new();
        for candidate in taken {
            let Some(row) = &read[candidate.n] else { continue };
            let (tenant, at) = (candidate.owner.tenant, time(row.at_ms));
            days.insert((tenant, at.date_naive()));
            let part = parts.entry(tenant).or_insert(Part { rows: 0, first: at, last: at, spell: candidate.owner.spell });
            part.rows += 1;
            (part.first, part.last) = (part.first.min(at), part.last.max(at));
            if candidate.owner.spell.from > part.spell.from {
                part.spell = candidate.owner.spell;
            }
            if let Some(answered) = row.answered_ms.map(time) {
                let counts = &mut self.counts;
                counts.first_answered_at = Some(counts.first_answered_at.map_or(answered, |first| first.min(answered)));
                counts.last_answered_at = Some(counts.last_answered_at.map_or(answered, |last| last.max(answered)));
            }
        }
        let entries: Vec<NewTransfer> = parts.into_iter().map(|(tenant, part)| self.entry(tenant, &part)).collect();
        transfers::register(conn, &self.store.env, &entries).await?;
        let days: Vec<_> = days.into_iter().collect();
        write::append_changes(conn, &self.store.env, PAIRING, self.operator, &days).await
    }

    fn entry(&self, tenant: TenantId, part: &Part<'_>) -> NewTransfer {
        NewTransfer {
            tenant,
            operator: self.operator,
            direction: Direction::FromOperator,
            classes: vec![Class::Durations],
            channel: Channel::Batch,
            state: TransferState::Confirmed,
            records: part.rows,
            // Half open, as every range.
            period: Some((part.first, part.last + TimeDelta::milliseconds(1))),
            basis: Basis::Consent { id: part.spell.consent, notice_version: part.spell.notice_version.clone() },
            digest: <[u8; 32]>::try_from(self.claimed.sha256.as_slice()).ok(),
            reference: self.batch.to_string(),
            actor_label: Some(self.claimed.actor_label.clone()),
            frozen_at: self.store.env.now(),
        }
    }

    /// Notes a row that has to be mended.
    fn refuse(&mut self, rows: &Rows<'_>, n: usize, row: Option<&Row<'_>>, refusal: Refusal) {
        self.counts.rejected += 1;
        self.not_taken.rows.push(number(n + 1));
        self.not_taken.verdicts.push(refusal.verdict.as_str());
        self.not_taken.fields.push(refusal.field.map(|field| field.into_owned()));
        self.not_taken.values.push(refusal.value.map(|value| value.replace('\0', "")));
        self.not_taken.fixes.push(Some(refusal.fix.replace('\0', "")));
        self.not_taken.keys.push(row.map(Row::key_text));
        self.not_taken.e164s.push(row.map(|row| row.e164.to_string()));
        self.not_taken.ats.push(row.map(|row| time(row.at_ms)));
        self.not_taken.bodies.push(Some(rows.sent(n)));
    }

    /// Notes a row that stands beside another version.
    fn leave(&mut self, rows: &Rows<'_>, n: usize, row: &Row<'_>, verdict: Verdict) {
        if verdict == Verdict::VersionConflict {
            let fix = "Another content was sent under this version before. Send the change with a higher version.";
            let refusal = Refusal::new(verdict, "version", Some(row.version.to_string()), fix);
            return self.refuse(rows, n, Some(row), refusal);
        }
        if verdict == Verdict::Duplicate {
            self.counts.duplicate += 1;
        } else {
            self.counts.superseded += 1;
        }
        self.not_taken.rows.push(number(n + 1));
        self.not_taken.verdicts.push(verdict.as_str());
        self.not_taken.fields.push(None);
        self.not_taken.values.push(None);
        self.not_taken.fixes.push(None);
        self.not_taken.keys.push(Some(row.key_text()));
        self.not_taken.e164s.push(Some(row.e164.to_string()));
        self.not_taken.ats.push(Some(time(row.at_ms)));
        self.not_taken.bodies.push(None);
    }
}

/// A tenant's part of a batch.
struct Part<'f> {
    rows: i64,
    first: DateTime<Utc>,
    last: DateTime<Utc>,
    spell: &'f consent::Spell,
}
