//! Rows in PostgreSQL's binary COPY format (documentation of COPY, «Binary Format»): the fastest way in, without escaping.

use chrono::DateTime;
use chrono::Utc;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::base::Failure;

/// Signature, no flags, no extension.
const HEAD: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// Microseconds from 1970 to 2000, where PostgreSQL counts from.
const EPOCH_US: i64 = 946_684_800_000_000;
/// Bytes sent at once.
const PIECE: usize = 1024 * 1024;

/// Rows to copy in, column by column in the order of the COPY statement.
#[derive(Clone, Debug)]
pub struct CopyRows {
    bytes: Vec<u8>,
    columns: i16,
    rows: u64,
}

impl CopyRows {
    /// Rows of this many columns.
    #[must_use]
    pub fn new(columns: i16) -> Self {
        Self { bytes: HEAD.to_vec(), columns, rows: 0 }
    }

    /// Begins a row; then comes one call for each column.
    pub fn row(&mut self) {
        self.bytes.extend_from_slice(&self.columns.to_be_bytes());
        self.rows += 1;
    }

    /// How many rows were begun.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.rows
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    fn field(&mut self, value: &[u8]) {
        // A field is a part of a body of at most 1 GiB.
        let length = i32::try_from(value.len()).unwrap_or(i32::MAX);
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.extend_from_slice(value);
    }

    /// A null of any type.
    pub fn null(&mut self) {
        self.bytes.extend_from_slice(&(-1_i32).to_be_bytes());
    }

    /// A value or null.
    pub fn opt<T>(&mut self, value: Option<T>, put: impl FnOnce(&mut Self, T)) {
        match value {
            Some(value) => put(self, value),
            None => self.null(),
        }
    }

    /// `uuid`.
    pub fn uuid(&mut self, value: Uuid) {
        self.field(value.as_bytes());
    }

    /// `text`; must hold no NUL.
    pub fn text(&mut self, value: &str) {
        self.field(value.as_bytes());
    }

    /// `text` or null; must hold no NUL.
    pub fn opt_text(&mut self, value: Option<&str>) {
        self.opt(value, Self::text);
    }

    /// `bytea`.
    pub fn bytes(&mut self, value: &[u8]) {
        self.field(value);
    }

    /// `jsonb`, from JSON text.
    pub fn json(&mut self, value: &str) {
        let length = i32::try_from(value.len().saturating_add(1)).unwrap_or(i32::MAX);
        self.bytes.extend_from_slice(&length.to_be_bytes());
        self.bytes.push(1);
        self.bytes.extend_from_slice(value.as_bytes());
    }

    /// `boolean`.
    pub fn bool(&mut self, value: bool) {
        self.field(&[u8::from(value)]);
    }

    /// `smallint`.
    pub fn i16(&mut self, value: i16) {
        self.field(&value.to_be_bytes());
    }

    /// `integer`.
    pub fn i32(&mut self, value: i32) {
        self.field(&value.to_be_bytes());
    }

    /// `bigint`.
    pub fn i64(&mut self, value: i64) {
        self.field(&value.to_be_bytes());
    }

    /// `double precision`.
    pub fn f64(&mut self, value: f64) {
        self.field(&value.to_be_bytes());
    }

    /// `timestamptz`.
    pub fn time(&mut self, value: DateTime<Utc>) {
        self.i64(value.timestamp_micros().saturating_sub(EPOCH_US));
    }

    /// `timestamptz` or null.
    pub fn opt_time(&mut self, value: Option<DateTime<Utc>>) {
        self.opt(value, Self::time);
    }

    /// Sends the rows by a statement `copy … from stdin (format binary)`; answers how many were taken. The target must be
    /// without row security (a temporary table): COPY is refused under it.
    ///
    /// # Errors
    /// When the database is away or the rows do not fit the table.
    pub async fn send(mut self, conn: &mut PgConnection, statement: &str) -> Result<u64, Failure> {
        self.bytes.extend_from_slice(&(-1_i16).to_be_bytes());
        let mut copy = conn.copy_in_raw(statement).await?;
        for piece in self.bytes.chunks(PIECE) {
            copy.send(piece).await?;
        }
        Ok(copy.finish().await?)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use sqlx::PgPool;
    use sqlx::Row as _;

    use super::*;

    #[sqlx::test(migrations = false)]
    async fn what_is_copied_is_there(pool: PgPool) {
        let mut conn = pool.acquire().await.expect("a connection");
        let sql = "create temp table t (a uuid, b text, c bytea, d jsonb, e boolean, f smallint, g integer, h bigint,
                   i double precision, j timestamptz)";
        sqlx::query(sql).execute(&mut *conn).await.expect("made");
        let at = DateTime::UNIX_EPOCH + TimeDelta::days(20_780) + TimeDelta::milliseconds(123);
        let mut rows = CopyRows::new(10);
        rows.row();
        rows.uuid(Uuid::from_u128(7));
        rows.text("ta\tb\\n ü");
        rows.bytes(&[0, 255]);
        rows.json(r#"{"a":[1,2]}"#);
        rows.bool(true);
        rows.i16(-3);
        rows.i32(70_000);
        rows.i64(-1);
        rows.f64(0.25);
        rows.time(at);
        rows.row();
        (0..10).for_each(|_| rows.null());
        assert_eq!((rows.len(), rows.is_empty()), (2, false));
        assert_eq!(rows.send(&mut conn, "copy t from stdin (format binary)").await.expect("copied"), 2);
        let row = sqlx::query("select * from t where a is not null").fetch_one(&mut *conn).await.expect("a row");
        assert_eq!(row.get::<Uuid, _>(0), Uuid::from_u128(7));
        assert_eq!(row.get::<String, _>(1), "ta\tb\\n ü");
        assert_eq!(row.get::<Vec<u8>, _>(2), vec![0, 255]);
        assert_eq!(row.get::<serde_json::Value, _>(3), serde_json::json!({"a": [1, 2]}));
        assert!(row.get::<bool, _>(4));
        assert_eq!((row.get::<i16, _>(5), row.get::<i32, _>(6), row.get::<i64, _>(7)), (-3, 70_000, -1));
        assert!((row.get::<f64, _>(8) - 0.25).abs() < f64::EPSILON);
        assert_eq!(row.get::<DateTime<Utc>, _>(9), at);
    }
}
