//! Doing the rows of an order, a chunk of one tenant's at a time, inside the caller's transaction. The order and its
//! precheck run the same code; the precheck's transaction is rolled back.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;

use serde_json::Value;
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::Number;
use super::order_rows::Spec;
use super::order_rows::Verdict;
use super::queries;
use super::queries::Change;
use super::queries_orders;
use super::queries_orders::NewNumber;
use super::release_requests;
use super::release_requests::ReleaseEnd;
use super::telling::event_of;
use super::telling::states;
use super::words::AssignmentStatus;
use super::words::Capability;
use super::words::EmergencyMode;
use super::words::Kind;
use super::words::OrderKind;
use super::words::Usage;
use crate::base::Env;
use crate::base::EventId;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::OrderId;
use crate::base::TenantId;
use crate::notices;
use crate::notices::EventType;
use crate::transfers;
use crate::transfers::Class;
use crate::transfers::GateState;

/// For whom and under which order rows are done.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    pub env: &'a Env,
    pub tenant: TenantId,
    pub operator: OperatorId,
    /// `None` for a precheck.
    pub order: Option<OrderId>,
}

/// A row to be done.
#[derive(Clone, Debug)]
pub struct Work {
    /// From 1.
    pub row: i32,
    pub spec: Spec,
}

/// What became of a row: `None` taken.
pub type Outcome = (i32, Option<Verdict>);

/// Does the rows; the reach must be the pair of the job. Every number is named once.
///
/// # Errors
/// When the database is away; nothing is done then.
pub async fn apply(conn: &mut PgConnection, job: Job<'_>, kind: OrderKind, work: Vec<Work>) -> Result<Vec<Outcome>, Failure> {
    transfers::lock_shared(conn, job.tenant, job.operator).await?;
    match kind {
        OrderKind::Provision => provision(conn, job, work).await,
        OrderKind::Change => change(conn, job, work).await,
        OrderKind::Release => release(conn, job, work).await,
    }
}

async fn provision(conn: &mut PgConnection, job: Job<'_>, work: Vec<Work>) -> Result<Vec<Outcome>, Failure> {
    let mut outcomes = Vec::with_capacity(work.len());
    let ended = queries::relationship_ended(conn, job.tenant, job.operator).await?;
    let home = queries_orders::tenant_country(conn, job.tenant).await?;
    let gates = Covered::read(conn, job).await?;
    let mut wanted = Vec::new();
    for Work { row, spec } in work {
        let country = spec.reading.country.clone().unwrap_or_else(|| home.clone());
        if let Some(verdict) = gates.closed(ended, &country) {
            outcomes.push((row, Some(verdict)));
            continue;
        }
        wanted.push((row, stock(job.env, spec, country)));
    }
    wanted.sort_by(|a, b| a.1.e164.cmp(&b.1.e164));
    let e164s: Vec<String> = wanted.iter().map(|(_, number)| number.e164.to_string()).collect();
    let claimed = queries_orders::claim(conn, job.tenant, job.operator, &e164s).await?;
    let own = queries_orders::own_claims(conn, job.operator, &e164s).await?;
    let mut fresh = Vec::with_capacity(claimed.len());
    for (row, mut number) in wanted {
        if let Some(seq) = claimed.get(number.e164.as_str()) {
            number.number_seq = *seq;
            fresh.push(number);
            outcomes.push((row, None));
        } else {
            outcomes.push((row, Some(taken(number.e164.as_str(), own.get(number.e164.as_str()), job.tenant))));
        }
    }
    write_fresh(conn, job, &fresh).await?;
    Ok(outcomes)
}

/// The countries whose numbers the customer's consent covers, and whether they may flow now.
struct Covered(BTreeMap<String, bool>);

impl Covered {
    async fn read(conn: &mut PgConnection, job: Job<'_>) -> Result<Self, Failure> {
        let gates = transfers::gates_of(conn, Class::Numbers).await?;
        let covers = |gate: &GateState| gate.open || gate.reason.as_deref() != Some("not_granted");
        let own = gates
            .into_iter()
            .filter(|((tenant, operator, _), gate)| (*tenant, *operator) == (job.tenant, job.operator) && covers(gate));
        Ok(Self(own.map(|((.., country), gate)| (country, gate.open)).collect()))
    }

    fn closed(&self, ended: bool, country: &str) -> Option<Verdict> {
        match self.0.get(country) {
            None if !self.0.is_empty() => {
                let covered = self.0.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
                let fix = format!("The customer's consent covers numbers of {covered}, not of {country}. Ask it to add {country}.");
                Some(Verdict::new("country_not_in_consent", "e164", Some(country), fix))
            }
            None | Some(false) => {
                let fix = format!(
                    "The customer's consent does not cover numbers of {country} now. Ask the customer to accept or resume it."
                );
                Some(Verdict::new("gate_closed", "e164", None, fix))
            }
            Some(true) => ended.then(|| {
                let fix = "You ended the contract with this customer. Set the relationship to agreement_signed first.";
                Verdict::new("relationship_ended", "tenant_id", None, fix)
            }),
        }
    }
}

/// Whose a number is that another operator has, is never told. `own`: the customer for whom this operator has it.
fn taken(e164: &str, own: Option<&TenantId>, tenant: TenantId) -> Verdict {
    match own {
        Some(held) if *held == tenant => {
            let fix = "You provisioned it before. To change it, send PATCH /numbers.";
            Verdict::new("already_provisioned", "e164", Some(e164), fix)
        }
        Some(_) => {
            let fix = "You provide it to another customer. Release it there first.";
            Verdict::new("number_of_other_customer", "e164", Some(e164), fix)
        }
        None => {
            let fix = "The number is in use here. Ask the platform if you believe it is yours.";
            Verdict::new("number_taken", "e164", Some(e164), fix)
        }
    }
}

fn stock(env: &Env, spec: Spec, country: String) -> NewNumber {
    let usage = spec.usage.unwrap_or(Usage::User);
    let offered = || vec![Capability::Inbound, Capability::Outbound, usage.capability()];
    let kind = spec.kind.or(spec.reading.kind).unwrap_or(Kind::National);
    let listed = spec.listed();
    NewNumber {
        country,
        kind,
        usage,
        capabilities: spec.capabilities.unwrap_or_else(offered),
        city: spec.city.over(None),
        billing_ref: spec.billing_ref.over(None),
        note: spec.note.over(None),
        listed,
        emergency_mode: spec.emergency_mode.unwrap_or(EmergencyMode::OperatorFixed),
        location: spec.emergency_location.map(|location| (env.id(), location)),
        number_seq: 0,
        e164: spec.e164,
    }
}

async fn write_fresh(conn: &mut PgConnection, job: Job<'_>, fresh: &[NewNumber]) -> Result<(), Failure> {
    if fresh.is_empty() {
        return Ok(());
    }
    let at = job.env.now();
    queries_orders::insert_locations(conn, job.tenant, fresh.iter().filter_map(|number| number.location.as_ref())).await?;
    queries_orders::insert_numbers(conn, job.tenant, job.operator, at, fresh).await?;
    let e164s: Vec<String> = fresh.iter().map(|number| number.e164.to_string()).collect();
    queries_orders::begin_holdings(conn, job.tenant, job.operator, &e164s, at).await?;
    let entries: Vec<Change<'_>> = fresh
        .iter()
        .map(|number| Change {
            tenant: job.tenant,
            operator: Some(job.operator),
            e164: &number.e164,
            id: job.env.id(),
            at,
            kind: "provisioned",
            actor_kind: "operator",
            number_seq: Some(number.number_seq),
            event: None,
            order: job.order,
            before: None,
            after: Some(json!({
                "assignment_status": "unassigned", "activation_state": "activated", "usage": number.usage.as_str(),
                "kind": number.kind.as_str(), "country": number.country,
            })),
        })
        .collect();
    queries::note_changes(conn, &entries).await
}

/// The operator's numbers among those named, locked; the rows of the others are judged.
async fn locked(
    conn: &mut PgConnection,
    job: Job<'_>,
    work: Vec<Work>,
    outcomes: &mut Vec<Outcome>,
) -> Result<Vec<(Work, Number)>, Failure> {
    let e164s: Vec<String> = work.iter().map(|work| work.spec.e164.to_string()).collect();
    let numbers = queries::lock_all(conn, job.tenant, &e164s).await?;
    let mut numbers: HashMap<String, Number> = numbers
        .into_iter()
        .filter(|number| number.operator == job.operator)
        .map(|number| (number.e164.to_string(), number))
        .collect();
    let mut found = Vec::with_capacity(work.len());
    for work in work {
        match numbers.remove(work.spec.e164.as_str()) {
            Some(number) => found.push((work, number)),
            None => outcomes.push((work.row, Some(not_yours(work.spec.e164.as_str())))),
        }
    }
    Ok(found)
}

/// A number that is not there and one that is somebody else's look alike.
pub fn not_yours(e164: &str) -> Verdict {
    Verdict::new("number_not_yours", "e164", Some(e164), "You have no such number here. Look it up by GET /numbers.")
}

async fn change(conn: &mut PgConnection, job: Job<'_>, work: Vec<Work>) -> Result<Vec<Outcome>, Failure> {
    let mut outcomes = Vec::with_capacity(work.len());
    let (mut changed, mut locations, mut entries) = (Vec::new(), Vec::new(), Vec::new());
    for (work, number) in locked(conn, job, work, &mut outcomes).await? {
        let mut next = match changed_number(&number, &work.spec) {
            Ok(next) => next,
            Err(verdict) => {
                outcomes.push((work.row, Some(verdict)));
                continue;
            }
        };
        outcomes.push((work.row, None));
        if let Some(location) = work.spec.emergency_location {
            let id = job.env.id();
            next.emergency_location = Some(id);
            locations.push((id, location));
        }
        let (before, after) = difference(&number, &next);
        if before == after {
            continue; // It is so already.
        }
        next.version += 1;
        next.changed_at = job.env.now();
        entries.push((job.env.id(), before, after));
        changed.push(next);
    }
    queries_orders::insert_locations(conn, job.tenant, locations.iter()).await?;
    queries_orders::update_numbers(conn, job.tenant, &changed).await?;
    let entries: Vec<Change<'_>> = changed
        .iter()
        .zip(entries)
        .map(|(number, (id, before, after))| entry(job, number, id, "changed", None, (before, after)))
        .collect();
    queries::note_changes(conn, &entries).await?;
    Ok(outcomes)
}

fn entry<'a>(
    job: Job<'_>,
    number: &'a Number,
    id: Uuid,
    kind: &'static str,
    event: Option<EventId>,
    (before, after): (Value, Value),
) -> Change<'a> {
    Change {
        tenant: job.tenant,
        operator: Some(job.operator),
        e164: &number.e164,
        id,
        at: job.env.now(),
        kind,
        actor_kind: "operator",
        number_seq: Some(number.number_seq),
        event,
        order: job.order,
        before: Some(before),
        after: Some(after),
    }
}

/// The number after a change; what its assignment rests on stays while somebody has it.
fn changed_number(number: &Number, spec: &Spec) -> Result<Number, Verdict> {
    let usage = spec.usage.unwrap_or(number.usage);
    let capabilities = spec.capabilities.clone().unwrap_or_else(|| number.capabilities.clone());
    let assigned = number.status != AssignmentStatus::Unassigned;
    if assigned && (usage != number.usage || !capabilities.contains(&usage.capability())) {
        let field = if usage == number.usage { "capabilities" } else { "usage" };
        let fix = "The number is assigned: the customer unassigns it first.";
        return Err(Verdict::new("number_assigned", field, Some(number.e164.as_str()), fix));
    }
    if let Some(tenant) = spec.tenant.as_ref().filter(|tenant| **tenant != number.tenant.to_string()) {
        let fix = "A number does not change its customer: release it and provision it again.";
        return Err(Verdict::new("value_invalid", "tenant_id", Some(tenant), fix));
    }
    Ok(Number {
        usage,
        capabilities,
        kind: spec.kind.unwrap_or(number.kind),
        city: spec.city.over(number.city.as_deref()),
        billing_ref: spec.billing_ref.over(number.billing_ref.as_deref()),
        operator_note: spec.note.over(number.operator_note.as_deref()),
        emergency_mode: spec.emergency_mode.unwrap_or(number.emergency_mode),
        ..number.clone()
    })
}

/// The changed fields before and after, as both parties may see them: the operator's note is named, not told.
fn difference(number: &Number, next: &Number) -> (Value, Value) {
    let words = |list: &[Capability]| list.iter().map(|word| word.as_str()).collect::<BTreeSet<_>>();
    let fields = |n: &Number| {
        json!({
            "usage": n.usage.as_str(), "kind": n.kind.as_str(), "capabilities": words(&n.capabilities), "city": n.city,
            "billing_ref": n.billing_ref, "emergency_address_mode": n.emergency_mode.as_str(),
            "emergency_location_id": n.emergency_location,
        })
    };
    let (mut before, mut after) = (fields(number), fields(next));
    if let (Some(before), Some(after)) = (before.as_object_mut(), after.as_object_mut()) {
        before.retain(|field, value| after.get(field) != Some(value));
        after.retain(|field, _| before.contains_key(field));
        if number.operator_note != next.operator_note {
            after.insert("note".to_owned(), "changed".into());
        }
    }
    (before, after)
}

async fn release(conn: &mut PgConnection, job: Job<'_>, work: Vec<Work>) -> Result<Vec<Outcome>, Failure> {
    let mut outcomes = Vec::with_capacity(work.len());
    let (mut gone, mut events) = (Vec::new(), Vec::new());
    for (work, number) in locked(conn, job, work, &mut outcomes).await? {
        if number.status != AssignmentStatus::Unassigned {
            let fix = "The number is assigned: the customer unassigns it first.";
            outcomes.push((work.row, Some(Verdict::new("number_assigned", "e164", Some(number.e164.as_str()), fix))));
            continue;
        }
        outcomes.push((work.row, None));
        let next = Number { number_seq: number.number_seq + 1, ..number.clone() };
        events.push(event_of(EventType::NumberReleased, &number, &next)?);
        gone.push(next);
    }
    let events = notices::emit_all(conn, job.env, events).await?;
    let e164s: Vec<String> = gone.iter().map(|number| number.e164.to_string()).collect();
    let seqs: Vec<i64> = gone.iter().map(|number| number.number_seq).collect();
    queries_orders::end_holdings(conn, job.tenant, &e164s, job.env.now()).await?;
    queries_orders::delete_numbers(conn, job.tenant, &e164s).await?;
    queries_orders::free_claims(conn, job.operator, &e164s, &seqs).await?;
    release_requests::close(conn, job.tenant, &e164s, ReleaseEnd::Done, job.env.now()).await?;
    let entries: Vec<Change<'_>> = gone
        .iter()
        .zip(events)
        .map(|(number, event)| entry(job, number, job.env.id(), "released", Some(event), (states(number), Value::Null)))
        .collect();
    queries::note_changes(conn, &entries).await?;
    Ok(outcomes)
}
