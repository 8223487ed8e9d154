//! Whose each table is: what the tests of the schema hold the database against.

/// Tables of a tenant, by `tenant_id`. With an operator's column the operator reads its own customers' rows.
pub const TENANT: &[&str] = &[
    "assignment",
    "call_personal",
    "call_record",
    "call_replaced",
    "change",
    "change_set",
    "change_set_row",
    "consent",
    "consent_acceptance",
    "consent_entry",
    "duration_day_told",
    "duration_record",
    "duration_replaced",
    "emergency_location",
    "event_out",
    "gate",
    "holding",
    "number",
    "number_change",
    "number_change_private",
    "number_reservation",
    "number_suffix",
    "number_tag",
    "pair",
    "quality_hour",
    "quality_network_hour",
    "relationship",
    "release_request",
    "stock_threshold",
    "stream",
    "target",
    "target_upload",
    "transfer",
    "usage_day",
];
/// Tenant tables of which an operator sees nothing at all: people, notes, and what is not sealed yet.
pub const PRIVATE: &[&str] = &[
    "assignment",
    "call_personal",
    "change_set",
    "change_set_row",
    "consent_acceptance",
    "consent_entry",
    "emergency_location",
    "event_out",
    "number_change_private",
    "number_reservation",
    "number_tag",
    "quality_network_hour",
    "stock_threshold",
    "target",
    "target_upload",
    "usage_day",
];
/// Tables of an operator, by `operator_id`.
pub const OPERATOR: &[&str] = &[
    "attempt",
    "call_batch_part",
    "duration_batch",
    "duration_batch_body",
    "duration_day",
    "duration_reject",
    "endpoint",
    "endpoint_key",
    "endpoint_secret",
    "endpoint_turn",
    "event",
    "feed_head",
    "held_event",
    "number_order",
    "number_order_row",
    "number_upload",
    "recovery",
    "resend",
];
/// Tables of an operator of which a tenant sees the rows about itself.
pub const TOLD_TENANTS: &[&str] = &["attempt", "event"];
/// Tables of either kind of organisation, by `org_id`.
pub const ORG: &[&str] = &[
    "audit_event",
    "chain_anchor",
    "chain_entry",
    "chain_head",
    "chain_pending",
    "idempotency_key",
    "number_list",
    "request_log",
    "saved_view",
];
/// Small tables that belong to nobody.
pub const GLOBAL: &[&str] = &[
    "access_token",
    "account",
    "api_client",
    "api_client_key",
    "call_batch",
    "call_reject",
    "client_assertion",
    "job_state",
    "membership",
    "notice_draft",
    "notice_text",
    "number_claim",
    "operator",
    "partitioned_table",
    "session",
    "session_index",
    "tenant",
    "_sqlx_migrations",
];
/// Tables with an owner that everybody may read: public halves of signing keys.
pub const PUBLIC: &[&str] = &["endpoint_key"];
/// Tenant tables into which an operator may write rows about itself, by policy.
pub const OPERATOR_WRITES: &[&str] = &["change", "relationship", "transfer"];

/// Table and owner's column of everything that belongs to somebody.
pub fn owned() -> impl Iterator<Item = (&'static str, &'static str)> {
    let tenant = TENANT.iter().map(|table| (*table, "tenant_id"));
    let operator = OPERATOR.iter().map(|table| (*table, "operator_id"));
    tenant.chain(operator).chain(ORG.iter().map(|table| (*table, "org_id")))
}
