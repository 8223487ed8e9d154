//! What of the calls to read, from the query part of an address.

use chrono::DateTime;
use chrono::Utc;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::cause::Outcome;
use crate::base::Cursor;
use crate::base::E164;
use crate::base::Failure;
use crate::base::Problem;
use crate::identity::Paging;

/// A place in an operator's feed: everything up to this row of the batch with this number has been read. The last row of all is
/// [`i32::MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FeedPlace {
    pub seq: i64,
    pub row: i32,
}

impl FeedPlace {
    /// Before the first.
    pub const START: Self = Self { seq: 0, row: i32::MAX };

    /// The opaque form.
    pub fn encode(self) -> String {
        Cursor(vec![self.seq.to_string(), self.row.to_string()]).encode()
    }

    /// Reads the cursor of a call; `None` without one.
    pub fn of(paging: &Paging) -> Result<Option<Self>, Failure> {
        let Some(Cursor(parts)) = paging.cursor(2)? else { return Ok(None) };
        match (parts[0].parse(), parts[1].parse()) {
            (Ok(seq), Ok(row)) => Ok(Some(Self { seq, row })),
            (_, _) => Err(cursor_invalid()),
        }
    }
}

/// A place in a list by time: after this call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ListPlace {
    pub invited_at: DateTime<Utc>,
    pub id: Uuid,
}

impl ListPlace {
    /// The opaque form.
    pub fn encode(self) -> String {
        Cursor::of_moment(self.invited_at, self.id).encode()
    }

    /// Reads the cursor of a call; `None` without one.
    pub fn of(paging: &Paging) -> Result<Option<Self>, Failure> {
        let Some(cursor) = paging.cursor(2)? else { return Ok(None) };
        let (invited_at, id) = cursor.moment()?;
        Ok(Some(Self { invited_at, id }))
    }
}

fn cursor_invalid() -> Failure {
    Problem::new(400, "cursor_invalid", "This cursor is not one of this list. Start without a cursor.").into()
}

/// The query part of `GET /calls` and `GET /tenant/calls`.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct CallsIn {
    /// Half open, RFC 3339: of sealing (`basis=processed`) or of the end of the call.
    from: Option<String>,
    to: Option<String>,
    /// `processed`: the loss-free feed in the order of sealing. `ended` (default): by time, newest first. Operators only.
    basis: Option<String>,
    /// One customer. Operators only.
    #[param(value_type = Option<Uuid>)]
    tenant_id: Option<String>,
    /// One operator. Tenants only.
    #[param(value_type = Option<Uuid>)]
    operator_id: Option<String>,
    /// The tenant's number.
    e164: Option<String>,
    /// `answered`, `no_answer`, `busy`, `rejected`, `cancelled`, `failed`, `cut_off` or `open`.
    outcome: Option<String>,
    /// Whether the quality was poor; `false` means good.
    poor: Option<String>,
    /// 1 to 1,000; 100 when left out.
    #[serde(default, rename = "limit")]
    #[param(value_type = Option<i64>)]
    _limit: Option<String>,
    #[serde(default, rename = "cursor")]
    _cursor: Option<String>,
}

/// What to read.
#[derive(Clone, Debug, Default)]
pub(super) struct CallsAsk {
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
    pub processed: bool,
    /// The other organisation: a tenant for operators, an operator for tenants.
    pub party: Option<Uuid>,
    pub e164: Option<String>,
    pub outcome: Option<Outcome>,
    pub poor: Option<bool>,
}

impl CallsAsk {
    /// Reads what an operator asks for.
    pub fn of_operator(given: &CallsIn) -> Result<Self, Failure> {
        let processed = match filled(given.basis.as_ref()) {
            None | Some("ended") => false,
            Some("processed") => true,
            Some(text) => return Err(wrong("basis", text, "Say processed or ended.")),
        };
        let party = filled(given.tenant_id.as_ref()).map(|text| id("tenant_id", text)).transpose()?;
        Ok(Self { processed, party, ..Self::common(given)? })
    }

    /// Reads what a tenant asks for.
    pub fn of_tenant(given: &CallsIn) -> Result<Self, Failure> {
        let party = filled(given.operator_id.as_ref()).map(|text| id("operator_id", text)).transpose()?;
        Ok(Self { party, ..Self::common(given)? })
    }

    fn common(given: &CallsIn) -> Result<Self, Failure> {
        let moment = |field: &str, text: Option<&String>| filled(text).map(|text| moment(field, text)).transpose();
        let (from, to) = (moment("from", given.from.as_ref())?, moment("to", given.to.as_ref())?);
        if let (Some(from), Some(to)) = (from, to)
            && from > to
        {
            return Err(wrong("to", given.to.as_deref().unwrap_or_default(), "A range is half open and ends after it begins."));
        }
        let e164 = filled(given.e164.as_ref()).map(number).transpose()?;
        let outcome = filled(given.outcome.as_ref()).map(|text| {
            let words: Vec<&str> = Outcome::ALL.iter().map(|outcome| outcome.as_str()).collect();
            Outcome::parse(text).ok_or_else(|| wrong("outcome", text, &format!("Say one of {}.", words.join(", "))))
        });
        let poor = match filled(given.poor.as_ref()) {
            None => None,
            Some("true") => Some(true),
            Some("false") => Some(false),
            Some(text) => return Err(wrong("poor", text, "Say true or false.")),
        };
        Ok(Self { from, to, processed: false, party: None, e164, outcome: outcome.transpose()?, poor })
    }
}

fn filled(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.is_empty())
}

fn wrong(field: &str, text: &str, fix: &str) -> Failure {
    let shown = Some(text.chars().take(100).collect());
    Problem::new(400, "query_malformed", format!("{field} cannot be read. {fix}")).field(field, "value_invalid", shown, fix).into()
}

fn id(field: &str, text: &str) -> Result<Uuid, Failure> {
    Uuid::try_parse(text).map_err(|_| wrong(field, text, "Send an id."))
}

fn moment(field: &str, text: &str) -> Result<DateTime<Utc>, Failure> {
    // A plus sign that was not escaped arrives as a blank.
    let read = DateTime::parse_from_rfc3339(&text.replace(' ', "+")).ok().map(|at| at.to_utc());
    // Within what Postgres and the arithmetic around it can hold.
    let read = read.filter(|at| (0..=9999).contains(&chrono::Datelike::year(at)));
    read.ok_or_else(|| wrong(field, text, "Send RFC 3339 with an offset, as in 2026-11-23T14:05:09Z."))
}

fn number(text: &str) -> Result<String, Failure> {
    let text = format!("+{}", text.trim_start_matches([' ', '+']));
    match E164::parse(&text) {
        Ok(number) => Ok(number.to_string()),
        Err(error) => Err(wrong("e164", &text, &error.to_string())),
    }
}
