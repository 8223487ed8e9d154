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
use std::collections::HashSet;

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
    let gated = events.iter().filter(|event| event.kind.is_gated());
    let (countries, classes) = gated.filter_map(|event| Some((event.country.as_deref()?, class_of(event)))).unzip();
    let known = transfers::openings_held(conn, &tenants, operator, &countries, &classes).await?;
    let mut out = Vec::with_capacity(events.len());
    for event in events {
        let class = class_of(&event);
        let given = match pass(&known, &event) {
            Ok(basis) => Given { body: event.body.clone(), withheld: false, basis, class },
            Err(reason) => {
                Given { body: render_withheld(&event.id.wire(), event.seq, reason), withheld: true, basis: Basis::WindDown, class }
            }
        };
        out.push((event, given));
    }
    Ok(out)
}

type Gate = (TenantId, String, Class);
type Known = HashMap<Gate, Openings>;

fn class_of(event: &Stored) -> Class {
    event.kind.data_class().unwrap_or(Class::Numbers)
}

/// The basis on which the event may leave, or why it may not.
fn pass(known: &Known, event: &Stored) -> Result<Basis, WithheldReason> {
    let Some(tenant) = event.tenant.filter(|_| event.kind.is_gated()) else {
        return Ok(Basis::WindDown);
    };
    let country = event.country.clone().ok_or(WithheldReason::GateClosed)?;
    let gate = known.get(&(tenant, country, class_of(event))).ok_or(WithheldReason::GateClosed)?;
    gate.pass(event.opening).map_err(reason_of)
}

/// Gates read one by one and without a lock, for what only looks back.
pub(super) struct Gates {
    operator: OperatorId,
    known: Known,
    /// Of these there is a gate in `known`, or none at all.
    asked: HashSet<Gate>,
}

impl Gates {
    pub fn of(operator: OperatorId) -> Self {
        Self { operator, known: Known::new(), asked: HashSet::new() }
    }

    /// The event may leave now.
    pub async fn lets_pass(&mut self, conn: &mut PgConnection, event: &Stored) -> Result<bool, Failure> {
        if let (Some(tenant), Some(country), true) = (event.tenant, &event.country, event.kind.is_gated()) {
            let key = (tenant, country.clone(), class_of(event));
            if self.asked.insert(key.clone())
                && let Some(gate) = transfers::openings(conn, tenant, self.operator, country, key.2).await?
            {
                self.known.insert(key, gate);
            }
        }
        Ok(pass(&self.known, event).is_ok())
    }
}

fn reason_of(reason: &str) -> WithheldReason {
    match reason {
        "suspended" => WithheldReason::ConsentSuspended,
        "withdrawn" => WithheldReason::ConsentWithdrawn,
        _ => WithheldReason::GateClosed,
    }
}
