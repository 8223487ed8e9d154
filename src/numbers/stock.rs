//! Stock: how many numbers are free in each group of them, how long they last at the present pace, and which groups are low.
//!
//! A group is an operator (for operators: a customer), a country, an area and a kind of number. The area is the city. The
//! pace is what was assigned less what came back in the last 90 days, of numbers still in stock; numbers taken over from
//! elsewhere as already assigned do not count. A group is low when less than its share is free: 10 %, or what the tenant says.

use chrono::TimeDelta;
use serde::Serialize;
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::queries_stock_groups as queries;
use super::reads;
use super::reads::Way;
use crate::audit;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::Problem;
use crate::base::Scope;
use crate::base::TenantId;
use crate::store::Store;

/// The share of free numbers, in percent, below which a group is low, unless the tenant says another.
pub const USUAL: i32 = 10;
/// Over which days the pace is measured.
pub const PACE_DAYS: i64 = 90;

/// The numbers of one group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    /// The other side: the operator for a tenant, the tenant for an operator.
    #[serde(skip)]
    pub party: Uuid,
    #[serde(rename = "party")]
    pub party_name: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// The city; empty for numbers of none.
    pub area: String,
    pub kind: String,
    pub total: i64,
    pub assigned: i64,
    pub quarantined: i64,
    /// Kept by the tenant for somebody; operators do not see it and read 0.
    pub reserved: i64,
    pub free: i64,
    /// Assigned within the days of the pace.
    pub begun: i64,
    /// Given back within the days of the pace.
    pub ended: i64,
    /// The share below which it is low, in percent, where the tenant chose one.
    pub percent: Option<i32>,
}

impl Group {
    /// Less is free than should be.
    #[must_use]
    pub fn low(&self) -> bool {
        self.free.saturating_mul(100) < self.total.saturating_mul(self.percent.unwrap_or(USUAL).into())
    }

    /// For how many days the free numbers last at the present pace; `None` when no more are assigned than given back.
    #[must_use]
    pub fn days_left(&self) -> Option<i64> {
        let pace = self.begun - self.ended;
        (pace > 0).then(|| self.free.saturating_mul(PACE_DAYS) / pace)
    }

    /// What names the group.
    #[must_use]
    pub fn key(&self) -> GroupKey {
        GroupKey { party: self.party, country: self.country.clone(), area: self.area.clone(), kind: self.kind.clone() }
    }
}

/// What names a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupKey {
    pub party: Uuid,
    pub country: String,
    pub area: String,
    pub kind: String,
}

impl GroupKey {
    /// As it stands in an address: `party/country/kind/area`.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}/{}/{}/{}", self.party, self.country, self.kind, self.area)
    }

    /// Reads what [`text`](Self::text) wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(4, '/');
        let (party, country, kind, area) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        Some(Self { party: Uuid::try_parse(party).ok()?, country: country.into(), area: area.into(), kind: kind.into() })
    }
}

/// The tenant's groups, low ones first, then by party, country, area and kind.
///
/// # Errors
/// 403 without `tenant:read`.
pub async fn tenant_stock(store: &Store, ctx: &Ctx) -> Result<Vec<Group>, Failure> {
    let tenant = ctx.tenant()?;
    ctx.require(Scope::TenantRead)?;
    let mut tx = store.begin_for(ctx).await?;
    let since = ctx.now() - TimeDelta::days(PACE_DAYS);
    let mut groups = queries::of_tenant(&mut tx, tenant, ctx.now(), since).await?;
    tx.commit().await?;
    groups.sort_by_key(|group| !group.low());
    Ok(groups)
}

/// How many of the tenant's groups are low, for its overview.
///
/// # Errors
/// When the database is away.
pub async fn low_groups(conn: &mut PgConnection, ctx: &Ctx, tenant: TenantId) -> Result<i64, Failure> {
    queries::low_groups(conn, tenant, ctx.now(), USUAL).await
}

/// An operator's groups, of the customers and countries whose gate is open; registered.
///
/// # Errors
/// 403 without `numbers:read`.
pub async fn operator_stock(store: &Store, ctx: &Ctx, way: Way) -> Result<Vec<Group>, Failure> {
    let operator = ctx.operator()?;
    ctx.require(Scope::NumbersRead)?;
    let mut tx = store.begin_for(ctx).await?;
    let since = ctx.now() - TimeDelta::days(PACE_DAYS);
    let groups = queries::of_operator(&mut tx, operator, ctx.now(), since).await?;
    let pairs = groups.iter().map(|group| (group.party, group.country.clone(), group.total)).collect();
    let open = reads::hand_over_counts(&mut tx, ctx, operator, pairs, way, "stock").await?;
    tx.commit().await?;
    let mut groups: Vec<Group> = groups.into_iter().filter(|group| open.contains(&(group.party, group.country.clone()))).collect();
    groups.sort_by_key(|group| !group.low());
    Ok(groups)
}

/// Sets the share of a group; empty: the usual one again.
///
/// # Errors
/// 403 without `tenant:assign`, 422 `percent_invalid`.
pub async fn set_threshold(store: &Store, ctx: &Ctx, key: &GroupKey, percent: &str) -> Result<(), Failure> {
    let tenant = ctx.tenant()?;
    ctx.require(Scope::TenantAssign)?;
    let percent = match percent.trim() {
        "" => None,
        text => Some(text.parse::<i32>().ok().filter(|percent| (0..=100).contains(percent)).ok_or_else(|| {
            let problem = Problem::new(422, "percent_invalid", "A share is 0 to 100 percent.");
            problem.field("percent", "percent_invalid", None, "A whole number from 0 to 100, or nothing for the usual share.")
        })?),
    };
    let mut tx = store.begin_for(ctx).await?;
    if !queries::known(&mut tx, tenant, key).await? {
        return Err(Problem::not_found("group").into());
    }
    queries::set_threshold(&mut tx, tenant, key, percent, ctx.now()).await?;
    let detail = Some(json!({ "country": key.country, "area": key.area, "kind": key.kind, "percent": percent }));
    let subject = key.party.to_string();
    let entry = audit::Entry { action: "stock.threshold", subject_kind: "operator", subject_id: &subject, detail };
    audit::record(&mut tx, ctx, entry).await?;
    tx.commit().await?;
    Ok(())
}

/// The columns of the file; `free_percent`, `low` and `days_left` are made from the rest.
pub const COLUMNS: [&str; 14] = [
    "party",
    "country",
    "area",
    "kind",
    "total",
    "free",
    "assigned",
    "quarantined",
    "reserved",
    "assigned_90_days",
    "returned_90_days",
    "days_left",
    "low_below_percent",
    "low",
];

/// A row of the file.
#[derive(Clone, Debug, Serialize)]
pub struct GroupOut {
    party: String,
    country: String,
    area: String,
    kind: String,
    total: i64,
    free: i64,
    assigned: i64,
    quarantined: i64,
    reserved: i64,
    assigned_90_days: i64,
    returned_90_days: i64,
    /// Empty: no pace.
    days_left: Option<i64>,
    low_below_percent: i32,
    low: bool,
}

impl From<Group> for GroupOut {
    fn from(group: Group) -> Self {
        Self {
            days_left: group.days_left(),
            low_below_percent: group.percent.unwrap_or(USUAL),
            low: group.low(),
            party: group.party_name,
            country: group.country,
            area: group.area,
            kind: group.kind,
            total: group.total,
            free: group.free,
            assigned: group.assigned,
            quarantined: group.quarantined,
            reserved: group.reserved,
            assigned_90_days: group.begun,
            returned_90_days: group.ended,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(total: i64, free: i64, begun: i64, ended: i64, percent: Option<i32>) -> Group {
        Group {
            party: Uuid::from_u128(7),
            party_name: "Norvik".into(),
            country: "DE".into(),
            area: "Frankfurt/Main".into(),
            kind: "geographic".into(),
            total,
            assigned: total - free,
            quarantined: 0,
            reserved: 0,
            free,
            begun,
            ended,
            percent,
        }
    }

    #[test]
    fn low_and_days_left() {
        assert!(group(100, 9, 0, 0, None).low());
        assert!(!group(100, 10, 0, 0, None).low());
        assert!(group(100, 10, 0, 0, Some(11)).low());
        assert!(!group(100, 0, 0, 0, Some(0)).low(), "0 is never");
        assert_eq!(group(100, 20, 90, 0, None).days_left(), Some(20));
        assert_eq!(group(100, 20, 5, 5, None).days_left(), None, "no pace");
        assert_eq!(group(100, 20, 2, 5, None).days_left(), None);
        assert_eq!(group(100, 0, 2, 0, None).days_left(), Some(0));
    }

    #[test]
    fn a_group_has_an_address() {
        let key = group(1, 1, 0, 0, None).key();
        assert_eq!(GroupKey::parse(&key.text()), Some(key));
        assert_eq!(GroupKey::parse("x/DE/geographic/Berlin"), None);
        assert_eq!(GroupKey::parse(""), None);
    }
}
