//! SQL that reads the log.

use chrono::DateTime;
use chrono::Utc;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::base::Cursor;
use crate::base::Failure;

/// What of the log to list; half open in time.
#[derive(Clone, Debug, Default)]
pub struct EntryFilter {
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
    /// Begins with this: `number.` or `number.assign`.
    pub action: Option<String>,
    /// `done` or `refused`.
    pub outcome: Option<String>,
    /// The whole subject, request id or address, or a part of the name of who acted.
    pub text: Option<String>,
}

/// An entry as listed.
#[derive(Clone, Debug)]
pub struct EntryRow {
    pub id: Uuid,
    pub at: DateTime<Utc>,
    pub actor_kind: String,
    pub actor_label: Option<String>,
    pub action: String,
    pub subject_kind: String,
    pub subject_id: String,
    pub outcome: String,
    /// JSON text.
    pub detail: Option<String>,
    pub request_id: Option<String>,
    pub address: Option<String>,
}

impl EntryRow {
    /// The place of this entry in the list.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        Cursor::of_moment(self.at, self.id)
    }
}

/// Entries of an organisation, newest first; `newer` gives the page in front of the cursor, else the page behind it.
///
/// # Errors
/// When the cursor is of another list or the database is away.
pub async fn list(
    conn: &mut PgConnection,
    org: Uuid,
    filter: &EntryFilter,
    (cursor, newer): (Option<&Cursor>, bool),
    limit: i64,
) -> Result<Vec<EntryRow>, Failure> {
    let (at, id) = place(cursor)?;
    let mut rows = if newer {
        newer_rows(conn, org, filter, (at, id), limit).await?
    } else {
        older_rows(conn, org, filter, (at, id), limit).await?
    };
    if newer {
        rows.reverse();
    }
    Ok(rows)
}

type Place = (Option<DateTime<Utc>>, Option<Uuid>);

fn place(cursor: Option<&Cursor>) -> Result<Place, Failure> {
    let Some(cursor) = cursor else { return Ok((None, None)) };
    let (at, id) = cursor.moment()?;
    Ok((Some(at), Some(id)))
}

macro_rules! rows_of {
    ($conn:expr, $org:expr, $filter:expr, $place:expr, $limit:expr, $compare:tt, $order:tt) => {
        sqlx::query_as!(
            EntryRow,
            "select id, at, actor_kind, actor_label, action, subject_kind, subject_id, outcome, detail, request_id, address
             from audit_event
             where org_id = $1
               and ($2::timestamptz is null or at >= $2)
               and ($3::timestamptz is null or at < $3)
               and ($4::text is null or starts_with(action, $4))
               and ($5::text is null or outcome = $5)
               and ($6::text is null or subject_id = $6 or request_id = $6 or address = $6
                    or position(lower($6) in lower(actor_label)) > 0)
               and ($7::timestamptz is null or (at, id) "
                + $compare
                + " ($7, $8)) order by at "
                + $order
                + ", id "
                + $order
                + " limit $9",
            $org,
            $filter.from,
            $filter.to,
            $filter.action,
            $filter.outcome,
            $filter.text,
            $place.0,
            $place.1,
            $limit
        )
        .fetch_all($conn)
        .await?
    };
}

async fn older_rows(
    conn: &mut PgConnection,
    org: Uuid,
    filter: &EntryFilter,
    place: Place,
    limit: i64,
) -> Result<Vec<EntryRow>, Failure> {
    Ok(rows_of!(conn, org, filter, place, limit, "<", "desc"))
}

async fn newer_rows(
    conn: &mut PgConnection,
    org: Uuid,
    filter: &EntryFilter,
    place: Place,
    limit: i64,
) -> Result<Vec<EntryRow>, Failure> {
    Ok(rows_of!(conn, org, filter, place, limit, ">", "asc"))
}
