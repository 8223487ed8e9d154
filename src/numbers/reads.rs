//! What tenants and operators ask to see. An operator's reads of tenants' numbers are transfers: only through open gates, each
//! with its entry in the register before the answer.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::collections::HashSet;

use chrono::DateTime;
use chrono::Utc;
use sqlx::PgConnection;
use uuid::Uuid;

use super::model_list::NumberAsk;
use super::model_list::NumberLine;
use super::model_list::OperatorAsk;
use super::model_list::OperatorLine;
use super::model_list::Place;
use super::pasted;
use super::pasted::Listed;
use super::queries_detail;
use super::queries_detail::NumberDetail;
use super::queries_filter::Tally;
use super::queries_list;
use super::queries_list::NumberPage;
use super::queries_number_lists;
use super::queries_operator;
use super::queries_operator::TenantChoice;
use crate::base::Ctx;
use crate::base::E164;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::Problem;
use crate::base::Scope;
use crate::base::TenantId;
use crate::notices;
use crate::store::Store;
use crate::transfers;
use crate::transfers::Channel;
use crate::transfers::Class;
use crate::transfers::Direction;
use crate::transfers::GateState;
use crate::transfers::NewTransfer;
use crate::transfers::TransferState;
use crate::transfers::View;

/// A page of the tenant's list with what stands around it, in a transaction of `ctx`.
///
/// # Errors
/// 403 without `tenant:read`, 503.
pub async fn tenant_page(conn: &mut PgConnection, ctx: &Ctx, ask: &NumberAsk, limit: i64) -> Result<NumberPage, Failure> {
    let tenant = ctx.tenant()?;
    ctx.require(Scope::TenantRead)?;
    let mut page = queries_list::number_page(&mut *conn, tenant, ask, limit, ctx.now()).await?;
    if let Some((numbers, unread)) = pasted::of(&mut *conn, tenant.0, &ask.filter.stock).await? {
        let unknown = queries_number_lists::unknown_to_tenant(conn, tenant, &numbers).await?;
        page.around.listed = Some(Listed { numbers: numbers.len(), unknown, unread });
    }
    Ok(page)
}

/// At most `limit` rows of the tenant's list.
///
/// # Errors
/// 403 without `tenant:read`, 503.
pub async fn tenant_numbers(store: &Store, ctx: &Ctx, ask: &NumberAsk, limit: i64) -> Result<Vec<NumberLine>, Failure> {
    let tenant = ctx.tenant()?;
    ctx.require(Scope::TenantRead)?;
    let mut tx = store.begin_for(ctx).await?;
    let lines = queries_list::numbers(&mut tx, tenant, ask, limit, ctx.now()).await?;
    tx.commit().await?;
    Ok(lines)
}

/// How many numbers the tenant's list holds, 10,001 at most.
///
/// # Errors
/// 403 without `tenant:read`, 503.
pub async fn tenant_count(store: &Store, ctx: &Ctx, ask: &NumberAsk) -> Result<i64, Failure> {
    let tenant = ctx.tenant()?;
    ctx.require(Scope::TenantRead)?;
    let mut tx = store.begin_for(ctx).await?;
    let count = queries_list::count(&mut tx, tenant, ask, ctx.now()).await?;
    tx.commit().await?;
    Ok(count)
}

/// One number of the tenant.
///
/// # Errors
/// 403 without `tenant:read`, 404, 503.
pub async fn tenant_number(store: &Store, ctx: &Ctx, e164: &E164) -> Result<NumberDetail, Failure> {
    let tenant = ctx.tenant()?;
    ctx.require(Scope::TenantRead)?;
    let mut tx = store.begin_for(ctx).await?;
    let found = queries_detail::number_detail(&mut tx, tenant, e164).await?;
    tx.commit().await?;
    found.ok_or_else(|| Problem::not_found("number").into())
}

/// A number of an address; 404 when it cannot be one.
///
/// # Errors
/// 404.
pub fn number_param(text: &str) -> Result<E164, Failure> {
    E164::parse(text).map_err(|_| Problem::not_found("number").into())
}

/// How an operator gets to see numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A page; views coalesce.
    Page,
    /// A machine call or a file; one entry per request and tenant.
    Call(Channel),
}

/// The gates of an operator for numbers, by tenant and country.
#[derive(Clone, Debug, Default)]
pub struct Gates(HashMap<(Uuid, String), GateState>);

impl Gates {
    async fn read(conn: &mut PgConnection, operator: OperatorId) -> Result<Self, Failure> {
        let gates = transfers::gates_of(conn, Class::Numbers).await?;
        let own = gates.into_iter().filter(|((_, of, _), _)| *of == operator);
        Ok(Self(own.map(|((tenant, _, country), state)| ((tenant.0, country), state)).collect()))
    }

    fn open(&self) -> Vec<(Uuid, String)> {
        self.0.iter().filter(|(_, state)| state.open).map(|(pair, _)| pair.clone()).collect()
    }

    fn of(&self, line: &OperatorLine) -> Option<&GateState> {
        self.0.get(&(line.tenant_id, line.country.clone()))
    }

    /// 451 unless numbers of this tenant may flow for at least one country.
    fn ask_for_tenant(&self, tenant: Uuid) -> Result<(), Failure> {
        let mut states = self.0.iter().filter(|((of, _), _)| *of == tenant).map(|(_, state)| state).peekable();
        if states.peek().is_none() {
            return Err(Problem::not_found("customer").into());
        }
        let mut reason = None;
        for state in states {
            if state.open {
                return Ok(());
            }
            reason = reason.max(state.reason.as_deref());
        }
        Err(GateState::withheld(reason).into())
    }
}

/// A page of an operator's numbers.
#[derive(Clone, Debug, Default)]
pub struct OperatorPage {
    pub lines: Vec<OperatorLine>,
    /// The place in front of the page, when there are rows before it.
    pub previous: Option<Place>,
    /// The place behind the page, when there are more: of the last row read, shown or not.
    pub next: Option<Place>,
    /// Position of the feed from which `GET /events` goes on without a gap.
    pub events_after: i64,
    /// How many the filters find; only for pages.
    pub total: Tally,
    /// Customers whose gate is open; only for pages.
    pub tenants: Vec<TenantChoice>,
    /// Countries of open gates; only for pages.
    pub countries: Vec<String>,
    /// What became of a pasted list; only for pages.
    pub listed: Option<Listed>,
}

/// A page of `limit` numbers of an operator, over all tenants with an open gate, registered.
///
/// # Errors
/// 403 without `numbers:read`, 451 when one tenant is asked for and its gate is closed, 503.
pub async fn operator_page(store: &Store, ctx: &Ctx, ask: &OperatorAsk, limit: i64, way: Way) -> Result<OperatorPage, Failure> {
    let operator = ctx.operator()?;
    ctx.require(Scope::NumbersRead)?;
    let mut tx = store.begin_for(ctx).await?;
    // Before the list: a change in between is then in both, never in neither.
    let events_after = notices::head_seq(&mut tx, operator).await?;
    let gates = Gates::read(&mut tx, operator).await?;
    if let Some(tenant) = ask.tenant {
        gates.ask_for_tenant(tenant)?;
    }
    let open = gates.open();
    let now = ctx.now();
    let mut lines = queries_operator::operator_numbers(&mut tx, operator, ask, &open, limit + 1, now).await?;
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = lines.len() > most;
    lines.truncate(most);
    let (backwards, place) = ask.reading();
    if backwards {
        lines.reverse();
    }
    let (earlier, later) = if backwards { (more, true) } else { (place.is_some(), more) };
    let next = lines.last().filter(|_| later).map(|line| ask.place_of(line));
    let previous = lines.first().filter(|_| earlier).map(|line| ask.place_of(line));
    let lines = hand_over(&mut tx, ctx, operator, lines, way, "numbers").await?;
    let mut page = OperatorPage { lines, previous, next, events_after, ..OperatorPage::default() };
    if way == Way::Page {
        stand_around(&mut tx, operator, ask, open, now, &mut page).await?;
    }
    tx.commit().await?;
    Ok(page)
}

/// What only a page shows: how many there are, what can be chosen, what became of a pasted list.
async fn stand_around(
    conn: &mut PgConnection,
    operator: OperatorId,
    ask: &OperatorAsk,
    open: Vec<(Uuid, String)>,
    now: DateTime<Utc>,
    page: &mut OperatorPage,
) -> Result<(), Failure> {
    let shown = page.lines.len();
    page.total = if page.previous.is_some() || page.next.is_some() {
        queries_operator::count_operator_numbers(&mut *conn, operator, ask, &open, shown, now).await?
    } else {
        Tally::Exactly(i64::try_from(shown).unwrap_or(i64::MAX))
    };
    if let Some((numbers, unread)) = pasted::of(&mut *conn, operator.0, &ask.stock).await? {
        let unknown = queries_number_lists::unknown_to_operator(&mut *conn, operator, &open, &numbers).await?;
        page.listed = Some(Listed { numbers: numbers.len(), unknown, unread });
    }
    let (mut ids, mut countries): (Vec<Uuid>, Vec<String>) = open.into_iter().unzip();
    ids.sort_unstable();
    ids.dedup();
    countries.sort_unstable();
    countries.dedup();
    page.countries = countries;
    page.tenants = queries_operator::tenant_choices(conn, &ids).await?;
    Ok(())
}

/// One number of an operator, registered.
///
/// # Errors
/// 403 without `numbers:read`, 404, 451 while the gate is closed, 503.
pub async fn operator_number(store: &Store, ctx: &Ctx, e164: &E164, way: Way) -> Result<OperatorLine, Failure> {
    let operator = ctx.operator()?;
    ctx.require(Scope::NumbersRead)?;
    let mut tx = store.begin_for(ctx).await?;
    let line = operator_number_in(&mut tx, ctx, operator, e164, way, "").await?;
    tx.commit().await?;
    Ok(line)
}

/// [`operator_number`] inside a transaction; `part` is what of it is read, for the register.
///
/// # Errors
/// 404, 451, 503.
pub async fn operator_number_in(
    conn: &mut PgConnection,
    ctx: &Ctx,
    operator: OperatorId,
    e164: &E164,
    way: Way,
    part: &str,
) -> Result<OperatorLine, Failure> {
    let found = queries_operator::operator_number(&mut *conn, operator, e164).await?;
    let line = found.ok_or_else(|| Problem::not_found("number"))?;
    let tenant = TenantId(line.tenant_id);
    transfers::lock_shared(&mut *conn, tenant, operator).await?;
    let gate = transfers::gate(&mut *conn, tenant, operator, &line.country, Class::Numbers).await?;
    let gate = match gate {
        Some(gate) if gate.open => gate,
        gate => return Err(closed(gate.as_ref())),
    };
    let reference = format!("numbers/{e164}{part}");
    note(&mut *conn, ctx, operator, &[(tenant, gate, 1)], way, &reference).await?;
    Ok(line)
}

fn closed(gate: Option<&GateState>) -> Failure {
    GateState::withheld(gate.and_then(|gate| gate.reason.as_deref())).into()
}

/// Keeps what may be seen now, under the lock that a suspension waits for, and writes the register.
async fn hand_over(
    conn: &mut PgConnection,
    ctx: &Ctx,
    operator: OperatorId,
    mut lines: Vec<OperatorLine>,
    way: Way,
    reference: &str,
) -> Result<Vec<OperatorLine>, Failure> {
    if lines.is_empty() {
        return Ok(lines);
    }
    let mut tenants: Vec<Uuid> = lines.iter().map(|line| line.tenant_id).collect();
    tenants.sort_unstable();
    tenants.dedup();
    transfers::lock_shared_all(&mut *conn, tenants.iter().copied().map(TenantId), operator).await?;
    let gates = Gates::read(&mut *conn, operator).await?;
    lines.retain(|line| gates.of(line).is_some_and(|gate| gate.open));
    let mut shares: BTreeMap<Uuid, (GateState, i64)> = BTreeMap::new();
    for line in &lines {
        if let Some(gate) = gates.of(line) {
            shares.entry(line.tenant_id).or_insert_with(|| (gate.clone(), 0)).1 += 1;
        }
    }
    let shares: Vec<_> = shares.into_iter().map(|(tenant, (gate, records))| (TenantId(tenant), gate, records)).collect();
    note(&mut *conn, ctx, operator, &shares, way, reference).await?;
    Ok(lines)
}

/// The (tenant, country) pairs among these, each with its count, that may be counted for the operator now; registered.
///
/// # Errors
/// 503.
pub async fn hand_over_counts(
    conn: &mut PgConnection,
    ctx: &Ctx,
    operator: OperatorId,
    pairs: Vec<(Uuid, String, i64)>,
    way: Way,
    reference: &str,
) -> Result<HashSet<(Uuid, String)>, Failure> {
    let tenants: BTreeSet<Uuid> = pairs.iter().map(|(tenant, ..)| *tenant).collect();
    transfers::lock_shared_all(&mut *conn, tenants.into_iter().map(TenantId), operator).await?;
    let gates = Gates::read(&mut *conn, operator).await?;
    let mut shares: BTreeMap<Uuid, (GateState, i64)> = BTreeMap::new();
    let mut open = HashSet::new();
    for (tenant, country, count) in pairs {
        let pair = (tenant, country);
        if let Some(gate) = gates.0.get(&pair).filter(|gate| gate.open) {
            shares.entry(tenant).or_insert_with(|| (gate.clone(), 0)).1 += count;
            open.insert(pair);
        }
    }
    let shares: Vec<_> = shares.into_iter().map(|(tenant, (gate, count))| (TenantId(tenant), gate, count)).collect();
    note(conn, ctx, operator, &shares, way, reference).await?;
    Ok(open)
}

/// Writes the register: what each tenant's share is, and on which consent.
pub(super) async fn note(
    conn: &mut PgConnection,
    ctx: &Ctx,
    operator: OperatorId,
    shares: &[(TenantId, GateState, i64)],
    way: Way,
    reference: &str,
) -> Result<(), Failure> {
    match way {
        Way::Page => {
            for (tenant, gate, records) in shares {
                let view = View {
                    tenant: *tenant,
                    operator,
                    classes: &[Class::Numbers],
                    basis: gate.basis(),
                    name: reference,
                    records: *records,
                };
                transfers::register_view(&mut *conn, ctx, view).await?;
            }
        }
        Way::Call(channel) => {
            let now = ctx.now();
            let entry = |(tenant, gate, records): &(TenantId, GateState, i64)| NewTransfer {
                tenant: *tenant,
                operator,
                direction: Direction::ToOperator,
                classes: vec![Class::Numbers],
                channel,
                // Nobody says whether the answer arrived.
                state: TransferState::Unconfirmed,
                records: *records,
                period: None,
                basis: gate.basis(),
                digest: None,
                reference: reference.to_owned(),
                actor_label: Some(ctx.actor.label().to_owned()),
                frozen_at: now,
            };
            let entries: Vec<NewTransfer> = shares.iter().map(entry).collect();
            transfers::register(conn, &ctx.env, &entries).await?;
        }
    }
    Ok(())
}

/// The tenants whose gate for numbers is open for at least one country, by name: who numbers can be provided to.
///
/// # Errors
/// 503.
pub async fn open_tenants(conn: &mut PgConnection, operator: OperatorId) -> Result<Vec<TenantChoice>, Failure> {
    let mut ids: Vec<Uuid> = Gates::read(&mut *conn, operator).await?.open().into_iter().map(|(tenant, _)| tenant).collect();
    ids.sort_unstable();
    ids.dedup();
    queries_operator::tenant_choices(conn, &ids).await
}
