//! The reference: a world of plain words and whole numbers. Every rule is a row of a table; the first that applies is the
//! verdict. It shares the acts with the machine, and nothing else.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;

use super::super::Act;

/// Rests for good.
const EVER: i64 = i64::MAX;

#[derive(Default)]
pub struct Small {
    /// Days since the start.
    pub today: i64,
    pub default_rest: i64,
    pub numbers: Vec<Thing>,
    pub targets: Vec<Somebody>,
    /// By operator and country.
    pub gates: HashMap<(usize, &'static str), bool>,
    pub ended: HashSet<usize>,
}

#[derive(Clone, Default)]
pub struct Thing {
    pub operator: usize,
    pub country: &'static str,
    /// Belongs to no country.
    pub anywhere: bool,
    pub usage: &'static str,
    pub offers: Vec<&'static str>,
    pub mode: &'static str,
    pub state: &'static str,
    /// Target and category.
    pub held: Option<(usize, &'static str)>,
    pub seq: i64,
    pub version: i64,
    pub rests_until: i64,
    pub spot: Option<u128>,
    pub wanted_back: bool,
    pub tags: BTreeSet<String>,
    pub note: Option<String>,
}

pub struct Somebody {
    pub name: &'static str,
    pub kind: &'static str,
    pub at: &'static str,
    pub licensed: bool,
    pub here: bool,
}

type Rules<'a> = &'a [(bool, &'static str)];

fn first(rules: Rules<'_>) -> Option<&'static str> {
    rules.iter().find(|(applies, _)| *applies).map(|(_, code)| *code)
}

fn fits(kind: &str, usage: &str) -> bool {
    [
        ("user", "user"),
        ("resource_account", "voice_app"),
        ("third_party_app", "voice_app"),
        ("conference_bridge", "conference"),
        ("policy", "user"),
        ("policy", "voice_app"),
    ]
    .contains(&(kind, usage))
}

impl Thing {
    pub fn picture(&self, targets: &[Somebody]) -> String {
        let held = self.held.map(|(who, category)| (targets[who].name, category));
        let (pending, failed) = (self.state.ends_with("pending"), self.state.ends_with("failed"));
        format!(
            "{} {held:?} {} {} {} {} {:?} {} {:?} {:?} {pending} {failed}",
            self.state, self.usage, self.seq, self.version, self.rests_until, self.spot, self.wanted_back, self.tags, self.note
        )
    }

    fn tell(&mut self, state: &'static str) {
        self.seq += 1;
        self.version += 1;
        self.state = state;
    }

    /// Told of something beside the assignment.
    fn mention(&mut self) {
        let state = if self.state == "activated" { "update_pending" } else { self.state };
        self.tell(state);
    }
}

impl Small {
    pub fn confirm(&mut self, i: usize, behind: i64) -> &'static str {
        let thing = &mut self.numbers[i];
        if behind > 0 || !thing.state.ends_with("pending") {
            return "same";
        }
        thing.state = "activated";
        "done"
    }

    pub fn refuse(&mut self, i: usize) -> &'static str {
        let thing = &mut self.numbers[i];
        let failed = match thing.state {
            "assignment_failed" | "update_failed" => return "same",
            "update_pending" => "update_failed",
            _ if thing.held.is_some() => "assignment_failed",
            _ => return "not_assigned",
        };
        thing.state = failed;
        thing.version += 1;
        "done"
    }

    /// `done`, `same` or the code of the refusal.
    pub fn act(&mut self, i: usize, act: &Act, seen: Option<i64>) -> &'static str {
        let Some(thing) = self.numbers.get(i).cloned() else { return "number_not_found" };
        let stale = seen.is_some_and(|seen| seen != thing.version);
        let shut = self.gates.get(&(thing.operator, thing.country)) != Some(&true);
        match act {
            Act::Assign { target_id, category } => self.assign(i, target_id, category.map(|word| word.as_str()), stale),
            Act::Retry if thing.state == "assignment_failed" => {
                let who = thing.held.map_or("", |(who, _)| self.targets[who].name);
                self.assign(i, who, None, stale)
            }
            Act::Retry if thing.state == "update_failed" => {
                self.change(i, &[(stale, "version_conflict")], |thing| thing.tell("update_pending"))
            }
            Act::Retry => "same",
            Act::Unassign { quarantine_days } => {
                let days = quarantine_days.map_or(self.default_rest, i64::from);
                let until = match days {
                    0 => 0,
                    -1 => EVER,
                    days => self.today + days,
                };
                let rules = [
                    (!(-1..366).contains(&days), "quarantine_invalid"),
                    (stale, "version_conflict"),
                    (thing.held.is_none(), "not_assigned"),
                ];
                self.change(i, &rules, |thing| {
                    thing.tell("update_pending");
                    (thing.held, thing.rests_until) = (None, until);
                })
            }
            Act::SetCategory { category } => {
                let word = category.as_str();
                let Some((who, held_as)) = thing.held else { return "not_assigned" };
                if held_as == word {
                    return "same";
                }
                let rules = [(stale, "version_conflict"), (word == "primary" && self.primary_elsewhere(who, i), "primary_exists")];
                self.change(i, &rules, |thing| thing.held = Some((who, word)))
            }
            Act::SetUsage { usage } => {
                let word = usage.as_str();
                if word == thing.usage && thing.state != "update_failed" {
                    return "same";
                }
                let rules = [
                    (stale, "version_conflict"),
                    (shut, "gate_closed"),
                    (thing.held.is_some(), "already_assigned"),
                    (!thing.offers.contains(&word), "capability_missing"),
                ];
                self.change(i, &rules, |thing| {
                    thing.tell("update_pending");
                    thing.usage = word;
                })
            }
            Act::SetEmergencyLocation { location } => {
                let spot = location.map(|id| id.as_u128());
                let barred = [
                    (thing.mode == "operator_fixed", "emergency_location_fixed"),
                    (spot.is_some_and(|spot| spot > 2), "emergency_location_unknown"),
                ];
                if first(&barred).is_none() && spot == thing.spot {
                    return "same";
                }
                let needs = thing.mode == "tenant" && thing.usage == "user" && thing.held.is_some();
                let rules = [
                    barred[0],
                    barred[1],
                    (stale, "version_conflict"),
                    (spot.is_none() && needs, "emergency_location_required"),
                    (shut && thing.held.is_none(), "gate_closed"),
                ];
                self.change(i, &rules, |thing| {
                    thing.mention();
                    thing.spot = spot;
                })
            }
            Act::RequestRelease { note } => {
                let blank = note.as_ref().is_some_and(|note| note.trim().is_empty());
                let barred = [(blank, "note_invalid"), (thing.held.is_some(), "already_assigned")];
                if first(&barred).is_none() && thing.wanted_back {
                    return "same";
                }
                self.change(i, &[barred[0], barred[1], (stale, "version_conflict")], |thing| {
                    thing.mention();
                    thing.wanted_back = true;
                })
            }
            Act::Tag { tags } | Act::Untag { tags } => {
                let mut after = thing.tags.clone();
                for tag in tags {
                    if matches!(act, Act::Tag { .. }) {
                        after.insert(tag.clone())
                    } else {
                        after.remove(tag)
                    };
                }
                let odd = tags.iter().any(String::is_empty);
                if !odd && after == thing.tags {
                    return "same";
                }
                self.change(i, &[(odd, "tag_invalid"), (stale, "version_conflict")], |thing| thing.tags = after)
            }
            Act::Reserve { note } => {
                let note = note.trim().to_owned();
                let barred = [(thing.held.is_some(), "already_assigned"), (note.is_empty(), "note_invalid")];
                if first(&barred).is_none() && thing.note.as_deref() == Some(note.as_str()) {
                    return "same";
                }
                self.change(i, &[barred[0], barred[1], (stale, "version_conflict")], |thing| thing.note = Some(note))
            }
            Act::Unreserve if thing.note.is_none() => "same",
            Act::Unreserve => self.change(i, &[(stale, "version_conflict")], |thing| thing.note = None),
        }
    }

    fn change(&mut self, i: usize, rules: Rules<'_>, make: impl FnOnce(&mut Thing)) -> &'static str {
        if let Some(code) = first(rules) {
            return code;
        }
        make(&mut self.numbers[i]);
        "done"
    }

    fn primary_elsewhere(&self, who: usize, but: usize) -> bool {
        let mut others = self.numbers.iter().enumerate().filter(|(i, _)| *i != but);
        others.any(|(_, thing)| thing.held == Some((who, "primary")))
    }

    fn assign(&mut self, i: usize, name: &str, category: Option<&'static str>, stale: bool) -> &'static str {
        let thing = self.numbers[i].clone();
        let who = self.targets.iter().position(|target| target.name == name);
        let again = thing.held.is_some_and(|(held, held_as)| Some(held) == who && category.is_none_or(|word| word == held_as));
        if again && thing.state != "assignment_failed" {
            return "same";
        }
        let target = who.map(|who| &self.targets[who]).filter(|target| target.here);
        let elsewhere = who.is_some_and(|who| self.primary_elsewhere(who, i));
        let is = |wrong: &dyn Fn(&Somebody) -> bool| target.is_some_and(wrong);
        let rules = [
            (stale, "version_conflict"),
            (self.gates.get(&(thing.operator, thing.country)) != Some(&true), "gate_closed"),
            (self.ended.contains(&thing.operator), "relationship_ended"),
            (thing.held.is_some() && !again, "already_assigned"),
            (thing.note.is_some(), "reserved"),
            (thing.rests_until > self.today, "quarantined"),
            (target.is_none(), "target_unknown"),
            (is(&|target| ["user", "resource_account"].contains(&target.kind) && !target.licensed), "target_not_licensed"),
            (is(&|target| !thing.anywhere && !target.at.is_empty() && target.at != thing.country), "country_mismatch"),
            (is(&|target| !fits(target.kind, thing.usage)), "usage_mismatch"),
            (!thing.offers.contains(&thing.usage), "capability_missing"),
            (thing.mode == "tenant" && thing.usage == "user" && thing.spot.is_none(), "emergency_location_required"),
            (category == Some("primary") && elsewhere, "primary_exists"),
        ];
        let chosen = category.unwrap_or(if elsewhere { "alternate" } else { "primary" });
        self.change(i, &rules, |thing| {
            thing.tell("assignment_pending");
            thing.rests_until = 0;
            thing.wanted_back = false;
            if !again {
                thing.held = who.map(|who| (who, chosen));
            }
        })
    }
}
