//! Counters for Prometheus.

use axum::http::{Method, StatusCode};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use std::fmt;
use std::time::Duration;

/// The media type of what [`Metrics::text`] gives.
pub(crate) const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Everything that is counted.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    seconds: Family<RouteLabels, Histogram>,
    pub(crate) in_flight: Gauge,
    songs: Family<SongLabels, Counter>,
    pub(crate) tokens: Counter,
    batch_songs: Histogram,
    batch_seconds: Histogram,
    waiting: Gauge,
    memory: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SongLabels {
    outcome: &'static str,
}

/// What became of a song.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It has scores.
    Scored,
    /// There was nothing to score.
    Unscorable,
    /// The model could not.
    Failed,
    /// The client left, or its time was over, before its turn came.
    Left,
    /// The queue was full.
    Refused,
}

impl Fate {
    const fn name(self) -> &'static str {
        match self {
            Self::Scored => "scored",
            Self::Unscorable => "unscorable",
            Self::Failed => "failed",
            Self::Left => "left",
            Self::Refused => "refused",
        }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let seconds = || Histogram::new(exponential_buckets(0.001, 2.0, 16));
        let mut metrics = Self {
            registry: Registry::with_prefix("canto"),
            requests: Family::default(),
            seconds: Family::new_with_constructor(seconds),
            in_flight: Gauge::default(),
            songs: Family::default(),
            tokens: Counter::default(),
            batch_songs: Histogram::new(exponential_buckets(1.0, 2.0, 10)),
            batch_seconds: seconds(),
            waiting: Gauge::default(),
            memory: Gauge::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&mut self) {
        let Self { registry, .. } = self;
        registry.register("requests", "Requests answered", self.requests.clone());
        let help = "Time from the head of a request to the head of its answer";
        registry.register_with_unit("request", help, Unit::Seconds, self.seconds.clone());
        registry.register("requests_in_flight", "Requests under way", self.in_flight.clone());
        registry.register("songs", "Songs by what became of them", self.songs.clone());
        registry.register("tokens", "Tokens of the songs that were scored", self.tokens.clone());
        registry.register("batch_songs", "Songs scored at once", self.batch_songs.clone());
        let help = "Time that the model took for songs scored at once";
        registry.register_with_unit("batch", help, Unit::Seconds, self.batch_seconds.clone());
        registry.register("queue_songs", "Songs that wait", self.waiting.clone());
        let help = "Resident memory of the process";
        registry.register_with_unit("memory", help, Unit::Bytes, self.memory.clone());
    }

    /// A request was answered. `route` is the pattern that matched, so there are few of them.
    pub(crate) fn answered(
        &self,
        method: &Method,
        route: &str,
        status: StatusCode,
        took: Duration,
    ) {
        let route = route.to_owned();
        let labels =
            RequestLabels { method: known(method), route: route.clone(), status: status.as_u16() };
        self.requests.get_or_create(&labels).inc();
        self.seconds.get_or_create(&RouteLabels { route }).observe(took.as_secs_f64());
    }

    /// Songs had a fate.
    pub(crate) fn songs(&self, fate: Fate, count: usize) {
        let labels = SongLabels { outcome: fate.name() };
        self.songs.get_or_create(&labels).inc_by(count as u64);
    }

    /// Songs were scored at once.
    pub(crate) fn batch(&self, songs: usize, took: Duration) {
        self.batch_songs.observe(songs as f64);
        self.batch_seconds.observe(took.as_secs_f64());
    }

    /// All of it, in the text format.
    pub(crate) fn text(&self, waiting: usize) -> Result<String, fmt::Error> {
        self.waiting.set(waiting as i64);
        self.memory.set(resident_bytes().unwrap_or(0));
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// Clients may send any word as a method.
fn known(method: &Method) -> &'static str {
    let all = [Method::GET, Method::HEAD, Method::POST, Method::OPTIONS];
    let names = ["GET", "HEAD", "POST", "OPTIONS"];
    all.iter().position(|known| known == method).map_or("other", |at| names[at])
}

/// Memory of this process, where the system tells.
fn resident_bytes() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: i64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_told() {
        let metrics = Metrics::default();
        let took = Duration::from_millis(3);
        metrics.answered(&Method::POST, "/predict", StatusCode::OK, took);
        let strange = Method::from_bytes(b"SING").unwrap();
        metrics.answered(&strange, "unknown", StatusCode::NOT_FOUND, took);
        metrics.songs(Fate::Scored, 3);
        metrics.batch(3, took);
        let text = metrics.text(7).unwrap();
        for line in [
            "canto_requests_total{method=\"POST\",route=\"/predict\",status=\"200\"} 1",
            "canto_requests_total{method=\"other\",route=\"unknown\",status=\"404\"} 1",
            "canto_request_seconds_count{route=\"/predict\"} 1",
            "canto_songs_total{outcome=\"scored\"} 3",
            "canto_batch_songs_count 1",
            "canto_queue_songs 7",
            "# EOF",
        ] {
            assert!(text.contains(line), "no `{line}` in:\n{text}");
        }
    }
}
