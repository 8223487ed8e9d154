//! Who a number can go to: the candidates of a search, each judged by the machine that would assign it.

use uuid::Uuid;

use super::model::Facts;
use super::model::Number;
use super::model::Quarantine;
use super::model::Target;
use super::model::Wish;
use super::queries;
use super::queries_detail;
use super::queries_detail::NumberDetail;
use super::queries_people;
use super::queries_people::PeopleAsk;
use super::queries_people::Person;
use super::refusal::Refusal;
use super::words::ActivationState;
use super::words::AssignmentStatus;
use super::words::Capability;
use super::words::Category;
use super::words::EmergencyMode;
use super::words::Kind;
use super::words::TargetKind;
use super::words::Usage;
use crate::base::Ctx;
use crate::base::E164;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::Problem;
use crate::base::Scope;
use crate::base::TenantId;
use crate::store::Store;
use crate::transfers;
use crate::transfers::Class;

/// Candidates shown at once.
pub const SHOWN: i64 = 12;
/// Targets counted exactly up to here.
const COUNTED: i64 = 10_000;

/// A candidate and why it cannot have the number; `None`: it can.
#[derive(Clone, Debug)]
pub struct Candidate {
    pub person: Person,
    pub refusal: Option<Refusal>,
}

/// What the page of an assignment shows.
#[derive(Clone, Debug)]
pub struct Choosing {
    pub number: NumberDetail,
    pub sip_uri: String,
    /// Why nobody can have the number now.
    pub block: Option<Refusal>,
    /// The notice version of the consent, while the gate is open.
    pub notice_version: Option<String>,
    pub candidates: Vec<Candidate>,
    /// More are found than shown.
    pub more: bool,
    /// Targets in all.
    pub targets: i64,
}

/// The number and the candidates that `search` finds; the target named comes first.
///
/// # Errors
/// 403 without `tenant:assign`, 404, 503.
pub async fn choosing(
    store: &Store,
    ctx: &Ctx,
    e164: &E164,
    search: Option<&str>,
    chosen: Option<&str>,
) -> Result<Choosing, Failure> {
    let tenant = ctx.tenant()?;
    ctx.require(Scope::TenantAssign)?;
    let mut tx = store.begin_for(ctx).await?;
    let found = queries_detail::number_detail(&mut tx, tenant, e164).await?;
    let detail = found.ok_or_else(|| Problem::not_found("number"))?;
    let number = machine(tenant, e164, &detail)?;
    let gate = transfers::gate(&mut tx, tenant, number.operator, &number.country, Class::Numbers).await?;
    let facts = Facts {
        gate_open: gate.as_ref().is_some_and(|gate| gate.open),
        gate_reason: gate.as_ref().and_then(|gate| gate.reason.clone()),
        relationship_ended: queries::relationship_ended(&mut tx, tenant, number.operator).await?,
        reserved: detail.reserved.is_some(),
        target: None,
        has_primary: false,
    };
    let ask = PeopleAsk { search: search.map(str::to_owned), ..PeopleAsk::default() };
    let mut people = queries_people::people(&mut tx, tenant, &ask, SHOWN + 1).await?;
    let more = people.len() > usize::try_from(SHOWN).unwrap_or(usize::MAX);
    people.truncate(usize::try_from(SHOWN).unwrap_or(usize::MAX));
    if let Some(chosen) = chosen
        && !people.iter().any(|person| person.id == chosen)
    {
        let ask = PeopleAsk { id: Some(chosen.to_owned()), ..PeopleAsk::default() };
        let named = queries_people::people(&mut tx, tenant, &ask, 1).await?;
        people.splice(0..0, named);
    }
    let targets = queries_people::count_people(&mut tx, tenant, &PeopleAsk::default(), COUNTED + 1).await?;
    let sip_domain = queries_detail::sip_domain(&mut tx, tenant).await?;
    tx.commit().await?;
    let judge = |target: Option<Target>, has_primary: bool| {
        let facts = Facts { target, has_primary, ..facts.clone() };
        let id = facts.target.as_ref().map(|target| target.id.clone()).unwrap_or_default();
        number.assign(&Wish { target_id: id, category: None, version: None }, &facts, Uuid::nil(), ctx.now()).err()
    };
    let candidates =
        people.into_iter().map(|person| Candidate { refusal: judge(target_of(&person), person.has_primary), person }).collect();
    let held = detail.target_id.is_some().then_some(Refusal::AlreadyAssigned);
    let failed = number.activation == ActivationState::AssignmentFailed;
    Ok(Choosing {
        block: held.filter(|_| !failed).or_else(|| judge(Some(anybody(&number)), false).filter(|_| !failed)),
        sip_uri: crate::base::SipUri::of(e164, &sip_domain).as_str().to_owned(),
        notice_version: gate.filter(|gate| gate.open).map(|gate| gate.notice_version),
        number: detail,
        candidates,
        more,
        targets,
    })
}

/// Somebody whom nothing of their own keeps from having the number.
fn anybody(number: &Number) -> Target {
    let kind = match number.usage {
        Usage::User => TargetKind::User,
        Usage::VoiceApp => TargetKind::ResourceAccount,
        Usage::Conference => TargetKind::ConferenceBridge,
    };
    Target {
        id: "-".to_owned(),
        kind,
        display_name: String::new(),
        upn: None,
        usage_location: None,
        licensed: true,
        department: None,
    }
}

fn target_of(person: &Person) -> Option<Target> {
    Some(Target {
        id: person.id.clone(),
        kind: TargetKind::parse(&person.kind)?,
        display_name: person.display_name.clone(),
        upn: person.upn.clone(),
        usage_location: person.usage_location.clone(),
        licensed: person.licensed,
        department: person.department.clone(),
    })
}

/// The number as the machine takes it.
fn machine(tenant: TenantId, e164: &E164, detail: &NumberDetail) -> Result<Number, Failure> {
    let unknown = || anyhow::anyhow!("a number holds a word that is not known");
    let quarantine = match detail.quarantine_until {
        _ if detail.quarantine_forever => Quarantine::Forever,
        Some(until) => Quarantine::Until(until),
        None => Quarantine::None,
    };
    let assigned = match (&detail.target_id, &detail.target_name, detail.assigned_at) {
        (Some(id), Some(name), Some(at)) => Some(super::model::Assigned {
            id: Uuid::nil(),
            target_id: id.clone(),
            target_kind: detail.target_kind.as_deref().and_then(TargetKind::parse).ok_or_else(unknown)?,
            target_name: name.clone(),
            category: detail.category.as_deref().and_then(Category::parse).ok_or_else(unknown)?,
            assigned_at: at,
        }),
        _ => None,
    };
    Ok(Number {
        tenant,
        operator: OperatorId(detail.operator_id),
        e164: e164.clone(),
        country: detail.country.clone(),
        kind: Kind::parse(&detail.kind).ok_or_else(unknown)?,
        usage: Usage::parse(&detail.usage).ok_or_else(unknown)?,
        capabilities: detail.capabilities.iter().filter_map(|word| Capability::parse(word)).collect(),
        city: detail.city.clone(),
        billing_ref: None,
        operator_note: None,
        listed: true,
        emergency_mode: EmergencyMode::parse(&detail.emergency_address_mode).ok_or_else(unknown)?,
        // Only whether there is one matters to the machine.
        emergency_location: detail.emergency_location.as_ref().map(|_| Uuid::nil()),
        activation: ActivationState::parse(&detail.activation_state).ok_or_else(unknown)?,
        status: AssignmentStatus::parse(&detail.assignment_status).ok_or_else(unknown)?,
        assigned,
        fault: None,
        quarantine,
        release_requested_at: None,
        number_seq: detail.number_seq,
        version: detail.version,
        pending_since: detail.pending_since,
        created_at: detail.created_at,
        changed_at: detail.changed_at,
        tenant_name: String::new(),
        sip_domain: String::new(),
    })
}
