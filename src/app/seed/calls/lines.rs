//! Which numbers telephone: those that somebody had in the last month, and a few that nobody had.

use std::collections::HashMap;

use chrono::DateTime;
use chrono::Utc;
use rand::Rng;
use rand_chacha::ChaCha20Rng;
use uuid::Uuid;

use super::super::Making;
use super::super::plan::OPERATORS;
use super::super::plan::TENANTS;
use crate::app::traffic::Carrier;
use crate::app::traffic::Line;
use crate::app::traffic::LineKind;
use crate::app::traffic::Network;
use crate::numbers::StockAssignment;
use crate::numbers::StockNumber;
use crate::numbers::StockRows;

/// Every so many numbers that nobody has, one is called all the same.
const CALLED_ALL_THE_SAME: usize = 40;

/// The lines of one tenant, ready to be drawn by weight.
pub struct Lines {
    pub all: Vec<Line>,
    /// Sums of the weights up to and with each line.
    sums: Vec<f64>,
}

impl Lines {
    fn new(all: Vec<Line>) -> Self {
        let mut sum = 0.0;
        let sums = all.iter().map(|line| {
            sum += line.weight;
            sum
        });
        Self { sums: sums.collect(), all }
    }

    /// A line that stood at that time; none where all draws were of later or earlier ones.
    pub fn pick(&self, rng: &mut ChaCha20Rng, at: DateTime<Utc>) -> Option<&Line> {
        let total = *self.sums.last()?;
        for _ in 0..12 {
            let roll = rng.gen_range(0.0..total);
            let line = self.all.get(self.sums.partition_point(|sum| *sum <= roll))?;
            if line.stood(at) {
                return Some(line);
            }
        }
        None
    }
}

/// All lines that stood after `since`, by tenant.
pub fn lines(making: &Making<'_>, rows: &StockRows, since: DateTime<Utc>) -> HashMap<&'static str, Lines> {
    let mut rng = making.env_at(0, "lines").rng();
    let carriers: HashMap<Uuid, Carrier> =
        OPERATORS.iter().filter_map(|plan| Some((making.operator(plan.slug).0, Carrier::of(plan.slug)?))).collect();
    let numbers: HashMap<(Uuid, &str), &StockNumber> = rows.numbers.iter().map(|n| ((n.tenant_id, n.e164.as_str()), n)).collect();
    let mut found: HashMap<Uuid, Vec<Line>> = HashMap::new();
    for assignment in rows.assignments.iter().filter(|a| a.ended_at.is_none_or(|ended| ended > since)) {
        let Some(number) = numbers.get(&(assignment.tenant_id, assignment.e164.as_str())) else {
            continue;
        };
        if let Some(line) = assigned(&mut rng, &carriers, number, assignment) {
            found.entry(line.tenant_id).or_default().push(line);
        }
    }
    let free = rows.numbers.iter().filter(|number| number.assignment_status == "unassigned");
    for number in free.step_by(CALLED_ALL_THE_SAME) {
        if let Some(carrier) = carriers.get(&number.operator_id) {
            let line = line(number, *carrier, LineKind::Nobody, 0.4, number.created_at);
            found.entry(line.tenant_id).or_default().push(line);
        }
    }
    TENANTS.iter().map(|plan| (plan.slug, Lines::new(found.remove(&making.tenant(plan.slug).0).unwrap_or_default()))).collect()
}

fn assigned(
    rng: &mut ChaCha20Rng,
    carriers: &HashMap<Uuid, Carrier>,
    number: &StockNumber,
    assignment: &StockAssignment,
) -> Option<Line> {
    let carrier = *carriers.get(&number.operator_id)?;
    let (kind, weight) = match (assignment.target_kind, number.kind) {
        (_, "toll_free") => (LineKind::TollFree, rng.gen_range(60.0..110.0)),
        ("resource_account", _) => (LineKind::Queue, rng.gen_range(20.0..70.0)),
        ("conference_bridge", _) => (LineKind::Conference, rng.gen_range(8.0..18.0)),
        // Few people telephone much.
        _ => (LineKind::User, 1.0 + 9.0 * rng.r#gen::<f64>().powi(3)),
    };
    let mut line = line(number, carrier, kind, weight, assignment.assigned_at);
    line.target = Some(assignment.target_id.clone());
    line.until = assignment.ended_at;
    if kind == LineKind::User {
        line.network = match rng.gen_range(0..10) {
            _ if number.kind == "mobile" => Network::Mobile,
            0..6 => Network::Office(office(number)),
            6..8 => Network::Wifi(wifi(number)),
            _ => Network::Home,
        };
    }
    Some(line)
}

fn line(number: &StockNumber, carrier: Carrier, kind: LineKind, weight: f64, from: DateTime<Utc>) -> Line {
    Line {
        tenant_id: number.tenant_id,
        operator_id: number.operator_id,
        carrier,
        e164: number.e164.clone(),
        country: number.country.clone(),
        kind,
        target: None,
        network: Network::Cloud,
        weight,
        from,
        until: None,
    }
}

fn office(number: &StockNumber) -> &'static str {
    match number.city.as_deref() {
        Some("Berlin") => "Berlin office",
        Some("Hamburg") => "Hamburg office",
        Some("Frankfurt") => "Frankfurt office",
        Some("Munich") => "Munich office",
        Some("Cologne") => "Cologne office",
        Some("London") => "London office",
        Some("Leeds") => "Leeds office",
        Some("Manchester") => "Manchester office",
        Some("Washington") => "Washington office",
        Some("New York") => "New York office",
        Some("Paris") => "Paris office",
        Some("Rennes") => "Rennes office",
        _ => "Head office",
    }
}

fn wifi(number: &StockNumber) -> &'static str {
    match number.country.as_str() {
        "DE" => "Office Wi-Fi DE",
        "GB" => "Office Wi-Fi UK",
        "FR" => "Office Wi-Fi FR",
        _ => "Office Wi-Fi US",
    }
}
