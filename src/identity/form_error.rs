//! The error of every server function.

use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::FromServerFnError;
use leptos::server_fn::error::ServerFnErrorErr;
use serde::Deserialize;
use serde::Serialize;

/// Why a server function was not even begun: its arguments or its transport. What an action refuses goes back to the page
/// as a message instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum FormError {
    /// The form lacks a field or holds what cannot be read.
    #[error("the form cannot be read: {0}")]
    Malformed(String),
    /// Anything on the way.
    #[error("the form did not get through: {0}")]
    Transport(String),
}

impl FromServerFnError for FormError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            ServerFnErrorErr::Args(text) | ServerFnErrorErr::MissingArg(text) => Self::Malformed(text),
            other => Self::Transport(other.to_string()),
        }
    }
}
