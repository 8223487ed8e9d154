//! The machine, step by step and at random.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_780)
}

fn number(e164: &str) -> Number {
    Number {
        tenant: TenantId(Uuid::from_u128(1)),
        operator: OperatorId(Uuid::from_u128(2)),
        e164: E164::parse(e164).expect("valid"),
        country: "DE".into(),
        kind: Kind::Geographic,
        usage: Usage::User,
        capabilities: vec![Capability::Inbound, Capability::Outbound, Capability::User],
        city: None,
        billing_ref: None,
        operator_note: None,
        listed: true,
        emergency_mode: EmergencyMode::OperatorFixed,
        emergency_location: None,
        activation: ActivationState::Activated,
        status: AssignmentStatus::Unassigned,
        assigned: None,
        fault: None,
        quarantine: Quarantine::None,
        release_requested_at: None,
        number_seq: 0,
        version: 1,
        pending_since: None,
        created_at: now(),
        changed_at: now(),
        tenant_name: "Acme GmbH".into(),
        sip_domain: "acme.sip.example".into(),
    }
}

fn person(id: &str) -> Target {
    Target {
        id: id.into(),
        kind: TargetKind::User,
        display_name: "Mara Lindner".into(),
        upn: None,
        usage_location: Some("DE".into()),
        licensed: true,
        department: None,
    }
}

fn open(target: Option<Target>) -> Facts {
    Facts { gate_open: true, target, ..Facts::default() }
}

fn wish(target: &str) -> Wish {
    Wish { target_id: target.into(), category: None, version: None }
}

fn next(step: Result<Step, Refusal>) -> Number {
    match step {
        Ok(Step::Next(next)) => *next,
        other => panic!("no step: {other:?}"),
    }
}

fn code(number: &Number, wish: &Wish, facts: &Facts) -> &'static str {
    number.assign(wish, facts, Uuid::nil(), now()).expect_err("refused").code()
}

#[test]
fn a_number_goes_its_way() {
    let free = number("+493023125010");
    let pending = next(free.assign(&wish("mara"), &open(Some(person("mara"))), Uuid::nil(), now()));
    assert_eq!((pending.number_seq, pending.version, pending.activation), (1, 2, ActivationState::AssignmentPending));
    assert_eq!(pending.sip_uri().expect("assigned").as_str(), "sip:+493023125010@acme.sip.example;user=phone");
    assert_eq!(pending.assigned.as_ref().map(|held| held.category), Some(Category::Primary));
    assert_eq!(pending.confirm(0, now()), Step::Same, "an older event says nothing");
    let active = next(Ok(pending.confirm(1, now())));
    assert_eq!((active.activation, active.number_seq, active.pending_since), (ActivationState::Activated, 1, None));
    let fault = Fault { code: "no_route".into(), reason: "No route".into() };
    let failed = next(active.refuse(fault.clone(), now()));
    assert_eq!((failed.activation, failed.number_seq), (ActivationState::AssignmentFailed, 1));
    assert_eq!(failed.refuse(fault, now()), Ok(Step::Same));
    assert_eq!(failed.confirm(1, now()), Step::Same, "what was refused is not activated by a late receipt");
    let again = next(failed.assign(&wish("mara"), &open(Some(person("mara"))), Uuid::max(), now()));
    assert_eq!((again.number_seq, again.fault.clone()), (2, None));
    assert_eq!(again.assigned.as_ref().map(|held| held.id), Some(Uuid::nil()), "a new try is the same assignment");
    let back = next(again.unassign(Quarantine::of_days(30, now()), None, now()));
    assert_eq!((back.status, back.activation, back.number_seq), (AssignmentStatus::Unassigned, ActivationState::UpdatePending, 3));
    assert_eq!(code(&back, &wish("mara"), &open(Some(person("mara")))), "quarantined");
    let later = now() + TimeDelta::days(30);
    assert!(back.assign(&wish("mara"), &open(Some(person("mara"))), Uuid::nil(), later).is_ok());
}

#[test]
fn the_same_wish_twice_is_one_effect() {
    let free = number("+493023125010");
    let seen = Wish { version: Some(1), ..wish("mara") };
    let pending = next(free.assign(&seen, &open(Some(person("mara"))), Uuid::nil(), now()));
    assert_eq!(pending.assign(&seen, &open(Some(person("mara"))), Uuid::max(), now()), Ok(Step::Same));
    let closed = Facts { gate_open: false, ..open(Some(person("mara"))) };
    assert_eq!(pending.assign(&wish("mara"), &closed, Uuid::max(), now()), Ok(Step::Same));
}

#[test]
fn every_refusal_has_its_case() {
    let free = number("+493023125010");
    let mara = || open(Some(person("mara")));
    let to = wish("mara");
    assert_eq!(code(&free, &to, &Facts { gate_open: false, ..mara() }), "gate_closed");
    assert_eq!(code(&free, &to, &Facts { relationship_ended: true, ..mara() }), "relationship_ended");
    let held = next(free.assign(&to, &mara(), Uuid::nil(), now()));
    assert_eq!(code(&held, &wish("otto"), &open(Some(person("otto")))), "already_assigned");
    assert_eq!(free.unassign(Quarantine::None, None, now()).expect_err("refused").code(), "not_assigned");
    assert_eq!(code(&Number { quarantine: Quarantine::Forever, ..free.clone() }, &to, &mara()), "quarantined");
    assert_eq!(code(&free, &to, &Facts { reserved: true, ..mara() }), "reserved");
    assert_eq!(code(&free, &to, &open(None)), "target_unknown");
    assert_eq!(code(&free, &to, &open(Some(Target { licensed: false, ..person("mara") }))), "target_not_licensed");
    let abroad = Target { usage_location: Some("FR".into()), ..person("mara") };
    assert_eq!(code(&free, &to, &open(Some(abroad))), "country_mismatch");
    let queue = Target { kind: TargetKind::ResourceAccount, ..person("queue") };
    assert_eq!(code(&free, &to, &open(Some(queue))), "usage_mismatch");
    assert_eq!(code(&Number { capabilities: vec![Capability::Inbound], ..free.clone() }, &to, &mara()), "capability_missing");
    let unlocated = Number { emergency_mode: EmergencyMode::Tenant, ..free.clone() };
    assert_eq!(code(&unlocated, &to, &mara()), "emergency_location_required");
    let primary = Wish { category: Some(Category::Primary), ..to.clone() };
    assert_eq!(code(&free, &primary, &Facts { has_primary: true, ..mara() }), "primary_exists");
    assert_eq!(code(&free, &Wish { version: Some(7), ..to }, &mara()), "version_conflict");
    let codes: std::collections::BTreeSet<_> = Refusal::CODES.into_iter().collect();
    assert_eq!(codes.len(), 21);
}

#[derive(Clone, Debug)]
enum Act {
    Assign { number: usize, target: usize, category: Option<Category>, gate_open: bool, reserved: bool },
    Unassign { number: usize, days: i32 },
    Confirm { number: usize, behind: i64 },
    Refuse { number: usize },
    Wait { days: i64 },
}

fn acts() -> impl Strategy<Value = Act> {
    let category =
        prop_oneof![Just(None), Just(Some(Category::Primary)), Just(Some(Category::Alternate)), Just(Some(Category::Private))];
    prop_oneof![
        6 => (0..4_usize, 0..3_usize, category, prop::bool::weighted(0.9), prop::bool::weighted(0.1)).prop_map(
            |(number, target, category, gate_open, reserved)| Act::Assign { number, target, category, gate_open, reserved }),
        3 => (0..4_usize, prop_oneof![Just(0), Just(0), Just(5), Just(-1)]).prop_map(|(number, days)| Act::Unassign { number, days }),
        3 => (0..4_usize, 0..2_i64).prop_map(|(number, behind)| Act::Confirm { number, behind }),
        1 => (0..4_usize).prop_map(|number| Act::Refuse { number }),
        1 => (0..9_i64).prop_map(|days| Act::Wait { days }),
    ]
}

fn consistent(number: &Number) {
    assert_eq!(number.status == AssignmentStatus::Unassigned, number.assigned.is_none());
    if let Some(held) = &number.assigned {
        assert_eq!(number.status, held.target_kind.status());
        assert_eq!(number.quarantine, Quarantine::None, "what is assigned does not rest");
    }
    assert_eq!(number.activation.is_pending(), number.pending_since.is_some());
    let failed = matches!(number.activation, ActivationState::AssignmentFailed | ActivationState::UpdateFailed);
    assert_eq!(failed, number.fault.is_some());
    let assignment = matches!(number.activation, ActivationState::AssignmentPending | ActivationState::AssignmentFailed);
    assert!(!assignment || number.assigned.is_some());
}

fn step(world: &[Number], act: &Act, at: DateTime<Utc>, id: u128) -> Option<(usize, Result<Step, Refusal>)> {
    Some(match act {
        Act::Assign { number, target, category, gate_open, reserved } => {
            let target_id = ["mara", "otto", "lene"][*target].to_owned();
            let has_primary = world.iter().enumerate().any(|(at, other)| {
                let held = other.assigned.as_ref();
                at != *number && held.is_some_and(|held| held.target_id == target_id && held.category == Category::Primary)
            });
            let target = Some(person(&target_id));
            let facts = Facts { gate_open: *gate_open, reserved: *reserved, target, has_primary, ..Facts::default() };
            let wish = Wish { target_id, category: *category, version: None };
            (*number, world[*number].assign(&wish, &facts, Uuid::from_u128(id), at))
        }
        Act::Unassign { number, days } => (*number, world[*number].unassign(Quarantine::of_days(*days, at), None, at)),
        Act::Confirm { number, behind } => (*number, Ok(world[*number].confirm(world[*number].number_seq - behind, at))),
        Act::Refuse { number } => (*number, world[*number].refuse(Fault { code: "no".into(), reason: "No".into() }, at)),
        Act::Wait { .. } => return None,
    })
}

proptest! {
    #[test]
    fn no_path_leads_astray(acts in prop::collection::vec(acts(), 1..80)) {
        let mut world: Vec<Number> = (0..4).map(|i| number(&format!("+49302312501{i}"))).collect();
        let mut at = now();
        for (i, act) in acts.iter().enumerate() {
            if let Act::Wait { days } = act {
                at += TimeDelta::days(*days);
            }
            let Some((index, Ok(Step::Next(next)))) = step(&world, act, at, i as u128) else { continue };
            let before = &world[index];
            let told = matches!(act, Act::Assign { .. } | Act::Unassign { .. });
            prop_assert_eq!(next.number_seq - before.number_seq, i64::from(told), "one event, one number_seq");
            let confirmed = matches!(act, Act::Confirm { .. });
            prop_assert!(next.version > before.version || confirmed);
            prop_assert!(!told || next.activation.is_pending());
            if matches!(act, Act::Assign { .. }) {
                prop_assert!(!before.quarantine.holds(at));
            }
            consistent(&next);
            world[index] = *next;
            let mut primaries: BTreeMap<&str, u32> = BTreeMap::new();
            for held in world.iter().filter_map(|number| number.assigned.as_ref()).filter(|held| held.category == Category::Primary) {
                *primaries.entry(&held.target_id).or_default() += 1;
            }
            prop_assert!(primaries.values().all(|count| *count == 1), "{:?}", primaries);
        }
    }
}
