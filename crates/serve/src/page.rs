//! The web page, held in the binary.

use crate::failure::Failure;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, Uri};
use axum::response::IntoResponse;

/// Everything comes from this server, scripts and styles as files of their own.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// A file of the folder `page`, by its name there.
macro_rules! script {
    ($name:literal) => {
        ($name, include_str!(concat!("../page/", $name)))
    };
}

/// What the page's script imports.
const SCRIPTS: [(&str, &str); 15] = [
    script!("answer.js"),
    script!("csv.js"),
    script!("dom.js"),
    script!("english.js"),
    script!("examples.js"),
    script!("files.js"),
    script!("lines.js"),
    script!("list.js"),
    script!("memory.js"),
    script!("results.js"),
    script!("server.js"),
    script!("song.js"),
    script!("spanish.js"),
    script!("table.js"),
    script!("words.js"),
];

pub(crate) fn html() -> impl IntoResponse {
    file("text/html; charset=utf-8", include_str!("../page/index.html"))
}

pub(crate) async fn css() -> impl IntoResponse {
    file("text/css; charset=utf-8", include_str!("../page/page.css"))
}

pub(crate) async fn js() -> impl IntoResponse {
    javascript(include_str!("../page/page.js"))
}

/// A script by the last part of its path.
pub(crate) async fn script(uri: Uri) -> Result<impl IntoResponse, Failure> {
    let name = uri.path().rsplit('/').next();
    let found = SCRIPTS.iter().find(|(own, _)| Some(*own) == name);
    found.map(|(_, text)| javascript(text)).ok_or(Failure::NoRoute)
}

fn javascript(text: &'static str) -> impl IntoResponse {
    file("text/javascript; charset=utf-8", text)
}

fn file(
    media_type: &'static str,
    text: &'static str,
) -> ([(HeaderName, &'static str); 4], &'static str) {
    let headers = [
        (CONTENT_TYPE, media_type),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // A new binary may bring a new page.
        (CACHE_CONTROL, "no-cache"),
    ];
    (headers, text)
}
