//! A batch of call records as it is judged: rows of a body, what the directory says of them, which of them win inside the batch.
//! Pure but for what it is given.

use std::collections::HashMap;
use std::collections::HashSet;

use chrono::DateTime;
use chrono::Utc;
use uuid::Uuid;

use super::record_read::Record;
use super::record_read::read;
use super::record_verdict::CallVerdict;
use super::record_verdict::Fault;
use crate::base::E164;
use crate::consent::Spell;
use crate::consent::closed_at;
use crate::numbers;

/// Lines read before others get their turn.
const LINES: usize = 256;
/// Signs of a number that tell its country: `+` and 7 digits (ITU-T E.164: no more are needed to route).
const TELLING: usize = 8;

/// A row that was not taken as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reject {
    pub row: i32,
    pub verdict: CallVerdict,
    pub field: Option<String>,
    pub value: Option<String>,
    pub fix: Option<String>,
    pub key: Option<String>,
}

impl Reject {
    fn of(row: i32, fault: Fault, key: Option<String>) -> Self {
        Self { row, verdict: fault.verdict, field: fault.field, value: fault.value, fix: Some(fault.fix), key }
    }

    /// A row judged by what is held.
    fn held(record: &Record<'_>, verdict: CallVerdict) -> Self {
        let (field, value, fix) = match verdict {
            CallVerdict::TimeChanged => (
                Some("invited_at"),
                None,
                Some("This leg is known with another invited_at. To mend a wrong time, send the leg under a leg_id of its own."),
            ),
            CallVerdict::VersionConflict => (
                Some("version"),
                Some(record.version.to_string()),
                Some("This version is held with other content. Send the change with a higher version."),
            ),
            _ => (None, None, None),
        };
        let key = Some(record.key());
        Self { row: record.row, verdict, field: field.map(str::to_owned), value, fix: fix.map(str::to_owned), key }
    }
}

/// The rows of a body.
#[derive(Debug, Default)]
pub(super) struct Rows<'a> {
    /// Lines that are not blank.
    pub count: i32,
    pub records: Vec<Record<'a>>,
    pub rejects: Vec<Reject>,
}

/// Reads NDJSON; blank lines count for the numbering of rows alone.
pub(super) async fn read_rows(body: &[u8], now: DateTime<Utc>) -> Rows<'_> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let mut rows = Rows::default();
    for (at, line) in body.split(|byte| *byte == b'\n').enumerate() {
        if at % LINES == LINES - 1 {
            tokio::task::yield_now().await;
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        rows.count = rows.count.saturating_add(1);
        let row = i32::try_from(at + 1).unwrap_or(i32::MAX);
        match read(row, line, now) {
            Ok(record) => rows.records.push(record),
            Err((fault, key)) => rows.rejects.push(Reject::of(row, fault, key)),
        }
    }
    rows
}

/// Who had a number in stock, from when to when (half open).
#[derive(Clone, Debug)]
pub(super) struct Holding {
    pub tenant: Uuid,
    pub from: DateTime<Utc>,
    pub until: Option<DateTime<Utc>>,
    /// Of the number, while it is in stock.
    pub country: Option<String>,
}

/// What rows are judged by.
#[derive(Debug, Default)]
pub(super) struct Directory {
    pub operators: HashSet<Uuid>,
    /// With their countries.
    pub tenants: HashMap<Uuid, String>,
    /// By E.164 number.
    pub holdings: HashMap<String, Vec<Holding>>,
    /// Of tenant and operator.
    pub spells: HashMap<(Uuid, Uuid), Vec<Spell>>,
}

/// What the directory says of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Of the tenant's number: whose gate counts.
    pub country: String,
    pub other_country: Option<String>,
    /// Another tenant held the number then.
    pub mismatch: bool,
    /// Why the gate was closed when the call ended.
    pub withheld: Option<&'static str>,
}

/// Countries of numbers by their first digits, so that the numbering plan is asked once for each.
#[derive(Debug, Default)]
pub(super) struct Countries(HashMap<String, Option<String>>);

impl Countries {
    pub fn of(&mut self, number: &str) -> Option<String> {
        let number = E164::parse(number).ok()?;
        let start = number.as_str().get(..TELLING).unwrap_or(number.as_str());
        if let Some(known) = self.0.get(start) {
            return known.clone();
        }
        let country = numbers::country(&number);
        self.0.insert(start.to_owned(), country.clone());
        country
    }
}

/// Judges a row by the directory.
pub(super) fn find(record: &Record<'_>, directory: &Directory, countries: &mut Countries) -> Result<Found, Reject> {
    let refuse = |verdict, field: &str, value: String, fix: &str| {
        Reject::of(record.row, Fault::new(verdict, field, Some(value), fix), Some(record.key()))
    };
    if !directory.operators.contains(&record.operator) {
        let fix = "Send an operator of the directory.";
        return Err(refuse(CallVerdict::OperatorUnknown, "operator_id", record.operator.to_string(), fix));
    }
    let Some(home) = directory.tenants.get(&record.tenant) else {
        let fix = "Send a tenant of the directory.";
        return Err(refuse(CallVerdict::TenantUnknown, "tenant_id", record.tenant.to_string(), fix));
    };
    let then = |holding: &&Holding| holding.from <= record.invited_at && holding.until.is_none_or(|u| record.invited_at < u);
    let holdings = directory.holdings.get(&*record.e164).map(Vec::as_slice).unwrap_or_default();
    let holders: Vec<&Holding> = holdings.iter().filter(then).collect();
    let own = holders.iter().find(|holding| holding.tenant == record.tenant).or(holders.first());
    let Some(holder) = own else {
        let fix = "Nobody had this number in stock when the call began.";
        return Err(refuse(CallVerdict::NumberUnknown, "e164", record.e164.to_string(), fix));
    };
    let country = holder.country.clone().or_else(|| countries.of(&record.e164)).unwrap_or_else(|| home.clone());
    let spells = directory.spells.get(&(record.tenant, record.operator)).map(Vec::as_slice).unwrap_or_default();
    let withheld = closed_at(spells, &country, record.over_at());
    let other_country = record.other().and_then(|number| countries.of(number));
    Ok(Found { other_country, mismatch: holder.tenant != record.tenant, withheld, country })
}

/// A row with what the directory says of it and what became of it.
#[derive(Debug)]
pub(super) struct Incoming<'a> {
    pub record: Record<'a>,
    pub found: Found,
    pub id: Uuid,
    pub verdict: CallVerdict,
    /// The row of the batch that took the place of this one, by its place in the list.
    pub winner: Option<usize>,
}

/// What is held under the key of a row.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub version: i32,
    pub content: Vec<u8>,
}

/// What becomes of a version beside one that is held.
pub(super) fn beside(version: i32, content: &[u8], held_version: i32, held_content: &[u8]) -> CallVerdict {
    match version.cmp(&held_version) {
        std::cmp::Ordering::Greater => CallVerdict::Accepted,
        std::cmp::Ordering::Less => CallVerdict::Superseded,
        std::cmp::Ordering::Equal if content == held_content => CallVerdict::Duplicate,
        std::cmp::Ordering::Equal => CallVerdict::VersionConflict,
    }
}

/// Of rows with the same key the highest version wins, in any order; of the same version the first.
pub(super) fn pick_winners(rows: &mut [Incoming<'_>]) {
    let mut best: HashMap<(Uuid, String, String, i64), usize> = HashMap::with_capacity(rows.len());
    for at in 0..rows.len() {
        let r = &rows[at].record;
        let key = (r.tenant, r.call_id.to_string(), r.leg_id.to_string(), r.invited_at.timestamp_millis());
        match best.get_mut(&key) {
            None => {
                best.insert(key, at);
            }
            Some(held) if rows[*held].record.version < r.version => {
                rows[*held].winner = Some(at);
                *held = at;
            }
            Some(held) => rows[at].winner = Some(*held),
        }
    }
}

/// Of rows of one leg that win with different times the first stays; the others are refused.
pub(super) fn one_time_a_leg(rows: &mut [Incoming<'_>]) {
    let mut times: HashMap<(Uuid, String, String), i64> = HashMap::new();
    for row in rows.iter_mut().filter(|row| row.winner.is_none() && row.verdict == CallVerdict::Accepted) {
        let r = &row.record;
        let at = r.invited_at.timestamp_millis();
        let first = *times.entry((r.tenant, r.call_id.to_string(), r.leg_id.to_string())).or_insert(at);
        if first != at {
            row.verdict = CallVerdict::TimeChanged;
        }
    }
}

/// Gives the rows that lost inside the batch their verdicts, once those of the winners stand. `held` is what was held before, by
/// the winners' rows.
pub(super) fn judge_losers(rows: &mut [Incoming<'_>], held: &HashMap<i32, Held>) {
    for at in 0..rows.len() {
        let Some(mut winner) = rows[at].winner else { continue };
        while let Some(next) = rows[winner].winner {
            winner = next;
        }
        let (own, best) = (&rows[at].record, &rows[winner].record);
        let before = held.get(&best.row).map(|held| beside(own.version, &own.content, held.version, &held.content));
        rows[at].verdict = match (rows[winner].verdict, before) {
            (CallVerdict::TimeChanged, _) => CallVerdict::TimeChanged,
            // It would have been taken, had it come alone: the winner took its place.
            (_, None | Some(CallVerdict::Accepted)) => match beside(own.version, &own.content, best.version, &best.content) {
                CallVerdict::Accepted => CallVerdict::Superseded,
                verdict => verdict,
            },
            (_, Some(verdict)) => verdict,
        };
    }
}

/// The rows that were not taken as they are.
pub(super) fn rejects_of(rows: &[Incoming<'_>]) -> impl Iterator<Item = Reject> {
    rows.iter().filter(|row| row.verdict != CallVerdict::Accepted).map(|row| Reject::held(&row.record, row.verdict))
}
