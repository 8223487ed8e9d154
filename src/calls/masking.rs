//! What of a call a reader may see: how many digits of outside parties are hidden, and whether personal fields are shown. Pure.

use crate::base::hidden_digits;
use crate::base::mask;
use crate::identity::OperatorRole;
use crate::identity::OrgKind;
use crate::identity::Role;
use crate::identity::Signed;
use crate::identity::TenantRole;

/// Stands for one hidden digit: as in files; pages draw it as a dot.
const SIGN: char = '*';
/// Fewest digits hidden from an operator's people below support tier 2, whatever the customer's country asks for.
const OPERATOR_HIDDEN: usize = 3;

/// What a reader may see. The least by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    /// Numbers of outside parties in full. Never given to tenants.
    pub full_numbers: bool,
    /// Address, system and program of the device.
    pub personal: bool,
}

impl Sight {
    /// What a role may see. An operator's support engineers and admins are its tier 2; at a tenant everybody but the
    /// first tier of its helpdesk sees the personal fields.
    #[must_use]
    pub const fn of(role: Role) -> Self {
        match role {
            Role::Operator(OperatorRole::Admin | OperatorRole::Support) => Self { full_numbers: true, personal: false },
            Role::Tenant(TenantRole::Admin | TenantRole::HelpdeskTwo | TenantRole::Auditor) => {
                Self { full_numbers: false, personal: true }
            }
            Role::Tenant(TenantRole::HelpdeskOne)
            | Role::Operator(OperatorRole::Provisioner | OperatorRole::Viewer)
            | Role::Platform(_) => Self { full_numbers: false, personal: false },
        }
    }

    /// What who is signed in may see in that organisation; the least for who is no member.
    #[must_use]
    pub fn in_org(signed: Option<&Signed>, kind: OrgKind, slug: &str) -> Self {
        signed.and_then(|signed| signed.membership(kind, slug)).map(|membership| Self::of(membership.role)).unwrap_or_default()
    }
}

/// An outside party's number as a tenant sees it, by the tenant's country.
#[must_use]
pub fn for_tenant(number: &str, tenant_country: &str) -> String {
    mask(number, hidden_digits(tenant_country), SIGN)
}

/// An outside party's number as an operator's person sees it.
#[must_use]
pub fn for_operator(number: &str, tenant_country: &str, sight: Sight) -> String {
    if sight.full_numbers {
        return number.to_owned();
    }
    mask(number, hidden_digits(tenant_country).max(OPERATOR_HIDDEN), SIGN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_never_see_more_than_their_country_allows() {
        for role in Role::ALL.into_iter().filter(|role| role.kind() == OrgKind::Tenant) {
            assert!(!Sight::of(role).full_numbers, "{role:?}");
        }
        assert_eq!(for_tenant("+442079460123", "DE"), "+442079460***");
        assert_eq!(for_tenant("+442079460123", "CH"), "+44207946****");
        assert_eq!(for_tenant("+442079460123", "GB"), "+442079460123");
    }

    #[test]
    fn operators_below_tier_two_see_masked_numbers() {
        for role in [Role::Operator(OperatorRole::Viewer), Role::Operator(OperatorRole::Provisioner)] {
            assert_eq!(for_operator("+442079460123", "GB", Sight::of(role)), "+442079460***");
            assert_eq!(for_operator("+442079460123", "CH", Sight::of(role)), "+44207946****");
        }
        for role in [Role::Operator(OperatorRole::Support), Role::Operator(OperatorRole::Admin)] {
            assert_eq!(for_operator("+442079460123", "DE", Sight::of(role)), "+442079460123");
        }
    }

    #[test]
    fn personal_fields_are_for_the_tenant_and_not_for_its_first_tier() {
        assert!(!Sight::of(Role::Tenant(TenantRole::HelpdeskOne)).personal);
        assert!(Sight::of(Role::Tenant(TenantRole::HelpdeskTwo)).personal);
        assert!(Role::ALL.into_iter().filter(|role| Sight::of(*role).personal).all(|role| role.kind() == OrgKind::Tenant));
        assert_eq!(Sight::in_org(None, OrgKind::Tenant, "kestrel"), Sight::default());
    }
}
