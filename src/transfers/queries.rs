//! SQL that writes the register.

use chrono::DateTime;
use chrono::DurationRound;
use chrono::TimeDelta;
use chrono::Utc;
use sha2::Digest;
use sha2::Sha256;
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::Basis;
use super::model::Class;
use super::model::NewTransfer;
use super::model::TransferState;
use super::model::View;
use crate::audit;
use crate::base::Ctx;
use crate::base::Env;
use crate::base::Failure;
use crate::base::TenantId;
use crate::base::TransferId;
use crate::store::Chain;
use crate::store::queue_for_chain;

/// From the moment an entry that is still under way is frozen, until it may be chained. Whoever settles it or adds a view looks at
/// the clock before; its commit may come this much later and still goes into the chain.
const LATE_NEWS: TimeDelta = TimeDelta::seconds(30);
/// The same for an entry that is final as it is written.
const LATE_COMMIT: TimeDelta = TimeDelta::seconds(2);
/// A view coalesces for this long.
const VIEW_WINDOW: TimeDelta = TimeDelta::minutes(15);

/// Writes entries of the register and queues them for both chains, in one statement however many there are.
/// Call it in the transaction that claims the work, before a byte leaves. Answers the ids, in order.
///
/// # Errors
/// When the database is away.
pub async fn register(
    conn: &mut PgConnection,
    env: &Env,
    entries: &[NewTransfer],
) -> Result<Vec<(DateTime<Utc>, TransferId)>, Failure> {
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let at = env.now();
    let ids: Vec<Uuid> = entries.iter().map(|_| env.id()).collect();
    let mut cols = Columns::default();
    for entry in entries {
        cols.push(env, entry);
    }
    sqlx::query!(
        "with entry as (
           insert into transfer (tenant_id, at, id, operator_id, direction, classes, channel, state, records, period_from, period_to,
                                 basis, consent_id, notice_version, digest, ref, frozen_at, salt, actor_label)
           select t, $1, i, o, d, string_to_array(c, ','), ch, st, r, pf, pt, b, ci, nv, dg, rf, fz, sa, al
           from unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bigint[],
                       $10::timestamptz[], $11::timestamptz[], $12::text[], $13::uuid[], $14::text[], $15::bytea[], $16::text[],
                       $17::timestamptz[], $18::bytea[], $19::text[])
                as x(t, i, o, d, c, ch, st, r, pf, pt, b, ci, nv, dg, rf, fz, sa, al))
         insert into chain_pending (org_id, first_id, chain, entry_tenant, entry_at, due_at, entries)
         select org, entries[1], 'register', t, $1, f + make_interval(secs => case when f > $1 then $20::float8 else $21::float8 end), entries
         from (select t, o, f, array_agg(i) as entries
               from unnest($2::uuid[], $4::uuid[], $3::uuid[], $17::timestamptz[]) as x(t, o, i, f) group by t, o, f) as x,
              unnest(array[t, o]) as org",
        at,
        &cols.tenants,
        &ids,
        &cols.operators,
        &cols.directions,
        &cols.classes,
        &cols.channels,
        &cols.states,
        &cols.records,
        &cols.period_from as &[Option<DateTime<Utc>>],
        &cols.period_to as &[Option<DateTime<Utc>>],
        &cols.bases,
        &cols.consents as &[Option<Uuid>],
        &cols.notices as &[Option<String>],
        &cols.digests as &[Option<Vec<u8>>],
        &cols.refs,
        &cols.frozen,
        &cols.salts,
        &cols.actors as &[Option<String>],
        LATE_NEWS.as_seconds_f64(),
        LATE_COMMIT.as_seconds_f64()
    )
    .execute(conn)
    .await?;
    Ok(ids.into_iter().map(|id| (at, TransferId(id))).collect())
}

/// The entries, column by column, for `unnest`.
#[derive(Default)]
struct Columns {
    tenants: Vec<Uuid>,
    operators: Vec<Uuid>,
    directions: Vec<String>,
    classes: Vec<String>,
    channels: Vec<String>,
    states: Vec<String>,
    records: Vec<i64>,
    period_from: Vec<Option<DateTime<Utc>>>,
    period_to: Vec<Option<DateTime<Utc>>>,
    bases: Vec<String>,
    consents: Vec<Option<Uuid>>,
    notices: Vec<Option<String>>,
    digests: Vec<Option<Vec<u8>>>,
    refs: Vec<String>,
    frozen: Vec<DateTime<Utc>>,
    salts: Vec<Vec<u8>>,
    actors: Vec<Option<String>>,
}

impl Columns {
    fn push(&mut self, env: &Env, entry: &NewTransfer) {
        let (basis, consent, notice) = basis_columns(&entry.basis);
        self.tenants.push(entry.tenant.0);
        self.operators.push(entry.operator.0);
        self.directions.push(entry.direction.as_str().to_owned());
        self.classes.push(class_words(&entry.classes).join(","));
        self.channels.push(entry.channel.as_str().to_owned());
        self.states.push(entry.state.as_str().to_owned());
        self.records.push(entry.records);
        self.period_from.push(entry.period.map(|p| p.0));
        self.period_to.push(entry.period.map(|p| p.1));
        self.bases.push(basis.to_owned());
        self.consents.push(consent);
        self.notices.push(notice);
        self.digests.push(entry.digest.map(|d| d.to_vec()));
        self.refs.push(entry.reference.clone());
        self.frozen.push(entry.frozen_at);
        self.salts.push(env.bytes::<16>().to_vec());
        self.actors.push(entry.actor_label.clone());
    }
}

fn basis_columns(basis: &Basis) -> (&'static str, Option<Uuid>, Option<String>) {
    match basis {
        Basis::Consent { id, notice_version } => ("consent", Some(id.0), Some(notice_version.clone())),
        Basis::WindDown => ("wind_down", None, None),
    }
}

fn class_words(classes: &[Class]) -> Vec<String> {
    let mut words: Vec<String> = classes.iter().map(|c| c.as_str().to_owned()).collect();
    words.sort();
    words.dedup();
    words
}

/// Says how transfers ended. An entry that is frozen already keeps its state: late news changes nothing.
///
/// # Errors
/// When the database is away.
pub async fn settle(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    entries: &[(TenantId, DateTime<Utc>, TransferId, TransferState)],
) -> Result<(), Failure> {
    if entries.is_empty() {
        return Ok(());
    }
    let tenants: Vec<Uuid> = entries.iter().map(|e| e.0.0).collect();
    let ats: Vec<_> = entries.iter().map(|e| e.1).collect();
    let ids: Vec<Uuid> = entries.iter().map(|e| e.2.0).collect();
    let states: Vec<String> = entries.iter().map(|e| e.3.as_str().to_owned()).collect();
    sqlx::query!(
        // One by one, by the key: to the planner of a young month reading all of it costs less, and a month grows faster than plans are
        // made anew.
        "update transfer t set state = x.s, frozen_at = $1
         from unnest($2::uuid[], $3::timestamptz[], $4::uuid[], $5::text[]) as x(t, a, i, s)
         cross join lateral (
           select r.tableoid as part, r.ctid as place from transfer r
           where r.tenant_id = x.t and r.at = x.a and r.id = x.i and r.at between $6 and $7 offset 0) as f
         where t.tableoid = f.part and t.ctid = f.place and t.frozen_at > $1 and t.at between $6 and $7",
        now,
        &tenants,
        &ats,
        &ids,
        &states,
        ats.iter().min(),
        ats.iter().max()
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes the personal part out of entries: who asked for them. Its hash is kept, so the chains still prove. The caller writes the
/// erasure down with [`audit::record`] in the same transaction; entries without a personal part are left alone. Answers how many
/// were erased.
///
/// # Errors
/// When the database is away.
async fn take_names_out(conn: &mut PgConnection, entries: &[(TenantId, DateTime<Utc>, TransferId)]) -> Result<u64, Failure> {
    let tenants: Vec<Uuid> = entries.iter().map(|entry| entry.0.0).collect();
    let ats: Vec<DateTime<Utc>> = entries.iter().map(|entry| entry.1).collect();
    let ids: Vec<Uuid> = entries.iter().map(|entry| entry.2.0).collect();
    // The same bytes as `store::personal_hash`: length of the salt, salt, name.
    let erased = sqlx::query!(
        "update transfer t
         set personal_hash = sha256(int8send(octet_length(t.salt)::bigint) || t.salt || convert_to(coalesce(t.actor_label, ''), 'UTF8')),
             salt = null, actor_label = null
         from unnest($1::uuid[], $2::timestamptz[], $3::uuid[]) as x(t, a, i)
         where t.tenant_id = x.t and t.at = x.a and t.id = x.i and t.salt is not null",
        &tenants,
        &ats,
        &ids
    )
    .execute(conn)
    .await?;
    Ok(erased.rows_affected())
}

/// Erases the personal part of entries and appends the erasure to the log of the organisation that `ctx` acts for, naming how many
/// and a digest of which. Answers how many there were.
///
/// # Errors
/// When the database is away.
pub async fn erase(
    conn: &mut PgConnection,
    ctx: &Ctx,
    entries: &[(TenantId, DateTime<Utc>, TransferId)],
    reason: &str,
) -> Result<u64, Failure> {
    let erased = take_names_out(&mut *conn, entries).await?;
    let ids: Vec<Uuid> = entries.iter().map(|entry| entry.2.0).collect();
    audit::record_erasure(conn, ctx, "register.erase", &ids, erased, reason).await?;
    Ok(erased)
}

/// Writes or extends the entry of a page view: one per (account, tenant, operator, view, 15 min), with the number of records
/// shown in all. The operator looks at a tenant's data.
///
/// # Errors
/// When the database is away.
pub async fn register_view(conn: &mut PgConnection, ctx: &Ctx, view: View<'_>) -> Result<(), Failure> {
    let now = ctx.now();
    let at = now.duration_trunc(VIEW_WINDOW).unwrap_or(now);
    let key = format!("{}/{}/{}/{}/{}", ctx.actor.id(), view.tenant, view.operator, view.name, at.timestamp());
    let hash: [u8; 32] = Sha256::digest(key.as_bytes()).into();
    let random: [u8; 10] = std::array::from_fn(|i| hash[i]);
    let id = uuid::Builder::from_unix_timestamp_millis(u64::try_from(at.timestamp_millis()).unwrap_or(0), &random).into_uuid();
    let (basis, consent, notice) = basis_columns(&view.basis);
    let frozen = at + VIEW_WINDOW;
    let salt: [u8; 16] = ctx.env.bytes();
    let classes = class_words(view.classes);
    let fresh = sqlx::query_scalar!(
        r#"insert into transfer (tenant_id, at, id, operator_id, direction, classes, channel, state, records, basis, consent_id,
                               notice_version, ref, frozen_at, salt, actor_label)
         values ($1, $2, $3, $4, 'to_operator', $5, 'page', 'confirmed', $6, $7, $8, $9, $10, $11, $12, $13)
         on conflict (tenant_id, at, id) do update set records = transfer.records + excluded.records
         returning (salt is not distinct from $12) as "fresh!""#,
        view.tenant.0,
        at,
        id,
        view.operator.0,
        &classes,
        view.records,
        basis,
        consent,
        notice,
        view.name,
        frozen,
        &salt[..],
        ctx.actor.label()
    )
    .fetch_one(&mut *conn)
    .await?;
    if fresh {
        let orgs = [view.tenant.0, view.operator.0];
        queue_for_chain(conn, Chain::Register, &orgs, id, Some(view.tenant.0), at, frozen + LATE_NEWS).await?;
    }
    Ok(())
}
