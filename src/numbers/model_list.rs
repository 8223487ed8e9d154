//! What a list of numbers can be asked for, and what its rows say. Pure: the address and the machine call are read alike.

use chrono::DateTime;
use chrono::Utc;
use serde::Serialize;
use uuid::Uuid;

use super::model_filter::Search;
use super::model_filter::StateFilter;
use super::model_filter::StockFilter;
use super::model_filter::malformed;
use super::model_filter::moment;
use crate::base::Cursor;
use crate::base::Failure;
use crate::base::Problem;
use crate::base::read_moment;
use crate::base::write_time;
use crate::ui::Query;

/// What a list is sorted by; `number` breaks ties.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    #[default]
    Number,
    State,
    /// Operator by operator, oldest operator first.
    Operator,
    City,
    Usage,
    Changed,
}

impl Order {
    const TENANT: [Self; 6] = [Self::Number, Self::State, Self::Operator, Self::City, Self::Usage, Self::Changed];
    const OPERATOR: [Self; 2] = [Self::Number, Self::Changed];

    /// The word in addresses and cursors.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::State => "state",
            Self::Operator => "operator",
            Self::City => "city",
            Self::Usage => "usage",
            Self::Changed => "changed",
        }
    }

    /// The order asked for, of those that a list knows.
    fn parse(query: &Query, known: &[Self]) -> Result<(Self, bool), Failure> {
        let Some((key, falls)) = query.sort() else {
            return Ok((Self::Number, false));
        };
        let order = known.iter().copied().find(|order| order.as_str() == key).ok_or_else(|| malformed("sort"))?;
        Ok((order, falls))
    }
}

/// A place in one ordering of a list: where the page begins or ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The sort key of the row, as text; empty when sorted by number.
    pub key: String,
    pub e164: String,
}

impl Place {
    /// The opaque form.
    #[must_use]
    pub fn cursor(&self, order: Order) -> String {
        Cursor(vec![order.as_str().to_owned(), self.key.clone(), self.e164.clone()]).encode()
    }

    fn read(text: &str, order: Order) -> Result<Self, Failure> {
        let Cursor(parts) = Cursor::decode(text, 3)?;
        let fits = match order {
            Order::Number | Order::State | Order::City | Order::Usage => true,
            Order::Operator => Uuid::try_parse(&parts[1]).is_ok(),
            Order::Changed => read_moment(&parts[1]).is_some(),
        };
        if parts[0] != order.as_str() || !fits {
            let detail = "This cursor belongs to another order of the list. Start without a cursor.";
            return Err(Problem::new(400, "cursor_invalid", detail).into());
        }
        Ok(Self { key: parts[1].clone(), e164: parts[2].clone() })
    }

    /// `after` (or `cursor`) and `before` of a query.
    fn both(query: &Query, order: Order) -> Result<(Option<Self>, Option<Self>), Failure> {
        let read = |text: Option<&str>| text.map(|text| Self::read(text, order)).transpose();
        Ok((read(query.get("after").or_else(|| query.get("cursor")))?, read(query.get("before"))?))
    }
}

/// Which filters of a tenant's list are in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NumberFilter {
    pub stock: StockFilter,
    pub state: Option<StateFilter>,
    pub operator: Option<Uuid>,
    /// A target's id or sign-in name.
    pub assigned_to: Option<String>,
    pub tag: Option<String>,
}

impl NumberFilter {
    /// The keys that only a tenant's list knows, in the order of the chips.
    pub const KEYS: [&str; 3] = ["operator", "assigned_to", "tag"];
}

/// One page asked for: filters, order, and from where.
#[derive(Clone, Debug, Default)]
pub struct NumberAsk {
    pub filter: NumberFilter,
    pub order: Order,
    pub falls: bool,
    /// Rows behind this place.
    pub after: Option<Place>,
    /// Rows in front of this place; `after` wins.
    pub before: Option<Place>,
}

impl NumberAsk {
    /// Reads the query part of page and machine call (`cursor` is `after`).
    ///
    /// # Errors
    /// 400 `query_malformed` for a word no filter knows, 400 `cursor_invalid`.
    pub fn parse(query: &Query) -> Result<Self, Failure> {
        let state = match query.get("state") {
            Some(text) => Some(StateFilter::parse(text).ok_or_else(|| malformed("state"))?),
            None => None,
        };
        let text = |key: &str| query.get(key).map(|text| text.trim().replace('\0', "")).filter(|text| !text.is_empty());
        let filter = NumberFilter {
            stock: StockFilter::parse(query)?,
            state,
            operator: query.get("operator").map(Uuid::try_parse).transpose().map_err(|_| malformed("operator"))?,
            assigned_to: text("assigned_to"),
            tag: text("tag"),
        };
        let (order, falls) = Order::parse(query, &Order::TENANT)?;
        let (after, before) = Place::both(query, order)?;
        Ok(Self { filter, order, falls, after, before })
    }

    /// The cursor of a row in this order.
    #[must_use]
    pub fn cursor(&self, line: &NumberLine) -> String {
        self.place_of(line).cursor(self.order)
    }

    /// Where a row stands in this order.
    #[must_use]
    pub fn place_of(&self, line: &NumberLine) -> Place {
        Place { key: self.key_of(line), e164: line.e164.clone() }
    }

    /// The sort key of a row in this order, as text.
    #[must_use]
    pub fn key_of(&self, line: &NumberLine) -> String {
        match self.order {
            Order::Number => String::new(),
            Order::State => line.assignment_status.clone(),
            Order::Operator => line.operator_id.to_string(),
            Order::City => line.city_key.clone(),
            Order::Usage => line.usage.clone(),
            Order::Changed => line.changed_at.timestamp_micros().to_string(),
        }
    }

    /// Whether the page is read against its order, and the place it begins at.
    #[must_use]
    pub fn reading(&self) -> (bool, Option<&Place>) {
        (self.after.is_none() && self.before.is_some(), self.after.as_ref().or(self.before.as_ref()))
    }
}

/// What an operator's list is asked for. Nothing that only the tenant knows.
#[derive(Clone, Debug, Default)]
pub struct OperatorAsk {
    pub stock: StockFilter,
    pub tenant: Option<Uuid>,
    pub assigned: Option<bool>,
    pub pending: bool,
    pub refused: bool,
    pub quarantined: bool,
    pub order: Order,
    pub falls: bool,
    /// Rows behind this place.
    pub after: Option<Place>,
    /// Rows in front of this place; `after` wins.
    pub before: Option<Place>,
}

impl OperatorAsk {
    /// Reads the query part of page and machine call (`updated_since` is `changed_since`, `cursor` is `after`).
    ///
    /// # Errors
    /// 400 `query_malformed` and `cursor_invalid`.
    pub fn parse(query: &Query) -> Result<Self, Failure> {
        let assigned = match query.get("assigned") {
            None => None,
            Some("true") => Some(true),
            Some("false") => Some(false),
            Some(_) => return Err(malformed("assigned")),
        };
        let state = query.get("state");
        if state.is_some_and(|state| !["pending", "refused", "quarantined"].contains(&state)) {
            return Err(malformed("state"));
        }
        let mut stock = StockFilter::parse(query)?;
        if let Some(prefix) = query.get("prefix") {
            stock.search = match Search::read(prefix, false) {
                // A blank in front is a + that nobody encoded.
                Some(Search::Digits(digits)) => Some(Search::Prefix(format!("+{digits}"))),
                Some(Search::Prefix(prefix)) => Some(Search::Prefix(prefix)),
                _ => return Err(malformed("prefix")),
            };
        }
        stock.changed_since = moment(query, "updated_since")?.or(stock.changed_since);
        let tenant = query.get("tenant_id").or_else(|| query.get("tenant"));
        let (order, falls) = Order::parse(query, &Order::OPERATOR)?;
        let (after, before) = Place::both(query, order)?;
        Ok(Self {
            stock,
            tenant: tenant.map(Uuid::try_parse).transpose().map_err(|_| malformed("tenant_id"))?,
            assigned,
            pending: state == Some("pending"),
            refused: state == Some("refused"),
            quarantined: state == Some("quarantined"),
            order,
            falls,
            after,
            before,
        })
    }

    /// Where a row stands in this order.
    #[must_use]
    pub fn place_of(&self, line: &OperatorLine) -> Place {
        let key = if self.order == Order::Changed { line.changed_at.timestamp_micros().to_string() } else { String::new() };
        Place { key, e164: line.e164.clone() }
    }

    /// Whether the page is read against its order, and the place it begins at.
    #[must_use]
    pub fn reading(&self) -> (bool, Option<&Place>) {
        (self.after.is_none() && self.before.is_some(), self.after.as_ref().or(self.before.as_ref()))
    }
}

/// A number of a tenant's list, with who has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow, utoipa::ToSchema)]
pub struct NumberLine {
    pub e164: String,
    pub operator_id: Uuid,
    pub operator_name: String,
    pub country: String,
    pub kind: String,
    pub usage: String,
    pub capabilities: Vec<String>,
    pub city: Option<String>,
    /// The city as the list is sorted by it.
    #[serde(skip)]
    pub city_key: String,
    pub activation_state: String,
    pub assignment_status: String,
    /// Since when the operator has yet to follow.
    #[serde(serialize_with = "write_time")]
    pub pending_since: Option<DateTime<Utc>>,
    /// Null when there is none or it has no end.
    #[serde(serialize_with = "write_time")]
    pub quarantine_until: Option<DateTime<Utc>>,
    /// In quarantine for good.
    pub quarantine_forever: bool,
    /// Kept for somebody; only a page says so.
    #[serde(skip)]
    pub reserved: bool,
    pub number_seq: i64,
    pub version: i64,
    pub target_id: Option<String>,
    #[serde(rename = "display_name")]
    pub target_name: Option<String>,
    pub category: Option<String>,
    pub tags: Vec<String>,
    #[serde(serialize_with = "write_time")]
    pub changed_at: DateTime<Utc>,
}

/// The CSV header of a tenant's list.
pub const NUMBER_COLUMNS: [&str; 19] = [
    "e164",
    "operator_id",
    "operator_name",
    "country",
    "kind",
    "usage",
    "capabilities",
    "city",
    "activation_state",
    "assignment_status",
    "pending_since",
    "quarantine_until",
    "number_seq",
    "version",
    "target_id",
    "display_name",
    "category",
    "tags",
    "changed_at",
];

/// A number as its operator sees it: no target, no tags.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, sqlx::FromRow, utoipa::ToSchema)]
pub struct OperatorLine {
    pub e164: String,
    pub tenant_id: Uuid,
    pub tenant_name: String,
    pub country: String,
    pub kind: String,
    pub usage: String,
    pub capabilities: Vec<String>,
    pub city: Option<String>,
    pub activation_state: String,
    pub assignment_status: String,
    pub assigned: bool,
    /// Null while nobody has the number.
    pub sip_uri: Option<String>,
    pub emergency_address_mode: String,
    pub billing_ref: Option<String>,
    pub note: Option<String>,
    pub failure_code: Option<String>,
    pub failure_reason: Option<String>,
    /// Since when the notice of the last change waits to be taken.
    #[serde(serialize_with = "write_time")]
    pub pending_since: Option<DateTime<Utc>>,
    pub number_seq: i64,
    pub version: i64,
    #[serde(serialize_with = "write_time")]
    pub created_at: DateTime<Utc>,
    #[serde(serialize_with = "write_time")]
    pub changed_at: DateTime<Utc>,
}

/// The CSV header of an operator's list.
pub const OPERATOR_COLUMNS: [&str; 19] = [
    "e164",
    "tenant_id",
    "tenant_name",
    "country",
    "kind",
    "usage",
    "capabilities",
    "city",
    "activation_state",
    "assignment_status",
    "assigned",
    "sip_uri",
    "emergency_address_mode",
    "billing_ref",
    "note",
    "pending_since",
    "number_seq",
    "version",
    "changed_at",
];
