//! What of an event may be handed over now: the gate, asked under the pair's shared lock. The lock is held until the
//! transaction ends, so the register entry stands before a suspension can commit.
//!
//! **Withheld for good.** A gate counts its openings, and an event keeps the opening it was written under. It is served in full
//! while that very opening lasts. From the moment the gate closes it is served as `event.withheld`, and so it stays: on every
//! way (push, retry, pull, redeliver, recover, page), also after the gate opened again, whoever had it in full before. An
//! event that was written while the gate was closed is withheld from its first day. What an operator may know after a
//! resumption comes as one `number.snapshot` per number, written under the new opening (room `numbers`). So one id and seq goes
//! from full to withheld at most once and never back, and an acknowledgement confirms nothing that is withheld.

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
use crate::transfers::Openings;

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
    transfers::lock_shared_all(conn, tenants, operator).await?;
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
    pub known: HashMap<(TenantId, String, Class), Option<Openings>>,
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
            let gate = transfers::openings(conn, tenant, self.operator, &key.1, class).await?;
            self.known.insert(key.clone(), gate);
        }
        Ok(match self.known.get(&key) {
            Some(Some(gate)) => gate.pass(event.opening).map_err(reason_of),
            Some(None) | None => Err(WithheldReason::GateClosed),
        })
    }
}

fn reason_of(reason: &str) -> WithheldReason {
    match reason {
        "suspended" => WithheldReason::ConsentSuspended,
        "withdrawn" => WithheldReason::ConsentWithdrawn,
        _ => WithheldReason::GateClosed,
    }
}
