//! The gates an operator's look at calls goes through, and what the register says of it.

use std::collections::BTreeMap;
use std::collections::HashMap;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use sqlx::PgConnection;
use uuid::Uuid;

use super::pages_reads::ShownCall;
use super::pages_reads::Way;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::Problem;
use crate::base::TenantId;
use crate::transfers;
use crate::transfers::Channel;
use crate::transfers::Class;
use crate::transfers::Direction;
use crate::transfers::GateState;
use crate::transfers::NewTransfer;
use crate::transfers::TransferState;
use crate::transfers::View;

/// The gates of an operator by tenant and country, for the classes that a look at calls touches.
#[derive(Clone, Debug, Default)]
pub(super) struct Gates {
    pub(super) calls: HashMap<(Uuid, String), GateState>,
    quality: HashMap<(Uuid, String), GateState>,
}

impl Gates {
    pub(super) async fn read(conn: &mut PgConnection, operator: OperatorId) -> Result<Self, Failure> {
        let calls = of_class(&mut *conn, operator, Class::Calls).await?;
        Ok(Self { calls, quality: of_class(conn, operator, Class::Quality).await? })
    }

    /// What may be seen; with `poor`, only where the quality of a call may be told as well.
    pub(super) fn open(&self, poor: bool) -> Vec<(Uuid, String)> {
        let open = self.calls.iter().filter(|(pair, gate)| gate.open && (!poor || self.tells_quality(pair)));
        open.map(|(pair, _)| pair.clone()).collect()
    }

    pub(super) fn tells_quality(&self, pair: &(Uuid, String)) -> bool {
        self.quality.get(pair).is_some_and(|gate| gate.open)
    }

    /// Every tenant there is or was a gate with, once.
    pub(super) fn tenants(&self, open_only: bool) -> Vec<Uuid> {
        let known = self.calls.iter().filter(|(_, gate)| gate.open || !open_only);
        let mut tenants: Vec<Uuid> = known.map(|((tenant, _), _)| *tenant).collect();
        tenants.sort_unstable();
        tenants.dedup();
        tenants
    }

    /// 404 for a stranger, 451 unless calls of this tenant may flow for at least one country.
    pub(super) fn ask_for_tenant(&self, tenant: Uuid) -> Result<(), Failure> {
        let states: Vec<&GateState> = self.calls.iter().filter(|((of, _), _)| *of == tenant).map(|(_, gate)| gate).collect();
        if states.is_empty() {
            return Err(Problem::not_found("customer").into());
        }
        if states.iter().any(|gate| gate.open) {
            return Ok(());
        }
        Err(GateState::withheld(states.iter().filter_map(|gate| gate.reason.as_deref()).max()).into())
    }
}

async fn of_class(
    conn: &mut PgConnection,
    operator: OperatorId,
    class: Class,
) -> Result<HashMap<(Uuid, String), GateState>, Failure> {
    let gates = transfers::gates_of(conn, class).await?.into_iter();
    Ok(gates.filter(|((_, of, _), _)| *of == operator).map(|((tenant, _, country), gate)| ((tenant.0, country), gate)).collect())
}

/// What goes to the operator of one tenant's calls.
struct Share {
    gate: GateState,
    records: i64,
    with_quality: bool,
    first: DateTime<Utc>,
    last: DateTime<Utc>,
}

/// Writes the register: what each tenant's share is, and on which consent.
pub(super) async fn register(
    conn: &mut PgConnection,
    ctx: &Ctx,
    operator: OperatorId,
    calls: &[ShownCall],
    gates: &Gates,
    way: Way,
    name: &str,
) -> Result<(), Failure> {
    let mut shares: BTreeMap<Uuid, Share> = BTreeMap::new();
    for call in calls {
        let at = call.line.invited_at;
        let Some(gate) = gates.calls.get(&(call.line.tenant_id, call.line.country.clone())) else { continue };
        let empty = || Share { gate: gate.clone(), records: 0, with_quality: false, first: at, last: at };
        let share = shares.entry(call.line.tenant_id).or_insert_with(empty);
        share.records += 1;
        share.with_quality |= call.quality.is_some();
        share.first = share.first.min(at);
        share.last = share.last.max(at);
    }
    let mut entries = Vec::new();
    for (tenant, share) in shares {
        let tenant = TenantId(tenant);
        let classes: &[Class] = if share.with_quality { &[Class::Calls, Class::Quality] } else { &[Class::Calls] };
        match way {
            Way::Page => {
                // A view's classes stand once it is opened: looks with and without quality are two views.
                let name = if share.with_quality { name.to_owned() } else { format!("{name} (without quality)") };
                let view = View { tenant, operator, classes, basis: share.gate.basis(), name: &name, records: share.records };
                transfers::register_view(&mut *conn, ctx, view).await?;
            }
            Way::File => entries.push(NewTransfer {
                tenant,
                operator,
                direction: Direction::ToOperator,
                classes: classes.to_vec(),
                channel: Channel::Export,
                // Nobody says whether the file arrived.
                state: TransferState::Unconfirmed,
                records: share.records,
                // Half open, as everywhere.
                period: Some((share.first, share.last + TimeDelta::microseconds(1))),
                basis: share.gate.basis(),
                digest: None,
                reference: name.to_owned(),
                actor_label: Some(ctx.actor.label().to_owned()),
                frozen_at: ctx.now(),
            }),
        }
    }
    transfers::register(conn, &ctx.env, &entries).await?;
    Ok(())
}
