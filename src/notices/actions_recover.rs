//! Having an endpoint's past events sent once more: counted first, then a job of this endpoint alone, each number in order.

use chrono::DateTime;
use chrono::Utc;
use serde::Deserialize;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::EventType;
use super::actions_feed::gets_events;
use super::jobs::DELIVER;
use super::queries_attempts;
use super::queries_delivery::lock_endpoint;
use super::queries_delivery::read_endpoint;
use super::queries_feed;
use super::queries_feed::Range;
use crate::audit;
use crate::base::Ctx;
use crate::base::EndpointId;
use crate::base::Failure;
use crate::base::Problem;
use crate::base::Scope;
use crate::store::Store;

/// Which past events to send once more.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecoverIn {
    /// From this time on; give this or `after_seq`.
    pub since: Option<DateTime<Utc>>,
    /// After this position.
    pub after_seq: Option<i64>,
    /// Before this time.
    pub until: Option<DateTime<Utc>>,
    /// Empty: all that the endpoint wants.
    #[serde(default)]
    pub event_types: Vec<String>,
    /// `undelivered` (default) or `all`.
    pub only: Option<String>,
    /// Counts and changes nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// The count that was agreed to: if the range holds more by now it is refused and nothing is queued.
    pub at_most: Option<i64>,
}

/// What a recovery comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Recovered {
    pub count: i64,
    pub first_seq: Option<i64>,
    pub last_seq: Option<i64>,
    /// Null in a dry run.
    pub job_id: Option<Uuid>,
}

/// Has an endpoint's past events sent once more, each number in order, or counts them.
///
/// # Errors
/// 403 without `endpoints:write`, 404, 409 `endpoint_unverified` or `endpoint_disabled` (a dry run counts all the same), 409
/// `count_changed` when the range holds more than agreed, 422 for a range that cannot be read.
pub async fn recover_endpoint(store: &Store, ctx: &Ctx, id: EndpointId, wanted: RecoverIn) -> Result<Recovered, Failure> {
    ctx.require(Scope::EndpointsWrite)?;
    let operator = ctx.operator()?;
    let mut range = range_of(&wanted)?;
    let mut tx = store.begin_for(ctx).await?;
    if range.undelivered {
        // Nobody knows any more what was delivered before that.
        range.since = range.since.max(queries_attempts::kept_from(&mut tx, ctx.now()).await?);
    }
    // Counted without its lock, which delivery needs: what is counted is fixed by the place in the feed.
    let Some(target) = read_endpoint(&mut tx, operator, id).await? else {
        return Err(Problem::not_found("endpoint").into());
    };
    let counted = queries_feed::count_range(&mut tx, &target, &range).await?;
    let mut recovered = Recovered { count: counted.count, first_seq: counted.first_seq, last_seq: counted.last_seq, job_id: None };
    if wanted.dry_run {
        return Ok(recovered);
    }
    gets_events(target.head.state.slug())?;
    if wanted.at_most.is_some_and(|most| recovered.count > most) {
        let detail = format!("The range holds {} events by now. Count it again.", recovered.count);
        return Err(Problem::new(409, "count_changed", detail).into());
    }
    let job = ctx.env.id();
    recovered.job_id = Some(job);
    if lock_endpoint(&mut tx, operator, id).await?.is_none() {
        return Err(Problem::not_found("endpoint").into());
    }
    queries_feed::open_recovery(&mut tx, &target, job, &range, ctx.now()).await?;
    let detail = serde_json::json!({ "job_id": job, "count": recovered.count });
    let subject_id = id.to_string();
    let entry =
        audit::Entry { action: "endpoint.recover", subject_kind: "endpoint", subject_id: &subject_id, detail: Some(detail) };
    audit::record(&mut tx, ctx, entry).await?;
    tx.commit().await?;
    store.wake.wake(DELIVER);
    Ok(recovered)
}

fn range_of(wanted: &RecoverIn) -> Result<Range, Failure> {
    let refuse = |field: &str, fix: &str| {
        let problem = Problem::new(422, "value_invalid", format!("{field} cannot be read. {fix}"));
        Failure::from(problem.field(field, "value_invalid", None, fix))
    };
    if wanted.since.is_some() == wanted.after_seq.is_some() {
        return Err(refuse("since", "Give either since or after_seq."));
    }
    if wanted.after_seq.is_some_and(|seq| seq < 0) {
        return Err(refuse("after_seq", "Use a position from 0."));
    }
    if wanted.event_types.iter().any(|name| name.parse::<EventType>().is_err()) {
        return Err(refuse("event_types", "Name types of the event catalogue, or none for all of them."));
    }
    let undelivered = match wanted.only.as_deref() {
        None | Some("undelivered") => true,
        Some("all") => false,
        Some(_) => return Err(refuse("only", "Use undelivered or all.")),
    };
    Ok(Range {
        after_seq: wanted.after_seq.unwrap_or(0),
        since: wanted.since,
        until: wanted.until,
        types: wanted.event_types.clone(),
        undelivered,
    })
}
