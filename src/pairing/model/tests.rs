//! The pairs found are the best there are, whatever the records.

use proptest::prelude::*;

use super::*;

fn leg(at: i64, party: &str) -> Leg {
    let party = (!party.is_empty()).then(|| party.to_owned());
    Leg { at, e164: "+493023125001".to_owned(), inbound: true, answered: true, party, ..Leg::default() }
}

fn pairs(calls: &[Leg], durations: &[Leg]) -> Vec<(usize, usize)> {
    let mut found: Vec<_> = pair_by_numbers(calls, durations).into_iter().flat_map(|part| part.pairs).collect();
    found.sort_unstable();
    found
}

#[test]
fn the_nearest_is_not_the_first() {
    let calls = [leg(0, "+441"), leg(60_000, "+441"), leg(90_000, "+441")];
    let durations = [leg(61_000, "+441"), leg(91_500, "+441")];
    assert_eq!(pairs(&calls, &durations), [(1, 0), (2, 1)]);
    // In order, and both rather than one: a shift of the operator's clock.
    let late = [leg(50_000, "+441"), leg(110_000, "+441"), leg(140_000, "+441")];
    assert_eq!(pairs(&calls, &late), [(0, 0), (1, 1), (2, 2)]);
}

#[test]
fn the_window_ends_at_two_minutes() {
    assert_eq!(pairs(&[leg(0, "+441")], &[leg(WINDOW_MS, "+441")]), [(0, 0)]);
    assert!(pairs(&[leg(0, "+441")], &[leg(WINDOW_MS + 1, "+441")]).is_empty());
}

#[test]
fn a_good_pair_is_not_broken_for_two_bad_ones() {
    let calls = [leg(0, "+441"), leg(-119_000, "+441")];
    let durations = [leg(0, "+441"), leg(119_000, "+441")];
    assert_eq!(pairs(&calls, &durations), [(0, 0)]);
}

#[test]
fn who_hides_meets_anybody_but_after_who_says() {
    let calls = [leg(0, "+441"), leg(1_000, "+442")];
    assert_eq!(pairs(&calls, &[leg(900, "")]), [(1, 0)]);
    assert_eq!(pairs(&calls, &[leg(900, "+441"), leg(950, "")]), [(0, 0), (1, 1)]);
    assert!(pairs(&calls, &[leg(900, "+443")]).is_empty());
    // Other parties may cross.
    assert_eq!(pairs(&calls, &[leg(500, "+442"), leg(1_500, "+441")]), [(0, 1), (1, 0)]);
}

#[test]
fn different_references_are_different_calls_and_other_things_do_not_meet() {
    let call = Leg { has_operator_ref: true, ..leg(0, "+441") };
    assert!(pairs(std::slice::from_ref(&call), &[Leg { has_operator_ref: true, ..leg(0, "+441") }]).is_empty());
    assert_eq!(pairs(&[call], &[leg(0, "+441")]), [(0, 0)]);
    let own_ids = Leg { has_sip_call_id: true, ..leg(0, "+441") };
    assert_eq!(pairs(std::slice::from_ref(&own_ids), std::slice::from_ref(&own_ids)), [(0, 0)]);
    for other in [
        Leg { inbound: false, ..leg(0, "+441") },
        Leg { answered: false, ..leg(0, "+441") },
        Leg { e164: "+493023125002".to_owned(), ..leg(0, "+441") },
    ] {
        assert!(pairs(&[leg(0, "+441")], &[other]).is_empty());
    }
}

#[test]
fn a_busy_number_is_paired_at_once() {
    // A call a second, the operator less than a second later, every hundredth hidden.
    let calls: Vec<Leg> = (0..6_000).map(|n| leg(n * 1_000, "+441")).collect();
    let durations: Vec<Leg> = (0..6_000).map(|n| leg(n * 1_000 + 400, if n % 100 == 7 { "" } else { "+441" })).collect();
    let found = pairs(&calls, &durations);
    assert_eq!(found.len(), 6_000);
    assert!(found.iter().filter(|(call, duration)| call == duration).count() > 5_900);
}

/// The greatest gain there is, by trying everything.
fn try_all(calls: &[Item], durations: &[Item], taken: &mut Vec<bool>) -> i64 {
    let Some((call, rest)) = calls.split_first() else { return 0 };
    let mut best = try_all(rest, durations, taken);
    for place in 0..durations.len() {
        if let Some(gain) = gain(call, &durations[place]).filter(|_| !taken[place]) {
            taken[place] = true;
            best = best.max(gain + try_all(rest, durations, taken));
            taken[place] = false;
        }
    }
    best
}

fn items(rows: &[(i64, u8)]) -> Vec<Item> {
    let mut rows = rows.to_vec();
    rows.sort_unstable();
    let kind = |mark: u8| Kind {
        party: [None, Some(1), Some(2), Some(1)][usize::from(mark)],
        operator_ref: false,
        sip_call_id: mark == 3,
    };
    rows.iter().enumerate().map(|(index, (at, mark))| Item { index, at: *at, kind: kind(*mark) }).collect()
}

fn rows(marks: u8) -> impl Strategy<Value = Vec<(i64, u8)>> {
    prop::collection::vec((0..400_000_i64, 0..marks), 0..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_other_pairs_gain_more((left, right) in prop_oneof![(rows(1), rows(1)), (rows(4), rows(4))]) {
        let (calls, durations) = (items(&left), items(&right));
        let found = assign::best(&calls, &durations);
        let total: i64 = found.iter().filter_map(|(call, duration)| gain(&calls[*call], &durations[*duration])).sum();
        let mut taken = vec![false; durations.len()];
        prop_assert_eq!(total, try_all(&calls, &durations, &mut taken));
        for side in [found.iter().map(|pair| pair.0).collect::<Vec<_>>(), found.iter().map(|pair| pair.1).collect()] {
            let mut once = side.clone();
            once.sort_unstable();
            once.dedup();
            prop_assert_eq!(once.len(), side.len());
        }
    }

    #[test]
    fn every_record_stands_in_one_part(left in rows(4), right in rows(4)) {
        let legs = |rows: &[(i64, u8)]| rows.iter().map(|(at, mark)| leg(*at, ["", "+441", "+442", "+443"][usize::from(*mark)])).collect::<Vec<_>>();
        let (calls, durations) = (legs(&left), legs(&right));
        let parts = pair_by_numbers(&calls, &durations);
        let mut seen: Vec<usize> = parts.iter().flat_map(|part| part.calls.iter().copied()).collect();
        seen.sort_unstable();
        prop_assert_eq!(seen, (0..calls.len()).collect::<Vec<_>>());
        prop_assert!(parts.iter().all(|part| part.pairs.iter().all(|(call, duration)| part.calls.contains(call) && part.durations.contains(duration))));
        prop_assert_eq!(pair_by_numbers(&calls, &durations), parts);
    }
}
