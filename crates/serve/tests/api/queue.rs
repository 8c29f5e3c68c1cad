//! Songs that wait, and what can happen to them meanwhile.

use crate::{api, plain};
use canto_serve::Settings;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn songs_that_wait_are_scored_together_by_length() {
    let api = api(Settings { batch_tokens: 20, ..Settings::default() });
    api.model.hold(true);
    let first = api.ask("r");
    api.model.wait_for_calls(1);
    let mut others = Vec::new();
    for (lyrics, waiting) in ["rrrrrr", "r".repeat(50).as_str(), "rrrr", "rrrrr"].iter().zip(1_u8..)
    {
        others.push(api.ask(lyrics));
        api.until("canto_queue_songs", waiting.into()).await;
    }
    api.model.hold(false);
    first.await.unwrap().well();
    for answer in others {
        answer.await.unwrap().well();
    }
    let lengths: Vec<Vec<usize>> =
        api.model.calls().iter().map(|call| call.iter().map(String::len).collect()).collect();
    assert_eq!(lengths, [vec![1], vec![4, 5, 6], vec![50]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_is_429_and_says_when_to_come_again() {
    let api = api(Settings { queue: 2, ..Settings::default() });
    api.model.hold(true);
    let first = api.ask("r");
    api.model.wait_for_calls(1);
    let waiting = [api.ask("rr"), api.ask("rrr")];
    api.until("canto_queue_songs", 2.0).await;
    let answer = api.ask("rrrr").await.unwrap();
    answer.refused(429, "queue_full");
    assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1);
    api.model.hold(false);
    first.await.unwrap().well();
    for answer in waiting {
        answer.await.unwrap().well();
    }
    api.ask("rrrr").await.unwrap().well();
    assert!((api.metric("canto_songs_total{outcome=\"refused\"}").await - 1.0).abs() < 1e-9);
}

#[tokio::test(start_paused = true)]
async fn a_song_that_takes_too_long_is_504() {
    let api = api(Settings { timeout: Duration::from_secs(7), ..Settings::default() });
    api.model.hold(true);
    // The clock goes on whenever all wait.
    let error = api.post("/predict", r#"{"lyrics": "r"}"#).await.refused(504, "timeout");
    assert!(error["message"].as_str().unwrap().contains("7 s"), "{error}");
    api.model.hold(false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_leaves_is_not_scored() {
    let api = plain();
    api.model.hold(true);
    let first = api.ask("r");
    api.model.wait_for_calls(1);
    let leaving = api.ask("leaving");
    api.until("canto_queue_songs", 1.0).await;
    let staying = api.ask("staying");
    api.until("canto_queue_songs", 2.0).await;
    leaving.abort();
    assert!(leaving.await.unwrap_err().is_cancelled());
    api.model.hold(false);
    first.await.unwrap().well();
    staying.await.unwrap().well();
    assert_eq!(api.model.calls(), [["r"], ["staying"]]);
    assert!((api.metric("canto_songs_total{outcome=\"left\"}").await - 1.0).abs() < 1e-9);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_song_that_breaks_the_model_costs_no_other_its_answer() {
    for bad in ["fail", "panic", "lose"] {
        let api = plain();
        api.model.hold(true);
        let first = api.ask("r");
        api.model.wait_for_calls(1);
        let (good, broken) = (api.ask("rrr"), api.ask(bad));
        api.until("canto_queue_songs", 2.0).await;
        api.model.hold(false);
        first.await.unwrap().well();
        good.await.unwrap().well();
        let error = broken.await.unwrap().refused(500, "internal");
        assert!(!error["message"].as_str().unwrap().contains("as told"), "{error}");
        api.ask("still alive").await.unwrap().well();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn explanations_keep_no_prediction_waiting() {
    let api = plain();
    api.model.hold(true);
    let body = r#"{"lyrics": "rr", "explain": true}"#;
    let (router, model) = (api.router.clone(), api.model.clone());
    let slow =
        tokio::spawn(async move { crate::Api { router, model }.post("/predict", body).await });
    api.model.wait_for_calls(1);
    let quick = api.ask("r");
    // The second call begins although the first one has not ended.
    api.model.wait_for_calls(2);
    api.model.hold(false);
    slow.await.unwrap().well();
    quick.await.unwrap().well();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_at_once_each_get_their_own_answer() {
    let api = api(Settings { workers: 3, batch_tokens: 300, queue: 1000, ..Settings::default() });
    let asked: Vec<_> = (1..400_usize)
        .map(|number| api.ask(&("r".repeat(number % 50) + &"x".repeat(50 - number % 50))))
        .collect();
    for (number, answer) in (1..).zip(asked) {
        let answer = answer.await.unwrap().well().json();
        let expected = f64::from(number % 50) / 50.0;
        let found = answer["genres"][0]["score"].as_f64();
        let found = found.unwrap_or(if expected < 0.25 { expected } else { f64::NAN });
        assert!((found - expected).abs() < 1e-6, "{number}: {answer}");
    }
}
