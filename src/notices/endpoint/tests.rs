//! What may be an endpoint and what may not.

use super::*;

const STATES: [EndpointState; 6] = [
    EndpointState::Unverified,
    EndpointState::Active,
    EndpointState::Paused(PauseReason::Person),
    EndpointState::Paused(PauseReason::Failing),
    EndpointState::Disabled(DisableReason::Gone),
    EndpointState::Disabled(DisableReason::Platform),
];

const CHANGES: [Change; 8] = [
    Change::Verified,
    Change::Pause(PauseReason::Person),
    Change::Pause(PauseReason::Failing),
    Change::Resume,
    Change::Disable(DisableReason::Gone),
    Change::Disable(DisableReason::Platform),
    Change::Enable,
    Change::NewUrl,
];

fn input() -> EndpointIn {
    EndpointIn { url: "https://hooks.carrier.example/concord".into(), ..EndpointIn::default() }
}

fn faults_of(input: &EndpointIn) -> Vec<(&'static str, &'static str)> {
    match EndpointSpec::check(input, &Allow::none()) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.iter().map(|fault| (fault.field, fault.code)).collect(),
    }
}

#[test]
fn states_survive_their_columns() {
    for state in STATES {
        assert_eq!(EndpointState::of(state.slug(), state.reason_slug()), Some(state));
    }
    assert_eq!(EndpointState::of("active", Some("gone")), None);
    assert_eq!(EndpointState::of("paused", None), None);
}

#[test]
fn only_a_verification_makes_an_endpoint_active_for_the_first_time() {
    let mut reached = vec![EndpointState::Unverified];
    let mut next = 0;
    while next < reached.len() {
        for change in CHANGES.into_iter().filter(|change| *change != Change::Verified) {
            if let Ok(state) = reached[next].after(change)
                && !reached.contains(&state)
            {
                reached.push(state);
            }
        }
        next += 1;
    }
    assert!(!reached.contains(&EndpointState::Active), "{reached:?}");
}

#[test]
fn repeating_a_change_changes_nothing_more() {
    for state in STATES {
        for change in CHANGES.into_iter().filter(|change| *change != Change::Enable) {
            if let Ok(once) = state.after(change) {
                assert_eq!(once.after(change), Ok(once), "{state:?} {change:?}");
            }
        }
    }
}

#[test]
fn only_the_platform_lifts_its_own_switch() {
    let off = EndpointState::Disabled(DisableReason::Platform);
    for change in CHANGES {
        let expected = change == Change::Enable;
        assert_eq!(off.after(change).is_ok_and(|state| state != off), expected, "{change:?}");
    }
    assert_eq!(off.after(Change::Resume), Err(StateRefusal::DisabledByPlatform));
}

#[test]
fn a_gone_endpoint_comes_back_by_verification() {
    let gone = EndpointState::Active.after(Change::Disable(DisableReason::Gone)).unwrap();
    assert_eq!(gone.after(Change::Resume), Err(StateRefusal::Disabled));
    assert_eq!(gone.after(Change::Verified), Ok(EndpointState::Active));
    assert_eq!(gone.after(Change::NewUrl), Ok(EndpointState::Unverified));
}

#[test]
fn a_plain_endpoint_gets_the_defaults() {
    let spec = EndpointSpec::check(&input(), &Allow::none()).unwrap();
    assert_eq!(spec.max_in_flight, 8);
    assert_eq!(spec.signature, SignatureKind::V1);
    assert!(spec.confirms && spec.event_types.is_empty() && spec.description.is_empty());
    assert!(EventType::ALL.into_iter().all(|kind| spec.wants(kind)));
}

#[test]
fn every_fault_is_told_at_once() {
    let input = EndpointIn {
        url: "http://hooks.carrier.example/".into(),
        description: Some("x".repeat(201)),
        event_types: Some(vec!["number.assigned".into(), "number.gone".into(), "endpoint.verification".into()]),
        signature: Some("v2".into()),
        max_in_flight: Some(65),
        confirms: None,
    };
    assert_eq!(
        faults_of(&input),
        [
            ("url", "endpoint_not_https"),
            ("description", "value_invalid"),
            ("event_types", "value_invalid"),
            ("event_types", "value_invalid"),
            ("signature", "value_invalid"),
            ("max_in_flight", "value_invalid"),
        ]
    );
}

#[test]
fn bounds_are_inclusive_and_counted_in_characters() {
    for (number, fine) in [(1, true), (64, true), (0, false), (65, false), (-1, false), (i64::MAX, false)] {
        let input = EndpointIn { max_in_flight: Some(number), ..input() };
        assert_eq!(faults_of(&input).is_empty(), fine, "{number}");
    }
    for (text, fine) in [("ü".repeat(200), true), ("ü".repeat(201), false), ("a\nb".into(), false)] {
        let input = EndpointIn { description: Some(text), ..input() };
        assert_eq!(faults_of(&input).is_empty(), fine);
    }
}

#[test]
fn event_types_are_sorted_and_told_once() {
    let names = ["number.released", "consent.granted", "number.released"];
    let input = EndpointIn { event_types: Some(names.map(String::from).to_vec()), ..input() };
    let spec = EndpointSpec::check(&input, &Allow::none()).unwrap();
    assert_eq!(spec.event_types, [EventType::NumberReleased, EventType::ConsentGranted]);
    assert!(spec.wants(EventType::NumberReleased) && !spec.wants(EventType::NumberAssigned));
}

#[test]
fn a_patch_changes_what_it_names_and_nothing_else() {
    let names = vec!["number.released".to_owned()];
    let input = EndpointIn { event_types: Some(names), signature: Some("both".into()), max_in_flight: Some(3), ..input() };
    let held = EndpointSpec::check(&input, &Allow::none()).unwrap();
    let same = EndpointPatch::default().onto(&held);
    assert_eq!(EndpointSpec::check(&same, &Allow::none()).unwrap(), held);
    let patch = EndpointPatch { event_types: Some(Vec::new()), ..EndpointPatch::default() };
    let wider = EndpointSpec::check(&patch.onto(&held), &Allow::none()).unwrap();
    assert_eq!(wider, EndpointSpec { event_types: Vec::new(), ..held });
}

#[test]
fn unknown_fields_are_refused() {
    assert!(serde_json::from_str::<EndpointIn>(r#"{"url":"https://a.example","colour":"red"}"#).is_err());
    let empty: EndpointIn = serde_json::from_str("{}").unwrap();
    assert_eq!(faults_of(&empty), [("url", "endpoint_url_invalid")]);
}
