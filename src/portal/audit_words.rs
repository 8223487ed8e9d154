//! What the log's verbs say to people.

use crate::tr;
use crate::ui::Lang;
use crate::ui::Text;

/// A verb as a sentence's beginning; one that is not known stands for itself.
pub(super) fn action_text(lang: Lang, action: &str) -> Text {
    match action {
        "account.signed_in" => tr!(in lang, "portal.audit.do.signed_in"),
        "account.sign_in_failed" => tr!(in lang, "portal.audit.do.sign_in_failed"),
        "calls.read" => tr!(in lang, "portal.audit.do.calls_read"),
        "call.read" => tr!(in lang, "portal.audit.do.call_read"),
        "calls.export" => tr!(in lang, "portal.audit.do.calls_export"),
        "consent.accept" => tr!(in lang, "portal.audit.do.consent_accept"),
        "consent.suspend" => tr!(in lang, "portal.audit.do.consent_suspend"),
        "consent.resume" => tr!(in lang, "portal.audit.do.consent_resume"),
        "consent.withdraw" => tr!(in lang, "portal.audit.do.consent_withdraw"),
        "durations.send" => tr!(in lang, "portal.audit.do.durations_send"),
        "durations.close_day" => tr!(in lang, "portal.audit.do.durations_close_day"),
        "number.assign" => tr!(in lang, "portal.audit.do.number_assign"),
        "number.unassign" => tr!(in lang, "portal.audit.do.number_unassign"),
        "relationship.set" => tr!(in lang, "portal.audit.do.relationship_set"),
        "consent.export" => tr!(in lang, "portal.audit.do.consent_export"),
        "register.head" => tr!(in lang, "portal.audit.do.register_head"),
        "register.erase" => tr!(in lang, "portal.audit.do.register_erase"),
        "audit.erase" => tr!(in lang, "portal.audit.do.audit_erase"),
        "register.export" => tr!(in lang, "portal.audit.do.register_export"),
        "account.password_changed" => tr!(in lang, "portal.audit.do.account_password_changed"),
        "account.session_ended" => tr!(in lang, "portal.audit.do.account_session_ended"),
        "account.signed_out" => tr!(in lang, "portal.audit.do.account_signed_out"),
        "account.signed_out_everywhere" => tr!(in lang, "portal.audit.do.account_signed_out_everywhere"),
        "client.created" => tr!(in lang, "portal.audit.do.client_created"),
        "client.revoked" => tr!(in lang, "portal.audit.do.client_revoked"),
        "endpoint.change" => tr!(in lang, "portal.audit.do.endpoint_change"),
        "endpoint.create" => tr!(in lang, "portal.audit.do.endpoint_create"),
        "endpoint.delete" => tr!(in lang, "portal.audit.do.endpoint_delete"),
        "endpoint.pause" => tr!(in lang, "portal.audit.do.endpoint_pause"),
        "endpoint.recover" => tr!(in lang, "portal.audit.do.endpoint_recover"),
        "endpoint.resume" => tr!(in lang, "portal.audit.do.endpoint_resume"),
        "endpoint.rotate" => tr!(in lang, "portal.audit.do.endpoint_rotate"),
        "endpoint.verify" => tr!(in lang, "portal.audit.do.endpoint_verify"),
        "event.redeliver" => tr!(in lang, "portal.audit.do.event_redeliver"),
        "membership.set" => tr!(in lang, "portal.audit.do.membership_set"),
        "change_set.run" => tr!(in lang, "portal.audit.do.change_set_run"),
        "change_set.undo" => tr!(in lang, "portal.audit.do.change_set_undo"),
        "number.refuse" => tr!(in lang, "portal.audit.do.number_refuse"),
        "targets.put" => tr!(in lang, "portal.audit.do.targets_put"),
        "operator.created" => tr!(in lang, "portal.audit.do.operator_created"),
        "tenant.created" => tr!(in lang, "portal.audit.do.tenant_created"),
        "usage.export" => tr!(in lang, "portal.audit.do.usage_export"),
        _ => action.to_owned().into(),
    }
}

/// Groups of verbs for the filter: the beginning of their names.
pub(super) fn groups(lang: Lang) -> Vec<(&'static str, Text)> {
    vec![
        ("number.", tr!(in lang, "portal.audit.group.number")),
        ("call", tr!(in lang, "portal.audit.group.call")),
        ("durations.", tr!(in lang, "portal.audit.group.durations")),
        ("consent.", tr!(in lang, "portal.audit.group.consent")),
        ("account.", tr!(in lang, "portal.audit.group.account")),
        ("client.", tr!(in lang, "portal.audit.group.client")),
        ("endpoint.", tr!(in lang, "portal.audit.group.endpoint")),
        ("relationship.", tr!(in lang, "portal.audit.group.relationship")),
        ("register.", tr!(in lang, "portal.audit.group.register")),
        ("usage.", tr!(in lang, "portal.audit.group.usage")),
    ]
}
