//! Numbers that somebody has already, elsewhere: taken over on a tenant's first day. The platform says who has which number
//! since when; each is judged as any assignment, its operator learns of it by its event. An operator's own file never names a
//! target.

use std::collections::HashMap;
use std::collections::HashSet;

use chrono::DateTime;
use chrono::Utc;
use serde::Deserialize;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::acts;
use super::acts::Act;
use super::acts::Asked;
use super::model::Step;
use super::orders::OrderRow;
use super::queries_targets;
use super::targets;
use super::words::Category;
use crate::audit;
use crate::base::Ctx;
use crate::base::E164;
use crate::base::Failure;
use crate::base::Org;
use crate::base::Problem;
use crate::base::Scope;
use crate::base::TenantId;
use crate::notices;
use crate::store::Reach;
use crate::store::Store;

/// Rows done in one transaction.
const CHUNK: usize = 500;

/// Who has a number already.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignmentIn {
    pub e164: String,
    pub target_id: String,
    /// `primary`, `alternate` or `private`; left out: primary if the target has none, else alternate.
    #[serde(default)]
    pub category: Option<String>,
    /// Since when, RFC 3339; left out: now.
    #[serde(default)]
    pub assigned_at: Option<String>,
}

/// What became of the rows.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct AssignmentsPut {
    pub accepted: usize,
    /// It was so already.
    pub unchanged: usize,
    pub rejected: usize,
    /// `outcome` is `accepted`, `unchanged` or `rejected`.
    pub rows: Vec<OrderRow>,
}

/// A row, read.
struct Wanted {
    row: i32,
    asked: Asked,
    since: Option<DateTime<Utc>>,
}

/// Marks free numbers of the tenant as assigned since a time. Each chunk stands or falls by itself; sent again, nothing is done
/// twice.
///
/// # Errors
/// 403, 404; 422 `rows_missing`, `rows_too_many`.
pub async fn take_over(store: &Store, ctx: &Ctx, tenant: TenantId, rows: Vec<AssignmentIn>) -> Result<AssignmentsPut, Failure> {
    targets::expect_platform(ctx)?;
    let mut tx = store.begin(Reach::Tenant(tenant)).await?;
    if !queries_targets::tenant_exists(&mut tx, tenant).await? {
        return Err(Problem::not_found("tenant").into());
    }
    tx.commit().await?;
    if rows.is_empty() {
        return Err(Problem::new(422, "rows_missing", "There is no row in it. Send at least one number.").into());
    }
    targets::expect_size(rows.len())?;
    let (mut told, wanted) = read(ctx, &rows);
    for chunk in wanted.chunks(CHUNK) {
        told.extend(take_over_some(store, ctx, tenant, chunk).await?);
    }
    told.sort_by_key(|row| row.row);
    let count = |word: &str| told.iter().filter(|row| row.outcome.as_deref() == Some(word)).count();
    let put =
        AssignmentsPut { accepted: count("accepted"), unchanged: count("unchanged"), rejected: count("rejected"), rows: told };
    let mut tx = store.begin_for(ctx).await?;
    let detail = Some(json!({ "accepted": put.accepted, "unchanged": put.unchanged, "rejected": put.rejected }));
    let subject = tenant.to_string();
    let entry = audit::Entry { action: "assignments.put", subject_kind: "tenant", subject_id: &subject, detail };
    audit::record(&mut tx, ctx, entry).await?;
    tx.commit().await?;
    Ok(put)
}

/// Judges each row by itself.
fn read(ctx: &Ctx, rows: &[AssignmentIn]) -> (Vec<OrderRow>, Vec<Wanted>) {
    let (mut told, mut wanted, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
    for (row, input) in (1..).zip(rows) {
        match read_row(ctx, row, input) {
            Ok(good) if seen.insert(good.asked.e164.clone()) => wanted.push(good),
            Ok(_) => {
                let fix = "The same number stands in an earlier row. Leave one of them out.";
                told.push(rejected(row, &input.e164, ("duplicate_row", "e164", Some(input.e164.clone())), fix.to_owned()));
            }
            Err((code, field, value, fix)) => told.push(rejected(row, &input.e164, (code, field, value), fix)),
        }
    }
    (told, wanted)
}

type Wrong = (&'static str, &'static str, Option<String>, String);

fn read_row(ctx: &Ctx, row: i32, input: &AssignmentIn) -> Result<Wanted, Wrong> {
    let e164 = E164::parse(&input.e164).map_err(|error| ("e164_invalid", "e164", Some(cut(&input.e164)), error.to_string()))?;
    if input.target_id.is_empty() || input.target_id.contains('\0') {
        return Err(("value_invalid", "target_id", None, "Say which target has the number.".to_owned()));
    }
    let category = match input.category.as_deref() {
        None | Some("") => None,
        Some(word) => Some(Category::parse(word).ok_or_else(|| {
            ("value_invalid", "category", Some(cut(word)), format!("Say one of {}, or leave it out.", Category::listed()))
        })?),
    };
    let since = match input.assigned_at.as_deref() {
        None | Some("") => None,
        Some(text) => {
            let at = DateTime::parse_from_rfc3339(text)
                .map(|at| at.with_timezone(&Utc))
                .map_err(|_| ("time_invalid", "assigned_at", Some(cut(text)), "A time as in 2026-11-23T14:05:09Z.".to_owned()))?;
            if at > ctx.now() {
                return Err(("time_in_future", "assigned_at", Some(cut(text)), "A time of the past, or leave it out.".to_owned()));
            }
            Some(at)
        }
    };
    let act = Act::Assign { target_id: input.target_id.clone(), category };
    Ok(Wanted { row, asked: Asked { e164: e164.to_string(), act, version: None }, since })
}

fn cut(text: &str) -> String {
    text.chars().take(100).collect()
}

fn rejected(row: i32, e164: &str, (code, field, value): (&str, &str, Option<String>), fix: String) -> OrderRow {
    OrderRow {
        row,
        e164: e164.chars().take(64).collect(),
        outcome: Some("rejected".to_owned()),
        code: Some(code.to_owned()),
        field: Some(field.to_owned()),
        value,
        fix: Some(fix),
    }
}

fn fine(row: i32, e164: &str, outcome: &str) -> OrderRow {
    OrderRow { row, e164: e164.to_owned(), outcome: Some(outcome.to_owned()), code: None, field: None, value: None, fix: None }
}

async fn take_over_some(store: &Store, ctx: &Ctx, tenant: TenantId, chunk: &[Wanted]) -> Result<Vec<OrderRow>, Failure> {
    // The tenant's own log and timeline name the platform's client.
    let own = Ctx { org: Org::Tenant(tenant), ..ctx.with_scope(Scope::TenantAssign) };
    let asked: Vec<Asked> = chunk.iter().map(|wanted| wanted.asked.clone()).collect();
    let e164s: Vec<&str> = asked.iter().map(|asked| asked.e164.as_str()).collect();
    let mut tx = store.begin(Reach::Tenant(tenant)).await?;
    let mut judged = acts::judge(&mut tx, &ctx.env, &own, &asked).await?;
    let ended: HashMap<String, DateTime<Utc>> = queries_targets::last_ended(&mut tx, tenant, &e164s).await?;
    let mut told = Vec::with_capacity(chunk.len());
    for (wanted, judged) in chunk.iter().zip(&mut judged) {
        let e164 = wanted.asked.e164.as_str();
        told.push(match &mut judged.outcome {
            Err(refusal) => {
                rejected(wanted.row, e164, (refusal.code(), refusal.field(), refusal.value()), refusal.fix().to_owned())
            }
            Ok(Step::Same) => fine(wanted.row, e164, "unchanged"),
            Ok(Step::Next(_)) if wanted.since.zip(ended.get(e164)).is_some_and(|(since, ended)| since < *ended) => {
                judged.outcome = Ok(Step::Same);
                let fix = "Somebody else had it here until later. Send a time after that.";
                rejected(wanted.row, e164, ("time_overlaps", "assigned_at", None), fix.to_owned())
            }
            Ok(Step::Next(next)) => {
                if let (Some(assigned), Some(since)) = (&mut next.assigned, wanted.since) {
                    assigned.assigned_at = since;
                }
                fine(wanted.row, e164, "accepted")
            }
        });
    }
    acts::write_as(&mut tx, &ctx.env, &own, ctx.org.kind(), (&asked, &judged)).await?;
    tx.commit().await?;
    store.wake.wake(notices::SEAL);
    Ok(told)
}
