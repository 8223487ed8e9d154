//! What of the listed rows may be shown, and the register's entries for it, in the transaction that read the rows.
//!
//! The rows come with the gate as it was when they were read. Here the pair is locked against a suspension, the gate is read
//! again, what is closed loses everything but its position, and what is shown is registered before a byte leaves.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use sqlx::PgConnection;

use super::EventType;
use super::queries_pages::EventRow;
use super::queries_pages_attempts::AttemptRow;
use crate::base::Ctx;
use crate::base::Failure;
use crate::base::TenantId;
use crate::transfers;
use crate::transfers::Basis;
use crate::transfers::Class;
use crate::transfers::View;

/// A row that may hold a customer's data.
pub(super) trait Sight {
    /// Whose data it is.
    fn tenant(&self) -> Option<TenantId>;
    /// The number's country.
    fn country(&self) -> Option<&str>;
    /// The class whose gate must be open; `None`: never gated.
    fn class(&self) -> Option<&str>;
    /// The opening of that gate under which it was written.
    fn opening(&self) -> Option<i64>;
    /// Name of the event's type.
    fn kind(&self) -> &str;
    /// Why it is withheld, if it is.
    fn withheld(&self) -> Option<&str>;
    /// Takes everything but the position out of it.
    fn withhold(&mut self, reason: String);
}

impl Sight for EventRow {
    fn tenant(&self) -> Option<TenantId> {
        self.tenant_id.map(TenantId)
    }
    fn country(&self) -> Option<&str> {
        self.country.as_deref()
    }
    fn class(&self) -> Option<&str> {
        self.class.as_deref()
    }
    fn opening(&self) -> Option<i64> {
        self.opening
    }
    fn kind(&self) -> &str {
        &self.kind
    }
    fn withheld(&self) -> Option<&str> {
        self.withheld.as_deref()
    }
    fn withhold(&mut self, reason: String) {
        EventType::EventWithheld.name().clone_into(&mut self.kind);
        self.subject.clear();
        (self.tenant_id, self.tenant_name, self.country) = (None, None, None);
        self.withheld = Some(reason);
    }
}

impl Sight for AttemptRow {
    fn tenant(&self) -> Option<TenantId> {
        self.tenant_id.map(TenantId)
    }
    fn country(&self) -> Option<&str> {
        self.country.as_deref()
    }
    fn class(&self) -> Option<&str> {
        self.class.as_deref()
    }
    fn opening(&self) -> Option<i64> {
        self.opening
    }
    fn kind(&self) -> &str {
        &self.kind
    }
    fn withheld(&self) -> Option<&str> {
        self.withheld.as_deref()
    }
    fn withhold(&mut self, reason: String) {
        EventType::EventWithheld.name().clone_into(&mut self.kind);
        self.subject.clear();
        (self.tenant_id, self.tenant_name, self.country) = (None, None, None);
        self.withheld = Some(reason);
    }
}

/// Settles what of `rows` is shown on the page `view` and registers it: one entry per customer, class and basis.
///
/// # Errors
/// When the database is away.
pub(super) async fn settle<T: Sight>(conn: &mut PgConnection, ctx: &Ctx, view: &str, rows: &mut [T]) -> Result<(), Failure> {
    let operator = ctx.operator()?;
    let gated = |row: &T| row.withheld().is_none() && row.class().is_some();
    let tenants: BTreeSet<TenantId> = rows.iter().filter(|row| gated(row)).filter_map(T::tenant).collect();
    let gated = rows.iter().filter(|row| gated(row));
    let (countries, classes) = gated.filter_map(|row| Some((row.country()?, Class::parse(row.class()?)?))).unzip();
    let gates = transfers::openings_held(conn, &tenants, operator, &countries, &classes).await?;
    let mut shown: BTreeMap<(TenantId, Class, bool), (Basis, i64)> = BTreeMap::new();
    for row in rows {
        if let Some(reason) = row.withheld() {
            row.withhold(reason.to_owned());
            continue;
        }
        let Some(tenant) = row.tenant() else { continue };
        let (class, basis) = match row.class() {
            // Consents and the like carry no class of their own; they stand with the numbers, as when they are sent.
            None => {
                let class = row.kind().parse::<EventType>().ok().and_then(EventType::data_class);
                (Some(class.unwrap_or(Class::Numbers)), Basis::WindDown)
            }
            Some(name) => {
                let class = Class::parse(name);
                let country = row.country().unwrap_or_default().to_owned();
                let gate = class.and_then(|class| gates.get(&(tenant, country, class)));
                match gate.map_or(Err("not_granted"), |gate| gate.pass(row.opening())) {
                    Ok(basis) => (class, basis),
                    Err(reason) => {
                        row.withhold(reason.to_owned());
                        continue;
                    }
                }
            }
        };
        let Some(class) = class else { continue };
        let entry = shown.entry((tenant, class, basis == Basis::WindDown)).or_insert((basis, 0));
        entry.1 += 1;
    }
    for ((tenant, class, winding_down), (basis, records)) in shown {
        // An entry that grows over 15 minutes keeps its classes and basis, so each has its own.
        let name = format!("{view}/{}{}", class.as_str(), if winding_down { "/wind_down" } else { "" });
        let view = View { tenant, operator, classes: &[class], basis, name: &name, records };
        transfers::register_view(conn, ctx, view).await?;
    }
    Ok(())
}
