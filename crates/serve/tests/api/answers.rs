//! What is answered when all goes well.

use crate::{Api, api, plain, request};
use axum::http::Method;
use canto_serve::Settings;
use serde_json::json;
use std::collections::BTreeSet;

#[tokio::test]
async fn genres_above_their_thresholds_come_best_first() {
    let answer = plain().post("/predict", r#"{"lyrics": "rrrf"}"#).await.well();
    assert_eq!(answer.header("content-type"), "application/json");
    let expected = r#"{"genres":[{"label":"Rock","score":0.75},{"label":"Folk","score":0.25}]}"#;
    assert_eq!(answer.text, expected);
    let none = plain().post("/predict", r#"{"lyrics": "la la la"}"#).await.well();
    assert_eq!(none.text, r#"{"genres":[]}"#);
}

#[tokio::test]
async fn all_tells_everything() {
    let answer = plain().post("/predict", r#"{"lyrics": "rrrf", "all": true}"#).await.well();
    let label = |label: &str, score: f32| json!({"label": label, "score": score, "threshold": 0.25, "predicted": score >= 0.25});
    let expected = json!({
        "genres": [{"label": "Rock", "score": 0.75}, {"label": "Folk", "score": 0.25}],
        "labels": [label("Folk", 0.25), label("R&B/Soul", 0.0), label("Rock", 0.75)],
        "tokens": 4,
        "truncated": false,
        "language": null,
        "language_confidence": 0.0,
        "warnings": [{
            "code": "unknown_language",
            "message": "too little text to tell the language",
        }],
    });
    assert_eq!(answer.json(), expected);
}

#[tokio::test]
async fn thresholds_given_go_before_the_model_s() {
    let api = plain();
    let labels = async |body: &str| -> Vec<String> {
        let answer = api.post("/predict", body).await.well().json();
        let genres = answer["genres"].as_array().unwrap().iter();
        genres.map(|genre| genre["label"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(labels(r#"{"lyrics": "rrrf", "threshold": 0.5}"#).await, ["Rock"]);
    assert_eq!(labels(r#"{"lyrics": "rrrf", "threshold": 1}"#).await, [""; 0]);
    let single = r#"{"lyrics": "rrrf", "threshold": 1, "thresholds": {"R&B/Soul": 0}}"#;
    assert_eq!(labels(single).await, ["R&B/Soul"]);
    let null = r#"{"lyrics": "rrrf", "threshold": null}"#;
    assert_eq!(labels(null).await, ["Rock", "Folk"]);
}

#[tokio::test]
async fn an_explanation_comes_when_asked_for() {
    let answer = plain().post("/predict", r#"{"lyrics": "rrr", "explain": true}"#).await.well();
    let line = json!({"line": 1, "text": "rrr", "times": 1, "weight": 0.5});
    let expected = json!({
        "genres": [{"label": "Rock", "score": 1.0}],
        "explanation": [{"label": "Rock", "lines": [line]}],
    });
    assert_eq!(answer.json(), expected);
}

#[tokio::test]
async fn the_model_is_told_of() {
    let api = plain();
    let labels = api.get("/labels").await.well().json();
    assert_eq!(labels["labels"][1], json!({"label": "R&B/Soul", "threshold": 0.25}));
    let info = api.get("/info").await.well().json();
    assert_eq!((&info["name"], &info["version"]), (&json!("fake"), &json!("1.2.3")));
    assert_eq!(info["labels"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn the_limits_are_told() {
    let settings =
        Settings { max_body: 10, max_batch_body: 20, max_songs: 3, ..Settings::default() };
    let info = api(settings).get("/info").await.well().json();
    assert_eq!(info["limits"], json!({"max_body": 10, "max_batch_body": 20, "max_songs": 3}));
}

#[tokio::test]
async fn probes_and_the_page_are_answered() {
    let api = plain();
    assert_eq!(api.get("/health").await.well().json(), json!({"status": "ok"}));
    assert_eq!(api.get("/ready").await.well().json(), json!({"status": "ready"}));
    let page = api.get("/").await.well();
    assert!(page.text.starts_with("<!doctype html>"), "{}", page.text);
    assert!(page.header("content-security-policy").contains("default-src 'none'"));
    for (path, media_type) in [("/page.css", "text/css"), ("/page.js", "text/javascript")] {
        assert!(api.get(path).await.well().header("content-type").starts_with(media_type));
    }
    let imports = scripts(&api).await;
    assert!(imports.contains("words.js"), "{imports:?}");
    let head = api.send(request(Method::HEAD, "/", &[], "")).await.well();
    assert_eq!(head.text, "");
}

/// Every script that the page's own imports, and those import; all are there.
async fn scripts(api: &Api) -> BTreeSet<String> {
    let (mut found, mut unread) = (BTreeSet::new(), vec!["/page.js".to_owned()]);
    while let Some(path) = unread.pop() {
        let script = api.get(&path).await.well();
        assert!(script.header("content-type").starts_with("text/javascript"), "{path}");
        assert_eq!(script.header("x-content-type-options"), "nosniff");
        let imports = script.text.lines().filter_map(|line| line.split_once(" from \"./"));
        for (_, import) in imports {
            let name = import.trim_end_matches("\";").trim_start_matches("page/").to_owned();
            if found.insert(name.clone()) {
                unread.push(format!("/page/{name}"));
            }
        }
    }
    found
}

#[tokio::test]
async fn programs_are_greeted_in_json_and_people_with_the_page() {
    let api = plain();
    let get = async |accept: &str| {
        api.send(request(Method::GET, "/", &[("accept", accept)], "")).await.well()
    };
    for accept in ["application/json", "text/plain, Application/JSON;q=0.9"] {
        let answer = get(accept).await;
        assert!(answer.json()["message"].as_str().unwrap().contains("/docs"), "{}", answer.text);
        assert_eq!(answer.header("vary"), "accept");
    }
    for accept in ["*/*", "text/html,application/json;q=0.9,*/*;q=0.8", "text/html"] {
        assert!(get(accept).await.text.starts_with("<!doctype html>"), "{accept}");
    }
}

#[tokio::test]
async fn the_content_type_may_say_more() {
    let headers = [("content-type", "Application/JSON; charset=utf-8")];
    let request = request(Method::POST, "/predict", &headers, r#"{"lyrics": "r"}"#);
    plain().send(request).await.well();
}

#[tokio::test]
async fn what_happens_is_counted() {
    let api = plain();
    api.post("/predict", r#"{"lyrics": "rrrf"}"#).await.well();
    api.post("/predict", r#"{"lyrics": " "}"#).await;
    api.get("/nowhere").await;
    let text = api.get("/metrics").await.well().text;
    for line in [
        "canto_requests_total{method=\"POST\",route=\"/predict\",status=\"200\"} 1",
        "canto_requests_total{method=\"POST\",route=\"/predict\",status=\"422\"} 1",
        "canto_requests_total{method=\"GET\",route=\"unknown\",status=\"404\"} 1",
        "canto_songs_total{outcome=\"scored\"} 1",
        "canto_songs_total{outcome=\"unscorable\"} 1",
        "canto_tokens_total 4",
    ] {
        assert!(text.contains(line), "no `{line}` in:\n{text}");
    }
}
