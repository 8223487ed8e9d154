//! What became of the events about one subject: where they stand in the feed, and who was told when. For timelines.

use chrono::DateTime;
use chrono::Utc;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::base::EventId;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::TenantId;
use crate::transfers;
use crate::transfers::Channel;
use crate::transfers::TransferFilter;
use crate::transfers::TransferState;

/// A sealed event about a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedEvent {
    pub id: Uuid,
    pub operator_id: Uuid,
    pub seq: i64,
    pub kind: String,
    pub number_seq: Option<i64>,
    pub operator_name: String,
    pub occurred_at: DateTime<Utc>,
    pub sealed_at: DateTime<Utc>,
}

/// One try to tell the operator of an event about a subject. Nothing of the endpoint: it is the operator's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    pub event_id: Uuid,
    pub seq: Option<i64>,
    pub kind: String,
    pub operator_name: String,
    pub at: DateTime<Utc>,
    /// Which try of this event at this endpoint, from 1.
    pub number: i32,
    pub trigger: String,
    /// HTTP status; `None` when no answer came.
    pub status: Option<i16>,
    pub elapsed_ms: i32,
    pub next_at: Option<DateTime<Utc>>,
    /// Only the place of the event was handed over, as the consent did not cover it then.
    pub withheld: bool,
}

impl Delivery {
    /// Whether the endpoint took it.
    #[must_use]
    pub fn arrived(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// Whose view: a tenant over all its operators, or an operator on one tenant.
#[derive(Clone, Copy, Debug)]
pub enum Eyes {
    Tenant(TenantId),
    Operator(OperatorId, TenantId),
}

/// The newest sealed events about a subject, newest first.
///
/// # Errors
/// When the database is away.
pub async fn events_of(conn: &mut PgConnection, eyes: Eyes, subject: &str, limit: i64) -> Result<Vec<SealedEvent>, Failure> {
    Ok(match eyes {
        // Index event_tenant_subject_ix.
        Eyes::Tenant(tenant) => {
            sqlx::query_as!(
            SealedEvent,
            "select e.id, e.operator_id, e.seq, e.type as kind, e.number_seq, o.name as operator_name, e.occurred_at, e.sealed_at
                 from event e join operator o on o.id = e.operator_id
                 where e.tenant_id = $1 and e.subject = $2 order by e.seq desc limit $3",
            tenant.0,
            subject,
            limit
        )
            .fetch_all(conn)
            .await?
        }
        // Index event_subject_ix.
        Eyes::Operator(operator, tenant) => {
            sqlx::query_as!(
            SealedEvent,
            "select e.id, e.operator_id, e.seq, e.type as kind, e.number_seq, o.name as operator_name, e.occurred_at, e.sealed_at
                 from event e join operator o on o.id = e.operator_id
                 where e.operator_id = $1 and e.subject = $2 and e.tenant_id = $3 order by e.seq desc limit $4",
            operator.0,
            subject,
            tenant.0,
            limit
        )
            .fetch_all(conn)
            .await?
        }
    })
}

/// The newest tries to tell of a subject, newest first. Tests, verifications and heartbeats have no subject of a tenant.
///
/// # Errors
/// When the database is away.
pub async fn deliveries_of(conn: &mut PgConnection, eyes: Eyes, subject: &str, limit: i64) -> Result<Vec<Delivery>, Failure> {
    let (tenant, operator) = match eyes {
        Eyes::Tenant(tenant) => (tenant, None),
        Eyes::Operator(operator, tenant) => (tenant, Some(operator.0)),
    };
    // Index attempt_tenant_ix.
    let rows = sqlx::query_as!(
        Delivery,
        r#"select a.event_id, a.seq, a.type as kind, o.name as operator_name, a.at, a.number, a.trigger, a.status, a.elapsed_ms, a.next_at,
                  coalesce(t.records = 0, false) as "withheld!"
         from attempt a join operator o on o.id = a.operator_id
         left join lateral (
           -- Each try is a transfer, registered before it leaves. Index transfer_ref_ix.
           select x.records from transfer x
           where x.tenant_id = a.tenant_id and x.ref = 'evt_' || replace(a.event_id::text, '-', '') and x.operator_id = a.operator_id
             and x.channel = 'push' and x.at <= a.at and x.at > a.at - interval '1 day'
           order by x.at desc limit 1) t on true
         where a.tenant_id = $1 and a.subject = $2 and ($3::uuid is null or a.operator_id = $3) order by a.at desc limit $4"#,
        tenant.0,
        subject,
        operator,
        limit
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// How the telling of an event stands, where no endpoint has taken it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The operator's systems read it from the feed; when, as far as the register says.
    Pulled { at: Option<DateTime<Utc>> },
    /// It waits its turn, or for the next try.
    Waiting { tried: bool, next_at: Option<DateTime<Utc>> },
    /// The consent does not cover it now: `suspended`, `withdrawn`, `not_granted`.
    Withheld { reason: String },
}

/// A sealed event that no endpoint has taken, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untaken {
    pub event_id: Uuid,
    pub seq: i64,
    pub kind: String,
    pub operator_name: String,
    pub sealed_at: DateTime<Utc>,
    pub standing: Standing,
}

impl Untaken {
    /// When it came to stand so, as far as is known.
    #[must_use]
    pub fn at(&self) -> DateTime<Utc> {
        match self.standing {
            Standing::Pulled { at: Some(at) } => at,
            _ => self.sealed_at,
        }
    }
}

/// Pulls read from the register at most.
const PULLS: i64 = 1_000;

/// The newest events about a subject that no endpoint has taken, newest first. Needs a reach over the pair or the operator.
///
/// # Errors
/// When the database is away.
pub async fn untaken_of(
    conn: &mut PgConnection,
    tenant: TenantId,
    operator: OperatorId,
    subject: &str,
    limit: i64,
) -> Result<Vec<Untaken>, Failure> {
    // Index event_tenant_subject_ix. What lies behind an endpoint's cursor and is not held back was taken, also when its tries
    // are no longer kept.
    let rows = sqlx::query!(
        r#"select e.id, e.operator_id, e.seq, e.type as kind, o.name as operator_name, e.sealed_at, e.class is not null as "gated!",
                  case when e.class is not null and (g.open and g.opening = e.opening) is not true
                       then coalesce(g.reason, g.closed_for[e.opening::int], 'not_granted') end as withheld,
                  e.seq <= coalesce(f.acked_seq, 0) as "acked!",
                  exists (select from attempt a where a.operator_id = e.operator_id and a.event_id = e.id) as "tried!",
                  (select min(h.next_at) from held_event h
                   where h.operator_id = e.operator_id and h.subject = e.subject and h.seq = e.seq and h.attempt > 0) as next_at
           from event e
           join operator o on o.id = e.operator_id
           left join feed_head f on f.operator_id = e.operator_id and f.feed = 'events'
           left join gate g on g.tenant_id = e.tenant_id and g.operator_id = e.operator_id
             and g.country = e.country and g.class = e.class
           where e.operator_id = $1 and e.tenant_id = $2 and e.subject = $3
             and not exists (select from attempt a where a.operator_id = e.operator_id and a.event_id = e.id
                               and a.status between 200 and 299)
             and not exists (select from event_taken t where t.operator_id = e.operator_id and t.seq = e.seq)
           order by e.seq desc limit $4"#,
        operator.0,
        tenant.0,
        subject,
        limit
    )
    .fetch_all(&mut *conn)
    .await?;
    let oldest = rows.iter().filter(|row| row.acked).map(|row| row.sealed_at).min();
    let pulls = match oldest {
        Some(from) => pulls(conn, tenant, operator, from).await?,
        None => Vec::new(),
    };
    Ok(rows
        .into_iter()
        .map(|row| {
            let covers = |pull: &&Pull| pull.covers(row.id, row.seq) && (pull.with_consent || !row.gated);
            let read = pulls.iter().filter(covers).map(|pull| pull.at).min();
            let standing = match (row.acked, read, row.withheld) {
                (true, Some(at), _) => Standing::Pulled { at: Some(at) },
                (true, None, None) => Standing::Pulled { at: None },
                (_, _, Some(reason)) => Standing::Withheld { reason },
                (false, _, None) => Standing::Waiting { tried: row.tried, next_at: row.next_at },
            };
            Untaken {
                event_id: row.id,
                seq: row.seq,
                kind: row.kind,
                operator_name: row.operator_name,
                sealed_at: row.sealed_at,
                standing,
            }
        })
        .collect())
}

/// A confirmed pull as the register has it.
struct Pull {
    at: DateTime<Utc>,
    reference: String,
    with_consent: bool,
}

impl Pull {
    fn covers(&self, event: Uuid, seq: i64) -> bool {
        match self.reference.strip_prefix("events/").and_then(|range| range.split_once('-')) {
            Some((first, last)) => {
                let bounds = first.parse::<i64>().ok().zip(last.parse::<i64>().ok());
                bounds.is_some_and(|(first, last)| (first..=last).contains(&seq))
            }
            None => EventId::from_wire(&self.reference) == Some(EventId(event)),
        }
    }
}

async fn pulls(conn: &mut PgConnection, tenant: TenantId, operator: OperatorId, from: DateTime<Utc>) -> Result<Vec<Pull>, Failure> {
    let filter = TransferFilter {
        from: Some(from),
        tenant: Some(tenant),
        operator: Some(operator),
        channel: Some(Channel::Pull),
        state: Some(TransferState::Confirmed),
        ..TransferFilter::default()
    };
    let rows = transfers::list(conn, &filter, None, PULLS).await?;
    let pull = |row: transfers::TransferRow| Pull { at: row.at, with_consent: row.consent_id.is_some(), reference: row.reference };
    Ok(rows.into_iter().map(pull).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pull_covers_its_range_or_its_event() {
        let id = Uuid::from_u128(77);
        let pull = |reference: &str| Pull { at: DateTime::UNIX_EPOCH, reference: reference.to_owned(), with_consent: true };
        assert!(pull("events/3-9").covers(id, 3) && pull("events/3-9").covers(id, 9));
        assert!(!pull("events/3-9").covers(id, 2) && !pull("events/3-9").covers(id, 10));
        assert!(pull(&EventId(id).wire()).covers(id, 1) && !pull(&EventId(Uuid::from_u128(78)).wire()).covers(id, 1));
        for odd in ["events/", "events/a-b", "numbers/+49", ""] {
            assert!(!pull(odd).covers(id, 1), "{odd}");
        }
    }
}
