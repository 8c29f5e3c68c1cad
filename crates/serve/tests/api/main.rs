//! The API over an invented model, mostly without a socket.

mod access;
mod answers;
mod connections;
mod description;
mod fake;
mod lists;
mod queue;
mod refusals;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use canto_serve::{Service, Settings, app};
use fake::Fake;
use serde_json::Value;
use std::sync::Arc;
use tower::ServiceExt;

/// A router and the model under it.
struct Api {
    router: Router,
    model: Arc<Fake>,
}

/// What came back.
#[derive(Debug)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// It is an error of the one form, with this status and code.
    #[track_caller]
    fn refused(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/json");
        let error = self.json()["error"].clone();
        assert_eq!(error["code"], code, "{error}");
        assert!(!error["message"].as_str().unwrap().ends_with('.'), "{error}");
        assert_eq!(error["request_id"], self.header("x-request-id"));
        let known = ["code", "message", "path", "hint", "request_id"];
        assert!(error.as_object().unwrap().keys().all(|key| known.contains(&key.as_str())));
        error
    }

    #[track_caller]
    fn well(self) -> Self {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        self
    }
}

fn api(settings: Settings) -> Api {
    let model = Arc::new(Fake::default());
    let service = Service::start(model.clone(), settings).unwrap();
    Api { router: app(service), model }
}

fn plain() -> Api {
    api(Settings::default())
}

impl Api {
    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (head, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Answer { status: head.status, headers: head.headers, text }
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(request(Method::GET, path, &[], "")).await
    }

    async fn post(&self, path: &str, body: &str) -> Answer {
        self.send(request(Method::POST, path, &[("content-type", "application/json")], body)).await
    }

    /// Asks about lyrics on a task of its own.
    fn ask(&self, lyrics: &str) -> tokio::task::JoinHandle<Answer> {
        let api = Self { router: self.router.clone(), model: self.model.clone() };
        let body = serde_json::json!({ "lyrics": lyrics }).to_string();
        tokio::spawn(async move { api.post("/predict", &body).await })
    }

    /// The value of a metric.
    async fn metric(&self, name: &str) -> f64 {
        let text = self.get("/metrics").await.text;
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0.0, |value| value.parse().unwrap())
    }

    /// Waits until a metric has a value.
    async fn until(&self, name: &str, value: f64) {
        while (self.metric(name).await - value).abs() > f64::EPSILON {
            tokio::task::yield_now().await;
        }
    }
}

fn request(method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Request<Body> {
    let builder = Request::builder().method(method).uri(path);
    let builder =
        headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, *value));
    builder.body(Body::from(body.to_owned())).unwrap()
}
