//! Columns of the lists of numbers: which there are, which are shown unless somebody chooses, and what they are in a file.

use crate::ui::Query;

/// The key that names chosen columns in an address; once for each.
pub const COLUMN_KEY: &str = "col";

/// A column that can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    Number,
    Operator,
    Customer,
    City,
    Country,
    Kind,
    Usage,
    Capabilities,
    AssignedTo,
    State,
    Pending,
    SipUri,
    Emergency,
    BillingRef,
    Tags,
    Changed,
}

impl Column {
    /// Of a tenant's list, in its order.
    pub const TENANT: [Self; 12] = [
        Self::Number,
        Self::Operator,
        Self::City,
        Self::Country,
        Self::Kind,
        Self::Usage,
        Self::Capabilities,
        Self::AssignedTo,
        Self::State,
        Self::Pending,
        Self::Tags,
        Self::Changed,
    ];
    /// Of an operator's list, in its order.
    pub const OPERATOR: [Self; 13] = [
        Self::Number,
        Self::Customer,
        Self::State,
        Self::Pending,
        Self::SipUri,
        Self::Usage,
        Self::Kind,
        Self::Capabilities,
        Self::City,
        Self::Country,
        Self::Emergency,
        Self::BillingRef,
        Self::Changed,
    ];

    /// The word in addresses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Operator => "operator",
            Self::Customer => "customer",
            Self::City => "city",
            Self::Country => "country",
            Self::Kind => "kind",
            Self::Usage => "usage",
            Self::Capabilities => "capabilities",
            Self::AssignedTo => "assigned_to",
            Self::State => "state",
            Self::Pending => "pending",
            Self::SipUri => "sip_uri",
            Self::Emergency => "emergency",
            Self::BillingRef => "billing_ref",
            Self::Tags => "tags",
            Self::Changed => "changed",
        }
    }

    /// Whether it is shown when nothing was chosen.
    #[must_use]
    pub const fn usual(self) -> bool {
        !matches!(self, Self::Country | Self::Kind | Self::Capabilities | Self::Pending | Self::Emergency)
    }

    /// The columns of the machine call and of files that say the same.
    #[must_use]
    pub const fn in_files(self) -> &'static [&'static str] {
        match self {
            Self::Number => &["e164"],
            Self::Operator => &["operator_name"],
            Self::Customer => &["tenant_name"],
            Self::City => &["city"],
            Self::Country => &["country"],
            Self::Kind => &["kind"],
            Self::Usage => &["usage"],
            Self::Capabilities => &["capabilities"],
            Self::AssignedTo => &["target_id", "display_name", "category"],
            Self::State => &["activation_state", "assignment_status"],
            Self::Pending => &["pending_since"],
            Self::SipUri => &["sip_uri"],
            Self::Emergency => &["emergency_address_mode"],
            Self::BillingRef => &["billing_ref"],
            Self::Tags => &["tags"],
            Self::Changed => &["changed_at"],
        }
    }

    /// The columns an address asks for, in the order of the list. The number is always among them; words no list knows are passed over, so
    /// that a view outlives a column.
    #[must_use]
    pub fn chosen(query: &Query, all: &[Self]) -> Vec<Self> {
        let asked: Vec<&str> = query.all(COLUMN_KEY).collect();
        if asked.is_empty() {
            return all.iter().copied().filter(|column| column.usual()).collect();
        }
        all.iter().copied().filter(|column| *column == Self::Number || asked.contains(&column.as_str())).collect()
    }

    /// The columns of a file: those chosen, else every one of `whole`.
    #[must_use]
    pub fn of_file(query: &Query, all: &[Self], whole: &'static [&'static str]) -> Vec<&'static str> {
        if query.has(COLUMN_KEY) {
            Self::chosen(query, all).into_iter().flat_map(Self::in_files).copied().collect()
        } else {
            whole.to_vec()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_is_in_the_file() {
        use super::super::model_list::NUMBER_COLUMNS;
        use super::super::model_list::OPERATOR_COLUMNS;
        let whole =
            |all: &[Column], names: &[&str]| all.iter().flat_map(|column| column.in_files()).all(|name| names.contains(name));
        assert!(whole(&Column::TENANT, &NUMBER_COLUMNS));
        assert!(whole(&Column::OPERATOR, &OPERATOR_COLUMNS));
    }

    #[test]
    fn chosen_columns_keep_the_list_s_order() {
        let query = Query::parse("col=tags&col=city&col=gone");
        assert_eq!(Column::chosen(&query, &Column::TENANT), [Column::Number, Column::City, Column::Tags]);
        assert_eq!(Column::chosen(&Query::default(), &Column::TENANT).len(), 8);
        assert_eq!(Column::of_file(&query, &Column::TENANT, &["x"]), ["e164", "city", "tags"]);
        assert_eq!(Column::of_file(&Query::default(), &Column::TENANT, &["x"]), ["x"]);
    }
}
