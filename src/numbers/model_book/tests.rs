//! The machine against a second, smaller one that was written by other means: 100,000 random steps, no divergence.

mod reference;

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::*;
use crate::base::E164;
use crate::base::TenantId;
use crate::numbers::words::ActivationState;
use crate::numbers::words::AssignmentStatus;
use crate::numbers::words::Capability;
use crate::numbers::words::EmergencyMode;
use crate::numbers::words::Kind;
use crate::numbers::words::TargetKind;
use reference::Small;
use reference::Thing;

/// Steps in all.
const STEPS: usize = 100_000;
/// Steps in one world; what is blocked for good leaves with it.
const WORLD: usize = 400;
const SEED: u64 = 0x0C0C_0D5E_ED20_2611;

/// A generator that needs no crate: xorshift64*.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(high).expect("31 bits") % sides
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.roll(n) == 0
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.roll(all.len())]
    }
}

const TARGETS: [(&str, TargetKind, &str, bool); 8] = [
    ("mara", TargetKind::User, "DE", true),
    ("otto", TargetKind::User, "FR", true),
    ("lene", TargetKind::User, "", true),
    ("guest", TargetKind::User, "DE", false),
    ("queue", TargetKind::ResourceAccount, "DE", true),
    ("bridge", TargetKind::ConferenceBridge, "DE", false),
    ("robot", TargetKind::ThirdPartyApp, "DE", false),
    ("gate", TargetKind::Policy, "", false),
];

const CAPABILITIES: [Capability; 3] = [Capability::User, Capability::VoiceApp, Capability::Conference];

fn start() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::days(20_780)
}

fn e164(i: usize) -> String {
    format!("+49302312501{i}")
}

fn operator(i: usize) -> OperatorId {
    OperatorId(Uuid::from_u128(if i < 6 { 2 } else { 3 }))
}

fn country(i: usize) -> &'static str {
    if i == 3 { "FR" } else { "DE" }
}

fn number(i: usize, dice: &mut Dice) -> Number {
    let mut capabilities = vec![Capability::Inbound];
    capabilities.extend(CAPABILITIES.into_iter().filter(|_| !dice.one_in(4)));
    Number {
        tenant: TenantId(Uuid::from_u128(1)),
        operator: operator(i),
        e164: E164::parse(&e164(i)).expect("valid"),
        country: country(i).into(),
        kind: if i == 4 { Kind::Uifn } else { Kind::Geographic },
        usage: dice.of(Usage::ALL),
        capabilities,
        city: None,
        billing_ref: None,
        operator_note: None,
        listed: true,
        emergency_mode: dice.of(EmergencyMode::ALL),
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
        created_at: start(),
        changed_at: start(),
        tenant_name: "Acme GmbH".into(),
        sip_domain: "acme.sip.example".into(),
    }
}

fn target(i: usize) -> Target {
    let (id, kind, at, licensed) = TARGETS[i];
    let usage_location = Some(at.to_owned()).filter(|at| !at.is_empty());
    Target { id: id.into(), kind, display_name: id.to_uppercase(), upn: None, usage_location, licensed, department: None }
}

fn place(id: u128) -> Uuid {
    Uuid::from_u128(id)
}

/// The same world twice.
fn worlds(dice: &mut Dice) -> (Book, Small) {
    let mut book = Book { now: start(), quarantine_days: dice.of(&[0, 30, 30, -1]), ..Book::default() };
    let mut small = Small { default_rest: book.quarantine_days.into(), ..Small::default() };
    for i in 0..8 {
        let number = number(i, dice);
        small.numbers.push(Thing {
            operator: usize::from(i >= 6),
            country: country(i),
            anywhere: i == 4,
            usage: number.usage.as_str(),
            offers: number.capabilities.iter().map(|word| word.as_str()).collect(),
            mode: number.emergency_mode.as_str(),
            state: "activated",
            version: 1,
            ..Thing::default()
        });
        book.numbers.insert(e164(i), Entry { number, tags: BTreeSet::new(), reservation: None });
    }
    for (i, (id, kind, at, licensed)) in TARGETS.iter().enumerate() {
        book.targets.insert((*id).to_owned(), target(i));
        small.targets.push(reference::Somebody { name: id, kind: kind.as_str(), at, licensed: *licensed, here: true });
    }
    for id in [1, 2] {
        book.places.insert(place(id), Place { id: place(id), ..Place::default() });
    }
    for (at, operator, country) in [(0, 2, "DE"), (0, 2, "FR"), (1, 3, "DE")] {
        book.gates.insert((OperatorId(Uuid::from_u128(operator)), country.to_owned()), GateFact { open: true, reason: None });
        small.gates.insert((at, country), true);
    }
    (book, small)
}

/// What happens besides acts: consents, contracts, people, time, the operator's answers.
fn weather(book: &mut Book, small: &mut Small, dice: &mut Dice) {
    match dice.roll(8) {
        0 => {
            let (at, country) = dice.of(&[(0, "DE"), (0, "FR"), (1, "DE")]);
            let open = !dice.one_in(6);
            let operator = OperatorId(Uuid::from_u128(if at == 0 { 2 } else { 3 }));
            book.gates.insert((operator, country.to_owned()), GateFact { open, reason: None });
            small.gates.insert((at, country), open);
        }
        1 => {
            let at = dice.roll(2);
            let operator = OperatorId(Uuid::from_u128(if at == 0 { 2 } else { 3 }));
            if small.ended.remove(&at) {
                book.ended.remove(&operator);
            } else if dice.one_in(6) {
                small.ended.insert(at);
                book.ended.insert(operator);
            }
        }
        2 => {
            let i = dice.roll(TARGETS.len());
            small.targets[i].here = !small.targets[i].here || !dice.one_in(5);
            if small.targets[i].here {
                book.targets.insert(TARGETS[i].0.to_owned(), target(i));
            } else {
                book.targets.remove(TARGETS[i].0);
            }
        }
        3 => {
            let days = dice.roll(20);
            book.now += TimeDelta::days(i64::try_from(days).expect("few"));
            small.today += i64::try_from(days).expect("few");
        }
        4 => answered(book, small, dice.roll(8), |number, at| number.refuse(fault(), at), Small::refuse),
        _ => {
            let behind = i64::from(dice.one_in(4));
            let confirm = |number: &Number, at| Ok(number.confirm(number.number_seq - behind, at));
            answered(book, small, dice.roll(8), confirm, |small, i| small.confirm(i, behind));
        }
    }
}

fn fault() -> crate::numbers::model::Fault {
    crate::numbers::model::Fault { code: "no".into(), reason: "No".into() }
}

fn answered(
    book: &mut Book,
    small: &mut Small,
    i: usize,
    big: impl Fn(&Number, DateTime<Utc>) -> Result<Step, Refusal>,
    little: impl Fn(&mut Small, usize) -> &'static str,
) {
    let entry = book.numbers.get_mut(&e164(i)).expect("there");
    let got = match big(&entry.number, book.now) {
        Ok(Step::Next(next)) => {
            entry.number = *next;
            "done"
        }
        Ok(Step::Same) => "same",
        Err(refusal) => refusal.code(),
    };
    assert_eq!(got, little(small, i), "an answer of the operator");
}

fn any_act(dice: &mut Dice) -> Act {
    let category = |dice: &mut Dice| if dice.one_in(2) { None } else { Some(dice.of(Category::ALL)) };
    let tags = |dice: &mut Dice| (0..=dice.roll(2)).map(|_| dice.of(&["desk", "fax", "lobby", "", "hall"]).to_owned()).collect();
    match dice.roll(24) {
        0..=9 => {
            let target_id = if dice.one_in(20) { "nobody" } else { TARGETS[dice.roll(TARGETS.len())].0 };
            Act::Assign { target_id: target_id.to_owned(), category: category(dice) }
        }
        10 | 11 => {
            Act::Unassign { quarantine_days: if dice.one_in(2) { Some(dice.of(&[0, 0, 0, 7, 365, -1, -2, 366])) } else { None } }
        }
        12 => Act::SetCategory { category: dice.of(Category::ALL) },
        13 | 14 => Act::SetUsage { usage: dice.of(Usage::ALL) },
        15 => Act::Tag { tags: tags(dice) },
        16 => Act::Untag { tags: tags(dice) },
        17 | 18 => Act::SetEmergencyLocation { location: dice.of(&[None, Some(place(1)), Some(place(2)), Some(place(9))]) },
        19 => Act::RequestRelease { note: dice.of(&[None, Some("moved out"), Some(" ")]).map(str::to_owned) },
        20 => Act::Reserve { note: dice.of(&["for Lene", "desk 4", " "]).to_owned() },
        21 => Act::Unreserve,
        _ => Act::Retry,
    }
}

/// What both see of a number, as one line.
fn picture(entry: &Entry, now: DateTime<Utc>) -> String {
    let number = &entry.number;
    let rest = match number.quarantine {
        Quarantine::None => 0,
        Quarantine::Until(until) => (until - start()).num_days(),
        Quarantine::Forever => i64::MAX,
    };
    let held = number.assigned.as_ref().map(|held| (held.target_id.as_str(), held.category.as_str()));
    let spot = number.emergency_location.map(|id| id.as_u128());
    assert!(number.changed_at <= now);
    format!(
        "{} {:?} {} {} {} {rest} {spot:?} {} {:?} {:?} {} {}",
        number.activation.as_str(),
        held,
        number.usage.as_str(),
        number.number_seq,
        number.version,
        number.release_requested_at.is_some(),
        entry.tags,
        entry.reservation,
        number.pending_since.is_some(),
        number.fault.is_some(),
    )
}

fn verdict(judged: &Judged) -> &'static str {
    match &judged.outcome {
        Ok(Step::Same) => "same",
        Ok(Step::Next(_)) => "done",
        Err(refusal) => refusal.code(),
    }
}

/// What must hold whatever the reference says.
fn sound(book: &Book, small: &Small, asked: &Asked, judged: &Judged) {
    if let (Some(before), Some(after)) = (&judged.before, judged.next()) {
        let told = asked.act.is_told();
        assert_eq!(after.number_seq, before.number_seq + i64::from(told), "{asked:?}: one event, one number_seq");
        assert_eq!(after.version, before.version + i64::from(told), "{asked:?}");
        let begins = after.activation == ActivationState::AssignmentPending && before.activation != after.activation;
        if matches!(asked.act, Act::Assign { .. }) || (begins && asked.act == Act::Retry) {
            let at = usize::from(after.operator != operator(0));
            assert_eq!(
                small.gates.get(&(at, country(index(&asked.e164)))),
                Some(&true),
                "assigned through a closed gate: {asked:?}"
            );
        }
        assert_eq!(after.status, after.assigned.as_ref().map_or(AssignmentStatus::Unassigned, |held| held.target_kind.status()));
    }
    let mut primaries: BTreeMap<&str, &str> = BTreeMap::new();
    for (e164, entry) in &book.numbers {
        let held = entry.number.assigned.as_ref().filter(|held| held.category == Category::Primary);
        let Some(held) = held else { continue };
        let other = primaries.insert(&held.target_id, e164);
        assert_eq!(other, None, "two primary numbers of {}", held.target_id);
    }
    let kept: BTreeMap<&str, &str> = book.primaries.iter().map(|(target, e164)| (target.as_str(), e164.as_str())).collect();
    assert_eq!(kept, primaries);
}

fn index(e164: &str) -> usize {
    e164[e164.len() - 1..].parse().expect("a digit")
}

#[test]
fn no_divergence_in_a_hundred_thousand_steps() {
    let mut dice = Dice(SEED);
    let mut verdicts: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut book, mut small) = worlds(&mut dice);
    for step in 0..STEPS {
        if step % WORLD == 0 {
            (book, small) = worlds(&mut dice);
        }
        if dice.one_in(2) {
            weather(&mut book, &mut small, &mut dice);
        }
        let i = if dice.one_in(50) { 9 } else { dice.roll(8) };
        let version = match (dice.roll(10), book.numbers.get(&e164(i))) {
            (0, Some(entry)) => Some(entry.number.version),
            (1, Some(entry)) => Some(entry.number.version - 1),
            _ => None,
        };
        let asked = Asked { e164: e164(i), act: any_act(&mut dice), version };
        let judged = book.judge(&asked, Uuid::from_u128(u128::try_from(step).expect("small") + 100));
        let said = small.act(i, &asked.act, version);
        assert_eq!(verdict(&judged), said, "step {step}: {asked:?} on {:?}", judged.before);
        *verdicts.entry(said).or_default() += 1;
        sound(&book, &small, &asked, &judged);
        for (i, thing) in small.numbers.iter().enumerate() {
            assert_eq!(picture(&book.numbers[&e164(i)], book.now), thing.picture(&small.targets), "step {step}: {asked:?}");
        }
    }
    // A test that never meets a verdict does not test it.
    let rare = Refusal::CODES.iter().chain(&["same", "done"]).filter(|code| verdicts.get(**code).is_none_or(|n| *n < 20));
    assert_eq!(rare.collect::<Vec<_>>(), ["tags_too_many"].iter().collect::<Vec<_>>(), "{verdicts:?}");
}

#[test]
fn a_number_has_at_most_fifty_tags() {
    let mut dice = Dice(SEED);
    let (mut book, _) = worlds(&mut dice);
    let mut tag = |from: usize, to: usize| {
        let tags = (from..to).map(|n| format!("tag {n}")).collect();
        book.judge(&Asked { e164: e164(0), act: Act::Tag { tags }, version: None }, Uuid::nil())
    };
    assert_eq!(verdict(&tag(0, 50)), "done");
    assert_eq!(verdict(&tag(10, 20)), "same");
    assert_eq!(verdict(&tag(49, 51)), "tags_too_many");
    let long = Asked { e164: e164(0), act: Act::Tag { tags: vec!["x".repeat(51)] }, version: None };
    assert_eq!(verdict(&book.judge(&long, Uuid::nil())), "tag_invalid");
    let off = Asked { e164: e164(0), act: Act::Untag { tags: vec![" tag 3 ".into()] }, version: None };
    assert_eq!(book.judge(&off, Uuid::nil()).tags_after.len(), 49);
}
