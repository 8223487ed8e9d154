//! `/livez`, `/readyz`, `/metrics`.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use metrics_exporter_prometheus::PrometheusHandle;

use super::state::App;
use crate::base::Failure;
use crate::store::Ready;
use crate::store::Store;

/// A database that takes longer than this to answer counts as away.
const PATIENCE: Duration = Duration::from_secs(3);

/// The three addresses; metrics only where a recorder was installed.
pub fn routes(metrics: Option<PrometheusHandle>) -> Router<App> {
    Router::new()
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(async move || metrics.map(|handle| handle.render()).unwrap_or_default()))
}

/// 200 when the database answers with the schema this program knows and tells the same time, else 503 with `Retry-After` and why.
async fn ready(State(store): State<Store>) -> Response {
    let answered = tokio::time::timeout(PATIENCE, store.ready()).await;
    let why = match answered.unwrap_or_else(|_| Err(Failure::Unavailable("no answer in time".to_owned()))) {
        Ok(Ready::Yes) => return (StatusCode::OK, "ready\n").into_response(),
        Ok(Ready::OtherSchema) => "the database has the schema of another version of this program\n",
        Ok(Ready::ClockApart(ahead)) => {
            tracing::warn!(ahead_ms = ahead.num_milliseconds(), "the clocks of this machine and of the database differ");
            "the clocks of this machine and of the database differ by more than 2 s\n"
        }
        Err(failure) => {
            tracing::warn!(error = %failure, "not ready");
            "the database is away\n"
        }
    };
    (StatusCode::SERVICE_UNAVAILABLE, [(http::header::RETRY_AFTER, "5")], why).into_response()
}
