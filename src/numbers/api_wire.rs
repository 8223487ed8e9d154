//! What the handlers of this room take and give.

use axum::body::Bytes;
use axum::extract::FromRequestParts;
use chrono::DateTime;
use chrono::Utc;
use http::request::Parts;
use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::actions;
use super::model::Number;
use super::model::Quarantine;
use super::order_rows::NumberIn;
use super::orders::OrderRow;
use super::refusal::Refusal;
use super::targets::TargetIn;
use crate::base::Ctx;
use crate::base::E164;
use crate::base::Failure;
use crate::base::Problem;
use crate::base::Scope;
use crate::base::write_time;
use crate::identity::ApiCtx;
use crate::identity::IfMatch;
use crate::store::Store;

macro_rules! rights {
    ($($(#[$doc:meta])* $name:ident = $check:expr;)+) => {$(
        $(#[$doc])*
        pub struct $name(pub Ctx);

        impl FromRequestParts<Store> for $name {
            type Rejection = Failure;

            async fn from_request_parts(parts: &mut Parts, store: &Store) -> Result<Self, Failure> {
                let ApiCtx(ctx) = ApiCtx::from_request_parts(parts, store).await?;
                let check: fn(&Ctx) -> Result<(), Failure> = $check;
                check(&ctx)?;
                Ok(Self(ctx))
            }
        }
    )+};
}

// A missing right is told before anything is said of the body (API.md 5, order of refusals).
rights! {
    /// An operator that may read orders.
    OperatorRead = |ctx| ctx.operator().and_then(|_| ctx.require(Scope::NumbersRead));
    /// An operator that may write numbers.
    OperatorWrite = |ctx| ctx.operator().and_then(|_| ctx.require(Scope::NumbersWrite));
    /// A tenant that may read.
    TenantRead = |ctx| ctx.tenant().and_then(|_| ctx.require(Scope::TenantRead));
    /// A tenant that may assign.
    TenantAssign = |ctx| ctx.tenant().and_then(|_| ctx.require(Scope::TenantAssign));
    /// The platform's directory.
    Directory = super::targets::expect_platform;
}

/// Numbers to provision or change.
#[derive(Deserialize, ToSchema)]
pub struct NumbersIn {
    #[schema(value_type = Vec<NumberIn>)]
    pub numbers: Vec<Value>,
}

/// Numbers to release.
#[derive(Deserialize, ToSchema)]
pub struct ReleaseIn {
    #[schema(value_type = Vec<String>)]
    pub numbers: Vec<Value>,
}

/// An order as just made.
#[derive(Serialize, ToSchema)]
pub struct OrderMade {
    pub id: Uuid,
    /// `queued`, `running`, `succeeded`, `partial` or `failed`.
    pub state: String,
    pub accepted: i32,
    pub rejected: i32,
    /// What became of each row.
    pub rows: Vec<OrderRow>,
}

/// Why the operator cannot serve a number.
#[derive(Deserialize, ToSchema)]
pub struct RefuseIn {
    /// The `number_seq` of the event that is refused.
    pub seq: i64,
    /// Small letters, digits and `_`.
    pub code: String,
    /// Plain words for the customer.
    pub reason: String,
}

/// A number as its operator sees it after a refusal.
#[derive(Serialize, ToSchema)]
pub struct RefusedOut {
    pub e164: String,
    pub tenant_id: Uuid,
    pub assignment_status: &'static str,
    pub activation_state: &'static str,
    pub failure: Option<FailureOut>,
    pub number_seq: i64,
    pub version: i64,
}

impl RefusedOut {
    pub fn of(number: &Number) -> Self {
        Self {
            e164: number.e164.to_string(),
            tenant_id: number.tenant.0,
            assignment_status: number.status.as_str(),
            activation_state: number.activation.as_str(),
            failure: FailureOut::of(number),
            number_seq: number.number_seq,
            version: number.version,
        }
    }
}

/// Why the operator cannot serve a number as asked.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FailureOut {
    pub code: String,
    pub reason: String,
}

impl FailureOut {
    fn of(number: &Number) -> Option<Self> {
        number.fault.as_ref().map(|fault| Self { code: fault.code.clone(), reason: fault.reason.clone() })
    }
}

/// To whom a number goes.
#[derive(Deserialize, ToSchema)]
pub struct AssignBody {
    pub target_id: String,
    /// `primary`, `alternate` or `private`; left out: primary if the target has none, else alternate.
    #[serde(default)]
    pub category: Option<String>,
}

/// How long the number rests.
#[derive(Default, Deserialize, ToSchema)]
pub struct UnassignBody {
    /// 1 to 365 days, 0 none, -1 for ever; left out: the tenant's default.
    #[serde(default)]
    pub quarantine_days: Option<i32>,
}

/// Who has a number.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AssignedOut {
    pub target_id: String,
    pub target_kind: &'static str,
    pub display_name: String,
    pub category: &'static str,
    #[serde(serialize_with = "write_time")]
    pub assigned_at: DateTime<Utc>,
}

/// A number as its tenant sees it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TenantNumberOut {
    pub e164: String,
    pub operator_id: Uuid,
    pub country: String,
    pub kind: &'static str,
    pub usage: &'static str,
    pub capabilities: Vec<&'static str>,
    pub city: Option<String>,
    pub assignment_status: &'static str,
    pub activation_state: &'static str,
    /// `null` while nobody has it.
    pub sip_uri: Option<String>,
    pub assignment: Option<AssignedOut>,
    pub failure: Option<FailureOut>,
    /// `none`, `until` or `forever`.
    pub quarantine: &'static str,
    #[serde(serialize_with = "write_time")]
    pub quarantine_until: Option<DateTime<Utc>>,
    /// Counts every change the operator is told of.
    pub number_seq: i64,
    /// The `ETag`.
    pub version: i64,
    #[serde(serialize_with = "write_time")]
    pub changed_at: DateTime<Utc>,
}

impl TenantNumberOut {
    /// The wire form of a number.
    #[must_use]
    pub fn of(number: &Number) -> Self {
        Self {
            e164: number.e164.to_string(),
            operator_id: number.operator.0,
            country: number.country.clone(),
            kind: number.kind.as_str(),
            usage: number.usage.as_str(),
            capabilities: number.capabilities.iter().map(|word| word.as_str()).collect(),
            city: number.city.clone(),
            assignment_status: number.status.as_str(),
            activation_state: number.activation.as_str(),
            sip_uri: number.sip_uri().map(|uri| uri.to_string()),
            assignment: number.assigned.as_ref().map(|held| AssignedOut {
                target_id: held.target_id.clone(),
                target_kind: held.target_kind.as_str(),
                display_name: held.target_name.clone(),
                category: held.category.as_str(),
                assigned_at: held.assigned_at,
            }),
            failure: FailureOut::of(number),
            quarantine: number.quarantine.as_str(),
            quarantine_until: match number.quarantine {
                Quarantine::Until(until) => Some(until),
                Quarantine::None | Quarantine::Forever => None,
            },
            number_seq: number.number_seq,
            version: number.version,
            changed_at: number.changed_at,
        }
    }
}

/// Targets of a tenant.
#[derive(Deserialize, ToSchema)]
pub struct TargetsIn {
    pub targets: Vec<TargetIn>,
}

/// A number of the path; what is none can be nobody's.
pub fn e164(text: &str) -> Result<E164, Failure> {
    E164::parse(text).map_err(|_| Refusal::NumberNotFound.into())
}

/// A JSON body that may be left out.
pub fn optional<T: DeserializeOwned + Default>(body: &Bytes) -> Result<T, Failure> {
    if body.is_empty() {
        return Ok(T::default());
    }
    serde_json::from_slice(body)
        .map_err(|error| Problem::new(400, "body_malformed", format!("The body is not the JSON expected: {error}.")).into())
}

/// The version that `If-Match` asks for; -1, which none has, when it names none that fits.
pub async fn seen(store: &Store, ctx: &Ctx, e164: &E164, tags: Option<IfMatch>) -> Result<Option<i64>, Failure> {
    match tags {
        None | Some(IfMatch::Any) => Ok(None),
        Some(IfMatch::OneOf(versions)) => match versions.as_slice() {
            [] => Ok(Some(-1)),
            [one] => Ok(Some(*one)),
            several => {
                let current = actions::version_of(store, ctx, e164).await?;
                Ok(Some(current.filter(|current| several.contains(current)).unwrap_or(-1)))
            }
        },
    }
}
