//! The stock: numbers in all states, who has and had them, and how that came about.

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use rand::Rng;
use rand_chacha::ChaCha20Rng;
use serde_json::json;
use uuid::Uuid;

use super::Making;
use super::people::People;
use super::plan::BLOCKS;
use super::plan::Block;
use super::plan::OPERATORS;
use super::plan::address;
use super::plan::all_tenants;
use crate::base::E164;
use crate::base::Env;
use crate::numbers::StockAssignment;
use crate::numbers::StockChange;
use crate::numbers::StockHolding;
use crate::numbers::StockLocation;
use crate::numbers::StockNumber;
use crate::numbers::StockReservation;
use crate::numbers::StockRows;
use crate::numbers::StockTag;
use crate::numbers::StockTarget;

/// What people can do with their number.
const USER: [&str; 4] = ["inbound", "outbound", "user", "emergency"];

/// What becomes of a number in the demo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Assigned,
    /// To be assigned by [`super::live`]; the operator never gets ready for it.
    Stuck,
    /// To be assigned by [`super::live`]; activated once the operators run.
    Fresh,
    /// To be assigned by [`super::live`] and refused by the operator.
    Failed,
    Quarantined,
    Reserved,
    Free,
}

impl Fate {
    /// Of a thousand numbers: 640 assigned, 8 + 8 under way, 6 refused, 45 in quarantine, 25 reserved, the rest free. The first
    /// ten of a block are spread by hand, so that small demos have each of the usual states.
    fn of(index: usize, rng: &mut ChaCha20Rng) -> Self {
        let roll = rng.gen_range(0..1_000);
        match (index, roll) {
            (2 | 5, _) => Self::Free,
            (3, _) => Self::Fresh,
            (4, _) => Self::Quarantined,
            (0..10, _) | (_, 0..640) => Self::Assigned,
            (_, 640..648) => Self::Stuck,
            (_, 648..656) => Self::Fresh,
            (_, 656..662) => Self::Failed,
            (_, 662..707) => Self::Quarantined,
            (_, 707..732) => Self::Reserved,
            _ => Self::Free,
        }
    }
}

/// An assignment to be made by the product itself, shortly before the last midnight.
pub struct Live {
    pub tenant: &'static str,
    pub operator: &'static str,
    pub e164: E164,
    pub target: String,
    /// The operator refuses it afterwards.
    pub refused: bool,
}

/// All rows, and what is left for the product itself to do.
pub struct Stock {
    pub rows: StockRows,
    pub live: Vec<Live>,
}

/// Makes the stock. Pure but for chance and time, which come from the seed.
pub fn stock(making: &Making<'_>) -> Stock {
    let mut maker = Maker {
        making,
        env: making.env_at(0, "stock"),
        rng: making.env_at(0, "fate").rng(),
        rows: StockRows::default(),
        live: Vec::new(),
    };
    for plan in all_tenants() {
        let mut people = People::new(making, plan);
        for block in BLOCKS.iter().filter(|block| block.tenant == plan.slug) {
            maker.block(block, plan.people[0], &mut people);
        }
        for (country, count) in plan.spare {
            people.spare(*count, country);
        }
        maker.rows.targets.append(&mut people.made);
    }
    maker.moved();
    Stock { rows: maker.rows, live: maker.live }
}

/// How many numbers of a block this scale asks for: at least 40, at most what its range has.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "both ends are small: the size of a range of numbers"
)]
fn scaled(block: &Block, scale: f64) -> usize {
    (block.count as f64 * scale).round().clamp(block.count.min(40) as f64, block.room as f64) as usize
}

pub(super) struct Maker<'a> {
    pub(super) making: &'a Making<'a>,
    pub(super) env: Env,
    pub(super) rng: ChaCha20Rng,
    pub(super) rows: StockRows,
    pub(super) live: Vec<Live>,
}

/// What a step on a timeline says beside the number.
pub(super) struct Note<'a> {
    pub(super) at: DateTime<Utc>,
    pub(super) kind: &'static str,
    pub(super) actor: (&'static str, Option<&'a str>),
    pub(super) seq: i64,
    pub(super) before: Option<(&'static str, &'static str)>,
    pub(super) after: (&'static str, &'static str),
    pub(super) target: Option<&'a StockTarget>,
}

/// A free number that its operator has just provisioned; whose it is remains to be filled in.
pub(super) fn blank(e164: String, country: &str, kind: &'static str, since: DateTime<Utc>) -> StockNumber {
    StockNumber {
        tenant_id: Uuid::nil(),
        e164,
        operator_id: Uuid::nil(),
        country: country.to_owned(),
        kind,
        usage: "user",
        capabilities: USER.to_vec(),
        city: None,
        billing_ref: None,
        emergency_mode: "operator_default",
        emergency_location_id: None,
        activation_state: "activated",
        assignment_status: "unassigned",
        failure_code: None,
        failure_reason: None,
        quarantine_until: None,
        number_seq: 0,
        version: 1,
        pending_since: None,
        created_at: since,
        changed_at: since,
    }
}

impl Maker<'_> {
    fn block(&mut self, block: &Block, admin: &str, people: &mut People) {
        let location = self.location(block);
        let count = scaled(block, self.making.scale);
        for index in 0..count {
            let e164 = format!("{}{:0width$}", block.prefix, block.first + index, width = block.digits);
            let fate = Fate::of(index, &mut self.rng);
            self.number(block, &e164, fate, location, admin, people);
        }
    }

    fn location(&mut self, block: &Block) -> Option<Uuid> {
        let tenant_id = self.making.tenant(block.tenant).0;
        // Numbers without a place belong to the first site.
        let found = |row: &&StockLocation| row.tenant_id == tenant_id && (block.city.is_empty() || row.city == block.city);
        if let Some(row) = self.rows.locations.iter().find(found) {
            return Some(row.id);
        }
        let [street, house_number, postal_code] = address(block.city);
        let since = self.day(block.age_days);
        let id = self.env.id_at(since);
        self.rows.locations.push(StockLocation {
            tenant_id,
            id,
            label: format!("{} office", block.city),
            street: street.to_owned(),
            house_number: house_number.to_owned(),
            postal_code: postal_code.to_owned(),
            city: block.city.to_owned(),
            country: block.country.to_owned(),
            validated: true,
        });
        Some(id)
    }

    fn number(&mut self, block: &Block, e164: &str, fate: Fate, location: Option<Uuid>, admin: &str, people: &mut People) {
        let operator = OPERATORS.iter().find(|plan| plan.slug == block.operator).expect("the plan's blocks name its operators");
        let held_from = self.day(block.age_days);
        // Some of the Hamburg numbers wait for their address.
        let unset = block.tag == "hamburg" && fate == Fate::Free && self.rng.gen_range(0..6) == 0;
        let pulled_stuck = operator.pulls && fate == Fate::Stuck;
        let serial = self.rng.gen_range(1_000..9_999);
        let billing = if fate == Fate::Stuck && !pulled_stuck { super::BUSY } else { "K-" };
        let mut number = blank(e164.to_owned(), block.country, block.kind, held_from);
        number.tenant_id = self.making.tenant(block.tenant).0;
        number.operator_id = self.making.operator(block.operator).0;
        (number.usage, number.capabilities) = self.usage(block.kind);
        number.city = (!block.city.is_empty()).then(|| block.city.to_owned());
        number.billing_ref = Some(format!("{billing}{serial}"));
        number.emergency_mode = operator.emergency_mode;
        number.emergency_location_id = location.filter(|_| operator.emergency_mode == "tenant" && !unset);
        self.holding(&number, held_from, None);
        let provisioned = Note {
            at: held_from,
            kind: "provisioned",
            actor: ("operator", None),
            seq: 0,
            before: None,
            after: ("unassigned", "activated"),
            target: None,
        };
        self.note(&number, &provisioned);
        self.past(&mut number, block, fate, admin, people);
        self.tags(&number, block.tag);
        self.rows.numbers.push(number);
    }

    /// Brings a number from its provisioning to its fate.
    fn past(&mut self, number: &mut StockNumber, block: &Block, fate: Fate, admin: &str, people: &mut People) {
        let age = block.age_days;
        let earlier = fate == Fate::Quarantined || self.rng.gen_range(0..4) == 0;
        if earlier {
            let (from, until) = match fate {
                Fate::Quarantined => (self.rng.gen_range(age / 2..age), self.rng.gen_range(2..26)),
                _ => (self.rng.gen_range(age * 2 / 3..age), self.rng.gen_range(age / 2..age * 2 / 3)),
            };
            let target = self.target(number.usage, block, people);
            self.assigned(number, &target, admin, from);
            self.unassigned(number, &target, admin, until);
            if fate == Fate::Quarantined {
                number.quarantine_until = Some(number.changed_at + TimeDelta::days(30));
            }
        }
        match fate {
            Fate::Assigned => {
                let target = self.target(number.usage, block, people);
                let days = self.rng.gen_range(1..age / 2);
                self.assigned(number, &target, admin, days);
            }
            Fate::Stuck | Fate::Fresh | Fate::Failed => {
                let target = self.target(number.usage, block, people);
                self.live.push(Live {
                    tenant: block.tenant,
                    operator: block.operator,
                    e164: E164::parse(&number.e164).expect("the plan's prefixes make E.164 numbers"),
                    target: target.id,
                    refused: fate == Fate::Failed,
                });
            }
            Fate::Reserved => {
                let days = self.rng.gen_range(1..30);
                let reserved_at = self.day(days);
                self.rows.reservations.push(StockReservation {
                    tenant_id: number.tenant_id,
                    e164: number.e164.clone(),
                    note: "Kept for new colleagues".to_owned(),
                    reserved_at,
                });
            }
            Fate::Quarantined | Fate::Free => {}
        }
    }

    fn assigned(&mut self, number: &mut StockNumber, target: &StockTarget, admin: &str, days: i64) {
        let at = self.day(days);
        let status = match target.kind {
            "resource_account" => "voice_application",
            "conference_bridge" => "conference",
            _ => "user",
        };
        number.number_seq += 1;
        number.version += 1;
        let seq = number.number_seq;
        self.rows.assignments.push(StockAssignment {
            tenant_id: number.tenant_id,
            e164: number.e164.clone(),
            id: self.env.id_at(at),
            target_id: target.id.clone(),
            target_kind: target.kind,
            target_name: target.display_name.clone(),
            category: "primary",
            assigned_at: at,
            assigned_seq: seq,
            ended_at: None,
        });
        let mut note = Note {
            at,
            kind: "assigned",
            actor: ("tenant", Some(admin)),
            seq,
            before: Some(("unassigned", "activated")),
            after: (status, "assignment_pending"),
            target: Some(target),
        };
        self.note(number, &note);
        note.before = Some(note.after);
        self.activated(number, note, status);
        number.assignment_status = status;
    }

    fn unassigned(&mut self, number: &mut StockNumber, target: &StockTarget, admin: &str, days: i64) {
        let at = self.day(days);
        number.number_seq += 1;
        number.version += 1;
        if let Some(held) = self.rows.assignments.last_mut() {
            held.ended_at = Some(at);
        }
        let mut note = Note {
            at,
            kind: "unassigned",
            actor: ("tenant", Some(admin)),
            seq: number.number_seq,
            before: Some((number.assignment_status, "activated")),
            after: ("unassigned", "update_pending"),
            target: Some(target),
        };
        self.note(number, &note);
        note.before = Some(note.after);
        self.activated(number, note, "unassigned");
        number.assignment_status = "unassigned";
    }

    /// The operator has it, a moment later.
    fn activated(&mut self, number: &mut StockNumber, mut note: Note<'_>, status: &'static str) {
        note.at += TimeDelta::milliseconds(self.rng.gen_range(300..4_000));
        note.kind = "activated";
        note.actor = ("system", None);
        note.after = (status, "activated");
        note.target = None;
        self.note(number, &note);
        number.changed_at = note.at;
    }

    pub(super) fn holding(&mut self, number: &StockNumber, held_from: DateTime<Utc>, held_until: Option<DateTime<Utc>>) {
        self.rows.holdings.push(StockHolding {
            tenant_id: number.tenant_id,
            e164: number.e164.clone(),
            held_from,
            held_until,
            operator_id: number.operator_id,
        });
    }

    pub(super) fn note(&mut self, number: &StockNumber, note: &Note<'_>) {
        let states = |(status, activation)| json!({ "assignment_status": status, "activation_state": activation });
        self.rows.changes.push(StockChange {
            tenant_id: number.tenant_id,
            e164: number.e164.clone(),
            id: self.env.id_at(note.at),
            operator_id: number.operator_id,
            at: note.at,
            kind: note.kind,
            actor_kind: note.actor.0,
            number_seq: Some(note.seq),
            event_id: None,
            before: note.before.map(states),
            after: Some(states(note.after)),
            actor_label: note.actor.1.map(str::to_owned),
            target_id: note.target.map(|target| target.id.clone()),
            target_name: note.target.map(|target| target.display_name.clone()),
            note: None,
        });
    }

    pub(super) fn tags(&mut self, number: &StockNumber, tag: &str) {
        let vip = (self.rng.gen_range(0..25) == 0).then_some("vip");
        for tag in [Some(tag), vip].into_iter().flatten() {
            self.rows.tags.push(StockTag { tenant_id: number.tenant_id, tag: tag.to_owned(), e164: number.e164.clone() });
        }
    }

    fn target(&mut self, usage: &str, block: &Block, people: &mut People) -> StockTarget {
        match usage {
            "voice_app" => people.desk(block.city, block.country),
            "conference" => people.bridge(block.city, block.country),
            _ => people.person(block.country),
        }
    }

    fn usage(&mut self, kind: &str) -> (&'static str, Vec<&'static str>) {
        match self.rng.gen_range(0..100) {
            _ if kind == "toll_free" => ("voice_app", vec!["inbound", "voice_app"]),
            0..90 => ("user", USER.to_vec()),
            90..97 => ("voice_app", vec!["inbound", "outbound", "voice_app"]),
            _ => ("conference", vec!["inbound", "conference"]),
        }
    }

    /// A working hour, so many days before the last midnight.
    pub(super) fn day(&mut self, days: i64) -> DateTime<Utc> {
        self.making.base - TimeDelta::days(days) + TimeDelta::seconds(self.rng.gen_range(7 * 3_600..16 * 3_600))
    }
}
