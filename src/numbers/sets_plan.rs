//! What the rows of a change set ask for: read each by itself, whom and what they name looked up, kept, and read again.

use std::collections::HashMap;
use std::collections::HashSet;

use serde_json::Map;
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::acts::Act;
use super::acts::Asked;
use super::model_sets;
use super::model_sets::Plan;
use super::model_sets::SetAction;
use super::order_rows::Verdict;
use super::order_rows::without_nul;
use super::queries_sets_rows as rows;
use super::queries_sets_rows::NewRow;
use super::queries_sets_rows::Said;
use super::queries_sets_rows::Todo;
use super::words::Category;
use super::words::Usage;
use crate::base::Failure;
use crate::base::TenantId;

/// The number of a row and what is planned for it, or why the row cannot be read.
type Read = Result<(String, Plan), Verdict>;

/// Reads each row by itself and looks up whom and what it names.
pub(super) async fn plan(
    conn: &mut PgConnection,
    tenant: TenantId,
    action: SetAction,
    defaults: &Map<String, Value>,
    inputs: Vec<Value>,
) -> Result<Vec<NewRow>, Failure> {
    let mut read: Vec<(Value, Read)> = Vec::with_capacity(inputs.len());
    let mut seen = HashSet::new();
    for mut input in inputs {
        without_nul(&mut input);
        let row = model_sets::read_row(action, defaults, &input).and_then(|(e164, plan)| {
            if seen.insert(e164.to_string()) {
                return Ok((e164.to_string(), plan));
            }
            let fix = "The same number stands in an earlier row. Leave one of them out.";
            Err(Verdict::new("duplicate_row", "e164", Some(e164.as_str()), fix))
        });
        read.push((input, row));
    }
    let named: HashSet<&str> = read
        .iter()
        .filter_map(|(_, row)| match row {
            Ok((_, Plan::Assign { target_id, .. })) => Some(target_id.as_str()),
            _ => None,
        })
        .collect();
    let named: Vec<String> = named.into_iter().map(str::to_owned).collect();
    let targets = if named.is_empty() { HashMap::new() } else { rows::target_ids(conn, tenant, &named).await? };
    let places = match action {
        SetAction::SetEmergencyLocation => rows::location_ids(conn, tenant).await?,
        _ => HashMap::new(),
    };
    (1..).zip(read).map(|(row, (input, read))| new_row(row, input, read, &targets, &places)).collect()
}

fn new_row(
    row: i32,
    input: Value,
    read: Read,
    targets: &HashMap<String, String>,
    places: &HashMap<String, Uuid>,
) -> Result<NewRow, Failure> {
    let sent = input.as_str().or_else(|| input.get("e164").and_then(Value::as_str)).unwrap_or_default();
    let sent = sent.chars().take(64).collect();
    let looked_up = read.and_then(|(e164, plan)| match plan {
        Plan::Assign { target_id, category } => {
            let id = targets.get(&target_id).or_else(|| targets.get(&target_id.to_lowercase()));
            // Who is not found is judged as unknown, like everywhere.
            Ok((e164, Plan::Assign { target_id: id.cloned().unwrap_or(target_id), category }))
        }
        Plan::SetEmergencyLocation { named: Some(name), .. } => match places.get(&name.trim().to_lowercase()) {
            Some(id) => Ok((e164, Plan::SetEmergencyLocation { location: Some(*id), named: None })),
            None => {
                let fix = "Use the id or the name of a location in your address book.";
                Err(Verdict::new("emergency_location_unknown", "emergency_location", Some(&name), fix))
            }
        },
        plan => Ok((e164, plan)),
    });
    Ok(match looked_up {
        Ok((e164, plan)) => {
            let act = serde_json::to_value(&plan).map_err(anyhow::Error::new)?;
            NewRow { row, e164, input, act: Some(act), said: None }
        }
        Err(verdict) => NewRow { row, e164: sent, input, act: None, said: Some(refused_row(&verdict)) },
    })
}

fn refused_row(verdict: &Verdict) -> Said {
    Said {
        verdict: "refused",
        code: Some(verdict.code.to_owned()),
        field: Some(verdict.field.to_owned()),
        value: verdict.value.clone(),
        reason: None,
        fix: Some(verdict.fix.clone()),
    }
}

/// What the kept rows ask for.
pub(super) fn asked(todo: &[Todo]) -> Result<Vec<Asked>, Failure> {
    todo.iter().map(|row| Ok(Asked { e164: row.e164.clone(), act: act(&row.act)?, version: None })).collect()
}

/// A kept plan as an act.
pub(super) fn act(kept: &Value) -> Result<Act, Failure> {
    let plan: Plan = serde_json::from_value(kept.clone()).map_err(anyhow::Error::new)?;
    Ok(match plan {
        Plan::Assign { target_id, category } => Act::Assign { target_id, category: category.as_deref().and_then(Category::parse) },
        Plan::Unassign { quarantine_days } => Act::Unassign { quarantine_days },
        Plan::SetUsage { usage } => {
            let usage = Usage::parse(&usage).ok_or_else(|| anyhow::anyhow!("a kept row has an unknown usage"))?;
            Act::SetUsage { usage }
        }
        Plan::Tag { tags } => Act::Tag { tags },
        Plan::Untag { tags } => Act::Untag { tags },
        Plan::SetEmergencyLocation { location, .. } => Act::SetEmergencyLocation { location },
        Plan::RequestRelease { note } => Act::RequestRelease { note },
    })
}
