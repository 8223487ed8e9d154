//! How database errors become failures.

use crate::base::Failure;

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_) => Self::Unavailable(error.to_string()),
            sqlx::Error::Database(db) => match db.code().as_deref() {
                // Class 57P: shutting down or starting up; 08: connection; 53300: too many connections; 25P03: idle too long.
                Some(code) if code.starts_with("57P") || code.starts_with("08") || code == "53300" || code == "25P03" => {
                    Self::Unavailable(error.to_string())
                }
                // Serialization failure, deadlock, a lock not had in time, a statement that took too long: nothing happened, the same call
                // may be made again.
                Some("40001" | "40P01" | "55P03" | "57014") => Self::Unavailable(error.to_string()),
                // A check that has no name: there is no partition for the row yet, or it was dropped just now.
                Some("23514") if db.constraint().is_none() => Self::Unavailable(error.to_string()),
                _ => Self::Internal(anyhow::Error::new(error)),
            },
            _ => Self::Internal(anyhow::Error::new(error)),
        }
    }
}
