//! The contacts that customers gave for an operator: handed over while the consent is active, and registered like all else.

use std::collections::HashSet;

use sqlx::PgConnection;
use uuid::Uuid;

use super::model::CustomerRow;
use super::queries_read;
use crate::base::ConsentId;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::TenantId;
use crate::transfers;
use crate::transfers::Basis;
use crate::transfers::Channel;
use crate::transfers::Class;
use crate::transfers::Direction;
use crate::transfers::NewTransfer;
use crate::transfers::TransferState;
use crate::transfers::View;

/// Takes the contact out of rows whose consent is not active now, and registers the rest, one entry per customer: for a page that
/// shows them, or for an answer of the API. Contacts have no class of their own; they stand with the numbers. To be called in
/// the transaction that read the rows.
///
/// # Errors
/// When the database is away.
pub(super) async fn hand_over(
    conn: &mut PgConnection,
    ctx: &Ctx,
    channel: Channel,
    reference: &str,
    rows: &mut [CustomerRow],
) -> Result<(), Failure> {
    let operator = ctx.operator()?;
    let named: Vec<Uuid> = rows.iter().filter(|row| row.consent.contact.is_some()).map(|row| row.id).collect();
    if named.is_empty() {
        return Ok(());
    }
    transfers::lock_shared_all(&mut *conn, named.iter().copied().map(TenantId), operator).await?;
    let active: HashSet<Uuid> = queries_read::active_among(&mut *conn, operator, &named).await?.into_iter().collect();
    let mut entries = Vec::with_capacity(active.len());
    for row in rows.iter_mut().filter(|row| row.consent.contact.is_some()) {
        if !active.contains(&row.id) {
            row.consent.contact = None;
            continue;
        }
        let basis = Basis::Consent { id: ConsentId(row.consent.id), notice_version: row.consent.notice_version.clone() };
        let (tenant, classes) = (TenantId(row.id), [Class::Numbers]);
        if channel == Channel::Page {
            let view = View { tenant, operator, classes: &classes, basis, name: reference, records: 1 };
            transfers::register_view(&mut *conn, ctx, view).await?;
            continue;
        }
        entries.push(NewTransfer {
            tenant,
            operator,
            direction: Direction::ToOperator,
            classes: classes.to_vec(),
            channel,
            // Nobody says whether the answer arrived.
            state: TransferState::Unconfirmed,
            records: 1,
            period: None,
            basis,
            digest: None,
            reference: reference.to_owned(),
            actor_label: Some(ctx.actor.label().to_owned()),
            frozen_at: ctx.now(),
        });
    }
    transfers::register(conn, &ctx.env, &entries).await?;
    Ok(())
}
