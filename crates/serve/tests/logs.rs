//! What the log tells, and what it must not: a program of its own, for a subscriber hears
//! reliably only where no other test runs beside it.

#[path = "api/fake.rs"]
#[expect(dead_code, reason = "this model is never held up")]
mod fake;

use axum::body::Body;
use axum::http::{Method, Request};
use canto_serve::{Keys, Service, Settings, app};
use fake::Fake;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use tower::ServiceExt;
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Log;

    fn make_writer(&'a self) -> Log {
        self.clone()
    }
}

#[tokio::test]
async fn requests_are_told_without_lyrics_and_keys() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let settings = Settings { keys: Keys::new("sesame"), ..Settings::default() };
    let router = app(Service::start(Arc::new(Fake::default()), settings).unwrap());
    let send = async |method: Method, path: &str, key: &str, body: &'static str| {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json")
            .header("x-api-key", key)
            .header("x-request-id", "song-7")
            .body(Body::from(body));
        router.clone().oneshot(request.unwrap()).await.unwrap();
    };
    for body in [
        r#"{"lyrics": "moonlight"}"#,
        r#"{"lyrics": "moonlight", "moonlight": 1}"#,
        r#"{"lyrics": "moonlight", "threshold": "moonlight"}"#,
        "moonlight",
    ] {
        send(Method::POST, "/predict", "sesame", body).await;
    }
    send(Method::GET, "/moonlight?moonlight", "moonlight", "").await;
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for part in ["song-7", "/predict", "status=200", "status=422", "status=400", "status=404"] {
        assert!(text.contains(part), "no `{part}` in:\n{text}");
    }
    assert!(!text.contains("moonlight") && !text.contains("sesame"), "{text}");
}
