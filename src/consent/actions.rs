//! The verbs of consent: accept, suspend, resume, withdraw. Each is one transaction under the exclusive lock of the pair.

use std::collections::HashSet;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use sqlx::PgConnection;

use super::directory::DirectoryRow;
use super::directory::Effects;
use super::model::Consent;
use super::model::ConsentStatus;
use super::model::Contact;
use super::model::RESUMED;
use super::model::Verb;
use super::queries;
use super::queries_directory;
use super::queries_effects;
use super::queries_read;
use super::staff;
use super::telling::ConsentData;
use crate::audit;
use crate::base::ConsentId;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::Problem;
use crate::base::Scope;
use crate::base::TenantId;
use crate::base::wire_time;
use crate::identity::Email;
use crate::notices;
use crate::store::Reach;
use crate::store::Store;
use crate::transfers;
use crate::transfers::Class;
use crate::transfers::GateState;

/// What a tenant accepts.
#[derive(Clone, Debug)]
pub struct AcceptIn {
    pub operator: OperatorId,
    /// ISO 3166-1 alpha-2; of those the operator serves.
    pub countries: Vec<String>,
    pub classes: Vec<Class>,
    /// The version that was read; must be the newest.
    pub notice_version: String,
    /// Whether it was said that the text was read.
    pub read: bool,
    pub contact: Option<Contact>,
}

/// What a person says beside what is accepted.
#[derive(Clone, Debug)]
pub struct Said {
    /// Language of the text that was read: its digest is kept.
    pub language: String,
    /// Staff are informed, in the countries whose law asks for it.
    pub staff_informed: bool,
}

/// [`accept_said`] with the English text read and the staff informed.
///
/// # Errors
/// Those of [`accept_said`].
pub async fn accept(store: &Store, ctx: &Ctx, given: AcceptIn) -> Result<Consent, Failure> {
    accept_said(store, ctx, given, Said { language: "en".to_owned(), staff_informed: true }).await
}

/// Accepts: gives a consent, gives it anew after a withdrawal, or changes one that stands.
///
/// # Errors
/// 403 without `consent:write`, 404 for an unknown operator, 409 `consent_state` while it is suspended, 422 for countries,
/// classes, contact, a text that is not the newest, or staff that is not informed where the law asks for it.
pub async fn accept_said(store: &Store, ctx: &Ctx, given: AcceptIn, said: Said) -> Result<Consent, Failure> {
    ctx.require(Scope::ConsentWrite)?;
    let tenant = ctx.tenant()?;
    let mut tx = store.begin_for(ctx).await?;
    let operator = operator_of(&mut tx, tenant, given.operator).await?;
    let notice = queries_read::newest_notice(&mut tx, &said.language).await?;
    let notice = notice.ok_or_else(|| Problem::new(422, "notice_missing", "There is no notice text to accept yet."))?;
    let asked_for = staff::asking(&given.countries);
    check(&given, &operator, &notice.version, asked_for.is_empty() || said.staff_informed)?;
    let who = (ctx.actor.label(), ctx.address.as_deref());
    // The time is taken under the lock: what leaves until then stands before the change, which may close a class.
    transfers::lock_exclusive(&mut tx, tenant, given.operator).await?;
    let held = queries_read::consent(&mut tx, tenant, given.operator).await?;
    if held.is_some_and(|held| held.status == ConsentStatus::Suspended) {
        let detail = "The consent is suspended. Resume it first, then change it.";
        return Err(Problem::new(409, "consent_state", detail).into());
    }
    let consent = write_grant(&mut tx, ctx, tenant, &given, notice.sha256, who, ctx.now()).await?;
    queries_directory::keep_acceptance(&mut tx, &ctx.env, &consent, consent.since, said.staff_informed, &asked_for).await?;
    tx.commit().await?;
    store.wake.wake(notices::SEAL);
    Ok(consent)
}

/// Judges what was given; all that is wrong is told at once.
fn check(given: &AcceptIn, operator: &DirectoryRow, newest: &str, staff_informed: bool) -> Result<(), Failure> {
    if given.notice_version != newest {
        return Err(Problem::new(
            422,
            "notice_outdated",
            format!("The text in force is version {newest}. Read it and accept that one."),
        )
        .field("notice_version", "notice_outdated", Some(given.notice_version.clone()), "Read the newest text.")
        .into());
    }
    let mut problem = Problem::new(422, "consent_invalid", "The consent is not complete.");
    if !given.read {
        problem = problem.field("read", "notice_unread", None, "Read the text, then tick the box.");
    }
    if given.countries.is_empty() {
        problem = problem.field("countries", "countries_missing", None, "Pick at least one country.");
    }
    if let Some(country) = given.countries.iter().find(|country| !operator.countries.contains(country)) {
        problem = problem.field("countries", "country_not_served", Some(country.clone()), "Pick countries this operator serves.");
    }
    if given.classes.is_empty() {
        problem = problem.field("classes", "classes_missing", None, "Pick at least one data class.");
    }
    if !staff_informed {
        let fix = "Inform your people first, then tick the box.";
        problem = problem.field("staff_informed", "staff_uninformed", None, fix);
    }
    if let Some(contact) = &given.contact {
        if !(1..=100).contains(&contact.name.trim().chars().count()) {
            let fix = "A name has 1 to 100 signs.";
            problem = problem.field("contact_name", "name_invalid", Some(contact.name.clone()), fix);
        }
        if Email::parse(&contact.email).is_none() {
            let fix = "An address such as mara@acme.example.";
            problem = problem.field("contact_email", "email_invalid", Some(contact.email.clone()), fix);
        }
    }
    if problem.errors.is_empty() { Ok(()) } else { Err(problem.into()) }
}

/// Writes a grant with everything that belongs to it; the caller has checked it.
pub(super) async fn write_grant(
    conn: &mut PgConnection,
    ctx: &Ctx,
    tenant: TenantId,
    given: &AcceptIn,
    notice_sha256: Vec<u8>,
    who: (&str, Option<&str>),
    at: DateTime<Utc>,
) -> Result<Consent, Failure> {
    transfers::lock_exclusive(conn, tenant, given.operator).await?;
    let before = queries_read::consent(conn, tenant, given.operator).await?;
    let at = before.as_ref().map_or(at, |held| after(held, at));
    let (mut countries, mut classes) = (given.countries.clone(), given.classes.clone());
    countries.sort();
    countries.dedup();
    classes.sort();
    classes.dedup();
    let consent = Consent {
        id: before.as_ref().map_or_else(|| ctx.env.id_at(at), |held| held.id),
        tenant_id: tenant.0,
        operator_id: given.operator.0,
        status: ConsentStatus::Active,
        countries,
        classes,
        notice_version: given.notice_version.clone(),
        notice_sha256,
        contact: given.contact.clone(),
        accepted_by: who.0.to_owned(),
        since: at,
        created_at: before.as_ref().map_or(at, |held| held.created_at),
    };
    let changed = before.as_ref().is_some_and(|held| held.status != ConsentStatus::Withdrawn);
    let action = if changed { "changed" } else { "granted" };
    queries::put_consent(conn, &consent).await?;
    queries::begin_relationship(conn, tenant, given.operator, at).await?;
    settle(conn, ctx, &consent, action, who, at, None).await?;
    // Numbers that could not be told of until now are told anew; a change of anything else tells nothing.
    let opens = |held: &Consent| {
        held.status != ConsentStatus::Active
            || !held.classes.contains(&Class::Numbers)
            || consent.countries.iter().any(|country| !held.countries.contains(country))
    };
    if before.as_ref().is_some_and(opens) {
        queries::append_resumed(conn, &ctx.env, tenant, given.operator, consent.id).await?;
    }
    Ok(consent)
}

/// Suspends: from the commit on nothing new leaves; numbers stay assigned.
///
/// # Errors
/// 403 without `consent:write`, 404 without a consent, 409 `consent_state` when it is not active.
pub async fn suspend(store: &Store, ctx: &Ctx, operator: OperatorId) -> Result<Consent, Failure> {
    Ok(turn(store, ctx, operator, Verb::Suspend, None).await?.0)
}

/// Resumes a suspended consent: the gates open again, on the same text.
///
/// # Errors
/// 403 without `consent:write`, 404 without a consent, 409 `consent_state` when it is not suspended.
pub async fn resume(store: &Store, ctx: &Ctx, operator: OperatorId) -> Result<Consent, Failure> {
    Ok(turn(store, ctx, operator, Verb::Resume, None).await?.0)
}

/// Withdraws: like suspending, and only a new acceptance opens the gates again.
///
/// # Errors
/// 403 without `consent:write`, 404 without a consent, 409 `consent_state` when it is withdrawn already.
pub async fn withdraw(store: &Store, ctx: &Ctx, operator: OperatorId) -> Result<Consent, Failure> {
    Ok(turn(store, ctx, operator, Verb::Withdraw, None).await?.0)
}

/// Does the verb, counting what it touches in the same transaction. `seen`: what a page had shown, see [`Effects::seen`].
///
/// # Errors
/// 409 `effects_changed` when it is not what was shown; else as [`suspend`].
pub(super) async fn turn(
    store: &Store,
    ctx: &Ctx,
    operator: OperatorId,
    verb: Verb,
    seen: Option<&str>,
) -> Result<(Consent, Effects), Failure> {
    ctx.require(Scope::ConsentWrite)?;
    let tenant = ctx.tenant()?;
    // What the operator has not taken yet stands in its own rows.
    let mut tx = store.begin(Reach::Pair(tenant, operator)).await?;
    transfers::lock_exclusive(&mut tx, tenant, operator).await?;
    let held = queries_read::consent(&mut tx, tenant, operator).await?;
    let mut consent = held.ok_or_else(|| Problem::not_found("consent"))?;
    let Some(next) = verb.from(consent.status) else {
        let detail = format!("The consent is {}; that cannot be done now.", consent.status.as_str());
        return Err(Problem::new(409, "consent_state", detail).into());
    };
    let at = after(&consent, ctx.now());
    let effects = queries_effects::effects(&mut tx, tenant, operator, at).await?;
    if seen.is_some_and(|seen| seen != effects.seen(&consent, verb)) {
        let detail = "The counts have changed since the page was shown. Look at them again, then decide.";
        return Err(Problem::new(409, "effects_changed", detail).into());
    }
    consent.status = next;
    consent.since = at;
    queries::put_consent(&mut tx, &consent).await?;
    settle(&mut tx, ctx, &consent, verb.ledger(), (ctx.actor.label(), ctx.address.as_deref()), at, Some(&effects)).await?;
    if verb == Verb::Resume {
        queries::append_resumed(&mut tx, &ctx.env, tenant, operator, consent.id).await?;
    }
    tx.commit().await?;
    store.wake.wake(RESUMED);
    store.wake.wake(notices::SEAL);
    Ok((consent, effects))
}

/// The time of a change: behind the one before it, whoever waited for the lock or has a slow clock. The ledger is read by time.
fn after(held: &Consent, at: DateTime<Utc>) -> DateTime<Utc> {
    at.max(held.since + TimeDelta::microseconds(1))
}

/// What follows from a consent as it is now: ledger, gates, event, log.
async fn settle(
    conn: &mut PgConnection,
    ctx: &Ctx,
    consent: &Consent,
    action: &str,
    who: (&str, Option<&str>),
    at: DateTime<Utc>,
    effects: Option<&Effects>,
) -> Result<(), Failure> {
    queries::append_entry(conn, &ctx.env, consent, action, who, at).await?;
    write_gates(conn, consent, at).await?;
    emit(conn, ctx, consent).await?;
    let verb = match action {
        "granted" | "changed" => "consent.accept",
        "suspended" => "consent.suspend",
        "resumed" => "consent.resume",
        _ => "consent.withdraw",
    };
    let mut detail = serde_json::json!({
        "operator_id": consent.operator_id,
        "status": consent.status.as_str(),
        "countries": consent.countries,
        "data_classes": queries::class_words(&consent.classes),
        "notice_version": consent.notice_version,
    });
    if let Some(effects) = effects {
        detail["effects"] = serde_json::json!({
            "numbers": effects.numbers,
            "assigned": effects.assigned,
            "notices_waiting": effects.waiting,
            "durations_awaited": effects.awaited,
        });
    }
    let entry = audit::Entry { action: verb, subject_kind: "consent", subject_id: &consent.id.to_string(), detail: Some(detail) };
    audit::record(conn, ctx, entry).await
}

/// Gates of every country and class the consent covers, and of those it no longer covers.
async fn write_gates(conn: &mut PgConnection, consent: &Consent, at: DateTime<Utc>) -> Result<(), Failure> {
    let (tenant, operator) = (TenantId(consent.tenant_id), OperatorId(consent.operator_id));
    let closed = match consent.status {
        ConsentStatus::Active => None,
        ConsentStatus::Suspended => Some("suspended"),
        ConsentStatus::Withdrawn | ConsentStatus::None => Some("withdrawn"),
    };
    let covered: HashSet<(String, Class)> =
        consent.countries.iter().flat_map(|country| consent.classes.iter().map(|class| (country.clone(), *class))).collect();
    let held = queries::gate_keys(conn, tenant, operator).await?;
    let held = held.into_iter().filter_map(|(country, class)| Some((country, Class::parse(&class)?)));
    let mut keys: Vec<(String, Class)> = covered.iter().cloned().chain(held).collect();
    keys.sort();
    keys.dedup();
    for (country, class) in keys {
        let reason = if covered.contains(&(country.clone(), class)) { closed } else { Some("not_granted") };
        let state = GateState {
            open: reason.is_none(),
            consent_id: ConsentId(consent.id),
            notice_version: consent.notice_version.clone(),
            reason: reason.map(str::to_owned),
        };
        transfers::set_gate(conn, tenant, operator, &country, class, &state, at).await?;
    }
    Ok(())
}

async fn emit(conn: &mut PgConnection, ctx: &Ctx, consent: &Consent) -> Result<(), Failure> {
    let (tenant, operator) = (TenantId(consent.tenant_id), OperatorId(consent.operator_id));
    let name = queries_read::tenant_name(conn, tenant).await?;
    let kind = match consent.status {
        ConsentStatus::Active => notices::EventType::ConsentGranted,
        ConsentStatus::Suspended => notices::EventType::ConsentSuspended,
        ConsentStatus::Withdrawn | ConsentStatus::None => notices::EventType::ConsentWithdrawn,
    };
    let data = ConsentData {
        consent_id: consent.id,
        status: consent.status.as_str(),
        since: wire_time(consent.since),
        countries: &consent.countries,
        data_classes: consent.classes.iter().map(|class| class.as_str()).collect(),
        notice_version: &consent.notice_version,
        tenant_name: &name,
    };
    let data = notices::JsonObject::of(&data).map_err(anyhow::Error::new)?;
    let subject = consent.id.to_string();
    let event = notices::NewEvent { tenant, operator, kind, subject, number_seq: None, country: None, data, previous: None };
    notices::emit(conn, &ctx.env, event).await?;
    Ok(())
}

/// An operator of the directory; 404 when there is none.
pub(super) async fn operator_of(conn: &mut PgConnection, tenant: TenantId, operator: OperatorId) -> Result<DirectoryRow, Failure> {
    let found = queries_directory::operators(conn, tenant, None).await?.into_iter().find(|row| row.id == operator.0);
    found.ok_or_else(|| Problem::not_found("operator").into())
}

/// An operator of the directory by its short name; 404 when there is none.
pub(super) async fn operator_by_slug(conn: &mut PgConnection, tenant: TenantId, slug: &str) -> Result<DirectoryRow, Failure> {
    queries_directory::operators(conn, tenant, Some(slug)).await?.pop().ok_or_else(|| Problem::not_found("operator").into())
}
