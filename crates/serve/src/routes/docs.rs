//! `GET /openapi.json`, and Swagger UI at `/docs`.

use crate::failure::Failure;
use crate::service::Service;
use crate::swagger_ui;
use axum::extract::State;
use axum::http::header::{CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};

/// Swagger UI styles its elements in place and draws its icons from data.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// The description of the API.
pub(crate) async fn openapi(State(service): State<Service>) -> Response {
    ([(CONTENT_TYPE, "application/json")], service.openapi().to_owned()).into_response()
}

/// The page that shows it.
pub(crate) async fn html() -> Response {
    let headers = [(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, POLICY)];
    (headers, include_str!("../../docs/index.html")).into_response()
}

/// What the page begins with.
pub(crate) async fn start() -> Response {
    javascript(include_str!("../../docs/start.js")).into_response()
}

/// Swagger UI's script.
pub(crate) async fn script() -> Response {
    javascript(packed(swagger_ui::SCRIPT)).into_response()
}

/// Swagger UI's style.
pub(crate) async fn style() -> Response {
    ([(CONTENT_TYPE, "text/css; charset=utf-8")], packed(swagger_ui::STYLE)).into_response()
}

fn javascript(text: impl IntoResponse) -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/javascript; charset=utf-8")], text)
}

/// A file as it is packed; every browser unpacks it.
fn packed(name: &str) -> Response {
    match swagger_ui::gzip(name) {
        Some(bytes) => ([(CONTENT_ENCODING, "gzip")], bytes).into_response(),
        None => Failure::NoRoute.into_response(),
    }
}
