//! From bytes on the wire to a request, and what is said of those that are none.

use crate::failure::Failure;
use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

/// The most characters of a problem that are told: it may quote the body.
const MOST_WORDS: usize = 300;

/// How many times the limit is read and thrown away before a too large body is refused: a client
/// that is still sending would not read the answer.
const PATIENCE: usize = 16;

/// Reads JSON of at most `most` bytes.
pub(crate) async fn json<T: DeserializeOwned>(request: Request, most: usize) -> Result<T, Failure> {
    media_type(request.headers())?;
    parse(&read(request.into_body(), most).await?)
}

fn media_type(headers: &HeaderMap) -> Result<(), Failure> {
    let found = headers.get(CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let essence = found.as_deref().and_then(|value| value.split(';').next()).unwrap_or("").trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Failure::MediaType { found: found.map(|value| format!("`{}`", shortened(&value))) })
}

async fn read(mut body: Body, most: usize) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::with_capacity(body.size_hint().lower().min(most as u64) as usize);
    let mut read = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Failure::BodyCut)?.into_data() else { continue };
        read += data.len();
        if read > most.saturating_mul(PATIENCE) {
            break;
        }
        if read <= most {
            bytes.extend_from_slice(&data);
        }
    }
    if read > most { Err(Failure::TooLarge { most }) } else { Ok(bytes) }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    // Serde would take a list for an object too.
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        let problem = "invalid type: list, expected an object".to_owned();
        return Err(Failure::Field { path: None, problem });
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        refused(error.inner(), &path)
    })?;
    json.end().map_err(|error| refused(&error, "."))?;
    Ok(value)
}

fn refused(error: &serde_json::Error, path: &str) -> Failure {
    let problem = shortened(&error.to_string().replace("expected f64", "expected a number"));
    if error.classify() == Category::Data {
        return Failure::Field { path: field(path, &problem), problem };
    }
    Failure::BadJson { detail: problem }
}

/// The path of a field; one that is missing is named by the problem alone.
fn field(path: &str, problem: &str) -> Option<String> {
    let missing = problem.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    match (path, missing) {
        (".", missing) => missing.map(str::to_owned),
        (path, Some(missing)) => Some(format!("{path}.{missing}")),
        (path, None) => Some(path.to_owned()),
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(MOST_WORDS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
