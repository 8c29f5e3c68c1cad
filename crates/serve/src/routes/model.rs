//! `GET /labels` and `GET /info`.

use crate::json::Json;
use crate::openapi::Failures;
use crate::service::Service;
use crate::wire::{Labels, Limits, Served};
use axum::extract::State;

/// The labels and their thresholds.
#[utoipa::path(
    get, path = "/labels", tag = "model",
    responses((status = 200, description = "Labels in the model's order", body = Labels), Failures)
)]
pub(crate) async fn labels(State(service): State<Service>) -> Json<Labels> {
    Json(Labels { labels: service.info().labels.clone() })
}

/// What model this is, and what the server allows.
#[utoipa::path(
    get, path = "/info", tag = "model",
    responses((status = 200, description = "Version, sizes, thresholds, hashes and limits", body = Served), Failures)
)]
pub(crate) async fn info(State(service): State<Service>) -> Json<Served> {
    let limits = Limits::from(service.settings());
    Json(Served { info: service.info().clone(), limits })
}
