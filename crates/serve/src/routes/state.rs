//! `GET /health`, `GET /ready` and `GET /metrics`.

use crate::failure::{ErrorReport, Failure};
use crate::json::Json;
use crate::metrics::MEDIA_TYPE;
use crate::openapi::Failures;
use crate::service::Service;
use crate::wire::Status;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

/// Whether the process lives.
#[utoipa::path(
    get, path = "/health", tag = "operation", security(()),
    responses((status = 200, description = "It does", body = Status))
)]
pub(crate) async fn health() -> Json<Status> {
    Json(Status { status: "ok" })
}

/// Whether it takes requests.
#[utoipa::path(
    get, path = "/ready", tag = "operation", security(()),
    responses(
        (status = 200, description = "It does", body = Status),
        (status = 503, description = "It is shutting down", body = ErrorReport),
    )
)]
pub(crate) async fn ready(State(service): State<Service>) -> Result<Json<Status>, Failure> {
    if service.is_draining() {
        Err(Failure::Draining)
    } else {
        Ok(Json(Status { status: "ready" }))
    }
}

/// Counters for Prometheus.
#[utoipa::path(
    get, path = "/metrics", tag = "operation",
    responses((status = 200, description = "In the OpenMetrics text format", content_type = "application/openmetrics-text", body = String), Failures)
)]
pub(crate) async fn metrics(State(service): State<Service>) -> Response {
    match service.metrics().text(service.waiting()) {
        Ok(text) => ([(CONTENT_TYPE, MEDIA_TYPE)], text).into_response(),
        Err(error) => {
            tracing::error!("the metrics could not be written: {error}");
            Failure::Model.into_response()
        }
    }
}
