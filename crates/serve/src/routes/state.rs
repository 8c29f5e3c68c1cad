//! `GET /health` and `GET /ready`.

use crate::failure::Failure;
use crate::json::Json;
use crate::service::Service;
use crate::wire::Status;
use axum::extract::State;

/// Whether the process lives.
pub(crate) async fn health() -> Json<Status> {
    Json(Status { status: "ok" })
}

/// Whether it takes requests.
pub(crate) async fn ready(State(service): State<Service>) -> Result<Json<Status>, Failure> {
    if service.is_draining() {
        Err(Failure::Draining)
    } else {
        Ok(Json(Status { status: "ready" }))
    }
}
