//! SQL of the demo's endpoints.

use chrono::DateTime;
use chrono::Utc;
use sqlx::PgConnection;

use crate::base::EndpointId;
use crate::base::OperatorId;

/// Takes the endpoint as verified at this address, without asking it.
pub(super) async fn take_as_verified(
    conn: &mut PgConnection,
    operator: OperatorId,
    id: EndpointId,
    url: &str,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update endpoint set url = $3, state = 'active', state_reason = null, verified_at = coalesce(verified_at, $4), probe_at = null,
                             quiet_until = null
         where operator_id = $1 and id = $2",
        operator.0,
        id.0,
        url,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The operator's endpoint of that description.
pub(super) async fn described(
    conn: &mut PgConnection,
    operator: OperatorId,
    description: &str,
) -> Result<Option<EndpointId>, sqlx::Error> {
    let id = sqlx::query_scalar!(
        "select id from endpoint where operator_id = $1 and description = $2 order by created_at, id limit 1",
        operator.0,
        description
    )
    .fetch_optional(conn)
    .await?;
    Ok(id.map(EndpointId))
}
