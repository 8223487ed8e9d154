//! Who asks, for which organisation, and what they may do.

use chrono::DateTime;
use chrono::Utc;
use uuid::Uuid;

use super::AccountId;
use super::Env;
use super::Failure;
use super::OperatorId;
use super::Problem;
use super::TenantId;

/// The organisation a request acts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Org {
    /// A customer.
    Tenant(TenantId),
    /// A carrier.
    Operator(OperatorId),
    /// The calling platform itself.
    Platform,
}

impl Org {
    /// The id under which the organisation's own rows (chains, logs, keys) are kept. The platform has a fixed one.
    #[must_use]
    pub fn id(self) -> Uuid {
        match self {
            Self::Tenant(id) => id.0,
            Self::Operator(id) => id.0,
            Self::Platform => Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000),
        }
    }

    /// `tenant`, `operator` or `platform`.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::Tenant(_) => "tenant",
            Self::Operator(_) => "operator",
            Self::Platform => "platform",
        }
    }
}

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A person, with the name shown in logs.
    Account { id: AccountId, label: String },
    /// A machine, by its client id.
    Client { id: String, label: String },
    /// A background job of this program.
    Job(&'static str),
}

impl Actor {
    /// `account`, `client` or `job`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Account { .. } => "account",
            Self::Client { .. } => "client",
            Self::Job(_) => "job",
        }
    }

    /// The id as text.
    #[must_use]
    pub fn id(&self) -> String {
        match self {
            Self::Account { id, .. } => id.to_string(),
            Self::Client { id, .. } => id.clone(),
            Self::Job(name) => (*name).to_owned(),
        }
    }

    /// The name shown to people.
    #[must_use]
    pub fn label(&self) -> &str {
        match self {
            Self::Account { label, .. } | Self::Client { label, .. } => label,
            Self::Job(name) => name,
        }
    }
}

macro_rules! scopes {
    ($($name:ident = $text:literal),+ $(,)?) => {
        /// One permission. API clients carry them by name; roles of people map to sets of them (identity).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Scope { $(#[doc = $text] $name),+ }

        impl Scope {
            /// Every scope there is.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The name on the wire.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }

            /// Reads the name on the wire.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$name),)+ _ => None }
            }
        }
    };
}

scopes! {
    NumbersRead = "numbers:read",
    NumbersWrite = "numbers:write",
    EventsRead = "events:read",
    EndpointsWrite = "endpoints:write",
    CallsRead = "calls:read",
    DurationsWrite = "durations:write",
    ReconcileRead = "reconcile:read",
    ReconcileWrite = "reconcile:write",
    RegisterRead = "register:read",
    TenantRead = "tenant:read",
    TenantAssign = "tenant:assign",
    UsageRead = "usage:read",
    QualityRead = "quality:read",
    ConsentWrite = "consent:write",
    AuditRead = "audit:read",
    ClientsWrite = "clients:write",
    PlatformCalls = "platform:calls",
    PlatformDirectory = "platform:directory",
    PlatformAdmin = "platform:admin",
}

/// A set of scopes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScopeSet(u64);

impl ScopeSet {
    /// Whether the set holds the scope.
    #[must_use]
    pub fn has(self, scope: Scope) -> bool {
        self.0 & (1 << scope as u64) != 0
    }

    /// The scopes in both sets.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The scopes, in declaration order.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.iter().copied().filter(move |scope| self.has(*scope))
    }

    /// Reads names; unknown ones are left out.
    #[must_use]
    pub fn parse<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        names.into_iter().filter_map(Scope::parse).collect()
    }
}

impl FromIterator<Scope> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | 1 << scope as u64))
    }
}

/// Who asks, which organisation, which scopes: the first argument of every action.
#[derive(Clone, Debug)]
pub struct Ctx {
    /// Who acts.
    pub actor: Actor,
    /// For whom.
    pub org: Org,
    /// What the actor may do there.
    pub scopes: ScopeSet,
    /// `X-Request-Id`.
    pub request_id: String,
    /// The caller's address, for the logs; `None` for jobs.
    pub address: Option<String>,
    /// Time and chance.
    pub env: Env,
}

impl Ctx {
    /// The program itself, without anybody's request.
    #[must_use]
    pub fn job(name: &'static str, org: Org, scopes: ScopeSet, env: Env) -> Self {
        Self { actor: Actor::Job(name), org, scopes, request_id: String::new(), address: None, env }
    }

    /// Refuses (403 `scope_missing`) unless the actor holds the scope.
    ///
    /// # Errors
    /// The problem to answer with.
    pub fn require(&self, scope: Scope) -> Result<(), Failure> {
        #[cfg(feature = "chaos")]
        if super::chaos::scope_off().is_some() {
            return Ok(());
        }
        if self.scopes.has(scope) {
            return Ok(());
        }
        Err(Problem::new(403, "scope_missing", format!("This needs the scope {}.", scope.as_str())).into())
    }

    /// The same actor with this scope alone: who may change something may see what became of it, whatever else it carries.
    #[must_use]
    pub fn with_scope(&self, scope: Scope) -> Self {
        Self { scopes: std::iter::once(scope).collect(), ..self.clone() }
    }

    /// The tenant asked for; 403 `wrong_org_kind` for anybody else.
    ///
    /// # Errors
    /// The problem to answer with.
    pub fn tenant(&self) -> Result<TenantId, Failure> {
        match self.org {
            Org::Tenant(id) => Ok(id),
            Org::Operator(_) | Org::Platform => Err(wrong_org_kind("a tenant")),
        }
    }

    /// The operator asked for; 403 `wrong_org_kind` for anybody else.
    ///
    /// # Errors
    /// The problem to answer with.
    pub fn operator(&self) -> Result<OperatorId, Failure> {
        match self.org {
            Org::Operator(id) => Ok(id),
            Org::Tenant(_) | Org::Platform => Err(wrong_org_kind("an operator")),
        }
    }

    /// The present time.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.env.now()
    }
}

fn wrong_org_kind(wanted: &str) -> Failure {
    Problem::new(403, "wrong_org_kind", format!("This belongs to {wanted}; you act for another kind of organisation.")).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_reads_its_own_name() {
        for scope in Scope::ALL {
            assert_eq!(Scope::parse(scope.as_str()), Some(*scope));
        }
        assert!(Scope::ALL.len() <= 64);
    }

    #[test]
    fn a_set_holds_what_was_put_in() {
        let set = ScopeSet::parse(["numbers:read", "nonsense", "events:read"]);
        assert!(set.has(Scope::NumbersRead) && set.has(Scope::EventsRead) && !set.has(Scope::NumbersWrite));
        assert_eq!(set.iter().count(), 2);
    }
}
