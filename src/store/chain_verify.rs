//! Proving a chain: recomputes every hash and tells what was changed, is missing or stands in another order.

use std::fmt::Write as _;

use sqlx::PgConnection;
use uuid::Uuid;

use super::chain::Chain;
use super::chain::ChainFacts;
use super::chain::ChainLink;
use super::chain::chain_hash;
use super::chain::read_hash;
use super::chain::read_head;
use super::chain::read_links;
use super::chain::read_newest;
use super::queries_anchors::ChainAnchor;
use super::queries_anchors::read_anchors;
use crate::base::Failure;

/// Links read at once.
const PAGE: i64 = 1_000;
/// Bad links of one page for which the place they came from is searched; the rest is called changed.
const SEARCHED: usize = 64;

/// What a verification found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChainVerdict {
    /// Links looked at.
    pub entries: i64,
    /// Number of the newest chained entry.
    pub sealed_to: i64,
    /// Its hash, lower-case hex; 64 zeros before the first.
    pub head: String,
    /// The entry at fault (`None`: nothing is left of it) and what is wrong.
    pub problems: Vec<(Option<Uuid>, ChainFault)>,
    /// Entries whose personal part was erased: not a fault.
    pub erased: i64,
    /// Entries whose month is over and dropped, proved by its anchor: not a fault.
    pub expired: i64,
}

impl ChainVerdict {
    /// Nothing is wrong.
    #[must_use]
    pub fn ok(&self) -> bool {
        self.problems.is_empty()
    }
}

/// What is wrong with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainFault {
    Changed,
    Missing,
    Reordered,
}

impl ChainFault {
    /// `changed`, `missing` or `reordered`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Missing => "missing",
            Self::Reordered => "reordered",
        }
    }
}

/// The end of a chain, to be kept elsewhere: whoever has it can later prove that nothing up to there was changed since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainHead {
    /// Number of the newest chained entry; 0 before the first.
    pub seq: i64,
    /// Its hash, lower-case hex; 64 zeros before the first.
    pub head: String,
}

/// The head of an organisation's chain now.
///
/// # Errors
/// When the database is away.
pub async fn head_of(conn: &mut PgConnection, org: Uuid, chain: Chain) -> Result<ChainHead, Failure> {
    let (seq, hash) = read_head(conn, org, chain).await?.unwrap_or_else(|| (0, vec![0; 32]));
    Ok(ChainHead { seq, head: hex(&hash) })
}

/// Whether a head that was kept elsewhere is the hash of that entry of the chain; no when the chain is not that long, `None` when its
/// link was dropped with its month and no anchor ends there.
///
/// # Errors
/// When the database is away.
pub async fn holds_head(conn: &mut PgConnection, org: Uuid, chain: Chain, kept: &ChainHead) -> Result<Option<bool>, Failure> {
    let anchors = read_anchors(&mut *conn, org, chain).await?;
    let dropped_to = anchors.iter().map(|anchor| anchor.last_seq).max().unwrap_or(0);
    let found = match anchors.into_iter().find(|anchor| anchor.last_seq == kept.seq) {
        Some(anchor) => Some(anchor.hash),
        None if kept.seq == 0 => Some(vec![0; 32]),
        None => match read_hash(conn, org, chain, kept.seq).await? {
            None if kept.seq > dropped_to => return Ok(Some(false)),
            found => found,
        },
    };
    Ok(found.map(|hash| hex(&hash) == kept.head.to_ascii_lowercase()))
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a String cannot fail.
        write!(text, "{byte:02x}").unwrap_or_default();
    }
    text
}

/// A link, the hash in front of it as stored, and what its entry says now.
struct Step {
    link: ChainLink,
    /// `None` after a gap: what stood in front is not known.
    previous: Option<Vec<u8>>,
    facts: Option<ChainFacts>,
    /// Its month was dropped and an anchor says so.
    expired: bool,
}

impl Step {
    /// Every entry is judged by the stored hash in front of it, so that one bad entry does not accuse all that follow.
    fn holds(&self) -> bool {
        match (&self.facts, &self.previous) {
            (Some(facts), Some(previous)) => chain_hash(previous, facts) == self.link.hash[..],
            (Some(_), None) => true,
            (None, _) => self.expired,
        }
    }
}

/// Recomputes an organisation's chain from its entries, up to the end it has when it begins. Others may go on sealing, erasing and
/// dropping meanwhile: what is sealed later is not looked at, and whatever reads as missing is held against the anchors once
/// more before it is called so.
///
/// # Errors
/// When the database is away.
pub async fn verify_chain<F>(conn: &mut PgConnection, org: Uuid, chain: Chain, facts: F) -> Result<ChainVerdict, Failure>
where
    F: AsyncFn(&mut PgConnection, &[ChainLink]) -> Result<Vec<Option<ChainFacts>>, Failure>,
{
    let mut verdict = ChainVerdict::default();
    // Links and head are committed together, so a head that is read after the links is never behind them.
    let newest = read_newest(conn, org, chain).await?;
    let head = read_head(conn, org, chain).await?;
    let to = head.as_ref().map_or(0, |head| head.0).max(newest);
    let mut previous = vec![0_u8; 32];
    loop {
        let links = read_links(conn, org, chain, verdict.sealed_to, to, PAGE).await?;
        let found = facts(conn, &links).await?;
        // After links and entries: what was dropped while they were read stands here.
        let anchors = read_anchors(conn, org, chain).await?;
        let begun = verdict.sealed_to;
        let full = !links.is_empty();
        if let Some(anchor) = anchors.last().filter(|anchor| anchor.last_seq > verdict.sealed_to) {
            verdict.expired += anchor.last_seq - verdict.sealed_to;
            verdict.sealed_to = anchor.last_seq;
            previous.clone_from(&anchor.hash);
        }
        let gone_before = anchors.last().map(|anchor| anchor.before);
        let dropped_to = verdict.sealed_to;
        let mut steps = Vec::with_capacity(links.len());
        for (link, facts) in links.into_iter().zip(found).filter(|(link, _)| link.seq > dropped_to) {
            verdict.entries += 1;
            verdict.erased += i64::from(facts.as_ref().is_some_and(|facts| facts.erased));
            let expired = facts.is_none() && gone_before.is_some_and(|before| link.entry_at < before);
            verdict.expired += i64::from(expired);
            let gap = link.seq != verdict.sealed_to + 1;
            if gap {
                verdict.problems.push((None, ChainFault::Missing));
            }
            verdict.sealed_to = link.seq;
            let before = std::mem::replace(&mut previous, link.hash.clone());
            steps.push(Step { link, previous: (!gap).then_some(before), facts, expired });
        }
        judge(&steps, &mut verdict);
        if !full || verdict.sealed_to == begun {
            break;
        }
    }
    for anchor in broken(&read_anchors(conn, org, chain).await?) {
        tracing::debug!(%org, before = %anchor.before, "an anchor does not follow on the one before it");
        verdict.problems.push((None, ChainFault::Missing));
    }
    let dropped_since = verdict.sealed_to > to;
    let ends = head.map_or_else(|| (0, vec![0; 32]), |(last_seq, hash)| (last_seq, hash));
    if !dropped_since && ends != (verdict.sealed_to, previous.clone()) {
        // Entries at the end were removed: the head names what is no longer there.
        verdict.problems.push((None, ChainFault::Missing));
    }
    verdict.head = hex(&previous);
    Ok(verdict)
}

/// Anchors that do not stand for every number after the anchor before them.
fn broken(anchors: &[ChainAnchor]) -> Vec<&ChainAnchor> {
    let ends = std::iter::once(0).chain(anchors.iter().map(|anchor| anchor.last_seq));
    let whole =
        |(end, anchor): &(i64, &ChainAnchor)| anchor.first_seq == end + 1 && anchor.count == anchor.last_seq - anchor.first_seq + 1;
    ends.zip(anchors).filter(|pair| !whole(pair)).map(|(_, anchor)| anchor).collect()
}

/// Finds the faults of one page.
fn judge(steps: &[Step], verdict: &mut ChainVerdict) {
    let bad: Vec<usize> = (0..steps.len()).filter(|place| !steps[*place].holds()).collect();
    let predecessors: Vec<Option<usize>> =
        bad.iter().enumerate().map(|(n, place)| if n < SEARCHED { predecessor(steps, *place) } else { None }).collect();
    for (n, place) in bad.iter().enumerate() {
        let step = &steps[*place];
        let fault = match &step.facts {
            None => Some(ChainFault::Missing),
            Some(_) if predecessors[n].is_some() => {
                // What follows a pair that changed places has another neighbour now, but stands where it belongs.
                let place = true_place(steps, &bad, &predecessors, n);
                (place != Some(step.link.seq)).then_some(ChainFault::Reordered)
            }
            Some(_) if n < SEARCHED && took_a_place(steps, *place) => Some(ChainFault::Reordered),
            Some(_) => Some(ChainFault::Changed),
        };
        if let Some(fault) = fault {
            verdict.problems.push((Some(step.link.entry_id), fault));
        }
    }
}

/// The hash in front of the page, then the hash of each of its links.
fn hash_at(steps: &[Step], place: usize) -> Option<&[u8]> {
    match place.checked_sub(1) {
        Some(at) => steps.get(at).map(|step| &step.link.hash[..]),
        None => steps.first().and_then(|step| step.previous.as_deref()),
    }
}

/// After which link of the page the bad link was chained, with its entry as it stands: 0 is the link in front of the page.
fn predecessor(steps: &[Step], bad: usize) -> Option<usize> {
    let facts = steps[bad].facts.as_ref()?;
    (0..=steps.len()).find(|at| hash_at(steps, *at).is_some_and(|hash| chain_hash(hash, facts) == steps[bad].link.hash[..]))
}

/// Whether the bad link's hash is that of another entry of the page: the two exchanged their entries.
fn took_a_place(steps: &[Step], bad: usize) -> bool {
    let step = &steps[bad];
    let Some(previous) = &step.previous else { return false };
    steps.iter().filter_map(|other| other.facts.as_ref()).any(|facts| chain_hash(previous, facts) == step.link.hash[..])
}

/// The number a bad link had when it was chained, by following its predecessors.
fn true_place(steps: &[Step], bad: &[usize], predecessors: &[Option<usize>], start: usize) -> Option<i64> {
    let mut n = start;
    for distance in 1..=i64::try_from(bad.len()).unwrap_or(i64::MAX) {
        let at = predecessors[n]?;
        let Some(before) = at.checked_sub(1) else {
            return Some(steps.first()?.link.seq - 1 + distance);
        };
        match bad.binary_search(&before) {
            Ok(next) if predecessors[next].is_some() => n = next,
            _ => return Some(steps[before].link.seq + distance),
        }
    }
    None
}
