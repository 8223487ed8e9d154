//! SQL of the demo's stock: each table by one statement, the rows as one JSON array.

use serde_json::Value;
use sqlx::PgConnection;

pub(super) async fn insert_locations(conn: &mut PgConnection, rows: &Value) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into emergency_location (tenant_id, id, label, street, house_number, postal_code, city, country, validated,
                                         origin)
         select tenant_id, id, label, street, house_number, postal_code, city, country, validated, 'tenant'
         from jsonb_to_recordset($1) as x(tenant_id uuid, id uuid, label text, street text, house_number text, postal_code text,
                                          city text, country text, validated boolean)",
        rows
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn insert_targets(conn: &mut PgConnection, rows: &Value) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into target (tenant_id, id, kind, display_name, upn, usage_location, licensed, department, left_at, changed_at)
         select tenant_id, id, kind, display_name, upn, usage_location, licensed, department, left_at, changed_at
         from jsonb_to_recordset($1) as x(tenant_id uuid, id text, kind text, display_name text, upn text, usage_location text,
                                          licensed boolean, department text, left_at timestamptz, changed_at timestamptz)",
        rows
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn insert_claims(conn: &mut PgConnection, numbers: &Value) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into number_claim (e164, tenant_id, operator_id, last_number_seq)
         select e164, tenant_id, operator_id, number_seq
         from jsonb_to_recordset($1) as x(e164 text, tenant_id uuid, operator_id uuid, number_seq bigint)",
        numbers
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn insert_numbers(conn: &mut PgConnection, rows: &Value) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into number (tenant_id, e164, operator_id, country, kind, usage, capabilities, city, billing_ref, listed,
                             emergency_mode, emergency_location_id, activation_state, assignment_status, failure_code,
                             failure_reason, quarantine_until, number_seq, version, pending_since, created_at, changed_at)
         select tenant_id, e164, operator_id, country, kind, usage, capabilities, city, billing_ref, true,
                emergency_mode, emergency_location_id, activation_state, assignment_status, failure_code,
                failure_reason, quarantine_until, number_seq, version, pending_since, created_at, changed_at
         from jsonb_to_recordset($1) as x(
           tenant_id uuid, e164 text, operator_id uuid, country text, kind text, usage text, capabilities text[], city text,
           billing_ref text, emergency_mode text, emergency_location_id uuid, activation_state text, assignment_status text,
           failure_code text, failure_reason text, quarantine_until timestamptz, number_seq bigint, version bigint,
           pending_since timestamptz, created_at timestamptz, changed_at timestamptz)",
        rows
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn insert_holdings(conn: &mut PgConnection, rows: &Value) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into holding (tenant_id, e164, held_from, held_until, operator_id)
         select tenant_id, e164, held_from, held_until, operator_id
         from jsonb_to_recordset($1) as x(tenant_id uuid, e164 text, held_from timestamptz, held_until timestamptz, operator_id uuid)",
        rows
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn insert_assignments(conn: &mut PgConnection, rows: &Value) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into assignment (tenant_id, e164, id, target_id, target_kind, target_name, category, assigned_at, assigned_seq, ended_at)
         select tenant_id, e164, id, target_id, target_kind, target_name, category, assigned_at, assigned_seq, ended_at
         from jsonb_to_recordset($1) as x(tenant_id uuid, e164 text, id uuid, target_id text, target_kind text, target_name text,
                                          category text, assigned_at timestamptz, assigned_seq bigint, ended_at timestamptz)",
        rows
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn insert_tags(conn: &mut PgConnection, rows: &Value) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into number_tag (tenant_id, tag, e164)
         select tenant_id, tag, e164 from jsonb_to_recordset($1) as x(tenant_id uuid, tag text, e164 text)",
        rows
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn insert_reservations(conn: &mut PgConnection, rows: &Value) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into number_reservation (tenant_id, e164, note, reserved_at)
         select tenant_id, e164, note, reserved_at
         from jsonb_to_recordset($1) as x(tenant_id uuid, e164 text, note text, reserved_at timestamptz)",
        rows
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn insert_changes(conn: &mut PgConnection, rows: &Value) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into number_change (tenant_id, e164, id, operator_id, at, kind, actor_kind, number_seq, event_id, before, after)
         select tenant_id, e164, id, operator_id, at, kind, actor_kind, number_seq, event_id, before, after
         from jsonb_to_recordset($1) as x(tenant_id uuid, e164 text, id uuid, operator_id uuid, at timestamptz, kind text,
                                          actor_kind text, number_seq bigint, event_id uuid, before jsonb, after jsonb)",
        rows
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn insert_private_changes(conn: &mut PgConnection, rows: &Value) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into number_change_private (tenant_id, e164, id, actor_label, target_id, target_name, note)
         select tenant_id, e164, id, actor_label, target_id, target_name, note
         from jsonb_to_recordset($1) as x(tenant_id uuid, e164 text, id uuid, actor_label text, target_id text, target_name text, note text)
         where actor_label is not null or target_id is not null or note is not null",
        rows
    )
    .execute(conn)
    .await?;
    Ok(())
}
