//! What tenants and operators ask to see. A tenant sees its own calls. An operator's reads are transfers: only through open gates of
//! class `quality`, only calls that ended while the gate was open, each with its entry in the register before the answer.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;

use chrono::DateTime;
use chrono::Utc;
use chrono_tz::Tz;
use sqlx::PgConnection;
use uuid::Uuid;

use super::ask::Slice;
use super::model::Counts;
use super::model::TOO_FEW;
use super::queries;
use super::queries::DayLine;
use super::queries::Party;
use super::queries::PartyLine;
use super::queries::Place;
use super::queries::Reader;
use super::queries::SheetLine;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::Problem;
use crate::base::Scope;
use crate::base::TenantId;
use crate::store::Store;
use crate::transfers;
use crate::transfers::Channel;
use crate::transfers::Class;
use crate::transfers::Direction;
use crate::transfers::GateState;
use crate::transfers::NewTransfer;
use crate::transfers::TransferState;
use crate::transfers::View;

/// Places of one kind on a page.
const PLACES: i64 = 10;

/// What a quality page shows.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    pub parties: Vec<PartyLine>,
    pub days: Vec<DayLine>,
    /// Hour, classified calls, poor ones.
    pub hours: Vec<(DateTime<Utc>, i64, i64)>,
    pub numbers: Vec<Place>,
    pub countries: Vec<Place>,
    /// Only for tenants.
    pub networks: Vec<Place>,
    /// Whom the page can be narrowed to.
    pub choices: Vec<Party>,
    /// Customers that are left out because their gate is closed; only for operators.
    pub left_out: usize,
}

impl Figures {
    /// Everything put together.
    #[must_use]
    pub fn total(&self) -> Counts {
        let mut total = Counts::default();
        for line in &self.parties {
            total += line.counts;
        }
        total
    }

    /// Whether no call has ended in the slice.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parties.is_empty()
    }
}

async fn figures(conn: &mut PgConnection, reader: &Reader, slice: &Slice, starts: &[DateTime<Utc>]) -> Result<Figures, Failure> {
    let parties = queries::by_party(&mut *conn, reader, slice).await?;
    if parties.is_empty() {
        return Ok(Figures::default());
    }
    Ok(Figures {
        parties,
        days: queries::by_day(&mut *conn, reader, slice, starts).await?,
        hours: queries::by_hour(&mut *conn, reader, slice).await?,
        numbers: queries::worst_numbers(&mut *conn, reader, slice, TOO_FEW, PLACES).await?,
        countries: queries::worst_countries(&mut *conn, reader, slice, TOO_FEW, PLACES).await?,
        ..Figures::default()
    })
}

/// The zone in which the days of the reader's organisation begin, for pages and files alike; UTC where it is not known.
///
/// # Errors
/// 503.
pub async fn zone(store: &Store, ctx: &Ctx) -> Result<Tz, Failure> {
    let mut tx = store.begin_for(ctx).await?;
    let zone = queries::time_zone(&mut tx, ctx.org.id()).await?;
    tx.commit().await?;
    Ok(zone.and_then(|zone| zone.parse().ok()).unwrap_or(Tz::UTC))
}

/// What a tenant's page shows; `starts` are the first moments of its days.
///
/// # Errors
/// 403 without `quality:read`, 503.
pub async fn tenant_figures(store: &Store, ctx: &Ctx, slice: &Slice, starts: &[DateTime<Utc>]) -> Result<Figures, Failure> {
    let tenant = ctx.tenant()?;
    ctx.require(Scope::QualityRead)?;
    let mut tx = store.begin_for(ctx).await?;
    let mut found = figures(&mut tx, &Reader::Tenant(tenant), slice, starts).await?;
    found.networks = queries::worst_networks(&mut tx, tenant, slice, TOO_FEW, PLACES).await?;
    found.choices = queries::operators(&mut tx).await?;
    tx.commit().await?;
    Ok(found)
}

/// What an operator's page shows, registered as a view of every customer that stands in it: one summary of a customer is one
/// record.
///
/// # Errors
/// 403 without `calls:read`, 451 when one customer is asked for and its gate is closed, 404 when it is none, 503.
pub async fn operator_figures(store: &Store, ctx: &Ctx, slice: &Slice, starts: &[DateTime<Utc>]) -> Result<Figures, Failure> {
    let operator = ctx.operator()?;
    ctx.require(Scope::CallsRead)?;
    let mut tx = store.begin_for(ctx).await?;
    let gates = Gates::locked(&mut tx, operator).await?;
    if let Some(tenant) = slice.party {
        gates.ask_for(tenant)?;
    }
    let mut found = figures(&mut tx, &gates.reader(), slice, starts).await?;
    let shown: BTreeSet<Uuid> = found.parties.iter().map(|line| line.party).collect();
    for tenant in shown {
        let Some(gate) = gates.open_gate(tenant) else { continue };
        let view = View {
            tenant: TenantId(tenant),
            operator,
            classes: &[Class::Quality],
            basis: gate.basis(),
            name: "quality",
            records: 1,
        };
        transfers::register_view(&mut tx, ctx, view).await?;
    }
    let open: Vec<Uuid> = gates.open_tenants().into_iter().collect();
    found.left_out = gates.customers.len().saturating_sub(open.len());
    found.choices = queries::tenants(&mut tx, &open).await?;
    tx.commit().await?;
    Ok(found)
}

/// Lines of a file, and the names of its parties.
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    pub lines: Vec<SheetLine>,
    pub names: Vec<Party>,
}

/// A tenant's lines by day, operator and direction.
///
/// # Errors
/// 403 without `quality:read`, 503.
pub async fn tenant_sheet(store: &Store, ctx: &Ctx, slice: &Slice, starts: &[DateTime<Utc>]) -> Result<Sheet, Failure> {
    let tenant = ctx.tenant()?;
    ctx.require(Scope::QualityRead)?;
    let mut tx = store.begin_for(ctx).await?;
    let lines = queries::by_day_and_direction(&mut tx, &Reader::Tenant(tenant), slice, starts).await?;
    let names = queries::operators(&mut tx).await?;
    tx.commit().await?;
    Ok(Sheet { lines, names })
}

/// An operator's lines by day, customer and direction, registered as an export with the number of lines.
///
/// # Errors
/// 403 without `calls:read`, 451 when one customer is asked for and its gate is closed, 404 when it is none, 503.
pub async fn operator_sheet(store: &Store, ctx: &Ctx, slice: &Slice, starts: &[DateTime<Utc>]) -> Result<Sheet, Failure> {
    let operator = ctx.operator()?;
    ctx.require(Scope::CallsRead)?;
    let mut tx = store.begin_for(ctx).await?;
    let gates = Gates::locked(&mut tx, operator).await?;
    if let Some(tenant) = slice.party {
        gates.ask_for(tenant)?;
    }
    let lines = queries::by_day_and_direction(&mut tx, &gates.reader(), slice, starts).await?;
    let mut shares: BTreeMap<Uuid, i64> = BTreeMap::new();
    for line in &lines {
        *shares.entry(line.party).or_default() += 1;
    }
    let ids: Vec<Uuid> = shares.keys().copied().collect();
    let names = queries::tenants(&mut tx, &ids).await?;
    let entries = gates.entries(ctx, slice, Channel::Export, shares);
    transfers::register(&mut tx, &ctx.env, &entries).await?;
    tx.commit().await?;
    Ok(Sheet { lines, names })
}

/// The gates of an operator for quality, read under the lock that a suspension waits for.
#[derive(Clone, Debug)]
pub struct Gates {
    operator: OperatorId,
    /// Tenants with a gate of any class.
    customers: BTreeSet<Uuid>,
    gates: HashMap<(Uuid, String), GateState>,
}

impl Gates {
    /// Locks the pairs of all customers and reads their gates.
    ///
    /// # Errors
    /// 503.
    pub async fn locked(conn: &mut PgConnection, operator: OperatorId) -> Result<Self, Failure> {
        let customers: BTreeSet<Uuid> = queries::customers(&mut *conn, operator).await?.into_iter().collect();
        transfers::lock_shared_all(&mut *conn, customers.iter().copied().map(TenantId), operator).await?;
        let gates = transfers::gates_of(&mut *conn, Class::Quality).await?;
        // A customer whose first gate came after the lock was taken is seen next time.
        let own = gates.into_iter().filter(|((tenant, of, _), _)| *of == operator && customers.contains(&tenant.0));
        let gates = own.map(|((tenant, _, country), state)| ((tenant.0, country), state)).collect();
        Ok(Self { operator, customers, gates })
    }

    /// Who reads through the open ones.
    #[must_use]
    pub fn reader(&self) -> Reader {
        let open = self.gates.iter().filter(|(_, gate)| gate.open).map(|(pair, _)| pair.clone()).collect();
        Reader::Operator { operator: self.operator, open }
    }

    fn open_tenants(&self) -> BTreeSet<Uuid> {
        self.gates.iter().filter(|(_, gate)| gate.open).map(|((tenant, _), _)| *tenant).collect()
    }

    /// An open gate of a tenant: all of them stand on one consent.
    #[must_use]
    pub fn open_gate(&self, tenant: Uuid) -> Option<&GateState> {
        self.gates.iter().find(|((of, _), gate)| *of == tenant && gate.open).map(|(_, gate)| gate)
    }

    /// Refuses a tenant of which nothing may be shown.
    ///
    /// # Errors
    /// 404 for who is no customer, 451 while the gate is closed.
    pub fn ask_for(&self, tenant: Uuid) -> Result<(), Failure> {
        if !self.customers.contains(&tenant) {
            return Err(Problem::not_found("customer").into());
        }
        if self.open_gate(tenant).is_some() {
            return Ok(());
        }
        let states = self.gates.iter().filter(|((of, _), _)| *of == tenant);
        let reason = states.map(|(_, gate)| gate.reason.as_deref()).max().flatten();
        Err(GateState::withheld(reason).into())
    }

    /// Entries of the register: the records of each customer that are handed over now.
    #[must_use]
    pub fn entries(
        &self,
        ctx: &Ctx,
        slice: &Slice,
        channel: Channel,
        shares: impl IntoIterator<Item = (Uuid, i64)>,
    ) -> Vec<NewTransfer> {
        let entry = |(tenant, records): (Uuid, i64)| {
            Some(NewTransfer {
                tenant: TenantId(tenant),
                operator: self.operator,
                direction: Direction::ToOperator,
                classes: vec![Class::Quality],
                channel,
                // Nobody says whether the answer arrived.
                state: TransferState::Unconfirmed,
                records,
                period: Some((slice.from, slice.to)),
                basis: self.open_gate(tenant)?.basis(),
                digest: None,
                reference: "quality".to_owned(),
                actor_label: Some(ctx.actor.label().to_owned()),
                frozen_at: ctx.now(),
            })
        };
        shares.into_iter().filter_map(entry).collect()
    }
}
