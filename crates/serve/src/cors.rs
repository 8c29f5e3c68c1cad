//! Whose pages may call the API from a browser.

use crate::settings::Settings;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderName, HeaderValue, Method};
use std::time::Duration;
use tower_http::cors::{AllowOrigin, CorsLayer};

/// Time that a browser remembers what it was allowed.
const REMEMBERED: Duration = Duration::from_mins(10);

/// None without origins: then only the page of this server may call it.
pub(crate) fn layer(settings: &Settings) -> Option<CorsLayer> {
    let origins = &settings.origins;
    if origins.is_empty() {
        return None;
    }
    let allowed = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()))
    };
    let (id, key) = (HeaderName::from_static("x-request-id"), HeaderName::from_static("x-api-key"));
    let layer = CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([CONTENT_TYPE, AUTHORIZATION, key, id.clone()])
        .expose_headers([id, RETRY_AFTER])
        .max_age(REMEMBERED);
    Some(layer)
}
