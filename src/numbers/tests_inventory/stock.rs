//! A random stock of numbers.

use std::collections::BTreeSet;

use chrono::DateTime;
use chrono::TimeDelta;
use chrono::Utc;
use uuid::Uuid;

use super::now;
use crate::base::OperatorId;
use crate::base::TenantId;
use crate::store::Store;

pub const COUNTRIES: [&str; 3] = ["DE", "GB", "AT"];
pub const TAGS: [&str; 3] = ["berlin-hq", "vip", "nobody has it"];

/// Chance that repeats itself (xorshift).
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 11) % u64::try_from(n).expect("small")).expect("small")
    }

    pub fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// Some of them, at least one.
    pub fn some<'a>(&mut self, all: &'a [Row]) -> Vec<&'a Row> {
        let n = 1 + self.below(40);
        (0..n).map(|_| self.of(all)).collect()
    }

    /// Something to search for that fits this row, mostly.
    pub fn search(&mut self, row: &Row, digits_only: bool) -> String {
        let digits = &row.e164[1..];
        let length = 1 + self.below(7);
        let start = self.below(digits.len() - length);
        match self.below(if digits_only { 4 } else { 8 }) {
            0 => row.e164[..3 + self.below(6)].to_owned(),
            1 | 2 => digits[start..start + length].to_owned(),
            3 => digits[digits.len() - length..].to_owned(),
            4 => row.target.map_or_else(|| "zz".to_owned(), |n| name(n).to_lowercase().chars().take(2 + self.below(9)).collect()),
            5 => row.target.map_or_else(|| "vip".to_owned(), |n| format!("user{n}@")),
            6 => (*self.of(&["reu", "demir", "d", "aylin", "user"])).to_owned(),
            _ => (*self.of(&TAGS)).to_owned(),
        }
    }
}

/// A number as it is written, with all that filters look at.
#[derive(Clone, Debug)]
pub struct Row {
    pub e164: String,
    pub operator: Uuid,
    pub country: &'static str,
    pub city: Option<&'static str>,
    pub kind: &'static str,
    pub usage: &'static str,
    pub capabilities: Vec<&'static str>,
    pub activation: &'static str,
    pub pending_since: Option<DateTime<Utc>>,
    /// `None`, or minutes from now; `i64::MAX` is for ever.
    pub quarantine: Option<i64>,
    pub reserved: bool,
    pub changed_at: DateTime<Utc>,
    /// The person who has it.
    pub target: Option<usize>,
    pub tags: Vec<&'static str>,
}

/// The name of a person.
pub fn name(n: usize) -> String {
    if n.is_multiple_of(2) { format!("Aylin {n} Demir") } else { format!("Jonas {n} Reuter") }
}

impl Row {
    /// `n` numbers that nobody has yet.
    pub fn stock(chance: &mut Chance, operators: &[OperatorId; 2], taken: &mut BTreeSet<String>, n: usize) -> Vec<Self> {
        let mut rows = Vec::new();
        while rows.len() < n {
            let row = Self::any(chance, operators);
            if taken.insert(row.e164.clone()) {
                rows.push(row);
            }
        }
        rows
    }

    fn any(chance: &mut Chance, operators: &[OperatorId; 2]) -> Self {
        let (country, area) = *chance.of(&[("DE", "+4930"), ("DE", "+4940669"), ("GB", "+44207"), ("AT", "+431"), ("DE", "+491")]);
        // Some in blocks, some anywhere, of several lengths.
        let rest = if chance.below(2) == 0 {
            format!("23{:02}{:03}", chance.below(3), chance.below(40))
        } else {
            format!("{:06}", chance.below(1_000_000)).repeat(1 + chance.below(2)).chars().take(5 + chance.below(4)).collect()
        };
        let activation =
            *chance.of(&["activated", "activated", "assignment_pending", "update_pending", "assignment_failed", "update_failed"]);
        let assigned = chance.below(2) == 0;
        Self {
            e164: format!("{area}{rest}"),
            operator: chance.of(operators).0,
            country,
            city: *chance.of(&[Some("Berlin"), Some("Hamburg"), Some("London"), None]),
            kind: *chance.of(&["geographic", "geographic", "mobile", "toll_free"]),
            usage: *chance.of(&["user", "user", "voice_app", "conference"]),
            capabilities: if chance.below(3) == 0 { vec!["inbound", "voice_app"] } else { vec!["inbound", "outbound", "user"] },
            activation,
            pending_since: activation.ends_with("pending").then(|| now() - TimeDelta::minutes(chance.minutes(90))),
            quarantine: (!assigned && chance.below(3) == 0).then(|| *chance.of(&[-50, 5000, i64::MAX])),
            reserved: !assigned && chance.below(5) == 0,
            changed_at: now() - TimeDelta::minutes(chance.minutes(60)),
            target: assigned.then(|| chance.below(150)),
            tags: TAGS[..2].iter().copied().filter(|_| chance.below(3) == 0).collect(),
        }
    }
}

impl Chance {
    fn minutes(&mut self, most: usize) -> i64 {
        i64::try_from(self.below(most)).expect("small")
    }
}

/// Writes the rows with what belongs to them, as one statement for each table.
pub async fn write(store: &Store, tenant: TenantId, rows: &[Row]) {
    let mut tx = store.begin_job().await.expect("a transaction");
    sqlx::query(
        "insert into target (tenant_id, id, kind, display_name, upn, usage_location, licensed, changed_at)
         select $1, 'u' || i, 'user', case when i % 2 = 0 then 'Aylin ' || i || ' Demir' else 'Jonas ' || i || ' Reuter' end,
                'User' || i || '@kestrel.example', 'DE', true, $2
         from generate_series(0, 150) as i on conflict do nothing",
    )
    .bind(tenant.0)
    .bind(now())
    .execute(&mut *tx)
    .await
    .expect("targets");
    for row in rows {
        let until = row.quarantine.filter(|minutes| *minutes != i64::MAX).map(|minutes| now() + TimeDelta::minutes(minutes));
        sqlx::query(
            "with made as (
               insert into number (tenant_id, e164, operator_id, country, kind, usage, capabilities, city, listed, emergency_mode,
                                   activation_state, assignment_status, quarantine_until, number_seq, pending_since, created_at, changed_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8, true, 'operator_default', $9, $10,
                       case when $11 then 'infinity'::timestamptz else $12 end, 1, $13, $14, $14)),
             held as (
               insert into assignment (tenant_id, e164, id, target_id, target_kind, target_name, category, assigned_at, assigned_seq)
               select $1, $2, gen_random_uuid(), 'u' || $15::text, 'user', 'Somebody', 'alternate', $14, 1 where $15 is not null)
             insert into number_reservation (tenant_id, e164, note, reserved_at) select $1, $2, 'Kept', $14 where $16",
        )
        .bind(tenant.0)
        .bind(&row.e164)
        .bind(row.operator)
        .bind(row.country)
        .bind(row.kind)
        .bind(row.usage)
        .bind(&row.capabilities)
        .bind(row.city)
        .bind(row.activation)
        .bind(if row.target.is_some() { "user" } else { "unassigned" })
        .bind(row.quarantine == Some(i64::MAX))
        .bind(until)
        .bind(row.pending_since)
        .bind(row.changed_at)
        .bind(row.target.map(|n| i64::try_from(n).expect("small")))
        .bind(row.reserved)
        .execute(&mut *tx)
        .await
        .expect("a number");
        sqlx::query("insert into number_tag (tenant_id, tag, e164) select $1, unnest($2::text[]), $3")
            .bind(tenant.0)
            .bind(&row.tags)
            .bind(&row.e164)
            .execute(&mut *tx)
            .await
            .expect("tags");
    }
    tx.commit().await.expect("committed");
}
