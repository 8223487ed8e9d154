//! What becomes of well-formed rows: by time, by who held the number, by consent, and by the versions of a key. Pure.

use std::collections::HashMap;
use std::collections::HashSet;
use std::hash::Hash;

use chrono::DateTime;
use chrono::Months;
use chrono::TimeDelta;
use chrono::Utc;

use super::duration_row::Refusal;
use super::duration_row::Row;
use super::duration_words::Verdict;
use crate::base::TenantId;
use crate::base::wire_time;
use crate::consent;
use crate::consent::Spell;

/// Rows of older calls are not taken: they would have to leave at once.
const KEPT_MONTHS: Months = Months::new(13);
/// For settlement, rows of the time before a withdrawal are taken until so long after it.
const SETTLEMENT: TimeDelta = TimeDelta::days(60);

/// The oldest time of a call that is still kept.
#[must_use]
pub fn oldest_duration(now: DateTime<Utc>) -> DateTime<Utc> {
    now.checked_sub_months(KEPT_MONTHS).unwrap_or(DateTime::UNIX_EPOCH)
}

/// A time during which this operator served a number for a tenant, `[from, until)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hold {
    pub(super) tenant: TenantId,
    pub(super) from: DateTime<Utc>,
    pub(super) until: Option<DateTime<Utc>>,
}

/// What rows are judged by.
#[derive(Debug, Default)]
pub(super) struct Facts {
    pub(super) now: DateTime<Utc>,
    /// This operator's holdings by number.
    pub(super) holds: HashMap<String, Vec<Hold>>,
    /// Numbers without a holding of this operator that anybody ever had.
    pub(super) known: HashSet<String>,
    /// The country of each number held, by the numbering plan.
    pub(super) countries: HashMap<String, String>,
    /// For numbers of no country: the tenant's own.
    pub(super) homes: HashMap<TenantId, String>,
    /// When the class durations was open, by tenant.
    pub(super) spells: HashMap<TenantId, Vec<Spell>>,
}

/// Whose a row is and on which consent it comes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owner<'f> {
    pub(super) tenant: TenantId,
    pub(super) spell: &'f Spell,
}

/// The first verdict from `time_in_future` to `consent_missing` that applies, else the owner.
pub(super) fn owner<'f>(row: &Row<'_>, facts: &'f Facts) -> Result<Owner<'f>, Refusal> {
    let at = DateTime::from_timestamp_millis(row.at_ms).unwrap_or(DateTime::<Utc>::MAX_UTC);
    let field = if row.answered_ms.is_some() { "answered_at" } else { "setup_at" };
    let told = || DateTime::from_timestamp_millis(row.at_ms).map(wire_time);
    if at > facts.now {
        let fix = format!("It is {} now. Was the offset added twice?", wire_time(facts.now));
        return Err(Refusal::new(Verdict::TimeInFuture, field, told(), fix));
    }
    if at < oldest_duration(facts.now) {
        let fix = format!("Calls are kept from {} on. Leave the row out.", wire_time(oldest_duration(facts.now)));
        return Err(Refusal::new(Verdict::TimeBeforeRetention, field, told(), fix));
    }
    let number = || Some(row.e164.to_string());
    let Some(holds) = facts.holds.get(&*row.e164) else {
        return Err(if facts.known.contains(&*row.e164) {
            let fix = "This number was never in your stock. Send the row only for numbers of GET /numbers.";
            Refusal::new(Verdict::NumberNotYours, "e164", number(), fix)
        } else {
            let fix = "Nobody has such a number here. Provide it first, or correct it.";
            Refusal::new(Verdict::NumberUnknown, "e164", number(), fix)
        });
    };
    let Some(hold) = holds.iter().find(|hold| hold.from <= at && hold.until.is_none_or(|until| at < until)) else {
        return Err(Refusal::new(Verdict::NumberNotHeldThen, "e164", number(), not_held_fix(holds, at)));
    };
    let nowhere = String::new();
    let country = facts.countries.get(&*row.e164).or_else(|| facts.homes.get(&hold.tenant)).unwrap_or(&nowhere);
    let spells = facts.spells.get(&hold.tenant).map_or(&[][..], Vec::as_slice);
    match spell_for(spells, country, at, facts.now) {
        Some(spell) => Ok(Owner { tenant: hold.tenant, spell }),
        None => {
            let fix = match consent::closed_at(spells, country, at) {
                None => format!("The consent was withdrawn; rows were taken until {} days after it.", SETTLEMENT.num_days()),
                Some("suspended") => format!("The customer had suspended its consent for {country} then."),
                Some("withdrawn") => format!("The customer had withdrawn its consent for {country} then."),
                Some(_) => format!("The customer's consent for durations did not cover {country} then. Ask the customer."),
            };
            Err(Refusal::new(Verdict::ConsentMissing, "e164", number(), fix))
        }
    }
}

/// The spell on which a call's duration may come in now: open at the time of the call, and not withdrawn more than 60 days ago.
pub(super) fn spell_for<'s>(spells: &'s [Spell], country: &str, at: DateTime<Utc>, now: DateTime<Utc>) -> Option<&'s Spell> {
    let settled = |spell: &Spell| spell.withdrawn_at.is_some_and(|withdrawn| withdrawn + SETTLEMENT < now);
    spells.iter().find(|spell| spell.country == country && spell.covers(at) && !settled(spell))
}

fn not_held_fix(holds: &[Hold], at: DateTime<Utc>) -> String {
    let next = holds.iter().filter(|hold| hold.from > at).map(|hold| hold.from).min();
    let last = holds.iter().filter_map(|hold| hold.until).filter(|until| *until <= at).max();
    let came = next.map(|from| format!("it came to you on {}", wire_time(from)));
    let went = last.map(|until| format!("it left you on {}", wire_time(until)));
    let when = [went, came].into_iter().flatten().collect::<Vec<_>>().join(" and ");
    format!("You did not have this number at the time of the call: {when}. Whoever had it then sends the row.")
}

/// A version of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Version {
    pub(super) number: i32,
    pub(super) content: [u8; 32],
}

impl Version {
    /// What becomes of this version beside one that stands: `None` when it takes its place.
    pub(super) fn beside(&self, held: &Self) -> Option<Verdict> {
        match self.number.cmp(&held.number) {
            std::cmp::Ordering::Greater => None,
            std::cmp::Ordering::Less => Some(Verdict::Superseded),
            std::cmp::Ordering::Equal if self.content == held.content => Some(Verdict::Duplicate),
            std::cmp::Ordering::Equal => Some(Verdict::VersionConflict),
        }
    }
}

/// How a row stands among the rows of its batch with the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// The one to be written, unless the same or a higher version is held already.
    Best,
    /// Another row of the batch has a higher version.
    Lower,
    /// The same version as that row, the best one; it came first.
    Twin(usize),
}

/// Finds the best row of each key: the highest version, the first of those. In any order of rows the same version wins.
pub(super) fn standings<K: Hash + Eq>(rows: impl Iterator<Item = (K, Version)> + Clone) -> Vec<Standing> {
    let mut best: HashMap<K, (usize, Version)> = HashMap::with_capacity(rows.size_hint().0);
    for (n, (key, version)) in rows.clone().enumerate() {
        let held = best.entry(key).or_insert((n, version));
        if version.number > held.1.number {
            *held = (n, version);
        }
    }
    let standing = |(n, (key, version)): (usize, (K, Version))| match best.get(&key) {
        Some((first, held)) if *first != n && held.number > version.number => Standing::Lower,
        Some((first, _)) if *first != n => Standing::Twin(*first),
        _ => Standing::Best,
    };
    rows.enumerate().map(standing).collect()
}

/// The verdict of a twin of a best row. `held`: the version that kept the best row from being written, if one did.
pub(super) fn twin(own: &Version, best: &Version, held: Option<&Version>) -> Verdict {
    own.beside(held.unwrap_or(best)).unwrap_or(Verdict::VersionConflict)
}
