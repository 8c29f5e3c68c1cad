//! `GET /labels` and `GET /info`.

use crate::json::Json;
use crate::service::Service;
use crate::wire::{Info, Labels};
use axum::extract::State;

/// The labels and their thresholds.
pub(crate) async fn labels(State(service): State<Service>) -> Json<Labels> {
    Json(Labels { labels: service.info().labels.clone() })
}

/// What model this is.
pub(crate) async fn info(State(service): State<Service>) -> Json<Info> {
    Json(service.info().clone())
}
