//! What an operator does with its endpoints.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use sqlx::PgConnection;
use url::Url;

use super::AttemptView;
use super::Change;
use super::EndpointIn;
use super::EndpointPatch;
use super::EndpointSpec;
use super::EndpointView;
use super::Envelope;
use super::EventType;
use super::FieldFault;
use super::KeySet;
use super::Keys;
use super::Notices;
use super::PauseReason;
use super::StateRefusal;
use super::check_target;
use super::jobs::DELIVER;
use super::post::Address;
use super::post::Posted;
use super::post::open_keys;
use super::post::post;
use super::queries;
use super::queries_attempts;
use super::queries_attempts::NewAttempt;
use super::queries_delivery;
use super::queries_delivery::Target;
use super::queries_endpoints;
use super::rotate;
use super::schedule::Effect;
use super::schedule::change;
use crate::audit;
use crate::base::Ctx;
use crate::base::EndpointId;
use crate::base::EventId;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::Problem;
use crate::base::Scope;
use crate::base::wire_time;
use crate::identity::IfMatch;
use crate::store::Store;

/// Endpoints per operator at most.
const ENDPOINTS: i64 = 50;
/// Longest grace of a rotation, in seconds: 7 days.
const GRACE_MAX_S: i64 = 7 * 86_400;

/// A new endpoint, or one with new keys, and what is shown this once.
#[derive(Clone, Debug)]
pub struct EndpointMade {
    pub endpoint: EndpointView,
    /// `whsec_…` of v1; never shown again.
    pub secret: String,
    /// `whpk_…` of v1a.
    pub public_key: String,
}

/// The operator's endpoints, oldest first.
///
/// # Errors
/// 403 without `events:read`.
pub async fn list_endpoints(store: &Store, ctx: &Ctx) -> Result<Vec<EndpointView>, Failure> {
    ctx.require(Scope::EventsRead)?;
    let operator = ctx.operator()?;
    let mut tx = store.begin_for(ctx).await?;
    queries_endpoints::views(&mut tx, operator, None).await
}

/// One endpoint.
///
/// # Errors
/// 403 without `events:read`, 404.
pub async fn get_endpoint(store: &Store, ctx: &Ctx, id: EndpointId) -> Result<EndpointView, Failure> {
    ctx.require(Scope::EventsRead)?;
    let operator = ctx.operator()?;
    let mut tx = store.begin_for(ctx).await?;
    view(&mut tx, operator, id).await
}

async fn view(conn: &mut PgConnection, operator: OperatorId, id: EndpointId) -> Result<EndpointView, Failure> {
    let found = queries_endpoints::views(conn, operator, Some(id)).await?.into_iter().next();
    found.ok_or_else(|| Problem::not_found("endpoint").into())
}

async fn lock(conn: &mut PgConnection, operator: OperatorId, id: EndpointId) -> Result<Target, Failure> {
    let found = queries_delivery::lock_endpoint(conn, operator, id).await?;
    found.ok_or_else(|| Problem::not_found("endpoint").into())
}

/// Makes an endpoint. It gets what is sealed from now on, once it is verified.
///
/// # Errors
/// 403 without `endpoints:write`; 422 with every fault of the input, `endpoint_address_forbidden`, `endpoint_not_https`,
/// `endpoint_limit`.
pub async fn create_endpoint(store: &Store, notices: &Notices, ctx: &Ctx, input: EndpointIn) -> Result<EndpointMade, Failure> {
    ctx.require(Scope::EndpointsWrite)?;
    let operator = ctx.operator()?;
    let spec = EndpointSpec::check(&input, &notices.allow).map_err(faults)?;
    check_url(notices, &spec.url).await?;
    let id = EndpointId(ctx.env.id());
    let keys = KeySet::new(Keys::generate(&mut ctx.env.rng()));
    let mut tx = store.begin_for(ctx).await?;
    if queries_endpoints::count(&mut tx, operator).await? >= ENDPOINTS {
        let detail = format!("There are {ENDPOINTS} endpoints already. Delete one that is no longer used.");
        return Err(Problem::new(422, "endpoint_limit", detail).into());
    }
    let cursor = queries::head_seq(&mut tx, operator).await?;
    queries_endpoints::insert(&mut tx, operator, id, &spec, cursor, ctx.now()).await?;
    queries_endpoints::save_keys(&mut tx, store, operator, id, &keys).await?;
    record(&mut tx, ctx, "endpoint.create", id, None).await?;
    let endpoint = view(&mut tx, operator, id).await?;
    tx.commit().await?;
    Ok(made(endpoint, &keys.current))
}

fn made(endpoint: EndpointView, keys: &Keys) -> EndpointMade {
    EndpointMade { endpoint, secret: keys.secret.expose().to_string(), public_key: keys.pair.public().to_string() }
}

/// Changes some fields. Another URL has proved nothing yet: the endpoint is unverified again.
///
/// # Errors
/// As for [`create_endpoint`], 404, 412 `version_stale`.
pub async fn patch_endpoint(
    store: &Store,
    notices: &Notices,
    ctx: &Ctx,
    id: EndpointId,
    patch: EndpointPatch,
    if_match: Option<IfMatch>,
) -> Result<EndpointView, Failure> {
    ctx.require(Scope::EndpointsWrite)?;
    let operator = ctx.operator()?;
    if let Some(url) = patch.url.as_deref() {
        let url = super::parse_url(url).map_err(|refusal| faults(vec![FieldFault::from(&refusal)]))?;
        check_url(notices, &url).await?;
    }
    let mut tx = store.begin_for(ctx).await?;
    let mut target = lock(&mut tx, operator, id).await?;
    check_version(&mut tx, operator, id, if_match).await?;
    let before = view(&mut tx, operator, id).await?;
    let held = spec_of(&target, &before)?;
    let spec = EndpointSpec::check(&patch.onto(&held), &notices.allow).map_err(faults)?;
    if spec.url != held.url {
        target.head = change(target.head.clone(), Change::NewUrl).map_err(refused)?.0;
        queries_delivery::save_head(&mut tx, &target, None, None).await?;
    }
    if spec != held {
        queries_endpoints::update(&mut tx, operator, id, &spec).await?;
        queries_endpoints::bump(&mut tx, operator, id, None).await?;
        record(&mut tx, ctx, "endpoint.change", id, None).await?;
    }
    let shown = view(&mut tx, operator, id).await?;
    tx.commit().await?;
    Ok(shown)
}

/// The endpoint as it was checked when it was saved. Its URL is not checked again here: ranges may have been closed since.
fn spec_of(target: &Target, shown: &EndpointView) -> Result<EndpointSpec, Failure> {
    Ok(EndpointSpec {
        url: Url::parse(&target.url).map_err(anyhow::Error::new)?,
        description: shown.description.clone(),
        event_types: target.event_types.iter().filter_map(|name| name.parse().ok()).collect(),
        signature: target.signature,
        max_in_flight: target.head.max_in_flight,
        confirms: target.confirms,
    })
}

/// Deletes an endpoint. What it has not got stays in the feed.
///
/// # Errors
/// 403, 404, 412.
pub async fn delete_endpoint(store: &Store, ctx: &Ctx, id: EndpointId, if_match: Option<IfMatch>) -> Result<(), Failure> {
    ctx.require(Scope::EndpointsWrite)?;
    let operator = ctx.operator()?;
    let mut tx = store.begin_for(ctx).await?;
    lock(&mut tx, operator, id).await?;
    check_version(&mut tx, operator, id, if_match).await?;
    queries_endpoints::delete(&mut tx, operator, id).await?;
    record(&mut tx, ctx, "endpoint.delete", id, None).await?;
    tx.commit().await?;
    Ok(())
}

/// Makes new keys; the old ones sign beside them for `grace_s` seconds (0 to 7 days). Old ones that do not open sign nothing any more: the
/// new ones stand in for them at once.
///
/// # Errors
/// 403, 404, 409 `rotation_running` while the keys before these still sign and are to go on beside them, 422 for another grace.
pub async fn rotate_endpoint(store: &Store, ctx: &Ctx, id: EndpointId, grace_s: i64) -> Result<EndpointMade, Failure> {
    ctx.require(Scope::EndpointsWrite)?;
    let operator = ctx.operator()?;
    if !(0..=GRACE_MAX_S).contains(&grace_s) {
        let problem = Problem::new(422, "value_invalid", "grace_s is a number of seconds from 0 to 604800.");
        return Err(problem.field("grace_s", "value_invalid", Some(grace_s.to_string()), "Use 0 to 604800.").into());
    }
    let mut tx = store.begin_for(ctx).await?;
    lock(&mut tx, operator, id).await?;
    let now = ctx.now();
    let sealed = queries_endpoints::keys_of(&mut tx, operator, id, now).await?;
    let old = open_keys(&store.secrets, &sealed)
        .inspect_err(|error| tracing::warn!(endpoint = %id, error = %format!("{error:#}"), "keys that do not open are replaced"));
    if let Some((_, until)) = old.as_ref().ok().and_then(|old| old.previous.as_ref()).filter(|_| grace_s > 0) {
        return Err(rotation_running(*until).into());
    }
    let fresh = Keys::generate(&mut ctx.env.rng());
    let set = match old {
        Ok(old) => rotate(old, fresh, now, TimeDelta::seconds(grace_s)),
        Err(_) => KeySet::new(fresh),
    };
    queries_endpoints::save_keys(&mut tx, store, operator, id, &set).await?;
    queries_endpoints::bump(&mut tx, operator, id, None).await?;
    record(&mut tx, ctx, "endpoint.rotate", id, Some(serde_json::json!({ "grace_s": grace_s }))).await?;
    let endpoint = view(&mut tx, operator, id).await?;
    tx.commit().await?;
    Ok(made(endpoint, &set.current))
}

/// Two generations sign at once, no more: a third would cut off whoever still uses the first.
fn rotation_running(until: DateTime<Utc>) -> Problem {
    let until = wire_time(until);
    let detail = format!("The secret before this one still signs, until {until}; another rotation would end it now.");
    let fix = "Rotate again after that time, or with grace_s 0, which ends every earlier secret at once.";
    Problem::new(409, "rotation_running", format!("{detail} {fix}")).field("grace_s", "rotation_running", Some(until), fix)
}

/// Stops deliveries; the endpoint keeps its place.
///
/// # Errors
/// 403, 404, 409 for a state that does not take it.
pub async fn pause_endpoint(store: &Store, ctx: &Ctx, id: EndpointId) -> Result<EndpointView, Failure> {
    changed(store, ctx, id, Change::Pause(PauseReason::Person), "endpoint.pause").await
}

/// Goes on where it stopped, with everything held back due.
///
/// # Errors
/// 403, 404, 409 for a state that does not take it.
pub async fn resume_endpoint(store: &Store, ctx: &Ctx, id: EndpointId) -> Result<EndpointView, Failure> {
    changed(store, ctx, id, Change::Resume, "endpoint.resume").await
}

async fn changed(store: &Store, ctx: &Ctx, id: EndpointId, what: Change, action: &str) -> Result<EndpointView, Failure> {
    ctx.require(Scope::EndpointsWrite)?;
    let operator = ctx.operator()?;
    let mut tx = store.begin_for(ctx).await?;
    let mut target = lock(&mut tx, operator, id).await?;
    let (head, effects) = change(target.head.clone(), what).map_err(refused)?;
    if head != target.head {
        target.head = head;
        queries_delivery::save_head(&mut tx, &target, None, None).await?;
        if effects.contains(&Effect::BringForward) {
            queries_delivery::bring_forward(&mut tx, &target, ctx.now(), 0).await?;
        }
        let verified = (what == Change::Verified).then(|| ctx.now());
        queries_endpoints::bump(&mut tx, operator, id, verified).await?;
        record(&mut tx, ctx, action, id, None).await?;
    }
    let shown = view(&mut tx, operator, id).await?;
    tx.commit().await?;
    store.wake.wake(DELIVER);
    Ok(shown)
}

/// Asks the endpoint to prove that it wants our traffic: it answers 200 with the challenge as body or as
/// `{"challenge": "…"}`.
///
/// # Errors
/// 403, 404, 409 for a state that does not take it, 422 `verification_failed` with what came back.
pub async fn verify_endpoint(store: &Store, notices: &Notices, ctx: &Ctx, id: EndpointId) -> Result<EndpointView, Failure> {
    ctx.require(Scope::EndpointsWrite)?;
    let operator = ctx.operator()?;
    let event = EventId(ctx.env.id());
    let challenge = challenge(ctx.env.bytes());
    let body = Envelope::verification(event, operator, ctx.now(), &challenge).render();
    let url = target_url(store, ctx, operator, id, Some(Change::Verified)).await?;
    let posted = post_alone(store, notices, ctx, id, event, body).await?;
    note(store, ctx, operator, id, event, EventType::EndpointVerification, &posted).await?;
    if !answers(&posted, &challenge) {
        let detail = format!("The endpoint did not answer 200 with the challenge: {}.", told(&posted));
        return Err(Problem::new(422, "verification_failed", detail).into());
    }
    if target_url(store, ctx, operator, id, None).await? != url {
        return Err(Problem::new(409, "endpoint_changed", "The URL was changed meanwhile. Verify it again.").into());
    }
    changed(store, ctx, id, Change::Verified, "endpoint.verify").await
}

/// Sends a test message, in any state but disabled by the platform.
///
/// # Errors
/// 403, 404, 409 `endpoint_disabled_by_platform`.
pub async fn test_endpoint(store: &Store, notices: &Notices, ctx: &Ctx, id: EndpointId) -> Result<AttemptView, Failure> {
    ctx.require(Scope::EndpointsWrite)?;
    let operator = ctx.operator()?;
    let event = EventId(ctx.env.id());
    let body = Envelope::test(event, operator, ctx.now(), id).render();
    let posted = post_alone(store, notices, ctx, id, event, body).await?;
    note(store, ctx, operator, id, event, EventType::EndpointTest, &posted).await
}

/// The endpoint's URL, if its state takes the change.
async fn target_url(
    store: &Store,
    ctx: &Ctx,
    operator: OperatorId,
    id: EndpointId,
    what: Option<Change>,
) -> Result<String, Failure> {
    let mut tx = store.begin_for(ctx).await?;
    let target = lock(&mut tx, operator, id).await?;
    if let Some(what) = what {
        change(target.head, what).map_err(refused)?;
    }
    Ok(target.url)
}

/// Posts one message that stands in no feed, outside any transaction.
async fn post_alone(
    store: &Store,
    notices: &Notices,
    ctx: &Ctx,
    id: EndpointId,
    event: EventId,
    body: String,
) -> Result<Posted, Failure> {
    let operator = ctx.operator()?;
    let mut tx = store.begin_for(ctx).await?;
    let target = lock(&mut tx, operator, id).await?;
    if target.head.state == super::EndpointState::Disabled(super::DisableReason::Platform) {
        return Err(refused(StateRefusal::DisabledByPlatform));
    }
    let sealed = queries_endpoints::keys_of(&mut tx, operator, id, ctx.now()).await?;
    let keys = open_keys(&store.secrets, &sealed).inspect_err(|error| notices.unreadable.tell(id, error)).map_err(|_| {
        let detail = "The platform cannot open the endpoint's secret, so it can sign nothing. Rotate the secret, then try again.";
        Problem::new(409, "endpoint_secret_unreadable", detail)
    })?;
    tx.commit().await?;
    let to = Address { url: Url::parse(&target.url).map_err(anyhow::Error::new)?, keys, signature: target.signature };
    Ok(post(&notices.poster, &ctx.env, &to, event, 1, Bytes::from(body)).await)
}

async fn note(
    store: &Store,
    ctx: &Ctx,
    operator: OperatorId,
    endpoint: EndpointId,
    event: EventId,
    kind: EventType,
    posted: &Posted,
) -> Result<AttemptView, Failure> {
    let trigger = if kind == EventType::EndpointTest { "test" } else { "verify" };
    let attempt = NewAttempt {
        id: posted.id,
        at: posted.sent_at,
        operator,
        endpoint,
        event,
        seq: None,
        tenant: None,
        kind,
        subject: endpoint.to_string(),
        number: 1,
        trigger,
        request_headers: posted.request_headers.clone(),
        outcome: posted.outcome.clone(),
        next_at: None,
    };
    let mut tx = store.begin_for(ctx).await?;
    queries_attempts::note(&mut tx, &[attempt]).await?;
    let found = queries_attempts::one(&mut tx, operator, posted.sent_at, posted.id).await?;
    tx.commit().await?;
    found.ok_or_else(|| anyhow::anyhow!("an attempt that was noted is there").into())
}

/// A challenge that needs no escaping anywhere.
fn challenge(bytes: [u8; 24]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn answers(posted: &Posted, challenge: &str) -> bool {
    if posted.outcome.status != Some(200) {
        return false;
    }
    let body = posted.outcome.response_body_cut.trim();
    let value: Option<serde_json::Value> = serde_json::from_str(body).ok();
    let inside = value.as_ref().and_then(|value| value.get("challenge").unwrap_or(value).as_str());
    body == challenge || inside == Some(challenge)
}

/// In plain words what came back.
fn told(posted: &Posted) -> String {
    match (posted.outcome.status, posted.outcome.error_kind) {
        (Some(200), _) => "it answered 200 with another body".to_owned(),
        (Some(status), _) => format!("it answered {status}, not 200"),
        (None, Some(kind)) => format!("no answer ({})", kind.slug()),
        (None, None) => "no answer".to_owned(),
    }
}

async fn check_version(
    conn: &mut PgConnection,
    operator: OperatorId,
    id: EndpointId,
    wanted: Option<IfMatch>,
) -> Result<(), Failure> {
    match wanted {
        Some(wanted) => wanted.check(queries_endpoints::version(conn, operator, id).await?),
        None => Ok(()),
    }
}

async fn check_url(notices: &Notices, url: &Url) -> Result<(), Failure> {
    let checked = check_target(url, &notices.allow, &notices.lookup).await;
    checked.map_err(|refusal| faults(vec![FieldFault::from(&refusal)]))
}

/// 422 with every fault; the first one names the problem.
fn faults(faults: Vec<FieldFault>) -> Failure {
    let (code, detail) = faults.first().map_or(("value_invalid", String::new()), |first| (first.code, first.fix.clone()));
    let problem = Problem::new(422, code, detail);
    let problem = faults.into_iter().fold(problem, |problem, fault| problem.field(fault.field, fault.code, fault.value, fault.fix));
    problem.into()
}

fn refused(refusal: StateRefusal) -> Failure {
    let text = refusal.to_string();
    let mut words = text.chars();
    let detail = words.next().map(|first| format!("{}{}.", first.to_uppercase(), words.as_str()));
    Problem::new(409, refusal.code(), detail.unwrap_or_default()).into()
}

async fn record(
    conn: &mut PgConnection,
    ctx: &Ctx,
    action: &str,
    id: EndpointId,
    detail: Option<serde_json::Value>,
) -> Result<(), Failure> {
    let id = id.to_string();
    audit::record(conn, ctx, audit::Entry { action, subject_kind: "endpoint", subject_id: &id, detail }).await
}
