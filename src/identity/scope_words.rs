//! What a scope lets an API client do, in plain words.

use crate::base::Scope;
use crate::tr;
use crate::ui::Lang;
use crate::ui::Text;

/// What a scope allows; `None` for those that only people have.
pub(super) fn allows(lang: Lang, scope: Scope) -> Option<Text> {
    Some(match scope {
        Scope::NumbersRead => tr!(in lang, "identity.scope.numbers_read"),
        Scope::NumbersWrite => tr!(in lang, "identity.scope.numbers_write"),
        Scope::EventsRead => tr!(in lang, "identity.scope.events_read"),
        Scope::EndpointsWrite => tr!(in lang, "identity.scope.endpoints_write"),
        Scope::CallsRead => tr!(in lang, "identity.scope.calls_read"),
        Scope::DurationsWrite => tr!(in lang, "identity.scope.durations_write"),
        Scope::RegisterRead => tr!(in lang, "identity.scope.register_read"),
        Scope::TenantRead => tr!(in lang, "identity.scope.tenant_read"),
        Scope::TenantAssign => tr!(in lang, "identity.scope.tenant_assign"),
        Scope::UsageRead => tr!(in lang, "identity.scope.usage_read"),
        Scope::QualityRead => tr!(in lang, "identity.scope.quality_read"),
        Scope::PlatformCalls => tr!(in lang, "identity.scope.platform_calls"),
        Scope::PlatformDirectory => tr!(in lang, "identity.scope.platform_directory"),
        Scope::ReconcileRead | Scope::ReconcileWrite | Scope::PlatformAdmin => tr!(in lang, "identity.scope.later"),
        Scope::ConsentWrite | Scope::AuditRead | Scope::ClientsWrite => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::model::OrgKind;
    use super::*;

    #[test]
    fn every_scope_that_a_client_can_have_is_explained() {
        for kind in [OrgKind::Tenant, OrgKind::Operator, OrgKind::Platform] {
            for scope in kind.client_scopes().iter() {
                assert!(allows(Lang::En, scope).is_some(), "{scope:?}");
            }
        }
    }
}
