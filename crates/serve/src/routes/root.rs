//! `GET /`: the page, or a word for programs.

use crate::json::Json;
use crate::page;
use crate::wire::Greeting;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, VARY};
use axum::response::{IntoResponse, Response};

const GREETING: Greeting =
    Greeting { message: "canto tells a song's genres from its lyrics: POST /predict, see /docs" };

/// Who asks for JSON and for no page is a program that looks whether the API is there.
pub(crate) async fn root(headers: HeaderMap) -> Response {
    let answer = if wants_json(&headers) {
        Json(GREETING).into_response()
    } else {
        page::html().into_response()
    };
    ([(VARY, ACCEPT.as_str())], answer).into_response()
}

fn wants_json(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let kind = |part: &str| part.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let kinds: Vec<String> = lines.flat_map(|line| line.split(',')).map(kind).collect();
    let has = |wanted: &str| kinds.iter().any(|kind| kind == wanted);
    has("application/json") && !has("text/html")
}
