//! When a consent was open: the ledger of a pair read as spells per country, for data that is judged at the time of its call.

use std::collections::BTreeMap;

use chrono::DateTime;
use chrono::Utc;

use crate::base::ConsentId;
use crate::base::OperatorId;
use crate::base::TenantId;

/// A time during which a class was open between a tenant and an operator in one country, `[from, until)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spell {
    pub tenant: TenantId,
    pub operator: OperatorId,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    pub from: DateTime<Utc>,
    /// `None` while it lasts.
    pub until: Option<DateTime<Utc>>,
    /// When the class was taken back for good after this spell began: by withdrawing, or by a change that no longer covers it.
    /// A suspension leaves it `None`.
    pub withdrawn_at: Option<DateTime<Utc>>,
    pub consent: ConsentId,
    /// Version of the notice text in force when the spell began or was last changed.
    pub notice_version: String,
}

impl Spell {
    /// Whether the class was open at that time.
    #[must_use]
    pub fn covers(&self, at: DateTime<Utc>) -> bool {
        self.from <= at && self.until.is_none_or(|until| at < until)
    }
}

/// Why the class was closed at a time; `None` when it was open. `spells` are those of one pair, any country and order.
/// Answers `not_granted`, `suspended` or `withdrawn`.
#[must_use]
pub fn closed_at(spells: &[Spell], country: &str, at: DateTime<Utc>) -> Option<&'static str> {
    let of_country = || spells.iter().filter(|spell| spell.country == country);
    if of_country().any(|spell| spell.covers(at)) {
        return None;
    }
    let last = of_country().filter(|spell| spell.until.is_some_and(|until| until <= at)).max_by_key(|spell| spell.until);
    Some(match last {
        None => "not_granted",
        Some(spell) if spell.withdrawn_at.is_some_and(|withdrawn| withdrawn <= at) => "withdrawn",
        Some(_) => "suspended",
    })
}

/// A line of the ledger as the fold needs it.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) tenant: TenantId,
    pub(super) operator: OperatorId,
    pub(super) consent: ConsentId,
    pub(super) at: DateTime<Utc>,
    pub(super) action: String,
    pub(super) countries: Vec<String>,
    /// Whether the class asked for is among the line's classes.
    pub(super) has_class: bool,
    pub(super) notice_version: String,
}

/// Reads lines, oldest first within a pair, as spells.
pub(super) fn fold(lines: &[Line]) -> Vec<Spell> {
    let mut ended: Vec<Spell> = Vec::new();
    let mut open: BTreeMap<(TenantId, OperatorId, String), Spell> = BTreeMap::new();
    for line in lines {
        let pair = (line.tenant, line.operator);
        let active = matches!(line.action.as_str(), "granted" | "changed" | "resumed") && line.has_class;
        let suspended = line.action == "suspended";
        let covered = |country: &String| active && line.countries.contains(country);
        let closing: Vec<_> = open.keys().filter(|key| (key.0, key.1) == pair && !covered(&key.2)).cloned().collect();
        for key in closing {
            if let Some(mut spell) = open.remove(&key) {
                spell.until = Some(line.at);
                ended.push(spell);
            }
        }
        if !suspended {
            // What ended by a suspension and is not covered now is taken back for good.
            let gone = ended.iter_mut().filter(|spell| (spell.tenant, spell.operator) == pair && !covered(&spell.country));
            for spell in gone.filter(|spell| spell.withdrawn_at.is_none()) {
                spell.withdrawn_at = Some(line.at);
            }
        }
        if active {
            for country in &line.countries {
                let begun = || Spell {
                    tenant: line.tenant,
                    operator: line.operator,
                    country: country.clone(),
                    from: line.at,
                    until: None,
                    withdrawn_at: None,
                    consent: line.consent,
                    notice_version: line.notice_version.clone(),
                };
                let spell = open.entry((line.tenant, line.operator, country.clone())).or_insert_with(begun);
                spell.notice_version.clone_from(&line.notice_version);
            }
        }
    }
    ended.extend(open.into_values());
    // A spell of no length covers nothing.
    ended.retain(|spell| spell.until.is_none_or(|until| spell.from < until));
    ended.sort_by(|a, b| (a.tenant, a.operator, &a.country, a.from).cmp(&(b.tenant, b.operator, &b.country, b.from)));
    ended
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn day(n: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000 + n)
    }

    fn line(n: i64, action: &str, countries: &[&str]) -> Line {
        Line {
            tenant: TenantId(Uuid::from_u128(1)),
            operator: OperatorId(Uuid::from_u128(2)),
            consent: ConsentId(Uuid::from_u128(3)),
            at: day(n),
            action: action.to_owned(),
            countries: countries.iter().map(|country| (*country).to_owned()).collect(),
            has_class: true,
            notice_version: "1".to_owned(),
        }
    }

    type Times = (DateTime<Utc>, Option<DateTime<Utc>>, Option<DateTime<Utc>>);

    fn times(spells: &[Spell], country: &str) -> Vec<Times> {
        let own = spells.iter().filter(|spell| spell.country == country);
        own.map(|spell| (spell.from, spell.until, spell.withdrawn_at)).collect()
    }

    #[test]
    fn a_consent_is_open_between_its_lines() {
        let lines = [
            line(0, "granted", &["DE", "CH"]),
            line(5, "suspended", &["DE", "CH"]),
            line(7, "resumed", &["DE", "CH"]),
            line(9, "changed", &["DE"]),
            line(20, "withdrawn", &["DE"]),
            line(30, "granted", &["DE"]),
        ];
        let spells = fold(&lines);
        let gone = Some(day(20));
        assert_eq!(times(&spells, "DE"), [(day(0), Some(day(5)), gone), (day(7), Some(day(20)), gone), (day(30), None, None)]);
        assert_eq!(times(&spells, "CH"), [(day(0), Some(day(5)), Some(day(9))), (day(7), Some(day(9)), Some(day(9)))]);
        let closed = |n: i64, country: &str| closed_at(&spells, country, day(n));
        assert_eq!([closed(0, "DE"), closed(4, "DE"), closed(40, "DE")], [None; 3]);
        assert_eq!(closed(-1, "DE"), Some("not_granted"));
        assert_eq!([closed(5, "DE"), closed(6, "CH")], [Some("suspended"); 2]);
        assert_eq!([closed(20, "DE"), closed(29, "DE"), closed(9, "CH")], [Some("withdrawn"); 3]);
        assert_eq!(closed(3, "FR"), Some("not_granted"));
    }

    #[test]
    fn a_change_that_drops_the_class_ends_it() {
        let mut dropped = line(4, "changed", &["DE"]);
        dropped.has_class = false;
        let spells = fold(&[line(0, "granted", &["DE"]), dropped]);
        assert_eq!(times(&spells, "DE"), [(day(0), Some(day(4)), Some(day(4)))]);
    }

    proptest! {
        /// Whatever the ledger says, at any time at most one spell of a country is open, and it is open as the last line says.
        #[test]
        fn the_last_line_decides(acts in prop::collection::vec((0..5_usize, any::<bool>()), 1..12)) {
            const ACTIONS: [&str; 5] = ["granted", "changed", "suspended", "resumed", "withdrawn"];
            let lines: Vec<Line> = (0..).zip(&acts).map(|(n, (action, has_class))| {
                let mut line = line(2 * n, ACTIONS[*action], &["DE"]);
                line.has_class = *has_class;
                line
            }).collect();
            let spells = fold(&lines);
            for (n, (action, has_class)) in (0..).zip(&acts) {
                let at = day(2 * n + 1);
                let open = matches!(ACTIONS[*action], "granted" | "changed" | "resumed") && *has_class;
                prop_assert_eq!(spells.iter().filter(|spell| spell.covers(at)).count(), usize::from(open));
                prop_assert_eq!(closed_at(&spells, "DE", at).is_none(), open);
            }
        }
    }
}
