//! The router.

use crate::failure::Failure;
use crate::routes::{batch, docs, model, predict, root, state};
use crate::service::Service;
use crate::{access, cors, key, page, rate, request_id};
use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};

/// Every route over `service`.
pub fn app(service: Service) -> Router {
    let routes = guarded(&service)
        .merge(open())
        .fallback(async || Failure::NoRoute)
        .method_not_allowed_fallback(async || Failure::Method);
    let shared = match cors::layer(service.settings()) {
        Some(layer) => routes.layer(layer),
        None => routes,
    };
    shared
        .layer(from_fn_with_state(service.clone(), access::log))
        .layer(from_fn(request_id::name))
        .with_state(service)
}

/// What asks for the key, where there is one, and counts against the rate limit.
fn guarded(service: &Service) -> Router<Service> {
    Router::new()
        .route("/predict", post(predict::predict))
        .route("/predict/batch", post(batch::predict))
        .route("/labels", get(model::labels))
        .route("/info", get(model::info))
        .route("/metrics", get(state::metrics))
        .route_layer(from_fn_with_state(service.clone(), key::check))
        // Before the key is looked at, so that keys cannot be guessed any faster.
        .route_layer(from_fn_with_state(service.clone(), rate::limit))
}

/// What probes ask, the page and the documentation.
fn open() -> Router<Service> {
    Router::new()
        .route("/health", get(state::health))
        .route("/ready", get(state::ready))
        .route("/openapi.json", get(docs::openapi))
        .route("/docs", get(docs::html))
        .route("/docs/start.js", get(docs::start))
        .route("/docs/swagger-ui-bundle.js", get(docs::script))
        .route("/docs/swagger-ui.css", get(docs::style))
        .route("/", get(root::root))
        .route("/page.css", get(page::css))
        .route("/page.js", get(page::js))
        .route("/page/{script}", get(page::script))
}
