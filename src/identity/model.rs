//! Words of people: roles and their scopes, what an e-mail address, a password and a slug look like. Pure; no SQL, no HTTP.

use std::fmt;

use uuid::Uuid;

use crate::base::OperatorId;
use crate::base::Org;
use crate::base::Scope;
use crate::base::ScopeSet;
use crate::base::TenantId;

/// The three kinds of organisations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OrgKind {
    Tenant,
    Operator,
    Platform,
}

impl OrgKind {
    /// `tenant`, `operator` or `platform`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::Operator => "operator",
            Self::Platform => "platform",
        }
    }

    /// Reads [`OrgKind::as_str`].
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Tenant, Self::Operator, Self::Platform].into_iter().find(|kind| kind.as_str() == text)
    }

    /// The organisation of this kind with that id; the platform has only one.
    #[must_use]
    pub fn org(self, id: Uuid) -> Org {
        match self {
            Self::Tenant => Org::Tenant(TenantId(id)),
            Self::Operator => Org::Operator(OperatorId(id)),
            Self::Platform => Org::Platform,
        }
    }

    /// The address of an organisation's portal: `/t/{slug}/`, `/o/{slug}/` or `/p/`.
    #[must_use]
    pub fn home(self, slug: &str) -> String {
        match self {
            Self::Tenant => format!("/t/{slug}/"),
            Self::Operator => format!("/o/{slug}/"),
            Self::Platform => "/p/".to_owned(),
        }
    }

    /// The scopes an API client of this kind of organisation may carry. Source: API.md 1 and 4.
    #[must_use]
    pub fn client_scopes(self) -> ScopeSet {
        let scopes: &[Scope] = match self {
            Self::Tenant => &[Scope::TenantRead, Scope::TenantAssign, Scope::UsageRead, Scope::CallsRead, Scope::QualityRead],
            Self::Operator => &[
                Scope::NumbersRead,
                Scope::NumbersWrite,
                Scope::EventsRead,
                Scope::EndpointsWrite,
                Scope::CallsRead,
                Scope::DurationsWrite,
                Scope::ReconcileRead,
                Scope::ReconcileWrite,
                Scope::RegisterRead,
            ],
            Self::Platform => &[Scope::PlatformCalls, Scope::PlatformDirectory, Scope::PlatformAdmin],
        };
        scopes.iter().copied().collect()
    }
}

/// What a member of a tenant is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TenantRole {
    Admin,
    HelpdeskOne,
    HelpdeskTwo,
    Auditor,
}

/// What a member of an operator is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OperatorRole {
    Admin,
    Provisioner,
    Support,
    Viewer,
}

/// What a member of the platform is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PlatformRole {
    Admin,
    Operations,
}

/// A role in one kind of organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    Tenant(TenantRole),
    Operator(OperatorRole),
    Platform(PlatformRole),
}

impl Role {
    /// Every role there is.
    pub const ALL: [Self; 10] = [
        Self::Tenant(TenantRole::Admin),
        Self::Tenant(TenantRole::HelpdeskOne),
        Self::Tenant(TenantRole::HelpdeskTwo),
        Self::Tenant(TenantRole::Auditor),
        Self::Operator(OperatorRole::Admin),
        Self::Operator(OperatorRole::Provisioner),
        Self::Operator(OperatorRole::Support),
        Self::Operator(OperatorRole::Viewer),
        Self::Platform(PlatformRole::Admin),
        Self::Platform(PlatformRole::Operations),
    ];

    /// The kind of organisation it belongs to.
    #[must_use]
    pub const fn kind(self) -> OrgKind {
        match self {
            Self::Tenant(_) => OrgKind::Tenant,
            Self::Operator(_) => OrgKind::Operator,
            Self::Platform(_) => OrgKind::Platform,
        }
    }

    /// The name in the tables, unique within its kind.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tenant(TenantRole::Admin) | Self::Operator(OperatorRole::Admin) | Self::Platform(PlatformRole::Admin) => "admin",
            Self::Tenant(TenantRole::HelpdeskOne) => "helpdesk_1",
            Self::Tenant(TenantRole::HelpdeskTwo) => "helpdesk_2",
            Self::Tenant(TenantRole::Auditor) => "auditor",
            Self::Operator(OperatorRole::Provisioner) => "provisioner",
            Self::Operator(OperatorRole::Support) => "support",
            Self::Operator(OperatorRole::Viewer) => "viewer",
            Self::Platform(PlatformRole::Operations) => "operations",
        }
    }

    /// Reads kind and name; `None` for a role that kind does not have.
    #[must_use]
    pub fn parse(kind: OrgKind, name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.kind() == kind && role.as_str() == name)
    }

    /// What the role may do. Source: DESIGN.md 1.
    #[must_use]
    pub fn scopes(self) -> ScopeSet {
        let scopes: &[Scope] = match self {
            Self::Tenant(TenantRole::Admin) => &[
                Scope::TenantRead,
                Scope::TenantAssign,
                Scope::UsageRead,
                Scope::CallsRead,
                Scope::QualityRead,
                Scope::ConsentWrite,
                Scope::AuditRead,
                Scope::RegisterRead,
                Scope::ClientsWrite,
            ],
            Self::Tenant(TenantRole::HelpdeskOne) => &[Scope::TenantRead, Scope::CallsRead, Scope::QualityRead],
            Self::Tenant(TenantRole::HelpdeskTwo) => {
                &[Scope::TenantRead, Scope::CallsRead, Scope::QualityRead, Scope::UsageRead, Scope::RegisterRead]
            }
            Self::Tenant(TenantRole::Auditor) => {
                &[Scope::TenantRead, Scope::UsageRead, Scope::CallsRead, Scope::QualityRead, Scope::AuditRead, Scope::RegisterRead]
            }
            Self::Operator(OperatorRole::Admin) => &[
                Scope::NumbersRead,
                Scope::NumbersWrite,
                Scope::EventsRead,
                Scope::EndpointsWrite,
                Scope::CallsRead,
                Scope::DurationsWrite,
                Scope::ReconcileRead,
                Scope::ReconcileWrite,
                Scope::RegisterRead,
                Scope::QualityRead,
                Scope::ClientsWrite,
                Scope::AuditRead,
            ],
            Self::Operator(OperatorRole::Provisioner) => {
                &[Scope::NumbersRead, Scope::NumbersWrite, Scope::EventsRead, Scope::EndpointsWrite, Scope::RegisterRead]
            }
            Self::Operator(OperatorRole::Support) => &[
                Scope::NumbersRead,
                Scope::EventsRead,
                Scope::CallsRead,
                Scope::ReconcileRead,
                Scope::RegisterRead,
                Scope::QualityRead,
            ],
            Self::Operator(OperatorRole::Viewer) => &[Scope::NumbersRead, Scope::EventsRead],
            Self::Platform(PlatformRole::Admin) => &[
                Scope::PlatformCalls,
                Scope::PlatformDirectory,
                Scope::PlatformAdmin,
                Scope::ReconcileRead,
                Scope::ReconcileWrite,
                Scope::RegisterRead,
                Scope::AuditRead,
                Scope::ClientsWrite,
            ],
            Self::Platform(PlatformRole::Operations) => {
                &[Scope::PlatformCalls, Scope::PlatformDirectory, Scope::ReconcileRead, Scope::ReconcileWrite, Scope::RegisterRead]
            }
        };
        scopes.iter().copied().collect()
    }
}

/// An e-mail address, as written by its owner; compared without regard to case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// Reads an address: one `@`, up to 64 bytes before it, a host name with a dot behind it, 254 bytes in all
    /// (RFC 5321, 4.5.3.1); no quotes, no blanks. `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (local, domain) = text.split_once('@')?;
        let local_ok = (1..=64).contains(&local.len())
            && local.chars().all(|c| c.is_alphanumeric() || "!#$%&'*+/=?^_`{|}~.-".contains(c))
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..");
        let label_ok = |label: &str| {
            (1..=63).contains(&label.len())
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let domain_ok = domain.contains('.') && domain.split('.').all(label_ok);
        (text.len() <= 254 && local_ok && domain_ok).then(|| Self(text.to_owned()))
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a password is not taken. Source: OWASP ASVS 5.0, 6.2: length decides, no composition rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordFault {
    TooShort,
    TooLong,
    /// In the list of passwords everybody tries first.
    Common,
}

/// Fewest signs of a password.
pub const PASSWORD_MIN: usize = 8;
/// Most signs of a password.
pub const PASSWORD_MAX: usize = 128;

/// Lower-case passwords that are tried first everywhere and are long enough for [`PASSWORD_MIN`], one a line.
const COMMON: &str = include_str!("common_passwords.txt");

/// Whether a password is taken.
///
/// # Errors
/// The first rule it breaks.
pub fn check_password(password: &str) -> Result<(), PasswordFault> {
    let signs = password.chars().count();
    if signs < PASSWORD_MIN {
        return Err(PasswordFault::TooShort);
    }
    if signs > PASSWORD_MAX {
        return Err(PasswordFault::TooLong);
    }
    let lower = password.to_lowercase();
    if COMMON.lines().any(|common| common == lower) {
        return Err(PasswordFault::Common);
    }
    Ok(())
}

/// Whether a text may be an organisation's short name in addresses: 1 to 63 of `a-z`, `0-9`, `-`, not beginning with `-`.
#[must_use]
pub fn is_slug(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
}

/// The address to go to after signing in: the wanted one when it is a path of this site, else `/`.
#[must_use]
pub fn safe_next(wanted: &str) -> &str {
    let own = wanted.starts_with('/')
        && !wanted.starts_with("//")
        && wanted.len() <= 2000
        && wanted.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    if own { wanted } else { "/" }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn roles_are_read_by_their_kind() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.kind(), role.as_str()), Some(role));
            assert!(role.scopes().iter().count() > 0);
        }
        assert_eq!(Role::parse(OrgKind::Tenant, "provisioner"), None);
        assert_eq!(OrgKind::parse("carrier"), None);
    }

    #[test]
    fn lower_roles_cannot_do_what_admins_can() {
        let writes = [Scope::TenantAssign, Scope::ConsentWrite, Scope::ClientsWrite, Scope::NumbersWrite, Scope::EndpointsWrite];
        for role in [
            Role::Tenant(TenantRole::HelpdeskOne),
            Role::Tenant(TenantRole::HelpdeskTwo),
            Role::Tenant(TenantRole::Auditor),
            Role::Operator(OperatorRole::Support),
            Role::Operator(OperatorRole::Viewer),
        ] {
            for scope in writes {
                assert!(!role.scopes().has(scope), "{role:?} {scope:?}");
            }
        }
        assert!(!Role::Operator(OperatorRole::Provisioner).scopes().has(Scope::ClientsWrite));
        assert!(!Role::Tenant(TenantRole::Admin).scopes().has(Scope::NumbersWrite));
    }

    #[test]
    fn addresses_are_read_with_care() {
        for good in ["mara.lindner@kestrel.example", " a+b@x.co ", "o'neill@müller.example", "x@a-b.c.de"] {
            assert!(Email::parse(good).is_some(), "{good}");
        }
        for bad in ["", "a", "a@b", "@b.c", "a@@b.c", "a b@c.de", "a@-b.de", ".a@b.de", "a..b@c.de", "a@b..c", "a@b.c\n d"] {
            assert!(Email::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn passwords_are_judged_by_length_and_fame() {
        assert_eq!(check_password("kurz"), Err(PasswordFault::TooShort));
        assert_eq!(check_password(&"x".repeat(129)), Err(PasswordFault::TooLong));
        assert_eq!(check_password("PassWord123"), Err(PasswordFault::Common));
        assert_eq!(check_password("eight ünd"), Ok(()));
        assert!(COMMON.lines().all(|common| common.chars().count() >= PASSWORD_MIN && common == common.to_lowercase()));
    }

    #[test]
    fn only_paths_of_this_site_are_next() {
        assert_eq!(safe_next("/t/kestrel/numbers?q=1"), "/t/kestrel/numbers?q=1");
        for bad in ["", "//evil.example", "https://evil.example", "/\\evil.example", "javascript:1", "/a b", "/a\r\nSet-Cookie: x"]
        {
            assert_eq!(safe_next(bad), "/", "{bad}");
        }
    }

    proptest! {
        #[test]
        fn next_never_leaves_the_site(text in "\\PC{0,40}") {
            let next = safe_next(&text);
            prop_assert!(next.starts_with('/') && !next.starts_with("//") && !next.contains('\\'));
        }

        #[test]
        fn slugs_fit_the_schema(text in "[a-zA-Z0-9-]{0,70}") {
            let fits = !text.is_empty() && text.len() <= 63 && !text.starts_with('-') && !text.chars().any(|c| c.is_ascii_uppercase());
            prop_assert_eq!(is_slug(&text), fits);
        }
    }
}
