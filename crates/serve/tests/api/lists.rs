//! Many songs in one request.

use crate::{api, plain, request};
use axum::http::Method;
use canto_serve::Settings;
use futures_util::StreamExt;
use serde_json::{Value, json};
use tower::ServiceExt;

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn lines_come_in_the_order_of_the_songs() {
    let api = api(Settings { batch_tokens: 60, queue: 8, workers: 2, ..Settings::default() });
    let songs: Vec<String> = (0..200).map(|number| "r".repeat(1 + number * 7 % 40)).collect();
    let body = json!({"lyrics": songs, "all": true}).to_string();
    let answer = api.post("/predict/batch", &body).await.well();
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    let lines = lines(&answer.text);
    assert_eq!(lines.len(), 200);
    for ((line, song), number) in lines.iter().zip(&songs).zip(0..) {
        assert_eq!((&line["index"], &line["tokens"]), (&json!(number), &json!(song.len())));
    }
}

#[tokio::test]
async fn a_line_is_the_answer_of_predict_or_its_error() {
    let body = r#"{"lyrics": ["rr", " ", "fail", "ff"]}"#;
    let answer = plain().post("/predict/batch", body).await.well();
    let id = answer.header("x-request-id");
    let lines = lines(&answer.text);
    assert_eq!(lines[0], json!({"index": 0, "genres": [{"label": "Rock", "score": 1.0}]}));
    assert_eq!(lines[3], json!({"index": 3, "genres": [{"label": "Folk", "score": 1.0}]}));
    let error = &lines[1]["error"];
    assert_eq!((&error["code"], &error["path"]), (&json!("missing_lyrics"), &json!("lyrics[1]")));
    assert_eq!(error["request_id"], id);
    assert_eq!(lines[2]["error"]["code"], "internal");
}

#[tokio::test]
async fn options_hold_for_every_song() {
    let body = r#"{"lyrics": ["rrf", "ffr"], "threshold": 1, "thresholds": {"Folk": 0.3}}"#;
    let lines = lines(&plain().post("/predict/batch", body).await.well().text);
    assert!(lines.iter().all(|line| line["genres"][0]["label"] == "Folk"), "{lines:?}");
    let error = plain().post("/predict/batch", r#"{"lyrics": [], "threshold": 2}"#).await;
    error.refused(422, "invalid_threshold");
    let none = plain().post("/predict/batch", r#"{"lyrics": []}"#).await.well();
    assert_eq!(none.text, "");
}

#[tokio::test]
async fn too_many_songs_are_422() {
    let api = api(Settings { max_songs: 3, ..Settings::default() });
    api.post("/predict/batch", r#"{"lyrics": ["r", "r", "r"]}"#).await.well();
    let answer = api.post("/predict/batch", r#"{"lyrics": ["r", "r", "r", "r"]}"#).await;
    let error = answer.refused(422, "too_many_songs");
    assert_eq!(error["path"], "lyrics");
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_come_before_all_songs_are_scored_and_end_when_the_client_leaves() {
    // One song of a list is in the queue at a time.
    let api = api(Settings { queue: 4, ..Settings::default() });
    let body = r#"{"lyrics": ["r", "rr", "rrr", "rrrr"]}"#;
    let headers = [("content-type", "application/json")];
    let request = request(Method::POST, "/predict/batch", &headers, body);
    let response = api.router.clone().oneshot(request).await.unwrap();
    let mut stream = response.into_body().into_data_stream();
    let first = stream.next().await.unwrap().unwrap();
    assert!(first.starts_with(b"{\"index\":0,"), "{first:?}");
    drop(stream);
    api.ask("after").await.unwrap().well();
    let calls = api.model.calls();
    assert!(calls.iter().flatten().all(|lyrics| lyrics != "rrrr"), "{calls:?}");
}

#[tokio::test]
async fn so_many_lists_go_at_a_time_and_no_more() {
    let api = plain();
    let headers = [("content-type", "application/json")];
    let list = || request(Method::POST, "/predict/batch", &headers, r#"{"lyrics": ["r"]}"#);
    let mut under_way = Vec::new();
    for _ in 0..16 {
        under_way.push(api.router.clone().oneshot(list()).await.unwrap());
    }
    api.send(list()).await.refused(429, "queue_full");
    drop(under_way.pop());
    api.send(list()).await.well();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_list_crowds_no_single_song_out() {
    let api = api(Settings { queue: 4, ..Settings::default() });
    api.model.hold(true);
    let body = json!({"lyrics": vec!["r"; 100]}).to_string();
    let (router, model) = (api.router.clone(), api.model.clone());
    let list =
        tokio::spawn(
            async move { crate::Api { router, model }.post("/predict/batch", &body).await },
        );
    api.model.wait_for_calls(1);
    let single = api.ask("rr");
    api.until("canto_queue_songs", 2.0).await;
    api.model.hold(false);
    single.await.unwrap().well();
    assert_eq!(lines(&list.await.unwrap().well().text).len(), 100);
}
