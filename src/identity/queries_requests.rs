//! The request log as an organisation reads it: the calls of one client, newest first.

use std::collections::HashMap;

use chrono::DateTime;
use chrono::TimeDelta;
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

/// How much a client asked for in one hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    pub calls: i64,
    /// Of these, answered with 400 or more.
    pub refused: i64,
}

/// What the clients of an organisation asked for in the last 24 hours.
#[derive(Debug, Default)]
pub struct Use {
    /// Per client, by hour, oldest first, the running one last. A client that asked for nothing is left out.
    pub hours: HashMap<String, [Asked; HOURS]>,
    /// Only the newest [`COUNTED`] calls were counted, as there are more.
    pub cut: bool,
}

/// Hours that [`clients_use`] tells of.
const HOURS: usize = 24;
/// Calls that are counted at most: a program that asks as often as it may makes four million a day.
pub const COUNTED: i64 = 100_000;

/// What the clients of an organisation asked for in the last 24 hours.
///
/// # Errors
/// When the database is away.
pub async fn clients_use(conn: &mut PgConnection, org: Uuid, now: DateTime<Utc>, most: i64) -> Result<Use, Failure> {
    let from = now - TimeDelta::hours(24);
    let rows = sqlx::query!(
        r#"select client_id, floor(extract(epoch from (at - $2::timestamptz)) / 3600)::int as "hour!",
                  count(*) as "calls!", count(*) filter (where status >= 400) as "refused!"
           from (select client_id, at, status from request_log
                 where org_id = $1 and at > $2::timestamptz
                 order by at desc, id desc limit $3) newest
           group by 1, 2"#,
        org,
        from,
        most
    )
    .fetch_all(conn)
    .await?;
    let mut told = Use { cut: rows.iter().map(|row| row.calls).sum::<i64>() >= most, ..Use::default() };
    for row in rows {
        // Another process may write a moment that is not here yet.
        let hour = usize::try_from(row.hour).unwrap_or(0).min(HOURS - 1);
        let asked = &mut told.hours.entry(row.client_id).or_default()[hour];
        asked.calls += row.calls;
        asked.refused += row.refused;
    }
    Ok(told)
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
