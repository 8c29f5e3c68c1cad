//! One log line a request, and its span: what was asked and how it went, never what was said.

use crate::peer::client;
use crate::request_id::RequestId;
use crate::service::Service;
use crate::trace;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use prometheus_client::metrics::gauge::Gauge;
use std::time::Instant;
use tracing::Instrument;

/// What is said of a request that no route matched.
const NO_ROUTE: &str = "unknown";

/// Counts and logs a request that has its name already.
pub(crate) async fn log(State(service): State<Service>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let _under_way = UnderWay::count(&service.metrics().in_flight);
    let method = request.method().clone();
    // The route and not the path, which may hold anything.
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let route = route.unwrap_or_else(|| NO_ROUTE.to_owned());
    let id = request.extensions().get::<RequestId>().cloned();
    let id = id.as_ref().map_or("", RequestId::as_str);
    let client = client(&request, service.settings()).map(|address| address.to_string());
    let span = trace::request(&method, &route, request.headers(), client.as_deref(), id);
    let response = next.run(request).instrument(span.clone()).await;
    trace::answered(&span, response.status());
    let took = begun.elapsed();
    service.metrics().answered(&method, &route, response.status(), took);
    tracing::info!(
        target: "canto::access",
        method = method.as_str(),
        route,
        status = response.status().as_u16(),
        ms = took.as_millis() as u64,
        client = client.as_deref().unwrap_or("unknown"),
        id,
        trace = trace::id(&span),
        "request"
    );
    response
}

/// A request under way, until it is answered or its client leaves.
struct UnderWay(Gauge);

impl UnderWay {
    fn count(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.dec();
    }
}
