//! What people ask to see of calls. A tenant sees its own, outside parties masked by its country. An operator's look is a
//! transfer: only through open gates, each with its entry in the register before the answer. Both are written in the reader's log.

use chrono_tz::Tz;
use serde_json::json;
use sqlx::PgConnection;

use super::cause::Cause;
use super::cause::Told;
use super::cause::judge;
use super::jobs_ingest::KEEP_PERSONAL;
use super::masking;
use super::masking::Sight;
use super::pages_ask::CallAsk;
use super::pages_ask::CallPlace;
use super::pages_ask::CallTab;
use super::pages_gates::Gates;
use super::pages_gates::register;
use super::queries_calls_feed;
use super::queries_calls_feed::StreamLine;
use super::queries_pages;
use super::queries_pages::CallLine;
use super::queries_pages::Choice;
use super::queries_pages::Whose;
use super::queries_pages_call;
use super::queries_pages_call::CallDetail;
use super::queries_pages_call::HolderThen;
use super::queries_pages_call::HoldingThen;
use super::queries_pages_call::PersonalLine;
use crate::audit;
use crate::base::CallId;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::Problem;
use crate::base::Scope;
use crate::base::TenantId;
use crate::store::Store;
use crate::store::Tx;
use crate::transfers;
use crate::transfers::GateState;

/// A call as it is shown: the outside party masked for the reader.
#[derive(Clone, Debug)]
pub struct ShownCall {
    pub line: CallLine,
    pub cause: Cause,
    /// `None`: may not be told.
    pub quality: Option<String>,
}

impl ShownCall {
    fn new(line: CallLine) -> Self {
        let cause = judge(&Told {
            inbound: line.direction == "inbound",
            rang: line.ringing_at.is_some(),
            answered: line.answered_at.is_some(),
            ended: line.ended_at.is_some(),
            is_final: line.completeness == "final",
            sip_code: line.sip_code,
            q850_cause: line.q850_cause,
            ended_by: line.ended_by.as_deref(),
        });
        let quality = Some(line.quality.clone());
        Self { line, cause, quality }
    }

    fn for_tenant(mut line: CallLine) -> Self {
        line.other = line.other.map(|number| masking::for_tenant(&number, &line.tenant_country));
        Self::new(line)
    }

    fn for_operator(mut line: CallLine, sight: Sight, with_quality: bool) -> Self {
        line.other = line.other.map(|number| masking::for_operator(&number, &line.tenant_country, sight));
        let mut shown = Self::new(line);
        shown.quality = shown.quality.filter(|_| with_quality);
        shown
    }

    /// Its place in the list.
    #[must_use]
    pub const fn place(&self) -> CallPlace {
        CallPlace { at: self.line.invited_at, id: self.line.id }
    }

    /// Whether the tenant was called.
    #[must_use]
    pub fn inbound(&self) -> bool {
        self.line.direction == "inbound"
    }
}

/// A page of calls.
#[derive(Clone, Debug, Default)]
pub struct CallPage {
    pub calls: Vec<ShownCall>,
    /// The place in front of the page, when there are rows before it.
    pub previous: Option<CallPlace>,
    /// The place behind the page, when there are more.
    pub next: Option<CallPlace>,
    /// How many the filters find, at most [`queries_pages::COUNTED`] + 1; only for pages.
    pub total: i64,
    /// Operators or customers to choose from; only for pages.
    pub parties: Vec<Choice>,
}

/// A call with everything around it.
#[derive(Clone, Debug)]
pub struct CallStory {
    pub call: ShownCall,
    pub detail: CallDetail,
    /// `None`: may not be told.
    pub streams: Option<Vec<StreamLine>>,
    pub holder: Option<HolderThen>,
    pub holding: Option<HoldingThen>,
    /// `None`: not kept any more, never told, or not for this reader.
    pub personal: Option<PersonalLine>,
}

/// How calls get out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A page: looks coalesce.
    Page,
    /// A piece of a file.
    File,
}

/// The zone in which the days of the reader's organisation begin; UTC where it is not known.
///
/// # Errors
/// 403 without `calls:read`, 503.
pub async fn zone(store: &Store, ctx: &Ctx) -> Result<Tz, Failure> {
    ctx.require(Scope::CallsRead)?;
    let mut tx = store.begin_for(ctx).await?;
    let zone = queries_pages::time_zone(&mut tx, ctx.org.id()).await?;
    tx.commit().await?;
    Ok(zone.and_then(|zone| zone.parse().ok()).unwrap_or(Tz::UTC))
}

/// Writes down that calls are taken away as a file.
///
/// # Errors
/// 403 without `calls:read`, 503.
pub async fn note_export(store: &Store, ctx: &Ctx, query: &str) -> Result<(), Failure> {
    ctx.require(Scope::CallsRead)?;
    let mut tx = store.begin_for(ctx).await?;
    let subject = ctx.org.id().to_string();
    let detail = Some(json!({ "query": query }));
    audit::record(&mut tx, ctx, audit::Entry { action: "calls.export", subject_kind: "calls", subject_id: &subject, detail })
        .await?;
    tx.commit().await?;
    Ok(())
}

async fn note_list(tx: &mut Tx, ctx: &Ctx) -> Result<(), Failure> {
    let subject = ctx.org.id().to_string();
    let entry = audit::Entry { action: "calls.read", subject_kind: "calls", subject_id: &subject, detail: None };
    audit::record_read(tx, ctx, entry).await
}

async fn note_call(tx: &mut Tx, ctx: &Ctx, id: CallId) -> Result<(), Failure> {
    let subject = id.to_string();
    let entry = audit::Entry { action: "call.read", subject_kind: "call", subject_id: &subject, detail: None };
    audit::record_read(tx, ctx, entry).await
}

/// A page of `limit` calls of a tenant.
///
/// # Errors
/// 403 without `calls:read`, 503.
pub async fn tenant_calls(store: &Store, ctx: &Ctx, ask: &CallAsk, limit: i64, way: Way) -> Result<CallPage, Failure> {
    let tenant = ctx.tenant()?;
    ctx.require(Scope::CallsRead)?;
    let mut tx = store.begin_for(ctx).await?;
    let whose = Whose::Tenant(tenant);
    let lines = queries_pages::calls(&mut tx, whose, ask, limit + 1).await?;
    let mut page = cut(lines, ask, limit, ShownCall::for_tenant);
    if way == Way::Page {
        page.total = queries_pages::count_calls(&mut tx, whose, ask).await?;
        page.parties = queries_pages::operators_of(&mut tx, tenant).await?;
        note_list(&mut tx, ctx).await?;
    }
    tx.commit().await?;
    Ok(page)
}

/// Cuts what was read to a page and turns it round where it was read backwards.
fn cut(mut lines: Vec<CallLine>, ask: &CallAsk, limit: i64, show: impl Fn(CallLine) -> ShownCall) -> CallPage {
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = lines.len() > most;
    lines.truncate(most);
    if ask.backwards {
        lines.reverse();
    }
    let (earlier, later) = if ask.backwards { (more, true) } else { (ask.place.is_some(), more) };
    let calls: Vec<ShownCall> = lines.into_iter().map(show).collect();
    let previous = calls.first().filter(|_| earlier).map(ShownCall::place);
    let next = calls.last().filter(|_| later).map(ShownCall::place);
    CallPage { calls, previous, next, ..CallPage::default() }
}

/// A tenant's call with everything around it.
///
/// # Errors
/// 403 without `calls:read`, 404, 503.
pub async fn tenant_call(store: &Store, ctx: &Ctx, id: CallId, sight: Sight) -> Result<CallStory, Failure> {
    let tenant = ctx.tenant()?;
    ctx.require(Scope::CallsRead)?;
    let mut tx = store.begin_for(ctx).await?;
    let found = queries_pages_call::tenant_call(&mut tx, tenant, id).await?;
    let detail = found.ok_or_else(|| Problem::not_found("call"))?;
    let streams = Some(streams(&mut tx, &detail).await?);
    let holder = queries_pages_call::holder_then(&mut tx, &detail).await?;
    let holding = queries_pages_call::holding_then(&mut tx, &detail).await?;
    let oldest = ctx.now() - KEEP_PERSONAL;
    let personal = if sight.personal { queries_pages_call::personal(&mut tx, &detail, oldest).await? } else { None };
    note_call(&mut tx, ctx, id).await?;
    tx.commit().await?;
    let call = ShownCall::for_tenant(detail.line.clone());
    Ok(CallStory { call, detail, streams, holder, holding, personal })
}

/// A page of `limit` calls of an operator, over all tenants with an open gate, registered.
///
/// # Errors
/// 403 without `calls:read`, 451 when one tenant is asked for and its gate is closed, 503.
pub async fn operator_calls(
    store: &Store,
    ctx: &Ctx,
    ask: &CallAsk,
    limit: i64,
    sight: Sight,
    way: Way,
) -> Result<CallPage, Failure> {
    let operator = ctx.operator()?;
    ctx.require(Scope::CallsRead)?;
    let mut tx = store.begin_for(ctx).await?;
    let known = Gates::read(&mut tx, operator).await?;
    if let Some(tenant) = ask.party {
        known.ask_for_tenant(tenant)?;
    }
    // From here on a suspension waits until the register has its entries; what was closed meanwhile is read as closed.
    let tenants = known.tenants(true);
    transfers::lock_shared_all(&mut tx, tenants.iter().copied().map(TenantId), operator).await?;
    let gates = Gates::read(&mut tx, operator).await?;
    let mut open = gates.open(ask.tab == CallTab::Poor);
    open.retain(|(tenant, _)| tenants.contains(tenant));
    let whose = Whose::Operator(operator, &open);
    let lines = queries_pages::calls(&mut tx, whose, ask, limit + 1).await?;
    let show = |line: CallLine| {
        let with_quality = gates.tells_quality(&(line.tenant_id, line.country.clone()));
        ShownCall::for_operator(line, sight, with_quality)
    };
    let mut page = cut(lines, ask, limit, show);
    register(&mut tx, ctx, operator, &page.calls, &gates, way, "calls").await?;
    if way == Way::Page {
        page.total = queries_pages::count_calls(&mut tx, whose, ask).await?;
        page.parties = queries_pages::tenants_of(&mut tx, &gates.tenants(true)).await?;
        note_list(&mut tx, ctx).await?;
    }
    tx.commit().await?;
    Ok(page)
}

/// An operator's call, registered. Who had the number is the tenant's own knowledge and is not read.
///
/// # Errors
/// 403 without `calls:read`, 404, 451 while the gate is closed or when the call ended while it was, 503.
pub async fn operator_call(store: &Store, ctx: &Ctx, id: CallId, sight: Sight) -> Result<CallStory, Failure> {
    let operator = ctx.operator()?;
    ctx.require(Scope::CallsRead)?;
    let mut tx = store.begin_for(ctx).await?;
    let tenants = Gates::read(&mut tx, operator).await?.tenants(false);
    let found = queries_pages_call::operator_call(&mut tx, operator, &tenants, id).await?;
    let mut detail = found.ok_or_else(|| Problem::not_found("call"))?;
    transfers::lock_shared(&mut tx, TenantId(detail.line.tenant_id), operator).await?;
    let gates = Gates::read(&mut tx, operator).await?;
    let pair = (detail.line.tenant_id, detail.line.country.clone());
    match gates.calls.get(&pair) {
        Some(gate) if gate.open => {}
        gate => return Err(GateState::withheld(gate.and_then(|gate| gate.reason.as_deref())).into()),
    }
    if detail.withheld.is_some() {
        let why = "This call ended while the customer's consent was not in force. It is not handed over, also not later.";
        return Err(Problem::new(451, "call_withheld", why).into());
    }
    let with_quality = gates.tells_quality(&pair);
    let streams = if with_quality { Some(streams(&mut tx, &detail).await?) } else { None };
    let holding = queries_pages_call::holding_then(&mut tx, &detail).await?;
    detail.network_name = None;
    let call = ShownCall::for_operator(detail.line.clone(), sight, with_quality);
    let name = format!("calls/{id}");
    register(&mut tx, ctx, operator, std::slice::from_ref(&call), &gates, Way::Page, &name).await?;
    note_call(&mut tx, ctx, id).await?;
    tx.commit().await?;
    Ok(CallStory { call, detail, streams, holder: None, holding, personal: None })
}

async fn streams(conn: &mut PgConnection, call: &CallDetail) -> Result<Vec<StreamLine>, Failure> {
    let leg = (call.call_id.as_str(), call.leg_id.as_str(), call.line.invited_at);
    queries_calls_feed::streams(conn, TenantId(call.line.tenant_id), leg).await
}
