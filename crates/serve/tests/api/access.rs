//! Who may ask, how often, and from where; and how a request is called.

use crate::{api, plain, request};
use axum::http::Method;
use canto_serve::{Keys, Settings};

fn guarded() -> Settings {
    Settings { keys: Keys::new("sesame\nanother"), ..Settings::default() }
}

#[tokio::test]
async fn a_key_opens_what_is_guarded() {
    let api = api(guarded());
    for (name, value) in [
        ("authorization", "Bearer sesame"),
        ("authorization", "bearer another"),
        ("x-api-key", "sesame"),
    ] {
        api.send(request(Method::GET, "/labels", &[(name, value)], "")).await.well();
    }
    for (name, value) in [
        ("authorization", "Bearer wrong"),
        ("authorization", "Basic sesame"),
        ("authorization", "sesame"),
        ("x-api-key", ""),
        ("x-api-key", "sesam"),
    ] {
        let answer = api.send(request(Method::GET, "/labels", &[(name, value)], "")).await;
        answer.refused(401, "unauthorized");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        assert!(!answer.text.contains("sesame"));
    }
    for path in ["/info", "/metrics"] {
        api.get(path).await.refused(401, "unauthorized");
    }
    for path in ["/predict", "/predict/batch"] {
        api.post(path, "{").await.refused(401, "unauthorized");
    }
    for path in ["/health", "/ready", "/", "/page.js", "/docs", "/openapi.json"] {
        api.get(path).await.well();
    }
}

#[tokio::test]
async fn an_address_that_asks_too_often_waits() {
    let api = api(Settings { rate: Some(1), behind_proxy: true, ..Settings::default() });
    let ask = async |address: &str| {
        let headers = [("x-forwarded-for", address)];
        api.send(request(Method::GET, "/labels", &headers, "")).await
    };
    ask("10.0.0.1").await.well();
    ask("10.0.0.1").await.well();
    let answer = ask("10.0.0.1").await;
    answer.refused(429, "rate_limited");
    assert_eq!(answer.header("retry-after"), "1");
    ask("10.0.0.2").await.well();
    // Probes are not counted.
    for _ in 0..5 {
        let headers = [("x-forwarded-for", "10.0.0.1")];
        api.send(request(Method::GET, "/health", &headers, "")).await.well();
    }
}

#[tokio::test]
async fn only_pages_that_were_named_may_call() {
    let origins = vec!["https://songs.example".to_owned()];
    let api = api(Settings { origins, ..guarded() });
    let preflight = async |origin: &str| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "content-type,authorization"),
        ];
        api.send(request(Method::OPTIONS, "/predict", &headers, "")).await.well()
    };
    let answer = preflight("https://songs.example").await;
    assert_eq!(answer.header("access-control-allow-origin"), "https://songs.example");
    assert!(answer.header("access-control-allow-headers").contains("authorization"));
    let answer = preflight("https://other.example").await;
    assert_eq!(answer.header("access-control-allow-origin"), "");
    // An error can be read by the page, too.
    let headers = [("origin", "https://songs.example")];
    let answer = api.send(request(Method::GET, "/labels", &headers, "")).await;
    answer.refused(401, "unauthorized");
    assert_eq!(answer.header("access-control-allow-origin"), "https://songs.example");
}

#[tokio::test]
async fn without_origins_no_other_page_may_call() {
    let headers = [("origin", "https://songs.example"), ("access-control-request-method", "POST")];
    let answer = plain().send(request(Method::OPTIONS, "/predict", &headers, "")).await;
    answer.refused(405, "method_not_allowed");
    let any = api(Settings { origins: vec!["*".to_owned()], ..Settings::default() });
    let answer = any.send(request(Method::OPTIONS, "/predict", &headers, "")).await.well();
    assert_eq!(answer.header("access-control-allow-origin"), "*");
}

#[tokio::test]
async fn a_request_keeps_a_plain_name_and_gets_one_otherwise() {
    let api = plain();
    let named = async |name: &str| {
        let request = request(Method::GET, "/health", &[("x-request-id", name)], "");
        api.send(request).await.well().header("x-request-id").to_owned()
    };
    assert_eq!(named("song-7_a.b:c").await, "song-7_a.b:c");
    let long = "x".repeat(129);
    for name in ["", "two words", "a\"b", "ä", long.as_str()] {
        assert_ne!(named(name).await, name);
    }
    let (one, two) = (api.get("/health").await, api.get("/health").await);
    assert_ne!(one.header("x-request-id"), two.header("x-request-id"));
}
