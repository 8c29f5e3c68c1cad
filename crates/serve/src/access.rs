//! One log line a request: what was asked and how it went, never what was said.

use crate::request_id::RequestId;
use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::Response;
use std::net::SocketAddr;
use std::time::Instant;

/// The client's address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// Logs a request that has its name already.
pub(crate) async fn log(request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let method = request.method().clone();
    let extensions = request.extensions();
    // The route and not the path, which may hold anything.
    let route = extensions.get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let id = extensions.get::<RequestId>().cloned();
    let peer = extensions.get::<Peer>().map(|peer| peer.0.ip().to_string());
    let response = next.run(request).await;
    tracing::info!(
        target: "canto::access",
        method = method.as_str(),
        route = route.as_deref().unwrap_or("unknown"),
        status = response.status().as_u16(),
        ms = begun.elapsed().as_millis() as u64,
        client = peer.as_deref().unwrap_or("unknown"),
        id = id.as_ref().map_or("", RequestId::as_str),
        "request"
    );
    response
}
