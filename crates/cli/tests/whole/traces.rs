//! Traces of `canto serve`, as a collector gets them.

use crate::serving::Server;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind, status::StatusCode};
use prost::Message;
use serde_json::json;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// What a caller says of its own trace.
const TRACE: u128 = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736;
const CALLER: u128 = 0x00f0_67aa_0ba9_02b7;

const LYRICS: &str = "moonlight on the water and a lantern in my hand";

/// The head and the body of a request.
type Posted = (String, Vec<u8>);

/// A collector that keeps what it gets.
struct Collector {
    address: String,
    posted: Arc<Mutex<Vec<Posted>>>,
}

impl Collector {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let posted = Arc::new(Mutex::new(Vec::new()));
        let keeps = Arc::clone(&posted);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let request = take(stream.unwrap());
                keeps.lock().unwrap().push(request);
            }
        });
        Self { address, posted }
    }

    fn requests(&self) -> Vec<ExportTraceServiceRequest> {
        let posted = self.posted.lock().unwrap();
        let decoded = |(_, body): &Posted| ExportTraceServiceRequest::decode(&body[..]).unwrap();
        posted.iter().map(decoded).collect()
    }

    fn spans(&self) -> Vec<Span> {
        let resources = self.requests().into_iter().flat_map(|request| request.resource_spans);
        resources.flat_map(|from| from.scope_spans).flat_map(|scope| scope.spans).collect()
    }
}

/// Reads one request and says that all is well.
fn take(mut stream: TcpStream) -> Posted {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(count) = line.to_lowercase().strip_prefix("content-length:") {
            length = count.trim().parse().unwrap();
        }
        head.push_str(&line);
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
    (head, body)
}

fn text<'a>(attributes: &'a [KeyValue], name: &str) -> Option<&'a str> {
    match value(attributes, name)? {
        any_value::Value::StringValue(text) => Some(text),
        other => panic!("`{name}` is {other:?}"),
    }
}

fn number(attributes: &[KeyValue], name: &str) -> Option<i64> {
    match value(attributes, name)? {
        any_value::Value::IntValue(number) => Some(*number),
        other => panic!("`{name}` is {other:?}"),
    }
}

fn value<'a>(attributes: &'a [KeyValue], name: &str) -> Option<&'a any_value::Value> {
    let found = attributes.iter().find(|pair| pair.key == name)?;
    found.value.as_ref()?.value.as_ref()
}

/// An id as a number.
fn id(bytes: &[u8]) -> u128 {
    bytes.iter().fold(0, |id, &byte| id << 8 | u128::from(byte))
}

#[test]
fn a_request_is_traced_with_its_wait_and_its_scoring_and_without_its_lyrics() {
    let collector = Collector::start();
    let key = "open-sesame";
    let server = Server::start(
        &["--otlp-endpoint", &collector.address, "--log-format", "json"],
        &[("CANTO_API_KEY", key), ("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=songs")],
    );
    let body = json!({"lyrics": LYRICS});
    let headers = format!(
        "x-api-key: {key}\r\ntraceparent: 00-{TRACE:032x}-{CALLER:016x}-01\r\nx-request-id: mine\r\n"
    );
    assert_eq!(server.post_with("/predict", &headers, &body).0, 200);
    let list = json!({"lyrics": [LYRICS, LYRICS, "la la la"]});
    assert_eq!(server.post_with("/predict/batch", &headers, &list).0, 200);
    assert_eq!(server.get("/health", "").0, 200);
    // Not asked for by a key.
    assert_eq!(server.get("/labels", "").0, 401);
    assert_eq!(server.stop("-TERM").0, Some(0));

    let posted = collector.posted.lock().unwrap().clone();
    for (head, body) in &posted {
        assert!(head.starts_with("POST /v1/traces "), "{head}");
        assert!(head.to_lowercase().contains("x-tenant: songs"), "{head}");
        let body = String::from_utf8_lossy(body);
        assert!(!body.contains("moonlight") && !body.contains(key), "{body}");
    }
    let resource = collector.requests()[0].resource_spans[0].resource.clone().unwrap();
    assert_eq!(text(&resource.attributes, "service.name"), Some("canto"));
    assert_eq!(text(&resource.attributes, "service.version"), Some(env!("CARGO_PKG_VERSION")));

    let spans = collector.spans();
    let named = |name: &str| spans.iter().filter(|span| span.name == name).collect::<Vec<_>>();
    let requests = spans.iter().filter(|span| span.kind == SpanKind::Server as i32);
    assert_eq!(requests.count(), 3, "{spans:#?}");
    let one = named("POST /predict")[0];
    assert_eq!((id(&one.trace_id), id(&one.parent_span_id)), (TRACE, CALLER));
    assert_eq!(text(&one.attributes, "http.route"), Some("/predict"));
    assert_eq!(text(&one.attributes, "http.request.method"), Some("POST"));
    assert_eq!(text(&one.attributes, "client.address"), Some("127.0.0.1"));
    assert_eq!(text(&one.attributes, "canto.request.id"), Some("mine"));
    assert_eq!(number(&one.attributes, "http.response.status_code"), Some(200));
    for name in ["wait", "score"] {
        let parts = named(name);
        assert_eq!(parts.len(), 4, "{spans:#?}");
        let own: Vec<_> = parts.iter().filter(|part| part.parent_span_id == one.span_id).collect();
        assert_eq!(own.len(), 1, "{spans:#?}");
        assert!(one.start_time_unix_nano <= own[0].start_time_unix_nano);
        assert!(own[0].end_time_unix_nano <= one.end_time_unix_nano);
    }
    let score = named("score");
    let alone = score.iter().find(|part| part.parent_span_id == one.span_id).unwrap();
    assert_eq!(number(&alone.attributes, "canto.batch.songs"), Some(1));
    // A list's request lasts as long as its last line.
    let list = named("POST /predict/batch")[0];
    let last = score.iter().map(|part| part.end_time_unix_nano).max().unwrap();
    assert!(last <= list.end_time_unix_nano, "{spans:#?}");
    let refused = named("GET /labels")[0];
    assert_eq!(number(&refused.attributes, "http.response.status_code"), Some(401));
    // A trace of its own, and no error: the client was wrong.
    assert!(refused.parent_span_id.is_empty() && id(&refused.trace_id) != TRACE);
    let failed =
        |span: &Span| span.status.as_ref().is_some_and(|s| s.code == StatusCode::Error as i32);
    assert!(!spans.iter().any(failed), "{spans:#?}");
}

#[test]
fn log_lines_name_the_trace() {
    let collector = Collector::start();
    let server = Server::start(&[], &[("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.address)]);
    let headers = format!("traceparent: 00-{TRACE:032x}-{CALLER:016x}-01\r\n");
    assert_eq!(server.get("/labels", &headers).0, 200);
    let (_, log) = server.stop("-TERM");
    assert!(
        log.contains(&format!("requests are traced to {}/v1/traces", collector.address)),
        "{log}"
    );
    assert!(log.contains(&format!("trace=\"{TRACE:032x}\"")), "{log}");
    assert_eq!(collector.spans().len(), 1);
}

#[test]
fn a_collector_that_is_gone_costs_nothing_but_a_warning() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let endpoint = format!("http://user:secret@{gone}");
    let server = Server::start(&["--otlp-endpoint", &endpoint], &[]);
    assert_eq!(server.post("/predict", &json!({"lyrics": LYRICS})).0, 200);
    let begun = Instant::now();
    let (code, log) = server.stop("-TERM");
    assert_eq!(code, Some(0), "{log}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{log}");
    let warnings = log.lines().filter(|line| line.contains("warning: traces do not reach"));
    assert_eq!(warnings.count(), 1, "{log}");
    assert!(log.contains(&format!("http://{gone}/v1/traces")) && !log.contains("secret"), "{log}");
}
