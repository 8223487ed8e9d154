//! What of a list of tries may be handed over through the API: a try tells whose event it was and about which number.

use std::collections::BTreeMap;
use std::collections::HashMap;

use sqlx::PgConnection;
use uuid::Uuid;

use super::AttemptView;
use super::EventType;
use super::gating::Given;
use super::gating::judge;
use super::queries_feed;
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

/// Takes everything but its place out of a try whose event is withheld, and registers the rest: one entry per customer, class and
/// basis. The first `shown` rows are answered; a further one only says that there are more. To be called in the transaction
/// that read the rows.
///
/// # Errors
/// When the database is away.
pub(super) async fn hand_over(
    conn: &mut PgConnection,
    ctx: &Ctx,
    reference: &str,
    rows: &mut [AttemptView],
    shown: usize,
) -> Result<(), Failure> {
    let operator = ctx.operator()?;
    let mut seqs: Vec<i64> = rows.iter().filter(|row| row.tenant_id.is_some()).filter_map(|row| row.seq).collect();
    seqs.sort_unstable();
    seqs.dedup();
    let mut stored: Vec<_> = queries_feed::events_at(&mut *conn, operator, &seqs).await?.into_values().collect();
    stored.sort_by_key(|event| event.seq);
    let judged: HashMap<i64, Given> =
        judge(&mut *conn, operator, stored).await?.into_iter().map(|(event, given)| (event.seq, given)).collect();
    let mut shares: BTreeMap<(Uuid, Class, bool), (Basis, i64)> = BTreeMap::new();
    for (place, row) in rows.iter_mut().enumerate() {
        let Some(tenant) = row.tenant_id else { continue };
        match row.seq.and_then(|seq| judged.get(&seq)).filter(|given| !given.withheld) {
            None => withhold(row),
            Some(given) if place < shown => {
                let winding_down = given.basis == Basis::WindDown;
                shares.entry((tenant, given.class, winding_down)).or_insert_with(|| (given.basis.clone(), 0)).1 += 1;
            }
            Some(_) => {}
        }
    }
    let entries: Vec<NewTransfer> = shares
        .into_iter()
        .map(|((tenant, class, _), (basis, records))| NewTransfer {
            tenant: TenantId(tenant),
            operator,
            direction: Direction::ToOperator,
            classes: vec![class],
            channel: Channel::Pull,
            // Nobody says whether the answer arrived.
            state: TransferState::Unconfirmed,
            records,
            period: None,
            basis,
            digest: None,
            reference: reference.to_owned(),
            actor_label: Some(ctx.actor.label().to_owned()),
            frozen_at: ctx.now(),
        })
        .collect();
    transfers::register(conn, &ctx.env, &entries).await?;
    Ok(())
}

fn withhold(row: &mut AttemptView) {
    EventType::EventWithheld.name().clone_into(&mut row.r#type);
    row.subject.clear();
    (row.tenant_id, row.response_body) = (None, None);
}
