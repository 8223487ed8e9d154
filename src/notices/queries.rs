//! SQL of the feed: what other rooms append, how it is sealed, what stands in it.

use chrono::DateTime;
use chrono::Utc;
use sqlx::PgConnection;
use uuid::Uuid;

use super::Envelope;
use super::EventType;
use super::JsonObject;
use super::floor::Sight;
use crate::base::Env;
use crate::base::EventId;
use crate::base::Failure;
use crate::base::OperatorId;
use crate::base::TenantId;

/// The feed's name in `feed_head`.
const FEED: &str = "events";
/// Events sealed per transaction at most.
const SEAL_ROWS: i64 = 500;

/// An event to be appended to an operator's feed.
#[derive(Clone, Debug)]
pub struct NewEvent {
    pub tenant: TenantId,
    pub operator: OperatorId,
    pub kind: EventType,
    /// What must stay in order: the E.164 number (`+49…`), or the id of what the event is about.
    pub subject: String,
    /// The number's own count of changes; set for every `number.*`.
    pub number_seq: Option<i64>,
    /// Country of the number, ISO 3166-1 alpha-2: whose gate a gated event passes. A gated event without one is withheld.
    pub country: Option<String>,
    pub data: JsonObject,
    /// The changed fields as they were before.
    pub previous: Option<JsonObject>,
}

/// Appends an event, in the caller's transaction (its reach must hold the tenant). After the commit wake
/// [`SEAL`](super::SEAL).
///
/// # Errors
/// When the database is away.
pub async fn emit(conn: &mut PgConnection, env: &Env, event: NewEvent) -> Result<EventId, Failure> {
    let ids = emit_all(conn, env, vec![event]).await?;
    ids.into_iter().next().ok_or_else(|| anyhow::anyhow!("one event has one id").into())
}

/// Appends events in their order, one statement however many there are. Answers their ids, in order.
///
/// # Errors
/// When the database is away.
pub async fn emit_all(conn: &mut PgConnection, env: &Env, events: Vec<NewEvent>) -> Result<Vec<EventId>, Failure> {
    if events.is_empty() {
        return Ok(Vec::new());
    }
    let now = env.now();
    let ids: Vec<Uuid> = events.iter().map(|_| env.id_at(now)).collect();
    let tenants: Vec<Uuid> = events.iter().map(|e| e.tenant.0).collect();
    let operators: Vec<Uuid> = events.iter().map(|e| e.operator.0).collect();
    let kinds: Vec<&str> = events.iter().map(|e| e.kind.name()).collect();
    let schemas: Vec<&str> = events.iter().map(|e| e.kind.schema()).collect();
    let subjects: Vec<&str> = events.iter().map(|e| e.subject.as_str()).collect();
    let number_seqs: Vec<Option<i64>> = events.iter().map(|e| e.number_seq).collect();
    let countries: Vec<Option<&str>> = events.iter().map(|e| e.country.as_deref()).collect();
    let classes: Vec<Option<&str>> = events.iter().map(|e| gated_class(e.kind)).collect();
    let data: Vec<&str> = events.iter().map(|e| e.data.as_str()).collect();
    let previous: Vec<Option<&str>> = events.iter().map(|e| e.previous.as_ref().map(JsonObject::as_str)).collect();
    // The transaction has its number before an event takes its position, as `floor` demands.
    sqlx::query!(
        "insert into event_out (tenant_id, id, operator_id, type, schema, subject, number_seq, country, class, occurred_at, data, previous,
                                opening)
         select t, i, o, ty, sc, su, ns, co, cl, $1, da, pr,
                (select g.opening from gate g where g.tenant_id = t and g.operator_id = o and g.country = co and g.class = cl)
         from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::text[], $10::text[],
                     $11::text[], $12::text[]) with ordinality as x(t, i, o, ty, sc, su, ns, co, cl, da, pr, n)
         where pg_current_xact_id() is not null
         order by n",
        now,
        &tenants,
        &ids,
        &operators,
        &kinds as &[&str],
        &schemas as &[&str],
        &subjects as &[&str],
        &number_seqs as &[Option<i64>],
        &countries as &[Option<&str>],
        &classes as &[Option<&str>],
        &data as &[&str],
        &previous as &[Option<&str>]
    )
    .execute(conn)
    .await?;
    Ok(ids.into_iter().map(EventId).collect())
}

/// The class whose gate must be open, for the types that are gated.
fn gated_class(kind: EventType) -> Option<&'static str> {
    kind.data_class().filter(|_| kind.is_gated()).map(crate::transfers::Class::as_str)
}

/// Last position of the operator's feed; 0 while it is empty. Read it before the rows it stands for: everything up to it
/// is then visible.
///
/// # Errors
/// When the database is away.
pub async fn head_seq(conn: &mut PgConnection, operator: OperatorId) -> Result<i64, Failure> {
    // The end of the feed itself is found at once; the head has a version for each seal, which a held snapshot keeps.
    let seq = sqlx::query_scalar!(
        r#"select coalesce((select seq from event where operator_id = $1 order by seq desc limit 1),
                           (select last_seq from feed_head where operator_id = $1 and feed = $2), 0) as "seq!""#,
        operator.0,
        FEED
    )
    .fetch_one(conn)
    .await?;
    Ok(seq)
}

/// A feed to be sealed, its head locked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    pub operator: OperatorId,
    /// Last position of the feed.
    pub last_seq: i64,
}

/// What a look at the unsealed events found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub sight: Sight,
    /// The feed that was sealed least recently, of those that nobody else is sealing.
    pub waiting: Option<Waiting>,
    /// An operator's first event is there and its feed has no head yet.
    pub headless: bool,
}

/// Looks at what is unsealed after a position, and locks the head of one feed. With `number` the transaction is given its number; locking
/// a head gives it one anyway.
pub(super) async fn look(conn: &mut PgConnection, floor: i64, number: bool) -> Result<Look, Failure> {
    let row = sqlx::query!(
        r#"with unsealed as materialized (
             select o.id as operator_id, w.position, exists (select from feed_head h where h.operator_id = o.id and h.feed = $1) as headed
             from operator o
             cross join lateral (select e.position from event_out e where e.operator_id = o.id and e.position > $2
                                 order by e.position limit 1) as w),
           mine as materialized (
             select h.operator_id, h.last_seq from unsealed u join feed_head h on h.operator_id = u.operator_id and h.feed = $1
             order by h.sealed_at limit 1 for update of h skip locked)
           select current_setting('concord.looked', true) is distinct from 'yes' as "fresh!", set_config('concord.looked', 'yes', false) as looked,
                  pg_snapshot_xmin(pg_current_snapshot())::text::bigint as "oldest!",
                  (case when $3 then pg_current_xact_id() end)::text::bigint as xact,
                  coalesce(pg_sequence_last_value('event_out_position_seq'::regclass), 0) as "taken!",
                  (select min(position) from unsealed) as first, exists (select from unsealed where not headed) as "headless!",
                  mine.operator_id as "operator_id?", mine.last_seq as "last_seq?"
           from (select) as one left join mine on true"#,
        FEED,
        floor,
        number
    )
    .fetch_one(conn)
    .await?;
    let waiting = row.operator_id.zip(row.last_seq);
    Ok(Look {
        sight: Sight { fresh: row.fresh, taken: row.taken, oldest: row.oldest, xact: row.xact, first: row.first },
        waiting: waiting.map(|(operator, last_seq)| Waiting { operator: OperatorId(operator), last_seq }),
        headless: row.headless,
    })
}

/// Makes the heads of feeds that have none.
pub(super) async fn make_heads(conn: &mut PgConnection) -> Result<(), Failure> {
    sqlx::query!("insert into feed_head (operator_id, feed) select id, $1::text from operator on conflict do nothing", FEED)
        .execute(conn)
        .await?;
    Ok(())
}

/// The head of one feed, made if need be, locked until the transaction ends.
async fn lock_head(conn: &mut PgConnection, operator: OperatorId) -> Result<i64, Failure> {
    sqlx::query!("insert into feed_head (operator_id, feed) values ($1, $2) on conflict do nothing", operator.0, FEED)
        .execute(&mut *conn)
        .await?;
    let seq =
        sqlx::query_scalar!("select last_seq from feed_head where operator_id = $1 and feed = $2 for update", operator.0, FEED)
            .fetch_one(conn)
            .await?;
    Ok(seq)
}

/// Moves up to 500 events of an operator, whose head is locked, from after a position into its feed. Answers how many. The position is
/// that of the look: meanwhile an event may have been committed before the first one that was seen then, and its number's next one too.
pub(super) async fn seal_rows(
    conn: &mut PgConnection,
    operator: OperatorId,
    last: i64,
    floor: i64,
    now: DateTime<Utc>,
) -> Result<i64, Failure> {
    let places = sqlx::query_scalar!(
        r#"select ctid::text as "place!" from event_out where operator_id = $1 and position > $2 order by position limit $3"#,
        operator.0,
        floor,
        SEAL_ROWS
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut rows = sqlx::query_as!(
        Unsealed,
        "delete from event_out where ctid = any($1::text[]::tid[])
         returning position, tenant_id, id, type as kind, subject, number_seq, country, class, occurred_at, data, previous,
                   opening",
        &places
    )
    .fetch_all(&mut *conn)
    .await?;
    rows.sort_by_key(|row| row.position);
    let mut sealed = Sealed::default();
    for (row, seq) in rows.into_iter().zip(last + 1..) {
        sealed.push(operator, seq, row)?;
    }
    append(conn, operator, last, now, &sealed).await?;
    Ok(i64::try_from(sealed.seqs.len()).unwrap_or(i64::MAX))
}

/// Appends one event that concerns no tenant straight to the feed, in the caller's transaction, under the head's lock.
pub(super) async fn append_own(
    conn: &mut PgConnection,
    env: &Env,
    operator: OperatorId,
    kind: EventType,
    subject: String,
    data: JsonObject,
) -> Result<i64, Failure> {
    let last = lock_head(conn, operator).await?;
    let mut sealed = Sealed::default();
    let row = Unsealed {
        position: 0,
        tenant_id: Uuid::nil(),
        id: env.id(),
        kind: kind.name().to_owned(),
        subject,
        number_seq: None,
        country: None,
        class: None,
        occurred_at: env.now(),
        data: data.as_str().to_owned(),
        previous: None,
        opening: None,
    };
    sealed.push(operator, last + 1, row)?;
    append(conn, operator, last, env.now(), &sealed).await?;
    Ok(last + 1)
}

/// A row of `event_out`; the nil tenant stands for none.
struct Unsealed {
    position: i64,
    tenant_id: Uuid,
    id: Uuid,
    kind: String,
    subject: String,
    number_seq: Option<i64>,
    country: Option<String>,
    class: Option<String>,
    occurred_at: DateTime<Utc>,
    data: String,
    previous: Option<String>,
    opening: Option<i64>,
}

/// Rows for `event`, column by column.
#[derive(Default)]
struct Sealed {
    seqs: Vec<i64>,
    ids: Vec<Uuid>,
    tenants: Vec<Option<Uuid>>,
    kinds: Vec<String>,
    subjects: Vec<String>,
    number_seqs: Vec<Option<i64>>,
    countries: Vec<Option<String>>,
    classes: Vec<Option<String>>,
    occurred: Vec<DateTime<Utc>>,
    openings: Vec<Option<i64>>,
    bodies: Vec<String>,
}

impl Sealed {
    fn push(&mut self, operator: OperatorId, seq: i64, row: Unsealed) -> Result<(), Failure> {
        let tenant_id = Some(row.tenant_id).filter(|id| !id.is_nil());
        let envelope = Envelope {
            id: EventId(row.id),
            event_type: row.kind.parse().map_err(anyhow::Error::new)?,
            seq: Some(seq),
            number_seq: row.number_seq,
            occurred_at: row.occurred_at,
            operator_id: operator,
            tenant_id: tenant_id.map(TenantId),
            data: JsonObject::parse(row.data)?,
            previous: row.previous.map(JsonObject::parse).transpose()?,
        };
        self.bodies.push(envelope.render());
        self.seqs.push(seq);
        self.ids.push(row.id);
        self.tenants.push(tenant_id);
        self.kinds.push(row.kind);
        self.subjects.push(row.subject);
        self.number_seqs.push(row.number_seq);
        self.countries.push(row.country);
        self.classes.push(row.class);
        self.occurred.push(row.occurred_at);
        self.openings.push(row.opening);
        Ok(())
    }
}

/// Writes rows and head together; `sealed_at` never goes back.
async fn append(
    conn: &mut PgConnection,
    operator: OperatorId,
    last: i64,
    now: DateTime<Utc>,
    rows: &Sealed,
) -> Result<(), Failure> {
    let count = i64::try_from(rows.seqs.len()).unwrap_or(i64::MAX);
    sqlx::query!(
        "with head as (
           update feed_head set last_seq = $3, sealed_at = greatest(sealed_at, $4) where operator_id = $1 and feed = $2
           returning sealed_at)
         insert into event (operator_id, seq, id, tenant_id, type, subject, number_seq, country, class, occurred_at, sealed_at, body,
                            opening)
         select $1, s, i, t, ty, su, ns, co, cl, oc, head.sealed_at, b, op
         from head, unnest($5::bigint[], $6::uuid[], $7::uuid[], $8::text[], $9::text[], $10::bigint[], $11::text[], $12::text[],
                           $13::timestamptz[], $14::text[], $15::bigint[]) as x(s, i, t, ty, su, ns, co, cl, oc, b, op)",
        operator.0,
        FEED,
        last + count,
        now,
        &rows.seqs,
        &rows.ids,
        &rows.tenants as &[Option<Uuid>],
        &rows.kinds,
        &rows.subjects,
        &rows.number_seqs as &[Option<i64>],
        &rows.countries as &[Option<String>],
        &rows.classes as &[Option<String>],
        &rows.occurred,
        &rows.bodies,
        &rows.openings as &[Option<i64>]
    )
    .execute(conn)
    .await?;
    Ok(())
}
