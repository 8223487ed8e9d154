//! The request log as an organisation reads it: the calls of one client, newest first.

use chrono::DateTime;
use chrono::Utc;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::base::Cursor;
use crate::base::Failure;

/// One call of the API.
#[derive(Clone, Debug)]
pub struct LoggedCall {
    pub at: DateTime<Utc>,
    pub id: Uuid,
    pub method: String,
    /// The route's template: `/api/v1/numbers/{e164}`.
    pub route: String,
    pub status: i16,
    /// Milliseconds until the answer began.
    pub elapsed_ms: i32,
    pub request_id: String,
    /// The `code` of the problem it was answered with.
    pub problem_code: Option<String>,
}

impl LoggedCall {
    /// The place of this call in the list.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        Cursor::of_moment(self.at, self.id)
    }
}

macro_rules! calls {
    ($conn:expr, $of:expr, $place:expr, $limit:expr, $only:tt, $compare:tt, $order:tt) => {
        sqlx::query_as!(
            LoggedCall,
            "select at, id, method, route, status, elapsed_ms, request_id, problem_code
             from request_log
             where org_id = $1 and client_id = $2 and (at, id) "
                + $compare
                + " ($3::timestamptz, $4::uuid)"
                + $only
                + " order by at "
                + $order
                + ", id "
                + $order
                + " limit $5",
            $of.0,
            $of.1,
            $place.0,
            $place.1,
            $limit
        )
        .fetch_all($conn)
        .await
    };
}

/// Calls of a client of the organisation; `newer` gives the page in front of the cursor, else the page behind it.
///
/// # Errors
/// 400 for a cursor of another list, or when the database is away.
pub async fn requests(
    conn: &mut PgConnection,
    (org, client): (Uuid, &str),
    (cursor, newer): (Option<&Cursor>, bool),
    refused: bool,
    limit: i64,
) -> Result<Vec<LoggedCall>, Failure> {
    let place = match cursor {
        Some(cursor) => cursor.moment()?,
        // Behind everything that is.
        None => (DateTime::from_timestamp(253_402_300_799, 0).unwrap_or_default(), Uuid::max()),
    };
    // Four texts, as refused calls have an index of their own.
    let mut rows = match (newer, refused) {
        (true, false) => calls!(conn, (org, client), place, limit, "", ">", "asc")?,
        (true, true) => calls!(conn, (org, client), place, limit, " and status >= 400", ">", "asc")?,
        (false, false) => calls!(conn, (org, client), place, limit, "", "<", "desc")?,
        (false, true) => calls!(conn, (org, client), place, limit, " and status >= 400", "<", "desc")?,
    };
    if newer {
        rows.reverse();
    }
    Ok(rows)
}
