//! Every way a request can be wrong.

use crate::{api, plain, request};
use axum::body::Body;
use axum::http::Method;
use canto_serve::Settings;
use futures_util::stream;
use std::convert::Infallible;
use std::io;
use std::time::Duration;

#[tokio::test]
async fn what_is_no_json_is_400() {
    let deep = "[".repeat(1000);
    for body in ["", "{", "la la", "{\"lyrics\": \"x\"} and more", "{\"lyrics\": \"\u{0}\"}"] {
        plain().post("/predict", body).await.refused(400, "bad_json");
    }
    let nested = format!("{{\"lyrics\": {deep}");
    plain().post("/predict", &nested).await.refused(422, "invalid_field");
    let mut latin = request(Method::POST, "/predict", &[("content-type", "application/json")], "");
    *latin.body_mut() = Body::from(&b"{\"lyrics\": \"caf\xe9\"}"[..]);
    plain().send(latin).await.refused(400, "bad_json");
}

#[tokio::test]
async fn a_wrong_field_is_422_with_its_path() {
    for (body, path) in [
        (r"{}", "lyrics"),
        (r#"{"lyrics": 3}"#, "lyrics"),
        (r#"{"lyrics": null}"#, "lyrics"),
        (r#"{"lyrics": "x", "treshold": 0.1}"#, "treshold"),
        (r#"{"lyrics": "x", "all": "yes"}"#, "all"),
        (r#"{"lyrics": "x", "threshold": "0.1"}"#, "threshold"),
        (r#"{"lyrics": "x", "thresholds": 0.1}"#, "thresholds"),
        (r#"{"lyrics": "x", "thresholds": {"Rock": null}}"#, "thresholds.Rock"),
        (r#"{"lyrics": "x", "explain": 1}"#, "explain"),
    ] {
        let error = plain().post("/predict", body).await.refused(422, "invalid_field");
        assert_eq!(error["path"], path, "{error}");
    }
    for body in [r#"["x"]"#, "3", "null", r#""x""#] {
        let error = plain().post("/predict", body).await.refused(422, "invalid_field");
        assert_eq!(error.get("path"), None, "{error}");
    }
    let batch = r#"{"lyrics": ["x", 3]}"#;
    let error = plain().post("/predict/batch", batch).await.refused(422, "invalid_field");
    assert_eq!(error["path"], "lyrics[1]");
}

#[tokio::test]
async fn a_long_wrong_value_is_not_quoted_whole() {
    let body = format!(r#"{{"lyrics": "x", "threshold": "{}"}}"#, "y".repeat(5000));
    let error = plain().post("/predict", &body).await.refused(422, "invalid_field");
    assert!(error["message"].as_str().unwrap().chars().count() < 400);
}

#[tokio::test]
async fn thresholds_are_probabilities_of_known_labels() {
    let body = |thresholds: &str| format!(r#"{{"lyrics": "x", "thresholds": {{{thresholds}}}}}"#);
    let error = plain().post("/predict", &body(r#""Polka": 0.5"#)).await;
    let error = error.refused(422, "unknown_label");
    assert_eq!(error["path"], "thresholds.Polka");
    assert!(error["hint"].as_str().unwrap().contains("`R&B/Soul`"), "{error}");
    let error = plain().post("/predict", &body(r#""Rock": 1.5"#)).await;
    assert_eq!(error.refused(422, "invalid_threshold")["path"], "thresholds.Rock");
    let error = plain().post("/predict", r#"{"lyrics": "x", "threshold": -0.1}"#).await;
    assert_eq!(error.refused(422, "invalid_threshold")["path"], "threshold");
    let huge = r#"{"lyrics": "x", "threshold": 1e39}"#;
    plain().post("/predict", huge).await.refused(422, "invalid_threshold");
}

#[tokio::test]
async fn lyrics_without_words_are_422() {
    let error = plain().post("/predict", r#"{"lyrics": " \n"}"#).await;
    let error = error.refused(422, "missing_lyrics");
    assert_eq!(error["path"], "lyrics");
    plain()
        .post("/predict", r#"{"lyrics": "", "explain": true}"#)
        .await
        .refused(422, "missing_lyrics");
}

#[tokio::test]
async fn a_too_large_body_is_413() {
    let api = api(Settings { max_body: 64, max_batch_body: 128, ..Settings::default() });
    let lyrics = |length| format!(r#"{{"lyrics": "{}"}}"#, "r".repeat(length));
    api.post("/predict", &lyrics(64 - 14)).await.well();
    let error = api.post("/predict", &lyrics(64 - 13)).await.refused(413, "too_large");
    assert!(error["message"].as_str().unwrap().contains("64"), "{error}");
    api.post("/predict/batch", &lyrics(129)).await.refused(413, "too_large");
    // Far beyond the limit nothing more is read.
    api.post("/predict", &lyrics(1_000_000)).await.refused(413, "too_large");
}

#[tokio::test]
async fn another_content_type_is_415() {
    for headers in [&[][..], &[("content-type", "text/plain")], &[("content-type", "")]] {
        let request = request(Method::POST, "/predict", headers, r#"{"lyrics": "x"}"#);
        plain().send(request).await.refused(415, "media_type");
    }
}

#[tokio::test]
async fn an_unknown_route_is_404_and_another_method_405() {
    let api = plain();
    for path in [
        "/nowhere",
        "/predict/",
        "/Predict",
        "/page.css/..",
        "/page/none.js",
        "/page/",
        "/docs/none.js",
    ] {
        api.get(path).await.refused(404, "not_found");
    }
    for (method, path, allowed) in
        [(Method::GET, "/predict", "POST"), (Method::DELETE, "/labels", "GET,HEAD")]
    {
        let answer = api.send(request(method, path, &[], "")).await;
        answer.refused(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), allowed);
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_400() {
    let pieces = [Ok(&b"{\"lyrics\""[..]), Err(io::Error::other("gone"))];
    let mut broken = request(Method::POST, "/predict", &[("content-type", "application/json")], "");
    *broken.body_mut() = Body::from_stream(stream::iter(pieces));
    plain().send(broken).await.refused(400, "body_cut");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_408() {
    let api = api(Settings { timeout: Duration::from_secs(3), ..Settings::default() });
    for path in ["/predict", "/predict/batch"] {
        let mut slow = request(Method::POST, path, &[("content-type", "application/json")], "");
        *slow.body_mut() = Body::from_stream(stream::pending::<Result<&[u8], Infallible>>());
        let error = api.send(slow).await.refused(408, "slow_body");
        assert!(error["message"].as_str().unwrap().contains("3 s"), "{error}");
    }
}
