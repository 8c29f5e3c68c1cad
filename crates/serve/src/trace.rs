//! What an OpenTelemetry collector is told of a request, where one listens: which route, how it
//! went, how long its songs waited and were scored. Never what was said.
//!
//! Attributes are those of OpenTelemetry's semantic conventions for HTTP servers. A request that
//! names a trace of its caller's (W3C Trace Context, `traceparent`) becomes a part of it.

use axum::http::{HeaderMap, Method, StatusCode};
use opentelemetry::global::get_text_map_propagator;
use opentelemetry::propagation::Extractor;
use opentelemetry::trace::TraceContextExt;
use tracing::Span;
use tracing::field::Empty;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The target of every span here: whoever wants traces listens to it, and where nobody does,
/// nothing is made of them.
pub const TRACES: &str = "canto::span";

/// What machines ask every few seconds and nobody looks for.
const UNTOLD: [&str; 3] = ["/health", "/ready", "/metrics"];

/// The span of a request.
pub(crate) fn request(
    method: &Method,
    route: &str,
    headers: &HeaderMap,
    client: Option<&str>,
    id: &str,
) -> Span {
    if UNTOLD.contains(&route) {
        return Span::none();
    }
    let span = tracing::info_span!(
        target: TRACES,
        "request",
        otel.name = format!("{method} {route}"),
        otel.kind = "server",
        http.request.method = method.as_str(),
        http.route = route,
        url.scheme = "http",
        client.address = client,
        canto.request.id = id,
        http.response.status_code = Empty,
        otel.status_code = Empty,
        "error.type" = Empty,
    );
    if !span.is_disabled() {
        let caller = get_text_map_propagator(|known| known.extract(&Headers(headers)));
        // An error says that nobody listens, or that it is too late: neither is so.
        let _ = span.set_parent(caller);
    }
    span
}

/// How a request went. What a client did wrong is no error of a server.
pub(crate) fn answered(span: &Span, status: StatusCode) {
    span.record("http.response.status_code", i64::from(status.as_u16()));
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
        span.record("error.type", status.as_str());
    }
}

/// The trace that a span belongs to, 32 hexadecimal digits, where somebody listens.
pub(crate) fn id(span: &Span) -> Option<String> {
    let context = span.context();
    let context = context.span().span_context().clone();
    context.is_valid().then(|| context.trace_id().to_string())
}

/// From when a song is put into the queue until it is taken out.
pub(crate) fn waits() -> Span {
    tracing::info_span!(target: TRACES, "wait")
}

/// While a song of `request` is scored, with `songs` of `tokens` altogether in its batch.
pub(crate) fn scored(request: &Span, songs: usize, tokens: usize) -> Span {
    tracing::info_span!(
        target: TRACES, parent: request, "score",
        canto.batch.songs = songs as i64, canto.batch.tokens = tokens as i64
    )
}

/// Headers as a propagator reads them.
struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(axum::http::HeaderName::as_str).collect()
    }
}
