//! `GET /labels` and `GET /info`.

use crate::json::Json;
use crate::openapi::Failures;
use crate::service::Service;
use crate::wire::{Info, Labels};
use axum::extract::State;

/// The labels and their thresholds.
#[utoipa::path(
    get, path = "/labels", tag = "model",
    responses((status = 200, description = "Labels in the model's order", body = Labels), Failures)
)]
pub(crate) async fn labels(State(service): State<Service>) -> Json<Labels> {
    Json(Labels { labels: service.info().labels.clone() })
}

/// What model this is.
#[utoipa::path(
    get, path = "/info", tag = "model",
    responses((status = 200, description = "Version, sizes, thresholds and hashes", body = Info), Failures)
)]
pub(crate) async fn info(State(service): State<Service>) -> Json<Info> {
    Json(service.info().clone())
}
