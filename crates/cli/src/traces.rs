//! Traces of requests, sent to an OpenTelemetry collector where one is named.
//!
//! OTLP over HTTP, as protobuf. Everything is set by OpenTelemetry's own environment variables, as
//! anywhere else; what this build cannot do of it is refused before the start.

use crate::failure::Refusal;
use anyhow::Context;
use canto_serve::TRACES;
use opentelemetry::global::set_text_map_propagator;
use opentelemetry::trace::TracerProvider;
use opentelemetry::{Key, KeyValue};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{self as sdk, SdkTracerProvider, SpanData};
use std::env;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tracing::Subscriber;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::registry::LookupSpan;

const DISABLED: &str = "OTEL_SDK_DISABLED";
const EXPORTER: &str = "OTEL_TRACES_EXPORTER";
const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const TRACES_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
const PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";
const TRACES_PROTOCOL: &str = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL";

/// What is spoken.
const SPOKEN: &str = "http/protobuf";

/// Where a collector takes traces, below its address.
const PATH: &str = "/v1/traces";

/// How long the last spans may take when the process ends.
const LAST: Duration = Duration::from_secs(5);

/// The way to a collector.
pub(crate) struct Traces {
    provider: SdkTracerProvider,
    endpoint: String,
}

impl Traces {
    /// To the collector at `asked`, or else to that of the environment, if it names one.
    pub(crate) fn open(asked: Option<&str>) -> anyhow::Result<Option<Self>> {
        let told = |name: &str| env::var(name).ok();
        let Some(endpoint) = endpoint(asked, told)? else { return Ok(None) };
        let exporter = SpanExporter::builder().with_http();
        let exporter = exporter.with_endpoint(&endpoint).with_protocol(Protocol::HttpBinary);
        let exporter = exporter.build().context("cannot send traces")?;
        let exporter =
            Telling { exporter, endpoint: without_secrets(&endpoint), lost: AtomicBool::default() };
        let endpoint = exporter.endpoint.clone();
        let provider = SdkTracerProvider::builder();
        let provider = provider.with_batch_exporter(exporter).with_resource(resource()).build();
        set_text_map_propagator(TraceContextPropagator::new());
        Ok(Some(Self { provider, endpoint }))
    }

    /// Where they go.
    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// What hands the spans of requests on.
    pub(crate) fn layer<S>(&self) -> impl Layer<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        let ours = Targets::new().with_target(TRACES, LevelFilter::INFO);
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer("canto"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(ours)
    }

    /// Sends what is left.
    pub(crate) fn end(self) {
        if let Err(error) = self.provider.shutdown_with_timeout(LAST) {
            tracing::warn!("the last traces did not reach {}: {error}", self.endpoint);
        }
    }
}

/// The address that traces are posted to, if they shall be.
fn endpoint(
    asked: Option<&str>,
    told: impl Fn(&str) -> Option<String>,
) -> Result<Option<String>, Refusal> {
    // An empty variable is one that is not set, by OpenTelemetry's rules.
    let told = |name| told(name).map(|value| value.trim().to_owned()).filter(|v| !v.is_empty());
    let named = if let Some(base) = asked {
        Some(("--otlp-endpoint", base.to_owned(), PATH))
    } else if told(DISABLED).is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        None
    } else if let Some(whole) = told(TRACES_ENDPOINT) {
        Some((TRACES_ENDPOINT, whole, ""))
    } else {
        told(ENDPOINT).map(|base| (ENDPOINT, base, PATH))
    };
    let Some((name, address, path)) = named else { return Ok(None) };
    if asked.is_none() {
        match told(EXPORTER).as_deref() {
            Some("none") => return Ok(None),
            None | Some("otlp") => {}
            Some(other) => return Err(refused(EXPORTER, other, "`otlp` or `none`")),
        }
        let of = |name| told(name).map(|protocol| (name, protocol));
        let protocol = of(TRACES_PROTOCOL).or_else(|| of(PROTOCOL));
        if let Some((name, protocol)) = protocol.filter(|(_, protocol)| protocol != SPOKEN) {
            let refusal = refused(name, &protocol, &format!("`{SPOKEN}`"));
            return Err(refusal.hint("collectors take that on port 4318, where gRPC has 4317"));
        }
    }
    let host = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"));
    if host.is_none_or(|host| host.is_empty() || host.starts_with(['/', ':'])) {
        return Err(refused(name, &address, "an address such as `http://localhost:4318`"));
    }
    // Only what is added to starts with a slash of its own.
    let address = if path.is_empty() { &address } else { address.trim_end_matches('/') };
    Ok(Some(format!("{address}{path}")))
}

fn refused(name: &str, value: &str, expected: &str) -> Refusal {
    Refusal::new(format!("`{name}` is `{value}`, expected {expected}"))
}

/// The address as a log may show it: a name and password in it are left out.
fn without_secrets(endpoint: &str) -> String {
    let Some((scheme, rest)) = endpoint.split_once("://") else { return endpoint.to_owned() };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = host.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}{path}")
}

/// Who sends, as the environment says (`OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`).
fn resource() -> Resource {
    let name = Key::from_static_str("service.name");
    let said = Resource::builder().build();
    let unnamed = said.get(&name).is_none_or(|name| name.as_str().starts_with("unknown_service"));
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let ours = unnamed.then(|| KeyValue::new(name, "canto"));
    Resource::builder().with_attribute(version).with_attributes(ours).build()
}

/// An exporter that tells in our words when a collector is out of reach, and when it is back: once,
/// not with every batch.
#[derive(Debug)]
struct Telling {
    exporter: SpanExporter,
    endpoint: String,
    lost: AtomicBool,
}

impl sdk::SpanExporter for Telling {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let sent = self.exporter.export(batch).await;
        let before = self.lost.swap(sent.is_err(), Ordering::Relaxed);
        match &sent {
            Err(error) if !before => {
                tracing::warn!("traces do not reach {} and are lost: {error}", self.endpoint);
            }
            Ok(()) if before => tracing::info!("traces reach {} again", self.endpoint),
            _ => {}
        }
        // It has been told.
        Ok(())
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The address, or nothing where none is told of.
    fn found(asked: Option<&str>, set: &[(&str, &str)]) -> Result<String, String> {
        let told = |name: &str| {
            let found = set.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let found = endpoint(asked, told).map_err(|refusal| refusal.to_string())?;
        Ok(found.unwrap_or_default())
    }

    #[test]
    fn the_collector_is_the_one_that_is_named_nearest() {
        let base = (ENDPOINT, "http://base:4318/");
        assert_eq!(found(None, &[]), Ok(String::new()));
        assert_eq!(found(None, &[(ENDPOINT, " ")]), Ok(String::new()));
        assert_eq!(found(None, &[base]), Ok("http://base:4318/v1/traces".to_owned()));
        let whole = (TRACES_ENDPOINT, "https://traces/in?key=1");
        assert_eq!(found(None, &[base, whole]), Ok("https://traces/in?key=1".to_owned()));
        assert_eq!(
            found(Some("http://here"), &[base, whole]),
            Ok("http://here/v1/traces".to_owned())
        );
    }

    #[test]
    fn the_environment_can_say_no() {
        let base = (ENDPOINT, "http://base:4318");
        assert_eq!(found(None, &[base, (DISABLED, "TRUE")]), Ok(String::new()));
        assert_eq!(found(None, &[base, (EXPORTER, "none")]), Ok(String::new()));
        assert!(found(None, &[base, (DISABLED, "false"), (EXPORTER, "otlp")]).is_ok());
        let against = [(DISABLED, "true"), (EXPORTER, "none"), (PROTOCOL, "grpc")];
        assert_eq!(found(Some("http://here"), &against), Ok("http://here/v1/traces".to_owned()));
    }

    #[test]
    fn what_is_not_spoken_is_refused_by_its_name() {
        let base = (ENDPOINT, "http://base:4318");
        for (set, about) in [
            ((EXPORTER, "zipkin"), "`OTEL_TRACES_EXPORTER` is `zipkin`, expected `otlp`"),
            ((PROTOCOL, "grpc"), "`OTEL_EXPORTER_OTLP_PROTOCOL` is `grpc`, expected `http/prot"),
            ((TRACES_PROTOCOL, "http/json"), "`OTEL_EXPORTER_OTLP_TRACES_PROTOCOL` is"),
            ((TRACES_ENDPOINT, "base:4318"), "`OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` is `base"),
            ((TRACES_ENDPOINT, "http:///in"), "expected an address"),
        ] {
            let refusal = found(None, &[base, set]).unwrap_err();
            assert!(refusal.contains(about), "{refusal}");
        }
        // What is said for traces goes before what is said for everything.
        assert!(found(None, &[base, (PROTOCOL, "grpc"), (TRACES_PROTOCOL, SPOKEN)]).is_ok());
        assert!(found(Some("localhost:4318"), &[]).unwrap_err().contains("--otlp-endpoint"));
    }

    #[test]
    fn no_secret_of_an_address_is_shown() {
        let shown = without_secrets("https://user:pass@host:1/v1/traces?token=abc#x");
        assert_eq!(shown, "https://host:1/v1/traces");
        assert_eq!(without_secrets("http://host"), "http://host");
    }
}
