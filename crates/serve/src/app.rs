//! The router.

use crate::failure::Failure;
use crate::routes::{model, predict, state};
use crate::service::Service;
use crate::{access, page, request_id};
use axum::Router;
use axum::middleware::from_fn;
use axum::routing::{get, post};

/// Every route over `service`.
pub fn app(service: Service) -> Router {
    Router::new()
        .route("/predict", post(predict::predict))
        .route("/labels", get(model::labels))
        .route("/info", get(model::info))
        .route("/health", get(state::health))
        .route("/ready", get(state::ready))
        .route("/", get(page::html))
        .route("/page.css", get(page::css))
        .route("/page.js", get(page::js))
        .fallback(async || Failure::NoRoute)
        .method_not_allowed_fallback(async || Failure::Method)
        .layer(from_fn(access::log))
        .layer(from_fn(request_id::name))
        .with_state(service)
}
