//! The best pairs of one piece: by dynamic programming where order decides (all records of a side alike), by the Hungarian
//! method where parties are mixed, by kinds one after the other where there are too many for it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::Item;
use super::Kind;
use super::WINDOW_MS;
use super::gain;

/// Most records of a side that the Hungarian method (cubic) is asked to pair.
const MIXED: usize = 100;
/// Most possible pairs that are kept in memory at once.
const EDGES: usize = 1_000_000;

/// A possible pair: places in the two lists and its gain.
#[derive(Clone, Copy, Debug)]
struct Edge {
    call: usize,
    duration: usize,
    gain: i64,
}

/// The pairs of greatest gain, as indexes of the caller. Both lists are in order of time.
pub(super) fn best(calls: &[Item], durations: &[Item]) -> Vec<(usize, usize)> {
    if calls.is_empty() || durations.is_empty() {
        return Vec::new();
    }
    if alike(calls) && alike(durations) {
        return in_order(calls, durations);
    }
    let Some(edges) = edges(calls, durations) else { return halved(calls, durations, best) };
    let mut found = Vec::new();
    for (own_calls, own_durations) in connected(calls, durations, &edges) {
        found.extend(if alike(&own_calls) && alike(&own_durations) {
            in_order(&own_calls, &own_durations)
        } else if own_calls.len().max(own_durations.len()) <= MIXED {
            hungarian(&own_calls, &own_durations)
        } else {
            by_kinds(&own_calls, &own_durations)
        });
    }
    found
}

fn alike(items: &[Item]) -> bool {
    items.windows(2).all(|two| two[0].kind == two[1].kind)
}

/// Every possible pair, by call and then by falling duration; `None` when there are too many to keep.
fn edges(calls: &[Item], durations: &[Item]) -> Option<Vec<Edge>> {
    let mut found = Vec::new();
    let mut from = 0;
    for (place, call) in calls.iter().enumerate() {
        from += durations[from..].iter().take_while(|duration| duration.at < call.at - WINDOW_MS).count();
        let near = durations[from..].iter().take_while(|duration| duration.at <= call.at + WINDOW_MS).count();
        for (offset, duration) in durations[from..from + near].iter().enumerate().rev() {
            if let Some(gain) = gain(call, duration) {
                found.push(Edge { call: place, duration: from + offset, gain });
            }
        }
        if found.len() > EDGES {
            return None;
        }
    }
    Some(found)
}

/// Pieces that possible pairs hold together, each in order of time.
fn connected(calls: &[Item], durations: &[Item], edges: &[Edge]) -> Vec<(Vec<Item>, Vec<Item>)> {
    let mut roots: Vec<usize> = (0..calls.len() + durations.len()).collect();
    for edge in edges {
        let (a, b) = (root(&mut roots, edge.call), root(&mut roots, calls.len() + edge.duration));
        roots[a.max(b)] = a.min(b);
    }
    let mut pieces: BTreeMap<usize, (Vec<Item>, Vec<Item>)> = BTreeMap::new();
    for (place, item) in calls.iter().chain(durations).enumerate() {
        let piece = pieces.entry(root(&mut roots, place)).or_default();
        if place < calls.len() { piece.0.push(*item) } else { piece.1.push(*item) }
    }
    pieces.into_values().filter(|(calls, durations)| !calls.is_empty() && !durations.is_empty()).collect()
}

fn root(roots: &mut [usize], mut place: usize) -> usize {
    while roots[place] != place {
        roots[place] = roots[roots[place]];
        place = roots[place];
    }
    place
}

/// Records of a side that differ in time alone: crossing pairs never gain, so the best chain of pairs rising on both sides is
/// the best of all. Prefix maxima in a Fenwick tree; `O(pairs * log)`.
fn in_order(calls: &[Item], durations: &[Item]) -> Vec<(usize, usize)> {
    let Some(edges) = edges(calls, durations) else { return halved(calls, durations, in_order) };
    let mut chains = Chains { tree: vec![(0, None); durations.len() + 1] };
    // Per edge: the edge before it in its chain.
    let mut before: Vec<Option<usize>> = Vec::with_capacity(edges.len());
    for (at, edge) in edges.iter().enumerate() {
        // Edges of one call come by falling duration, so none of them follows another of the same call.
        let (gain, previous) = chains.best_before(edge.duration);
        before.push(previous);
        chains.put(edge.duration, (gain + edge.gain, Some(at)));
    }
    let mut next = chains.best_before(durations.len()).1;
    let mut found = Vec::new();
    while let Some(at) = next {
        let edge = edges[at];
        found.push((calls[edge.call].index, durations[edge.duration].index));
        next = before[at];
    }
    found.reverse();
    found
}

/// Best chain by its last duration: gain and last edge.
struct Chains {
    tree: Vec<(i64, Option<usize>)>,
}

impl Chains {
    /// The best chain that ends before a duration; the earliest found of equals.
    fn best_before(&self, duration: usize) -> (i64, Option<usize>) {
        let (mut place, mut found) = (duration, (0, None));
        while place > 0 {
            let here = self.tree[place];
            if here.0 > found.0 || (here.0 == found.0 && here.1 < found.1 && here.1.is_some()) {
                found = here;
            }
            place &= place - 1;
        }
        found
    }

    fn put(&mut self, duration: usize, chain: (i64, Option<usize>)) {
        let mut place = duration + 1;
        while place < self.tree.len() {
            if chain.0 > self.tree[place].0 {
                self.tree[place] = chain;
            }
            place += place & place.wrapping_neg();
        }
    }
}

/// Pairs two lists, by place.
type Solve = fn(&[Item], &[Item]) -> Vec<(usize, usize)>;

/// Too many possible pairs to weigh at once: cut at the longest pause around the middle, and each half by itself.
fn halved(calls: &[Item], durations: &[Item], solve: Solve) -> Vec<(usize, usize)> {
    let mut times: Vec<i64> = calls.iter().chain(durations).map(|item| item.at).collect();
    times.sort_unstable();
    let (third, two_thirds) = (times.len() / 3, times.len() * 2 / 3);
    let pauses = times[third..=two_thirds].windows(2).map(|two| (two[1] - two[0], two[1]));
    let Some((_, cut)) = pauses.filter(|(pause, _)| *pause > 0).max() else { return first_come(calls, durations) };
    let (early, late) = calls.split_at(calls.partition_point(|item| item.at < cut));
    let (early_durations, late_durations) = durations.split_at(durations.partition_point(|item| item.at < cut));
    let mut found = solve(early, early_durations);
    found.extend(solve(late, late_durations));
    found
}

/// The earliest with the earliest: for crowds of records of one and the same moment.
fn first_come(calls: &[Item], durations: &[Item]) -> Vec<(usize, usize)> {
    let (mut call, mut duration, mut found) = (0, 0, Vec::new());
    while let (Some(a), Some(b)) = (calls.get(call), durations.get(duration)) {
        if gain(a, b).is_some() {
            found.push((a.index, b.index));
            (call, duration) = (call + 1, duration + 1);
        } else if a.at < b.at {
            call += 1;
        } else {
            duration += 1;
        }
    }
    found
}

/// Kind by kind, the least doubtful first: what is left meets the next kinds.
fn by_kinds(calls: &[Item], durations: &[Item]) -> Vec<(usize, usize)> {
    let kinds = |items: &[Item]| items.iter().map(|item| item.kind).collect::<BTreeSet<Kind>>();
    let durations_kinds = kinds(durations);
    let mut ways: Vec<(i64, Kind, Kind)> = Vec::new();
    for call in kinds(calls) {
        // The same party first, then whoever may meet anybody; never all kinds with all.
        ways.extend(durations_kinds.iter().filter_map(|duration| call.doubt(*duration).map(|doubt| (doubt, call, *duration))));
    }
    ways.sort_unstable();
    let (mut calls, mut durations) = (by_kind(calls), by_kind(durations));
    let mut found = Vec::new();
    for (_, call_kind, duration_kind) in ways {
        let (Some(own_calls), Some(own_durations)) = (calls.get_mut(&call_kind), durations.get_mut(&duration_kind)) else {
            continue;
        };
        let pairs = in_order(own_calls, own_durations);
        let (left, right): (BTreeSet<usize>, BTreeSet<usize>) = pairs.iter().copied().unzip();
        own_calls.retain(|item| !left.contains(&item.index));
        own_durations.retain(|item| !right.contains(&item.index));
        found.extend(pairs);
    }
    found
}

fn by_kind(items: &[Item]) -> BTreeMap<Kind, Vec<Item>> {
    let mut kinds: BTreeMap<Kind, Vec<Item>> = BTreeMap::new();
    for item in items {
        kinds.entry(item.kind).or_default().push(*item);
    }
    kinds
}

/// Minimum-cost assignment with potentials (Kuhn and Munkres), rows the shorter side; what gains nothing is no pair.
fn hungarian(calls: &[Item], durations: &[Item]) -> Vec<(usize, usize)> {
    let flipped = calls.len() > durations.len();
    let (rows, cols) = if flipped { (durations, calls) } else { (calls, durations) };
    let worth = |row: usize, col: usize| {
        let (call, duration) = if flipped { (&cols[col], &rows[row]) } else { (&rows[row], &cols[col]) };
        gain(call, duration).unwrap_or(0)
    };
    let of_col = assignment(rows.len(), cols.len(), |row, col| -worth(row, col));
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (col, row) in of_col.into_iter().enumerate() {
        let Some(row) = row.filter(|row| worth(*row, col) > 0) else { continue };
        let (call, duration) = if flipped { (col, row) } else { (row, col) };
        found.push((calls[call].index, durations[duration].index));
    }
    found
}

/// Which row each column gets, at the least cost; `rows <= cols`. Lists begin at 1, as the method is usually written.
fn assignment(rows: usize, cols: usize, cost: impl Fn(usize, usize) -> i64) -> Vec<Option<usize>> {
    let (mut row_price, mut col_price) = (vec![0_i64; rows + 1], vec![0_i64; cols + 1]);
    let mut row_of = vec![0_usize; cols + 1];
    for row in 1..=rows {
        row_of[0] = row;
        let (mut col, mut way) = (0, vec![0_usize; cols + 1]);
        let (mut least, mut used) = (vec![i64::MAX; cols + 1], vec![false; cols + 1]);
        while row_of[col] != 0 {
            used[col] = true;
            let (here, mut delta, mut next) = (row_of[col], i64::MAX, 0);
            for other in 1..=cols {
                if used[other] {
                    continue;
                }
                let reduced = cost(here - 1, other - 1) - row_price[here] - col_price[other];
                if reduced < least[other] {
                    (least[other], way[other]) = (reduced, col);
                }
                if least[other] < delta {
                    (delta, next) = (least[other], other);
                }
            }
            for other in 0..=cols {
                if used[other] {
                    row_price[row_of[other]] += delta;
                    col_price[other] -= delta;
                } else if least[other] < i64::MAX {
                    least[other] -= delta;
                }
            }
            col = next;
        }
        while col != 0 {
            row_of[col] = row_of[way[col]];
            col = way[col];
        }
    }
    row_of[1..].iter().map(|row| row.checked_sub(1)).collect()
}
