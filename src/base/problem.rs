//! What can go wrong, once: problems a caller can mend (RFC 9457) and failures of our own.

use serde::Deserialize;
use serde::Serialize;

/// A refusal with plain words: what is wrong and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// HTTP status, 400 to 503.
    pub status: u16,
    /// Stable code for machines, `snake_case`.
    pub code: &'static str,
    /// What is wrong and how to mend it, in English; pages translate by code where they can.
    pub detail: String,
    /// Per row or field, where there are any.
    pub errors: Vec<RowError>,
    /// Seconds after which to try again.
    pub retry_after_s: Option<u32>,
}

/// One row's or field's part of a problem.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowError {
    /// Row, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    pub code: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// How to mend it.
    pub fix: String,
}

impl Problem {
    /// A problem without rows.
    #[must_use]
    pub fn new(status: u16, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), errors: Vec::new(), retry_after_s: None }
    }

    /// 404: it does not exist or belongs to somebody else.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(404, "not_found", format!("There is no such {what} here."))
    }

    /// Adds what is wrong with one field.
    #[must_use]
    pub fn field(mut self, field: &str, code: &str, value: Option<String>, fix: impl Into<String>) -> Self {
        self.errors.push(RowError { row: None, field: Some(field.to_owned()), code: code.to_owned(), value, fix: fix.into() });
        self
    }

    /// The short title that goes with the status (RFC 9110, section 15).
    #[must_use]
    pub fn title(&self) -> &'static str {
        match self.status {
            400 => "Malformed request",
            401 => "Not signed in",
            403 => "Not allowed",
            404 => "Not found",
            405 => "Method not allowed",
            406 => "Not acceptable",
            409 => "Conflict",
            410 => "Gone",
            412 => "Changed in the meantime",
            413 => "Too large",
            415 => "Unsupported media type",
            422 => "Refused by a rule",
            429 => "Too many requests",
            451 => "Consent missing",
            503 => "Unavailable for the moment",
            _ => "Error",
        }
    }
}

/// Why an action did not happen.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The caller can mend it.
    #[error("{}: {}", .0.code, .0.detail)]
    Refused(Box<Problem>),
    /// Something we depend on is away; trying again later helps.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// Our fault.
    #[error("internal: {0:#}")]
    Internal(#[from] anyhow::Error),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Refused(Box::new(problem))
    }
}

impl Failure {
    /// What the caller is told; our own faults say nothing of their cause.
    #[must_use]
    pub fn problem(&self) -> Problem {
        match self {
            Self::Refused(problem) => (**problem).clone(),
            Self::Unavailable(_) => Problem {
                retry_after_s: Some(5),
                ..Problem::new(503, "unavailable", "The database is away for the moment. Nothing was changed; try again shortly.")
            },
            Self::Internal(_) => {
                Problem::new(500, "internal", "Something went wrong on our side. The request id helps us find it.")
            }
        }
    }
}
