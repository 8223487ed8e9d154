//! What of an event may be handed over now: the gate, asked under the pair's shared lock. The lock is held until the
//! transaction ends, so the register entry stands before a suspension can commit.

use std::collections::BTreeSet;
use std::collections::HashMap;

use sqlx::PgConnection;

use super::WithheldReason;
use super::queries_feed::Stored;
use super::render_withheld;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::TenantId;
use crate::transfers;
use crate::transfers::Basis;
use crate::transfers::Class;
use crate::transfers::GateState;

/// An event as it is handed over.
#[derive(Clone, Debug)]
pub(super) struct Given {
    /// The sealed body, or its place alone.
    pub body: String,
    pub withheld: bool,
    pub basis: Basis,
    /// The class the register names. Consents and the like carry none of their own; they stand with the numbers.
    pub class: Class,
}

/// Judges events of one operator's feed, in order.
pub(super) async fn judge(
    conn: &mut PgConnection,
    operator: OperatorId,
    events: Vec<Stored>,
) -> Result<Vec<(Stored, Given)>, Failure> {
    let tenants: BTreeSet<TenantId> = events.iter().filter_map(|event| event.tenant).collect();
    for tenant in tenants {
        transfers::lock_shared(conn, tenant, operator).await?;
    }
    let mut gates = Gates { operator, known: HashMap::new() };
    let mut out = Vec::with_capacity(events.len());
    for event in events {
        let class = event.kind.data_class().unwrap_or(Class::Numbers);
        let open = gates.pass(conn, &event, class).await?;
        let given = match open {
            Ok(basis) => Given { body: event.body.clone(), withheld: false, basis, class },
            Err(reason) => {
                Given { body: render_withheld(&event.id.wire(), event.seq, reason), withheld: true, basis: Basis::WindDown, class }
            }
        };
        out.push((event, given));
    }
    Ok(out)
}

/// The gates read so far.
pub(super) struct Gates {
    pub operator: OperatorId,
    pub known: HashMap<(TenantId, String, Class), Option<GateState>>,
}

impl Gates {
    /// The basis on which the event may leave, or why it may not.
    pub async fn pass(
        &mut self,
        conn: &mut PgConnection,
        event: &Stored,
        class: Class,
    ) -> Result<Result<Basis, WithheldReason>, Failure> {
        let Some(tenant) = event.tenant.filter(|_| event.kind.is_gated()) else {
            return Ok(Ok(Basis::WindDown));
        };
        let Some(country) = event.country.clone() else {
            return Ok(Err(WithheldReason::GateClosed));
        };
        let key = (tenant, country, class);
        if !self.known.contains_key(&key) {
            let gate = transfers::gate(conn, tenant, self.operator, &key.1, class).await?;
            self.known.insert(key.clone(), gate);
        }
        Ok(match self.known.get(&key) {
            Some(Some(gate)) if gate.open => Ok(gate.basis()),
            Some(Some(gate)) => Err(reason_of(gate.reason.as_deref())),
            Some(None) | None => Err(WithheldReason::GateClosed),
        })
    }
}

fn reason_of(reason: Option<&str>) -> WithheldReason {
    match reason {
        Some("suspended") => WithheldReason::ConsentSuspended,
        Some("withdrawn") => WithheldReason::ConsentWithdrawn,
        Some(_) | None => WithheldReason::GateClosed,
    }
}
